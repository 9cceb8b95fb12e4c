package resolver

import (
	"sync"
	"sync/atomic"
	"time"

	"onoma/resolver/fact"
	"onoma/resolver/index"
	"onoma/resolver/name"
)

// Table is an immutable set of facts at one version.
type Table struct {
	index     *index.Index
	version   uint64
	published time.Time
	overrides map[string][]override // by folded key
	stats     func() index.Stats
	identity  string
}

type override struct {
	entity index.Entity
	deny   bool
}

// NewTable returns a table over the index. Overrides that name an entity which
// the index lacks have no effect until a table has it. Versions are positive
// and grow with every publish, which happened at published.
func NewTable(x *index.Index, version uint64, published time.Time, overrides []fact.Override) *Table {
	t := &Table{index: x, version: version, published: published, stats: sync.OnceValue(x.Stats)}
	for _, o := range overrides {
		e, _ := x.Find(o.Entity)
		if !e.Valid() {
			continue
		}
		if t.overrides == nil {
			t.overrides = make(map[string][]override)
		}
		key := name.Fold(o.Name)
		t.overrides[key] = append(t.overrides[key], override{e, o.Deny})
	}
	return t
}

// Version returns the table's version.
func (t *Table) Version() uint64 { return t.version }

// SetIdentity says which table t is a version of. It is called before t is used: two
// tables of one identity and version say the same, however they were made.
func (t *Table) SetIdentity(identity string) { t.identity = identity }

// Identity returns what was set; "" of a table that is like no other.
func (t *Table) Identity() string { return t.identity }

// Published returns when the version was published.
func (t *Table) Published() time.Time { return t.published }

// Stats counts what the table holds; see [index.Index.Stats].
func (t *Table) Stats() index.Stats { return t.stats() }

// Index returns the structure the table answers from.
func (t *Table) Index() *index.Index { return t.index }

// Find returns the entity with the ID, following a redirect.
func (t *Table) Find(id string) (e index.Entity, redirected bool) { return t.index.Find(id) }

// Resolver holds the current table. The zero Resolver has none.
type Resolver struct {
	table atomic.Pointer[Table]
}

// New returns a resolver that answers from the table.
func New(t *Table) *Resolver {
	r := new(Resolver)
	r.Publish(t)
	return r
}

// Publish makes t the current table. Queries under way finish on the old one.
func (r *Resolver) Publish(t *Table) { r.table.Store(t) }

// Table returns the current table, to be used for all of one request.
func (r *Resolver) Table() *Table { return r.table.Load() }

// Resolve answers the query from the current table; see [Table.Resolve].
func (r *Resolver) Resolve(q *Query, a *Answer) { r.Table().Resolve(q, a) }
