package index

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/cespare/xxhash/v2"

	"onoma/resolver/fact"
	"onoma/resolver/name"
)

// Building of [Sounds]: the names are split into words on all processors, then the
// words are numbered, and what leads to what is written from front to back.

// scratch is where what grows with the table is put while it is built: memory, or
// files that the system may drop from memory.
type scratch interface {
	// column returns an empty column.
	column() (column, error)
	// room returns so many zero bytes, aligned to eight.
	room(bytes int) ([]byte, error)
	// workers is how many goroutines may work at a time.
	workers() int
}

// column is written from front to back and then read.
type column interface {
	write(b []byte) error
	content() ([]byte, error)
}

// heap is scratch in memory.
type heap struct{}

type heapColumn struct{ b []byte }

func (heap) column() (column, error)           { return new(heapColumn), nil }
func (heap) room(n int) ([]byte, error)        { return bytesOf(make([]uint64, (n+7)/8))[:n:n], nil }
func (heap) workers() int                      { return runtime.GOMAXPROCS(0) }
func (c *heapColumn) write(b []byte) error     { c.b = append(c.b, b...); return nil }
func (c *heapColumn) content() ([]byte, error) { return c.b, nil }

const (
	// maxJoined is the most words that a name may have to be found written as one.
	maxJoined = 4
	// maxHeardWord is the longest word in bytes of a name that is heard,
	// maxFormWords the most words that a form has.
	maxHeardWord, maxFormWords = 255, 12
	// maxListeners bounds the memory of words that several hear.
	maxListeners = 8
)

// wholeEntry is a name under the hash of a key of all its words in one.
type wholeEntry struct{ hash, heard uint32 }

// addSounds makes the section of sounds from the others.
func addSounds(sections *[sectionCount][]byte, s scratch) error {
	x, err := viewSections(sections)
	if err == nil {
		sections[secSounds], err = makeSounds(x, s)
	}
	return err
}

// hear makes the sounds of an index that was built without them.
func (x *Index) hear() *Sounds {
	section, err := makeSounds(x, heap{})
	if err == nil {
		var s *Sounds
		if s, err = openSounds(x, section); err == nil {
			return s
		}
	}
	panic(err) // too many names, which Build has counted; memory does not fail
}

// makeSounds returns the section of sounds of an index that has all others.
func makeSounds(x *Index, s scratch) ([]byte, error) {
	listeners, err := listen(x, s)
	if err != nil {
		return nil, err
	}
	return soundsOf(listeners, len(x.names), s)
}

// soundsOf returns the section of sounds of what was listened to, among so many
// records.
func soundsOf(listeners []*listener, records int, s scratch) ([]byte, error) {
	numbered := number(listeners)
	to := &Sounds{words: len(numbered.order)}
	for _, l := range listeners {
		l.before = to.names
		to.names += l.heard
	}
	if to.names >= manyBit {
		return nil, fmt.Errorf("%d names are more than an index hears", to.names)
	}
	numbered.write(to)
	for _, step := range []func() error{
		func() error { return writeOrder(to, records, listeners, numbered, s) },
		func() error { return writeHolds(to, listeners, numbered, s) },
		func() error { return writeWholes(to, listeners, s) },
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return to.assemble(s)
}

// assemble lays the parts out as a section.
func (s *Sounds) assemble(scratch scratch) ([]byte, error) {
	head := [1]soundsHead{{
		hearing: name.HearingVersion(), words: uint64(s.words), names: uint64(s.names),
		furtherBits: uint64(s.furtherWords.bits), wholeBits: uint64(s.wholeNames.bits), orderBits: uint64(s.order.bits),
	}}
	parts := s.parts()
	size := len(bytesOf(head[:]))
	for i, p := range parts {
		head[0].parts[i] = uint64(len(p))
		size += (len(p) + 7) &^ 7
	}
	section, err := scratch.room(size)
	if err != nil {
		return nil, err
	}
	at := copy(section, bytesOf(head[:]))
	for _, p := range parts {
		copy(section[at:], p)
		at += (len(p) + 7) &^ 7
	}
	return section, nil
}

// listener splits a run of names into words.
type listener struct {
	x     *Index
	latin []bool // entities that have a name in Latin letters
	wide  []bool // languages that texts in other scripts take names from
	dictionary
	heard, before int    // names of this listener, and of those before it
	firsts        column // of each: its first record, u32,
	counts        column // how many words it has, u8,
	tokens        column // the words, u32: twice the number in the dictionary, and one more if aside
	wholes        column // wholeEntry
	form          name.Form
	keys          []name.Key
	joined        []byte
	numbers       []uint32
	moved         []uint32 // what the dictionary's words are in that of all
}

// listen splits all names worth hearing.
func listen(x *Index, s scratch) ([]*listener, error) {
	listeners := make([]*listener, min(s.workers(), maxListeners))
	wide := make([]bool, len(x.words))
	for i, word := range x.words {
		wide[i] = widelyRead(word)
	}
	latin := make([]bool, x.entityCount())
	each(len(listeners), x.entityCount(), func(_, from, to int) {
		for e := from; e < to; e++ {
			latin[e] = x.hasLatin(uint32(e), wide)
		}
	})
	errs := make([]error, len(listeners))
	for i := range listeners {
		l, err := newListener(s)
		if err != nil {
			return nil, err
		}
		l.x, l.latin, l.wide = x, latin, wide
		listeners[i] = l
	}
	each(len(listeners), len(x.names), func(i, from, to int) { errs[i] = listeners[i].listen(from, to) })
	return listeners, errors.Join(errs...)
}

func newListener(s scratch) (*listener, error) {
	l := new(listener)
	for _, c := range []*column{&l.firsts, &l.counts, &l.tokens, &l.wholes} {
		var err error
		if *c, err = s.column(); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// each splits the numbers below n among so many goroutines and waits for them.
func each(parts, n int, do func(part, from, to int)) {
	var wait sync.WaitGroup
	for p := range parts {
		wait.Go(func() { do(p, n*p/parts, n*(p+1)/parts) })
	}
	wait.Wait()
}

// wideLanguages are the languages written in Latin letters with the most readers
// and writers of news, from which texts in other scripts take names. A country has
// names in hundreds of languages, and among so many every ordinary word is like
// one: Vienna is Vunua somewhere.
var wideLanguages = []string{
	"mul", "und", "en", "es", "fr", "de", "pt", "it", "nl", "pl", "tr", "id", "ms", "vi", "ro", "cs", "hu", "sv", "da", "nb", "no", "fi",
	"hr", "sr", "bs", "sk", "sl", "lt", "lv", "et", "sq", "az", "ca", "sw", "uz",
}

// widelyRead reports whether a language is one of them, or none in particular.
func widelyRead(language string) bool {
	tag, _, _ := strings.Cut(language, "-")
	return tag == "" || slices.Contains(wideLanguages, tag)
}

// hasLatin reports whether an entity has a name in Latin letters.
func (x *Index) hasLatin(entity uint32, wide []bool) bool {
	for _, n := range x.byEntity[x.entities[entity].names:x.entities[entity+1].names] {
		if wide[x.names[n].language] && name.ScriptOf(x.nameText(n)) == name.Latin {
			return true
		}
	}
	return false
}

// hears reports whether any name of the group is to be found by sound.
func (l *listener) hears(group Names) bool {
	for i := group.first; i < group.end; i++ {
		n := &l.x.names[i]
		switch fact.NameKind(n.kind) {
		case fact.Acronym, fact.Demonym:
			continue
		}
		if !l.latin[n.entity] || l.wide[n.language] && name.ScriptOf(l.x.nameText(i)) == name.Latin {
			return true
		}
	}
	return false
}

// listen splits the groups of names that begin in a run of records.
func (l *listener) listen(from, to int) error {
	for from > 0 && from < to && l.x.names[from-1].flags&flagKeyLast == 0 {
		from++
	}
	for first := uint32(from); int(first) < to; {
		group := l.x.group(first)
		if l.hears(group) {
			if err := l.add(first, l.x.nameText(first)); err != nil {
				return err
			}
		}
		first = group.end
	}
	return nil
}

// add adds a name with its words, by its first record.
func (l *listener) add(first uint32, text string) error {
	f := &l.form
	f.Prepare(text)
	n := f.Len()
	l.numbers = l.numbers[:0]
	for i := range n {
		t := f.Token(i)
		if len(t.Text) > maxHeardWord {
			return nil
		}
		word := l.word(t.Text) << 1
		if f.Aside(i) {
			word |= 1
		}
		l.numbers = append(l.numbers, word)
	}
	if n == 0 {
		return nil
	}
	heard := uint32(l.heard)
	l.heard++
	records := [1]uint32{first}
	return cmp.Or(l.firsts.write(bytesOf(records[:])), l.counts.write([]byte{byte(n)}), l.tokens.write(bytesOf(l.numbers)), l.addWhole(heard))
}

// addWhole adds the keys of all words in one, in order and with the last first.
func (l *listener) addWhole(heard uint32) error {
	f := &l.form
	n, script := f.Len(), f.Token(0).Script
	if n == 1 || n > maxJoined {
		return nil
	}
	l.keys = l.keys[:0]
	for turn := range 2 {
		l.joined = l.joined[:0]
		for i := range n {
			l.joined = append(l.joined, f.Token((i+turn*(n-1))%n).Text...)
		}
		l.keys = name.AppendKeys(l.keys, l.joined, script)
	}
	slices.Sort(l.keys)
	for _, k := range slices.Compact(l.keys) {
		entry := [1]wholeEntry{{hashOf(k), heard}}
		if err := l.wholes.write(bytesOf(entry[:])); err != nil {
			return err
		}
	}
	return nil
}

// dictionary holds distinct words.
type dictionary struct {
	slots   []uint32 // open-addressed by text: a word and one
	text    []byte
	ends    []uint32
	hashes  []uint32 // see firstHash
	bags    []name.Bag
	further []wholeEntry // words under the hashes of their further keys
	sounds  []name.Key   // memory of word
}

func (d *dictionary) at(word uint32) []byte {
	from := uint32(0)
	if word > 0 {
		from = d.ends[word-1]
	}
	return d.text[from:d.ends[word]]
}

// find returns the word with the text, or where its slot is.
func (d *dictionary) find(text []byte) (word uint32, slot int, found bool) {
	if 4*len(d.ends) >= 3*len(d.slots) {
		d.grow()
	}
	slot = slotHome(xxhash.Sum64(text), len(d.slots))
	for ; d.slots[slot] != 0; slot = (slot + 1) % len(d.slots) {
		if word = d.slots[slot] - 1; string(d.at(word)) == string(text) {
			return word, slot, true
		}
	}
	return 0, slot, false
}

func (d *dictionary) grow() {
	d.slots = make([]uint32, max(64, 2*len(d.slots)))
	for word := range uint32(len(d.ends)) {
		slot := slotHome(xxhash.Sum64(d.at(word)), len(d.slots))
		for d.slots[slot] != 0 {
			slot = (slot + 1) % len(d.slots)
		}
		d.slots[slot] = word + 1
	}
}

// put adds a word whose slot find gave.
func (d *dictionary) put(text []byte, slot int, hash uint32, bag name.Bag) uint32 {
	word := uint32(len(d.ends))
	d.slots[slot] = word + 1
	d.text = append(d.text, text...)
	d.ends = append(d.ends, uint32(len(d.text)))
	d.hashes = append(d.hashes, hash)
	d.bags = append(d.bags, bag)
	return word
}

// word returns the number of a word, which is heard when it is new.
func (d *dictionary) word(text []byte) uint32 {
	word, slot, found := d.find(text)
	if found {
		return word
	}
	script := scriptOf(text)
	hash := firstHash(text, script)
	word = d.put(text, slot, hash, name.BagOf(text, script))
	d.sounds = name.AppendKeys(d.sounds[:0], text, script)
	for _, key := range d.sounds {
		if h := hashOf(key); h != hash || script != name.Latin {
			d.further = append(d.further, wholeEntry{h, word})
		}
	}
	return word
}

// numbering is the words of all listeners in the order of their numbers.
type numbering struct {
	all   *dictionary
	order []uint32 // words of all, by number
	place []uint32 // numbers, by word of all
}

// number joins the dictionaries and numbers their words.
func number(listeners []*listener) *numbering {
	n := &numbering{all: &listeners[0].dictionary}
	for i, l := range listeners {
		l.moved = make([]uint32, len(l.ends))
		for w := range l.moved {
			l.moved[w] = uint32(w)
			if i == 0 {
				continue
			}
			text := l.at(uint32(w))
			word, slot, found := n.all.find(text)
			if !found {
				word = n.all.put(text, slot, l.hashes[w], l.bags[w])
			}
			l.moved[w] = word
		}
		if i == 0 {
			continue
		}
		// A word that two heard has its further keys from both; see write.
		for _, f := range l.further {
			n.all.further = append(n.all.further, wholeEntry{f.hash, l.moved[f.heard]})
		}
		l.dictionary = dictionary{}
	}
	n.all.slots = nil
	bits := bucketBits(len(n.all.ends))
	places := make([]uint64, len(n.all.ends))
	for w, hash := range n.all.hashes {
		places[w] = uint64(placeOf(hash, bits))<<32 | uint64(w)
	}
	slices.Sort(places)
	n.order = make([]uint32, len(places))
	n.place = make([]uint32, len(places))
	for from := 0; from < len(places); {
		to := from + 1
		for to < len(places) && places[to]>>32 == places[from]>>32 {
			to++
		}
		slices.SortFunc(places[from:to], func(a, b uint64) int { return bytes.Compare(n.all.at(uint32(a)), n.all.at(uint32(b))) })
		for ; from < to; from++ {
			n.order[from] = uint32(places[from])
			n.place[n.order[from]] = uint32(from)
		}
	}
	return n
}

// write writes what is known of the words themselves, and their keys.
func (n *numbering) write(to *Sounds) {
	lengths := make([]byte, 0, len(n.order)+blockSize)
	to.text = make([]byte, 0, len(n.all.text))
	to.bags = make([]name.Bag, 0, len(n.order))
	to.first.tags = make([]byte, 0, len(n.order))
	hashes := make([]uint32, 0, len(n.order))
	for _, w := range n.order {
		text := n.all.at(w)
		to.text = append(to.text, text...)
		lengths = append(lengths, byte(len(text)))
		to.bags = append(to.bags, n.all.bags[w])
		to.first.tags = append(to.first.tags, byte(n.all.hashes[w]))
		hashes = append(hashes, n.all.hashes[w])
	}
	to.textEnds = newEnds(lengths)
	to.first.starts = bucketStarts(len(hashes), func(i int) uint32 { return hashes[i] })

	further := n.all.further
	for i := range further {
		further[i].heard = n.place[further[i].heard]
	}
	slices.SortFunc(further, func(a, b wholeEntry) int { return cmp.Or(cmp.Compare(a.heard, b.heard), cmp.Compare(a.hash, b.hash)) })
	further = slices.Compact(further)
	to.further.starts = bucketStarts(len(further), func(i int) uint32 { return further[i].hash })
	to.further.tags = make([]byte, len(further))
	bits := bitsFor(len(n.order))
	to.furtherWords = packed{bits, make([]byte, packedBytes(len(further), bits))}
	to.further.fill(len(further), func(i int) wholeEntry { return further[i] }, &to.furtherWords)
}

// bucketStarts counts the entries of each bucket.
func bucketStarts(entries int, hash func(i int) uint32) []uint32 {
	bits := bucketBits(entries)
	starts := make([]uint32, 1<<bits+1)
	for i := range entries {
		starts[uint64(hash(i))>>(32-bits)+1]++
	}
	for i := 1; i < len(starts); i++ {
		starts[i] += starts[i-1]
	}
	return starts
}

// fill deals the entries out to the buckets, those of one in their order.
func (b *buckets) fill(entries int, entry func(i int) wholeEntry, to *packed) {
	bits := bucketBits(entries)
	next := slices.Clone(b.starts)
	for i := range entries {
		e := entry(i)
		at := &next[uint64(e.hash)>>(32-bits)]
		b.tags[*at] = byte(e.hash)
		to.put(int(*at), e.heard)
		*at++
	}
}

// eachName reads the words of all heard names, by number and doubled as in order.
func eachName(listeners []*listener, n *numbering, do func(heard int, words []uint32)) error {
	var words []uint32
	for _, l := range listeners {
		counts, err := l.counts.content()
		if err != nil {
			return err
		}
		content, err := l.tokens.content()
		if err != nil {
			return err
		}
		tokens, err := recordsOf[uint32](content)
		if err != nil {
			return err
		}
		for i, count := range counts {
			words = words[:0]
			for _, t := range tokens[:count] {
				words = append(words, n.place[l.moved[t>>1]]<<1|t&1)
			}
			tokens = tokens[count:]
			do(l.before+i, words)
		}
	}
	return nil
}

// writeOrder writes which names are heard and the words of each.
func writeOrder(to *Sounds, records int, listeners []*listener, n *numbering, s scratch) error {
	to.firsts = make([]uint64, (records+63)/64)
	for _, l := range listeners {
		content, err := l.firsts.content()
		if err != nil {
			return err
		}
		firsts, err := recordsOf[uint32](content)
		if err != nil {
			return err
		}
		for i, first := range firsts {
			to.firsts[first/64] |= 1 << (first % 64)
			if (l.before+i)%blockSize == 0 {
				to.firstsAt = append(to.firstsAt, first)
			}
		}
	}
	total := 0
	lengths := make([]byte, 0, to.names+blockSize)
	if err := eachName(listeners, n, func(_ int, words []uint32) {
		lengths = append(lengths, byte(len(words)))
		total += len(words)
	}); err != nil {
		return err
	}
	to.orderEnds = newEnds(lengths)
	bits := bitsFor(2 * to.words)
	data, err := s.room(packedBytes(total, bits))
	if err != nil {
		return err
	}
	to.order = packed{bits, data}
	at := 0
	return eachName(listeners, n, func(_ int, words []uint32) {
		for _, w := range words {
			to.order.put(at, w)
			at++
		}
	})
}

// writeHolds writes which names have each word.
func writeHolds(to *Sounds, listeners []*listener, n *numbering, s scratch) error {
	starts := make([]uint32, to.words+1)
	total := 0
	eachOnce := func(do func(heard int, word uint32)) error {
		return eachName(listeners, n, func(heard int, words []uint32) {
			for i, w := range words {
				if !slices.ContainsFunc(words[:i], func(o uint32) bool { return o>>1 == w>>1 }) {
					do(heard, w>>1)
				}
			}
		})
	}
	if err := eachOnce(func(_ int, w uint32) { starts[w+1]++; total++ }); err != nil {
		return err
	}
	for w := range to.words {
		starts[w+1] += starts[w]
	}
	room, err := s.room(4 * total)
	if err != nil {
		return err
	}
	names, err := recordsOf[uint32](room)
	if err != nil {
		return err
	}
	next := slices.Clone(starts)
	if err := eachOnce(func(heard int, w uint32) { names[next[w]] = uint32(heard); next[w]++ }); err != nil {
		return err
	}
	lists, err := s.column()
	if err != nil {
		return err
	}
	to.holds = make([]uint32, to.words)
	var list []byte
	at := 0
	for w := range to.words {
		of := names[starts[w]:starts[w+1]]
		if len(of) == 1 {
			to.holds[w] = of[0]
			continue
		}
		to.holds[w] = manyBit | uint32(at)
		list = appendList(list[:0], of)
		if at += len(list); at >= manyBit {
			return fmt.Errorf("the names of words in %d bytes are more than an index holds", at)
		}
		if err := lists.write(list); err != nil {
			return err
		}
	}
	to.lists, err = lists.content()
	return err
}

// writeWholes writes the names under the keys of all their words in one.
func writeWholes(to *Sounds, listeners []*listener, s scratch) error {
	var entries [][]wholeEntry
	total := 0
	for _, l := range listeners {
		content, err := l.wholes.content()
		if err != nil {
			return err
		}
		of, err := recordsOf[wholeEntry](content)
		if err != nil {
			return err
		}
		entries = append(entries, of)
		total += len(of)
	}
	part, from := 0, 0
	entry := func(i int) wholeEntry {
		if i == 0 {
			part, from = 0, 0
		}
		for i-from == len(entries[part]) {
			from += len(entries[part])
			part++
		}
		e := entries[part][i-from]
		e.heard += uint32(listeners[part].before)
		return e
	}
	to.wholes.starts = bucketStarts(total, func(i int) uint32 { return entry(i).hash })
	bits := bitsFor(to.names)
	tags, err := s.room(total)
	if err != nil {
		return err
	}
	data, err := s.room(packedBytes(total, bits))
	if err != nil {
		return err
	}
	to.wholes.tags, to.wholeNames = tags, packed{bits, data}
	to.wholes.fill(total, entry, &to.wholeNames)
	return nil
}
