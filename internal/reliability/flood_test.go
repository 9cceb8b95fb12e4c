//go:build drill

package reliability_test

import (
	"fmt"
	"testing"
	"time"

	"onoma/internal/reliability"

	onomav1 "onoma/proto/onoma/v1"
)

// TestIdleConnections holds a thousand connections and a client that never reads.
func TestIdleConnections(t *testing.T) {
	r := startReplica(t)
	c := connect(t, r)
	a := newAsked(t, c)
	before := r.residentMB()
	for range 1000 {
		a, err := reliability.Attack(r.address)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = a.Close() }()
	}
	// This one asks for much and reads nothing.
	stream, err := c.Resolver.StreamResolve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	greedy := make(chan struct{})
	go func() {
		defer close(greedy)
		m := new(onomav1.StreamResolveRequest)
		for range 1000 {
			m.Queries = append(m.Queries, &onomav1.Query{Name: "Mosca", View: onomav1.View_VIEW_FULL})
		}
		for stream.Send(m) == nil {
			continue
		}
	}()
	l := startLoad(c, a, 2, 2*time.Millisecond)
	<-time.After(2 * time.Second)
	l.end()
	after := r.residentMB()
	l.check(t)
	if after > before+300 {
		t.Errorf("memory grew from %d to %d MB", before, after)
	}
	result(t, "1,000 idle connections and a stream that never reads", "others are served; memory bounded",
		fmt.Sprintf("%d calls, p99 %s; memory %d to %d MB", l.calls.Load(), l.p99().Round(10*time.Microsecond), before, after))
	_ = c.Close()
	<-greedy
}
