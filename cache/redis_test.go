package cache_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"onoma/cache"
	"onoma/internal/spawn"
)

// redisServer is a Redis of a test's own.
type redisServer struct {
	*spawn.Server
	t   testing.TB
	tls *tls.Config // nil: in the clear
}

func startRedis(t testing.TB, options ...string) *redisServer {
	t.Helper()
	s := newRedis(t, options...)
	s.start()
	return s
}

// newRedis returns a server that does not run yet.
func newRedis(t testing.TB, options ...string) *redisServer {
	t.Helper()
	return &redisServer{Server: spawn.Redis(t, append([]string{"--repl-diskless-sync-delay", "0"}, options...)...), t: t}
}

// start starts the server, empty, and waits until it answers.
func (s *redisServer) start() {
	s.t.Helper()
	if err := s.Start(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *redisServer) signal(signal syscall.Signal) {
	if err := s.Signal(signal); err != nil {
		s.t.Fatal(err)
	}
}

func portOf(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

// client is a plain one, of the server alone.
func (s *redisServer) client() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: s.Address, TLSConfig: s.tls, ReadTimeout: 10 * time.Second, Protocol: 2})
}

// command sends one command on a connection of its own and returns the reply,
// lists as their words.
func (s *redisServer) command(args ...any) string {
	s.t.Helper()
	client := s.client()
	defer func() { _ = client.Close() }()
	reply, err := client.Do(context.WithoutCancel(s.t.Context()), args...).Result()
	if err != nil && !strings.Contains(err.Error(), "NOAUTH") {
		s.t.Errorf("%v: %v", args, err)
	}
	return strings.Trim(fmt.Sprint(reply), "[]")
}

// eventually waits for what must come to pass.
func eventually(t testing.TB, within time.Duration, what string, is func() bool) {
	t.Helper()
	deadline := time.After(within)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-deadline:
			t.Fatalf("%s: not within %s", what, within)
		case <-tick.C:
		}
	}
}

// proxy stands between the cache and Redis and does to their talk what a test
// asks for.
type proxy struct {
	l       net.Listener
	to      string
	mu      sync.Mutex
	delay   time.Duration
	garbage bool
	conns   map[net.Conn]bool
	running sync.WaitGroup
}

func startProxy(t testing.TB, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{l: l, to: to, conns: make(map[net.Conn]bool)}
	p.running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p.running.Go(func() { p.carry(conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.cut()
		p.running.Wait()
	})
	return p
}

func (p *proxy) set(delay time.Duration, garbage bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay, p.garbage = delay, garbage
}

func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
}

func (p *proxy) carry(from net.Conn) {
	to, err := net.Dial("tcp", p.to) //nolint:noctx // loopback
	if err != nil {
		_ = from.Close()
		return
	}
	p.mu.Lock()
	p.conns[from], p.conns[to] = true, true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.conns, from)
		delete(p.conns, to)
		p.mu.Unlock()
	}()
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(to, from)
		_ = to.Close()
	})
	both.Go(func() {
		defer func() { _ = from.Close() }()
		r := bufio.NewReader(to)
		buffer := make([]byte, 32<<10)
		for {
			n, err := r.Read(buffer)
			if err != nil {
				return
			}
			p.mu.Lock()
			delay, garbage := p.delay, p.garbage
			p.mu.Unlock()
			if delay > 0 {
				<-time.After(delay)
			}
			if garbage {
				for i := range n {
					buffer[i] ^= byte(31 * (i + 7))
				}
			}
			if _, err := from.Write(buffer[:n]); err != nil {
				return
			}
		}
	})
	both.Wait()
}

// keyOf and valueOf are what the cache is asked for and the oracle of it.
func keyOf(i int) (k cache.Key) {
	copy(k[:], fmt.Sprintf("key %08d", i))
	return k
}

func valueOf(i int) string { return strings.Repeat(fmt.Sprintf("value %d ", i), 1+i%64) }

// dear is what the computations of these tests are said to cost.
const dear = 50 * time.Millisecond

func ask(ctx context.Context, c *cache.Cache, i int) error {
	got, err := c.Do(ctx, keyOf(i), dear, func() ([]byte, bool, error) { return []byte(valueOf(i)), i%7 == 0, nil })
	if err != nil {
		return err
	}
	if string(got) != valueOf(i) {
		return fmt.Errorf("key %d: wrong value %.60q", i, got)
	}
	return nil
}
