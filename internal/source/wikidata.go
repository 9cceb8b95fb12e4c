package source

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"regexp"
	"strings"

	"onoma/internal/table"
	"onoma/resolver/fact"
)

// Wikidata's JSON dump: one item a line inside one array.
//
//	labels → PRIMARY, aliases → ALIAS; the canonical name is the English label
//	P31 (instance of) → kind, by wikidata_kinds.txt and the P279 (subclass of)
//	    of classes that came before; an item of no such class is passed over
//	P39 (position held), P580, P582 → roles with their dates; one that has ended,
//	    nobody knows when, is left out
//	P36 (capital) → CAPITAL_OF on the capital when that comes after its country;
//	    P1376 (capital of) → CAPITAL_OF
//	P1549 (demonym) → DEMONYM
//	P297, P298, P300 → iso3166-1, iso3166-1-alpha3, iso3166-2; P1566 → geonames
//
// Deprecated statements are left out; preferred and normal ones count alike, since
// former capitals and posts are wanted too. Memory grows with the classes of the dump
// (some 100 bytes each) and with the capitals that have not come yet.
type wikidata struct {
	options  *Options
	yield    Yield
	kinds    map[string]fact.Kind // by class
	above    map[string][]string  // superclasses of classes
	capitals map[string][]string  // countries by capital
	// classes and waiting count what is remembered.
	classes, waiting int
}

// wikidataKinds lists the classes that say what an item is, a kind and the
// classes of it a line.
//
//go:embed wikidata_kinds.txt
var wikidataKinds string

// The subclass relations that are remembered, and the capitals that are waited
// for, are bounded.
const (
	maxClasses  = 5_000_000
	maxCapitals = 1_000_000
)

func newWikidata(o *Options, yield Yield) *wikidata {
	w := &wikidata{options: o, yield: yield, kinds: make(map[string]fact.Kind), above: make(map[string][]string), capitals: make(map[string][]string)}
	for line := range strings.Lines(wikidataKinds) {
		fields := strings.Fields(line)
		if len(fields) < 2 || strings.HasPrefix(line, "#") {
			continue
		}
		if kind, err := fact.ParseKind(fields[0]); err == nil {
			w.kinds[fields[1]] = kind
		}
	}
	return w
}

func readWikidata(in *Input, o *Options, yield Yield) error {
	w := newWikidata(o, yield)
	bad := func(number int64, p *table.Problem) error { return yield(table.Line{Number: number, Problem: p}) }
	return in.eachLine(func(number int64, line []byte) error {
		line = bytes.TrimSuffix(bytes.TrimSpace(line), []byte(","))
		if len(line) < 2 { // the brackets of the array
			return nil
		}
		var item wikidataItem
		if err := item.read(line); err != nil {
			return bad(number, &table.Problem{Field: "line", Value: string(line[:min(len(line), 64)]), Reason: "is not JSON of an item: " + err.Error()})
		}
		return w.item(number, &item)
	}, bad)
}

type wikidataItem struct {
	ID      string                    `json:"id"`
	Labels  map[string]wikidataText   `json:"labels"`
	Aliases map[string][]wikidataText `json:"aliases"`
	// Of some ten thousand properties these are decoded; the others are passed over,
	// which is most of what an item has.
	Claims struct {
		P31, P279, P36, P39, P1376, P1549, P297, P298, P300, P1566 []wikidataClaim
	} `json:"claims"`
}

// emptied are the objects that an empty PHP array may stand for.
var emptied = regexp.MustCompile(`"(labels|aliases|claims)":\s*\[\s*\]`)

func (i *wikidataItem) read(line []byte) error {
	err := json.Unmarshal(line, i)
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) && kind.Value == "array" && emptied.Match(line) {
		*i = wikidataItem{}
		return json.Unmarshal(emptied.ReplaceAll(line, []byte(`"$1":{}`)), i)
	}
	return err
}

type wikidataText struct {
	Value string `json:"value"`
}

type wikidataClaim struct {
	Rank       string                    `json:"rank"`
	Main       wikidataSnak              `json:"mainsnak"`
	Qualifiers map[string][]wikidataSnak `json:"qualifiers"`
}

type wikidataSnak struct {
	Type  string `json:"snaktype"` // value, somevalue (unknown) or novalue
	Value struct {
		Value json.RawMessage `json:"value"`
	} `json:"datavalue"`
}

func (s *wikidataSnak) id() string {
	var v struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(s.Value.Value, &v) != nil {
		return ""
	}
	return v.ID
}

func (s *wikidataSnak) text() (text, language string) {
	var plain string
	if json.Unmarshal(s.Value.Value, &plain) == nil {
		return plain, ""
	}
	var v struct{ Text, Language string }
	_ = json.Unmarshal(s.Value.Value, &v) // anything else has no text
	return v.Text, v.Language
}

// date reads "+2019-05-20T00:00:00Z" at its precision: 9 is a year, 10 a month,
// 11 a day; coarser ones are open.
func (s *wikidataSnak) date() fact.Date {
	var v struct {
		Time      string
		Precision int
	}
	if json.Unmarshal(s.Value.Value, &v) != nil || v.Precision < 9 || len(v.Time) < 11 || v.Time[0] != '+' {
		return 0
	}
	length := map[int]int{9: 4, 10: 7}[v.Precision]
	if length == 0 {
		length = 10
	}
	d, err := fact.ParseDate(v.Time[1 : 1+length])
	if err != nil {
		return 0
	}
	return d
}

// ended reports whether the statement says that it held up to some day.
func (c *wikidataClaim) ended() bool {
	to := c.Qualifiers["P582"]
	return len(to) > 0 && to[0].Type != "novalue"
}

// statements yields the statements of a property that are not deprecated.
func statements(claims []wikidataClaim) func(func(*wikidataClaim) bool) {
	return func(yield func(*wikidataClaim) bool) {
		for at := range claims {
			if claims[at].Rank != "deprecated" && !yield(&claims[at]) {
				return
			}
		}
	}
}

func (w *wikidata) item(number int64, item *wikidataItem) error {
	for c := range statements(item.Claims.P279) {
		if class := c.Main.id(); class != "" && w.classes < maxClasses {
			w.classes++
			w.above[item.ID] = append(w.above[item.ID], class)
		}
	}
	for c := range statements(item.Claims.P36) {
		if capital := c.Main.id(); capital != "" && !c.ended() && w.waiting < maxCapitals {
			w.waiting++
			w.capitals[capital] = append(w.capitals[capital], item.ID)
		}
	}
	e := &fact.Entity{ID: item.ID, Kind: w.kindOf(item)}
	if e.Kind == fact.KindUnspecified || !w.options.wants(e.Kind) {
		return nil
	}
	e.Names = w.names(item)
	if e.Canonical = item.Labels["en"].Value; e.Canonical == "" {
		if e.Canonical = item.Labels["mul"].Value; e.Canonical == "" {
			e.Canonical = canonicalOf(e.Names)
		}
	}
	if e.Canonical == "" {
		return nil // an item without any name cannot be asked for
	}
	for c := range statements(item.Claims.P39) {
		if position := c.Main.id(); position != "" {
			from, _ := qualified(c, "P580")
			if to, known := qualified(c, "P582"); known {
				e.Roles = append(e.Roles, fact.Role{Position: position, From: from, To: to})
			}
		}
	}
	for c := range statements(item.Claims.P1376) {
		from, _ := qualified(c, "P580")
		if to, known := qualified(c, "P582"); known {
			w.capitalOf(e, c.Main.id(), from, to)
		}
	}
	for _, country := range w.capitals[item.ID] {
		w.capitalOf(e, country, 0, 0)
	}
	w.waiting -= len(w.capitals[item.ID])
	delete(w.capitals, item.ID)
	for _, x := range []struct {
		claims []wikidataClaim
		scheme string
	}{
		{item.Claims.P297, "iso3166-1"}, {item.Claims.P298, "iso3166-1-alpha3"}, {item.Claims.P300, "iso3166-2"}, {item.Claims.P1566, "geonames"},
	} {
		for c := range statements(x.claims) {
			if text, _ := c.Main.text(); text != "" {
				e.External = append(e.External, fact.ExternalID{Scheme: x.scheme, Value: text})
			}
		}
	}
	return w.yield(table.Line{Number: number, Row: table.Row{Entity: e}})
}

func (w *wikidata) capitalOf(e *fact.Entity, country string, from, to fact.Date) {
	if country == "" || country == e.ID {
		return
	}
	for _, r := range e.Relations {
		if r.Target == country {
			return
		}
	}
	e.Relations = append(e.Relations, fact.Relation{Type: fact.CapitalOf, Target: country, From: from, To: to})
}

// qualified is the date of a qualifier, or none when the statement has no such or
// says that there is no such date. known is false when there is one that cannot be
// told: unknown, coarser than a year, or before our era.
func qualified(c *wikidataClaim, property string) (date fact.Date, known bool) {
	snaks := c.Qualifiers[property]
	if len(snaks) == 0 || snaks[0].Type == "novalue" {
		return 0, true
	}
	date = snaks[0].date()
	return date, date != 0
}

func (w *wikidata) names(item *wikidataItem) []fact.Name {
	var all names
	for _, language := range sortedKeys(item.Labels) {
		if w.options.admits(language) {
			all.add(item.Labels[language].Value, language, fact.Primary)
		}
	}
	for _, language := range sortedKeys(item.Aliases) {
		if w.options.admits(language) {
			for _, a := range item.Aliases[language] {
				all.add(a.Value, language, fact.Alias)
			}
		}
	}
	for c := range statements(item.Claims.P1549) {
		if text, language := c.Main.text(); w.options.admits(language) {
			all.add(text, language, fact.Demonym)
		}
	}
	return all.list
}

// kindOf climbs from the classes of the item to one that says its kind.
func (w *wikidata) kindOf(item *wikidataItem) fact.Kind {
	var queue []string
	for c := range statements(item.Claims.P31) {
		queue = append(queue, c.Main.id())
	}
	seen := make(map[string]bool)
	for len(queue) > 0 && len(seen) < 200 {
		class := queue[0]
		queue = queue[1:]
		if class == "" || seen[class] {
			continue
		}
		seen[class] = true
		if kind := w.kinds[class]; kind != fact.KindUnspecified {
			return kind
		}
		queue = append(queue, w.above[class]...)
	}
	return fact.KindUnspecified
}
