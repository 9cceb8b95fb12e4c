package text

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"onoma/resolver/name"
)

// cue is a set of what a word says of the names beside it; data/cues/README.md
// tells what each is for.
type cue uint32

const (
	cueIn cue = 1 << iota
	cueFrom
	cueTo
	cueOf
	cueBy
	cueWith
	cueAgainst
	cueAnd
	cueSubject
	cueArticle
	cueSay
	cueDecide
	cueAct
	cueBe
	cueMove
	cuePlace
	cuePolity
	cueRelation
	cueSport
	cueFormer
	cueSway
	cueFor
	cueObject
	cueAdverb
	cueDative
	cueGive
	cueSeize

	// cueBefore are the cues that stand before a name.
	cueBefore = cueIn | cueFrom | cueTo | cueOf | cueBy | cueWith | cueAgainst | cueAnd | cueFor | cueObject
)

var cueWords = map[string]cue{
	"in": cueIn, "from": cueFrom, "to": cueTo, "of": cueOf, "by": cueBy, "with": cueWith, "against": cueAgainst, "and": cueAnd,
	"subject": cueSubject, "article": cueArticle, "say": cueSay, "decide": cueDecide, "act": cueAct, "be": cueBe, "move": cueMove,
	"place": cuePlace, "polity": cuePolity, "relation": cueRelation, "sport": cueSport, "former": cueFormer, "sway": cueSway, "for": cueFor, "object": cueObject, "adverb": cueAdverb, "dative": cueDative, "give": cueGive, "seize": cueSeize,
}

// cues are the cue words of one language, by folded key.
type cues struct {
	whole, begins, ends map[string]cue
	after               map[string]cue // written onto the end of a name, or behind it in a script without spaces
	behind              map[string]cue // a word of its own behind a name
	onto                map[string]cue // an ending that a name takes
	byChar              bool           // words are found character by character
	longest             int            // tokens of the longest cue
}

const leastStem = 2 // characters of the shortest stem

var cuesOf = sync.OnceValue(func() map[string]*cues {
	all := map[string]*cues{}
	entries, err := files.ReadDir("data/cues")
	if err != nil {
		panic(err)
	}
	for _, entry := range entries {
		if language, ok := strings.CutSuffix(entry.Name(), ".txt"); ok {
			all[language] = readCues("cues/" + entry.Name())
		}
	}
	return all
})

func readCues(path string) *cues {
	c := newCues()
	var cut tokens
	for head, items := range lists(path) {
		place, class, found := strings.Cut(head, " ")
		if !found {
			place, class = "", head
		}
		bit, ok := cueWords[class]
		if !ok {
			panic("data/" + path + ": no class " + head)
		}
		for _, item := range items {
			key := name.Fold(strings.Trim(item, "-"))
			cut.cut(item)
			c.longest = max(c.longest, len(cut.list))
			c.byChar = c.byChar || len(cut.list) > 0 && cut.list[0].form&formChar != 0
			switch {
			case place == "after":
				c.after[key] |= bit
			case place == "behind":
				c.behind[key] |= bit
			case place == "onto":
				c.onto[key] |= bit
			case place != "":
				panic("data/" + path + ": no place " + place)
			case strings.HasSuffix(item, "-"):
				c.begins[key] |= bit
			case strings.HasPrefix(item, "-"):
				c.ends[key] |= bit
			default:
				c.whole[key] |= bit
			}
		}
	}
	return c
}

func newCues() *cues {
	return &cues{
		whole: map[string]cue{}, begins: map[string]cue{}, ends: map[string]cue{},
		after: map[string]cue{}, behind: map[string]cue{}, onto: map[string]cue{},
	}
}

// anyCues are the cue words of the alphabetic languages most written, for texts
// whose language cannot be told. Of all languages at once, every short word would
// say something.
var anyCues = sync.OnceValue(func() *cues {
	any := newCues()
	for _, language := range [...]string{"ar", "de", "en", "es", "fr", "it", "nl", "pl", "pt", "ru", "tr", "uk"} {
		c := cuesOf()[language]
		any.longest = max(any.longest, c.longest)
		for key, bits := range c.whole {
			any.whole[key] |= bits
		}
		for key, bits := range c.begins {
			any.begins[key] |= bits
		}
	}
	return any
})

var noCues = newCues()

// cuesFor returns the cue words of a language.
func cuesFor(language string) *cues {
	tag, _, _ := strings.Cut(language, "-")
	if c := cuesOf()[tag]; c != nil {
		return c
	}
	if tag == "und" {
		return anyCues()
	}
	// Those of its kin: Malay reads as Indonesian does.
	for _, other := range slices.Sorted(maps.Keys(cuesOf())) {
		if kin()[[2]string{tag, other}] {
			return cuesOf()[other]
		}
	}
	return noCues
}

// cues returns the cue words of the document's language.
func (w *work) cues() *cues { return w.cueWords }

// cueAsked marks a cue that is known.
const cueAsked cue = 1 << 31

// cue returns what token i says.
func (w *work) cue(i int) cue {
	if w.cueKnown[i] == 0 {
		w.cueKnown[i] = w.cues().word(w.tokens.key(i)) | cueAsked
	}
	return w.cueKnown[i] &^ cueAsked
}

func (c *cues) word(key []byte) cue {
	found := c.whole[string(key)]
	if len(c.begins) > 0 {
		for n := len(key); n >= leastStem && found == 0; n-- {
			found = c.begins[string(key[:n])]
		}
	}
	if len(c.ends) > 0 && found == 0 {
		for n := 2; n <= 4 && n < len(key); n++ {
			found |= c.ends[string(key[len(key)-n:])]
		}
	}
	return found
}

// join appends the key of tokens from..to to dst; ok is false when they cannot
// be one run.
func (w *work) join(dst []byte, from, to int) ([]byte, bool) {
	for k := from; k < to; k++ {
		if k > from {
			ok, joined := w.tokens.bridges(k)
			if !ok && w.tokens.list[k].gap != 0 {
				return dst, false
			}
			if !joined && w.tokens.list[k].gap != 0 {
				dst = append(dst, ' ')
			} else if w.tokens.list[k].gap == gapQuote {
				dst = append(dst, ' ')
			}
		}
		dst = append(dst, w.tokens.key(k)...)
	}
	return dst, true
}

// cueRun returns what the longest cue says that begins at token i.
func (w *work) cueRun(i int) cue {
	c, _ := w.cueFrom(i)
	return c
}

// cueFrom returns the longest cue that begins at token i, and its length.
func (w *work) cueFrom(i int) (cue, int) {
	c := w.cues()
	if len(c.whole) == 0 || i >= len(w.tokens.list) {
		return 0, 0
	}
	for n := min(c.longest, len(w.tokens.list)-i); n > 1; n-- {
		key, ok := w.join(w.buffer[:0], i, i+n)
		w.buffer = key
		if ok {
			if found := c.whole[string(key)]; found != 0 {
				return found, n
			}
		}
	}
	return c.word(w.tokens.key(i)), 1
}

// cueUpTo returns the longest cue that ends before token end.
func (w *work) cueUpTo(end int) (cue, int) {
	c := w.cues()
	if len(c.whole) == 0 || end <= 0 {
		return 0, 0
	}
	for n := min(c.longest, end); n > 1; n-- {
		key, ok := w.join(w.buffer[:0], end-n, end)
		w.buffer = key
		if ok {
			if found := c.whole[string(key)]; found != 0 {
				return found, n
			}
		}
	}
	return c.word(w.tokens.key(end - 1)), 1
}

// cueAfter returns the longest of the cues that the language puts behind a name,
// at token i.
func (w *work) cueAfter(i int) (cue, int) { return w.longestOf(w.cues().after, i) }

// cueBehind is the same of cues that are words of their own.
func (w *work) cueBehind(i int) (cue, int) { return w.longestOf(w.cues().behind, i) }

func (w *work) longestOf(cues map[string]cue, i int) (cue, int) {
	if len(cues) == 0 {
		return 0, 0
	}
	for n := min(w.cues().longest, len(w.tokens.list)-i); n > 0; n-- {
		key, ok := w.join(w.buffer[:0], i, i+n)
		w.buffer = key
		if ok {
			if found := cues[string(key)]; found != 0 {
				return found, n
			}
		}
	}
	return 0, 0
}

// cueOnto returns what the case of a name says that was found by its ending:
// "Kiovassa" is in Kyiv.
func (w *work) cueOnto(r *run) cue {
	const longest = 18 // bytes
	c := w.cues()
	if len(c.onto) == 0 || !r.inflected && !r.entry.inflected {
		return 0
	}
	key := w.tokens.key(r.to - 1)
	for n := min(longest, len(key)-1); n > 0; n-- {
		if found := c.onto[string(key[len(key)-n:])]; found != 0 {
			return found
		}
	}
	return 0
}
