package name

import (
	"embed"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
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
	units   map[rune]uint16  // characters by number, from 1
	single  []int32          // unit -> place in chunks, -1 for none
	longer  map[uint64]int32 // two or three packed units -> place in chunks
	chunks  []modelChunk
	alts    []alternative
	insert  [27]int16 // weight of a letter out of nothing, by letter
	longest int       // units of the longest chunk
}

// modelChunk is one chunk's spellings: alts[first[c]:first[c+1]] begin with
// letter c, and those of letter 0 are empty.
type modelChunk struct {
	first [28]uint32
	best  int16 // the greatest weight
}

// alternative is one spelling of a chunk.
type alternative struct {
	letters uint64 // little-endian, first letter lowest
	weight  int16
	n       uint8
}

func letterIndex(c byte) int {
	if c >= 'a' && c <= 'z' {
		return int(c-'a') + 1
	}
	if c >= 'A' && c <= 'Z' {
		return int(c-'A') + 1
	}
	return 0
}

func letterMask(n uint8) uint64 { return 1<<(8*n) - 1 }

// compileModel reads a weights file: "chunk<TAB>spelling:weight ...".
func compileModel(file, text string) (*model, error) {
	m := &model{units: map[rune]uint16{}, single: []int32{-1}, longer: map[uint64]int32{}}
	for i := range m.insert {
		m.insert[i] = strangeInsert
	}
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
			chunk = append(chunk, alternative{binary.LittleEndian.Uint64(bytes[:]), int16(weight), uint8(len(to))})
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
	c := modelChunk{best: noWay >> 6}
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
	}
	var packed uint64
	n := 0
	for _, r := range from {
		packed = packed<<16 | uint64(m.unit(r))
		n++
	}
	m.longest = max(m.longest, n)
	if n == 1 {
		m.single[packed] = int32(len(m.chunks))
	} else {
		m.longer[packed] = int32(len(m.chunks))
	}
	m.alts = append(m.alts, chunk...)
	m.chunks = append(m.chunks, c)
}

func (m *model) unit(r rune) uint16 {
	u, ok := m.units[r]
	if !ok {
		u = uint16(len(m.single))
		m.units[r] = u
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
}

// layOut lays a folded word over m.
func (l *lattice) layOut(m *model, word []byte) {
	l.m, l.n = m, 0
	var units [maxFrom]uint16
	for len(word) > 0 && l.n < maxFrom {
		r, size := utf8.DecodeRune(word)
		word = word[size:]
		units[l.n] = m.units[r]
		l.n++
	}
	best := &l.rest
	best[l.n] = 0
	for i := l.n - 1; i >= 0; i-- {
		l.chunks[i] = [3]int32{m.single[units[i]], -1, -1}
		packed := uint64(units[i])
		for n := 1; n < m.longest && i+n < l.n; n++ {
			packed = packed<<16 | uint64(units[i+n])
			if c, ok := m.longer[packed]; ok {
				l.chunks[i][n] = c
			}
		}
		best[i] = best[i+1] + strangeDrop
		for n, c := range l.chunks[i] {
			if c >= 0 {
				best[i] = max(best[i], best[i+n+1]+int32(m.chunks[c].best))
			}
		}
	}
}

// word is a Latin word in the form the alignment wants: at each letter, the next
// eight.
type word struct {
	n      int
	window [maxTo + 1]uint64
	letter [maxTo + 1]uint8
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
	for i := range w.n + 1 {
		w.window[i] = binary.LittleEndian.Uint64(letters[i:])
		w.letter[i] = uint8(letterIndex(letters[i]))
	}
}

// band is how many letters an alignment may stray from the diagonal.
const band = 6

// aligner finds the best alignment of a lattice with a word.
type aligner struct {
	best [maxFrom + 1][maxTo + 1]int32
}

// align returns the weight of the best alignment, in tenths of a nat, or a very
// small number once it is plain that it cannot reach least.
//
// The table is filled in a band around the diagonal: an alignment that strays
// further has lost already.
func (a *aligner) align(l *lattice, w *word, least int32) int32 {
	m, n := l.m, l.n
	for i := range n + 1 {
		row := a.best[i][:w.n+1]
		for j := range row {
			row[j] = noWay
		}
	}
	a.best[0][0] = 0
	var hope [3]int32
	for i := 0; i <= n; i++ {
		row := &a.best[i]
		middle := i * w.n / max(1, n)
		top := int32(noWay)
		for j := max(0, middle-band); j <= min(w.n, middle+band); j++ {
			score := row[j]
			if score <= noWay/2 {
				continue
			}
			top = max(top, score)
			c := w.letter[j]
			if j < w.n {
				raise(&row[j+1], score+int32(m.insert[c]))
			}
			if i == n {
				continue
			}
			next := &a.best[i+1]
			raise(&next[j], score+strangeDrop)
			if j < w.n {
				raise(&next[j+1], score+strangeSwap)
			}
			for k, at := range l.chunks[i] {
				if at < 0 {
					continue
				}
				chunk := &m.chunks[at]
				to := &a.best[i+k+1]
				for _, alt := range m.alts[chunk.first[0]:chunk.first[1]] {
					raise(&to[j], score+int32(alt.weight))
				}
				if j == w.n {
					continue
				}
				for _, alt := range m.alts[chunk.first[c]:chunk.first[c+1]] {
					if (alt.letters^w.window[j])&letterMask(alt.n) == 0 {
						raise(&to[j+int(alt.n)], score+int32(alt.weight))
					}
				}
			}
		}
		// What is left seldom earns more than four fifths of its best. A chunk
		// jumps over two rows at most, so three bad rows in a row are proof.
		hope[i%3] = noWay
		if top > noWay/2 {
			hope[i%3] = top + l.rest[i]*4/5
		}
		if i > 1 && max(hope[0], hope[1], hope[2]) < least {
			return noWay
		}
	}
	return a.best[n][w.n]
}

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
	text := string(data)
	if script == Han {
		text = withReadings(text, isSkeleton)
	}
	m, err := compileModel(file, text)
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
	}
}
