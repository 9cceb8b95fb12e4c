package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/rivo/uniseg"
	"golang.org/x/term"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	onomav1 "onoma/proto/onoma/v1"
)

// printer shows answers.
type printer interface {
	item(*onomav1.Query, *onomav1.ResolveItem) error
	flush() error
}

func newPrinter(w io.Writer, output string) printer {
	if output == "json" {
		return &jsonPrinter{w: bufio.NewWriter(w)}
	}
	return &tablePrinter{w: bufio.NewWriter(w), colour: isTerminal(w)}
}

// isTerminal reports whether w shows colours to a person.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == ""
}

// jsonPrinter prints one line of JSON an answer.
type jsonPrinter struct {
	w *bufio.Writer
}

func (p *jsonPrinter) item(q *onomav1.Query, item *onomav1.ResolveItem) error {
	line := struct {
		Name   string          `json:"name"`
		Result json.RawMessage `json:"result,omitempty"`
		Error  json.RawMessage `json:"error,omitempty"`
	}{Name: q.Name}
	var err error
	if failure := item.GetError(); failure != nil {
		line.Error, err = compactJSON(failure)
	} else {
		line.Result, err = compactJSON(item.GetResult())
	}
	if err != nil {
		return fmt.Errorf("name %q: %w", q.Name, err)
	}
	encoder := json.NewEncoder(p.w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(line)
}

func (p *jsonPrinter) flush() error { return p.w.Flush() }

// compactJSON is protojson without the spaces that it sets at random.
func compactJSON(m proto.Message) (json.RawMessage, error) {
	b, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		return nil, err
	}
	var compact bytes.Buffer
	err = json.Compact(&compact, b)
	return compact.Bytes(), err
}

// printLine prints a message as one line of JSON.
func printLine(w io.Writer, m proto.Message) error {
	line, err := compactJSON(m)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", line)
	return err
}

func printLines[M proto.Message](w io.Writer, messages []M) error {
	for _, m := range messages {
		if err := printLine(w, m); err != nil {
			return err
		}
	}
	return nil
}

// printColumns prints rows of cells one below the other.
func printColumns(w io.Writer, rows [][]string) error {
	widths := columnWidths(rows)
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell + strings.Repeat(" ", widths[i]-uniseg.StringWidth(cell)+2))
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(line.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// tablePrinter prints a block of aligned lines an answer.
type tablePrinter struct {
	w      *bufio.Writer
	colour bool
}

// The colours, as ANSI sequences.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (p *tablePrinter) paint(code, s string) string {
	if !p.colour {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p *tablePrinter) item(q *onomav1.Query, item *onomav1.ResolveItem) error {
	name := p.paint(bold, visible(q.Name))
	if failure := item.GetError(); failure != nil {
		_, err := fmt.Fprintf(p.w, "%s  %s\n", name, p.paint(red, "error: "+failure.Message))
		return err
	}
	result := item.GetResult()
	fmt.Fprintf(p.w, "%s  %s\n", name, p.outcome(result))
	rows := make([][]string, len(result.Candidates))
	for i, c := range result.Candidates {
		rows[i] = []string{fmt.Sprintf("%.2f", c.Score), c.EntityId, c.CanonicalName, lower(c.Kind), sense(c)}
	}
	widths := columnWidths(rows)
	for i, c := range result.Candidates {
		p.w.WriteString("  ")
		for col, cell := range rows[i] {
			p.w.WriteString(cell)
			if col < len(rows[i])-1 {
				p.w.WriteString(strings.Repeat(" ", widths[col]-uniseg.StringWidth(cell)+2))
			}
		}
		p.w.WriteByte('\n')
		for _, r := range c.Roles {
			fmt.Fprintf(p.w, "        %s\n", p.paint(dim, roleLine(r)))
		}
	}
	if more := int(result.TotalCandidates) - len(result.Candidates); more > 0 {
		fmt.Fprintf(p.w, "  %s\n", p.paint(dim, fmt.Sprintf("and %d more", more)))
	}
	for _, s := range result.Steps {
		fmt.Fprintf(p.w, "  %s\n", p.paint(dim, stepLine(s)))
	}
	return nil
}

func (p *tablePrinter) flush() error { return p.w.Flush() }

func (p *tablePrinter) outcome(r *onomav1.ResolveResponse) string {
	switch r.Outcome {
	case onomav1.Outcome_OUTCOME_RESOLVED:
		return p.paint(green, "RESOLVED")
	case onomav1.Outcome_OUTCOME_AMBIGUOUS:
		return p.paint(yellow, "AMBIGUOUS")
	default:
		return p.paint(dim, "NO_MATCH")
	}
}

// sense says how the name means the candidate.
func sense(c *onomav1.Candidate) string {
	parts := []string{lower(c.NameRole)}
	if c.LiteralEntityId != "" && c.LiteralEntityId != c.EntityId {
		parts[0] += " by " + c.LiteralEntityId
	}
	if c.Sector != 0 {
		parts = append(parts, lower(c.Sector))
	}
	return strings.Join(append(parts, lower(c.Method)), ", ")
}

func roleLine(r *onomav1.Role) string {
	title := r.PositionId
	if len(r.Titles) > 0 {
		title = r.Titles[0].Text
	}
	switch {
	case r.FromDate != "" && r.ToDate != "":
		return fmt.Sprintf("%s, %s to %s", title, r.FromDate, r.ToDate)
	case r.FromDate != "":
		return fmt.Sprintf("%s since %s", title, r.FromDate)
	case r.ToDate != "":
		return fmt.Sprintf("%s until %s", title, r.ToDate)
	}
	return title
}

func stepLine(s *onomav1.Step) string {
	line := fmt.Sprintf("%-8s", s.Stage)
	for _, part := range []string{s.Text, s.EntityId, s.Detail} {
		if part != "" {
			line += " " + visible(part)
		}
	}
	return line
}

// word is the last part of an enumeration's name: PERSON for ENTITY_KIND_PERSON.
func word(e interface {
	String() string
}) string {
	s := e.String()
	for _, prefix := range []string{"ENTITY_KIND_", "NAME_ROLE_", "SECTOR_", "METHOD_", "VERDICT_", "READING_", "OPERATION_", "CHANGE_TYPE_", "OVERRIDE_ACTION_"} {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			return rest
		}
	}
	return s
}

// lower is word in lower case.
func lower(e interface{ String() string }) string { return strings.ToLower(word(e)) }

func columnWidths(rows [][]string) []int {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], uniseg.StringWidth(cell))
		}
	}
	return widths
}

// visible shows characters that would disturb a terminal as escapes.
func visible(s string) string {
	for _, r := range s {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			quoted := fmt.Sprintf("%q", s)
			return quoted[1 : len(quoted)-1]
		}
	}
	return s
}
