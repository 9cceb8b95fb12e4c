package index

import (
	"bytes"
	"math"
	"slices"
	"sync"

	"onoma/resolver/fact"
	"onoma/resolver/name"
)

// layeredSounds is what a layer changes in the index by sound of its base: the
// names under touched keys are heard in the layer alone, and a word is as rare as
// its names in both make it. A search then listens in both and ranks what it
// found together.
type layeredSounds struct {
	over     *Sounds // of the layer; its names are groups
	layer    *layer
	hidden   []uint64         // a bit for each heard name of the base that is touched
	holders  map[uint32]int32 // by word of the base: how many more names have it
	names    int              // heard in both
	rarities [1024]uint8      // by number of holders
}

// newLayeredSounds returns the index by sound of a base as seen through a layer.
func newLayeredSounds(base *Sounds, l *layer) *Sounds {
	over := soundsOf(l.index, l.collectSounds())
	s := &layeredSounds{over: over, layer: l, hidden: make([]uint64, len(base.names)/64+1), holders: make(map[uint32]int32)}
	over.group = l.names
	s.names = len(base.names) - 1 + len(over.names) - 1
	for first := range l.touched {
		heard, ok := base.heardAs(first)
		if !ok {
			continue
		}
		s.hidden[heard/64] |= 1 << (heard % 64)
		s.names--
		words := base.wordsOf(heard)
		for i, w := range words {
			if w &^= asideBit; !hasWord(words[:i], w) {
				s.holders[w]--
			}
		}
	}
	for holders := range s.rarities {
		s.rarities[holders] = rarityByte(holders, s.names)
	}
	for w := range uint32(over.wordCount()) {
		holders := len(over.namesOf(w))
		if in := base.findWord(over.word(w)); in != none {
			s.holders[in] += int32(holders)
			holders = len(base.namesOf(in)) + int(s.holders[in])
		}
		over.words[w].rarity = s.rarityOf(holders)
	}
	seen := *base
	seen.index, seen.layered = l.base, s
	return &seen
}

func hasWord(words []uint32, word uint32) bool {
	return slices.ContainsFunc(words, func(w uint32) bool { return w&^asideBit == word })
}

// heardAs returns the number among the heard names of the first name of a key.
func (s *Sounds) heardAs(first uint32) (heard uint32, ok bool) {
	at, ok := slices.BinarySearchFunc(s.names[:len(s.names)-1], first, func(r heardRecord, first uint32) int {
		return int(int64(r.name) - int64(first))
	})
	return uint32(at), ok
}

// collectSounds splits the names of a layer that are worth hearing into words.
func (l *layer) collectSounds() *soundSource {
	source := &soundSource{spelt: make(map[string]uint32)}
	latin := make(map[Entity]bool)
	var form name.Form
	for i := range uint32(len(l.groups) - 1) {
		names := l.names(i)
		if l.heard(names, latin) {
			form.Prepare(names.At(0).Text())
			source.add(&form, i)
		}
	}
	return source
}

// heard is [Index.heard] of names of which some are the layer's. latin remembers
// which entities have a name in Latin letters.
func (l *layer) heard(names Names, latin map[Entity]bool) bool {
	for i := range names.Len() {
		n := names.At(i)
		switch n.Kind() {
		case fact.Acronym, fact.Demonym:
			continue
		}
		if n.isWidelyReadLatin() {
			return true
		}
		e := n.Entity()
		bears, known := latin[e]
		for k := 0; !known && !bears && k < e.NameCount(); k++ {
			bears = e.Name(k).isWidelyReadLatin()
		}
		if latin[e] = bears; !bears {
			return true
		}
	}
	return false
}

func (n Name) isWidelyReadLatin() bool {
	return n.index.widelyRead(n.record()) && name.ScriptOf(n.Text()) == name.Latin
}

func (s *layeredSounds) rarityOf(holders int) uint8 {
	if holders < len(s.rarities) {
		return s.rarities[max(holders, 0)]
	}
	return rarityByte(holders, s.names)
}

func rarityByte(holders, names int) uint8 { return uint8(math.Round(255 * rarity(holders, names))) }

// rarity is that of a word of the base.
func (s *layeredSounds) rarity(base *Sounds, w uint32) float32 {
	return float32(s.rarityOf(len(base.namesOf(w))+int(s.holders[w]))) / 255
}

// hides reports whether a heard name is to be found in the layer alone.
func (s *Sounds) hides(heard uint32) bool {
	return s.layered != nil && s.layered.hidden[heard/64]>>(heard%64)&1 != 0
}

// merge ranks what was heard in the base and in the layer together, at most limit.
func (h *Hearing) merge(base, over []Heard, limit int) []Heard {
	h.merged = h.merged[:0]
	for len(h.merged) < limit && len(base)+len(over) > 0 {
		if len(over) == 0 || len(base) > 0 && base[0].beforeOther(&over[0]) {
			h.merged, base = append(h.merged, base[0]), base[1:]
		} else {
			h.merged, over = append(h.merged, over[0]), over[1:]
		}
	}
	return h.merged
}

// beforeOther is before of names of two indexes, in which equals stand by key.
func (a *Heard) beforeOther(b *Heard) bool {
	if a.Weight != b.Weight {
		return a.Weight > b.Weight
	}
	var room [2][keyBuffer]byte
	return bytes.Compare(name.AppendFold(room[0][:0], a.Name.Text()), name.AppendFold(room[1][:0], b.Name.Text())) < 0
}

// layeredSoundsOf makes the index by sound at the first call.
func layeredSoundsOf(x *Index, l *layer) func() *Sounds {
	return sync.OnceValue(func() *Sounds { return newLayeredSounds(x.Sounds(), l) })
}
