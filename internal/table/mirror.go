package table

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"onoma/resolver"
	"onoma/resolver/fact"
	"onoma/resolver/index"
	"onoma/resolver/seed"
)

// Mirror keeps a resolver at the newest version of an authority.
//
// A table is an index of some version, the base, and over it a layer of what has
// changed since. A new version is a new layer, small however large the base is; when
// it has grown, it is folded into a new base behind (see fold.go). Either is built
// beside what answers and then published to the resolver at once: readers never wait
// and never see half of one. The mirror is safe for concurrent use.
type Mirror struct {
	authority Authority
	resolver  *resolver.Resolver
	log       *slog.Logger
	dir       string // of the snapshot; "" keeps none
	foldRows  int

	refreshing sync.Mutex // one table is installed at a time; it guards what follows
	base       *base      // what the current table stands on
	delta      *delta     // what has changed since
	index      *index.Index
	overrides  []fact.Override
	journal    *journal

	building sync.Mutex // one base is built at a time; taken after refreshing or without it
	folding  folding
	since    atomic.Int64 // version of the base

	version atomic.Int64 // that the resolver answers from
	behind  atomic.Int64 // since when, in microseconds; 0 when not
	newest  atomic.Int64 // version that the authority was last seen at
	changed broadcast
	prepare atomic.Pointer[func(*resolver.Table)]
	stop    context.CancelFunc
	running sync.WaitGroup
}

// MirrorOptions say what a mirror keeps. Authority is required.
type MirrorOptions struct {
	Authority Authority
	// Dir is where the snapshot lives; "" keeps none, and each start builds anew.
	Dir string
	// Poll is how often the authority is asked for its version, beside its telling
	// when there is one; 0 for never, when nobody else writes to it.
	Poll time.Duration
	// Logger may be nil.
	Logger *slog.Logger
	// WithoutSeed leaves the built-in table out: the table is what is loaded.
	WithoutSeed bool
	// FoldRows is from how many changed rows on a layer is folded in; 0 for
	// [DefaultFoldRows].
	FoldRows int
	// Brief is for a process that soon ends: nothing is folded in behind, since what
	// is begun would seldom be finished and begun again by the next. It may fold
	// before it ends, with [Mirror.Fold].
	Brief bool
}

// sweepEvery is how often what is no longer kept is deleted.
const sweepEvery = time.Minute

// NewMirror brings the built-in table into the authority when it is not there,
// and builds the newest version. Close ends it; the authority stays open.
func NewMirror(ctx context.Context, o MirrorOptions) (*Mirror, error) {
	m := &Mirror{authority: o.Authority, dir: o.Dir, log: o.Logger, foldRows: cmp.Or(o.FoldRows, DefaultFoldRows)}
	m.folding.wanted = make(chan struct{}, 1)
	if m.log == nil {
		m.log = slog.New(slog.DiscardHandler)
	}
	if !o.WithoutSeed {
		if err := plantSeed(ctx, m.authority); err != nil {
			return nil, fmt.Errorf("built-in table: %w", err)
		}
	}
	if err := m.start(ctx); err != nil {
		return nil, err
	}
	run, stop := context.WithCancel(context.Background())
	m.stop = stop
	m.running.Go(func() { m.sweepNowAndThen(run) })
	if !o.Brief {
		m.running.Go(func() { m.foldWhenWanted(run) })
	}
	if o.Poll > 0 {
		nudged := make(chan struct{}, 1)
		m.running.Go(func() { m.listen(run, o.Poll, nudged) })
		m.running.Go(func() { m.follow(run, o.Poll, nudged) })
	}
	return m, nil
}

// Resolver answers from the newest version.
func (m *Mirror) Resolver() *resolver.Resolver { return m.resolver }

// Authority is what the mirror follows.
func (m *Mirror) Authority() Authority { return m.authority }

// Version is the version that the resolver answers from, and Newest the newest
// that the authority is known to have.
func (m *Mirror) Version() int64 { return m.version.Load() }
func (m *Mirror) Newest() int64  { return max(m.newest.Load(), m.version.Load()) }

// Behind tells since when the resolver has been behind the authority, or the
// authority out of reach; the zero time when neither is so.
func (m *Mirror) Behind() time.Time {
	if micros := m.behind.Load(); micros != 0 {
		return time.UnixMicro(micros)
	}
	return time.Time{}
}

// Changed returns a channel that is closed when the resolver gets a new version.
func (m *Mirror) Changed() <-chan struct{} { return m.changed.next() }

// Prepare has do called with every table before it answers, and with a new base before
// there is a layer over it: what is made of a table is then there when it is asked for.
// do is safe for concurrent use.
func (m *Mirror) Prepare(do func(*resolver.Table)) { m.prepare.Store(&do) }

func (m *Mirror) prepared(t *resolver.Table) *resolver.Table {
	if do := m.prepare.Load(); do != nil {
		(*do)(t)
	}
	return t
}

// Close waits for what the mirror does in the background.
func (m *Mirror) Close() {
	m.stop()
	m.running.Wait()
	m.refreshing.Lock()
	defer m.refreshing.Unlock()
	if err := m.journal.close(); err != nil {
		m.log.Warn("the journal could not be closed", "error", err)
	}
}

func (m *Mirror) sweepNowAndThen(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := m.authority.Sweep(ctx); err != nil && ctx.Err() == nil {
			m.log.Warn("what is no longer kept could not be deleted", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// maxListenAgain bounds the time between two tries to listen.
const maxListenAgain = time.Minute

// listen has the authority nudge the mirror when another publishes. It is a help and no
// guarantee: an engine that cannot tell, a pool of connections in between or a broken
// connection leave the polling.
func (m *Mirror) listen(ctx context.Context, again time.Duration, nudged chan<- struct{}) {
	for wait := again; ; wait = min(2*wait, maxListenAgain) {
		err := m.authority.Listen(ctx, func() {
			wait = again
			select {
			case nudged <- struct{}{}:
			default:
			}
		})
		if err == nil || ctx.Err() != nil {
			return
		}
		m.log.Debug("nobody tells when a version is published; it is polled for", "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// follow asks the authority for its version, now and then and when nudged, and
// catches up.
func (m *Mirror) follow(ctx context.Context, poll time.Duration, nudged <-chan struct{}) {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-nudged:
		}
		if err := m.Refresh(ctx); err != nil && ctx.Err() == nil {
			m.log.Warn("the authority is out of reach; the version stays", "version", m.Version(), "error", err)
		}
	}
}

// Refresh brings the resolver to the newest version of the authority.
func (m *Mirror) Refresh(ctx context.Context) (err error) {
	m.refreshing.Lock()
	defer m.refreshing.Unlock()
	defer func() {
		switch {
		case err == nil:
			m.behind.Store(0)
		case m.behind.Load() == 0:
			m.behind.Store(time.Now().UnixMicro())
		}
	}()
	head, err := m.authority.Head(ctx)
	if err != nil {
		return err
	}
	m.newest.Store(head)
	if head == m.version.Load() {
		return nil
	}
	return m.bring(ctx, head, nil)
}

// maxLayer is how many changed rows a layer may have; more of them are built into
// a new base at once. Measured on ten million names: a layer of 200,000 rows takes
// about as long as a tenth of that base.
const maxLayer = 200_000

// layerable reports whether a layer of so many rows is quicker than a new base.
func (m *Mirror) layerable(rows int) bool {
	return rows <= min(maxLayer, max(leastLayer, m.base.index.Entities()/2))
}

// leastLayer is how many rows may lie over the smallest base.
const leastLayer = 100

// bring brings the resolver to a version of the authority or a newer one. Known are
// keys that have changed up to the version of the delta and are not in it yet.
func (m *Mirror) bring(ctx context.Context, head int64, known []Key) error {
	for {
		keys, more, err := m.authority.Changes(ctx, m.delta.version, head, maxLayer)
		if err != nil {
			return err
		}
		if more || !m.layerable(m.delta.rows()+len(known)+len(keys)) {
			return m.rebuild(ctx)
		}
		now, err := m.current(ctx, slices.Concat(known, keys))
		if err != nil {
			return err
		}
		if now.version != head {
			head = now.version // somebody published meanwhile
			continue
		}
		return m.layer(ctx, keys, known, now)
	}
}

// layer answers from the base with everything that has changed up to now over it.
func (m *Mirror) layer(ctx context.Context, keys, known []Key, now *current) error {
	began := time.Now()
	isOverride := func(k Key) bool { return k.Kind == OverrideRow }
	x, overrides := m.index, m.overrides
	changed := slices.Concat(known, keys)
	if slices.ContainsFunc(changed, isOverride) {
		overrides = now.overrides
	}
	from := m.delta.version
	m.delta.take(now.version, changed, now.rows)
	// Overrides stand beside the index: when nothing else changes, it stays as it is.
	if x == nil || slices.ContainsFunc(changed, func(k Key) bool { return !isOverride(k) }) {
		var err error
		if x, err = m.delta.over(m.base.index); err != nil {
			return err
		}
	}
	if err := m.install(ctx, x, now.version, overrides); err != nil {
		return err
	}
	if err := m.journal.note(from, now.version, keys); err != nil {
		m.log.Warn("what has changed could not be noted; the next start may build anew", "error", err)
	}
	m.log.Debug("layer built", "version", now.version, "rows", m.delta.rows(), "took", time.Since(began).Round(time.Microsecond))
	m.foldIfLarge()
	return nil
}

// start makes the first table: of the snapshot, with what has changed since over it,
// where that is quicker than to build anew.
func (m *Mirror) start(ctx context.Context) error {
	m.refreshing.Lock()
	defer m.refreshing.Unlock()
	head, err := m.authority.Head(ctx)
	if err != nil {
		return err
	}
	b := m.openSnapshot(head)
	if b == nil {
		return m.rebuild(ctx)
	}
	m.setBase(b, newDelta(b.version))
	known := m.readJournal(head)
	known = append(known, Key{Kind: OverrideRow})
	return m.bring(ctx, head, known)
}

// base is an index with what it was built from.
type base struct {
	index   *index.Index
	version int64
	mapped  *index.Mapped // that the index lies in; nil when it lies in memory
}

// rebuild builds the newest version from nothing: in files where there is a
// directory for the snapshot, else in memory.
func (m *Mirror) rebuild(ctx context.Context) error {
	began := time.Now()
	m.folding.cancel()
	b, overrides, err := m.build(ctx)
	if err != nil {
		return err
	}
	if err := m.install(ctx, b.index, b.version, overrides); err != nil {
		return err
	}
	m.setBase(b, newDelta(b.version))
	m.log.Info("table built", "version", b.version, "bytes", len(b.index.Bytes()), "took", time.Since(began).Round(time.Millisecond))
	return nil
}

func (m *Mirror) build(ctx context.Context) (*base, []fact.Override, error) {
	if m.dir == "" {
		return m.buildInMemory(ctx)
	}
	b, overrides, err := m.buildInFiles(ctx, 0)
	if err != nil && ctx.Err() == nil {
		// The directory may be full or read-only: the table is answered from all the
		// same, and the next start builds anew.
		m.log.Error("the snapshot could not be written; building in memory", "error", err)
		return m.buildInMemory(ctx)
	}
	return b, overrides, err
}

// install makes the index the table that answers.
func (m *Mirror) install(ctx context.Context, x *index.Index, version int64, overrides []fact.Override) error {
	at, err := m.authority.Versions(ctx, VersionRange{After: version - 1, Limit: 1, Ascending: true})
	if err != nil {
		return err
	}
	var published time.Time
	if len(at) > 0 {
		published = at[0].Published
	}
	t := resolver.NewTable(x, uint64(version), published, overrides)
	t.SetIdentity(m.authority.Identity())
	if m.resolver == nil {
		m.resolver = resolver.New(t)
	} else {
		m.resolver.Publish(m.prepared(t))
	}
	m.index, m.overrides = x, overrides
	m.version.Store(version)
	m.newest.Store(max(version, m.newest.Load()))
	m.changed.all()
	return nil
}

// named makes the canonical name one of the names of the source that gives it.
func named(e fact.Entity, source string) fact.Entity {
	if e.Canonical != "" && !slices.ContainsFunc(e.Names, func(n fact.Name) bool { return n.Text == e.Canonical }) {
		e.Names = append(e.Names, fact.Name{Text: e.Canonical, Kind: fact.Primary, Source: source})
	}
	return e
}

// plantSeed publishes the built-in table as a source, at the first start and
// when the program has brought another.
func plantSeed(ctx context.Context, a Authority) error {
	s, err := seed.Open()
	if err != nil {
		return err
	}
	digest := sha256.New()
	for row := range seedRows(s) {
		digestRow(digest, row)
	}
	note := "built-in table " + hex.EncodeToString(digest.Sum(nil)[:8])
	last, err := a.Versions(ctx, VersionRange{Source: seed.Source, Limit: 1})
	var unknown *UnknownSourceError
	if err != nil && !errors.As(err, &unknown) {
		return err
	}
	if len(last) > 0 && last[0].Note == note {
		return nil
	}
	b, err := a.Begin(ctx)
	if err != nil {
		return err
	}
	defer b.Discard(context.WithoutCancel(ctx))
	rows := make([]Encoded, 0, stageRows)
	for row := range seedRows(s) {
		if rows = append(rows, row); len(rows) == cap(rows) {
			if err := b.Stage(ctx, seed.Source, rows); err != nil {
				return err
			}
			rows = rows[:0]
		}
	}
	if err := b.Stage(ctx, seed.Source, rows); err != nil {
		return err
	}
	_, err = b.Publish(ctx, Publish{Source: seed.Source, Operation: Seed, Replace: true, Note: note})
	return err
}

func digestRow(digest hash.Hash, row Encoded) {
	fmt.Fprintf(digest, "%d %s %d ", row.Kind, row.ID, len(row.Body))
	digest.Write(row.Body)
}

func seedRows(s *seed.Seed) iter.Seq[Encoded] {
	return func(yield func(Encoded) bool) {
		for p := range s.Positions() {
			row := Row{Position: &p}
			if !yield(Encoded{row.Key(), row.Encode(nil)}) {
				return
			}
		}
		for e := range s.Entities() {
			row := Row{Entity: &e, Weighed: true}
			if !yield(Encoded{row.Key(), row.Encode(nil)}) {
				return
			}
		}
	}
}

// broadcast wakes all who wait. The zero broadcast is ready.
type broadcast struct {
	mu sync.Mutex
	c  chan struct{}
}

func (b *broadcast) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.c == nil {
		b.c = make(chan struct{})
	}
	return b.c
}

func (b *broadcast) all() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.c != nil {
		close(b.c)
		b.c = nil
	}
}
