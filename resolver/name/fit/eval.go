package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"onoma/resolver/name"
)

// runEval measures the rules and weights on the development sets: Acc@1 as the
// top candidate whatever its score, by script, with an index in memory.
func runEval(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("eval", flag.ContinueOnError)
	dir := flags.String("dir", "", "directory of the development sets")
	only := flags.String("set", "", "measure one set; empty: all")
	half := flags.Int("half", -1, "0 even rows, 1 odd rows, -1 all")
	miss := flags.Int("miss", 0, "print that many misses of each group")
	profile := flags.String("cpuprofile", "", "write a CPU profile")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	name.Warm()
	e := evaluation{dir: *dir, half: *half, miss: *miss, out: stdout}
	for _, set := range []struct {
		name string
		run  func() error
	}{
		{"transliteration", e.transliteration}, {"person_names", e.persons}, {"place_names", e.places},
		{"spelling_ukraine", e.ukraine}, {"russian_inflected", e.russian}, {"mangled_names", e.mangled},
		{"ofac_aliases", e.ofac}, {"negatives", e.negatives}, {"name_bench", e.bench},
	} {
		if *only != "" && *only != set.name {
			continue
		}
		fmt.Fprintf(stdout, "== %s\n", set.name)
		if err := set.run(); err != nil {
			return fmt.Errorf("%s: %w", set.name, err)
		}
	}
	return nil
}

type evaluation struct {
	dir  string
	half int
	miss int
	out  io.Writer
}

func (e *evaluation) read(file string) ([][]string, error) {
	rows, _, err := readTSV(filepath.Join(e.dir, file))
	return rows, err
}

func (e *evaluation) held(i int) bool { return e.half >= 0 && i%2 != e.half }

// tally counts one group's answers.
type tally struct {
	n, first, ten, found int
	missed               []string
	scored               []scoredAnswer
}

type scoredAnswer struct {
	score float64
	right bool
	only  bool // the query has an answer in the table
}

type report struct {
	groups map[string]*tally
	took   []time.Duration
}

func newReport() *report { return &report{groups: map[string]*tally{}} }

func (r *report) add(group, query, want string, hits []hit, took time.Duration) {
	r.took = append(r.took, took)
	for _, g := range []string{group, "~all"} {
		t := r.groups[g]
		if t == nil {
			t = &tally{}
			r.groups[g] = t
		}
		t.n++
		rank := slices.IndexFunc(hits, func(h hit) bool { return h.id == want })
		if rank == 0 {
			t.first++
		}
		if rank >= 0 && rank < 10 {
			t.ten++
		}
		if rank >= 0 {
			t.found++
		}
		if len(hits) > 0 {
			t.scored = append(t.scored, scoredAnswer{hits[0].score, rank == 0, true})
		}
		if rank != 0 && g != "~all" {
			got := "nothing"
			if len(hits) > 0 {
				got = fmt.Sprintf("%s %.2f", hits[0].name, hits[0].score)
			}
			if rank > 0 {
				got += fmt.Sprintf("; right is %d at %.2f", rank+1, hits[rank].score)
			}
			t.missed = append(t.missed, fmt.Sprintf("%s, want %s, got %s", query, want, got))
		}
	}
}

// recallAt95 is the share of queries answered right at the one threshold that
// leaves 95 per cent of the answers right.
func (t *tally) recallAt95() float64 {
	slices.SortStableFunc(t.scored, func(a, b scoredAnswer) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return 0
	})
	right, best := 0, 0
	for i, s := range t.scored {
		if s.right {
			right++
		}
		if float64(right) >= 0.95*float64(i+1) && (i+1 == len(t.scored) || t.scored[i+1].score != s.score) {
			best = right
		}
	}
	return float64(best) / float64(t.n)
}

func (r *report) write(e *evaluation) {
	fmt.Fprintf(e.out, "%-14s %6s %6s %6s %6s %6s\n", "", "n", "top-1", "top10", "found", "R@P95")
	for _, g := range slices.Sorted(keysOf(r.groups)) {
		t := r.groups[g]
		n := float64(t.n) / 100
		fmt.Fprintf(e.out, "%-14s %6d %6.1f %6.1f %6.1f %6.1f\n", g, t.n, float64(t.first)/n, float64(t.ten)/n, float64(t.found)/n, 100*t.recallAt95())
		step := max(1, len(t.missed)/max(1, e.miss))
		for i := 0; i < len(t.missed) && i/step < e.miss; i += step {
			fmt.Fprintf(e.out, "    %s\n", t.missed[i])
		}
	}
	slices.Sort(r.took)
	if n := len(r.took); n > 0 {
		fmt.Fprintf(e.out, "time a query: p50 %v, p99 %v, max %v\n", r.took[n/2], r.took[n*99/100], r.took[n-1])
	}
}

func (e *evaluation) transliteration() error {
	rows, err := e.read("transliteration.tsv")
	if err != nil {
		return err
	}
	tables := map[string]*table{}
	for _, row := range rows {
		t := tables[row[2]]
		if t == nil {
			t = newTable()
			tables[row[2]] = t
		}
		t.add(row[0], row[0])
	}
	for _, t := range tables {
		t.finish()
	}
	r := newReport()
	for i, row := range rows {
		if e.held(i) || i%4 > 1 {
			continue
		}
		start := time.Now()
		hits := tables[row[2]].search(row[1])
		r.add(row[2], row[1], row[0], hits, time.Since(start))
	}
	r.write(e)
	return nil
}

func (e *evaluation) named(kb, names string) error {
	rows, err := e.read(kb)
	if err != nil {
		return err
	}
	t := newTable()
	for _, row := range rows {
		t.add(row[0], row[1])
	}
	t.finish()
	rows, err = e.read(names)
	if err != nil {
		return err
	}
	r := newReport()
	for i, row := range rows {
		if e.held(i) {
			continue
		}
		start := time.Now()
		hits := t.search(row[1])
		r.add(name.ScriptOf(row[1]).String(), row[1]+" ("+row[2]+"; "+row[len(row)-3]+")", row[0], hits, time.Since(start))
	}
	r.write(e)
	return nil
}

func (e *evaluation) persons() error { return e.named("person_kb.tsv", "person_names.tsv") }
func (e *evaluation) places() error  { return e.named("place_kb.tsv", "place_names.tsv") }

func (e *evaluation) ukraine() error {
	rows, err := e.read("spelling_ukraine.tsv")
	if err != nil {
		return err
	}
	t, r, seen := newTable(), newReport(), map[string]bool{}
	for _, row := range rows {
		if !seen[row[1]] {
			seen[row[1]] = true
			t.add(row[1], row[4])
		}
	}
	t.finish()
	for _, row := range rows {
		if row[3] == "source" || row[3] == "incorrect" {
			start := time.Now()
			r.add(row[3], row[0], row[1], t.search(row[0]), time.Since(start))
		}
	}
	r.write(e)
	return nil
}

func (e *evaluation) russian() error {
	rows, err := e.read("russian_inflected.tsv")
	if err != nil {
		return err
	}
	t, r, seen := newTable(), newReport(), map[string]bool{}
	for _, row := range rows {
		if row[4] != "" && !seen[row[0]] {
			seen[row[0]] = true
			t.add(row[0], row[4])
		}
	}
	t.finish()
	for i, row := range rows {
		if row[4] == "" || e.held(i) || !inflects(row[1], row[4]) {
			continue
		}
		start := time.Now()
		r.add("inflected", row[1]+" ("+row[4]+")", row[0], t.search(row[1]), time.Since(start))
	}
	r.write(e)
	return nil
}

// inflects reports whether two names have as many words and each begins alike:
// the rows that are forms of the label, and not other names.
func inflects(form, label string) bool {
	a, b := strings.Fields(name.Fold(form)), strings.Fields(name.Fold(label))
	if len(a) != len(b) || name.Fold(form) == name.Fold(label) {
		return false
	}
	for i := range a {
		x, y := []rune(a[i]), []rune(b[i])
		n := 0
		for n < min(len(x), len(y)) && x[n] == y[n] {
			n++
		}
		if n < min(len(x), len(y))-3 || n < 2 {
			return false
		}
	}
	return true
}

func (e *evaluation) mangled() error {
	rows, err := e.read("mangled_names.tsv")
	if err != nil {
		return err
	}
	t, r, seen := newTable(), newReport(), map[string]bool{}
	for _, row := range rows {
		if key := name.Fold(row[1]); !seen[key] {
			seen[key] = true
			t.add(row[1], row[1])
		}
	}
	t.finish()
	for i, row := range rows {
		if e.held(i) {
			continue
		}
		start := time.Now()
		r.add("mangled", row[0], row[1], t.search(row[0]), time.Since(start))
	}
	r.write(e)
	return nil
}

func (e *evaluation) ofacTable() (*table, [][]string, error) {
	rows, err := e.read("ofac_aliases.tsv")
	if err != nil {
		return nil, nil, err
	}
	t := newTable()
	for _, row := range rows {
		if row[3] == "primary" {
			t.add(row[0], row[1])
		}
	}
	t.finish()
	return t, rows, nil
}

func (e *evaluation) ofac() error {
	t, rows, err := e.ofacTable()
	if err != nil {
		return err
	}
	r := newReport()
	for i, row := range rows {
		if row[3] == "primary" || e.held(i) {
			continue
		}
		start := time.Now()
		r.add(row[4], row[1], row[0], t.search(row[1]), time.Since(start))
	}
	r.write(e)
	return nil
}

func (e *evaluation) negatives() error {
	t, _, err := e.ofacTable()
	if err != nil {
		return err
	}
	for _, file := range []string{"negatives_global_1000.csv", "negatives_us_1000.csv"} {
		rows, err := readCSV(filepath.Join(e.dir, file))
		if err != nil {
			return err
		}
		var scores []float64
		var lines []string
		for _, row := range rows {
			if hits := t.search(row[0]); len(hits) > 0 {
				scores = append(scores, hits[0].score)
				if hits[0].score > 0.8 {
					lines = append(lines, fmt.Sprintf("    %.2f %s ~ %s", hits[0].score, row[0], hits[0].name))
				}
			}
		}
		slices.Sort(scores)
		slices.Sort(lines)
		slices.Reverse(lines)
		fmt.Fprintf(e.out, "%s: %d rows; best scores: ", file, len(rows))
		for _, k := range []int{1, 2, 5, 10, 50, 100} {
			if k <= len(scores) {
				fmt.Fprintf(e.out, "%d: %.2f  ", k, scores[len(scores)-k])
			}
		}
		fmt.Fprintln(e.out)
		for i := 0; i < min(e.miss, len(lines)); i++ {
			fmt.Fprintln(e.out, lines[i])
		}
	}
	return nil
}
