// Package seed is the embedded table: what Onoma knows before anything is
// loaded. It is compiled from public data and from the hand-written facts under
// facts/ by the program in compile/, and is a source like any other.
//
//	s, err := seed.Open()
//	for e := range s.Entities() {
//		builder.Add(e)
//	}
//	for p := range s.Positions() {
//		builder.AddPosition(p)
//	}
package seed

import (
	_ "embed"
	"iter"
	"slices"

	"onoma/resolver/fact"
	"onoma/resolver/seed/pack"
)

//go:embed seed.bin.zst
var packed []byte

// Seed is the decoded table. It is immutable and safe for concurrent use; what
// it hands out shares its memory and must not be changed.
type Seed struct {
	table *pack.Table
}

// Open decodes the embedded table: about a tenth of a second, some dozens of
// allocations, and memory of about a hundred bytes a name, which is freed when
// nothing refers to the Seed and its entities any more.
func Open() (*Seed, error) {
	t, err := pack.Decode(packed)
	if err != nil {
		return nil, err
	}
	return &Seed{table: t}, nil
}

// Entities yields every entity, ordered by ID.
func (s *Seed) Entities() iter.Seq[fact.Entity] { return slices.Values(s.table.Entities) }

// Positions yields every post that an entity holds or held, or that a fact
// names, ordered by ID.
func (s *Seed) Positions() iter.Seq[fact.Position] { return slices.Values(s.table.Positions) }

// Offices yields the classes of posts with their titles in every language.
func (s *Seed) Offices() iter.Seq[pack.Office] { return slices.Values(s.table.Offices) }

// Sources yields the data sets that the table was made from, with their
// licences.
func (s *Seed) Sources() iter.Seq[pack.Source] { return slices.Values(s.table.Sources) }

// NumEntities and NumPositions tell how many there are.
func (s *Seed) NumEntities() int  { return len(s.table.Entities) }
func (s *Seed) NumPositions() int { return len(s.table.Positions) }

// SourcesOf gives the names of the data sets that the i-th entity was made from.
func (s *Seed) SourcesOf(i int) []string {
	var names []string
	for bit, source := range s.table.Sources {
		if s.table.From[i]&(1<<bit) != 0 {
			names = append(names, source.Name)
		}
	}
	return names
}
