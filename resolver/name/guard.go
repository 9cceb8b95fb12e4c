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
	if a == b {
		return false
	}
	g := guardTables()
	for _, set := range g.sets[a] {
		if slices.Contains(g.sets[b], set) {
			return true
		}
	}
	return false
}

// Opposed reports whether two folded names hold opposite words: north and south,
// upper and lower, junior and senior.
func Opposed(a, b []byte) bool {
	g := guardTables()
	x, y := g.sidesOf(a), g.sidesOf(b)
	for i := range x {
		if x[i] != 0 && y[i] != 0 && x[i]&y[i] == 0 {
			return true
		}
	}
	return false
}

// sidesOf returns the sides that the words of a key are on, as bits, by group.
func (g *guards) sidesOf(key []byte) (sides [8]uint8) {
	var tokens [maxTokens]Token
	for _, t := range Tokens(tokens[:0], key) {
		s, ok := g.sides[string(t.Text)]
		if !ok {
			s = g.compound(t.Text)
		}
		if s.group > 0 {
			sides[s.group-1] |= 1 << s.side
		}
	}
	return sides
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
