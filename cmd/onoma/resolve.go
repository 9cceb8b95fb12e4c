package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	onomav1 "onoma/proto/onoma/v1"
)

// batchLines is how many lines of standard input are answered at once.
const batchLines = 256

// unresolvedError is a name that was not RESOLVED, under --strict.
type unresolvedError struct{}

func (*unresolvedError) Error() string { return "a name was not resolved" }

func newResolve(env environment) *cobra.Command {
	var (
		from   serverFlags
		strict bool
		output = newChoice("table", "json")
	)
	cmd := &cobra.Command{
		Use:   "resolve [NAME…]",
		Short: "Resolve names, or the lines of standard input",
		Long: `Resolve answers which entity each name stands for. Names are the arguments, or
one a line on standard input when there are none; blank lines are passed over.

A table is for people. --output json answers one line for each name: the query
and the ResolveResponse of the gRPC contract as protojson, or an error.`,
		Example: `  onoma resolve Pyongyang nordcoreane "Casa Bianca"
  onoma resolve --as-of 2024-10-25 --country Q30 Sullivan
  onoma resolve --kind place Mosca
  cut -f2 names.tsv | onoma resolve --output json`,
	}
	from.add(cmd, env, insteadOfBuiltIn)
	query := addQueryFlags(cmd)
	cmd.Flags().Var(output, "output", "what to print")
	cmd.Flags().BoolVar(&strict, "strict", false, "exit with 3 when a name is not RESOLVED")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		b, closeIt, err := open(&from)
		if err != nil {
			return err
		}
		defer closeIt()
		show := newPrinter(env.stdout, output.value)
		resolved := true
		ask := func(names []string) error {
			ok, err := askBatch(cmd, b, query, names, show)
			resolved = resolved && ok
			return err
		}
		if len(args) > 0 {
			err = ask(args)
		} else {
			err = eachBatch(cmd.Context(), env.stdin, ask)
		}
		if err != nil {
			return err
		}
		if strict && !resolved {
			return &unresolvedError{}
		}
		return nil
	}
	return cmd
}

// askBatch answers the names and prints the answers; ok reports that all were
// RESOLVED.
func askBatch(cmd *cobra.Command, b backend, flags *queryFlags, names []string, show printer) (ok bool, err error) {
	request := new(onomav1.BatchResolveRequest)
	for _, name := range names {
		q, err := flags.query(cmd, name)
		if err != nil {
			return false, err
		}
		request.Queries = append(request.Queries, q)
	}
	response, err := b.BatchResolve(cmd.Context(), request)
	if err != nil {
		return false, err
	}
	ok = true
	for i, item := range response.Items {
		ok = ok && item.GetResult().GetOutcome() == onomav1.Outcome_OUTCOME_RESOLVED
		if err := show.item(request.Queries[i], item); err != nil {
			return false, err
		}
	}
	return ok, show.flush()
}

// eachBatch hands the lines of r on in batches. A batch ends early when no more
// input is at hand, so that a person who types sees each answer at once.
func eachBatch(ctx context.Context, r io.Reader, ask func(names []string) error) error {
	lines := bufio.NewReaderSize(r, 64<<10)
	var names []string
	for {
		line, err := lines.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("standard input: %w", err)
		}
		if name := trimLine(line); name != "" {
			names = append(names, name)
		}
		end := err != nil
		if len(names) > 0 && (end || len(names) == batchLines || lines.Buffered() == 0) {
			if err := ask(names); err != nil {
				return err
			}
			names = names[:0]
		}
		if end || ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func trimLine(line string) string {
	for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
		line = line[:len(line)-1]
	}
	for _, b := range []byte(line) {
		if b != ' ' && b != '\t' {
			return line
		}
	}
	return ""
}
