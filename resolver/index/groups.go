package index

import "iter"

// Groups yields the names by key: all names that share a key at a time, in the
// order of keys, after those of a layer.
func (x *Index) Groups() iter.Seq[Names] {
	if x.layer != nil {
		return x.layer.allGroups
	}
	return x.ownGroups()
}

// Touched yields what the keys led to that a layer touches, by themselves without
// it and as they are now: names with one key each time, none if it had or has none.
func (x *Index) Touched() iter.Seq2[Names, Names] {
	return func(yield func(before, now Names) bool) {
		if x.layer == nil {
			return
		}
		before := make([]uint32, len(x.layer.groups)-1) // first name + 1
		for first, group := range x.layer.touched {
			before[group] = first + 1
		}
		for group, first := range before {
			var names Names
			if first > 0 {
				names = x.layer.under.group(first - 1)
			}
			if !yield(names, x.layer.names(uint32(group))) {
				return
			}
		}
	}
}

// Replaced yields the entities of a layer: as the index without it has them, the
// zero Entity where it has none, and as they are now, which may be gone.
func (x *Index) Replaced() iter.Seq2[Entity, Entity] {
	return func(yield func(before, now Entity) bool) {
		if x.layer == nil {
			return
		}
		over, under := x.layer.index, x.layer.under
		for i := range over.entityCount() {
			now := Entity{over, uint32(i)}
			if !yield(under.ownFind(now.ID()), now) {
				return
			}
		}
	}
}

// ReplacedPositions yields the posts of a layer as they are now.
func (x *Index) ReplacedPositions() iter.Seq[Position] {
	return func(yield func(Position) bool) {
		if x.layer == nil {
			return
		}
		over := x.layer.index
		for i := range max(len(over.positions)-1, 0) {
			if !yield(Position{over, uint32(i)}) {
				return
			}
		}
	}
}
