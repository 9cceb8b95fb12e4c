package main

import (
	"math"
	"strings"

	"onoma/resolver/fact"
)

// Prominence is log10 of how often news names an entity, on a scale where 1e5
// lies between 0 and 1 ([fact.ProminenceBase]). No source at hand counts news,
// so it is estimated from what the sources do say, and corrected by facts where
// the estimate misleads (facts/territories.txt and the people files):
//
//	country      .78 for a state with cities of a million in all, .75 at the least, .90 at the most,
//	             growing with the logarithm of its cities' population; a dependency .12 less
//	capital      .05 under its country
//	city         .30 at 10 000 inhabitants, .09 for every factor of ten; seat of a region +.03
//	region       .45 to .70, with its cities' population; .35 when it is known by an English name alone, .50 at most from a list of codes
//	             (.2 under a city of the same name)
//	organisation .35, +.10 with an acronym, and up to +.20 with the number of its names
//	person       by the highest post held, the country, how long ago, and the number of labels
//
// Two entities of one name differ by a factor of 10 for every .2 between them.
func (w *world) estimate() {
	countries := map[string]bool{}
	for _, id := range sortedKeys(w.entities) {
		if e := w.entities[id]; e.kind == fact.Country {
			countries[id] = true
			e.score = country(e)
		}
	}
	regions := w.regionPopulation()
	cities := w.citiesByName()
	for _, id := range sortedKeys(w.entities) {
		e := w.entities[id]
		switch {
		case e.prominence >= 0:
			e.score = e.prominence
		case countries[id]:
		case e.kind == fact.Place:
			e.score = w.city(e)
		case e.kind == fact.Region:
			e.score = region(e, regions[id])
			if strings.HasPrefix(id, "onoma:region-") {
				e.score = math.Min(e.score, .5) // known from a list of codes alone
			}
			// A province called like its city is the lesser meaning of the name.
			if city := cities[e.country+" "+fold(e.canonical)]; city != nil {
				e.score = math.Max(.2, math.Min(e.score, w.city(city)-.2))
			}
		case e.kind == fact.Organization:
			e.score = organisation(e)
		case e.kind == fact.Person:
		default:
			e.score = .4
		}
	}
	for _, id := range sortedKeys(w.entities) {
		if e := w.entities[id]; e.kind == fact.Person && e.prominence < 0 {
			e.score = w.person(e)
		}
	}
}

func clamp(x, low, high float64) float64 { return math.Max(low, math.Min(high, x)) }

func country(e *entity) float64 {
	if e.prominence >= 0 {
		return e.prominence
	}
	p := clamp(.78+.06*(math.Log10(e.population+1)-6), .75, .90)
	if !e.state {
		p -= .12
	}
	if len(e.iso) != 2 {
		p -= .1 // a state of the past
	}
	return p
}

func (w *world) city(e *entity) float64 {
	p := clamp(.30+.09*(math.Log10(e.population+1)-4), .25, .75)
	if e.capital == capitalOfRegion {
		p += .03
	}
	for _, r := range e.relations {
		if r.Type == fact.CapitalOf && r.To == 0 {
			if c := w.at(r.Target); c != nil {
				p = math.Max(p, c.score-.05)
			}
		}
	}
	return p
}

// regionPopulation adds up the cities of each first-level region, joined by the
// region's name as the source of the cities has it.
func (w *world) regionPopulation() map[string]float64 {
	byName := map[string]string{}
	for _, id := range sortedKeys(w.entities) {
		e := w.entities[id]
		if e.kind != fact.Region || e.country == "" {
			continue
		}
		byName[e.country+" "+fold(e.canonical)] = id
		for _, n := range e.names {
			if key := e.country + " " + fold(n.text); byName[key] == "" {
				byName[key] = id
			}
		}
	}
	sum := map[string]float64{}
	for _, e := range w.entities {
		if e.kind == fact.Place && e.region != "" {
			if id := byName[e.country+" "+fold(e.region)]; id != "" {
				sum[id] += e.population
			}
		}
	}
	return sum
}

func (w *world) citiesByName() map[string]*entity {
	cities := map[string]*entity{}
	for _, id := range sortedKeys(w.entities) {
		if e := w.entities[id]; e.kind == fact.Place {
			key := e.country + " " + fold(e.canonical)
			if have := cities[key]; have == nil || e.population > have.population {
				cities[key] = e
			}
		}
	}
	return cities
}

func region(e *entity, population float64) float64 {
	if population == 0 && len(e.names) <= 3 {
		return .35
	}
	return clamp(.45+.08*(math.Log10(population+1)-5)+.02*math.Log10(float64(len(e.names))+1), .40, .70)
}

func organisation(e *entity) float64 {
	p := .35
	for _, n := range e.names {
		if n.kind == fact.Acronym {
			p = .45
			break
		}
	}
	return p + clamp(.1*math.Log10(float64(len(e.names))), 0, .20)
}

// officeWeight is the prominence of a present holder in a country of middling
// prominence (.85).
var officeWeight = map[string]float64{
	"head_of_state": .58, "monarch": .55, "supreme_leader": .62, "head_of_government": .58,
	"vice_president": .50, "deputy_head_of_government": .44,
	"foreign_minister": .52, "defence_minister": .49, "interior_minister": .46, "finance_minister": .47,
	"national_security_adviser": .46, "intelligence_chief": .45, "central_bank_governor": .46,
	"secretary_general": .50, "director_general": .44, "speaker_of_parliament": .43, "chief_of_general_staff": .42,
	"party_leader": .42, "opposition_leader": .44, "first_lady": .45, "presidential_spokesperson": .42,
	"justice_minister": .41, "economy_minister": .42, "energy_minister": .40, "trade_minister": .40, "health_minister": .40,
}

const otherOffice = .36

// person estimates by the best of the person's posts.
func (w *world) person(e *entity) float64 {
	const present = 2026
	best := 0.0
	for _, r := range e.roles {
		p := w.positions[r.Position]
		weight, ok := officeWeight[p.office]
		if !ok {
			weight = otherOffice
		}
		if c := w.at(p.jurisdiction); c != nil && p.org == "" {
			// A minister of a great power is more news, one of a small state is
			// none.
			switch above := c.score - .85; {
			case c.kind != fact.Country:
				weight -= .14
			case above > 0:
				weight += .5 * above
			default:
				weight += 2 * above
			}
		}
		if p.acting() || r.brief() {
			weight -= .1
		}
		last := r.To.Year()
		if last == 0 {
			last = present
		}
		switch age := present - last; {
		case age <= 3:
		case age <= 15:
			weight -= .06
		case age <= 25:
			weight -= .11
		default:
			weight -= .16
		}
		best = math.Max(best, weight)
	}
	best += clamp(.01*math.Log2(float64(e.labels)+1)-.01, 0, .05)
	return clamp(best, .15, .85)
}
