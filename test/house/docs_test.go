package house

import (
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// update, set in the environment, rewrites generated parts of the documents instead of comparing them.
const update = "TICKMARK_UPDATE"

var codeName = regexp.MustCompile("`([a-z]+)\\.([A-Z][A-Za-z0-9]*)`")

// TestGlossary: every name the glossary gives exists, and no exported name uses a word that means nothing.
func TestGlossary(t *testing.T) {
	t.Parallel()
	r := load(t)
	exported := map[string]bool{}
	for _, f := range r.files {
		if f.test {
			continue
		}
		for _, d := range f.ast.Decls {
			for _, n := range namesOf(d) {
				exported[f.ast.Name.Name+"."+n] = true
				if m := regexp.MustCompile(`(Manager|Helper|Util|Utils)$`).FindString(n); m != "" && ast.IsExported(n) {
					t.Errorf("%s: %s: %q means nothing; say what it is", f.path, n, m)
				}
			}
		}
	}
	found := codeName.FindAllStringSubmatch(r.read(t, "docs/glossary.md"), -1)
	if len(found) < 20 {
		t.Fatalf("only %d names in the glossary", len(found))
	}
	for _, m := range found {
		if !exported[m[1]+"."+m[2]] {
			t.Errorf("docs/glossary.md names %s.%s, which does not exist", m[1], m[2])
		}
	}
}

func namesOf(d ast.Decl) []string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return []string{d.Name.Name}
		}
	case *ast.GenDecl:
		var out []string
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				out = append(out, s.Name.Name)
			case *ast.ValueSpec:
				for _, n := range s.Names {
					out = append(out, n.Name)
				}
			}
		}
		return out
	}
	return nil
}

const (
	listBegin = "<!-- packages: generated from the package comments by `make generate` -->"
	listEnd   = "<!-- end of packages -->"
)

// TestArchitecture: the package list in docs/ARCHITECTURE.md is the one the package comments give.
func TestArchitecture(t *testing.T) {
	t.Parallel()
	r := load(t)
	text := r.read(t, "docs/ARCHITECTURE.md")
	before, rest, ok := strings.Cut(text, listBegin)
	old, after, ok2 := strings.Cut(rest, listEnd)
	if !ok || !ok2 {
		t.Fatal("docs/ARCHITECTURE.md has no generated package list")
	}
	want := "\n" + packageList(r) + "\n"
	if old == want {
		return
	}
	if os.Getenv(update) == "" {
		t.Fatalf("the package list is out of date; run make generate")
	}
	if err := os.WriteFile(filepath.Join(r.root, "docs/ARCHITECTURE.md"), []byte(before+listBegin+want+listEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func packageList(r *repository) string {
	var lines []string
	for pkg, files := range r.packages() {
		if strings.HasPrefix(pkg, "test/") || strings.HasPrefix(pkg, "bench") {
			continue
		}
		for _, f := range files {
			if f.ast.Doc == nil || f.generated {
				continue
			}
			doc := strings.Join(strings.Fields(f.ast.Doc.Text()), " ")
			first, _, _ := strings.Cut(doc, ". ")
			first = strings.TrimSuffix(first, ".")
			for _, prefix := range []string{"Package " + f.ast.Name.Name + " ", "Command " + filepath.Base(pkg) + " "} {
				first = strings.TrimPrefix(first, prefix)
			}
			lines = append(lines, fmt.Sprintf("| `%s` | %s |", pkg, strings.ReplaceAll(first, "|", "\\|")))
		}
	}
	slices.Sort(lines)
	return "| package | what it is |\n|---|---|\n" + strings.Join(lines, "\n")
}

// TestDependenciesAreListed: each module the program needs directly has its line in docs/dependencies.md, and no line is
// left of one that went.
func TestDependenciesAreListed(t *testing.T) {
	t.Parallel()
	r := load(t)
	listed := r.read(t, "docs/dependencies.md")
	direct := regexp.MustCompile(`(?m)^\t([a-z0-9.]+/[^ ]+) v[^ ]+$`)
	mod := r.read(t, "go.mod")
	var modules []string
	for _, m := range direct.FindAllStringSubmatch(mod, -1) {
		modules = append(modules, m[1])
		if !strings.Contains(listed, "`"+m[1]+"`") {
			t.Errorf("docs/dependencies.md has no line for %s", m[1])
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(listed, -1) {
		if !slices.Contains(modules, m[1]) && !strings.Contains(listed, m[1]+"` | tool") && !strings.Contains(mod, m[1]) {
			t.Errorf("docs/dependencies.md lists %s, which go.mod does not require", m[1])
		}
	}
	if len(modules) < 10 {
		t.Errorf("only %d direct modules found in go.mod", len(modules))
	}
}

// TestAgentsFileIsShort: what must be read first stays short enough to be read.
func TestAgentsFileIsShort(t *testing.T) {
	t.Parallel()
	if n := strings.Count(load(t).read(t, "AGENTS.md"), "\n"); n > 80 {
		t.Errorf("AGENTS.md has %d lines, at most 80", n)
	}
}
