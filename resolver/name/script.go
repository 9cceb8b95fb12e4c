package name

import (
	"slices"
	"unicode/utf8"
)

// Script is a writing system, as far as reading names needs to tell them apart.
// The zero Script is unknown: no letters, or letters of none of these.
type Script uint8

// The scripts. Kana are both syllabaries; Bopomofo counts as Han.
const (
	Unknown Script = iota
	Latin
	Cyrillic
	Greek
	Armenian
	Georgian
	Hebrew
	Arabic
	Syriac
	Thaana
	Devanagari
	Bengali
	Gurmukhi
	Gujarati
	Oriya
	Tamil
	Telugu
	Kannada
	Malayalam
	Sinhala
	Thai
	Lao
	Tibetan
	Burmese
	Khmer
	Mongolian
	Ethiopic
	Cherokee
	Hangul
	Kana
	Han
	Canadian // Aboriginal syllabics
	Nko
	Olchiki
	Meetei // Mayek
	Gothic
	Tifinagh
	Adlam
	Vai
	// Mixed is a text of which no script holds more than half.
	Mixed
)

// Scripts is the number of Script values.
const Scripts = int(Mixed) + 1

var scriptWords = [Scripts]string{
	"Unknown", "Latin", "Cyrillic", "Greek", "Armenian", "Georgian", "Hebrew", "Arabic", "Syriac", "Thaana",
	"Devanagari", "Bengali", "Gurmukhi", "Gujarati", "Oriya", "Tamil", "Telugu", "Kannada", "Malayalam", "Sinhala",
	"Thai", "Lao", "Tibetan", "Burmese", "Khmer", "Mongolian", "Ethiopic", "Cherokee", "Hangul", "Kana", "Han",
	"Canadian", "Nko", "Olchiki", "Meetei", "Gothic", "Tifinagh", "Adlam", "Vai", "Mixed",
}

// String returns the English name of the script.
func (s Script) String() string {
	if int(s) < len(scriptWords) {
		return scriptWords[s]
	}
	return "Invalid"
}

// ParseScript reads the English name of a script; ok is false for any other
// text.
func ParseScript(s string) (script Script, ok bool) {
	i := slices.Index(scriptWords[:], s)
	return Script(max(i, 0)), i >= 0
}

// scriptBlock is a run of code points of one script. Blocks and not the exact
// script property: a name is told apart by its letters, and the punctuation
// inside a block never decides.
type scriptBlock struct {
	lo, hi rune
	script Script
}

var scriptBlocks = [...]scriptBlock{
	{0x41, 0x5A, Latin}, {0x61, 0x7A, Latin}, {0xAA, 0xAA, Latin}, {0xBA, 0xBA, Latin},
	{0xC0, 0xD6, Latin}, {0xD8, 0xF6, Latin}, {0xF8, 0x2AF, Latin},
	{0x370, 0x3FF, Greek}, {0x400, 0x52F, Cyrillic}, {0x531, 0x58A, Armenian}, {0x5D0, 0x5F2, Hebrew},
	{0x620, 0x64A, Arabic}, {0x66E, 0x6D3, Arabic}, {0x6D5, 0x6FF, Arabic}, {0x710, 0x74F, Syriac},
	{0x750, 0x77F, Arabic}, {0x780, 0x7BF, Thaana}, {0x7C0, 0x7FF, Nko}, {0x870, 0x8C9, Arabic},
	{0x900, 0x97F, Devanagari}, {0x980, 0x9FF, Bengali}, {0xA00, 0xA7F, Gurmukhi}, {0xA80, 0xAFF, Gujarati},
	{0xB00, 0xB7F, Oriya}, {0xB80, 0xBFF, Tamil}, {0xC00, 0xC7F, Telugu}, {0xC80, 0xCFF, Kannada},
	{0xD00, 0xD7F, Malayalam}, {0xD80, 0xDFF, Sinhala}, {0xE00, 0xE7F, Thai}, {0xE80, 0xEFF, Lao},
	{0xF00, 0xFFF, Tibetan}, {0x1000, 0x109F, Burmese}, {0x10A0, 0x10FF, Georgian}, {0x1100, 0x11FF, Hangul},
	{0x1200, 0x139F, Ethiopic}, {0x13A0, 0x13FF, Cherokee}, {0x1400, 0x167F, Canadian}, {0x1780, 0x17FF, Khmer}, {0x1800, 0x18AF, Mongolian},
	{0x18B0, 0x18FF, Canadian}, {0x1C50, 0x1C7F, Olchiki},
	{0x1C80, 0x1C8F, Cyrillic}, {0x1C90, 0x1CBF, Georgian}, {0x1E00, 0x1EFF, Latin}, {0x1F00, 0x1FFF, Greek},
	{0x2C60, 0x2C7F, Latin}, {0x2D00, 0x2D2F, Georgian}, {0x2D30, 0x2D7F, Tifinagh}, {0x2D80, 0x2DDF, Ethiopic}, {0x2DE0, 0x2DFF, Cyrillic},
	{0x2E80, 0x2FDF, Han}, {0x3005, 0x3007, Han}, {0x3041, 0x30FA, Kana}, {0x30FC, 0x30FF, Kana},
	{0x3105, 0x312F, Han}, {0x3131, 0x318E, Hangul}, {0x31A0, 0x31BF, Han}, {0x31F0, 0x31FF, Kana},
	{0x3400, 0x4DBF, Han}, {0x4E00, 0x9FFF, Han}, {0xA500, 0xA63F, Vai}, {0xA640, 0xA69F, Cyrillic}, {0xA720, 0xA7FF, Latin},
	{0xA960, 0xA97F, Hangul}, {0xAA60, 0xAA7F, Burmese}, {0xAAE0, 0xAAFF, Meetei}, {0xAB00, 0xAB2F, Ethiopic}, {0xAB30, 0xAB6F, Latin},
	{0xAB70, 0xABBF, Cherokee}, {0xABC0, 0xABFF, Meetei}, {0xAC00, 0xD7FF, Hangul}, {0xF900, 0xFAFF, Han}, {0xFB00, 0xFB06, Latin},
	{0xFB13, 0xFB17, Armenian}, {0xFB1D, 0xFB4F, Hebrew}, {0xFB50, 0xFDFF, Arabic}, {0xFE70, 0xFEFE, Arabic},
	{0xFF21, 0xFF3A, Latin}, {0xFF41, 0xFF5A, Latin}, {0xFF66, 0xFF9D, Kana}, {0xFFA0, 0xFFDC, Hangul},
	{0x10330, 0x1034F, Gothic}, {0x1AFF0, 0x1B16F, Kana}, {0x1E900, 0x1E95F, Adlam}, {0x20000, 0x323AF, Han},
}

// ScriptOfRune returns the script of one letter; Unknown for anything else.
func ScriptOfRune(r rune) Script {
	if r < 0x80 {
		if lower := r | 0x20; lower >= 'a' && lower <= 'z' {
			return Latin
		}
		return Unknown
	}
	lo, hi := 0, len(scriptBlocks)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if scriptBlocks[mid].hi < r {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(scriptBlocks) && scriptBlocks[lo].lo <= r {
		return scriptBlocks[lo].script
	}
	return Unknown
}

// ScriptOf returns the script that holds more than half of the letters of s,
// [Mixed] when none does and [Unknown] when there are no letters. It works on
// folded and on raw text and does not allocate.
func ScriptOf(s string) Script { return scriptOf(s) }

// scriptOf serves both string and byte-slice callers.
func scriptOf[T string | []byte](s T) Script {
	var count [Scripts]int
	letters := 0
	for i := 0; i < len(s); {
		if s[i] < utf8.RuneSelf {
			if lower := s[i] | 0x20; lower >= 'a' && lower <= 'z' {
				count[Latin]++
				letters++
			}
			i++
			continue
		}
		r, n := decode(s[i:])
		i += n
		if script := ScriptOfRune(r); script != Unknown {
			count[script]++
			letters++
		}
	}
	if letters == 0 {
		return Unknown
	}
	for script, n := range count {
		if 2*n > letters {
			return Script(script)
		}
	}
	return Mixed
}

func decode[T string | []byte](s T) (rune, int) {
	switch s := any(s).(type) {
	case string:
		return utf8.DecodeRuneInString(s)
	case []byte:
		return utf8.DecodeRune(s)
	}
	panic("unreachable")
}
