package table

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// OpenPostgres opens the table in PostgreSQL, or in what speaks its protocol. The
// URL is libpq's. Any number of processes may have it open: publishes take turns
// on the lock of one row.
func OpenPostgres(ctx context.Context, url string) (Authority, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "onoma"
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(16)
	s := &store{read: db, write: db, dialect: dialect{
		numbered:   true,
		types:      map[string]string{"text": `TEXT COLLATE "C"`, "blob": "BYTEA"},
		forUpdate:  " FOR UPDATE",
		skipLocked: " FOR UPDATE OF f SKIP LOCKED",
		snapshot:   &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
		insert:     insertPostgres,
		lockSchema: `SELECT pg_advisory_xact_lock(7461001)`,
		analyze:    `ANALYZE (SKIP_LOCKED) fact`, // a publish does not wait for a vacuum
		announce:   `NOTIFY ` + channel,
		listen:     func(ctx context.Context, tell func()) error { return listenPostgres(ctx, config, tell) },
	}}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("postgres: %w", err), s.Close())
	}
	return s, nil
}

// insertPostgres stages rows with COPY.
func insertPostgres(ctx context.Context, s *store, first, source int64, rows []Encoded) error {
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return fmt.Errorf("stage: %w", err)
	}
	defer conn.Close()
	return conn.Raw(func(driver any) error {
		raw := driver.(*stdlib.Conn).Conn()
		i := -1
		_, err := raw.CopyFrom(ctx, pgx.Identifier{"fact"}, []string{"n", "source", "kind", "id", "body"},
			pgx.CopyFromFunc(func() ([]any, error) {
				if i++; i == len(rows) {
					return nil, nil
				}
				row := &rows[i]
				return []any{first + int64(i), source, int32(row.Kind), row.ID, row.Body}, nil
			}))
		if err != nil {
			return fmt.Errorf("stage: %w", err)
		}
		return nil
	})
}

// channel is where a publish is told of. It is the database's own: tables in other
// schemas of it wake each other in vain.
const channel = "onoma_published"

func listenPostgres(ctx context.Context, config *pgx.ConnConfig, tell func()) (err error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(ctx) // what is lost with it, polling finds
	}()
	if _, err := conn.Exec(ctx, `LISTEN `+channel); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	for {
		tell() // at first of what was published before
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return fmt.Errorf("listen: %w", err)
		}
	}
}

// PollPostgres is how often a mirror asks PostgreSQL whether others have written.
const PollPostgres = 500 * time.Millisecond
