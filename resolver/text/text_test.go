package text_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"onoma/resolver"
	"onoma/resolver/fact"
	"onoma/resolver/seed"
	"onoma/resolver/text"
	"onoma/resolver/text/annotated"
)

// annotator is over the embedded table.
var annotator = sync.OnceValues(func() (*text.Annotator, error) {
	s, err := seed.Open()
	if err != nil {
		return nil, err
	}
	x, err := seed.Index()
	if err != nil {
		return nil, err
	}
	return text.New(resolver.NewTable(x, 1, time.Time{}, nil), text.NewLexicon(s.Offices())), nil
})

func open(t testing.TB) *text.Annotator {
	t.Helper()
	a, err := annotator()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestAnnotated measures the annotated texts of testdata/annotated.
func TestAnnotated(t *testing.T) {
	const (
		leastF1, leastAccuracy                   = 0.95, 0.93
		leastDocs, leastMentions, leastLanguages = 100, 2000, 35
	)
	a := open(t)
	documents, err := annotated.Read(os.DirFS("testdata/annotated"))
	if err != nil {
		t.Fatal(err)
	}
	var score annotated.Score
	languages := map[string]bool{}
	for i := range documents {
		d := &documents[i]
		languages[d.Language] = true
		for _, m := range d.Mentions {
			if e, _ := a.Table().Find(m.ID); !e.Valid() {
				t.Errorf("%s: the table has no entity %s", d.Name, m.ID)
			}
		}
		if err := score.Add(a, d); err != nil {
			t.Fatal(err)
		}
	}
	if score.Documents < leastDocs || score.Want < leastMentions || len(languages) < leastLanguages {
		t.Errorf("%d documents in %d languages with %d mentions, want %d, %d and %d",
			score.Documents, len(languages), score.Want, leastDocs, leastLanguages, leastMentions)
	}
	t.Logf("%d documents, %d languages, %d mentions: F1 %.3f, readings %.3f of %d",
		score.Documents, len(languages), score.Want, score.F1(), score.Accuracy(), score.Readings)
	if score.F1() < leastF1 || score.Accuracy() < leastAccuracy || testing.Verbose() {
		for _, miss := range score.Misses {
			t.Log(miss)
		}
	}
	if score.F1() < leastF1 {
		t.Errorf("F1 %.3f is below %.2f", score.F1(), leastF1)
	}
	if score.Accuracy() < leastAccuracy {
		t.Errorf("reading accuracy %.3f is below %.2f", score.Accuracy(), leastAccuracy)
	}
}

// TestNameless holds that texts without names have next to no mentions: poems,
// recipes, logs and code, full of words that are also names.
func TestNameless(t *testing.T) {
	const mostIn2000 = 1.0
	a := open(t)
	paths, err := filepath.Glob("testdata/nameless/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no texts: %v", err)
	}
	words, mentions := 0, 0
	var out text.Annotation
	for _, path := range paths {
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		// Whole, and part by part, as other documents with other languages.
		parts := append(strings.Split(string(file), "\n\n"), string(file))
		for _, part := range parts {
			words += len(strings.Fields(part))
			a.Annotate(&text.Document{Text: part}, &out)
			mentions += len(out.Mentions)
			for _, m := range out.Mentions {
				c := &m.Candidates[0]
				t.Logf("%s (%s): %q is taken for %s (%s)", path, out.Language, part[m.Start:m.End], c.Entity.ID(), c.Entity.Canonical())
			}
		}
	}
	rate := float64(mentions) * 2000 / float64(words)
	t.Logf("%d words, %d mentions: %.2f in 2,000", words, mentions, rate)
	if rate > mostIn2000 {
		t.Errorf("%.2f false mentions in 2,000 words, want at most %.1f", rate, mostIn2000)
	}
}

func date(t testing.TB, s string) fact.Date {
	t.Helper()
	d, err := fact.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
