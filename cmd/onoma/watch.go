package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"onoma/client"

	onomav1 "onoma/proto/onoma/v1"
)

// watching tells of versions as they come to be answered from.
type watching struct {
	which     whichTable
	after     int64
	once      bool
	heartbeat time.Duration
	output    *choice
	seen      int64 // newest version that the server has spoken of
}

func newWatch(env environment) *cobra.Command {
	w := &watching{output: newChoice("table", "json")}
	cmd := &cobra.Command{
		Use:   "watch",
		Short: "Tell of every new version of the table as it comes",
		Long: `Watch prints a line for every version of the table, once the server answers from
it: no version is left out, none comes twice. A connection that breaks is taken up
where it was, for as long as it takes; SIGINT and SIGTERM end the watch with 0.
With --once it ends after the first version: a script waits so for a publish.`,
		Example: `  onoma watch --addr 127.0.0.1:7411
  onoma watch --addr 127.0.0.1:7411 --output json | jq --unbuffered -r .source
  onoma watch --addr 127.0.0.1:7411 --after 12 --once`,
		Args: cobra.NoArgs,
	}
	w.which.add(cmd, env, "watch the server at `HOST:PORT`")
	flags := cmd.Flags()
	flags.Int64Var(&w.after, "after", -1, "begin with what came after this `VERSION`; with what comes from now on when not given")
	flags.BoolVar(&w.once, "once", false, "end after the first version")
	flags.DurationVar(&w.heartbeat, "heartbeat", 15*time.Second, "how often the server shows that it lives; after three times as long without, the watch connects anew")
	flags.Var(w.output, "output", "what to print")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return w.run(cmd, env) }
	return cmd
}

func (w *watching) run(cmd *cobra.Command, env environment) error {
	if w.which.kept.dir != "" && w.which.kept.postgres == "" {
		return &usageError{errors.New("nobody else writes to a --data-dir while it is watched: watch the server at --addr, or --postgres")}
	}
	table, closeIt, err := w.which.open(cmd)
	if err != nil {
		return err
	}
	defer closeIt()
	ctx := cmd.Context()
	// A server that cannot be reached at all fails the command; later cuts do not.
	now, err := table.Alias.GetTableInfo(ctx, &onomav1.GetTableInfoRequest{})
	if err != nil {
		return err
	}
	w.seen = now.Info.GetTableVersion()
	if w.after < 0 {
		w.after = w.seen
	}
	for attempt := 0; ; attempt++ {
		before := w.after
		err := w.follow(ctx, env, table)
		switch {
		case err == nil || ctx.Err() != nil:
			return nil // told what was asked for, or told to end
		case !w.again(err):
			return err
		case w.after > before:
			attempt = 0
		}
		pause := resumePauses[min(attempt, len(resumePauses)-1)]
		fmt.Fprintf(env.stderr, "onoma: %s; going on after version %d in %v\n", message(err), w.after, pause)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

// errSilent ends a watch of which nothing is heard any more.
var errSilent = status.Error(codes.Unavailable, "the server has fallen silent")

// follow tells of versions until the watch breaks off, or --once is satisfied.
func (w *watching) follow(ctx context.Context, env environment, table *client.Client) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	patience := 3 * w.heartbeat
	silence := time.AfterFunc(patience, func() { cancel(errSilent) })
	defer silence.Stop()
	defer func() {
		if errors.Is(context.Cause(ctx), errSilent) {
			err = errSilent
		}
	}()
	stream, err := table.Alias.WatchTable(ctx, &onomav1.WatchTableRequest{AfterVersion: &w.after, Heartbeat: durationpb.New(w.heartbeat)})
	if err != nil {
		return err
	}
	for {
		event, err := stream.Recv()
		if err != nil {
			return err
		}
		silence.Reset(patience)
		v := event.GetPublished()
		if v == nil {
			w.seen = max(w.seen, event.GetHeartbeat().GetTableVersion())
			continue
		}
		if err := w.tell(env, v); err != nil {
			return err
		}
		w.after, w.seen = v.Version, max(w.seen, v.Version)
		if w.once {
			return nil
		}
	}
}

func (w *watching) tell(env environment, v *onomav1.TableVersion) error {
	if w.output.value == "json" {
		return printLine(env.stdout, v)
	}
	c := v.Changes
	note := visible(v.Note)
	if note != "" {
		note = ": " + note
	}
	_, err := fmt.Fprintf(env.stdout, "%s  version %d  %s of %s: %d added, %d changed, %d removed%s\n", v.PublishTime.AsTime().Format("2006-01-02 15:04:05"),
		v.Version, lower(v.Operation), v.Source, c.GetAdded(), c.GetChanged(), c.GetRemoved(), note)
	return err
}

// again reports whether the watch may go on after the error: the server is gone
// for now, or the one that took its place has not caught up with it yet.
func (w *watching) again(err error) bool {
	s := status.Convert(err)
	switch s.Code() {
	case codes.Unavailable:
		return true
	case codes.OutOfRange:
		for _, d := range s.Details() {
			info, ok := d.(*errdetails.ErrorInfo)
			if !ok {
				continue
			}
			newest, err := strconv.ParseInt(info.Metadata["newest"], 10, 64)
			return err == nil && newest < w.after && w.after <= w.seen
		}
	}
	return false
}
