package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"onoma/resolver/name"
)

// pairSources are the files that hold one name in several languages: by entity
// ID, with an English name to stand against.
var pairSources = []string{
	"commons2018/person_names.tsv", "positions_eps/person_labels_m17n.tsv", "cities_naturalearth/variants.tsv",
	"cities_geonames/variants.tsv", "wof_names/variants.tsv", "territories_rigour/variants.tsv", "cldr/territory_names.tsv",
}

// runPairs writes token pairs "native, Latin, script" from source data and the
// even rows of the development sets; the odd rows are for measuring.
func runPairs(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("pairs", flag.ContinueOnError)
	data := flags.String("data", "", "directory of source data")
	eval := flags.String("eval", "", "directory of development sets")
	out := flags.String("out", "", "file to write")
	all := flags.Bool("all", false, "take the odd rows of the development sets too")
	if err := flags.Parse(args); err != nil {
		return err
	}
	p := pairs{seen: map[[2]string]int{}}
	if *data != "" {
		for _, file := range pairSources {
			if err := p.fromNames(filepath.Join(*data, file)); err != nil {
				return err
			}
		}
	}
	if *eval != "" {
		if err := p.fromEval(*eval, *all); err != nil {
			return err
		}
	}
	return p.write(*out, stdout)
}

type pairs struct {
	seen map[[2]string]int
}

// fromNames pairs the names of each entity with its English one.
func (p *pairs) fromNames(path string) error {
	rows, head, err := readTSV(path)
	if err != nil {
		return err
	}
	id, text, lang := slices.Index(head, "id"), slices.Index(head, "name"), slices.Index(head, "lang")
	for _, column := range []string{"iso2_or_m49", "qid"} {
		if id < 0 {
			id = slices.Index(head, column)
		}
	}
	kind := slices.Index(head, "kind")
	english := map[string]string{}
	for _, row := range rows {
		if l := row[lang]; (l == "en" || l == "eng") && english[row[id]] == "" {
			english[row[id]] = row[text]
		}
	}
	for _, row := range rows {
		if e := english[row[id]]; e != "" && (kind < 0 || row[kind] != "variant" && row[kind] != "colloquial") {
			p.align(row[text], e, 1)
		}
	}
	return nil
}

func (p *pairs) fromEval(dir string, all bool) error {
	rows, _, err := readTSV(filepath.Join(dir, "transliteration.tsv"))
	if err != nil {
		return err
	}
	for i, row := range rows {
		if all || i%2 == 0 {
			p.add(name.Fold(row[1]), name.Fold(row[0]), 2)
		}
	}
	for _, file := range []string{"person_names.tsv", "place_names.tsv"} {
		rows, head, err := readTSV(filepath.Join(dir, file))
		if err != nil {
			return err
		}
		text, english := slices.Index(head, "name"), slices.Index(head, "name_en")
		for i, row := range rows {
			if all || i%2 == 0 {
				p.align(row[text], row[english], 1)
			}
		}
	}
	return nil
}

// align pairs the tokens of two names by position when their numbers agree, and
// the joined names when one is written without spaces.
func (p *pairs) align(native, english string, weight int) {
	if !strings.Contains(english, ",") {
		if family, given, ok := strings.Cut(native, ","); ok {
			native = given + " " + family
		}
	}
	n, e := strings.Fields(name.Fold(native)), strings.Fields(name.Fold(english))
	if name.ScriptOf(native) == name.Tibetan {
		n = []string{strings.Join(n, "")} // dots part its syllables
	}
	switch {
	case len(n) == len(e):
		for i := range n {
			p.add(n[i], e[i], weight)
		}
	case len(n) == 1 && name.ScriptOf(n[0]) != name.Latin && len(e) <= 4:
		p.add(n[0], strings.Join(e, ""), weight)
	}
}

func (p *pairs) add(native, latin string, weight int) {
	if name.ScriptOf(latin) != name.Latin || name.ScriptOf(native) == name.Unknown || len(latin) < 2 || len(latin) > 24 {
		return
	}
	for _, c := range latin {
		if c < 'a' || c > 'z' {
			return
		}
	}
	if p.seen[[2]string{native, latin}] < 4 {
		p.seen[[2]string{native, latin}] += weight
	}
}

func (p *pairs) write(path string, stdout io.Writer) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	counts := map[name.Script]int{}
	keys := make([][2]string, 0, len(p.seen))
	for key := range p.seen {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b [2]string) int { return strings.Compare(a[0]+"\t"+a[1], b[0]+"\t"+b[1]) })
	for _, key := range keys {
		script := name.ScriptOf(key[0])
		counts[script]++
		fmt.Fprintf(w, "%s\t%s\t%v\t%d\n", key[0], key[1], script, min(p.seen[key], 4))
	}
	for s := range name.Script(name.Scripts) {
		if counts[s] > 0 {
			fmt.Fprintf(stdout, "%-12v %d\n", s, counts[s])
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// readTSV reads a tab-separated file with a header.
func readTSV(path string) (rows [][]string, head []string, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	for i, line := range strings.Split(strings.TrimRight(string(data), "\n"), "\n") {
		row := strings.Split(strings.TrimRight(line, "\r"), "\t")
		if i == 0 {
			head = row
			continue
		}
		for len(row) < len(head) {
			row = append(row, "")
		}
		rows = append(rows, row)
	}
	return rows, head, nil
}
