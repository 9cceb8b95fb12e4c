package name

import (
	"embed"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/cespare/xxhash/v2"
)

//go:embed data/learned/*.txt
var learnedFiles embed.FS

// Bounds of what is compared; what is longer is compared by its beginning.
const (
	maxFrom = 40 // characters of one word
	maxTo   = 32 // letters of its Latin counterpart
)

// Weights of what no training pair showed, in tenths of a nat.
const (
	strangeSwap   = -40 // a letter for another
	strangeDrop   = -45 // a character that became nothing
	strangeInsert = -40 // a letter out of nothing
	noWay         = -1 << 20
)

// model is what one script's chunks become in Latin letters: either spellings or
// symbols of a skeleton. It is compiled from a weights file and never changes.
//
// The weights are pointwise mutual information: along the best alignment they
// add up to the evidence that two spellings are one name (see the fit command).
type model struct {
	units   units
	single  []int32 // unit -> place in chunks, -1 for none
	longer  longer
	chunks  []modelChunk
	alts    []alternative
	insert  [27]int16 // weight of a letter out of nothing, by letter
	longest int       // units of the longest chunk
	// skeleton: what the chunks become are symbols of a skeleton.
	skeleton bool
}

// modelChunk is one chunk's spellings: alts[first[c]:first[c+1]] begin with
// letter c, and those of letter 0 are empty.
type modelChunk struct {
	first [28]uint32
	best  int16 // the greatest weight
	// silent is the weight of its spelling without a letter.
	silent int16
	hopes  []hope  // of a spelling's model; see lattice.hopes
	sounds []sound // of a skeleton's
}

// hope is the most that a letter may weigh in a spelling of a chunk, whose weight
// is shared out among its letters. A letter that is twice in one has two.
type hope struct {
	letter uint8
	weight int16
}

// alternative is one spelling of a chunk.
type alternative struct {
	letters uint64 // little-endian, first letter lowest
	weight  int16
	step    int16 // cells of the aligner's table from its beginning to its end
	n       uint8
	over    uint8 // bits of a window of eight letters that it does not cover
}

// units number the characters of a model, from 1; those below 0x10000 by pages of
// 64, for every letter of a query is looked up in it.
type units struct {
	pages []*[64]uint16
	far   map[rune]uint16
}

func (u *units) of(r rune) uint16 {
	if page := int(r >> 6); page < len(u.pages) {
		if p := u.pages[page]; p != nil {
			return p[r&63]
		}
		return 0
	}
	return u.far[r]
}

func (u *units) set(r rune, number uint16) {
	page := int(r >> 6)
	if r > 0xffff {
		if u.far == nil {
			u.far = map[rune]uint16{}
		}
		u.far[r] = number
		return
	}
	for len(u.pages) <= page {
		u.pages = append(u.pages, nil)
	}
	if u.pages[page] == nil {
		u.pages[page] = new([64]uint16)
	}
	u.pages[page][r&63] = number
}

// longer leads from two or three packed units to a chunk's place: open-addressed,
// at most half full.
type longer struct {
	slots []longerSlot
	count int
}

type longerSlot struct {
	units uint64 // 0 for none
	chunk int32
}

func (l *longer) slot(units uint64) *longerSlot {
	mask := uint64(len(l.slots) - 1)
	for i := units * 0x9e3779b97f4a7c15 >> 32 & mask; ; i = (i + 1) & mask {
		if s := &l.slots[i]; s.units == units || s.units == 0 {
			return s
		}
	}
}

// of returns the place of a chunk, or -1.
func (l *longer) of(units uint64) int32 {
	if l.count > 0 {
		if s := l.slot(units); s.units != 0 {
			return s.chunk
		}
	}
	return -1
}

func (l *longer) set(units uint64, chunk int32) {
	if 2*(l.count+1) > len(l.slots) {
		old := l.slots
		l.slots = make([]longerSlot, max(64, 2*len(old)))
		for _, s := range old {
			if s.units != 0 {
				*l.slot(s.units) = s
			}
		}
	}
	s := l.slot(units)
	if s.units == 0 {
		l.count++
	}
	*s = longerSlot{units, chunk}
}

// letterIndex numbers the Latin letters from 1; 0 is anything else.
func letterIndex(c byte) int {
	if lower := c | 0x20; lower >= 'a' && lower <= 'z' {
		return int(lower-'a') + 1
	}
	return 0
}

// newModel returns a model of spellings or, if skeleton is set, of skeletons.
func newModel(skeleton bool) *model {
	m := &model{single: []int32{-1}, skeleton: skeleton}
	for i := range m.insert {
		m.insert[i] = strangeInsert
	}
	return m
}

// compileModel reads a weights file: "chunk<TAB>spelling:weight ...".
func compileModel(file, text string, isSkeleton bool) (*model, error) {
	m := newModel(isSkeleton)
	for line := range dataLines(text) {
		from, list, ok := strings.Cut(line, "\t")
		if !ok {
			return nil, fmt.Errorf("%s: line %q has no tab", file, line)
		}
		var chunk []alternative
		for field := range strings.FieldsSeq(list) {
			to, number, ok := strings.Cut(field, ":")
			weight, err := strconv.ParseInt(number, 10, 16)
			if !ok || err != nil {
				return nil, fmt.Errorf("%s: %q is not spelling:weight", file, field)
			}
			if to == "-" {
				to = ""
			}
			if len(to) > 7 {
				return nil, fmt.Errorf("%s: spelling %q has over 7 letters", file, to)
			}
			var bytes [8]byte
			copy(bytes[:], to)
			chunk = append(chunk, alternative{
				letters: binary.LittleEndian.Uint64(bytes[:]), weight: int16(weight), n: uint8(len(to)),
			})
		}
		if from == "-" {
			for _, a := range chunk {
				m.insert[letterIndex(byte(a.letters))] = max(a.weight, strangeInsert)
			}
			continue
		}
		m.add(from, chunk)
	}
	return m, nil
}

func (m *model) add(from string, chunk []alternative) {
	slices.SortStableFunc(chunk, func(a, b alternative) int {
		return letterIndex(byte(a.letters)) - letterIndex(byte(b.letters))
	})
	c := modelChunk{best: noWay >> 6, silent: noWay >> 6}
	at := 0
	for letter := range 28 {
		for at < len(chunk) && letterIndex(byte(chunk[at].letters)) < letter {
			at++
		}
		c.first[letter] = uint32(len(m.alts) + at)
	}
	c.first[27] = uint32(len(m.alts) + len(chunk))
	for _, a := range chunk {
		c.best = max(c.best, a.weight)
		if a.n == 0 {
			c.silent = max(c.silent, a.weight)
		}
	}
	var packed uint64
	n := 0
	for _, r := range from {
		packed = packed<<16 | uint64(m.unit(r))
		n++
	}
	m.longest = max(m.longest, n)
	for i := range chunk {
		chunk[i].step, chunk[i].over = int16(n*stride+int(chunk[i].n)), 64-8*chunk[i].n
	}
	if n == 1 {
		m.single[packed] = int32(len(m.chunks))
	} else {
		m.longer.set(packed, int32(len(m.chunks)))
	}
	m.alts = append(m.alts, chunk...)
	if m.skeleton {
		c.sounds = soundsOf(chunk)
	} else {
		c.hopes = hopesOf(chunk)
	}
	m.chunks = append(m.chunks, c)
}

// hopesOf returns what the letters of a chunk's spellings weigh at most.
func hopesOf(chunk []alternative) (hopes []hope) {
	var best, times [27]int
	for i := range best {
		best[i] = math.MinInt16
	}
	for _, a := range chunk {
		sum := 0
		for s := a.letters; s != 0; s >>= 8 {
			sum += int(letterInfo[letterIndex(byte(s))])
		}
		var count [27]int
		for s := a.letters; s != 0; s >>= 8 {
			c := letterIndex(byte(s))
			count[c]++
			times[c] = max(times[c], count[c])
			// Rounded up, so that the shares are never less than the whole.
			best[c] = max(best[c], ceil(int(a.weight)*int(letterInfo[c]), sum))
		}
	}
	for c := 1; c < len(best); c++ {
		for range times[c] {
			hopes = append(hopes, hope{uint8(c), int16(best[c])})
		}
	}
	return hopes
}

func ceil(a, b int) int { return int(math.Ceil(float64(a) / float64(max(b, 1)))) }

func (m *model) unit(r rune) uint16 {
	u := m.units.of(r)
	if u == 0 {
		u = uint16(len(m.single))
		m.units.set(r, u)
		m.single = append(m.single, -1)
	}
	return u
}

// learned holds the weights files, each compiled when its script is first met: a
// table in one script never pays for twenty.
type learned struct {
	spelling, skeleton [Scripts]lazyModel
}

var learnedFilesByScript = sync.OnceValue(func() *learned {
	l := &learned{}
	entries, err := learnedFiles.ReadDir("data/learned")
	if err != nil {
		panic(err)
	}
	for _, entry := range entries {
		base, isSkeleton := strings.CutSuffix(strings.TrimSuffix(entry.Name(), ".txt"), ".keys")
		script, ok := ParseScript(strings.ToUpper(base[:1]) + base[1:])
		if !ok {
			panic(fmt.Sprintf("data/learned/%s: no such script", entry.Name()))
		}
		compile := sync.OnceValue(func() *model { return mustCompile(entry.Name(), script, isSkeleton) })
		if isSkeleton {
			l.skeleton[script] = compile
		} else {
			l.spelling[script] = compile
		}
	}
	return l
})

// mustCompile compiles an embedded file; a test compiles them all.
func mustCompile(file string, script Script, isSkeleton bool) *model {
	data, err := learnedFiles.ReadFile("data/learned/" + file)
	if err != nil {
		panic(err)
	}
	m, err := compileModel(file, withTables(script, string(data), isSkeleton), isSkeleton)
	if err != nil {
		panic(err)
	}
	return m
}

// spellingModel returns what a script's chunks are spelled as in Latin letters;
// nil for a script without weights.
func spellingModel(script Script) *model { return learnedFilesByScript().spelling[script].compiled() }

// skeletonModel returns what a script's chunks sound as.
func skeletonModel(script Script) *model { return learnedFilesByScript().skeleton[script].compiled() }

// lazyModel is a model compiled when first asked for; nil for none.
type lazyModel func() *model

func (l lazyModel) compiled() *model {
	if l == nil {
		return nil
	}
	return l()
}

// hearing rises with any change of the code that makes keys, bags or the words of a
// form otherwise.
const hearing = 2

// HearingVersion tells apart what tables of sounds are made with: this package's
// code, and the data files that keys, bags and the words of forms come from.
var HearingVersion = sync.OnceValue(func() uint64 {
	sum := xxhash.New()
	fmt.Fprint(sum, Version, hearing)
	entries, err := learnedFiles.ReadDir("data/learned")
	if err != nil {
		panic(err)
	}
	for _, entry := range entries {
		data, err := learnedFiles.ReadFile("data/learned/" + entry.Name())
		if err != nil {
			panic(err)
		}
		_, _ = sum.Write(data) // never fails
	}
	for _, file := range []string{particlesFile, classesFile, phrasesFile, genericJoinedFile, mandarinFile, wadeFile, cantoneseFile, japaneseFile, koreanFile} {
		_, _ = sum.WriteString(file)
	}
	return sum.Sum64()
})

// Warm compiles what the first comparison in each of the scripts would compile: a
// server calls it before it serves. Without scripts, all of them.
func Warm(scripts ...Script) {
	if len(scripts) == 0 {
		for s := range Script(Scripts) {
			scripts = append(scripts, s)
		}
	}
	foldTable()
	casedTable()
	stripTables()
	inflections()
	words()
	guardTables()
	for _, s := range scripts {
		spellingModel(s)
		skeletonModel(s)
		if s == Han {
			tongueModels()
			tongueSkeletons()
		}
	}
}
