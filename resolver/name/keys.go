package name

import "slices"

// Key is a blocking key: the sound skeleton of a word, four bits a symbol. Words
// that may be one name share a key; that they share one proves nothing.
type Key uint64

// maxForms bounds the forms of one name that are looked up.
const maxForms = 8

// MaxKeys bounds the keys of one word.
const MaxKeys = 20

// AppendKeys appends the blocking keys of a folded word, best first and at most
// [MaxKeys]. A Latin word has one for each way its ambiguous letters are read; a
// word of another script has the skeletons of its likeliest spellings. Words
// without a consonant have one key for all.
func AppendKeys(dst []Key, word []byte, script Script) []Key {
	if script == Latin {
		return latinKeys(dst, word, allRead)
	}
	m := skeletonModel(script)
	if m == nil {
		return dst
	}
	var b beam
	return b.keys(dst, m, word)
}

// FirstKey returns the first of the keys of a Latin word.
func FirstKey(latin []byte) Key {
	var symbols [maxSkeleton]byte
	return packKey(skeleton(symbols[:0], latin, 0))
}

// AppendQueryKeys is AppendKeys for the asking side, which pays for variety with
// look-ups and not with memory: a Latin word has also the skeletons of its
// likeliest respellings.
func AppendQueryKeys(dst []Key, word []byte, script Script) []Key {
	var plain [2 * maxFrom]byte
	if script != Latin {
		return appendQueryKeys(dst, word, Romanise(plain[:0], word, script), script)
	}
	return appendQueryKeys(dst, word, word, script)
}

// AppendQueryKeys appends the keys of word i; see the function of that name.
func (f *Form) AppendQueryKeys(dst []Key, i int) []Key {
	t := &f.tokens[i]
	return appendQueryKeys(dst, t.text, t.latin(), t.script)
}

// AppendNearKeys appends the near keys of word i; see the function of that name.
func (f *Form) AppendNearKeys(dst []Key, i int) []Key {
	return appendNearKeys(dst, f.tokens[i].latin())
}

// Bag is [BagOf] of word i.
func (f *Form) Bag(i int) Bag { return bagOf(f.tokens[i].latin()) }

func appendQueryKeys(dst []Key, word, latin []byte, script Script) []Key {
	start := len(dst)
	dst = AppendKeys(dst, word, script)
	if bare := words().bareOf(word, script); len(bare) < len(word) {
		dst = AppendKeys(dst, bare, script)
	}
	for k, form := range words().forms[string(word)] {
		if k == maxForms {
			break
		}
		if ScriptOf(form) == Latin {
			dst = latinKeys(dst, []byte(form), 0)
		}
	}
	if script == Han {
		var b beam
		for _, m := range tongueSkeletons() {
			dst = b.keys(dst, m, word)
		}
	}
	if script != Latin {
		var more [allRead + 1]Key
		dst = append(dst, latinKeys(more[:0], latin, allRead)...)
	} else {
		dst = latinKeys(dst, word, askedRead)
		if m := skeletonModel(Latin); m != nil {
			var b beam
			dst = b.keys(dst, m, word)
		}
	}
	slices.Sort(dst[start:])
	dst = dst[:start+len(slices.Compact(dst[start:]))]
	return dst
}

// AppendNearKeys appends the keys one sound away from a folded word's: one left out,
// put in, or another in its place. They find what a slip of the pen has hidden from
// [AppendQueryKeys], and much else.
func AppendNearKeys(dst []Key, word []byte, script Script) []Key {
	var plain [2 * maxFrom]byte
	if script != Latin {
		word = Romanise(plain[:0], word, script)
	}
	return appendNearKeys(dst, word)
}

func appendNearKeys(dst []Key, word []byte) []Key {
	var symbols, near [maxSkeleton + 1]byte
	s := skeleton(symbols[:0], word, 0)
	add := func(parts ...[]byte) {
		n := near[:0]
		for _, part := range parts {
			for _, c := range part {
				if len(n) < maxSkeleton && (len(n) == 0 || n[len(n)-1] != c) {
					n = append(n, c)
				}
			}
		}
		dst = append(dst, packKey(n))
	}
	for i := range len(s) + 1 {
		if i < len(s) && len(s) > 1 {
			add(s[:i], s[i+1:])
		}
		for k := range len(skeletonSymbols) {
			c := []byte(skeletonSymbols[k : k+1])
			add(s[:i], c, s[i:])
			if i < len(s) {
				add(s[:i], c, s[i+1:])
			}
		}
	}
	slices.Sort(dst)
	return slices.Compact(dst)
}

// latinKeys appends the skeletons of a Latin word in each of the readings asked
// for that make a difference to it.
func latinKeys(dst []Key, word []byte, readings reading) []Key {
	start := len(dst)
	set := ambiguous(word) & readings
	var symbols [maxSkeleton]byte
	for how := reading(0); how <= readings; how++ {
		if how&^set != 0 || how&mute != 0 && how != mute {
			continue
		}
		key := packKey(skeleton(symbols[:0], word, how))
		if !slices.Contains(dst[start:], key) {
			dst = append(dst, key)
		}
	}
	return dst
}

func packKey(symbols []byte) Key {
	k := Key(0)
	for _, c := range symbols {
		k = k<<4 | symbolCode(c)
	}
	return k
}

func symbolCode(c byte) Key { return symbolCodes[c] }

var symbolCodes = func() (codes [256]Key) {
	for i := range len(skeletonSymbols) {
		codes[skeletonSymbols[i]] = Key(i + 1)
	}
	return codes
}()

// beam keeps the likeliest skeletons of a word's beginning.
type beam struct {
	at [maxFrom + 4]struct {
		n     int
		paths [MaxKeys]path
	}
}

type path struct {
	key    Key
	weight int32
}

// keys appends the likeliest skeletons of word: none that weighs keyDepth less
// than the best one. A beginning that cannot end so is not followed, for what the
// best end of the word weighs is known.
func (b *beam) keys(dst []Key, m *model, word []byte) []Key {
	var l lattice
	l.layOut(m, word)
	var rest [maxFrom + 1]int32
	for i := l.n - 1; i >= 0; i-- {
		b.at[i+1].n = 0
		rest[i] = rest[i+1] + unspelt
		if l.chunks[i][0] >= 0 {
			rest[i] = noWay
		}
		for k, at := range l.chunks[i] {
			if at >= 0 {
				rest[i] = max(rest[i], rest[i+k+1]+int32(m.chunks[at].best))
			}
		}
	}
	b.at[0].n = 0
	b.push(0, 0, 0)
	least := rest[0] - keyDepth
	for i := range l.n {
		for _, p := range b.at[i].paths[:b.at[i].n] {
			if l.chunks[i][0] < 0 && p.weight+unspelt+rest[i+1] >= least {
				b.push(i+1, p.key, p.weight+unspelt)
			}
			for k, at := range l.chunks[i] {
				if at < 0 {
					continue
				}
				for _, sound := range m.chunks[at].sounds {
					weight := p.weight + int32(sound.weight)
					if weight+rest[i+k+1] < least {
						break // the others weigh less
					}
					b.push(i+k+1, sound.after(p.key), weight)
				}
			}
		}
	}
	for _, p := range b.at[l.n].paths[:b.at[l.n].n] {
		dst = append(dst, p.key)
	}
	return dst
}

// unspelt is the weight of a character without a spelling of its own.
const unspelt = -30

// sound is a spelling of a chunk of a skeleton's model as the end of a key.
type sound struct {
	codes   Key
	symbols uint8
	weight  int16
}

// soundsOf returns the spellings of a chunk as keys, the heaviest first.
func soundsOf(chunk []alternative) []sound {
	sounds := make([]sound, 0, len(chunk))
	for _, alt := range chunk {
		s := sound{weight: alt.weight}
		for letters := alt.letters; letters != 0; letters >>= 8 {
			if code := symbolCode(byte(letters)); s.codes&15 != code {
				s.codes = s.codes<<4 | code
				s.symbols++
			}
		}
		sounds = append(sounds, s)
	}
	slices.SortStableFunc(sounds, func(a, b sound) int { return int(b.weight) - int(a.weight) })
	return sounds
}

// after returns the key with the sound at its end: one symbol for a run of the
// same, and no more than a key holds.
func (s *sound) after(key Key) Key {
	n := s.symbols
	if n > 0 && key&15 == s.codes>>(4*(n-1)) {
		n--
	}
	for ; n > 0 && key < 1<<56; n-- {
		key = key<<4 | s.codes>>(4*(n-1))&15
	}
	return key
}

// keyDepth is how far below the best skeleton's weight another is still tried,
// in tenths of a nat.
const keyDepth = 60

// push adds a path, one for a key, and drops the weakest past the bound.
func (b *beam) push(i int, key Key, weight int32) {
	at := &b.at[i]
	weakest := -1
	for k := range at.n {
		p := &at.paths[k]
		if p.key == key {
			p.weight = max(p.weight, weight)
			return
		}
		if weakest < 0 || p.weight < at.paths[weakest].weight {
			weakest = k
		}
	}
	if at.n < MaxKeys {
		at.paths[at.n] = path{key, weight}
		at.n++
	} else if weight > at.paths[weakest].weight {
		at.paths[weakest] = path{key, weight}
	}
}
