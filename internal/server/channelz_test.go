package server_test

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"
	channelzpb "google.golang.org/grpc/channelz/grpc_channelz_v1"
	"google.golang.org/grpc/credentials/insecure"

	"onoma/internal/server"
	"onoma/internal/telemetry"
)

// Operators ask channelz on the port of their other pages.
func TestChannelzOnTheOperationsListener(t *testing.T) {
	s, _ := start(t, server.Options{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	o := telemetry.Operations{Metrics: telemetry.New("test"), Ready: s.Ready, RPC: server.Channelz()}
	go func() { served <- o.Serve(ctx, l) }()
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = conn.Close()
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	response, err := channelzpb.NewChannelzClient(conn).GetServers(t.Context(), &channelzpb.GetServersRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if len(response.Server) == 0 {
		t.Error("channelz shows no server")
	}
}
