package server_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"onoma/internal/server"

	onomav1 "onoma/proto/onoma/v1"
)

// What is written to the wire decodes to what the message would have said: for
// one candidate and many, with and without dates, roles, long texts and nothing.
func TestWireSaysWhatTheMessageSays(t *testing.T) {
	r := seedResolver(t)
	names := []string{
		"Mosca", "Georgia", "Santiago", "Zelenskyj", "Зеленським", "Casa Bianca", "nordcoreane", "联合国", "NATO",
		"il primo ministro giapponese", "Xqzzt Blorb", "Angela Merkel", "Zaire", strings.Repeat("Mosca ", 150),
	}
	i := 0
	for e := range r.Table().Index().After("") {
		if i++; i%997 == 0 {
			names = append(names, e.Canonical())
		}
	}
	ask := server.BothForms(r)
	for _, text := range names {
		for view := onomav1.View_VIEW_UNSPECIFIED; view <= onomav1.View_VIEW_EXPLAIN; view++ {
			for _, q := range []*onomav1.Query{
				{Name: text, View: view},
				{Name: text, View: view, AsOf: "2019-12-31", Language: "it", Limit: 3, MinScore: new(0.01)},
				{Name: text, View: view, Kinds: []onomav1.EntityKind{onomav1.EntityKind_ENTITY_KIND_PERSON}, Context: &onomav1.Context{Text: "He met " + text + " in Kyiv."}},
			} {
				wire, message, err := ask(&onomav1.ResolveRequest{Query: q})
				if err != nil {
					t.Fatalf("%q: %v", text, err)
				}
				written := new(onomav1.ResolveResponse)
				if err := proto.Unmarshal(wire, written); err != nil {
					t.Fatalf("%v: %v", q, err)
				}
				if diff := cmp.Diff(message, written, protocmp.Transform()); diff != "" {
					t.Fatalf("%v, message against wire:\n%s", q, diff)
				}
			}
		}
	}
}

// A request that is decoded into memory used before knows nothing of the one
// before, and a buffer is nobody else's while it is being written.
func TestMemoryUsedAgainIsClean(t *testing.T) {
	r := seedResolver(t)
	_, conn := start(t, server.Options{Resolver: r})
	client := onomav1.NewResolverServiceClient(conn)
	queries := []*onomav1.Query{
		{Name: "Mosca"},
		{Name: "Georgia", CountryIds: []string{"Q230"}, Limit: 1},
		{Name: "Georgia", View: onomav1.View_VIEW_FULL, AsOf: "1990-01-01", Language: "de"},
		{Name: "Angela Merkel", View: onomav1.View_VIEW_FULL},
		{Name: "Paris", Kinds: []onomav1.EntityKind{onomav1.EntityKind_ENTITY_KIND_PERSON}, Reading: onomav1.Reading_READING_LITERAL},
		{Name: "Paris", View: onomav1.View_VIEW_ID_ONLY},
		{}, // refused
		{Name: "Berlin", MinTableVersion: 1 << 40},
		nil,
	}
	want := make([]string, len(queries))
	ask := func(i int) string {
		response, err := client.Resolve(context.Background(), &onomav1.ResolveRequest{Query: queries[i]})
		return fmt.Sprintf("%x %v", mustMarshal(t, response), err)
	}
	for i := range queries {
		want[i] = ask(i)
	}
	var wait sync.WaitGroup
	for c := range 8 {
		wait.Go(func() {
			for n := range 100 {
				if i := (n*7 + c) % len(queries); ask(i) != want[i] {
					t.Errorf("%v is answered otherwise after others", queries[i])
					return
				}
			}
		})
	}
	wait.Wait()
}

func mustMarshal(t *testing.T, m proto.Message) []byte {
	t.Helper()
	text, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		t.Error(err)
	}
	return text
}
