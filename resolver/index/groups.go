package index

// Groups yields the names by key: all names that share a key at a time, in the
// order of keys.
func (x *Index) Groups() func(yield func(Names) bool) {
	return func(yield func(Names) bool) {
		for first := uint32(0); int(first) < len(x.names); {
			group := x.group(first)
			if !yield(group) {
				return
			}
			first = group.end
		}
	}
}
