package annotated

import (
	"fmt"

	"onoma/resolver"
	"onoma/resolver/fact"
	"onoma/resolver/index"
	"onoma/resolver/text"
)

// Score counts how the mentions of documents were found.
type Score struct {
	Documents, Want, Found int
	// Right are mentions found with their span and ID; Read are those of them
	// whose reading is right too, of Readings that were marked.
	Right, Read, Readings int
	Misses                []string
}

// F1 is the harmonic mean of the shares of mentions wanted that were found, and
// found that were wanted, with span and ID.
func (s *Score) F1() float64 { return 2 * float64(s.Right) / float64(max(1, s.Want+s.Found)) }

// Accuracy is the share of right readings among the mentions that were found.
func (s *Score) Accuracy() float64 { return float64(s.Read) / float64(max(1, s.Readings)) }

// Add annotates the document and counts. The ID of a place read literally is that
// of the place, so a wrong reading of a capital shows in both figures: where only
// the reading is wrong the mention counts as found.
func (s *Score) Add(a *text.Annotator, d *Document) error {
	day, err := fact.ParseDate(d.AsOf)
	if err != nil {
		return fmt.Errorf("%s: %w", d.Name, err)
	}
	var found text.Annotation
	a.Annotate(&text.Document{Text: d.Text, Language: d.Language, AsOf: day}, &found)
	s.Documents++
	s.Want += len(d.Mentions)
	s.Found += len(found.Mentions)
	miss := func(format string, args ...any) {
		s.Misses = append(s.Misses, d.Name+": "+fmt.Sprintf(format, args...))
	}
	matched := make([]bool, len(found.Mentions))
	for i := range d.Mentions {
		want := &d.Mentions[i]
		got := -1
		for k := range found.Mentions {
			if m := &found.Mentions[k]; m.Start == want.Start && m.End == want.End {
				got = k
			}
		}
		surface := d.Text[want.Start:want.End]
		if got < 0 {
			miss("%q %s is not found", surface, want.ID)
			continue
		}
		matched[got] = true
		c := &found.Mentions[got].Candidates[0]
		right := c.Entity.ID() == want.ID
		onlyRead := c.Reading != want.Reading && (bearer(c) == want.ID || standsFor(c, want.ID))
		if right || onlyRead {
			s.Right++
		} else {
			miss("%q is %s (%s), wants %s", surface, c.Entity.ID(), c.Entity.Canonical(), want.ID)
			continue
		}
		if e, _ := a.Table().Find(want.ID); want.Reading == resolver.Literal && !Choice(e, d) {
			continue
		}
		s.Readings++
		if c.Reading == want.Reading {
			s.Read++
		} else {
			miss("%q in %q reads %d, wants %d", surface, around(d.Text, want), c.Reading, want.Reading)
		}
	}
	for k, ok := range matched {
		if m := &found.Mentions[k]; !ok {
			miss("%q %s (%s) is not wanted", d.Text[m.Start:m.End], m.Candidates[0].Entity.ID(), m.Candidates[0].Entity.Canonical())
		}
	}
	return nil
}

// Choice reports whether a literal reading of the entity's name was a choice: it
// is a place, and not a country in a text that reads all of them so.
func Choice(e index.Entity, d *Document) bool {
	if !e.Valid() {
		return false
	}
	switch e.Kind() {
	case fact.Country:
		return d.CountriesAct
	case fact.Place, fact.Region, fact.Facility:
		return true
	}
	return false
}

// bearer is the ID of what bears the name of a metonymic candidate.
func bearer(c *resolver.Candidate) string {
	if c.Literal.Valid() {
		return c.Literal.ID()
	}
	return c.Entity.ID()
}

// standsFor reports whether the name of a literal candidate can stand for the
// entity.
func standsFor(c *resolver.Candidate, id string) bool {
	for i := range c.Entity.RelationCount() {
		if r := c.Entity.Relation(i); (r.Type == fact.CapitalOf || r.Type == fact.SeatOf) && r.Target.ID() == id {
			return true
		}
	}
	return false
}

func around(text string, m *Mention) string {
	return text[max(0, m.Start-40):min(len(text), m.End+30)]
}
