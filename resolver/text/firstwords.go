package text

import (
	"bytes"
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
	slots []uint64 // hash &^ lengthMask | length
	mask  uint64
	// names says which words are known as parts of people's names.
	parts map[uint64]part
	// joined maps names whose parts texts write as one, as Japanese and Chinese
	// do, to their keys.
	joined map[string]string
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

func newFirstWords(x *index.Index) *firstWords {
	names := x.Prefix(nil)
	f := &firstWords{parts: make(map[uint64]part), joined: make(map[string]string)}
	size := uint64(1 << 10)
	for size < uint64(names.Len())*4 {
		size *= 2
	}
	f.slots, f.mask = make([]uint64, size), size-1
	var key, last []byte
	var chars tokens
	bearers := map[uint64]map[int]bool{}
	for i := range names.Len() {
		n := names.At(i)
		key = name.AppendFold(key[:0], n.Text())
		if n.Kind() != fact.Acronym && n.Entity().Kind() == fact.Person {
			f.addParts(key, n.Entity().Number(), bearers)
		}
		if bytes.Equal(key, last) {
			continue
		}
		last = append(last[:0], key...)
		if first, _ := utf8.DecodeRune(key); byCharacter(name.ScriptOfRune(first)) {
			chars.cut(n.Text())
			f.addChars(&chars)
			if bytes.IndexByte(key, ' ') > 0 && unsegmented(name.ScriptOfRune(first)) {
				f.joined[string(bytes.ReplaceAll(key, []byte{' '}, nil))] = string(key)
			}
			continue
		}
		f.add(key)
	}
	return f
}

func (f *firstWords) add(key []byte) {
	if len(key) == 0 {
		return
	}
	words := 1 + bytes.Count(key, []byte{' '})
	if words > maxRun {
		return
	}
	end := bytes.IndexByte(key, ' ')
	if end < 0 {
		f.raise(xxhash.Sum64(key), 1)
		return
	}
	f.raise(xxhash.Sum64(key[:end]), words)
	if next := bytes.IndexByte(key[end+1:], ' '); next >= 0 {
		f.raise(xxhash.Sum64(key[:end+1+next]), words)
	} else {
		f.raise(xxhash.Sum64(key), words)
	}
}

// addChars notes a key of a script that is read character by character.
func (f *firstWords) addChars(t *tokens) {
	if n := len(t.list); n >= leastChars && n <= maxChars {
		f.raise(xxhash.Sum64(t.keys[:t.list[leastChars-1].keyEnd]), n)
	}
}

// raise makes the length of a beginning at least length.
func (f *firstWords) raise(hash uint64, length int) {
	at := (hash >> 6) & f.mask
	for ; f.slots[at] != 0; at = (at + 1) & f.mask {
		if f.slots[at]&^lengthMask == hash&^lengthMask {
			break
		}
	}
	f.slots[at] = hash&^lengthMask | max(f.slots[at]&lengthMask, uint64(length))
}

// longest returns how many words the longest key has that begins with the
// words; 0 when none does.
func (f *firstWords) longest(words []byte) int {
	hash := xxhash.Sum64(words)
	for at := (hash >> 6) & f.mask; ; at = (at + 1) & f.mask {
		slot := f.slots[at]
		if slot == 0 {
			return 0
		}
		if slot&^lengthMask == hash&^lengthMask {
			return int(slot & lengthMask)
		}
	}
}

// addParts notes the first and the last word of a person's name.
func (f *firstWords) addParts(key []byte, person int, bearers map[uint64]map[int]bool) {
	first := bytes.IndexByte(key, ' ')
	if first < 3 {
		return
	}
	hash := xxhash.Sum64(key[:first])
	f.parts[hash] |= forename
	if f.parts[hash]&commonForename == 0 {
		if bearers[hash] == nil {
			bearers[hash] = map[int]bool{}
		}
		if bearers[hash][person] = true; len(bearers[hash]) == bearersOfForename {
			f.parts[hash] |= commonForename
			delete(bearers, hash)
		}
	}
	last := bytes.LastIndexByte(key, ' ')
	f.parts[xxhash.Sum64(key[last+1:])] |= surname
}

func (f *firstWords) part(word []byte) part { return f.parts[xxhash.Sum64(word)] }
