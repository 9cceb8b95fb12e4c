// Package annotated reads texts whose names are marked where they stand:
//
//	language it
//	as-of 2024-10-25
//
//	[Pyongyang|Q423 METONYMIC] ha inviato truppe in [Russia|Q159 LITERAL].
//
// A document begins with its settings and ends at a line of "---". A mark is
// [text|ID READING]; the reading is left out where the name is no place and means
// what it names. A backslash keeps a bracket.
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
	Text                 string
	Mentions             []Mention
}

// Mention is one mark.
type Mention struct {
	Start, End int // bytes of the text
	ID         string
	Reading    resolver.Reading
	// Place says that the reading was a choice between literal and metonymic.
	Place bool
}

var readings = map[string]resolver.Reading{
	"LITERAL": resolver.Literal, "METONYMIC": resolver.Metonymic, "DEMONYMIC": resolver.Demonymic, "TITULAR": resolver.Titular,
}

// Read reads every *.txt of the directory.
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
		for i, part := range strings.Split("\n"+string(file), "\n---\n") {
			if strings.TrimSpace(part) == "" {
				continue
			}
			d, err := parse(part)
			if err != nil {
				return nil, fmt.Errorf("%s, document %d: %w", path, i+1, err)
			}
			d.Name = fmt.Sprintf("%s %d", strings.TrimSuffix(path, ".txt"), i+1)
			documents = append(documents, d)
		}
	}
	return documents, nil
}

func parse(part string) (d Document, err error) {
	lines := strings.Split(strings.Trim(part, "\n"), "\n")
	body := 0
	for body < len(lines) && strings.TrimSpace(lines[body]) != "" {
		key, value, _ := strings.Cut(strings.TrimSpace(lines[body]), " ")
		switch {
		case strings.HasPrefix(key, "#"):
		case key == "language":
			d.Language = value
		case key == "as-of":
			d.AsOf = value
		default:
			return d, fmt.Errorf("setting %q is none of language, as-of", key)
		}
		body++
	}
	marked := strings.Join(lines[min(body+1, len(lines)):], "\n")
	var text strings.Builder
	for i := 0; i < len(marked); i++ {
		switch c := marked[i]; {
		case c == '\\' && i+1 < len(marked):
			i++
			text.WriteByte(marked[i])
		case c == '[':
			end := strings.IndexByte(marked[i:], ']')
			if end < 0 {
				return d, fmt.Errorf("%q is not closed", marked[i:min(len(marked), i+30)])
			}
			surface, what, ok := strings.Cut(marked[i+1:i+end], "|")
			fields := strings.Fields(what)
			if !ok || len(fields) == 0 || len(fields) > 2 {
				return d, fmt.Errorf("%q is not [text|ID READING]", marked[i:i+end+1])
			}
			m := Mention{Start: text.Len(), End: text.Len() + len(surface), ID: fields[0], Reading: resolver.Literal}
			if len(fields) == 2 {
				if m.Reading, ok = readings[fields[1]]; !ok {
					return d, fmt.Errorf("reading %q is none of LITERAL, METONYMIC, DEMONYMIC, TITULAR", fields[1])
				}
				m.Place = m.Reading == resolver.Literal || m.Reading == resolver.Metonymic
			}
			d.Mentions = append(d.Mentions, m)
			text.WriteString(surface)
			i += end
		default:
			text.WriteByte(c)
		}
	}
	d.Text = text.String()
	return d, nil
}
