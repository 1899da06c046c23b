package programme

import (
	"net/http"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/web/page"
)

func (p *pages) ownerForm(r *page.Request) error {
	c, err := p.Controls.Control(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	return p.showOwnerForm(r, page.NewForm("owner", string(c.Owner), "deputy", string(c.Deputy)), c)
}

func (p *pages) showOwnerForm(r *page.Request, f *page.Form, c control.Control) error {
	members, err := p.Access.Members(r.Context(), r.Read())
	if err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), ownerPanel(r, f, c, people(members)))
}

// people are the members who can own a control, as choices: auditors and readers never do.
func people(members []access.Member) []page.Option {
	out := []page.Option{{Value: "", Label: "Nobody"}}
	for _, m := range members {
		if m.Role != access.Auditor && m.Role != access.Reader && !m.Disabled {
			out = append(out, page.Option{Value: string(m.ID), Label: m.Name + ", " + m.Role.Title()})
		}
	}
	return out
}

func (p *pages) setOwner(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	scope, err := r.Write()
	if err != nil {
		return err
	}
	c, err := p.Controls.Control(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	if f.Get("owner") != "" && f.Get("owner") == f.Get("deputy") {
		f.Wrong("deputy", "The deputy is somebody else than the owner.")
	}
	if f.OK() {
		_, err := p.Controls.Assign(r.Context(), scope, r.Now, c.Ref, f.Get("owner"), f.Get("deputy"))
		if err == nil {
			return r.Redirect(controlURL(c.Ref), "Owner of "+c.Ref+" recorded.")
		}
		if !f.Take(err) {
			return err
		}
	}
	return p.showOwnerForm(r, f, c)
}

func (p *pages) approveForm(r *page.Request) error {
	l, err := p.changes(r, r.Arg("ref"))
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, approvePanel(r, page.NewForm(), l))
}

func (p *pages) approve(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	scope, err := r.Write()
	if err != nil {
		return err
	}
	l, err := p.changes(r, r.Arg("ref"))
	if err != nil {
		return err
	}
	// The number is the one the reader saw: a newer draft is not approved unread.
	_, err = p.Controls.Approve(r.Context(), scope, r.Now, l.Control.Ref, f.Base())
	if err == nil {
		return r.Redirect(controlURL(l.Control.Ref), l.Control.Ref+" is in force in its new version.")
	}
	if !f.Take(err) {
		return err
	}
	return r.RenderPanel(f.Status(), approvePanel(r, f, l))
}
