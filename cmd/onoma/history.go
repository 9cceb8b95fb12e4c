package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	"onoma/client"
	"onoma/internal/server"
	"onoma/internal/source"

	onomav1 "onoma/proto/onoma/v1"
)

// tableClient asks the server that is named, or serves the table that is kept to
// itself. The caller closes it.
func tableClient(cmd *cobra.Command, from *serverFlags, kept *tableFlags) (onomav1.AliasServiceClient, func(), error) {
	if from.given() == kept.given() {
		return nil, nil, &usageError{errors.New("say which table: --addr, --data-dir or --postgres")}
	}
	if from.given() {
		c, err := from.dial()
		if err != nil {
			return nil, nil, err
		}
		return c.Alias, func() { _ = c.Close() }, nil
	}
	log := newLogger(cmd, "warn", "text")
	m, closeTable, err := kept.open(cmd.Context(), log)
	if err != nil {
		return nil, nil, err
	}
	s, err := server.New(server.Options{Resolver: m.Resolver(), Mirror: m, Version: version()})
	if err != nil {
		return nil, nil, errors.Join(err, closeTable())
	}
	l := bufconn.Listen(1 << 20)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	c, err := client.New("passthrough:table", client.Options{Dial: []grpc.DialOption{grpc.WithDefaultServiceConfig(`{}`),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) })}})
	if err != nil {
		return nil, nil, errors.Join(err, closeTable())
	}
	return c.Alias, func() {
		_ = c.Close()
		_ = s.Drain(context.WithoutCancel(cmd.Context()), 0)
		<-served //nolint:errcheck // the drain is over, however it went
		_ = closeTable()
	}, nil
}

func newExport(env environment) *cobra.Command {
	var (
		from    serverFlags
		of, out string
		kept    tableFlags
		at      int64
		format  = newChoice(source.WriterNames()...)
	)
	cmd := &cobra.Command{
		Use:   "export [--source NAME]",
		Short: "Write the rows of a source, or of all, to a file",
		Long: `Export writes what a source says at one version of the table. Every format reads
again as what was written:

  jsonl  one row of the contract a line, with its field names
  csv    a line for each name, relation, role and ID of an entity, which stands
         before it: for spreadsheets and OpenRefine
  tsv    the same, tab-separated

In OpenRefine, "Blank down" on the column id makes an entity a record.`,
		Example: `  onoma export --source desk --data-dir data > desk.jsonl
  onoma export --source ofac --at 12 --addr 127.0.0.1:7411 --out ofac.jsonl
  onoma export --source desk --data-dir data --format csv --out desk.csv
  onoma load --source desk --mode replace --data-dir data desk.csv`,
		Args: cobra.NoArgs,
	}
	from.add(cmd, env, "ask the server at `HOST:PORT`")
	kept.add(cmd)
	cmd.Flags().StringVar(&of, "source", "", "`NAME` of the source; all when not given")
	cmd.Flags().Int64Var(&at, "at", 0, "`VERSION` to export; the newest when not given")
	cmd.Flags().Var(format, "format", "what to write")
	cmd.Flags().StringVar(&out, "out", "", "`FILE` to write; standard output when not given")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		alias, closeIt, err := tableClient(cmd, &from, &kept)
		if err != nil {
			return err
		}
		defer closeIt()
		stream, err := alias.ExportEntities(cmd.Context(), &onomav1.ExportEntitiesRequest{Source: of, TableVersion: at})
		if err != nil {
			return err
		}
		to, closeOut, err := output(env, out)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, closeOut()) }()
		return writeExport(to, format.value, stream)
	}
	return cmd
}

// output is the file of --out, or standard output without one.
func output(env environment, out string) (io.Writer, func() error, error) {
	if out == "" {
		return env.stdout, func() error { return nil }, nil
	}
	file, err := os.Create(out)
	if err != nil {
		return nil, nil, fmt.Errorf("--out: %w", err)
	}
	return file, file.Close, nil
}

func writeExport(w io.Writer, format string, stream grpc.ServerStreamingClient[onomav1.ExportEntitiesResponse]) error {
	buffer := bufio.NewWriterSize(w, 64<<10)
	lines, err := source.WriterOf(format, buffer)
	if err != nil {
		return err
	}
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return errors.Join(lines.Flush(), buffer.Flush())
		}
		if err != nil {
			return err
		}
		for _, m := range response.Rows {
			row, problem := server.RowOfMessage(m)
			if problem != nil {
				return fmt.Errorf("the server sent a row that cannot be read: %w", problem)
			}
			if err := lines.Write(&row); err != nil {
				return err
			}
		}
	}
}

func newVersions(env environment) *cobra.Command {
	var (
		from   serverFlags
		of     string
		kept   tableFlags
		limit  int32
		output = newChoice("table", "json")
	)
	cmd := &cobra.Command{
		Use:     "versions",
		Short:   "List the publishes of the table, newest first",
		Example: `  onoma versions --source ofac --data-dir data`,
		Args:    cobra.NoArgs,
	}
	from.add(cmd, env, "ask the server at `HOST:PORT`")
	kept.add(cmd)
	cmd.Flags().StringVar(&of, "source", "", "only publishes of the source `NAME`")
	cmd.Flags().Int32Var(&limit, "limit", 20, "most versions to list, up to 1000")
	cmd.Flags().Var(output, "output", "what to print")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		alias, closeIt, err := tableClient(cmd, &from, &kept)
		if err != nil {
			return err
		}
		defer closeIt()
		response, err := alias.ListVersions(cmd.Context(), &onomav1.ListVersionsRequest{Source: of, PageSize: limit})
		if err != nil {
			return err
		}
		rows := [][]string{{"version", "source", "what", "when", "added", "changed", "removed", "restorable", "note"}}
		for _, v := range response.Versions {
			if output.value == "json" {
				line, err := compactJSON(v)
				if err != nil {
					return err
				}
				fmt.Fprintln(env.stdout, string(line))
				continue
			}
			c := v.Changes
			restorable := "no"
			if v.Restorable {
				restorable = "yes"
			}
			rows = append(rows, []string{strconv.FormatInt(v.Version, 10), v.Source, strings.ToLower(strings.TrimPrefix(v.Operation.String(), "OPERATION_")),
				v.PublishTime.AsTime().Format("2006-01-02 15:04:05"), strconv.FormatInt(c.Added, 10), strconv.FormatInt(c.Changed, 10),
				strconv.FormatInt(c.Removed, 10), restorable, visible(v.Note)})
		}
		if output.value == "json" {
			return nil
		}
		widths := columnWidths(rows)
		for _, row := range rows {
			var line strings.Builder
			for i, cell := range row {
				fmt.Fprintf(&line, "%-*s  ", widths[i], cell)
			}
			fmt.Fprintln(env.stdout, strings.TrimRight(line.String(), " "))
		}
		return nil
	}
	return cmd
}

func newRollback(env environment) *cobra.Command {
	var (
		from         serverFlags
		of, note, id string
		kept         tableFlags
		dryRun       bool
		output       = newChoice("table", "json")
	)
	cmd := &cobra.Command{
		Use:   "rollback --source NAME VERSION",
		Short: "Bring a source back to what it said at a version",
		Long: `Rollback publishes a new version in which the source says what it said at an
earlier one. Other sources stay as they are.`,
		Example: `  onoma rollback --source ofac 12 --data-dir data`,
		Args:    cobra.ExactArgs(1),
	}
	from.add(cmd, env, "ask the server at `HOST:PORT`")
	kept.add(cmd)
	cmd.Flags().StringVar(&of, "source", "", "`NAME` of the source")
	cmd.Flags().StringVar(&note, "note", "", "why, kept with the version")
	cmd.Flags().StringVar(&id, "request-id", "", "text that makes trying again harmless; made up when not given")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "show the changes, publish nothing")
	cmd.Flags().Var(output, "output", "what to print")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		to, err := strconv.ParseInt(args[0], 10, 64)
		if err != nil {
			return &usageError{fmt.Errorf("%q is not a version", args[0])}
		}
		alias, closeIt, err := tableClient(cmd, &from, &kept)
		if err != nil {
			return err
		}
		defer closeIt()
		if id == "" {
			id = rand.Text()
		}
		response, err := alias.Rollback(cmd.Context(), &onomav1.RollbackRequest{Source: of, ToVersion: to, RequestId: id, Note: note, DryRun: dryRun})
		if err != nil {
			return err
		}
		return printWrite(env.stdout, output.value, response.Result)
	}
	return cmd
}
