package server_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"onoma/cache"
	"onoma/internal/server"
	"onoma/internal/source"
	"onoma/internal/spawn"
	"onoma/resolver"
	"onoma/resolver/index"
	"onoma/resolver/name"

	onomav1 "onoma/proto/onoma/v1"
)

// asking is what the benchmarks of the cache ask a server for.
type asking struct {
	exact   []string
	unseen  func(n int) string // another one for each n
	article string             // of about 1,500 characters
}

// builtIn asks for what the built-in table holds.
func builtIn() asking {
	letter := func(n int) byte { return byte('a' + n%26) }
	return asking{
		exact: []string{"Mosca", "Zelenskyj", "Emmanuel Macron", "Pyongyang", "Bundestag", "Москва"},
		unseen: func(n int) string {
			return fmt.Sprintf("Volod%cmer Zel%cnsk%c%c", letter(n/17576), letter(n/676), letter(n/26), letter(n))
		},
		article: strings.Repeat(article, 4),
	}
}

// generated builds a table of so many made entities, and asks for them.
func generated(b *testing.B, entities uint64) (*resolver.Resolver, asking) {
	b.Helper()
	var (
		g       = source.NewGenerator(1)
		builder index.Builder
		ask     asking
		text    strings.Builder
	)
	for i := range entities {
		e := g.Entity(i)
		builder.Add(e)
		if i%(entities/64) == 0 {
			ask.exact = append(ask.exact, e.Canonical)
			if text.Len() < 1500 {
				fmt.Fprintf(&text, "Yesterday %s met the delegation and spoke of trade. ", e.Canonical)
			}
		}
	}
	x, err := builder.Build()
	if err != nil {
		b.Fatal(err)
	}
	ask.article = text.String()
	ask.unseen = func(n int) string { // a letter is doubled, another is changed
		known := []byte(ask.exact[n%len(ask.exact)])
		n /= len(ask.exact)
		known[n%len(known)] = byte('a' + n/len(known)%26)
		return string(known) + string(byte('a'+n/len(known)/26%26))
	}
	return resolver.New(resolver.NewTable(x, 1, time.Time{}, nil)), ask
}

// BenchmarkCache measures a server with a cache against one without, in turns:
// names that a key finds, one by one and together, names asked for once, names
// that come again, and an article that comes again and one that does not. With the
// cache it must never be more than 3 % slower: time/uncached is at most 1.03.
func BenchmarkCache(b *testing.B) {
	name.Warm()
	b.Run("built-in", func(b *testing.B) { benchmarkCache(b, seedResolver(b), builtIn()) })
	b.Run("million", func(b *testing.B) {
		r, ask := generated(b, 1_000_000)
		b.ResetTimer()
		benchmarkCache(b, r, ask)
	})
}

func benchmarkCache(b *testing.B, r *resolver.Resolver, ask asking) {
	clients := []onomav1.ResolverServiceClient{
		resolverClient(b, server.Options{Resolver: r}),
		resolverClient(b, server.Options{Resolver: r, Cache: newCache(b, cache.Options{})}),
	}
	resolve := func(client onomav1.ResolverServiceClient, name string) error {
		_, err := client.Resolve(context.Background(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: name}})
		return err
	}
	thousand := new(onomav1.BatchResolveRequest)
	for i := range 1000 {
		thousand.Queries = append(thousand.Queries, &onomav1.Query{Name: ask.exact[i%len(ask.exact)]})
	}
	for _, c := range []struct {
		name string
		call func(client onomav1.ResolverServiceClient, n int) error
	}{
		{"exact", func(client onomav1.ResolverServiceClient, n int) error {
			return resolve(client, ask.exact[n%len(ask.exact)])
		}},
		{"exact-batch", func(client onomav1.ResolverServiceClient, _ int) error {
			_, err := client.BatchResolve(context.Background(), thousand)
			return err
		}},
		{"unseen", func(client onomav1.ResolverServiceClient, n int) error { return resolve(client, ask.unseen(n)) }},
		{"unseen-again", func(client onomav1.ResolverServiceClient, n int) error { return resolve(client, ask.unseen(n%7)) }},
		{"article", func(client onomav1.ResolverServiceClient, n int) error {
			return annotate(client, fmt.Sprintf("%s %d", ask.article, n))
		}},
		{"sentence", func(client onomav1.ResolverServiceClient, n int) error {
			return annotate(client, fmt.Sprintf("%s %d", ask.article[:100], n))
		}},
		{"article-again", func(client onomav1.ResolverServiceClient, _ int) error { return annotate(client, ask.article) }},
	} {
		b.Run(c.name, func(b *testing.B) { sideBySide(b, clients, []string{"uncached", "cached"}, c.call) })
	}
}

// BenchmarkCacheCrossover shows from what length on a text is quicker had from
// Redis than computed: computed by a server without a cache, kept by the process,
// and by Redis alone. Redis serves at 1 where each call came from there, and at 0
// where asking was found not to be worth it.
func BenchmarkCacheCrossover(b *testing.B) {
	name.Warm()
	r, address := seedResolver(b), benchmarkRedis(b)
	far := newCache(b, cache.Options{Bytes: 1, Redis: cache.Dial(cache.Address{Hosts: []string{address}})})
	clients := []onomav1.ResolverServiceClient{
		resolverClient(b, server.Options{Resolver: r}),
		resolverClient(b, server.Options{Resolver: r, Cache: newCache(b, cache.Options{})}),
		resolverClient(b, server.Options{Resolver: r, Cache: far}),
	}
	for _, size := range []int{100, 400, 1600, 6400, 25600} {
		b.Run(fmt.Sprintf("%d_characters", size), func(b *testing.B) {
			text := strings.Repeat(article, 1+size/len(article))[:size]
			for range 20 { // each knows the text, and what it costs
				for _, c := range clients {
					if err := annotate(c, text); err != nil {
						b.Fatal(err)
					}
				}
			}
			before, calls := far.Stats().FarHits, 0
			sideBySide(b, clients, []string{"computed", "process", "redis"}, func(c onomav1.ResolverServiceClient, _ int) error {
				if c == clients[2] {
					calls++
				}
				return annotate(c, text)
			})
			b.ReportMetric(float64(far.Stats().FarHits-before)/float64(calls), "redis-serves")
		})
	}
}

func annotate(client onomav1.ResolverServiceClient, text string) error {
	_, err := client.Annotate(context.Background(), &onomav1.AnnotateRequest{Document: &onomav1.Document{Text: text}})
	return err
}

func resolverClient(b *testing.B, o server.Options) onomav1.ResolverServiceClient {
	b.Helper()
	_, conn := start(b, o)
	return onomav1.NewResolverServiceClient(conn)
}

// sideBySide measures several sides in turns of a few calls each, so that all meet the
// same machine, and reports the time of each, and the ratios of its time and of its
// processor time to those of the first. Medians forget turns that met another's work.
func sideBySide(b *testing.B, sides []onomav1.ResolverServiceClient, names []string, call func(side onomav1.ResolverServiceClient, n int) error) {
	const together = 8
	times, ratios := make([][]float64, len(sides)), make([][]float64, len(sides))
	worked := make([]time.Duration, len(sides))
	for _, side := range sides { // what is made on first use
		if err := call(side, 1<<20); err != nil {
			b.Fatal(err)
		}
	}
	turn := 0
	for b.Loop() {
		spent := make([]float64, len(sides))
		for k := range sides {
			side := (k + turn) % len(sides)
			begin, busy := time.Now(), processorTime(b)
			for i := range together {
				if err := call(sides[side], turn*together+i); err != nil {
					b.Fatal(err)
				}
			}
			spent[side] = float64(time.Since(begin).Nanoseconds()) / together
			worked[side] += processorTime(b) - busy
		}
		turn++
		for side := range sides {
			times[side] = append(times[side], spent[side])
			ratios[side] = append(ratios[side], spent[side]/spent[0])
		}
	}
	for side := range sides {
		slices.Sort(times[side])
		slices.Sort(ratios[side])
		b.ReportMetric(times[side][turn/2], "ns/"+names[side])
		if side > 0 {
			b.ReportMetric(ratios[side][turn/2], names[side]+"/"+names[0])
			b.ReportMetric(float64(worked[side])/float64(worked[0]), names[side]+"-work/"+names[0])
		}
	}
	b.ReportMetric(0, "ns/op")
}

// benchmarkRedis starts a Redis that ends with the benchmark.
func benchmarkRedis(b *testing.B) (address string) {
	b.Helper()
	s := spawn.Redis(b)
	if err := s.Start(); err != nil {
		b.Fatal(err)
	}
	return s.Address
}
