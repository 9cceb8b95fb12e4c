package resolver_test

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"onoma/resolver"
	"onoma/resolver/fact"
	"onoma/resolver/index"
)

var update = flag.Bool("update", false, "write the answers of testdata/*.txt anew")

// TestResolve runs the queries of testdata/resolve.txt over testdata/table.txt.
func TestResolve(t *testing.T) {
	const file = "testdata/resolve.txt"
	table := resolver.NewTable(readTable(t, "testdata/table.txt"), 1, time.Time{}, nil)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for i, block := range strings.Split(strings.TrimRight(string(text), "\n")+"\n", "\n\n") {
		head, want, found := strings.Cut(block+"\n", "----\n")
		if !found {
			out.WriteString(strings.TrimRight(block, "\n") + "\n\n")
			continue
		}
		lines := strings.Split(strings.TrimSpace(head), "\n")
		q := parseQuery(t, strings.TrimPrefix(lines[len(lines)-1], "resolve "))
		var a resolver.Answer
		table.Resolve(&q, &a)
		got := format(&a)
		if got != strings.TrimRight(want, "\n")+"\n" && !*update {
			t.Errorf("%s, block %d: %s\ngot\n%swant\n%s", file, i+1, lines[len(lines)-1], got, want)
		}
		out.WriteString(head + "----\n" + got + "\n")
	}
	if *update {
		if err := os.WriteFile(file, []byte(strings.TrimRight(out.String(), "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func format(a *resolver.Answer) string {
	var b strings.Builder
	fmt.Fprintln(&b, a.Outcome)
	for _, c := range a.Candidates {
		fmt.Fprintf(&b, "  %.2f %s %s  %s %s %s", c.Score, c.Entity.ID(), c.Entity.Canonical(), c.NameRole, c.Reading, c.Method)
		if c.Sector != 0 {
			fmt.Fprintf(&b, " %s", c.Sector)
		}
		if c.Literal.Valid() {
			fmt.Fprintf(&b, " of %s", c.Literal.ID())
		}
		b.WriteByte('\n')
	}
	if more := a.Total - len(a.Candidates); more > 0 {
		fmt.Fprintf(&b, "  and %d more\n", more)
	}
	return b.String()
}

// parseQuery reads "NAME [option=value …]".
func parseQuery(t *testing.T, line string) (q resolver.Query) {
	t.Helper()
	words := strings.Split(line, " ")
	var name []string
	option, options := "", map[string]string{}
	for _, w := range words {
		key, value, isOption := strings.Cut(w, "=")
		switch {
		case isOption:
			option = key
			options[key] = value
		case option != "":
			options[option] += " " + w
		default:
			name = append(name, w)
		}
	}
	q.Name = strings.Join(name, " ")
	for key, value := range options {
		var err error
		switch key {
		case "kinds":
			var k fact.Kind
			k, err = fact.ParseKind(value)
			q.Kinds = resolver.Kinds(k)
		case "countries":
			q.Countries = strings.Split(value, ",")
		case "co_mentions":
			q.CoMentions = strings.Split(value, ",")
		case "language":
			q.Language = value
		case "as_of":
			q.AsOf, err = fact.ParseDate(value)
		case "limit":
			q.Limit, err = strconv.Atoi(value)
		case "min_score":
			var f float64
			f, err = strconv.ParseFloat(value, 64)
			q.MinScore = &f
		case "reading":
			q.Reading = map[string]resolver.Reading{"literal": resolver.Literal, "metonymic": resolver.Metonymic, "demonymic": resolver.Demonymic}[value]
		default:
			t.Fatalf("unknown option %q", key)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return q
}

// readTable reads the format that testdata/table.txt describes.
func readTable(t testing.TB, file string) *index.Index {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var b index.Builder
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := lines.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		head, rest, _ := strings.Cut(line, " | ")
		if words := strings.Fields(head); words[1] == "POSITION" {
			b.AddPosition(fact.Position{ID: words[0], Office: strings.Trim(words[2], "-"), Jurisdiction: words[3]})
			continue
		}
		e := parseEntity(t, head)
		for part := range strings.SplitSeq(rest, " | ") {
			addPart(t, &e, part)
		}
		b.Add(e)
	}
	x, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func parseEntity(t testing.TB, head string) fact.Entity {
	words := strings.SplitN(head, " ", 4)
	kind, err := fact.ParseKind(words[1])
	if err != nil {
		t.Fatal(err)
	}
	prominence, err := strconv.ParseFloat(words[2], 64)
	if err != nil {
		t.Fatal(err)
	}
	return fact.Entity{ID: words[0], Kind: kind, Prominence: prominence, Canonical: words[3]}
}

func addPart(t testing.TB, e *fact.Entity, part string) {
	t.Helper()
	var from, to fact.Date
	date := func(s string) string {
		before, span, dated := strings.Cut(s, "@")
		if dated {
			a, b, _ := strings.Cut(span, "..")
			var errA, errB error
			from, errA = fact.ParseDate(a)
			to, errB = fact.ParseDate(b)
			if errA != nil || errB != nil {
				t.Fatal(errA, errB)
			}
		}
		return strings.TrimSpace(before)
	}
	switch part[0] {
	case '>':
		words := strings.Fields(date(part[1:]))
		r := fact.Relation{Target: words[1], From: from, To: to}
		r.Type, _ = fact.ParseRelationType(words[0])
		if len(words) > 2 {
			r.Sector, _ = fact.ParseSector(words[2])
		}
		e.Relations = append(e.Relations, r)
	case '+':
		e.Roles = append(e.Roles, fact.Role{Position: date(part[1:]), From: from, To: to})
	default:
		tag, texts, _ := strings.Cut(part, " ")
		language, kindWord, hasKind := strings.Cut(date(tag), "/")
		kind := fact.Alias
		if hasKind {
			var err error
			if kind, err = fact.ParseNameKind(kindWord); err != nil {
				t.Fatal(err)
			}
		}
		for text := range strings.SplitSeq(texts, " ; ") {
			e.Names = append(e.Names, fact.Name{Text: text, Language: language, Kind: kind, Source: "test", From: from, To: to})
		}
	}
}

// TestAnswersDoNotDependOnLimitOrReuse holds that the limit changes neither
// outcome nor scores, and that a used Answer answers like a new one.
func TestAnswersDoNotDependOnLimitOrReuse(t *testing.T) {
	table := resolver.NewTable(readTable(t, "testdata/table.txt"), 1, time.Time{}, nil)
	names := []string{"Washington", "Korea", "Kim", "Sullivan", "Georgia", "Mosca", "us", "US", "nobody", "Paris", "Brussels", "la Casa Bianca"}
	var used resolver.Answer
	rapid.Check(t, func(t *rapid.T) {
		q := resolver.Query{
			Name:     rapid.SampledFrom(names).Draw(t, "name"),
			Kinds:    resolver.KindSet(rapid.SampledFrom([]int{0, 0, 1 << fact.Country, 1 << fact.Place, 1<<fact.Person | 1<<fact.Region}).Draw(t, "kinds")),
			AsOf:     fact.Date(rapid.SampledFrom([]int{0, 2024 << 9, 1975 << 9}).Draw(t, "as_of")),
			Reading:  resolver.Reading(rapid.IntRange(0, 3).Draw(t, "reading")),
			Language: rapid.SampledFrom([]string{"", "en", "it-IT"}).Draw(t, "language"),
		}
		var whole, cut resolver.Answer
		q.Limit = 1000
		table.Resolve(&q, &whole)
		q.Limit = rapid.IntRange(1, 4).Draw(t, "limit")
		table.Resolve(&q, &cut)
		table.Resolve(&q, &used)
		if len(cut.Candidates) != min(q.Limit, whole.Total) || cut.Total != whole.Total {
			t.Fatalf("limit %d gave %d of %d", q.Limit, len(cut.Candidates), cut.Total)
		}
		if cut.Outcome != whole.Outcome || !slices.Equal(cut.Candidates, whole.Candidates[:len(cut.Candidates)]) {
			t.Fatalf("limit %d changed the answer to %q:\n%s%s", q.Limit, q.Name, format(&cut), format(&whole))
		}
		if used.Outcome != cut.Outcome || !slices.Equal(used.Candidates, cut.Candidates) {
			t.Fatalf("a used Answer differs for %q", q.Name)
		}
		sum := 0.0
		for _, c := range whole.Candidates {
			sum += c.Score
		}
		if sum > 1+1e-9 {
			t.Fatalf("scores of %q add up to %f", q.Name, sum)
		}
	})
}

// TestPublishWhileResolving holds that readers never see a half-made table.
func TestPublishWhileResolving(t *testing.T) {
	x := readTable(t, "testdata/table.txt")
	r := resolver.New(resolver.NewTable(x, 1, time.Time{}, nil))
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			var a resolver.Answer
			last := uint64(0)
			for range 2000 {
				r.Resolve(&resolver.Query{Name: "Mosca"}, &a)
				if a.Outcome != resolver.Resolved || a.Candidates[0].Entity.ID() != "Q159" || a.Version < last {
					t.Errorf("version %d after %d: %s", a.Version, last, format(&a))
					return
				}
				last = a.Version
			}
		})
	}
	for version := range uint64(500) {
		r.Publish(resolver.NewTable(x, version+2, time.Time{}, nil))
	}
	wait.Wait()
}

func TestOverrides(t *testing.T) {
	x := readTable(t, "testdata/table.txt")
	table := resolver.NewTable(x, 1, time.Time{}, []fact.Override{
		{Name: "the Boss", Entity: "Q7"},
		{Name: "paris", Entity: "Q90", Deny: true},
		{Name: "Georgia", Entity: "Q1428"},
	})
	for _, test := range []struct{ name, want string }{
		{"the boss", "RESOLVED\n  1.00 Q7 Kim Min-a  ALIAS LITERAL PINNED\n"},
		{"Georgia", "RESOLVED\n  1.00 Q1428 Georgia  ALIAS LITERAL PINNED\n"},
		{"Paris", "RESOLVED\n  0.99 Q830149 Paris  ALIAS LITERAL EXACT\n"},
	} {
		var a resolver.Answer
		table.Resolve(&resolver.Query{Name: test.name}, &a)
		if got := format(&a); got != test.want {
			t.Errorf("%s:\ngot\n%swant\n%s", test.name, got, test.want)
		}
	}
}

func TestExplainTellsWhyNot(t *testing.T) {
	table := resolver.NewTable(readTable(t, "testdata/table.txt"), 1, time.Time{}, nil)
	for _, test := range []struct {
		name, entity, want string
		verdict            resolver.Verdict
	}{
		{"us", "Q30", "an acronym is matched with its case", resolver.Verdict{Fate: resolver.LeftOut}},
		{"Mosca", "Q159", "candidate 1 of 1", resolver.Verdict{Fate: resolver.Chosen, Rank: 1}},
		{"Washington", "Q1223", "candidate 2 of 2", resolver.Verdict{Fate: resolver.Considered, Rank: 2}},
		{"Mosca", "Q3874799", "another key than the query's", resolver.Verdict{Fate: resolver.NotFound}},
	} {
		var a resolver.Answer
		verdict := table.Explain(&resolver.Query{Name: test.name}, test.entity, &a)
		if verdict != test.verdict {
			t.Errorf("Explain(%q, %s) = %+v, want %+v", test.name, test.entity, verdict, test.verdict)
		}
		if !slices.ContainsFunc(a.Trace, func(s resolver.Step) bool { return s.Entity == test.entity && s.Detail == test.want }) {
			t.Errorf("Explain(%q, %s) does not say %q: %+v", test.name, test.entity, test.want, a.Trace)
		}
	}
}

func TestExactHitDoesNotAllocate(t *testing.T) {
	table := resolver.NewTable(readTable(t, "testdata/table.txt"), 1, time.Time{}, nil)
	for _, name := range []string{"Mosca", "Volodymyr Zelenskyy", "莫斯科", "Washington", "nordcoreane"} {
		q, a := resolver.Query{Name: name, AsOf: 2024<<9 | 10<<5 | 25}, resolver.Answer{}
		if n := testing.AllocsPerRun(100, func() { table.Resolve(&q, &a) }); n != 0 {
			t.Errorf("%q: %v allocations", name, n)
		}
	}
}

func ExampleTable_Resolve() {
	var b index.Builder
	b.Add(fact.Entity{ID: "Q159", Kind: fact.Country, Canonical: "Russia", Prominence: .97})
	b.Add(fact.Entity{
		ID: "Q649", Kind: fact.Place, Canonical: "Moscow", Prominence: .9,
		Names:     []fact.Name{{Text: "Moscow", Language: "en"}, {Text: "Mosca", Language: "it"}},
		Relations: []fact.Relation{{Type: fact.CapitalOf, Target: "Q159"}},
	})
	x, err := b.Build()
	if err != nil {
		panic(err)
	}
	table := resolver.NewTable(x, 1, time.Time{}, nil)

	var a resolver.Answer
	table.Resolve(&resolver.Query{Name: "Mosca"}, &a)
	c := a.Candidates[0]
	fmt.Println(a.Outcome, c.Entity.ID(), c.Entity.Canonical(), c.Reading, c.Sector, "by", c.Literal.Canonical())
	// Output: RESOLVED Q159 Russia METONYMIC GOVERNMENT by Moscow
}
