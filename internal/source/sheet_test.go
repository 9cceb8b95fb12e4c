package source_test

import (
	"bytes"
	"strings"
	"testing"

	"onoma/internal/source"
	"onoma/internal/table"
	"onoma/resolver/fact"
)

// rowsOfAllSorts are rows of the generator and such as try what a sheet can hold.
func rowsOfAllSorts(t testing.TB) (rows []table.Row) {
	t.Helper()
	rows = []table.Row{
		{Position: &fact.Position{ID: "p:1", Office: "head_of_state", Jurisdiction: "Q159", Organization: "o:1",
			Titles: []fact.Title{{Text: "President", Language: "en"}, {Text: `"Il presidente", lui`, Language: "it"}}}},
		{Position: &fact.Position{ID: "p:2"}},
		{Entity: &fact.Entity{ID: "p:2", Kind: fact.Other, Canonical: "of the same ID"}},
		{Entity: &fact.Entity{ID: "x:1", Kind: fact.Facility, Canonical: " spaces, \"quotes\" and commas ", Prominence: 0.123456789012345,
			Names: []fact.Name{
				{Text: "=1+1", Kind: fact.Misspelling}, {Text: "КГБ", Language: "ru", Kind: fact.Acronym, From: date(t, "1954-03-13"), To: date(t, "1991")},
				{Text: "#not a comment", Language: "zh-Hant", Kind: fact.Former, To: date(t, "2001-02")},
			},
			Relations: []fact.Relation{{Type: fact.SeatOf, Target: "Q159", Sector: fact.CentralBank, From: date(t, "1990")}, {Type: fact.PartOf, Target: "x:2"}},
			Roles:     []fact.Role{{Position: "p:1", From: date(t, "2000-05-07")}, {Position: "p:2", To: date(t, "2008")}},
			External:  []fact.ExternalID{{Scheme: "iso3166-1", Value: "RU"}, {Scheme: "note", Value: "a, b"}},
			Redirects: []string{"x:old", "x:older"}}},
		{Weighed: true, Entity: &fact.Entity{ID: "x:2", Kind: fact.Person, Canonical: "given as 0", Roles: []fact.Role{{Position: "p:1"}}}},
		{Entity: &fact.Entity{ID: "x:3", Kind: fact.Person, Canonical: "says nothing"}},
		{Override: &fact.Override{Name: "Mosca", Entity: "x:3", Note: "two, \"words\""}},
		{Override: &fact.Override{Name: "Mosca", Entity: "x:2", Deny: true}},
	}
	err := source.NewGenerator(5).Rows(500, func(row table.Row) error {
		rows = append(rows, row)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func date(t testing.TB, s string) fact.Date {
	t.Helper()
	d, err := fact.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func written(t testing.TB, format string, rows []table.Row) string {
	t.Helper()
	var file bytes.Buffer
	w, err := source.WriterOf(format, &file)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if err := w.Write(&rows[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return file.String()
}

func readBack(t testing.TB, format, text string) (rows []table.Row) {
	t.Helper()
	in, err := source.NewInput("back", strings.NewReader(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := source.FormatOf(format)
	if err != nil {
		t.Fatal(err)
	}
	err = f.Read(in, new(source.Options), func(line table.Line) error {
		if line.Problem != nil {
			t.Errorf("%s line %d: %v", format, line.Number, line.Problem)
		}
		rows = append(rows, line.Row)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// What is written in a format reads as what was written, whole.
func TestWrittenReadsBack(t *testing.T) {
	rows := rowsOfAllSorts(t)
	want := written(t, "jsonl", rows)
	for _, format := range source.WriterNames() {
		text := written(t, format, rows)
		if got := written(t, "jsonl", readBack(t, format, text)); got != want {
			t.Errorf("%s reads back as\n%.3000s\nwant\n%.3000s", format, got, want)
		}
		in, err := source.NewInput("file."+format, strings.NewReader(text), nil)
		if err != nil || source.Guess(in) != format {
			t.Errorf("%s is taken for %q, %v", format, source.Guess(in), err)
		}
	}
	// A note of several lines stays so in CSV; in TSV it becomes one.
	noted := []table.Row{{Override: &fact.Override{Name: "Mosca", Entity: "x:3", Note: "two\nlines\tand a tab"}}}
	for format, note := range map[string]string{"csv": "two\nlines\tand a tab", "tsv": "two lines and a tab"} {
		if got := readBack(t, format, written(t, format, noted)); len(got) != 1 || got[0].Override.Note != note {
			t.Errorf("%s: note %+v", format, got)
		}
	}
	for _, format := range source.WriterNames() {
		if got := readBack(t, format, written(t, format, nil)); len(got) != 0 {
			t.Errorf("no rows in %s read as %v", format, got)
		}
	}
}

func TestSheetHeaders(t *testing.T) {
	for name, text := range map[string]string{
		"unknown column": "id,kind,colour\n", "twice": "id,kind,name,name\n", "no kind": "id,name\n",
	} {
		in, err := source.NewInput(name, strings.NewReader(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := told("csv", in, new(source.Options)); err == nil || !strings.Contains(err.Error(), "mapping") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
