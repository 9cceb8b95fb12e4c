package name

import (
	"bytes"
	"embed"
	"fmt"
	"math/bits"
	"strings"
	"sync"
	"unicode/utf8"
)

//go:embed data/inflect/*.txt
var inflectFiles embed.FS

//go:embed data/inflect-places.txt
var placeInflectFile string

var placeInflections = sync.OnceValue(func() *paradigms { return compileParadigms("inflect-places.txt", placeInflectFile) })

// Bounds of inflection.
const (
	maxEnding = 16 // bytes of the longest ending looked for
	leastStem = 3  // characters that must stand before an ending
	// leastShortStem is leastStem where only famous names are looked for.
	leastShortStem = 2
	// maxStems bounds the stems of one word.
	maxStems = 24
)

// paradigms are the endings of one script: which stand for each other.
type paradigms struct {
	// of holds the paradigms of an ending, as a set of bits.
	of map[string]uint64
	// base holds the endings of each paradigm's form that a table holds.
	base [][]string
}

var inflections = sync.OnceValue(func() *[Scripts]*paradigms {
	var all [Scripts]*paradigms
	entries, err := inflectFiles.ReadDir("data/inflect")
	if err != nil {
		panic(err)
	}
	for _, entry := range entries {
		text, err := inflectFiles.ReadFile("data/inflect/" + entry.Name())
		if err != nil {
			panic(err)
		}
		base := strings.TrimSuffix(entry.Name(), ".txt")
		script, ok := ParseScript(strings.ToUpper(base[:1]) + base[1:])
		if !ok {
			panic(fmt.Sprintf("data/inflect/%s: no such script", entry.Name()))
		}
		all[script] = compileParadigms(entry.Name(), string(text))
	}
	// The particles of Korean are to its names what endings are elsewhere.
	particles := "-"
	for _, c := range Clitics(Hangul) {
		if c.Place == CliticAfter {
			particles += " " + c.Text
		}
	}
	all[Hangul] = compileParadigms("clitics.txt", particles)
	return &all
})

func compileParadigms(file, text string) *paradigms {
	p := &paradigms{of: map[string]uint64{}}
	for line := range dataLines(text) {
		fields := strings.Fields(line)
		bit := uint64(1) << len(p.base)
		if bit == 0 {
			panic(fmt.Sprintf("data/inflect/%s: over 64 paradigms", file))
		}
		var bases []string
		for base := range strings.SplitSeq(fields[0], "/") {
			bases = append(bases, foldEnding(base))
		}
		p.base = append(p.base, bases)
		for _, ending := range append(fields[1:], bases...) {
			if ending == "" && len(bases) > 1 {
				continue // else every word were a form of itself with a vowel more
			}
			p.of[foldEnding(ending)] |= bit
		}
	}
	return p
}

func foldEnding(s string) string {
	if s == "-" {
		return ""
	}
	return Fold(s)
}

// AppendStems appends to dst the forms that a table might hold of a folded word:
// each known ending taken off and each ending of its paradigm's base form put in
// its place. They are guesses, for looking up and nothing else: a form that no
// table holds means nothing. At most maxStems, each once, never word itself.
func AppendStems(dst [][]byte, word []byte, script Script) [][]byte {
	var s Stems
	return append(dst, s.Of(word, script)...)
}

// Stems is the memory of [Stems.Of]. The zero Stems is ready. Not safe for
// concurrent use.
type Stems struct {
	text  []byte
	forms [][]byte
}

// Of is [AppendStems] into memory that the next call uses again.
func (s *Stems) Of(word []byte, script Script) [][]byte {
	return s.of(inflections()[min(int(script), Scripts-1)], word, leastStem)
}

// OfShort is [Stems.Of] with stems as short as the one of Києва, Київ: far too many
// words have such a stem, so only a famous name may be believed to be meant.
func (s *Stems) OfShort(word []byte, script Script) [][]byte {
	return s.of(inflections()[min(int(script), Scripts-1)], word, leastShortStem)
}

// OfPlace is [Stems.Of] for a word in Latin letters that may only be a place: it
// takes off endings as short as a vowel, which people's names have by nature.
func (s *Stems) OfPlace(word []byte) [][]byte { return s.of(placeInflections(), word, leastStem) }

func (s *Stems) of(p *paradigms, word []byte, least int) [][]byte {
	s.text, s.forms = s.text[:0], s.forms[:0]
	if p == nil {
		return nil
	}
	for at := len(word); at > 0 && len(word)-at <= maxEnding; at-- {
		if at < len(word) && !utf8.RuneStart(word[at]) {
			continue
		}
		set := p.of[string(word[at:])]
		if set == 0 || runeLen(word[:at]) < least {
			continue
		}
		for ; set != 0; set &= set - 1 {
			for _, base := range p.base[bits.TrailingZeros64(set)] {
				if base != string(word[at:]) && !s.had(word[:at], base) {
					s.push(word[:at], base)
				}
				if len(s.forms) == maxStems {
					return s.forms
				}
			}
		}
	}
	return s.forms
}

func (s *Stems) had(stem []byte, base string) bool {
	for _, form := range s.forms {
		if len(form) == len(stem)+len(base) && string(form[len(stem):]) == base && bytes.Equal(form[:len(stem)], stem) {
			return true
		}
	}
	return false
}

// push adds a form. When the text grows out of its memory, the forms before keep
// the old one.
func (s *Stems) push(stem []byte, base string) {
	start := len(s.text)
	s.text = append(append(s.text, stem...), base...)
	s.forms = append(s.forms, s.text[start:len(s.text):len(s.text)])
}

// inflected reports whether two folded words of one script are forms of one
// paradigm after one stem, and how long the stem is in bytes.
func inflected(a, b []byte, script Script) (stem int, ok bool) {
	p := inflections()[script]
	if p == nil {
		return 0, false
	}
	same := 0
	for same < min(len(a), len(b)) && a[same] == b[same] {
		same++
	}
	for at := same; at > 0 && max(len(a), len(b))-at <= maxEnding; at-- {
		if at < len(a) && !utf8.RuneStart(a[at]) || at < len(b) && !utf8.RuneStart(b[at]) {
			continue
		}
		if runeLen(a[:at]) < leastStem {
			break
		}
		if p.of[string(a[at:])]&p.of[string(b[at:])] != 0 {
			return at, true
		}
	}
	return 0, false
}
