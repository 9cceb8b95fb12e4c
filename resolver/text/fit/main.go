// Command fit fits the weights by which package text tells whether a place's name
// means the place or those who act for it.
//
//	go run ./resolver/text/fit --set FILE [--annotated DIR] [--out resolver/text/data/reading.txt] [--miss N]
//
// The set is tab-separated with columns sentence, start, end (code points), label
// and lang. It is not part of the project. The texts of DIR are the project's own.
// The figures printed are of ten-fold cross-validation, over several splits.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"onoma/resolver"
	"onoma/resolver/seed"
	"onoma/resolver/text"
	"onoma/resolver/text/learn"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "fit:", err)
		}
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("fit", flag.ContinueOnError)
	flags.SetOutput(stderr)
	set := flags.String("set", "", "the set of sentences (required)")
	own := flags.String("annotated", "resolver/text/testdata/annotated", "directory of the project's own annotated texts")
	out := flags.String("out", "", "write the weights to this file")
	misses := flags.Int("miss", 0, "print up to this many wrong answers")
	penalty := flags.Float64("l2", learn.Penalty, "strength of the penalty")
	share := flags.Float64("own", learn.OwnWeight, "weight of an example of the annotated texts against one of the set")
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
	f, err := os.Open(*set)
	if err != nil {
		return err
	}
	defer f.Close()
	examples, err := learn.ReadSet(a, f)
	if err != nil {
		return fmt.Errorf("%s: %w", *set, err)
	}
	more, err := learn.ReadOwn(a, os.DirFS(*own), *share)
	if err != nil {
		return err
	}
	examples = append(examples, more...)
	tallies, shares := learn.CrossValidate(examples, *penalty, func(e *learn.Example, p float64) {
		if *misses--; *misses >= 0 {
			fmt.Fprintf(stdout, "%.2f %t %s: %s\n   %s\n", p, e.Metonymic, e.Group, e.Around, describe(&e.Features))
		}
	})
	tallies["own"] = learn.Own(tallies)
	for _, group := range slices.Sorted(maps.Keys(tallies)) {
		fmt.Fprintf(stdout, "%-4s %5d  %.1f %%\n", group, tallies[group].All/learn.Splits, 100*tallies[group].Share())
	}
	fmt.Fprintf(stdout, "set, split by split: %.3f\n", shares)
	if *out == "" {
		return nil
	}
	return write(*out, learn.Fit(examples, *penalty))
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

func write(path string, weights *text.ReadingFeatures) error {
	var b strings.Builder
	b.WriteString("# Weights of the readings, in nats: positive speaks for METONYMIC.\n# Written by `go run ./resolver/text/fit`.\n\n")
	for i, w := range weights {
		fmt.Fprintf(&b, "%.3f\t%s\n", math.Round(w*1000)/1000, text.ReadingTerms[i])
	}
	return os.WriteFile(path, []byte(b.String()), 0o644)
}
