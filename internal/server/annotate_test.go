package server

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"onoma/resolver"
	"onoma/resolver/seed"

	onomav1 "onoma/proto/onoma/v1"
)

// seeded answers from the embedded table.
func seeded(t *testing.T) *InProcess {
	t.Helper()
	x, err := seed.Index()
	if err != nil {
		t.Fatal(err)
	}
	return NewInProcess(resolver.New(resolver.NewTable(x, 1, time.Time{}, nil)))
}

func TestAnnotate(t *testing.T) {
	p := seeded(t)
	text := "Pyongyang e Mosca tacciono. Il presidente ucraino è a Roma, dice Zelenskyj."
	response, err := p.Annotate(t.Context(), &onomav1.AnnotateRequest{Document: &onomav1.Document{
		Text: text, AsOf: "2024-10-25", IncludeNested: true,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if response.Language != "it" || response.AsOf != "2024-10-25" || response.TableVersion != 1 {
		t.Errorf("language %q, as of %q, version %d", response.Language, response.AsOf, response.TableVersion)
	}
	type mention struct {
		surface, id string
		reading     onomav1.Reading
	}
	var got []mention
	for _, m := range response.Mentions {
		if s := m.Span; text[s.ByteStart:s.ByteEnd] != m.Surface || string([]rune(text)[s.Start:s.End]) != m.Surface {
			t.Errorf("span %v is not of %q", s, m.Surface)
		}
		got = append(got, mention{m.Surface, m.Candidates[0].EntityId, m.Candidates[0].Reading})
	}
	want := []mention{
		{"Pyongyang", "Q423", onomav1.Reading_READING_METONYMIC},
		{"Mosca", "Q159", onomav1.Reading_READING_METONYMIC},
		{"presidente ucraino", "Q3874799", onomav1.Reading_READING_TITULAR},
		{"ucraino", "Q212", onomav1.Reading_READING_DEMONYMIC},
		{"Roma", "Q220", onomav1.Reading_READING_LITERAL},
		{"Zelenskyj", "Q3874799", onomav1.Reading_READING_LITERAL},
	}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("mention %d: got %v, want %v", i, got[i], want[i])
		}
	}
	if parent := response.Mentions[3].Parent; parent == nil || *parent != 2 {
		t.Errorf("the demonym's parent is %v, want 2", parent)
	}
}

func TestAnnotateRefuses(t *testing.T) {
	p := seeded(t)
	for _, c := range []struct {
		what, says string
		document   *onomav1.Document
	}{
		{"no document", "document.text", nil},
		{"no text", "document.text: is required", &onomav1.Document{}},
		{"a long text", "1048577 bytes, the limit is 1048576", &onomav1.Document{Text: strings.Repeat("a", 1<<20+1)}},
		{"bad UTF-8", "byte 2 (0xFF)", &onomav1.Document{Text: "ab\xff"}},
		{"a bad date", "document.as_of", &onomav1.Document{Text: "a", AsOf: "soon"}},
		{"a bad kind", "document.kinds[0]", &onomav1.Document{Text: "a", Kinds: []onomav1.EntityKind{99}}},
		{"a negative limit", "document.limit", &onomav1.Document{Text: "a", Limit: -1}},
		{"a bad score", "document.min_score", &onomav1.Document{Text: "a", MinScore: new(float64(2))}},
	} {
		_, err := p.Annotate(t.Context(), &onomav1.AnnotateRequest{Document: c.document})
		if s := status.Convert(err); s.Code() != codes.InvalidArgument || !strings.Contains(s.Message(), c.says) {
			t.Errorf("%s: %v, want %q", c.what, err, c.says)
		}
	}
}

func TestResolveInContext(t *testing.T) {
	p := seeded(t)
	for _, c := range []struct {
		query   *onomav1.Query
		id      string
		reading onomav1.Reading
	}{
		{&onomav1.Query{Name: "Pyongyang", Context: &onomav1.Context{Text: "a flight to Pyongyang"}}, "Q18808", onomav1.Reading_READING_LITERAL},
		{&onomav1.Query{Name: "Pyongyang", Context: &onomav1.Context{Text: "Pyongyang warned Seoul that it would respond."}}, "Q423", onomav1.Reading_READING_METONYMIC},
		{&onomav1.Query{Name: "Georgia", Context: &onomav1.Context{Text: "Georgia and Armenia signed the deal in Tbilisi."}}, "Q230", onomav1.Reading_READING_METONYMIC},
		{&onomav1.Query{Name: "Norway", Context: &onomav1.Context{Text: "Norway decided to send help.", Span: &onomav1.Span{ByteEnd: 6}}}, "Q20", onomav1.Reading_READING_METONYMIC},
		{&onomav1.Query{Name: "Pyongyang", Reading: onomav1.Reading_READING_LITERAL, Context: &onomav1.Context{Text: "Pyongyang warned Seoul."}}, "Q18808", onomav1.Reading_READING_LITERAL},
		{&onomav1.Query{Name: "Sullivan", Context: &onomav1.Context{Text: "There was no name here, but Jake Sullivan had come."}}, "Q16730147", onomav1.Reading_READING_LITERAL},
		{&onomav1.Query{Name: "il primo ministro giapponese", AsOf: "2024-10-25"}, "Q1335527", onomav1.Reading_READING_TITULAR},
		{&onomav1.Query{Name: "der Kreml-Sprecher", AsOf: "2024-10-25"}, "onoma:dmitry-peskov", onomav1.Reading_READING_TITULAR},
		{&onomav1.Query{Name: "日本の首相", AsOf: "2024-10-25"}, "Q1335527", onomav1.Reading_READING_TITULAR},
	} {
		response, err := p.BatchResolve(t.Context(), &onomav1.BatchResolveRequest{Queries: []*onomav1.Query{c.query}})
		if err != nil {
			t.Fatal(err)
		}
		result := response.Items[0].GetResult()
		if len(result.GetCandidates()) == 0 {
			t.Errorf("%v: %v", c.query, response.Items[0])
			continue
		}
		if got := result.Candidates[0]; got.EntityId != c.id || got.Reading != c.reading {
			t.Errorf("%v: got %s %v, want %s %v", c.query, got.EntityId, got.Reading, c.id, c.reading)
		}
	}
	for what, span := range map[string]*onomav1.Span{
		"past the end":      {Start: 2, End: 50},
		"empty":             {},
		"turned round":      {ByteStart: 5, ByteEnd: 2},
		"two that disagree": {Start: 0, End: 4, ByteStart: 0, ByteEnd: 3},
		"inside a letter":   {ByteStart: 0, ByteEnd: 2},
	} {
		response, err := p.BatchResolve(t.Context(), &onomav1.BatchResolveRequest{Queries: []*onomav1.Query{
			{Name: "Rom", Context: &onomav1.Context{Text: "Rügen und Rom", Span: span}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if failure := response.Items[0].GetError(); failure == nil || !strings.Contains(failure.Message, "context.span") {
			t.Errorf("a span %s: %v", what, response.Items[0])
		}
	}
}

// TestExplainAnswersAsResolve holds that an explanation is of the answer that
// Resolve gives, the text around the name included.
func TestExplainAnswersAsResolve(t *testing.T) {
	p := seeded(t)
	for _, c := range []struct {
		query   *onomav1.Query
		id      string
		verdict onomav1.Verdict
	}{
		{&onomav1.Query{Name: "Pyongyang"}, "Q423", onomav1.Verdict_VERDICT_CHOSEN},
		{&onomav1.Query{Name: "Pyongyang", Context: &onomav1.Context{Text: "a flight to Pyongyang"}}, "Q18808", onomav1.Verdict_VERDICT_CHOSEN},
		{&onomav1.Query{Name: "Pyongyang", Context: &onomav1.Context{Text: "a flight to Pyongyang"}}, "Q423", onomav1.Verdict_VERDICT_LEFT_OUT},
		{&onomav1.Query{Name: "Sullivan", Context: &onomav1.Context{Text: "There was no name here, but Jake Sullivan had come."}}, "Q16730147", onomav1.Verdict_VERDICT_CHOSEN},
		{&onomav1.Query{Name: "il primo ministro giapponese", AsOf: "2024-10-25"}, "Q1335527", onomav1.Verdict_VERDICT_CHOSEN},
		{&onomav1.Query{Name: "Xqzzt Blorb", Context: &onomav1.Context{Text: "Xqzzt Blorb spoke in Rome."}}, "Q220", onomav1.Verdict_VERDICT_NOT_FOUND},
	} {
		explained, err := p.Explain(t.Context(), &onomav1.ExplainRequest{Query: c.query, EntityId: c.id})
		if err != nil {
			t.Fatal(err)
		}
		batch, err := p.BatchResolve(t.Context(), &onomav1.BatchResolveRequest{Queries: []*onomav1.Query{c.query}})
		if err != nil {
			t.Fatal(err)
		}
		got, want := explained.Result, batch.Items[0].GetResult()
		if got.Outcome != want.Outcome || len(got.Candidates) != len(want.Candidates) {
			t.Fatalf("%v: explained as %v with %d candidates, resolved as %v with %d", c.query, got.Outcome, len(got.Candidates), want.Outcome, len(want.Candidates))
		}
		for i := range want.Candidates {
			g, w := got.Candidates[i], want.Candidates[i]
			if g.EntityId != w.EntityId || g.Reading != w.Reading || g.Score != w.Score {
				t.Errorf("%v: candidate %d is explained as %s %v %f, resolved as %s %v %f", c.query, i, g.EntityId, g.Reading, g.Score, w.EntityId, w.Reading, w.Score)
			}
		}
		if explained.Verdict != c.verdict {
			t.Errorf("%v: verdict on %s is %v, want %v", c.query, c.id, explained.Verdict, c.verdict)
		}
	}
}
