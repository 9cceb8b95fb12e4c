package index

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"onoma/resolver/fact"
	"onoma/resolver/name"
)

// Parts of names: with few letters, many words meet under one sound key.
var soundWords = strings.Fields(`anna anne ana hannah jean john joan chan ng o'brien bâle basel basle kim kym smith schmidt schmitt
	Владимир Путин Чайковский 習近平 金正恩 محمد بن سلمان 東京タワー ვლადიმერ 737 747 3com 'a x wurtz Tchaikovsky`)

func soundEntities(t *rapid.T) []fact.Entity {
	text := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(soundWords), 1, 5).Draw(t, "words"), rapid.SampledFrom([]string{" ", "-", ", "}).Draw(t, "between"))
	})
	kinds := rapid.SampledFrom([]fact.NameKind{fact.Primary, fact.Alias, fact.Acronym, fact.Demonym})
	all := make([]fact.Entity, rapid.IntRange(0, 40).Draw(t, "entities"))
	for i := range all {
		all[i] = fact.Entity{ID: fmt.Sprintf("Q%02d", i), Kind: fact.Person}
		for range rapid.IntRange(0, 3).Draw(t, "names") {
			all[i].Names = append(all[i].Names, fact.Name{Text: text.Draw(t, "text"), Kind: kinds.Draw(t, "kind"), Language: rapid.SampledFrom([]string{"en", "cy"}).Draw(t, "language"), Source: "s"})
		}
	}
	return all
}

func indexOf(t *rapid.T, entities []fact.Entity) *Index {
	var b Builder
	for _, e := range entities {
		b.Add(e)
	}
	x, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// TestLateSoundsAreTheSame holds sounds made on demand against those made with
// the rest.
func TestLateSoundsAreTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entities := soundEntities(t)
		late, err := (&Builder{entities: entities, LateSounds: true}).Build()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(late.Sounds().section, indexOf(t, entities).Sounds().section) {
			t.Error("other sounds")
		}
	})
}

// TestSoundsLeadWhereNamesDo holds every way through the sounds against the names
// themselves, split anew.
func TestSoundsLeadWhereNamesDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := indexOf(t, soundEntities(t))
		s := x.Sounds()
		holders := map[string][]uint32{}
		var want, got name.Form
		for heard := range uint32(s.names) {
			n := Name{x, s.firstOf(heard)}
			want.Prepare(n.Text())
			s.Spell(Heard{number: heard, sounds: s}, &got)
			if got.Len() != want.Len() {
				t.Fatalf("%q has %d words, its sounds %d", n.Text(), want.Len(), got.Len())
			}
			var joined []byte
			for i := range want.Len() {
				w, g := want.Token(i), got.Token(i)
				if string(w.Text) != string(g.Text) || w.Script != g.Script || want.Aside(i) != got.Aside(i) {
					t.Fatalf("%q: word %d is %q %v, by its sounds %q %v", n.Text(), i, w.Text, w.Script, g.Text, g.Script)
				}
				if of := holders[string(w.Text)]; !slices.Contains(of, heard) {
					holders[string(w.Text)] = append(of, heard)
				}
				joined = append(joined, w.Text...)
			}
			if want.Len() > 1 && want.Len() <= maxJoined {
				for _, key := range name.AppendKeys(nil, joined, want.Token(0).Script) {
					if !slices.Contains(wholesOf(s, key), heard) {
						t.Fatalf("%q is not under %x, the sound of all its words", n.Text(), key)
					}
				}
			}
		}
		for text, names := range holders {
			script := name.ScriptOf(text)
			w := s.findWord([]byte(text), script)
			if w == none || string(s.word(w)) != text {
				t.Fatalf("%q is not found", text)
			}
			if got := readAll(s.cursor(w)); !slices.Equal(got, names) {
				t.Fatalf("%q is a word of %d, by its sounds of %d", text, names, got)
			}
			if s.bags[w] != name.BagOf([]byte(text), script) {
				t.Fatalf("%q has another bag", text)
			}
			for _, key := range name.AppendKeys(nil, []byte(text), script) {
				if !slices.Contains(wordsUnder(s, key), w) {
					t.Fatalf("%q is not under its key %x", text, key)
				}
			}
		}
		if s.words != len(holders) {
			t.Fatalf("%d words, want %d", s.words, len(holders))
		}
	})
}

func readAll(c cursor) (names []uint32) {
	for c.left > 0 {
		names = append(names, c.name())
	}
	return names
}

func wordsUnder(s *Sounds, key name.Key) (words []uint32) {
	from, to := s.first.sorted(hashOf(key))
	for ; from < to; from++ {
		words = append(words, uint32(from))
	}
	from, to, tag := s.further.of(hashOf(key))
	for ; from < to; from++ {
		if s.further.tags[from] == tag {
			words = append(words, s.furtherWords.at(from))
		}
	}
	return words
}

func wholesOf(s *Sounds, key name.Key) (names []uint32) {
	from, to, tag := s.wholes.of(hashOf(key))
	for ; from < to; from++ {
		if s.wholes.tags[from] == tag {
			names = append(names, s.wholeNames.at(from))
		}
	}
	return names
}

// TestSoundsOfStreamAreThoseOfBuilder holds that sounds built in files are those
// built in memory, to the byte.
func TestSoundsOfStreamAreThoseOfBuilder(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		entities := soundEntities(t)
		s, err := NewStream(filepath.Join(dir, "snapshot"))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for _, e := range entities {
			if err := s.Add(e); err != nil {
				t.Fatal(err)
			}
		}
		m, err := s.Finish(context.Background(), Meta{Identity: "x", Version: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		if want := indexOf(t, entities); !bytes.Equal(m.Index.Sounds().section, want.Sounds().section) {
			t.Fatalf("%d bytes of sounds built in files differ from %d built in memory", len(m.Index.Sounds().section), len(want.Sounds().section))
		}
	})
}

// TestCursorReadsAndSeeks holds lists of names, long ones too, against the names
// they were made of.
func TestCursorReadsAndSeeks(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, count := range []int{2, 3, skipEvery - 1, skipEvery, skipEvery + 1, 3*skipEvery + 7, 5000} {
		names := make([]uint32, 0, count)
		n := uint32(0)
		for range count {
			n += 1 + rng.Uint32N(1+rng.Uint32N(1000))
			names = append(names, n)
		}
		s := &Sounds{holds: []uint32{manyBit | 3}, lists: appendList([]byte("abc"), names)}
		if got := readAll(s.cursor(0)); !slices.Equal(got, names) {
			t.Fatalf("%d names read as %d", count, len(got))
		}
		for range 50 {
			c := s.cursor(0)
			at := 0
			for least := uint32(0); ; least += rng.Uint32N(n / 3) {
				// What seek went over is behind it.
				for at < len(names) && names[at] < least {
					at++
				}
				got, ok := c.seek(least)
				if ok != (at < len(names)) || ok && got != names[at] {
					t.Fatalf("seeking %d among %d names: %d, %v", least, count, got, ok)
				}
				if !ok {
					break
				}
				at++
			}
		}
	}
}

func TestPackedAndEnds(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for bits := uint(1); bits <= 32; bits++ {
		p := packed{bits, make([]byte, packedBytes(100, bits))}
		var want []uint32
		for i := range 100 {
			want = append(want, rng.Uint32()>>(32-bits))
			p.put(i, want[i])
		}
		for i, w := range want {
			if p.at(i) != w {
				t.Fatalf("%d bits: number %d is %d, want %d", bits, i, p.at(i), w)
			}
		}
	}
	lengths := make([]byte, 100)
	for i := range lengths {
		lengths[i] = byte(rng.Uint32N(256))
	}
	e, at := newEnds(slices.Clone(lengths)), 0
	for i, n := range lengths {
		if from, to := e.of(i); from != at || to != at+int(n) {
			t.Fatalf("piece %d from %d to %d, want %d to %d", i, from, to, at, at+int(n))
		}
		at += int(n)
	}
}
