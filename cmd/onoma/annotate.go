package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	onomav1 "onoma/proto/onoma/v1"
)

// documentBytes is the longest document of the contract. Longer files are cut
// between paragraphs.
const documentBytes = 1 << 20

// annotateFlags are the options of annotate.
type annotateFlags struct {
	from             serverFlags
	language, asOf   string
	kinds, countries []string
	nested, html     bool
	output, view     *choice
}

func newAnnotate(env environment) *cobra.Command {
	f := &annotateFlags{output: newChoice("auto", "text", "table", "json", "html"), view: newChoice("basic", "id_only", "full", "explain")}
	cmd := &cobra.Command{
		Use:   "annotate [FILE|DIRECTORY…]",
		Short: "Find the names in texts and say what each stands for",
		Long: `Annotate marks the people, countries, places and organisations of a text, with the
entity that each name stands for, its reading and the posts of people on the date of
the text. Files are read in turn, those of directories too; without any, standard
input is. Files of more than 1 MiB are cut between paragraphs.

--output text shows the text with its names marked; table lists them; json prints one
line for each document, with the AnnotateResponse of the gRPC contract as protojson;
html makes one page of everything. auto is text and table on a terminal, and the
table elsewhere.`,
		Example: `  onoma annotate article.txt --as-of 2024-10-25
  onoma annotate --html news/ > news.html
  curl -s https://example.org/story.txt | onoma annotate --output json`,
		Args: cobra.ArbitraryArgs,
	}
	f.from.add(cmd, env, insteadOfBuiltIn)
	flags := cmd.Flags()
	flags.StringVar(&f.language, "language", "", "BCP-47 `TAG` of the texts' language (default inferred)")
	flags.StringVar(&f.asOf, "as-of", "", "the `DATE` of the texts: YYYY, YYYY-MM or YYYY-MM-DD (default today)")
	flags.StringSliceVar(&f.kinds, "kind", nil, "answer only `KIND`: person, country, place, organization, facility, region, other")
	flags.StringSliceVar(&f.countries, "country", nil, "favour what belongs to the country of this `ID`")
	flags.BoolVar(&f.nested, "nested", false, "answer names inside longer names too")
	flags.Var(f.output, "output", "what to print")
	flags.BoolVar(&f.html, "html", false, "the same as --output html")
	flags.Var(f.view, "view", "how much JSON output says of each candidate")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if f.html {
			f.output.value = "html"
		}
		template, err := f.document()
		if err != nil {
			return err
		}
		b, closeIt, err := open(&f.from)
		if err != nil {
			return err
		}
		defer closeIt()
		show := newShow(f.output.value, env.stdout)
		run := &annotating{cmd: cmd, backend: b, template: template, show: show}
		if err := show.begin(); err != nil {
			return err
		}
		if len(args) == 0 {
			err = run.text("standard input", env.stdin)
		} else {
			err = run.files(args, env.stderr)
		}
		return errors.Join(err, show.end())
	}
	return cmd
}

// document is what every request has in common.
func (f *annotateFlags) document() (*onomav1.Document, error) {
	d := &onomav1.Document{
		Language: f.language, AsOf: f.asOf, CountryIds: f.countries, IncludeNested: f.nested,
		View: onomav1.View(onomav1.View_value["VIEW_"+strings.ToUpper(f.view.value)]),
	}
	var err error
	d.Kinds, err = kindsOf(f.kinds)
	return d, err
}

// annotating is one run of the command.
type annotating struct {
	cmd      *cobra.Command
	backend  backend
	template *onomav1.Document
	show     show
	bar      *progressbar.ProgressBar // nil when nobody watches
}

// files annotates every file, and those of directories. A file that cannot be
// read does not stop the others; the error names it.
func (a *annotating) files(args []string, stderr io.Writer) error {
	var paths []string
	var bytes int64
	for _, arg := range args {
		err := filepath.WalkDir(arg, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if hidden := strings.HasPrefix(entry.Name(), ".") && path != arg; entry.IsDir() {
				if hidden {
					return fs.SkipDir
				}
				return nil
			} else if hidden && path != arg {
				return nil
			}
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			if path == arg || info.Mode().IsRegular() {
				paths, bytes = append(paths, path), bytes+info.Size()
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	const worthWatching = 4 << 20
	if watcher, ok := stderr.(*os.File); ok && bytes >= worthWatching && term.IsTerminal(int(watcher.Fd())) {
		a.bar = progressbar.NewOptions64(bytes, progressbar.OptionSetWriter(stderr), progressbar.OptionShowBytes(true),
			progressbar.OptionSetDescription("annotate"), progressbar.OptionClearOnFinish())
	}
	var problems []error
	for _, path := range paths {
		if err := a.file(path); err != nil {
			if a.cmd.Context().Err() != nil {
				return a.cmd.Context().Err()
			}
			problems = append(problems, err)
		}
	}
	if a.bar != nil {
		_ = a.bar.Finish()
	}
	return errors.Join(problems...)
}

func (a *annotating) file(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return a.text(path, f)
}

// text annotates one text, in parts when it is long.
func (a *annotating) text(name string, r io.Reader) error {
	buffer := make([]byte, 0, 64<<10)
	var base offset
	for first := true; ; first = false {
		var end bool
		var err error
		buffer, end, err = fill(r, buffer)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		size := len(buffer)
		if !end || size > documentBytes {
			size = cut(buffer[:min(size, documentBytes)])
		}
		part := string(buffer[:size])
		if strings.TrimSpace(part) != "" {
			if err := a.part(name, part, base); err != nil {
				return err
			}
		} else if first && end {
			return nil
		}
		base.bytes += size
		base.runes += utf8.RuneCountInString(part)
		buffer = append(buffer[:0], buffer[size:]...)
		if a.bar != nil {
			_ = a.bar.Add(size)
		}
		if end && len(buffer) == 0 {
			return nil
		}
	}
}

// offset is where a part begins in its text.
type offset struct{ bytes, runes int }

// part annotates one document.
func (a *annotating) part(name, text string, base offset) error {
	d := &onomav1.Document{
		Text: text, Language: a.template.Language, AsOf: a.template.AsOf, CountryIds: a.template.CountryIds,
		Kinds: a.template.Kinds, View: a.template.View, IncludeNested: a.template.IncludeNested,
	}
	response, err := a.backend.Annotate(a.cmd.Context(), &onomav1.AnnotateRequest{Document: d})
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return a.show.document(name, text, base, response)
}

// fill reads until the buffer holds more than one document, or all there is.
func fill(r io.Reader, buffer []byte) (_ []byte, end bool, err error) {
	for len(buffer) <= documentBytes {
		if len(buffer) == cap(buffer) {
			buffer = append(buffer, 0)[:len(buffer)]
		}
		n, err := r.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		if errors.Is(err, io.EOF) {
			return buffer, true, nil
		}
		if err != nil {
			return buffer, false, err
		}
	}
	return buffer, false, nil
}

// cut returns where a document is best ended: behind a paragraph, a line, a
// word, or at least a character.
func cut(b []byte) int {
	s := string(b)
	for _, mark := range []string{"\n\n", "\n", ". ", " "} {
		if at := strings.LastIndex(s, mark); at >= len(s)/2 {
			return at + len(mark)
		}
	}
	for n := len(b); n > len(b)-utf8.UTFMax && n > 0; n-- {
		if r, size := utf8.DecodeLastRune(b[:n]); r != utf8.RuneError || size > 1 {
			return n
		}
	}
	return len(b)
}
