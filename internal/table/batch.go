package table

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// batch is a [Batch] of a store.
type batch struct {
	store  *store
	number int64
	staged int64 // rows, of which some may be gone again
	// removals counts those of them without a body, unstaged those taken out again.
	removals, unstaged int64
	// unweighed tells that entities among them say nothing of their prominence.
	unweighed bool
	done      bool
	source    map[string]int64
}

// maxStaged bounds the rows of one batch, whose places are 32 bits.
const maxStaged = 1<<32 - 1

func (s *store) Begin(ctx context.Context) (Batch, error) {
	b := &batch{store: s, source: make(map[string]int64)}
	err := s.change(ctx, func(tx *sql.Tx) error {
		if _, err := s.exec(ctx, tx, `UPDATE head SET batch = batch + 1`); err != nil {
			return err
		}
		var err error
		if b.number, err = s.number(ctx, tx, `SELECT batch FROM head`); err != nil {
			return err
		}
		_, err = s.exec(ctx, tx, `INSERT INTO staging (batch, touched) VALUES (?, ?)`, b.number, time.Now().UnixMicro())
		return err
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

func (b *batch) low() int64  { return b.number << 32 }
func (b *batch) high() int64 { return (b.number + 1) << 32 }

// sourceNumber returns the number of the source, which is made when new.
func (b *batch) sourceNumber(ctx context.Context, source string) (int64, error) {
	if id, ok := b.source[source]; ok {
		return id, nil
	}
	s := b.store
	// Two makers of new sources may choose the same number: the second finds it
	// taken and tries the next.
	for range 100 {
		id, err := s.number(ctx, s.write, `SELECT id FROM source WHERE name = ?`, source)
		if err != nil {
			return 0, err
		}
		if id > 0 {
			b.source[source] = id
			return id, nil
		}
		if _, err := s.exec(ctx, s.write, `INSERT INTO source (id, name) SELECT COALESCE(MAX(id), 0) + 1, CAST(? AS TEXT) FROM source WHERE 1 = 1
			ON CONFLICT DO NOTHING`, source); err != nil {
			return 0, err
		}
	}
	return 0, fmt.Errorf("source %q: others made sources all the while", source)
}

func (b *batch) Stage(ctx context.Context, source string, rows []Encoded) error {
	if len(rows) == 0 {
		return nil
	}
	if b.staged+int64(len(rows)) > maxStaged {
		return fmt.Errorf("a write has more than %d rows", int64(maxStaged))
	}
	id, err := b.sourceNumber(ctx, source)
	if err != nil {
		return err
	}
	if err := b.store.dialect.insert(ctx, b.store, b.low()+b.staged, id, rows); err != nil {
		return err
	}
	b.staged += int64(len(rows))
	for i := range rows {
		switch body := rows[i].Body; {
		case body == nil:
			b.removals++
		case len(body) > 0 && body[0] == unweighedFormat:
			b.unweighed = true
		}
	}
	return b.touch(ctx, b.store.write)
}

// touch tells that the batch is still wanted. One that nobody touched for long
// may have been swept out, in whole or in part: it can never be published.
func (b *batch) touch(ctx context.Context, q querier) error {
	n, err := b.store.exec(ctx, q, `UPDATE staging SET touched = ? WHERE batch = ? AND touched >= 0`, time.Now().UnixMicro(), b.number)
	if err == nil && n == 0 {
		err = ErrAbandoned
	}
	return err
}

func (b *batch) Has(ctx context.Context, source string, key Key) (bool, error) {
	id, err := b.sourceNumber(ctx, source)
	if err != nil {
		return false, err
	}
	n, err := b.store.number(ctx, b.store.read, `SELECT n FROM fact WHERE source = ? AND kind = ? AND id = ? AND n >= ? AND n < ?`,
		id, key.Kind, key.ID, b.low(), b.high())
	return n > 0, err
}

func (b *batch) Unstage(ctx context.Context, source string, keys []Key) error {
	id, err := b.sourceNumber(ctx, source)
	if err != nil {
		return err
	}
	return b.store.change(ctx, func(tx *sql.Tx) error {
		for _, k := range keys {
			n, err := b.store.exec(ctx, tx, `DELETE FROM fact WHERE source = ? AND kind = ? AND id = ? AND n >= ? AND n < ?`,
				id, k.Kind, k.ID, b.low(), b.high())
			if err != nil {
				return err
			}
			b.unstaged += n
		}
		return nil
	})
}

func (b *batch) Discard(ctx context.Context) error {
	if b.done {
		return nil
	}
	b.done = true
	return b.store.drop(ctx, b.number)
}

// analyzeFrom is the size of a batch from which the planner is told of its rows before
// they are published. PostgreSQL itself looks at a table that has grown a minute later
// or more, and takes it for all but empty until then: this publish, the small ones
// after it and whoever follows them would read all of it for each of their rows.
const analyzeFrom = 10_000

// errDry ends the transaction of a dry run.
var errDry = errors.New("dry run")

func (b *batch) Publish(ctx context.Context, p Publish) (Published, error) {
	s := b.store
	source, err := b.sourceNumber(ctx, p.Source)
	if err != nil {
		return Published{}, err
	}
	if s.dialect.analyze != "" && b.staged >= analyzeFrom {
		_, _ = s.exec(ctx, s.write, s.dialect.analyze) // a help: without it the same is done, slower
	}
	var result Published
	err = s.change(ctx, func(tx *sql.Tx) error {
		head, err := s.number(ctx, tx, `SELECT version FROM head`+s.dialect.forUpdate)
		if err != nil {
			return err
		}
		if p.Request != "" {
			if result.Answer, err = s.answered(ctx, tx, p.Request, p.Fingerprint); err != nil {
				return err
			}
			if result.Answer != nil {
				result.Replayed = true
				return errDry
			}
		}
		last, err := s.number(ctx, tx, `SELECT MAX(version) FROM version WHERE source = ?`, source)
		if err != nil {
			return err
		}
		if p.Base != nil && last > *p.Base {
			return &StaleError{p.Source, *p.Base, last}
		}
		if p.Restore > 0 {
			if err := b.restore(ctx, tx, source, p, head, last); err != nil {
				return err
			}
		}
		if err := b.touch(ctx, tx); err != nil {
			return err
		}
		if err := b.apply(ctx, tx, source, p, last > 0, &result); err != nil {
			return err
		}
		result.Version = head
		c := result.Counts
		if c.Added+c.Changed+c.Removed > 0 {
			result.New = !p.DryRun
			if result.New {
				result.Version = head + 1
			}
		}
		if p.DryRun {
			return errDry
		}
		if result.New {
			if err := b.enter(ctx, tx, source, p, &result); err != nil {
				return err
			}
		}
		return b.remember(ctx, tx, p, &result)
	})
	if err != nil && !errors.Is(err, errDry) {
		return Published{}, err
	}
	if err == nil {
		b.done = true
	}
	if result.New && s.dialect.announce != "" {
		_, _ = s.exec(ctx, s.write, s.dialect.announce) // a nudge: who misses it polls
	}
	return result, nil
}

// enter writes the version into the history.
func (b *batch) enter(ctx context.Context, tx *sql.Tx, source int64, p Publish, result *Published) error {
	s, c := b.store, result.Counts
	_, err := s.exec(ctx, tx, `INSERT INTO version (version, batch, source, operation, published, author, request, note,
		added, changed, removed, unchanged, restorable) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)`,
		result.Version, b.number, source, p.Operation, time.Now().UnixMicro(), p.Author, p.Request, p.Note,
		c.Added, c.Changed, c.Removed, c.Unchanged)
	if err != nil {
		return err
	}
	if _, err := s.exec(ctx, tx, `UPDATE head SET version = ?`, result.Version); err != nil {
		return err
	}
	keep := cmp.Or(p.Keep, DefaultKeep)
	_, err = s.exec(ctx, tx, `UPDATE version SET restorable = 0 WHERE source = ? AND restorable = 1 AND version <= (
		SELECT COALESCE(MAX(version), 0) FROM (SELECT version FROM version WHERE source = ? ORDER BY version DESC LIMIT 1 OFFSET `+
		strconv.Itoa(keep)+`) AS old)`, source, source)
	return err
}

// remember keeps the answer under the request ID and ends the staging.
func (b *batch) remember(ctx context.Context, tx *sql.Tx, p Publish, result *Published) error {
	s := b.store
	if p.Request != "" {
		var err error
		if p.Answer != nil {
			if result.Answer, err = p.Answer(*result); err != nil {
				return err
			}
		}
		if result.Answer == nil {
			result.Answer = []byte{}
		}
		if _, err := s.exec(ctx, tx, `DELETE FROM request WHERE id = ?`, p.Request); err != nil {
			return err
		}
		if _, err := s.exec(ctx, tx, `INSERT INTO request (id, fingerprint, answered, result) VALUES (?, ?, ?, ?)`,
			p.Request, p.Fingerprint, time.Now().UnixMicro(), result.Answer); err != nil {
			return err
		}
	}
	_, err := s.exec(ctx, tx, `DELETE FROM staging WHERE batch = ?`, b.number)
	return err
}

// restore stages what leads from what the source says back to what it said.
func (b *batch) restore(ctx context.Context, tx *sql.Tx, source int64, p Publish, head, last int64) error {
	s := b.store
	if last == 0 {
		return &UnknownSourceError{p.Source}
	}
	if err := s.kept(ctx, tx, source, p.Restore, head); err != nil {
		return err
	}
	// What was there and is not any more…
	then := `FROM fact f JOIN version a ON a.batch = (f.n >> 32) JOIN version z ON z.batch = f.ended
		WHERE f.source = ? AND a.version <= ? AND z.version > ?`
	n, err := s.exec(ctx, tx, `INSERT INTO fact (n, source, kind, id, body)
		SELECT ? + ROW_NUMBER() OVER (ORDER BY f.n), f.source, f.kind, f.id, f.body `+then, b.low(), source, p.Restore, p.Restore)
	if err != nil {
		return err
	}
	b.staged += n
	// …and what is there and was not.
	n, err = s.exec(ctx, tx, `INSERT INTO fact (n, source, kind, id, body)
		SELECT ? + ROW_NUMBER() OVER (ORDER BY f.n), f.source, f.kind, f.id, NULL FROM fact f JOIN version a ON a.batch = (f.n >> 32)
		WHERE f.source = ? AND a.version > ? AND f.ended IS NULL AND NOT EXISTS (
			SELECT 1 FROM fact r WHERE r.source = f.source AND r.kind = f.kind AND r.id = f.id AND r.n >= ? AND r.n < ?)`,
		b.low()+b.staged, source, p.Restore, b.low(), b.high())
	b.staged += n
	return err
}

// walkFrom is the size of a batch from which the list of its changes is read
// along the index of keys instead of sorting the batch.
const walkFrom = 20_000

// apply ends what the batch replaces, drops what it only repeats, and counts.
func (b *batch) apply(ctx context.Context, tx *sql.Tx, source int64, p Publish, known bool, result *Published) error {
	s := b.store
	mine := []any{b.low(), b.high()}
	if known && b.unweighed {
		if err := b.keepProminence(ctx, tx, p.Source); err != nil {
			return err
		}
	}
	if err := b.listChanges(ctx, tx, source, p, known, result); err != nil {
		return err
	}
	count := &result.Counts
	if known {
		if p.Replace {
			n, err := s.exec(ctx, tx, `UPDATE fact SET ended = ? WHERE source = ? AND ended IS NULL AND (n < ? OR n >= ?)
				AND `+published("fact")+` AND NOT EXISTS (SELECT 1 FROM fact s WHERE s.source = fact.source AND s.kind = fact.kind
				AND s.id = fact.id AND s.n >= ? AND s.n < ?)`, b.number, source, b.low(), b.high(), b.low(), b.high())
			if err != nil {
				return err
			}
			count.Removed += n
		}
		pairs := pairs()
		for _, step := range []struct {
			count *int64
			query string
			args  []any
		}{
			{&count.Unchanged, `DELETE FROM fact WHERE n IN (SELECT s.n ` + pairs + ` AND s.body = o.body)`, mine},
			{&count.Changed, `UPDATE fact SET ended = ? WHERE n IN (SELECT o.n ` + pairs + ` AND s.body IS NOT NULL)`, append([]any{b.number}, mine...)},
			{&count.Removed, `UPDATE fact SET ended = ? WHERE n IN (SELECT o.n ` + pairs + ` AND s.body IS NULL)`, append([]any{b.number}, mine...)},
		} {
			n, err := s.exec(ctx, tx, step.query, step.args...)
			if err != nil {
				return err
			}
			*step.count += n
		}
	}
	if !known && b.removals == 0 {
		// All that was staged is new: the table need not be read to know it.
		count.Added = b.staged - b.unstaged
		return nil
	}
	if _, err := s.exec(ctx, tx, `DELETE FROM fact WHERE n >= ? AND n < ? AND body IS NULL`, mine...); err != nil {
		return err
	}
	left, err := s.number(ctx, tx, `SELECT COUNT(*) FROM fact WHERE n >= ? AND n < ?`, mine...)
	count.Added = left - count.Changed
	return err
}

// pairs are the rows of a batch, s, with what the source says now, o.
func pairs() string {
	return `FROM fact s CROSS JOIN fact o WHERE s.n >= ? AND s.n < ? AND o.source = s.source AND o.kind = s.kind AND o.id = s.id
		AND o.ended IS NULL AND o.n <> s.n AND ` + published("o")
}

// keptAtOnce is how many rows keepProminence reads, and keptInOne how many one
// UPDATE carries.
const (
	keptAtOnce = 10_000
	keptInOne  = 200
)

// keepProminence fills in the prominence that the source gave before where the
// batch gives none. It does so within the publish: nobody can publish another
// between.
func (b *batch) keepProminence(ctx context.Context, tx *sql.Tx, source string) error {
	s := b.store
	type filled struct {
		n    int64
		body []byte
	}
	query := `SELECT s.n, s.id, s.body, o.body ` + pairs() + ` AND s.kind = ? AND substr(s.body, 1, 1) = ? AND substr(o.body, 1, 1) = ?
		ORDER BY s.n LIMIT ` + strconv.Itoa(keptAtOnce)
	for from := b.low(); ; {
		var rows []filled
		err := s.each(ctx, tx, query, []any{from, b.high(), EntityRow, []byte{unweighedFormat}, []byte{bodyFormat}}, func(r *sql.Rows) error {
			var to filled
			key := Key{Kind: EntityRow}
			var now, then []byte
			if err := r.Scan(&to.n, &key.ID, &now, &then); err != nil {
				return err
			}
			is, err := Decode(key, source, now)
			if err != nil {
				return err
			}
			was, err := Decode(key, source, then)
			if err != nil {
				return err
			}
			is.Entity.Prominence, is.Weighed = was.Entity.Prominence, true
			to.body = is.Encode(nil)
			rows = append(rows, to)
			return nil
		})
		if err != nil {
			return err
		}
		value := `(CAST(? AS BIGINT), CAST(? AS ` + s.dialect.types["blob"] + `))`
		for some := range slices.Chunk(rows, keptInOne) {
			args := make([]any, 0, 2*len(some))
			for _, row := range some {
				args = append(args, row.n, row.body)
			}
			if _, err := s.exec(ctx, tx, `UPDATE fact SET body = v.column2 FROM (VALUES `+value+strings.Repeat(`, `+value, len(some)-1)+`) AS v
				WHERE fact.n = v.column1`, args...); err != nil {
				return err
			}
		}
		if len(rows) < keptAtOnce {
			return nil
		}
		from = rows[len(rows)-1].n + 1
	}
}

// listChanges reads the first changes that the batch makes.
func (b *batch) listChanges(ctx context.Context, tx *sql.Tx, source int64, p Publish, known bool, result *Published) error {
	s := b.store
	type keyed struct {
		Key
		change Change
	}
	var found []keyed
	add := func(key Key, then, now []byte) error {
		change := Change{Type: Changed}
		var was, is Row
		var err error
		if then != nil {
			if was, err = Decode(key, p.Source, then); err != nil {
				return err
			}
			change.ID, change.Label, change.Type = was.ID(), was.Label(), Removed
		}
		if now != nil {
			if is, err = Decode(key, p.Source, now); err != nil {
				return err
			}
			change.ID, change.Label, change.Type = is.ID(), is.Label(), Added
		}
		if then != nil && now != nil {
			change.Type, change.Fields = Changed, was.Differences(&is)
		}
		found = append(found, keyed{key, change})
		return nil
	}
	limit := ` ORDER BY s.kind, s.id LIMIT ` + strconv.Itoa(MaxChanges)
	from, where, args := ` FROM fact s `, ` WHERE s.n >= ? AND s.n < ?`, []any{b.low(), b.high()}
	if b.staged >= walkFrom {
		from = ` FROM fact s ` + s.dialect.useKey + ` `
		where += ` AND s.source = ?`
		args = append(args, source)
	}
	query := `SELECT s.kind, s.id, s.body, NULL` + from + where + ` AND s.body IS NOT NULL` + limit
	if known {
		query = `SELECT s.kind, s.id, s.body, o.body` + from + `LEFT JOIN fact o ON o.source = s.source AND o.kind = s.kind AND o.id = s.id
			AND o.ended IS NULL AND o.n <> s.n AND ` + published("o") + where + ` AND (s.body IS NULL OR o.body IS NULL OR s.body <> o.body)
			AND (s.body IS NOT NULL OR o.body IS NOT NULL)` + limit
	}
	err := s.each(ctx, tx, query, args, func(rows *sql.Rows) error {
		var key Key
		var now, then []byte
		if err := rows.Scan(&key.Kind, &key.ID, &now, &then); err != nil {
			return err
		}
		return add(key, then, now)
	})
	if err != nil {
		return err
	}
	if known && p.Replace {
		err := s.each(ctx, tx, `SELECT s.kind, s.id, s.body FROM fact s `+s.dialect.useKey+` WHERE s.source = ? AND s.ended IS NULL AND `+published("s")+`
			AND NOT EXISTS (SELECT 1 FROM fact m WHERE m.source = s.source AND m.kind = s.kind AND m.id = s.id AND m.n >= ? AND m.n < ?)`+limit,
			[]any{source, b.low(), b.high()}, func(rows *sql.Rows) error {
				row, err := scanRow(rows)
				if err != nil {
					return err
				}
				return add(row.Key, bytes.Clone(row.Body), nil)
			})
		if err != nil {
			return err
		}
	}
	slices.SortFunc(found, func(a, b keyed) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID)) })
	for _, f := range found[:min(len(found), MaxChanges)] {
		result.Changes = append(result.Changes, f.change)
	}
	return nil
}
