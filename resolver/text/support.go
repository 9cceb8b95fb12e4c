package text

import (
	"slices"
	"strings"
	"unicode/utf8"

	"onoma/resolver"
	"onoma/resolver/fact"
	"onoma/resolver/index"
)

// A surname, a small town or three capital letters by themselves are names in a
// text that speaks of their country, and words, forenames or somebody else's
// names in a poem, a novel or a manual. So what many things are called asks for
// support: something sure, near it, of its country.

const (
	// reach is how many tokens away a sure name supports another. A news article
	// lies within it; of a book, what stands on the pages around.
	reach = 800
	// mostSigns bounds the signs that are looked at on either side.
	mostSigns = 32

	unsupported   = -2.4 // a name that many bear, and nothing near it of its country
	placeByItself = -1.0 // the same of a place after "in" or "from"
	nobodysName   = -0.8 // the same of a place whose name is no word and nobody's
	ofWorldRank   = 1.3  // a surname by which the press of the world calls one person

	// longChars is how many characters make a name that is hardly anything else.
	longChars = 4
)

// sign is a sure name that speaks for a country.
type sign struct {
	token   int
	country int // of w.countries, noCountry for one that the document hardly names
	entity  index.Entity
	of      index.Entity // the country
}

const noCountry = -1

// addSign notes that the run, which is sure, speaks for a country.
func (w *work) addSign(r *run, c *resolver.Candidate) {
	// A company speaks for no country; a surname may be another's, and a word that
	// people are called by no place.
	const eminent, wellKnown = 0.7, 0.75
	t := &w.tokens.list[r.from]
	alone := w.wordsOf(r) == 1 && t.form&formChar == 0
	switch bearer := bearerOf(c); {
	case bearer.Kind() == fact.Organization && bearer.Prominence() < eminent:
		return
	case bearer.Kind() == fact.Person && alone:
		return
	case alone && bearer.Kind() != fact.Country && bearer.Prominence() < wellKnown && w.first.part(w.tokens.key(r.from)) != 0:
		return
	}
	if of := w.speaksFor(c); of.Valid() {
		w.signs = append(w.signs, sign{token: r.from, entity: bearerOf(c), of: of})
	}
}

// sortSigns puts them in the order of the text, now that the document's countries
// are known.
func (w *work) sortSigns() {
	slices.SortStableFunc(w.signs, func(a, b sign) int { return a.token - b.token })
	for i := range w.signs {
		w.signs[i].country = slices.IndexFunc(w.countries, func(s share) bool { return s.country == w.signs[i].of })
	}
}

// isSupported reports whether something else near the run speaks for the country
// that the candidate belongs to; of what belongs to none, for two countries.
func (w *work) isSupported(r *run, c *resolver.Candidate) bool {
	bearer := bearerOf(c)
	if bearer.Kind() == fact.Country || len(w.signs) == 0 {
		return false
	}
	homes := w.homesOf(c)
	if homes == 0 {
		return false
	}
	first := noCountry
	speaks := func(s *sign) bool {
		switch {
		case s.entity == bearer || s.country == noCountry:
		case homes&homeless == 0:
			return homes&(1<<s.country) != 0
		case first == noCountry:
			first = s.country
		default:
			return first != s.country
		}
		return false
	}
	at, _ := slices.BinarySearchFunc(w.signs, r.from, func(s sign, token int) int { return s.token - token })
	for i := at - 1; i >= max(0, at-mostSigns) && w.signs[i].token >= r.from-reach; i-- {
		if speaks(&w.signs[i]) {
			return true
		}
	}
	for i := at; i < min(len(w.signs), at+mostSigns) && w.signs[i].token <= r.from+reach; i++ {
		if speaks(&w.signs[i]) {
			return true
		}
	}
	return false
}

// inNews reports whether the text around the run names several countries, as news
// does and novels, manuals and logs do not: there a company or a town needs no
// support of its own country.
func (w *work) inNews(r *run) bool {
	const near, least = 150, 4
	at, _ := slices.BinarySearchFunc(w.signs, r.from-near, func(s sign, token int) int { return s.token - token })
	signs, countries := 0, uint64(0)
	for ; at < len(w.signs) && w.signs[at].token <= r.from+near && signs < mostSigns; at++ {
		if s := &w.signs[at]; s.country != noCountry && s.entity != bearerOf(&r.candidates[0]) {
			signs, countries = signs+1, countries|1<<s.country
		}
	}
	return signs >= least && countries&(countries-1) != 0
}

// homeless marks what belongs to no country at all, beside the bits of the
// document's countries.
const homeless = 1 << namedCountries

// homesOf returns to which of the document's countries the candidate belongs.
func (w *work) homesOf(c *resolver.Candidate) uint16 {
	number := 2 * c.Entity.Number()
	if c.Literal.Valid() {
		number = 2*c.Literal.Number() + 1
	}
	homes, ok := w.homes[number]
	if ok {
		return homes
	}
	for i := range w.countries {
		if of := w.countries[i].country; of == c.Entity || resolver.Belongs(c, of.ID()) {
			homes |= 1 << i
		}
	}
	if bearer := bearerOf(c); homes == 0 && (bearer.Kind() == fact.Organization && !countryOf(bearer, 0).Valid() || bearer.Kind() == fact.Person && !w.speaksFor(c).Valid()) {
		homes = homeless
	}
	w.homes[number] = homes
	return homes
}

// asksSupport reports whether the name of the run is one that many things have.
func (w *work) asksSupport(r *run, top *resolver.Candidate, words int) bool {
	const wellKnown, known, namesake, littleKnownPerson = 0.75, 0.6, 0.5, 0.45
	t := &w.tokens.list[r.from]
	if words == 2 && w.cue(r.from)&cueArticle != 0 {
		words = 1 // "the Left"
	}
	short := words == 1
	if t.form&formChar != 0 {
		short = r.to-r.from < longChars
	}
	bearer := bearerOf(top)
	if !top.Name.Valid() || r.titled || w.knows(top) || w.isOfWorldRank(r, top) {
		return false
	}
	kind := top.Name.Kind()
	if t.form&formCaps != 0 && kind != fact.Acronym && short && bearer.Kind() != fact.Country && bearer.Prominence() < 0.85 {
		return true // whatever is written in capitals
	}
	switch bearer.Kind() {
	case fact.Person:
		return short && (t.form&formChar == 0 || kind == fact.Short && bearer.Prominence() < wellKnown) ||
			words == 2 && bearer.Prominence() < littleKnownPerson && w.first.part(w.tokens.key(r.from))&commonForename != 0 && !w.isRareSurname(r) // "James Morris"
	case fact.Place, fact.Region, fact.Facility:
		if short && t.form&formChar == 0 && kind != fact.Demonym && bearer.Prominence() < wellKnown && w.first.part(w.tokens.key(r.from)) != 0 {
			return true // "Virginia", "Charlotte"
		}
		return short && kind != fact.Demonym && bearer.Prominence() < known || bearer.Prominence() < namesake
	case fact.Organization:
		return (kind == fact.Acronym || short && t.form&formChar != 0) && bearer.Prominence() < wellKnown || short && bearer.Prominence() < known
	}
	return false
}

// isOfWorldRank reports whether the run is the surname of somebody whom papers call
// by nothing else, and few others have it: "Netanyahu", "Lavrov". What writing tells
// little of asks for company.
func (w *work) isOfWorldRank(r *run, top *resolver.Candidate) bool {
	const prominent, certain = 0.65, 0.85
	if !isSurnameOfRank(top) {
		return false
	}
	if !w.isWrittenPlainly(r, top) && !w.hasCompany(r) {
		return false
	}
	if top.Entity.Prominence() >= foremost {
		return true
	}
	return (top.Score >= certain || top.Entity.Prominence() >= prominent) && w.isRareSurname(r) && !w.isOrdinaryHere(w.tokens.key(r.to-1)) && w.cue(r.to-1) == 0
}

// isRareSurname reports whether few people of the table have the last word of the
// run for a surname or a forename.
func (w *work) isRareSurname(r *run) bool {
	const mostNamesakes, mostForenames = 4, 3
	n := w.first.count(w.tokens.key(r.to - 1))
	return n.surnames <= mostNamesakes && n.bearers <= mostForenames
}

// isSurnameOfRank reports whether the candidate is somebody of rank by a surname or
// another name of one word.
func isSurnameOfRank(c *resolver.Candidate) bool {
	if !isOfRank(c) || !c.Name.Valid() {
		return false
	}
	switch c.Name.Kind() {
	case fact.Short, fact.Nickname:
		return true
	case fact.Transliteration:
		return !strings.ContainsAny(c.Name.Text(), " ·・")
	}
	return false
}

// foremost is the prominence of people whose surname is theirs whoever else has it.
const foremost = 0.75

// isOfRank reports whether the candidate is somebody of rank.
func isOfRank(c *resolver.Candidate) bool {
	const leading = 0.6
	return c.Entity.Kind() == fact.Person && c.Entity.Prominence() >= leading
}

// onOneLine reports whether no line ends between two runs.
func (w *work) onOneLine(a, b *run) bool {
	from, to := min(a.from, b.from), max(a.to, b.to)
	return !slices.ContainsFunc(w.tokens.list[from+1:to], func(t token) bool { return t.gap&gapLine != 0 })
}

// isWrittenPlainly reports whether the run is hardly anything but the name: a
// capital where the script has them, some length where it has not, and a spelling
// that the text's language uses.
func (w *work) isWrittenPlainly(r *run, top *resolver.Candidate) bool {
	t := &w.tokens.list[r.from]
	if top.Name.Kind() == fact.Transliteration && !sameLanguage(top.Name.Language(), w.language) {
		return false
	}
	if t.form&(formCased|formChar) == 0 && top.Method != resolver.Exact {
		return false
	}
	return w.isLong(r) && (t.form&formCased == 0 || t.form&(formUpper|formCaps) == formUpper)
}

// isLong reports whether the run is long enough not to be a word by chance, in a
// script without capitals; in one with them it is.
func (w *work) isLong(r *run) bool {
	const letters = 5
	switch t := &w.tokens.list[r.from]; {
	case t.form&formChar != 0:
		return r.to-r.from > leastChars
	case t.form&formCased == 0:
		return r.to > r.from+1 || utf8.RuneCount(w.tokens.key(r.from)) >= letters
	}
	return true
}

// hasCompany reports whether somebody else of rank is named in the same breath: two
// of them in a sentence bear each other out.
func (w *work) hasCompany(r *run) bool {
	const near, runs = 16, 4
	at := int(w.covered[r.from]) - 1
	if at < 0 {
		return false
	}
	caps := w.tokens.list[r.from].form&formCaps != 0
	for i := max(0, at-runs); i < min(len(w.runs), at+runs+1); i++ {
		o := &w.runs[i]
		if i == at || o.inner || len(o.candidates) == 0 || o.from > r.to+near || o.to < r.from-near {
			continue
		}
		c := &o.candidates[0]
		if c.Entity != r.candidates[0].Entity && c.Score >= surelyOne && isOfRank(c) && (!caps || w.onOneLine(r, o)) &&
			(c.Entity.Prominence() >= foremost || w.isRareSurname(o) || o.to-o.from > 1 && !isSurnameOfRank(c)) {
			return true
		}
	}
	return false
}

// isNobodysName reports whether the run, a place of one word with a capital that
// only names have, is a word of no language and no part of people's names.
func (w *work) isNobodysName(r *run) bool {
	t := &w.tokens.list[r.from]
	key := w.tokens.key(r.from)
	return t.form&(formUpper|formCased|formStart|formTitle|formCaps) == formUpper|formCased && !sameLanguage(w.language, "de") &&
		w.first.part(key) == 0 && !isOrdinary(key) && w.cue(r.from) == 0 && w.lower[string(key)] == 0
}
