package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"onoma/internal/server"
	"onoma/resolver"
	"onoma/resolver/fact"
	"onoma/resolver/index"

	onomav1 "onoma/proto/onoma/v1"
)

// testTable holds enough to answer in each way.
func testTable(t testing.TB) *resolver.Table {
	t.Helper()
	var b index.Builder
	named := func(texts ...string) (names []fact.Name) {
		for _, text := range texts {
			names = append(names, fact.Name{Text: text, Language: "en", Kind: fact.Alias, Source: "test"})
		}
		return names
	}
	b.Add(fact.Entity{ID: "Q159", Kind: fact.Country, Canonical: "Russia", Prominence: .97, Names: named("Russia"),
		External: []fact.ExternalID{{Scheme: "iso3166-1", Value: "RU"}}, Redirects: []string{"Q1590"}})
	b.Add(fact.Entity{ID: "Q649", Kind: fact.Place, Canonical: "Moscow", Prominence: .9, Names: named("Moscow", "Mosca"),
		Relations: []fact.Relation{{Type: fact.CapitalOf, Target: "Q159"}}})
	b.Add(fact.Entity{ID: "Q230", Kind: fact.Country, Canonical: "Georgia", Prominence: .8, Names: named("Georgia")})
	b.Add(fact.Entity{ID: "Q1428", Kind: fact.Region, Canonical: "Georgia", Prominence: .78, Names: named("Georgia")})
	b.Add(fact.Entity{ID: "Q7747", Kind: fact.Person, Canonical: "Vladimir Putin", Prominence: .8, Names: named("Vladimir Putin"),
		Roles: []fact.Role{{Position: "Q1", From: 1999 << 9, To: 2000 << 9}, {Position: "Q2", From: 2012 << 9}}})
	b.AddPosition(fact.Position{ID: "Q1", Office: "head_of_government", Jurisdiction: "Q159", Titles: []fact.Title{{Text: "Prime Minister", Language: "en"}}})
	b.AddPosition(fact.Position{ID: "Q2", Office: "head_of_state", Jurisdiction: "Q159", Titles: []fact.Title{{Text: "President", Language: "en"}, {Text: "presidente", Language: "it"}}})
	x, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return resolver.NewTable(x, 7, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), nil)
}

// start serves the table on loopback until the test ends. Unless the test is
// about admission no call is shed, however busy the machine.
func start(t testing.TB, options server.Options) (*server.Server, *grpc.ClientConn) {
	t.Helper()
	if options.Resolver == nil {
		options.Resolver = resolver.New(testTable(t))
	}
	if options.Admission.Target == 0 {
		options.Admission = server.AdmissionOptions{Target: time.Minute, Interval: time.Minute}
	}
	s, err := server.New(options)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.Drain(ctx, 0); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return s, conn
}

func TestResolveAnswersWhole(t *testing.T) {
	_, conn := start(t, server.Options{})
	client := onomav1.NewResolverServiceClient(conn)
	got, err := client.Resolve(t.Context(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Mosca", View: onomav1.View_VIEW_FULL, AsOf: "2024-10"}})
	if err != nil {
		t.Fatal(err)
	}
	want := &onomav1.ResolveResponse{
		Outcome: onomav1.Outcome_OUTCOME_RESOLVED, TotalCandidates: 1, TableVersion: 7, NormalizerVersion: got.NormalizerVersion, AsOf: "2024-10",
		Candidates: []*onomav1.Candidate{{
			EntityId: "Q159", CanonicalName: "Russia", Kind: onomav1.EntityKind_ENTITY_KIND_COUNTRY,
			ExternalIds: []*onomav1.ExternalId{{Scheme: "iso3166-1", Value: "RU"}},
			NameRole:    onomav1.NameRole_NAME_ROLE_METONYM, Sector: onomav1.Sector_SECTOR_GOVERNMENT, LiteralEntityId: "Q649",
			Reading: onomav1.Reading_READING_METONYMIC, Method: onomav1.Method_METHOD_EXACT, Score: got.Candidates[0].Score,
			MatchedName: &onomav1.MatchedName{Text: "Mosca", Language: "en", Script: "Latn", Kind: onomav1.NameKind_NAME_KIND_ALIAS, Source: "test"},
		}},
	}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got.NormalizerVersion == 0 || got.Candidates[0].Score < .99 {
		t.Errorf("normaliser %d, score %f", got.NormalizerVersion, got.Candidates[0].Score)
	}
}

func TestRolesFollowAsOf(t *testing.T) {
	_, conn := start(t, server.Options{})
	client := onomav1.NewResolverServiceClient(conn)
	for _, test := range []struct {
		asOf string
		view onomav1.View
		want string
	}{
		{"", onomav1.View_VIEW_BASIC, "presidente 2012 to  current"},
		{"2024", onomav1.View_VIEW_BASIC, "presidente 2012 to  current"},
		{"1999-12-31", onomav1.View_VIEW_BASIC, "Prime Minister 1999 to 2000 current"},
		{"2005", onomav1.View_VIEW_BASIC, ""},
		{"2005", onomav1.View_VIEW_FULL, "presidente 2012 to ; Prime Minister 1999 to 2000"},
		{"2024", onomav1.View_VIEW_ID_ONLY, ""},
	} {
		r, err := client.Resolve(t.Context(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "vladimir putin", AsOf: test.asOf, View: test.view, Language: "it"}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, role := range r.Candidates[0].Roles {
			line := fmt.Sprintf("%s %s to %s", role.Titles[0].Text, role.FromDate, role.ToDate)
			if role.Current {
				line += " current"
			}
			got = append(got, line)
		}
		if strings.Join(got, "; ") != test.want {
			t.Errorf("as_of %q, %s: %q, want %q", test.asOf, test.view, got, test.want)
		}
	}
}

// TestBadRequests holds that each bad field is named with its value or limit.
func TestBadRequests(t *testing.T) {
	_, conn := start(t, server.Options{})
	client := onomav1.NewResolverServiceClient(conn)
	alias := onomav1.NewAliasServiceClient(conn)
	query := func(q *onomav1.Query) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := client.Resolve(ctx, &onomav1.ResolveRequest{Query: q})
			return err
		}
	}
	negative, nan := -0.5, 2.0
	for _, test := range []struct {
		name, field, says string
		call              func(context.Context) error
	}{
		{"no query", "query.name", "is required", query(nil)},
		{"empty", "query.name", "is required", query(&onomav1.Query{})},
		{"blank", "query.name", "nothing visible", query(&onomav1.Query{Name: " \t\n "})},
		{"joiners only", "query.name", "nothing visible", query(&onomav1.Query{Name: "\u200b\u200d\u2060\ufeff\u00ad"})},
		{"NUL", "query.name", "U+0000 at byte 3", query(&onomav1.Query{Name: "Mos\x00ca"})},
		{"control", "query.name", "U+0085", query(&onomav1.Query{Name: "Mos\u0085ca"})},
		{"bidi override", "query.name", "U+202E", query(&onomav1.Query{Name: "\u202eacsoM"})},
		{"1 MB", "query.name", "1048576 bytes, the limit is 1024", query(&onomav1.Query{Name: strings.Repeat("a", 1<<20)})},
		{"kind", "query.kinds[1]", "99 is not an entity kind", query(&onomav1.Query{Name: "a", Kinds: []onomav1.EntityKind{1, 99}})},
		{"reading", "query.reading", "-3 is not a reading", query(&onomav1.Query{Name: "a", Reading: -3})},
		{"view", "query.view", "77 is not a view", query(&onomav1.Query{Name: "a", View: 77})},
		{"month 13", "query.as_of", `"2024-13-45"`, query(&onomav1.Query{Name: "a", AsOf: "2024-13-45"})},
		{"no date", "query.as_of", "YYYY-MM-DD", query(&onomav1.Query{Name: "a", AsOf: "yesterday"})},
		{"limit", "query.limit", "-1 is outside 0 to 100", query(&onomav1.Query{Name: "a", Limit: -1})},
		{"score", "query.min_score", "-0.5 is outside 0 to 1", query(&onomav1.Query{Name: "a", MinScore: &negative})},
		{"margin", "query.min_margin", "2 is outside 0 to 1", query(&onomav1.Query{Name: "a", MinMargin: &nan})},
		{"language", "query.language", `"it it"`, query(&onomav1.Query{Name: "a", Language: "it it"})},
		{"version", "query.min_table_version", "-1 is negative", query(&onomav1.Query{Name: "a", MinTableVersion: -1})},
		{"countries", "query.country_ids", "has 33 items, the limit is 32", query(&onomav1.Query{Name: "a", CountryIds: make([]string, 33)})},
		{"co-mention", "query.context.co_mentions[0]", "is required", query(&onomav1.Query{Name: "a", Context: &onomav1.Context{CoMentions: []string{""}}})},
		{"empty batch", "queries", "at least 1", func(ctx context.Context) error {
			_, err := client.BatchResolve(ctx, &onomav1.BatchResolveRequest{})
			return err
		}},
		{"100,001 items", "queries", "has 100001 items, the limit is 10000", func(ctx context.Context) error {
			queries := make([]*onomav1.Query, 100_001)
			for i := range queries {
				queries[i] = &onomav1.Query{Name: "a"}
			}
			_, err := client.BatchResolve(ctx, &onomav1.BatchResolveRequest{Queries: queries})
			return err
		}},
		{"entity id", "entity_id", "is required", func(ctx context.Context) error {
			_, err := client.GetEntity(ctx, &onomav1.GetEntityRequest{})
			return err
		}},
		{"prefix", "prefix", "is required", func(ctx context.Context) error {
			_, err := client.SearchEntities(ctx, &onomav1.SearchEntitiesRequest{})
			return err
		}},
		{"page token", "page_token", `"*"`, func(ctx context.Context) error {
			_, err := alias.ListEntities(ctx, &onomav1.ListEntitiesRequest{PageToken: "*"})
			return err
		}},
		{"page size", "page_size", "-2 is outside 0 to 1000", func(ctx context.Context) error {
			_, err := alias.ListEntities(ctx, &onomav1.ListEntitiesRequest{PageSize: -2})
			return err
		}},
	} {
		t.Run(test.name, func(t *testing.T) { wantViolation(t, test.call(t.Context()), test.field, test.says) })
	}
}

func wantViolation(t *testing.T, err error, field, says string) {
	t.Helper()
	s := status.Convert(err)
	if s.Code() != codes.InvalidArgument {
		t.Fatalf("status %v, want InvalidArgument", s)
	}
	var reason string
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			reason = d.Reason
		case *errdetails.BadRequest:
			for _, v := range d.FieldViolations {
				if v.Field == field && strings.Contains(v.Description, says) {
					if reason != "INVALID_FIELD" {
						t.Errorf("reason %q", reason)
					}
					return
				}
			}
		}
	}
	t.Errorf("no violation of %s that says %q in %v %v", field, says, s.Message(), s.Details())
}

// rawCodec sends bytes as they are.
type rawCodec struct{}

func (rawCodec) Marshal(v any) ([]byte, error)      { return *v.(*[]byte), nil }
func (rawCodec) Unmarshal(data []byte, v any) error { *v.(*[]byte) = bytes.Clone(data); return nil }
func (rawCodec) Name() string                       { return "proto" }

func TestInvalidUTF8NamesTheField(t *testing.T) {
	_, conn := start(t, server.Options{})
	query := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "Mos\xffca")
	request := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), query)
	var response []byte
	err := conn.Invoke(t.Context(), onomav1.ResolverService_Resolve_FullMethodName, &request, &response, grpc.ForceCodec(rawCodec{}))
	wantViolation(t, err, "query.name", "byte 3")

	batch := append(protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), query[:0:0]), request...)
	err = conn.Invoke(t.Context(), onomav1.ResolverService_BatchResolve_FullMethodName, &batch, &response, grpc.ForceCodec(rawCodec{}))
	wantViolation(t, err, "queries[1].name", "byte 3")

	for _, garbage := range [][]byte{{0x0a}, {0xff, 0xff}, {0x00, 0x01}, bytes.Repeat([]byte{0x0a, 0x7f}, 100)} {
		err = conn.Invoke(t.Context(), onomav1.ResolverService_Resolve_FullMethodName, &garbage, &response, grpc.ForceCodec(rawCodec{}))
		wantViolation(t, err, "request", "does not decode as onoma.v1.ResolveRequest")
	}
}

func TestBatchKeepsOrderAndMixesOptions(t *testing.T) {
	_, conn := start(t, server.Options{})
	client := onomav1.NewResolverServiceClient(conn)
	request := &onomav1.BatchResolveRequest{Queries: []*onomav1.Query{
		{Name: "Mosca"},
		{Name: "Mosca", Reading: onomav1.Reading_READING_LITERAL},
		{Name: ""},
		{Name: "Georgia"},
		{Name: "Georgia", Kinds: []onomav1.EntityKind{onomav1.EntityKind_ENTITY_KIND_COUNTRY}},
		{Name: "Xqzzt Blorb"},
		{Name: "Mosca", MinTableVersion: 8},
	}}
	got, err := client.BatchResolve(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	var summary []string
	for i, item := range got.Items {
		if failure := item.GetError(); failure != nil {
			summary = append(summary, fmt.Sprintf("%s: %s", codes.Code(failure.Code), failure.Message))
			continue
		}
		line := item.GetResult().Outcome.String()
		for _, c := range item.GetResult().Candidates {
			line += " " + c.EntityId
		}
		summary = append(summary, line)
		// An item is what Resolve would have answered.
		alone, err := client.Resolve(t.Context(), &onomav1.ResolveRequest{Query: request.Queries[i]})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(alone, item.GetResult(), protocmp.Transform()); diff != "" {
			t.Errorf("item %d differs from Resolve:\n%s", i, diff)
		}
	}
	want := []string{
		"OUTCOME_RESOLVED Q159", "OUTCOME_RESOLVED Q649", "InvalidArgument: queries[2].name: is required",
		"OUTCOME_AMBIGUOUS Q230 Q1428", "OUTCOME_RESOLVED Q230", "OUTCOME_NO_MATCH",
		"FailedPrecondition: min_table_version: 8 is not reached, the table is at version 7",
	}
	if diff := cmp.Diff(want, summary); diff != "" {
		t.Error(diff)
	}
}

func TestStreamResolveKeepsCorrelation(t *testing.T) {
	_, conn := start(t, server.Options{})
	stream, err := onomav1.NewResolverServiceClient(conn).StreamResolve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		name := []string{"Mosca", "Georgia", "nobody"}[i%3]
		if err := stream.Send(&onomav1.StreamResolveRequest{CorrelationId: fmt.Sprint(i), Queries: []*onomav1.Query{{Name: name}, {}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		r, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		want := []onomav1.Outcome{onomav1.Outcome_OUTCOME_RESOLVED, onomav1.Outcome_OUTCOME_AMBIGUOUS, onomav1.Outcome_OUTCOME_NO_MATCH}[i%3]
		if r.CorrelationId != fmt.Sprint(i) || r.Items[0].GetResult().GetOutcome() != want || r.Items[1].GetError() == nil || r.TableVersion != 7 {
			t.Fatalf("response %d: %v", i, r)
		}
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last response: %v", err)
	}
}

func TestEntities(t *testing.T) {
	_, conn := start(t, server.Options{})
	client := onomav1.NewResolverServiceClient(conn)
	got, err := client.GetEntity(t.Context(), &onomav1.GetEntityRequest{EntityId: "Q1590"})
	if err != nil {
		t.Fatal(err)
	}
	if got.RedirectedFrom != "Q1590" || got.Entity.Id != "Q159" || got.Entity.Names[0].Text != "Russia" || got.Entity.FormerIds[0] != "Q1590" {
		t.Errorf("GetEntity of a former ID: %v", got)
	}
	_, err = client.GetEntity(t.Context(), &onomav1.GetEntityRequest{EntityId: "Q42"})
	if s := status.Convert(err); s.Code() != codes.NotFound || s.Details()[0].(*errdetails.ErrorInfo).Reason != "UNKNOWN_ENTITY" {
		t.Errorf("unknown ID: %v", err)
	}
	batch, err := client.BatchGetEntities(t.Context(), &onomav1.BatchGetEntitiesRequest{EntityIds: []string{"Q649", "Q42", "", "Q1590"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(batch.Items) != 4 || batch.Items[0].GetEntity().GetId() != "Q649" || batch.Items[1].GetError().GetCode() != int32(codes.NotFound) ||
		batch.Items[2].GetError().GetCode() != int32(codes.InvalidArgument) || batch.Items[3].RedirectedFrom != "Q1590" {
		t.Errorf("BatchGetEntities: %v", batch)
	}
	search, err := client.SearchEntities(t.Context(), &onomav1.SearchEntitiesRequest{Prefix: "GEO"})
	if err != nil {
		t.Fatal(err)
	}
	if len(search.Hits) != 2 || search.Hits[0].EntityId != "Q230" || search.Hits[1].EntityId != "Q1428" {
		t.Errorf("SearchEntities: %v", search)
	}
}

func TestListEntitiesPages(t *testing.T) {
	_, conn := start(t, server.Options{})
	client := onomav1.NewAliasServiceClient(conn)
	var ids []string
	request := &onomav1.ListEntitiesRequest{PageSize: 2}
	for {
		page, err := client.ListEntities(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Entities {
			ids = append(ids, e.Id)
		}
		if request.PageToken = page.NextPageToken; request.PageToken == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"Q1428", "Q159", "Q230", "Q649", "Q7747"}, ids); diff != "" {
		t.Error(diff)
	}
	info, err := client.GetTableInfo(t.Context(), &onomav1.GetTableInfoRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if i := info.Info; i.EntityCount != 5 || i.NameCount != 6 || i.PositionCount != 2 || i.TableVersion != 7 || i.Sources[0].NameCount != 6 {
		t.Errorf("GetTableInfo: %v", i)
	}
}

func TestExplain(t *testing.T) {
	_, conn := start(t, server.Options{})
	client := onomav1.NewResolverServiceClient(conn)
	got, err := client.Explain(t.Context(), &onomav1.ExplainRequest{Query: &onomav1.Query{Name: "Georgia", Limit: 1}, EntityId: "Q1428"})
	if err != nil {
		t.Fatal(err)
	}
	if got.Verdict != onomav1.Verdict_VERDICT_CANDIDATE || got.Rank != 2 || len(got.Result.Steps) == 0 || len(got.Result.Candidates[0].Features) == 0 {
		t.Errorf("Explain: %v", got)
	}
}

// TestConcurrencyNeverChangesAnAnswer asks the same from many goroutines.
func TestConcurrencyNeverChangesAnAnswer(t *testing.T) {
	_, conn := start(t, server.Options{})
	client := onomav1.NewResolverServiceClient(conn)
	names := []string{"Mosca", "Georgia", "nobody", "Vladimir Putin", "russia"}
	want := make([]*onomav1.ResolveResponse, len(names))
	for i, name := range names {
		var err error
		if want[i], err = client.Resolve(t.Context(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: name}}); err != nil {
			t.Fatal(err)
		}
	}
	var wait sync.WaitGroup
	for g := range 8 {
		wait.Go(func() {
			for i := range 200 {
				n := (i + g) % len(names)
				got, err := client.Resolve(context.Background(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: names[n]}})
				if err != nil || !proto.Equal(got, want[n]) {
					t.Errorf("%q: %v, %v", names[n], got, err)
					return
				}
			}
		})
	}
	wait.Wait()
}

func TestDeadlineAndRequestID(t *testing.T) {
	var log bytes.Buffer
	_, conn := start(t, server.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	client := onomav1.NewResolverServiceClient(conn)
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	_, err := client.Resolve(ctx, &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Mosca"}})
	if status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("past deadline: %v", err)
	}
	var header, trailer metadata.MD
	ctx = metadata.AppendToOutgoingContext(t.Context(), "x-request-id", "abc")
	if _, err := client.Resolve(ctx, &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "Mosca"}}, grpc.Header(&header), grpc.Trailer(&trailer)); err != nil {
		t.Fatal(err)
	}
	if got := trailer.Get("x-request-id"); len(got) != 1 || got[0] != "abc" || len(header.Get("x-request-id")) != 0 {
		t.Errorf("request ID: header %v, trailer %v", header, trailer)
	}
	_, err = client.Resolve(t.Context(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: "secret\x00name"}}, grpc.Trailer(&trailer))
	if err == nil || len(trailer.Get("x-request-id")) != 1 {
		t.Errorf("a failed call has no request ID: %v, %v", trailer, err)
	}
	if text := log.String(); !strings.Contains(text, trailer.Get("x-request-id")[0]) || strings.Contains(text, "secret") {
		t.Errorf("the log at info level: %s", text)
	}
}

func TestWritesNeedATable(t *testing.T) {
	_, conn := start(t, server.Options{})
	_, err := onomav1.NewAliasServiceClient(conn).Rollback(t.Context(), &onomav1.RollbackRequest{})
	if status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "--data-dir") {
		t.Errorf("Rollback: %v", err)
	}
}

func TestDrainFinishesCallsUnderWay(t *testing.T) {
	s, conn := start(t, server.Options{})
	health := healthpb.NewHealthClient(conn)
	for _, service := range []string{"", "onoma.v1.ResolverService", "onoma.v1.AliasService"} {
		r, err := health.Check(t.Context(), &healthpb.HealthCheckRequest{Service: service})
		if err != nil || r.Status != healthpb.HealthCheckResponse_SERVING {
			t.Fatalf("health of %q: %v, %v", service, r, err)
		}
	}
	stream, err := onomav1.NewResolverServiceClient(conn).StreamResolve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ask := func() error {
		if err := stream.Send(&onomav1.StreamResolveRequest{Queries: []*onomav1.Query{{Name: "Mosca"}}}); err != nil {
			return err
		}
		_, err := stream.Recv()
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	drained := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		drained <- s.Drain(ctx, 200*time.Millisecond)
	}()
	for { // while drain is announced, calls are still answered and health says no
		r, err := health.Check(t.Context(), &healthpb.HealthCheckRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Status == healthpb.HealthCheckResponse_NOT_SERVING {
			break
		}
	}
	if err := ask(); err != nil {
		t.Errorf("an open stream during the drain: %v", err)
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if err := <-drained; err != nil {
		t.Error(err)
	}
}
