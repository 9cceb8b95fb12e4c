package name

import (
	"bytes"
	"unicode/utf8"
)

// Token is one word of a folded key, and what it is written in.
type Token struct {
	Text   []byte // aliases the key
	Script Script
	Digits bool // nothing but ASCII digits
}

// Tokens appends the words of a folded key to dst. The texts alias key.
func Tokens(dst []Token, key []byte) []Token {
	for len(key) > 0 {
		word := key
		if end := bytes.IndexByte(key, ' '); end >= 0 {
			word, key = key[:end], key[end+1:]
		} else {
			key = nil
		}
		if len(word) == 0 {
			continue
		}
		dst = append(dst, Token{Text: word, Script: scriptOf(word), Digits: allDigits(word)})
	}
	return dst
}

// joinSyllables takes the spaces between Tibetan letters out of a key, in place:
// dots part the syllables of Tibetan, and nothing its words.
func joinSyllables(key []byte) []byte {
	kept := key[:0]
	for i, c := range key {
		if n := len(kept); c == ' ' && n >= 3 && tibetan(kept[n-3:]) && tibetan(key[i+1:]) {
			continue
		}
		kept = append(kept, c)
	}
	return kept
}

// tibetan reports whether a key goes on with a letter of U+0F00 to U+0FFF.
func tibetan(key []byte) bool {
	return len(key) >= 3 && key[0] == 0xE0 && key[1] >= 0xBC && key[1] <= 0xBF
}

func allDigits(word []byte) bool {
	for _, c := range word {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// unsegmented reports scripts that write a whole name as one word.
func (s Script) unsegmented() bool {
	switch s {
	case Han, Hangul, Kana, Thai, Lao, Khmer, Burmese, Tibetan:
		return true
	}
	return false
}

// runeLen is the number of characters of a folded text, which is valid UTF-8.
func runeLen(text []byte) int {
	n := 0
	for _, c := range text {
		if utf8.RuneStart(c) {
			n++
		}
	}
	return n
}
