// Package name knows how names are written: it folds them to keys, reads them
// across scripts, and compares them token by token.
//
// From the outside in:
//
//   - [AppendFold] makes the key under which spellings of one name meet that
//     differ only in writing; [Variants] gives the reductions worth trying when
//     no table holds the whole key (articles, titles, possessives, inversion).
//   - [ScriptOf] names the script of a text, [Tokens] its words.
//   - [AppendStems] guesses the dictionary forms of an inflected word, to be
//     looked up and believed only when a table holds them.
//   - [AppendKeys] makes the blocking keys of a word: sound skeletons, the same
//     for a Latin spelling and for its counterpart in another script as often as
//     can be; [AppendQueryKeys] tries more of them. They find candidates and
//     decide nothing.
//   - [BagOf] ranks the many words that share a key, at a nanosecond each.
//   - [Comparer] compares a query's [Form] with a name's: words aligned with
//     edit costs that know script and sound, what is left over told apart as
//     missing or contradicted.
//   - [Confusable] and [Opposed] keep look-alikes apart.
//
// How spellings correspond is learned, not ruled: see data/README.md.
//
// Everything is a pure function of its arguments and of the data files under
// data/, which are compiled in. Nothing here reads a clock, a file or the
// network; functions are safe for concurrent use, [Form] and [Comparer] are not.
package name
