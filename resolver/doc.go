// Package resolver maps a name to the entity it stands for.
//
// A [Table] is an immutable set of facts with its lookup structures; a
// [Resolver] holds the current one behind an atomic pointer. One query goes
//
//	pin/deny ─► exact and normalised keys ─► readings ─► weights ─► decision
//
// Every name with the query's key is a hit. A hit is read (a capital stands for
// its state, a demonym for its country), weighed by how often news means that
// entity by that name, and the weights become probabilities. The first
// candidate is RESOLVED when its probability and its lead are large enough,
// AMBIGUOUS when they are not; without a hit the answer is NO_MATCH.
//
// The package is pure: no clock, no logger, no network. Everything is safe for
// concurrent use except an [Answer], which belongs to one caller at a time.
package resolver
