package org

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

func sample(t testing.TB) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/northwind.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func northwind(t testing.TB) Description {
	t.Helper()
	d, err := ParseDescription(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestParseDescription(t *testing.T) {
	t.Parallel()
	d := northwind(t)
	if d.System.Name != "Northwind Ledger" || d.System.PrivacyRole != catalog.Processor || !strings.Contains(d.System.Overview, "API.\n\nThe service") || strings.HasSuffix(d.System.Overview, "\n") {
		t.Errorf("%+v", d.System)
	}
	if len(d.Commitments) != 4 || d.Commitments[1].Type != SystemRequirement || d.Commitments[2].Category != catalog.Availability {
		t.Errorf("%+v", d.Commitments)
	}
	want := Component{Software, "Sign-in", "Accounts of staff.", &Count{"user_account", "okta", "okta-main"}}
	if !reflect.DeepEqual(d.Components.Software[1], want) {
		t.Errorf("%+v", d.Components.Software[1])
	}
	if d.Aspects.Communication[0].Area != Communication || d.Subservice[0].Method != CarveOut || len(d.Subservice[0].CSOCs) != 2 {
		t.Errorf("%+v", d.Aspects)
	}
	i := d.Incidents[0]
	if !i.ControlFailure || i.CommitmentFailure || i.Decision != Describe || !i.Started.Equal(time.Date(2026, 3, 4, 10, 15, 0, 0, time.UTC)) ||
		!i.Detected.Equal(time.Date(2026, 3, 4, 11, 0, 0, 0, time.UTC)) || i.Detected.Location() != time.UTC || i.Resolved.Nanosecond() != 123456000 {
		t.Errorf("%+v", i)
	}
	if d.Changes[0].Date != period.Make(2026, 5, 1) {
		t.Error(d.Changes[0].Date)
	}
}

// TestRoundTrip: what is written is read back the same, and written the same again.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	hard := northwind(t)
	hard.System.None = nil
	hard.System.Boundary = "colon: here\n- a dash\n# no comment\n\"quotes\" 'and' {braces} [too]\n  indented\n\nend"
	hard.System.Overview = "yes"
	hard.Services[0].Name = "007"
	hard.Services[0].Text = "null"
	hard.Services[0].Customers = "1e3"
	hard.Commitments[0].Source = "2026-05-01"
	hard.Commitments[0].Threshold = "99.9 %: ~ & * ! | > @ `"
	hard.Components.Data = nil
	hard.Aspects = Aspects{}
	hard.Incidents[0].Detected, hard.Incidents[0].Resolved = nil, nil
	hard.Incidents[0].Title = "trailing colon:"
	for name, d := range map[string]Description{"northwind": northwind(t), "hard": hard, "least": {System: System{Name: "x"}}} {
		text, err := WriteDescription(d)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseDescription(text)
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
			continue
		}
		if !reflect.DeepEqual(got, d.clean()) {
			t.Errorf("%s: read back differs\n%s\n%+v\n%+v", name, text, got, d.clean())
		}
		again, err := WriteDescription(got)
		if err != nil || string(again) != string(text) {
			t.Errorf("%s: written again differs: %v\n%s", name, err, again)
		}
	}
}

// TestParseRefuses changes one thing of the good document at a time: the error names the line and what is wrong.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		name, old, new string
		off            int // lines from the change to where the error is seen
		want           string
	}{
		{"unknown key", "    customers:", "    customer:", 0, `unknown field "customer"`},
		{"unknown section", "services:", "servicez:", 0, "servicez"},
		{"key twice", "    delivery: Web", "    customers: Web", 0, "is given twice"},
		{"broken syntax", "none: [cuecs, not_applicable]", "none: [cuecs", -1, ""},
		{"list for a map", "system:\n", "system: []\nx:\n", 0, "is a list"},
		{"text for a list", "    monitoring: [VEN-03]", "    monitoring: VEN-03", 0, "not a list"},
		{"no name", "  name: Northwind Ledger", "  name: ''", 0, "system.name: is missing"},
		{"privacy role", "privacy_role: processor", "privacy_role: owner", 0, `"owner" is none of controller, processor, both`},
		{"section that is never empty", "none: [cuecs", "none: [services", 0, `"services"`},
		{"reference", "ref: SC-01", "ref: first", 0, `"first" is no reference`},
		{"type", "type: requirement", "type: wish", 0, "commitment, requirement"},
		{"category", "category: availability", "category: speed", 0, "commitments[2].category"},
		{"same reference", "ref: SR-02", "ref: SR-01", 0, "the same as commitments[1]"},
		{"resource", "resource: repository", "resource: Git repos", 0, "components.software[0].count.resource"},
		{"flow mapping", "system: okta, source", "system: 0kta, source", 0, "components.software[1].count.system"},
		{"same component", "name: Sign-in", "name: ledger  APPLICATION", 0, "the same as components.software[0]"},
		{"method", "method: carve-out", "method: carved", 0, "carve-out, inclusive"},
		{"criterion", "[CC6.4, A1.2]", "[CC6.4, A1.9]", 0, `"A1.9"`},
		{"control", "[VEN-03]", "[ven-03]", 0, `"ven-03"`},
		{"no instant", "started: 2026-03-04T10:15:00Z", "started: yesterday", 0, `"yesterday"`},
		{"another time no instant", "detected: 2026-03-04T12:00:00+01:00", "detected: later", 0, `"later"`},
		{"order of times", "resolved: 2026-03-04T15", "resolved: 2026-03-04T09", 0, "lies before"},
		{"decision without reason", "reason: The change that caused it had skipped its review.", "reason: short", 0, "at least 10"},
		{"date", "date: 2026-05-01", "date: 2026-13-01", 0, "2026-13-01"},
		{"anchor", "service: Data centres", "service: &x Data centres", 0, "anchors"},
		{"tag", "service: Data centres", "service: !!str Data centres", 0, "tags"},
		{"second document", "changes:", "---\nchanges:", 0, "second document"},
		{"deep list", "none: [cuecs", "none: " + strings.Repeat("[", 3000) + " [cuecs", 0, "nested"},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			good := string(sample(t))
			if !strings.Contains(good, x.old) {
				t.Fatalf("the document holds no %q", x.old)
			}
			text := strings.Replace(good, x.old, x.new, 1)
			line := 1 + x.off + strings.Count(good[:strings.Index(good, x.old)], "\n")
			_, err := ParseDescription([]byte(text))
			var bad *BadDocument
			if !errs.Is(err, errs.Invalid) || !errors.As(err, &bad) {
				t.Fatal(err)
			}
			if !strings.Contains(err.Error(), x.want) || bad.Problems[0].Line != line {
				t.Errorf("want line %d with %q, got: %v", line, x.want, err)
			}
		})
	}
}

func TestParseOdd(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing": "", "null": "null\n", "a list": "- system\n", "a number": "5\n", "a comment": "# system\n", "not UTF-8": "system: {name: \"\xff\"}\n",
		"brackets": "system: " + strings.Repeat("[", 500_000), "bombs": "a: &a [x,x]\nb: &b [*a,*a]\nsystem: {name: y}\n", "dashes": "system:\n  " + strings.Repeat("- ", 100_000) + "x\n", "merge": "system: {name: x}\n<<: {}\n",
	} {
		if _, err := ParseDescription([]byte(text)); !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != "file" || errs.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseDescription(make([]byte, 2<<20)); !errs.Is(err, errs.Exhausted) {
		t.Error(err)
	}
	if d, err := ParseDescription([]byte("system:\n  name: Least\n")); err != nil || d.System.Name != "Least" {
		t.Error(d, err)
	}
}

// TestAsWritten: what stands there is kept letter by letter, even where YAML sees a number.
func TestAsWritten(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"99.90", "1_000", "0x1f", "0o17", "017", "1e3", "+5", "4.", "2026-05-01", "yes", "true", "1:30", ".5", "-0", "1.0", "0b11", ".inf", ".nan", "12345678901234567890123"} {
		d, err := ParseDescription([]byte("system:\n  name: x\n  overview: " + s + "\n  boundary: '" + s + "'\n"))
		if err != nil || d.System.Overview != s || d.System.Boundary != s {
			t.Errorf("%s: %q %q %v", s, d.System.Overview, d.System.Boundary, err)
		}
	}
	if d, err := ParseDescription([]byte("system: {name: x, overview: ~, boundary: null}\n")); err != nil || d.System.Overview+d.System.Boundary != "" {
		t.Error(d, err)
	}
}

// TestEverythingAtOnce: all that is wrong is in one error, in the order of lines, and a long list is cut.
func TestEverythingAtOnce(t *testing.T) {
	t.Parallel()
	text := "system:\n  name: x\ncommitments:\n" + strings.Repeat("  - ref: SC-1\n    type: wish\n", 15)
	_, err := ParseDescription([]byte(text))
	var bad *BadDocument
	if !errors.As(err, &bad) {
		t.Fatal(err)
	}
	for i, p := range bad.Problems[1:] {
		if p.Line < bad.Problems[i].Line {
			t.Errorf("line %d after %d", p.Line, bad.Problems[i].Line)
		}
	}
	if len(bad.Problems) < 60 || !strings.Contains(err.Error(), "and ") || !strings.Contains(err.Error(), "line 4: commitments[0].ref") {
		t.Errorf("%d problems: %v", len(bad.Problems), err)
	}
	many := "system: {name: x}\nservices:\n"
	for range maxEntries + 2 {
		many += "  - {name: x, text: y}\n"
	}
	if _, err := ParseDescription([]byte(many)); err == nil || !strings.Contains(err.Error(), "the same as services[0]") {
		t.Error(err)
	}
}

// FuzzParseDescription: any text is refused or read; what is read can be written and read again.
func FuzzParseDescription(f *testing.F) {
	f.Add(string(sample(f)))
	f.Add("system: {name: x}\nincidents: [{ref: INC-1, title: a, text: b, started: 2026-01-01}]\n")
	f.Add("system:\n  name: \"x\\u0085y\"\n  overview: >-\n   a\n\n   b\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDescription([]byte(text))
		if err != nil {
			if k := errs.KindOf(err); k != errs.Invalid && k != errs.Exhausted {
				t.Errorf("%v: %v", k, err)
			}
			return
		}
		out, err := WriteDescription(d)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseDescription(out)
		if err != nil || !reflect.DeepEqual(again, d) {
			t.Errorf("%v\n%s\n%+v\n%+v", err, out, d, again)
		}
	})
}

// FuzzWriteDescription: whatever stands in the texts, what is written is read back the same.
func FuzzWriteDescription(f *testing.F) {
	for _, s := range []string{"yes", "a: b", "- x", "# no", "a\nb", "a\n\n  b\n c", "'", "\"", "|", "> x", "%TAG", "@a", "`a", "a #b", "a:", "!x", "&x", "*x", "---", "...", "é\u2028x", "\\n", "~", "{a", "[a", "0x1f", "1_000", "-", "?", "? x", ", a", "x\n---\ny", "<<", "=", ".inf", " \u00a0x"} {
		f.Add(s, s)
	}
	c, err := catalog.Load()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		d := Description{
			System: System{Name: name, Overview: text, Boundary: name + "\n" + text}, Services: []Offering{{Name: name, Text: text, Customers: text}},
			Subservice: []Subservice{{Name: "x", Service: text, Method: CarveOut, CSOCs: []string{text, name, text + "\n" + name}}},
		}.clean()
		if len(d.check(c)) > 0 {
			return
		}
		out, err := WriteDescription(d)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseDescription(out)
		if err != nil || !reflect.DeepEqual(got, d) {
			t.Errorf("%v\n%s\n%+v\n%+v", err, out, got, d)
		}
	})
}
