// Package learn fits the weights by which package text tells whether a place's
// name means the place or those who act for it, and measures them.
//
// The model is a logistic regression with an L2 penalty over
// [text.ReadingFeatures]. Examples come from a set of sentences that is not part
// of the project, and from the project's own annotated texts.
package learn

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"unicode/utf8"

	"onoma/resolver"
	"onoma/resolver/text"
	"onoma/resolver/text/annotated"
)

// Example is one name in its sentence.
type Example struct {
	Features  text.ReadingFeatures
	Metonymic bool
	// Weight is how much it counts in fitting.
	Weight float64
	// Group is what it is counted under: [Set], or the language of a text of ours.
	Group string
	// Source is the sentence or the text that it stands in. Examples of one are
	// alike, so none is answered with weights fitted to another.
	Source string
	// Around shows the name in square brackets among the words around it.
	Around string
}

// Set is the group of the examples of [ReadSet].
const Set = "set"

// Defaults of fitting.
const (
	// Penalty is the strength of the L2 penalty.
	Penalty = 0.3
	// OwnWeight is the weight of an example of the annotated texts against one of
	// the set: the texts are fewer than the cases they stand for, and alike.
	OwnWeight = 0.3
)

// ReadSet reads a tab-separated set with the columns sentence, start, end (code
// points), label and lang.
func ReadSet(a *text.Annotator, r io.Reader) ([]Example, error) {
	var examples []Example
	var work text.Annotation
	column := map[string]int{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		fields := strings.Split(lines.Text(), "\t")
		if n == 1 {
			for i, name := range fields {
				column[name] = i
			}
			continue
		}
		sentence := fields[column["sentence"]]
		start, err := strconv.Atoi(fields[column["start"]])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		end, err := strconv.Atoi(fields[column["end"]])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		from, to := byteOf(sentence, start), byteOf(sentence, end)
		examples = append(examples, Example{
			Features:  a.ReadingFeaturesAt(sentence, fields[column["lang"]], from, to, &work),
			Metonymic: fields[column["label"]] == "metonymic", Weight: 1, Group: Set, Source: sentence,
			Around: sentence[:from] + "[" + sentence[from:to] + "]" + sentence[to:],
		})
	}
	return examples, lines.Err()
}

func byteOf(s string, rune int) int {
	at := 0
	for ; rune > 0 && at < len(s); rune-- {
		_, n := utf8.DecodeRuneInString(s[at:])
		at += n
	}
	return at
}

// ReadOwn takes the places of annotated texts, each example with the weight.
func ReadOwn(a *text.Annotator, dir fs.FS, weight float64) ([]Example, error) {
	documents, err := annotated.Read(dir)
	if err != nil {
		return nil, err
	}
	var examples []Example
	var work text.Annotation
	for _, d := range documents {
		for _, m := range d.Mentions {
			e, _ := a.Table().Find(m.ID)
			if m.Reading != resolver.Metonymic && (m.Reading != resolver.Literal || !annotated.Choice(e, &d)) {
				continue
			}
			examples = append(examples, Example{
				Features:  a.ReadingFeaturesAt(d.Text, d.Language, m.Start, m.End, &work),
				Metonymic: m.Reading == resolver.Metonymic, Weight: weight, Group: d.Language, Source: d.Name,
				Around: d.Text[max(0, m.Start-60):m.Start] + "[" + d.Text[m.Start:m.End] + "]" + d.Text[m.End:min(len(d.Text), m.End+60)],
			})
		}
	}
	return examples, nil
}

const (
	folds = 10
	// Splits is how often the examples are split into folds anew: by how they fall
	// the figure differs by a percent.
	Splits = 5
)

// Tally counts answers over all splits.
type Tally struct{ Right, All int }

// Share is the share of right answers.
func (t Tally) Share() float64 { return float64(t.Right) / float64(max(1, t.All)) }

// CrossValidate answers every example [Splits] times, with weights fitted to the
// nine tenths of the sources that its own is not among, and counts by group. It
// returns the share of right answers of the set split by split too. miss, if not
// nil, is told each wrong answer of the first split with its probability.
func CrossValidate(examples []Example, penalty float64, miss func(e *Example, p float64)) (map[string]Tally, []float64) {
	tallies := map[string]Tally{}
	var shares []float64
	for split := range Splits {
		fold := foldOf(examples, uint64(split))
		set := Tally{}
		for k := range folds {
			var train []Example
			for i, e := range examples {
				if fold[i] != k {
					train = append(train, e)
				}
			}
			weights := Fit(train, penalty)
			for i := range examples {
				if fold[i] != k {
					continue
				}
				e := &examples[i]
				p := e.Features.Metonymic(weights)
				t := tallies[e.Group]
				t.All++
				right := (p >= 0.5) == e.Metonymic
				if right {
					t.Right++
				} else if miss != nil && split == 0 {
					miss(e, p)
				}
				tallies[e.Group] = t
				if e.Group == Set {
					set.All++
					if right {
						set.Right++
					}
				}
			}
		}
		shares = append(shares, set.Share())
	}
	return tallies, shares
}

// foldOf deals the sources out into folds, in an order that the split decides.
func foldOf(examples []Example, split uint64) []int {
	number := map[string]int{}
	for _, e := range examples {
		if _, ok := number[e.Source]; !ok {
			number[e.Source] = len(number)
		}
	}
	order := rand.New(rand.NewPCG(split, folds)).Perm(len(number))
	fold := make([]int, len(examples))
	for i, e := range examples {
		fold[i] = order[number[e.Source]] % folds
	}
	return fold
}

// Own sums the tallies of all groups but the set's.
func Own(tallies map[string]Tally) (own Tally) {
	for group, t := range tallies {
		if group != Set {
			own.Right, own.All = own.Right+t.Right, own.All+t.All
		}
	}
	return own
}

// Fit minimises the logistic loss with an L2 penalty by gradient descent with
// momentum; the problem is convex and small.
func Fit(examples []Example, penalty float64) *text.ReadingFeatures {
	const rounds, rate, momentum = 600, 0.5, 0.9
	weights, velocity := new(text.ReadingFeatures), new(text.ReadingFeatures)
	n := 0.0
	on := make([][]int, len(examples)) // the features that each example has
	for i := range examples {
		n += examples[i].Weight
		for k, v := range examples[i].Features {
			if v != 0 {
				on[i] = append(on[i], k)
			}
		}
	}
	for range rounds {
		var gradient text.ReadingFeatures
		for i := range examples {
			e := &examples[i]
			sum := 0.0
			for _, k := range on[i] {
				sum += weights[k] * e.Features[k]
			}
			miss := 1 / (1 + math.Exp(-sum))
			if e.Metonymic {
				miss--
			}
			for _, k := range on[i] {
				gradient[k] += e.Weight * miss * e.Features[k]
			}
		}
		for k := range weights {
			g := gradient[k]
			if k > 0 {
				g += penalty * weights[k]
			}
			velocity[k] = momentum*velocity[k] - rate*g/n
			weights[k] += velocity[k]
		}
	}
	return weights
}
