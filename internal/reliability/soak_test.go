//go:build drill

package reliability_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// leastPublishes is how many a soak makes, however slow the machine.
const leastPublishes = 6

// TestSoak loads and reads at once for as long as it is told. No answer is wrong,
// none is of an older table than one before, and the memory and the goroutines of
// the last third are those of the first. How long anything takes is not looked at,
// so that it says the same on a busy machine: a call that is refused there is no
// wrong answer.
func TestSoak(t *testing.T) {
	r := startReplica(t, "--data-dir", t.TempDir())
	c := connect(t, r)
	ctx, cancel := context.WithTimeout(t.Context(), *soak)
	defer cancel()
	first := &traffic{published: make(map[int64]int), filling: 300}
	if _, err := first.publish(t.Context(), c, 0); err != nil {
		t.Fatal(err)
	}
	w := newTraffic(t, 300, c, connect(t, r))
	w.published, w.filling = first.published, first.filling
	w.start()
	var samples []sample
	publishes := 1
	for ; ctx.Err() == nil || publishes <= leastPublishes; publishes++ {
		if _, err := w.publish(t.Context(), c, publishes); err != nil {
			t.Errorf("publish %d: %v", publishes, err)
			break
		}
		samples = append(samples, sample{r.residentMB(), int(r.metric("go_goroutines"))})
		select {
		case <-ctx.Done():
		case <-time.After(500 * time.Millisecond):
		}
	}
	w.end()
	if x, b, f := w.wrong.Load(), w.back.Load(), w.failed.Load()-w.refused.Load(); x+b+f > 0 {
		t.Errorf("of %d answers %d are wrong and %d of an older table than one before; %d calls failed; such as: %s", w.calls.Load(), x, b, f, w.fault)
	}
	if w.calls.Load() < 100 {
		t.Errorf("only %d calls", w.calls.Load())
	}
	begin, end := middle(samples[:len(samples)/3]), middle(samples[len(samples)*2/3:])
	if end.memory > begin.memory*5/4+30 || end.goroutines > begin.goroutines+20 {
		t.Errorf("memory %d to %d MB, goroutines %d to %d", begin.memory, end.memory, begin.goroutines, end.goroutines)
	}
	result(t, fmt.Sprintf("Soak of %s: a load twice a second, 300 reads a second all the while", *soak), "no wrong answer, none of an older table than one before; memory and goroutines flat",
		fmt.Sprintf("%d publishes, %d reads, %d refused; memory %d to %d MB, goroutines %d to %d", publishes, w.calls.Load(), w.refused.Load(),
			begin.memory, end.memory, begin.goroutines, end.goroutines))
}

// sample is what a replica holds at a time.
type sample struct{ memory, goroutines int }

// middle is the median of samples: it does not move with a table that is being
// built beside the one that serves.
func middle(samples []sample) (m sample) {
	for _, of := range []struct {
		to   *int
		from func(sample) int
	}{
		{&m.memory, func(s sample) int { return s.memory }},
		{&m.goroutines, func(s sample) int { return s.goroutines }},
	} {
		var all []int
		for _, s := range samples {
			all = append(all, of.from(s))
		}
		slices.Sort(all)
		*of.to = all[len(all)/2]
	}
	return m
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
