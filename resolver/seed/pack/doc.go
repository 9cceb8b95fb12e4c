// Package pack is the compact form of the embedded table: columns of small
// integers and three runs of text, in one Zstandard frame.
//
// A table is written column by column because like stands beside like and
// compresses well, and because reading it back takes a handful of allocations:
// every string of a decoded [Table] is a slice of one buffer, every list a slice
// of one array.
//
//	magic "onoma-seed 1\n"
//	Zstandard frame (with checksum) of
//	    number of columns, length of each column      varints
//	    columns, in the order of the constants below
//
// References (the target of a relation, the position of a role) are row
// numbers, so that [Encode] refuses a table with a dangling ID and a decoded one
// cannot have any.
package pack

import "onoma/resolver/fact"

// Table is everything the embedded table says.
type Table struct {
	Sources   []Source
	Positions []fact.Position // by ID
	Entities  []fact.Entity   // by ID
	// From holds, for each entity, the set of sources it was made from: bit i
	// stands for Sources[i].
	From []uint64
	// Offices are the classes of posts, with what each is called in every
	// language.
	Offices []Office
}

// Office is a class of posts, such as "head_of_government", whatever the country.
type Office struct {
	Class  string
	Titles []OfficeTitle
}

// OfficeTitle is what an office is called in one language.
type OfficeTitle struct {
	Text, Language string
	// Only holds the IDs of the countries in which the title means this office;
	// nil means everywhere.
	Only []string
}

// Source is a data set that facts were taken from.
type Source struct {
	// Name is the short name, such as "cldr".
	Name string
	// Text says what the source is and under which licence it comes.
	Text string
}

// MaxSources is how many sources a table can tell apart.
const MaxSources = 64

const magic = "onoma-seed 1\n"

// The columns. Text columns hold the bytes, the column after each the lengths.
const (
	colCounts     = iota // how many of each kind, see writer.table
	colID                // entity and position IDs
	colIDLen             //
	colName              // names
	colNameLen           //
	colText              // everything else: sources, languages, schemes, offices, titles, external values, redirects
	colTextLen           //
	colKind              // one byte an entity
	colCanonical         // which of its names
	colListLen           // how many names, relations, roles, externals, redirects
	colProminence        // in ten-thousandths
	colFrom              // source set
	colLanguage          // of each name
	colNameKind          // with dateFlag when dates follow
	colNameDate          // from, to
	colNameSource        // row of Sources plus one, 0 for none
	colRelation          // type, sector, target, from, to
	colRole              // position, from
	colRoleTo            // to, as distance from the start
	colScheme            // of each external ID
	colPosition          // office, jurisdiction, organisation, number of titles
	colTitleLang
	colOffice // of each office: number of titles; of each title: language, number of countries, countries
	numColumns
)

const (
	dateFlag        = 0x80
	prominenceScale = 10000
)
