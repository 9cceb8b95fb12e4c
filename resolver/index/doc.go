// Package index holds a table as immutable lookup structures.
//
// An [Index] is one contiguous, pointer-free block: sections of fixed-size
// records and one block of text. It can be built in memory by a [Builder],
// written to a file and opened again from mapped memory. Nothing in it ever
// changes, so any number of goroutines may read it without a lock.
//
// Names stand in the order of their folded key (see package name), so that all
// names that share a key are neighbours and a prefix is a range. A hash of the
// key leads to the first of them: one probe, then a comparison with the name's
// own text, because no key is stored. Entities stand in the order of their IDs.
package index
