package source_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"onoma/internal/source"
	"onoma/internal/table"
)

var update = flag.Bool("update", false, "write what the readers give as what they should")

// reads are files of our own writing in each format; what a reader should make of
// them stands beside them.
var reads = []readCase{
	{file: "rows.jsonl", format: "jsonl", guessed: true},
	{file: "sdn.csv", format: "ofac-csv", with: "sdn.alt.csv", guessed: true},
	{file: "sdn.xml", format: "ofac-xml", guessed: true},
	{file: "un.xml", format: "un-xml", guessed: true},
	{file: "made.actors.txt", format: "phoenix", guessed: true},
	{file: "wikidata.json", format: "wikidata", guessed: true},
	{file: "ftm.json", format: "ftm", guessed: true},
	{file: "allCountries.txt", format: "geonames", with: "alternateNamesV2.txt", guessed: true},
	{file: "jrc.txt", format: "jrc"},
	{file: "popolo.json", format: "popolo", guessed: true},
	{file: "records.csv", format: "csv", guessed: true},
	{file: "names.csv", format: "csv", guessed: true,
		mapping: `id="v:"qid; kind=@PLACE; name=name; language=lang; name_kind=kind; external.iso3166-1=iso`},
}

type readCase struct {
	file, format, with, mapping string
	guessed                     bool
}

func open(t testing.TB, name string) *source.Input {
	t.Helper()
	in, err := source.Open(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	return in
}

// told is what a reader gives, a line each: number, row or problem.
func told(format string, in *source.Input, o *source.Options) (string, error) {
	var b strings.Builder
	f, err := source.FormatOf(format)
	if err != nil {
		return "", err
	}
	err = f.Read(in, o, func(line table.Line) error {
		problem := line.Problem
		if problem == nil {
			problem = line.Row.Check()
		}
		fmt.Fprintf(&b, "%d ", line.Number)
		if problem != nil {
			fmt.Fprintf(&b, "rejected %s %q %s: %q %s\n", line.Row.ID(), line.Row.Label(), problem.Field, problem.Value, problem.Reason)
			return nil
		}
		return source.NewWriter(&b).Write(&line.Row)
	})
	return b.String(), err
}

func TestFormats(t *testing.T) {
	for _, r := range reads {
		t.Run(r.file, func(t *testing.T) {
			path := filepath.Join("testdata", r.file)
			in := open(t, path)
			if got := source.Guess(in); r.guessed && got != r.format {
				t.Errorf("taken for %q, want %q", got, r.format)
			}
			got, err := told(r.format, in, r.options(t))
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(path + ".want")
			if *update {
				err = os.WriteFile(path+".want", []byte(got), 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
			if !*update && got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func (r *readCase) options(t testing.TB) *source.Options {
	o := new(source.Options)
	if r.with != "" {
		o.Companions = []*source.Input{open(t, filepath.Join("testdata", r.with))}
	}
	if r.mapping != "" {
		m, err := source.ParseMapping(r.mapping)
		if err != nil {
			t.Fatal(err)
		}
		o.Map = m
	}
	return o
}

// A file of another form than its name says is refused, since a load of nothing may
// empty a source; so is a companion that is no list of aliases.
func TestOtherListsAreRefused(t *testing.T) {
	for _, c := range []struct{ name, text, with, format, says string }{
		{"SDN_ADVANCED.XML", `<?xml version="1.0"?><Sanctions xmlns="http://example.org/ADVANCED_XML"><DistinctParties><DistinctParty FixedRef="36"/></DistinctParties></Sanctions>`, "", "ofac-xml", "advanced form, which is not read: take SDN.XML"},
		{"list.xml", `<CONSOLIDATED_LIST><INDIVIDUALS></INDIVIDUALS></CONSOLIDATED_LIST>`, "", "un-xml", "has none of the elements INDIVIDUAL, ENTITY"},
		{"sdn.csv", `101,"VORENTA",-0- ` + "\n", `101,7,"1 Harbour Road","Vorent","Vorentia",-0- ` + "\n", "ofac-csv", "aliases are in ALT.CSV"},
	} {
		in, err := source.NewInput(c.name, strings.NewReader(c.text), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := source.Guess(in); got != c.format {
			t.Errorf("%s is taken for %q", c.name, got)
		}
		o := new(source.Options)
		if c.with != "" {
			companion, err := source.NewInput("ADD.CSV", strings.NewReader(c.with), nil)
			if err != nil {
				t.Fatal(err)
			}
			o.Companions = []*source.Input{companion}
		}
		if got, err := told(c.format, in, o); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: read as %q, %v; want %q", c.name, got, err, c.says)
		}
	}
}

// What is packed reads as what it packs.
func TestPackedFiles(t *testing.T) {
	plain, err := os.ReadFile("testdata/rows.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/rows.jsonl.want")
	if err != nil {
		t.Fatal(err)
	}
	for name, pack := range map[string]func(io.Writer) io.WriteCloser{
		"gz":  func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"zst": func(w io.Writer) io.WriteCloser { z, _ := zstd.NewWriter(w); return z },
	} {
		var packed bytes.Buffer
		w := pack(&packed)
		w.Write(plain)
		w.Close()
		in, err := source.NewInput("x."+name, bytes.NewReader(packed.Bytes()), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := told("jsonl", in, new(source.Options)); err != nil || got != string(want) {
			t.Errorf("%s: %v, got\n%s", name, err, got)
		}
		// Cut off in the middle it is an error, not a shorter file.
		in, err = source.NewInput("x."+name, bytes.NewReader(packed.Bytes()[:packed.Len()/2]), nil)
		if err == nil {
			_, err = told("jsonl", in, new(source.Options))
		}
		if err == nil {
			t.Errorf("%s cut off: read without an error", name)
		}
	}
}

// endless gives the same byte on and on.
type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	n := min(len(p), e.left)
	e.left -= n
	for i := range p[:n] {
		p[i] = 'x'
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func TestWriterIsReadAgain(t *testing.T) {
	var file bytes.Buffer
	var rows []string
	w := source.NewWriter(&file)
	err := source.NewGenerator(7).Rows(200, func(row table.Row) error {
		rows = append(rows, string(row.Encode(nil)))
		return w.Write(&row)
	})
	if err != nil {
		t.Fatal(err)
	}
	in, err := source.NewInput("x", &file, nil)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := source.FormatOf("jsonl")
	at := 0
	err = f.Read(in, new(source.Options), func(line table.Line) error {
		if line.Problem != nil {
			return line.Problem
		}
		if got := string(line.Row.Encode(nil)); got != rows[at] {
			return errors.New("row " + fmt.Sprint(at) + " came back otherwise")
		}
		at++
		return nil
	})
	if err != nil || at != len(rows) {
		t.Errorf("%d of %d rows, %v", at, len(rows), err)
	}
}

func TestMappings(t *testing.T) {
	for _, bad := range []string{"", "id=a", "kind=@PLACE", "id=a; kind", "id=a; kind=b; colour=c", `id="x; kind=b`} {
		if _, err := source.ParseMapping(bad); err == nil {
			t.Errorf("%q: accepted", bad)
		}
	}
}

// FuzzFormats throws bytes at every reader: none may panic, and what passes the
// checks must survive being written and read again.
func FuzzFormats(f *testing.F) {
	for i, r := range reads {
		body, err := os.ReadFile(filepath.Join("testdata", r.file))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), body)
	}
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		r := reads[int(which)%len(reads)]
		in, err := source.NewInput("fuzz", bytes.NewReader(body), nil)
		if err != nil {
			return
		}
		o := new(source.Options)
		if r.mapping != "" {
			if o.Map, err = source.ParseMapping(r.mapping); err != nil {
				t.Fatal(err)
			}
		}
		format, err := source.FormatOf(r.format)
		if err != nil {
			t.Fatal(err)
		}
		_ = format.Read(in, o, func(line table.Line) error {
			if line.Problem != nil || line.Row.Check() != nil {
				return nil
			}
			var b bytes.Buffer
			if err := source.NewWriter(&b).Write(&line.Row); err != nil || !json.Valid(b.Bytes()) {
				t.Fatalf("a good row does not write: %v", err)
			}
			for _, format := range source.WriterNames() {
				if back := readBack(t, format, written(t, format, []table.Row{line.Row})); format != "tsv" && (len(back) != 1 || !bytes.Equal(back[0].Encode(nil), line.Row.Encode(nil))) {
					t.Fatalf("%s: %+v came back as %+v", format, line.Row, back)
				}
			}
			row, err := table.Decode(line.Row.Key(), "s", line.Row.Encode(nil))
			if err != nil || row.Key() != line.Row.Key() {
				t.Fatalf("a good row does not encode: %v", err)
			}
			return nil
		})
	})
}

// What other data sets call a kind is read as ours, through a mapping.
func TestKindWords(t *testing.T) {
	mapping, err := source.ParseMapping("id=id; kind=type; canonical_name=id")
	if err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]string{"person": "PERSON", "City": "PLACE", "org:party": "ORGANIZATION", "Populated place": "PLACE",
		"dependency": "COUNTRY", "county": "REGION", "airport": "FACILITY", "vessel": "OTHER", "FACILITY": "FACILITY", "planet": "rejected"} {
		in, err := source.NewInput("x.csv", strings.NewReader("id,type\na:1,"+word+"\n"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := told("csv", in, &source.Options{Map: mapping}); err != nil || !strings.Contains(got, want) {
			t.Errorf("%s: %s, %v; want %s", word, got, err, want)
		}
	}
}
