package name

import "bytes"

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
// ASCII: its consonants by class as letters of skeletonSymbols, one for a run of
// the same class with or without vowels between (some scripts write neither
// vowels nor doubled letters). It makes w and v, s and z and ts and c and tz, g and h and
// kh, f and ph, single and double letters meet across the spellings of Europe.
func Skeleton(dst, latin []byte) []byte { return skeleton(dst, latin, 0) }

// A reading settles the letters that languages read in two ways.
type reading uint8

const (
	jAsY  reading = 1 << iota // j silent as in Jelzin, else as in John
	chAsK                     // ch, and g before a front vowel, hard
	wAsU                      // w silent as in Power, else as in Wolga
	mute                      // silent consonants at the end, as in Renault; never with another
	// Only the asking side tries these: Chernihiv and Chernigov.
	gAsH
	hAsK

	allRead   = jAsY | chAsK | wAsU | mute
	askedRead = allRead | gAsH | hAsK
)

// ambiguous returns the readings that make a difference to latin.
func ambiguous(latin []byte) (set reading) {
	if len(withoutMute(latin)) < len(latin) {
		set |= mute
	}
	for i, c := range latin {
		switch c {
		case 'j':
			set |= jAsY
		case 'w':
			set |= wAsU
		case 'g':
			set |= gAsH
		case 'h':
			// Not in a digraph, and not at the end, where it is silent.
			if i+1 < len(latin) && (i == 0 || !digraphH(latin[i-1])) {
				set |= hAsK
			}
		case 'c':
			if i+1 < len(latin) && latin[i+1] == 'h' {
				set |= chAsK
			}
		}
	}
	return set
}

// withoutMute returns a word without the consonants that French leaves silent at
// its end: Reynaud, Dassault, Montfort.
func withoutMute(latin []byte) []byte {
	end := len(latin)
	for end > 0 && bytes.IndexByte([]byte("tdsxzp"), latin[end-1]) >= 0 {
		end--
	}
	if end < len(latin) && end > 2 && string(latin[end-2:end]) == "ul" {
		end--
	}
	if end < 3 {
		return latin
	}
	return latin[:end]
}

// digraphH reports the letters that h changes.
func digraphH(before byte) bool {
	switch before {
	case 'c', 'g', 'k', 'p', 's', 't', 'z':
		return true
	}
	return false
}

func skeleton(dst, latin []byte, how reading) []byte {
	if how&mute != 0 {
		latin = withoutMute(latin)
	}
	start := len(dst)
	put := func(symbol byte) {
		if n := len(dst); n > start && dst[n-1] == symbol {
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
	for i := 0; i < len(latin); i++ {
		c, next := latin[i], at(i+1)
		switch c {
		case 'b':
			put('B')
		case 'p':
			if next == 'h' {
				i++
				put('F')
			} else {
				put('B')
			}
		case 'f', 'v':
			put('F')
		case 'w':
			if how&wAsU != 0 {
				continue
			}
			put('F')
		case 't':
			switch {
			case next == 's' || next == 'z':
				i++
				put('S')
			case next == 'c' && at(i+2) == 'h': // Tchaikovsky
				i += 2
				put('S')
			default:
				put('T')
			}
		case 'd':
			switch {
			case next == 'z':
				i++
				put('S')
				if at(i+1) == 'h' {
					i++
				}
			case next == 'j' && how&jAsY == 0: // Djokovic
				i++
				put('S')
			default:
				put('T')
			}
		case 's', 'z':
			put('S')
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
					put('K')
				} else {
					put('S')
				}
			case next == 'z' || next == 's':
				i++
				put('S')
			case next == 'e' || next == 'i' || next == 'y':
				put('S')
			default:
				put('K')
			}
		case 'k', 'q':
			put('K')
		case 'g':
			if how&gAsH == 0 {
				put('K')
			}
		case 'x':
			if i > 0 {
				put('K')
			}
			put('S')
		case 'j':
			if how&jAsY != 0 {
				continue
			}
			put('S')
		case 'm':
			put('M')
		case 'n':
			put('N')
		case 'l':
			put('L')
		case 'r':
			put('R')
		case 'h':
			if how&hAsK != 0 && (i == 0 || !digraphH(latin[i-1])) {
				put('K')
			}
		default:
			continue
		}
	}
	return dst
}
