package table

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"testing"
)

// A journal tells what has changed since a snapshot that is as old as itself or
// younger, up to the last record that is whole.
func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	key := func(id string) Key { return Key{EntityRow, id} }
	d := newDelta(12)
	d.take(12, []Key{key("a")}, nil)
	j, err := startJournal(path, "table", 10, d)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		from, to int64
		key      Key
	}{{12, 13, key("b")}, {13, 20, Key{PositionRow, "p"}}, {20, 21, Key{OverrideRow, "not noted"}}, {21, 22, key("c")}} {
		if err := j.note(step.from, step.to, []Key{step.key}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		identity string
		version  int64
		want     []Key // nil for none of this snapshot
	}{
		{"table", 10, []Key{key("a"), key("b"), {PositionRow, "p"}, key("c")}},
		{"table", 13, []Key{{PositionRow, "p"}, key("c")}},
		{"table", 22, []Key{}},
		{"table", 23, nil},
		{"table", 9, nil},
		{"another", 10, nil},
	} {
		keys, upTo, j, err := openJournal(path, c.identity, c.version)
		if c.want == nil {
			if !errors.Is(err, errJournal) {
				t.Errorf("%s at %d: %v, want that it has none", c.identity, c.version, err)
			}
			continue
		}
		if err != nil || upTo != 22 || !slices.Equal(keys, c.want) {
			t.Errorf("%s at %d: %v up to %d, %v, want %v up to 22", c.identity, c.version, keys, upTo, err, c.want)
		}
		if err := j.close(); err != nil {
			t.Fatal(err)
		}
	}
}

// FuzzJournal holds that no file makes a journal fail, and that one which is cut off
// gives the keys of its beginning.
func FuzzJournal(f *testing.F) {
	whole := append([]byte(journalMagic), journalRecord(3, 3, []Key{{ID: "table"}})...)
	whole = append(whole, journalRecord(3, 4, []Key{{EntityRow, "a"}, {PositionRow, "b"}})...)
	whole = append(whole, journalRecord(4, 6, []Key{{EntityRow, "c"}})...)
	f.Add(whole, uint8(255))
	f.Add(whole[:len(whole)-3], uint8(20))
	f.Fuzz(func(t *testing.T, file []byte, cut uint8) {
		all, upTo, size, err := readJournal(bytes.NewReader(file), "table", 3)
		if err != nil {
			return
		}
		if upTo < 3 || size > int64(len(file)) {
			t.Fatalf("up to %d, %d bytes of %d", upTo, size, len(file))
		}
		some, _, _, err := readJournal(bytes.NewReader(file[:min(int(cut), len(file))]), "table", 3)
		if err == nil && (len(some) > len(all) || !slices.Equal(some, all[:len(some)])) {
			t.Fatalf("cut off: %v, whole: %v", some, all)
		}
	})
}
