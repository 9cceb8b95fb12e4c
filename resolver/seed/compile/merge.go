package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"onoma/resolver/fact"
)

// sortedKeys makes the walk over a map reproducible.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// merge settles what needs all sources: regions named by M49 codes, demonyms,
// posts closed by successors, references that point nowhere.
func (w *world) merge() error {
	w.joinM49()
	w.locateRegions()
	w.giveDemonyms()
	if err := w.applyDirectives(); err != nil {
		return err
	}
	w.dropDuplicateRoles()
	w.closeSucceeded()
	w.addDerivedNames()
	return w.checkReferences()
}

// joinM49 gives CLDR's names of continents and other groupings to the entities
// that facts declare with "external m49 NNN".
func (w *world) joinM49() {
	for _, id := range sortedKeys(w.entities) {
		e := w.entities[id]
		code, ok := e.external["m49"]
		if !ok {
			continue
		}
		for _, n := range w.m49[code] {
			e.names = append(e.names, n)
			e.from |= n.source
		}
	}
}

// locateRegions relates first-level regions to their countries.
func (w *world) locateRegions() {
	for _, id := range sortedKeys(w.entities) {
		e := w.entities[id]
		if e.country == "" || e.kind != fact.Region && e.kind != fact.Place && e.kind != fact.Country {
			continue
		}
		if slices.ContainsFunc(e.relations, func(r fact.Relation) bool {
			return r.Type == fact.LocatedIn || r.Type == fact.PartOf || r.Type == fact.CapitalOf && r.Target == e.country
		}) {
			if e.kind != fact.Place {
				continue
			}
		}
		t := fact.LocatedIn
		if e.kind == fact.Country {
			t = fact.PartOf
		}
		if c := w.at(e.country); c != nil && c != e {
			e.relate(fact.Relation{Type: t, Target: c.id})
		}
	}
}

// applyDirectives removes and closes the roles that facts say to.
func (w *world) applyDirectives() error {
	for _, d := range w.directives.roleDrop {
		e := w.at(d.person)
		before := len(e.roles)
		e.roles = slices.DeleteFunc(e.roles, func(r role) bool { return r.Position == d.position && r.rank != rankDesk })
		if len(e.roles) == before {
			if err := w.problem(fmt.Errorf("%s: role-drop %s: %s has no such post in the data", d.where, d.position, d.person)); err != nil {
				return err
			}
		}
	}
	for _, d := range w.directives.roleEnds {
		e, done := w.at(d.person), false
		for i := range e.roles {
			r := &e.roles[i]
			if r.Position == d.position && r.To == 0 {
				r.To, done = d.to, true
			} else if r.Position == d.position && d.to.Within(r.To, r.To) {
				done = true // two files say the same
			}
		}
		if !done {
			if err := w.problem(fmt.Errorf("%s: role-ends %s: %s has no such open post in the data", d.where, d.position, d.person)); err != nil {
				return err
			}
		}
	}
	return nil
}

// dropDuplicateRoles keeps one of several rows of the same term of a post: the
// most trusted, then the one that says more.
func (w *world) dropDuplicateRoles() {
	for _, id := range sortedKeys(w.entities) {
		e := w.entities[id]
		slices.SortStableFunc(e.roles, func(a, b role) int {
			return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(b2i(a.To == 0), b2i(b.To == 0)), cmp.Compare(a.From, b.From), cmp.Compare(a.Position, b.Position), cmp.Compare(a.To, b.To))
		})
		var kept []role
		for _, r := range e.roles {
			same := slices.ContainsFunc(kept, func(k role) bool {
				if k.Position != r.Position {
					return false
				}
				if k.From.Year() == r.From.Year() && r.From != 0 && (k.From.Within(r.From, r.From) || r.From.Within(k.From, k.From) || k.rank < r.rank) {
					return true
				}
				// An open row inside a term that another row dates to its end.
				return r.To == 0 && r.From != 0 && k.To != 0 && r.From.Within(k.From, k.To) && k.From != 0
			})
			if !same {
				kept = append(kept, r)
			}
		}
		slices.SortStableFunc(kept, func(a, b role) int {
			return cmp.Or(cmp.Compare(a.From.First(), b.From.First()), cmp.Compare(a.Position, b.Position), cmp.Compare(a.To, b.To))
		})
		e.roles = kept
	}
}

// staleBefore is the year before which an open post without a successor in the
// data is taken for a gap in the data and left out, unless a newer source says
// that the term still runs.
const staleBefore = 2000

// keptAtTheTop are the offices that a head of state or government may keep.
var keptAtTheTop = set(`head_of_state head_of_government monarch supreme_leader commander_in_chief party_leader`)

// closeRisen ends the open terms of lesser posts on the day that their holder
// becomes head of state or government, unless a fact says that they were kept.
func (w *world) closeRisen() (closed int) {
	for _, id := range sortedKeys(w.entities) {
		e := w.entities[id]
		for _, top := range e.roles {
			p := w.positions[top.Position]
			if p.office != "head_of_state" && p.office != "head_of_government" || top.From == 0 {
				continue
			}
			for i, r := range e.roles {
				lesser := w.positions[r.Position]
				here := lesser.jurisdiction == p.jurisdiction || lesser.office == "mayor" || lesser.office == "governor"
				if r.To == 0 && r.From != 0 && r.rank != rankDesk && !keptAtTheTop[lesser.office] && here && r.From.Last() < top.From.First() {
					e.roles[i].To = top.From
					closed++
				}
			}
		}
	}
	return closed
}

// closeSucceeded ends the open term of a post that one person holds at a time
// on the day the next holder starts.
func (w *world) closeSucceeded() {
	type term struct {
		e *entity
		i int
	}
	terms := map[string][]term{}
	for _, id := range sortedKeys(w.entities) {
		for i, r := range w.entities[id].roles {
			terms[r.Position] = append(terms[r.Position], term{w.entities[id], i})
		}
	}
	closed := 0
	for _, position := range sortedKeys(terms) {
		list, p := terms[position], w.positions[position]
		start := func(t term) fact.Date { return t.e.roles[t.i].From }
		slices.SortStableFunc(list, func(a, b term) int {
			return cmp.Or(cmp.Compare(start(a).First(), start(b).First()), cmp.Compare(a.e.id, b.e.id))
		})
		overlaps := 0
		for k := 1; k < len(list); k++ {
			if to := list[k-1].e.roles[list[k-1].i].To; to != 0 && to.First() > start(list[k]).Last() {
				overlaps++
			}
		}
		p.single = p.single || singleOffice[p.office] && overlaps*5 <= len(list)
		if !p.single && (overlaps*10 > len(list) || len(list) < 2 || p.office == "") {
			continue
		}
		for k, t := range list {
			r := &t.e.roles[t.i]
			if r.To != 0 || r.From == 0 {
				continue
			}
			for _, next := range list[k+1:] {
				if next.e != t.e && start(next).First() > r.From.First() {
					r.To = start(next)
					closed++
					break
				}
			}
		}
	}
	closed += w.closeRisen()
	stale := 0
	for _, e := range w.entities {
		e.roles = slices.DeleteFunc(e.roles, func(r role) bool {
			p := w.positions[r.Position]
			// The data ends in 2023, and parliaments have been elected since: of who
			// holds other posts, a seat without an end says nothing.
			unsure := p.seat && len(e.roles) > 1 || r.From.Year() < staleBefore && !p.single
			drop := r.To == 0 && r.rank == rankTagged && unsure
			stale += b2i(drop)
			return drop
		})
	}
	w.progress.say("posts: %d open terms closed by a successor, %d open since before %d left out", closed, stale, staleBefore)
}

// singleOffice are the classes of post that one person holds at a time.
var singleOffice = set(`head_of_state monarch supreme_leader vice_president head_of_government foreign_minister defence_minister interior_minister
finance_minister justice_minister national_security_adviser intelligence_chief central_bank_governor chief_of_general_staff commander_in_chief
speaker_of_parliament secretary_general director_general chief_justice attorney_general prosecutor_general governor mayor presidential_spokesperson`)

// checkReferences makes sure that everything referred to is in the table, and
// takes the references of sources to what is not, out.
func (w *world) checkReferences() error {
	for _, id := range sortedKeys(w.entities) {
		e := w.entities[id]
		if e.canonical == "" {
			if !e.desk && e.kind == fact.Person {
				delete(w.entities, id) // a person of whom the data has no name
				continue
			}
			delete(w.entities, id)
			if err := w.problem(fmt.Errorf("%s: %s is in no source, so it needs a kind and a canonical name", e.where, id)); err != nil {
				return err
			}
			continue
		}
		var kept []fact.Relation
		for _, r := range e.relations {
			r.Target = w.resolve(r.Target)
			if w.entities[r.Target] == nil {
				if err := w.problem(fmt.Errorf("%s (%s): relation %s %s: no such entity", id, e.canonical, r.Type, r.Target)); err != nil {
					return err
				}
				continue
			}
			if r.Target != id {
				kept = append(kept, r)
			}
		}
		e.relations = kept
		var roles []role
		for _, r := range e.roles {
			if p := w.positions[r.Position]; p == nil || len(p.titles) == 0 {
				if err := w.problem(fmt.Errorf("%s (%s): role %s: no position with a title", id, e.canonical, r.Position)); err != nil {
					return err
				}
				continue
			}
			roles = append(roles, r)
		}
		e.roles = roles
	}
	for _, id := range sortedKeys(w.positions) {
		p := w.positions[id]
		for _, ref := range []*string{&p.jurisdiction, &p.org} {
			if *ref == "" {
				continue
			}
			*ref = w.resolve(*ref)
			if w.entities[*ref] != nil {
				continue
			}
			if p.rank == rankDesk {
				if err := w.problem(fmt.Errorf("position %s: %s: no such entity", id, *ref)); err != nil {
					return err
				}
			}
			*ref = ""
		}
	}
	return nil
}
