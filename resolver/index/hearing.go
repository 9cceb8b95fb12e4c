package index

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"onoma/resolver/name"
)

// Bounds of one search. They keep its cost from growing with the table: what a
// common word ("Muhammad", "bank") points at only adds to the names that rarer
// words of the query have pointed at.
const (
	// maxWordsPerKey is how many words that share a sound key are looked at.
	maxWordsPerKey = 4096
	// maxWords is how many words that sound like one of the query are followed:
	// the likest.
	maxWords = 512
	// maxNames is how many names the words like one of the query may point at.
	maxNames = 3072
	// shareForLetters is the share of the greatest weight that a name needs for
	// its letters to be looked at.
	shareForLetters = 0.3
	// shareToRaise is the share of the greatest weight that a name needs for a
	// common word to add to it.
	shareToRaise = 0.4
	// maxMet is how many names with both of two common words are taken.
	maxMet = 64
	// deepWeight is the weight from which a word marks the names that have it. A
	// lesser one only adds to names that another word has marked: two such words
	// hardly make a name one of the first.
	deepWeight = 0.6
	// leastLikeness is the share of letters from which two words that share a
	// sound key count as alike.
	leastLikeness = 0.2
	// leastNear is that of words whose sound key is one sound off.
	leastNear = 0.6
)

// What a word of the table weighs when it is the query's own, and when it is
// that without an ending; of a word that sounds alike it depends on both.
const (
	sameWeight = 1.2
	stemWeight = 1.1
	// lettersWeight is what the letters of a word of the query weigh when a
	// name has them, in whatever order.
	lettersWeight = 0.5
)

// Heard is a name that sounds like a query.
type Heard struct {
	// Name is the first of the names that share its key.
	Name Name
	// Weight says how many words of the query point at the name, each weighed
	// by its likeness and rarity.
	Weight float32

	number uint32 // of Sounds.names
	sounds *Sounds
}

// Group returns all names that share the key.
func (a Heard) Group() Names {
	if a.sounds.group != nil {
		return a.sounds.group(a.sounds.firstOf(a.number))
	}
	return a.Name.Group()
}

// Hearing is the memory of a search. The zero Hearing is ready; it grows to its
// size and is used again. Not safe for concurrent use.
type Hearing struct {
	near    bool // of FindNear
	keys    []name.Key
	stems   name.Stems
	terms   []term
	bags    []askedBag // of the words of the query
	words   []pointer  // at words
	whole   []pointer  // at names
	sifted  []sifted
	sorted  []sifted // memory of sort
	levels  [levels + 1]int32
	seen    []wordSet // what each word of the query points at
	marks   marks
	first   int     // how many marks Find made; FindByLetters makes more
	touched int     // keeps what is read ahead from being left out
	active  []int32 // marks whose weights a pass of deepen or raise counts in full,
	due     []int32 // and those that it left to FindByLetters
	ranked  []uint64
	heard   []Heard

	over   *Hearing // of the layer, if there is one
	merged []Heard
}

// term is one word of the query with what it points at.
type term struct {
	words, wordsEnd int // of Hearing.words, likest first
	whole, wholeEnd int // of Hearing.whole
	seen            int // of Hearing.seen: words with their weights
	names           int // how many names that makes
	followed        bool
	deep            int // the first of words that marks nothing by itself
	left            int // how many names may yet be marked
}

// askedBag is the bag of a word of the query.
type askedBag struct {
	bag    name.Bag
	vowels bool
}

// pointer points at a word or a name. A word's weight is its likeness, to be
// multiplied by its rarity.
type pointer struct {
	at     uint32
	weight float32
}

// sifted is a word under a key of the query, before it is known how many others
// are likelier.
type sifted struct {
	word     uint32
	likeness float32 // with what the key proves
	level    uint8
}

// levels is how finely words are told apart by likeness.
const levels = 64

// Find returns the names that share most with the query, best first, at most
// limit. The result is valid until the next call.
func (s *Sounds) Find(q *name.Form, h *Hearing, limit int) []Heard {
	h.near = false
	return s.find(q, h, limit)
}

// FindNear is Find for words that are a slip of the pen away from the table's: it
// listens to keys one sound off as well, which are ten times as many, and takes
// only words that have the better part of the letters.
func (s *Sounds) FindNear(q *name.Form, h *Hearing, limit int) []Heard {
	h.near = true
	return s.find(q, h, limit)
}

func (s *Sounds) find(q *name.Form, h *Hearing, limit int) []Heard {
	s.listenAll(q, h)
	if s.layered == nil {
		if h.over != nil {
			h.over.marks.reset(1)
		}
		h.gather(s, nil, limit)
		return h.best(s, limit, 0, 0)
	}
	over := s.layered.over
	if h.over == nil {
		h.over = new(Hearing)
	}
	h.over.near = h.near
	over.listenAll(q, h.over)
	for i := range h.terms {
		h.terms[i].names += h.over.terms[i].names
		h.over.terms[i].names = h.terms[i].names
	}
	h.gather(s, over, limit)
	return h.merge(h.best(s, limit, 0, 0), h.over.best(over, limit, 0, 0), limit)
}

// listenAll collects what the words of the query point at.
func (s *Sounds) listenAll(q *name.Form, h *Hearing) {
	h.terms, h.words, h.whole, h.bags = h.terms[:0], h.words[:0], h.whole[:0], h.bags[:0]
	for len(h.seen) < q.Len() {
		h.seen = append(h.seen, wordSet{})
	}
	for i := range q.Len() {
		h.bags = append(h.bags, askedBag{q.Bag(i), q.Token(i).Script.WritesVowels()})
		h.terms = append(h.terms, s.listen(q, i, h))
	}
	h.marks.reset(len(h.terms))
}

// gather follows the terms to the names they point at, the rarest first; beside
// those of s to those of its layer, unless over is nil. It marks the names that may
// be among the first, up to limit.
func (h *Hearing) gather(s, over *Sounds, limit int) {
	rarer := func(a, b term) int { return cmp.Compare(a.names, b.names) }
	slices.SortStableFunc(h.terms, rarer)
	if over != nil {
		slices.SortStableFunc(h.over.terms, rarer)
	}
	cut, deepened := false, false
	deepen := func() {
		if deepened {
			return
		}
		deepened = true
		alone, least := h.marked(over) == 0, float32(0)
		if !h.near {
			least = h.least(over, 2*limit)
		}
		s.deepen(h, alone, least)
		if over != nil {
			over.deepen(h.over, alone, least)
		}
	}
	for i := range h.terms {
		h.markWholes(i)
		if over != nil {
			h.over.markWholes(i)
		}
		if h.terms[i].names > maxNames && h.marked(over) == 0 {
			deepen()
		}
		if h.terms[i].names <= maxNames || h.marked(over) == 0 {
			cut = s.follow(h, i, limit) || cut
			if over != nil {
				over.follow(h.over, i, limit)
			}
			continue
		}
		deepen()
		if cut {
			s.meet(&h.terms[i-1], &h.terms[i], uint32(i-1), h)
		}
		least := shareToRaise * h.top()
		s.raiseCommon(h, i, least)
		if over != nil {
			over.raiseCommon(h.over, i, least)
		}
	}
	deepen()
}

// marked returns how many names are marked.
func (h *Hearing) marked(over *Sounds) int {
	if over == nil {
		return len(h.marks.list)
	}
	return len(h.marks.list) + len(h.over.marks.list)
}

// least returns a sum that so many marks have or exceed; 0 if there are not so
// many, or more than maxLeast are asked for.
func (h *Hearing) least(over *Sounds, limit int) float32 {
	if limit > maxLeast || limit > h.marked(over) {
		return 0
	}
	var room [maxLeast]float32
	best := room[:limit] // the greatest first
	rank := func(marks []mark) {
		for i := range marks {
			sum := marks[i].sum
			if sum <= best[limit-1] {
				continue
			}
			at := limit - 1
			for ; at > 0 && best[at-1] < sum; at-- {
				best[at] = best[at-1]
			}
			best[at] = sum
		}
	}
	rank(h.marks.list)
	if over != nil {
		rank(h.over.marks.list)
	}
	return best[limit-1]
}

// maxLeast bounds the insertions of least, which are linear in it.
const maxLeast = 16

// markWholes marks the names that a term points at as a whole.
func (h *Hearing) markWholes(i int) {
	t := &h.terms[i]
	for _, p := range h.whole[t.whole:t.wholeEnd] {
		h.marks.add(p.at, uint32(i), p.weight)
	}
}

// follow marks the names of the words that term i points at, the likest first, and
// reports whether there were more than it may mark.
func (s *Sounds) follow(h *Hearing, i, limit int) (cut bool) {
	t := &h.terms[i]
	t.followed, t.left, t.deep = true, maxNames, t.wordsEnd
	var likely [maxLevel + 1]int // names by weight
	better, level := 0, maxLevel
	for k := t.words; k < t.wordsEnd; k++ {
		p := &h.words[k]
		if len(h.terms) > 1 && p.weight < deepWeight {
			t.deep = k
			break
		}
		if len(h.terms) == 1 {
			// The only word: once there are enough names above what is left, the
			// others cannot be among the first.
			for ; level > levelOf(p.weight); level-- {
				better += likely[level]
			}
			if better >= limit {
				t.deep = k
				break
			}
		}
		names, weight := s.holdersOf(p, t)
		cut = cut || t.left == 0
		likely[levelOf(weight)] += names.left
		for names.left > 0 {
			if n := names.name(); !s.hides(n) {
				h.marks.add(n, uint32(i), weight)
			}
		}
	}
	return cut
}

// maxLevel is above the level of every weight.
const maxLevel = 2 * levels

func levelOf(weight float32) int { return int(weight * levels) }

// holdersOf returns the names that have a word, no more than are left to the term,
// and what the word weighs.
func (s *Sounds) holdersOf(p *pointer, t *term) (cursor, float32) {
	names := s.cursor(p.at)
	weight := p.weight * s.rarityAmong(p.at, names.left)
	names.left = min(names.left, t.left)
	t.left -= names.left
	return names, weight
}

// deepen adds the weight of the lesser words that the followed terms point at: to
// the names that are marked with at least so much, or to all if these words are
// all there is. FindByLetters does the rest: it costs as much as finding them did,
// and hardly makes one of them the best.
func (s *Sounds) deepen(h *Hearing, alone bool, least float32) {
	h.first, h.active, h.due = len(h.marks.list), h.active[:0], h.due[:0]
	if alone {
		h.first = 0
		s.deepenMore(h)
		return
	}
	if len(h.terms) == 1 {
		return
	}
	for at := range h.marks.list {
		if h.marks.list[at].sum >= least {
			h.active = append(h.active, int32(at))
		} else {
			h.due = append(h.due, int32(at))
		}
	}
	s.deepenMarks(h, h.active)
}

// deepenMarks adds the weight of the lesser words to some of the marks.
func (s *Sounds) deepenMarks(h *Hearing, marks []int32) {
	for i := range h.terms {
		if t := &h.terms[i]; t.followed && len(marks) > 0 {
			s.raise(h, i, marks)
		}
	}
}

// deepenRest does what deepen has left, and marks more names.
func (s *Sounds) deepenRest(h *Hearing) {
	s.deepenMarks(h, h.due)
	h.due = h.due[:0]
	s.deepenMore(h)
}

// deepenMore marks the names that only lesser words point at.
func (s *Sounds) deepenMore(h *Hearing) {
	for i := range h.terms {
		t := &h.terms[i]
		if !t.followed {
			continue
		}
		for ; t.deep < t.wordsEnd; t.deep++ {
			names, weight := s.holdersOf(&h.words[t.deep], t)
			for names.left > 0 {
				if n := names.name(); !s.hides(n) {
					h.marks.addAfter(h.first, n, uint32(i), weight)
				}
			}
		}
	}
}

// raise adds the weight of the words that term i points at to some of the marks.
func (s *Sounds) raise(h *Hearing, i int, marks []int32) {
	seen := &h.seen[h.terms[i].seen]
	var runs [32]struct{ from, to int }
	for ; len(marks) > 0; marks = marks[min(len(marks), len(runs)):] {
		// Where the words are is read for many marks before the words: in a large
		// table each is far from every nearer memory, and so their ways overlap.
		some := marks[:min(len(marks), len(runs))]
		for k, at := range some {
			runs[k].from, runs[k].to = s.wordsOf(h.marks.list[at].number)
		}
		for k := range some {
			h.touched += s.order.touch(runs[k].from)
		}
		for k, at := range some {
			for ; runs[k].from < runs[k].to; runs[k].from++ {
				w, _ := s.wordAt(runs[k].from)
				if weight := seen.weight(w); weight > 0 {
					h.marks.raise(int(at), uint32(i), weight*s.rarity(w))
				}
			}
		}
	}
}

// raiseCommon adds the weight of the words of a term that marks nothing, because
// too many names have them, to the marks with at least so much.
func (s *Sounds) raiseCommon(h *Hearing, i int, least float32) {
	h.active = h.active[:0]
	for at := range h.marks.list {
		if h.marks.list[at].sum >= least {
			h.active = append(h.active, int32(at))
		}
	}
	s.raise(h, i, h.active)
}

// top returns the greatest sum so far, in the layer too.
func (h *Hearing) top() (top float32) {
	if h.over != nil {
		top = h.over.top()
	}
	for i := range h.marks.list {
		top = max(top, h.marks.list[i].sum)
	}
	return top
}

// meet marks names that have both of two common words of the query, or the words
// likest to them: what follow left out may be just those.
func (s *Sounds) meet(a, b *term, number uint32, h *Hearing) {
	if a.words == a.wordsEnd || b.words == b.wordsEnd {
		return
	}
	p := h.words[a.words]
	names, others := s.cursor(p.at), s.cursor(h.words[b.words].at)
	weight := p.weight * s.rarityAmong(p.at, names.left)
	n, ok := names.seek(0)
	for met := 0; ok && met < maxMet; {
		var other uint32
		if other, ok = others.seek(n); ok && other == n {
			if !s.hides(n) {
				h.marks.add(n, number, weight)
				met++
			}
			other++
		}
		if ok {
			n, ok = names.seek(other)
		}
	}
}

// FindByLetters returns the names of the last Find in another order: those first
// whose other words have the letters of the query's other words. There may be a
// thousand Marcels, and the right one's surname spelt in a way that no key meets.
// It costs more than Find, which it is called after when that has found nothing.
func (s *Sounds) FindByLetters(h *Hearing, limit int) []Heard {
	s.deepenRest(h)
	if s.layered != nil {
		s.layered.over.deepenRest(h.over)
	}
	most := lettersWeight * float32(len(h.bags))
	least := shareForLetters * h.top()
	if s.layered == nil {
		return h.best(s, limit, most, least)
	}
	return h.merge(h.best(s, limit, most, least), h.over.best(s.layered.over, limit, most, least), limit)
}

// best returns the names with the greatest sums, from least on. Letters weigh no
// more than most.
func (h *Hearing) best(s *Sounds, limit int, most, least float32) []Heard {
	// Ranked by sum, then by number from the least: the bits of positive numbers
	// are in the order of the numbers.
	ranked := h.ranked[:0]
	for i := range h.marks.list {
		m := &h.marks.list[i]
		sum := m.sum
		if sum < least || len(ranked) == limit && sum+most < weightOf(ranked[limit-1]) {
			continue
		}
		if most > 0 {
			sum += lettersWeight * h.letters(s, m.number)
		}
		rank := uint64(math.Float32bits(sum))<<32 | uint64(^m.number)
		if len(ranked) == limit {
			if rank < ranked[limit-1] {
				continue
			}
			ranked = ranked[:limit-1]
		}
		at := len(ranked)
		ranked = append(ranked, rank)
		for ; at > 0 && ranked[at-1] < rank; at-- {
			ranked[at] = ranked[at-1]
		}
		ranked[at] = rank
	}
	h.ranked, h.heard = ranked, h.heard[:0]
	for _, rank := range ranked {
		found := Heard{Weight: weightOf(rank), number: ^uint32(rank), sounds: s}
		found.Name = found.first()
		h.heard = append(h.heard, found)
	}
	return h.heard
}

func weightOf(rank uint64) float32 { return math.Float32frombits(uint32(rank >> 32)) }

// letters is how many words of the query the name has the letters of, in parts.
func (h *Hearing) letters(s *Sounds, heard uint32) (sum float32) {
	var bags [maxFormWords]name.Bag
	from, to := s.wordsOf(heard)
	words := bags[:to-from]
	for i := range words {
		w, _ := s.wordAt(from + i)
		words[i] = s.bags[w]
	}
	for _, b := range h.bags {
		best := float32(0)
		for _, bag := range words {
			best = max(best, b.bag.Likeness(bag, b.vowels))
		}
		sum += best
	}
	return sum
}

// first returns the first of the names that share the key.
func (a Heard) first() Name {
	if a.sounds.group != nil {
		return a.Group().At(0)
	}
	return Name{a.sounds.index, a.sounds.firstOf(a.number)}
}

// listen collects what one word of the query points at. The only word of a query
// may be all words of a name in one.
func (s *Sounds) listen(q *name.Form, i int, h *Hearing) term {
	t := q.Token(i)
	term := term{words: len(h.words), whole: len(h.whole), seen: i}
	seen := &h.seen[i]
	seen.reset()
	point := func(text []byte, weight float32) {
		if w := s.findWord(text, t.Script); w != none && seen.add(w, weight) {
			h.words = append(h.words, pointer{w, weight})
		}
	}
	point(t.Text, sameWeight)
	for _, stem := range h.stems.Of(t.Text, t.Script) {
		point(stem.Text, stemWeight)
	}
	s.sift(q, i, h)
	h.sort()
	for i := range h.sifted {
		w := &h.sifted[i]
		if len(h.words)-term.words == maxWords {
			break
		}
		if seen.add(w.word, w.likeness) {
			h.words = append(h.words, pointer{w.word, w.likeness})
		}
	}
	term.wordsEnd, term.wholeEnd = len(h.words), len(h.whole)
	for _, p := range h.words[term.words:] {
		if term.names += s.holders(p.at); term.names > maxNames {
			break // common: how common makes no difference
		}
	}
	return term
}

// sort puts the likest of the sifted words first, by level.
func (h *Hearing) sort() {
	at := int32(0)
	for level := levels; level >= 0; level-- {
		at, h.levels[level] = at+h.levels[level], at
	}
	h.sorted = slices.Grow(h.sorted[:0], len(h.sifted))[:len(h.sifted)]
	for _, w := range h.sifted {
		h.sorted[h.levels[w.level]] = w
		h.levels[w.level]++
	}
	h.sifted, h.sorted = h.sorted, h.sifted
}

// sift collects the words, and if asked the whole names, under the keys of a
// word, and counts the words by likeness.
func (s *Sounds) sift(q *name.Form, i int, h *Hearing) {
	h.sifted, h.levels = h.sifted[:0], [levels + 1]int32{}
	bag, vowels, wholes := h.bags[i].bag, h.bags[i].vowels, q.Len() == 1
	least := float32(leastLikeness)
	if h.near {
		least = leastNear
		h.keys = q.AppendNearKeys(h.keys[:0], i)
	} else {
		h.keys = q.AppendQueryKeys(h.keys[:0], i)
	}
	asked := bag
	if !vowels {
		asked = asked.Consonants()
	}
	most := asked.Len()
	for _, key := range h.keys {
		hash := hashOf(key)
		grades := &grades[symbols(key)]
		take := func(word uint32) {
			other := s.bags[word]
			if !vowels {
				other = other.Consonants()
			}
			if g := &grades[max(most, other.Len())][asked.Common(other)]; g.share > least {
				h.levels[g.level]++
				h.sifted = append(h.sifted, sifted{word, g.likeness, g.level})
			}
		}
		from, to := s.first.sorted(hash)
		for w := from; w < min(to, from+maxWordsPerKey); w++ {
			take(uint32(w))
		}
		from, to, tag := s.further.of(hash)
		for i := from; i < min(to, from+maxWordsPerKey); i++ {
			if s.further.tags[i] == tag {
				take(s.furtherWords.at(i))
			}
		}
		if !wholes {
			continue
		}
		from, to, tag = s.wholes.of(hash)
		for i, left := from, maxWords; i < to && left > 0; i++ {
			if s.wholes.tags[i] != tag {
				continue
			}
			left--
			heard := s.wholeNames.at(i)
			if s.hides(heard) {
				continue
			}
			if likeness := bag.Likeness(s.bagOf(heard), vowels); likeness > leastLikeness {
				h.whole = append(h.whole, pointer{heard, likenessOf(likeness, symbols(key))})
			}
		}
	}
}

// grade is what is made of the letters that two words have in common.
type grade struct {
	share, likeness float32
	level           uint8
}

// grades are those of words that share a key, by the sounds it holds, the letter
// classes of the word that has more of them and those that both have.
var grades = func() (grades [5][name.BagSize + 1][name.BagSize + 1]grade) {
	for sounds := range grades {
		for most := range grades[sounds] {
			for common := range most + 1 {
				g := &grades[sounds][most][common]
				g.share = name.Share(common, most)
				g.likeness = likenessOf(g.share, sounds)
				g.level = uint8(g.likeness * levels)
			}
		}
	}
	return grades
}()

// likenessOf is the likeness of words with so great a share of letters that share
// a key of so many sounds.
func likenessOf(share float32, sounds int) float32 {
	return (0.4 + 0.6*share) * (0.4 + 0.15*float32(sounds))
}

// symbols is how many sounds a key holds, up to four: a longer one proves more.
func symbols(key name.Key) int { return min(4, (bits.Len64(uint64(key))+3)/4) }

// marks sums up what points at each number: for every term the best. It is a
// list with an open-addressed table over it that is emptied by counting rounds.
type marks struct {
	list    []mark
	terms   int
	weights []float32 // of each mark, by term; zero beyond the last
	slots   []slot
	round   uint32
}

type mark struct {
	number uint32
	sum    float32 // of the weights
}

type slot struct {
	round, at uint32 // at is of list
}

func (m *marks) reset(terms int) {
	clear(m.weights)
	m.list, m.weights, m.terms = m.list[:0], m.weights[:0], terms
	m.round++
	if len(m.slots) == 0 {
		m.slots = make([]slot, 256)
	}
}

func (m *marks) add(number, term uint32, weight float32) { m.addAfter(0, number, term, weight) }

// addAfter is add, but for the numbers among the first so many.
func (m *marks) addAfter(first int, number, term uint32, weight float32) {
	if 2*len(m.list) >= len(m.slots) {
		m.grow()
	}
	s := m.slot(number)
	if s.round != m.round {
		*s = slot{m.round, uint32(len(m.list))}
		m.list = append(m.list, mark{number, weight})
		at := len(m.weights)
		if at+m.terms > cap(m.weights) {
			m.weights = append(make([]float32, 0, 2*cap(m.weights)+64*m.terms), m.weights...)
		}
		m.weights = m.weights[:at+m.terms]
		m.weights[at+int(term)] = weight
		return
	}
	if int(s.at) >= first {
		m.raise(int(s.at), term, weight)
	}
}

// raise counts a term's weight if it is the best of the term.
func (m *marks) raise(at int, term uint32, weight float32) {
	if had := &m.weights[at*m.terms+int(term)]; weight > *had {
		m.list[at].sum += weight - *had
		*had = weight
	}
}

// slot returns the number's slot, or the free one where it belongs.
func (m *marks) slot(number uint32) *slot {
	mask := uint32(len(m.slots) - 1)
	for i := number * 0x9e3779b1 >> 7 & mask; ; i = (i + 1) & mask {
		if s := &m.slots[i]; s.round != m.round || m.list[s.at].number == number {
			return s
		}
	}
}

func (m *marks) grow() {
	m.slots = make([]slot, 2*len(m.slots))
	for i := range m.list {
		*m.slot(m.list[i].number) = slot{m.round, uint32(i)}
	}
}

// wordSet is a set of words with their weights: open-addressed, and emptied by
// counting rounds.
type wordSet struct {
	some  sketch // most words that are asked for are not in the set
	slots []wordSlot
	count int
	round uint32
}

type wordSlot struct {
	round, word uint32
	weight      float32
}

func (s *wordSet) reset() {
	s.count, s.some = 0, sketch{}
	s.round++
	if len(s.slots) == 0 {
		s.slots = make([]wordSlot, 256)
	}
}

// add reports whether the word is new.
func (s *wordSet) add(word uint32, weight float32) bool {
	if 2*s.count >= len(s.slots) {
		old := s.slots
		s.slots = make([]wordSlot, 2*len(old))
		for _, o := range old {
			if o.round == s.round {
				*s.slot(o.word) = o
			}
		}
	}
	at := s.slot(word)
	if at.round == s.round {
		return false
	}
	*at = wordSlot{s.round, word, weight}
	s.count++
	s.some.add(word)
	return true
}

// weight returns the weight of a word, 0 of one that is not in the set.
func (s *wordSet) weight(word uint32) float32 {
	if !s.some.mayHave(word) {
		return 0
	}
	if at := s.slot(word); at.round == s.round {
		return at.weight
	}
	return 0
}

// slot returns the word's slot, or the free one where it belongs.
func (s *wordSet) slot(word uint32) *wordSlot {
	mask := uint32(len(s.slots) - 1)
	for i := word * 0x9e3779b1 >> 7 & mask; ; i = (i + 1) & mask {
		if at := &s.slots[i]; at.round != s.round || at.word == word {
			return at
		}
	}
}

// sketch says quickly that a number is not in a set: a Bloom filter of one hash
// in two kilobytes, which stay in the nearest cache.
type sketch [256]uint64

func (s *sketch) add(n uint32) { s[n*0x9e3779b1>>24] |= 1 << (n & 63) }

func (s *sketch) mayHave(n uint32) bool { return s[n*0x9e3779b1>>24]>>(n&63)&1 != 0 }
