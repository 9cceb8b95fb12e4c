package main

import (
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"onoma/resolver/name"
	"onoma/resolver/text"
)

// documentBytes is the longest stretch of a file that is annotated as one text,
// the limit of the contract.
const documentBytes = 1 << 20

// nameless counts the mentions in texts that should have next to none: poetry,
// code, logs, recipes. Files are counted by the directory of dir they lie under.
// Each surface is listed with how often it was taken for a name, because a text
// without any name is rare: whoever reads the list judges.
func nameless(dir string, mostShown int, w io.Writer) error {
	a, err := seedAnnotator()
	if err != nil {
		return err
	}
	groups := map[string]*mentionCount{}
	var out text.Annotation
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		file, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		group, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
		if groups[group] == nil {
			groups[group] = &mentionCount{surfaces: map[string]int{}, seen: map[string]string{}}
		}
		for body := string(file); body != ""; {
			part := body[:boundaryBefore(body, documentBytes)]
			body = body[len(part):]
			a.Annotate(&text.Document{Text: part}, &out)
			groups[group].add(part, &out)
		}
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprint(w, "| texts | MB | words | mentions | in 2,000 words |\n|---|--:|--:|--:|--:|\n")
	for _, group := range slices.Sorted(maps.Keys(groups)) {
		g := groups[group]
		fmt.Fprintf(w, "| %s | %.2f | %d | %d | %.2f |\n", group, float64(g.bytes)/1e6, g.words, g.mentions, 2000*float64(g.mentions)/float64(max(1, g.words)))
	}
	for _, group := range slices.Sorted(maps.Keys(groups)) {
		groups[group].show(w, group, mostShown)
	}
	return nil
}

// mentionCount counts what was found in texts of one kind.
type mentionCount struct {
	bytes, words, mentions int
	surfaces               map[string]int
	seen                   map[string]string // where a surface was seen first
}

func (g *mentionCount) add(part string, found *text.Annotation) {
	g.bytes += len(part)
	g.words += countWords(part)
	g.mentions += len(found.Mentions)
	for i := range found.Mentions {
		m := &found.Mentions[i]
		c := &m.Candidates[0]
		key := fmt.Sprintf("%s = %s", strings.Join(strings.Fields(part[m.Start:m.End]), " "), c.Entity.Canonical())
		if g.surfaces[key]++; g.surfaces[key] == 1 {
			from, to := boundaryBefore(part, max(0, m.Start-40)), boundaryBefore(part, m.End+40)
			g.seen[key] = fmt.Sprintf("%s: %s", found.Language, strings.Join(strings.Fields(part[from:m.Start]+"["+part[m.Start:m.End]+"]"+part[m.End:to]), " "))
		}
	}
}

func (g *mentionCount) show(w io.Writer, group string, most int) {
	order := slices.SortedFunc(maps.Keys(g.surfaces), func(x, y string) int {
		return cmp.Or(cmp.Compare(g.surfaces[y], g.surfaces[x]), cmp.Compare(x, y))
	})
	for _, key := range order[:min(most, len(order))] {
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", group, g.surfaces[key], key, g.seen[key])
	}
}

// countWords counts words parted by spaces, and two characters of a script that
// does not part its words as one.
func countWords(s string) int {
	words, chars, inside := 0, 0, false
	for _, r := range s {
		switch script := name.ScriptOfRune(r); {
		case script == name.Han || script == name.Kana || script == name.Thai || script == name.Lao || script == name.Khmer || script == name.Burmese:
			chars++
			inside = false
		case unicode.IsSpace(r):
			inside = false
		case !inside:
			inside = true
			words++
		}
	}
	return words + chars/2
}

// boundaryBefore returns the last place at or before n where a character begins.
func boundaryBefore(s string, n int) int {
	if n >= len(s) {
		return len(s)
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return n
}
