package cache

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/redis/go-redis/v9"
)

// Key stands for everything that a result depends on.
type Key [sha256.Size]byte

// Options of a cache. The zero Options keep 64 MB in process and know no Redis.
type Options struct {
	// Bytes bounds what is kept in process; 0 is 64 MB.
	Bytes uint64
	// TTL of results, and of results that found nothing; 0 is an hour and five
	// minutes. Each entry's own is up to a tenth longer or shorter, so that what
	// came together does not go together.
	TTL, NegativeTTL time.Duration

	// Redis is the second level; nil has none. See [Dial]. Close closes it.
	Redis redis.UniversalClient
	// Prefix of every key in Redis; empty is "onoma:".
	Prefix string
	// Secret, when given, signs the values in Redis: one who can write to Redis
	// but does not know it cannot plant an answer.
	Secret []byte
	// Budget is the longest a look-up may wait for Redis; 0 is 5 ms.
	Budget time.Duration
	// Breaker says when Redis is left alone.
	Breaker BreakerOptions
}

// entryOverhead is what an entry costs beside its value: key, node, map slot.
const entryOverhead = 160

// Cache is safe for concurrent use. The nil Cache computes everything.
type Cache struct {
	options Options
	near    *otter.Cache[Key, entry]
	far     *far // nil: no Redis

	mu      sync.Mutex
	flights map[Key]*flight

	counts counts
}

type entry struct {
	value    []byte
	negative bool
}

// flight is a computation that others wait for.
type flight struct {
	done  chan struct{}
	value []byte
	err   error
}

// New returns a cache, which the caller closes.
func New(o Options) (*Cache, error) {
	if o.Bytes == 0 {
		o.Bytes = 64 << 20
	}
	if o.TTL <= 0 {
		o.TTL = time.Hour
	}
	if o.NegativeTTL <= 0 {
		o.NegativeTTL = min(5*time.Minute, o.TTL)
	}
	if o.Prefix == "" {
		o.Prefix = "onoma:"
	}
	if o.Budget <= 0 {
		o.Budget = 5 * time.Millisecond
	}
	c := &Cache{options: o, flights: make(map[Key]*flight)}
	near, err := otter.New(&otter.Options[Key, entry]{
		MaximumWeight: o.Bytes,
		Weigher:       func(_ Key, e entry) uint32 { return uint32(min(len(e.value)+entryOverhead, 1<<31)) },
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[Key, entry]) time.Duration {
			return jittered(c.ttl(e.Value.negative))
		}),
	})
	if err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	c.near = near
	if o.Redis != nil {
		c.far = newFar(o, &c.counts)
	}
	return c, nil
}

func (c *Cache) ttl(negative bool) time.Duration {
	if negative {
		return c.options.NegativeTTL
	}
	return c.options.TTL
}

// jittered moves a duration by up to a tenth.
func jittered(d time.Duration) time.Duration {
	return d - d/10 + rand.N(d/5+1)
}

// Close waits for what is being written and closes Redis.
func (c *Cache) Close() error {
	if c == nil {
		return nil
	}
	c.near.StopAllGoroutines()
	if c.far == nil {
		return nil
	}
	return c.far.close()
}

// Near looks in the process alone. It costs about 100 ns. The value must not be
// changed.
func (c *Cache) Near(key Key) ([]byte, bool) {
	if c == nil {
		return nil, false
	}
	e, ok := c.near.GetIfPresent(key)
	return e.value, ok
}

// PutNear keeps a result in the process alone, which owns the value from then on.
func (c *Cache) PutNear(key Key, value []byte, negative bool) {
	if c != nil {
		c.near.Set(key, entry{value, negative})
	}
}

// Compute makes the value of a key. Negative is a result that found nothing.
type Compute func() (value []byte, negative bool, err error)

// Do returns the value of the key: from the process, from Redis when expected,
// which is what computing is believed to cost, is well above what asking costs,
// or from compute. Of callers who want one key at a time one computes; the
// others wait, for as long as their context lasts. The value must not be
// changed.
func (c *Cache) Do(ctx context.Context, key Key, expected time.Duration, compute Compute) ([]byte, error) {
	if c == nil {
		value, _, err := compute()
		return value, err
	}
	if value, ok := c.Near(key); ok {
		c.counts.hit(&c.counts.NearHits, expected)
		return value, nil
	}
	c.mu.Lock()
	if f := c.flights[key]; f != nil {
		c.mu.Unlock()
		c.counts.Shared.Add(1)
		select {
		case <-f.done:
			// The other caller's failure is not ours.
			if f.err == nil {
				return f.value, nil
			}
			value, _, err := compute()
			return value, err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	f := &flight{done: make(chan struct{}), err: errAbandoned}
	c.flights[key] = f
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.flights, key)
		c.mu.Unlock()
		close(f.done)
	}()

	if c.far != nil {
		begin := time.Now()
		if e, ok := c.far.get(ctx, key, expected); ok {
			c.counts.hit(&c.counts.FarHits, expected-time.Since(begin))
			c.near.Set(key, e)
			f.value, f.err = e.value, nil
			return e.value, nil
		}
	}
	c.counts.Misses.Add(1)
	value, negative, err := compute()
	f.value, f.err = value, err
	if err != nil {
		return nil, err
	}
	c.near.Set(key, entry{value, negative})
	if c.far != nil {
		c.far.put(key, entry{value, negative}, expected, jittered(c.ttl(negative)))
	}
	return value, nil
}

// errAbandoned is what waiters see of a computation that panicked.
var errAbandoned = errors.New("cache: the computation was abandoned")

// counts are what happened since the start.
type counts struct {
	NearHits, FarHits, Misses, Shared               atomic.Int64
	Skipped, Errors, Timeouts, Untrusted            atomic.Int64
	Writes, WriteErrors, WritesDropped, FarRequests atomic.Int64
	saved                                           atomic.Int64
}

func (c *counts) hit(which *atomic.Int64, saved time.Duration) {
	which.Add(1)
	c.saved.Add(int64(max(saved, 0)))
}

// Stats are what the cache did and is.
type Stats struct {
	NearHits, FarHits, Misses int64
	Shared                    int64 // callers who waited for another's computation
	Skipped                   int64 // look-ups that Redis was too dear or too ill for
	Errors, Timeouts          int64 // of look-ups in Redis
	Untrusted                 int64 // values whose checksum did not bind them to their key
	Writes, WriteErrors       int64
	WritesDropped             int64 // because others were still being written
	FarRequests               int64 // round trips, each for one or more look-ups
	Saved                     time.Duration
	RoundTrip                 time.Duration // of Redis, as measured
	Open                      bool          // the breaker: Redis is left alone
	Entries                   int
	Bytes                     uint64
}

// Stats returns a snapshot.
func (c *Cache) Stats() Stats {
	if c == nil {
		return Stats{}
	}
	s := Stats{
		NearHits: c.counts.NearHits.Load(), FarHits: c.counts.FarHits.Load(), Misses: c.counts.Misses.Load(),
		Shared: c.counts.Shared.Load(), Skipped: c.counts.Skipped.Load(), Errors: c.counts.Errors.Load(),
		Timeouts: c.counts.Timeouts.Load(), Untrusted: c.counts.Untrusted.Load(), Writes: c.counts.Writes.Load(),
		WriteErrors: c.counts.WriteErrors.Load(), WritesDropped: c.counts.WritesDropped.Load(), FarRequests: c.counts.FarRequests.Load(),
		Saved: time.Duration(c.counts.saved.Load()), Entries: c.near.EstimatedSize(), Bytes: c.near.WeightedSize(),
	}
	if c.far != nil {
		s.RoundTrip, s.Open = time.Duration(c.far.roundTrip.Load()), c.far.breaker.isOpen()
	}
	return s
}

// Served counts a hit of [Cache.Near] that saved so much.
func (c *Cache) Served(saved time.Duration) {
	if c != nil {
		c.counts.hit(&c.counts.NearHits, saved)
	}
}
