package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Operations is what operators see of the program, on a listener of its own
// that belongs on loopback or inside the cluster: /metrics, /healthz, /readyz,
// /debug/pprof/, and over gRPC on the same port what RPC serves.
type Operations struct {
	Metrics *Metrics
	// Ready says why the program should get no calls, or nil.
	Ready func() error
	// Behind is [Follower.Behind]; nil where the table follows nothing. A program that is
	// behind is as ready as before, and says that it is.
	Behind func() time.Time
	// RPC answers gRPC, such as channelz; nil answers none.
	RPC http.Handler
}

// readHeader bounds the time a client may take over its request's head.
const readHeader = 5 * time.Second

// Handler answers operators' requests.
func (o *Operations) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.Metrics.Registry(), promhttp.HandlerOpts{EnableOpenMetrics: true}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { o.well(w) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := o.Ready(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		o.well(w)
	})
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if o.RPC != nil && r.ProtoMajor == 2 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
			o.RPC.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (o *Operations) well(w io.Writer) {
	if o.Behind != nil {
		if since := o.Behind(); !since.IsZero() {
			fmt.Fprintf(w, "ok, but behind the authority of the table or cut off from it since %s\n", since.UTC().Format(time.RFC3339))
			return
		}
	}
	fmt.Fprintln(w, "ok")
}

// Serve answers on the listener until ctx ends. It closes the listener.
func (o *Operations) Serve(ctx context.Context, l net.Listener) error {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	s := &http.Server{Handler: o.Handler(), ReadHeaderTimeout: readHeader, Protocols: protocols}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		_ = s.Close() // profiles under way are worth less than a prompt end
	})
	err := s.Serve(l)
	if !stop() {
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("operations listener: %w", err)
}
