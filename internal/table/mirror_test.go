package table_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"weak"

	"onoma/internal/source"
	"onoma/internal/table"
	"onoma/resolver"
	"onoma/resolver/fact"
)

// openMirror opens a table in a directory; close ends both.
func openMirror(t testing.TB, dir string, log *bytes.Buffer) (m *table.Mirror, closeIt func()) {
	t.Helper()
	a, err := table.OpenSQLite(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	o := table.MirrorOptions{Authority: a, Dir: dir, WithoutSeed: true}
	if log != nil {
		o.Logger = slog.New(slog.NewTextHandler(log, nil))
	}
	if m, err = table.NewMirror(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	return m, func() {
		m.Close()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}

// generated are rows of the generator.
func generated(t testing.TB, names int64) (rows []table.Row) {
	t.Helper()
	err := source.NewGenerator(3).Rows(names, func(row table.Row) error {
		rows = append(rows, row)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// load loads rows, in chunks of a size.
func load(t testing.TB, m *table.Mirror, o table.LoadOptions, chunk int, rows []table.Row) *table.Result {
	t.Helper()
	if o.Source == "" {
		o.Source = "s"
	}
	l, err := m.NewLoad(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Discard(context.Background())
	for part := range slices.Chunk(rows, chunk) {
		lines := make([]table.Line, len(part))
		for i := range part {
			lines[i] = table.Line{Number: int64(i + 1), Row: part[i]}
		}
		if err := l.Add(l.Next(), "f", lines); err != nil {
			t.Fatal(err)
		}
	}
	r, err := l.Commit(context.Background(), int64(len(rows)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// answers are what the table says to every name of the rows, and to some more.
func answers(m *table.Mirror, rows []table.Row) string {
	var b strings.Builder
	var a resolver.Answer
	ask := func(name string) {
		m.Resolver().Table().Resolve(&resolver.Query{Name: name}, &a)
		fmt.Fprint(&b, name, a.Outcome)
		for _, c := range a.Candidates {
			fmt.Fprintf(&b, " %s %.9f", c.Entity.ID(), c.Score)
		}
		b.WriteByte('\n')
	}
	for i := range rows {
		for _, n := range rows[i].Entity.Names {
			ask(n.Text)
		}
	}
	ask("Xqzzt Blorb")
	return b.String()
}

func TestSnapshotIsUsedOrRefused(t *testing.T) {
	rows := generated(t, 500)
	dir := t.TempDir()
	m, closeIt := openMirror(t, dir, nil)
	load(t, m, table.LoadOptions{}, 100, rows)
	want := answers(m, rows)
	pinned := table.Row{Override: &fact.Override{Name: "Xqzzt Blorb", Entity: rows[0].Entity.ID}}
	if _, err := m.Write(t.Context(), table.Publish{Source: "pins", Operation: table.SetOverride}, []table.Row{pinned}, nil, nil); err != nil {
		t.Fatal(err)
	}
	pinnedAnswers := answers(m, rows)
	closeIt()
	if pinnedAnswers == want {
		t.Error("the pin has no effect")
	}
	path := filepath.Join(dir, "snapshot.onoma")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	foreign, closeForeign := openMirror(t, other, nil)
	load(t, foreign, table.LoadOptions{}, 100, rows[:10])
	closeForeign()
	anothers, err := os.ReadFile(filepath.Join(other, "snapshot.onoma"))
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	for _, c := range []struct {
		what, says string
		content    []byte
	}{
		{"whole", "", whole}, {"torn", "refused", whole[:len(whole)/2]}, {"changed", "refused", flipped},
		{"empty", "refused", nil}, {"another's", "another table", anothers},
	} {
		if err := os.WriteFile(path, c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		m, closeIt := openMirror(t, dir, &log)
		if got := answers(m, rows); got != pinnedAnswers {
			t.Errorf("%s: other answers", c.what)
		}
		closeIt()
		if built := strings.Contains(log.String(), "table built"); built == (c.says == "") || !strings.Contains(log.String(), c.says) {
			t.Errorf("%s: built anew %t, log %s", c.what, built, log.String())
		}
	}
}

// A table that was replaced goes from memory with all that was made of it, such
// as its index by sound.
func TestReplacedTableIsLetGo(t *testing.T) {
	m, closeIt := openMirror(t, t.TempDir(), nil)
	defer closeIt()
	load(t, m, table.LoadOptions{}, 100, generated(t, 200))
	old := weak.Make(m.Resolver().Table().Index())
	load(t, m, table.LoadOptions{Replace: true}, 100, generated(t, 300))
	runtime.GC()
	if old.Value() != nil {
		t.Error("the index of a table that was replaced is still held")
	}
}

func TestOneProcessADirectory(t *testing.T) {
	dir := t.TempDir()
	_, closeIt := openMirror(t, dir, nil)
	defer closeIt()
	if _, err := table.OpenSQLite(t.Context(), dir); !errors.Is(err, table.ErrInUse) {
		t.Errorf("the directory is open twice: %v", err)
	}
}
