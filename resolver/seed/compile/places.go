package main

import (
	"fmt"
	"strings"

	"onoma/resolver/fact"
	"onoma/resolver/seed/writing"
)

// ownPlace says which kinds of the gazetteer's places become entities of their
// own. Of all others (airports, quarters, counties, towns) it only adds names
// to what the table has.
var ownPlace = map[string]fact.Kind{
	"continent":  fact.Region,
	"country":    fact.Country,
	"dependency": fact.Country,
	"disputed":   fact.Region,
	"marinearea": fact.Region,
	"region":     fact.Region,
}

// notOurs are places of those kinds that are no region or sea: an airfield, and
// pieces of land nobody names in news under the label given.
var notOurs = map[string]bool{
	"Q11694190": true, // an airfield
	"Q3595348":  true, // "Near Om Parvat"
	"Q11703222": true,
	"Q2093778":  true,
	"Q391205":   true,
	"Q5671580":  true,
	"Q788452":   true,
}

// readPlaces reads Who's On First: names in 439 languages, and disputed lands.
func (w *world) readPlaces() error {
	wof := w.source("whosonfirst", "Who's On First. CDLA-Permissive-1.0 (SFO Museum) and WOF licence with attribution, https://whosonfirst.org/docs/licenses/.")
	type place struct{ kind, iso string }
	places := map[string]place{}
	err := w.rows("wof_names/places.tsv", []string{"qid", "name", "placetype", "country", "iso"}, func(f []string) error {
		id := f[0]
		if !isQID(id) || notOurs[id] {
			return nil
		}
		if have, ok := places[id]; !ok || have.kind == "disputed" {
			places[id] = place{f[2], strings.ToLower(f[4])}
		}
		if w.at(id) != nil {
			return nil
		}
		kind, ok := ownPlace[f[2]]
		if !ok {
			return nil
		}
		if kind == fact.Country {
			kind = fact.Region // a country that the backbone does not know is none
		}
		e := w.open(id, kind, wof)
		e.canonical = withoutParentheses(f[1])
		if c := w.territory[strings.ToLower(f[3])]; c != nil {
			e.country = c.id
		}
		return nil
	})
	if err != nil {
		return err
	}
	return w.rows("wof_names/variants.tsv", []string{"id", "name", "lang", "kind", "placetype"}, func(f []string) error {
		e := w.at(f[0])
		if e == nil || f[3] == "unknown" { // codes of countries
			return nil
		}
		kind := fact.Alias
		switch f[3] {
		case "preferred":
			// The region that bears the item of a city repeats the city's names.
			kind = fact.Primary
		case "variant":
			// Of disputed land the variants are the names of the states that
			// claim it.
			if f[4] == "disputed" {
				return nil
			}
		case "colloquial":
			kind = fact.Nickname
		case "historical":
			kind = fact.Former
		default:
			return fmt.Errorf("kind %q is none of preferred, variant, colloquial, historical, unknown", f[3])
		}
		lang := writing.Tag(f[2])
		rank := rankTagged
		if lang == "" || kind != fact.Primary {
			rank = rankWeak
		}
		if notNames[fold(f[1])] || kind == fact.Alias && e.kind == fact.Place && aboutPlace(f[1]) {
			return nil
		}
		w.placeName(e, f[1], lang, kind, wof, rank)
		return nil
	})
}

// aboutPlace reports whether a variant of a city's name is a name of the region
// around it, or a phrase with the city in it.
func aboutPlace(name string) bool {
	for word := range strings.FieldsSeq(fold(name)) {
		if aroundPlace[word] {
			return true
		}
	}
	return false
}

// notNames are texts that the gazetteer holds as names by mistake: what a place
// is, and the name of a language.
var notNames = map[string]bool{
	"disputed territory": true, "omstridt omrade": true, "kiistelty alue": true, "ქართული": true,
}

var aroundPlace = set(`oblast область region province county district municipality via kautta airport prefecture pci`)
