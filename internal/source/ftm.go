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
//	Position → a position with its names as titles
//
// In nested files, which OpenSanctions writes too, a property may hold entities. Of
// these positionOccupancies become roles, with the positions that they are at; one
// that has ended, nobody knows when, or of which nothing is known is left out. The
// others are passed over.
type ftmEntity struct {
	ID         string               `json:"id"`
	Caption    string               `json:"caption"`
	Schema     string               `json:"schema"`
	Properties map[string]ftmValues `json:"properties"`
	Referents  []string             `json:"referents"`
}

// ftmValues are the values of a property: texts, and entities as they stand.
type ftmValues struct {
	texts    []string
	entities []json.RawMessage
}

// UnmarshalJSON parts the two.
func (v *ftmValues) UnmarshalJSON(b []byte) error {
	var values []json.RawMessage
	if err := json.Unmarshal(b, &values); err != nil {
		return err
	}
	for _, raw := range values {
		switch raw[0] {
		case '"':
			var text string
			if err := json.Unmarshal(raw, &text); err != nil {
				return err
			}
			v.texts = append(v.texts, text)
		case '{':
			v.entities = append(v.entities, raw)
		}
	}
	return nil
}

// first is the first text of a property, or "".
func (e *ftmEntity) first(property string) string {
	if texts := e.Properties[property].texts; len(texts) > 0 {
		return texts[0]
	}
	return ""
}

func (e *ftmEntity) position() *fact.Position {
	p := &fact.Position{ID: e.ID}
	for _, title := range e.Properties["name"].texts {
		p.Titles = append(p.Titles, fact.Title{Text: title})
	}
	return p
}

// roles reads the occupancies that stand in a person, and calls at with the
// positions.
func (e *ftmEntity) roles(at func(*ftmEntity) error) (roles []fact.Role, err error) {
	var given once[fact.Role]
	for _, raw := range e.Properties["positionOccupancies"].entities {
		var occupancy ftmEntity
		if json.Unmarshal(raw, &occupancy) != nil {
			continue
		}
		from, _ := ftmDate(occupancy.first("startDate"))
		to, ended := ftmDate(occupancy.first("endDate"))
		if !ended || to == 0 && slices.Contains([]string{"ended", "unknown"}, occupancy.first("status")) {
			continue
		}
		for _, raw := range occupancy.Properties["post"].entities {
			var post ftmEntity
			if json.Unmarshal(raw, &post) != nil || post.ID == "" {
				continue
			}
			if err := at(&post); err != nil {
				return nil, err
			}
			if role := (fact.Role{Position: post.ID, From: from, To: to}); given.first(role) {
				roles = append(roles, role)
			}
		}
	}
	return roles, nil
}

// ftmDate reads a date, of which a time of day is cut off. It is not known when it
// is there and cannot be read.
func ftmDate(s string) (date fact.Date, known bool) {
	day, _, _ := strings.Cut(s, "T")
	if day == "" {
		return 0, true
	}
	date, err := fact.ParseDate(day)
	return date, err == nil
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
	positions := make(map[string]bool)
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
		position := func(p *ftmEntity) error {
			if positions[p.ID] {
				return nil
			}
			positions[p.ID] = true
			return yield(table.Line{Number: number, Row: table.Row{Position: p.position()}})
		}
		if from.Schema == "Position" {
			return position(&from)
		}
		kind := ftmKinds[from.Schema]
		if kind == fact.KindUnspecified || !o.wants(kind) {
			return nil
		}
		e := &fact.Entity{ID: from.ID, Kind: kind, Canonical: from.Caption}
		var all names
		for _, n := range ftmNames {
			for _, text := range from.Properties[n.property].texts {
				all.add(text, "", n.kind)
			}
		}
		e.Names = all.list
		if e.Canonical == "" {
			e.Canonical = canonicalOf(e.Names)
		}
		for _, x := range ftmIDs {
			for _, value := range from.Properties[x.property].texts {
				if x.scheme == "imo" { // as other lists write it
					value = strings.TrimSpace(strings.TrimPrefix(strings.ToUpper(value), "IMO"))
				}
				e.External = append(e.External, fact.ExternalID{Scheme: x.scheme, Value: value})
			}
		}
		var err error
		if e.Roles, err = from.roles(position); err != nil {
			return err
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
