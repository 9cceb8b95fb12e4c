package resolver

import (
	"unicode/utf8"

	"onoma/resolver/fact"
	"onoma/resolver/name"
)

const (
	// maxInflectedWords is the most words of a name that is looked up without
	// its endings, maxForms how many combinations of forms are.
	maxInflectedWords = 4
	maxForms          = 256
	// inflectedOdds are the log10 odds that a word which a known ending turns
	// into a name of the table is that name; shortOdds those of a short word in
	// Latin letters, where many languages meet: "Malo" is hardly Mali.
	inflectedOdds, shortOdds = 1.7, 0.3
	shortLetters             = 5
)

// inflection is the memory of the search for inflected names.
type inflection struct {
	tokens []name.Token
	forms  [][]byte // of every word: itself, then without its endings
	end    []int    // of forms, by word
	key    []byte
	left   int
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
	in.forms, in.end, in.left = in.forms[:0], in.end[:0], maxForms
	for _, token := range in.tokens {
		in.forms = append(in.forms, token.Text)
		in.forms = name.AppendStems(in.forms, token.Text, token.Script)
		in.end = append(in.end, len(in.forms))
	}
	in.key = in.key[:0]
	t.eachForm(q, a, in, 0, tr)
}

// eachForm extends the key by every form of word i and looks whole keys up.
func (t *Table) eachForm(q *Query, a *Answer, in *inflection, i int, tr *tracer) {
	if i == len(in.end) {
		in.left--
		t.gatherForm(q, a, in.key, tr)
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

func (t *Table) gatherForm(q *Query, a *Answer, key []byte, tr *tracer) {
	names := t.index.Lookup("", key)
	for i := range names.Len() {
		n := names.At(i)
		switch n.Kind() {
		case fact.Acronym, fact.Demonym:
			continue // demonyms stand in the table in all their forms
		}
		odds := inflectedOdds
		if name.ScriptOf(q.Name) == name.Latin && utf8.RuneCount(key) <= shortLetters {
			odds = shortOdds
		}
		tr.entityStep("gather", n.Text(), n.Entity(), methodWords[Inflected])
		a.hits = append(a.hits, hit{name: n, entity: n.Entity(), method: Inflected, odds: odds})
	}
}
