package fieldwork

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/web/page"
)

var findingsSpec = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Finding", Sort: true}, {Key: "paper", Title: "Workpaper", Sort: true, Opt: true}, {Key: "title", Title: "What deviates", Sort: true, Wide: true}, {Key: "rate", Title: "Items", Num: true, Sort: true},
		{Key: "cause", Title: "Cause", Opt: true}, {Key: "shared", Title: "Client", Sort: true},
	},
	Filters: []page.Filter{{Key: "shared", Title: "Client", Kind: page.Segments, Options: []page.Option{{Value: "draft", Label: "Draft", Status: "na"}, {Value: "shared", Label: "Waits for an answer", Status: "prog"}, {Value: "answered", Label: "Answered", Status: "pass"}}}},
	Search:  "Find by reference, control or words", Sort: "ref", One: "finding", Many: "findings",
}

func sharedState(f fieldwork.Finding) string {
	switch {
	case f.SharedAt == nil:
		return "draft"
	case f.Response == nil || f.Response.Answered == nil:
		return "shared"
	}
	return "answered"
}

// some searches, filters, sorts and cuts findings.
func some(list []fieldwork.Finding, state string, q paging.Query) ([]fieldwork.Finding, int) {
	s := strings.ToLower(q.Search)
	list = slices.DeleteFunc(slices.Clone(list), func(f fieldwork.Finding) bool {
		return state != "" && sharedState(f) != state || s != "" && !strings.Contains(strings.ToLower(f.Ref+" "+f.Title+" "+f.Control+" "+f.Cause), s)
	})
	slices.SortStableFunc(list, func(a, b fieldwork.Finding) int {
		switch q.Sort {
		case "paper":
			return cmp.Compare(a.PaperRef, b.PaperRef)
		case "title":
			return cmp.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title))
		case "rate":
			return cmp.Compare(a.Count, b.Count)
		case "shared":
			return cmp.Compare(sharedState(a), sharedState(b))
		}
		return cmp.Compare(a.Ref, b.Ref)
	})
	if q.Desc {
		slices.Reverse(list)
	}
	q = q.Norm()
	from := min(q.Offset(), len(list))
	return list[from:min(from+q.Size, len(list))], len(list)
}

func (p *pages) findings(r *page.Request) error {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return err
	}
	crumb(r, page.Crumb{Text: "Findings"})
	t, err := r.Table(&findingsSpec)
	if err != nil {
		return err
	}
	all, err := p.Work.ListFindings(r.Context(), a)
	if err != nil {
		return err
	}
	if t.Exporting() {
		return r.Export(t, "findings", []string{"Finding", "Workpaper", "Control", "Criteria", "What deviates", "Nature", "Items", "Of", "Cause", "Extent", "Systematic", "Found by the client", "Fixed in the period", "Compensating control", "Shared", "Management's response"}, func(q paging.Query) ([][]any, int, error) {
			list, total := some(all, t.Filter("shared"), q)
			var out [][]any
			for _, f := range list {
				var shared any
				said := ""
				if f.SharedAt != nil {
					shared = *f.SharedAt
				}
				if f.Response != nil {
					said = f.Response.Response
				}
				out = append(out, []any{f.Ref, f.PaperRef, f.Control, joined(f.Criteria), f.Title, f.Nature, f.Count, f.Of, f.Cause, f.Extent, f.Systematic, f.Detected, f.Fixed, f.Instead, shared, said})
			}
			return out, total, nil
		})
	}
	list, total := some(all, t.Filter("shared"), t.Query)
	t.Total = total
	rows := findingRows(r, t, list)
	return r.Render(http.StatusOK, findingsPage(r, t, rows), page.Part(t.ID(), rows))
}

func (p *pages) finding(r *page.Request) error {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return err
	}
	f, err := p.Work.Finding(r.Context(), a, r.Arg("ref"))
	if err != nil {
		return err
	}
	n, err := p.names(r, a)
	if err != nil {
		return err
	}
	crumb(r, page.Crumb{Text: "Findings", Href: at(r, "findings")}, page.Crumb{Text: f.Ref})
	return r.Render(http.StatusOK, findingPage(r, f, n))
}

func factsOf(f *page.Form) fieldwork.Facts {
	return fieldwork.Facts{Title: f.Get("title"), Nature: f.Get("nature"), Cause: f.Raw("cause"), Extent: f.Raw("extent"), Systematic: f.Checked("systematic"), Detected: f.Checked("detected"), Fixed: f.Raw("fixed"), Instead: f.Get("instead"), InsteadWhy: f.Raw("instead_why")}
}

func (p *pages) findingForm(r *page.Request) error {
	if _, err := r.EnterAudit(p.Access); err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, findingPanel(r, page.NewForm("nature", "operation"), paperURL(r, r.Arg("wp"))+"/finding", "New finding", tabURL(r, r.Arg("wp"), "conclusion"), 0))
}

func (p *pages) report(r *page.Request) error {
	return p.act(r, func(f *page.Form, a access.AuditScope) error {
		x, err := p.Work.Report(r.Context(), a, r.Now, r.Arg("wp"), numbers(strings.FieldsFunc(f.Get("items"), func(c rune) bool { return c == ',' || c == ' ' })), factsOf(f))
		if err != nil {
			return err
		}
		return r.Redirect(at(r, "findings", x.Ref), x.Ref+" is recorded: it stays, whatever is concluded.")
	}, func(f *page.Form, _ access.AuditScope) error {
		return r.RenderPanel(f.Status(), findingPanel(r, f, paperURL(r, r.Arg("wp"))+"/finding", "New finding", tabURL(r, r.Arg("wp"), "conclusion"), 0))
	})
}

func (p *pages) editForm(r *page.Request) error {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return err
	}
	x, err := p.Work.Finding(r.Context(), a, r.Arg("ref"))
	if err != nil {
		return err
	}
	f := page.NewForm("title", x.Title, "nature", x.Nature, "cause", x.Cause, "extent", x.Extent, "fixed", x.Fixed, "instead", x.Instead, "instead_why", x.InsteadWhy)
	if x.Systematic {
		f.Values.Set("systematic", "on")
	}
	if x.Detected {
		f.Values.Set("detected", "on")
	}
	return r.RenderPanel(http.StatusOK, findingPanel(r, f, at(r, "findings", x.Ref)+"/edit", "Change "+x.Ref, at(r, "findings", x.Ref), x.Version))
}

func (p *pages) edit(r *page.Request) error {
	ref := r.Arg("ref")
	return p.act(r, func(f *page.Form, a access.AuditScope) error {
		x, err := p.Work.Amend(r.Context(), a, r.Now, ref, f.Base(), factsOf(f))
		var stale *fieldwork.StaleFinding
		if errors.As(err, &stale) {
			s := stale.Theirs
			f.Stale(s.Version, map[string]string{"title": s.Title, "cause": s.Cause, "extent": s.Extent, "fixed": s.Fixed, "instead": s.Instead, "instead_why": s.InsteadWhy})
			return r.RenderPanel(f.Status(), findingPanel(r, f, at(r, "findings", ref)+"/edit", "Change "+ref, at(r, "findings", ref), s.Version))
		}
		if err != nil {
			return err
		}
		said := x.Ref + " is kept."
		if x.SharedAt != nil {
			said += " The client sees what was shared before, until you share it again."
		}
		return r.Redirect(at(r, "findings", x.Ref), said)
	}, func(f *page.Form, _ access.AuditScope) error {
		return r.RenderPanel(f.Status(), findingPanel(r, f, at(r, "findings", ref)+"/edit", "Change "+ref, at(r, "findings", ref), f.Base()))
	})
}

func (p *pages) shareFindingForm(r *page.Request) error {
	if _, err := r.EnterAudit(p.Access); err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, shareFindingPanel(r, page.NewForm(), r.Arg("ref")))
}

func (p *pages) shareFinding(r *page.Request) error {
	return p.act(r, func(_ *page.Form, a access.AuditScope) error {
		x, err := p.Work.Share(r.Context(), a, r.Now, r.Arg("ref"))
		if err != nil {
			return err
		}
		return r.Redirect(at(r, "findings", x.Ref), x.Ref+" is shared with the client.")
	}, func(f *page.Form, _ access.AuditScope) error {
		return r.RenderPanel(f.Status(), shareFindingPanel(r, f, r.Arg("ref")))
	})
}

// sharedData is what was shared, on the client's side.
type sharedData struct {
	ref, engagement string
	list            []fieldwork.Shared
	samples         []fieldwork.Shared
	one             fieldwork.Shared
	finding         fieldwork.Finding
	items           []seen
}

type seen struct {
	N     int    `json:"n"`
	Key   string `json:"key"`
	Label string `json:"label"`
	Day   string `json:"day"`
}

func (p *pages) client(r *page.Request) (sharedData, error) {
	e, err := p.Work.Engagements.Engagement(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return sharedData{}, err
	}
	r.Crumbs = []page.Crumb{{Text: "Engagements", Href: "/engagements"}, {Text: e.Ref, Href: "/engagements/" + e.Ref}}
	return sharedData{ref: e.Ref, engagement: string(e.ID)}, nil
}

func (p *pages) shared(r *page.Request) error {
	d, err := p.client(r)
	if err != nil {
		return err
	}
	crumb(r, page.Crumb{Text: "Findings"})
	all, err := p.Work.SharedWith(r.Context(), r.Read(), d.engagement)
	if err != nil {
		return err
	}
	for _, x := range all {
		if x.Kind == "finding" {
			d.list = append(d.list, x)
		} else {
			d.samples = append(d.samples, x)
		}
	}
	return r.Render(http.StatusOK, sharedPage(r, d))
}

func (p *pages) sharedOne(r *page.Request) error { return p.showShared(r, nil) }

func (p *pages) showShared(r *page.Request, f *page.Form) error {
	d, err := p.client(r)
	if err != nil {
		return err
	}
	if d.one, err = p.Work.SharedOne(r.Context(), r.Read(), d.engagement, r.Arg("finding")); err != nil {
		return err
	}
	if d.finding, err = d.one.Finding(); err != nil || d.one.Kind != "finding" {
		return cmp.Or(err, error(errs.New(errs.NotFound, "no finding %s was shared", r.Arg("finding"))))
	}
	crumb(r, page.Crumb{Text: "Findings", Href: "/engagements/" + d.ref + "/findings"}, page.Crumb{Text: d.one.Ref})
	if f == nil {
		f = page.NewForm("response", d.one.Response, "until", d.one.Until)
	}
	return r.Render(f.Status(), sharedFindingPage(r, f, d))
}

func (p *pages) sharedSample(r *page.Request) error {
	d, err := p.client(r)
	if err != nil {
		return err
	}
	all, err := p.Work.SharedWith(r.Context(), r.Read(), d.engagement)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(x fieldwork.Shared) bool { return x.Kind == "sample" && x.Ref == r.Arg("wp") })
	if i < 0 {
		return errs.New(errs.NotFound, "no selection for %s was shared", r.Arg("wp"))
	}
	d.one = all[i]
	if err := json.Unmarshal([]byte(d.one.Body), &d.items); err != nil {
		return errs.As(errs.Internal, err, "read the selection")
	}
	crumb(r, page.Crumb{Text: "Findings", Href: "/engagements/" + d.ref + "/findings"}, page.Crumb{Text: "Selection " + d.one.Ref})
	return r.Render(http.StatusOK, sharedSamplePage(d))
}

func (p *pages) respond(r *page.Request) error {
	d, err := p.client(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.Work.Respond(r.Context(), scope, r.Now, d.engagement, r.Arg("finding"), f.Base(), f.Raw("response"), f.Get("until"))
	var stale *fieldwork.StaleShared
	if errors.As(err, &stale) {
		f.Stale(stale.Theirs.Version, map[string]string{"response": stale.Theirs.Response, "until": stale.Theirs.Until})
		return p.showShared(r, f)
	}
	if err == nil {
		return r.Redirect("/engagements/"+d.ref+"/findings/"+x.Ref, "The auditor sees your answer.")
	}
	if !f.Take(err) {
		return err
	}
	return p.showShared(r, f)
}
