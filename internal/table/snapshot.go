package table

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"onoma/resolver/index"
)

// snapshotFile is the name of the snapshot in a data directory.
const snapshotFile = "snapshot.onoma"

// unmapAfter is how long a mapped snapshot outlives the last reference to its
// index: answers under way may still hold its texts.
const unmapAfter = time.Minute

// openSnapshot returns the snapshot when there is one of this table that is not newer
// than the version, else nil. One that cannot be used is told of and left: the next
// snapshot takes its place.
func (m *Mirror) openSnapshot(version int64) *base {
	if m.dir == "" {
		return nil
	}
	m.removeUnfinished()
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
	} else if int64(mapped.Meta.Version) > version {
		m.log.Warn("the snapshot is of a later version; building anew", "file", path, "version", mapped.Meta.Version, "newest", version)
	} else {
		return &base{index: mapped.Index, version: int64(mapped.Meta.Version), mapped: mapped}
	}
	if err := mapped.Close(); err != nil {
		m.log.Warn("the snapshot could not be unmapped", "error", err)
	}
	return nil
}

// removeUnfinished removes what a process that was killed was writing.
func (m *Mirror) removeUnfinished() {
	for _, file := range []string{snapshotFile, journalFile} {
		if err := os.Remove(filepath.Join(m.dir, file+".new")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			m.log.Warn("an unfinished file could not be removed", "error", err)
		}
	}
}

// readJournal returns the keys that have changed since the base as far as they have
// been noted, and takes the delta to where they lead.
func (m *Mirror) readJournal(head int64) []Key {
	keys, upTo, j, err := openJournal(filepath.Join(m.dir, journalFile), m.authority.Identity(), m.base.version)
	if err == nil && upTo <= head {
		m.journal, m.delta.version = j, upTo
		return keys
	}
	if err == nil {
		err = fmt.Errorf("the journal leads to version %d, the table is at %d", upTo, head)
		err = errors.Join(err, j.close())
	}
	if !errors.Is(err, errJournal) {
		m.log.Warn("the journal is done without", "error", err)
	}
	m.beginJournal()
	return nil
}

// beginJournal begins the journal of a new base.
func (m *Mirror) beginJournal() {
	err := m.journal.close()
	m.journal = nil
	if m.dir != "" && m.base.mapped != nil && err == nil {
		m.journal, err = startJournal(filepath.Join(m.dir, journalFile), m.authority.Identity(), m.base.version, m.delta)
	}
	if err != nil {
		m.log.Warn("what changes cannot be noted; the next start may build anew", "error", err)
	}
}

// setBase makes b what the current table stands on, with a delta over it, and lets
// go of the base before it. Only its file waits to be unmapped: a table also has what
// was made of it in memory, which goes as soon as nobody reads it any more.
func (m *Mirror) setBase(b *base, d *delta) {
	first := m.base == nil
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
	m.base, m.delta = b, d
	m.since.Store(b.version)
	if !first || m.index != nil {
		m.beginJournal() // at the start on a snapshot, its journal goes on
	}
}
