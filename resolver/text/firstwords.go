package text

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"

	"onoma/resolver/fact"
	"onoma/resolver/index"
	"onoma/resolver/name"
)

// firstWords says of the first word of a run, and of its first two, how many
// words the longest key has that begins so. In scripts that are read character
// by character it says the same of the first two characters. A run that begins
// like no key is known after one probe.
//
// The table is open-addressed and holds the upper bits of a hash, so one run in
// many billions is looked up in vain.
type firstWords struct {
	slots []uint64 // hash &^ lengthMask | length; at most half full
	mask  uint64
	used  int
	// parts says how many people words are parts of the names of.
	parts map[uint64]partCount
	// joined maps names whose parts texts write as one, as Japanese and Chinese
	// do, to their keys, the last in the order of keys last.
	joined map[string][]string

	// Of a layered table, the words of the base and which of its beginnings are
	// otherwise now. Slots, parts and joined are then those of the touched keys.
	base  *firstWords
	index *index.Index
	lost  map[uint64]int // by hash &^ lengthMask, the length that is left

	chars tokens // memory of charBeginning
}

const (
	lengthMask = 0x3f
	maxRun     = 16 // words of the longest run looked for
	maxChars   = 32 // characters of the longest run looked for
	leastChars = 2  // characters of the shortest
)

// part is what a word is known as in people's names: bits.
type part uint8

const (
	forename part = 1 << iota
	surname
	// commonForename is a forename of several people: by itself it names none of
	// them, nor the town that is called after a saint.
	commonForename
)

// bearersOfForename is how many people make a forename common.
const bearersOfForename = 6

// newFirstWords reads every name of an index without a layer.
func newFirstWords(x *index.Index) *firstWords {
	f := emptyFirstWords()
	for names := range x.Groups() {
		f.addGroup(names)
	}
	for e := range x.After("") {
		f.addPerson(e, 1)
	}
	return f
}

func emptyFirstWords() *firstWords {
	const slots = 1 << 10
	return &firstWords{slots: make([]uint64, slots), mask: slots - 1, parts: make(map[uint64]partCount), joined: make(map[string][]string)}
}

// under returns the first words of a layered index whose base has those of f.
func (f *firstWords) under(x *index.Index) *firstWords {
	layered := emptyFirstWords()
	layered.base, layered.index, layered.lost = f, x, make(map[uint64]int)
	for before, now := range x.Touched() {
		if now.Len() > 0 {
			layered.addGroup(now)
		} else if before.Len() > 0 {
			layered.lose(before.At(0).Text())
		}
	}
	for before, now := range x.Replaced() {
		if before.Valid() {
			layered.addPerson(before, -1)
		}
		layered.addPerson(now, 1)
	}
	return layered
}

// addGroup notes the names of one key.
func (f *firstWords) addGroup(names index.Names) {
	var room [256]byte
	text := names.At(0).Text()
	key := name.AppendFold(room[:0], text)
	first, _ := utf8.DecodeRune(key)
	if !byCharacter(name.ScriptOfRune(first)) {
		eachBeginning(key, f.raise)
		return
	}
	f.charBeginning(text, f.raise)
	if bytes.IndexByte(key, ' ') > 0 && unsegmented(name.ScriptOfRune(first)) {
		whole := string(bytes.ReplaceAll(key, []byte{' '}, nil))
		f.joined[whole] = append(f.joined[whole], string(key))
	}
}

// lose looks at what is left of the beginnings of a key that has no names any more.
func (f *firstWords) lose(text string) {
	key := name.Fold(text)
	if first, size := utf8.DecodeRuneInString(key); byCharacter(name.ScriptOfRune(first)) {
		f.charBeginning(text, func(hash uint64, length int) { f.recount(hash, length, key[:size], f.charBeginning) })
		return
	}
	of := func(text string, yield func(uint64, int)) { eachBeginning([]byte(name.Fold(text)), yield) }
	eachBeginning([]byte(key), func(hash uint64, length int) {
		first, _, _ := bytes.Cut([]byte(key), []byte{' '})
		f.recount(hash, length, string(first), of)
	})
}

// recount finds the length of the longest key with a beginning that a key of the
// length had, among those that begin with prefix.
func (f *firstWords) recount(hash uint64, length int, prefix string, of func(text string, yield func(hash uint64, length int))) {
	hash &^= lengthMask
	known, lost := f.lost[hash]
	if most := f.base.longest(hash); lost || length < most {
		return
	}
	for n := range f.index.Prefix([]byte(prefix)) {
		of(n.Text(), func(h uint64, l int) {
			if h&^lengthMask == hash {
				known = max(known, l)
			}
		})
		if known == length {
			return
		}
	}
	f.lost[hash] = known
}

// eachBeginning yields the hash of the first word of a key and of its first two,
// with how many words the key has.
func eachBeginning(key []byte, yield func(hash uint64, length int)) {
	if len(key) == 0 {
		return
	}
	words := 1 + bytes.Count(key, []byte{' '})
	if words > maxRun {
		return
	}
	end := bytes.IndexByte(key, ' ')
	if end < 0 {
		yield(xxhash.Sum64(key), 1)
		return
	}
	yield(xxhash.Sum64(key[:end]), words)
	if next := bytes.IndexByte(key[end+1:], ' '); next >= 0 {
		yield(xxhash.Sum64(key[:end+1+next]), words)
	} else {
		yield(xxhash.Sum64(key), words)
	}
}

// charBeginning yields the hash of the first two characters of a name in a script
// that is read character by character, with how many it has.
func (f *firstWords) charBeginning(text string, yield func(hash uint64, length int)) {
	t := &f.chars
	t.cut(text)
	if n := len(t.list); n >= leastChars && n <= maxChars {
		yield(xxhash.Sum64(t.keys[:t.list[leastChars-1].keyEnd]), n)
	}
}

// raise makes the length of a beginning at least length.
func (f *firstWords) raise(hash uint64, length int) {
	at := (hash >> 6) & f.mask
	for ; f.slots[at] != 0; at = (at + 1) & f.mask {
		if f.slots[at]&^lengthMask == hash&^lengthMask {
			f.slots[at] = hash&^lengthMask | max(f.slots[at]&lengthMask, uint64(length))
			return
		}
	}
	f.slots[at] = hash&^lengthMask | uint64(length)
	if f.used++; 2*f.used > len(f.slots) {
		f.grow()
	}
}

func (f *firstWords) grow() {
	old := f.slots
	f.slots, f.mask, f.used = make([]uint64, 2*len(old)), uint64(2*len(old)-1), 0
	for _, slot := range old {
		if slot != 0 {
			f.raise(slot, int(slot&lengthMask))
		}
	}
}

// longest returns how many words the longest key has of those that begin with what
// has the hash; 0 when none does.
func (f *firstWords) longest(hash uint64) (length int) {
	if f.base != nil {
		left, lost := f.lost[hash&^lengthMask]
		if length = left; !lost {
			length = f.base.longest(hash)
		}
	}
	for at := (hash >> 6) & f.mask; ; at = (at + 1) & f.mask {
		slot := f.slots[at]
		if slot == 0 {
			return length
		}
		if slot&^lengthMask == hash&^lengthMask {
			return max(length, int(slot&lengthMask))
		}
	}
}

// longestFrom is longest of the words.
func (f *firstWords) longestFrom(words []byte) int { return f.longest(xxhash.Sum64(words)) }

// partCount counts the people that have a word as a forename, and those that have
// it as a surname.
type partCount struct{ bearers, surnames int32 }

// addPerson notes the first and the last word of a person's names, each once; with
// a count of -1 it takes that back.
func (f *firstWords) addPerson(e index.Entity, count int32) {
	if e.Kind() != fact.Person {
		return
	}
	var seen [2][8]uint64 // nobody has many
	forenames, surnames := seen[0][:0], seen[1][:0]
	for i := range e.NameCount() {
		n := e.Name(i)
		if n.Kind() == fact.Acronym {
			continue
		}
		var room [256]byte
		key := name.AppendFold(room[:0], n.Text())
		first := bytes.IndexByte(key, ' ')
		if first < 3 {
			continue
		}
		if at := xxhash.Sum64(key[:first]); !slices.Contains(forenames, at) {
			forenames = append(forenames, at)
			c := f.parts[at]
			c.bearers += count
			f.parts[at] = c
		}
		if at := xxhash.Sum64(key[bytes.LastIndexByte(key, ' ')+1:]); !slices.Contains(surnames, at) {
			surnames = append(surnames, at)
			c := f.parts[at]
			c.surnames += count
			f.parts[at] = c
		}
	}
}

// count returns how many people have the word for a forename and for a surname.
func (f *firstWords) count(word []byte) partCount {
	at := xxhash.Sum64(word)
	c := f.parts[at]
	if f.base != nil {
		b := f.base.parts[at]
		c.bearers, c.surnames = c.bearers+b.bearers, c.surnames+b.surnames
	}
	return c
}

func (f *firstWords) part(word []byte) (known part) {
	c := f.count(word)
	if c.bearers > 0 {
		known |= forename
	}
	if c.bearers >= bearersOfForename {
		known |= commonForename
	}
	if c.surnames > 0 {
		known |= surname
	}
	return known
}

// parted returns the key of a name whose parts stand in one.
func (f *firstWords) parted(whole string) (key string, ok bool) {
	keys := f.joined[whole]
	if f.base != nil {
		for _, k := range f.base.joined[whole] {
			if f.index.Lookup("", []byte(k)).Len() > 0 {
				keys = append(slices.Clip(keys), k)
			}
		}
	}
	if len(keys) == 0 {
		return "", false
	}
	return slices.Max(keys), true
}
