//go:build drill

package cache_test

import (
	"context"
	"flag"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"onoma/cache"
	"onoma/internal/reliability"
	"onoma/internal/spawn"
)

// bound is the longest that a hundredth of the calls may take whatever happens
// to Redis: the budget, and what a busy machine of two processors adds.
const bound = 10 * time.Millisecond

// load asks for mixed keys without pause for breath, about 4,000 a second, and
// keeps how long each call took.
type load struct {
	stop  chan struct{}
	done  sync.WaitGroup
	mu    sync.Mutex
	took  []time.Duration
	calls atomic.Int64
	wrong atomic.Int64
	last  atomic.Pointer[error]
}

func startLoad(c *cache.Cache) *load {
	l := &load{stop: make(chan struct{})}
	for worker := range 4 {
		l.done.Go(func() {
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			for i := worker; ; i += 5 {
				select {
				case <-l.stop:
					return
				case <-tick.C:
				}
				begin := time.Now()
				if err := ask(context.Background(), c, i%3000); err != nil {
					l.wrong.Add(1)
					l.last.Store(&err)
				}
				l.calls.Add(1)
				l.mu.Lock()
				l.took = append(l.took, time.Since(begin))
				l.mu.Unlock()
			}
		})
	}
	return l
}

// phase lets the load run and returns how many calls it made and the time that
// 99 of a hundred took at most.
func (l *load) phase(d time.Duration) (calls int, p99 time.Duration) {
	l.forget()
	<-time.After(d)
	return l.told()
}

func (l *load) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took = l.took[:0]
}

// told is of the calls since forget.
func (l *load) told() (calls int, p99 time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	took := slices.Clone(l.took)
	slices.Sort(took)
	if len(took) == 0 {
		return 0, 0
	}
	return len(took), took[len(took)*99/100]
}

// serves waits until nine of ten calls of a tenth of a second are answered by
// Redis, and returns how long after begin that tenth began.
func (l *load) serves(t testing.TB, c *cache.Cache, within time.Duration, begin time.Time) time.Duration {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	last, calls := c.Stats(), l.calls.Load()
	from := time.Now()
	for time.Since(begin) < within {
		<-tick.C
		now, made := c.Stats(), l.calls.Load()
		if asked := made - calls; asked > 20 && 10*(now.FarHits-last.FarHits) >= 9*asked {
			return from.Sub(begin)
		}
		last, calls, from = now, made, time.Now()
	}
	t.Errorf("Redis does not serve again within %s: %+v", within, last)
	return within
}

// judge holds what happened under a fault to what is promised, and writes it down.
func (l *load) judge(t *testing.T, fault string, calls int, quiet, ill, recovered time.Duration) {
	t.Helper()
	wrong := l.wrong.Load()
	t.Logf("p99 quiet %s, ill %s of %d calls; well after %s", quiet, ill, calls, recovered.Round(time.Millisecond))
	if wrong > 0 {
		t.Errorf("%d answers wrong or failed, such as: %v", wrong, *l.last.Load())
	}
	if limit := max(bound, 3*quiet); ill > limit {
		t.Errorf("p99 %s, quiet %s, limit %s", ill, quiet, limit)
	}
	if recovered > 10*time.Second {
		t.Errorf("Redis serves again only after %s", recovered)
	}
	document(t, fault, calls, wrong, quiet, ill, recovered)
}

func (l *load) end() {
	close(l.stop)
	l.done.Wait()
}

// TestFaults does to Redis what happens to Redis, under load. In every case each
// answer is right, none fails, 99 of 100 come within the bound, and Redis serves
// again once it is well.
func TestFaults(t *testing.T) {
	type stage struct {
		redis *redisServer
		proxy *proxy
		names *names
	}
	for _, fault := range []struct {
		name        string
		hurt, heal  func(stage)
		unreachable bool // Redis can serve nothing while it lasts
	}{
		{name: "killed", unreachable: true,
			hurt: func(s stage) { s.redis.Kill() },
			heal: func(s stage) { s.redis.start() }},
		{name: "frozen", unreachable: true,
			hurt: func(s stage) { s.redis.signal(syscall.SIGSTOP) },
			heal: func(s stage) { s.redis.signal(syscall.SIGCONT) }},
		{name: "restarted empty",
			hurt: func(s stage) { s.redis.Kill(); s.redis.start() },
			heal: func(stage) {}},
		{name: "slow, 100 ms a command", unreachable: true,
			hurt: func(s stage) { s.proxy.set(100*time.Millisecond, false) },
			heal: func(s stage) { s.proxy.set(0, false) }},
		{name: "answering garbage", unreachable: true,
			hurt: func(s stage) { s.proxy.set(0, true) },
			heal: func(s stage) { s.proxy.set(0, false) }},
		{name: "connections cut",
			hurt: func(s stage) { s.proxy.cut() },
			heal: func(stage) {}},
		{name: "holding poisoned values",
			hurt: func(s stage) { poison(t, s.redis.Address) },
			heal: func(s stage) { s.redis.command("FLUSHALL") }},
		{name: "out of memory",
			hurt: func(s stage) { s.redis.command("FLUSHALL"); s.redis.command("CONFIG", "SET", "maxmemory", "1") },
			heal: func(s stage) { s.redis.command("CONFIG", "SET", "maxmemory", "0") }},
		{name: "read-only",
			hurt: func(s stage) { s.redis.command("REPLICAOF", "127.0.0.1", "1") },
			heal: func(s stage) { s.redis.command("REPLICAOF", "NO", "ONE") }},
		{name: "DNS gone", unreachable: true,
			hurt: func(s stage) { s.names.silent.Store(true); s.proxy.cut() },
			heal: func(s stage) { s.names.silent.Store(false) }},
		{name: "wrong password", unreachable: true,
			hurt: func(s stage) {
				s.redis.command("CONFIG", "SET", "requirepass", "other")
				s.proxy.cut()
			},
			heal: func(s stage) {
				client := redis.NewClient(&redis.Options{Addr: s.redis.Address, Password: "other"})
				defer func() { _ = client.Close() }()
				if err := client.ConfigSet(t.Context(), "requirepass", "").Err(); err != nil {
					t.Error(err)
				}
			}},
	} {
		t.Run(fault.name, func(t *testing.T) {
			s := stage{redis: startRedis(t), names: startNames(t)}
			s.proxy = startProxy(t, s.redis.Address)
			host := "redis.test.:" + portOf(s.proxy.l.Addr().String())
			c := newCache(t, cache.Options{Redis: cache.Dial(cache.Address{Hosts: []string{host}}),
				Bytes: 1, // nothing stays in process: each call comes to Redis
			})
			l := startLoad(c)
			defer l.end()
			eventually(t, 10*time.Second, "Redis serves", func() bool { return c.Stats().FarHits > 100 })
			_, quiet := l.phase(300 * time.Millisecond)

			fault.hurt(s)
			before := c.Stats()
			calls, ill := l.phase(1200 * time.Millisecond)
			during := c.Stats()
			fault.heal(s)
			recovered := l.serves(t, c, 20*time.Second, time.Now())
			l.judge(t, "Redis "+fault.name, calls, quiet, ill, recovered)
			if calls < 1200 {
				t.Errorf("only %d calls in 1.2 s", calls)
			}
			if served := during.FarHits - before.FarHits; fault.unreachable && served > int64(calls)/2 {
				t.Errorf("Redis served %d of %d calls: the fault did not happen", served, calls)
			}
		})
	}
}

var write = flag.String("write", "", "file to write the results into, such as ../docs/reliability.md")

var rows [][]string

func document(t *testing.T, fault string, calls int, wrong int64, quiet, ill, recovered time.Duration) {
	t.Helper()
	if *write == "" || t.Failed() {
		return
	}
	us := func(d time.Duration) string { return d.Round(time.Microsecond).String() }
	rows = append(rows, []string{fault, fmt.Sprint(calls), fmt.Sprint(wrong), us(quiet), us(ill), recovered.Round(10 * time.Millisecond).String()})
	if err := reliability.Section(*write, "redis", []string{"Fault", "Look-ups", "Wrong or failed", "p99 quiet", "p99 ill", "Redis serves again after"}, rows); err != nil {
		t.Error(err)
	}
}

// poison writes something else under every key.
func poison(t *testing.T, address string) {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: address})
	defer func() { _ = client.Close() }()
	keys, err := client.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	pipe := client.Pipeline()
	for i, k := range keys {
		value := pipe.Get(t.Context(), keys[(i+1)%len(keys)])
		if i%2 == 0 {
			pipe.Set(t.Context(), k, fmt.Sprintf("poison %d", i), 0)
		} else {
			pipe.Rename(t.Context(), k, keys[(i+2)%len(keys)])
		}
		_ = value
	}
	_, _ = pipe.Exec(t.Context()) // a rename of what is gone fails, and that is fine
}

// names is a server of names that leads every name to this machine.
type names struct {
	conn   net.PacketConn
	silent atomic.Bool
}

// startNames makes all look-ups of this process go to a server of its own until
// the test ends.
func startNames(t testing.TB) *names {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0") //nolint:noctx // loopback
	if err != nil {
		t.Fatal(err)
	}
	n := &names{conn: conn}
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		n.answer()
	}()
	t.Cleanup(func() {
		net.DefaultResolver = before
		_ = conn.Close()
		<-done
	})
	return n
}

// answer answers each question, the only one of its message, until the connection
// is closed. (RFC 1035, section 4.)
func (n *names) answer() {
	b := make([]byte, 512)
	for {
		size, from, err := n.conn.ReadFrom(b)
		if err != nil {
			return
		}
		end := 12 // of the question: a name, its type, its class
		for end < size && b[end] != 0 {
			end += 1 + int(b[end])
		}
		if end += 5; end > size || n.silent.Load() {
			continue
		}
		reply := append(slices.Clone(b[:2]), 0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0)
		reply = append(reply, b[12:end]...)
		if b[end-3] == 1 { // an IPv4 address is asked for
			reply[7] = 1
			reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1)
		}
		_, _ = n.conn.WriteTo(reply, from) // who is gone does not wait for it
	}
}

// A name that never led anywhere, and an address where nobody is.
func TestRedisThatNeverWas(t *testing.T) {
	for _, host := range []string{"redis.invalid:6379", spawn.FreeAddress(t)} {
		c := newCache(t, cache.Options{Redis: cache.Dial(cache.Address{Hosts: []string{host}}), Bytes: 1})
		l := startLoad(c)
		calls, p99 := l.phase(time.Second)
		l.end()
		if l.wrong.Load() > 0 || p99 > bound || calls < 1000 || !c.Stats().Open {
			t.Errorf("%s: %d of %d wrong, p99 %s, breaker open %t", host, l.wrong.Load(), calls, p99, c.Stats().Open)
		}
	}
}
