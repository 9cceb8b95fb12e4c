package resolver

import (
	"slices"

	"onoma/resolver/fact"
	"onoma/resolver/index"
	"onoma/resolver/name"
)

// gatherGeneric looks the query up without a word that says which kind of thing it
// names, among the names of such things: "Donetsk region", "Kursko srities", "Istana
// Kremlin". A region is also found by the other names of the city it is called after.
func (t *Table) gatherGeneric(q *Query, a *Answer, tr *tracer) {
	if a.inflection == nil {
		a.inflection = new(inflection)
	}
	key := name.AppendFold(a.inflection.whole[:0], q.Name)
	a.inflection.whole = key
	for ahead := true; ahead && len(a.hits) == 0; key, ahead = name.TrimAhead(key) {
		if rest, thing := a.inflection.generic.Generic(key); thing != name.NoThing {
			a.key = append(a.key[:0], rest...)
			t.gatherThing(q, thing, a, tr)
		}
	}
}

// gatherThing collects the things of a kind that have the name in a.key.
func (t *Table) gatherThing(q *Query, thing name.Thing, a *Answer, tr *tracer) {
	wanted := func(h hit) bool { return isThing(h.entity, thing) }
	t.gatherKeyed(a, tr)
	if !slices.ContainsFunc(a.hits, wanted) {
		t.gatherInflected(q, a, tr)
	}
	if thing == name.Region && len(a.hits) == 0 {
		t.gatherEndings(q, a, adjectives, adjectives, tr)
	}
	if thing == name.Region && !slices.ContainsFunc(a.hits, wanted) {
		for _, city := range a.hits {
			t.gatherRegion(city.entity, a, tr)
		}
	}
	a.hits = slices.DeleteFunc(a.hits, func(h hit) bool { return !wanted(h) })
}

// regionWords are those that the main names of regions end in.
var regionWords = [...]string{"", " oblast", " krai", " province", " region", " governorate", " state", " county"}

// gatherRegion collects the names of the regions called after a city: by its main
// name, or by that name and a generic word.
func (t *Table) gatherRegion(city index.Entity, a *Answer, tr *tracer) {
	if city.Kind() != fact.Place {
		return
	}
	a.key = name.AppendFold(a.key[:0], city.Canonical())
	for _, word := range regionWords {
		bare := len(a.key)
		a.key = append(a.key, word...)
		t.gatherKeyed(a, tr)
		a.key = a.key[:bare]
	}
}

// gatherKeyed collects the names under a.key as if an ending had been taken off the
// query.
func (t *Table) gatherKeyed(a *Answer, tr *tracer) {
	names := t.index.Lookup("", a.key)
	for i := range names.Len() {
		if n := names.At(i); n.Kind() != fact.Acronym && n.Kind() != fact.Demonym {
			tr.entityStep("gather", n.Text(), n.Entity(), "without a generic word")
			a.hits = append(a.hits, hit{name: n, entity: n.Entity(), method: Inflected, odds: inflectedOdds})
		}
	}
}

func isThing(e index.Entity, thing name.Thing) bool {
	switch thing {
	case name.Region:
		return e.Kind() == fact.Region
	case name.Building:
		return e.Kind() == fact.Facility
	}
	return false
}
