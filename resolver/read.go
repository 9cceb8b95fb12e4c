package resolver

import (
	"onoma/resolver/fact"
	"onoma/resolver/index"
)

// read adds what the hit can mean: the entity itself, the people of a country
// for a demonym, or the state or body that a capital or a seat of power stands
// for. A name that can stand for another does so unless the query asks for the
// literal sense or for kinds that only the bearer has.
func (t *Table) read(q *Query, a *Answer, h *hit, tr *tracer) {
	if h.method != Pinned && h.name.Kind() == fact.Demonym {
		if q.Reading == Auto || q.Reading == Demonymic {
			a.add(q, Candidate{Entity: h.entity, Name: h.name, NameRole: RoleDemonym, Reading: Demonymic, Method: h.method}, h, tr)
		}
		return
	}
	if (q.Reading == Auto || q.Reading == Metonymic) && h.entity.Stands() && t.readMetonyms(q, a, h, tr) {
		return
	}
	if q.Reading == Auto || q.Reading == Literal {
		a.add(q, Candidate{Entity: h.entity, Name: h.name, NameRole: nameRole(h), Reading: Literal, Method: h.method}, h, tr)
		return
	}
	tr.entityStep("read", "", h.entity, "does not have the reading asked for")
}

// readMetonyms adds the entities that the hit's bearer stands for on the day
// asked for, and reports whether there were any.
func (t *Table) readMetonyms(q *Query, a *Answer, h *hit, tr *tracer) bool {
	found := false
	for i := range h.entity.RelationCount() {
		r := h.entity.Relation(i)
		if !standsFor(r, q.AsOf) || !q.Kinds.Admits(r.Target.Kind()) {
			continue
		}
		found = true
		a.add(q, Candidate{
			Entity: r.Target, Literal: h.entity, Name: h.name, NameRole: RoleMetonym,
			Reading: Metonymic, Sector: sectorOf(r), Method: h.method,
		}, h, tr)
	}
	return found
}

// standsFor reports whether names of the relation's bearer stand for its
// target: a capital for a sovereign state or territory, not for a province.
func standsFor(r index.Relation, asOf fact.Date) bool {
	if r.Target.ReferencedOnly() || !asOf.Within(r.From, r.To) || asOf == 0 && r.To != 0 {
		return false
	}
	return r.Type == fact.SeatOf || r.Type == fact.CapitalOf && r.Target.Kind() == fact.Country
}

// sectorOf says which part of the target acts: a seat names it, a capital
// stands for the government.
func sectorOf(r index.Relation) fact.Sector {
	if r.Type == fact.CapitalOf {
		return fact.Government
	}
	return r.Sector
}

// nameRole is the role that the kind of the hit's name gives.
func nameRole(h *hit) NameRole {
	if h.method == Pinned {
		return RoleAlias
	}
	return rolesOfKinds[h.name.Kind()]
}

var rolesOfKinds = [...]NameRole{
	fact.NameUnspecified: RoleAlias,
	fact.Primary:         RolePrimary,
	fact.Official:        RoleOfficial,
	fact.Alias:           RoleAlias,
	fact.Transliteration: RoleTransliteration,
	fact.Short:           RoleShort,
	fact.Acronym:         RoleAcronym,
	fact.Nickname:        RoleNickname,
	fact.Former:          RoleFormer,
	fact.Demonym:         RoleDemonym,
	fact.Misspelling:     RoleMisspelling,
}

// add weighs the candidate and keeps it, or keeps the heavier of it and the
// one that already stands for the same entity.
func (a *Answer) add(q *Query, c Candidate, h *hit, tr *tracer) {
	if !q.Kinds.Admits(c.Entity.Kind()) {
		tr.entityStep("read", "", c.Entity, "its kind is not asked for")
		return
	}
	c.Features = features(q, &c, h)
	if a.shouted && c.Method == Normalized {
		c.Features.Method += besideAcronym
	}
	tr.entityStep("read", "", c.Entity, readingWords[c.Reading])
	for i := range a.Candidates {
		if old := &a.Candidates[i]; old.Entity == c.Entity {
			if better(&c, old) {
				*old = c
			}
			return
		}
	}
	a.Candidates = append(a.Candidates, c)
}

// better orders two ways in which the name can mean one entity: the name as it
// stands before one that differs in case or marks ("ucraina" is the adjective,
// "Ucraina" the country), then the heavier.
func better(c, old *Candidate) bool {
	if c.Method != old.Method {
		return c.Method < old.Method
	}
	if w, o := c.Features.Weight(), old.Features.Weight(); w != o {
		return w > o
	}
	if c.Reading != old.Reading {
		return c.Reading < old.Reading
	}
	return c.NameRole < old.NameRole
}
