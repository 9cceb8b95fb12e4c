package source

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"

	"onoma/internal/table"
)

// Input is a file to read. Compressed files (.gz, .bz2, .zst) are told by their
// first bytes and read as what they hold.
type Input struct {
	Name string
	raw  io.Reader
	text *bufio.Reader
	stop func() error
	// read counts the bytes of the file itself, for progress.
	read, unpacked atomic.Int64
	Size           int64 // of the file; 0 when not known
}

const (
	bufferBytes = 256 << 10
	// maxLineBytes is the longest line that is read; a longer one is rejected.
	maxLineBytes = 16 << 20
	// headBytes is how much is looked at to tell whether a file is text.
	headBytes = 512
	// A file that unpacks to more than bombRatio times itself is refused once it
	// has given bombBytes. Real lists stay under 100.
	bombRatio = 2000
	bombBytes = 256 << 20
	// zstdWindow bounds the memory that a file can ask its decoder for.
	zstdWindow = 128 << 20
)

// Open opens a file; "-" is stdin. The caller closes it.
func Open(name string, stdin io.Reader) (*Input, error) {
	if name == "-" {
		return NewInput("standard input", stdin, nil)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	in, err := NewInput(name, f, f.Close)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if s, err := f.Stat(); err == nil && s.Mode().IsRegular() {
		in.Size = s.Size()
	}
	return in, nil
}

// NewInput reads from r, which stop, if any, closes.
func NewInput(name string, r io.Reader, stop func() error) (*Input, error) {
	in := &Input{Name: name, stop: stop}
	in.raw = counting{r, &in.read}
	head := bufio.NewReaderSize(in.raw, bufferBytes)
	start, err := head.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var unpacked io.Reader = head
	switch {
	case bytes.HasPrefix(start, []byte{0x1f, 0x8b}):
		if unpacked, err = gzip.NewReader(head); err != nil {
			return nil, fmt.Errorf("%s: gzip: %w", name, err)
		}
	case bytes.HasPrefix(start, []byte("BZh")):
		unpacked = bzip2.NewReader(head)
	case bytes.HasPrefix(start, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(head, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdWindow))
		if err != nil {
			return nil, fmt.Errorf("%s: zstd: %w", name, err)
		}
		unpacked = z
		closeFile := stop
		in.stop = func() error {
			z.Close()
			if closeFile != nil {
				return closeFile()
			}
			return nil
		}
	}
	in.text = bufio.NewReaderSize(bombGuard{in, unpacked}, bufferBytes)
	bom, err := in.text.Peek(headBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	switch {
	case bytes.HasPrefix(bom, []byte("\xef\xbb\xbf")):
		_, _ = in.text.Discard(3) // what was peeked is there
	case bytes.HasPrefix(bom, []byte("\xff\xfe")), bytes.HasPrefix(bom, []byte("\xfe\xff")):
		return nil, fmt.Errorf("%s is UTF-16; convert it to UTF-8 first (iconv -f utf-16 -t utf-8)", name)
	case bytes.IndexByte(bom, 0) >= 0:
		return nil, fmt.Errorf("%s is no text: it has a NUL at byte %d; UTF-16 without its mark is to be converted to UTF-8 first (iconv -f utf-16le -t utf-8)", name, bytes.IndexByte(bom, 0))
	}
	return in, nil
}

type counting struct {
	r io.Reader
	n *atomic.Int64
}

func (c counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// bombGuard ends the reading of a file that unpacks beyond all proportion.
type bombGuard struct {
	in *Input
	r  io.Reader
}

func (b bombGuard) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if got, read := b.in.unpacked.Add(int64(n)), b.in.read.Load(); got > bombBytes && got/bombRatio > read {
		return n, fmt.Errorf("%s unpacks to more than %d times its size: refused", b.in.Name, bombRatio)
	}
	return n, err
}

// Read reads what the file holds, unpacked.
func (in *Input) Read(p []byte) (int, error) { return in.text.Read(p) }

// Progress is how many bytes of the file itself have been read.
func (in *Input) Progress() int64 { return in.read.Load() }

// Close closes the file.
func (in *Input) Close() error {
	if in.stop == nil {
		return nil
	}
	return in.stop()
}

// eachLine calls visit at every line, without its end. The text is valid until
// visit returns. A line that is too long or not UTF-8 goes to bad.
func (in *Input) eachLine(visit func(number int64, line []byte) error, bad func(number int64, p *table.Problem) error) error {
	var long []byte
	for number := int64(1); ; number++ {
		line, err := in.text.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			line, err = in.longLine(&long, line)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("%s: line %d: %w", in.Name, number, err)
		}
		end := err != nil
		line = bytes.TrimRight(line, "\r\n")
		var failure error
		switch {
		case len(line) > maxLineBytes:
			failure = bad(number, &table.Problem{Field: "line", Value: string(line[:64]), Reason: fmt.Sprintf("is longer than %d bytes", maxLineBytes)})
		case !utf8.Valid(line):
			failure = bad(number, &table.Problem{Field: "line", Value: string(line[:min(len(line), 64)]), Reason: fmt.Sprintf("is not valid UTF-8 at byte %d: a file in another encoding is to be converted first (iconv)", validPrefix(line))})
		case len(line) > 0 || !end:
			failure = visit(number, line)
		}
		if failure != nil || end {
			return failure
		}
	}
}

// longLine reads on after the beginning of a line that the buffer does not hold.
// Beyond the limit it drops the rest.
func (in *Input) longLine(room *[]byte, start []byte) ([]byte, error) {
	*room = append((*room)[:0], start...)
	for {
		part, err := in.text.ReadSlice('\n')
		if len(*room) <= maxLineBytes {
			*room = append(*room, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return *room, err
		}
	}
}

func validPrefix(b []byte) int {
	at := 0
	for at < len(b) {
		r, size := utf8.DecodeRune(b[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}
