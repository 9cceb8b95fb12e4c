package resolver

import (
	"fmt"

	"onoma/resolver/index"
	"onoma/resolver/name"
)

// Verdict is what became of one entity in one answer.
type Verdict struct {
	Fate Fate
	Rank int // among all candidates, 1 for the first; 0 for none
}

// Fate says how far an entity came.
type Fate uint8

// The fates.
const (
	FateUnknown Fate = iota // the table has no such entity, or none was asked about
	Chosen                  // the name resolved to it
	Considered              // a candidate, not chosen
	LeftOut                 // a name led to it, and an option, an override or a rule left it out
	NotFound                // none of its names answers to the query
)

// Explain answers like [Table.Resolve], fills a.Trace with the steps that led
// there, and tells what became of the entity with the ID; "" asks about none.
func (t *Table) Explain(q *Query, entityID string, a *Answer) Verdict {
	tr := &tracer{entity: entityID}
	t.resolve(q, a, tr)
	verdict := tr.verdict(t, q, a, a.Candidates[:a.Total])
	a.Trace = tr.steps
	return verdict
}

// tracer records the steps of one answer. A nil tracer records nothing.
type tracer struct {
	steps  []Step
	entity string // the entity asked about, or ""
}

var methodWords = [...]string{
	"", "PINNED", "EXACT", "NORMALIZED", "INFLECTED", "TRANSLITERATED", "PHONETIC", "FUZZY", "CONTEXT",
}

var readingWords = [...]string{"AUTO", "LITERAL", "METONYMIC", "DEMONYMIC", "TITULAR"}

// String returns the upper-case word of the value.
func (m Method) String() string  { return methodWords[m] }
func (r Reading) String() string { return readingWords[r] }
func (o Outcome) String() string { return [...]string{"NO_MATCH", "AMBIGUOUS", "RESOLVED"}[o] }
func (r NameRole) String() string {
	return [...]string{
		"", "PRIMARY", "OFFICIAL", "ALIAS", "TRANSLITERATION", "SHORT", "ACRONYM", "NICKNAME",
		"FORMER", "DEMONYM", "MISSPELLING", "METONYM", "TITLE",
	}[r]
}

func (t *tracer) key(what string, key []byte) {
	if t != nil {
		t.steps = append(t.steps, Step{Stage: "key", Text: string(key), Detail: what})
	}
}

func (t *tracer) entityStep(stage, text string, e index.Entity, detail string) {
	if t != nil {
		t.steps = append(t.steps, Step{Stage: stage, Text: text, Entity: e.ID(), Detail: detail})
	}
}

func (t *tracer) decision(detail string) {
	if t != nil {
		t.steps = append(t.steps, Step{Stage: "decide", Detail: detail})
	}
}

func (t *tracer) scores(a *Answer, minScore, minMargin, margin float64) {
	if t == nil {
		return
	}
	for i := range a.Candidates {
		c := &a.Candidates[i]
		t.steps = append(t.steps, Step{
			Stage: "score", Entity: c.Entity.ID(),
			Detail: fmt.Sprintf("%s of %.2f in log10 is %.4f of all", c.Reading, c.Features.Weight(), c.Score),
		})
	}
	t.decision(fmt.Sprintf("%s: score %.4f (at least %.2f), margin %.4f (at least %.2f)",
		a.Outcome, a.Candidates[0].Score, minScore, margin, minMargin))
}

// verdict finds what became of the entity asked about.
func (t *tracer) verdict(table *Table, q *Query, a *Answer, ranked []Candidate) Verdict {
	e, redirected := table.Find(t.entity)
	if !e.Valid() {
		return Verdict{}
	}
	if redirected {
		t.entityStep("verdict", t.entity, e, "the ID is a former one of this entity")
	}
	for i := range ranked {
		if ranked[i].Entity == e {
			t.entityStep("verdict", "", e, fmt.Sprintf("candidate %d of %d", i+1, a.Total))
			if i == 0 && a.Outcome == Resolved {
				return Verdict{Chosen, 1}
			}
			return Verdict{Considered, i + 1}
		}
	}
	fate := NotFound
	key := name.Fold(q.Name)
	for i := range e.NameCount() {
		n := e.Name(i)
		detail := "another key than the query's"
		if name.Fold(n.Text()) == key {
			fate, detail = LeftOut, "the same key, left out by an option, an override or a rule above"
		}
		t.entityStep("verdict", n.Text(), e, detail)
	}
	return Verdict{Fate: fate}
}
