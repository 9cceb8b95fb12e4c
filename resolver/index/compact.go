package index

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// The compact forms of numbers that [Sounds] is made of. All of them are viewed in
// place and read at random, in a few nanoseconds.

// packed is an array of numbers of a few bits each, with eight bytes to spare.
type packed struct {
	bits uint
	data []byte
}

func packedBytes(n int, bits uint) int { return (n*int(bits)+7)/8 + 8 }

// bitsFor returns how many bits hold the numbers below n.
func bitsFor(n int) uint { return uint(max(1, bits.Len(uint(max(n, 1)-1)))) }

func (p *packed) at(i int) uint32 {
	bit := uint(i) * p.bits
	return uint32(binary.LittleEndian.Uint64(p.data[bit/8:]) >> (bit % 8) & (1<<p.bits - 1))
}

// touch reads of entry i so much that it is in near memory when it is asked for.
func (p *packed) touch(i int) int { return int(p.data[uint(i)*p.bits/8]) }

// put sets a number that is still zero.
func (p *packed) put(i int, v uint32) {
	bit := uint(i) * p.bits
	b := p.data[bit/8:]
	binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)|uint64(v)<<(bit%8))
}

// ends are where pieces of something end that lie one after another, none longer
// than 255: their lengths, with the sum of those before every block.
type ends struct {
	base    []uint32
	lengths []byte // and a block to spare
}

const blockSize = 16

func newEnds(lengths []byte) ends {
	e := ends{base: make([]uint32, 0, len(lengths)/blockSize+1), lengths: append(lengths, make([]byte, blockSize)...)}
	sum := uint32(0)
	for i, n := range lengths {
		if i%blockSize == 0 {
			e.base = append(e.base, sum)
		}
		sum += uint32(n)
	}
	return e
}

// of returns where piece i begins and ends.
func (e *ends) of(i int) (from, to int) {
	block := e.lengths[i/blockSize*blockSize:][:blockSize]
	low, high := binary.LittleEndian.Uint64(block), binary.LittleEndian.Uint64(block[8:])
	before := uint(i%blockSize) * 8
	if before >= 64 {
		high &= 1<<(before-64) - 1
	} else {
		low, high = low&(1<<before-1), 0
	}
	const even = 0x00ff00ff00ff00ff
	sum := low&even + low>>8&even + high&even + high>>8&even
	from = int(e.base[i/blockSize]) + int(sum*0x0001000100010001>>48)
	return from, from + int(block[i%blockSize])
}

// buckets lead from a hash to entries: those of a bucket, about six, are told
// apart by eight more bits.
type buckets struct {
	starts []uint32 // the first entry of each bucket, and a sentinel
	tags   []byte
}

// So many bits of a hash choose the bucket. The most leave eight for the tag; the
// least keep the keys of a small table apart.
const leastBucketBits, mostBucketBits = 8, 24

func bucketBits(entries int) uint {
	return uint(min(max(bits.Len(uint(entries/6)), leastBucketBits), mostBucketBits))
}

// placeOf is the order in which entries with the hash stand, for so many bits.
func placeOf(hash uint32, bits uint) uint32 {
	return uint32(uint64(hash)>>(32-bits))<<8 | hash&0xff
}

// of returns the entries of the hash's bucket and the tag they need.
func (b *buckets) of(hash uint32) (from, to int, tag byte) {
	if len(b.starts) == 0 {
		return 0, 0, 0
	}
	at := uint64(hash) >> (32 - uint(bits.Len(uint(len(b.starts)-2))))
	return int(b.starts[at]), int(b.starts[at+1]), byte(hash)
}

// sorted returns the entries with the hash where they are sorted by tag.
func (b *buckets) sorted(hash uint32) (from, to int) {
	from, to, tag := b.of(hash)
	tags := b.tags[from:to]
	if len(tags) > 32 {
		first, _ := slices.BinarySearch(tags, tag)
		from, tags = from+first, tags[first:]
		after, _ := slices.BinarySearchFunc(tags, tag, func(a, tag byte) int {
			if a <= tag {
				return -1
			}
			return 1
		})
		return from, from + after
	}
	for len(tags) > 0 && tags[0] < tag {
		from, tags = from+1, tags[1:]
	}
	to = from
	for len(tags) > 0 && tags[0] == tag {
		to, tags = to+1, tags[1:]
	}
	return from, to
}

// nth returns the place of the set bit after n others in an array of bits, from
// the word at, of which only the bits of first count.
func nth(array []uint64, first uint64, at uint32, n int) uint32 {
	for word := first; ; word = array[at] {
		if c := bits.OnesCount64(word); n < c {
			for ; n > 0; n-- {
				word &= word - 1
			}
			return at*64 + uint32(bits.TrailingZeros64(word))
		} else {
			n -= c
			at++
		}
	}
}

// cursor reads the names that have a word, in ascending order. Of a word that many
// have, lists holds how many, then every so many of them with where the next stands,
// then the differences, all of variable length but the former.
type cursor struct {
	left int    // names not yet read
	next []byte // the differences to come
	last uint32 // the name read last
	one  bool   // last is the only name, not read yet

	data []byte // all differences
	skip []byte // of skipSize bytes each: a name and where the difference after its own begins
	read int    // names read
}

const (
	skipEvery = 128
	skipSize  = 8
)

func (s *Sounds) cursor(w uint32) cursor {
	at := s.holds[w]
	if at&manyBit == 0 {
		return cursor{left: 1, last: at, one: true}
	}
	list := s.lists[at&^manyBit:]
	count, n := binary.Uvarint(list)
	c := cursor{left: int(count)}
	skips := (int(count) - 1) / skipEvery * skipSize
	c.skip, c.data = list[n:n+skips], list[n+skips:]
	c.next = c.data
	return c
}

// name reads the next name; there must be one left.
func (c *cursor) name() uint32 {
	c.left--
	c.read++
	if c.one {
		return c.last
	}
	difference := uint32(c.next[0])
	if difference < 0x80 {
		c.next = c.next[1:]
	} else {
		long, n := binary.Uvarint(c.next)
		difference, c.next = uint32(long), c.next[n:]
	}
	c.last += difference
	return c.last
}

// seek reads names up to the first that is least or more; ok is false when none is.
func (c *cursor) seek(least uint32) (n uint32, ok bool) {
	for block := c.read / skipEvery; (block+1)*skipSize <= len(c.skip); block++ {
		skip := c.skip[block*skipSize:]
		last := binary.LittleEndian.Uint32(skip)
		if last >= least {
			break
		}
		c.left -= (block+1)*skipEvery - c.read
		c.read = (block + 1) * skipEvery
		c.last, c.next = last, c.data[binary.LittleEndian.Uint32(skip[4:]):]
	}
	for c.left > 0 {
		if n = c.name(); n >= least {
			return n, true
		}
	}
	return 0, false
}

// appendList appends the list of a word that names have, in ascending order.
func appendList(lists []byte, names []uint32) []byte {
	lists = binary.AppendUvarint(lists, uint64(len(names)))
	skips := len(lists)
	lists = append(lists, make([]byte, (len(names)-1)/skipEvery*skipSize)...)
	data := len(lists)
	last := uint32(0)
	for i, n := range names {
		if i > 0 && i%skipEvery == 0 {
			skip := lists[skips+(i/skipEvery-1)*skipSize:]
			binary.LittleEndian.PutUint32(skip, last)
			binary.LittleEndian.PutUint32(skip[4:], uint32(len(lists)-data))
		}
		lists = binary.AppendUvarint(lists, uint64(n-last))
		last = n
	}
	return lists
}
