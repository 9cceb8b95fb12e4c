package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"onoma/resolver/fact"
	"onoma/resolver/seed/pack"
	"onoma/resolver/seed/writing"
)

// offices are the classes of facts/offices.txt: how English labels of posts are
// classed, and what each class is called in every language.
type offices struct {
	list       []pack.Office
	phrases    []officePhrase
	neverAfter []string
}

type officePhrase struct {
	text  string
	whole bool
	class string
}

func (o *offices) known(class string) bool {
	return slices.ContainsFunc(o.list, func(c pack.Office) bool { return c.Class == class })
}

func (w *world) readOffices(dir string) error {
	o := &w.offices
	return w.lines(filepath.Join(dir, "offices.txt"), func(_ int, text string) error {
		word, rest := cutField(text)
		if text[0] != ' ' {
			switch word {
			case "source":
			case "never-after":
				for _, s := range splitNames(rest) {
					o.neverAfter = append(o.neverAfter, strings.ToLower(s))
				}
			case "office":
				o.list = append(o.list, pack.Office{Class: rest})
			default:
				return fmt.Errorf("%q is none of source, never-after, office", word)
			}
			return nil
		}
		if len(o.list) == 0 {
			return fmt.Errorf("%q stands under no office", text)
		}
		class := &o.list[len(o.list)-1]
		switch word {
		case "match", "whole":
			for _, s := range splitNames(rest) {
				o.phrases = append(o.phrases, officePhrase{strings.ToLower(s), word == "whole", class.Class})
			}
			return nil
		}
		lang, err := factTag(word)
		if err != nil {
			return err
		}
		var only []string
		if first, after := cutField(rest); first == "only" {
			ids, names := cutField(after)
			rest = names
			for id := range strings.SplitSeq(ids, ",") {
				if w.at(id) == nil {
					return fmt.Errorf("country %s is not in the table", id)
				}
				only = append(only, w.resolve(id))
			}
		}
		for _, t := range splitNames(rest) {
			class.Titles = append(class.Titles, pack.OfficeTitle{Text: t, Language: lang, Only: only})
		}
		return nil
	})
}

// class gives the office that an English label of a post means, as offices.txt
// describes; "" for none. isCountry tells whether a text names a country.
func (o *offices) class(label string, isCountry func(string) bool) string {
	label = strings.ToLower(label)
	best, bestAt, bestLen := "", len(label)+1, 0
	for _, p := range o.phrases {
		at := -1
		if p.whole {
			if rest, ok := strings.CutPrefix(label, p.text); ok {
				rest = strings.TrimSpace(rest)
				country, of := strings.CutPrefix(rest, "of ")
				if rest == "" || of && isCountry(strings.TrimPrefix(country, "the ")) {
					at = 0
				}
			}
		} else {
			at = o.find(label, p.text)
		}
		if at >= 0 && (at < bestAt || at == bestAt && len(p.text) > bestLen) {
			best, bestAt, bestLen = p.class, at, len(p.text)
		}
	}
	return best
}

// find returns where phrase stands in label at word boundaries and not after a
// word that makes it another post.
func (o *offices) find(label, phrase string) int {
	for from := 0; ; {
		i := strings.Index(label[from:], phrase)
		if i < 0 {
			return -1
		}
		i += from
		end := i + len(phrase)
		if boundary(label, i-1) && boundary(label, end) && !o.after(label[:i]) {
			return i
		}
		from = i + 1
	}
}

// boundary reports whether the byte at i is no part of a word. An apostrophe is:
// "prime minister's office" has no prime minister in it.
func boundary(s string, i int) bool {
	if i < 0 || i >= len(s) {
		return true
	}
	c := s[i]
	return !(c == '\'' || c >= 0x80 || c >= 'a' && c <= 'z' || c >= '0' && c <= '9')
}

func (o *offices) after(before string) bool {
	before = strings.TrimRight(before, " -")
	for _, w := range o.neverAfter {
		if strings.HasSuffix(before, w) && boundary(before, len(before)-len(w)-1) {
			return true
		}
	}
	return false
}

func (w *world) openPosition(id string) *position {
	p := w.positions[id]
	if p == nil {
		p = &position{id: id, rank: rankTagged}
		w.positions[id] = p
	}
	return p
}

// acting reports whether the post is one of filling in for another's holder.
func (p *position) acting() bool {
	return len(p.titles) > 0 && strings.HasPrefix(strings.ToLower(p.titles[0].Text), "acting ")
}

// title adds a title once.
func (p *position) title(text, lang string) {
	if text = clean(text); text == "" {
		return
	}
	for _, t := range p.titles {
		if t.Text == text && t.Language == lang {
			return
		}
	}
	p.titles = append(p.titles, fact.Title{Text: text, Language: lang})
}

// readPosts reads which posts there are, whose they are, and their titles.
func (w *world) readPosts() error {
	items := map[string]string{} // position → label of its item
	err := w.rows("positions_eps/position_items.tsv", []string{"position_qid", "label", "country", "jurisdiction"}, func(f []string) error {
		if !isQID(f[0]) {
			return nil
		}
		items[f[0]] = f[1]
		p := w.openPosition(f[0])
		if p.jurisdiction == "" {
			for _, id := range []string{f[3], f[2]} {
				if e := w.at(id); id != "" && e != nil {
					p.jurisdiction = e.id
					break
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	labels, err := w.readPostLabels()
	if err != nil {
		return err
	}
	countries := w.countryNames()
	regions := w.regionNames()
	isCountry := func(s string) bool { return countries[fold(s)] != "" }
	for _, id := range sortedKeys(w.positions) {
		p := w.positions[id]
		label := labels[id]
		if label == "" {
			label = items[id]
		}
		if label == "" {
			continue
		}
		w.titlePost(p, label, items[id])
		if p.rank != rankDesk {
			if p.office = w.offices.class(label, isCountry); p.office == "" {
				p.office = w.offices.class(items[id], isCountry)
			}
			w.settleRegion(p, label, items[id], regions, isCountry)
		}
		if p.org == "" {
			p.org = w.organisationOf(label)
		}
	}
	return w.rows("commons2018/role_names.tsv", []string{"position_qid", "name", "lang"}, func(f []string) error {
		if p, lang := w.positions[f[0]], writing.Tag(f[2]); p != nil && lang != "" && writing.Fits(f[1], lang) {
			p.title(f[1], lang)
		}
		return nil
	})
}

// ofState matches what the post of a whole state may be "of" beside its name.
var ofState = regexp.MustCompile(`(?i)council|cabinet|government|state|republic|nation|executive|minister|union|federation|kingdom|confederation|emirate|islamic|presidency|leadership`)

// settleRegion finds out that "Premier of North West" governs no country: the
// post goes to the region of that name, and is no head of government where none
// is known.
func (w *world) settleRegion(p *position, label, item string, regions map[string]string, isCountry func(string) bool) {
	if p.office != "head_of_government" && p.office != "head_of_state" {
		return
	}
	for _, text := range []string{label, item} {
		i := strings.LastIndex(text, " of ")
		if i < 0 {
			continue
		}
		of := strings.TrimPrefix(text[i+len(" of "):], "the ")
		if isCountry(of) {
			return
		}
		if id, ok := regions[p.jurisdiction+" "+fold(of)]; ok {
			p.jurisdiction = id
			return
		}
		if c := w.at(p.jurisdiction); c != nil && c.kind == fact.Country && !ofState.MatchString(of) && !mentions(of, c) {
			p.office = ""
			return
		}
	}
}

// regionNames maps country ID and folded name to the ID of the region.
func (w *world) regionNames() map[string]string {
	names := map[string]string{}
	for _, id := range sortedKeys(w.entities) {
		e := w.entities[id]
		if e.kind != fact.Region || e.country == "" {
			continue
		}
		for _, n := range append([]rawName{{text: e.canonical}}, e.names...) {
			if n.rank == rankWeak {
				continue
			}
			if key := e.country + " " + fold(n.text); names[key] == "" {
				names[key] = id
			}
		}
	}
	return names
}

// readPostLabels reads the labels of the posts that anyone in the data held. A
// file there is one country's: posts without a jurisdiction take the one most
// posts of the file have.
func (w *world) readPostLabels() (map[string]string, error) {
	labels := map[string]string{}
	file := map[string]string{}
	votes := map[string]map[string]int{}
	err := w.rows("positions_eps/positions.tsv", []string{"position_qid", "position_label", "country_source"}, func(f []string) error {
		if !isQID(f[0]) || isQID(f[1]) {
			return nil
		}
		p := w.openPosition(f[0])
		labels[f[0]], file[f[0]] = f[1], f[2]
		if c := w.at(p.jurisdiction); c != nil && c.kind == fact.Country {
			if votes[f[2]] == nil {
				votes[f[2]] = map[string]int{}
			}
			votes[f[2]][c.id]++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = w.rows("positions_eps/legislators.tsv", []string{"position_qid", "position_label", "country_source"}, func(f []string) error {
		if _, ok := labels[f[0]]; !ok && isQID(f[0]) && !isQID(f[1]) {
			w.openPosition(f[0])
			labels[f[0]], file[f[0]] = f[1], f[2]
		}
		if p := w.positions[f[0]]; p != nil {
			p.seat = true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	countries := w.countryNames()
	for id, source := range file {
		p := w.positions[id]
		if p.jurisdiction != "" {
			continue
		}
		// "President of Benin" says it itself.
		if i := strings.LastIndex(labels[id], " of "); i >= 0 {
			if c := countries[fold(strings.TrimPrefix(labels[id][i+len(" of "):], "the "))]; c != "" {
				p.jurisdiction = c
				continue
			}
		}
		if source == "world" {
			continue
		}
		best, most, all := "", 0, 0
		for country, n := range votes[source] {
			all += n
			if n > most || n == most && country < best {
				best, most = country, n
			}
		}
		if all > 0 && most*10 >= all*8 { // a file of one country, not of the whole world
			p.jurisdiction = best
		} else if all == 0 {
			p.jurisdiction = countries[sourceCountry(source)]
		}
	}
	return labels, nil
}

// sourceCountry is the country in the name of a source, folded:
// "ivory-coast", "somalia-cabinet", "Burundi".
func sourceCountry(source string) string {
	for _, suffix := range []string{"-cabinet", "-ministers", "-federal-council"} {
		source = strings.TrimSuffix(source, suffix)
	}
	return fold(source)
}

// titlePost gives a post its English titles: the label of its item, which says
// of what country, or the bare label with the country's name.
func (w *world) titlePost(p *position, label, item string) {
	if p.rank == rankDesk && len(p.titles) > 0 {
		p.title(upperFirst(label), "en")
		return
	}
	c := w.at(p.jurisdiction)
	switch {
	case item != "" && !isQID(item) && item != label:
		p.title(upperFirst(item), "en")
	case c != nil && !mentions(label, c):
		p.title(upperFirst(label)+" of "+withArticle(c.canonical), "en")
	}
	p.title(upperFirst(label), "en")
}

// mentions reports whether a label names the country, or its people: four
// letters in common at the start of a word are enough.
func mentions(label string, c *entity) bool {
	label = " " + fold(label)
	for _, word := range append(strings.Fields(fold(c.canonical)), c.iso) {
		if len(word) > 4 {
			word = word[:4]
		}
		if len(word) == 4 && strings.Contains(label, " "+word) {
			return true
		}
	}
	return false
}

func withArticle(country string) string {
	for _, s := range []string{"United ", "Netherlands", "Philippines", "Bahamas", "Maldives", "Gambia", "Comoros", "Seychelles", "Marshall Islands", "Solomon Islands", "Czech Republic", "Dominican Republic", "Central African Republic", "Soviet Union", "European Union", "DR Congo"} {
		if strings.HasPrefix(country, s) {
			return "the " + country
		}
	}
	return country
}

func upperFirst(s string) string {
	if s != "" && s[0] >= 'a' && s[0] <= 'z' {
		return string(s[0]-'a'+'A') + s[1:]
	}
	return s
}

// organisationOf finds the organisation that a label such as "Secretary-General
// of the United Nations" ends in.
func (w *world) organisationOf(label string) string {
	if w.orgByName == nil {
		w.orgByName = map[string]string{}
		for _, id := range sortedKeys(w.entities) {
			e := w.entities[id]
			if e.kind != fact.Organization {
				continue
			}
			for _, n := range e.names {
				if n.lang == "en" {
					w.orgByName[fold(n.text)] = id
				}
			}
		}
	}
	_, of, ok := strings.Cut(label, " of ")
	for ok {
		if id, found := w.orgByName[fold(strings.TrimPrefix(of, "the "))]; found {
			return id
		}
		_, of, ok = strings.Cut(of, " of ")
	}
	return ""
}

// countryNames maps the folded English names of states to their IDs. A name that
// two states share (Congo) is left out.
func (w *world) countryNames() map[string]string {
	names := map[string]string{}
	for _, id := range sortedKeys(w.entities) {
		e := w.entities[id]
		if e.kind != fact.Country {
			continue
		}
		for _, n := range append([]rawName{{text: e.canonical, lang: "en"}}, e.names...) {
			if n.lang != "en" || n.kind == fact.Acronym || n.kind == fact.Demonym {
				continue
			}
			key := fold(n.text)
			if have, ok := names[key]; ok && have != id {
				names[key] = ""
				continue
			}
			names[key] = id
		}
	}
	return names
}
