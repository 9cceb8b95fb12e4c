package telemetry

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// TracerOptions say where spans go and how many.
type TracerOptions struct {
	// Endpoint is the URL of a collector that speaks OTLP over gRPC, such as
	// http://collector:4317; https speaks TLS. Empty leaves it to the variables
	// that OpenTelemetry names, OTEL_EXPORTER_OTLP_ENDPOINT and its like, which
	// also give headers and certificates.
	Endpoint string
	// Share of the calls that come without a trace of their own to record, 0 to 1.
	// Of those that come with one, the caller's choice stands.
	Share float64
	// Version of the program.
	Version string
	// Failed receives what goes wrong with sending, where nobody waits for it; nil
	// drops it.
	Failed func(error)
}

// Tracer records spans of calls and sends them to a collector behind the calls'
// backs: when the collector is slow or gone, spans are dropped and no call waits.
// Spans tell what was done and how it ended, never which names were asked for.
//
// The nil Tracer records nothing and costs nothing.
type Tracer struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	share    float64
}

// NewTracer returns a tracer, connected or not. Close it.
func NewTracer(ctx context.Context, o TracerOptions) (*Tracer, error) {
	if !(o.Share >= 0 && o.Share <= 1) {
		return nil, fmt.Errorf("tracing: the share %v is not between 0 and 1", o.Share)
	}
	var to []otlptracegrpc.Option
	if o.Endpoint != "" {
		if at, err := url.Parse(o.Endpoint); err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
			return nil, fmt.Errorf("tracing: the endpoint %q is not a URL such as http://collector:4317", o.Endpoint)
		}
		to = append(to, otlptracegrpc.WithEndpointURL(o.Endpoint))
	}
	exporter, err := otlptracegrpc.New(ctx, to...)
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	about, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithHost(),
		resource.WithAttributes(semconv.ServiceName("onoma"), semconv.ServiceVersion(o.Version)),
		resource.WithFromEnv(), // the operator's word goes before ours
	)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("tracing: %w", err), exporter.Shutdown(ctx))
	}
	if o.Failed == nil {
		o.Failed = func(error) {}
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(o.Failed))
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter), sdktrace.WithResource(about),
		// Whether to record is drawn before a span is made, in [Tracer.Call].
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.AlwaysSample())),
	)
	return &Tracer{provider, provider.Tracer("onoma"), o.Share}, nil
}

// Close sends what is left, until ctx ends.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("tracing: %w", err)
	}
	return nil
}

// Call begins the span of a call to the method, "/service/method". parent and
// state are what the caller sent as traceparent and tracestate (W3C Trace Context).
// A call that is not recorded gets its own ctx back, and no allocation.
func (t *Tracer) Call(ctx context.Context, method, parent, state string) (context.Context, Span) {
	if t == nil || parent == "" && rand.Float64() >= t.share {
		return ctx, Span{}
	}
	if parent != "" {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": parent, "tracestate": state})
		if from := trace.SpanContextFromContext(ctx); !from.IsSampled() && (from.IsValid() || rand.Float64() >= t.share) {
			return ctx, Span{}
		}
	}
	name := method[min(1, len(method)):]
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(semconv.RPCSystemNameGRPC, semconv.RPCMethod(name)))
	return ctx, Span{span}
}

// Span is a part of a call's time. The zero Span is not recorded.
type Span struct {
	span trace.Span
}

// Stage begins a span within the one of ctx; where that is not recorded, neither
// is this.
func Stage(ctx context.Context, name string) Span {
	within := trace.SpanFromContext(ctx)
	if !within.IsRecording() {
		return Span{}
	}
	_, span := within.TracerProvider().Tracer("onoma").Start(ctx, name)
	return Span{span}
}

// Untraced returns a context whose stages are not recorded: a span for each of ten
// thousand names would tell less than one for all.
func Untraced(ctx context.Context) context.Context { return trace.ContextWithSpan(ctx, noop.Span{}) }

// Recorded reports whether the span is.
func (s Span) Recorded() bool { return s.span != nil }

// Trace is the ID of the trace that the span belongs to, empty when it is not
// recorded.
func (s Span) Trace() string {
	if s.span == nil {
		return ""
	}
	return s.span.SpanContext().TraceID().String()
}

// Text notes a word about the span. It must not be a name that was asked for.
func (s Span) Text(key, value string) {
	if s.span != nil {
		s.span.SetAttributes(attribute.String(key, value))
	}
}

// Number notes a number about the span.
func (s Span) Number(key string, value int64) {
	if s.span != nil {
		s.span.SetAttributes(attribute.Int64(key, value))
	}
}

// End ends the span of a stage.
func (s Span) End() {
	if s.span != nil {
		s.span.End()
	}
}

// EndCall ends the span of a call that ended with the code, such as "OK". fault
// tells whether that is the server's doing.
func (s Span) EndCall(code string, fault bool) {
	if s.span == nil {
		return
	}
	s.span.SetAttributes(semconv.RPCResponseStatusCode(code))
	if fault {
		s.span.SetStatus(codes.Error, code)
	}
	s.span.End()
}
