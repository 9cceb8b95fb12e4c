package server

import "time"

// The limits of the contract. Each is stated in the .proto comment of the field
// it bounds, and named in the error of a request that exceeds it.
const (
	maxNameBytes        = 1024
	maxContextBytes     = 65_536
	maxCoMentions       = 100
	maxCountries        = 32
	maxCandidates       = 100
	maxBatchQueries     = 10_000
	maxStreamQueries    = 1_000
	maxBatchEntities    = 1_000
	maxSearchHits       = 100
	defaultSearchHits   = 10
	maxPageSize         = 1_000
	defaultPageSize     = 50
	maxIDBytes          = 256
	maxCorrelationBytes = 256
	maxLanguageBytes    = 64
	maxLanguages        = 100
)

// Limits bound what one client can ask of the transport. gRPC's own defaults
// leave streams, headers and connection age without a bound.
type Limits struct {
	// MaxRequestBytes bounds one message.
	MaxRequestBytes int
	// MaxResponseBytes bounds one answer; a batch of full views can be large.
	MaxResponseBytes int
	// MaxHeaderBytes bounds the metadata of one call.
	MaxHeaderBytes uint32
	// MaxStreams bounds the calls under way on one connection.
	MaxStreams uint32
	// MaxConnectionAge closes connections gently, so that clients spread over
	// replicas that came later. Calls under way have MaxConnectionAgeGrace to finish.
	MaxConnectionAge, MaxConnectionAgeGrace time.Duration
	// MaxConnectionIdle closes connections without calls.
	MaxConnectionIdle time.Duration
	// Keepalive is how often a silent connection is probed, KeepaliveTimeout how
	// long an answer may take, MinPing the least interval of a client's own probes.
	Keepalive, KeepaliveTimeout, MinPing time.Duration
	// HandshakeTimeout bounds the set-up of a connection.
	HandshakeTimeout time.Duration
}

// DefaultLimits are the limits of a server that was told nothing else.
func DefaultLimits() Limits {
	return Limits{
		MaxRequestBytes:       4 << 20,
		MaxResponseBytes:      64 << 20,
		MaxHeaderBytes:        16 << 10,
		MaxStreams:            1000,
		MaxConnectionAge:      30 * time.Minute,
		MaxConnectionAgeGrace: time.Minute,
		MaxConnectionIdle:     15 * time.Minute,
		Keepalive:             time.Minute,
		KeepaliveTimeout:      20 * time.Second,
		MinPing:               10 * time.Second,
		HandshakeTimeout:      10 * time.Second,
	}
}
