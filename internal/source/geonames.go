package source

import (
	"fmt"
	"strings"

	"onoma/internal/table"
	"onoma/resolver/fact"
)

// GeoNames: allCountries.txt (or the file of one country), whose columns stand in
// a fixed order, and as a companion alternateNamesV2.txt.
//
//	geonames:ID   name → PRIMARY, asciiname and alternatenames → ALIAS
//	class P → PLACE, S → FACILITY, A with a code PCL… → COUNTRY, else A and L → REGION, else PLACE
//	alternate names: preferred → PRIMARY, short → SHORT, colloquial → NICKNAME, historic → FORMER,
//	    language "abbr" → ACRONYM, from and to → its dates; "wkdt" → wikidata;
//	    "link", "post", "iata" and the like are no names
//
// With a companion, alternatenames of the first file are left out, since it has
// them with their languages; it is held in memory, at most heldNames rows.
func readGeoNames(in *Input, o *Options, yield Yield) error {
	bad := func(number int64, p *table.Problem) error { return yield(table.Line{Number: number, Problem: p}) }
	alternates, err := geoAlternates(o, bad)
	if err != nil {
		return err
	}
	return in.eachLine(func(number int64, line []byte) error {
		if len(line) == 0 {
			return nil
		}
		c := strings.Split(string(line), "\t")
		if len(c) < 9 {
			return bad(number, &table.Problem{Field: "line", Value: clip(string(line)), Reason: fmt.Sprintf("has %d columns, 19 are usual and 9 needed", len(c))})
		}
		e := &fact.Entity{ID: "geonames:" + c[0], Kind: geoKind(c[6], c[7]), Canonical: c[1],
			External: []fact.ExternalID{{Scheme: "geonames", Value: c[0]}}}
		if !o.wants(e.Kind) {
			return nil
		}
		if e.Kind == fact.Country && c[8] != "" {
			e.External = append(e.External, fact.ExternalID{Scheme: "iso3166-1", Value: c[8]})
		}
		var all names
		all.add(c[1], "", fact.Primary)
		all.add(c[2], "", fact.Alias)
		if alternates == nil {
			for text := range strings.SplitSeq(c[3], ",") {
				all.add(text, "", fact.Alias)
			}
		}
		for _, n := range alternates[c[0]] {
			if n.Kind == wikidataID {
				e.External = append(e.External, fact.ExternalID{Scheme: "wikidata", Value: n.Text})
				continue
			}
			all.dated(n.Text, n.Language, n.Kind, n.From, n.To)
		}
		e.Names = all.list
		return yield(table.Line{Number: number, Row: table.Row{Entity: e}})
	}, bad)
}

func clip(s string) string { return s[:min(len(s), 64)] }

func geoKind(class, code string) fact.Kind {
	switch {
	case class == "A" && strings.HasPrefix(code, "PCL"):
		return fact.Country
	case class == "A" || class == "L":
		return fact.Region
	case class == "S":
		return fact.Facility
	default:
		return fact.Place
	}
}

// wikidataID marks among alternate names one that is an ID of Wikidata.
const wikidataID = fact.NameKind(255)

// geoAlternates reads the companions: alternateNameId, geonameid, language, name,
// flags for preferred, short, colloquial and historic, from and to. Dates that are
// written in another way than ours are left open.
func geoAlternates(o *Options, bad func(int64, *table.Problem) error) (map[string][]fact.Name, error) {
	if len(o.Companions) == 0 {
		return nil, nil
	}
	held := make(map[string][]fact.Name)
	rows := 0
	for _, in := range o.Companions {
		err := in.eachLine(func(number int64, line []byte) error {
			c := strings.Split(string(line), "\t")
			if len(c) < 4 {
				return bad(number, &table.Problem{Field: "line", Value: clip(string(line)), Reason: fmt.Sprintf("of %s has %d columns, 4 are needed", in.Name, len(c))})
			}
			language, kind := c[2], fact.Alias
			switch {
			case language == "abbr":
				language, kind = "", fact.Acronym
			case language == "wkdt":
				language, kind = "", wikidataID
			case len(language) > 3 && !strings.Contains(language, "-"): // link, post, iata, wkdt …
				return nil
			}
			flag := func(i int) bool { return len(c) > i && c[i] == "1" }
			switch {
			case kind == wikidataID:
			case flag(7):
				kind = fact.Former
			case flag(6):
				kind = fact.Nickname
			case flag(5):
				kind = fact.Short
			case flag(4):
				kind = fact.Primary
			}
			if !o.admits(language) {
				return nil
			}
			if rows++; rows > heldNames {
				return fmt.Errorf("%s: more than %d names are not held; choose languages", in.Name, heldNames)
			}
			name := fact.Name{Text: c[3], Language: language, Kind: kind}
			if len(c) > 9 {
				name.From, _ = fact.ParseDate(c[8])
				name.To, _ = fact.ParseDate(c[9])
				if name.From != 0 && name.To != 0 && name.From.First() > name.To.Last() {
					name.From, name.To = 0, 0
				}
			}
			held[c[1]] = append(held[c[1]], name)
			return nil
		}, bad)
		if err != nil {
			return nil, err
		}
	}
	return held, nil
}
