package text_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"onoma/resolver"
	"onoma/resolver/text"
)

// check holds what every annotation holds: spans inside the text, at characters,
// in order, none over another, and as many code points as they say.
func check(t testing.TB, s string, out *text.Annotation, nested bool) {
	t.Helper()
	end, valid := 0, utf8.ValidString(s)
	at, runes := 0, 0 // counted so far
	for i := range out.Mentions {
		m := &out.Mentions[i]
		if m.Start < 0 || m.End > len(s) || m.Start >= m.End {
			t.Fatalf("mention %d is at %d to %d of %d bytes", i, m.Start, m.End, len(s))
		}
		if valid {
			if !utf8.ValidString(s[m.Start:m.End]) {
				t.Fatalf("mention %q cuts a character", s[m.Start:m.End])
			}
			runes += utf8.RuneCountInString(s[at:m.Start])
			at = m.Start
			if want := runes; m.RuneStart != want {
				t.Fatalf("mention %q begins at code point %d, not %d", s[m.Start:m.End], want, m.RuneStart)
			}
			if want := runes + utf8.RuneCountInString(s[m.Start:m.End]); m.RuneEnd != want {
				t.Fatalf("mention %q ends at code point %d, not %d", s[m.Start:m.End], want, m.RuneEnd)
			}
		}
		if !nested && m.Start < end {
			t.Fatalf("mention %q begins at %d, inside one that ends at %d", s[m.Start:m.End], m.Start, end)
		}
		if m.Parent >= 0 {
			if p := &out.Mentions[m.Parent]; m.Parent >= i || p.Start > m.Start || p.End < m.End {
				t.Fatalf("mention %q is not inside its parent %q", s[m.Start:m.End], s[p.Start:p.End])
			}
		}
		if len(m.Candidates) == 0 || m.Outcome == resolver.NoMatch {
			t.Fatalf("mention %q has no candidate", s[m.Start:m.End])
		}
		end = max(end, m.End)
	}
}

func FuzzAnnotate(f *testing.F) {
	for _, s := range []string{
		"", " ", "Pyongyang", "l'Ucraina e dell'Ucraina", "Jake Sullivan met Sullivan (NSA).", "российско-украинский",
		"والصين وبالصين وللصين", "中国和俄罗斯", "ロシア・ウクライナ", "러시아는 북한에", "กรุงเทพ", "#StandWithUkraine @NATO U.S.A.",
		"il presidente ucraino, l'ex presidente russo", "\xff\xfeRussia\xff", "e\u0301\u0301\u0301", "((((((((", "Russia's Putin's",
		"Kreml-Sprecher Peskow", "the French president of France", "[Of] May, Nice & Reading",
	} {
		f.Add(s, false)
		f.Add(s, true)
	}
	a, err := annotator()
	if err != nil {
		f.Fatal(err)
	}
	var out text.Annotation
	f.Fuzz(func(t *testing.T, s string, nested bool) {
		a.Annotate(&text.Document{Text: s, Nested: nested}, &out)
		check(t, s, &out, nested)
	})
}

// TestLinear holds that texts made to be slow take no longer a byte than ten
// times what a text of nothing but names takes.
func TestLinear(t *testing.T) {
	a := open(t)
	const size = 256 << 10
	fill := func(s string) string { return strings.Repeat(s, size/len(s)+1)[:size/len(s)*len(s)] }
	names := fill("Russia, France and the Ukrainian president met Joe Biden. ")
	var out text.Annotation
	took := func(s string) time.Duration {
		best := time.Duration(1<<63 - 1)
		for range 2 {
			start := time.Now()
			a.Annotate(&text.Document{Text: s, Nested: true}, &out)
			best = min(best, time.Since(start))
		}
		check(t, s, &out, true)
		return best
	}
	took(names)
	usual := took(names)
	for name, s := range map[string]string{
		"brackets":           fill("("),
		"bracketed acronyms": fill("United Nations (UNO) "),
		"combining marks":    "Russia" + fill("\u0301"),
		"one word":           fill("a"),
		"capitals":           fill("Aa "),
		"commas":             fill("Russia, "),
		"ands":               fill("Russia and "),
		"apostrophes":        fill("l'"),
		"dots":               fill("U."),
		"hyphens":            fill("Anglo-"),
		"quotes":             fill("“"),
		"first words":        fill("United the Republic of "),
		"Han":                fill("中华人民"),
		"kana":               fill("ロ"),
		"hangul":             fill("대한민국"),
		"Arabic":             fill("وال"),
		"Thai":               fill("ประเทศ"),
		"titles":             fill("president of the French minister of "),
		"surnames":           fill("Joe Biden Biden Sullivan "),
		"unknown people":     fill("Aaabc Bbbcd "),
		"inflected":          fill("Владимиром Путиным "),
		"invalid":            fill("\xff"),
		"zero":               fill("\x00"),
	} {
		if d := took(s); d > 10*usual+50*time.Millisecond {
			t.Errorf("%s: %v for a text of %d bytes, one of names takes %v", name, d, len(s), usual)
		}
	}
}

// TestContext holds what the document does for a name.
func TestContext(t *testing.T) {
	a := open(t)
	for _, c := range []struct {
		what, text, language, name, want string
		reading                          resolver.Reading
	}{
		{"a surname after the full name", "Jake Sullivan arrived. Sullivan said little.", "en", "Sullivan", "Q16730147", resolver.Literal},
		{"a surname before the full name", "Zelensky spoke. Volodymyr Zelensky asked for help.", "en", "Zelensky", "Q3874799", resolver.Literal},
		{"elision", "Le truppe dell'Ucraina avanzano.", "it", "Ucraina", "Q212", 0},
		{"a possessive", "Russia's army withdrew.", "en", "Russia", "Q159", 0},
		{"a hashtag", "Thousands wrote #Ukraine today.", "en", "Ukraine", "Q212", 0},
		{"a line break", "He flew to North\nKorea again.", "en", "North\nKorea", "Q423", 0},
		{"a hyphen", "Les soldats nord-coréens avancent.", "fr", "nord-coréens", "Q423", resolver.Demonymic},
		{"an Arabic conjunction", "قالت الصين وروسيا إنهما توافقان.", "ar", "روسيا", "Q159", 0},
		{"Hangul with a particle", "러시아는 부인했다.", "ko", "러시아", "Q159", 0},
		{"a capital that acts", "Pyongyang warned Seoul on Friday.", "en", "Pyongyang", "Q423", resolver.Metonymic},
		{"a capital as a place", "He flew to Pyongyang on Friday.", "en", "Pyongyang", "Q18808", resolver.Literal},
		{"a title and a country", "The French president spoke in Lyon.", "en", "French president", "Q3052772", resolver.Titular},
	} {
		day := date(t, "2024-10-25")
		var out text.Annotation
		a.Annotate(&text.Document{Text: c.text, Language: c.language, AsOf: day}, &out)
		at := strings.LastIndex(c.text, c.name)
		if c.what == "a surname before the full name" {
			at = strings.Index(c.text, c.name)
		}
		found := false
		for _, m := range out.Mentions {
			if m.Start != at || m.End != at+len(c.name) {
				continue
			}
			found = true
			if got := m.Candidates[0]; got.Entity.ID() != c.want || c.reading != 0 && got.Reading != c.reading {
				t.Errorf("%s: %q is %s with reading %d, want %s with %d", c.what, c.name, got.Entity.ID(), got.Reading, c.want, c.reading)
			}
		}
		if !found {
			t.Errorf("%s: %q is not found in %q", c.what, c.name, c.text)
		}
	}
}
