package table_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"onoma/internal/table"
	"onoma/resolver/fact"
)

// engine opens an authority that is empty; reopen opens the same again after it
// was closed.
type engine struct {
	name   string
	open   func(t testing.TB) (a table.Authority, reopen func() table.Authority)
	checks int // of the model: fewer where each is slow
}

func engines() []engine {
	return []engine{
		{"sqlite", func(t testing.TB) (table.Authority, func() table.Authority) {
			dir := t.TempDir()
			open := func() table.Authority {
				a, err := table.OpenSQLite(t.Context(), dir)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { a.Close() })
				return a
			}
			return open(), open
		}, 30},
		{"postgres", openPostgres, 10},
	}
}

// eachEngine runs the test over every engine.
func eachEngine(t *testing.T, test func(t *testing.T, e engine)) {
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) { test(t, e) })
	}
}

func entity(id, canonical string, names ...string) table.Row {
	e := &fact.Entity{ID: id, Kind: fact.Place, Canonical: canonical}
	for _, n := range names {
		e.Names = append(e.Names, fact.Name{Text: n, Kind: fact.Alias, Language: "en"})
	}
	return table.Row{Entity: e}
}

func encoded(rows ...table.Row) []table.Encoded {
	var all []table.Encoded
	for i := range rows {
		all = append(all, table.Encoded{Key: rows[i].Key(), Body: rows[i].Encode(nil)})
	}
	return all
}

// publish stages the rows and publishes them.
func publish(t testing.TB, a table.Authority, p table.Publish, rows ...table.Encoded) (table.Published, error) {
	t.Helper()
	if p.Operation == 0 {
		p.Operation = table.Load
	}
	b, err := a.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer b.Discard(context.Background())
	if err := b.Stage(context.Background(), p.Source, rows); err != nil {
		t.Fatal(err)
	}
	return b.Publish(context.Background(), p)
}

func mustPublish(t testing.TB, a table.Authority, p table.Publish, rows ...table.Encoded) table.Published {
	t.Helper()
	done, err := publish(t, a, p, rows...)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// rowsAt reads what a source said, as "kind id body".
func rowsAt(a table.Authority, source string, version int64) ([]string, error) {
	found := []string{}
	err := a.Rows(context.Background(), source, version, func(row table.Encoded) error {
		found = append(found, fmt.Sprintf("%d %s %x", row.Kind, row.ID, row.Body))
		return nil
	})
	return found, err
}

func TestVersionsAreConsecutive(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		a, reopen := e.open(t)
		for i := range 5 {
			done := mustPublish(t, a, table.Publish{Source: []string{"one", "two"}[i%2], Note: fmt.Sprint(i)}, encoded(entity(fmt.Sprint("Q", i), "x"))...)
			if done.Version != int64(i+1) || !done.New {
				t.Fatalf("publish %d made version %d, new %t", i, done.Version, done.New)
			}
		}
		again := mustPublish(t, a, table.Publish{Source: "one"}, encoded(entity("Q0", "x"))...)
		if again.New || again.Version != 5 || again.Counts != (table.Counts{Unchanged: 1}) {
			t.Errorf("what the table says already: %+v, want nothing published", again)
		}
		a.Close()
		a = reopen()
		versions, err := a.Versions(t.Context(), table.VersionRange{Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range versions {
			if want := int64(5 - i); v.Version != want || v.Note != fmt.Sprint(want-1) || v.Published.IsZero() || !v.Restorable {
				t.Errorf("version at %d is %+v, want %d", i, v, want)
			}
		}
		if len(versions) != 5 {
			t.Errorf("%d versions, want 5", len(versions))
		}
		sources, err := a.Sources(t.Context())
		if err != nil || len(sources) != 2 || sources[0].Name != "one" || sources[0].Version != 5 || sources[1].Version != 4 {
			t.Errorf("sources are %+v, %v", sources, err)
		}
	})
}

func TestMergeReplaceDelete(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		a, _ := e.open(t)
		first := mustPublish(t, a, table.Publish{Source: "s"}, encoded(entity("A", "a"), entity("B", "b"), entity("C", "c"))...)
		if first.Counts != (table.Counts{Added: 3}) || len(first.Changes) != 3 || first.Changes[0].ID != "A" || first.Changes[0].Type != table.Added {
			t.Errorf("first: %+v", first)
		}
		merged := mustPublish(t, a, table.Publish{Source: "s"}, encoded(entity("B", "b", "bee"), entity("C", "c"), entity("D", "d"))...)
		if merged.Counts != (table.Counts{Added: 1, Changed: 1, Unchanged: 1}) {
			t.Errorf("merge: %+v", merged.Counts)
		}
		if c := merged.Changes; len(c) != 2 || c[0].ID != "B" || c[0].Type != table.Changed || !slices.Equal(c[0].Fields, []string{"names"}) || c[1].ID != "D" {
			t.Errorf("changes of the merge: %+v", c)
		}
		dry := mustPublish(t, a, table.Publish{Source: "s", Replace: true, DryRun: true}, encoded(entity("C", "c"), entity("D", "dee"))...)
		if dry.Counts != (table.Counts{Changed: 1, Unchanged: 1, Removed: 2}) || dry.New || dry.Version != 2 || len(dry.Changes) != 3 {
			t.Errorf("dry replace: %+v", dry)
		}
		replaced := mustPublish(t, a, table.Publish{Source: "s", Replace: true}, encoded(entity("C", "c"), entity("D", "dee"))...)
		if replaced.Counts != dry.Counts || replaced.Version != 3 {
			t.Errorf("replace did %+v, its dry run said %+v", replaced.Counts, dry.Counts)
		}
		gone := mustPublish(t, a, table.Publish{Source: "s", Operation: table.Delete}, table.Encoded{Key: table.Key{Kind: table.EntityRow, ID: "C"}}, table.Encoded{Key: table.Key{Kind: table.EntityRow, ID: "nobody"}})
		if gone.Counts != (table.Counts{Removed: 1}) {
			t.Errorf("delete: %+v", gone.Counts)
		}
		rows, err := rowsAt(a, "s", 4)
		if err != nil || len(rows) != 1 {
			t.Errorf("at the end the source says %q, %v; want D alone", rows, err)
		}
	})
}

func TestConflictsAndRequests(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		a, _ := e.open(t)
		mustPublish(t, a, table.Publish{Source: "s"}, encoded(entity("A", "a"))...)
		mustPublish(t, a, table.Publish{Source: "other"}, encoded(entity("A", "a"))...)
		mustPublish(t, a, table.Publish{Source: "s"}, encoded(entity("A", "aa"))...)
		var stale *table.StaleError
		if _, err := publish(t, a, table.Publish{Source: "s", Base: new(int64(2))}, encoded(entity("A", "z"))...); !errors.As(err, &stale) || stale.Have != 3 {
			t.Errorf("a base before the last change: %v", err)
		}
		mustPublish(t, a, table.Publish{Source: "s", Base: new(int64(3))}, encoded(entity("A", "z"))...)

		answer := func(p table.Published) ([]byte, error) { return fmt.Append(nil, p.Version), nil }
		p := table.Publish{Source: "s", Request: "r", Fingerprint: "f", Answer: answer}
		if done := mustPublish(t, a, p, encoded(entity("B", "b"))...); done.Version != 5 || string(done.Answer) != "5" {
			t.Errorf("first call: %+v", done)
		}
		again := mustPublish(t, a, p, encoded(entity("B", "other"))...)
		if !again.Replayed || string(again.Answer) != "5" {
			t.Errorf("second call: %+v", again)
		}
		if got, err := a.Answered(t.Context(), "r", "f"); err != nil || string(got) != "5" {
			t.Errorf("remembered %q, %v", got, err)
		}
		var reused *table.ReusedError
		if _, err := a.Answered(t.Context(), "r", "g"); !errors.As(err, &reused) {
			t.Errorf("another write with the ID: %v", err)
		}
		if head, err := a.Head(t.Context()); err != nil || head != 5 {
			t.Errorf("head is %d, %v; want 5", head, err)
		}
	})
}

func TestDiscardLeavesNothing(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		a, _ := e.open(t)
		b, err := a.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Stage(t.Context(), "s", encoded(entity("A", "a"), entity("B", "b"))); err != nil {
			t.Fatal(err)
		}
		if has, err := b.Has(t.Context(), "s", table.Key{Kind: table.EntityRow, ID: "A"}); err != nil || !has {
			t.Errorf("staged A is there: %t, %v", has, err)
		}
		if sources, err := a.Sources(t.Context()); err != nil || len(sources) != 0 {
			t.Errorf("while staging, sources are %v, %v", sources, err)
		}
		if err := b.Discard(t.Context()); err != nil {
			t.Fatal(err)
		}
		rows := 0
		if _, err := a.All(t.Context(), func(string, table.Encoded) error { rows++; return nil }); err != nil || rows > 0 {
			t.Errorf("after discarding, %d rows, %v", rows, err)
		}
	})
}

// Processes that share a database do not share a clock: a load of one whose clock is
// slow is not swept out by another.
func TestSweepTrustsNoOtherClock(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		a, _ := e.open(t)
		b, err := a.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Stage(t.Context(), "s", encoded(entity("A", "a"))); err != nil {
			t.Fatal(err)
		}
		if err := table.TouchedEarlier(t.Context(), a, 24*time.Hour); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := a.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if done, err := b.Publish(t.Context(), table.Publish{Source: "s", Operation: table.Load}); err != nil || done.Counts.Added != 1 {
			t.Errorf("%+v, %v", done, err)
		}
	})
}

// A batch that was swept out because nobody went on with it can be neither staged
// nor published: what is left of it is not the whole.
func TestAbandonedIsNotPublished(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		a, _ := e.open(t)
		begin := func() table.Batch {
			b, err := a.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := b.Stage(t.Context(), "s", encoded(entity("A", "a"), entity("B", "b"))); err != nil {
				t.Fatal(err)
			}
			return b
		}
		idle, early := begin(), begin()
		if err := table.SweepAsIfLater(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		if err := early.Stage(t.Context(), "s", encoded(entity("C", "c"))); !errors.Is(err, table.ErrAbandoned) {
			t.Errorf("staged into what was swept out: %v", err)
		}
		for _, b := range []table.Batch{idle, early} {
			if _, err := b.Publish(t.Context(), table.Publish{Source: "s", Operation: table.Load}); !errors.Is(err, table.ErrAbandoned) {
				t.Errorf("published what was swept out: %v", err)
			}
			if err := b.Discard(t.Context()); err != nil {
				t.Error(err)
			}
		}
		mustPublish(t, a, table.Publish{Source: "s"}, encoded(entity("A", "a"))...)
		rows := 0
		if head, err := a.All(t.Context(), func(string, table.Encoded) error { rows++; return nil }); err != nil || rows != 1 || head != 1 {
			t.Errorf("version %d has %d rows, %v; want 1 of 1", head, rows, err)
		}
	})
}

// TestAgainstModel writes at random and holds every version that is kept against
// a model of maps, and changes between versions against their difference.
func TestAgainstModel(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		const keep = 3
		check := 0
		rapid.Check(t, func(rt *rapid.T) {
			if check++; check > e.checks {
				return
			}
			a, _ := e.open(t)
			defer a.Close()
			type state map[table.Key]string
			now := map[string]state{}
			history := map[int64]map[string]state{}
			first, made := map[string]int64{}, map[string][]int64{}
			head := int64(0)
			for step := range rapid.IntRange(1, 14).Draw(rt, "steps") {
				source := rapid.SampledFrom([]string{"s", "t"}).Draw(rt, "source")
				p := table.Publish{Source: source, Keep: keep, DryRun: rapid.IntRange(0, 5).Draw(rt, "dry") == 0}
				want := maps.Clone(now[source])
				if want == nil {
					want = state{}
				}
				var rows []table.Encoded
				kept := made[source][max(0, len(made[source])-keep):]
				if len(kept) > 0 && rapid.IntRange(0, 3).Draw(rt, "rollback") == 0 {
					p.Operation = table.Rollback
					p.Restore = rapid.Int64Range(kept[0], head).Draw(rt, "to")
					want = maps.Clone(history[p.Restore][source])
				} else {
					p.Replace = rapid.Bool().Draw(rt, "replace")
					if p.Replace {
						want = state{}
					}
					for _, id := range rapid.SliceOfNDistinct(rapid.IntRange(0, 6), 0, 5, rapid.ID).Draw(rt, "ids") {
						row := encoded(entity(fmt.Sprint("Q", id), rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "name")))[0]
						if !p.Replace && rapid.IntRange(0, 3).Draw(rt, "delete") == 0 {
							row.Body = nil
							delete(want, row.Key)
						} else {
							want[row.Key] = string(row.Body)
						}
						rows = append(rows, row)
					}
				}
				done, err := publish(t, a, p, rows...)
				if err != nil {
					rt.Fatalf("step %d: %v", step, err)
				}
				var counts table.Counts
				for key, body := range want {
					switch had, ok := now[source][key]; {
					case !ok:
						counts.Added++
					case had != body:
						counts.Changed++
					}
				}
				for key := range now[source] {
					if _, ok := want[key]; !ok {
						counts.Removed++
					}
				}
				counts.Unchanged = done.Counts.Unchanged
				if done.Counts != counts {
					rt.Fatalf("step %d counted %+v, the model %+v", step, done.Counts, counts)
				}
				if got := int64(len(done.Changes)); got != counts.Added+counts.Changed+counts.Removed {
					rt.Fatalf("step %d lists %d changes of %+v", step, got, counts)
				}
				if done.New {
					head++
					now[source] = want
					made[source] = append(made[source], head)
					if first[source] == 0 {
						first[source] = head
					}
					history[head] = maps.Clone(now)
				}
				if rapid.IntRange(0, 2).Draw(rt, "sweep") == 0 {
					if err := a.Sweep(t.Context()); err != nil {
						rt.Fatal(err)
					}
				}
			}
			for source, versions := range made {
				oldest := versions[max(0, len(versions)-keep)]
				for v := int64(1); v <= head; v++ {
					got, err := rowsAt(a, source, v)
					var trimmed *table.TrimmedError
					if errors.As(err, &trimmed) && v < oldest {
						continue
					}
					if err != nil {
						rt.Fatalf("%s at %d: %v", source, v, err)
					}
					want := []string{}
					for key, body := range history[v][source] {
						want = append(want, fmt.Sprintf("%d %s %x", key.Kind, key.ID, body))
					}
					slices.Sort(want)
					if !slices.Equal(got, want) {
						rt.Fatalf("%s at version %d says %q, the model %q", source, v, got, want)
					}
				}
			}
			for after := int64(0); after < head; after++ {
				keys, more, err := a.Changes(t.Context(), after, head, 100)
				if err != nil {
					rt.Fatal(err)
				}
				for source := range made {
					for id := range 7 {
						key := table.Key{Kind: table.EntityRow, ID: fmt.Sprint("Q", id)}
						if history[head][source][key] != history[after][source][key] && !more && !slices.Contains(keys, key) {
							rt.Fatalf("%s of %s changed after %d and is not among %v", key.ID, source, after, keys)
						}
					}
				}
			}
		})
	})
}

// A row that says nothing of prominence keeps what the source said before, in
// every way that rows are published; one that gives 0 takes it away.
func TestProminenceIsKept(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		a, _ := e.open(t)
		weighed := func(id, name string, prominence float64, given bool) table.Encoded {
			row := entity(id, name)
			row.Entity.Prominence, row.Weighed = prominence, given
			return encoded(row)[0]
		}
		prominence := func(source string) map[string]float64 {
			got := map[string]float64{}
			err := a.Rows(t.Context(), source, headOf(t, a), func(row table.Encoded) error {
				r, err := table.Decode(row.Key, source, row.Body)
				if err == nil {
					got[r.Entity.ID] = math.Round(r.Entity.Prominence*100) / 100
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		mustPublish(t, a, table.Publish{Source: "s"}, weighed("A", "a", .8, true), weighed("B", "b", .6, true), weighed("C", "c", 0, false), weighed("D", "d", .5, true))
		mustPublish(t, a, table.Publish{Source: "other"}, weighed("A", "a", .1, true))
		same := mustPublish(t, a, table.Publish{Source: "s"}, weighed("A", "a", 0, false), weighed("C", "c", 0, false))
		if same.New || same.Counts != (table.Counts{Unchanged: 2}) {
			t.Errorf("the same without prominence: %+v, want nothing published", same)
		}
		dry := mustPublish(t, a, table.Publish{Source: "s", DryRun: true}, weighed("A", "aa", 0, false), weighed("B", "b", 0, true))
		if len(dry.Changes) != 2 || !slices.Equal(dry.Changes[0].Fields, []string{"canonical_name"}) || !slices.Equal(dry.Changes[1].Fields, []string{"prominence"}) {
			t.Errorf("dry run: %+v", dry.Changes)
		}
		merged := mustPublish(t, a, table.Publish{Source: "s"}, weighed("A", "aa", 0, false), weighed("B", "b", 0, true), weighed("C", "c", .2, true))
		if merged.Counts != (table.Counts{Changed: 3}) {
			t.Errorf("merge: %+v", merged.Counts)
		}
		if got, want := prominence("s"), (map[string]float64{"A": .8, "B": 0, "C": .2, "D": .5}); !maps.Equal(got, want) {
			t.Errorf("after the merge %v, want %v", got, want)
		}
		mustPublish(t, a, table.Publish{Source: "s", Replace: true}, weighed("A", "aaa", 0, false), weighed("E", "e", 0, false))
		if got, want := prominence("s"), (map[string]float64{"A": .8, "E": 0}); !maps.Equal(got, want) {
			t.Errorf("after the replace %v, want %v", got, want)
		}
		mustPublish(t, a, table.Publish{Source: "s", Operation: table.Rollback, Restore: 1})
		if got, want := prominence("s"), (map[string]float64{"A": .8, "B": .6, "C": 0, "D": .5}); !maps.Equal(got, want) {
			t.Errorf("after the rollback %v, want %v", got, want)
		}
	})
}

// More rows than one query and one statement carry.
func TestProminenceOfManyIsKept(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		a, _ := e.open(t)
		const rows = 10_500
		of := func(prominence float64, name string) []table.Encoded {
			all := make([]table.Row, rows)
			for i := range all {
				all[i] = entity(fmt.Sprint("Q", i), name)
				all[i].Entity.Prominence = prominence
			}
			return encoded(all...)
		}
		mustPublish(t, a, table.Publish{Source: "s"}, of(.5, "a")...)
		if again := mustPublish(t, a, table.Publish{Source: "s"}, of(0, "a")...); again.New || again.Counts.Unchanged != rows {
			t.Errorf("the same without prominence: %+v", again.Counts)
		}
	})
}

func headOf(t testing.TB, a table.Authority) int64 {
	t.Helper()
	head, err := a.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return head
}
