package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"onoma/resolver/name"
)

func readCSV(path string) ([][]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[1:], nil
}

// bench compares the pairs of name_bench: the best F1 at one threshold, and the
// area under the ROC curve.
func (e *evaluation) bench() error {
	rows, err := readCSV(filepath.Join(e.dir, "name_bench.csv"))
	if err != nil {
		return err
	}
	type scored struct {
		score float64
		match bool
		text  string
	}
	var all []scored
	var c name.Comparer
	var q, n name.Form
	positives := 0
	for _, row := range rows {
		q.Prepare(row[2])
		n.Prepare(row[3])
		got := c.Compare(&q, &n)
		match := row[4] == "true"
		if match {
			positives++
		}
		all = append(all, scored{got.Score(), match, fmt.Sprintf("%v %.2f %s ~ %s  %+v", match, got.Score(), row[2], row[3], got)})
	}
	slices.SortFunc(all, func(a, b scored) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return 0
	})
	best, at, right, area := 0.0, 0.0, 0, 0
	for i, s := range all {
		if s.match {
			right++
		} else {
			area += right
		}
		if f := 2 * float64(right) / float64(i+1+positives); f > best {
			best, at = f, s.score
		}
	}
	fmt.Fprintf(e.out, "pairs %d, best F1 %.3f at %.2f, AUC %.3f\n", len(all), best, at, float64(area)/float64(positives*(len(all)-positives)))
	for _, s := range all {
		if e.miss > 0 && s.match != (s.score >= at) {
			fmt.Fprintln(e.out, "   ", s.text)
		}
	}
	return nil
}
