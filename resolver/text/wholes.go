package text

import (
	"strings"
	"sync"

	"onoma/resolver/fact"
)

// wholes are the words that make another name of the name beside them: "rua
// México", "Kenya Airways". A word that its file writes with a capital counts only
// with one.
type wholes struct {
	before, after map[string]bool // by folded key; whether a capital is needed
	most          int             // tokens of the longest
	speak         map[string]bool // verbs before the name of a language
}

var wholesOf = sync.OnceValue(func() map[string]*wholes {
	all := map[string]*wholes{}
	var cut tokens
	for head, items := range lists("wholes.txt") {
		tag, place, _ := strings.Cut(head, " ")
		if all[tag] == nil {
			all[tag] = &wholes{before: map[string]bool{}, after: map[string]bool{}, speak: map[string]bool{}}
		}
		h := all[tag]
		for _, item := range items {
			capital := isUpper([]rune(item)[0])
			cut.cut(item)
			h.most = max(h.most, len(cut.list))
			switch key := titleKey(&cut); place {
			case "before":
				h.before[key] = capital
			case "after":
				h.after[key] = capital
			case "speak":
				h.speak[key] = true
			default:
				panic("data/wholes.txt: no place " + place)
			}
		}
	}
	return all
})

// isPartOfWhole reports whether the run is a part of the name of something else
// that the table lacks.
func (w *work) isPartOfWhole(r *run) bool {
	if w.tokens.list[r.from].form&formChar != 0 && r.bearerKind() == fact.Country {
		return false // 美国大学 are universities of America
	}
	for _, tag := range [...]string{"mul", w.tag} {
		if h := wholesOf()[tag]; h != nil && (w.wholeBefore(h, r) || w.wholeAfter(h, r)) {
			return true
		}
	}
	return false
}

func (w *work) wholeAfter(h *wholes, r *run) bool {
	list := w.tokens.list
	if r.to >= len(list) || list[r.to].gap != gapSpace && !w.joinedChars(r.to) {
		return false
	}
	if list[r.to].form&formChar != 0 {
		for end := min(r.to+h.most, len(list)); end > r.to; end-- {
			key, ok := w.join(w.buffer[:0], r.to, end)
			w.buffer = key
			if _, whole := h.after[string(key)]; ok && whole {
				return true
			}
		}
		return false
	}
	capital, ok := h.after[string(w.tokens.key(r.to))]
	return ok && (!capital || list[r.to].form&(formUpper|formTitle) == formUpper)
}

// joinedChars reports whether token i is a character written onto the one before.
func (w *work) joinedChars(i int) bool {
	return w.tokens.list[i].gap == 0 && w.tokens.list[i].form&formChar != 0
}

func (w *work) wholeBefore(h *wholes, r *run) bool {
	list := w.tokens.list
	if k := r.from - 1; k >= 0 && w.covered[k] != 0 && w.runs[w.covered[k]-1].bearerKind() == fact.Country {
		return false // "AS" is the United States in Indonesian
	}
	key := w.scratch
	defer func() { w.scratch = key }()
	for n := 1; n <= h.most && n <= r.from; n++ {
		if g := list[r.from-n+1].gap; g != gapSpace && !w.joinedChars(r.from-n+1) && !(g == gapQuote || g&^(gapDot|gapSpace|gapOpen) == 0) {
			return false
		}
		key = key[:0]
		for k := r.from - n; k < r.from; k++ {
			if len(key) > 0 && list[k].gap != 0 {
				key = append(key, ' ')
			}
			key = append(key, w.tokens.key(k)...)
		}
		if capital, ok := h.before[string(key)]; ok && (!capital || list[r.from-n].form&(formUpper|formTitle) == formUpper) {
			return true
		}
	}
	return false
}

// isTongue reports whether the word for a people is the name of their language:
// "in Russian, he said", "på svenska".
func (w *work) isTongue(r *run) bool {
	list := w.tokens.list
	if r.to != r.from+1 || r.from == 0 || r.candidates[0].Name.Kind() != fact.Demonym || list[r.from].form&formCased == 0 || list[r.from].gap != gapSpace {
		return false
	}
	if h := wholesOf()[w.tag]; h != nil && h.speak[string(w.tokens.key(r.from-1))] {
		return r.to == len(list) || list[r.to].gap != gapSpace || list[r.to].form&formUpper == 0 && w.cue(r.to) != 0
	}
	if w.cue(r.from-1)&cueIn == 0 || list[r.from].form&formUpper != 0 && languageTraits()["small words"][w.tag] {
		return false
	}
	if r.to == len(list) || list[r.to].gap != gapSpace {
		return r.to == len(list) || list[r.to].gap != gapHyphen
	}
	return w.cue(r.to)&(cueAnd|cueIn|cueTo|cueFor|cueBy|cueWith|cueArticle) != 0
}
