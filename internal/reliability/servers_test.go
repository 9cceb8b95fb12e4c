//go:build drill

package reliability_test

import (
	numbers "encoding/binary"
	"errors"
	"onoma/internal/spawn"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// clock is the time of day of a child process that is started with env, while the
// machine's own goes on.
type clock struct{ file, library string }

func newClock(t testing.TB) *clock {
	t.Helper()
	dir, err := os.MkdirTemp("", "onoma-clock")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL runs as another user
		t.Fatal(err)
	}
	c := &clock{filepath.Join(dir, "time"), filepath.Join(dir, "clock.so")}
	if out, err := exec.CommandContext(t.Context(), "cc", "-O2", "-shared", "-fPIC", "-o", c.library, "testdata/clock.c").CombinedOutput(); err != nil {
		t.Fatalf("cc, which 'make prepare' installs: %v\n%s", err, out)
	}
	if err := os.WriteFile(c.file, make([]byte, 8), 0o644); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *clock) env() []string { return []string{"LD_PRELOAD=" + c.library, "DRILL_CLOCK=" + c.file} }

// move sets the clock so far from the machine's.
func (c *clock) move(t testing.TB, d time.Duration) {
	t.Helper()
	f, err := os.OpenFile(c.file, os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteAt(numbers.NativeEndian.AppendUint64(nil, uint64(int64(d/time.Second))), 0)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// startRedis returns a Redis that runs.
func startRedis(t testing.TB, env ...string) *spawn.Server {
	t.Helper()
	return started(t, spawn.Redis(t), env)
}

// startPostgres returns a PostgreSQL that runs.
func startPostgres(t testing.TB, env ...string) *spawn.Server {
	t.Helper()
	s, err := spawn.Postgres()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Kill()
		_ = os.RemoveAll(s.Dir)
	})
	return started(t, s, env)
}

func started(t testing.TB, s *spawn.Server, env []string) *spawn.Server {
	t.Helper()
	s.Env = env
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

// eventually waits for what must come to pass, and returns how long it took.
func eventually(t testing.TB, within time.Duration, what string, is func() bool) time.Duration {
	t.Helper()
	begin := time.Now()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		if time.Since(begin) > within {
			t.Errorf("%s: not within %s", what, within)
			break
		}
		<-tick.C
	}
	return time.Since(begin)
}
