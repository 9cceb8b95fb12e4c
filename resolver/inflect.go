package resolver

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"onoma/resolver/fact"
	"onoma/resolver/index"
	"onoma/resolver/name"
)

const (
	// maxInflectedWords is the most words of a name that is looked up without
	// its endings, maxForms how many combinations of forms are.
	maxInflectedWords = 4
	maxForms          = 512
	// inflectedOdds are the log10 odds that a word which a known ending turns
	// into a name of the table is that name; shortOdds those of a short word in
	// Latin letters, where many languages meet: "Malo" is hardly Mali.
	inflectedOdds, shortOdds = 1.7, 0.3
	shortLetters             = 5
)

// inflection is the memory of the search for inflected names.
type inflection struct {
	tokens []name.Token
	stems  [maxInflectedWords]name.Stems
	forms  [][]byte // of every word: itself, then without its endings
	end    []int    // of forms, by word
	key    []byte
	left   int
	only   inflectedOnly
}

// inflectedOnly is what the forms that are looked up may be names of.
type inflectedOnly uint8

const (
	anyEntity    inflectedOnly = iota
	anyPlace                   // they rest on endings that only places may have
	famousPlaces               // they rest on stems of two letters: Києва
)

// admits reports whether a form may be a name of the entity.
func (only inflectedOnly) admits(e index.Entity) bool {
	switch e.Kind() {
	case fact.Country, fact.Region, fact.Place:
		return only != famousPlaces || e.Prominence() >= famousProminence
	}
	return only == anyEntity
}

// famousProminence is that of capitals of countries and cities known everywhere.
const famousProminence = 0.6

// obscureProminence is below that of everything news names by itself.
const obscureProminence = 0.4

// obscure reports whether all hits are things with a name of one word that news
// hardly ever names. An inflected form of a famous name may well be meant instead:
// "Путина" is oftener Putin's than a village. Names of several words seldom meet so.
func obscure(a *Answer) bool {
	for i := range a.hits {
		if a.hits[i].method == Pinned || a.hits[i].entity.Prominence() >= obscureProminence {
			return false
		}
	}
	return !bytes.ContainsRune(a.key, ' ')
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

// gatherInflected looks the query up with the ending of each word taken off or
// put back into its base form, onto keys that exist and nothing else.
func (t *Table) gatherInflected(q *Query, a *Answer, tr *tracer) {
	if a.inflection == nil {
		a.inflection = new(inflection)
	}
	in := a.inflection
	in.tokens = name.Tokens(in.tokens[:0], a.key)
	if n := len(in.tokens); n == 0 || n > maxInflectedWords {
		return
	}
	t.gatherForms(q, a, in, anyEntity, tr)
	if len(a.hits) == 0 && name.ScriptOf(q.Name) == name.Latin {
		t.gatherForms(q, a, in, anyPlace, tr)
	}
	if len(a.hits) == 0 && len(in.tokens) == 1 && inflects(q.Name) {
		t.gatherForms(q, a, in, famousPlaces, tr)
	}
}

// doubtful reports whether a name in Latin letters is too easily reached by an
// ending: a short word, or a single name of a person, of which another is at
// hand with every letter (Martin, Martina; William, Williams).
func doubtful(n index.Name, key []byte) bool {
	return utf8.RuneCount(key) <= shortLetters || n.Entity().Kind() == fact.Person && !bytes.ContainsRune(key, ' ')
}

// lastIsWhole reports whether the key ends in the last word as the query has it.
// Where names are declined, the surname is: "Andreas Müller" is no form of Andrea
// Müller.
func (in *inflection) lastIsWhole() bool {
	last := in.tokens[len(in.tokens)-1].Text
	return len(in.tokens) > 1 && len(in.key) > len(last) && bytes.HasSuffix(in.key, last) && in.key[len(in.key)-len(last)-1] == ' '
}

// gatherForms looks up the forms that may be names of the entities wanted.
func (t *Table) gatherForms(q *Query, a *Answer, in *inflection, only inflectedOnly, tr *tracer) {
	in.only = only
	in.spread()
	t.eachForm(q, a, in, 0, tr)
}

// spread sets the forms of every word.
func (in *inflection) spread() {
	in.forms, in.end, in.key, in.left = in.forms[:0], in.end[:0], in.key[:0], maxForms
	for i, token := range in.tokens {
		in.forms = append(in.forms, token.Text)
		switch in.only {
		case anyEntity:
			in.forms = append(in.forms, in.stems[i].Of(token.Text, token.Script)...)
		case anyPlace:
			in.forms = append(in.forms, in.stems[i].OfPlace(token.Text)...)
		case famousPlaces:
			in.forms = append(in.forms, in.stems[i].OfShort(token.Text, token.Script)...)
		}
		in.end = append(in.end, len(in.forms))
	}
}

// eachForm extends the key by every form of word i and looks whole keys up.
func (t *Table) eachForm(q *Query, a *Answer, in *inflection, i int, tr *tracer) {
	if i == len(in.end) {
		in.left--
		t.gatherForm(q, a, in, tr)
		return
	}
	first := 0
	if i > 0 {
		first = in.end[i-1]
	}
	start := len(in.key)
	for _, form := range in.forms[first:in.end[i]] {
		if in.left <= 0 {
			return
		}
		in.key = in.key[:start]
		if i > 0 {
			in.key = append(in.key, ' ')
		}
		in.key = append(in.key, form...)
		t.eachForm(q, a, in, i+1, tr)
	}
}

// gatherBare looks the query up without what its language writes onto names:
// بالصين, 中国が, ইউক্রেনের. The longest clitic that leaves a name counts.
func (t *Table) gatherBare(q *Query, a *Answer, tr *tracer) {
	a.bare = name.AppendBare(a.bare[:0], q.Name)
	for _, text := range a.bare {
		if a.key = name.AppendFold(a.key[:0], text); len(a.key) == 0 {
			continue
		}
		names := t.index.Lookup("", a.key)
		for i := range names.Len() {
			n := names.At(i)
			if n.Kind() == fact.Acronym {
				continue
			}
			odds := inflectedOdds
			if inFront := !strings.HasPrefix(q.Name, text); inFront && n.Entity().Kind() == fact.Person && !bytes.ContainsRune(a.key, ' ') {
				odds = shortOdds // بلال is hardly Lal
			}
			tr.entityStep("gather", n.Text(), n.Entity(), methodWords[Inflected])
			a.hits = append(a.hits, hit{name: n, entity: n.Entity(), method: Inflected, odds: odds})
		}
		if len(a.hits) > 0 {
			return
		}
	}
}

func (t *Table) gatherForm(q *Query, a *Answer, in *inflection, tr *tracer) {
	names := t.index.Lookup("", in.key)
	for i := range names.Len() {
		n := names.At(i)
		switch n.Kind() {
		case fact.Acronym, fact.Demonym:
			continue // demonyms stand in the table in all their forms
		}
		if !in.only.admits(n.Entity()) {
			continue
		}
		odds := inflectedOdds
		if name.ScriptOf(q.Name) == name.Latin && (doubtful(n, in.key) || in.lastIsWhole() && n.Entity().Kind() == fact.Person) {
			odds = shortOdds
		}
		tr.entityStep("gather", n.Text(), n.Entity(), methodWords[Inflected])
		a.hits = append(a.hits, hit{name: n, entity: n.Entity(), method: Inflected, odds: odds})
	}
}
