package text

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"onoma/resolver"
	"onoma/resolver/fact"
	"onoma/resolver/index"
	"onoma/resolver/name"
)

// A word of the text that is a key of the table may still be a word: "Nice",
// "Of", "May". Evidence is the sum of what speaks for a name and what against
// it, in the weights below; they were set by hand on texts with and without
// names, and only their order of size matters.
const (
	enough = 0.25 // evidence of a name

	midSentence   = 1.5  // a capital where only names have one
	sentenceStart = -0.3 // a capital where every word has one
	capitalsLine  = -0.2 // a capital among capitals
	elsewhere     = 1.5  // the same word has a capital in mid-sentence elsewhere
	unlikeWord    = 1.2  // a sentence begins with a name that is no word
	lowerTwin     = -2.5 // the same word stands without a capital elsewhere
	ordinaryWord  = -2.2 // a word of some language
	renown        = 3.0  // of prominence, from usualRenown
	usualRenown   = 0.6
	foreignName   = -1.2 // a name of another language alone
	ownNameExists = -1.3 // of a place that the text's language has a name for
	ofCountry     = 0.8  // belongs to a country of the document
	wholeCountry  = 0.5
	shortName     = -0.4 // a surname or nickname, and nobody of the document has it
	littleKnown   = 10.0 // of what a short name's bearer lacks of knownByShort, up to mostUnknown
	knownByShort  = 0.63
	mostUnknown   = 1.2
	undecided     = -1.6 // a surname, and nothing tells which of its bearers is meant
	forenameAlone = -2.0 // a forename that many bear, without a surname
	countryCode   = -3.0 // letters for a country that the document does not name
	foreignCode   = -1.5 // letters for a country in another language
	oneLetter     = -3.0 // "X" among other capitals
	inPerson      = 3.0  // the document has the person's full name
	besideTitle   = 2.0
	besidePlace   = 0.7  // after "in", "from"; beside another name in a list
	strangersPart = -4.0 // part of the name of a person that the table lacks
	unknownBeside = -0.7 // beside an unknown word with a capital
	severalWords  = 2.0
	acronym       = 0.4
	shortAcronym  = -1.2 // of one or two letters
	denotesSaying = 0.9  // a verb of saying follows
	identifier    = -6.0
	placeOfReport = 4.0 // the place that a dispatch comes from
	withoutCase   = 1.2 // a script without capitals: the table's spelling is all there is
	shortChars    = -1.0
	guessedEnding = -0.8
	ownChars      = 0.5  // the text's own language has the name in characters
	nounsLanguage = -0.8 // in a language that writes nouns with a capital
	unitOfMeasure = -2.5 // capitals or a month beside a number
	mixedCase     = -3.0 // a capital inside where the name has none
	capsAlone     = -1.5 // a word in capitals among others that are not
	otherMarks    = -0.6 // differs from the name in marks
	otherTones    = -3.5 // where a word is another with other marks
	codeCompound  = -3.0 // a hyphen joins it to capitals or digits: "CD-ROM"
	onlyArticle   = -3.0 // "La paz" as a sentence begins: the capital is the article's
	behindUnknown = -1.5 // a little-known place behind an unknown word with a capital
)

// survey looks at all runs once: which words stand without a capital elsewhere,
// which countries and which people the document is about.
func (w *work) survey() {
	for i := range w.runs {
		r := &w.runs[i]
		if t := &w.tokens.list[r.from]; t.form&formUpper != 0 && t.form&(formStart|formTitle) == 0 {
			r.entry.capital++
		}
	}
	w.surveyLower()
	for i := range w.runs {
		r := &w.runs[i]
		if r.inner || len(r.candidates) == 0 {
			continue
		}
		top := &r.candidates[0]
		if r.state != sure {
			r.evidence = w.evidence(r)
		}
		if r.state != sure && r.evidence < enough {
			continue
		}
		if r.outcome == resolver.Resolved && top.Method <= resolver.Inflected && !w.asksSupport(r, top, w.wordsOf(r)) {
			w.countCountry(top)
			w.addSign(r, top)
		}
	}
	w.sortCountries()
	w.sortSigns()
	for i := range w.runs {
		r := &w.runs[i]
		if r.inner || len(r.candidates) == 0 || r.kind() != fact.Person || r.outcome != resolver.Resolved || r.to-r.from < 2 {
			continue
		}
		if top := &r.candidates[0]; top.Method <= resolver.Inflected && (r.state == sure || w.evidence(r) >= enough) {
			w.meet(r, top)
		}
	}
	w.bracketed()
	w.strangersOf()
	w.guess()
	w.surnames()
}

// surveyLower notes the words of runs that the text has without a capital too.
func (w *work) surveyLower() {
	for i := range w.runs {
		r := &w.runs[i]
		if t := &w.tokens.list[r.from]; r.to == r.from+1 && t.form&formUpper != 0 {
			w.lower[string(w.tokens.key(r.from))] = 0
		}
	}
	if len(w.lower) == 0 {
		return
	}
	for i := range w.tokens.list {
		if t := &w.tokens.list[i]; t.form&(formUpper|formCased) == formCased {
			key := w.tokens.key(i)
			if n, ok := w.lower[string(key)]; ok {
				w.lower[string(key)] = n + 1
			}
		}
	}
}

// evidence weighs whether the run is a name.
func (w *work) evidence(r *run) float64 {
	list := w.tokens.list
	t := &list[r.from]
	top := &r.candidates[0]
	bearer := top.Entity
	if top.Literal.Valid() {
		bearer = top.Literal
	}
	if w.isDateline(r) || w.isAgency(r) {
		return placeOfReport
	}
	if w.isPartOfWhole(r) || w.isTongue(r) {
		return strangersPart
	}
	if r.to < len(list) && list[r.to].gap == gapHyphen && top.Entity.Kind() == fact.Person && top.Reading == resolver.Literal && w.languageJoinsNames() &&
		(w.unknownName(r.to) || r.to > r.from+1 && list[r.to].form&(formUpper|formCaps) == formUpper) {
		return strangersPart // "Nancy Pelosi-Brown"
	}
	e := renown * (bearer.Prominence() - usualRenown)
	words := w.wordsOf(r)
	for k := r.from; k < r.to; k++ {
		if list[k].form&formCode != 0 {
			e += identifier
		}
	}
	if w.inAddress(r) {
		e += identifier / 2
	}
	if w.inCompound(r) {
		e += codeCompound
	}
	switch {
	case t.form&formChar != 0:
		e += withoutCase
		if sameLanguage(top.Name.Language(), w.language) {
			e += ownChars
		}
		if n := r.to - r.from; n == leastChars && t.script != name.Hangul {
			e += shortChars + 2*(bearer.Prominence()-usualRenown)
			if isOrdinary(list2(w, r.from, r.to-1)) {
				e += ordinaryWord
			}
		}
	case t.form&formCased == 0:
		e += withoutCase
		if words == 1 && (isOrdinary(w.tokens.key(r.from)) || w.cue(r.from) != 0) {
			e += ordinaryWord * 3 / 2
		}
	case words > 1:
		if e += severalWords; w.onlyArticleUpper(r) {
			e += onlyArticle
		}
	case t.form&formUpper == 0:
		// Demonyms of the text's own language, written as the table has them.
		e += midSentence
	default:
		e += w.caseEvidence(r, t)
	}
	if !w.ownLanguage(top) {
		if top.Name.Kind() == fact.Acronym {
			e += foreignName // letters mean other things in each language
		}
		switch {
		case top.Name.Kind() == fact.Acronym && sameLanguage(top.Name.Language(), "en"):
			e -= foreignName // but those of English are used in all
		case bearer.Kind() == fact.Person:
			e += foreignName / 3 // papers spell people as others do
		case words == 1 && (t.script == name.Latin && !w.inflects && utf8.RuneCountInString(r.entry.surface) <= shortForeign || t.script == name.Arabic || t.script == name.Hebrew) && isPlace(bearer.Kind()) && w.hasOwnName(bearer, t.script):
			e += foreignName + ownNameExists
		case w.isSmall && languageTraits()["large"][top.Name.Language()], bearer.Prominence() >= everywhereKnown && !w.hasOwnName(bearer, t.script):
			e += foreignName / 3 // the table lacks the name in this language
		default:
			e += foreignName
		}
	}
	if bearer.Kind() == fact.Country || top.Entity.Kind() == fact.Country {
		e += wholeCountry
	}
	if w.isAnothersBody(r) || w.isBehindForename(r) {
		e += strangersPart
	}
	if t.form&formCased == 0 && top.Entity.Kind() == fact.Person && w.besideTitleWord(r) {
		e += besideTitle / 2
	}
	switch {
	case w.counted && w.isSupported(r, top), isSurnameOfRank(top) && w.hasCompany(r):
		e += ofCountry
	case w.counted && w.asksSupport(r, top, words):
		switch {
		case w.inNews(r) && (bearer.Kind() != fact.Person || words > 1) && w.isLong(r):
		case isPlace(bearer.Kind()) && w.behindPlaceCue(r):
			e += placeByItself
		case isPlace(bearer.Kind()) && words == 1 && w.isNobodysName(r):
			e += nobodysName
		default:
			e += unsupported
		}
	}
	switch top.Name.Kind() {
	case fact.Short, fact.Nickname:
		if bearer.Kind() == fact.Person {
			e += shortName - min(mostUnknown, littleKnown*max(0, knownByShort-bearer.Prominence()))
			if words == 1 && top.Score < surelyOne {
				e += undecided
			}
		}
	case fact.Acronym:
		e += acronym + w.acronymEvidence(r, top)
	}
	if words == 1 && w.isOfWorldRank(r, top) {
		e += ofWorldRank
	}
	if top.Method == resolver.Normalized && words == 1 && t.form&formCaps == 0 {
		e += w.markEvidence(r, t)
	}
	if (top.Method == resolver.Inflected || r.inflected) && words == 1 {
		e += guessedEnding
		if bearer.Prominence() >= everywhereKnown {
			e -= guessedEnding / 2
		}
	}
	if words == 1 && t.form&formCased != 0 {
		e += w.neighbours(r)
	} else if t.form&formCased != 0 && bearer.Kind() != fact.Person {
		e += min(0, w.neighbours(r)) / 3
	}
	return e
}

// wordsOf counts the words of a run; an apostrophe parts none.
func (w *work) wordsOf(r *run) int {
	words := 1
	for k := r.from + 1; k < r.to; k++ {
		if g := w.tokens.list[k].gap; g != 0 && g != gapQuote {
			words++
		}
	}
	return words
}

// behindPlaceCue reports whether "in", "from" or the like stands before the run.
func (w *work) behindPlaceCue(r *run) bool {
	return r.from > 0 && w.tokens.list[r.from].gap&^(gapSpace|gapQuote) == 0 && w.cue(r.from-1)&(cueIn|cueFrom|cueTo) != 0
}

// inAddress reports whether a mark of code or addresses joins the run to what
// stands beside it.
func (w *work) inAddress(r *run) bool {
	list := w.tokens.list
	before, after := list[r.from].gap, gapSpace
	if r.to < len(list) {
		after = list[r.to].gap
	}
	if list[r.from].form&formChar != 0 {
		// "15%，特斯拉", "(서울=연합뉴스)": addresses are not of such characters.
		return before&^(gapSlash|gapDot) == 0 && before != 0 && list[r.from-1].form&formChar == 0 && list[r.from-1].form&formDigits == 0 ||
			after&^(gapSlash|gapDot) == 0 && after != 0 && list[r.to].form&(formChar|formDigits) == 0
	}
	return before&gapSlash != 0 && before&gapSpace == 0 && !w.tagged(r.from) ||
		after&(gapSlash|gapDot) != 0 && after&(gapSpace|gapStop|gapLine) == 0 || before == gapDot
}

// isAnothersBody reports whether a body of one state stands right behind the name of
// another, whose body of that kind the table lacks: 中國大陸國防部 is not Taiwan's.
func (w *work) isAnothersBody(r *run) bool {
	list := w.tokens.list
	if !w.counted || list[r.from].form&formChar == 0 || r.from == 0 || list[r.from].gap&^gapSpace != 0 || w.covered[r.from-1] == 0 || r.kind() != fact.Organization {
		return false
	}
	before := &w.runs[w.covered[r.from-1]-1]
	if before.kind() != fact.Country || before.to != r.from {
		return false
	}
	of := countryOf(r.candidates[0].Entity, 0)
	return of.Valid() && of != before.candidates[0].Entity && before.candidates[0].Name.Valid() && !resolver.Belongs(&r.candidates[0], before.candidates[0].Entity.ID())
}

// shortForename is how many bytes a forename has that is as likely another word.
const shortForename = 6

// isBehindForename reports whether a forename stands before the one word of a run
// and makes no known name with it, in a script where no capital tells: "बिल नेल्सन".
func (w *work) isBehindForename(r *run) bool {
	list := w.tokens.list
	top := &r.candidates[0]
	if r.to != r.from+1 || r.from == 0 || list[r.from].form&(formCased|formChar) != 0 || list[r.from].gap != gapSpace || w.covered[r.from-1] != 0 {
		return false
	}
	if top.Name.Valid() && top.Name.Kind() == fact.Demonym || bearerOf(top).Kind() == fact.Country || w.knows(top) {
		return false
	}
	key := w.tokens.key(r.from - 1)
	return w.first.part(key)&forename != 0 && w.cue(r.from-1) == 0 && !isOrdinary(key) && !w.titles.isTitleWord(key) && len(key) > shortForename
}

// besideTitleWord reports whether a title stands right beside the run, of whatever
// country: 石破前首相, 이시바 총리, الرئيس السيسي. Where no capital marks a name, it does.
func (w *work) besideTitleWord(r *run) bool {
	if w.titles == nil {
		return false
	}
	list := w.tokens.list
	if k := r.to; k < len(list) && list[k].gap&^gapSpace == 0 {
		if w.cue(k)&cueFormer != 0 || under()[string(w.tokens.key(k))] {
			k++
		}
		for end := min(k+shortTitle, len(list)); end > k; end-- {
			if w.isTitle(k, end) {
				return true
			}
		}
	}
	if k := r.from; k > 0 && list[k].gap&^gapSpace == 0 {
		for first := max(0, k-shortTitle); first < k; first++ {
			if w.isTitle(first, k) {
				return true
			}
		}
	}
	return false
}

// shortTitle is how many tokens of a title beside a name are looked at.
const shortTitle = 5

// isTitle reports whether tokens from..to are a title in the document's language.
func (w *work) isTitle(from, to int) bool {
	key, ok := w.join(w.buffer[:0], from, to)
	w.buffer = key
	return ok && slices.ContainsFunc(w.titles.titles[string(key)], func(t title) bool { return sameLanguage(t.language, w.language) })
}

// shortForeign is how many letters of another language's name for a place make a
// word: "Ende" in German is not India.
const shortForeign = 6

// markEvidence is what marks say that the name has and the text has not, or has
// others: little, but where they make other words of the same letters.
func (w *work) markEvidence(r *run, t *token) float64 {
	const shortWord = 3
	switch {
	case t.form&formChar != 0:
		if t.script == name.Thai || t.script == name.Lao {
			return otherTones // "ล่าว" is no "ลาว"
		}
		return 0
	case t.script == name.Arabic && !sameSpelling(r.entry.surface, r.candidates[0].Name.Text()):
		return otherTones // "ہیں" is no "ہند"
	case t.form&formCased == 0:
		return 0
	case w.differsInDots(r):
		return 0 // İstanbul is Istanbul
	case sameLanguage(w.language, "vi") && !isASCII(r.entry.surface), utf8.RuneCountInString(r.entry.surface) <= shortWord:
		return otherTones
	}
	return otherMarks
}

// sameSpelling reports whether two words in Arabic letters differ in nothing but
// vowel marks and the letters that one keyboard or another has for the same.
func sameSpelling(a, b string) bool {
	return spelling(a) == spelling(b)
}

var oneSpelling = strings.NewReplacer("أ", "ا", "إ", "ا", "آ", "ا", "ٱ", "ا", "ى", "ي", "ی", "ي", "ئ", "ي", "ک", "ك", "ة", "ه", "ہ", "ه", "ۃ", "ه", "ؤ", "و", "ـ", "", "\u200c", "")

func spelling(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsMark(r) {
			return -1
		}
		return r
	}, oneSpelling.Replace(s))
}

// inCompound reports whether a hyphen joins the run to capitals or digits that are
// no name.
func (w *work) inCompound(r *run) bool {
	list := w.tokens.list
	code := func(k int) bool {
		return list[k].form&(formCaps|formDigits) != 0 && (w.covered[k] == 0 || w.runs[w.covered[k]-1].state == rejected)
	}
	return r.from > 0 && list[r.from].gap == gapHyphen && code(r.from-1) ||
		r.to < len(list) && list[r.to].gap == gapHyphen && code(r.to) && (list[r.to].form&formDigits == 0 || r.kind() != fact.Organization)
}

// onlyArticleUpper reports whether nothing of the run has a capital but the article
// that a sentence begins with.
func (w *work) onlyArticleUpper(r *run) bool {
	list := w.tokens.list
	if list[r.from].form&(formStart|formCased) != formStart|formCased || w.cue(r.from)&cueArticle == 0 {
		return false
	}
	return !slices.ContainsFunc(list[r.from+1:r.to], func(t token) bool { return t.form&formUpper != 0 })
}

// differsInDots reports whether the text and the name differ in how a language
// that has two letters I writes them.
func (w *work) differsInDots(r *run) bool {
	dots := strings.NewReplacer("İ", "I", "ı", "i")
	switch w.tag {
	case "tr", "az", "kk", "crh", "tt":
		return dots.Replace(r.entry.surface) == dots.Replace(r.candidates[0].Name.Text())
	}
	return false
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// surelyOne is the score of a name that is somebody's without more ado.
const surelyOne = 0.6

// acronymEvidence is what capital letters say against the name that they stand
// for: two or three of them mean many things.
func (w *work) acronymEvidence(r *run, top *resolver.Candidate) float64 {
	const everywhere = 0.885 // as US, UK, EU, UAE
	e := 0.0
	letters := r.end - r.start
	known := top.Entity.Prominence() >= everywhere
	if letters <= 2 && bearerOf(top).Prominence() < .85 {
		e += shortAcronym
	}
	if top.Entity.Kind() == fact.Country || letters <= 2 {
		switch {
		case !w.ownLanguage(top) && !sameLanguage(top.Name.Language(), "en"):
			e += foreignCode
		case !known && top.Entity.Kind() == fact.Country && !w.isAbout(top.Entity) && (letters <= 3 || !sameLanguage(top.Name.Language(), w.language)):
			e += countryCode
		}
	}
	if letters == 1 && w.amongCapitals(r) {
		e += oneLetter
	}
	return e
}

// amongCapitals reports whether a number, a sign or another word in capitals
// stands beside the run, as in "Chapter X" and "A = X + Y".
func (w *work) amongCapitals(r *run) bool {
	list := w.tokens.list
	if r.from > 0 && list[r.from].gap&(gapLine|gapStop) == 0 {
		before := &list[r.from-1]
		if before.form&(formCaps|formDigits) != 0 || before.letters() == 1 || list[r.from].gap&^(gapSpace|gapQuote|gapOpen|gapComma) != 0 {
			return true
		}
	}
	if r.to < len(list) {
		after := &list[r.to]
		return after.gap == gapSpace && after.form&(formUpper|formDigits) != 0 && w.covered[r.to] == 0 || after.gap&gapSlash != 0
	}
	return list[r.from].gap&(gapFirst|gapLine) != 0
}

// tagged reports whether the token is a hashtag or an @name.
func (w *work) tagged(i int) bool {
	at := int(w.tokens.list[i].start)
	if at == 0 {
		return false
	}
	mark := w.document.Text[at-1]
	return (mark == '#' || mark == '@') && (at == 1 || !wordByte(w.document.Text[at-2]))
}

// caseEvidence is what the capital of a single word says.
func (w *work) caseEvidence(r *run, t *token) float64 {
	e := 0.0
	key := w.tokens.key(r.from)
	if r.to == r.from+1 && isOrdinary(key) && !w.isOfWorldRank(r, &r.candidates[0]) {
		country := r.candidates[0].Entity.Kind() == fact.Country && r.candidates[0].Reading == resolver.Literal
		switch start := t.form&(formStart|formTitle) != 0; {
		case start && !country:
			e += ordinaryWord
		case start:
			e += ordinaryWord / 2
		case !country:
			e += ordinaryWord * 3 / 4
		default:
			e += ordinaryWord / 4
		}
	}
	if surface := w.tokens.surface(r.from, r.to); surface != r.candidates[0].Name.Text() && r.candidates[0].Method <= resolver.Inflected {
		switch {
		case t.form&formCaps == 0 && innerCapital(surface) && !innerCapital(r.candidates[0].Name.Text()):
			e += mixedCase
		case t.form&formCaps != 0 && r.candidates[0].Name.Kind() != fact.Acronym && !w.shouts(r.from):
			e += capsAlone
		}
	}
	if n := w.lower[string(key)]; n > 0 && r.to == r.from+1 {
		e += lowerTwin
	}
	if r.to == r.from+1 && w.isForenameAlone(r, key) {
		e += forenameAlone
	}
	switch {
	case t.form&formTitle != 0:
		e += capitalsLine
	case t.form&formCaps != 0 && t.gap&(gapOpen|gapStop|gapLine|gapFirst) == gapOpen && r.candidates[0].Name.Kind() == fact.Acronym:
		e += midSentence // "(EFE)"
	case t.form&formStart != 0:
		e += sentenceStart
	case t.form&formCaps != 0 && r.candidates[0].Name.Kind() != fact.Acronym && w.shouts(r.from):
		e += capitalsLine
	default:
		e += midSentence
		if sameLanguage(w.language, "de") && r.candidates[0].Name.Kind() != fact.Acronym {
			e += nounsLanguage
		}
		return e
	}
	if r.entry.capital > 0 {
		e += elsewhere
	} else if t.form&(formStart|formTitle) == formStart && w.unlikeWord(r, key) {
		e += unlikeWord
	}
	return e
}

// unlikeWord reports whether a word at the beginning of a sentence is a name that
// is well known and no word of the language, as far as one can tell.
func (w *work) unlikeWord(r *run, key []byte) bool {
	const leastLetters, known, supported, certain = 6, 0.5, 0.4, 0.85
	top := &r.candidates[0]
	least := known
	if w.counted && w.isSupported(r, top) {
		least = supported
	}
	return r.to == r.from+1 && utf8.RuneCount(key) >= leastLetters && top.Method <= resolver.Exact && top.Score >= certain &&
		bearerOf(top).Prominence() >= least && w.lower[string(key)] == 0 && !isOrdinary(key) && w.cue(r.from) == 0 &&
		w.first.part(key)&commonForename == 0 && (w.titles == nil || !w.titles.isTitleWord(key))
}

// isForenameAlone reports whether a word that many people have for a forename is
// taken for somebody, or for a place that is little known.
func (w *work) isForenameAlone(r *run, key []byte) bool {
	const wellKnown = 0.7
	if w.first.part(key)&commonForename == 0 {
		return false
	}
	bearer := bearerOf(&r.candidates[0])
	if bearer.Kind() != fact.Person && r.from > 0 && w.cue(r.from-1)&(cueIn|cueTo) == cueIn {
		return false
	}
	return bearer.Prominence() < wellKnown && r.candidates[0].Name.Kind() != fact.Demonym && r.candidates[0].Name.Kind() != fact.Acronym
}

// innerCapital reports whether a word has a capital behind a small letter.
func innerCapital(word string) bool {
	small := false
	for _, r := range word {
		if isUpper(r) && small {
			return true
		}
		small = isLetter(r) && !isUpper(r)
	}
	return false
}

// shouts reports whether the words around token i are in capitals too.
func (w *work) shouts(i int) bool {
	for _, k := range [...]int{i - 1, i + 1} {
		if k >= 0 && k < len(w.tokens.list) && w.tokens.list[k].form&formCaps != 0 {
			return true
		}
	}
	return false
}

// ownLanguage reports whether the text's language, or every language, uses the
// name.
func (w *work) ownLanguage(c *resolver.Candidate) bool {
	if !c.Name.Valid() || w.language == "und" {
		return true
	}
	return w.speaks(c.Name.Language())
}

// everywhereKnown is the prominence of what every language has a name for.
const everywhereKnown = 0.75

// hasOwnName reports whether the text's language, or every language, has a name of
// the script for the entity.
func (w *work) hasOwnName(e index.Entity, script name.Script) bool {
	if known, ok := w.ownNames[e.Number()]; ok {
		return known
	}
	found := false
	for i := 0; i < e.NameCount() && !found; i++ {
		n := e.Name(i)
		found = (n.Kind() == fact.Primary && n.Language() == "mul" || (n.Kind() == fact.Primary || n.Kind() == fact.Alias) && sameLanguage(n.Language(), w.language)) && name.ScriptOf(n.Text()) == script
	}
	w.ownNames[e.Number()] = found
	return found
}

// neighbours is what the words beside a single word say of it.
func (w *work) neighbours(r *run) float64 {
	list := w.tokens.list
	e := 0.0
	top := &r.candidates[0]
	person := top.Entity.Kind() == fact.Person && top.Reading == resolver.Literal
	if w.isOfStranger(r) {
		return strangersPart
	}
	if k := r.from - 1; k >= 0 {
		before := &list[k]
		g := list[r.from].gap
		switch {
		case g == gapSpace && before.form&formDigits != 0 && (list[r.from].form&formCaps != 0 || isOrdinary(w.tokens.key(r.from))):
			e += unitOfMeasure // "512 MB", "5 May"
		case g == gapSpace && w.unknownName(k):
			if p := w.first.part(w.tokens.key(k)); p&forename != 0 || w.isNoAdjective(k) && top.Name.Kind() != fact.Acronym {
				return strangersPart
			}
			switch e += unknownBeside; {
			case sameLanguage(w.language, "de") || !w.asksSupport(r, top, 1):
			case person:
				return strangersPart // "Merlin Hughes"
			case top.Name.Kind() != fact.Acronym:
				e += behindUnknown // "Fort Sumter"
			}
		case (g == gapSpace || g == gapQuote) && !person && w.cue(k)&(cueIn|cueFrom|cueTo) != 0:
			e += besidePlace
		case g&gapComma != 0 && w.covered[k] != 0 || w.cue(k)&cueAnd != 0 && k > 0 && w.covered[k-1] != 0:
			e += besidePlace / 2
		}
	}
	if k := r.to; k < len(list) {
		g := list[k].gap
		switch {
		case g == gapSpace && list[k].form&formDigits != 0 && isOrdinary(w.tokens.key(r.from)):
			e += unitOfMeasure // "May 21"
		case g == gapSpace && w.unknownName(k):
			if k := top.Name.Kind(); k != fact.Demonym && k != fact.Acronym && (w.first.part(w.tokens.key(r.from))&forename != 0 || w.beginsStranger(r)) {
				return strangersPart
			}
			e += unknownBeside / 2
		case g == gapSpace:
			if c := w.cueRun(k); c&(cueSay|cueDecide) != 0 {
				e += denotesSaying
			} else if c&(cueAct|cueBe|cueMove) != 0 {
				e += denotesSaying / 2
			}
		}
	}
	return e
}

// isNoAdjective reports whether an unknown word with a capital before a name must
// be part of a name with it, in a language that writes adjectives and titles small.
func (w *work) isNoAdjective(k int) bool {
	return languageTraits()["small words"][w.tag] && w.tokens.list[k].form&formStart == 0 && w.cue(k) == 0 && !isOrdinary(w.tokens.key(k))
}

// isDoubleName reports whether the run is one of two words with capitals that no
// preposition stands before: a forename and a surname, both of which are names of
// places or of others, "Victoria Guerrero".
func (w *work) isDoubleName(r *run) bool {
	list := w.tokens.list
	if !languageTraits()["small words"][w.tag] && w.tag != "en" || r.to != r.from+1 {
		return false
	}
	first, second := r.from, r.from+1
	if !w.isHalfName(second) {
		if first, second = r.from-1, r.from; !w.isHalfName(first) {
			return false
		}
	}
	return list[second].gap == gapSpace && (first == 0 || w.cue(first-1)&(cueIn|cueFrom|cueTo|cueArticle) == 0) &&
		w.runOf(first) != nil && isPlace(bearerOf(&w.runOf(first).candidates[0]).Kind())
}

// isHalfName reports whether token i is by itself a place or a surname.
func (w *work) isHalfName(i int) bool {
	if i < 0 || i >= len(w.tokens.list) || w.tokens.list[i].form&(formUpper|formCaps|formTitle) != formUpper {
		return false
	}
	r := w.runOf(i)
	if r == nil || r.to != r.from+1 || r.titled || !r.candidates[0].Name.Valid() || w.knows(&r.candidates[0]) {
		return false
	}
	k := r.candidates[0].Name.Kind()
	return k != fact.Demonym && k != fact.Acronym && (isPlace(bearerOf(&r.candidates[0]).Kind()) || k == fact.Short)
}

// beginsStranger reports whether a place's name before an unknown word with a
// capital is a forename, or the first word of a name that the table lacks.
func (w *work) beginsStranger(r *run) bool {
	const littleKnown = 0.5
	bearer := bearerOf(&r.candidates[0])
	placed := r.from > 0 && w.cue(r.from-1)&(cueIn|cueFrom|cueTo) != 0
	if w.tag == "en" {
		// English gives capitals to days and to what a country's name stands before.
		return bearer.Kind() == fact.Place && !placed && !isOrdinary(w.tokens.key(r.to))
	}
	return languageTraits()["small words"][w.tag] && isPlace(bearer.Kind()) && (bearer.Prominence() < littleKnown || !placed)
}

// languageJoinsNames reports whether a hyphen behind a name joins a name to it, and
// not any noun as in German.
func (w *work) languageJoinsNames() bool {
	return w.tag == "en" || languageTraits()["small words"][w.tag] && w.tag != "nl" && w.tag != "af" && w.tag != "fi" && w.tag != "hu"
}

// isNamesake reports whether a forename before the surname of a person of the
// document is not that person's: "Karen Pence" beside Mike Pence.
func (w *work) isNamesake(r *run, top *resolver.Candidate) bool {
	k := r.from - 1
	if k < 0 || r.to != r.from+1 || top.Entity.Kind() != fact.Person || w.tokens.list[r.from].gap != gapSpace || !w.unknownName(k) || w.first.part(w.tokens.key(k))&forename == 0 {
		return false
	}
	return !strings.Contains(name.Fold(top.Entity.Canonical()), string(w.tokens.key(k)))
}

// isOfStranger reports whether the single word of a run is part of the name of
// somebody whom the table lacks: an initial before it that is not its bearer's, a
// forename before it or a surname behind it that makes no known name with it, a
// name that a hyphen joins to it.
func (w *work) isOfStranger(r *run) bool {
	list := w.tokens.list
	top := &r.candidates[0]
	if top.Name.Kind() == fact.Demonym {
		return w.isSurnameDemonym(r)
	}
	if top.Name.Kind() == fact.Acronym {
		return w.isInitials(r, top)
	}
	if w.isDoubleName(r) {
		return true
	}
	if w.knows(top) {
		return false
	}
	person := bearerOf(top).Kind() == fact.Person
	if k := r.from - 2; k >= 0 && list[r.from].gap == gapSpace && list[k+1].gap == gapSpace && list[k+1].form&formUpper == 0 && name.IsParticle(w.tokens.key(k+1)) &&
		w.unknownName(k) && w.first.part(w.tokens.key(k))&forename != 0 && w.asksSupport(r, top, 1) {
		return true // "Henrique de Moraes"
	}
	if k := r.from - 1; k >= 0 {
		switch g := list[r.from].gap; {
		case g&gapDot != 0 && g&^(gapDot|gapSpace|gapStop) == 0 && list[k].letters() == 1 && list[k].form&formUpper != 0:
			if !person || !hasInitial(top, w.tokens.key(k)) || k > 0 && list[k].gap == gapSpace && w.unknownName(k-1) {
				return true
			}
		case g == gapHyphen && w.unknownName(k):
			return true
		case g == gapSpace && w.first.part(w.tokens.key(k))&forename != 0 && w.loneName(k) && w.loneName(r.from):
			return true
		}
	}
	if k := r.to; k < len(list) && r.to == r.from+1 {
		switch g := list[k].gap; {
		case g == gapHyphen && w.unknownName(k):
			return true
		case g == gapSpace && w.first.part(w.tokens.key(r.from))&forename != 0 && w.loneName(k) && w.loneName(r.from):
			return true
		}
	}
	return false
}

// isSurnameDemonym reports whether a word for a people stands for a surname: with a
// capital behind a forename, "Carmen Russo".
func (w *work) isSurnameDemonym(r *run) bool {
	list := w.tokens.list
	k := r.from - 1
	return k >= 0 && list[r.from].gap == gapSpace && list[r.from].form&(formUpper|formTitle) == formUpper &&
		w.unknownName(k) && w.first.part(w.tokens.key(k))&forename != 0
}

// isInitials reports whether letters with dots are the initials of a name that
// follows: "J.T. Conklin".
func (w *work) isInitials(r *run, top *resolver.Candidate) bool {
	list := w.tokens.list
	if r.to-r.from < 2 || r.to == len(list) || top.Entity.Prominence() >= everywhereKnown && w.ownLanguage(top) {
		return false
	}
	return list[r.from+1].gap == gapDot && list[r.to].gap&gapDot != 0 && list[r.to].gap&^(gapDot|gapSpace|gapStop) == 0 &&
		list[r.to].form&(formUpper|formCaps) == formUpper
}

// loneName reports whether token i is a run by itself, of somebody or some place
// that is little known.
func (w *work) loneName(i int) bool {
	const wellKnown = 0.62
	if n := w.covered[i]; n > 0 {
		r := &w.runs[n-1]
		if r.to != r.from+1 || len(r.candidates) == 0 || !r.candidates[0].Name.Valid() || r.titled || w.tokens.list[i].form&(formUpper|formCaps|formTitle) != formUpper {
			return false
		}
		k := r.candidates[0].Name.Kind()
		return bearerOf(&r.candidates[0]).Prominence() < wellKnown && k != fact.Demonym && k != fact.Acronym && !w.knows(&r.candidates[0])
	}
	return false
}

// hasInitial reports whether a word of the bearer's name begins with the letter.
func hasInitial(c *resolver.Candidate, initial []byte) bool {
	for word := range strings.FieldsSeq(name.Fold(c.Entity.Canonical())) {
		if strings.HasPrefix(word, string(initial)) {
			return true
		}
	}
	return name.ScriptOf(string(initial)) != name.Latin // the letters of the other script are not told apart
}

// unknownName reports whether token i has a capital that marks it as part of a
// name and no run covers it.
func (w *work) unknownName(i int) bool {
	t := &w.tokens.list[i]
	if n := w.covered[i]; n != 0 && w.runs[n-1].state != rejected || t.form&(formUpper|formCased) != formUpper|formCased || t.form&(formCaps|formTitle|formDigits) != 0 {
		return false
	}
	if t.form&formStart != 0 && (w.first.part(w.tokens.key(i))&forename == 0 || isOrdinary(w.tokens.key(i)) || w.cue(i) != 0) {
		return false
	}
	return w.titles == nil || !w.titles.isTitleWord(w.tokens.key(i))
}

// settle decides what every run is, now that the document is known.
func (w *work) settle() {
	for i := range w.runs {
		r := &w.runs[i]
		if r.given {
			r.state = sure
		}
		if r.state != doubtful || len(r.candidates) == 0 {
			if r.given {
				w.inContext(r)
			}
			continue
		}
		w.inContext(r)
		e := w.evidence(r)
		if r.titled {
			e += besideTitle
		}
		if top := &r.candidates[0]; w.knows(top) && w.isNamesake(r, top) {
			e += strangersPart
		} else if w.knows(top) {
			e += inPerson
		} else if w.strangers[string(w.tokens.key(r.to-1))] && top.Entity.Kind() == fact.Person && r.to == r.from+1 {
			e += strangersPart
		}
		r.evidence = e
		if r.state = rejected; e >= enough {
			r.state = sure
		}
	}
	w.sortRuns()
	w.renumber()
}

// renumber makes covered right again after runs were added and put in order.
func (w *work) renumber() {
	clear(w.covered)
	w.doubted = append(w.doubted[:0], w.covered...)
	for i := range w.runs {
		r := &w.runs[i]
		over := w.covered
		switch {
		case r.inner:
			continue
		case r.state != sure:
			over = w.doubted
		}
		for k := r.from; k < r.to; k++ {
			over[k] = int32(i) + 1
		}
	}
}
