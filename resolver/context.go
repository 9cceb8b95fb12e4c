package resolver

import (
	"onoma/resolver/fact"
	"onoma/resolver/index"
	"onoma/resolver/name"
)

// weighCoMentions favours candidates that belong to the country of a name
// beside them: Sullivan beside Biden is an American.
func (t *Table) weighCoMentions(q *Query, a *Answer) {
	if len(q.CoMentions) == 0 || len(a.Candidates) < 2 {
		return
	}
	var countries []string
	for _, text := range q.CoMentions {
		countries = t.appendCountries(countries, text)
	}
	for i := range a.Candidates {
		c := &a.Candidates[i]
		for _, id := range countries {
			if belongsTo(c.Entity, id, 0) || c.Literal.Valid() && belongsTo(c.Literal, id, 0) {
				c.Features.CoMention = besideRelated
				break
			}
		}
	}
}

// appendCountries appends the IDs of the countries that the most prominent
// bearer of the name belongs to.
func (t *Table) appendCountries(ids []string, text string) []string {
	names := t.index.Lookup(text, name.AppendFold(nil, text))
	var best index.Entity
	for i := range names.Len() {
		if e := names.At(i).Entity(); !best.Valid() || e.Prominence() > best.Prominence() {
			best = e
		}
	}
	if !best.Valid() {
		return ids
	}
	return appendCountriesOf(ids, best, 0)
}

func appendCountriesOf(ids []string, e index.Entity, depth int) []string {
	if e.Kind() == fact.Country {
		return append(ids, e.ID())
	}
	if depth == maxBelonging {
		return ids
	}
	for i := range e.RelationCount() {
		switch r := e.Relation(i); r.Type {
		case fact.LocatedIn, fact.PartOf, fact.CapitalOf, fact.SeatOf:
			ids = appendCountriesOf(ids, r.Target, depth+1)
		}
	}
	for i := range e.RoleCount() {
		if j := e.Role(i).Position.Jurisdiction(); j.Valid() && j.Kind() == fact.Country {
			ids = append(ids, j.ID())
		}
	}
	return ids
}
