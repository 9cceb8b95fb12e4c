package main

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// clean brings a name into the form it is stored in: NFC, one space between
// words, no character without width or with control of direction, ASCII
// apostrophes left as the source has them.
func clean(s string) string {
	s = norm.NFC.String(s)
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\u200c' || r == '\u200d': // joiners: Persian and Indic spelling needs them
			return r
		case r == '\u00a0' || r == '\u202f' || unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Cf, r) || unicode.IsControl(r):
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	return strings.Trim(s, ",;:- /\u200c\u200d")
}

// splitParentheses takes "X (Y)" apart; inner is "" when there is none.
func splitParentheses(s string) (outer, inner string) {
	s = strings.NewReplacer("（", "(", "）", ")", "[", "(", "]", ")").Replace(s)
	open := strings.IndexByte(s, '(')
	if open < 0 {
		return s, ""
	}
	end := strings.LastIndexByte(s, ')')
	if end < open {
		return strings.TrimSpace(s[:open]), ""
	}
	outer = strings.TrimSpace(s[:open]) + " " + strings.TrimSpace(s[end+1:])
	return strings.TrimSpace(outer), strings.TrimSpace(s[open+1 : end])
}

// withoutParentheses drops what stands in parentheses: an explanation, or the
// country of a region.
func withoutParentheses(s string) string {
	outer, _ := splitParentheses(s)
	if outer == "" {
		return s
	}
	return outer
}

// alternatives splits a list of names, "A / B".
func alternatives(s string) []string {
	var list []string
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '/' || r == ';' || r == '／' }) {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// hasLetter reports whether s has a letter at all.
func hasLetter(s string) bool { return strings.IndexFunc(s, unicode.IsLetter) >= 0 }
