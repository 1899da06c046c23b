package sigma_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/klauspost/compress/zstd"

	"github.com/tickmark/tickmark/internal/detect/sigma"
)

// What cannot be honoured in full is refused with its reason and its line; nothing of it is used.
func TestRefuses(t *testing.T) {
	t.Parallel()
	head := "title: t\nid: x\nlogsource: {product: test}\n"
	det := head + "detection:\n" // line 4; what follows is in line 5 and below
	for _, x := range []struct {
		text, want string
		line       int
	}{
		{"", "no document", 0},
		{"- a\n", "no mapping", 1},
		{"title: [", "no YAML", 1},
		{"a: \xff", "UTF-8", 0},
		{strings.Repeat("[", 5000), "nested", 0},
		{"a: {b: " + strings.Repeat("{c: ", 40) + "1" + strings.Repeat("}", 40) + "}", "nested", 1},
		{"title: &a b\nid: *a\n", "anchors", 1},
		{"id: x\nlogsource: {product: test}\n", "has no title", 1},
		{"title: t\ntitle: u\n", "given twice, first in line 1", 2},
		{"title: t\nlevel: huge\n", `level "huge"`, 2},
		{"title: t\nstatus: unsupported\n", "cannot be used", 2},
		{"title: t\ntaxonomy: ecs\n", "taxonomy", 2},
		{"title: t\naction: global\n", "action", 2},
		{"title: t\ndetection: {}\n", "no logsource", 1},
		{"title: t\nlogsource: {definition: x}\n", "neither product", 2},
		{head, "no detection", 1},
		{det + "  s: {a: 1}\n", "no condition", 5},
		{det + "  s: {a: 1}\n  timeframe: 5m\n  condition: s\n", "timeframe", 6},
		{det + "  s: {a: 1}\n  condition: s | count() > 5\n", "pipe", 6},
		{det + "  s: {a: 1}\n  condition: q\n", `"q"`, 6},
		{det + "  s: {a: 1}\n  condition: s and\n", "ends where", 6},
		{det + "  s: {a: 1}\n  condition: (s\n", "not closed", 6},
		{det + "  s: {a: 1}\n  condition: s)\n", "after its end", 6},
		{det + "  s: {a: 1}\n  condition: s s\n", "after its end", 6},
		{det + "  s: {a: 1}\n  condition: or s\n", `"or"`, 6},
		{det + "  s: {a: 1}\n  condition: 2 of s*\n", "could never hold", 6},
		{det + "  s: {a: 1}\n  condition: 1 of x*\n", "no search identifier", 6},
		{det + "  s: {a: 1}\n  condition: 0 of s*\n", "a number from 1", 6},
		{det + "  s: {a: 1}\n  condition: many of s*\n", "a number from 1", 6},
		{det + "  s: {a: 1}\n  condition: 1 of\n", "of nothing", 6},
		{det + "  s: {a: 1}\n  condition: []\n", "empty", 6},
		{det + "  s: {a: 1}\n  condition: " + strings.Repeat("not ", 100) + "s\n", "nested more", 6},
		{det + "  s: {a: 1}\n  condition: " + strings.Repeat("s and ", 5000) + "s\n", "longer than", 6},
		{det + "  s: {}\n  condition: s\n", "s is empty", 5},
		{det + "  s: []\n  condition: s\n", "s is empty", 5},
		{det + "  s:\n  condition: s\n", "selects nothing", 5},
		{det + "  s: [[a]]\n  condition: s\n", "list in a list", 5},
		{det + "  s: [null]\n  condition: s\n", "no keyword", 5},
		{det + "  s: {'': 1}\n  condition: s\n", "no name", 5},
		{det + "  s:\n    a:\n    - 1\n    - null\n  condition: s\n", "null cannot stand in a list", 8},
		{det + "  s: {a: []}\n  condition: s\n", "empty list", 5},
		{det + "  s: {a: {b: 1}}\n  condition: s\n", "neither text nor number", 5},
		{det + "  s: {a|near: 1}\n  condition: s\n", `modifier "near" is not known`, 5},
		{det + "  s: {a|: 1}\n  condition: s\n", `modifier "" is not known`, 5},
		{det + "  s: {a|re|re: x}\n  condition: s\n", "stands twice", 5},
		{det + "  s: {a|re|cidr: x}\n  condition: s\n", "exclude each other", 5},
		{det + "  s: {a|i: x}\n  condition: s\n", "after re only", 5},
		{det + "  s: {a|contains|startswith: x}\n  condition: s\n", "exclude each other", 5},
		{det + "  s: {a|re|contains: x}\n  condition: s\n", "excludes contains", 5},
		{det + "  s: {a|re|base64: x}\n  condition: s\n", "exclude each other", 5},
		{det + "  s: {a|base64|re: x}\n  condition: s\n", "could be encoded", 5},
		{det + "  s: {a|re|expand: x}\n  condition: s\n", "exclude each other", 5},
		{det + "  s: {a|re|cased: x}\n  condition: s\n", "cased", 5},
		{det + "  s: {a|gt|neq: 1}\n  condition: s\n", "exclude each other", 5},
		{det + "  s: {a|gt|lt: 1}\n  condition: s\n", "exclude each other", 5},
		{det + "  s: {a|hour|day: 1}\n  condition: s\n", "exclude each other", 5},
		{det + "  s: {a|re: '(?=x)'}\n  condition: s\n", "invalid or unsupported Perl syntax: `(?=`", 5},
		{det + "  s: {a|re: '(a)\\1'}\n  condition: s\n", "regular expression", 5},
		{det + "  s: {a|re: '((a{900}){900}){900}'}\n  condition: s\n", "regular expression", 5},
		{det + "  s: {a|cidr: 10.0.0.0/33}\n  condition: s\n", "no network", 5},
		{det + "  s: {a|gt: x}\n  condition: s\n", "no number", 5},
		{det + "  s: {a|hour: 24}\n  condition: s\n", "no hour", 5},
		{det + "  s: {a|month: 1.5}\n  condition: s\n", "no month", 5},
		{det + "  s: {a|exists: 1}\n  condition: s\n", "true or false", 5},
		{det + "  s: {a|exists: [true, false]}\n  condition: s\n", "true or false", 5},
		{det + "  s: {a|fieldref: 1}\n  condition: s\n", "name of a field", 5},
		{det + "  s: {a|contains: null}\n  condition: s\n", "null goes with no modifier", 5},
		{det + "  s: {a|base64: 'x*'}\n  condition: s\n", "wildcard", 5},
		{det + "  s: {a|base64: ''}\n  condition: s\n", "empty", 5},
		{det + "  s: {a|base64offset: 'x'}\n  condition: s\n", "leaves nothing", 5},
		{det + "  s: {a|utf16: x}\n  condition: s\n", "follow it with base64", 5},
		{det + "  s: {a|wide: é}\n  condition: s\n", "follow it with base64", 5},
		{det + "  s: {a|expand: '%nobody%'}\n  condition: s\n", "%nobody% has no values", 5},
		{det + "  s: {a|expand: 'x'}\n  condition: s\n", "no placeholder", 5},
		{det + "  s: {a|base64|expand: '%admins%'}\n  condition: s\n", "after an encoding", 5},
		{det + "  s: {'|exists': true}\n  condition: s\n", "needs a field", 5},
		{det + "  s: {'|fieldref': a}\n  condition: s\n", "needs a field", 5},
		{det + "  s: {a|windash|base64: '-a -b -c -d -e -f -g -h'}\n  condition: s\n", "make more than", 5},
		{"title: t\nlogsource: {product: test}\nfilter:\n  s: {a: 1}\n  condition: s\n", "names no rules", 4},
		{"title: t\nlogsource: {product: test}\nfilter:\n  rules: [x]\n  s: {a: 1}\n  condition: s\n", `"x", which is not used`, 1},
		{"title: t\ncorrelation: {type: count}\n", `type "count"`, 2},
		{"title: t\ncorrelation:\n  type: event_count\n", "names no rules", 3},
		{"title: t\ncorrelation:\n  type: event_count\n  rules: x\n", "no timespan", 3},
		{"title: t\ncorrelation:\n  type: event_count\n  rules: x\n  timespan: 5w\n", "timespan", 5},
		{"title: t\ncorrelation:\n  type: event_count\n  rules: x\n  timespan: 5m\n", "no condition", 3},
		{"title: t\ncorrelation:\n  type: event_count\n  rules: x\n  timespan: 5m\n  condition: {gte: a}\n", "no number", 6},
		{"title: t\ncorrelation:\n  type: event_count\n  rules: x\n  timespan: 5m\n  condition: {gte: 1, field: a}\n", "about no field", 6},
		{"title: t\ncorrelation:\n  type: value_count\n  rules: x\n  timespan: 5m\n  condition: {gte: 1}\n", "needs the field", 6},
		{"title: t\ncorrelation:\n  type: value_percentile\n  rules: x\n  timespan: 5m\n  condition: {gte: 1, field: a}\n", "which percentile", 6},
		{"title: t\ncorrelation:\n  type: event_count\n  rules: x\n  timespan: 5m\n  condition: {near: 1}\n", `"near" is not known`, 6},
		{"title: t\ncorrelation:\n  type: temporal\n  rules: x\n  timespan: 5m\n  condition: not x\n", "nothing happens", 6},
		{"title: t\ncorrelation:\n  type: temporal_ordered\n  rules: [x, y]\n  timespan: 5m\n  condition: x\n", "all of its rules", 6},
		{"title: t\ncorrelation:\n  type: temporal\n  rules: [x, y]\n  timespan: 5m\n", `rule "x", which is not used`, 1},
		{"title: t\nid: c\ncorrelation:\n  type: temporal\n  rules: [c]\n  timespan: 5m\n", "about itself", 1},
		{"title: t\ncorrelation:\n  type: temporal\n  rules: x\n  timespan: 5m\n  aliases: {a: b}\n", "no mapping of rules", 6},
		{"title: t\ncorrelation:\n  type: temporal\n  rules: x\n  timespan: 5m\n  within: 3\n", `"within" is not known`, 6},
	} {
		t.Run(x.want+fmt.Sprint(x.line), func(t *testing.T) {
			t.Parallel()
			e := compile(t, x.text)
			if len(e.Rules()) != 0 || len(e.Refused()) != 1 {
				t.Fatalf("%d rules, refused %v\n%s", len(e.Rules()), e.Refused(), x.text)
			}
			if r := e.Refused()[0]; !strings.Contains(r.Reason, x.want) || r.Line != x.line || r.Path != "0.yml" {
				t.Errorf("%v; want %q in line %d", r, x.want, x.line)
			}
		})
	}
}

// A document that is refused takes no other with it, and an id stands once.
func TestRefusesAlone(t *testing.T) {
	t.Parallel()
	good := rule("good", line("a", "1"))
	e := compile(t, good+"---\n"+rule("bad", line("a|re", "'('"))+"---\n"+good, rule("other", line("a", "2")))
	if len(e.Rules()) != 2 || len(e.Refused()) != 2 {
		t.Fatalf("%d rules, refused %v", len(e.Rules()), e.Refused())
	}
	if r := e.Refused()[1]; !strings.Contains(r.Error(), `"good" is the id or the name of another`) || !strings.HasPrefix(r.Error(), "0.yml:") {
		t.Error(r)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for _, s := range [][]sigma.Source{
		{{}}, {{Name: "a"}}, {{Name: "a", All: true}, {Name: "a", All: true}},
		{{Name: "a", Kinds: []sigma.Kind{{When: []sigma.Equal{{Field: "x"}}}}}},
	} {
		if _, err := sigma.Compile(&sigma.Set{}, sigma.Options{Sources: s}); err == nil {
			t.Errorf("%v is accepted", s)
		}
	}
}

// Folders and archives of any kind give the same rules.
func TestLoad(t *testing.T) {
	t.Parallel()
	files := map[string]string{"rules/b.yml": rule("b", line("a", "1")), "rules/deep/a.yaml": rule("a", line("a", "2")), "README.md": "no rule", "rules/.hidden.yml": "x"}
	folder := fstest.MapFS{}
	var tarred, zipped bytes.Buffer
	tw, zw := tar.NewWriter(&tarred), zip.NewWriter(&zipped)
	for name, text := range files {
		folder[name] = &fstest.MapFile{Data: []byte(text)}
		if err := tw.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := tw.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		w, err := zw.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	tw.Close()
	zw.Close()
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	packed := enc.EncodeAll(tarred.Bytes(), nil)
	check := func(s *sigma.Set, err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
			return
		}
		if len(s.Rules) != 2 || len(s.Refused) != 0 || s.Rules[0].Path != "rules/b.yml" || s.Rules[1].Path != "rules/deep/a.yaml" {
			t.Errorf("%+v", s)
		}
	}
	check(sigma.LoadFS(folder))
	for _, b := range [][]byte{tarred.Bytes(), zipped.Bytes(), packed} {
		check(sigma.LoadArchive(bytes.NewReader(b), int64(len(b))))
	}
	for _, b := range [][]byte{nil, []byte("PK\x03\x04xxxx"), packed[:len(packed)/2], bytes.Repeat([]byte("x"), 2000)} {
		if _, err := sigma.LoadArchive(bytes.NewReader(b), int64(len(b))); err == nil {
			t.Errorf("%.10q is read", b)
		}
	}
}
