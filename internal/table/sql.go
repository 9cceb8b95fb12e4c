package table

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed schema/*.sql
var schema embed.FS

// store is the authority over database/sql. What the engines do otherwise is in
// its dialect.
type store struct {
	read, write *sql.DB
	dialect     dialect
	release     func() error // of what Open took beside the databases
	identity    string

	sweeping sync.Mutex // guards idle
	idle     map[int64]idle
}

// dialect is what one engine says in its own way.
type dialect struct {
	numbered   bool              // placeholders are $1, not ?
	types      map[string]string // of the schema's {{…}}
	forUpdate  string            // locks a row that is read in order to change it
	skipLocked string            // leaves what another is deleting to that one
	useKey     string            // makes a scan follow the index of keys
	snapshot   *sql.TxOptions    // a transaction that reads one moment
	lockSchema string            // keeps others from migrating at the same time
	analyze    string            // tells the planner what the table is like now
	announce   string            // wakes those who listen
	// listen is [Authority.Listen]; nil where nobody else publishes.
	listen func(ctx context.Context, tell func()) error
	// insert writes rows whose n starts at first.
	insert func(ctx context.Context, s *store, first, source int64, rows []Encoded) error
}

// rebind writes the placeholders as the engine wants them.
func (s *store) rebind(query string) string {
	if !s.dialect.numbered {
		return query
	}
	var b strings.Builder
	n := 0
	for i := 0; i < len(query); i++ {
		if query[i] != '?' {
			b.WriteByte(query[i])
			continue
		}
		n++
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}

// querier is a database or a transaction.
type querier interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	QueryRowContext(context.Context, string, ...any) *sql.Row
}

func (s *store) exec(ctx context.Context, q querier, query string, args ...any) (int64, error) {
	result, err := q.ExecContext(ctx, s.rebind(query), args...)
	if err != nil {
		return 0, fmt.Errorf("%.60s…: %w", strings.TrimSpace(query), err)
	}
	return result.RowsAffected()
}

// number reads one number; no row reads as 0.
func (s *store) number(ctx context.Context, q querier, query string, args ...any) (int64, error) {
	var n sql.NullInt64
	err := q.QueryRowContext(ctx, s.rebind(query), args...).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("%.60s…: %w", strings.TrimSpace(query), err)
	}
	return n.Int64, nil
}

// each runs a query and calls visit at every row.
func (s *store) each(ctx context.Context, q querier, query string, args []any, visit func(*sql.Rows) error) error {
	rows, err := q.QueryContext(ctx, s.rebind(query), args...)
	if err != nil {
		return fmt.Errorf("%.60s…: %w", strings.TrimSpace(query), err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := visit(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// change runs do in one transaction of the writer.
func (s *store) change(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	if err := do(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// moment runs do over one unchanging state.
func (s *store) moment(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := s.read.BeginTx(ctx, s.dialect.snapshot)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	return do(tx)
}

// migrate brings the schema up to what this program knows. A newer one is
// refused.
func (s *store) migrate(ctx context.Context) error {
	files, err := fs.Glob(schema, "schema/*.sql")
	if err != nil {
		return err
	}
	slices.Sort(files)
	return s.change(ctx, func(tx *sql.Tx) error {
		if s.dialect.lockSchema != "" {
			if _, err := s.exec(ctx, tx, s.dialect.lockSchema); err != nil {
				return err
			}
		}
		if _, err := s.exec(ctx, tx, `CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY)`); err != nil {
			return err
		}
		have, err := s.number(ctx, tx, `SELECT MAX(number) FROM migration`)
		if err != nil {
			return err
		}
		if have > int64(len(files)) {
			return fmt.Errorf("the database has schema %d, this program knows up to %d: use a newer program", have, len(files))
		}
		for i := int(have); i < len(files); i++ {
			text, err := schema.ReadFile(files[i])
			if err != nil {
				return err
			}
			script := string(text)
			for word, as := range s.dialect.types {
				script = strings.ReplaceAll(script, "{{"+word+"}}", as)
			}
			if _, err := tx.ExecContext(ctx, script); err != nil {
				return fmt.Errorf("%s: %w", files[i], err)
			}
			if _, err := s.exec(ctx, tx, `INSERT INTO migration (number) VALUES (?)`, i+1); err != nil {
				return err
			}
		}
		if _, err := s.exec(ctx, tx, `UPDATE head SET identity = ? WHERE identity = ''`, rand.Text()); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT identity FROM head`).Scan(&s.identity)
	})
}

func (s *store) Identity() string { return s.identity }

func (s *store) Close() error {
	err := s.write.Close()
	if s.read != s.write {
		err = errors.Join(err, s.read.Close())
	}
	if s.release != nil {
		err = errors.Join(err, s.release())
	}
	return err
}

func (s *store) Listen(ctx context.Context, tell func()) error {
	if s.dialect.listen == nil {
		return nil
	}
	return s.dialect.listen(ctx, tell)
}

func (s *store) Head(ctx context.Context) (int64, error) {
	return s.number(ctx, s.read, `SELECT version FROM head`)
}

func (s *store) Sources(ctx context.Context) ([]SourceState, error) {
	var found []SourceState
	err := s.each(ctx, s.read, `
		SELECT s.name, v.version, v.published FROM source s JOIN version v ON v.source = s.id
		WHERE v.version = (SELECT MAX(version) FROM version l WHERE l.source = s.id) ORDER BY s.name`, nil,
		func(rows *sql.Rows) error {
			var state SourceState
			var micros int64
			if err := rows.Scan(&state.Name, &state.Version, &micros); err != nil {
				return err
			}
			state.Published = time.UnixMicro(micros).UTC()
			found = append(found, state)
			return nil
		})
	return found, err
}

func (s *store) Versions(ctx context.Context, which VersionRange) ([]Version, error) {
	query := `SELECT v.version, s.name, v.operation, v.published, v.author, v.request, v.note,
		v.added, v.changed, v.removed, v.unchanged, v.restorable
		FROM version v JOIN source s ON s.id = v.source WHERE v.version > ?`
	args := []any{which.After}
	if which.Before > 0 {
		query += ` AND v.version < ?`
		args = append(args, which.Before)
	}
	if which.Source != "" {
		if id, err := s.sourceID(ctx, s.read, which.Source); err != nil {
			return nil, err
		} else if id == 0 {
			return nil, &UnknownSourceError{which.Source}
		}
		query += ` AND s.name = ?`
		args = append(args, which.Source)
	}
	order := " DESC"
	if which.Ascending {
		order = ""
	}
	query += ` ORDER BY v.version` + order + ` LIMIT ` + strconv.Itoa(which.Limit)
	var found []Version
	err := s.each(ctx, s.read, query, args, func(rows *sql.Rows) error {
		var v Version
		var micros, restorable int64
		err := rows.Scan(&v.Version, &v.Source, &v.Operation, &micros, &v.Author, &v.Request, &v.Note,
			&v.Counts.Added, &v.Counts.Changed, &v.Counts.Removed, &v.Counts.Unchanged, &restorable)
		v.Published, v.Restorable = time.UnixMicro(micros).UTC(), restorable != 0
		found = append(found, v)
		return err
	})
	return found, err
}

// sourceID returns the number of a source that has a version, or 0.
func (s *store) sourceID(ctx context.Context, q querier, source string) (int64, error) {
	return s.number(ctx, q, `SELECT id FROM source s WHERE name = ? AND EXISTS (SELECT 1 FROM version v WHERE v.source = s.id)`, source)
}

// published holds for rows whose batch has a version; %s is the row.
func published(row string) string {
	return `(` + row + `.n >> 32) IN (SELECT batch FROM version)`
}

func scanRow(rows *sql.Rows, before ...any) (Encoded, error) {
	var row Encoded
	var body sql.RawBytes
	err := rows.Scan(append(before, &row.Kind, &row.ID, &body)...)
	row.Body = body
	return row, err
}

func (s *store) Rows(ctx context.Context, source string, version int64, yield func(Encoded) error) error {
	return s.moment(ctx, func(tx *sql.Tx) error {
		id, err := s.sourceID(ctx, tx, source)
		if err != nil {
			return err
		}
		if id == 0 {
			return &UnknownSourceError{source}
		}
		head, err := s.number(ctx, tx, `SELECT version FROM head`)
		if err != nil {
			return err
		}
		if err := s.kept(ctx, tx, id, version, head); err != nil {
			return err
		}
		return s.each(ctx, tx, `SELECT f.kind, f.id, f.body FROM fact f
			JOIN version a ON a.batch = (f.n >> 32) LEFT JOIN version z ON z.batch = f.ended
			WHERE f.source = ? AND a.version <= ? AND (f.ended IS NULL OR z.version > ?) ORDER BY f.kind, f.id`,
			[]any{id, version, version}, func(rows *sql.Rows) error {
				row, err := scanRow(rows)
				if err != nil {
					return err
				}
				return yield(row)
			})
	})
}

// kept refuses versions of which rows of the source may have been swept out.
func (s *store) kept(ctx context.Context, q querier, source, version, head int64) error {
	oldest, err := s.number(ctx, q, `SELECT MIN(version) FROM version WHERE source = ? AND restorable = 1`, source)
	if err != nil {
		return err
	}
	trimmed, err := s.number(ctx, q, `SELECT COUNT(*) FROM version WHERE source = ? AND restorable = 0`, source)
	if err != nil {
		return err
	}
	if version > head || version < oldest && trimmed > 0 || version < 1 {
		return &TrimmedError{Version: version, Oldest: oldest, Newest: head}
	}
	return nil
}

func (s *store) All(ctx context.Context, yield func(source string, row Encoded) error) (head int64, err error) {
	err = s.moment(ctx, func(tx *sql.Tx) error {
		if head, err = s.number(ctx, tx, `SELECT version FROM head`); err != nil {
			return err
		}
		names, order, err := s.sourceNames(ctx, tx)
		if err != nil || len(order) == 0 {
			return err
		}
		// Each part comes along the index of keys, so that the whole is merged
		// without being sorted.
		part := `SELECT f.source, f.kind, f.id, f.body FROM fact f ` + s.dialect.useKey + ` WHERE f.source = ? AND f.ended IS NULL AND ` + published("f")
		query := part + strings.Repeat(` UNION ALL `+part, len(order)-1) + ` ORDER BY 2, 3`
		args := make([]any, len(order))
		for i, id := range order {
			args[i] = id
		}
		return s.each(ctx, tx, query, args, func(rows *sql.Rows) error {
			var source int64
			row, err := scanRow(rows, &source)
			if err != nil {
				return err
			}
			return yield(names[source], row)
		})
	})
	return head, err
}

// sourceNames returns the sources by number, and the numbers in the order of names.
func (s *store) sourceNames(ctx context.Context, q querier) (names map[int64]string, order []int64, err error) {
	names = make(map[int64]string)
	err = s.each(ctx, q, `SELECT id, name FROM source ORDER BY name`, nil, func(rows *sql.Rows) error {
		var id int64
		var name string
		err := rows.Scan(&id, &name)
		names[id], order = name, append(order, id)
		return err
	})
	return names, order, err
}

func (s *store) Changes(ctx context.Context, after, upTo int64, limit int) (keys []Key, more bool, err error) {
	err = s.moment(ctx, func(tx *sql.Tx) error {
		// Rows that ended in these versions may have been swept out.
		swept, err := s.number(ctx, tx, `SELECT COUNT(*) FROM version v WHERE v.version > ? AND v.version <= ?
			AND (SELECT MIN(version) FROM version r WHERE r.source = v.source AND r.restorable = 1) > ?
			AND EXISTS (SELECT 1 FROM version t WHERE t.source = v.source AND t.restorable = 0)`, after, upTo, after)
		if err != nil {
			return err
		}
		if swept > 0 {
			more = true
			return nil
		}
		var batches []int64
		err = s.each(ctx, tx, `SELECT batch FROM version WHERE version > ? AND version <= ? ORDER BY version`, []any{after, upTo},
			func(rows *sql.Rows) error {
				var batch int64
				err := rows.Scan(&batch)
				batches = append(batches, batch)
				return err
			})
		if err != nil {
			return err
		}
		seen := make(map[Key]bool)
		for _, batch := range batches {
			for _, query := range []string{`n >= ? AND n < ?`, `ended >= ? AND ended < ?`} {
				args := []any{batch << 32, (batch + 1) << 32}
				if strings.HasPrefix(query, "ended") {
					args = []any{batch, batch + 1}
				}
				err := s.each(ctx, tx, `SELECT kind, id FROM fact WHERE `+query+` LIMIT `+strconv.Itoa(limit+1), args, func(rows *sql.Rows) error {
					var key Key
					if err := rows.Scan(&key.Kind, &key.ID); err != nil {
						return err
					}
					if !seen[key] {
						seen[key] = true
						keys = append(keys, key)
					}
					return nil
				})
				if err != nil {
					return err
				}
				if len(keys) > limit {
					keys, more = nil, true
					return nil
				}
			}
		}
		return nil
	})
	return keys, more, err
}

// keysAtOnce is how many keys one query asks for.
const keysAtOnce = 400

func (s *store) Current(ctx context.Context, keys []Key, yield func(source string, row Encoded) error) (head int64, err error) {
	byKind := make(map[RowKind][]any)
	for _, k := range keys {
		byKind[k.Kind] = append(byKind[k.Kind], k.ID)
	}
	err = s.moment(ctx, func(tx *sql.Tx) error {
		if head, err = s.number(ctx, tx, `SELECT version FROM head`); err != nil {
			return err
		}
		names, order, err := s.sourceNames(ctx, tx)
		if err != nil {
			return err
		}
		for _, source := range order {
			for kind := PositionRow; kind <= OverrideRow; kind++ {
				for ids := range slices.Chunk(byKind[kind], keysAtOnce) {
					condition := ` AND f.id IN (?` + strings.Repeat(`, ?`, len(ids)-1) + `)`
					if slices.Contains(ids, any("")) {
						condition, ids = ``, nil
					}
					err := s.each(ctx, tx, `SELECT f.kind, f.id, f.body FROM fact f
						WHERE f.source = ? AND f.kind = ? AND f.ended IS NULL AND `+published("f")+condition+` ORDER BY f.id`,
						append([]any{source, kind}, ids...), func(rows *sql.Rows) error {
							row, err := scanRow(rows)
							if err != nil {
								return err
							}
							return yield(names[source], row)
						})
					if err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
	return head, err
}

func (s *store) Answered(ctx context.Context, request, fingerprint string) ([]byte, error) {
	return s.answered(ctx, s.read, request, fingerprint)
}

func (s *store) Amend(ctx context.Context, request string, answer []byte) error {
	_, err := s.exec(ctx, s.write, `UPDATE request SET result = ? WHERE id = ?`, answer, request)
	return err
}

func (s *store) answered(ctx context.Context, q querier, request, fingerprint string) ([]byte, error) {
	var had string
	var result []byte
	err := q.QueryRowContext(ctx, s.rebind(`SELECT fingerprint, result FROM request WHERE id = ? AND answered > ?`),
		request, time.Now().Add(-RequestLife).UnixMicro()).Scan(&had, &result)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("request_id: %w", err)
	case had != fingerprint:
		return nil, &ReusedError{request}
	}
	return result, nil
}

// sweepRows is how many rows one transaction of a sweep deletes: few enough that
// a publish never waits long for it.
const sweepRows = 20_000

func (s *store) Sweep(ctx context.Context) error { return s.sweep(ctx, stagingLife) }

func (s *store) sweep(ctx context.Context, life time.Duration) error {
	if _, err := s.exec(ctx, s.write, `DELETE FROM request WHERE answered < ?`, time.Now().Add(-RequestLife).UnixMicro()); err != nil {
		return err
	}
	for {
		n, err := s.exec(ctx, s.write, `DELETE FROM fact WHERE n IN (SELECT f.n FROM fact f JOIN version z ON z.batch = f.ended
			WHERE f.ended IS NOT NULL AND z.version <= (SELECT MIN(version) FROM version r WHERE r.source = f.source AND r.restorable = 1)
			LIMIT `+strconv.Itoa(sweepRows)+`)`)
		if err != nil {
			return err
		}
		if n < sweepRows {
			break
		}
	}
	if err := s.abandon(ctx, life); err != nil {
		return err
	}
	var batches []int64
	err := s.each(ctx, s.write, `SELECT batch FROM staging WHERE touched < 0`, nil, func(rows *sql.Rows) error {
		var batch int64
		err := rows.Scan(&batch)
		batches = append(batches, batch)
		return err
	})
	if err != nil {
		return err
	}
	for _, b := range batches {
		if err := s.drop(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// idle is when a batch was first seen as it still is.
type idle struct {
	touched int64
	since   time.Time
}

// abandon marks the batches that nobody has touched for as long as life, while this
// process looked: clocks of machines differ, and are set.
func (s *store) abandon(ctx context.Context, life time.Duration) error {
	s.sweeping.Lock()
	defer s.sweeping.Unlock()
	seen := make(map[int64]idle)
	err := s.each(ctx, s.write, `SELECT batch, touched FROM staging WHERE touched >= 0`, nil, func(rows *sql.Rows) error {
		var batch int64
		now := idle{since: time.Now()}
		err := rows.Scan(&batch, &now.touched)
		if had, ok := s.idle[batch]; ok && had.touched == now.touched {
			now = had
		}
		seen[batch] = now
		return err
	})
	if err != nil {
		return err
	}
	s.idle = seen
	for batch, was := range seen {
		if was.touched > 0 && time.Since(was.since) < life {
			continue
		}
		// A publish under way makes it wait: from here on the batch can be neither staged
		// nor published.
		if _, err := s.exec(ctx, s.write, `UPDATE staging SET touched = -1 WHERE batch = ? AND touched = ?`, batch, was.touched); err != nil {
			return err
		}
	}
	return nil
}

// drop deletes the rows of a batch that was not published.
func (s *store) drop(ctx context.Context, batch int64) error {
	for {
		n, err := s.exec(ctx, s.write, `DELETE FROM fact WHERE n IN (SELECT n FROM fact WHERE n >= ? AND n < ?
			AND NOT EXISTS (SELECT 1 FROM version WHERE batch = ?) LIMIT `+strconv.Itoa(sweepRows)+`)`,
			batch<<32, (batch+1)<<32, batch)
		if err != nil {
			return err
		}
		if n < sweepRows {
			break
		}
	}
	_, err := s.exec(ctx, s.write, `DELETE FROM staging WHERE batch = ?`, batch)
	return err
}
