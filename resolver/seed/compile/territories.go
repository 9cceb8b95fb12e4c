package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"onoma/resolver/fact"
	"onoma/resolver/seed/writing"
)

// usualID gives, for the few territories that the backbone lists under another
// item, the item that everybody else uses.
var usualID = map[string]string{
	"Q756617": "Q35",   // Kingdom of Denmark → Denmark
	"Q29999":  "Q55",   // Kingdom of the Netherlands → Netherlands
	"Q40362":  "Q6250", // Sahrawi Republic, for the land that the cities and codes call Western Sahara
	// The same land under the name of an administration of it: news says Crimea.
	"Q15925436": "Q7835",
	"Q31354462": "Q23334", // Abkhazia
}

// notPlaces are codes of the backbone that name no territory.
var notPlaces = map[string]bool{"ip": true, "zz": true}

// readStates reads which ISO codes are those of states.
func (w *world) readStates(dir string) error {
	return w.lines(filepath.Join(dir, "states.txt"), func(_ int, text string) error {
		for code := range strings.FieldsSeq(text) {
			if len(code) != 2 || strings.ToLower(code) != code {
				return fmt.Errorf("%q is no ISO 3166-1 code in lower case", code)
			}
			w.states[code] = true
		}
		return nil
	})
}

// readTerritories reads the backbone (rigour), CLDR's names by language, and the
// factbook's official, local and former names.
func (w *world) readTerritories() error {
	rigour := w.source("rigour", "OpenSanctions rigour, territories. MIT licence.")
	kinds := map[string]fact.Kind{"eu": fact.Organization, "un": fact.Organization}
	err := w.rows("territories_rigour/territories.tsv",
		[]string{"qid", "code", "alpha3", "name", "full_name", "is_country", "parent"},
		func(f []string) error {
			id, code, name := f[0], f[1], f[3]
			if notPlaces[code] {
				return nil
			}
			if err := checkID(id); err != nil {
				return err
			}
			if usual, ok := usualID[id]; ok {
				w.redirects[id] = usual
				id = usual
			}
			kind, ok := kinds[code]
			switch {
			case ok:
			case f[5] == "1" || f[2] != "":
				kind = fact.Country
			default:
				kind = fact.Region
			}
			e := w.open(id, kind, rigour)
			for old, usual := range w.redirects {
				if usual == id {
					e.redirects = append(e.redirects, old)
				}
			}
			e.iso, e.state = code, w.states[code]
			e.canonical = withoutParentheses(name)
			switch {
			case strings.Contains(code, "-"):
				e.external["iso3166-2"] = strings.ToUpper(code)
			case len(code) == 2 && kind == fact.Country:
				e.external["iso3166-1"] = strings.ToUpper(code)
			}
			w.territory[code] = e
			if parent := f[6]; parent != "" {
				up, ok := w.territory[parent]
				if !ok {
					// Parents of the same alphabet come earlier or later: settle
					// the rest when all are read.
					e.country = "code:" + parent
				} else {
					e.country = up.id
				}
			}
			return nil
		})
	if err != nil {
		return err
	}
	for code, e := range w.territory {
		if parent, ok := strings.CutPrefix(e.country, "code:"); ok {
			up := w.territory[parent]
			if up == nil {
				return fmt.Errorf("territory %s: parent %q is no territory", code, parent)
			}
			e.country = up.id
		}
	}
	if err := w.readRigourNames(); err != nil {
		return err
	}
	if err := w.readCLDR(); err != nil {
		return err
	}
	if err := w.readSubdivisions(); err != nil {
		return err
	}
	return w.readCountryNames()
}

func (w *world) readRigourNames() error {
	rigour := w.source("rigour", "")
	return w.rows("territories_rigour/variants.tsv", []string{"id", "name", "lang", "kind"}, func(f []string) error {
		e := w.at(f[0])
		if e == nil {
			return nil
		}
		// The code in "Georgia (USA)" and "Kursk Oblast (Russia)" tells the
		// territory apart in lists and is no part of the name.
		text := withoutParentheses(f[1])
		switch f[3] {
		case "canonical":
			e.name(text, "en", fact.Alias, rigour, rankReviewed)
		case "official":
			if !strings.Contains(f[1], "(") {
				e.name(text, "en", fact.Official, rigour, rankReviewed)
			}
		default:
			// Untagged, and a mixture: names in a hundred languages, spelling
			// mistakes, inhabitants, counties and cities. names.go keeps what
			// resembles a tagged name.
			if strings.Contains(text, ",") || f[3] == "alias_weak" && len(e.iso) == 2 {
				// States have CLDR's names in every language; what the weak
				// list adds to them is mistakes and counties.
				return nil
			}
			e.name(text, "", fact.Alias, rigour, rankWeak)
		}
		return nil
	})
}

// cldrSkip are codes of CLDR that stand for no territory that news names.
var cldrSkip = map[string]bool{"XA": true, "XB": true, "ZZ": true, "QO": true, "CQ": false}

// cldrShortFirst are territories whose short name is the usual one.
var cldrShortFirst = map[string]bool{"HK": true, "MO": true, "PS": true}

// cldrBothNames are territories whose name in parentheses is a second name of
// theirs, and not an explanation.
var cldrBothNames = map[string]bool{"MM": true, "FK": true, "NZ": true, "CI": true, "TL": true}

func (w *world) readCLDR() error {
	cldr := w.source("cldr", "Unicode CLDR 48.2: territory, subdivision and currency names. Unicode-3.0 licence.")
	return w.rows("cldr/territory_names.tsv", []string{"iso2_or_m49", "qid", "name", "lang", "kind"}, func(f []string) error {
		code, text, lang := f[0], f[2], writing.Tag(f[3])
		if cldrSkip[code] || lang == "" || text == code {
			return nil
		}
		kind := fact.Alias
		switch f[4] {
		case "name":
			kind = fact.Primary
			if cldrShortFirst[code] {
				kind = fact.Official
			}
		case "short":
			if cldrShortFirst[code] {
				kind = fact.Primary
			}
		}
		add := func(text string, kind fact.NameKind) {
			if isM49(code) {
				w.m49[code] = append(w.m49[code], rawName{text: text, lang: lang, kind: kind, source: cldr, rank: rankReviewed})
				return
			}
			if e := w.territory[strings.ToLower(code)]; e != nil {
				w.placeName(e, text, lang, kind, cldr, rankReviewed)
			} else if e := w.at(f[1]); f[1] != "" && e != nil {
				w.placeName(e, text, lang, kind, cldr, rankReviewed)
			}
		}
		outer, inner := splitParentheses(text)
		add(outer, kind)
		if inner != "" && cldrBothNames[code] {
			add(inner, fact.Alias)
		}
		return nil
	})
}

// isM49 reports whether a CLDR code is a region of the UN's M49 (three digits)
// or one of CLDR's own groupings.
func isM49(code string) bool {
	return len(code) == 3 && strings.Trim(code, "0123456789") == "" || code == "EZ"
}

// readSubdivisions joins CLDR's names of ISO 3166-2 subdivisions to the regions
// of the backbone, and opens an entity for those it lacks.
func (w *world) readSubdivisions() error {
	cldr := w.source("cldr", "")
	qid, err := w.subdivisionQIDs()
	if err != nil {
		return err
	}
	return w.rows("cldr/subdivision_names.tsv", []string{"code", "qid_if_known", "name", "lang"}, func(f []string) error {
		code, text, lang := strings.ToLower(f[0]), f[2], writing.Tag(f[3])
		country := w.territory[code[:2]]
		if country == nil || lang == "" {
			return nil
		}
		e := w.territory[code]
		if e == nil && f[1] != "" {
			e = w.at(f[1])
		}
		if e == nil {
			id := "onoma:region-" + code
			if known, ok := qid[code]; ok {
				id = known
			}
			e = w.open(id, fact.Region, cldr)
			e.canonical, e.country, e.iso = withoutParentheses(text), country.id, code
			e.external["iso3166-2"] = f[0]
			w.territory[code] = e
		}
		e.name(withoutParentheses(text), lang, fact.Primary, cldr, rankReviewed)
		return nil
	})
}

// subdivisionQIDs maps ISO 3166-2 codes to QIDs that a source gives: the
// gazetteer by code, or by country and name, and the posts by what their
// governors govern.
func (w *world) subdivisionQIDs() (map[string]string, error) {
	qid := map[string]string{}
	named := map[string]string{} // ISO code of the country and folded name → QID
	err := w.rows("wof_names/places.tsv", []string{"qid", "name", "placetype", "country", "iso"}, func(f []string) error {
		if f[2] != "region" || !isQID(f[0]) || w.at(f[0]) != nil {
			return nil
		}
		code := strings.ToLower(f[4])
		if len(code) > 3 && code[2] == '-' {
			if _, ok := qid[code]; !ok {
				qid[code] = f[0]
			}
			return nil
		}
		named[strings.ToLower(f[3])+" "+fold(f[1])] = f[0]
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = w.rows("positions_eps/position_items.tsv", []string{"position_qid", "label", "country", "jurisdiction"}, func(f []string) error {
		country, id := w.at(f[2]), f[3]
		governed, ok := strings.CutPrefix(f[1], "Governor of ")
		if !ok || f[2] == "" || country == nil || !isQID(id) || id == f[2] || w.at(id) != nil {
			return nil
		}
		key := country.iso + " " + fold(strings.TrimPrefix(governed, "the "))
		if _, have := named[key]; !have {
			named[key] = id
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	taken := map[string]bool{}
	for _, id := range qid {
		taken[id] = true
	}
	err = w.rows("cldr/subdivision_names.tsv", []string{"code", "name", "lang"}, func(f []string) error {
		code := strings.ToLower(f[0])
		if f[2] != "en" || qid[code] != "" || w.territory[code] != nil {
			return nil
		}
		if id := named[code[:2]+" "+fold(f[1])]; id != "" && !taken[id] {
			qid[code], taken[id] = id, true
		}
		return nil
	})
	return qid, err
}

func (w *world) readCountryNames() error {
	factbook := w.source("factbook", "CIA World Factbook, final state of 2026. Public domain.")
	return w.rows("factbook/country_names.tsv", []string{"qid", "country", "name", "kind"}, func(f []string) error {
		e := w.at(f[0])
		if f[0] == "" || e == nil {
			return nil
		}
		kind, lang, rank := fact.Alias, "", rankTagged
		switch f[3] {
		case "short":
			lang, rank = "en", rankWeak
		case "official":
			kind, lang = fact.Official, "en"
		case "acronym":
			kind, lang = fact.Acronym, "en"
		case "former":
			kind, lang = fact.Former, "en"
		case "local_official":
			kind, rank = fact.Official, rankWeak
		case "local_short":
			rank = rankWeak
		default:
			return fmt.Errorf("kind %q is none of short, official, acronym, former, local_short, local_official", f[3])
		}
		parts := []string{f[2]}
		if f[3] == "former" {
			parts = strings.Split(f[2], ",")
		}
		for _, p := range parts {
			for _, q := range alternatives(p) {
				e.name(withoutParentheses(q), lang, kind, factbook, rank)
			}
		}
		return nil
	})
}
