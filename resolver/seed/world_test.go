package seed_test

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"onoma/resolver"
	"onoma/resolver/fact"
	"onoma/resolver/seed"
)

// TestWorld asks the embedded table the questions of testdata/world.txt.
func TestWorld(t *testing.T) {
	x, err := seed.Index()
	if err != nil {
		t.Fatal(err)
	}
	table := resolver.NewTable(x, 1, time.Time{}, nil)
	f, err := os.Open("testdata/world.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	asked := 0
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		question, want, ok := strings.Cut(line, "=>")
		if !ok {
			t.Fatalf("line %d has no =>", number)
		}
		asked++
		q := parseQuestion(t, number, question)
		var a resolver.Answer
		table.Resolve(&q, &a)
		if problem := check(&a, strings.Fields(want)); problem != "" {
			t.Errorf("world.txt:%d: %s\n\t%s, got %s", number, line, problem, describe(&a))
		}
	}
	if asked < 100 {
		t.Errorf("only %d questions", asked)
	}
}

func parseQuestion(t *testing.T, number int, question string) resolver.Query {
	t.Helper()
	name, options, _ := strings.Cut(question, "|")
	q := resolver.Query{Name: strings.TrimSpace(name)}
	for _, option := range strings.Fields(options) {
		key, value, _ := strings.Cut(option, "=")
		var err error
		switch key {
		case "as_of":
			q.AsOf, err = fact.ParseDate(value)
		case "country":
			q.Countries = append(q.Countries, value)
		case "kinds":
			var k fact.Kind
			k, err = fact.ParseKind(value)
			q.Kinds |= resolver.Kinds(k)
		case "reading":
			i := slices.Index([]string{"AUTO", "LITERAL", "METONYMIC", "DEMONYMIC", "TITULAR"}, value)
			if i < 0 {
				t.Fatalf("line %d: no reading %q", number, value)
			}
			q.Reading = resolver.Reading(i)
		default:
			t.Fatalf("line %d: no option %q", number, key)
		}
		if err != nil {
			t.Fatalf("line %d: %v", number, err)
		}
	}
	return q
}

// check compares an answer with the words of an expectation and says what
// differs.
func check(a *resolver.Answer, want []string) string {
	mode := "first"
	for i, word := range want {
		switch {
		case word == "of" || word == "+" || word == "-":
			mode = word
		case mode == "+" && !answers(a, word):
			return word + " is not a candidate"
		case mode == "-" && answers(a, word):
			return word + " is a candidate"
		case mode == "+" || mode == "-":
		case i == 0:
			if a.Outcome.String() != word {
				return "the outcome is not " + word
			}
		case len(a.Candidates) == 0:
			return "there is no candidate"
		default:
			c := a.Candidates[0]
			had := []string{c.Entity.ID(), c.Reading.String(), c.NameRole.String(), c.Sector.String()}
			if mode == "of" {
				mode, had = "first", []string{""}
				if c.Literal.Valid() {
					had[0] = c.Literal.ID()
				}
			}
			if !slices.Contains(had, word) {
				return "the first candidate is not " + word
			}
		}
	}
	return ""
}

func answers(a *resolver.Answer, id string) bool {
	return slices.ContainsFunc(a.Candidates, func(c resolver.Candidate) bool { return c.Entity.ID() == id })
}

func describe(a *resolver.Answer) string {
	s := a.Outcome.String()
	for _, c := range a.Candidates {
		s += fmt.Sprintf("; %.2f %s %s %s %s %s", c.Score, c.Entity.ID(), c.Entity.Canonical(), c.Reading, c.NameRole, c.Method)
		if c.Literal.Valid() {
			s += " of " + c.Literal.ID()
		}
	}
	return s
}
