package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	onomav1 "onoma/proto/onoma/v1"
)

func TestConfigFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "onoma.yaml")
	config := func(text string) string {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for _, c := range []struct {
		text      string
		variables map[string]string
		args      []string
		code      int
		says      string
	}{
		{text: "listen: 0.0.0.0:0\n", code: exitUsage, says: "--insecure"},
		// The environment outranks the file, the command line both.
		{text: "listen: 0.0.0.0:0\n", variables: map[string]string{"ONOMA_LISTEN": "nowhere"}, code: exitUsage, says: "nowhere"},
		{text: "listen: 0.0.0.0:0\n", variables: map[string]string{"ONOMA_LISTEN": "nowhere"}, args: []string{"--listen", "here"}, code: exitUsage, says: `"here"`},
		{text: "redis: [127.0.0.1:1, 127.0.0.1:2]\nredis-ca: none\n", code: exitFailed, says: "--redis-ca: open none"},
		{text: "# nothing\n\nlisten: x\nsing: loud\n", code: exitUsage, says: `onoma.yaml:4: there is no flag "sing"`},
		{text: "config: other.yaml\n", code: exitUsage, says: `no flag "config"`},
		{text: "rate: many\n", code: exitUsage, says: "onoma.yaml:1: rate: "},
		{text: "listen: {host: x}\n", code: exitUsage, says: "listen is neither a value nor a list"},
		{text: "- listen\n", code: exitUsage, says: "not a list of flags"},
		{text: "rate: 1\nrate: 2\n", code: exitUsage, says: "a second time"},
		{text: "listen: [\n", code: exitUsage, says: "onoma.yaml"},
	} {
		args := append([]string{"serve", "--config", config(c.text)}, c.args...)
		_, stderr, code := invokeWith(t.Context(), c.variables, "", args...)
		if code != c.code || !strings.Contains(stderr, c.says) {
			t.Errorf("%q: exit %d, want %d; %q does not say %q", c.text, code, c.code, stderr, c.says)
		}
	}
	if _, stderr, code := invoke(t, "", "serve", "--config", filepath.Join(t.TempDir(), "none")); code != exitFailed || !strings.Contains(stderr, "--config: open") {
		t.Errorf("no file: exit %d, %q", code, stderr)
	}
	// An empty file sets nothing.
	address := startServer(t, "--config", config("# nothing\n"))
	if _, stderr, code := invoke(t, "", "resolve", "--addr", address, "Mosca"); code != exitOK {
		t.Errorf("exit %d, %q", code, stderr)
	}
}

func TestLimitsThatNobodyCouldLiveWith(t *testing.T) {
	for _, c := range [][2]string{
		{"--max-request-bytes", "1000"}, {"--max-response-bytes", "0"}, {"--max-header-bytes", "10"}, {"--max-streams", "0"},
		{"--max-connection-age", "0"}, {"--max-connection-age-grace", "1ms"}, {"--max-connection-idle", "-1s"},
		{"--keepalive", "0"}, {"--keepalive-timeout", "0"}, {"--min-ping", "0"},
	} {
		_, stderr, code := invoke(t, "", "serve", "--listen", "127.0.0.1:0", c[0], c[1])
		if code != exitUsage || !strings.Contains(stderr, c[0]+" ") || !strings.Contains(stderr, "is less than") {
			t.Errorf("%v: exit %d, %q", c, code, stderr)
		}
	}
	// A limit that is given holds.
	conn, err := grpc.NewClient(startServer(t, "--max-request-bytes", "65536"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	request := new(onomav1.BatchResolveRequest)
	for range 70 {
		request.Queries = append(request.Queries, &onomav1.Query{Name: strings.Repeat("x", 1000)})
	}
	if _, err := onomav1.NewResolverServiceClient(conn).BatchResolve(t.Context(), request); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("a batch over the limit: %v", err)
	}
}
