package server

import (
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

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
	}
	return nil
}
