package name

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

//go:embed data/fold/letters.txt
var lettersFile string

//go:embed data/fold/han.txt
var hanFile string

// The two foldings are compiled at first use and never change after it.
var (
	foldTable  = sync.OnceValue(func() *table { return compileTable(true) })
	casedTable = sync.OnceValue(func() *table { return compileTable(false) })
)

// table maps every character to what becomes of it: an entry found by page and
// place. Pages that hold nothing but opKeep are all the first page.
type table struct {
	ascii [utf8.RuneSelf]byte
	page  [(unicode.MaxRune + 1) >> 8]uint16
	pages [][256]entry
	blob  []byte // texts of opText
}

// The values of table.ascii; a value from asciiLetter on is the folded byte.
const (
	asciiDrop = iota
	asciiSpace
	asciiDot
	asciiQuote
	asciiLetter
)

// entry is an operation in the top byte and its operand below: a rune, a
// combining class, or the place (16 bits) and length (8 bits) of a text.
type entry uint32

const (
	opKeep = iota
	opDrop
	opSpace
	opDot
	opRune
	opText
	opMark
	opHangul
)

func (e entry) op() uint8    { return uint8(e >> 24) }
func (e entry) rune() rune   { return rune(e & 0xFFFFFF) }
func (e entry) class() uint8 { return uint8(e) }

func (t *table) entry(r rune) entry { return t.pages[t.page[r>>8]][r&0xFF] }

func (t *table) text(e entry) []byte {
	at := int(e >> 8 & 0xFFFF)
	return t.blob[at : at+int(e&0xFF)]
}

func (t *table) set(r rune, e entry) {
	if t.page[r>>8] == 0 {
		if e == opKeep<<24 {
			return
		}
		t.page[r>>8] = uint16(len(t.pages))
		t.pages = append(t.pages, [256]entry{})
	}
	t.pages[t.page[r>>8]][r&0xFF] = e
}

// compiler holds the rules from which a table is made.
type compiler struct {
	folding bool
	letters map[rune]string // data/fold/letters.txt, and data/fold/han.txt
	digits  map[rune]rune
}

func compileTable(folding bool) *table {
	c := compiler{folding: folding, letters: map[rune]string{}, digits: digitsOfEveryScript()}
	c.readLetters(lettersFile)
	c.readHan(hanFile)

	t := &table{pages: make([][256]entry, 1)}
	for _, block := range foldedBlocks {
		for r := block[0]; r <= block[1]; r++ {
			t.set(r, c.entry(t, r))
		}
	}
	for r := range c.letters {
		if t.entry(r) == opKeep<<24 {
			t.set(r, c.entry(t, r))
		}
	}
	for r := rune(hangulBase); r < hangulEnd; r++ {
		t.set(r, opHangul<<24)
	}
	for r := range rune(utf8.RuneSelf) {
		t.ascii[r] = asciiClass(t.entry(r), byte(r))
	}
	return t
}

// foldedBlocks are the ranges in which any character may change; outside stand
// Han, Hangul syllables, private use and unassigned planes.
var foldedBlocks = [...][2]rune{
	{0, 0x33FF}, {0xA000, 0xABFF}, {0xD7A4, 0xD7FF}, {0xF900, 0x1BFFF}, {0x1CC00, 0x1FFFF},
	{0x2F800, 0x2FA1F}, {0xE0000, 0xE01EF},
}

func asciiClass(e entry, c byte) byte {
	switch e.op() {
	case opDrop:
		return asciiDrop
	case opDot:
		return asciiDot
	case opRune:
		return byte(e.rune())
	case opKeep:
		return c
	}
	if c == '"' {
		return asciiQuote
	}
	return asciiSpace
}

// entry compiles one character.
func (c *compiler) entry(t *table, r rune) entry {
	if isApostrophe(r) || isIgnorable(r) {
		return opDrop << 24
	}
	if r == '.' || r == '．' || r == '﹒' || r == '․' {
		return opDot << 24
	}
	if isVowelMark(r) {
		return entry(opMark<<24 | uint32(norm.NFKD.PropertiesString(string(r)).CCC()))
	}
	text := c.fold(r)
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		return opDrop << 24
	case text == " ":
		return opSpace << 24
	case text == string(r):
		return opKeep << 24
	case n == 1:
		only, _ := utf8.DecodeRuneInString(text)
		return opRune<<24 | entry(only)
	}
	at := len(t.blob)
	t.blob = append(t.blob, text...)
	return entry(opText<<24 | at<<8 | len(text))
}

// fold applies the rules to one character until nothing changes.
func (c *compiler) fold(r rune) string {
	// Formulas of blessing, eighteen letters in one character: never of a name.
	if r >= 0xFDFA && r <= 0xFDFB || r == 0xFDFD {
		return " "
	}
	text := string(r)
	for range 8 {
		var next strings.Builder
		for _, r := range text {
			c.rules(&next, r)
		}
		folded := squeeze(next.String())
		if folded == text {
			return text
		}
		text = folded
	}
	panic(fmt.Sprintf("folding %U does not settle", r))
}

// rules writes what one round of rules makes of r.
func (c *compiler) rules(out *strings.Builder, r rune) {
	switch {
	case isApostrophe(r) || isIgnorable(r):
		return
	case isVowelMark(r):
		out.WriteRune(r)
		return
	}
	if text, ok := c.letters[r]; ok {
		out.WriteString(text)
		return
	}
	if d, ok := c.digits[r]; ok {
		out.WriteRune(d)
		return
	}
	if decomposed := norm.NFKD.String(string(r)); decomposed != string(r) {
		out.WriteString(decomposed)
		return
	}
	switch {
	case unicode.Is(unicode.M, r):
		return
	case r >= 'ぁ' && r <= 'ゖ' || r == 'ゝ' || r == 'ゞ':
		out.WriteRune(r + ('ァ' - 'ぁ'))
	case unicode.In(r, unicode.P, unicode.S, unicode.Z, unicode.Cc):
		out.WriteByte(' ')
	case c.folding:
		// By way of upper case, so that letters with two lower forms meet.
		out.WriteRune(unicode.ToLower(unicode.ToUpper(r)))
	default:
		out.WriteRune(r)
	}
}

// squeeze collapses spaces but keeps one at either end: there it parts the text
// from its neighbours.
func squeeze(s string) string {
	for strings.Contains(s, "  ") {
		s = strings.ReplaceAll(s, "  ", " ")
	}
	return s
}

// isApostrophe reports the marks that stand inside words and change nothing:
// the apostrophe and its look-alikes, primes, modifier letters for the glottal
// stop and the ayn, and the Hebrew marks of abbreviation.
func isApostrophe(r rune) bool {
	switch r {
	case '\'', '`', 0xB4, '‘', '’', '‛', '′', '‵', '＇', '՚', '՛', '׳', '״', 'Ꞌ', 'ꞌ',
		0x0384, 0x1FBD, 0x1FBF, 0x1FEF, 0x1FFD, 0x1FFE: // Greek tonos, koronis and breathings, spaced
		return true
	}
	return r >= 0x02B0 && r <= 0x02FF
}

// isIgnorable reports characters without width or effect on the text: format
// controls, variation selectors, tags.
func isIgnorable(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// isVowelMark reports the combining marks that carry a sound: the signs of
// Indic and South-East Asian scripts less tones and accents of chant, the vowels
// of Thaana, and the voicing marks of kana.
func isVowelMark(r rune) bool {
	switch {
	case r == 0x3099 || r == 0x309A:
		return true
	case !unicode.Is(unicode.M, r), r >= 0x0951 && r <= 0x0954, r >= 0x1CD0 && r <= 0x1CFF:
		return false
	case r >= 0x0E48 && r <= 0x0E4B, r >= 0x0EC8 && r <= 0x0ECB, r == 0x1037:
		return false // tones of Thai, Lao and Burmese
	case r >= 0x0780 && r <= 0x07BF, r >= 0x0900 && r <= 0x109F, r >= 0x1700 && r <= 0x1AAF, r >= 0x1B00 && r <= 0x1CCF:
		return true
	}
	return r >= 0xA800 && r <= 0xAAFF || r >= 0xABC0 && r <= 0xABFF || r >= 0x11000 && r <= 0x11FFF
}

func digitsOfEveryScript() map[rune]rune {
	digits := map[rune]rune{}
	add := func(lo, hi rune) {
		for r := lo; r <= hi; r++ {
			digits[r] = '0' + (r-lo)%10
		}
	}
	for _, x := range unicode.Nd.R16[1:] { // the first range is ASCII
		add(rune(x.Lo), rune(x.Hi))
	}
	for _, x := range unicode.Nd.R32 {
		add(rune(x.Lo), rune(x.Hi))
	}
	return digits
}

// readLetters reads "letters: folded form".
func (c *compiler) readLetters(file string) {
	for line := range dataLines(file) {
		letters, folded, ok := strings.Cut(line, ":")
		if !ok {
			panic(fmt.Sprintf("letters.txt: line %q has no colon", line))
		}
		folded = strings.TrimSpace(folded)
		for _, r := range strings.TrimSpace(letters) {
			c.letters[r] = folded
			if upper := unicode.ToUpper(r); upper != r && upper >= utf8.RuneSelf {
				if c.folding {
					c.letters[upper] = folded
				} else {
					c.letters[upper] = strings.ToUpper(folded)
				}
			}
		}
	}
	// The capital sharp s is not the simple upper case of the small one.
	c.letters['ẞ'] = "SS"
	if c.folding {
		c.letters['ẞ'] = "ss"
	}
}

// readHan reads "simplified: traditional and Japanese forms".
func (c *compiler) readHan(file string) {
	for line := range dataLines(file) {
		to, from, ok := strings.Cut(line, ": ")
		if !ok {
			panic(fmt.Sprintf("han.txt: line %q has no colon", line))
		}
		for _, r := range from {
			c.letters[r] = to
		}
	}
}
