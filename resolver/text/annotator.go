package text

import (
	"strings"
	"unicode/utf8"

	"onoma/resolver"
	"onoma/resolver/fact"
	"onoma/resolver/index"
)

// Document is a text to annotate, with everything that may bear on it.
type Document struct {
	// Text should be valid UTF-8; bytes that are not part words.
	Text string
	// Language is the BCP-47 tag of the text; empty infers it.
	Language string
	// AsOf is the day that says which names, relations and roles are in force.
	AsOf fact.Date
	// Countries are IDs of countries that the document is about.
	Countries []string
	// Kinds admits only mentions of entities of these kinds.
	Kinds resolver.KindSet
	// Nested asks for mentions inside longer mentions too.
	Nested bool
	// Limit bounds the candidates of a mention; 0 is 1 of a RESOLVED mention and
	// [resolver.DefaultLimit] of an AMBIGUOUS one.
	Limit int
	// MaxMentions bounds the mentions; 0 is no bound.
	MaxMentions int
	// MinScore and MinMargin are as in [resolver.Query].
	MinScore, MinMargin *float64
}

// Annotation is what was found. It may be used again for the next document.
type Annotation struct {
	// Mentions are in the order of the text, the longer of two that start
	// together first.
	Mentions []Mention
	// Truncated says that MaxMentions cut mentions off.
	Truncated bool
	// Language is the language the text was read in, "und" when it cannot be told.
	Language string

	work work
}

// Mention is a stretch of text that names an entity.
type Mention struct {
	// Start and End are bytes of the text, RuneStart and RuneEnd code points.
	Start, End, RuneStart, RuneEnd int
	Outcome                        resolver.Outcome
	// Candidates are best first. They refer to the table's memory.
	Candidates []resolver.Candidate
	// Parent is the index of the shortest mention that encloses this one, or -1.
	Parent int
}

// Annotator finds the names of one table in texts.
type Annotator struct {
	table   *resolver.Table
	base    *index.Index // of the table, with its words and the holders of its posts
	words   *firstWords
	held    *holders
	first   *firstWords
	holders *holders
	titles  *Lexicon
}

// New returns an annotator for the table. It reads every name of it once: about
// half a microsecond each.
func New(t *resolver.Table, titles *Lexicon) *Annotator {
	base, _, _ := t.Index().Base()
	return annotator(t, titles, base, newFirstWords(base), newHolders(base))
}

// Next returns an annotator for another table. Where that is the same but for its
// layer, only the names of the layer are read.
func (a *Annotator) Next(t *resolver.Table) *Annotator {
	if a.Under(t) {
		return annotator(t, a.titles, a.base, a.words, a.held)
	}
	return New(t, a.titles)
}

// Under reports whether the table is that of a but for its layer.
func (a *Annotator) Under(t *resolver.Table) bool {
	base, _, _ := t.Index().Base()
	return base == a.base
}

func annotator(t *resolver.Table, titles *Lexicon, base *index.Index, words *firstWords, held *holders) *Annotator {
	a := &Annotator{table: t, base: base, words: words, held: held, first: words, holders: held, titles: titles}
	if t.Index() != base {
		a.first, a.holders = words.under(t.Index()), held.under(t.Index())
	}
	return a
}

// Table returns the table whose names are found.
func (a *Annotator) Table() *resolver.Table { return a.table }

// Annotate finds the mentions of the document.
func (a *Annotator) Annotate(d *Document, out *Annotation) {
	w := &out.work
	w.begin(a, d)
	out.Language = w.language
	w.scan()
	w.joinForenames()
	w.understand()
	out.Mentions, out.Truncated = w.mentions(out.Mentions[:0])
}

// understand takes the runs that were found for names or leaves them, and says
// what each stands for.
func (w *work) understand() {
	w.survey()
	w.settle()
	w.findTitles()
	w.read()
}

// work is the memory of one document under way.
type work struct {
	*Annotator
	document *Document
	language string
	tag      string // the language without its region
	cueWords *cues
	inflects bool // puts names in Latin letters into cases
	// titlesLast says that a title stands behind the name of its country, isSmall
	// that names of the language may be stored under a larger one.
	titlesLast, isSmall bool
	tokens              tokens
	// covered says of each token which run covers it: number + 1.
	covered []int32
	doubted []int32 // the same of the runs that were not taken for names
	runs    []run
	entries map[string]*entry
	room    []entry // from which entries are taken
	answer  resolver.Answer
	query   resolver.Query
	buffer  []byte
	stems   [][]byte
	forms   []string
	arena   []resolver.Candidate
	// Of the whole document.
	lower     map[string]int // words seen without a capital, of those that matter
	countries []share
	counted   bool              // countries is final
	people    map[string]person // by surname
	cueKnown  []cue             // of tokens that have been asked for, with cueAsked
	heads     map[[4]byte]bool  // how the surnames of people begin
	strangers map[string]bool   // surnames of people that the table lacks
	guesses   int               // searches by likeness that are left
	scratch   []byte
	met       map[int]bool     // numbers of the people whose full names the document has
	signs     []sign           // what speaks for countries, in the order of the text
	homes     map[int]uint16   // by number, to which of the document's countries a candidate belongs
	ownNames  map[int]bool     // by number, whether the document's language has a name for it
	barren    map[string]uint8 // words that no ending makes a name of
	bound     int              // acronyms that were introduced in brackets

	readable   []readable
	titleWords []uint8 // of each token, whether it may be of a title
	titleForms map[string]bool
	// focus is the first token of a run that was given, -1 for none.
	focus int
}

// run is a stretch of tokens that may name something.
type run struct {
	from, to   int // tokens
	start, end int // bytes
	entry      *entry
	candidates []resolver.Candidate
	outcome    resolver.Outcome
	state      state
	inner      bool // lies inside a longer run
	titled     bool // a title beside it says who is meant
	title      bool // is a title
	inflected  bool // found by a case ending
	// phraseFrom and phraseTo are the tokens of a title with its country.
	phraseFrom, phraseTo int
	given                bool // by the caller, a mention whatever the evidence
	asked                bool // the caller asked for the reading
	literally            bool // stands for itself although its name can stand for another
	evidence             float64
}

// kind is the kind of the likeliest entity; unspecified when there is none.
func (r *run) kind() fact.Kind {
	if len(r.candidates) == 0 {
		return fact.KindUnspecified
	}
	return r.candidates[0].Entity.Kind()
}

// bearerKind is the kind of what bears the name.
func (r *run) bearerKind() fact.Kind {
	if len(r.candidates) == 0 {
		return fact.KindUnspecified
	}
	return bearerOf(&r.candidates[0]).Kind()
}

type state uint8

const (
	doubtful state = iota
	sure
	rejected
)

// entry is what one surface means, whatever stands around it. A document asks
// the table once for each.
type entry struct {
	surface    string
	query      string // what the table was asked, when not the surface
	candidates []resolver.Candidate
	outcome    resolver.Outcome
	literal    []resolver.Candidate
	hasLiteral bool
	// literalOutcome is that of the name read literally.
	literalOutcome resolver.Outcome
	inflected      bool
	// capital counts the places where its capital is a sign of a name.
	capital int
}

func (w *work) begin(a *Annotator, d *Document) {
	w.Annotator, w.document = a, d
	w.tokens.cut(d.Text)
	w.language = d.Language
	if w.language == "" {
		w.language = guessLanguage(&w.tokens)
	}
	w.runs, w.arena, w.countries, w.signs = w.runs[:0], w.arena[:0], w.countries[:0], w.signs[:0]
	w.room = w.room[:0]
	w.covered = append(w.covered[:0], make([]int32, len(w.tokens.list))...)
	w.entries = reuse(w.entries)
	w.lower = reuse(w.lower)
	w.people = reuse(w.people)
	w.heads = reuse(w.heads)
	w.strangers = reuse(w.strangers)
	w.met = reuse(w.met)
	w.homes = reuse(w.homes)
	w.barren = reuse(w.barren)
	w.ownNames = reuse(w.ownNames)
	w.bound, w.counted = 0, false
	w.guesses, w.focus = min(maxGuesses, fewestGuesses+len(d.Text)/guessEvery), -1
	w.query = resolver.Query{
		Language: w.language, AsOf: d.AsOf, Countries: d.Countries,
		MinScore: d.MinScore, MinMargin: d.MinMargin, Limit: maxCandidates,
	}
	w.speak(w.language)
}

// speak sets the language of the document.
func (w *work) speak(language string) {
	w.language, w.query.Language = language, language
	w.cueWords = cuesFor(language)
	w.cueKnown = append(w.cueKnown[:0], make([]cue, len(w.tokens.list))...)
	w.tag, _, _ = strings.Cut(language, "-")
	traits := languageTraits()
	w.inflects, w.titlesLast, w.isSmall = traits["latin"][w.tag], traits["titles last"][w.tag], !traits["large"][w.tag]
	if language == "und" {
		w.query.Language = ""
	}
}

const (
	// maxCandidates is how many candidates of a name are weighed in context.
	maxCandidates = 16
	// Runs of a document that are searched by likeness, which costs a thousand times
	// an ordinary look-up, are so many, one more for so many bytes, and no more.
	fewestGuesses, guessEvery, maxGuesses = 5, 25_000, 48
)

// reuse empties a map and keeps its memory, unless a large document made it
// larger than the next is likely to need.
func reuse[K comparable, V any](m map[K]V) map[K]V {
	const keep = 1 << 12
	if m == nil || len(m) > keep {
		return make(map[K]V)
	}
	clear(m)
	return m
}

// mentions turns what is sure into mentions.
func (w *work) mentions(dst []Mention) ([]Mention, bool) {
	truncated := false
	at, runes := 0, 0
	count := func(to int) int {
		runes += utf8.RuneCountInString(w.document.Text[at:to])
		at = to
		return runes
	}
	for i := range w.runs {
		r := &w.runs[i]
		if r.state != sure || !w.admits(r) {
			continue
		}
		if w.document.MaxMentions > 0 && len(dst) == w.document.MaxMentions {
			truncated = true
			break
		}
		limit := w.document.Limit
		if limit == 0 {
			limit = resolver.DefaultLimit
			if r.outcome == resolver.Resolved {
				limit = 1
			}
		}
		m := Mention{
			Start: r.start, End: r.end, Outcome: r.outcome,
			Candidates: r.candidates[:min(limit, len(r.candidates))], Parent: -1,
		}
		if r.start >= at {
			m.RuneStart = count(r.start)
		} else {
			m.RuneStart = runes - utf8.RuneCountInString(w.document.Text[r.start:at])
		}
		m.RuneEnd = m.RuneStart + utf8.RuneCountInString(w.document.Text[r.start:r.end])
		for p := len(dst) - 1; p >= 0 && dst[p].End > r.start; p-- {
			if dst[p].End >= r.end {
				m.Parent = p
				break
			}
		}
		dst = append(dst, m)
	}
	return dst, truncated
}

// admits reports whether the run is asked for.
func (w *work) admits(r *run) bool {
	return len(r.candidates) > 0 && w.document.Kinds.Admits(r.candidates[0].Entity.Kind()) && (!r.inner || w.document.Nested)
}
