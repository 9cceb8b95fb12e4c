package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// rows reads a tab-separated file with a header line and calls do for each row.
// The fields come in the order of columns, whatever their order in the file.
// Errors, also those of do, name file and line.
func (w *world) rows(file string, columns []string, do func(field []string) error) error {
	data, err := os.ReadFile(filepath.Join(w.data, filepath.FromSlash(file)))
	if err != nil {
		return err
	}
	header, body, ok := bytes.Cut(data, []byte("\n"))
	if !ok {
		return fmt.Errorf("%s:1: no header line", file)
	}
	names := strings.Split(strings.TrimRight(string(header), "\r"), "\t")
	at := make([]int, len(columns))
	for i, c := range columns {
		if at[i] = slices.Index(names, c); at[i] < 0 {
			return fmt.Errorf("%s:1: no column %q among %s", file, c, strings.Join(names, ", "))
		}
	}
	field := make([]string, len(columns))
	line, n := 1, 0
	for text := range strings.Lines(string(body)) {
		line++
		text = strings.TrimRight(text, "\r\n")
		if text == "" {
			continue
		}
		if !utf8.ValidString(text) {
			return fmt.Errorf("%s:%d: not UTF-8", file, line)
		}
		all := strings.Split(text, "\t")
		for i, j := range at {
			field[i] = ""
			if j < len(all) {
				field[i] = strings.TrimSpace(all[j])
			}
		}
		// Some files repeat a header where they were joined.
		if field[0] == columns[0] {
			continue
		}
		if err := do(field); err != nil {
			return fmt.Errorf("%s:%d: %w", file, line, err)
		}
		n++
	}
	w.progress.read(file, n, int64(len(data)))
	return nil
}
