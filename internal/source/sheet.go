package source

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"onoma/internal/table"
	"onoma/resolver/fact"
)

// A sheet is a table of rows for spreadsheets and OpenRefine, comma- or
// tab-separated, that loses nothing: what is written reads as what it was.
// A line holds one thing that is said of an entity, and what it is said of:
//
//	id, kind, canonical_name, prominence   of the entity, the same on each of its lines
//	name, language, name_kind, from, to    a name
//	relation, target, sector, from, to     a relation to another entity
//	role, from, to                         a post that is held, by its ID
//	scheme, external_id                    an ID in another scheme
//	former_id                              an ID that leads to this entity
//
// Two kinds of line are no entity's. POSITION is a post: name and language a
// title, office its class, jurisdiction and organization the IDs. PIN and DENY
// are overrides: name, the entity's id, note.
//
// The lines of an ID stand together. A blank id is that of the line before, as
// OpenRefine's "blank down" leaves it for its records; what else is blank there
// says nothing. Columns may stand in any order and be left out but for id and
// kind; one of another name is an error.
var sheetColumns = []string{"id", "kind", "canonical_name", "prominence", "name", "language", "name_kind", "from", "to",
	"relation", "target", "sector", "role", "scheme", "external_id", "former_id", "office", "jurisdiction", "organization", "note"}

// The kinds of line that are no entity's.
const (
	sheetPosition = "POSITION"
	sheetPin      = "PIN"
	sheetDeny     = "DENY"
)

// sheetLine is one line, by the names of its columns.
type sheetLine map[string]string

// sheetWriter writes a sheet.
type sheetWriter struct {
	put    func([]string) error
	flush  func() error
	record []string
}

func newCSVWriter(w io.Writer) *sheetWriter {
	c := csv.NewWriter(w)
	return &sheetWriter{put: c.Write, flush: func() error { c.Flush(); return c.Error() }}
}

// newTSVWriter writes cells as they are: but for notes, which have a space
// instead, nothing in the table holds a tab or the end of a line.
func newTSVWriter(w io.Writer) *sheetWriter {
	b := bufio.NewWriter(w)
	oneLine := strings.NewReplacer("\t", " ", "\r\n", " ", "\n", " ", "\r", " ")
	return &sheetWriter{flush: b.Flush, put: func(record []string) error {
		for i, cell := range record {
			if i > 0 {
				_ = b.WriteByte('\t')
			}
			_, _ = oneLine.WriteString(b, cell)
		}
		return b.WriteByte('\n')
	}}
}

func (w *sheetWriter) line(l sheetLine) error {
	if w.record == nil {
		if err := w.put(sheetColumns); err != nil {
			return err
		}
		w.record = make([]string, len(sheetColumns))
	}
	for i, column := range sheetColumns {
		w.record[i] = l[column]
	}
	return w.put(w.record)
}

// Write writes the lines of one row.
func (w *sheetWriter) Write(row *table.Row) error {
	for _, l := range sheetLines(row) {
		if err := w.line(l); err != nil {
			return err
		}
	}
	return nil
}

// Flush writes what is buffered, and the header when there were no rows.
func (w *sheetWriter) Flush() error {
	if w.record == nil {
		if err := w.put(sheetColumns); err != nil {
			return err
		}
	}
	return w.flush()
}

func sheetLines(row *table.Row) (lines []sheetLine) {
	var of sheetLine
	add := func(pairs ...string) {
		l := make(sheetLine, len(of)+len(pairs)/2)
		for k, v := range of {
			l[k] = v
		}
		for i := 0; i < len(pairs); i += 2 {
			l[pairs[i]] = pairs[i+1]
		}
		lines = append(lines, l)
	}
	switch {
	case row.Override != nil:
		o := row.Override
		of = sheetLine{"id": o.Entity, "kind": sheetPin, "name": o.Name, "note": o.Note}
		if o.Deny {
			of["kind"] = sheetDeny
		}
	case row.Position != nil:
		p := row.Position
		of = sheetLine{"id": p.ID, "kind": sheetPosition, "office": p.Office, "jurisdiction": p.Jurisdiction, "organization": p.Organization}
		for _, t := range p.Titles {
			add("name", t.Text, "language", t.Language)
		}
	case row.Entity != nil:
		e := row.Entity
		of = sheetLine{"id": e.ID, "kind": e.Kind.String(), "canonical_name": e.Canonical}
		if row.Weighed || e.Prominence != 0 {
			of["prominence"] = strconv.FormatFloat(e.Prominence, 'g', -1, 64)
		}
		for _, n := range e.Names {
			add("name", n.Text, "language", n.Language, "name_kind", n.Kind.String(), "from", n.From.String(), "to", n.To.String())
		}
		for _, r := range e.Relations {
			sector := ""
			if r.Sector != fact.SectorUnspecified {
				sector = r.Sector.String()
			}
			add("relation", r.Type.String(), "target", r.Target, "sector", sector, "from", r.From.String(), "to", r.To.String())
		}
		for _, r := range e.Roles {
			add("role", r.Position, "from", r.From.String(), "to", r.To.String())
		}
		for _, x := range e.External {
			add("scheme", x.Scheme, "external_id", x.Value)
		}
		for _, id := range e.Redirects {
			add("former_id", id)
		}
	}
	if len(lines) == 0 {
		add()
	}
	return lines
}

// sheetReader gathers the lines of one ID after the other.
type sheetReader struct {
	columns []string
	yield   Yield
	options *Options
	first   int64 // line of the row that is gathered; 0 for none
	id      string
	kind    string
	row     table.Row
	problem *table.Problem
	line    sheetLine // used again for each
}

// newSheetReader reads the header.
func newSheetReader(header []string, o *Options, yield Yield) (*sheetReader, error) {
	r := &sheetReader{options: o, yield: yield, line: make(sheetLine)}
	for i, column := range header {
		column = strings.ToLower(strings.TrimSpace(column))
		if !slices.Contains(sheetColumns, column) || slices.Contains(r.columns, column) {
			return nil, fmt.Errorf("column %d, %q, is none of %s, each at most once: say with a mapping what the columns mean", i+1, header[i], strings.Join(sheetColumns, ", "))
		}
		r.columns = append(r.columns, column)
	}
	for _, column := range []string{"id", "kind"} {
		if !slices.Contains(r.columns, column) {
			return nil, fmt.Errorf("there is no column %q among %q: name the columns as an export does, or say with a mapping what they mean", column, header)
		}
	}
	return r, nil
}

func (r *sheetReader) record(number int64, record []string) error {
	if len(record) > len(r.columns) {
		return r.yield(table.Line{Number: number, Problem: &table.Problem{Field: "line", Value: record[0],
			Reason: fmt.Sprintf("has %d columns, the header %d", len(record), len(r.columns))}})
	}
	l := r.line
	clear(l)
	blank := true
	for i, cell := range record {
		l[r.columns[i]] = cell
		blank = blank && cell == ""
	}
	if blank {
		return nil
	}
	kind := strings.ToUpper(strings.TrimSpace(l["kind"]))
	goesOn := r.first > 0 && (l["id"] == "" || l["id"] == r.id && (kind == "" || kind == r.kind)) && kind != sheetPin && kind != sheetDeny
	if !goesOn {
		if err := r.end(); err != nil {
			return err
		}
		r.first, r.id, r.kind = number, l["id"], kind
		r.begin(l)
	}
	r.add(number, l, goesOn)
	return nil
}

// begin takes what stands on the first line of a row.
func (r *sheetReader) begin(l sheetLine) {
	switch r.kind {
	case sheetPosition:
		r.row.Position = &fact.Position{ID: r.id, Office: l["office"], Jurisdiction: l["jurisdiction"], Organization: l["organization"]}
	case sheetPin, sheetDeny:
		r.row.Override = &fact.Override{Name: l["name"], Entity: r.id, Deny: r.kind == sheetDeny, Note: l["note"]}
	default:
		var w words
		e := &fact.Entity{ID: r.id, Canonical: l["canonical_name"]}
		e.Kind = word(&w, "kind", "ENTITY_KIND_", r.kind, fact.ParseKind)
		if s := l["prominence"]; s != "" {
			p, err := strconv.ParseFloat(s, 64)
			if err != nil {
				w.fail("prominence", s, "is not a number")
			}
			e.Prominence, r.row.Weighed = p, true
		}
		r.row.Entity, r.problem = e, w.problem
	}
}

// add takes the one thing that a line says.
func (r *sheetReader) add(number int64, l sheetLine, goesOn bool) {
	var w words
	switch {
	case r.row.Position != nil:
		if l["name"] != "" && len(r.row.Position.Titles) <= table.MaxList {
			r.row.Position.Titles = append(r.row.Position.Titles, fact.Title{Text: l["name"], Language: l["language"]})
		}
	case r.row.Entity != nil:
		if was := r.row.Entity.Canonical; goesOn && l["canonical_name"] != "" && l["canonical_name"] != was {
			w.fail("canonical_name", l["canonical_name"], fmt.Sprintf("differs from %q on line %d, of the same id", was, r.first))
		}
		r.addToEntity(&w, l)
	}
	if r.problem == nil && w.problem != nil {
		r.problem = w.problem
		if number != r.first {
			r.problem.Reason += fmt.Sprintf(" (on line %d)", number)
		}
	}
}

func (r *sheetReader) addToEntity(w *words, l sheetLine) {
	e := r.row.Entity
	if max(len(e.Names), len(e.Relations), len(e.Roles), len(e.External), len(e.Redirects)) > table.MaxList {
		return // it is rejected as it is
	}
	from, to := w.date("from", l["from"]), w.date("to", l["to"])
	if l["name"] != "" {
		n := fact.Name{Text: l["name"], Language: l["language"], Kind: fact.Alias, From: from, To: to}
		if s := l["name_kind"]; s != "" {
			n.Kind = word(w, "name_kind", "NAME_KIND_", strings.ToUpper(s), fact.ParseNameKind)
		}
		if r.options.admits(n.Language) {
			e.Names = append(e.Names, n)
		}
	}
	if l["relation"] != "" || l["target"] != "" {
		to := fact.Relation{Type: word(w, "relation", "RELATION_TYPE_", strings.ToUpper(l["relation"]), fact.ParseRelationType), Target: l["target"], From: from, To: to}
		if s := l["sector"]; s != "" {
			to.Sector = word(w, "sector", "SECTOR_", strings.ToUpper(s), fact.ParseSector)
		}
		e.Relations = append(e.Relations, to)
	}
	if l["role"] != "" {
		e.Roles = append(e.Roles, fact.Role{Position: l["role"], From: from, To: to})
	}
	if l["scheme"] != "" || l["external_id"] != "" {
		e.External = append(e.External, fact.ExternalID{Scheme: l["scheme"], Value: l["external_id"]})
	}
	if l["former_id"] != "" {
		e.Redirects = append(e.Redirects, l["former_id"])
	}
}

// end hands on the row that was gathered.
func (r *sheetReader) end() error {
	if r.first == 0 {
		return nil
	}
	line := table.Line{Number: r.first, Row: r.row, Problem: r.problem}
	r.first, r.row, r.problem = 0, table.Row{}, nil
	if e := line.Row.Entity; e != nil {
		if e.Canonical == "" {
			e.Canonical = canonicalOf(e.Names)
		}
		if e.Kind != fact.KindUnspecified && !r.options.wants(e.Kind) {
			return nil
		}
	}
	return r.yield(line)
}
