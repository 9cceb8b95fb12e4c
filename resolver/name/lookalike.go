package name

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

//go:embed data/fold/lookalikes.txt
var lookalikesFile string

// lookalikes hold, for a letter, the letters that look like it, by script.
var lookalikes = sync.OnceValue(func() map[rune]map[Script]rune {
	table := map[rune]map[Script]rune{}
	put := func(from, to rune) {
		if table[from] == nil {
			table[from] = map[Script]rune{}
		}
		if script := ScriptOfRune(to); table[from][script] == 0 {
			table[from][script] = to
		}
	}
	for line := range dataLines(lookalikesFile) {
		latin, others, ok := strings.Cut(line, ": ")
		if !ok {
			panic("lookalikes.txt: line " + line + " has no colon")
		}
		to, _ := utf8.DecodeRuneInString(latin)
		for _, from := range others {
			put(from, to)
			put(to, from)
			for _, other := range others {
				if other != from {
					put(from, other)
				}
			}
		}
	}
	return table
})

// mayMix reports whether text has letters of ASCII and of Greek or Cyrillic, of
// which one word may be made up. It costs a nanosecond a byte.
func mayMix(s string) bool {
	ascii, other := false, false
	for i := range len(s) {
		c := s[i]
		ascii = ascii || c|0x20 >= 'a' && c|0x20 <= 'z'
		other = other || c >= 0xCD && c <= 0xD4 // lead bytes of U+0340 to U+053F
	}
	return ascii && other
}

// unmasked returns text with each word that mixes scripts of one look written in
// the one that all its letters have: Mаriupоl' with Cyrillic a and o in Latin. ok
// is false when there is no such word.
func unmasked(s string) (plain string, ok bool) {
	if !mayMix(s) {
		return s, false
	}
	var out strings.Builder
	for len(s) > 0 {
		end := strings.IndexFunc(s, unicode.IsSpace)
		if end < 0 {
			end = len(s)
		}
		word, changed := unmaskedWord(s[:end])
		out.WriteString(word)
		ok = ok || changed
		s = s[end:]
		_, n := utf8.DecodeRuneInString(s)
		out.WriteString(s[:n])
		s = s[n:]
	}
	return out.String(), ok
}

func unmaskedWord(word string) (plain string, ok bool) {
	var letters [Scripts]int
	for _, r := range word {
		letters[ScriptOfRune(r)]++
	}
	if min(letters[Latin], letters[Cyrillic]+letters[Greek]) == 0 {
		return word, false
	}
	order := []Script{Latin, Cyrillic, Greek}
	slices.SortStableFunc(order, func(a, b Script) int { return letters[b] - letters[a] })
	for _, script := range order {
		if plain, ok = inScript(word, script); ok {
			return plain, true
		}
	}
	return word, false
}

// inScript writes a word in a script as far as it differs by look-alikes.
func inScript(word string, script Script) (string, bool) {
	var out strings.Builder
	for _, r := range word {
		switch of := ScriptOfRune(r); {
		case of == Unknown || of == script:
			out.WriteRune(r)
		case lookalikes()[r][script] != 0:
			out.WriteRune(lookalikes()[r][script])
		default:
			return "", false
		}
	}
	return out.String(), true
}
