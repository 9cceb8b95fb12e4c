package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"onoma/resolver/fact"
)

// A leader as the factbook writes one:
//
//	President Vladimir Vladimirovich PUTIN (since 7 May 2012)
//	King CHARLES III (since 8 September 2022); represented by Governor General …
//
// The surname, or the name a monarch reigns under, stands in capitals.
var (
	leaderText  = regexp.MustCompile(`^(.*?)\s*\((?:since )?(?:(\d{1,2}) )?(?:([A-Z][a-z]+) )?(\d{4})[^)]*\)`)
	leaderTitle = set(`president prime minister king queen sultan amir emir prince princess grand duke pope premier chancellor governor general
transition transitional interim acting caretaker col capt gen gen. col. capt. dr dr. sir dame chief executive of council ministers state
supreme leader taliban crown sovereign presidential leadership chairperson chair and commander-in-chief the sudanese armed forces vice
co-chiefs captains regent cnsp gnu national for safeguard homeland (cnsp) commission government spain (prime swiss confederation foreign
minister-equivalent) lord mann chairman cabinet chief co-vice president, council, leader`)
	months = []string{"", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
)

// lesserTitle is of one whom the factbook lists as head of a government that the
// head of state leads.
var lesserTitle = regexp.MustCompile(`(?i)^(vice president|supreme people's assembly)`)

// readLeaders brings the posts of heads of state and government up to early
// 2026: the data on posts ends in January 2023.
func (w *world) readLeaders() error {
	src := w.source("factbook", "")
	var found, created, known, unread int
	chief := map[string]string{} // name of the head of state
	err := w.rows("factbook/leaders.tsv", []string{"country_qid", "role", "text"}, func(f []string) error {
		country := w.at(f[0])
		// Of dependencies the head of state is another's.
		if f[0] == "" || country == nil || !country.state {
			return nil
		}
		m := leaderText.FindStringSubmatch(f[2])
		if m == nil || strings.ContainsAny(m[1], ";") {
			unread++
			return nil
		}
		since, err := factbookDate(m[2], m[3], m[4])
		if err != nil {
			return err
		}
		title, name := splitLeader(withoutParentheses(m[1]))
		// A president who also heads the government holds one post, and a vice
		// president or speaker listed for want of a head of government another.
		if f[1] == "head of government" && (name == chief[country.id] || lesserTitle.MatchString(title)) {
			return nil
		}
		chief[country.id] = name
		post := w.leaderPost(country, f[1], title)
		if name == "" {
			unread++
			return nil
		}
		if post == nil {
			if post = w.newLeaderPost(country, title); post == nil {
				unread++
				w.progress.say("factbook/leaders.tsv: no post for %s in %s", f[2], country.canonical)
				return nil
			}
		}
		p := w.leader(country, post, name)
		if p == nil {
			id := "onoma:" + slug(titleCase(name))
			p = w.open(id, fact.Person, src)
			if p.canonical == "" {
				p.canonical = titleCase(name)
			}
			p.name(titleCase(name), "en", fact.Primary, src, rankTagged)
			if short := capitalPart(name); short != "" && short != p.canonical {
				p.name(short, "en", fact.Short, src, rankTagged)
				// "José Enrique JERÍ Oré" is José Jerí.
				if first, _ := cutField(p.canonical); !strings.HasPrefix(short, first) {
					p.name(first+" "+short, "en", fact.Alias, src, rankTagged)
				}
			}
			w.indexWords(p)
			created++
		}
		if w.servesAlready(p, post) {
			known++
			return nil
		}
		// What the newer, hand-written rows say of the post stands.
		for _, e := range w.entities {
			for _, r := range e.roles {
				if r.rank == rankDesk && w.samePost(r.Position, post) && (r.To == 0 || r.From.First() >= since.First()) {
					known++
					return nil
				}
			}
		}
		// A year that contradicts later holders in the data is a slip of the source.
		if since.Year() < 2022 && w.laterHolder(post, since) {
			w.progress.say("factbook/leaders.tsv: %s since %s left out: the data has later holders of %s", f[2], since, post.id)
			return nil
		}
		p.from |= src
		p.roles = append(p.roles, role{Role: fact.Role{Position: post.id, From: since}, rank: rankReviewed})
		post.used, post.single = true, true
		found++
		return nil
	})
	w.progress.say("leaders: %d posts brought up to date, %d known already, %d people new, %d texts without a date or a post", found, known, created, unread)
	return err
}

func factbookDate(day, month, year string) (fact.Date, error) {
	m := slices.IndexFunc(months, func(name string) bool { return name == month || len(month) == 3 && strings.HasPrefix(name, month) })
	if m < 0 {
		return 0, fmt.Errorf("month %q", month)
	}
	s := year
	if m > 0 {
		s += fmt.Sprintf("-%02d", m)
		if day != "" {
			s += fmt.Sprintf("-%02s", day)
			s = strings.ReplaceAll(s, "- ", "-0")
		}
	}
	return fact.ParseDate(s)
}

// splitLeader separates the title from the name: the title ends with the last
// word in a row of titles.
func splitLeader(s string) (title, name string) {
	words := strings.Fields(s)
	i := 0
	for i < len(words)-1 && leaderTitle[strings.ToLower(strings.Trim(words[i], ","))] {
		i++
	}
	return strings.Join(words[:i], " "), strings.Join(words[i:], " ")
}

// leaderPost finds the post that the country's heads of state or of government
// have held: the one with the latest holder in the data.
func (w *world) leaderPost(country *entity, role, title string) *position {
	classes := []string{"head_of_state", "monarch", "supreme_leader"}
	if role == "head of government" {
		classes = []string{"head_of_government"}
		if title == "President" { // beside a supreme leader
			classes = []string{"head_of_government", "head_of_state"}
		}
	}
	if strings.Contains(title, "Supreme Leader") {
		classes = []string{"supreme_leader"}
	}
	latest := w.latestHolding()
	var best *position
	for _, id := range sortedKeys(w.positions) {
		p := w.positions[id]
		if p.jurisdiction != country.id || !slices.Contains(classes, p.office) || !p.used {
			continue
		}
		if best == nil || latest[p.id] > latest[best.id] {
			best = p
		}
	}
	return best
}

// newLeaderPost opens the post of a state whose leaders the data on posts lacks.
// It is nil for a title that says no more than the text around it.
func (w *world) newLeaderPost(country *entity, title string) *position {
	for _, known := range []struct{ word, title, class string }{
		{"Prime Minister", "Prime Minister", "head_of_government"},
		{"President", "President", "head_of_state"},
		{"King", "King", "monarch"},
		{"Sultan", "Sultan", "monarch"},
		{"Amir", "Emir", "monarch"},
	} {
		if !strings.Contains(title, known.word) || strings.Contains(title, "Council") {
			continue
		}
		label := known.title + " of " + withArticle(country.canonical)
		p := w.openPosition("onoma:" + slug(label))
		p.office, p.jurisdiction, p.used, p.single = known.class, country.id, true, true
		p.title(label, "en")
		p.title(known.title, "en")
		return p
	}
	return nil
}

// latestHolding gives the latest start of any holder of each post.
func (w *world) latestHolding() map[string]fact.Date {
	if w.latest == nil {
		w.latest = map[string]fact.Date{}
		for _, e := range w.entities {
			for _, r := range e.roles {
				w.latest[r.Position] = max(w.latest[r.Position], r.From)
			}
		}
	}
	return w.latest
}

// leader finds the person among those who served the country, or whoever bears
// the very name. Words are compared by their consonants: the factbook writes
// "Muhammad Bin Zayid" for Mohammed bin Zayed.
func (w *world) leader(country *entity, post *position, name string) *entity {
	words := skeletons(name)
	var capitals []string // the part in capitals
	for word := range strings.FieldsSeq(name) {
		if len([]rune(word)) > 1 && strings.ToUpper(word) == word {
			capitals = append(capitals, skeletons(word)...)
		} else if _, after, ok := strings.Cut(word, "-"); ok && len(after) > 1 && strings.ToUpper(after) == after {
			capitals = append(capitals, skeletons(after)...) // "al-BASHIR"
		}
	}
	var best *entity
	bestScore := 0
	for _, e := range w.bearers(words) {
		serves := slices.ContainsFunc(e.roles, func(r role) bool {
			// A post that no file opens is reported when the roles are merged.
			p := w.positions[r.Position]
			return p != nil && p.jurisdiction == country.id
		})
		held := slices.ContainsFunc(e.roles, func(r role) bool { return w.samePost(r.Position, post) })
		score := 0
		for _, n := range append([]rawName{{text: e.canonical}}, e.names...) {
			have := skeletons(n.text)
			common, surname := shared(words, have), shared(capitals, have)
			// Served here: the part in capitals and a further word. Elsewhere, or
			// not yet at all: every word of the shorter name, letter by letter.
			all := surname == len(capitals)
			whole := common >= 2 && common == min(len(have), len(words))
			exact := whole && shared(strings.Fields(fold(name)), strings.Fields(fold(n.text))) >= common
			if serves && all && common >= 2 || exact && (serves || e.desk || len(have) == len(words)) {
				score = max(score, common*4+2*b2i(held)+b2i(serves))
			}
		}
		if score > bestScore {
			best, bestScore = e, score
		}
	}
	return best
}

// capitalPart gives the surname that the factbook writes in capitals; "" for a
// reigning name with its number.
func capitalPart(name string) string {
	var part []string
	for word := range strings.FieldsSeq(name) {
		switch {
		case roman(word):
			return ""
		case len([]rune(word)) > 1 && strings.ToUpper(word) == word && !strings.Contains(word, "."):
			part = append(part, word)
		}
	}
	return titleCase(strings.Join(part, " "))
}

// skeletons folds a name and strips each word to its consonants, doubled ones
// once; a word without consonants stays. Particles are left out, and no word
// stands twice.
func skeletons(name string) []string {
	var list []string
	for word := range strings.FieldsSeq(fold(name)) {
		if particles[word] || word == "abd" || word == "ibni" {
			continue
		}
		var b strings.Builder
		last := rune(0)
		for _, r := range word {
			if !strings.ContainsRune("aeiouyw'", r) && r != last {
				b.WriteRune(r)
			}
			last = r
		}
		if b.Len() == 0 {
			b.WriteString(word)
		}
		if !slices.Contains(list, b.String()) {
			list = append(list, b.String())
		}
	}
	return list
}

// shared counts the words of a that stand in b.
func shared(a, b []string) (n int) {
	for _, word := range a {
		n += b2i(slices.Contains(b, word))
	}
	return n
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// bearers gives the people with any of those words in a name, by ID.
func (w *world) bearers(words []string) []*entity {
	if w.byWord == nil {
		w.byWord = map[string][]*entity{}
		for _, id := range sortedKeys(w.entities) {
			if e := w.entities[id]; e.kind == fact.Person {
				w.indexWords(e)
			}
		}
	}
	var list []*entity
	for _, word := range words {
		list = append(list, w.byWord[word]...)
	}
	slices.SortFunc(list, func(a, b *entity) int { return strings.Compare(a.id, b.id) })
	return slices.Compact(list)
}

func (w *world) indexWords(e *entity) {
	words := map[string]bool{}
	for _, n := range append([]rawName{{text: e.canonical}}, e.names...) {
		for _, word := range skeletons(n.text) {
			words[word] = true
		}
	}
	for word := range words {
		w.byWord[word] = append(w.byWord[word], e)
	}
}

// samePost reports whether two posts are the same office of the same country.
func (w *world) samePost(id string, p *position) bool {
	q := w.positions[id]
	return q == p || q != nil && p.office != "" && q.office == p.office && q.jurisdiction == p.jurisdiction
}

func (w *world) servesAlready(e *entity, post *position) bool {
	return slices.ContainsFunc(e.roles, func(r role) bool { return r.To == 0 && w.samePost(r.Position, post) })
}

func (w *world) laterHolder(post *position, since fact.Date) bool {
	for _, e := range w.entities {
		for _, r := range e.roles {
			if r.Position == post.id && r.From.First() > since.First() {
				return true
			}
		}
	}
	return false
}

// titleCase brings "Emmanuel MACRON" into the case of a name.
func titleCase(name string) string {
	words := strings.Fields(name)
	for i, word := range words {
		if roman(word) || strings.Contains(word, ".") {
			continue
		}
		parts := strings.Split(word, "-")
		for j, p := range parts {
			if r := []rune(p); len(r) > 1 && strings.ToUpper(p) == p {
				parts[j] = string(r[:1]) + strings.ToLower(string(r[1:]))
			}
		}
		words[i] = strings.Join(parts, "-")
	}
	return strings.Join(words, " ")
}

// slug makes the part of an ID after "onoma:".
func slug(s string) string {
	var b strings.Builder
	for _, r := range fold(s) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		default:
			b.WriteByte('-')
		}
	}
	return strings.Trim(b.String(), "-")
}
