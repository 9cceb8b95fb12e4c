package server

import (
	"math"
	"strings"
	"unicode/utf8"

	"onoma/resolver/text"

	onomav1 "onoma/proto/onoma/v1"
)

// maxDocumentBytes is the longest document, as the contract says.
const maxDocumentBytes = 1 << 20

// document reads a document into d.
func (c *checker) document(from *onomav1.Document, d *text.Document) {
	if from == nil {
		c.fail("text", "is required")
		return
	}
	*d = text.Document{
		Text:        from.Text,
		Language:    c.language("language", from.Language),
		AsOf:        c.asOf(from.AsOf),
		Countries:   from.CountryIds,
		Kinds:       c.kinds(from.Kinds),
		Nested:      from.IncludeNested,
		Limit:       c.count("limit", from.Limit, maxCandidates),
		MaxMentions: c.count("max_mentions", from.MaxMentions, math.MaxInt32),
		MinScore:    c.share("min_score", from.MinScore),
		MinMargin:   c.share("min_margin", from.MinMargin),
	}
	switch n := len(from.Text); {
	case n == 0:
		c.fail("text", "is required")
	case n > maxDocumentBytes:
		c.fail("text", "has %d bytes, the limit is %d; cut it between paragraphs", n, maxDocumentBytes)
	case !utf8.ValidString(from.Text):
		at := validPrefix([]byte(from.Text))
		c.fail("text", "byte %d (0x%02X) is not valid UTF-8", at, from.Text[at])
	}
	c.countries(from.CountryIds)
	c.view(from.View)
	if from.MinTableVersion < 0 {
		c.fail("min_table_version", "%d is negative", from.MinTableVersion)
	}
}

// span checks that a span lies in the text of a context and that its two
// countings agree.
func (c *checker) span(from *onomav1.Context) {
	s := from.GetSpan()
	if s == nil {
		return
	}
	if from.Text == "" {
		c.fail("context.span", "is given without a text")
		return
	}
	inBytes, inRunes := s.ByteStart != 0 || s.ByteEnd != 0, s.Start != 0 || s.End != 0
	if !inBytes && !inRunes {
		c.fail("context.span", "is empty")
		return
	}
	start, end := int(s.ByteStart), int(s.ByteEnd)
	if inRunes {
		around := from.Text
		from, to, ok := bytesOf(around, int(s.Start), int(s.End))
		if !ok {
			c.fail("context.span", "%d to %d is no stretch of the text, which has %d characters", s.Start, s.End, utf8.RuneCountInString(around))
			return
		}
		if inBytes && (from != start || to != end) {
			c.fail("context.span", "characters %d to %d are bytes %d to %d, not %d to %d", s.Start, s.End, from, to, start, end)
		}
		return
	}
	if start < 0 || start >= end || end > len(from.Text) || !boundary(from.Text, start) || !boundary(from.Text, end) {
		c.fail("context.span", "bytes %d to %d are no stretch of whole characters of the text, which has %d bytes", start, end, len(from.Text))
	}
}

func boundary(s string, at int) bool { return at == len(s) || utf8.RuneStart(s[at]) }

// bytesOf turns a stretch of characters into one of bytes.
func bytesOf(s string, start, end int) (from, to int, ok bool) {
	if start < 0 || start >= end {
		return 0, 0, false
	}
	from, to = -1, -1
	n := 0
	for at := range s {
		if n == start {
			from = at
		}
		if n == end {
			to = at
			break
		}
		n++
	}
	if to < 0 && n == end {
		to = len(s)
	}
	return from, to, from >= 0 && to >= 0
}

// spanOf returns where the name of a checked query stands in its context.
func spanOf(q *onomav1.Query) (start, end int, ok bool) {
	around := q.Context.Text
	switch s := q.Context.Span; {
	case s == nil:
		at := strings.Index(around, q.Name)
		return at, at + len(q.Name), at >= 0
	case s.ByteEnd != 0:
		return int(s.ByteStart), int(s.ByteEnd), true
	default:
		return bytesOf(around, int(s.Start), int(s.End))
	}
}
