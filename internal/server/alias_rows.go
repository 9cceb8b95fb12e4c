package server

import (
	"fmt"
	"strings"

	"onoma/internal/table"
	"onoma/resolver/fact"
	"onoma/resolver/name"

	onomav1 "onoma/proto/onoma/v1"
)

// rowReader turns rows of the contract into the domain's. It stops at the first
// thing that the domain has no word for; what the domain itself forbids, the
// table checks.
type rowReader struct {
	problem *table.Problem
}

// RowOfMessage reads a row of the contract. The problem is the first thing that
// the domain has no word for, or nil.
func RowOfMessage(from *onomav1.Row) (table.Row, *table.Problem) {
	var r rowReader
	var row table.Row
	switch fact := from.GetFact().(type) {
	case *onomav1.Row_Entity:
		row.Entity = r.entity(fact.Entity)
		row.Weighed = fact.Entity != nil && fact.Entity.Prominence != nil
	case *onomav1.Row_Position:
		row.Position = readPosition(fact.Position)
	case *onomav1.Row_Override:
		row.Override = r.override(fact.Override)
	}
	return row, r.problem
}

func (r *rowReader) fail(field, value, reason string) {
	if r.problem == nil {
		r.problem = &table.Problem{Field: field, Value: value, Reason: reason}
	}
}

func (r *rowReader) date(field, s string) fact.Date {
	d, err := fact.ParseDate(clip(s, 40))
	if err != nil {
		r.fail(field, s, "is not YYYY, YYYY-MM or YYYY-MM-DD")
	}
	return d
}

// wordOf reads an enumeration, whose numbers are the domain's own.
func wordOf[T ~uint8, E ~int32](r *rowReader, field string, e E, last T) T {
	if e < 0 || e > E(last) {
		r.fail(field, fmt.Sprint(int32(e)), fmt.Sprintf("is outside 0 to %d", last))
		return 0
	}
	return T(e)
}

// Fields of lists are named only where something is wrong.
func item(list string, i int, field string) string { return fmt.Sprintf("%s[%d].%s", list, i, field) }

func (r *rowReader) entity(from *onomav1.Entity) *fact.Entity {
	e := &fact.Entity{
		ID: from.GetId(), Kind: wordOf(r, "kind", from.GetKind(), fact.Other), Canonical: from.GetCanonicalName(),
		Prominence: from.GetProminence(), Redirects: from.GetFormerIds(),
	}
	if n := len(from.GetNames()); n > 0 {
		e.Names = make([]fact.Name, n)
	}
	for i, n := range from.GetNames() {
		to := &e.Names[i]
		to.Text, to.Language, to.Kind = n.GetText(), n.GetLanguage(), fact.Alias
		if n.GetKind() != onomav1.NameKind_NAME_KIND_UNSPECIFIED {
			to.Kind = fact.NameKind(min(max(n.Kind, 0), 255))
		}
		if n.GetFromDate() != "" || n.GetToDate() != "" {
			to.From, to.To = r.date(item("names", i, "from_date"), n.FromDate), r.date(item("names", i, "to_date"), n.ToDate)
		}
	}
	for i, x := range from.GetRelations() {
		e.Relations = append(e.Relations, fact.Relation{
			Type: wordOf(r, item("relations", i, "type"), x.GetType(), fact.SucceededBy), Target: x.GetTargetId(),
			Sector: wordOf(r, item("relations", i, "sector"), x.GetSector(), fact.Party),
			From:   r.date(item("relations", i, "from_date"), x.GetFromDate()), To: r.date(item("relations", i, "to_date"), x.GetToDate()),
		})
	}
	for i, x := range from.GetRoles() {
		e.Roles = append(e.Roles, fact.Role{Position: x.GetPositionId(),
			From: r.date(item("roles", i, "from_date"), x.GetFromDate()), To: r.date(item("roles", i, "to_date"), x.GetToDate())})
	}
	for _, x := range from.GetExternalIds() {
		e.External = append(e.External, fact.ExternalID{Scheme: x.GetScheme(), Value: x.GetValue()})
	}
	return e
}

func readPosition(from *onomav1.Position) *fact.Position {
	p := &fact.Position{ID: from.GetId(), Office: from.GetOffice(), Jurisdiction: from.GetJurisdictionId(), Organization: from.GetOrganizationId()}
	for _, t := range from.GetTitles() {
		p.Titles = append(p.Titles, fact.Title{Text: t.GetText(), Language: t.GetLanguage()})
	}
	return p
}

func (r *rowReader) override(from *onomav1.Override) *fact.Override {
	o := &fact.Override{Name: from.GetName(), Entity: from.GetEntityId(), Note: from.GetNote()}
	switch from.GetAction() {
	case onomav1.OverrideAction_OVERRIDE_ACTION_PIN:
	case onomav1.OverrideAction_OVERRIDE_ACTION_DENY:
		o.Deny = true
	default:
		r.fail("action", from.GetAction().String(), "is required: pin or deny")
	}
	return o
}

// MessageOfRow writes a row as the contract has it.
func MessageOfRow(row *table.Row) *onomav1.Row {
	switch {
	case row.Entity != nil:
		return &onomav1.Row{Fact: &onomav1.Row_Entity{Entity: writtenEntity(row.Entity, row.Weighed)}}
	case row.Position != nil:
		p := row.Position
		to := &onomav1.Position{Id: p.ID, Office: p.Office, JurisdictionId: p.Jurisdiction, OrganizationId: p.Organization}
		for _, t := range p.Titles {
			to.Titles = append(to.Titles, &onomav1.Title{Text: t.Text, Language: t.Language})
		}
		return &onomav1.Row{Fact: &onomav1.Row_Position{Position: to}}
	case row.Override == nil:
		return &onomav1.Row{} // as it was read: the server rejects it and names its line
	default:
		o := row.Override
		action := onomav1.OverrideAction_OVERRIDE_ACTION_PIN
		if o.Deny {
			action = onomav1.OverrideAction_OVERRIDE_ACTION_DENY
		}
		return &onomav1.Row{Fact: &onomav1.Row_Override{Override: &onomav1.Override{Name: o.Name, EntityId: o.Entity, Action: action, Note: o.Note}}}
	}
}

func writtenEntity(e *fact.Entity, weighed bool) *onomav1.Entity {
	to := &onomav1.Entity{Id: e.ID, Kind: onomav1.EntityKind(e.Kind), CanonicalName: e.Canonical, FormerIds: e.Redirects}
	if weighed || e.Prominence != 0 {
		to.Prominence = &e.Prominence
	}
	for _, n := range e.Names {
		to.Names = append(to.Names, &onomav1.Name{
			Text: n.Text, Language: n.Language, Script: scriptCodes[name.ScriptOf(n.Text).String()], Kind: onomav1.NameKind(n.Kind),
			FromDate: n.From.String(), ToDate: n.To.String(), Source: n.Source,
		})
	}
	for _, r := range e.Relations {
		to.Relations = append(to.Relations, &onomav1.Relation{Type: onomav1.RelationType(r.Type), TargetId: r.Target,
			Sector: onomav1.Sector(r.Sector), FromDate: r.From.String(), ToDate: r.To.String()})
	}
	for _, r := range e.Roles {
		to.Roles = append(to.Roles, &onomav1.Role{PositionId: r.Position, FromDate: r.From.String(), ToDate: r.To.String()})
	}
	for _, x := range e.External {
		to.ExternalIds = append(to.ExternalIds, &onomav1.ExternalId{Scheme: x.Scheme, Value: x.Value})
	}
	return to
}

// MessageOfResult writes what a write did as the contract has it.
func MessageOfResult(r *table.Result) *onomav1.WriteResult {
	to := &onomav1.WriteResult{
		TableVersion: r.Version, Published: r.New, RejectedCount: r.Rejected, ConflictCount: r.ConflictCount,
		Diff: &onomav1.Diff{Counts: counts(r.Counts)},
	}
	for _, c := range r.Changes {
		to.Diff.Changes = append(to.Diff.Changes, &onomav1.RowChange{Id: c.ID, Label: c.Label, Type: onomav1.ChangeType(c.Type), Fields: c.Fields})
	}
	for _, x := range r.Rejections {
		to.Rejections = append(to.Rejections, &onomav1.Rejection{File: x.File, Line: x.Line, Id: valid(x.ID), Field: x.Field, Value: valid(x.Value), Reason: x.Reason})
	}
	for _, c := range r.Conflicts {
		to.Conflicts = append(to.Conflicts, &onomav1.NameConflict{Name: c.Name, EntityIds: c.IDs})
	}
	return to
}

// valid makes a rejected value one that a message may carry.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func counts(c table.Counts) *onomav1.ChangeCounts {
	return &onomav1.ChangeCounts{Added: c.Added, Changed: c.Changed, Removed: c.Removed, Unchanged: c.Unchanged}
}
