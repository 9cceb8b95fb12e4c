package table_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"onoma/internal/source"
	"onoma/internal/table"
)

// however are ways in which the same rows come into a table, as the source "s"
// and nothing else.
var however = map[string]func(t *testing.T, m *table.Mirror, rows []table.Row){
	"whole": func(t *testing.T, m *table.Mirror, rows []table.Row) {
		load(t, m, table.LoadOptions{}, len(rows), rows)
	},
	"chunks": func(t *testing.T, m *table.Mirror, rows []table.Row) { load(t, m, table.LoadOptions{}, 7, rows) },
	"backwards": func(t *testing.T, m *table.Mirror, rows []table.Row) {
		backwards := slices.Clone(rows)
		slices.Reverse(backwards)
		load(t, m, table.LoadOptions{Replace: true}, 50, backwards)
	},
	"shuffled": func(t *testing.T, m *table.Mirror, rows []table.Row) {
		load(t, m, table.LoadOptions{}, 33, shuffled(rows))
	},
	"parts": func(t *testing.T, m *table.Mirror, rows []table.Row) {
		for part := range slices.Chunk(rows, 150) {
			load(t, m, table.LoadOptions{}, 40, part)
		}
	},
	"parts that overlap": func(t *testing.T, m *table.Mirror, rows []table.Row) {
		mixed := shuffled(rows)
		for at := 0; at < len(mixed); at += 200 {
			load(t, m, table.LoadOptions{}, 40, mixed[max(0, at-100):min(at+200, len(mixed))])
		}
	},
	"after others": func(t *testing.T, m *table.Mirror, rows []table.Row) {
		load(t, m, table.LoadOptions{}, 40, rows[100:])
		load(t, m, table.LoadOptions{Replace: true}, 40, rows[:50])
		load(t, m, table.LoadOptions{Replace: true}, 40, rows)
	},
	"over rows of the same IDs": func(t *testing.T, m *table.Mirror, rows []table.Row) {
		changed := slices.Clone(rows)
		for i := range changed {
			e := *changed[i].Entity
			e.Names, e.Canonical = e.Names[:1], "Brimbax Tolvane"
			changed[i].Entity = &e
		}
		load(t, m, table.LoadOptions{}, 40, changed)
		load(t, m, table.LoadOptions{}, 40, shuffled(rows))
	},
	"deleted and given again": func(t *testing.T, m *table.Mirror, rows []table.Row) {
		load(t, m, table.LoadOptions{}, 40, rows)
		var keys []table.Key
		for i := range rows[:200] {
			keys = append(keys, rows[i].Key())
		}
		if _, err := m.Write(t.Context(), table.Publish{Source: "s", Operation: table.Delete}, nil, keys, nil); err != nil {
			t.Fatal(err)
		}
		load(t, m, table.LoadOptions{}, 40, rows[:200])
	},
	"rolled back": func(t *testing.T, m *table.Mirror, rows []table.Row) {
		load(t, m, table.LoadOptions{}, 40, rows)
		load(t, m, table.LoadOptions{Replace: true}, 40, rows[:50])
		rollBack(t, m, 1)
	},
	"there and back": func(t *testing.T, m *table.Mirror, rows []table.Row) {
		load(t, m, table.LoadOptions{}, 40, rows[:50])
		load(t, m, table.LoadOptions{}, 40, rows)
		rollBack(t, m, 1)
		rollBack(t, m, 2)
	},
	"beside a source that came and went": func(t *testing.T, m *table.Mirror, rows []table.Row) {
		load(t, m, table.LoadOptions{Source: "other"}, 40, rows[:300])
		load(t, m, table.LoadOptions{}, 40, rows)
		load(t, m, table.LoadOptions{Source: "other", Replace: true}, 40, nil)
	},
	"after dry runs and rejections": func(t *testing.T, m *table.Mirror, rows []table.Row) {
		load(t, m, table.LoadOptions{DryRun: true}, 40, rows[:300])
		spoiled := append(shuffled(rows), entity("bad id", "N"), rows[3], entity("", "N"))
		load(t, m, table.LoadOptions{MaxRejections: 3}, 40, spoiled)
	},
	"exported as jsonl": exportedAs("jsonl"), "exported as csv": exportedAs("csv"), "exported as tsv": exportedAs("tsv"),
}

// wherePublishesDiffer are the ways in which engines can differ: the others are
// one publish of rows, which the conformance suite holds.
var wherePublishesDiffer = []string{"parts that overlap", "over rows of the same IDs", "deleted and given again", "there and back"}

func shuffled(rows []table.Row) []table.Row {
	mixed := slices.Clone(rows)
	r := rand.New(rand.NewPCG(1, 2))
	r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	return mixed
}

func rollBack(t *testing.T, m *table.Mirror, to int64) {
	t.Helper()
	if _, err := m.Write(t.Context(), table.Publish{Source: "s", Operation: table.Rollback, Restore: to}, nil, nil, nil); err != nil {
		t.Fatal(err)
	}
}

// exportedAs loads what another table has exported in the format.
func exportedAs(name string) func(t *testing.T, m *table.Mirror, rows []table.Row) {
	return func(t *testing.T, m *table.Mirror, rows []table.Row) {
		other, closeOther := openMirror(t, t.TempDir(), nil)
		defer closeOther()
		load(t, other, table.LoadOptions{}, 40, rows)
		var file bytes.Buffer
		w, err := source.WriterOf(name, &file)
		if err != nil {
			t.Fatal(err)
		}
		err = other.Authority().Rows(t.Context(), "s", 1, func(e table.Encoded) error {
			row, err := table.Decode(e.Key, "s", e.Body)
			if err != nil {
				return err
			}
			return w.Write(&row)
		})
		if err == nil {
			err = w.Flush()
		}
		if err != nil {
			t.Fatal(err)
		}
		in, err := source.NewInput("export", &file, nil)
		if err != nil {
			t.Fatal(err)
		}
		format, err := source.FormatOf(name)
		if err != nil {
			t.Fatal(err)
		}
		var back []table.Row
		if err := format.Read(in, new(source.Options), func(line table.Line) error { back = append(back, line.Row); return nil }); err != nil {
			t.Fatal(err)
		}
		load(t, m, table.LoadOptions{}, 40, back)
	}
}

// However the same rows come into a table, and whichever engine keeps it, it
// answers the same, before a restart and after.
func TestSameAnswersHoweverLoaded(t *testing.T) {
	rows := generated(t, 2000)
	var want string
	eachEngine(t, func(t *testing.T, e engine) {
		for what, put := range however {
			if e.name != "sqlite" && !slices.Contains(wherePublishesDiffer, what) {
				continue
			}
			a, reopen := e.open(t)
			dir := t.TempDir()
			for _, when := range []string{"loaded", "restarted"} {
				m, err := table.NewMirror(context.Background(), table.MirrorOptions{Authority: a, Dir: dir, WithoutSeed: true})
				if err != nil {
					t.Fatal(err)
				}
				if when == "loaded" {
					put(t, m, rows)
				}
				got := answers(m, rows)
				m.Close()
				a.Close()
				if want == "" {
					want = got
				}
				if got != want {
					t.Errorf("%s, %s: other answers", what, when)
				}
				if when == "loaded" {
					a = reopen()
				}
			}
		}
	})
}
