package main

import (
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// A watch goes on after a replica that is behind what another has told of, and not
// after a version that nobody has spoken of.
func TestWatchWaitsForAReplica(t *testing.T) {
	trimmed := func(newest string) error {
		s, err := status.New(codes.OutOfRange, "version 5 is not kept").WithDetails(&errdetails.ErrorInfo{Reason: "VERSION_TRIMMED", Metadata: map[string]string{"newest": newest}})
		if err != nil {
			t.Fatal(err)
		}
		return s.Err()
	}
	for _, c := range []struct {
		what        string
		after, seen int64
		err         error
		want        bool
	}{
		{"the server is gone", 5, 5, status.Error(codes.Unavailable, ""), true},
		{"it has fallen silent", 5, 5, errSilent, true},
		{"one that is behind takes over", 5, 5, trimmed("4"), true},
		{"what came after 5 is forgotten", 5, 90, trimmed("90"), false},
		{"5 is not yet there", 5, 4, trimmed("4"), false},
		{"who asks is not let in", 5, 5, status.Error(codes.PermissionDenied, ""), false},
	} {
		w := &watching{after: c.after, seen: c.seen}
		if got := w.again(c.err); got != c.want {
			t.Errorf("%s: again %t, want %t", c.what, got, c.want)
		}
	}
}
