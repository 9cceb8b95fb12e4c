package text

import (
	"sync"
	"unicode"

	"onoma/resolver/name"
)

// class is what a character is to the tokenizer. Word boundaries are those of
// UAX 29, refined where names need it: an apostrophe parts a word, so that an
// article or an ending can be left off ("l'Ucraina", "Russia's"), and every
// character of a script that does not part its words is a token.
type class uint8

const (
	other     class = iota // punctuation and symbols that part names
	letter                 // of a script that parts its words
	digit                  //
	mark                   // combining, part of the letter before
	char                   // a letter of a script that does not part its words, or of Hangul
	ignored                // joiners, soft hyphens, marks of direction: part of nothing
	blank                  //
	newline                //
	stop                   // ends a sentence
	dot                    // may end a sentence
	comma                  //
	hyphen                 //
	quote                  // apostrophes, which join
	opening                // brackets and quotation marks that open
	closing                //
	middle                 // the dots that part names in kana, Han and Catalan
	joiner                 // the underscore, which makes one word of two
	ampersand              //
	slash                  // also @ # = and other marks of code and addresses
)

// classes holds the classes of the Basic Multilingual Plane.
var classes = sync.OnceValue(func() *[1 << 16]class {
	table := new([1 << 16]class)
	for r := range rune(1 << 16) {
		table[r] = classify(r)
	}
	return table
})

func classOf(table *[1 << 16]class, r rune) class {
	if r < 1<<16 {
		return table[r]
	}
	return classify(r)
}

func classify(r rune) class {
	switch r {
	case '\n', '\r', '\u2028', '\u2029', '\v', '\f', '\u0085':
		return newline
	case '!', '?', '…', '。', '！', '？', '؟', '۔', '।', '॥', '።', '｡', '‼', '⁉':
		return stop
	case '.', '．':
		return dot
	case ',', '،', '、', '，', ';', '；', ':', '：', '؛':
		return comma
	case '-', '\u2010', '\u2011', '\u2013', '\u05be':
		return hyphen
	case '\'', '’', 'ʼ', '`', '´', '‘', '′', '״', '׳':
		return quote
	case '·', '・', '･', '‧', '＝', '゠':
		return middle
	case '_':
		return joiner
	case '&', '＆':
		return ampersand
	case '/', '\\', '@', '#', '=', '<', '>', '{', '}', '|', '~', '^', '$', '%', '*', '+':
		return slash
	case '"', '“', '„', '«', '»', '”', '‹', '›', '「', '『', '」', '』', '‟':
		return opening
	case '\u200c', '\u200d', '\u00ad', '\ufeff', '\u200b', '\u2060':
		return ignored
	}
	switch {
	case unicode.IsMark(r):
		return mark
	case unicode.IsLetter(r) || r == 'ー':
		if byCharacter(name.ScriptOfRune(r)) {
			return char
		}
		return letter
	case unicode.IsNumber(r):
		return digit
	case unicode.IsSpace(r):
		return blank
	case unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r):
		return ignored
	case unicode.Is(unicode.Ps, r):
		return opening
	case unicode.Is(unicode.Pe, r):
		return closing
	case unicode.Is(unicode.Pd, r):
		return other // a dash parts, a hyphen joins
	}
	return other
}

// byCharacter reports scripts whose words are found character by character.
// Hangul is among them although it parts its words, because particles are
// written onto names.
func byCharacter(s name.Script) bool { return s == name.Hangul || unsegmented(s) }

func unsegmented(s name.Script) bool {
	switch s {
	case name.Han, name.Kana, name.Thai, name.Lao, name.Khmer, name.Burmese, name.Tibetan:
		return true
	}
	return false
}
