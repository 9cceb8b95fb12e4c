package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	onomav1 "onoma/proto/onoma/v1"
)

// queryFlags are the options of a query.
type queryFlags struct {
	kinds, countries, coMentions []string
	language, asOf               string
	reading, view                *choice
	limit                        int32
	minScore, minMargin          float64
}

func addQueryFlags(cmd *cobra.Command) *queryFlags {
	f := &queryFlags{
		reading: newChoice("auto", "literal", "metonymic", "demonymic", "titular"),
		view:    newChoice("basic", "id_only", "full", "explain"),
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.kinds, "kind", nil, "admit only `KIND`: person, country, place, organization, facility, region, other")
	flags.StringSliceVar(&f.countries, "country", nil, "favour what belongs to the country of this `ID`")
	flags.StringSliceVar(&f.coMentions, "co-mention", nil, "favour what is related to this `NAME`, which stands in the same text")
	flags.StringVar(&f.language, "language", "", "BCP-47 `TAG` of the text's language")
	flags.StringVar(&f.asOf, "as-of", "", "the `DATE` the text speaks of: YYYY, YYYY-MM or YYYY-MM-DD")
	flags.Var(f.reading, "reading", "the sense that is meant")
	flags.Var(f.view, "view", "how much JSON output says of each candidate")
	flags.Int32Var(&f.limit, "limit", 0, "most candidates, 1 to 100 (default 5)")
	flags.Float64Var(&f.minScore, "min-score", 0, "least score of a RESOLVED answer, 0 to 1")
	flags.Float64Var(&f.minMargin, "min-margin", 0, "least lead of a RESOLVED answer, 0 to 1")
	return f
}

// kindsOf reads the words of --kind.
func kindsOf(words []string) ([]onomav1.EntityKind, error) {
	var kinds []onomav1.EntityKind
	for _, k := range words {
		number, ok := onomav1.EntityKind_value["ENTITY_KIND_"+strings.ToUpper(k)]
		if !ok || number == 0 {
			return nil, &usageError{fmt.Errorf("--kind %q is none of person, country, place, organization, facility, region, other", k)}
		}
		kinds = append(kinds, onomav1.EntityKind(number))
	}
	return kinds, nil
}

// query builds the query for one name.
func (f *queryFlags) query(cmd *cobra.Command, name string) (*onomav1.Query, error) {
	q := &onomav1.Query{
		Name: name, Language: f.language, CountryIds: f.countries, AsOf: f.asOf, Limit: f.limit,
		Reading: onomav1.Reading(onomav1.Reading_value["READING_"+strings.ToUpper(f.reading.value)]),
		View:    onomav1.View(onomav1.View_value["VIEW_"+strings.ToUpper(f.view.value)]),
	}
	var err error
	if q.Kinds, err = kindsOf(f.kinds); err != nil {
		return nil, err
	}
	if len(f.coMentions) > 0 {
		q.Context = &onomav1.Context{CoMentions: f.coMentions}
	}
	if cmd.Flags().Changed("min-score") {
		q.MinScore = &f.minScore
	}
	if cmd.Flags().Changed("min-margin") {
		q.MinMargin = &f.minMargin
	}
	return q, nil
}
