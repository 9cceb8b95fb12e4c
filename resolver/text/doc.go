// Package text finds the names in running text and says what each stands for.
//
//	text ─► tokens ─► language ─► runs of tokens that are keys of the table
//	     ─► evidence: is it a name here, or a word?    (guard.go, support.go)
//	     ─► the document: variants, surnames, acronyms, countries  (document.go)
//	     ─► titles: office × country × date ─► holder  (titles.go)
//	     ─► readings: literal or metonymic             (reading.go)
//	     ─► mentions with spans
//
// An [Annotator] belongs to one table and is made once for it: it holds the
// first words of all keys, so that most tokens cost one probe and no more. It
// is immutable and safe for concurrent use; an [Annotation] belongs to one
// caller at a time, and its memory is used again.
//
// Cost is linear in the text. Everything that is not (comparing a word that the
// table lacks with names that sound alike) is bounded for a document.
package text
