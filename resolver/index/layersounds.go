package index

import (
	"bytes"

	"onoma/resolver/fact"
	"onoma/resolver/name"
)

// layeredSounds is what a layer changes in the index by sound of its base: the
// names under touched keys are heard in the layer alone, and a word is as rare as
// its names in both make it. A search then listens in both and ranks what it
// found together.
type layeredSounds struct {
	over    *Sounds // of the layer; its names are groups
	layer   *layer
	hidden  []uint64         // a bit for each heard name of the base that is touched
	holders map[uint32]int32 // by word of the base: how many more names have it
	names   int              // heard in both
}

// newLayeredSounds returns the index by sound of a base as seen through a layer.
func newLayeredSounds(base *Sounds, l *layer) (*Sounds, error) {
	over, err := l.listen()
	if err != nil {
		return nil, err
	}
	s := &layeredSounds{over: over, layer: l, hidden: make([]uint64, base.names/64+1), holders: make(map[uint32]int32)}
	over.group = l.names
	s.names = base.names + over.names
	for first := range l.touched {
		heard, ok := base.heardAs(first)
		if !ok {
			continue
		}
		s.hidden[heard/64] |= 1 << (heard % 64)
		s.names--
		from, to := base.wordsOf(heard)
		for i := from; i < to; i++ {
			if w, _ := base.wordAt(i); !base.hasWord(from, i, w) {
				s.holders[w]--
			}
		}
	}
	over.beneath = make([]uint32, over.words)
	for w := range uint32(over.words) {
		text := over.word(w)
		if in := base.findWord(text, scriptOf(text)); in != none {
			over.beneath[w] = uint32(base.holders(in) + int(s.holders[in]))
			s.holders[in] += int32(over.holders(w))
		}
	}
	seen := *base
	seen.index, seen.layered, seen.rarities = l.base, s, newRarities(s.names)
	over.rarities = seen.rarities
	return &seen, nil
}

// hasWord reports whether a word is in a run of order.
func (s *Sounds) hasWord(from, to int, word uint32) bool {
	for i := from; i < to; i++ {
		if w, _ := s.wordAt(i); w == word {
			return true
		}
	}
	return false
}

// listen returns the index by sound of a layer's groups alone.
func (l *layer) listen() (*Sounds, error) {
	own, err := newListener(heap{})
	if err != nil {
		return nil, err
	}
	latin := make(map[Entity]bool)
	groups := len(l.groups) - 1
	for i := range uint32(groups) {
		names := l.names(i)
		if !l.heard(names, latin) {
			continue
		}
		if err := own.add(i, names.At(0).Text()); err != nil {
			return nil, err
		}
	}
	section, err := soundsOf([]*listener{own}, groups, heap{})
	if err != nil {
		return nil, err
	}
	return openSounds(l.index, section)
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
	return widelyRead(n.Language()) && name.ScriptOf(n.Text()) == name.Latin
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
