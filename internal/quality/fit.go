package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"onoma/resolver"
	"onoma/resolver/index"
)

// fitter collects the likenesses that the sets' queries meet, and whether each
// is right.
type fitter struct {
	samples []sample
	queries int
	weight  float64 // of a query of the set under way
}

type sample struct {
	features resolver.LikenessFeatures
	right    bool
	weight   float64
}

// setWeights is what a whole set counts for, and how many of its queries are
// taken at most. Sets differ in size and not in how much they teach.
var setWeights = map[string]float64{
	"person_names": 3, "place_names": 2, "name_bench": 0.3, "spelling_ukraine": 0.5, "transliteration": 1,
	"russian_inflected": 0.5, "mangled_names": 0.5, "ofac_aliases": 1.5, "negatives": 2,
}

const maxFitQueries = 8000

// collect adds the likenesses of one query. A query that the table answers by
// an exact key never comes to be judged by likeness, and is left out.
func (f *fitter) collect(t *resolver.Table, text, want string) {
	f.queries++
	if f.queries%2 == 1 && f.queries > 2*maxFitQueries {
		return
	}
	var a resolver.Answer
	t.Resolve(&resolver.Query{Name: text}, &a)
	if a.Outcome != resolver.NoMatch && a.Candidates[0].Method <= resolver.Normalized {
		return
	}
	t.Alike(text, func(n index.Name, features *resolver.LikenessFeatures) bool {
		f.samples = append(f.samples, sample{*features, n.Entity().ID() == want, f.weight})
		return true
	})
}

// fitOdds fits a logistic regression with a small ridge by Newton's method
// (iteratively reweighted least squares; Hastie, Tibshirani and Friedman, The
// Elements of Statistical Learning, 4.4.1) and writes the weights.
func fitOdds(ctx context.Context, dir, out string, progress io.Writer) error {
	f := new(fitter)
	for _, s := range sets {
		f.queries = 0
		first := len(f.samples)
		f.weight = 1
		r := newResult(s.name, 0)
		r.fit = f
		if err := s.measure(ctx, dir, r); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		for i := first; i < len(f.samples); i++ {
			f.samples[i].weight = setWeights[s.name] * 1000 / float64(f.queries)
		}
		fmt.Fprintf(progress, "%s: %d likenesses\n", s.name, len(f.samples)-first)
	}
	weights := newton(f.samples, progress)
	var b strings.Builder
	b.WriteString(`# Weights, in nats, of the odds that two names are one (logistic regression over
# the terms of resolver.FeaturesOf). Fitted, and written, by
#	go run ./internal/quality --dir DIR --fit resolver/data/odds.txt
`)
	for i, w := range weights {
		fmt.Fprintf(&b, "%.3f\t%s\n", w, resolver.LikenessTerms[i])
	}
	return os.WriteFile(out, []byte(b.String()), 0o644)
}

const ridge = 0.01

const numTerms = len(resolver.LikenessFeatures{})

func newton(samples []sample, progress io.Writer) (weights resolver.LikenessFeatures) {
	const n = numTerms
	for round := range 25 {
		var gradient [n]float64
		var hessian [n][n]float64
		loss := 0.0
		for i := range samples {
			s := &samples[i]
			z := 0.0
			for k, w := range weights {
				z += w * s.features[k]
			}
			p := 1 / (1 + math.Exp(-z))
			y := 0.0
			if s.right {
				y = 1
				loss -= s.weight * math.Log(max(p, 1e-12))
			} else {
				loss -= s.weight * math.Log(max(1-p, 1e-12))
			}
			curve := s.weight * max(p*(1-p), 1e-9)
			for k := range n {
				if x := s.features[k]; x != 0 {
					gradient[k] += s.weight * (y - p) * x
					for l := range k + 1 {
						hessian[k][l] += curve * x * s.features[l]
					}
				}
			}
		}
		for k := range n {
			gradient[k] -= ridge * weights[k]
			hessian[k][k] += ridge
			for l := range k {
				hessian[l][k] = hessian[k][l]
			}
		}
		step := solve(&hessian, gradient)
		largest := 0.0
		for k := range n {
			weights[k] += step[k]
			largest = max(largest, math.Abs(step[k]))
		}
		fmt.Fprintf(progress, "round %d: loss %.2f\n", round+1, loss)
		if largest < 1e-4 {
			break
		}
	}
	return weights
}

// solve solves a·x = b for a symmetric positive definite a by Gaussian
// elimination.
func solve(a *[numTerms][numTerms]float64, b [numTerms]float64) (x [numTerms]float64) {
	m, n := *a, len(b)
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
