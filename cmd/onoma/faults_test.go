//go:build !race

// The race detector sees nothing across processes and makes each of them slow.

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"
)

// The tests of this file run the program as processes of its own: with this
// variable set, the test binary is the program.
const asProgram = "ONOMA_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run()) //nolint:forbidigo // TestMain ends the process
}

// program is a command of the program as a child process.
func program(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], args...)
	c.Env = append(os.Environ(), asProgram+"=1")
	return c
}

// runProgram runs it to its end.
func runProgram(t testing.TB, args ...string) (output string, code int) {
	t.Helper()
	c := program(t, args...)
	out, err := c.CombinedOutput()
	if c.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), c.ProcessState.ExitCode()
}

// served is "onoma serve" as a child process.
type served struct {
	address string
	process *exec.Cmd
	mu      sync.Mutex
	log     bytes.Buffer
	ended   chan struct{}
}

func (s *served) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// serveProcess starts a server and waits until it serves.
func serveProcess(t testing.TB, args ...string) *served {
	t.Helper()
	s := &served{process: program(t, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...), ended: make(chan struct{})}
	out, err := s.process.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	serving := make(chan string, 1)
	go func() {
		defer close(s.ended)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			s.mu.Lock()
			fmt.Fprintln(&s.log, lines.Text())
			s.mu.Unlock()
			if _, rest, ok := strings.Cut(lines.Text(), "msg=serving address="); ok {
				address, _, _ := strings.Cut(rest, " ")
				serving <- address
			}
		}
		io.Copy(io.Discard, out)
	}()
	t.Cleanup(s.kill)
	select {
	case s.address = <-serving:
	case <-s.ended:
		t.Fatalf("the server ended: %s", s.said())
	}
	return s
}

// kill ends the server as a crash would, and waits until it is gone.
func (s *served) kill() {
	s.process.Process.Kill()
	<-s.ended
	s.process.Wait()
}

// people writes a file of n persons, of one generation, and returns its path.
func people(t testing.TB, n int, generation string) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"entity":{"id":"x:%06d","kind":"PERSON","canonical_name":"Brimbax Tolvane %s","names":[{"text":"Number %d of %s"}]}}`+"\n", i, generation, i, generation)
	}
	path := filepath.Join(t.TempDir(), generation+".jsonl")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// answersOf checks that the server answers from the generation, all of it and
// nothing else.
func answersOf(t testing.TB, address string, n int, generation string) {
	t.Helper()
	exported, code := runProgram(t, "export", "--source", "x", "--addr", address)
	if got := strings.Count(exported, "Brimbax Tolvane "+generation+`"`); code != exitOK || got != n || strings.Count(exported, "\n") != n {
		t.Errorf("the source has %d rows of %s among %d, want %d alone", got, generation, strings.Count(exported, "\n"), n)
	}
	if got, _ := runProgram(t, "resolve", "--addr", address, fmt.Sprintf("Number %d of %s", n-1, generation)); !strings.Contains(got, fmt.Sprintf("x:%06d", n-1)) {
		t.Errorf("a name of %s resolves to %s", generation, got)
	}
}

// limitFiles bounds the size of the files that a process writes, as a disk that
// is full would; -1 lifts the bound.
func limitFiles(t testing.TB, pid int, bytes int64) {
	t.Helper()
	limit := syscall.Rlimit{Cur: uint64(bytes), Max: ^uint64(0)}
	const file = 1 // RLIMIT_FSIZE
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), file, uintptr(unsafe.Pointer(&limit)), 0, 0, 0); errno != 0 {
		t.Fatalf("prlimit: %v", errno)
	}
}

func largestFile(t testing.TB, dir string) (size int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			size = max(size, info.Size())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return size
}

// The disk fills up under a running server: the load fails and says why, the
// version before goes on answering, and with room again the same load works.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	s := serveProcess(t, "--data-dir", dir)
	few, many := people(t, 100, "few"), people(t, 60_000, "many")
	if out, code := runProgram(t, "load", "--source", "x", "--addr", s.address, "--progress", "none", few); code != exitOK {
		t.Fatal(out)
	}
	limitFiles(t, s.process.Process.Pid, largestFile(t, dir)+4096)
	load := []string{"load", "--source", "x", "--mode", "replace", "--addr", s.address, "--progress", "none", many}
	out, code := runProgram(t, load...)
	if code != exitFailed || !strings.Contains(out, "ResourceExhausted") || !strings.Contains(out, "no room") {
		t.Errorf("a load onto a full disk: exit %d, %s", code, out)
	}
	if !strings.Contains(s.said(), "the database failed a write") {
		t.Errorf("the operator is not told: %s", s.said())
	}
	answersOf(t, s.address, 100, "few")
	limitFiles(t, s.process.Process.Pid, -1)
	if out, code := runProgram(t, load...); code != exitOK || !strings.Contains(out, "published version 3: 59,900 added, 100 changed") {
		t.Errorf("with room again: exit %d, %s", code, out)
	}
	s.kill()
	answersOf(t, serveProcess(t, "--data-dir", dir).address, 60_000, "many")
}

// unprivileged runs the command as one whom permissions hold, which is not so of
// the superuser.
func unprivileged(c *exec.Cmd) *exec.Cmd {
	if os.Geteuid() == 0 {
		c.Args = append([]string{"setpriv", "--bounding-set=-all", "--inh-caps=-all"}, c.Args...)
		c.Path, c.Err = exec.LookPath("setpriv")
	}
	return c
}

// A directory that may not be written, and one that another process has, are
// refused by name before anything is served.
func TestDirectoriesThatAreRefused(t *testing.T) {
	kept := t.TempDir()
	serveProcess(t, "--data-dir", kept)
	for _, args := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"versions"}, {"load", "--source", "x", "--progress", "none", people(t, 1, "one")}} {
		if out, code := runProgram(t, append(args, "--data-dir", kept)...); code != exitFailed || !strings.Contains(out, "in use by another process") || !strings.Contains(out, kept) {
			t.Errorf("%v on a directory in use: exit %d, %s", args, code, out)
		}
	}
	locked := t.TempDir()
	if err := os.Chmod(locked, 0o555); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{locked, filepath.Join(locked, "new")} {
		c := unprivileged(program(t, "serve", "--listen", "127.0.0.1:0", "--data-dir", dir))
		out, err := c.CombinedOutput()
		if c.ProcessState == nil {
			t.Fatal(err)
		}
		if c.ProcessState.ExitCode() != exitFailed || !strings.Contains(string(out), "permission denied") || !strings.Contains(string(out), dir) {
			t.Errorf("a directory that may not be written: exit %d, %s", c.ProcessState.ExitCode(), out)
		}
	}
}
