package source

import (
	"fmt"
	"strings"

	"onoma/internal/table"
	"onoma/resolver/fact"
)

// JRC-Names: a line for each spelling, tab-separated: number of the entity, type
// (P person, O organisation, T toponym, U unknown), language ("u" for unknown)
// and the name, with "+" for spaces. The lines of one entity stand together, the
// main spelling first. An entity becomes jrc:NUMBER.
func readJRC(in *Input, o *Options, yield Yield) error {
	bad := func(number int64, p *table.Problem) error { return yield(table.Line{Number: number, Problem: p}) }
	var id string
	var at int64
	var kind fact.Kind
	var all names
	flush := func() error {
		if len(all.list) == 0 || !o.wants(kind) {
			return nil
		}
		e := &fact.Entity{ID: "jrc:" + id, Kind: kind, Canonical: all.list[0].Text, Names: all.list,
			External: []fact.ExternalID{{Scheme: "jrc", Value: id}}}
		return yield(table.Line{Number: at, Row: table.Row{Entity: e}})
	}
	err := in.eachLine(func(number int64, line []byte) error {
		if len(line) == 0 || line[0] == '#' {
			return nil
		}
		c := strings.Split(string(line), "\t")
		if len(c) < 4 {
			return bad(number, &table.Problem{Field: "line", Value: clip(string(line)), Reason: fmt.Sprintf("has %d columns, 4 are needed", len(c))})
		}
		if c[0] != id {
			if err := flush(); err != nil {
				return err
			}
			id, at, all = c[0], number, names{}
			switch strings.ToUpper(c[1]) {
			case "P":
				kind = fact.Person
			case "O":
				kind = fact.Organization
			case "T":
				kind = fact.Place
			default:
				kind = fact.Other
			}
		}
		language := c[2]
		if language == "u" {
			language = ""
		}
		as := fact.Alias
		if len(all.list) == 0 {
			as = fact.Primary
		}
		if o.admits(language) {
			all.add(strings.ReplaceAll(c[3], "+", " "), language, as)
		}
		return nil
	}, bad)
	if err != nil {
		return err
	}
	return flush()
}
