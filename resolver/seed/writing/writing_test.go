package writing

import "testing"

func TestTag(t *testing.T) {
	for code, want := range map[string]string{
		"rus": "ru", "ger": "de", "zho_min_nan": "nan", "zho_tw": "zh-Hant", "zh-Hant-HK": "zh-Hant-HK", "zh-Hans": "zh", "pt_BR": "pt-BR", "fr-CA": "fr-CA",
		"fr-TG": "fr", "en-GB": "en-GB", "nob": "no", "als": "gsw", "srp_el": "sr-Latn", "sr-Cyrl": "sr", "ko_KR": "ko", "tl": "fil", "und": "", "unk": "",
		"not a code": "", "mul": "mul",
	} {
		if got := Tag(code); got != want {
			t.Errorf("Tag(%q) = %q, want %q", code, got, want)
		}
	}
}

func TestFits(t *testing.T) {
	for _, c := range []struct {
		text, tag string
		want      bool
	}{
		{"Москва", "ru", true}, {"Moskva", "ru", false}, {"москвa", "ru", false}, // with a Latin a
		{"Карл III", "ru", true}, {"III", "ru", false},
		{"Beograd", "sr-Latn", true}, {"Београд", "sr", true}, {"Beograd", "sr", true},
		{"東京", "ja", true}, {"モスクワ", "ja", true}, {"モスクワ", "zh", false}, {"Tシャツ", "ja", true}, {"Tokyo", "ja", false},
		{"서울", "ko", true}, {"漢城", "ko", true}, {"서울", "zh", false},
		{"ארגון ה-OECD", "he", true}, {"ＮＨＫ", "ja", true},
		{"anything", "", true}, {"что угодно", "mul", true},
	} {
		if got := Fits(c.text, c.tag); got != c.want {
			t.Errorf("Fits(%q, %q) = %v", c.text, c.tag, got)
		}
	}
	if !FitsPartly("компания Amazon", "ru") || FitsPartly("Amazon", "ru") {
		t.Error("FitsPartly")
	}
}

func TestRank(t *testing.T) {
	if Rank("en") >= Rank("it") || Rank("it") >= Rank("vo") || Rank("vo") >= Rank("") || Rank("vo") != Listed() {
		t.Error("English, Italian, then the unlisted, then no language at all")
	}
}

func TestOneScript(t *testing.T) {
	for text, want := range map[string]bool{"Москва": true, "Moskva": true, "москвa": false, "モスクワ": true, "12": true} {
		if OneScript(text) != want {
			t.Errorf("OneScript(%q) = %v", text, !want)
		}
	}
}
