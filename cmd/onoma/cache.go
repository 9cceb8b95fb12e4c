package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/pflag"

	"onoma/cache"
)

// caching are the flags of the cache.
type caching struct {
	bytes            uint64
	ttl, negativeTTL time.Duration
	budget           time.Duration
	redis            cache.Address
	prefix           string
	tls              bool
	caFile           string
	passwordFile     string
	sentinelFile     string
	secretFile       string
}

func (c *caching) flags(flags *pflag.FlagSet) {
	flags.Uint64Var(&c.bytes, "cache-bytes", 64<<20, "bytes of dear answers to keep in the process; 0 keeps none, not in Redis either")
	flags.DurationVar(&c.ttl, "cache-ttl", time.Hour, "how long answers are kept, a tenth more or less")
	flags.DurationVar(&c.negativeTTL, "cache-negative-ttl", 5*time.Minute, "how long answers that found nothing are kept")
	flags.DurationVar(&c.budget, "cache-budget", 5*time.Millisecond, "longest wait for Redis")
	flags.StringVar(&c.prefix, "cache-prefix", "onoma:", "prefix of the keys in Redis")
	flags.StringVar(&c.secretFile, "cache-secret-file", "", "`FILE` of the secret that signs what is kept in Redis; all replicas share it")
	flags.StringSliceVar(&c.redis.Hosts, "redis", nil, "`HOST:PORT` of Redis or Valkey; several of a cluster or of sentinels, with commas; none by default")
	flags.StringVar(&c.redis.Master, "redis-master", "", "`NAME` that the sentinels watch; --redis then lists sentinels")
	flags.BoolVar(&c.redis.Cluster, "redis-cluster", false, "--redis is a cluster although it names one host")
	flags.StringVar(&c.redis.Username, "redis-username", "", "ACL user of Redis")
	flags.StringVar(&c.passwordFile, "redis-password-file", "", "`FILE` of the password of Redis")
	flags.StringVar(&c.sentinelFile, "redis-sentinel-password-file", "", "`FILE` of the password of the sentinels")
	flags.IntVar(&c.redis.Database, "redis-database", 0, "database number of Redis")
	flags.BoolVar(&c.tls, "redis-tls", false, "speak TLS with Redis")
	flags.StringVar(&c.caFile, "redis-ca", "", "`FILE` of the authorities that Redis's certificate must be signed by, PEM; the system's by default")
}

// open returns the cache, or nil when it is off, and what identifies the program
// to those who share it.
func (c *caching) open() (_ *cache.Cache, program string, err error) {
	o, err := c.options()
	if err != nil || c.bytes == 0 {
		return nil, "", err
	}
	if o.Redis != nil {
		if program, err = programSum(); err != nil {
			return nil, "", err
		}
	}
	made, err := cache.New(o)
	return made, program, err
}

func (c *caching) options() (o cache.Options, err error) {
	o = cache.Options{Bytes: c.bytes, TTL: c.ttl, NegativeTTL: c.negativeTTL, Prefix: c.prefix, Budget: c.budget}
	if len(c.redis.Hosts) > 0 {
		secrets := []struct {
			file string
			to   *string
		}{{c.passwordFile, &c.redis.Password}, {c.sentinelFile, &c.redis.SentinelPassword}}
		for _, s := range secrets {
			text, err := secretFrom(s.file)
			if err != nil {
				return o, err
			}
			*s.to = string(text)
		}
		if o.Secret, err = secretFrom(c.secretFile); err != nil {
			return o, err
		}
		if c.tls || c.caFile != "" {
			if c.redis.TLS, err = redisTLS(c.caFile); err != nil {
				return o, err
			}
		}
		cache.Quieten()
		o.Redis = cache.Dial(c.redis)
	} else if c.redis.Master != "" || c.redis.Cluster || c.tls || c.passwordFile != "" {
		return o, &usageError{errors.New("flags of Redis without --redis")}
	}
	return o, nil
}

// secretFrom reads a secret and leaves off the end of its line.
func secretFrom(file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	text = bytes.TrimRight(text, "\r\n")
	if len(text) == 0 {
		return nil, fmt.Errorf("secret: %s is empty", file)
	}
	return text, nil
}

func redisTLS(caFile string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile == "" {
		return config, nil
	}
	text, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("--redis-ca: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("--redis-ca: %s holds no certificate", caFile)
	}
	return config, nil
}

// programSum identifies this build, whose answers another's may not be. Versions
// do not: two builds of one working tree have the same.
func programSum() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("this program: %w", err)
	}
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("this program: %w", err)
	}
	defer func() { _ = file.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return "", fmt.Errorf("this program: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
