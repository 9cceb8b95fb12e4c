package fact

// Entity is one thing that names refer to. IDs are opaque strings given by the
// table; the seed uses Wikidata QIDs where a source verifies them and
// "onoma:<slug>" elsewhere.
type Entity struct {
	ID   string
	Kind Kind
	// Canonical is the name shown for the entity, in English where the table
	// has it. It is resolvable like every other name.
	Canonical string
	Names     []Name
	Relations []Relation
	Roles     []Role
	External  []ExternalID
	// Redirects are former IDs of this entity (merged duplicates).
	Redirects []string
	// Prominence is the prior in [0, 1]: log10 of how often news names the
	// entity, scaled so that a tenth stands for a factor of [ProminenceBase]
	// to the power of a tenth. 0 is not known, and taken for UsualProminence.
	Prominence float64
}

// UsualProminence is the prior of an entity that nobody has weighed.
const UsualProminence = 0.3

// ProminenceBase is the ratio of prior weights between prominence 1 and 0.
const ProminenceBase = 1e5

// ExternalID is the entity's ID in another scheme, such as {"iso3166-1", "IT"}.
type ExternalID struct {
	Scheme, Value string
}

// Kind is what sort of thing an entity is.
type Kind uint8

// The kinds of entity.
const (
	KindUnspecified Kind = iota
	Person
	Country
	Place
	Organization
	Facility
	Region
	Other
)

// Name is one text that names an entity.
type Name struct {
	Text string
	// Language is a BCP-47 tag; empty when the source does not say.
	Language string
	Kind     NameKind
	// Source is the data set that the row came from.
	Source string
	// From and To bound the days on which the name was in use; the zero Date
	// is open.
	From, To Date
}

// NameKind is the part a text plays among an entity's names.
type NameKind uint8

// The kinds of name.
const (
	NameUnspecified NameKind = iota
	Primary
	Official
	Alias
	Transliteration
	Short   // surname or short form
	Acronym // matched with its case
	Nickname
	Former
	Demonym
	Misspelling
)

// Relation is a typed and dated edge from the entity that carries it.
type Relation struct {
	Type   RelationType
	Target string // entity ID
	// Sector says which part of the target's power sits here; only for SeatOf.
	Sector   Sector
	From, To Date
}

// RelationType is the type of a relation.
type RelationType uint8

// The types of relation. CapitalOf and SeatOf are what metonymy is derived from.
const (
	RelationUnspecified RelationType = iota
	CapitalOf
	SeatOf
	LocatedIn
	PartOf
	SucceededBy
)

// Sector is the part of the referent that acts.
type Sector uint8

// The sectors.
const (
	SectorUnspecified Sector = iota
	Government
	Executive
	Legislature
	Judiciary
	Military
	Intelligence
	CentralBank
	Party
)

// Role is a post that a person holds or held.
type Role struct {
	Position string // ID of a Position
	From, To Date
}

// Position is a post, whoever holds it.
type Position struct {
	ID string
	// Office is the language-independent class of the post, such as
	// "head_of_government"; empty when the post is none of the known classes.
	Office string
	// Jurisdiction is the ID of the country or region governed, Organization
	// that of the body the post belongs to; either may be empty.
	Jurisdiction, Organization string
	Titles                     []Title
}

// Title is the name of a position in one language.
type Title struct {
	Text, Language string
}

// Override is an operator's row: a pin forces a name onto an entity, a deny
// forbids it.
type Override struct {
	Name   string
	Entity string
	Deny   bool
	Note   string
}
