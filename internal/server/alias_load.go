package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"onoma/internal/table"

	onomav1 "onoma/proto/onoma/v1"
)

// nextSequenceKey is the initial metadata that tells where a load goes on.
const nextSequenceKey = "onoma-next-sequence"

// resumeFor is how long a load that was cut off waits for its caller.
const resumeFor = 10 * time.Minute

// openLoads are the loads that have not ended, by request ID: those that a call
// is feeding, and those that were cut off and wait for their caller.
type openLoads struct {
	mu    sync.Mutex
	loads map[string]*openLoad
}

// openLoad is one of them. Its loader is taken away when another call goes on
// with it: a connection can be dead long before the server hears of it.
type openLoad struct {
	request, fingerprint string
	parked               *time.Timer // ends it unless its caller comes back; under openLoads.mu

	mu     sync.Mutex
	loader *table.Loader
}

// errTakenOver is a call whose load another call goes on with.
var errTakenOver = errors.New("another call goes on with this load")

// use runs do over the loader, unless another call has it.
func (o *openLoad) use(do func(*table.Loader) error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.loader == nil {
		return errTakenOver
	}
	return do(o.loader)
}

// take takes the loader away, after what is done with it right now.
func (o *openLoad) take() *table.Loader {
	o.mu.Lock()
	defer o.mu.Unlock()
	l := o.loader
	o.loader = nil
	return l
}

// take returns the load that is open under the request ID, or nil, and lets go
// of it. One that another write is feeding is a [table.ReusedError].
func (o *openLoads) take(options *table.LoadOptions) (*table.Loader, error) {
	o.mu.Lock()
	found := o.loads[options.Request]
	if found == nil {
		o.mu.Unlock()
		return nil, nil
	}
	if found.parked == nil && found.fingerprint != options.Fingerprint {
		o.mu.Unlock()
		return nil, &table.ReusedError{Request: options.Request}
	}
	if found.parked != nil {
		found.parked.Stop()
	}
	delete(o.loads, options.Request)
	o.mu.Unlock()
	return found.take(), nil
}

// begin notes that a call feeds the loader.
func (o *openLoads) begin(l *table.Loader) *openLoad {
	options := l.Options()
	begun := &openLoad{request: options.Request, fingerprint: options.Fingerprint, loader: l}
	if begun.request == "" {
		return begun
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.loads == nil {
		o.loads = make(map[string]*openLoad)
	}
	o.loads[begun.request] = begun
	return begun
}

// park keeps a load that was cut off for a while, then drops it.
func (o *openLoads) park(load *openLoad) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.loads[load.request] != load {
		go load.discard() // another call has taken it, or the ID
		return
	}
	load.parked = time.AfterFunc(resumeFor, func() { o.end(load) })
}

// end drops the load, if it is still there.
func (o *openLoads) end(load *openLoad) {
	o.mu.Lock()
	if o.loads[load.request] == load {
		delete(o.loads, load.request)
	}
	o.mu.Unlock()
	load.discard()
}

func (o *openLoad) discard() { discard(o.take()) }

func discard(l *table.Loader) {
	if l != nil {
		// The caller is gone; what cannot be dropped now is swept out later.
		_ = l.Discard(context.Background())
	}
}

func (s *aliasService) LoadEntities(stream grpc.ClientStreamingServer[onomav1.LoadEntitiesRequest, onomav1.LoadEntitiesResponse]) error {
	if s.mirror == nil {
		return errReadOnly
	}
	first, err := stream.Recv()
	if err != nil {
		return ended(err)
	}
	header := first.GetHeader()
	if header == nil {
		return &invalidError{[]violation{{"header", "is required first"}}}
	}
	if err := checkLoad(header); err != nil {
		return err
	}
	options := LoadOptionsOf(header)
	ctx := stream.Context()
	loader, err := s.loads.take(&options)
	if err != nil {
		return err
	}
	if had, err := s.earlier(ctx, options.Request, options.Fingerprint); err != nil || had != nil {
		discard(loader)
		if err != nil {
			return err
		}
		return stream.SendAndClose(&onomav1.LoadEntitiesResponse{Result: had})
	}
	if loader != nil && (!header.Resume || loader.Options().Fingerprint != options.Fingerprint) {
		discard(loader)
		loader = nil
	}
	if loader == nil {
		if loader, err = s.mirror.NewLoad(ctx, options); err != nil {
			return err
		}
	}
	next := loader.Next()
	load := s.loads.begin(loader)
	if err := stream.SendHeader(metadata.Pairs(nextSequenceKey, fmt.Sprint(next))); err != nil {
		s.loads.park(load)
		return err
	}
	response, cut, err := s.receive(stream, load)
	if cut && options.Request != "" && !options.DryRun {
		s.loads.park(load)
		return err
	}
	s.loads.end(load) // of a dry run: what was staged
	if err != nil {
		return err
	}
	return stream.SendAndClose(response)
}

// receive takes chunks until the commit. cut tells that the stream broke off and
// the load may go on by another.
func (s *aliasService) receive(stream grpc.ClientStreamingServer[onomav1.LoadEntitiesRequest, onomav1.LoadEntitiesResponse], load *openLoad) (response *onomav1.LoadEntitiesResponse, cut bool, _ error) {
	var lines []table.Line
	for {
		request, err := stream.Recv()
		if err != nil {
			return nil, true, ended(err)
		}
		switch m := request.Message.(type) {
		case *onomav1.LoadEntitiesRequest_Chunk:
			if n := len(m.Chunk.Rows); n > maxChunkRows {
				return nil, false, &invalidError{[]violation{{"chunk.rows", fmt.Sprintf("has %d items, the limit is %d", n, maxChunkRows)}}}
			}
			lines = lines[:0]
			for _, from := range m.Chunk.Rows {
				row, problem := RowOfMessage(from)
				lines = append(lines, table.Line{Number: from.GetLine(), Row: row, Problem: problem})
			}
			err := load.use(func(l *table.Loader) error { return l.Add(m.Chunk.Sequence, clip(m.Chunk.File, 1024), lines) })
			if err != nil {
				return nil, false, err
			}
		case *onomav1.LoadEntitiesRequest_Commit:
			err := load.use(func(l *table.Loader) error {
				r, err := l.Commit(stream.Context(), m.Commit.RowCount)
				if err != nil {
					return err
				}
				result, err := ResultOf(r)
				response = &onomav1.LoadEntitiesResponse{Result: result}
				return err
			})
			return response, false, err
		default:
			return nil, false, &invalidError{[]violation{{"message", "a chunk or a commit is required after the header"}}}
		}
	}
}

// ended turns the end of a stream before its commit into an error.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return &invalidError{[]violation{{"commit", "is required at the end; nothing was published"}}}
	}
	return err
}

// CheckLoad says what is wrong with the header of a load, as the service would.
func CheckLoad(h *onomav1.LoadHeader) error { return statusError(checkLoad(h)) }

func checkLoad(h *onomav1.LoadHeader) error {
	var check checker
	check.write(&write{source: h.Source, requestID: h.RequestId, note: h.Note, base: h.BaseVersion, dryRun: h.DryRun})
	if h.Mode != onomav1.LoadMode_LOAD_MODE_MERGE && h.Mode != onomav1.LoadMode_LOAD_MODE_REPLACE {
		check.fail("mode", "%d is neither LOAD_MODE_MERGE nor LOAD_MODE_REPLACE", h.Mode)
	}
	if h.MaxRejections < -1 {
		check.fail("max_rejections", "%d is less than -1", h.MaxRejections)
	}
	return check.err()
}

// LoadOptionsOf reads a header that has been checked.
func LoadOptionsOf(h *onomav1.LoadHeader) table.LoadOptions {
	plain := proto.CloneOf(h)
	plain.Resume = false
	return table.LoadOptions{
		Source: h.Source, Replace: h.Mode == onomav1.LoadMode_LOAD_MODE_REPLACE, DryRun: h.DryRun, Request: h.RequestId,
		Fingerprint: fingerprint(plain), Base: h.BaseVersion, MaxRejections: h.MaxRejections, Note: h.Note, Answer: answerOf,
	}
}
