package text

import (
	"onoma/resolver"
	"onoma/resolver/fact"
)

// Resolve answers a query whose name stands in a text: bytes start to end of it.
// It is [resolver.Table.Resolve] with what [Annotator.Annotate] knows of the
// other names of the text and of the words around this one. A negative start
// says that the text does not have the name: then it is context and no more. The
// answer is like that of the table; work is memory, used again.
func (a *Annotator) Resolve(q *resolver.Query, text string, start, end int, work *Annotation, answer *resolver.Answer) {
	w := &work.work
	apart := start < 0
	if apart {
		start, end = len(text)+2, len(text)+2+len(q.Name)
		text += "\n\n" + q.Name
	}
	d := &Document{
		Text: text, Language: q.Language, AsOf: q.AsOf, Countries: q.Countries, Kinds: q.Kinds,
		MinScore: q.MinScore, MinMargin: q.MinMargin, Limit: maxCandidates,
	}
	if (q.Reading == resolver.Auto || q.Reading == resolver.Titular) && a.titleIn(w, d, start, end) {
		w.answered(&w.runs[w.focus], q, a.table, answer)
		return
	}
	w.begin(a, d)
	own := *q
	own.Limit = maxCandidates
	a.table.Resolve(&own, &w.answer)
	from, to := w.tokensOf(start, end)
	if from == to {
		a.table.Resolve(q, answer)
		return
	}
	w.focusOn(from, to, start, end, q.Name, w.answer.Candidates, w.answer.Outcome).asked = apart || q.Reading != resolver.Auto
	w.scan()
	w.understand()
	for i := range w.runs {
		if r := &w.runs[i]; r.start == start && r.end == end {
			w.reread(r, &own)
			w.answered(r, q, a.table, answer)
			return
		}
	}
}

// titleIn reports whether the stretch is a title that means its holder: "il primo
// ministro giapponese". The run of the title becomes the focus.
func (a *Annotator) titleIn(w *work, d *Document, start, end int) bool {
	if a.titles == nil {
		return false
	}
	w.begin(a, d)
	if d.Language == "" && start == 0 && end == len(d.Text) && (len(w.tokens.list) == 0 || w.tokens.list[0].form&formChar == 0) {
		w.speak("und") // a few words tell no language
	}
	from, to := w.tokensOf(start, end)
	titled := false
	for k := from; k < to; k++ {
		titled = titled || a.titles.isTitleWord(w.tokens.key(k)) || w.tokens.list[k].form&formChar != 0
	}
	if to-from < 2 || !titled {
		return false
	}
	w.scan()
	w.understand()
	for i := range w.runs {
		r := &w.runs[i]
		if !r.title || r.state != sure || r.start < start || r.end > end {
			continue
		}
		for k := from; k < to; k++ {
			if k >= r.phraseFrom && k < r.phraseTo {
				continue
			}
			if w.covered[k] == 0 && w.cue(k)&(cueArticle|cueOf|cueIn) == 0 {
				return false
			}
			if n := w.covered[k]; n > 0 && w.runs[n-1].kind() == fact.Person && !w.runs[n-1].title {
				return false
			}
		}
		w.focus = i
		return true
	}
	return false
}

// Title answers a query that is a title as a whole, and reports whether it is.
func (a *Annotator) Title(q *resolver.Query, work *Annotation, answer *resolver.Answer) bool {
	w := &work.work
	d := &Document{Text: q.Name, Language: q.Language, AsOf: q.AsOf, Kinds: q.Kinds}
	if q.Reading != resolver.Auto && q.Reading != resolver.Titular || !a.titleIn(w, d, 0, len(q.Name)) {
		return false
	}
	r := &w.runs[w.focus]
	if !q.Kinds.Admits(r.kind()) {
		return false
	}
	w.answered(r, q, a.table, answer)
	return true
}

// tokensOf returns the tokens that lie in bytes start to end.
func (w *work) tokensOf(start, end int) (from, to int) {
	for from < len(w.tokens.list) && int(w.tokens.list[from].end) <= start {
		from++
	}
	to = from
	for to < len(w.tokens.list) && int(w.tokens.list[to].start) < end {
		to++
	}
	return from, to
}

// focusOn adds the run that the caller gave.
func (w *work) focusOn(from, to, start, end int, query string, candidates []resolver.Candidate, outcome resolver.Outcome) *run {
	e := w.newEntry()
	*e = entry{surface: w.document.Text[start:end], query: query, candidates: w.keep(candidates), outcome: outcome}
	w.focus = from
	w.runs = append(w.runs, run{
		from: from, to: to, start: start, end: end, entry: e,
		candidates: e.candidates, outcome: outcome, given: true,
	})
	for k := from; k < to; k++ {
		w.covered[k] = int32(len(w.runs))
	}
	return &w.runs[len(w.runs)-1]
}

// reread asks the table for the literal sense with all that it can do, where the
// text is read so and the name was not found as it is written.
func (w *work) reread(r *run, q *resolver.Query) {
	if q.Reading != resolver.Auto || len(r.candidates) == 0 {
		return
	}
	top := &r.candidates[0]
	if top.Reading == resolver.Metonymic && top.Literal.Valid() && top.Literal != top.Entity && r.literally {
		literal := *q
		literal.Reading = resolver.Literal
		w.table.Resolve(&literal, &w.answer)
		w.readAs(r, w.keep(w.answer.Candidates))
	}
}

// answered makes an answer of a run.
func (w *work) answered(r *run, q *resolver.Query, t *resolver.Table, answer *resolver.Answer) {
	answer.Outcome, answer.Version, answer.Trace = r.outcome, t.Version(), nil
	answer.Candidates = answer.Candidates[:0]
	for _, c := range r.candidates {
		if q.Kinds.Admits(c.Entity.Kind()) {
			answer.Candidates = append(answer.Candidates, c)
		}
	}
	answer.Total = len(answer.Candidates)
	if answer.Total == 0 {
		answer.Outcome = resolver.NoMatch
	}
	limit := q.Limit
	if limit == 0 {
		limit = resolver.DefaultLimit
	}
	answer.Candidates = answer.Candidates[:min(limit, answer.Total)]
}

// ReadingFeaturesAt returns the features by which the reading of bytes start to
// end of the text is decided. It is for fitting their weights.
func (a *Annotator) ReadingFeaturesAt(text, language string, start, end int, work *Annotation) ReadingFeatures {
	w := &work.work
	w.begin(a, &Document{Text: text, Language: language})
	from, to := w.tokensOf(start, end)
	w.query.Name = text[start:end]
	w.table.ResolveWritten(&w.query, &w.answer)
	w.focusOn(from, to, start, end, "", w.answer.Candidates, w.answer.Outcome)
	w.scan()
	w.survey()
	w.settle()
	w.findTitles()
	for i := range w.runs {
		r := &w.runs[i]
		if r.start != start || r.end != end {
			continue
		}
		for j := range r.candidates {
			c := &r.candidates[j]
			bearer := c.Entity
			if c.Literal.Valid() {
				bearer = c.Literal
			}
			if isPlace(bearer.Kind()) {
				return w.readingFeatures(r, bearer.Kind(), c.Reading == resolver.Metonymic)
			}
		}
		return w.readingFeatures(r, fact.Place, false)
	}
	return ReadingFeatures{}
}

func isPlace(k fact.Kind) bool {
	switch k {
	case fact.Country, fact.Place, fact.Region, fact.Facility:
		return true
	}
	return false
}
