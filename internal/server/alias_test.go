package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"onoma/internal/server"
	"onoma/internal/table"
	"onoma/resolver/fact"

	onomav1 "onoma/proto/onoma/v1"
)

// keeping serves a table that is kept in a directory of the test's own.
type keeping struct {
	alias    onomav1.AliasServiceClient
	resolver onomav1.ResolverServiceClient
	mirror   *table.Mirror
}

func startKeeping(t testing.TB) keeping {
	t.Helper()
	a, err := table.OpenSQLite(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m, err := table.NewMirror(t.Context(), table.MirrorOptions{Authority: a, WithoutSeed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close(); a.Close() })
	// Version 1 is what the others meet.
	world := []table.Row{
		{Entity: &fact.Entity{ID: "Q159", Kind: fact.Country, Canonical: "Russia", Prominence: .9}},
		{Entity: &fact.Entity{ID: "Q649", Kind: fact.Place, Canonical: "Moscow", Prominence: .9}},
	}
	if _, err := m.Write(t.Context(), table.Publish{Source: "world", Operation: table.Upsert}, world, nil, nil); err != nil {
		t.Fatal(err)
	}
	_, conn := start(t, server.Options{Resolver: m.Resolver(), Mirror: m})
	return keeping{onomav1.NewAliasServiceClient(conn), onomav1.NewResolverServiceClient(conn), m}
}

func person(id, canonical string, names ...string) *onomav1.Entity {
	e := &onomav1.Entity{Id: id, Kind: onomav1.EntityKind_ENTITY_KIND_PERSON, CanonicalName: canonical}
	for _, n := range names {
		e.Names = append(e.Names, &onomav1.Name{Text: n})
	}
	return e
}

// who resolves a name to the ID of its first candidate; "" for none.
func (k keeping) who(t testing.TB, name string, atLeast int64) string {
	t.Helper()
	r, err := k.resolver.Resolve(t.Context(), &onomav1.ResolveRequest{Query: &onomav1.Query{Name: name, MinTableVersion: atLeast}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Candidates) == 0 {
		return ""
	}
	return r.Candidates[0].EntityId
}

// reason is what a failed call says in its ErrorInfo.
func reason(err error) string {
	for _, d := range status.Convert(err).Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			return info.Reason
		}
	}
	return ""
}

func TestUpsertIsReadAtOnceAndRolledBack(t *testing.T) {
	k := startKeeping(t)
	up, err := k.alias.UpsertEntities(t.Context(), &onomav1.UpsertEntitiesRequest{Source: "desk", RequestId: "1", Note: "n",
		Entities: []*onomav1.Entity{person("desk:1", "Xanthippa Quorll", "Brimbax Tolvane")}})
	if err != nil {
		t.Fatal(err)
	}
	if r := up.Result; r.TableVersion != 2 || !r.Published || r.Diff.Counts.Added != 1 || r.Diff.Changes[0].Label != "Xanthippa Quorll" {
		t.Errorf("upsert: %v", r)
	}
	if got := k.who(t, "Brimbax Tolvane", 2); got != "desk:1" {
		t.Errorf("the new name resolves to %q", got)
	}
	again, err := k.alias.UpsertEntities(t.Context(), &onomav1.UpsertEntitiesRequest{Source: "desk", RequestId: "1", Note: "n",
		Entities: []*onomav1.Entity{person("desk:1", "Xanthippa Quorll", "Brimbax Tolvane")}})
	if err != nil || !again.Result.Replayed || again.Result.TableVersion != 2 {
		t.Errorf("the same request again: %v, %v", again, err)
	}
	_, err = k.alias.UpsertEntities(t.Context(), &onomav1.UpsertEntitiesRequest{Source: "desk", RequestId: "1", Entities: []*onomav1.Entity{person("desk:2", "Other")}})
	if status.Code(err) != codes.AlreadyExists || reason(err) != "REQUEST_ID_REUSED" {
		t.Errorf("the ID for another write: %v", err)
	}
	_, err = k.alias.UpsertEntities(t.Context(), &onomav1.UpsertEntitiesRequest{Source: "desk", RequestId: "2", BaseVersion: new(int64(1)), Entities: []*onomav1.Entity{person("desk:2", "Other")}})
	if status.Code(err) != codes.Aborted || reason(err) != "STALE_BASE_VERSION" {
		t.Errorf("a stale base: %v", err)
	}
	changed, err := k.alias.UpsertEntities(t.Context(), &onomav1.UpsertEntitiesRequest{Source: "desk", RequestId: "3", BaseVersion: new(int64(2)), Entities: []*onomav1.Entity{person("desk:1", "Xanthippa Quorll")}})
	if err != nil || changed.Result.Diff.Counts.Changed != 1 || !slices.Equal(changed.Result.Diff.Changes[0].Fields, []string{"names"}) {
		t.Fatalf("change: %v, %v", changed, err)
	}
	if got := k.who(t, "Brimbax Tolvane", 3); got == "desk:1" {
		t.Error("the name that was taken away still resolves")
	}
	back, err := k.alias.Rollback(t.Context(), &onomav1.RollbackRequest{Source: "desk", ToVersion: 2, RequestId: "4"})
	if err != nil || back.Result.TableVersion != 4 {
		t.Fatalf("rollback: %v, %v", back, err)
	}
	if got := k.who(t, "Brimbax Tolvane", 4); got != "desk:1" {
		t.Errorf("after the rollback the name resolves to %q", got)
	}
	versions, err := k.alias.ListVersions(t.Context(), &onomav1.ListVersionsRequest{Source: "desk", PageSize: 2})
	if err != nil || len(versions.Versions) != 2 || versions.Versions[0].Operation != onomav1.Operation_OPERATION_ROLLBACK || versions.NextPageToken == "" {
		t.Fatalf("versions: %v, %v", versions, err)
	}
	rest, err := k.alias.ListVersions(t.Context(), &onomav1.ListVersionsRequest{Source: "desk", PageSize: 2, PageToken: versions.NextPageToken})
	if err != nil || len(rest.Versions) != 1 || rest.Versions[0].Version != 2 || rest.Versions[0].Note != "n" || rest.NextPageToken != "" {
		t.Errorf("the second page: %v, %v", rest, err)
	}
}

func TestDeleteAndOverrides(t *testing.T) {
	k := startKeeping(t)
	_, err := k.alias.UpsertEntities(t.Context(), &onomav1.UpsertEntitiesRequest{Source: "desk", RequestId: "1", Positions: []*onomav1.Position{{Id: "desk:post"}},
		Entities: []*onomav1.Entity{person("desk:1", "Quorll Xan"), {Id: "desk:2", Kind: onomav1.EntityKind_ENTITY_KIND_PERSON, CanonicalName: "Quorll Xan",
			Roles: []*onomav1.Role{{PositionId: "desk:post"}}}}})
	if err != nil {
		t.Fatal(err)
	}
	pin := &onomav1.Override{Name: "quorll xan", EntityId: "desk:2", Action: onomav1.OverrideAction_OVERRIDE_ACTION_PIN}
	if _, err = k.alias.SetOverrides(t.Context(), &onomav1.SetOverridesRequest{Source: "pins", RequestId: "2", Set: []*onomav1.Override{pin}}); err != nil {
		t.Fatal(err)
	}
	if got := k.who(t, "Quorll Xan", 3); got != "desk:2" {
		t.Errorf("pinned, the name resolves to %q", got)
	}
	if _, err = k.alias.SetOverrides(t.Context(), &onomav1.SetOverridesRequest{Source: "pins", RequestId: "3", Remove: []*onomav1.Override{{Name: "QUORLL XAN", EntityId: "desk:2"}}}); err != nil {
		t.Fatal(err)
	}
	_, err = k.alias.DeleteEntities(t.Context(), &onomav1.DeleteEntitiesRequest{Source: "desk", RequestId: "4", PositionIds: []string{"desk:post"}})
	if status.Code(err) != codes.InvalidArgument {
		t.Errorf("a position that somebody holds: %v", err)
	}
	_, err = k.alias.DeleteEntities(t.Context(), &onomav1.DeleteEntitiesRequest{Source: "desk", RequestId: "5", EntityIds: []string{"nobody"}})
	if status.Code(err) != codes.NotFound {
		t.Errorf("an ID of which the source says nothing: %v", err)
	}
	gone, err := k.alias.DeleteEntities(t.Context(), &onomav1.DeleteEntitiesRequest{Source: "desk", RequestId: "6", EntityIds: []string{"desk:2", "nobody"}, AllowMissing: true, PositionIds: []string{"desk:post"}})
	if err != nil || gone.Result.Diff.Counts.Removed != 2 {
		t.Fatalf("delete: %v, %v", gone, err)
	}
	if got := k.who(t, "Quorll Xan", gone.Result.TableVersion); got != "desk:1" {
		t.Errorf("after the delete the name resolves to %q", got)
	}
	for _, source := range []string{"seed", "", "UPPER", "a b"} {
		if _, err := k.alias.DeleteEntities(t.Context(), &onomav1.DeleteEntitiesRequest{Source: source, RequestId: "7", EntityIds: []string{"Q159"}}); status.Code(err) != codes.InvalidArgument {
			t.Errorf("source %q: %v", source, err)
		}
	}
	if _, err := k.alias.DeleteEntities(t.Context(), &onomav1.DeleteEntitiesRequest{Source: "unheard", RequestId: "8", EntityIds: []string{"Q159"}}); reason(err) != "UNKNOWN_SOURCE" {
		t.Errorf("an unknown source: %v", err)
	}
}

// loadOf opens a load and sends the header.
func (k keeping) loadOf(t testing.TB, ctx context.Context, h *onomav1.LoadHeader) grpc.ClientStreamingClient[onomav1.LoadEntitiesRequest, onomav1.LoadEntitiesResponse] {
	t.Helper()
	stream, err := k.alias.LoadEntities(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&onomav1.LoadEntitiesRequest{Message: &onomav1.LoadEntitiesRequest_Header{Header: h}}); err != nil {
		t.Fatal(err)
	}
	return stream
}

func chunkOf(sequence int64, entities ...*onomav1.Entity) *onomav1.LoadEntitiesRequest {
	c := &onomav1.LoadChunk{Sequence: sequence, File: "f.jsonl"}
	for i, e := range entities {
		c.Rows = append(c.Rows, &onomav1.Row{Line: sequence*100 + int64(i) + 1, Fact: &onomav1.Row_Entity{Entity: e}})
	}
	return &onomav1.LoadEntitiesRequest{Message: &onomav1.LoadEntitiesRequest_Chunk{Chunk: c}}
}

func commitOf(rows int64) *onomav1.LoadEntitiesRequest {
	return &onomav1.LoadEntitiesRequest{Message: &onomav1.LoadEntitiesRequest_Commit{Commit: &onomav1.LoadCommit{RowCount: rows}}}
}

func TestLoadRejectsRowByRow(t *testing.T) {
	k := startKeeping(t)
	bad := person("x:2", "B", "a\x01b")
	far := person("x:3", "C")
	far.Relations = []*onomav1.Relation{{Type: onomav1.RelationType_RELATION_TYPE_PART_OF, TargetId: "nowhere"}}
	near := person("x:4", "D")
	near.Relations = []*onomav1.Relation{{Type: onomav1.RelationType_RELATION_TYPE_PART_OF, TargetId: "x:5"}}
	rows := []*onomav1.Entity{person("x:1", "Moscow"), bad, far, near, person("x:5", "E"), person("x:1", "again")}
	load := func(limit int64, dry bool) (*onomav1.LoadEntitiesResponse, error) {
		stream := k.loadOf(t, t.Context(), &onomav1.LoadHeader{Source: "x", Mode: onomav1.LoadMode_LOAD_MODE_REPLACE, RequestId: fmt.Sprint(limit, dry), DryRun: dry, MaxRejections: limit})
		stream.Send(chunkOf(0, rows...))
		stream.Send(commitOf(int64(len(rows))))
		return stream.CloseAndRecv()
	}
	_, err := load(2, false)
	if status.Code(err) != codes.FailedPrecondition || reason(err) != "TOO_MANY_REJECTIONS" {
		t.Errorf("more bad rows than allowed: %v", err)
	}
	for _, dry := range []bool{true, false} {
		response, err := load(3, dry)
		if err != nil {
			t.Fatal(err)
		}
		r := response.Result
		if r.Diff.Counts.Added != 3 || r.Published == dry || r.RejectedCount != 3 {
			t.Errorf("dry %t: %v", dry, r)
		}
		want := map[int64]string{2: "names[0].text", 6: "id", 3: "relations[0].target_id"}
		for _, x := range r.Rejections {
			if want[x.Line] != x.Field || x.File != "f.jsonl" || x.Reason == "" {
				t.Errorf("rejection %v, want %v", x, want)
			}
		}
		if !dry && (r.ConflictCount != 1 || !slices.Equal(r.Conflicts[0].EntityIds, []string{"Q649", "x:1"})) {
			t.Errorf("conflicts: %v", r.Conflicts)
		}
	}
	for what, messages := range map[string][]*onomav1.LoadEntitiesRequest{
		"wrong count": {chunkOf(0, person("x:9", "N")), commitOf(2)}, "chunk left out": {chunkOf(1, person("x:9", "N")), commitOf(1)}, "no commit": {chunkOf(0, person("x:9", "N"))},
	} {
		stream := k.loadOf(t, t.Context(), &onomav1.LoadHeader{Source: "x", Mode: onomav1.LoadMode_LOAD_MODE_MERGE, RequestId: what})
		for _, m := range messages {
			stream.Send(m)
		}
		if _, err := stream.CloseAndRecv(); err == nil {
			t.Errorf("%s: published", what)
		}
	}
	if k.mirror.Version() != 2 {
		t.Errorf("the table is at %d, want 2", k.mirror.Version())
	}
}

// An ID is an entity or what has become of one: merges that go in circles, or
// several ways, are rejected whichever comes first.
func TestMergesInCirclesAreRejected(t *testing.T) {
	k := startKeeping(t)
	merged := func(id string, former ...string) *onomav1.Entity {
		e := person(id, "N "+id)
		e.FormerIds = former
		return e
	}
	for what, c := range map[string]struct {
		rows   []*onomav1.Entity
		line   int64
		field  string
		upsert bool
	}{
		"a circle of two":              {[]*onomav1.Entity{merged("x:1", "x:2"), merged("x:2", "x:1")}, 2, "id", true},
		"a circle of three":            {[]*onomav1.Entity{merged("x:1", "x:2"), merged("x:3", "x:1"), merged("x:2", "x:3")}, 2, "former_ids[0]", true},
		"the entity after its merger":  {[]*onomav1.Entity{merged("x:1", "x:0", "x:2"), merged("x:2")}, 2, "id", true},
		"the entity before its merger": {[]*onomav1.Entity{merged("x:2"), merged("x:1", "x:0", "x:2")}, 2, "former_ids[1]", true},
		"merged into two":              {[]*onomav1.Entity{merged("x:1", "x:0"), merged("x:2", "x:0")}, 2, "former_ids[0]", true},
		"merged twice into one":        {[]*onomav1.Entity{merged("x:1", "x:0", "x:0"), merged("x:2", "x:9")}, 0, "", false},
	} {
		stream := k.loadOf(t, t.Context(), &onomav1.LoadHeader{Source: "x", Mode: onomav1.LoadMode_LOAD_MODE_REPLACE, RequestId: what, MaxRejections: -1})
		stream.Send(chunkOf(0, c.rows...))
		stream.Send(commitOf(int64(len(c.rows))))
		response, err := stream.CloseAndRecv()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		got := response.Result.Rejections
		if c.line == 0 && len(got) != 0 || c.line > 0 && (len(got) == 0 || got[0].Line != c.line || got[0].Field != c.field) {
			t.Errorf("%s: rejected %v, want line %d, %s", what, got, c.line, c.field)
		}
		if !c.upsert {
			continue
		}
		_, err = k.alias.UpsertEntities(t.Context(), &onomav1.UpsertEntitiesRequest{Source: "y", RequestId: "upsert " + what, Entities: c.rows})
		if status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s, in an upsert: %v", what, err)
		}
	}
}

// A load that is cut off at any message goes on where it was, and ends as if it
// had not been.
func TestLoadResumes(t *testing.T) {
	k := startKeeping(t)
	const chunks = 4
	for cut := range chunks + 1 {
		header := &onomav1.LoadHeader{Source: fmt.Sprint("s", cut), Mode: onomav1.LoadMode_LOAD_MODE_MERGE, RequestId: fmt.Sprint("cut", cut)}
		entity := func(i int) *onomav1.Entity { return person(fmt.Sprintf("s%d:%d", cut, i), "N") }
		ctx, cancel := context.WithCancel(t.Context())
		stream := k.loadOf(t, ctx, header)
		if _, err := stream.Header(); err != nil {
			t.Fatal(err)
		}
		for i := range cut {
			if err := stream.Send(chunkOf(int64(i), entity(i))); err != nil {
				t.Fatal(err)
			}
		}
		cancel()
		// Only received: the end of what is sent could reach the server before the cut.
		if err := stream.RecvMsg(new(onomav1.LoadEntitiesResponse)); status.Code(err) != codes.Canceled {
			t.Fatalf("cut: %v", err)
		}
		header.Resume = true
		var next int64
		stream = k.loadOf(t, t.Context(), header)
		md, err := stream.Header()
		if err != nil {
			t.Fatal(err)
		}
		// What was on its way when the line was cut may not have arrived.
		if _, err := fmt.Sscan(md.Get("onoma-next-sequence")[0], &next); err != nil || next > int64(cut) {
			t.Fatalf("cut after %d, the server asks for %d, %v", cut, next, err)
		}
		for i := next; i < chunks; i++ {
			if err := stream.Send(chunkOf(i, entity(int(i)))); err != nil {
				t.Fatal(err)
			}
		}
		stream.Send(commitOf(chunks))
		response, err := stream.CloseAndRecv()
		if err != nil || response.Result.Diff.Counts.Added != chunks {
			t.Fatalf("cut after %d, resumed at %d: %v, %v", cut, next, response, err)
		}
	}
}

// A load goes on by another call although the server has not heard that the first
// is dead; and the first cannot add to it any more.
func TestLoadIsTakenOver(t *testing.T) {
	k := startKeeping(t)
	header := &onomav1.LoadHeader{Source: "x", Mode: onomav1.LoadMode_LOAD_MODE_MERGE, RequestId: "one"}
	opened := func(h *onomav1.LoadHeader) (stream grpc.ClientStreamingClient[onomav1.LoadEntitiesRequest, onomav1.LoadEntitiesResponse], next string) {
		t.Helper()
		stream = k.loadOf(t, t.Context(), h)
		md, err := stream.Header()
		if err != nil {
			t.Fatal(err)
		}
		return stream, strings.Join(md.Get("onoma-next-sequence"), " ")
	}
	first, _ := opened(header)
	stranger := proto.CloneOf(header)
	stranger.Note = "another write"
	if _, err := k.loadOf(t, t.Context(), stranger).CloseAndRecv(); reason(err) != "REQUEST_ID_REUSED" {
		t.Errorf("another write takes the ID while the load is open: %v", err)
	}
	again := proto.CloneOf(header)
	again.Resume = true
	second, next := opened(again)
	if next != "0" {
		t.Errorf("nothing came, and the server asks for chunk %s", next)
	}
	first.Send(chunkOf(0, person("x:1", "A")))
	if err := first.RecvMsg(new(onomav1.LoadEntitiesResponse)); status.Code(err) != codes.Aborted || reason(err) != "LOAD_TAKEN_OVER" {
		t.Errorf("the first call: %v", err)
	}
	second.Send(chunkOf(0, person("x:2", "B")))
	second.Send(commitOf(1))
	response, err := second.CloseAndRecv()
	if err != nil || response.Result.Diff.Counts.Added != 1 {
		t.Fatalf("the second call: %v, %v", response, err)
	}
	third, next := opened(again)
	if next != "" {
		t.Errorf("the load is done, and the server asks for chunk %s", next)
	}
	if response, err := third.CloseAndRecv(); err != nil || !response.Result.Replayed {
		t.Errorf("asked again: %v, %v", response, err)
	}
}

func TestExportIsWhatWasLoaded(t *testing.T) {
	k := startKeeping(t)
	e := person("x:1", "Abc", "Abcd")
	e.Relations = []*onomav1.Relation{{Type: onomav1.RelationType_RELATION_TYPE_SEAT_OF, TargetId: "Q159", Sector: onomav1.Sector_SECTOR_PARTY, FromDate: "2001"}}
	if _, err := k.alias.UpsertEntities(t.Context(), &onomav1.UpsertEntitiesRequest{Source: "x", RequestId: "1", Entities: []*onomav1.Entity{e, person("x:2", "Efg")}}); err != nil {
		t.Fatal(err)
	}
	if _, err := k.alias.DeleteEntities(t.Context(), &onomav1.DeleteEntitiesRequest{Source: "x", RequestId: "2", EntityIds: []string{"x:2"}}); err != nil {
		t.Fatal(err)
	}
	for version, want := range map[int64][]string{0: {"x:1"}, 3: {"x:1"}, 2: {"x:1", "x:2"}, 1: nil} {
		var got []string
		stream, err := k.alias.ExportEntities(t.Context(), &onomav1.ExportEntitiesRequest{Source: "x", TableVersion: version})
		if err != nil {
			t.Fatal(err)
		}
		for {
			r, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range r.Rows {
				got = append(got, row.GetEntity().Id)
				if x := row.GetEntity(); x.Id == "x:1" && (x.Names[0].Text != "Abcd" || x.Relations[0].Sector != onomav1.Sector_SECTOR_PARTY || x.Relations[0].FromDate != "2001") {
					t.Errorf("exported %v", x)
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("at version %d: %q, want %q", version, got, want)
		}
	}
	stream, err := k.alias.ExportEntities(t.Context(), &onomav1.ExportEntitiesRequest{Source: "x", TableVersion: 99})
	if err == nil {
		_, err = stream.Recv()
	}
	if status.Code(err) != codes.OutOfRange || reason(err) != "VERSION_TRIMMED" {
		t.Errorf("a version to come: %v", err)
	}
}

// Overrides are exported alone, source by source, as they stand now.
func TestExportOfOverridesAlone(t *testing.T) {
	k := startKeeping(t)
	for source, names := range map[string][]string{"b": {"One", "Two"}, "a": {"Three"}} {
		var set []*onomav1.Override
		for _, name := range names {
			set = append(set, &onomav1.Override{Name: name, EntityId: "Q159", Action: onomav1.OverrideAction_OVERRIDE_ACTION_DENY})
		}
		if _, err := k.alias.SetOverrides(t.Context(), &onomav1.SetOverridesRequest{Source: source, RequestId: source, Set: set}); err != nil {
			t.Fatal(err)
		}
	}
	for request, want := range map[*onomav1.ExportEntitiesRequest]string{
		{OverridesOnly: true}:                  "a 3: Three; b 3: One Two",
		{OverridesOnly: true, Source: "b"}:     "b 3: One Two",
		{OverridesOnly: true, Source: "world"}: "",
		{OverridesOnly: true, Source: "none"}:  "NotFound",
		{OverridesOnly: true, TableVersion: 2}: "InvalidArgument",
	} {
		stream, err := k.alias.ExportEntities(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for {
			r, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				got = append(got, status.Code(err).String())
				break
			}
			told := fmt.Sprintf("%s %d:", r.Source, r.TableVersion)
			for _, row := range r.Rows {
				told += " " + row.GetOverride().GetName()
			}
			got = append(got, told)
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%v: %q, want %q", request, got, want)
		}
	}
}

func TestWatchTellsEveryVersion(t *testing.T) {
	k := startKeeping(t)
	stream, err := k.alias.WatchTable(t.Context(), &onomav1.WatchTableRequest{AfterVersion: new(int64(0)), Heartbeat: durationpb.New(time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	next := func() int64 {
		r, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		return r.GetPublished().GetVersion()
	}
	if v := next(); v != 1 {
		t.Fatalf("first event is version %d", v)
	}
	for want := int64(2); want < 5; want++ {
		if _, err := k.alias.UpsertEntities(t.Context(), &onomav1.UpsertEntitiesRequest{Source: "x", RequestId: fmt.Sprint(want), Entities: []*onomav1.Entity{person("x:1", fmt.Sprint("N", want))}}); err != nil {
			t.Fatal(err)
		}
		got := next()
		for got == 0 {
			got = next() // a heartbeat
		}
		if got != want {
			t.Fatalf("told of %d, want %d", got, want)
		}
	}
	if v := next(); v != 0 {
		t.Errorf("with nothing published, told of %d, want a heartbeat", v)
	}
}

// A write without prominence leaves it as it was, by a load as by an upsert; one
// that gives 0 takes it away, and an export says what was given.
func TestProminenceIsKeptUnlessGiven(t *testing.T) {
	k := startKeeping(t)
	at := func(prominence *float64, canonical string) *onomav1.Entity {
		e := person("x:1", canonical)
		e.Prominence = prominence
		return e
	}
	writes := 0
	id := func() string { writes++; return fmt.Sprint("write ", writes) }
	upsert := func(e *onomav1.Entity) error {
		_, err := k.alias.UpsertEntities(t.Context(), &onomav1.UpsertEntitiesRequest{Source: "x", RequestId: id(), Entities: []*onomav1.Entity{e}})
		return err
	}
	load := func(mode onomav1.LoadMode) func(e *onomav1.Entity) error {
		return func(e *onomav1.Entity) error {
			stream := k.loadOf(t, t.Context(), &onomav1.LoadHeader{Source: "x", Mode: mode, RequestId: id()})
			stream.Send(chunkOf(0, e))
			stream.Send(commitOf(1))
			_, err := stream.CloseAndRecv()
			return err
		}
	}
	exported := func() *float64 {
		stream, err := k.alias.ExportEntities(t.Context(), &onomav1.ExportEntitiesRequest{Source: "x"})
		if err != nil {
			t.Fatal(err)
		}
		r, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		return r.Rows[0].GetEntity().Prominence
	}
	for what, write := range map[string]func(*onomav1.Entity) error{
		"upsert": upsert, "merge": load(onomav1.LoadMode_LOAD_MODE_MERGE), "replace": load(onomav1.LoadMode_LOAD_MODE_REPLACE),
	} {
		for step, e := range []*onomav1.Entity{at(new(.25), "A"), at(nil, what), at(new(0.), what), at(nil, "B")} {
			if err := write(e); err != nil {
				t.Fatalf("%s, step %d: %v", what, step, err)
			}
			want := []float64{.25, .25, 0, 0}[step]
			if got := exported(); got == nil || math.Abs(*got-want) > 1e-4 {
				t.Errorf("%s, step %d: prominence %v, want %v", what, step, got, want)
			}
		}
	}
}
