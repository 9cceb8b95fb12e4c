package index

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"unsafe"

	"onoma/resolver/name"
)

// A file is a header, a section directory and the sections, each aligned to
// eight bytes. All integers are little-endian. Format rises with any change of
// a record below; a file of another format, normaliser or machine order is
// refused and rebuilt.
const (
	magic      = "ONOMAIDX"
	format     = 2
	headerSize = 24 // magic, format u32, normaliser u32, directory checksum u32, section count u32
	entrySize  = 24 // offset u64, length u64, checksum u32, zero u32
)

// The sections, in file order.
const (
	secText      = iota // every text, UTF-8, unterminated
	secEntities         // entityRecord, by ID, and one sentinel
	secNames            // nameRecord, by folded key
	secByEntity         // name numbers (u32), grouped by entity in table order
	secDated            // datedRecord, by name number: the names with a validity
	secSlots            // hash slots (u64), see slots.go
	secRelations        // relationRecord, grouped by entity
	secRoles            // roleRecord, grouped by entity
	secExternal         // textRecord pairs (scheme, value), grouped by entity
	secRedirects        // redirectRecord, by old ID
	secPositions        // positionRecord, by ID, and one sentinel
	secTitles           // titleRecord, grouped by position
	secWords            // textRecord: the language tags and source names that records refer to by number
	secSounds           // see Sounds
	sectionCount
)

// none marks an absent record number.
const none = ^uint32(0)

// textRecord locates a text.
type textRecord struct {
	at, length uint32
}

type entityRecord struct {
	id, canonical textRecord
	kind          uint8
	flags         uint8
	prominence    uint16 // of 65,535
	// The first record of each group that belongs to the entity; the group
	// ends where the next entity's begins.
	names, relations, roles, external uint32
}

// Flags of an entity.
const (
	flagReferenced uint8 = 1 << iota // known only as the end of a relation: never a candidate
	flagStands                       // has a relation from which a metonym is derived
)

type nameRecord struct {
	text     uint32
	entity   uint32
	length   uint16
	language uint16 // of secWords
	source   uint16 // of secWords
	kind     uint8
	flags    uint8
}

// Flags of a name.
const (
	flagDated   uint8 = 1 << iota // has a datedRecord
	flagKeyLast                   // last name with its key
)

type datedRecord struct {
	name, from, to uint32
}

type relationRecord struct {
	target       uint32 // entity
	from, to     uint32
	relationType uint8
	sector       uint8
	_            uint16
}

type roleRecord struct {
	position, from, to uint32
}

type redirectRecord struct {
	id     textRecord
	entity uint32
}

type positionRecord struct {
	id                         textRecord
	office                     textRecord
	jurisdiction, organization uint32 // entity or none
	titles                     uint32 // first titleRecord
}

type titleRecord struct {
	text     textRecord
	language uint32 // of secWords
}

// ErrFormat is wrapped by every refusal of [Open]: the bytes are not an index
// that this program can read.
var ErrFormat = errors.New("not a readable index")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// bytesOf views records as bytes. Records hold no pointers.
func bytesOf[T any](records []T) []byte {
	if len(records) == 0 {
		return nil
	}
	var t T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(records))), len(records)*int(unsafe.Sizeof(t)))
}

// recordsOf views bytes as records.
func recordsOf[T any](b []byte) ([]T, error) {
	var t T
	size := int(unsafe.Sizeof(t))
	if len(b)%size != 0 {
		return nil, fmt.Errorf("%w: section of %d bytes does not hold records of %d", ErrFormat, len(b), size)
	}
	if len(b) == 0 {
		return nil, nil
	}
	if uintptr(unsafe.Pointer(unsafe.SliceData(b)))%unsafe.Alignof(t) != 0 {
		return nil, fmt.Errorf("%w: section is not aligned", ErrFormat)
	}
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/size), nil
}

// assemble lays the sections out as one file.
func assemble(sections *[sectionCount][]byte) []byte {
	size := headerSize + sectionCount*entrySize
	for _, s := range sections {
		size += (len(s) + 7) &^ 7
	}
	// Backed by uint64 so that the block is aligned for every record.
	file := bytesOf(make([]uint64, (size+7)/8))[:size]
	at := headerSize + sectionCount*entrySize
	for i, s := range sections {
		copy(file[at:], s)
		entry := file[headerSize+i*entrySize:]
		binary.LittleEndian.PutUint64(entry, uint64(at))
		binary.LittleEndian.PutUint64(entry[8:], uint64(len(s)))
		binary.LittleEndian.PutUint32(entry[16:], crc32.Checksum(s, castagnoli))
		at += (len(s) + 7) &^ 7
	}
	copy(file, magic)
	binary.LittleEndian.PutUint32(file[8:], format)
	binary.LittleEndian.PutUint32(file[12:], name.Version)
	binary.LittleEndian.PutUint32(file[16:], crc32.Checksum(file[headerSize:headerSize+sectionCount*entrySize], castagnoli))
	binary.LittleEndian.PutUint32(file[20:], sectionCount)
	return file
}

// disassemble checks the header and, when verify is set, every checksum, and
// returns the sections.
func disassemble(file []byte, verify bool) (*[sectionCount][]byte, error) {
	const directory = headerSize + sectionCount*entrySize
	if len(file) < directory || string(file[:8]) != magic {
		return nil, fmt.Errorf("%w: no %s header", ErrFormat, magic)
	}
	if f := binary.LittleEndian.Uint32(file[8:]); f != format {
		return nil, fmt.Errorf("%w: format %d, this program reads %d", ErrFormat, f, format)
	}
	if v := binary.LittleEndian.Uint32(file[12:]); v != name.Version {
		return nil, fmt.Errorf("%w: keys of normaliser %d, this program's is %d", ErrFormat, v, name.Version)
	}
	if n := binary.LittleEndian.Uint32(file[20:]); n != sectionCount {
		return nil, fmt.Errorf("%w: %d sections, expected %d", ErrFormat, n, sectionCount)
	}
	if crc32.Checksum(file[headerSize:directory], castagnoli) != binary.LittleEndian.Uint32(file[16:]) {
		return nil, fmt.Errorf("%w: the directory's checksum is wrong", ErrFormat)
	}
	var sections [sectionCount][]byte
	for i := range sections {
		entry := file[headerSize+i*entrySize:]
		at, length := binary.LittleEndian.Uint64(entry), binary.LittleEndian.Uint64(entry[8:])
		if at > uint64(len(file)) || length > uint64(len(file))-at {
			return nil, fmt.Errorf("%w: section %d ends beyond the file of %d bytes", ErrFormat, i, len(file))
		}
		sections[i] = file[at : at+length : at+length]
		if verify && crc32.Checksum(sections[i], castagnoli) != binary.LittleEndian.Uint32(entry[16:]) {
			return nil, fmt.Errorf("%w: the checksum of section %d is wrong", ErrFormat, i)
		}
	}
	return &sections, nil
}
