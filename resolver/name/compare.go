package name

import (
	"bytes"
	"math/bits"
	"slices"
	"unicode/utf8"
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

// romanise appends the likeliest Latin spelling of the word: of all chunk
// spellings the most probable, which is their evidence less what their letters
// tell by themselves.
func (l *lattice) romanise(dst []byte) []byte {
	m := l.m
	if m == nil {
		return dst
	}
	type step struct {
		weight int32
		alt    uint64
		n      uint8
		units  uint8
	}
	var best [maxFrom + 1]step
	for i := l.n - 1; i >= 0; i-- {
		best[i] = step{weight: best[i+1].weight - 90, units: 1}
		for k, at := range l.chunks[i] {
			if at < 0 {
				continue
			}
			chunk := &m.chunks[at]
			for _, alt := range m.alts[chunk.first[0]:chunk.first[27]] {
				weight := best[i+k+1].weight + int32(alt.weight)
				for s := alt.letters; s != 0; s >>= 8 {
					weight -= letterInfo[letterIndex(byte(s))]
				}
				if weight > best[i].weight {
					best[i] = step{weight, alt.letters, alt.n, uint8(k + 1)}
				}
			}
		}
	}
	for i := 0; i < l.n; i += int(best[i].units) {
		for s := best[i].alt; s != 0; s >>= 8 {
			dst = append(dst, byte(s))
		}
	}
	return dst
}

// Romanise appends the likeliest Latin spelling of a folded word.
func Romanise(dst, word []byte, script Script) []byte {
	m := spellingModel(script)
	if script == Latin || m == nil {
		return append(dst, word...)
	}
	var l lattice
	l.layOut(m, word)
	return l.romanise(dst)
}

// Comparison says how a query and a name compare, word by word. All shares are
// of information (tenths of nats, rare letters and long words weigh more) and lie
// in [0, 1].
type Comparison struct {
	// Similarity sums it up, in [0, 1]: 1 for the same words in any order.
	Similarity float64
	// Evidence is the weight of the aligned words, in nats: how much likelier
	// the agreement is if the two are one name than by chance.
	Evidence float64
	// Query and Name are the shares of either side that is aligned.
	Query, Name float64
	// Contradicted is the share of the query that stands against other words
	// of the name; Missing and Extra are what one side has more than the other.
	Contradicted, Missing, Extra float64
	// Worst is the similarity of the worst aligned pair of words.
	Worst float64
	// Words, Initials, Nicknames and Joined count aligned pairs by how they met.
	Words, Initials, Nicknames, Joined int
	// OutOfOrder is set when the aligned words stand in another order, or the
	// words that stand against each other do: Kim Jong-il, Kim Yo-jong.
	OutOfOrder bool
	// NumberMismatch is set when a number of one side is not on the other,
	// NumberClash when either side has one that the other has not.
	NumberMismatch, NumberClash bool
	// InitialsClash is set when either side has an initial that is none of a
	// word of the other.
	InitialsClash bool
	// Opposed is set when the sides hold opposite words (see [Opposed]), or
	// words in each other's place that look alike and are not (see [Confusable]).
	Opposed bool
	// CrossScript is set when the sides are written in different scripts.
	CrossScript bool
}

// Score returns the similarity; it is what a table is ranked by before
// calibration.
func (c Comparison) Score() float64 { return c.Similarity }

// Comparer compares forms. The zero Comparer works; it reuses its memory and is
// not safe for concurrent use.
type Comparer struct {
	a    aligner
	pair [maxTokens][maxTokens]pairing
	two  formToken
	nick formToken
	memo memo
	keys []Key

	tongues inTongue
	at      [maxTokens]int // of the last comparison: partners of the query's words, from 1
}

// memo remembers, while the query stays the same, what its words had in common
// with words met before: the names of a table share their given names.
type memo struct {
	query  *Form
	serial uint64
	round  uint32 // entries of an earlier query have an earlier one
	at     [memoSize]memoEntry
}

type memoEntry struct {
	round uint32
	word  uint8 // of the query
	n     uint8 // bytes of text; longer words are not remembered
	text  [22]byte
	p     pairing
}

const memoSize = 256

// slot returns where what word i of the query has in common with text is
// remembered, and whether it is there; nil for text too long.
func (m *memo) slot(query *Form, i int, text []byte) (e *memoEntry, known bool) {
	if m.query != query || m.serial != query.serial {
		m.query, m.serial = query, query.serial
		m.round++
	}
	if len(text) > len(memoEntry{}.text) {
		return nil, false
	}
	hash := uint32(i + 1)
	for _, c := range text {
		hash = (hash ^ uint32(c)) * 16777619
	}
	e = &m.at[(hash^hash>>15)%memoSize]
	if e.round == m.round && int(e.word) == i && string(e.text[:e.n]) == string(text) {
		return e, true
	}
	e.round, e.word, e.n = m.round, uint8(i), uint8(copy(e.text[:], text))
	return e, false
}

// pairing is what two words have in common.
type pairing struct {
	similarity float32
	evidence   int32
	how        meeting
}

// meeting is how two words met.
type meeting uint8

const (
	apart meeting = iota
	alike
	initialOf
	nicknameOf
	joinedTo
	inflectedTo
)

// Similarities of two words. From aligned on they are taken for one word; from
// hinted on they stand against each other but count for what they have in common:
// a word that a scheme spells far off is still likelier the same than another.
const (
	aligned = 0.45
	hinted  = 0.12
)

// Word compares two single words: the similarity in [0, 1] and the evidence in
// nats.
func (c *Comparer) Word(query, name *Form) (similarity, evidence float64) {
	if query.Len() == 0 || name.Len() == 0 {
		return 0, 0
	}
	p := c.words(&query.tokens[0], &name.tokens[0])
	return float64(p.similarity), float64(p.evidence) / 10
}

func (c *Comparer) words(q, n *formToken) pairing {
	if q.kind.class != 0 && q.kind.class == n.kind.class {
		return pairing{1, (q.info + n.info) / 2, alike}
	}
	if q.side != 0 && n.side == q.side {
		return pairing{1, min(q.info, n.info), alike}
	}
	if q.digits || n.digits {
		if bytes.Equal(q.text, n.text) {
			return pairing{1, q.info, alike}
		}
		return pairing{}
	}
	if n.guarded && q.confusable(n) {
		return pairing{}
	}
	if bytes.Equal(q.text, n.text) {
		return pairing{1, q.info, alike}
	}
	if q.short && n.short || (q.short || n.short) && q.script == n.script {
		return c.initials(q, n)
	}
	if q.kin && n.kin && are(words().forms, q.text, n.text) {
		return pairing{0.95, min(q.info, n.info), alike}
	}
	if q.short || n.short {
		return c.initials(q, n)
	}
	if q.script == n.script {
		if stem, ok := inflected(q.text, n.text, q.script); ok {
			similarity := 0.97 - 0.3/float32(runeLen(q.text[:stem]))
			if q.script == Latin {
				similarity -= 0.05
			}
			return pairing{similarity, int32(similarity * float32(min(q.info, n.info))), inflectedTo}
		}
		if q.nick && n.nick && q.script == Latin && are(words().nicknames, q.text, n.text) {
			return pairing{0.85, min(q.info, n.info) / 2, nicknameOf}
		}
	}
	var weight, norm int32
	switch {
	case q.script == n.script && q.script != Latin:
		return sameScript(q, n)
	case unlike(q.sounds, n.sounds):
		return pairing{}
	case n.script == Latin || q.script != Latin:
		l, w := q.lay(), n.spelt()
		if l.n == 0 || w.n == 0 {
			return pairing{}
		}
		norm = (q.info + n.info) / 2
		weight = c.a.align(l, w, norm/8)
		weight = c.respelt(weight, q, n)
		weight = c.inTongues(weight, norm, q, n)
	default:
		l, w := n.lay(), q.spelt()
		if l.n == 0 || w.n == 0 {
			return pairing{}
		}
		norm = (q.info + n.info) / 2
		weight = c.a.align(l, w, norm/8)
		weight = c.respelt(weight, n, q)
	}
	weight = c.bare(weight, norm, q, n)
	if q.script == n.script && transposed(q.text, n.text) {
		weight = max(weight, norm*transposedShare/100)
	}
	if weight <= 0 || norm <= 0 {
		return pairing{}
	}
	similarity := min(1, float32(weight)/float32(norm))
	if similarity >= aligned && similarity < respelled && q.script == n.script && !c.near(q, n) {
		similarity = farLimit
	}
	return pairing{similarity, weight, alike}
}

// farLimit is the similarity of two words of one script that are too many edits
// apart for their length: they stand against each other. From respelled on, the
// learned weights are sure enough that one is the other as another language spells
// it: Konstantinovka, Kostiantynivka.
const farLimit, respelled = 0.4, 0.65

// near reports whether two Latin words are as near as a slip of the pen may be by
// their length, or sound alike in some reading.
func (c *Comparer) near(q, n *formToken) bool {
	if within(q.text, n.text, editsFor(min(len(q.text), len(n.text)))) {
		return true
	}
	c.keys = latinKeys(c.keys[:0], q.text, askedRead)
	asked := len(c.keys)
	c.keys = latinKeys(c.keys, n.text, askedRead)
	for _, key := range c.keys[asked:] {
		if slices.Contains(c.keys[:asked], key) {
			return true
		}
	}
	return false
}

// transposedShare is how much of a word is left, in per cent, when two neighbouring
// letters of it have changed places: Sko, Sok.
const transposedShare = 75

// transposed reports whether two words differ by two neighbouring letters that
// have changed places, and by nothing else.
func transposed(a, b []byte) bool {
	if len(a) != len(b) || len(a) < 3 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && string(a[i+2:]) == string(b[i+2:])
}

// editsFor returns how many letters of a word of the length may differ.
func editsFor(letters int) int {
	switch {
	case letters < 3:
		return 0
	case letters < 8:
		return 1
	}
	return 2
}

// within reports whether a is at most limit edits from b: a letter for another,
// left out, put in, or two neighbours the other way round (Damerau 1964).
func within(a, b []byte, limit int) bool {
	if len(a)-len(b) > limit || len(b)-len(a) > limit || len(a) > maxFrom || len(b) > maxFrom {
		return false
	}
	var rows [3][maxFrom + 1]int
	for j := range len(b) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row := &rows[(i+1)%3], &rows[(i+2)%3], &rows[i%3]
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := last[j-1]
			if a[i-1] != b[j-1] {
				cost = 1 + min(last[j-1], last[j], row[j-1])
				if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
					cost = min(cost, before[j-2]+1)
				}
			}
			row[j] = cost
			least = min(least, cost)
		}
		if least > limit {
			return false
		}
	}
	return rows[len(a)%3][len(b)] <= limit
}

// confusable reports whether two words are known to look alike and to differ.
func (t *formToken) confusable(other *formToken) bool {
	return confusable(t.text, other.text) || len(t.plain) > 0 && confusable(t.plain, other.text)
}

// bare returns the better of a weight and of what the query's word weighs without
// the ending that its language puts onto foreign names, or the generic word that
// its script writes onto places: Beiners is Boehner, 철원군 is Cheorwon.
func (c *Comparer) bare(weight, norm int32, q, n *formToken) int32 {
	if n.script != Latin || weight > norm*8/10 || q.script == Latin && q.opening&n.opening == 0 {
		return weight
	}
	if !q.bared {
		q.bared, q.bare.n = true, 0
		if text := words().bareOf(q.text, q.script); len(text) < len(q.text) {
			q.bare.layOut(spellingModel(q.script), text)
		}
	}
	if q.bare.n == 0 {
		return weight
	}
	return max(weight, c.a.align(&q.bare, n.spelt(), max(weight, norm/8)+bareLess)-bareLess)
}

// bareLess is what an ending left out costs, in tenths of a nat.
const bareLess = 12

// respelt returns the better of a weight and of what the likeliest Latin spelling
// of a word from another script weighs against a Latin word: the Latin model
// knows more of how languages respell each other than a small script's own.
func (c *Comparer) respelt(weight int32, from, latin *formToken) int32 {
	norm := (from.info + latin.info) / 2
	if from.script == Latin || weight > norm*9/10 || weight < 0 && from.opening&latin.opening == 0 {
		return weight
	}
	if !from.again {
		from.again = true
		from.respelt.layOut(spellingModel(Latin), from.plain)
	}
	return max(weight, c.a.align(&from.respelt, latin.spelt(), max(weight, norm/8)+respeltLess)-respeltLess)
}

// inTongues returns the better of a weight and of what a Han word weighs when all
// its characters are read in one language: 千歳 is a Japanese Chitose before it is
// half a Chinese and half a Korean name.
func (c *Comparer) inTongues(weight, norm int32, q, n *formToken) int32 {
	if q.script != Han || n.script != Latin || weight > norm*9/10 || runeLen(q.text) < 2 {
		return weight // one character is of one language whatever it is
	}
	if !bytes.Equal(c.tongues.text, q.text) {
		c.tongues.text = append(c.tongues.text[:0], q.text...)
		for i, m := range tongueModels() {
			c.tongues.laid[i].layOut(m, q.text)
		}
	}
	for i := range c.tongues.laid {
		least := max(weight, norm/8) + tongueLess
		weight = max(weight, c.a.align(&c.tongues.laid[i], n.spelt(), least)-tongueLess)
	}
	return weight
}

// tongueLess is what the choice of a language costs, in tenths of a nat.
const tongueLess = 8

// inTongue is a Han word laid out in each of the tongues.
type inTongue struct {
	text []byte
	laid [len(tongues)]lattice
}

// respeltLess is what a second spelling in between costs, in tenths of a nat.
const respeltLess = 15

// unlike reports whether two words have too few sounds in common to be worth an
// alignment.
func unlike(a, b uint16) bool {
	return 5*bits.OnesCount16(a&b) < 2*min(bits.OnesCount16(a), bits.OnesCount16(b))
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

// initials compares a single letter with the beginning of a word.
func (c *Comparer) initials(q, n *formToken) pairing {
	a, b := q.spelt(), n.spelt()
	if a.n > 0 && b.n > 0 && a.letter[0] == b.letter[0] {
		return pairing{0.7, letterInfo[a.letter[0]] / 2, initialOf}
	}
	return pairing{}
}

// joinedInitials takes words of two or three consonants for the initials of as many
// words of the other side, all of them yet alone: JC Juncker. It returns how many
// it took for initials.
func joinedInitials(one, many *Form, oneUsed, manyUsed *[maxTokens]bool) (initials int) {
	for i := range one.tokens {
		t := &one.tokens[i]
		n := len(t.text)
		if oneUsed[i] || t.script != Latin || n < 2 || n > 3 || t.digits || bytes.ContainsAny(t.text, "aeiou") {
			continue
		}
		for j := 0; j+n <= len(many.tokens) && !oneUsed[i]; j++ {
			met := 0
			for met < n && !manyUsed[j+met] && many.tokens[j+met].text[0] == t.text[met] {
				met++
			}
			if met == n {
				oneUsed[i] = true
				for k := range n {
					manyUsed[j+k] = true
				}
				initials += n
			}
		}
	}
	return initials
}

// confused reports whether words that were left alone on either side are confusable.
func confused(query, name *Form, used, taken *[maxTokens]bool) bool {
	for i := range query.tokens {
		if q := &query.tokens[i]; q.guarded && !used[i] {
			for j := range name.tokens {
				if n := &name.tokens[j]; n.guarded && !taken[j] && q.confusable(n) {
					return true
				}
			}
		}
	}
	return false
}

// crossed reports whether both sides have words left alone, and none of them at the
// same place among the words that met.
func crossed(query, name *Form, used, taken *[maxTokens]bool) bool {
	left, free := gaps(query, used), gaps(name, taken)
	return left != 0 && free != 0 && left&free == 0
}

// gaps returns, as bits, after how many words that met a word was left alone.
func gaps(f *Form, met *[maxTokens]bool) (bits uint16) {
	before := 0
	for i := range f.tokens {
		if met[i] {
			before++
		} else if !f.tokens[i].kind.little {
			bits |= 1 << before
		}
	}
	return bits
}

// sameScript compares two words of one script other than Latin by edits: each a
// third of the word's information at most.
func sameScript(q, n *formToken) pairing {
	var a, b [maxFrom]rune
	x, y := runes(a[:0], q.text), runes(b[:0], n.text)
	var row [maxFrom + 1]int
	for j := range len(y) + 1 {
		row[j] = j
	}
	for i := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j := range y {
			cost := diagonal
			if x[i] != y[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	longest := max(len(x), len(y))
	if longest == 0 {
		return pairing{}
	}
	similarity := 1 - 1.5*float32(row[len(y)])/float32(longest)
	if similarity <= 0 {
		return pairing{}
	}
	return pairing{similarity, int32(similarity * float32(min(q.info, n.info))), alike}
}

func runes(dst []rune, text []byte) []rune {
	for len(text) > 0 && len(dst) < maxFrom {
		r, n := utf8.DecodeRune(text)
		text = text[n:]
		dst = append(dst, r)
	}
	return dst
}

// sameName is the comparison of a name with itself: each word meets its own.
func sameName(f *Form) Comparison {
	out := Comparison{Similarity: 1, Query: 1, Name: 1, Worst: 1, Words: len(f.tokens)}
	for i := range f.tokens {
		out.Evidence += float64(f.tokens[i].info) / 10
	}
	return out
}

// Compare compares a query with a name.
func (c *Comparer) Compare(query, name *Form) Comparison {
	var out Comparison
	if len(query.tokens) == 0 || len(name.tokens) == 0 {
		return out
	}
	if bytes.Equal(query.key, name.key) {
		return sameName(query)
	}
	out.CrossScript = query.tokens[0].script != name.tokens[0].script
	c.pairUp(query, name)
	if out.CrossScript && name.tokens[0].script == Latin {
		c.crossNicknames(query, name)
	}
	var used, taken [maxTokens]bool
	c.at = [maxTokens]int{}
	var got, info float64 // aligned information, weighted by similarity
	var clash float64     // of it, what stands against each other
	out.Worst = 1
	take := func(i, j int, p pairing) {
		used[i], taken[j] = true, true
		c.at[i] = j + 1
		q, n := float64(query.tokens[i].info), float64(name.tokens[j].info)
		weight := (q + n) / 2 * float64(name.tokens[j].rarity)
		if p.how == initialOf {
			weight = min(q, n) * float64(name.tokens[j].rarity)
			out.Initials++
		} else {
			out.Worst = min(out.Worst, float64(p.similarity))
		}
		if p.how == nicknameOf {
			out.Nicknames++
		}
		if p.similarity >= aligned {
			out.Words++
			out.Evidence += float64(p.evidence) / 10
		} else {
			clash += weight * float64(1-p.similarity)
		}
		got += weight * float64(p.similarity)
		info += weight
	}
	if w := c.whole(query, name); w.how != apart {
		for i := range query.tokens {
			used[i] = true
		}
		for j := range name.tokens {
			taken[j] = true
		}
		out.joined(w, &got, &info)
	}
	if j := c.exactJoin(query, name, &used, &taken); j.how != apart {
		out.joined(j, &got, &info)
	}
	for {
		bi, bj, best := -1, -1, pairing{}
		for i := range query.tokens {
			for j := range name.tokens {
				p := c.pair[i][j]
				if !used[i] && !taken[j] && p.similarity >= hinted && (p.evidence > best.evidence || p.evidence == best.evidence && bi >= 0 && abs(i-j) < abs(bi-bj)) {
					bi, bj, best = i, j, p
				}
			}
		}
		if bi < 0 {
			break
		}
		take(bi, bj, best)
	}
	if j := c.joins(query, name, &used, &taken); j.how != apart {
		out.joined(j, &got, &info)
	}
	for range 2 {
		out.Initials += joinedInitials(query, name, &used, &taken)
		query, name = name, query
		used, taken = taken, used
	}
	last := 0
	for _, j := range c.at[:len(query.tokens)] {
		if j > 0 {
			if j < last {
				out.OutOfOrder = true
			}
			last = j
		}
	}
	out.OutOfOrder = out.OutOfOrder || crossed(query, name, &used, &taken)
	var left, free, against float64
	numberLeft, numberFree, initialLeft, initialFree := false, false, false, false
	var totalQuery, totalName float64
	for i := range query.tokens {
		t := &query.tokens[i]
		totalQuery += float64(t.info)
		if !used[i] {
			left += float64(t.info)
			against += t.against()
			numberLeft, initialLeft = numberLeft || t.digits, initialLeft || t.short
		}
	}
	for j := range name.tokens {
		t := &name.tokens[j]
		totalName += float64(t.info)
		if !taken[j] {
			free += float64(t.info)
			numberFree, initialFree = numberFree || t.digits, initialFree || t.short
		}
	}
	out.InitialsClash = left > 0 && free > 0 && (initialLeft || initialFree)
	out.NumberMismatch, out.NumberClash = numberLeft || numberFree, numberLeft && numberFree
	// Words left over on both sides stand against each other, however unlike in
	// length: those of the query count in full then.
	var contradicted, missing, extra float64
	missing = free
	if left > 0 && free > 0 {
		contradicted = against
	} else {
		extra = left
	}
	out.Query, out.Name = 1-left/totalQuery, 1-free/totalName
	out.Contradicted = min(1, (min(contradicted, left)+clash)/totalQuery)
	out.Missing, out.Extra = missing/totalName, extra/totalQuery
	if info == 0 {
		return out
	}
	out.Similarity = got / (info + contradicted + 0.25*missing + 0.4*extra)
	if out.OutOfOrder {
		out.Similarity *= 0.98
	}
	if out.NumberMismatch {
		out.Similarity *= 0.6
	}
	if out.Opposed = out.Similarity > hinted && (query.opposes(name) || confused(query, name, &used, &taken)); out.Opposed {
		out.Similarity *= 0.5
	}
	return out
}

// Partner returns the word of the name that stood opposite word i of the query in
// the last comparison; -1 for none.
func (c *Comparer) Partner(i int) int { return c.at[i] - 1 }

// surely is the similarity at which a pair of words needs no rival.
const surely = 0.85

// pairUp compares the words of two names, each with each: those at the same place
// first, because a word that has met its like there need meet no other.
func (c *Comparer) pairUp(query, name *Form) {
	var met, taken [maxTokens]bool
	for i := range min(len(query.tokens), len(name.tokens)) {
		c.pair[i][i] = c.remembered(query, i, &name.tokens[i])
		if c.pair[i][i].similarity >= surely {
			met[i], taken[i] = true, true
		}
	}
	for i := range query.tokens {
		for j := range name.tokens {
			switch {
			case i == j:
			case met[i] || taken[j]:
				c.pair[i][j] = pairing{}
			default:
				c.pair[i][j] = c.remembered(query, i, &name.tokens[j])
			}
		}
	}
}

// remembered compares word i of the query with a word of a name, or recalls what
// came of it before.
func (c *Comparer) remembered(query *Form, i int, n *formToken) pairing {
	slot, known := c.memo.slot(query, i, n.text)
	if known {
		return slot.p
	}
	p := c.words(&query.tokens[i], n)
	if slot != nil {
		slot.p = p
	}
	return p
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

// join is what joined words have in common with what stands against them.
type join struct {
	how      meeting
	got      float64
	info     float64
	evidence float64
}

// joined counts words that met joined.
func (c *Comparison) joined(j join, got, info *float64) {
	*got += j.got
	*info += j.info
	c.Evidence += j.evidence
	c.Words++
	c.Joined++
	c.Worst = min(c.Worst, j.got/j.info)
}

// whole compares a single word with all words of the other side in one, in order
// and with the last word first: how scripts without spaces write names. It meets
// nothing unless the whole is as like as the likest word alone.
func (c *Comparer) whole(query, name *Form) join {
	one, many := query, name
	if len(query.tokens) > len(name.tokens) {
		one, many = name, query
	}
	if len(one.tokens) != 1 || len(many.tokens) < 2 || len(many.tokens) > 4 {
		return join{}
	}
	t := &one.tokens[0]
	if t.script == many.tokens[0].script && !many.spells(t.text) {
		return join{}
	}
	straight, turned := many.whole()
	if t.info < straight.info/2 {
		return join{}
	}
	best := c.words(t, straight)
	if p := c.words(t, turned); p.similarity > best.similarity {
		best = p
	}
	least := float32(aligned)
	for i := range query.tokens {
		for j := range name.tokens {
			least = max(least, c.pair[i][j].similarity-0.15)
		}
	}
	if best.similarity < least {
		return join{}
	}
	return joinOf(best, t, straight)
}

// exactJoin aligns a word with two or three neighbours of the other side that
// spell it together: Jongun, Jong Un.
func (c *Comparer) exactJoin(query, name *Form, used, taken *[maxTokens]bool) join {
	one, many, oneUsed, manyUsed := query, name, used, taken
	for range 2 {
		for i := range one.tokens {
			for j := range many.tokens {
				if n := spelledBy(one.tokens[i].text, many.tokens[j:]); n > 1 && !oneUsed[i] && !slices.Contains(manyUsed[j:j+n], true) {
					oneUsed[i] = true
					for k := range n {
						manyUsed[j+k] = true
					}
					return joinOf(pairing{1, one.tokens[i].info, joinedTo}, &one.tokens[i], &one.tokens[i])
				}
			}
		}
		one, many, oneUsed, manyUsed = many, one, manyUsed, oneUsed
	}
	return join{}
}

// spelledBy returns how many of the tokens, one after another, spell a word; 0 when
// none do.
func spelledBy(word []byte, tokens []formToken) int {
	for n := range tokens {
		rest, ok := bytes.CutPrefix(word, tokens[n].text)
		if !ok {
			return 0
		}
		if word = rest; len(word) == 0 {
			return n + 1
		}
	}
	return 0
}

// joins aligns an unaligned word with two neighbours of the other side in one.
func (c *Comparer) joins(query, name *Form, used, taken *[maxTokens]bool) join {
	// With as many words on either side, words written together would have to
	// be matched by others written apart.
	if len(query.tokens) == len(name.tokens) || allOf(used[:len(query.tokens)]) || allOf(taken[:len(name.tokens)]) {
		return join{}
	}
	one, many, oneUsed, manyUsed := query, name, used, taken
	if len(query.tokens) > len(name.tokens) {
		one, many, oneUsed, manyUsed = name, query, taken, used
	}
	for range 2 {
		for i := range one.tokens {
			for j := 0; j+1 < len(many.tokens); j++ {
				if oneUsed[i] || manyUsed[j] || manyUsed[j+1] {
					continue
				}
				if w, a, b := one.tokens[i].info, many.tokens[j].info, many.tokens[j+1].info; w < (a+b)/2 || w > (a+b)*2 {
					continue
				}
				if !one.tokens[i].mayJoin(&many.tokens[j], &many.tokens[j+1]) {
					continue
				}
				text := append(c.two.text[:0], many.tokens[j].text...)
				text = append(text, many.tokens[j+1].text...)
				c.two.set(text, many.tokens[j].script)
				if p := c.words(&one.tokens[i], &c.two); p.similarity >= aligned {
					oneUsed[i], manyUsed[j], manyUsed[j+1] = true, true, true
					return joinOf(p, &one.tokens[i], &c.two)
				}
			}
		}
		one, many, oneUsed, manyUsed = many, one, manyUsed, oneUsed
	}
	return join{}
}

// mayJoin reports whether two words in one have the sounds of t and begin and end
// as t does.
func (t *formToken) mayJoin(a, b *formToken) bool {
	return !unlike(t.sounds, a.sounds) && !unlike(t.sounds, b.sounds) &&
		(a.sounds == 0 || t.opening&a.opening != 0) && (b.sounds == 0 || t.closing&b.closing != 0)
}

// crossNicknames tries nicknames for the words of a query in another script that
// met nothing.
func (c *Comparer) crossNicknames(query, name *Form) {
	anyMet := false
	for i := range query.tokens {
		for j := range name.tokens {
			anyMet = anyMet || c.pair[i][j].similarity >= aligned
		}
	}
	for i := 0; anyMet && i < len(query.tokens); i++ {
		met := false
		for j := range name.tokens {
			met = met || c.pair[i][j].similarity >= aligned
		}
		for j := 0; j < len(name.tokens) && !met; j++ {
			if p := c.nicknames(query, i, &name.tokens[j]); p.how != apart {
				c.pair[i][j], met = p, true
			}
		}
	}
}

// nicknames looks among the names that n is a nickname of, or that are nicknames
// of n, for one that word i of the query spells in another script.
func (c *Comparer) nicknames(query *Form, i int, n *formToken) pairing {
	best := pairing{}
	if !n.nick {
		return best
	}
	for k, other := range words().nicknames[string(n.text)] {
		if k == maxNicknames {
			break
		}
		c.nick.text = append(c.nick.text[:0], other...)
		slot, known := c.memo.slot(query, i, c.nick.text)
		if slot == nil {
			continue
		}
		if !known {
			c.nick.set(c.nick.text, Latin)
			slot.p = c.words(&query.tokens[i], &c.nick)
		}
		if p := slot.p; p.how == alike && p.similarity > 0.7 && p.similarity > best.similarity {
			best = pairing{0.85 * p.similarity, p.evidence / 2, nicknameOf}
		}
	}
	return best
}

// maxNicknames bounds the nicknames of one word that are compared.
const maxNicknames = 12

func allOf(set []bool) bool { return !slices.Contains(set, false) }

func joinOf(p pairing, a, b *formToken) join {
	info := float64(a.info+b.info) / 2
	return join{joinedTo, info * float64(p.similarity), info, float64(p.evidence) / 10}
}
