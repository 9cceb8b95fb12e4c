package source

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"onoma/internal/table"
	"onoma/resolver/fact"
)

// OFAC's list of Specially Designated Nationals. An entry becomes ofac:NUMBER;
// its programs are not names and are left out. "SURNAME, Given" of an individual
// is kept as it stands and read the other way round as well.
//
//	individual → PERSON   vessel, aircraft → OTHER   else → ORGANIZATION
//	a.k.a., n.k.a. → ALIAS   f.k.a. → FORMER   weak aliases → NICKNAME
//	IMO number → imo
//
// The CSV has weak aliases and IMO numbers among the remarks. Call signs, programs,
// addresses and dates of birth have no place in a table of names.

// nothing is what the list writes for an empty column.
const nothing = "-0-"

func ofacEntity(number, name, kind string) (*fact.Entity, *names) {
	e := &fact.Entity{ID: "ofac:" + number, Kind: fact.Organization, External: []fact.ExternalID{{Scheme: "ofac", Value: number}}}
	all := new(names)
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "individual":
		e.Kind = fact.Person
		e.Canonical = flip(name)
	case "vessel", "aircraft":
		e.Kind = fact.Other
	}
	if e.Canonical == "" {
		e.Canonical = name
	}
	all.add(e.Canonical, "", fact.Primary)
	all.add(name, "", fact.Alias)
	return e, all
}

func ofacAlias(all *names, e *fact.Entity, kind, name string, weak bool) {
	as := fact.Alias
	switch kind = strings.ToLower(kind); {
	case strings.HasPrefix(kind, "f"):
		as = fact.Former
	case weak:
		as = fact.Nickname
	}
	if e.Kind == fact.Person {
		all.add(flip(name), "", as)
	}
	all.add(name, "", as)
}

// ofacRemark is a weak alias among the remarks, or the number of a ship.
var ofacRemark = regexp.MustCompile(`([afn]\.?k\.?a\.?) '((?:[^']|'[^;.])+)'|\bIMO (?:number )?([0-9]{7})\b`)

func ofacRemarks(all *names, e *fact.Entity, remarks string) {
	for _, m := range ofacRemark.FindAllStringSubmatch(remarks, -1) {
		if m[3] != "" {
			e.External = append(e.External, fact.ExternalID{Scheme: "imo", Value: m[3]})
			continue
		}
		ofacAlias(all, e, m[1], m[2], true)
	}
}

// readOFACCSV reads SDN.CSV, with ALT.CSV as a companion, which is held in memory
// (some 20,000 rows).
func readOFACCSV(in *Input, o *Options, yield Yield) error {
	bad := func(number int64, p *table.Problem) error { return yield(table.Line{Number: number, Problem: p}) }
	aliases := make(map[string][][2]string)
	held := 0
	for _, c := range o.Companions {
		err := eachRecord(c, func(number int64, r []string) error {
			if len(r) == 1 && strings.Trim(r[0], "\x1a ") == "" {
				return nil
			}
			if len(r) < 4 {
				return bad(number, &table.Problem{Field: "line", Value: strings.Join(r, ","), Reason: fmt.Sprintf("of %s has %d columns, 4 are needed", c.Name, len(r))})
			}
			if held++; held > heldNames {
				return fmt.Errorf("%s: more than %d aliases are not held", c.Name, heldNames)
			}
			n, kind := strings.TrimSpace(r[0]), strings.TrimSpace(r[2])
			if !slices.Contains([]string{"aka", "fka", "nka"}, kind) {
				return fmt.Errorf("%s: line %d: %q is none of aka, fka, nka: aliases are in ALT.CSV, and other companions are not read", c.Name, number, kind)
			}
			aliases[n] = append(aliases[n], [2]string{kind, strings.TrimSpace(r[3])})
			return nil
		}, bad)
		if err != nil {
			return err
		}
	}
	return eachRecord(in, func(number int64, r []string) error {
		// The list ends with a control character of old.
		if len(r) == 1 && strings.Trim(r[0], "\x1a ") == "" {
			return nil
		}
		if len(r) < 3 {
			return bad(number, &table.Problem{Field: "line", Value: strings.Join(r, ","), Reason: fmt.Sprintf("has %d columns, 3 are needed", len(r))})
		}
		for i := range r {
			if r[i] = strings.TrimSpace(r[i]); r[i] == nothing {
				r[i] = ""
			}
		}
		e, all := ofacEntity(r[0], r[1], r[2])
		for _, a := range aliases[r[0]] {
			ofacAlias(all, e, a[0], a[1], false)
		}
		if len(r) > 11 {
			ofacRemarks(all, e, r[11])
		}
		e.Names = all.list
		if !o.wants(e.Kind) {
			return nil
		}
		return yield(table.Line{Number: number, Row: table.Row{Entity: e}})
	}, bad)
}

// maxXMLText bounds the text of one entry of an XML list, maxXMLDepth how deep
// its entries stand.
const (
	maxXMLText  = 4 << 20
	maxXMLDepth = 100
)

// eachOf decodes every element of the names into a fresh T, one at a time. A file
// without any is another one: it is refused, since a load of nothing may empty a
// source.
func eachOf[T any](in *Input, names []string, visit func(line int64, element string, entry *T) error) error {
	limited := &boundedReader{r: in}
	d := xml.NewDecoder(limited)
	depth, found, root := 0, false, ""
	for {
		limited.left = maxXMLText
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			if !found {
				return fmt.Errorf("%s: <%s> has none of the elements %s: it is not of this format%s", in.Name, root, strings.Join(names, ", "), otherLists[root])
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", in.Name, err)
		}
		if _, end := token.(xml.EndElement); end {
			depth--
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if root == "" {
			root = start.Name.Local
		}
		if !slices.Contains(names, start.Name.Local) {
			if depth++; depth > maxXMLDepth {
				line, _ := d.InputPos()
				return fmt.Errorf("%s: line %d: elements stand more than %d deep in each other", in.Name, line, maxXMLDepth)
			}
			continue
		}
		line, _ := d.InputPos()
		found = true
		entry := new(T)
		if err := d.DecodeElement(entry, &start); err != nil {
			return fmt.Errorf("%s: line %d: %w", in.Name, line, err)
		}
		if err := visit(int64(line), start.Name.Local, entry); err != nil {
			return err
		}
	}
}

// otherLists says of the first element of a file what is known of that format.
var otherLists = map[string]string{
	"Sanctions": "; this is OFAC's advanced form, which is not read: take SDN.XML",
}

// boundedReader ends an element that goes on and on.
type boundedReader struct {
	r    io.Reader
	left int
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("an element is longer than %d bytes", maxXMLText)
	}
	n, err := b.r.Read(p)
	b.left -= n
	return n, err
}

type sdnEntry struct {
	UID       string `xml:"uid"`
	FirstName string `xml:"firstName"`
	LastName  string `xml:"lastName"`
	Type      string `xml:"sdnType"`
	IDs       []struct {
		Number string `xml:"idNumber"`
		Type   string `xml:"idType"`
	} `xml:"idList>id"`
	Aliases []struct {
		Type      string `xml:"type"`
		Category  string `xml:"category"`
		FirstName string `xml:"firstName"`
		LastName  string `xml:"lastName"`
	} `xml:"akaList>aka"`
}

// sdnName writes a name as the CSV does.
func sdnName(last, first string) string {
	if last, first = strings.TrimSpace(last), strings.TrimSpace(first); last == "" || first == "" {
		return last + first
	}
	return last + ", " + first
}

func readOFACXML(in *Input, o *Options, yield Yield) error {
	return eachOf(in, []string{"sdnEntry"}, func(line int64, _ string, s *sdnEntry) error {
		e, all := ofacEntity(strings.TrimSpace(s.UID), sdnName(s.LastName, s.FirstName), s.Type)
		for _, a := range s.Aliases {
			ofacAlias(all, e, a.Type, sdnName(a.LastName, a.FirstName), strings.EqualFold(a.Category, "weak"))
		}
		for _, id := range s.IDs {
			if strings.HasPrefix(id.Type, "Vessel") {
				ofacRemarks(all, e, id.Number)
			}
		}
		e.Names = all.list
		if !o.wants(e.Kind) {
			return nil
		}
		return yield(table.Line{Number: line, Row: table.Row{Entity: e}})
	})
}
