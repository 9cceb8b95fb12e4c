package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// authority signs certificates of a test's own into a directory.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t, dir: t.TempDir()}
	a.cert, a.key = a.issue("ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

func (a *authority) path(name string) string { return filepath.Join(a.dir, name) }

// issue writes NAME.pem and NAME.key; the first is the authority's own.
func (a *authority) issue(name string, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template.SerialNumber, template.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, by := a.cert, a.key
	if parent == nil {
		parent, by = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		a.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{name + ".pem": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(a.path(file), pem.EncodeToMemory(block), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key
}

// verbs are all that talk to a server, as a reader may use them and as only a
// loader may.
func verbs(t *testing.T) (reading, writing [][]string) {
	rows := write(t, "rows.jsonl", `{"entity":{"id":"x:1","kind":"PERSON","canonical_name":"Brimbax Tolvane"}}`+"\n")
	text := write(t, "text.txt", "Mosca")
	reading = [][]string{
		{"resolve", "Mosca"}, {"explain", "Mosca"}, {"annotate", text}, {"info"}, {"versions"}, {"list", "--limit", "1"},
		{"overrides"}, {"watch", "--after", "0", "--once"},
		{"export", "--source", "seed", "--out", filepath.Join(t.TempDir(), "out")},
	}
	writing = [][]string{
		{"load", "--source", "x", "--progress", "none", rows}, {"upsert", "--source", "x", rows},
		{"pin", "--source", "x", "Old Fox", "x:1"}, {"deny", "--source", "x", "Mosca", "Q159"}, {"lift", "--source", "x", "Mosca", "Q159"},
		{"delete", "--source", "x", "x:1"}, {"rollback", "--source", "x", "2"},
	}
	return reading, writing
}

// Every verb that talks to a server speaks TLS and shows tokens, and says what is
// missing when the server refuses.
func TestVerbsAtAGuardedServer(t *testing.T) {
	ca := newAuthority(t)
	ca.issue("server", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	tokens := make(map[string]string)
	var callers strings.Builder
	for _, role := range []string{"reader", "loader", "admin"} {
		line, token, _ := invoke(t, "", "token", role, role)
		callers.WriteString(line)
		tokens[role] = strings.TrimSpace(token)
	}
	address := startServer(t, "--data-dir", t.TempDir(), "--tls-cert", ca.path("server.pem"), "--tls-key", ca.path("server.key"),
		"--callers", write(t, "callers", callers.String()))
	reading, writing := verbs(t)
	encrypted := []string{"--addr", address, "--tls-ca", ca.path("ca.pem")}
	shown := func(role string) []string {
		return append(slices.Clone(encrypted), "--token-file", write(t, role, tokens[role]+"\n"))
	}
	check := func(verb, flags []string, variables map[string]string, code int, says ...string) {
		t.Helper()
		_, stderr, got := invokeWith(t.Context(), variables, "", append(slices.Clone(verb), flags...)...)
		for _, says := range says {
			if !strings.Contains(stderr, says) {
				t.Errorf("%v %v: %q does not say %q", verb, flags[2:], stderr, says)
			}
		}
		if got != code {
			t.Errorf("%v %v: exit %d, want %d: %s", verb, flags[2:], got, code, stderr)
		}
	}
	for _, verb := range append(slices.Clone(reading), writing...) {
		if verb[0] != "load" { // which waits and tries again
			check(verb, []string{"--addr", address}, nil, exitFailed, "Unavailable", "--tls-ca")
		}
		check(verb, encrypted, nil, exitFailed, "Unauthenticated", "--token-file", tokenVariable)
	}
	check(reading[0], encrypted, map[string]string{tokenVariable: "wrong"}, exitFailed, "Unauthenticated")
	check(reading[0], encrypted, map[string]string{tokenVariable: tokens["reader"]}, exitOK)
	for _, verb := range reading {
		check(verb, shown("reader"), nil, exitOK)
	}
	for _, verb := range writing[2:4] {
		check(verb, shown("loader"), nil, exitFailed, "PermissionDenied", "role")
	}
	for _, verb := range writing {
		check(verb, shown("reader"), nil, exitFailed, "PermissionDenied", "role")
		check(verb, shown("admin"), nil, exitOK)
	}
}

func TestVerbsShowACertificate(t *testing.T) {
	ca := newAuthority(t)
	ca.issue("server", &x509.Certificate{DNSNames: []string{"onoma.example"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	ca.issue("desk", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	address := startServer(t, "--tls-cert", ca.path("server.pem"), "--tls-key", ca.path("server.key"), "--tls-client-ca", ca.path("ca.pem"))
	known := []string{"resolve", "Mosca", "--addr", address, "--tls-ca", ca.path("ca.pem"), "--tls-server-name", "onoma.example"}
	if stdout, stderr, code := invoke(t, "", append(slices.Clone(known), "--client-cert", ca.path("desk.pem"), "--client-key", ca.path("desk.key"))...); code != exitOK || !strings.Contains(stdout, "Q159") {
		t.Errorf("with a certificate: exit %d, %s", code, stderr)
	}
	if _, stderr, code := invoke(t, "", known...); code != exitFailed || !strings.Contains(stderr, "--client-cert") {
		t.Errorf("without one: exit %d, %s", code, stderr)
	}
	if _, stderr, code := invoke(t, "", "resolve", "Mosca", "--addr", address, "--tls"); code != exitFailed || !strings.Contains(stderr, "certificate") {
		t.Errorf("of an authority that the system does not know: exit %d, %s", code, stderr)
	}
}

func TestServerFlagsAreChecked(t *testing.T) {
	plain := startServer(t)
	for _, c := range []struct {
		args      []string
		variables map[string]string
		code      int
		says      string
	}{
		{[]string{"--addr", "192.0.2.1:7411"}, map[string]string{tokenVariable: "secret"}, exitUsage, "in the clear"},
		{[]string{"--addr", plain}, map[string]string{tokenVariable: "two words"}, exitFailed, tokenVariable},
		{[]string{"--addr", plain, "--token-file", "none"}, nil, exitFailed, "open none"},
		{[]string{"--addr", plain, "--token-file", os.DevNull}, nil, exitFailed, "is empty"},
		{[]string{"--addr", plain, "--token", "secret"}, nil, exitUsage, "unknown flag"},
		{[]string{"--addr", plain, "--tls-ca", "none"}, nil, exitFailed, "--tls-ca: open none"},
		{[]string{"--addr", plain, "--tls-ca", write(t, "empty", "x")}, nil, exitFailed, "holds no certificate"},
		{[]string{"--addr", plain, "--client-cert", "x"}, nil, exitUsage, "--client-key"},
		{[]string{"--addr", plain, "--client-cert", "none", "--client-key", "none"}, nil, exitFailed, "open none"},
		{[]string{"--addr", plain, "--tls"}, nil, exitFailed, "speaks no TLS"},
		{[]string{"--addr", plain}, nil, exitOK, ""},
	} {
		_, stderr, code := invokeWith(t.Context(), c.variables, "", append([]string{"resolve", "Mosca"}, c.args...)...)
		if code != c.code || !strings.Contains(stderr, c.says) || strings.Contains(stderr, "two words") {
			t.Errorf("%v: exit %d, want %d; %q does not say %q", c.args, code, c.code, stderr, c.says)
		}
	}
}
