package name

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

//go:embed data/words/confusable.txt
var confusableFile string

//go:embed data/words/opposites.txt
var oppositesFile string

// guards hold the names and the words that keep look-alikes apart.
type guards struct {
	sets  map[string][]uint16 // folded name -> the confusable sets it is in
	sides map[string]side     // folded word -> its side of a group of opposites
	heads map[rune][]string   // words long enough to begin a compound, by first letter, longest first
}

// side is one side of one group of opposites; group 0 is none.
type side struct{ group, side uint8 }

var guardTables = sync.OnceValue(func() *guards {
	g := &guards{sets: map[string][]uint16{}, sides: map[string]side{}, heads: map[rune][]string{}}
	set := uint16(0)
	for line := range dataLines(confusableFile) {
		set++
		for text := range strings.SplitSeq(line, ",") {
			key := Fold(text)
			g.sets[key] = append(g.sets[key], set)
		}
	}
	group := uint8(0)
	for line := range dataLines(oppositesFile) {
		group++
		number := uint8(0)
		for words := range strings.SplitSeq(line, "|") {
			number++
			for text := range strings.SplitSeq(words, ",") {
				key := Fold(text)
				g.sides[key] = side{group, number}
				if runeLen([]byte(key)) >= 3 || ScriptOf(key) == Han || ScriptOf(key) == Hangul {
					first, _ := utf8.DecodeRuneInString(key)
					g.heads[first] = append(g.heads[first], key)
				}
			}
		}
	}
	for _, heads := range g.heads {
		longestFirst(heads)
	}
	return g
})

// Confusable reports whether two folded names are known to look alike and to be
// different: Iran and Iraq. Only exact evidence may join them.
func Confusable(a, b string) bool {
	return confusable([]byte(a), []byte(b))
}

func confusable(a, b []byte) bool {
	g := guardTables()
	for _, set := range g.sets[string(a)] {
		if slices.Contains(g.sets[string(b)], set) {
			return string(a) != string(b)
		}
	}
	return false
}

// Opposed reports whether two folded names hold opposite words: north and south,
// upper and lower, junior and senior.
func Opposed(a, b []byte) bool {
	x, y := sidesOf(a), sidesOf(b)
	return x.oppose(&y)
}

// sidesOfWords are the sides that words are on, as bits, by group.
type sidesOfWords [8]uint8

func (x *sidesOfWords) oppose(y *sidesOfWords) bool {
	for i := range x {
		if x[i] != 0 && y[i] != 0 && x[i]&y[i] == 0 {
			return true
		}
	}
	return false
}

func (x *sidesOfWords) add(g *guards, word []byte) {
	s, ok := g.sides[string(word)]
	if !ok {
		s = g.compound(word)
	}
	if s.group > 0 {
		x[s.group-1] |= 1 << s.side
	}
}

// sidesOf returns the sides of the words of a key.
func sidesOf(key []byte) (sides sidesOfWords) {
	var tokens [maxTokens]Token
	for _, t := range Tokens(tokens[:0], key) {
		sides.add(guardTables(), t.Text)
	}
	return sides
}

// opposes is [Opposed] of two forms. Few queries hold a word that has an
// opposite, and the others cost nothing.
func (f *Form) opposes(other *Form) bool {
	if x := f.itsSides(); *x != (sidesOfWords{}) {
		return x.oppose(other.itsSides())
	}
	return false
}

func (f *Form) itsSides() *sidesOfWords {
	if !f.sided {
		f.sided, f.sides = true, sidesOfWords{}
		for i := range f.tokens {
			f.sides.add(guardTables(), f.tokens[i].text)
		}
	}
	return &f.sides
}

// compound returns the side of the word that a longer word begins with. What
// follows must be long enough to be a name: Nordkorea, and not Norden.
func (g *guards) compound(word []byte) side {
	first, _ := utf8.DecodeRune(word)
	for _, head := range g.heads[first] {
		if len(word) > len(head) && string(word[:len(head)]) == head {
			script := ScriptOf(head)
			if n := runeLen(word[len(head):]); n >= 4 || n >= 2 && (script == Han || script == Hangul) {
				return g.sides[head]
			}
		}
	}
	return side{}
}
