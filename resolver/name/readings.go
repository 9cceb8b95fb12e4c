package name

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
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
	{"han-wade.txt", &wadeFile, 25},
	{"han-korean.txt", &koreanFile, 25},
	{"han-cantonese.txt", &cantoneseFile, 28},
	{"han-japanese.txt", &japaneseFile, 28},
}

// seenCost is how much less a dictionary reading weighs where training has seen
// the character, in tenths of a nat.
const seenCost = 15

// withReadings adds to a weights file of Han the dictionary readings of its
// characters, as spellings or as skeletons: training has seen the characters that
// transcribe foreign names, and few of the others.
func withReadings(text string, asSkeleton bool) string {
	spelled := map[string]map[string]int{}
	var order []string
	put := func(char, to string, weight int) {
		if spelled[char] == nil {
			spelled[char] = map[string]int{}
			order = append(order, char)
		}
		if had, ok := spelled[char][to]; !ok || weight > had {
			spelled[char][to] = weight
		}
	}
	for _, table := range hanReadings {
		for line := range dataLines(*table.file) {
			reading, chars, ok := strings.Cut(line, ": ")
			if !ok {
				panic(fmt.Sprintf("%s: line %q has no colon", table.name, line))
			}
			to, weight := reading, -table.cost
			if asSkeleton {
				to = string(Skeleton(nil, []byte(reading)))
				weight += 20 * len(to)
			} else {
				for i := range len(reading) {
					weight += int(letterInfo[letterIndex(reading[i])])
				}
			}
			if len(to) > 6 {
				continue
			}
			for _, char := range chars {
				put(string(char), to, weight)
			}
		}
	}
	var out strings.Builder
	done := map[string]bool{}
	for line := range dataLines(text) {
		char, _, _ := strings.Cut(line, "\t")
		done[char] = true
		out.WriteString(line)
		for _, to := range slices.Sorted(maps.Keys(spelled[char])) {
			weight := spelled[char][to]
			if !strings.Contains(" "+line+" ", "\t"+to+":") && !strings.Contains(line, " "+to+":") {
				writeSpelling(&out, to, weight-seenCost)
			}
		}
		out.WriteByte('\n')
	}
	for _, char := range order {
		if done[char] {
			continue
		}
		out.WriteString(char)
		out.WriteByte('\t')
		for _, to := range slices.Sorted(maps.Keys(spelled[char])) {
			writeSpelling(&out, to, spelled[char][to])
		}
		out.WriteByte('\n')
	}
	return out.String()
}

func writeSpelling(out *strings.Builder, to string, weight int) {
	if to == "" {
		to = "-"
	}
	fmt.Fprintf(out, " %s:%d", to, weight)
}
