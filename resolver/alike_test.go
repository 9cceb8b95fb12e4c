package resolver_test

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"onoma/resolver"
	"onoma/resolver/fact"
	"onoma/resolver/index"
	"onoma/resolver/name"
)

// tableOf makes a table of entities with one name each; IDs are the names.
func tableOf(t testing.TB, kind fact.Kind, names ...string) *resolver.Table {
	t.Helper()
	var b index.Builder
	for _, n := range names {
		b.Add(fact.Entity{ID: n, Kind: kind, Canonical: n, Prominence: 0.5, Names: []fact.Name{{Text: n, Kind: fact.Primary, Source: "test"}}})
	}
	x, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return resolver.NewTable(x, 1, time.Time{}, nil)
}

func resolve(t *resolver.Table, text string) *resolver.Answer {
	var a resolver.Answer
	t.Resolve(&resolver.Query{Name: text}, &a)
	return &a
}

// TestUnlikeNamesStayApart asks for one name where the table has only the other:
// nothing may be RESOLVED.
func TestUnlikeNamesStayApart(t *testing.T) {
	everything := []fact.Kind{fact.Country, fact.Region, fact.Place, fact.Person, fact.Organization, fact.Other}
	for _, test := range []struct {
		kinds      []fact.Kind
		asked, has string
	}{
		{everything, "Iran", "Iraq"}, {everything, "Irak", "Iran"}, {everything, "Austria", "Australia"},
		{everything, "Niger", "Nigeria"}, {everything, "Slovakia", "Slovenia"}, {everything, "Albany", "Albania"},
		{everything, "Австрия", "Австралия"}, {everything, "Латвия", "Литва"}, {everything, "Latvia", "Lithuania"},
		{everything, "North Korea", "South Korea"}, {everything, "Corea del Nord", "Corea del Sud"},
		{everything, "Nordkorea", "Südkorea"}, {everything, "Северная Корея", "Южная Корея"},
		{everything, "Bank of Niger", "Bank of Nigeria"}, {everything, "Central Bank of Iran", "Central Bank of Iraq"},
		{everything, "National Bank of Slovakia", "National Bank of Slovenia"},
		{everything, "Brigade 44", "Brigade 45"}, {everything, "Boeing 737", "Boeing 747"}, {everything, "School No 5", "School No 6"},
		{everything, "First Army", "Second Army"}, {everything, "Upper Nile", "Lower Nile"},
		{[]fact.Kind{fact.Person}, "Kim Jong-il", "Kim Yo-jong"}, {[]fact.Kind{fact.Person}, "Li Na", "Li Ni"},
		{[]fact.Kind{fact.Person}, "Joe Biden", "Hunter Biden"}, {[]fact.Kind{fact.Person}, "Xi Jinping", "Peng Liyuan"},
		{[]fact.Kind{fact.Person}, "Angela Merkel", "Angela Davis"}, {everything, "us", "USA"}, {everything, "Xqzzt Blorb", "Xavier Blanc"},
	} {
		for _, kind := range test.kinds {
			if a := resolve(tableOf(t, kind, test.has), test.asked); a.Outcome == resolver.Resolved {
				t.Errorf("%q as %v: %s", test.asked, kind, format(a))
			}
		}
	}
}

// TestConfusableNamesStayApart asks for every name of data/words/confusable.txt
// among those it is confusable with.
func TestConfusableNamesStayApart(t *testing.T) {
	sets := [][]string{
		{"iran", "iraq"}, {"austria", "australia"}, {"niger", "nigeria"}, {"slovakia", "slovenia", "slavonia"},
		{"mali", "malawi", "malta"}, {"mauritania", "mauritius"}, {"gambia", "zambia"}, {"paraguay", "uruguay"},
		{"libya", "lebanon", "liberia"}, {"sweden", "switzerland"}, {"iceland", "ireland"}, {"budapest", "bucharest"},
	}
	for _, set := range sets {
		for i, asked := range set {
			others := slices.Delete(slices.Clone(set), i, i+1)
			for _, other := range others {
				if !name.Confusable(asked, other) {
					t.Errorf("confusable.txt does not keep %s and %s apart", asked, other)
				}
			}
			for _, kind := range []fact.Kind{fact.Country, fact.Place, fact.Person} {
				if a := resolve(tableOf(t, kind, others...), asked); a.Outcome == resolver.Resolved {
					t.Errorf("%q among %q as %v: %s", asked, others, kind, format(a))
				}
			}
		}
	}
}

// TestZelenskyyInManySpellings holds the promise of the package in one name.
func TestZelenskyyInManySpellings(t *testing.T) {
	table := tableOf(t, fact.Person, "Volodymyr Zelenskyy", "Volodymyr Klitschko", "Vladimir Putin", "Olena Zelenska", "Wladimir Klitschko", "Andriy Yermak", "Denys Shmyhal")
	for _, asked := range []string{
		"Volodymyr Zelenskyy", "Wolodymyr Selenskyj", "Volodimir Zelenskij", "Volodymyr Zelensky", "Volodymyr Zelenskiy", "Volodymyr Zelenskyi",
		"Volodymyr Zełenski", "Wołodymyr Zełenski", "Volodymyr Zelenskyj", "Vladimir Zelensky", "Volodímir Zelenski", "Zelenskyy, Volodymyr",
		"Selenskyj, Wolodymyr", "ZELENSKYY Volodymyr", "Volodymyr Zelenskij", "Wolodymyr Zelensky", "Volodymyr Zelenszkij", "V. Zelenskyy",
		"Volodymyr Zelens'kyj", "Volodymyr Oleksandrovych Zelenskyy",
		"Володимир Зеленський", "Владимир Зеленский", "Володимиром Зеленським", "فولوديمير زيلينسكي", "וולודימיר זלנסקי", "ウォロディミル・ゼレンスキー",
		"볼로디미르 젤렌스키", "弗拉基米尔·泽连斯基", "Βολοντίμιρ Ζελένσκι", "ვოლოდიმირ ზელენსკი", "Վոլոդիմիր Զելենսկի", "वोलोदिमीर ज़ेलेंस्की", "โวโลดีมีร์ เซเลนสกี",
		"வலோதிமிர் செலென்ஸ்கி",
	} {
		a := resolve(table, asked)
		if a.Outcome == resolver.NoMatch || a.Candidates[0].Entity.ID() != "Volodymyr Zelenskyy" {
			t.Errorf("%s: %s", asked, format(a))
		}
	}
}

// somePeople and unrelated have no word in common, nor one like the other's.
var (
	somePeople = []string{
		"Angela Merkel", "Emmanuel Macron", "Vladimir Putin", "Recep Tayyip Erdoğan", "Владимир Путин", "Giorgia Meloni", "习近平",
		"Olaf Scholz", "Keir Starmer", "安倍晋三", "محمد بن سلمان", "Luiz Inácio Lula da Silva", "Ursula von der Leyen", "Narendra Modi",
	}
	unrelated = []string{"Qaanaaq Hjk", "Wubbzy 12", "Öhö Ühü", "Yy Xx", "Гжъ Щэ", "鑫淼", "Bhq Ffw", "ぬね", "ჟღ ყჰ"}
)

// TestUnrelatedEntityChangesNoExactAnswer adds entities to a table: what was EXACT
// stays as it was, to the last digit.
func TestUnrelatedEntityChangesNoExactAnswer(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.SampledFrom(somePeople), 1, 8, rapid.ID).Draw(rt, "table")
		more := rapid.SliceOfNDistinct(rapid.SampledFrom(unrelated), 1, 4, rapid.ID).Draw(rt, "more")
		before, after := tableOf(t, fact.Person, names...), tableOf(t, fact.Person, append(slices.Clone(names), more...)...)
		for _, asked := range names {
			a, b := resolve(before, asked), resolve(after, asked)
			if a.Outcome != resolver.Resolved || a.Candidates[0].Method != resolver.Exact {
				rt.Fatalf("%q: %s", asked, format(a))
			}
			if format(a) != format(b) || math.Abs(a.Candidates[0].Score-b.Candidates[0].Score) > 1e-12 {
				rt.Fatalf("%q: %swith %q: %s", asked, format(a), more, format(b))
			}
		}
	})
}

// slip changes one letter of a name's longest word, as a hasty writer does.
func slip(t *rapid.T, text string) string {
	words := strings.Fields(text)
	longest := 0
	for i, w := range words {
		if len(w) > len(words[longest]) {
			longest = i
		}
	}
	w := []rune(words[longest])
	at := rapid.IntRange(1, len(w)-2).Draw(t, "at")
	switch rapid.IntRange(0, 3).Draw(t, "slip") {
	case 0:
		w[at] = rapid.SampledFrom([]rune("aeioutnrsk")).Draw(t, "letter")
	case 1:
		w = slices.Delete(w, at, at+1)
	case 2:
		w = slices.Insert(w, at, w[at])
	case 3:
		w[at], w[at+1] = w[at+1], w[at]
	}
	words[longest] = string(w)
	return strings.Join(words, " ")
}

// TestIndexEqualsBruteForce holds the answers by the index of sounds against a
// comparison with every name of the table.
func TestIndexEqualsBruteForce(t *testing.T) {
	people := []string{
		"Angela Merkel", "Emmanuel Macron", "Vladimir Putin", "Recep Erdogan", "Giorgia Meloni", "Marcel Dassault", "Konrad Adenauer",
		"Olaf Scholz", "Keir Starmer", "Shinzo Abe", "Luiz Inacio Lula", "Ursula Leyen", "Narendra Modi", "Angelo Merkle", "Marcel Dupont",
		"Willy Brandt", "Helmut Schmidt", "Helmut Kohl", "Ludwig Erhard", "Gerhard Schroeder", "Kurt Kiesinger",
	}
	rapid.Check(t, func(rt *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.OneOf(rapid.SampledFrom(people), rapid.Custom(randomPerson)), 1, 40, rapid.ID).Draw(rt, "table")
		asked := slip(rt, rapid.SampledFrom(names).Draw(rt, "asked"))
		if slices.Contains(names, asked) {
			return
		}
		table := tableOf(t, fact.Person, names...)
		best, similarity := "", 0.0
		var c name.Comparer
		var q, n name.Form
		q.Prepare(asked)
		for _, other := range names {
			n.Prepare(other)
			if s := c.Compare(&q, &n).Similarity; s > similarity {
				best, similarity = other, s
			}
		}
		if similarity < 0.75 {
			return
		}
		a := resolve(table, asked)
		if a.Outcome == resolver.NoMatch || a.Candidates[0].Entity.ID() != best && resolvedFarFrom(a, best) {
			rt.Fatalf("%q among %q: a comparison with all prefers %q (%.2f): %s", asked, names, best, similarity, format(a))
		}
	})
}

// randomPerson draws a given name with a surname of two to four syllables.
func randomPerson(t *rapid.T) string {
	given := rapid.SampledFrom(givenNames).Draw(t, "given")
	parts := rapid.SliceOfN(rapid.SampledFrom(syllables), 2, 4).Draw(t, "syllables")
	surname := strings.Join(parts, "") + rapid.SampledFrom(surnameEnds).Draw(t, "end")
	return given + " " + strings.ToUpper(surname[:1]) + surname[1:]
}

// resolvedFarFrom reports whether the wanted name is not among the first two.
func resolvedFarFrom(a *resolver.Answer, want string) bool {
	return !slices.ContainsFunc(a.Candidates[:min(2, len(a.Candidates))], func(c resolver.Candidate) bool { return c.Entity.ID() == want })
}

// hostile are texts made to cost time or memory.
var hostile = []string{
	"e" + strings.Repeat("\u0301", 10_000),
	strings.Repeat("a", 1<<20),
	strings.Repeat("Mohammed ", 1<<17),
	strings.Repeat("аaαא가国कข", 5_000),
	strings.Repeat("国", 100_000),
	strings.Repeat("\u202e\u200b\ufeff", 50_000),
	"Vlаdіmіr Рutіn", // Cyrillic homoglyphs
	strings.Repeat("s", 400) + " " + strings.Repeat("sz", 300),
	strings.Repeat("1 ", 50_000),
	strings.Repeat("von der ", 10_000),
	"\xff\xfe\x00\x80" + strings.Repeat("\xc3", 10_000),
}

// TestHostileNamesAreBounded holds that no text costs more than a fold of it and a
// constant, and that the memory kept is bounded.
func TestHostileNamesAreBounded(t *testing.T) {
	table := tableOf(t, fact.Person, append([]string{"Mohammed Ali", "Vladimir Putin", "ss sz"}, somePeople...)...)
	for i, text := range hostile {
		start := time.Now()
		a := resolve(table, text)
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("text %d of %d bytes took %v", i, len(text), took)
		}
		if a.Outcome == resolver.Resolved && a.Candidates[0].Method > resolver.Normalized && !strings.HasPrefix(text, "Vl") {
			t.Errorf("text %d: %s", i, format(a))
		}
	}
}

// TestUnseenNameDoesNotAllocate holds that a warm Answer costs no memory, whatever
// the tier that finds the name.
func TestUnseenNameDoesNotAllocate(t *testing.T) {
	table := tableOf(t, fact.Person, somePeople...)
	var a resolver.Answer
	queries := []string{"Angela Merkell", "Эммануэль Макрон", "Путин, Владимир", "Mr Olaf Sholtz", "Xqzzt Blorb", "أنغيلا ميركل", "ナレンドラ・モディ"}
	for range 3 {
		for _, text := range queries {
			table.Resolve(&resolver.Query{Name: text}, &a)
		}
	}
	for _, text := range queries {
		q := resolver.Query{Name: text}
		if n := testing.AllocsPerRun(20, func() { table.Resolve(&q, &a) }); n != 0 {
			t.Errorf("%q: %v allocations", text, n)
		}
	}
}

func ExampleTable_Resolve_unseen() {
	var b index.Builder
	for _, n := range []string{"Volodymyr Zelenskyy", "Vladimir Putin"} {
		b.Add(fact.Entity{ID: n, Kind: fact.Person, Canonical: n, Names: []fact.Name{{Text: n, Language: "en"}}})
	}
	x, err := b.Build()
	if err != nil {
		panic(err)
	}
	table := resolver.NewTable(x, 1, time.Time{}, nil)
	var a resolver.Answer
	table.Resolve(&resolver.Query{Name: "زيلينسكي فولوديمير"}, &a)
	fmt.Println(a.Outcome, a.Candidates[0].Entity.ID(), a.Candidates[0].Method)
	// Output: RESOLVED Volodymyr Zelenskyy TRANSLITERATED
}

// TestNamesSpeltByEar asks for politicians as languages spell them that write
// foreign names as they sound. The table has the English names alone, so the right
// one must come first, and none may be taken for another.
func TestNamesSpeltByEar(t *testing.T) {
	data, err := os.ReadFile("testdata/by-ear.txt")
	if err != nil {
		t.Fatal(err)
	}
	var asked [][3]string
	var names []string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		fields := strings.Split(line, " | ")
		if len(fields) != 3 {
			t.Fatalf("by-ear.txt: line %q is not language, spelling, name", line)
		}
		asked = append(asked, [3]string(fields))
		names = append(names, fields[2])
	}
	slices.Sort(names)
	table := tableOf(t, fact.Person, slices.Compact(names)...)
	for _, a := range asked {
		answer := resolve(table, a[1])
		if answer.Outcome == resolver.NoMatch || answer.Candidates[0].Entity.ID() != a[2] {
			t.Errorf("%s %s, for %s: %s", a[0], a[1], a[2], format(answer))
		}
	}
	for _, stranger := range []string{"Džejms Kotns", "Co Kokker", "John Smith", "Xhon Uells"} {
		if answer := resolve(table, stranger); answer.Outcome == resolver.Resolved {
			t.Errorf("%s: %s", stranger, format(answer))
		}
	}
}
