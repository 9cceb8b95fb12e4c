package table

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"slices"
)

// journalFile is the name of the journal in a data directory.
const journalFile = "changes.onoma"

// journal is a file beside the snapshot with the keys that have changed since. The
// authority forgets which rows a version took away once that version can no longer be
// restored; with the journal a start on an older snapshot still knows, and asks the
// authority only for what is said of those keys now. It is a help, never an authority:
// one that is missing, torn or of another snapshot is done without.
//
// A record is its length and checksum, the versions from which and to which it leads,
// and the keys. The first leads from the version at which the journal was begun to
// itself and holds the table's identity in place of a key. That is the snapshot's
// version, or an earlier one when the process ended just after it had written a newer
// snapshot.
type journal struct {
	file *os.File // nil when it cannot be written
}

const (
	journalMagic  = "ONOMAJRN"
	journalHead   = 8 // length and checksum of a record
	maxJournalled = 1 << 28
)

// errJournal is a journal that ends in the middle of a record, or of another snapshot.
var errJournal = errors.New("no journal of this snapshot")

func journalRecord(from, to int64, keys []Key) []byte {
	b := make([]byte, journalHead, journalHead+16+32*len(keys))
	b = binary.AppendUvarint(b, uint64(from))
	b = binary.AppendUvarint(b, uint64(to))
	for _, k := range keys {
		b = append(b, byte(k.Kind))
		b = appendText(b, k.ID)
	}
	binary.LittleEndian.PutUint32(b, uint32(len(b)-journalHead))
	binary.LittleEndian.PutUint32(b[4:], crc32.ChecksumIEEE(b[journalHead:]))
	return b
}

// startJournal begins the journal of a snapshot with what has changed since already.
// It takes the place of the one before at once and whole.
func startJournal(path, identity string, version int64, d *delta) (_ *journal, err error) {
	temporary := path + ".new"
	f, err := os.Create(temporary)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(temporary))
		}
	}()
	content := append([]byte(journalMagic), journalRecord(version, version, []Key{{ID: identity}})...)
	if d.version > version {
		content = append(content, journalRecord(version, d.version, d.keys())...)
	}
	if _, err := f.Write(content); err != nil {
		return nil, err
	}
	// Not synced: what a crash of the machine tears is noticed and asked for anew.
	if err := os.Rename(temporary, path); err != nil {
		return nil, err
	}
	return &journal{f}, nil
}

// openJournal returns the keys that have changed since the version of the snapshot,
// the version to which they lead, and the journal to be written on.
func openJournal(path, identity string, version int64) (keys []Key, upTo int64, _ *journal, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0o640)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil, errJournal
	}
	if err != nil {
		return nil, 0, nil, err
	}
	keys, upTo, whole, err := readJournal(f, identity, version)
	if err == nil {
		// What follows a torn record is written over it.
		if err = f.Truncate(whole); err == nil {
			_, err = f.Seek(whole, io.SeekStart)
		}
	}
	if err != nil {
		return nil, 0, nil, errors.Join(err, f.Close())
	}
	return keys, upTo, &journal{f}, nil
}

// readJournal reads up to the first record that is torn or out of line.
func readJournal(f io.Reader, identity string, version int64) (keys []Key, upTo, whole int64, err error) {
	in := bufio.NewReader(f)
	magic := make([]byte, len(journalMagic))
	if _, err := io.ReadFull(in, magic); err != nil || string(magic) != journalMagic {
		return nil, 0, 0, errJournal
	}
	begun, _, found, size, ok := readRecord(in)
	if !ok || begun > version || len(found) != 1 || found[0].ID != identity {
		return nil, 0, 0, errJournal
	}
	upTo = begun
	for whole = int64(len(magic)) + size; ; whole += size {
		var from, to int64
		if from, to, found, size, ok = readRecord(in); !ok || from != upTo || to < from {
			break
		}
		if upTo = to; to > version {
			keys = append(keys, found...)
		}
	}
	if upTo < version {
		return nil, 0, 0, errJournal
	}
	return keys, upTo, whole, nil
}

func readRecord(in *bufio.Reader) (from, to int64, keys []Key, size int64, ok bool) {
	var head [journalHead]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return 0, 0, nil, 0, false
	}
	length := binary.LittleEndian.Uint32(head[:])
	if length > maxJournalled {
		return 0, 0, nil, 0, false
	}
	body, err := io.ReadAll(io.LimitReader(in, int64(length)))
	if err != nil || len(body) != int(length) || crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(head[4:]) {
		return 0, 0, nil, 0, false
	}
	d := decoder{rest: string(body)}
	from, to = int64(d.number()), int64(d.number())
	for d.rest != "" && !d.bad {
		keys = append(keys, Key{RowKind(d.byte()), d.text()})
	}
	return from, to, keys, int64(journalHead + len(body)), !d.bad
}

// note appends what has changed from one version to another.
func (j *journal) note(from, to int64, keys []Key) error {
	if j == nil || j.file == nil {
		return nil
	}
	keys = slices.DeleteFunc(slices.Clone(keys), func(k Key) bool { return k.Kind == OverrideRow })
	if _, err := j.file.Write(journalRecord(from, to, keys)); err != nil {
		err = errors.Join(fmt.Errorf("journal: %w", err), j.close())
		return err
	}
	return nil
}

func (j *journal) close() error {
	if j == nil || j.file == nil {
		return nil
	}
	f := j.file
	j.file = nil
	return f.Close()
}
