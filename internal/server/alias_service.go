package server

import (
	"context"
	"encoding/base64"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"onoma/resolver"
	"onoma/resolver/name"

	onomav1 "onoma/proto/onoma/v1"
)

// aliasService answers what can be read of the table itself.
type aliasService struct {
	onomav1.UnimplementedAliasServiceServer
	resolver *resolver.Resolver
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
	table := s.resolver.Table()
	if err := reached(table, request.MinTableVersion); err != nil {
		return nil, err
	}
	if size == 0 {
		size = defaultPageSize
	}
	response := &onomav1.ListEntitiesResponse{TableVersion: int64(table.Version())}
	for e := range table.Index().After(string(after)) {
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

func (s *aliasService) GetTableInfo(context.Context, *onomav1.GetTableInfoRequest) (*onomav1.GetTableInfoResponse, error) {
	return &onomav1.GetTableInfoResponse{Info: tableInfo(s.resolver.Table(), s.program, time.Since(s.started))}, nil
}

// tableInfo tells the state of a table.
func tableInfo(table *resolver.Table, program string, uptime time.Duration) *onomav1.TableInfo {
	stats := table.Stats()
	info := &onomav1.TableInfo{
		TableVersion: int64(table.Version()), AuthorityVersion: int64(table.Version()),
		EntityCount: int64(stats.Entities), NameCount: int64(stats.Names), PositionCount: int64(stats.Positions),
		SizeBytes: int64(stats.Bytes), NormalizerVersion: name.Version,
		DefaultMinScore: resolver.DefaultMinScore, DefaultMinMargin: resolver.DefaultMinMargin,
		ServerVersion: program, Uptime: durationpb.New(uptime),
	}
	if t := table.Published(); !t.IsZero() {
		info.PublishTime = timestamppb.New(t)
	}
	for _, source := range stats.Sources {
		info.Sources = append(info.Sources, &onomav1.SourceInfo{
			Source: source.Name, TableVersion: info.TableVersion, PublishTime: info.PublishTime,
			EntityCount: int64(source.Entities), NameCount: int64(source.Names),
		})
	}
	return info
}
