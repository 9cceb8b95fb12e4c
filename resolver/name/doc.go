// Package name knows how names are written: it folds them to keys, reads them
// across scripts, and compares them token by token.
//
// From the outside in:
//
//   - [AppendFold] makes the key under which spellings of one name meet that
//     differ only in writing; [Variants] gives the reductions worth trying when
//     no table holds the whole key (articles, titles, possessives, inversion).
//   - [ScriptOf] names the script of a text.
//
// Everything is a pure function of its arguments and of the data files under
// data/, which are compiled in. Nothing here reads a clock, a file or the
// network; all functions are safe for concurrent use unless they say otherwise.
package name
