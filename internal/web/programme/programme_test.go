package programme

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// shownAs is a statement with each coloured piece as class[text].
func shownAs(s string) string {
	var b strings.Builder
	for _, x := range lex(s) {
		if x.class == "" {
			b.WriteString(x.text)
		} else {
			b.WriteString(strings.TrimPrefix(x.class, "sq-") + "[" + x.text + "]")
		}
	}
	return b.String()
}

func TestLex(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"SELECT a FROM t":             "k[SELECT] a k[FROM] t",
		"select count(*) -- all\nx":   "k[select] f[count](*) c[-- all]\nx",
		"'it''s' || $as_of":           "s['it''s'] || p[$as_of]",
		"x > 1.5 AND y IS NULL":       "x > n[1.5] k[AND] y k[IS] k[NULL]",
		"/* a\nb */ z":                "c[/* a\nb */] z",
		`"select" + 'never ends`:      `"select" + s['never ends]`,
		"okta.user_account":           "okta.user_account",
		"$":                           "$",
		"--":                          "c[--]",
		"":                            "",
		"selection":                   "selection",
		"ä <b> 'ö' & \x00":            "ä <b> s['ö'] & \x00",
		"a.id IN (1,2)":               "a.id k[IN] (n[1],n[2])",
		"to_hours($grace_hours) -- h": "f[to_hours](p[$grace_hours]) c[-- h]",
	} {
		if got := shownAs(in); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
}

// FuzzLex: colouring loses nothing and adds nothing.
func FuzzLex(f *testing.F) {
	for _, s := range []string{"SELECT 1", "'", `"`, "--\n", "/*", "$a", "1.2.3", "\xff'\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var b strings.Builder
		for _, x := range lex(s) {
			if x.text == "" {
				t.Fatal("an empty piece")
			}
			b.WriteString(x.text)
		}
		if b.String() != s {
			t.Fatalf("%q became %q", s, b.String())
		}
	})
}

func TestColumns(t *testing.T) {
	t.Parallel()
	got, err := columns(json.RawMessage(`{"item_id":"x","outcome":"fail","b":"text","a":null,"n":12345678901234567890,"list":[1,"2"],"reason":"r"}`))
	if err != nil {
		t.Fatal(err)
	}
	var s []string
	for _, c := range got {
		s = append(s, c.Name+"="+c.Value)
	}
	if want := "b=text|a=|n=12345678901234567890|list=[1,\"2\"]"; strings.Join(s, "|") != want {
		t.Errorf("%s, want %s", strings.Join(s, "|"), want)
	}
	if got, err := columns(nil); err != nil || got != nil {
		t.Errorf("no row: %v %v", got, err)
	}
	for _, wrong := range []string{`[1]`, `{"a":`, `"x"`, `{`} {
		if _, err := columns(json.RawMessage(wrong)); err == nil {
			t.Errorf("%s is a row", wrong)
		}
	}
}

func TestGraceLeft(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		after time.Duration
		want  string
		over  bool
	}{{5 * time.Hour, "19 h", false}, {24*time.Hour - time.Minute, "1 min", false}, {24 * time.Hour, "ended", true}, {100 * time.Hour, "ended", true}} {
		if got, over := graceLeft(24, since, since.Add(c.after)); got != c.want || over != c.over {
			t.Errorf("after %v: %s %v", c.after, got, over)
		}
	}
}

const evil = `<script>alert('x')</script>"onclick=" '`

// TestStoredTextsStayTexts: whatever a source, a test or a person wrote, it is shown as text.
func TestStoredTextsStayTexts(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	d := &evaluate.Definition{ID: evil, Title: evil, Asks: evil, Counted: evil, SQL: evil, Population: evil, Fix: evil, Controls: []string{evil}, Inputs: []string{evil}, Kind: evaluate.State, Severity: evil}
	row := view.TestRow{ID: evil, Definition: d, Ran: true, Enabled: true, State: chart.Fail, Why: evil, AsOf: now, Fail: 1, Population: 1}
	standing := view.Standing{Test: evil, Title: evil, ItemID: evil, Label: evil, Outcome: chart.Fail, Reason: evil, Since: now}
	exception := view.ExceptionRow{Exception: evaluate.Exception{Ref: evil, Test: evil, ItemID: evil, Reason: evil}, State: "active", Title: evil, Controls: []string{evil}, Label: evil, Requester: evil, Approver: evil}
	detail := view.TestDetail{TestRow: row, InstalledBy: evil, Missing: []string{evil}, Params: []view.ParamRow{{Name: evil, Value: evil, Unit: evil, Meaning: evil}},
		Last: &view.RunDetail{TestRunRow: view.TestRunRow{ID: evil, Trigger: evil, Reason: evil, Hash: evil}, Inputs: []view.InputRow{{InputUsed: evaluate.InputUsed{Table: evil, Ref: evil, Source: evil}}}}}
	r := &page.Request{Now: now}
	for name, c := range map[string]templ.Component{
		"item":       itemPage(r, view.ItemDetail{Test: row, ItemID: evil, Label: evil, Current: &standing, History: []view.Standing{standing}, Exceptions: []view.ExceptionRow{exception}}, []column{{evil, evil}}),
		"exception":  exceptionPage(r, exception),
		"definition": definitionSide(detail),
		"run":        runPage(r, detail, *detail.Last),
		"linked":     linked([]string{evil}, controlURL, ", ", "mono"),
		"sql":        sqlText(evil, evil),
		"untested":   untested(view.ControlDetail{ControlRow: view.ControlRow{Ref: evil}}),
	} {
		var b strings.Builder
		if err := c.Render(t.Context(), &b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if s := b.String(); strings.Contains(s, "<script>") || strings.Contains(s, `"onclick=`) || !strings.Contains(s, "&lt;script&gt;") {
			t.Errorf("%s: stored text is not shown as text: %.600s", name, s)
		}
	}
}
