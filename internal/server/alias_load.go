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

// parkedLoads are loads that were cut off, by request ID.
type parkedLoads struct {
	mu    sync.Mutex
	loads map[string]*parked
}

type parked struct {
	loader *table.Loader
	timer  *time.Timer
}

// park keeps the loader for a while, then drops it.
func (p *parkedLoads) park(l *table.Loader) {
	id := l.Options().Request
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.loads == nil {
		p.loads = make(map[string]*parked)
	}
	if old := p.loads[id]; old != nil {
		old.timer.Stop()
		go discard(old.loader)
	}
	p.loads[id] = &parked{l, time.AfterFunc(resumeFor, func() {
		if l := p.take(id, l); l != nil {
			discard(l)
		}
	})}
}

// take returns the load that waits under the ID and lets go of it; only, when
// set, must be that load.
func (p *parkedLoads) take(id string, only *table.Loader) *table.Loader {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := p.loads[id]
	if found == nil || only != nil && found.loader != only {
		return nil
	}
	found.timer.Stop()
	delete(p.loads, id)
	return found.loader
}

func discard(l *table.Loader) {
	// The caller is gone; what cannot be dropped now is swept out later.
	_ = l.Discard(context.Background())
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
	if had, err := s.earlier(ctx, options.Request, options.Fingerprint); err != nil {
		return err
	} else if had != nil {
		return stream.SendAndClose(&onomav1.LoadEntitiesResponse{Result: had})
	}
	loader := s.parked.take(options.Request, nil)
	if loader != nil && (!header.Resume || loader.Options().Fingerprint != options.Fingerprint) {
		discard(loader)
		loader = nil
	}
	if loader == nil {
		if loader, err = s.mirror.NewLoad(ctx, options); err != nil {
			return err
		}
	}
	if err := stream.SendHeader(metadata.Pairs(nextSequenceKey, fmt.Sprint(loader.Next()))); err != nil {
		s.parked.park(loader)
		return err
	}
	response, cut, err := s.receive(stream, loader)
	switch {
	case err == nil:
		discard(loader) // of a dry run: what was staged
		return stream.SendAndClose(response)
	case cut && options.Request != "" && !options.DryRun:
		s.parked.park(loader)
	default:
		discard(loader)
	}
	return err
}

// receive takes chunks until the commit. cut tells that the stream broke off and
// the load may go on by another.
func (s *aliasService) receive(stream grpc.ClientStreamingServer[onomav1.LoadEntitiesRequest, onomav1.LoadEntitiesResponse], loader *table.Loader) (_ *onomav1.LoadEntitiesResponse, cut bool, _ error) {
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
			if err := loader.Add(m.Chunk.Sequence, clip(m.Chunk.File, 1024), lines); err != nil {
				return nil, false, err
			}
		case *onomav1.LoadEntitiesRequest_Commit:
			r, err := loader.Commit(stream.Context(), m.Commit.RowCount)
			if err != nil {
				return nil, false, err
			}
			result, err := ResultOf(r)
			return &onomav1.LoadEntitiesResponse{Result: result}, false, err
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
