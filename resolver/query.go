package resolver

import (
	"onoma/resolver/fact"
)

// Query is one name to resolve, with everything that may bear on it. The zero
// value of each option is its default.
type Query struct {
	// Name is the text to resolve, valid UTF-8 of at most [index.MaxNameBytes].
	Name string
	// Kinds admits only entities of these kinds; the zero set admits all.
	Kinds KindSet
	// Language is the BCP-47 tag of the text the name stands in.
	Language string
	// Countries are IDs of countries that the text is about. Entities that
	// belong to one of them weigh more; nothing is excluded.
	Countries []string
	// CoMentions are names that stand in the same text.
	CoMentions []string
	// AsOf is the day the text speaks of: it says which names, relations and
	// roles are current. Open admits all, and the roles without an end are current.
	AsOf fact.Date
	// Reading asks for one reading; Auto lets name and context decide.
	Reading Reading
	// Limit bounds the candidates returned, never the answer's outcome or
	// scores; 0 is DefaultLimit.
	Limit int
	// MinScore is the least score of a RESOLVED answer, MinMargin its least
	// lead over the runner-up, both in [0, 1]; nil is the default.
	MinScore, MinMargin *float64
}

// Defaults of a query.
const (
	DefaultLimit     = 5
	DefaultMinScore  = 0.9
	DefaultMinMargin = 0.5
)

// KindSet is a set of entity kinds, one bit each.
type KindSet uint16

// Kinds returns the set of the kinds given.
func Kinds(kinds ...fact.Kind) KindSet {
	var s KindSet
	for _, k := range kinds {
		s |= 1 << k
	}
	return s
}

// Admits reports whether the kind is in the set; the empty set admits all.
func (s KindSet) Admits(k fact.Kind) bool { return s == 0 || s>>k&1 != 0 }

// Reading is the sense in which a name is meant.
type Reading uint8

// The readings.
const (
	Auto Reading = iota
	Literal
	Metonymic
	Demonymic
	Titular
)

// Outcome says what came of a query. None of them is an error.
type Outcome uint8

// The outcomes.
const (
	NoMatch   Outcome = iota // nothing in the table answers to the name
	Ambiguous                // several entities do, or one without enough evidence
	Resolved                 // the first candidate is meant
)

// Method is what found a candidate, cheapest first.
type Method uint8

// The methods.
const (
	MethodUnspecified Method = iota
	Pinned                   // an operator's override
	Exact                    // the name as the table has it
	Normalized               // its folded key, or that of the name without article, title or possessive
	Inflected
	Transliterated
	Phonetic
	Fuzzy
	FromContext
)

// NameRole is the role a name plays for the entity it refers to.
type NameRole uint8

// The roles of a name: those of a [fact.NameKind], and the two that a reading gives.
const (
	RoleUnspecified NameRole = iota
	RolePrimary
	RoleOfficial
	RoleAlias
	RoleTransliteration
	RoleShort
	RoleAcronym
	RoleNickname
	RoleFormer
	RoleDemonym
	RoleMisspelling
	RoleMetonym
	RoleTitle
)
