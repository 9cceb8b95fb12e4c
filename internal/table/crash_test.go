package table_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"onoma/internal/table"
	"onoma/resolver"
)

// The crash test runs this test binary as a child that loads and publishes until
// it is killed. The environment says where.
const (
	crashDirectory = "ONOMA_CRASH_DIRECTORY"
	// crashPoints is how often the child is killed within each phase of its life;
	// make faults asks for more.
	crashPoints = "ONOMA_CRASH_POINTS"
)

// crashRows is how many rows each generation has. Every row of a generation is
// named after it, so that half a publish shows.
const crashRows = 3000

func generation(n int) []table.Row {
	rows := make([]table.Row, crashRows)
	for i := range rows {
		rows[i] = entity(fmt.Sprintf("e%05d", i), fmt.Sprintf("generation %d", n), fmt.Sprintf("name %d", i))
	}
	return rows
}

// TestCrashChild is the child: it publishes one generation after the other and
// says so on standard output once the publish is acknowledged.
func TestCrashChild(t *testing.T) {
	dir := os.Getenv(crashDirectory)
	if dir == "" {
		return // runs only as the child of TestKilledLoading
	}
	a, err := table.OpenSQLite(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	publishGenerations(t, a, table.MirrorOptions{Dir: dir})
}

func publishGenerations(t *testing.T, a table.Authority, o table.MirrorOptions) {
	m, done := openTold(t, a, o)
	for n := int(m.Version()) + 1; ; n++ {
		done(load(t, m, table.LoadOptions{Replace: n%2 == 0}, 500, generation(n)).Version)
	}
}

// TestKilledLoading kills a process within a load, a publish and the writing of a
// snapshot, and anywhere. After each kill, what was acknowledged is there whole,
// nothing else has left a trace, and the answers are those of a table built anew.
func TestKilledLoading(t *testing.T) {
	dir := t.TempDir()
	acknowledged := int64(0)
	s := newShooter(t, 1)
	phases := []string{inLoad, inPublish, inAny}
	if crashesWanted(t) > 1 { // written in a millisecond, which takes ten kills to hit
		phases = append(phases, inSnapshot)
	}
	s.each(phases, func(phase string) {
		acknowledged = max(acknowledged, s.kill("^TestCrashChild$", dir, phase))
		acknowledged = checkWhole(t, dir, acknowledged)
	})
	if acknowledged < int64(crashesWanted(t)) {
		t.Errorf("only %d versions were published between kills: the test shows nothing", acknowledged)
	}
}

// Small publishes: each rewrites a block of rows, takes one away and puts the one
// before back, so that the rows of every version can be told. The layer is folded in
// every few publishes.
const (
	blockRows = 40
	foldEvery = 150
)

// blockOf returns what a version writes and takes away. The first writes all rows.
func blockOf(version int) (rows []table.Row, gone int) {
	row := func(i int) table.Row {
		return entity(fmt.Sprintf("e%05d", i), fmt.Sprintf("version %d", version), fmt.Sprintf("name %d of %d", i, version), fmt.Sprintf("name %d", i))
	}
	if version == 1 {
		for i := range crashRows {
			rows = append(rows, row(i))
		}
		return rows, -1
	}
	gone = version * 7 % crashRows
	for k := range blockRows {
		if i := (version*blockRows + k) % crashRows; i != gone {
			rows = append(rows, row(i))
		}
	}
	if before := (version - 1) * 7 % crashRows; version > 2 && before != gone && !slices.ContainsFunc(rows, func(r table.Row) bool { return r.ID() == fmt.Sprintf("e%05d", before) }) {
		rows = append(rows, row(before))
	}
	return rows, gone
}

// saidAt returns the canonical name of every row at a version, by ID.
func saidAt(version int) map[string]string {
	all := make(map[string]string)
	for v := 1; v <= version; v++ {
		rows, gone := blockOf(v)
		for i := range rows {
			all[rows[i].ID()] = rows[i].Entity.Canonical
		}
		delete(all, fmt.Sprintf("e%05d", gone))
	}
	return all
}

// TestFoldCrashChild is the child of TestKilledWhileFolding.
func TestFoldCrashChild(t *testing.T) {
	dir := os.Getenv(crashDirectory)
	if dir == "" {
		return // runs only as a child
	}
	a, err := table.OpenSQLite(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	m, done := openTold(t, a, table.MirrorOptions{Dir: dir, FoldRows: foldEvery})
	for {
		rows, gone := blockOf(int(m.Version()) + 1)
		r, err := m.Write(t.Context(), table.Publish{Source: "s", Operation: table.Upsert}, rows, []table.Key{{Kind: table.EntityRow, ID: fmt.Sprintf("e%05d", gone)}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		done(r.Version)
	}
}

// TestKilledWhileFolding kills a process that publishes, layers, notes what changes,
// folds and writes snapshots, within folds. After each, the table is at what was
// acknowledged or one version on, answers as one built anew, and nothing unfinished is
// left in the directory.
func TestKilledWhileFolding(t *testing.T) {
	dir := t.TempDir()
	acknowledged := int64(0)
	caughtUp, unfinished, kills := 0, 0, 0
	s := newShooter(t, 3)
	s.each([]string{inFold, inPublish}, func(phase string) {
		kills++
		acknowledged = max(acknowledged, s.kill("^TestFoldCrashChild$", dir, phase))
		if left, _ := filepath.Glob(filepath.Join(dir, "*.new")); len(left) > 0 {
			unfinished++
		}
		log := new(logged)
		m, closeIt := openLayered(t, dir, 0, log)
		head := m.Version()
		if head < acknowledged || head > acknowledged+1 {
			t.Fatalf("the table is at %d, %d was acknowledged", head, acknowledged)
		}
		acknowledged = head
		if log.count("table built") == 0 {
			caughtUp++
		}
		want := saidAt(int(head))
		fresh := freshly(t, m)
		for what, x := range map[string]*resolver.Table{"the table": m.Resolver().Table(), "one built anew": fresh} {
			n := 0
			for e := range x.Index().After("") {
				if n++; want[e.ID()] != e.Canonical() {
					t.Fatalf("at version %d %s says %q of %s, which is %q", head, what, e.Canonical(), e.ID(), want[e.ID()])
				}
			}
			if n != len(want) {
				t.Fatalf("at version %d %s has %d entities, want %d", head, what, n, len(want))
			}
		}
		var names, ids []string
		for i := 0; i < crashRows; i += 211 {
			names, ids = append(names, fmt.Sprintf("name %d", i), fmt.Sprintf("nane %d off %d", i, head)), append(ids, fmt.Sprintf("e%05d", i))
		}
		if told := difference(saying(m.Resolver().Table(), names, ids), saying(fresh, names, ids)); told != "" {
			t.Fatalf("at version %d: %s", head, told)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*.new")); len(left) > 0 {
			t.Fatalf("left behind: %q", left)
		}
		closeIt()
	})
	if acknowledged < int64(kills) {
		t.Errorf("only %d versions were published between kills: the test shows nothing", acknowledged)
	}
	t.Logf("%d kills, %d versions; killed while the file of a fold was being written %d times; %d starts caught up", kills, acknowledged, unfinished, caughtUp)
	if caughtUp < kills/2 {
		t.Errorf("%d of %d starts caught up without building anew", caughtUp, kills)
	}
}

// checkWhole returns the version that the table is at.
func checkWhole(t *testing.T, dir string, acknowledged int64) int64 {
	t.Helper()
	m, closeIt := openMirror(t, dir, nil)
	defer closeIt()
	head := m.Version()
	// The last publish may have reached the disk and its acknowledgement not the pipe.
	if head < acknowledged || head > acknowledged+1 {
		t.Fatalf("the table is at %d, %d was acknowledged", head, acknowledged)
	}
	rows := 0
	var name string
	_, err := m.Authority().All(context.Background(), func(source string, e table.Encoded) error {
		row, err := table.Decode(e.Key, source, e.Body)
		if err != nil {
			return err
		}
		if rows++; name == "" {
			name = row.Entity.Canonical
		}
		if row.Entity.Canonical != name {
			return fmt.Errorf("%s is of %q, others are of %q", row.Entity.ID, row.Entity.Canonical, name)
		}
		return nil
	})
	if err != nil || head > 0 && rows != crashRows {
		t.Fatalf("at version %d: %d rows, want %d, %v", head, rows, crashRows, err)
	}
	if got := m.Resolver().Table().Stats(); head > 0 && got.Entities != crashRows {
		t.Fatalf("the table has %d entities, want %d", got.Entities, crashRows)
	}
	for i := 0; head > 0 && i < crashRows; i += 97 {
		if e, _ := m.Resolver().Table().Find(fmt.Sprintf("e%05d", i)); e.Canonical() != name {
			t.Fatalf("the table says %q, the authority %q", e.Canonical(), name)
		}
	}
	if head > 0 {
		names, ids := []string{name}, []string(nil)
		for i := 0; i < crashRows; i += 211 {
			names, ids = append(names, fmt.Sprintf("name %d", i), fmt.Sprintf("nane %d", i)), append(ids, fmt.Sprintf("e%05d", i))
		}
		if told := difference(saying(m.Resolver().Table(), names, ids), saying(freshly(t, m), names, ids)); told != "" {
			t.Fatalf("at version %d: %s", head, told)
		}
	}
	if err := m.Authority().Sweep(context.Background()); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.new")); len(left) > 0 {
		t.Fatalf("left behind: %q", left)
	}
	if left := leftBehind(t, dir); left > 0 {
		t.Fatalf("%d rows of loads that were not published are left after a sweep", left)
	}
	return head
}

// leftBehind counts rows of no version.
func leftBehind(t *testing.T, dir string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+dir+"/onoma.db?_pragma=query_only(1)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.QueryRow(`SELECT COUNT(*) FROM fact WHERE (n >> 32) NOT IN (SELECT batch FROM version)`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
