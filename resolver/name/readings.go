package name

import (
	"cmp"
	"embed"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

//go:embed data/romanise/han-mandarin.txt
var mandarinFile string

//go:embed data/romanise/han-wade.txt
var wadeFile string

//go:embed data/romanise/han-cantonese.txt
var cantoneseFile string

//go:embed data/romanise/han-japanese.txt
var japaneseFile string

//go:embed data/romanise/han-korean.txt
var koreanFile string

// hanReadings are the tables of what a Han character is read as, and how much
// weaker, in tenths of a nat, one reading among many is than a certain one.
var hanReadings = [...]struct {
	name string
	file *string
	cost int
}{
	{"han-mandarin.txt", &mandarinFile, 15},
	{"han-wade.txt", &wadeFile, 28},
	{"han-korean.txt", &koreanFile, 35},
	{"han-cantonese.txt", &cantoneseFile, 38},
	{"han-japanese.txt", &japaneseFile, 35},
}

// tongues are the languages that a Han word may be read in from its first
// character to its last, and what one character's reading costs then: less than
// among the readings of all languages, of which each character takes its own.
var tongues = [...]struct {
	name string
	file *string
	cost int
}{
	{"han-mandarin.txt", &mandarinFile, 4},
	{"han-wade.txt", &wadeFile, 4},
	{"han-japanese.txt", &japaneseFile, 8},
	{"han-korean.txt", &koreanFile, 4},
	{"han-cantonese.txt", &cantoneseFile, 6},
}

// tongueModels are the models of the tongues: of spellings, and of skeletons.
var tongueModels, tongueSkeletons = tonguesOf(false), tonguesOf(true)

func tonguesOf(skeleton bool) func() *[len(tongues)]*model {
	return sync.OnceValue(func() *[len(tongues)]*model {
		var models [len(tongues)]*model
		for i, t := range tongues {
			models[i] = tongueModel(t.name, *t.file, t.cost, skeleton)
		}
		return &models
	})
}

// tongueModel compiles a table of one language's readings.
func tongueModel(file, text string, cost int, skeleton bool) *model {
	var chars []rune
	spelled := map[rune][]alternative{}
	for line := range dataLines(text) {
		reading, of, ok := strings.Cut(line, ": ")
		if !ok {
			panic(fmt.Sprintf("%s: line %q has no colon", file, line))
		}
		forms := []alternative{spellingOf(reading, cost, skeleton)}
		for _, form := range formsInNames(file, reading) {
			forms = append(forms, spellingOf(form, cost+formCost, skeleton))
		}
		for _, char := range of {
			had := spelled[char]
			if had == nil {
				chars = append(chars, char)
			}
			for _, form := range forms {
				k := slices.IndexFunc(had, func(a alternative) bool { return a.letters == form.letters })
				switch {
				case form.n > maxSpelling:
				case k < 0:
					had = append(had, form)
				default:
					had[k].weight = max(had[k].weight, form.weight)
				}
			}
			spelled[char] = had
		}
	}
	m := newModel(skeleton)
	for _, char := range chars {
		m.add(string(char), spelled[char])
	}
	return m
}

// spellingOf is a reading as one spelling of a chunk, or one skeleton.
func spellingOf(reading string, cost int, skeleton bool) alternative {
	to, weight := weighReading(reading, cost, skeleton)
	var letters [8]byte
	copy(letters[:], to)
	return alternative{letters: binary.LittleEndian.Uint64(letters[:]), weight: int16(weight), n: uint8(len(to))}
}

// weighReading returns what a reading is spelled or sounds as, and its weight:
// what its letters weigh against themselves less the cost.
func weighReading(reading string, cost int, skeleton bool) (to string, weight int) {
	if skeleton {
		to = string(Skeleton(nil, []byte(reading)))
		return to, 20*len(to) - cost
	}
	for i := range len(reading) {
		weight += int(letterInfo[letterIndex(reading[i])])
	}
	return reading, weight - cost
}

// seenCost is how much less a dictionary reading weighs where training has seen
// the character, in tenths of a nat.
const seenCost = 15

// letterCost is how much weaker than a certain one the usual spelling of a letter
// in a table is, and otherCost any other, in tenths of a nat.
const letterCost, otherCost = 10, 20

//go:embed data/romanise
var romaniseFiles embed.FS

// romaniseTable returns the table of a script's letters; "" for none.
func romaniseTable(script Script) string {
	text, err := romaniseFiles.ReadFile("data/romanise/" + strings.ToLower(script.String()) + ".txt")
	if err != nil {
		return "" // a script that has learned weights alone
	}
	return string(text)
}

// spellings are what tables say that letters are spelled as, or sound as, with
// their weights.
type spellings struct {
	of       map[string]map[string]int
	letters  []string // in the order of the tables
	skeleton bool
}

// put adds a spelling that weighs the cost less than a certain one.
func (s *spellings) put(letter, to string, cost int) {
	to, weight := weighReading(to, cost, s.skeleton)
	if len(to) > maxSpelling {
		return
	}
	if s.of[letter] == nil {
		s.of[letter] = map[string]int{}
		s.letters = append(s.letters, letter)
	}
	if had, ok := s.of[letter][to]; !ok || weight > had {
		s.of[letter][to] = weight
	}
}

// maxSpelling is the longest spelling of one letter of a table.
const maxSpelling = 6

// addReadings reads "reading: characters".
func (s *spellings) addReadings(name, file string, cost int) {
	for line := range dataLines(file) {
		reading, chars, ok := strings.Cut(line, ": ")
		if !ok {
			panic(fmt.Sprintf("%s: line %q has no colon", name, line))
		}
		forms := formsInNames(name, reading)
		for _, char := range chars {
			s.put(string(char), reading, cost)
			for _, form := range forms {
				s.put(string(char), form, cost+formCost)
			}
		}
	}
}

// formCost is how much less a form of a reading weighs than the reading.
const formCost = 6

// formsInNames returns what becomes of the readings of a table in names.
func formsInNames(file, reading string) []string {
	switch file {
	case "han-japanese.txt":
		return japaneseForms(reading)
	case "han-korean.txt":
		return koreanForms(reading)
	}
	return nil
}

// koreanForms returns the McCune-Reischauer spelling of a syllable in the Revised
// Romanization, without its marks: Cheol, Ch'ol; Geum, Kum.
func koreanForms(reading string) []string {
	form := strings.NewReplacer("eo", "o", "eu", "u").Replace(reading)
	if hard, ok := koreanHard[form[0]]; ok {
		form = hard + form[1:]
	}
	if form == reading {
		return nil
	}
	return []string{form}
}

var koreanHard = map[byte]string{'g': "k", 'd': "t", 'b': "p", 'j': "ch"}

// japaneseForms returns what becomes of a native Japanese reading in names: of a
// verb the stem (magaru: magari, yoseru: yose), of an adjective too (shiroi:
// shiro), of a final e an a (sake: saka), and of the first consonant, behind
// another word, the voiced one (sawa: zawa). Readings of one syllable are mostly
// Chinese and keep their form.
func japaneseForms(reading string) (forms []string) {
	vowels := 0
	for i := range len(reading) {
		if strings.IndexByte("aeiou", reading[i]) >= 0 {
			vowels++
		}
	}
	if vowels < 2 {
		return nil
	}
	for _, e := range japaneseEndings {
		if stem, ok := strings.CutSuffix(reading, e[0]); ok && len(stem) > 1 {
			forms = append(forms, stem+e[1])
			break
		}
	}
	for _, plain := range append(forms, reading) {
		for _, v := range japaneseVoiced {
			if rest, ok := strings.CutPrefix(plain, v[0]); ok {
				forms = append(forms, v[1]+rest)
				break
			}
		}
	}
	return forms
}

// The longest first.
var (
	japaneseEndings = [...][2]string{
		{"eru", "e"}, {"iru", "i"}, {"tsu", "chi"}, {"su", "shi"}, {"ku", "ki"}, {"gu", "gi"}, {"mu", "mi"}, {"bu", "bi"},
		{"nu", "ni"}, {"ru", "ri"}, {"oi", "o"}, {"ai", "a"}, {"ui", "u"}, {"e", "a"},
	}
	japaneseVoiced = [...][2]string{{"sh", "j"}, {"ch", "j"}, {"ts", "z"}, {"k", "g"}, {"s", "z"}, {"t", "d"}, {"h", "b"}, {"f", "b"}}
)

// addLetters reads "letter: spellings".
func (s *spellings) addLetters(script Script, file string) {
	for line := range dataLines(file) {
		letter, list, ok := strings.Cut(line, ": ")
		if !ok {
			panic(fmt.Sprintf("data/romanise: %v: line %q has no colon", script, line))
		}
		cost := letterCost
		for to := range strings.SplitSeq(list, ",") {
			if to = strings.TrimSpace(to); to == "-" {
				to = ""
			}
			s.put(Fold(letter), to, cost)
			cost = otherCost
		}
	}
}

// withTables adds to a script's weights what the tables of its letters say:
// training has seen the letters of foreign names, and few of the others.
func withTables(script Script, text string, skeleton bool) string {
	s := spellings{of: map[string]map[string]int{}, skeleton: skeleton}
	if script == Han {
		for _, table := range hanReadings {
			s.addReadings(table.name, *table.file, table.cost)
		}
	}
	s.addLetters(script, romaniseTable(script))
	if len(s.letters) == 0 {
		return text
	}
	var out strings.Builder
	done := map[string]bool{}
	for line := range dataLines(text) {
		letter, _, _ := strings.Cut(line, "\t")
		done[letter] = true
		out.WriteString(line)
		for _, to := range slices.Sorted(maps.Keys(s.of[letter])) {
			if had := cmp.Or(to, "-") + ":"; !strings.Contains(line, "\t"+had) && !strings.Contains(line, " "+had) {
				fmt.Fprintf(&out, " %s%d", had, s.of[letter][to]-seenCost)
			}
		}
		out.WriteByte('\n')
	}
	for _, letter := range s.letters {
		if done[letter] {
			continue
		}
		out.WriteString(letter)
		out.WriteByte('\t')
		for _, to := range slices.Sorted(maps.Keys(s.of[letter])) {
			fmt.Fprintf(&out, " %s:%d", cmp.Or(to, "-"), s.of[letter][to])
		}
		out.WriteByte('\n')
	}
	return out.String()
}
