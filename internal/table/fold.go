package table

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"onoma/resolver"
	"onoma/resolver/fact"
)

// Folding builds a new base, of the version of the day, while the old one and its layer
// answer. What is published meanwhile goes into the layer and stays in it: the new
// base is installed with what has changed since its own version over it.

// DefaultFoldRows is from how many changed rows on a layer is folded in. Every publish
// builds the layer anew: at this size that takes a tenth of a second or so.
const DefaultFoldRows = 20_000

// namesARow is how many names a row is taken to have. A country that changes brings
// a thousand: a layer weighs what its rows weigh or what its names do, whichever is
// more.
const namesARow = 5

// weight is how many rows the layer is worth. The caller holds refreshing.
func (m *Mirror) weight() int {
	_, _, names := m.index.Base()
	return max(m.delta.rows(), names/namesARow)
}

// foldAt is from how many rows on the layer over the current base is folded in: a small
// table is built so quickly that its layer may stay small too.
func (m *Mirror) foldAt() int { return min(m.foldRows, max(leastLayer/2, m.base.index.Entities()/8)) }

// folding is the fold under way, if there is one.
type folding struct {
	wanted chan struct{}
	// patience is the weight below which a fold that has failed is not tried
	// again: a full disk stays full for a while.
	patience atomic.Int64

	mu   sync.Mutex
	stop context.CancelFunc
}

func (f *folding) want() {
	select {
	case f.wanted <- struct{}{}:
	default:
	}
}

func (f *folding) begin(stop context.CancelFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stop = stop
}

// cancel ends the fold under way: another base is being built.
func (f *folding) cancel() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stop != nil {
		f.stop()
	}
}

func (m *Mirror) foldWhenWanted(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.folding.wanted:
		}
		one, stop := context.WithCancel(ctx)
		m.folding.begin(stop)
		if err := m.fold(one); err != nil && one.Err() == nil {
			m.log.Warn("the layer could not be folded in and stays", "error", err)
			m.folding.patience.Store(2 * m.layerWeight())
		}
		stop()
	}
}

// Fold folds the layer in when it has grown large enough, and waits for that.
func (m *Mirror) Fold(ctx context.Context) error {
	m.refreshing.Lock()
	large := m.weight() > m.foldAt()
	m.refreshing.Unlock()
	if !large {
		return nil
	}
	return m.fold(ctx)
}

func (m *Mirror) layerWeight() int64 {
	m.refreshing.Lock()
	defer m.refreshing.Unlock()
	return int64(m.weight())
}

// foldIfLarge asks for a fold when the layer has grown. The caller holds refreshing.
func (m *Mirror) foldIfLarge() {
	if weight := m.weight(); weight > m.foldAt() && int64(weight) >= m.folding.patience.Load() {
		m.folding.want()
	}
}

// fold builds a new base and puts it under what has changed since.
func (m *Mirror) fold(ctx context.Context) error {
	began := time.Now()
	var b *base
	var overrides []fact.Override
	var err error
	if m.dir == "" {
		b, overrides, err = m.buildInMemory(ctx)
	} else {
		b, overrides, err = m.buildInFiles(ctx, max(1, runtime.GOMAXPROCS(0)-1))
	}
	if err != nil {
		return err
	}
	m.prepared(resolver.NewTable(b.index, uint64(b.version), time.Time{}, nil))
	m.refreshing.Lock()
	defer m.refreshing.Unlock()
	if ctx.Err() != nil || b.version <= m.base.version {
		return b.close()
	}
	d := m.delta.since(b.version)
	if m.delta.version > b.version {
		overrides = m.overrides
	}
	x, err := d.over(b.index)
	if err == nil {
		err = m.install(ctx, x, d.version, overrides)
	}
	if err != nil {
		return errors.Join(err, b.close())
	}
	rows := m.delta.rows()
	m.setBase(b, d)
	m.folding.patience.Store(0)
	m.foldIfLarge()
	m.log.Info("layer folded in", "version", b.version, "rows", rows, "left", d.rows(), "bytes", len(b.index.Bytes()), "took", time.Since(began).Round(time.Millisecond))
	return nil
}

func (b *base) close() error {
	if b.mapped == nil {
		return nil
	}
	return b.mapped.Close()
}
