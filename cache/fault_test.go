//go:build drill

package cache_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"onoma/cache"
	"onoma/internal/reliability"
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
	l.mu.Lock()
	l.took = l.took[:0]
	l.mu.Unlock()
	<-time.After(d)
	l.mu.Lock()
	defer l.mu.Unlock()
	took := slices.Clone(l.took)
	slices.Sort(took)
	if len(took) == 0 {
		return 0, 0
	}
	return len(took), took[len(took)*99/100]
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
	}
	for _, fault := range []struct {
		name        string
		hurt, heal  func(stage)
		unreachable bool // Redis can serve nothing while it lasts
	}{
		{name: "killed", unreachable: true,
			hurt: func(s stage) { s.redis.kill() },
			heal: func(s stage) { s.redis.start() }},
		{name: "frozen", unreachable: true,
			hurt: func(s stage) { s.redis.signal(syscall.SIGSTOP) },
			heal: func(s stage) { s.redis.signal(syscall.SIGCONT) }},
		{name: "restarted empty",
			hurt: func(s stage) { s.redis.kill(); s.redis.start() },
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
			hurt: func(s stage) { poison(t, s.redis.address) },
			heal: func(s stage) { s.redis.command("FLUSHALL") }},
		{name: "out of memory",
			hurt: func(s stage) { s.redis.command("FLUSHALL"); s.redis.command("CONFIG", "SET", "maxmemory", "1") },
			heal: func(s stage) { s.redis.command("CONFIG", "SET", "maxmemory", "0") }},
		{name: "read-only",
			hurt: func(s stage) { s.redis.command("REPLICAOF", "127.0.0.1", "1") },
			heal: func(s stage) { s.redis.command("REPLICAOF", "NO", "ONE") }},
		{name: "wrong password", unreachable: true,
			hurt: func(s stage) {
				s.redis.command("CONFIG", "SET", "requirepass", "other")
				s.proxy.cut()
			},
			heal: func(s stage) {
				client := redis.NewClient(&redis.Options{Addr: s.redis.address, Password: "other"})
				defer func() { _ = client.Close() }()
				if err := client.ConfigSet(t.Context(), "requirepass", "").Err(); err != nil {
					t.Error(err)
				}
			}},
	} {
		t.Run(fault.name, func(t *testing.T) {
			s := stage{redis: startRedis(t)}
			s.proxy = startProxy(t, s.redis.address)
			c := newCache(t, cache.Options{Redis: cache.Dial(cache.Address{Hosts: []string{s.proxy.l.Addr().String()}}),
				Bytes: 1, // nothing stays in process: each call comes to Redis
			})
			l := startLoad(c)
			ended := false
			end := func() {
				if !ended {
					ended = true
					l.end()
				}
			}
			defer end()
			eventually(t, 10*time.Second, "Redis serves", func() bool { return c.Stats().FarHits > 100 })
			_, quiet := l.phase(300 * time.Millisecond)

			fault.hurt(s)
			before := c.Stats()
			calls, ill := l.phase(1200 * time.Millisecond)
			during := c.Stats()
			fault.heal(s)
			begin := time.Now()
			eventually(t, 10*time.Second, "Redis serves again", func() bool { return c.Stats().FarHits > during.FarHits+100 })
			recovered := time.Since(begin)
			end()

			t.Logf("p99 quiet %s, ill %s of %d calls; well after %s", quiet, ill, calls, recovered.Round(time.Millisecond))
			if n := l.wrong.Load(); n > 0 {
				t.Errorf("%d answers wrong or failed, such as: %v", n, *l.last.Load())
			}
			if limit := max(bound, 3*quiet); ill > limit {
				t.Errorf("p99 %s, quiet %s, limit %s", ill, quiet, limit)
			}
			if calls < 1200 {
				t.Errorf("only %d calls in 1.2 s", calls)
			}
			document(t, fault.name, calls, l.wrong.Load(), quiet, ill, recovered)
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
	rows = append(rows, []string{"Redis " + fault, fmt.Sprint(calls), fmt.Sprint(wrong), us(quiet), us(ill), recovered.Round(10 * time.Millisecond).String()})
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

// A name that no longer leads anywhere is a Redis that is gone.
func TestRedisThatNeverWas(t *testing.T) {
	for _, host := range []string{"redis.invalid:6379", freeAddress(t)} {
		c := newCache(t, cache.Options{Redis: cache.Dial(cache.Address{Hosts: []string{host}}), Bytes: 1})
		l := startLoad(c)
		calls, p99 := l.phase(time.Second)
		l.end()
		if l.wrong.Load() > 0 || p99 > bound || calls < 1000 || !c.Stats().Open {
			t.Errorf("%s: %d of %d wrong, p99 %s, breaker open %t", host, l.wrong.Load(), calls, p99, c.Stats().Open)
		}
	}
}
