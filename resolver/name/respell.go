package name

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"
)

//go:embed data/respell.txt
var respellFile string

// respelling is how some languages write foreign names as they sound.
type respelling struct {
	marks    map[pair]bool
	unmarked bool // reads names without marks too
	endings  [][]rune
	letters  map[pair]string // in Cyrillic, folded
	spoken   []string        // primary language tags
}

// pair is one letter, or two that spell one sound.
type pair [2]rune

func pairOf(text string) (p pair) {
	letters := []rune(text)
	if len(letters) == 0 || len(letters) > len(p) {
		panic(fmt.Sprintf("respell.txt: %q is not one or two letters", text))
	}
	copy(p[:], letters)
	return p
}

var respellings = sync.OnceValue(func() []respelling {
	var all []respelling
	for line := range dataLines(respellFile) {
		if _, head, ok := strings.Cut(line, ":"); ok {
			parts := strings.Split(head, "|")
			if len(parts) != 3 {
				panic(fmt.Sprintf("respell.txt: %q is not marks, endings and languages", head))
			}
			all = append(all, newRespelling(strings.Fields(parts[0]), strings.Fields(parts[1]), strings.Fields(parts[2])))
			continue
		}
		r := &all[len(all)-1]
		for spelling := range strings.SplitSeq(line, ",") {
			latin, cyrillic, ok := strings.Cut(strings.TrimSpace(spelling), " ")
			if !ok {
				panic(fmt.Sprintf("respell.txt: %q is not two spellings", spelling))
			}
			r.letters[pairOf(latin)] = Fold(cyrillic)
		}
	}
	common, own := all[0], all[1:]
	for i := range own {
		for latin, cyrillic := range common.letters {
			if own[i].letters[latin] == "" {
				own[i].letters[latin] = cyrillic
			}
		}
	}
	return own
})

func newRespelling(marks, endings, spoken []string) respelling {
	r := respelling{marks: map[pair]bool{}, letters: map[pair]string{}, spoken: spoken}
	for _, mark := range marks {
		if mark == "-" {
			r.unmarked = true
		} else {
			r.marks[pairOf(mark)] = true
		}
	}
	longestFirst(endings)
	for _, e := range endings {
		r.endings = append(r.endings, []rune(e))
	}
	return r
}

// SpellsByEar reports whether texts in a language, a BCP-47 tag, may write foreign names
// as they sound; of one that is not said they may.
func SpellsByEar(language string) bool {
	primary, _, _ := strings.Cut(language, "-")
	return primary == "" || primary == "und" || slices.ContainsFunc(respellings(), func(r respelling) bool {
		return slices.Contains(r.spoken, primary)
	})
}

// Respellings appends the folded keys of a name in Latin letters as it sounds, in
// Cyrillic letters: one for each way in which languages that write foreign names by
// ear may have written it; none for one with digits. It uses the memory of dst again.
func Respellings(dst [][]byte, text string) [][]byte {
	var room [maxText]rune
	letters := room[:0]
	for _, r := range text {
		if unicode.IsDigit(r) {
			return dst // no number is foreign
		}
		if len(letters) < cap(letters) {
			letters = append(letters, unicode.ToLower(r))
		}
	}
	all, start := respellings(), len(dst)
	marked := slices.ContainsFunc(all, func(r respelling) bool { return r.marked(letters) })
	for i := range all {
		if r := &all[i]; marked && !r.marked(letters) || !marked && !r.unmarked {
			continue
		}
		dst = slices.Grow(dst, 1)[:len(dst)+1]
		last := &dst[len(dst)-1]
		*last = all[i].spell((*last)[:0], letters)
		if slices.ContainsFunc(dst[start:len(dst)-1], func(had []byte) bool { return bytes.Equal(had, *last) }) {
			dst = dst[:len(dst)-1]
		}
	}
	return dst
}

func (r *respelling) marked(text []rune) bool {
	for i := range text {
		if r.marks[pair{text[i]}] || i > 0 && r.marks[pair{text[i-1], text[i]}] {
			return true
		}
	}
	return false
}

// spell appends text, in lower case, in Cyrillic letters and without endings.
func (r *respelling) spell(dst []byte, text []rune) []byte {
	start := len(dst)
	for len(text) > 0 {
		n := 0
		for n < len(text) && inWord(text[n]) {
			n++
		}
		if n == 0 {
			text = text[1:]
			continue
		}
		if len(dst) > start {
			dst = append(dst, ' ')
		}
		dst = r.spellWord(dst, r.stem(text[:n]))
		text = text[n:]
	}
	return dst
}

// inWord reports the letters, and the apostrophes that are letters in Uzbek.
func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) || r == 'ʻ' || r == 'ʼ' }

func (r *respelling) spellWord(dst []byte, word []rune) []byte {
	for len(word) > 0 {
		if len(word) > 1 {
			if to := r.letters[pair{word[0], word[1]}]; to != "" {
				dst, word = append(dst, to...), word[2:]
				continue
			}
		}
		to := r.letters[pair{word[0]}]
		if to == "" { // perhaps a letter that only differs by a mark
			var room [8]byte
			if plain := AppendFold(room[:0], string(word[:1])); len(plain) == 1 {
				to = r.letters[pair{rune(plain[0])}]
			}
		}
		dst, word = append(dst, to...), word[1:]
	}
	return dst
}

// stem returns a word without the ending that the language gave it.
func (r *respelling) stem(word []rune) []rune {
	for _, e := range r.endings {
		if n := len(word) - len(e); n > 2 && slices.Equal(word[n:], e) {
			return word[:n]
		}
	}
	return word
}
