package cache_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"onoma/cache"
)

func TestMain(m *testing.M) {
	cache.Quieten()
	// The client's pool looks once a second whether it was closed while Redis was gone.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

func newCache(t testing.TB, o cache.Options) *cache.Cache {
	t.Helper()
	c, err := cache.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestNilCacheComputes(t *testing.T) {
	var c *cache.Cache
	if err := ask(t.Context(), c, 1); err != nil {
		t.Error(err)
	}
	if _, ok := c.Near(keyOf(1)); ok {
		t.Error("the nil cache has a value")
	}
	c.PutNear(keyOf(1), nil, false)
	if c.Stats() != (cache.Stats{}) || c.Close() != nil {
		t.Error("the nil cache did something")
	}
}

func TestOneFlightAKey(t *testing.T) {
	c := newCache(t, cache.Options{})
	var computed atomic.Int32
	gate := make(chan struct{})
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			got, err := c.Do(t.Context(), keyOf(1), dear, func() ([]byte, bool, error) {
				computed.Add(1)
				<-gate
				return []byte("x"), false, nil
			})
			if err != nil || string(got) != "x" {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	eventually(t, 5*time.Second, "49 callers wait", func() bool { return c.Stats().Shared == 49 })
	close(gate)
	wait.Wait()
	if n := computed.Load(); n != 1 {
		t.Errorf("computed %d times", n)
	}
}

func TestAnotherCallersFateIsNotOurs(t *testing.T) {
	c := newCache(t, cache.Options{})
	for what, fail := range map[string]func() ([]byte, bool, error){
		"fails":  func() ([]byte, bool, error) { return nil, false, errors.New("no") },
		"panics": func() ([]byte, bool, error) { panic("no") },
	} {
		begun, gate := make(chan struct{}), make(chan struct{})
		before := c.Stats().Shared
		var wait sync.WaitGroup
		wait.Go(func() {
			defer func() { _ = recover() }()
			_, _ = c.Do(context.Background(), keyOf(1), dear, func() ([]byte, bool, error) {
				close(begun)
				<-gate
				return fail()
			})
		})
		<-begun
		wait.Go(func() {
			got, err := c.Do(t.Context(), keyOf(1), dear, func() ([]byte, bool, error) { return []byte("ours"), false, nil })
			if err != nil || string(got) != "ours" {
				t.Errorf("the first %s: %q, %v", what, got, err)
			}
		})
		gone, cancel := context.WithCancel(t.Context())
		wait.Go(func() {
			if _, err := c.Do(gone, keyOf(1), dear, nil); !errors.Is(err, context.Canceled) {
				t.Errorf("a caller who hung up: %v", err)
			}
		})
		eventually(t, 5*time.Second, "both wait", func() bool { return c.Stats().Shared == before+2 })
		cancel()
		eventually(t, 5*time.Second, "the one is gone", func() bool { return gone.Err() != nil })
		close(gate)
		wait.Wait()
	}
}

func TestBytesBoundTheProcess(t *testing.T) {
	c := newCache(t, cache.Options{Bytes: 1 << 20})
	for i := range 2000 {
		c.PutNear(keyOf(i), bytes.Repeat([]byte{1}, 4096), false)
	}
	eventually(t, 5*time.Second, "what is over the bound goes", func() bool { return c.Stats().Bytes <= 1<<20 })
	if c.Stats().Entries == 0 {
		t.Error("nothing is kept")
	}
}

func TestEntriesExpireApartAndNegativeOnesSooner(t *testing.T) {
	s := startRedis(t)
	c := newCache(t, cache.Options{Redis: cache.Dial(cache.Address{Hosts: []string{s.Address}}), TTL: 1000 * time.Second, NegativeTTL: 100 * time.Second})
	const n = 70
	for i := range n {
		if err := ask(t.Context(), c, i); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, 5*time.Second, "all are written", func() bool { return c.Stats().Writes == n })
	client := redis.NewClient(&redis.Options{Addr: s.Address})
	defer func() { _ = client.Close() }()
	keys, err := client.Keys(t.Context(), "onoma:*").Result()
	if err != nil || len(keys) != n {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	ttls, negative := map[time.Duration]bool{}, 0
	for _, k := range keys {
		ttl := client.PTTL(t.Context(), k).Val()
		ttls[ttl.Round(time.Second)] = true
		switch {
		case ttl > 85*time.Second && ttl <= 110*time.Second:
			negative++
		case ttl < 850*time.Second || ttl > 1100*time.Second:
			t.Errorf("%s lives %s", k, ttl)
		}
	}
	if negative != n/7 || len(ttls) < 20 {
		t.Errorf("%d of %d are short-lived, want %d; %d different lives", negative, n, n/7, len(ttls))
	}
}

// Two replicas share what one of them computed; look-ups that come together go
// together.
func TestReplicasShare(t *testing.T) {
	s := startRedis(t)
	dial := func() redis.UniversalClient { return cache.Dial(cache.Address{Hosts: []string{s.Address}}) }
	one, two := newCache(t, cache.Options{Redis: dial()}), newCache(t, cache.Options{Redis: dial(), Budget: time.Second})
	const n = 200
	for i := range n {
		if err := ask(t.Context(), one, i); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, 5*time.Second, "all are written", func() bool { return one.Stats().Writes == n })
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			if err := ask(t.Context(), two, i); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if got := two.Stats(); got.FarHits != n || got.FarRequests >= n || got.Saved < n*dear/2 {
		t.Errorf("%d of %d from Redis in %d requests, %s saved", got.FarHits, n, got.FarRequests, got.Saved)
	}
}

// What is cheap is not asked for over the network.
func TestCheapIsComputed(t *testing.T) {
	s := startRedis(t)
	c := newCache(t, cache.Options{Redis: cache.Dial(cache.Address{Hosts: []string{s.Address}})})
	for i := range 50 {
		_, err := c.Do(t.Context(), keyOf(i), 10*time.Microsecond, func() ([]byte, bool, error) { return nil, false, nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := c.Stats(); got.FarRequests != 0 || got.Skipped != 50 {
		t.Errorf("%d requests, %d skipped", got.FarRequests, got.Skipped)
	}
}

// Whatever stands in Redis, only what was sealed for the key is believed.
func TestPoisonIsNotBelieved(t *testing.T) {
	s := startRedis(t)
	client := redis.NewClient(&redis.Options{Addr: s.Address})
	defer func() { _ = client.Close() }()
	options := func(secret string) cache.Options {
		return cache.Options{Redis: cache.Dial(cache.Address{Hosts: []string{s.Address}}), Secret: []byte(secret), Budget: time.Second}
	}
	writer := newCache(t, options("secret"))
	for i := range 2 {
		if err := ask(t.Context(), writer, i); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, 5*time.Second, "both are written", func() bool { return writer.Stats().Writes == 2 })
	keys := client.Keys(t.Context(), "*").Val()
	values := [2]string{client.Get(t.Context(), keys[0]).Val(), client.Get(t.Context(), keys[1]).Val()}
	flipped := []byte(values[0])
	flipped[len(flipped)-1] ^= 1
	negated := []byte(values[0])
	negated[1] ^= 1
	for what, poison := range map[string]func(){
		"the other's value": func() {
			client.Set(t.Context(), keys[0], values[1], 0)
			client.Set(t.Context(), keys[1], values[0], 0)
		},
		"a flipped bit":  func() { client.Set(t.Context(), keys[0], flipped, 0) },
		"a flipped mark": func() { client.Set(t.Context(), keys[0], negated, 0) },
		"cut off":        func() { client.Set(t.Context(), keys[0], values[0][:len(values[0])-1], 0) },
		"short":          func() { client.Set(t.Context(), keys[0], "x", 0) },
		"huge":           func() { client.Set(t.Context(), keys[0], strings.Repeat("x", 8<<20), 0) },
		"a list": func() {
			client.Del(t.Context(), keys[0])
			client.LPush(t.Context(), keys[0], "x")
		},
	} {
		client.Set(t.Context(), keys[1], values[1], 0)
		poison()
		reader, err := cache.New(options("secret"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 2 {
			if err := ask(t.Context(), reader, i); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		// Before the next, which must not meet what this one writes behind.
		if err := reader.Close(); err != nil {
			t.Error(err)
		}
		if got := reader.Stats(); got.Untrusted+got.Errors == 0 {
			t.Errorf("%s: nothing was refused: %+v", what, got)
		}
		client.Del(t.Context(), keys[0])
		client.Set(t.Context(), keys[0], values[0], 0)
	}
	// One who does not know the secret cannot plant a value.
	client.Set(t.Context(), keys[0], values[0], 0)
	client.Set(t.Context(), keys[1], values[1], 0)
	stranger := newCache(t, options("another"))
	for i := range 2 {
		if err := ask(t.Context(), stranger, i); err != nil {
			t.Error(err)
		}
	}
	if got := stranger.Stats(); got.Untrusted != 2 || got.FarHits != 0 {
		t.Errorf("another's seal: %+v", got)
	}
}

func BenchmarkNear(b *testing.B) {
	c := newCache(b, cache.Options{})
	c.PutNear(keyOf(1), []byte("x"), false)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := c.Near(keyOf(1)); !ok {
			b.Fatal("gone")
		}
	}
}

// BenchmarkFar is a look-up in a Redis on this machine: the process keeps none of
// a thousand values.
func BenchmarkFar(b *testing.B) {
	s := startRedis(b)
	o := cache.Options{Redis: cache.Dial(cache.Address{Hosts: []string{s.Address}}), Bytes: 1, Budget: time.Second}
	c := newCache(b, o)
	for i := range 1000 {
		if err := ask(b.Context(), c, i); err != nil {
			b.Fatal(err)
		}
	}
	eventually(b, 5*time.Second, "all are written", func() bool { return c.Stats().Writes == 1000 })
	i := 0
	for b.Loop() {
		i++
		if err := ask(b.Context(), c, i%1000); err != nil {
			b.Fatal(err)
		}
	}
}
