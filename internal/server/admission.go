package server

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/tap"

	"onoma/internal/telemetry"

	onomav1 "onoma/proto/onoma/v1"
)

// AdmissionOptions bound the work that is done at once. The zero options have
// defaults.
type AdmissionOptions struct {
	// Working is how many large calls work at once, and twice as many small ones
	// beside them; 0 is the processors.
	Working int
	// Queue is how many calls of either kind may wait; 0 is 1000.
	Queue int
	// Target is how long a call may wait when many have waited longer for an
	// Interval, Interval otherwise; 0 is 5 ms and 50 ms. Where a call takes long they
	// are at least twice and eight times as long as it takes.
	Target, Interval time.Duration
	// Spare, when set, is told when large calls take all turns or calls are late, and
	// when neither was so for ten seconds. It is where one more thread may be
	// given to the runtime: while as many goroutines compute as it has threads, it
	// looks at its connections no more than a hundred times a second. (sysmon, in
	// runtime/proc.go.)
	Spare func(wanted bool)
}

// admission lets so many calls work at once, and sheds those who would wait too
// long, at once and not when they have waited.
//
// Small calls, those of a name or an entity, and large ones, batches and texts,
// have lanes of their own: a name never waits behind ten thousand of them.
//
// What admission protects is memory, and the time of those who are served. A shed
// call costs the transport nearly what an exact answer costs it.
type admission struct {
	small, large *lane
	spare        *spare // nil: nobody wants to know
}

func newAdmission(o AdmissionOptions, m *telemetry.Metrics) *admission {
	if o.Working <= 0 {
		o.Working = runtime.GOMAXPROCS(0)
	}
	if o.Queue <= 0 {
		o.Queue = 1000
	}
	if o.Target <= 0 {
		o.Target = 5 * time.Millisecond
	}
	if o.Interval <= 0 {
		o.Interval = 50 * time.Millisecond
	}
	a := &admission{small: newLane(2*o.Working, o, m), large: newLane(o.Working, o, m)}
	if o.Spare != nil {
		a.spare = &spare{tell: o.Spare}
	}
	a.small.spare, a.large.spare, a.large.fills = a.spare, a.spare, true
	return a
}

// enter waits for a turn. Who got one must leave it.
//
// The time counts from the arrival of a call's header and not from its handler: a
// crowd of small calls queues in the scheduler, and no turn of theirs is ever
// taken for long.
func (a *admission) enter(ctx context.Context, now time.Duration, request any) (turn, error) {
	came, ok := ctx.Value(arrival{}).(time.Duration)
	if !ok {
		came = now
	}
	a.spare.idle(now)
	return a.of(request).enter(ctx, came, now)
}

// enterPatiently waits as long as the caller does. It is for messages of a
// stream: they are held back by flow control, and need not be shed.
func (a *admission) enterPatiently(ctx context.Context, request any) (turn, error) {
	return a.of(request).enterPatiently(ctx)
}

// smallBatch is how many names without a text are no more than a small call.
const smallBatch = 4

// of returns the lane of a request.
func (a *admission) of(request any) *lane {
	switch r := request.(type) {
	case *onomav1.GetEntityRequest, *onomav1.SearchEntitiesRequest:
		return a.small
	case interface{ GetQuery() *onomav1.Query }: // Resolve, Explain
		if !inText(r.GetQuery()) {
			return a.small
		}
	case interface{ GetQueries() []*onomav1.Query }:
		if queries := r.GetQueries(); len(queries) <= smallBatch && !slices.ContainsFunc(queries, inText) {
			return a.small
		}
	}
	return a.large
}

// spare tells whether one more thread is wanted. The nil spare tells nobody.
type spare struct {
	tell   func(wanted bool)
	last   atomic.Int64 // when it last was, since epoch
	wanted atomic.Bool
	mu     sync.Mutex // held to tell
}

// spareFor is how long a thread is kept that was wanted once: to change their
// number stops the program for a moment.
const spareFor = 10 * time.Second

func (s *spare) want(now time.Duration) {
	if s != nil {
		s.last.Store(int64(now))
		s.set(true)
	}
}

// given reports whether the thread is there, or cannot be had.
func (s *spare) given() bool { return s == nil || s.wanted.Load() }

// idle looks whether it is long ago that it was wanted.
func (s *spare) idle(now time.Duration) {
	if s != nil && s.wanted.Load() && now-time.Duration(s.last.Load()) > spareFor {
		s.set(false)
	}
}

func (s *spare) set(wanted bool) {
	if s.wanted.Load() == wanted {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wanted.Swap(wanted) != wanted {
		s.tell(wanted)
	}
}

func inText(q *onomav1.Query) bool { return q.GetContext().GetText() != "" }

// arrival is the context key of when a call's header came.
type arrival struct{}

// arrived marks a call's arrival, in the goroutine that reads the connection.
func arrived(ctx context.Context, _ *tap.Info) (context.Context, error) {
	return context.WithValue(ctx, arrival{}, time.Since(epoch)), nil
}

// working reports whether calls of the method work on the table. Writes are
// taken one after the other by the authority, and those who ask for health must
// be heard in any crowd.
func working(method string) bool {
	return strings.HasPrefix(method, "/"+onomav1.ResolverService_ServiceDesc.ServiceName+"/") ||
		method == onomav1.AliasService_ListEntities_FullMethodName
}
