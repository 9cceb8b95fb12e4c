package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/pflag"

	"onoma/internal/telemetry"
)

// tracing are the flags of traces.
type tracing struct {
	endpoint string
	share    float64
}

func (t *tracing) flags(flags *pflag.FlagSet) {
	flags.StringVar(&t.endpoint, "otlp-endpoint", "", "`URL` of an OpenTelemetry collector that takes traces over gRPC, such as http://collector:4317; none by default, or as OTEL_EXPORTER_OTLP_ENDPOINT says")
	flags.Float64Var(&t.share, "trace-share", .001, "share of the calls to trace, 0 to 1, of those whose callers do not say")
}

// lastSpans bounds the wait for a collector when the program ends.
const lastSpans = 3 * time.Second

// open returns the tracer, nil when no collector is named, and what sends the
// last spans and closes it.
func (t *tracing) open(ctx context.Context, lookup func(string) (string, bool), log *slog.Logger) (*telemetry.Tracer, func(), error) {
	if !t.wanted(lookup, log) {
		return nil, func() {}, nil
	}
	tracer, err := telemetry.NewTracer(ctx, telemetry.TracerOptions{
		Endpoint: t.endpoint, Share: t.share, Version: version(),
		Failed: func(err error) { log.Warn("traces are not sent", "error", err) },
	})
	if err != nil {
		return nil, nil, &usageError{fmt.Errorf("--otlp-endpoint, --trace-share: %w", err)}
	}
	return tracer, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastSpans)
		defer cancel()
		if err := tracer.Close(ctx); err != nil {
			log.Warn("the last traces are not sent", "error", err)
		}
	}, nil
}

// wanted reports whether a collector is named, by our flag or by the variables
// that OpenTelemetry has for it, and tracing is not switched off by the one for that.
func (t *tracing) wanted(lookup func(string) (string, bool), log *slog.Logger) bool {
	first := func(variables ...string) string {
		for _, v := range variables {
			if value, _ := lookup(v); value != "" {
				return value
			}
		}
		return ""
	}
	if first("OTEL_SDK_DISABLED") == "true" {
		return false
	}
	if t.endpoint != "" {
		return true
	}
	if first("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT") == "" {
		return false
	}
	// The variables may be those of a whole cluster and meant for others.
	if by := first("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"); by != "" && by != "grpc" {
		log.Warn("no traces: the environment names a collector that does not speak gRPC", "protocol", by)
		return false
	}
	return true
}
