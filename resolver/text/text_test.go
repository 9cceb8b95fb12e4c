package text_test

import (
	"os"
	"sync"
	"testing"
	"time"

	"onoma/resolver"
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
		leastDocs, leastMentions, leastLanguages = 40, 600, 12
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
