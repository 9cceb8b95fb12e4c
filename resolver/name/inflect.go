package name

import (
	"bytes"
	"embed"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

//go:embed data/inflect/*.txt
var inflectFiles embed.FS

// Bounds of inflection.
const (
	leastStem = 3 // characters that must stand before an ending
	// leastShortStem is leastStem where only famous names are looked for.
	leastShortStem = 2
	// maxStems bounds the stems of one word, maxBold those with bold endings.
	maxStems, maxBold = 24, 64
)

// Languages is a set of languages whose endings are known.
type Languages uint64

// EveryLanguage is the set of all.
const EveryLanguage = ^Languages(0)

// InflectingLanguage returns the set of the language of a BCP-47 tag; it is empty
// when no endings of the language are known.
func InflectingLanguage(tag string) Languages {
	base, _, _ := strings.Cut(tag, "-")
	if i := slices.Index(inflections().languages, base); i >= 0 {
		return 1 << i
	}
	return 0
}

// inflection is the compiled data/inflect.
type inflection struct {
	scripts   [Scripts]*paradigms
	languages []string           // by bit of [Languages]
	last      Languages          // inflect the last word of a name alone
	letters   map[rune]Languages // that write a letter, of those whose letters are told
	lettered  Languages          // whose letters are told
}

// paradigms are the endings of one script: which stand for each other.
type paradigms struct {
	// of holds the rows that an ending stands in.
	of      map[string]rowSet
	rows    []paradigm
	longest int // ending, in bytes
}

// paradigm is a line of the data.
type paradigm struct {
	base      []string // the endings of the form that a table holds
	languages Languages
}

// rowSet is a set of rows. Those that hold for every name have its first word to
// themselves, so that comparing names looks at that alone; then come the bold ones,
// and in the last word those that make adjectives.
type rowSet [5]uint64

// The words of a rowSet.
const (
	plainWord, boldWord     = 0, 1
	adjectiveWord, endWords = 4, 5
)

// firstWords tells where the rows of a kind of line begin.
var firstWords = map[string]int{"": plainWord, "bold": boldWord, "adjective": adjectiveWord}

// WrittenIn returns the languages that a text of its letters may be in, as far as
// letters tell.
func WrittenIn(text string) Languages {
	all := inflections()
	in := EveryLanguage
	for _, r := range text {
		if of, told := all.letters[unicode.ToLower(r)]; told {
			in &= of | ^all.lettered
		}
	}
	return in
}

// InflectingLastOnly returns the languages that inflect only the last word of a name.
func InflectingLastOnly() Languages { return inflections().last }

var inflections = sync.OnceValue(func() *inflection {
	all := inflection{letters: map[rune]Languages{}}
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
		all.scripts[script] = all.compile(entry.Name(), string(text))
	}
	// The particles of Korean are to its names what endings are elsewhere.
	particles := "ko: -"
	for _, c := range Clitics(Hangul) {
		if c.Place == CliticAfter {
			particles += " " + c.Text
		}
	}
	all.scripts[Hangul] = all.compile("clitics.txt", particles)
	return &all
})

func (all *inflection) compile(file, text string) *paradigms {
	p := &paradigms{of: map[string]rowSet{}, rows: make([]paradigm, 64*endWords)}
	var rows [endWords]int // of each kind so far
	for line := range dataLines(text) {
		head, endings, ok := strings.Cut(line, ":")
		tags, kind, _ := strings.Cut(head, " ")
		languages := all.of(strings.Split(tags, ","))
		switch kind {
		case "last":
			all.last |= languages
			continue
		case "letters":
			all.lettered |= languages
			for _, r := range strings.TrimSpace(endings) {
				all.letters[r] |= languages
			}
			continue
		}
		first, known := firstWords[kind]
		if !ok || !known {
			panic(fmt.Sprintf("data/inflect/%s: line %q does not begin with languages", file, line))
		}
		row := 64*first + rows[first]
		if rows[first]++; p.rows[row].base != nil || row >= len(p.rows) || first == plainWord && row >= 64*boldWord || first == boldWord && row >= 64*adjectiveWord {
			panic(fmt.Sprintf("data/inflect/%s: too many lines of a kind", file))
		}
		p.add(row, languages, strings.Fields(endings))
	}
	return p
}

// of returns the set of the languages, new ones included.
func (all *inflection) of(tags []string) (set Languages) {
	for _, tag := range tags {
		i := slices.Index(all.languages, tag)
		if i < 0 {
			i = len(all.languages)
			all.languages = append(all.languages, tag)
		}
		if i >= 64 {
			panic("data/inflect: over 64 languages")
		}
		set |= 1 << i
	}
	return set
}

// add enters a line: the endings of the base form parted by "/", then the others.
func (p *paradigms) add(row int, languages Languages, fields []string) {
	r := paradigm{languages: languages}
	for base := range strings.SplitSeq(fields[0], "/") {
		r.base = append(r.base, foldEnding(base))
	}
	p.rows[row] = r
	for _, ending := range append(fields[1:], r.base...) {
		if ending == "" && len(r.base) > 1 {
			continue // else every word were a form of itself with a vowel more
		}
		ending = foldEnding(ending)
		set := p.of[ending]
		set[row/64] |= 1 << (row % 64)
		p.of[ending] = set
		p.longest = max(p.longest, len(ending))
	}
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
	for _, f := range s.Of(word, script) {
		dst = append(dst, f.Text)
	}
	return dst
}

// AppendStemsIn is [AppendStems] with the bold endings of one language, which a text
// is in.
func AppendStemsIn(dst [][]byte, word []byte, script Script, language string) [][]byte {
	in := InflectingLanguage(language)
	if in == 0 {
		return AppendStems(dst, word, script)
	}
	var s Stems
	for _, f := range s.Bold(word, script) {
		if !f.Bold || f.Languages&in != 0 {
			dst = append(dst, f.Text)
		}
	}
	return dst
}

// Stem is what a table might hold of an inflected word.
type Stem struct {
	Text      []byte
	Ending    int       // characters of the ending that was taken off
	Languages Languages // that inflect so
	Bold      bool      // only by bold endings
}

// Stems is the memory of [Stems.Of]. The zero Stems is ready. Not safe for
// concurrent use.
type Stems struct {
	text  []byte
	forms []Stem
}

// Of returns the forms of [AppendStems] in memory that the next call uses again.
func (s *Stems) Of(word []byte, script Script) []Stem {
	return s.of(word, script, leastStem, plainWord, boldWord)
}

// OfShort is [Stems.Of] with stems as short as the one of Києва, Київ: far too many
// words have such a stem, so only a famous name may be believed to be meant.
func (s *Stems) OfShort(word []byte, script Script) []Stem {
	return s.of(word, script, leastShortStem, plainWord, boldWord)
}

// Bold is [Stems.Of] with the bold endings.
func (s *Stems) Bold(word []byte, script Script) []Stem {
	return s.of(word, script, leastStem, plainWord, adjectiveWord)
}

// BoldBeside is [Stems.Bold] of a word beside another, which stems may be as short in
// as in "Andrzejowi Dudzie", but which does not stand without an ending as Афин does.
func (s *Stems) BoldBeside(word []byte, script Script) []Stem {
	stems := s.of(word, script, leastShortStem, plainWord, adjectiveWord)
	return slices.DeleteFunc(stems, func(f Stem) bool { return f.Ending == 0 })
}

// Nouns returns the nouns that an adjective may be made from: "krasnodarski".
func (s *Stems) Nouns(word []byte, script Script) []Stem {
	return s.of(word, script, leastStem, adjectiveWord, endWords)
}

// of looks for endings in the words of row sets from one to another.
func (s *Stems) of(word []byte, script Script, least, from, to int) []Stem {
	s.text, s.forms = s.text[:0], s.forms[:0]
	most := maxStems
	if to > boldWord {
		most = maxBold
	}
	p := inflections().scripts[min(int(script), Scripts-1)]
	if p == nil {
		return nil
	}
	for at := len(word); at > 0 && len(word)-at <= p.longest; at-- {
		if at < len(word) && !utf8.RuneStart(word[at]) {
			continue
		}
		rows, ok := p.of[string(word[at:])]
		if !ok || runeLen(word[:at]) < least {
			continue
		}
		for i := from; i < to; i++ {
			for set := rows[i]; set != 0; set &= set - 1 {
				row := &p.rows[64*i+bits.TrailingZeros64(set)]
				for _, base := range row.base {
					if base == string(word[at:]) || s.had(word[:at], base, row.languages, i > plainWord) {
						continue
					}
					if len(s.forms) == most {
						return s.forms
					}
					s.push(word[:at], base, Stem{Ending: runeLen(word[at:]), Languages: row.languages, Bold: i > plainWord})
				}
			}
		}
	}
	return s.forms
}

// had reports whether the form is there already, and adds the languages to it.
func (s *Stems) had(stem []byte, base string, languages Languages, bold bool) bool {
	for i := range s.forms {
		f := &s.forms[i]
		if len(f.Text) == len(stem)+len(base) && string(f.Text[len(stem):]) == base && bytes.Equal(f.Text[:len(stem)], stem) {
			f.Languages |= languages
			f.Bold = f.Bold && bold
			return true
		}
	}
	return false
}

// push adds a form. When the text grows out of its memory, the forms before keep
// the old one.
func (s *Stems) push(stem []byte, base string, of Stem) {
	start := len(s.text)
	s.text = append(append(s.text, stem...), base...)
	of.Text = s.text[start:len(s.text):len(s.text)]
	s.forms = append(s.forms, of)
}

// inflected reports whether two folded words of one script are forms of one
// paradigm after one stem, and how long the stem is in bytes.
func inflected(a, b []byte, script Script) (stem int, ok bool) {
	p := inflections().scripts[script]
	if p == nil {
		return 0, false
	}
	same := 0
	for same < min(len(a), len(b)) && a[same] == b[same] {
		same++
	}
	for at := same; at > 0 && max(len(a), len(b))-at <= p.longest; at-- {
		if at < len(a) && !utf8.RuneStart(a[at]) || at < len(b) && !utf8.RuneStart(b[at]) {
			continue
		}
		if runeLen(a[:at]) < leastStem {
			break
		}
		if p.of[string(a[at:])][0]&p.of[string(b[at:])][0] != 0 {
			return at, true
		}
	}
	return 0, false
}
