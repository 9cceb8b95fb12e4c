package index

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"onoma/resolver/fact"
	"onoma/resolver/name"
)

// Builder collects entities and positions and builds an [Index] of them. It
// keeps the strings it is given. The zero Builder is ready for use; it is not
// safe for concurrent use.
//
// Entities and positions may come in any order, and an entity in several parts
// that share an ID: names, relations, roles and external IDs add up, the first
// canonical name, kind and prominence that is not empty stays. A canonical name
// that is not among the names becomes one. The same facts in the same order per entity build the same bytes.
type Builder struct {
	entities  []fact.Entity
	positions []fact.Position
	base      *Index // over which a layer is built; nil for an index by itself

	// LateSounds leaves the index by sound to be made when [Index.Sounds] is first
	// called, which takes about as long as all the rest.
	LateSounds bool
}

// MaxNameBytes is the longest name that an index holds.
const MaxNameBytes = 1024

// Add adds an entity or a part of one.
func (b *Builder) Add(e fact.Entity) { b.entities = append(b.entities, e) }

// AddPosition adds a post; of several with one ID the first stays.
func (b *Builder) AddPosition(p fact.Position) { b.positions = append(b.positions, p) }

// Build returns the index of what was added. An entity without ID or a name
// that is too long is an error that names it.
func (b *Builder) Build() (*Index, error) {
	entities, err := mergeParts(b.entities)
	if err != nil {
		return nil, err
	}
	positions := b.mergePositions(entities)
	entities = b.withReferenced(entities, positions)
	if len(entities) >= math.MaxUint32 {
		return nil, fmt.Errorf("%d entities are more than an index holds", len(entities))
	}
	w := &writer{
		base:           b.base,
		lateSounds:     b.LateSounds,
		entityNumber:   make(map[string]uint32, len(entities)),
		positionNumber: make(map[string]uint32, len(positions)),
		wordNumber:     make(map[string]uint16),
	}
	for i := range entities {
		w.entityNumber[entities[i].ID] = uint32(i)
	}
	for i := range positions {
		w.positionNumber[positions[i].ID] = uint32(i)
	}
	if err := w.writeEntities(entities); err != nil {
		return nil, err
	}
	w.writePositions(positions)
	return w.finish()
}

// mergeParts sorts the parts by ID and joins those of one entity.
func mergeParts(parts []fact.Entity) ([]fact.Entity, error) {
	byID := func(a, b fact.Entity) int { return cmp.Compare(a.ID, b.ID) }
	if !slices.IsSortedFunc(parts, byID) {
		parts = slices.Clone(parts)
		slices.SortStableFunc(parts, byID)
	}
	entities := make([]fact.Entity, 0, len(parts))
	for _, p := range parts {
		if p.ID == "" {
			return nil, fmt.Errorf("entity %q has no ID", p.Canonical)
		}
		if n := len(entities); n > 0 && entities[n-1].ID == p.ID {
			join(&entities[n-1], p)
			continue
		}
		entities = append(entities, p)
	}
	for i := range entities {
		nameCanonically(&entities[i])
		if entities[i].Prominence == 0 {
			entities[i].Prominence = fact.UsualProminence
		}
	}
	return entities, nil
}

// nameCanonically makes the canonical name one of the names, so that what an
// answer shows can be asked for.
func nameCanonically(e *fact.Entity) {
	if e.Canonical == "" || slices.ContainsFunc(e.Names, func(n fact.Name) bool { return n.Text == e.Canonical }) {
		return
	}
	canonical := fact.Name{Text: e.Canonical, Kind: fact.Primary}
	if len(e.Names) > 0 {
		canonical.Source = e.Names[0].Source
	}
	e.Names = append(slices.Clip(e.Names), canonical)
}

func join(e *fact.Entity, part fact.Entity) {
	if e.Canonical == "" {
		e.Canonical = part.Canonical
	}
	if e.Kind == fact.KindUnspecified {
		e.Kind = part.Kind
	}
	if e.Prominence == 0 {
		e.Prominence = part.Prominence
	}
	e.Names = append(slices.Clip(e.Names), part.Names...)
	e.Relations = append(slices.Clip(e.Relations), part.Relations...)
	e.Roles = append(slices.Clip(e.Roles), part.Roles...)
	e.External = append(slices.Clip(e.External), part.External...)
	e.Redirects = append(slices.Clip(e.Redirects), part.Redirects...)
}

// mergePositions sorts the positions by ID, keeps the first of each, and adds
// an empty one for each that a role names but nobody described.
func (b *Builder) mergePositions(entities []fact.Entity) []fact.Position {
	known := make(map[string]bool, len(b.positions))
	merged := make([]fact.Position, 0, len(b.positions))
	inBase := func(id string) bool {
		if b.base == nil {
			return false
		}
		_, ok := b.base.findPosition(id)
		return ok
	}
	for _, p := range b.positions {
		if !known[p.ID] {
			known[p.ID] = true
			merged = append(merged, p)
		}
	}
	for i := range entities {
		for _, r := range entities[i].Roles {
			if !known[r.Position] && !inBase(r.Position) {
				known[r.Position] = true
				merged = append(merged, fact.Position{ID: r.Position})
			}
		}
	}
	slices.SortFunc(merged, func(a, b fact.Position) int { return cmp.Compare(a.ID, b.ID) })
	return merged
}

// withReferenced adds a bare entity for every ID that a relation or a position
// refers to and no entity has. Entities without a kind, a name and a canonical
// name count as such.
func (b *Builder) withReferenced(entities []fact.Entity, positions []fact.Position) []fact.Entity {
	known := make(map[string]bool, len(entities))
	for i := range entities {
		known[entities[i].ID] = true
	}
	described := len(entities)
	refer := func(id string) {
		if id != "" && !known[id] && (b.base == nil || !b.base.ownFind(id).Valid()) {
			known[id] = true
			entities = append(entities, fact.Entity{ID: id})
		}
	}
	for i := range described {
		for _, r := range entities[i].Relations {
			refer(r.Target)
		}
	}
	for _, p := range positions {
		refer(p.Jurisdiction)
		refer(p.Organization)
	}
	if len(entities) > described {
		slices.SortFunc(entities, func(a, b fact.Entity) int { return cmp.Compare(a.ID, b.ID) })
	}
	return entities
}

// writer accumulates the sections.
type writer struct {
	text           []byte
	entities       []entityRecord
	names          []nameRecord // in entity order until finish
	validity       []validity   // of names, in entity order
	relations      []relationRecord
	roles          []roleRecord
	external       []textRecord
	redirects      []redirectRecord
	positions      []positionRecord
	titles         []titleRecord
	words          []textRecord
	base           *Index // as of the Builder
	lateSounds     bool   // as of the Builder
	entityNumber   map[string]uint32
	positionNumber map[string]uint32
	wordNumber     map[string]uint16
}

// entity is the number by which records refer to the entity.
func (w *writer) entity(id string) uint32 {
	n, ok := w.entityNumber[id]
	if !ok && w.base != nil {
		n = w.base.ownFind(id).number | inBase
	}
	return n
}

// position is the number by which records refer to the post.
func (w *writer) position(id string) uint32 {
	n, ok := w.positionNumber[id]
	if !ok && w.base != nil {
		n, _ = w.base.findPosition(id)
		n |= inBase
	}
	return n
}

type validity struct {
	name     int // in entity order
	from, to fact.Date
}

func (w *writer) addText(s string) textRecord {
	at := len(w.text)
	w.text = append(w.text, s...)
	return textRecord{uint32(at), uint32(len(s))}
}

func (w *writer) addWord(s string) uint16 {
	n, ok := w.wordNumber[s]
	if !ok {
		n = uint16(len(w.words))
		w.wordNumber[s] = n
		w.words = append(w.words, w.addText(s))
	}
	return n
}

func (w *writer) writeEntities(entities []fact.Entity) error {
	names, bytes := 0, 0
	for i := range entities {
		names += len(entities[i].Names)
		for j := range entities[i].Names {
			bytes += len(entities[i].Names[j].Text)
		}
	}
	w.text = make([]byte, 0, bytes+32*len(entities))
	w.names = make([]nameRecord, 0, names)
	w.entities = make([]entityRecord, 0, len(entities)+1)
	for i := range entities {
		if err := w.writeEntity(uint32(i), &entities[i]); err != nil {
			return err
		}
	}
	w.entities = append(w.entities, w.entityStart())
	slices.SortFunc(w.redirects, func(a, b redirectRecord) int {
		return cmp.Or(cmp.Compare(w.textOf(a.id), w.textOf(b.id)), cmp.Compare(a.entity, b.entity))
	})
	return nil
}

// entityStart is an entity record whose groups begin where the sections end now.
func (w *writer) entityStart() entityRecord {
	return entityRecord{
		names: uint32(len(w.names)), relations: uint32(len(w.relations)),
		roles: uint32(len(w.roles)), external: uint32(len(w.external)),
	}
}

// describe takes over what an entity says beside its texts.
func (r *entityRecord) describe(e *fact.Entity) {
	r.kind = uint8(e.Kind)
	r.prominence = uint16(math.Round(min(max(e.Prominence, 0), 1) * 65535))
	if e.Kind == fact.KindUnspecified && e.Canonical == "" && len(e.Names) == 0 {
		r.flags |= flagReferenced
	}
}

// checkLength refuses a name that is too long.
func checkLength(e *fact.Entity, n *fact.Name) error {
	if len(n.Text) > MaxNameBytes {
		return fmt.Errorf("entity %s: name %.40q… has %d bytes, the limit is %d", e.ID, n.Text, len(n.Text), MaxNameBytes)
	}
	return nil
}

func (w *writer) writeEntity(number uint32, e *fact.Entity) error {
	record := w.entityStart()
	record.id = w.addText(e.ID)
	record.describe(e)
	for i := range e.Names {
		n := &e.Names[i]
		if err := checkLength(e, n); err != nil {
			return err
		}
		text := w.addText(n.Text)
		if record.canonical.length == 0 && n.Text == e.Canonical {
			record.canonical = text
		}
		if n.From != 0 || n.To != 0 {
			w.validity = append(w.validity, validity{len(w.names), n.From, n.To})
		}
		w.names = append(w.names, nameRecord{
			text: text.at, length: uint16(text.length), entity: number, kind: uint8(n.Kind),
			language: w.addWord(n.Language), source: w.addWord(n.Source),
		})
	}
	if record.canonical.length == 0 && e.Canonical != "" {
		record.canonical = w.addText(e.Canonical)
	}
	for _, r := range e.Relations {
		if r.Type == fact.CapitalOf || r.Type == fact.SeatOf {
			record.flags |= flagStands
		}
		w.relations = append(w.relations, relationRecord{
			target: w.entity(r.Target), from: uint32(r.From), to: uint32(r.To),
			relationType: uint8(r.Type), sector: uint8(r.Sector),
		})
	}
	for _, r := range e.Roles {
		w.roles = append(w.roles, roleRecord{w.position(r.Position), uint32(r.From), uint32(r.To)})
	}
	for _, x := range e.External {
		w.external = append(w.external, w.addText(x.Scheme), w.addText(x.Value))
	}
	for _, id := range e.Redirects {
		w.redirects = append(w.redirects, redirectRecord{w.addText(id), number})
	}
	w.entities = append(w.entities, record)
	return nil
}

func (w *writer) writePositions(positions []fact.Position) {
	number := func(id string) uint32 {
		if id == "" {
			return none
		}
		return w.entity(id)
	}
	for _, p := range positions {
		w.positions = append(w.positions, positionRecord{
			id: w.addText(p.ID), office: w.addText(p.Office),
			jurisdiction: number(p.Jurisdiction), organization: number(p.Organization),
			titles: uint32(len(w.titles)),
		})
		for _, t := range p.Titles {
			w.titles = append(w.titles, titleRecord{w.addText(t.Text), uint32(w.addWord(t.Language))})
		}
	}
	w.positions = append(w.positions, positionRecord{jurisdiction: none, organization: none, titles: uint32(len(w.titles))})
}

func (w *writer) textOf(r textRecord) string { return string(w.text[r.at : r.at+r.length]) }

// finish orders the names by key, hashes the keys and lays the file out.
func (w *writer) finish() (*Index, error) {
	if len(w.text) > math.MaxUint32 || len(w.names) >= math.MaxUint32 || len(w.words) > math.MaxUint16 {
		return nil, fmt.Errorf("%d bytes of text, %d names and %d languages and sources are more than an index holds",
			len(w.text), len(w.names), len(w.words))
	}
	keys := w.foldNames()
	order := keys.sorted()

	sorted := make([]nameRecord, len(order))
	byEntity := make([]uint32, len(order))
	for to, from := range order {
		sorted[to] = w.names[from]
		byEntity[from] = uint32(to)
		if to == len(order)-1 || !bytes.Equal(keys.at(from), keys.at(order[to+1])) {
			sorted[to].flags |= flagKeyLast
		}
	}
	var dated []datedRecord
	for _, v := range w.validity {
		sorted[byEntity[v.name]].flags |= flagDated
		dated = append(dated, datedRecord{byEntity[v.name], uint32(v.from), uint32(v.to)})
	}
	slices.SortFunc(dated, func(a, b datedRecord) int { return cmp.Compare(a.name, b.name) })
	slots := fillSlots(sorted, func(i int) []byte { return keys.at(order[i]) })

	var err error
	sections := &[sectionCount][]byte{
		secText: w.text, secEntities: bytesOf(w.entities), secNames: bytesOf(sorted), secByEntity: bytesOf(byEntity),
		secDated: bytesOf(dated), secSlots: bytesOf(slots), secRelations: bytesOf(w.relations), secRoles: bytesOf(w.roles),
		secExternal: bytesOf(w.external), secRedirects: bytesOf(w.redirects),
		secPositions: bytesOf(w.positions), secTitles: bytesOf(w.titles), secWords: bytesOf(w.words),
	}
	late := w.lateSounds && len(w.names) < manyBit
	if w.base == nil && !late {
		if err := addSounds(sections, heap{}); err != nil {
			return nil, err
		}
		return open(assemble(sections), false)
	}
	file := assemble(sections)
	if sections, err = disassemble(file, false); err != nil {
		return nil, err
	}
	x, err := viewSections(sections)
	if err != nil {
		return nil, err
	}
	x.file = file
	if late { // a layer is heard with what lies under it; see layeredSounds
		x.sounds = sync.OnceValue(x.hear)
	}
	return x, nil
}

// foldedKeys holds the folded keys of all names end to end.
type foldedKeys struct {
	text []byte
	end  []uint64 // of each key
}

func (k *foldedKeys) at(i uint32) []byte {
	var from uint64
	if i > 0 {
		from = k.end[i-1]
	}
	return k.text[from:k.end[i]]
}

// foldNames folds every name, on all processors.
func (w *writer) foldNames() *foldedKeys {
	parts := make([]foldedKeys, runtime.GOMAXPROCS(0))
	size := (len(w.names) + len(parts) - 1) / len(parts)
	var wait sync.WaitGroup
	for p := range parts {
		wait.Go(func() {
			part := &parts[p]
			for i := p * size; i < min((p+1)*size, len(w.names)); i++ {
				text := w.text[w.names[i].text:][:w.names[i].length]
				part.text = name.AppendFold(part.text, string(text))
				part.end = append(part.end, uint64(len(part.text)))
			}
		})
	}
	wait.Wait()
	all := &parts[0]
	for _, part := range parts[1:] {
		shift := uint64(len(all.text))
		all.text = append(all.text, part.text...)
		for _, end := range part.end {
			all.end = append(all.end, shift+end)
		}
	}
	return all
}

// sorted returns the names in the order of their keys, equal keys in entity
// order. The first eight bytes of the keys decide almost every comparison.
func (k *foldedKeys) sorted() []uint32 {
	type entry struct {
		head uint64
		name uint32
	}
	entries := make([]entry, len(k.end))
	for i := range entries {
		var head [8]byte
		copy(head[:], k.at(uint32(i)))
		entries[i] = entry{binary.BigEndian.Uint64(head[:]), uint32(i)}
	}
	compare := func(a, b entry) int {
		if a.head != b.head {
			return cmp.Compare(a.head, b.head)
		}
		if c := bytes.Compare(k.at(a.name), k.at(b.name)); c != 0 {
			return c
		}
		return cmp.Compare(a.name, b.name)
	}
	half := len(entries) / 2
	var wait sync.WaitGroup
	wait.Go(func() { slices.SortFunc(entries[:half], compare) })
	wait.Go(func() { slices.SortFunc(entries[half:], compare) })
	wait.Wait()
	order := make([]uint32, 0, len(entries))
	low, high := entries[:half], entries[half:]
	for len(low) > 0 && len(high) > 0 {
		if compare(low[0], high[0]) <= 0 {
			order, low = append(order, low[0].name), low[1:]
		} else {
			order, high = append(order, high[0].name), high[1:]
		}
	}
	for _, rest := range [][]entry{low, high} {
		for _, e := range rest {
			order = append(order, e.name)
		}
	}
	return order
}
