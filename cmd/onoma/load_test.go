package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// write makes a file of the test's own and returns its path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The life of a source: loaded, changed, listed, exported, rolled back.
func TestLoadExportRollback(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	tsv := write(t, "names.tsv", "id\tname\tlang\nx:1\tBrimbax Tolvane\ten\nx:1\tБримбакс Толване\tru\nx:2\tOther\ten\n")
	onoma := func(want int, args ...string) string {
		t.Helper()
		stdout, stderr, code := invoke(t, "", append(args, "--data-dir", data)...)
		if code != want {
			t.Fatalf("%q exited with %d: %s", args, code, stderr)
		}
		return stdout + stderr
	}
	mapping := "id=id; kind=@PERSON; name=name; language=lang"
	load := []string{"load", "--source", "x", "--mode", "replace", "--progress", "none", "--map", mapping, tsv}
	if got := onoma(exitOK, append(load, "--dry-run")...); !strings.Contains(got, "table stands at version 1: 2 added") {
		t.Errorf("dry run: %s", got)
	}
	if got := onoma(exitOK, load...); !strings.Contains(got, "published version 2: 2 added") {
		t.Errorf("load: %s", got)
	}
	if got := onoma(exitOK, load...); !strings.Contains(got, "nothing to publish; the table stands at version 2") {
		t.Errorf("the same again: %s", got)
	}
	exported := onoma(exitOK, "export", "--source", "x")
	bad := write(t, "bad.jsonl", strings.Replace(exported, "x:2", "has space", 1))
	if got := onoma(exitFailed, "load", "--source", "x", "--progress", "none", bad); !strings.Contains(got, "bad.jsonl: line 2") || !strings.Contains(got, "space") {
		t.Errorf("a bad row: %s", got)
	}
	report := filepath.Join(t.TempDir(), "rejects.jsonl")
	if got := onoma(exitFailed, "load", "--source", "x", "--dry-run", "--rejects", report, "--progress", "none", bad); !strings.Contains(got, "1 rows would not be taken") {
		t.Errorf("a dry run of a bad row: %s", got)
	}
	if text, err := os.ReadFile(report); err != nil || strings.Count(string(text), "\n") != 1 || !strings.Contains(string(text), `"line":2,"id":"has space","field":"id"`) {
		t.Errorf("the report: %s, %v", text, err)
	}
	if got := onoma(exitOK, "load", "--source", "x", "--mode", "replace", "--max-rejections", "1", "--progress", "none", bad); !strings.Contains(got, "published version 3: 0 added, 0 changed, 1 removed") || !strings.Contains(got, "1 rows not taken") {
		t.Errorf("with one rejection admitted: %s", got)
	}
	if got := onoma(exitOK, "rollback", "--source", "x", "2"); !strings.Contains(got, "published version 4: 1 added") {
		t.Errorf("rollback: %s", got)
	}
	if got := onoma(exitOK, "export", "--source", "x"); got != exported {
		t.Errorf("after the rollback the source says\n%s\nbefore it said\n%s", got, exported)
	}
	for _, format := range []string{"csv", "tsv", "jsonl"} {
		file := filepath.Join(t.TempDir(), "x."+format)
		onoma(exitOK, "export", "--source", "x", "--format", format, "--out", file)
		if got := onoma(exitOK, "load", "--source", "x", "--mode", "replace", "--progress", "none", file); !strings.Contains(got, "nothing to publish; the table stands at version 4") {
			t.Errorf("what was exported as %s: %s", format, got)
		}
	}
	if got := onoma(exitOK, "versions", "--source", "x"); strings.Count(got, "\n") != 4 || !strings.Contains(got, "rollback") {
		t.Errorf("versions: %s", got)
	}
	for _, args := range [][]string{{"load", tsv}, {"load", "--source", "x"}, {"load", "--source", "x", "--map", "nonsense", tsv}, {"load", "--source", "x", "--format", "nonsense", tsv}, {"rollback", "--source", "x", "two"}} {
		onoma(exitUsage, args...)
	}
	onoma(exitFailed, "load", "--source", "seed", "--map", mapping, "--progress", "none", tsv)
	onoma(exitFailed, "load", "--source", "x", "--map", mapping, "--progress", "none", tsv+".gone")
	if got := onoma(exitFailed, "load", "--source", "x", "--mode", "replace", "--progress", "none", write(t, "empty.jsonl", "# nothing\n")); !strings.Contains(got, "would empty it") {
		t.Errorf("a source replaced with nothing: %s", got)
	}
}

// What a server is sent over the wire is what it says afterwards, and a second
// process on its directory is refused.
func TestLoadIntoAServer(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	log := make(addressOf, 1)
	stop := serveInBackground(t, log, "--data-dir", data, "--listen", "127.0.0.1:0")
	defer stop()
	addr := <-log
	rows := write(t, "rows.jsonl", `{"entity":{"id":"x:1","kind":"PERSON","canonical_name":"Brimbax Tolvane"}}`+"\nnot a row\n")
	stdout, stderr, code := invoke(t, "", "load", "--source", "x", "--addr", addr, "--max-rejections", "1", "--output", "json", "--progress", "json", rows)
	if code != exitOK || !strings.Contains(stdout, `"rejected_count":"1"`) || !strings.Contains(stdout, `"published":true`) || !strings.Contains(stderr, `"rows":2`) {
		t.Fatalf("load: %d, %s, %s", code, stdout, stderr)
	}
	if got, _, _ := invoke(t, "", "resolve", "--addr", addr, "Brimbax Tolvane"); !strings.Contains(got, "x:1") {
		t.Errorf("resolve: %s", got)
	}
	if got, _, _ := invoke(t, "", "export", "--addr", addr, "--source", "x"); !strings.Contains(got, `"canonical_name":"Brimbax Tolvane"`) {
		t.Errorf("export: %s", got)
	}
	empty := write(t, "empty.jsonl", `{"id":"x:1"}`+"\n") // a row that says nothing
	if _, stderr, code := invoke(t, "", "load", "--source", "x", "--addr", addr, "--progress", "none", empty); code != exitFailed || !strings.Contains(stderr, "line 1") {
		t.Errorf("load of an empty row: %d, %s", code, stderr)
	}
	if _, stderr, code := invoke(t, "", "versions", "--data-dir", data); code != exitFailed || !strings.Contains(stderr, "in use by another process") {
		t.Errorf("a second process on the directory: %d, %s", code, stderr)
	}
}

// Of a server the report lists what could not be read here and what was refused
// there; a dry run reads on where a load would stop.
func TestRejectsReport(t *testing.T) {
	address, _ := keepTable(t)
	rows := write(t, "rows.jsonl", "not a row\n"+`{"entity":{"id":"x:1","kind":"PERSON","canonical_name":"N","relations":[{"type":"PART_OF","target_id":"nowhere"}]}}`+"\n"+
		`{"entity":{"id":"x:2","kind":"PERSON","canonical_name":"M"}}`+"\n")
	report := filepath.Join(t.TempDir(), "rejects.jsonl")
	args := []string{"load", "--source", "x", "--addr", address, "--rejects", report, "--progress", "none", rows}
	for _, c := range []struct {
		more  []string
		code  int
		says  string
		lines int
	}{
		{[]string{"--dry-run"}, exitFailed, "2 rows would not be taken", 2},
		{nil, exitFailed, "1 rows rejected, the limit is 0", 1},
		{[]string{"--max-rejections", "2"}, exitOK, "published version 1: 1 added", 2},
	} {
		stdout, stderr, code := invoke(t, "", append(slices.Clone(args), c.more...)...)
		text, err := os.ReadFile(report)
		if code != c.code || !strings.Contains(stdout+stderr, c.says) || err != nil || strings.Count(string(text), "\n") != c.lines || !strings.Contains(string(text), "is not JSON of a row") {
			t.Errorf("%v: exit %d, %s%s; reported %s, %v", c.more, code, stdout, stderr, text, err)
		}
	}
}

// addressOf takes the address from the log line that says where a server listens.
type addressOf chan string

func (a addressOf) Write(p []byte) (int, error) {
	if _, rest, ok := strings.Cut(string(p), "msg=serving address="); ok {
		address, _, _ := strings.Cut(rest, " ")
		a <- address
	}
	return len(p), nil
}
