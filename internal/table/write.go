package table

import (
	"cmp"
	"context"
	"slices"

	"onoma/resolver/fact"
	"onoma/resolver/index"
	"onoma/resolver/name"
)

// Write publishes a few rows, or in a rollback none, and waits until this mirror
// answers from them.
func (m *Mirror) Write(ctx context.Context, p Publish, rows []Row, remove []Key, answer func(*Result) ([]byte, error)) (*Result, error) {
	b, err := m.authority.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer b.Discard(context.WithoutCancel(ctx))
	all := make([]Encoded, 0, len(rows)+len(remove))
	written := make(map[string]bool)
	for i := range rows {
		all = append(all, Encoded{rows[i].Key(), rows[i].Encode(nil)})
		if rows[i].Entity != nil {
			written[rows[i].Entity.ID] = true
		}
	}
	for _, k := range remove {
		all = append(all, Encoded{Key: k})
	}
	if err := b.Stage(ctx, p.Source, all); err != nil {
		return nil, err
	}
	result := new(Result)
	if p.DryRun {
		m.wouldConflict(rows, result)
	}
	return m.publish(ctx, b, p, result, answer, func(id string) bool { return written[id] })
}

// publish publishes a batch, brings this mirror to the new version, and adds
// which names now lead to several entities.
func (m *Mirror) publish(ctx context.Context, b Batch, p Publish, result *Result, answer func(*Result) ([]byte, error), wrote func(id string) bool) (*Result, error) {
	if answer != nil {
		p.Answer = func(done Published) ([]byte, error) {
			result.Published = done
			return answer(result)
		}
	}
	done, err := b.Publish(ctx, p)
	if err != nil {
		m.logFailure(err)
		return nil, err
	}
	result.Published = done
	if done.Replayed || !done.New {
		return result, nil
	}
	// What is published stays so, whether or not the caller still waits.
	ctx = context.WithoutCancel(ctx)
	if err := m.Refresh(ctx); err != nil {
		m.log.Error("published, but not yet answered from", "version", done.Version, "error", err)
		return result, nil
	}
	if p.Operation == Load || p.Operation == Upsert {
		m.conflicts(done.Version, p.Source, wrote, result)
		if result.ConflictCount > 0 && p.Request != "" && answer != nil {
			if result.Answer, err = answer(result); err == nil {
				err = m.authority.Amend(ctx, p.Request, result.Answer)
			}
			if err != nil {
				m.log.Warn("the conflicts of a write were not remembered", "error", err)
			}
		}
	}
	return result, nil
}

// logFailure writes down in the database's own words why it failed, which callers
// are not told.
func (m *Mirror) logFailure(err error) {
	if FailureOf(err) != NotFailed {
		m.log.Error("the database failed a write; nothing was published", "error", err)
	}
}

// NameConflict is a name that leads to several entities.
type NameConflict struct {
	Name string
	// IDs of the entities, most prominent first, at most ten.
	IDs        []string
	prominence float64
}

// MaxConflicts is how many conflicts a write lists.
const MaxConflicts = 1000

const maxConflictIDs = 10

// conflicts finds the names of the source, of entities that the write gave, that
// lead to other entities too.
func (m *Mirror) conflicts(version int64, source string, wrote func(id string) bool, result *Result) {
	// Asked before the version of the base: a base that is installed in between is
	// newer, and looked at as a whole.
	x := m.resolver.Table().Index()
	add := func(group index.Names) {
		if c, ok := conflictOf(group, source, wrote); ok {
			result.addConflict(c)
		}
	}
	if m.since.Load() < version {
		for _, group := range x.Touched() {
			add(group)
		}
	} else {
		for group := range x.Groups() {
			add(group)
		}
	}
	result.sortConflicts()
}

func (r *Result) addConflict(c NameConflict) {
	r.ConflictCount++
	r.Conflicts = append(r.Conflicts, c)
	if len(r.Conflicts) >= 4*MaxConflicts {
		r.sortConflicts()
	}
}

func (r *Result) sortConflicts() {
	slices.SortFunc(r.Conflicts, func(a, b NameConflict) int {
		return cmp.Or(cmp.Compare(b.prominence, a.prominence), cmp.Compare(a.Name, b.Name))
	})
	r.Conflicts = r.Conflicts[:min(len(r.Conflicts), MaxConflicts)]
}

func conflictOf(group index.Names, source string, wrote func(id string) bool) (c NameConflict, ok bool) {
	if group.Len() < 2 {
		return c, false
	}
	one := true
	first := group.At(0).Entity()
	for i := 1; i < group.Len() && one; i++ {
		one = group.At(i).Entity() == first
	}
	if one {
		return c, false
	}
	var bearers []index.Entity
	for i := range group.Len() {
		n := group.At(i)
		if !ok && n.Source() == source && wrote(n.Entity().ID()) {
			c.Name, ok = n.Text(), true
		}
		bearers = append(bearers, n.Entity())
	}
	if !ok {
		return c, false
	}
	c.take(bearers)
	return c, true
}

func (c *NameConflict) take(bearers []index.Entity) {
	slices.SortFunc(bearers, func(a, b index.Entity) int {
		return cmp.Or(cmp.Compare(b.Prominence(), a.Prominence()), cmp.Compare(a.ID(), b.ID()))
	})
	bearers = slices.Compact(bearers)
	c.prominence = bearers[0].Prominence()
	for _, e := range bearers[:min(len(bearers), maxConflictIDs)] {
		c.IDs = append(c.IDs, e.ID())
	}
}

// wouldConflict finds, for a dry run, names of the rows that the table gives to
// others or that the rows give to several.
func (m *Mirror) wouldConflict(rows []Row, result *Result) {
	t := m.resolver.Table()
	given := make(map[string][]*fact.Entity)
	text := make(map[string]string)
	for i := range rows {
		e := rows[i].Entity
		if e == nil {
			continue
		}
		for _, n := range append(slices.Clone(e.Names), fact.Name{Text: e.Canonical}) {
			key := name.Fold(n.Text)
			if key != "" && !slices.Contains(given[key], e) {
				given[key] = append(given[key], e)
				text[key] = n.Text
			}
		}
	}
	for key, entities := range given {
		c := NameConflict{Name: text[key]}
		for _, e := range entities {
			c.IDs = append(c.IDs, e.ID)
			c.prominence = max(c.prominence, e.Prominence)
		}
		names := t.Index().Lookup(text[key], []byte(key))
		for i := range names.Len() {
			if e := names.At(i).Entity(); !slices.Contains(c.IDs, e.ID()) {
				c.IDs = append(c.IDs, e.ID())
				c.prominence = max(c.prominence, e.Prominence())
			}
		}
		if len(c.IDs) > 1 {
			c.IDs = c.IDs[:min(len(c.IDs), maxConflictIDs)]
			result.addConflict(c)
		}
	}
	result.sortConflicts()
}
