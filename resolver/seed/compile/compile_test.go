package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"onoma/resolver/fact"
)

// empty is a world without data, for facts alone.
func empty(t *testing.T) *world {
	t.Helper()
	return newWorld(t.TempDir(), &progress{out: io.Discard})
}

// write puts text into a file of a fresh directory and returns the directory.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "demonyms"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, ok := files["clashes.txt"]; !ok {
		files["clashes.txt"] = ""
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFacts(t *testing.T) {
	w := empty(t)
	dir := write(t, map[string]string{
		"offices.txt": "source desk x\nnever-after deputy\noffice adviser\n  match national security advisor\n",
		"a.txt": `# a comment
source desk Knowledge of the field.

Q7184 ORGANIZATION NATO
  prominence .93
  en OFFICIAL North Atlantic Treaty Organization
  en Atlantic Alliance ; North Atlantic Alliance
  fr ACRONYM OTAN
  external isni 0000000121603705
  redirect onoma:nato
Q30 COUNTRY United States
Q35525 FACILITY White House
  relation SEAT_OF Q30 EXECUTIVE 1800-11-01..
Q1 PERSON Someone
  role Q1414246 2021-01-20..2025-01-20
  en FORMER Somebody [1914..1924]
position Q1414246 adviser Q30
  en United States National Security Advisor
`,
		"demonyms/it.txt": "source desk x\nparadigm o o a i e\nQ30 statunitens/e american/o a_stelle_e_strisce\nparadigm e e i\n",
	})
	if err := w.readOffices(dir); err != nil {
		t.Fatal(err)
	}
	err := w.readFacts(dir)
	if err == nil || !strings.Contains(err.Error(), "it.txt:3") || !strings.Contains(err.Error(), `"e"`) {
		t.Errorf("a paradigm used before it is defined: %v", err)
	}
	nato := w.at("onoma:nato")
	if nato == nil || nato.id != "Q7184" || nato.prominence != .93 || nato.external["isni"] != "0000000121603705" {
		t.Fatalf("NATO is %+v", nato)
	}
	var got []string
	for _, n := range nato.names {
		got = append(got, n.lang+" "+n.kind.String()+" "+n.text)
	}
	want := []string{"en PRIMARY NATO", "en OFFICIAL North Atlantic Treaty Organization", "en ALIAS Atlantic Alliance", "en ALIAS North Atlantic Alliance", "fr ACRONYM OTAN"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names of NATO (-want +got):\n%s", diff)
	}
	if r := w.at("Q35525").relations; len(r) != 1 || r[0].Sector != fact.Executive || r[0].From.String() != "1800-11-01" || r[0].To != 0 {
		t.Errorf("relations of the White House: %v", r)
	}
	if n := w.at("Q1").names[1]; n.kind != fact.Former || n.from.String() != "1914" || n.to.String() != "1924" {
		t.Errorf("the former name is %+v", n)
	}
}

// TestFactErrors holds that a mistake is named with its file, line and word.
func TestFactErrors(t *testing.T) {
	for text, want := range map[string]string{
		"Q1 PERSON X":                                      "before any source",
		"source desk x\nQ1 HUMAN X":                        `"HUMAN"`,
		"source desk x\nonoma:Big PERSON X":                "onoma:Big",
		"source desk x\nQ1 PERSON X\n  xx1 Name":           `"xx1"`,
		"source desk x\nQ1 PERSON X\n  role Q2 2024..2023": "ends before it begins",
		"source desk x\nQ1 PERSON X\n  role Q2 2024-13..":  "2024-13",
		"source desk x\nQ1 PLACE X\n  role Q2 2024..":      "only a PERSON",
		"source desk x\nQ1 PLACE X\n  relation SEAT_OF Q2": "needs a sector",
		"source desk x\nQ1 PLACE X\n  prominence 2":        `"2"`,
		"source desk x\n  en Name":                         "under no entity",
		"source desk x\nposition Q2 - ":                    "jurisdiction",
		"source desk x\nposition Q2 nobody -":              `"nobody"`,
	} {
		err := empty(t).readFacts(write(t, map[string]string{"bad.txt": text}))
		line := "bad.txt:" + string(rune('1'+strings.Count(text, "\n")))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), line) {
			t.Errorf("%q: %v; want %s and %s", text, err, line, want)
		}
	}
}

func TestOfficeClass(t *testing.T) {
	w := empty(t)
	dir := write(t, map[string]string{"offices.txt": `source desk x
never-after deputy ; state
office head_of_government
  match prime minister
office head_of_state
  whole president
office finance_minister
  match minister of finance ; finance minister
`})
	if err := w.readOffices(dir); err != nil {
		t.Fatal(err)
	}
	isCountry := func(s string) bool { return s == "france" }
	for label, want := range map[string]string{
		"Prime Minister":                         "head_of_government",
		"Deputy Prime Minister":                  "",
		"deputy-prime minister":                  "",
		"Prime Minister's Office":                "",
		"President":                              "head_of_state",
		"President of France":                    "head_of_state",
		"President of the Senate":                "",
		"Prime Minister and Minister of Finance": "head_of_government",
		"Minister of State, Minister of Finance": "finance_minister",
		"Minister of Financeville":               "",
	} {
		if got := w.offices.class(label, isCountry); got != want {
			t.Errorf("class(%q) = %q, want %q", label, got, want)
		}
	}
}

func TestSplitLeader(t *testing.T) {
	for text, want := range map[string][2]string{
		"President Vladimir Vladimirovich PUTIN":      {"President", "Vladimir Vladimirovich PUTIN"},
		"King CHARLES III":                            {"King", "CHARLES III"},
		"Transitional President Capt. Ibrahim TRAORE": {"Transitional President Capt.", "Ibrahim TRAORE"},
		"Sébastien LECORNU":                           {"", "Sébastien LECORNU"},
	} {
		title, name := splitLeader(text)
		if title != want[0] || name != want[1] {
			t.Errorf("splitLeader(%q) = %q, %q", text, title, name)
		}
	}
	if got := titleCase("Jose Ulisses CORREIA e SILVA"); got != "Jose Ulisses Correia e Silva" {
		t.Errorf("titleCase gives %q", got)
	}
	if got := capitalPart("Santiago PEÑA Palacios"); got != "Peña" {
		t.Errorf("capitalPart gives %q", got)
	}
	if got := slug("Alix Didier Fils-Aimé"); got != "alix-didier-fils-aime" {
		t.Errorf("slug gives %q", got)
	}
}

func TestFactbookDemonyms(t *testing.T) {
	for text, want := range map[string][]string{
		"Italian(s)":                                {"Italian", "Italians"},
		"Frenchman(men), Frenchwoman(women)":        {"Frenchman", "Frenchmen", "Frenchwoman", "Frenchwomen"},
		"Lao(s) or Laotian(s)":                      {"Lao", "Laos", "Laotian", "Laotians"},
		"Motswana (singular), Batswana (plural)":    {"Motswana", "Batswana"},
		"Beninese (singular and plural)":            {"Beninese"},
		"none":                                      nil,
		"Swati; note - former term, Swazi, is used": {"Swati"},
	} {
		if diff := cmp.Diff(want, factbookDemonyms(text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestShortName(t *testing.T) {
	for _, c := range [][3]string{
		{"Ursula von der Leyen", "de", "von der Leyen"}, {"Xi Jinping", "cn", "Xi"}, {"Moon Jae-in", "kr", "Moon"}, {"Joseph Wu", "tw", "Wu"},
		{"Shigeru Ishiba", "jp", "Ishiba"}, {"Albert II, Prince of Monaco", "mc", ""}, {"Charles III", "gb", ""}, {"Abiy Ahmed", "et", ""},
		{"Robert F. Kennedy Jr.", "us", "Kennedy"}, {"Nguyễn Phú Trọng", "vn", ""},
	} {
		if got := shortName(c[0], c[1]); got != c[2] {
			t.Errorf("shortName(%q, %q) = %q, want %q", c[0], c[1], got, c[2])
		}
	}
}

// TestSift holds the rules of names.go on one country.
func TestSift(t *testing.T) {
	w := empty(t)
	src := w.source("cldr", "x")
	uk := w.open("Q145", fact.Country, src)
	uk.canonical, uk.iso = "United Kingdom", "gb"
	bristol := w.open("Q23154", fact.Place, src)
	bristol.canonical = "Bristol"
	bristol.name("Bristol", "en", fact.Primary, src, rankTagged)
	for _, n := range []struct {
		text, lang string
		kind       fact.NameKind
		rank       int
	}{
		{"United Kingdom", "en", fact.Primary, rankReviewed},
		{"Regno Unito", "it", fact.Primary, rankReviewed},
		{"REGNO UNITO", "", fact.Alias, rankWeak}, // the same, shouted
		{"Royaume-Uni", "fr", fact.Primary, rankReviewed},
		{"Royaume-Uni", "mg", fact.Primary, rankTagged}, // one text, two languages
		{"Великобритания", "ru", fact.Primary, rankReviewed},
		{"Velikobritaniya", "ru", fact.Alias, rankTagged}, // not written as Russian is
		{"Великобританiя", "", fact.Alias, rankWeak},      // with a Latin i
		{"GB", "", fact.Alias, rankWeak},                  // a code
		{"UK", "en", fact.Alias, rankReviewed},
		{"Bristol", "", fact.Alias, rankWeak}, // another's name
		{"Hants", "", fact.Alias, rankWeak},   // resembles nothing
		{"British", "en", fact.Demonym, rankReviewed},
		{"British", "", fact.Alias, rankWeak}, // listed as the land, means the people
		{"12", "en", fact.Alias, rankTagged},
	} {
		uk.name(n.text, n.lang, n.kind, src, n.rank)
	}
	var got []string
	for _, n := range w.sift(uk, w.indexNames()) {
		got = append(got, n.Language+" "+n.Kind.String()+" "+n.Text)
	}
	slices.Sort(got)
	want := []string{
		"en ACRONYM UK", "en DEMONYM British", "en PRIMARY United Kingdom",
		"fr PRIMARY Royaume-Uni", "it PRIMARY Regno Unito", "ru PRIMARY Великобритания",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestSuccession holds that a post of one holder is closed by the next.
func TestSuccession(t *testing.T) {
	w := empty(t)
	p := w.openPosition("Q5")
	p.office = "head_of_government"
	day := func(s string) fact.Date {
		d, err := fact.ParseDate(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for id, from := range map[string]string{"Q10": "2020-01-01", "Q11": "2023-05-06", "Q12": "2025-02-03"} {
		e := w.open(id, fact.Person, 1)
		e.roles = []role{{Role: fact.Role{Position: "Q5", From: day(from)}, rank: rankTagged}}
	}
	w.closeSucceeded()
	for id, want := range map[string]string{"Q10": "2023-05-06", "Q11": "2025-02-03", "Q12": ""} {
		if got := w.entities[id].roles[0].To.String(); got != want {
			t.Errorf("%s served to %q, want %q", id, got, want)
		}
	}
}

func TestParentheses(t *testing.T) {
	for text, want := range map[string][2]string{
		"Congo (RDC)":             {"Congo", "RDC"},
		"Georgia":                 {"Georgia", ""},
		"Cocos (Keeling) Islands": {"Cocos Islands", "Keeling"},
		"莫斯科（俄罗斯）":                {"莫斯科", "俄罗斯"},
	} {
		outer, inner := splitParentheses(text)
		if outer != want[0] || inner != want[1] {
			t.Errorf("splitParentheses(%q) = %q, %q", text, outer, inner)
		}
	}
}
