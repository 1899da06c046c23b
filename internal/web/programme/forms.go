package programme

import (
	"context"
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
func people(members []access.Member) []page.Option { return page.MemberOptions(members) }

func (p *pages) setOwner(r *page.Request) error {
	f, scope, err := r.Submitted()
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
			return r.RedirectUndo(controlURL(c.Ref), "Owner of "+c.Ref+" recorded.", controlURL(c.Ref)+"/owner", map[string]string{"owner": string(c.Owner), "deputy": string(c.Deputy)})
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
	f, scope, err := r.Submitted()
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
	return r.PanelAgain(f, err, approvePanel(r, f, l))
}

// approveMany approves the ticked drafts, but for those of the reader's own.
func (p *pages) approveMany(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	refs, err := f.Ticks()
	if err != nil {
		return err
	}
	scope, err := r.Write()
	if err != nil {
		return err
	}
	approved, own, err := p.Controls.ApproveAll(r.Context(), scope, r.Now, refs)
	if err != nil {
		return err
	}
	said := page.Plural(len(approved), "draft", "drafts") + " approved."
	if len(own) > 0 {
		said += " " + page.Plural(len(own), "draft of your own waits", "drafts of your own wait") + " for somebody else."
	}
	if len(approved)+len(own) == 0 {
		said = "Nothing that is ticked waits for approval."
	}
	return r.Redirect(f.Back(), said)
}

// ownMany makes somebody the owner of the ticked controls.
func (p *pages) ownMany(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	refs, err := f.Ticks()
	if err != nil {
		return err
	}
	scope, err := r.Write()
	if err != nil {
		return err
	}
	if f.Get("step") != "" {
		if f.Get("owner") != "" && f.Get("owner") == f.Get("deputy") {
			f.Wrong("deputy", "The deputy is somebody else than the owner.")
		}
		if f.OK() {
			err := p.Controls.Tx.InTx(r.Context(), func(ctx context.Context) error {
				for _, ref := range refs {
					if _, err := p.Controls.Assign(ctx, scope, r.Now, ref, f.Get("owner"), f.Get("deputy")); err != nil {
						return err
					}
				}
				return nil
			})
			if err == nil {
				return r.Redirect(f.Back(), "Owner of "+page.Plural(len(refs), "control", "controls")+" recorded.")
			}
			if !f.Take(err) {
				return err
			}
		}
	}
	people, err := p.people(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), ownManyPanel(r, f, refs, people))
}
