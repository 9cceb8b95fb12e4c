package server_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"onoma/internal/server"
	"onoma/resolver"

	onomav1 "onoma/proto/onoma/v1"
)

// FuzzQuery sends any query through the conversion and back. Whatever it holds,
// the answer is either a result that encodes or an INVALID_ARGUMENT that names a
// field, and never both.
func FuzzQuery(f *testing.F) {
	ask := server.NewInProcess(resolver.New(testTable(f)))
	for _, q := range []*onomav1.Query{
		{Name: "Mosca"},
		{Name: "\u202eacsoM", AsOf: "2024-13-45", Limit: -1},
		{Name: "Zelenskyy, Volodymyr's", Kinds: []onomav1.EntityKind{1, 99}, Reading: 4, View: 4},
		{Name: strings.Repeat("é́", 300), CountryIds: []string{"Q159", ""}, Language: "zh-Hant"},
		{Name: "the \u200d \x00", Context: &onomav1.Context{Text: "x", CoMentions: []string{"Georgia", "\xff"}}},
	} {
		seed, err := proto.MarshalOptions{}.Marshal(q)
		if err != nil {
			continue // not UTF-8: the fuzzer finds such by itself
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		q := new(onomav1.Query)
		if proto.Unmarshal(data, q) != nil {
			return
		}
		response, err := ask.BatchResolve(t.Context(), &onomav1.BatchResolveRequest{Queries: []*onomav1.Query{q}})
		if err != nil {
			t.Fatalf("a batch of one: %v", err)
		}
		item := response.Items[0]
		if failure := item.GetError(); failure != nil {
			if c := codes.Code(failure.Code); c != codes.InvalidArgument && c != codes.FailedPrecondition {
				t.Fatalf("%v: %v", q, status.FromProto(failure).Err())
			}
			if !utf8.ValidString(failure.Message) || len(failure.Details) == 0 {
				t.Fatalf("error %q without details", failure.Message)
			}
			return
		}
		result := item.GetResult()
		if (result.Outcome == onomav1.Outcome_OUTCOME_NO_MATCH) != (result.TotalCandidates == 0) {
			t.Fatalf("%v: %v", q, result)
		}
		if _, err := proto.Marshal(result); err != nil {
			t.Fatal(err)
		}
	})
}
