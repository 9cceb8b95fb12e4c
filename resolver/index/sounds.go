package index

import (
	"cmp"
	"math"
	"math/bits"
	"runtime"
	"slices"
	"strings"
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
	holds  []uint32      // heard names, grouped by word
	names  []heardRecord // the names worth hearing, and a sentinel
	order  []uint32      // their words in the order of a [name.Form], with asideBit
	spelt  []uint32      // open-addressed: word number + 1 by text
	keys   []keySlot     // open-addressed by sound key
	heard  []heardWord   // grouped by sound key
	wholes wholes

	layered *layeredSounds            // what a layer changes; nil when there is none
	group   func(number uint32) Names // of a layer, whose heard names are groups
}

type wordRecord struct {
	at     uint32
	length uint16
	script name.Script
	rarity uint8  // of 255
	holds  uint32 // first of holds
	bag    name.Bag
}

// heardRecord is a key of the table: the first of the names that share it, and
// the first of its words.
type heardRecord struct {
	name, words uint32
}

// asideBit marks a word that stands beside its name (see [name.Form.Aside]).
const asideBit = 1 << 31

// heardWord is a word under a sound key. The bag stands here and not with the
// word because most words of a key are looked at for their bag alone.
type heardWord struct {
	word uint32 // with lastBit for the last of its key
	bag  name.Bag
}

const lastBit = 1 << 31

// keySlot leads from a sound key to its first word. Half of the key's hash stands
// for it: one key in four billion finds another's words too, which costs time.
type keySlot struct {
	tag uint32 // 0 when empty
	at  uint32 // of heard
}

// wholes leads from the sound of all words of a name in one to the name. Nearly
// every key has one name, so keys are not kept but fall into buckets of about
// four, where eight bits tell them apart.
type wholes struct {
	starts []uint32 // first entry of each bucket, and a sentinel
	tags   []uint8
	heard  []uint32
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
	pairs []uint64 // word<<32 | heard name
	names []heardRecord
	order []uint32
	whole []wholeKey

	keys   []name.Key // memory of addWhole
	joined []byte
}

type wholeKey struct {
	hash  uint64
	heard uint32
}

func newSounds(x *Index) *Sounds { return soundsOf(x, collectSounds(x)) }

func soundsOf(x *Index, source *soundSource) *Sounds {
	s := &Sounds{index: x, text: source.text, words: source.words, names: source.names, order: source.order}
	s.names = append(s.names, heardRecord{words: uint32(len(s.order))})
	s.fillHolds(source.pairs)
	s.fillSpelt()
	s.fillKeys()
	s.wholes = newWholes(source.whole)
	return s
}

// collectSounds splits the names worth hearing into words.
func collectSounds(x *Index) *soundSource {
	source := &soundSource{spelt: make(map[string]uint32)}
	latin := latinBearers(x)
	var form name.Form
	for first := uint32(0); int(first) < len(x.names); {
		group := x.group(first)
		if x.heard(group, latin) {
			form.Prepare(x.nameText(first))
			source.add(&form, first)
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
		if !latin[n.entity] && x.widelyRead(n) && name.ScriptOf(x.nameText(uint32(i))) == name.Latin {
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
		if !latin[n.entity] || x.widelyRead(n) && name.ScriptOf(x.nameText(i)) == name.Latin {
			return true
		}
	}
	return false
}

// widelyRead reports whether a name is in a language that texts in other
// scripts take names from, or in none in particular. A country has names in
// hundreds of languages, and among so many every ordinary word is like one:
// Vienna is Vunua somewhere.
func (x *Index) widelyRead(n *nameRecord) bool {
	tag, _, _ := strings.Cut(x.words[n.language], "-")
	return tag == "" || slices.Contains(wideLanguages, tag)
}

// wideLanguages are the languages written in Latin letters with the most
// readers and writers of news.
var wideLanguages = []string{
	"mul", "und", "en", "es", "fr", "de", "pt", "it", "nl", "pl", "tr", "id", "ms", "vi", "ro", "cs", "hu", "sv", "da", "nb", "no", "fi",
	"hr", "sr", "bs", "sk", "sl", "lt", "lv", "et", "sq", "az", "ca", "sw", "uz",
}

// add adds a name with its words.
func (s *soundSource) add(f *name.Form, first uint32) {
	n := f.Len()
	if n == 0 {
		return
	}
	heard := uint32(len(s.names))
	s.names = append(s.names, heardRecord{first, uint32(len(s.order))})
	for i := range n {
		word := s.word(f.Token(i))
		s.pairs = append(s.pairs, uint64(word)<<32|uint64(heard))
		if f.Aside(i) {
			word |= asideBit
		}
		s.order = append(s.order, word)
	}
	if n > 1 && n <= maxJoined {
		s.addWhole(f, heard)
	}
}

// word returns the number of a word.
func (s *soundSource) word(t name.Token) uint32 {
	word, ok := s.spelt[string(t.Text)]
	if !ok {
		word = uint32(len(s.words))
		s.spelt[string(t.Text)] = word
		s.words = append(s.words, wordRecord{at: uint32(len(s.text)), length: uint16(len(t.Text)), script: t.Script, bag: name.BagOf(t.Text, t.Script)})
		s.text = append(s.text, t.Text...)
	}
	return word
}

// addWhole adds the keys of all words in one, in order and with the last first.
func (s *soundSource) addWhole(f *name.Form, heard uint32) {
	n, script := f.Len(), f.Token(0).Script
	s.keys = s.keys[:0]
	for turn := range 2 {
		s.joined = s.joined[:0]
		for i := range n {
			s.joined = append(s.joined, f.Token((i+turn*(n-1))%n).Text...)
		}
		s.keys = name.AppendKeys(s.keys, s.joined, script)
	}
	slices.Sort(s.keys)
	for _, k := range slices.Compact(s.keys) {
		s.whole = append(s.whole, wholeKey{hashOf(k), heard})
	}
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
	for w := range s.wordCount() {
		s.words[w].rarity = rarityByte(len(s.namesOf(uint32(w))), len(s.names)-1)
	}
}

// rarity falls from 1 for a word of one name to a third for the commonest.
func rarity(holders, names int) float64 {
	if holders <= 1 {
		return 1
	}
	return max(0.35, 1-0.8*math.Log(float64(holders))/math.Log(float64(names+10)))
}

func (s *Sounds) rarity(w uint32) float32 {
	if s.layered != nil {
		return s.layered.rarity(s, w)
	}
	return float32(s.words[w].rarity) / 255
}

// Size returns how many names are heard, and the memory of the index in bytes.
func (s *Sounds) Size() (names, bytes int) {
	if s.layered != nil {
		_, bytes = s.layered.over.Size()
		names = s.layered.names - len(s.names) + 1
	}
	return names + len(s.names) - 1, bytes + len(s.text) + len(bytesOf(s.words)) + len(bytesOf(s.holds)) + len(bytesOf(s.names)) +
		len(bytesOf(s.order)) + len(bytesOf(s.spelt)) + len(bytesOf(s.keys)) + len(bytesOf(s.heard)) +
		len(bytesOf(s.wholes.starts)) + len(s.wholes.tags) + len(bytesOf(s.wholes.heard))
}

func (s *Sounds) wordCount() int { return len(s.words) - 1 }

func (s *Sounds) word(w uint32) []byte {
	r := &s.words[w]
	return s.text[r.at : r.at+uint32(r.length)]
}

// namesOf returns the heard names that have the word.
func (s *Sounds) namesOf(w uint32) []uint32 { return s.holds[s.words[w].holds:s.words[w+1].holds] }

// wordsOf returns the words of a heard name, with asideBit.
func (s *Sounds) wordsOf(heard uint32) []uint32 {
	return s.order[s.names[heard].words:s.names[heard+1].words]
}

// Spell makes f the form of a name that [Sounds.Find] found, at the cost of
// looking its words up.
func (s *Sounds) Spell(h Heard, f *name.Form) {
	s = h.sounds
	f.Clear()
	for _, w := range s.wordsOf(h.number) {
		aside := w&asideBit != 0
		w &^= asideBit
		f.Add(name.Token{Text: s.word(w), Script: s.words[w].script}, s.rarity(w), aside)
	}
}

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

// hashOf spreads a key over 64 bits.
func hashOf(key name.Key) uint64 {
	high, low := bits.Mul64(uint64(key)+0x9e3779b97f4a7c15, 0xd6e8feb86659fd93)
	return (high ^ low) * 0x9e3779b97f4a7c15
}

// fillKeys hears every word, on all processors, and groups the words by key.
func (s *Sounds) fillKeys() {
	type heardKey struct {
		hash uint64
		word heardWord
	}
	parts := make([][]heardKey, runtime.GOMAXPROCS(0))
	size := (s.wordCount() + len(parts) - 1) / len(parts)
	var wait sync.WaitGroup
	for p := range parts {
		wait.Go(func() {
			var keys []name.Key
			for w := p * size; w < min((p+1)*size, s.wordCount()); w++ {
				text, script := s.word(uint32(w)), s.words[w].script
				keys = name.AppendKeys(keys[:0], text, script)
				for _, k := range keys {
					parts[p] = append(parts[p], heardKey{hashOf(k), heardWord{uint32(w), s.words[w].bag}})
				}
			}
		})
	}
	wait.Wait()
	heard := slices.Concat(parts...)
	slices.SortFunc(heard, func(a, b heardKey) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.word.word, b.word.word))
	})
	keys := 0
	for i := range heard {
		if i == 0 || heard[i].hash != heard[i-1].hash {
			keys++
		}
	}
	s.keys = make([]keySlot, keys+keys/3+1)
	s.heard = make([]heardWord, len(heard))
	for i, h := range heard {
		s.heard[i] = h.word
		if i == 0 || h.hash != heard[i-1].hash {
			*s.slot(h.hash) = keySlot{tagOf(h.hash), uint32(i)}
		}
		if i+1 == len(heard) || h.hash != heard[i+1].hash {
			s.heard[i].word |= lastBit
		}
	}
}

func tagOf(hash uint64) uint32 { return uint32(hash) | 1 }

// slot returns the slot of the key with the hash, or the empty one where it
// belongs.
func (s *Sounds) slot(hash uint64) *keySlot {
	for at := slotHome(hash, len(s.keys)); ; at++ {
		if at == len(s.keys) {
			at = 0
		}
		if r := &s.keys[at]; r.tag == 0 || r.tag == tagOf(hash) {
			return r
		}
	}
}

// wordsLike returns the words under a sound key, at most limit.
func (s *Sounds) wordsLike(key name.Key, limit int) []heardWord {
	r := s.slot(hashOf(key))
	if r.tag == 0 {
		return nil
	}
	words := s.heard[r.at:min(len(s.heard), int(r.at)+limit)]
	for i := range words {
		if words[i].word&lastBit != 0 {
			return words[:i+1]
		}
	}
	return words
}

func newWholes(keys []wholeKey) (w wholes) {
	buckets := 1 << bits.Len(uint(len(keys)/6))
	shift := 64 - bits.Len(uint(buckets-1))
	slices.SortFunc(keys, func(a, b wholeKey) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.heard, b.heard))
	})
	w.starts = make([]uint32, buckets+1)
	w.tags = make([]uint8, len(keys))
	w.heard = make([]uint32, len(keys))
	bucket := 0
	for i, k := range keys {
		for at := int(k.hash >> shift); bucket <= at; bucket++ {
			w.starts[bucket] = uint32(i)
		}
		w.tags[i], w.heard[i] = uint8(k.hash), k.heard
	}
	for ; bucket <= buckets; bucket++ {
		w.starts[bucket] = uint32(len(keys))
	}
	return w
}

// find calls each with the heard names under the key, at most limit.
func (w *wholes) find(key name.Key, limit int, each func(heard uint32)) {
	hash := hashOf(key)
	at := hash >> (64 - bits.Len(uint(len(w.starts)-2)))
	for i := w.starts[at]; i < w.starts[at+1] && limit > 0; i++ {
		if w.tags[i] == uint8(hash) {
			each(w.heard[i])
			limit--
		}
	}
}

// bagOf returns the bag of all words of a heard name.
func (s *Sounds) bagOf(heard uint32) (bag name.Bag) {
	for _, w := range s.wordsOf(heard) {
		bag = bag.Join(s.words[w&^asideBit].bag)
	}
	return bag
}
