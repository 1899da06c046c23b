package yamldoc

import (
	"errors"
	"strings"
	"testing"
	"time"
)

type sample struct {
	Name  string         `yaml:"name"`
	Count int            `yaml:"count"`
	At    *time.Time     `yaml:"at"`
	Rows  []sample       `yaml:"rows"`
	Free  map[string]any `yaml:"free"`
	Share string         `yaml:"share"`
}

func TestDecode(t *testing.T) {
	t.Parallel()
	var s sample
	if err := Decode([]byte("name: a\ncount: 3\nat: 2026-01-02T03:04:05Z\nshare: 99.90\nrows: [{name: b}]\nfree: {x: {y: [1]}}\n"), &s); err != nil {
		t.Fatal(err)
	}
	if s.Name != "a" || s.Count != 3 || !s.At.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) || s.Share != "99.90" || s.Rows[0].Name != "b" {
		t.Errorf("%+v", s)
	}
	d, err := Parse([]byte("# nothing\n"))
	if err != nil || !d.Empty() || d.Decode(&s) != nil {
		t.Error("a file of comments is an empty document", err)
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		name, text, want string
		line             int
	}{
		{"unknown field", "name: a\nnmae: b\n", `unknown field "nmae"`, 2},
		{"twice", "name: a\ncount: 1\nname: b\n", `"name" is given twice, first in line 1`, 3},
		{"text for a number", "count: many\n", `is "many", not a number`, 1},
		{"mapping for a text", "count: 1\nname: {a: b}\n", "is a mapping, not a text", 2},
		{"text for a list", "rows: some\n", `is "some", not a list`, 1},
		{"broken", "name: [a\nrows: x\n", "", 1},
		{"tab", "rows:\n\t- name: a\n", "", 2},
		{"anchor", "name: &a b\nshare: *a\n", "anchors", 1},
		{"merge", "name: x\n<<: {count: 2}\n", "anchors", 2},
		{"tag", "name: !!binary aGk=\n", "anchors", 1},
		{"two documents", "name: a\n---\nname: b\n", "second document", 2},
		{"encoding", "name: \xff\n", "UTF-8", 0},
		{"flow depth", strings.Repeat("[", 50_000), "nested", 1},
		{"block depth", strings.Repeat("- ", 50_000), "nested", 1},
		{"depth", "free: " + strings.Repeat("{a: ", 60) + "1" + strings.Repeat("}", 60), "nested", 1},
		{"size", "name: " + strings.Repeat("a", MaxBytes), "larger than", 0},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			var s sample
			err := Decode([]byte(x.text), &s)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("%v", err)
			}
			p := e.Problems[0]
			if !strings.Contains(p.Text, x.want) || p.Line != x.line {
				t.Errorf("line %d: %s", p.Line, p.Text)
			}
		})
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	d, err := Parse([]byte("name: a\nrows:\n  - name: b\n  - name: c\n    rows:\n      - count: 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"name": 1, "rows": 2, "rows[1]": 4, "rows[1].name": 4, "rows[1].rows[0].count": 6, "rows[7]": 2, "rows[1].none": 4, "none": 1, "": 1} {
		if got := d.Line(path); got != want {
			t.Errorf("%s: line %d, want %d", path, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"name: a\nrows: [{name: b}]\n", "{0,", "? a\n: b", "- - - a", "a: |\n  b\n", "a: !x b", "%YAML 1.2\n---\na: b", "\"\\x\"", "a: 'b", "<<: *x"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var s sample
		if err := Decode(text, &s); err != nil {
			var e *Error
			if !errors.As(err, &e) || len(e.Problems) == 0 || e.Error() == "" {
				t.Errorf("%#v", err)
			}
		}
	})
}
