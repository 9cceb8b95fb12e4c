package resolver_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"onoma/resolver"
	"onoma/resolver/fact"
	"onoma/resolver/index"
	"onoma/resolver/name"
)

// A synthetic table: persons with a given name, as unevenly spread as given
// names are, sometimes a second one, and a surname of two to four syllables.
// One seed, one table.

var (
	givenNames = strings.Fields(`Mohammed Maria John Anna Ahmed Elena Ivan David Fatima Ali Olga Michael Jose Sergei
		Peter Natalia Hassan Andrei Carlos Robert Ibrahim Thomas Svetlana James Juan Omar Paul Irina Yusuf Jan Daniel
		Khadija Luis Dmitri William Giovanni Aisha George Alexander Tatiana Pedro Hussein Joao Marek Katarzyna Kenji
		Hiroshi Wei Jun Priya Rajesh Kofi Amina Bjorn Lars Ingrid Nikos Eleni Zoltan Laszlo Petra Milan Dragan`)
	syllables = strings.Fields(`ka ri mo sen tal ver bor gu lin ha dro ste fan mar ko vi che lu pa zin ro be ta mi
		nos ger wal den ho kur shi ya ne sto bra cle ju qua fri os um al er in`)
	surnameEnds = []string{"", "", "", "ov", "sky", "son", "ez", "ini", "ich", "enko", "man", "idis", "yan", "shvili"}
)

type syntheticName struct{ given, middle, surname string }

func (n syntheticName) String() string {
	return strings.Join(strings.Fields(n.given+" "+n.middle+" "+n.surname), " ")
}

func synthetic(rng *rand.Rand) (n syntheticName) {
	given := func() string { return givenNames[int(float64(len(givenNames))*rng.Float64()*rng.Float64())] }
	n.given = given()
	if rng.IntN(4) == 0 {
		n.middle = given()
	}
	var b strings.Builder
	for range 2 + rng.IntN(3) {
		b.WriteString(syllables[rng.IntN(len(syllables))])
	}
	b.WriteString(surnameEnds[rng.IntN(len(surnameEnds))])
	n.surname = strings.ToUpper(b.String()[:1]) + b.String()[1:]
	return n
}

func syntheticTable(b *testing.B, persons int) *resolver.Table {
	b.Helper()
	rng := rand.New(rand.NewPCG(1, uint64(persons)))
	var builder index.Builder
	for i := range persons {
		text := synthetic(rng).String()
		builder.Add(fact.Entity{
			ID: fmt.Sprintf("S%d", i), Kind: fact.Person, Canonical: text,
			Names: []fact.Name{{Text: text, Kind: fact.Primary, Source: "synthetic"}},
		})
	}
	x, err := builder.Build()
	if err != nil {
		b.Fatal(err)
	}
	return resolver.NewTable(x, 1, time.Time{}, nil)
}

// unseen are names of the table as it does not spell them: a letter changed, the
// surname first, in Cyrillic.
func unseen(persons, count int) []string {
	rng := rand.New(rand.NewPCG(1, uint64(persons)))
	pick := rand.New(rand.NewPCG(2, 2))
	cyrillic := strings.NewReplacer(strings.Fields(`sh ш ch ч ya я a а b б c к d д e е f ф g г h х i и j ж k к l л m м
		n н o о p п q к r р s с t т u у v в w в x кс y и z з`)...)
	var queries []string
	for range min(persons, 20*count) {
		n := synthetic(rng)
		if pick.IntN(20) > 0 || len(queries) == count {
			continue
		}
		at := 1 + pick.IntN(len(n.surname)-1)
		switch pick.IntN(4) {
		case 0:
			n.surname = n.surname[:at] + string("aeioukrst"[pick.IntN(9)]) + n.surname[at+1:]
		case 1:
			n.surname = n.surname[:at] + n.surname[at-1:]
		case 2:
			n.given, n.surname = n.surname[:at]+n.surname[min(at+1, len(n.surname)):], n.given
		case 3:
			queries = append(queries, cyrillic.Replace(strings.ToLower(n.String())))
			continue
		}
		queries = append(queries, n.String())
	}
	return queries
}

// BenchmarkUnseen answers names that no key finds, over tables of the size of a
// list of politicians and of a large data set. It reports the median and the
// last percentile, and the memory of the index by sound.
func BenchmarkUnseen(b *testing.B) {
	name.Warm()
	for _, persons := range []int{25_000, 1_000_000} {
		b.Run(fmt.Sprintf("%d_persons", persons), func(b *testing.B) {
			table := syntheticTable(b, persons)
			names, bytes := table.Index().Sounds().Size()
			queries := unseen(persons, 1000)
			var a resolver.Answer
			for _, q := range queries { // to grow to its size
				table.Resolve(&resolver.Query{Name: q}, &a)
			}
			runtime.GC()
			took := make([]time.Duration, 0, 1<<20)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				start := time.Now()
				table.Resolve(&resolver.Query{Name: queries[i%len(queries)]}, &a)
				if len(took) < cap(took) {
					took = append(took, time.Since(start))
				}
			}
			reportTimes(b, took)
			b.ReportMetric(float64(len(table.Index().Bytes()))/float64(names), "B/name")
			b.ReportMetric(float64(bytes)/float64(names), "soundB/name")
		})
	}
	b.Run("redis_get", benchmarkRedisGet)
}

func reportTimes(b *testing.B, took []time.Duration) {
	b.Helper()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
}

// benchmarkRedisGet is the yardstick: one GET of a small value from a Redis on
// this machine, over a Unix socket, with nothing but the protocol around it.
func benchmarkRedisGet(b *testing.B) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		b.Skip("NO YARDSTICK: redis-server is not installed (make prepare installs it)")
	}
	socket := filepath.Join(b.TempDir(), "redis.sock")
	server := exec.Command(program, "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no")
	says, err := server.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	}()
	for lines := bufio.NewScanner(says); lines.Scan(); {
		if strings.Contains(strings.ToLower(lines.Text()), "ready to accept connections") {
			break
		}
	}
	c, err := net.Dial("unix", socket)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	replies := bufio.NewReader(c)
	ask := func(command string, lines int) {
		if _, err := c.Write([]byte(command)); err != nil {
			b.Fatal(err)
		}
		for range lines {
			if _, err := replies.ReadSlice('\n'); err != nil {
				b.Fatal(err)
			}
		}
	}
	ask("*3\r\n$3\r\nSET\r\n$16\r\nvolodymyr zelens\r\n$8\r\nQ3874799\r\n", 1)
	took := make([]time.Duration, 0, 1<<20)
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		ask("*2\r\n$3\r\nGET\r\n$16\r\nvolodymyr zelens\r\n", 2)
		if len(took) < cap(took) {
			took = append(took, time.Since(start))
		}
	}
	reportTimes(b, took)
}
