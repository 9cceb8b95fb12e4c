package main

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"onoma/resolver/fact"
	"onoma/resolver/seed/writing"
)

// sinceYear is the year from which everyone with a post in the data is taken.
// Of earlier times only those who held one of the posts of [topOffice].
const sinceYear = 2000

// topOffice says of which classes of post every holder in the data is taken,
// whatever the time, and who gets a surname of their own as a name.
var topOffice = map[string]bool{
	"head_of_state": true, "monarch": true, "supreme_leader": true, "head_of_government": true,
	"foreign_minister": true, "defence_minister": true, "interior_minister": true, "finance_minister": true,
	"national_security_adviser": true, "intelligence_chief": true, "central_bank_governor": true,
	"secretary_general": true, "director_general": true,
}

// holding is one row of the data: a person held a post.
type holding struct {
	position string
	from, to fact.Date
	rank     int
}

// readPeople reads who held which posts, and the people's names.
func (w *world) readPeople() error {
	src := w.source("everypolitician", "EveryPolitician scrapers and proto-commons, snapshots 2018 and 2022-07 to 2023-01: facts of Wikidata (CC0).")
	held := map[string][]holding{}
	label := map[string]string{}
	impossible := 0
	note := func(person, name, position, start, end string) {
		if !isQID(person) || !isQID(position) || w.positions[position] == nil {
			return
		}
		h, ok := term(position, start, end)
		if !ok {
			impossible++
			return
		}
		if !isQID(name) && label[person] == "" {
			label[person] = name
		}
		held[person] = append(held[person], h)
	}
	columns := []string{"person_qid", "person_name", "position_qid", "start", "end"}
	err := w.rows("positions_eps/positions.tsv", columns, func(f []string) error {
		note(f[0], f[1], f[2], f[3], f[4])
		return nil
	})
	if err != nil {
		return err
	}
	for person, rows := range held {
		if w.entities[person] == nil && !w.taken(rows) {
			delete(held, person)
		}
	}
	// Seats in parliament of those, and of nobody else: a table of every member
	// of every parliament would drown the names that news means.
	err = w.rows("positions_eps/legislators.tsv", columns, func(f []string) error {
		if e := w.entities[f[0]]; held[f[0]] != nil || e != nil && e.kind == fact.Person {
			note(f[0], f[1], f[2], f[3], f[4])
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = w.rows("positions_eps/p39_raw.tsv", []string{"person_qid", "position_qid", "start", "end"}, func(f []string) error {
		p := w.positions[f[1]]
		if held[f[0]] != nil && p != nil && len(p.titles) > 0 {
			note(f[0], "", f[1], f[2], f[3])
		}
		return nil
	})
	if err != nil {
		return err
	}
	if impossible > 0 {
		w.progress.say("%d rows of posts left out: a date is no date, or the end comes before the beginning", impossible)
	}
	for person, rows := range held {
		e := w.open(person, fact.Person, src)
		if e.canonical == "" {
			e.canonical = label[person]
		}
		for _, h := range rows {
			if h.from == 0 && h.to == 0 {
				continue // says that, not when: it would read as a present post
			}
			e.roles = append(e.roles, role{Role: fact.Role{Position: h.position, From: h.from, To: h.to}, rank: h.rank})
			w.positions[h.position].used = true
		}
	}
	return w.readPeopleNames()
}

// term reads the dates of a row; it is false when one is no date, or the end
// comes before the beginning.
func term(position, start, end string) (holding, bool) {
	from, err1 := fact.ParseDate(start)
	to, err2 := fact.ParseDate(end)
	ok := err1 == nil && err2 == nil && (from == 0 || to == 0 || to.Last() >= from.First())
	return holding{position: position, from: from, to: to, rank: rankTagged}, ok
}

// taken says whether a person belongs in the table.
func (w *world) taken(rows []holding) bool {
	for _, h := range rows {
		p := w.positions[h.position]
		if topOffice[p.office] {
			return true
		}
		if h.from == 0 && h.to == 0 {
			continue
		}
		if h.to.Year() >= sinceYear || h.from.Year() >= sinceYear {
			return true
		}
		// Open and old is more likely a gap in the data than a life in office.
		if h.to == 0 && h.from.Year() >= sinceYear-15 {
			return true
		}
	}
	return false
}

func (w *world) readPeopleNames() error {
	src := w.source("everypolitician", "")
	most := map[string]int{}
	err := w.rows("positions_eps/person_labels.tsv", []string{"person_qid", "name", "count"}, func(f []string) error {
		e := w.entities[f[0]]
		if e == nil || e.kind != fact.Person || isQID(f[1]) {
			return nil
		}
		n := len(f[2])*10 + int(f[2][0]-'0') // orders decimal numbers
		lang := ""
		if isLatin(f[1]) {
			lang = "en"
			if !e.desk && n > most[e.id] {
				most[e.id], e.canonical = n, f[1]
			}
		}
		w.personName(e, f[1], lang, src)
		return nil
	})
	if err != nil {
		return err
	}
	for _, file := range []string{"positions_eps/person_labels_m17n.tsv", "commons2018/person_names.tsv"} {
		err := w.rows(file, []string{"id", "name", "lang"}, func(f []string) error {
			e := w.entities[f[0]]
			if lang := writing.Tag(f[2]); e != nil && e.kind == fact.Person && lang != "" && !isQID(f[1]) {
				w.personName(e, f[1], lang, src)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *world) personName(e *entity, text, lang string, source uint64) {
	e.labels++
	if e.canonical == "" && lang == "en" {
		e.canonical = withoutParentheses(text)
	}
	e.name(withoutParentheses(text), lang, fact.Alias, source, rankTagged)
}

func isLatin(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r) }) < 0
}

// particles are the small words that belong to the surname after them.
var particles = map[string]bool{
	"de": true, "da": true, "do": true, "dos": true, "das": true, "du": true, "des": true, "della": true, "di": true, "del": true,
	"von": true, "van": true, "der": true, "den": true, "ter": true, "zu": true, "la": true, "le": true, "el": true, "al": true,
	"bin": true, "ibn": true, "ben": true, "bint": true, "abu": true, "ould": true, "mac": true, "san": true, "santa": true, "st.": true,
}

// familyFirst are the countries whose people are named family name first in
// English too.
var familyFirst = map[string]bool{"cn": true, "tw": true, "hk": true, "mo": true, "kr": true, "kp": true, "sg": true}

// givenNameIsTheName are countries whose people are called by the first part of
// their name, as they have no family name, or (Vietnam) by the last, which is
// too common a word to be a name in the table.
var givenNameIsTheName = map[string]bool{"et": true, "er": true, "is": true, "mm": true, "id": true, "mn": true, "vn": true, "bt": true}

// shortName derives the surname from a person's name in Latin script; "" when it
// cannot be told. country is the ISO code of the country served.
func shortName(name, country string) string {
	// "Albert II, Prince of Monaco" is of Monaco, and called Albert.
	if strings.Contains(name, ",") || strings.Contains(name, " of ") {
		return ""
	}
	words := strings.Fields(name)
	for len(words) > 0 {
		last := strings.ToLower(strings.Trim(words[len(words)-1], ".,"))
		if last != "jr" && last != "sr" && last != "ii" && last != "iii" {
			break
		}
		words = words[:len(words)-1]
	}
	if len(words) < 2 || givenNameIsTheName[country] || !isLatin(name) {
		return ""
	}
	if familyFirst[country] {
		first := words[0]
		if surnames[strings.ToLower(first)] && len(words) <= 3 {
			return first
		}
	}
	at := len(words) - 1
	if roman(words[at]) {
		return "" // a monarch
	}
	for at > 1 && particles[strings.ToLower(words[at-1])] {
		at--
	}
	// Two letters are a word somewhere ("Re", "Su", "Te").
	short := strings.Join(words[at:], " ")
	if n := len([]rune(short)); n < 2 || n < 3 && !familyFirst[country] {
		return ""
	}
	return short
}

// surnames are the family names by which a name of China or Korea shows that it
// begins with the family.
var surnames = set(`ahn an ban bae baek bai bak bo cai cao chang chen cheng cheong cheung chiang chin cho choe choi chow chu chun chung
cui dai deng ding dong du duan fan fang feng fu gao gong gu guo ha han hao he heo ho hong hou hsiao hsieh hsu hu huang hui hwang hyon
jang jeon jeong ji jia jiang jin jo jon jong joo ju jung kang kim ko kong koo ku kuo kwak kwon kwak lai lam lau lee lei leung li liang liao lim lin
ling liu lo lu luo ma mao meng min moon mun na nam ng ni no noh o oh ong pae pak pan pang park peng qi qian qin qiu ra ren ri rim roh ryang
ryu seo shen sheng shi shim shin sim sin sohn son song su suh sun sung tan tang tao tian tien tong tsai tseng tsui tu u wan wang wei wen
won woo wu xi xia xiang xiao xie xin xiong xu xue yan yang yao ye yeh yi yim yin yo yoo yoon you yu yuan yun zeng zhai zhang zhao zheng zhong zhou zhu zou`)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

func roman(s string) bool { return strings.Trim(s, "IVXL") == "" }

// reversed turns "Shigeru Ishiba" into "Ishiba Shigeru", the order of the
// language; "" for names of more than two words.
func reversed(name string) string {
	words := strings.Fields(name)
	if len(words) != 2 || !isLatin(name) {
		return ""
	}
	slices.Reverse(words)
	return strings.Join(words, " ")
}

// servedCountry is the ISO code of the country of most of a person's posts.
func (w *world) servedCountry(e *entity) string {
	votes := map[string]int{}
	best := ""
	for _, r := range e.roles {
		c := w.at(w.positions[r.Position].jurisdiction)
		for hop := 0; c != nil && c.kind != fact.Country && hop < 3; hop++ {
			c = w.at(c.country)
		}
		if c == nil || c.iso == "" {
			continue
		}
		votes[c.iso]++
		if best == "" || votes[c.iso] > votes[best] || votes[c.iso] == votes[best] && c.iso < best {
			best = c.iso
		}
	}
	return best
}

// familyFirstAtHome reports whether the name of one who serves no country is
// Chinese or Korean, by how it is written there: without a break.
func familyFirstAtHome(e *entity) bool {
	return slices.ContainsFunc(e.names, func(n rawName) bool {
		return (n.lang == "zh" || n.lang == "ko") && n.kind != fact.Short && len([]rune(n.text)) <= 4 && !strings.ContainsAny(n.text, " ·")
	})
}

// addDerivedNames gives the surnames, and the order of names of Japan and
// Hungary, of those who hold or held a top post since 2010.
func (w *world) addDerivedNames() {
	src := w.source("everypolitician", "")
	for _, id := range sortedKeys(w.entities) {
		e := w.entities[id]
		if e.kind != fact.Person || !w.prominentSince(e, 2010) {
			continue
		}
		country := w.servedCountry(e)
		if country == "" && familyFirstAtHome(e) {
			country = "kr"
		}
		has := false
		for _, n := range e.names {
			has = has || n.kind == fact.Short && (n.lang == "en" || n.lang == "mul")
		}
		if short := shortName(e.canonical, country); !has && short != "" {
			e.name(short, "en", fact.Short, src, rankTagged)
		}
		switch country {
		case "jp":
			e.name(reversed(e.canonical), "en", fact.Alias, src, rankTagged)
		case "hu":
			e.name(reversed(e.canonical), "hu", fact.Alias, src, rankTagged)
		}
	}
}

func (w *world) prominentSince(e *entity, year int) bool {
	// A people file says how prominent someone is; a roles file only adds a post.
	if e.prominence >= 0 {
		return true
	}
	for _, r := range e.roles {
		p := w.positions[r.Position]
		if topOffice[p.office] && !p.acting() && !r.brief() && (r.To == 0 || r.To.Year() >= year) && w.ofState(p) {
			return true
		}
	}
	return false
}

// brief reports whether the term lasted less than a season, as those do who fill
// in until a successor is confirmed.
func (r role) brief() bool {
	const season = 90
	if r.From.Day() == 0 || r.To.Day() == 0 {
		return false
	}
	day := func(d fact.Date) time.Time {
		return time.Date(d.Year(), time.Month(d.Month()), d.Day(), 0, 0, 0, 0, time.UTC)
	}
	return day(r.To).Sub(day(r.From)) < season*24*time.Hour
}

// ofState reports whether a post is one of a country or of an organisation, and
// not of a region.
func (w *world) ofState(p *position) bool {
	if p.org != "" {
		return true
	}
	c := w.at(p.jurisdiction)
	return c != nil && c.kind == fact.Country
}
