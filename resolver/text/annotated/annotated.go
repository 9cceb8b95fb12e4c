// Package annotated reads texts whose names are marked where they stand:
//
//	# lang: it
//	# date: 2024-10-25
//	# Soldati in Russia
//	[Pyongyang|Q423 METONYMIC] ha inviato truppe in [Russia|Q159 LITERAL].
//
// Lines that begin with "#" are about the text; the others are the text. A mark is
// [name|ID READING]. A title that stands for its holder is marked whole, with its
// country; names inside it are not. Countries are read LITERAL in every use, but
// where "# readings: countries too" says that those that act are METONYMIC.
package annotated

import (
	"fmt"
	"io/fs"
	"strings"

	"onoma/resolver"
)

// Document is one text with its marks.
type Document struct {
	Name, Language, AsOf string
	// CountriesAct says that countries that act are marked METONYMIC.
	CountriesAct bool
	Text         string
	Mentions     []Mention
}

// Mention is one mark.
type Mention struct {
	Start, End int // bytes of the text
	ID         string
	Reading    resolver.Reading
}

var readings = map[string]resolver.Reading{
	"LITERAL": resolver.Literal, "METONYMIC": resolver.Metonymic, "DEMONYMIC": resolver.Demonymic, "TITULAR": resolver.Titular,
}

// Read reads every *.txt of the directory, each one document.
func Read(dir fs.FS) ([]Document, error) {
	paths, err := fs.Glob(dir, "*.txt")
	if err != nil {
		return nil, err
	}
	var documents []Document
	for _, path := range paths {
		file, err := fs.ReadFile(dir, path)
		if err != nil {
			return nil, err
		}
		d, err := parse(string(file))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		d.Name = strings.TrimSuffix(path, ".txt")
		documents = append(documents, d)
	}
	return documents, nil
}

func parse(file string) (d Document, err error) {
	var body []string
	for line := range strings.Lines(file) {
		about, ok := strings.CutPrefix(line, "#")
		if !ok {
			body = append(body, line)
			continue
		}
		switch key, value, _ := strings.Cut(strings.TrimSpace(about), ": "); key {
		case "lang":
			d.Language = value
		case "date":
			d.AsOf = value
		case "readings":
			d.CountriesAct = value == "countries too"
		}
	}
	marked := strings.TrimSpace(strings.Join(body, ""))
	var text strings.Builder
	for i := 0; i < len(marked); i++ {
		if marked[i] != '[' {
			text.WriteByte(marked[i])
			continue
		}
		end := strings.IndexByte(marked[i:], ']')
		if end < 0 {
			return d, fmt.Errorf("%q is not closed", marked[i:min(len(marked), i+30)])
		}
		surface, what, ok := strings.Cut(marked[i+1:i+end], "|")
		id, reading, ok2 := strings.Cut(what, " ")
		if !ok || !ok2 {
			return d, fmt.Errorf("%q is not [name|ID READING]", marked[i:i+end+1])
		}
		m := Mention{Start: text.Len(), End: text.Len() + len(surface), ID: id}
		if m.Reading, ok = readings[reading]; !ok {
			return d, fmt.Errorf("reading %q is none of LITERAL, METONYMIC, DEMONYMIC, TITULAR", reading)
		}
		d.Mentions = append(d.Mentions, m)
		text.WriteString(surface)
		i += end
	}
	d.Text = text.String()
	return d, nil
}
