package index

import (
	"cmp"
	"math/bits"
	"slices"

	"onoma/resolver/name"
)

// Bounds of one search. They keep its cost from growing with the table: what a
// common word ("Muhammad", "bank") finds is cut when rarer words of the query
// have found something.
const (
	// maxWordsPerKey is how many words that share a sound key are looked at.
	maxWordsPerKey = 256
	// commonNames is how many names make a word common.
	commonNames = 2048
	// maxNamesPerWord bounds the names of one common word.
	maxNamesPerWord = 8192
	// wordsPerTerm is how many words that sound like one of the query are
	// compared letter by letter; a cheap measure picks them.
	wordsPerTerm = 32
	// leastLikeness is the similarity from which two words count as alike.
	leastLikeness = 0.3
)

// Heard is a name that sounds like a query.
type Heard struct {
	// Name is the first of the names that share its key.
	Name Name
	// Evidence is the weight of the words in common, in nats.
	Evidence float32
}

// Hearing is the memory of a search. The zero Hearing is ready; it grows to its
// size and is used again. Not safe for concurrent use.
type Hearing struct {
	comparer    name.Comparer
	asked, held name.Form
	keys        []name.Key
	latin       []byte
	terms       []term
	words       []likeWord
	marks       marks
	heard       []Heard
}

// term is one word of the query with the words that sound like it.
type term struct {
	first, end  int // of Hearing.words
	wholes      []uint32
	wholeWeight float32
	names       int // how many names those words have
}

type likeWord struct {
	word   uint32
	apart  uint32 // cheap measure of unlikeness
	weight float32
}

// Find returns the names that share most with the query, best first, at most
// limit. The result is valid until the next call.
func (s *Sounds) Find(q *name.Form, h *Hearing, limit int) []Heard {
	h.terms, h.words = h.terms[:0], h.words[:0]
	for i := range q.Len() {
		s.listen(q.Token(i), h)
	}
	slices.SortFunc(h.terms, func(a, b term) int { return cmp.Compare(a.names, b.names) })
	h.marks.reset()
	for i, t := range h.terms {
		if t.names > commonNames && h.marks.n > 0 {
			break
		}
		for _, w := range h.words[t.first:t.end] {
			names := s.namesOf(w.word)
			for _, n := range names[:min(len(names), maxNamesPerWord)] {
				h.marks.add(n, uint32(i), w.weight)
			}
		}
		for _, n := range t.wholes[:min(len(t.wholes), commonNames)] {
			h.marks.add(n, uint32(i), t.wholeWeight)
		}
	}
	h.heard = h.heard[:0]
	for i := range h.marks.slots {
		if m := &h.marks.slots[i]; m.round == h.marks.round {
			h.heard = append(h.heard, Heard{Name{s.index, m.name}, m.sum + m.weight})
		}
	}
	slices.SortFunc(h.heard, func(a, b Heard) int {
		return cmp.Or(cmp.Compare(b.Evidence, a.Evidence), cmp.Compare(a.Name.number, b.Name.number))
	})
	return h.heard[:min(limit, len(h.heard))]
}

// listen adds the term of one word of the query.
func (s *Sounds) listen(t name.Token, h *Hearing) {
	h.asked.PrepareKey(t.Text)
	term := term{first: len(h.words)}
	h.latin = name.Romanise(h.latin[:0], t.Text, t.Script)
	mask, length := letterMask(h.latin), len(h.latin)
	if w := s.findWord(t.Text); w != none {
		h.words = append(h.words, likeWord{word: w})
	}
	h.keys = name.AppendQueryKeys(h.keys[:0], t.Text, t.Script)
	for rank, key := range h.keys {
		r := s.slot(key)
		for _, w := range s.heard[r.heard:min(r.heardEnd, r.heard+maxWordsPerKey)] {
			word := s.word(w)
			longer := max(len(word)-length, length-len(word))
			apart := rank + 2*longer + bits.OnesCount32(mask^letterMask(word))
			h.words = append(h.words, likeWord{word: w, apart: uint32(apart + 1)})
		}
		if len(term.wholes) == 0 {
			term.wholes = s.wholes[r.whole:r.last]
		}
	}
	found := h.words[term.first:]
	slices.SortFunc(found, func(a, b likeWord) int { return cmp.Or(cmp.Compare(a.word, b.word), cmp.Compare(a.apart, b.apart)) })
	found = slices.CompactFunc(found, func(a, b likeWord) bool { return a.word == b.word })
	slices.SortFunc(found, func(a, b likeWord) int { return cmp.Or(cmp.Compare(a.apart, b.apart), cmp.Compare(a.word, b.word)) })
	found = found[:min(len(found), wordsPerTerm)]
	kept := found[:0]
	for _, w := range found {
		h.held.PrepareKey(s.word(w.word))
		likeness, evidence := h.comparer.Word(&h.asked, &h.held)
		if likeness < leastLikeness {
			continue
		}
		kept = append(kept, likeWord{word: w.word, weight: float32(evidence)})
		term.names += len(s.namesOf(w.word))
	}
	h.words = h.words[:term.first+len(kept)]
	term.end = len(h.words)
	if len(term.wholes) > 0 {
		_, own := h.comparer.Word(&h.asked, &h.asked)
		term.wholeWeight = float32(own) * 0.7
		term.names += len(term.wholes)
	}
	h.terms = append(h.terms, term)
}

// letterMask is the set of the Latin letters of a word, vowels and letters that
// sound alike as one.
func letterMask(word []byte) (mask uint32) {
	for _, c := range word {
		if c -= 'a'; c < 26 {
			mask |= 1 << soundOf[c]
		}
	}
	return mask
}

// soundOf groups letters that respellings exchange: c k q, s z x, i j y, u v w
// and f, each with itself otherwise.
var soundOf = [26]uint8{
	0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 2, 11, 12, 13, 14, 15, 2, 17, 18, 19, 20, 5, 20, 18, 8, 18,
}

// marks sums up what speaks for each name: for every word of the query the
// best of the words like it. It is an open-addressed table emptied by counting
// rounds.
type marks struct {
	slots []mark
	n     int
	round uint32
}

type mark struct {
	name, round, term uint32
	sum, weight       float32 // of the terms before, of this one
}

func (m *marks) reset() {
	m.n = 0
	m.round++
	if len(m.slots) == 0 {
		m.slots = make([]mark, 1024)
	}
}

func (m *marks) add(name, term uint32, weight float32) {
	if 2*m.n >= len(m.slots) {
		m.grow()
	}
	s := m.at(name)
	switch {
	case s.round != m.round:
		*s = mark{name: name, round: m.round, term: term, weight: weight}
		m.n++
	case s.term == term:
		s.weight = max(s.weight, weight)
	default:
		s.sum += s.weight
		s.term, s.weight = term, weight
	}
}

// at returns the name's slot, or the free one where it belongs.
func (m *marks) at(name uint32) *mark {
	mask := uint32(len(m.slots) - 1)
	for i := name * 0x9e3779b1 >> 7 & mask; ; i = (i + 1) & mask {
		if s := &m.slots[i]; s.round != m.round || s.name == name {
			return s
		}
	}
}

func (m *marks) grow() {
	old := m.slots
	m.slots = make([]mark, 2*len(old))
	for i := range old {
		if old[i].round == m.round {
			*m.at(old[i].name) = old[i]
		}
	}
}
