package text_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"onoma/resolver/fact"
	"onoma/resolver/text"
	"onoma/resolver/text/annotated"
)

// news is the running text of all annotated documents of alphabets: names about
// as often as in the news, in a dozen languages.
func news(t testing.TB, languages string) string {
	t.Helper()
	documents, err := annotated.Read(os.DirFS("testdata/annotated"))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, d := range documents {
		if strings.Contains(languages, d.Language) {
			b.WriteString(d.Text)
			b.WriteString("\n\n")
		}
	}
	return b.String()
}

// sized repeats a text up to size bytes, cut at a paragraph.
func sized(s string, size int) string {
	all := strings.Repeat(s, size/len(s)+1)
	if at := strings.LastIndex(all[:size], "\n\n"); at > size/2 {
		return all[:at]
	}
	return all[:size]
}

// BenchmarkAnnotate shows that cost is linear in the text: bytes a second stay
// the same from 1 KB to 10 MB.
func BenchmarkAnnotate(b *testing.B) {
	a := open(b)
	day, err := fact.NewDate(2024, 10, 25)
	if err != nil {
		b.Fatal(err)
	}
	for _, set := range []struct{ name, languages string }{{"latin", "en it fr de es pt nl"}, {"cyrillic", "ru uk"}, {"characters", "zh ja ko"}} {
		base := news(b, set.languages)
		for _, size := range []int{1 << 10, 4 << 10, 100 << 10, 10 << 20} {
			document := text.Document{Text: sized(base, size), AsOf: day}
			b.Run(fmt.Sprintf("%s/%dKB", set.name, size>>10), func(b *testing.B) {
				var out text.Annotation
				b.SetBytes(int64(len(document.Text)))
				b.ReportAllocs()
				for b.Loop() {
					a.Annotate(&document, &out)
				}
				b.ReportMetric(float64(len(out.Mentions)), "mentions")
			})
		}
	}
}
