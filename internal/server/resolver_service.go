package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"

	"onoma/internal/telemetry"
	"onoma/resolver"

	onomav1 "onoma/proto/onoma/v1"
)

// resolverService answers reads from the resolver's current table. Every call
// takes the table once, so that one answer never mixes two versions.
type resolverService struct {
	onomav1.UnimplementedResolverServiceServer
	resolver *resolver.Resolver
	metrics  *telemetry.Metrics
	traced   bool      // whether contexts may hold spans, which takes time to ask
	answers  sync.Pool // of *resolver.Answer
	texts    *annotators
	results  *results // nil: nothing is kept
}

func newResolverService(r *resolver.Resolver, m *telemetry.Metrics) *resolverService {
	return &resolverService{
		resolver: r, metrics: m, answers: sync.Pool{New: func() any { return new(resolver.Answer) }}, texts: newAnnotators(),
	}
}

// Resolve answers one query. The transport answers with [resolverService.resolveToWire].
func (s *resolverService) Resolve(ctx context.Context, request *onomav1.ResolveRequest) (*onomav1.ResolveResponse, error) {
	return s.item(ctx, s.resolver.Table(), request.Query, "query.")
}

// item checks one query and answers it from the table. prefix names the query in
// errors.
func (s *resolverService) item(ctx context.Context, table *resolver.Table, from *onomav1.Query, prefix string) (*onomav1.ResolveResponse, error) {
	var q resolver.Query
	if err := asked(ctx, table, from, prefix, &q); err != nil {
		return nil, err
	}
	return s.answer(ctx, table, from, &q)
}

// asked reads a query into q, or says why it is not answered.
func asked(ctx context.Context, table *resolver.Table, from *onomav1.Query, prefix string, q *resolver.Query) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	check := checker{prefix: prefix}
	check.query(from, q)
	if err := check.err(); err != nil {
		return err
	}
	return reached(table, from.MinTableVersion)
}

// mayBeKept reports whether the answer should be looked up before it is computed.
func (s *resolverService) mayBeKept(from *onomav1.Query) bool {
	return s.results != nil && (from.GetContext().GetText() != "" || s.results.known(from.Name))
}

// answer answers a checked query: what is kept, or else from the table.
func (s *resolverService) answer(ctx context.Context, table *resolver.Table, from *onomav1.Query, q *resolver.Query) (*onomav1.ResolveResponse, error) {
	k, err := s.keptOr(ctx, table, from, q)
	if err != nil {
		return nil, err
	}
	return k.read(new(onomav1.ResolveResponse))
}

func (s *resolverService) keptOr(ctx context.Context, table *resolver.Table, from *onomav1.Query, q *resolver.Query) (k kept[*onomav1.ResolveResponse], err error) {
	compute := func() (*onomav1.ResolveResponse, error) { return s.compute(ctx, table, from, q) }
	if from.View != onomav1.View_VIEW_EXPLAIN && s.mayBeKept(from) {
		if from.GetContext().GetText() != "" {
			return s.results.inText(ctx, table, from, s.texts.readyFor(table), compute)
		}
		if k.value = s.results.name(table, from); k.value != nil {
			return k, nil
		}
	}
	k.message, err = compute()
	k.made = true
	return k, err
}

// compute answers a checked query from the table.
func (s *resolverService) compute(ctx context.Context, table *resolver.Table, from *onomav1.Query, q *resolver.Query) (*onomav1.ResolveResponse, error) {
	a := s.answers.Get().(*resolver.Answer)
	defer s.answers.Put(a)
	if from.View == onomav1.View_VIEW_EXPLAIN {
		if _, err := s.explain(table, from, q, "", a); err != nil {
			return nil, err
		}
		s.metrics.Answered(a, 0, "")
		return answered(from, q, a), nil
	}
	took, err := s.find(ctx, table, from, q, a)
	if err != nil {
		return nil, err
	}
	response := answered(from, q, a)
	if s.results != nil && from.GetContext().GetText() == "" {
		s.results.keepName(table, from, a, response, took)
	}
	return response, nil
}

// find puts the answer to a checked query into a and counts it. took is 0 when
// it was not timed.
func (s *resolverService) find(ctx context.Context, table *resolver.Table, from *onomav1.Query, q *resolver.Query, a *resolver.Answer) (took time.Duration, err error) {
	var span telemetry.Span
	if s.traced {
		span = telemetry.Stage(ctx, "resolve")
		defer span.End()
	}
	if s.metrics.Timed() || span.Recorded() {
		start := time.Now()
		err = s.resolve(table, from, q, a)
		took = time.Since(start)
	} else {
		err = s.resolve(table, from, q, a)
	}
	if err != nil {
		return 0, err
	}
	s.metrics.Answered(a, took, span.Trace())
	if span.Recorded() {
		outcome, method := telemetry.Words(a)
		span.Text("onoma.outcome", outcome)
		span.Text("onoma.method", method)
		span.Number("onoma.candidates", int64(len(a.Candidates)))
		span.Number("onoma.table_version", int64(a.Version))
	}
	return took, nil
}

// byKey reports whether a key of the table found the answer, so that it is not
// worth keeping.
func byKey(a *resolver.Answer) bool {
	return len(a.Candidates) > 0 && a.Candidates[0].Method <= resolver.Inflected
}

// reached fails when the table is older than the version that must answer.
func reached(table *resolver.Table, version int64) error {
	if have := int64(table.Version()); have < version {
		return &staleError{asked: version, have: have}
	}
	return nil
}

func (s *resolverService) BatchResolve(ctx context.Context, request *onomav1.BatchResolveRequest) (*onomav1.BatchResolveResponse, error) {
	if err := countOf("queries", len(request.Queries), maxBatchQueries); err != nil {
		return nil, err
	}
	table := s.resolver.Table()
	items, err := s.items(ctx, table, request.Queries)
	if err != nil {
		return nil, err
	}
	return &onomav1.BatchResolveResponse{Items: items, TableVersion: int64(table.Version())}, nil
}

// correlation checks the caller's ID of a message of a stream.
func correlation(id string) error {
	var check checker
	if n := len(id); n > maxCorrelationBytes {
		check.fail("correlation_id", "has %d bytes, the limit is %d", n, maxCorrelationBytes)
	}
	return check.err()
}

// countOf checks the number of things that one message asks for.
func countOf(field string, n, limit int) error {
	var check checker
	switch {
	case n == 0:
		check.fail(field, "is empty, at least 1 item is required")
	case n > limit:
		check.fail(field, "has %d items, the limit is %d", n, limit)
	}
	return check.err()
}

// items answers the queries in order. A bad query fails alone; a caller that is
// gone or out of time ends the whole.
func (s *resolverService) items(ctx context.Context, table *resolver.Table, queries []*onomav1.Query) ([]*onomav1.ResolveItem, error) {
	s.metrics.Batch(len(queries))
	if s.traced {
		span := telemetry.Stage(ctx, "batch")
		defer span.End()
		span.Number("onoma.queries", int64(len(queries)))
		ctx = telemetry.Untraced(ctx)
	}
	items := make([]*onomav1.ResolveItem, len(queries))
	for i, q := range queries {
		result, err := s.item(ctx, table, q, fmt.Sprintf("queries[%d].", i))
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			items[i] = &onomav1.ResolveItem{Outcome: &onomav1.ResolveItem_Error{Error: asStatus(err).Proto()}}
		default:
			items[i] = &onomav1.ResolveItem{Outcome: &onomav1.ResolveItem_Result{Result: result}}
		}
	}
	return items, nil
}

func (s *resolverService) StreamResolve(stream grpc.BidiStreamingServer[onomav1.StreamResolveRequest, onomav1.StreamResolveResponse]) error {
	for {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := countOf("queries", len(request.Queries), maxStreamQueries); err != nil {
			return err
		}
		if err := correlation(request.CorrelationId); err != nil {
			return err
		}
		table := s.resolver.Table()
		items, err := s.items(stream.Context(), table, request.Queries)
		if err != nil {
			return err
		}
		err = stream.Send(&onomav1.StreamResolveResponse{
			CorrelationId: request.CorrelationId, Items: items, TableVersion: int64(table.Version()),
		})
		if err != nil {
			return err
		}
	}
}

func (s *resolverService) Explain(_ context.Context, request *onomav1.ExplainRequest) (*onomav1.ExplainResponse, error) {
	var q resolver.Query
	check := checker{prefix: "query."}
	check.query(request.Query, &q)
	check.prefix = ""
	if request.EntityId != "" {
		check.id("entity_id", request.EntityId)
	}
	if err := check.err(); err != nil {
		return nil, err
	}
	table := s.resolver.Table()
	if err := reached(table, request.Query.MinTableVersion); err != nil {
		return nil, err
	}
	if request.EntityId != "" {
		if e, _ := table.Find(request.EntityId); !e.Valid() {
			return nil, &unknownEntityError{request.EntityId}
		}
	}
	var a resolver.Answer
	verdict, err := s.explain(table, request.Query, &q, request.EntityId, &a)
	if err != nil {
		return nil, err
	}
	return &onomav1.ExplainResponse{
		Result:  answered(&onomav1.Query{View: onomav1.View_VIEW_EXPLAIN}, &q, &a),
		Verdict: onomav1.Verdict(verdict.Fate),
		Rank:    int32(verdict.Rank),
	}, nil
}

func (s *resolverService) GetEntity(_ context.Context, request *onomav1.GetEntityRequest) (*onomav1.GetEntityResponse, error) {
	var check checker
	check.id("entity_id", request.EntityId)
	asOf := check.asOf(request.AsOf)
	check.languages(request.Languages)
	if err := check.err(); err != nil {
		return nil, err
	}
	table := s.resolver.Table()
	if err := reached(table, request.MinTableVersion); err != nil {
		return nil, err
	}
	e, redirected := table.Find(request.EntityId)
	if !e.Valid() {
		return nil, &unknownEntityError{request.EntityId}
	}
	response := &onomav1.GetEntityResponse{Entity: entity(e, request.Languages, asOf), TableVersion: int64(table.Version())}
	if redirected {
		response.RedirectedFrom = request.EntityId
	}
	return response, nil
}

func (s *resolverService) BatchGetEntities(ctx context.Context, request *onomav1.BatchGetEntitiesRequest) (*onomav1.BatchGetEntitiesResponse, error) {
	if err := countOf("entity_ids", len(request.EntityIds), maxBatchEntities); err != nil {
		return nil, err
	}
	var check checker
	asOf := check.asOf(request.AsOf)
	check.languages(request.Languages)
	if err := check.err(); err != nil {
		return nil, err
	}
	table := s.resolver.Table()
	if err := reached(table, request.MinTableVersion); err != nil {
		return nil, err
	}
	items := make([]*onomav1.EntityItem, len(request.EntityIds))
	for i, id := range request.EntityIds {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		items[i] = new(onomav1.EntityItem)
		var check checker
		check.id(fmt.Sprintf("entity_ids[%d]", i), id)
		err := check.err()
		if err == nil {
			e, redirected := table.Find(id)
			if e.Valid() {
				items[i].Outcome = &onomav1.EntityItem_Entity{Entity: entity(e, request.Languages, asOf)}
				if redirected {
					items[i].RedirectedFrom = id
				}
				continue
			}
			err = &unknownEntityError{id}
		}
		items[i].Outcome = &onomav1.EntityItem_Error{Error: asStatus(err).Proto()}
	}
	return &onomav1.BatchGetEntitiesResponse{Items: items, TableVersion: int64(table.Version())}, nil
}

func (s *resolverService) SearchEntities(_ context.Context, request *onomav1.SearchEntitiesRequest) (*onomav1.SearchEntitiesResponse, error) {
	var check checker
	prefix := check.name("prefix", request.Prefix)
	kinds := check.kinds(request.Kinds)
	language := check.language("language", request.Language)
	limit := check.count("limit", request.Limit, maxSearchHits)
	if err := check.err(); err != nil {
		return nil, err
	}
	table := s.resolver.Table()
	if err := reached(table, request.MinTableVersion); err != nil {
		return nil, err
	}
	if limit == 0 {
		limit = defaultSearchHits
	}
	response := &onomav1.SearchEntitiesResponse{TableVersion: int64(table.Version())}
	for _, hit := range table.Search(prefix, kinds, language, limit) {
		matched := new(onomav1.MatchedName)
		fillMatchedName(matched, hit.Name)
		response.Hits = append(response.Hits, &onomav1.SearchHit{
			EntityId: hit.Entity.ID(), CanonicalName: hit.Entity.Canonical(), Kind: onomav1.EntityKind(hit.Entity.Kind()),
			MatchedName: matched, Prominence: hit.Entity.Prominence(),
		})
	}
	return response, nil
}
