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

// keyBuffer is room on the stack for the folded key of almost every name.
const keyBuffer = 256

// hit is a name of the table that answers to the query.
type hit struct {
	name   index.Name
	entity index.Entity // the bearer; of a pin, the entity pinned
	method Method
	odds   float64 // log10, of a method beyond Normalized
}

// Resolve answers the query into a, whose memory it uses again. A hit by an
// exact or normalised key costs no allocation once a has grown to its size.
func (t *Table) Resolve(q *Query, a *Answer) { t.resolve(q, a, nil) }

func (t *Table) resolve(q *Query, a *Answer, tr *tracer) {
	a.Outcome, a.Candidates, a.Total, a.Version, a.Trace = NoMatch, a.Candidates[:0], 0, t.version, nil
	a.hits = a.hits[:0]
	a.key = name.AppendFold(a.key[:0], q.Name)
	tr.key("fold", a.key)

	t.gatherKey(q, a, tr)
	if len(a.hits) == 0 {
		t.gatherVariants(q, a, tr)
	}
	if len(a.hits) == 0 {
		t.gatherBare(q, a, tr)
	}
	if len(a.hits) == 0 || q.mayInflect(a) {
		a.key = name.AppendFold(a.key[:0], q.Name)
		t.gatherInflected(q, a, tr)
		a.preferNouns()
	}
	if len(a.hits) == 0 {
		t.gatherGeneric(q, a, tr)
	}
	if len(a.hits) == 0 {
		t.gatherAlike(q, a, tr)
	}
	a.shouted = slices.ContainsFunc(a.hits, func(h hit) bool { return h.method == Exact && h.name.Kind() == fact.Acronym })
	for i := range a.hits {
		t.read(q, a, &a.hits[i], tr)
	}
	t.weigh(q, a)
	t.decide(q, a, tr)
}

// gatherKey collects the names under the query's own key, and the overrides.
func (t *Table) gatherKey(q *Query, a *Answer, tr *tracer) {
	pins := t.overrides[string(a.key)]
	for _, o := range pins {
		if !o.deny {
			tr.entityStep("pin", q.Name, o.entity, "pinned by an override")
			a.hits = append(a.hits, hit{entity: o.entity, method: Pinned})
		}
	}
	if len(a.hits) > 0 {
		return
	}
	t.gather(q, a.key, a, tr)
	for _, o := range pins {
		a.deny(o.entity, tr)
	}
}

// deny takes the hits of an entity out.
func (a *Answer) deny(e index.Entity, tr *tracer) {
	kept := a.hits[:0]
	for _, h := range a.hits {
		if h.entity == e {
			tr.entityStep("pin", h.name.Text(), e, "denied by an override")
			continue
		}
		kept = append(kept, h)
	}
	a.hits = kept
}

// gather collects the names under key. A name that equals the query is EXACT,
// another NORMALIZED.
func (t *Table) gather(q *Query, key []byte, a *Answer, tr *tracer) {
	names := t.index.Lookup(q.Name, key)
	for i := range names.Len() {
		n := names.At(i)
		h := hit{name: n, entity: n.Entity(), method: Normalized}
		if n.Text() == q.Name {
			h.method = Exact
		} else if strings.HasSuffix(n.Text(), "-") && !strings.HasSuffix(q.Name, "-") {
			tr.entityStep("gather", n.Text(), h.entity, "only the first part of a compound")
			continue
		} else if n.Kind() == fact.Acronym && !writesAcronym(q.Name, n.Text()) {
			tr.entityStep("gather", n.Text(), h.entity, "an acronym is matched with its case")
			continue
		}
		tr.entityStep("gather", n.Text(), h.entity, methodWords[h.method])
		a.hits = append(a.hits, h)
	}
}

// gatherVariants tries the query without article, title or possessive and with
// the parts around a comma swapped, until one reduction has a name.
func (t *Table) gatherVariants(q *Query, a *Answer, tr *tracer) {
	for _, v := range a.reducer.Variants(q.Name) {
		a.key = append(a.key[:0], v.Key...)
		if tr != nil {
			tr.key("without "+v.What.String(), a.key)
		}
		t.gather(q, a.key, a, tr)
		for _, o := range t.overrides[v.Key] {
			if o.deny {
				a.deny(o.entity, tr)
			}
		}
		if len(a.hits) > 0 {
			return
		}
	}
}

// writesAcronym reports whether text has the acronym in it with its case, dots
// aside; an article or an ending may stand around it. An acronym of four
// letters or more may be written like a word, as some papers do: "Nato".
func writesAcronym(text, acronym string) bool {
	var room [2][keyBuffer]byte
	got, want := name.AppendCased(room[0][:0], text), name.AppendCased(room[1][:0], acronym)
	if bytes.Contains(got, want) {
		return true
	}
	first, size := utf8.DecodeRune(want)
	if utf8.RuneCount(want) < 4 || !unicode.IsUpper(first) {
		return false
	}
	return bytes.Contains(got, append(want[:size:size], bytes.ToLower(want[size:])...))
}
