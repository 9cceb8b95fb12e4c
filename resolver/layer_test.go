package resolver_test

import (
	"testing"
	"time"

	"onoma/resolver"
	"onoma/resolver/fact"
	"onoma/resolver/index"
)

// An exact name costs no allocation, whether the base answers it or the layer.
func TestExactNameUnderLayerAllocatesNothing(t *testing.T) {
	base := readTable(t, "testdata/table.txt")
	x, err := base.With(index.Changes{Entities: []fact.Entity{
		{ID: "onoma:layered", Kind: fact.Place, Canonical: "Layerville", Names: []fact.Name{{Text: "Layerville", Kind: fact.Primary}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	table := resolver.NewTable(x, 1, time.Time{}, nil)
	var a resolver.Answer
	for _, name := range []string{"Pyongyang", "Layerville"} {
		q := resolver.Query{Name: name}
		table.Resolve(&q, &a)
		if a.Outcome == resolver.NoMatch {
			t.Fatalf("%s: no match", name)
		}
		if n := testing.AllocsPerRun(100, func() { table.Resolve(&q, &a) }); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
