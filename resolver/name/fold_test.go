package name

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// readCases yields "in => out" lines of a file under testdata, with escapes
// undone.
func readCases(t *testing.T, file string, each func(line int, in, want string)) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	cases := 0
	for i, line := range strings.Split(string(data), "\n") {
		if strings.TrimSpace(line) == "" || line[0] == '#' {
			continue
		}
		in, want, ok := strings.Cut(line, "=> ")
		if !ok {
			t.Fatalf("%s:%d: no => in %q", file, i+1, line)
		}
		each(i+1, unescape(t, strings.TrimSuffix(in, " ")), unescape(t, want))
		cases++
	}
	if cases == 0 {
		t.Fatalf("%s: no cases", file)
	}
}

func unescape(t *testing.T, s string) string {
	t.Helper()
	if !strings.Contains(s, `\`) {
		return s
	}
	out, err := strconv.Unquote(`"` + strings.ReplaceAll(s, `"`, `\"`) + `"`)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return out
}

func TestFold(t *testing.T) {
	readCases(t, "fold.txt", func(line int, in, want string) {
		if got := Fold(in); got != want {
			t.Errorf("line %d: Fold(%q) = %+q, want %+q", line, in, got, want)
		}
	})
}

func TestCased(t *testing.T) {
	for in, want := range map[string]string{
		"U.N.": "UN", "un": "un", "ÆÐ ß": "AED ss", "НАТО": "НАТО", "É": "E", "İ ı": "I i",
	} {
		if got := string(AppendCased(nil, in)); got != want {
			t.Errorf("AppendCased(%q) = %q, want %q", in, got, want)
		}
	}
}

// Every character alone: settled after one fold, bounded, and valid.
func TestEveryCharacter(t *testing.T) {
	var once, twice []byte
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if r >= 0xD800 && r < 0xE000 {
			continue
		}
		s := string(r)
		for what, fold := range map[string]func([]byte, string) []byte{"fold": AppendFold, "cased": AppendCased} {
			once = fold(once[:0], s)
			twice = fold(twice[:0], string(once))
			if string(once) != string(twice) {
				t.Errorf("%s %U: %+q, then %+q", what, r, once, twice)
			}
			if len(once) > FoldBound(len(s)) {
				t.Errorf("%s %U: %d bytes from %d, bound %d", what, r, len(once), len(s), FoldBound(len(s)))
			}
			if !utf8.Valid(once) {
				t.Errorf("%s %U: %q is not UTF-8", what, r, once)
			}
		}
	}
}

func TestMarksAreOrderedAndBounded(t *testing.T) {
	if a, b := Fold("क\u094D\u093C"), Fold("क\u093C\u094D"); a != b {
		t.Errorf("order of marks matters: %+q, %+q", a, b)
	}
	if got := Fold("क" + strings.Repeat("\u093C", 10000)); utf8.RuneCountInString(got) != 1+maxMarks {
		t.Errorf("%d characters left of 10,000 marks", utf8.RuneCountInString(got))
	}
	if got := Fold("e" + strings.Repeat("\u0301", 10000)); got != "e" {
		t.Errorf("%d bytes left of 10,000 accents", len(got))
	}
}

func TestFoldDoesNotAllocate(t *testing.T) {
	dst := make([]byte, 0, 256)
	for _, s := range benchTexts {
		if n := testing.AllocsPerRun(100, func() { dst = AppendFold(dst[:0], s) }); n != 0 {
			t.Errorf("AppendFold(%q) allocates %v times", s, n)
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range benchTexts {
		f.Add(s)
	}
	f.Add("A.\u0301B.\xff'\"א\"ב")
	f.Fuzz(func(t *testing.T, s string) {
		for what, fold := range map[string]func([]byte, string) []byte{"fold": AppendFold, "cased": AppendCased} {
			once := fold([]byte("kept"), s)
			if string(once[:4]) != "kept" {
				t.Fatalf("%s: %q overwrote what was there", what, s)
			}
			once = once[4:]
			if len(once) > FoldBound(len(s)) {
				t.Fatalf("%s: %q: %d bytes, bound %d", what, s, len(once), FoldBound(len(s)))
			}
			if twice := fold(nil, string(once)); string(twice) != string(once) {
				t.Fatalf("%s: %q: %+q, then %+q", what, s, once, twice)
			}
			if len(once) > 0 && (once[0] == ' ' || once[len(once)-1] == ' ') || strings.Contains(string(once), "  ") {
				t.Fatalf("%s: %q: stray space in %q", what, s, once)
			}
		}
	})
}

var benchTexts = []string{
	"Vladimir V Putin", "Володимир Зеленський", "زيلينسكي", "习近平", "ヴォロディミル", "김정은", "Émile Zölá", "नरेन्द्र मोदी",
}

func BenchmarkFold(b *testing.B) {
	dst := make([]byte, 0, 256)
	for _, s := range benchTexts {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				dst = AppendFold(dst[:0], s)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(utf8.RuneCountInString(s)), "ns/rune")
		})
	}
}

func BenchmarkCompileTable(b *testing.B) {
	for b.Loop() {
		compileTable(true)
	}
}
