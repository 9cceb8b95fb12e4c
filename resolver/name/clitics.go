package name

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

//go:embed data/strip/clitics.txt
var cliticsFile string

// Clitic is what a language writes onto a name, or behind it, and is no part of
// it: data/strip/clitics.txt.
type Clitic struct {
	Text    string
	Instead string // what the name has in its place
	Place   CliticPlace
}

// CliticPlace is where a clitic stands.
type CliticPlace uint8

// The places of clitics.
const (
	CliticApart  CliticPlace = iota // in front, no part of a mention: and, in
	CliticWithin                    // in front, part of a mention: the article
	CliticAfter                     // written onto the end
	CliticWord                      // a word of its own behind the name
	CliticBeside                    // written onto the end of what is known to be a name
)

var cliticPlaces = map[string]CliticPlace{"apart": CliticApart, "within": CliticWithin, "after": CliticAfter, "word": CliticWord, "beside": CliticBeside}

// Front reports a clitic that stands before the name.
func (c *Clitic) Front() bool { return c.Place <= CliticWithin }

// cliticTable holds the clitics by the script they are written in, longest first.
type cliticTable [Scripts][]Clitic

var clitics = sync.OnceValue(func() *cliticTable {
	var t cliticTable
	for line := range dataLines(cliticsFile) {
		head, items, _ := strings.Cut(line, ":")
		_, word, _ := strings.Cut(head, " ")
		place, ok := cliticPlaces[word]
		if !ok {
			panic(fmt.Sprintf("clitics.txt: line %q has no place", line))
		}
		for item := range strings.SplitSeq(items, ",") {
			text, instead, _ := strings.Cut(strings.TrimSpace(item), "=")
			c := Clitic{text, instead, place}
			script := c.script()
			if !slices.Contains(t[script], c) {
				t[script] = append(t[script], c)
			}
		}
	}
	for _, list := range t {
		slices.SortStableFunc(list, func(a, b Clitic) int { return len(b.Text) - len(a.Text) })
	}
	return &t
})

// script returns the script of the letter that touches the name's side of the
// text's edge: the first in front, the last behind.
func (c *Clitic) script() Script {
	if c.Front() {
		return firstScript(c.Text)
	}
	return lastScript(c.Text)
}

func firstScript(s string) Script {
	r, _ := utf8.DecodeRuneInString(s)
	return ScriptOfRune(r)
}

// lastScript passes over marks that no block of a script holds.
func lastScript(s string) Script {
	r, _ := utf8.DecodeLastRuneInString(s)
	return ScriptOfRune(r)
}

// Clitics returns those written in a script, longest first. The list is shared.
func Clitics(script Script) []Clitic { return clitics()[script] }

// leastBare is how many letters must remain of a word that lost a clitic: two
// where a letter is a syllable.
const leastBare, leastBareSyllables = 3, 2

// AppendBare appends to dst what text may be without a clitic in front or behind,
// the longest clitic first. They are guesses, for looking up and nothing else.
// Text without letters of such languages costs nothing but a look at its ends.
func AppendBare(dst []string, text string) []string {
	text = strings.TrimSpace(text)
	for i := range clitics()[firstScript(text)] {
		c := &clitics()[firstScript(text)][i]
		if rest, ok := strings.CutPrefix(text, c.Text); ok && c.Front() && longBare(rest) {
			dst = append(dst, c.Instead+rest)
		}
	}
	for i := range clitics()[lastScript(text)] {
		c := &clitics()[lastScript(text)][i]
		rest, ok := strings.CutSuffix(text, c.Text)
		if !ok || c.Place != CliticAfter && c.Place != CliticWord {
			continue
		}
		if bare := strings.TrimRight(rest, " \u00a0\u3000"); c.Place == CliticAfter || bare != rest {
			if longBare(bare) {
				dst = append(dst, bare+c.Instead)
			}
		}
	}
	return dst
}

func longBare(rest string) bool {
	least := leastBare
	if script := ScriptOf(rest); script.unsegmented() || script.WritesVowels() && script != Latin {
		least = leastBareSyllables
	}
	return utf8.RuneCountInString(rest) >= least
}
