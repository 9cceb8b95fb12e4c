package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"onoma/internal/server"
	"onoma/internal/telemetry"
)

func newServe(env environment) *cobra.Command {
	var (
		listen, ops     string
		kept            tableFlags
		insecure        bool
		announce, drain time.Duration
		guard           guarding
		keep            caching
		trace           tracing
		limits          limitFlags
		level           = newChoice("info", "debug", "warn", "error")
		format          = newChoice("text", "json")
	)
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the table over gRPC",
		Long: `Serve answers the gRPC contract (onoma.v1.ResolverService, onoma.v1.AliasService,
health and reflection) until it is told to stop. On SIGTERM or SIGINT it turns
unhealthy, lets load balancers look elsewhere for --drain-announce, refuses new
calls, lets calls under way finish, and gives up after --drain-timeout.

On the loopback interface anyone may do everything. Another address needs
--tls-cert and --tls-key, and --callers or --tls-client-ca; or --insecure, which
lets anyone read, in the clear, and nobody without credentials write.

Flags may stand on the command line, in the environment (--tls-cert is
ONOMA_TLS_CERT) and in the file of --config, which count in this order.`,
		Example: `  onoma serve
  grpcurl -plaintext -d '{"query":{"name":"Mosca"}}' 127.0.0.1:7411 onoma.v1.ResolverService/Resolve
  onoma token news-desk reader >> callers
  onoma serve --listen 0.0.0.0:7411 --tls-cert tls.crt --tls-key tls.key --callers callers
  onoma serve --data-dir /var/lib/onoma --ops-listen 127.0.0.1:7412
  onoma serve --postgres postgres://onoma@db/onoma --data-dir /var/lib/onoma --redis redis:6379`,
		Args: cobra.NoArgs,
	}
	flags := cmd.Flags()
	flags.StringVar(&listen, "listen", "127.0.0.1:7411", "`HOST:PORT` to listen on; port 0 takes a free one")
	flags.StringVar(&ops, "ops-listen", "", "`HOST:PORT` of the operators' listener: /metrics, /healthz, /readyz, /debug/pprof/, channelz; none by default")
	kept.add(cmd)
	flags.BoolVar(&insecure, "insecure", false, "listen beyond loopback although not all is encrypted and authenticated")
	guard.flags(flags)
	keep.flags(flags)
	trace.flags(flags)
	limits.flags(flags)
	flags.String(configFlag, "", "`FILE` of flags, YAML: a line such as 'listen: 0.0.0.0:7411' for each; the command line and the environment outrank it")
	flags.DurationVar(&announce, "drain-announce", 0, "how long to say NOT_SERVING before new calls are refused")
	flags.DurationVar(&drain, "drain-timeout", 20*time.Second, "longest time to let calls under way finish")
	flags.Var(level, "log-level", "least level of what is logged; names are logged at debug only")
	flags.Var(format, "log-format", "how log lines are written to standard error")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := checkListen(listen, insecure || guard.closed()); err != nil {
			return err
		}
		if err := limits.check(); err != nil {
			return err
		}
		start := time.Now()
		log := newLogger(cmd, level.value, format.value)
		guarded, err := guard.open(isLoopback(listen))
		if err != nil {
			return err
		}
		defer guarded.close()
		mirror, r, closeTable, err := kept.serve(cmd.Context(), log)
		if err != nil {
			return err
		}
		defer closeTable()
		metrics := telemetry.New(version())
		metrics.Watch(r)
		var behind func() time.Time
		if mirror != nil {
			metrics.WatchFollower(mirror)
			behind = mirror.Behind
		}
		results, program, err := keep.open()
		if err != nil {
			return err
		}
		defer func() { _ = results.Close() }() // what is not written yet is computed again
		metrics.WatchCache(results)
		tracer, sendLast, err := trace.open(cmd.Context(), env.lookup, log)
		if err != nil {
			return err
		}
		defer sendLast()
		s, err := server.New(server.Options{
			Tracer: tracer, Limits: &limits.Limits,
			Cache: results, Program: program,
			Resolver: r, Mirror: mirror, Version: version(), Logger: log, Metrics: metrics, Audit: guarded.audit,
			Access: guarded.access, Admission: guard.admission, Extra: guarded.extra(metrics),
		})
		if err != nil {
			return err
		}
		defer guarded.keep(cmd.Context(), log)()
		stopOps, err := serveOperations(cmd.Context(), ops, log, &telemetry.Operations{Metrics: metrics, Ready: s.Ready, Behind: behind, RPC: server.Channelz()})
		if err != nil {
			return err
		}
		defer stopOps()
		var config net.ListenConfig
		l, err := config.Listen(cmd.Context(), "tcp", listen)
		if err != nil {
			return fmt.Errorf("--listen: %w", err)
		}
		served := s.Start(l)
		var hearing sync.WaitGroup
		hearing.Go(func() { r.Table().Index().Sounds() }) // so that no name waits for them
		defer hearing.Wait()
		log.Info("serving", "address", l.Addr().String(), "table_version", r.Table().Version(), "start", time.Since(start).Round(time.Millisecond))
		select {
		case err := <-served:
			return err
		case <-cmd.Context().Done():
		}
		log.Info("draining", "announce", announce, "timeout", drain)
		// The command's own context is over; the drain has its own time.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(cmd.Context()), announce+drain)
		defer cancel()
		err = errors.Join(s.Drain(ctx, announce), <-served)
		log.Info("stopped")
		return err
	}
	return cmd
}

// checkListen refuses to serve beyond the machine what is neither encrypted nor
// authenticated, unless told to.
func checkListen(listen string, allowed bool) error {
	if _, _, err := net.SplitHostPort(listen); err != nil {
		return &usageError{fmt.Errorf("--listen %q is not HOST:PORT: %w", listen, err)}
	}
	if allowed || isLoopback(listen) {
		return nil
	}
	return &usageError{fmt.Errorf("--listen %q is reachable from other machines: give --tls-cert and --tls-key with --callers or --tls-client-ca, or say --insecure to serve in the open", listen)}
}

// isLoopback reports whether only this machine can reach the address.
func isLoopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

func newLogger(cmd *cobra.Command, level, format string) *slog.Logger {
	var least slog.Level
	_ = least.UnmarshalText([]byte(level)) // one of the words that --log-level admits
	options := &slog.HandlerOptions{Level: least}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), options))
	}
	return slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), options))
}
