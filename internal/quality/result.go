package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"onoma/resolver/name"

	onomav1 "onoma/proto/onoma/v1"
)

// result is what one set measured, whole and by group.
type result struct {
	name          string
	groups        map[string]*tally
	pairs         []scored
	maxMisses     int
	tenCandidates bool
	fit           *fitter // collects instead of asking
	half          half
	asked         int // queries so far, of either half
	notes         []string
}

// half is the part of a set's queries that is asked: what was fitted to one is
// measured on the other.
type half int

const (
	allRows half = iota
	evenRows
	oddRows
)

var halves = map[string]half{"": allRows, "even": evenRows, "odd": oddRows}

// leftOut counts a query and reports whether it is of the other half.
func (r *result) leftOut() bool {
	even := r.asked%2 == 0
	r.asked++
	return r.half == evenRows && !even || r.half == oddRows && even
}

type tally struct {
	queries, right, ten, resolved, resolvedRight, none int
	answers                                            []scored
	misses                                             []string
	took                                               []time.Duration
}

type scored struct {
	score float64
	right bool
	what  string
}

const whole = "all"

func newResult(name string, misses int) *result {
	return &result{name: name, groups: map[string]*tally{whole: {}}, maxMisses: misses}
}

func (r *result) add(query, want string, answer *onomav1.ResolveResponse, took time.Duration, groups []string) {
	rank := -1
	for i, c := range answer.Candidates {
		if c.EntityId == want {
			rank = i
			break
		}
	}
	for _, name := range append(groups, whole) {
		t := r.groups[name]
		if t == nil {
			t = new(tally)
			r.groups[name] = t
		}
		t.queries++
		t.took = append(t.took, took)
		if rank == 0 {
			t.right++
		}
		if rank >= 0 && rank < 10 {
			t.ten++
		}
		switch answer.Outcome {
		case onomav1.Outcome_OUTCOME_NO_MATCH:
			t.none++
		case onomav1.Outcome_OUTCOME_RESOLVED:
			t.resolved++
			if rank == 0 {
				t.resolvedRight++
			}
		}
		if len(answer.Candidates) > 0 {
			t.answers = append(t.answers, scored{answer.Candidates[0].Score, rank == 0, query})
		}
		wrong := answer.Outcome == onomav1.Outcome_OUTCOME_RESOLVED && rank != 0
		if name != whole && (rank != 0 && want != "" || wrong) {
			line := fmt.Sprintf("%s: %q wants %s", name, query, want)
			if wrong {
				line = "WRONG " + line
			}
			for i, c := range answer.Candidates[:min(2, len(answer.Candidates))] {
				line += fmt.Sprintf(" | %d %s %q %.2f", i+1, c.EntityId, c.GetMatchedName().GetText(), c.Score)
			}
			if rank > 0 {
				line += fmt.Sprintf(" | right at %d %q %.2f", rank+1, answer.Candidates[rank].GetMatchedName().GetText(), answer.Candidates[rank].Score)
			}
			t.misses = append(t.misses, line)
		}
	}
}

// note adds a line to the report of a set that is not one of queries.
func (r *result) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

func (r *result) addPair(what string, score float64, match bool, group string) {
	r.pairs = append(r.pairs, scored{score, match, group + ": " + what})
}

// recallAt95 is the share of the queries answered right at the one threshold
// that leaves 95 per cent of the answers right.
func (t *tally) recallAt95() float64 {
	slices.SortStableFunc(t.answers, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	right, best := 0, 0
	for i, a := range t.answers {
		if a.right {
			right++
		}
		if last := i+1 == len(t.answers) || t.answers[i+1].score != a.score; last && float64(right) >= 0.95*float64(i+1) {
			best = right
		}
	}
	return share(best, t.queries)
}

func (r *result) write(w io.Writer) {
	fmt.Fprintf(w, "\n## %s\n\n", r.name)
	if r.notes != nil {
		fmt.Fprintln(w, strings.Join(r.notes, "\n"))
		return
	}
	if r.pairs != nil {
		f1, at := bestF1(r.pairs)
		fmt.Fprintf(w, "%d pairs: F1 %.3f at threshold %.2f, AUC %.3f\n", len(r.pairs), f1, at, auc(r.pairs))
		return
	}
	ten := ""
	if r.tenCandidates {
		ten = " recall@10 |"
	}
	fmt.Fprintf(w, "| | queries | Acc@1 |%s precision | wrong | none | R@P95 |\n|---|--:|--:|%s--:|--:|--:|--:|\n", ten, map[bool]string{true: "--:|"}[r.tenCandidates])
	for _, name := range slices.SortedFunc(maps.Keys(r.groups), func(a, b string) int {
		return cmp.Or(cmp.Compare(r.groups[b].queries, r.groups[a].queries), cmp.Compare(a, b))
	}) {
		t := r.groups[name]
		fmt.Fprintf(w, "| %s | %d | %.1f |", name, t.queries, share(t.right, t.queries))
		if r.tenCandidates {
			fmt.Fprintf(w, " %.1f |", share(t.ten, t.queries))
		}
		fmt.Fprintf(w, " %.1f | %.2f | %.1f | %.1f |\n", share(t.resolvedRight, t.resolved),
			share(t.resolved-t.resolvedRight, t.queries), share(t.none, t.queries), t.recallAt95())
	}
}

// leastTimed is how many queries a group needs for a last percentile.
const leastTimed = 100

func (r *result) writeMisses(w io.Writer) {
	for _, name := range slices.Sorted(maps.Keys(r.groups)) {
		took := r.groups[name].took
		slices.Sort(took)
		if n := len(took); n >= leastTimed {
			fmt.Fprintf(w, "  time a query, %s: p50 %v, p99 %v\n", name, took[n/2], took[n*99/100])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.groups)) {
		misses := r.groups[name].misses
		step := max(1, len(misses)/max(1, r.maxMisses))
		for i := 0; i < len(misses) && i/step < r.maxMisses; i += step {
			fmt.Fprintf(w, "  %s\n", misses[i])
		}
	}
	if r.maxMisses > 0 && r.pairs != nil {
		_, at := bestF1(r.pairs)
		for _, p := range r.pairs {
			if p.right != (p.score >= at) {
				fmt.Fprintf(w, "  %.2f match=%t %s\n", p.score, p.right, p.what)
			}
		}
	}
}

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return 100 * float64(n) / float64(of)
}

// bestF1 is the best F1 at one threshold over all pairs, and the threshold.
func bestF1(pairs []scored) (best, at float64) {
	for _, threshold := range pairs {
		var hit, found, want int
		for _, p := range pairs {
			if p.right {
				want++
			}
			if p.score >= threshold.score {
				found++
				if p.right {
					hit++
				}
			}
		}
		if f1 := 2 * float64(hit) / float64(found+want); f1 > best {
			best, at = f1, threshold.score
		}
	}
	return best, at
}

// auc is the chance that a pair that matches scores above one that does not.
func auc(pairs []scored) float64 {
	var above, all float64
	for _, p := range pairs {
		for _, q := range pairs {
			if p.right && !q.right {
				all++
				switch {
				case p.score > q.score:
					above++
				case p.score == q.score:
					above += 0.5
				}
			}
		}
	}
	return above / all
}

func scriptOf(text string) string { return name.ScriptOf(text).String() }
