package name

import (
	"encoding/binary"
	"unicode/utf8"
)

// lattice is a word laid out over a model: at each character, the chunks that
// begin there. The zero lattice is empty; layOut reuses its memory.
type lattice struct {
	m      *model
	n      int
	chunks [maxFrom][3]int32  // by length less one; -1 for none
	rest   [maxFrom + 1]int32 // weight of the best spelling from each character on
	// hopes are what each letter of a word adds at most to the weight of an
	// alignment: at its first place in the word, its second, third and further
	// ones. spare is what spellings without a letter may add. Filled when an
	// alignment first asks.
	hopes [27][4]int16
	spare int32
	hoped bool
}

// layOut lays a folded word over m.
func (l *lattice) layOut(m *model, word []byte) {
	l.m, l.n, l.hoped = m, 0, false
	var units [maxFrom]uint16
	for len(word) > 0 && l.n < maxFrom {
		r, size := utf8.DecodeRune(word)
		word = word[size:]
		units[l.n] = m.units.of(r)
		l.n++
	}
	best := &l.rest
	best[l.n] = 0
	for i := l.n - 1; i >= 0; i-- {
		l.chunks[i] = [3]int32{m.single[units[i]], -1, -1}
		packed := uint64(units[i])
		for n := 1; n < m.longest && i+n < l.n; n++ {
			packed = packed<<16 | uint64(units[i+n])
			l.chunks[i][n] = m.longer.of(packed)
		}
		best[i] = best[i+1] + strangeDrop
		for n, c := range l.chunks[i] {
			if c >= 0 {
				best[i] = max(best[i], best[i+n+1]+int32(m.chunks[c].best))
			}
		}
	}
}

// hope finds the hopes.
func (l *lattice) hope() {
	l.hoped, l.spare = true, 0
	for c := range l.hopes {
		least := max(l.m.insert[c], strangeSwap)
		l.hopes[c] = [4]int16{least, least, least, least}
	}
	for i := range l.n {
		for _, at := range l.chunks[i] {
			if at < 0 {
				continue
			}
			chunk := &l.m.chunks[at]
			for _, h := range chunk.hopes {
				best := &l.hopes[h.letter]
				if h.weight <= best[3] {
					continue
				}
				k := 3
				for ; k > 0 && best[k-1] < h.weight; k-- {
					best[k] = best[k-1]
				}
				best[k] = h.weight
			}
			l.spare += int32(max(0, chunk.silent))
		}
	}
}

// ahead writes to sums what the letters of a word from each on, to its end, add at
// most to the weight of an alignment with the lattice.
func (l *lattice) ahead(sums *[maxTo + 1]int32, w *word) {
	if !l.hoped {
		l.hope()
	}
	var places [27]uint8
	sum := l.spare
	sums[w.n] = sum
	for j := w.n - 1; j >= 0; j-- {
		c := w.letter[j]
		k := places[c]
		places[c]++
		sum += int32(l.hopes[c][min(k, 3)])
		sums[j] = sum
	}
}

// word is a Latin word in the form the alignment wants: at each letter, the next
// eight.
type word struct {
	n      int
	window [maxTo + 1]uint64
	letter [maxTo + 1]uint8
	rest   [maxTo + 1]int32 // what the letters from each on weigh against themselves
}

func (w *word) lay(text []byte) {
	w.n = 0
	var letters [maxTo + 8]byte
	for _, c := range text {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			if w.n == maxTo {
				break
			}
			letters[w.n] = c
			w.n++
		}
	}
	w.rest[w.n] = 0
	for i := w.n; i >= 0; i-- {
		w.window[i] = binary.LittleEndian.Uint64(letters[i:])
		w.letter[i] = uint8(letterIndex(letters[i]))
		if i < w.n {
			w.rest[i] = w.rest[i+1] + letterInfo[w.letter[i]]
		}
	}
}

// band is how many letters an alignment may stray from the diagonal.
const band = 6

// maxChunk is how many characters a chunk has at most.
const maxChunk = 3

// stride is the length of a row of the aligner's table; the last rows are room
// for arcs that lead past the end, which nothing takes.
const stride = maxTo + 8

// aligner finds the best alignment of a lattice with a word.
type aligner struct {
	best  [(maxFrom + 1) * stride]int32
	ahead [maxTo + 1]int32
}

// align returns the weight of the best alignment, in tenths of a nat, or a very
// small number once it is plain that it cannot reach least.
//
// The table is filled in a band around the diagonal: an alignment that strays
// further has lost already. So has one that could not reach least even if what
// is left of either side were spelt at its best; of a lattice's best, which
// chooses its chunks as if any letters followed, four fifths are hoped for. Of what
// is left of the word, the lattice knows how much each letter may still add: most
// alignments end there before they begin.
func (a *aligner) align(l *lattice, w *word, least int32) int32 {
	n, m := l.n, w.n
	if n == 0 {
		return noWay
	}
	if l.ahead(&a.ahead, w); a.ahead[0] < least {
		return noWay
	}
	a.best[0] = 0
	copy(a.best[1:m+1], noWays[:])
	insert := &l.m.insert
	chunks, alts := l.m.chunks, l.m.alts
	var chunksAt [maxChunk]*modelChunk
	var ends [maxChunk]int
	cleared := 0 // the last row that is
	alive := 0   // the last row that a way leads to
	for i := 0; i <= n && alive >= i; i++ {
		for cleared < min(n, i+maxChunk) {
			cleared++
			copy(a.best[cleared*stride:cleared*stride+m+1], noWays[:])
		}
		need := max(least-l.rest[i]*4/5, noWay/2)
		middle := i * m / n
		row := a.best[i*stride:]
		begin := chunksAt[:0]
		if i < n {
			for k, at := range l.chunks[i] {
				if at >= 0 {
					ends[len(begin)] = (k + 1) * stride
					begin = append(begin, &chunks[at])
				}
			}
		}
		for j, last := max(0, middle-band), min(m, middle+band); j <= last; j++ {
			score := row[j]
			if score < need || score+min(w.rest[j]*5/4, a.ahead[j]) < least {
				continue
			}
			c, window := w.letter[j], w.window[j]
			if j < m {
				raise(&row[j+1], score+int32(insert[c]))
			}
			if i == n {
				continue
			}
			alive = max(alive, i+1)
			raise(&row[j+stride], score+strangeDrop)
			if j < m {
				raise(&row[j+stride+1], score+strangeSwap)
			}
			for k, chunk := range begin {
				if chunk.silent > noWay>>6 {
					raise(&row[j+ends[k]], score+int32(chunk.silent))
				}
				if j == m {
					continue
				}
				matching := alts[chunk.first[c]:chunk.first[c+1]]
				for x := range matching {
					if to := &matching[x]; (to.letters^window)<<(to.over&63) == 0 {
						raise(&row[j+int(to.step)], score+int32(to.weight))
						alive = max(alive, i+ends[k]/stride)
					}
				}
			}
		}
	}
	if alive < n {
		return noWay
	}
	if best := a.best[n*stride+m]; best >= least {
		return best
	}
	return noWay
}

// noWays begin a row of the table.
var noWays = func() (row [maxTo + 1]int32) {
	for i := range row {
		row[i] = noWay
	}
	return row
}()

func raise(at *int32, score int32) {
	if score > *at {
		*at = score
	}
}
