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
	CliticApart   CliticPlace = iota // in front, no part of a mention: and, in
	CliticWithin                     // in front, part of a mention: the article
	CliticAfter                      // written onto the end
	CliticWord                       // a word of its own behind the name
	CliticBeside                     // written onto the end of what is known to be a name
	CliticAhead                      // a word of its own in front of the name
	CliticPerhaps                    // the like, or a particle of a surname
)

var cliticPlaces = map[string]CliticPlace{"apart": CliticApart, "within": CliticWithin, "after": CliticAfter, "word": CliticWord, "beside": CliticBeside, "ahead": CliticAhead, "perhaps": CliticPerhaps}

// Front reports a clitic that stands before the name.
func (c *Clitic) Front() bool { return c.Place <= CliticWithin }

// cliticTable holds the clitics.
type cliticTable struct {
	joined [Scripts][]Clitic // by the script they are written in, longest first
	ahead  map[string]CliticPlace
}

var clitics = sync.OnceValue(func() *cliticTable {
	t := cliticTable{ahead: map[string]CliticPlace{}}
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
			if place >= CliticAhead {
				t.ahead[text] = max(t.ahead[text], place)
				continue
			}
			script := c.script()
			if !slices.Contains(t.joined[script], c) {
				t.joined[script] = append(t.joined[script], c)
			}
		}
	}
	for _, list := range t.joined {
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

// Clitics returns those written in a script, but for the words in front of a name,
// longest first. The list is shared.
func Clitics(script Script) []Clitic { return clitics().joined[script] }

// mostAhead is how many words may stand in front of a name: "in der Ukraine".
const mostAhead = 2

// AppendBehind appends to dst what stands in text behind a preposition, an article
// or a conjunction that is a word of its own, and behind two. Such words are
// written in small letters: Na is a surname. They are guesses, for looking up and
// nothing else; perhaps reports whether one of the words may be part of the name.
func AppendBehind(dst []string, text string) (behind []string, perhaps bool) {
	text = strings.TrimSpace(text)
	for range mostAhead {
		word, rest, ok := strings.Cut(text, " ")
		place := clitics().ahead[word]
		if !ok || place < CliticAhead {
			break
		}
		perhaps = perhaps || place == CliticPerhaps
		text = strings.TrimLeft(rest, " ")
		dst = append(dst, text)
	}
	return dst, perhaps
}

// leastBare is how many letters must remain of a word that lost a clitic: two
// where a letter is a syllable.
const leastBare, leastBareSyllables = 3, 2

// AppendBare appends to dst what text may be without a clitic in front or behind,
// the longest clitic first. They are guesses, for looking up and nothing else.
// Text without letters of such languages costs nothing but a look at its ends.
func AppendBare(dst []string, text string) []string {
	text = strings.TrimSpace(text)
	front, back := Clitics(firstScript(text)), Clitics(lastScript(text))
	for i := range front {
		c := &front[i]
		if rest, ok := strings.CutPrefix(text, c.Text); ok && c.Front() && longBare(rest) {
			dst = append(dst, c.Instead+rest)
		}
	}
	for i := range back {
		c := &back[i]
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
