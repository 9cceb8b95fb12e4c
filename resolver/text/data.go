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

// clitics are those that Arabic, Hebrew and Amharic write onto the next word, longest first.
var clitics = sync.OnceValue(func() []name.Clitic {
	var all []name.Clitic
	for _, script := range []name.Script{name.Arabic, name.Hebrew, name.Ethiopic} {
		for _, c := range name.Clitics(script) {
			if c.Front() {
				all = append(all, c)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b name.Clitic) int { return len(b.Text) - len(a.Text) })
	return all
})

// endings are what Korean writes onto names.
type endings struct {
	whole  map[string]bool // up to the end of the word
	starts []string        // before whatever follows
	heads  []string        // before particles or the end of the word
}

var particles = sync.OnceValue(func() *endings {
	e := &endings{whole: map[string]bool{}}
	for _, c := range name.Clitics(name.Hangul) {
		e.whole[c.Text] = true
	}
	for head, items := range lists("particles.txt") {
		switch _, kind, _ := strings.Cut(head, " "); kind {
		case "starts":
			e.starts = append(e.starts, items...)
		case "heads":
			e.heads = append(e.heads, items...)
		default:
			panic("data/particles.txt: no kind " + head)
		}
	}
	return e
})

// ordinary maps words that are also names of the table to the languages, parted by
// spaces, whose words they are.
var ordinary = sync.OnceValue(func() map[string]string {
	words := map[string]string{}
	for language, items := range lists("ordinary.txt") {
		for _, item := range items {
			words[name.Fold(item)] += " " + language
		}
	}
	return words
})

// foldedWords are the folded keys of all words of a file of lists.
func foldedWords(file string) map[string]bool {
	words := map[string]bool{}
	for _, items := range lists(file) {
		for _, item := range items {
			words[name.Fold(item)] = true
		}
	}
	return words
}

// isOrdinary reports whether the key is a word of some language.
func isOrdinary(key []byte) bool { return ordinary()[string(key)] != "" }

// isOrdinaryHere reports whether the key is a word of the document's language, or
// of any when that is not known.
func (w *work) isOrdinaryHere(key []byte) bool {
	languages := ordinary()[string(key)]
	return languages != "" && (w.language == "und" || strings.Contains(languages, w.tag))
}

func isLetter(r rune) bool { return unicode.IsLetter(r) }
func isUpper(r rune) bool  { return unicode.IsUpper(r) || unicode.IsTitle(r) }
