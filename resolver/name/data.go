package name

import (
	"iter"
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
