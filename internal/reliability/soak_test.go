//go:build drill

package reliability_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	onomav1 "onoma/proto/onoma/v1"
)

// leastSamples is how many publishes a soak makes, however slow the machine.
const leastSamples = 6

// TestSoak loads and reads at once for as long as it is told. Every publish is
// read back by whoever made it, and the memory and the goroutines of the end are
// those of the first third.
func TestSoak(t *testing.T) {
	r := startReplica(t, "--data-dir", t.TempDir())
	c := connect(t, r)
	ctx, cancel := context.WithTimeout(t.Context(), *soak)
	defer cancel()
	publish := func(n int) (version int64, err error) {
		result, err := c.Load(context.WithoutCancel(ctx), &onomav1.LoadHeader{
			Source: "soak", Mode: onomav1.LoadMode_LOAD_MODE_REPLACE, RequestId: fmt.Sprint("soak-", n),
		}, func(yield func(*onomav1.Row, error) bool) {
			for i := range 300 {
				id := fmt.Sprintf("soak:%d", i)
				name := &onomav1.Name{Text: fmt.Sprintf("Soak %d %d", i, n), Language: "en", Kind: onomav1.NameKind_NAME_KIND_PRIMARY}
				e := &onomav1.Entity{Id: id, Kind: onomav1.EntityKind_ENTITY_KIND_ORGANIZATION, CanonicalName: name.Text, Names: []*onomav1.Name{name}}
				if !yield(&onomav1.Row{Line: int64(i + 1), Fact: &onomav1.Row_Entity{Entity: e}}, nil) {
					return
				}
			}
		})
		return result.GetTableVersion(), err
	}
	if _, err := publish(0); err != nil {
		t.Fatal(err)
	}
	l := startLoad(c, newAsked(t, c), 2, 5*time.Millisecond)
	type sample struct{ memory, goroutines int }
	var samples []sample
	publishes, stale := 1, 0
	for ; ctx.Err() == nil || len(samples) < leastSamples; publishes++ {
		version, err := publish(publishes)
		if err != nil {
			t.Errorf("publish %d: %v", publishes, err)
			break
		}
		answer, err := c.Resolver.Resolve(context.Background(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: fmt.Sprintf("Soak 7 %d", publishes), MinTableVersion: version}})
		if err != nil || len(answer.Candidates) == 0 || answer.Candidates[0].EntityId != "soak:7" {
			stale++
		}
		samples = append(samples, sample{r.residentMB(), int(r.metric("go_goroutines"))})
		select {
		case <-ctx.Done():
		case <-time.After(500 * time.Millisecond):
		}
	}
	l.end()
	l.check(t)
	if stale > 0 {
		t.Errorf("%d of %d publishes could not be read back", stale, publishes)
	}
	if len(samples) < leastSamples {
		t.Fatalf("only %d publishes", len(samples))
	}
	var first, last sample
	for i, s := range samples {
		if i < len(samples)/3 {
			first = sample{max(first.memory, s.memory), max(first.goroutines, s.goroutines)}
		} else if i >= len(samples)*2/3 {
			last = sample{max(last.memory, s.memory), max(last.goroutines, s.goroutines)}
		}
	}
	if last.memory > first.memory*3/2+50 || last.goroutines > first.goroutines+20 {
		t.Errorf("memory %d to %d MB, goroutines %d to %d", first.memory, last.memory, first.goroutines, last.goroutines)
	}
	result(t, fmt.Sprintf("Soak of %s: a load twice a second, reads all the while", *soak), "every publish is read back; no wrong answer; memory and goroutines flat",
		fmt.Sprintf("%d publishes, %d reads, p99 %s; memory %d to %d MB, goroutines %d to %d", publishes, l.calls.Load(), l.p99().Round(10*time.Microsecond),
			first.memory, last.memory, first.goroutines, last.goroutines))
}

// metric asks the replica for one of its metrics, one without labels.
func (r *replica) metric(name string) float64 {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, "http://"+r.ops+"/metrics", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				r.t.Fatal(err)
			}
			return n
		}
	}
	r.t.Fatalf("no metric %s", name)
	return 0
}
