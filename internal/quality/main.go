// Command quality measures accuracy on sets of names whose entities are known,
// as a client sees it: each query goes through BatchResolve at default options.
//
//	go run ./internal/quality --dir DIR [--set NAME] [--half even|odd] [--miss N] [--out FILE]
//	go run ./internal/quality --dir DIR --fit resolver/data/odds.txt
//	go run ./internal/quality --text DIR [--miss N]
//
// DIR holds the sets as tab-separated files (sets.go names their columns). None
// of them belongs to the project; the report does, so that a change that ranks
// worse shows in its diff.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/pprof"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "quality:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("quality", flag.ContinueOnError)
	flags.SetOutput(stderr)
	dir := flags.String("dir", "", "directory of the sets")
	only := flags.String("set", "", "measure only the sets whose name contains this")
	misses := flags.Int("miss", 0, "print up to this many wrong answers of each group to standard error")
	out := flags.String("out", "", "write the report to this file")
	half := flags.String("half", "", "even or odd: ask, or fit to, only those rows of each set")
	fit := flags.String("fit", "", "fit the odds of likeness to the sets and write the weights to this file")
	terms := flags.String("terms", "", "fit only these terms, parted by semicolons; the others keep their weights in the file")
	texts := flags.String("text", "", "count the mentions in the texts of this directory, which have no names, instead of measuring sets")
	profile := flags.String("cpuprofile", "", "write a CPU profile to this file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *texts != "" {
		return nameless(*texts, *misses, stdout)
	}
	if *dir == "" {
		return fmt.Errorf("--dir is required: the directory of the sets")
	}
	rows, ok := halves[*half]
	if !ok {
		return fmt.Errorf("--half %q is neither even nor odd", *half)
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	if *fit != "" {
		return fitOdds(ctx, *dir, *fit, rows, *terms, stderr)
	}
	var report bytes.Buffer
	report.WriteString(preamble)
	for _, s := range sets {
		if !strings.Contains(s.name, *only) {
			continue
		}
		fmt.Fprintf(stderr, "%s\n", s.name)
		r := newResult(s.name, *misses)
		r.half = rows
		if err := s.measure(ctx, *dir, r); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		r.write(&report)
		r.writeMisses(stderr)
	}
	if *out != "" {
		return os.WriteFile(*out, report.Bytes(), 0o644)
	}
	_, err := stdout.Write(report.Bytes())
	return err
}

const preamble = `# Accuracy

Written by ` + "`make quality`" + `. Figures are per cent of the queries, through BatchResolve at default options.

- **Acc@1**: the first candidate of a RESOLVED or AMBIGUOUS answer is right.
- **precision**: right among RESOLVED. **wrong**: RESOLVED to a wrong entity, of all queries. **none**: NO_MATCH.
- **R@P95**: queries answered right at the one threshold over the whole set that leaves 95 % of the answers right.
- **AUC**: the chance that a matching pair scores above another. **F1**: the best at one threshold.
`
