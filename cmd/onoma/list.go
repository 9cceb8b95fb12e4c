package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	onomav1 "onoma/proto/onoma/v1"
)

// maxPage is how many entities one page may have.
const maxPage = 1000

func newList(env environment) *cobra.Command {
	var (
		which            whichTable
		kinds, languages []string
		limit            int
		page             string
		output           = newChoice("table", "json")
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the entities of the table by ID, a page at a time",
		Long: `List prints entities of the table, or of the built-in one when none is named, in
the order of their IDs. When there are more than --limit, standard error says with
which --page the list goes on. As JSON each line is an entity with all its names;
rows that can be loaded again are written by "onoma export".`,
		Example: `  onoma list --kind country --limit 5
  onoma list --kind person --language ru --limit 0 --output json --data-dir data | jq .canonical_name
  onoma list --addr 127.0.0.1:7411 --page UTE1OQ`,
		Args: cobra.NoArgs,
	}
	which.add(cmd, env, insteadOfBuiltIn)
	flags := cmd.Flags()
	flags.StringSliceVar(&kinds, "kind", nil, "only entities of `KIND`: person, country, place, organization, facility, region, other")
	flags.StringSliceVar(&languages, "language", nil, "only names in the language of this BCP-47 `TAG`, and those of every language")
	flags.IntVar(&limit, "limit", 20, "most entities to list; 0 for all")
	flags.StringVar(&page, "page", "", "go on where a list before said so, with the same --kind")
	flags.Var(output, "output", "what to print")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		request := &onomav1.ListEntitiesRequest{Languages: languages, PageToken: page}
		var err error
		if request.Kinds, err = kindsOf(kinds); err != nil {
			return err
		}
		if limit < 0 {
			return &usageError{fmt.Errorf("--limit %d is negative", limit)}
		}
		table, closeIt, err := which.openOrBuiltIn(cmd)
		if err != nil {
			return err
		}
		defer closeIt()
		for listed := 0; ; {
			request.PageSize = maxPage
			if limit > 0 {
				request.PageSize = int32(min(maxPage, limit-listed))
			}
			response, err := table.Alias.ListEntities(cmd.Context(), request)
			if err != nil {
				return err
			}
			if output.value == "json" {
				err = printLines(env.stdout, response.Entities)
			} else {
				err = printEntities(env, response.Entities)
			}
			listed += len(response.Entities)
			request.PageToken = response.NextPageToken
			switch {
			case err != nil || request.PageToken == "":
				return err
			case listed == limit:
				fmt.Fprintf(env.stderr, "onoma: there are more: --page %s\n", request.PageToken)
				return nil
			}
		}
	}
	return cmd
}

// namesShown is how many names of an entity a line has room for.
const namesShown = 5

func printEntities(env environment, entities []*onomav1.Entity) error {
	rows := make([][]string, len(entities))
	for i, e := range entities {
		var names []string
		seen := map[string]bool{e.CanonicalName: true}
		for _, n := range e.Names {
			if !seen[n.Text] {
				seen[n.Text] = true
				names = append(names, visible(n.Text))
			}
		}
		also := strings.Join(names[:min(len(names), namesShown)], ", ")
		if more := len(names) - namesShown; more > 0 {
			also += fmt.Sprintf(" and %d more", more)
		}
		rows[i] = []string{visible(e.Id), lower(e.Kind), visible(e.CanonicalName), also}
	}
	return printColumns(env.stdout, rows)
}
