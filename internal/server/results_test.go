package server_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"onoma/cache"
	"onoma/internal/server"
	"onoma/resolver"
	"onoma/resolver/seed"

	onomav1 "onoma/proto/onoma/v1"
)

func newCache(t testing.TB, o cache.Options) *cache.Cache {
	t.Helper()
	c, err := cache.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func seedResolver(t testing.TB) *resolver.Resolver {
	t.Helper()
	x, err := seed.Index()
	if err != nil {
		t.Fatal(err)
	}
	return resolver.New(resolver.NewTable(x, 1, time.Time{}, nil))
}

// An answer is the same whether it was kept or not, for all ways to ask.
func TestCacheNeverChangesAnAnswer(t *testing.T) {
	r := seedResolver(t)
	_, bare := start(t, server.Options{Resolver: r})
	c := newCache(t, cache.Options{})
	_, cached := start(t, server.Options{Resolver: r, Cache: c})
	clients := [2]onomav1.ResolverServiceClient{onomav1.NewResolverServiceClient(bare), onomav1.NewResolverServiceClient(cached)}
	random := rand.New(rand.NewPCG(1, 2))
	names := []string{"Mosca", "Zelenskyj", "Selenskyj Wolodymyr", "Wolodimir Zelenskij", "Xqzzt Blorb", "Emmanuell Makron", "Зеленським", "il primo ministro giapponese", "Georgia"}
	for range 1500 {
		q := &onomav1.Query{
			Name: names[random.IntN(len(names))], Limit: int32(random.IntN(3)), View: onomav1.View(random.IntN(4)),
			Language: []string{"", "it", "de"}[random.IntN(3)], AsOf: []string{"", "2024-10-25"}[random.IntN(2)],
			Kinds: [][]onomav1.EntityKind{nil, {onomav1.EntityKind_ENTITY_KIND_PERSON}}[random.IntN(2)],
		}
		if random.IntN(4) == 0 {
			q.Context = &onomav1.Context{Text: "Yesterday " + q.Name + " said that talks in Kyiv would go on."}
		}
		q.MinTableVersion = int64(random.IntN(2))
		var answers [2]*onomav1.ResolveResponse
		for i, client := range clients {
			var err error
			if answers[i], err = client.Resolve(t.Context(), &onomav1.ResolveRequest{Query: q}); err != nil {
				t.Fatalf("%v: %v", q, err)
			}
		}
		if diff := cmp.Diff(answers[0], answers[1], protocmp.Transform()); diff != "" {
			t.Fatalf("%v\n-computed +kept\n%s", q, diff)
		}
	}
	if s := c.Stats(); s.NearHits < 100 {
		t.Errorf("only %d of 1500 answers were kept ones", s.NearHits)
	}
	for range 3 {
		d := &onomav1.AnnotateRequest{Document: &onomav1.Document{Text: article, View: onomav1.View_VIEW_BASIC}}
		var answers [2]*onomav1.AnnotateResponse
		for i, client := range clients {
			var err error
			if answers[i], err = client.Annotate(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
		if !proto.Equal(answers[0], answers[1]) || len(answers[0].Mentions) == 0 {
			t.Errorf("an article: %d and %d mentions", len(answers[0].Mentions), len(answers[1].Mentions))
		}
	}
}

// A stale table's answers are not those of the next.
func TestPublishLeavesKeptAnswersBehind(t *testing.T) {
	old := testTable(t)
	r := resolver.New(old)
	_, conn := start(t, server.Options{Resolver: r, Cache: newCache(t, cache.Options{})})
	client := onomav1.NewResolverServiceClient(conn)
	ask := func() int64 {
		t.Helper()
		// A name found by nothing is dear, and kept.
		answer, err := client.Resolve(t.Context(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Xqzzt Blorb"}})
		if err != nil {
			t.Fatal(err)
		}
		return answer.TableVersion
	}
	for range 5 {
		if v := ask(); v != 7 {
			t.Fatalf("version %d", v)
		}
	}
	r.Publish(resolver.NewTable(old.Index(), 8, time.Time{}, nil))
	for range 5 {
		if v := ask(); v != 8 {
			t.Fatalf("version %d after the publish of 8", v)
		}
	}
}

const article = `Ukrainian President Volodymyr Zelenskyy met French President Emmanuel Macron in Paris on Monday. Moscow called
the meeting a provocation, and the White House declined to comment. Beijing and New Delhi urged restraint, while the
North Korean leader Kim Jong Un congratulated Vladimir Putin. Zelenskyy later flew to Berlin to meet Olaf Scholz. `

// The clock moves, forward over midnight and the end of an office, back, by years:
// what is kept of one day is not the answer of another.
func TestClockMoves(t *testing.T) {
	r, now := seedResolver(t), time.Time{}
	clock := func() time.Time { return now }
	bare, kept := server.Clocked(r, nil, clock), server.Clocked(r, newCache(t, cache.Options{}), clock)
	request := &onomav1.AnnotateRequest{Document: &onomav1.Document{Text: "The Prime Minister of Japan met the German chancellor in Paris.", View: onomav1.View_VIEW_FULL}}
	answers := make(map[string]bool)
	for _, at := range []string{
		"2024-09-30T23:59:59Z", "2024-10-01T00:00:01Z", "2024-09-30T23:59:59Z", "2026-01-01T12:00:00Z", "2020-03-01T00:00:00Z",
		"2024-10-02T00:00:00+14:00", "2026-01-01T12:00:00Z", "1970-01-01T00:00:00Z", "2038-01-19T03:14:08Z", "2024-10-01T23:00:00Z",
	} {
		var err error
		if now, err = time.Parse(time.RFC3339, at); err != nil {
			t.Fatal(err)
		}
		want, err := bare(request)
		if err != nil {
			t.Fatal(err)
		}
		got, err := kept(request)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
			t.Errorf("at %s -computed +kept\n%s", at, diff)
		}
		if day := now.UTC().Format(time.DateOnly); got.AsOf != day {
			t.Errorf("at %s the roles are those of %s", at, got.AsOf)
		}
		answers[fmt.Sprint(got.Mentions)] = true
	}
	if len(answers) < 3 {
		t.Errorf("%d different answers: the text does not depend on the day", len(answers))
	}
}
