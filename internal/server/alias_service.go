package server

import (
	"context"
	"encoding/base64"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"onoma/internal/table"
	"onoma/resolver"
	"onoma/resolver/name"

	onomav1 "onoma/proto/onoma/v1"
)

// aliasService answers what can be read of the table itself, and writes it when
// there is a mirror of an authority.
type aliasService struct {
	onomav1.UnimplementedAliasServiceServer
	resolver *resolver.Resolver
	mirror   *table.Mirror // nil: the table never changes
	loads    openLoads
	program  string // version of this program
	started  time.Time
}

func (s *aliasService) ListEntities(ctx context.Context, request *onomav1.ListEntitiesRequest) (*onomav1.ListEntitiesResponse, error) {
	var check checker
	kinds := check.kinds(request.Kinds)
	check.languages(request.Languages)
	size := check.count("page_size", request.PageSize, maxPageSize)
	after, err := base64.RawURLEncoding.DecodeString(request.PageToken)
	if err != nil || len(after) > maxIDBytes {
		check.fail("page_token", "%s is not a token that this method answered", quote(request.PageToken))
	}
	if err := check.err(); err != nil {
		return nil, err
	}
	current := s.resolver.Table()
	if err := reached(current, request.MinTableVersion); err != nil {
		return nil, err
	}
	if size == 0 {
		size = defaultPageSize
	}
	response := &onomav1.ListEntitiesResponse{TableVersion: int64(current.Version())}
	for e := range current.Index().After(string(after)) {
		if !kinds.Admits(e.Kind()) {
			continue
		}
		if len(response.Entities) == size {
			last := response.Entities[size-1].Id
			response.NextPageToken = base64.RawURLEncoding.EncodeToString([]byte(last))
			break
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		response.Entities = append(response.Entities, entity(e, request.Languages, 0))
	}
	return response, nil
}

func (s *aliasService) GetTableInfo(ctx context.Context, _ *onomav1.GetTableInfoRequest) (*onomav1.GetTableInfoResponse, error) {
	info := tableInfo(s.resolver.Table(), s.program, time.Since(s.started))
	if s.mirror != nil {
		s.addAuthority(ctx, info)
	}
	return &onomav1.GetTableInfoResponse{Info: info}, nil
}

// addAuthority tells how the table stands to its authority. When that is out of
// reach, what the table itself knows is told all the same.
func (s *aliasService) addAuthority(ctx context.Context, info *onomav1.TableInfo) {
	info.AuthorityVersion = max(s.mirror.Newest(), info.TableVersion)
	if since := s.mirror.Behind(); !since.IsZero() {
		info.BehindSince = timestamppb.New(since)
	}
	states, err := s.mirror.Authority().Sources(ctx)
	if err != nil {
		return
	}
	told := make(map[string]*onomav1.SourceInfo)
	for _, source := range info.Sources {
		told[source.Source] = source
	}
	info.Sources = nil
	for _, state := range states {
		source := told[state.Name]
		if source == nil {
			source = &onomav1.SourceInfo{Source: state.Name}
		}
		source.TableVersion, source.PublishTime = state.Version, timestamppb.New(state.Published)
		info.Sources = append(info.Sources, source)
	}
}

// tableInfo tells the state of a table.
func tableInfo(t *resolver.Table, program string, uptime time.Duration) *onomav1.TableInfo {
	stats := t.Stats()
	info := &onomav1.TableInfo{
		TableVersion: int64(t.Version()), AuthorityVersion: int64(t.Version()),
		EntityCount: int64(stats.Entities), NameCount: int64(stats.Names), PositionCount: int64(stats.Positions),
		SizeBytes: int64(stats.Bytes), NormalizerVersion: name.Version,
		DefaultMinScore: resolver.DefaultMinScore, DefaultMinMargin: resolver.DefaultMinMargin,
		ServerVersion: program, Uptime: durationpb.New(uptime),
	}
	if at := t.Published(); !at.IsZero() {
		info.PublishTime = timestamppb.New(at)
	}
	for _, source := range stats.Sources {
		info.Sources = append(info.Sources, &onomav1.SourceInfo{
			Source: source.Name, TableVersion: info.TableVersion, PublishTime: info.PublishTime,
			EntityCount: int64(source.Entities), NameCount: int64(source.Names),
		})
	}
	return info
}
