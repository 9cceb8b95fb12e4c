// Package cache keeps results that cost more to compute than to look up. It is
// never an authority: whatever happens to it, the answer is the same, and a
// look-up ends within its budget.
//
//	Do ─► L1 in process ─► is Redis worth asking? ─► L2 Redis ─► compute ─► L1, L2 behind
//	       bounded bytes     expected cost against     breaker, hard        one flight
//	       W-TinyLFU         the measured round trip   budget, checksum     a key
//
// Keys are made by the caller from everything that the result depends on, the
// table's version among it, so that nothing is ever invalidated. Values are
// bytes; what Redis returns is believed only when its checksum binds it to the
// key, and with a secret only when a holder of the secret wrote it.
package cache
