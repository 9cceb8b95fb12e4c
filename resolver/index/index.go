package index

import (
	"cmp"
	"iter"
	"slices"
	"sort"
	"sync"
	"unsafe"

	"onoma/resolver/fact"
	"onoma/resolver/name"
)

// Index is an immutable table. Its methods are safe for concurrent use, never
// allocate unless they say so, and return strings that share the index's
// memory: they are valid for as long as the index is.
type Index struct {
	file      []byte
	mapped    *Mapped // that file lies in; nil when it lies on the heap
	text      []byte
	entities  []entityRecord // and a sentinel
	names     []nameRecord
	byEntity  []uint32
	dated     []datedRecord
	slots     []uint64
	relations []relationRecord
	roles     []roleRecord
	external  []textRecord
	redirects []redirectRecord
	positions []positionRecord // and a sentinel
	titles    []titleRecord
	words     []string
	sounds    func() *Sounds
	counts    func() Stats // without a layer; of a layered index, those of the base
	layer     *layer       // that lies over it, or that it is the index of; see [Index.With]
}

// Open reads an index from file, which must not change while the index is in
// use and must be aligned to eight bytes, as mapped memory is. It checks every
// checksum, at about 10 GB/s. Errors wrap [ErrFormat].
func Open(file []byte) (*Index, error) { return open(file, true) }

func open(file []byte, verify bool) (*Index, error) {
	s, err := disassemble(file, verify)
	if err != nil {
		return nil, err
	}
	x, err := viewSections(s)
	if err != nil {
		return nil, err
	}
	x.file = file
	sounds, err := openSounds(x, s[secSounds])
	x.sounds = func() *Sounds { return sounds }
	return x, err
}

// viewSections is the index of the sections, but for the sounds.
func viewSections(s *[sectionCount][]byte) (*Index, error) {
	x := &Index{text: s[secText]}
	x.counts = sync.OnceValue(x.count)
	var words []textRecord
	for _, err := range []error{
		view(&x.entities, s[secEntities]), view(&x.names, s[secNames]), view(&x.byEntity, s[secByEntity]),
		view(&x.dated, s[secDated]), view(&x.slots, s[secSlots]), view(&x.relations, s[secRelations]),
		view(&x.roles, s[secRoles]), view(&x.external, s[secExternal]), view(&x.redirects, s[secRedirects]),
		view(&x.positions, s[secPositions]), view(&x.titles, s[secTitles]), view(&words, s[secWords]),
	} {
		if err != nil {
			return nil, err
		}
	}
	for _, w := range words {
		x.words = append(x.words, x.textOf(w))
	}
	return x, nil
}

func view[T any](to *[]T, section []byte) (err error) {
	*to, err = recordsOf[T](section)
	return err
}

// Sounds returns the index by sound. Of an index built with LateSounds the first
// call makes it, and others meanwhile wait.
func (x *Index) Sounds() *Sounds { return x.sounds() }

// Bytes returns the index as a file that [Open] reads. The caller must not
// change it.
func (x *Index) Bytes() []byte { return x.file }

// Stats counts what an index holds.
type Stats struct {
	Entities, Names, Keys, Relations, Roles, Positions, Bytes int
	Sources                                                   []SourceStats // by name
}

// SourceStats counts what one source says.
type SourceStats struct {
	Name            string
	Entities, Names int // entities it names
}

// Stats returns the counts. Entities known only as the end of a relation are
// not counted. The first call is linear in the number of entities and names, for all
// layers over an index together.
func (x *Index) Stats() Stats {
	if x.layer != nil {
		return x.layer.stats(x.counts())
	}
	return x.counts()
}

func (x *Index) count() Stats {
	s := Stats{
		Names: len(x.names), Relations: len(x.relations), Roles: len(x.roles),
		Positions: max(len(x.positions)-1, 0), Bytes: len(x.file),
	}
	for i := range x.entityCount() {
		if x.entities[i].flags&flagReferenced == 0 {
			s.Entities++
		}
	}
	for i := range x.names {
		if x.names[i].flags&flagKeyLast != 0 {
			s.Keys++
		}
	}
	s.Sources = x.sources()
	return s
}

func (x *Index) sources() []SourceStats {
	counts := make([]SourceStats, len(x.words))
	last := make([]uint32, len(x.words)) // entity + 1 counted last
	for _, n := range x.byEntity {
		r := &x.names[n]
		c := &counts[r.source]
		c.Names++
		if last[r.source] != r.entity+1 {
			last[r.source] = r.entity + 1
			c.Entities++
		}
	}
	var found []SourceStats
	for i, c := range counts {
		if c.Names > 0 {
			c.Name = x.words[i]
			found = append(found, c)
		}
	}
	slices.SortFunc(found, func(a, b SourceStats) int { return cmp.Compare(a.Name, b.Name) })
	return found
}

// Entities returns how many entities the index has without its layer, those only
// referred to among them.
func (x *Index) Entities() int { return x.entityCount() }

// Nth returns the n-th of them by ID, or what a layer says of it.
func (x *Index) Nth(n int) Entity { return x.entityAt(uint32(n)) }

func (x *Index) entityCount() int { return max(len(x.entities)-1, 0) }

func (x *Index) textOf(r textRecord) string { return x.textAt(r.at, r.length) }

func (x *Index) textAt(at, length uint32) string {
	if length == 0 {
		return ""
	}
	b := x.text[at : at+length]
	return unsafe.String(unsafe.SliceData(b), len(b))
}

func (x *Index) nameText(i uint32) string {
	return x.textAt(x.names[i].text, uint32(x.names[i].length))
}

// Find returns the entity with the ID, following a redirect. The zero Entity
// says that there is none. Its cost is a binary search over the IDs.
func (x *Index) Find(id string) (e Entity, redirected bool) {
	if e := x.find(id); e.Valid() && !e.ReferencedOnly() {
		return e, false
	}
	if x.layer != nil {
		e = x.layer.redirect(id)
	} else {
		e = x.ownRedirect(id, func(uint32) bool { return true })
	}
	return e, e.Valid()
}

// ownRedirect returns the entity with the first ID of those that a former ID leads
// to and that count.
func (x *Index) ownRedirect(id string, counts func(entity uint32) bool) Entity {
	i, _ := sort.Find(len(x.redirects), func(i int) int { return cmp.Compare(id, x.textOf(x.redirects[i].id)) })
	for ; i < len(x.redirects) && x.textOf(x.redirects[i].id) == id; i++ {
		if e := x.redirects[i].entity; counts(e) {
			return Entity{x, e}
		}
	}
	return Entity{}
}

func (x *Index) find(id string) Entity {
	if l := x.layer; l != nil && x == l.base {
		if e := l.index.ownFind(id); e.Valid() {
			return e
		}
	}
	return x.ownFind(id)
}

func (x *Index) ownFind(id string) Entity {
	i, found := sort.Find(x.entityCount(), func(i int) int { return cmp.Compare(id, x.textOf(x.entities[i].id)) })
	if !found {
		return Entity{}
	}
	return Entity{x, uint32(i)}
}

// After returns the entities in the order of their IDs, from the first whose
// ID is greater than id.
func (x *Index) After(id string) iter.Seq[Entity] {
	if x.layer != nil {
		return func(yield func(Entity) bool) { x.layer.after(id, yield) }
	}
	return x.ownAfter(id)
}

func (x *Index) ownAfter(id string) iter.Seq[Entity] {
	return func(yield func(Entity) bool) {
		from := sort.Search(x.entityCount(), func(i int) bool { return x.textOf(x.entities[i].id) > id })
		for i := from; i < x.entityCount(); i++ {
			e := Entity{x, uint32(i)}
			if !e.ReferencedOnly() && !yield(e) {
				return
			}
		}
	}
}

// Prefix yields the names whose folded key begins with prefix: by key, after those
// of a layer.
func (x *Index) Prefix(prefix []byte) iter.Seq[Name] {
	return func(yield func(Name) bool) {
		var buffer [keyBuffer]byte
		key := func(i int) []byte { return name.AppendFold(buffer[:0], x.nameText(uint32(i))) }
		at := sort.Search(len(x.names), func(i int) bool { return string(key(i)) >= string(prefix) })
		end := at + sort.Search(len(x.names)-at, func(i int) bool {
			k := key(at + i)
			return string(k[:min(len(k), len(prefix))]) > string(prefix)
		})
		if x.layer != nil && !x.layer.prefix(prefix, yield) {
			return
		}
		for first := uint32(at); first < uint32(end); {
			group := x.group(first)
			first = group.end
			if x.layer != nil && x.layer.touches(group.first) {
				continue
			}
			for i := range group.Len() {
				if !yield(group.At(i)) {
					return
				}
			}
		}
	}
}

// Entity is a reference to an entity of an index: two words, to be passed by
// value. The zero Entity refers to none.
type Entity struct {
	index  *Index
	number uint32
}

// Valid reports whether e refers to an entity.
func (e Entity) Valid() bool { return e.index != nil }

// Number tells the entity from every other of the index.
func (e Entity) Number() int {
	if e.index.over() {
		return e.index.layer.base.entityCount() + int(e.number)
	}
	return int(e.number)
}

func (e Entity) record() *entityRecord { return &e.index.entities[e.number] }
func (e Entity) next() *entityRecord   { return &e.index.entities[e.number+1] }

// ID returns the entity's ID.
func (e Entity) ID() string { return e.index.textOf(e.record().id) }

// Canonical returns the name shown for the entity.
func (e Entity) Canonical() string { return e.index.textOf(e.record().canonical) }

// Kind returns the kind of the entity.
func (e Entity) Kind() fact.Kind { return fact.Kind(e.record().kind) }

// Prominence returns the prior in [0, 1].
func (e Entity) Prominence() float64 { return float64(e.record().prominence) / 65535 }

// ReferencedOnly reports whether the table knows the entity only as the end of
// another's relation or post.
func (e Entity) ReferencedOnly() bool { return e.record().flags&flagReferenced != 0 }

// Stands reports whether names of the entity may stand for another: it is a
// capital or a seat of power.
func (e Entity) Stands() bool { return e.record().flags&flagStands != 0 }

// NameCount and Name give the entity's names in the order of the table.
func (e Entity) NameCount() int { return int(e.next().names - e.record().names) }

// Name returns the i-th name.
func (e Entity) Name(i int) Name {
	return Name{e.index, e.index.byEntity[e.record().names+uint32(i)]}
}

// RelationCount and Relation give the entity's relations.
func (e Entity) RelationCount() int { return int(e.next().relations - e.record().relations) }

// Relation is an edge that leaves an entity.
type Relation struct {
	Type     fact.RelationType
	Sector   fact.Sector
	Target   Entity
	From, To fact.Date
}

// Relation returns the i-th relation.
func (e Entity) Relation(i int) Relation {
	r := &e.index.relations[e.record().relations+uint32(i)]
	return Relation{
		Type: fact.RelationType(r.relationType), Sector: fact.Sector(r.sector),
		Target: e.index.entityAt(r.target), From: fact.Date(r.from), To: fact.Date(r.to),
	}
}

// RoleCount and Role give the posts that the entity holds or held.
func (e Entity) RoleCount() int { return int(e.next().roles - e.record().roles) }

// Role is a post with the days on which it was held.
type Role struct {
	Position Position
	From, To fact.Date
}

// Role returns the i-th role.
func (e Entity) Role(i int) Role {
	r := &e.index.roles[e.record().roles+uint32(i)]
	return Role{e.index.positionAt(r.position), fact.Date(r.from), fact.Date(r.to)}
}

// ExternalCount and External give the entity's IDs in other schemes.
func (e Entity) ExternalCount() int { return int(e.next().external-e.record().external) / 2 }

// External returns the i-th external ID.
func (e Entity) External(i int) fact.ExternalID {
	at := e.record().external + 2*uint32(i)
	return fact.ExternalID{Scheme: e.index.textOf(e.index.external[at]), Value: e.index.textOf(e.index.external[at+1])}
}

// Redirects yields the former IDs of the entity. Its cost is linear in the
// number of redirects of the index.
func (e Entity) Redirects(yield func(id string) bool) {
	for i := range e.index.redirects {
		if r := &e.index.redirects[i]; r.entity == e.number && !yield(e.index.textOf(r.id)) {
			return
		}
	}
}

// Name is a reference to a name of an index.
type Name struct {
	index  *Index
	number uint32
}

// Valid reports whether n refers to a name.
func (n Name) Valid() bool { return n.index != nil }

func (n Name) record() *nameRecord { return &n.index.names[n.number] }

// Text returns the name as the table has it.
func (n Name) Text() string { return n.index.nameText(n.number) }

// Entity returns the entity that bears the name.
func (n Name) Entity() Entity { return Entity{n.index, n.record().entity} }

// Kind returns the kind of the name.
func (n Name) Kind() fact.NameKind { return fact.NameKind(n.record().kind) }

// Language returns the BCP-47 tag of the name; "" when the source did not say.
func (n Name) Language() string { return n.index.words[n.record().language] }

// Source returns the data set that the name came from.
func (n Name) Source() string { return n.index.words[n.record().source] }

// Validity returns the days on which the name was in use.
func (n Name) Validity() (from, to fact.Date) {
	if n.record().flags&flagDated == 0 {
		return 0, 0
	}
	i, found := slices.BinarySearchFunc(n.index.dated, n.number, func(d datedRecord, name uint32) int {
		return cmp.Compare(d.name, name)
	})
	if !found {
		return 0, 0
	}
	return fact.Date(n.index.dated[i].from), fact.Date(n.index.dated[i].to)
}

// Group returns all names that share the key of n, which must be the first of
// them, as those of [Index.Lookup] are.
func (n Name) Group() Names { return n.index.group(n.number) }

// Names are the names that share a key: neighbours in the order of keys or, of a
// key that a layer touches, in a list of the layer's.
type Names struct {
	index      *Index
	first, end uint32
}

// Len returns the number of names.
func (n Names) Len() int { return int(n.end - n.first) }

// At returns the i-th name.
func (n Names) At(i int) Name {
	if n.index.over() {
		return n.index.layer.name(n.index.layer.members[n.first+uint32(i)])
	}
	return Name{n.index, n.first + uint32(i)}
}

// Position is a reference to a post of an index.
type Position struct {
	index  *Index
	number uint32
}

func (p Position) record() *positionRecord { return &p.index.positions[p.number] }

// ID returns the position's ID.
func (p Position) ID() string { return p.index.textOf(p.record().id) }

// Office returns the class of the post; "" when it has none.
func (p Position) Office() string { return p.index.textOf(p.record().office) }

// Jurisdiction returns the country or region governed; it may be invalid.
func (p Position) Jurisdiction() Entity { return p.index.entityOrNone(p.record().jurisdiction) }

// Organization returns the body that the post belongs to; it may be invalid.
func (p Position) Organization() Entity { return p.index.entityOrNone(p.record().organization) }

// TitleCount and Title give the position's titles.
func (p Position) TitleCount() int {
	return int(p.index.positions[p.number+1].titles - p.record().titles)
}

// Title returns the i-th title.
func (p Position) Title(i int) fact.Title {
	t := &p.index.titles[p.record().titles+uint32(i)]
	return fact.Title{Text: p.index.textOf(t.text), Language: p.index.words[t.language]}
}

func (x *Index) entityOrNone(number uint32) Entity {
	if number == none {
		return Entity{}
	}
	return x.entityAt(number)
}
