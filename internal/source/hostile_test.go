package source_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"onoma/internal/source"
)

// hostile are files that nobody should be hurt by: what is wrong with them is
// said, and they take no more memory than allocated. Where says stands in what a
// reader tells, good rows around it are taken; where fails does, the file is
// refused.
var hostile = []struct {
	what, format, mapping string
	content               io.Reader
	says, fails           string
}{
	{what: "a line of 100 MB", format: "jsonl", content: lines(&endless{100 << 20}, goodRow), says: `is longer than 16777216 bytes`},
	{what: "a row of 10 MB", format: "jsonl", content: lines(strings.NewReader(`{"entity":{"names":[`+strings.Repeat(`{},`, 10<<20/3)+`{}]}}`), goodRow), says: "the limit of a row is 8388608"},
	{what: "deep JSON", format: "jsonl", content: lines(strings.NewReader(strings.Repeat("[", 1<<20)), goodRow), says: "exceeded max depth"},
	{what: "deep JSON within a row", format: "jsonl", content: lines(strings.NewReader(`{"entity":{"id":`+strings.Repeat(`{"a":`, 1<<20)), goodRow), says: "exceeded max depth"},
	{what: "Latin-1", format: "jsonl", content: lines(strings.NewReader("{\"entity\":{\"id\":\"\xe9\"}}"), goodRow), says: "not valid UTF-8 at byte 17"},
	{what: "half a character", format: "jsonl", content: lines(strings.NewReader("{\"entity\":{\"id\":\"\xd0"), goodRow), says: "not valid UTF-8"},
	{what: "a surrogate", format: "jsonl", content: lines(strings.NewReader(`{"entity":{"id":"a:1","kind":"PLACE","canonical_name":"\ud800\u0000"}}`), goodRow), says: "control character U+0000"},
	{what: "numbers for texts", format: "jsonl", content: lines(strings.NewReader(`{"entity":{"id":7}}`), goodRow), says: "is not JSON of a row"},
	{what: "prominence beyond all", format: "jsonl", content: lines(strings.NewReader(`{"entity":{"id":"a:1","kind":"PLACE","canonical_name":"V","prominence":1e999}}`), goodRow), says: "is not JSON of a row"},
	{what: "an entity of its own past", format: "jsonl", content: lines(strings.NewReader(`{"entity":{"id":"a:1","kind":"PLACE","canonical_name":"V","former_ids":["a:1"]}}`), goodRow), says: "would lead to itself"},

	{what: "a line of 100 MB", format: "wikidata", content: lines(&endless{100 << 20}, `{"id":"Q1"}`), says: "is longer than"},
	{what: "deep JSON", format: "wikidata", content: lines(strings.NewReader(`{"claims":`+strings.Repeat("[", 1<<20)), `{"id":"Q1"}`), says: "exceeded max depth"},
	{what: "a line of 100 MB", format: "ftm", content: lines(&endless{100 << 20}, ""), says: "is longer than"},
	{what: "referents without end", format: "ftm", content: io.MultiReader(strings.NewReader(`{"id":"a:1","caption":"V","schema":"Person","referents":["r"`),
		numbered(150_000, `,"r%d"`), strings.NewReader("]}\n")), says: "items in a list, the limit is 100000"},

	{what: "names without end", format: "jrc", content: numbered(150_000, "1\tP\tu\tName+%d\n"), says: "items in a list, the limit is 100000"},
	{what: "names without end", format: "geonames", content: io.MultiReader(strings.NewReader("1\tA\tA\tx"), numbered(150_000, ",n%d"), strings.NewReader("\t0\t0\tP\tPPL\tIT\n")), says: "items in a list, the limit is 100000"},
	{what: "names without end", format: "phoenix", content: numbered(150_000, "NAME_%d\n"), says: "items in a list, the limit is 100000"},
	{what: "codes without end", format: "phoenix", content: io.MultiReader(strings.NewReader("NAME\n"), numbered(150_000, "\t[A%d]\n")), says: "items in a list, the limit is 100000"},
	{what: "names without end", format: "csv", mapping: "id=id; kind=@PLACE; name=name; role=name; external.x=name; former_id=name; relation.PART_OF=name",
		content: io.MultiReader(strings.NewReader("id,name\n"), numbered(150_000, "a,N%d\n")), says: "items in a list, the limit is 100000"},
	{what: "a sheet's names without end", format: "csv", content: io.MultiReader(strings.NewReader("id,kind,name\n"), numbered(150_000, "a,PLACE,N%d\n")), says: "items in a list, the limit is 100000"},
	{what: "a quote that is never closed", format: "csv", content: io.MultiReader(strings.NewReader("id,kind,name\na,PLACE,\""), numbered(150_000, "b,PLACE,N%d\n")), says: "is not comma-separated"},
	{what: "more columns than the header", format: "tsv", content: strings.NewReader("id\tkind\na\tPLACE\tmore\nb\tPLACE\n"), says: "has 3 columns, the header 2"},
	{what: "NULs further on", format: "tsv", content: strings.NewReader("id\tkind\tcanonical_name\n" + strings.Repeat("# \t\t\n", 200) + "a\tPLACE\tx\x00y\n"), says: "control character U+0000"},

	{what: "memberships without end", format: "popolo", content: io.MultiReader(strings.NewReader(`{"persons":[{"id":"p","name":"P"}],"memberships":[{}`),
		numbered(150_000, `,{"person_id":"p","post_id":"a%d"}`), strings.NewReader("]}")), says: "items in a list, the limit is 100000"},
	{what: "persons without end", format: "popolo", content: io.MultiReader(strings.NewReader(`{"persons":[{}`), numbered(1_000_001, `,{"id":"%d"}`), strings.NewReader("]}")), fails: "more than 1000000"},
	{what: "100 MB", format: "popolo", content: io.MultiReader(strings.NewReader(`{"other":"`), &endless{100 << 20}, strings.NewReader(`"}`)), fails: "holds more than 67108864 bytes"},
	{what: "cut off", format: "popolo", content: strings.NewReader(`{"persons":[{"id":"p"`), fails: "unexpected EOF"},
	{what: "not an object", format: "popolo", content: strings.NewReader(`["persons"]`), fails: "instead of"},
	{what: "deep JSON", format: "popolo", content: strings.NewReader(`{"persons":` + strings.Repeat("[", 1<<20)), fails: "exceeded max depth"},

	{what: "cut off", format: "un-xml", content: strings.NewReader("<CONSOLIDATED_LIST><INDIVIDUALS><INDIVIDUAL><DATAID>1"), fails: "unexpected EOF"},
	{what: "elements in each other", format: "un-xml", content: strings.NewReader(strings.Repeat("<a>", 1<<20)), fails: "more than 100 deep"},
	{what: "elements in each other within an entry", format: "un-xml", content: strings.NewReader("<L><INDIVIDUAL>" + strings.Repeat("<a>", 1<<20)), fails: "un-xml"},
	{what: "an element without end", format: "ofac-xml", content: io.MultiReader(strings.NewReader("<sdnList><sdnEntry><uid>"), &endless{100 << 20}), fails: "an element is longer than 4194304 bytes"},
	{what: "entities that unfold", format: "ofac-xml", content: strings.NewReader(`<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><sdnList><sdnEntry><uid>&b;</uid></sdnEntry></sdnList>`), fails: "invalid character entity"},
	{what: "another encoding", format: "ofac-xml", content: strings.NewReader(`<?xml version="1.0" encoding="ISO-8859-1"?><sdnList></sdnList>`), fails: "ISO-8859-1"},
	{what: "too few columns", format: "ofac-csv", content: strings.NewReader("1,\"NAME\"\n"), says: "has 2 columns, 3 are needed"},
}

const goodRow = `{"entity":{"id":"a:9","kind":"PLACE","canonical_name":"V"}}`

// lines is a hostile line and a good one.
func lines(bad io.Reader, good string) io.Reader {
	return io.MultiReader(bad, strings.NewReader("\n"+good+"\n"))
}

// numbered is a text with the numbers from 0 put into it, one after the other.
func numbered(n int, text string) io.Reader {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, text, i)
	}
	return strings.NewReader(b.String())
}

// allocated is how much a reader may allocate of a hostile file, all in all, which
// bounds what it holds at any time.
const allocated = 1 << 30

func TestHostileFiles(t *testing.T) {
	for _, h := range hostile {
		t.Run(h.format+"/"+h.what, func(t *testing.T) {
			o := new(source.Options)
			if h.mapping != "" {
				m, err := source.ParseMapping(h.mapping)
				if err != nil {
					t.Fatal(err)
				}
				o.Map = m
			}
			in, err := source.NewInput(h.format, h.content, nil)
			if err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got, err := told(h.format, in, o)
			runtime.ReadMemStats(&after)
			if took := after.TotalAlloc - before.TotalAlloc; took > allocated {
				t.Errorf("took %d MB", took>>20)
			}
			switch {
			case h.fails != "" && (err == nil || !strings.Contains(err.Error(), h.fails)):
				t.Errorf("%v, want %q", err, h.fails)
			case h.fails == "" && (err != nil || !strings.Contains(got, h.says)):
				t.Errorf("%v, %.300s; want %q", err, got, h.says)
			case h.format == "jsonl" && !strings.Contains(got, `"a:9"`):
				t.Errorf("the good row is gone: %.300s", got)
			}
		})
	}
}

// A file that is no text, or unpacks without end, is refused whole.
func TestFilesThatAreRefused(t *testing.T) {
	for name, content := range map[string]string{
		"UTF-16LE": "\xff\xfe{\x00", "UTF-16BE": "\xfe\xff\x00{", "UTF-16 without its mark": "{\x00\"\x00", "a program": "\x7fELF\x02\x01\x01\x00",
		"a zip": "PK\x03\x04\x14\x00\x00\x00",
	} {
		if _, err := source.NewInput(name, strings.NewReader(content), nil); err == nil || !strings.Contains(err.Error(), "UTF-16") {
			t.Errorf("%s: %v", name, err)
		}
	}
	var bomb bytes.Buffer
	z, _ := zstd.NewWriter(&bomb)
	io.Copy(z, &endless{600 << 20})
	z.Close()
	in, err := source.NewInput("bomb.zst", bytes.NewReader(bomb.Bytes()), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := told("jsonl", in, new(source.Options)); err == nil || !strings.Contains(err.Error(), "unpacks") {
		t.Errorf("a bomb of %d bytes: %v", bomb.Len(), err)
	}
}
