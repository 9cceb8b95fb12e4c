package seed_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"onoma/resolver/fact"
	"onoma/resolver/seed/writing"
)

// languages tells in how many languages an entity has a name that keep takes,
// counting those in which a hand-written file gives one: a text that several
// large languages share is stored once, under none of them.
func (w *world) languages(e *fact.Entity, keep func(fact.Name) bool) int {
	seen := map[string]bool{}
	for _, n := range e.Names {
		base, _, _ := strings.Cut(n.Language, "-")
		if base != "" && base != "mul" && keep(n) {
			seen[base] = true
		}
	}
	for _, row := range w.written[e.ID] {
		if keep(row) {
			seen[row.Language] = true
		}
	}
	return len(seen)
}

// written reads the hand-written files roughly: of each entity, in which
// languages they give which kind of name.
func written(t *testing.T) map[string][]fact.Name {
	t.Helper()
	rows := map[string][]fact.Name{}
	files, err := filepath.Glob("facts/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	head := regexp.MustCompile(`^(Q\d+|onoma:\S+)`)
	name := regexp.MustCompile(`^\s+([a-z]{2,3})(?:-[A-Za-z0-9-]+)? ([A-Z]+ )?\S`)
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		id := ""
		for line := range strings.Lines(string(data)) {
			if m := head.FindString(line); m != "" {
				id = m
			} else if line[0] != ' ' && line[0] != '\n' && line[0] != '#' {
				id = ""
			} else if m := name.FindStringSubmatch(line); m != nil && id != "" {
				kind, _ := fact.ParseNameKind(strings.TrimSpace(m[2]))
				rows[id] = append(rows[id], fact.Name{Language: writing.Tag(m[1]), Kind: kind})
			}
		}
	}
	files, err = filepath.Glob("facts/demonyms/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		language := writing.Tag(strings.TrimSuffix(filepath.Base(path), ".txt"))
		for _, line := range lines(t, path) {
			if id := head.FindString(line); id != "" {
				rows[id] = append(rows[id], fact.Name{Language: language, Kind: fact.Demonym})
			}
		}
	}
	return rows
}

func anyName(fact.Name) bool                 { return true }
func isDemonym(n fact.Name) bool             { return n.Kind == fact.Demonym }
func isAcronym(n fact.Name) bool             { return n.Kind == fact.Acronym }
func isEnglish(n fact.Name) bool             { return n.Language == "en" || n.Language == "mul" }
func (w *world) from(id, source string) bool { return slices.Contains(w.sources[id], source) }

func (w *world) count(keep func(*fact.Entity) bool) (n int) {
	for i := range w.entities {
		if keep(&w.entities[i]) {
			n++
		}
	}
	return n
}

// TestNumbers holds how much of the world the table knows.
func TestNumbers(t *testing.T) {
	w := openWorld(t)
	w.written = written(t)
	seat := func(e *fact.Entity) bool {
		return slices.ContainsFunc(e.Relations, func(r fact.Relation) bool { return r.Type == fact.SeatOf })
	}
	for _, target := range []struct {
		what  string
		least int
		keep  func(*fact.Entity) bool
	}{
		{"territories and regions of the backbone", 600, func(e *fact.Entity) bool { return w.from(e.ID, "rigour") }},
		{"first-level regions", 5000, func(e *fact.Entity) bool { return e.Kind == fact.Region }},
		{"cities", 7000, func(e *fact.Entity) bool { return e.Kind == fact.Place && w.from(e.ID, "naturalearth") }},
		{"capitals", 195, func(e *fact.Entity) bool {
			return slices.ContainsFunc(e.Relations, func(r fact.Relation) bool { return r.Type == fact.CapitalOf })
		}},
		{"organisations", 400, func(e *fact.Entity) bool { return e.Kind == fact.Organization }},
		{"organisations with names in 10 languages", 150, func(e *fact.Entity) bool {
			return e.Kind == fact.Organization && w.languages(e, anyName) >= 10
		}},
		{"organisations with an acronym, and names in 10 languages", 120, func(e *fact.Entity) bool {
			return e.Kind == fact.Organization && w.languages(e, anyName) >= 10 && w.languages(e, isAcronym) > 0
		}},
		{"seats of power in 12 languages", 150, func(e *fact.Entity) bool { return seat(e) && w.languages(e, anyName) >= 12 }},
		{"people with names in 10 languages", 300, func(e *fact.Entity) bool { return e.Kind == fact.Person && w.languages(e, anyName) >= 10 }},
		{"people who hold or held a post", 20000, func(e *fact.Entity) bool { return len(e.Roles) > 0 }},
	} {
		n := w.count(target.keep)
		t.Logf("%6d %s", n, target.what)
		if n < target.least {
			t.Errorf("%d %s; at least %d are wanted", n, target.what, target.least)
		}
	}
	const most = 8 << 20
	info, err := os.Stat("seed.bin.zst")
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > most {
		t.Errorf("the file has %d bytes; at most %d are wanted", info.Size(), most)
	}
}

// uninhabited are the lands without a people of their own.
var uninhabited = map[string]bool{
	"bv": true, "hm": true, "tf": true, "um": true, "io": true, "cp": true, "dg": true, "gs": true, "aq": true, "cq": true, "va": true,
	"ac": true, "ta": true, "ic": true, "sj": true, "an": true, "cshh": true, "csxx": true, "yucs": true, "dd": true, "zr": true, "suhh": true,
	"bq": true, "ax": true, "bl": true, "mf": true, "sx": true,
}

// TestDemonyms holds that the word for its people is known of every state in 25
// languages, and of every other land in English.
func TestDemonyms(t *testing.T) {
	const least = 25
	states := map[string]bool{}
	for _, line := range lines(t, "facts/states.txt") {
		for code := range strings.FieldsSeq(line) {
			states[code] = true
		}
	}
	w := openWorld(t)
	w.written = written(t)
	var found []string
	seen := 0
	for i := range w.entities {
		e := &w.entities[i]
		code := ""
		for _, x := range e.External {
			if x.Scheme == "iso3166-1" {
				code = strings.ToLower(x.Value)
			}
		}
		if e.Kind != fact.Country || code == "" {
			continue
		}
		switch n := w.languages(e, isDemonym); {
		case states[code]:
			seen++
			if n < least {
				found = append(found, fmt.Sprintf("%s (%s): demonyms in %d languages; at least %d are wanted", e.ID, e.Canonical, n, least))
			}
		case !uninhabited[code] && w.languages(e, func(n fact.Name) bool { return isDemonym(n) && isEnglish(n) }) == 0:
			found = append(found, fmt.Sprintf("%s (%s): no demonym in English", e.ID, e.Canonical))
		}
	}
	if seen < 190 {
		t.Errorf("%d states in the table; %d are in facts/states.txt", seen, len(states))
	}
	tell(t, found)
}
