package table

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Authority keeps the table. It is safe for concurrent use.
type Authority interface {
	// Identity is a text that no other table has.
	Identity() string
	// Head returns the newest version; 0 before the first publish.
	Head(ctx context.Context) (int64, error)
	// Sources returns the state of every source, by name.
	Sources(ctx context.Context) ([]SourceState, error)
	// Versions returns publishes, newest first.
	Versions(ctx context.Context, which VersionRange) ([]Version, error)
	// Rows yields what the source said at a version, in the order of keys. The
	// rows are those of one moment. An unknown source is an [UnknownSourceError],
	// a version no longer kept a [TrimmedError].
	Rows(ctx context.Context, source string, version int64, yield func(Encoded) error) error
	// All yields the rows of every source at one moment, in the order of keys, and
	// returns the version of that moment. In which order sources say what they say
	// of one key is left open.
	All(ctx context.Context, yield func(source string, row Encoded) error) (int64, error)
	// Changes returns the keys of the rows that changed after one version and up
	// to another, at most limit; more tells that there are others.
	Changes(ctx context.Context, after, upTo int64, limit int) (keys []Key, more bool, err error)
	// Current yields what each source says of the keys at the newest version, and
	// returns it. Overrides may be asked for wholesale with a key without ID.
	Current(ctx context.Context, keys []Key, yield func(source string, row Encoded) error) (int64, error)
	// Listen calls tell when another may have published, until ctx ends or that can no
	// longer be known, and returns why; nil when nobody else publishes. It may miss a
	// publish: whoever must not miss one asks for Head.
	Listen(ctx context.Context, tell func()) error
	// Begin opens a batch.
	Begin(ctx context.Context) (Batch, error)
	// Answered returns what a write with the request ID answered, or nil. An ID
	// that belongs to another write is a [ReusedError].
	Answered(ctx context.Context, request, fingerprint string) ([]byte, error)
	// Amend replaces what is remembered of a write that has answered.
	Amend(ctx context.Context, request string, answer []byte) error
	// Sweep deletes what no version that is kept needs.
	Sweep(ctx context.Context) error
	// Close releases the database.
	Close() error
}

// Batch is rows on their way into the table. It belongs to one caller.
type Batch interface {
	// Stage writes rows of the batch. They stay invisible.
	Stage(ctx context.Context, source string, rows []Encoded) error
	// Has reports whether the key has been staged.
	Has(ctx context.Context, source string, key Key) (bool, error)
	// Unstage takes rows out again.
	Unstage(ctx context.Context, source string, keys []Key) error
	// Publish makes the batch the next version. Nothing is published in a dry run
	// and when the table says all of it already.
	Publish(ctx context.Context, p Publish) (Published, error)
	// Discard drops the batch. It is harmless after a publish.
	Discard(ctx context.Context) error
}

// Publish says how a batch becomes a version.
type Publish struct {
	Source    string
	Operation Operation
	// Replace ends every row of the source that the batch does not name.
	Replace bool
	// Restore, when positive, fills the batch with what the source said at that
	// version; the batch must be empty.
	Restore int64
	DryRun  bool
	// Base, when not nil, is the version after which the source must not have
	// changed.
	Base *int64
	// Request is remembered with what Answer makes of the outcome. Fingerprint
	// tells writes apart.
	Request, Fingerprint string
	Answer               func(Published) ([]byte, error)
	Author, Note         string
	// Keep is how many versions of the source stay restorable; 0 for [DefaultKeep].
	Keep int
}

// DefaultKeep is how many versions of a source stay restorable.
const DefaultKeep = 10

// Published is what a publish did, or in a dry run would do.
type Published struct {
	Version int64
	New     bool // a version was published
	Counts  Counts
	Changes []Change // the first 1,000, in the order of keys
	// Answer is what was remembered under the request ID; Replayed that it was
	// there before.
	Answer   []byte
	Replayed bool
}

// Counts counts the rows that a publish touched.
type Counts struct {
	Added, Changed, Removed, Unchanged int64
}

// Change is one row that a publish changes.
type Change struct {
	ID, Label string
	Type      ChangeType
	Fields    []string // that differ, of a changed row
}

// ChangeType is what happens to a row.
type ChangeType uint8

// The types of change.
const (
	Added ChangeType = 1 + iota
	Changed
	Removed
)

// MaxChanges is how many changes a publish lists.
const MaxChanges = 1000

// Operation is what made a version.
type Operation uint8

// The operations, with the numbers of the contract.
const (
	Seed Operation = 1 + iota
	Load
	Upsert
	Delete
	SetOverride
	Rollback
)

// Version is one publish.
type Version struct {
	Version       int64
	Source        string
	Operation     Operation
	Published     time.Time
	Author        string
	Request, Note string
	Counts        Counts
	Restorable    bool
}

// VersionRange selects versions. Source "" admits all; Before and After bound
// them, both excluded and 0 for open; Ascending turns the order.
type VersionRange struct {
	Source        string
	Before, After int64
	Limit         int
	Ascending     bool
}

// SourceState is the state of one source.
type SourceState struct {
	Name      string
	Version   int64 // that last changed it
	Published time.Time
}

// UnknownSourceError is a source that has never been written.
type UnknownSourceError struct{ Source string }

func (e *UnknownSourceError) Error() string { return fmt.Sprintf("no source %q", clip(e.Source, 64)) }

// TrimmedError is a version that is no longer kept, or not yet there.
type TrimmedError struct{ Version, Oldest, Newest int64 }

func (e *TrimmedError) Error() string {
	return fmt.Sprintf("version %d is not kept; %d to %d are", e.Version, e.Oldest, e.Newest)
}

// StaleError is a base version after which the source has changed.
type StaleError struct {
	Source     string
	Base, Have int64
}

func (e *StaleError) Error() string {
	return fmt.Sprintf("source %q changed in version %d, after base_version %d", e.Source, e.Have, e.Base)
}

// ReusedError is a request ID that belongs to another write.
type ReusedError struct{ Request string }

func (e *ReusedError) Error() string {
	return fmt.Sprintf("request_id %q belongs to another write", clip(e.Request, 64))
}

// ErrInUse is a data directory that another process has open.
var ErrInUse = errors.New("the data directory is in use by another process")

// ErrAbandoned is a write that nobody went on with for so long that what was
// staged of it has been swept out.
var ErrAbandoned = fmt.Errorf("nothing came for more than %v: what had come was dropped; begin again", stagingLife)

// RequestLife is how long what a write answered is remembered.
const RequestLife = 24 * time.Hour

// stagingLife is how long a batch that nobody touches is left alone.
const stagingLife = 15 * time.Minute
