package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTokenLetsItsBearerIn(t *testing.T) {
	line, token, code := invoke(t, "", "token", "news", "reader")
	if code != exitOK || strings.Contains(line, strings.TrimSpace(token)) {
		t.Fatalf("exit %d, %q", code, line)
	}
	file := filepath.Join(t.TempDir(), "callers")
	if err := os.WriteFile(file, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	// Without the token nothing is answered.
	address := startServer(t, "--callers", file)
	_, stderr, code := invoke(t, "", "resolve", "--addr", address, "Mosca")
	if code != exitFailed || !strings.Contains(stderr, "Unauthenticated") {
		t.Errorf("without a token: exit %d, %q", code, stderr)
	}
}

func TestOpenServersAreRefused(t *testing.T) {
	dir := t.TempDir()
	callers := filepath.Join(dir, "callers")
	line, _, _ := invoke(t, "", "token", "news", "reader")
	if err := os.WriteFile(callers, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--listen", "0.0.0.0:0"}, exitUsage, "--insecure"},
		{[]string{"--listen", ":0"}, exitUsage, "--insecure"},
		{[]string{"--listen", "[::]:0"}, exitUsage, "--insecure"},
		{[]string{"--listen", "0.0.0.0:0", "--callers", callers}, exitUsage, "--insecure"}, // tokens in the clear
		{[]string{"--listen", "0.0.0.0:0", "--tls-cert", "x", "--tls-key", "y"}, exitUsage, "--insecure"},
		{[]string{"--tls-cert", "x"}, exitUsage, "--tls-key"},
		{[]string{"--tls-client-ca", "x"}, exitUsage, "--tls-cert"},
		{[]string{"--tls-cert", "none", "--tls-key", "none"}, exitFailed, "certificates: open none"},
		{[]string{"--callers", filepath.Join(dir, "none")}, exitFailed, "callers: open"},
	} {
		_, stderr, code := invoke(t, "", append([]string{"serve"}, c.args...)...)
		if code != c.code || !strings.Contains(stderr, c.says) {
			t.Errorf("serve %v: exit %d, want %d; %q does not say %q", c.args, code, c.code, stderr, c.says)
		}
	}
	if _, stderr, code := invoke(t, "", "token", "news", "boss"); code != exitUsage || !strings.Contains(stderr, "no role") {
		t.Errorf("token of no role: exit %d, %q", code, stderr)
	}
}
