package server

import (
	"context"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/tap"

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
// the time since they came: a short burst is carried, but once half the calls of
// an interval waited longer than the target, nobody may wait longer than that, so
// that those who are served are served in time. (Controlled delay: Nichols and
// Jacobson, 2012, in the simplification of Maurer, "Fail at Scale", ACM Queue
// 2015. They look at the least wait of an interval; the scheduler takes the
// youngest first, so that some wait is always short.)
//
// The time counts from the arrival of a call's header and not from its handler:
// where all work is computing the queue that grows is the scheduler's, and no
// turn here is ever taken for long.
//
// A shed call costs the transport nearly what an exact answer costs it. What
// admission protects is memory, and the time of cheap calls beside dear ones.
type admission struct {
	slots   chan struct{}
	options AdmissionOptions
	metrics *telemetry.Metrics
	waiting atomic.Int64
	// Of this interval: its start in nanoseconds since epoch, the calls that got
	// their turn or were shed, and those that waited longer than the target.
	start, calls, late atomic.Int64
	standing           atomic.Bool // half of those of the last one did
}

// arrival is the context key of when a call's header came.
type arrival struct{}

// arrived marks a call's arrival, in the goroutine that reads the connection.
func arrived(ctx context.Context, _ *tap.Info) (context.Context, error) {
	return context.WithValue(ctx, arrival{}, time.Since(epoch)), nil
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

// enter waits for a turn. Who got one must leave. Before dear work it lets those
// who have just come go first, as far as the queue: without that they would wait
// unseen, as goroutines that are ready to run, and behind them the one that reads
// the connection.
func (a *admission) enter(ctx context.Context, now time.Duration, dear bool) error {
	came, ok := ctx.Value(arrival{}).(time.Duration)
	if !ok {
		came = now
	}
	waited := now - came
	standing := a.observe(now, waited)
	// A call that a stall of the machine held up, and no queue, is not shed for it.
	patience := a.options.Interval
	if standing {
		patience = a.options.Target - waited
	}
	if patience <= 0 {
		a.metrics.Shed(telemetry.ShedWaited)
		return &overloadError{retry: a.options.Interval}
	}
	select {
	case a.slots <- struct{}{}:
		if len(a.slots) > 1 && (dear || standing) {
			runtime.Gosched()
		}
		return nil
	default:
	}
	defer a.waiting.Add(-1)
	if a.waiting.Add(1) > int64(a.options.Queue) {
		a.metrics.Shed(telemetry.ShedQueueFull)
		return &overloadError{retry: a.options.Interval}
	}
	defer a.metrics.Waiting()()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case a.slots <- struct{}{}:
		if waited <= a.options.Target && time.Since(epoch)-came > a.options.Target {
			a.late.Add(1)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		if waited <= a.options.Target {
			a.late.Add(1)
		}
		a.metrics.Shed(telemetry.ShedWaited)
		return &overloadError{retry: a.options.Interval}
	}
}

// observe counts a call and reports whether the queue stands.
func (a *admission) observe(now, waited time.Duration) bool {
	start := a.start.Load()
	if age := now - time.Duration(start); age > a.options.Interval && a.start.CompareAndSwap(start, int64(now)) {
		calls, late := a.calls.Swap(0), a.late.Swap(0)
		// A queue that stands has to fall well below that to stand no more: else
		// every other interval would let all in.
		share := int64(2)
		if a.standing.Load() {
			share = 10
		}
		a.standing.Store(late > 1 && share*late >= calls && age < 10*a.options.Interval)
	}
	a.calls.Add(1)
	if waited > a.options.Target {
		a.late.Add(1)
	}
	return a.standing.Load()
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

// dear reports whether a request asks for more than one name by itself.
func dear(request any) bool {
	switch r := request.(type) {
	case *onomav1.ResolveRequest:
		return r.GetQuery().GetContext().GetText() != ""
	case *onomav1.GetEntityRequest, *onomav1.SearchEntitiesRequest, *onomav1.ExplainRequest:
		return false
	}
	return true
}

// working reports whether calls of the method work on the table. Writes are
// taken one after the other by the authority, and those who ask for health must
// be heard in any crowd.
func working(method string) bool {
	return strings.HasPrefix(method, "/"+onomav1.ResolverService_ServiceDesc.ServiceName+"/") ||
		method == onomav1.AliasService_ListEntities_FullMethodName
}
