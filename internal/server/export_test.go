package server

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"onoma/cache"
	"onoma/resolver"

	onomav1 "onoma/proto/onoma/v1"
)

// Services lists what the server serves.
func (s *Server) Services() map[string]grpc.ServiceInfo { return s.grpc.GetServiceInfo() }

// Occupy takes every turn there is until release.
func (s *Server) Occupy() (release func()) {
	var turns []turn
	for _, l := range []*lane{s.intercept.admission.small, s.intercept.admission.large} {
		for range l.turns {
			t, _ := l.enterPatiently(context.Background())
			turns = append(turns, t)
		}
	}
	return func() {
		for _, t := range turns {
			t.leave()
		}
	}
}

// BothForms answers requests as the transport does, from bytes to bytes, and as
// other callers are answered, by messages.
func BothForms(r *resolver.Resolver) func(*onomav1.ResolveRequest) (wire []byte, message *onomav1.ResolveResponse, err error) {
	s, buffers := newResolverService(r, nil), new(answerBuffers)
	codec, handler := newCodec(buffers), s.wireHandler(buffers)
	pass := func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
		return handle(ctx, request)
	}
	return func(request *onomav1.ResolveRequest) ([]byte, *onomav1.ResolveResponse, error) {
		sent, err := proto.Marshal(request)
		if err != nil {
			return nil, nil, err
		}
		answer, err := handler(s, context.Background(), func(v any) error {
			return codec.Unmarshal(mem.BufferSlice{mem.SliceBuffer(sent)}, v)
		}, pass)
		if err != nil {
			return nil, nil, err
		}
		written, err := codec.Marshal(answer)
		if err != nil {
			return nil, nil, err
		}
		defer written.Free()
		message, err := s.Resolve(context.Background(), request)
		return written.Materialize(), message, err
	}
}

// Clocked annotates by a clock of the test's own.
func Clocked(r *resolver.Resolver, c *cache.Cache, clock func() time.Time) func(*onomav1.AnnotateRequest) (*onomav1.AnnotateResponse, error) {
	s := newResolverService(r, nil)
	s.results = newResults(c, nil, "test")
	s.texts.clock = clock
	return func(request *onomav1.AnnotateRequest) (*onomav1.AnnotateResponse, error) {
		return s.Annotate(context.Background(), request)
	}
}
