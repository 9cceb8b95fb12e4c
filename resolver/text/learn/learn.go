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
	OwnWeight = 0.5
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
			Metonymic: fields[column["label"]] == "metonymic", Weight: 1, Group: Set,
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
				Metonymic: m.Reading == resolver.Metonymic, Weight: weight, Group: d.Language,
				Around: d.Text[max(0, m.Start-60):m.Start] + "[" + d.Text[m.Start:m.End] + "]" + d.Text[m.End:min(len(d.Text), m.End+60)],
			})
		}
	}
	return examples, nil
}

const folds = 10

// Tally counts right answers.
type Tally struct{ Right, All int }

// Share is the share of right answers.
func (t Tally) Share() float64 { return float64(t.Right) / float64(max(1, t.All)) }

// CrossValidate answers every example with weights fitted to the nine tenths of
// the examples that it is not among, and counts by group. miss, if not nil, is
// told each wrong answer with its probability.
func CrossValidate(examples []Example, penalty float64, miss func(e *Example, p float64)) map[string]Tally {
	tallies := map[string]Tally{}
	for fold := range folds {
		var train []Example
		for i, e := range examples {
			if i%folds != fold {
				train = append(train, e)
			}
		}
		weights := Fit(train, penalty)
		for i := fold; i < len(examples); i += folds {
			e := &examples[i]
			p := e.Features.Metonymic(weights)
			t := tallies[e.Group]
			t.All++
			if (p >= 0.5) == e.Metonymic {
				t.Right++
			} else if miss != nil {
				miss(e, p)
			}
			tallies[e.Group] = t
		}
	}
	return tallies
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
	for _, e := range examples {
		n += e.Weight
	}
	for range rounds {
		var gradient text.ReadingFeatures
		for i := range examples {
			e := &examples[i]
			miss := e.Features.Metonymic(weights)
			if e.Metonymic {
				miss--
			}
			for k, v := range e.Features {
				if v != 0 {
					gradient[k] += e.Weight * miss * v
				}
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
