package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
)

// domain is the domain of every ErrorInfo.
const domain = "onoma"

// The reasons an ErrorInfo gives.
const (
	reasonInvalidField = "INVALID_FIELD"
	reasonUnknown      = "UNKNOWN_ENTITY"
	reasonVersion      = "TABLE_VERSION_NOT_REACHED"
	reasonInternal     = "INTERNAL"
)

// violation is one rule that a request breaks.
type violation struct {
	field, description string
}

// invalidError is a request that breaks rules of the contract.
type invalidError struct {
	violations []violation
}

func (e *invalidError) Error() string {
	var b strings.Builder
	for i, v := range e.violations {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s: %s", v.field, v.description)
	}
	return b.String()
}

// unknownEntityError is an ID that the table does not have.
type unknownEntityError struct{ id string }

func (e *unknownEntityError) Error() string {
	return fmt.Sprintf("the table has no entity %s", quote(e.id))
}

// staleError is a min_table_version that lies ahead of the table.
type staleError struct{ asked, have int64 }

func (e *staleError) Error() string {
	return fmt.Sprintf("min_table_version: %d is not reached, the table is at version %d", e.asked, e.have)
}

// asStatus turns an error into the status that the contract gives it.
func asStatus(err error) *status.Status {
	var (
		invalid *invalidError
		unknown *unknownEntityError
		stale   *staleError
	)
	switch {
	case errors.As(err, &invalid):
		bad := &errdetails.BadRequest{}
		for _, v := range invalid.violations {
			bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{Field: v.field, Description: v.description})
		}
		return withDetails(codes.InvalidArgument, err, info(reasonInvalidField, nil), bad)
	case errors.As(err, &unknown):
		return withDetails(codes.NotFound, err, info(reasonUnknown, map[string]string{"entity_id": clip(unknown.id, 64)}))
	case errors.As(err, &stale):
		return withDetails(codes.FailedPrecondition, err, info(reasonVersion, map[string]string{
			"min_table_version": fmt.Sprint(stale.asked), "table_version": fmt.Sprint(stale.have),
		}))
	case errors.Is(err, context.DeadlineExceeded):
		return status.New(codes.DeadlineExceeded, "the caller's deadline passed before the answer was ready")
	case errors.Is(err, context.Canceled):
		return status.New(codes.Canceled, "the caller hung up")
	}
	if s, ok := status.FromError(err); ok {
		return s
	}
	return withDetails(codes.Internal, errors.New("internal error"), info(reasonInternal, nil))
}

func info(reason string, metadata map[string]string) *errdetails.ErrorInfo {
	return &errdetails.ErrorInfo{Reason: reason, Domain: domain, Metadata: metadata}
}

func withDetails(code codes.Code, err error, details ...protoadapt.MessageV1) *status.Status {
	s := status.New(code, clip(err.Error(), 2048))
	if detailed, err := s.WithDetails(details...); err == nil {
		return detailed
	}
	return s
}

// quote shows a caller's value in an error: quoted, cut to 40 bytes.
func quote(s string) string {
	if short := clip(s, 40); short != s {
		return fmt.Sprintf("%q…", short)
	}
	return fmt.Sprintf("%q", s)
}

// clip cuts s to at most n bytes at the end of a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
