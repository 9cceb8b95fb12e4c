package server

import "unicode"

// blank reports whether r shows nothing by itself: white space, a format
// character such as a joiner, or a character that renderers ignore.
func blank(r rune) bool {
	return unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
