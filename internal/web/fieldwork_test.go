package web_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/fieldwork"
)

// fieldwork is what a firm has at an engagement: a draft and a frozen population, a workpaper with marks, a finding and a selection
// that the client sees, and one that is signed off. Every text is the given one where it is hostile.
func (in *installation) fieldwork(ctx context.Context, a access.AuditScope, hostile string) error {
	w, now := in.app.Fieldwork, in.now
	or := func(s string) string {
		if hostile != "" {
			return hostile
		}
		return s
	}
	second := int64(12)
	list := fieldwork.Take{Title: or("Leavers"), Source: fieldwork.FromList, Name: or("Written list"), Columns: []string{"Item"}}
	for i := range 12 {
		list.Rows = append(list.Rows, []string{or("Leaver") + " " + string(rune('A'+i))})
	}
	if _, err := w.Take(ctx, a, now, list); err != nil {
		return err
	}
	pop, err := w.Take(ctx, a, now, list)
	if err != nil {
		return err
	}
	c := fieldwork.Complete{Title: pop.Title, Member: or("a person who left"), Shape: pop.Shape, Second: &second, SecondOf: or("Payroll register"), Tracing: or("Traced both ways.")}
	if pop, err = w.Freeze(ctx, a, now, pop.Ref, pop.Version, c); err != nil {
		return err
	}
	controls, err := w.ControlsInForce(ctx, a)
	if err != nil {
		return err
	}
	for i := range 2 {
		p, err := w.Begin(ctx, a, now, controls[i].Ref)
		if err != nil {
			return err
		}
		if p, err = w.Draw(ctx, a, now, p.Ref, 0, pop.Ref, fieldwork.Sizing{Method: fieldwork.ByTable, Risk: "low", Confidence: 9000, Tolerable: 1000}); err != nil {
			return err
		}
		note := or("Looked at the record")
		marks := []fieldwork.Marking{{N: 1, Letter: "A", Mark: fieldwork.Exception, Note: &note}, {N: 2, Letter: "A", Mark: fieldwork.Tick}}
		if _, err := w.Mark(ctx, a, now, p.Ref, marks); err != nil {
			return err
		}
		f, err := w.Report(ctx, a, now, p.Ref, nil, fieldwork.Facts{Title: or("Removed late"), Nature: "operation", Cause: or("The form came late")})
		if err != nil {
			return err
		}
		if _, err := w.Share(ctx, a, now, f.Ref); err != nil {
			return err
		}
		if _, err := w.ShareSample(ctx, a, now, p.Ref); err != nil {
			return err
		}
		if _, err := w.Conclude(ctx, a, now, p.Ref, 0, fieldwork.NotEffective, or("Half of the items deviate")); err != nil {
			return err
		}
		if i == 1 {
			_, err = w.Sign(ctx, a, now, p.Ref, 0)
		} else {
			_, err = w.Remark(ctx, a, now, p.Ref, or("Did the account sign in?"))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// TestFieldworkPages carries a control through the pages: a population that does not reconcile, a sample, marks by script and by form
// with two people at once, a finding that the client answers, and the opinion that only the partner enters.
func TestFieldworkPages(t *testing.T) {
	t.Parallel()
	in := installed(t)
	base := "/audits/" + in.engagement
	senior, staff, partner := in.firm(access.Senior), in.firm(access.Staff), in.firm(access.Partner)
	post := func(path, cookie string, want int, pairs ...string) *http.Response {
		t.Helper()
		form := url.Values{"csrf": {in.token(t, cookie)}}
		for i := 0; i+1 < len(pairs); i += 2 {
			form.Add(pairs[i], pairs[i+1])
		}
		res := in.do("POST", path, cookie, form)
		if res.StatusCode != want {
			t.Fatalf("POST %s: %d, expected %d", path, res.StatusCode, want)
		}
		return res
	}
	to := post(base+"/populations/new", staff, 303, "title", "Changes", "source", "list", "list", "C-1\nC-2\nC-3\n").Header.Get("Location")
	shape := []string{"title", "Changes", "key", "0", "label", "-1", "day", "-1", "where", "-1", "do", "freeze", "second", "4", "second_of", "Ticket queue"}
	in.answered(t, to, staff, 422, shape...)
	post(to, staff, 303, append(shape, "reason", "The fourth ticket was opened by mistake and withdrawn.")...)
	if doc := text(in.get(t, to, senior, 200)); !strings.Contains(doc, "Not reconciled") || !strings.Contains(doc, "withdrawn") {
		t.Error("the reason is not visible")
	}
	controls := all(in.get(t, base+"/testing/new", staff, 200), "select[name=control] option")
	wp := post(base+"/testing/new", staff, 303, "control", attr(controls[5], "value")).Header.Get("Location")
	wp, _, _ = strings.Cut(wp, "?")
	ref := to[strings.LastIndex(to, "/")+1:]
	post(wp+"/draw", staff, 303, "population", ref, "method", "census", "risk", "low")
	if n := all(in.get(t, wp, staff, 200), ".mk[data-cell]"); len(n) != 3 {
		t.Fatalf("%d cells", len(n))
	}
	marks := func(cookie string, m ...string) (got struct {
		Kept, Stale []struct {
			Cell, Mark, By string
			Base           int
		}
	}) {
		t.Helper()
		form := url.Values{"csrf": {in.token(t, cookie)}, "m": m}
		res := in.do("POST", wp+"/marks", cookie, form, "Tm-Target", "marks")
		if err := json.NewDecoder(res.Body).Decode(&got); err != nil || res.StatusCode != 200 {
			t.Fatal(res.StatusCode, err)
		}
		return got
	}
	if got := marks(staff, "1:A:t:0", "2:A:x:0"); len(got.Kept) != 2 || got.Kept[1].Base != 1 {
		t.Errorf("%+v", got)
	}
	if got := marks(senior, "2:A:t:0", "3:A:t:0"); len(got.Kept) != 1 || len(got.Stale) != 1 || got.Stale[0].Mark != "x" || got.Stale[0].By != "R. Osei" {
		t.Errorf("two at once: %+v", got)
	}
	in.answered(t, wp+"/cells/2A", senior, 409, "mark", "t", "base", "0", "note", "mine")
	in.answered(t, wp+"/conclude", staff, 422, "conclusion", "effective", "why", "All as it should be, says who did it.")
	f := post(wp+"/finding", staff, 303, "title", "A change without approval", "nature", "operation", "cause", "A hurry").Header.Get("Location")
	client := "/engagements/" + in.ref(t) + "/findings"
	if doc := text(in.get(t, client, in.cookie[access.Owner], 200)); strings.Contains(doc, "without approval") {
		t.Error("the client sees what was not shared")
	}
	post(f+"/share", staff, 303)
	one := client + f[strings.LastIndex(f, "/"):]
	v := attr(all(in.get(t, one, in.cookie[access.Owner], 200), "main input[name=base]")[0], "value")
	post(one, in.cookie[access.Owner], 303, "base", v, "response", "The gate now asks for it.")
	if doc := text(in.get(t, f, senior, 200)); !strings.Contains(doc, "The gate now asks") {
		t.Error("the firm does not see the answer")
	}
	in.get(t, one, in.cookie[access.Reader], 403)
	post(wp+"/conclude", staff, 303, "conclusion", "not_effective", "why", "One of three, and no other control.")
	post(wp+"/sign", staff, 303)
	post(wp+"/review", staff, 403)
	post(wp+"/review", senior, 303)
	if res := in.do("GET", wp+"/pdf", senior, nil); res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/pdf" || !strings.HasSuffix(res.Header.Get("Content-Disposition"), ".pdf") {
		t.Error("the workpaper as a PDF:", res.StatusCode, res.Header)
	}
	in.get(t, wp+"/pdf", in.rival, 404)
	at := wp[strings.LastIndex(wp, "/")+1:]
	if doc := text(in.get(t, "/search?q="+at, staff, 200)); !strings.Contains(doc, "Workpaper") || !strings.Contains(doc, at) {
		t.Errorf("the palette does not find %s: %.600s", at, doc)
	}
	if doc := text(in.get(t, "/search?q=changes", staff, 200)); !strings.Contains(doc, "Population") {
		t.Errorf("the palette does not find the population: %.600s", doc)
	}
	if doc := text(all(in.get(t, "/search?q="+at, in.cookie[access.Owner], 200), "main")[0]); strings.Contains(doc, "Workpaper") {
		t.Error("the client finds the firm's workpaper")
	}
	post(base+"/report/opinion/design", senior, 403, "kind", "unmodified")
	in.answered(t, base+"/report/opinion/operation", partner, 422, "kind", "qualified")
	post(base+"/report/opinion/operation", partner, 303, "kind", "qualified", "basis", "Changes were not approved throughout the period.")
	if doc := text(in.get(t, base+"/report/section-iv", senior, 200)); !strings.Contains(doc, "1 of 3: A change without approval") {
		t.Error("section IV leaves the deviation out")
	}
	in.get(t, base+"/testing", in.cookie[access.Owner], 403)
	in.get(t, base+"/testing", in.rival, 404)
}

// ref is the reference of the engagement that the firm examines.
func (in *installation) ref(t *testing.T) string {
	t.Helper()
	scope, err := in.app.Access.Operator(t.Context(), in.org(t), "test")
	if err != nil {
		t.Fatal(err)
	}
	e, err := in.app.Engagement.Store.Engagement(t.Context(), scope.ReadScope, in.engagement)
	if err != nil {
		t.Fatal(err)
	}
	return e.Ref
}
