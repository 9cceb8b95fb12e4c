package main

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"onoma/resolver/name"
)

// table is a small inverted index: sound keys to words, words to names.
type table struct {
	names  []entry
	words  map[string]int32
	text   []string
	forms  []*name.Form
	holds  [][]int32 // word -> names
	whole  [][]int32 // word -> names that are it when joined
	byKey  map[name.Key][]int32
	exact  map[string][]int32
	query  name.Form
	word   name.Form
	c      name.Comparer
	keys   []name.Key
	found  map[int32]float64
	seen   map[int32]bool
	scored []candidate
}

type entry struct {
	id, text string
	form     *name.Form
}

type hit struct {
	id, name string
	score    float64
}

type candidate struct {
	name  int32
	score float64
}

func newTable() *table {
	return &table{
		words: map[string]int32{}, byKey: map[name.Key][]int32{}, exact: map[string][]int32{},
		found: map[int32]float64{}, seen: map[int32]bool{},
	}
}

func (t *table) add(id, text string) {
	f := &name.Form{}
	f.Prepare(text)
	n := int32(len(t.names))
	t.names = append(t.names, entry{id, text, f})
	t.exact[name.Fold(text)] = append(t.exact[name.Fold(text)], n)
	var all []string
	for i := range f.Len() {
		word := string(f.Token(i).Text)
		all = append(all, word)
		w := t.index(word)
		if !slices.Contains(t.holds[w], n) {
			t.holds[w] = append(t.holds[w], n)
		}
	}
	if len(all) > 1 && len(all) <= 4 {
		w := t.index(strings.Join(all, ""))
		t.whole[w] = append(t.whole[w], n)
		w = t.index(all[len(all)-1] + strings.Join(all[:len(all)-1], ""))
		t.whole[w] = append(t.whole[w], n)
	}
}

func (t *table) index(word string) int32 {
	w, ok := t.words[word]
	if ok {
		return w
	}
	w = int32(len(t.text))
	t.words[word] = w
	t.text = append(t.text, word)
	t.holds, t.whole = append(t.holds, nil), append(t.whole, nil)
	f := &name.Form{}
	f.PrepareKey([]byte(word))
	t.forms = append(t.forms, f)
	for _, key := range name.AppendKeys(nil, []byte(word), f.Token(0).Script) {
		t.byKey[key] = append(t.byKey[key], w)
	}
	return w
}

// finish sets the rarity of every word from how many names hold it.
func (t *table) finish() {
	for _, e := range t.names {
		for i := range e.form.Len() {
			e.form.SetRarity(i, t.rarity(t.words[string(e.form.Token(i).Text)]))
		}
	}
}

// rarity falls from 1 for a word of one name to a third for the commonest.
func (t *table) rarity(w int32) float64 {
	n := math.Log(float64(len(t.names)) + 10)
	return max(0.35, 1-0.8*math.Log(float64(max(1, len(t.holds[w]))))/n)
}

const fully = 24 // candidates compared in full

func (t *table) search(text string) []hit {
	q := &t.query
	q.Prepare(text)
	clear(t.found)
	for _, n := range t.exact[name.Fold(text)] {
		t.found[n] += 1000
	}
	for i := range q.Len() {
		tok := q.Token(i)
		t.word.PrepareKey(tok.Text)
		t.keys = name.AppendQueryKeys(t.keys[:0], tok.Text, tok.Script)
		clear(t.seen)
		if w, ok := t.words[string(tok.Text)]; ok {
			t.seen[w] = true
		}
		for _, stem := range name.AppendStems(nil, tok.Text, tok.Script) {
			if w, ok := t.words[string(stem)]; ok {
				t.seen[w] = true
			}
		}
		for _, key := range t.keys {
			for _, w := range t.byKey[key] {
				t.seen[w] = true
			}
		}
		best := map[int32]float64{}
		for w := range t.seen {
			s, e := t.c.Word(&t.word, t.forms[w])
			if s < 0.2 {
				continue
			}
			for _, n := range t.holds[w] {
				best[n] = max(best[n], e*t.rarity(w))
			}
			for _, n := range t.whole[w] {
				best[n] = max(best[n], e)
			}
		}
		for n, e := range best {
			t.found[n] += e
		}
	}
	t.scored = t.scored[:0]
	for n, e := range t.found {
		t.scored = append(t.scored, candidate{n, e})
	}
	slices.SortFunc(t.scored, func(a, b candidate) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.name, b.name)) })
	t.scored = t.scored[:min(len(t.scored), fully)]
	var hits []hit
	for _, s := range t.scored {
		e := t.names[s.name]
		hits = append(hits, hit{e.id, e.text, t.c.Compare(q, e.form).Score()})
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.score, a.score) })
	return hits
}
