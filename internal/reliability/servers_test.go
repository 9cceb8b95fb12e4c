//go:build drill

package reliability_test

import (
	"bufio"
	numbers "encoding/binary"
	"errors"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// child is a server of another make as a child process, which is ready when it
// says so.
type child struct {
	t       testing.TB
	program string
	args    []string
	env     []string
	ready   string // what it says then
	dir     string
	as      *syscall.SysProcAttr
	process *exec.Cmd
	exited  chan struct{}
}

// start starts it and waits until it is ready.
func (c *child) start() {
	c.t.Helper()
	if c.process == nil {
		c.t.Cleanup(c.kill)
	}
	c.process = exec.Command(c.program, c.args...) //nolint:noctx // Cleanup kills it
	c.process.Dir, c.process.SysProcAttr, c.process.Env = c.dir, c.as, append(os.Environ(), c.env...)
	r, w, err := os.Pipe()
	if err != nil {
		c.t.Fatal(err)
	}
	c.process.Stdout, c.process.Stderr = w, w
	if err := c.process.Start(); err != nil {
		c.t.Fatalf("%s, which 'make prepare' installs: %v", c.program, err)
	}
	_ = w.Close()
	ready, exited, process := make(chan struct{}), make(chan struct{}), c.process
	c.exited = exited
	var said strings.Builder
	go func() {
		waiting := true
		for lines := bufio.NewScanner(r); lines.Scan(); {
			if !waiting {
				continue
			}
			said.WriteString(lines.Text() + "\n")
			if strings.Contains(lines.Text(), c.ready) {
				waiting = false
				close(ready)
			}
		}
		_ = r.Close()
		_ = process.Wait() // killed, mostly
		close(exited)
	}()
	select {
	case <-ready:
	case <-exited:
		c.t.Fatalf("%s ended: %s", c.program, said.String())
	case <-time.After(time.Minute):
		c.t.Fatalf("%s is not ready after a minute", c.program)
	}
}

func (c *child) signal(signal syscall.Signal) {
	if err := c.process.Process.Signal(signal); err != nil {
		c.t.Error(err)
	}
}

// kill ends the process and those it has made, which leave with it.
func (c *child) kill() {
	_ = c.process.Process.Kill()
	<-c.exited
}

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

// startRedis returns a Redis and its address.
func startRedis(t testing.TB, env ...string) (*child, string) {
	t.Helper()
	address := freeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	c := &child{t: t, program: "redis-server", env: env, dir: t.TempDir(), ready: "Ready to accept connections",
		args: []string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"}}
	c.start()
	return c, address
}

// startPostgres returns a PostgreSQL and the URL of its database.
func startPostgres(t testing.TB, env ...string) (*child, string) {
	t.Helper()
	binaries := ""
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin"); len(found) > 0 {
		binaries = found[len(found)-1]
	} else if path, err := exec.LookPath("postgres"); err == nil {
		binaries = filepath.Dir(path)
	} else {
		t.Fatalf("PostgreSQL: %v (make prepare installs it)", err)
	}
	dir, err := os.MkdirTemp("", "onoma-drill")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	_, port, _ := net.SplitHostPort(freeAddress(t))
	c := &child{t: t, program: filepath.Join(binaries, "postgres"), env: env, dir: dir, ready: "is ready to accept connections",
		args: []string{"-D", filepath.Join(dir, "data"), "-p", port, "-h", "127.0.0.1", "-k", dir}}
	if os.Geteuid() == 0 { // PostgreSQL refuses to run as root
		u, err := user.Lookup("postgres")
		if err != nil {
			t.Fatal(err)
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
		c.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	made := exec.CommandContext(t.Context(), filepath.Join(binaries, "initdb"), "-D", filepath.Join(dir, "data"), "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
	made.SysProcAttr, made.Dir = c.as, dir
	if out, err := made.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	c.start()
	return c, "postgres://postgres@127.0.0.1:" + port + "/postgres?sslmode=disable"
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
