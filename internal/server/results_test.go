package server_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
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

// BenchmarkCache measures a server with a cache against one without, in turns:
// names that a key finds, names asked for once, names that come again, and an
// article that comes again and one that does not.
func BenchmarkCache(b *testing.B) {
	r := seedResolver(b)
	var clients [2]onomav1.ResolverServiceClient
	for i, options := range []server.Options{{Resolver: r}, {Resolver: r, Cache: newCache(b, cache.Options{})}} {
		_, conn := start(b, options)
		clients[i] = onomav1.NewResolverServiceClient(conn)
	}
	n := 0
	for _, c := range []struct {
		name string
		call func(client onomav1.ResolverServiceClient, n int) error
	}{
		{"exact", func(client onomav1.ResolverServiceClient, _ int) error {
			_, err := client.Resolve(context.Background(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Mosca"}})
			return err
		}},
		{"exact/batch", func(client onomav1.ResolverServiceClient, _ int) error {
			_, err := client.BatchResolve(context.Background(), mosca)
			return err
		}},
		{"unseen", func(client onomav1.ResolverServiceClient, n int) error {
			_, err := client.Resolve(context.Background(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: fmt.Sprintf("Volod%cmer Zel%cnsk%c%c", 'a'+n/17576%26, 'a'+n/676%26, 'a'+n/26%26, 'a'+n%26)}})
			return err
		}},
		{"again", func(client onomav1.ResolverServiceClient, n int) error {
			_, err := client.Resolve(context.Background(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: fmt.Sprintf("Wolodimir Zelinsky%c", 'a'+n%7)}})
			return err
		}},
		{"article/new", func(client onomav1.ResolverServiceClient, n int) error {
			_, err := client.Annotate(context.Background(), &onomav1.AnnotateRequest{Document: &onomav1.Document{Text: fmt.Sprintf("%s %d", strings.Repeat(article, 4), n)}})
			return err
		}},
		{"article/again", func(client onomav1.ResolverServiceClient, _ int) error {
			_, err := client.Annotate(context.Background(), &onomav1.AnnotateRequest{Document: &onomav1.Document{Text: strings.Repeat(article, 4)}})
			return err
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			// Turns of a few calls each, side by side and in either order, so that
			// both meet the same machine; the median forgets turns that met another's work.
			var ratios []float64
			var bare time.Duration
			for b.Loop() {
				var spent [2]time.Duration
				for k := range clients {
					side := (k + len(ratios)) % 2
					begin := time.Now()
					for i := range 8 {
						if err := c.call(clients[side], n+i); err != nil {
							b.Fatal(err)
						}
					}
					spent[side] = time.Since(begin)
				}
				n += 8
				bare += spent[0]
				ratios = append(ratios, float64(spent[1])/float64(spent[0]))
			}
			slices.Sort(ratios)
			b.ReportMetric(ratios[len(ratios)/2], "time/uncached")
			b.ReportMetric(float64(bare.Nanoseconds())/float64(8*len(ratios)), "ns/uncached")
			b.ReportMetric(0, "ns/op")
		})
	}
}

var mosca = func() *onomav1.BatchResolveRequest {
	m := new(onomav1.BatchResolveRequest)
	for range 1000 {
		m.Queries = append(m.Queries, &onomav1.Query{Name: "Mosca"})
	}
	return m
}()
