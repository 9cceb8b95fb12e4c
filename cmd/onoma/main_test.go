package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	onomav1 "onoma/proto/onoma/v1"
)

// invoke runs the program in this process.
func invoke(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return invokeWith(t.Context(), nil, stdin, args...)
}

func invokeWith(ctx context.Context, variables map[string]string, stdin string, args ...string) (stdout, stderr string, code int) {
	var out, errors bytes.Buffer
	code = run(ctx, args, environment{strings.NewReader(stdin), &out, &errors, func(name string) (string, bool) {
		value, ok := variables[name]
		return value, ok
	}})
	return out.String(), errors.String(), code
}

// serveInBackground runs "onoma serve" and returns what stops it.
func serveInBackground(t *testing.T, log io.Writer, args ...string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, append([]string{"serve"}, args...), environment{strings.NewReader(""), io.Discard, log, func(string) (string, bool) { return "", false }})
	}()
	return func() {
		cancel()
		if code := <-done; code != exitOK {
			t.Errorf("serve exited with %d", code)
		}
	}
}

func TestExitCodes(t *testing.T) {
	for _, test := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"resolve", "Mosca"}, exitOK, ""},
		{[]string{"resolve", "--strict", "Mosca"}, exitOK, ""},
		{[]string{"resolve", "--strict", "Xqzzt Blorb"}, exitUnresolved, ""},
		{[]string{"resolve", "--kind", "planet", "Mosca"}, exitUsage, `"planet" is none of person`},
		{[]string{"resolve", "--reading", "loud", "Mosca"}, exitUsage, `"loud" is none of auto`},
		{[]string{"resolve", "--limit", "many", "Mosca"}, exitUsage, "many"},
		{[]string{"resolve", "--addr", "127.0.0.1:1", "Mosca"}, exitFailed, "Unavailable"},
		{[]string{"explain"}, exitUsage, "accepts between 1 and 2"},
		{[]string{"explain", "Mosca", "Q0"}, exitFailed, `no entity "Q0"`},
		{[]string{"serve", "--listen", "0.0.0.0:0"}, exitUsage, "--insecure"},
		{[]string{"serve", "--listen", "nowhere"}, exitUsage, "HOST:PORT"},
		{[]string{"sing"}, exitUsage, "sing"},
		{[]string{"--help"}, exitOK, ""},
	} {
		_, stderr, code := invoke(t, "", test.args...)
		if code != test.code || !strings.Contains(stderr, test.says) {
			t.Errorf("onoma %s: exit %d, want %d; stderr %q does not say %q", strings.Join(test.args, " "), code, test.code, stderr, test.says)
		}
	}
}

func TestResolveLinesAsJSON(t *testing.T) {
	stdout, stderr, code := invoke(t, "Mosca\r\n\n  \nXqzzt Blorb\nbad\x01name\nPyongyang", "resolve", "--output", "json")
	if code != exitOK {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	var got []string
	for line := range strings.Lines(stdout) {
		var answer struct {
			Name          string
			Result, Error json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &answer); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if answer.Error != nil {
			got = append(got, answer.Name+" error")
			continue
		}
		var result onomav1.ResolveResponse
		if err := protojson.Unmarshal(answer.Result, &result); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		got = append(got, answer.Name+" "+result.Outcome.String())
	}
	want := "Mosca OUTCOME_RESOLVED; Xqzzt Blorb OUTCOME_NO_MATCH; bad\x01name error; Pyongyang OUTCOME_RESOLVED"
	if strings.Join(got, "; ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFlagsFromEnvironment(t *testing.T) {
	stdout, _, code := invokeWith(t.Context(), map[string]string{"ONOMA_READING": "literal"}, "", "resolve", "Mosca")
	if code != exitOK || !strings.Contains(stdout, "Q649") {
		t.Errorf("ONOMA_READING=literal: exit %d, %q", code, stdout)
	}
	stdout, _, _ = invokeWith(t.Context(), map[string]string{"ONOMA_READING": "literal"}, "", "resolve", "--reading", "auto", "Mosca")
	if !strings.Contains(stdout, "Q159") {
		t.Errorf("a flag does not outrank the environment: %q", stdout)
	}
	_, stderr, code := invokeWith(t.Context(), map[string]string{"ONOMA_LIMIT": "x"}, "", "resolve", "Mosca")
	if code != exitUsage || !strings.Contains(stderr, "ONOMA_LIMIT") {
		t.Errorf("ONOMA_LIMIT=x: exit %d, %q", code, stderr)
	}
}

// TestInProcessAndServerAgree asks both for the same.
func TestInProcessAndServerAgree(t *testing.T) {
	address := startServer(t)
	names := []string{"Mosca", "Georgia", "Зеленський", "Xqzzt Blorb", "Kim", "bad\x02name"}
	for _, command := range [][]string{{"resolve", "--output", "json"}, {"resolve"}} {
		alone, _, _ := invoke(t, "", append(command, names...)...)
		served, stderr, code := invoke(t, "", append(append(command, "--addr", address), names...)...)
		if code != exitOK || alone != served {
			t.Errorf("%v: exit %d %s\nin process\n%s\nserved\n%s", command, code, stderr, alone, served)
		}
	}
	alone, _, _ := invoke(t, "", "explain", "Georgia", "Q1428")
	served, _, _ := invoke(t, "", "explain", "--addr", address, "Georgia", "Q1428")
	if alone != served || !strings.Contains(alone, "Q1428 is") {
		t.Errorf("explain\nin process\n%s\nserved\n%s", alone, served)
	}
}
