package resolver

import (
	"onoma/resolver/fact"
	"onoma/resolver/index"
	"onoma/resolver/name"
)

// Answer is what a table says of a query. It may be used again for the next
// query, which then needs no allocation. Candidates refer to the table's memory.
type Answer struct {
	Outcome    Outcome
	Candidates []Candidate // best first
	// Total counts the candidates before Limit cut them.
	Total int
	// Version is the version of the table that answered.
	Version uint64
	// Trace tells how the answer came about; only [Table.Explain] fills it.
	Trace []Step

	// Scratch.
	shouted    bool // the query is an acronym of the table, in its own case
	key        []byte
	reducer    name.Reducer
	hits       []hit
	bare       []string // the query without what its language writes onto names
	inflection *inflection
	matcher    *matcher
}

// Candidate is an entity that the name may refer to.
type Candidate struct {
	Entity index.Entity
	// Literal is the entity that bears the name when Reading is Metonymic: the
	// city for the state. It is not valid otherwise.
	Literal  index.Entity
	Name     index.Name
	NameRole NameRole
	Reading  Reading
	Sector   fact.Sector
	Method   Method
	// Score is the probability in [0, 1] that the name refers to the entity.
	Score float64
	// Features are the terms that Score is made of, in log10 units.
	Features Features
	// Office is the class of the post that the text names beside a person, "" when
	// it names none.
	Office string
}

// Features are the terms of a candidate's weight. A weight is a relative
// frequency: how often the name, used as in the query, would refer to the
// entity. Terms are in log10 and add up.
type Features struct {
	Prominence float64 // the prior of the entity that bears the name
	NameKind   float64 // what the kind of name takes away
	Method     float64 // what a less direct match takes away
	Language   float64 // name and query are in the same language, or not
	Date       float64 // name, relation or role is in force on the day asked for
	Country    float64 // the entity belongs to a country asked for
	CoMention  float64 // the entity is related to one mentioned beside it
	Context    float64 // the text around the name speaks for the entity or against it
}

// Weight is the sum of the terms.
func (f *Features) Weight() float64 {
	return f.Prominence + f.NameKind + f.Method + f.Language + f.Date + f.Country + f.CoMention + f.Context
}

// Each calls yield with the name and the value of every term that is not 0.
func (f *Features) Each(yield func(name string, value float64) bool) {
	for _, t := range [...]struct {
		name  string
		value float64
	}{
		{"prominence", f.Prominence}, {"name_kind", f.NameKind}, {"method", f.Method}, {"language", f.Language},
		{"date", f.Date}, {"country", f.Country}, {"co_mention", f.CoMention}, {"context", f.Context},
	} {
		if t.value != 0 && !yield(t.name, t.value) {
			return
		}
	}
}

// Step is one line of an explanation.
type Step struct {
	Stage  string // "pin", "exact", "normalized", "read", "score", "decide"
	Text   string // the key or name concerned
	Entity string // the entity concerned, or ""
	Detail string // what was found or why it was left out
}
