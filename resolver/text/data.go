package text

import (
	"embed"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"unicode"

	"onoma/resolver/name"
)

//go:embed data
var files embed.FS

// dataFile returns an embedded file. One that lacks is a mistake of the build.
func dataFile(path string) string {
	text, err := files.ReadFile("data/" + path)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// lists yields head and items of the lines "head: item, item" of a data file.
func lists(path string) iter.Seq2[string, []string] {
	return func(yield func(string, []string) bool) {
		for line := range strings.Lines(dataFile(path)) {
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' {
				continue
			}
			head, rest, ok := strings.Cut(line, ":")
			if !ok {
				panic(fmt.Sprintf("data/%s: line %q has no colon", path, line))
			}
			var items []string
			for item := range strings.SplitSeq(rest, ",") {
				if item = strings.TrimSpace(item); item != "" {
					items = append(items, item)
				}
			}
			if !yield(strings.TrimSpace(head), items) {
				return
			}
		}
	}
}

// clitic is what a word may begin with that is no part of a name.
type clitic struct {
	text    string
	instead string // what the name has in its place
	apart   bool   // is no part of the mention either
}

var clitics = sync.OnceValue(func() []clitic {
	var all []clitic
	for head, items := range lists("clitics.txt") {
		_, place, _ := strings.Cut(head, " ")
		for _, item := range items {
			text, instead, _ := strings.Cut(item, "=")
			all = append(all, clitic{strings.TrimSpace(text), strings.TrimSpace(instead), place == "apart"})
		}
	}
	slices.SortStableFunc(all, func(a, b clitic) int { return len(b.text) - len(a.text) })
	return all
})

// endings are what Korean writes onto names.
type endings struct {
	whole  map[string]bool // up to the end of the word
	starts []string        // before whatever follows
}

var particles = sync.OnceValue(func() *endings {
	e := &endings{whole: map[string]bool{}}
	for head, items := range lists("particles.txt") {
		for _, item := range items {
			if _, place, _ := strings.Cut(head, " "); place == "starts" {
				e.starts = append(e.starts, item)
			} else {
				e.whole[item] = true
			}
		}
	}
	return e
})

// ordinary holds words of any language that are also names of the table.
var ordinary = sync.OnceValue(func() map[string]bool {
	words := map[string]bool{}
	for _, items := range lists("ordinary.txt") {
		for _, item := range items {
			words[name.Fold(item)] = true
		}
	}
	return words
})

func isOrdinary(key []byte) bool { return ordinary()[string(key)] }

func isLetter(r rune) bool { return unicode.IsLetter(r) }
func isUpper(r rune) bool  { return unicode.IsUpper(r) || unicode.IsTitle(r) }
