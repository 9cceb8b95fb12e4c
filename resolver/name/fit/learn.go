package main

import (
	"bufio"
	"cmp"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"onoma/resolver/name"
)

// Learning follows the joint many-to-many alignment of Jiampojamarn, Kondrak and
// Sherif (2007), which extends the stochastic edit distance of Ristad and
// Yianilos (1998) from single letters to chunks: a pair of spellings is a row of
// chunk pairs, expectation-maximisation finds how probable each chunk pair is,
// and its weight is the pointwise mutual information of its two sides. The sum
// of the weights along the best alignment is the evidence, in nats, that the two
// spellings are one name.

// learner holds one script's training.
type learner struct {
	pairs          []pair
	maxFrom, maxTo int
	theta          map[chunk]float64
	fromUni        map[rune]float64
	toUni          [256]float64
	larger         [8]float64 // handicap of a chunk, by characters past two
}

type pair struct {
	from   []rune
	to     []byte
	weight float64
}

// chunk is up to three characters of one script against up to five letters.
type chunk struct {
	from [3]rune
	to   [5]byte
}

func runLearn(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("learn", flag.ContinueOnError)
	file := flags.String("pairs", "", "file that fit pairs wrote")
	out := flags.String("out", "", "directory of the weights files")
	only := flags.String("script", "", "learn one script; empty: all")
	rounds := flags.Int("rounds", 10, "rounds of expectation-maximisation")
	least := flags.Int("least", 150, "fewest pairs to learn a script from")
	if err := flags.Parse(args); err != nil {
		return err
	}
	byScript, err := readPairs(*file)
	if err != nil {
		return err
	}
	for script := range name.Script(name.Scripts) {
		if *only != "" && script.String() != *only || len(byScript[script]) < *least || script == name.Mixed {
			continue
		}
		spelling := newLearner(byScript[script], script, false)
		kept := spelling.learn(*rounds)
		if err := spelling.write(filepath.Join(*out, strings.ToLower(script.String())+".txt"), script, "spelling"); err != nil {
			return err
		}
		keys := newLearner(byScript[script], script, true)
		keys.learn(*rounds)
		if err := keys.write(filepath.Join(*out, strings.ToLower(script.String())+".keys.txt"), script, "skeleton"); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "%-12v %6d pairs, %6d kept, %6d chunks, %6d skeleton chunks\n", script, len(byScript[script]), kept, len(spelling.theta), len(keys.theta))
	}
	return nil
}

func readPairs(path string) (map[name.Script][]pair, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	out := map[name.Script][]pair{}
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		script, ok := name.ParseScript(f[2])
		if !ok {
			return nil, fmt.Errorf("%s: script %q is unknown", path, f[2])
		}
		weight, err := strconv.ParseFloat(f[3], 64)
		if err != nil {
			return nil, err
		}
		p := pair{[]rune(f[0]), []byte(f[1]), math.Sqrt(weight)}
		if len(p.from) > 36 {
			continue
		}
		if script == name.Latin {
			if !plausible(f[0], f[1]) {
				continue
			}
			out[script] = append(out[script], pair{[]rune(f[1]), []byte(f[0]), p.weight})
		}
		out[script] = append(out[script], p)
	}
	return out, nil
}

// plausible keeps the Latin pairs that could be two spellings of one name: the
// rest are translations.
func plausible(a, b string) bool {
	for _, s := range []string{a, b} {
		for i := range len(s) {
			if s[i] < 'a' || s[i] > 'z' {
				return false
			}
		}
	}
	x, y := name.Skeleton(nil, []byte(a)), name.Skeleton(nil, []byte(b))
	return a == b || len(x) > 0 && len(y) > 0 && distance(x, y)*3 <= max(len(x), len(y)) && distance([]byte(a), []byte(b))*2 <= max(len(a), len(b))
}

func distance(a, b []byte) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}

func newLearner(pairs []pair, script name.Script, skeleton bool) *learner {
	l := &learner{maxFrom: 2, maxTo: 3, larger: [8]float64{1, 0.4, 0.16, 0.06, 0.03, 0.01, 0.005, 0.002}}
	switch script {
	case name.Latin:
		l.maxFrom = 3
	case name.Han:
		l.maxFrom, l.maxTo = 1, 5
		l.larger = [8]float64{1, 1, 1, 1, 1, 1, 1, 1}
	case name.Cyrillic:
		l.maxTo = 4
	case name.Kana, name.Hangul:
		l.maxFrom = 3
	}
	if skeleton {
		l.maxTo = 2
	}
	for _, p := range pairs {
		if skeleton {
			p.to = name.Skeleton(nil, p.to)
		}
		l.pairs = append(l.pairs, p)
	}
	return l
}

func (l *learner) unigrams() {
	l.fromUni, l.toUni = map[rune]float64{}, [256]float64{}
	var from, to float64
	for _, p := range l.pairs {
		for _, r := range p.from {
			l.fromUni[r] += p.weight
			from += p.weight
		}
		for _, c := range p.to {
			l.toUni[c] += p.weight
			to += p.weight
		}
	}
	for r := range l.fromUni {
		l.fromUni[r] /= from
	}
	for c := range l.toUni {
		l.toUni[c] /= to
	}
}

// learn runs rounds of expectation-maximisation; half-way it drops the pairs
// that are translations and not spellings of each other. It returns how many
// pairs were kept.
func (l *learner) learn(rounds int) int {
	l.unigrams()
	l.start()
	for round := range rounds {
		counts := map[chunk]float64{}
		for _, p := range l.pairs {
			l.expect(p, counts)
		}
		least := 0.3
		if round >= rounds-2 {
			least = 1.5
		}
		l.maximise(counts, least)
		if round == 2 || round == 5 {
			l.dropTranslations()
		}
	}
	return len(l.pairs)
}

// start gives every chunk pair a weight that falls with its size, and rises with
// how much the positions of its two sides in their words agree.
func (l *learner) start() {
	counts := map[chunk]float64{}
	for _, p := range l.pairs {
		n, m := len(p.from), len(p.to)
		if n == 0 {
			continue
		}
		for i := 0; i < n; i++ {
			for a := 1; a <= l.maxFrom && i+a <= n; a++ {
				for j := 0; j <= m; j++ {
					for b := 0; b <= l.maxTo && j+b <= m; b++ {
						if a > 1 && b == 0 {
							continue
						}
						off := (float64(i)+float64(a)/2)/float64(n) - (float64(j)+float64(b)/2)/float64(max(m, 1))
						counts[makeChunk(p.from[i:i+a], p.to[j:j+b])] += p.weight * math.Exp(-12*off*off*4-1.5*float64(a-1)-0.7*math.Abs(float64(b)-1))
					}
				}
			}
		}
		for j := range m {
			counts[makeChunk(nil, p.to[j:j+1])] += p.weight * 0.05
		}
	}
	l.maximise(counts, 0.05)
}

func makeChunk(from []rune, to []byte) (c chunk) {
	copy(c.from[:], from)
	copy(c.to[:], to)
	return c
}

func (l *learner) maximise(counts map[chunk]float64, least float64) {
	// Summed in whole millionths: the order of a map must not show in the weights.
	total := int64(0)
	for c, n := range counts {
		// Larger chunks must earn their place: they explain the same letters
		// with fewer factors.
		if need := least * float64(max(1, chunkSize(c)-1)); n < need {
			delete(counts, c)
			continue
		}
		total += int64(n * 1e6)
	}
	for c := range counts {
		counts[c] /= float64(total) / 1e6
	}
	l.theta = counts
}

func chunkSize(c chunk) int {
	n := 0
	for _, r := range c.from {
		if r != 0 {
			n++
		}
	}
	for _, b := range c.to {
		if b != 0 {
			n++
		}
	}
	return n
}

// floor is the probability of a chunk pair never seen: any letter for any other,
// one left out, one put in.
const floor = 1e-7

// arcs calls each with every chunk that may begin at i, j.
func (l *learner) arcs(p pair, i, j int, each func(a, b int, theta float64)) {
	n, m := len(p.from), len(p.to)
	for a := 0; a <= l.maxFrom && i+a <= n; a++ {
		for b := 0; b <= l.maxTo && j+b <= m; b++ {
			if a+b == 0 || a == 0 && b > 1 || a > 1 && b == 0 {
				continue
			}
			theta, ok := l.theta[makeChunk(p.from[i:i+a], p.to[j:j+b])]
			if ok && a+b > 2 {
				theta *= l.larger[a+b-2]
			}
			if !ok {
				if a > 1 || b > 1 {
					continue
				}
				theta = floor
			}
			each(a, b, theta)
		}
	}
}

// expect adds the expected counts of one pair, by forward and backward sums.
func (l *learner) expect(p pair, counts map[chunk]float64) {
	n, m := len(p.from), len(p.to)
	w := m + 1
	forward, backward := make([]float64, (n+1)*w), make([]float64, (n+1)*w)
	forward[0] = 1
	for i := 0; i <= n; i++ {
		for j := 0; j <= m; j++ {
			if f := forward[i*w+j]; f > 0 {
				l.arcs(p, i, j, func(a, b int, theta float64) { forward[(i+a)*w+j+b] += f * theta })
			}
		}
	}
	total := forward[n*w+m]
	if total == 0 {
		return
	}
	backward[n*w+m] = 1
	for i := n; i >= 0; i-- {
		for j := m; j >= 0; j-- {
			l.arcs(p, i, j, func(a, b int, theta float64) {
				back := theta * backward[(i+a)*w+j+b]
				backward[i*w+j] += back
				if e := forward[i*w+j] * back / total * p.weight; e > 1e-4 {
					counts[makeChunk(p.from[i:i+a], p.to[j:j+b])] += e
				}
			})
		}
	}
}

// dropTranslations drops the pairs whose best alignment is no better evidence
// than chance.
func (l *learner) dropTranslations() {
	kept := l.pairs[:0]
	for _, p := range l.pairs {
		if l.evidence(p) > 0.35*float64(len(p.from)+len(p.to))/2 {
			kept = append(kept, p)
		}
	}
	l.pairs = kept
	l.unigrams()
}

func (l *learner) evidence(p pair) float64 {
	n, m := len(p.from), len(p.to)
	w := m + 1
	best := make([]float64, (n+1)*w)
	for i := range best {
		best[i] = math.Inf(-1)
	}
	best[0] = 0
	for i := 0; i <= n; i++ {
		for j := 0; j <= m; j++ {
			f := best[i*w+j]
			if math.IsInf(f, -1) {
				continue
			}
			l.arcs(p, i, j, func(a, b int, theta float64) {
				s := f + l.weigh(makeChunk(p.from[i:i+a], p.to[j:j+b]), theta)
				if at := (i+a)*w + j + b; s > best[at] {
					best[at] = s
				}
			})
		}
	}
	return best[n*w+m]
}

// weigh is the pointwise mutual information of a chunk pair, in nats.
func (l *learner) weigh(c chunk, theta float64) float64 {
	s := math.Log(theta)
	for _, r := range c.from {
		if r != 0 {
			s -= math.Log(l.fromUni[r])
		}
	}
	for _, b := range c.to {
		if b != 0 {
			s -= math.Log(l.toUni[b])
		}
	}
	return s
}

// write writes the weights as text: a line for each chunk of the script, its
// spellings best first with weights in tenths of a nat.
func (l *learner) write(path string, script name.Script, what string) error {
	lines := map[string][]string{}
	type spelled struct {
		to     string
		weight int
	}
	all := map[string][]spelled{}
	for c, theta := range l.theta {
		from, to := text(c)
		all[from] = append(all[from], spelled{to, int(math.Round(10 * l.weigh(c, theta)))})
	}
	for from, list := range all {
		slices.SortFunc(list, func(a, b spelled) int { return cmp.Or(b.weight-a.weight, strings.Compare(a.to, b.to)) })
		for _, s := range list {
			if s.weight < -40 {
				continue
			}
			lines[from] = append(lines[from], fmt.Sprintf("%s:%d", cmp.Or(s.to, "-"), s.weight))
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	fmt.Fprintf(w, "# %v to Latin: %s of chunks, learned by resolver/name/fit.\n", script, what)
	fmt.Fprintf(w, "# chunk, tab, what it becomes with the evidence in tenths of a nat; - is nothing.\n")
	for _, from := range slices.Sorted(keysOf(lines)) {
		fmt.Fprintf(w, "%s\t%s\n", cmp.Or(from, "-"), strings.Join(lines[from], " "))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

func text(c chunk) (from, to string) {
	for _, r := range c.from {
		if r != 0 {
			from += string(r)
		}
	}
	for _, b := range c.to {
		if b != 0 {
			to += string(b)
		}
	}
	return from, to
}

func keysOf[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}
