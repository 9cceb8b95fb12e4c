// Package fact holds the words of the domain: what a table says of an entity.
//
// Everything here is a plain value. A table is a set of [Entity] values, each
// from a named source, and the [Position] values their roles refer to; the
// package knows nothing of how they are stored, indexed or served.
package fact
