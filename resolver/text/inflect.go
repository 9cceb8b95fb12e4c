package text

import (
	"strings"
	"sync"

	"onoma/resolver/fact"
	"onoma/resolver/name"
)

// caseEnding is an ending and what a table's form has in its place.
type caseEnding struct{ ending, base string }

var caseEndings = sync.OnceValue(func() map[string][]caseEnding {
	all := map[string][]caseEnding{}
	for language, items := range lists("inflect.txt") {
		for _, item := range items {
			ending, base, ok := strings.Cut(item, "=")
			if !ok {
				panic("data/inflect.txt: " + item + " has no =")
			}
			if base == "-" {
				base = ""
			}
			all[language] = append(all[language], caseEnding{name.Fold(ending), name.Fold(base)})
		}
	}
	return all
})

// languageTraits holds the languages that have a trait, by base tag.
var languageTraits = sync.OnceValue(func() map[string]map[string]bool {
	traits := map[string]map[string]bool{}
	for trait, items := range lists("traits.txt") {
		traits[trait] = map[string]bool{}
		for _, tag := range items {
			traits[trait][tag] = true
		}
	}
	return traits
})

// kin holds pairs of languages whose names are mostly written alike: that of a name
// and that of a text.
var kin = sync.OnceValue(func() map[[2]string]bool {
	pairs := map[[2]string]bool{}
	for trait, tags := range languageTraits() {
		if larger, ok := strings.CutPrefix(trait, "spells "); ok {
			for tag := range tags {
				pairs[[2]string{larger, tag}] = true
			}
		}
		if !strings.HasPrefix(trait, "kin ") {
			continue
		}
		for a := range tags {
			for b := range tags {
				pairs[[2]string{a, b}] = true
			}
		}
	}
	return pairs
})

// speaks reports whether a name of the language is one of the document's: of its
// own language, of kin, or of every language.
func (w *work) speaks(language string) bool {
	if language == "" || language == "mul" || sameLanguage(language, w.language) {
		return true
	}
	a, _, _ := strings.Cut(language, "-")
	return kin()[[2]string{a, w.tag}]
}

const (
	leastCaseStem = 3  // characters before an ending
	mostCaseForms = 10 // forms of one word
	mostCaseKeys  = 64 // keys tried for one run
)

// caseForms appends the forms that a table may hold of a folded word of the
// document's language, the word itself first.
func (w *work) caseForms(dst []string, word string) []string {
	dst = append(dst, word)
	start := len(dst) - 1
	for _, e := range caseEndings()[w.tag] {
		stem, ok := strings.CutSuffix(word, e.ending)
		if !ok || len(stem) < leastCaseStem || len(dst)-start >= mostCaseForms {
			continue
		}
		dst = append(dst, stem+e.base)
	}
	return dst
}

// caseRun returns the end of the longest run from token i that is a key in the
// base form of its words, and that key; i when there is none.
func (w *work) caseRun(i, limit, least int) (int, string) {
	if caseEndings()[w.tag] == nil {
		w.barren[string(w.tokens.key(i))] |= barrenCase
		return i, ""
	}
	list := w.tokens.list
	w.forms = w.caseForms(w.forms[:0], string(w.tokens.key(i)))
	longest := 0
	for k, form := range w.forms {
		w.buffer = append(w.buffer[:0], form...)
		if n := w.first.longestFrom(w.buffer); k > 0 || n > 1 {
			longest = max(longest, n)
		}
	}
	if longest == 0 {
		w.barren[string(w.tokens.key(i))] |= barrenCase
		return i, ""
	}
	end := i + 1
	for end < limit && end-i < min(longest, maxInflected) {
		if ok, joined := w.tokens.bridges(end); !ok || joined {
			break
		}
		end++
	}
	for ; end >= i+least; end-- {
		if end-i == 1 && int(list[i].keyEnd-list[i].keyStart) < leastInflected {
			return i, ""
		}
		w.forms = w.caseForms(w.forms[:0], string(w.tokens.key(i)))
		ends := [maxInflected]int{len(w.forms)}
		for k := i + 1; k < end; k++ {
			w.forms = w.caseForms(w.forms, string(w.tokens.key(k)))
			ends[k-i] = len(w.forms)
		}
		left := mostCaseKeys
		if end-i == 1 {
			w.forms, ends[0] = w.forms[1:], ends[0]-1 // as it is written it has been looked up
		}
		if key := w.caseKey(ends[:end-i], 0, "", &left); key != "" {
			return end, key
		}
	}
	return i, ""
}

// caseKey extends the key by each form of word n and returns the first whole key
// that the table has.
func (w *work) caseKey(ends []int, n int, key string, left *int) string {
	if n == len(ends) {
		*left--
		w.buffer = append(w.buffer[:0], key...)
		names := w.table.Index().Lookup("", w.buffer)
		for k := range names.Len() {
			// An ending of this language off a word of another makes no demonym.
			if n := names.At(k); !strings.HasSuffix(n.Text(), "-") && (n.Kind() != fact.Demonym || w.speaks(n.Language())) {
				return key
			}
		}
		return ""
	}
	first := 0
	if n > 0 {
		first = ends[n-1]
	}
	for _, form := range w.forms[first:ends[n]] {
		if *left <= 0 {
			return ""
		}
		next := form
		if n > 0 {
			next = key + " " + form
		}
		if n <= 1 {
			w.buffer = append(w.buffer[:0], next...)
			if w.first.longestFrom(w.buffer) < len(ends) {
				continue
			}
		}
		if found := w.caseKey(ends, n+1, next, left); found != "" {
			return found
		}
	}
	return ""
}
