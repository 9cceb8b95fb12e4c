//go:build drill

package reliability_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"google.golang.org/genproto/googleapis/rpc/errdetails"

	"onoma/client"

	onomav1 "onoma/proto/onoma/v1"
)

// crowd makes calls, by one caller after the other, and keeps how they went.
type crowd struct {
	callers        []*client.Client
	mu             sync.Mutex
	accepted, shed []time.Duration
	faults         int
	fault          error
}

// call asks for twenty names that no key finds, which are the dearest single
// names: the work and not the transport is what overflows.
func (c *crowd) call(n int) {
	m := new(onomav1.BatchResolveRequest)
	for i := range 20 {
		m.Queries = append(m.Queries, &onomav1.Query{Name: fmt.Sprintf("Wolod%cmir Zel%cnsk%c", 'a'+n%26, 'a'+i, 'a'+n/26%26)})
	}
	begin := time.Now()
	_, err := c.callers[n%len(c.callers)].Resolver.BatchResolve(context.Background(), m)
	took := time.Since(begin)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err == nil:
		c.accepted = append(c.accepted, took)
	case status.Code(err) == codes.Unavailable && retryInfo(err):
		c.shed = append(c.shed, took)
	default:
		c.faults++
		c.fault = err
	}
}

func retryInfo(err error) bool {
	for _, d := range status.Convert(err).Details() {
		if r, ok := d.(*errdetails.RetryInfo); ok && r.RetryDelay.AsDuration() > 0 {
			return true
		}
	}
	return false
}

// fully lets so many callers ask one call after the other, and returns how many
// were accepted a second: the capacity.
func (c *crowd) fully(workers int, d time.Duration) float64 {
	before := len(c.accepted)
	var wait sync.WaitGroup
	stop := time.Now().Add(d)
	for w := range workers {
		wait.Go(func() {
			for n := w; time.Now().Before(stop); n += workers {
				c.call(n)
			}
		})
	}
	wait.Wait()
	return float64(len(c.accepted)-before) / d.Seconds()
}

// offered lets so many calls come a second, at random times and whether or not
// those before have been answered, as those of many callers who do not know of
// each other.
func (c *crowd) offered(rate float64, d time.Duration) {
	var wait sync.WaitGroup
	begin := time.Now()
	for n, at := 0, time.Duration(0); at < d; n++ {
		<-time.After(time.Until(begin.Add(at)))
		wait.Go(func() { c.call(n) })
		at += time.Duration(rand.ExpFloat64() / rate * float64(time.Second))
	}
	wait.Wait()
}

// Four times as much comes as can be done, three times, each after a quiet while:
// half of what can be done. What is judged is the middle one of the three, so that
// one stall of the machine judges nothing.
func TestOverload(t *testing.T) {
	r := startReplica(t, "--cache-bytes=0")
	var callers []*client.Client
	for range 4 {
		// Without tries again, which would hide what is shed.
		callers = append(callers, connectWith(t, []*replica{r}, grpc.WithDisableRetry()))
	}
	phase := func() *crowd { return &crowd{callers: callers} }
	phase().fully(4, 500*time.Millisecond) // what is built on first use
	capacity := phase().fully(2*runtime.GOMAXPROCS(0), 2*time.Second)
	before := r.residentMB()
	type round struct {
		quiet, accepted, shed time.Duration
		ratio                 float64
	}
	var (
		rounds               []round
		all                  crowd
		peak, refusedInQuiet int
	)
	for range 3 {
		quiet, full, soon := phase(), phase(), phase()
		quiet.offered(capacity/2, 2*time.Second)
		full.offered(4*capacity, 5*time.Second)
		peak = max(peak, r.residentMB())
		soon.offered(capacity/2, 200*time.Millisecond) // the crowd's last calls are among these
		p := round{quiet: percentile(quiet.accepted, 99), accepted: percentile(full.accepted, 99), shed: percentile(full.shed, 99)}
		p.ratio = float64(p.accepted) / float64(p.quiet)
		rounds = append(rounds, p)
		refusedInQuiet += len(quiet.shed)
		all.accepted, all.shed = append(all.accepted, full.accepted...), append(all.shed, full.shed...)
		for _, c := range []*crowd{quiet, full, soon} {
			all.faults += c.faults
			if c.fault != nil {
				all.fault = c.fault
			}
		}
		t.Logf("quiet p99 %s; accepted %d, p50 %s, p99 %s; shed %d, p50 %s, p99 %s", p.quiet, len(full.accepted), percentile(full.accepted, 50), p.accepted,
			len(full.shed), percentile(full.shed, 50), p.shed)
	}
	again := phase().fully(2*runtime.GOMAXPROCS(0), 2*time.Second)
	slices.SortFunc(rounds, func(a, b round) int { return cmp.Compare(a.ratio, b.ratio) })
	middle := rounds[1]
	if all.faults > 0 {
		t.Errorf("%d calls failed otherwise than with UNAVAILABLE and RetryInfo, such as: %v", all.faults, all.fault)
	}
	if middle.ratio > 3 {
		t.Errorf("accepted calls take %s at p99, %s when it is quiet", middle.accepted, middle.quiet)
	}
	if middle.shed > 3*middle.quiet {
		t.Errorf("who is turned away hears of it after %s at p99; a quiet call takes %s", middle.shed, middle.quiet)
	}
	if len(all.shed) < len(all.accepted) {
		t.Errorf("only %d shed, %d accepted", len(all.shed), len(all.accepted))
	}
	if peak > before+100 {
		t.Errorf("memory grew from %d to %d MB", before, peak)
	}
	if again < capacity/2 {
		t.Errorf("after the crowd %.0f calls a second, before it %.0f", again, capacity)
	}
	result(t, "Overload: four times the calls that can be answered, 15 s", "p99 of accepted calls within 3 times the quiet one; the rest hears UNAVAILABLE and RetryInfo at once; memory bounded; recovery at once",
		fmt.Sprintf("accepted %d, p99 %s (quiet %s); shed %d, told after %s (p50; p99 %s); memory %d to %d MB; %d of the quiet calls shed; afterwards %.0f calls/s of %.0f", len(all.accepted), ms(middle.accepted), ms(middle.quiet),
			len(all.shed), ms(percentile(all.shed, 50)), ms(middle.shed), before, peak, refusedInQuiet, again, capacity))
}

// Sixty-four callers come back the moment they are turned away.
func TestCrowdThatDoesNotListen(t *testing.T) {
	r := startReplica(t, "--cache-bytes=0")
	c := &crowd{callers: []*client.Client{connectWith(t, []*replica{r}, grpc.WithDisableRetry())}}
	c.fully(4, 500*time.Millisecond)
	capacity := c.fully(2*runtime.GOMAXPROCS(0), 2*time.Second)
	before := r.residentMB()
	c.accepted, c.shed = nil, nil
	served := c.fully(64, 4*time.Second)
	after := r.residentMB()
	if c.faults > 0 {
		t.Errorf("%d calls failed otherwise than with UNAVAILABLE and RetryInfo, such as: %v", c.faults, c.fault)
	}
	if served < capacity/5 {
		t.Errorf("%.0f calls a second are served beside the crowd, %.0f without it", served, capacity)
	}
	if after > before+100 {
		t.Errorf("memory grew from %d to %d MB", before, after)
	}
	result(t, "Overload: 64 callers who come back the moment they are turned away", "a fifth of the work is still done; memory bounded",
		fmt.Sprintf("%.0f calls/s of %.0f, p99 %s; shed %d; memory %d to %d MB", served, capacity, ms(percentile(c.accepted, 99)), len(c.shed), before, after))
}

func ms(d time.Duration) string { return d.Round(100 * time.Microsecond).String() }
