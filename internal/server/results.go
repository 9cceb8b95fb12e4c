package server

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"hash/maphash"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	"onoma/cache"
	"onoma/internal/telemetry"
	"onoma/resolver"
	"onoma/resolver/name"

	onomav1 "onoma/proto/onoma/v1"
)

// results keep answers that cost more to find than to look up. What is kept, and
// where, follows the cost:
//
//   - A name that a key finds is never looked up: that would take as long.
//   - A name found only by likeness, or not at all, is kept in the process when it
//     is asked for the second time. Redis is as far away as the answer is.
//   - A document, and a name with its text around it, is kept in both, and Redis
//     is asked when the text is so long that its annotation costs more.
//
// Values are the answers as protobuf: they own their memory, while an answer's
// strings are the table's.
type results struct {
	cache   *cache.Cache
	metrics *telemetry.Metrics
	program string
	dear    [1 << 16]atomic.Uint32 // tags of names that were dear
	seed    maphash.Seed
	table   atomic.Pointer[identity]
	// Cost of what is looked up, as measured.
	documents, contexts perByte
	names               atomic.Int64 // nanoseconds, of a name found by likeness
}

// newResults returns nil when there is no cache.
func newResults(c *cache.Cache, m *telemetry.Metrics, program string) *results {
	if c == nil {
		return nil
	}
	return &results{cache: c, metrics: m, program: program, seed: maphash.MakeSeed()}
}

// identity is a table and the sum of all that tells its answers from others'.
type identity struct {
	table *resolver.Table
	sum   [sha256.Size]byte
}

// indexHead is how much of an index is part of the identity of a table that no
// authority keeps: the head of the file has the checksum of every section.
const indexHead = 4096

func (r *results) identify(t *resolver.Table) *identity {
	if current := r.table.Load(); current != nil && current.table == t {
		return current
	}
	h := sha256.New()
	hashNumbers(h, t.Version(), uint64(t.Published().UnixNano()), name.Version)
	if id := t.Identity(); id != "" {
		h.Write([]byte(id)) // replicas build at different times, and answer alike
	} else {
		file := t.Index().Bytes()
		hashNumbers(h, uint64(len(file)))
		h.Write(file[:min(len(file), indexHead)])
	}
	h.Write([]byte(r.program)) // another program may weigh otherwise
	made := &identity{table: t}
	h.Sum(made.sum[:0])
	r.table.Store(made)
	return made
}

func hashNumbers(h hash.Hash, numbers ...uint64) {
	var b [8]byte
	for _, n := range numbers {
		binary.LittleEndian.PutUint64(b[:], n)
		h.Write(b[:])
	}
}

// key is the key of a request: the table, the day, since roles and dates are
// read by it, and the message without its min_table_version, which bounds the
// answer's table and not the answer.
func (r *results) key(t *resolver.Table, kind byte, m proto.Message, minVersion *int64) (key cache.Key, ok bool) {
	defer func(v int64) { *minVersion = v }(*minVersion)
	*minVersion = 0
	text, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return key, false
	}
	h := sha256.New()
	h.Write(r.identify(t).sum[:])
	hashNumbers(h, uint64(kind), uint64(time.Now().UTC().Unix()/86400))
	h.Write(text)
	h.Sum(key[:0])
	return key, true
}

const (
	kindName     = 'n'
	kindContext  = 'c'
	kindDocument = 'd'
)

// slot is where a dear name leaves its mark, and the mark.
func (r *results) slot(name string) (*atomic.Uint32, uint32) {
	h := maphash.String(r.seed, name)
	return &r.dear[h&(1<<16-1)], uint32(h>>32) | 1
}

// known reports whether the name was dear before. It costs about 20 ns, which is
// all that a name found by its key ever pays.
func (r *results) known(name string) bool {
	slot, mark := r.slot(name)
	return slot.Load() == mark
}

// name returns the answer that is kept for a dear name, or nil.
func (r *results) name(t *resolver.Table, from *onomav1.Query) *onomav1.ResolveResponse {
	key, ok := r.key(t, kindName, from, &from.MinTableVersion)
	if !ok {
		return nil
	}
	value, found := r.cache.Near(key)
	if !found {
		return nil
	}
	response := new(onomav1.ResolveResponse)
	if proto.Unmarshal(value, response) != nil {
		return nil
	}
	r.cache.Served(time.Duration(r.names.Load()))
	r.metrics.Kept(outcomeOf(response), methodOf(response))
	return response
}

// keepName keeps the answer to a name that was dear before, and marks one that
// was dear for the first time. took is 0 when it was not timed.
func (r *results) keepName(t *resolver.Table, from *onomav1.Query, a *resolver.Answer, response *onomav1.ResolveResponse, took time.Duration) {
	if byKey(a) {
		return
	}
	if took > 0 {
		smooth(&r.names, int64(took))
	}
	slot, mark := r.slot(from.Name)
	if slot.Load() != mark {
		slot.Store(mark)
		return
	}
	key, ok := r.key(t, kindName, from, &from.MinTableVersion)
	value, err := proto.Marshal(response)
	if ok && err == nil {
		r.cache.PutNear(key, value, a.Outcome == resolver.NoMatch)
	}
}

// cached answers a request from the cache, or computes and keeps it. What was
// computed here is returned as it is, and not by way of its bytes.
func cached[M proto.Message](ctx context.Context, r *results, key cache.Key, cost *perByte, size int, found M, negative func(M) bool, compute func() (M, error)) (M, error) {
	var (
		made     M
		computed bool
		none     M
	)
	defer telemetry.Stage(ctx, "cache").End()
	value, err := r.cache.Do(ctx, key, cost.expect(size), func() ([]byte, bool, error) {
		begin := time.Now()
		response, err := compute()
		if err != nil {
			return nil, false, err
		}
		cost.learn(size, time.Since(begin))
		made, computed = response, true
		value, err := proto.Marshal(response)
		return value, negative(response), err
	})
	if computed {
		return made, nil
	}
	if err != nil {
		return none, err
	}
	if proto.Unmarshal(value, found) != nil {
		return compute()
	}
	return found, nil
}

// document answers a document from the cache, or computes and keeps it.
func (r *results) document(ctx context.Context, t *resolver.Table, from *onomav1.Document, compute func() (*onomav1.AnnotateResponse, error)) (*onomav1.AnnotateResponse, error) {
	if r == nil {
		return compute()
	}
	key, ok := r.key(t, kindDocument, from, &from.MinTableVersion)
	if !ok {
		return compute()
	}
	negative := func(m *onomav1.AnnotateResponse) bool { return len(m.Mentions) == 0 }
	return cached(ctx, r, key, &r.documents, len(from.Text), new(onomav1.AnnotateResponse), negative, compute)
}

// inText answers a name in its text from the cache, or computes and keeps it.
func (r *results) inText(ctx context.Context, t *resolver.Table, from *onomav1.Query, compute func() (*onomav1.ResolveResponse, error)) (*onomav1.ResolveResponse, error) {
	key, ok := r.key(t, kindContext, from, &from.MinTableVersion)
	if !ok {
		return compute()
	}
	negative := func(m *onomav1.ResolveResponse) bool { return m.Outcome == onomav1.Outcome_OUTCOME_NO_MATCH }
	found := new(onomav1.ResolveResponse)
	response, err := cached(ctx, r, key, &r.contexts, len(from.Context.Text), found, negative, compute)
	if response == found && err == nil {
		r.metrics.Kept(outcomeOf(found), methodOf(found))
	}
	return response, err
}

// perByte is what a text costs for each of its bytes, as measured: nanoseconds
// in 1/1024.
type perByte struct {
	cost atomic.Int64
}

// expect returns what a text of size bytes is believed to cost.
func (p *perByte) expect(size int) time.Duration {
	return time.Duration(p.cost.Load() * int64(size) / 1024)
}

func (p *perByte) learn(size int, took time.Duration) {
	if size > 0 {
		smooth(&p.cost, int64(took)*1024/int64(size))
	}
}

// smooth moves a value an eighth of the way; the first sets it.
func smooth(value *atomic.Int64, to int64) {
	old := value.Load()
	if old == 0 {
		value.Store(to)
		return
	}
	value.Store(old + (to-old)/8)
}

// outcomeOf is the domain's outcome of an answer that was kept.
func outcomeOf(m *onomav1.ResolveResponse) resolver.Outcome {
	for outcome, n := range outcomeNumbers {
		if n == m.Outcome {
			return resolver.Outcome(outcome)
		}
	}
	return resolver.NoMatch
}

// methodOf is the method of the first candidate of an answer that was kept.
func methodOf(m *onomav1.ResolveResponse) resolver.Method {
	if len(m.Candidates) == 0 {
		return resolver.MethodUnspecified
	}
	return resolver.Method(m.Candidates[0].Method)
}
