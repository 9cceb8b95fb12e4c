package name

import (
	"slices"
	"testing"
)

func TestRespellings(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string
	}{
		{"Džo Baidens", []string{"джо баиден", "джо баиденс"}}, // ž is Turkmen too
		{"Corc Buş", []string{"джордж буш", "цорц буш"}},
		{"Xho Bajden", []string{"джо баиден"}},
		{"KEVINS RADS", []string{"кевин рад", "кевинс радс"}},
		{"Žans-Klods Junkers", []string{"жан клод юнкер", "жанс клодс джункерс"}},
		{"Rajab Erdoʻgʻon", []string{"раджаб ердугон"}},
		{"Brigade 44", nil},
	} {
		var got []string
		for _, key := range Respellings(nil, test.text) {
			got = append(got, string(key))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("Respellings(%q) = %q, want %q", test.text, got, test.want)
		}
	}
}
