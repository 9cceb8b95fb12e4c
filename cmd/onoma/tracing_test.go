package main

import (
	"context"
	"net"
	"strings"
	"testing"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
)

// spanNames takes the names of spans, as a collector does.
type spanNames struct {
	collectorpb.UnimplementedTraceServiceServer
	names chan string
}

func (c *spanNames) Export(_ context.Context, request *collectorpb.ExportTraceServiceRequest) (*collectorpb.ExportTraceServiceResponse, error) {
	for _, of := range request.ResourceSpans {
		for _, scope := range of.ScopeSpans {
			for _, s := range scope.Spans {
				c.names <- s.Name
			}
		}
	}
	return new(collectorpb.ExportTraceServiceResponse), nil
}

func TestServeSendsTraces(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c, s := &spanNames{names: make(chan string, 100)}, grpc.NewServer()
	collectorpb.RegisterTraceServiceServer(s, c)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Run("", func(t *testing.T) { // whose end ends the server, which sends the last spans
		address := startServer(t, "--otlp-endpoint", "http://"+l.Addr().String(), "--trace-share", "1")
		if _, stderr, code := invoke(t, "", "resolve", "--addr", address, "Mosca"); code != exitOK {
			t.Errorf("exit %d: %s", code, stderr)
		}
	})
	s.Stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	close(c.names)
	var got []string
	for name := range c.names {
		got = append(got, name)
	}
	if !strings.Contains(strings.Join(got, " "), "onoma.v1.ResolverService/BatchResolve") {
		t.Errorf("spans %q", got)
	}
}

// Without a collector nothing is traced; one that is named wrongly is refused.
func TestWhetherToTrace(t *testing.T) {
	log := newLogger(newServe(environment{}), "error", "text")
	for _, c := range []struct {
		endpoint  string
		variables map[string]string
		want      bool
	}{
		{"", nil, false},
		{"http://c:4317", nil, true},
		{"http://c:4317", map[string]string{"OTEL_SDK_DISABLED": "true"}, false},
		{"", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317"}, true},
		{"", map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4317"}, true},
		{"", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, false},
	} {
		lookup := func(name string) (string, bool) {
			value, ok := c.variables[name]
			return value, ok
		}
		if got := (&tracing{endpoint: c.endpoint}).wanted(lookup, log); got != c.want {
			t.Errorf("%q, %v: traced %t, want %t", c.endpoint, c.variables, got, c.want)
		}
	}
	for _, wrong := range [][]string{{"--otlp-endpoint", "collector:4317"}, {"--otlp-endpoint", "http://c:4317", "--trace-share", "2"}} {
		if _, stderr, code := invoke(t, "", append([]string{"serve", "--listen", "127.0.0.1:0"}, wrong...)...); code != exitUsage || !strings.Contains(stderr, "tracing: the ") {
			t.Errorf("%v: exit %d, %q", wrong, code, stderr)
		}
	}
}
