package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"onoma/internal/server"
	"onoma/internal/table"
)

// cutter is a proxy that cuts its first connection before it hands on a certain
// frame of HTTP/2, of one direction.
type cutter struct {
	listener net.Listener
	to       string
	after    int64 // frames that are handed on
	answers  bool  // the server's frames are counted, not the client's
	frames   atomic.Int64
	cut      atomic.Bool
}

func startCutter(t testing.TB, to string, after int64, answers bool) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{listener: l, to: to, after: after, answers: answers}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go c.pass(client)
		}
	}()
	return c
}

func (c *cutter) pass(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", c.to)
	if err != nil {
		return
	}
	defer server.Close()
	ended := make(chan struct{}, 2)
	copied := func(to io.Writer, from io.Reader, preface int64, counted bool) {
		defer func() { ended <- struct{}{} }()
		if _, err := io.CopyN(to, from, preface); err != nil {
			return
		}
		c.hand(to, from, counted)
	}
	const preface = int64(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
	go copied(server, client, preface, !c.answers)
	go copied(client, server, 0, c.answers)
	<-ended // both ends are closed as soon as one is
}

// hand hands frames on until the one that is cut.
func (c *cutter) hand(to io.Writer, from io.Reader, counted bool) {
	for {
		var head [9]byte
		if _, err := io.ReadFull(from, head[:]); err != nil {
			return
		}
		// Data and headers are counted: settings and windows come when they like.
		if kind := head[3]; counted && kind <= 1 && !c.cut.Load() && c.frames.Add(1) > c.after {
			c.cut.Store(true)
			return
		}
		if _, err := to.Write(head[:]); err != nil {
			return
		}
		if _, err := io.CopyN(to, from, int64(binary.BigEndian.Uint32(head[:4])>>8)); err != nil {
			return
		}
	}
}

// keepTable serves a table of nothing but what is loaded, and returns its address.
func keepTable(t testing.TB) (string, *table.Mirror) {
	t.Helper()
	a, err := table.OpenSQLite(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m, err := table.NewMirror(t.Context(), table.MirrorOptions{Authority: a, WithoutSeed: true})
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(server.Options{Resolver: m.Resolver(), Mirror: m, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Drain(context.Background(), 0)
		<-done
		m.Close()
		a.Close()
	})
	return l.Addr().String(), m
}

// The connection is cut before each frame of a load in turn, the client's and
// then the server's: each load goes on by itself and ends as one that was not cut,
// published once and whole.
func TestLoadCutAtEveryMessage(t *testing.T) {
	address, m := keepTable(t)
	const rows = 3 // in a file each, and so in a message each
	var files []string
	for i := range rows {
		files = append(files, write(t, fmt.Sprintf("%d.jsonl", i), fmt.Sprintf(`{"entity":{"id":"x:%d","kind":"PERSON","canonical_name":"N"}}`, i)))
	}
	for _, answers := range []bool{false, true} {
		cut := true
		for after := int64(0); cut; after++ {
			if after == 100 {
				t.Fatal("the connection is cut however much of it is let through")
			}
			source := fmt.Sprintf("s%d-%t", after, answers)
			proxy := startCutter(t, address, after, answers)
			stdout, stderr, code := invoke(t, "", "load", "--source", source, "--addr", proxy.listener.Addr().String(), "--progress", "none", files[0], files[1], files[2])
			cut = proxy.cut.Load()
			if code != exitOK || !strings.Contains(stdout, "3 added") {
				t.Fatalf("cut %t after %d frames, of the server %t: exit %d, %s%s", cut, after, answers, code, stdout, stderr)
			}
			if !cut && after < 3 {
				t.Fatalf("only %d frames: the test shows nothing", after)
			}
			versions, err := m.Authority().Versions(t.Context(), table.VersionRange{Source: source, Limit: 10})
			if err != nil || len(versions) != 1 || versions[0].Counts != (table.Counts{Added: rows}) {
				t.Fatalf("cut after %d frames, of the server %t: versions %+v, %v", after, answers, versions, err)
			}
		}
	}
}

// A load that may not be tried again, because standard input is gone with what
// was read of it, fails with the reason and leaves nothing.
func TestLoadCutFromStandardInput(t *testing.T) {
	address, m := keepTable(t)
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, `{"entity":{"id":"x:%d","kind":"PERSON","canonical_name":"N"}}`+"\n", i)
	}
	proxy := startCutter(t, address, 3, false)
	_, stderr, code := invoke(t, b.String(), "load", "--source", "x", "--format", "jsonl", "--addr", proxy.listener.Addr().String(), "--progress", "none", "-")
	if code != exitFailed || !strings.Contains(stderr, "Unavailable") {
		t.Errorf("exit %d, %s", code, stderr)
	}
	var unknown *table.UnknownSourceError
	if _, err := m.Authority().Versions(t.Context(), table.VersionRange{Source: "x", Limit: 1}); !errors.As(err, &unknown) {
		t.Errorf("the source is known: %v", err)
	}
}
