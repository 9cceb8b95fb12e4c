// Package reliability drills the program as operators run it: replicas as child
// processes, clients that never pause, and what goes wrong around them. Its tests
// hold the promises of docs/reliability.md and write their results there.
package reliability

import (
	"fmt"
	"os"
	"strings"
)

// Section replaces the section of a Markdown file that stands between
// "<!-- name -->" and "<!-- end name -->" by a table.
func Section(file, name string, head []string, rows [][]string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	begin, end := "<!-- "+name+" -->\n", "<!-- end "+name+" -->"
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return fmt.Errorf("%s has no section %s", file, name)
	}
	var b strings.Builder
	b.WriteString(before + begin)
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(head)
	b.WriteString(strings.Repeat("|---", len(head)) + "|\n")
	for _, row := range rows {
		line(row)
	}
	b.WriteString(end + after)
	return os.WriteFile(file, []byte(b.String()), 0o644)
}
