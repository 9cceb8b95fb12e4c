// Command fit fits the weights by which package text tells whether a place's name
// means the place or those who act for it.
//
//	go run ./resolver/text/fit --set FILE [--annotated DIR] [--out resolver/text/data/reading.txt] [--miss N]
//
// The set is tab-separated with columns sentence, start, end (code points), label
// and lang. It is not part of the project. The texts of DIR are the project's own.
// The model is a logistic regression with an L2 penalty; the figures printed are
// of ten-fold cross-validation.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"onoma/resolver"
	"onoma/resolver/seed"
	"onoma/resolver/text"
	"onoma/resolver/text/annotated"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "fit:", err)
		}
		os.Exit(1)
	}
}

// example is one name in its sentence.
type example struct {
	features  text.ReadingFeatures
	metonymic bool
	weight    float64
	group     string
	what      string
}

func run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("fit", flag.ContinueOnError)
	flags.SetOutput(stderr)
	set := flags.String("set", "", "the set of sentences (required)")
	own := flags.String("annotated", "resolver/text/testdata/annotated", "directory of the project's own annotated texts")
	out := flags.String("out", "", "write the weights to this file")
	misses := flags.Int("miss", 0, "print up to this many wrong answers")
	penalty := flags.Float64("l2", 0.3, "strength of the penalty")
	share := flags.Float64("own", 0.5, "weight of an example of the annotated texts against one of the set")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *set == "" {
		return errors.New("--set FILE is required")
	}
	s, err := seed.Open()
	if err != nil {
		return err
	}
	x, err := seed.Index()
	if err != nil {
		return err
	}
	a := text.New(resolver.NewTable(x, 1, time.Time{}, nil), text.NewLexicon(s.Offices()))
	examples, err := readSet(a, *set)
	if err != nil {
		return err
	}
	more, err := readOwn(a, *own, *share)
	if err != nil {
		return err
	}
	examples = append(examples, more...)
	crossValidate(examples, *penalty, *misses, stdout)
	if *out == "" {
		return nil
	}
	return write(*out, fit(examples, *penalty))
}

func readSet(a *text.Annotator, path string) ([]example, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var examples []example
	var work text.Annotation
	column := map[string]int{}
	lines := bufio.NewScanner(f)
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
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		end, err := strconv.Atoi(fields[column["end"]])
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		from, to := byteOf(sentence, start), byteOf(sentence, end)
		examples = append(examples, example{
			features:  a.ReadingFeaturesAt(sentence, fields[column["lang"]], from, to, &work),
			metonymic: fields[column["label"]] == "metonymic", weight: 1, group: "set",
			what: sentence[:from] + "[" + sentence[from:to] + "]" + sentence[to:],
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

// readOwn takes the places of the annotated texts.
func readOwn(a *text.Annotator, dir string, weight float64) ([]example, error) {
	documents, err := annotated.Read(os.DirFS(dir))
	if err != nil {
		return nil, err
	}
	var examples []example
	var work text.Annotation
	for _, d := range documents {
		for _, m := range d.Mentions {
			e, _ := a.Table().Find(m.ID)
			if m.Reading != resolver.Metonymic && (m.Reading != resolver.Literal || !annotated.Choice(e, &d)) {
				continue
			}
			examples = append(examples, example{
				features:  a.ReadingFeaturesAt(d.Text, d.Language, m.Start, m.End, &work),
				metonymic: m.Reading == resolver.Metonymic, weight: weight, group: d.Language,
				what: d.Text[max(0, m.Start-60):m.Start] + "[" + d.Text[m.Start:m.End] + "]" + d.Text[m.End:min(len(d.Text), m.End+60)],
			})
		}
	}
	return examples, nil
}

const folds = 10

func crossValidate(examples []example, penalty float64, misses int, w io.Writer) {
	right, all := map[string]int{}, map[string]int{}
	for fold := range folds {
		var train []example
		for i, e := range examples {
			if i%folds != fold {
				train = append(train, e)
			}
		}
		weights := fit(train, penalty)
		for i := fold; i < len(examples); i += folds {
			e := &examples[i]
			p := e.features.Metonymic(weights)
			all[e.group]++
			if (p >= 0.5) == e.metonymic {
				right[e.group]++
			} else if misses > 0 {
				misses--
				fmt.Fprintf(w, "%.2f %t %s: %s\n   %s\n", p, e.metonymic, e.group, e.what, describe(&e.features))
			}
		}
	}
	sum, n := 0, 0
	for group, count := range all {
		fmt.Fprintf(w, "%-6s %5d  %.1f %%\n", group, count, 100*float64(right[group])/float64(count))
		if group != "set" {
			sum, n = sum+right[group], n+count
		}
	}
	if n > 0 {
		fmt.Fprintf(w, "%-6s %5d  %.1f %%\n", "own", n, 100*float64(sum)/float64(n))
	}
}

func describe(f *text.ReadingFeatures) string {
	var on []string
	for i, v := range f {
		if v != 0 && i > 0 {
			on = append(on, text.ReadingTerms[i])
		}
	}
	return strings.Join(on, " | ")
}

// fit minimises the logistic loss with an L2 penalty by gradient descent with
// momentum; the problem is convex and small.
func fit(examples []example, penalty float64) *text.ReadingFeatures {
	const rounds, rate, momentum = 600, 0.5, 0.9
	weights, velocity := new(text.ReadingFeatures), new(text.ReadingFeatures)
	n := 0.0
	for _, e := range examples {
		n += e.weight
	}
	for range rounds {
		var gradient text.ReadingFeatures
		for i := range examples {
			e := &examples[i]
			miss := e.features.Metonymic(weights)
			if e.metonymic {
				miss--
			}
			for k, v := range e.features {
				if v != 0 {
					gradient[k] += e.weight * miss * v
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

func write(path string, weights *text.ReadingFeatures) error {
	var b strings.Builder
	b.WriteString("# Weights of the readings, in nats: positive speaks for METONYMIC.\n# Written by `go run ./resolver/text/fit`.\n\n")
	for i, w := range weights {
		fmt.Fprintf(&b, "%.3f\t%s\n", math.Round(w*1000)/1000, text.ReadingTerms[i])
	}
	return os.WriteFile(path, []byte(b.String()), 0o644)
}
