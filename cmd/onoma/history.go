package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"onoma/client"
	"onoma/internal/server"
	"onoma/internal/source"

	onomav1 "onoma/proto/onoma/v1"
)

func newExport(env environment) *cobra.Command {
	var (
		which   whichTable
		of, out string
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
	which.add(cmd, env, "ask the server at `HOST:PORT`")
	cmd.Flags().StringVar(&of, "source", "", "`NAME` of the source; all when not given")
	cmd.Flags().Int64Var(&at, "at", 0, "`VERSION` to export; the newest when not given")
	cmd.Flags().Var(format, "format", "what to write")
	cmd.Flags().StringVar(&out, "out", "", "`FILE` to write; standard output when not given")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		table, closeIt, err := which.open(cmd)
		if err != nil {
			return err
		}
		defer closeIt()
		stream, err := table.Alias.ExportEntities(cmd.Context(), &onomav1.ExportEntitiesRequest{Source: of, TableVersion: at})
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
		which  whichTable
		of     string
		limit  int32
		output = newChoice("table", "json")
	)
	cmd := &cobra.Command{
		Use:     "versions",
		Short:   "List the publishes of the table, newest first",
		Example: `  onoma versions --source ofac --data-dir data`,
		Args:    cobra.NoArgs,
	}
	which.add(cmd, env, "ask the server at `HOST:PORT`")
	cmd.Flags().StringVar(&of, "source", "", "only publishes of the source `NAME`")
	cmd.Flags().Int32Var(&limit, "limit", 20, "most versions to list, up to 1000")
	cmd.Flags().Var(output, "output", "what to print")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		table, closeIt, err := which.open(cmd)
		if err != nil {
			return err
		}
		defer closeIt()
		response, err := table.Alias.ListVersions(cmd.Context(), &onomav1.ListVersionsRequest{Source: of, PageSize: limit})
		if err != nil {
			return err
		}
		if output.value == "json" {
			return printLines(env.stdout, response.Versions)
		}
		rows := [][]string{versionColumns}
		for _, v := range response.Versions {
			rows = append(rows, versionRow(v))
		}
		return printColumns(env.stdout, rows)
	}
	return cmd
}

// versionColumns head what versionRow says of a version.
var versionColumns = []string{"version", "source", "what", "when", "added", "changed", "removed", "restorable", "note"}

func versionRow(v *onomav1.TableVersion) []string {
	c := v.Changes
	restorable := "no"
	if v.Restorable {
		restorable = "yes"
	}
	return []string{strconv.FormatInt(v.Version, 10), v.Source, lower(v.Operation),
		v.PublishTime.AsTime().Format("2006-01-02 15:04:05"), strconv.FormatInt(c.GetAdded(), 10), strconv.FormatInt(c.GetChanged(), 10),
		strconv.FormatInt(c.GetRemoved(), 10), restorable, visible(v.Note)}
}

func newRollback(env environment) *cobra.Command {
	var w writeFlags
	cmd := &cobra.Command{
		Use:   "rollback --source NAME VERSION",
		Short: "Bring a source back to what it said at a version",
		Long: `Rollback publishes a new version in which the source says what it said at an
earlier one. Other sources stay as they are.`,
		Example: `  onoma rollback --source ofac 12 --data-dir data --dry-run
  onoma rollback --source ofac 12 --addr 127.0.0.1:7411 --note "half a file"`,
		Args: cobra.ExactArgs(1),
	}
	w.add(cmd, env)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		to, err := strconv.ParseInt(args[0], 10, 64)
		if err != nil {
			return &usageError{fmt.Errorf("%q is not a version", args[0])}
		}
		return w.write(cmd, env, func(ctx context.Context, table *client.Client) (*onomav1.WriteResult, error) {
			response, err := table.Alias.Rollback(ctx, &onomav1.RollbackRequest{Source: w.source, ToVersion: to,
				RequestId: w.requestID, BaseVersion: w.baseVersion(), Note: w.note, DryRun: w.dryRun})
			return response.GetResult(), err
		})
	}
	return cmd
}
