package seed_test

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"onoma/resolver/fact"
	"onoma/resolver/name"
	"onoma/resolver/seed"
	"onoma/resolver/seed/pack"
	"onoma/resolver/seed/writing"
)

// world is the embedded table by ID.
type world struct {
	entities  []fact.Entity
	byID      map[string]*fact.Entity
	positions map[string]*fact.Position
	sources   map[string][]string    // entity ID → sources
	written   map[string][]fact.Name // see numbers_test.go
}

func openWorld(t *testing.T) *world {
	t.Helper()
	s, err := seed.Open()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		entities:  slices.Collect(s.Entities()),
		byID:      map[string]*fact.Entity{},
		positions: map[string]*fact.Position{},
		sources:   map[string][]string{},
	}
	for i := range w.entities {
		e := &w.entities[i]
		w.byID[e.ID] = e
		w.sources[e.ID] = s.SourcesOf(i)
	}
	for p := range s.Positions() {
		w.positions[p.ID] = &p
	}
	return w
}

// tell reports findings, the first few in full.
func tell(t *testing.T, findings []string) {
	t.Helper()
	slices.Sort(findings)
	const most = 25
	for i, f := range findings {
		if i == most {
			t.Errorf("… and %d more", len(findings)-most)
			break
		}
		t.Error(f)
	}
}

// lines reads a data file of tests: one item a line, # for comments.
func lines(t *testing.T, path string) []string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var list []string
	for s := bufio.NewScanner(f); s.Scan(); {
		if line := strings.TrimSpace(s.Text()); line != "" && line[0] != '#' {
			list = append(list, line)
		}
	}
	return list
}

func TestNoJokeNames(t *testing.T) {
	jokes := map[string]bool{}
	for _, joke := range lines(t, "testdata/jokes.txt") {
		jokes[name.Fold(joke)] = true
	}
	var found []string
	w := openWorld(t)
	for i := range w.entities {
		for _, n := range w.entities[i].Names {
			if jokes[name.Fold(n.Text)] {
				found = append(found, fmt.Sprintf("%s (%s): %q", w.entities[i].ID, w.entities[i].Canonical, n.Text))
			}
		}
	}
	tell(t, found)
}

// TestScripts holds that every name is written in a script of its language. An
// acronym is written as it is, whatever the language ("NATO" in Japanese), and so
// is what a hand-written file marks as used in every language. A brand may stand
// in its own letters beside a word of the language.
func TestScripts(t *testing.T) {
	var found []string
	w := openWorld(t)
	for i := range w.entities {
		e := &w.entities[i]
		for _, n := range e.Names {
			fits := writing.Fits
			if e.Kind == fact.Organization && n.Source == "desk" {
				fits = writing.FitsPartly
			}
			if n.Kind != fact.Acronym && n.Language != "" && n.Language != "mul" && !fits(n.Text, n.Language) {
				found = append(found, fmt.Sprintf("%s (%s): %q is not written as %s is (%s)", e.ID, e.Canonical, n.Text, n.Language, n.Source))
			}
		}
	}
	tell(t, found)
}

// TestNamesAreClean holds that names are as they are meant to be stored.
func TestNamesAreClean(t *testing.T) {
	var found []string
	w := openWorld(t)
	for i := range w.entities {
		e := &w.entities[i]
		for _, n := range e.Names {
			problem := ""
			switch {
			case n.Text != strings.TrimSpace(n.Text) || strings.Contains(n.Text, "  "):
				problem = "has a space too many"
			case !norm.NFC.IsNormalString(n.Text):
				problem = "is not NFC"
			case name.Fold(n.Text) == "":
				problem = "folds to nothing"
			case strings.ContainsFunc(n.Text, func(r rune) bool {
				return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d'
			}):
				problem = "has a character without width"
			case strings.Contains(n.Text, " / ") || n.Source == "":
				problem = "is a list, or of no source"
			case len(n.Text) > 400:
				problem = "is too long"
			}
			if problem != "" {
				found = append(found, fmt.Sprintf("%s (%s): %q %s (%s)", e.ID, e.Canonical, n.Text, problem, n.Source))
			}
		}
	}
	tell(t, found)
}

// TestPeoplesAreNotLands holds that a word for a people is no lesser name of its
// land in the same language: "Greek" would read literally.
func TestPeoplesAreNotLands(t *testing.T) {
	var found []string
	w := openWorld(t)
	for i := range w.entities {
		e := &w.entities[i]
		peoples := map[string]bool{}
		for _, n := range e.Names {
			if n.Kind == fact.Demonym {
				peoples[n.Language+" "+n.Text] = true
			}
		}
		for _, n := range e.Names {
			if (n.Kind == fact.Alias || n.Kind == fact.Former) && n.Source != "desk" && peoples[n.Language+" "+n.Text] {
				found = append(found, fmt.Sprintf("%s (%s): %q is its people in %s, and an %s (%s)", e.ID, e.Canonical, n.Text, n.Language, n.Kind, n.Source))
			}
		}
	}
	tell(t, found)
}

// TestNoOrdinaryWords holds that nobody of note is called like one of the
// commonest words.
func TestNoOrdinaryWords(t *testing.T) {
	words, excepted := map[string]bool{}, map[string]bool{}
	for _, line := range lines(t, "testdata/words.txt") {
		fields := strings.Fields(line)
		if goodID(fields[0]) {
			excepted[fields[0]+" "+fields[1]] = true
			continue
		}
		for _, word := range fields {
			words[name.Fold(word)] = true
		}
	}
	const ofNote = .4
	var found []string
	w := openWorld(t)
	for i := range w.entities {
		e := &w.entities[i]
		for _, n := range e.Names {
			// An acronym asks for its capitals, and a script may share no word.
			if key := name.Fold(n.Text); e.Prominence >= ofNote && n.Kind != fact.Acronym && n.Kind != fact.Demonym && words[key] && !excepted[e.ID+" "+key] {
				found = append(found, fmt.Sprintf("%s (%s): %q is a common word (%s %s, %s)", e.ID, e.Canonical, n.Text, n.Language, n.Kind, n.Source))
			}
		}
	}
	tell(t, found)
}

func TestOrder(t *testing.T) {
	w := openWorld(t)
	for i := range w.entities {
		e := &w.entities[i]
		if i > 0 && w.entities[i-1].ID >= e.ID {
			t.Fatalf("entity %s comes after %s", e.ID, w.entities[i-1].ID)
		}
		for j := 1; j < len(e.Names); j++ {
			a, b := e.Names[j-1], e.Names[j]
			if c := pack.CompareLanguages(a.Language, b.Language); c > 0 || c == 0 && a.Kind > b.Kind || c == 0 && a.Kind == b.Kind && a.Text > b.Text {
				t.Fatalf("%s: %q (%s) comes after %q (%s)", e.ID, b.Text, b.Language, a.Text, a.Language)
			}
		}
	}
}

func TestIDs(t *testing.T) {
	var found []string
	w := openWorld(t)
	seen := map[string]string{}
	for i := range w.entities {
		e := &w.entities[i]
		for _, id := range append([]string{e.ID}, e.Redirects...) {
			if !goodID(id) {
				found = append(found, fmt.Sprintf("%s: not an ID of this table", id))
			}
			if other, ok := seen[id]; ok {
				found = append(found, fmt.Sprintf("%s stands for %s and for %s", id, other, e.ID))
			}
			seen[id] = e.ID
		}
		if e.Kind == fact.KindUnspecified || e.Canonical == "" || len(e.Names) == 0 {
			found = append(found, fmt.Sprintf("%s (%s) has no kind, no name or no canonical name", e.ID, e.Canonical))
		}
	}
	for id, p := range w.positions {
		if len(p.Titles) == 0 || !goodID(id) {
			found = append(found, fmt.Sprintf("position %s has no title, or no ID of this table", id))
		}
	}
	tell(t, found)
}

func goodID(id string) bool {
	if slug, ok := strings.CutPrefix(id, "onoma:"); ok {
		return slug != "" && strings.Trim(slug, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
	}
	return len(id) > 1 && id[0] == 'Q' && strings.Trim(id[1:], "0123456789") == ""
}

// TestRelations holds that both ends of every relation are there and are things
// that can stand in it.
func TestRelations(t *testing.T) {
	land := func(e *fact.Entity) bool { return e.Kind == fact.Country || e.Kind == fact.Region }
	somewhere := func(e *fact.Entity) bool {
		return land(e) || e.Kind == fact.Place || e.Kind == fact.Facility
	}
	var found []string
	w := openWorld(t)
	for i := range w.entities {
		e := &w.entities[i]
		for _, r := range e.Relations {
			target := w.byID[r.Target]
			problem := ""
			switch {
			case target == nil:
				problem = "no such entity"
			case target == e:
				problem = "itself"
			case r.From != 0 && r.To != 0 && r.To.Last() < r.From.First():
				problem = "ends before it begins"
			case (r.Type == fact.SeatOf) != (r.Sector != fact.SectorUnspecified):
				problem = "a sector belongs to SEAT_OF and to nothing else"
			case r.Type == fact.CapitalOf && (e.Kind != fact.Place || !land(target)):
				problem = fmt.Sprintf("a capital is a PLACE of a COUNTRY or REGION, not a %s of a %s", e.Kind, target.Kind)
			case r.Type == fact.SeatOf && !somewhere(e) && e.Kind != fact.Organization:
				problem = fmt.Sprintf("a %s is no seat", e.Kind)
			case r.Type == fact.LocatedIn && !somewhere(target):
				problem = fmt.Sprintf("nothing lies in a %s", target.Kind)
			}
			if problem != "" {
				found = append(found, fmt.Sprintf("%s (%s) %s %s: %s", e.ID, e.Canonical, r.Type, r.Target, problem))
			}
		}
	}
	tell(t, found)
}

func TestRoles(t *testing.T) {
	var found []string
	w := openWorld(t)
	for i := range w.entities {
		e := &w.entities[i]
		for _, r := range e.Roles {
			problem := ""
			switch {
			case e.Kind != fact.Person:
				problem = "is no person"
			case w.positions[r.Position] == nil:
				problem = "holds a post that is not in the table"
			case r.From != 0 && r.To != 0 && r.To.Last() < r.From.First():
				problem = "leaves before taking office"
			case badYear(r.From.Year()) || badYear(r.To.Year()):
				problem = "serves in a year out of this world"
			}
			if problem != "" {
				found = append(found, fmt.Sprintf("%s (%s) %s: %s %s..%s", e.ID, e.Canonical, problem, r.Position, r.From, r.To))
			}
		}
		for _, n := range e.Names {
			if n.From != 0 && n.To != 0 && n.To.Last() < n.From.First() {
				found = append(found, fmt.Sprintf("%s (%s): %q is given up before it is used", e.ID, e.Canonical, n.Text))
			}
		}
	}
	for id, p := range w.positions {
		for _, ref := range []string{p.Jurisdiction, p.Organization} {
			if ref != "" && w.byID[ref] == nil {
				found = append(found, fmt.Sprintf("position %s: %s is not in the table", id, ref))
			}
		}
	}
	tell(t, found)
}

// TestPostsAgree holds that nobody is both head of state and head of government
// of one land that has the two posts, and that who leads a state is not said to
// sit in a parliament or to govern a part of it still.
func TestPostsAgree(t *testing.T) {
	lesser := map[string]bool{"deputy_head_of_government": true, "vice_president": true, "speaker_of_parliament": true, "mayor": true, "governor": true, "ambassador": true}
	var found []string
	w := openWorld(t)
	for i := range w.entities {
		e := &w.entities[i]
		held := map[string]string{} // office and jurisdiction → position
		for _, r := range e.Roles {
			if p := w.positions[r.Position]; r.To == 0 && r.From != 0 {
				held[p.Office+" "+p.Jurisdiction] = p.Titles[0].Text
			}
		}
		for key, title := range held {
			office, land, _ := strings.Cut(key, " ")
			if office != "head_of_state" && office != "head_of_government" {
				continue
			}
			if other, ok := held["head_of_government "+land]; ok && office == "head_of_state" {
				found = append(found, fmt.Sprintf("%s (%s) is %s and %s at once", e.ID, e.Canonical, title, other))
			}
			for key, other := range held {
				if small, where, _ := strings.Cut(key, " "); lesser[small] && where == land {
					found = append(found, fmt.Sprintf("%s (%s) is %s and still %s", e.ID, e.Canonical, title, other))
				}
			}
		}
	}
	tell(t, found)
}

func badYear(y int) bool { return y != 0 && (y < 1200 || y > 2032) }

// TestOneHolder holds that posts of one holder have one, on the days that news
// is read on.
func TestOneHolder(t *testing.T) {
	single := map[string]bool{"head_of_government": true, "foreign_minister": true, "defence_minister": true}
	day, err := fact.ParseDate("2024-10-25")
	if err != nil {
		t.Fatal(err)
	}
	w := openWorld(t)
	holders := map[string][]string{}
	for i := range w.entities {
		e := &w.entities[i]
		for _, r := range e.Roles {
			if r.To != 0 && r.To.Day() == 0 {
				continue // "until October": the month of the change counts for neither
			}
			if single[w.positions[r.Position].Office] && day.Within(r.From, r.To) && w.prominence(w.positions[r.Position].Jurisdiction) >= .9 {
				holders[r.Position] = append(holders[r.Position], e.Canonical)
			}
		}
	}
	var found []string
	for id, list := range holders {
		if len(list) > 1 {
			found = append(found, fmt.Sprintf("%s (%s) was held on %s by %s", id, w.positions[id].Titles[0].Text, day, strings.Join(list, " and ")))
		}
	}
	tell(t, found)
}

func (w *world) prominence(id string) float64 {
	if e := w.byID[id]; e != nil {
		return e.Prominence
	}
	return 0
}

// prominent is the prominence from which two bearers of one name are a clash that
// needs a reason: a name both could be meant by, and a wrong answer would be seen.
const prominent = .6

// TestClashes holds that no two prominent entities share a name without a
// reason. Reasons that follow from the table itself are a capital and its
// country or region, a part and its whole, surnames, and words for peoples;
// facts/clashes.txt gives the others.
func TestClashes(t *testing.T) {
	allowed := map[string]bool{}
	for _, line := range lines(t, "facts/clashes.txt") {
		at := strings.Index(line, ": ")
		if at < 0 {
			t.Fatalf("clashes.txt: %q has no reason", line)
		}
		ids := strings.Fields(line[:at])
		for _, a := range ids {
			for _, b := range ids {
				allowed[a+" "+b] = true
			}
		}
	}
	w := openWorld(t)
	bearers := map[string]map[*fact.Entity]string{}
	for i := range w.entities {
		e := &w.entities[i]
		if e.Prominence < prominent {
			continue
		}
		for _, n := range e.Names {
			switch n.Kind {
			case fact.Demonym, fact.Short, fact.Former, fact.Misspelling, fact.Nickname:
				continue
			case fact.Transliteration:
				if e.Kind == fact.Person && !strings.Contains(n.Text, " ") {
					continue // a surname as another language spells it
				}
			}
			key := name.Fold(n.Text)
			if n.Kind == fact.Acronym {
				key = "\x00" + n.Text // an acronym meets acronyms alone
			}
			if bearers[key] == nil {
				bearers[key] = map[*fact.Entity]string{}
			}
			bearers[key][e] = n.Text
		}
	}
	clashes := map[string]string{}
	for _, list := range bearers {
		all := slices.SortedFunc(maps.Keys(list), func(a, b *fact.Entity) int { return strings.Compare(a.ID, b.ID) })
		for i, a := range all {
			for _, b := range all[i+1:] {
				pair := fmt.Sprintf("%s (%s) and %s (%s)", a.ID, a.Canonical, b.ID, b.Canonical)
				if !w.related(a, b) && !allowed[a.ID+" "+b.ID] {
					clashes[pair] += fmt.Sprintf(" %q", list[a])
				}
			}
		}
	}
	var found []string
	for pair, names := range clashes {
		found = append(found, pair+" share"+names)
	}
	tell(t, found)
}

func (w *world) related(a, b *fact.Entity) bool {
	to := func(a, b *fact.Entity) bool {
		return slices.ContainsFunc(a.Relations, func(r fact.Relation) bool { return r.Target == b.ID })
	}
	if to(a, b) || to(b, a) {
		return true
	}
	// A city and the region around it, in one country.
	for _, r := range a.Relations {
		for _, s := range b.Relations {
			if r.Type == fact.LocatedIn && s.Type == fact.LocatedIn && r.Target == s.Target && a.Kind != b.Kind {
				return true
			}
		}
	}
	return false
}

// TestApart holds that lands whose names look alike share none.
func TestApart(t *testing.T) {
	w := openWorld(t)
	for _, pair := range [][2]string{
		{"Q40", "Q408"}, {"Q1032", "Q1033"}, {"Q794", "Q796"}, {"Q214", "Q215"}, {"Q784", "Q786"}, {"Q1006", "Q983"}, {"Q1006", "Q1007"}, {"Q912", "Q826"},
		{"Q711", "Q736"}, {"Q37", "Q211"}, {"Q733", "Q77"}, {"Q37", "Q1014"}, {"Q846", "Q817"}, {"Q1049", "Q958"}, {"Q423", "Q884"}, {"Q974", "Q971"},
	} {
		a, b := w.byID[pair[0]], w.byID[pair[1]]
		if a == nil || b == nil {
			t.Fatalf("%v: not in the table", pair)
		}
		names := map[string]bool{}
		for _, n := range a.Names {
			if n.Kind != fact.Demonym && n.Kind != fact.Acronym {
				names[name.Fold(n.Text)] = true
			}
		}
		shared := slices.DeleteFunc(slices.Clone(b.Names), func(n fact.Name) bool {
			return n.Kind == fact.Demonym || n.Kind == fact.Acronym || !names[name.Fold(n.Text)]
		})
		// What the two Koreas and the two Congos share is meant.
		if pair[0] == "Q423" || pair[0] == "Q974" {
			if len(shared) == 0 {
				t.Errorf("%s and %s share no name, and should be ambiguous", a.Canonical, b.Canonical)
			}
			continue
		}
		for _, n := range shared {
			t.Errorf("%s and %s share %q (%s, %s)", a.Canonical, b.Canonical, n.Text, n.Language, n.Source)
		}
	}
}

// TestAmbiguous holds that of lands with one name none outweighs the others.
func TestAmbiguous(t *testing.T) {
	w := openWorld(t)
	for _, group := range []struct {
		name string
		ids  []string
	}{
		{"Georgia", []string{"Q230", "Q1428"}},
		{"Washington", []string{"Q61", "Q1223"}},
		{"Korea", []string{"Q423", "Q884"}},
		{"Congo", []string{"Q974", "Q971"}},
		{"Guinea", []string{"Q1006", "onoma:guinea-region"}},
		{"Santiago", []string{"Q2887", "Q42763", "Q14314"}},
	} {
		low, high := 1.0, 0.0
		for _, id := range group.ids {
			e := w.byID[id]
			if e == nil || !slices.ContainsFunc(e.Names, func(n fact.Name) bool { return name.Fold(n.Text) == name.Fold(group.name) }) {
				t.Errorf("%s: %s does not bear the name", group.name, id)
				continue
			}
			low, high = min(low, e.Prominence), max(high, e.Prominence)
		}
		if high-low > .0801 {
			t.Errorf("%s: prominence from %.3f to %.3f", group.name, low, high)
		}
	}
}

// TestAnchors holds the entities whose IDs are known for certain.
func TestAnchors(t *testing.T) {
	w := openWorld(t)
	for _, line := range lines(t, "testdata/anchors.txt") {
		id, want, _ := strings.Cut(line, " ")
		e := w.byID[id]
		if e == nil {
			t.Errorf("%s (%s) is not in the table", id, want)
			continue
		}
		if !slices.ContainsFunc(e.Names, func(n fact.Name) bool { return name.Fold(n.Text) == name.Fold(want) }) {
			t.Errorf("%s is %s, and has no name %s", id, e.Canonical, want)
		}
	}
}
