package pack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/klauspost/compress/zstd"

	"onoma/resolver/fact"
)

// ErrFormat is wrapped by every error that [Decode] gives for bytes that are no
// table of this format.
var ErrFormat = errors.New("not a seed of this format")

// maxPlain bounds the decompressed size, so that a damaged file cannot ask for
// the whole memory.
const maxPlain = 256 << 20

// Decode reads what [Encode] wrote. The strings of the table share one buffer
// and its lists a few arrays; nothing refers to data.
func Decode(data []byte) (*Table, error) {
	if !strings.HasPrefix(string(data[:min(len(data), len(magic))]), magic) {
		return nil, fmt.Errorf("%w: it does not begin with %q", ErrFormat, magic)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxPlain))
	if err != nil {
		return nil, fmt.Errorf("decode seed: %w", err)
	}
	defer dec.Close()
	plain, err := dec.DecodeAll(data[len(magic):], nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	r, err := newReader(plain)
	if err != nil {
		return nil, err
	}
	return r.table()
}

// column is a run of varints or bytes that is read from its front.
type column struct {
	data []byte
	bad  bool
}

func (c *column) next() uint64 {
	// Nine values in ten are below 128.
	if len(c.data) > 0 && c.data[0] < 0x80 {
		v := c.data[0]
		c.data = c.data[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(c.data)
	if n <= 0 {
		c.bad, c.data = true, nil
		return 0
	}
	c.data = c.data[n:]
	return v
}

func (c *column) byte() byte {
	if len(c.data) == 0 {
		c.bad = true
		return 0
	}
	b := c.data[0]
	c.data = c.data[1:]
	return b
}

type reader struct {
	column [numColumns]column
	text   [numColumns]string // of the text columns, what is left to read
	size   int                // of everything
	bad    bool
}

func newReader(plain []byte) (*reader, error) {
	r := &reader{size: len(plain)}
	head := column{data: plain}
	if n := head.next(); n != numColumns {
		return nil, fmt.Errorf("%w: %d columns, want %d", ErrFormat, n, numColumns)
	}
	var length [numColumns]uint64
	total := uint64(0)
	for i := range length {
		length[i] = head.next()
		total += length[i]
		if length[i] > maxPlain {
			return nil, fmt.Errorf("%w: column %d has %d bytes", ErrFormat, i, length[i])
		}
	}
	if head.bad || total != uint64(len(head.data)) {
		return nil, fmt.Errorf("%w: columns of %d bytes in %d", ErrFormat, total, len(head.data))
	}
	rest, text := head.data, string(head.data)
	for i := range length {
		r.column[i].data, rest = rest[:length[i]], rest[length[i]:]
		r.text[i], text = text[:length[i]], text[length[i]:]
	}
	return r, nil
}

// string takes the next string of a text column.
func (r *reader) string(col int) string {
	n := r.column[col+1].next()
	if n > uint64(len(r.text[col])) {
		r.bad = true
		return ""
	}
	s := r.text[col][:n]
	r.text[col] = r.text[col][n:]
	return s
}

// pick is list[i], or the zero value when the file is damaged.
func pick[T any](r *reader, list []T, i uint64) (v T) {
	if i >= uint64(len(list)) {
		r.bad = true
		return v
	}
	return list[i]
}

// carve takes the next n of an array as a list of its own, nil when n is 0.
func carve[T any](r *reader, array *[]T, n uint64) []T {
	if n == 0 {
		return nil
	}
	if n > uint64(len(*array)) {
		r.bad = true
		return nil
	}
	list := (*array)[:n:n]
	*array = (*array)[n:]
	return list
}

func (r *reader) table() (*Table, error) {
	var count [14]uint64
	for i := range count {
		count[i] = r.column[colCounts].next()
		// Everything counted takes at least a byte somewhere.
		if count[i] > uint64(r.size) {
			return nil, fmt.Errorf("%w: count %d is %d", ErrFormat, i, count[i])
		}
	}
	t := &Table{
		Sources:   make([]Source, count[0]),
		Positions: make([]fact.Position, count[4]),
		Entities:  make([]fact.Entity, count[5]),
		From:      make([]uint64, count[5]),
		Offices:   make([]Office, count[12]),
	}
	for i := range t.Sources {
		t.Sources[i] = Source{Name: r.string(colText), Text: r.string(colText)}
	}
	languages := r.strings(count[1])
	schemes := r.strings(count[2])
	offices := r.strings(count[3])

	titles := make([]fact.Title, count[11])
	jurisdictions := make([][2]uint64, len(t.Positions))
	for i := range t.Positions {
		p := &t.Positions[i]
		col := &r.column[colPosition]
		p.ID = r.string(colID)
		p.Office = pick(r, offices, col.next())
		jurisdictions[i] = [2]uint64{col.next(), col.next()}
		p.Titles = carve(r, &titles, col.next())
		for j := range p.Titles {
			p.Titles[j] = fact.Title{Language: pick(r, languages, r.column[colTitleLang].next()), Text: r.string(colText)}
		}
	}

	// IDs first: relations refer forward.
	for i := range t.Entities {
		t.Entities[i].ID = r.string(colID)
	}
	officeTitles := make([]OfficeTitle, count[13])
	for i := range t.Offices {
		r.office(&t.Offices[i], t, &officeTitles, languages)
	}
	for i, ref := range jurisdictions {
		t.Positions[i].Jurisdiction = r.optional(t, ref[0])
		t.Positions[i].Organization = r.optional(t, ref[1])
	}
	names := make([]fact.Name, count[6])
	relations := make([]fact.Relation, count[7])
	roles := make([]fact.Role, count[8])
	externals := make([]fact.ExternalID, count[9])
	redirects := make([]string, count[10])
	for i := range t.Entities {
		e := &t.Entities[i]
		lens := &r.column[colListLen]
		e.Kind = fact.Kind(r.column[colKind].byte())
		e.Names = carve(r, &names, lens.next())
		e.Relations = carve(r, &relations, lens.next())
		e.Roles = carve(r, &roles, lens.next())
		e.External = carve(r, &externals, lens.next())
		e.Redirects = carve(r, &redirects, lens.next())
		e.Prominence = float64(r.column[colProminence].next()) / prominenceScale
		t.From[i] = r.column[colFrom].next()
		for j := range e.Names {
			r.name(&e.Names[j], languages, t.Sources)
		}
		e.Canonical = pick(r, e.Names, r.column[colCanonical].next()).Text
		for j := range e.Relations {
			col := &r.column[colRelation]
			e.Relations[j] = fact.Relation{
				Type:   fact.RelationType(col.next()),
				Sector: fact.Sector(col.next()),
				Target: pick(r, t.Entities, col.next()).ID,
				From:   fact.Date(col.next()),
				To:     fact.Date(col.next()),
			}
		}
		for j := range e.Roles {
			e.Roles[j] = r.role(t.Positions)
		}
		for j := range e.External {
			e.External[j] = fact.ExternalID{Scheme: pick(r, schemes, r.column[colScheme].next()), Value: r.string(colText)}
		}
		for j := range e.Redirects {
			e.Redirects[j] = r.string(colText)
		}
	}
	return t, r.err()
}

func (r *reader) strings(n uint64) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = r.string(colText)
	}
	return list
}

func (r *reader) optional(t *Table, ref uint64) string {
	if ref == 0 {
		return ""
	}
	return pick(r, t.Entities, ref-1).ID
}

func (r *reader) office(o *Office, t *Table, titles *[]OfficeTitle, languages []string) {
	col := &r.column[colOffice]
	o.Class = r.string(colText)
	o.Titles = carve(r, titles, col.next())
	for i := range o.Titles {
		title := &o.Titles[i]
		title.Text = r.string(colText)
		title.Language = pick(r, languages, col.next())
		only := col.next()
		if only > uint64(len(t.Entities)) {
			r.bad = true
			return
		}
		for range only {
			title.Only = append(title.Only, pick(r, t.Entities, col.next()).ID)
		}
	}
}

func (r *reader) name(n *fact.Name, languages []string, sources []Source) {
	n.Text = r.string(colName)
	n.Language = pick(r, languages, r.column[colLanguage].next())
	if source := r.column[colNameSource].next(); source > 0 {
		n.Source = pick(r, sources, source-1).Name
	}
	kind := r.column[colNameKind].byte()
	n.Kind = fact.NameKind(kind &^ dateFlag)
	if kind&dateFlag != 0 {
		n.From = fact.Date(r.column[colNameDate].next())
		n.To = fact.Date(r.column[colNameDate].next())
	}
}

func (r *reader) role(positions []fact.Position) fact.Role {
	role := fact.Role{
		Position: pick(r, positions, r.column[colRole].next()).ID,
		From:     fact.Date(r.column[colRole].next()),
	}
	switch to := r.column[colRoleTo].next(); {
	case to == 0:
	case to&1 == 1:
		role.To = role.From - fact.Date(to>>1)
	default:
		role.To = role.From + fact.Date(to>>1) - 1
	}
	return role
}

// err reports whether every column was read to its end and not past it.
func (r *reader) err() error {
	if r.bad {
		return fmt.Errorf("%w: a reference points outside its list", ErrFormat)
	}
	for i := range r.column {
		text := i == colID || i == colName || i == colText
		if r.column[i].bad {
			return fmt.Errorf("%w: column %d ends early", ErrFormat, i)
		}
		if rest := len(r.column[i].data); !text && rest > 0 {
			return fmt.Errorf("%w: column %d has %d bytes too many", ErrFormat, i, rest)
		}
		if rest := len(r.text[i]); text && rest > 0 {
			return fmt.Errorf("%w: column %d has %d bytes too many", ErrFormat, i, rest)
		}
	}
	return nil
}
