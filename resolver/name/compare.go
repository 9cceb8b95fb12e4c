package name

import (
	"bytes"
)

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
	// InitialsOpposed is set when both sides have one that is none of a word of the
	// other: William G. Frost, William W. Frost.
	InitialsOpposed bool
	// LeftOver is set when either side has words that met none of the other's.
	LeftOver bool
	// FormsClash is set when the sides hold legal forms and share none.
	FormsClash bool
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

	tongues [4]inTongue
	tongue  int            // of tongues, laid out last
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
			left += query.tells(i)
			against += t.against()
			numberLeft, initialLeft = numberLeft || t.digits, initialLeft || t.short
		}
	}
	for j := range name.tokens {
		t := &name.tokens[j]
		totalName += float64(t.info)
		if !taken[j] {
			free += name.tells(j)
			numberFree, initialFree = numberFree || t.digits, initialFree || t.short
		}
	}
	out.InitialsClash = left > 0 && free > 0 && (initialLeft || initialFree)
	out.LeftOver = left > 0 && free > 0
	out.InitialsOpposed = initialLeft && initialFree
	out.FormsClash = formsClash(query, name)
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

// formsClash reports whether either side has a legal form, and they share none.
func formsClash(query, name *Form) bool {
	clash := false
	for i := range query.tokens {
		if q := query.tokens[i].kind; q.legal {
			for j := range name.tokens {
				if n := name.tokens[j].kind; n.legal {
					if n.class == q.class {
						return false
					}
					clash = true
				}
			}
		}
	}
	return clash
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
	p := c.words(&query.tokens[i], n, leastLike)
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
			slot.p = c.words(&query.tokens[i], &c.nick, leastLike)
		}
		if p := slot.p; p.how == alike && p.similarity > 0.7 && p.similarity > best.similarity {
			best = pairing{0.85 * p.similarity, p.evidence / 2, nicknameOf}
		}
	}
	return best
}

// maxNicknames bounds the nicknames of one word that are compared.
const maxNicknames = 12
