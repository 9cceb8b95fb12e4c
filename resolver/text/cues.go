package text

import (
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

	// cueBefore are the cues that stand before a name.
	cueBefore = cueIn | cueFrom | cueTo | cueOf | cueBy | cueWith | cueAgainst | cueAnd | cueFor | cueObject
)

var cueWords = map[string]cue{
	"in": cueIn, "from": cueFrom, "to": cueTo, "of": cueOf, "by": cueBy, "with": cueWith, "against": cueAgainst, "and": cueAnd,
	"subject": cueSubject, "article": cueArticle, "say": cueSay, "decide": cueDecide, "act": cueAct, "be": cueBe, "move": cueMove,
	"place": cuePlace, "polity": cuePolity, "relation": cueRelation, "sport": cueSport, "former": cueFormer, "sway": cueSway, "for": cueFor, "object": cueObject,
}

// cues are the cue words of one language, by folded key.
type cues struct {
	whole, begins, ends map[string]cue
	after               map[string]cue // behind a name
	byChar              bool           // words are found character by character
}

const (
	cueTokens = 4 // words of the longest cue
	cueChars  = 7 // characters of the longest
	leastStem = 2 // characters of the shortest stem
)

var cuesOf = sync.OnceValue(func() map[string]*cues {
	all := map[string]*cues{}
	entries, err := files.ReadDir("data/cues")
	if err != nil {
		panic(err)
	}
	for _, entry := range entries {
		if language, ok := strings.CutSuffix(entry.Name(), ".txt"); ok {
			all[language] = readCues("cues/" + entry.Name())
			all[language].byChar = language == "zh" || language == "ja" || language == "ko"
		}
	}
	return all
})

func readCues(path string) *cues {
	c := &cues{whole: map[string]cue{}, begins: map[string]cue{}, ends: map[string]cue{}, after: map[string]cue{}}
	for head, items := range lists(path) {
		after, isAfter := strings.CutPrefix(head, "after ")
		bit, ok := cueWords[after]
		if !ok {
			panic("data/" + path + ": no class " + head)
		}
		for _, item := range items {
			key := name.Fold(item)
			switch {
			case isAfter:
				c.after[key] |= bit
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

// anyCues are the cue words of all alphabetic languages at once, for texts whose
// language cannot be told.
var anyCues = sync.OnceValue(func() *cues {
	any := &cues{whole: map[string]cue{}, begins: map[string]cue{}, ends: map[string]cue{}, after: map[string]cue{}}
	for _, c := range cuesOf() {
		if c.byChar {
			continue
		}
		for key, bits := range c.whole {
			any.whole[key] |= bits
		}
		for key, bits := range c.begins {
			any.begins[key] |= bits
		}
	}
	return any
})

var noCues = &cues{}

// cuesFor returns the cue words of a language.
func cuesFor(language string) *cues {
	tag, _, _ := strings.Cut(language, "-")
	if c := cuesOf()[tag]; c != nil {
		return c
	}
	if tag == "und" {
		return anyCues()
	}
	return noCues
}

// cues returns the cue words of the document's language.
func (w *work) cues() *cues { return w.cueWords }

// cue returns what token i says.
func (w *work) cue(i int) cue { return w.cues().word(w.tokens.key(i)) }

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
	longest := cueTokens
	if c.byChar {
		longest = cueChars
	}
	for n := min(longest, len(w.tokens.list)-i); n > 1; n-- {
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
	longest := cueTokens
	if c.byChar {
		longest = cueChars
	}
	for n := min(longest, end); n > 1; n-- {
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
func (w *work) cueAfter(i int) (cue, int) {
	c := w.cues()
	if len(c.after) == 0 {
		return 0, 0
	}
	for n := min(cueChars, len(w.tokens.list)-i); n > 0; n-- {
		key, ok := w.join(w.buffer[:0], i, i+n)
		w.buffer = key
		if ok {
			if found := c.after[string(key)]; found != 0 {
				return found, n
			}
		}
	}
	return 0, 0
}
