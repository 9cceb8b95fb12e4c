//go:build !race

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// A desk's day with the verbs that write a few rows: each says what it did or
// would do, and the verbs that read show it. The same at a server and on a
// directory that the program opens itself.
func TestVerbsOfAFewRows(t *testing.T) {
	t.Run("server", func(t *testing.T) {
		aFewRows(t, "--addr", serveProcess(t, "--data-dir", t.TempDir()).address)
	})
	t.Run("directory", func(t *testing.T) { aFewRows(t, "--data-dir", filepath.Join(t.TempDir(), "data")) })
}

func aFewRows(t *testing.T, where ...string) {
	const (
		fox   = `{"entity":{"id":"desk:1","kind":"PERSON","canonical_name":"Brimbax Tolvane","roles":[{"position_id":"desk:chair","from_date":"2020"}]}}`
		chair = `{"position":{"id":"desk:chair","titles":[{"text":"Chair"}]}}`
		other = `{"entity":{"id":"desk:2","kind":"PLACE","canonical_name":"Tolvane Hill"}}`
	)
	rows := fox + "\n" + chair + "\n" + other + "\n"
	override := `{"override":{"name":"Old Fox","entity_id":"desk:1","action":"PIN"}}`
	for _, c := range []struct {
		stdin string
		args  []string
		code  int
		says  string
	}{
		{rows, []string{"upsert", "--source", "desk", "--dry-run"}, exitOK, "the table stands at version 1: 3 added"},
		{rows, []string{"upsert", "--source", "desk", "--request-id", "a", "--note", "first rows"}, exitOK, "published version 2: 3 added"},
		{rows, []string{"upsert", "--source", "desk", "--request-id", "a", "--note", "first rows"}, exitOK, "done before: version 2: 3 added"},
		{other, []string{"upsert", "--source", "desk", "--request-id", "a"}, exitFailed, "AlreadyExists"},
		{other, []string{"upsert", "--source", "desk"}, exitOK, "nothing to publish; the table stands at version 2"},
		{other, []string{"upsert", "--source", "desk", "--base-version", "1"}, exitFailed, "Aborted"},
		{other + "\n{}\n", []string{"upsert", "--source", "desk"}, exitFailed, "standard input:2: fact"},
		{override, []string{"upsert", "--source", "desk"}, exitFailed, "use onoma pin"},
		{"id,kind,name\ndesk:3,PERSON,\n", []string{"upsert", "--source", "desk", "--format", "csv"}, exitFailed, `standard input:2: canonical_name "" is required`},
		{"{}\n", []string{"upsert", "--source", "desk"}, exitUsage, "give --format"},
		{"", []string{"upsert", "--source", "desk", "--format", "jsonl"}, exitFailed, "no rows"},
		{strings.Repeat(other+"\n", maxWriteItems+1), []string{"upsert", "--source", "desk"}, exitFailed, "standard input:1001: more than 1000 rows"},
		{rows, []string{"upsert"}, exitUsage, "--source is required"},

		{"", []string{"pin", "--source", "desk", "the Old Fox", "desk:1", "Pyongyang", "Q0"}, exitOK, "no entity Q0 yet"},
		{"", []string{"resolve", "The old fox", "--output", "json"}, exitOK, `"entity_id":"desk:1"`},
		{"", []string{"deny", "--source", "desk", "--note", "never meant", "Mosca", "Q159"}, exitOK, "published version 4: 1 added"},
		{"", []string{"deny", "--source", "desk", "Mosca"}, exitUsage, "pairs"},
		{"", []string{"overrides"}, exitOK, "desk    deny    Mosca        Q159    never meant\n"},
		{"", []string{"overrides", "--source", "desk", "--output", "json"}, exitOK, `{"override":{"name":"Mosca","entity_id":"Q159","action":"DENY","note":"never meant"}}` + "\n"},
		{"", []string{"overrides", "--source", "other"}, exitFailed, "NotFound"},
		{"", []string{"lift", "--source", "desk", "mosca", "Q159", "Pyongyang", "Q0"}, exitOK, "published version 5: 0 added, 0 changed, 2 removed"},
		{"", []string{"lift", "--source", "desk", "mosca", "Q159"}, exitOK, "nothing to publish"},

		{"", []string{"delete", "--source", "desk"}, exitUsage, "what to delete"},
		{"", []string{"delete", "--source", "desk", "desk:9"}, exitFailed, "says nothing of"},
		{"", []string{"delete", "--source", "desk", "--position", "desk:chair"}, exitFailed, "still held by"},
		{"", []string{"delete", "--source", "desk", "desk:1", "--position", "desk:chair", "--dry-run"}, exitOK, "removed  desk:1 Brimbax Tolvane"},
		{"", []string{"delete", "--source", "desk", "desk:2", "desk:9", "--allow-missing", "--output", "json"}, exitOK, `"table_version":"6","published":true`},
		{"", []string{"rollback", "--source", "desk", "5", "--base-version", "5"}, exitFailed, "Aborted"},
		{"", []string{"rollback", "--source", "desk", "5", "--base-version", "6"}, exitOK, "published version 7: 1 added"},
		{"", []string{"info"}, exitOK, "source         desk: 2 names of 2 entities"},
		{"", []string{"list", "--kind", "person", "--limit", "0", "--output", "json"}, exitOK, `{"id":"desk:1","kind":"ENTITY_KIND_PERSON","canonical_name":"Brimbax Tolvane",`},
	} {
		// On a directory each call opens the table: what changes nothing is left to
		// the server.
		if where[0] != "--addr" && (c.code != exitOK || c.args[0] == "resolve") {
			continue
		}
		stdout, stderr, code := invoke(t, c.stdin, append(slices.Clone(c.args), where...)...)
		if code != c.code || !strings.Contains(stdout+stderr, c.says) {
			t.Errorf("%v: exit %d, want %d; %.500q does not say %q", c.args, code, c.code, stdout+stderr, c.says)
		}
	}
}

// A list goes on where the one before stopped, and the pages are the whole.
func TestListGoesOn(t *testing.T) {
	address := startServer(t)
	whole, _, _ := invoke(t, "", "list", "--kind", "country", "--limit", "0", "--output", "json")
	var pages strings.Builder
	for page, n := "", 0; ; n++ {
		stdout, stderr, code := invoke(t, "", "list", "--kind", "country", "--limit", "100", "--output", "json", "--addr", address, "--page", page)
		pages.WriteString(stdout)
		more, said := strings.CutPrefix(stderr, "onoma: there are more: --page ")
		if code != exitOK || n > 10 {
			t.Fatalf("page %d: exit %d, %s", n, code, stderr)
		}
		if !said {
			break
		}
		page = strings.TrimSpace(more)
	}
	if pages.String() != whole || strings.Count(whole, "\n") < 190 {
		t.Errorf("the pages have %d lines, the whole %d", strings.Count(pages.String(), "\n"), strings.Count(whole, "\n"))
	}
	for _, args := range [][]string{{"--kind", "planet"}, {"--limit", "-1"}, {"--addr", address, "--data-dir", "x"}} {
		if _, stderr, code := invoke(t, "", append([]string{"list"}, args...)...); code != exitUsage {
			t.Errorf("list %v: exit %d, %s", args, code, stderr)
		}
	}
}

// watched is "onoma watch" as a child process.
type watched struct {
	process *exec.Cmd
	lines   *bufio.Scanner
}

func watch(t *testing.T, args ...string) *watched {
	t.Helper()
	w := &watched{process: program(t, append([]string{"watch", "--output", "json"}, args...)...)}
	out, err := w.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.process.Start(); err != nil {
		t.Fatal(err)
	}
	w.lines = bufio.NewScanner(out)
	return w
}

// version reads the next version that the watch tells of; "" at its end.
func (w *watched) version(t *testing.T) string {
	t.Helper()
	if !w.lines.Scan() {
		return ""
	}
	var v struct{ Version, Source string }
	if err := json.Unmarshal(w.lines.Bytes(), &v); err != nil {
		t.Fatalf("%q: %v", w.lines.Text(), err)
	}
	return v.Version + " of " + v.Source
}

// A watch tells of every version once, across a server that is killed and comes
// back with versions that were published meanwhile, and ends cleanly when told to.
func TestWatchGoesOn(t *testing.T) {
	dir := t.TempDir()
	s := serveProcess(t, "--data-dir", dir)
	publish := func(n int, where ...string) {
		t.Helper()
		row := fmt.Sprintf(`{"entity":{"id":"x:%d","kind":"PERSON","canonical_name":"N"}}`, n)
		if _, stderr, code := invoke(t, row, append([]string{"upsert", "--source", "x"}, where...)...); code != exitOK {
			t.Fatal(stderr)
		}
	}
	w := watch(t, "--addr", s.address, "--after", "1")
	expect := func(want ...string) {
		t.Helper()
		for _, want := range want {
			if got := w.version(t); got != want {
				t.Fatalf("the watch tells of %q, want %q", got, want)
			}
		}
	}
	publish(1, "--addr", s.address)
	publish(2, "--addr", s.address)
	expect("2 of x", "3 of x")
	s.kill()
	publish(3, "--data-dir", dir) // while nobody serves
	s = serveProcess(t, "--data-dir", dir, "--listen", s.address)
	expect("4 of x")
	publish(4, "--addr", s.address)
	expect("5 of x")

	w.process.Process.Signal(syscall.SIGTERM)
	if rest := w.version(t); rest != "" {
		t.Errorf("after its end the watch tells of %q", rest)
	}
	if err := w.process.Wait(); err != nil {
		t.Errorf("a watch that was told to end: %v", err)
	}

	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--addr", s.address, "--after", "3", "--once"}, exitOK, "version 4  upsert of x: 1 added, 0 changed, 0 removed\n"},
		{[]string{"--addr", s.address, "--after", "99"}, exitFailed, "OutOfRange"},
		{[]string{"--addr", s.address, "--heartbeat", "1ms"}, exitFailed, "InvalidArgument"},
		{[]string{"--addr", "127.0.0.1:1"}, exitFailed, "Unavailable"},
		{[]string{"--data-dir", dir}, exitUsage, "watch the server"},
	} {
		stdout, stderr, code := invoke(t, "", append([]string{"watch"}, c.args...)...)
		if code != c.code || !strings.Contains(stdout+stderr, c.says) {
			t.Errorf("watch %v: exit %d, %s%s, want %d and %q", c.args, code, stdout, stderr, c.code, c.says)
		}
	}
}
