package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"onoma/internal/telemetry"
	"onoma/resolver"
	"onoma/resolver/fact"
	"onoma/resolver/index"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func testTable(t *testing.T) *resolver.Table {
	t.Helper()
	var b index.Builder
	b.Add(fact.Entity{ID: "Q1", Kind: fact.Place, Canonical: "Rome", Prominence: .9, Names: []fact.Name{{Text: "Rome", Kind: fact.Primary, Source: "test"}}})
	x, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return resolver.NewTable(x, 7, time.Unix(1000, 0), nil)
}

// get asks the operations listener.
func get(t *testing.T, address, path string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	all, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(all)
}

func TestOperations(t *testing.T) {
	table := testTable(t)
	metrics := telemetry.New("v1")
	metrics.Watch(resolver.New(table))
	call := metrics.Call("/onoma.v1.ResolverService/Resolve")
	for _, name := range []string{"Rome", "Xqzzt Blorb"} {
		var a resolver.Answer
		call.Begin()
		table.Resolve(&resolver.Query{Name: name}, &a)
		metrics.Answered(&a, time.Microsecond, "")
		call.End("OK", time.Millisecond, "")
	}
	call.Begin()
	call.End("InvalidArgument", time.Millisecond, "")
	metrics.Panicked()
	metrics.Shed(telemetry.ShedWaited)
	metrics.Batch(10)
	metrics.Waiting()()

	var unready error
	var behind time.Time
	o := telemetry.Operations{Metrics: metrics, Ready: func() error { return unready }, Behind: func() time.Time { return behind }}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- o.Serve(ctx, l) }()
	defer func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()

	_, page := get(t, address, "/metrics")
	for _, want := range []string{
		`onoma_rpc_total{code="OK",method="Resolve",service="onoma.v1.ResolverService"} 2`,
		`onoma_rpc_total{code="InvalidArgument",method="Resolve",service="onoma.v1.ResolverService"} 1`,
		`onoma_rpc_duration_seconds_count{method="Resolve",service="onoma.v1.ResolverService"} 3`,
		`onoma_rpc_in_flight{method="Resolve",service="onoma.v1.ResolverService"} 0`,
		`onoma_answers_total{method="exact",outcome="resolved"} 1`,
		`onoma_answers_total{method="none",outcome="no_match"} 1`,
		`onoma_answer_duration_seconds_count{method="exact"} 1`,
		`onoma_admission_shed_total{reason="waited"} 1`,
		`onoma_table_version 7`, `onoma_table_published_timestamp_seconds 1000`, `onoma_table_names 1`,
		`onoma_panics_total 1`, `onoma_build_info{version="v1"} 1`, `go_goroutines`, `process_resident_memory_bytes`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
	for _, c := range []struct {
		path   string
		unfit  error
		behind int64 // since
		status int
		says   string
	}{
		{"/healthz", nil, 0, 200, "ok\n"},
		{"/readyz", nil, 0, 200, "ok\n"},
		{"/readyz", nil, 3600, 200, "ok, but behind the authority of the table or cut off from it since 1970-01-01T01:00:00Z"},
		{"/healthz", nil, 3600, 200, "since 1970-01-01T01:00:00Z"},
		{"/readyz", errors.New("draining"), 3600, 503, "draining"},
		{"/healthz", errors.New("draining"), 0, 200, "ok"}, // alive, though not ready
		{"/debug/pprof/goroutine?debug=1", nil, 0, 200, "goroutine profile"},
		{"/nothing", nil, 0, 404, ""},
	} {
		unready, behind = c.unfit, time.Time{}
		if c.behind > 0 {
			behind = time.Unix(c.behind, 0)
		}
		status, body := get(t, address, c.path)
		if status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s: %d %q, want %d %q", c.path, status, body, c.status, c.says)
		}
	}
}

// What is counted where nothing counts must not fail.
func TestNilMetricsCountNothing(*testing.T) {
	var m *telemetry.Metrics
	call := m.Call("/a/b")
	call.Begin()
	call.End("OK", 0, "")
	m.Answered(&resolver.Answer{}, 0, "")
	m.Batch(1)
	m.Shed("")
	m.Refused("")
	m.Panicked()
	m.Waiting()()
}

// Every way to answer has its word.
func TestEveryMethodHasASeries(t *testing.T) {
	m := telemetry.New("v1")
	for method := resolver.MethodUnspecified; method <= resolver.FromContext; method++ {
		m.Answered(&resolver.Answer{Outcome: resolver.Resolved, Candidates: []resolver.Candidate{{Method: method}}}, 1, "")
	}
	families, err := m.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range families {
		if f.GetName() == "onoma_answers_total" {
			for _, s := range f.GetMetric() {
				n += int(s.GetCounter().GetValue())
				for _, l := range s.GetLabel() {
					if l.GetValue() == "" {
						t.Error(fmt.Errorf("a series has no value for %s", l.GetName()))
					}
				}
			}
		}
	}
	if n != 9 {
		t.Errorf("%d answers counted, want 9", n)
	}
}
