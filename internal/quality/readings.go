package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"onoma/resolver"
	"onoma/resolver/seed"
	"onoma/resolver/text"
	"onoma/resolver/text/annotated"
	"onoma/resolver/text/learn"
)

// ownTexts are the project's own texts, from its root.
const ownTexts = "resolver/text/testdata"

// seedAnnotator is over the embedded table.
func seedAnnotator() (*text.Annotator, error) {
	s, err := seed.Open()
	if err != nil {
		return nil, err
	}
	x, err := seed.Index()
	if err != nil {
		return nil, err
	}
	return text.New(resolver.NewTable(x, 1, time.Time{}, nil), text.NewLexicon(s.Offices())), nil
}

// readings measures literal against metonymic by cross-validation: each name is
// read with weights that were fitted without its sentence or text, several times.
func readings(_ context.Context, dir string, r *result) error {
	if r.fit != nil {
		return nil // no queries to fit odds to
	}
	a, err := seedAnnotator()
	if err != nil {
		return err
	}
	f, err := os.Open(filepath.Join(dir, "readings_train.tsv"))
	if err != nil {
		return err
	}
	defer f.Close()
	examples, err := learn.ReadSet(a, f)
	if err != nil {
		return err
	}
	own, err := learn.ReadOwn(a, os.DirFS(filepath.Join(ownTexts, "annotated")), learn.OwnWeight)
	if err != nil {
		return err
	}
	tallies, _ := learn.CrossValidate(append(examples, own...), learn.Penalty, nil)
	tallies["own"] = learn.Own(tallies)
	r.note("| | names | right |\n|---|--:|--:|")
	for _, group := range slices.SortedFunc(maps.Keys(tallies), func(x, y string) int {
		return cmp.Or(cmp.Compare(tallies[y].All, tallies[x].All), cmp.Compare(x, y))
	}) {
		r.note("| %s | %d | %.1f |", group, tallies[group].All/learn.Splits, 100*tallies[group].Share())
	}
	return nil
}

// annotatedTexts measures the project's own texts: mentions with span and ID,
// readings, and mentions where there are none.
func annotatedTexts(_ context.Context, _ string, r *result) error {
	if r.fit != nil {
		return nil // no queries to fit odds to
	}
	a, err := seedAnnotator()
	if err != nil {
		return err
	}
	documents, err := annotated.Read(os.DirFS(filepath.Join(ownTexts, "annotated")))
	if err != nil {
		return err
	}
	scores := map[string]*annotated.Score{whole: {}}
	for i := range documents {
		d := &documents[i]
		if scores[d.Language] == nil {
			scores[d.Language] = new(annotated.Score)
		}
		for _, s := range []*annotated.Score{scores[d.Language], scores[whole]} {
			if err := s.Add(a, d); err != nil {
				return err
			}
		}
	}
	r.note("| | texts | mentions | F1 | readings | right |\n|---|--:|--:|--:|--:|--:|")
	for _, group := range slices.SortedFunc(maps.Keys(scores), func(x, y string) int {
		return cmp.Or(cmp.Compare(scores[y].Want, scores[x].Want), cmp.Compare(x, y))
	}) {
		s := scores[group]
		r.note("| %s | %d | %d | %.3f | %d | %.1f |", group, s.Documents, s.Want, s.F1(), s.Readings, 100*s.Accuracy())
	}
	paths, err := filepath.Glob(filepath.Join(ownTexts, "nameless", "*.txt"))
	if err != nil {
		return err
	}
	words, mentions := 0, 0
	var out text.Annotation
	for _, path := range paths {
		file, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for part := range strings.SplitSeq(string(file), "\n\n") {
			words += len(strings.Fields(part))
			a.Annotate(&text.Document{Text: part}, &out)
			mentions += len(out.Mentions)
		}
	}
	r.note("\n%d words of poems, recipes, logs and code without names: %.2f mentions in 2,000 words.", words, float64(mentions)*2000/float64(max(1, words)))
	for _, miss := range scores[whole].Misses[:min(len(scores[whole].Misses), r.maxMisses)] {
		fmt.Fprintln(os.Stderr, " ", miss)
	}
	return nil
}
