package name

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
	"unsafe"
)

//go:embed data/strip/titles.txt
var titlesFile string

//go:embed data/strip/articles.txt
var articlesFile string

//go:embed data/strip/possessives.txt
var possessivesFile string

// Variant is a shorter reading of a query: its folded key, and what was taken
// away.
type Variant struct {
	Key  string
	What Reduction
}

// Reduction is a set of the things that a [Variant] leaves out or turns round.
type Reduction uint8

// The reductions.
const (
	Possessive Reduction = 1 << iota // Russia's
	Inversion                        // Selenskyj, Wolodymyr
	Title                            // Präsident Selenskyj
	Article                          // la Russie, القاهرة
	Unmasked                         // a Cyrillic a in a Latin word
)

// String names the reductions, as in "title+article".
func (r Reduction) String() string {
	var words []string
	for i, word := range []string{"possessive", "inversion", "title", "article", "look-alike letters"} {
		if r&(1<<i) != 0 {
			words = append(words, word)
		}
	}
	return strings.Join(words, "+")
}

// Variants appends to dst the reductions of a query worth looking up when no
// table holds its whole key, best first: each without letters of another script that
// only look right, without a possessive ending, put
// back from "Surname, Given", without titles on either side, without an
// article. The folded key of s itself is never among them, nor an empty key,
// nor one key twice. Titles and articles are data/strip/*.txt.
//
// Keys share one or two allocated strings.
func Variants(dst []Variant, s string) []Variant { return append(dst, new(Reducer).Variants(s)...) }

// Reducer is the memory of [Reducer.Variants]. The zero Reducer is ready. Not safe
// for concurrent use.
type Reducer struct {
	keys     []byte
	variants []Variant
}

// Variants is [Variants] into memory that the next call uses again: neither the
// list nor its keys outlive it.
func (r *Reducer) Variants(s string) []Variant {
	r.keys = r.keys[:0]
	v := variants{strip: stripTables(), dst: r.variants[:0], whole: r.fold(s)}
	if v.whole == "" {
		return nil
	}
	r.variants = r.reduce(&v, s)
	return r.variants
}

// fold returns the key of s. When the memory grows, the keys before keep the old.
func (r *Reducer) fold(s string) string {
	start := len(r.keys)
	r.keys = AppendFold(r.keys, s)
	return viewOf(r.keys[start:])
}

// viewOf is text as a string that lives as long as it is not written to.
func viewOf(text []byte) string { return unsafe.String(unsafe.SliceData(text), len(text)) }

func (r *Reducer) reduce(v *variants, s string) []Variant {
	strip := v.strip
	base, what := s, Reduction(0)
	if plain, ok := unmasked(s); ok {
		base, what = plain, Unmasked
		v.from(r.fold(base), what, true)
	} else {
		v.from(v.whole, 0, true)
	}
	if shorter, ok := strip.possessive(base); ok {
		base, what = shorter, what|Possessive
		v.from(r.fold(base), what, true)
	}
	if rest, ok := strip.elided(base); ok {
		v.from(r.fold(rest), what|Article, false)
	}
	if family, given, ok := CutComma(base); ok {
		start := len(r.keys)
		r.keys = AppendFold(r.keys, given)
		if n := len(r.keys); n > start {
			r.keys = append(r.keys, ' ')
			r.keys = AppendFold(r.keys, family)
			if len(r.keys) > n+1 {
				v.from(viewOf(r.keys[start:]), what|Inversion, true)
			}
		}
	}
	return v.dst
}

// variants collects what [Variants] finds.
type variants struct {
	strip *strip
	dst   []Variant
	whole string
}

// from adds key and what is left of it without titles and articles.
func (v *variants) from(key string, what Reduction, articles bool) {
	v.add(key, what)
	bare := v.strip.title(key)
	if bare != key {
		v.add(bare, what|Title)
	}
	if !articles {
		return
	}
	v.article(key, what)
	if bare != key {
		v.article(bare, what|Title)
	}
}

// article adds key without its article, and without a title that stood behind
// the article ("il presidente Mattarella").
func (v *variants) article(key string, what Reduction) {
	rest := v.strip.article(key)
	if rest == key {
		return
	}
	v.add(rest, what|Article)
	if bare := v.strip.title(rest); bare != rest {
		v.add(bare, what|Article|Title)
	}
}

func (v *variants) add(key string, what Reduction) {
	if key == "" || key == v.whole {
		return
	}
	for _, had := range v.dst {
		if had.Key == key {
			return
		}
	}
	v.dst = append(v.dst, Variant{key, what})
}

// CutComma splits at the only comma of s. What stands before it is the surname of
// a person, and of a place the name itself, followed by where it lies.
func CutComma(s string) (before, after string, ok bool) {
	for _, comma := range [...]string{",", "،", "，", "、", "၊", "፣"} {
		if before, after, ok := strings.Cut(s, comma); ok && !strings.Contains(after, comma) {
			return before, after, true
		}
	}
	return "", "", false
}

// strip holds the compiled files of data/strip.
type strip struct {
	before, after    map[string]bool // titles, one or several words
	prefixed, joined []string        // titles, longest first
	articles         map[string]bool
	prefixes         []string // articles written onto names, longest first
	elisions         map[string]bool
	possessives      map[string]bool
}

// Bounds that keep a table's slip from eating a name.
const (
	titleWords  = 4 // words of the longest title
	titleRounds = 3 // titles in a row: "Mr President Dr"
	leftRunes   = 2 // letters that must remain of a name that lost a written-on part
)

var stripTables = sync.OnceValue(func() *strip {
	s := &strip{before: map[string]bool{}, after: map[string]bool{}, articles: map[string]bool{}, elisions: map[string]bool{}, possessives: map[string]bool{}}
	for place, text := range stripLines("titles.txt", titlesFile) {
		switch place {
		case "before":
			s.before[text] = true
		case "after":
			s.after[text] = true
		case "either":
			s.before[text], s.after[text] = true, true
		case "prefixed":
			s.prefixed = append(s.prefixed, text)
		case "joined":
			s.joined = append(s.joined, text)
			s.after[text] = true
		default:
			panic(fmt.Sprintf("titles.txt: unknown place %q", place))
		}
	}
	for place, text := range stripLines("articles.txt", articlesFile) {
		switch place {
		case "before":
			s.articles[text] = true
		case "elided":
			s.elisions[text] = true
		case "prefixed":
			s.prefixes = append(s.prefixes, text)
		default:
			panic(fmt.Sprintf("articles.txt: unknown place %q", place))
		}
	}
	for line := range dataLines(possessivesFile) {
		_, endings, _ := strings.Cut(line, ":")
		for ending := range strings.SplitSeq(endings, ",") {
			s.possessives[Fold(ending)] = true
		}
	}
	for _, list := range [][]string{s.prefixed, s.joined, s.prefixes} {
		longestFirst(list)
	}
	return s
})

// title returns key without the titles around it; key itself when there are
// none or nothing but titles.
func (s *strip) title(key string) string {
	bare := key
	for range titleRounds {
		shorter := s.titleOnce(bare)
		if shorter == bare || shorter == "" {
			break
		}
		bare = shorter
	}
	return bare
}

func (s *strip) titleOnce(key string) string {
	for words := titleWords; words > 0; words-- {
		if end := nthSpace(key, words); end > 0 && s.before[key[:end]] {
			return key[end+1:]
		}
		if at := nthLastSpace(key, words); at > 0 && s.after[key[at+1:]] {
			return key[:at]
		}
	}
	for _, title := range s.joined {
		if rest, ok := strings.CutSuffix(key, title); ok && longEnough(rest) {
			return strings.TrimSuffix(rest, " ")
		}
	}
	for _, title := range s.prefixed {
		if rest, ok := strings.CutPrefix(key, title); ok && longEnough(rest) {
			return strings.TrimPrefix(rest, " ")
		}
	}
	return key
}

func (s *strip) article(key string) string {
	if end := strings.IndexByte(key, ' '); end > 0 && s.articles[key[:end]] {
		return key[end+1:]
	}
	for _, article := range s.prefixes {
		if rest, ok := strings.CutPrefix(key, article); ok && !strings.HasPrefix(rest, " ") && utf8.RuneCountInString(rest) > leftRunes {
			return rest
		}
	}
	return key
}

// possessive returns s without an ending joined by an apostrophe.
func (s *strip) possessive(text string) (string, bool) {
	text = strings.TrimSpace(text)
	if end := lettersEnd(text); end > 0 {
		return text[:end], true
	}
	at, n := lastApostrophe(text)
	if at <= 0 {
		return "", false
	}
	ending := text[at+n:]
	if ending == "" {
		last := text[at-1] | 0x20
		return text[:at], last == 's' || last == 'x' || last == 'z'
	}
	var key [keyRoom]byte
	return text[:at], len(ending) <= 8 && s.possessives[string(AppendFold(key[:0], ending))]
}

// Letters that stand for words take endings as they are: "NATO:n", "EU-ban", "USA:s",
// "ХАМАСом". leastLetters is how many they are, leastJoined before an ending written
// onto them, mostEnding the letters of the ending.
const leastLetters, leastJoined, mostEnding = 2, 3, 5

// lettersEnd returns where such an ending begins, or 0.
func lettersEnd(text string) int {
	letters := 0
	for i, r := range text {
		if unicode.IsUpper(r) {
			letters++
			continue
		}
		rest := text[i:]
		ending := strings.TrimLeft(rest, ":-‑–")
		if len(ending) == len(rest) && letters < leastJoined || letters < leastLetters || utf8.RuneCountInString(ending) > mostEnding {
			return 0
		}
		if ending == "" || strings.ContainsFunc(ending, func(r rune) bool { return !unicode.IsLower(r) }) {
			return 0
		}
		return i
	}
	return 0
}

// elided returns text without an article joined to its front by an apostrophe.
func (s *strip) elided(text string) (string, bool) {
	text = strings.TrimSpace(text)
	for i, r := range text {
		if i > 8 {
			break
		}
		if isJoiningApostrophe(r) {
			var key [keyRoom]byte
			return text[i+utf8.RuneLen(r):], s.elisions[string(AppendFold(key[:0], text[:i]))]
		}
	}
	return "", false
}

// keyRoom is room for the key of eight bytes (see [FoldBound]).
const keyRoom = 64

func isJoiningApostrophe(r rune) bool {
	return r == '\'' || r == '’' || r == 'ʼ' || r == '`' || r == '´'
}

func lastApostrophe(s string) (at, n int) {
	at = -1
	for i, r := range s {
		if isJoiningApostrophe(r) {
			at, n = i, utf8.RuneLen(r)
		}
	}
	return at, n
}

func longEnough(rest string) bool {
	return utf8.RuneCountInString(strings.TrimSpace(rest)) >= leftRunes
}

// nthSpace returns where the n-th space from the left stands, -1 for none.
func nthSpace(s string, n int) int {
	for i := range len(s) {
		if s[i] == ' ' {
			if n--; n == 0 {
				return i
			}
		}
	}
	return -1
}

func nthLastSpace(s string, n int) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == ' ' {
			if n--; n == 0 {
				return i
			}
		}
	}
	return -1
}
