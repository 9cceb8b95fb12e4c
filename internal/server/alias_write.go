package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"google.golang.org/protobuf/proto"

	"onoma/internal/table"
	"onoma/internal/telemetry"
	"onoma/resolver/seed"

	onomav1 "onoma/proto/onoma/v1"
)

const (
	maxWriteItems = 1_000
	maxChunkRows  = 10_000
)

// write is what all writes have in common: the checks, the replay of an earlier
// call with the same request ID, and the answer.
type write struct {
	source, requestID, note string
	base                    *int64
	dryRun                  bool
	operation               table.Operation
	restore                 int64
}

func (c *checker) write(w *write) {
	if p := table.CheckSource(w.source); p != nil {
		c.fail("source", "%s %s", quote(p.Value), p.Reason)
	} else if w.source == seed.Source {
		c.fail("source", "%q is the server's own and refuses writes", w.source)
	}
	switch {
	case w.requestID == "" && !w.dryRun:
		c.fail("request_id", "is required unless dry_run is set")
	case len(w.requestID) > table.MaxRequestBytes:
		c.fail("request_id", "has %d bytes, the limit is %d", len(w.requestID), table.MaxRequestBytes)
	default:
		c.text("request_id", w.requestID)
	}
	if w.base != nil && *w.base < 0 {
		c.fail("base_version", "%d is negative", *w.base)
	}
	if len(w.note) > table.MaxNoteBytes {
		c.fail("note", "has %d bytes, the limit is %d", len(w.note), table.MaxNoteBytes)
	}
	c.text("note", w.note)
}

// problem notes what is wrong with a row of a unary write.
func (c *checker) problem(prefix string, p *table.Problem) {
	if p != nil {
		c.fail(prefix+"."+p.Field, "%s %s", quote(p.Value), p.Reason)
	}
}

// fingerprint tells one write from another.
func fingerprint(request proto.Message) string {
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(request)
	if err != nil {
		return ""
	}
	digest := sha256.Sum256(append([]byte(request.ProtoReflect().Descriptor().FullName()), body...))
	return hex.EncodeToString(digest[:])
}

// answerOf is what is remembered of a write.
func answerOf(r *table.Result) ([]byte, error) { return proto.Marshal(MessageOfResult(r)) }

// replayed reads what an earlier call with the same request ID answered.
func replayed(answer []byte) (*onomav1.WriteResult, error) {
	result := new(onomav1.WriteResult)
	if err := proto.Unmarshal(answer, result); err != nil {
		return nil, fmt.Errorf("remembered answer: %w", err)
	}
	result.Replayed = true
	return result, nil
}

// earlier returns what the request ID answered before, or nil.
func (s *aliasService) earlier(ctx context.Context, requestID, print string) (*onomav1.WriteResult, error) {
	if requestID == "" {
		return nil, nil
	}
	answer, err := s.mirror.Authority().Answered(ctx, requestID, print)
	if answer == nil || err != nil {
		return nil, err
	}
	return replayed(answer)
}

// ResultOf writes the result of a write as the contract has it: when the write was
// done before, what it answered then.
func ResultOf(r *table.Result) (*onomav1.WriteResult, error) {
	if r.Replayed {
		return replayed(r.Answer)
	}
	return MessageOfResult(r), nil
}

// publish does a checked unary write.
func (s *aliasService) publish(ctx context.Context, request proto.Message, w *write, rows []table.Row, remove []table.Key) (*onomav1.WriteResult, error) {
	defer telemetry.Stage(ctx, "publish").End()
	r, err := s.mirror.Write(ctx, table.Publish{
		Source: w.source, Operation: w.operation, Restore: w.restore, DryRun: w.dryRun, Base: w.base,
		Request: w.requestID, Fingerprint: fingerprint(request), Note: w.note,
	}, rows, remove, answerOf)
	if err != nil {
		return nil, err
	}
	return ResultOf(r)
}

func (s *aliasService) UpsertEntities(ctx context.Context, request *onomav1.UpsertEntitiesRequest) (*onomav1.UpsertEntitiesResponse, error) {
	if s.mirror == nil {
		return nil, errReadOnly
	}
	w := &write{source: request.Source, requestID: request.RequestId, note: request.Note, base: request.BaseVersion, dryRun: request.DryRun, operation: table.Upsert}
	var check checker
	check.write(w)
	if err := countOf("entities", len(request.Entities)+len(request.Positions), maxWriteItems); err != nil {
		return nil, err
	}
	seen := make(map[table.Key]bool)
	var rows []table.Row
	add := func(prefix string, from *onomav1.Row) {
		row, problem := RowOfMessage(from)
		if problem == nil {
			problem = row.Check()
		}
		check.problem(prefix, problem)
		if key := row.Key(); problem == nil && seen[key] {
			check.fail(prefix+".id", "%s has come before in this call", quote(key.ID))
		} else {
			seen[key] = true
		}
		rows = append(rows, row)
	}
	for i, e := range request.Entities {
		add(fmt.Sprintf("entities[%d]", i), &onomav1.Row{Fact: &onomav1.Row_Entity{Entity: e}})
	}
	for i, p := range request.Positions {
		add(fmt.Sprintf("positions[%d]", i), &onomav1.Row{Fact: &onomav1.Row_Position{Position: p}})
	}
	former := make(map[string]bool)
	for i, e := range request.Entities {
		for j, id := range e.FormerIds {
			if former[id] || seen[table.Key{Kind: table.EntityRow, ID: id}] {
				check.fail(fmt.Sprintf("entities[%d].former_ids[%d]", i, j), "%s is an entity in this call or a former ID of another: merges would go in circles", quote(id))
			}
		}
		for _, id := range e.FormerIds {
			former[id] = true
		}
	}
	if err := check.err(); err != nil {
		return nil, err
	}
	if had, err := s.earlier(ctx, w.requestID, fingerprint(request)); had != nil || err != nil {
		return &onomav1.UpsertEntitiesResponse{Result: had}, err
	}
	current := s.resolver.Table()
	for i, e := range request.Entities {
		for j, r := range e.Relations {
			if target, _ := current.Find(r.TargetId); !target.Valid() && !seen[table.Key{Kind: table.EntityRow, ID: r.TargetId}] {
				check.fail(fmt.Sprintf("entities[%d].relations[%d].target_id", i, j), "%s is neither in the table nor in the call", quote(r.TargetId))
			}
		}
	}
	if err := check.err(); err != nil {
		return nil, err
	}
	result, err := s.publish(ctx, request, w, rows, nil)
	return &onomav1.UpsertEntitiesResponse{Result: result}, err
}

func (s *aliasService) DeleteEntities(ctx context.Context, request *onomav1.DeleteEntitiesRequest) (*onomav1.DeleteEntitiesResponse, error) {
	if s.mirror == nil {
		return nil, errReadOnly
	}
	w := &write{source: request.Source, requestID: request.RequestId, note: request.Note, base: request.BaseVersion, dryRun: request.DryRun, operation: table.Delete}
	var check checker
	check.write(w)
	if err := countOf("entity_ids", len(request.EntityIds)+len(request.PositionIds), maxWriteItems); err != nil {
		return nil, err
	}
	missing := make(map[table.Key]bool)
	var keys []table.Key
	add := func(field string, kind table.RowKind, ids []string) {
		for i, id := range ids {
			check.id(fmt.Sprintf("%s[%d]", field, i), id)
			key := table.Key{Kind: kind, ID: id}
			if !missing[key] {
				missing[key] = true
				keys = append(keys, key)
			}
		}
	}
	add("entity_ids", table.EntityRow, request.EntityIds)
	add("position_ids", table.PositionRow, request.PositionIds)
	if err := check.err(); err != nil {
		return nil, err
	}
	if had, err := s.earlier(ctx, w.requestID, fingerprint(request)); had != nil || err != nil {
		return &onomav1.DeleteEntitiesResponse{Result: had}, err
	}
	if err := s.knownSource(ctx, w.source); err != nil {
		return nil, err
	}
	_, err := s.mirror.Authority().Current(ctx, keys, func(of string, row table.Encoded) error {
		if of == w.source {
			delete(missing, row.Key)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if missing[key] && !request.AllowMissing {
			return nil, &missingError{w.source, key.ID}
		}
	}
	if err := s.unreferred(request); err != nil {
		return nil, err
	}
	result, err := s.publish(ctx, request, w, nil, keys)
	return &onomav1.DeleteEntitiesResponse{Result: result}, err
}

// unreferred refuses to delete a position that somebody still holds, who is not
// deleted with it.
func (s *aliasService) unreferred(request *onomav1.DeleteEntitiesRequest) error {
	if len(request.PositionIds) == 0 {
		return nil
	}
	going, leaving := make(map[string]int), make(map[string]bool)
	for i, id := range request.PositionIds {
		going[id] = i
	}
	for _, id := range request.EntityIds {
		leaving[id] = true
	}
	var check checker
	for e := range s.resolver.Table().Index().After("") {
		for i := range e.RoleCount() {
			p := e.Role(i).Position.ID()
			if at, ok := going[p]; ok && !leaving[e.ID()] {
				check.fail(fmt.Sprintf("position_ids[%d]", at), "%s is still held by %s", quote(p), quote(e.ID()))
				delete(going, p)
			}
		}
	}
	return check.err()
}

func (s *aliasService) SetOverrides(ctx context.Context, request *onomav1.SetOverridesRequest) (*onomav1.SetOverridesResponse, error) {
	if s.mirror == nil {
		return nil, errReadOnly
	}
	w := &write{source: request.Source, requestID: request.RequestId, note: request.Note, base: request.BaseVersion, dryRun: request.DryRun, operation: table.SetOverride}
	var check checker
	check.write(w)
	if err := countOf("set", len(request.Set)+len(request.Remove), maxWriteItems); err != nil {
		return nil, err
	}
	seen := make(map[table.Key]bool)
	once := func(field string, key table.Key) {
		if seen[key] {
			check.fail(field, "its name and entity have come before in this call")
		}
		seen[key] = true
	}
	var rows []table.Row
	for i, o := range request.Set {
		field := fmt.Sprintf("set[%d]", i)
		row, problem := RowOfMessage(&onomav1.Row{Fact: &onomav1.Row_Override{Override: o}})
		if problem == nil {
			problem = row.Check()
		}
		check.problem(field, problem)
		once(field, row.Key())
		rows = append(rows, row)
	}
	var remove []table.Key
	for i, o := range request.Remove {
		field := fmt.Sprintf("remove[%d]", i)
		check.name(field+".name", o.GetName())
		check.id(field+".entity_id", o.GetEntityId())
		// The action does not matter: name and entity tell which.
		row, _ := RowOfMessage(&onomav1.Row{Fact: &onomav1.Row_Override{Override: o}})
		once(field, row.Key())
		remove = append(remove, row.Key())
	}
	if err := check.err(); err != nil {
		return nil, err
	}
	result, err := s.publish(ctx, request, w, rows, remove)
	return &onomav1.SetOverridesResponse{Result: result}, err
}

func (s *aliasService) Rollback(ctx context.Context, request *onomav1.RollbackRequest) (*onomav1.RollbackResponse, error) {
	if s.mirror == nil {
		return nil, errReadOnly
	}
	w := &write{source: request.Source, requestID: request.RequestId, note: request.Note, base: request.BaseVersion, dryRun: request.DryRun,
		operation: table.Rollback, restore: request.ToVersion}
	var check checker
	check.write(w)
	if request.ToVersion <= 0 {
		check.fail("to_version", "%d is not a version, which are positive", request.ToVersion)
	}
	if err := check.err(); err != nil {
		return nil, err
	}
	result, err := s.publish(ctx, request, w, nil, nil)
	return &onomav1.RollbackResponse{Result: result}, err
}

// knownSource refuses a source that nobody has written.
func (s *aliasService) knownSource(ctx context.Context, source string) error {
	_, err := s.mirror.Authority().Versions(ctx, table.VersionRange{Source: source, Limit: 1})
	return err
}
