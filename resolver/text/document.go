package text

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"onoma/resolver"
	"onoma/resolver/fact"
	"onoma/resolver/index"
	"onoma/resolver/name"
)

// share is how often a document speaks of a country.
type share struct {
	country index.Entity
	count   int
}

// person is somebody whose full name the document has.
type person struct {
	candidate resolver.Candidate
	// several says that the document has two people of the name.
	several bool
}

const (
	// aboutCountries is how many countries a document is taken to be about, and
	// namedCountries how many are told apart where something speaks for them.
	aboutCountries = 6
	namedCountries = 14
	// knownPerson is the weight, in log10, of a surname's bearer whose full name
	// the document has; knownCountry that of what belongs to one of its countries.
	knownPerson  = 3.5
	knownCountry = 1.0
	// powerInNews is the weight of a capital or seat of power against its
	// namesakes: running text that needs one of them mostly needs it.
	powerInNews   = 0.7
	renownOfPower = 5
	// surelyGuessed is the least score of a likeness that is taken for the name.
	surelyGuessed = 0.95
	// mostBound is how many acronyms a document may introduce; each costs a look
	// at the whole document.
	mostBound = 32
)

// speaksFor returns the country that a candidate speaks for; not valid when it
// speaks for none.
func (w *work) speaksFor(c *resolver.Candidate) index.Entity {
	e := c.Entity
	if e.Kind() == fact.Country {
		return e
	}
	for i := range e.RoleCount() {
		if r := e.Role(i); r.Position.Jurisdiction().Valid() && r.Position.Jurisdiction().Kind() == fact.Country && w.document.AsOf.Within(r.From, r.To) {
			return r.Position.Jurisdiction()
		}
	}
	return countryOf(e, 0)
}

// countCountry counts the country that a sure candidate speaks for.
func (w *work) countCountry(c *resolver.Candidate) {
	e := w.speaksFor(c)
	if !e.Valid() {
		return
	}
	for i := range w.countries {
		if w.countries[i].country == e {
			w.countries[i].count++
			return
		}
	}
	w.countries = append(w.countries, share{e, 1})
}

// countryOf returns the country that a place lies in, or a body belongs to.
func countryOf(e index.Entity, depth int) index.Entity {
	const deepest = 4
	for i := range e.RelationCount() {
		r := e.Relation(i)
		switch r.Type {
		case fact.LocatedIn, fact.PartOf, fact.CapitalOf, fact.SeatOf:
			if r.Target.Kind() == fact.Country {
				return r.Target
			}
			if depth < deepest {
				if c := countryOf(r.Target, depth+1); c.Valid() {
					return c
				}
			}
		}
	}
	return index.Entity{}
}

func (w *work) sortCountries() {
	slices.SortFunc(w.countries, func(a, b share) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.country.ID(), b.country.ID()))
	})
	w.countries = w.countries[:min(len(w.countries), namedCountries)]
	w.counted = true
}

// isOfCountry reports whether the candidate belongs to a country of the document
// and is not that country itself.
func (w *work) isOfCountry(c *resolver.Candidate) bool {
	return w.counted && c.Entity.Kind() != fact.Country && w.homesOf(c)&(1<<aboutCountries-1) != 0
}

// isAbout reports whether the entity is a country of the document.
func (w *work) isAbout(e index.Entity) bool {
	return slices.ContainsFunc(w.countries[:min(len(w.countries), aboutCountries)], func(s share) bool { return s.country == e })
}

// meet notes a person whose full name the document has.
func (w *work) meet(r *run, c *resolver.Candidate) {
	if r.to-r.from < 2 || c.Name.Kind() == fact.Short {
		return
	}
	last := r.to - 1
	if given, _, _ := strings.Cut(c.Entity.Canonical(), " "); w.tag == "hu" && name.Fold(given) == string(w.tokens.key(last)) {
		last = r.from // "Orbán Viktor"
	}
	w.know(string(w.tokens.key(last)), c)
}

func (w *work) know(surname string, c *resolver.Candidate) {
	p, ok := w.people[surname]
	if ok && p.candidate.Entity != c.Entity {
		p.several = true
	}
	if !ok {
		p.candidate = *c
	}
	w.people[surname] = p
	w.heads[headOf([]byte(surname))] = true
	w.met[c.Entity.Number()] = true
}

// knows reports whether the document has the full name of the candidate.
func (w *work) knows(c *resolver.Candidate) bool {
	return w.met[c.Entity.Number()]
}

// bracketed takes an acronym in brackets for the name before it.
func (w *work) bracketed() {
	list := w.tokens.list
	for i := range w.runs {
		r := &w.runs[i]
		k := r.to
		if w.bound == mostBound {
			return
		}
		if r.inner || len(r.candidates) == 0 || k >= len(list) || w.isDateline(r) || list[k].gap&gapOpen == 0 || list[k].form&formCaps == 0 || r.to-r.from < 2 {
			continue
		}
		if k+1 < len(list) && list[k+1].gap&gapClose == 0 {
			continue
		}
		top := r.candidates[0]
		if top.Entity.Kind() == fact.Person || top.Reading != resolver.Literal {
			continue
		}
		top.Method, top.NameRole = resolver.FromContext, resolver.RoleAcronym
		w.bind(w.tokens.surface(k, k+1), top)
	}
}

// bind makes every place where the word stands mean the candidate.
func (w *work) bind(surface string, c resolver.Candidate) {
	w.bound++
	found := w.keep([]resolver.Candidate{c})
	for i := range w.runs {
		if r := &w.runs[i]; r.entry.surface == surface && !r.inner && len(r.candidates) > 0 {
			if r.candidates[0].Entity != c.Entity {
				r.candidates, r.outcome = found, resolver.Resolved
			}
			r.state = sure
		}
	}
	if _, ok := w.entries[surface]; ok {
		return
	}
	e := w.newEntry()
	*e = entry{surface: surface, candidates: found, outcome: resolver.Resolved}
	w.entries[surface] = e
	for i := range w.tokens.list {
		if w.covered[i] == 0 && w.tokens.surface(i, i+1) == surface {
			w.addKnown(i, i+1, e)
		}
	}
}

// addKnown adds a run that is a mention beyond doubt.
func (w *work) addKnown(from, to int, e *entry) {
	t := w.tokens.list
	w.runs = append(w.runs, run{
		from: from, to: to, start: int(t[from].start), end: int(t[to-1].end), entry: e,
		candidates: e.candidates, outcome: e.outcome, state: sure,
	})
	for k := from; k < to; k++ {
		w.covered[k] = int32(len(w.runs))
	}
}

// strangersOf notes the surnames of people that the table lacks: a known
// forename before a word that is somebody's surname.
func (w *work) strangersOf() {
	for i := range w.runs {
		r := &w.runs[i]
		if r.inner || r.to != r.from+1 || r.from == 0 || len(r.candidates) == 0 || r.candidates[0].Entity.Kind() != fact.Person {
			continue
		}
		k := r.from - 1
		if w.tokens.list[r.from].gap == gapSpace && w.unknownName(k) && w.first.part(w.tokens.key(k))&forename != 0 {
			w.strangers[string(w.tokens.key(r.from))] = true
		}
	}
}

// guess searches by likeness for names of several words with capitals that the
// table does not have as they are written.
func (w *work) guess() {
	list := w.tokens.list
	for i := 0; i < len(list) && w.guesses > 0; i++ {
		if !w.beginsUnknown(i) {
			continue
		}
		to := i + 1
		for to < len(list) && to-i < maxGuessed && w.continuesUnknown(to) {
			to++
		}
		if to-i < 2 {
			continue
		}
		if e := w.guessed(w.tokens.surface(i, to)); len(e.candidates) > 0 {
			w.drop(i, to)
			w.addKnown(i, to, e)
			w.know(string(w.tokens.key(to-1)), &e.candidates[0])
			delete(w.strangers, string(w.tokens.key(to-1)))
		}
		i = to - 1
	}
}

// maxGuessed is how many words of a name are searched by likeness.
const maxGuessed = 4

func (w *work) beginsUnknown(i int) bool {
	t := &w.tokens.list[i]
	if t.form&(formUpper|formCased) != formUpper|formCased || t.form&(formCaps|formTitle|formCode|formDigits) != 0 || t.end-t.start < 3 {
		return false
	}
	if t.form&formStart != 0 && (isOrdinary(w.tokens.key(i)) || w.cue(i) != 0) {
		return false
	}
	if r := w.runOf(i); r != nil && (r.to > r.from+1 || r.candidates[0].Entity.Kind() != fact.Person) {
		return false
	}
	return w.first.part(w.tokens.key(i))&forename != 0 || t.form&formStart == 0 && w.covered[i] == 0 && (w.titles == nil || !w.titles.isTitleWord(w.tokens.key(i)))
}

func (w *work) continuesUnknown(i int) bool {
	t := &w.tokens.list[i]
	if t.gap != gapSpace && t.gap != gapHyphen || t.form&(formUpper|formCased) != formUpper|formCased || t.form&(formCaps|formTitle|formCode|formDigits) != 0 {
		return false
	}
	r := w.runOf(i)
	return r == nil || r.to == r.from+1 && len(r.candidates) > 0 && r.candidates[0].Entity.Kind() == fact.Person
}

func (w *work) runOf(i int) *run {
	if n := w.covered[i]; n > 0 && len(w.runs[n-1].candidates) > 0 {
		return &w.runs[n-1]
	}
	return nil
}

// drop takes back the runs of tokens from..to.
func (w *work) drop(from, to int) {
	for k := from; k < to; k++ {
		if n := w.covered[k]; n > 0 {
			w.runs[n-1].state = rejected
		}
	}
}

// guessed asks for a name with all that the table can do, once a document.
func (w *work) guessed(surface string) *entry {
	key := "\x00" + surface
	if e, ok := w.entries[key]; ok {
		return e
	}
	w.guesses--
	e := w.newEntry()
	*e = entry{surface: surface}
	w.entries[key] = e
	q := w.query
	q.Name, q.Kinds, q.Reading = surface, resolver.Kinds(fact.Person), resolver.Auto
	w.table.Resolve(&q, &w.answer)
	if w.answer.Outcome == resolver.Resolved && w.answer.Candidates[0].Score >= surelyGuessed && w.coheres(&w.answer.Candidates[0]) {
		e.candidates, e.outcome = w.keep(w.answer.Candidates[:1]), resolver.Resolved
	}
	return e
}

// coheres reports whether somebody found by sound or likeness belongs to the
// document: many more people have like names than the table knows.
func (w *work) coheres(c *resolver.Candidate) bool {
	return c.Method < resolver.Phonetic || w.isOfCountry(c) || w.isAbout(c.Entity)
}

// surnames adds the places where a person of the document is meant by a surname
// that the table does not have by itself.
func (w *work) surnames() {
	if len(w.people) == 0 {
		return
	}
	for i := range w.tokens.list {
		t := &w.tokens.list[i]
		if t.form&(formUpper|formCased) != formUpper|formCased || t.form&formCode != 0 || t.end-t.start < 3 {
			continue
		}
		p, ok := w.personOf(i)
		if !ok || p.several || i > 0 && t.gap == gapSpace && (w.unknownName(i-1) || w.namedOtherwise(i-1)) {
			continue
		}
		if w.covered[i] != 0 {
			w.meant(i, &p.candidate)
			continue
		}
		c := p.candidate
		c.Method, c.NameRole = resolver.FromContext, resolver.RoleShort
		surface := w.tokens.surface(i, i+1)
		e := w.entries[surface]
		if e == nil || len(e.candidates) == 0 {
			if e == nil {
				e = w.newEntry()
				w.entries[surface] = e
			}
			*e = entry{surface: surface, candidates: w.keep([]resolver.Candidate{c}), outcome: resolver.Resolved}
		}
		w.addKnown(i, i+1, e)
	}
}

// headOf is the beginning of a folded surname, which no case changes: three letters,
// or two of a script whose letters take two bytes.
func headOf(key []byte) (head [4]byte) {
	n := 3
	if len(key) > 0 && key[0] >= utf8.RuneSelf {
		n = 4
	}
	copy(head[:], key[:min(len(key), n)])
	return head
}

// personOf returns the person of the document whose surname the token is, in the
// form of the full name or in another case.
func (w *work) personOf(i int) (person, bool) {
	key := w.tokens.key(i)
	p, ok := w.people[string(key)]
	t := &w.tokens.list[i]
	if ok || !w.heads[headOf(key)] || t.form&formStart != 0 && isOrdinary(key) {
		return p, ok
	}
	if w.inflects || t.script != name.Latin {
		w.stems = name.AppendStems(w.stems[:0], key, t.script)
		for _, stem := range w.stems {
			if p, ok = w.people[string(stem)]; ok {
				return p, true
			}
		}
	}
	w.forms = w.caseForms(w.forms[:0], string(key))
	for _, form := range w.forms[1:] {
		if p, ok = w.people[form]; ok {
			return p, true
		}
		if p, ok = w.people[form+"o"]; ok && w.inflects {
			return p, true // "Ficovi" of Fico
		}
		if last := len(form) - 1; w.inflects && form[last] < utf8.RuneSelf {
			if p, ok = w.people[form[:last]+"e"+form[last:]]; ok {
				return p, true // "Pavla" of Pavel
			}
		}
	}
	return person{}, false
}

// namedOtherwise reports whether the token before a surname is the forename of
// somebody else: "Argentina Silva" beside Lula da Silva.
func (w *work) namedOtherwise(i int) bool {
	t := &w.tokens.list[i]
	if t.form&(formUpper|formStart|formCaps) != formUpper || w.titles != nil && w.titles.isTitleWord(w.tokens.key(i)) {
		return false
	}
	r := w.runOf(i)
	return r != nil && r.to == i+1 && isPlace(bearerOf(&r.candidates[0]).Kind()) && r.candidates[0].Name.Valid() && r.candidates[0].Name.Kind() != fact.Demonym && languageTraits()["small words"][w.tag]
}

// meant makes a doubtful run of one word, which names something little known, mean
// the person of the document who has it for a surname.
func (w *work) meant(i int, c *resolver.Candidate) {
	const wellKnown = 0.7
	r := w.runOf(i)
	if r == nil || r.inner || r.given || r.to != r.from+1 || r.state == sure || r.kind() == fact.Organization || r.outcome == resolver.Resolved && r.candidates[0].Entity == c.Entity ||
		bearerOf(&r.candidates[0]).Prominence() > wellKnown || r.to < len(w.tokens.list) && w.tokens.list[r.to].form&formDigits != 0 {
		return
	}
	found := *c
	found.Method, found.NameRole = resolver.FromContext, resolver.RoleShort
	r.candidates, r.outcome = w.keep([]resolver.Candidate{found}), resolver.Resolved
}

// inContext weighs the candidates of a run by the people and countries of the
// document.
func (w *work) inContext(r *run) {
	if len(r.candidates) == 1 && r.outcome == resolver.Resolved {
		return
	}
	changed := false
	w.answer.Candidates = append(w.answer.Candidates[:0], r.candidates...)
	for i := range w.answer.Candidates {
		c := &w.answer.Candidates[i]
		before := c.Features.Context
		switch {
		case w.knows(c):
			c.Features.Context = knownPerson
			c.Method = max(c.Method, resolver.Exact)
		case w.isOfCountry(c), w.isAbout(c.Entity):
			c.Features.Context = knownCountry
		}
		if c.Reading == resolver.Metonymic && before == 0 {
			// Of the powers that sit in one city the better known is meant.
			c.Features.Context += powerInNews + renownOfPower*(c.Entity.Prominence()-1)
		}
		changed = changed || c.Features.Context != before
	}
	if !changed {
		w.oneInOther(r)
		return
	}
	w.table.Settle(&w.query, &w.answer)
	r.candidates, r.outcome = w.keep(w.answer.Candidates), w.answer.Outcome
	w.oneInOther(r)
}

// oneInOther settles on the likelier of two places of one name, one of which lies
// in the other: Gaza is the strip.
func (w *work) oneInOther(r *run) {
	const negligible = 0.1
	if r.outcome != resolver.Ambiguous || len(r.candidates) < 2 || len(r.candidates) > 2 && r.candidates[2].Score > negligible {
		return
	}
	a, b := bearerOf(&r.candidates[0]), bearerOf(&r.candidates[1])
	if isPlace(a.Kind()) && isPlace(b.Kind()) && (liesWithin(a, b) || liesWithin(b, a)) {
		r.candidates = w.keep(r.candidates[:1])
		r.outcome = resolver.Resolved
	}
}

func liesWithin(inner, outer index.Entity) bool {
	return resolver.Belongs(&resolver.Candidate{Entity: inner}, outer.ID())
}
