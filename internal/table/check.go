package table

import (
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"onoma/resolver/fact"
	"onoma/resolver/index"
)

// The limits of a row. Each is stated in the contract.
const (
	MaxNameBytes     = index.MaxNameBytes
	MaxIDBytes       = 256
	MaxLanguageBytes = 64
	MaxNoteBytes     = 1024
	MaxRequestBytes  = 128
	MaxSourceBytes   = 64
	// MaxList bounds each list of a row, so that one row cannot fill the memory.
	MaxList = 100_000
)

// Problem is what is wrong with a row.
type Problem struct {
	Field  string // such as "names[2].text"
	Value  string // as given
	Reason string // says the limit
}

func (p *Problem) Error() string {
	return fmt.Sprintf("%s: %q %s", p.Field, clip(p.Value, 64), p.Reason)
}

// clip cuts s to at most n bytes at the end of a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// CheckSource says what is wrong with the name of a source.
func CheckSource(source string) *Problem {
	ok := source != "" && len(source) <= MaxSourceBytes
	for i := 0; ok && i < len(source); i++ {
		b := source[i]
		ok = b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b == '-' || b == '_'
	}
	if !ok {
		return &Problem{"source", source, fmt.Sprintf("is not 1 to %d of a-z, 0-9, - and _", MaxSourceBytes)}
	}
	return nil
}

// Check returns the first thing wrong with the row by itself, or nil. What it
// refers to is checked by who knows the table.
func (r *Row) Check() *Problem {
	switch {
	case r.Entity != nil:
		return checkEntity(r.Entity)
	case r.Position != nil:
		return checkPosition(r.Position)
	case r.Override != nil:
		return checkOverride(r.Override)
	}
	return &Problem{"fact", "", "is required: an entity, a position or an override"}
}

func checkEntity(e *fact.Entity) *Problem {
	if p := checkID("id", e.ID); p != nil {
		return p
	}
	if e.Kind == fact.KindUnspecified || e.Kind > fact.Other {
		return &Problem{"kind", fmt.Sprint(int(e.Kind)), fmt.Sprintf("is required, 1 to %d", fact.Other)}
	}
	if p := checkText("canonical_name", e.Canonical); p != nil {
		return p
	}
	if math.IsNaN(e.Prominence) || e.Prominence < 0 || e.Prominence > 1 {
		return &Problem{"prominence", fmt.Sprint(e.Prominence), "is outside 0 to 1"}
	}
	if n := max(len(e.Names), len(e.Relations), len(e.Roles), len(e.External), len(e.Redirects)); n > MaxList {
		return &Problem{"names", fmt.Sprint(n), fmt.Sprintf("items in a list, the limit is %d", MaxList)}
	}
	for i := range e.Names {
		n := &e.Names[i]
		if p := checkText("text", n.Text); p != nil {
			return p.in("names", i)
		}
		if p := checkLanguage("language", n.Language); p != nil {
			return p.in("names", i)
		}
		if n.Kind == fact.NameUnspecified || n.Kind > fact.Misspelling {
			return (&Problem{"kind", fmt.Sprint(int(n.Kind)), fmt.Sprintf("is not a kind of name, which are 1 to %d", fact.Misspelling)}).in("names", i)
		}
		if p := checkDates(n.From, n.To); p != nil {
			return p.in("names", i)
		}
	}
	for i, r := range e.Relations {
		if p := checkRelation(r); p != nil {
			return p.in("relations", i)
		}
	}
	for i, r := range e.Roles {
		if p := checkID("position_id", r.Position); p != nil {
			return p.in("roles", i)
		}
		if p := checkDates(r.From, r.To); p != nil {
			return p.in("roles", i)
		}
	}
	for i, x := range e.External {
		if p := checkID("scheme", x.Scheme); p != nil {
			return p.in("external_ids", i)
		}
		if p := checkText("value", x.Value); p != nil {
			return p.in("external_ids", i)
		}
	}
	for i, id := range e.Redirects {
		if p := checkID(fmt.Sprintf("former_ids[%d]", i), id); p != nil {
			return p
		}
		if id == e.ID {
			return &Problem{fmt.Sprintf("former_ids[%d]", i), id, "is the entity's own ID: it would lead to itself"}
		}
	}
	return nil
}

// in puts the field into item i of a list.
func (p *Problem) in(list string, i int) *Problem {
	p.Field = fmt.Sprintf("%s[%d].%s", list, i, p.Field)
	return p
}

func checkRelation(r fact.Relation) *Problem {
	if r.Type == fact.RelationUnspecified || r.Type > fact.SucceededBy {
		return &Problem{"type", fmt.Sprint(int(r.Type)), fmt.Sprintf("is required, 1 to %d", fact.SucceededBy)}
	}
	if p := checkID("target_id", r.Target); p != nil {
		return p
	}
	switch {
	case r.Type == fact.SeatOf && (r.Sector == fact.SectorUnspecified || r.Sector > fact.Party):
		return &Problem{"sector", fmt.Sprint(int(r.Sector)), fmt.Sprintf("is required of SEAT_OF, 1 to %d", fact.Party)}
	case r.Type != fact.SeatOf && r.Sector != fact.SectorUnspecified:
		return &Problem{"sector", r.Sector.String(), "is only for SEAT_OF"}
	}
	return checkDates(r.From, r.To)
}

func checkPosition(p *fact.Position) *Problem {
	if bad := checkID("id", p.ID); bad != nil {
		return bad
	}
	if len(p.Titles) > MaxList {
		return &Problem{"titles", fmt.Sprint(len(p.Titles)), fmt.Sprintf("items, the limit is %d", MaxList)}
	}
	for i, t := range p.Titles {
		if bad := checkText("text", t.Text); bad != nil {
			return bad.in("titles", i)
		}
		if bad := checkLanguage("language", t.Language); bad != nil {
			return bad.in("titles", i)
		}
	}
	for _, f := range []struct{ field, id string }{
		{"office", p.Office}, {"jurisdiction_id", p.Jurisdiction}, {"organization_id", p.Organization},
	} {
		if f.id != "" {
			if bad := checkID(f.field, f.id); bad != nil {
				return bad
			}
		}
	}
	return nil
}

func checkOverride(o *fact.Override) *Problem {
	if p := checkText("name", o.Name); p != nil {
		return p
	}
	if len(o.Note) > MaxNoteBytes {
		return &Problem{"note", o.Note, fmt.Sprintf("has %d bytes, the limit is %d", len(o.Note), MaxNoteBytes)}
	}
	if !utf8.ValidString(o.Note) || strings.ContainsRune(o.Note, 0) {
		return &Problem{"note", o.Note, "is not valid UTF-8 without NUL"}
	}
	return checkID("entity_id", o.Entity)
}

// checkID holds the form of IDs: no spaces, no control characters.
func checkID(field, id string) *Problem {
	switch {
	case id == "":
		return &Problem{field, id, "is required"}
	case len(id) > MaxIDBytes:
		return &Problem{field, id, fmt.Sprintf("has %d bytes, the limit is %d", len(id), MaxIDBytes)}
	}
	for i := 0; i < len(id); i++ {
		if b := id[i]; b <= ' ' || b >= 0x7f {
			return slowID(field, id)
		}
	}
	return nil
}

func slowID(field, id string) *Problem {
	for i, r := range id {
		if r == utf8.RuneError && !strings.HasPrefix(id[i:], "\uFFFD") {
			return &Problem{field, id, fmt.Sprintf("is not valid UTF-8 at byte %d", i)}
		}
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			return &Problem{field, id, fmt.Sprintf("has a space or control character %U at byte %d", r, i)}
		}
	}
	return nil
}

// checkText holds the form of names: short UTF-8 with something visible in it
// and nothing that makes it read otherwise than it is stored.
func checkText(field, s string) *Problem {
	switch {
	case s == "":
		return &Problem{field, s, "is required"}
	case len(s) > MaxNameBytes:
		return &Problem{field, s, fmt.Sprintf("has %d bytes, the limit is %d", len(s), MaxNameBytes)}
	}
	visible := false
	for i, r := range s {
		switch {
		case r > ' ' && r < 0x7f:
			visible = true
		case r == ' ':
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			return &Problem{field, s, fmt.Sprintf("is not valid UTF-8 at byte %d", i)}
		case r < ' ' || r >= 0x7f && r < 0xa0:
			return &Problem{field, s, fmt.Sprintf("has the control character %U at byte %d", r, i)}
		case r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069:
			return &Problem{field, s, fmt.Sprintf("has the character %U at byte %d, which overrides the direction of writing", r, i)}
		case !visible:
			visible = !unicode.In(r, unicode.Cf, unicode.Zs, unicode.Variation_Selector)
		}
	}
	if !visible {
		return &Problem{field, s, "has nothing visible in it"}
	}
	return nil
}

func checkLanguage(field, tag string) *Problem {
	if len(tag) > MaxLanguageBytes {
		return &Problem{field, tag, fmt.Sprintf("has %d bytes, the limit is %d", len(tag), MaxLanguageBytes)}
	}
	for i := 0; i < len(tag); i++ {
		if b := tag[i]; b != '-' && b != '_' && (b < '0' || b > '9') && (b|0x20 < 'a' || b|0x20 > 'z') {
			return &Problem{field, tag, "is not a BCP-47 tag such as \"it\" or \"zh-Hant\""}
		}
	}
	return nil
}

func checkDates(from, to fact.Date) *Problem {
	if from != 0 && to != 0 && from.First() > to.Last() {
		return &Problem{"to_date", to.String(), "is before from_date " + from.String()}
	}
	return nil
}
