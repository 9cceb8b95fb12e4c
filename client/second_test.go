package client_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"onoma/client"

	onomav1 "onoma/proto/onoma/v1"
)

// A replica that says nothing fails no read and soon gets few; when it answers again,
// it gets its share.
func TestSilentReplicaIsLeftOut(t *testing.T) {
	c, all := replicas(t, 0, 8, 8, 8)
	ask := func() {
		t.Helper()
		answer, err := c.Resolver.Resolve(t.Context(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Mosca"}})
		if err != nil || answer.TableVersion != 8 {
			t.Fatalf("%v, %v", answer, err)
		}
	}
	share := func(v *versioned) float64 {
		const calls = 300
		before := v.calls.Load()
		for range calls {
			ask()
		}
		return float64(v.calls.Load()-before) / calls
	}
	for deadline := time.Now().Add(10 * time.Second); share(all[1]) < 0.25; { // until all have connected
		if time.Now().After(deadline) {
			t.Fatal("one replica gets no calls")
		}
	}
	all[1].silent.Store(true)
	var together sync.WaitGroup
	for range 50 {
		together.Go(ask)
	}
	together.Wait()
	if s := share(all[1]); s > 0.1 {
		t.Errorf("a silent replica gets %.2f of the calls", s)
	}
	all[1].silent.Store(false)
	for deadline := time.Now().Add(10 * time.Second); share(all[1]) < 0.25; {
		if time.Now().After(deadline) {
			t.Fatal("a replica that answers again gets no calls")
		}
	}
}

// When everyone is silent the tries come to little: a hundred at once, and one call
// in ten.
func TestSecondTriesAreBounded(t *testing.T) {
	c, all := replicasOf(t, client.Options{SecondAfter: time.Millisecond}, 8, 8)
	for _, v := range all {
		v.silent.Store(true)
	}
	const calls = 400
	var together sync.WaitGroup
	for range calls {
		together.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			_, err := c.Resolver.Resolve(ctx, &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Mosca"}})
			if status.Code(err) != codes.DeadlineExceeded {
				t.Errorf("nobody answers: %v", err)
			}
		})
	}
	together.Wait()
	if n := all[0].calls.Load() + all[1].calls.Load(); n > calls+100+calls/10 {
		t.Errorf("%d tries of %d calls", n, calls)
	}
}

// Nobody else is there to be asked, or the caller wants no second try.
func TestNoSecondTry(t *testing.T) {
	for _, of := range []struct {
		what     string
		after    time.Duration
		versions []int64
	}{{"alone", time.Millisecond, []int64{8}}, {"not wanted", -1, []int64{8, 8}}} {
		c, all := replicasOf(t, client.Options{SecondAfter: of.after}, of.versions...)
		for _, v := range all {
			v.silent.Store(true)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		_, err := c.Resolver.Resolve(ctx, &onomav1.ResolveRequest{})
		cancel()
		calls := int64(0)
		for _, v := range all {
			calls += v.calls.Load()
		}
		if status.Code(err) != codes.DeadlineExceeded || calls > 1 {
			t.Errorf("%s: %v after %d tries", of.what, err, calls)
		}
	}
}
