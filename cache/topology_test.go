package cache_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"onoma/cache"
	"onoma/internal/spawn"
)

// deployment is some servers that are one Redis, and how to reach it.
type deployment struct {
	servers []*redisServer // those with keys
	address cache.Address
}

// alone is one server that speaks TLS.
func alone(t testing.TB) deployment {
	t.Helper()
	s := newRedis(t)
	s.tls = certificate(t, s.Dir)
	cert, key := filepath.Join(s.Dir, "cert"), filepath.Join(s.Dir, "key")
	s.Args = append(s.Args, "--port", "0", "--tls-port", s.Port(), "--tls-auth-clients", "no",
		"--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert)
	s.start()
	return guarded(deployment{[]*redisServer{s}, cache.Address{Hosts: []string{s.Address}, Database: 3, TLS: s.tls}})
}

// guarded lets the cache in as the user of deploy/redis/users.acl, who may do
// what a cache does and no more.
func guarded(d deployment) deployment {
	const password = "drawn for this test"
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(password)))
	for _, s := range d.servers {
		text, err := os.ReadFile("../deploy/redis/users.acl")
		if err != nil {
			s.t.Fatal(err)
		}
		_, rules, ok := strings.Cut(string(text), "\nuser onoma ")
		if !ok {
			s.t.Fatalf("no user onoma in %q", text)
		}
		set := []any{"ACL", "SETUSER", "onoma"}
		for _, rule := range strings.Fields(rules) {
			set = append(set, strings.ReplaceAll(rule, "PASSWORD_SHA256", sum))
		}
		s.command(set...)
	}
	d.address.Username, d.address.Password = "onoma", password
	return d
}

// certificate writes a pair that signs itself into the directory, and returns
// what a client must believe.
func certificate(t testing.TB, dir string) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "redis"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert": {Type: "CERTIFICATE", Bytes: der}, "key": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(cert)
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

// cluster is three servers that share the keys, each followed by as many others.
func cluster(t testing.TB, followers int) deployment {
	t.Helper()
	var d deployment
	create := []string{"--cluster", "create"}
	for range 3 * (1 + followers) {
		s := newRedis(t)
		s.Args = append(s.Args, "--cluster-enabled", "yes", "--cluster-config-file", filepath.Join(s.Dir, "nodes.conf"),
			"--cluster-node-timeout", "1000", "--cluster-port", portOf(spawn.FreeAddress(t)))
		s.start()
		d.servers = append(d.servers, s)
		d.address.Hosts = append(d.address.Hosts, s.Address)
		create = append(create, s.Address)
	}
	create = append(create, "--cluster-replicas", fmt.Sprint(followers), "--cluster-yes")
	if said, err := exec.CommandContext(t.Context(), "redis-cli", create...).CombinedOutput(); err != nil {
		t.Fatalf("redis-cli: %v\n%s", err, said)
	}
	for _, s := range d.servers {
		eventually(t, 20*time.Second, "all know the cluster", func() bool {
			return strings.Contains(s.command("CLUSTER", "INFO"), "cluster_state:ok") &&
				strings.Count(s.command("CLUSTER", "NODES"), "slave ") == 3*followers && s.inStep()
		})
	}
	return guarded(d)
}

// inStep reports whether the server follows nobody, or has all that it follows: a
// follower without all keys is never made a master.
func (s *redisServer) inStep() bool {
	told := s.command("INFO", "replication")
	return strings.Contains(told, "role:master") || strings.Contains(told, "master_link_status:up")
}

// sentinels are three that watch one server and its follower.
func sentinels(t testing.TB) deployment {
	t.Helper()
	master, follower := startRedis(t), newRedis(t)
	follower.Args = append(follower.Args, "--replicaof", "127.0.0.1", master.Port())
	follower.start()
	eventually(t, 20*time.Second, "the follower is in step", follower.inStep)
	d := deployment{[]*redisServer{master, follower}, cache.Address{Master: "onoma"}}
	var watchers []*redisServer
	for range 3 {
		s := newRedis(t)
		file := filepath.Join(s.Dir, "sentinel.conf")
		text := "port " + s.Port() + "\nbind 127.0.0.1\ndir " + s.Dir +
			"\nsentinel monitor onoma 127.0.0.1 " + master.Port() + " 2" +
			"\nsentinel down-after-milliseconds onoma 500\nsentinel failover-timeout onoma 3000\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s.Args, s.Ready = []string{file, "--sentinel"}, "+monitor master"
		s.start()
		watchers = append(watchers, s)
		d.address.Hosts = append(d.address.Hosts, s.Address)
	}
	for _, s := range watchers {
		eventually(t, 20*time.Second, "the sentinels know each other and the follower", func() bool {
			told := s.command("SENTINEL", "MASTER", "onoma")
			return strings.Contains(told, "num-slaves 1") && strings.Contains(told, "num-other-sentinels 2")
		})
	}
	return guarded(d)
}

// TestConformance holds the cache to the same on whatever Redis is deployed: what
// one replica keeps another finds, in few requests, with the lives it asked for.
func TestConformance(t *testing.T) {
	for name, deploy := range map[string]func(testing.TB) deployment{
		"alone":     alone,
		"cluster":   func(t testing.TB) deployment { return cluster(t, 0) },
		"sentinels": sentinels,
	} {
		t.Run(name, func(t *testing.T) {
			d := deploy(t)
			options := func() cache.Options {
				return cache.Options{Redis: cache.Dial(d.address), Budget: 2 * time.Second, TTL: 1000 * time.Second, NegativeTTL: 100 * time.Second}
			}
			one, two := newCache(t, options()), newCache(t, options())
			const n = 210
			for i := range n {
				if err := ask(t.Context(), one, i); err != nil {
					t.Fatal(err)
				}
			}
			eventually(t, 5*time.Second, "all are written", func() bool { return one.Stats().Writes == n })
			var wait sync.WaitGroup
			for i := range n {
				wait.Go(func() {
					if err := ask(t.Context(), two, i); err != nil {
						t.Error(err)
					}
				})
			}
			wait.Wait()
			got := two.Stats()
			if got.FarHits != n || got.FarRequests >= n || got.Errors+got.Timeouts+got.Untrusted > 0 || got.Open {
				t.Errorf("%+v", got)
			}
			long, short := lives(t, d)
			if long != n-n/7 || short != n/7 {
				t.Errorf("%d live long and %d briefly, want %d and %d", long, short, n-n/7, n/7)
			}
		})
	}
}

// lives counts the keys by how long they live.
func lives(t *testing.T, d deployment) (long, short int) {
	t.Helper()
	for _, s := range d.servers {
		if !strings.Contains(s.command("INFO", "replication"), "role:master") {
			continue
		}
		client := redis.NewClient(&redis.Options{Addr: s.Address, TLSConfig: s.tls, DB: d.address.Database})
		keys, err := client.Keys(t.Context(), "onoma:*").Result()
		for _, key := range keys {
			if client.TTL(t.Context(), key).Val() > 500*time.Second {
				long++
			} else {
				short++
			}
		}
		if err = errors.Join(err, client.Close()); err != nil {
			t.Error(err)
		}
	}
	return long, short
}
