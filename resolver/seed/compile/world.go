package main

import (
	"fmt"
	"strings"

	"onoma/resolver/fact"
	"onoma/resolver/seed/pack"
)

// world is everything gathered so far.
type world struct {
	data     string
	progress *progress

	sources   []pack.Source
	sourceBit map[string]int

	entities  map[string]*entity
	positions map[string]*position
	redirects map[string]string // former ID → ID

	states    map[string]bool    // ISO codes of facts/states.txt
	territory map[string]*entity // by ISO code in lower case: "it", "ru-kya"
	m49       map[string][]rawName

	demonyms   []demonym
	offices    offices
	directives directives
	clashes    map[string]bool      // pairs of IDs that may share names
	orgByName  map[string]string    // folded English name → ID, made when first asked
	latest     map[string]fact.Date // see latestHolding
	byWord     map[string][]*entity // see bearers

	keepGoing bool
	problems  int
}

// entity is an entity under construction.
type entity struct {
	id        string
	kind      fact.Kind
	canonical string
	names     []rawName
	dropped   map[string]bool // names to leave out, folded
	relations []fact.Relation
	roles     []role
	external  map[string]string
	redirects []string
	from      uint64

	// prominence is what a fact says; negative when none does.
	prominence float64

	// What prominence and the sifting of names are computed from.
	iso        string  // ISO 3166 code in lower case, of a territory
	state      bool    // it is one of facts/states.txt
	country    string  // ID of the country a place lies in
	region     string  // name of the first-level region a city lies in
	population float64 // of a city; of a territory, the sum of its cities
	capital    int     // of a city: 3 of a country, 2 of a dependency, 1 of a region
	labels     int     // how many names the sources gave
	score      float64 // prominence, estimated or from a fact
	desk       bool    // a hand-written fact opened or touched it
	where      string  // file and line of the first such fact
}

// rawName is a name as a source gave it, before the sifting of names.go.
type rawName struct {
	text     string
	lang     string
	kind     fact.NameKind
	from, to fact.Date
	source   uint64 // bit of the data set
	rank     int    // trust in the row: the constants below
}

// Ranks of rows.
const (
	rankDesk     = iota // hand-written
	rankReviewed        // of a source that people review name by name
	rankTagged          // with a language
	rankWeak            // without, or from a list known to be mixed
)

// position is a post under construction.
type position struct {
	id, office        string
	jurisdiction, org string
	titles            []fact.Title
	rank              int
	single            bool // held by one person at a time
	seat              bool // in a parliament
	used              bool
}

// role is a post that a person holds or held.
type role struct {
	fact.Role
	rank int
}

func newWorld(data string, p *progress) *world {
	return &world{
		data:      data,
		progress:  p,
		sourceBit: map[string]int{},
		entities:  map[string]*entity{},
		positions: map[string]*position{},
		redirects: map[string]string{},
		states:    map[string]bool{},
		territory: map[string]*entity{},
		m49:       map[string][]rawName{},
		clashes:   map[string]bool{},
	}
}

// source declares a data set and returns its bit.
func (w *world) source(name, text string) uint64 {
	bit, ok := w.sourceBit[name]
	if !ok {
		bit = len(w.sources)
		w.sourceBit[name] = bit
		w.sources = append(w.sources, pack.Source{Name: name, Text: text})
	}
	return 1 << bit
}

// resolve follows redirects.
func (w *world) resolve(id string) string {
	for range 4 {
		to, ok := w.redirects[id]
		if !ok {
			break
		}
		id = to
	}
	return id
}

// at returns the entity with that ID or a redirect to it, or nil.
func (w *world) at(id string) *entity { return w.entities[w.resolve(id)] }

// open returns the entity with that ID, creating it when it is new.
func (w *world) open(id string, kind fact.Kind, from uint64) *entity {
	id = w.resolve(id)
	e := w.entities[id]
	if e == nil {
		e = &entity{id: id, kind: kind, prominence: -1, external: map[string]string{}}
		w.entities[id] = e
	}
	if e.kind == fact.KindUnspecified {
		e.kind = kind
	}
	e.from |= from
	return e
}

// name adds a name. Cleaning, splitting and the choice among duplicates come
// later, when everything is known.
func (e *entity) name(text, lang string, kind fact.NameKind, source uint64, rank int) {
	if text = strings.TrimSpace(text); text != "" {
		e.from |= source
		e.names = append(e.names, rawName{text: text, lang: lang, kind: kind, source: source, rank: rank})
	}
}

// relate adds a relation once.
func (e *entity) relate(r fact.Relation) {
	for _, have := range e.relations {
		if have == r {
			return
		}
	}
	e.relations = append(e.relations, r)
}

// isQID reports whether s is "Q" and digits.
func isQID(s string) bool {
	return len(s) > 1 && s[0] == 'Q' && strings.Trim(s[1:], "0123456789") == ""
}

// checkID makes sure that an ID from a source is one the table can hold.
func checkID(id string) error {
	if isQID(id) {
		return nil
	}
	if slug, ok := strings.CutPrefix(id, "onoma:"); ok && slug != "" && strings.Trim(slug, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" {
		return nil
	}
	return fmt.Errorf("ID %q is neither a QID nor onoma: with a slug of a-z, 0-9 and hyphens", id)
}
