package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"onoma/internal/telemetry"
)

// requestIDKey is the trailer that identifies a call in the log. It is a
// trailer because a header on a failed call would keep clients from retrying.
const requestIDKey = "x-request-id"

// interceptor does for every call what no service should. In this order it
// counts the call, asks whether its caller may make it, refuses what did not
// decode and waits for a turn to work; then it turns errors and panics into
// statuses, writes down what changes the table, and logs failures without the
// names that were asked for. It is one function and not a chain, which would
// cost a closure for every link and every call.
type interceptor struct {
	log       *slog.Logger
	audit     *slog.Logger
	metrics   *telemetry.Metrics
	tracer    *telemetry.Tracer          // nil: nothing is traced
	calls     map[string]*telemetry.Call // by full method; complete before the first call
	access    *Access                    // nil: everyone may do everything
	admission *admission
}

func (i *interceptor) unary(ctx context.Context, request any, call *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (response any, err error) {
	start := time.Now()
	counted := i.calls[call.FullMethod]
	counted.Begin()
	var span telemetry.Span
	if i.tracer != nil {
		ctx, span = i.traced(ctx, call.FullMethod)
	}
	defer func() {
		if p := recover(); p != nil {
			err = i.panicked(call.FullMethod, p)
		}
		took := time.Since(start)
		if id, err2 := i.finish(ctx, call.FullMethod, took, err, span); id != "" {
			_ = grpc.SetTrailer(ctx, metadata.Pairs(requestIDKey, id))
			err = err2
		}
		endSpan(span, err)
		counted.End(codeWord(err), took, span.Trace())
	}()
	var who *caller
	if i.access != nil {
		if who, err = i.access.check(ctx, call.FullMethod, queriesOf(request), i.metrics); err != nil {
			i.auditRefusal(ctx, call.FullMethod, err)
			return nil, err
		}
	}
	if err := decoded(request); err != nil {
		return nil, err
	}
	if writes(call.FullMethod) {
		defer func() { i.audited(ctx, call.FullMethod, who, request, response, err) }()
	}
	if working(call.FullMethod) {
		turn, err := i.enter(ctx, span, start, request)
		if err != nil {
			pushBack(ctx, err)
			return nil, err
		}
		defer turn.leave()
	}
	return handle(ctx, request)
}

// enter waits for a turn to work; the span of the call shows the wait.
func (i *interceptor) enter(ctx context.Context, span telemetry.Span, start time.Time, request any) (turn, error) {
	if span.Recorded() {
		defer telemetry.Stage(ctx, "admission").End()
	}
	return i.admission.enter(ctx, start.Sub(epoch), request)
}

// traced begins the span of a call.
func (i *interceptor) traced(ctx context.Context, method string) (context.Context, telemetry.Span) {
	return i.tracer.Call(ctx, method, header(ctx, "traceparent"), header(ctx, "tracestate"))
}

// header is a value that came with the call, or empty.
func header(ctx context.Context, key string) string {
	if values := metadata.ValueFromIncomingContext(ctx, key); len(values) > 0 {
		return values[0]
	}
	return ""
}

// endSpan ends the span of a call with its code. What the error says stays out of
// it: it quotes what was asked for.
func endSpan(span telemetry.Span, err error) {
	if !span.Recorded() {
		return
	}
	code := status.Code(err)
	fault := code == codes.Internal || code == codes.Unavailable || code == codes.DeadlineExceeded || code == codes.Unknown
	span.EndCall(codeWord(err), fault)
}

func (i *interceptor) stream(service any, stream grpc.ServerStream, call *grpc.StreamServerInfo, handle grpc.StreamHandler) (err error) {
	start := time.Now()
	counted := i.calls[call.FullMethod]
	counted.Begin()
	var span telemetry.Span
	if i.tracer != nil {
		var ctx context.Context
		if ctx, span = i.traced(stream.Context(), call.FullMethod); span.Recorded() {
			stream = &tracedStream{stream, ctx}
		}
	}
	defer func() {
		if p := recover(); p != nil {
			err = i.panicked(call.FullMethod, p)
		}
		if id, err2 := i.finish(stream.Context(), call.FullMethod, time.Since(start), err, span); id != "" {
			stream.SetTrailer(metadata.Pairs(requestIDKey, id))
			err = err2
		}
		endSpan(span, err)
		counted.End(codeWord(err), -1, "")
	}()
	guarded := &guardedStream{ServerStream: stream, i: i, method: call.FullMethod}
	if i.access != nil {
		if guarded.who, err = i.access.check(stream.Context(), call.FullMethod, 0, i.metrics); err != nil {
			i.auditRefusal(stream.Context(), call.FullMethod, err)
			return err
		}
	}
	if writes(call.FullMethod) {
		defer func() { i.audited(stream.Context(), call.FullMethod, guarded.who, guarded.header, guarded.last, err) }()
	}
	defer guarded.rest()
	return handle(service, guarded)
}

// tracedStream is a stream whose context knows its span.
type tracedStream struct {
	grpc.ServerStream
	ctx context.Context //nolint:containedctx // a stream has a context, and this is another for it
}

func (s *tracedStream) Context() context.Context { return s.ctx }

// guardedStream refuses messages that did not decode or that are over the
// caller's quota. Where messages are work, each has its turn from its coming in
// until the next is asked for.
type guardedStream struct {
	grpc.ServerStream
	i      *interceptor
	method string
	who    *caller
	turn   turn // at work, when it has a lane
	header any  // of a write: the first message that came in
	last   any  // and the last that went out
}

func (s *guardedStream) RecvMsg(m any) error {
	s.rest()
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	if err := decoded(m); err != nil {
		return err
	}
	if s.header == nil && writes(s.method) {
		s.header = m
	}
	if s.who != nil {
		if n := queriesOf(m); needs[s.method] == Reader {
			if wait := s.who.quota.take(n); wait > 0 {
				s.i.metrics.Refused(telemetry.RefusedQuota)
				return &quotaError{caller: s.who.name, asked: n, wait: wait}
			}
		}
	}
	if working(s.method) {
		turn, err := s.i.admission.enterPatiently(s.Context(), m)
		if err != nil {
			return err
		}
		s.turn = turn
	}
	return nil
}

// SendMsg ends the turn first: a caller who does not read must not hold it.
func (s *guardedStream) SendMsg(m any) error {
	s.rest()
	if writes(s.method) {
		s.last = m
	}
	return s.ServerStream.SendMsg(m)
}

func (s *guardedStream) rest() {
	if s.turn.lane != nil {
		s.turn.leave()
		s.turn = turn{}
	}
}

// finish logs the end of a call and returns its status. The request ID is the
// caller's own, or made for a call that failed; it is empty otherwise.
func (i *interceptor) finish(ctx context.Context, method string, took time.Duration, err error, span telemetry.Span) (id string, _ error) {
	if ids := metadata.ValueFromIncomingContext(ctx, requestIDKey); len(ids) > 0 {
		id = clip(ids[0], 128)
	}
	if err == nil {
		if id != "" && i.log.Enabled(ctx, slog.LevelDebug) {
			i.log.DebugContext(ctx, "call", "method", method, "request_id", id, "duration", took)
		}
		return id, nil
	}
	if id == "" {
		id = fmt.Sprintf("%016x", rand.Uint64())
	}
	s := asStatus(err)
	level := slog.LevelInfo
	if s.Code() == codes.Internal {
		level = slog.LevelError
	}
	// Messages of refused requests quote what was asked for: names stay out of
	// the log at info level.
	line := []any{"method", method, "code", s.Code().String(), "request_id", id, "duration", took}
	if span.Recorded() {
		line = append(line, "trace_id", span.Trace())
	}
	i.log.Log(ctx, level, "call failed", line...)
	i.log.DebugContext(ctx, "call failed", "request_id", id, "error", err.Error())
	return id, s.Err()
}

// pushBack tells gRPC's own retries, which do not read RetryInfo, when to come
// back. (gRFC A6.)
func pushBack(ctx context.Context, err error) {
	var full *overloadError
	if errors.As(err, &full) {
		wait := full.retry + rand.N(full.retry)
		_ = grpc.SetTrailer(ctx, metadata.Pairs("grpc-retry-pushback-ms", strconv.FormatInt(wait.Milliseconds(), 10)))
	}
}

// codeWord is the label of a call's end. The word for success is a constant, so
// that most calls do not look at a status at all.
func codeWord(err error) string {
	if err == nil {
		return "OK"
	}
	return status.Code(err).String()
}

func (i *interceptor) panicked(method string, p any) error {
	i.metrics.Panicked()
	i.log.Error("panic", "method", method, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	return status.Error(codes.Internal, "internal error")
}
