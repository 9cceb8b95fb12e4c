package server

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"onoma/resolver"
	"onoma/resolver/index"
	"onoma/resolver/name"

	onomav1 "onoma/proto/onoma/v1"
)

// One name asked and answered is most of what a server does, and what it costs
// is mostly making messages. Here the request's message is used again, and the
// answer is written to its buffer as it is found, without the messages that
// generated code would write it from. [answered] says what an answer is; what is
// written here decodes to the same, which a test holds for every view.

// wireRequest is a request whose memory is used again. It goes back to its pool
// only when nothing else can hold on to it.
type wireRequest struct {
	message onomav1.ResolveRequest
	query   onomav1.Query
}

// clear makes the request ready to be decoded into. The query is there before it
// is decoded: one that is missing and an empty one are refused alike.
func (r *wireRequest) clear() *onomav1.ResolveRequest {
	r.message.Reset()
	r.query.Reset()
	r.message.Query = &r.query
	return &r.message
}

// wireAnswer is a ResolveResponse as it goes to the wire. [codec] hands its
// buffer to the transport, which gives it back when it is written.
type wireAnswer struct {
	buffer *[]byte
}

// answerBytes is the least size of a buffer: it holds most answers, and gRPC pools
// none of 1 KB or less.
const answerBytes = 2 << 10

// answerBuffers are the buffers of answers that went out.
type answerBuffers struct {
	pool sync.Pool // of *[]byte
}

// Get implements [mem.BufferPool].
func (p *answerBuffers) Get(length int) *[]byte {
	b, ok := p.pool.Get().(*[]byte)
	if !ok || cap(*b) < length {
		made := make([]byte, length, max(length, answerBytes))
		return &made
	}
	*b = (*b)[:length]
	return b
}

// Put implements [mem.BufferPool]. A buffer that a large answer made is left to
// the collector.
func (p *answerBuffers) Put(b *[]byte) {
	if cap(*b) <= 16*answerBytes {
		p.pool.Put(b)
	}
}

// written is an answer that is kept as it goes to the wire. Many may send it.
type written []byte

// description is the service as it is generated, but for the handlers of Resolve
// and Annotate.
func (s *resolverService) description(buffers *answerBuffers) *grpc.ServiceDesc {
	d := onomav1.ResolverService_ServiceDesc
	d.Methods = slices.Clone(d.Methods)
	for i := range d.Methods {
		switch d.Methods[i].MethodName {
		case "Resolve":
			d.Methods[i].Handler = s.wireHandler(buffers)
		case "Annotate":
			d.Methods[i].Handler = s.documentHandler()
		}
	}
	return &d
}

func (s *resolverService) wireHandler(buffers *answerBuffers) grpc.MethodHandler {
	requests := sync.Pool{New: func() any { return new(wireRequest) }}
	call := &grpc.UnaryServerInfo{Server: s, FullMethod: onomav1.ResolverService_Resolve_FullMethodName}
	handle := func(ctx context.Context, request any) (any, error) {
		return s.resolveToWire(ctx, request.(*onomav1.ResolveRequest), buffers)
	}
	return func(_ any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
		request := requests.Get().(*wireRequest)
		if err := decode(request); err != nil {
			return nil, err
		}
		response, err := intercept(ctx, &request.message, call, handle)
		// Who computes for the cache may still read the request when the call is over.
		if _, ok := response.(*wireAnswer); ok {
			requests.Put(request)
		}
		return response, err
	}
}

func (s *resolverService) documentHandler() grpc.MethodHandler {
	call := &grpc.UnaryServerInfo{Server: s, FullMethod: onomav1.ResolverService_Annotate_FullMethodName}
	handle := func(ctx context.Context, request any) (any, error) {
		return s.annotateToWire(ctx, request.(*onomav1.AnnotateRequest))
	}
	return func(_ any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
		request := new(onomav1.AnnotateRequest)
		if err := decode(request); err != nil {
			return nil, err
		}
		return intercept(ctx, request, call, handle)
	}
}

// resolveToWire is [resolverService.Resolve] for the transport: a *wireAnswer, or
// the message where one is made anyway, to be kept or explained.
func (s *resolverService) resolveToWire(ctx context.Context, request *onomav1.ResolveRequest, buffers *answerBuffers) (any, error) {
	table, from := s.resolver.Table(), request.Query
	var q resolver.Query
	if err := asked(ctx, table, from, "query.", &q); err != nil {
		return nil, err
	}
	if from.View == onomav1.View_VIEW_EXPLAIN || s.mayBeKept(from) {
		k, err := s.keptOr(ctx, table, from, &q)
		if err != nil {
			return nil, err
		}
		return k.wire(), nil
	}
	a := s.answers.Get().(*resolver.Answer)
	defer s.answers.Put(a)
	took, err := s.find(ctx, table, from, &q, a)
	if err != nil {
		return nil, err
	}
	if s.results != nil && !byKey(a) {
		response := answered(from, &q, a)
		s.results.keepName(table, from, a, response, took)
		return response, nil
	}
	buffer := buffers.Get(0)
	*buffer, err = appendAnswer(*buffer, from.View, &q, a)
	if err != nil {
		buffers.Put(buffer)
		return nil, fmt.Errorf("writing an answer: %w", err)
	}
	return &wireAnswer{buffer}, nil
}

// appendAnswer appends an answer in any view but EXPLAIN. Fields are those of
// ResolveResponse in resolver_service.proto.
func appendAnswer(b []byte, view onomav1.View, q *resolver.Query, a *resolver.Answer) ([]byte, error) {
	b = appendNumber(b, 1, uint64(outcomeNumbers[a.Outcome]))
	for i := range a.Candidates {
		b = protowire.AppendTag(b, 2, protowire.BytesType)
		start := len(b)
		var err error
		if b, err = appendCandidate(b, view, q, &a.Candidates[i]); err != nil {
			return b, err
		}
		b = insertLength(b, start)
	}
	b = appendNumber(b, 3, uint64(a.Total))
	b = appendNumber(b, 4, a.Version)
	b = appendNumber(b, 5, name.Version)
	if q.AsOf != 0 {
		b = appendText(b, 6, q.AsOf.String())
	}
	return b, nil
}

// appendCandidate appends the fields of a Candidate.
func appendCandidate(b []byte, view onomav1.View, q *resolver.Query, c *resolver.Candidate) (_ []byte, err error) {
	idsOnly, full := view == onomav1.View_VIEW_ID_ONLY, view == onomav1.View_VIEW_FULL
	b = appendText(b, 1, c.Entity.ID())
	if !idsOnly {
		b = appendText(b, 2, c.Entity.Canonical())
	}
	b = appendNumber(b, 3, uint64(c.Entity.Kind()))
	if full {
		for _, id := range externalIDs(c.Entity) {
			if b, err = appendMessage(b, 4, id); err != nil {
				return b, err
			}
		}
	}
	b = appendNumber(b, 5, uint64(c.NameRole))
	b = appendNumber(b, 6, uint64(c.Sector))
	if c.Literal.Valid() {
		b = appendText(b, 7, c.Literal.ID())
	}
	b = appendNumber(b, 8, uint64(readingNumbers[c.Reading]))
	if !idsOnly && c.Name.Valid() {
		b = protowire.AppendTag(b, 9, protowire.BytesType)
		start := len(b)
		b = insertLength(appendMatchedName(b, c.Name), start)
	}
	b = appendNumber(b, 10, uint64(c.Method))
	if bits := math.Float64bits(c.Score); bits != 0 {
		b = protowire.AppendFixed64(protowire.AppendTag(b, 11, protowire.Fixed64Type), bits)
	}
	if !idsOnly {
		for _, role := range roles(c.Entity, q.AsOf, q.Language, full) {
			if b, err = appendMessage(b, 13, role); err != nil {
				return b, err
			}
		}
	}
	return b, nil
}

// appendMatchedName appends the fields of a MatchedName.
func appendMatchedName(b []byte, n index.Name) []byte {
	text := n.Text()
	from, until := n.Validity()
	b = appendText(b, 1, text)
	b = appendText(b, 2, n.Language())
	b = appendText(b, 3, scriptCodes[name.ScriptOf(text).String()])
	b = appendNumber(b, 4, uint64(n.Kind()))
	if from != 0 {
		b = appendText(b, 5, from.String())
	}
	if until != 0 {
		b = appendText(b, 6, until.String())
	}
	return appendText(b, 7, n.Source())
}

// appendNumber appends a field that is a number or a value of an enumeration.
// Zero is what a field that is not there reads as.
func appendNumber(b []byte, field protowire.Number, n uint64) []byte {
	if n == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), n)
}

func appendText(b []byte, field protowire.Number, text string) []byte {
	if text == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), text)
}

func appendMessage(b []byte, field protowire.Number, m proto.Message) ([]byte, error) {
	b = protowire.AppendTag(b, field, protowire.BytesType)
	start := len(b)
	b, err := proto.MarshalOptions{}.MarshalAppend(b, m)
	return insertLength(b, start), err
}

// insertLength puts the length of what stands from start on before it. To move
// a hundred bytes costs less than to reckon their number first.
func insertLength(b []byte, start int) []byte {
	length := len(b) - start
	width := protowire.SizeVarint(uint64(length))
	for range width {
		b = append(b, 0)
	}
	copy(b[start+width:], b[start:start+length])
	protowire.AppendVarint(b[:start], uint64(length))
	return b
}
