package watch

import (
	"bytes"
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/web/page"
)

func eventURL(ref, id string) string { return alertURL(ref) + "/events/" + url.PathEscape(id) }

// named is the alert of the address, and the event of it that a signal of the alert names.
func (p *pages) named(r *page.Request) (alert.Alert, string, error) {
	a, err := p.Alerts.Alert(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return a, "", err
	}
	id := r.Arg("event")
	kept, err := p.Alerts.Signals(r.Context(), r.Read(), a.ID, paging.Query{Size: paging.MaxSize})
	if err != nil {
		return a, "", err
	}
	named := slices.ContainsFunc(kept.Rows, func(k alert.Kept) bool {
		return slices.ContainsFunc(k.Events, func(f alert.Fact) bool { return f.Event == id })
	})
	if !named || p.Event == nil {
		return a, "", errs.New(errs.NotFound, "no event %s of %s can be read", page.Short(id, 60), a.Ref)
	}
	return a, id, nil
}

// event shows an event that a signal of the alert names: its normal form, and the record as it came.
func (p *pages) event(r *page.Request) error {
	a, id, err := p.named(r)
	if err != nil {
		return err
	}
	r.Title = id
	r.Crumbs = []page.Crumb{{Text: "Alerts", Href: alertsPlace}, {Text: a.Ref, Href: alertURL(a.Ref)}, {Text: "Event"}}
	e, err := p.Event(r.Context(), r.Read(), id)
	if gone, erased := event.ErasedBy(err); erased {
		names, err := p.names(r, gone.By)
		if err != nil {
			return err
		}
		return r.Render(http.StatusOK, erasedPage(gone, cmp.Or(names[gone.By], gone.By)))
	}
	if err != nil {
		return err
	}
	var by *Allowed
	if p.Allowed != nil && r.Can(access.ReadEvidence) {
		if by, err = p.Allowed(r.Context(), r.Read(), id); err != nil {
			return err
		}
	}
	return r.Render(http.StatusOK, eventPage(r, a, e, p.Prove != nil, by))
}

// eventProof gives the event with its proof as a file.
func (p *pages) eventProof(r *page.Request) error {
	_, id, err := p.named(r)
	if err != nil {
		return err
	}
	if p.Prove == nil {
		return errs.New(errs.Conflict, "events cannot be read here").WithHint("The server reads them: tickmark serve.")
	}
	body, err := p.Prove(r.Context(), r.Read(), id)
	if err != nil {
		return err
	}
	return r.Attach(event.ProofName(id), "application/json", int64(len(body)), r.Now, bytes.NewReader(body))
}

func (p *pages) keepEventForm(r *page.Request) error {
	a, id, err := p.named(r)
	if err != nil {
		return err
	}
	f := page.NewForm("title", "Event "+id+" of "+a.Ref)
	return r.RenderPanel(f.Status(), keepEventPanel(r, f, a, id))
}

// keepEvent files the event with its proof as evidence.
func (p *pages) keepEvent(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	if err := r.Require(access.ReadDetections); err != nil {
		return err
	}
	a, id, err := p.named(r)
	if err != nil {
		return err
	}
	ref, err := p.Keep(r.Context(), scope, r.Now, f.Get("title"), f.Raw("shows"), id)
	if err != nil {
		return r.PanelAgain(f, err, keepEventPanel(r, f, a, id))
	}
	return r.Redirect("/e/"+ref, ref+" is filed.")
}

func (p *pages) eraseEventForm(r *page.Request) error {
	a, id, err := p.named(r)
	if err != nil {
		return err
	}
	f := page.NewForm()
	return r.RenderPanel(f.Status(), eraseEventPanel(r, f, a, id))
}

// eraseEvent erases the content of an event for good.
func (p *pages) eraseEvent(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	if err := r.Require(access.ReadDetections); err != nil {
		return err
	}
	a, id, err := p.named(r)
	if err != nil {
		return err
	}
	if p.Erase == nil {
		return errs.New(errs.Conflict, "events cannot be read here").WithHint("The server reads them: tickmark serve.")
	}
	e, err := p.Erase(r.Context(), scope, r.Now, id, f.Get("reason"))
	if err != nil {
		return r.PanelAgain(f, err, eraseEventPanel(r, f, a, id))
	}
	return r.Redirect(eventURL(a.Ref, id), "The event is erased. Entry "+strconv.FormatInt(e.Seq, 10)+" of the ledger says so.")
}
