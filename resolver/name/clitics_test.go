package name

import (
	"slices"
	"strings"
	"testing"
)

func TestAppendBare(t *testing.T) {
	readCases(t, "bare.txt", func(_ int, text, want string) {
		got := AppendBare(nil, text)
		for _, guess := range strings.Split(want, "|") {
			if guess = strings.TrimSpace(guess); guess != "" && !slices.Contains(got, guess) {
				t.Errorf("AppendBare(%q) = %q, without %q", text, got, guess)
			}
		}
		if strings.TrimSpace(want) == "" && len(got) > 0 {
			t.Errorf("AppendBare(%q) = %q, want nothing", text, got)
		}
	})
}

func TestUnmasked(t *testing.T) {
	for text, want := range map[string]string{
		"Mаriupоl":       "Mariupol", // Cyrillic a and o
		"Pеrеh’rеstоvе":  "Pereh’restove",
		"MOCKBA":         "MOCKBA", // wholly Latin: nothing says what is meant
		"Кpaмaтoрcк":     "Краматорск",
		"Δηmοκρατία":     "Δηmοκρατία", // m looks like no Greek letter
		"Reuters Москва": "Reuters Москва",
	} {
		got, ok := unmasked(text)
		if got != want || ok != (text != want) {
			t.Errorf("unmasked(%q) = %q, %v, want %q", text, got, ok, want)
		}
	}
}

func TestAppendBehind(t *testing.T) {
	for _, c := range []struct {
		text    string
		want    []string
		perhaps bool
	}{
		{"w Kijowie", []string{"Kijowie"}, false},
		{"in der Ukraine", []string{"der Ukraine", "Ukraine"}, true},
		{"با تهران", []string{"تهران"}, false},
		{"di Maio", []string{"Maio"}, true},
		{"Na Kyung-won", nil, false},
		{"в", nil, false},
	} {
		got, perhaps := AppendBehind(nil, c.text)
		if !slices.Equal(got, c.want) || perhaps != c.perhaps {
			t.Errorf("AppendBehind(%q) = %q, %v, want %q, %v", c.text, got, perhaps, c.want, c.perhaps)
		}
	}
}
