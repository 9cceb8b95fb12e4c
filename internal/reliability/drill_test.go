//go:build drill

package reliability_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"

	"onoma/client"
	"onoma/internal/reliability"
	"onoma/internal/spawn"

	onomav1 "onoma/proto/onoma/v1"
)

var (
	document = flag.String("write", "", "file to write the results into, such as ../../docs/reliability.md")
	soak     = flag.Duration("soak", 10*time.Second, "how long the soak lasts")
)

var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int { //nolint:forbidigo // a test's main
		dir, err := os.MkdirTemp("", "onoma")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = os.RemoveAll(dir) }()
		binary = filepath.Join(dir, "onoma")
		if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/onoma").CombinedOutput(); err != nil { //nolint:noctx // ends by itself
			fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
			return 1
		}
		if err := readSources(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// readSources looks at every file that the program is built from, so that
// "go test" knows its kept result to be of another program when one has changed.
func readSources() error {
	for _, dir := range []string{"cache", "cmd", "internal", "proto", "resolver"} {
		err := filepath.WalkDir(filepath.Join("../..", dir), func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			_, err = os.Stat(file)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// replica is the program as a child process.
type replica struct {
	t            testing.TB
	address, ops string
	args         []string
	process      *exec.Cmd
	exited       chan error
	tls          *tls.Config // of those who call it; nil: in the clear
}

func (r *replica) signal(signal syscall.Signal) {
	if err := r.process.Process.Signal(signal); err != nil {
		r.t.Error(err)
	}
}

func startReplica(t testing.TB, args ...string) *replica {
	t.Helper()
	r := &replica{t: t, address: spawn.FreeAddress(t), ops: spawn.FreeAddress(t), args: args}
	r.start()
	t.Cleanup(func() {
		_ = r.process.Process.Kill()
		<-r.exited
	})
	return r
}

func (r *replica) start() {
	r.t.Helper()
	r.process = exec.Command(binary, append([]string{"serve", "--listen", r.address, "--ops-listen", r.ops}, r.args...)...) //nolint:noctx // killed by Cleanup
	log, err := os.Create(filepath.Join(r.t.TempDir(), "log"))
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	r.process.Stderr = log
	if err := r.process.Start(); err != nil {
		r.t.Fatal(err)
	}
	exited, process := make(chan error, 1), r.process
	r.exited = exited
	go func() {
		exited <- process.Wait()
		close(exited)
	}()
	deadline := time.Now().Add(20 * time.Second)
	for exec.Command(binary, "health", "--ops", r.ops).Run() != nil { //nolint:noctx // has its own time-out
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(log.Name())
			r.t.Fatalf("the replica is not ready\n%s", text)
		}
		<-time.After(50 * time.Millisecond)
	}
}

// stop asks the process to end and waits until it has.
func (r *replica) stop() {
	r.t.Helper()
	if err := r.process.Process.Signal(syscall.SIGTERM); err != nil {
		r.t.Fatal(err)
	}
	if err := <-r.exited; err != nil {
		r.t.Errorf("the replica ended with %v", err)
	}
}

// residentMB is the memory of the process that is its own: pages of mapped files,
// such as the snapshots of the table, are the kernel's to take back.
func (r *replica) residentMB() int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.process.Process.Pid))
	if err != nil {
		r.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "RssAnon:")
	var kilobytes int
	if _, err := fmt.Sscan(rest, &kilobytes); err != nil {
		r.t.Fatalf("RssAnon: %v", err)
	}
	return kilobytes >> 10
}

// connect returns the shipped client of the replicas.
func connect(t testing.TB, replicas ...*replica) *client.Client {
	t.Helper()
	return connectWith(t, replicas)
}

func connectWith(t testing.TB, replicas []*replica, options ...grpc.DialOption) *client.Client {
	t.Helper()
	names := manual.NewBuilderWithScheme("drill")
	var state resolver.State
	for _, r := range replicas {
		state.Endpoints = append(state.Endpoints, resolver.Endpoint{Addresses: []resolver.Address{{Addr: r.address}}})
	}
	names.InitialState(state)
	c, err := client.New("drill:///", client.Options{TLS: replicas[0].tls, Dial: append(options, grpc.WithResolvers(names))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// asked are names of every kind, and the oracle: who each of them is, as one
// replica answered before anything went wrong.
type asked struct {
	names []string
	want  map[string]string
}

func newAsked(t testing.TB, c *client.Client) *asked {
	t.Helper()
	a := &asked{want: make(map[string]string)}
	a.names = []string{"Mosca", "Zelenskyj", "Casa Bianca", "Georgia", "Pyongyang", "nordcoreane", "Зеленським", "Xqzzt Blorb", "Selenskyj, Wolodymyr", "Emmanuell Makron"}
	for _, n := range a.names {
		answer, err := c.Resolver.Resolve(t.Context(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: n}})
		if err != nil {
			t.Fatal(err)
		}
		a.want[n] = who(answer)
	}
	return a
}

func who(m *onomav1.ResolveResponse) string {
	var b strings.Builder
	b.WriteString(m.Outcome.String())
	for _, c := range m.Candidates {
		fmt.Fprintf(&b, " %s %.6f", c.EntityId, c.Score)
	}
	return b.String()
}

// load asks from several workers, a pause between calls, and counts.
type load struct {
	stop          chan struct{}
	done          sync.WaitGroup
	calls, failed atomic.Int64
	wrong         atomic.Int64
	fault         atomic.Pointer[string]
	mu            sync.Mutex
	took          []time.Duration
}

func startLoad(c *client.Client, a *asked, workers int, pause time.Duration) *load {
	l := &load{stop: make(chan struct{})}
	for w := range workers {
		l.done.Go(func() {
			tick := time.NewTicker(pause)
			defer tick.Stop()
			for i := w; ; i++ {
				select {
				case <-l.stop:
					return
				case <-tick.C:
				}
				n := a.names[i%len(a.names)]
				begin := time.Now()
				answer, err := c.Resolver.Resolve(context.Background(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: n}})
				l.calls.Add(1)
				switch {
				case err != nil:
					l.failed.Add(1)
					said := err.Error()
					l.fault.Store(&said)
				case who(answer) != a.want[n]:
					l.wrong.Add(1)
				}
				l.mu.Lock()
				l.took = append(l.took, time.Since(begin))
				l.mu.Unlock()
			}
		})
	}
	return l
}

func (l *load) end() {
	close(l.stop)
	l.done.Wait()
}

func (l *load) p99() time.Duration { return percentile(l.took, 99) }

func percentile(took []time.Duration, n int) time.Duration {
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return took[(len(took)-1)*n/100]
}

func (l *load) check(t *testing.T) {
	t.Helper()
	if l.failed.Load() > 0 {
		t.Errorf("%d of %d calls failed, such as: %s", l.failed.Load(), l.calls.Load(), *l.fault.Load())
	}
	if l.wrong.Load() > 0 {
		t.Errorf("%d of %d answers are wrong", l.wrong.Load(), l.calls.Load())
	}
	if l.calls.Load() < 100 {
		t.Errorf("only %d calls", l.calls.Load())
	}
}

// results collects the rows of the document.
var results struct {
	mu   sync.Mutex
	rows [][]string
}

func result(t *testing.T, drill, promise, measured string) {
	t.Logf("%s: %s", drill, measured)
	if *document == "" || t.Failed() {
		return
	}
	results.mu.Lock()
	defer results.mu.Unlock()
	results.rows = append(results.rows, []string{drill, promise, measured})
	if err := reliability.Section(*document, "drills", []string{"Drill", "Promise", "Measured"}, results.rows); err != nil {
		t.Error(err)
	}
}

// Three replicas are restarted one after the other under load.
func TestRollingRestartLosesNoCall(t *testing.T) {
	var replicas []*replica
	for range 3 {
		replicas = append(replicas, startReplica(t, "--drain-announce=300ms"))
	}
	c := connect(t, replicas...)
	l := startLoad(c, newAsked(t, c), 4, 2*time.Millisecond)
	for _, r := range replicas {
		r.stop()
		r.start()
	}
	<-time.After(300 * time.Millisecond)
	l.end()
	l.check(t)
	result(t, "Rolling restart of three replicas", "no failed call", fmt.Sprintf("%d calls, %d failed, p99 %s", l.calls.Load(), l.failed.Load(), l.p99().Round(10*time.Microsecond)))
}

// One of three replicas is killed: no goodbye, no drain.
func TestKilledReplicaLosesNoRead(t *testing.T) {
	var replicas []*replica
	for range 3 {
		replicas = append(replicas, startReplica(t))
	}
	c := connect(t, replicas...)
	l := startLoad(c, newAsked(t, c), 4, 2*time.Millisecond)
	<-time.After(300 * time.Millisecond)
	_ = replicas[1].process.Process.Kill()
	<-replicas[1].exited
	<-time.After(time.Second)
	replicas[1].start()
	<-time.After(300 * time.Millisecond)
	l.end()
	l.check(t)
	result(t, "One of three replicas killed and started again", "no failed read", fmt.Sprintf("%d calls, %d failed, p99 %s", l.calls.Load(), l.failed.Load(), l.p99().Round(10*time.Microsecond)))
}

// Streams that stay open, of every kind, go on within the budget of SIGTERM and do
// not hold the end up beyond it.
func TestDrainEndsWithOpenStreams(t *testing.T) {
	r := startReplica(t, "--drain-timeout=1s", "--data-dir", t.TempDir())
	c := connect(t, r)
	resolving, err := c.Resolver.StreamResolve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	annotating, err := c.Resolver.StreamAnnotate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	watching, err := c.Alias.WatchTable(t.Context(), &onomav1.WatchTableRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := watching.Recv(); err != nil { // the version that stands
		t.Fatal(err)
	}
	watched := make(chan error, 1)
	go func() {
		_, err := watching.Recv() // nothing is published: it ends with the server
		watched <- err
	}()
	ask := func() error {
		if err := resolving.Send(&onomav1.StreamResolveRequest{Queries: []*onomav1.Query{{Name: "Mosca"}}}); err != nil {
			return err
		}
		if _, err := resolving.Recv(); err != nil {
			return err
		}
		if err := annotating.Send(&onomav1.StreamAnnotateRequest{Document: &onomav1.Document{Text: "Mosca non risponde a Parigi."}}); err != nil {
			return err
		}
		_, err := annotating.Recv()
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	r.signal(syscall.SIGTERM)
	begin := time.Now()
	<-time.After(300 * time.Millisecond)
	if err := ask(); err != nil {
		t.Errorf("a stream is cut before its time: %v", err)
	}
	<-r.exited
	took := time.Since(begin)
	if took > 3*time.Second {
		t.Errorf("ended after %s, the budget is 1 s", took)
	}
	if err := ask(); err == nil {
		t.Error("a stream outlives its server")
	}
	if err := <-watched; err == nil {
		t.Error("a watch outlives its server")
	}
	result(t, "SIGTERM with open StreamResolve, StreamAnnotate and WatchTable, budget 1 s", "the streams go on within the budget and end with it", took.Round(10*time.Millisecond).String())
}

// Without a flag that says so, nothing listens where another machine could reach
// it, and no address beyond loopback is served in the open.
func TestNothingListensBeyondLoopback(t *testing.T) {
	for _, args := range [][]string{
		{"serve", "--listen", "127.0.0.1:0"},
		{"serve"},
		{"serve", "--listen", "127.0.0.1:0", "--data-dir", t.TempDir(), "--ops-listen", "127.0.0.1:0"},
	} {
		process := exec.Command(binary, args...) //nolint:noctx // killed below
		log, err := process.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := process.Start(); err != nil {
			t.Fatal(err)
		}
		said, serving := new(strings.Builder), false
		for lines := bufio.NewScanner(log); !serving && lines.Scan(); {
			fmt.Fprintln(said, lines.Text())
			serving = strings.Contains(lines.Text(), "msg=serving")
		}
		// Another server may have the port that is the default.
		if !serving && !strings.Contains(said.String(), "127.0.0.1:7411: bind: address already in use") {
			t.Errorf("%v does not serve\n%s", args, said)
		}
		addresses := listening(t, process.Process.Pid)
		if len(addresses) == 0 && serving {
			t.Errorf("%v listens nowhere", args)
		}
		for _, address := range addresses {
			if !address.IsLoopback() {
				t.Errorf("%v listens on %s", args, address)
			}
		}
		_ = process.Process.Kill()
		_ = process.Wait() // killed
	}
	for _, listen := range []string{":0", "0.0.0.0:0", "[::]:0"} {
		out, err := exec.CommandContext(t.Context(), binary, "serve", "--listen", listen).CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 {
			t.Errorf("serve --listen %s: %v, want that it is refused\n%s", listen, err, out)
		}
	}
}

// listening returns the addresses that the process listens on, as the kernel tells.
func listening(t *testing.T, pid int) (addresses []net.IP) {
	t.Helper()
	own := make(map[string]bool) // its sockets
	handles, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, handle := range handles {
		to, _ := os.Readlink(handle) // one that is closed meanwhile listens nowhere
		if inode, ok := strings.CutPrefix(to, "socket:["); ok {
			own[strings.TrimSuffix(inode, "]")] = true
		}
	}
	for _, table := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			const listens = "0A"
			fields := strings.Fields(line)
			if len(fields) < 10 || fields[3] != listens || !own[fields[9]] {
				continue
			}
			address, _, _ := strings.Cut(fields[1], ":")
			raw, err := hex.DecodeString(address)
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(raw); i += 4 { // words in the machine's order
				slices.Reverse(raw[i : i+4])
			}
			addresses = append(addresses, raw)
		}
	}
	return addresses
}
