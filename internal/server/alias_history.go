package server

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"onoma/internal/table"

	onomav1 "onoma/proto/onoma/v1"
)

// An export is sent in messages of about this many bytes, at most this many rows.
const (
	exportBytes = 1 << 20
	exportRows  = 1_000
)

func (s *aliasService) ExportEntities(request *onomav1.ExportEntitiesRequest, stream grpc.ServerStreamingServer[onomav1.ExportEntitiesResponse]) error {
	if s.mirror == nil {
		return errReadOnly
	}
	var check checker
	if p := table.CheckSource(request.Source); p != nil && request.Source != "" {
		check.fail("source", "%s %s", quote(p.Value), p.Reason)
	}
	if request.TableVersion < 0 {
		check.fail("table_version", "%d is negative", request.TableVersion)
	}
	if request.TableVersion > 0 && request.OverridesOnly {
		check.fail("overrides_only", "is of the newest version; table_version is %d", request.TableVersion)
	}
	if err := check.err(); err != nil {
		return err
	}
	if err := reached(s.resolver.Table(), request.MinTableVersion); err != nil {
		return err
	}
	if request.OverridesOnly {
		return s.exportOverrides(stream, request.Source)
	}
	version := request.TableVersion
	if version == 0 {
		version = s.mirror.Version()
	}
	sources := []string{request.Source}
	if request.Source == "" {
		states, err := s.mirror.Authority().Sources(stream.Context())
		if err != nil {
			return err
		}
		sources = sources[:0]
		for _, state := range states {
			sources = append(sources, state.Name)
		}
	}
	for _, source := range sources {
		if err := s.export(stream, source, version); err != nil {
			return err
		}
	}
	return nil
}

func (s *aliasService) export(stream grpc.ServerStreamingServer[onomav1.ExportEntitiesResponse], source string, version int64) error {
	to := exporting{stream: stream, response: &onomav1.ExportEntitiesResponse{Source: source, TableVersion: version}}
	if err := s.mirror.Authority().Rows(stream.Context(), source, version, to.row); err != nil {
		return err
	}
	return to.flush()
}

// exportOverrides exports the pins and denies of a source, or of all, of which
// there are never many.
func (s *aliasService) exportOverrides(stream grpc.ServerStreamingServer[onomav1.ExportEntitiesResponse], of string) error {
	if of != "" {
		if err := s.knownSource(stream.Context(), of); err != nil {
			return err
		}
	}
	type override struct {
		source string
		row    table.Encoded
	}
	var all []override
	head, err := s.mirror.Authority().Current(stream.Context(), []table.Key{{Kind: table.OverrideRow}}, func(source string, row table.Encoded) error {
		if of == "" || of == source {
			row.Body = bytes.Clone(row.Body) // is the database's own until the next row
			all = append(all, override{source, row})
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b override) int { return strings.Compare(a.source, b.source) })
	to := exporting{stream: stream, response: &onomav1.ExportEntitiesResponse{}}
	for _, o := range all {
		if o.source != to.response.Source {
			if err := to.flush(); err != nil {
				return err
			}
			to.response = &onomav1.ExportEntitiesResponse{Source: o.source, TableVersion: head}
		}
		if err := to.row(o.row); err != nil {
			return err
		}
	}
	return to.flush()
}

// exporting sends rows of one source in messages.
type exporting struct {
	stream   grpc.ServerStreamingServer[onomav1.ExportEntitiesResponse]
	response *onomav1.ExportEntitiesResponse
	size     int
}

func (x *exporting) row(encoded table.Encoded) error {
	row, err := table.Decode(encoded.Key, x.response.Source, encoded.Body)
	if err != nil {
		return err
	}
	to := MessageOfRow(&row)
	x.response.Rows = append(x.response.Rows, to)
	if x.size += proto.Size(to); x.size >= exportBytes || len(x.response.Rows) == exportRows {
		return x.flush()
	}
	return nil
}

func (x *exporting) flush() error {
	if len(x.response.Rows) == 0 {
		return nil
	}
	err := x.stream.Send(x.response)
	x.response.Rows, x.size = nil, 0
	return err
}

func (s *aliasService) ListVersions(ctx context.Context, request *onomav1.ListVersionsRequest) (*onomav1.ListVersionsResponse, error) {
	if s.mirror == nil {
		return nil, errReadOnly
	}
	var check checker
	if p := table.CheckSource(request.Source); p != nil && request.Source != "" {
		check.fail("source", "%s %s", quote(p.Value), p.Reason)
	}
	size := check.count("page_size", request.PageSize, maxPageSize)
	before := int64(0)
	if request.PageToken != "" {
		token, err := base64.RawURLEncoding.DecodeString(request.PageToken)
		if err == nil {
			before, err = strconv.ParseInt(string(token), 10, 64)
		}
		if err != nil || before < 1 {
			check.fail("page_token", "%s is not a token that this method answered", quote(request.PageToken))
		}
	}
	if err := check.err(); err != nil {
		return nil, err
	}
	if size == 0 {
		size = defaultPageSize
	}
	versions, err := s.mirror.Authority().Versions(ctx, table.VersionRange{Source: request.Source, Before: before, Limit: size + 1})
	if err != nil {
		return nil, err
	}
	response := new(onomav1.ListVersionsResponse)
	for i := range versions[:min(size, len(versions))] {
		response.Versions = append(response.Versions, tableVersion(&versions[i]))
	}
	if len(versions) > size {
		response.NextPageToken = base64.RawURLEncoding.EncodeToString(fmt.Append(nil, versions[size-1].Version))
	}
	return response, nil
}

func tableVersion(v *table.Version) *onomav1.TableVersion {
	return &onomav1.TableVersion{
		Version: v.Version, Source: v.Source, Operation: onomav1.Operation(v.Operation), PublishTime: timestamppb.New(v.Published),
		Author: v.Author, RequestId: v.Request, Note: v.Note, Changes: counts(v.Counts), Restorable: v.Restorable,
	}
}

// The bounds of the time between heartbeats, and what it is when not said.
const (
	minHeartbeat     = time.Second
	maxHeartbeat     = 10 * time.Minute
	defaultHeartbeat = 15 * time.Second
)

// watchedAtOnce is how many versions a watch reads at a time.
const watchedAtOnce = 100

func (s *aliasService) WatchTable(request *onomav1.WatchTableRequest, stream grpc.ServerStreamingServer[onomav1.WatchTableResponse]) error {
	if s.mirror == nil {
		return errReadOnly
	}
	heartbeat := defaultHeartbeat
	if request.Heartbeat != nil {
		heartbeat = request.Heartbeat.AsDuration()
		if heartbeat < minHeartbeat || heartbeat > maxHeartbeat {
			return &invalidError{[]violation{{"heartbeat", fmt.Sprintf("%v is outside %v to %v", heartbeat, minHeartbeat, maxHeartbeat)}}}
		}
	}
	last := s.mirror.Version()
	if request.AfterVersion != nil {
		after := *request.AfterVersion
		if after < 0 || after > s.mirror.Newest() {
			return &table.TrimmedError{Version: after, Oldest: 0, Newest: s.mirror.Newest()}
		}
		last = after
	}
	// Who watches sees at once that the watch stands, not with the first publish.
	if err := stream.SendHeader(nil); err != nil {
		return err
	}
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		// Taken before the version is read: a publish between wakes the wait.
		changed := s.mirror.Changed()
		var err error
		if last, err = s.tell(stream, last); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-stream.Context().Done():
			return stream.Context().Err()
		case now := <-tick.C:
			err := stream.Send(&onomav1.WatchTableResponse{Event: &onomav1.WatchTableResponse_Heartbeat{
				Heartbeat: &onomav1.Heartbeat{TableVersion: s.mirror.Version(), Time: timestamppb.New(now)}}})
			if err != nil {
				return err
			}
		}
	}
}

// tell sends the versions after last up to the one that answers, and returns it.
func (s *aliasService) tell(stream grpc.ServerStreamingServer[onomav1.WatchTableResponse], last int64) (int64, error) {
	for upTo := s.mirror.Version(); last < upTo; {
		versions, err := s.mirror.Authority().Versions(stream.Context(), table.VersionRange{After: last, Before: upTo + 1, Limit: watchedAtOnce, Ascending: true})
		if err != nil {
			return last, err
		}
		if len(versions) == 0 {
			return last, fmt.Errorf("versions after %d up to %d are not in the history", last, upTo)
		}
		for i := range versions {
			if err := stream.Send(&onomav1.WatchTableResponse{Event: &onomav1.WatchTableResponse_Published{Published: tableVersion(&versions[i])}}); err != nil {
				return last, err
			}
			last = versions[i].Version
		}
	}
	return last, nil
}
