package fact

import (
	"fmt"
	"strings"
)

// The words below are the wire and file spelling of the enumerations.
var (
	kindWords     = []string{"", "PERSON", "COUNTRY", "PLACE", "ORGANIZATION", "FACILITY", "REGION", "OTHER"}
	nameKindWords = []string{"", "PRIMARY", "OFFICIAL", "ALIAS", "TRANSLITERATION", "SHORT", "ACRONYM", "NICKNAME", "FORMER", "DEMONYM", "MISSPELLING"}
	relationWords = []string{"", "CAPITAL_OF", "SEAT_OF", "LOCATED_IN", "PART_OF", "SUCCEEDED_BY"}
	sectorWords   = []string{"", "GOVERNMENT", "EXECUTIVE", "LEGISLATURE", "JUDICIARY", "MILITARY", "INTELLIGENCE", "CENTRAL_BANK", "PARTY"}
)

// String returns the upper-case word of the value; unspecified is "".
func (k Kind) String() string         { return word(kindWords, int(k)) }
func (k NameKind) String() string     { return word(nameKindWords, int(k)) }
func (t RelationType) String() string { return word(relationWords, int(t)) }
func (s Sector) String() string       { return word(sectorWords, int(s)) }

// ParseKind reads the upper-case word of a kind.
func ParseKind(s string) (Kind, error) { return parse[Kind]("kind", kindWords, s) }

// ParseNameKind reads the upper-case word of a name kind.
func ParseNameKind(s string) (NameKind, error) { return parse[NameKind]("name kind", nameKindWords, s) }

// ParseRelationType reads the upper-case word of a relation type.
func ParseRelationType(s string) (RelationType, error) {
	return parse[RelationType]("relation type", relationWords, s)
}

// ParseSector reads the upper-case word of a sector.
func ParseSector(s string) (Sector, error) { return parse[Sector]("sector", sectorWords, s) }

func word(words []string, i int) string {
	if i < len(words) {
		return words[i]
	}
	return fmt.Sprintf("UNKNOWN_%d", i)
}

func parse[T ~uint8](what string, words []string, s string) (T, error) {
	for i, w := range words {
		if i > 0 && w == s {
			return T(i), nil
		}
	}
	return 0, fmt.Errorf("%s %q is none of %s", what, s, strings.Join(words[1:], ", "))
}
