package source

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"strings"

	"onoma/internal/table"
	"onoma/resolver/fact"
)

//go:embed syllables.txt
var syllableFile string

// Generator makes entities for benchmarks: people, organisations and places with
// names in five scripts, the same at every run. Like real names, first names are
// few and shared, surnames many; about one full name in a hundred is borne by
// several.
type Generator struct {
	seed      uint64
	syllables [][]string
	given     [][]int
}

// The scripts that names are made in, and a language that is written in each.
var generatedLanguages = []string{"en", "ru", "ar", "zh", "ko"}

// NewGenerator returns the generator of a seed.
func NewGenerator(seed uint64) *Generator {
	g := &Generator{seed: seed}
	for line := range strings.Lines(syllableFile) {
		if parts := strings.Split(strings.TrimSpace(line), "\t"); len(parts) == len(generatedLanguages) {
			g.syllables = append(g.syllables, parts)
		}
	}
	r := rand.New(rand.NewPCG(seed, 1<<63))
	for range 500 {
		g.given = append(g.given, g.word(r, 2, 3))
	}
	return g
}

// word draws a word of some syllables.
func (g *Generator) word(r *rand.Rand, least, most int) []int {
	w := make([]int, least+r.IntN(most-least+1))
	for i := range w {
		w[i] = r.IntN(len(g.syllables))
	}
	return w
}

func (g *Generator) write(word []int, script int) string {
	var b strings.Builder
	for _, s := range word {
		b.WriteString(g.syllables[s][script])
	}
	s := b.String()
	if script < 2 {
		first := []rune(s)[:1]
		s = strings.ToUpper(string(first)) + s[len(string(first)):]
	}
	return s
}

// Entity returns the i-th entity. IDs rise with i.
func (g *Generator) Entity(i uint64) fact.Entity {
	r := rand.New(rand.NewPCG(g.seed, i))
	e := fact.Entity{ID: fmt.Sprintf("gen:%010d", i), Kind: fact.Person, Prominence: min(0.9, r.ExpFloat64()/8)}
	words := [][]int{g.given[min(r.IntN(len(g.given)), r.IntN(len(g.given)))], g.word(r, 3, 4)}
	suffix := ""
	switch r.IntN(10) {
	case 0, 1:
		e.Kind = fact.Organization
		words = words[1:]
		suffix = []string{" Group", " Bank", " Party", " Union", " Institute"}[r.IntN(5)]
	case 2, 3:
		e.Kind = fact.Place
		words = words[1:]
	}
	full := func(script int) string {
		parts := make([]string, len(words))
		for i, w := range words {
			parts[i] = g.write(w, script)
		}
		separator := " "
		if script >= 3 {
			separator = ""
		}
		return strings.Join(parts, separator)
	}
	e.Canonical = full(0) + suffix
	e.Names = append(e.Names, fact.Name{Text: e.Canonical, Language: "en", Kind: fact.Primary})
	for script := 1; script < len(generatedLanguages); script++ {
		if r.IntN(2) == 0 {
			e.Names = append(e.Names, fact.Name{Text: full(script), Language: generatedLanguages[script], Kind: fact.Primary})
		}
	}
	if e.Kind == fact.Person {
		given := g.write(words[0], 0)
		e.Names = append(e.Names, fact.Name{Text: given[:1] + ". " + g.write(words[1], 0), Language: "en", Kind: fact.Alias})
		if r.IntN(2) == 0 {
			e.Names = append(e.Names, fact.Name{Text: g.write(words[1], 0), Language: "en", Kind: fact.Short})
		}
	} else if suffix != "" {
		e.Names = append(e.Names, fact.Name{Text: full(0), Language: "en", Kind: fact.Short})
	}
	return e
}

// Rows yields entities until they have as many names.
func (g *Generator) Rows(names int64, yield func(table.Row) error) error {
	for i := uint64(0); names > 0; i++ {
		e := g.Entity(i)
		names -= int64(len(e.Names))
		if err := yield(table.Row{Entity: &e}); err != nil {
			return err
		}
	}
	return nil
}
