package resolver

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"onoma/resolver/fact"
	"onoma/resolver/index"
	"onoma/resolver/name"
)

const (
	// maxInflectedWords is the most words of a name that is looked up without
	// its endings, maxForms how many combinations of forms are looked at.
	maxInflectedWords = 4
	maxForms          = 512
	// inflectedOdds are the log10 odds that a word which a known ending turns
	// into a name of the table is that name; doubtfulOdds those of one that may
	// as well be another name.
	inflectedOdds, doubtfulOdds = 1.7, 0.3
	// shortLetters is the length to which a word in Latin letters is short: many
	// languages meet there, and "Malo" is hardly Mali.
	shortLetters = 5
	// tellingEnding is how many letters an ending has that hardly ends a name by
	// chance.
	tellingEnding = 2
	// longEnding is how many letters an ending has that makes up for a short word.
	longEnding = 3
)

// inflection is the memory of the search for inflected names.
type inflection struct {
	tokens  []name.Token
	stems   [maxInflectedWords]name.Stems
	generic name.Stems
	whole   []byte      // key of the query, where words are taken off it
	forms   []name.Stem // of every word: itself, then without its endings
	end     []int       // of forms, by word
	key     []byte
	left    int
	only    inflectedOnly
	fewest  int // words that lost an ending in what was found
	before  int // hits that were there before
}

// inflectedOnly is what the forms that are looked up rest on, and so what they may
// be names of.
type inflectedOnly uint8

const (
	plainEndings inflectedOnly = iota
	boldEndings                // those of one word at least; no person by these alone
	shortStems                 // of two letters, as of Києва: famous places
	adjectives                 // of places, beside a word that says so
)

func (only inflectedOnly) bold() bool { return only == boldEndings || only == adjectives }

// taken is what endings have been taken off a name.
type taken struct {
	words     int // that lost one
	plain     int // of these, by endings that names seldom have by nature
	ending    int // letters of the longest
	added     int // letters by which the words are longer than the name's
	languages name.Languages
}

// with adds the form of one more word.
func (t taken) with(form *name.Stem, word []byte) taken {
	if form.Ending < 0 {
		return t
	}
	t.added += max(0, len(word)-len(form.Text))
	t.words++
	if !form.Bold {
		t.plain++
	}
	t.ending = max(t.ending, form.Ending)
	t.languages &= form.Languages
	return t
}

// admits reports whether the form may be a name of the entity. Bold endings lead to
// a person when a plain one, the language, the length of the ending or fame speaks
// for it as well.
func (in *inflection) admits(q *Query, e index.Entity, so taken) bool {
	switch {
	case in.only == shortStems:
		return isPlace(e.Kind()) && e.Prominence() >= famousProminence
	case so.ending == 0 && !wellKnown(e):
		return false // Афин is Athens', son hardly Sony's
	case in.only == adjectives:
		return isPlace(e.Kind())
	case in.only == plainEndings || e.Kind() != fact.Person || so.plain > 0 || so.in(q.Language):
		return true
	case len(in.tokens) > 1:
		return so.ending >= tellingEnding || wellKnown(e)
	}
	return so.ending >= tellingEnding && wellKnown(e)
}

// in reports whether the language inflects so.
func (t taken) in(language string) bool { return name.InflectingLanguage(language)&t.languages != 0 }

// famousProminence is that of capitals of countries and cities known everywhere.
const famousProminence = 0.6

// obscureProminence is below that of everything news names by itself.
const obscureProminence = 0.4

// mayInflect reports whether the query, whose key has hits, may be an inflected name
// nevertheless: if all hits are things that news hardly ever names ("Путина" is
// oftener Putin's than a village), or words for the people of a city that begin with
// a capital letter, as nouns do ("Минском"). In Latin letters too many languages meet
// to doubt a name that is there, unless the language is said. Names of several words
// seldom meet so.
func (q *Query) mayInflect(a *Answer) bool {
	if bytes.ContainsRune(a.key, ' ') {
		return false
	}
	doubtful := inflects(q.Name) || name.InflectingLanguage(q.Language) != 0
	capital := startsUpper(q.Name)
	for i := range a.hits {
		switch h := &a.hits[i]; {
		case h.method == Pinned:
			return false
		case capital && h.isAdjective():
		case !doubtful || h.entity.Prominence() >= obscureProminence:
			return false
		}
	}
	return true
}

// isAdjective reports whether the hit is a word for the people of a city, found but
// for its capital letter.
func (h *hit) isAdjective() bool {
	return h.method == Normalized && h.name.Kind() == fact.Demonym && h.entity.Kind() == fact.Place
}

// preferNouns takes out the words for the people of a city whose own name the query
// is a form of.
func (a *Answer) preferNouns() {
	nouns := a.hits
	a.hits = slices.DeleteFunc(a.hits, func(h hit) bool {
		return h.isAdjective() && slices.ContainsFunc(nouns, func(n hit) bool { return n.method == Inflected && n.entity == h.entity })
	})
}

func startsUpper(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(r)
}

// inflects reports whether a name is in a script whose languages inflect names.
// In Latin letters too many languages meet to doubt a name that is there.
func inflects(text string) bool {
	switch name.ScriptOf(text) {
	case name.Cyrillic, name.Greek, name.Georgian, name.Armenian:
		return true
	}
	return false
}

// gatherInflected looks the query, whose key is in a.key, up with the ending of
// each word taken off or put back into its base form, onto keys that exist and
// nothing else.
func (t *Table) gatherInflected(q *Query, a *Answer, tr *tracer) {
	t.gatherEndings(q, a, plainEndings, shortStems, tr)
}

// gatherEndings tries the kinds of endings from one to another until they lead to
// something well known without doubt.
func (t *Table) gatherEndings(q *Query, a *Answer, from, to inflectedOnly, tr *tracer) {
	if a.inflection == nil {
		a.inflection = new(inflection)
	}
	in := a.inflection
	in.tokens = name.Tokens(in.tokens[:0], a.key)
	if n := len(in.tokens); n == 0 || n > maxInflectedWords {
		return
	}
	in.fewest, in.before = maxInflectedWords, len(a.hits)
	for only := from; only <= to && !slices.ContainsFunc(a.hits[in.before:], isSettled); only++ {
		if only != shortStems || len(in.tokens) == 1 && inflects(q.Name) {
			t.gatherForms(q, a, in, only, tr)
		}
	}
}

// gatherForms looks up the forms that rest on the endings wanted.
func (t *Table) gatherForms(q *Query, a *Answer, in *inflection, only inflectedOnly, tr *tracer) {
	in.only = only
	if in.spread() {
		t.eachForm(q, a, in, 0, taken{languages: name.WrittenIn(q.Name)}, tr)
	}
}

// spread sets the forms of every word, and reports whether one has a form that is
// wanted beside itself.
func (in *inflection) spread() (some bool) {
	in.forms, in.end, in.key, in.left = in.forms[:0], in.end[:0], in.key[:0], maxForms
	for i, token := range in.tokens {
		var stems []name.Stem
		switch in.only {
		case plainEndings:
			stems = in.stems[i].Of(token.Text, token.Script)
		case boldEndings:
			if len(in.tokens) > 1 {
				stems = in.stems[i].BoldBeside(token.Text, token.Script)
				break
			}
			stems = in.stems[i].Bold(token.Text, token.Script)
		case shortStems:
			stems = in.stems[i].OfShort(token.Text, token.Script)
		case adjectives:
			stems = in.stems[i].Nouns(token.Text, token.Script)
		}
		for k := range stems {
			some = some || stems[k].Bold == in.only.bold()
		}
		in.forms = append(append(in.forms, name.Stem{Text: token.Text, Ending: -1}), stems...)
		in.end = append(in.end, len(in.forms))
	}
	return some
}

// eachForm extends the key by every form of word i that some language gives it
// together with those before, and looks whole keys up.
func (t *Table) eachForm(q *Query, a *Answer, in *inflection, i int, so taken, tr *tracer) {
	if i == len(in.end) {
		in.left--
		// What lost nothing, or bold endings where plain ones have been looked up, is known.
		if so.words > 0 && (so.plain < so.words) == in.only.bold() {
			t.gatherForm(q, a, in, so, tr)
		}
		return
	}
	first := 0
	if i > 0 {
		first = in.end[i-1]
	}
	start := len(in.key)
	for k := first; k < in.end[i] && in.left > 0; k++ {
		next := so.with(&in.forms[k], in.tokens[i].Text)
		if i < len(in.end)-1 && k > first {
			next.languages &^= name.InflectingLastOnly()
		}
		if next.languages == 0 || in.only.bold() && i > 0 && i == len(in.end)-1 && k == first && so.words > 0 {
			continue // where the words before are declined, the last is
		}
		in.key = in.key[:start]
		if i > 0 {
			in.key = append(in.key, ' ')
		}
		in.key = append(in.key, in.forms[k].Text...)
		t.eachForm(q, a, in, i+1, next, tr)
	}
}

func (t *Table) gatherForm(q *Query, a *Answer, in *inflection, so taken, tr *tracer) {
	names := t.index.Lookup("", in.key)
	if names.Len() > 0 && len(in.tokens) == 1 && name.Confusable(string(in.tokens[0].Text), string(in.key)) {
		return // Nigeria, Niger
	}
	for i := range names.Len() {
		n := names.At(i)
		switch n.Kind() {
		case fact.Acronym, fact.Demonym:
			continue // demonyms stand in the table in all their forms
		}
		if !in.admits(q, n.Entity(), so) {
			continue
		}
		if so.words > in.fewest {
			continue // "Sanna Marinin" is Sanna Marin's and not San Marino's
		}
		if so.words < in.fewest {
			in.fewest, a.hits = so.words, a.hits[:in.before]
		}
		tr.entityStep("gather", n.Text(), n.Entity(), methodWords[Inflected])
		a.hits = append(a.hits, hit{name: n, entity: n.Entity(), method: Inflected, odds: t.inflectedOdds(q, n, in, so)})
	}
}

// inflectedOdds returns the odds that the query is an inflected form of the name.
// Where many languages share letters, a form of one is a name in another: in Latin
// letters always, elsewhere where the ending is a bold one.
func (t *Table) inflectedOdds(q *Query, n index.Name, in *inflection, so taken) float64 {
	person, known := n.Entity().Kind() == fact.Person, wellKnown(n.Entity())
	latin := name.ScriptOf(q.Name) == name.Latin
	switch {
	case len(in.tokens) > 1:
		if latin && person && in.lastIsWhole(q.Name, n.Text()) && !(known && so.added == 0) {
			return doubtfulOdds
		}
	case so.in(q.Language) || !latin && so.plain > 0:
	case !latin:
		if !so.in(n.Language()) && !(known && so.ending >= tellingEnding && isInflecting(n.Language())) {
			return doubtfulOdds // Бернд is not Bern's
		}
	case !sharesMark(q.Name, n.Text()) && t.isCalled(in.tokens[0]):
		return doubtfulOdds // a name itself: Martina, Williams, Malin
	case person && (so.ending < tellingEnding || !known), !isInflecting(n.Language()):
		return doubtfulOdds
	case !known && utf8.RuneCount(in.key) <= shortLetters && so.ending < longEnding && !so.in(n.Language()):
		return doubtfulOdds
	}
	return inflectedOdds
}

// isCalled reports whether people are called so.
func (t *Table) isCalled(word name.Token) bool {
	return name.IsGiven(word.Text) || t.index.Sounds().Calls(word.Text, word.Script, fact.Person)
}

// isInflecting reports whether a name of the language may be one of a language that
// inflects names: the table keeps one row of a spelling that several share.
func isInflecting(language string) bool {
	switch language {
	case "", "mul", "en":
		return true
	}
	return name.InflectingLanguage(language) != 0
}

// sharesMark reports whether what two texts begin with alike has a letter beyond
// those of English. No other name is meant then that is only alike without its
// marks: Říma is Rome's, Rima is a woman.
func sharesMark(a, b string) bool {
	for i := 0; i < min(len(a), len(b)) && a[i] == b[i]; i++ {
		if a[i] >= utf8.RuneSelf {
			return true
		}
	}
	return false
}

func isSettled(h hit) bool { return h.odds == inflectedOdds && wellKnown(h.entity) }

func isWellKnown(h hit) bool { return wellKnown(h.entity) }

// wellKnown reports whether everybody knows the entity: news says its name in every
// case and every language.
func wellKnown(e index.Entity) bool {
	return e.Prominence() >= famousProminence || e.Kind() == fact.Country || e.Stands()
}

// lastIsWhole reports whether the key ends in the last word as the query has it,
// and the name does too as it is written. Where names are declined, the surname is:
// "Andreas Müller" is no form of Andrea Müller.
func (in *inflection) lastIsWhole(asked, held string) bool {
	last := in.tokens[len(in.tokens)-1].Text
	return len(in.key) > len(last) && bytes.HasSuffix(in.key, last) && in.key[len(in.key)-len(last)-1] == ' ' &&
		strings.HasSuffix(asked, held[strings.LastIndexByte(held, ' ')+1:])
}

// gatherBare looks the query up without what its language writes onto names:
// بالصين, 中国が, ইউক্রেনের, and without the words in front of them: "w Kijowie",
// با تهران. The longest that leaves a well-known name counts.
func (t *Table) gatherBare(q *Query, a *Answer, tr *tracer) {
	a.bare = name.AppendBare(a.bare[:0], q.Name)
	joined := len(a.bare)
	var perhaps bool
	a.bare, perhaps = name.AppendBehind(a.bare, q.Name)
	bare := *q
	for i, text := range a.bare {
		if a.key = name.AppendFold(a.key[:0], text); len(a.key) == 0 {
			continue
		}
		before := len(a.hits)
		bare.Name = text
		t.gather(&bare, a.key, a, tr)
		if len(a.hits) == before {
			t.gatherVariants(&bare, a, tr)
		}
		apart := i >= joined
		a.takeBare(before, !apart && !strings.HasPrefix(q.Name, text))
		if len(a.hits) == before && apart {
			a.key = name.AppendFold(a.key[:0], text)
			t.gatherInflected(&bare, a, tr)
		}
		for k := range a.hits[before:] {
			if h := &a.hits[before+k]; apart && perhaps && !isWellKnown(*h) {
				h.odds = min(h.odds, doubtfulOdds) // di Maio is no island
			}
		}
		if slices.ContainsFunc(a.hits[before:], isWellKnown) {
			return
		}
	}
}

// takeBare makes the hits from one on those of a name that stood bare of what was
// written onto it, in front or not.
func (a *Answer) takeBare(from int, inFront bool) {
	kept := a.hits[:from]
	for _, h := range a.hits[from:] {
		if h.method == Pinned || h.name.Kind() == fact.Acronym && inFront {
			continue
		}
		h.method, h.odds = Inflected, inflectedOdds
		if inFront && h.entity.Kind() == fact.Person && !strings.Contains(h.name.Text(), " ") {
			h.odds = doubtfulOdds // بلال is hardly Lal
		}
		kept = append(kept, h)
	}
	a.hits = kept
}
