package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"google.golang.org/grpc"

	"onoma/internal/server"
	"onoma/internal/telemetry"
)

// guarding are the flags that say who may call, and how much.
type guarding struct {
	cert, key, clientCA string
	callers, auditLog   string
	reload              time.Duration
	rate, burst         float64
	admission           server.AdmissionOptions
}

func (g *guarding) flags(flags *pflag.FlagSet) {
	flags.StringVar(&g.cert, "tls-cert", "", "`FILE` of the server's certificate and its chain, PEM; read again when it changes")
	flags.StringVar(&g.key, "tls-key", "", "`FILE` of its key, PEM")
	flags.StringVar(&g.clientCA, "tls-client-ca", "", "`FILE` of the authorities that clients' certificates must be signed by, PEM")
	flags.StringVar(&g.callers, "callers", "", "`FILE` of callers: name, role (reader, loader, admin), credential, queries per second; see 'onoma token'")
	flags.DurationVar(&g.reload, "reload-interval", 10*time.Second, "how often certificates and callers are read again")
	flags.Float64Var(&g.rate, "rate", 0, "queries a second of each address without a quota of its own; 0 has no bound")
	flags.Float64Var(&g.burst, "burst", 1000, "how many of them may come at once")
	flags.IntVar(&g.admission.Working, "working", 0, "batches and texts that are worked on at once, beside twice as many single names; 0 is the processors")
	flags.IntVar(&g.admission.Queue, "queue", 1000, "calls of either kind that may wait for their turn")
	flags.DurationVar(&g.admission.Target, "queue-target", 5*time.Millisecond, "longest wait while the queue stands, or twice what a call takes; who would wait longer gets UNAVAILABLE")
	g.admission.Spare = spareThread(runtime.GOMAXPROCS(0))
	flags.StringVar(&g.auditLog, "audit-log", "", "`FILE` to append a JSON line to for each change of the table; by default they go to the log")
}

// spareThread returns what gives the runtime one thread more than the machine
// has processors, and takes it back. The system's scheduler then sees to it that
// connections are read while every processor computes.
func spareThread(threads int) func(wanted bool) {
	return func(wanted bool) {
		if wanted {
			runtime.GOMAXPROCS(threads + 1)
		} else {
			runtime.GOMAXPROCS(threads)
		}
	}
}

// closed reports whether others can neither listen in nor call unknown.
func (g *guarding) closed() bool {
	return g.cert != "" && g.key != "" && (g.callers != "" || g.clientCA != "")
}

// guarded is what the flags ask for, read and checked.
type guarded struct {
	access       *server.Access
	certificates *server.Certificates
	audit        *slog.Logger
	auditFile    io.Closer
	reload       time.Duration
}

// open reads the files. Who is unknown may do everything from this machine when
// no callers are named; from others they may read, and nothing once callers are.
func (g *guarding) open(loopback bool) (*guarded, error) {
	if (g.cert == "") != (g.key == "") || g.clientCA != "" && g.cert == "" {
		return nil, &usageError{errors.New("--tls-cert and --tls-key go together, and --tls-client-ca needs both")}
	}
	o := server.AccessOptions{File: g.callers, Certified: server.Reader, Rate: g.rate, Burst: g.burst}
	switch {
	case g.callers != "" || g.clientCA != "":
		o.Anonymous = server.Nobody
	case loopback:
		o.Anonymous = server.Admin
	default:
		o.Anonymous = server.Reader
	}
	to := &guarded{reload: g.reload}
	var err error
	if to.access, err = server.NewAccess(o); err != nil {
		return nil, err
	}
	if g.cert != "" {
		if to.certificates, err = server.NewCertificates(g.cert, g.key, g.clientCA); err != nil {
			return nil, err
		}
	}
	if g.auditLog != "" {
		file, err := os.OpenFile(g.auditLog, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, fmt.Errorf("--audit-log: %w", err)
		}
		to.audit, to.auditFile = slog.New(slog.NewJSONHandler(file, nil)), file
	}
	return to, nil
}

// extra are the options of the gRPC server.
func (g *guarded) extra(metrics *telemetry.Metrics) []grpc.ServerOption {
	if g.certificates == nil {
		return nil
	}
	metrics.Registry().MustRegister(g.certificates.Collectors()...)
	return []grpc.ServerOption{g.certificates.Option()}
}

// keep reads the files again until stop.
func (g *guarded) keep(ctx context.Context, log *slog.Logger) (stop func()) {
	what := []server.Reloader{g.access}
	if g.certificates != nil {
		what = append(what, g.certificates)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Reload(ctx, g.reload, log, what...)
	}()
	return func() {
		cancel()
		<-done
	}
}

func (g *guarded) close() {
	if g.auditFile != nil {
		_ = g.auditFile.Close() // each line was written as it came
	}
}

func newToken() *cobra.Command {
	return &cobra.Command{
		Use:   "token NAME ROLE",
		Short: "Make a bearer token and its line for the file of callers",
		Long: `Token makes a random bearer token and prints it once, on standard error; on
standard output it prints the line that lets its bearer in, which holds the
token's SHA-256 and no secret. ROLE is reader, loader or admin.`,
		Example: `  onoma token news-desk reader >> callers
  onoma serve --callers callers`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			role, err := server.ParseRole(args[1])
			if err != nil {
				return &usageError{err}
			}
			token, credential := server.NewToken()
			line := fmt.Sprintf("%s %s %s", args[0], role, credential)
			if _, err := server.ParseCallers([]byte(line)); err != nil {
				return &usageError{fmt.Errorf("%q cannot be a name: %w", args[0], err)}
			}
			fmt.Fprintln(cmd.ErrOrStderr(), token)
			fmt.Fprintln(cmd.OutOrStdout(), line)
			return nil
		},
	}
}
