package main

import (
	"fmt"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	onomav1 "onoma/proto/onoma/v1"
)

func newInfo(env environment) *cobra.Command {
	var which whichTable
	output := newChoice("table", "json")
	cmd := &cobra.Command{
		Use:   "info",
		Short: "Tell what the table holds",
		Example: `  onoma info
  onoma info --addr 127.0.0.1:7411 --output json`,
		Args: cobra.NoArgs,
	}
	which.add(cmd, env, insteadOfBuiltIn)
	cmd.Flags().Var(output, "output", "what to print")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		table, closeIt, err := which.openOrBuiltIn(cmd)
		if err != nil {
			return err
		}
		defer closeIt()
		response, err := table.Alias.GetTableInfo(cmd.Context(), &onomav1.GetTableInfoRequest{})
		if err != nil {
			return err
		}
		info := response.Info
		if output.value == "json" {
			return printLine(env.stdout, info)
		}
		fmt.Fprintf(env.stdout, "table version  %d\n", info.TableVersion)
		if info.PublishTime != nil {
			fmt.Fprintf(env.stdout, "published      %s\n", info.PublishTime.AsTime().Format("2006-01-02 15:04:05 MST"))
		}
		fmt.Fprintf(env.stdout, "entities       %s\n", humanize.Comma(info.EntityCount))
		fmt.Fprintf(env.stdout, "names          %s\n", humanize.Comma(info.NameCount))
		fmt.Fprintf(env.stdout, "positions      %s\n", humanize.Comma(info.PositionCount))
		fmt.Fprintf(env.stdout, "size           %s\n", humanize.IBytes(uint64(info.SizeBytes)))
		fmt.Fprintf(env.stdout, "normaliser     %d\n", info.NormalizerVersion)
		fmt.Fprintf(env.stdout, "program        %s\n", info.ServerVersion)
		for _, s := range info.Sources {
			fmt.Fprintf(env.stdout, "source         %s: %s names of %s entities\n", s.Source, humanize.Comma(s.NameCount), humanize.Comma(s.EntityCount))
		}
		return nil
	}
	return cmd
}
