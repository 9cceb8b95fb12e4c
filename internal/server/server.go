package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionalpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"

	"onoma/cache"
	"onoma/internal/table"
	"onoma/internal/telemetry"
	"onoma/resolver"

	onomav1 "onoma/proto/onoma/v1"
)

// Options say what a server serves and how. Resolver is required.
type Options struct {
	Resolver *resolver.Resolver
	// Mirror keeps the resolver at the newest version of an authority, which
	// writes go to; nil serves a table that never changes.
	Mirror *table.Mirror
	// Version of the program, for GetTableInfo.
	Version string
	// Logger receives one line for each failed call; nil drops them.
	Logger *slog.Logger
	// Metrics count calls and answers; nil counts nothing.
	Metrics *telemetry.Metrics
	// Tracer records spans of calls; nil records nothing.
	Tracer *telemetry.Tracer
	// Cache keeps answers that cost more to find than to look up; nil keeps none.
	// Program identifies what computes them beside the table, so that replicas of
	// two builds do not take each other's; empty is Version.
	Cache   *cache.Cache
	Program string
	// Access says who may call; nil lets everyone do everything.
	Access *Access
	// Audit receives one line for each call that would change the table; nil
	// sends them to Logger.
	Audit *slog.Logger
	// Admission bounds the work that is done at once.
	Admission AdmissionOptions
	// Limits of the transport; nil for [DefaultLimits].
	Limits *Limits
	// Extra are further options for the gRPC server, such as credentials.
	Extra []grpc.ServerOption
	// Register, when set, adds further services before the server serves.
	Register func(grpc.ServiceRegistrar)
}

// Server is a gRPC server of both services, with health and reflection.
type Server struct {
	grpc      *grpc.Server
	health    *health.Server
	intercept *interceptor
}

// New returns a server that is complete but does not listen yet. Health says
// NOT_SERVING until [Server.Serve].
func New(o Options) (*Server, error) {
	if o.Resolver == nil || o.Resolver.Table() == nil {
		return nil, errors.New("server: a resolver with a table is required")
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	limits := DefaultLimits()
	if o.Limits != nil {
		limits = *o.Limits
	}
	if o.Audit == nil {
		o.Audit = o.Logger
	}
	intercept := &interceptor{
		log: o.Logger, audit: o.Audit, metrics: o.Metrics, tracer: o.Tracer, calls: make(map[string]*telemetry.Call),
		access: o.Access, admission: newAdmission(o.Admission, o.Metrics),
	}
	buffers := new(answerBuffers)
	options := append([]grpc.ServerOption{
		grpc.ForceServerCodecV2(newCodec(buffers)),
		grpc.InTapHandle(arrived),
		grpc.UnaryInterceptor(intercept.unary),
		grpc.StreamInterceptor(intercept.stream),
		grpc.MaxRecvMsgSize(limits.MaxRequestBytes),
		grpc.MaxSendMsgSize(limits.MaxResponseBytes),
		grpc.MaxHeaderListSize(limits.MaxHeaderBytes),
		grpc.MaxConcurrentStreams(limits.MaxStreams),
		grpc.ConnectionTimeout(limits.HandshakeTimeout),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionIdle: limits.MaxConnectionIdle,
			MaxConnectionAge:  limits.MaxConnectionAge, MaxConnectionAgeGrace: limits.MaxConnectionAgeGrace,
			Time: limits.Keepalive, Timeout: limits.KeepaliveTimeout,
		}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: limits.MinPing, PermitWithoutStream: true}),
		// Reusing goroutines saves the growth of a stack for each call, 6 % of the
		// processors with 64 callers on two of them; one that waits takes 8 KB.
		grpc.NumStreamWorkers(uint32(32 * runtime.GOMAXPROCS(0))),
		grpc.WaitForHandlers(true),
	}, o.Extra...)

	s := &Server{grpc: grpc.NewServer(options...), health: health.NewServer(), intercept: intercept}
	resolving := newResolverService(o.Resolver, o.Metrics)
	resolving.traced = o.Tracer != nil
	if o.Mirror != nil {
		o.Mirror.Prepare(resolving.texts.prepare)
	}
	resolving.results = newResults(o.Cache, o.Metrics, cmp.Or(o.Program, o.Version))
	s.grpc.RegisterService(resolving.description(buffers), resolving)
	onomav1.RegisterAliasServiceServer(s.grpc, &aliasService{resolver: o.Resolver, mirror: o.Mirror, program: o.Version, started: time.Now()})
	healthpb.RegisterHealthServer(s.grpc, s.health)
	if o.Register != nil {
		o.Register(s.grpc)
	}
	if err := registerReflection(s.grpc); err != nil {
		return nil, err
	}
	for service, about := range s.grpc.GetServiceInfo() {
		for _, method := range about.Methods {
			full := "/" + service + "/" + method.Name
			intercept.calls[full] = o.Metrics.Call(full)
		}
	}
	s.setHealth(healthpb.HealthCheckResponse_NOT_SERVING)
	return s, nil
}

// registerReflection lets clients ask for the contract, comments and all.
func registerReflection(s *grpc.Server) error {
	contract, err := onomav1.Documented()
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	options := reflection.ServerOptions{Services: s, DescriptorResolver: contract}
	reflectionpb.RegisterServerReflectionServer(s, reflection.NewServerV1(options))
	reflectionalpha.RegisterServerReflectionServer(s, reflection.NewServer(options))
	return nil
}

// services are those whose health a client may ask for; "" is the server.
func (s *Server) setHealth(status healthpb.HealthCheckResponse_ServingStatus) {
	for _, service := range []string{"", onomav1.ResolverService_ServiceDesc.ServiceName, onomav1.AliasService_ServiceDesc.ServiceName} {
		s.health.SetServingStatus(service, status)
	}
}

// Serve answers calls on the listener until [Server.Drain]. It closes the listener.
func (s *Server) Serve(l net.Listener) error {
	s.setHealth(healthpb.HealthCheckResponse_SERVING)
	if err := s.grpc.Serve(l); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	return nil
}

// Start is Serve in a goroutine of its own, whose end the channel tells. The server
// is ready when Start returns.
func (s *Server) Start(l net.Listener) <-chan error {
	s.setHealth(healthpb.HealthCheckResponse_SERVING)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	return served
}

// Ready says why the server should get no calls, or nil.
func (s *Server) Ready() error {
	response, err := s.health.Check(context.Background(), &healthpb.HealthCheckRequest{})
	if err == nil && response.Status != healthpb.HealthCheckResponse_SERVING {
		err = fmt.Errorf("server: %s", response.Status)
	}
	return err
}

// Drain ends the server in order: health turns NOT_SERVING, announce passes so
// that clients and load balancers look elsewhere, new calls are refused, calls
// under way finish. What is left when ctx ends is cut off, and Drain says so.
func (s *Server) Drain(ctx context.Context, announce time.Duration) error {
	s.health.Shutdown()
	select {
	case <-time.After(announce):
	case <-ctx.Done():
	}
	done := make(chan struct{})
	go func() {
		s.grpc.GracefulStop()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		s.grpc.Stop()
		<-done
		return fmt.Errorf("server: calls were still under way when the time to drain was over: %w", ctx.Err())
	}
}
