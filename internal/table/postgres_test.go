package table_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"onoma/internal/spawn"
	"onoma/internal/table"
)

// postgresServer is a PostgreSQL of the tests' own.
type postgresServer struct {
	*spawn.Server
	databases int
}

var onePostgres struct {
	sync.Mutex
	server *postgresServer
}

// postgres returns the server, which is started at the first call. Where there is
// no PostgreSQL the test fails and says so.
func postgres(t testing.TB) *postgresServer {
	t.Helper()
	onePostgres.Lock()
	defer onePostgres.Unlock()
	if onePostgres.server == nil {
		s, err := newPostgres()
		if err != nil {
			t.Fatalf("PostgreSQL: %v", err)
		}
		onePostgres.server = s
	}
	return onePostgres.server
}

func TestMain(m *testing.M) {
	code := m.Run()
	if s := onePostgres.server; s != nil {
		s.Kill()
		os.RemoveAll(s.Dir)
	}
	os.Exit(code) //nolint:forbidigo // TestMain ends the process
}

func newPostgres() (*postgresServer, error) {
	s, err := spawn.Postgres("-c", "fsync=off")
	if err == nil {
		err = s.Start()
	}
	return &postgresServer{Server: s}, err
}

// database makes an empty database and returns its URL.
func (s *postgresServer) database(t testing.TB) string {
	t.Helper()
	db, err := sql.Open("pgx", s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s.databases++
	name := fmt.Sprintf("onoma%d", s.databases)
	if _, err := db.ExecContext(context.Background(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return s.URL(name)
}

func openPostgres(t testing.TB) (table.Authority, func() table.Authority) {
	url := postgres(t).database(t)
	open := func() table.Authority {
		a, err := table.OpenPostgres(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { a.Close() })
		return a
	}
	return open(), open
}

// PostgreSQL crashes and comes back in the middle of a load: the load fails with
// an error, the version before goes on answering, nothing of the load is left,
// and the next load works.
func TestPostgresGoesAway(t *testing.T) {
	s, err := newPostgres()
	if err != nil {
		t.Fatalf("PostgreSQL: %v", err)
	}
	t.Cleanup(func() { s.Kill(); os.RemoveAll(s.Dir) })
	a, err := table.OpenPostgres(t.Context(), s.database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	m, err := table.NewMirror(t.Context(), table.MirrorOptions{Authority: a, WithoutSeed: true})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	rows := generated(t, 2000)
	load(t, m, table.LoadOptions{}, 100, rows[:100])
	want := answers(m, rows[:100])

	l, err := m.NewLoad(t.Context(), table.LoadOptions{Source: "s", Replace: true})
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows[100:300] {
		if err := l.Add(l.Next(), "f", []table.Line{{Row: rows[100+i]}}); err != nil {
			t.Fatal(err)
		}
	}
	s.Kill()
	if _, err := l.Commit(t.Context(), -1); table.FailureOf(err) != table.Unreachable {
		t.Errorf("a load without its database: %v", err)
	}
	l.Discard(t.Context())
	if err := m.Refresh(t.Context()); err == nil || m.Behind().IsZero() {
		t.Errorf("the authority is gone: %v, behind since %v", err, m.Behind())
	}
	if got := answers(m, rows[:100]); got != want {
		t.Error("without its authority the table answers otherwise")
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	if err := m.Refresh(t.Context()); err != nil || !m.Behind().IsZero() || m.Version() != 1 {
		t.Errorf("the authority is back: %v, version %d", err, m.Version())
	}
	if r := load(t, m, table.LoadOptions{}, 100, rows[100:300]); r.Version != 2 || r.Counts.Added != 200 {
		t.Errorf("the next load: %+v", r.Published)
	}

	// Gone and back between two chunks: what was staged is there, or the load fails
	// and is whole when it is done again.
	l, err = m.NewLoad(t.Context(), table.LoadOptions{Source: "s", Replace: true})
	if err != nil {
		t.Fatal(err)
	}
	add := func(rows []table.Row) error {
		lines := make([]table.Line, len(rows))
		for i := range rows {
			lines[i].Row = rows[i]
		}
		return l.Add(l.Next(), "f", lines)
	}
	many := generated(t, 120_000) // more than is staged at once
	err = add(many[:len(many)-10])
	s.Kill()
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	if err == nil {
		err = add(many[len(many)-10:])
	}
	if err == nil {
		_, err = l.Commit(t.Context(), int64(len(many)))
	}
	if err != nil && table.FailureOf(err) != table.Unreachable {
		t.Errorf("the database was gone for a while: %v", err)
	}
	l.Discard(t.Context())
	if err != nil {
		if m.Version() != 2 {
			t.Errorf("the load failed, and the table is at version %d", m.Version())
		}
		load(t, m, table.LoadOptions{Replace: true}, 1000, many)
	}
	if head, err := a.Head(t.Context()); err != nil || head != 3 || m.Version() != 3 || m.Resolver().Table().Stats().Entities != len(many) {
		t.Errorf("version %d of %d, %v, with %d entities, want %d", m.Version(), head, err, m.Resolver().Table().Stats().Entities, len(many))
	}
}

// Two mirrors of one database: what one publishes, the other answers, whether it polls
// or is told.
func TestReplicasFollow(t *testing.T) {
	for how, poll := range map[string]time.Duration{"by polling": 10 * time.Millisecond, "told": time.Hour} {
		t.Run(how, func(t *testing.T) {
			a, reopen := openPostgres(t)
			first, err := table.NewMirror(t.Context(), table.MirrorOptions{Authority: a, WithoutSeed: true})
			if err != nil {
				t.Fatal(err)
			}
			defer first.Close()
			second, err := table.NewMirror(t.Context(), table.MirrorOptions{Authority: reopen(), WithoutSeed: true, Poll: poll})
			if err != nil {
				t.Fatal(err)
			}
			defer second.Close()
			rows := generated(t, 300)
			half := int64(len(rows) / 2)
			for version := range int64(2) { // of the first it may hear because it begins to listen
				part := rows[half*version : half*(version+1)]
				changed := second.Changed()
				load(t, first, table.LoadOptions{}, 100, part)
				select {
				case <-changed:
				case <-time.After(10 * time.Second):
					t.Fatal("the replica does not follow")
				}
				if second.Version() != version+1 || answers(second, part) != answers(first, part) {
					t.Errorf("the replica is at %d and answers otherwise", second.Version())
				}
			}
		})
	}
}

// PostgreSQL takes a table for empty until it has looked at it, and plans small writes
// over it accordingly: the planner knows how large a load is when it is published.
func TestPlannerKnowsWhatWasLoaded(t *testing.T) {
	url := postgres(t).database(t)
	a, err := table.OpenPostgres(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	m, err := table.NewMirror(t.Context(), table.MirrorOptions{Authority: a, WithoutSeed: true})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	rows := generated(t, 50_000)
	load(t, m, table.LoadOptions{}, 1000, rows)
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var known float64
	if err := db.QueryRowContext(t.Context(), `SELECT reltuples FROM pg_class WHERE relname = 'fact'`).Scan(&known); err != nil {
		t.Fatal(err)
	}
	if len(rows) < 10_000 || int(known) < len(rows)*9/10 {
		t.Errorf("the planner knows of %.0f rows, there are %d", known, len(rows))
	}
}
