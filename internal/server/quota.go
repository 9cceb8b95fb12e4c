package server

import (
	"sync"
	"sync/atomic"
	"time"
)

// quota lets so many queries a second pass, and so many more at once. It is the
// generic cell rate algorithm (ITU-T I.371): the one number is the time at which
// all that was let through would have been earned. The nil quota has no bound.
type quota struct {
	each  time.Duration // that one query takes to earn
	burst time.Duration // that may be spent ahead
	spent atomic.Int64  // nanoseconds since epoch
}

// epoch is what quotas count from; only differences matter, and they are
// monotonic.
var epoch = time.Now()

func newQuota(perSecond, burst float64) *quota {
	each := time.Duration(float64(time.Second) / perSecond)
	each = max(each, 1)
	return &quota{each: each, burst: time.Duration(burst * float64(each))}
}

// take takes n queries, or says how long to wait before they can be had. What
// costs more than a whole burst passes when nothing else was spent, and is paid
// for afterwards: a batch is never refused for ever.
func (q *quota) take(n int) (wait time.Duration) {
	if q == nil {
		return 0
	}
	now := int64(time.Since(epoch))
	for {
		spent := q.spent.Load()
		next := max(spent, now) + int64(n)*int64(q.each)
		if ahead := time.Duration(next - now); ahead > q.burst && spent > now {
			return min(ahead-q.burst, time.Duration(spent-now))
		}
		if q.spent.CompareAndSwap(spent, next) {
			return 0
		}
	}
}

// maxPeers bounds the addresses whose use is remembered.
const maxPeers = 10_000

// peers are the quotas of callers who have no name, by their address.
type peers struct {
	rate, burst float64
	mu          sync.Mutex
	quotas      map[string]*quota
}

// of returns the quota of an address. When too many are known all are
// forgotten: callers get a fresh start, memory stays bounded.
func (p *peers) of(address string) *quota {
	if p.rate <= 0 {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.quotas[address]
	if q == nil {
		if p.quotas == nil || len(p.quotas) >= maxPeers {
			p.quotas = make(map[string]*quota)
		}
		q = newQuota(p.rate, p.burst)
		p.quotas[address] = q
	}
	return q
}
