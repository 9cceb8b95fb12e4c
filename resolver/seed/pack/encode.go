package pack

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/klauspost/compress/zstd"

	"onoma/resolver/fact"
)

// Encode writes the table. The same table gives the same bytes. It fails where
// an ID that a relation, role or position refers to is not in the table, where a
// canonical name is not among the entity's names, and on a duplicate ID.
func Encode(t *Table) ([]byte, error) {
	w := writer{
		entity:   make(map[string]uint64, len(t.Entities)),
		position: make(map[string]uint64, len(t.Positions)),
	}
	if err := w.table(t); err != nil {
		return nil, fmt.Errorf("encode seed: %w", err)
	}
	// One goroutine and a window over everything: the bytes depend on nothing
	// but the input.
	enc, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedBestCompression),
		zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(zstd.MaxWindowSize/16),
		zstd.WithEncoderCRC(true))
	if err != nil {
		return nil, fmt.Errorf("encode seed: %w", err)
	}
	defer enc.Close()
	return enc.EncodeAll(w.plain(), []byte(magic)), nil
}

// plain joins the columns.
func (w *writer) plain() []byte {
	plain := binary.AppendUvarint(nil, numColumns)
	for i := range w.column {
		plain = binary.AppendUvarint(plain, uint64(len(w.column[i])))
	}
	for i := range w.column {
		plain = append(plain, w.column[i]...)
	}
	return plain
}

type writer struct {
	column   [numColumns][]byte
	entity   map[string]uint64
	position map[string]uint64
	language indexer
	scheme   indexer
	office   indexer
	source   map[string]uint64 // row plus one
}

// indexer numbers strings in the order of the list it was given.
type indexer map[string]uint64

func (w *writer) put(column int, v uint64) {
	w.column[column] = binary.AppendUvarint(w.column[column], v)
}

// text appends a string to a text column and its length to the next.
func (w *writer) text(column int, s string) {
	w.column[column] = append(w.column[column], s...)
	w.put(column+1, uint64(len(s)))
}

func (w *writer) table(t *Table) error {
	if len(t.Sources) > MaxSources {
		return fmt.Errorf("%d sources; at most %d", len(t.Sources), MaxSources)
	}
	if len(t.From) != len(t.Entities) {
		return fmt.Errorf("%d source sets for %d entities", len(t.From), len(t.Entities))
	}
	for i := range t.Entities {
		id := t.Entities[i].ID
		if _, ok := w.entity[id]; ok {
			return fmt.Errorf("entity %s stands twice", id)
		}
		w.entity[id] = uint64(i)
	}
	for i := range t.Positions {
		id := t.Positions[i].ID
		if _, ok := w.position[id]; ok {
			return fmt.Errorf("position %s stands twice", id)
		}
		w.position[id] = uint64(i)
	}
	w.source = make(map[string]uint64, len(t.Sources))
	for i, s := range t.Sources {
		w.source[s.Name] = uint64(i) + 1
	}
	languages, schemes, offices := vocabularies(t)
	w.language, w.scheme, w.office = number(languages), number(schemes), number(offices)

	var names, relations, roles, externals, redirects, titles int
	for i := range t.Entities {
		e := &t.Entities[i]
		names += len(e.Names)
		relations += len(e.Relations)
		roles += len(e.Roles)
		externals += len(e.External)
		redirects += len(e.Redirects)
	}
	for i := range t.Positions {
		titles += len(t.Positions[i].Titles)
	}
	officeTitles := 0
	for i := range t.Offices {
		officeTitles += len(t.Offices[i].Titles)
	}
	for _, n := range []int{len(t.Sources), len(languages), len(schemes), len(offices), len(t.Positions), len(t.Entities),
		names, relations, roles, externals, redirects, titles, len(t.Offices), officeTitles} {
		w.put(colCounts, uint64(n))
	}
	for _, s := range t.Sources {
		w.text(colText, s.Name)
		w.text(colText, s.Text)
	}
	for _, list := range [][]string{languages, schemes, offices} {
		for _, s := range list {
			w.text(colText, s)
		}
	}
	for i := range t.Positions {
		if err := w.putPosition(&t.Positions[i]); err != nil {
			return err
		}
	}
	for i := range t.Offices {
		if err := w.putOffice(&t.Offices[i]); err != nil {
			return err
		}
	}
	for i := range t.Entities {
		if err := w.putEntity(&t.Entities[i], t.From[i]); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) putPosition(p *fact.Position) error {
	w.text(colID, p.ID)
	w.put(colPosition, w.office[p.Office])
	for _, id := range []string{p.Jurisdiction, p.Organization} {
		ref, err := w.optional(id)
		if err != nil {
			return fmt.Errorf("position %s: %w", p.ID, err)
		}
		w.put(colPosition, ref)
	}
	w.put(colPosition, uint64(len(p.Titles)))
	for _, t := range p.Titles {
		w.put(colTitleLang, w.language[t.Language])
		w.text(colText, t.Text)
	}
	return nil
}

func (w *writer) putOffice(o *Office) error {
	w.text(colText, o.Class)
	w.put(colOffice, uint64(len(o.Titles)))
	for _, t := range o.Titles {
		w.text(colText, t.Text)
		w.put(colOffice, w.language[t.Language])
		w.put(colOffice, uint64(len(t.Only)))
		for _, id := range t.Only {
			row, ok := w.entity[id]
			if !ok {
				return fmt.Errorf("office %s: country %s is not in the table", o.Class, id)
			}
			w.put(colOffice, row)
		}
	}
	return nil
}

// optional gives the row of an entity plus one, and 0 for none.
func (w *writer) optional(id string) (uint64, error) {
	if id == "" {
		return 0, nil
	}
	row, ok := w.entity[id]
	if !ok {
		return 0, fmt.Errorf("entity %s is not in the table", id)
	}
	return row + 1, nil
}

func (w *writer) putEntity(e *fact.Entity, from uint64) error {
	canonical := -1
	for i := range e.Names {
		if e.Names[i].Text == e.Canonical {
			canonical = i
			break
		}
	}
	if canonical < 0 {
		return fmt.Errorf("entity %s: canonical name %q is not among its names", e.ID, e.Canonical)
	}
	if e.Prominence < 0 || e.Prominence > 1 {
		return fmt.Errorf("entity %s: prominence %g is outside 0 to 1", e.ID, e.Prominence)
	}
	w.text(colID, e.ID)
	w.column[colKind] = append(w.column[colKind], byte(e.Kind))
	w.put(colCanonical, uint64(canonical))
	for _, n := range []int{len(e.Names), len(e.Relations), len(e.Roles), len(e.External), len(e.Redirects)} {
		w.put(colListLen, uint64(n))
	}
	w.put(colProminence, uint64(math.Round(e.Prominence*prominenceScale)))
	w.put(colFrom, from)
	for _, n := range e.Names {
		w.text(colName, n.Text)
		w.put(colLanguage, w.language[n.Language])
		kind := byte(n.Kind)
		if n.From != 0 || n.To != 0 {
			kind |= dateFlag
			w.put(colNameDate, uint64(n.From))
			w.put(colNameDate, uint64(n.To))
		}
		w.column[colNameKind] = append(w.column[colNameKind], kind)
		source, ok := w.source[n.Source]
		if !ok && n.Source != "" {
			return fmt.Errorf("entity %s: name %q: source %q is not declared", e.ID, n.Text, n.Source)
		}
		w.put(colNameSource, source)
	}
	for _, r := range e.Relations {
		target, ok := w.entity[r.Target]
		if !ok {
			return fmt.Errorf("entity %s: %s of %s, which is not in the table", e.ID, r.Type, r.Target)
		}
		for _, v := range []uint64{uint64(r.Type), uint64(r.Sector), target, uint64(r.From), uint64(r.To)} {
			w.put(colRelation, v)
		}
	}
	for _, r := range e.Roles {
		row, ok := w.position[r.Position]
		if !ok {
			return fmt.Errorf("entity %s: position %s is not in the table", e.ID, r.Position)
		}
		w.put(colRole, row)
		w.put(colRole, uint64(r.From))
		to := uint64(0) // open
		if r.To != 0 {
			if r.To < r.From {
				// A coarser end ("2010" after "2010-05") packs below its start.
				to = uint64(r.From-r.To)<<1 | 1
			} else {
				to = uint64(r.To-r.From+1) << 1
			}
		}
		w.put(colRoleTo, to)
	}
	for _, x := range e.External {
		w.put(colScheme, w.scheme[x.Scheme])
		w.text(colText, x.Value)
	}
	for _, id := range e.Redirects {
		w.text(colText, id)
	}
	return nil
}
