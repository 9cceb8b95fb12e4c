package table

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"time"

	"onoma/resolver"
)

// Line is one row of a load with where it stands in the caller's file.
type Line struct {
	Number int64 // from 1; 0 when it stands in no file
	Row    Row
	// Problem is what whoever read the row found wrong with it; the row is then
	// rejected unseen.
	Problem *Problem
}

// Rejection is one row that was not taken, and why.
type Rejection struct {
	File string
	Line int64
	ID   string
	Problem
}

// MaxRejections is how many rejections a load lists.
const MaxRejections = 1000

// maxRejectedValue is how many bytes of an offending value a rejection shows.
const maxRejectedValue = 256

// TooManyRejectionsError is a load with more bad rows than it allowed.
type TooManyRejectionsError struct {
	Limit    int64
	Rejected int64
	First    Rejection
}

func (e *TooManyRejectionsError) Error() string {
	f := &e.First
	where := fmt.Sprintf("line %d", f.Line)
	if f.File != "" {
		where = f.File + ": " + where
	}
	return fmt.Sprintf("%d rows rejected, the limit is %d; the first: %s: %s: %q %s", e.Rejected, e.Limit, where, f.Field, clip(f.Value, 64), f.Reason)
}

// SequenceError is a chunk out of turn.
type SequenceError struct{ Got, Want int64 }

func (e *SequenceError) Error() string {
	return fmt.Sprintf("sequence %d, the next chunk is %d", e.Got, e.Want)
}

// CountError is a commit that counted other rows than came.
type CountError struct{ Said, Came int64 }

func (e *CountError) Error() string {
	return fmt.Sprintf("row_count %d, but %d rows came", e.Said, e.Came)
}

// LoadOptions say what is loaded. Source is required and checked by the caller.
type LoadOptions struct {
	Source               string
	Replace              bool
	DryRun               bool
	Request, Fingerprint string
	Base                 *int64
	MaxRejections        int64 // negative for any number
	Note, Author         string
	// Rejected, when not nil, is told of every row that is not taken.
	Rejected func(Rejection)
	// Answer makes what is remembered under the request ID.
	Answer func(*Result) ([]byte, error)
}

// Result is what a write did, or in a dry run would do.
type Result struct {
	Published
	Rejections    []Rejection // the first MaxRejections
	Rejected      int64
	Conflicts     []NameConflict // the first MaxConflicts
	ConflictCount int64
}

// Loader stages the rows of one load: it checks each by itself, counts what is
// rejected, and writes the good ones away in runs. Its memory is bounded but for
// 16 bytes and some room for each ID. It belongs to one caller at a time.
type Loader struct {
	mirror  *Mirror
	options LoadOptions
	batch   Batch
	table   *resolver.Table // that references are looked up in
	next    int64           // sequence of the next chunk
	rows    int64           // that came, good and bad
	ids     idSet
	former  idSet // IDs that were merged into others; hashed as ids does
	dangles []dangling
	result  Result
	buffer  []Encoded
	arena   []byte
	runs    chan []Encoded
	staged  chan error // closed when staging has ended
	failure error
	touched time.Time
}

// dangling is a relation whose target has not come yet.
type dangling struct {
	file      string
	line      int64
	key       Key
	field     string
	target    string
	targetKey idHash
}

const (
	// stageRows and stageBytes are how much is staged in one transaction: enough
	// that its end costs little, few enough that the memory stays small.
	stageRows  = 20_000
	stageBytes = 8 << 20
	// touchEvery is how long rows are gathered before they are staged however few
	// they are, so that a slow load is not taken for one that was given up.
	touchEvery = stagingLife / 5
	// maxDangling bounds the relations that wait for their target.
	maxDangling = 1_000_000
)

// NewLoad opens a load.
func (m *Mirror) NewLoad(ctx context.Context, o LoadOptions) (*Loader, error) {
	b, err := m.authority.Begin(ctx)
	if err != nil {
		return nil, err
	}
	l := &Loader{mirror: m, options: o, batch: b, table: m.resolver.Table(), runs: make(chan []Encoded, 1), staged: make(chan error, 1), touched: time.Now()}
	l.ids.init()
	l.former.init()
	// Staging outlives the call that began it: a load that is cut off may be
	// resumed by another.
	go l.stage(context.WithoutCancel(ctx), l.runs)
	return l, nil
}

// stage writes runs away until there are no more. After a failure it only drains.
func (l *Loader) stage(ctx context.Context, runs <-chan []Encoded) {
	var failure error
	for run := range runs {
		if failure == nil {
			failure = l.batch.Stage(ctx, l.options.Source, run)
			if failure != nil {
				l.mirror.logFailure(failure)
				l.staged <- failure
			}
		}
	}
	close(l.staged)
}

// Next is the sequence of the chunk that the load waits for.
func (l *Loader) Next() int64 { return l.next }

// Options are those of NewLoad.
func (l *Loader) Options() LoadOptions { return l.options }

// Add takes the rows of one chunk, whose sequence must be [Loader.Next].
func (l *Loader) Add(sequence int64, file string, lines []Line) error {
	if sequence != l.next {
		return &SequenceError{sequence, l.next}
	}
	for i := range lines {
		line := &lines[i]
		l.rows++
		problem := line.Problem
		if problem == nil {
			problem = line.Row.Check()
		}
		key := line.Row.Key()
		if problem == nil {
			problem = l.place(key, &line.Row)
		}
		if problem != nil {
			if err := l.reject(file, line.Number, line.Row.ID(), problem); err != nil {
				return err
			}
			continue
		}
		if err := l.refer(file, line, key); err != nil {
			return err
		}
		l.keep(key, &line.Row)
		if len(l.buffer) >= stageRows || len(l.arena) >= stageBytes || i == 0 && time.Since(l.touched) > touchEvery {
			if err := l.flush(); err != nil {
				return err
			}
		}
	}
	l.next++
	return nil
}

// place takes the row's ID and its former IDs. An ID is one row's alone, and
// either a row or what has become of one: otherwise merges could go in circles.
func (l *Loader) place(key Key, row *Row) *Problem {
	own := l.ids.hash(key)
	if l.ids.has(own) {
		return &Problem{"id", row.ID(), "has come before in this load"}
	}
	if l.former.n > 0 && l.former.has(own) {
		return &Problem{"id", row.ID(), "is a former ID of another entity in this load: it is either merged or an entity"}
	}
	if row.Entity == nil || len(row.Entity.Redirects) == 0 {
		l.ids.add(own)
		return nil
	}
	for i, id := range row.Entity.Redirects {
		reason := ""
		switch was := l.ids.hash(Key{EntityRow, id}); {
		case l.ids.has(was):
			reason = "is an entity in this load: it is either merged or an entity"
		case l.former.has(was):
			reason = "is a former ID of another entity in this load"
		}
		if reason != "" {
			return &Problem{fmt.Sprintf("former_ids[%d]", i), id, reason}
		}
	}
	l.ids.add(own)
	for _, id := range row.Entity.Redirects {
		l.former.add(l.ids.hash(Key{EntityRow, id}))
	}
	return nil
}

func (l *Loader) keep(key Key, row *Row) {
	at := len(l.arena)
	l.arena = row.Encode(l.arena)
	l.buffer = append(l.buffer, Encoded{key, l.arena[at:len(l.arena):len(l.arena)]})
}

func (l *Loader) reject(file string, line int64, id string, p *Problem) error {
	r := Rejection{File: file, Line: line, ID: clip(id, MaxIDBytes), Problem: *p}
	r.Value = clip(r.Value, maxRejectedValue)
	l.result.Rejected++
	if l.options.Rejected != nil {
		l.options.Rejected(r)
	}
	if len(l.result.Rejections) < MaxRejections {
		l.result.Rejections = append(l.result.Rejections, r)
	}
	if limit := l.options.MaxRejections; limit >= 0 && l.result.Rejected > limit {
		return &TooManyRejectionsError{limit, l.result.Rejected, l.result.Rejections[0]}
	}
	return nil
}

// refer notes relations that lead to what neither the table nor the load has yet.
func (l *Loader) refer(file string, line *Line, key Key) error {
	if line.Row.Entity == nil {
		return nil
	}
	for i, r := range line.Row.Entity.Relations {
		target := l.ids.hash(Key{EntityRow, r.Target})
		if l.ids.has(target) {
			continue
		}
		if e, _ := l.table.Find(r.Target); e.Valid() {
			continue
		}
		if len(l.dangles) == maxDangling {
			return l.reject(file, line.Number, key.ID, &Problem{fmt.Sprintf("relations[%d].target_id", i), r.Target,
				fmt.Sprintf("is not known, and %d relations wait for their target already: give targets first", maxDangling)})
		}
		l.dangles = append(l.dangles, dangling{file, line.Number, key, fmt.Sprintf("relations[%d].target_id", i), r.Target, target})
	}
	return nil
}

// flush hands the buffer to staging.
func (l *Loader) flush() error {
	if l.failure != nil {
		return l.failure
	}
	select {
	case err := <-l.staged:
		l.failure = err
		return err
	case l.runs <- l.buffer:
	}
	l.buffer = make([]Encoded, 0, stageRows)
	l.arena = make([]byte, 0, len(l.arena)+len(l.arena)/8)
	l.touched = time.Now()
	return nil
}

// Commit publishes the load and waits until this mirror answers from it.
// rowCount is how many rows the caller sent; negative for not counted.
func (l *Loader) Commit(ctx context.Context, rowCount int64) (*Result, error) {
	if rowCount >= 0 && rowCount != l.rows {
		return nil, &CountError{rowCount, l.rows}
	}
	if err := l.finish(); err != nil {
		return nil, err
	}
	if err := l.rejectDangling(ctx); err != nil {
		return nil, err
	}
	o := &l.options
	return l.mirror.publish(ctx, l.batch, Publish{
		Source: o.Source, Operation: Load, Replace: o.Replace, DryRun: o.DryRun, Base: o.Base,
		Request: o.Request, Fingerprint: o.Fingerprint, Author: o.Author, Note: o.Note,
	}, &l.result, o.Answer, l.wrote)
}

// finish waits until everything is staged.
func (l *Loader) finish() error {
	if l.runs == nil {
		return errors.Join(l.failure, errors.New("the load has ended"))
	}
	var err error
	if len(l.buffer) > 0 {
		err = l.flush()
	}
	close(l.runs)
	l.runs = nil
	for failure := range l.staged {
		err = failure
	}
	l.buffer, l.arena = nil, nil
	return err
}

func (l *Loader) rejectDangling(ctx context.Context) error {
	var drop []Key
	for _, d := range l.dangles {
		if l.ids.has(d.targetKey) {
			continue
		}
		if err := l.reject(d.file, d.line, d.key.ID, &Problem{d.field, d.target, "is neither in the table nor in the load"}); err != nil {
			return err
		}
		drop = append(drop, d.key)
	}
	l.dangles = nil
	return l.batch.Unstage(ctx, l.options.Source, drop)
}

// wrote reports whether the load gave the entity.
func (l *Loader) wrote(id string) bool { return l.ids.has(l.ids.hash(Key{EntityRow, id})) }

// Discard ends the load and drops what it staged. It is harmless after Commit.
func (l *Loader) Discard(ctx context.Context) error {
	if l.runs != nil {
		close(l.runs)
		l.runs = nil
		for range l.staged {
		}
	}
	return l.batch.Discard(ctx)
}

// idHash identifies a key: 128 bits from two secret seeds, so that equal hashes
// mean equal keys.
type idHash [2]uint64

// idSet is a set of keys in 16 bytes each and as much room again. It is an
// open-addressed table at most half full.
type idSet struct {
	seeds [2]maphash.Seed
	slots []idHash
	n     int
}

func (s *idSet) init() {
	s.seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}
	s.slots = make([]idHash, 1024)
}

func (s *idSet) hash(k Key) idHash {
	h := idHash{maphash.String(s.seeds[0], k.ID) + uint64(k.Kind), maphash.String(s.seeds[1], k.ID) ^ uint64(k.Kind)}
	if h == (idHash{}) {
		h[0] = 1
	}
	return h
}

func (s *idSet) slot(h idHash) *idHash {
	mask := uint64(len(s.slots) - 1)
	for i := h[0] & mask; ; i = (i + 1) & mask {
		if at := &s.slots[i]; *at == h || *at == (idHash{}) {
			return at
		}
	}
}

func (s *idSet) has(h idHash) bool { return *s.slot(h) == h }

func (s *idSet) add(h idHash) {
	at := s.slot(h)
	if *at == h {
		return
	}
	*at = h
	if s.n++; 3*s.n > 2*len(s.slots) {
		old := s.slots
		s.slots = make([]idHash, 2*len(old))
		for _, h := range old {
			if h != (idHash{}) {
				*s.slot(h) = h
			}
		}
	}
}
