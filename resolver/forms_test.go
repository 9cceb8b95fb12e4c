package resolver_test

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"onoma/resolver"
	"onoma/resolver/seed"
)

// formsFloor is the least share of the forms of testdata/forms.txt, in per cent,
// that the built-in table answers as it answers their nominative.
const formsFloor = 98

// TestForms asks the built-in table for names as languages inflect them and join
// particles to them, mostly without saying the language. A form is right when it is answered
// as its nominative is: the same outcome, the same entity first. No form may be
// RESOLVED to another entity.
func TestForms(t *testing.T) {
	x, err := seed.Index()
	if err != nil {
		t.Fatal(err)
	}
	table := resolver.NewTable(x, 1, time.Time{}, nil)
	all, byLikeness := formsCount{language: "all"}, 0
	for _, section := range readForms(t, "testdata/forms.txt") {
		count := formsCount{language: section.language}
		for _, w := range section.words {
			base := resolve(table, w.nominative)
			if len(base.Candidates) == 0 || base.Candidates[0].Entity.ID() != w.id || base.Candidates[0].Method > resolver.Normalized {
				t.Errorf("%s: %q is not %s by its own letters:\n%s", section.language, w.nominative, w.id, format(base))
				continue
			}
			for _, form := range w.forms {
				count.forms++
				var a resolver.Answer
				table.Resolve(&resolver.Query{Name: form, Language: section.said}, &a)
				same := len(a.Candidates) > 0 && a.Candidates[0].Entity.ID() == w.id
				switch {
				case same && a.Outcome == base.Outcome:
					count.right++
					if a.Candidates[0].Method > resolver.Inflected {
						byLikeness++
						t.Logf("%s: %q, of %q, by likeness: %s", section.language, form, w.nominative, a.Candidates[0].Method)
					}
				case a.Outcome == resolver.Resolved && !same:
					t.Errorf("%s: %q, of %q:\n%s", section.language, form, w.nominative, format(&a))
				default:
					t.Logf("%s: %q, of %q: %s", section.language, form, w.nominative, strings.Join(strings.Split(strings.TrimSpace(format(&a)), "\n"), " | "))
				}
			}
		}
		t.Log(count)
		all.forms, all.right = all.forms+count.forms, all.right+count.right
	}
	t.Logf("%s; %d of these by likeness", all, byLikeness)
	if all.forms < 1000 || all.right*100 < all.forms*formsFloor {
		t.Errorf("%s, want %d %% of 1000 at least", all, formsFloor)
	}
}

type formsCount struct {
	language     string
	forms, right int
}

func (c formsCount) String() string {
	return fmt.Sprintf("%s: %d of %d forms, %.1f %%", c.language, c.right, c.forms, 100*float64(c.right)/float64(max(1, c.forms)))
}

type (
	formsSection struct {
		language, said string // the latter if the queries say it
		words          []formsOf
	}
	formsOf struct {
		id, nominative string
		forms          []string
	}
)

// readForms reads lines of "ID nominative: form, form" under "language TAG"
// and "language TAG said" lines.
func readForms(t *testing.T, path string) (sections []formsSection) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		if language, ok := strings.CutPrefix(line, "language "); ok {
			section := formsSection{language: language}
			if tag, ok := strings.CutSuffix(language, " said"); ok {
				section.said = tag
			}
			sections = append(sections, section)
			continue
		}
		head, forms, _ := strings.Cut(line, ": ")
		id, nominative, ok := strings.Cut(head, " ")
		if !ok || forms == "" || len(sections) == 0 {
			t.Fatalf("%s:%d: %q is not \"ID nominative: forms\"", path, number, line)
		}
		last := &sections[len(sections)-1]
		last.words = append(last.words, formsOf{id, nominative, strings.Split(forms, ", ")})
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return sections
}
