package name

import (
	"fmt"
	"strings"
	"testing"
)

func TestVariants(t *testing.T) {
	readCases(t, "variants.txt", func(line int, in, want string) {
		var got []string
		for _, v := range Variants(nil, in) {
			got = append(got, fmt.Sprintf("%s (%v)", v.Key, v.What))
		}
		// Cases are typed as text is; keys hold jamo.
		if got := strings.Join(got, " | "); got != decomposeHangul(want) {
			t.Errorf("line %d: Variants(%q)\n got %s\nwant %s", line, in, got, want)
		}
	})
}

func decomposeHangul(s string) string {
	var out []byte
	for _, r := range s {
		if r >= hangulBase && r < hangulEnd {
			out = appendJamo(out, r)
		} else {
			out = append(out, string(r)...)
		}
	}
	return string(out)
}

// No title or article may be lost to folding, and none may swallow another file.
func TestStripTables(t *testing.T) {
	s := stripTables()
	for what, n := range map[string]int{
		"titles before": len(s.before), "titles after": len(s.after), "joined": len(s.joined), "prefixed": len(s.prefixed),
		"articles": len(s.articles), "elisions": len(s.elisions), "possessives": len(s.possessives),
	} {
		if n < 5 {
			t.Errorf("%s: only %d", what, n)
		}
	}
	for title := range s.before {
		if strings.Count(title, " ") >= titleWords {
			t.Errorf("title %q has more than %d words", title, titleWords)
		}
	}
}

func FuzzVariants(f *testing.F) {
	for _, s := range []string{"Selenskyj, Wolodymyr", "l'Italia", "the King's", "الرئيس", "大統領", "a' b'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		whole, seen := Fold(s), map[string]bool{}
		for _, v := range Variants(nil, s) {
			if v.Key == "" || v.Key == whole || seen[v.Key] || v.What == 0 || strings.TrimSpace(v.Key) != v.Key {
				t.Fatalf("Variants(%q): %+v", s, v)
			}
			seen[v.Key] = true
		}
	})
}

func BenchmarkVariants(b *testing.B) {
	var dst []Variant
	for b.Loop() {
		dst = Variants(dst[:0], "Präsident Selenskyj, Wolodymyr")
	}
	b.ReportAllocs()
}
