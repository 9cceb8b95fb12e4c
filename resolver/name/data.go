package name

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// dataLines yields the lines of a data file, without blank lines and without
// lines that are comments.
func dataLines(file string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range strings.Lines(file) {
			line = strings.TrimRight(line, "\r\n")
			if trimmed := strings.TrimSpace(line); trimmed == "" || trimmed[0] == '#' {
				continue
			}
			if !yield(line) {
				return
			}
		}
	}
}

// stripLines yields place and folded text of the lines "language place: text,
// text".
func stripLines(name, file string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for line := range dataLines(file) {
			head, texts, ok := strings.Cut(line, ":")
			_, place, named := strings.Cut(strings.TrimSpace(head), " ")
			if !ok || !named {
				panic(fmt.Sprintf("%s: line %q is not \"language place: texts\"", name, line))
			}
			for text := range strings.SplitSeq(texts, ",") {
				if key := Fold(text); key != "" && !yield(place, key) {
					return
				}
			}
		}
	}
}

// longestFirst sorts so that the first match is the longest.
func longestFirst(list []string) {
	slices.SortFunc(list, func(a, b string) int {
		return cmp.Or(len(b)-len(a), strings.Compare(a, b))
	})
}
