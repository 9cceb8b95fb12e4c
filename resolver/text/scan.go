package text

import (
	"cmp"
	_ "embed" // the data files
	"slices"
	"strings"
	"unicode/utf8"

	"onoma/resolver"
	"onoma/resolver/fact"
	"onoma/resolver/index"
	"onoma/resolver/name"
)

// scan finds the runs of tokens that are keys of the table, leftmost first and
// longest first.
func (w *work) scan() {
	w.scanRange(0, len(w.tokens.list), false)
}

func (w *work) scanRange(from, to int, inner bool) {
	for i := from; i < to; {
		if w.covered[i] != 0 && !inner {
			i++ // the run in focus was there before
			continue
		}
		limit := to
		if w.focus > i {
			limit = w.focus // no run reaches into it
		}
		end := w.at(i, limit, inner)
		if end > i && w.document.Nested && !inner {
			w.scanInside(i, end)
		}
		i = max(end, i+1)
	}
}

// scanInside finds the runs inside the run from..to.
func (w *work) scanInside(from, to int) {
	for i := from; i < to; i++ {
		limit := to
		if i == from {
			limit = to - 1
		}
		if limit > i {
			w.at(i, limit, true)
		}
	}
}

// at looks for the longest run that begins at token i, adds it, and returns
// where it ends; i when there is none.
func (w *work) at(i, limit int, inner bool) int {
	t := &w.tokens.list[i]
	if t.keyStart == t.keyEnd || t.form&(formCode|formDigits) == formCode {
		return i
	}
	if t.form&formChar != 0 {
		end, query := w.chars(i, limit)
		if next := w.initialsAt(i, limit, end); next > i && !inner {
			return next
		}
		if end > i {
			w.add(i, end, int(t.start), w.tokens.surface(i, end), query, false, inner)
		}
		return end
	}
	end := w.words(i, limit, w.tokens.key(i))
	if end > i+1 && (w.leadsIn(i, end) || w.endsTitle(i, end)) {
		return i
	}
	if end == i+1 && w.longerInflected(i, limit) {
		if longer, key := w.caseRun(i, limit, 2); longer > end {
			return w.addCase(i, longer, key, inner)
		}
		if longer := w.inflected(i, limit, 2); longer > end {
			return w.add(i, longer, int(t.start), w.tokens.surface(i, longer), "", true, inner)
		}
	}
	if end == i+1 && t.form&formUpper != 0 {
		if key := w.betterKnown(i); key != "" {
			return w.addCase(i, end, key, inner)
		}
	}
	for tries := 0; end > i && tries < longerTried; tries++ {
		if next := w.add(i, end, int(t.start), w.tokens.surface(i, end), "", false, inner); next > i {
			return next
		}
		// The longest is not written so; a shorter one may be: "izraeli hadsereg".
		end = w.words(i, end-1, w.tokens.key(i))
	}
	switch t.script {
	case name.Arabic, name.Hebrew, name.Ethiopic:
		return w.withoutClitic(i, limit, inner)
	}
	if w.barren[string(w.tokens.key(i))] == barrenCase|barrenStem {
		return i
	}
	if (t.form&formUpper != 0 || t.form&formCased == 0) && (t.form&formStart == 0 || !isOrdinary(w.tokens.key(i))) {
		if end, key := w.caseRun(i, limit, 1); end > i {
			if next := w.addCase(i, end, key, inner); next > i {
				return next
			}
		}
	}
	if t.form&formUpper != 0 || t.form&formCased == 0 {
		if end := w.inflected(i, limit, 1); end > i {
			return w.add(i, end, int(t.start), w.tokens.surface(i, end), "", true, inner)
		}
	}
	return i
}

// longerTried bounds how many keys are tried that begin at one token.
const longerTried = 4

// betterKnown returns the key of a case form where the word is the name of
// something little known, and a form of the name of something well known: "Путина"
// is Putin, and hardly Putina in Peru. So it is where the word is one for people in
// another language.
func (w *work) betterKnown(i int) string {
	const littleKnown, better = 0.55, 0.25
	e := w.entryOf(w.tokens.surface(i, i+1), "", false)
	if len(e.candidates) == 0 {
		return ""
	}
	top := &e.candidates[0]
	foreign := top.Name.Kind() == fact.Demonym && !w.speaks(top.Name.Language())
	if !foreign && bearerOf(top).Prominence() > littleKnown {
		return ""
	}
	end, key := w.caseRun(i, i+1, 1)
	if end == i {
		return ""
	}
	names := w.table.Index().Lookup("", []byte(key))
	for k := range names.Len() {
		if n := names.At(k); n.Kind() != fact.Demonym && n.Kind() != fact.Acronym && n.Text() != e.surface &&
			(foreign && w.speaks(n.Language()) || n.Entity().Prominence() > bearerOf(top).Prominence()+better) {
			delete(w.entries, e.surface)
			return key
		}
	}
	return ""
}

// bearerOf returns what bears the name of the candidate.
func bearerOf(c *resolver.Candidate) index.Entity {
	if c.Literal.Valid() {
		return c.Literal
	}
	return c.Entity
}

// leadsIn reports whether a run begins with an article that is no part of the
// name: the name without it is a key too and means the same, or the text writes
// the article small where the name has a capital.
func (w *work) leadsIn(i, end int) bool {
	if w.cue(i)&(cueArticle|cueOf|cueIn|cueTo|cueAnd) == 0 {
		return w.titleLeadsIn(i, end)
	}
	rest := w.words(i+1, end, w.tokens.key(i+1))
	if rest != end {
		if w.tokens.list[i].form&(formUpper|formCased) == formCased {
			return true
		}
		// "The channel" is no name for its article's capital.
		return !slices.ContainsFunc(w.tokens.list[i+1:end], func(t token) bool { return t.form&formUpper != 0 || t.form&formCased == 0 })
	}
	whole := w.entryOf(w.tokens.surface(i, end), "", false)
	bare := w.entryOf(w.tokens.surface(i+1, end), "", false)
	if t := &w.tokens.list[i]; t.form&formUpper != 0 && len(whole.candidates) > 0 &&
		(t.form&(formStart|formTitle) == 0 || len(bare.candidates) > 0 && whole.candidates[0].Name.Kind() < bare.candidates[0].Name.Kind()) {
		return false // "La Habana", "Det Hvide Hus"
	}
	return len(whole.candidates) == 0 || len(bare.candidates) > 0 &&
		(whole.candidates[0].Entity == bare.candidates[0].Entity || w.tokens.list[i].form&(formUpper|formCased) == formCased)
}

// titleLeadsIn reports whether a run begins with a title, written small, before the
// name of the same person: "el rey Felipe VI".
func (w *work) titleLeadsIn(i, end int) bool {
	if w.titles == nil || w.tokens.list[i].form&(formUpper|formCased) != formCased || !w.titles.any[string(w.tokens.key(i))] {
		return false
	}
	if w.words(i+1, end, w.tokens.key(i+1)) != end {
		return false
	}
	whole := w.entryOf(w.tokens.surface(i, end), "", false)
	bare := w.entryOf(w.tokens.surface(i+1, end), "", false)
	return len(whole.candidates) > 0 && len(bare.candidates) > 0 && whole.candidates[0].Entity == bare.candidates[0].Entity &&
		whole.candidates[0].Entity.Kind() == fact.Person && bare.outcome == resolver.Resolved
}

// endsTitle reports whether the first word of a run ends a title that begins before
// it, and the next is a name: "وزيرة الخارجية الفرنسية" is the minister of France.
func (w *work) endsTitle(i, end int) bool {
	return i > 0 && w.titles != nil && w.tokens.list[i].gap == gapSpace && w.tokens.list[i].form&formCased == 0 &&
		w.isTitle(i-1, i+1) && w.words(i+1, end, w.tokens.key(i+1)) == end
}

// words returns the end of the longest run from token i that is a key, first
// being the key of its first token.
func (w *work) words(i, limit int, first []byte) int {
	list := w.tokens.list
	var ends [maxRun + 4]int
	var lengths [maxRun + 4]int
	n, words, longest := 0, 1, 0
	buffer := append(w.buffer[:0], first...)
	for j := i; j < limit && j-i < len(ends); j++ {
		if j > i {
			ok, joined := w.tokens.bridges(j)
			if !ok || list[j].form&formCode != 0 {
				break
			}
			if !joined {
				if words++; words > longest {
					break
				}
				buffer = append(buffer, ' ')
			}
			buffer = append(buffer, w.tokens.key(j)...)
		}
		joins := false
		if j+1 < limit {
			_, joins = w.tokens.bridges(j + 1)
		}
		if words <= 2 {
			known := w.first.longestFrom(buffer)
			if words == 1 {
				longest = max(longest, known)
			}
			if known == 0 {
				if !joins {
					break
				}
				continue
			}
		}
		if j+1 < limit && list[j+1].gap == gapQuote && !w.mayEnd(j+1) {
			continue
		}
		ends[n], lengths[n] = j+1, len(buffer)
		n++
	}
	w.buffer = buffer
	for k := n - 1; k >= 0; k-- {
		if w.table.Index().Lookup("", buffer[:lengths[k]]).Len() == 0 {
			continue
		}
		if k > 0 && ends[k-1] == ends[k]-1 && list[ends[k-1]].gap == gapQuote && w.mayEnd(ends[k-1]) &&
			w.table.Index().Lookup("", buffer[:lengths[k-1]]).Len() > 0 {
			return ends[k-1] // "Blinken's" and not the Blinkens
		}
		return ends[k]
	}
	return i
}

// mayEnd reports whether a name may end before the apostrophe in front of token
// j: what follows is an ending and not the rest of a word.
func (w *work) mayEnd(j int) bool {
	const ending = 5
	return utf8.RuneCountInString(w.tokens.surface(j, j+1)) <= ending
}

// chars returns the end of the longest run of characters from token i that is
// a key, or i; and the key where the table has spaces that the text has not.
func (w *work) chars(i, limit int) (int, string) {
	list := w.tokens.list
	if i+leastChars > limit || !w.startsChars(i) {
		return i, ""
	}
	var ends [maxChars]int
	var lengths [maxChars]int
	buffer := w.buffer[:0]
	n, longest := 0, maxChars
	for j := i; j < limit && j-i < longest; j++ {
		if j > i {
			ok, joined := w.tokens.bridges(j)
			if !ok || list[j].form&formChar == 0 {
				break
			}
			if !joined {
				buffer = append(buffer, ' ')
			}
		}
		buffer = append(buffer, w.tokens.key(j)...)
		if j-i+1 == leastChars {
			// The gate is of characters without what parts them.
			if longest = w.first.longestFrom(list2(w, i, j)); longest == 0 {
				break
			}
		}
		if j-i+1 >= leastChars {
			ends[n], lengths[n] = j+1, len(buffer)
			n++
		}
	}
	w.buffer = buffer
	for k := n - 1; k >= 0; k-- {
		if !w.endsChars(ends[k]) {
			continue
		}
		if w.table.Index().Lookup("", buffer[:lengths[k]]).Len() > 0 {
			return ends[k], ""
		}
		if parted, ok := w.first.parted(string(buffer[:lengths[k]])); ok {
			return ends[k], parted
		}
	}
	return i, ""
}

// list2 is the folded form of tokens i to j without what parts them, which
// stands end to end in the memory of the keys.
func list2(w *work, i, j int) []byte {
	return w.tokens.keys[w.tokens.list[i].keyStart:w.tokens.list[j].keyEnd]
}

// startsChars reports whether a name may begin at a character.
func (w *work) startsChars(i int) bool {
	t := &w.tokens.list[i]
	if t.gap != 0 || i == 0 {
		return true
	}
	before := &w.tokens.list[i-1]
	switch t.script {
	case name.Hangul:
		return w.covered[i-1] != 0
	case name.Kana:
		return before.script != name.Kana || w.covered[i-1] != 0 || hiragana(w.tokens.surface(i-1, i))
	}
	return true
}

// endsChars reports whether a name may end before token end.
func (w *work) endsChars(end int) bool {
	if end == len(w.tokens.list) || w.tokens.list[end].gap != 0 {
		return true
	}
	after := &w.tokens.list[end]
	switch last := w.tokens.list[end-1].script; last {
	case name.Han:
		// The head of a ministry is a title: 美国财政部|长 is 美国 and 财政部长.
		// The people's university is none of the Chinese: 中国|人民大学.
		if string(w.tokens.key(end)) == "民" && string(w.tokens.key(end-1)) == "人" {
			return false
		}
		return !isHead(w.tokens.key(end)) || !isBody(w.tokens.key(end-1))
	case name.Hangul:
		return after.script != name.Hangul || w.particle(end)
	case name.Kana:
		return after.script != name.Kana || hiragana(w.tokens.surface(end, end+1)) && !hiragana(w.tokens.surface(end-1, end))
	case name.Thai, name.Lao:
		r, _ := utf8.DecodeRuneInString(w.tokens.surface(end, end+1))
		return !strings.ContainsRune("ะาำๅๆฯะາຳ", r)
	}
	return true
}

func isHead(key []byte) bool { return string(key) == "长" || string(key) == "長" }

// isBody reports the last characters of ministries, offices and courts.
func isBody(key []byte) bool {
	switch string(key) {
	case "部", "局", "院", "署", "厅", "委":
		return true
	}
	return false
}

func hiragana(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return r >= 0x3041 && r <= 0x309f
}

// inHiragana reports whether a text is of hiragana alone, which Japanese writes
// its own words in and folding makes katakana of.
func inHiragana(s string) bool {
	for _, r := range s {
		if r < 0x3041 || r > 0x309f {
			return false
		}
	}
	return s != ""
}

// particle reports whether what follows a Korean name up to the end of the word
// is a particle, or another name.
func (w *work) particle(from int) bool {
	to := from
	for to < len(w.tokens.list) && (to == from || w.tokens.list[to].gap == 0) && w.tokens.list[to].script == name.Hangul {
		to++
	}
	rest := w.tokens.surface(from, to)
	if particles().whole[rest] {
		return true
	}
	for _, head := range particles().heads {
		if after, ok := strings.CutPrefix(rest, head); ok && (after == "" || particles().whole[after]) {
			return true
		}
	}
	for _, suffix := range particles().starts {
		if strings.HasPrefix(rest, suffix) {
			return true
		}
	}
	return w.chars2(from, to)
}

// chars2 reports whether another name of two characters or more follows at once.
func (w *work) chars2(from, to int) bool {
	if to-from < leastChars {
		return false
	}
	key := list2(w, from, from+leastChars-1)
	return w.first.longestFrom(key) > 0 && w.table.Index().Lookup("", key).Len() > 0
}

// longerInflected reports whether a run of one word may be the beginning of an
// inflected name of several.
func (w *work) longerInflected(i, limit int) bool {
	if i+1 >= limit {
		return false
	}
	a, b := &w.tokens.list[i], &w.tokens.list[i+1]
	return a.form&formUpper != 0 && b.gap == gapSpace && a.script == b.script && (b.form&formUpper != 0 || w.first.longestFrom(w.tokens.key(i)) > 1)
}

// inflected returns the end of the longest run of at least so many words from
// token i that is a key once the endings of its words are off, or i.
func (w *work) inflected(i, limit, least int) int {
	list := w.tokens.list
	t := &list[i]
	if t.form&(formUpper|formCased) != formUpper|formCased || t.form&formCaps != 0 || t.script == name.Latin && !w.inflects {
		w.barren[string(w.tokens.key(i))] |= barrenStem
		return i
	}
	if t.form&formStart != 0 && least == 1 && isOrdinary(w.tokens.key(i)) {
		return i
	}
	key := w.tokens.key(i)
	w.stems = append(w.stems[:0], key)
	w.stems = name.AppendStemsIn(w.stems, key, t.script, w.tag)
	longest := 0
	for k, stem := range w.stems {
		n := w.first.longestFrom(stem)
		if k == 0 && n == 1 {
			n = 0 // without its ending or not at all
		}
		longest = max(longest, n)
	}
	if longest == 0 {
		w.barren[string(key)] |= barrenStem
		return i
	}
	end := i + 1
	for end < limit && end-i < min(longest, maxInflected) {
		if ok, _ := w.tokens.bridges(end); !ok || list[end].gap&gapHyphen != 0 && list[end].form&formUpper == 0 {
			break
		}
		end++
	}
	for ; end >= i+least; end-- {
		if end-i == 1 && int(t.keyEnd-t.keyStart) < leastInflected {
			return i
		}
		if end-i > 1 && !w.secondWord(i) {
			continue
		}
		if e := w.entryOf(w.tokens.surface(i, end), "", true); len(e.candidates) > 0 {
			return end
		}
	}
	return i
}

// Which ways of finding an inflected name a word has been through in vain.
const (
	barrenStem = 1 << iota
	barrenCase
)

const (
	maxInflected   = 4 // words of an inflected name
	leastInflected = 4 // bytes of an inflected name of one word
)

// secondWord reports whether some form of token i, before some form of the token
// after it, begins a key.
func (w *work) secondWord(i int) bool {
	first := slices.Clone(w.stems)
	second := append([][]byte{w.tokens.key(i + 1)}, name.AppendStemsIn(nil, w.tokens.key(i+1), w.tokens.list[i+1].script, w.tag)...)
	for _, a := range first {
		if w.first.longestFrom(a) < 2 {
			continue
		}
		for _, b := range second {
			w.buffer = append(append(append(w.buffer[:0], a...), ' '), b...)
			if w.first.longestFrom(w.buffer) >= 2 {
				return true
			}
		}
	}
	return false
}

// withoutClitic looks for a name behind the articles, prepositions and
// conjunctions that Arabic, Hebrew and Amharic write onto the next word.
func (w *work) withoutClitic(i, limit int, inner bool) int {
	t := &w.tokens.list[i]
	surface := w.tokens.surface(i, i+1)
	for _, c := range clitics() {
		rest, ok := strings.CutPrefix(surface, c.Text)
		stroke := len(rest) - len(strings.TrimLeft(rest, tatweel))
		letters := utf8.RuneCountInString(rest[stroke:])
		if rest = rest[stroke:]; !ok || letters == 0 {
			continue
		}
		w.scratch = name.AppendFold(w.scratch[:0], c.Instead+rest)
		end := w.words(i, limit, w.scratch)
		if end == i || end == i+1 && letters < leastBare {
			continue
		}
		start, query := int(t.start), c.Instead+rest+w.document.Text[t.end:w.tokens.list[end-1].end]
		if c.Place == name.CliticApart {
			start += len(strings.TrimSuffix(c.Text, c.Instead)) // the article stays
			if c.Instead == "" {
				start += stroke
			}
		}
		return w.add(i, end, start, w.document.Text[start:w.tokens.list[end-1].end], query, false, inner)
	}
	return i
}

// tatweel is the stroke that draws out an Arabic word, and joins a clitic to a name.
const tatweel = "ـ"

// leastBare is how many letters must remain of a word that lost a clitic, where it
// is a name by itself: "בתל אביב" is in Tel Aviv.
const leastBare = 3

// add adds the run of tokens from..to, unless the table denies it or no candidate
// is written so, and returns where scanning goes on.
func (w *work) add(from, to, start int, surface, query string, inflected, inner bool) int {
	e := w.entryOf(surface, query, inflected)
	if len(e.candidates) == 0 {
		return from
	}
	r := run{
		from: from, to: to, start: start, end: start + len(surface), entry: e,
		candidates: e.candidates, outcome: e.outcome, inner: inner,
	}
	r.end += w.lastMark(&r)
	if !inner {
		for k := from; k < to; k++ {
			w.covered[k] = int32(len(w.runs)) + 1
		}
	}
	if d := w.document.Text; r.end < len(d) && d[r.end] == '.' && w.tokens.list[to-1].gap == gapDot && w.tokens.list[to-1].letters() == 1 {
		r.end++ // "U.S."
	}
	w.runs = append(w.runs, r)
	return to
}

// lastMark is how long the mark behind the run is that its name ends in: the dot of
// "Jr.", the stroke of "סמוטריץ'".
func (w *work) lastMark(r *run) int {
	if !r.candidates[0].Name.Valid() {
		return 0
	}
	text := r.candidates[0].Name.Text()
	if whole := r.candidates[0].Entity.Canonical(); strings.HasPrefix(whole, text) {
		text = whole // "Jr" for "Jr."
	}
	last, _ := utf8.DecodeLastRuneInString(text)
	next, size := utf8.DecodeRuneInString(w.document.Text[r.end:])
	switch classify(last) {
	case dot:
		if next == last {
			return size
		}
	case quote:
		if classify(next) == quote {
			return size
		}
	}
	return 0
}

// joinForenames takes the forename before a surname into the run, in scripts where
// no capital marks it, when it is one of the bearer's as another paper spells it:
// "वोलोदिमीर ज़ेलेंस्की", "دیمیتری پسکوف".
func (w *work) joinForenames() {
	list := w.tokens.list
	for i := range w.runs {
		r := &w.runs[i]
		k := r.from - 1
		if k < 0 || r.inner || r.given || r.to != r.from+1 || len(r.candidates) == 0 || r.start != int(list[r.from].start) {
			continue
		}
		t, before := &list[r.from], &list[k]
		if t.form&(formCased|formChar) != 0 || t.gap != gapSpace || before.script != t.script || w.covered[k] != 0 {
			continue
		}
		c := &r.candidates[0]
		if c.Entity.Kind() != fact.Person || !c.Name.Valid() || c.Name.Kind() != fact.Short || !isSpelling(c.Entity, w.tokens.key(k), t.script) {
			continue
		}
		r.from, r.start = k, int(before.start)
		w.covered[k] = int32(i) + 1
		e := w.newEntry()
		*e = *r.entry
		e.surface, e.query = w.document.Text[r.start:r.end], c.Entity.Canonical()
		e.candidates, e.outcome = w.keep(r.candidates[:1]), resolver.Resolved
		r.entry, r.candidates, r.outcome = e, e.candidates, e.outcome
	}
}

// isSpelling reports whether the word is a spelling of the person's forename: it
// has the first letters of one that the table has in the script, and its length.
func isSpelling(e index.Entity, word []byte, script name.Script) bool {
	const alike, off = 2, 2 // letters
	letters := []rune(string(word))
	if len(letters) <= alike {
		return false
	}
	for i := range e.NameCount() {
		first, _, parted := strings.Cut(name.Fold(e.Name(i).Text()), " ")
		if !parted || name.ScriptOf(first) != script {
			continue
		}
		known := []rune(first)
		if len(known) > alike && slices.Equal(known[:alike], letters[:alike]) && max(len(known), len(letters))-min(len(known), len(letters)) <= off {
			return true
		}
	}
	return false
}

// addCase adds a run whose key is the base form of its words.
func (w *work) addCase(from, to int, key string, inner bool) int {
	next := w.add(from, to, int(w.tokens.list[from].start), w.tokens.surface(from, to), key, false, inner)
	if next > from {
		r := &w.runs[len(w.runs)-1]
		r.inflected = true
		for k := range r.candidates {
			r.candidates[k].Method = resolver.Inflected
		}
	}
	return next
}

// entryOf asks the table for a surface, once a document.
func (w *work) entryOf(surface, query string, inflected bool) *entry {
	if e, ok := w.entries[surface]; ok && (len(e.candidates) > 0 || e.query == query && e.inflected == inflected) {
		return e
	}
	e := w.newEntry()
	*e = entry{surface: surface, query: query, inflected: inflected}
	w.entries[surface] = e
	w.query.Name = surface
	if query != "" {
		w.query.Name = query
	}
	if len(w.query.Name) > maxWord*maxRun {
		return e
	}
	w.query.Reading = resolver.Auto
	if inflected {
		w.table.ResolveInflected(&w.query, &w.answer)
	} else {
		w.table.ResolveWritten(&w.query, &w.answer)
	}
	e.candidates = w.keep(w.written(e, w.answer.Candidates))
	e.outcome = w.answer.Outcome
	return e
}

// newEntry takes an entry from blocks, which do not move.
func (w *work) newEntry() *entry {
	if len(w.room) == cap(w.room) {
		w.room = make([]entry, 0, 64)
	}
	w.room = w.room[:len(w.room)+1]
	return &w.room[len(w.room)-1]
}

// keep copies candidates into memory of the document.
func (w *work) keep(candidates []resolver.Candidate) []resolver.Candidate {
	if cap(w.arena)-len(w.arena) < len(candidates) {
		w.arena = make([]resolver.Candidate, 0, max(256, len(candidates)))
	}
	at := len(w.arena)
	w.arena = append(w.arena, candidates...)
	return w.arena[at:len(w.arena):len(w.arena)]
}

// written leaves out candidates whose names are not written as the surface is, and
// prefers the names that the text's language uses among those that a candidate has
// by the same letters: "suomen" is a Lithuanian word too.
func (w *work) written(e *entry, candidates []resolver.Candidate) []resolver.Candidate {
	kept := candidates[:0]
	for _, c := range candidates {
		if !c.Name.Valid() {
			kept = append(kept, c)
			continue
		}
		so := w.writtenSo(e.surface, c.Name)
		if !so || !w.speaks(c.Name.Language()) {
			if own := w.ownNameOf(e, &c); own.Valid() {
				so = true
				if c.Literal.Valid() {
					c.Name = own // stands for the same by either
				} else {
					c.Rename(own)
				}
			}
		}
		if so {
			kept = append(kept, c)
		}
	}
	return kept
}

// ownNameOf returns the name of the candidate's bearer, by the same key, that the
// text's language uses and writes so; not valid when there is none.
func (w *work) ownNameOf(e *entry, c *resolver.Candidate) index.Name {
	w.scratch = name.AppendFold(w.scratch[:0], c.Name.Text())
	names := w.table.Index().Lookup("", w.scratch)
	var best index.Name
	for i := range names.Len() {
		n := names.At(i)
		if n.Entity() != bearerOf(c) || n.Kind() == fact.Demonym && c.Literal.Valid() || !w.speaks(n.Language()) || !w.writtenSo(e.surface, n) {
			continue
		}
		if !best.Valid() || n.Kind() < best.Kind() {
			best = n
		}
	}
	return best
}

// writtenSo reports whether case admits that surface is the name: a name with
// capitals is not written without any, and hiragana writes no katakana.
func (w *work) writtenSo(surface string, n index.Name) bool {
	text := n.Text()
	if inHiragana(surface) && !inHiragana(text) {
		return false
	}
	have, all := capitals(surface)
	want, _ := capitals(text)
	if want > 0 {
		return 2*have >= want
	}
	if all == 0 || have > 0 {
		return true
	}
	// Neither has a capital: words that are written so are demonyms, and words of
	// their own language alone.
	if w.language == "und" {
		base, _, _ := strings.Cut(n.Language(), "-")
		return n.Kind() == fact.Demonym && (base == "mul" || cuesOf()[base] != nil)
	}
	return (n.Kind() == fact.Demonym || n.Kind() == fact.Acronym && text == surface) && w.speaks(n.Language()) // "dpa"
}

// capitals counts the words that begin with a capital, and all words of scripts
// with case.
func capitals(s string) (upper, all int) {
	inside := false
	for _, r := range s {
		switch {
		case isLetter(r):
			if !inside {
				switch name.ScriptOfRune(r) {
				case name.Latin, name.Cyrillic, name.Greek, name.Armenian:
					all++
					if isUpper(r) {
						upper++
					}
				}
			}
			inside = true
		default:
			inside = false
		}
	}
	return upper, all
}

func sameLanguage(a, b string) bool {
	a, _, _ = strings.Cut(a, "-")
	b, _, _ = strings.Cut(b, "-")
	return strings.EqualFold(a, b)
}

// sortRuns puts runs in the order of the text, the longer of two that start
// together first.
func (w *work) sortRuns() {
	slices.SortStableFunc(w.runs, func(a, b run) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end))
	})
}
