// Package writing knows which language a code of a source means, and in which
// scripts each language is written. The compile program cleans with it, and the
// lint of the seed checks with it.
package writing

import (
	_ "embed"
	"strings"
	"unicode"

	"golang.org/x/text/language"
)

//go:embed languages.txt
var languageTable string

type languages struct {
	alias   map[string]string   // code of a source → tag
	scripts map[string][]string // language → scripts beside the likely one
	rank    map[string]int      // tag → place in the order of preference
	tags    map[string]string   // cache of Tag
	allowed map[string][]*unicode.RangeTable
}

var lang = readLanguages(languageTable)

// readLanguages reads the three kinds of line of languages.txt. The file is
// compiled in, so a mistake in it is a programming error.
func readLanguages(text string) *languages {
	l := &languages{
		alias: map[string]string{}, scripts: map[string][]string{}, rank: map[string]int{},
		tags: map[string]string{}, allowed: map[string][]*unicode.RangeTable{},
	}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		switch f[0] {
		case "order":
			for _, t := range f[1:] {
				l.rank[t] = len(l.rank)
			}
		case "scripts":
			l.scripts[f[1]] = f[2:]
		case "alias":
			l.alias[f[1]] = f[2]
		default:
			panic("languages.txt: " + line)
		}
	}
	return l
}

// Tag turns the language code of a source (ISO 639-3, a CLDR locale, a wiki's
// code) into a BCP-47 tag in canonical form, without what distinguishes no name
// (the region of most locales). It is "" for a code that names no language.
func Tag(code string) string {
	if t, ok := lang.tags[code]; ok {
		return t
	}
	t := makeTag(code)
	lang.tags[code] = t
	return t
}

func makeTag(code string) string {
	if code == "" || code == "mul" {
		return code
	}
	if t, ok := lang.alias[strings.ToLower(strings.ReplaceAll(code, "_", "-"))]; ok {
		if t == "-" {
			return ""
		}
		return t
	}
	t, err := language.Parse(code)
	if err != nil {
		return ""
	}
	base, script, region := t.Raw()
	out := base.String()
	if known, ok := lang.alias[out]; ok && known != "-" {
		out = known
	}
	if s := script.String(); s != "Zzzz" {
		if likely, _ := language.Make(out).Script(); likely.String() != s {
			out += "-" + s
		}
	}
	// Locales repeat their language but for a few names; only those that write
	// otherwise keep their region.
	if r := region.String(); r != "ZZ" {
		if _, keep := lang.rank[out+"-"+r]; keep {
			out += "-" + r
		}
	}
	if out == "und" {
		return ""
	}
	return out
}

// Rank orders languages for the choice of the one that a text shared by
// several keeps: the order of languages.txt, then all others.
func Rank(tag string) int {
	if r, ok := lang.rank[tag]; ok {
		return r
	}
	if tag == "" {
		return len(lang.rank) + 1
	}
	return len(lang.rank)
}

// Listed is how many languages stand in the order of languages.txt: the Rank of
// all others is no less.
func Listed() int { return len(lang.rank) }

// scriptsOf returns the scripts a language is written in; nil when unknown.
func scriptsOf(tag string) []*unicode.RangeTable {
	if tables, ok := lang.allowed[tag]; ok {
		return tables
	}
	var tables []*unicode.RangeTable
	add := func(script string) {
		switch script {
		case "Jpan":
			tables = append(tables, unicode.Han, unicode.Hiragana, unicode.Katakana)
		case "Kore":
			tables = append(tables, unicode.Hangul, unicode.Han)
		case "Hans", "Hant", "Hani":
			tables = append(tables, unicode.Han, unicode.Bopomofo)
		default:
			if t, ok := unicode.Scripts[scriptName[script]]; ok {
				tables = append(tables, t)
			}
		}
	}
	if t, err := language.Parse(tag); err == nil && tag != "mul" && tag != "" {
		base, script, _ := t.Raw()
		if script.String() == "Zzzz" {
			likely, confidence := t.Script()
			if confidence > language.No {
				add(likely.String())
			}
			for _, s := range lang.scripts[base.String()] {
				add(s)
			}
		} else {
			add(script.String())
		}
	}
	lang.allowed[tag] = tables
	return tables
}

// Fits reports whether text is written in a script of the language: no letter of
// another script, but that Chinese, Japanese and Korean may mix Latin letters
// among their own, and every script acronyms and Roman numerals in Latin
// capitals ("Карл III").
func Fits(text, tag string) bool {
	tables := scriptsOf(tag)
	if tables == nil {
		return true
	}
	own, foreign := 0, 0
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ' ' || r == '-' || r == '־' }) {
		in, out := lettersIn(word, tables)
		if out > 0 && in == 0 && latinCapitals(word) {
			continue
		}
		own, foreign = own+in, foreign+out
	}
	return foreign == 0 && own > 0
}

// FitsPartly is [Fits] for a name with a brand in it ("компания Amazon"): one word
// in a script of the language is enough.
func FitsPartly(text, tag string) bool {
	for word := range strings.FieldsSeq(text) {
		if Fits(word, tag) {
			return true
		}
	}
	return false
}

// lettersIn counts the letters of word that are in tables and those that are not.
func lettersIn(word string, tables []*unicode.RangeTable) (in, out int) {
	mixes := tables[0] == unicode.Han || tables[0] == unicode.Hangul
	for _, r := range word {
		switch {
		case !unicode.IsLetter(r) || unicode.In(r, unicode.Common, unicode.Inherited):
		case unicode.In(r, tables...), mixes && r >= 0xff21 && r <= 0xff5a: // full-width Latin
			in++
		case mixes && r < 0x250:
			// Latin among Han or Hangul.
		default:
			out++
		}
	}
	return in, out
}

// latinCapitals reports whether a word is of Latin capitals, digits and dots.
func latinCapitals(word string) bool {
	return strings.IndexFunc(word, func(r rune) bool { return !(r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.') }) < 0
}

// OneScript reports whether the letters of text share a script (Japanese and
// Korean mixtures count as one): "москвa" with a Latin a does not.
func OneScript(text string) bool {
	var seen *unicode.RangeTable
	for _, r := range text {
		if !unicode.IsLetter(r) {
			continue
		}
		for _, t := range []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Arabic, unicode.Hebrew, unicode.Armenian, unicode.Georgian} {
			if unicode.Is(t, r) {
				if seen != nil && seen != t {
					return false
				}
				seen = t
			}
		}
	}
	return true
}

// scriptName maps ISO 15924 codes to the names of package unicode.
var scriptName = map[string]string{
	"Adlm": "Adlam", "Arab": "Arabic", "Armn": "Armenian", "Bali": "Balinese", "Beng": "Bengali", "Bugi": "Buginese",
	"Cakm": "Chakma", "Cans": "Canadian_Aboriginal", "Cher": "Cherokee", "Copt": "Coptic", "Cyrl": "Cyrillic",
	"Deva": "Devanagari", "Ethi": "Ethiopic", "Geor": "Georgian", "Goth": "Gothic", "Grek": "Greek", "Gujr": "Gujarati",
	"Guru": "Gurmukhi", "Hebr": "Hebrew", "Hmnp": "Nyiakeng_Puachue_Hmong", "Java": "Javanese", "Khmr": "Khmer",
	"Knda": "Kannada", "Laoo": "Lao", "Latn": "Latin", "Lisu": "Lisu", "Mlym": "Malayalam", "Mong": "Mongolian",
	"Mtei": "Meetei_Mayek", "Mymr": "Myanmar", "Nkoo": "Nko", "Olck": "Ol_Chiki", "Orya": "Oriya", "Osge": "Osage",
	"Plrd": "Miao", "Sinh": "Sinhala", "Sund": "Sundanese", "Syrc": "Syriac", "Taml": "Tamil", "Telu": "Telugu",
	"Tfng": "Tifinagh", "Thaa": "Thaana", "Thai": "Thai", "Tibt": "Tibetan", "Vaii": "Vai", "Yiii": "Yi",
}
