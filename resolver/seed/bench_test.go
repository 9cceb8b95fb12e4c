package seed_test

import (
	"testing"
	"time"

	"onoma/resolver"
	"onoma/resolver/seed"
)

func open(b *testing.B) *resolver.Table {
	b.Helper()
	x, err := seed.Index()
	if err != nil {
		b.Fatal(err)
	}
	return resolver.NewTable(x, 1, time.Time{}, nil)
}

// names are asked in turn, so that no branch or cache line is learned by heart.
var names = []string{
	"Mosca", "Volodymyr Zelenskyy", "莫斯科", "United Nations", "Ucraina", "Владимир Путин", "Vladivostok", "북한",
	"European Union", "Casa Bianca", "Emmanuel Macron", "الأمم المتحدة", "Nigeria", "Kursk", "Japan", "Москва",
}

// BenchmarkExact answers exact names at the size of the embedded table, beside
// a look-up of the same names in a Go map of all names.
func BenchmarkExact(b *testing.B) {
	table := open(b)
	b.Run("resolve", func(b *testing.B) {
		var a resolver.Answer
		queries := make([]resolver.Query, len(names))
		for i, n := range names {
			queries[i].Name = n
		}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			table.Resolve(&queries[i%len(queries)], &a)
			if a.Outcome == resolver.NoMatch {
				b.Fatalf("%q: no match", queries[i%len(queries)].Name)
			}
		}
	})
	b.Run("map", func(b *testing.B) {
		m := map[string]string{}
		for e := range table.Index().After("") {
			for i := range e.NameCount() {
				m[e.Name(i).Text()] = e.ID()
			}
		}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if m[names[i%len(names)]] == "" {
				b.Fatalf("%q: not in the map", names[i%len(names)])
			}
		}
	})
}

// BenchmarkUnseen answers spellings that the table does not have.
func BenchmarkUnseen(b *testing.B) {
	table := open(b)
	var a resolver.Answer
	unseen := []string{"Volodimir Zelenskij", "Emanuel Makron", "Shigeru Ischiba", "Володимиром Зеленським", "Recep Tayip Erdohan", "Антониу Гуттериш", "Xqzzt Blorb", "Wladimir Putine"}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		table.Resolve(&resolver.Query{Name: unseen[i%len(unseen)]}, &a)
	}
}

// BenchmarkIndex builds the lookup structures of the embedded table, as a first
// start does.
func BenchmarkIndex(b *testing.B) {
	for b.Loop() {
		if _, err := seed.Index(); err != nil {
			b.Fatal(err)
		}
	}
}
