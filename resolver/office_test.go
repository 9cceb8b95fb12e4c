package resolver_test

import (
	"slices"
	"testing"

	"onoma/resolver"
	"onoma/resolver/seed"
)

func TestCompareOffices(t *testing.T) {
	posts := []string{"", "finance_minister", "unheard_of", "head_of_state", "head_of_government"}
	slices.SortStableFunc(posts, resolver.CompareOffices)
	if want := []string{"head_of_state", "head_of_government", "finance_minister", "", "unheard_of"}; !slices.Equal(posts, want) {
		t.Errorf("%q, want %q", posts, want)
	}
}

// TestOfficesOfTheSeedAreRanked holds that no class of the built-in table is
// forgotten.
func TestOfficesOfTheSeedAreRanked(t *testing.T) {
	s, err := seed.Open()
	if err != nil {
		t.Fatal(err)
	}
	for o := range s.Offices() {
		if resolver.CompareOffices(o.Class, "unheard_of") >= 0 {
			t.Errorf("%s has no rank in data/offices.txt", o.Class)
		}
	}
}
