package pack

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"onoma/resolver/fact"
)

// sample holds every field and every kind of reference once.
func sample() *Table {
	return &Table{
		Sources: []Source{{"desk", "Hand-written."}, {"cldr", "Unicode."}},
		Offices: []Office{{Class: "head_of_state", Titles: []OfficeTitle{{Text: "President", Language: "en"}, {Text: "主席", Language: "zh", Only: []string{"Q148"}}}}},
		Positions: []fact.Position{
			{ID: "Q218295", Office: "head_of_state", Jurisdiction: "Q159", Titles: []fact.Title{{Text: "President of Russia", Language: "en"}}},
			{ID: "onoma:post", Organization: "Q148"},
		},
		Entities: []fact.Entity{
			{ID: "Q148", Kind: fact.Country, Canonical: "China", Names: []fact.Name{{Text: "China", Language: "en", Kind: fact.Primary, Source: "cldr"}}},
			{
				ID: "Q159", Kind: fact.Country, Canonical: "Russia", Prominence: .95, Redirects: []string{"Q1"},
				External: []fact.ExternalID{{Scheme: "iso3166-1", Value: "RU"}},
				Names: []fact.Name{
					{Text: "Россия", Language: "ru", Kind: fact.Primary, Source: "cldr"},
					{Text: "Russia", Language: "en", Kind: fact.Primary},
					{Text: "RSFSR", Language: "en", Kind: fact.Former, Source: "desk", From: 1917 << 9, To: 1991<<9 | 12<<5},
				},
			},
			{
				ID: "Q649", Kind: fact.Place, Canonical: "Moscow",
				Names:     []fact.Name{{Text: "Moscow", Language: "en", Kind: fact.Primary, Source: "cldr"}},
				Relations: []fact.Relation{{Type: fact.CapitalOf, Target: "Q159", From: 1918 << 9}, {Type: fact.SeatOf, Target: "Q159", Sector: fact.Executive}},
			},
			{
				ID: "Q7747", Kind: fact.Person, Canonical: "Vladimir Putin",
				Names: []fact.Name{{Text: "Vladimir Putin", Language: "en", Kind: fact.Primary}},
				Roles: []fact.Role{
					{Position: "Q218295", From: 2000<<9 | 5<<5 | 7, To: 2008<<9 | 5<<5 | 7},
					{Position: "Q218295", From: 2012<<9 | 5<<5 | 7},
					{Position: "onoma:post", From: 1999<<9 | 8<<5, To: 1999 << 9}, // a coarser end
					{Position: "onoma:post", To: 1998 << 9},
				},
			},
		},
		From: []uint64{1, 3, 2, 1},
	}
}

func TestRoundTrip(t *testing.T) {
	want := sample()
	data, err := Encode(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a table changes on its way (-want +got):\n%s", diff)
	}
	again, err := Encode(got)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(data, again) {
		t.Error("the same table gave other bytes")
	}
}

func TestEncodeRefuses(t *testing.T) {
	for name, spoil := range map[string]func(*Table){
		"a relation to nothing":        func(t *Table) { t.Entities[2].Relations[0].Target = "Q2" },
		"a role of no position":        func(t *Table) { t.Entities[3].Roles[0].Position = "Q2" },
		"a jurisdiction of nowhere":    func(t *Table) { t.Positions[0].Jurisdiction = "Q2" },
		"a canonical name that is not": func(t *Table) { t.Entities[0].Canonical = "Chine" },
		"one ID twice":                 func(t *Table) { t.Entities[1].ID = "Q148" },
		"one position twice":           func(t *Table) { t.Positions[1].ID = "Q218295" },
		"an undeclared source":         func(t *Table) { t.Entities[0].Names[0].Source = "rumour" },
		"a prominence above 1":         func(t *Table) { t.Entities[0].Prominence = 1.5 },
	} {
		table := sample()
		spoil(table)
		if _, err := Encode(table); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	data, err := Encode(sample())
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(data) {
		if _, err := Decode(data[:i]); !errors.Is(err, ErrFormat) {
			t.Fatalf("the first %d of %d bytes: %v", i, len(data), err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	data, err := Encode(sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		table, err := Decode(data)
		if err == nil && len(table.From) != len(table.Entities) {
			t.Error("a table without its source sets")
		}
	})
}

// FuzzColumns damages what stands behind the checksum.
func FuzzColumns(f *testing.F) {
	w := writer{entity: map[string]uint64{}, position: map[string]uint64{}}
	if err := w.table(sample()); err != nil {
		f.Fatal(err)
	}
	f.Add(w.plain())
	f.Fuzz(func(t *testing.T, plain []byte) {
		r, err := newReader(plain)
		if err != nil {
			return
		}
		if _, err := r.table(); err != nil && !errors.Is(err, ErrFormat) {
			t.Error(err)
		}
	})
}
