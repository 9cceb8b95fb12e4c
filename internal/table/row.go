package table

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"onoma/resolver/fact"
	"onoma/resolver/name"
)

// RowKind says what a row holds. Rows of a source stand in the order of the
// kinds, then of the IDs.
type RowKind uint8

// The kinds of row.
const (
	PositionRow RowKind = 1 + iota
	EntityRow
	OverrideRow
)

// Row is what a source says of one ID: one of the three is set.
type Row struct {
	Entity   *fact.Entity
	Position *fact.Position
	Override *fact.Override
	// Weighed tells that the entity's prominence is meant although it is 0. An
	// entity of prominence 0 that is not Weighed says nothing of it, and takes what
	// the source said of its ID before.
	Weighed bool
}

// Key identifies a row within its source.
type Key struct {
	Kind RowKind
	ID   string
}

// Key returns the row's key. An override is told by its name as normalised and
// the entity.
func (r *Row) Key() Key {
	switch {
	case r.Entity != nil:
		return Key{EntityRow, r.Entity.ID}
	case r.Position != nil:
		return Key{PositionRow, r.Position.ID}
	case r.Override != nil:
		return Key{OverrideRow, name.Fold(r.Override.Name) + "\t" + r.Override.Entity}
	}
	return Key{}
}

// ID returns the ID that the row speaks of.
func (r *Row) ID() string {
	if r.Override != nil {
		return r.Override.Entity
	}
	return r.Key().ID
}

// Label returns the canonical name, the first title or the overridden name.
func (r *Row) Label() string {
	switch {
	case r.Entity != nil:
		return r.Entity.Canonical
	case r.Position != nil && len(r.Position.Titles) > 0:
		return r.Position.Titles[0].Text
	case r.Override != nil:
		return r.Override.Name
	}
	return ""
}

// Differences names the fields in which the rows, of one key, differ.
func (r *Row) Differences(other *Row) []string {
	var fields []string
	differ := func(field string, differs bool) {
		if differs {
			fields = append(fields, field)
		}
	}
	switch {
	case r.Entity != nil && other.Entity != nil:
		a, b := r.Entity, other.Entity
		differ("kind", a.Kind != b.Kind)
		differ("canonical_name", a.Canonical != b.Canonical)
		differ("names", unequal(a.Names, b.Names))
		differ("relations", unequal(a.Relations, b.Relations))
		differ("roles", unequal(a.Roles, b.Roles))
		differ("external_ids", unequal(a.External, b.External))
		differ("former_ids", unequal(a.Redirects, b.Redirects))
		differ("prominence", a.Prominence != b.Prominence)
	case r.Position != nil && other.Position != nil:
		a, b := r.Position, other.Position
		differ("titles", unequal(a.Titles, b.Titles))
		differ("office", a.Office != b.Office)
		differ("jurisdiction_id", a.Jurisdiction != b.Jurisdiction)
		differ("organization_id", a.Organization != b.Organization)
	case r.Override != nil && other.Override != nil:
		a, b := r.Override, other.Override
		differ("name", a.Name != b.Name)
		differ("action", a.Deny != b.Deny)
		differ("note", a.Note != b.Note)
	}
	return fields
}

func unequal[T comparable](a, b []T) bool {
	if len(a) != len(b) {
		return true
	}
	for i := range a {
		if a[i] != b[i] {
			return true
		}
	}
	return false
}

// Encoded is a row as the database holds it. A nil body takes the row away.
type Encoded struct {
	Key
	Body []byte
}

// The body of a row is a run of varints and length-prefixed texts in the order
// of the fields. The source of names is that of the row and is not written.
// What stands first tells the format; it rises with any change. An entity that
// says nothing of its prominence differs from one that gives it as 0 in this
// byte alone.
const (
	bodyFormat      = 1
	unweighedFormat = 2
)

// Encode writes the row's body. Equal rows have equal bodies.
func (r *Row) Encode(body []byte) []byte {
	format := byte(bodyFormat)
	if r.Entity != nil && !r.Weighed && storedProminence(r.Entity) == 0 {
		format = unweighedFormat
	}
	body = append(body, format)
	switch {
	case r.Entity != nil:
		return encodeEntity(body, r.Entity)
	case r.Position != nil:
		p := r.Position
		body = appendText(body, p.Office)
		body = appendText(body, p.Jurisdiction)
		body = appendText(body, p.Organization)
		body = binary.AppendUvarint(body, uint64(len(p.Titles)))
		for _, t := range p.Titles {
			body = appendText(appendText(body, t.Text), t.Language)
		}
	case r.Override != nil:
		o := r.Override
		body = appendText(body, o.Name)
		deny := byte(0)
		if o.Deny {
			deny = 1
		}
		body = append(body, deny)
		body = appendText(appendText(body, o.Entity), o.Note)
	}
	return body
}

func encodeEntity(body []byte, e *fact.Entity) []byte {
	body = append(body, byte(e.Kind))
	body = appendText(body, e.Canonical)
	body = binary.AppendUvarint(body, storedProminence(e))
	body = binary.AppendUvarint(body, uint64(len(e.Names)))
	for i := range e.Names {
		n := &e.Names[i]
		body = append(body, byte(n.Kind))
		body = appendText(appendText(body, n.Text), n.Language)
		body = appendDates(body, n.From, n.To)
	}
	body = binary.AppendUvarint(body, uint64(len(e.Relations)))
	for _, r := range e.Relations {
		body = append(body, byte(r.Type), byte(r.Sector))
		body = appendDates(appendText(body, r.Target), r.From, r.To)
	}
	body = binary.AppendUvarint(body, uint64(len(e.Roles)))
	for _, r := range e.Roles {
		body = appendDates(appendText(body, r.Position), r.From, r.To)
	}
	body = binary.AppendUvarint(body, uint64(len(e.External)))
	for _, x := range e.External {
		body = appendText(appendText(body, x.Scheme), x.Value)
	}
	body = binary.AppendUvarint(body, uint64(len(e.Redirects)))
	for _, id := range e.Redirects {
		body = appendText(body, id)
	}
	return body
}

// prominenceScale keeps prominence to the precision of an index.
const prominenceScale = 65535

func storedProminence(e *fact.Entity) uint64 {
	return uint64(math.Round(e.Prominence * prominenceScale))
}

func appendText(body []byte, s string) []byte {
	return append(binary.AppendUvarint(body, uint64(len(s))), s...)
}

func appendDates(body []byte, from, to fact.Date) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(body, uint64(from)), uint64(to))
}

// errBody is a body that no version of this program has written.
var errBody = errors.New("the row's body is damaged")

// Decode reads a row of the source. The texts of the row share one copy of body.
func Decode(key Key, source string, body []byte) (Row, error) {
	d := decoder{rest: string(body)}
	format := d.byte()
	if format != bodyFormat && format != unweighedFormat {
		return Row{}, fmt.Errorf("row %q: %w: format %d, this program reads %d and %d", key.ID, errBody, format, bodyFormat, unweighedFormat)
	}
	var row Row
	switch key.Kind {
	case EntityRow:
		row.Entity = d.entity(key.ID, source)
		row.Weighed = format == bodyFormat
	case PositionRow:
		p := &fact.Position{ID: key.ID, Office: d.text(), Jurisdiction: d.text(), Organization: d.text()}
		p.Titles = make([]fact.Title, d.count())
		for i := range p.Titles {
			p.Titles[i] = fact.Title{Text: d.text(), Language: d.text()}
		}
		row.Position = p
	case OverrideRow:
		row.Override = &fact.Override{Name: d.text(), Deny: d.byte() == 1, Entity: d.text(), Note: d.text()}
	default:
		d.bad = true
	}
	if d.bad || d.rest != "" {
		return Row{}, fmt.Errorf("row %q of kind %d: %w", key.ID, key.Kind, errBody)
	}
	return row, nil
}

type decoder struct {
	rest string
	bad  bool
}

func (d *decoder) byte() byte {
	if d.rest == "" {
		d.bad = true
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *decoder) number() uint64 {
	var n uint64
	for shift := 0; shift < 64; shift += 7 {
		b := d.byte()
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
	d.bad = true
	return 0
}

func (d *decoder) text() string {
	n := d.number()
	if n > uint64(len(d.rest)) {
		d.bad = true
		return ""
	}
	s := d.rest[:n]
	d.rest = d.rest[n:]
	return s
}

// count reads the length of a list, each item of which takes a byte or more.
func (d *decoder) count() int {
	n := d.number()
	if n > uint64(len(d.rest)) {
		d.bad = true
		return 0
	}
	return int(n)
}

func (d *decoder) entity(id, source string) *fact.Entity {
	e := &fact.Entity{ID: id, Kind: fact.Kind(d.byte()), Canonical: d.text()}
	e.Prominence = float64(d.number()) / prominenceScale
	if n := d.count(); n > 0 {
		e.Names = make([]fact.Name, n)
	}
	for i := range e.Names {
		e.Names[i] = fact.Name{Kind: fact.NameKind(d.byte()), Text: d.text(), Language: d.text(), Source: source,
			From: fact.Date(d.number()), To: fact.Date(d.number())}
	}
	if n := d.count(); n > 0 {
		e.Relations = make([]fact.Relation, n)
	}
	for i := range e.Relations {
		e.Relations[i] = fact.Relation{Type: fact.RelationType(d.byte()), Sector: fact.Sector(d.byte()), Target: d.text(),
			From: fact.Date(d.number()), To: fact.Date(d.number())}
	}
	if n := d.count(); n > 0 {
		e.Roles = make([]fact.Role, n)
	}
	for i := range e.Roles {
		e.Roles[i] = fact.Role{Position: d.text(), From: fact.Date(d.number()), To: fact.Date(d.number())}
	}
	if n := d.count(); n > 0 {
		e.External = make([]fact.ExternalID, n)
	}
	for i := range e.External {
		e.External[i] = fact.ExternalID{Scheme: d.text(), Value: d.text()}
	}
	if n := d.count(); n > 0 {
		e.Redirects = make([]string, n)
	}
	for i := range e.Redirects {
		e.Redirects[i] = d.text()
	}
	return e
}
