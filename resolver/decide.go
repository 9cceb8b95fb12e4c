package resolver

// decide sets the outcome and cuts the candidates to the limit. Outcome and
// scores are settled before the cut, so the limit changes neither.
func (t *Table) decide(q *Query, a *Answer, tr *tracer) {
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
