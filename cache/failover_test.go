//go:build drill

package cache_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"onoma/cache"
)

// TestFaultsOfSeveral takes servers away from a cluster and from sentinels, which
// bring others into their place by themselves. Nobody heals anything: what is
// measured is how long it takes until nine look-ups of ten come from Redis again.
func TestFaultsOfSeveral(t *testing.T) {
	for _, fault := range []struct {
		name   string
		deploy func(testing.TB) deployment
		hurt   func(deployment)
	}{
		{"Cluster of three, a master killed", func(t testing.TB) deployment { return cluster(t, 1) }, func(d deployment) { master(d).Kill() }},
		{"Cluster of three, a master frozen", func(t testing.TB) deployment { return cluster(t, 1) }, func(d deployment) { master(d).signal(syscall.SIGSTOP) }},
		{"Cluster of three, a master gives way to its follower", func(t testing.TB) deployment { return cluster(t, 1) }, func(d deployment) {
			for _, s := range d.servers {
				if strings.Contains(s.command("INFO", "replication"), "role:slave") {
					s.command("CLUSTER", "FAILOVER")
					eventually(s.t, 10*time.Second, "the follower leads", func() bool {
						return strings.Contains(s.command("INFO", "replication"), "role:master")
					})
					return
				}
			}
		}},
		{"Sentinel, the master killed", sentinels, func(d deployment) { master(d).Kill() }},
		{"Sentinel, the master frozen", sentinels, func(d deployment) { master(d).signal(syscall.SIGSTOP) }},
	} {
		t.Run(fault.name, func(t *testing.T) {
			d := fault.deploy(t)
			c := newCache(t, cache.Options{Redis: cache.Dial(d.address), Bytes: 1})
			l := startLoad(c)
			defer l.end()
			eventually(t, 20*time.Second, "Redis serves", func() bool { return c.Stats().FarHits > 3000 })
			_, quiet := l.phase(500 * time.Millisecond)
			l.forget()
			begin := time.Now()
			fault.hurt(d)
			recovered := l.serves(t, c, 20*time.Second, begin)
			<-time.After(time.Until(begin.Add(time.Second)))
			calls, ill := l.told()
			l.judge(t, "Redis: "+fault.name, calls, quiet, ill, recovered)
		})
	}
}

// master returns the first server that others follow.
func master(d deployment) *redisServer {
	for _, s := range d.servers {
		if strings.Contains(s.command("INFO", "replication"), "role:master") {
			return s
		}
	}
	d.servers[0].t.Fatal("no master")
	return nil
}
