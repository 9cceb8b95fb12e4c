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
	"unicode/utf8"

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

// lattice is a word laid out over a model: at each character, the chunks that
// begin there. The zero lattice is empty; layOut reuses its memory.
type lattice struct {
	m      *model
	n      int
	chunks [maxFrom][3]int32  // by length less one; -1 for none
	rest   [maxFrom + 1]int32 // weight of the best spelling from each character on
	// hopes are what each letter of a word adds at most to the weight of an
	// alignment: at its first place in the word, its second, third and further
	// ones. spare is what spellings without a letter may add. Filled when an
	// alignment first asks.
	hopes [27][4]int16
	spare int32
	hoped bool
}

// layOut lays a folded word over m.
func (l *lattice) layOut(m *model, word []byte) {
	l.m, l.n, l.hoped = m, 0, false
	var units [maxFrom]uint16
	for len(word) > 0 && l.n < maxFrom {
		r, size := utf8.DecodeRune(word)
		word = word[size:]
		units[l.n] = m.units.of(r)
		l.n++
	}
	best := &l.rest
	best[l.n] = 0
	for i := l.n - 1; i >= 0; i-- {
		l.chunks[i] = [3]int32{m.single[units[i]], -1, -1}
		packed := uint64(units[i])
		for n := 1; n < m.longest && i+n < l.n; n++ {
			packed = packed<<16 | uint64(units[i+n])
			l.chunks[i][n] = m.longer.of(packed)
		}
		best[i] = best[i+1] + strangeDrop
		for n, c := range l.chunks[i] {
			if c >= 0 {
				best[i] = max(best[i], best[i+n+1]+int32(m.chunks[c].best))
			}
		}
	}
}

// hope finds the hopes.
func (l *lattice) hope() {
	l.hoped, l.spare = true, 0
	for c := range l.hopes {
		least := max(l.m.insert[c], strangeSwap)
		l.hopes[c] = [4]int16{least, least, least, least}
	}
	for i := range l.n {
		for _, at := range l.chunks[i] {
			if at < 0 {
				continue
			}
			chunk := &l.m.chunks[at]
			for _, h := range chunk.hopes {
				best := &l.hopes[h.letter]
				if h.weight <= best[3] {
					continue
				}
				k := 3
				for ; k > 0 && best[k-1] < h.weight; k-- {
					best[k] = best[k-1]
				}
				best[k] = h.weight
			}
			l.spare += int32(max(0, chunk.silent))
		}
	}
}

// hopeless reports whether no alignment of the word can reach least: most words
// are, and it costs a hundredth of an alignment to see.
func (l *lattice) hopeless(w *word, least int32) bool {
	if !l.hoped {
		l.hope()
	}
	var places [27]uint8
	sum := l.spare
	for _, c := range w.letter[:w.n] {
		k := places[c]
		places[c]++
		sum += int32(l.hopes[c][min(k, 3)])
	}
	return sum < least
}

// word is a Latin word in the form the alignment wants: at each letter, the next
// eight.
type word struct {
	n      int
	window [maxTo + 1]uint64
	letter [maxTo + 1]uint8
	rest   [maxTo + 1]int32 // what the letters from each on weigh against themselves
}

func (w *word) lay(text []byte) {
	w.n = 0
	var letters [maxTo + 8]byte
	for _, c := range text {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			if w.n == maxTo {
				break
			}
			letters[w.n] = c
			w.n++
		}
	}
	w.rest[w.n] = 0
	for i := w.n; i >= 0; i-- {
		w.window[i] = binary.LittleEndian.Uint64(letters[i:])
		w.letter[i] = uint8(letterIndex(letters[i]))
		if i < w.n {
			w.rest[i] = w.rest[i+1] + letterInfo[w.letter[i]]
		}
	}
}

// band is how many letters an alignment may stray from the diagonal.
const band = 6

// maxChunk is how many characters a chunk has at most.
const maxChunk = 3

// stride is the length of a row of the aligner's table; the last rows are room
// for arcs that lead past the end, which nothing takes.
const stride = maxTo + 8

// aligner finds the best alignment of a lattice with a word.
type aligner struct {
	best [(maxFrom + 1) * stride]int32
}

// align returns the weight of the best alignment, in tenths of a nat, or a very
// small number once it is plain that it cannot reach least.
//
// The table is filled in a band around the diagonal: an alignment that strays
// further has lost already. So has one that could not reach least even if what
// is left of either side were spelt at its best; of a lattice's best, which
// chooses its chunks as if any letters followed, four fifths are hoped for.
func (a *aligner) align(l *lattice, w *word, least int32) int32 {
	n, m := l.n, w.n
	if n == 0 || l.hopeless(w, least) {
		return noWay
	}
	a.best[0] = 0
	copy(a.best[1:m+1], noWays[:])
	insert := &l.m.insert
	chunks, alts := l.m.chunks, l.m.alts
	var chunksAt [maxChunk]*modelChunk
	var ends [maxChunk]int
	cleared := 0 // the last row that is
	alive := 0   // the last row that a way leads to
	for i := 0; i <= n && alive >= i; i++ {
		for cleared < min(n, i+maxChunk) {
			cleared++
			copy(a.best[cleared*stride:cleared*stride+m+1], noWays[:])
		}
		need := max(least-l.rest[i]*4/5, noWay/2)
		middle := i * m / n
		row := a.best[i*stride:]
		begin := chunksAt[:0]
		if i < n {
			for k, at := range l.chunks[i] {
				if at >= 0 {
					ends[len(begin)] = (k + 1) * stride
					begin = append(begin, &chunks[at])
				}
			}
		}
		for j, last := max(0, middle-band), min(m, middle+band); j <= last; j++ {
			score := row[j]
			if score < need || score+w.rest[j]*5/4 < least {
				continue
			}
			c, window := w.letter[j], w.window[j]
			if j < m {
				raise(&row[j+1], score+int32(insert[c]))
			}
			if i == n {
				continue
			}
			alive = max(alive, i+1)
			raise(&row[j+stride], score+strangeDrop)
			if j < m {
				raise(&row[j+stride+1], score+strangeSwap)
			}
			for k, chunk := range begin {
				if chunk.silent > noWay>>6 {
					raise(&row[j+ends[k]], score+int32(chunk.silent))
				}
				if j == m {
					continue
				}
				matching := alts[chunk.first[c]:chunk.first[c+1]]
				for x := range matching {
					if to := &matching[x]; (to.letters^window)<<(to.over&63) == 0 {
						raise(&row[j+int(to.step)], score+int32(to.weight))
						alive = max(alive, i+ends[k]/stride)
					}
				}
			}
		}
	}
	if alive < n {
		return noWay
	}
	if best := a.best[n*stride+m]; best >= least {
		return best
	}
	return noWay
}

// noWays begin a row of the table.
var noWays = func() (row [maxTo + 1]int32) {
	for i := range row {
		row[i] = noWay
	}
	return row
}()

func raise(at *int32, score int32) {
	if score > *at {
		*at = score
	}
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
const hearing = 1

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
