package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"

	"github.com/rivo/uniseg"

	onomav1 "onoma/proto/onoma/v1"
)

// show prints annotated documents.
type show interface {
	begin() error
	document(name, text string, base offset, found *onomav1.AnnotateResponse) error
	end() error
}

func newShow(output string, w io.Writer) show {
	buffered := bufio.NewWriter(w)
	switch {
	case output == "json":
		return &jsonShow{buffered}
	case output == "html":
		return &htmlShow{buffered}
	default:
		p := &tablePrinter{w: buffered, colour: isTerminal(w)}
		return &textShow{tablePrinter: p, text: output == "text" || output == "auto" && isTerminal(w), table: output != "text"}
	}
}

// jsonShow prints one line of JSON a document.
type jsonShow struct{ w *bufio.Writer }

func (s *jsonShow) begin() error { return nil }
func (s *jsonShow) end() error   { return s.w.Flush() }

func (s *jsonShow) document(name, _ string, base offset, found *onomav1.AnnotateResponse) error {
	// The numbers of the contract are of 32 bits, and a document's are small; those of
	// a place in a larger file may not be.
	if base.bytes > math.MaxInt32-documentBytes {
		return fmt.Errorf("%s: byte %d lies beyond %d, the last that JSON output can point at; split the file, or use --output table", name, base.bytes, math.MaxInt32)
	}
	for _, m := range found.Mentions {
		m.Span.Start += int32(base.runes)
		m.Span.End += int32(base.runes)
		m.Span.ByteStart += int32(base.bytes)
		m.Span.ByteEnd += int32(base.bytes)
	}
	result, err := compactJSON(found)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	encoder := json.NewEncoder(s.w)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(struct {
		File   string          `json:"file"`
		Result json.RawMessage `json:"result"`
	}{name, result}); err != nil {
		return err
	}
	return s.w.Flush()
}

// textShow prints the text with its names marked, and a table of them.
type textShow struct {
	*tablePrinter
	text, table bool
	documents   int
}

func (s *textShow) begin() error { return nil }
func (s *textShow) end() error   { return s.w.Flush() }

// kindColours are the ANSI colours of marked names.
var kindColours = map[onomav1.EntityKind]string{
	onomav1.EntityKind_ENTITY_KIND_PERSON:       "1;36",
	onomav1.EntityKind_ENTITY_KIND_COUNTRY:      "1;33",
	onomav1.EntityKind_ENTITY_KIND_PLACE:        "1;32",
	onomav1.EntityKind_ENTITY_KIND_REGION:       "1;32",
	onomav1.EntityKind_ENTITY_KIND_FACILITY:     "1;32",
	onomav1.EntityKind_ENTITY_KIND_ORGANIZATION: "1;35",
}

func (s *textShow) document(name, text string, base offset, found *onomav1.AnnotateResponse) error {
	if s.documents++; s.documents > 1 || base.bytes > 0 {
		fmt.Fprintln(s.w)
	}
	fmt.Fprintf(s.w, "%s  %s\n", s.paint(bold, name), s.paint(dim, fmt.Sprintf("language %s, as of %s, %d mentions", found.Language, found.AsOf, len(found.Mentions))))
	if s.text {
		s.marked(text, found.Mentions)
	}
	if s.table {
		s.rows(base, found.Mentions)
	}
	return s.w.Flush()
}

// marked prints the text. Without colours a name is marked as [name|ID READING].
func (s *textShow) marked(text string, mentions []*onomav1.Mention) {
	at := 0
	for _, m := range mentions {
		if int(m.Span.ByteStart) < at {
			continue // inside the one before
		}
		s.plain(text[at:m.Span.ByteStart])
		c := m.Candidates[0]
		if s.colour {
			s.w.WriteString(s.paint(kindColours[c.Kind], m.Surface))
			s.w.WriteString(s.paint(dim, "⟨"+c.EntityId+"⟩"))
		} else {
			fmt.Fprintf(s.w, "[%s|%s %s]", m.Surface, c.EntityId, word(c.Reading))
		}
		at = int(m.Span.ByteEnd)
	}
	s.plain(text[at:])
	if !strings.HasSuffix(text, "\n") {
		s.w.WriteByte('\n')
	}
}

// plain prints text without the control characters that would disturb a terminal.
func (s *textShow) plain(text string) {
	for _, r := range text {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			r = '\uFFFD'
		}
		s.w.WriteRune(r)
	}
}

func (s *textShow) rows(base offset, mentions []*onomav1.Mention) {
	rows := make([][]string, len(mentions))
	for i, m := range mentions {
		c := m.Candidates[0]
		outcome := ""
		if m.Outcome != onomav1.Outcome_OUTCOME_RESOLVED {
			outcome = "ambiguous, "
		}
		rows[i] = []string{
			fmt.Sprint(int(m.Span.Start) + base.runes), visible(strings.Join(strings.Fields(m.Surface), " ")), c.EntityId, c.CanonicalName,
			lower(c.Reading), outcome + fmt.Sprintf("%.2f ", c.Score) + sense(c), firstRole(c),
		}
	}
	widths := columnWidths(rows)
	for _, row := range rows {
		for col, cell := range row {
			if col == 0 {
				s.w.WriteString(strings.Repeat(" ", widths[col]-len(cell)+2))
			}
			if col == 1 {
				s.w.WriteString(s.paint(bold, cell))
			} else {
				s.w.WriteString(cell)
			}
			if col < len(row)-1 {
				s.w.WriteString(strings.Repeat(" ", map[bool]int{true: widths[col] - uniseg.StringWidth(cell)}[col > 0]+2))
			}
		}
		s.w.WriteByte('\n')
	}
}

func firstRole(c *onomav1.Candidate) string {
	if len(c.Roles) == 0 {
		return ""
	}
	return roleLine(c.Roles[0])
}

// htmlShow makes one page that needs nothing else.
type htmlShow struct{ w *bufio.Writer }

//go:embed annotate.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// piece is a stretch of text, marked or not.
type piece struct {
	Text                    string
	Mention                 bool
	Kind, ID, Name, Reading string
	Sense, Role             string
	Ambiguous               bool
}

func (s *htmlShow) begin() error { return page.ExecuteTemplate(s.w, "begin", nil) }

func (s *htmlShow) end() error {
	if err := page.ExecuteTemplate(s.w, "end", nil); err != nil {
		return err
	}
	return s.w.Flush()
}

func (s *htmlShow) document(name, text string, _ offset, found *onomav1.AnnotateResponse) error {
	var pieces []piece
	at := 0
	for _, m := range found.Mentions {
		if int(m.Span.ByteStart) < at {
			continue
		}
		c := m.Candidates[0]
		pieces = append(pieces, piece{Text: text[at:m.Span.ByteStart]}, piece{
			Text: m.Surface, Mention: true, Kind: lower(c.Kind), ID: c.EntityId, Name: c.CanonicalName,
			Reading: lower(c.Reading), Sense: sense(c), Role: firstRole(c),
			Ambiguous: m.Outcome != onomav1.Outcome_OUTCOME_RESOLVED,
		})
		at = int(m.Span.ByteEnd)
	}
	pieces = append(pieces, piece{Text: text[at:]})
	return page.ExecuteTemplate(s.w, "document", map[string]any{
		"Name": name, "Language": found.Language, "AsOf": found.AsOf, "Count": len(found.Mentions), "Pieces": pieces,
	})
}
