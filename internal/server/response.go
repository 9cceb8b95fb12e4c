package server

import (
	"cmp"
	"slices"

	"onoma/resolver"
	"onoma/resolver/fact"
	"onoma/resolver/index"
	"onoma/resolver/name"

	onomav1 "onoma/proto/onoma/v1"
)

// readings are the domain's readings by the protocol's number.
var readings = [...]resolver.Reading{
	onomav1.Reading_READING_UNSPECIFIED: resolver.Auto,
	onomav1.Reading_READING_AUTO:        resolver.Auto,
	onomav1.Reading_READING_LITERAL:     resolver.Literal,
	onomav1.Reading_READING_METONYMIC:   resolver.Metonymic,
	onomav1.Reading_READING_DEMONYMIC:   resolver.Demonymic,
	onomav1.Reading_READING_TITULAR:     resolver.Titular,
}

var readingNumbers = [...]onomav1.Reading{
	resolver.Auto:      onomav1.Reading_READING_AUTO,
	resolver.Literal:   onomav1.Reading_READING_LITERAL,
	resolver.Metonymic: onomav1.Reading_READING_METONYMIC,
	resolver.Demonymic: onomav1.Reading_READING_DEMONYMIC,
	resolver.Titular:   onomav1.Reading_READING_TITULAR,
}

var outcomeNumbers = [...]onomav1.Outcome{
	resolver.NoMatch:   onomav1.Outcome_OUTCOME_NO_MATCH,
	resolver.Ambiguous: onomav1.Outcome_OUTCOME_AMBIGUOUS,
	resolver.Resolved:  onomav1.Outcome_OUTCOME_RESOLVED,
}

// scriptCodes are the ISO 15924 codes of the scripts that package name tells apart.
var scriptCodes = map[string]string{
	"Latin": "Latn", "Cyrillic": "Cyrl", "Greek": "Grek", "Armenian": "Armn", "Georgian": "Geor", "Hebrew": "Hebr",
	"Arabic": "Arab", "Syriac": "Syrc", "Thaana": "Thaa", "Devanagari": "Deva", "Bengali": "Beng", "Gurmukhi": "Guru",
	"Gujarati": "Gujr", "Oriya": "Orya", "Tamil": "Taml", "Telugu": "Telu", "Kannada": "Knda", "Malayalam": "Mlym",
	"Sinhala": "Sinh", "Thai": "Thai", "Lao": "Laoo", "Tibetan": "Tibt", "Burmese": "Mymr", "Khmer": "Khmr",
	"Mongolian": "Mong", "Ethiopic": "Ethi", "Cherokee": "Cher", "Hangul": "Hang", "Kana": "Jpan", "Han": "Hani",
	"Canadian": "Cans", "Nko": "Nkoo", "Olchiki": "Olck", "Meetei": "Mtei", "Gothic": "Goth", "Tifinagh": "Tfng", "Adlam": "Adlm", "Vai": "Vaii",
	"Mixed": "Zyyy", "Unknown": "Zzzz",
}

// answered builds the response to a query. The strings it holds belong to the
// table.
func answered(from *onomav1.Query, q *resolver.Query, a *resolver.Answer) *onomav1.ResolveResponse {
	response := &onomav1.ResolveResponse{
		Outcome:           outcomeNumbers[a.Outcome],
		TotalCandidates:   int32(a.Total),
		TableVersion:      int64(a.Version),
		NormalizerVersion: name.Version,
		AsOf:              q.AsOf.String(),
	}
	// One block for all candidates costs one allocation.
	type block struct {
		candidate onomav1.Candidate
		matched   onomav1.MatchedName
	}
	blocks := make([]block, len(a.Candidates))
	response.Candidates = make([]*onomav1.Candidate, len(a.Candidates))
	for i := range a.Candidates {
		b := &blocks[i]
		fillCandidate(&b.candidate, &b.matched, &a.Candidates[i], from.View, q)
		response.Candidates[i] = &b.candidate
	}
	for _, s := range a.Trace {
		response.Steps = append(response.Steps, &onomav1.Step{Stage: s.Stage, Text: s.Text, EntityId: s.Entity, Detail: s.Detail})
	}
	return response
}

func fillCandidate(to *onomav1.Candidate, matched *onomav1.MatchedName, c *resolver.Candidate, view onomav1.View, q *resolver.Query) {
	to.EntityId = c.Entity.ID()
	to.Kind = onomav1.EntityKind(c.Entity.Kind())
	to.NameRole = onomav1.NameRole(c.NameRole)
	to.Sector = onomav1.Sector(c.Sector)
	to.Reading = readingNumbers[c.Reading]
	to.Method = onomav1.Method(c.Method)
	to.Score = c.Score
	if c.Literal.Valid() {
		to.LiteralEntityId = c.Literal.ID()
	}
	if view == onomav1.View_VIEW_ID_ONLY {
		return
	}
	to.CanonicalName = c.Entity.Canonical()
	if c.Name.Valid() {
		fillMatchedName(matched, c.Name)
		to.MatchedName = matched
	}
	full := view == onomav1.View_VIEW_FULL || view == onomav1.View_VIEW_EXPLAIN
	to.Roles = roles(c.Entity, q.AsOf, q.Language, full)
	if c.Office != "" {
		slices.SortStableFunc(to.Roles, func(a, b *onomav1.Role) int {
			return cmp.Compare(named(b, c.Office), named(a, c.Office))
		})
	}
	if full {
		to.ExternalIds = externalIDs(c.Entity)
	}
	if view == onomav1.View_VIEW_EXPLAIN {
		for feature, value := range c.Features.Each {
			to.Features = append(to.Features, &onomav1.Feature{Name: feature, Value: value, Contribution: value})
		}
	}
}

func fillMatchedName(to *onomav1.MatchedName, n index.Name) {
	from, until := n.Validity()
	to.Text = n.Text()
	to.Language = n.Language()
	to.Script = scriptCodes[name.ScriptOf(n.Text()).String()]
	to.Kind = onomav1.NameKind(n.Kind())
	to.FromDate, to.ToDate = from.String(), until.String()
	to.Source = n.Source()
}

// current reports whether a role is held on asOf; without a day, whether its
// end is open.
func current(r index.Role, asOf fact.Date) bool {
	if asOf == 0 {
		return r.To == 0
	}
	return asOf.Within(r.From, r.To)
}

// roles returns the posts of an entity, the current ones or all: those held
// first, the weightiest office of them before others, then the latest start.
func roles(e index.Entity, asOf fact.Date, language string, all bool) []*onomav1.Role {
	var found []*onomav1.Role
	for i := range e.RoleCount() {
		r := e.Role(i)
		if held := current(r, asOf); held || all {
			role := &onomav1.Role{
				PositionId: r.Position.ID(), Office: r.Position.Office(),
				FromDate: r.From.String(), ToDate: r.To.String(), Current: held,
				Titles: titles(r.Position, language),
			}
			if j := r.Position.Jurisdiction(); j.Valid() {
				role.JurisdictionId = j.ID()
			}
			if o := r.Position.Organization(); o.Valid() {
				role.OrganizationId = o.ID()
			}
			found = append(found, role)
		}
	}
	slices.SortStableFunc(found, func(a, b *onomav1.Role) int {
		byStart := cmp.Compare(b.FromDate, a.FromDate)
		switch {
		case a.Current && b.Current:
			return cmp.Or(resolver.CompareOffices(a.Office, b.Office), byStart)
		case a.Current:
			return -1
		case b.Current:
			return 1
		}
		return byStart
	})
	return found
}

// named is 1 of a role in the office that the text names beside the person, and
// that is current.
func named(r *onomav1.Role, office string) int {
	if r.Current && r.Office == office {
		return 1
	}
	return 0
}

// titles returns the post's names, those in the language first, then English,
// then the others in the order of the table.
func titles(p index.Position, language string) []*onomav1.Title {
	found := make([]*onomav1.Title, p.TitleCount())
	for i := range found {
		t := p.Title(i)
		found[i] = &onomav1.Title{Text: t.Text, Language: t.Language}
	}
	rank := func(t *onomav1.Title) int {
		switch {
		case language != "" && resolver.SameLanguage(t.Language, language):
			return 0
		case resolver.SameLanguage(t.Language, "en"):
			return 1
		default:
			return 2
		}
	}
	slices.SortStableFunc(found, func(a, b *onomav1.Title) int { return cmp.Compare(rank(a), rank(b)) })
	return found
}

func externalIDs(e index.Entity) []*onomav1.ExternalId {
	ids := make([]*onomav1.ExternalId, e.ExternalCount())
	for i := range ids {
		x := e.External(i)
		ids[i] = &onomav1.ExternalId{Scheme: x.Scheme, Value: x.Value}
	}
	return ids
}

// entity builds the whole entity. Only names and titles in the languages are
// told, and those of no or of every language; no languages admit all.
func entity(e index.Entity, languages []string, asOf fact.Date) *onomav1.Entity {
	admits := func(tag string) bool {
		return len(languages) == 0 || tag == "" || tag == "mul" ||
			slices.ContainsFunc(languages, func(l string) bool { return resolver.SameLanguage(l, tag) })
	}
	prominence := e.Prominence()
	to := &onomav1.Entity{
		Id: e.ID(), Kind: onomav1.EntityKind(e.Kind()), CanonicalName: e.Canonical(),
		Roles: roles(e, asOf, "", true), ExternalIds: externalIDs(e), Prominence: &prominence,
	}
	for i := range e.NameCount() {
		n := e.Name(i)
		if !admits(n.Language()) {
			continue
		}
		from, until := n.Validity()
		to.Names = append(to.Names, &onomav1.Name{
			Text: n.Text(), Language: n.Language(), Script: scriptCodes[name.ScriptOf(n.Text()).String()],
			Kind: onomav1.NameKind(n.Kind()), FromDate: from.String(), ToDate: until.String(), Source: n.Source(),
		})
	}
	for i := range e.RelationCount() {
		r := e.Relation(i)
		to.Relations = append(to.Relations, &onomav1.Relation{
			Type: onomav1.RelationType(r.Type), TargetId: r.Target.ID(), TargetName: r.Target.Canonical(),
			Sector: onomav1.Sector(r.Sector), FromDate: r.From.String(), ToDate: r.To.String(),
		})
	}
	for _, r := range to.Roles {
		r.Titles = slices.DeleteFunc(r.Titles, func(t *onomav1.Title) bool { return !admits(t.Language) })
	}
	for id := range e.Redirects {
		to.FormerIds = append(to.FormerIds, id)
	}
	return to
}
