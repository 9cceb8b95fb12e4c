package main

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"onoma/internal/server"
)

// limitFlags bound what one client can ask of the transport.
type limitFlags struct {
	server.Limits
}

func (l *limitFlags) flags(flags *pflag.FlagSet) {
	l.Limits = server.DefaultLimits()
	flags.IntVar(&l.MaxRequestBytes, "max-request-bytes", l.MaxRequestBytes, "size of one message that comes in")
	flags.IntVar(&l.MaxResponseBytes, "max-response-bytes", l.MaxResponseBytes, "size of one message that goes out; clients have a limit of their own")
	flags.Uint32Var(&l.MaxHeaderBytes, "max-header-bytes", l.MaxHeaderBytes, "size of the metadata of one call")
	flags.Uint32Var(&l.MaxStreams, "max-streams", l.MaxStreams, "calls under way on one connection; further ones wait at the client")
	flags.DurationVar(&l.MaxConnectionAge, "max-connection-age", l.MaxConnectionAge, "a connection is closed gently after this time, a tenth more or less, so that clients find replicas that came later")
	flags.DurationVar(&l.MaxConnectionAgeGrace, "max-connection-age-grace", l.MaxConnectionAgeGrace, "time that its calls then have to finish")
	flags.DurationVar(&l.MaxConnectionIdle, "max-connection-idle", l.MaxConnectionIdle, "a connection without calls is closed after this time")
	flags.DurationVar(&l.Keepalive, "keepalive", l.Keepalive, "a connection that is silent for this time is probed")
	flags.DurationVar(&l.KeepaliveTimeout, "keepalive-timeout", l.KeepaliveTimeout, "a connection whose peer does not answer a probe within this time is closed")
	flags.DurationVar(&l.MinPing, "min-ping", l.MinPing, "a client that probes more often than this is cut off")
}

// The least values: below them a limit would refuse what the contract allows, or
// close connections faster than clients can open them.
const (
	leastMessage = 64 << 10
	leastHeader  = 4 << 10
	leastTime    = time.Second
)

// check refuses limits that no client could live with.
func (l *limitFlags) check() error {
	for _, c := range []struct {
		flag        string
		have, least int64
	}{
		{"max-request-bytes", int64(l.MaxRequestBytes), leastMessage},
		{"max-response-bytes", int64(l.MaxResponseBytes), leastMessage},
		{"max-header-bytes", int64(l.MaxHeaderBytes), leastHeader},
		{"max-streams", int64(l.MaxStreams), 1},
	} {
		if c.have < c.least {
			return &usageError{fmt.Errorf("--%s %d is less than %d", c.flag, c.have, c.least)}
		}
	}
	for _, c := range []struct {
		flag string
		have time.Duration
	}{
		{"max-connection-age", l.MaxConnectionAge}, {"max-connection-age-grace", l.MaxConnectionAgeGrace},
		{"max-connection-idle", l.MaxConnectionIdle}, {"keepalive", l.Keepalive},
		{"keepalive-timeout", l.KeepaliveTimeout}, {"min-ping", l.MinPing},
	} {
		if c.have < leastTime {
			return &usageError{fmt.Errorf("--%s %s is less than %s", c.flag, c.have, leastTime)}
		}
	}
	return nil
}
