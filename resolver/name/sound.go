package name

// maxSkeleton is the longest sound skeleton, in symbols of four bits.
const maxSkeleton = 15

// skeletonSymbols are the sound classes of a skeleton; a symbol's code is its
// place here plus one. Vowels, h and the semivowel y have none.
//
//	B  b p           T  t d th         M  m      L  l
//	F  f v w ph      S  s z sh ch ts   N  n      R  r
//	K  k g q c kh x
const skeletonSymbols = "BFTSKMNLR"

// Skeleton appends to dst the sound skeleton of a Latin token in lower-case
// ASCII: its consonants by class, one for a run of the same, as letters of
// skeletonSymbols. It makes w and v, s and z and ts and c and tz, g and h and
// kh, f and ph, single and double letters meet across the spellings of Europe.
func Skeleton(dst, latin []byte) []byte { return skeleton(dst, latin, 0) }

// A reading settles the letters that languages read in two ways.
type reading uint8

const (
	jAsY    reading = 1 << iota // j silent as in Jelzin, else as in John
	chAsK                       // ch, and g before a front vowel, hard
	wAsU                        // w silent as in Power, else as in Wolga
	allRead = jAsY | chAsK | wAsU
)

// ambiguous returns the readings that make a difference to latin.
func ambiguous(latin []byte) (set reading) {
	for i, c := range latin {
		switch c {
		case 'j':
			set |= jAsY
		case 'w':
			set |= wAsU
		case 'c':
			if i+1 < len(latin) && latin[i+1] == 'h' {
				set |= chAsK
			}
		}
	}
	return set
}

func skeleton(dst, latin []byte, how reading) []byte {
	start := len(dst)
	put := func(symbol byte, glued bool) {
		if n := len(dst); glued && n > start && dst[n-1] == symbol {
			return
		}
		if len(dst)-start < maxSkeleton {
			dst = append(dst, symbol)
		}
	}
	at := func(i int) byte {
		if i < len(latin) {
			return latin[i]
		}
		return 0
	}
	glued := false // no vowel since the last symbol
	for i := 0; i < len(latin); i++ {
		c, next := latin[i], at(i+1)
		switch c {
		case 'b':
			put('B', glued)
		case 'p':
			if next == 'h' {
				i++
				put('F', glued)
			} else {
				put('B', glued)
			}
		case 'f', 'v':
			put('F', glued)
		case 'w':
			if how&wAsU != 0 {
				glued = false
				continue
			}
			put('F', glued)
		case 't':
			switch {
			case next == 's' || next == 'z':
				i++
				put('S', glued)
			case next == 'c' && at(i+2) == 'h': // Tchaikovsky
				i += 2
				put('S', glued)
			default:
				put('T', glued)
			}
		case 'd':
			switch {
			case next == 'z':
				i++
				put('S', glued)
				if at(i+1) == 'h' {
					i++
				}
			case next == 'j' && how&jAsY == 0: // Djokovic
				i++
				put('S', glued)
			default:
				put('T', glued)
			}
		case 's', 'z':
			put('S', glued)
			if next == 'c' && at(i+2) == 'h' { // Schulz, Kosciusko
				i += 2
			} else if next == 'h' || next == 'z' || next == 's' {
				i++
			}
		case 'c':
			switch {
			case next == 'h':
				i++
				if how&chAsK != 0 {
					put('K', glued)
				} else {
					put('S', glued)
				}
			case next == 'z' || next == 's':
				i++
				put('S', glued)
			case next == 'e' || next == 'i' || next == 'y':
				put('S', glued)
			default:
				put('K', glued)
			}
		case 'k', 'q', 'g':
			put('K', glued)
		case 'x':
			if i > 0 && i+1 < len(latin) || i > 0 {
				put('K', glued)
			}
			put('S', glued)
		case 'j':
			if how&jAsY != 0 {
				glued = false
				continue
			}
			put('S', glued)
		case 'm':
			put('M', glued)
		case 'n':
			put('N', glued)
		case 'l':
			put('L', glued)
		case 'r':
			put('R', glued)
		case 'h':
			continue
		default:
			glued = false
			continue
		}
		glued = true
	}
	return dst
}
