package source

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"onoma/internal/table"
	"onoma/resolver/fact"
)

// Options bend a reader to the caller's wishes. The zero value takes everything.
type Options struct {
	// Languages admits names in these languages, told by their primary subtag,
	// and those without a language. Empty: all.
	Languages []string
	// Kinds admits entities of these kinds. Empty: all.
	Kinds []fact.Kind
	// Map says which column means what, for CSV and TSV.
	Map *Mapping
	// Companions are further files that a format needs beside the one it reads,
	// such as the aliases of OFAC.
	Companions []*Input
}

// Yield takes one row. An error ends the reading and comes back from it.
type Yield func(line table.Line) error

// Format is a kind of file.
type Format struct {
	Name string
	// Says is one line for a person.
	Says string
	Read func(in *Input, o *Options, yield Yield) error
}

// Writer writes rows to a file. What it buffers is written at Flush.
type Writer interface {
	Write(row *table.Row) error
	Flush() error
}

// WriterNames lists the formats that can be written; each reads as what was
// written.
func WriterNames() []string { return []string{"jsonl", "csv", "tsv"} }

// WriterOf returns a writer of the format, one of those that [WriterNames] lists.
func WriterOf(format string, w io.Writer) (Writer, error) {
	switch format {
	case "jsonl":
		return NewWriter(w), nil
	case "csv":
		return newCSVWriter(w), nil
	case "tsv":
		return newTSVWriter(w), nil
	}
	return nil, fmt.Errorf("format %q is none of %s", format, strings.Join(WriterNames(), ", "))
}

// Formats are all that can be read, by name.
var formats = []Format{
	{"csv", "comma-separated: an export's columns, or any with --map", readCSV},
	{"ftm", "FollowTheMoney and OpenSanctions entities, JSON lines", readFTM},
	{"geonames", "GeoNames allCountries; --with alternateNamesV2 for other languages", readGeoNames},
	{"jrc", "JRC-Names entities", readJRC},
	{"jsonl", "Onoma's own: one row of the contract a line", readJSONLines},
	{"ofac-csv", "OFAC SDN.CSV and CONS_PRIM.CSV; --with ALT.CSV for aliases", readOFACCSV},
	{"ofac-xml", "OFAC SDN.XML and CONSOLIDATED.XML", readOFACXML},
	{"phoenix", "PETRARCH and Phoenix actor dictionaries", readPhoenix},
	{"popolo", "Popolo JSON, such as EveryPolitician's", readPopolo},
	{"tsv", "tab-separated: an export's columns, or any with --map", readTSV},
	{"un-xml", "the consolidated list of the UN Security Council", readUNXML},
	{"wikidata", "Wikidata's JSON dump", readWikidata},
}

// FormatNames lists the formats.
func FormatNames() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.Name)
	}
	return names
}

// FormatOf returns the format of that name.
func FormatOf(name string) (Format, error) {
	i := slices.IndexFunc(formats, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, fmt.Errorf("format %q is none of %s", name, strings.Join(FormatNames(), ", "))
	}
	return formats[i], nil
}

// Guess tells the format from the file's name and beginning; "" when it cannot.
func Guess(in *Input) string {
	base := strings.ToLower(filepath.Base(in.Name))
	for _, packed := range []string{".gz", ".bz2", ".zst"} {
		base = strings.TrimSuffix(base, packed)
	}
	head, _ := in.text.Peek(4096) // a short file gives less
	has := func(s string) bool { return bytes.Contains(head, []byte(s)) }
	switch {
	case strings.HasSuffix(base, ".actors.txt"):
		return "phoenix"
	case strings.HasSuffix(base, ".xml") && (has("<sdnList") || has("<Sanctions")):
		return "ofac-xml"
	case strings.HasSuffix(base, ".xml") && has("<CONSOLIDATED_LIST"):
		return "un-xml"
	case (strings.HasPrefix(base, "sdn") || strings.HasPrefix(base, "cons_prim")) && strings.HasSuffix(base, ".csv"):
		return "ofac-csv"
	case strings.HasPrefix(base, "allcountries"):
		return "geonames"
	case has(`"schema"`) && has(`"properties"`):
		return "ftm"
	case has(`"labels"`) && has(`"claims"`):
		return "wikidata"
	case has(`"persons"`) || has(`"organizations"`):
		return "popolo"
	case strings.HasSuffix(base, ".tsv"):
		return "tsv"
	case strings.HasSuffix(base, ".csv"):
		return "csv"
	case strings.HasSuffix(base, ".jsonl"), strings.HasSuffix(base, ".ndjson"), has(`{"entity"`), has(`{"position"`), has(`{"override"`):
		return "jsonl"
	}
	return ""
}

// admits reports whether names in the language are wanted.
func (o *Options) admits(language string) bool {
	if len(o.Languages) == 0 || language == "" || language == "mul" {
		return true
	}
	primary, _, _ := strings.Cut(strings.ReplaceAll(language, "_", "-"), "-")
	return slices.ContainsFunc(o.Languages, func(l string) bool { return strings.EqualFold(l, primary) || strings.EqualFold(l, language) })
}

// wants reports whether entities of the kind are wanted.
func (o *Options) wants(k fact.Kind) bool { return len(o.Kinds) == 0 || slices.Contains(o.Kinds, k) }

// once tells which things come for the first time. It admits one more than a list
// of a row may have, so that a row with too many is rejected for that and takes
// no more memory.
type once[T comparable] struct {
	seen map[T]struct{}
}

func (o *once[T]) first(x T) bool {
	if _, had := o.seen[x]; had || len(o.seen) > table.MaxList {
		return false
	}
	if o.seen == nil {
		o.seen = make(map[T]struct{})
	}
	o.seen[x] = struct{}{}
	return true
}

// names collects the names of one entity without repeating any.
type names struct {
	list []fact.Name
	// given is made once there are many.
	given once[fact.Name]
}

// trim takes off the ends of a text what is not seen there: spaces, and the marks
// of direction that copying from a page leaves behind. Within a text such marks
// stay, and the row is rejected where they would hide how it reads.
func trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || r >= 0x200b && r <= 0x200f && r != 0x200c && r != 0x200d ||
			r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfeff
	})
}

func (n *names) add(text, language string, kind fact.NameKind) { n.dated(text, language, kind, 0, 0) }

func (n *names) dated(text, language string, kind fact.NameKind, from, to fact.Date) {
	text = strings.Join(strings.Fields(trim(text)), " ")
	if text == "" {
		return
	}
	key := fact.Name{Text: text, Language: language, From: from, To: to} // whatever its kind
	if len(n.list) < few {
		for _, x := range n.list {
			if x.Kind = 0; x == key {
				return
			}
		}
	} else {
		if n.given.seen == nil {
			for _, x := range n.list {
				x.Kind = 0
				n.given.first(x)
			}
		}
		if !n.given.first(key) {
			return
		}
	}
	key.Kind = kind
	n.list = append(n.list, key)
}

// slug makes an ID of a text: lower case, hyphens for all that is neither letter
// nor digit.
func slug(s string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(s) {
		letter := r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r >= 0xc0
		if !letter {
			gap = b.Len() > 0
			continue
		}
		if gap {
			b.WriteByte('-')
			gap = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// flip turns "SURNAME, Given" into "Given SURNAME"; other names stay.
func flip(s string) string {
	surname, given, ok := strings.Cut(s, ",")
	if surname, given = strings.TrimSpace(surname), strings.TrimSpace(given); !ok || given == "" || strings.Contains(given, ",") {
		return s
	}
	return given + " " + surname
}
