package client

import (
	"context"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// second asks another replica when one is silent: it may be frozen, or its machine
// gone without a word, and nothing else tells before the connection's own probes do.
// The first answer counts. Only reads are asked twice.
type second struct {
	after  time.Duration // below 0: never
	budget atomic.Int64  // tenths of a second try
}

const (
	// defaultSecondAfter is a hundred times what a name takes.
	defaultSecondAfter = 50 * time.Millisecond
	// secondAfterByte is what each byte of the request adds: twenty times what texts
	// take, and about what names take that nothing but their sound finds.
	secondAfterByte = 20 * time.Microsecond
	// mostSeconds is how many second tries may come at once; in the long run one call
	// in ten is asked twice.
	mostSeconds = 100
	// silence is for how long a replica gets no calls that said nothing while another
	// answered; then one call tries it.
	silence = time.Second
)

func (s *second) earn() {
	if s.budget.Load() < 10*mostSeconds {
		s.budget.Add(1)
	}
}

func (s *second) spend() bool {
	if s.budget.Add(-10) >= 0 {
		return true
	}
	s.budget.Add(10)
	return false
}

// invoke makes the call that c follows.
func (s *second) invoke(ctx context.Context, c *call, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	message, ok := reply.(proto.Message)
	asked, isMessage := request.(proto.Message)
	if !ok || !isMessage || s.after < 0 || wantsMore(options) {
		return invoke(c.in(ctx), method, request, reply, conn, options...)
	}
	s.earn()
	ctx, end := context.WithCancel(ctx)
	defer end()
	first, endFirst := context.WithCancel(ctx)
	other, outcome := new(call), make(chan error, 1)
	kind := message.ProtoReflect().Type() // message itself is the first try's
	var answer proto.Message
	after := s.after + time.Duration(proto.Size(asked))*secondAfterByte
	timer := time.AfterFunc(after, func() {
		for c.at.Load() == nil || !s.spend() { // nobody has got it yet, or there were many
			select {
			case <-first.Done():
				outcome <- first.Err()
				return
			case <-time.After(after):
			}
		}
		other.not, answer = c.at.Load(), kind.New().Interface()
		err := invoke(other.in(ctx), method, request, answer, conn, options...)
		if err == nil {
			endFirst()
		}
		outcome <- err
	})
	err := invoke(c.in(first), method, request, reply, conn, options...)
	endFirst()
	if timer.Stop() {
		return err
	}
	if err == nil {
		end() // the second, which is waited for: it reads what the caller will have back
	}
	if failure := <-outcome; err != nil && failure == nil {
		c.at.Load().shun(silence)
		c.at.Store(other.at.Load())
		proto.Reset(message)
		proto.Merge(message, answer)
		return nil
	}
	return err
}

// wantsMore reports whether the caller wants to know more of the call than its answer,
// which two calls at once would both write.
func wantsMore(options []grpc.CallOption) bool {
	for _, o := range options {
		switch o.(type) {
		case grpc.HeaderCallOption, grpc.TrailerCallOption, grpc.PeerCallOption, grpc.OnFinishCallOption:
			return true
		}
	}
	return false
}
