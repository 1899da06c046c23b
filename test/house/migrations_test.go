package house

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var (
	migrationName = regexp.MustCompile(`^([0-9]{4})_([a-z]+)_[a-z0-9_]+\.sql$`)
	createTable   = regexp.MustCompile(`(?m)^CREATE TABLE (?:IF NOT EXISTS )?([a-z_]+)`)
	references    = regexp.MustCompile(`REFERENCES ([a-z_]+)`)
	createIndex   = regexp.MustCompile(`(?m)^CREATE (?:UNIQUE )?INDEX ([a-z_]+) ON ([a-z_]+)`)
	serialType    = regexp.MustCompile(`(?im)^\s*[a-z_]+\s+(BIG|SMALL)?SERIAL\b`) // a type; a column may be called so
	writes        = regexp.MustCompile(`(?i)\b(?:INSERT INTO|UPDATE|DELETE FROM)\s+([a-z_]+)`)
)

// TestMigrations: names in order and once, tables and indexes with their domain's prefix, foreign keys only where imports
// point, no type or word that one of the engines lacks.
func TestMigrations(t *testing.T) {
	t.Parallel()
	r := load(t)
	allowed := arrows(t, r)
	names, err := filepath.Glob(filepath.Join(r.root, "migrations", "*.sql"))
	if err != nil || len(names) == 0 {
		t.Fatal(err)
	}
	slices.Sort(names)
	numbers := map[string]string{}
	for _, p := range names {
		base := filepath.Base(p)
		m := migrationName.FindStringSubmatch(base)
		if m == nil {
			t.Errorf("%s is not named NNNN_<domain>_<what>.sql", base)
			continue
		}
		if other := numbers[m[1]]; other != "" {
			t.Errorf("%s and %s have one number", base, other)
		}
		numbers[m[1]] = base
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		checkMigration(t, base, m[2], string(b), allowed)
	}
}

func checkMigration(t *testing.T, base, domain, text string, allowed map[string][]string) {
	t.Helper()
	for _, c := range createTable.FindAllStringSubmatch(text, -1) {
		if !strings.HasPrefix(c[1], domain+"_") {
			t.Errorf("%s: table %s lacks the prefix %s_", base, c[1], domain)
		}
	}
	for _, c := range createIndex.FindAllStringSubmatch(text, -1) {
		if !strings.HasPrefix(c[1], c[2]) {
			t.Errorf("%s: index %s does not begin with its table %s", base, c[1], c[2])
		}
	}
	for _, c := range references.FindAllStringSubmatch(text, -1) {
		to, _, _ := strings.Cut(c[1], "_")
		if to != domain && !slices.Contains(allowed["internal/"+domain], "internal/"+to) {
			t.Errorf("%s: a foreign key points to %s, but %s does not import %s", base, c[1], domain, to)
		}
	}
	for _, bad := range []string{"AUTOINCREMENT", "DATETIME", "TIMESTAMPTZ", "JSONB", "NOW()", "CURRENT_TIMESTAMP", "BLOB", "BYTEA", "ON DELETE", "DEFAULT"} {
		if strings.Contains(strings.ToUpper(stripLineComments(text)), bad) {
			t.Errorf("%s uses %s", base, bad)
		}
	}
	if serialType.MatchString(stripLineComments(text)) {
		t.Errorf("%s uses SERIAL", base)
	}
}

func stripLineComments(s string) string {
	return regexp.MustCompile(`(?m)^\s*--.*$`).ReplaceAllString(s, "")
}

// TestOneWriterPerTable: only the store of a table's own domain writes it.
func TestOneWriterPerTable(t *testing.T) {
	t.Parallel()
	r := load(t)
	for _, f := range r.files {
		if f.test {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			s, err := strconv.Unquote(lit.Value)
			if err != nil {
				return true
			}
			for _, m := range writes.FindAllStringSubmatch(s, -1) {
				domain, _, _ := strings.Cut(m[1], "_")
				if !strings.Contains(m[1], "_") || m[1] == "schema_migration" {
					continue
				}
				want := "internal/" + domain + "/" + domain + "sql"
				if domain == "jobs" {
					want = "internal/platform/jobs"
				}
				if f.pkg != want {
					t.Errorf("%s writes table %s; only %s may", f.path, m[1], want)
				}
			}
			return true
		})
	}
}
