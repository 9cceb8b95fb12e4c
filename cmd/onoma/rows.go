package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"onoma/client"
	"onoma/internal/server"
	"onoma/internal/source"
	"onoma/internal/table"

	onomav1 "onoma/proto/onoma/v1"
)

// maxWriteItems is how many rows one call may write or delete; beyond it there
// are loads.
const maxWriteItems = 1000

func newUpsert(env environment) *cobra.Command {
	var (
		w      writeFlags
		format string
	)
	cmd := &cobra.Command{
		Use:   "upsert --source NAME [FILE…]",
		Short: "Write a few entities or positions, all of them or none",
		Long: `Upsert writes up to 1,000 rows of one source and publishes them: from files, or
from standard input when none is given, in any format of "onoma load", which it
tells by itself or by --format. A row replaces all that the source said of its ID.

It is for hands and for small feeds: unlike a load it takes all rows or none, and
refuses a relation whose other end is not in the table.`,
		Example: `  echo '{"entity":{"id":"desk:1","kind":"PERSON","canonical_name":"Brimbax Tolvane"}}' |
    onoma upsert --source desk --data-dir data --dry-run
  onoma upsert --source desk --addr 127.0.0.1:7411 --base-version 12 changes.jsonl
  onoma export --source desk --addr 127.0.0.1:7411 | grep Tolvane | sed s/Brimbax/Brimbaks/ |
    onoma upsert --source desk --addr 127.0.0.1:7411`,
	}
	w.add(cmd, env)
	cmd.Flags().StringVar(&format, "format", "", "one of "+strings.Join(source.FormatNames(), ", "))
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		if len(files) == 0 {
			files = []string{"-"}
		}
		if err := w.complete(); err != nil {
			return err
		}
		request := &onomav1.UpsertEntitiesRequest{Source: w.source, RequestId: w.requestID, BaseVersion: w.baseVersion(), Note: w.note, DryRun: w.dryRun}
		if err := readUpsert(env, request, files, format); err != nil {
			return err
		}
		return w.write(cmd, env, func(ctx context.Context, table *client.Client) (*onomav1.WriteResult, error) {
			response, err := table.Alias.UpsertEntities(ctx, request)
			return response.GetResult(), err
		})
	}
	return cmd
}

// readUpsert reads the files into the request.
func readUpsert(env environment, to *onomav1.UpsertEntitiesRequest, files []string, format string) error {
	inputs, closeAll, err := openAll(env.stdin, files)
	defer closeAll()
	if err != nil {
		return err
	}
	for _, in := range inputs {
		from, err := formatOf(in, format)
		if err != nil {
			return err
		}
		err = from.Read(in, new(source.Options), func(line table.Line) error {
			at := func(what string) error { return fmt.Errorf("%s:%d: %s", in.Name, line.Number, what) }
			p := line.Problem
			if p == nil {
				p = line.Row.Check()
			}
			if p != nil {
				return at(fmt.Sprintf("%s %q %s", p.Field, p.Value, p.Reason))
			}
			if len(to.Entities)+len(to.Positions) == maxWriteItems {
				return at(fmt.Sprintf("more than %d rows: use onoma load", maxWriteItems))
			}
			switch row := server.MessageOfRow(&line.Row).Fact.(type) {
			case *onomav1.Row_Entity:
				to.Entities = append(to.Entities, row.Entity)
			case *onomav1.Row_Position:
				to.Positions = append(to.Positions, row.Position)
			case *onomav1.Row_Override:
				return at("is an override: use onoma pin or deny, or onoma load")
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if len(to.Entities)+len(to.Positions) == 0 {
		return errors.New("there are no rows to write")
	}
	return nil
}

func newDelete(env environment) *cobra.Command {
	var (
		w         writeFlags
		positions []string
		missing   bool
	)
	cmd := &cobra.Command{
		Use:   "delete --source NAME [ENTITY_ID…]",
		Short: "Take away what a source says of some entities or positions",
		Long: `Delete takes away what one source says of up to 1,000 IDs. What other sources say
of them stays: an entity is gone once no source speaks of it. To keep a name from
leading to an entity of another source, see "onoma deny".

An ID of which the source says nothing fails the call, and nothing is deleted,
unless --allow-missing. A position that somebody still holds is refused.`,
		Example: `  onoma delete --source desk desk:1 desk:2 --addr 127.0.0.1:7411 --dry-run
  onoma delete --source desk desk:1 --position desk:chair --data-dir data --note "desk closed"`,
	}
	w.add(cmd, env)
	cmd.Flags().StringSliceVar(&positions, "position", nil, "`ID` of a position to take away")
	cmd.Flags().BoolVar(&missing, "allow-missing", false, "pass over IDs of which the source says nothing")
	cmd.RunE = func(cmd *cobra.Command, ids []string) error {
		if len(ids)+len(positions) == 0 {
			return &usageError{errors.New("say what to delete: IDs of entities, or --position")}
		}
		return w.write(cmd, env, func(ctx context.Context, table *client.Client) (*onomav1.WriteResult, error) {
			response, err := table.Alias.DeleteEntities(ctx, &onomav1.DeleteEntitiesRequest{Source: w.source, EntityIds: ids, PositionIds: positions,
				AllowMissing: missing, RequestId: w.requestID, BaseVersion: w.baseVersion(), Note: w.note, DryRun: w.dryRun})
			return response.GetResult(), err
		})
	}
	return cmd
}
