package table

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"onoma/resolver/fact"
	"onoma/resolver/index"
)

// delta is what is said now of every row that has changed since a base was built.
// It becomes the layer over that base.
type delta struct {
	version   int64 // to which it brings the base
	entities  map[string]changedRow[fact.Entity]
	positions map[string]changedRow[fact.Position]
}

// changedRow is what the sources say of an ID, in the order in which they are heard;
// nothing when it is gone.
type changedRow[T any] struct {
	version int64 // of the last change, or one after it
	parts   []T
}

func newDelta(version int64) *delta {
	return &delta{version: version, entities: make(map[string]changedRow[fact.Entity]), positions: make(map[string]changedRow[fact.Position])}
}

func (d *delta) rows() int { return len(d.entities) + len(d.positions) }

// take notes what is said at a version of the keys that have changed up to it.
func (d *delta) take(version int64, keys []Key, rows map[Key][]said) {
	d.version = version
	for _, k := range keys {
		parts := rows[k]
		orderSources(parts)
		switch k.Kind {
		case EntityRow:
			d.entities[k.ID] = changedRow[fact.Entity]{version, entityParts(parts)}
		case PositionRow:
			row := changedRow[fact.Position]{version: version}
			if len(parts) > 0 {
				row.parts = append(row.parts, *parts[0].row.Position)
			}
			d.positions[k.ID] = row
		}
	}
}

// since returns what a base of a later version still needs.
func (d *delta) since(version int64) *delta {
	left := newDelta(max(version, d.version))
	for id, row := range d.entities {
		if row.version > version {
			left.entities[id] = row
		}
	}
	for id, row := range d.positions {
		if row.version > version {
			left.positions[id] = row
		}
	}
	return left
}

func (d *delta) keys() []Key {
	keys := make([]Key, 0, d.rows())
	for id := range d.positions {
		keys = append(keys, Key{PositionRow, id})
	}
	for id := range d.entities {
		keys = append(keys, Key{EntityRow, id})
	}
	return keys
}

// over returns the base with the delta as its layer.
func (d *delta) over(base *index.Index) (*index.Index, error) {
	if d.rows() == 0 {
		return base, nil
	}
	c := index.Changes{Entities: make([]fact.Entity, 0, len(d.entities)), Positions: make([]fact.Position, 0, len(d.positions))}
	// In the order of IDs, which the layer is built in: IDs are sorted faster than rows.
	for _, id := range slices.Sorted(maps.Keys(d.entities)) {
		row := d.entities[id]
		if len(row.parts) == 0 {
			c.Entities = append(c.Entities, fact.Entity{ID: id})
		}
		c.Entities = append(c.Entities, row.parts...)
	}
	for _, id := range slices.Sorted(maps.Keys(d.positions)) {
		row := d.positions[id]
		if len(row.parts) == 0 {
			c.Positions = append(c.Positions, fact.Position{ID: id})
		}
		c.Positions = append(c.Positions, row.parts...)
	}
	return base.With(c)
}

// current is what the authority says of some keys at its newest version.
type current struct {
	version   int64
	rows      map[Key][]said
	overrides []fact.Override
}

// current asks the authority for the rows with the keys. Of overrides, which stand
// beside the index, it asks for all if any is among the keys.
func (m *Mirror) current(ctx context.Context, keys []Key) (*current, error) {
	c := &current{rows: make(map[Key][]said)}
	ask := make([]Key, 0, len(keys))
	for _, k := range keys {
		if k.Kind == OverrideRow {
			k.ID = ""
			if slices.Contains(ask[:min(len(ask), 1)], k) {
				continue
			}
			ask = slices.Insert(ask, 0, k)
			continue
		}
		ask = append(ask, k)
	}
	// Keys that stand together in the database are asked for together.
	slices.SortFunc(ask, func(a, b Key) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID)) })
	version, err := m.authority.Current(ctx, ask, func(source string, encoded Encoded) error {
		row, err := Decode(encoded.Key, source, encoded.Body)
		if err != nil {
			return err
		}
		if row.Override != nil {
			c.overrides = append(c.overrides, *row.Override)
			return nil
		}
		c.rows[encoded.Key] = append(c.rows[encoded.Key], said{source, row})
		return nil
	})
	c.version = version
	return c, err
}
