package campaigns

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/web/page"
)

// holder is whoever came with a personal link.
type holder struct {
	Person people.Person
	Org    access.Org
	Token  string
	by     campaign.Signer
	scope  access.Scope // the program's own, for this one person
}

// holder finds whose link it is: the short name of the organisation, a dot, and the secret. Whatever opens nothing gets one answer.
func (p *pages) holder(r *page.Request) (holder, error) {
	r.Header().Set("Referrer-Policy", "no-referrer")
	h := holder{Token: r.Arg("token")}
	slug, secret, _ := strings.Cut(h.Token, ".")
	nothing := func(err error) (holder, error) {
		if missed := p.Access.LinkMissed(r.Context(), r.Now, r.IP); missed != nil {
			return h, missed
		}
		return h, err
	}
	var err error
	if h.Org, err = p.Access.OrgBySlug(r.Context(), slug); err != nil && !errs.Is(err, errs.NotFound) {
		return h, err
	}
	unknown := err != nil
	h.scope = p.Access.SystemFrom(h.Org.ID, "personal link", r.IP)
	if unknown {
		secret = "" // says the same as a secret nobody has
	}
	if h.Person, h.by, err = p.Campaigns.Holder(r.Context(), h.scope.ReadScope, r.Now, secret); errs.Is(err, errs.NotFound) {
		return nothing(err)
	}
	return h, err
}

func (p *pages) mine(r *page.Request) error {
	h, err := p.holder(r)
	if err != nil {
		return err
	}
	open, done, err := p.Campaigns.Mine(r.Context(), h.scope.ReadScope, h.by)
	if err != nil {
		return err
	}
	return r.RenderBare(http.StatusOK, minePage(r, h, open, done))
}

func (p *pages) mineDuty(r *page.Request) error {
	h, err := p.holder(r)
	if err != nil {
		return err
	}
	return p.showMine(r, h, page.NewForm())
}

func (p *pages) showMine(r *page.Request, h holder, f *page.Form) error {
	d, err := p.Campaigns.For(r.Context(), h.scope.ReadScope, h.by, campaign.DutyID(r.Arg("duty")))
	if err != nil {
		return err
	}
	t, err := p.load(r, h.scope.ReadScope, d)
	if err != nil {
		return err
	}
	t.Mine, t.Base, t.Back = true, mineURL(h.Token, string(d.ID)), mineURL(h.Token, "")
	t.Send = t.Base
	if len(f.Values) == 0 && f.OK() {
		f = t.answered(f)
	}
	r.Title = d.Title
	return r.RenderBare(f.Status(), mineDutyPage(r, f, h, t))
}

func (p *pages) mineSign(r *page.Request) error {
	return p.finishMine(r, func(_ *page.Form, h holder) (string, error) {
		d, err := p.Campaigns.Sign(r.Context(), h.scope, r.Now, h.by, campaign.DutyID(r.Arg("duty")))
		return "You have acknowledged " + d.Subject + ", version " + strconv.Itoa(d.Version) + ".", err
	})
}

func (p *pages) mineAnswer(r *page.Request) error {
	return p.finishMine(r, func(f *page.Form, h holder) (string, error) {
		return p.graded(r, f, h.scope, h.by, campaign.DutyID(r.Arg("duty")))
	})
}

// finishMine does what the holder of a link is asked. The link ends when nothing is left to do.
func (p *pages) finishMine(r *page.Request, do func(*page.Form, holder) (string, error)) error {
	h, err := p.holder(r)
	if err != nil {
		return err
	}
	f, err := r.Form()
	if err != nil {
		return err
	}
	said, err := do(f, h)
	if err != nil && !f.Take(err) {
		return err
	}
	if !f.OK() {
		return p.showMine(r, h, f)
	}
	open, _, err := p.Campaigns.Mine(r.Context(), h.scope.ReadScope, h.by)
	if err != nil {
		return err
	}
	if len(open) > 0 {
		return r.Redirect(mineURL(h.Token, ""), said)
	}
	if err := p.Campaigns.EndLink(r.Context(), h.scope, r.Now, h.by); err != nil {
		return err
	}
	return r.Redirect("/mine/thanks", said)
}

// thanks is where everything is done. It needs no link, and says nothing about anybody.
func (p *pages) thanks(r *page.Request) error {
	return r.RenderBare(http.StatusOK, thanksPage())
}
