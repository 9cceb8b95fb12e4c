//go:build drill

package reliability_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"onoma/client"

	onomav1 "onoma/proto/onoma/v1"
)

// authority signs certificates for the files that replicas read theirs from.
type authority struct {
	t      testing.TB
	cert   *x509.Certificate
	key    *ecdsa.PrivateKey
	dir    string
	serial int64
}

// replicaName is what the certificates are for.
const replicaName = "replica.test"

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.cert, a.key = a.sign(&x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	a.renew()
	return a
}

func (a *authority) sign(template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	a.serial++
	template.SerialNumber, template.Subject = big.NewInt(a.serial), pkix.Name{CommonName: replicaName}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := template, key
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key
}

// renew writes a new pair over the old one, the certificate first: for a moment
// the two do not belong together.
func (a *authority) renew() {
	a.t.Helper()
	cert, key := a.sign(&x509.Certificate{DNSNames: []string{replicaName}})
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	a.write("cert", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
	a.write("key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
}

func (a *authority) write(name string, text []byte) {
	a.t.Helper()
	if err := os.WriteFile(filepath.Join(a.dir, name), text, 0o600); err != nil {
		a.t.Fatal(err)
	}
}

func (a *authority) flags() []string {
	return []string{"--tls-cert", filepath.Join(a.dir, "cert"), "--tls-key", filepath.Join(a.dir, "key"), "--reload-interval", "200ms"}
}

// believed is what clients check replicas by.
func (a *authority) believed() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{RootCAs: pool, ServerName: replicaName, MinVersion: tls.VersionTLS12}
}

// shown is the serial number of the certificate that the replica shows now.
func (a *authority) shown(r *replica) int64 {
	config := a.believed()
	config.NextProtos = []string{"h2"}
	conn, err := tls.Dial("tcp", r.address, config) //nolint:noctx // loopback
	if err != nil {
		a.t.Errorf("%s: %v", r.address, err)
		return 0
	}
	defer func() { _ = conn.Close() }()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// rotate renews the pair again and again, and breaks it in between; at each step a
// client that connects anew is served.
func (a *authority) rotate(s *system) {
	for i := range 6 {
		if i%3 == 2 {
			a.write("cert", []byte("not a certificate"))
		} else {
			a.renew()
		}
		<-time.After(500 * time.Millisecond)
		for _, r := range s.replicas {
			c, err := client.New(r.address, client.Options{TLS: a.believed()})
			if err != nil {
				a.t.Error(err)
				continue
			}
			if _, err := c.Resolver.Resolve(a.t.Context(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Mosca"}}); err != nil {
				a.t.Errorf("a client that connects anew: %v", err)
			}
			_ = c.Close()
		}
	}
	a.renew()
}
