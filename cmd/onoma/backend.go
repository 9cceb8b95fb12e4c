package main

import (
	"context"
	"time"

	"onoma/internal/server"
	"onoma/resolver"
	"onoma/resolver/seed"

	onomav1 "onoma/proto/onoma/v1"
)

// backend answers: the program itself, or a server.
type backend interface {
	BatchResolve(context.Context, *onomav1.BatchResolveRequest) (*onomav1.BatchResolveResponse, error)
	Explain(context.Context, *onomav1.ExplainRequest) (*onomav1.ExplainResponse, error)
	Annotate(context.Context, *onomav1.AnnotateRequest) (*onomav1.AnnotateResponse, error)
}

// insteadOfBuiltIn is what --addr does where the program can answer by itself.
const insteadOfBuiltIn = "ask the server at `HOST:PORT` instead of the built-in table"

// open returns the server, or the program itself when none is named. The caller
// closes it.
func open(from *serverFlags) (b backend, closeIt func(), err error) {
	if !from.given() {
		table, err := seedTable()
		if err != nil {
			return nil, nil, err
		}
		return server.NewInProcess(resolver.New(table)), func() {}, nil
	}
	c, err := from.dial()
	if err != nil {
		return nil, nil, err
	}
	closeIt = func() { _ = c.Close() } // nothing is lost with a connection that is done
	return remote{c.Resolver}, closeIt, nil
}

// seedTable returns the table built into the program.
func seedTable() (*resolver.Table, error) {
	x, err := seed.Index()
	if err != nil {
		return nil, err
	}
	return resolver.NewTable(x, 1, time.Time{}, nil), nil
}

type remote struct {
	resolver onomav1.ResolverServiceClient
}

func (r remote) BatchResolve(ctx context.Context, request *onomav1.BatchResolveRequest) (*onomav1.BatchResolveResponse, error) {
	return r.resolver.BatchResolve(ctx, request)
}

func (r remote) Explain(ctx context.Context, request *onomav1.ExplainRequest) (*onomav1.ExplainResponse, error) {
	return r.resolver.Explain(ctx, request)
}

func (r remote) Annotate(ctx context.Context, request *onomav1.AnnotateRequest) (*onomav1.AnnotateResponse, error) {
	return r.resolver.Annotate(ctx, request)
}
