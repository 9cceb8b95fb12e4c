package table

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// databaseFile is the name of the database in a data directory.
const databaseFile = "onoma.db"

// OpenSQLite opens the table in a data directory, which it makes when there is
// none. One process has it open at a time; another gets [ErrInUse].
func OpenSQLite(ctx context.Context, dir string) (Authority, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	release, err := lockDirectory(dir)
	if err != nil {
		return nil, err
	}
	s, err := openSQLite(ctx, filepath.Join(dir, databaseFile))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("data directory %s: %w", dir, err), release())
	}
	s.release = release
	return s, nil
}

// lockDirectory takes the lock that one process holds on a data directory. The
// system releases it however the process ends.
func lockDirectory(dir string) (release func() error, err error) {
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close() // nothing was written
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("data directory %s: %w", dir, ErrInUse)
		}
		return nil, fmt.Errorf("data directory %s: lock: %w", dir, err)
	}
	return file.Close, nil
}

func openSQLite(ctx context.Context, file string) (*store, error) {
	// One connection writes; it takes the lock at the beginning of a transaction.
	// Commits reach the disk before they are answered.
	const common = "_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=busy_timeout(30000)&_pragma=temp_store(file)"
	name := "file:" + (&url.URL{Path: file}).EscapedPath()
	write, err := sql.Open("sqlite", name+"?_txlock=immediate&_pragma=cache_size(-131072)&_pragma=journal_size_limit(67108864)&_pragma=wal_autocheckpoint(16384)&"+common)
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	read, err := sql.Open("sqlite", name+"?_pragma=query_only(1)&_pragma=cache_size(-16384)&"+common)
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	read.SetMaxOpenConns(8)
	s := &store{read: read, write: write, dialect: dialect{
		types:  map[string]string{"text": "TEXT", "blob": "BLOB"},
		useKey: "INDEXED BY fact_key",
		insert: insertSQLite,
	}}
	err = s.migrate(ctx)
	if err == nil {
		// Whoever was staging died with the process that had the directory open.
		_, err = s.exec(ctx, write, `UPDATE staging SET touched = 0`)
	}
	if err != nil {
		return nil, errors.Join(err, write.Close(), read.Close())
	}
	return s, nil
}

// rowsAtOnce is how many rows one INSERT of SQLite carries.
const rowsAtOnce = 50

func insertSQLite(ctx context.Context, s *store, first, source int64, rows []Encoded) error {
	return s.change(ctx, func(tx *sql.Tx) error {
		for from, size := 0, rowsAtOnce; from < len(rows); {
			if len(rows)-from < size {
				size = 1
			}
			insert, err := tx.PrepareContext(ctx, `INSERT INTO fact (n, source, kind, id, body) VALUES (?, ?, ?, ?, ?)`+
				strings.Repeat(`, (?, ?, ?, ?, ?)`, size-1))
			if err != nil {
				return fmt.Errorf("stage: %w", err)
			}
			args := make([]any, 5*size)
			for ; len(rows)-from >= size; from += size {
				for i, row := range rows[from : from+size] {
					var body any
					if row.Body != nil {
						body = row.Body
					}
					copy(args[5*i:], []any{first + int64(from+i), source, int64(row.Kind), row.ID, body})
				}
				if _, err := insert.ExecContext(ctx, args...); err != nil {
					_ = insert.Close() //nolint:sqlclosecheck // once a size, not at the end
					return fmt.Errorf("stage: %w", err)
				}
			}
			if err := insert.Close(); err != nil {
				return fmt.Errorf("stage: %w", err)
			}
		}
		return nil
	})
}
