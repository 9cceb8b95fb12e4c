package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"onoma/internal/telemetry"
	"onoma/resolver"
	"onoma/resolver/fact"
	"onoma/resolver/name"
	"onoma/resolver/seed"
	"onoma/resolver/text"

	onomav1 "onoma/proto/onoma/v1"
)

// annotators holds the annotator of the current table. It is made on first use:
// a server that is asked for names alone never pays for it.
type annotators struct {
	current atomic.Pointer[text.Annotator]
	making  sync.Mutex
	ahead   []*text.Annotator // of tables to come, at most two
	titles  func() (*text.Lexicon, error)
	work    sync.Pool // of *text.Annotation
	clock   func() time.Time
}

func newAnnotators() *annotators {
	return &annotators{
		titles: sync.OnceValues(func() (*text.Lexicon, error) {
			s, err := seed.Open()
			if err != nil {
				return nil, err
			}
			return text.NewLexicon(s.Offices()), nil
		}),
		work:  sync.Pool{New: func() any { return new(text.Annotation) }},
		clock: time.Now,
	}
}

// of returns the annotator of the table. Calls that meet a new table wait for
// one of them to make it, unless it was made before the table was asked.
func (a *annotators) of(t *resolver.Table) (*text.Annotator, error) {
	if current := a.current.Load(); current != nil && current.Table() == t {
		return current, nil
	}
	a.making.Lock()
	defer a.making.Unlock()
	current := a.current.Load()
	if current != nil && current.Table() == t {
		return current, nil
	}
	made := a.like(t)
	switch {
	case made == nil:
		titles, err := a.titles()
		if err != nil {
			return nil, fmt.Errorf("titles of offices: %w", err)
		}
		made = text.New(t, titles)
	case made.Table() != t:
		made = made.Next(t)
	}
	a.current.Store(made)
	// What was made ahead of another base goes with that base.
	a.ahead = slices.DeleteFunc(a.ahead, func(x *text.Annotator) bool { return !x.Under(t) })
	return made, nil
}

// readyFor returns what makes the annotator of the table, if it is not made yet.
func (a *annotators) readyFor(t *resolver.Table) func() error {
	return func() error {
		_, err := a.of(t)
		return err
	}
}

// like returns the annotator of the table, else one of the same base, else any; nil
// when there is none.
func (a *annotators) like(t *resolver.Table) (best *text.Annotator) {
	best = a.current.Load()
	for _, x := range a.ahead {
		if best == nil || x.Table() == t || best.Table() != t && x.Under(t) {
			best = x
		}
	}
	return best
}

// prepare makes the annotator of a table that will be asked for, if anybody has ever
// annotated.
func (a *annotators) prepare(t *resolver.Table) {
	if a.current.Load() == nil {
		return
	}
	a.making.Lock()
	from := a.like(t)
	a.making.Unlock()
	made := from.Next(t) // of a new base this takes long, and nobody waits for it
	a.making.Lock()
	defer a.making.Unlock()
	a.ahead = append(a.ahead[max(0, len(a.ahead)-1):], made)
}

// Annotate answers one document.
func (s *resolverService) Annotate(ctx context.Context, request *onomav1.AnnotateRequest) (*onomav1.AnnotateResponse, error) {
	return s.annotate(ctx, request.Document)
}

// annotateToWire is [resolverService.Annotate] for the transport.
func (s *resolverService) annotateToWire(ctx context.Context, request *onomav1.AnnotateRequest) (any, error) {
	k, err := s.document(ctx, request.Document)
	if err != nil {
		return nil, err
	}
	return k.wire(), nil
}

// StreamAnnotate answers documents in the order in which they come. A bad
// document fails alone.
func (s *resolverService) StreamAnnotate(stream grpc.BidiStreamingServer[onomav1.StreamAnnotateRequest, onomav1.StreamAnnotateResponse]) error {
	for {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := correlation(request.CorrelationId); err != nil {
			return err
		}
		response := &onomav1.StreamAnnotateResponse{CorrelationId: request.CorrelationId}
		result, err := s.annotate(stream.Context(), request.Document)
		switch {
		case stream.Context().Err() != nil:
			return stream.Context().Err()
		case err != nil:
			response.Outcome = &onomav1.StreamAnnotateResponse_Error{Error: asStatus(err).Proto()}
		default:
			response.Outcome = &onomav1.StreamAnnotateResponse_Result{Result: result}
		}
		if err := stream.Send(response); err != nil {
			return err
		}
	}
}

func (s *resolverService) annotate(ctx context.Context, from *onomav1.Document) (*onomav1.AnnotateResponse, error) {
	k, err := s.document(ctx, from)
	if err != nil {
		return nil, err
	}
	return k.read(new(onomav1.AnnotateResponse))
}

func (s *resolverService) document(ctx context.Context, from *onomav1.Document) (none kept[*onomav1.AnnotateResponse], err error) {
	if err := ctx.Err(); err != nil {
		return none, err
	}
	check := checker{prefix: "document."}
	var d text.Document
	check.document(from, &d)
	if err := check.err(); err != nil {
		return none, err
	}
	table := s.resolver.Table()
	if err := reached(table, from.MinTableVersion); err != nil {
		return none, err
	}
	if d.AsOf == 0 {
		d.AsOf = fact.DateOf(s.texts.clock().UTC())
	}
	return s.results.document(ctx, table, from, d.AsOf, s.texts.readyFor(table), func() (*onomav1.AnnotateResponse, error) {
		defer telemetry.Stage(ctx, "annotate").End()
		annotator, err := s.texts.of(table)
		if err != nil {
			return nil, err
		}
		work := s.texts.work.Get().(*text.Annotation)
		defer s.texts.work.Put(work)
		annotator.Annotate(&d, work)
		return annotated(from, &d, work, table), nil
	})
}

// resolve answers a query from the table, and from the text around the name
// where the caller gave it. A name that is a title stands for its holder.
func (s *resolverService) resolve(table *resolver.Table, from *onomav1.Query, q *resolver.Query, a *resolver.Answer) error {
	around := from.GetContext().GetText()
	if around == "" {
		table.Resolve(q, a)
		if a.Outcome != resolver.NoMatch && a.Candidates[0].Method <= resolver.Exact {
			return nil
		}
		return s.resolveTitle(table, q, a)
	}
	annotator, err := s.texts.of(table)
	if err != nil {
		return err
	}
	work := s.texts.work.Get().(*text.Annotation)
	defer s.texts.work.Put(work)
	start, end, found := spanOf(from)
	if !found {
		start, end = -1, -1
	}
	annotator.Resolve(q, around, start, end, work, a)
	return nil
}

// resolveTitle answers a query that is a title as a whole, and leaves the answer
// as it is otherwise.
func (s *resolverService) resolveTitle(table *resolver.Table, q *resolver.Query, a *resolver.Answer) error {
	titles, err := s.texts.titles()
	if err != nil {
		return fmt.Errorf("titles of offices: %w", err)
	}
	if !titles.MayHold(q.Name) {
		return nil
	}
	annotator, err := s.texts.of(table)
	if err != nil {
		return err
	}
	work := s.texts.work.Get().(*text.Annotation)
	defer s.texts.work.Put(work)
	annotator.Title(q, work, a)
	return nil
}

// explain puts into a what [resolverService.resolve] answers, with the table's
// steps to it, and tells what became of the entity with the ID. Where the text
// around the name, or a title that it is, changes the table's answer, a step says so.
func (s *resolverService) explain(table *resolver.Table, from *onomav1.Query, q *resolver.Query, entityID string, a *resolver.Answer) (resolver.Verdict, error) {
	verdict := table.Explain(q, entityID, a)
	steps := a.Trace
	before := append([]resolver.Candidate(nil), a.Candidates...)
	outcome := a.Outcome
	if err := s.resolve(table, from, q, a); err != nil {
		return verdict, err
	}
	a.Trace = steps
	if a.Outcome == outcome && slices.Equal(a.Candidates, before) {
		return verdict, nil
	}
	detail := "the name as a whole is a title: " + a.Outcome.String()
	if from.GetContext().GetText() != "" {
		detail = "weighed by the text around the name: " + a.Outcome.String()
	}
	a.Trace = append(a.Trace, resolver.Step{Stage: "context", Text: q.Name, Detail: detail})
	return verdictOf(table, entityID, a, verdict), nil
}

// verdictOf is the verdict on the entity in an answer that is no longer the
// table's, which was verdict.
func verdictOf(table *resolver.Table, entityID string, a *resolver.Answer, verdict resolver.Verdict) resolver.Verdict {
	e, _ := table.Find(entityID)
	if !e.Valid() {
		return verdict
	}
	rank := 1 + slices.IndexFunc(a.Candidates[:a.Total], func(c resolver.Candidate) bool { return c.Entity == e })
	switch {
	case rank == 1 && a.Outcome == resolver.Resolved:
		verdict = resolver.Verdict{Fate: resolver.Chosen, Rank: rank}
	case rank > 0:
		verdict = resolver.Verdict{Fate: resolver.Considered, Rank: rank}
	case verdict.Rank > 0:
		verdict = resolver.Verdict{Fate: resolver.LeftOut}
	}
	a.Trace = append(a.Trace, resolver.Step{Stage: "verdict", Entity: e.ID(), Detail: fmt.Sprintf("candidate %d of %d", rank, a.Total)})
	return verdict
}

// annotated builds the response to a document. The strings of candidates belong
// to the table, those of surfaces to the request.
func annotated(from *onomav1.Document, d *text.Document, found *text.Annotation, table *resolver.Table) *onomav1.AnnotateResponse {
	response := &onomav1.AnnotateResponse{
		Truncated: found.Truncated, Language: found.Language, AsOf: d.AsOf.String(),
		TableVersion: int64(table.Version()), NormalizerVersion: name.Version,
	}
	type block struct {
		mention onomav1.Mention
		span    onomav1.Span
	}
	q := &resolver.Query{Language: found.Language, AsOf: d.AsOf}
	blocks := make([]block, len(found.Mentions))
	response.Mentions = make([]*onomav1.Mention, len(found.Mentions))
	for i := range found.Mentions {
		m, b := &found.Mentions[i], &blocks[i]
		b.span.Start, b.span.End = int32(m.RuneStart), int32(m.RuneEnd)
		b.span.ByteStart, b.span.ByteEnd = int32(m.Start), int32(m.End)
		b.mention.Span, b.mention.Surface = &b.span, from.Text[m.Start:m.End]
		b.mention.Outcome = outcomeNumbers[m.Outcome]
		if m.Parent >= 0 {
			parent := int32(m.Parent)
			b.mention.Parent = &parent
		}
		for k := range m.Candidates {
			c := new(onomav1.Candidate)
			fillCandidate(c, new(onomav1.MatchedName), &m.Candidates[k], from.View, q)
			b.mention.Candidates = append(b.mention.Candidates, c)
		}
		response.Mentions[i] = &b.mention
	}
	return response
}
