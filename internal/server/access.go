package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"
	"sync/atomic"

	"google.golang.org/grpc/credentials"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionalpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"

	"onoma/internal/telemetry"

	onomav1 "onoma/proto/onoma/v1"
)

// needs is the least role for each method. A method that is not named here is
// for nobody: one that is forgotten stays closed.
var needs = map[string]Role{
	healthpb.Health_Check_FullMethodName: Nobody,
	healthpb.Health_Watch_FullMethodName: Nobody,
	healthpb.Health_List_FullMethodName:  Nobody,

	reflectionpb.ServerReflection_ServerReflectionInfo_FullMethodName:    Reader,
	reflectionalpha.ServerReflection_ServerReflectionInfo_FullMethodName: Reader,

	onomav1.ResolverService_Resolve_FullMethodName:          Reader,
	onomav1.ResolverService_BatchResolve_FullMethodName:     Reader,
	onomav1.ResolverService_StreamResolve_FullMethodName:    Reader,
	onomav1.ResolverService_Annotate_FullMethodName:         Reader,
	onomav1.ResolverService_StreamAnnotate_FullMethodName:   Reader,
	onomav1.ResolverService_Explain_FullMethodName:          Reader,
	onomav1.ResolverService_GetEntity_FullMethodName:        Reader,
	onomav1.ResolverService_BatchGetEntities_FullMethodName: Reader,
	onomav1.ResolverService_SearchEntities_FullMethodName:   Reader,

	onomav1.AliasService_ListEntities_FullMethodName:   Reader,
	onomav1.AliasService_ExportEntities_FullMethodName: Reader,
	onomav1.AliasService_ListVersions_FullMethodName:   Reader,
	onomav1.AliasService_GetTableInfo_FullMethodName:   Reader,
	onomav1.AliasService_WatchTable_FullMethodName:     Reader,

	onomav1.AliasService_LoadEntities_FullMethodName:   Loader,
	onomav1.AliasService_UpsertEntities_FullMethodName: Loader,
	onomav1.AliasService_DeleteEntities_FullMethodName: Loader,
	onomav1.AliasService_SetOverrides_FullMethodName:   Admin,
	onomav1.AliasService_Rollback_FullMethodName:       Admin,
}

// AccessOptions say who may call.
type AccessOptions struct {
	// File of callers, as [ParseCallers] reads it; empty knows none by name.
	File string
	// Anonymous is the role of those who show no credential, Certified of those
	// whose certificate is verified but not in the file.
	Anonymous, Certified Role
	// Rate bounds the queries a second of each address without a quota of its
	// own, Burst what it may ask at once; 0 has no bound.
	Rate, Burst float64
}

// Access decides who may call what, and how often.
type Access struct {
	options AccessOptions
	callers atomic.Pointer[Callers]
	read    []byte // of the file, by the one goroutine that reloads
	peers   peers
	anyone  *caller // without credential and without quota
}

// NewAccess reads the file of callers.
func NewAccess(o AccessOptions) (*Access, error) {
	a := &Access{options: o, peers: peers{rate: o.Rate, burst: max(o.Burst, 1)}, anyone: &caller{name: "anonymous", role: o.Anonymous}}
	if _, err := a.Reload(); err != nil {
		return nil, err
	}
	return a, nil
}

// Reload reads the file of callers again and reports whether it had changed.
// After an error the callers stay who they were. It is not for concurrent use.
func (a *Access) Reload() (changed bool, err error) {
	if a.options.File == "" {
		return false, nil
	}
	text, err := os.ReadFile(a.options.File)
	if err != nil {
		return false, fmt.Errorf("callers: %w", err)
	}
	if a.callers.Load() != nil && bytes.Equal(text, a.read) {
		return false, nil
	}
	callers, err := ParseCallers(text)
	if err != nil {
		return false, fmt.Errorf("callers: %s: %w", a.options.File, err)
	}
	callers.keepQuotas(a.callers.Load())
	a.callers.Store(callers)
	a.read = text
	return true, nil
}

// check finds out who calls and whether they may call the method and ask for n
// queries now.
func (a *Access) check(ctx context.Context, method string, n int, m *telemetry.Metrics) (*caller, error) {
	who, err := a.who(ctx)
	need, known := needs[method]
	switch {
	case known && need == Nobody:
		return who, nil
	case err != nil:
		m.Refused(telemetry.RefusedUnauthenticated)
		return nil, err
	case !known || who.role < need:
		if who.role == Nobody {
			m.Refused(telemetry.RefusedUnauthenticated)
			return nil, &unauthenticatedError{"a bearer token is required"}
		}
		m.Refused(telemetry.RefusedRole)
		return nil, &roleError{caller: who.name, has: who.role, method: method, needs: need}
	}
	if wait := who.quota.take(n); wait > 0 {
		m.Refused(telemetry.RefusedQuota)
		return nil, &quotaError{caller: who.name, asked: n, wait: wait}
	}
	return who, nil
}

// who tells the caller by the token, else by the certificate.
func (a *Access) who(ctx context.Context) (*caller, error) {
	from, _ := peer.FromContext(ctx)
	callers := a.callers.Load()
	if values := metadata.ValueFromIncomingContext(ctx, "authorization"); len(values) > 0 {
		return callers.withToken(values)
	}
	certificate := verified(from)
	if certificate != nil {
		if who := callers.withCertificate(certificate); who != nil {
			return who, nil
		}
	}
	if certificate == nil && a.peers.rate <= 0 {
		return a.anyone, nil
	}
	who := &caller{name: "anonymous", role: a.options.Anonymous}
	if certificate != nil && a.options.Certified > who.role {
		who.name, who.role = certificate.Subject.CommonName, a.options.Certified
	}
	if a.peers.rate > 0 && from != nil {
		who.quota = a.peers.of(host(from.Addr))
	}
	return who, nil
}

func (c *Callers) withToken(values []string) (*caller, error) {
	scheme, token, _ := strings.Cut(values[0], " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "bearer") || token == "" {
		return nil, &unauthenticatedError{"authorization is not one bearer token"}
	}
	// The sum is compared by a map: what its timing tells is of the sum, from
	// which no token can be made.
	if c != nil {
		if who := c.byToken[sha256.Sum256([]byte(token))]; who != nil {
			return who, nil
		}
	}
	return nil, &unauthenticatedError{"the bearer token is not known"}
}

func (c *Callers) withCertificate(certificate *x509.Certificate) *caller {
	if c == nil {
		return nil
	}
	names := certificate.DNSNames
	if len(names) == 0 {
		names = []string{certificate.Subject.CommonName}
	}
	for _, name := range names {
		if who := c.byName[name]; who != nil {
			return who
		}
	}
	return nil
}

// verified returns the peer's certificate, if the handshake verified one.
func verified(from *peer.Peer) *x509.Certificate {
	if from == nil {
		return nil
	}
	info, ok := from.AuthInfo.(credentials.TLSInfo)
	if !ok || len(info.State.VerifiedChains) == 0 {
		return nil
	}
	return info.State.VerifiedChains[0][0]
}

func host(address net.Addr) string {
	if tcp, ok := address.(*net.TCPAddr); ok {
		return tcp.IP.String()
	}
	return address.String()
}

// queriesOf counts what a request costs of a quota.
func queriesOf(request any) int {
	switch r := request.(type) {
	case interface{ GetQueries() []*onomav1.Query }:
		return max(len(r.GetQueries()), 1)
	case *onomav1.BatchGetEntitiesRequest:
		return max(len(r.EntityIds), 1)
	}
	return 1
}
