package name

import (
	"bytes"
	"slices"
)

// join is what joined words have in common with what stands against them.
type join struct {
	how      meeting
	got      float64
	info     float64
	evidence float64
}

func joinOf(p pairing, a, b *formToken) join {
	info := float64(a.info+b.info) / 2
	return join{joinedTo, info * float64(p.similarity), info, float64(p.evidence) / 10}
}

// joined counts words that met joined.
func (c *Comparison) joined(j join, got, info *float64) {
	*got += j.got
	*info += j.info
	c.Evidence += j.evidence
	c.Words++
	c.Joined++
	c.Worst = min(c.Worst, j.got/j.info)
}

// whole compares a single word with all words of the other side in one, in order
// and with the last word first: how scripts without spaces write names. It meets
// nothing unless the whole is as like as the likest word alone.
func (c *Comparer) whole(query, name *Form) join {
	one, many := query, name
	if len(query.tokens) > len(name.tokens) {
		one, many = name, query
	}
	if len(one.tokens) != 1 || len(many.tokens) < 2 || len(many.tokens) > 4 {
		return join{}
	}
	t := &one.tokens[0]
	if t.script == many.tokens[0].script && !many.spells(t.text) {
		return join{}
	}
	straight, turned := many.whole()
	if t.info < straight.info/2 && t.script != Han {
		return join{}
	}
	least := float32(aligned)
	for i := range query.tokens {
		for j := range name.tokens {
			least = max(least, c.pair[i][j].similarity-0.15)
		}
	}
	best := c.words(t, straight, least)
	if p := c.words(t, turned, max(least, best.similarity)); p.similarity > best.similarity {
		best = p
	}
	if best.similarity < least {
		return join{}
	}
	return joinOf(best, t, straight)
}

// exactJoin aligns a word with two or three neighbours of the other side that
// spell it together: Jongun, Jong Un.
func (c *Comparer) exactJoin(query, name *Form, used, taken *[maxTokens]bool) join {
	one, many, oneUsed, manyUsed := query, name, used, taken
	for range 2 {
		for i := range one.tokens {
			for j := range many.tokens {
				if n := spelledBy(one.tokens[i].text, many.tokens[j:]); n > 1 && !oneUsed[i] && !slices.Contains(manyUsed[j:j+n], true) {
					oneUsed[i] = true
					for k := range n {
						manyUsed[j+k] = true
					}
					return joinOf(pairing{1, one.tokens[i].info, joinedTo}, &one.tokens[i], &one.tokens[i])
				}
			}
		}
		one, many, oneUsed, manyUsed = many, one, manyUsed, oneUsed
	}
	return join{}
}

// spelledBy returns how many of the tokens, one after another, spell a word; 0 when
// none do.
func spelledBy(word []byte, tokens []formToken) int {
	for n := range tokens {
		rest, ok := bytes.CutPrefix(word, tokens[n].text)
		if !ok {
			return 0
		}
		if word = rest; len(word) == 0 {
			return n + 1
		}
	}
	return 0
}

// joins aligns an unaligned word with two neighbours of the other side in one.
func (c *Comparer) joins(query, name *Form, used, taken *[maxTokens]bool) join {
	// With as many words on either side, words written together would have to
	// be matched by others written apart.
	if len(query.tokens) == len(name.tokens) || allOf(used[:len(query.tokens)]) || allOf(taken[:len(name.tokens)]) {
		return join{}
	}
	one, many, oneUsed, manyUsed := query, name, used, taken
	if len(query.tokens) > len(name.tokens) {
		one, many, oneUsed, manyUsed = name, query, taken, used
	}
	for range 2 {
		for i := range one.tokens {
			for j := 0; j+1 < len(many.tokens); j++ {
				if oneUsed[i] || manyUsed[j] || manyUsed[j+1] {
					continue
				}
				if w, a, b := one.tokens[i].info, many.tokens[j].info, many.tokens[j+1].info; w < (a+b)/2 || w > (a+b)*2 {
					continue
				}
				if !one.tokens[i].mayJoin(&many.tokens[j], &many.tokens[j+1]) {
					continue
				}
				text := append(c.two.text[:0], many.tokens[j].text...)
				text = append(text, many.tokens[j+1].text...)
				c.two.set(text, many.tokens[j].script)
				if p := c.words(&one.tokens[i], &c.two, aligned); p.similarity >= aligned {
					oneUsed[i], manyUsed[j], manyUsed[j+1] = true, true, true
					return joinOf(p, &one.tokens[i], &c.two)
				}
			}
		}
		one, many, oneUsed, manyUsed = many, one, manyUsed, oneUsed
	}
	return join{}
}

// mayJoin reports whether two words in one have the sounds of t and begin and end
// as t does.
func (t *formToken) mayJoin(a, b *formToken) bool {
	return !unlike(t.sounds, a.sounds) && !unlike(t.sounds, b.sounds) &&
		(a.sounds == 0 || t.opening&a.opening != 0) && (b.sounds == 0 || t.closing&b.closing != 0)
}

func allOf(set []bool) bool { return !slices.Contains(set, false) }

// joinedInitials takes words of two or three consonants for the initials of as many
// words of the other side, all of them yet alone: JC Juncker. It returns how many
// it took for initials.
func joinedInitials(one, many *Form, oneUsed, manyUsed *[maxTokens]bool) (initials int) {
	for i := range one.tokens {
		t := &one.tokens[i]
		n := len(t.text)
		if oneUsed[i] || t.script != Latin || n < 2 || n > 3 || t.digits || bytes.ContainsAny(t.text, "aeiou") {
			continue
		}
		for j := 0; j+n <= len(many.tokens) && !oneUsed[i]; j++ {
			met := 0
			for met < n && !manyUsed[j+met] && many.tokens[j+met].text[0] == t.text[met] {
				met++
			}
			if met == n {
				oneUsed[i] = true
				for k := range n {
					manyUsed[j+k] = true
				}
				initials += n
			}
		}
	}
	return initials
}
