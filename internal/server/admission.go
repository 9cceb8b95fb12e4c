package server

import (
	"context"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"onoma/internal/telemetry"

	onomav1 "onoma/proto/onoma/v1"
)

// AdmissionOptions bound the work that is done at once. The zero options have
// defaults.
type AdmissionOptions struct {
	// Working calls at once; 0 is twice the processors: enough to keep them busy
	// while some calls wait for a cache.
	Working int
	// Queue is how many calls may wait; 0 is 1000.
	Queue int
	// Target is how long a call may wait when the queue has not been empty for
	// Interval, Interval otherwise; 0 is 5 ms and 100 ms.
	Target, Interval time.Duration
}

// admission lets so many calls work at once. The others queue, and are shed by
// the time they wait: a short burst is carried, but once the queue has stood for
// an interval calls wait no longer than the target, so that those who are served
// are served in time. (Controlled delay: Nichols and Jacobson, 2012, in the
// simplification of Maurer, "Fail at Scale", ACM Queue 2015.)
//
// A shed call costs the transport nearly what an exact answer costs it. What
// admission protects is memory, and the time of cheap calls beside dear ones.
type admission struct {
	slots     chan struct{}
	options   AdmissionOptions
	metrics   *telemetry.Metrics
	waiting   atomic.Int64
	lastEmpty atomic.Int64 // nanoseconds since epoch
}

func newAdmission(o AdmissionOptions, m *telemetry.Metrics) *admission {
	if o.Working <= 0 {
		o.Working = 2 * runtime.GOMAXPROCS(0)
	}
	if o.Queue <= 0 {
		o.Queue = 1000
	}
	if o.Target <= 0 {
		o.Target = 5 * time.Millisecond
	}
	if o.Interval <= 0 {
		o.Interval = 100 * time.Millisecond
	}
	return &admission{slots: make(chan struct{}, o.Working), options: o, metrics: m}
}

// enter waits for a turn. Who got one must leave.
func (a *admission) enter(ctx context.Context) error {
	select {
	case a.slots <- struct{}{}:
		return nil
	default:
	}
	now := int64(time.Since(epoch))
	before := a.waiting.Add(1) - 1
	defer a.waiting.Add(-1)
	if before == 0 {
		a.lastEmpty.Store(now)
	}
	if before >= int64(a.options.Queue) {
		a.metrics.Shed(telemetry.ShedQueueFull)
		return &overloadError{retry: a.options.Interval}
	}
	patience := a.options.Interval
	if now-a.lastEmpty.Load() > int64(a.options.Interval) {
		patience = a.options.Target
	}
	defer a.metrics.Waiting()()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case a.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		a.metrics.Shed(telemetry.ShedWaited)
		return &overloadError{retry: a.options.Interval}
	}
}

// enterPatiently waits as long as the caller does. It is for messages of a
// stream: they are held back by flow control, and need not be shed.
func (a *admission) enterPatiently(ctx context.Context) error {
	select {
	case a.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *admission) leave() { <-a.slots }

// working reports whether calls of the method work on the table. Writes are
// taken one after the other by the authority, and those who ask for health must
// be heard in any crowd.
func working(method string) bool {
	return strings.HasPrefix(method, "/"+onomav1.ResolverService_ServiceDesc.ServiceName+"/") ||
		method == onomav1.AliasService_ListEntities_FullMethodName
}
