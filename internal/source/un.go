package source

import (
	"strings"

	"onoma/internal/table"
	"onoma/resolver/fact"
)

// The consolidated list of the United Nations Security Council. An entry becomes
// un:DATAID.
//
//	INDIVIDUAL → PERSON, its four name parts in order   ENTITY → ORGANIZATION
//	NAME_ORIGINAL_SCRIPT → PRIMARY in that script
//	aliases: Good, a.k.a. → ALIAS   Low → NICKNAME   f.k.a. → FORMER
type unEntry struct {
	ID          string    `xml:"DATAID"`
	First       string    `xml:"FIRST_NAME"`
	Second      string    `xml:"SECOND_NAME"`
	Third       string    `xml:"THIRD_NAME"`
	Fourth      string    `xml:"FOURTH_NAME"`
	Original    string    `xml:"NAME_ORIGINAL_SCRIPT"`
	Reference   string    `xml:"REFERENCE_NUMBER"`
	Individuals []unAlias `xml:"INDIVIDUAL_ALIAS"`
	Entities    []unAlias `xml:"ENTITY_ALIAS"`
}

type unAlias struct {
	Quality string `xml:"QUALITY"`
	Name    string `xml:"ALIAS_NAME"`
}

func readUNXML(in *Input, o *Options, yield Yield) error {
	kinds := map[string]fact.Kind{"INDIVIDUAL": fact.Person, "ENTITY": fact.Organization}
	return eachOf(in, []string{"INDIVIDUAL", "ENTITY"}, func(line int64, element string, u *unEntry) error {
		kind := kinds[element]
		e := &fact.Entity{ID: "un:" + strings.TrimSpace(u.ID), Kind: kind}
		if ref := strings.TrimSpace(u.Reference); ref != "" {
			e.External = []fact.ExternalID{{Scheme: "un", Value: ref}}
		}
		e.Canonical = strings.Join(strings.Fields(strings.Join([]string{u.First, u.Second, u.Third, u.Fourth}, " ")), " ")
		var all names
		all.add(e.Canonical, "", fact.Primary)
		all.add(u.Original, "", fact.Primary)
		for _, a := range append(u.Individuals, u.Entities...) {
			as := fact.Alias
			switch quality := strings.ToLower(strings.TrimSpace(a.Quality)); {
			case quality == "low":
				as = fact.Nickname
			case strings.HasPrefix(quality, "f"):
				as = fact.Former
			}
			all.add(a.Name, "", as)
		}
		e.Names = all.list
		if !o.wants(kind) {
			return nil
		}
		return yield(table.Line{Number: line, Row: table.Row{Entity: e}})
	})
}
