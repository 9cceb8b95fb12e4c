package index

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"onoma/resolver/name"
)

// Bounds of one search. They keep its cost from growing with the table: what a
// common word ("Muhammad", "bank") points at is left out when rarer words of
// the query have pointed at something.
const (
	// maxWordsPerKey is how many words that share a sound key are looked at.
	maxWordsPerKey = 1024
	// commonNames is how many names make the words like one of the query common.
	commonNames = 8192
	// maxNamesPerWord bounds the names of one word.
	maxNamesPerWord = 8192
	// leastLikeness is the share of letters from which two words that share a
	// sound key count as alike.
	leastLikeness = 0.2
)

// What a word of the table weighs when it is the query's own, and when it is
// that without an ending; of a word that sounds alike it depends on both.
const (
	sameWeight = 1.2
	stemWeight = 1.1
)

// Heard is a name that sounds like a query.
type Heard struct {
	// Name is the first of the names that share its key.
	Name Name
	// Weight says how many words of the query point at the name, each weighed
	// by its likeness and rarity.
	Weight float32
}

// Hearing is the memory of a search. The zero Hearing is ready; it grows to its
// size and is used again. Not safe for concurrent use.
type Hearing struct {
	keys  []name.Key
	stems [][]byte
	terms []term
	words []pointer // at words
	whole []pointer // at names
	seen  marks
	marks marks
	heard []Heard
}

// term is one word of the query with what it points at.
type term struct {
	words, wordsEnd int // of Hearing.words
	whole, wholeEnd int // of Hearing.whole
	names           int // how many names that makes
}

// pointer points at a word or a name.
type pointer struct {
	at     uint32
	weight float32
}

// Find returns the names that share most with the query, best first, at most
// limit. The result is valid until the next call.
func (s *Sounds) Find(q *name.Form, h *Hearing, limit int) []Heard {
	h.terms, h.words, h.whole = h.terms[:0], h.words[:0], h.whole[:0]
	for i := range q.Len() {
		h.terms = append(h.terms, s.listen(q.Token(i), h))
	}
	slices.SortStableFunc(h.terms, func(a, b term) int { return cmp.Compare(a.names, b.names) })
	h.marks.reset()
	for i, t := range h.terms {
		if t.names > commonNames && len(h.marks.list) > 0 {
			break
		}
		for _, p := range h.words[t.words:t.wordsEnd] {
			names := s.namesOf(p.at)
			for _, n := range names[:min(len(names), maxNamesPerWord)] {
				h.marks.add(n, uint32(i), p.weight)
			}
		}
		for _, p := range h.whole[t.whole:t.wholeEnd] {
			h.marks.add(p.at, uint32(i), p.weight)
		}
	}
	return h.best(s.index, limit)
}

// best returns the names with the greatest sums.
func (h *Hearing) best(x *Index, limit int) []Heard {
	h.heard = h.heard[:0]
	for i := range h.marks.list {
		m := &h.marks.list[i]
		found := Heard{Name{x, m.number}, m.sum + m.weight}
		at := len(h.heard)
		if at == limit && !found.before(h.heard[at-1]) {
			continue
		}
		h.heard = append(h.heard, found)
		for ; at > 0 && found.before(h.heard[at-1]); at-- {
			h.heard[at] = h.heard[at-1]
		}
		h.heard[at] = found
		h.heard = h.heard[:min(limit, len(h.heard))]
	}
	return h.heard
}

func (a Heard) before(b Heard) bool {
	return a.Weight > b.Weight || a.Weight == b.Weight && a.Name.number < b.Name.number
}

// listen collects what one word of the query points at.
func (s *Sounds) listen(t name.Token, h *Hearing) term {
	term := term{words: len(h.words), whole: len(h.whole)}
	if w := s.findWord(t.Text); w != none {
		h.words = append(h.words, pointer{w, sameWeight * s.rarity(w)})
		term.names += len(s.namesOf(w))
	}
	h.stems = name.AppendStems(h.stems[:0], t.Text, t.Script)
	for _, stem := range h.stems {
		if w := s.findWord(stem); w != none {
			h.words = append(h.words, pointer{w, stemWeight * s.rarity(w)})
			term.names += len(s.namesOf(w))
		}
	}
	bag, vowels := name.BagOf(t.Text, t.Script), t.Script.WritesVowels()
	h.seen.reset()
	h.keys = name.AppendQueryKeys(h.keys[:0], t.Text, t.Script)
	for _, key := range h.keys {
		r := s.slot(key)
		proof := 0.4 + 0.15*float32(symbols(key))
		for _, w := range s.heard[r.heard:min(r.heardEnd, r.heard+maxWordsPerKey)] {
			likeness := bag.Likeness(s.words[w].bag, vowels)
			if likeness <= leastLikeness || !h.seen.add(w, 0, 0) {
				continue
			}
			h.words = append(h.words, pointer{w, (0.4 + 0.6*likeness) * proof * s.rarity(w)})
			term.names += len(s.namesOf(w))
		}
		for _, whole := range s.wholes[r.whole:min(r.last, r.whole+maxWordsPerKey)] {
			if likeness := bag.Likeness(whole.bag, vowels); likeness > leastLikeness {
				h.whole = append(h.whole, pointer{whole.name, (0.4 + 0.6*likeness) * proof})
				term.names++
			}
		}
	}
	term.wordsEnd, term.wholeEnd = len(h.words), len(h.whole)
	return term
}

// symbols is how many sounds a key holds, up to four: a longer one proves more.
func symbols(key name.Key) int { return min(4, (bits.Len64(uint64(key))+3)/4) }

// rarity falls from 1 for a word of one name to a third for the commonest.
func (s *Sounds) rarity(w uint32) float32 {
	return rarity(len(s.namesOf(w)), s.names)
}

func rarity(holders, names int) float32 {
	if holders <= 1 {
		return 1
	}
	return max(0.35, float32(1-0.8*math.Log(float64(holders))/math.Log(float64(names+10))))
}

// Weigh tells the form how rare each of its words is among the names.
func (s *Sounds) Weigh(f *name.Form) {
	for i := range f.Len() {
		if w := s.findWord(f.Token(i).Text); w != none {
			f.SetRarity(i, float64(s.rarity(w)))
		}
	}
}

// marks sums up what points at each number: for every term the best. It is a
// list with an open-addressed table over it that is emptied by counting rounds.
type marks struct {
	list  []mark
	slots []slot
	round uint32
}

type mark struct {
	number, term uint32
	sum, weight  float32 // of the terms before, of this one
}

type slot struct {
	round, at uint32 // at is of list
}

func (m *marks) reset() {
	m.list = m.list[:0]
	m.round++
	if len(m.slots) == 0 {
		m.slots = make([]slot, 256)
	}
}

// add reports whether the number is new.
func (m *marks) add(number, term uint32, weight float32) bool {
	if 2*len(m.list) >= len(m.slots) {
		m.grow()
	}
	s := m.slot(number)
	if s.round != m.round {
		*s = slot{m.round, uint32(len(m.list))}
		m.list = append(m.list, mark{number: number, term: term, weight: weight})
		return true
	}
	if at := &m.list[s.at]; at.term == term {
		at.weight = max(at.weight, weight)
	} else {
		at.sum += at.weight
		at.term, at.weight = term, weight
	}
	return false
}

// slot returns the number's slot, or the free one where it belongs.
func (m *marks) slot(number uint32) *slot {
	mask := uint32(len(m.slots) - 1)
	for i := number * 0x9e3779b1 >> 7 & mask; ; i = (i + 1) & mask {
		if s := &m.slots[i]; s.round != m.round || m.list[s.at].number == number {
			return s
		}
	}
}

func (m *marks) grow() {
	m.slots = make([]slot, 2*len(m.slots))
	for i := range m.list {
		*m.slot(m.list[i].number) = slot{m.round, uint32(i)}
	}
}
