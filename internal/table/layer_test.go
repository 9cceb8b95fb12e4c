package table_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"onoma/internal/table"
	"onoma/resolver"
	"onoma/resolver/fact"
)

// logged is a log to be read while it is written.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), what)
}

// openLayered opens a table that folds a layer of more than fold rows in.
func openLayered(t testing.TB, dir string, fold int, log *logged) (m *table.Mirror, closeIt func()) {
	t.Helper()
	a, err := table.OpenSQLite(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	o := table.MirrorOptions{Authority: a, Dir: dir, WithoutSeed: true, FoldRows: fold}
	if log != nil {
		o.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
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

// freshly is a table built anew of what the mirror's authority says.
func freshly(t testing.TB, m *table.Mirror) *resolver.Table {
	t.Helper()
	fresh, err := table.NewMirror(context.Background(), table.MirrorOptions{Authority: m.Authority(), WithoutSeed: true})
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	return fresh.Resolver().Table()
}

// saying is what a table answers to names, as they are, with slips of the pen and
// inflected, and to prefixes; and what it says of entities.
func saying(x *resolver.Table, names, ids []string) string {
	var b strings.Builder
	var a resolver.Answer
	ask := func(name string) {
		x.Resolve(&resolver.Query{Name: name}, &a)
		fmt.Fprint(&b, name, " ", a.Outcome)
		for _, c := range a.Candidates {
			fmt.Fprintf(&b, " %s %s %s %.6f", c.Entity.ID(), c.Method, c.Reading, c.Score)
			if c.Name.Valid() { // a pin has none
				fmt.Fprintf(&b, " %q", c.Name.Text())
			}
		}
		b.WriteByte('\n')
	}
	for _, name := range names {
		ask(name)
		if r := []rune(name); len(r) > 4 {
			ask(string(r[:2]) + string(r[1:]))
			ask(string(r[:len(r)-1]) + "a")
			for _, s := range x.Search(string(r[:3]), 0, "", 20) {
				fmt.Fprint(&b, " ", s.Entity.ID(), s.Name.Text())
			}
		}
	}
	for _, id := range ids {
		e, redirected := x.Find(id)
		fmt.Fprint(&b, id, e.Valid(), redirected)
		if !e.Valid() {
			continue
		}
		fmt.Fprint(&b, e.Canonical(), e.Kind(), e.Prominence())
		for i := range e.RelationCount() {
			r := e.Relation(i)
			fmt.Fprint(&b, r.Type, r.Target.ID(), r.Target.Canonical())
		}
		for i := range e.RoleCount() {
			p := e.Role(i).Position
			fmt.Fprint(&b, p.ID(), p.Office(), p.TitleCount())
			if j := p.Jurisdiction(); j.Valid() {
				fmt.Fprint(&b, j.ID(), j.Canonical())
			}
		}
		b.WriteByte('\n')
	}
	s := x.Stats()
	fmt.Fprint(&b, s.Entities, s.Names, s.Keys, s.Relations, s.Roles, s.Sources)
	return b.String()
}

// difference tells the first line in which two texts differ.
func difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			return fmt.Sprintf("the table says\n%s\none built anew\n%s", g[i], strings.Join(w[min(i, len(w)):min(i+1, len(w))], ""))
		}
	}
	return ""
}

// publishes makes random small publishes.
type publishes struct {
	t    *testing.T
	r    *rand.Rand
	pool []table.Row // what entities are made of
}

// one publishes, and returns the names and the IDs that it touched.
func (p *publishes) one(m *table.Mirror) (names, ids []string) {
	p.t.Helper()
	var rows []table.Row
	var remove []table.Key
	for range 1 + p.r.IntN(8) {
		at, with := p.r.IntN(len(p.pool)), p.r.IntN(len(p.pool))
		e := *p.pool[at].Entity
		ids = append(ids, e.ID)
		for _, n := range slices.Concat(e.Names, p.pool[with].Entity.Names) {
			names = append(names, n.Text)
		}
		if slices.ContainsFunc(rows, func(r table.Row) bool { return r.Entity != nil && r.Entity.ID == e.ID }) ||
			slices.Contains(remove, table.Key{Kind: table.EntityRow, ID: e.ID}) {
			continue
		}
		switch p.r.IntN(5) {
		case 0:
			remove = append(remove, table.Key{Kind: table.EntityRow, ID: e.ID})
		case 1: // takes another's name
			e.Names = append(slices.Clone(e.Names), p.pool[with].Entity.Names[0])
			rows = append(rows, table.Row{Entity: &e})
		case 2: // is another, and refers to it
			e.Names, e.Canonical = p.pool[with].Entity.Names, p.pool[with].Entity.Names[0].Text
			e.Relations = []fact.Relation{{Type: fact.LocatedIn, Target: p.pool[with].Entity.ID}}
			rows = append(rows, table.Row{Entity: &e})
		case 3: // holds a post
			post := fact.Position{ID: fmt.Sprint("post", with%5), Office: "mayor", Jurisdiction: p.pool[with].Entity.ID, Titles: []fact.Title{{Text: "Mayor", Language: "en"}}}
			e.Roles = []fact.Role{{Position: post.ID}}
			if !slices.ContainsFunc(rows, func(r table.Row) bool { return r.Position != nil && r.Position.ID == post.ID }) {
				rows = append(rows, table.Row{Position: &post})
			}
			rows = append(rows, table.Row{Entity: &e})
		default: // takes over another's ID
			e.Redirects = []string{"former-" + p.pool[with].Entity.ID}
			ids = append(ids, e.Redirects[0])
			rows = append(rows, table.Row{Entity: &e})
		}
	}
	publish := table.Publish{Source: []string{"s", "desk"}[p.r.IntN(2)], Operation: table.Upsert}
	if p.r.IntN(6) == 0 {
		publish = table.Publish{Source: "pins", Operation: table.SetOverride}
		rows, remove = []table.Row{{Override: &fact.Override{Name: names[0], Entity: ids[0], Deny: p.r.IntN(2) == 0}}}, nil
	}
	if _, err := m.Write(p.t.Context(), publish, rows, remove, nil); err != nil {
		p.t.Fatal(err)
	}
	return names, ids
}

// Whatever is published, layered, folded in and caught up with after a restart, the
// table answers as one built anew.
func TestLayersAnswerAsFreshBuild(t *testing.T) {
	pool := generated(t, 900)
	for seed := range uint64(3) {
		dir := t.TempDir()
		log := new(logged)
		m, closeIt := openLayered(t, dir, 40, log)
		load(t, m, table.LoadOptions{}, 100, pool[:len(pool)*2/3])
		p := &publishes{t, rand.New(rand.NewPCG(seed, 7)), pool}
		m.Resolver().Table().Index().Sounds()
		for i := range 40 {
			if i%11 == 10 {
				closeIt()
				m, closeIt = openLayered(t, dir, 40, log)
			}
			names, ids := p.one(m)
			if i%3 != 0 {
				continue
			}
			got := m.Resolver().Table()
			if told := difference(saying(got, names, ids), saying(freshly(t, m), names, ids)); told != "" {
				t.Fatalf("seed %d, publish %d: %s", seed, i, told)
			}
		}
		closeIt()
		// Once when the table is empty, once when the first rows come.
		if n := log.count("table built"); n != 2 {
			t.Errorf("the whole table was built %d times for small changes", n-2)
		}
		if log.count("layer folded in") == 0 || log.count("layer built") < 40 {
			t.Errorf("%d folds and %d layers: the test shows nothing", log.count("layer folded in"), log.count("layer built"))
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*.new")); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
	}
}

// A start on an older snapshot catches up without building anew as long as it can know
// what has changed, and builds anew when it cannot.
func TestStartOnAnOlderSnapshot(t *testing.T) {
	pool := generated(t, 900)
	dir := t.TempDir()
	m, closeIt := openLayered(t, dir, 0, nil)
	load(t, m, table.LoadOptions{}, 100, pool)
	var names, ids []string
	p := &publishes{t, rand.New(rand.NewPCG(5, 5)), pool[:40]} // few rows: the layer stays small
	for range 2 * table.DefaultKeep {
		n, i := p.one(m)
		names, ids = append(names, n...), append(ids, i...)
	}
	want := saying(freshly(t, m), names, ids)
	// By now the authority has forgotten rows that were taken away.
	if err := m.Authority().Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	closeIt()
	path := filepath.Join(dir, "changes.onoma")
	journal, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := os.ReadFile(filepath.Join(dir, "snapshot.onoma"))
	if err != nil {
		t.Fatal(err)
	}
	changed := func(at int) []byte {
		flipped := bytes.Clone(journal)
		flipped[at] ^= 1
		return flipped
	}
	const never, always, perhaps = "false", "true", "either"
	for _, c := range []struct {
		what    string
		journal []byte
		builds  string
	}{
		{"whole", journal, never},
		{"without its last byte", journal[:len(journal)-1], never},
		{"with a torn record behind", append(bytes.Clone(journal), 9, 9, 9), never},
		{"empty", nil, always},
		{"changed in its head", changed(20), always},
		{"changed in the middle", changed(len(journal) / 2), perhaps},
		{"another's", append([]byte(nil), "something else altogether"...), always},
	} {
		for file, content := range map[string][]byte{path: c.journal, filepath.Join(dir, "snapshot.onoma"): snapshot} {
			if err := os.WriteFile(file, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		log := new(logged)
		m, closeIt := openLayered(t, dir, 0, log)
		got := saying(m.Resolver().Table(), names, ids)
		// What is noted now can be read at the next start.
		p.one(m)
		again := saying(freshly(t, m), names, ids)
		closeIt()
		if got != want {
			t.Errorf("%s: other answers", c.what)
		}
		if built := fmt.Sprint(log.count("table built") > 0); built != c.builds && c.builds != perhaps {
			t.Errorf("%s: built anew %s", c.what, built)
		}
		m, closeIt = openLayered(t, dir, 0, nil)
		if saying(m.Resolver().Table(), names, ids) != again {
			t.Errorf("%s: other answers after another publish and a start", c.what)
		}
		closeIt()
		want = again // the authority goes on
	}
}

// A mirror of a brief process folds only when told to, and then only a layer that is
// worth it: by its rows or by their names.
func TestBriefMirrorFoldsWhenTold(t *testing.T) {
	dir := t.TempDir()
	log := new(logged)
	open := func() (*table.Mirror, func()) {
		a, err := table.OpenSQLite(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		m, err := table.NewMirror(t.Context(), table.MirrorOptions{Authority: a, Dir: dir, WithoutSeed: true, Brief: true, FoldRows: 60,
			Logger: slog.New(slog.NewTextHandler(log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		return m, func() { m.Close(); a.Close() }
	}
	m, closeIt := open()
	var rows []table.Row
	for i := range 1000 {
		rows = append(rows, entity(fmt.Sprintf("e%04d", i), fmt.Sprintf("name %d", i)))
	}
	load(t, m, table.LoadOptions{}, 500, rows)
	put := func(rows ...table.Row) int {
		t.Helper()
		if _, err := m.Write(t.Context(), table.Publish{Source: "s", Operation: table.Upsert}, rows, nil, nil); err != nil {
			t.Fatal(err)
		}
		if err := m.Fold(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, entities, _ := m.Resolver().Table().Index().Base()
		return entities
	}
	if left := put(rows[:50]...); left != 0 {
		// The rows say what they said: nothing is published and there is no layer.
		t.Errorf("a layer of %d entities of rows that did not change", left)
	}
	changed := func(from, n, names int) (rows []table.Row) {
		for i := range n {
			row := entity(fmt.Sprintf("e%04d", from+i), "another")
			for k := range names {
				row.Entity.Names = append(row.Entity.Names, fact.Name{Text: fmt.Sprintf("name %d of %d", k, from+i), Kind: fact.Alias, Source: "s"})
			}
			rows = append(rows, row)
		}
		return rows
	}
	if left := put(changed(0, 40, 2)...); left != 40 {
		t.Errorf("a small layer: %d entities left, want all 40", left)
	}
	if left := put(changed(100, 30, 2)...); left != 0 {
		t.Errorf("a layer of 70 entities, more than 60: %d left", left)
	}
	if left := put(changed(200, 1, 400)...); left != 0 {
		t.Errorf("a layer of one entity with 400 names: %d left", left)
	}
	closeIt()
	m, closeIt = open()
	defer closeIt()
	if got := log.count("table built"); got != 2 { // empty, and loaded
		t.Errorf("built anew %d times, want 2", got)
	}
	if e, _ := m.Resolver().Table().Find("e0200"); e.NameCount() < 400 {
		t.Errorf("after a new start the entity has %d names", e.NameCount())
	}
}
