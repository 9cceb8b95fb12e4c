package main

import (
	"strconv"
	"strings"

	"onoma/resolver/fact"
	"onoma/resolver/seed/writing"
)

// Levels of capital in entity.capital.
const (
	capitalOfRegion  = 1
	capitalOfLand    = 2 // of a dependency or autonomous land
	capitalOfCountry = 3
)

// readCities reads Natural Earth's populated places, which country each is the
// capital of, and GeoNames' names of them.
func (w *world) readCities() error {
	ne := w.source("naturalearth", "Natural Earth 10m populated places. Public domain.")
	if err := w.readNaturalEarth(ne); err != nil {
		return err
	}
	err := w.rows("cities_naturalearth/variants.tsv", []string{"id", "name", "lang", "kind"}, func(f []string) error {
		e := w.at(f[0])
		if e == nil {
			return nil
		}
		kind, rank := fact.Primary, rankTagged
		if f[2] == "" {
			kind = fact.Alias
		}
		w.placeName(e, f[1], writing.Tag(f[2]), kind, ne, rank)
		return nil
	})
	if err != nil {
		return err
	}
	geonames := w.source("geonames", "GeoNames, by way of libgeonames-common 0.3. CC BY 4.0, https://www.geonames.org.")
	err = w.rows("cities_geonames/variants.tsv", []string{"id", "name", "lang", "type"}, func(f []string) error {
		e := w.at(f[0])
		// "sr" stands for both scripts in this source.
		lang := writing.Tag(f[2])
		if lang == "sr" && writing.Fits(f[1], "sr-Latn") {
			lang = "sr-Latn"
		}
		if e == nil || lang == "" {
			return nil
		}
		kind := fact.Primary
		if f[3] == "country" {
			kind = fact.Alias
		}
		w.placeName(e, f[1], lang, kind, geonames, rankTagged)
		return nil
	})
	if err != nil {
		return err
	}
	return w.readCapitals()
}

// duplicateQID settles the few items that Natural Earth gives to two places:
// the name that the item is of. The other row is left out.
var duplicateQID = map[string]string{
	"Q11506":   "Denpasar",
	"Q175323":  "Adapazarı",
	"Q18808":   "Pyongyang",
	"Q198989":  "Aqtau",
	"Q200441":  "Antioch",
	"Q2450325": "", // two towns named Ascensión in two countries: neither can be told
	"Q71323":   "Jingmen",
	"Q852735":  "Kasserine",
	"Q92381":   "Baicheng",
}

func (w *world) readNaturalEarth(source uint64) error {
	columns := []string{"qid", "name", "ascii", "iso2", "country_qid", "adm1", "feature", "pop_max", "lat", "lon", "geonameid"}
	return w.rows("cities_naturalearth/cities.tsv", columns, func(f []string) error {
		id, name := f[0], f[1]
		if keep, ok := duplicateQID[id]; ok && keep != name {
			return nil
		}
		if err := checkID(id); err != nil {
			return err
		}
		pop := 0.0
		if f[7] != "" {
			var err error
			if pop, err = strconv.ParseFloat(f[7], 64); err != nil {
				return err
			}
		}
		e := w.open(id, fact.Place, source)
		switch e.kind {
		case fact.Region:
			// A city that is a first-level region of its own, such as Moscow.
			e.kind = fact.Place
		case fact.Country:
			// A city state: what follows would make it a place in itself.
			e.population += pop
			return nil
		}
		if e.canonical == "" {
			e.canonical = name
		}
		if c := w.at(f[4]); c != nil && f[4] != "" {
			e.country = c.id
			c.population += pop
			e.relate(fact.Relation{Type: fact.LocatedIn, Target: c.id})
		}
		if pop > e.population {
			e.population = pop
		}
		e.region = f[5]
		switch f[6] {
		case "Admin-0 capital", "Admin-0 capital alt":
			e.capital = capitalOfCountry
		case "Admin-0 region capital":
			e.capital = capitalOfLand
		case "Admin-1 capital", "Admin-1 region capital":
			e.capital = capitalOfRegion
		}
		if n, _, _ := strings.Cut(f[10], "."); n != "" && n != "-1" {
			e.external["geonames"] = n
		}
		w.placeName(e, name, "", fact.Alias, source, rankTagged)
		if f[2] != name {
			w.placeName(e, f[2], "", fact.Alias, source, rankWeak)
		}
		return nil
	})
}

// placeName adds a name, taking lists and explanations apart.
func (w *world) placeName(e *entity, text, lang string, kind fact.NameKind, source uint64, rank int) {
	for i, part := range alternatives(text) {
		if i > 0 && kind == fact.Primary {
			kind = fact.Alias
		}
		e.name(withoutParentheses(part), lang, kind, source, rank)
	}
}

// formerCapitals are cities that Natural Earth calls the capital of a country
// and that are a second seat, or were the capital: they keep their rank as
// cities, but do not stand for the government.
var formerCapitals = map[string]bool{
	"Q8673":   true, // Lagos
	"Q33986":  true, // Valparaíso
	"Q34600":  true, // Kyoto
	"Q1822":   true, // Baguio
	"Q188693": true, // Blantyre
	"Q47837":  true, // Laayoune
	"Q182378": true, // Putrajaya
	"Q33935":  true, // Tel Aviv
	"Q101418": true, // Lobamba
	"Q34647":  true, // Johannesburg, seat of the Constitutional Court alone
	"Q37995":  true, // Yangon
}

// readCapitals relates capitals to their countries.
func (w *world) readCapitals() error {
	err := w.rows("capitals/naturalearth_capitals.tsv", []string{"capital_qid", "country_qid"}, func(f []string) error {
		city, country := w.at(f[0]), w.at(f[1])
		if f[1] == "" || city == nil || country == nil || city == country || formerCapitals[city.id] {
			return nil
		}
		city.capital = capitalOfCountry
		city.relate(fact.Relation{Type: fact.CapitalOf, Target: country.id})
		return nil
	})
	if err != nil {
		return err
	}
	// The factbook adds dependencies, and names cities without IDs: they are
	// looked up among the cities of the country.
	return w.rows("capitals/factbook_capitals.tsv", []string{"country_qid", "country", "capital"}, func(f []string) error {
		country := w.at(f[0])
		if f[0] == "" || country == nil {
			return nil
		}
		city := w.cityNamed(country, withoutParentheses(f[2]))
		if city == nil || city == country {
			return nil
		}
		for _, r := range city.relations {
			if r.Type == fact.CapitalOf {
				return nil
			}
		}
		if w.hasCapital(country) {
			return nil
		}
		city.capital = max(city.capital, capitalOfLand)
		city.relate(fact.Relation{Type: fact.CapitalOf, Target: country.id})
		return nil
	})
}

func (w *world) hasCapital(country *entity) bool {
	for _, e := range w.entities {
		for _, r := range e.relations {
			if r.Type == fact.CapitalOf && r.Target == country.id {
				return true
			}
		}
	}
	return false
}

// cityNamed finds the city of a country by any of its names.
func (w *world) cityNamed(country *entity, name string) *entity {
	want := fold(name)
	var found *entity
	for _, e := range w.entities {
		if e.kind != fact.Place || e.country != country.id {
			continue
		}
		for _, n := range e.names {
			if fold(n.text) == want && (found == nil || e.population > found.population || e.population == found.population && e.id < found.id) {
				found = e
				break
			}
		}
	}
	return found
}
