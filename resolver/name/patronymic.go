package name

import (
	"bytes"
	_ "embed"
	"strings"
	"sync"
)

//go:embed data/words/patronymics.txt
var patronymicsFile string

// patronymics are how languages make the name of the father a part of a name: by an
// ending, or by a word before it.
var patronymics = sync.OnceValue(func() (p struct{ endings, before []string }) {
	for line := range dataLines(patronymicsFile) {
		place, list, _ := strings.Cut(line, ":")
		for text := range strings.SplitSeq(list, ",") {
			if key := Fold(text); place == "ending" {
				p.endings = append(p.endings, key)
			} else {
				p.before = append(p.before, key)
			}
		}
	}
	return p
})

// patronymicShare is what a patronymic tells, of what its letters do, where the
// other name has none: lists write it, news leaves it out.
const patronymicShare = 0.4

// tells is what word i weighs that the other name has not.
func (f *Form) tells(i int) float64 {
	info := float64(f.tokens[i].info)
	if f.isPatronymic(i) {
		return info * patronymicShare
	}
	return info
}

// isPatronymic reports whether word i says whose child is meant; never the only
// other word of a name, for it may be the surname.
func (f *Form) isPatronymic(i int) bool {
	t := &f.tokens[i]
	if t.kind.little || i == 0 || len(f.tokens) < 3 {
		return false
	}
	for _, before := range patronymics().before {
		if string(f.tokens[i-1].text) == before {
			return true
		}
	}
	for _, e := range patronymics().endings {
		if len(t.text) > len(e)+2 && bytes.HasSuffix(t.text, []byte(e)) {
			return true
		}
	}
	return false
}
