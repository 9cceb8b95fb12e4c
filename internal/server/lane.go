package server

import (
	"context"
	"sync"
	"time"

	"onoma/internal/telemetry"
)

// lane is calls that take turns with each other. A short burst is carried, but
// once half the calls of an interval were late, the queue stands, and nobody may
// wait longer than the target: those who are served are then served in time.
// (Controlled delay: Nichols and Jacobson, 2012, in the simplification of Maurer,
// "Fail at Scale", ACM Queue 2015.) How long a call would wait is known when it
// comes, from those before it and from what turns have lately taken, so that most
// are refused before they have waited at all.
//
// Nichols and Jacobson look at the least wait of an interval. Here calls are
// counted, because the scheduler takes the youngest first, so that some wait is
// always short.
type lane struct {
	turns   int // at once
	options AdmissionOptions
	metrics *telemetry.Metrics
	spare   *spare // told when calls are late; may be nil
	fills   bool   // and when the last turn is taken

	mu      sync.Mutex
	working int
	calls   line          // those who may be refused
	patient line          // messages of streams, which may not
	favour  bool          // the next turn is the patient ones'
	cost    time.Duration // of a turn, smoothed over about sixteen

	// Of this interval: its start, the calls that came, and those of them that
	// were late: that waited longer than the target or were refused.
	start       time.Duration
	asked, late int
	standing    bool // half of those of the last one were
}

func newLane(turns int, o AdmissionOptions, m *telemetry.Metrics) *lane {
	return &lane{turns: turns, options: o, metrics: m, start: time.Since(epoch)}
}

// turn is the right to work, until it is left.
type turn struct {
	lane  *lane
	began time.Duration // since epoch
}

// waiter waits in a line.
type waiter struct {
	since   time.Duration // when it began to
	late    bool          // it is counted as such
	decided bool          // it has its turn or its refusal, or has gone
	turn    chan bool     // of capacity 1: its turn, or its refusal
}

// line is waiters in the order in which they came.
type line struct {
	waiters []*waiter
	waiting int // of them, those not decided
}

func (l *line) push(w *waiter) {
	l.waiters = append(l.waiters, w)
	l.waiting++
}

// pop takes the first who is not decided, or nil.
func (l *line) pop() *waiter {
	for len(l.waiters) > 0 {
		w := l.waiters[0]
		l.waiters[0] = nil
		l.waiters = l.waiters[1:]
		if !w.decided {
			l.decide(w)
			return w
		}
	}
	l.waiters = nil
	return nil
}

func (l *line) decide(w *waiter) {
	w.decided = true
	l.waiting--
}

// target is the longest wait while the queue stands. Calls that take longer may
// wait longer: what counts is how much slower a call becomes.
func (l *lane) target() time.Duration { return max(l.options.Target, 2*l.cost) }

// interval is how long the calls are counted that tell whether the queue stands,
// and the longest wait while it does not.
func (l *lane) interval() time.Duration { return max(l.options.Interval, 8*l.cost) }

func (l *lane) patience() time.Duration {
	if l.standing {
		return l.target()
	}
	return l.interval()
}

// enter waits for a turn. The call came at one time, and asks now.
func (l *lane) enter(ctx context.Context, came, now time.Duration) (turn, error) {
	l.mu.Lock()
	l.observe(now, now-came)
	since, patience := came, l.patience()
	if !l.standing {
		since = now // a call that a stall of the machine held up, and no queue, is not refused for it
	}
	switch {
	case now-since > patience:
		return turn{}, l.refuse(nil, telemetry.ShedWaited)
	case l.working < l.turns:
		return l.take(now), nil
	case l.calls.waiting >= l.options.Queue:
		return turn{}, l.refuse(nil, telemetry.ShedQueueFull)
	case now-since+l.expected() > patience:
		return turn{}, l.refuse(nil, telemetry.ShedWaited)
	}
	w := &waiter{since: since, late: now-came > l.target(), turn: make(chan bool, 1)}
	l.calls.push(w)
	l.mu.Unlock()

	defer l.metrics.Waiting()()
	timer := time.NewTimer(since + patience - now)
	defer timer.Stop()
	select {
	case granted := <-w.turn:
		return l.granted(w, granted)
	case <-ctx.Done():
		l.mu.Lock()
		if w.decided {
			l.mu.Unlock()
			if <-w.turn {
				l.end()
			}
			return turn{}, ctx.Err()
		}
		l.calls.decide(w)
		l.mu.Unlock()
		return turn{}, ctx.Err()
	case <-timer.C:
		l.mu.Lock()
		if w.decided {
			l.mu.Unlock()
			return l.granted(w, <-w.turn)
		}
		l.calls.decide(w)
		return turn{}, l.refuse(w, telemetry.ShedWaited)
	}
}

// take takes a turn that is free and unlocks the lane.
func (l *lane) take(now time.Duration) turn {
	l.working++
	last := l.working == l.turns
	l.mu.Unlock()
	if last && l.fills {
		l.spare.want(now)
	}
	return turn{l, now}
}

// granted is what a decision gives its waiter.
func (l *lane) granted(w *waiter, yes bool) (turn, error) {
	if yes {
		return turn{l, time.Since(epoch)}, nil
	}
	l.mu.Lock()
	return turn{}, l.refuse(w, telemetry.ShedWaited)
}

// refuse counts a refusal and unlocks the lane. The waiter is nil when it never
// waited.
func (l *lane) refuse(w *waiter, reason string) error {
	if w == nil || !w.late {
		l.late++
	}
	retry := max(leastRetry, l.target())
	l.mu.Unlock()
	l.metrics.Shed(reason)
	return &overloadError{retry: retry}
}

// leastRetry is when those who were refused may come back at the earliest.
const leastRetry = 100 * time.Millisecond

// enterPatiently waits for as long as the caller does.
func (l *lane) enterPatiently(ctx context.Context) (turn, error) {
	l.mu.Lock()
	if l.working < l.turns {
		return l.take(time.Since(epoch)), nil
	}
	w := &waiter{turn: make(chan bool, 1)}
	l.patient.push(w)
	l.mu.Unlock()
	select {
	case <-w.turn:
		return turn{l, time.Since(epoch)}, nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	if !w.decided {
		l.patient.decide(w)
		l.mu.Unlock()
		return turn{}, ctx.Err()
	}
	l.mu.Unlock()
	l.end()
	return turn{}, ctx.Err()
}

// expected is how long one who came now would wait.
func (l *lane) expected() time.Duration {
	before := l.calls.waiting + min(l.patient.waiting, l.calls.waiting+1)
	return time.Duration(before+1) * l.cost / time.Duration(l.turns)
}

// leave gives the turn back.
func (t turn) leave() {
	l, now := t.lane, time.Since(epoch)
	l.mu.Lock()
	l.cost += (now - t.began - l.cost) / 16
	l.next(now)
	l.mu.Unlock()
}

// end gives back a turn in which nothing was done.
func (l *lane) end() {
	l.mu.Lock()
	l.next(time.Since(epoch))
	l.mu.Unlock()
}

// next gives a turn that ended to the next who waits. Calls and patient ones get
// every other turn while there are both.
func (l *lane) next(now time.Duration) {
	if l.favour || l.calls.waiting == 0 {
		if w := l.patient.pop(); w != nil {
			l.favour = false
			w.turn <- true
			return
		}
	}
	l.favour = true
	for w := l.calls.pop(); w != nil; w = l.calls.pop() {
		waited := now - w.since
		if waited > l.patience() {
			w.turn <- false
			continue
		}
		if waited > l.target() && !w.late {
			w.late = true
			l.late++
		}
		w.turn <- true
		return
	}
	if w := l.patient.pop(); w != nil {
		w.turn <- true
		return
	}
	l.working--
}

// observe counts a call.
func (l *lane) observe(now, waited time.Duration) {
	if age := now - l.start; age > l.interval() {
		// A queue that stands has to fall well below half to stand no more: else
		// every other interval would let all in.
		share := 2
		if l.standing {
			share = 10
		}
		late := l.late > 1 && share*l.late >= l.asked && age < 10*l.interval()
		// Calls may be late without any queue, when something else computes on all
		// threads. It is first seen whether one more thread mends that.
		l.standing = late && l.spare.given()
		if late {
			l.spare.want(now)
		}
		l.start, l.asked, l.late = now, 0, 0
	}
	l.asked++
	if waited > l.target() {
		l.late++
	}
}
