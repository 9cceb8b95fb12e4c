package name

import "math/bits"

// Bag is a word's Latin letters by class, without order: bit k is set when class
// k occurs, bit 16+k when it occurs twice or more. It costs a nanosecond to
// compare two, so an index can rank what shares a blocking key before it aligns
// anything.
type Bag uint32

// bagClasses are the letter classes; a letter of no class has no bit.
var bagClasses = [13]string{"a", "e", "ijy", "ouw", "bp", "fv", "td", "szx", "ckqg", "m", "n", "lr", "h"}

// bagVowels are the bits of the vowels, which some scripts do not write.
const bagVowels Bag = 0xF | 0xF<<16

var bagClass = func() (class [27]uint8) {
	for k, letters := range bagClasses {
		for i := range len(letters) {
			class[letterIndex(letters[i])] = uint8(k)
		}
	}
	return class
}()

// BagOf returns the bag of a folded word; of one in another script, the bag of
// its likeliest Latin spelling.
func BagOf(text []byte, script Script) Bag {
	var plain [2 * maxFrom]byte
	if script != Latin {
		text = Romanise(plain[:0], text, script)
	}
	return bagOf(text)
}

func bagOf(latin []byte) (b Bag) {
	for _, c := range latin {
		if i := letterIndex(c); i > 0 {
			bit := Bag(1) << bagClass[i]
			b |= b&bit<<16 | bit
		}
	}
	return b
}

// Likeness returns the share of letter classes that two bags have in common, in
// [0, 1]. Words of a script without vowels are compared by their consonants.
func (b Bag) Likeness(other Bag, vowels bool) float32 {
	if !vowels {
		b, other = b.Consonants(), other.Consonants()
	}
	return Share(b.Common(other), max(b.Len(), other.Len()))
}

// Consonants returns the bag without its vowels.
func (b Bag) Consonants() Bag { return b &^ bagVowels }

// Len returns how many letter classes a bag has, those that occur twice as two: at
// most [BagSize].
func (b Bag) Len() int { return bits.OnesCount32(uint32(b)) }

// Common returns how many letter classes two bags have in common.
func (b Bag) Common(other Bag) int { return (b & other).Len() }

// BagSize is the most letter classes of a bag.
const BagSize = 2 * len(bagClasses)

// Share returns what the letter classes in common are of those of the larger bag.
func Share(common, most int) float32 { return float32(common) * shares[most] }

// shares[n] is 1/n, without a division a likeness.
var shares = func() (shares [33]float32) {
	for n := 1; n < len(shares); n++ {
		shares[n] = 1 / float32(n)
	}
	return shares
}()

// WritesVowels reports whether the script writes the vowels of foreign names.
func (s Script) WritesVowels() bool { return s != Arabic && s != Hebrew && s != Syriac }

// Join returns the bag of the words of both bags.
func (b Bag) Join(other Bag) Bag { return b | other | b&other<<16 }
