package text

import (
	"cmp"
	"slices"

	"onoma/resolver/fact"
	"onoma/resolver/index"
)

// holders says who held which office of which country or body, and when. All is told
// apart by ID, which is the same with a layer and without.
type holders struct {
	posts map[office][]string  // by ID; one may stand twice
	held  map[string][]holding // by post

	// Of a layered table, what its base has; posts and held are then those of the layer.
	base   *holders
	index  *index.Index
	people map[string]bool // of whom the layer tells, and the base no more
	moved  map[string]bool // posts, the same
}

// office is a class of posts of one country or body.
type office struct{ of, class string }

// holding is a person in a post.
type holding struct {
	person   index.Entity
	from, to fact.Date
}

// newHolders reads the roles of an index without a layer.
func newHolders(x *index.Index) *holders {
	h := &holders{posts: make(map[office][]string), held: make(map[string][]holding)}
	for e := range x.After("") {
		h.addRoles(e)
	}
	return h
}

// under returns the holders of a layered index whose base has those of h.
func (h *holders) under(x *index.Index) *holders {
	layered := &holders{posts: make(map[office][]string), held: make(map[string][]holding), base: h, index: x, people: make(map[string]bool), moved: make(map[string]bool)}
	for _, now := range x.Replaced() {
		layered.people[now.ID()] = true
		layered.addRoles(now)
	}
	for p := range x.ReplacedPositions() {
		layered.moved[p.ID()] = true
		layered.addPost(p)
	}
	return layered
}

func (h *holders) addRoles(e index.Entity) {
	for i := range e.RoleCount() {
		r := e.Role(i)
		id := r.Position.ID()
		if len(h.held[id]) == 0 {
			h.addPost(r.Position)
		}
		h.held[id] = append(h.held[id], holding{e, r.From, r.To})
	}
}

// addPost notes what the post is of. Who holds one without a class is known too: a
// layer may give it one.
func (h *holders) addPost(p index.Position) {
	if p.Office() == "" {
		return
	}
	for _, of := range [...]index.Entity{p.Jurisdiction(), p.Organization()} {
		if of.Valid() {
			key := office{of.ID(), p.Office()}
			h.posts[key] = append(h.posts[key], p.ID())
		}
	}
}

// each yields who held the office, in no order and some of them twice.
func (h *holders) each(of index.Entity, class string, yield func(holding)) {
	key := office{of.ID(), class}
	in := func(post string) {
		if h.base != nil {
			for _, x := range h.base.held[post] {
				if !h.people[x.person.ID()] {
					yield(x)
				}
			}
		}
		for _, x := range h.held[post] {
			yield(x)
		}
	}
	if h.base != nil {
		for _, post := range h.base.posts[key] {
			if !h.moved[post] {
				in(post)
			}
		}
	}
	for _, post := range h.posts[key] {
		in(post)
	}
}

// at returns who holds the office on the day, who came last first, each once.
// Without a day, those whose end is open do.
func (h *holders) at(of index.Entity, class string, day fact.Date) (found []holding) {
	h.each(of, class, func(x holding) {
		if day == 0 && x.to != 0 || !day.Within(x.from, x.to) || x.from == 0 && x.to == 0 && day != 0 {
			return
		}
		if h.base != nil { // seen through the layer
			x.person, _ = h.index.Find(x.person.ID())
		}
		found = append(found, x)
	})
	slices.SortFunc(found, func(a, b holding) int {
		return cmp.Or(cmp.Compare(b.from, a.from), cmp.Compare(a.person.ID(), b.person.ID()))
	})
	seen := make(map[index.Entity]bool)
	return slices.DeleteFunc(found, func(x holding) bool {
		had := seen[x.person]
		seen[x.person] = true
		return had
	})
}

// ever reports whether the person held the office on some day.
func (h *holders) ever(person, of index.Entity, class string) (did bool) {
	id := person.ID()
	h.each(of, class, func(x holding) { did = did || x.person.ID() == id })
	return did
}
