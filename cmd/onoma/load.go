package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"onoma/internal/source"
	"onoma/internal/table"
	"onoma/resolver/fact"

	onomav1 "onoma/proto/onoma/v1"
)

// loadFlags are what a load is told.
type loadFlags struct {
	writeFlags

	mode          *choice
	maxRejections int64
	format        string
	mapping       string
	with          []string
	languages     []string
	kinds         []string
	progress      *choice
	rejects       string
	report        *rejectsReport // where --rejects goes; nil for nowhere
}

// The exit code of a load that left rows out is 0 when --max-rejections admitted
// them: they are listed.
func newLoad(env environment) *cobra.Command {
	f := &loadFlags{mode: newChoice("merge", "replace"), progress: newChoice("auto", "terminal", "json", "none")}
	cmd := &cobra.Command{
		Use:   "load --source NAME FILE…",
		Short: "Load files of names into the table",
		Long: `Load reads files (compressed with gzip, bzip2 or zstd or not; "-" is standard
input) and publishes their rows together as the next version of the table, or not
at all. They go to the server at --addr, or straight into --data-dir or --postgres.

The format is told by the file, or by --format:

` + formatList() + `
Columns of CSV and TSV mean nothing by themselves: --map says what each is.
  --map 'id=qid; kind=@PLACE; name=name; language=lang; name_kind=kind'
A field may be id, kind, canonical_name, name, language, name_kind, from, to,
external.SCHEME, relation.TYPE, role, role_from, role_to, role_title, former_id or
prominence; right stands the column's header or number, or after "@" a constant.
"iso:"code puts a text before what the column has.

Rows are checked one by one. One that is not taken is named with its file, line,
field, value and reason; more of them than --max-rejections stop the load. Begin
with --dry-run: it checks every row, shows what would change and which names would
lead to several entities, and publishes nothing. --rejects FILE lists every row
that is not taken, as JSON lines, of a server the first 1,000.

Nothing is seen of a load until all of it is published. A connection that breaks
is taken up where it was. "onoma versions" lists what was published, "onoma
rollback" brings a source back to what it said before.`,
		Example: `  onoma load --source geonames --data-dir data allCountries.zip.txt.gz
  onoma load --source desk --data-dir data --dry-run --rejects bad.jsonl names.jsonl
  onoma load --source ofac --mode replace --addr 127.0.0.1:7411 --with ALT.CSV SDN.CSV
  onoma load --source desk --dry-run --data-dir data names.tsv --map 'id=id; kind=@PERSON; name=name'`,
		Args: cobra.MinimumNArgs(1),
	}
	flags := cmd.Flags()
	f.add(cmd, env)
	flags.Var(f.mode, "mode", "what becomes of rows of the source that the files do not name: merge keeps them")
	flags.Int64Var(&f.maxRejections, "max-rejections", 0, "bad rows that may be left out; -1 for any number, as is in a dry run when not given")
	flags.StringVar(&f.rejects, "rejects", "", "`FILE` to list the rows in that are not taken, as JSON lines")
	flags.StringVar(&f.format, "format", "", "one of "+strings.Join(source.FormatNames(), ", "))
	flags.StringVar(&f.mapping, "map", "", "what the columns of CSV and TSV mean")
	flags.StringSliceVar(&f.with, "with", nil, "companion `FILE`s of the format, such as OFAC's ALT.CSV")
	flags.StringSliceVar(&f.languages, "languages", nil, "only names in these languages, and those without one")
	flags.StringSliceVar(&f.kinds, "kinds", nil, "only entities of these kinds")
	flags.Var(f.progress, "progress", "how to tell of progress on standard error: auto is a line on a terminal, else JSON once a second")
	cmd.RunE = func(cmd *cobra.Command, files []string) error { return f.run(cmd, env, files) }
	return cmd
}

func formatList() string {
	var b strings.Builder
	for _, name := range source.FormatNames() {
		format, err := source.FormatOf(name)
		if err == nil {
			fmt.Fprintf(&b, "  %-9s %s\n", name, format.Says)
		}
	}
	return b.String()
}

func (f *loadFlags) run(cmd *cobra.Command, env environment, files []string) (failure error) {
	if err := f.complete(); err != nil {
		return err
	}
	options, err := f.options()
	if err != nil {
		return &usageError{err}
	}
	counting := f.dryRun && !cmd.Flags().Changed("max-rejections")
	if counting {
		f.maxRejections = -1
	}
	if f.rejects != "" {
		if f.report, err = newRejectsReport(f.rejects); err != nil {
			return err
		}
		defer func() { failure = errors.Join(failure, f.report.close()) }()
	}
	ctx := cmd.Context()
	var target loadTarget
	if f.into.server.given() {
		target, err = f.remote()
	} else {
		target, err = f.direct(ctx, cmd)
	}
	if err != nil {
		return err
	}
	defer target.close()
	result, err := f.attempts(ctx, env, target, options, files)
	if err != nil {
		return err
	}
	if err := f.tell(env.stdout, result); err != nil {
		return err
	}
	if counting && result.RejectedCount > 0 {
		return fmt.Errorf("%s rows would not be taken: without --max-rejections a load stops at the first", humanize.Comma(result.RejectedCount))
	}
	return nil
}

func (f *loadFlags) options() (*source.Options, error) {
	o := &source.Options{Languages: f.languages}
	if f.mapping != "" {
		m, err := source.ParseMapping(f.mapping)
		if err != nil {
			return nil, err
		}
		o.Map = m
	}
	for _, k := range f.kinds {
		kind, err := fact.ParseKind(strings.ToUpper(k))
		if err != nil {
			return nil, fmt.Errorf("--kinds: %w", err)
		}
		o.Kinds = append(o.Kinds, kind)
	}
	if f.format != "" {
		if _, err := source.FormatOf(f.format); err != nil {
			return nil, fmt.Errorf("--format: %w", err)
		}
	}
	return o, nil
}

// resumePauses are how long to wait before a load that was cut off goes on.
var resumePauses = []time.Duration{100 * time.Millisecond, time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second}

// attempts loads the files, and goes on where the server lost the connection:
// the files are read again from the start, and what it has is not sent twice.
func (f *loadFlags) attempts(ctx context.Context, env environment, target loadTarget, options *source.Options, files []string) (*onomav1.WriteResult, error) {
	reached := int64(0)
	for attempt, resume := 0, false; ; attempt, resume = attempt+1, true {
		result, err := f.once(ctx, env, target, options, files, resume)
		if now := target.reached(); now > reached {
			// It went further than ever: a long load may be cut off any number of times.
			attempt, reached = 0, now
		}
		again := status.Code(err) == codes.Unavailable && attempt < len(resumePauses)
		for _, name := range files {
			again = again && name != "-"
		}
		if !again {
			return result, err
		}
		fmt.Fprintf(env.stderr, "onoma: %s; going on in %v\n", message(err), resumePauses[attempt])
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(resumePauses[attempt]):
		}
	}
}

// chunkRows is how many rows are handed on at once.
const chunkRows = 1000

// chunk is some lines of one file.
type chunk struct {
	file  string
	lines []table.Line
}

// once reads the files and loads them. Reading and loading run side by side.
func (f *loadFlags) once(ctx context.Context, env environment, target loadTarget, options *source.Options, files []string, resume bool) (*onomav1.WriteResult, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := target.begin(ctx, f, resume); err != nil {
		return nil, err
	}
	watch := newProgress(env.stderr, f.progress.value)
	defer watch.stop()
	chunks := make(chan chunk, 4)
	read := make(chan error, 1)
	go func() {
		defer close(chunks)
		read <- f.read(ctx, env.stdin, options, files, watch, chunks)
	}()
	var failure error
	for c := range chunks {
		if failure == nil {
			if failure = target.add(c.file, c.lines); failure != nil {
				cancel()
			}
		}
	}
	if err := <-read; failure == nil {
		failure = err
	}
	if failure == nil && f.mode.value == "replace" && watch.rows.Load() == 0 {
		failure = errors.New("the files have no rows: to replace a source with nothing would empty it; see onoma delete")
	}
	if failure != nil {
		target.abort()
		return nil, failure
	}
	watch.phase("publishing")
	return target.commit()
}

// read reads the files into chunks.
func (f *loadFlags) read(ctx context.Context, stdin io.Reader, options *source.Options, files []string, watch *progress, to chan<- chunk) error {
	inputs, closeAll, err := openAll(stdin, files)
	defer closeAll()
	if err != nil {
		return err
	}
	o := *options
	companions, closeCompanions, err := openAll(stdin, f.with)
	defer closeCompanions()
	if err != nil {
		return err
	}
	o.Companions = companions
	watch.watch(inputs)
	for _, in := range inputs {
		format, err := formatOf(in, f.format)
		if err != nil {
			return err
		}
		lines := make([]table.Line, 0, chunkRows)
		send := func() error {
			select {
			case to <- chunk{in.Name, lines}:
				lines = make([]table.Line, 0, chunkRows)
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		err = format.Read(in, &o, func(line table.Line) error {
			watch.count(&line)
			if lines = append(lines, line); len(lines) == chunkRows {
				return send()
			}
			return nil
		})
		if err == nil && len(lines) > 0 {
			err = send()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// formatOf is the format of that name; with none, the one that the file shows.
func formatOf(in *source.Input, name string) (source.Format, error) {
	if name == "" {
		if name = source.Guess(in); name == "" {
			return source.Format{}, &usageError{fmt.Errorf("%s: the format cannot be told; give --format", in.Name)}
		}
	}
	return source.FormatOf(name)
}

func openAll(stdin io.Reader, names []string) (inputs []*source.Input, closeAll func(), err error) {
	closeAll = func() {
		for _, in := range inputs {
			_ = in.Close() // was only read
		}
	}
	for _, name := range names {
		in, err := source.Open(name, stdin)
		if err != nil {
			return inputs, closeAll, err
		}
		inputs = append(inputs, in)
	}
	return inputs, closeAll, nil
}
