package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"
)

// progress tells how far the compilation is: a bar over the bytes of the input
// on a terminal, and one line a file with the rows it gave.
type progress struct {
	out   io.Writer
	bar   *progressbar.ProgressBar // nil when out is no terminal
	start time.Time
}

func newProgress(out io.Writer, dirs ...string) *progress {
	p := &progress{out: out, start: time.Now()}
	if f, ok := out.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		p.bar = progressbar.NewOptions64(bytesUnder(dirs),
			progressbar.OptionSetWriter(out),
			progressbar.OptionSetDescription("reading"),
			progressbar.OptionShowBytes(true),
			progressbar.OptionClearOnFinish())
	}
	return p
}

// bytesUnder adds up the files a compilation may read; what cannot be seen is
// left out, as the sum only scales the bar.
func bytesUnder(dirs []string) (sum int64) {
	for _, dir := range dirs {
		_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				if info, err := d.Info(); err == nil {
					sum += info.Size()
				}
			}
			return nil
		})
	}
	return sum
}

// read notes a file that has been read to its end.
func (p *progress) read(file string, rows int, size int64) {
	p.say("%-45s %8d rows", file, rows)
	if p.bar != nil {
		_ = p.bar.Add64(size)
	}
}

// say prints a line above the bar.
func (p *progress) say(format string, args ...any) {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
	fmt.Fprintf(p.out, format+"\n", args...)
}

func (p *progress) close() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
