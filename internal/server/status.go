package server

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"
)

// domain is the domain of every ErrorInfo.
const domain = "onoma"

// The reasons an ErrorInfo gives.
const (
	reasonInvalidField = "INVALID_FIELD"
	reasonUnknown      = "UNKNOWN_ENTITY"
	reasonVersion      = "TABLE_VERSION_NOT_REACHED"
	reasonInternal     = "INTERNAL"
	reasonCredential   = "CREDENTIAL_REQUIRED"
	reasonRole         = "ROLE_REQUIRED"
	reasonQuota        = "QUOTA_EXCEEDED"
	reasonOverload     = "OVERLOADED"
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

// unauthenticatedError is a caller who does not show who they are.
type unauthenticatedError struct{ why string }

func (e *unauthenticatedError) Error() string { return e.why }

// roleError is a caller whose role does not reach for the method.
type roleError struct {
	caller     string
	has, needs Role
	method     string
}

func (e *roleError) Error() string {
	if e.needs == Nobody {
		return fmt.Sprintf("%s is open to nobody", e.method)
	}
	return fmt.Sprintf("%s needs the role %s, %s is %s", e.method, e.needs, e.caller, e.has)
}

// quotaError is a caller who asks more than their quota.
type quotaError struct {
	caller string
	asked  int
	wait   time.Duration
}

func (e *quotaError) Error() string {
	return fmt.Sprintf("%s is over its quota of queries; %d more can be had in %s", e.caller, e.asked, e.wait.Round(time.Millisecond))
}

// overloadError is a server that has more to do than it can do in time.
type overloadError struct{ retry time.Duration }

func (e *overloadError) Error() string { return "the server has more to do than it can do in time" }

// asStatus turns an error into the status that the contract gives it.
func asStatus(err error) *status.Status {
	var (
		invalid *invalidError
		unknown *unknownEntityError
		stale   *staleError
		nobody  *unauthenticatedError
		role    *roleError
		quota   *quotaError
		full    *overloadError
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
	}
	if s := writeStatus(err); s != nil {
		return s
	}
	switch {
	case errors.As(err, &nobody):
		return withDetails(codes.Unauthenticated, err, info(reasonCredential, nil))
	case errors.As(err, &role):
		return withDetails(codes.PermissionDenied, err, info(reasonRole, map[string]string{
			"method": role.method, "role": role.has.String(), "needs": role.needs.String(),
		}))
	case errors.As(err, &quota):
		return withDetails(codes.ResourceExhausted, err, info(reasonQuota, map[string]string{"caller": clip(quota.caller, 64)}),
			&errdetails.QuotaFailure{Violations: []*errdetails.QuotaFailure_Violation{{Subject: clip(quota.caller, 64), Description: "queries per second"}}},
			&errdetails.RetryInfo{RetryDelay: durationpb.New(quota.wait)})
	case errors.As(err, &full):
		// Clients that come back together are the next overload.
		wait := full.retry + rand.N(full.retry)
		return withDetails(codes.Unavailable, err, info(reasonOverload, nil), &errdetails.RetryInfo{RetryDelay: durationpb.New(wait)})
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
