package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"onoma/resolver/fact"
	"onoma/resolver/seed/writing"
)

// factFile reads one hand-written file (format: facts/README.md).
type factFile struct {
	w      *world
	path   string
	line   int
	source uint64

	entity   *entity
	said     map[string]bool // languages in which the open entity has had a name
	position *position
	rank     int
}

// directives are what facts take away or close; they act when everything has
// been read.
type directives struct {
	roleEnds []roleEnd
	roleDrop []roleEnd
}

type roleEnd struct {
	person, position string
	to               fact.Date
	where            string
}

// notFacts are files of the directory with a format of their own.
var notFacts = map[string]bool{"offices.txt": true, "clashes.txt": true, "states.txt": true}

func (w *world) readFacts(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return err
	}
	slices.Sort(files)
	if err := w.readRedirects(files); err != nil {
		return err
	}
	for _, path := range files {
		if notFacts[filepath.Base(path)] {
			continue
		}
		f := &factFile{w: w, path: path, rank: rankDesk}
		if err := f.read(); err != nil {
			return err
		}
	}
	if err := w.readClashes(filepath.Join(dir, "clashes.txt")); err != nil {
		return err
	}
	demonyms, err := filepath.Glob(filepath.Join(dir, "demonyms", "*.txt"))
	if err != nil {
		return err
	}
	slices.Sort(demonyms)
	for _, path := range demonyms {
		if err := w.readParadigms(path); err != nil {
			return err
		}
	}
	return nil
}

// readClashes reads which entities share a name for a reason: lines of
// "ID ID …: reason".
func (w *world) readClashes(path string) error {
	return w.lines(path, func(_ int, text string) error {
		at := strings.Index(text, ": ")
		if at < 0 {
			return fmt.Errorf("%q gives no reason after a colon", text)
		}
		ids := strings.Fields(text[:at])
		for i, a := range ids {
			if err := checkID(a); err != nil {
				return err
			}
			for _, b := range ids[i+1:] {
				w.clashes[w.resolve(a)+" "+w.resolve(b)] = true
			}
		}
		return nil
	})
}

// readRedirects reads the redirects of all files first, so that one file may use
// an ID that another has joined to a second.
func (w *world) readRedirects(files []string) error {
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		id := ""
		for text := range strings.Lines(string(data)) {
			word, rest := cutField(text)
			switch {
			case text[0] != ' ' && word != "":
				id = word
			case word == "redirect" && checkID(rest) == nil && checkID(id) == nil:
				w.redirects[rest] = id
			}
		}
	}
	return nil
}

// lines calls do for every line that is neither blank nor a comment, and joins
// file and line to its error. With --keep-going, errors are reported and passed
// over.
func (w *world) lines(path string, do func(line int, text string) error) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	n, rows := 0, 0
	for text := range strings.Lines(string(data)) {
		n++
		text = strings.TrimRight(text, " \t\r\n")
		if trimmed := strings.TrimSpace(text); trimmed == "" || trimmed[0] == '#' {
			continue
		}
		rows++
		var err error
		if !utf8.ValidString(text) {
			err = fmt.Errorf("not UTF-8")
		} else {
			err = do(n, norm.NFC.String(text))
		}
		if err != nil {
			if err = w.problem(fmt.Errorf("%s:%d: %w", path, n, err)); err != nil {
				return err
			}
		}
	}
	w.progress.read(filepath.Base(path), rows, int64(len(data)))
	return nil
}

// problem returns err, or reports it and returns nil when the compilation is to
// keep going.
func (w *world) problem(err error) error {
	if !w.keepGoing {
		return err
	}
	w.progress.say("skipped: %v", err)
	w.problems++
	return nil
}

func (f *factFile) read() error {
	return f.w.lines(f.path, func(line int, text string) error {
		f.line = line
		if text[0] != ' ' && text[0] != '\t' {
			return f.head(text)
		}
		text = strings.TrimSpace(text)
		switch {
		case f.position != nil:
			return f.positionLine(text)
		case f.entity != nil:
			return f.entityLine(text)
		default:
			return fmt.Errorf("%q stands under no entity and no position", text)
		}
	})
}

func (f *factFile) head(text string) error {
	f.entity, f.position = nil, nil
	word, rest := cutField(text)
	switch word {
	case "source":
		name, about := cutField(rest)
		if name == "" || about == "" {
			return fmt.Errorf("source needs a name and a text")
		}
		if name == "desk" {
			// One bit for all desk facts; the file says on what knowledge each rests.
			about = "Hand-written facts; the files under resolver/seed/facts say what each rests on."
		}
		f.source = f.w.source(name, about)
		return nil
	case "position":
		return f.openPosition(rest)
	}
	return f.openEntity(word, rest)
}

func (f *factFile) openEntity(id, rest string) error {
	if err := checkID(id); err != nil {
		return err
	}
	if f.source == 0 {
		return fmt.Errorf("%s stands before any source line", id)
	}
	word, canonical := cutField(rest)
	kind, err := fact.ParseKind(word)
	have := f.w.at(id)
	if err != nil {
		if rest != "" {
			return err
		}
		// The ID alone: whoever else knows the entity says what it is.
		kind = fact.KindUnspecified
	}
	if have != nil && kind != fact.KindUnspecified && have.kind != kind && have.kind != fact.KindUnspecified {
		// The desk decides between a place and a region: the sources call the
		// same island either.
		if !placeLike(have.kind) || !placeLike(kind) {
			return fmt.Errorf("%s is %s here and %s before", id, kind, have.kind)
		}
		have.kind = kind
	}
	e := f.w.open(id, kind, f.source)
	e.desk = true
	if e.where == "" {
		e.where = fmt.Sprintf("%s:%d", f.path, f.line)
	}
	if canonical != "" {
		e.canonical = canonical
		e.name(canonical, "en", fact.Primary, f.source, rankDesk)
	}
	f.entity, f.said = e, map[string]bool{}
	if canonical != "" {
		f.said["en"] = true
	}
	return nil
}

func placeLike(k fact.Kind) bool {
	return k == fact.Place || k == fact.Region || k == fact.Facility || k == fact.Country
}

func (f *factFile) entityLine(text string) error {
	word, rest := cutField(text)
	e := f.entity
	switch word {
	case "prominence":
		p, err := strconv.ParseFloat(rest, 64)
		if err != nil || p < 0 || p > 1 {
			return fmt.Errorf("prominence %q is not a number from 0 to 1", rest)
		}
		e.prominence = p
		return nil
	case "relation":
		return f.relation(rest)
	case "role", "role-ends", "role-drop":
		return f.role(word, rest)
	case "external":
		scheme, value := cutField(rest)
		if scheme == "" || value == "" {
			return fmt.Errorf("external needs a scheme and a value")
		}
		e.external[scheme] = value
		return nil
	case "redirect":
		if err := checkID(rest); err != nil {
			return err
		}
		if have := f.w.entities[rest]; have != nil {
			return fmt.Errorf("%s is an entity of the data and cannot redirect", rest)
		}
		if !slices.Contains(e.redirects, rest) {
			e.redirects = append(e.redirects, rest)
		}
		return nil
	case "drop-name":
		if e.dropped == nil {
			e.dropped = map[string]bool{}
		}
		for _, n := range splitNames(rest) {
			e.dropped[fold(n)] = true
		}
		return nil
	}
	return f.names(word, rest)
}

// names reads "LANG [KIND] NAME [; NAME …] [FROM..TO]".
func (f *factFile) names(langCode, rest string) error {
	lang, err := factTag(langCode)
	if err != nil {
		return err
	}
	rest, from, to, err := bracketRange(rest)
	if err != nil {
		return err
	}
	kind := fact.NameUnspecified
	if word, after := cutField(rest); after != "" {
		if k, err := fact.ParseNameKind(word); err == nil {
			kind, rest = k, after
		}
	}
	for _, n := range splitNames(rest) {
		k := kind
		if k == fact.NameUnspecified {
			k = fact.Alias
			if !f.said[lang] && from.IsZero() && to.IsZero() {
				k = fact.Primary
			}
		}
		f.said[lang] = true
		f.entity.names = append(f.entity.names, rawName{text: n, lang: lang, kind: k, from: from, to: to, source: f.source, rank: rankDesk})
	}
	return nil
}

// factTag checks a language of a hand-written file: it must be one that
// [writing.Tag] reads, since a mistyped one would be lost in silence.
func factTag(code string) (string, error) {
	if code == "mul" {
		return code, nil
	}
	t := writing.Tag(code)
	if t == "" || code != strings.TrimSpace(code) || len(code) > 12 {
		return "", fmt.Errorf("%q is neither a language nor a word this format knows", code)
	}
	return t, nil
}

func (f *factFile) relation(rest string) error {
	field := strings.Fields(rest)
	if len(field) < 2 {
		return fmt.Errorf("relation needs a type and a target")
	}
	t, err := fact.ParseRelationType(field[0])
	if err != nil {
		return err
	}
	r := fact.Relation{Type: t, Target: field[1]}
	if err := checkID(r.Target); err != nil {
		return err
	}
	field = field[2:]
	if len(field) > 0 && !strings.Contains(field[0], "..") && !isDigit(field[0][0]) {
		if r.Sector, err = fact.ParseSector(field[0]); err != nil {
			return err
		}
		field = field[1:]
	}
	if t == fact.SeatOf && r.Sector == fact.SectorUnspecified {
		return fmt.Errorf("SEAT_OF %s needs a sector", r.Target)
	}
	if len(field) > 0 {
		if r.From, r.To, err = dateRange(field[0]); err != nil {
			return err
		}
		field = field[1:]
	}
	if len(field) > 0 {
		return fmt.Errorf("relation has %q too many", strings.Join(field, " "))
	}
	// A fact replaces the undated relation that a source gives.
	e := f.entity
	e.relations = slices.DeleteFunc(e.relations, func(have fact.Relation) bool {
		return have.Type == r.Type && have.Sector == r.Sector && have.Target == r.Target && have.From == 0 && have.To == 0
	})
	e.relate(r)
	return nil
}

func (f *factFile) role(word, rest string) error {
	field := strings.Fields(rest)
	if len(field) == 0 || len(field) > 2 {
		return fmt.Errorf("%s needs a position and at most a range", word)
	}
	id := field[0]
	if err := checkID(id); err != nil {
		return err
	}
	if f.entity.kind == fact.KindUnspecified {
		f.entity.kind = fact.Person
	}
	if f.entity.kind != fact.Person {
		return fmt.Errorf("%s %s is a %s; only a PERSON holds a post", word, f.entity.id, f.entity.kind)
	}
	d := roleEnd{person: f.entity.id, position: id, where: fmt.Sprintf("%s:%d", f.path, f.line)}
	var err error
	switch word {
	case "role-drop":
		f.w.directives.roleDrop = append(f.w.directives.roleDrop, d)
	case "role-ends":
		if len(field) < 2 {
			return fmt.Errorf("role-ends needs a date")
		}
		if d.to, err = fact.ParseDate(strings.TrimPrefix(field[1], "..")); err != nil {
			return err
		}
		f.w.directives.roleEnds = append(f.w.directives.roleEnds, d)
	default:
		r := fact.Role{Position: id}
		if len(field) == 2 {
			if r.From, r.To, err = dateRange(field[1]); err != nil {
				return err
			}
		}
		f.entity.roles = append(f.entity.roles, role{Role: r, rank: rankDesk})
	}
	return nil
}

func (f *factFile) openPosition(rest string) error {
	field := strings.Fields(rest)
	if len(field) != 3 {
		return fmt.Errorf("position needs an ID, an office and a jurisdiction (or -)")
	}
	if err := checkID(field[0]); err != nil {
		return err
	}
	p := f.w.openPosition(field[0])
	// A later line of another file adds titles; the first that names an office
	// or a jurisdiction stays.
	p.rank = rankDesk
	p.office = ""
	if field[1] != "-" {
		if !f.w.offices.known(field[1]) {
			return fmt.Errorf("office %q is no class of offices.txt", field[1])
		}
		p.office = field[1]
	}
	if field[2] != "-" {
		if err := checkID(field[2]); err != nil {
			return err
		}
		p.jurisdiction = field[2]
	}
	p.used = true
	f.position = p
	return nil
}

func (f *factFile) positionLine(text string) error {
	word, rest := cutField(text)
	switch word {
	case "organization":
		if err := checkID(rest); err != nil {
			return err
		}
		f.position.org = rest
		return nil
	case "single":
		f.position.single = true
		return nil
	}
	lang, err := factTag(word)
	if err != nil {
		return err
	}
	for _, t := range splitNames(rest) {
		f.position.title(t, lang)
	}
	return nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// cutField splits off the first word.
func cutField(s string) (word, rest string) {
	word, rest, _ = strings.Cut(strings.TrimSpace(s), " ")
	return word, strings.TrimSpace(rest)
}

// splitNames splits "A ; B".
func splitNames(s string) []string {
	var list []string
	for part := range strings.SplitSeq(s, ";") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// bracketRange takes a range in square brackets off the end of a line.
func bracketRange(s string) (rest string, from, to fact.Date, err error) {
	open := strings.LastIndexByte(s, '[')
	if open < 0 || !strings.HasSuffix(s, "]") {
		return s, 0, 0, nil
	}
	from, to, err = dateRange(s[open+1 : len(s)-1])
	return strings.TrimSpace(s[:open]), from, to, err
}

// dateRange reads "FROM..TO", either end open, or "FROM" alone.
func dateRange(s string) (from, to fact.Date, err error) {
	a, b, _ := strings.Cut(s, "..") // one date alone is a beginning
	if from, err = fact.ParseDate(a); err != nil {
		return 0, 0, err
	}
	if to, err = fact.ParseDate(b); err != nil {
		return 0, 0, err
	}
	if from != 0 && to != 0 && to.Last() < from.First() {
		return 0, 0, fmt.Errorf("range %q ends before it begins", s)
	}
	return from, to, nil
}
