package source

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"onoma/internal/table"
	"onoma/resolver/fact"
)

// The native format is one JSON object a line: a Row of the contract with its
// field names, enumerations as their words ("PERSON"; the long form
// "ENTITY_KIND_PERSON" is read too). Blank lines and lines that begin with "#"
// are passed over. What is output only in the contract is ignored.
type jsonRow struct {
	Line     int64         `json:"line,omitempty"`
	Entity   *jsonEntity   `json:"entity,omitempty"`
	Position *jsonPosition `json:"position,omitempty"`
	Override *jsonOverride `json:"override,omitempty"`
}

type jsonEntity struct {
	ID          string         `json:"id"`
	Kind        string         `json:"kind"`
	Canonical   string         `json:"canonical_name"`
	Names       []jsonName     `json:"names,omitempty"`
	Relations   []jsonRelation `json:"relations,omitempty"`
	Roles       []jsonRole     `json:"roles,omitempty"`
	ExternalIDs []jsonExternal `json:"external_ids,omitempty"`
	FormerIDs   []string       `json:"former_ids,omitempty"`
	Prominence  *float64       `json:"prominence,omitempty"`
}

type jsonName struct {
	Text     string `json:"text"`
	Language string `json:"language,omitempty"`
	Kind     string `json:"kind,omitempty"`
	From     string `json:"from_date,omitempty"`
	To       string `json:"to_date,omitempty"`
}

type jsonRelation struct {
	Type   string `json:"type"`
	Target string `json:"target_id"`
	Sector string `json:"sector,omitempty"`
	From   string `json:"from_date,omitempty"`
	To     string `json:"to_date,omitempty"`
}

type jsonRole struct {
	Position string `json:"position_id"`
	From     string `json:"from_date,omitempty"`
	To       string `json:"to_date,omitempty"`
}

type jsonExternal struct {
	Scheme string `json:"scheme"`
	Value  string `json:"value"`
}

type jsonPosition struct {
	ID           string      `json:"id"`
	Titles       []jsonTitle `json:"titles,omitempty"`
	Office       string      `json:"office,omitempty"`
	Jurisdiction string      `json:"jurisdiction_id,omitempty"`
	Organization string      `json:"organization_id,omitempty"`
}

type jsonTitle struct {
	Text     string `json:"text"`
	Language string `json:"language,omitempty"`
}

type jsonOverride struct {
	Name   string `json:"name"`
	Entity string `json:"entity_id"`
	Action string `json:"action"`
	Note   string `json:"note,omitempty"`
}

func readJSONLines(in *Input, _ *Options, yield Yield) error {
	bad := func(number int64, p *table.Problem) error { return yield(table.Line{Number: number, Problem: p}) }
	return in.eachLine(func(number int64, line []byte) error {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			return nil
		}
		if p := tooLong(line); p != nil {
			return bad(number, p)
		}
		row, problem := parseJSONLine(line)
		return yield(table.Line{Number: number, Row: row, Problem: problem})
	}, bad)
}

// maxRowLine is the longest line of JSON that becomes a row. What it unfolds to in
// memory can be fifty times as much.
const maxRowLine = 8 << 20

func tooLong(line []byte) *table.Problem {
	if len(line) <= maxRowLine {
		return nil
	}
	return &table.Problem{Field: "line", Value: string(line[:64]), Reason: fmt.Sprintf("has %d bytes, the limit of a row is %d", len(line), maxRowLine)}
}

func parseJSONLine(line []byte) (table.Row, *table.Problem) {
	var from jsonRow
	if err := json.Unmarshal(line, &from); err != nil {
		return table.Row{}, &table.Problem{Field: "line", Value: string(line[:min(len(line), 64)]), Reason: "is not JSON of a row: " + err.Error()}
	}
	var r words
	var row table.Row
	switch {
	case from.Entity != nil:
		row.Entity = r.entity(from.Entity)
		row.Weighed = from.Entity.Prominence != nil
	case from.Position != nil:
		p := from.Position
		row.Position = &fact.Position{ID: p.ID, Office: p.Office, Jurisdiction: p.Jurisdiction, Organization: p.Organization}
		for _, t := range p.Titles {
			row.Position.Titles = append(row.Position.Titles, fact.Title{Text: t.Text, Language: t.Language})
		}
	case from.Override != nil:
		o := from.Override
		row.Override = &fact.Override{Name: o.Name, Entity: o.Entity, Note: o.Note}
		switch strings.TrimPrefix(o.Action, "OVERRIDE_ACTION_") {
		case "PIN":
		case "DENY":
			row.Override.Deny = true
		default:
			r.fail("action", o.Action, "is neither PIN nor DENY")
		}
	}
	return row, r.problem
}

// words reads the words of enumerations and dates, and keeps the first problem.
type words struct {
	problem *table.Problem
}

func (w *words) fail(field, value, reason string) {
	if w.problem == nil {
		w.problem = &table.Problem{Field: field, Value: value, Reason: reason}
	}
}

func (w *words) date(field, s string) fact.Date {
	if s == "" {
		return 0
	}
	d, err := fact.ParseDate(s)
	if err != nil {
		w.fail(field, s, "is not YYYY, YYYY-MM or YYYY-MM-DD")
	}
	return d
}

func word[T any](w *words, field, prefix, s string, parse func(string) (T, error)) T {
	v, err := parse(strings.TrimPrefix(s, prefix))
	if err != nil {
		w.fail(field, s, err.Error())
	}
	return v
}

func (w *words) entity(from *jsonEntity) *fact.Entity {
	e := &fact.Entity{ID: from.ID, Canonical: from.Canonical, Redirects: from.FormerIDs}
	if from.Prominence != nil {
		e.Prominence = *from.Prominence
	}
	e.Kind = word(w, "kind", "ENTITY_KIND_", from.Kind, fact.ParseKind)
	if len(from.Names) > 0 {
		e.Names = make([]fact.Name, len(from.Names))
	}
	for i := range from.Names {
		n, to := &from.Names[i], &e.Names[i]
		*to = fact.Name{Text: n.Text, Language: n.Language, Kind: fact.Alias}
		if n.Kind != "" {
			kind, err := fact.ParseNameKind(strings.TrimPrefix(n.Kind, "NAME_KIND_"))
			if err != nil {
				w.fail(fmt.Sprintf("names[%d].kind", i), n.Kind, err.Error())
			}
			to.Kind = kind
		}
		if n.From != "" || n.To != "" {
			to.From, to.To = w.date(fmt.Sprintf("names[%d].from_date", i), n.From), w.date(fmt.Sprintf("names[%d].to_date", i), n.To)
		}
	}
	for i, r := range from.Relations {
		at := fmt.Sprintf("relations[%d].", i)
		to := fact.Relation{Target: r.Target, From: w.date(at+"from_date", r.From), To: w.date(at+"to_date", r.To)}
		to.Type = word(w, at+"type", "RELATION_TYPE_", r.Type, fact.ParseRelationType)
		if r.Sector != "" {
			to.Sector = word(w, at+"sector", "SECTOR_", r.Sector, fact.ParseSector)
		}
		e.Relations = append(e.Relations, to)
	}
	for i, r := range from.Roles {
		at := fmt.Sprintf("roles[%d].", i)
		e.Roles = append(e.Roles, fact.Role{Position: r.Position, From: w.date(at+"from_date", r.From), To: w.date(at+"to_date", r.To)})
	}
	for _, x := range from.ExternalIDs {
		e.External = append(e.External, fact.ExternalID{Scheme: x.Scheme, Value: x.Value})
	}
	return e
}

// jsonWriter writes rows in the native format.
type jsonWriter struct {
	encoder *json.Encoder
}

// NewWriter returns a writer of JSON lines, which buffers nothing.
func NewWriter(w io.Writer) Writer {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return jsonWriter{e}
}

// Write writes one row as one line.
func (w jsonWriter) Write(row *table.Row) error { return w.encoder.Encode(jsonOf(row)) }

func (w jsonWriter) Flush() error { return nil }

func jsonOf(row *table.Row) *jsonRow {
	to := new(jsonRow)
	switch {
	case row.Entity != nil:
		e := row.Entity
		j := &jsonEntity{ID: e.ID, Kind: e.Kind.String(), Canonical: e.Canonical, FormerIDs: e.Redirects}
		if row.Weighed || e.Prominence != 0 {
			j.Prominence = &e.Prominence
		}
		for _, n := range e.Names {
			j.Names = append(j.Names, jsonName{n.Text, n.Language, n.Kind.String(), n.From.String(), n.To.String()})
		}
		for _, r := range e.Relations {
			j.Relations = append(j.Relations, jsonRelation{r.Type.String(), r.Target, r.Sector.String(), r.From.String(), r.To.String()})
		}
		for _, r := range e.Roles {
			j.Roles = append(j.Roles, jsonRole{r.Position, r.From.String(), r.To.String()})
		}
		for _, x := range e.External {
			j.ExternalIDs = append(j.ExternalIDs, jsonExternal{x.Scheme, x.Value})
		}
		to.Entity = j
	case row.Position != nil:
		p := row.Position
		j := &jsonPosition{ID: p.ID, Office: p.Office, Jurisdiction: p.Jurisdiction, Organization: p.Organization}
		for _, t := range p.Titles {
			j.Titles = append(j.Titles, jsonTitle{t.Text, t.Language})
		}
		to.Position = j
	case row.Override != nil:
		o := row.Override
		j := &jsonOverride{Name: o.Name, Entity: o.Entity, Action: "PIN", Note: o.Note}
		if o.Deny {
			j.Action = "DENY"
		}
		to.Override = j
	}
	return to
}
