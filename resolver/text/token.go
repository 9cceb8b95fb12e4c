package text

import (
	"unicode"
	"unicode/utf8"

	"onoma/resolver/name"
)

// token is one word of the text, or one character of a script whose words are
// found character by character.
type token struct {
	start, end       uint32 // bytes of the text
	keyStart, keyEnd uint32 // its folded form, in tokens.keys
	gap              gap    // what stands between it and the token before
	form             form
	script           name.Script
}

// gap is a set of what stands between two tokens.
type gap uint16

const (
	gapSpace gap = 1 << iota
	gapLine
	gapParagraph
	gapComma
	gapStop // the end of a sentence
	gapDot
	gapHyphen
	gapQuote // an apostrophe
	gapOpen
	gapClose
	gapMiddle
	gapAmpersand
	gapSlash
	gapOther
	gapFirst // before the first token
)

// form is how a word is written.
type form uint8

const (
	formUpper  form = 1 << iota // begins with a capital
	formCaps                    // nothing but capitals, two or more
	formCased                   // of a script that has case
	formDigits                  // has digits
	formStart                   // may be the first word of a sentence
	formTitle                   // in a line where capitals mean nothing
	formCode                    // an identifier or part of an address
	formChar                    // a character, not a word
)

// tokens is a text cut into words. Its memory is used again.
type tokens struct {
	text string
	list []token
	keys []byte
}

const (
	// maxWord is the longest word, in bytes, that can be part of a name.
	maxWord = 160
	// abbreviation is the longest word that a dot may follow inside a name.
	abbreviation = 3
	// bytesPerToken is a little less than texts have, to make room once.
	bytesPerToken = 6
)

func (t *tokens) key(i int) []byte {
	return t.keys[t.list[i].keyStart:t.list[i].keyEnd]
}

func (t *tokens) surface(from, to int) string {
	return t.text[t.list[from].start:t.list[to-1].end]
}

// cut tokenises the text in one pass. Bytes that are not UTF-8 part words.
func (t *tokens) cut(text string) {
	t.text, t.list, t.keys = text, t.list[:0], t.keys[:0]
	if cap(t.list) < len(text)/bytesPerToken {
		t.list = make([]token, 0, len(text)/bytesPerToken)
	}
	table := classes()
	pending := gapFirst
	lines := 0
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		switch c := classOf(table, r); c {
		case letter, digit, joiner:
			i = t.word(table, i, pending)
			pending, lines = 0, 0
			continue
		case char:
			i = t.char(table, i, size, r, pending)
			pending, lines = 0, 0
			continue
		case mark, ignored:
		case newline:
			if r == '\n' || r == '\u2028' || r == '\u2029' {
				lines++
			}
			if pending |= gapLine; lines > 1 || r == '\u2029' {
				pending |= gapParagraph
			}
		case dot:
			pending |= gapDot
			if rest := text[i+size:]; (rest == "" || !wordByte(rest[0])) && !t.abbreviates() {
				pending |= gapStop
			}
		case comma:
			if pending |= gapComma; r == ':' || r == '：' {
				pending |= gapOther
			}
		default:
			pending |= gaps[c]
		}
		i += size
	}
	t.markLines()
}

// abbreviates reports whether a dot behind the last token marks an initial or
// a short title and not the end of a sentence: "J. Biden", "Mr. Kirby".
func (t *tokens) abbreviates() bool {
	if len(t.list) == 0 {
		return false
	}
	w := &t.list[len(t.list)-1]
	if w.form&(formUpper|formDigits|formChar) != formUpper || w.letters() > abbreviation {
		return false
	}
	last, _ := utf8.DecodeLastRuneInString(t.text[w.start:w.end])
	return w.letters() == 1 || !isUpper(last) // "the EU." ends a sentence
}

func wordByte(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
}

var gaps = [...]gap{
	other: gapOther, blank: gapSpace, stop: gapStop, hyphen: gapHyphen, quote: gapQuote, opening: gapOpen,
	closing: gapClose, middle: gapMiddle, ampersand: gapAmpersand, slash: gapSlash,
}

// word appends the word that begins at i and returns its end.
func (t *tokens) word(table *[1 << 16]class, i int, before gap) int {
	text := t.text
	w := token{start: uint32(i), gap: before, keyStart: uint32(len(t.keys))}
	ascii, uppers, letters := true, 0, 0
	for i < len(text) {
		c := text[i]
		if c < utf8.RuneSelf {
			if c >= 'a' && c <= 'z' {
				letters++
			} else if c >= 'A' && c <= 'Z' {
				if letters == 0 {
					w.form |= formUpper
				}
				letters++
				uppers++
			} else if c >= '0' && c <= '9' {
				w.form |= formDigits
			} else if c == '_' {
				w.form |= formCode
			} else if c == '"' && w.script == name.Hebrew && beginsHebrew(text[i+1:]) {
				ascii = false // the mark of an abbreviation: ארה"ב
			} else {
				break
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		kind := classOf(table, r)
		if r == '״' && w.script == name.Hebrew && beginsHebrew(text[i+size:]) {
			kind = mark
		}
		if kind != letter && kind != mark && kind != digit && kind != ignored {
			break
		}
		ascii = false
		if kind == letter {
			if w.script == 0 {
				w.script = name.ScriptOfRune(r)
			}
			if upper := unicode.IsUpper(r) || unicode.IsTitle(r); upper {
				if letters == 0 {
					w.form |= formUpper
				}
				uppers++
			}
			letters++
		}
		i += size
	}
	w.end = uint32(i)
	if ascii || w.script == 0 {
		w.script = name.Latin
	}
	switch w.script {
	case name.Latin, name.Cyrillic, name.Greek, name.Armenian:
		w.form |= formCased
	}
	if uppers > 1 && uppers == letters {
		w.form |= formCaps
	}
	if starts(before) {
		w.form |= formStart
	}
	if int(w.end-w.start) > maxWord {
		w.form |= formCode
	} else if ascii {
		for _, c := range []byte(text[w.start:w.end]) {
			if c-'A' < 26 {
				c |= 0x20
			}
			t.keys = append(t.keys, c)
		}
	} else {
		t.keys = name.AppendFold(t.keys, text[w.start:w.end])
	}
	w.keyEnd = uint32(len(t.keys))
	t.list = append(t.list, w)
	return i
}

func beginsHebrew(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return name.ScriptOfRune(r) == name.Hebrew && unicode.IsLetter(r)
}

// char appends one character with its marks.
func (t *tokens) char(table *[1 << 16]class, i, size int, r rune, before gap) int {
	w := token{start: uint32(i), gap: before, keyStart: uint32(len(t.keys)), form: formChar, script: name.ScriptOfRune(r)}
	if r == 'ー' {
		w.script = name.Kana
	}
	i += size
	for i < len(t.text) && t.text[i] >= utf8.RuneSelf {
		r, size := utf8.DecodeRuneInString(t.text[i:])
		if c := classOf(table, r); c != mark && c != ignored {
			break
		}
		i += size
	}
	w.end = uint32(i)
	if starts(before) {
		w.form |= formStart
	}
	if i-int(w.start) <= maxWord {
		t.keys = name.AppendFold(t.keys, t.text[w.start:w.end])
	}
	w.keyEnd = uint32(len(t.keys))
	t.list = append(t.list, w)
	return i
}

// starts reports whether a word behind the gap may be the first of a sentence,
// and its capital mean nothing.
func starts(g gap) bool {
	return g&(gapStop|gapLine|gapParagraph|gapOpen|gapFirst|gapOther) != 0
}

// markLines marks the words of lines in which most words begin with a capital,
// as in headlines and tables of contents: case says nothing there.
func (t *tokens) markLines() {
	const least, share = 4, 0.8
	for from := 0; from < len(t.list); {
		to, upper, cased, sentences := from, 0, 0, false
		for ; to < len(t.list) && (to == from || t.list[to].gap&gapLine == 0); to++ {
			w := &t.list[to]
			sentences = sentences || to > from && w.gap&gapStop != 0
			if w.form&formCased != 0 && w.end-w.start > 3 && w.form&formDigits == 0 {
				cased++
				if w.form&formUpper != 0 {
					upper++
				}
			}
		}
		// German writes most long words of a sentence with one.
		if cased >= least && float64(upper) >= share*float64(cased) && (!sentences || upper == cased) {
			for i := from; i < to; i++ {
				t.list[i].form |= formTitle
			}
		}
		from = to
	}
}

// bridges reports whether the gap before token i can stand inside a name, and
// whether the words on its sides are written as one.
func (t *tokens) bridges(i int) (ok, joined bool) {
	w := &t.list[i]
	g := w.gap
	switch {
	case g == 0:
		return w.form&formChar != 0 || t.list[i-1].form&formChar != 0, true
	case g == gapSpace, g == gapHyphen, g == gapLine, g == gapSpace|gapLine, g == gapMiddle, g == gapSpace|gapAmpersand, g == gapHyphen|gapLine:
		return true, false
	case g == gapQuote:
		return true, true
	case g == gapDot:
		return true, w.letters() == 1 && t.list[i-1].letters() == 1 && w.form&t.list[i-1].form&formUpper != 0
	case g&^(gapDot|gapSpace) == 0 && g&gapDot != 0:
		return t.list[i-1].letters() <= abbreviation, false
	case g == gapAmpersand:
		return true, false
	}
	return false, false
}

// letters is the length of a word, in bytes, which for one letter is 1 or 2.
func (w *token) letters() int {
	n := int(w.end - w.start)
	if n == 2 && w.script != name.Latin {
		return 1
	}
	return n
}
