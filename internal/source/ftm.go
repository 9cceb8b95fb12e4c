package source

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"onoma/internal/table"
	"onoma/resolver/fact"
)

// FollowTheMoney entities, as OpenSanctions publishes them: one JSON object a
// line with id, caption, schema, properties and referents.
//
//	Person → PERSON; Company, Organization, LegalEntity, PublicBody → ORGANIZATION;
//	Vessel, Airplane, Vehicle → OTHER; other schemata are passed over
//	name → PRIMARY, alias → ALIAS, weakAlias → NICKNAME, previousName → FORMER,
//	abbreviation → ACRONYM, lastName alone is no name
//	referents → former IDs; wikidataId, leiCode, imoNumber → external IDs
//
// In nested files, which OpenSanctions writes too, a property may hold entities:
// they are passed over.
type ftmEntity struct {
	ID         string              `json:"id"`
	Caption    string              `json:"caption"`
	Schema     string              `json:"schema"`
	Properties map[string]ftmTexts `json:"properties"`
	Referents  []string            `json:"referents"`
}

// ftmTexts are the texts among the values of a property.
type ftmTexts []string

// UnmarshalJSON leaves out what is no text.
func (t *ftmTexts) UnmarshalJSON(b []byte) error {
	var values []json.RawMessage
	if err := json.Unmarshal(b, &values); err != nil {
		return err
	}
	for _, v := range values {
		if v[0] != '"' {
			continue
		}
		var text string
		if err := json.Unmarshal(v, &text); err != nil {
			return err
		}
		*t = append(*t, text)
	}
	return nil
}

var ftmKinds = map[string]fact.Kind{
	"Person": fact.Person, "Company": fact.Organization, "Organization": fact.Organization, "LegalEntity": fact.Organization,
	"PublicBody": fact.Organization, "Vessel": fact.Other, "Airplane": fact.Other, "Vehicle": fact.Other,
}

var ftmNames = []struct {
	property string
	kind     fact.NameKind
}{
	{"name", fact.Primary}, {"alias", fact.Alias}, {"weakAlias", fact.Nickname}, {"previousName", fact.Former}, {"abbreviation", fact.Acronym},
}

var ftmIDs = []struct{ property, scheme string }{
	{"wikidataId", "wikidata"}, {"leiCode", "lei"}, {"imoNumber", "imo"},
}

func readFTM(in *Input, o *Options, yield Yield) error {
	bad := func(number int64, p *table.Problem) error { return yield(table.Line{Number: number, Problem: p}) }
	return in.eachLine(func(number int64, line []byte) error {
		if len(line) == 0 {
			return nil
		}
		if p := tooLong(line); p != nil {
			return bad(number, p)
		}
		var from ftmEntity
		if err := json.Unmarshal(line, &from); err != nil {
			return bad(number, &table.Problem{Field: "line", Value: string(line[:min(len(line), 64)]), Reason: "is not JSON of an entity: " + err.Error()})
		}
		kind := ftmKinds[from.Schema]
		if kind == fact.KindUnspecified || !o.wants(kind) {
			return nil
		}
		e := &fact.Entity{ID: from.ID, Kind: kind, Canonical: from.Caption}
		var all names
		for _, n := range ftmNames {
			for _, text := range from.Properties[n.property] {
				all.add(text, "", n.kind)
			}
		}
		e.Names = all.list
		if e.Canonical == "" {
			e.Canonical = canonicalOf(e.Names)
		}
		for _, x := range ftmIDs {
			for _, value := range from.Properties[x.property] {
				if x.scheme == "imo" { // as other lists write it
					value = strings.TrimSpace(strings.TrimPrefix(strings.ToUpper(value), "IMO"))
				}
				e.External = append(e.External, fact.ExternalID{Scheme: x.scheme, Value: value})
			}
		}
		var former once[string]
		for _, id := range from.Referents {
			if id != from.ID && former.first(id) {
				e.Redirects = append(e.Redirects, id)
			}
		}
		return yield(table.Line{Number: number, Row: table.Row{Entity: e}})
	}, bad)
}

func sortedKeys[M ~map[string]V, V any](m M) []string { return slices.Sorted(maps.Keys(m)) }
