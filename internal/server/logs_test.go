package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"

	"onoma/cache"
	"onoma/internal/server"
	"onoma/internal/table"
	"onoma/internal/telemetry"
	"onoma/resolver"
	"onoma/resolver/fact"

	onomav1 "onoma/proto/onoma/v1"
)

// lines is a log that goroutines write to.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Whatever is asked, loaded or refused, at info level the log and the audit log
// say which method, which code, which caller, and no name: neither what was asked
// for nor what is in the table.
func TestNoNameInLogs(t *testing.T) {
	for _, c := range []struct {
		level slog.Level
		names bool // stand in the log
	}{{slog.LevelInfo, false}, {slog.LevelDebug, true}} {
		t.Run(c.level.String(), func(t *testing.T) {
			var log lines
			logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: c.level}))
			a, err := table.OpenSQLite(t.Context(), t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			m, err := table.NewMirror(t.Context(), table.MirrorOptions{Authority: a, WithoutSeed: true, Logger: logger})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { m.Close(); a.Close() })
			if _, err := m.Write(t.Context(), table.Publish{Source: "world", Operation: table.Upsert},
				[]table.Row{{Entity: &fact.Entity{ID: "id-Zanzibald", Kind: fact.Person, Canonical: "Zanzibald Known", Prominence: .9}}}, nil, nil); err != nil {
				t.Fatal(err)
			}
			_, conn := start(t, server.Options{
				Resolver: m.Resolver(), Mirror: m, Logger: logger, Cache: newCache(t, cache.Options{}), Metrics: telemetry.New("test"),
			})
			read, write := onomav1.NewResolverServiceClient(conn), onomav1.NewAliasServiceClient(conn)
			ctx := t.Context()
			ended, refused := 0, 0
			done := func(_ any, err error) {
				ended++
				if err != nil {
					refused++
				}
			}
			for i, name := range []string{"Zanzibald Known", "Zanzibald Unknown", "Zanzibald\x00Bad", "Zanzi\u202ebald", strings.Repeat("Zanzibald ", 200)} {
				q := &onomav1.Query{Name: name}
				done(read.Resolve(ctx, &onomav1.ResolveRequest{Query: q}))
				done(read.Resolve(ctx, &onomav1.ResolveRequest{Query: &onomav1.Query{Name: name, MinTableVersion: 99}}))
				done(read.Resolve(ctx, &onomav1.ResolveRequest{Query: &onomav1.Query{Name: name, Language: "Zanzibald!"}}))
				done(read.BatchResolve(ctx, &onomav1.BatchResolveRequest{Queries: []*onomav1.Query{q}}))
				done(read.Explain(ctx, &onomav1.ExplainRequest{Query: q, EntityId: "id-Zanzibald-none"}))
				done(read.Annotate(ctx, &onomav1.AnnotateRequest{Document: &onomav1.Document{Text: name, Language: "Zanzibald!"}}))
				done(read.Annotate(ctx, &onomav1.AnnotateRequest{Document: &onomav1.Document{Text: name}}))
				done(read.SearchEntities(ctx, &onomav1.SearchEntitiesRequest{Prefix: name}))
				done(read.GetEntity(ctx, &onomav1.GetEntityRequest{EntityId: name}))
				entity := person("id-"+name, name, name)
				done(write.UpsertEntities(ctx, &onomav1.UpsertEntitiesRequest{Source: "desk", RequestId: fmt.Sprint("u", i), Note: "because of " + name, Entities: []*onomav1.Entity{entity}}))
				done(write.SetOverrides(ctx, &onomav1.SetOverridesRequest{Source: "desk", RequestId: fmt.Sprint("o", i), Note: "for " + name}))
				done(write.DeleteEntities(ctx, &onomav1.DeleteEntitiesRequest{Source: "desk", RequestId: fmt.Sprint("d", i), EntityIds: []string{"id-" + name}}))
			}
			if refused < 15 || refused > ended-10 {
				t.Fatalf("%d of %d calls were refused, which tries neither", refused, ended)
			}
			text := log.String()
			for _, part := range []string{"Zanzi", "because of"} {
				if got := strings.Contains(text, part); got != (c.names && part == "Zanzi") {
					t.Errorf("%q stands in the log: %t\n%.1500s", part, got, text)
				}
			}
			failed, audit := 0, 0
			for line := range strings.Lines(text) {
				var entry map[string]any
				if err := json.Unmarshal([]byte(line), &entry); err != nil {
					t.Fatalf("%q: %v", line, err)
				}
				switch entry["msg"] {
				case "call failed":
					if entry["level"] == "INFO" {
						failed++
					}
				case "audit":
					audit++
				}
			}
			if failed != refused || audit != 15 {
				t.Errorf("%d failed calls and %d changes are logged, want %d and 15", failed, audit, refused)
			}
		})
	}
}

// Before it serves a server is not ready, and says so to those who ask.
func TestNotServingUntilItServes(t *testing.T) {
	s, err := server.New(server.Options{Resolver: resolver.New(testTable(t))})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(); err == nil || !strings.Contains(err.Error(), "NOT_SERVING") {
		t.Errorf("before it serves: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	waitFor(t, func() bool { return s.Ready() == nil })
	if err := s.Drain(t.Context(), 0); err != nil {
		t.Error(err)
	}
	if err := s.Ready(); err == nil || !strings.Contains(err.Error(), "NOT_SERVING") {
		t.Errorf("when it is drained: %v", err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
