package resolver

import (
	"cmp"
	"slices"

	"onoma/resolver/fact"
	"onoma/resolver/index"
	"onoma/resolver/name"
)

// Suggestion is an entity one of whose names begins with a prefix.
type Suggestion struct {
	Entity index.Entity
	Name   index.Name // the name that begins with the prefix
}

// Search returns the entities that have a name beginning with prefix, the most
// prominent first, at most limit. Case, marks and punctuation do not count; with a
// language only names of that language and those of no or of every language do.
// It is meant for look-up boxes; its cost is linear in the number of names that
// begin with the prefix.
func (t *Table) Search(prefix string, kinds KindSet, language string, limit int) []Suggestion {
	key := name.Fold(prefix)
	if key == "" || limit <= 0 {
		return nil
	}
	best := make(map[int]Suggestion)
	for n := range t.index.Prefix([]byte(key)) {
		e := n.Entity()
		if !kinds.Admits(e.Kind()) || n.Kind() == fact.Misspelling {
			continue
		}
		if tag := n.Language(); language != "" && tag != "" && tag != "mul" && !SameLanguage(language, tag) {
			continue
		}
		if old, ok := best[e.Number()]; !ok || apter(n, old.Name) {
			best[e.Number()] = Suggestion{e, n}
		}
	}
	found := make([]Suggestion, 0, len(best))
	for _, s := range best {
		found = append(found, s)
	}
	slices.SortFunc(found, func(a, b Suggestion) int {
		if c := cmp.Compare(b.Entity.Prominence(), a.Entity.Prominence()); c != 0 {
			return c
		}
		return cmp.Compare(a.Entity.ID(), b.Entity.ID())
	})
	return found[:min(limit, len(found))]
}

// apter reports whether n shows an entity better than old: the canonical name,
// else the shorter, else the first in the order of letters.
func apter(n, old index.Name) bool {
	canonical := n.Entity().Canonical()
	if (n.Text() == canonical) != (old.Text() == canonical) {
		return n.Text() == canonical
	}
	if len(n.Text()) != len(old.Text()) {
		return len(n.Text()) < len(old.Text())
	}
	return n.Text() < old.Text()
}
