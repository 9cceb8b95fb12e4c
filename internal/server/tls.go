package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// Certificates are the server's own pair and the authorities whose clients it
// believes, read from files and read again when those change. A pair that is bad
// leaves the old one in place: a rotation gone wrong must not end the service.
type Certificates struct {
	cert, key, clientCA string
	current             atomic.Pointer[tls.Config]
	read                [3][]byte // of the files, by the one goroutine that reloads
	failures            atomic.Int64
}

// NewCertificates reads the files. clientCA may be empty; with it every client
// must show a certificate that one of its authorities signed.
func NewCertificates(cert, key, clientCA string) (*Certificates, error) {
	c := &Certificates{cert: cert, key: key, clientCA: clientCA}
	if _, err := c.Reload(); err != nil {
		return nil, err
	}
	return c, nil
}

// Reload reads the files again and reports whether they had changed. After an
// error the old pair stays. It is not for concurrent use.
func (c *Certificates) Reload() (changed bool, err error) {
	defer func() {
		if err != nil {
			c.failures.Add(1)
			err = fmt.Errorf("certificates: %w", err)
		}
	}()
	var read [3][]byte
	same := c.current.Load() != nil
	for i, file := range [...]string{c.cert, c.key, c.clientCA} {
		if file == "" {
			continue
		}
		if read[i], err = os.ReadFile(file); err != nil {
			return false, err
		}
		same = same && bytes.Equal(read[i], c.read[i])
	}
	if same {
		return false, nil
	}
	pair, err := tls.X509KeyPair(read[0], read[1])
	if err != nil {
		return false, fmt.Errorf("%s and %s: %w", c.cert, c.key, err)
	}
	if now := time.Now(); now.After(pair.Leaf.NotAfter) {
		return false, fmt.Errorf("%s ended on %s", c.cert, pair.Leaf.NotAfter.Format(time.RFC3339))
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2"}}
	if c.clientCA != "" {
		config.ClientCAs, config.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		if !config.ClientCAs.AppendCertsFromPEM(read[2]) {
			return false, fmt.Errorf("%s holds no certificate", c.clientCA)
		}
	}
	c.current.Store(config)
	c.read = read
	return true, nil
}

// Option makes a gRPC server use the certificates. Connections made keep the
// pair that they were made with until they age.
func (c *Certificates) Option() grpc.ServerOption {
	return grpc.Creds(credentials.NewTLS(&tls.Config{
		MinVersion:         tls.VersionTLS12,
		NextProtos:         []string{"h2"},
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.current.Load(), nil },
	}))
}

// NotAfter is when the certificate in use ends.
func (c *Certificates) NotAfter() time.Time {
	return c.current.Load().Certificates[0].Leaf.NotAfter
}

// Collectors show when the certificate ends and how often it could not be read.
func (c *Certificates) Collectors() []prometheus.Collector {
	return []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "onoma_tls_not_after_timestamp_seconds", Help: "When the certificate in use ends.",
		}, func() float64 { return float64(c.NotAfter().Unix()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "onoma_tls_reload_failures_total", Help: "Times that the certificate files were bad and the old pair was kept.",
		}, func() float64 { return float64(c.failures.Load()) }),
	}
}

// A Reloader reads its files again.
type Reloader interface {
	Reload() (changed bool, err error)
}

// Reload reloads until ctx ends, and logs what changed and what is bad. Files
// are read rather than watched: they may be links into a mounted secret, whose
// changes file systems do not tell of.
func Reload(ctx context.Context, every time.Duration, log *slog.Logger, what ...Reloader) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	said := make([]string, len(what))
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for i, r := range what {
			changed, err := r.Reload()
			switch {
			case err != nil && err.Error() != said[i]:
				log.Error("the old ones are kept", "error", err)
				said[i] = err.Error()
			case err == nil:
				said[i] = ""
			}
			if changed {
				log.Info("reloaded", "what", fmt.Sprintf("%T", r))
			}
		}
	}
}
