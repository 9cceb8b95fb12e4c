package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"time"

	"onoma/resolver/fact"
	"onoma/resolver/seed/pack"
)

// write makes the table, packs it, reads it back as a check, and writes the
// file whole or not at all.
func (w *world) write(path string) error {
	w.estimate()
	t := w.table()
	data, err := pack.Encode(t)
	if err != nil {
		return err
	}
	if _, err := pack.Decode(data); err != nil {
		return fmt.Errorf("the packed table does not read back: %w", err)
	}
	temporary := path + ".new"
	if err := os.WriteFile(temporary, data, 0o644); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	w.summary(t, path, len(data))
	return nil
}

func (w *world) table() *pack.Table {
	t := &pack.Table{Sources: w.sources, Offices: w.offices.list}
	known := w.indexNames()
	for _, id := range sortedKeys(w.entities) {
		e := w.entities[id]
		out := fact.Entity{
			ID: id, Kind: e.kind, Canonical: clean(e.canonical),
			Relations: e.relations, Redirects: slices.Compact(slices.Sorted(slices.Values(e.redirects))),
			Prominence: e.score,
		}
		e.canonical = out.Canonical
		out.Names = w.sift(e, known)
		slices.SortFunc(out.Relations, func(a, b fact.Relation) int {
			return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Sector, b.Sector), cmp.Compare(a.From, b.From), cmp.Compare(a.Target, b.Target))
		})
		for _, r := range e.roles {
			w.positions[r.Position].used = true
			out.Roles = append(out.Roles, r.Role)
		}
		for _, scheme := range sortedKeys(e.external) {
			out.External = append(out.External, fact.ExternalID{Scheme: scheme, Value: e.external[scheme]})
		}
		t.Entities = append(t.Entities, out)
		t.From = append(t.From, e.from)
	}
	held := map[string]bool{}
	for i := range t.Entities {
		for _, r := range t.Entities[i].Roles {
			held[r.Position] = true
		}
	}
	for _, id := range sortedKeys(w.positions) {
		p := w.positions[id]
		if !held[id] && p.rank != rankDesk {
			continue
		}
		t.Positions = append(t.Positions, fact.Position{
			ID: id, Office: p.office, Jurisdiction: p.jurisdiction, Organization: p.org, Titles: p.titles,
		})
	}
	return t
}

func (w *world) summary(t *pack.Table, path string, size int) {
	kinds := map[fact.Kind]int{}
	nameKinds := map[fact.NameKind]int{}
	languages := map[string]bool{}
	names, roles, relations := 0, 0, 0
	for i := range t.Entities {
		e := &t.Entities[i]
		kinds[e.Kind]++
		names += len(e.Names)
		roles += len(e.Roles)
		relations += len(e.Relations)
		for _, n := range e.Names {
			nameKinds[n.Kind]++
			languages[n.Language] = true
		}
	}
	w.progress.say("\n%d entities:", len(t.Entities))
	for k := fact.Person; k <= fact.Other; k++ {
		w.progress.say("  %-14s %8d", k, kinds[k])
	}
	w.progress.say("%d names in %d languages:", names, len(languages))
	for k := fact.Primary; k <= fact.Misspelling; k++ {
		w.progress.say("  %-16s %6d", k, nameKinds[k])
	}
	w.progress.say("%d posts, %d terms, %d relations, %d offices", len(t.Positions), roles, relations, len(t.Offices))
	w.progress.say("%s: %d bytes, %s", path, size, time.Since(w.progress.start).Round(time.Millisecond))
}
