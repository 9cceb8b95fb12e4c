package resolver

import (
	"fmt"

	"onoma/resolver/index"
	"onoma/resolver/name"
)

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

// verdict says what became of the entity asked about.
func (t *tracer) verdict(table *Table, q *Query, a *Answer) {
	if t.entity == "" {
		return
	}
	e, redirected := table.Find(t.entity)
	if !e.Valid() {
		t.steps = append(t.steps, Step{Stage: "verdict", Entity: t.entity, Detail: "the table has no such entity"})
		return
	}
	if redirected {
		t.entityStep("verdict", t.entity, e, "the ID is a former one of this entity")
	}
	for i := range a.Candidates {
		if a.Candidates[i].Entity == e {
			t.entityStep("verdict", "", e, fmt.Sprintf("candidate %d of %d", i+1, a.Total))
			return
		}
	}
	key := name.Fold(q.Name)
	for i := range e.NameCount() {
		n := e.Name(i)
		detail := "another key than the query's"
		if name.Fold(n.Text()) == key {
			detail = "the same key, left out by an option or an override"
		}
		t.entityStep("verdict", n.Text(), e, detail)
	}
}
