// Package table is the authority of the alias table: what every source says, in
// which version, in a real database.
//
// An [Authority] keeps rows. A row is an entity, a position or an override as
// one source gives it; a write is a [Batch] of rows that is staged piece by
// piece and published in one transaction as the next version:
//
//	Begin ─► Stage … Stage ─► Publish ─► version n+1
//	                     └──► Discard ─► nothing
//
// Staged rows carry the number of their batch, and a row counts only when a
// version names its batch: what a crash leaves behind is invisible, and swept
// out later. SQLite in a data directory and PostgreSQL speak the same schema and
// pass the same conformance suite.
//
// A [Loader] checks rows, counts rejections and stages what is good. A [Mirror]
// keeps a resolver at the authority's newest version, with a snapshot file
// beside the database so that the next start need not build anything.
package table
