package client

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/balancer"
	"google.golang.org/grpc/balancer/endpointsharding"
	"google.golang.org/grpc/balancer/roundrobin"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/status"
)

// spread is gRPC's round robin, which leaves out for a while the replicas that this
// client has found wanting: behind what it has seen, or silent. Clients in other
// languages do not know it and take the next policy of the service config.
type spread struct{}

// gRPC wants its policies registered before anything uses them.
var _ = func() bool { balancer.Register(spread{}); return true }()

func (spread) Name() string { return "onoma_spread" }

func (spread) Build(conn balancer.ClientConn, o balancer.BuildOptions) balancer.Balancer {
	return balancer.Get(roundrobin.Name).Build(&spreading{ClientConn: conn}, o)
}

// spreading puts its own picker before the replicas that round robin has found ready.
type spreading struct {
	balancer.ClientConn
	known *resolver.EndpointMap[*replica]
}

func (s *spreading) UpdateState(state balancer.State) {
	known := resolver.NewEndpointMap[*replica]()
	p := new(picker)
	for _, child := range endpointsharding.ChildStatesFromPicker(state.Picker) {
		if child.State.ConnectivityState != connectivity.Ready {
			continue // when it comes back it is another
		}
		r := new(replica)
		if s.known != nil {
			if had, ok := s.known.Get(child.Endpoint); ok {
				r = had
			}
		}
		known.Set(child.Endpoint, r)
		p.ready = append(p.ready, choice{r, child.State.Picker})
	}
	s.known = known
	if len(p.ready) > 0 {
		p.next.Store(rand.Uint32())
		state.Picker = p
	}
	s.ClientConn.UpdateState(state)
}

// replica is what is held against one of them.
type replica struct {
	shunned atomic.Int64 // until when, by sinceStart; 0 when it is trusted
}

func (r *replica) shun(d time.Duration) {
	if r != nil {
		r.shunned.Store(int64(sinceStart() + d))
	}
}

func (r *replica) trust() {
	if r != nil && r.shunned.Load() != 0 {
		r.shunned.Store(0)
	}
}

// tryAgain is how long another call waits until it, too, is given to a replica whose
// time is over but that has not answered since.
const tryAgain = 5 * time.Millisecond

// admits reports whether the replica may get a call: when its time is over, one does.
func (r *replica) admits() bool {
	until := r.shunned.Load()
	if until == 0 {
		return true
	}
	now := int64(sinceStart())
	return now >= until && r.shunned.CompareAndSwap(until, now+int64(tryAgain))
}

// call follows one call: which replica got it, and whether that was trusted. Its
// picker is not this package's when at stays nil.
type call struct {
	not     *replica // is not to get it
	at      atomic.Pointer[replica]
	trusted atomic.Bool
}

// errNoOther ends a second try; the caller never sees it.
var errNoOther = status.Error(codes.Aborted, "there is no other replica")

type callKey struct{}

func (c *call) in(ctx context.Context) context.Context { return context.WithValue(ctx, callKey{}, c) }

type choice struct {
	*replica
	picker balancer.Picker
}

type picker struct {
	ready []choice
	next  atomic.Uint32
}

func (p *picker) Pick(info balancer.PickInfo) (balancer.PickResult, error) {
	c, _ := info.Ctx.Value(callKey{}).(*call)
	if c == nil {
		c = new(call)
	}
	n := uint32(len(p.ready))
	if n == 1 && p.ready[0].replica == c.not {
		return balancer.PickResult{}, errNoOther
	}
	from := p.next.Add(1)
	if p.ready[from%n].replica == c.not {
		from++
	}
	chosen, trusted := p.ready[from%n], false
	for i := range n {
		if one := p.ready[(from+i)%n]; one.replica != c.not && one.admits() {
			chosen, trusted = one, true
			break
		}
	}
	c.at.Store(chosen.replica)
	c.trusted.Store(trusted)
	return chosen.picker.Pick(info)
}
