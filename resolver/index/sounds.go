package index

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"sort"
	"unsafe"

	"github.com/cespare/xxhash/v2"

	"onoma/resolver/fact"
	"onoma/resolver/name"
)

// Sounds is an inverted index from the sound of a word to the names that have
// such a word: sound key → words → names. It finds candidates, and proves
// nothing. It is a section of the [Index] it belongs to and, like that, immutable
// and pointer-free.
//
// It holds the names in Latin letters, which almost every entity has and into
// which words of other scripts are read, and those of entities that have no
// other. Acronyms and demonyms are left out: nothing but their own letters
// speaks for them.
//
// Words are numbered in the order of the hash of their first sound key and, under
// one key, of their letters. So the words of a key are neighbours, which need no
// list, and a word is found by its spelling without a table of spellings.
type Sounds struct {
	index   *Index
	section []byte
	words   int
	names   int // heard

	text         []byte // of the words
	textEnds     ends   // by word
	bags         []name.Bag
	first        buckets // the words, by first sound key
	further      buckets // words by their other keys
	furtherWords packed
	wholes       buckets // names by the keys of all their words in one
	wholeNames   packed
	holds        []uint32 // by word: the one name that has it, or manyBit and where in lists the names are
	lists        []byte   // see cursor
	order        packed   // words in the order of a [name.Form]: twice their number, and one more if aside
	orderEnds    ends     // by heard name
	firsts       []uint64 // as bits: the heard names' first records
	firstsAt     []uint32 // the first record of every sixteenth heard name

	rarities *rarities

	layered *layeredSounds            // what a layer changes; nil when there is none
	group   func(number uint32) Names // of a layer, whose heard names are groups
	beneath []uint32                  // of a layer: how many more names have each word
}

// manyBit marks a word that several names have.
const manyBit = 1 << 31

// soundsHead begins the section. The parts follow, each aligned to eight bytes.
type soundsHead struct {
	hearing                uint64 // name.HearingVersion
	words, names           uint64
	furtherBits, wholeBits uint64 // of an entry
	orderBits              uint64
	parts                  [soundsParts]uint64 // their lengths in bytes
}

const soundsParts = 19

func (s *Sounds) parts() [soundsParts][]byte {
	return [soundsParts][]byte{
		s.text, bytesOf(s.textEnds.base), s.textEnds.lengths, bytesOf(s.bags),
		bytesOf(s.first.starts), s.first.tags,
		bytesOf(s.further.starts), s.further.tags, s.furtherWords.data,
		bytesOf(s.wholes.starts), s.wholes.tags, s.wholeNames.data,
		bytesOf(s.holds), s.lists,
		s.order.data, bytesOf(s.orderEnds.base), s.orderEnds.lengths,
		bytesOf(s.firsts), bytesOf(s.firstsAt),
	}
}

// openSounds views a section.
func openSounds(x *Index, section []byte) (*Sounds, error) {
	heads, err := recordsOf[soundsHead](section[:min(len(section), int(unsafe.Sizeof(soundsHead{})))])
	if err != nil || len(heads) == 0 {
		return nil, fmt.Errorf("%w: a section of sounds of %d bytes", ErrFormat, len(section))
	}
	head := &heads[0]
	if head.hearing != name.HearingVersion() {
		return nil, fmt.Errorf("%w: sounds of version %x, this program's are %x", ErrFormat, head.hearing, name.HearingVersion())
	}
	var parts [soundsParts][]byte
	at := uint64(unsafe.Sizeof(*head))
	for i, length := range head.parts {
		if length > uint64(len(section))-at {
			return nil, fmt.Errorf("%w: part %d of the sounds ends beyond their %d bytes", ErrFormat, i, len(section))
		}
		parts[i] = section[at : at+length : at+length]
		at = min(at+(length+7)&^7, uint64(len(section)))
	}
	s := &Sounds{index: x, section: section, words: int(head.words), names: int(head.names)}
	s.text, s.textEnds.lengths, s.first.tags, s.further.tags, s.wholes.tags = parts[0], parts[2], parts[5], parts[7], parts[10]
	s.furtherWords = packed{uint(head.furtherBits), parts[8]}
	s.wholeNames = packed{uint(head.wholeBits), parts[11]}
	s.lists, s.orderEnds.lengths = parts[13], parts[16]
	s.order = packed{uint(head.orderBits), parts[14]}
	for _, err := range []error{
		view(&s.textEnds.base, parts[1]), view(&s.bags, parts[3]), view(&s.first.starts, parts[4]), view(&s.further.starts, parts[6]),
		view(&s.wholes.starts, parts[9]), view(&s.holds, parts[12]), view(&s.orderEnds.base, parts[15]),
		view(&s.firsts, parts[17]), view(&s.firstsAt, parts[18]),
	} {
		if err != nil {
			return nil, err
		}
	}
	s.rarities = newRarities(s.names)
	return s, nil
}

// rarities are how rare words are among so many names, by how many have them.
type rarities struct {
	names int
	few   [1024]float32
}

func newRarities(names int) *rarities {
	r := &rarities{names: names}
	for n := range r.few {
		r.few[n] = r.compute(n)
	}
	return r
}

// compute falls from 1 for a word of one name to a third for the commonest.
func (r *rarities) compute(holders int) float32 {
	if holders <= 1 {
		return 1
	}
	return float32(max(0.35, 1-0.8*math.Log(float64(holders))/math.Log(float64(r.names+10))))
}

func (r *rarities) of(holders int) float32 {
	if holders < len(r.few) {
		return r.few[max(holders, 0)]
	}
	return r.compute(holders)
}

// Size returns how many names are heard, and the size of the index by sound in
// bytes.
func (s *Sounds) Size() (names, bytes int) {
	if s.layered != nil {
		return s.layered.names, len(s.section) + len(s.layered.over.section)
	}
	return s.names, len(s.section)
}

func (s *Sounds) word(w uint32) []byte {
	from, to := s.textEnds.of(int(w))
	return s.text[from:to]
}

// holders returns how many names have the word.
func (s *Sounds) holders(w uint32) int {
	at := s.holds[w]
	if at&manyBit == 0 {
		return 1
	}
	count, _ := binary.Uvarint(s.lists[at&^manyBit:])
	return int(count)
}

func (s *Sounds) rarity(w uint32) float32 { return s.rarityAmong(w, s.holders(w)) }

// rarityAmong is the rarity of a word that so many names have here.
func (s *Sounds) rarityAmong(w uint32, holders int) float32 {
	if s.layered != nil {
		holders += int(s.layered.holders[w])
	} else if s.beneath != nil {
		holders += int(s.beneath[w])
	}
	return s.rarities.of(holders)
}

// wordsOf returns where in order the words of a heard name are.
func (s *Sounds) wordsOf(heard uint32) (from, to int) { return s.orderEnds.of(int(heard)) }

// wordAt returns a word of order, and whether it stands beside its name (see
// [name.Form.Aside]).
func (s *Sounds) wordAt(i int) (w uint32, aside bool) {
	v := s.order.at(i)
	return v >> 1, v&1 != 0
}

// Spell makes f the form of a name that [Sounds.Find] found, at the cost of
// looking its words up.
func (s *Sounds) Spell(h Heard, f *name.Form) {
	s = h.sounds
	f.Clear()
	from, to := s.wordsOf(h.number)
	for i := from; i < to; i++ {
		w, aside := s.wordAt(i)
		text := s.word(w)
		f.Add(name.Token{Text: text, Script: scriptOf(text)}, s.rarity(w), aside)
	}
}

// scriptOf returns the script of a word, quickly of a Latin one.
func scriptOf(word []byte) name.Script {
	if c := word[0]; c >= 'a' && c <= 'z' {
		for i, c := range word {
			if c >= 0x80 {
				break
			}
			if i == len(word)-1 {
				return name.Latin
			}
		}
	}
	return name.ScriptOf(unsafe.String(unsafe.SliceData(word), len(word)))
}

// firstOf returns the record of a heard name: the first of its key, or the group
// of a layer.
func (s *Sounds) firstOf(heard uint32) uint32 {
	number := s.firstsAt[heard/blockSize]
	bits := s.firsts[number/64] >> (number % 64) << (number % 64)
	return nth(s.firsts, bits, number/64, int(heard%blockSize))
}

// heardAs returns the heard name with the record, if there is one.
func (s *Sounds) heardAs(first uint32) (heard uint32, ok bool) {
	if int(first/64) >= len(s.firsts) || s.firsts[first/64]>>(first%64)&1 == 0 {
		return 0, false
	}
	block := sort.Search(len(s.firstsAt), func(i int) bool { return s.firstsAt[i] > first }) - 1
	from := s.firstsAt[block]
	before := 0 // of the block
	for word := from / 64; word <= first/64; word++ {
		set := s.firsts[word]
		if word == from/64 {
			set = set >> (from % 64) << (from % 64)
		}
		if word == first/64 {
			set &= 1<<(first%64) - 1
		}
		before += bits.OnesCount64(set)
	}
	return uint32(block*blockSize + before), true
}

// bagOf returns the bag of all words of a heard name.
func (s *Sounds) bagOf(heard uint32) (bag name.Bag) {
	from, to := s.wordsOf(heard)
	for i := from; i < to; i++ {
		w, _ := s.wordAt(i)
		bag = bag.Join(s.bags[w])
	}
	return bag
}

// firstHash is the hash of a word's first sound key, by which words are numbered;
// of a word that is not Latin, that of its letters.
func firstHash(text []byte, script name.Script) uint32 {
	if script == name.Latin {
		return hashOf(name.FirstKey(text))
	}
	return uint32(xxhash.Sum64(text))
}

// hashOf spreads a key over 32 bits. One key in millions finds another's words
// too, which costs time.
func hashOf(key name.Key) uint32 {
	h := (uint64(key) + 0x9e3779b97f4a7c15) * 0xd6e8feb86659fd93
	h = (h ^ h>>32) * 0x9e3779b97f4a7c15
	return uint32(h >> 32)
}

// Calls reports whether a word, as it is spelt, stands in a heard name of an entity
// of the kind. It costs a sound key, a binary search, and a look at the names that
// have the word up to the first such.
func (s *Sounds) Calls(word []byte, script name.Script, kind fact.Kind) bool {
	if s.layered != nil && s.layered.over.Calls(word, script, kind) {
		return true
	}
	w := s.findWord(word, script)
	if w == none {
		return false
	}
	for names := s.cursor(w); names.left > 0; {
		heard := names.name()
		if s.hides(heard) {
			continue
		}
		group := s.groupOf(heard)
		for i := range group.Len() {
			if group.At(i).Entity().Kind() == kind {
				return true
			}
		}
	}
	return false
}

// groupOf returns the names that are heard as one.
func (s *Sounds) groupOf(heard uint32) Names {
	if s.group != nil {
		return s.group(s.firstOf(heard))
	}
	return Name{s.index, s.firstOf(heard)}.Group()
}

// findWord returns the number of the word, or none.
func (s *Sounds) findWord(text []byte, script name.Script) uint32 {
	from, to := s.first.sorted(firstHash(text, script))
	i, found := sort.Find(to-from, func(i int) int { return bytes.Compare(text, s.word(uint32(from+i))) })
	if !found {
		return none
	}
	return uint32(from + i)
}
