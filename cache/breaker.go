package cache

import (
	"sync"
	"time"
)

// BreakerOptions say when Redis is left alone.
type BreakerOptions struct {
	// Failures in a row that open the breaker; 0 is 5.
	Failures int
	// Probe is how long after it opened the first probe is sent; 0 is 250 ms.
	// Each failed probe doubles the wait, up to ProbeMax; 0 is 1 s: a probe costs
	// little, and after a failover the first only learns where the keys went.
	Probe, ProbeMax time.Duration
}

// breaker opens after failures in a row. While it is open nobody asks; one
// probe at a time, sent by the cache and by no caller, finds out whether Redis
// is back.
type breaker struct {
	options BreakerOptions
	probe   func() error
	stop    chan struct{}
	probing sync.WaitGroup

	mu       sync.Mutex
	failures int
	open     bool
	closed   bool // for good
}

func newBreaker(o BreakerOptions, probe func() error) *breaker {
	if o.Failures <= 0 {
		o.Failures = 5
	}
	if o.Probe <= 0 {
		o.Probe = 250 * time.Millisecond
	}
	if o.ProbeMax <= 0 {
		o.ProbeMax = time.Second
	}
	return &breaker{options: o, probe: probe, stop: make(chan struct{})}
}

func (b *breaker) isOpen() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.open
}

// said records how a request to Redis went.
func (b *breaker) said(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		b.failures = 0
		return
	}
	b.failures++
	if b.failures < b.options.Failures || b.open || b.closed {
		return
	}
	b.open = true
	b.probing.Go(b.probeUntilWell)
}

// probeUntilWell closes the breaker after the first probe that succeeds.
func (b *breaker) probeUntilWell() {
	wait := b.options.Probe
	for {
		select {
		case <-b.stop:
			return
		case <-time.After(jittered(wait)):
		}
		if b.probe() == nil {
			b.mu.Lock()
			b.open, b.failures = false, 0
			b.mu.Unlock()
			return
		}
		wait = min(2*wait, b.options.ProbeMax)
	}
}

func (b *breaker) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	close(b.stop)
	b.probing.Wait()
}
