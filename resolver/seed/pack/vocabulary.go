package pack

import (
	"slices"

	"golang.org/x/text/language"
)

// vocabularies collects the languages, external schemes and offices of a table.
//
// Languages are ordered by script and then by tag. Names are written in the
// order of their languages, so spellings that share letters stand together,
// which the compressor rewards; the order means nothing to a reader.
func vocabularies(t *Table) (languages, schemes, offices []string) {
	lang, scheme, office := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i := range t.Entities {
		for _, n := range t.Entities[i].Names {
			lang[n.Language] = true
		}
		for _, x := range t.Entities[i].External {
			scheme[x.Scheme] = true
		}
	}
	for i := range t.Positions {
		office[t.Positions[i].Office] = true
		for _, title := range t.Positions[i].Titles {
			lang[title.Language] = true
		}
	}
	for i := range t.Offices {
		for _, title := range t.Offices[i].Titles {
			lang[title.Language] = true
		}
	}
	languages = sorted(lang)
	slices.SortFunc(languages, CompareLanguages)
	return languages, sorted(scheme), sorted(office)
}

// CompareLanguages orders BCP-47 tags by their likely script, then by text.
func CompareLanguages(a, b string) int {
	sa, sb := script(a), script(b)
	switch {
	case sa != sb:
		if sa < sb {
			return -1
		}
		return 1
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func script(tag string) string {
	if tag == "" || tag == "mul" {
		return ""
	}
	s, _ := language.Make(tag).Script()
	return s.String()
}

func sorted(set map[string]bool) []string {
	list := make([]string, 0, len(set))
	for s := range set {
		list = append(list, s)
	}
	slices.Sort(list)
	return list
}

func number(list []string) indexer {
	x := make(indexer, len(list))
	for i, s := range list {
		x[s] = uint64(i)
	}
	return x
}
