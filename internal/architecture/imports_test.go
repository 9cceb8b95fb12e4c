// Package architecture holds what must stay true of the whole tree: which way
// the imports run, and under which licences others' code comes in.
package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	root   = "../.."
	module = "onoma"
)

// A rule speaks of the packages under the folders of, those under except left
// out. They import nothing under forbid, and of this module only what lies
// under own; a nil own leaves the module open. A rule for libraries leaves
// programs (package main) out.
type rule struct {
	why       string
	of        []string
	except    []string
	libraries bool
	forbid    []string
	own       []string
}

var (
	transport = []string{
		"google.golang.org/grpc", "google.golang.org/protobuf", "google.golang.org/genproto",
		"github.com/grpc-ecosystem", module + "/proto",
	}
	storage = []string{
		"database/sql", "modernc.org/sqlite", "github.com/jackc/pgx",
		"github.com/redis", "github.com/maypok86/otter",
	}
	logging = []string{"log", "github.com/prometheus", "go.opentelemetry.io"}
)

var rules = []rule{
	{
		why:    "the core is pure: no transport, no storage, no logger, no network",
		of:     []string{"resolver"},
		forbid: slices.Concat(transport, storage, logging, []string{"net", "os/exec", "os/signal"}),
		own:    []string{"resolver"},
	},
	{
		why:       "the core opens no files but index snapshots and reads no environment; programs that make its data do",
		of:        []string{"resolver"},
		except:    []string{"resolver/index"},
		libraries: true,
		forbid:    []string{"os", "flag"},
	},
	{
		why: "caches, stores and importers know the words of the domain and nothing above",
		of:  []string{"cache", "internal/table", "internal/source"},
		own: []string{"resolver", "cache", "internal/table", "internal/source"},
	},
	{
		why:    "the cache and the authority do not know each other",
		of:     []string{"cache"},
		forbid: []string{module + "/internal"},
	},
	{
		why:    "the cache and the authority do not know each other",
		of:     []string{"internal/table", "internal/source"},
		forbid: []string{module + "/cache"},
	},
	{
		why:    "protobuf and status codes stop at the transport",
		of:     []string{"."},
		except: []string{"proto", "internal/server", "internal/quality", "cmd", "client", "examples"},
		forbid: transport,
	},
	{
		why:    "nothing imports the program",
		of:     []string{"."},
		forbid: []string{module + "/cmd"},
		except: []string{"cmd"},
	},
	{
		why:    "the server is assembled by the program alone",
		of:     []string{"."},
		except: []string{"cmd", "internal/server", "internal/quality"},
		forbid: []string{module + "/internal/server"},
	},
	{
		why: "the contract depends on nothing of ours",
		of:  []string{"proto"},
		own: []string{"proto"},
	},
	{
		why: "a client is built from the contract alone",
		of:  []string{"client"},
		own: []string{"proto", "client"},
	},
}

// under reports whether the slash-separated path p is folder or lies in it.
func under(p, folder string) bool {
	return folder == "." || p == folder || strings.HasPrefix(p, folder+"/")
}

func underAny(p string, folders []string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return under(p, f) })
}

// breaks reports whether the rule forbids the package pkg in folder dir to
// import what is named.
func (r *rule) breaks(dir, pkg, imported string) bool {
	if !underAny(dir, r.of) || underAny(dir, r.except) || r.libraries && pkg == "main" {
		return false
	}
	if underAny(imported, r.forbid) {
		return true
	}
	own, ours := strings.CutPrefix(imported, module+"/")
	return ours && r.own != nil && !underAny(own, r.own)
}

func TestImportDirections(t *testing.T) {
	checked := 0
	eachSource(t, func(file string, syntax *ast.File) {
		checked++
		for _, spec := range syntax.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			for i := range rules {
				if r := &rules[i]; r.breaks(path.Dir(file), syntax.Name.Name, imported) {
					t.Errorf("%s imports %s: %s", file, imported, r.why)
				}
			}
		}
	})
	if checked == 0 {
		t.Fatalf("no Go file under %s", root)
	}
}

// The core answers from its arguments: a date comes in with the query.
func TestCoreHasNoClock(t *testing.T) {
	eachSource(t, func(file string, syntax *ast.File) {
		if !under(file, "resolver") || syntax.Name.Name == "main" {
			return
		}
		ast.Inspect(syntax, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" && (s.Sel.Name == "Now" || s.Sel.Name == "Since") {
					t.Errorf("%s calls time.%s: the core has no clock", file, s.Sel.Name)
				}
			}
			return true
		})
	})
}

// The rules themselves: what they let through and what they stop.
func TestRules(t *testing.T) {
	for _, c := range []struct {
		pkg, imported string // path of the package; its last element is its name
		allowed       bool
	}{
		{"resolver", "golang.org/x/text/unicode/norm", true},
		{"resolver", "onoma/resolver/name", true},
		{"resolver/name", "log/slog", false},
		{"resolver/name", "google.golang.org/grpc/codes", false},
		{"resolver/name", "onoma/internal/table", false},
		{"resolver", "onoma/cache", false},
		{"resolver/text", "net/http", false},
		{"resolver/text", "os", false},
		{"resolver/seed/compile/main", "os", true},
		{"resolver/seed/compile/main", "log/slog", false},
		{"cache", "github.com/redis/go-redis/v9", true},
		{"cache", "onoma/resolver", true},
		{"cache", "onoma/internal/table", false},
		{"cache", "google.golang.org/protobuf/proto", false},
		{"internal/table", "database/sql", true},
		{"internal/table", "onoma/resolver/fact", true},
		{"internal/table/sqlite", "onoma/internal/table", true},
		{"internal/table", "onoma/internal/server", false},
		{"internal/table", "onoma/cache", false},
		{"internal/server", "onoma/proto/onoma/v1", true},
		{"internal/server", "onoma/cache", true},
		{"internal/server", "onoma/cmd/onoma", false},
		{"internal/telemetry", "google.golang.org/grpc", false},
		{"internal/config", "onoma/internal/server", false},
		{"client", "onoma/proto/onoma/v1", true},
		{"client", "onoma/resolver", false},
		{"cmd/onoma", "onoma/internal/server", true},
	} {
		allowed := !slices.ContainsFunc(rules, func(r rule) bool { return r.breaks(c.pkg, path.Base(c.pkg), c.imported) })
		if allowed != c.allowed {
			t.Errorf("%s importing %s: allowed %t, want %t", c.pkg, c.imported, allowed, c.allowed)
		}
	}
}

// eachSource parses every Go file of the module that is not a test and calls
// visit with its path from the root. Nested modules are not this one's.
func eachSource(t *testing.T, visit func(file string, syntax *ast.File)) {
	t.Helper()
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if entry.IsDir() {
			base := entry.Name()
			if rel != "." && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || rel == "tools") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") || strings.HasSuffix(rel, "_test.go") {
			return nil
		}
		syntax, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		visit(rel, syntax)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
