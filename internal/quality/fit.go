package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"onoma/resolver"
	"onoma/resolver/index"
)

// fitter collects the likenesses that the sets' queries meet, and which is right.
type fitter struct {
	questions []question
	every     int // take one query of so many
	asked     int
}

// question is one query with the names like it.
type question struct {
	likenesses []resolver.LikenessFeatures
	right      int // of likenesses; none when the right one is not among them
	weight     float64
}

const none = -1

// setWeights is what a whole set counts for. Sets differ in size and not in how
// much they teach.
var setWeights = map[string]float64{
	"person_names": 3, "place_names": 2, "name_bench": 0.3, "spelling_ukraine": 0.5, "transliteration": 1,
	"russian_inflected": 0.5, "mangled_names": 0.3, "ofac_aliases": 1.5, "negatives": 2,
}

// setSteps thins out the largest sets.
var setSteps = map[string]int{"place_names": 2, "transliteration": 11, "ofac_aliases": 2}

// collect adds one query. A query that the table answers by an exact key is
// never judged by likeness, and is left out.
func (f *fitter) collect(t *resolver.Table, text, want string) {
	if f.asked++; f.asked%f.every != 0 {
		return
	}
	var a resolver.Answer
	t.Resolve(&resolver.Query{Name: text}, &a)
	if a.Outcome != resolver.NoMatch && a.Candidates[0].Method <= resolver.Normalized {
		return
	}
	q := question{right: none}
	t.Alike(text, func(n index.Name, features *resolver.LikenessFeatures) bool {
		if n.Entity().ID() == want && (q.right == none || features[1] > q.likenesses[q.right][1]) {
			q.right = len(q.likenesses)
		}
		q.likenesses = append(q.likenesses, *features)
		return true
	})
	if len(q.likenesses) > 0 {
		f.questions = append(f.questions, q)
	}
}

// fitOdds fits a conditional logit (McFadden 1974): each query chooses one of the
// names like it, or none, with probability in proportion to the odds of each and
// to 1. That is how the resolver turns odds into scores. Newton's method with a
// small ridge; the loss is convex.
func fitOdds(ctx context.Context, dir, out string, rows half, terms string, progress io.Writer) error {
	f := new(fitter)
	for _, s := range sets {
		first := len(f.questions)
		f.asked, f.every = 0, max(1, setSteps[s.name])
		r := newResult(s.name, 0)
		r.fit, r.half = f, rows
		if err := s.measure(ctx, dir, r); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		for i := first; i < len(f.questions); i++ {
			f.questions[i].weight = setWeights[s.name] * 1000 / float64(len(f.questions)-first)
		}
		fmt.Fprintf(progress, "%s: %d queries\n", s.name, len(f.questions)-first)
	}
	start, held, err := startOf(out, terms)
	if err != nil {
		return err
	}
	weights := newton(f.questions, start, held, progress)
	var b strings.Builder
	b.WriteString(`# Weights, in nats, of the odds that two names are one, over the terms of
# resolver.FeaturesOf. Fitted, and written, by
#	go run ./internal/quality --dir DIR --fit resolver/data/odds.txt
`)
	for i, w := range weights {
		fmt.Fprintf(&b, "%.3f\t%s\n", w, resolver.LikenessTerms[i])
	}
	return os.WriteFile(out, []byte(b.String()), 0o644)
}

// startOf returns the weights to start from and the terms that keep theirs: when
// only some terms are to be fitted, the others keep what the file has.
func startOf(file, terms string) (start vector, held [numTerms]bool, err error) {
	if terms == "" {
		return start, held, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return start, held, err
	}
	if err := resolver.ParseWeights(file, string(text), resolver.LikenessTerms[:], start[:]); err != nil {
		return start, held, err
	}
	free := strings.Split(terms, ";")
	for k, term := range resolver.LikenessTerms {
		held[k] = !slices.Contains(free, term)
	}
	return start, held, nil
}

const ridge = 0.01

const numTerms = len(resolver.LikenessFeatures{})

type (
	vector [numTerms]float64
	matrix [numTerms][numTerms]float64
)

func newton(questions []question, weights vector, held [numTerms]bool, progress io.Writer) vector {
	loss := math.Inf(1)
	step := vector{}
	for round := 1; round <= 40; round++ {
		next := weights
		for k := range next {
			next[k] += step[k]
		}
		nextLoss, gradient, hessian := slope(questions, &next)
		hold(hessian, &gradient, &held)
		if nextLoss > loss { // too far: half the way
			for k := range step {
				step[k] /= 2
			}
			continue
		}
		fmt.Fprintf(progress, "round %d: loss %.3f\n", round, nextLoss)
		done := loss-nextLoss < 1e-3
		weights, loss = next, nextLoss
		if done {
			break
		}
		step = solve(hessian, gradient)
	}
	return weights
}

// hold takes the terms that are held out of a step.
func hold(hessian *matrix, gradient *vector, held *[numTerms]bool) {
	for k := range held {
		if !held[k] {
			continue
		}
		gradient[k] = 0
		for l := range held {
			hessian[k][l], hessian[l][k] = 0, 0
		}
		hessian[k][k] = 1
	}
}

// slope returns the loss at weights, its negative gradient and its Hessian.
func slope(questions []question, weights *vector) (loss float64, gradient vector, hessian *matrix) {
	hessian = new(matrix)
	for i := range questions {
		q := &questions[i]
		odds := make([]float64, len(q.likenesses))
		sum := 1.0
		for j := range q.likenesses {
			z := 0.0
			for k, w := range weights {
				z += w * q.likenesses[j][k]
			}
			odds[j] = math.Exp(min(z, 50))
			sum += odds[j]
		}
		var mean vector
		for j := range q.likenesses {
			x := &q.likenesses[j]
			p := odds[j] / sum
			y := 0.0
			if j == q.right {
				y = 1
				loss -= q.weight * math.Log(max(p, 1e-12))
			}
			for k := range x {
				if x[k] == 0 {
					continue
				}
				gradient[k] += q.weight * (y - p) * x[k]
				mean[k] += p * x[k]
				if p > 1e-4 {
					for l := range k + 1 {
						hessian[k][l] += q.weight * p * x[k] * x[l]
					}
				}
			}
		}
		if q.right == none {
			loss += q.weight * math.Log(sum)
		}
		for k := range mean {
			for l := range k + 1 {
				hessian[k][l] -= q.weight * mean[k] * mean[l]
			}
		}
	}
	for k := range weights {
		loss += ridge / 2 * weights[k] * weights[k]
		gradient[k] -= ridge * weights[k]
		hessian[k][k] += ridge + 1e-6
		for l := range k {
			hessian[l][k] = hessian[k][l]
		}
	}
	return loss, gradient, hessian
}

// solve solves a·x = b for a symmetric positive definite a by Gaussian
// elimination.
func solve(a *matrix, b vector) (x vector) {
	m, n := *a, numTerms
	for i := range n {
		for k := i + 1; k < n; k++ {
			factor := m[k][i] / m[i][i]
			for j := i; j < n; j++ {
				m[k][j] -= factor * m[i][j]
			}
			b[k] -= factor * b[i]
		}
	}
	for i := n - 1; i >= 0; i-- {
		x[i] = b[i]
		for j := i + 1; j < n; j++ {
			x[i] -= m[i][j] * x[j]
		}
		x[i] /= m[i][i]
	}
	return x
}
