package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

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
	GetTableInfo(context.Context, *onomav1.GetTableInfoRequest) (*onomav1.GetTableInfoResponse, error)
}

func addAddr(cmd *cobra.Command, addr *string) {
	cmd.Flags().StringVar(addr, "addr", "", "ask the server at `HOST:PORT` instead of the built-in table")
}

// open returns the server at addr, or the program itself when addr is empty.
// The caller closes it.
func open(addr string) (b backend, closeIt func(), err error) {
	if addr == "" {
		table, err := seedTable()
		if err != nil {
			return nil, nil, err
		}
		return server.NewInProcess(resolver.New(table), version()), func() {}, nil
	}
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		return nil, nil, fmt.Errorf("address %q: %w", addr, err)
	}
	closeIt = func() { _ = conn.Close() } // nothing is lost with a connection that is done
	return remote{onomav1.NewResolverServiceClient(conn), onomav1.NewAliasServiceClient(conn)}, closeIt, nil
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
	alias    onomav1.AliasServiceClient
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

func (r remote) GetTableInfo(ctx context.Context, request *onomav1.GetTableInfoRequest) (*onomav1.GetTableInfoResponse, error) {
	return r.alias.GetTableInfo(ctx, request)
}

// message is what an error says to a person: a status without its code's dress.
func message(err error) string {
	if s, ok := status.FromError(err); ok {
		return fmt.Sprintf("%s: %s", s.Code(), s.Message())
	}
	return err.Error()
}
