package resolver

// leastLikely is the score that the first of the names merely like the query
// needs to be worth showing: below, something that the table lacks is meant.
const leastLikely = 0.05

// decide sets the outcome and cuts the candidates to the limit. Outcome and
// scores are settled before the cut, so the limit changes neither.
func (t *Table) decide(q *Query, a *Answer, tr *tracer) {
	if len(a.Candidates) > 0 && a.Candidates[0].Method > Inflected && a.Candidates[0].Score < leastLikely {
		a.Candidates = a.Candidates[:0]
	}
	a.Total = len(a.Candidates)
	if a.Total == 0 {
		tr.decision("no name of the table answers")
		return
	}
	minScore, minMargin := DefaultMinScore, DefaultMinMargin
	if q.MinScore != nil {
		minScore = *q.MinScore
	}
	if q.MinMargin != nil {
		minMargin = *q.MinMargin
	}
	score, margin := a.Candidates[0].Score, a.Candidates[0].Score
	if a.Total > 1 {
		margin -= a.Candidates[1].Score
	}
	a.Outcome = Ambiguous
	if score >= minScore && margin >= minMargin {
		a.Outcome = Resolved
	}
	tr.scores(a, minScore, minMargin, margin)
	limit := q.Limit
	if limit == 0 {
		limit = DefaultLimit
	}
	a.Candidates = a.Candidates[:min(limit, a.Total)]
}
