package table

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"onoma/resolver/fact"
	"onoma/resolver/index"
	"onoma/resolver/seed"
)

// said is what one source says of a key.
type said struct {
	source string
	row    Row
}

// eachKey reads every row and calls visit with what the sources say of each key.
// Where they differ in what only one can say (kind, canonical name, prominence),
// the first is heard: they stand in the order of their names, the built-in table
// last.
func eachKey(ctx context.Context, a Authority, visit func(parts []said) error) (version int64, err error) {
	var parts []said
	var key Key
	flush := func() error {
		if len(parts) == 0 {
			return nil
		}
		orderSources(parts)
		err := visit(parts)
		parts = parts[:0]
		return err
	}
	version, err = a.All(ctx, func(source string, encoded Encoded) error {
		if encoded.Key != key {
			if err := flush(); err != nil {
				return err
			}
			key = encoded.Key
		}
		row, err := Decode(encoded.Key, source, encoded.Body)
		if err != nil {
			return fmt.Errorf("source %q: %w", source, err)
		}
		parts = append(parts, said{source, row})
		return nil
	})
	if err != nil {
		return 0, err
	}
	return version, flush()
}

func orderSources(parts []said) {
	if len(parts) < 2 {
		return
	}
	last := func(s *said) int {
		if s.source == seed.Source {
			return 1
		}
		return 0
	}
	slices.SortFunc(parts, func(a, b said) int { return cmp.Or(cmp.Compare(last(&a), last(&b)), cmp.Compare(a.source, b.source)) })
}

// entityParts are the parts of one entity.
func entityParts(parts []said) []fact.Entity {
	all := make([]fact.Entity, len(parts))
	for i := range parts {
		all[i] = named(*parts[i].row.Entity, parts[i].source)
	}
	return all
}

func (m *Mirror) buildInMemory(ctx context.Context) (*base, []fact.Override, error) {
	m.building.Lock()
	defer m.building.Unlock()
	var builder index.Builder
	var overrides []fact.Override
	version, err := eachKey(ctx, m.authority, func(parts []said) error {
		for i := range parts {
			switch row := &parts[i].row; {
			case row.Override != nil:
				overrides = append(overrides, *row.Override)
			case row.Position != nil:
				builder.AddPosition(*row.Position)
			default:
				builder.Add(named(*row.Entity, parts[i].source))
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	x, err := builder.Build()
	if err != nil {
		return nil, nil, err
	}
	return &base{index: x, version: version}, overrides, nil
}

// buildInFiles builds with so many goroutines, 0 for one a processor.
func (m *Mirror) buildInFiles(ctx context.Context, workers int) (_ *base, _ []fact.Override, err error) {
	m.building.Lock()
	defer m.building.Unlock()
	if err := os.MkdirAll(m.dir, 0o750); err != nil {
		return nil, nil, err
	}
	stream, err := index.NewStream(filepath.Join(m.dir, snapshotFile))
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, stream.Close()) }()
	stream.Workers = workers
	var overrides []fact.Override
	version, err := eachKey(ctx, m.authority, func(parts []said) error {
		switch {
		case parts[0].row.Override != nil:
			for i := range parts {
				overrides = append(overrides, *parts[i].row.Override)
			}
		case parts[0].row.Position != nil:
			stream.AddPosition(*parts[0].row.Position)
		default:
			return stream.Add(entityParts(parts)...)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	mapped, err := stream.Finish(ctx, index.Meta{Identity: m.authority.Identity(), Version: uint64(version), Published: time.Now()})
	if err != nil {
		return nil, nil, err
	}
	return &base{index: mapped.Index, version: version, mapped: mapped}, overrides, nil
}
