package name

import (
	"bytes"
	"math/bits"
	"slices"
	"unicode/utf8"
)

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
	p := c.words(&query.tokens[0], &name.tokens[0], leastLike)
	return float64(p.similarity), float64(p.evidence) / 10
}

// leastLike is the least similarity that letters are laid beside each other for.
const leastLike = 0.125

// words compares two words. What has less than the least similarity, and is no
// matter of knowing words, may come out as less than it is: most pairs are unlike,
// and the more is asked for, the sooner that is plain.
func (c *Comparer) words(q, n *formToken, least float32) pairing {
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
	var weight int32
	norm := (q.info + n.info) / 2
	floor := int32(float32(norm) * least)
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
		weight = c.a.align(l, w, floor)
		weight = c.respelt(weight, floor, q, n)
		weight = c.inTongues(weight, norm, floor, q, n)
	default:
		l, w := n.lay(), q.spelt()
		if l.n == 0 || w.n == 0 {
			return pairing{}
		}
		weight = c.a.align(l, w, floor)
		weight = c.respelt(weight, floor, n, q)
	}
	weight = c.bare(weight, norm, floor, q, n)
	if q.script == n.script && transposed(q.text, n.text) {
		weight = max(weight, norm*transposedShare/100)
	}
	if weight <= 0 || norm <= 0 {
		return pairing{}
	}
	similarity := min(1, float32(weight)/float32(norm))
	if similarity >= aligned && similarity < respelled && (q.script == n.script && !c.near(q, n) || q.script == Han && runeLen(q.text) == 1) {
		similarity = farLimit
	}
	return pairing{similarity, weight, alike}
}

// farLimit is the similarity of two words of one script that are too many edits
// apart for their length, and of a single Han character, which is one syllable in
// most names, and what it is not surely read as: they stand against each other. From respelled on, the
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
func (c *Comparer) bare(weight, norm, floor int32, q, n *formToken) int32 {
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
	return max(weight, c.a.align(&q.bare, n.spelt(), max(weight, floor)+bareLess)-bareLess)
}

// bareLess is what an ending left out costs, in tenths of a nat.
const bareLess = 12

// respelt returns the better of a weight and of what the likeliest Latin spelling
// of a word from another script weighs against a Latin word: the Latin model
// knows more of how languages respell each other than a small script's own.
func (c *Comparer) respelt(weight, floor int32, from, latin *formToken) int32 {
	norm := (from.info + latin.info) / 2
	if from.script == Latin || weight > norm*9/10 || weight < 0 && from.opening&latin.opening == 0 {
		return weight
	}
	if !from.again {
		from.again = true
		from.respelt.layOut(spellingModel(Latin), from.plain)
	}
	return max(weight, c.a.align(&from.respelt, latin.spelt(), max(weight, floor)+respeltLess)-respeltLess)
}

// respeltLess is what a second spelling in between costs, in tenths of a nat.
const respeltLess = 15

// inTongues returns the better of a weight and of what a Han word weighs when all
// its characters are read in one language: 千歳 is a Japanese Chitose before it is
// half a Chinese and half a Korean name.
func (c *Comparer) inTongues(weight, norm, floor int32, q, n *formToken) int32 {
	if q.script != Han || n.script != Latin || weight > norm*9/10 || runeLen(q.text) < 2 {
		return weight // one character is of one language whatever it is
	}
	in := c.inTongue(q.text)
	for i := range in.laid {
		least := max(weight, floor) + tongueLess
		weight = max(weight, c.a.align(&in.laid[i], n.spelt(), least)-tongueLess)
	}
	return weight
}

// inTongue returns a Han word laid out, which is still there if it is one of the
// last few: a name has as many.
func (c *Comparer) inTongue(text []byte) *inTongue {
	for i := range c.tongues {
		if in := &c.tongues[i]; bytes.Equal(in.text, text) {
			return in
		}
	}
	in := &c.tongues[c.tongue%len(c.tongues)]
	c.tongue++
	in.text = append(in.text[:0], text...)
	for i, m := range tongueModels() {
		in.laid[i].layOut(m, text)
	}
	return in
}

// tongueLess is what the choice of a language costs, in tenths of a nat.
const tongueLess = 8

// inTongue is a Han word laid out in each of the tongues.
type inTongue struct {
	text []byte
	laid [len(tongues)]lattice
}

// unlike reports whether two words have too few sounds in common to be worth an
// alignment.
func unlike(a, b uint16) bool {
	return 5*bits.OnesCount16(a&b) < 2*min(bits.OnesCount16(a), bits.OnesCount16(b))
}

// initials compares a single letter with the beginning of a word.
func (c *Comparer) initials(q, n *formToken) pairing {
	a, b := q.spelt(), n.spelt()
	if a.n > 0 && b.n > 0 && a.letter[0] == b.letter[0] {
		return pairing{0.7, letterInfo[a.letter[0]] / 2, initialOf}
	}
	return pairing{}
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
