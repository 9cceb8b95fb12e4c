package resolver

import (
	"bytes"
	"slices"
	"unicode"

	"onoma/resolver/fact"
	"onoma/resolver/index"
	"onoma/resolver/name"
)

// matcher is the memory of the tiers that look beyond the query's own key.
type matcher struct {
	asked, held name.Form
	comparer    name.Comparer
	hearing     index.Hearing
	compared    []index.Name // of this query
	best        float64      // similarity of them
	respelt     bool         // the query is compared as it sounds, in another script

	comparison name.Comparison
	features   LikenessFeatures
	part       part
	spelt      [][]byte // the query as it sounds
	lands      []int    // words of the query that are a country's or a region's whole name
}

const (
	// heardNames is how many names are compared in full with a query of several
	// words, heardWord with one of a single word, which many more resemble.
	// heardFirst is how many of the former are before letters are looked at. Of
	// a query in another script the right name is often far behind, above all in
	// Han: while none is as similar as unlike, heardElsewhere are compared.
	heardFirst, heardNames, heardElsewhere, heardWord = 8, 48, 160, 192
	// heardNear is how many names are compared that a slip of the pen may be
	// between, when none that was heard is as similar as unlike.
	heardNear = 24
	// heardRespelt is how many are compared with a query as it sounds.
	// A name of more than respeltWords words is not heard so: papers that spell by
	// ear write short names.
	heardRespelt, respeltWords = 16, 3
	unlike                     = 0.5
	// surelyCompared is how many of them are compared however far they are
	// behind the first; the others need leastShare of its weight.
	surelyCompared = 8
	leastShare     = 0.6
	// Once a name is this similar, only those that were heard nearly as well
	// can still be as good: of the names that answer the development sets, one
	// in two hundred was heard less well than a name as similar.
	similar, similarShare             = 0.7, 0.75
	surelySimilar, surelySimilarShare = 0.9, 0.87
	// leastOdds is the log10 odds under which a likeness is not a candidate.
	leastOdds = -2
)

// gatherAlike collects the names that are spelt or sound like the query, with
// the odds that they are the same name.
func (t *Table) gatherAlike(q *Query, a *Answer, tr *tracer) {
	if a.matcher == nil {
		a.matcher = new(matcher)
	}
	a.matcher.alike(t, q, func(n index.Name, c *name.Comparison, f *LikenessFeatures) bool {
		odds := f.odds()
		if odds < leastOdds {
			return true
		}
		method := methodOf(c)
		if a.matcher.respelt {
			method = Phonetic
		}
		if !mayBeAlike(n, method) || !c.CrossScript && a.matcher.namesAnother(t, n.Entity()) {
			tr.entityStep("gather", n.Text(), n.Entity(), "alike, but only its own letters speak for it")
			return true
		}
		if c.NumberClash || c.Opposed {
			tr.entityStep("gather", n.Text(), n.Entity(), "alike, but a word or number that tells such names apart is another")
			return true
		}
		tr.entityStep("gather", n.Text(), n.Entity(), methodWords[method])
		a.hits = append(a.hits, hit{name: n, entity: n.Entity(), method: method, odds: odds})
		return true
	})
}

// Alike yields the names that are spelt or sound like text with what the odds
// of their being the same name are made of, in no particular order. It is for
// fitting those odds; [Table.Resolve] weighs them.
func (t *Table) Alike(text string, yield func(index.Name, *LikenessFeatures) bool) {
	new(matcher).alike(t, &Query{Name: text}, func(n index.Name, _ *name.Comparison, f *LikenessFeatures) bool { return yield(n, f) })
}

func (m *matcher) alike(t *Table, q *Query, yield func(index.Name, *name.Comparison, *LikenessFeatures) bool) {
	text := q.Name
	if tooShort(text) {
		return
	}
	before, _, comma := name.CutComma(text)
	if m.part = anyName; !comma || tooShort(before) {
		if m.hear(t, text, yield) && m.best < similar && m.asked.Len() <= respeltWords && name.ScriptOf(text) == name.Latin && name.SpellsByEar(q.Language) {
			m.hearRespelt(t, text, yield)
		}
		return
	}
	// "Hurst, Texas" is no inversion: of a place, what stands behind the comma
	// says where it lies.
	m.part = wholeName
	if m.hear(t, text, yield) {
		m.part = placeName
		m.hear(t, before, yield)
	}
}

// part is what of a query with a comma is compared, and with what.
type part uint8

const (
	anyName   part = iota // a query without a comma
	wholeName             // all of it: with places only if they have all of it too
	placeName             // what stands before the comma: with places
)

// admits reports whether a comparison with an entity of the kind counts.
func (p part) admits(kind fact.Kind, c *name.Comparison) bool {
	switch p {
	case wholeName:
		return !isPlace(kind) || c.Query > wholeQuery
	case placeName:
		return isPlace(kind)
	}
	return true
}

// namesPlace reports whether any of the names is a place's.
func namesPlace(names index.Names) bool {
	for i := range names.Len() {
		if isPlace(names.At(i).Entity().Kind()) {
			return true
		}
	}
	return false
}

// wholeQuery is the share of a query that is aligned when nothing of it is left
// over but a letter.
const wholeQuery = 0.9

func isPlace(kind fact.Kind) bool {
	switch kind {
	case fact.Place, fact.Region, fact.Country, fact.Facility:
		return true
	}
	return false
}

// namesAnother reports whether a word of the query is the whole name of a country
// or region other than the entity, and stood opposite another word: the Bank of Niger is not the Bank of Nigeria.
func (m *matcher) namesAnother(t *Table, e index.Entity) bool {
	for _, i := range m.lands {
		word, partner := m.asked.Token(i).Text, m.comparer.Partner(i)
		if partner < 0 || bytes.Equal(word, m.held.Token(partner).Text) {
			continue
		}
		names := t.index.Lookup("", word)
		own := false
		for k := range names.Len() {
			own = own || names.At(k).Entity() == e
		}
		if !own {
			return true
		}
	}
	return false
}

// setLands finds the words of the query that name a country or region.
func (m *matcher) setLands(t *Table) {
	m.lands = m.lands[:0]
	for i := range m.asked.Len() {
		names := t.index.Lookup("", m.asked.Token(i).Text)
		for k := range names.Len() {
			n := names.At(k)
			kind := n.Entity().Kind()
			if (kind == fact.Country || kind == fact.Region) && n.Kind() != fact.Acronym && n.Kind() != fact.Demonym {
				m.lands = append(m.lands, i)
				break
			}
		}
	}
}

// hear finds and compares the names like text, and reports whether yield wants
// more.
func (m *matcher) hear(t *Table, text string, yield func(index.Name, *name.Comparison, *LikenessFeatures) bool) bool {
	m.asked.Prepare(text)
	m.compared, m.best = m.compared[:0], 0
	m.setLands(t)
	sounds := t.index.Sounds()
	first := heardFirst
	if m.asked.Len() == 1 {
		first = heardWord
	}
	more := m.compareAll(sounds, sounds.Find(&m.asked, &m.hearing, first), yield)
	if more && m.best < similar && m.asked.Len() > 1 {
		limit := heardNames
		if m.asked.Token(0).Script != name.Latin {
			limit = heardElsewhere
		}
		more = m.compareAll(sounds, sounds.FindByLetters(&m.hearing, limit), yield)
	}
	if more && m.best < unlike && (m.part != placeName || m.best > 0) {
		more = m.compareAll(sounds, sounds.FindNear(&m.asked, &m.hearing, heardNear), yield)
	}
	return more
}

// hearRespelt finds and compares the names of persons and places that text, in
// Latin letters, may spell as they sound: Džo Baidens, Co Bayden. Every word must
// meet one of the name; a sound alone proves too little. Where no letter tells which
// languages spell it, only names heard at once are compared.
func (m *matcher) hearRespelt(t *Table, text string, yield func(index.Name, *name.Comparison, *LikenessFeatures) bool) {
	m.respelt = true
	defer func() { m.respelt = false }()
	sounds := t.index.Sounds()
	m.spelt = name.Respellings(m.spelt[:0], text)
	for _, key := range m.spelt {
		m.asked.PrepareKey(key)
		m.compared, m.best = m.compared[:0], 0
		more := m.compareAll(sounds, sounds.Find(&m.asked, &m.hearing, heardFirst), yield)
		if more && m.best < similar && m.asked.Len() > 1 && len(m.spelt) == 1 {
			more = m.compareAll(sounds, sounds.FindByLetters(&m.hearing, heardRespelt), yield)
		}
		if !more {
			return
		}
	}
}

// compareAll compares the names that were heard, best first, as long as another
// may still be as good, and reports whether yield wants more.
func (m *matcher) compareAll(sounds *index.Sounds, found []index.Heard, yield func(index.Name, *name.Comparison, *LikenessFeatures) bool) bool {
	before := m.compared
	for rank, heard := range found {
		if rank >= heardNames && m.asked.Len() > 1 && m.best > unlike ||
			heard.Weight < shareToCompare(rank, m.best)*min(4, found[0].Weight) {
			break
		}
		if slices.Contains(before, heard.Name) {
			continue
		}
		m.compared = append(m.compared, heard.Name)
		group := heard.Group()
		if m.part == placeName && !namesPlace(group) {
			continue
		}
		sounds.Spell(heard, &m.held)
		m.comparison = m.comparer.Compare(&m.asked, &m.held)
		m.best = max(m.best, m.comparison.Similarity)
		for i := range group.Len() {
			n := group.At(i)
			kind := n.Entity().Kind()
			if !m.part.admits(kind, &m.comparison) || m.respelt && !m.soundsLike(kind) {
				continue
			}
			m.features = FeaturesOf(&m.comparison, m.asked.Len(), kind)
			if !yield(n, &m.comparison, &m.features) {
				return false
			}
		}
	}
	return true
}

// soundsLike reports whether the comparison of a query as it sounds counts for an
// entity of the kind: sounds do not tell such names apart as look alike.
func (m *matcher) soundsLike(kind fact.Kind) bool {
	return (kind == fact.Person || isPlace(kind)) && !m.comparison.LeftOver && m.comparison.Initials == 0 && !m.held.Guarded()
}

// shareToCompare is the share of the first name's weight that a name of the rank
// needs to be compared when the best so far has the similarity.
func shareToCompare(rank int, best float64) float32 {
	switch {
	case best > surelySimilar:
		return surelySimilarShare
	case best > similar:
		return similarShare
	case rank >= surelyCompared:
		return leastShare
	}
	return 0
}

// leastLetters is how many letters a name needs before a likeness says anything:
// "us" is like too much. A character of Han, Hangul or kana is a syllable and
// more, a letter of an Indic script a syllable, one of Arabic or Hebrew often is.
func leastLetters(script name.Script) int {
	switch script {
	case name.Latin:
		return 4
	case name.Hangul:
		return 1
	case name.Han, name.Kana, name.Devanagari, name.Bengali, name.Gurmukhi, name.Gujarati, name.Oriya,
		name.Tamil, name.Telugu, name.Kannada, name.Malayalam, name.Sinhala, name.Ethiopic, name.Khmer, name.Burmese:
		return 2
	}
	return 3
}

func tooShort(text string) bool {
	letters := 0
	for _, r := range text {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	return letters < leastLetters(name.ScriptOf(text))
}

// mayBeAlike guards the names that likeness alone must not reach. Austria is not
// Australia: countries and regions, and what is called after them, are found by
// their letters in whatever script, never by a guess.
func mayBeAlike(n index.Name, method Method) bool {
	switch n.Kind() {
	case fact.Acronym, fact.Demonym:
		return false
	}
	switch n.Entity().Kind() {
	case fact.Country, fact.Region:
		return method <= Transliterated
	}
	return true
}

// methodOf names what a comparison rests on.
func methodOf(c *name.Comparison) Method {
	switch {
	case c.CrossScript:
		return Transliterated
	case c.Similarity > 0.9:
		return Phonetic
	default:
		return Fuzzy
	}
}
