package client

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"google.golang.org/genproto/googleapis/rpc/errdetails"

	onomav1 "onoma/proto/onoma/v1"
)

// forward keeps the answers of one client from going back in time. Replicas learn
// of a new version of the table one after the other; a client that got an answer of
// version 8 from one, or that published it, would next get one of version 7 from
// another. Such an answer is dropped and the call made again by another replica, while
// the one that is behind gets few calls. When none has answered with what was seen for as long
// as the patience, it is forgotten and the older answer taken: no replica has it
// any more, as after the authority was restored from a backup.
type forward struct {
	patience time.Duration
	second   second
	seen     atomic.Int64 // newest version of an answer or a write
	met      atomic.Int64 // when an answer last had it, or it was written, by sinceStart
}

const (
	// defaultPatience is several times as long as replicas take to follow.
	defaultPatience = 2 * time.Second
	// following is for how long a replica that is behind gets no calls; then one call
	// tries it.
	following = 5 * time.Millisecond
)

var start = time.Now()

// sinceStart is a clock that nobody sets.
func sinceStart() time.Duration { return time.Since(start) }

// raise remembers a version, and that it exists.
func (f *forward) raise(version int64) {
	for {
		seen := f.seen.Load()
		if version >= seen {
			f.met.Store(int64(sinceStart()))
		}
		if version <= seen || f.seen.CompareAndSwap(seen, version) {
			return
		}
	}
}

func (f *forward) intercept(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	if !strings.HasPrefix(method, "/"+onomav1.ResolverService_ServiceDesc.ServiceName+"/") {
		err := invoke(ctx, method, request, reply, conn, options...)
		if wrote, ok := reply.(interface{ GetResult() *onomav1.WriteResult }); ok && err == nil {
			f.raise(wrote.GetResult().GetTableVersion())
		}
		return err
	}
	floor, begin := f.seen.Load(), sinceStart()
	for wait := time.Millisecond; ; {
		c := new(call)
		err := f.second.invoke(ctx, c, method, request, reply, conn, invoke, options...)
		if err == nil {
			c.at.Load().trust()
		}
		answer, ok := reply.(interface{ GetTableVersion() int64 })
		if !ok || err != nil && !notReached(err) {
			return err
		}
		now := sinceStart()
		over := now-begin+wait > f.patience
		if err == nil {
			version := answer.GetTableVersion()
			floor = min(floor, f.seen.Load()) // others may have given it up
			if version < floor && over && now-time.Duration(f.met.Load()) > f.patience {
				f.seen.CompareAndSwap(floor, version)
				floor = version
			}
			if version >= floor || f.patience < 0 {
				f.raise(version)
				return nil
			}
		} else if over {
			return err
		}
		c.at.Load().shun(following)
		if c.trusted.Load() {
			continue // at once: there may be another to be trusted
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		}
		wait = min(2*wait, 100*time.Millisecond)
	}
}

// notReached reports whether the replica is older than the request's
// min_table_version, which another need not be.
func notReached(err error) bool {
	s := status.Convert(err)
	if s.Code() != codes.FailedPrecondition {
		return false
	}
	for _, d := range s.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok && info.Reason == "TABLE_VERSION_NOT_REACHED" {
			return true
		}
	}
	return false
}
