// Package telemetry counts what the program does and shows it to operators:
// Prometheus metrics, and a listener of its own for them, for health and for
// profiles.
//
// Whatever stands on the way of an answer is resolved when the server is built:
// a call costs a map look-up and a few atomic additions, and no allocation. Traces
// are off unless a collector is named.
package telemetry

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"onoma/resolver"
)

// sampled is how many answers pass for each one that is timed: reading the
// clock twice costs as much as a tenth of an exact answer.
const sampled = 16

// callSeconds are the upper bounds of a call's time. An exact answer takes
// about 40 µs with its transport, a batch of 10,000 a few milliseconds, and what
// takes seconds is in trouble anyway.
var callSeconds = []float64{
	25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3, 1, 5, 30,
}

// answerSeconds are the upper bounds of the time that the core needs.
var answerSeconds = []float64{
	.25e-6, .5e-6, 1e-6, 2.5e-6, 5e-6, 10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 5e-3, 25e-3,
}

var outcomes = [...]string{resolver.NoMatch: "no_match", resolver.Ambiguous: "ambiguous", resolver.Resolved: "resolved"}

var methods = [...]string{
	resolver.MethodUnspecified: "none", resolver.Pinned: "pinned", resolver.Exact: "exact", resolver.Normalized: "normalized",
	resolver.Inflected: "inflected", resolver.Transliterated: "transliterated", resolver.Phonetic: "phonetic",
	resolver.Fuzzy: "fuzzy", resolver.FromContext: "context",
}

// Metrics are all that the program counts. The nil Metrics counts nothing, so
// that what is measured need not ask whether it is.
type Metrics struct {
	registry *prometheus.Registry

	calls    *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight *prometheus.GaugeVec
	batch    prometheus.Histogram
	answers  [len(outcomes)][len(methods)]prometheus.Counter
	took     [len(methods)]prometheus.Observer

	shed    *prometheus.CounterVec
	refused *prometheus.CounterVec
	queued  prometheus.Observer
	waiting prometheus.Gauge
	panics  prometheus.Counter
}

// New returns metrics of this process and this version of the program.
func New(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.registry.MustRegister(
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(collectors.MetricsScheduler, collectors.MetricsGC)),
	)
	m.calls = counters(m, "onoma_rpc_total", "Calls that ended, by method and status code.", "service", "method", "code")
	m.duration = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "onoma_rpc_duration_seconds", Help: "Time of unary calls from their interceptor to their end.", Buckets: callSeconds,
	}, []string{"service", "method"})
	m.inFlight = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "onoma_rpc_in_flight", Help: "Calls and streams under way.",
	}, []string{"service", "method"})
	m.batch = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "onoma_batch_queries", Help: "Queries in one batch or one message of a stream.",
		Buckets: []float64{1, 3, 10, 30, 100, 300, 1000, 3000, 10000},
	})
	answers := counters(m, "onoma_answers_total", "Answers to queries, by outcome and by the method that found the first candidate.", "outcome", "method")
	took := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "onoma_answer_duration_seconds", Buckets: answerSeconds,
		Help: fmt.Sprintf("Time of the core for one query, of one answer in %d, by the method that found the first candidate.", sampled),
	}, []string{"method"})
	m.shed = counters(m, "onoma_admission_shed_total", "Calls turned away because the server was full, by reason.", "reason")
	m.refused = counters(m, "onoma_access_refused_total", "Calls refused for their caller, by reason.", "reason")
	queued := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "onoma_admission_queue_seconds", Help: "Time that calls waited for their turn, of those that waited.",
		Buckets: []float64{.1e-3, .5e-3, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3},
	})
	m.waiting = prometheus.NewGauge(prometheus.GaugeOpts{Name: "onoma_admission_waiting", Help: "Calls that wait for their turn."})
	m.panics = prometheus.NewCounter(prometheus.CounterOpts{Name: "onoma_panics_total", Help: "Calls that ended in a panic."})
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "onoma_build_info", Help: "1, labelled with the version of the program.", ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	m.registry.MustRegister(m.duration, m.inFlight, m.batch, took, queued, m.waiting, m.panics, build)

	m.queued = queued
	for o, outcome := range outcomes {
		for method, word := range methods {
			m.answers[o][method] = answers.WithLabelValues(outcome, word)
		}
	}
	for method, word := range methods {
		m.took[method] = took.WithLabelValues(word)
	}
	// Series that alerts watch exist from the start: a rate needs a first value.
	for _, reason := range []string{ShedQueueFull, ShedWaited} {
		m.shed.WithLabelValues(reason)
	}
	for _, reason := range []string{RefusedUnauthenticated, RefusedRole, RefusedQuota} {
		m.refused.WithLabelValues(reason)
	}
	return m
}

func counters(m *Metrics, name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(c)
	return c
}

// Registry is where the metrics are gathered. Collectors of other parts join it.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

// Watch adds the state of the table that the resolver answers from.
func (m *Metrics) Watch(r *resolver.Resolver) {
	gauge := func(name, help string, value func(*resolver.Table) float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return value(r.Table()) }))
	}
	gauge("onoma_table_version", "Version of the table that answers.", func(t *resolver.Table) float64 { return float64(t.Version()) })
	gauge("onoma_table_published_timestamp_seconds", "When that version was published; 0 for the table built in.", func(t *resolver.Table) float64 {
		if t.Published().IsZero() {
			return 0
		}
		return float64(t.Published().UnixMilli()) / 1e3
	})
	gauge("onoma_table_entities", "Entities of the table.", func(t *resolver.Table) float64 { return float64(t.Stats().Entities) })
	gauge("onoma_table_names", "Names of the table.", func(t *resolver.Table) float64 { return float64(t.Stats().Names) })
	gauge("onoma_table_bytes", "Size of the table's index.", func(t *resolver.Table) float64 { return float64(t.Stats().Bytes) })
}

// Follower is what keeps the table at an authority's newest version.
type Follower interface {
	// Newest is the newest version that the authority is known to have.
	Newest() int64
	// Behind tells since when the table has been behind or the authority out of
	// reach; zero when neither is so.
	Behind() time.Time
}

// WatchFollower adds how far the table is behind its authority.
func (m *Metrics) WatchFollower(f Follower) {
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "onoma_table_authority_version", Help: "Newest version that the authority is known to have.",
		}, func() float64 { return float64(f.Newest()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "onoma_table_behind_seconds", Help: "How long the table has been behind its authority, or cut off from it; 0 when it is not.",
		}, func() float64 {
			if since := f.Behind(); !since.IsZero() {
				return time.Since(since).Seconds()
			}
			return 0
		}),
	)
}

// Call is the metrics of one method.
type Call struct {
	calls           *prometheus.CounterVec
	service, method string
	ok              prometheus.Counter
	duration        prometheus.Observer
	inFlight        prometheus.Gauge
}

// Call returns the metrics of a method, "/service/method".
func (m *Metrics) Call(full string) *Call {
	if m == nil {
		return nil
	}
	service, method, _ := strings.Cut(strings.TrimPrefix(full, "/"), "/")
	return &Call{
		m.calls, service, method, m.calls.WithLabelValues(service, method, "OK"),
		m.duration.WithLabelValues(service, method), m.inFlight.WithLabelValues(service, method),
	}
}

// Begin counts a call that starts.
func (c *Call) Begin() {
	if c != nil {
		c.inFlight.Inc()
	}
}

// End counts a call that ended with the code, such as "OK". A negative duration
// is a stream's, which says nothing of the service. traced is the ID of the trace
// that recorded the call, which becomes the example of its time; it may be empty.
func (c *Call) End(code string, took time.Duration, traced string) {
	if c == nil {
		return
	}
	c.inFlight.Dec()
	if took >= 0 {
		observe(c.duration, took, traced)
	}
	if code == "OK" {
		c.ok.Inc()
		return
	}
	c.calls.WithLabelValues(c.service, c.method, code).Inc()
}

// observe counts a duration, with the trace that shows what took it.
func observe(in prometheus.Observer, took time.Duration, traced string) {
	if with, ok := in.(prometheus.ExemplarObserver); ok && traced != "" {
		with.ObserveWithExemplar(took.Seconds(), prometheus.Labels{"trace_id": traced})
		return
	}
	in.Observe(took.Seconds())
}

// Timed reports whether the next answer should be timed.
func (m *Metrics) Timed() bool { return m != nil && rand.Uint32()%sampled == 0 }

// Words are those that metrics and spans have for an answer's outcome and for the
// method that found its first candidate.
func Words(a *resolver.Answer) (outcome, method string) {
	return outcomes[a.Outcome], methods[methodOf(a)]
}

func methodOf(a *resolver.Answer) resolver.Method {
	if len(a.Candidates) == 0 {
		return resolver.MethodUnspecified
	}
	return a.Candidates[0].Method
}

// Answered counts an answer. took is 0 when it was not timed, traced empty when
// no trace recorded it.
func (m *Metrics) Answered(a *resolver.Answer, took time.Duration, traced string) {
	if m == nil {
		return
	}
	method := methodOf(a)
	m.answers[a.Outcome][method].Inc()
	if took > 0 {
		observe(m.took[method], took, traced)
	}
}

// Kept counts an answer that was kept from before.
func (m *Metrics) Kept(outcome resolver.Outcome, method resolver.Method) {
	if m != nil {
		m.answers[outcome][method].Inc()
	}
}

// Batch counts the queries of one message.
func (m *Metrics) Batch(queries int) {
	if m != nil {
		m.batch.Observe(float64(queries))
	}
}

// Why a call was shed.
const (
	ShedQueueFull = "queue_full"
	ShedWaited    = "waited"
)

// Shed counts a call that was turned away for want of room.
func (m *Metrics) Shed(reason string) {
	if m != nil {
		m.shed.WithLabelValues(reason).Inc()
	}
}

// Why a caller was refused.
const (
	RefusedUnauthenticated = "unauthenticated"
	RefusedRole            = "role"
	RefusedQuota           = "quota"
)

// Refused counts a call that its caller may not make.
func (m *Metrics) Refused(reason string) {
	if m != nil {
		m.refused.WithLabelValues(reason).Inc()
	}
}

// Waiting counts a call that starts to wait; the function returned ends that.
func (m *Metrics) Waiting() (done func()) {
	if m == nil {
		return func() {}
	}
	start := time.Now()
	m.waiting.Inc()
	return func() {
		m.waiting.Dec()
		m.queued.Observe(time.Since(start).Seconds())
	}
}

// Panicked counts a call that ended in a panic.
func (m *Metrics) Panicked() {
	if m != nil {
		m.panics.Inc()
	}
}
