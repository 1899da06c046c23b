package issuing

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/issue"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/web/page"
)

func (p *pages) readerRoutes() []page.Route {
	public := func(method, pattern, title string, h func(*page.Request) error) page.Route {
		return page.Route{Method: method, Pattern: pattern, Action: page.Public, Title: title, Handle: h}
	}
	return []page.Route{
		public(http.MethodGet, "/shared/{token}", "A report for you", p.shared),
		public(http.MethodPost, "/shared/{token}/agree", "A report for you", p.agree),
		public(http.MethodGet, "/shared/{token}/report.pdf", "A report for you", p.copy),
		public(http.MethodGet, "/public/{org}/{ref}", "Report", p.public),
		public(http.MethodGet, "/public/{org}/{ref}/report.pdf", "Report", p.publicFile),
	}
}

func publicPath(slug, ref string) string {
	return "/public/" + url.PathEscape(slug) + "/" + url.PathEscape(ref)
}

// holder is the program's own right on behalf of whoever came with a link, and the secret of it: the short name of the organisation
// stands before it, with a dot.
func (p *pages) holder(r *page.Request) (access.Scope, string, error) {
	h := r.Header()
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Robots-Tag", "noindex, nofollow, noarchive")
	h.Set("Cache-Control", "no-store")
	slug, secret, _ := strings.Cut(r.Arg("token"), ".")
	o, err := p.Access.OrgBySlug(r.Context(), slug)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return access.Scope{}, "", err
	}
	if err != nil {
		secret = "" // says the same as a secret nobody has
	}
	return p.Access.SystemFrom(o.ID, "report link", r.IP), secret, nil
}

// missed counts a link that opened nothing; an address that tries many is stopped.
func (p *pages) missed(r *page.Request, err error) error {
	if errs.Is(err, errs.NotFound) {
		if stop := p.Access.LinkMissed(r.Context(), r.Now, r.IP); stop != nil {
			return stop
		}
	}
	return err
}

func (p *pages) shared(r *page.Request) error {
	scope, secret, err := p.holder(r)
	if err != nil {
		return err
	}
	o, err := p.Issue.Open(r.Context(), scope.ReadScope, r.Now, secret)
	if err != nil {
		return p.missed(r, err)
	}
	return p.showShared(r, page.NewForm(), o)
}

func (p *pages) showShared(r *page.Request, f *page.Form, o issue.Opened) error {
	r.Title = o.Version.Kind + " of " + o.Org.Name
	return r.RenderBare(f.Status(), sharedPage(r, f, o, "/shared/"+url.PathEscape(r.Arg("token"))))
}

func (p *pages) agree(r *page.Request) error {
	scope, secret, err := p.holder(r)
	if err != nil {
		return err
	}
	f, err := r.Form()
	if err != nil {
		return err
	}
	if !f.Checked("agreed") {
		o, err := p.Issue.Open(r.Context(), scope.ReadScope, r.Now, secret)
		if err != nil {
			return p.missed(r, err)
		}
		f.Wrong("agreed", "Tick the box to agree.")
		return p.showShared(r, f, o)
	}
	if _, err := p.Issue.Agree(r.Context(), scope, r.Now, secret); err != nil {
		return p.missed(r, err)
	}
	return r.Redirect("/shared/"+url.PathEscape(r.Arg("token")), "Thank you. You can take your copy now.")
}

func (p *pages) copy(r *page.Request) error {
	scope, secret, err := p.holder(r)
	if err != nil {
		return err
	}
	_, f, body, err := p.Issue.Copy(r.Context(), scope, r.Now, secret)
	if errs.Is(err, errs.Denied) {
		return r.Redirect("/shared/"+url.PathEscape(r.Arg("token")), "Agree to the terms first.")
	}
	if err != nil {
		return p.missed(r, err)
	}
	r.Header().Set("ETag", `"`+f.SHA256+`"`)
	return r.Attach(f.Name, f.Type, int64(len(body)), time.Time{}, bytes.NewReader(body))
}

// published opens a SOC 3 to anybody.
func (p *pages) published(r *page.Request) (access.Scope, error) {
	o, err := p.Access.OrgBySlug(r.Context(), r.Arg("org"))
	if errs.Is(err, errs.NotFound) {
		err = errs.New(errs.NotFound, "there is no public report here")
	}
	return p.Access.SystemFrom(o.ID, "public report", r.IP), err
}

func (p *pages) public(r *page.Request) error {
	scope, err := p.published(r)
	if err != nil {
		return err
	}
	o, err := p.Issue.Public(r.Context(), scope.ReadScope, r.Now, r.Arg("ref"))
	if err != nil {
		return err
	}
	r.Title = o.Version.Kind + " of " + o.Org.Name
	return r.RenderBare(http.StatusOK, publicPage(r, o, publicPath(o.Org.Slug, o.Engagement.Ref)))
}

func (p *pages) publicFile(r *page.Request) error {
	scope, err := p.published(r)
	if err != nil {
		return err
	}
	_, f, body, err := p.Issue.PublicFile(r.Context(), scope, r.Now, r.Arg("ref"))
	if err != nil {
		return err
	}
	r.Header().Set("ETag", `"`+f.SHA256+`"`)
	return r.Attach(f.Name, f.Type, int64(len(body)), time.Time{}, bytes.NewReader(body))
}
