package name

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCompare(t *testing.T) {
	const line = 0.6
	var c Comparer
	var q, n Form
	readCases(t, "compare.txt", func(at int, in, want string) {
		query, other, ok := strings.Cut(want, " | ")
		if !ok {
			t.Fatalf("line %d: no | in %q", at, want)
		}
		q.Prepare(query)
		n.Prepare(other)
		got := c.Compare(&q, &n)
		if same := got.Similarity >= line; same != (in == "same") {
			t.Errorf("line %d: %q and %q should be %s: %+v", at, query, other, in, got)
		}
	})
}

func compared(query, name string) Comparison {
	var c Comparer
	var q, n Form
	q.Prepare(query)
	n.Prepare(name)
	return c.Compare(&q, &n)
}

func TestCompareFeatures(t *testing.T) {
	if got := compared("J Rowling", "Joanne Rowling"); got.Initials != 1 || got.Words != 2 {
		t.Errorf("an initial: %+v", got)
	}
	if got := compared("Bill Clinton", "William Clinton"); got.Nicknames != 1 {
		t.Errorf("a nickname: %+v", got)
	}
	if got := compared("Kim Jongun", "Kim Jong Un"); got.Joined != 1 || got.Contradicted != 0 {
		t.Errorf("joined words: %+v", got)
	}
	if got := compared("Putin Vladimir", "Vladimir Putin"); !got.OutOfOrder {
		t.Errorf("order: %+v", got)
	}
	if got := compared("Boeing 737", "Boeing 747"); !got.NumberMismatch {
		t.Errorf("numbers: %+v", got)
	}
	if got := compared("Putin", "Vladimir Putin"); got.Missing == 0 || got.Extra != 0 || got.Contradicted != 0 {
		t.Errorf("a word missing: %+v", got)
	}
	if got := compared("Joe Biden", "Hunter Biden"); got.Contradicted == 0 {
		t.Errorf("a word contradicted: %+v", got)
	}
	if got := compared("William G Frost", "William W Frost"); !got.InitialsOpposed {
		t.Errorf("another initial: %+v", got)
	}
	if got := compared("William Frost", "William W Frost"); got.InitialsOpposed || got.LeftOver {
		t.Errorf("no initial: %+v", got)
	}
	if got := compared("Deutsche Bank AG", "Deutsche Bank GmbH"); !got.FormsClash {
		t.Errorf("another legal form: %+v", got)
	}
	if got := compared("Deutsche Bank AG", "Deutsche Bank Aktiengesellschaft"); got.FormsClash {
		t.Errorf("the same legal form: %+v", got)
	}
	if got := compared("梁国雄", "Leung Kwok-hung"); got.Joined != 1 {
		t.Errorf("a name without spaces: %+v", got)
	}
	if with, without := compared("Sergey Lavrov", "Sergey Viktorovich Lavrov"), compared("Sergey Lavrov", "Sergey Mikhailov Lavrov"); with.Missing >= without.Missing {
		t.Errorf("a patronymic missing: %+v, another name: %+v", with, without)
	}
	if got := compared("Brigade Forty-Four", "Brigade 44"); got.Similarity < 0.99 {
		t.Errorf("a number in words: %+v", got)
	}
	if got := compared("Путин", "Putin"); !got.CrossScript {
		t.Errorf("scripts: %+v", got)
	}
}

// Whatever the text, a comparison is bounded, finite and does not panic, and a
// name is most like itself.
func FuzzCompare(f *testing.F) {
	for _, s := range benchTexts {
		f.Add(s, "Volodymyr Zelenskyy")
	}
	f.Add("a\u0301", "1 2 3 4 5 6 7 8 9 10 11 12 13 14")
	f.Fuzz(func(t *testing.T, a, b string) {
		got := compared(a, b)
		for _, v := range []float64{got.Similarity, got.Query, got.Name, got.Contradicted, got.Missing, got.Extra, got.Worst} {
			if math.IsNaN(v) || v < -1e-6 || v > 1+1e-6 {
				t.Fatalf("%q and %q: %+v", a, b, got)
			}
		}
		if self := compared(a, a); Fold(a) != "" && ScriptOf(Fold(a)) == Latin && self.Similarity < got.Similarity-1e-6 {
			t.Fatalf("%q is more like %q (%v) than itself (%v)", a, b, got.Similarity, self.Similarity)
		}
	})
}

func TestHostileTextIsBounded(t *testing.T) {
	for _, s := range []string{
		strings.Repeat("a", 1<<20), strings.Repeat("a ", 1<<19), "e" + strings.Repeat("\u0301", 10000),
		strings.Repeat("क\u094D", 10000), strings.Repeat("аaαא", 5000), strings.Repeat("国", 10000),
	} {
		got := compared(s, s)
		if got.Similarity < 0 || got.Similarity > 1 {
			t.Errorf("%d bytes: %+v", len(s), got)
		}
		var keys []Key
		if keys = AppendQueryKeys(nil, []byte(Fold(s)), ScriptOf(s)); len(keys) > 4*MaxKeys {
			t.Errorf("%d bytes: %d keys", len(s), len(keys))
		}
		AppendStems(nil, []byte(Fold(s)), ScriptOf(s))
	}
}

// One sound, one key: spellings of a name across languages and scripts share a
// blocking key with its Latin form.
func TestKeysMeet(t *testing.T) {
	for latin, others := range map[string]string{
		"zelenskyy":   "selenskyj zelensky zelenskij зеленськии зеленскии زيلينسكي זלנסקי セ\u3099レンスキー 泽连斯基 ζελενσκι ზელენსკი",
		"tchaikovsky": "чаиковскии chaikovsky tschaikowski چايكوفسكي",
		"mohammed":    "muhammad mohamed mehmet محمد мухаммед מוחמד",
		"schmidt":     "шмидт schmitt شميت שמידט シュミット შმიდტ",
		"kim":         "ким 김 كيم קימ",
		"khrushchev":  "хрущев chruschtschow",
	} {
		want := AppendKeys(nil, []byte(latin), Latin)
		for other := range strings.FieldsSeq(others) {
			other = Fold(other)
			met := false
			for _, key := range AppendQueryKeys(nil, []byte(other), ScriptOf(other)) {
				for _, w := range want {
					met = met || key == w
				}
			}
			if !met {
				t.Errorf("%s and %s share no key: %x", latin, other, want)
			}
		}
	}
}

func TestStems(t *testing.T) {
	for _, c := range []struct{ form, base string }{
		{"зеленским", "зеленскии"}, {"путиным", "путин"}, {"москве", "москва"}, {"россии", "россия"}, {"киева", "киев"},
		{"warszawie", "warszawa"}, {"wrocławiem", "wroclaw"}, {"helsingissa", "helsingi"}, {"budapesten", "budapest"},
		{"ankaranin", "ankara"}, {"παρισιού", "παρισι"}, {"თბილისში", "თბილისი"}, {"սերժի", "սերժ"},
	} {
		form, found := Fold(c.form), false
		for _, stem := range AppendStems(nil, []byte(form), ScriptOf(form)) {
			found = found || string(stem) == Fold(c.base)
			if string(stem) == form || !utf8.Valid(stem) {
				t.Errorf("stem %q of %q", stem, form)
			}
		}
		if !found {
			t.Errorf("%s is not among the stems of %s", c.base, c.form)
		}
	}
}

func TestRomanise(t *testing.T) {
	for native, want := range map[string]string{"путин": "putin", "москва": "moskva", "თბილისი": "tbilisi", "김": "kim"} {
		word := Fold(native)
		if got := string(Romanise(nil, []byte(word), ScriptOf(word))); got != want {
			t.Errorf("Romanise(%s) = %s, want %s", native, got, want)
		}
	}
}

// Early stopping never changes an alignment that would have counted.
func TestAlignStopsOnlyTheHopeless(t *testing.T) {
	words := strings.Fields("zelensky selenskyj putin puttin schmidt smit brown braun михаил зеленскии путин زيلينسكي محمد 泽连斯基 ヴォロディミル")
	rng := rand.New(rand.NewPCG(1, 2))
	var a aligner
	var f, g Form
	for range 500 {
		f.PrepareKey([]byte(Fold(words[rng.IntN(len(words))])))
		g.PrepareKey([]byte(Fold(words[rng.IntN(len(words))])))
		q, n := &f.tokens[0], &g.tokens[0]
		l := q.lay()
		if l.n == 0 || n.word.n == 0 {
			continue
		}
		full, least := a.align(l, &n.word, noWay), (q.info+n.info)/8
		if early := a.align(l, &n.word, least/2); full > least && early != full {
			t.Errorf("%s, %s: %d in full, %d with an early stop at %d", q.text, n.text, full, early, least/2)
		}
	}
}

func TestComparingDoesNotAllocate(t *testing.T) {
	var c Comparer
	var q, n Form
	keys := make([]Key, 0, 4*MaxKeys)
	for _, s := range benchTexts {
		work := func() {
			q.Prepare(s)
			n.Prepare("Volodymyr Zelenskyy")
			c.Compare(&q, &n)
			keys = AppendQueryKeys(keys[:0], q.Token(0).Text, q.Token(0).Script)
		}
		work()
		if got := testing.AllocsPerRun(50, work); got > 0 {
			t.Errorf("%s: %v allocations", s, got)
		}
	}
}

func BenchmarkWord(b *testing.B) {
	for _, pair := range [][2]string{{"zelensky", "selenskyj"}, {"зеленский", "zelenskyy"}, {"زيلينسكي", "zelenskyy"}, {"محمد", "brown"}, {"泽连斯基", "zelenskyy"}} {
		b.Run(pair[0]+"-"+pair[1], func(b *testing.B) {
			var q, n Form
			var c Comparer
			q.Prepare(pair[0])
			n.Prepare(pair[1])
			c.Word(&q, &n)
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
			f.Prepare(s)
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
			keys := AppendQueryKeys(nil, []byte(s), ScriptOf(s))
			b.ReportAllocs()
			for b.Loop() {
				keys = AppendQueryKeys(keys[:0], []byte(s), ScriptOf(s))
			}
			b.ReportMetric(float64(len(keys)), "keys")
		})
	}
}

// A query may leave out what a name has more easily than the other way round, so a
// comparison takes sides: what is missing to one is extra to the other, and a word
// is laid out over the weights of the asking side. What tells names apart does not
// take sides, nor does the verdict.
func TestCompareFromEitherSide(t *testing.T) {
	const line = 0.6
	readCases(t, "compare.txt", func(at int, in, want string) {
		query, other, _ := strings.Cut(want, " | ")
		there, back := compared(query, other), compared(other, query)
		if there.NumberMismatch != back.NumberMismatch || there.NumberClash != back.NumberClash || there.Opposed != back.Opposed ||
			there.CrossScript != back.CrossScript || there.OutOfOrder != back.OutOfOrder {
			t.Errorf("line %d: %+v one way, %+v the other", at, there, back)
		}
		if (there.Similarity >= line) != (back.Similarity >= line) || math.Abs(there.Similarity-back.Similarity) > 0.35 {
			t.Errorf("line %d: %q and %q: %.2f one way, %.2f the other", at, query, other, there.Similarity, back.Similarity)
		}
	})
}

func TestWithinEdits(t *testing.T) {
	for _, test := range []struct {
		a, b  string
		limit int
		want  bool
	}{
		{"merkel", "merkel", 0, true}, {"merkel", "merkal", 0, false}, {"merkel", "merkal", 1, true}, {"merkel", "mekrel", 1, true},
		{"merkel", "mrkel", 1, true}, {"merkel", "merkell", 1, true}, {"merkel", "markal", 1, false}, {"merkel", "markal", 2, true}, {"", "ab", 1, false},
	} {
		if got := within([]byte(test.a), []byte(test.b), test.limit); got != test.want {
			t.Errorf("within(%q, %q, %d) = %t", test.a, test.b, test.limit, got)
		}
		if got := within([]byte(test.b), []byte(test.a), test.limit); got != test.want {
			t.Errorf("within(%q, %q, %d) = %t", test.b, test.a, test.limit, got)
		}
	}
}

func TestGenericWordsArePartedOrLeftOut(t *testing.T) {
	for _, test := range []struct{ query, name string }{
		{"จังหวัดฟูกูโอกะ", "Fukuoka Prefecture"}, {"いちはらし", "Ichihara"}, {"철원군", "Cheorwon"}, {"Džons Kerijs", "John Kerry"},
		{"Общество с ограниченной ответственностью Ромашка", "Romashka LLC"}, {"JC Juncker", "Jean-Claude Juncker"},
		{"Carolus Popper", "Karl Popper"}, {"Kuzey Kıbrıs", "North Kıbrıs"},
	} {
		if got := compared(test.query, test.name); got.Similarity < 0.55 {
			t.Errorf("%s, %s: %+v", test.query, test.name, got)
		}
	}
}

// TestCompareIsSymmetricInVerdicts holds, for names put together at random, what
// does not take sides: the verdicts that tell names apart are the same from either
// side, and a name is itself.
func TestCompareIsSymmetricInVerdicts(t *testing.T) {
	words := strings.Fields(`North South Upper Lower Iran Iraq Niger Nigeria Kim Jong Un Il Bank Ltd 44 45 737 John Jon Ivanov Iwanow
		Müller Mueller Иванов Путин محمد 習近平 von de J V Brigade Maria`)
	rng := rand.New(rand.NewPCG(7, 8))
	draw := func() string {
		var parts []string
		for range 1 + rng.IntN(4) {
			parts = append(parts, words[rng.IntN(len(words))])
		}
		return strings.Join(parts, " ")
	}
	for range 3000 {
		a, b := draw(), draw()
		there, back := compared(a, b), compared(b, a)
		if there.NumberMismatch != back.NumberMismatch || there.NumberClash != back.NumberClash || there.CrossScript != back.CrossScript || there.OutOfOrder != back.OutOfOrder ||
			min(there.Similarity, back.Similarity) > hinted && there.Opposed != back.Opposed {
			t.Errorf("%q and %q: %+v one way, %+v the other", a, b, there, back)
		}
		if self := compared(a, a); self.Similarity != 1 || self.Contradicted != 0 {
			t.Errorf("%q and itself: %+v", a, self)
		}
	}
}
