package text

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"onoma/resolver"
	"onoma/resolver/fact"
	"onoma/resolver/index"
	"onoma/resolver/name"
	"onoma/resolver/seed/pack"
)

// Lexicon holds what offices are called. It is immutable.
type Lexicon struct {
	titles map[string][]title // by folded key
	first  map[string]int     // first word of a title: words of the longest
	words  map[string]bool    // words of titles of more than three letters
	any    map[string]bool    // all words and characters of titles
}

// title is one meaning of a title: a class of posts, in one language.
type title struct {
	office   string
	language string
	only     []string // countries in which it means that; nil for all
}

// NewLexicon reads the titles of offices.
func NewLexicon(offices iter.Seq[pack.Office]) *Lexicon {
	l := &Lexicon{titles: map[string][]title{}, first: map[string]int{}, words: map[string]bool{}, any: map[string]bool{}}
	var cut tokens
	for o := range offices {
		for _, t := range o.Titles {
			cut.cut(t.Text)
			key := titleKey(&cut)
			if key == "" {
				continue
			}
			l.titles[key] = append(l.titles[key], title{o.Class, t.Language, t.Only})
			first := string(cut.key(0))
			l.first[first] = max(l.first[first], len(cut.list))
			for i := range cut.list {
				w := string(cut.key(i))
				l.any[w] = true
				if len(w) > 3 {
					l.words[w] = true
				}
			}
		}
	}
	return l
}

// titleKey is the key of a title: its words, parted by spaces where the text
// parts them in any way.
func titleKey(t *tokens) string {
	var b strings.Builder
	for i := range t.list {
		if i > 0 && t.list[i].gap != 0 {
			b.WriteByte(' ')
		}
		b.Write(t.key(i))
	}
	return b.String()
}

// MayHold reports whether a name has a word of a title, or is of a script whose
// words are not parted. It costs a look-up a word.
func (l *Lexicon) MayHold(s string) bool {
	var room [64]byte
	words := 0
	for word := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ' ' || r == '-' || r == '\'' || r == '’' }) {
		words++
		if r, _ := utf8.DecodeRuneInString(word); byCharacter(name.ScriptOfRune(r)) {
			return utf8.RuneCountInString(word) > leastChars+1
		}
		if l.words[string(name.AppendFold(room[:0], word))] && (words > 1 || len(word) < len(s)) {
			return true
		}
	}
	return false
}

func (l *Lexicon) isTitleWord(key []byte) bool { return l.words[string(key)] }

const (
	titleTokens = 9 // words of the longest title
	titleChars  = 8
	titleForms  = 48 // combinations of forms tried for one title
	// confirmed is the weight, in log10, of a person who held the title beside
	// the name.
	confirmed = 3.0
	// ambassador is the class of office of which a country has many.
	ambassador = "ambassador"
	// mostHolders is how many may hold an office at once for its title to mean
	// one of them.
	mostHolders = 3
	// manyAtOnce is the office that a country has many holders of, few of whom the
	// table knows: its title alone says whom it means where it names the post.
	manyAtOnce = "ambassador"
)

// found is a title in the text, of a country or body.
type found struct {
	from, to int // tokens of the title
	first    int // token where title and country begin
	last     int // token behind both
	titles   []title
	of       *run
}

// findTitles looks for titles around the names of countries and bodies. A title
// beside a person's name settles who is meant; one alone means its holder.
func (w *work) findTitles() {
	if w.titles == nil {
		return
	}
	w.titleWords = append(w.titleWords[:0], make([]uint8, len(w.tokens.list))...)
	w.titleForms = reuse(w.titleForms)
	for i := 0; i < len(w.runs); i++ {
		r := &w.runs[i]
		if r.state != sure || r.inner || r.title || len(r.candidates) == 0 {
			continue
		}
		switch r.candidates[0].Entity.Kind() {
		case fact.Country, fact.Region, fact.Organization, fact.Place:
		default:
			continue
		}
		if f, ok := w.titleAround(r); ok {
			w.applyTitle(&f)
		}
	}
	w.sortRuns()
	w.renumber()
}

// titleBefore looks for a title before the name, with or without "of":
// "presidente ucraino", "president of Ukraine".
func (w *work) titleBefore(r *run) (found, bool) {
	list := w.tokens.list
	end := r.from
	for n := 0; end > 0 && n < 3; n++ {
		if c := w.cue(end - 1); c&(cueOf|cueArticle) == 0 || list[end].gap&^(gapSpace|gapQuote) != 0 {
			break
		}
		end--
	}
	for _, e := range [...]int{r.from, end} {
		if e == 0 || list[e].gap&^(gapSpace|gapHyphen|gapLine) != 0 && list[e].gap != gapQuote {
			continue
		}
		for s := w.titleStart(e); s < e; s++ {
			if key, ok := w.titleForm(s, e); ok {
				if t := w.titlesOf(key, r); len(t) > 0 {
					return found{s, e, s, r.to, t, r}, true
				}
			}
		}
		if end == r.from {
			break
		}
	}
	return found{}, false
}

func (w *work) titleAround(r *run) (found, bool) {
	list := w.tokens.list
	// Around: "ministre japonais des Affaires étrangères".
	if r.from > 0 && list[r.from].gap == gapSpace && r.to < len(list) && list[r.to].gap == gapSpace {
		for k := w.titleEnd(r.to, 6); k > r.to && w.mayBeTitle(r.from-1); k-- {
			head, ok1 := w.titleForm(r.from-1, r.from)
			tail, ok2 := w.titleForm(r.to, k)
			if !ok1 || !ok2 {
				continue
			}
			if t := w.titlesOf(head+" "+tail, r); len(t) > 0 {
				return found{r.from - 1, r.from, r.from - 1, k, t, r}, true
			}
		}
	}
	if !w.titlesLast {
		if f, ok := w.titleBefore(r); ok {
			return f, true
		}
	}
	// Behind: "South Korean national security adviser", "Kreml-Sprecher".
	if r.to < len(list) && list[r.to].gap&^(gapSpace|gapHyphen|gapLine) == 0 || r.to < len(list) && list[r.to].gap == gapQuote {
		at := r.to
		if list[at].gap == gapQuote && w.mayEnd(at) {
			at++ // "France's president"
		}
		if c, n := w.cueAfter(at); c&cueOf != 0 && n > 0 {
			at += n // "日本の首相"
		}
		if at >= len(list) {
			return found{}, false
		}
		for k := w.titleEnd(at, w.longestTitle(at)); k > at; k-- {
			if key, ok := w.titleForm(at, k); ok {
				if t := w.titlesOf(key, r); len(t) > 0 {
					return found{at, k, r.from, k, t, r}, true
				}
			}
		}
	}
	return found{}, false
}

// mayBeTitle reports whether token i, or what it may be a form of, is a word of
// some title. Each token is looked at once.
func (w *work) mayBeTitle(i int) bool {
	const yes, no = 1, 2
	if w.titleWords[i] != 0 {
		return w.titleWords[i] == yes
	}
	t := &w.tokens.list[i]
	key := w.tokens.key(i)
	known := w.titles.any[string(key)]
	if !known && t.form&formChar == 0 {
		var seen bool
		if known, seen = w.titleForms[string(key)]; !seen {
			w.stems = name.AppendStems(w.stems[:0], key, t.script)
			for _, stem := range w.stems {
				known = known || w.titles.any[string(stem)]
			}
			w.titleForms[string(key)] = known
		}
	}
	w.titleWords[i] = no
	if known {
		w.titleWords[i] = yes
	}
	return known
}

// titleStart returns where a title that ends before token end can begin.
func (w *work) titleStart(end int) int {
	s := end
	for s > 0 && end-s < w.longestTitle(end-1) && w.mayBeTitle(s-1) {
		s--
	}
	return s
}

// titleEnd returns where a title that begins at token at can end.
func (w *work) titleEnd(at, longest int) int {
	e := at
	for e < len(w.tokens.list) && e-at < longest && w.mayBeTitle(e) {
		e++
	}
	return e
}

func (w *work) longestTitle(i int) int {
	if w.tokens.list[i].form&formChar != 0 {
		return titleChars
	}
	return titleTokens
}

// titleForm is the key of tokens from..to as a title may have it.
func (w *work) titleForm(from, to int) (string, bool) {
	var b []byte
	for k := from; k < to; k++ {
		if w.covered[k] != 0 && w.runs[w.covered[k]-1].kind() == fact.Person {
			return "", false
		}
		if g := w.tokens.list[k].gap; k > from {
			if g&^(gapSpace|gapHyphen|gapQuote|gapLine) != 0 {
				return "", false
			}
			if g != 0 {
				b = append(b, ' ')
			}
		}
		b = append(b, w.tokens.key(k)...)
	}
	return string(b), true
}

// titlesOf returns what the title means in the language of the document, for the
// country or body of the run.
func (w *work) titlesOf(key string, r *run) []title {
	if t := w.narrow(w.titles.titles[key], r); len(t) > 0 {
		return t
	}
	// An inflected head or whole: "президента", "des Präsidenten".
	words := strings.Split(key, " ")
	if len(words) > 4 || sameLanguage(w.language, "en") {
		return nil // what English takes an ending off was a plural: "German speakers"
	}
	forms := make([][]string, len(words))
	for i, word := range words {
		forms[i] = []string{word}
		for _, stem := range name.AppendStems(nil, []byte(word), name.ScriptOf(word)) {
			forms[i] = append(forms[i], string(stem))
		}
	}
	left := titleForms
	var try func(i int, prefix string) []title
	try = func(i int, prefix string) []title {
		if i == len(forms) {
			left--
			return w.narrow(w.titles.titles[prefix], r)
		}
		for _, form := range forms[i] {
			next := form
			if i > 0 {
				next = prefix + " " + form
			} else if w.titles.first[form] < len(words) {
				continue
			}
			if found := try(i+1, next); len(found) > 0 {
				return found
			}
			if left <= 0 {
				break
			}
		}
		return nil
	}
	return try(0, "")
}

// narrow keeps the meanings of a title that the document's language and the
// country allow; one that names the country goes before a general one.
func (w *work) narrow(titles []title, r *run) []title {
	var general, special []title
	for _, t := range titles {
		if w.language != "und" && !w.speaks(t.language) {
			continue
		}
		switch {
		case t.only == nil:
			general = append(general, t)
		case slices.Contains(t.only, r.candidates[0].Entity.ID()):
			special = append(special, t)
		}
	}
	if len(special) > 0 {
		return special
	}
	return general
}

// applyTitle gives the title to the person beside it, or makes it a mention of
// its holder.
func (w *work) applyTitle(f *found) {
	if p := w.personBeside(f); p != nil && !w.isNextInList(p, f) {
		w.confirm(p, f)
		return
	}
	if !w.standsAlone(f) {
		return
	}
	var who []holding
	for _, of := range w.governed(f.of) {
		for _, t := range f.titles {
			if len(who) == 0 && t.office != manyAtOnce {
				who = w.holding(of, t.office)
			}
		}
	}
	if len(who) == 0 || len(who) > mostHolders {
		return
	}
	var candidates []resolver.Candidate
	for i, h := range who {
		score := 0.95
		if len(who) > 1 {
			score = 0.9 / float64(len(who)) * (1 - 0.01*float64(i))
		}
		candidates = append(candidates, resolver.Candidate{
			Entity: h.person, NameRole: resolver.RoleTitle, Reading: resolver.Titular, Method: resolver.FromContext, Score: score,
		})
	}
	outcome := resolver.Resolved
	if len(who) > 1 {
		outcome = resolver.Ambiguous
	}
	// The title's mention is the whole phrase; the country's is inside it.
	from, to := f.first, f.last
	at := len(w.runs)
	for k := from; k < to; k++ {
		if n := w.covered[k]; n > 0 && &w.runs[n-1] != f.of && w.runs[n-1].state == sure {
			if o := &w.runs[n-1]; o.from < from || o.to > to || o.kind() == fact.Person {
				return // part of the phrase belongs to another name
			}
		}
	}
	for k := from; k < to; k++ {
		if n := w.covered[k]; n > 0 {
			w.runs[n-1].inner = true
		}
	}
	e := w.newEntry()
	*e = entry{surface: w.tokens.surface(from, to), candidates: w.keep(candidates), outcome: outcome}
	w.addKnown(from, to, e)
	r := &w.runs[at]
	r.title, r.phraseFrom, r.phraseTo = true, f.first, f.last
}

// isNextInList reports whether a person before a title is another than its holder,
// named before him in a list: "Petro, el presidente chileno y …".
func (w *work) isNextInList(p *run, f *found) bool {
	list := w.tokens.list
	return p.to <= f.first && f.last < len(list) && w.cue(f.last)&cueAnd != 0 && list[f.last].gap == gapSpace && !w.everAny(p.candidates[0].Entity, f)
}

// holding returns who holds the office, or one that its title stands for.
func (w *work) holding(of index.Entity, class string) []holding {
	if class == ambassador {
		return nil // the table knows that in one capital, the text may mean another
	}
	who := w.holders.at(of, class, w.document.AsOf)
	for _, kin := range kinOffices()[class] {
		if len(who) == 0 {
			who = w.holders.at(of, kin, w.document.AsOf)
		}
	}
	return who
}

var kinOffices = sync.OnceValue(func() map[string][]string {
	kin := map[string][]string{}
	for class, items := range lists("offices.txt") {
		kin[class] = items
	}
	return kin
})

// governed are the entities whose offices a name speaks of.
func (w *work) governed(r *run) []index.Entity {
	c := &r.candidates[0]
	if c.Literal.Valid() {
		return []index.Entity{c.Entity, c.Literal}
	}
	return []index.Entity{c.Entity}
}

// personBeside returns the run of a person that the title stands beside.
func (w *work) personBeside(f *found) *run {
	list := w.tokens.list
	const near = gapSpace | gapComma | gapLine | gapQuote | gapOpen
	last, first := f.last, f.first
	if last+1 < len(list) && list[last].gap == gapSpace && list[last+1].gap == gapSpace && w.cue(last)&cueFormer != 0 {
		last++ // "נשיא ארצות הברית היוצא ג'ו ביידן"
	}
	if last < len(list) && list[last].form&formChar != 0 {
		if c, n := w.cueAfter(last); c&cueOf != 0 && last+n < len(list) && w.covered[last+n] != 0 {
			last += n // 仏大統領のマクロン氏
		}
	}
	if last < len(list) && list[last].gap&^near == 0 {
		if r := w.personAt(last); r != nil && !w.ofAnother(r, f) {
			return r
		}
	}
	for first > 0 && w.cue(first-1)&cueArticle != 0 && list[first].gap&^(gapSpace|gapQuote) == 0 {
		first--
	}
	if first > 0 && list[first].gap&^near == 0 && list[first].gap&(gapComma|gapOpen) != 0 && w.document.Text[list[first-1].end] != ';' {
		return w.personAt(first - 1)
	}
	if f.first > 0 && list[f.first].gap&^gapSpace == 0 {
		// "젤렌스키 우크라이나 대통령": whoever held the post.
		if r := w.personAt(f.first - 1); r != nil && r.state == sure && w.everAny(r.candidates[0].Entity, f) {
			return r
		}
	}
	return nil
}

// ofAnother reports whether the person of a run held posts of another country, and
// none of the title's: "Yunanistan Başbakanı Erdoğan'ı aradı" speaks of two.
func (w *work) ofAnother(r *run, f *found) bool {
	person := r.candidates[0].Entity
	if r.state != sure || r.outcome != resolver.Resolved || f.of.kind() != fact.Country {
		return false
	}
	another := false
	for i := range person.RoleCount() {
		role := person.Role(i)
		for _, of := range [...]index.Entity{role.Position.Jurisdiction(), role.Position.Organization()} {
			if slices.Contains(w.governed(f.of), of) {
				return false
			}
			another = another || of.Valid() && of.Kind() == fact.Country
		}
	}
	return another && !resolver.Belongs(&r.candidates[0], f.of.candidates[0].Entity.ID())
}

// everAny reports whether the person held the title's office, of any it governs.
func (w *work) everAny(person index.Entity, f *found) bool {
	for _, of := range w.governed(f.of) {
		for _, t := range f.titles {
			if _, ok := w.everHeld(person, of, t.office); ok {
				return true
			}
		}
	}
	return false
}

// personAt returns the run over token k that may name a person: the sure one, or
// else one that was not taken for a name.
func (w *work) personAt(k int) *run {
	if n := w.covered[k]; n > 0 {
		if r := &w.runs[n-1]; r.kind() == fact.Person && !r.title {
			return r
		}
		return nil
	}
	t := &w.tokens.list[k]
	if t.form&formCased != 0 && t.form&formUpper == 0 || w.doubted[k] == 0 {
		return nil
	}
	r := &w.runs[w.doubted[k]-1]
	if slices.ContainsFunc(r.candidates, func(c resolver.Candidate) bool { return c.Entity.Kind() == fact.Person }) {
		return r
	}
	return nil
}

// confirm weighs a person's candidates by who held the title.
func (w *work) confirm(p *run, f *found) {
	w.answer.Candidates = append(w.answer.Candidates[:0], p.candidates...)
	changed := false
	for i := range w.answer.Candidates {
		c := &w.answer.Candidates[i]
		if c.Entity.Kind() != fact.Person {
			continue
		}
		for _, of := range w.governed(f.of) {
			for _, t := range f.titles {
				if office, ok := w.everHeld(c.Entity, of, t.office); ok {
					c.Features.Context = max(c.Features.Context, confirmed)
					c.Office = cmp.Or(c.Office, office)
					changed = true
				}
			}
		}
	}
	if !changed {
		return
	}
	p.titled = true
	p.state = sure
	w.table.Settle(&w.query, &w.answer)
	p.candidates, p.outcome = w.keep(w.answer.Candidates), w.answer.Outcome
}

// everHeld reports whether the person held the office on some day, or one that its
// title stands for, and which.
func (w *work) everHeld(person, of index.Entity, class string) (string, bool) {
	if w.holders.ever(person, of, class) {
		return class, true
	}
	for _, kin := range kinOffices()[class] {
		if w.holders.ever(person, of, kin) {
			return kin, true
		}
	}
	return "", false
}

// standsAlone reports whether a title can mean its holder: nothing before it
// makes another post of it, and no name that the table lacks stands beside it.
func (w *work) standsAlone(f *found) bool {
	if w.isPredicate(f) {
		return false
	}
	list := w.tokens.list
	for _, k := range [...]int{f.first - 1, f.from - 1} {
		if k >= 0 && list[k+1].gap&^(gapSpace|gapHyphen|gapQuote) == 0 && (under()[string(w.tokens.key(k))] || w.cue(k)&cueFormer != 0) {
			return false
		}
	}
	for _, k := range [...]int{f.last, f.to} {
		if k >= len(list) {
			continue
		}
		t := &list[k]
		if t.gap&^(gapSpace|gapHyphen|gapLine) == 0 && (w.unknownName(k) || under()[string(w.tokens.key(k))]) {
			return false
		}
		if t.gap == gapHyphen {
			return false
		}
		if t.form&formChar == 0 && t.form&formCased == 0 && t.gap == gapSpace && under()[string(w.tokens.key(k))] {
			return false
		}
	}
	// "Jean Dupont, ministre français": an unknown name before a comma.
	first := f.first
	for first > 0 && w.cue(first-1)&cueArticle != 0 {
		first--
	}
	if first > 0 && list[first].gap&gapComma != 0 && w.unknownName(first-1) {
		return false
	}
	return true
}

// isPredicate reports whether the title is what somebody becomes: "was elected
// president of Argentina", "se stal prezidentem České republiky".
func (w *work) isPredicate(f *found) bool {
	const reach, behind = 6, 2
	list := w.tokens.list
	for k := f.first - 1; k >= max(0, f.first-reach) && list[k+1].gap&^(gapSpace|gapQuote|gapLine) == 0; k-- {
		if w.covered[k] != 0 {
			break
		}
		if w.becomes("before", k) {
			return true
		}
	}
	if f.first > 0 && list[f.first].gap == gapSpace && w.becomes("just before", f.first-1) {
		return true
	}
	for k := f.last; k < min(len(list), f.last+behind) && list[k].gap&^(gapSpace|gapLine) == 0 && w.covered[k] == 0; k++ {
		if w.becomes("after", k) {
			return true
		}
	}
	return false
}

// becomes reports whether token k is a verb of becoming of the document's language,
// in the place where it stands to the title.
func (w *work) becomes(place string, k int) bool {
	return becoming()[w.tag+" "+place][string(w.tokens.key(k))]
}

// becoming holds the verbs by language and place.
var becoming = sync.OnceValue(func() map[string]map[string]bool {
	all := map[string]map[string]bool{}
	for head, items := range lists("becoming.txt") {
		all[head] = map[string]bool{}
		for _, item := range items {
			all[head][name.Fold(item)] = true
		}
	}
	return all
})

var under = sync.OnceValue(func() map[string]bool { return foldedWords("under.txt") })
