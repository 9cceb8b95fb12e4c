package text

import (
	"strings"
	"sync"

	"onoma/resolver"
	"onoma/resolver/name"
)

// initials are the countries that one character stands for in the headlines of a
// language, and the words that show that it does.
type initials struct {
	ids     map[string]string // by folded character
	states  map[string]bool
	towards map[string]bool // characters before one: 対露制裁
	most    int             // tokens of the longest word
}

var initialsOf = sync.OnceValue(func() map[string]*initials {
	all := map[string]*initials{}
	var cut tokens
	for head, items := range lists("initials.txt") {
		tag, class, _ := strings.Cut(head, " ")
		if all[tag] == nil {
			all[tag] = &initials{ids: map[string]string{}, states: map[string]bool{}, towards: map[string]bool{}}
		}
		for _, item := range items {
			if class == "states" {
				cut.cut(item)
				all[tag].states[name.Fold(item)] = true
				all[tag].most = max(all[tag].most, len(cut.list))
				continue
			}
			if class == "towards" {
				all[tag].towards[name.Fold(item)] = true
				continue
			}
			char, id, ok := strings.Cut(item, "=")
			if !ok {
				panic("data/initials.txt: " + item + " has no =")
			}
			all[tag].ids[name.Fold(char)] = id
		}
	}
	return all
})

// mostInitials is how many countries stand in a row.
const mostInitials = 4

// initialsAt adds the countries that the characters from token i stand for, and
// returns where they end; i when they stand for none. Whatever word of the table
// is longer than the row goes before it.
func (w *work) initialsAt(i, limit, longest int) int {
	known := initialsOf()[w.tag]
	if known == nil {
		return i
	}
	list := w.tokens.list
	end := i
	for end < limit && end-i < mostInitials && known.ids[string(w.tokens.key(end))] != "" &&
		(end == i || list[end].gap == 0 || list[end].gap == gapMiddle || list[end].gap == gapComma && list[end].script == name.Han) {
		end++
	}
	if end == i || longest > end {
		return i
	}
	if i > 0 && list[i].gap == 0 && list[i-1].form&formDigits != 0 {
		return i // "4일" is a day
	}
	if i > 0 && list[i].gap == 0 && list[i-1].script == list[i].script && !known.towards[string(w.tokens.key(i-1))] && (end-i == 1 || list[i].script != name.Han) {
		return i // inside a word
	}
	if end-i == 1 && (list[i].gap == gapFirst || end < len(list) && list[i].script == name.Han && w.tag == "zh" && list[end].gap != 0) {
		return i
	}
	if !w.statesFollow(known, end) && !(longest == i && w.rowEnds(i, end)) && !(end-i == 1 && end < len(list) && list[end].gap&(gapComma|gapStop) != 0 && i > 0 && list[i].gap == 0 && known.towards[string(w.tokens.key(i-1))]) {
		return i
	}
	for k := i; k < end; k++ {
		if e := w.initial(known, k); e == nil {
			return i
		}
	}
	for k := i; k < end; k++ {
		e := w.initial(known, k)
		w.addKnown(k, k+1, e)
		w.runs[len(w.runs)-1].entry = e
	}
	return end
}

// rowEnds reports whether a Korean word is a row of initials and a particle: 한미는.
func (w *work) rowEnds(i, end int) bool {
	list := w.tokens.list
	if end-i < 2 || list[i].script != name.Hangul || list[i].gap == 0 && i > 0 {
		return false
	}
	to := end
	for to < len(list) && list[to].gap == 0 && list[to].script == name.Hangul {
		to++
	}
	return to == end || particles().whole[w.tokens.surface(end, to)]
}

// statesFollow reports whether the word behind token end-1 is one of states.
func (w *work) statesFollow(known *initials, end int) bool {
	list := w.tokens.list
	if end >= len(list) || list[end].gap&^gapSpace != 0 {
		return false
	}
	if c, n := w.cueFrom(end); n > 1 && c&(cuePolity|cueRelation) != 0 {
		return true
	}
	for n := min(known.most, len(list)-end); n > 0; n-- {
		key, ok := w.join(w.buffer[:0], end, end+n)
		w.buffer = key
		if ok && known.states[string(key)] {
			return true
		}
	}
	return false
}

// initial is the entry of the country that token k stands for; nil when the table
// lacks it.
func (w *work) initial(known *initials, k int) *entry {
	surface := w.tokens.surface(k, k+1)
	key := "\x01" + surface
	if e, ok := w.entries[key]; ok {
		return e
	}
	country, _ := w.table.Find(known.ids[string(w.tokens.key(k))])
	if !country.Valid() {
		return nil
	}
	e := w.newEntry()
	*e = entry{surface: surface, outcome: resolver.Resolved, candidates: w.keep([]resolver.Candidate{{
		Entity: country, NameRole: resolver.RoleShort, Reading: resolver.Literal, Method: resolver.FromContext, Score: sureInitial,
	}})}
	w.entries[key] = e
	return e
}

// sureInitial is the score of a country that one character stands for.
const sureInitial = 0.95
