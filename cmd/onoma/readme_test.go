package main

import (
	"bytes"
	"flag"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the output of the README's commands anew")

const readme = "../../README.md"

// consoleBlock is a command of the README and what it printed.
var consoleBlock = regexp.MustCompile("(?s)```console\n\\$ ([^\n]*)\n(.*?)```")

// TestREADME runs every console block of the README: onoma in process, grpcurl
// as a child process against a server.
func TestREADME(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	address := startServer(t)
	grpcurl := buildTool(t, "github.com/fullstorydev/grpcurl/cmd/grpcurl")
	ran := 0
	text = consoleBlock.ReplaceAllFunc(text, func(block []byte) []byte {
		m := consoleBlock.FindSubmatch(block)
		command, want := string(m[1]), string(m[2])
		var got string
		switch {
		case strings.HasPrefix(command, "grpcurl "):
			got = shell(t, strings.NewReplacer("grpcurl ", grpcurl+" ", "127.0.0.1:7411", address).Replace(command))
		case strings.HasPrefix(command, "onoma "):
			got = inProcess(t, command)
		default:
			t.Fatalf("README: unknown command %q", command)
		}
		ran++
		if got != want && !*update {
			t.Errorf("README: %s\ngot\n%s\nwant\n%s", command, got, want)
		}
		return []byte("```console\n$ " + command + "\n" + got + "```")
	})
	if ran < 5 {
		t.Errorf("only %d commands were run", ran)
	}
	if *update {
		if err := os.WriteFile(readme, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// loadingGuide's block of commands is one desk's day, on one directory.
const loadingGuide = "../../docs/loading.md"

var sessionBlock = regexp.MustCompile("(?s)```console\n(\\$ .*?)```")

func TestREADMELoadingGuide(t *testing.T) {
	text, err := os.ReadFile(loadingGuide)
	if err != nil {
		t.Fatal(err)
	}
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	rows := `{"entity":{"id":"desk:1","kind":"PERSON","canonical_name":"Brimbax Tolvane","roles":[{"position_id":"desk:chair"}]}}
{"position":{"id":"desk:chair","titles":[{"text":"Chair of the Desk"}]}}
`
	if err := os.WriteFile("desk.jsonl", []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	ran := 0
	wrote := sessionBlock.ReplaceAllFunc(text, func(block []byte) []byte {
		var to strings.Builder
		for line := range strings.Lines(string(sessionBlock.FindSubmatch(block)[1])) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				to.WriteString(line + inProcess(t, strings.TrimSpace(command)))
				ran++
			}
		}
		return []byte("```console\n" + to.String() + "```")
	})
	switch {
	case ran < 5:
		t.Errorf("only %d commands were run", ran)
	case *update:
		t.Chdir(home)
		if err := os.WriteFile(loadingGuide, wrote, 0o644); err != nil {
			t.Fatal(err)
		}
	case !bytes.Equal(wrote, text):
		t.Errorf("docs/loading.md is not what the commands print: go test ./cmd/onoma -run README -update\n%s", sessionBlock.Find(wrote))
	}
}

// buildTool builds a command of the tools module and returns its path.
func buildTool(t *testing.T, pkg string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), filepath.Base(pkg))
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, pkg)
	build.Dir = "../../tools"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", pkg, err, out)
	}
	return binary
}

// shell runs a command line; a failing command is shown with what it printed.
func shell(t *testing.T, command string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "bash", "-c", command).CombinedOutput()
	if err != nil && len(out) == 0 {
		t.Fatalf("%s: %v", command, err)
	}
	return string(out)
}

func inProcess(t *testing.T, command string) string {
	t.Helper()
	var args []string
	for _, m := range regexp.MustCompile(`"([^"]*)"|(\S+)`).FindAllStringSubmatch(command, -1)[1:] {
		args = append(args, m[1]+m[2])
	}
	stdout, stderr, code := invoke(t, "", args...)
	if code != exitOK {
		t.Fatalf("%s: exit %d\n%s", command, code, stderr)
	}
	return stdout
}

// startServer runs "onoma serve" in this process until the test ends.
func startServer(t *testing.T, args ...string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	serving := make(chan struct{})
	stop := serveInBackground(t, &announcer{serving: serving}, append(args, "--listen", address)...)
	t.Cleanup(stop)
	<-serving
	return address
}

// announcer closes serving when the log says that the server serves.
type announcer struct {
	log     bytes.Buffer
	serving chan struct{}
}

func (a *announcer) Write(p []byte) (int, error) {
	if a.serving != nil && bytes.Contains(p, []byte("msg=serving")) {
		close(a.serving)
		a.serving = nil
	}
	return a.log.Write(p)
}
