package main

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"

	"onoma/internal/source"
	"onoma/internal/table"
)

// progress tells how far a load is: a line that is written over on a terminal,
// else one JSON object a second.
type progress struct {
	w           io.Writer
	style       string
	began       time.Time
	rows, names atomic.Int64
	mu          sync.Mutex
	inputs      []*source.Input
	doing       string
	done        chan struct{}
	over        sync.WaitGroup
}

func newProgress(w io.Writer, style string) *progress {
	if style == "auto" {
		if style = "json"; isTerminal(w) {
			style = "terminal"
		}
	}
	p := &progress{w: w, style: style, began: time.Now(), doing: "loading", done: make(chan struct{})}
	if style != "none" {
		p.over.Go(p.run)
	}
	return p
}

func (p *progress) watch(inputs []*source.Input) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inputs = inputs
}

func (p *progress) phase(doing string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doing = doing
}

func (p *progress) count(line *table.Line) {
	p.rows.Add(1)
	if e := line.Row.Entity; e != nil {
		p.names.Add(int64(len(e.Names)))
	}
}

func (p *progress) stop() {
	close(p.done)
	p.over.Wait()
}

func (p *progress) run() {
	every := time.Second
	if p.style == "terminal" {
		every = 200 * time.Millisecond
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.tell()
		case <-p.done:
			p.tell()
			if p.style == "terminal" {
				fmt.Fprintln(p.w)
			}
			return
		}
	}
}

// standing is how far a load is.
type standing struct {
	Phase         string  `json:"phase"`
	Seconds       float64 `json:"seconds"`
	Rows          int64   `json:"rows"`
	RowsPerSecond int64   `json:"rows_per_second"`
	Names         int64   `json:"names"`
	Bytes         int64   `json:"bytes"`
	TotalBytes    int64   `json:"total_bytes,omitempty"` // when every file's size is known
	ETASeconds    float64 `json:"eta_seconds,omitempty"`
}

func (p *progress) standing() standing {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := standing{Phase: p.doing, Seconds: time.Since(p.began).Seconds(), Rows: p.rows.Load(), Names: p.names.Load()}
	s.RowsPerSecond = int64(float64(s.Rows) / max(s.Seconds, 0.001))
	known := true
	for _, in := range p.inputs {
		s.Bytes += in.Progress()
		s.TotalBytes += in.Size
		known = known && in.Size > 0
	}
	if !known {
		s.TotalBytes = 0
	}
	if s.TotalBytes > 0 && s.Bytes > 0 {
		s.ETASeconds = s.Seconds * float64(s.TotalBytes-s.Bytes) / float64(s.Bytes)
	}
	return s
}

func (p *progress) tell() {
	s := p.standing()
	if p.style == "json" {
		if line, err := json.Marshal(s); err == nil {
			fmt.Fprintf(p.w, "%s\n", line)
		}
		return
	}
	of, eta := "", ""
	if s.TotalBytes > 0 {
		of = " of " + humanize.IBytes(uint64(s.TotalBytes))
		eta = fmt.Sprintf(", %v left", time.Duration(s.ETASeconds*float64(time.Second)).Round(time.Second))
	}
	fmt.Fprintf(p.w, "\r\x1b[K%s: %s rows, %s rows/s, %s%s%s", s.Phase, humanize.Comma(s.Rows), humanize.Comma(s.RowsPerSecond),
		humanize.IBytes(uint64(s.Bytes)), of, eta)
}
