package resolver

import (
	"onoma/resolver/fact"
	"onoma/resolver/index"
	"onoma/resolver/name"
)

// ResolveWritten answers the query from its own key alone: no article or title
// is taken off, no ending, nothing is guessed. It is for names cut out of running
// text, where whatever stands around a name is a word of the text.
func (t *Table) ResolveWritten(q *Query, a *Answer) {
	t.start(q, a)
	t.gatherKey(q, a, nil)
	t.finish(q, a)
}

// ResolveInflected answers the query from the keys that its words have without
// their endings, and from nothing else.
func (t *Table) ResolveInflected(q *Query, a *Answer) {
	t.start(q, a)
	t.gatherInflected(q, a, nil)
	t.finish(q, a)
}

// Settle makes scores, order and outcome anew from the features of the
// candidates, which the caller may have changed.
func (t *Table) Settle(q *Query, a *Answer) {
	t.weigh(q, a)
	a.Outcome = NoMatch
	t.decide(q, a, nil)
}

// Belongs reports whether the entity is the country, lies in it, is its capital
// or seat, or has a post in it.
func Belongs(c *Candidate, country string) bool {
	return belongsTo(c.Entity, country, 0) || c.Literal.Valid() && belongsTo(c.Literal, country, 0)
}

// Rename makes the candidate one by another name of its entity.
func (c *Candidate) Rename(n index.Name) {
	c.Name, c.NameRole, c.Reading = n, rolesOfKinds[n.Kind()], Literal
	if n.Kind() == fact.Demonym {
		c.Reading = Demonymic
	}
}

func (t *Table) start(q *Query, a *Answer) {
	a.Outcome, a.Candidates, a.Total, a.Version, a.Trace = NoMatch, a.Candidates[:0], 0, t.version, nil
	a.hits = a.hits[:0]
	a.key = name.AppendFold(a.key[:0], q.Name)
}

func (t *Table) finish(q *Query, a *Answer) {
	for i := range a.hits {
		t.read(q, a, &a.hits[i], nil)
	}
	t.weigh(q, a)
	t.decide(q, a, nil)
}
