package table

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Failure is why a database failed, where a caller or an operator can do
// something about it.
type Failure uint8

// The failures.
const (
	// NotFailed is an error of another sort.
	NotFailed Failure = iota
	// NoRoom is a disk that is full, or a file that may grow no further.
	NoRoom
	// ReadOnly is a database that may not be written.
	ReadOnly
	// Unreachable is a database that does not answer, or not now.
	Unreachable
)

// FailureOf tells why a database failed.
func FailureOf(err error) Failure {
	var lite *sqlite.Error
	var postgres *pgconn.PgError
	var connect *pgconn.ConnectError
	var network net.Error
	switch {
	case err == nil, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return NotFailed
	case errors.As(err, &lite):
		return sqliteFailure(lite.Code())
	case errors.As(err, &postgres):
		return postgresFailure(postgres.Code)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return NoRoom
	case errors.Is(err, syscall.EROFS):
		return ReadOnly
	case errors.As(err, &connect), errors.As(err, &network), errors.Is(err, driver.ErrBadConn), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, net.ErrClosed), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		// pgx has no value for these.
		strings.Contains(err.Error(), "conn closed"), strings.Contains(err.Error(), "conn busy"):
		return Unreachable
	}
	return NotFailed
}

func sqliteFailure(code int) Failure {
	switch code {
	case sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_TRUNCATE, sqlite3.SQLITE_IOERR_SHMSIZE:
		return NoRoom // a file may grow no further
	}
	switch code & 0xff {
	case sqlite3.SQLITE_FULL:
		return NoRoom
	case sqlite3.SQLITE_READONLY:
		return ReadOnly
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return Unreachable
	}
	return NotFailed
}

// postgresFailure reads the classes of SQLSTATE, which engines that speak
// PostgreSQL's protocol share.
func postgresFailure(code string) Failure {
	switch {
	case code == "53100", code == "53200", code == "54000":
		return NoRoom // disk_full, out_of_memory, program_limit_exceeded
	case code == "25006":
		return ReadOnly // read_only_sql_transaction: a standby
	case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "57P"), code == "53300", strings.HasPrefix(code, "40"):
		return Unreachable // connection, shutdown or crash, too many connections, to be tried again
	}
	return NotFailed
}
