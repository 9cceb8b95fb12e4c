package name

import (
	_ "embed"
	"fmt"
	"iter"
	"maps"
	"strconv"
	"strings"
	"sync"
)

//go:embed data/words/particles.txt
var particlesFile string

//go:embed data/words/classes.txt
var classesFile string

//go:embed data/words/nicknames.txt
var nicknamesFile string

//go:embed data/words/forms.txt
var formsFile string

//go:embed data/words/generic-joined.txt
var genericJoinedFile string

// wordKind is what is known of a word whatever name it stands in: the class of
// words that stand for each other, from 1, and whether it tells little of which
// one is meant. The zero wordKind is an ordinary word.
type wordKind struct {
	class  uint16
	little bool
}

// known is what the files say of one word.
type known struct {
	kind      wordKind
	kin, nick bool // has forms, has nicknames or is one
}

// vocabulary is the compiled data/words.
type vocabulary struct {
	known     map[string]known
	kinds     map[string]wordKind
	nicknames map[string][]string // both ways
	forms     map[string][]string // both ways
	joined    []genericWord
}

// genericWord is written onto names of at least so many characters.
type genericWord struct {
	text  string
	least int
}

var words = sync.OnceValue(func() *vocabulary {
	v := &vocabulary{kinds: map[string]wordKind{}, nicknames: map[string][]string{}, forms: map[string][]string{}}
	for line := range dataLines(particlesFile) {
		_, list, _ := strings.Cut(line, ":")
		for word := range strings.SplitSeq(list, ",") {
			v.kinds[Fold(word)] = wordKind{little: true}
		}
	}
	class := uint16(0)
	for line := range dataLines(classesFile) {
		weight, list, ok := strings.Cut(line, ":")
		if !ok || weight != "little" && weight != "full" {
			panic(fmt.Sprintf("classes.txt: line %q does not begin with little: or full:", line))
		}
		class++
		for word := range strings.SplitSeq(list, ",") {
			if key := Fold(word); !strings.Contains(key, " ") {
				v.kinds[key] = wordKind{class, weight == "little"}
			}
		}
	}
	readRelated(v.nicknames, nicknamesFile)
	readRelated(v.forms, formsFile)
	for line := range dataLines(genericJoinedFile) {
		number, list, _ := strings.Cut(line, ":")
		least, err := strconv.Atoi(number)
		if err != nil {
			panic(fmt.Sprintf("generic-joined.txt: %q is not a number", number))
		}
		for word := range strings.SplitSeq(list, ",") {
			key := Fold(word)
			n := least
			if ScriptOf(key) == Hangul {
				n *= 2 // jamo: a syllable is two or three
			}
			v.joined = append(v.joined, genericWord{key, n})
		}
	}
	v.known = make(map[string]known, len(v.kinds)+len(v.nicknames)+len(v.forms))
	for _, keys := range []iter.Seq[string]{maps.Keys(v.kinds), maps.Keys(v.nicknames), maps.Keys(v.forms)} {
		for key := range keys {
			v.known[key] = known{v.kinds[key], v.forms[key] != nil, v.nicknames[key] != nil}
		}
	}
	return v
})

// readRelated reads "word: related words" into a map that goes both ways.
func readRelated(related map[string][]string, file string) {
	for line := range dataLines(file) {
		head, list, _ := strings.Cut(line, ":")
		head = Fold(head)
		for other := range strings.SplitSeq(list, ",") {
			if other = Fold(other); other != "" && other != head {
				related[head] = append(related[head], other)
				related[other] = append(related[other], head)
			}
		}
	}
}

// partGeneric returns where a generic word begins that is written onto word, or
// the length of word when there is none.
func (v *vocabulary) partGeneric(word []byte) int {
	best := len(word)
	for _, g := range v.joined {
		at := len(word) - len(g.text)
		if at > 0 && at < best && string(word[at:]) == g.text && runeLen(word[:at]) >= g.least {
			best = at
		}
	}
	return best
}

// are reports whether two words stand in a relation.
func are(related map[string][]string, a, b []byte) bool {
	for _, other := range related[string(a)] {
		if other == string(b) {
			return true
		}
	}
	return false
}
