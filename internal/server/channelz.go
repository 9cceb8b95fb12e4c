package server

import (
	"net/http"

	"google.golang.org/grpc"
	channelz "google.golang.org/grpc/channelz/service"
)

// Channelz answers gRPC's own view of channels, servers and sockets. It tells
// peers' addresses and belongs on the operations listener alone.
func Channelz() http.Handler {
	s := grpc.NewServer()
	channelz.RegisterChannelzServiceToServer(s)
	return s
}
