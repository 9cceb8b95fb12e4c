package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

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

// open opens the table. The caller closes it.
func (f *tableFlags) open(ctx context.Context, log *slog.Logger) (*table.Mirror, func() error, error) {
	authority, poll, err := f.authority(ctx)
	if err != nil {
		return nil, nil, err
	}
	m, err := table.NewMirror(ctx, table.MirrorOptions{Authority: authority, Dir: f.dir, Poll: poll, Logger: log})
	if err != nil {
		return nil, nil, errors.Join(err, authority.Close())
	}
	return m, func() error {
		m.Close()
		return authority.Close()
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
	if !f.given() {
		t, err := seedTable()
		if err != nil {
			return nil, nil, nil, err
		}
		return nil, resolver.New(t), func() error { return nil }, nil
	}
	m, closeTable, err := f.open(ctx, log)
	if err != nil {
		return nil, nil, nil, err
	}
	return m, m.Resolver(), closeTable, nil
}
