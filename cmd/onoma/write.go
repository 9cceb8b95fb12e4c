package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"onoma/client"

	onomav1 "onoma/proto/onoma/v1"
)

// writeFlags are what every verb that changes a source is told.
type writeFlags struct {
	into      whichTable
	source    string
	dryRun    bool
	base      int64
	requestID string
	note      string
	output    *choice
}

func (f *writeFlags) add(cmd *cobra.Command, env environment) {
	f.into.add(cmd, env, "write into the server at `HOST:PORT`")
	f.output = newChoice("table", "json")
	flags := cmd.Flags()
	flags.StringVar(&f.source, "source", "", "`NAME` of the source that the rows belong to")
	flags.BoolVar(&f.dryRun, "dry-run", false, "check everything and show the changes, publish nothing")
	flags.Int64Var(&f.base, "base-version", -1, "fail when the source has changed after this `VERSION`")
	flags.StringVar(&f.requestID, "request-id", "", "text that makes trying again harmless; made up when not given")
	flags.StringVar(&f.note, "note", "", "what the write is or why, kept with the version")
	flags.Var(f.output, "output", "what to print at the end")
}

// complete checks the flags, and makes up the request ID that is not given.
func (f *writeFlags) complete() error {
	if f.source == "" {
		return &usageError{errors.New("--source is required")}
	}
	if f.requestID == "" {
		f.requestID = rand.Text()
	}
	return f.into.check()
}

// baseVersion is the version after which the source must not have changed; nil
// for any.
func (f *writeFlags) baseVersion() *int64 {
	if f.base < 0 {
		return nil
	}
	return &f.base
}

// write does one call that writes, and tells what came of it.
func (f *writeFlags) write(cmd *cobra.Command, env environment, call func(context.Context, *client.Client) (*onomav1.WriteResult, error)) error {
	if err := f.complete(); err != nil {
		return err
	}
	table, closeIt, err := f.into.open(cmd)
	if err != nil {
		return err
	}
	defer closeIt()
	result, err := call(cmd.Context(), table)
	if err != nil {
		return err
	}
	return f.tell(env.stdout, result)
}

// tell tells what the write did, or would do.
func (f *writeFlags) tell(w io.Writer, r *onomav1.WriteResult) error {
	if f.output.value == "json" {
		return printLine(w, r)
	}
	c := r.GetDiff().GetCounts()
	what := "nothing to publish; the table stands at version"
	if f.dryRun {
		what = "a dry run; the table stands at version"
	}
	if r.Published {
		what = "published version"
	}
	if r.Replayed {
		what = "done before: version"
	}
	fmt.Fprintf(w, "%s %d: %s added, %s changed, %s removed, %s as they were\n", what, r.TableVersion,
		humanize.Comma(c.GetAdded()), humanize.Comma(c.GetChanged()), humanize.Comma(c.GetRemoved()), humanize.Comma(c.GetUnchanged()))
	const shown = 20
	if !r.Published {
		changes := r.GetDiff().GetChanges()
		for _, x := range changes[:min(len(changes), shown)] {
			line := fmt.Sprintf("  %-8s %s %s %s", lower(x.Type), visible(x.Id), visible(x.Label), strings.Join(x.Fields, ", "))
			fmt.Fprintln(w, strings.TrimRight(line, " "))
		}
	}
	if r.RejectedCount > 0 {
		fmt.Fprintf(w, "%s rows not taken:\n", humanize.Comma(r.RejectedCount))
		for _, x := range r.Rejections[:min(len(r.Rejections), shown)] {
			id := visible(x.Id)
			if id != "" {
				id += ": "
			}
			fmt.Fprintf(w, "  %s:%d: %s%s: %q %s\n", visible(x.File), x.Line, id, x.Field, x.Value, x.Reason)
		}
	}
	if r.ConflictCount > 0 {
		fmt.Fprintf(w, "%s names lead to several entities, such as\n", humanize.Comma(r.ConflictCount))
		for _, x := range r.Conflicts[:min(len(r.Conflicts), shown)] {
			fmt.Fprintf(w, "  %s: %s\n", visible(x.Name), strings.Join(x.EntityIds, ", "))
		}
	}
	return nil
}
