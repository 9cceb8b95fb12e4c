package main

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"
	"unicode"

	"github.com/anyascii/go"

	"onoma/resolver/fact"
	"onoma/resolver/seed/pack"
	"onoma/resolver/seed/writing"
)

// sift turns the names that the sources gave an entity into those of the table:
//
//  1. a name is cleaned; without a letter, or too long, it is dropped
//  2. so is a name in a script that its language is not written in, or in two
//     scripts at once
//  3. so are codes ("RU", "PRK") of territories, unless a fact or CLDR says that
//     people use them
//  4. an untagged name of a territory stays only if it resembles a tagged one,
//     and if no other land or city bears it
//  5. a word for the people, listed as a name of the land, becomes a DEMONYM
//     and an alias that is such a word in the same language goes; so does a name in
//     a small language that is such a word in a large one ("Franse", in Akan)
//     (and a short name in one goes in any case)
//  6. of one text in several languages one is kept: the kind of the most trusted
//     source, and the language as [sharedLanguage] says
//  7. of names that fold alike one is kept, and the PRIMARY names of the large
//     languages beside it; of demonyms one with a capital and one without
//  8. each language keeps one PRIMARY name ("mul" stands for several, and keeps several)
//  9. short names in capitals are ACRONYMs, so that "Us" is not the United States
func (w *world) sift(e *entity, known *nameIndex) []fact.Name {
	names := make([]rawName, 0, len(e.names))
	for _, n := range e.names {
		if n.kind != fact.Demonym { // cleaned when added, but for a compound's hyphen
			n.text = clean(n.text)
		}
		if w.admissible(e, &n, known) {
			names = append(names, n)
		}
	}
	names = withoutPeoples(names)
	names = mergeExact(names)
	names = mergeFolded(names)
	onePrimary(names)
	acronyms(e, names)
	return w.final(e, names)
}

const maxNameRunes = 160

func (w *world) admissible(e *entity, n *rawName, known *nameIndex) bool {
	key := fold(n.text)
	switch {
	case !hasLetter(n.text) || len([]rune(n.text)) > maxNameRunes || key == "" || e.dropped[key]:
		return false
	case n.kind == fact.Demonym && known.foreign(e, key):
		// "dominicà", of the Dominican Republic, reads as Dominica.
		return false
	case n.rank == rankDesk:
		return true
	case n.lang != "" && !writing.Fits(n.text, n.lang), n.lang == "" && !writing.OneScript(n.text):
		return false
	case strings.ContainsAny(n.text, "|{}<>_#@=\"") || isQID(n.text), known.lost[e][key]:
		return false
	}
	if e.kind == fact.Person {
		return true
	}
	if base, _, _ := strings.Cut(n.lang, "-"); base != "" && writing.Rank(base) >= writtenLanguages && len([]rune(key)) <= shortWord && isLatin(n.text) {
		return false
	}
	if e.iso != "" && isCode(n.text) && n.kind != fact.Acronym {
		// CLDR's short names of states in the larger languages are what people
		// write; two letters elsewhere are codes.
		return n.rank == rankReviewed && n.lang != "" && len([]rune(n.text)) > 1 && writing.Rank(n.lang) < 60
	}
	if n.kind == fact.Demonym {
		// "Singapore" is listed as the adjective of Singapore: the name says it.
		return !known.of(e, key)
	}
	if n.kind == fact.Acronym {
		return true
	}
	if n.rank >= rankTagged && n.kind != fact.Primary {
		if strings.Contains(n.text, ",") {
			return false
		}
		if other := known.primary[key]; other != nil && other != e && !known.of(e, key) {
			return false
		}
	}
	if e.iso != "" && n.rank >= rankTagged && n.kind != fact.Primary && known.demonym(e, key) {
		n.kind = fact.Demonym
		return true
	}
	if n.rank == rankWeak && n.lang == "" && e.kind == fact.Place {
		return false // cities have tagged names in plenty
	}
	if n.rank == rankWeak && e.iso != "" && n.kind != fact.Primary {
		return known.supports(e, n.text)
	}
	return true
}

// isCode reports whether a name is at most three capital letters or digits of
// the Latin script, or three letters of any case.
func isCode(s string) bool {
	r := []rune(s)
	if len(r) > 3 {
		return false
	}
	for _, c := range r {
		if !unicode.Is(unicode.Latin, c) && !unicode.IsDigit(c) {
			return false
		}
	}
	return true
}

// nameIndex is what names of other entities are needed for.
type nameIndex struct {
	primary  map[string]*entity          // folded PRIMARY name → the most populous that bears it
	own      map[*entity]map[string]bool // folded PRIMARY names of each territory
	stems    map[*entity]map[string]bool // beginnings of their words, in Latin letters
	demonyms map[*entity]map[string]bool
	lost     map[*entity]map[string]bool // names that belong to another, see contest
}

func (w *world) indexNames() *nameIndex {
	x := &nameIndex{
		primary:  map[string]*entity{},
		own:      map[*entity]map[string]bool{},
		stems:    map[*entity]map[string]bool{},
		demonyms: map[*entity]map[string]bool{},
	}
	x.lost = w.contest()
	// A word that begins names of many territories ("republic", "islands",
	// "oblast") tells nothing.
	territories := map[string]map[*entity]bool{}
	for _, id := range sortedKeys(w.entities) {
		e := w.entities[id]
		if e.kind != fact.Country && e.kind != fact.Region && e.kind != fact.Place {
			continue
		}
		x.own[e], x.stems[e], x.demonyms[e] = map[string]bool{}, map[string]bool{}, map[string]bool{}
		for _, n := range append([]rawName{{text: e.canonical, lang: "en", kind: fact.Primary}}, e.names...) {
			key := fold(n.text)
			switch {
			case n.kind == fact.Demonym:
				x.demonyms[e][key] = true
				continue
			case n.lang == "" || n.rank == rankWeak || n.kind == fact.Former:
				continue
			}
			if n.kind == fact.Primary {
				x.own[e][key] = true
				if other := x.primary[key]; other == nil || weightier(e, other) {
					x.primary[key] = e
				}
			}
			if e.iso == "" {
				continue
			}
			for _, s := range stems(n.text) {
				x.stems[e][s] = true
				if territories[s] == nil {
					territories[s] = map[*entity]bool{}
				}
				territories[s][e] = true
			}
		}
	}
	const many = 12
	for s, bearers := range territories {
		if len(bearers) >= many {
			for e := range bearers {
				delete(x.stems[e], s)
			}
		}
	}
	return x
}

// claim is how well the sources bear out that an entity has a name.
type claim struct {
	e        *entity
	reviewed bool // by a source that people review name by name
	spoken   bool // in one of the languages of languages.txt
}

// contest settles names that lists give to two lands or cities, by mistake or
// because a small language writes one as a large language writes the other
// ("Nigeri" is Nigeria in Albanian and Niger in Nama). A reviewed name wins over
// one of an unreviewed list, then a language of languages.txt over another, then
// the greater land. Namesakes keep what they share, and a city what it shares
// with its own country. It returns the names each entity loses.
func (w *world) contest() map[*entity]map[string]bool {
	claims := map[string][]claim{}
	for _, id := range sortedKeys(w.entities) {
		e := w.entities[id]
		if e.kind == fact.Person || e.kind == fact.Facility || e.kind == fact.Organization && e.iso == "" {
			continue
		}
		own := map[string]claim{}
		for _, n := range e.names {
			if n.kind != fact.Primary || n.lang == "" || n.rank == rankWeak {
				continue
			}
			key := fold(clean(n.text))
			c := own[key]
			c.e = e
			c.reviewed = c.reviewed || n.rank <= rankReviewed
			c.spoken = c.spoken || writing.Rank(n.lang) < writing.Listed()
			own[key] = c
		}
		for _, key := range sortedKeys(own) {
			claims[key] = append(claims[key], own[key])
		}
	}
	lost := map[*entity]map[string]bool{}
	for key, list := range claims {
		for _, c := range list {
			for _, better := range list {
				if better.e != c.e && better.beats(c) && !w.namesakes(c.e, better.e) {
					if lost[c.e] == nil {
						lost[c.e] = map[string]bool{}
					}
					lost[c.e][key] = true
				}
			}
		}
	}
	return lost
}

// beats reports whether a's claim to a name takes it from b.
func (a claim) beats(b claim) bool {
	if a.e.kind != fact.Country {
		// Cities share names everywhere; they take one only from a land that
		// bears it in a small language.
		return a.spoken && !b.spoken && b.e.kind == fact.Country && a.e.population > 500_000
	}
	switch {
	case a.reviewed != b.reviewed:
		return a.reviewed && (a.spoken || !b.spoken)
	case b.e.kind == fact.Region:
		return a.spoken // "Afrique du Sud", of the southern region of Africa
	case b.e.kind != fact.Country:
		return false
	case a.spoken != b.spoken:
		return a.spoken
	default:
		return !a.spoken && weightier(a.e, b.e)
	}
}

// namesakes reports whether two entities may share names: they do so in English,
// or one is a city of the other, or clashes.txt says so.
func (w *world) namesakes(a, b *entity) bool {
	if a.kind == fact.Place && a.country == b.id || b.kind == fact.Place && b.country == a.id || w.clashes[a.id+" "+b.id] || w.clashes[b.id+" "+a.id] {
		return true
	}
	return len(intersect(w.englishNames(a), w.englishNames(b))) > 0
}

func (w *world) englishNames(e *entity) map[string]bool {
	names := map[string]bool{fold(e.canonical): true}
	for _, n := range e.names {
		if n.lang == "en" && n.rank <= rankReviewed {
			names[fold(n.text)] = true
		}
	}
	return names
}

func intersect(a, b map[string]bool) (both []string) {
	for k := range a {
		if b[k] {
			both = append(both, k)
		}
	}
	return both
}

// weightier orders bearers of one name: countries first, then population.
func weightier(a, b *entity) bool {
	if (a.kind == fact.Country) != (b.kind == fact.Country) {
		return a.kind == fact.Country
	}
	return a.population > b.population
}

func (x *nameIndex) of(e *entity, key string) bool      { return x.own[e][key] }
func (x *nameIndex) demonym(e *entity, key string) bool { return x.demonyms[e][key] && !x.own[e][key] }

// foreign reports whether the name is the main one of another country.
func (x *nameIndex) foreign(e *entity, key string) bool {
	other := x.primary[key]
	return other != nil && other != e && other.kind == fact.Country
}

// supports reports whether a word of text begins like a telling word of one of
// the entity's tagged names.
func (x *nameIndex) supports(e *entity, text string) bool {
	for _, s := range stems(text) {
		if x.stems[e][s] {
			return true
		}
	}
	return false
}

// stems gives the first four Latin letters of each word of a name, romanised.
func stems(text string) []string {
	var list []string
	for word := range strings.FieldsSeq(fold(text)) {
		latin := strings.ToLower(anyascii.Transliterate(word))
		latin = strings.Map(func(r rune) rune {
			if r < 'a' || r > 'z' {
				return -1
			}
			return r
		}, latin)
		if len(latin) > 4 {
			latin = latin[:4]
		}
		if len(latin) == 4 || len(latin) == 3 && len([]rune(word)) <= 3 {
			list = append(list, latin)
		}
	}
	return list
}

// kindRank orders the kinds of equal texts from equally good sources.
var kindRank = map[fact.NameKind]int{
	fact.Primary: 0, fact.Official: 1, fact.Acronym: 2, fact.Alias: 3, fact.Short: 4,
	fact.Transliteration: 5, fact.Former: 6, fact.Nickname: 7, fact.Misspelling: 8, fact.Demonym: 9,
}

// group collects names by key, keeping the order of first appearance.
func group(names []rawName, key func(rawName) string) [][]rawName {
	at := map[string]int{}
	var groups [][]rawName
	for _, n := range names {
		k := key(n)
		i, ok := at[k]
		if !ok {
			i = len(groups)
			at[k] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], n)
	}
	return groups
}

// class keeps apart what may share a text: a land and its people ("Thai"), a
// name in force and the same name with dates.
func class(n rawName) string {
	c := "."
	if n.kind == fact.Demonym {
		c = "d"
	}
	if n.from != 0 || n.to != 0 {
		c += n.from.String() + ".." + n.to.String()
	}
	return c
}

// withoutPeoples leaves out names of a land by which news means its people: a
// lesser name that is the word for the people in its own language ("Greek"), and
// the name that a language little written has in common with a word for the
// people in one of [largeLanguages].
func withoutPeoples(names []rawName) []rawName {
	peoples := map[string]bool{} // language, or "large" for any of those, and key
	for _, n := range names {
		if n.kind != fact.Demonym || n.rank == rankWeak || hyphened(n.text) != 0 {
			continue
		}
		key := fold(n.text)
		peoples[n.lang+" "+key] = true
		if writing.Rank(n.lang) < largeLanguages {
			peoples["large "+key] = true
		}
	}
	return slices.DeleteFunc(names, func(n rawName) bool {
		switch {
		case n.kind == fact.Demonym || n.kind == fact.Acronym || n.rank == rankDesk:
			return false
		case peoples[n.lang+" "+fold(n.text)]:
			return n.kind != fact.Primary && n.kind != fact.Official
		default:
			lesser := (n.kind != fact.Primary || n.rank >= rankTagged) && writing.Rank(n.lang) >= largeLanguages || writing.Rank(n.lang) >= writtenLanguages
			return lesser && peoples["large "+fold(n.text)]
		}
	})
}

func mergeExact(names []rawName) []rawName {
	var merged []rawName
	for _, g := range group(names, func(n rawName) string { return class(n) + n.text }) {
		best := slices.MinFunc(g, func(a, b rawName) int {
			// Hand-written kinds win; among the sources the more regular kind.
			return cmp.Or(cmp.Compare(min(a.rank, 1), min(b.rank, 1)), cmp.Compare(kindRank[a.kind], kindRank[b.kind]), cmp.Compare(a.rank, b.rank),
				cmp.Compare(writing.Rank(a.lang), writing.Rank(b.lang)), cmp.Compare(a.lang, b.lang))
		})
		// The kind is the one the text has in the language it is stored under: a
		// variant in German is none the less for being the main name in Amis.
		if shared := sharedLanguage(g); shared != best.lang {
			own := slices.DeleteFunc(slices.Clone(g), func(n rawName) bool { return n.lang != shared })
			if len(own) > 0 && best.rank != rankDesk {
				best = slices.MinFunc(own, func(a, b rawName) int {
					return cmp.Or(cmp.Compare(kindRank[a.kind], kindRank[b.kind]), cmp.Compare(a.rank, b.rank))
				})
			}
			best.lang = shared
		}
		for _, n := range g {
			best.rank = min(best.rank, n.rank)
		}
		merged = append(merged, best)
	}
	return merged
}

// sharedLanguage is the language that one text of several languages is stored
// under: that of the only large language among them ("Mosca" is Italian, and
// also Corsican), "mul" where several large languages share it, and among small
// ones alone the first, or "mul" from three up. A query in another language
// then never weighs against a name that is its own.
func sharedLanguage(names []rawName) string {
	large, small := map[string]bool{}, map[string]bool{}
	first := ""
	for _, n := range names {
		switch base, _, _ := strings.Cut(n.lang, "-"); {
		case n.lang == "mul":
			return n.lang
		case n.lang == "":
			continue
		case writing.Rank(base) < largeLanguages:
			large[base] = true
		default:
			small[base] = true
		}
		if first == "" || cmp.Or(cmp.Compare(writing.Rank(n.lang), writing.Rank(first)), cmp.Compare(n.lang, first)) < 0 {
			first = n.lang
		}
	}
	if len(large) > 1 || len(large) == 0 && len(small) > 2 {
		return "mul"
	}
	return first
}

// largeLanguages keep their PRIMARY spelling even where another folds alike.
const largeLanguages = 16

// writtenLanguages is how many languages stand in the order of
// writing/languages.txt, which are those that news of the world is written in.
const writtenLanguages = 84

// shortWord is the length up to which a name in a language little written is as
// likely to be a word of another: "bene" is Benin in three languages, and "well"
// in Italian; "fora", "pain" and "take" are France, Spain and Turkey in some.
const shortWord = 5

func mergeFolded(names []rawName) []rawName {
	var kept []rawName
	for _, g := range group(names, func(n rawName) string {
		k := class(n) + fold(n.text)
		switch {
		case n.kind == fact.Acronym:
			k += "\x00A"
		case n.kind == fact.Demonym && small(n.text):
			k += "\x00a" // "american" in Romanian is no misspelt "Američan"
		}
		return k
	}) {
		best := slices.MinFunc(g, func(a, b rawName) int {
			// A word outranks the same as part of a compound, which it serves too.
			return cmp.Or(cmp.Compare(hyphened(a.text), hyphened(b.text)), cmp.Compare(a.rank, b.rank), cmp.Compare(kindRank[a.kind], kindRank[b.kind]), cmp.Compare(shouting(a.text), shouting(b.text)),
				cmp.Compare(writing.Rank(a.lang), writing.Rank(b.lang)), cmp.Compare(a.lang, b.lang), cmp.Compare(a.text, b.text))
		})
		if best.kind == fact.Demonym {
			kept = append(kept, best)
			kept[len(kept)-1].lang = sharedLanguage(g) // "japonés" is "japonès" in Catalan
			continue
		}
		for _, n := range g {
			if n == best || n.kind == fact.Acronym || n.rank == rankDesk || n.kind == fact.Primary && n.rank <= rankTagged && writing.Rank(n.lang) < largeLanguages {
				kept = append(kept, n)
			}
		}
	}
	return kept
}

// small reports whether a text has no capital.
func small(s string) bool { return strings.ToLower(s) == s }

// hyphened puts the first parts of compounds behind.
func hyphened(s string) int { return b2i(strings.HasSuffix(s, "-")) }

// shouting puts texts in capitals behind.
func shouting(s string) int {
	for _, r := range s {
		// Cherokee, Georgian and Adlam have capitals in Unicode, but write whole
		// words in one case.
		if unicode.IsLetter(r) && !unicode.In(r, unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Armenian) {
			return 0
		}
	}
	return b2i(strings.ToUpper(s) == s && strings.ToLower(s) != s)
}

func onePrimary(names []rawName) {
	best := map[string]int{}
	for i, n := range names {
		if n.kind != fact.Primary || n.lang == "mul" || n.from != 0 || n.to != 0 {
			continue
		}
		if j, ok := best[n.lang]; !ok || n.rank < names[j].rank {
			best[n.lang] = i
		}
	}
	for i, n := range names {
		if n.kind == fact.Primary && n.lang != "mul" && best[n.lang] != i {
			names[i].kind = fact.Alias
		}
	}
}

func acronyms(e *entity, names []rawName) {
	if e.kind == fact.Person || e.kind == fact.Place {
		return
	}
	cased := map[string]bool{}
	for _, n := range names {
		if shouting(n.text) == 0 {
			cased[fold(n.text)] = true
		}
	}
	for i, n := range names {
		letters := strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) {
				return r
			}
			return -1
		}, n.text)
		if n.rank != rankDesk && (n.kind == fact.Primary || n.kind == fact.Alias) && shouting(letters) == 1 && len([]rune(letters)) <= 5 && !cased[fold(n.text)] {
			names[i].kind = fact.Acronym
		}
	}
}

// final writes the names in the order of the file and makes sure the canonical
// name is among them.
func (w *world) final(e *entity, names []rawName) []fact.Name {
	list := make([]fact.Name, 0, len(names)+1)
	found := false
	if !slices.ContainsFunc(names, func(n rawName) bool { return n.kind == fact.Primary && (n.lang == "en" || n.lang == "mul") }) {
		// The labels of people do not say which is the main one.
		for i, n := range names {
			if n.text == e.canonical && n.kind == fact.Alias && n.from == 0 && n.to == 0 {
				names[i].kind = fact.Primary
				break
			}
		}
	}
	for _, n := range names {
		list = append(list, fact.Name{Text: n.text, Language: n.lang, Kind: n.kind, Source: w.sources[bits.TrailingZeros64(n.source)].Name, From: n.from, To: n.to})
		found = found || n.text == e.canonical && n.kind != fact.Demonym
	}
	if !found {
		kind := fact.Primary
		if slices.ContainsFunc(list, func(n fact.Name) bool { return n.Kind == fact.Primary && n.Language == "en" }) {
			kind = fact.Alias
		}
		lang := "en"
		if !writing.Fits(e.canonical, lang) {
			lang = ""
		}
		list = append(list, fact.Name{Text: e.canonical, Language: lang, Kind: kind, Source: w.sources[bits.TrailingZeros64(e.from)].Name})
	}
	slices.SortFunc(list, func(a, b fact.Name) int {
		return cmp.Or(pack.CompareLanguages(a.Language, b.Language), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Text, b.Text),
			cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return slices.CompactFunc(list, func(a, b fact.Name) bool {
		a.Source, b.Source = "", ""
		return a == b
	})
}
