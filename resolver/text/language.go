package text

import (
	"sync"

	"onoma/resolver/name"
)

// languageWords maps a frequent word to the languages that use it, one bit each.
type languageWords struct {
	tags  []string
	words map[string]uint64
}

var languages = sync.OnceValue(func() *languageWords {
	l := &languageWords{words: map[string]uint64{}}
	for tag, items := range lists("languages.txt") {
		bit := uint64(1) << len(l.tags)
		if bit == 0 {
			panic("data/languages.txt: over 64 languages")
		}
		l.tags = append(l.tags, tag)
		for _, item := range items {
			l.words[name.Fold(item)] |= bit
		}
	}
	return l
})

// languageOfScript are the languages of scripts that one language writes, or
// that almost all text in the script is in.
var languageOfScript = [name.Scripts]string{
	name.Han: "zh", name.Kana: "ja", name.Hangul: "ko", name.Thai: "th", name.Lao: "lo", name.Khmer: "km", name.Burmese: "my",
	name.Armenian: "hy", name.Georgian: "ka", name.Hebrew: "he", name.Greek: "el", name.Bengali: "bn", name.Gurmukhi: "pa",
	name.Gujarati: "gu", name.Oriya: "or", name.Tamil: "ta", name.Telugu: "te", name.Kannada: "kn", name.Malayalam: "ml",
	name.Sinhala: "si", name.Tibetan: "bo", name.Ethiopic: "am", name.Thaana: "dv",
}

const (
	// guessTokens is how much of a text its language is told by.
	guessTokens = 2000
	// leastWords is how many frequent words tell a language.
	leastWords = 2
)

// guessLanguage tells the language of a text by its script and its frequent
// words; "und" when it cannot.
func guessLanguage(t *tokens) string {
	var scripts [name.Scripts]int
	l := languages()
	counts := make([]int, len(l.tags))
	for i := range t.list[:min(len(t.list), guessTokens)] {
		scripts[t.list[i].script]++
		if t.list[i].form&formUpper != 0 && t.list[i].form&formStart == 0 {
			continue
		}
		for set, tag := l.words[string(t.key(i))], 0; set != 0; set, tag = set>>1, tag+1 {
			counts[tag] += int(set & 1)
		}
	}
	// Kana between Han characters is Japanese.
	if scripts[name.Kana]*12 > scripts[name.Han] && scripts[name.Kana] > 0 {
		scripts[name.Kana] += scripts[name.Han]
	}
	best := 0
	for s, n := range scripts {
		if n > scripts[best] {
			best = s
		}
	}
	if tag := languageOfScript[best]; tag != "" {
		return tag
	}
	winner := 0
	for tag, n := range counts {
		if n > counts[winner] {
			winner = tag
		}
	}
	if counts[winner] < leastWords {
		return "und"
	}
	return l.tags[winner]
}
