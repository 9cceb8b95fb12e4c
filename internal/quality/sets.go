package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"onoma/internal/server"
	"onoma/resolver"
	"onoma/resolver/fact"
	"onoma/resolver/index"

	onomav1 "onoma/proto/onoma/v1"
)

// set is one way to measure.
type set struct {
	name    string
	measure func(ctx context.Context, dir string, r *result) error
}

var sets = []set{
	{"person_names", named("person_kb.tsv", "person_names.tsv", fact.Person)},
	{"place_names", named("place_kb.tsv", "place_names.tsv", fact.Place)},
	{"name_bench", nameBench},
	{"spelling_ukraine", spellingUkraine},
	{"transliteration", transliteration},
	{"russian_inflected", russianInflected},
	{"mangled_names", mangledNames},
	{"ofac_aliases", ofacAliases},
	{"negatives", negatives},
	{"readings", readings},
	{"annotated", annotatedTexts},
}

// table is a knowledge base with what a client asks it.
type table struct {
	builder index.Builder
	table   *resolver.Table
	ask     *server.InProcess
}

// add adds one name of an entity. Entities may come in several rows.
func (t *table) add(id, text string, kind fact.Kind) {
	t.builder.Add(fact.Entity{ID: id, Kind: kind, Canonical: text, Names: []fact.Name{{Text: text, Kind: fact.Primary, Source: "set"}}})
}

func (t *table) open() error {
	x, err := t.builder.Build()
	if err != nil {
		return err
	}
	t.table = resolver.NewTable(x, 1, time.Time{}, nil)
	t.ask = server.NewInProcess(resolver.New(t.table))
	return nil
}

// query asks for one name and records the answer under the groups. want is the
// right ID, "" when there is none.
func (t *table) query(ctx context.Context, r *result, text, want string, groups ...string) error {
	if r.leftOut() {
		return nil
	}
	if r.fit != nil {
		r.fit.collect(t.table, text, want)
		return nil
	}
	request := &onomav1.BatchResolveRequest{Queries: []*onomav1.Query{{Name: text}}}
	start := time.Now()
	response, err := t.ask.BatchResolve(ctx, request)
	took := time.Since(start)
	if err != nil {
		return err
	}
	if failure := response.Items[0].GetError(); failure != nil {
		return fmt.Errorf("query %q: %s", text, failure.Message)
	}
	r.add(text, want, response.Items[0].GetResult(), took, groups)
	return nil
}

// named measures names in many languages against one English name an entity.
func named(kb, names string, kind fact.Kind) func(context.Context, string, *result) error {
	return func(ctx context.Context, dir string, r *result) error {
		var t table
		if err := rows(dir, kb, func(row map[string]string) error {
			t.add(row["id"], row["name_en"], kind)
			return nil
		}); err != nil {
			return err
		}
		if err := t.open(); err != nil {
			return err
		}
		return rows(dir, names, func(row map[string]string) error {
			group := row["script"]
			if group == "" {
				group = scriptOf(row["name"])
			}
			return t.query(ctx, r, row["name"], row["id"], group)
		})
	}
}

func spellingUkraine(ctx context.Context, dir string, r *result) error {
	var t table
	added := map[string]bool{}
	if err := rows(dir, "spelling_ukraine.tsv", func(row map[string]string) error {
		if !added[row["entity"]] {
			added[row["entity"]] = true
			kind := fact.Place
			if row["category"] == "Person" {
				kind = fact.Person
			}
			t.add(row["entity"], row["canonical"], kind)
		}
		return nil
	}); err != nil {
		return err
	}
	if err := t.open(); err != nil {
		return err
	}
	return rows(dir, "spelling_ukraine.tsv", func(row map[string]string) error {
		if kind := row["kind"]; kind == "source" || kind == "incorrect" {
			return t.query(ctx, r, row["variant"], row["entity"], kind)
		}
		return nil
	})
}

// transliteration loads the Latin side of each script and asks for the native.
func transliteration(ctx context.Context, dir string, r *result) error {
	tables := map[string]*table{}
	if err := rows(dir, "transliteration.tsv", func(row map[string]string) error {
		t := tables[row["script"]]
		if t == nil {
			t = new(table)
			tables[row["script"]] = t
		}
		t.add(row["latin"], row["latin"], fact.Person)
		return nil
	}); err != nil {
		return err
	}
	for _, t := range tables {
		if err := t.open(); err != nil {
			return err
		}
	}
	r.tenCandidates = true
	return rows(dir, "transliteration.tsv", func(row map[string]string) error {
		if r.leftOut() {
			return nil
		}
		t := tables[row["script"]]
		if r.fit != nil {
			r.fit.collect(t.table, row["native"], row["latin"])
			return nil
		}
		request := &onomav1.BatchResolveRequest{Queries: []*onomav1.Query{{Name: row["native"], Limit: 10}}}
		start := time.Now()
		response, err := t.ask.BatchResolve(ctx, request)
		if err != nil {
			return err
		}
		r.add(row["native"], row["latin"], response.Items[0].GetResult(), time.Since(start), []string{row["script"]})
		return nil
	})
}

func russianInflected(ctx context.Context, dir string, r *result) error {
	var t table
	added := map[string]bool{}
	if err := rows(dir, "russian_inflected.tsv", func(row map[string]string) error {
		if key := row["id"] + "\t" + row["wd_label"]; row["wd_label"] != "" && !added[key] {
			added[key] = true
			t.add(row["id"], row["wd_label"], fact.Other)
		}
		return nil
	}); err != nil {
		return err
	}
	if err := t.open(); err != nil {
		return err
	}
	return rows(dir, "russian_inflected.tsv", func(row map[string]string) error {
		if !isFormOf(row["name"], row["wd_label"]) {
			return nil
		}
		return t.query(ctx, r, row["name"], row["id"], "forms")
	})
}

// isFormOf reports whether name is an inflected form of label and not label
// itself: as many words, each with the beginning of the label's, at most two
// letters of which and at most three of its own end it. That leaves out what is
// derived and not inflected: "канадская" is no form of "Канада".
func isFormOf(name, label string) bool {
	n, l := strings.Fields(strings.ToLower(name)), strings.Fields(strings.ToLower(label))
	if len(n) == 0 || len(n) != len(l) || name == label {
		return false
	}
	for i := range n {
		a, b := []rune(n[i]), []rune(l[i])
		same := 0
		for same < min(len(a), len(b)) && a[same] == b[same] {
			same++
		}
		if same < 3 && same < len(b) || len(b)-same > 2 || len(a)-same > 3 {
			return false
		}
	}
	return true
}

func mangledNames(ctx context.Context, dir string, r *result) error {
	var t table
	if err := addOFAC(dir, &t); err != nil {
		return err
	}
	if err := rows(dir, "mangled_names.tsv", func(row map[string]string) error {
		t.add("mangled:"+row["canonical"], row["canonical"], fact.Person)
		return nil
	}); err != nil {
		return err
	}
	if err := t.open(); err != nil {
		return err
	}
	return rows(dir, "mangled_names.tsv", func(row map[string]string) error {
		return t.query(ctx, r, row["mangled"], "mangled:"+row["canonical"], "changed "+row["changed"])
	})
}

func addOFAC(dir string, t *table) error {
	return rows(dir, "ofac_aliases.tsv", func(row map[string]string) error {
		if row["kind"] == "primary" {
			kind := fact.Organization
			if row["entity_type"] == "individual" {
				kind = fact.Person
			}
			t.add(row["id"], row["name"], kind)
		}
		return nil
	})
}

func ofacAliases(ctx context.Context, dir string, r *result) error {
	var t table
	if err := addOFAC(dir, &t); err != nil {
		return err
	}
	if err := t.open(); err != nil {
		return err
	}
	return rows(dir, "ofac_aliases.tsv", func(row map[string]string) error {
		if row["kind"] != "aka" {
			return nil
		}
		return t.query(ctx, r, row["name"], row["id"], row["entity_type"])
	})
}

func negatives(ctx context.Context, dir string, r *result) error {
	var t table
	if err := addOFAC(dir, &t); err != nil {
		return err
	}
	if err := t.open(); err != nil {
		return err
	}
	for _, file := range []string{"negatives_us_1000.csv", "negatives_global_1000.csv"} {
		if err := rows(dir, file, func(row map[string]string) error {
			return t.query(ctx, r, row["full_name"], "", strings.TrimSuffix(file, "_1000.csv"))
		}); err != nil {
			return err
		}
	}
	return nil
}

// nameBench scores pairs: the second name alone in a table, the first asked for.
func nameBench(ctx context.Context, dir string, r *result) error {
	return rows(dir, "name_bench.csv", func(row map[string]string) error {
		if r.leftOut() {
			return nil
		}
		var t table
		kind := fact.Organization
		switch row["schema"] {
		case "Person":
			kind = fact.Person
		case "Vessel", "Address":
			kind = fact.Other
		}
		t.add("1", row["name2"], kind)
		if err := t.open(); err != nil {
			return err
		}
		if r.fit != nil {
			want := ""
			if row["is_match"] == "true" {
				want = "1"
			}
			r.fit.collect(t.table, row["name1"], want)
			return nil
		}
		response, err := t.ask.BatchResolve(ctx, &onomav1.BatchResolveRequest{Queries: []*onomav1.Query{{Name: row["name1"]}}})
		if err != nil {
			return err
		}
		score := 0.0
		if c := response.Items[0].GetResult().GetCandidates(); len(c) > 0 {
			score = c[0].Score
		}
		r.addPair(row["name1"]+" / "+row["name2"], score, row["is_match"] == "true", row["case_group"])
		return nil
	})
}

// rows calls do with each row of a file with a header line.
func rows(dir, file string, do func(row map[string]string) error) error {
	f, err := os.Open(filepath.Join(dir, file))
	if err != nil {
		return err
	}
	defer f.Close()
	next := splitTabs(bufio.NewScanner(f))
	if strings.HasSuffix(file, ".csv") {
		next = csv.NewReader(f).Read
	}
	header, err := next()
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for line := 2; ; line++ {
		fields, err := next()
		if fields == nil {
			if err != nil && err.Error() != "EOF" {
				return fmt.Errorf("%s: %w", file, err)
			}
			return nil
		}
		row := make(map[string]string, len(header))
		for i, column := range header {
			if i < len(fields) {
				row[column] = fields[i]
			}
		}
		if err := do(row); err != nil {
			return fmt.Errorf("%s:%d: %w", file, line, err)
		}
	}
}

func splitTabs(lines *bufio.Scanner) func() ([]string, error) {
	return func() ([]string, error) {
		if !lines.Scan() {
			return nil, lines.Err()
		}
		return strings.Split(lines.Text(), "\t"), nil
	}
}
