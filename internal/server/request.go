package server

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"onoma/resolver"
	"onoma/resolver/fact"

	onomav1 "onoma/proto/onoma/v1"
)

// checker collects the rules that a request breaks. The zero checker is ready.
type checker struct {
	violations []violation
	prefix     string // of the message being checked, such as "query."
}

func (c *checker) fail(field, format string, args ...any) {
	c.violations = append(c.violations, violation{c.prefix + field, fmt.Sprintf(format, args...)})
}

// err returns what was collected, or nil.
func (c *checker) err() error {
	if len(c.violations) == 0 {
		return nil
	}
	return &invalidError{c.violations}
}

// query reads a query into q and reports whether it may be answered.
func (c *checker) query(from *onomav1.Query, q *resolver.Query) {
	if from == nil {
		c.fail("name", "is required")
		return
	}
	*q = resolver.Query{
		Name:       c.name("name", from.Name),
		Kinds:      c.kinds(from.Kinds),
		Language:   c.language("language", from.Language),
		Countries:  from.CountryIds,
		CoMentions: from.GetContext().GetCoMentions(),
		AsOf:       c.asOf(from.AsOf),
		Reading:    c.reading(from.Reading),
		Limit:      c.count("limit", from.Limit, maxCandidates),
		MinScore:   c.share("min_score", from.MinScore),
		MinMargin:  c.share("min_margin", from.MinMargin),
	}
	c.countries(from.CountryIds)
	if from.Context != nil {
		c.context(from.Context)
	}
	c.view(from.View)
	if from.MinTableVersion < 0 {
		c.fail("min_table_version", "%d is negative", from.MinTableVersion)
	}
}

// name checks a name that the caller asks for: valid UTF-8 of bounded length
// with something visible in it, and nothing that would make it read otherwise
// than it is stored.
func (c *checker) name(field, s string) string {
	if s == "" {
		c.fail(field, "is required")
		return s
	}
	if len(s) > maxNameBytes {
		c.fail(field, "%s has %d bytes, the limit is %d", quote(s), len(s), maxNameBytes)
		return s
	}
	if c.text(field, s) && invisible(s) {
		c.fail(field, "%s has nothing visible in it", quote(s))
	}
	return s
}

// text checks that s is UTF-8 without control characters and bidirectional
// overrides. Tab and line breaks are space: names are cut out of running text.
func (c *checker) text(field, s string) bool {
	for i := 0; i < len(s); i++ {
		if b := s[i]; b >= utf8.RuneSelf || b < ' ' || b == 0x7f {
			return c.slowText(field, s)
		}
	}
	return true
}

func (c *checker) slowText(field, s string) bool {
	for at, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[at:], "\uFFFD"):
			c.fail(field, "byte %d (0x%02X) is not valid UTF-8", at, s[at])
			return false
		case r == '\t' || r == '\n' || r == '\r':
		case r < ' ' || r >= 0x7f && r < 0xa0:
			c.fail(field, "the character %U at byte %d is a control character", r, at)
			return false
		case r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069:
			c.fail(field, "the character %U at byte %d overrides the direction of writing", r, at)
			return false
		}
	}
	return true
}

// invisible reports whether s shows nothing: white space, joiners, marks of
// direction, soft hyphens.
func invisible(s string) bool {
	for _, r := range s {
		if !blank(r) {
			return false
		}
	}
	return true
}

func (c *checker) kinds(kinds []onomav1.EntityKind) (set resolver.KindSet) {
	for i, k := range kinds {
		if k <= onomav1.EntityKind_ENTITY_KIND_UNSPECIFIED || int(k) >= len(onomav1.EntityKind_name) {
			c.fail(fmt.Sprintf("kinds[%d]", i), "%d is not an entity kind, which are 1 to %d", k, len(onomav1.EntityKind_name)-1)
			continue
		}
		set |= resolver.Kinds(fact.Kind(k))
	}
	return set
}

func (c *checker) countries(ids []string) {
	if len(ids) > maxCountries {
		c.fail("country_ids", "has %d items, the limit is %d", len(ids), maxCountries)
		return
	}
	for i, id := range ids {
		c.id(fmt.Sprintf("country_ids[%d]", i), id)
	}
}

func (c *checker) id(field, id string) {
	switch {
	case id == "":
		c.fail(field, "is required")
	case len(id) > maxIDBytes:
		c.fail(field, "%s has %d bytes, the limit is %d", quote(id), len(id), maxIDBytes)
	default:
		c.text(field, id)
	}
}

// language checks the form of a BCP-47 tag, not that the subtags exist.
func (c *checker) language(field, tag string) string {
	if len(tag) > maxLanguageBytes {
		c.fail(field, "%s has %d bytes, the limit is %d", quote(tag), len(tag), maxLanguageBytes)
		return ""
	}
	for i := 0; i < len(tag); i++ {
		if b := tag[i]; b != '-' && b != '_' && (b < '0' || b > '9') && (b|0x20 < 'a' || b|0x20 > 'z') {
			c.fail(field, "%s is not a BCP-47 tag such as \"it\" or \"zh-Hant\"", quote(tag))
			return ""
		}
	}
	return tag
}

func (c *checker) asOf(s string) fact.Date {
	d, err := fact.ParseDate(clip(s, 40))
	if err != nil {
		c.fail("as_of", "%v", err)
	}
	return d
}

func (c *checker) reading(r onomav1.Reading) resolver.Reading {
	if r < 0 || int(r) >= len(onomav1.Reading_name) {
		c.fail("reading", "%d is not a reading, which are 0 to %d", r, len(onomav1.Reading_name)-1)
		return resolver.Auto
	}
	return readings[r]
}

func (c *checker) view(v onomav1.View) {
	if v < 0 || int(v) >= len(onomav1.View_name) {
		c.fail("view", "%d is not a view, which are 0 to %d", v, len(onomav1.View_name)-1)
	}
}

// count checks a number of things wanted, of which 0 means the default.
func (c *checker) count(field string, n int32, limit int) int {
	if n < 0 || int(n) > limit {
		c.fail(field, "%d is outside 0 to %d", n, limit)
		return 0
	}
	return int(n)
}

func (c *checker) share(field string, f *float64) *float64 {
	if f != nil && (math.IsNaN(*f) || *f < 0 || *f > 1) {
		c.fail(field, "%v is outside 0 to 1", *f)
		return nil
	}
	return f
}

func (c *checker) context(from *onomav1.Context) {
	if n := len(from.Text); n > maxContextBytes {
		c.fail("context.text", "has %d bytes, the limit is %d", n, maxContextBytes)
		return
	}
	c.span(from)
	if n := len(from.CoMentions); n > maxCoMentions {
		c.fail("context.co_mentions", "has %d items, the limit is %d", n, maxCoMentions)
		return
	}
	for i, m := range from.CoMentions {
		c.name(fmt.Sprintf("context.co_mentions[%d]", i), m)
	}
}

func (c *checker) languages(tags []string) {
	if len(tags) > maxLanguages {
		c.fail("languages", "has %d items, the limit is %d", len(tags), maxLanguages)
		return
	}
	for i, tag := range tags {
		c.language(fmt.Sprintf("languages[%d]", i), tag)
	}
}
