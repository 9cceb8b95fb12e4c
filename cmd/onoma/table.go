package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	"onoma/client"
	"onoma/internal/server"
	"onoma/internal/table"
	"onoma/resolver"
)

// tableFlags say where the table is kept.
type tableFlags struct {
	dir, postgres string
}

func (f *tableFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.dir, "data-dir", "", "keep the table in `DIR`, made when there is none; beside --postgres, only its snapshot")
	cmd.Flags().StringVar(&f.postgres, "postgres", "", "keep the table in the PostgreSQL at `URL`")
}

// given reports whether a table is kept at all.
func (f *tableFlags) given() bool { return f.dir != "" || f.postgres != "" }

// open opens the table for a server. The caller closes it.
func (f *tableFlags) open(ctx context.Context, log *slog.Logger) (*table.Mirror, func() error, error) {
	return f.mirror(ctx, table.MirrorOptions{Logger: log})
}

// openBriefly opens the table for one command. When it has written so much that the
// next start would be slow, the closing of it folds that into the snapshot.
func (f *tableFlags) openBriefly(ctx context.Context, log *slog.Logger) (*table.Mirror, func() error, error) {
	m, closeTable, err := f.mirror(ctx, table.MirrorOptions{Logger: log, Brief: true})
	if err != nil {
		return nil, nil, err
	}
	opened := m.Version()
	return m, func() error {
		if m.Version() > opened && f.dir != "" {
			if err := m.Fold(ctx); err != nil && ctx.Err() == nil {
				log.Warn("what was written could not be folded into the snapshot; the next start takes longer", "error", err)
			}
		}
		return closeTable()
	}, nil
}

func (f *tableFlags) mirror(ctx context.Context, o table.MirrorOptions) (*table.Mirror, func() error, error) {
	var err error
	if o.Authority, o.Poll, err = f.authority(ctx); err != nil {
		return nil, nil, err
	}
	o.Dir = f.dir
	m, err := table.NewMirror(ctx, o)
	if err != nil {
		return nil, nil, errors.Join(err, o.Authority.Close())
	}
	return m, func() error {
		m.Close()
		return o.Authority.Close()
	}, nil
}

// authority opens the database, and tells how often to ask it whether others
// have written.
func (f *tableFlags) authority(ctx context.Context) (table.Authority, time.Duration, error) {
	if f.postgres != "" {
		a, err := table.OpenPostgres(ctx, f.postgres)
		return a, table.PollPostgres, err
	}
	a, err := table.OpenSQLite(ctx, f.dir)
	return a, 0, err
}

// serve returns what a server answers from: the table that is kept, or else the
// built-in one, which never changes.
func (f *tableFlags) serve(ctx context.Context, log *slog.Logger) (*table.Mirror, *resolver.Resolver, func() error, error) {
	return f.toAsk(ctx, log, f.open)
}

func (f *tableFlags) toAsk(ctx context.Context, log *slog.Logger, open func(context.Context, *slog.Logger) (*table.Mirror, func() error, error)) (*table.Mirror, *resolver.Resolver, func() error, error) {
	if !f.given() {
		t, err := seedTable()
		if err != nil {
			return nil, nil, nil, err
		}
		return nil, resolver.New(t), func() error { return nil }, nil
	}
	m, closeTable, err := open(ctx, log)
	if err != nil {
		return nil, nil, nil, err
	}
	return m, m.Resolver(), closeTable, nil
}

// whichTable says which table a verb speaks of: a server's, or one that is kept
// and that this process opens.
type whichTable struct {
	server serverFlags
	kept   tableFlags
}

// add adds the flags; says is what --addr does.
func (w *whichTable) add(cmd *cobra.Command, env environment, says string) {
	w.server.add(cmd, env, says)
	w.kept.add(cmd)
}

// check refuses two tables, and none.
func (w *whichTable) check() error {
	if w.server.given() == w.kept.given() {
		return &usageError{errors.New("say which table: --addr, --data-dir or --postgres")}
	}
	return nil
}

// open returns a client of the table that is named. The caller closes it.
func (w *whichTable) open(cmd *cobra.Command) (*client.Client, func(), error) {
	if err := w.check(); err != nil {
		return nil, nil, err
	}
	return w.openOrBuiltIn(cmd)
}

// openOrBuiltIn is open, with the built-in table where none is named. What this
// process opens it serves to itself, so that every verb has one way only.
func (w *whichTable) openOrBuiltIn(cmd *cobra.Command) (*client.Client, func(), error) {
	if w.server.given() && w.kept.given() {
		return nil, nil, w.check()
	}
	if w.server.given() {
		c, err := w.server.dial()
		if err != nil {
			return nil, nil, err
		}
		return c, func() { _ = c.Close() }, nil // nothing is lost with a connection that is done
	}
	m, r, closeTable, err := w.kept.toAsk(cmd.Context(), newLogger(cmd, "warn", "text"), w.kept.openBriefly)
	if err != nil {
		return nil, nil, err
	}
	s, err := server.New(server.Options{Resolver: r, Mirror: m, Version: version()})
	if err != nil {
		return nil, nil, errors.Join(err, closeTable())
	}
	l := bufconn.Listen(1 << 20)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	c, err := client.New("passthrough:table", client.Options{Dial: []grpc.DialOption{grpc.WithDefaultServiceConfig(`{}`),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) })}})
	if err != nil {
		return nil, nil, errors.Join(err, closeTable())
	}
	return c, func() {
		_ = c.Close()
		_ = s.Drain(context.WithoutCancel(cmd.Context()), 0)
		<-served //nolint:errcheck // the drain is over, however it went
		_ = closeTable()
	}, nil
}
