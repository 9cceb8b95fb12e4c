package name

import (
	_ "embed"
	"encoding/binary"
	"fmt"
	"iter"
	"maps"
	"math/bits"
	"slices"
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

//go:embed data/words/given.txt
var givenFile string

//go:embed data/words/forms.txt
var formsFile string

//go:embed data/words/surnames.txt
var surnamesFile string

//go:embed data/words/phrases.txt
var phrasesFile string

//go:embed data/words/generic-joined.txt
var genericJoinedFile string

// wordKind is what is known of a word whatever name it stands in: the class of
// words that stand for each other, from 1, whether it tells little of which one is
// meant, and whether it is the legal form of a company. The zero wordKind is an
// ordinary word.
type wordKind struct {
	class         uint16
	little, legal bool
}

// known is what the files say of one word.
type known struct {
	kind      wordKind
	kin, nick bool  // has forms, has nicknames or is one
	side      uint8 // of a pair of opposites, of either script; 0 for none
	guarded   bool  // a name with confusable ones
}

// vocabulary is the compiled data/words.
type vocabulary struct {
	known     map[string]known
	some      [1 << 10]uint64 // bits of the hashes of known's words
	kinds     map[string]wordKind
	nicknames map[string][]string // both ways
	forms     map[string][]string // both ways
	things    map[uint16]Thing    // by class
	phrases   map[string][]phrase // by first word, longest first
	parted    []genericWord
	apart     map[string][2]string   // generic words that are two in one
	bare      [Scripts][]genericWord // longest first
}

// phrase is several words that one stands for.
type phrase struct {
	words []string
	word  []byte
}

// genericWord is written onto names of at least so many characters.
type genericWord struct {
	text   string
	least  int
	before bool
}

// IsParticle reports whether a folded word joins the words of people's names: the
// "de" of "Henrique de Moraes".
func IsParticle(key []byte) bool { return words().kinds[string(key)] == wordKind{little: true} }

var words = sync.OnceValue(func() *vocabulary {
	v := &vocabulary{apart: map[string][2]string{}, kinds: map[string]wordKind{}, things: map[uint16]Thing{}, nicknames: map[string][]string{}, forms: map[string][]string{}}
	for line := range dataLines(particlesFile) {
		_, list, _ := strings.Cut(line, ":")
		for word := range strings.SplitSeq(list, ",") {
			v.kinds[Fold(word)] = wordKind{little: true}
		}
	}
	class := uint16(0)
	for line := range dataLines(classesFile) {
		head, list, ok := strings.Cut(line, ":")
		weight, thing, _ := strings.Cut(head, " ")
		if !ok || weight != "little" && weight != "full" {
			panic(fmt.Sprintf("classes.txt: line %q does not begin with little: or full:", line))
		}
		class++
		if thing != "" && thing != legalForm {
			v.things[class] = Thing(thing)
		}
		for word := range strings.SplitSeq(list, ",") {
			if key := Fold(word); !strings.Contains(key, " ") {
				v.kinds[key] = wordKind{class, weight == "little", thing == legalForm}
			}
		}
	}
	readRelated(v.nicknames, nicknamesFile)
	readSets(v.nicknames, givenFile)
	readRelated(v.forms, formsFile)
	for line := range dataLines(genericJoinedFile) {
		v.addJoined(line)
	}
	v.phrases = readPhrases(phrasesFile, numberPhrases(), v.readSurnames(surnamesFile))
	v.known = make(map[string]known, len(v.kinds)+len(v.nicknames)+len(v.forms))
	g := guardTables()
	for _, keys := range []iter.Seq[string]{maps.Keys(v.kinds), maps.Keys(v.nicknames), maps.Keys(v.forms), maps.Keys(g.sides), maps.Keys(g.sets)} {
		for key := range keys {
			s := g.sides[key]
			v.known[key] = known{v.kinds[key], v.forms[key] != nil, v.nicknames[key] != nil, 8*s.group + s.side, g.sets[key] != nil}
		}
	}
	for key := range v.known {
		h := smallHash([]byte(key))
		v.some[h/64] |= 1 << (h % 64)
	}
	return v
})

// legalForm is what classes.txt calls the legal form of a company.
const legalForm = "legal"

// knownOf returns what is known of a word. Of nearly all words nothing is, which
// a bit of their hash tells without a look-up.
func (v *vocabulary) knownOf(word []byte) known {
	if h := smallHash(word); v.some[h/64]>>(h%64)&1 == 0 {
		return known{}
	}
	return v.known[string(word)]
}

// IsGiven reports whether a folded word is a given name or a short form of one.
func IsGiven(word []byte) bool { return words().knownOf(word).nick }

// smallHash is a hash of 16 bits of the beginning and the end of a word.
func smallHash(word []byte) uint16 {
	h := uint64(len(word))
	if n := len(word); n >= 8 {
		h ^= binary.LittleEndian.Uint64(word) ^ bits.RotateLeft64(binary.LittleEndian.Uint64(word[n-8:]), 7)
	} else {
		for _, c := range word {
			h = h<<8 | uint64(c)
		}
	}
	return uint16(h * 0x9e3779b97f4a7c15 >> 48)
}

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

// readSurnames reads "surname: forms". A form of one word is related to the
// surname; those of several are phrases, whose lines it returns.
func (v *vocabulary) readSurnames(file string) string {
	var phrases strings.Builder
	for line := range dataLines(file) {
		surname, list, _ := strings.Cut(line, ":")
		for form := range strings.SplitSeq(list, ",") {
			if key := Fold(form); strings.Contains(key, " ") {
				fmt.Fprintf(&phrases, "%s: %s\n", surname, key)
			} else {
				v.forms[key] = append(v.forms[key], surname)
				v.forms[surname] = append(v.forms[surname], key)
			}
		}
	}
	return phrases.String()
}

// numberPhrases returns the lines of the phrases that English numbers from
// twenty-one to ninety-nine are.
func numberPhrases() string {
	units := strings.Fields("one two three four five six seven eight nine")
	var lines strings.Builder
	for t, ten := range strings.Fields("twenty thirty forty fifty sixty seventy eighty ninety") {
		for u, unit := range units {
			fmt.Fprintf(&lines, "%d%d: %s %s, %s %d\n", t+2, u+1, ten, unit, ten, u+1)
		}
	}
	return lines.String()
}

// readPhrases reads files of "word: phrases".
func readPhrases(files ...string) map[string][]phrase {
	phrases := map[string][]phrase{}
	for line := range dataLines(strings.Join(files, "\n")) {
		word, list, _ := strings.Cut(line, ":")
		for text := range strings.SplitSeq(list, ",") {
			words := strings.Fields(Fold(text))
			if len(words) == 0 {
				panic(fmt.Sprintf("phrases.txt: %q has an empty phrase", line))
			}
			phrases[words[0]] = append(phrases[words[0]], phrase{words, []byte(Fold(word))})
		}
	}
	for _, list := range phrases {
		slices.SortStableFunc(list, func(a, b phrase) int { return len(b.words) - len(a.words) })
	}
	return phrases
}

// phraseAt returns the word that stands for the phrase which the tokens begin
// with, and how many of them it takes; 0 for none.
func (v *vocabulary) phraseAt(tokens []Token) (word []byte, n int) {
next:
	for _, p := range v.phrases[string(tokens[0].Text)] {
		if len(p.words) > len(tokens) || len(p.words) == 1 && len(tokens) == 1 {
			continue
		}
		for i, w := range p.words {
			if string(tokens[i].Text) != w {
				continue next
			}
		}
		return p.word, len(p.words)
	}
	return nil, 0
}

// readSets reads lines of words that are related each to each.
func readSets(related map[string][]string, file string) {
	for line := range dataLines(file) {
		var set []string
		for word := range strings.SplitSeq(line, ",") {
			if key := Fold(word); !slices.Contains(set, key) {
				set = append(set, key)
			}
		}
		for i, word := range set {
			for j, other := range set {
				if i != j && !slices.Contains(related[word], other) {
					related[word] = append(related[word], other)
				}
			}
		}
	}
}

// addJoined reads "kind least [before]: words".
func (v *vocabulary) addJoined(line string) {
	head, list, _ := strings.Cut(line, ":")
	fields := strings.Fields(head)
	if len(fields) < 2 {
		panic(fmt.Sprintf("generic-joined.txt: line %q has no kind and number", line))
	}
	least, err := strconv.Atoi(fields[1])
	if err != nil {
		panic(fmt.Sprintf("generic-joined.txt: %q is not a number", fields[1]))
	}
	for word := range strings.SplitSeq(list, ",") {
		if fields[0] == "apart" {
			first, second, ok := strings.Cut(Fold(word), " ")
			if !ok {
				panic(fmt.Sprintf("generic-joined.txt: %q is not two words", word))
			}
			v.apart[first+second] = [2]string{first, second}
			continue
		}
		g := genericWord{Fold(word), least, len(fields) > 2}
		script := ScriptOf(g.text)
		if script == Hangul {
			g.least *= 2 // jamo: a syllable is two or three
		}
		if fields[0] == "parted" {
			v.parted = append(v.parted, g)
		} else {
			v.bare[script] = append(v.bare[script], g)
		}
	}
	for _, list := range v.bare {
		slices.SortStableFunc(list, func(a, b genericWord) int { return len(b.text) - len(a.text) })
	}
}

// part returns a word of an unsegmented script without the longest generic word
// that is written onto it, and that word; it is empty when there is none.
func (v *vocabulary) part(word []byte) (rest, generic []byte, before bool) {
	rest = word
	for i := range v.parted {
		g := &v.parted[i]
		if n := len(g.text); n <= len(generic) || n >= len(word) {
			continue
		}
		if g.before && string(word[:len(g.text)]) == g.text && runeLen(word[len(g.text):]) >= g.least {
			rest, generic, before = word[len(g.text):], word[:len(g.text)], true
		} else if at := len(word) - len(g.text); !g.before && string(word[at:]) == g.text && runeLen(word[:at]) >= g.least {
			rest, generic, before = word[:at], word[at:], false
		}
	}
	return rest, generic, before
}

// bareOf returns a word without the longest ending that names carry, or word.
func (v *vocabulary) bareOf(word []byte, script Script) []byte {
	for _, g := range v.bare[script] {
		if at := len(word) - len(g.text); at > 0 && string(word[at:]) == g.text && runeLen(word[:at]) >= g.least {
			return word[:at]
		}
	}
	return word
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
