package resolver

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"onoma/resolver/fact"
	"onoma/resolver/index"
)

// The weights, in log10 of relative frequency. They say how much rarer a name
// is used for an entity when ... compared with its usual name.
const (
	// normalizedWeight: the name differs in case, marks or punctuation. "Para"
	// is Pará less often than it is a place written so.
	normalizedWeight = -0.4
	// besideAcronym: the name differs in case from a query that is an acronym of
	// the table as it stands. IRA is hardly how news writes Ira, or Iran in Welsh.
	besideAcronym = -2.8
	// alikePrior is what a whole step of prominence adds to a name that is only
	// like the query, from the prominence of an entity nobody has weighed.
	alikePrior = 2.0
	// alikeAbsent is the weight of an entity that the table lacks against one
	// whose name is only like the query. The odds were fitted where most names
	// have a bearer; with one in two without, twice as many answers are wrong.
	alikeAbsent = 0.3
	// otherLanguage: the name belongs to another language than the text's.
	otherLanguage = -0.5
	// outOfDate: the name was not in use on the day asked for.
	outOfDate = -0.7
	// inOffice, outOfOffice: a person with posts, none or one of them held on
	// the day asked for. News names office holders.
	inOffice, outOfOffice = 0.5, -0.5
	// inCountry: the entity belongs to a country that the text is about.
	inCountry = 2.0
	// besideRelated: the entity belongs to the country of a name beside it.
	besideRelated = 1.0
)

// kindWeights is how much rarer each kind of name is than the usual one.
var kindWeights = [...]float64{
	fact.Alias:       -0.1,
	fact.Short:       -0.5,
	fact.Nickname:    -0.5,
	fact.Former:      -0.7,
	fact.Demonym:     -0.5,
	fact.Misspelling: -0.3,
}

// features returns the terms of the candidate's weight, CoMention aside.
func features(q *Query, c *Candidate, h *hit) Features {
	f := Features{Prominence: math.Log10(fact.ProminenceBase) * h.entity.Prominence()}
	if c.Method == Pinned {
		return f
	}
	if k := int(c.Name.Kind()); k < len(kindWeights) {
		f.NameKind = kindWeights[k]
	}
	switch {
	case c.Method == Inflected && h.odds == inflectedOdds:
		// The letters are the name's own: the prior counts in full.
		f.Method = h.odds
		f.Prominence -= math.Log10(fact.ProminenceBase) * fact.UsualProminence
	case c.Method > Normalized:
		// The odds are those of two names without a prior; the prior settles
		// between likenesses. It helps people alone: every word is like some
		// famous place.
		f.Method = h.odds
		f.Prominence = alikePrior * (h.entity.Prominence() - fact.UsualProminence)
		if h.entity.Kind() != fact.Person {
			f.Prominence = min(0, f.Prominence)
		}
	case c.Method == Normalized:
		f.Method = normalizedWeight
	}
	if language := c.Name.Language(); q.Language != "" && language != "" && language != "mul" && !SameLanguage(q.Language, language) {
		f.Language = otherLanguage
	}
	if q.AsOf != 0 {
		if from, to := c.Name.Validity(); !q.AsOf.Within(from, to) {
			f.Date = outOfDate
		}
		f.Date += officeWeight(h.entity, q.AsOf)
	}
	for _, id := range q.Countries {
		if belongsTo(c.Entity, id, 0) || c.Literal.Valid() && belongsTo(c.Literal, id, 0) {
			f.Country = inCountry
			break
		}
	}
	return f
}

func officeWeight(e index.Entity, asOf fact.Date) float64 {
	roles := e.RoleCount()
	if roles == 0 {
		return 0
	}
	for i := range roles {
		if r := e.Role(i); asOf.Within(r.From, r.To) {
			return inOffice
		}
	}
	return outOfOffice
}

// SameLanguage compares the primary subtags of two BCP-47 tags.
func SameLanguage(a, b string) bool {
	a, _, _ = strings.Cut(a, "-")
	b, _, _ = strings.Cut(b, "-")
	return strings.EqualFold(a, b)
}

// maxBelonging bounds the chain of relations that belongsTo follows: a street
// in a city in a region in a country.
const maxBelonging = 4

// belongsTo reports whether the entity is the country, lies in it, is its
// capital or seat, or has a post in it.
func belongsTo(e index.Entity, country string, depth int) bool {
	if e.ID() == country {
		return true
	}
	if depth == maxBelonging {
		return false
	}
	for i := range e.RelationCount() {
		switch r := e.Relation(i); r.Type {
		case fact.LocatedIn, fact.PartOf, fact.CapitalOf, fact.SeatOf:
			if belongsTo(r.Target, country, depth+1) {
				return true
			}
		}
	}
	for i := range e.RoleCount() {
		p := e.Role(i).Position
		if j := p.Jurisdiction(); j.Valid() && belongsTo(j, country, maxBelonging-1) {
			return true
		}
	}
	return false
}

// weigh turns weights into probabilities and puts the candidates in order. The
// probabilities of all candidates and of "something that the table lacks" add
// up to one.
func (t *Table) weigh(q *Query, a *Answer) {
	if len(a.Candidates) == 0 {
		return
	}
	t.weighCoMentions(q, a)
	slices.SortFunc(a.Candidates, heavier)
	total := math.Pow(10, absentWeight(&a.Candidates[0]))
	for i := range a.Candidates {
		c := &a.Candidates[i]
		c.Score = math.Pow(10, c.Features.Weight())
		total += c.Score
	}
	for i := range a.Candidates {
		a.Candidates[i].Score /= total
	}
}

// heavier orders candidates by weight, then by ID so that the order never
// depends on the way they were found.
func heavier(a, b Candidate) int {
	if c := cmp.Compare(b.Features.Weight(), a.Features.Weight()); c != 0 {
		return c
	}
	return cmp.Compare(a.Entity.ID(), b.Entity.ID())
}

// absentWeight is the weight of an entity that bears the name and that the
// table lacks. A full name leaves little room for one; a surname, a nickname or
// an acronym of two letters is shared by many.
func absentWeight(c *Candidate) float64 {
	const usual = -0.5
	switch {
	case c.Method == Pinned:
		return math.Inf(-1)
	case c.Method > Normalized:
		return alikeAbsent // the odds hold for names that the table has
	case c.Name.Kind() == fact.Acronym && len(c.Name.Text()) <= 2:
		return 1
	case c.Entity.Kind() == fact.Person && !strings.ContainsAny(c.Name.Text(), " ・·-") &&
		(c.Name.Kind() == fact.Short || c.Name.Kind() == fact.Nickname):
		return 1.3
	}
	return usual
}
