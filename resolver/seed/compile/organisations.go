package main

import (
	"strings"

	"onoma/resolver/fact"
)

// readOrganisations reads the international organisations: QID, English name and
// acronym. Their names in other languages are hand-written facts.
func (w *world) readOrganisations() error {
	src := w.source("organisations", "QIDs, names and acronyms of international organisations: facts of Wikidata (CC0).")
	return w.rows("orgs/org_qids_en.tsv", []string{"qid", "name_en", "acronym_en"}, func(f []string) error {
		if err := checkID(f[0]); err != nil {
			return err
		}
		name := withoutParentheses(f[1])
		e := w.open(f[0], fact.Organization, src)
		if e.canonical == "" {
			e.canonical = name
		}
		e.name(name, "en", fact.Primary, src, rankReviewed)
		// Of two letters or more, and not the name again.
		if acronym := strings.TrimSpace(f[2]); len(acronym) > 1 && acronym != name {
			kind := fact.Acronym
			if strings.ToLower(acronym[1:]) == acronym[1:] || strings.Contains(acronym, " ") {
				kind = fact.Alias // "Eurofound", "BEREC Office"
			}
			e.name(acronym, "en", kind, src, rankReviewed)
		}
		return nil
	})
}
