package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	onomav1 "onoma/proto/onoma/v1"
)

const sentence = "Pyongyang e Mosca tacciono, dice la Casa Bianca.\n"

func TestAnnotateOutputs(t *testing.T) {
	for _, test := range []struct {
		args []string
		want []string
	}{
		{[]string{"annotate", "--output", "text"}, []string{"[Pyongyang|Q423 METONYMIC] e [Mosca|Q159 METONYMIC] tacciono"}},
		{[]string{"annotate", "--output", "table"}, []string{"Pyongyang", "metonym by Q18808, government", "Casa Bianca", "executive"}},
		{[]string{"annotate", "--output", "json"}, []string{`"file":"standard input"`, `"surface":"Casa Bianca"`, `"language":"it"`}},
		{[]string{"annotate", "--html"}, []string{"<!doctype html>", `<mark class="country metonymic"`, "North Korea (Q423)"}},
		{[]string{"annotate", "--output", "table", "--kind", "person"}, []string{"0 mentions"}},
	} {
		stdout, stderr, code := invoke(t, sentence, append(test.args, "--language", "it", "--as-of", "2024-10-25")...)
		if code != exitOK {
			t.Fatalf("%v: exit code %d: %s", test.args, code, stderr)
		}
		for _, want := range test.want {
			if !strings.Contains(stdout, want) {
				t.Errorf("%v: no %q in\n%s", test.args, want, stdout)
			}
		}
	}
}

func TestAnnotateEscapesHTML(t *testing.T) {
	stdout, _, _ := invoke(t, "<script>alert('Mosca')</script> Mosca", "annotate", "--html")
	if strings.Contains(stdout, "<script") {
		t.Errorf("the page has a script:\n%s", stdout)
	}
}

// Files of a directory are annotated in turn; one that is no text fails alone.
func TestAnnotateFiles(t *testing.T) {
	dir := t.TempDir()
	// Spans of a long file count from its beginning, although it is cut.
	long := strings.Repeat("Niente di nuovo oggi. Nulla.\n\n", 50_000) + sentence
	for name, text := range map[string]string{"a.txt": sentence, "b.txt": "bad \xff byte", "c.txt": long, ".hidden": sentence} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stdout, stderr, code := invoke(t, "", "annotate", "--output", "json", "--language", "it", dir)
	if code != exitFailed || !strings.Contains(stderr, "b.txt") || !strings.Contains(stderr, "not valid UTF-8") {
		t.Errorf("exit code %d, standard error %q", code, stderr)
	}
	found := map[string]int{}
	for line := range strings.Lines(stdout) {
		var document struct {
			File   string
			Result struct {
				Mentions []struct {
					Surface string
					Span    struct {
						ByteStart int `json:"byte_start"`
						ByteEnd   int `json:"byte_end"`
					}
				}
			}
		}
		if err := json.Unmarshal([]byte(line), &document); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(document.File)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range document.Result.Mentions {
			found[filepath.Base(document.File)]++
			if got := string(text[m.Span.ByteStart:m.Span.ByteEnd]); got != m.Surface {
				t.Errorf("%s: the span of %q holds %q", document.File, m.Surface, got)
			}
		}
	}
	if found["a.txt"] != 3 || found["c.txt"] != 3 || len(found) != 2 {
		t.Errorf("mentions by file: %v", found)
	}
}

func TestAnnotateUsage(t *testing.T) {
	if _, stderr, code := invoke(t, "", "annotate", "--kind", "planet"); code != exitUsage || !strings.Contains(stderr, "planet") {
		t.Errorf("exit code %d, standard error %q", code, stderr)
	}
	if _, stderr, code := invoke(t, "", "annotate", "/no/such/file"); code != exitFailed || !strings.Contains(stderr, "/no/such/file") {
		t.Errorf("exit code %d, standard error %q", code, stderr)
	}
}

// JSON output points into a file with numbers of 32 bits, and refuses to where
// they do not reach.
func TestAnnotateHugeFile(t *testing.T) {
	var out strings.Builder
	show := newShow("json", &out)
	found := &onomav1.AnnotateResponse{Mentions: []*onomav1.Mention{{Span: &onomav1.Span{End: 5, ByteEnd: 5}}}}
	if err := show.document("huge.txt", "Mosca", offset{bytes: math.MaxInt32 - documentBytes, runes: 1}, found); err != nil {
		t.Errorf("a place that can be pointed at: %v", err)
	}
	if !strings.Contains(out.String(), fmt.Sprint(math.MaxInt32-documentBytes+5)) {
		t.Errorf("the span is not counted from the beginning of the file: %s", out.String())
	}
	err := show.document("huge.txt", "Mosca", offset{bytes: math.MaxInt32 - documentBytes + 1}, found)
	if err == nil || !strings.Contains(err.Error(), "huge.txt: byte 2146435072") || !strings.Contains(err.Error(), "--output table") {
		t.Errorf("a place past it: %v", err)
	}
}
