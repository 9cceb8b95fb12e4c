package cache

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	// lanes is how many requests to Redis are under way at once; look-ups that
	// come while all are busy go together in the next.
	lanes = 4
	// together bounds the look-ups of one request.
	together = 128
	// maxValue bounds a value in Redis. Reads ask for no more than one byte
	// beyond it, whatever someone has put there.
	maxValue = 1 << 20
	// writeQueue bounds the values that wait to be written. What does not find
	// room is dropped: another miss will write it.
	writeQueue = 1024
	// worth is how many times its round trip a computation must cost for Redis
	// to be asked: a miss pays for both.
	worth = 3
	// askAnyway is one in so many look-ups that Redis is asked for although it
	// seemed too dear, so that a round trip measured on a bad day is measured again.
	askAnyway = 64
)

// Address says where Redis is and how to speak to it.
type Address struct {
	// Hosts are HOST:PORT: one for a single server, several for a cluster, those
	// of the sentinels when Master names what they watch.
	Hosts              []string
	Master             string
	Cluster            bool // also with one host, such as a configuration endpoint
	Username, Password string
	SentinelUsername   string
	SentinelPassword   string
	Database           int
	TLS                *tls.Config
}

// reloadEvery is how often a client of a cluster that is in use asks which server
// has which keys. The library's own default is a minute, and a pipeline that
// cannot reach a server does not ask by itself.
const reloadEvery = 5 * time.Second

// Dial returns a client for [Options.Redis]. It connects when it is first used.
// Time-outs are short and nothing is tried twice: a cache that must be waited
// for is worse than none.
func Dial(a Address) redis.UniversalClient {
	o := &redis.UniversalOptions{
		Addrs: a.Hosts, MasterName: a.Master, IsClusterMode: a.Cluster, DB: a.Database,
		Username: a.Username, Password: a.Password,
		SentinelUsername: a.SentinelUsername, SentinelPassword: a.SentinelPassword,
		TLSConfig:             a.TLS,
		ContextTimeoutEnabled: true,
		DialTimeout:           500 * time.Millisecond,
		ReadTimeout:           100 * time.Millisecond,
		WriteTimeout:          100 * time.Millisecond,
		PoolTimeout:           50 * time.Millisecond,
		DialerRetries:         1,
		MaxRetries:            -1,
		MaxRedirects:          2, // of a cluster whose slots moved
		PoolSize:              2 * lanes,
		ClientName:            "onoma",
		DisableIdentity:       true,
		// Asked of servers that do not know it, it costs a round trip and a log line.
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	if a.Master == "" && (a.Cluster || len(a.Hosts) > 1) {
		cluster := o.Cluster()
		cluster.ClusterStateReloadInterval = reloadEvery
		return redis.NewClusterClient(cluster)
	}
	return redis.NewUniversalClient(o)
}

// quiet keeps the client from writing to standard error by itself; what goes
// wrong is counted here.
type quiet struct{ *log.Logger }

func (q quiet) Printf(_ context.Context, format string, v ...any) { q.Logger.Printf(format, v...) }

// Quieten silences the Redis client's own log, which is one for the process.
func Quieten() { redis.SetLogger(quiet{log.New(io.Discard, "", 0)}) }

// far is the second level.
type far struct {
	client  redis.UniversalClient
	options Options
	counts  *counts
	breaker *breaker

	asked     chan *ask
	write     chan written
	stop      chan struct{}
	running   sync.WaitGroup
	roundTrip atomic.Int64 // nanoseconds, smoothed
	cheap     atomic.Int64 // look-ups skipped for their cost
}

type ask struct {
	key    Key
	answer chan answer // of capacity 1: an answer that comes late goes nowhere
}

type answer struct {
	entry entry
	found bool
}

type written struct {
	key   Key
	entry entry
	ttl   time.Duration
}

func newFar(o Options, c *counts) *far {
	f := &far{
		client: o.Redis, options: o, counts: c,
		asked: make(chan *ask, together), write: make(chan written, writeQueue), stop: make(chan struct{}),
	}
	f.breaker = newBreaker(o.Breaker, f.probe)
	f.roundTrip.Store(int64(200 * time.Microsecond))
	for range lanes {
		f.running.Go(f.read)
	}
	f.running.Go(f.writeBehind)
	return f
}

// get asks Redis if that is worth its while, for no longer than the budget.
// The client's own time-outs are not relied on: the caller walks away.
func (f *far) get(ctx context.Context, key Key, expected time.Duration) (entry, bool) {
	if f.breaker.isOpen() {
		f.counts.Skipped.Add(1)
		return entry{}, false
	}
	if !f.worthwhile(expected) && f.cheap.Add(1)%askAnyway != 0 {
		f.counts.Skipped.Add(1)
		return entry{}, false
	}
	timer := time.NewTimer(f.options.Budget)
	defer timer.Stop()
	a := &ask{key: key, answer: make(chan answer, 1)}
	select {
	case f.asked <- a:
	case <-timer.C:
		return f.timedOut()
	case <-ctx.Done():
		return entry{}, false
	}
	select {
	case found := <-a.answer:
		return found.entry, found.found
	case <-timer.C:
		return f.timedOut()
	case <-ctx.Done():
		return entry{}, false
	}
}

var errBudget = errors.New("cache: redis did not answer within the budget")

func (f *far) timedOut() (entry, bool) {
	f.counts.Timeouts.Add(1)
	f.said(errBudget)
	return entry{}, false
}

// read answers look-ups, as many at a time as are waiting.
func (f *far) read() {
	batch := make([]*ask, 0, together)
	for {
		select {
		case <-f.stop:
			return
		case first := <-f.asked:
			batch = append(batch[:0], first)
		}
	fill:
		for len(batch) < together {
			select {
			case next := <-f.asked:
				batch = append(batch, next)
			default:
				break fill
			}
		}
		f.readBatch(batch)
	}
}

func (f *far) readBatch(batch []*ask) {
	// Beyond the budget nobody waits any more; a little beyond it the answer may
	// still be worth having, as a measure of how long Redis takes.
	ctx, cancel := context.WithTimeout(context.Background(), 2*f.options.Budget)
	defer cancel()
	begin := time.Now()
	// GETRANGE rather than GET bounds what is read; a pipeline rather than MGET
	// works where keys live on several servers.
	pipe := f.client.Pipeline()
	replies := make([]*redis.StringCmd, len(batch))
	for i, a := range batch {
		replies[i] = pipe.GetRange(ctx, f.name(a.key), 0, maxValue)
	}
	_, err := pipe.Exec(ctx)
	f.counts.FarRequests.Add(1)
	f.measured(time.Since(begin))
	f.said(err)
	for i, a := range batch {
		text, err := replies[i].Bytes()
		if err != nil {
			f.counts.Errors.Add(1)
			a.answer <- answer{}
			continue
		}
		e, ok := f.open(a.key, text)
		if !ok && len(text) > 0 {
			f.counts.Untrusted.Add(1)
		}
		a.answer <- answer{e, ok}
	}
}

// said tells the breaker how a request went, and a cluster's client that keys may
// have moved: it learns that from a server that answers, and not from one that is
// gone.
func (f *far) said(err error) {
	if cluster, ok := f.client.(*redis.ClusterClient); ok && err != nil {
		cluster.ReloadState(context.Background())
	}
	f.breaker.said(err)
}

// measured smooths the round trip over about eight requests.
func (f *far) measured(took time.Duration) {
	old := f.roundTrip.Load()
	f.roundTrip.Store(old + (int64(took)-old)/8)
}

// worthwhile reports whether Redis is asked for what is believed to cost so much.
func (f *far) worthwhile(expected time.Duration) bool {
	return expected >= worth*time.Duration(f.roundTrip.Load())
}

// put writes behind the answer's back, if anyone will ask for it.
func (f *far) put(key Key, e entry, expected, ttl time.Duration) {
	if len(e.value) > maxValue-sealSize || !f.worthwhile(expected) || f.breaker.isOpen() {
		return
	}
	select {
	case f.write <- written{key, e, ttl}:
	default:
		f.counts.WritesDropped.Add(1)
	}
}

// writeBehind writes values, as many at a time as are waiting. After a failure,
// as of a server out of memory or one that became a replica, it lets values pass
// unwritten for a moment.
func (f *far) writeBehind() {
	var resume time.Time
	for {
		var first written
		select {
		case <-f.stop:
			return
		case first = <-f.write:
		}
		if time.Now().Before(resume) {
			f.counts.WritesDropped.Add(1)
			continue
		}
		if f.writeBatch(first) != nil {
			resume = time.Now().Add(jittered(time.Second))
		}
	}
}

func (f *far) writeBatch(first written) error {
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	pipe := f.client.Pipeline()
	n := 0
	for w, more := first, true; more; {
		pipe.Set(ctx, f.name(w.key), f.seal(w.key, w.entry), w.ttl)
		n++
		more = false
		if n < together {
			select {
			case w = <-f.write:
				more = true
			default:
			}
		}
	}
	_, err := pipe.Exec(ctx)
	if err != nil {
		f.counts.WriteErrors.Add(1)
		return err
	}
	f.counts.Writes.Add(int64(n))
	return nil
}

// probed is how many keys a probe asks for: so many that each server of a cluster
// has some of them.
const probed = 16

// probe asks for keys that nobody writes. They must be answered as any others.
func (f *far) probe() error {
	ctx, cancel := context.WithTimeout(context.Background(), max(20*f.options.Budget, 100*time.Millisecond))
	defer cancel()
	pipe := f.client.Pipeline()
	replies := make([]*redis.StringCmd, probed)
	for i := range replies {
		var key Key
		_, _ = rand.Read(key[:])
		replies[i] = pipe.GetRange(ctx, f.name(key), 0, maxValue)
	}
	begin := time.Now()
	if _, err := pipe.Exec(ctx); err != nil {
		f.said(err)
		return err
	}
	took := time.Since(begin)
	if took > f.options.Budget {
		return fmt.Errorf("%w: %s", errBudget, took)
	}
	for _, reply := range replies {
		if reply.Val() != "" {
			return errors.New("cache: redis has a value for a key that nobody wrote")
		}
	}
	f.roundTrip.Store(int64(took))
	return nil
}

func (f *far) name(key Key) string {
	return f.options.Prefix + hex.EncodeToString(key[:])
}

// A sealed value is a format byte, a byte that says whether it is negative, the
// checksum of both, the key and the value, and the value.
const (
	sealFormat = 1
	sumSize    = 16
	sealSize   = 2 + sumSize
)

func (f *far) seal(key Key, e entry) []byte {
	b := make([]byte, sealSize, sealSize+len(e.value))
	b[0] = sealFormat
	if e.negative {
		b[1] = 1
	}
	copy(b[2:], f.sum(key, b[:2], e.value))
	return append(b, e.value...)
}

func (f *far) open(key Key, b []byte) (entry, bool) {
	if len(b) < sealSize || len(b) > maxValue || b[0] != sealFormat || b[1] > 1 {
		return entry{}, false
	}
	if subtle.ConstantTimeCompare(b[2:sealSize], f.sum(key, b[:2], b[sealSize:])) != 1 {
		return entry{}, false
	}
	return entry{b[sealSize:], b[1] == 1}, true
}

// sum binds a value to its key. Without a secret it tells damage and values in
// the wrong place; with one also those that someone else wrote.
func (f *far) sum(key Key, head, value []byte) []byte {
	h := hmac.New(sha256.New, f.options.Secret)
	h.Write(key[:])
	h.Write(head)
	h.Write(value)
	return h.Sum(nil)[:sumSize]
}

func (f *far) close() error {
	close(f.stop)
	f.breaker.close()
	f.running.Wait()
	if err := f.client.Close(); err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	return nil
}
