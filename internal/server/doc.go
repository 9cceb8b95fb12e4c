// Package server is the transport: it serves a resolver over gRPC. It is the
// only package that knows both the protocol's messages and the domain.
//
// A call goes codec ─► interceptors ─► service ─► convert ─► resolver ─► convert.
// The files follow it: codec.go, intercept.go, resolver_service.go and
// alias_service.go, request.go (messages to domain, with every check),
// response.go (domain to messages), status.go (errors to status codes; nothing
// else makes one), limits.go, and server.go, which puts them together.
package server
