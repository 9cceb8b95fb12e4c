package index_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"onoma/resolver/fact"
	"onoma/resolver/index"
)

func snapshot(t *testing.T) (string, *index.Index, index.Meta) {
	t.Helper()
	var b index.Builder
	for _, e := range []fact.Entity{
		{ID: "Q1", Kind: fact.Place, Canonical: "Peru", Names: []fact.Name{{Text: "Perú", Language: "es", Kind: fact.Primary, Source: "s"}}},
		{ID: "Q2", Kind: fact.Place, Canonical: "Lima", Relations: []fact.Relation{{Type: fact.CapitalOf, Target: "Q1"}}},
	} {
		b.Add(e)
	}
	x, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	meta := index.Meta{Identity: "a table", Version: 7, Published: time.Date(2026, 3, 4, 5, 6, 7, 8000, time.UTC)}
	path := filepath.Join(t.TempDir(), "snapshot")
	if err := index.WriteFile(path, x, meta); err != nil {
		t.Fatal(err)
	}
	return path, x, meta
}

func TestFileIsWhatWasWritten(t *testing.T) {
	path, x, meta := snapshot(t)
	m, err := index.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if m.Meta != meta || !bytes.Equal(m.Index.Bytes(), x.Bytes()) {
		t.Errorf("read %+v and %d bytes, wrote %+v and %d", m.Meta, len(m.Index.Bytes()), meta, len(x.Bytes()))
	}
	if e, _ := m.Index.Find("Q2"); e.Relation(0).Target.Canonical() != "Peru" {
		t.Errorf("Q2 is of %q", e.Relation(0).Target.Canonical())
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// A file of the format before is refused by its number, so that it is built anew.
func TestFileOfAnotherFormatIsRefused(t *testing.T) {
	_, x, _ := snapshot(t)
	old := bytes.Clone(x.Bytes())
	old[8]--
	if _, err := index.Open(old); !errors.Is(err, index.ErrFormat) || !strings.Contains(err.Error(), "format 1") {
		t.Errorf("a file of the format before: %v", err)
	}
}

// Every file that was cut off and every file with one byte changed is refused.
func TestDamagedFilesAreRefused(t *testing.T) {
	path, x, _ := snapshot(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	try := func(what string, at int, content []byte) {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := index.OpenFile(path)
		if err == nil {
			// Padding between sections is under no checksum and means nothing.
			if same := bytes.Equal(m.Index.Bytes(), x.Bytes()); !same && what == "changed" && padding(whole, at) {
				m.Close()
				return
			}
			m.Close()
			t.Fatalf("%s at byte %d of %d: accepted", what, at, len(whole))
		}
		if !errors.Is(err, index.ErrFormat) {
			t.Fatalf("%s at byte %d: %v does not say that it is not an index", what, at, err)
		}
	}
	for at := range whole {
		try("cut off", at, whole[:at])
	}
	for at := range whole {
		changed := bytes.Clone(whole)
		changed[at] ^= 0x10
		try("changed", at, changed)
	}
}

// padding reports whether the byte lies behind the end of a section.
func padding(file []byte, at int) bool {
	const header, entry = 24, 24
	end := 0
	for i := header; i+entry <= len(file); i += entry {
		from := int(file[i]) | int(file[i+1])<<8 | int(file[i+2])<<16
		length := int(file[i+8]) | int(file[i+9])<<8 | int(file[i+10])<<16
		if end > 0 && at >= end && at < from {
			return true
		}
		end = from + length
		if i+entry == int(file[header])|int(file[header+1])<<8 {
			break
		}
	}
	return at >= end && at < (end+7)&^7
}
