package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"onoma/cache"
)

// WatchCache adds what the cache did and is.
func (m *Metrics) WatchCache(c *cache.Cache) {
	m.registry.MustRegister(&cacheCollector{cache: c})
}

type cacheCollector struct {
	cache *cache.Cache
}

type cacheMetric struct {
	about *prometheus.Desc
	kind  prometheus.ValueType
	value func(*cache.Stats) float64
	label string
}

func cacheMetrics() (all []cacheMetric) {
	add := func(kind prometheus.ValueType, name, help, labelName, label string, value func(*cache.Stats) float64) {
		var labels []string
		if labelName != "" {
			labels = []string{labelName}
		}
		all = append(all, cacheMetric{prometheus.NewDesc("onoma_cache_"+name, help, labels, nil), kind, value, label})
	}
	const (
		lookups = "Look-ups of results, by where they were found; a miss is computed, shared waited for another's computation."
		failed  = "Look-ups in Redis that failed: by error, for want of time, or because the value was not to be trusted."
	)
	counter, gauge := prometheus.CounterValue, prometheus.GaugeValue
	add(counter, "lookups_total", lookups, "result", "near", func(s *cache.Stats) float64 { return float64(s.NearHits) })
	add(counter, "lookups_total", lookups, "result", "far", func(s *cache.Stats) float64 { return float64(s.FarHits) })
	add(counter, "lookups_total", lookups, "result", "shared", func(s *cache.Stats) float64 { return float64(s.Shared) })
	add(counter, "lookups_total", lookups, "result", "miss", func(s *cache.Stats) float64 { return float64(s.Misses) })
	add(counter, "far_failures_total", failed, "reason", "error", func(s *cache.Stats) float64 { return float64(s.Errors) })
	add(counter, "far_failures_total", failed, "reason", "timeout", func(s *cache.Stats) float64 { return float64(s.Timeouts) })
	add(counter, "far_failures_total", failed, "reason", "untrusted", func(s *cache.Stats) float64 { return float64(s.Untrusted) })
	add(counter, "far_skipped_total", "Look-ups that Redis was not asked for, because computing is cheaper or the breaker is open.", "", "", func(s *cache.Stats) float64 { return float64(s.Skipped) })
	add(counter, "far_requests_total", "Round trips to Redis, each for one or more look-ups.", "", "", func(s *cache.Stats) float64 { return float64(s.FarRequests) })
	add(counter, "far_writes_total", "Values written to Redis.", "", "", func(s *cache.Stats) float64 { return float64(s.Writes) })
	add(counter, "far_write_errors_total", "Requests to write that failed.", "", "", func(s *cache.Stats) float64 { return float64(s.WriteErrors) })
	add(counter, "far_writes_dropped_total", "Values not written because others still were, or after a failure.", "", "", func(s *cache.Stats) float64 { return float64(s.WritesDropped) })
	add(counter, "saved_seconds_total", "Time of computing that hits saved, less the time of asking.", "", "", func(s *cache.Stats) float64 { return s.Saved.Seconds() })
	add(gauge, "far_round_trip_seconds", "Round trip of Redis as it is weighed against computing.", "", "", func(s *cache.Stats) float64 { return s.RoundTrip.Seconds() })
	add(gauge, "far_breaker_open", "1 while Redis is left alone after failures.", "", "", func(s *cache.Stats) float64 {
		if s.Open {
			return 1
		}
		return 0
	})
	add(gauge, "near_bytes", "Bytes of the results kept in process.", "", "", func(s *cache.Stats) float64 { return float64(s.Bytes) })
	add(gauge, "near_entries", "Results kept in process.", "", "", func(s *cache.Stats) float64 { return float64(s.Entries) })
	return all
}

func (c *cacheCollector) Describe(to chan<- *prometheus.Desc) {
	prometheus.DescribeByCollect(c, to)
}

func (c *cacheCollector) Collect(to chan<- prometheus.Metric) {
	s := c.cache.Stats()
	for _, m := range cacheMetrics() {
		var labels []string
		if m.label != "" {
			labels = []string{m.label}
		}
		to <- prometheus.MustNewConstMetric(m.about, m.kind, m.value(&s), labels...)
	}
}
