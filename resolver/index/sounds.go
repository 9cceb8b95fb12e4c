package index

import (
	"cmp"
	"math/bits"
	"runtime"
	"slices"
	"sync"

	"github.com/cespare/xxhash/v2"

	"onoma/resolver/fact"
	"onoma/resolver/name"
)

// Sounds is an inverted index from the sound of a word to the names that have
// such a word: sound key → words → names. It finds candidates, and proves
// nothing. Like the [Index] it belongs to it is immutable and pointer-free.
//
// It holds the names in Latin letters, which almost every entity has and into
// which words of other scripts are read, and those of entities that have no
// other. Acronyms and demonyms are left out: nothing but their own letters
// speaks for them.
type Sounds struct {
	index  *Index
	text   []byte
	words  []wordRecord  // and a sentinel
	holds  []uint32      // first name of each key, grouped by word
	spelt  []uint32      // open-addressed: word number + 1 by text
	keys   []keyRecord   // open-addressed by sound key
	heard  []uint32      // word numbers, grouped by sound key
	wholes []wholeRecord // grouped by sound key of the words as one
	names  int           // how many names are held
}

type wordRecord struct {
	at     uint32
	length uint16
	script name.Script
	_      uint8
	holds  uint32 // first of holds
	bag    name.Bag
}

type wholeRecord struct {
	name uint32 // first name of its key
	bag  name.Bag
}

type keyRecord struct {
	key                          name.Key // 0 when empty
	heard, heardEnd, whole, last uint32
}

// maxJoined is the most words that a name may have to be found written as one.
const maxJoined = 4

// Sounds returns the index by sound, which is made at the first call: about
// 2 µs a name. It is safe for concurrent use.
func (x *Index) Sounds() *Sounds { return x.sounds() }

// soundSource collects what is to be indexed.
type soundSource struct {
	text  []byte
	words []wordRecord
	spelt map[string]uint32
	pairs []uint64 // word<<32 | first name of key
	whole []wholeKey
	names int
}

type wholeKey struct {
	key   name.Key
	whole wholeRecord
}

func newSounds(x *Index) *Sounds {
	source := collectSounds(x)
	s := &Sounds{index: x, text: source.text, words: source.words, names: source.names}
	s.fillHolds(source.pairs)
	s.fillSpelt()
	s.fillKeys(source.whole)
	return s
}

// collectSounds splits the names worth hearing into words.
func collectSounds(x *Index) *soundSource {
	source := &soundSource{spelt: make(map[string]uint32)}
	latin := latinBearers(x)
	var key, joined []byte
	var tokens []name.Token
	var keys []name.Key
	for first := uint32(0); int(first) < len(x.names); {
		group := x.group(first)
		if x.heard(group, latin) {
			key = name.AppendFold(key[:0], x.nameText(first))
			tokens = name.Tokens(tokens[:0], key)
			for i := range tokens {
				source.add(tokens[i], first)
			}
			source.names++
			if n := len(tokens); n > 1 && n <= maxJoined {
				keys = keys[:0]
				for turn := range 2 {
					joined = joined[:0]
					for i := range tokens {
						joined = append(joined, tokens[(i+turn*(n-1))%n].Text...)
					}
					keys = name.AppendKeys(keys, joined, tokens[0].Script)
				}
				slices.Sort(keys)
				bag := name.BagOf(joined, tokens[0].Script)
				for _, k := range slices.Compact(keys) {
					source.whole = append(source.whole, wholeKey{k, wholeRecord{first, bag}})
				}
			}
		}
		first = group.end
	}
	return source
}

// latinBearers marks the entities that have a name in Latin letters.
func latinBearers(x *Index) []bool {
	latin := make([]bool, len(x.entities))
	for i := range x.names {
		n := &x.names[i]
		if !latin[n.entity] && name.ScriptOf(x.nameText(uint32(i))) == name.Latin {
			latin[n.entity] = true
		}
	}
	return latin
}

// heard reports whether any name of the group is to be found by sound.
func (x *Index) heard(group Names, latin []bool) bool {
	for i := group.first; i < group.end; i++ {
		n := &x.names[i]
		switch fact.NameKind(n.kind) {
		case fact.Acronym, fact.Demonym:
			continue
		}
		if !latin[n.entity] || name.ScriptOf(x.nameText(i)) == name.Latin {
			return true
		}
	}
	return false
}

func (s *soundSource) add(t name.Token, first uint32) {
	word, ok := s.spelt[string(t.Text)]
	if !ok {
		word = uint32(len(s.words))
		s.spelt[string(t.Text)] = word
		s.words = append(s.words, wordRecord{at: uint32(len(s.text)), length: uint16(len(t.Text)), script: t.Script, bag: name.BagOf(t.Text, t.Script)})
		s.text = append(s.text, t.Text...)
	}
	s.pairs = append(s.pairs, uint64(word)<<32|uint64(first))
}

func (s *Sounds) fillHolds(pairs []uint64) {
	slices.Sort(pairs)
	pairs = slices.Compact(pairs)
	s.holds = make([]uint32, len(pairs))
	word := 0
	for i, p := range pairs {
		for ; word <= int(p>>32); word++ {
			s.words[word].holds = uint32(i)
		}
		s.holds[i] = uint32(p)
	}
	s.words = append(s.words, wordRecord{holds: uint32(len(pairs))})
}

func (s *Sounds) wordCount() int { return len(s.words) - 1 }

func (s *Sounds) word(w uint32) []byte {
	r := &s.words[w]
	return s.text[r.at : r.at+uint32(r.length)]
}

func (s *Sounds) namesOf(w uint32) []uint32 { return s.holds[s.words[w].holds:s.words[w+1].holds] }

func (s *Sounds) fillSpelt() {
	n := s.wordCount()
	s.spelt = make([]uint32, n+n/3+1)
	for w := range n {
		at := slotHome(xxhash.Sum64(s.word(uint32(w))), len(s.spelt))
		for s.spelt[at] != 0 {
			if at++; at == len(s.spelt) {
				at = 0
			}
		}
		s.spelt[at] = uint32(w) + 1
	}
}

// findWord returns the number of the word, or none.
func (s *Sounds) findWord(text []byte) uint32 {
	at := slotHome(xxhash.Sum64(text), len(s.spelt))
	for ; s.spelt[at] != 0; at++ {
		if w := s.spelt[at] - 1; string(s.word(w)) == string(text) {
			return w
		}
		if at+1 == len(s.spelt) {
			at = -1
		}
	}
	return none
}

// fillKeys hears every word, on all processors, and groups words and whole
// names by key.
func (s *Sounds) fillKeys(wholes []wholeKey) {
	type heardKey struct {
		key  name.Key
		word uint32
	}
	parts := make([][]heardKey, runtime.GOMAXPROCS(0))
	size := (s.wordCount() + len(parts) - 1) / len(parts)
	var wait sync.WaitGroup
	for p := range parts {
		wait.Go(func() {
			var keys []name.Key
			for w := p * size; w < min((p+1)*size, s.wordCount()); w++ {
				keys = name.AppendKeys(keys[:0], s.word(uint32(w)), s.words[w].script)
				for _, k := range keys {
					parts[p] = append(parts[p], heardKey{k, uint32(w)})
				}
			}
		})
	}
	wait.Wait()
	heard := slices.Concat(parts...)
	slices.SortFunc(heard, func(a, b heardKey) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.word, b.word)) })
	slices.SortFunc(wholes, func(a, b wholeKey) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.whole.name, b.whole.name))
	})

	keys := 0
	for i := range heard {
		if i == 0 || heard[i].key != heard[i-1].key {
			keys++
		}
	}
	for i := range wholes {
		if i == 0 || wholes[i].key != wholes[i-1].key {
			keys++ // counted twice when a word has it too: the table is roomier
		}
	}
	s.keys = make([]keyRecord, keys+keys/3+1)
	s.heard = make([]uint32, len(heard))
	s.wholes = make([]wholeRecord, len(wholes))
	for i, h := range heard {
		r := s.slot(h.key)
		if r.key == 0 {
			*r = keyRecord{key: h.key + 1, heard: uint32(i)}
		}
		r.heardEnd = uint32(i + 1)
		s.heard[i] = h.word
	}
	for i, w := range wholes {
		r := s.slot(w.key)
		if r.key == 0 {
			r.key = w.key + 1
		}
		if r.last == 0 {
			r.whole = uint32(i)
		}
		r.last = uint32(i + 1)
		s.wholes[i] = w.whole
	}
}

// slot returns the record of the key, or the empty one where it belongs. Keys
// are kept plus one, since the key 0, a word without consonants, is one too.
func (s *Sounds) slot(key name.Key) *keyRecord {
	home, _ := bits.Mul64(uint64(key)*0x9e3779b97f4a7c15, uint64(len(s.keys)))
	for at := int(home); ; at++ {
		if at == len(s.keys) {
			at = 0
		}
		if r := &s.keys[at]; r.key == 0 || r.key == key+1 {
			return r
		}
	}
}
