package name

// romanise appends the likeliest Latin spelling of the word: of all chunk
// spellings the most probable, which is their evidence less what their letters
// tell by themselves.
func (l *lattice) romanise(dst []byte) []byte {
	m := l.m
	if m == nil {
		return dst
	}
	type step struct {
		weight int32
		alt    uint64
		n      uint8
		units  uint8
	}
	var best [maxFrom + 1]step
	for i := l.n - 1; i >= 0; i-- {
		best[i] = step{weight: best[i+1].weight - 90, units: 1}
		for k, at := range l.chunks[i] {
			if at < 0 {
				continue
			}
			chunk := &m.chunks[at]
			for _, alt := range m.alts[chunk.first[0]:chunk.first[27]] {
				weight := best[i+k+1].weight + int32(alt.weight)
				for s := alt.letters; s != 0; s >>= 8 {
					weight -= letterInfo[letterIndex(byte(s))]
				}
				if weight > best[i].weight {
					best[i] = step{weight, alt.letters, alt.n, uint8(k + 1)}
				}
			}
		}
	}
	for i := 0; i < l.n; i += int(best[i].units) {
		for s := best[i].alt; s != 0; s >>= 8 {
			dst = append(dst, byte(s))
		}
	}
	return dst
}

// Romanise appends the likeliest Latin spelling of a folded word.
func Romanise(dst, word []byte, script Script) []byte {
	m := spellingModel(script)
	if script == Latin || m == nil {
		return append(dst, word...)
	}
	var l lattice
	l.layOut(m, word)
	return l.romanise(dst)
}
