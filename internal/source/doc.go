// Package source reads the files that alias tables come in, one file of this
// package a format, and yields rows with the line each stands on.
//
// Readers stream: their memory does not grow with the file but where a format's
// own comment says so. What a reader cannot use comes out as a line with a
// problem, so that a load can reject it by file, line and field; only a file that
// is not what it says it is ends the reading.
package source
