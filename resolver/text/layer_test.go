package text_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"onoma/resolver"
	"onoma/resolver/fact"
	"onoma/resolver/index"
	"onoma/resolver/seed"
	"onoma/resolver/text"
	"onoma/resolver/text/annotated"
)

// TestLayersAnnotateAsFreshBuild holds annotators of layered tables against those of
// tables built anew. The tables are the built-in one and another, in which what the
// texts speak of, and as much again, is missing, called otherwise or somebody else;
// each is made of the other by a layer.
func TestLayersAnnotateAsFreshBuild(t *testing.T) {
	documents, err := annotated.Read(os.DirFS("testdata/annotated"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := seed.Open()
	if err != nil {
		t.Fatal(err)
	}
	spoken := make(map[string]bool)
	for i := range documents {
		for _, m := range documents[i].Mentions {
			spoken[m.ID] = true
		}
	}
	r := rand.New(rand.NewPCG(3, 1))
	var other index.Builder
	var there, back index.Changes // from the built-in table to the other, and back
	last := fact.Entity{Names: []fact.Name{{Text: "Nobody", Kind: fact.Primary}}}
	for e := range s.Entities() {
		real := e
		if one := r.IntN(200) == 0; one || spoken[e.ID] && r.IntN(2) == 0 {
			switch r.IntN(3) {
			case 0:
				e = fact.Entity{ID: e.ID}
			case 1:
				e.Names, e.Canonical = last.Names, last.Names[0].Text
			case 2:
				e.Kind, e.Relations, e.Roles = fact.Person, nil, nil
			}
			there.Entities, back.Entities = append(there.Entities, e), append(back.Entities, real)
		}
		if len(real.Names) > 0 {
			last = real
		}
		if e.Kind != fact.KindUnspecified {
			other.Add(e)
		}
	}
	for p := range s.Positions() {
		real := p
		if r.IntN(4) == 0 {
			p.Office, p.Titles = "", nil
			there.Positions, back.Positions = append(there.Positions, p), append(back.Positions, real)
		}
		other.AddPosition(p)
	}
	otherIndex, err := other.Build()
	if err != nil {
		t.Fatal(err)
	}
	builtIn := open(t)
	otherOne := text.New(resolver.NewTable(otherIndex, 1, time.Time{}, nil), text.NewLexicon(s.Offices()))
	for _, c := range []struct {
		what        string
		base, fresh *text.Annotator
		changes     index.Changes
	}{
		{"away from the built-in table", builtIn, otherOne, there},
		{"back to the built-in table", otherOne, builtIn, back},
	} {
		x, err := c.base.Table().Index().With(c.changes)
		if err != nil {
			t.Fatal(err)
		}
		layered := c.base.Next(resolver.NewTable(x, 1, time.Time{}, nil))
		differ := 0
		for i := range documents {
			d := &text.Document{Text: documents[i].Text, Nested: true}
			if got, want := annotation(layered, d), annotation(c.fresh, d); got != want {
				t.Errorf("%s, %s: with a layer\n%s\nbuilt anew\n%s", c.what, documents[i].Name, got, want)
			}
			if annotation(c.base, d) != annotation(c.fresh, d) {
				differ++
			}
		}
		if differ < len(documents)/4 {
			t.Errorf("%s: only %d of %d documents read otherwise: the test shows little", c.what, differ, len(documents))
		}
	}
}

func annotation(a *text.Annotator, d *text.Document) string {
	var out text.Annotation
	a.Annotate(d, &out)
	var b strings.Builder
	fmt.Fprintln(&b, out.Language)
	for _, m := range out.Mentions {
		fmt.Fprintf(&b, "%q %s", d.Text[m.Start:m.End], m.Outcome)
		for _, c := range m.Candidates {
			fmt.Fprintf(&b, " %s %s %s %.4f", c.Entity.ID(), c.NameRole, c.Method, c.Score)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
