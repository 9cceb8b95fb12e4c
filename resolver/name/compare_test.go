package name

import "testing"

func BenchmarkWord(b *testing.B) {
	for _, pair := range [][2]string{{"zelensky", "selenskyj"}, {"зеленский", "zelenskyy"}, {"زيلينسكي", "zelenskyy"}, {"محمد", "brown"}, {"泽连斯基", "zelenskyy"}} {
		b.Run(pair[0], func(b *testing.B) {
			var q, n Form
			var c Comparer
			q.Prepare(pair[0])
			n.Prepare(pair[1])
			b.ReportAllocs()
			for b.Loop() {
				c.Word(&q, &n)
			}
		})
	}
}

func BenchmarkPrepare(b *testing.B) {
	for _, s := range benchTexts {
		b.Run(s, func(b *testing.B) {
			var f Form
			b.ReportAllocs()
			for b.Loop() {
				f.Prepare(s)
			}
		})
	}
}

func BenchmarkQueryKeys(b *testing.B) {
	for _, s := range []string{"zelensky", "зеленскии", "زيلينسكي", "泽连斯基"} {
		b.Run(s, func(b *testing.B) {
			var keys []Key
			b.ReportAllocs()
			for b.Loop() {
				keys = AppendQueryKeys(keys[:0], []byte(s), ScriptOf(s))
			}
			b.ReportMetric(float64(len(keys)), "keys")
		})
	}
}
