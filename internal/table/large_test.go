//go:build drill

package table_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"onoma/internal/source"
	"onoma/internal/table"
	"onoma/resolver"
	"onoma/resolver/index"
	"onoma/resolver/name"
	"onoma/resolver/seed"
)

// The measurement of a large table: how many names it has (100,000), and a directory
// that keeps it from run to run.
const (
	largeNames     = "ONOMA_LARGE_NAMES"
	largeDirectory = "ONOMA_LARGE_DIRECTORY"
)

// TestLargeTable measures what docs/performance.md says of a large table. It writes
// its figures to standard output; what depends on the machine is not judged.
func TestLargeTable(t *testing.T) {
	names := int64(100_000)
	if s := os.Getenv(largeNames); s != "" {
		var err error
		if names, err = strconv.ParseInt(s, 10, 64); err != nil {
			t.Fatalf("%s: %v", largeNames, err)
		}
	}
	dir := os.Getenv(largeDirectory)
	if dir == "" {
		dir = t.TempDir()
	}
	if _, err := os.Stat(filepath.Join(dir, "onoma.db")); errors.Is(err, fs.ErrNotExist) {
		loadLarge(t, dir, names)
	}
	log := new(logged)
	m, closeIt := openLarge(t, dir, log)
	settle(m)
	exactLarge(t, m)
	publishLarge(t, m, log)
	closeIt()
	m, closeIt = openLarge(t, dir, log)
	foldLarge(t, m, log)
	closeIt()
}

// settle waits until no layer is being folded in.
func settle(m *table.Mirror) {
	for {
		changed := m.Changed()
		if _, rows, _ := m.Resolver().Table().Index().Base(); rows <= table.DefaultFoldRows {
			return
		}
		<-changed
	}
}

func openLarge(t *testing.T, dir string, log *logged) (m *table.Mirror, closeIt func()) {
	t.Helper()
	a, err := table.OpenSQLite(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	began, before := time.Now(), spent(process)
	m, err = table.NewMirror(t.Context(), table.MirrorOptions{Authority: a, Dir: dir, Logger: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("opened at version %d in %v, processor time %v, anonymous memory %s\n",
		m.Version(), time.Since(began).Round(time.Millisecond), (spent(process) - before).Round(time.Millisecond), anonymous())
	return m, func() {
		m.Close()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}

func loadLarge(t *testing.T, dir string, names int64) {
	t.Helper()
	m, closeIt := openLarge(t, dir, new(logged))
	defer closeIt()
	l, err := m.NewLoad(t.Context(), table.LoadOptions{Source: "gen"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Discard(context.WithoutCancel(t.Context()))
	began := time.Now()
	var lines []table.Line
	rows := int64(0)
	add := func() error {
		defer func() { lines = lines[:0] }()
		return l.Add(l.Next(), "generated", lines)
	}
	err = source.NewGenerator(1).Rows(names, func(row table.Row) error {
		rows++
		lines = append(lines, table.Line{Number: rows, Row: row})
		if len(lines) < 1000 {
			return nil
		}
		return add()
	})
	if err == nil {
		err = add()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Commit(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	fmt.Printf("load of %d names: %v\n", names, time.Since(began).Round(100*time.Millisecond))
}

// someNames returns names drawn from all over the table, of those that at most two
// entities have: what a surname of thousands costs depends on them and not on the table.
func someNames(x *resolver.Table, n int) []string {
	r := rand.New(rand.NewPCG(1, 1))
	entities := x.Index().Entities()
	names := make([]string, 0, n)
	for len(names) < n {
		e := x.Index().Nth(r.IntN(entities))
		if e.NameCount() == 0 {
			continue
		}
		text := e.Name(r.IntN(e.NameCount())).Text()
		if key := []byte(name.Fold(text)); x.Index().Lookup(text, key).Len() <= 2 {
			names = append(names, strings.Clone(text))
		}
	}
	return names
}

// Whose processor time is asked for.
const (
	process = syscall.RUSAGE_SELF
	thread  = 1 // RUSAGE_THREAD
)

// spent is processor time, which other work on the machine lengthens less than the
// clock's.
func spent(who int) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// each returns the processor time of resolving one of the names, each asked once, so
// that none is in a cache because it was asked before.
func each(x *resolver.Table, names []string) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var a resolver.Answer
	before := spent(thread)
	for _, n := range names {
		x.Resolve(&resolver.Query{Name: n}, &a)
	}
	return (spent(thread) - before) / time.Duration(len(names))
}

// exactLarge compares an exact answer with that of a table of the same kind of names
// that has as many as the built-in one.
func exactLarge(t *testing.T, m *table.Mirror) {
	t.Helper()
	builtIn, err := seed.Index()
	if err != nil {
		t.Fatal(err)
	}
	var b index.Builder
	for _, row := range generated(t, int64(builtIn.Stats().Names)) {
		b.Add(*row.Entity)
	}
	small, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	few := resolver.NewTable(small, 1, time.Time{}, nil)
	large := m.Resolver().Table()
	latin := func(text string) bool { return name.ScriptOf(text) == name.Latin }
	for _, c := range []struct {
		what  string
		names int
		times int
		of    func(string) bool
	}{
		{"Latin letters, all over the table", 300_000, 1, latin},
		{"Latin letters, of a day's news (5,000 names again and again)", 5_000, 60, latin},
		{"all scripts (names little known are also sought as inflected), all over the table", 200_000, 1, func(string) bool { return true }},
	} {
		again := func(x *resolver.Table) []string {
			return slices.Repeat(slices.Collect(filter(someNames(x, 2*c.names), c.of, c.names)), c.times)
		}
		there, here := again(large), again(few)
		var l, s time.Duration = 1 << 62, 1 << 62
		for range 3 { // in turn, so that both see the same machine
			l, s = min(l, each(large, there)), min(s, each(few, here))
		}
		fmt.Printf("exact, %s: %v, one of the size of the built-in table %v, ratio %.2f\n", c.what, l, s, float64(l)/float64(s))
	}
	manyNames, fewNames := someNames(large, 300_000), someNames(few, 300_000)
	l, s := inMap(large, manyNames), inMap(few, fewNames)
	fmt.Printf("a Go map of the names, all over the table: %v, of as many as the built-in table has %v, ratio %.2f\n", l, s, float64(l)/float64(s))
}

// inMap returns the processor time of looking one of the names up in a Go map of all
// names of the table: what distance in memory costs by itself.
func inMap(x *resolver.Table, names []string) time.Duration {
	all := make(map[string]uint32)
	for n := range x.Index().Entities() {
		for i, e := 0, x.Index().Nth(n); i < e.NameCount(); i++ {
			all[e.Name(i).Text()] = uint32(n)
		}
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	found := 0
	before := spent(thread)
	for _, n := range names {
		if _, is := all[n]; is {
			found++
		}
	}
	took := spent(thread) - before
	if found != len(names) {
		panic(fmt.Sprintf("%d of %d names are in the map", found, len(names)))
	}
	return took / time.Duration(len(names))
}

// filter yields the first n texts that pass.
func filter(texts []string, pass func(string) bool, n int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, t := range texts {
			if pass(t) {
				if n--; !yield(t) || n == 0 {
					return
				}
			}
		}
	}
}

// asked measures answers while do runs, a thousand a second, of which one in twenty
// is of a name as the table does not spell it.
func asked(m *table.Mirror, names []string, do func()) (p50, p99 time.Duration) {
	var stop atomic.Bool
	done := make(chan []time.Duration)
	go func() {
		var took []time.Duration
		var a resolver.Answer
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for i := 0; !stop.Load(); i++ {
			<-tick.C
			text := names[i%len(names)]
			if i%20 == 0 {
				letters := []rune(text)
				text = string(letters[:len(letters)-1]) + "h" + string(letters[len(letters)-1:])
			}
			began := time.Now()
			m.Resolver().Resolve(&resolver.Query{Name: text}, &a)
			took = append(took, time.Since(began))
		}
		done <- took
	}()
	do()
	stop.Store(true)
	took := <-done
	slices.Sort(took)
	return took[len(took)/2], took[len(took)*99/100]
}

func quiet(m *table.Mirror, names []string) (p50, p99 time.Duration) {
	return asked(m, names, func() {
		wait := time.NewTimer(3 * time.Second)
		<-wait.C
	})
}

// thousand are rows of a small publish: half change an entity, half are new.
func thousand(r *rand.Rand, m *table.Mirror, n int) []table.Row {
	x := m.Resolver().Table().Index()
	rows := make([]table.Row, 0, 1000)
	seen := make(map[string]bool)
	for len(rows) < 1000 {
		e := x.Nth(r.IntN(x.Entities()))
		if e.NameCount() == 0 || seen[e.ID()] {
			continue
		}
		seen[e.ID()] = true
		first := strings.Clone(e.Name(0).Text())
		row := entity(strings.Clone(e.ID()), first, first, fmt.Sprintf("%s %d", first, n))
		if len(rows)%2 == 1 {
			row.Entity.ID = fmt.Sprintf("new:%d-%d", n, len(rows))
		}
		rows = append(rows, row)
	}
	return rows
}

func publishOne(t *testing.T, m *table.Mirror, rows []table.Row) time.Duration {
	t.Helper()
	began := time.Now()
	if _, err := m.Write(t.Context(), table.Publish{Source: "desk", Operation: table.Upsert}, rows, nil, nil); err != nil {
		t.Fatal(err)
	}
	return time.Since(began)
}

func publishLarge(t *testing.T, m *table.Mirror, log *logged) {
	t.Helper()
	names := someNames(m.Resolver().Table(), 50_000)
	r := rand.New(rand.NewPCG(uint64(m.Version()), 9))
	quiet(m, names) // reads in what is on the disk
	quietHalf, quietLast := quiet(m, names)
	var took []time.Duration
	var processor time.Duration
	half, last := asked(m, names, func() {
		second := time.NewTicker(time.Second)
		defer second.Stop()
		for n := range 10 {
			rows := thousand(r, m, int(m.Version())*100+n)
			before := spent(process)
			took = append(took, publishOne(t, m, rows))
			processor += spent(process) - before
			<-second.C
		}
	})
	slices.Sort(took)
	fmt.Printf("1,000 rows published and answered from: median %v, slowest %v, processor time %v\n", took[len(took)/2].Round(time.Millisecond),
		took[len(took)-1].Round(time.Millisecond), (processor / time.Duration(len(took))).Round(time.Millisecond))
	fmt.Printf("resolve: quiet p50 %v p99 %v; with such a publish every second p50 %v p99 %v, ratio %.2f\n", quietHalf, quietLast, half, last, float64(last)/float64(quietLast))
	large := m.Resolver().Table()
	base, rows, layered := large.Index().Base()
	fmt.Printf("layer of %d entities, %d names: exact %v, without it %v\n", rows, layered,
		each(large, names), each(resolver.NewTable(base, 1, time.Time{}, nil), names))
}

// foldLarge publishes, once a second, until the layer is folded in.
func foldLarge(t *testing.T, m *table.Mirror, log *logged) {
	t.Helper()
	names := someNames(m.Resolver().Table(), 50_000)
	r := rand.New(rand.NewPCG(uint64(m.Version()), 10))
	folds := log.count("layer folded in")
	quiet(m, names)
	_, quietLast := quiet(m, names)
	var slowest time.Duration
	began := time.Now()
	_, last := asked(m, names, func() {
		second := time.NewTicker(time.Second)
		defer second.Stop()
		for n := 0; log.count("layer folded in") == folds && time.Since(began) < 5*time.Minute; n++ {
			slowest = max(slowest, publishOne(t, m, thousand(r, m, int(m.Version())*100+n)))
			<-second.C
		}
	})
	if log.count("layer folded in") == folds {
		t.Fatal("no fold in five minutes")
	}
	_, rows, _ := m.Resolver().Table().Index().Base()
	fmt.Printf("publishes until a fold has ended: %v, slowest publish %v, left in the layer %d; resolve quiet p99 %v, meanwhile %v, ratio %.2f\n",
		time.Since(began).Round(time.Second), slowest.Round(time.Millisecond), rows, quietLast, last, float64(last)/float64(quietLast))
}

// anonymous is the memory of the process that is its own.
func anonymous() string {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err.Error()
	}
	_, rest, _ := strings.Cut(string(text), "RssAnon:")
	line, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(line)
}
