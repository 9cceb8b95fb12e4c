package table_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"onoma/internal/table"
)

// oldEngines make a database of an earlier program's and open it with today's.
var oldEngines = []struct {
	name, driver, text, blob, bytes string
	place                           func(t testing.TB) (database string, open func() (table.Authority, error))
}{
	{"sqlite", "sqlite", "TEXT", "BLOB", "x'$1'", func(t testing.TB) (string, func() (table.Authority, error)) {
		dir := t.TempDir()
		return "file:" + filepath.Join(dir, "onoma.db"), func() (table.Authority, error) { return table.OpenSQLite(context.Background(), dir) }
	}},
	{"postgres", "pgx", `TEXT COLLATE "C"`, "BYTEA", `'\x$1'::bytea`, func(t testing.TB) (string, func() (table.Authority, error)) {
		url := postgres(t).database(t)
		return url, func() (table.Authority, error) { return table.OpenPostgres(context.Background(), url) }
	}},
}

var hexadecimal = regexp.MustCompile(`\{\{([0-9a-f]*)\}\}`)

func runSQL(t testing.TB, driver, database, text string) {
	t.Helper()
	db, err := sql.Open(driver, database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), text); err != nil {
		t.Fatal(err)
	}
}

// What an earlier program wrote is read, restored and written on.
func TestOldDatabases(t *testing.T) {
	files, err := filepath.Glob("testdata/schema-*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no old databases, %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range oldEngines {
			t.Run(filepath.Base(file)+"/"+e.name, func(t *testing.T) {
				script := strings.NewReplacer("{{text}}", e.text, "{{blob}}", e.blob).Replace(string(text))
				database, open := e.place(t)
				runSQL(t, e.driver, database, hexadecimal.ReplaceAllString(script, e.bytes))
				a, err := open()
				if err != nil {
					t.Fatal(err)
				}
				defer a.Close()
				checkOld(t, a)
			})
		}
	}
}

func checkOld(t *testing.T, a table.Authority) {
	if a.Identity() != "ZKGJSMJ2DSSH2OLFLVFRWWYWLE" {
		t.Errorf("the table is another: %s", a.Identity())
	}
	said := func(source string, version int64) (names []string) {
		err := a.Rows(t.Context(), source, version, func(e table.Encoded) error {
			row, err := table.Decode(e.Key, source, e.Body)
			if err == nil {
				names = append(names, fmt.Sprintf("%s %s", row.ID(), row.Label()))
				if row.Entity != nil {
					names[len(names)-1] += fmt.Sprintf(" %d names, %.2f", len(row.Entity.Names), row.Entity.Prominence)
				}
			}
			return err
		})
		if err != nil {
			t.Errorf("%s at version %d: %v", source, version, err)
		}
		return names
	}
	first := []string{"s:p Head", "s:1 Brimbax Tolvane 1 names, 0.50", "s:2 Two 1 names, 0.00", "s:3 Three 0 names, 0.00"}
	third := []string{"s:p Head", "s:1 Brimbax Tolvane 1 names, 0.50", "s:2 Two 2 names, 0.00"}
	for version, want := range map[int64][]string{1: first, 2: first, 3: third} {
		if got := said("s", version); !slices.Equal(got, want) {
			t.Errorf("version %d says %q, want %q", version, got, want)
		}
	}
	if got := said("pins", 3); !slices.Equal(got, []string{"s:1 Tolvane"}) {
		t.Errorf("the pins are %q", got)
	}
	if err := table.SweepAsIfLater(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	m, err := table.NewMirror(t.Context(), table.MirrorOptions{Authority: a, WithoutSeed: true})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if e, _ := m.Resolver().Table().Find("s:0"); e.ID() != "s:1" || m.Version() != 3 {
		t.Errorf("the former ID leads to %q at version %d", e.ID(), m.Version())
	}
	rollBack(t, m, 1)
	if got := said("s", 4); !slices.Equal(got, first) {
		t.Errorf("rolled back, the source says %q", got)
	}
	// A row without prominence, which the old format could not tell from 0.
	if r := load(t, m, table.LoadOptions{}, 10, []table.Row{entity("s:3", "Three"), entity("s:4", "Four")}); r.Version != 5 || r.Counts != (table.Counts{Added: 1, Unchanged: 1}) {
		t.Errorf("written on: %+v", r.Published)
	}
}

// A database of a later program's is refused: what it means is not known.
func TestLaterDatabasesAreRefused(t *testing.T) {
	for _, e := range oldEngines {
		t.Run(e.name, func(t *testing.T) {
			database, open := e.place(t)
			a, err := open()
			if err != nil {
				t.Fatal(err)
			}
			a.Close()
			runSQL(t, e.driver, database, "INSERT INTO migration (number) VALUES (99)")
			if _, err := open(); err == nil || !strings.Contains(err.Error(), "schema 99") || !strings.Contains(err.Error(), "newer program") {
				t.Errorf("schema 99: %v", err)
			}
		})
	}
}
