package fieldwork

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Packs makes bundles of the firm's whole work on an engagement in the background. Each is named by its job.
type Packs interface {
	Pack(ctx context.Context, a access.AuditScope) (job string, err error)
	Packs(ctx context.Context, a access.AuditScope) ([]page.Job, error)
	Packed(ctx context.Context, a access.AuditScope, job string) (page.Output, error)
}

func (p *pages) bundles(r *page.Request) error {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return err
	}
	crumb(r, page.Crumb{Text: "Bundle"})
	all, err := p.Packs.Packs(r.Context(), a)
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, bundlePage(r, all))
}

func (p *pages) bundle(r *page.Request) error {
	return p.act(r, func(_ *page.Form, a access.AuditScope) error {
		if _, err := p.Packs.Pack(r.Context(), a); err != nil {
			return err
		}
		return r.Redirect(at(r, "bundle"), "The bundle is being written.")
	}, func(*page.Form, access.AuditScope) error { return r.Redirect(at(r, "bundle"), "") })
}

func (p *pages) fetch(r *page.Request) error {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return err
	}
	o, err := p.Packs.Packed(r.Context(), a, r.Arg("job"))
	if err != nil {
		return err
	}
	defer o.Body.Close()
	return r.Attach(o.Name, o.Type, o.Size, o.Modified, o.Body)
}

// print sends a workpaper as a PDF.
func (p *pages) print(r *page.Request) error {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return err
	}
	x, err := p.Work.Print(r.Context(), a, r.Arg("wp"))
	if err != nil {
		return err
	}
	body, err := p.Work.Paper(x)
	if err != nil {
		return err
	}
	return r.Attach(x.Engagement.Ref+"-"+x.Sheet.Paper.Ref+".pdf", "application/pdf", int64(len(body)), x.Changed(), bytes.NewReader(body))
}

func (p *pages) rollForm(r *page.Request) error {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return err
	}
	return p.showRoll(r, a, page.NewForm())
}

func (p *pages) showRoll(r *page.Request, a access.AuditScope, f *page.Form) error {
	crumb(r, page.Crumb{Text: "Testing", Href: at(r, "testing")}, page.Crumb{Text: "Carry over"})
	sources, err := p.Work.RollSources(r.Context(), a)
	if err != nil {
		return err
	}
	papers, err := p.Work.AllPapers(r.Context(), a)
	if err != nil {
		return err
	}
	var rolled []fieldwork.Paper
	for _, x := range papers {
		if x.Rolled != nil {
			rolled = append(rolled, x)
		}
	}
	return r.Render(f.Status(), rollPage(r, f, rollOptions(sources), rolled))
}

func rollOptions(list []engagement.Engagement) []page.Option {
	var out []page.Option
	for _, e := range list {
		out = append(out, page.Option{Value: string(e.ID), Label: e.Ref + "  " + e.Title + ", " + page.PeriodText(e.Period)})
	}
	return out
}

func (p *pages) roll(r *page.Request) error {
	return p.act(r, func(f *page.Form, a access.AuditScope) error {
		got, err := p.Work.RollForward(r.Context(), a, r.Now, f.Get("from"))
		if err != nil {
			return err
		}
		made, left := 0, 0
		for _, c := range got {
			if c.To != "" {
				made++
			} else {
				left++
			}
		}
		said := page.Plural(made, "workpaper is", "workpapers are") + " begun with the texts of before."
		if left > 0 {
			said += " " + page.Plural(left, "was", "were") + " left: not concluded there, no longer in force, or begun here already."
		}
		return r.Redirect(at(r, "testing", "roll"), said)
	}, func(f *page.Form, a access.AuditScope) error { return p.showRoll(r, a, f) })
}

func (p *pages) recountForm(r *page.Request) error {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return err
	}
	x, err := p.Work.Population(r.Context(), a, r.Arg("ref"))
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, recountPanel(r, page.NewForm("of", x.SecondOf), x.Ref))
}

func (p *pages) recount(r *page.Request) error {
	return p.act(r, func(f *page.Form, a access.AuditScope) error {
		n, err := strconv.ParseInt(strings.ReplaceAll(f.Get("count"), ",", ""), 10, 64)
		if err != nil {
			f.Wrong("count", "Write a number.")
			return r.RenderPanel(f.Status(), recountPanel(r, f, r.Arg("ref")))
		}
		x, err := p.Work.Recount(r.Context(), a, r.Now, r.Arg("ref"), fieldwork.Recount{Count: n, Of: f.Get("of"), Reason: f.Raw("reason")})
		if err != nil {
			return err
		}
		said := " It still agrees."
		if n != int64(x.Rows) {
			said = " It differs from the " + page.Plural(x.Rows, "item", "items") + " that were frozen; the sample stays."
		}
		return r.Redirect(at(r, "populations", x.Ref), "The count is kept."+said)
	}, func(f *page.Form, _ access.AuditScope) error {
		return r.RenderPanel(f.Status(), recountPanel(r, f, r.Arg("ref")))
	})
}

func (p *pages) applyForm(r *page.Request) error {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return err
	}
	return p.showApply(r, a, page.NewForm())
}

func (p *pages) showApply(r *page.Request, a access.AuditScope, f *page.Form) error {
	sh, err := p.Work.Sheet(r.Context(), a, r.Arg("wp"))
	if err != nil {
		return err
	}
	m, err := p.Work.Method(r.Context(), a)
	if err != nil {
		return err
	}
	var options []page.Option
	for _, t := range m.Fitting(sh.Paper.Control, sh.Paper.Criteria) {
		options = append(options, page.Option{Value: t.Name, Label: t.Name + " (" + page.Plural(len(t.Attributes), "attribute", "attributes") + ")"})
	}
	if len(options) == 0 {
		f.Problem = f.Errors["template"] // there is no field to say it at
	}
	return r.RenderPanel(f.Status(), applyPanel(r, f, sh.Paper, options))
}

func (p *pages) apply(r *page.Request) error {
	return p.act(r, func(f *page.Form, a access.AuditScope) error {
		x, err := p.Work.Apply(r.Context(), a, r.Now, r.Arg("wp"), f.Base(), f.Get("template"))
		if err != nil {
			return err
		}
		return r.Redirect(tabURL(r, x.Ref, "plan"), "The plan is that of the template now.")
	}, func(f *page.Form, a access.AuditScope) error { return p.showApply(r, a, f) })
}
