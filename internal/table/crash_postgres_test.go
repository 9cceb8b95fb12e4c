package table_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"testing"
	"time"

	"onoma/internal/table"
)

// crashName is what PostgreSQL knows a child's connections by.
const crashName = "onoma-to-be-killed"

// awaitDeath waits until PostgreSQL has noticed that the child is gone. What it was
// told before, such as a COPY, it finishes; were that swept out first, it would come
// back. A sweep by itself gives it fifteen minutes.
func awaitDeath(t testing.TB, db *sql.DB) {
	t.Helper()
	for tick := time.NewTicker(5 * time.Millisecond); ; <-tick.C {
		alive := 0
		if err := db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = $1`, crashName).Scan(&alive); err != nil {
			t.Fatal(err)
		}
		if alive == 0 {
			tick.Stop()
			return
		}
	}
}

func openPostgresMirror(t testing.TB, url string) (m *table.Mirror, closeIt func()) {
	t.Helper()
	a, err := table.OpenPostgres(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	if m, err = table.NewMirror(context.Background(), table.MirrorOptions{Authority: a, WithoutSeed: true}); err != nil {
		t.Fatal(err)
	}
	return m, func() {
		m.Close()
		a.Close()
	}
}

// TestPostgresCrashChild is the child of TestKilledBesidePostgres: where it loads
// is the URL of a database.
func TestPostgresCrashChild(t *testing.T) {
	url := os.Getenv(crashDirectory)
	if url == "" {
		return // runs only as a child
	}
	a, err := table.OpenPostgres(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	publishGenerations(t, a, table.MirrorOptions{})
}

// TestKilledBesidePostgres kills a process that loads into PostgreSQL within the
// COPY of a load, within a publish, and anywhere. What was acknowledged is there
// whole, and of the rest nothing once it is swept out.
func TestKilledBesidePostgres(t *testing.T) {
	url := postgres(t).database(t)
	acknowledged := int64(0)
	s := newShooter(t, 5)
	s.each([]string{inLoad, inPublish, inAny}, func(phase string) {
		acknowledged = max(acknowledged, s.kill("^TestPostgresCrashChild$", url, phase))
		acknowledged = checkWholeInPostgres(t, url, acknowledged)
	})
	if acknowledged < int64(crashesWanted(t)) {
		t.Errorf("only %d versions were published between kills: the test shows nothing", acknowledged)
	}
}

// checkWholeInPostgres returns the version that the table is at.
func checkWholeInPostgres(t *testing.T, url string, acknowledged int64) int64 {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	awaitDeath(t, db)
	m, closeIt := openPostgresMirror(t, url)
	defer closeIt()
	head := m.Version()
	if head < acknowledged || head > acknowledged+1 {
		t.Fatalf("the table is at %d, %d was acknowledged", head, acknowledged)
	}
	names := make(map[string]int)
	for e := range m.Resolver().Table().Index().After("") {
		names[e.Canonical()]++
	}
	if head > 0 && (len(names) != 1 || names[fmt.Sprintf("generation %d", head)] != crashRows) {
		t.Fatalf("version %d has %v, want %d of its generation", head, names, crashRows)
	}
	// Others may be staging into the same database: what nobody has touched for long
	// is given up.
	if err := table.SweepAsIfLater(t.Context(), m.Authority()); err != nil {
		t.Fatal(err)
	}
	left := 0
	if err := db.QueryRowContext(t.Context(), `SELECT COUNT(*) FROM fact WHERE (n >> 32) NOT IN (SELECT batch FROM version)`).Scan(&left); err != nil {
		t.Fatal(err)
	}
	if left > 0 {
		t.Fatalf("%d rows of loads that were not published are left after a sweep", left)
	}
	return head
}
