package table_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"onoma/internal/table"
)

// The phases of a child's life in which it is killed.
const (
	inAny      = "any"
	inLoad     = "load"     // from the first staged row to the publish
	inPublish  = "publish"  // the transaction
	inSnapshot = "snapshot" // while its file is written
	inFold     = "fold"     // from reading the first row to answering from the new base
)

// told is an authority that says on standard output when a phase begins and ends.
// A line is one write to a pipe: what the child has said when it is killed is what
// it was at.
type told struct {
	table.Authority
	// writing tells a base that a publish builds from one that a fold builds.
	writing *atomic.Bool
}

func (a told) Begin(ctx context.Context) (table.Batch, error) {
	fmt.Println("begin", inLoad)
	b, err := a.Authority.Begin(ctx)
	return toldBatch{b, a.writing}, err
}

func (a told) All(ctx context.Context, yield func(string, table.Encoded) error) (int64, error) {
	if !a.writing.Load() {
		fmt.Println("begin", inFold)
	}
	return a.Authority.All(ctx, yield)
}

type toldBatch struct {
	table.Batch
	writing *atomic.Bool
}

func (b toldBatch) Publish(ctx context.Context, p table.Publish) (table.Published, error) {
	b.writing.Store(true)
	fmt.Println("end", inLoad)
	fmt.Println("begin", inPublish)
	defer fmt.Println("end", inPublish)
	return b.Batch.Publish(ctx, p)
}

// foldTold says that a fold has ended when the log says so.
type foldTold struct{}

func (foldTold) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "layer folded in") {
		fmt.Println("end", inFold)
	}
	return len(p), nil
}

// openTold opens the child's table. done is to be called after each write.
func openTold(t *testing.T, a table.Authority, o table.MirrorOptions) (m *table.Mirror, done func(version int64)) {
	t.Helper()
	writing := new(atomic.Bool)
	o.Authority, o.WithoutSeed, o.Logger = told{a, writing}, true, slog.New(slog.NewTextHandler(foldTold{}, nil))
	m, err := table.NewMirror(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("opened")
	return m, func(version int64) {
		writing.Store(false)
		fmt.Println("published", version)
	}
}

// shooter kills children within phases of their lives, at random moments.
type shooter struct {
	t      *testing.T
	random *rand.Rand
	// usual is how long a phase takes, as far as has been seen.
	usual map[string]time.Duration
	// fired counts the kills that were aimed at a phase, inside those that hit it.
	fired, inside map[string]int
}

func newShooter(t *testing.T, seed uint64) *shooter {
	return &shooter{t, rand.New(rand.NewPCG(seed, seed+1)), make(map[string]time.Duration), make(map[string]int), make(map[string]int)}
}

// each kills a child within each phase until that has been hit as often as is
// wanted, and calls check with the last version that was acknowledged.
func (s *shooter) each(phases []string, kill func(phase string)) {
	s.t.Helper()
	points := crashesWanted(s.t)
	// A kill that misses is a kill all the same, and checked; but most must hit.
	for misses := 0; ; {
		var left []string
		for _, phase := range phases {
			if s.inside[phase] < points {
				left = append(left, phase)
			}
		}
		if len(left) == 0 {
			break
		}
		for _, phase := range left {
			before := s.inside[phase]
			kill(phase)
			if s.inside[phase] == before {
				misses++
			}
		}
		if misses > 3*points*len(phases) {
			s.t.Fatalf("%d kills missed what they were aimed at: %v of %v", misses, s.inside, s.fired)
		}
	}
	for _, phase := range phases {
		s.t.Logf("%-8s %d kills, %d of them inside; it takes about %v", phase, s.fired[phase], s.inside[phase], s.usual[phase].Round(100*time.Microsecond))
	}
}

// child is one process that is killed.
type child struct {
	*shooter
	phase string
	file  string // whose being there is the phase; "" when the child says so itself
	skip  int    // phases to let pass
	share float64
	open  bool // the child has opened its table
	in    bool // it is in the phase
	began time.Time
	due   <-chan time.Time
	last  int64 // version that was acknowledged
}

// aimEvery is how often it is looked whether a file is there.
const aimEvery = 200 * time.Microsecond

// kill runs the test as a child on the directory, or URL, and kills it in the phase.
// It returns the last version that the child said was published.
func (s *shooter) kill(test, dir, phase string) (last int64) {
	s.t.Helper()
	process := exec.Command(os.Args[0], "-test.run", test)
	process.Env = append(os.Environ(), crashDirectory+"="+dir, "PGAPPNAME="+crashName)
	out, err := process.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		s.t.Fatal(err)
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		for said := bufio.NewScanner(out); said.Scan(); {
			lines <- said.Text()
		}
		io.Copy(io.Discard, out)
	}()
	c := &child{shooter: s, phase: phase, skip: s.random.IntN(3), share: s.random.Float64()}
	look := time.NewTicker(time.Hour)
	if phase == inSnapshot {
		c.file = filepath.Join(dir, "snapshot.onoma.new")
		look.Reset(aimEvery)
	}
	defer look.Stop()
	for more := true; more; {
		var line string
		select {
		case <-c.due:
			process.Process.Kill()
			c.due = nil
		case <-look.C:
			c.look()
		case line, more = <-lines:
			c.hear(line)
		}
	}
	process.Wait()
	s.fired[phase]++
	if c.file != "" {
		_, err := os.Stat(c.file)
		c.in = err == nil
	}
	if c.in || phase == inAny {
		s.inside[phase]++
	}
	return c.last
}

func (c *child) look() {
	_, err := os.Stat(c.file)
	switch there := err == nil; {
	case there && !c.in:
		c.begin()
	case !there && c.in:
		c.end()
	}
}

func (c *child) hear(line string) {
	word, what, _ := strings.Cut(line, " ")
	switch {
	case word == "opened":
		c.open, c.in = true, false
		if c.phase == inAny {
			c.due = time.After(time.Duration(c.random.IntN(700)) * time.Millisecond)
		}
	case word == "begin" && what == c.phase:
		c.begin()
	case word == "end" && what == c.phase:
		c.end()
	case word == "published":
		var err error
		if c.last, err = strconv.ParseInt(what, 10, 64); err != nil {
			c.t.Fatal(err)
		}
	case strings.Contains(line, "FAIL") || strings.Contains(line, "panic"):
		c.t.Errorf("the child failed: %s", line)
	}
}

// begin aims, unless this phase is let pass: the first is, so that it is known how
// long it takes.
func (c *child) begin() {
	c.in, c.began = true, time.Now()
	usual, known := c.usual[c.phase]
	if c.skip--; c.skip < 0 && c.open && known {
		c.due = time.After(time.Duration(c.share * float64(usual)))
	}
}

// end learns how long the phase takes. A shot that has not been fired waits for
// the next one, and comes earlier in it.
func (c *child) end() {
	if !c.in {
		return
	}
	took := time.Since(c.began)
	if had, ok := c.usual[c.phase]; ok {
		took = (3*had + took) / 4
	}
	c.usual[c.phase] = took
	c.in, c.share, c.due = false, c.share/2, nil
}

// crashesWanted is how many kills within each phase there shall be.
func crashesWanted(t *testing.T) int {
	t.Helper()
	s := os.Getenv(crashPoints)
	if s == "" {
		return 1
	}
	points, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return points
}
