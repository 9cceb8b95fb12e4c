// Package spawn runs Redis and PostgreSQL as child processes, for tests and
// benchmarks against the real thing. Where a program is missing the test fails and
// says what installs it.
package spawn

import (
	"bufio"
	"fmt"
	"io"
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

// patience is how long a server may take to be ready.
const patience = time.Minute

// Server is a server of another make, which is ready when it says so.
type Server struct {
	Address string // host:port on which it listens, or is to
	Dir     string // its own, in which it runs
	Args    []string
	Env     []string // beside those of the test
	Ready   string   // part of the line it writes when it is ready

	program string
	as      *syscall.SysProcAttr
	process *exec.Cmd
	exited  chan struct{}
}

// Redis returns a server that does not run yet, is to listen on an address of its
// own and keeps nothing on disk.
func Redis(t testing.TB, options ...string) *Server {
	t.Helper()
	s := &Server{Address: FreeAddress(t), Dir: t.TempDir(), Ready: "Ready to accept connections", program: "redis-server"}
	s.Args = append([]string{"--port", s.Port(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.Dir}, options...)
	t.Cleanup(s.Kill)
	return s
}

// Postgres returns a server that does not run yet, with an empty database cluster
// in a directory that the caller removes. It is not tied to a test, so that the
// tests of a package can share one.
func Postgres(options ...string) (*Server, error) {
	binaries, err := postgresBinaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "onoma-postgres")
	if err != nil {
		return nil, err
	}
	s := &Server{Dir: dir, Ready: "is ready to accept connections", program: filepath.Join(binaries, "postgres")}
	if s.Address, err = freeAddress(); err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	s.Args = append([]string{"-D", data, "-p", s.Port(), "-h", "127.0.0.1", "-k", dir}, options...)
	if os.Geteuid() == 0 { // PostgreSQL refuses to run as root
		if s.as, err = owned(dir, "postgres"); err != nil {
			return nil, err
		}
	}
	made := exec.Command(filepath.Join(binaries, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8") //nolint:noctx // ends by itself
	made.SysProcAttr, made.Dir = s.as, dir
	if out, err := made.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	return s, nil
}

func postgresBinaries() (string, error) {
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin"); len(found) > 0 {
		return found[len(found)-1], nil
	}
	path, err := exec.LookPath("postgres")
	if err != nil {
		return "", fmt.Errorf("%w ('make prepare' installs PostgreSQL)", err)
	}
	path, err = filepath.EvalSymlinks(path)
	return filepath.Dir(path), err
}

// owned gives the directory to a user, and returns how a process becomes that user.
func owned(dir, name string) (*syscall.SysProcAttr, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return nil, err
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, os.Chown(dir, uid, gid)
}

// URL is that of a database of a PostgreSQL server.
func (s *Server) URL(database string) string {
	return "postgres://postgres@" + s.Address + "/" + database + "?sslmode=disable"
}

// Port is that of the address.
func (s *Server) Port() string {
	_, port, _ := net.SplitHostPort(s.Address)
	return port
}

// Start starts the server and waits until it is ready.
func (s *Server) Start() error {
	s.process = exec.Command(s.program, s.Args...) //nolint:noctx // Kill ends it
	s.process.Dir, s.process.SysProcAttr, s.process.Env = s.Dir, s.as, append(os.Environ(), s.Env...)
	says, into, err := os.Pipe()
	if err != nil {
		return err
	}
	s.process.Stdout, s.process.Stderr = into, into
	err = s.process.Start()
	_ = into.Close()
	if err != nil {
		_ = says.Close()
		s.process = nil
		return fmt.Errorf("%w ('make prepare' installs it)", err)
	}
	ready, exited, process := make(chan struct{}), make(chan struct{}), s.process
	s.exited = exited
	var said strings.Builder
	go func() {
		defer close(exited)
		lines := bufio.NewScanner(says)
		for lines.Scan() {
			said.WriteString(lines.Text() + "\n")
			if strings.Contains(lines.Text(), s.Ready) {
				close(ready)
				break
			}
		}
		_, _ = io.Copy(io.Discard, says)
		_ = says.Close()
		_ = process.Wait() // killed, mostly
	}()
	select {
	case <-ready:
		return nil
	case <-exited:
		return fmt.Errorf("%s ended: %s", s.program, said.String())
	case <-time.After(patience):
		return fmt.Errorf("%s is not ready after %v", s.program, patience)
	}
}

// Signal sends a signal to the server, which runs.
func (s *Server) Signal(signal syscall.Signal) error { return s.process.Process.Signal(signal) }

// Kill ends the server, where it runs, as a crash would, and those processes with
// it that it has made, and waits until it is gone.
func (s *Server) Kill() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill()
	<-s.exited
}

// FreeAddress is one of loopback at which nobody listens.
func FreeAddress(t testing.TB) string {
	t.Helper()
	address, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // loopback
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
