package name

import "unicode/utf8"

// Version of the normaliser: part of every cache key and of the header of every
// snapshot. It grows with any change of what [AppendFold] or [AppendCased]
// answers for assigned characters.
const Version = 1

// maxMarks is how many reordered marks in a row are kept: a real syllable holds
// two, and a bound keeps hostile text linear.
const maxMarks = 4

// FoldBound returns the longest key, in bytes, that n bytes of text can fold to.
// The widest are the squared kana words: three bytes for six voiced kana.
func FoldBound(n int) int { return 8 * n }

// AppendFold appends the folded key of s to dst: the form under which two
// spellings of one name meet when they differ only in how they are written.
//
//   - compatibility decomposition (NFKD), full case folding
//   - marks dropped where they are diacritics (Latin, Greek, Cyrillic, Arabic,
//     Hebrew), kept where they are vowels or voicing (Indic and other
//     South-East Asian scripts, kana)
//   - letters that decomposition leaves apart: data/fold/letters.txt
//   - hiragana as katakana, traditional Han as simplified (data/fold/han.txt),
//     digits of every script as ASCII
//   - apostrophes, and dots between single letters, removed (O’Neill is oneill,
//     U.S.A. is usa); all other punctuation and symbols one space
//   - characters without width or with control of direction removed
//   - no space at either end, and one between words
//
// It is total: every byte that is not UTF-8 is dropped, and text of nothing but
// punctuation has the empty key. It is idempotent, never longer than
// [FoldBound], and does not allocate when dst has room. Safe for concurrent use.
// Cost: a nanosecond or two a byte of ASCII, about ten a character elsewhere.
func AppendFold(dst []byte, s string) []byte { return foldTable().append(dst, s) }

// Fold is [AppendFold] into a new string.
func Fold(s string) string { return string(AppendFold(make([]byte, 0, len(s)+16), s)) }

// AppendCased is [AppendFold] without case folding: how acronyms are compared
// ("U.N." is "UN", never "un").
func AppendCased(dst []byte, s string) []byte { return casedTable().append(dst, s) }

// append is the one loop of both foldings. Between characters it holds whether a
// space is due before the next letter, and where the current run of letters
// began, for the rule of dots.
func (t *table) append(dst []byte, s string) []byte {
	start := len(dst)
	run := start // first byte after the last space or removed dot
	due := false // a space is due, if anything stands before it
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			i++
			if o := t.ascii[c]; o >= asciiLetter {
				if due {
					dst, due = space(dst, start), false
					run = len(dst)
				}
				dst = append(dst, o)
			} else if o == asciiDot {
				if !due && single(dst[run:]) && t.singleAhead(s[i:]) {
					run = len(dst)
				} else {
					due = true
				}
			} else if o == asciiQuote {
				due = due || !t.gershayim(dst, s[i:])
			} else if o == asciiSpace {
				due = true
			}
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			i++
			continue
		}
		e := t.entry(r)
		at := i
		i += n
		switch e.op() {
		case opDrop:
			continue
		case opSpace:
			due = true
			continue
		case opDot:
			if !due && single(dst[run:]) && t.singleAhead(s[i:]) {
				run = len(dst)
			} else {
				due = true
			}
			continue
		case opText:
			text := t.text(e)
			if text[0] == ' ' {
				due = true
				text = text[1:]
			}
			if due {
				dst, due = space(dst, start), false
				run = len(dst)
			}
			if tail := len(text) - 1; text[tail] == ' ' {
				due = true
				text = text[:tail]
			}
			dst = append(dst, text...)
			continue
		case opMark:
			if due {
				dst, due = space(dst, start), false
				run = len(dst)
			}
			dst = t.mark(dst, run, s[at:i], e.class())
			continue
		}
		if due {
			dst, due = space(dst, start), false
			run = len(dst)
		}
		switch e.op() {
		case opKeep:
			dst = append(dst, s[at:i]...)
		case opRune:
			dst = utf8.AppendRune(dst, e.rune())
		case opHangul:
			dst = appendJamo(dst, r)
		}
	}
	return dst
}

// space appends a space unless nothing stands before it.
func space(dst []byte, start int) []byte {
	if len(dst) == start {
		return dst
	}
	return append(dst, ' ')
}

// single reports whether run is one letter.
func single(run []byte) bool {
	if len(run) == 0 || len(run) > utf8.UTFMax || run[0] >= '0' && run[0] <= '9' {
		return false
	}
	_, n := utf8.DecodeRune(run)
	return n == len(run)
}

// singleAhead reports whether s begins with one letter and then anything but a
// letter: the next member of "U.S.A.".
func (t *table) singleAhead(s string) bool {
	letters := 0
	// Marks and invisible characters do not count; a bound on them keeps
	// hostile text linear.
	for seen := 0; len(s) > 0 && seen < 8; seen++ {
		r, n := utf8.DecodeRuneInString(s)
		s = s[n:]
		switch e := t.entry(r); e.op() {
		case opDrop:
			continue
		case opSpace, opDot:
			return letters == 1
		case opText, opHangul, opMark:
			return false
		case opRune:
			if r := e.rune(); r >= '0' && r <= '9' {
				return false
			}
		}
		if r >= '0' && r <= '9' {
			return false
		}
		if letters++; letters > 1 {
			return false
		}
	}
	return letters == 1
}

// gershayim reports whether a double quote between dst and s is the mark of a
// Hebrew acronym, typed as ASCII.
func (t *table) gershayim(dst []byte, s string) bool {
	before, _ := utf8.DecodeLastRune(dst)
	after, _ := utf8.DecodeRuneInString(s)
	return hebrew(before) && hebrew(after)
}

func hebrew(r rune) bool { return r >= 'א' && r <= 'ת' }

// mark appends a kept mark in canonical order: after the marks before it whose
// combining class is not greater.
func (t *table) mark(dst []byte, run int, mark string, class uint8) []byte {
	at, count := len(dst), 0
	for end := len(dst); end > run; {
		r, n := utf8.DecodeLastRune(dst[run:end])
		e := t.entry(r)
		if e.op() != opMark || e.class() == 0 {
			break
		}
		if count++; count >= maxMarks {
			return dst
		}
		end -= n
		if e.class() > class {
			at = end
		}
	}
	dst = append(dst, mark...)
	if moved := len(dst) - len(mark); at < moved {
		copy(dst[at+len(mark):], dst[at:moved])
		copy(dst[at:], mark)
	}
	return dst
}

// appendJamo appends the conjoining jamo of a Hangul syllable: the arithmetic
// decomposition of the Unicode Standard, section 3.12.
func appendJamo(dst []byte, r rune) []byte {
	n := r - hangulBase
	dst = utf8.AppendRune(dst, 0x1100+n/588)
	dst = utf8.AppendRune(dst, 0x1161+n%588/28)
	if t := n % 28; t != 0 {
		dst = utf8.AppendRune(dst, 0x11A7+t)
	}
	return dst
}

const (
	hangulBase = 0xAC00
	hangulEnd  = 0xD7A4
)
