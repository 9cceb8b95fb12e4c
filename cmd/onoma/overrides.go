package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/codes"

	"onoma/client"

	onomav1 "onoma/proto/onoma/v1"
)

func newPin(env environment) *cobra.Command {
	return newOverride(env, onomav1.OverrideAction_OVERRIDE_ACTION_PIN, &cobra.Command{
		Use:   "pin --source NAME TEXT ENTITY_ID [TEXT ENTITY_ID]…",
		Short: "Make a name lead to one entity, whatever else it may mean",
		Long: `Pin makes a name lead to an entity, before all that the table knows: the answer is
that entity alone. The name is taken without regard to case, marks and width. A pin
for a name and entity that were denied takes the place of the deny.`,
		Example: `  onoma pin --source desk "the Old Fox" desk:1 --addr 127.0.0.1:7411 --note "as our columnist calls him"
  onoma resolve "the Old Fox" --addr 127.0.0.1:7411`,
	})
}

func newDeny(env environment) *cobra.Command {
	return newOverride(env, onomav1.OverrideAction_OVERRIDE_ACTION_DENY, &cobra.Command{
		Use:   "deny --source NAME TEXT ENTITY_ID [TEXT ENTITY_ID]…",
		Short: "Keep a name from leading to an entity",
		Long: `Deny keeps a name from leading to an entity, whichever source says so and however
alike it sounds. The entity's other names still lead to it.`,
		Example: `  onoma deny --source desk Washington Q30 --addr 127.0.0.1:7411 --dry-run`,
	})
}

func newLift(env environment) *cobra.Command {
	return newOverride(env, onomav1.OverrideAction_OVERRIDE_ACTION_UNSPECIFIED, &cobra.Command{
		Use:   "lift --source NAME TEXT ENTITY_ID [TEXT ENTITY_ID]…",
		Short: "Take a pin or a deny away again",
		Long: `Lift takes away the pin or the deny of a name and an entity that a source has. One
that is not there is passed over. "onoma overrides" lists those that are.`,
		Example: `  onoma lift --source desk Washington Q30 --addr 127.0.0.1:7411`,
	})
}

// newOverride returns the verb that sets overrides with the action, or with none
// lifts them.
func newOverride(env environment, action onomav1.OverrideAction, cmd *cobra.Command) *cobra.Command {
	var w writeFlags
	w.add(cmd, env)
	if action != onomav1.OverrideAction_OVERRIDE_ACTION_UNSPECIFIED {
		cmd.Flags().Lookup("note").Usage = "why, kept with the version and with each override"
	}
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if len(args) == 0 || len(args)%2 != 0 {
			return fmt.Errorf("give pairs of a text and the ID of an entity; there are %d words", len(args))
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return w.write(cmd, env, func(ctx context.Context, table *client.Client) (*onomav1.WriteResult, error) {
			request := &onomav1.SetOverridesRequest{Source: w.source, RequestId: w.requestID, BaseVersion: w.baseVersion(), Note: w.note, DryRun: w.dryRun}
			var ids []string
			for i := 0; i < len(args); i += 2 {
				o := &onomav1.Override{Name: args[i], EntityId: args[i+1], Action: action}
				if action == onomav1.OverrideAction_OVERRIDE_ACTION_UNSPECIFIED {
					request.Remove = append(request.Remove, o)
					continue
				}
				o.Note = w.note
				request.Set, ids = append(request.Set, o), append(ids, o.EntityId)
			}
			response, err := table.Alias.SetOverrides(ctx, request)
			if err != nil {
				return nil, err
			}
			return response.Result, warnOfStrangers(ctx, env.stderr, table, ids)
		})
	}
	return cmd
}

// warnOfStrangers tells of IDs that the table does not have: an override may come
// before its entity, but mostly the ID is mistyped.
func warnOfStrangers(ctx context.Context, w io.Writer, table *client.Client, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	known, err := table.Resolver.BatchGetEntities(ctx, &onomav1.BatchGetEntitiesRequest{EntityIds: ids})
	if err != nil {
		return err
	}
	for i, item := range known.Items {
		if codes.Code(item.GetError().GetCode()) == codes.NotFound {
			fmt.Fprintf(w, "onoma: the table has no entity %s yet; until it has, this override does nothing\n", visible(ids[i]))
		}
	}
	return nil
}

func newOverrides(env environment) *cobra.Command {
	var (
		which  whichTable
		of     string
		output = newChoice("table", "json")
	)
	cmd := &cobra.Command{
		Use:   "overrides",
		Short: "List the pins and denies that are in force",
		Example: `  onoma overrides --addr 127.0.0.1:7411
  onoma overrides --source desk --data-dir data --output json > overrides.jsonl`,
		Args: cobra.NoArgs,
		Long: `Overrides lists the pins and denies of a source, or of all. As JSON they are rows
that "onoma load" takes.`,
	}
	which.add(cmd, env, "ask the server at `HOST:PORT`")
	cmd.Flags().StringVar(&of, "source", "", "only those of the source `NAME`")
	cmd.Flags().Var(output, "output", "what to print")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		table, closeIt, err := which.open(cmd)
		if err != nil {
			return err
		}
		defer closeIt()
		stream, err := table.Alias.ExportEntities(cmd.Context(), &onomav1.ExportEntitiesRequest{Source: of, OverridesOnly: true})
		if err != nil {
			return err
		}
		if output.value == "json" {
			return writeExport(env.stdout, "jsonl", stream)
		}
		rows := [][]string{{"source", "action", "name", "entity", "note"}}
		for {
			response, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				return printColumns(env.stdout, rows)
			}
			if err != nil {
				return err
			}
			for _, row := range response.Rows {
				o := row.GetOverride()
				rows = append(rows, []string{response.Source, lower(o.GetAction()), visible(o.GetName()), visible(o.GetEntityId()), visible(o.GetNote())})
			}
		}
	}
	return cmd
}
