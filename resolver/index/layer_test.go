package index_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"onoma/resolver/fact"
	"onoma/resolver/index"
	"onoma/resolver/name"
)

// world is a small table: what is said of each ID.
type world struct {
	entities  map[string]fact.Entity
	positions map[string]fact.Position
}

// drawEntity draws an entity that shares names, former IDs and posts with others.
func drawEntity(t *rapid.T, id string) fact.Entity {
	texts := rapid.SampledFrom([]string{
		"Peru", "Perú", "PERU", "Москва", "москва", "Moscow", "San José", "San Jose", "U.S.A.", "'", "朝鮮", "Volodymyr Zelenskyy",
		"Zelenskyy", "Zelenskyj Volodymyr", "a", "Ana María Vega", "Anna Maria Wega", "Vega Central Bank", "Central Bank of Vega", "Österreich",
	})
	e := fact.Entity{ID: id, Kind: fact.Kind(rapid.IntRange(1, 7).Draw(t, "kind")), Prominence: rapid.Float64Range(0, 1).Draw(t, "prominence")}
	for range rapid.IntRange(1, 4).Draw(t, "names") {
		e.Names = append(e.Names, fact.Name{
			Text: texts.Draw(t, "text"), Language: rapid.SampledFrom([]string{"", "en", "es", "qu"}).Draw(t, "language"),
			Kind: rapid.SampledFrom([]fact.NameKind{fact.Primary, fact.Alias, fact.Acronym, fact.Demonym}).Draw(t, "name kind"), Source: rapid.SampledFrom([]string{"s", "t"}).Draw(t, "source"),
			From: fact.Date(rapid.SampledFrom([]uint32{0, 1924 << 9}).Draw(t, "from")),
		})
	}
	e.Canonical = e.Names[0].Text
	for range rapid.IntRange(0, 2).Draw(t, "relations") {
		e.Relations = append(e.Relations, fact.Relation{
			Type:   rapid.SampledFrom([]fact.RelationType{fact.CapitalOf, fact.PartOf}).Draw(t, "type"),
			Target: fmt.Sprintf("Q%02d", rapid.IntRange(1, 30).Draw(t, "target")),
		})
	}
	for range rapid.IntRange(0, 2).Draw(t, "roles") {
		e.Roles = append(e.Roles, fact.Role{Position: fmt.Sprintf("P%d", rapid.IntRange(1, 5).Draw(t, "position"))})
	}
	if rapid.Bool().Draw(t, "more") {
		e.External = []fact.ExternalID{{Scheme: "x", Value: e.ID}}
		e.Redirects = []string{fmt.Sprintf("R%d", rapid.IntRange(1, 4).Draw(t, "former"))}
	}
	return e
}

func drawPosition(t *rapid.T, id string) fact.Position {
	return fact.Position{
		ID: id, Office: rapid.SampledFrom([]string{"", "president"}).Draw(t, "office"),
		Jurisdiction: rapid.SampledFrom([]string{"", "Q01", "Q05", "Q40"}).Draw(t, "jurisdiction"),
		Titles:       []fact.Title{{Text: "T" + rapid.StringN(1, 2, 2).Draw(t, "title"), Language: "en"}},
	}
}

// change gives some IDs another content, or none, and says what changed.
func (w *world) change(t *rapid.T, most int) (c index.Changes) {
	for range rapid.IntRange(0, most).Draw(t, "changes") {
		id := fmt.Sprintf("Q%02d", rapid.IntRange(1, 20).Draw(t, "id"))
		if slices.ContainsFunc(c.Entities, func(e fact.Entity) bool { return e.ID == id }) {
			continue
		}
		if rapid.IntRange(0, 3).Draw(t, "what") == 0 {
			delete(w.entities, id)
			c.Entities = append(c.Entities, fact.Entity{ID: id})
			continue
		}
		w.entities[id] = drawEntity(t, id)
		c.Entities = append(c.Entities, w.entities[id])
	}
	for range rapid.IntRange(0, 2).Draw(t, "posts") {
		id := fmt.Sprintf("P%d", rapid.IntRange(1, 5).Draw(t, "post"))
		if slices.ContainsFunc(c.Positions, func(p fact.Position) bool { return p.ID == id }) {
			continue
		}
		if rapid.IntRange(0, 3).Draw(t, "what") == 0 {
			delete(w.positions, id)
			c.Positions = append(c.Positions, fact.Position{ID: id})
			continue
		}
		w.positions[id] = drawPosition(t, id)
		c.Positions = append(c.Positions, w.positions[id])
	}
	return c
}

func (w *world) index(t *rapid.T) *index.Index {
	var b index.Builder
	for _, e := range w.entities {
		b.Add(e)
	}
	for _, p := range w.positions {
		b.AddPosition(p)
	}
	x, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// TestLayerEqualsFreshBuild holds an index with a layer against one built anew.
func TestLayerEqualsFreshBuild(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{map[string]fact.Entity{}, map[string]fact.Position{}}
		w.change(t, 15)
		base := w.index(t)
		before := shown(base)
		layered, err := base.With(w.change(t, 8))
		if err != nil {
			t.Fatal(err)
		}
		fresh := w.index(t)
		if got, want := everything(layered), everything(fresh); !slices.Equal(got, want) {
			t.Fatalf("with a layer:\n%q\nbuilt anew:\n%q", got, want)
		}
		if !slices.Equal(shown(base), before) {
			t.Fatal("the base has changed")
		}
	})
}

// everything is all that an index says, and finds, whatever the order of keys.
func everything(x *index.Index) []string {
	all := shown(x)
	at := slices.IndexFunc(all, func(line string) bool { return line[0] == ' ' })
	if at >= 0 {
		slices.Sort(all[at:])
	}
	for i := range 5 {
		e, redirected := x.Find(fmt.Sprintf("R%d", i))
		all = append(all, fmt.Sprint(i, e.Valid(), redirected))
		if e.Valid() {
			all = append(all, e.ID())
		}
	}
	numbers := map[int]string{}
	for i := range 41 {
		id := fmt.Sprintf("Q%02d", i)
		e, _ := x.Find(id)
		all = append(all, fmt.Sprint(i, e.Valid()))
		if !e.Valid() {
			continue
		}
		if other, ok := numbers[e.Number()]; ok {
			all = append(all, id+" has the number of "+other)
		}
		numbers[e.Number()] = id
		for k := range e.RelationCount() {
			if target := e.Relation(k).Target; !target.ReferencedOnly() {
				if found, _ := x.Find(target.ID()); found != target {
					all = append(all, "a relation leads past "+target.ID())
				}
			}
		}
	}
	for _, prefix := range []string{"", "p", "ze", "мо", "vega", "朝"} {
		var names []string
		for n := range x.Prefix([]byte(prefix)) {
			names = append(names, n.Text()+n.Entity().ID())
		}
		slices.Sort(names)
		all = append(all, fmt.Sprint(prefix, names))
	}
	s := x.Stats()
	s.Bytes, s.Positions = 0, 0 // differ: of two files, and of posts that nobody speaks of any more
	return append(all, fmt.Sprintf("%+v", s))
}

// TestLayerIsHeardAsFreshBuild holds the search by sound: the same names with the
// same weights, and every word as rare.
func TestLayerIsHeardAsFreshBuild(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{map[string]fact.Entity{}, map[string]fact.Position{}}
		w.change(t, 15)
		base := w.index(t)
		layered, err := base.With(w.change(t, 8))
		if err != nil {
			t.Fatal(err)
		}
		var got, want index.Hearing
		for _, asked := range []string{"Wolodimir Selenski", "Ana Wega", "Peruh", "Moscov", "San Hose", "Bank of Vega", "朝", "Osterreich", "Anamaria Vega"} {
			var q name.Form
			q.Prepare(asked)
			for _, limit := range []int{2, 50} {
				if g, w := heard(layered, &q, &got, limit), heard(w.index(t), &q, &want, limit); !slices.Equal(g, w) {
					t.Fatalf("%s: with a layer %q, built anew %q", asked, g, w)
				}
			}
		}
		if g, w := fmt.Sprint(layered.Sounds().Size()), fmt.Sprint(w.index(t).Sounds().Size()); g[:2] != w[:2] {
			t.Fatalf("%s heard, built anew %s", g, w)
		}
	})
}

func heard(x *index.Index, q *name.Form, h *index.Hearing, limit int) (all []string) {
	sounds := x.Sounds()
	var form name.Form
	var comparer name.Comparer
	tell := func(found []index.Heard) {
		for _, f := range found {
			sounds.Spell(f, &form)
			c := comparer.Compare(q, &form) // in which words weigh by their rarity
			line := fmt.Sprintf("%.5f %s: %.5f %.5f", f.Weight, f.Name.Text(), c.Similarity, c.Evidence)
			group := f.Group()
			for i := range group.Len() {
				line += " " + group.At(i).Entity().ID()
			}
			all = append(all, line)
		}
	}
	tell(sounds.Find(q, h, limit))
	tell(sounds.FindByLetters(h, limit))
	tell(sounds.FindNear(q, h, limit))
	return all
}
