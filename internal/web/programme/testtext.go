package programme

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/web/page"
)

// part is a key of a test's file and how its field of the form becomes a value.
type part struct {
	key  string
	kind partKind
}

type partKind uint8

const (
	scalar partKind = iota // one line
	block                  // a text of several lines
	list                   // identifiers
	raw                    // YAML below the key, as it was written
)

// parts are the keys of a test's file in the order in which the form writes them. The version is the program's to set.
var parts = []part{
	{"id", scalar}, {"title", scalar}, {"asks", scalar}, {"kind", scalar}, {"severity", scalar}, {"controls", list}, {"inputs", list},
	{"window", scalar}, {"lead", scalar}, {"freshness", scalar}, {"params", raw}, {"counted", scalar}, {"population", block}, {"sql", block}, {"fix", block},
	{"null_ok", raw}, {"fixtures", raw},
}

// section is where a field of the form stands in the text: its first line and the lines before which the field's own begin.
type section struct {
	key   string
	first int // line of the key, counted from 1
	own   int // lines of the key before the field's first: 1 for texts below their key
}

// compose writes the file of a test from its form, and says where each field stands in it.
func compose(f *page.Form, version string) (text string, where []section) {
	var b strings.Builder
	line := 1
	put := func(s string) {
		b.WriteString(s)
		line += strings.Count(s, "\n")
	}
	for _, p := range parts {
		value := strings.ReplaceAll(f.Values.Get(p.key), "\r\n", "\n")
		if p.key == "title" {
			put("version: " + version + "\n")
		}
		if strings.TrimSpace(value) == "" {
			continue
		}
		where = append(where, section{p.key, line, 0})
		switch p.kind {
		case scalar:
			put(p.key + ": " + inline(value) + "\n")
		case list:
			put(p.key + ": [" + strings.Join(quotedAll(identifiers(value)), ", ") + "]\n")
		default:
			where[len(where)-1].own = 1
			head := ":"
			if p.kind == block {
				head = ": |"
				if first := strings.TrimLeft(value, "\n"); strings.HasPrefix(first, " ") || strings.HasPrefix(first, "\t") {
					head = ": |2"
				}
				value = strings.TrimLeft(value, "\n")
			}
			put(p.key + head + "\n" + indent(strings.TrimRight(dedent(value, p.kind), "\n \t")) + "\n")
		}
	}
	return b.String(), where
}

// inline writes a text as a value on one line.
func inline(s string) string {
	out, err := yaml.Marshal(strings.Join(strings.Fields(s), " "))
	if err != nil {
		return `""`
	}
	return strings.TrimRight(string(out), "\n")
}

func quotedAll(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = inline(s)
	}
	return out
}

func indent(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if strings.TrimSpace(l) != "" {
			lines[i] = "  " + l
		} else {
			lines[i] = ""
		}
	}
	return strings.Join(lines, "\n")
}

// dedent takes the space away that all lines of a raw part begin with.
func dedent(s string, k partKind) string {
	if k != raw {
		return s
	}
	lines := strings.Split(s, "\n")
	least := -1
	for _, l := range lines {
		if strings.TrimSpace(l) == "" {
			continue
		}
		if n := len(l) - len(strings.TrimLeft(l, " ")); least < 0 || n < least {
			least = n
		}
	}
	for i, l := range lines {
		if len(l) >= least && least > 0 {
			lines[i] = l[least:]
		}
	}
	return strings.Join(lines, "\n")
}

// fieldAt turns a line of the file into a field of the form and a line of it.
func fieldAt(where []section, line int) (field string, at int) {
	for _, s := range where {
		if s.first <= line {
			field, at = s.key, max(1, line-s.first-s.own+1)
		}
	}
	return field, at
}

// decompose fills the form from a definition.
func decompose(d *evaluate.Definition) *page.Form {
	f := page.NewForm("id", d.ID, "title", d.Title, "asks", d.Asks, "kind", string(d.Kind), "severity", d.Severity, "controls", strings.Join(d.Controls, " "),
		"inputs", strings.Join(d.Inputs, " "), "window", d.Window, "lead", d.Lead, "freshness", d.Freshness, "counted", d.Counted,
		"population", strings.TrimRight(d.Population, "\n"), "sql", strings.TrimRight(d.SQL, "\n"), "fix", strings.TrimRight(d.Fix, "\n"))
	for _, p := range parts {
		if p.kind == raw {
			f.Values.Set(p.key, below(d.Text(), p.key))
		}
	}
	return f
}

// below is what a file says under a key of its own, without the indentation.
func below(text, key string) string {
	var out []string
	in := false
	for l := range strings.SplitSeq(text, "\n") {
		if rest, ok := strings.CutPrefix(l, key+":"); ok {
			in = true
			if rest = strings.TrimSpace(rest); rest != "" {
				return rest
			}
			continue
		}
		if in && l != "" && l[0] != ' ' && l[0] != '#' && l[0] != '-' {
			break
		}
		if in {
			out = append(out, l)
		}
	}
	return strings.TrimRight(dedent(strings.Join(out, "\n"), raw), "\n ")
}

// exampleTest is a test that works, to begin from.
const exampleTest = `id: okta-account-has-name
title: Every account carries a name
asks: Does every active account say whose it is?
kind: state
severity: low
controls: [IAM-01]
inputs: [okta.user_account]
version: 1
counted: An active account
population: |
  SELECT id AS item_id
  FROM okta.user_account
  WHERE status = 'active'
sql: |
  SELECT id AS item_id, login AS item_label,
    CASE
      WHEN display_name IS NULL THEN 'unknown'
      WHEN display_name = '' THEN 'fail'
      WHEN display_name <> '' THEN 'pass'
    END AS outcome,
    CASE
      WHEN display_name IS NULL THEN 'the system does not tell the name'
      WHEN display_name = '' THEN 'the account has no name'
    END AS reason,
    display_name
  FROM okta.user_account
  WHERE status = 'active'
fix: |
  Write the name of the person, or of what the account is for, into its profile.
fixtures:
  - name: one of each
    as_of: 2026-03-10T09:00:00Z
    facts:
      okta.user_account:
        - {id: u1, login: ada@northwind.example, status: active, display_name: Ada}
        - {id: u2, login: bot@northwind.example, status: active, display_name: ""}
        - {id: u3, login: cem@northwind.example, status: active}
        - {id: u4, login: old@northwind.example, status: deprovisioned}
    expect: {u1: pass, u2: fail, u3: unknown}
`
