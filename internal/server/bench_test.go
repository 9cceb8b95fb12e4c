package server_test

import (
	"context"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"onoma/cache"
	"onoma/internal/server"
	"onoma/internal/telemetry"
	"onoma/resolver"

	onomav1 "onoma/proto/onoma/v1"
)

// emptyService is the yardstick: a unary call that carries and does nothing,
// over the same transport, limits and interceptors as ours.
var emptyService = grpc.ServiceDesc{
	ServiceName: "test.Empty", HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{{MethodName: "Call", Handler: func(_ any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
		request := new(emptypb.Empty)
		if err := decode(request); err != nil {
			return nil, err
		}
		return intercept(ctx, request, &grpc.UnaryServerInfo{FullMethod: "/test.Empty/Call"}, func(context.Context, any) (any, error) { return request, nil })
	}}},
}

// BenchmarkUnaryAgainstEmpty measures Resolve of an exact name and an empty
// call in turns of a second's fraction, so that both meet the same machine, and
// reports throughput and 99th percentile as ratios. The server is as onoma serve
// starts it, with the built-in table, metrics and cache. The client is in the same
// process, and what it costs to read an answer counts against Resolve.
func BenchmarkUnaryAgainstEmpty(b *testing.B) {
	_, conn := start(b, server.Options{
		Resolver: seedResolver(b), Metrics: telemetry.New("test"), Cache: newCache(b, cache.Options{}),
		Register: func(s grpc.ServiceRegistrar) { s.RegisterService(&emptyService, nil) },
	})
	client := onomav1.NewResolverServiceClient(conn)
	request := &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Mosca"}}
	calls := [2]func(context.Context) error{
		func(ctx context.Context) error {
			return conn.Invoke(ctx, "/test.Empty/Call", &emptypb.Empty{}, &emptypb.Empty{})
		},
		func(ctx context.Context) error {
			_, err := client.Resolve(ctx, request)
			return err
		},
	}
	for _, callers := range []int{1, 64} {
		b.Run(map[int]string{1: "serial", 64: "callers=64"}[callers], func(b *testing.B) {
			var spent [2]time.Duration
			var latencies [2][]time.Duration
			var work []float64
			n := 0
			for b.Loop() {
				var worked [2]time.Duration
				for side := range calls {
					begin, busy := time.Now(), processorTime(b)
					latencies[side] = append(latencies[side], burst(b, callers, 2000/callers, calls[side])...)
					spent[side] += time.Since(begin)
					worked[side] = processorTime(b) - busy
				}
				work = append(work, float64(worked[0])/float64(worked[1]))
				n += 2000 / callers * callers
			}
			b.ReportMetric(float64(spent[1].Nanoseconds())/float64(n), "ns/call")
			b.ReportMetric(float64(spent[0])/float64(spent[1]), "throughput/empty")
			slices.Sort(work)
			b.ReportMetric(work[len(work)/2], "processor:empty/this")
			b.ReportMetric(float64(percentile(latencies[1], .99))/float64(percentile(latencies[0], .99)), "p99/empty")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// processorTime is what the process has used of the processors, client and
// server together: where others share the machine it says more than the clock.
func processorTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// burst makes calls from several callers and returns how long each took.
func burst(b *testing.B, callers, each int, call func(context.Context) error) []time.Duration {
	took := make([]time.Duration, callers*each)
	var wait sync.WaitGroup
	for c := range callers {
		wait.Go(func() {
			for i := range each {
				begin := time.Now()
				if err := call(context.Background()); err != nil {
					b.Error(err)
					return
				}
				took[c*each+i] = time.Since(begin)
			}
		})
	}
	wait.Wait()
	return took
}

func percentile(took []time.Duration, share float64) time.Duration {
	slices.Sort(took)
	return took[int(share*float64(len(took)-1))]
}

// BenchmarkBatch measures how the cost of a call spreads over a batch.
func BenchmarkBatch(b *testing.B) {
	_, conn := start(b, server.Options{})
	client := onomav1.NewResolverServiceClient(conn)
	request := &onomav1.BatchResolveRequest{}
	for range 1000 {
		request.Queries = append(request.Queries, &onomav1.Query{Name: "Mosca"})
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := client.BatchResolve(context.Background(), request); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/query")
}

// BenchmarkGuarded measures what counting, admission and the check of callers
// take from an exact answer: a bare server and a full one in turns.
func BenchmarkGuarded(b *testing.B) { inTurns(b, server.Options{}, guardedOptions(b)) }

// BenchmarkTraced measures what tracing takes from an exact answer, with the share
// of calls that is traced by default.
func BenchmarkTraced(b *testing.B) {
	_, tracer, _ := collect(b, .001)
	inTurns(b, server.Options{Metrics: telemetry.New("test")}, server.Options{Metrics: telemetry.New("test"), Tracer: tracer})
}

// inTurns reports the time and the processor time that a server with the options
// takes, as a ratio to that of a bare one.
func inTurns(b *testing.B, bare, full server.Options) {
	request := &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Mosca"}}
	var calls [2]func(context.Context) error
	for side, options := range []server.Options{bare, full} {
		_, conn := start(b, options)
		client := onomav1.NewResolverServiceClient(conn)
		calls[side] = func(ctx context.Context) error {
			_, err := client.Resolve(ctx, request)
			return err
		}
	}
	for _, callers := range []int{1, 64} {
		b.Run(map[int]string{1: "serial", 64: "callers=64"}[callers], func(b *testing.B) {
			var times, work []float64
			for b.Loop() {
				var spent, worked [2]time.Duration
				for side := range calls {
					begin, busy := time.Now(), processorTime(b)
					burst(b, callers, 2000/callers, calls[side])
					spent[side], worked[side] = time.Since(begin), processorTime(b)-busy
				}
				times = append(times, float64(spent[1])/float64(spent[0]))
				work = append(work, float64(worked[1])/float64(worked[0]))
			}
			// The median: a burst that meets another's work says nothing.
			slices.Sort(times)
			slices.Sort(work)
			b.ReportMetric(times[len(times)/2], "time/bare")
			b.ReportMetric(work[len(work)/2], "processor/bare")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// guardedOptions are those of a server with everything on.
func guardedOptions(b *testing.B) server.Options {
	return server.Options{
		Resolver: resolver.New(testTable(b)), Metrics: telemetry.New("test"),
		Access: newAccess(b, server.AccessOptions{Anonymous: server.Reader}),
	}
}
