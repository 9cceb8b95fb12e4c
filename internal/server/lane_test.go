package server

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// These tests have a clock of their own: a second takes no time, and the machine
// may be as busy as it likes.

func testLane(turns int) *lane {
	return newLane(turns, AdmissionOptions{Queue: 1000, Target: 5 * time.Millisecond, Interval: 50 * time.Millisecond}, nil)
}

// arrivals makes calls at random times at a rate a second, each of which works for
// so long when it gets its turn.
type arrivals struct {
	mu              sync.Mutex
	waited, refused []time.Duration
}

func (a *arrivals) come(l *lane, random *rand.Rand, rate float64, work, lasting time.Duration) {
	var all sync.WaitGroup
	for begin := time.Now(); time.Since(begin) < lasting; {
		<-time.After(time.Duration(random.ExpFloat64() / rate * float64(time.Second)))
		all.Go(func() { a.one(l, work) })
	}
	all.Wait()
}

func (a *arrivals) one(l *lane, work time.Duration) {
	came := time.Since(epoch)
	turn, err := l.enter(context.Background(), came, came)
	waited := time.Since(epoch) - came
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		a.refused = append(a.refused, waited)
		return
	}
	a.waited = append(a.waited, waited)
	a.mu.Unlock()
	<-time.After(work)
	turn.leave()
	a.mu.Lock()
}

func share(took []time.Duration, percent int) time.Duration {
	slices.Sort(took)
	if len(took) == 0 {
		return 0
	}
	return took[(len(took)-1)*percent/100]
}

// Four times what two turns can do comes for five seconds: those who are served
// wait no longer than the target, as many are served as can be, the others hear
// at once, and soon after the crowd nobody is refused.
func TestLaneServesInTimeWhomItServes(t *testing.T) {
	for _, work := range []time.Duration{100 * time.Microsecond, 5 * time.Millisecond, 200 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, uint64(work)))
			l := testLane(2)
			capacity := 2 / work.Seconds()
			target := max(5*time.Millisecond, 2*work)
			lasting := max(2*time.Second, 100*work)
			var quiet, begin, full, end, again arrivals
			quiet.come(l, random, capacity/2, work, lasting)
			begin.come(l, random, 4*capacity, work, 4*max(50*time.Millisecond, 8*work))
			full.come(l, random, 4*capacity, work, lasting)
			end.come(l, random, capacity/2, work, 4*max(50*time.Millisecond, 8*work))
			again.come(l, random, capacity/2, work, lasting)
			if n := len(quiet.refused) + len(again.refused); n > 0 {
				t.Errorf("%s: %d refused when it was quiet", work, n)
			}
			if waited := share(full.waited, 99); waited > target {
				t.Errorf("%s: the served waited %s, the target is %s", work, waited, target)
			}
			if served, can := float64(len(full.waited)), capacity*lasting.Seconds(); served < 0.9*can {
				t.Errorf("%s: %.0f served, %.0f can be", work, served, can)
			}
			if len(full.refused) == 0 || share(full.refused, 50) > 0 {
				t.Errorf("%s: half of %d heard of it only after %s", work, len(full.refused), share(full.refused, 50))
			}
		})
	}
}

// A burst that is worked off within an interval is carried whole.
func TestLaneCarriesABurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := testLane(2)
		l.cost = 2 * time.Millisecond
		for range 20 { // bursts, a second apart
			var a arrivals
			var all sync.WaitGroup
			for range 40 {
				all.Go(func() { a.one(l, 2*time.Millisecond) })
			}
			all.Wait()
			if len(a.refused) > 0 {
				t.Fatalf("%d of 40 refused", len(a.refused))
			}
			<-time.After(time.Second)
		}
	})
}

// Messages of streams are never refused, get every other turn, and leave nothing
// behind when their callers go.
func TestLanePatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := testLane(1)
		held, err := l.enterPatiently(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		gone, cancel := context.WithCancel(t.Context())
		var mu sync.Mutex
		var order []byte
		var all sync.WaitGroup
		work := func(who byte, turn turn, err error) {
			if err != nil {
				if !errors.Is(err, context.Canceled) {
					t.Errorf("%c: %v", who, err)
				}
				return
			}
			mu.Lock()
			order = append(order, who)
			mu.Unlock()
			turn.leave()
		}
		for range 4 {
			all.Go(func() {
				turn, err := l.enterPatiently(t.Context())
				work('m', turn, err)
			})
			all.Go(func() {
				turn, err := l.enter(t.Context(), time.Since(epoch), time.Since(epoch))
				work('c', turn, err)
			})
			all.Go(func() {
				turn, err := l.enterPatiently(gone)
				work('x', turn, err)
			})
			all.Go(func() {
				turn, err := l.enter(gone, time.Since(epoch), time.Since(epoch))
				work('x', turn, err)
			})
		}
		synctest.Wait()
		cancel()
		synctest.Wait()
		held.leave()
		all.Wait()
		if got := string(order); got != "mcmcmcmc" && got != "cmcmcmcm" {
			t.Errorf("turns went to %s", got)
		}
		if l.working != 0 || l.calls.waiting != 0 || l.patient.waiting != 0 {
			t.Errorf("left behind: %d at work, %d and %d waiting", l.working, l.calls.waiting, l.patient.waiting)
		}
	})
}

// A thread is wanted while large calls take all turns, and for a while after.
func TestSpare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []bool
		a := newAdmission(AdmissionOptions{Working: 1, Spare: func(wanted bool) { told = append(told, wanted) }}, nil)
		small := func() { a.spare.idle(time.Since(epoch)) }
		for range 3 {
			turn, err := a.large.enterPatiently(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			turn.leave()
		}
		<-time.After(9 * time.Second)
		small()
		if len(told) != 1 || !told[0] {
			t.Errorf("told %v, want that it is wanted, once", told)
		}
		<-time.After(2 * time.Second)
		small()
		if len(told) != 2 || told[1] {
			t.Errorf("told %v, want at last that it is not", told)
		}
	})
}
