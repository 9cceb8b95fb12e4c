package source

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"onoma/internal/table"
	"onoma/resolver/fact"
)

// Popolo, the vocabulary of EveryPolitician: one JSON object with the lists
// persons, organizations, memberships, posts and events.
//
//	persons → PERSON, organizations → ORGANIZATION; name → PRIMARY,
//	other_names → ALIAS, FORMER with an end date, with their dates; identifiers → external IDs
//	memberships → roles: at post_id when there is one, else at
//	    ORGANIZATION:SLUG of the role, with the organisation and the role as title;
//	    a date that is not given is that of the legislative period, which is an event
//
// Since memberships come after persons, all of them are held in memory: of a file
// of at most maxPopolo bytes, at most maxPopoloThings.
const (
	maxPopolo       = 64 << 20
	maxPopoloThings = 1_000_000
)

type popoloFile struct {
	Persons       []popoloThing
	Organizations []popoloThing
	Memberships   []popoloMembership
	Posts         []popoloPost
	Events        []popoloEvent
	held          int
}

type popoloThing struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	OtherNames []struct {
		Name string `json:"name"`
		Lang string `json:"lang"`
		From string `json:"start_date"`
		End  string `json:"end_date"`
	} `json:"other_names"`
	Identifiers []struct {
		Scheme     string `json:"scheme"`
		Identifier string `json:"identifier"`
	} `json:"identifiers"`
}

type popoloMembership struct {
	Person       string `json:"person_id"`
	Organization string `json:"organization_id"`
	Post         string `json:"post_id"`
	Role         string `json:"role"`
	Period       string `json:"legislative_period_id"`
	Start        string `json:"start_date"`
	End          string `json:"end_date"`
}

type popoloEvent struct {
	ID    string `json:"id"`
	Start string `json:"start_date"`
	End   string `json:"end_date"`
}

type popoloPost struct {
	ID           string `json:"id"`
	Label        string `json:"label"`
	Organization string `json:"organization_id"`
}

func readPopolo(in *Input, o *Options, yield Yield) error {
	var file popoloFile
	if err := file.read(in); err != nil {
		return fmt.Errorf("%s: %w", in.Name, err)
	}
	if len(file.Persons)+len(file.Organizations) == 0 {
		return errors.New(in.Name + " has neither persons nor organizations")
	}
	roles, positions, problems := file.roles()
	for _, p := range positions {
		if err := yield(table.Line{Row: table.Row{Position: p}}); err != nil {
			return err
		}
	}
	for _, list := range []struct {
		kind   fact.Kind
		things []popoloThing
	}{{fact.Organization, file.Organizations}, {fact.Person, file.Persons}} {
		if !o.wants(list.kind) {
			continue
		}
		for i := range list.things {
			e, problem := list.things[i].entity(list.kind, o)
			e.Roles = roles[e.ID]
			if problem == nil {
				problem = problems[e.ID]
			}
			if err := yield(table.Line{Row: table.Row{Entity: e}, Problem: problem}); err != nil {
				return err
			}
		}
	}
	return nil
}

// read reads the lists of the object, one item after the other.
func (f *popoloFile) read(in *Input) error {
	limited := &io.LimitedReader{R: in, N: maxPopolo + 1}
	d := json.NewDecoder(limited)
	err := eachMember(d, '{', func() error {
		key, err := d.Token()
		if err != nil {
			return err
		}
		list, known := map[any]func() error{
			"persons":       func() error { return held(f, d, &f.Persons) },
			"organizations": func() error { return held(f, d, &f.Organizations) },
			"memberships":   func() error { return held(f, d, &f.Memberships) },
			"posts":         func() error { return held(f, d, &f.Posts) },
			"events":        func() error { return held(f, d, &f.Events) },
		}[key]
		if !known {
			return d.Decode(new(json.RawMessage))
		}
		return eachMember(d, '[', list)
	})
	if limited.N <= 0 {
		return fmt.Errorf("holds more than %d bytes", maxPopolo)
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// eachMember calls visit at each member of the array or object that comes.
func eachMember(d *json.Decoder, opening json.Delim, visit func() error) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	if token == nil && opening == '[' {
		return nil // null for an empty list
	}
	if token != opening {
		return fmt.Errorf("at byte %d: %v instead of %q", d.InputOffset(), token, opening)
	}
	for d.More() {
		if err := visit(); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// held takes the next item of a list.
func held[T any](f *popoloFile, d *json.Decoder, to *[]T) error {
	if f.held++; f.held > maxPopoloThings {
		return fmt.Errorf("has more than %d persons, organizations, memberships, posts and events", maxPopoloThings)
	}
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil {
		return err
	}
	if p := tooLong(raw); p != nil {
		return fmt.Errorf("at byte %d: an item %s", d.InputOffset(), p.Reason)
	}
	var item T
	if err := json.Unmarshal(raw, &item); err != nil {
		return fmt.Errorf("at byte %d: %w", d.InputOffset(), err)
	}
	*to = append(*to, item)
	return nil
}

func (t *popoloThing) entity(kind fact.Kind, o *Options) (*fact.Entity, *table.Problem) {
	e := &fact.Entity{ID: t.ID, Kind: kind, Canonical: t.Name}
	var all names
	var w words
	all.add(t.Name, "", fact.Primary)
	for i, n := range t.OtherNames {
		as := fact.Alias
		if n.End != "" {
			as = fact.Former
		}
		if o.admits(n.Lang) {
			language := strings.ReplaceAll(n.Lang, "_", "-") // be_tarask
			all.dated(n.Name, language, as, w.date(fmt.Sprintf("other_names[%d].start_date", i), n.From), w.date(fmt.Sprintf("other_names[%d].end_date", i), n.End))
		}
	}
	e.Names = all.list
	var given once[fact.ExternalID]
	for _, x := range t.Identifiers {
		if id := (fact.ExternalID{Scheme: x.Scheme, Value: x.Identifier}); x.Scheme != "" && x.Identifier != "" && given.first(id) {
			e.External = append(e.External, id)
		}
	}
	return e, w.problem
}

// roles turns memberships into roles by person, and the positions they are at.
func (f *popoloFile) roles() (roles map[string][]fact.Role, positions []*fact.Position, problems map[string]*table.Problem) {
	roles, problems = make(map[string][]fact.Role), make(map[string]*table.Problem)
	known, given := make(map[string]bool), make(map[string]*once[fact.Role])
	add := func(p *fact.Position, title string) {
		if known[p.ID] {
			return
		}
		known[p.ID] = true
		if title != "" {
			p.Titles = []fact.Title{{Text: title}}
		}
		positions = append(positions, p)
	}
	for _, p := range f.Posts {
		add(&fact.Position{ID: p.ID, Organization: p.Organization}, p.Label)
	}
	periods := make(map[string]popoloEvent)
	for _, e := range f.Events {
		periods[e.ID] = e
	}
	for _, m := range f.Memberships {
		if p, ok := periods[m.Period]; ok {
			m.Start, m.End = cmp.Or(m.Start, p.Start), cmp.Or(m.End, p.End)
		}
		id := m.Post
		if id == "" {
			if m.Organization == "" || m.Role == "" {
				continue // says only that they belong together
			}
			id = m.Organization + ":" + slug(m.Role)
			add(&fact.Position{ID: id, Organization: m.Organization}, m.Role)
		}
		var w words
		role := fact.Role{Position: id, From: w.date("roles[0].from_date", m.Start), To: w.date("roles[0].to_date", m.End)}
		if w.problem != nil {
			problems[m.Person] = w.problem
		}
		if given[m.Person] == nil {
			given[m.Person] = new(once[fact.Role])
		}
		if given[m.Person].first(role) {
			roles[m.Person] = append(roles[m.Person], role)
		}
	}
	return roles, positions, problems
}
