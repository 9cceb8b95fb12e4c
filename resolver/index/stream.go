package index

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sort"
	"sync"
	"syscall"

	"onoma/resolver/fact"
	"onoma/resolver/name"
)

// Stream builds a snapshot file from entities that come one at a time in the
// order of their IDs. It makes the same index as a [Builder], but what grows with
// the table lies in temporary files beside the snapshot: memory is some 36 bytes
// a name. It is not safe for concurrent use.
type Stream struct {
	// Workers is how many goroutines sort and hear names; 0 for one a processor. Who
	// answers queries meanwhile leaves them one.
	Workers int

	path           string
	files          []*spool
	text           *spool
	names          *spool // nameRecord, in entity order
	entities       *spool // entityRecord
	keys           *spool // folded keys, in entity order
	keyAt          []uint32
	nameCount      int
	last           string
	entityCount    int
	validity       []validity
	relations      []relationRecord
	targets        []textRecord // of relations
	roles          []roleRecord // positions as numbered by positionNumber
	external       []textRecord
	redirects      []redirectRecord
	positions      []fact.Position // in the order of first mention
	positionNumber map[string]uint32
	words          []textRecord
	wordNumber     map[string]uint16
	key            []byte
}

// spool is a file that is written from front to back and then read as mapped
// memory.
type spool struct {
	file   *os.File
	to     *bufio.Writer
	size   int
	mapped []byte
}

func newSpool(dir string) (*spool, error) {
	f, err := os.CreateTemp(dir, "build-*.tmp")
	if err != nil {
		return nil, err
	}
	// Nobody else needs the name; without it nothing is left behind by a crash.
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &spool{file: f, to: bufio.NewWriterSize(f, 1<<20)}, nil
}

func (s *spool) write(b []byte) error {
	s.size += len(b)
	_, err := s.to.Write(b)
	return err
}

// content maps what has been written.
func (s *spool) content() ([]byte, error) {
	if err := s.to.Flush(); err != nil {
		return nil, err
	}
	if s.mapped != nil || s.size == 0 {
		return s.mapped, nil
	}
	m, err := syscall.Mmap(int(s.file.Fd()), 0, s.size, syscall.PROT_READ, syscall.MAP_SHARED)
	s.mapped = m
	return m, err
}

func (s *spool) close() error {
	var err error
	if s.mapped != nil {
		err = syscall.Munmap(s.mapped)
		s.mapped = nil
	}
	return errors.Join(err, s.file.Close())
}

// NewStream begins a snapshot that will stand at path. The caller closes it.
func NewStream(path string) (*Stream, error) {
	s := &Stream{path: path, positionNumber: make(map[string]uint32), wordNumber: make(map[string]uint16)}
	for _, to := range []**spool{&s.text, &s.names, &s.entities, &s.keys} {
		f, err := newSpool(filepath.Dir(path))
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		*to = f
		s.files = append(s.files, f)
	}
	return s, nil
}

// Close drops the temporary files.
func (s *Stream) Close() error {
	var err error
	for _, f := range s.files {
		err = errors.Join(err, f.close())
	}
	s.files = nil
	return err
}

func (s *Stream) addText(text string) (textRecord, error) {
	if s.text.size+len(text) > math.MaxUint32 {
		return textRecord{}, fmt.Errorf("more than %d bytes of text are more than an index holds", uint32(math.MaxUint32))
	}
	at := uint32(s.text.size)
	s.text.size += len(text)
	_, err := s.text.to.WriteString(text)
	return textRecord{at, uint32(len(text))}, err
}

func (s *Stream) addWord(word string) (uint16, error) {
	n, ok := s.wordNumber[word]
	if ok {
		return n, nil
	}
	if len(s.words) == math.MaxUint16 {
		return 0, fmt.Errorf("more than %d languages and sources are more than an index holds", math.MaxUint16)
	}
	text, err := s.addText(word)
	n = uint16(len(s.words))
	s.wordNumber[word] = n
	s.words = append(s.words, text)
	return n, err
}

// AddPosition adds a post; of several with one ID the first stays.
func (s *Stream) AddPosition(p fact.Position) {
	if n, ok := s.positionNumber[p.ID]; ok {
		// Mentioned before, by a role: now it is described.
		if at := &s.positions[n]; at.Office == "" && at.Jurisdiction == "" && at.Organization == "" && len(at.Titles) == 0 {
			*at = p
		}
		return
	}
	s.positionNumber[p.ID] = uint32(len(s.positions))
	s.positions = append(s.positions, p)
}

// Add adds an entity given in parts, which join as those of a [Builder] do. Its ID
// must be greater than that of the one before.
func (s *Stream) Add(parts ...fact.Entity) error {
	e := parts[0]
	for _, p := range parts[1:] {
		join(&e, p)
	}
	if e.ID == "" || e.ID <= s.last && s.entityCount > 0 {
		return fmt.Errorf("entity %q does not come after %q", e.ID, s.last)
	}
	nameCanonically(&e)
	if e.Prominence == 0 {
		e.Prominence = fact.UsualProminence
	}
	return s.add(&e)
}

func (s *Stream) add(e *fact.Entity) error {
	if s.nameCount+len(e.Names) >= math.MaxUint32 || s.entityCount >= math.MaxUint32-1 {
		return fmt.Errorf("%d names of %d entities are more than an index holds", s.nameCount, s.entityCount)
	}
	record := s.start()
	var err error
	text := func(t string) (r textRecord) {
		if err == nil {
			r, err = s.addText(t)
		}
		return r
	}
	word := func(t string) (n uint16) {
		if err == nil {
			n, err = s.addWord(t)
		}
		return n
	}
	record.id = text(e.ID)
	record.describe(e)
	for i := range e.Names {
		n := &e.Names[i]
		if err := checkLength(e, n); err != nil {
			return err
		}
		at := text(n.Text)
		if record.canonical.length == 0 && n.Text == e.Canonical {
			record.canonical = at
		}
		if n.From != 0 || n.To != 0 {
			s.validity = append(s.validity, validity{s.nameCount, n.From, n.To})
		}
		one := [1]nameRecord{{text: at.at, length: uint16(at.length), entity: uint32(s.entityCount), kind: uint8(n.Kind),
			language: word(n.Language), source: word(n.Source)}}
		if err == nil {
			err = s.names.write(bytesOf(one[:]))
		}
		if s.keys.size > math.MaxUint32-4*MaxNameBytes {
			return fmt.Errorf("more than %d bytes of keys are more than an index holds", s.keys.size)
		}
		s.keyAt = append(s.keyAt, uint32(s.keys.size))
		s.key = name.AppendFold(s.key[:0], n.Text)
		if err == nil {
			err = s.keys.write(s.key)
		}
		s.nameCount++
	}
	if record.canonical.length == 0 && e.Canonical != "" {
		record.canonical = text(e.Canonical)
	}
	for _, r := range e.Relations {
		if r.Type == fact.CapitalOf || r.Type == fact.SeatOf {
			record.flags |= flagStands
		}
		s.targets = append(s.targets, text(r.Target))
		s.relations = append(s.relations, relationRecord{from: uint32(r.From), to: uint32(r.To), relationType: uint8(r.Type), sector: uint8(r.Sector)})
	}
	for _, r := range e.Roles {
		s.AddPosition(fact.Position{ID: r.Position})
		s.roles = append(s.roles, roleRecord{s.positionNumber[r.Position], uint32(r.From), uint32(r.To)})
	}
	for _, x := range e.External {
		s.external = append(s.external, text(x.Scheme), text(x.Value))
	}
	for _, id := range e.Redirects {
		s.redirects = append(s.redirects, redirectRecord{text(id), uint32(s.entityCount)})
	}
	if err != nil {
		return err
	}
	s.last = e.ID
	s.entityCount++
	one := [1]entityRecord{record}
	return s.entities.write(bytesOf(one[:]))
}

// start is an entity record whose groups begin where the sections end now.
func (s *Stream) start() entityRecord {
	return entityRecord{names: uint32(s.nameCount), relations: uint32(len(s.relations)), roles: uint32(len(s.roles)), external: uint32(len(s.external))}
}

// askEvery is after how many names it is asked whether anybody still wants the
// snapshot.
const askEvery = 1 << 16

// Finish orders the names, writes the snapshot and maps it.
func (s *Stream) Finish(ctx context.Context, m Meta) (*Mapped, error) {
	positions := s.writePositions()
	entities, err := s.finishEntities(positions)
	if err != nil {
		return nil, err
	}
	names, err := s.names.content()
	if err != nil {
		return nil, err
	}
	records, err := recordsOf[nameRecord](names)
	if err != nil {
		return nil, err
	}
	keys, err := s.keys.content()
	if err != nil {
		return nil, err
	}
	k := &streamKeys{text: keys, at: append(s.keyAt, uint32(s.keys.size))}
	order := k.sorted(s.workers())
	byEntity := make([]uint32, len(order))
	sorted, err := newSpool(filepath.Dir(s.path))
	if err != nil {
		return nil, err
	}
	s.files = append(s.files, sorted)
	dated := make(map[int]bool, len(s.validity))
	for _, v := range s.validity {
		dated[v.name] = true
	}
	distinct := 0
	for to, from := range order {
		if to%askEvery == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		record := [1]nameRecord{records[from]}
		record[0].entity = entities.moved(record[0].entity)
		byEntity[from] = uint32(to)
		if to == len(order)-1 || !bytes.Equal(k.key(from), k.key(order[to+1])) {
			record[0].flags |= flagKeyLast
			distinct++
		}
		if dated[int(from)] {
			record[0].flags |= flagDated
		}
		if err := sorted.write(bytesOf(record[:])); err != nil {
			return nil, err
		}
	}
	var datedRecords []datedRecord
	for _, v := range s.validity {
		datedRecords = append(datedRecords, datedRecord{byEntity[v.name], uint32(v.from), uint32(v.to)})
	}
	slices.SortFunc(datedRecords, func(a, b datedRecord) int { return cmp.Compare(a.name, b.name) })
	slots := k.slots(order, distinct)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	sortedNames, err := sorted.content()
	if err != nil {
		return nil, err
	}
	text, err := s.text.content()
	if err != nil {
		return nil, err
	}
	textOf := func(r textRecord) []byte { return text[r.at : r.at+r.length] }
	slices.SortFunc(s.redirects, func(a, b redirectRecord) int {
		return cmp.Or(bytes.Compare(textOf(a.id), textOf(b.id)), cmp.Compare(a.entity, b.entity))
	})
	sections := &[sectionCount][]byte{
		secText: text, secEntities: entities.section, secNames: sortedNames, secByEntity: bytesOf(byEntity), secDated: bytesOf(datedRecords),
		secSlots: bytesOf(slots), secRelations: bytesOf(s.relations), secRoles: bytesOf(s.roles), secExternal: bytesOf(s.external),
		secRedirects: bytesOf(s.redirects), secPositions: bytesOf(positions.records), secTitles: bytesOf(positions.titles), secWords: bytesOf(s.words),
	}
	if err := addSounds(sections, s); err != nil {
		return nil, err
	}
	return s.assemble(m, sections)
}

func (s *Stream) workers() int { return cmp.Or(s.Workers, runtime.GOMAXPROCS(0)) }

// column and room put what the sounds are made of into temporary files; see
// scratch.
func (s *Stream) column() (column, error) {
	f, err := newSpool(filepath.Dir(s.path))
	if err != nil {
		return nil, err
	}
	s.files = append(s.files, f)
	return f, nil
}

func (s *Stream) room(bytes int) ([]byte, error) {
	if bytes == 0 {
		return nil, nil
	}
	f, err := newSpool(filepath.Dir(s.path))
	if err != nil {
		return nil, err
	}
	s.files = append(s.files, f)
	if err := f.file.Truncate(int64(bytes)); err != nil {
		return nil, err
	}
	f.mapped, err = syscall.Mmap(int(f.file.Fd()), 0, bytes, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	return f.mapped, err
}

// writtenPositions are the positions by ID, with the entities they refer to.
type writtenPositions struct {
	records  []positionRecord
	titles   []titleRecord
	entities [][2]string // jurisdiction and organization of each
	err      error
}

func (s *Stream) writePositions() *writtenPositions {
	w := new(writtenPositions)
	order := make([]uint32, len(s.positions))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return cmp.Compare(s.positions[a].ID, s.positions[b].ID) })
	place := make([]uint32, len(order))
	text := func(t string) textRecord {
		r, err := s.addText(t)
		w.err = errors.Join(w.err, err)
		return r
	}
	for to, from := range order {
		place[from] = uint32(to)
		p := &s.positions[from]
		w.records = append(w.records, positionRecord{id: text(p.ID), office: text(p.Office), titles: uint32(len(w.titles))})
		w.entities = append(w.entities, [2]string{p.Jurisdiction, p.Organization})
		for _, t := range p.Titles {
			word, err := s.addWord(t.Language)
			w.err = errors.Join(w.err, err)
			w.titles = append(w.titles, titleRecord{text(t.Text), uint32(word)})
		}
	}
	w.records = append(w.records, positionRecord{jurisdiction: none, organization: none, titles: uint32(len(w.titles))})
	for i := range s.roles {
		s.roles[i].position = place[s.roles[i].position]
	}
	return w
}

// finishedEntities are the entities with those that are only referred to put in
// between.
type finishedEntities struct {
	section []byte
	added   []uint32 // numbers, among those that came, before which one was put in
}

// moved is the number of an entity once the others are in.
func (f *finishedEntities) moved(number uint32) uint32 {
	return number + uint32(sort.Search(len(f.added), func(i int) bool { return f.added[i] > number }))
}

// finishEntities resolves references to entities and adds those that nobody
// described.
func (s *Stream) finishEntities(positions *writtenPositions) (*finishedEntities, error) {
	if positions.err != nil {
		return nil, positions.err
	}
	raw, err := s.entities.content()
	if err != nil {
		return nil, err
	}
	came, err := recordsOf[entityRecord](raw)
	if err != nil {
		return nil, err
	}
	text, err := s.text.content()
	if err != nil {
		return nil, err
	}
	idOf := func(r textRecord) string { return string(text[r.at : r.at+r.length]) }
	find := func(id string) (int, bool) {
		return sort.Find(len(came), func(i int) int {
			return bytes.Compare([]byte(id), text[came[i].id.at:came[i].id.at+came[i].id.length])
		})
	}
	missing := make(map[string]bool)
	refer := func(id string) {
		if _, ok := find(id); id != "" && !ok {
			missing[id] = true
		}
	}
	for _, t := range s.targets {
		refer(idOf(t))
	}
	for _, p := range positions.entities {
		refer(p[0])
		refer(p[1])
	}
	ids := make([]string, 0, len(missing))
	for id := range missing {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	f := new(finishedEntities)
	at := make(map[string]uint32, len(ids)) // numbers of those put in
	all := make([]entityRecord, 0, len(came)+len(ids)+1)
	usual := uint16(0)
	for i := range came {
		for len(ids) > 0 && ids[0] < idOf(came[i].id) {
			ids, err = s.putIn(f, at, &all, ids, i, came[i], usual)
			if err != nil {
				return nil, err
			}
		}
		all = append(all, came[i])
	}
	for len(ids) > 0 {
		if ids, err = s.putIn(f, at, &all, ids, len(came), s.start(), usual); err != nil {
			return nil, err
		}
	}
	all = append(all, s.start())
	number := func(id string) uint32 {
		if id == "" {
			return none
		}
		if n, ok := at[id]; ok {
			return n
		}
		i, _ := find(id)
		return f.moved(uint32(i))
	}
	for i := range s.relations {
		s.relations[i].target = number(idOf(s.targets[i]))
	}
	for i := range s.redirects {
		s.redirects[i].entity = f.moved(s.redirects[i].entity)
	}
	for i, p := range positions.entities {
		positions.records[i].jurisdiction, positions.records[i].organization = number(p[0]), number(p[1])
	}
	// More text may have come: it is mapped anew by who needs it.
	if err := s.text.remap(); err != nil {
		return nil, err
	}
	f.section = bytesOf(all)
	return f, nil
}

// putIn adds a bare entity before the i-th that came.
func (s *Stream) putIn(f *finishedEntities, at map[string]uint32, all *[]entityRecord, ids []string, i int, next entityRecord, prominence uint16) ([]string, error) {
	id, err := s.addText(ids[0])
	at[ids[0]] = uint32(len(*all))
	f.added = append(f.added, uint32(i))
	*all = append(*all, entityRecord{id: id, flags: flagReferenced, prominence: prominence,
		names: next.names, relations: next.relations, roles: next.roles, external: next.external})
	return ids[1:], err
}

// remap forgets the mapping, so that the next use sees what was written since.
func (s *spool) remap() error {
	if s.mapped == nil {
		return nil
	}
	err := syscall.Munmap(s.mapped)
	s.mapped = nil
	return err
}

// streamKeys are the folded keys of names in a mapped file.
type streamKeys struct {
	text []byte
	at   []uint32 // where each begins, and the end of the last
}

func (k *streamKeys) key(i uint32) []byte { return k.text[k.at[i]:k.at[i+1]] }

// sorted returns the names in the order of their keys, equal keys in entity
// order. The keys are dealt out by their first two bytes, and each share is
// sorted by itself, on all processors.
func (k *streamKeys) sorted(workers int) []uint32 {
	type entry struct {
		head uint64
		name uint32
	}
	n := len(k.at) - 1
	share := func(key []byte) int {
		switch len(key) {
		case 0:
			return 0
		case 1:
			return int(key[0]) << 8
		}
		return int(key[0])<<8 | int(key[1])
	}
	var starts [1<<16 + 1]int
	for i := range n {
		starts[share(k.key(uint32(i)))+1]++
	}
	for i := 1; i < len(starts); i++ {
		starts[i] += starts[i-1]
	}
	entries := make([]entry, n)
	next := starts
	for i := range n {
		key := k.key(uint32(i))
		to := share(key)
		var head [8]byte
		if len(key) > 2 {
			copy(head[:], key[2:])
		}
		entries[next[to]] = entry{binary.BigEndian.Uint64(head[:]), uint32(i)}
		next[to]++
	}
	var wait sync.WaitGroup
	work := make(chan []entry, 64)
	for range workers {
		wait.Go(func() {
			for part := range work {
				slices.SortFunc(part, func(a, b entry) int {
					if a.head != b.head {
						return cmp.Compare(a.head, b.head)
					}
					if c := bytes.Compare(k.key(a.name), k.key(b.name)); c != 0 {
						return c
					}
					return cmp.Compare(a.name, b.name)
				})
			}
		})
	}
	for i := range 1 << 16 {
		if part := entries[starts[i]:starts[i+1]]; len(part) > 1 {
			work <- part
		}
	}
	close(work)
	wait.Wait()
	order := make([]uint32, n)
	for i, e := range entries {
		order[i] = e.name
	}
	return order
}

// slots hashes the first name of each key; see fillSlots.
func (k *streamKeys) slots(order []uint32, distinct int) []uint64 {
	slots := make([]uint64, distinct+distinct/3+1)
	for i, n := range order {
		if i > 0 && bytes.Equal(k.key(order[i-1]), k.key(n)) {
			continue
		}
		hash := hashKey(k.key(n))
		at := slotHome(hash, len(slots))
		for slots[at] != 0 {
			if at++; at == len(slots) {
				at = 0
			}
		}
		slots[at] = hash<<32 | uint64(i+1)
	}
	return slots
}

// assemble writes the sections as a snapshot file; see the function of that name.
func (s *Stream) assemble(m Meta, sections *[sectionCount][]byte) (_ *Mapped, err error) {
	temporary := s.path + ".new"
	f, err := os.Create(temporary)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temporary))
		}
	}()
	length, err := writeSections(f, sections)
	if err == nil {
		_, err = f.WriteAt(m.trailer(length), int64(length))
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	mapped, err := OpenFile(temporary)
	if err != nil {
		return nil, err
	}
	if err = os.Rename(temporary, s.path); err == nil {
		err = syncDirectory(filepath.Dir(s.path))
	}
	if err != nil {
		return nil, errors.Join(err, mapped.Close())
	}
	return mapped, nil
}

// throughEvery is how much is written before it goes to the disk.
const throughEvery = 16 << 20

// writeThrough writes b so that it reaches the disk bit by bit. Were it all to go at
// the end, a commit of the database beside it could wait for seconds.
func writeThrough(f *os.File, b []byte, at int64) error {
	for part := range slices.Chunk(b, throughEvery) {
		if _, err := f.WriteAt(part, at); err != nil {
			return err
		}
		at += int64(len(part))
		if len(part) == throughEvery {
			if err := f.Sync(); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeSections writes an index file and returns its length.
func writeSections(f *os.File, sections *[sectionCount][]byte) (int, error) {
	const start = headerSize + sectionCount*entrySize
	head := make([]byte, start)
	at := start
	for i, section := range sections {
		entry := head[headerSize+i*entrySize:]
		binary.LittleEndian.PutUint64(entry, uint64(at))
		binary.LittleEndian.PutUint64(entry[8:], uint64(len(section)))
		binary.LittleEndian.PutUint32(entry[16:], crc32.Checksum(section, castagnoli))
		if err := writeThrough(f, section, int64(at)); err != nil {
			return 0, err
		}
		at += (len(section) + 7) &^ 7
	}
	copy(head, magic)
	binary.LittleEndian.PutUint32(head[8:], format)
	binary.LittleEndian.PutUint32(head[12:], name.Version)
	binary.LittleEndian.PutUint32(head[16:], crc32.Checksum(head[headerSize:], castagnoli))
	binary.LittleEndian.PutUint32(head[20:], sectionCount)
	if _, err := f.WriteAt(head, 0); err != nil {
		return 0, err
	}
	if err := f.Truncate(int64(at)); err != nil {
		return 0, err
	}
	_, err := f.Seek(int64(at), io.SeekStart)
	return at, err
}
