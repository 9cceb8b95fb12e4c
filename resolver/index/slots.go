package index

import (
	"math/bits"

	"github.com/cespare/xxhash/v2"

	"onoma/resolver/name"
)

// The slots are an open-addressed hash table of the distinct keys with linear
// probing, three quarters full. A slot is fingerprint<<32 | first name + 1;
// zero is empty.

func slotHome(hash uint64, slots int) int {
	home, _ := bits.Mul64(hash, uint64(slots))
	return int(home)
}

// hashKey is the hash of a folded key. It is part of the file format.
func hashKey(key []byte) uint64 { return xxhash.Sum64(key) }

// fillSlots hashes the first name of each key. key returns a name's folded key,
// valid until the next call.
func fillSlots(names []nameRecord, key func(i int) []byte) []uint64 {
	keys := 0
	for i := range names {
		if names[i].flags&flagKeyLast != 0 {
			keys++
		}
	}
	slots := make([]uint64, keys+keys/3+1)
	first := 0
	for i := range names {
		if names[i].flags&flagKeyLast == 0 {
			continue
		}
		hash := hashKey(key(first))
		at := slotHome(hash, len(slots))
		for slots[at] != 0 {
			if at++; at == len(slots) {
				at = 0
			}
		}
		slots[at] = hash<<32 | uint64(first+1)
		first = i + 1
	}
	return slots
}

// keyBuffer is room on the stack for the folded key of almost every name.
const keyBuffer = 256

// Lookup returns the names whose folded key is key, as a range. text is the
// unfolded query: a name that equals it proves the match without folding.
// It does not allocate.
func (x *Index) Lookup(text string, key []byte) Names {
	if len(key) == 0 {
		return Names{}
	}
	hash := hashKey(key)
	if x.layer != nil {
		if names, touched := x.layer.lookup(text, key, hash); touched {
			return names
		}
	}
	return x.probe(text, key, hash)
}

// probe looks the key up in x alone.
func (x *Index) probe(text string, key []byte, hash uint64) Names {
	if len(x.slots) == 0 {
		return Names{}
	}
	at := slotHome(hash, len(x.slots))
	for slot := x.slots[at]; slot != 0; slot = x.slots[at] {
		if slot>>32 == hash&0xffffffff {
			group := x.group(uint32(slot) - 1)
			if x.sameKey(group, text, key) {
				return group
			}
		}
		if at++; at == len(x.slots) {
			at = 0
		}
	}
	return Names{}
}

// group returns the names that share the key of the name at first.
func (x *Index) group(first uint32) Names {
	end := first
	for x.names[end].flags&flagKeyLast == 0 {
		end++
	}
	return Names{x, first, end + 1}
}

// sameKey reports whether the group's key is key. Fingerprints are 32 bits, so
// a match must be proved.
func (x *Index) sameKey(group Names, text string, key []byte) bool {
	for i := group.first; i < group.end; i++ {
		if x.nameText(i) == text {
			return true
		}
	}
	var buffer [keyBuffer]byte
	return string(name.AppendFold(buffer[:0], x.nameText(group.first))) == string(key)
}
