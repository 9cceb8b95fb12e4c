package source

import (
	"bufio"
	"bytes"
	_ "embed" // kind_words.txt
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"onoma/internal/table"
	"onoma/resolver/fact"
)

// Mapping says which column of a table means what. It is written as items
// between semicolons:
//
//	id=qid; kind=@PLACE; name=name; language=lang; name_kind=kind
//
// Left stands a field, right the column, by its header or by its number from 1;
// "@" gives a constant instead. A column may be prefixed with a text in quotes,
// which makes IDs: id="iso:"code. The fields:
//
//	id                      required; rows of one ID are one entity
//	kind                    PERSON, COUNTRY … or words of other data sets, see kind_words.txt; required
//	canonical_name          else the first English name, else the first
//	name, language          a name; name may be given several times
//	name_kind               PRIMARY … or words of other data sets, see nameKinds
//	from, to                when the name was in use
//	external.SCHEME         an ID in another scheme
//	relation.TYPE, relation.SEAT_OF.SECTOR   ID of the target
//	role, role_from, role_to, role_title     ID of a post, and what it is called
//	former_id, prominence
//	sorted=@yes             rows of one ID stand together: the file is streamed
//
// Without sorted, entities are held until the end, of at most heldRows rows.
type Mapping struct {
	fields []mapped
	sorted bool
}

type mapped struct {
	field    string // without what follows the first dot
	detail   string // what follows it
	column   string // header or number
	constant bool   // column is the value
	prefix   string
	at       int // of the column, from 0
}

// heldRows bounds an unsorted file, which is held whole, heldNames the names of a
// companion: each takes half a gigabyte or so.
const (
	heldRows  = 1_000_000
	heldNames = 3_000_000
)

var mappable = []string{"id", "kind", "canonical_name", "name", "language", "name_kind", "from", "to", "external", "relation",
	"role", "role_from", "role_to", "role_title", "former_id", "prominence", "sorted"}

// ParseMapping reads a mapping.
func ParseMapping(s string) (*Mapping, error) {
	m := new(Mapping)
	for item := range strings.SplitSeq(s, ";") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		field, column, ok := strings.Cut(item, "=")
		f := mapped{field: strings.TrimSpace(field), column: strings.TrimSpace(column)}
		f.field, f.detail, _ = strings.Cut(f.field, ".")
		if !ok || f.column == "" || !slices.Contains(mappable, f.field) {
			return nil, fmt.Errorf("mapping %q: %q is not FIELD=COLUMN with a field of %s", s, item, strings.Join(mappable, ", "))
		}
		if rest, quoted := strings.CutPrefix(f.column, `"`); quoted {
			prefix, column, ok := strings.Cut(rest, `"`)
			if !ok {
				return nil, fmt.Errorf("mapping %q: %q lacks its closing quote", s, item)
			}
			f.prefix, f.column = prefix, column
		}
		f.column, f.constant = strings.CutPrefix(f.column, "@")
		if f.field == "sorted" {
			m.sorted = f.column == "yes"
			continue
		}
		m.fields = append(m.fields, f)
	}
	for _, field := range []string{"id", "kind"} {
		if !slices.ContainsFunc(m.fields, func(f mapped) bool { return f.field == field }) {
			return nil, fmt.Errorf("mapping %q gives no %s", s, field)
		}
	}
	return m, nil
}

// bind finds the columns in a header.
func (m *Mapping) bind(header []string) ([]mapped, error) {
	fields := slices.Clone(m.fields)
	for i := range fields {
		f := &fields[i]
		if f.constant {
			continue
		}
		f.at = slices.Index(header, f.column)
		if n, err := strconv.Atoi(f.column); f.at < 0 && err == nil && n >= 1 && n <= len(header) {
			f.at = n - 1
		}
		if f.at < 0 {
			return nil, fmt.Errorf("no column %q among %q", f.column, header)
		}
	}
	return fields, nil
}

// value returns what the record has for the field; "" when it is too short.
func (f *mapped) value(record []string) string {
	if f.constant {
		return f.column
	}
	if f.at >= len(record) {
		return ""
	}
	v := trim(record[f.at])
	if v == "" {
		return ""
	}
	return f.prefix + v
}

// nameKinds are the words that data sets use for kinds of names.
var nameKinds = map[string]fact.NameKind{
	"label": fact.Primary, "name": fact.Primary, "canonical": fact.Primary, "preferred": fact.Primary, "primary": fact.Primary,
	"official": fact.Official, "full": fact.Official, "short": fact.Short, "surname": fact.Short,
	"acronym": fact.Acronym, "abbreviation": fact.Acronym, "abbr": fact.Acronym,
	"local_short": fact.Short, "local_official": fact.Official, "alias_weak": fact.Nickname, "weak": fact.Nickname,
	"nickname": fact.Nickname, "colloquial": fact.Nickname, "former": fact.Former, "historic": fact.Former, "historical": fact.Former,
	"demonym": fact.Demonym, "misspelling": fact.Misspelling, "transliteration": fact.Transliteration,
}

// kindWords is what data sets call kinds of entity.
//
//go:embed kind_words.txt
var kindWords string

var kindsByWord = sync.OnceValue(func() map[string]fact.Kind {
	kinds := make(map[string]fact.Kind)
	for line := range strings.Lines(kindWords) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		kind, err := fact.ParseKind(fields[0])
		if err != nil {
			continue // TestKindWords holds that there is none
		}
		for _, word := range fields[1:] {
			kinds[word] = kind
		}
	}
	return kinds
})

// parseKind reads a kind of the contract, or what another data set calls it.
func parseKind(s string) (fact.Kind, error) {
	kind, err := fact.ParseKind(strings.ToUpper(s))
	if err == nil {
		return kind, nil
	}
	word := strings.ToLower(strings.ReplaceAll(s, " ", "-"))
	if k, ok := kindsByWord()[word]; ok {
		return k, nil
	}
	prefix, _, _ := strings.Cut(word, ":")
	if k, ok := kindsByWord()[prefix]; ok {
		return k, nil
	}
	return kind, err
}

func nameKindOf(s string) fact.NameKind {
	if k, err := fact.ParseNameKind(s); err == nil {
		return k
	}
	if k, ok := nameKinds[strings.ToLower(s)]; ok {
		return k
	}
	return fact.Alias
}

func readTSV(in *Input, o *Options, yield Yield) error {
	return readColumns(in, o, yield, func(visit func(int64, []string) error, bad func(int64, *table.Problem) error) error {
		return in.eachLine(func(number int64, line []byte) error {
			if len(line) == 0 {
				return nil
			}
			return visit(number, strings.Split(string(line), "\t"))
		}, bad)
	})
}

func readCSV(in *Input, o *Options, yield Yield) error {
	return readColumns(in, o, yield, func(visit func(int64, []string) error, bad func(int64, *table.Problem) error) error {
		return eachRecord(in, visit, bad)
	})
}

// eachRecord reads comma-separated records as RFC 4180 has them. A record that is
// not well formed goes to bad, and reading goes on at the next line.
func eachRecord(in *Input, visit func(int64, []string) error, bad func(int64, *table.Problem) error) error {
	var pending []byte
	var buffer bufio.Reader
	start, quotes := int64(0), 0
	flush := func() error {
		if start == 0 {
			return nil
		}
		buffer.Reset(bytes.NewReader(pending))
		r := csv.NewReader(&buffer)
		r.FieldsPerRecord = -1
		record, err := r.Read()
		at := start
		start, quotes = 0, 0
		pending = pending[:0]
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return bad(at, &table.Problem{Field: "line", Reason: "is not comma-separated: " + err.Error()})
		}
		return visit(at, record)
	}
	err := in.eachLine(func(number int64, line []byte) error {
		if start == 0 {
			start = number
		}
		pending = append(append(pending, line...), '\n')
		if quotes += bytes.Count(line, []byte{'"'}); quotes == 0 {
			start, pending = 0, pending[:0]
			if len(line) == 0 {
				return nil
			}
			return visit(number, strings.Split(string(line), ","))
		}
		// A quote that is open at the end of the line goes on in the next.
		if quotes%2 != 0 && len(pending) < bufio.MaxScanTokenSize*16 {
			return nil
		}
		return flush()
	}, bad)
	if err != nil {
		return err
	}
	return flush()
}

// columns gathers the rows of each entity.
type columns struct {
	fields    []mapped
	sorted    bool
	options   *Options
	yield     Yield
	entities  map[string]*gathered
	order     []string
	held      int
	positions map[string]bool
}

type gathered struct {
	line   int64
	entity fact.Entity
	names  names
	// weighed tells that a column gave the prominence.
	weighed bool
	// said is what each list of the entity has beyond its first few items, by its
	// field: most lists are short, and a file has many entities.
	said map[string]*once[saying]
}

// saying is one item of a list of an entity.
type saying struct {
	detail, value, language string
	from, to                fact.Date
}

// few is how many items of a list are looked through one by one.
const few = 16

// has reports whether the list of the field has the item already: x, which equal
// knows among the first few.
func has[T any](g *gathered, field string, list []T, item saying, equal func(T) bool) bool {
	if slices.ContainsFunc(list[:min(len(list), few)], equal) {
		return true
	}
	if len(list) < few {
		return false
	}
	if g.said[field] == nil {
		if g.said == nil {
			g.said = make(map[string]*once[saying])
		}
		g.said[field] = new(once[saying])
	}
	return !g.said[field].first(item)
}

func readColumns(in *Input, o *Options, yield Yield, read func(visit func(int64, []string) error, bad func(int64, *table.Problem) error) error) error {
	if o.Map == nil {
		return readSheet(in, o, yield, read)
	}
	c := &columns{sorted: o.Map.sorted, options: o, yield: yield, entities: make(map[string]*gathered), positions: make(map[string]bool)}
	err := read(func(number int64, record []string) error {
		if c.fields == nil {
			var err error
			c.fields, err = o.Map.bind(record)
			if err != nil {
				err = fmt.Errorf("%s: line %d: %w", in.Name, number, err)
			}
			return err
		}
		return c.record(number, record)
	}, func(number int64, p *table.Problem) error { return yield(table.Line{Number: number, Problem: p}) })
	if err != nil {
		return err
	}
	return c.flush()
}

// readSheet reads columns that are named as an export names them.
func readSheet(in *Input, o *Options, yield Yield, read func(visit func(int64, []string) error, bad func(int64, *table.Problem) error) error) error {
	var sheet *sheetReader
	err := read(func(number int64, record []string) error {
		if sheet != nil {
			return sheet.record(number, record)
		}
		var err error
		if sheet, err = newSheetReader(record, o, yield); err != nil {
			err = fmt.Errorf("%s: line %d: %w", in.Name, number, err)
		}
		return err
	}, func(number int64, p *table.Problem) error { return yield(table.Line{Number: number, Problem: p}) })
	if err != nil || sheet == nil {
		return err
	}
	return sheet.end()
}

// record adds one line to its entity.
func (c *columns) record(number int64, record []string) error {
	var w words
	var id, language, kind, kindWord string
	var role fact.Role
	var from, to fact.Date
	var title string
	for i := range c.fields {
		v := c.fields[i].value(record)
		switch c.fields[i].field {
		case "id":
			id = v
		case "language":
			language = strings.ReplaceAll(v, "_", "-")
		case "name_kind":
			kind = v
		case "kind":
			kindWord = v
		case "from":
			from = w.date("names[0].from_date", v)
		case "to":
			to = w.date("names[0].to_date", v)
		case "role":
			role.Position = v
		case "role_from":
			role.From = w.date("roles[0].from_date", v)
		case "role_to":
			role.To = w.date("roles[0].to_date", v)
		case "role_title":
			title = v
		}
	}
	if id == "" {
		w.fail("id", "", "is required")
	}
	if w.problem != nil {
		return c.yield(table.Line{Number: number, Row: table.Row{Entity: &fact.Entity{ID: id}}, Problem: w.problem})
	}
	if role.Position != "" && title != "" && !c.positions[role.Position] {
		c.positions[role.Position] = true
		p := &fact.Position{ID: role.Position, Titles: []fact.Title{{Text: title, Language: language}}}
		if err := c.yield(table.Line{Number: number, Row: table.Row{Position: p}}); err != nil {
			return err
		}
	}
	g := c.entities[id]
	if g == nil {
		if c.sorted {
			if err := c.flush(); err != nil {
				return err
			}
		}
		g = &gathered{line: number, entity: fact.Entity{ID: id}}
		c.entities[id] = g
		c.order = append(c.order, id)
	}
	if c.held++; c.held > heldRows && !c.sorted {
		return fmt.Errorf("line %d: more than %d rows are not held; sort the file by its IDs and add sorted=@yes to the mapping", number, heldRows)
	}
	if g.entity.Kind == fact.KindUnspecified && kindWord != "" {
		g.entity.Kind = word(&w, "kind", "", kindWord, parseKind)
	}
	if role.Position != "" && !has(g, "role", g.entity.Roles, saying{value: role.Position, from: role.From, to: role.To}, func(x fact.Role) bool { return x == role }) {
		g.entity.Roles = append(g.entity.Roles, role)
	}
	for i := range c.fields {
		if f := &c.fields[i]; f.value(record) != "" {
			g.take(f, f.value(record), language, nameKindOf(kind), from, to, c.options, &w)
		}
	}
	if w.problem != nil {
		return c.yield(table.Line{Number: number, Row: table.Row{Entity: &fact.Entity{ID: id}}, Problem: w.problem})
	}
	return nil
}

func (g *gathered) take(f *mapped, v, language string, kind fact.NameKind, from, to fact.Date, o *Options, w *words) {
	e := &g.entity
	switch f.field {
	case "canonical_name":
		if e.Canonical == "" {
			e.Canonical = v
		}
	case "name":
		if o.admits(language) {
			n := fact.Name{Text: v, Language: language, Kind: kind, From: from, To: to}
			same := func(x fact.Name) bool { x.Kind = n.Kind; return x == n }
			if !has(g, f.field, g.names.list, saying{"", v, language, from, to}, same) {
				g.names.list = append(g.names.list, n)
			}
		}
	case "external":
		id := fact.ExternalID{Scheme: f.detail, Value: v}
		if !has(g, f.field, e.External, saying{detail: f.detail, value: v}, func(x fact.ExternalID) bool { return x == id }) {
			e.External = append(e.External, id)
		}
	case "relation":
		kind, sector, _ := strings.Cut(f.detail, ".")
		r := fact.Relation{Target: v, Type: word(w, "relations[0].type", "", kind, fact.ParseRelationType)}
		if sector != "" {
			r.Sector = word(w, "relations[0].sector", "", sector, fact.ParseSector)
		}
		if r.Target != e.ID && !has(g, f.field, e.Relations, saying{detail: f.detail, value: v}, func(x fact.Relation) bool { return x == r }) {
			e.Relations = append(e.Relations, r)
		}
	case "former_id":
		if v != e.ID && !has(g, f.field, e.Redirects, saying{value: v}, func(x string) bool { return x == v }) {
			e.Redirects = append(e.Redirects, v)
		}
	case "prominence":
		p, err := strconv.ParseFloat(v, 64)
		if err != nil {
			w.fail("prominence", v, "is not a number")
		}
		e.Prominence, g.weighed = p, true
	}
}

// flush hands on the entities gathered.
func (c *columns) flush() error {
	for _, id := range c.order {
		g := c.entities[id]
		e := &g.entity
		e.Names = g.names.list
		if e.Canonical == "" {
			e.Canonical = canonicalOf(e.Names)
		}
		if !c.options.wants(e.Kind) {
			continue
		}
		if err := c.yield(table.Line{Number: g.line, Row: table.Row{Entity: e, Weighed: g.weighed}}); err != nil {
			return err
		}
	}
	clear(c.entities)
	c.order, c.held = c.order[:0], 0
	return nil
}

// canonicalOf is the name to show: the main English one, else any English one,
// else the main one, else the first.
func canonicalOf(names []fact.Name) string {
	best, rank := "", -1
	for _, n := range names {
		r := 0
		if n.Kind == fact.Primary {
			r = 1
		}
		if n.Language == "en" || n.Language == "eng" {
			r += 2
		}
		if r > rank {
			best, rank = n.Text, r
		}
	}
	return best
}
