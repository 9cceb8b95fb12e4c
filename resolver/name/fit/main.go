// Command fit learns how names are spelled from one script to another.
//
//	go run ./resolver/name/fit pairs -eval DIR -data DIR -out pairs.tsv
//	go run ./resolver/name/fit learn -script Arabic -pairs pairs.tsv -out resolver/name/data/learned
//
// Pairs never enter the tree; the weights do. What they reach is measured by
// internal/quality, on the rows they were not fitted on with --half odd.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	commands := map[string]func([]string, io.Writer) error{"pairs": runPairs, "learn": runLearn}
	if len(args) == 0 || commands[args[0]] == nil {
		fmt.Fprintln(stderr, "usage: fit pairs|learn [flags]")
		return 2
	}
	if err := commands[args[0]](args[1:], stdout); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(stderr, "fit %s: %v\n", args[0], err)
		}
		return 1
	}
	return 0
}
