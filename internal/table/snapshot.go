package table

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"runtime"
	"time"

	"onoma/resolver/fact"
	"onoma/resolver/index"
)

// snapshotFile is the name of the snapshot in a data directory.
const snapshotFile = "snapshot.onoma"

// unmapAfter is how long a mapped snapshot outlives the last reference to its
// index: answers under way may still hold its texts.
const unmapAfter = time.Minute

// openSnapshot returns the snapshot when there is one of this table whose index is
// that of the version, else nil. One that cannot be used is told of and left: the next
// snapshot takes its place.
func (m *Mirror) openSnapshot(ctx context.Context, version int64) *base {
	if m.dir == "" {
		return nil
	}
	path := filepath.Join(m.dir, snapshotFile)
	mapped, err := index.OpenFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		m.log.Warn("the snapshot is refused; building anew", "error", err)
		return nil
	}
	if mapped.Meta.Identity != m.authority.Identity() {
		m.log.Warn("the snapshot is of another table; building anew", "file", path)
	} else if same, err := m.sameIndex(ctx, int64(mapped.Meta.Version), version); err != nil || !same || int64(mapped.Meta.Version) > version {
		m.log.Info("the snapshot is of another version; building anew", "file", path, "version", mapped.Meta.Version, "newest", version)
	} else {
		return &base{index: mapped.Index, version: int64(mapped.Meta.Version), mapped: mapped}
	}
	if err := mapped.Close(); err != nil {
		m.log.Warn("the snapshot could not be unmapped", "error", err)
	}
	return nil
}

// adopt answers from an index that still holds, with the overrides as they are.
func (m *Mirror) adopt(ctx context.Context, b *base) error {
	overrides, version, err := m.overrides(ctx)
	if err != nil {
		return err
	}
	if same, err := m.sameIndex(ctx, b.version, version); err != nil {
		return err
	} else if !same {
		return m.rebuild(ctx) // somebody published meanwhile
	}
	return m.install(ctx, b.index, version, overrides)
}

// overrides reads the overrides of all sources.
func (m *Mirror) overrides(ctx context.Context) (all []fact.Override, version int64, err error) {
	version, err = m.authority.Current(ctx, []Key{{Kind: OverrideRow}}, func(source string, encoded Encoded) error {
		row, err := Decode(encoded.Key, source, encoded.Body)
		if err != nil {
			return err
		}
		all = append(all, *row.Override)
		return nil
	})
	return all, version, err
}

// replaceBase makes b what the current table stands on, and lets go of the base
// before it. Only its file waits to be unmapped: a table also has what was made
// of it in memory, which goes as soon as nobody reads it any more.
func (m *Mirror) replaceBase(b *base) {
	if old := m.base; old != nil && old.mapped != nil {
		log := m.log
		runtime.AddCleanup(old.mapped, func(file *index.Mapping) {
			time.AfterFunc(unmapAfter, func() {
				if err := file.Close(); err != nil {
					log.Warn("an old snapshot could not be unmapped", "error", err)
				}
			})
		}, old.mapped.Mapping)
	}
	m.base = b
}
