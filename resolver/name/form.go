package name

import (
	"bytes"
)

// Bounds of a Form.
const (
	maxTokens = 12
	maxText   = 512
)

// Form is one name made ready for comparing: folded, split into words, each laid
// out for alignment. The zero Form is the empty name; Prepare reuses its memory,
// so a caller that keeps one does not allocate. Not safe for concurrent use.
type Form struct {
	key    []byte
	tokens []formToken
	raw    []Token
	serial uint64    // grows with every Prepare
	joined formToken // all words in one
	turned formToken // the last word first, then the others
	buf    []byte
	// sides are the sides its words are on (see Opposed), once sided is set.
	sides sidesOfWords
	sided bool
}

// formToken is one word of a Form.
type formToken struct {
	text   []byte
	script Script
	digits bool
	// short is one letter: an initial.
	short bool
	aside bool // stands beside the name, in an apposition
	kind  wordKind
	kin   bool // other languages have forms of it
	// info is how much the word tells, in tenths of a nat: what its letters
	// weigh against themselves.
	info int32
	// rarity scales info by how rare the word is among the names of a table.
	rarity  float32
	nick    bool    // has nicknames, or is one
	side    uint8   // of a pair of opposites
	guarded bool    // a name with confusable ones
	word    word    // Latin spelling; empty until asked for
	worded  bool    // word is laid
	lattice lattice // over the script's model; empty until asked for
	laid    bool
	respelt lattice // of plain, over the Latin model
	again   bool    // respelt is laid
	bare    lattice // of the word without its ending (see bareOf)
	bared   bool    // bare is laid
	plain   []byte  // Latin spelling as text, of words in other scripts
	sounds  uint16  // the sound classes of its Latin letters, as bits
	// opening and closing are the sounds of its first and last consonants.
	opening, closing uint16
}

// Prepare makes f the form of a name as written.
func (f *Form) Prepare(text string) {
	if len(text) > maxText {
		text = text[:maxText]
	}
	if plain, ok := unmasked(text); ok {
		text = plain
	}
	f.buf = AppendFold(f.buf[:0], text)
	before, after, comma := CutComma(text)
	if !comma {
		f.PrepareKey(f.buf)
		return
	}
	if n := apposition(before, after); n > 0 {
		f.PrepareKey(f.buf)
		for i := n; i < len(f.tokens); i++ {
			f.tokens[i].setAside()
		}
		return
	}
	f.buf = AppendFold(f.buf[:0], after)
	if len(f.buf) > 0 {
		f.buf = append(f.buf, ' ')
	}
	f.buf = AppendFold(f.buf, before)
	f.buf = bytes.TrimSuffix(f.buf, []byte(" "))
	f.PrepareKey(f.buf)
}

// apposition returns how many words stand before a comma whose other side is a
// rank and no given name (John Reid, Baron Reid of Cardowan); 0 when the comma
// parts a surname from a given name.
func apposition(before, after string) int {
	var key [maxText]byte
	var tokens [maxTokens]Token
	head := Tokens(tokens[:0], AppendFold(key[:0], before))
	n := len(head)
	if n < 2 {
		return 0
	}
	tail := Tokens(tokens[:0], AppendFold(key[:0], after))
	if len(tail) == 0 || !words().kinds[string(tail[0].Text)].little {
		return 0
	}
	return n
}

// PrepareKey makes f the form of a folded key.
func (f *Form) PrepareKey(key []byte) {
	f.Clear()
	f.key = joinSyllables(append(f.key[:0], key...))
	f.raw = Tokens(f.raw[:0], f.key)
	for i := 0; i < len(f.raw) && len(f.tokens) < maxTokens; i++ {
		t := f.raw[i]
		if word, n := words().phraseAt(f.raw[i:]); n > 0 {
			f.push(word, Latin)
			i += n - 1
			continue
		}
		if t.Script.unsegmented() || t.Script == Mixed {
			rest, generic, before := words().part(t.Text)
			switch {
			case len(generic) == 0 || words().apart[string(t.Text)][0] != "":
				f.pushGeneric(t.Text, t.Script)
			case before:
				f.pushGeneric(generic, scriptOf(generic))
				f.push(rest, scriptOf(rest))
			default:
				f.push(rest, scriptOf(rest))
				f.pushGeneric(generic, scriptOf(generic))
			}
			continue
		}
		f.push(t.Text, t.Script)
	}
}

// Clear makes f the empty name, to be spelt by [Form.Add].
func (f *Form) Clear() {
	f.serial++
	f.sided = false
	if cap(f.tokens) < maxTokens {
		f.tokens = make([]formToken, 0, maxTokens)
	}
	f.tokens = f.tokens[:0]
	f.joined.text, f.turned.text = f.joined.text[:0], f.turned.text[:0]
}

// Add adds a word that another form had, in the state it had there, and its
// rarity (see [Form.SetRarity]). The form keeps the text, which must not change
// until the form is made anew.
func (f *Form) Add(w Token, rarity float32, aside bool) {
	if len(f.tokens) == maxTokens {
		return
	}
	f.push(w.Text, w.Script)
	t := &f.tokens[len(f.tokens)-1]
	t.rarity = rarity
	if aside {
		t.setAside()
	}
}

// Aside reports whether word i tells less where it stands than elsewhere: it is
// of a rank that stands beside the name.
func (f *Form) Aside(i int) bool { return f.tokens[i].aside }

func (f *Form) push(text []byte, script Script) {
	if len(f.tokens) < maxTokens {
		f.tokens = f.tokens[:len(f.tokens)+1]
		f.tokens[len(f.tokens)-1].set(text, script)
	}
}

// pushGeneric pushes a word, or the two it is made of.
func (f *Form) pushGeneric(text []byte, script Script) {
	if two, ok := words().apart[string(text)]; ok {
		f.push(text[:len(two[0])], script)
		text = text[len(two[0]):]
	}
	f.push(text, script)
}

// Len returns the number of words.
func (f *Form) Len() int { return len(f.tokens) }

// Token returns word i of the form.
func (f *Form) Token(i int) Token {
	t := &f.tokens[i]
	return Token{Text: t.text, Script: t.script, Digits: t.digits}
}

// Guarded reports whether a word of the form has words that look like it and are
// not (see [Confusable] and [Opposed]).
func (f *Form) Guarded() bool {
	for i := range f.tokens {
		if t := &f.tokens[i]; t.guarded || t.side != 0 {
			return true
		}
	}
	return false
}

// SetRarity scales the weight of word i: about 1 for a word of middling rarity in
// the table the form is from, less for a common one. Forms start with 1 for all.
func (f *Form) SetRarity(i int, rarity float64) { f.tokens[i].rarity = float32(rarity) }

// whole returns all words as one, in order and with the last word first.
func (f *Form) whole() (straight, turned *formToken) {
	if len(f.joined.text) == 0 && len(f.tokens) > 0 {
		text := f.joined.text[:0]
		for i := range f.tokens {
			text = append(text, f.tokens[i].text...)
		}
		f.joined.set(text, f.tokens[0].script)
		last := len(f.tokens) - 1
		text = append(f.turned.text[:0], f.tokens[last].text...)
		for i := range last {
			text = append(text, f.tokens[i].text...)
		}
		f.turned.set(text, f.tokens[0].script)
	}
	return &f.joined, &f.turned
}

// spells reports whether all words are, in one, the word: in order or with the
// last first.
func (f *Form) spells(word []byte) bool {
	last := len(f.tokens) - 1
	for turn := range 2 {
		rest, same := word, true
		for i := range f.tokens {
			if rest, same = bytes.CutPrefix(rest, f.tokens[(i+turn*last)%(last+1)].text); !same {
				break
			}
		}
		if same && len(rest) == 0 {
			return true
		}
	}
	return false
}

func (t *formToken) set(text []byte, script Script) {
	// Field by field: a whole new value would clear two kilobytes of lattices.
	t.text, t.script, t.plain, t.rarity = text, script, t.plain[:0], 1
	t.laid, t.again, t.bared, t.worded, t.aside = false, false, false, false, false
	t.digits = allDigits(text)
	t.short = script != Han && script != Kana && script != Hangul && !t.digits && runeLen(text) == 1
	t.info, t.sounds, t.opening, t.closing = 0, 0, 0, 0
	if script == Latin {
		t.measure(text)
	} else if m := spellingModel(script); m != nil {
		t.lay()
		t.plain = t.lattice.romanise(t.plain)
		t.measure(t.plain)
	}
	if t.digits || t.info == 0 {
		t.info = int32(25 * len(text))
	}
	known := words().knownOf(text)
	t.kind, t.kin, t.nick, t.side, t.guarded = known.kind, known.kin, known.nick, known.side, known.guarded
	if t.kind.little {
		t.info /= 4
	}
}

// setAside marks a word that stands beside the name.
func (t *formToken) setAside() {
	t.aside, t.kind.little = true, true
	t.info /= 4
}

// measure weighs the letters of the Latin spelling and collects their sounds.
func (t *formToken) measure(latin []byte) {
	n := 0
	for _, c := range latin {
		if k := letterIndex(c); k > 0 && n < maxTo {
			t.info += letterInfo[k]
			n++
			if sounds := letterSounds[k]; sounds != 0 {
				if t.sounds == 0 {
					t.opening = sounds
				}
				t.closing = sounds
				t.sounds |= sounds
			}
		}
	}
}

// latin is the Latin spelling.
func (t *formToken) latin() []byte {
	if t.script == Latin || spellingModel(t.script) == nil {
		return t.text
	}
	return t.plain
}

// spelt lays the Latin spelling out for alignment.
func (t *formToken) spelt() *word {
	if !t.worded {
		t.worded = true
		if t.script == Latin {
			t.word.lay(t.text)
		} else {
			t.word.lay(t.plain)
		}
	}
	return &t.word
}

func (t *formToken) lay() *lattice {
	if !t.laid {
		t.laid = true
		t.lattice.n = 0
		if m := spellingModel(t.script); m != nil {
			t.lattice.layOut(m, t.text)
		}
	}
	return &t.lattice
}

// against is what a word weighs that stands against another: even a short one
// tells Kim Jong-il from Kim Yo-jong.
func (t *formToken) against() float64 {
	if t.kind.little {
		return float64(t.info)
	}
	return float64(max(t.info, leastAgainst))
}

// leastAgainst is the least weight of a word that stands against another, in
// tenths of a nat: that of two letters of middling rarity.
const leastAgainst = 65

// letterInfo is minus the logarithm of each letter's share of the letters of
// names, in tenths of a nat: a rare letter tells more. Shares are those of the
// Latin names that the weights were learned from.
var letterInfo = [27]int32{
	0, 20, 37, 36, 33, 24, 49, 38, 34, 25, 45, 31, 29, 34, 26, 28, 41, 62, 27, 28, 29, 33, 41, 44, 58, 41, 44,
}

// letterSounds are the classes of skeletonSymbols that a letter may stand for.
var letterSounds = func() (sounds [27]uint16) {
	for letter, classes := range map[byte]string{
		'b': "BF", 'p': "BF", 'f': "FB", 'v': "FB", 'w': "F", 't': "TS", 'd': "TS", 's': "S", 'z': "ST", 'c': "KS",
		'k': "K", 'q': "K", 'g': "KS", 'x': "KS", 'j': "SK", 'm': "MN", 'n': "NM", 'l': "LR", 'r': "RL",
	} {
		for i := range len(classes) {
			sounds[letterIndex(letter)] |= 1 << symbolCode(classes[i])
		}
	}
	return sounds
}()
