package server_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/prototext"

	"onoma/cache"
	"onoma/internal/server"
	"onoma/internal/telemetry"

	onomav1 "onoma/proto/onoma/v1"
)

// collector takes spans as an OpenTelemetry collector does.
type collector struct {
	collectorpb.UnimplementedTraceServiceServer
	mu    sync.Mutex
	spans []*tracepb.Span
	text  strings.Builder // all that came in
}

func (c *collector) Export(_ context.Context, request *collectorpb.ExportTraceServiceRequest) (*collectorpb.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text.WriteString(prototext.Format(request))
	for _, of := range request.ResourceSpans {
		for _, scope := range of.ScopeSpans {
			c.spans = append(c.spans, scope.Spans...)
		}
	}
	return new(collectorpb.ExportTraceServiceResponse), nil
}

// collect starts a collector and a tracer that sends to it. What was sent is all
// there after flush.
func collect(t testing.TB, share float64) (_ *collector, _ *telemetry.Tracer, flush func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c, s := new(collector), grpc.NewServer()
	collectorpb.RegisterTraceServiceServer(s, c)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	tracer, err := telemetry.NewTracer(t.Context(), telemetry.TracerOptions{
		Endpoint: "http://" + l.Addr().String(), Share: share, Version: "test", Failed: func(err error) { t.Error(err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	flush = sync.OnceFunc(func() {
		if err := tracer.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		flush()
		s.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return c, tracer, flush
}

func attributes(s *tracepb.Span) map[string]string {
	found := make(map[string]string)
	for _, a := range s.Attributes {
		found[a.Key] = a.Value.GetStringValue()
		if found[a.Key] == "" {
			found[a.Key] = fmt.Sprint(a.Value.GetIntValue())
		}
	}
	return found
}

// A trace that a caller began goes on in the server: the call, its turn and its
// answer. It tells how the call ended and nothing of what was asked.
func TestSpans(t *testing.T) {
	c, tracer, flush := collect(t, 0)
	metrics := telemetry.New("test")
	var log bytes.Buffer
	_, conn := start(t, server.Options{
		Tracer: tracer, Metrics: metrics, Cache: newCache(t, cache.Options{}), Resolver: seedResolver(t),
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	client := onomav1.NewResolverServiceClient(conn)
	ids := make(map[string]string) // of traces, by what was done
	traced := func(what string, flags string) context.Context {
		ids[what] = fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64()|1)
		return metadata.AppendToOutgoingContext(t.Context(), "traceparent", "00-"+ids[what]+"-00f067aa0ba902b7-"+flags)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := client.Resolve(traced("resolve", "01"), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Mosca"}})
	must(err)
	_, err = client.Resolve(traced("unsampled", "00"), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Mosca"}})
	must(err)
	_, err = client.Resolve(t.Context(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Mosca"}}) // share 0: not recorded
	must(err)
	if _, err = client.Resolve(traced("refused", "01"), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Mos\u202eca"}}); err == nil {
		t.Error("a name that turns the direction of writing is taken")
	}
	_, err = client.BatchResolve(traced("batch", "01"), &onomav1.BatchResolveRequest{Queries: []*onomav1.Query{{Name: "Mosca"}, {Name: "Parigi"}}})
	must(err)
	_, err = client.Annotate(traced("annotate", "01"), &onomav1.AnnotateRequest{Document: &onomav1.Document{Text: strings.Repeat("Mosca non risponde a Parigi. ", 50)}})
	must(err)
	stream, err := client.StreamResolve(traced("stream", "01"))
	must(err)
	must(stream.Send(&onomav1.StreamResolveRequest{Queries: []*onomav1.Query{{Name: "Mosca"}}}))
	_, err = stream.Recv()
	must(err)
	must(stream.CloseSend())
	_, _ = stream.Recv()
	// The end of a call reaches its caller before its span has ended.
	for _, method := range []string{"Resolve", "StreamResolve"} {
		waitFor(t, func() bool { return counted(metrics, method) })
	}
	flush()

	c.mu.Lock()
	defer c.mu.Unlock()
	got := make(map[string][]string)
	for _, s := range c.spans {
		for what, id := range ids {
			if fmt.Sprintf("%x", s.TraceId) != id {
				continue
			}
			line := s.Name
			if a := attributes(s); a["rpc.response.status_code"] != "" {
				line += " " + a["rpc.response.status_code"]
			} else if a["onoma.method"] != "" {
				line += " " + a["onoma.outcome"] + " " + a["onoma.method"]
			} else if a["onoma.queries"] != "" {
				line += " " + a["onoma.queries"]
			}
			got[what] = append(got[what], line)
		}
	}
	want := map[string][]string{
		"resolve":  {"admission", "onoma.v1.ResolverService/Resolve OK", "resolve resolved exact"},
		"refused":  {"admission", "onoma.v1.ResolverService/Resolve InvalidArgument"},
		"batch":    {"admission", "batch 2", "onoma.v1.ResolverService/BatchResolve OK"},
		"annotate": {"admission", "annotate", "cache", "onoma.v1.ResolverService/Annotate OK"},
		"stream":   {"batch 1", "onoma.v1.ResolverService/StreamResolve OK"},
	}
	for what := range ids {
		slices.Sort(got[what])
		if !slices.Equal(got[what], want[what]) {
			t.Errorf("%s: spans %q, want %q", what, got[what], want[what])
		}
	}
	if n := len(slices.Concat(slices.Collect(maps.Values(want))...)); len(c.spans) != n {
		t.Errorf("%d spans, want %d", len(c.spans), n)
	}
	for _, secret := range []string{"Mos", "Parigi", "risponde", "Moscow", "Q159", "Russia"} {
		if strings.Contains(c.text.String(), secret) {
			t.Errorf("%q is in the spans", secret)
		}
	}
	for _, known := range []string{`"service.name"`, `"onoma"`, `"service.version"`} {
		if !strings.Contains(c.text.String(), known) {
			t.Errorf("the spans do not say %s", known)
		}
	}
	// The trace is the example of the call's time, and stands beside the failure.
	page := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil)
	request.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	(&telemetry.Operations{Metrics: metrics}).Handler().ServeHTTP(page, request)
	for _, histogram := range []string{"onoma_rpc_duration_seconds_bucket", "onoma_answer_duration_seconds_bucket"} {
		found := false
		for line := range strings.Lines(page.Body.String()) {
			found = found || strings.HasPrefix(line, histogram) && (strings.Contains(line, ids["resolve"]) || strings.Contains(line, ids["refused"]))
		}
		if !found {
			t.Errorf("%s has no trace as its example", histogram)
		}
	}
	if !strings.Contains(log.String(), "trace_id="+ids["refused"]) {
		t.Errorf("the failed call is logged without its trace: %s", log.String())
	}
}

// counted reports whether a call of the method has ended.
func counted(m *telemetry.Metrics, method string) bool {
	families, _ := m.Registry().Gather()
	for _, f := range families {
		if f.GetName() != "onoma_rpc_in_flight" {
			continue
		}
		for _, s := range f.GetMetric() {
			for _, l := range s.GetLabel() {
				if l.GetValue() == method {
					return s.GetGauge().GetValue() == 0
				}
			}
		}
	}
	return false
}

func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); {
		if time.Now().After(deadline) {
			t.Fatal("still not so after 10 s")
		}
		<-time.After(time.Millisecond)
	}
}

// Of calls without a trace of their own a share is recorded.
func TestShareOfCallsIsTraced(t *testing.T) {
	c, tracer, flush := collect(t, .5)
	_, conn := start(t, server.Options{Tracer: tracer})
	client := onomav1.NewResolverServiceClient(conn)
	const calls = 400
	for range calls {
		if _, err := client.Resolve(t.Context(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Mosca"}}); err != nil {
			t.Fatal(err)
		}
	}
	flush()
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, s := range c.spans {
		if s.Kind == tracepb.Span_SPAN_KIND_SERVER {
			n++
		}
	}
	// Ten standard deviations either way.
	if n < calls/2-100 || n > calls/2+100 {
		t.Errorf("%d of %d calls are traced, want about half", n, calls)
	}
}

// A collector that does not answer holds up neither calls nor the end.
func TestCollectorGone(t *testing.T) {
	tracer, err := telemetry.NewTracer(t.Context(), telemetry.TracerOptions{Endpoint: "http://127.0.0.1:1", Share: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, conn := start(t, server.Options{Tracer: tracer})
	client := onomav1.NewResolverServiceClient(conn)
	for range 5000 { // more than are kept for a collector
		if _, err := client.Resolve(t.Context(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Mosca"}}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := tracer.Close(ctx); err == nil {
		t.Error("the tracer says that all was sent")
	}
}

func TestTracerOptions(t *testing.T) {
	for _, o := range []telemetry.TracerOptions{
		{Endpoint: "collector:4317"}, {Endpoint: "ftp://collector"}, {Endpoint: "http://"}, {Share: 1.5}, {Share: -1},
	} {
		if _, err := telemetry.NewTracer(t.Context(), o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}
