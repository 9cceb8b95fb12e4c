package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"onoma/internal/server"

	onomav1 "onoma/proto/onoma/v1"
)

// annotating opens a stream of documents to a server of its own.
func annotating(ctx context.Context, t *testing.T) onomav1.ResolverService_StreamAnnotateClient {
	t.Helper()
	_, conn := start(t, server.Options{})
	stream, err := onomav1.NewResolverServiceClient(conn).StreamAnnotate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

func document(text string) *onomav1.Document { return &onomav1.Document{Text: text, Language: "it"} }

// TestStreamAnnotateKeepsOrder holds that answers come in the order of the
// documents and that a bad document fails alone.
func TestStreamAnnotateKeepsOrder(t *testing.T) {
	stream := annotating(t.Context(), t)
	const documents = 60
	bad := map[int]*onomav1.Document{1: nil, 2: {}, 3: {Text: "a", AsOf: "soon"}, 4: {Text: strings.Repeat("a", 1<<20+1)}}
	sent := make(chan error, 1)
	go func() {
		for i := range documents {
			d, wrong := bad[i%6]
			if !wrong {
				d = document(strings.Repeat("Ieri a Mosca. ", i+1))
			}
			if err := stream.Send(&onomav1.StreamAnnotateRequest{CorrelationId: fmt.Sprint(i), Document: d}); err != nil {
				sent <- err
				return
			}
		}
		sent <- stream.CloseSend()
	}()
	for i := range documents {
		r, err := stream.Recv()
		if err != nil {
			t.Fatalf("response %d: %v", i, err)
		}
		if r.CorrelationId != fmt.Sprint(i) {
			t.Fatalf("response %d answers document %s", i, r.CorrelationId)
		}
		if _, wrong := bad[i%6]; wrong {
			if code := codes.Code(r.GetError().GetCode()); code != codes.InvalidArgument {
				t.Errorf("document %d: code %v, want InvalidArgument", i, code)
			}
			continue
		}
		if got := len(r.GetResult().GetMentions()); got != i+1 {
			t.Errorf("document %d has %d mentions, want %d", i, got, i+1)
		}
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last response: %v", err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

// TestStreamAnnotateCancelled holds that a caller who leaves ends the call.
func TestStreamAnnotateCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	stream := annotating(ctx, t)
	if err := stream.Send(&onomav1.StreamAnnotateRequest{Document: document("Mosca tace.")}); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := stream.Recv(); status.Code(err) != codes.Canceled {
		t.Errorf("after the caller left: %v, want Canceled", err)
	}
}

// TestStreamAnnotateNobodyReads holds that a caller who sends and never reads is
// held back by flow control, and that leaving frees the server: the test ends by
// draining it.
func TestStreamAnnotateNobodyReads(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream := annotating(ctx, t)
	const heldBack = 64 << 20 // much more than windows and buffers of both sides hold
	sent := make(chan int, 1)
	progress := make(chan struct{}, 1<<16)
	go func() {
		n := 0
		text := strings.Repeat("Mosca e Roma tacciono. ", 4000)
		for n < heldBack {
			if stream.Send(&onomav1.StreamAnnotateRequest{Document: document(text)}) != nil {
				break
			}
			n += len(text)
			progress <- struct{}{}
		}
		sent <- n
	}()
	// A slow machine looks held back too, so this never fails for one.
	for held := false; !held; {
		select {
		case <-progress:
		case n := <-sent:
			t.Fatalf("%d bytes were taken from a caller who reads nothing", n)
		case <-time.After(300 * time.Millisecond):
			held = true
		}
	}
	cancel()
	<-sent
}

// TestStreamAnnotateLimits holds that a correlation ID over the limit ends the
// call, since there is no answer to put it on.
func TestStreamAnnotateLimits(t *testing.T) {
	stream := annotating(t.Context(), t)
	if err := stream.Send(&onomav1.StreamAnnotateRequest{CorrelationId: strings.Repeat("x", 10_000), Document: document("Mosca")}); err != nil {
		t.Fatal(err)
	}
	_, err := stream.Recv()
	if s := status.Convert(err); s.Code() != codes.InvalidArgument || !strings.Contains(s.Message(), "correlation_id") {
		t.Errorf("a long correlation_id: %v", err)
	}
}
