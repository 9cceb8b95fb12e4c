package server

import (
	"errors"
	"fmt"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"onoma/internal/table"
)

// The reasons of failed writes and of reads of the table's history.
const (
	reasonStaleBase     = "STALE_BASE_VERSION"
	reasonReused        = "REQUEST_ID_REUSED"
	reasonUnknownSource = "UNKNOWN_SOURCE"
	reasonTrimmed       = "VERSION_TRIMMED"
	reasonRejections    = "TOO_MANY_REJECTIONS"
	reasonTakenOver     = "LOAD_TAKEN_OVER"
	reasonNoRoom        = "STORAGE_FULL"
	reasonStandby       = "STORAGE_READ_ONLY"
	reasonUnreachable   = "STORAGE_UNAVAILABLE"
	reasonAbandoned     = "LOAD_ABANDONED"
	reasonReadOnly      = "READ_ONLY"
)

// errReadOnly is a write to a server that keeps no table.
var errReadOnly = errors.New("this server answers from its built-in table alone and keeps nothing; start it with --data-dir or --postgres")

// missingError is an ID of which a source says nothing.
type missingError struct{ source, id string }

func (e *missingError) Error() string {
	return fmt.Sprintf("source %q says nothing of %s", e.source, quote(e.id))
}

// writeStatus turns the errors of the table into the statuses of the contract;
// nil for any other error.
func writeStatus(err error) *status.Status {
	var (
		stale    *table.StaleError
		reused   *table.ReusedError
		unknown  *table.UnknownSourceError
		trimmed  *table.TrimmedError
		rejected *table.TooManyRejectionsError
		sequence *table.SequenceError
		count    *table.CountError
		missing  *missingError
	)
	switch {
	case errors.As(err, &stale):
		return withDetails(codes.Aborted, err, info(reasonStaleBase, map[string]string{
			"source": stale.Source, "base_version": fmt.Sprint(stale.Base), "source_version": fmt.Sprint(stale.Have),
		}))
	case errors.As(err, &reused):
		return withDetails(codes.AlreadyExists, err, info(reasonReused, nil))
	case errors.As(err, &unknown):
		return withDetails(codes.NotFound, err, info(reasonUnknownSource, map[string]string{"source": clip(unknown.Source, 64)}))
	case errors.As(err, &trimmed):
		return withDetails(codes.OutOfRange, err, info(reasonTrimmed, map[string]string{
			"version": fmt.Sprint(trimmed.Version), "oldest": fmt.Sprint(trimmed.Oldest), "newest": fmt.Sprint(trimmed.Newest),
		}))
	case errors.As(err, &rejected):
		f := rejected.First
		return withDetails(codes.FailedPrecondition, err, info(reasonRejections, map[string]string{
			"rejected": fmt.Sprint(rejected.Rejected), "limit": fmt.Sprint(rejected.Limit),
			"file": clip(f.File, 256), "line": fmt.Sprint(f.Line), "field": f.Field, "value": valid(clip(f.Value, 256)), "reason": f.Reason,
		}))
	case errors.As(err, &sequence):
		return asStatus(&invalidError{[]violation{{"chunk.sequence", err.Error()}}})
	case errors.As(err, &count):
		return status.New(codes.DataLoss, err.Error()+"; nothing was published")
	case errors.As(err, &missing):
		return withDetails(codes.NotFound, err, info(reasonUnknown, map[string]string{"entity_id": clip(missing.id, 64)}))
	case errors.Is(err, errTakenOver):
		return withDetails(codes.Aborted, err, info(reasonTakenOver, nil))
	case errors.Is(err, errReadOnly):
		return withDetails(codes.FailedPrecondition, err, info(reasonReadOnly, nil))
	case errors.Is(err, table.ErrAbandoned):
		return withDetails(codes.Aborted, err, info(reasonAbandoned, nil))
	}
	return storageStatus(err)
}

// storageRetry is when a caller may ask again whom the database failed.
const storageRetry = time.Second

// storageStatus tells what the database suffers from, without its own words,
// which are for the log; nil for any other error.
func storageStatus(err error) *status.Status {
	switch table.FailureOf(err) {
	case table.NoRoom:
		return withDetails(codes.ResourceExhausted, errors.New("the table's database has no room left on its disk; the version before stands"), info(reasonNoRoom, nil))
	case table.ReadOnly:
		return withDetails(codes.FailedPrecondition, errors.New("the table's database may not be written: it is read-only or a standby"), info(reasonStandby, nil))
	case table.Unreachable:
		return withDetails(codes.Unavailable, errors.New("the table's database does not answer; the version before stands"), info(reasonUnreachable, nil),
			&errdetails.RetryInfo{RetryDelay: durationpb.New(storageRetry)})
	}
	return nil
}
