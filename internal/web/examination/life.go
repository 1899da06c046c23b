package examination

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/web/page"
)

// open reads the engagement that the address names, and gives the page its title and way back.
func (p *pages) open(r *page.Request) (engagement.Engagement, error) {
	e, err := p.Engagement.Store.Engagement(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return e, err
	}
	r.Title = e.Ref + " " + r.Title
	r.Crumbs = []page.Crumb{{Text: "Engagements", Href: "/engagements"}, {Text: e.Ref, Href: page.EngagementPath(e.Ref)}}
	return e, nil
}

// stage is a state in the bar of an engagement.
type stage struct {
	Title, Work, Key string // key: done, now, or empty for what comes
}

// stages are the states an engagement goes through, with how far it has come.
func stages(e engagement.Engagement) []stage {
	var out []stage
	for _, s := range engagement.States(e.Type) {
		x := stage{Title: s.Title(), Work: s.Work()}
		switch {
		case s == e.Status:
			x.Key = "now"
		case e.Status.Reached(s):
			x.Key = "done"
		}
		out = append(out, x)
	}
	return out
}

// life is how an engagement stands in its life, on the client's pages or the auditor's.
type life struct {
	E     engagement.Engagement
	Gates []engagement.Gate
	Base  string // address of the engagement's pages
	May   bool   // the reader may confirm conditions and move it
	Names map[string]string
	Steps []engagement.Step
}

func (p *pages) life(r *page.Request, e engagement.Engagement, base string, names map[string]string, may bool) (x life, err error) {
	x = life{E: e, Base: base, May: may, Names: names}
	if x.Gates, err = p.Engagement.Gates(r.Context(), r.Read(), r.Now, e); err != nil {
		return x, err
	}
	x.Steps, err = p.Engagement.History(r.Context(), r.Read(), e.ID)
	slices.Reverse(x.Steps)
	return x, err
}

// Met reports whether every condition is.
func (x life) Met() bool {
	return !slices.ContainsFunc(x.Gates, func(g engagement.Gate) bool { return !g.Met })
}

// Next is the state that follows; empty in the last one.
func (x life) Next() engagement.State {
	s, _ := x.E.Next()
	return s
}

// Back is the state it may go back to; empty when there is none.
func (x life) Back() engagement.State {
	s, _ := x.E.Back()
	return s
}

func (x life) move(to engagement.State) string { return x.Base + "/move/" + string(to) }

func gateSign(g engagement.Gate) sign {
	switch {
	case g.Met && g.Computed:
		return sign{"pass", "Met"}
	case g.Met:
		return sign{"pass", "Confirmed"}
	case g.Computed:
		return sign{"risk", "Not met"}
	}
	return sign{"na", "To be confirmed"}
}

func gateTime(g engagement.Gate) time.Time { return time.UnixMicro(g.At).UTC() }

// moveForm asks before an engagement goes on, back, or ends.
func (p *pages) moveForm(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	return p.moving(r, page.NewForm(), e)
}

func (p *pages) moving(r *page.Request, f *page.Form, e engagement.Engagement) error {
	to, err := engagement.ParseState(r.Arg("to"))
	if err != nil {
		return errs.New(errs.NotFound, "there is no stage %q", r.Arg("to"))
	}
	x, err := p.life(r, e, page.EngagementPath(e.Ref), nil, true)
	if err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), movePanel(r, f, x, to))
}

func (p *pages) move(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	moved, err := p.Engagement.Move(r.Context(), scope, r.Now, e.Ref, f.Base(), engagement.State(r.Arg("to")), f.Get("reason"))
	if err == nil {
		return r.Redirect(page.EngagementPath(e.Ref), e.Ref+" is in "+strings.ToLower(moved.Status.Title())+" now.")
	}
	if !f.Take(err) {
		return err
	}
	return p.moving(r, f, e)
}

func (p *pages) confirmForm(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	return p.confirming(r, page.NewForm(), e)
}

func (p *pages) confirming(r *page.Request, f *page.Form, e engagement.Engagement) error {
	all, err := p.Engagement.Gates(r.Context(), r.Read(), r.Now, e)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(g engagement.Gate) bool { return g.Key == r.Arg("gate") && !g.Computed })
	if i < 0 {
		return errs.New(errs.NotFound, "%s has no such condition to confirm now", e.Ref)
	}
	return r.RenderPanel(f.Status(), confirmPanel(r, f, e, all[i], page.EngagementPath(e.Ref)))
}

func (p *pages) confirm(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	_, err = p.Engagement.Confirm(r.Context(), scope, r.Now, e.Ref, r.Arg("gate"), f.Get("why"))
	if err == nil {
		return r.Redirect(page.EngagementPath(e.Ref), "Confirmed.")
	}
	if !f.Take(err) {
		return err
	}
	return p.confirming(r, f, e)
}

func (p *pages) firmForm(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	f := page.NewForm("firm", e.Firm, "licence", e.Licence)
	if e.PeerReview != 0 {
		f.Values.Set("peer_review", e.PeerReview.String())
	}
	return r.RenderPanel(http.StatusOK, firmPanel(r, f, e))
}

func (p *pages) firm(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x := engagement.FirmFacts{Name: f.Get("firm"), Licence: f.Get("licence")}
	if v := f.Get("peer_review"); v != "" {
		if x.PeerReview, err = period.ParseDate(v); err != nil {
			f.Wrong("peer_review", "Write a day such as 2025-10-31.")
		}
	}
	if f.OK() {
		_, err = p.Engagement.RecordFirm(r.Context(), scope, r.Now, e.Ref, f.Base(), x)
		if err == nil {
			return r.Redirect(page.EngagementPath(e.Ref, "auditors"), "The firm is recorded.")
		}
		if !stale(f, err) && !f.Take(err) {
			return err
		}
	}
	return r.RenderPanel(f.Status(), firmPanel(r, f, e))
}
