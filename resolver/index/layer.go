package index

import (
	"bytes"
	"cmp"
	"fmt"
	"iter"
	"slices"
	"sort"
	"strings"

	"onoma/resolver/fact"
	"onoma/resolver/name"
)

// A layered index is a base and, over it, what has changed since: a small index
// of the entities and positions that are said otherwise now. Nothing of the base
// is copied or written to.
//
// The two are told apart by three rules, which make a layered index answer as one
// built anew would:
//
//   - An entity or position that is in the layer is out of the base: whatever
//     refers to it there is led here.
//   - A key that any name of a changed entity has or had is touched. The layer
//     answers a touched key alone: its groups list the names of the base that
//     stay beside its own, in the order in which an index built anew has them.
//   - All else is answered by the base, which need not ask whether it still holds.
//
// So a look-up pays for a layer one probe of a small table, and nothing when there
// is none.
type layer struct {
	index     *Index // what is said of what changed
	base      *Index // what lies under it, as seen through it
	under     *Index // the same, by itself
	entities  map[uint32]uint32
	positions map[uint32]uint32 // by number in the base, the number in the layer
	groups    []layerGroup      // by key, and a sentinel
	members   []uint32          // names of the groups: of the layer, or of the base with inBase
	touched   map[uint32]uint32 // groups by the first name that the key has in the base
	slots     []uint64          // as those of an index: fingerprint<<32 | group + 1
}

// inBase marks the number of a record that a layer's record refers to and that is
// the base's.
const inBase = 1 << 31

// layerGroup is a touched key. It may have no names left.
type layerGroup struct {
	members uint32 // first
	name    uint32 // a name with the key, of the layer or with inBase of the base
}

// Changes are what is said now of everything that was said otherwise in a base.
type Changes struct {
	// Entities are whole. One that nobody describes any more has nothing but its ID.
	Entities []fact.Entity
	// Positions are whole; one that is gone has nothing but its ID.
	Positions []fact.Position
}

// With returns an index that answers as one of the facts of x with the changes
// would. x must not be layered itself, and must not change; both may be used side by
// side. The cost is that of building an index of the changes, and of copying the
// names that share a key with them.
func (x *Index) With(c Changes) (*Index, error) {
	if x.layer != nil {
		return nil, fmt.Errorf("a layer of %d entities already lies over the index", len(x.layer.entities))
	}
	if len(x.entities) >= inBase || len(x.names) >= inBase || len(x.positions) >= inBase {
		return nil, fmt.Errorf("%d entities with %d names are more than a layer lies over", x.entityCount(), len(x.names))
	}
	over, err := (&Builder{entities: c.Entities, positions: c.Positions, base: x}).Build()
	if err != nil {
		return nil, fmt.Errorf("layer: %w", err)
	}
	base := *x
	l := &layer{index: over, base: &base, under: x, entities: make(map[uint32]uint32), positions: make(map[uint32]uint32), touched: make(map[uint32]uint32)}
	for i := range over.entityCount() {
		if e := x.find(over.textOf(over.entities[i].id)); e.Valid() {
			l.entities[e.number] = uint32(i)
		}
	}
	for i := range len(over.positions) - 1 {
		if n, ok := x.findPosition(over.textOf(over.positions[i].id)); ok {
			l.positions[n] = uint32(i)
		}
	}
	l.group(x)
	l.fillSlots()
	base.layer, over.layer = l, l
	sounds, err := newLayeredSounds(x.Sounds(), l)
	if err != nil {
		return nil, fmt.Errorf("layer: %w", err)
	}
	base.sounds = func() *Sounds { return sounds }
	return &base, nil
}

// Base returns the index without its layer, and how many entities and names the
// layer has; 0 when there is none.
func (x *Index) Base() (base *Index, entities, names int) {
	if x.layer == nil {
		return x, 0, 0
	}
	return x.layer.under, x.layer.index.entityCount(), len(x.layer.index.names)
}

// group lists the names of every touched key.
func (l *layer) group(x *Index) {
	type touchedKey struct {
		key  string
		base uint32 // first name in the base, or none
		own  Names
	}
	var keys []touchedKey
	seen := make(map[uint32]bool) // by first name in the base
	for own := range l.index.ownGroups() {
		key := name.Fold(own.At(0).Text())
		base := x.firstWith([]byte(key))
		seen[base] = true
		keys = append(keys, touchedKey{key, base, own})
	}
	for number := range l.entities {
		for i := x.entities[number].names; i < x.entities[number+1].names; i++ {
			first := x.firstOfGroup(x.byEntity[i])
			if !seen[first] {
				seen[first] = true
				keys = append(keys, touchedKey{name.Fold(x.nameText(first)), first, Names{}})
			}
		}
	}
	slices.SortFunc(keys, func(a, b touchedKey) int { return strings.Compare(a.key, b.key) })
	for i := range keys {
		k := &keys[i]
		g := layerGroup{members: uint32(len(l.members)), name: k.own.first}
		if k.own.Len() == 0 {
			g.name = k.base | inBase
		}
		l.groups = append(l.groups, g)
		if k.base != none {
			l.touched[k.base] = uint32(i)
		}
		l.join(x, k.base, k.own)
	}
	l.groups = append(l.groups, layerGroup{members: uint32(len(l.members))})
}

// join lists the names of the base that stay and those of the layer by the IDs of
// their entities, of which each has its names on one side.
func (l *layer) join(x *Index, first uint32, own Names) {
	var base Names
	if first != none {
		base = x.group(first)
	}
	for i := base.first; i < base.end; i++ {
		e := Entity{x, x.names[i].entity}
		if _, gone := l.entities[e.number]; gone {
			continue
		}
		for own.Len() > 0 && own.At(0).Entity().ID() < e.ID() {
			l.members = append(l.members, own.first)
			own.first++
		}
		l.members = append(l.members, i|inBase)
	}
	for ; own.Len() > 0; own.first++ {
		l.members = append(l.members, own.first)
	}
}

// firstOfGroup returns the first of the names that share the key of a name.
func (x *Index) firstOfGroup(number uint32) uint32 {
	for number > 0 && x.names[number-1].flags&flagKeyLast == 0 {
		number--
	}
	return number
}

// firstWith returns the first name with the key, or none. No look-up finds those
// with an empty key, which stand first.
func (x *Index) firstWith(key []byte) uint32 {
	if len(key) == 0 {
		if len(x.names) > 0 && name.Fold(x.nameText(0)) == "" {
			return 0
		}
		return none
	}
	if names := x.probe("", key, hashKey(key)); names.Len() > 0 {
		return names.first
	}
	return none
}

func (l *layer) fillSlots() {
	groups := len(l.groups) - 1
	l.slots = make([]uint64, groups+groups/3+1)
	var buffer [keyBuffer]byte
	for i := range groups {
		hash := hashKey(l.key(uint32(i), buffer[:0]))
		at := slotHome(hash, len(l.slots))
		for l.slots[at] != 0 {
			if at++; at == len(l.slots) {
				at = 0
			}
		}
		l.slots[at] = hash<<32 | uint64(i+1)
	}
}

// key appends the key of a group to buffer.
func (l *layer) key(group uint32, buffer []byte) []byte {
	return name.AppendFold(buffer, l.name(l.groups[group].name).Text())
}

// name returns the name with a number of the layer's or, with inBase, the base's.
func (l *layer) name(number uint32) Name {
	if number&inBase != 0 {
		return Name{l.base, number &^ inBase}
	}
	return Name{l.index, number}
}

func (l *layer) names(group uint32) Names {
	return Names{l.index, l.groups[group].members, l.groups[group+1].members}
}

// lookup returns the names of a key if it is touched.
func (l *layer) lookup(text string, key []byte, hash uint64) (Names, bool) {
	at := slotHome(hash, len(l.slots))
	for slot := l.slots[at]; slot != 0; slot = l.slots[at] {
		if slot>>32 == hash&0xffffffff {
			group := uint32(slot) - 1
			of := l.name(l.groups[group].name).Text()
			var buffer [keyBuffer]byte
			if of == text || string(name.AppendFold(buffer[:0], of)) == string(key) {
				return l.names(group), true
			}
		}
		if at++; at == len(l.slots) {
			at = 0
		}
	}
	return Names{}, false
}

// over reports whether x lies over another index, and is not what others see.
func (x *Index) over() bool { return x.layer != nil && x.layer.index == x }

// entityAt returns the entity that a record of x refers to by number.
func (x *Index) entityAt(number uint32) Entity {
	if x.layer == nil {
		return Entity{x, number}
	}
	return x.layer.entityAt(x, number)
}

func (l *layer) entityAt(x *Index, number uint32) Entity {
	if x == l.index {
		if number&inBase != 0 {
			return Entity{l.base, number &^ inBase}
		}
	} else if n, moved := l.entities[number]; moved {
		return Entity{l.index, n}
	}
	return Entity{x, number}
}

// positionAt returns the position that a record of x refers to by number.
func (x *Index) positionAt(number uint32) Position {
	switch l := x.layer; {
	case l == nil:
	case x == l.index:
		if number&inBase != 0 {
			return Position{l.base, number &^ inBase}
		}
	default:
		if n, moved := l.positions[number]; moved {
			return Position{l.index, n}
		}
	}
	return Position{x, number}
}

func (x *Index) findPosition(id string) (uint32, bool) {
	i, found := sort.Find(max(len(x.positions)-1, 0), func(i int) int { return cmp.Compare(id, x.textOf(x.positions[i].id)) })
	return uint32(i), found
}

// ownGroups yields the names of x alone by key. x is not a layer's index.
func (x *Index) ownGroups() iter.Seq[Names] {
	return func(yield func(Names) bool) {
		for first := uint32(0); int(first) < len(x.names); {
			end := first + 1
			for x.names[end-1].flags&flagKeyLast == 0 {
				end++
			}
			if !yield(Names{x, first, end}) {
				return
			}
			first = end
		}
	}
}

// touches reports whether the key of which a name of the base is the first is
// answered by the layer.
func (l *layer) touches(first uint32) bool {
	_, ok := l.touched[first]
	return ok
}

// allGroups yields the names of both by key, the layer's first.
func (l *layer) allGroups(yield func(Names) bool) {
	for g := range l.touchedGroups {
		if !yield(g) {
			return
		}
	}
	for g := range l.base.ownGroups() {
		if !l.touches(g.first) && !yield(g) {
			return
		}
	}
}

// touchedGroups yields the touched keys that still have names, in the order of keys.
func (l *layer) touchedGroups(yield func(Names) bool) {
	for i := range len(l.groups) - 1 {
		if names := l.names(uint32(i)); names.Len() > 0 && !yield(names) {
			return
		}
	}
}

// prefix yields the touched names whose key begins with prefix.
func (l *layer) prefix(prefix []byte, yield func(Name) bool) bool {
	var buffer [keyBuffer]byte
	first := sort.Search(len(l.groups)-1, func(i int) bool { return bytes.Compare(l.key(uint32(i), buffer[:0]), prefix) >= 0 })
	for i := first; i < len(l.groups)-1 && bytes.HasPrefix(l.key(uint32(i), buffer[:0]), prefix); i++ {
		names := l.names(uint32(i))
		for k := range names.Len() {
			if !yield(names.At(k)) {
				return false
			}
		}
	}
	return true
}

// after yields the entities of both by ID.
func (l *layer) after(id string, yield func(Entity) bool) {
	next, stop := iter.Pull(l.index.ownAfter(id))
	defer stop()
	changed, more := next()
	for e := range l.base.ownAfter(id) {
		if _, moved := l.entities[e.number]; moved {
			continue
		}
		for more && changed.ID() < e.ID() {
			if !yield(changed) {
				return
			}
			changed, more = next()
		}
		if !yield(e) {
			return
		}
	}
	for ; more; changed, more = next() {
		if !yield(changed) {
			return
		}
	}
}

// redirect returns the entity that a former ID leads to: of several that claim
// it, the one with the first ID.
func (l *layer) redirect(id string) Entity {
	e := l.index.ownRedirect(id, func(uint32) bool { return true })
	b := l.base.ownRedirect(id, func(number uint32) bool { _, moved := l.entities[number]; return !moved })
	if !e.Valid() || b.Valid() && b.ID() < e.ID() {
		return b
	}
	return e
}

// stats adds what the layer has to what the base has, less what it covers. Posts
// that nobody holds any more are counted until the layer is folded in.
func (l *layer) stats(base Stats) Stats {
	own := l.index.counts()
	s := Stats{
		Names: base.Names + own.Names, Relations: base.Relations + own.Relations, Roles: base.Roles + own.Roles,
		Entities: base.Entities + own.Entities, Positions: base.Positions + own.Positions - len(l.positions),
		Keys: base.Keys - len(l.touched), Bytes: base.Bytes + own.Bytes,
	}
	for range l.touchedGroups {
		s.Keys++
	}
	sources := make(map[string]SourceStats)
	for _, from := range [][]SourceStats{base.Sources, own.Sources} {
		for _, c := range from {
			had := sources[c.Name]
			sources[c.Name] = SourceStats{c.Name, had.Entities + c.Entities, had.Names + c.Names}
		}
	}
	for number := range l.entities {
		e := Entity{l.base, number}
		if !e.ReferencedOnly() {
			s.Entities--
		}
		s.Names -= e.NameCount()
		s.Relations -= e.RelationCount()
		s.Roles -= e.RoleCount()
		seen := make(map[string]bool)
		for i := range e.NameCount() {
			source := e.Name(i).Source()
			c := sources[source]
			if c.Names--; !seen[source] {
				seen[source] = true
				c.Entities--
			}
			sources[source] = c
		}
	}
	for _, c := range sources {
		if c.Names > 0 {
			s.Sources = append(s.Sources, c)
		}
	}
	slices.SortFunc(s.Sources, func(a, b SourceStats) int { return cmp.Compare(a.Name, b.Name) })
	return s
}
