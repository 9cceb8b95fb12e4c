//go:build drill && !race

package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A disk that is really full, which takes the right to mount one: the load fails
// and says why, the version before goes on answering, and with room again the same
// load works.
func TestDrillDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=200m"); err != nil {
		t.Fatalf("a disk of its own cannot be mounted, which needs root: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	s := serveProcess(t, "--data-dir", dir)
	if out, code := runProgram(t, "load", "--source", "x", "--addr", s.address, "--progress", "none", people(t, 100, "few")); code != exitOK {
		t.Fatal(out)
	}
	// All room but a few pages is taken by something else.
	taken := filepath.Join(dir, "taken")
	f, err := os.Create(taken)
	if err != nil {
		t.Fatal(err)
	}
	for block := make([]byte, 64<<10); err == nil; {
		_, err = f.Write(block)
	}
	f.Truncate(largestFile(t, dir) - 512<<10)
	f.Close()
	load := []string{"load", "--source", "x", "--mode", "replace", "--addr", s.address, "--progress", "none", people(t, 60_000, "many")}
	out, code := runProgram(t, load...)
	if code != exitFailed || !strings.Contains(out, "ResourceExhausted") || !strings.Contains(out, "no room") {
		t.Errorf("a load onto a full disk: exit %d, %s", code, out)
	}
	answersOf(t, s.address, 100, "few")
	if err := os.Remove(taken); err != nil {
		t.Fatal(err)
	}
	if out, code := runProgram(t, load...); code != exitOK || !strings.Contains(out, "published version 3") {
		t.Errorf("with room again: exit %d, %s", code, out)
	}
	s.kill()
	answersOf(t, serveProcess(t, "--data-dir", dir).address, 60_000, "many")
}

// maxDrillMemory is what a load of a hostile file may take, with the built-in
// table in memory beside it.
const maxDrillMemory = 1 << 30

// Files of hundreds of megabytes: what is wrong is said, memory stays bounded.
func TestDrillBigHostileFiles(t *testing.T) {
	data, files := t.TempDir(), t.TempDir()
	if out, code := runProgram(t, "versions", "--data-dir", data); code != exitOK {
		t.Fatal(out)
	}
	repeated := func(n int, text string) func(io.Writer) {
		return func(w io.Writer) {
			block := strings.Repeat(text, 1+(1<<16)/len(text))
			for ; n > 0; n -= len(block) / len(text) {
				io.WriteString(w, block)
			}
		}
	}
	after := func(begin string, then func(io.Writer)) func(io.Writer) {
		return func(w io.Writer) {
			io.WriteString(w, begin)
			then(w)
		}
	}
	for _, c := range []struct {
		what, format, mapping string
		packed                bool
		content               func(io.Writer)
		says                  string
	}{
		{"a line of 500 MB", "jsonl", "", false, repeated(500<<20, "x"), "is longer than 16777216 bytes"},
		{"a gzip bomb of 3 GB", "jsonl", "", true, repeated(3<<30, " "), "is longer than 16777216 bytes"},
		{"a gzip of one line of 700 MB", "ftm", "", true, repeated(700<<20/10, `{"id":"a",`), "is longer than 16777216 bytes"},
		{"an element of 300 MB", "un-xml", "", false, after("<L><INDIVIDUAL><DATAID>", repeated(300<<20, "1")), "an element is longer than"},
		{"elements 100 million deep", "ofac-xml", "", false, repeated(100_000_000, "<a>"), "100 deep"},
		{"persons of nothing", "popolo", "", false, after(`{"persons":[{}`, repeated(20_000_000, ",{}")), "more than 1000000"},
		{"one Popolo person of 20 MB", "popolo", "", false, after(`{"persons":[{"id":"p","other_names":[{}`, after(strings.Repeat(",{}", 7_000_000), repeated(1, "]}]}"))), "the limit of a row"},
		{"one entity of 5 million names", "csv", "id=id; kind=@PLACE; name=name; sorted=@yes", false, after("id,name\n", repeated(5_000_000, "a,N\n")), ""},
		{"a million entities and more, unsorted", "csv", "id=#; kind=@PLACE; name=id", false, after("#,id\n", numberedLines(1_100_000, "%d,N\n")), "sort the file by its IDs"},
		{"a quote over 300 MB", "csv", "", false, after("id,kind,name\na,PLACE,\"", repeated(30_000_000, "b,PLACE,N\n")), "is not comma-separated"},
		{"actors of one code", "phoenix", "", false, repeated(50_000_000, "NAME\n"), ""},
		{"a Wikidata item of 15 MB", "wikidata", "", false, after(`{"id":"Q1","claims":{"P31":[{}`, repeated(5_000_000, ",{}")), "is not JSON of an item"},
	} {
		t.Run(c.what, func(t *testing.T) {
			path := filepath.Join(files, "hostile")
			f, err := os.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			var to io.WriteCloser = f
			if c.packed {
				if to, err = gzip.NewWriterLevel(f, gzip.BestSpeed); err != nil {
					t.Fatal(err)
				}
			}
			c.content(to)
			to.Close()
			f.Close()
			args := []string{"load", "--source", "x", "--data-dir", data, "--dry-run", "--progress", "none", "--format", c.format, path}
			if c.mapping != "" {
				args = append(args, "--map", c.mapping)
			}
			p := program(t, args...)
			out, err := p.CombinedOutput()
			if p.ProcessState == nil {
				t.Fatal(err)
			}
			memory := p.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
			t.Logf("%d MB of memory, %v of processor: %.200s", memory>>20, p.ProcessState.UserTime(), out)
			if !strings.Contains(string(out), c.says) || c.says != "" && p.ProcessState.ExitCode() != exitFailed {
				t.Errorf("exit %d, %.300s; want %q", p.ProcessState.ExitCode(), out, c.says)
			}
			if memory > maxDrillMemory {
				t.Errorf("it took %d MB", memory>>20)
			}
		})
	}
}

func numberedLines(n int, text string) func(io.Writer) {
	return func(w io.Writer) {
		for i := range n {
			fmt.Fprintf(w, text, i)
		}
	}
}
