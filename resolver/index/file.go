package index

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Meta says which state of which table a snapshot file holds.
type Meta struct {
	// Identity tells the table from any other; at most 64 bytes.
	Identity string
	Version  uint64
	// Published is when the version was published, to the microsecond.
	Published time.Time
}

// A snapshot file is an index followed by a trailer that says what it holds. The
// trailer comes last, so that a file that was cut off has none.
const (
	trailerMagic = "ONOMASNP"
	trailerSize  = 8 + 8 + 8 + 8 + maxIdentity + 8 // magic, index length, version, published, identity, zero and checksum
	maxIdentity  = 64
)

func (m *Meta) trailer(length int) []byte {
	b := make([]byte, 0, trailerSize)
	b = append(b, trailerMagic...)
	b = binary.LittleEndian.AppendUint64(b, uint64(length))
	b = binary.LittleEndian.AppendUint64(b, m.Version)
	b = binary.LittleEndian.AppendUint64(b, uint64(m.Published.UnixMicro()))
	b = append(b, m.Identity...)
	b = append(b, make([]byte, trailerSize-4-len(b))...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func parseTrailer(file []byte) (m Meta, length int, err error) {
	if len(file) < trailerSize {
		return m, 0, fmt.Errorf("%w: a file of %d bytes has no trailer", ErrFormat, len(file))
	}
	b := file[len(file)-trailerSize:]
	if string(b[:8]) != trailerMagic {
		return m, 0, fmt.Errorf("%w: no %s trailer: the file was cut off or is another's", ErrFormat, trailerMagic)
	}
	if crc32.Checksum(b[:trailerSize-4], castagnoli) != binary.LittleEndian.Uint32(b[trailerSize-4:]) {
		return m, 0, fmt.Errorf("%w: the trailer's checksum is wrong", ErrFormat)
	}
	if n := binary.LittleEndian.Uint64(b[8:]); n != uint64(len(file)-trailerSize) {
		return m, 0, fmt.Errorf("%w: the index has %d bytes, the file room for %d", ErrFormat, n, len(file)-trailerSize)
	}
	m.Version = binary.LittleEndian.Uint64(b[16:])
	m.Published = time.UnixMicro(int64(binary.LittleEndian.Uint64(b[24:]))).UTC()
	m.Identity = string(bytes.TrimRight(b[32:32+maxIdentity], "\x00"))
	return m, len(file) - trailerSize, nil
}

// WriteFile writes the index as a snapshot file. The file appears at once and
// whole: it is written under another name, reaches the disk and is then renamed.
func WriteFile(path string, x *Index, m Meta) (err error) {
	if len(m.Identity) > maxIdentity {
		return fmt.Errorf("identity %q has %d bytes, the limit is %d", m.Identity, len(m.Identity), maxIdentity)
	}
	temporary := path + ".new"
	f, err := os.Create(temporary)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temporary))
		}
	}()
	_, err = f.Write(x.file)
	if err == nil {
		_, err = f.Write(m.trailer(len(x.file)))
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	return syncDirectory(filepath.Dir(path))
}

// syncDirectory makes a rename reach the disk.
func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Mapped is an index over a mapped file. Whatever leads to the index keeps it
// from the garbage collector, the texts that came from it do not.
type Mapped struct {
	*Mapping
	Index *Index
	Meta  Meta
}

// Mapping is the memory of a mapped file.
type Mapping struct{ file []byte }

// OpenFile maps a snapshot file and checks every checksum. What is damaged or of
// another format is refused with an error that wraps [ErrFormat]. The index is
// valid until Close.
func OpenFile(path string) (*Mapped, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	if size < trailerSize || size != int64(int(size)) {
		return nil, fmt.Errorf("%s: %w: %d bytes", path, ErrFormat, size)
	}
	file, err := syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("%s: map: %w", path, err)
	}
	m := &Mapped{Mapping: &Mapping{file}}
	meta, length, err := parseTrailer(file)
	if err == nil {
		m.Meta = meta
		m.Index, err = Open(file[:length:length])
	}
	if err == nil {
		m.Index.mapped = m
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), m.Close())
	}
	return m, nil
}

// Close unmaps the file. Nothing that came from the index may be used any more.
func (m *Mapping) Close() error {
	if m.file == nil {
		return nil
	}
	file := m.file
	m.file = nil
	return syscall.Munmap(file)
}
