package client_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"

	"onoma/client"

	onomav1 "onoma/proto/onoma/v1"
)

// versioned answers from a table of a version that the test moves, unless it is silent.
type versioned struct {
	onomav1.UnimplementedResolverServiceServer
	onomav1.UnimplementedAliasServiceServer
	version atomic.Int64
	silent  atomic.Bool
	calls   atomic.Int64
}

func (v *versioned) Resolve(ctx context.Context, request *onomav1.ResolveRequest) (*onomav1.ResolveResponse, error) {
	v.calls.Add(1)
	if v.silent.Load() {
		<-ctx.Done()
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	have := v.version.Load()
	if have < request.GetQuery().GetMinTableVersion() {
		s, err := status.New(codes.FailedPrecondition, "behind").WithDetails(&errdetails.ErrorInfo{Domain: "onoma", Reason: "TABLE_VERSION_NOT_REACHED"})
		if err != nil {
			return nil, err
		}
		return nil, s.Err()
	}
	return &onomav1.ResolveResponse{TableVersion: have}, nil
}

func (v *versioned) UpsertEntities(context.Context, *onomav1.UpsertEntitiesRequest) (*onomav1.UpsertEntitiesResponse, error) {
	return &onomav1.UpsertEntitiesResponse{Result: &onomav1.WriteResult{TableVersion: v.version.Add(1)}}, nil
}

// replicas serves several, which one client is connected to.
func replicas(t *testing.T, patience time.Duration, versions ...int64) (*client.Client, []*versioned) {
	t.Helper()
	return replicasOf(t, client.Options{Patience: patience}, versions...)
}

func replicasOf(t *testing.T, o client.Options, versions ...int64) (*client.Client, []*versioned) {
	t.Helper()
	var all []*versioned
	var state resolver.State
	for _, version := range versions {
		v := new(versioned)
		v.version.Store(version)
		all = append(all, v)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		g := grpc.NewServer()
		onomav1.RegisterResolverServiceServer(g, v)
		onomav1.RegisterAliasServiceServer(g, v)
		served := make(chan error, 1)
		go func() { served <- g.Serve(l) }()
		t.Cleanup(func() {
			g.Stop()
			if err := <-served; err != nil {
				t.Error(err)
			}
		})
		state.Endpoints = append(state.Endpoints, resolver.Endpoint{Addresses: []resolver.Address{{Addr: l.Addr().String()}}})
	}
	names := manual.NewBuilderWithScheme("test")
	names.InitialState(state)
	o.Dial = append(o.Dial, grpc.WithResolvers(names))
	c, err := client.New("test:///", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, all
}

func TestAnswersNeverGoBack(t *testing.T) {
	c, all := replicas(t, time.Minute, 7, 7, 7)
	ask := func(least int64) int64 {
		t.Helper()
		answer, err := c.Resolver.Resolve(t.Context(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Mosca", MinTableVersion: least}})
		if err != nil {
			t.Fatal(err)
		}
		return answer.TableVersion
	}
	seen := int64(0)
	for round := range int64(50) {
		all[round%3].version.Store(8 + round) // one of three is ahead of the others
		for range 6 {
			version := ask(0)
			if version < seen {
				t.Fatalf("version %d after %d", version, seen)
			}
			seen = version
		}
	}
	if seen < 50 {
		t.Errorf("the client has seen no more than version %d", seen)
	}
	// What was written is read, though only one replica has it yet.
	wrote, err := c.Alias.UpsertEntities(t.Context(), &onomav1.UpsertEntitiesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for range 6 {
		if version := ask(0); version < wrote.Result.TableVersion {
			t.Errorf("version %d after the write of %d", version, wrote.Result.TableVersion)
		}
	}
	all[2].version.Store(100)
	for range 6 {
		if version := ask(100); version < 100 {
			t.Errorf("version %d, at least 100 was asked for", version)
		}
	}
}

// A version that no replica has any more is given up, and one that none has yet is
// an error, when the patience is over.
func TestPatienceEnds(t *testing.T) {
	c, all := replicas(t, 50*time.Millisecond, 8, 8)
	ask := func(least int64) (int64, error) {
		answer, err := c.Resolver.Resolve(t.Context(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Mosca", MinTableVersion: least}})
		return answer.GetTableVersion(), err
	}
	if version, err := ask(0); err != nil || version != 8 {
		t.Fatalf("version %d, %v", version, err)
	}
	for _, v := range all {
		v.version.Store(5)
	}
	for range 4 {
		if version, err := ask(0); err != nil || version != 5 {
			t.Errorf("version %d, %v, want the 5 that there is", version, err)
		}
	}
	if _, err := ask(9); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("version 9: %v", err)
	}
}

func TestWithoutPatienceAnyAnswerIsTaken(t *testing.T) {
	c, _ := replicas(t, -1, 5, 8)
	seen := make(map[int64]bool)
	for n := 0; n < 100_000 && len(seen) < 2; n++ { // until both have connected
		answer, err := c.Resolver.Resolve(t.Context(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Mosca"}})
		if err != nil {
			t.Fatal(err)
		}
		seen[answer.TableVersion] = true
	}
	if len(seen) < 2 {
		t.Errorf("answers only of version %v", seen)
	}
}
