package main

import "onoma/resolver/name"

// fold is the normaliser under which names are compared: two spellings that fold
// alike need not both be in the table.
func fold(s string) string { return name.Fold(s) }
