package main

import (
	"net"
	"strings"
	"testing"
)

func TestHealthAsksTheOperationsListener(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ops := l.Addr().String()
	_ = l.Close()
	if _, stderr, code := invoke(t, "", "health", "--ops", ops); code != exitFailed || !strings.Contains(stderr, "refused") {
		t.Errorf("no server: exit %d, %q", code, stderr)
	}
	startServer(t, "--ops-listen", ops)
	if stdout, stderr, code := invoke(t, "", "health", "--ops", ops); code != exitOK || stdout != "ok\n" {
		t.Errorf("a server: exit %d, %q, %q", code, stdout, stderr)
	}
}

func TestRedisFlags(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--redis-tls"}, exitUsage, "without --redis"},
		{[]string{"--redis", "127.0.0.1:1", "--redis-password-file", "none"}, exitFailed, "secret: open none"},
		{[]string{"--redis", "127.0.0.1:1", "--redis-ca", "none"}, exitFailed, "--redis-ca: open none"},
	} {
		_, stderr, code := invoke(t, "", append([]string{"serve", "--listen", "127.0.0.1:0"}, c.args...)...)
		if code != c.code || !strings.Contains(stderr, c.says) {
			t.Errorf("serve %v: exit %d, want %d; %q does not say %q", c.args, code, c.code, stderr, c.says)
		}
	}
	// A Redis that is not there changes nothing.
	address := startServer(t, "--redis", "127.0.0.1:1")
	if stdout, stderr, code := invoke(t, "", "resolve", "--addr", address, "Mosca"); code != exitOK || !strings.Contains(stdout, "Q159") {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
}
