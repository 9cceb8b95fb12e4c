package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strconv"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"onoma/client"
	"onoma/internal/server"
	"onoma/internal/table"

	onomav1 "onoma/proto/onoma/v1"
)

// loadTarget is where rows go: a server, or a table that this process opens.
type loadTarget interface {
	begin(ctx context.Context, f *loadFlags, resume bool) error
	add(file string, lines []table.Line) error
	commit() (*onomav1.WriteResult, error)
	abort()
	close()
	// reached is the chunk from which the last begin went on.
	reached() int64
}

// directLoad loads into a table that this process has open.
type directLoad struct {
	ctx        context.Context //nolint:containedctx // of the load under way, which the value stands for
	mirror     *table.Mirror
	closeTable func() error
	loader     *table.Loader
}

// loadGCPercent keeps the memory of a load close to what it holds.
const loadGCPercent = 50

func (f *loadFlags) direct(ctx context.Context, cmd *cobra.Command) (*directLoad, error) {
	debug.SetGCPercent(loadGCPercent)
	m, closeTable, err := f.into.kept.openBriefly(ctx, newLogger(cmd, "warn", "text"))
	if err != nil {
		return nil, err
	}
	return &directLoad{mirror: m, closeTable: closeTable}, nil
}

func (d *directLoad) begin(ctx context.Context, f *loadFlags, _ bool) error {
	d.ctx = ctx
	header := f.header(false)
	if err := server.CheckLoad(header); err != nil {
		return err
	}
	options := server.LoadOptionsOf(header)
	if f.report != nil {
		options.Rejected = f.report.add
	}
	loader, err := d.mirror.NewLoad(ctx, options)
	d.loader = loader
	return err
}

func (d *directLoad) add(file string, lines []table.Line) error {
	return d.loader.Add(d.loader.Next(), file, lines)
}

func (d *directLoad) commit() (*onomav1.WriteResult, error) {
	r, err := d.loader.Commit(d.ctx, -1)
	d.abort()
	if err != nil {
		return nil, err
	}
	return server.ResultOf(r)
}

func (d *directLoad) abort() {
	if d.loader != nil {
		// What cannot be dropped now is swept out at the next start.
		_ = d.loader.Discard(context.WithoutCancel(d.ctx))
	}
}

func (d *directLoad) reached() int64 { return 0 }

func (d *directLoad) close() { _ = d.closeTable() }

// remoteLoad loads into a server.
type remoteLoad struct {
	server   *client.Client
	stream   grpc.ClientStreamingClient[onomav1.LoadEntitiesRequest, onomav1.LoadEntitiesResponse]
	sequence int64 // of the next chunk
	next     int64 // that the server waits for
	rows     int64
	limit    int64
	rejected []*onomav1.Rejection // rows that could not be read, so were not sent
	count    int64
	report   *rejectsReport
	answered bool // the server has answered although the load is not over
}

func (f *loadFlags) remote() (*remoteLoad, error) {
	c, err := f.into.server.dial()
	if err != nil {
		return nil, err
	}
	return &remoteLoad{server: c, report: f.report}, nil
}

func (f *loadFlags) header(resume bool) *onomav1.LoadHeader {
	h := &onomav1.LoadHeader{Source: f.source, Mode: onomav1.LoadMode_LOAD_MODE_MERGE, DryRun: f.dryRun, RequestId: f.requestID,
		MaxRejections: f.maxRejections, BaseVersion: f.baseVersion(), Note: f.note, Resume: resume}
	if f.mode.value == "replace" {
		h.Mode = onomav1.LoadMode_LOAD_MODE_REPLACE
	}
	return h
}

func (r *remoteLoad) begin(ctx context.Context, f *loadFlags, resume bool) error {
	if r.report != nil {
		if err := r.report.restart(); err != nil { // the files are read again
			return err
		}
	}
	r.sequence, r.next, r.rows, r.rejected, r.count, r.limit, r.answered = 0, 0, 0, nil, 0, f.maxRejections, false
	var err error
	if r.stream, err = r.server.Alias.LoadEntities(ctx); err != nil {
		return err
	}
	if err := r.send(&onomav1.LoadEntitiesRequest{Message: &onomav1.LoadEntitiesRequest_Header{Header: f.header(resume)}}); err != nil {
		return err
	}
	header, err := r.stream.Header()
	if err != nil {
		return err
	}
	if next := header.Get("onoma-next-sequence"); len(next) == 1 {
		if r.next, err = strconv.ParseInt(next[0], 10, 64); err != nil {
			return fmt.Errorf("the server asks for chunk %q", next[0])
		}
	} else {
		r.answered = true
	}
	return nil
}

// send sends a message. The end of the stream means that the server has
// answered, which the caller then reads.
func (r *remoteLoad) send(m *onomav1.LoadEntitiesRequest) error {
	if r.answered {
		return nil
	}
	err := r.stream.Send(m)
	if errors.Is(err, io.EOF) {
		r.answered = true
		if _, err := r.stream.CloseAndRecv(); err != nil {
			return err
		}
		return errors.New("the server ended the load early")
	}
	return err
}

// chunkBytes is about how large a message gets. A row that is larger than
// maxRowBytes, which the server would not take, is rejected.
const (
	chunkBytes  = 1 << 20
	maxRowBytes = 4<<20 - 64<<10
)

// add sends the lines. A load that is taken up again cuts them into the same
// messages as before.
func (r *remoteLoad) add(file string, lines []table.Line) error {
	var rows []*onomav1.Row
	size := 0
	send := func() error {
		if len(rows) == 0 {
			return nil
		}
		c := &onomav1.LoadChunk{Sequence: r.sequence, File: file, Rows: rows}
		rows, size = nil, 0
		return r.sendChunk(c)
	}
	for i := range lines {
		line := &lines[i]
		if line.Problem == nil {
			row := server.MessageOfRow(&line.Row)
			row.Line = line.Number
			n := proto.Size(row)
			if n <= maxRowBytes {
				if size+n > chunkBytes {
					if err := send(); err != nil {
						return err
					}
				}
				rows, size = append(rows, row), size+n
				continue
			}
			line.Problem = &table.Problem{Field: "line", Value: line.Row.ID(), Reason: fmt.Sprintf("takes %d bytes, the server's limit is %d", n, maxRowBytes)}
		}
		if err := r.reject(file, line); err != nil {
			return err
		}
	}
	return send()
}

func (r *remoteLoad) sendChunk(c *onomav1.LoadChunk) error {
	r.rows += int64(len(c.Rows))
	r.sequence++
	if c.Sequence < r.next {
		return nil // the server has it from before the cut
	}
	return r.send(&onomav1.LoadEntitiesRequest{Message: &onomav1.LoadEntitiesRequest_Chunk{Chunk: c}})
}

func (r *remoteLoad) reject(file string, line *table.Line) error {
	x := table.Rejection{File: file, Line: line.Number, ID: line.Row.ID(), Problem: *line.Problem}
	if r.report != nil {
		r.report.add(x)
	}
	if r.count++; len(r.rejected) < table.MaxRejections {
		r.rejected = append(r.rejected, server.MessageOfResult(&table.Result{Rejections: []table.Rejection{x}}).Rejections...)
	}
	if r.limit >= 0 && r.count > r.limit {
		return &table.TooManyRejectionsError{Limit: r.limit, Rejected: r.count, First: x}
	}
	return nil
}

func (r *remoteLoad) commit() (*onomav1.WriteResult, error) {
	err := r.send(&onomav1.LoadEntitiesRequest{Message: &onomav1.LoadEntitiesRequest_Commit{Commit: &onomav1.LoadCommit{RowCount: r.rows}}})
	if err != nil {
		return nil, err
	}
	response, err := r.stream.CloseAndRecv()
	if err != nil {
		return nil, err
	}
	result := response.Result
	if r.report != nil {
		for _, x := range result.Rejections {
			r.report.add(table.Rejection{File: x.File, Line: x.Line, ID: x.Id, Problem: table.Problem{Field: x.Field, Value: x.Value, Reason: x.Reason}})
		}
	}
	result.Rejections = append(r.rejected, result.Rejections...)
	result.Rejections = result.Rejections[:min(len(result.Rejections), table.MaxRejections)]
	result.RejectedCount += r.count
	return result, nil
}

// abort does nothing: the stream ends with its context, and nothing is published.
func (r *remoteLoad) abort() {}

func (r *remoteLoad) reached() int64 { return r.next }

func (r *remoteLoad) close() { _ = r.server.Close() }
