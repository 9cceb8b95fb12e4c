package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	onomav1 "onoma/proto/onoma/v1"
)

func newExplain(env environment) *cobra.Command {
	var from serverFlags
	output := newChoice("table", "json")
	cmd := &cobra.Command{
		Use:   "explain NAME [ENTITY_ID]",
		Short: "Tell how an answer came about, and why an entity is or is not in it",
		Example: `  onoma explain Washington
  onoma explain us Q30`,
		Args: cobra.RangeArgs(1, 2),
	}
	from.add(cmd, env, insteadOfBuiltIn)
	query := addQueryFlags(cmd)
	cmd.Flags().Var(output, "output", "what to print")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		q, err := query.query(cmd, args[0])
		if err != nil {
			return err
		}
		b, closeIt, err := open(&from)
		if err != nil {
			return err
		}
		defer closeIt()
		request := &onomav1.ExplainRequest{Query: q}
		if len(args) > 1 {
			request.EntityId = args[1]
		}
		response, err := b.Explain(cmd.Context(), request)
		if err != nil {
			return err
		}
		if output.value == "json" {
			return printLine(env.stdout, response)
		}
		show := newPrinter(env.stdout, output.value)
		if err := show.item(q, &onomav1.ResolveItem{Outcome: &onomav1.ResolveItem_Result{Result: response.Result}}); err != nil {
			return err
		}
		if err := show.flush(); err != nil {
			return err
		}
		if request.EntityId != "" {
			_, err = fmt.Fprintf(env.stdout, "  %s is %s\n", request.EntityId, strings.ReplaceAll(lower(response.Verdict), "_", " "))
		}
		return err
	}
	return cmd
}
