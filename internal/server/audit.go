package server

import (
	"context"
	"errors"
	"log/slog"

	"google.golang.org/grpc/peer"

	onomav1 "onoma/proto/onoma/v1"
)

// writes reports whether the method changes the table.
func writes(method string) bool { return needs[method] >= Loader }

var errPanicked = errors.New("panicked")

// audited writes down who changed what, or tried to: the source, the versions
// and the counts, never a name or a note.
func (i *interceptor) audited(ctx context.Context, method string, who *caller, request, response any, err error) {
	if err == nil && response == nil {
		err = errPanicked // no call ends with neither, unless it has not ended
	}
	line := []slog.Attr{
		slog.String("method", method), slog.String("caller", callerName(who)), slog.String("peer", peerAddress(ctx)),
		slog.String("code", codeWord(statusError(err))),
	}
	if load, ok := request.(*onomav1.LoadEntitiesRequest); ok {
		request = load.GetHeader()
	}
	if r, ok := request.(interface{ GetSource() string }); ok {
		line = append(line, slog.String("source", clip(r.GetSource(), maxIDBytes)))
	}
	if r, ok := request.(interface{ GetRequestId() string }); ok && r.GetRequestId() != "" {
		line = append(line, slog.String("write_id", clip(r.GetRequestId(), maxIDBytes)))
	}
	if r, ok := request.(interface{ GetDryRun() bool }); ok {
		line = append(line, slog.Bool("dry_run", r.GetDryRun()))
	}
	if r, ok := request.(*onomav1.RollbackRequest); ok {
		line = append(line, slog.Int64("to_version", r.ToVersion))
	}
	if r, ok := response.(interface{ GetResult() *onomav1.WriteResult }); ok && err == nil {
		w := r.GetResult()
		line = append(line, slog.Int64("table_version", w.GetTableVersion()), slog.Bool("published", w.GetPublished()),
			slog.Bool("replayed", w.GetReplayed()), slog.Int64("rejected", w.GetRejectedCount()))
	}
	i.audit.LogAttrs(ctx, slog.LevelInfo, "audit", line...)
}

// auditRefusal writes down a change that its caller may not make.
func (i *interceptor) auditRefusal(ctx context.Context, method string, err error) {
	if writes(method) {
		i.audited(ctx, method, nil, nil, nil, err)
	}
}

func callerName(who *caller) string {
	if who == nil {
		return "unknown"
	}
	return who.name
}

func peerAddress(ctx context.Context) string {
	if from, ok := peer.FromContext(ctx); ok {
		return from.Addr.String()
	}
	return "unknown"
}
