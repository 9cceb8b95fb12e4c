package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"onoma/internal/table"
)

// rejectsReport lists the rows that a load does not take, one JSON object a line.
type rejectsReport struct {
	file   *os.File
	buffer *bufio.Writer
	lines  *json.Encoder
	failed error // the first; told at the end
}

type rejectedRow struct {
	File   string `json:"file,omitempty"`
	Line   int64  `json:"line,omitempty"`
	ID     string `json:"id,omitempty"`
	Field  string `json:"field"`
	Value  string `json:"value"`
	Reason string `json:"reason"`
}

func newRejectsReport(name string) (*rejectsReport, error) {
	file, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("--rejects: %w", err)
	}
	r := &rejectsReport{file: file, buffer: bufio.NewWriter(file)}
	r.lines = json.NewEncoder(r.buffer)
	r.lines.SetEscapeHTML(false)
	return r, nil
}

func (r *rejectsReport) add(x table.Rejection) {
	if r.failed == nil {
		r.failed = r.lines.Encode(rejectedRow{x.File, x.Line, x.ID, x.Field, x.Value, x.Reason})
	}
}

// restart empties the report of a load that begins anew.
func (r *rejectsReport) restart() error {
	r.buffer.Reset(r.file)
	_, err := r.file.Seek(0, io.SeekStart)
	if err == nil {
		err = r.file.Truncate(0)
	}
	if err != nil {
		return fmt.Errorf("--rejects: %w", err)
	}
	return nil
}

func (r *rejectsReport) close() error {
	if err := errors.Join(r.failed, r.buffer.Flush(), r.file.Close()); err != nil {
		return fmt.Errorf("--rejects: %w", err)
	}
	return nil
}
