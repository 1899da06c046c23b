package page

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// TestStale: a form that began from an older version shows what is saved where it differs, and replaces it when it is sent
// again.
func TestStale(t *testing.T) {
	t.Parallel()
	f := NewForm("title", "Mine", "same", "Same", "base", "3")
	f.Stale(5, map[string]string{"title": "<b>Theirs</b>", "same": "Same", "gone": ""})
	if f.Status() != http.StatusConflict || f.OK() || f.Base() != 5 || !f.IsStale() {
		t.Errorf("status %d, base %d", f.Status(), f.Base())
	}
	var b strings.Builder
	for _, c := range []struct {
		field string
		shown bool
	}{{"title", true}, {"same", false}} {
		b.Reset()
		if err := Field(f, Input{Name: c.field, Label: c.field}).Render(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "Saved now") != c.shown || strings.Contains(b.String(), "<b>") {
			t.Errorf("%s: %s", c.field, b.String())
		}
	}
	b.Reset()
	if err := BaseOf(f, 3).Render(t.Context(), &b); err != nil || !strings.Contains(b.String(), `value="5"`) {
		t.Errorf("%s %v", b.String(), err)
	}
}

func TestTicks(t *testing.T) {
	t.Parallel()
	f := NewForm()
	if _, err := f.Ticks(); !errs.Is(err, errs.Invalid) {
		t.Errorf("none: %v", err)
	}
	f.Values["tick"] = []string{"a", "b", "a", "", "c"}
	if got, err := f.Ticks(); err != nil || strings.Join(got, "") != "abc" {
		t.Errorf("%v %v", got, err)
	}
	f.Values["tick"] = []string{strings.Repeat("x", 201)}
	if _, err := f.Ticks(); !errs.Is(err, errs.Invalid) {
		t.Errorf("a long one: %v", err)
	}
	f.Values["tick"] = make([]string, 1001)
	if _, err := f.Ticks(); !errs.Is(err, errs.Invalid) {
		t.Errorf("too many: %v", err)
	}
	for given, want := range map[string]string{"/controls?x=1": "/controls?x=1", "https://evil.example/": "/", "": "/"} {
		f.Values.Set("back", given)
		if f.Back() != want {
			t.Errorf("%q leads back to %q", given, f.Back())
		}
	}
}

func TestFits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, path string
		want          bool
	}{
		{"/", "/", true}, {"/controls", "/controls", true}, {"/controls", "/controls/", false}, {"/c/{ref}", "/c/IAM-01", true},
		{"/c/{ref}", "/c/", false}, {"/c/{ref}", "/c/a/b", false}, {"/a/{ref}/dossiers/{n}", "/a/X/dossiers/1", true}, {"/a/{ref}/dossiers/{n}", "/a/X/other/1", false},
	} {
		if got := fits(c.pattern, c.path); got != c.want {
			t.Errorf("%s and %s: %v", c.pattern, c.path, got)
		}
	}
}

// TestFlash: a sentence and its way back survive the journey, and what somebody else wrote does not.
func TestFlash(t *testing.T) {
	t.Parallel()
	r, w := request(t, "/")
	if err := r.RedirectUndo("/x", "Done.", "/undo", map[string]string{"b": "2", "a": strings.Repeat("é", 100)}); err != nil {
		t.Fatal(err)
	}
	c := w.Result().Cookies()[0]
	next, _ := request(t, "/x")
	next.HTTP.AddCookie(c)
	next.takeFlash()
	if next.flash.Words != "Done." || next.flash.Undo == nil || next.flash.Undo.Path != "/undo" || len(next.flash.Undo.sorted()) != 2 || next.flash.Undo.sorted()[0][0] != "a" {
		t.Errorf("%+v", next.flash)
	}
	if r.Result().Path != "/x" || r.Result().Flash != c.Value {
		t.Errorf("%+v", r.Result())
	}
	forged, _ := request(t, "/x")
	forged.HTTP.AddCookie(&http.Cookie{Name: flashCookie, Value: "eyJ3b3JkcyI6IngifQ.AAAA"})
	forged.takeFlash()
	if forged.flash.Words != "" {
		t.Error("a forged sentence is shown")
	}
	big, w := request(t, "/")
	if err := big.RedirectUndo("/x", "Done.", "/undo", map[string]string{"a": strings.Repeat("x", 5000)}); err != nil || len(w.Result().Cookies()[0].Value) > 4000 {
		t.Error("a way back that no cookie holds")
	}
}

func TestJobWords(t *testing.T) {
	t.Parallel()
	started, finished := now.Add(-time.Minute), now.Add(-20*time.Second)
	for _, c := range []struct {
		j          Job
		key, words string
		took       time.Duration
		over       bool
	}{
		{Job{Status: "queued"}, "na", "", 0, false},
		{Job{Status: "running", Started: &started, Done: 41, Total: 83}, "prog", "41 of 83", time.Minute, false},
		{Job{Status: "running", Started: &started, Done: 12004}, "prog", "12,004 so far", time.Minute, false},
		{Job{Status: "done", Started: &started, Finished: &finished}, "pass", "", 40 * time.Second, true},
		{Job{Status: "failed", Started: &started, Finished: &finished}, "err", "", 40 * time.Second, true},
		{Job{Status: "cancelled"}, "na", "", 0, true},
	} {
		key, _ := c.j.Sign()
		if key != c.key || c.j.Progress() != c.words || c.j.Took(now) != c.took || c.j.Over() != c.over {
			t.Errorf("%+v: %s %q %s %v", c.j, key, c.j.Progress(), c.j.Took(now), c.j.Over())
		}
	}
	open := []Job{{ID: "1", Kind: "test", Subject: "a"}, {ID: "2", Kind: "collect", Subject: "b"}}
	if j, ok := JobUnderWay(open, "collect", "b"); !ok || j.ID != "2" {
		t.Error("the job of a connection is not found")
	}
	if _, ok := JobUnderWay(open, "collect", "c"); ok {
		t.Error("a job of another connection is found")
	}
}

func TestFirstSteps(t *testing.T) {
	t.Parallel()
	r, _ := request(t, "/")
	for _, c := range []struct {
		b    Beginnings
		done int
	}{
		{Beginnings{}, 0},
		{Beginnings{Described: true, Engagements: 1, Connections: 2, InForce: 40, Auditors: 1}, 6},
		{Beginnings{InForce: 40, Drafts: 1, Unowned: 1}, 0},
	} {
		all := FirstSteps(r, c.b)
		if len(all) != 7 || doneSteps(all) != c.done {
			t.Errorf("%+v: %d of %d done", c.b, doneSteps(all), len(all))
		}
		for _, s := range all {
			if s.Done && s.Later || s.Why == "" {
				t.Errorf("%+v", s)
			}
		}
	}
}
