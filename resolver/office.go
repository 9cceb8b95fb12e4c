package resolver

import (
	_ "embed"
	"strings"
)

//go:embed data/offices.txt
var officesFile string

// officeRanks gives the rank of each class of posts, 0 for the weightiest.
var officeRanks = rankOffices(officesFile)

func rankOffices(file string) map[string]int {
	ranks := make(map[string]int)
	for line := range strings.Lines(file) {
		if office := strings.TrimSpace(line); office != "" && office[0] != '#' {
			ranks[office] = len(ranks)
		}
	}
	return ranks
}

// CompareOffices orders two classes of posts by which of them a text would name
// a person who holds both: negative when a goes before b. A class that is not
// known, and none at all, come last.
func CompareOffices(a, b string) int { return officeRank(a) - officeRank(b) }

func officeRank(office string) int {
	if rank, ok := officeRanks[office]; ok {
		return rank
	}
	return len(officeRanks)
}
