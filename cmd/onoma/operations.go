package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"

	"onoma/internal/telemetry"
)

// serveOperations starts the operators' listener, unless its address is empty.
// It outlives ctx, so that a drain can be watched; stop ends it and waits.
func serveOperations(ctx context.Context, address string, log *slog.Logger, o *telemetry.Operations) (stop func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--ops-listen: %w", err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := o.Serve(ctx, l); err != nil {
			log.Error("operators cannot see in", "error", err)
		}
	}()
	log.Info("operations", "address", l.Addr().String())
	return func() {
		cancel()
		<-done
	}, nil
}
