package seed

import "onoma/resolver/index"

// Source is the name of the embedded table among the sources of a table.
const Source = "seed"

// Index builds the lookup structures of the embedded table.
func Index() (*index.Index, error) {
	s, err := Open()
	if err != nil {
		return nil, err
	}
	b := index.Builder{LateSounds: true} // no exact answer needs them
	for e := range s.Entities() {
		for i := range e.Names {
			e.Names[i].Source = Source
		}
		b.Add(e)
	}
	for p := range s.Positions() {
		b.AddPosition(p)
	}
	return b.Build()
}
