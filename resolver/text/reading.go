package text

import (
	"math"
	"sync"

	"onoma/resolver"
	"onoma/resolver/fact"
)

// ReadingFeatures say how a place's name stands in its sentence. They are of any
// language: what a language has of its own is in its cue words.
type ReadingFeatures [numReading]float64

const (
	fBias = iota
	fCountry
	fCapital
	fSeat
	fRegion
	fIn
	fFrom
	fTo
	fOf
	fBy
	fWith
	fAgainst
	fNothingBefore
	fSentenceStart
	fOfPlace
	fOfPolity
	fOfRelation
	fOfSport
	fOfOther
	fPossessive
	fPossessivePolity
	fPossessivePlace
	fPossessiveSport
	fNextSay
	fNextDecide
	fNextAct
	fNextBe
	fNextMove
	fNextPlace
	fNextPolity
	fNextRelation
	fNextSport
	fNextWord
	fNextName
	fNextStop
	fNextComma
	fNextBracket
	fNextIn
	fNextAnd
	fAfterComma
	fInBrackets
	fListActor
	fListPlace
	fSubject
	fLaterSay
	fLaterDecide
	fEarlierMove
	fEarlierPlace
	fEarlierPolity
	fEarlierRelation
	fEarlierAct
	fSport
	fRelation
	fDigits
	fInMove
	fInStart
	fCommaChain
	fSubjectVerb
	fHyphen
	fAndBefore
	fFromAct
	fToAct
	fToRelation
	fWithRelation
	fByAct
	fSportSubject
	fSportIn
	fSportAgainst
	fForName
	fOfSway
	fSwayBefore
	fSwayAfter
	fInherited
	fFromSway
	fInPossessive
	fOfPossessive
	fVerbBefore
	fPowerNothing
	fPowerWith
	fPowerAgainst
	fPowerOf
	fPowerFrom
	fPowerTo
	fPowerVerb
	fPowerAnd
	fPowerLater
	fPowerWord
	fPowerActor
	fPlainSport
	fFor
	fObject
	fForMove
	fForSport
	fArticleWord
	fLiesIn
	fBePlace
	fBeArticle
	fNextHave
	fAlone
	fBeMove
	fOfTitle
	fPowerPolity
	fNextInPlace
	fPossessiveWord
	fWithPlace
	fListCountry
	fVerbWord
	fWordBefore
	fBePassive
	fToGive
	fOfSeize
	numReading
)

// ReadingTerms names the features, as data/reading.txt does.
var ReadingTerms = [numReading]string{
	"bias", "country", "capital", "seat of power", "region",
	"in", "from", "to", "of", "by", "with", "against", "nothing before", "sentence start",
	"of: place before", "of: polity before", "of: relation before", "of: sport before", "of: other before",
	"possessive", "possessive: polity", "possessive: place", "possessive: sport",
	"next: say", "next: decide", "next: act", "next: be", "next: move", "next: place", "next: polity", "next: relation", "next: sport",
	"next: other word", "next: name", "next: end", "next: comma", "next: bracket", "next: preposition of place", "next: and",
	"after comma", "in brackets", "in list with actor", "in list with place", "subject particle",
	"later: say", "later: decide", "earlier: move", "earlier: place", "earlier: polity", "earlier: relation", "earlier: act",
	"sport in sentence", "relation in sentence", "digit before", "in, move before", "in, sentence start", "chain of commas",
	"nothing before, verb next", "hyphen", "and before", "from, act before", "to, act before", "to, relation before",
	"with, relation near", "by, act before", "sport, nothing before", "sport, in", "sport, against", "before a name",
	"of: sway before", "earlier: sway", "next: sway", "relation of the list", "from or to, sway before", "in, possessive", "of, possessive", "verb before",
	"power, nothing before", "power, with", "power, against", "power, of", "power, from", "power, to", "power, verb next", "power, and",
	"power, later: say or decide", "power, other word next", "power, in list with actor", "no country, sport", "for", "object", "for, move before", "for, sport",
	"article before, other word next", "what stands before lies in it", "next: be, place later", "next: be, article later", "next: have", "nothing on either side",
	"next: be, move later", "of: title before", "power, of or possessive: polity", "next: in a place", "possessive: other word", "with, place or move before",
	"in list with country", "next: other word, article or place before",
	"next: other word, another before",
	"next: be, passive", "to, giving before", "of: taking before",
}

// readingWeights are the fitted weights, in nats.
var readingWeights = sync.OnceValue(func() *ReadingFeatures {
	weights := new(ReadingFeatures)
	if err := resolver.ParseWeights("reading.txt", dataFile("reading.txt"), ReadingTerms[:], weights[:]); err != nil {
		panic(err) // an embedded file: a test would have failed
	}
	return weights
})

// Metonymic returns the probability that the features speak of a name that
// stands for those who act in its bearer's name.
func (f *ReadingFeatures) Metonymic(weights *ReadingFeatures) float64 {
	sum := 0.0
	for i, weight := range weights {
		sum += weight * f[i]
	}
	return 1 / (1 + math.Exp(-sum))
}

// read decides the reading of every place and gives what acts its sector. The
// names of one list are read alike: what speaks for one speaks for all.
func (w *work) read() {
	w.readable = w.readable[:0]
	for i := range w.runs {
		r := &w.runs[i]
		if r.state != sure || r.title || r.asked || len(r.candidates) == 0 {
			continue
		}
		top := &r.candidates[0]
		if top.Reading != resolver.Metonymic && top.Reading != resolver.Literal {
			continue
		}
		bearer := bearerOf(top)
		if !isPlace(bearer.Kind()) {
			continue
		}
		if w.isDateline(r) {
			w.readRun(r, false, false)
			continue
		}
		f := w.readingFeatures(r, bearer.Kind(), top.Reading == resolver.Metonymic)
		p := f.Metonymic(readingWeights())
		x := readable{run: i, head: i, logit: math.Log(p / (1 - p)), acts: f[fNextSay]+f[fNextDecide]+f[fLaterSay]+f[fLaterDecide] > 0 && f[fSport] == 0}
		if kind := bearer.Kind(); top.Reading == resolver.Literal && kind != fact.Country && !x.acts && f[fNextAct]+f[fSubject]+f[fSport]+f[fListActor] == 0 {
			x.logit = min(x.logit, noPower) // a town that nobody governs from
		}
		w.readable = append(w.readable, x)
		last := len(w.readable) - 1
		if last > 0 && w.continuesList(&w.runs[w.readable[last-1].run], r) {
			w.readable[last].head = w.readable[last-1].head
		}
	}
	for from := 0; from < len(w.readable); {
		to, sum := from, 0.0
		for to < len(w.readable) && w.readable[to].head == w.readable[from].head {
			sum += w.readable[to].logit
			to++
		}
		for _, x := range w.readable[from:to] {
			w.readRun(&w.runs[x.run], sum >= 0, x.acts)
		}
		from = to
	}
}

// noPower is the most that speaks for a town to stand for somebody, where nothing
// says that it acts: unlike a capital, few towns do.
const noPower = -0.5

// readable is a run whose reading is a choice.
type readable struct {
	run, head int // the run, and the first of its list
	logit     float64
	acts      bool // says or decides something
}

// continuesList reports whether b is of one kind with a and stands behind it in a
// list: parted by a comma, "and" or both.
func (w *work) continuesList(a, b *run) bool {
	if a.kind() != b.kind() || a.candidates[0].Reading != b.candidates[0].Reading {
		return false
	}
	list := w.tokens.list
	k := a.to
	comma, and := false, false
	for ; k < b.from && k-a.to < 3; k++ {
		c := w.cue(k)
		if c&(cueAnd|cueArticle) == 0 || list[k].gap&^(gapSpace|gapQuote|gapComma|gapLine) != 0 {
			return false
		}
		comma, and = comma || list[k].gap&gapComma != 0, and || c&cueAnd != 0
	}
	if k != b.from || list[k].gap&^(gapSpace|gapQuote|gapComma|gapLine) != 0 {
		return false
	}
	comma = comma || list[k].gap&gapComma != 0
	return and || comma && w.listGoesOn(b)
}

func (w *work) readRun(r *run, metonymic, acts bool) {
	top := &r.candidates[0]
	bearer := bearerOf(top)
	switch {
	case top.Reading == resolver.Metonymic && !metonymic:
		w.readLiterally(r)
	case top.Reading == resolver.Literal && metonymic && (bearer.Kind() == fact.Country || bearer.Kind() == fact.Place || bearer.Kind() == fact.Region):
		c := *top
		c.Reading, c.Literal = resolver.Metonymic, bearer
		if acts {
			c.Sector = fact.Government
		}
		r.candidates = w.keep(r.candidates)
		r.candidates[0] = c
	}
}

// readLiterally puts the bearers of the name in the place of what they stand for.
func (w *work) readLiterally(r *run) {
	e := r.entry
	if !e.hasLiteral {
		e.hasLiteral = true
		q := w.query
		q.Name, q.Reading = e.surface, resolver.Literal
		if e.query != "" {
			q.Name = e.query
		}
		if e.inflected {
			w.table.ResolveInflected(&q, &w.answer)
		} else {
			w.table.ResolveWritten(&q, &w.answer)
		}
		e.literal, e.literalOutcome = w.keep(w.written(e, w.answer.Candidates)), w.answer.Outcome
	}
	r.literally = true
	w.readAs(r, e.literal)
	if top := &r.candidates[0]; r.outcome == resolver.Ambiguous && e.literalOutcome == resolver.Resolved && len(e.literal) > 0 && e.literal[0].Entity == top.Entity {
		// The powers that the place stands for were in doubt, not the place.
		r.candidates, r.outcome = e.literal, resolver.Resolved
	}
}

// readAs puts the literal candidate that bears the name first. It keeps the score.
func (w *work) readAs(r *run, literal []resolver.Candidate) {
	top := r.candidates[0]
	var candidates []resolver.Candidate
	for _, c := range literal {
		if c.Entity == top.Literal {
			c.Score = top.Score
			candidates = append([]resolver.Candidate{c}, candidates...)
		} else if c.Score < top.Score {
			c.Score = min(c.Score, 1-top.Score)
			candidates = append(candidates, c)
		}
	}
	if len(candidates) > 0 && candidates[0].Entity == top.Literal {
		r.candidates = w.keep(candidates)
	}
}

const (
	readTokens = 14 // words on either side that bear on a reading
	readChars  = 36 // characters
	// mostAdverbs stand between a name and its verb.
	mostAdverbs = 2
	// mostHeads is how far behind a possessive its noun is looked for.
	mostHeads = 4
)

// readingFeatures reads the sentence around the run.
func (w *work) readingFeatures(r *run, kind fact.Kind, stands bool) (f ReadingFeatures) {
	list := w.tokens.list
	reach := readTokens
	if list[r.from].form&formChar != 0 {
		reach = readChars
	}
	first, last := r.from, r.to
	for first > 0 && r.from-first < reach && list[first].gap&(gapStop|gapParagraph|gapFirst) == 0 {
		first--
	}
	for last < len(list) && last-r.to < reach && list[last].gap&(gapStop|gapParagraph) == 0 {
		last++
	}
	on := func(i int) { f[i] = 1 }
	set := func(i int, b bool) {
		if b {
			f[i] = 1
		}
	}
	on(fBias)
	set(fCountry, kind == fact.Country)
	set(fCapital, stands && kind == fact.Place)
	set(fSeat, stands && kind != fact.Place)
	set(fRegion, kind == fact.Region)

	relation, at := w.relationBefore(r, first)
	inherited := false
	if relation&^cueAnd == 0 {
		if head := w.listHead(r, first); head != r {
			if c, _ := w.relationBefore(head, first); c&^cueAnd != 0 {
				relation, inherited = c|relation, true
			}
		}
	}
	// What stands behind.
	next, nextLen := cue(0), 0
	at2 := r.to
	possessive := false
	if at2 < last && list[at2].gap == gapQuote && list[at2].form&formChar == 0 && w.mayEnd(at2) {
		key := w.tokens.key(at2)
		if string(key) == "s" {
			possessive = true
		} else if c, _ := w.cueAfter(at2); c != 0 {
			relation |= c &^ cueOf
			possessive = c&cueOf != 0
		}
		at2++
	} else if at2 < last && list[at2].gap == 0 || at2 < last && len(w.cues().after) > 0 && w.cues().byChar {
		if c, n := w.cueAfter(at2); c != 0 {
			relation |= c &^ (cueOf | cueSubject)
			possessive = c&cueOf != 0
			set(fSubject, c&cueSubject != 0)
			at2 += n
		}
	} else if at2 < last && list[at2].gap == gapSpace {
		if c, n := w.cueBehind(at2); c != 0 {
			relation |= c &^ (cueOf | cueSubject)
			possessive = c&cueOf != 0
			set(fSubject, c&cueSubject != 0)
			at2 += n
		}
	}
	if c := w.cueOnto(r); c != 0 && relation&cueBefore&^cueAnd == 0 {
		relation |= c &^ (cueOf | cueSubject)
		possessive = possessive || c&cueOf != 0
		set(fSubject, c&cueSubject != 0 || f[fSubject] != 0)
	}
	g := gapStop
	if at2 < len(list) {
		g = list[at2].gap
	}
	// "Moscow also said".
	for n := 0; n < mostAdverbs && at2+1 < last && w.cue(at2)&cueAdverb != 0 && list[at2+1].gap == gapSpace; n++ {
		at2++
	}
	if at2 < last {
		next, nextLen = w.cueFrom(at2)
	}
	open := g&^(gapSpace|gapQuote|gapLine) == 0 // nothing parts what follows
	set(fNextStop, at2 >= last || g&(gapStop|gapParagraph) != 0)
	set(fNextComma, g&gapComma != 0)
	set(fNextBracket, g&(gapOpen|gapClose) != 0)
	set(fHyphen, r.to < len(list) && list[r.to].gap == gapHyphen)
	if open && at2 < last && !possessive {
		set(fNextSay, next&cueSay != 0)
		set(fNextDecide, next&cueDecide != 0 && next&cueSay == 0)
		set(fNextAct, next&cueAct != 0 && next&(cueSay|cueDecide) == 0)
		set(fNextBe, next&cueBe != 0)
		set(fNextMove, next&cueMove != 0 && next&(cueAct|cueSay|cueDecide) == 0)
		set(fNextPlace, next&cuePlace != 0)
		set(fNextPolity, next&cuePolity != 0)
		set(fNextRelation, next&cueRelation != 0)
		set(fNextSport, next&cueSport != 0)
		set(fNextIn, next&(cueIn|cueTo|cueFrom) != 0)
		set(fNextAnd, next&cueAnd != 0)
		name := list[at2].form&(formUpper|formTitle) == formUpper && list[at2].form&formCased != 0
		set(fNextName, name && next == 0)
		set(fNextWord, !name && next == 0)
	}
	// A digit before: "17 June 2001 against", "2 Italy".
	if r.from > 0 && list[r.from-1].form&formDigits != 0 && list[r.from].gap == gapSpace {
		on(fDigits)
	}
	if possessive {
		on(fPossessive)
		near := next
		for k := at2 + max(1, nextLen); k < min(last, at2+mostHeads) && near&(cuePolity|cuePlace|cueSport|cueRelation) == 0 && list[k].gap == gapSpace; k++ {
			near |= w.cueRun(k)
		}
		set(fPossessivePolity, near&(cuePolity|cueRelation) != 0)
		set(fPossessivePlace, near&cuePlace != 0)
		set(fPossessiveSport, near&cueSport != 0)
	}
	// What stands before.
	set(fIn, relation&cueIn != 0)
	set(fFrom, relation&cueFrom != 0)
	set(fTo, relation&cueTo != 0 && relation&(cueIn|cueAgainst|cueObject) == 0)
	set(fBy, relation&cueBy != 0)
	set(fWith, relation&cueWith != 0)
	set(fAgainst, relation&cueAgainst != 0)
	set(fFor, relation&cueFor != 0)
	set(fObject, relation&cueObject != 0)
	set(fAndBefore, relation&cueAnd != 0)
	nothing := relation&cueBefore == 0
	set(fNothingBefore, nothing)
	set(fSentenceStart, at <= first && nothing)
	set(fAfterComma, at < len(list) && at == r.from && list[r.from].gap&gapComma != 0)
	set(fInBrackets, list[r.from].gap&gapOpen != 0)
	set(fCommaChain, list[r.from].gap&gapComma != 0 && g&gapComma != 0)
	set(fInStart, relation&cueIn != 0 && at <= first+1)
	set(fSubjectVerb, nothing && open && !possessive && next&(cueSay|cueDecide|cueAct) != 0)
	set(fForName, open && at2 < len(list) && w.covered[at2] != 0)
	// Windows.
	var before, after cue
	for k := max(first, at-5); k < at; k++ {
		before |= w.cue(k)
	}
	for k := at2; k < last; k++ {
		if c, n := w.cueFrom(k); c != 0 {
			after |= c
			k += n - 1
		}
	}
	if at < r.from && w.cue(at)&cueDative != 0 && before&cueObject != 0 && before&cueMove == 0 {
		// "acusó este martes a Washington": whoever is accused.
		f[fIn], f[fTo], f[fFrom] = 0, 0, 0
		on(fObject)
		relation = relation&^(cueIn|cueTo|cueFrom) | cueObject
	}
	var whole = before | after
	for k := first; k < at; k++ {
		if c := w.cue(k); c&(cueSport|cueRelation) != 0 {
			whole |= c
		}
	}
	if relation&cueOf != 0 {
		on(fOf)
		head := cue(0)
		for k := max(first, at-5); k < at; k++ {
			head |= w.cue(k)
		}
		set(fOfPlace, head&cuePlace != 0)
		set(fOfPolity, head&cuePolity != 0)
		set(fOfRelation, head&cueRelation != 0)
		set(fOfSport, head&cueSport != 0)
		set(fOfOther, head&(cuePlace|cuePolity|cueRelation|cueSport) == 0)
	}
	set(fOfSway, relation&cueOf != 0 && before&cueSway != 0)
	set(fSwayBefore, before&cueSway != 0)
	set(fSwayAfter, open && next&cueSway != 0 || possessive && at2 < last && (next|w.cueRun(min(at2+max(1, nextLen), last-1)))&cueSway != 0)
	set(fFromSway, relation&(cueFrom|cueTo|cueIn) != 0 && before&cueSway != 0)
	set(fInPossessive, relation&cueIn != 0 && possessive)
	set(fOfPossessive, relation&cueOf != 0 && possessive)
	set(fInherited, inherited)
	set(fVerbBefore, nothing && at > first && w.cue(at-1)&(cueSay|cueDecide|cueAct) != 0 && list[r.from].gap&gapComma == 0)
	set(fLaterSay, after&cueSay != 0)
	set(fLaterDecide, after&cueDecide != 0)
	set(fEarlierMove, before&cueMove != 0)
	set(fEarlierPlace, before&cuePlace != 0)
	set(fEarlierPolity, before&cuePolity != 0)
	set(fEarlierRelation, before&cueRelation != 0)
	set(fEarlierAct, before&(cueAct|cueDecide|cueSay) != 0)
	set(fSport, whole&cueSport != 0)
	set(fRelation, whole&cueRelation != 0)
	set(fInMove, relation&cueIn != 0 && before&cueMove != 0)
	set(fForMove, relation&cueFor != 0 && before&(cueMove|cueFrom) != 0)
	set(fForSport, relation&cueFor != 0 && whole&cueSport != 0)
	set(fFromAct, relation&cueFrom != 0 && before&(cueAct|cueDecide|cuePolity) != 0)
	set(fToAct, relation&cueTo != 0 && before&(cueAct|cueDecide|cuePolity) != 0)
	set(fToRelation, relation&cueTo != 0 && before&cueRelation != 0)
	set(fWithRelation, relation&(cueWith|cueAgainst|cueAnd) != 0 && before&(cueRelation|cuePolity) != 0)
	set(fByAct, relation&cueBy != 0 && before&(cueAct|cueDecide|cuePolity) != 0)
	set(fSportSubject, whole&cueSport != 0 && nothing)
	set(fSportIn, whole&cueSport != 0 && relation&cueIn != 0)
	set(fSportAgainst, whole&cueSport != 0 && relation&(cueAgainst|cueWith|cueOf|cueObject) != 0)
	w.listFeatures(r, &f)
	if stands {
		// Names of power are read otherwise than names of countries.
		f[fPowerNothing], f[fPowerWith], f[fPowerAgainst], f[fPowerOf] = f[fNothingBefore], f[fWith], max(f[fAgainst], f[fObject]), f[fOf]
		f[fPowerFrom], f[fPowerTo], f[fPowerVerb], f[fPowerAnd] = f[fFrom], f[fTo], f[fSubjectVerb], f[fAndBefore]
		f[fPowerLater], f[fPowerWord], f[fPowerActor] = max(f[fLaterSay], f[fLaterDecide]), f[fNextWord], f[fListActor]
	}
	if r.from > first && w.cue(r.from-1)&cueArticle != 0 && list[r.from].gap == gapSpace {
		f[fArticleWord] = f[fNextWord]
	}
	set(fLiesIn, w.liesIn(r))
	set(fNextHave, next&cueBe != 0 && next&cueAct != 0)
	if f[fNextBe] != 0 && f[fNextHave] == 0 {
		var later cue
		for k := at2 + nextLen; k < min(last, at2+nextLen+7); k++ {
			later |= w.cue(k)
		}
		set(fBePlace, later&cuePlace != 0)
		set(fBeMove, later&cueMove != 0)
		set(fBeArticle, at2+nextLen < last && w.cue(at2+nextLen)&cueArticle != 0)
	}
	set(fOfTitle, relation&cueOf != 0 && w.titleNear(max(first, at-2), at))
	if stands {
		f[fPowerPolity] = max(f[fOfPolity], f[fOfRelation], f[fOfSway], f[fPossessivePolity])
	}
	set(fNextInPlace, f[fNextIn] != 0 && w.placeAt(at2+max(1, nextLen), last))
	set(fPossessiveWord, possessive && f[fPossessivePolity]+f[fPossessivePlace]+f[fPossessiveSport] == 0)
	set(fWithPlace, relation&cueWith != 0 && before&(cuePlace|cueMove) != 0)
	set(fVerbWord, f[fNextWord] != 0 && (f[fArticleWord] != 0 || before&cuePlace != 0))
	if k := r.from - 1; f[fNextWord] != 0 && k >= first && list[r.from].gap == gapSpace && list[k].form&(formCased|formUpper) == formCased && w.cue(k) == 0 {
		on(fWordBefore) // "numerous London venues"
	}
	set(fBePassive, f[fNextBe] != 0 && at2+nextLen < last && w.cue(at2+nextLen)&(cueSay|cueDecide|cueAct) != 0)
	set(fToGive, relation&cueTo != 0 && before&cueGive != 0)
	set(fOfSeize, relation&cueOf != 0 && before&cueSeize != 0)
	set(fAlone, nothing && next == 0 && f[fNextWord] == 0 && f[fNextName] == 0)
	set(fPlainSport, kind != fact.Country && f[fSport] != 0)
	return f
}

// titleNear reports whether one of the tokens is a word of titles: the president
// of Nicaragua presides over the country, not over its government.
func (w *work) titleNear(from, to int) bool {
	if w.titles == nil {
		return false
	}
	for k := from; k < to; k++ {
		if w.titles.isTitleWord(w.tokens.key(k)) {
			return true
		}
	}
	return false
}

// placeAt reports whether a place stands at token k, behind articles.
func (w *work) placeAt(k, last int) bool {
	for k < last && w.covered[k] == 0 && w.cue(k)&cueArticle != 0 {
		k++
	}
	return k < last && w.covered[k] != 0 && isPlace(w.runs[w.covered[k]-1].kind())
}

// relationBefore returns what the words before a name say of it, and where they
// begin. Articles are passed over; in a list what stands before the first counts.
func (w *work) relationBefore(r *run, first int) (cue, int) {
	list := w.tokens.list
	if start := int(list[r.from].start); r.start > start {
		// A preposition written onto the word, as in Arabic.
		if c := w.cues().after[w.document.Text[start:r.start]]; c != 0 {
			return c, r.from
		}
	}
	at := r.from
	var found cue
	for n := 0; n < 3 && at > first; n++ {
		if list[at].gap&^(gapSpace|gapQuote|gapLine|gapHyphen) != 0 {
			break
		}
		c, length := w.cueUpTo(at)
		if c == 0 || at-length < first {
			break
		}
		if c&cueBefore != 0 {
			found |= c & cueBefore
			at -= length
			break
		}
		if c&cueArticle == 0 && (c&cueAdverb == 0 || c&(cueSay|cueDecide|cueAct) != 0) {
			break
		}
		at -= length
	}
	if found == 0 && at == r.from && w.isApposed(r, first) {
		return cueIn, at
	}
	return found, at
}

// isApposed reports whether the name says which city or region is spoken of: the
// noun stands before it, or before the demonym before it: "العاصمة السورية دمشق".
func (w *work) isApposed(r *run, first int) bool {
	list := w.tokens.list
	k := r.from
	if k > first && list[k].gap == gapSpace && w.covered[k-1] != 0 && r.bearerKind() == fact.Place {
		if o := &w.runs[w.covered[k-1]-1]; len(o.candidates) > 0 && o.candidates[0].Reading == resolver.Demonymic {
			k = o.from
		}
	}
	if k <= first || list[k].gap&^gapSpace != 0 || list[r.from].form&formCased != 0 {
		return false
	}
	c, _ := w.cueUpTo(k)
	return c&cuePlace != 0 && c&(cuePolity|cueRelation) == 0 && r.bearerKind() != fact.Country
}

// liesIn reports whether the name is said where another place lies: "Oslo,
// Norway".
func (w *work) liesIn(r *run) bool {
	if r.from == 0 || w.tokens.list[r.from].gap&(gapComma|gapOpen) == 0 || w.covered[r.from-1] == 0 || len(r.candidates) == 0 {
		return false
	}
	before := &w.runs[w.covered[r.from-1]-1]
	if before == r || len(before.candidates) == 0 {
		return false
	}
	c, of := &before.candidates[0], r.candidates[0].Entity
	if r.candidates[0].Literal.Valid() {
		of = r.candidates[0].Literal
	}
	inner := c.Entity
	if c.Literal.Valid() {
		inner = c.Literal
	}
	return inner != of && isPlace(inner.Kind()) && inner.Kind() != fact.Country && resolver.Belongs(&resolver.Candidate{Entity: inner}, of.ID())
}

// listHead returns the first name of the list that the run stands in, which is
// the run itself when it stands in none.
func (w *work) listHead(r *run, first int) *run {
	list := w.tokens.list
	head := r
	for range 12 {
		k := head.from
		if k <= first || w.covered[k] == 0 {
			return head
		}
		for k > first && list[k].gap&^(gapSpace|gapQuote|gapLine) == 0 && w.cue(k-1)&(cueAnd|cueArticle|cueAdverb) != 0 && w.covered[k-1] == 0 {
			k--
		}
		if k == head.from && list[k].gap&gapComma == 0 || k <= first || w.covered[k-1] == 0 {
			return head
		}
		before := &w.runs[w.covered[k-1]-1]
		if before == r || before.bearerKind() != head.bearerKind() && (!isPlace(before.bearerKind()) || k == head.from) {
			return head
		}
		// A comma alone makes no list: "in England, Argentina hosted".
		if k == head.from && head == r && !w.listGoesOn(r) {
			return head
		}
		head = before
	}
	return head
}

// listGoesOn reports whether another name follows behind a comma or an "and".
func (w *work) listGoesOn(r *run) bool {
	list := w.tokens.list
	k := r.to
	if k >= len(list) {
		return false
	}
	comma := list[k].gap&gapComma != 0
	for n := 0; k < len(list) && n < 3; n++ {
		if w.covered[k] != 0 {
			return comma
		}
		c := w.cue(k)
		if c&(cueAnd|cueArticle) == 0 {
			return false
		}
		comma = comma || c&cueAnd != 0
		k++
	}
	return false
}

// listFeatures say what stands beside a name in a list.
func (w *work) listFeatures(r *run, f *ReadingFeatures) {
	list := w.tokens.list
	beside := func(k int) {
		if k < 0 || k >= len(list) || w.covered[k] == 0 {
			return
		}
		o := &w.runs[w.covered[k]-1]
		if o == r || len(o.candidates) == 0 {
			return
		}
		switch c := &o.candidates[0]; {
		case c.Entity.Kind() == fact.Country && c.Reading == resolver.Literal:
			f[fListCountry] = 1
		case c.Entity.Kind() == fact.Person, c.Entity.Kind() == fact.Organization, c.Reading == resolver.Metonymic:
			f[fListActor] = 1
		default:
			f[fListPlace] = 1
		}
	}
	if r.from > 0 && list[r.from].gap&gapComma != 0 {
		beside(r.from - 1)
	}
	for k := r.from - 1; k >= max(0, r.from-3); k-- {
		if c := w.cue(k); c&cueAnd != 0 {
			beside(k - 1)
			break
		} else if c&cueArticle == 0 {
			break
		}
	}
	if k := r.to; k < len(list) {
		if list[k].gap&gapComma != 0 {
			beside(k)
		} else if w.cue(k)&cueAnd != 0 {
			for n := k + 1; n <= k+2 && n < len(list); n++ {
				if w.covered[n] != 0 {
					beside(n)
					break
				}
			}
		}
	}
}
