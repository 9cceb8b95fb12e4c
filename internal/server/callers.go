package server

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Role is what a caller may do; each role may do what those before it may.
type Role uint8

// The roles.
const (
	Nobody Role = iota // nothing but ask for health
	Reader             // whatever changes nothing
	Loader             // entities: load, upsert, delete
	Admin              // overrides and roll-backs
)

var roleWords = [...]string{Nobody: "nobody", Reader: "reader", Loader: "loader", Admin: "admin"}

func (r Role) String() string { return roleWords[r] }

// ParseRole reads the word of a role that a caller can have.
func ParseRole(word string) (Role, error) {
	for r := Reader; r <= Admin; r++ {
		if roleWords[r] == word {
			return r, nil
		}
	}
	return Nobody, fmt.Errorf("%q is no role, which are reader, loader and admin", word)
}

// caller is one who may call.
type caller struct {
	name  string
	role  Role
	quota *quota // nil: unbounded
}

// Callers are those who may call, by their credentials. They are immutable.
type Callers struct {
	byToken map[[sha256.Size]byte]*caller
	byName  map[string]*caller // of a certificate
	all     []*caller
}

// ParseCallers reads a file of callers, one a line, # before a comment:
//
//	name role credential [queries-per-second [burst]]
//	news-desk  reader  sha256:5e88…  500 2000
//	nightly    loader  cert:loader.example.org
//
// The credential is the SHA-256 of a bearer token, or a DNS name (or, without
// any, the common name) of a verified client certificate. A caller may stand on
// several lines, as while a token is being replaced; the role and the quota of
// each line hold for its credential.
func ParseCallers(text []byte) (*Callers, error) {
	c := &Callers{byToken: make(map[[sha256.Size]byte]*caller), byName: make(map[string]*caller)}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		line, _, _ := strings.Cut(string(line), "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if err := c.add(fields); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	if len(c.all) == 0 {
		return nil, fmt.Errorf("names no caller")
	}
	return c, nil
}

func (c *Callers) add(fields []string) error {
	if len(fields) < 3 || len(fields) > 5 {
		return fmt.Errorf("has %d fields, want name, role, credential and perhaps queries per second and burst", len(fields))
	}
	who := &caller{name: fields[0]}
	var err error
	if who.role, err = ParseRole(fields[1]); err != nil {
		return err
	}
	if len(fields) > 3 {
		rate, burst := fields[3], fields[3]
		if len(fields) == 5 {
			burst = fields[4]
		}
		if who.quota, err = parseQuota(rate, burst); err != nil {
			return err
		}
	}
	kind, value, _ := strings.Cut(fields[2], ":")
	switch kind {
	case "sha256":
		var sum [sha256.Size]byte
		if n, err := hex.Decode(sum[:], []byte(value)[:min(len(value), 2*len(sum))]); err != nil || n != len(sum) || len(value) != 2*len(sum) {
			return fmt.Errorf("the sha256 of %s is not %d hexadecimal digits", who.name, 2*len(sum))
		}
		if c.byToken[sum] != nil {
			return fmt.Errorf("%s and %s have the same token", who.name, c.byToken[sum].name)
		}
		c.byToken[sum] = who
	case "cert":
		if value == "" || c.byName[value] != nil {
			return fmt.Errorf("the certificate name %q of %s is empty or another's", value, who.name)
		}
		c.byName[value] = who
	default:
		return fmt.Errorf("the credential of %s starts neither with \"sha256:\" nor with \"cert:\"", who.name)
	}
	c.all = append(c.all, who)
	return nil
}

// keepQuotas hands what callers have used of their quotas over to the callers
// of a file read again, so that a reload gives nobody a fresh start.
func (c *Callers) keepQuotas(old *Callers) {
	if old == nil {
		return
	}
	used := make(map[string]*quota)
	for _, who := range old.all {
		if who.quota != nil {
			used[who.name+" "+who.role.String()] = who.quota
		}
	}
	for _, who := range c.all {
		if q := used[who.name+" "+who.role.String()]; q != nil && who.quota != nil && q.each == who.quota.each && q.burst == who.quota.burst {
			who.quota = q
		}
	}
}

func parseQuota(rate, burst string) (*quota, error) {
	r, err := strconv.ParseFloat(rate, 64)
	if err != nil || !(r > 0 && r <= 1e8) {
		return nil, fmt.Errorf("the queries per second %q are not a number above 0 and at most 1e8", rate)
	}
	b, err := strconv.ParseFloat(burst, 64)
	if err != nil || !(b > 0 && b <= 1e9) {
		return nil, fmt.Errorf("the burst %q is not a number above 0 and at most 1e9", burst)
	}
	return newQuota(r, b), nil
}

// tokenBytes is the length of a token: out of reach of guessing, which is why a
// fast hash without salt keeps it safe.
const tokenBytes = 32

// NewToken returns a fresh token and the credential that stands for it in the
// file of callers.
func NewToken() (token, credential string) {
	var b [tokenBytes]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program first
	token = "onoma_" + base64.RawURLEncoding.EncodeToString(b[:])
	sum := sha256.Sum256([]byte(token))
	return token, "sha256:" + hex.EncodeToString(sum[:])
}
