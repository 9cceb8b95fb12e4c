package server_test

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"onoma/internal/reliability"
	"onoma/internal/server"

	onomav1 "onoma/proto/onoma/v1"
)

// Nobody takes the server from the others, whatever they send: each flood ends
// with its connection or goes nowhere, those who ask as they should are answered
// all the while, and when it is over nothing of it is left.
func TestFloods(t *testing.T) {
	const method = onomav1.ResolverService_Resolve_FullMethodName
	for _, flood := range []struct {
		name   string
		attack func(t *testing.T, a *reliability.Attacker)
	}{
		{"pings end the connection", func(t *testing.T, a *reliability.Attacker) {
			a.Listen()
			_ = a.Pings(10_000) // the server hangs up in the middle
			if why, ok := a.Ended(20 * time.Second); !ok || !strings.Contains(why, "ENHANCE_YOUR_CALM") {
				t.Errorf("ended %t: %s", ok, why)
			}
		}},
		{"settings whose acknowledgements nobody reads", func(t *testing.T, a *reliability.Attacker) {
			done := make(chan error, 1)
			go func() { done <- a.SettingsFrames(1_000_000) }()
			select {
			case err := <-done:
				if err == nil {
					t.Error("a million settings were taken in")
				}
			case <-time.After(time.Second): // the server reads no more: it is held up itself
			}
		}},
		{"pings whose answers nobody reads", func(t *testing.T, a *reliability.Attacker) {
			go func() { _ = a.Pings(1_000_000) }()
			<-time.After(500 * time.Millisecond)
		}},
		{"headers that never end", func(t *testing.T, a *reliability.Attacker) {
			a.Listen()
			if sent := a.Endless(method, 256<<20); sent >= 256<<20 {
				t.Errorf("%d bytes of one call's headers were taken in", sent)
			}
		}},
		{"calls with headers over the limit", func(t *testing.T, a *reliability.Attacker) {
			a.Listen()
			for range 500 {
				if a.Open(method, 200<<10) != nil {
					return
				}
			}
		}},
		{"calls that are begun and go no further", func(t *testing.T, a *reliability.Attacker) {
			a.Listen()
			for range 20_000 {
				if a.Open(method, 0) != nil {
					return
				}
			}
		}},
		{"calls that are begun and taken back at once", func(t *testing.T, a *reliability.Attacker) {
			a.Listen()
			for range 50_000 {
				if a.Open(method, 0) != nil || a.Reset() != nil {
					return
				}
			}
		}},
	} {
		t.Run(flood.name, func(t *testing.T) {
			_, conn := start(t, server.Options{})
			client := onomav1.NewResolverServiceClient(conn)
			ask := func() error {
				_, err := client.Resolve(t.Context(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Mosca"}})
				return err
			}
			if err := ask(); err != nil {
				t.Fatal(err)
			}
			heap, goroutines := inUse(), runtime.NumGoroutine()
			a, err := reliability.Attack(conn.Target())
			if err != nil {
				t.Fatal(err)
			}
			over := make(chan struct{})
			go func() {
				defer close(over)
				flood.attack(t, a)
			}()
			answered := 0
			for done := false; !done; answered++ {
				if err := ask(); err != nil {
					t.Errorf("beside the flood: %v", err)
				}
				select {
				case <-over:
					done = true
				default:
				}
			}
			if grown := inUse() - heap; grown > 64<<20 {
				t.Errorf("the heap has grown by %d MB", grown>>20)
			}
			_ = a.Close()
			for deadline := time.Now().Add(20 * time.Second); runtime.NumGoroutine() > goroutines+10; runtime.Gosched() {
				if time.Now().After(deadline) {
					t.Errorf("%d goroutines before, %d after", goroutines, runtime.NumGoroutine())
					break
				}
			}
			t.Logf("%d calls were answered beside it", answered)
		})
	}
}

// inUse is the heap that is in use.
func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A call with too much metadata is refused, and the connection goes on.
func TestHeadersOverTheLimit(t *testing.T) {
	limits := server.DefaultLimits()
	_, conn := start(t, server.Options{})
	client := onomav1.NewResolverServiceClient(conn)
	request := &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Mosca"}}
	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-much", strings.Repeat("~", int(limits.MaxHeaderBytes)+1))
	if _, err := client.Resolve(ctx, request); err == nil {
		t.Errorf("%d bytes of metadata were taken in", limits.MaxHeaderBytes)
	}
	if _, err := client.Resolve(t.Context(), request); err != nil {
		t.Errorf("the next call: %v", err)
	}
}

// One connection has so many calls under way and no more.
func TestStreamsOfOneConnection(t *testing.T) {
	limits := server.DefaultLimits()
	limits.MaxStreams = 5
	_, conn := start(t, server.Options{Limits: &limits})
	client := onomav1.NewResolverServiceClient(conn)
	open := func(ctx context.Context) (grpc.BidiStreamingClient[onomav1.StreamResolveRequest, onomav1.StreamResolveResponse], error) {
		stream, err := client.StreamResolve(ctx)
		if err != nil {
			return nil, err
		}
		if err := stream.Send(&onomav1.StreamResolveRequest{Queries: []*onomav1.Query{{Name: "Mosca"}}}); err != nil {
			return nil, err
		}
		_, err = stream.Recv()
		return stream, err
	}
	for i := range limits.MaxStreams {
		if _, err := open(t.Context()); err != nil {
			t.Fatalf("stream %d: %v", i, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := open(ctx); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("one more than %d: %v", limits.MaxStreams, err)
	}
}
