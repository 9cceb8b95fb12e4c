package index_test

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"onoma/resolver/fact"
	"onoma/resolver/index"
	"onoma/resolver/name"
)

// shown is all that an index says, entity by entity and key by key.
func shown(x *index.Index) (all []string) {
	for e := range x.After("") {
		line := fmt.Sprint(e.ID(), e.Kind(), e.Canonical(), e.Prominence())
		for i := range e.NameCount() {
			n := e.Name(i)
			from, to := n.Validity()
			line += fmt.Sprint(" ", n.Text(), n.Kind(), n.Language(), n.Source(), from, to, n.Entity().ID())
		}
		for i := range e.RelationCount() {
			r := e.Relation(i)
			line += fmt.Sprint(" ", r.Type, r.Target.ID(), r.Target.ReferencedOnly(), r.Sector, r.From, r.To)
		}
		for i := range e.RoleCount() {
			r := e.Role(i)
			line += fmt.Sprint(" ", r.Position.ID(), r.Position.Office(), r.From, r.To)
			if j := r.Position.Jurisdiction(); j.Valid() {
				line += j.ID()
			}
			for i := range r.Position.TitleCount() {
				line += r.Position.Title(i).Text
			}
		}
		for i := range e.ExternalCount() {
			line += fmt.Sprint(" ", e.External(i))
		}
		for id := range e.Redirects {
			line += " " + id
		}
		all = append(all, line)
	}
	for group := range x.Groups() {
		line := ""
		for i := range group.Len() {
			line += " " + group.At(i).Text() + " " + group.At(i).Entity().ID()
		}
		found := x.Lookup(group.At(0).Text(), []byte(name.Fold(group.At(0).Text())))
		all = append(all, line+fmt.Sprint(" found ", found.Len()))
	}
	return all
}

// TestStreamEqualsBuilder holds the index built in files against the one built in
// memory.
func TestStreamEqualsBuilder(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		parts := entities(t)
		for i := range parts {
			e := &parts[i]
			for range rapid.IntRange(0, 2).Draw(t, "relations") {
				e.Relations = append(e.Relations, fact.Relation{Type: fact.PartOf, Target: fmt.Sprintf("Q%d", rapid.IntRange(1, 30).Draw(t, "target"))})
			}
			for range rapid.IntRange(0, 2).Draw(t, "roles") {
				e.Roles = append(e.Roles, fact.Role{Position: fmt.Sprintf("P%d", rapid.IntRange(1, 5).Draw(t, "position"))})
			}
			if rapid.Bool().Draw(t, "more") {
				e.External = []fact.ExternalID{{Scheme: "x", Value: e.ID}}
				e.Redirects = []string{"R" + e.ID}
			}
		}
		positions := []fact.Position{{ID: "P3", Office: "o", Jurisdiction: "Q99", Titles: []fact.Title{{Text: "T", Language: "en"}}}, {ID: "P9"}}
		var b index.Builder
		byID := map[string][]fact.Entity{}
		for _, e := range parts {
			b.Add(e)
			byID[e.ID] = append(byID[e.ID], e)
		}
		for _, p := range positions {
			b.AddPosition(p)
		}
		want, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		s, err := index.NewStream(filepath.Join(dir, "snapshot"))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for _, p := range positions {
			s.AddPosition(p)
		}
		ids := make([]string, 0, len(byID))
		for id := range byID {
			ids = append(ids, id)
		}
		slices.SortFunc(ids, cmp.Compare)
		for _, id := range ids {
			if err := s.Add(byID[id]...); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Finish(context.Background(), index.Meta{Identity: "x", Version: 3})
		if err != nil {
			t.Fatal(err)
		}
		defer got.Close()
		if g, w := shown(got.Index), shown(want); !slices.Equal(g, w) {
			t.Fatalf("in files:\n%q\nin memory:\n%q", g, w)
		}
		if g, w := got.Index.Stats(), want.Stats(); g.Names != w.Names || g.Keys != w.Keys || g.Entities != w.Entities || g.Positions != w.Positions {
			t.Fatalf("counts %+v, want %+v", g, w)
		}
	})
}
