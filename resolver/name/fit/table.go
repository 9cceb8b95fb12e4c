package main

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"strings"

	"onoma/resolver/name"
)

// table is a small inverted index in memory, from sound keys straight to names:
// names that several words of a query point at are compared, the likeliest first.
type table struct {
	names  []entry
	byKey  map[name.Key][]int32 // words
	words  map[string]int32
	held   [][]int32 // word -> names
	joins  [][]int32 // word -> names that are it when joined
	bags   []name.Bag
	rare   []float32
	seen   []uint16 // word -> the word of the query that last saw it
	exact  map[string][]int32
	query  name.Form
	c      name.Comparer
	keys   []name.Key
	weight []float32 // of each name, in this query
	met    []uint16  // the last word of the query that points at it
	most   []float32 // what that word gave it
	found  []int32
	round  uint16
}

type entry struct {
	id, text string
	form     *name.Form
}

type hit struct {
	id, name string
	score    float64
}

func newTable() *table {
	return &table{byKey: map[name.Key][]int32{}, words: map[string]int32{}, exact: map[string][]int32{}}
}

func (t *table) add(id, text string) {
	f := &name.Form{}
	f.Prepare(text)
	n := int32(len(t.names))
	t.names = append(t.names, entry{id, text, f})
	t.exact[name.Fold(text)] = append(t.exact[name.Fold(text)], n)
	var all []string
	for i := range f.Len() {
		word := f.Token(i)
		all = append(all, string(word.Text))
		w := t.word(word.Text, word.Script)
		if held := t.held[w]; len(held) == 0 || held[len(held)-1] != n {
			t.held[w] = append(held, n)
		}
	}
	if len(all) > 1 && len(all) <= 4 {
		for _, joined := range []string{strings.Join(all, ""), all[len(all)-1] + strings.Join(all[:len(all)-1], "")} {
			w := t.word([]byte(joined), f.Token(0).Script)
			t.joins[w] = append(t.joins[w], n)
		}
	}
}

func (t *table) word(text []byte, script name.Script) int32 {
	if w, ok := t.words[string(text)]; ok {
		return w
	}
	w := int32(len(t.held))
	t.words[string(text)] = w
	t.held, t.joins = append(t.held, nil), append(t.joins, nil)
	t.bags = append(t.bags, name.BagOf(text, script))
	t.keys = name.AppendKeys(t.keys[:0], text, script)
	for _, key := range t.keys {
		t.byKey[key] = append(t.byKey[key], w)
	}
	return w
}

// finish sets the rarity of every word from how many names hold it.
func (t *table) finish() {
	for _, e := range t.names {
		for i := range e.form.Len() {
			e.form.SetRarity(i, t.rarity(len(t.held[t.words[string(e.form.Token(i).Text)]])))
		}
	}
	for _, held := range t.held {
		t.rare = append(t.rare, float32(t.rarity(len(held))))
	}
	t.seen = make([]uint16, len(t.held))
	t.weight = make([]float32, len(t.names))
	t.met = make([]uint16, len(t.names))
	t.most = make([]float32, len(t.names))
}

// rarity falls from 1 for a word of one name to a third for the commonest.
func (t *table) rarity(holders int) float64 {
	n := math.Log(float64(len(t.names)) + 10)
	return max(0.35, 1-0.8*math.Log(float64(max(1, holders)))/n)
}

const (
	fully     = 64   // names compared in full
	surely    = 8    // of them, without regard to how far behind the first they are
	share     = 0.62 // of the first one's weight, what the others need
	fullyWord = 160  // names compared in full with a query of one word
)

func (t *table) search(text string) []hit {
	q := &t.query
	q.Prepare(text)
	for _, n := range t.found {
		t.weight[n], t.met[n], t.most[n] = 0, 0, 0
	}
	t.found = t.found[:0]
	for i := range q.Len() {
		tok := q.Token(i)
		t.round++
		bag, vowels := name.BagOf(tok.Text, tok.Script), tok.Script.WritesVowels()
		if w, ok := t.words[string(tok.Text)]; ok {
			t.point(w, uint16(i+1), 1.2)
		}
		for _, stem := range name.AppendStems(nil, tok.Text, tok.Script) {
			if w, ok := t.words[string(stem)]; ok {
				t.point(w, uint16(i+1), 1.1)
			}
		}
		t.keys = name.AppendQueryKeys(t.keys[:0], tok.Text, tok.Script)
		for _, key := range t.keys {
			for _, w := range t.byKey[key] {
				if t.seen[w] != t.round {
					t.seen[w] = t.round
					if like := bag.Likeness(t.bags[w], vowels); like > 0.2 {
						t.point(w, uint16(i+1), (0.4+0.6*like)*(0.4+0.15*float32(symbols(key))))
					}
				}
			}
		}
	}
	for _, n := range t.exact[name.Fold(text)] {
		if t.met[n] == 0 {
			t.found = append(t.found, n)
			t.met[n] = 1
		}
		t.weight[n] += 1000
	}
	var hits []hit
	k := fully
	if q.Len() == 1 {
		k = fullyWord
	}
	top := t.top(k)
	for rank, n := range top {
		if rank >= surely && t.weight[n] < share*min(4, t.weight[top[0]]) {
			break
		}
		e := t.names[n]
		hits = append(hits, hit{e.id, e.text, t.c.Compare(q, e.form).Score()})
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.score, a.score) })
	return hits
}

// symbols is how many sounds a key holds, up to four: a longer one proves more.
func symbols(key name.Key) int { return min(4, (bits.Len64(uint64(key))+3)/4) }

// point adds to the names that hold a word what one word of the query has in
// common with it.
func (t *table) point(w int32, word uint16, like float32) {
	weight := like * t.rare[w]
	for _, names := range [2][]int32{t.held[w], t.joins[w]} {
		for _, n := range names {
			switch {
			case t.met[n] == 0:
				t.found = append(t.found, n)
				fallthrough
			case t.met[n] != word:
				t.met[n], t.most[n] = word, weight
				t.weight[n] += weight
			case weight > t.most[n]:
				t.weight[n] += weight - t.most[n]
				t.most[n] = weight
			}
		}
	}
}

// top returns the found names of greatest weight, best first.
func (t *table) top(k int) []int32 {
	best := make([]int32, 0, k+1)
	for _, n := range t.found {
		if len(best) == k && t.weight[n] <= t.weight[best[k-1]] {
			continue
		}
		at := len(best)
		best = append(best, n)
		for at > 0 && t.weight[best[at-1]] < t.weight[n] {
			best[at] = best[at-1]
			at--
		}
		best[at] = n
		best = best[:min(k, len(best))]
	}
	return best
}
