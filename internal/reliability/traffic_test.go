//go:build drill

package reliability_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"onoma/client"

	onomav1 "onoma/proto/onoma/v1"
)

// traffic is what callers ask all the time: names of every kind, articles, and
// names whose entity changes with each publish. All answers are held against an
// oracle, and none may be of an older table than one before it.
type traffic struct {
	callers []*caller
	names   []string
	want    map[string]string
	texts   []string
	annot   map[string]string

	mu        sync.Mutex
	took      []time.Duration
	fault     string
	published map[int64]int // by version
	seen      []seen        // answers to moving names, judged at the end

	rate    int // calls a second, whether or not those before are answered
	filling int // rows beside the moving names in each publish

	calls, failed, wrong, back atomic.Int64
	refused                    atomic.Int64 // of those that failed, those that the server had no room for
	late                       atomic.Int64 // not made, because too many were under way
	stop                       chan struct{}
	done                       sync.WaitGroup
}

// caller is a client and the newest version that it has seen.
type caller struct {
	*client.Client
	seen atomic.Int64
}

// seen is an answer to a moving name.
type seen struct {
	version int64
	name    int
	entity  string
}

// moving is how many names change their entity with each publish.
const moving = 10

func movingName(i int) string { return fmt.Sprintf("Kestrel Works %c", 'A'+i) }

func movingEntity(i, published int) string { return fmt.Sprintf("drill:%d", (i+published)%moving) }

// newTraffic asks everything once, when all is well, and keeps the answers as the
// oracle.
func newTraffic(t testing.TB, rate int, clients ...*client.Client) *traffic {
	t.Helper()
	w := &traffic{rate: rate, want: make(map[string]string), annot: make(map[string]string), published: make(map[int64]int), stop: make(chan struct{})}
	for _, c := range clients {
		w.callers = append(w.callers, &caller{Client: c})
	}
	w.names = []string{"Mosca", "Zelenskyj", "Casa Bianca", "Georgia", "Pyongyang", "nordcoreane", "Зеленським", "Xqzzt Blorb",
		"Selenskyj, Wolodymyr", "Emmanuell Makron", "il primo ministro giapponese", "Kongo", "موسكو", "莫斯科"}
	for i := range 26 {
		w.names = append(w.names, fmt.Sprintf("Wolodimir Zelinsk%c", 'a'+i), fmt.Sprintf("Emanuel Macr%cn", 'a'+i))
	}
	for i := range 40 {
		w.texts = append(w.texts, strings.Repeat(fmt.Sprintf("On day %d Ukrainian President Volodymyr Zelenskyy met Emmanuel Macron in Paris. Moscow called it a provocation; the White House declined to comment, and Kim Jong Un congratulated Vladimir Putin. ", i), 6))
	}
	c := clients[0]
	for _, n := range w.names {
		answer, err := c.Resolver.Resolve(t.Context(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: n}})
		if err != nil {
			t.Fatal(err)
		}
		w.want[n] = who(answer)
	}
	for _, text := range w.texts {
		answer, err := c.Resolver.Annotate(t.Context(), &onomav1.AnnotateRequest{Document: &onomav1.Document{Text: text}})
		if err != nil {
			t.Fatal(err)
		}
		w.annot[text] = whom(answer)
	}
	return w
}

func whom(m *onomav1.AnnotateResponse) string {
	var b strings.Builder
	for _, mention := range m.Mentions {
		fmt.Fprintf(&b, "%s %s", mention.Surface, mention.Outcome)
		for _, c := range mention.Candidates {
			fmt.Fprintf(&b, " %s", c.EntityId)
		}
		b.WriteString("; ")
	}
	return b.String()
}

func (w *traffic) start() {
	w.done.Go(func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		slots := make(chan struct{}, 4000)
		begin, n := time.Now(), 0
		for {
			select {
			case <-w.stop:
				return
			case <-tick.C:
			}
			for due := int(time.Since(begin).Seconds() * float64(w.rate)); n < due; n++ {
				select {
				case slots <- struct{}{}:
				default:
					w.late.Add(1)
					continue
				}
				w.done.Go(func() {
					w.call(n)
					<-slots
				})
			}
		}
	})
}

func (w *traffic) call(n int) {
	c := w.callers[n%len(w.callers)]
	floor, begin := c.seen.Load(), time.Now()
	var (
		version int64
		err     error
		right   = true
	)
	resolve := func(name string) (answer *onomav1.ResolveResponse) {
		answer, err = c.Resolver.Resolve(context.Background(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: name}})
		version = answer.GetTableVersion()
		return answer
	}
	switch kind := n % 20; {
	case kind == 0:
		text := w.texts[n/20%len(w.texts)]
		var answer *onomav1.AnnotateResponse
		answer, err = c.Resolver.Annotate(context.Background(), &onomav1.AnnotateRequest{Document: &onomav1.Document{Text: text}})
		version, right = answer.GetTableVersion(), err != nil || whom(answer) == w.annot[text]
	case kind < 4:
		i := n / 20 % moving
		if answer := resolve(movingName(i)); err == nil && w.moves() {
			s := seen{version: version, name: i}
			if len(answer.Candidates) > 0 {
				s.entity = answer.Candidates[0].EntityId
			}
			w.mu.Lock()
			w.seen = append(w.seen, s)
			w.mu.Unlock()
		}
	default:
		name := w.names[n%len(w.names)]
		if answer := resolve(name); err == nil {
			right = who(answer) == w.want[name]
		}
	}
	took := time.Since(begin)
	w.calls.Add(1)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.took = append(w.took, took)
	switch {
	case err != nil:
		w.failed.Add(1)
		if status.Code(err) == codes.Unavailable {
			w.refused.Add(1)
		}
		w.fault = err.Error()
	case !right:
		w.wrong.Add(1)
	case version < floor:
		w.back.Add(1)
	}
	for seen := c.seen.Load(); err == nil && version > seen && !c.seen.CompareAndSwap(seen, version); seen = c.seen.Load() {
	}
}

// moves reports whether anything was published.
func (w *traffic) moves() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.published) > 0
}

// publish replaces the moving names' entities.
func (w *traffic) publish(ctx context.Context, c *client.Client, n int) (version int64, err error) {
	result, err := c.Load(ctx, &onomav1.LoadHeader{
		Source: "drill", Mode: onomav1.LoadMode_LOAD_MODE_REPLACE, RequestId: fmt.Sprintf("drill-%d", n),
	}, func(yield func(*onomav1.Row, error) bool) {
		for i := range moving + w.filling {
			id, text := movingEntity(i, n), movingName(i)
			if i >= moving {
				id, text = fmt.Sprintf("drill:%d", i), fmt.Sprintf("Filling %d %d", i, n)
			}
			name := &onomav1.Name{Text: text, Language: "en", Kind: onomav1.NameKind_NAME_KIND_PRIMARY}
			e := &onomav1.Entity{Id: id, Kind: onomav1.EntityKind_ENTITY_KIND_ORGANIZATION, CanonicalName: text, Names: []*onomav1.Name{name}}
			if !yield(&onomav1.Row{Line: int64(i + 1), Fact: &onomav1.Row_Entity{Entity: e}}, nil) {
				return
			}
		}
	})
	if err != nil {
		return 0, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.published[result.TableVersion] = n
	return result.TableVersion, nil
}

// phase forgets what was, lets the traffic go on until the end of what is done,
// and tells how many calls came and how long they took.
func (w *traffic) phase(do func()) (calls int, p99 time.Duration) {
	w.mu.Lock()
	w.took = nil
	w.mu.Unlock()
	do()
	w.mu.Lock()
	defer w.mu.Unlock()
	took := slices.Clone(w.took)
	return len(took), percentile(took, 99)
}

// end stops the traffic and judges the answers to moving names.
func (w *traffic) end() {
	close(w.stop)
	w.done.Wait()
	for _, s := range w.seen {
		n, ok := w.published[s.version]
		if !ok || s.entity != movingEntity(s.name, n) {
			w.wrong.Add(1)
			w.fault = fmt.Sprintf("%s at version %d is %q", movingName(s.name), s.version, s.entity)
		}
	}
}

// check holds the traffic to what is promised whatever happens.
func (w *traffic) check(t *testing.T) {
	t.Helper()
	if f, x, b := w.failed.Load(), w.wrong.Load(), w.back.Load(); f+x+b > 0 {
		t.Errorf("of %d calls %d failed, %d answers are wrong and %d of an older table than one before, such as: %s", w.calls.Load(), f, x, b, w.fault)
	}
	if late := w.late.Load(); late > 0 {
		t.Errorf("%d calls were not made: 4,000 were under way", late)
	}
}
