package index_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"onoma/resolver/fact"
	"onoma/resolver/index"
	"onoma/resolver/name"
)

// entities draws small tables whose names collide often.
func entities(t *rapid.T) []fact.Entity {
	texts := rapid.SampledFrom([]string{
		"Peru", "Perú", "peru", "PERU", "Москва", "москва", "Moscow", "San José", "San Jose", "U.S.A.", "USA", "'", "",
		"朝鮮", "朝鲜", "Zelenskyy", "Zelenskyj", "a", "ab", "abc", "Österreich", "Osterreich",
	})
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) fact.Entity {
		e := fact.Entity{
			ID:         fmt.Sprintf("Q%d", rapid.IntRange(1, 12).Draw(t, "id")),
			Kind:       fact.Kind(rapid.IntRange(1, 7).Draw(t, "kind")),
			Prominence: rapid.Float64Range(0, 1).Draw(t, "prominence"),
		}
		for range rapid.IntRange(0, 5).Draw(t, "names") {
			from := fact.Date(rapid.SampledFrom([]uint32{0, 1924 << 9}).Draw(t, "from"))
			e.Names = append(e.Names, fact.Name{Text: texts.Draw(t, "text"), Language: "en", Kind: fact.Alias, Source: "test", From: from})
		}
		return e
	}), 0, 12).Draw(t, "entities")
}

// TestLookupEqualsBruteForce holds the index against a scan of all names.
func TestLookupEqualsBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := entities(t)
		x := build(t, table)
		for _, query := range []string{"peru", "Perú", "МОСКВА", "san jose", "USA", "u.s.a", "朝鮮", "zelenskyj", "abc", "nobody", ""} {
			key := name.Fold(query)
			var want []string
			for _, e := range table {
				for _, n := range e.Names {
					if key != "" && name.Fold(n.Text) == key {
						want = append(want, e.ID+" "+n.Text+" "+n.From.String())
					}
				}
			}
			var got []string
			names := x.Lookup(query, []byte(key))
			for i := range names.Len() {
				n := names.At(i)
				from, _ := n.Validity()
				got = append(got, n.Entity().ID()+" "+n.Text()+" "+from.String())
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Fatalf("Lookup(%q) = %q, a scan finds %q", query, got, want)
			}
		}
	})
}

// TestPrefixEqualsBruteForce holds the range of a prefix against a scan.
func TestPrefixEqualsBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := entities(t)
		x := build(t, table)
		prefix := name.Fold(rapid.SampledFrom([]string{"p", "per", "san", "a", "ab", "abc", "zelenskyj", "м", "zz", "朝"}).Draw(t, "prefix"))
		want := 0
		for _, e := range table {
			for _, n := range e.Names {
				if bytes.HasPrefix([]byte(name.Fold(n.Text)), []byte(prefix)) {
					want++
				}
			}
		}
		got := 0
		for range x.Prefix([]byte(prefix)) {
			got++
		}
		if got != want {
			t.Fatalf("Prefix(%q) has %d names, a scan finds %d", prefix, got, want)
		}
	})
}

// TestOpenReadsWhatBuildWrote also holds that building is deterministic.
func TestOpenReadsWhatBuildWrote(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := entities(t)
		x := build(t, table)
		if again := build(t, table); !bytes.Equal(x.Bytes(), again.Bytes()) {
			t.Fatal("the same facts built other bytes")
		}
		y, err := index.Open(x.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(x.Stats(), y.Stats()) {
			t.Fatalf("opened %+v, built %+v", y.Stats(), x.Stats())
		}
		for e := range x.After("") {
			f, _ := y.Find(e.ID())
			if !f.Valid() || f.NameCount() != e.NameCount() || f.Kind() != e.Kind() || f.Prominence() != e.Prominence() {
				t.Fatalf("entity %s differs after Open", e.ID())
			}
		}
	})
}

// TestOpenRefusesDamage flips every byte of a small file that carries meaning.
func TestOpenRefusesDamage(t *testing.T) {
	var b index.Builder
	b.Add(fact.Entity{ID: "Q1", Kind: fact.Place, Canonical: "Lima", Names: []fact.Name{{Text: "Lima", Language: "es"}}})
	x, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	accepted := 0
	for i := range x.Bytes() {
		file := slices.Clone(x.Bytes())
		file[i] ^= 0x40
		if _, err := index.Open(aligned(file)); err == nil {
			accepted++ // padding between sections carries no meaning
		} else if !errors.Is(err, index.ErrFormat) {
			t.Fatalf("byte %d: %v does not wrap ErrFormat", i, err)
		}
	}
	if accepted > 13*8 {
		t.Errorf("%d damaged bytes of %d were accepted, more than padding can explain", accepted, len(x.Bytes()))
	}
	for _, n := range []int{0, 7, 23, len(x.Bytes()) / 2, len(x.Bytes()) - 1} {
		if _, err := index.Open(aligned(slices.Clone(x.Bytes()[:n]))); !errors.Is(err, index.ErrFormat) {
			t.Errorf("a file cut to %d bytes: %v", n, err)
		}
	}
}

func TestPartsRelationsAndRedirects(t *testing.T) {
	var b index.Builder
	b.Add(fact.Entity{ID: "Q649", Kind: fact.Place, Canonical: "Moscow", Names: []fact.Name{{Text: "Moscow", Language: "en"}},
		Relations: []fact.Relation{{Type: fact.CapitalOf, Target: "Q159"}}, Redirects: []string{"Q1"}})
	b.Add(fact.Entity{ID: "Q649", Names: []fact.Name{{Text: "Москва", Language: "ru"}}, External: []fact.ExternalID{{Scheme: "geonames", Value: "524901"}}})
	b.Add(fact.Entity{ID: "Q7747", Kind: fact.Person, Roles: []fact.Role{{Position: "Q218295", From: 2012 << 9}}})
	b.AddPosition(fact.Position{ID: "Q218295", Office: "head_of_state", Jurisdiction: "Q159", Titles: []fact.Title{{Text: "President of Russia", Language: "en"}}})
	x, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	moscow, redirected := x.Find("Q1")
	if !moscow.Valid() || !redirected || moscow.ID() != "Q649" {
		t.Fatalf("Find(Q1) = %v, %t", moscow, redirected)
	}
	if moscow.NameCount() != 2 || moscow.Name(1).Text() != "Москва" || moscow.ExternalCount() != 1 || !moscow.Stands() {
		t.Errorf("the parts of Q649 did not join")
	}
	if r := moscow.Relation(0); r.Target.ID() != "Q159" || !r.Target.ReferencedOnly() {
		t.Errorf("relation %+v", r)
	}
	if e, _ := x.Find("Q159"); e.Valid() {
		t.Error("an entity known only as the end of a relation was found")
	}
	putin, _ := x.Find("Q7747")
	role := putin.Role(0)
	if role.Position.Office() != "head_of_state" || role.Position.Jurisdiction().ID() != "Q159" ||
		role.Position.TitleCount() != 1 || role.Position.Title(0).Text != "President of Russia" {
		t.Errorf("role %+v", role)
	}
}

func BenchmarkLookup(b *testing.B) {
	var builder index.Builder
	for i := range 200_000 {
		builder.Add(fact.Entity{ID: fmt.Sprintf("Q%07d", i), Kind: fact.Person, Names: []fact.Name{{Text: fmt.Sprintf("Person Number %d", i)}}})
	}
	x, err := builder.Build()
	if err != nil {
		b.Fatal(err)
	}
	text := "Person Number 123456"
	key := []byte(name.Fold(text))
	b.ReportAllocs()
	for b.Loop() {
		if x.Lookup(text, key).Len() != 1 {
			b.Fatal("not found")
		}
	}
}

func build(t *rapid.T, table []fact.Entity) *index.Index {
	var b index.Builder
	for _, e := range table {
		b.Add(e)
	}
	x, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// aligned copies the file to memory that Open accepts.
func aligned(file []byte) []byte {
	b := make([]byte, len(file)+8) // allocations of this size are aligned to 8 bytes
	copy(b, file)
	return b[:len(file)]
}

// TestSoundsFindEveryName holds the index by sound
// against the names themselves: the words of each must find it.
func TestSoundsFindEveryName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := entities(t)
		x := build(t, table)
		var h index.Hearing
		var q name.Form
		for e := range x.After("") {
			for i := range e.NameCount() {
				n := e.Name(i)
				if name.ScriptOf(n.Text()) != name.Latin || len(name.Fold(n.Text())) < 2 {
					continue
				}
				q.Prepare(n.Text())
				found := slices.ContainsFunc(x.Sounds().Find(&q, &h, 100), func(heard index.Heard) bool {
					return name.Fold(heard.Name.Text()) == name.Fold(n.Text())
				})
				if !found {
					t.Fatalf("%q does not find itself", n.Text())
				}
			}
		}
	})
}
