package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"slices"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"onoma/client"

	onomav1 "onoma/proto/onoma/v1"
)

// service fails as often as it is told, and keeps what it was sent.
type service struct {
	onomav1.UnimplementedResolverServiceServer
	onomav1.UnimplementedAliasServiceServer
	failures atomic.Int32
	calls    atomic.Int32
	token    atomic.Value
	loads    [][]*onomav1.LoadEntitiesRequest
	breakAt  int // message of the first load at which the stream breaks; 0 never
}

func (s *service) Resolve(ctx context.Context, _ *onomav1.ResolveRequest) (*onomav1.ResolveResponse, error) {
	s.calls.Add(1)
	if tokens := metadata.ValueFromIncomingContext(ctx, "authorization"); len(tokens) > 0 {
		s.token.Store(tokens[0])
	}
	if s.failures.Add(-1) >= 0 {
		return nil, status.Error(codes.Unavailable, "not now")
	}
	return &onomav1.ResolveResponse{}, nil
}

func (s *service) Rollback(context.Context, *onomav1.RollbackRequest) (*onomav1.RollbackResponse, error) {
	s.calls.Add(1)
	return nil, status.Error(codes.Unavailable, "not now")
}

func (s *service) LoadEntities(stream grpc.ClientStreamingServer[onomav1.LoadEntitiesRequest, onomav1.LoadEntitiesResponse]) error {
	header, err := stream.Recv()
	if err != nil {
		return err
	}
	s.loads = append(s.loads, []*onomav1.LoadEntitiesRequest{header})
	load := &s.loads[len(s.loads)-1]
	next := "0"
	if header.GetHeader().Resume {
		next = "1"
	}
	if err := stream.SendHeader(metadata.Pairs("onoma-next-sequence", next)); err != nil {
		return err
	}
	for {
		m, err := stream.Recv()
		if err != nil {
			return err
		}
		*load = append(*load, m)
		if len(s.loads) == 1 && len(*load) == s.breakAt {
			return status.Error(codes.Unavailable, "cut")
		}
		if m.GetCommit() != nil {
			return stream.SendAndClose(&onomav1.LoadEntitiesResponse{Result: &onomav1.WriteResult{TableVersion: 8, Published: true}})
		}
	}
}

func connect(t *testing.T, s *service, o client.Options) *client.Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer()
	onomav1.RegisterResolverServiceServer(g, s)
	onomav1.RegisterAliasServiceServer(g, s)
	h := health.NewServer()
	h.SetServingStatus(onomav1.ResolverService_ServiceDesc.ServiceName, healthpb.HealthCheckResponse_SERVING)
	healthpb.RegisterHealthServer(g, h)
	served := make(chan error, 1)
	go func() { served <- g.Serve(l) }()
	c, err := client.New(l.Addr().String(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Close()
		g.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return c
}

// Every method of the service config exists; every unary read is in it, and no
// write is.
func TestServiceConfigNamesTheContract(t *testing.T) {
	var config struct {
		MethodConfig []struct {
			Name        []struct{ Service, Method string }
			Timeout     string
			RetryPolicy json.RawMessage
		}
		HealthCheckConfig struct{ ServiceName string }
	}
	if err := json.Unmarshal([]byte(client.ServiceConfig), &config); err != nil {
		t.Fatal(err)
	}
	named := make(map[string]bool)
	for _, m := range config.MethodConfig {
		for _, n := range m.Name {
			named[n.Service+"/"+n.Method] = true
		}
	}
	writes := []string{"UpsertEntities", "DeleteEntities", "SetOverrides", "Rollback"}
	for _, d := range []grpc.ServiceDesc{onomav1.ResolverService_ServiceDesc, onomav1.AliasService_ServiceDesc} {
		for _, m := range d.Methods {
			full := d.ServiceName + "/" + m.MethodName
			if write := slices.Contains(writes, m.MethodName); named[full] == write {
				t.Errorf("%s: write %t, tried again %t", full, write, named[full])
			}
			delete(named, full)
		}
	}
	for full := range named {
		t.Errorf("%s is no unary method of the contract", full)
	}
	if config.HealthCheckConfig.ServiceName != onomav1.ResolverService_ServiceDesc.ServiceName {
		t.Errorf("health of %s is watched", config.HealthCheckConfig.ServiceName)
	}
}

func TestReadsAreTriedAgainAndWritesAreNot(t *testing.T) {
	s := &service{}
	c := connect(t, s, client.Options{Token: "secret"})
	s.failures.Store(3)
	if _, err := c.Resolver.Resolve(t.Context(), &onomav1.ResolveRequest{}); err != nil || s.calls.Load() != 4 {
		t.Errorf("a read that fails three times: %v after %d calls", err, s.calls.Load())
	}
	if s.token.Load() != "Bearer secret" {
		t.Errorf("token %v", s.token.Load())
	}
	s.calls.Store(0)
	if _, err := c.Alias.Rollback(t.Context(), &onomav1.RollbackRequest{}); status.Code(err) != codes.Unavailable || s.calls.Load() != 1 {
		t.Errorf("a write that fails: %v after %d calls", err, s.calls.Load())
	}
}

func rows(n int, fail error) func(func(*onomav1.Row, error) bool) {
	return func(yield func(*onomav1.Row, error) bool) {
		for i := range n {
			if !yield(&onomav1.Row{Line: int64(i + 1)}, nil) {
				return
			}
		}
		if fail != nil {
			yield(nil, fail)
		}
	}
}

func TestLoadCutsIntoChunksAndResumes(t *testing.T) {
	for _, breakAt := range []int{0, 3} {
		s := &service{breakAt: breakAt}
		c := connect(t, s, client.Options{})
		result, err := c.Load(t.Context(), &onomav1.LoadHeader{Source: "s", RequestId: "r"}, rows(5000, nil))
		if err != nil || result.TableVersion != 8 {
			t.Fatalf("break at %d: %v, %v", breakAt, result, err)
		}
		last := s.loads[len(s.loads)-1]
		first := int64(0)
		if breakAt > 0 {
			first = 1 // the server has the first chunk
			if len(s.loads) != 2 || !last[0].GetHeader().Resume {
				t.Fatalf("%d loads", len(s.loads))
			}
		}
		lines := 2000 * first
		for i, m := range last[1 : len(last)-1] {
			chunk := m.GetChunk()
			if chunk.GetSequence() != first+int64(i) {
				t.Errorf("chunk %d has sequence %d", i, chunk.GetSequence())
			}
			for _, r := range chunk.GetRows() {
				if lines++; r.Line != lines {
					t.Fatalf("row %d is line %d", lines, r.Line)
				}
			}
		}
		if n := last[len(last)-1].GetCommit().GetRowCount(); n != 5000 || lines != 5000 {
			t.Errorf("%d rows sent, %d committed", lines, n)
		}
	}
}

func TestLoadThatCannotBeReadPublishesNothing(t *testing.T) {
	s := &service{}
	c := connect(t, s, client.Options{})
	broken := errors.New("bad file")
	if _, err := c.Load(t.Context(), &onomav1.LoadHeader{Source: "s", RequestId: "r"}, rows(10, broken)); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	// Without a request ID nothing tells two loads apart: it is not tried again.
	s2 := &service{breakAt: 3}
	c = connect(t, s2, client.Options{})
	if _, err := c.Load(t.Context(), &onomav1.LoadHeader{Source: "s"}, rows(5000, nil)); status.Code(err) != codes.Unavailable || len(s2.loads) != 1 {
		t.Errorf("%v after %d loads", err, len(s2.loads))
	}
}
