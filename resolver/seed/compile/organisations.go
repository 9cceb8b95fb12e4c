package main

import (
	"strings"

	"onoma/resolver/fact"
	"onoma/resolver/seed/writing"
)

// readOrganisations reads the international organisations and the parties of the
// countries that the snapshot of 2018 covers.
func (w *world) readOrganisations() error {
	if err := w.readInternational(); err != nil {
		return err
	}
	return w.readParties()
}

// readInternational reads QID, English name and acronym. The names in other
// languages are hand-written facts.
func (w *world) readInternational() error {
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

func (w *world) readParties() error {
	src := w.source("everypolitician", "EveryPolitician scrapers and proto-commons, snapshots 2018 and 2022-07 to 2023-01: facts of Wikidata (CC0).")
	return w.rows("commons2018/org_names.tsv", []string{"id", "name", "lang", "kind"}, func(f []string) error {
		lang := writing.Tag(f[2])
		if f[3] != "org:party" || !isQID(f[0]) || lang == "" {
			return nil
		}
		e := w.open(f[0], fact.Organization, src)
		if e.kind != fact.Organization {
			return nil
		}
		if e.canonical == "" || lang == "en" {
			e.canonical = f[1]
		}
		e.name(f[1], lang, fact.Primary, src, rankTagged)
		return nil
	})
}
