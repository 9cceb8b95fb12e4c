package server

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"hash/maphash"
	"slices"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"onoma/cache"
	"onoma/internal/telemetry"
	"onoma/resolver"
	"onoma/resolver/fact"
	"onoma/resolver/name"

	onomav1 "onoma/proto/onoma/v1"
)

// results keep answers that cost more to find than to look up. What is kept, and
// where, follows the cost:
//
//   - A name that a key finds is never looked up: that would take as long.
//   - A name found only by likeness, or not at all, is kept in the process when it
//     is asked for the second time. Redis is as far away as the answer is.
//   - A document, and a name with its text around it, is kept in the process, when
//     it is short only from the second time on. Redis is asked, and told, when the
//     text is so long that its annotation costs more.
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

// key is the key of a request: the table, the day that roles are read by where the
// request does not say it, and the message without its min_table_version, which
// bounds the answer's table and not the answer.
func (r *results) key(t *resolver.Table, kind byte, day fact.Date, m proto.Message, minVersion *int64) (key cache.Key, ok bool) {
	defer func(v int64) { *minVersion = v }(*minVersion)
	*minVersion = 0
	text, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return key, false
	}
	h := sha256.New()
	h.Write(r.identify(t).sum[:])
	hashNumbers(h, uint64(kind), uint64(day))
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

// name returns the answer that is kept for a dear name, as bytes, or nil.
func (r *results) name(t *resolver.Table, from *onomav1.Query) []byte {
	key, ok := r.key(t, kindName, 0, from, &from.MinTableVersion)
	if !ok {
		return nil
	}
	value, found := r.cache.Near(key)
	if !found {
		return nil
	}
	r.cache.Served(time.Duration(r.names.Load()))
	r.metrics.Kept(headOf(value))
	return value
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
	key, ok := r.key(t, kindName, 0, from, &from.MinTableVersion)
	value, err := proto.Marshal(response)
	if ok && err == nil {
		r.cache.PutNear(key, value, a.Outcome == resolver.NoMatch)
	}
}

// kept is an answer that was made here, and has its message, or that was found as
// the bytes of one; or both.
type kept[M proto.Message] struct {
	message M // when made
	made    bool
	value   []byte // nil when nothing is kept
}

// wire is the answer as the transport takes it: bytes, where there are any, so that
// what is kept is neither read nor written again, and what is made only once.
func (k kept[M]) wire() any {
	if k.value != nil {
		return written(k.value)
	}
	return k.message
}

// read returns the answer as a message; into is an empty one.
func (k kept[M]) read(into M) (M, error) {
	if k.made {
		return k.message, nil
	}
	if err := proto.Unmarshal(k.value, into); err != nil {
		return into, fmt.Errorf("an answer that was kept: %w", err)
	}
	return into, nil
}

// cached answers a request from the cache, or computes and keeps it. What computing
// needs once is made ready first: it is no part of what an answer costs.
func cached[M proto.Message](ctx context.Context, r *results, key cache.Key, cost *perByte, size int, ready func() error, negative func(M) bool, compute func() (M, error)) (k kept[M], err error) {
	defer telemetry.Stage(ctx, "cache").End()
	k.value, err = r.cache.Do(ctx, key, cost.expect(size), func() ([]byte, bool, error) {
		if err := ready(); err != nil {
			return nil, false, err
		}
		begin := time.Now()
		response, err := compute()
		if err != nil {
			return nil, false, err
		}
		cost.learn(size, time.Since(begin))
		k.message, k.made = response, true
		value, err := proto.Marshal(response)
		return value, negative(response), err
	})
	if k.made {
		return k, nil
	}
	return k, err
}

// shortText is the length of texts that cost little more to annotate than to keep.
const shortText = 1000

// worthKeeping reports whether a text is long, or short and asked for again: to
// keep a short one that never comes again would cost a tenth of its answer.
func (r *results) worthKeeping(text string) bool {
	if len(text) >= shortText {
		return true
	}
	slot, mark := r.slot(text)
	return slot.Swap(mark) == mark
}

// document answers a document from the cache, or computes and keeps it. The day is
// that which its roles are read by.
func (r *results) document(ctx context.Context, t *resolver.Table, from *onomav1.Document, day fact.Date, ready func() error, compute func() (*onomav1.AnnotateResponse, error)) (k kept[*onomav1.AnnotateResponse], err error) {
	if r != nil && r.worthKeeping(from.Text) {
		if key, ok := r.key(t, kindDocument, day, from, &from.MinTableVersion); ok {
			negative := func(m *onomav1.AnnotateResponse) bool { return len(m.Mentions) == 0 }
			return cached(ctx, r, key, &r.documents, len(from.Text), ready, negative, compute)
		}
	}
	k.message, err = compute()
	k.made = true
	return k, err
}

// inText answers a name in its text from the cache, or computes and keeps it.
func (r *results) inText(ctx context.Context, t *resolver.Table, from *onomav1.Query, ready func() error, compute func() (*onomav1.ResolveResponse, error)) (k kept[*onomav1.ResolveResponse], err error) {
	if r.worthKeeping(from.Context.Text) {
		if key, ok := r.key(t, kindContext, 0, from, &from.MinTableVersion); ok {
			negative := func(m *onomav1.ResolveResponse) bool { return m.Outcome == onomav1.Outcome_OUTCOME_NO_MATCH }
			k, err = cached(ctx, r, key, &r.contexts, len(from.Context.Text), ready, negative, compute)
			if !k.made && err == nil {
				r.metrics.Kept(headOf(k.value))
			}
			return k, err
		}
	}
	k.message, err = compute()
	k.made = true
	return k, err
}

// perByte is what a text costs for each of its bytes, as measured: nanoseconds
// in 1/1024.
type perByte struct {
	cost  atomic.Int64
	begun atomic.Bool
}

// expect returns what a text of size bytes is believed to cost.
func (p *perByte) expect(size int) time.Duration {
	return time.Duration(p.cost.Load() * int64(size) / 1024)
}

// learn leaves the first out, which found everything cold: what were thought dear
// would be had from Redis from then on, and never be measured again.
func (p *perByte) learn(size int, took time.Duration) {
	if size > 0 && p.begun.Swap(true) {
		smooth(&p.cost, int64(took)*1024/int64(size))
	}
}

// smooth moves a value an eighth of the way; the first sets it. What is far above
// met a stall, and counts for no more than four times what was.
func smooth(value *atomic.Int64, to int64) {
	old := value.Load()
	if old == 0 {
		value.Store(to)
		return
	}
	value.Store(old + (min(to, 4*old)-old)/8)
}

// headOf reads the outcome of a ResolveResponse, and the method of its first
// candidate, without reading the rest. Fields are those of resolver_service.proto.
func headOf(value []byte) (outcome resolver.Outcome, method resolver.Method) {
	outcome = resolver.NoMatch
	eachField(value, func(field protowire.Number, number uint64, _ []byte) (more bool) {
		if at := slices.Index(outcomeNumbers[:], onomav1.Outcome(number)); field == 1 && at >= 0 {
			outcome = resolver.Outcome(at)
		}
		return field < 1
	})
	eachField(value, func(field protowire.Number, _ uint64, candidate []byte) (more bool) {
		if field != 2 {
			return field < 2
		}
		eachField(candidate, func(field protowire.Number, number uint64, _ []byte) (more bool) {
			if field == 10 {
				method = resolver.Method(number)
			}
			return field < 10
		})
		return false
	})
	return outcome, method
}

// eachField calls do with the fields of a message, as far as it wants.
func eachField(b []byte, do func(field protowire.Number, number uint64, bytes []byte) (more bool)) {
	for len(b) > 0 {
		field, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return
		}
		b = b[n:]
		size := protowire.ConsumeFieldValue(field, kind, b)
		if size < 0 {
			return
		}
		var (
			number uint64
			bytes  []byte
		)
		switch kind {
		case protowire.VarintType:
			number, _ = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			bytes, _ = protowire.ConsumeBytes(b)
		}
		if !do(field, number, bytes) {
			return
		}
		b = b[size:]
	}
}
