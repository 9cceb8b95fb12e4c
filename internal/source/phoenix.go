package source

import (
	"fmt"
	"strconv"
	"strings"

	"onoma/internal/table"
	"onoma/resolver/fact"
)

// Actor dictionaries of event coding (TABARI, PETRARCH, Phoenix): names, one a
// line, then codes in brackets, each perhaps dated:
//
//	SECRETARY-GENERAL_BAN_KI-MOON
//	+BAN_KI-MOON
//		[IGOUNO >20070101]
//		[KORGOVBUS 2004017-20061201]
//
// An actor becomes phoenix:SLUG of its first name, with a number when several
// share it. Names are ALIAS but for the first. Each code becomes a role at the
// position cameo:CODE, with its dates, so that as_of tells which code held. An
// actor with a dated code is a PERSON, any other an ORGANIZATION. "<" is until,
// ">" since, with or without a space before. Years of two digits up to 30 are of
// this century. [---] says that nothing is coded: the actor has its names alone.
type phoenix struct {
	yield     Yield
	options   *Options
	line      int64
	names     []string
	roles     []fact.Role
	seen      map[string]int
	positions map[string]bool
	coded     bool // codes have come: the next name is another actor's
	problem   *table.Problem
}

func readPhoenix(in *Input, o *Options, yield Yield) error {
	p := &phoenix{yield: yield, options: o, seen: make(map[string]int), positions: make(map[string]bool)}
	err := in.eachLine(func(number int64, line []byte) error { return p.read(number, string(line)) },
		func(number int64, problem *table.Problem) error {
			return yield(table.Line{Number: number, Problem: problem})
		})
	if err != nil {
		return err
	}
	return p.flush()
}

func (p *phoenix) read(number int64, line string) error {
	if at := strings.IndexAny(line, "#"); at >= 0 {
		line = line[:at]
	}
	codes := ""
	if at := strings.IndexByte(line, '['); at >= 0 {
		line, codes = line[:at], line[at:]
	}
	name := strings.Join(strings.Fields(strings.ReplaceAll(cutComment(line), "_", " ")), " ")
	if name != "" {
		synonym := strings.HasPrefix(name, "+")
		if !synonym && p.coded {
			if err := p.flush(); err != nil {
				return err
			}
		}
		if len(p.names) == 0 {
			p.line = number
		}
		if len(p.names) <= table.MaxList { // one more is rejected
			p.names = append(p.names, strings.TrimSpace(strings.TrimPrefix(name, "+")))
		}
	}
	for codes != "" {
		var code string
		p.coded = true
		_, codes, _ = strings.Cut(codes, "[")
		code, codes, _ = strings.Cut(codes, "]")
		p.code(strings.TrimSpace(code))
		at := strings.IndexByte(codes, '[')
		if comment := strings.IndexByte(codes, ';'); at < 0 || comment >= 0 && comment < at {
			break
		}
		codes = codes[at:]
	}
	return nil
}

func cutComment(s string) string {
	s, _, _ = strings.Cut(s, ";")
	return s
}

const maxCode = 200

// datesApart parts a code from the date that it stands against.
var datesApart = strings.NewReplacer("<", " <", ">", " >")

// code reads "CODE", "CODE >DATE", "CODE <DATE" or "CODE DATE-DATE".
func (p *phoenix) code(s string) {
	if len(s) > maxCode {
		if p.problem == nil {
			p.problem = &table.Problem{Field: "roles", Value: clip(s), Reason: fmt.Sprintf("has %d bytes, the limit of a code and its dates is %d", len(s), maxCode)}
		}
		return
	}
	fields := strings.Fields(datesApart.Replace(s))
	if len(fields) == 0 || strings.Trim(fields[0], "-") == "" {
		return
	}
	role := fact.Role{Position: "cameo:" + fields[0]}
	when := strings.Join(fields[1:], "")
	var err error
	switch {
	case when == "":
	case when[0] == '>':
		role.From, err = phoenixDate(when[1:])
	case when[0] == '<':
		role.To, err = phoenixDate(when[1:])
	default:
		from, to, _ := strings.Cut(when, "-")
		if role.From, err = phoenixDate(from); err == nil {
			role.To, err = phoenixDate(to)
		}
	}
	if err != nil && p.problem == nil {
		p.problem = &table.Problem{Field: "roles", Value: s, Reason: err.Error()}
	}
	if len(p.roles) <= table.MaxList {
		p.roles = append(p.roles, role)
	}
}

// phoenixDate reads YYMMDD or YYYYMMDD.
func phoenixDate(s string) (fact.Date, error) {
	switch len(s) {
	case 6:
		century := "19"
		if s[:2] <= "30" {
			century = "20"
		}
		s = century + s
	case 8:
	default:
		return 0, fmt.Errorf("date %q is neither YYMMDD nor YYYYMMDD", s)
	}
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("date %q is neither YYMMDD nor YYYYMMDD", s)
	}
	return fact.NewDate(int(n/10000), int(n/100%100), int(n%100))
}

// flush hands on the actor that was read.
func (p *phoenix) flush() error {
	if len(p.names) == 0 {
		p.roles, p.problem, p.coded = nil, nil, false
		return nil
	}
	e := &fact.Entity{Kind: fact.Organization, Canonical: p.names[0], Roles: p.roles}
	e.ID = "phoenix:" + slug(p.names[0])
	if p.seen[e.ID]++; p.seen[e.ID] > 1 {
		e.ID = fmt.Sprintf("%s-%d", e.ID, p.seen[e.ID])
	}
	var all names
	for i, n := range p.names {
		kind := fact.Alias
		if i == 0 {
			kind = fact.Primary
		}
		all.add(n, "en", kind)
	}
	e.Names = all.list
	for _, r := range p.roles {
		if r.From != 0 || r.To != 0 {
			e.Kind = fact.Person
		}
	}
	line := table.Line{Number: p.line, Row: table.Row{Entity: e}, Problem: p.problem}
	roles := p.roles
	p.names, p.roles, p.problem, p.coded = nil, nil, nil, false
	if !p.options.wants(e.Kind) {
		return nil
	}
	for _, r := range roles {
		if !p.positions[r.Position] {
			p.positions[r.Position] = true
			if err := p.yield(table.Line{Number: line.Number, Row: table.Row{Position: &fact.Position{ID: r.Position}}}); err != nil {
				return err
			}
		}
	}
	return p.yield(line)
}
