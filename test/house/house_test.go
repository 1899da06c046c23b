// Package house holds the laws of the repository as tests. They read the files themselves: a test that asked the go
// command would be answered from the cache.
package house

import (
	"bufio"
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/tickmark/tickmark"

// file is one Go file of the repository.
type file struct {
	path      string // from the root, with slashes
	pkg       string // import path below the module
	src       []byte
	ast       *ast.File
	lines     int
	test      bool
	generated bool
}

type repository struct {
	root  string
	fset  *token.FileSet
	files []*file
}

// load parses every Go file of the main module. Folders with a go.mod of their own are other modules.
func load(t *testing.T) *repository {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	r := &repository{root: root, fset: token.NewFileSet()}
	err = filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel := filepath.ToSlash(strings.TrimPrefix(strings.TrimPrefix(p, root), string(filepath.Separator)))
		if e.IsDir() {
			if name := e.Name(); rel != "" && (strings.HasPrefix(name, ".") || name == "testdata" || name == "node_modules" || hasModule(p)) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") {
			return nil
		}
		src, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		tree, err := parser.ParseFile(r.fset, rel, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		f := &file{path: rel, pkg: strings.TrimSuffix(filepath.ToSlash(filepath.Dir(rel)), "."), src: src, ast: tree, lines: bytes.Count(src, []byte("\n")),
			test: strings.HasSuffix(rel, "_test.go"), generated: ast.IsGenerated(tree)}
		r.files = append(r.files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.files) < 50 {
		t.Fatalf("only %d files found under %s", len(r.files), root)
	}
	return r
}

func hasModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

func (r *repository) read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(r.root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// packages lists the folders with Go files that are no tests.
func (r *repository) packages() map[string][]*file {
	out := map[string][]*file{}
	for _, f := range r.files {
		if !f.test {
			out[f.pkg] = append(out[f.pkg], f)
		}
	}
	return out
}

// arrows is arrows.txt: for each package what it may import.
func arrows(t *testing.T, r *repository) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	s := bufio.NewScanner(strings.NewReader(r.read(t, "arrows.txt")))
	for n := 1; s.Scan(); n++ {
		line, _, _ := strings.Cut(s.Text(), "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		pkg, allowed, ok := strings.Cut(line, ":")
		if !ok {
			t.Fatalf("arrows.txt line %d: no colon", n)
		}
		pkg = strings.TrimSpace(pkg)
		if _, dup := out[pkg]; dup {
			t.Errorf("arrows.txt line %d: %s has a line already", n, pkg)
		}
		out[pkg] = strings.Fields(allowed)
	}
	return out
}

func (f *file) imports() []string {
	var out []string
	for _, i := range f.ast.Imports {
		p := strings.Trim(i.Path.Value, `"`)
		if rest, ok := strings.CutPrefix(p, module+"/"); ok {
			out = append(out, rest)
		}
	}
	return out
}

// TestArrows: no package imports what arrows.txt does not allow, no line is idle, and there is no cycle.
func TestArrows(t *testing.T) {
	t.Parallel()
	r := load(t)
	allowed := arrows(t, r)
	used := map[string]map[string]bool{}
	for _, f := range r.files {
		if f.test {
			continue
		}
		list, ok := allowed[f.pkg]
		if !ok {
			t.Errorf("%s: package %s has no line in arrows.txt", f.path, f.pkg)
			continue
		}
		if used[f.pkg] == nil {
			used[f.pkg] = map[string]bool{}
		}
		for _, imp := range f.imports() {
			used[f.pkg][imp] = true
			if !matches(list, imp) {
				t.Errorf("%s imports %s, which arrows.txt does not allow for %s", f.path, imp, f.pkg)
			}
		}
	}
	for pkg, list := range allowed {
		if used[pkg] == nil {
			t.Errorf("arrows.txt: there is no package %s", pkg)
			continue
		}
		for _, a := range list {
			idle := true
			for imp := range used[pkg] {
				idle = idle && !matches([]string{a}, imp)
			}
			if idle {
				t.Errorf("arrows.txt: %s does not import %s", pkg, a)
			}
		}
	}
	checkCycles(t, used)
}

// matches allows "a/b" and, for a whole folder, "a/*".
func matches(list []string, imp string) bool {
	return slices.ContainsFunc(list, func(a string) bool {
		if prefix, ok := strings.CutSuffix(a, "*"); ok {
			return strings.HasPrefix(imp, prefix)
		}
		return a == imp
	})
}

func checkCycles(t *testing.T, graph map[string]map[string]bool) {
	t.Helper()
	state := map[string]int{} // 1 on the path, 2 done
	var visit func(p string, path []string)
	visit = func(p string, path []string) {
		switch state[p] {
		case 1:
			t.Errorf("cycle: %s", strings.Join(append(path, p), " -> "))
			return
		case 2:
			return
		}
		state[p] = 1
		for q := range graph[p] {
			visit(q, append(path, p))
		}
		state[p] = 2
	}
	for p := range graph {
		visit(p, nil)
	}
}

// domains are the packages of the trade; see docs/ARCHITECTURE.md.
var domains = []string{"access", "ledger", "catalog", "org", "control", "evidence", "collect", "evaluate", "engagement", "report", "applicability", "matrix", "notify", "work",
	"alert", "authority", "campaign", "change", "detect", "event", "fieldwork", "framework", "incident", "issue", "letter", "occurrence", "people", "policy", "request", "review", "risk", "sample", "training", "vendors"}

// TestDomainsStayPure: a domain knows no engine and no door.
func TestDomainsStayPure(t *testing.T) {
	t.Parallel()
	for _, f := range load(t).files {
		name, ok := strings.CutPrefix(f.pkg, "internal/")
		if f.test || !ok || !slices.Contains(domains, name) {
			continue
		}
		for _, imp := range f.imports() {
			for _, bad := range []string{"internal/platform", "internal/web", "internal/cli", "internal/view", "internal/app", "internal/simco", "migrations"} {
				if imp == bad || strings.HasPrefix(imp, bad+"/") {
					t.Errorf("%s: domain imports %s", f.path, imp)
				}
			}
			if strings.HasSuffix(imp, "sql") {
				t.Errorf("%s: domain imports the store of a domain, %s", f.path, imp)
			}
		}
		for _, i := range f.ast.Imports {
			switch p := strings.Trim(i.Path.Value, `"`); p {
			case "database/sql", "net/http/httptest", "os/exec", "html/template":
				t.Errorf("%s: domain imports %s", f.path, p)
			}
		}
	}
}

func TestVerifyImportsNothingOfOurs(t *testing.T) {
	t.Parallel()
	for _, f := range load(t).files {
		if (f.pkg == "verify" || strings.HasPrefix(f.pkg, "internal/kernel/")) && !f.test {
			for _, imp := range f.imports() {
				if f.pkg == "verify" || !strings.HasPrefix(imp, "internal/kernel/") {
					t.Errorf("%s imports %s", f.path, imp)
				}
			}
		}
		if strings.HasPrefix(f.pkg, "internal/kernel/") && !f.test {
			for _, i := range f.ast.Imports {
				if p := strings.Trim(i.Path.Value, `"`); strings.Contains(strings.SplitN(p, "/", 2)[0], ".") && !strings.HasPrefix(p, module) {
					t.Errorf("%s: kernel stands on the standard library alone, not on %s", f.path, p)
				}
			}
		}
	}
}

// Limits of size. A file over its limit says why in a comment that begins "house: large because".
const (
	fileLines     = 700
	functionLines = 100
	interfaceSize = 12
)

func TestSizes(t *testing.T) {
	t.Parallel()
	r := load(t)
	for _, f := range r.files {
		if f.generated {
			continue
		}
		if f.lines > fileLines && !f.test {
			t.Errorf("%s has %d lines, at most %d", f.path, f.lines, fileLines)
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Body == nil || f.test {
					return true
				}
				size := r.fset.Position(n.End()).Line - r.fset.Position(n.Pos()).Line + 1
				if size > functionLines && !(f.pkg == "internal/app" && excused(n.Doc)) {
					t.Errorf("%s: %s has %d lines, at most %d", f.path, n.Name.Name, size, functionLines)
				}
			case *ast.TypeSpec:
				if i, ok := n.Type.(*ast.InterfaceType); ok && len(i.Methods.List) > interfaceSize {
					t.Errorf("%s: interface %s has %d methods, at most %d", f.path, n.Name.Name, len(i.Methods.List), interfaceSize)
				}
			}
			return true
		})
	}
}

func excused(doc *ast.CommentGroup) bool {
	return doc != nil && strings.Contains(doc.Text(), "house: large because")
}

// TestPackagesAreDocumented: each package says what it is for in one comment, and each exported name what it means.
func TestPackagesAreDocumented(t *testing.T) {
	t.Parallel()
	r := load(t)
	for pkg, files := range r.packages() {
		docs := 0
		for _, f := range files {
			if f.ast.Doc != nil && strings.TrimSpace(f.ast.Doc.Text()) != "" && !f.generated {
				docs++
			}
		}
		if docs != 1 {
			t.Errorf("package %s has %d package comments, expected one", pkg, docs)
		}
	}
	for _, f := range r.files {
		if f.test || f.generated {
			continue
		}
		for _, d := range f.ast.Decls {
			for _, name := range undocumented(d) {
				t.Errorf("%s: %s is exported and has no comment", f.path, name)
			}
		}
	}
}

// undocumented lists exported names of a declaration without a comment. Members of a group may share the group's, and
// one-line methods that name a type, such as Key and Resource of facts, speak for themselves.
func undocumented(d ast.Decl) []string {
	var out []string
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) && !selfEvident(d) {
			out = append(out, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
					out = append(out, s.Name.Name)
				}
			case *ast.ValueSpec:
				if s.Names[0].IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
					out = append(out, s.Names[0].Name)
				}
			}
		}
	}
	return out
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	t := d.Recv.List[0].Type
	if s, ok := t.(*ast.StarExpr); ok {
		t = s.X
	}
	if g, ok := t.(*ast.IndexExpr); ok {
		t = g.X
	}
	id, ok := t.(*ast.Ident)
	return ok && id.IsExported()
}

func selfEvident(d *ast.FuncDecl) bool {
	switch d.Name.Name {
	case "Error", "Unwrap", "Resource", "Key", "Len", "Less", "Swap":
		return d.Recv != nil
	}
	return false
}

// forbidden are calls and imports with a place where they belong.
var forbidden = []struct {
	call, imp string
	allowed   []string // package prefixes, or a file
	why       string
}{
	{"time.Now", "", []string{"internal/simco/company.go", "internal/app", "internal/platform", "internal/cli", "internal/web", "cmd"}, "time is an argument"},
	{"time.Since", "", []string{"internal/app", "internal/platform", "internal/cli", "internal/web", "cmd"}, "time is an argument"},
	{"time.Sleep", "", []string{"internal/platform"}, "wait for an event, not for a while"},
	{"os.Exit", "", []string{"cmd", "internal/platform/lake"}, "return an error"},
	{"log.Fatal", "", nil, "return an error"},
	{"log.Fatalf", "", nil, "return an error"},
	{"fmt.Print", "", nil, "write to the writer you were given"},
	{"fmt.Printf", "", nil, "write to the writer you were given"},
	{"fmt.Println", "", nil, "write to the writer you were given"},
	{"", "math/rand", nil, "chance is seeded and lives in simco, or comes from crypto/rand"},
	{"", "math/rand/v2", []string{"internal/simco", "internal/platform/httpx"}, "chance is seeded and lives in simco, or comes from crypto/rand"},
	{"", "io/ioutil", nil, "use io and os"},
	{"", "unsafe", nil, "no"},
	{"", "text/tabwriter", nil, "it counts colour codes as width"},
}

func TestForbiddenCalls(t *testing.T) {
	t.Parallel()
	for _, f := range load(t).files {
		if f.test || f.generated || strings.HasPrefix(f.pkg, "test/") || strings.HasPrefix(f.pkg, "bench") {
			continue
		}
		in := func(places []string) bool {
			return slices.ContainsFunc(places, func(p string) bool { return f.pkg == p || f.path == p || strings.HasPrefix(f.pkg, p+"/") })
		}
		for _, i := range f.ast.Imports {
			for _, b := range forbidden {
				if b.imp != "" && strings.Trim(i.Path.Value, `"`) == b.imp && !in(b.allowed) {
					t.Errorf("%s imports %s: %s", f.path, b.imp, b.why)
				}
			}
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			x, ok := sel.X.(*ast.Ident)
			if !ok {
				return true
			}
			for _, b := range forbidden {
				if b.call == x.Name+"."+sel.Sel.Name && !in(b.allowed) {
					t.Errorf("%s uses %s: %s", f.path, b.call, b.why)
				}
			}
			return true
		})
	}
}

// TestStoresTakeScopes: every method of an interface that keeps records takes a scope right after the context. Package
// access is exempt because it mints them, and so are the interfaces named here, which serve the whole installation.
func TestStoresTakeScopes(t *testing.T) {
	t.Parallel()
	for _, f := range load(t).files {
		name, ok := strings.CutPrefix(f.pkg, "internal/")
		if f.test || !ok || !slices.Contains(domains, name) || name == "access" {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			s, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			i, ok := s.Type.(*ast.InterfaceType)
			if !ok || !strings.HasSuffix(s.Name.Name, "Store") {
				return true
			}
			for _, m := range i.Methods.List {
				fn, ok := m.Type.(*ast.FuncType)
				if !ok || len(m.Names) == 0 {
					continue // embedded: access.Recorder takes a Scope itself
				}
				if !scoped(fn) {
					t.Errorf("%s: %s.%s takes no access.Scope or access.ReadScope after ctx", f.path, s.Name.Name, m.Names[0].Name)
				}
			}
			return true
		})
	}
}

func scoped(fn *ast.FuncType) bool {
	var types []ast.Expr
	for _, p := range fn.Params.List {
		for range max(1, len(p.Names)) {
			types = append(types, p.Type)
		}
	}
	if len(types) < 2 {
		return false
	}
	sel, ok := types[1].(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && x.Name == "access" && (sel.Sel.Name == "Scope" || sel.Sel.Name == "ReadScope")
}

// TestNoSecretsOrPlacesInText: no path of a machine, no host of a registry, no certificate talk, no unfinished work.
func TestNoSecretsOrPlacesInText(t *testing.T) {
	t.Parallel()
	r := load(t)
	bad := regexp.MustCompile(`(?m:^|[^a-z])/(?:work|farm)/|SOC [123] certif|proxy\.golang\.org|registry\.npmjs\.org|\bTODO\b|\bFIXME\b|[Ll]orem ipsum|-----BEGIN [A-Z ]*PRIVATE KEY-----|ghp_[A-Za-z0-9]{20}|AKIA[0-9A-Z]{16}`)
	err := filepath.WalkDir(r.root, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if name := e.Name(); p != r.root && (strings.HasPrefix(name, ".") && name != ".ci" || name == "node_modules" || name == "artefacts") {
				return filepath.SkipDir
			}
			return nil
		}
		switch filepath.Ext(p) {
		case ".go", ".md", ".yaml", ".yml", ".json", ".sql", ".templ", ".css", ".js", ".mjs", ".txt", ".sh", "":
		default:
			return nil
		}
		if strings.HasSuffix(p, "house_test.go") || strings.HasSuffix(p, "package-lock.json") || e.Name() == "tickmark" {
			return nil
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		if m := bad.Find(b); m != nil {
			t.Errorf("%s contains %q", strings.TrimPrefix(p, r.root+"/"), m)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
