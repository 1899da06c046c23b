package issuing

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/issue"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/web/page"
)

const dist = "/engagements/{ref}/distribution"

func (p *pages) distributionRoutes() []page.Route {
	const manage = access.ManageEngagement
	get := func(pattern, title string, h func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodGet, Pattern: pattern, Action: access.ReadEngagement, Title: title, Nav: nav, Handle: h}
	}
	return slices.Concat([]page.Route{get(dist, "Distribution", p.distribution), get(dist+"/log", "Log", p.log), get(dist+"/readers/{reader}", "Reader", p.reader)},
		two(dist+"/new", "Name a reader", manage, p.nameForm, p.name),
		two(dist+"/terms", "Terms", manage, p.termsForm, p.terms),
		two(dist+"/publish", "Publish", manage, p.publishForm, p.publish),
		two(dist+"/unpublish", "Take down", manage, p.unpublishForm, p.unpublish),
		two(dist+"/readers/{reader}/link", "Link", manage, p.linkForm, p.link),
		two(dist+"/readers/{reader}/mail", "Send a link", manage, p.mailForm, p.mail),
		two(dist+"/readers/{reader}/end", "End a link", manage, p.endForm, p.end),
	)
}

func distPath(ref string, parts ...string) string {
	return page.EngagementPath(ref, append([]string{"distribution"}, parts...)...)
}

var readersSpec = page.TableSpec{
	Columns: []page.Column{{Key: "ref", Title: "Reader", Sort: true}, {Key: "name", Title: "Name", Sort: true}, {Key: "company", Title: "Organisation", Sort: true, Opt: true}, {Key: "kind", Title: "Kind", Sort: true, Opt: true},
		{Key: "state", Title: "Link"}, {Key: "downloads", Title: "Taken", Num: true, Sort: true}, {Key: "last", Title: "Last", Num: true, Sort: true, Opt: true}},
	Filters: []page.Filter{{Key: "kind", Title: "Kind", Kind: page.Select, Open: true}},
	Search:  "Find a reader", Sort: "ref", One: "reader", Many: "readers",
}

// spread is how a report is distributed.
type spread struct {
	E         engagement.Engagement
	Versions  []issue.Version
	Terms     issue.Terms
	Published *issue.Publication
	Age       issue.Age
	Public    string // address of the public page
}

func (x spread) general() bool { return x.E.Report == engagement.SOC3 }

func (p *pages) spread(r *page.Request) (x spread, err error) {
	if x.E, err = p.open(r); err != nil {
		return x, err
	}
	if x.Versions, err = p.Issue.Versions(r.Context(), r.Read(), x.E.ID); err != nil {
		return x, err
	}
	if x.Terms, err = p.Issue.TermsOf(r.Context(), r.Read()); err != nil {
		return x, err
	}
	x.Age = issue.AgeOf(x.E.Period, period.Of(r.Now), x.Terms.Months)
	if x.general() {
		x.Public = publicPath(r.Grant.Org.Slug, x.E.Ref)
		x.Published, err = p.Issue.Published(r.Context(), r.Read(), x.E.ID)
	}
	return x, err
}

func kindOptions(e engagement.Engagement) []page.Option {
	var out []page.Option
	for _, k := range issue.ReaderKinds(e) {
		out = append(out, page.Option{Value: string(k), Label: k.Title()})
	}
	return out
}

// linkSign tells whether a reader's link opens the report.
func linkSign(r *page.Request, x issue.Reader) sign {
	switch {
	case x.Ended != nil:
		return sign{"na", "Ended"}
	case x.Link == "":
		return sign{"na", "No link"}
	case !x.Open(r.Now):
		return sign{"na", "Expired"}
	case x.Accepted > 0:
		return sign{"pass", "Agreed"}
	}
	return sign{"prog", "Waits for the reader"}
}

func (p *pages) distribution(r *page.Request) error {
	x, err := p.spread(r)
	if err != nil {
		return err
	}
	t, err := r.Table(&readersSpec)
	if err != nil {
		return err
	}
	t.SetOptions("kind", kindOptions(x.E))
	read := func(q paging.Query) (paging.Result[issue.Reader], error) {
		return p.Issue.ListReaders(r.Context(), r.Read(), issue.ReaderFilter{Engagement: x.E.ID, Kind: issue.ReaderKind(t.Filter("kind"))}, q)
	}
	if t.Exporting() {
		return r.Export(t, x.E.Ref+"-readers", []string{"ref", "name", "organisation", "email", "kind", "link", "link_ends", "agreed_to_version", "taken", "last_taken"}, func(q paging.Query) ([][]any, int, error) {
			res, err := read(q)
			var out [][]any
			for _, d := range res.Rows {
				row := []any{d.Ref, d.Name, d.Company, d.Email, d.Kind.Title(), linkSign(r, d).Word, "", d.Accepted, d.Downloads, ""}
				if d.Ends != nil {
					row[6] = *d.Ends
				}
				if d.Last != nil {
					row[9] = *d.Last
				}
				out = append(out, row)
			}
			return out, res.Total, err
		})
	}
	res, err := read(t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	rows := readerRows(r, t, x.E, res.Rows)
	return r.Render(http.StatusOK, distributionPage(r, t, x, rows), page.Part(t.ID(), rows))
}

var logSpec = page.TableSpec{
	Columns: []page.Column{{Key: "at", Title: "When", Sort: true}, {Key: "reader", Title: "Reader", Sort: true}, {Key: "company", Title: "Organisation", Sort: true, Opt: true}, {Key: "version", Title: "Version", Num: true, Sort: true},
		{Key: "file", Title: "File", Opt: true}, {Key: "sha256", Title: "SHA-256", Opt: true}, {Key: "address", Title: "From", Opt: true}},
	Search: "Find by reader or organisation", Sort: "-at", One: "line", Many: "lines",
}

func (p *pages) log(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	r.Crumbs = append(r.Crumbs, page.Crumb{Text: "Distribution", Href: distPath(e.Ref)}, page.Crumb{Text: "Log"})
	t, rows, done, err := p.logOf(r, e, "")
	if err != nil || done {
		return err
	}
	return r.Render(http.StatusOK, logPage(r, t, e, rows), page.Part(t.ID(), rows))
}

// logOf reads the log of a report, or of one reader; done when it was an export.
func (p *pages) logOf(r *page.Request, e engagement.Engagement, reader string) (*page.Table, templ.Component, bool, error) {
	t, err := r.Table(&logSpec)
	if err != nil {
		return nil, nil, false, err
	}
	read := func(q paging.Query) (paging.Result[issue.Download], error) {
		return p.Issue.Log(r.Context(), r.Read(), e.ID, reader, q)
	}
	if t.Exporting() {
		return t, nil, true, r.Export(t, e.Ref+"-log", []string{"at", "reader", "name", "organisation", "version", "file", "sha256", "address"}, func(q paging.Query) ([][]any, int, error) {
			res, err := read(q)
			var out [][]any
			for _, d := range res.Rows {
				out = append(out, []any{d.At, d.Ref, d.Name, d.Company, d.Number, d.File, d.SHA256, d.Address})
			}
			return out, res.Total, err
		})
	}
	res, err := read(t.Query)
	t.Total = res.Total
	return t, logRows(t, e, res.Rows), false, err
}

func (p *pages) nameForm(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, namePanel(r, page.NewForm(), e))
}

func (p *pages) name(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	x, err := p.Issue.Name(r.Context(), scope, r.Now, e.Ref, issue.NewReader{Name: f.Get("name"), Company: f.Get("company"), Email: f.Get("email"), Kind: issue.ReaderKind(f.Get("kind"))})
	if err == nil {
		return r.Redirect(distPath(e.Ref, "readers", x.Ref), x.Name+" is named. Make a link for them now.")
	}
	return r.PanelAgain(f, err, namePanel(r, f, e))
}

// reading is one reader of a report.
type reading struct {
	spread
	Reader issue.Reader
	Mails  bool // links can be sent to readers
}

func (p *pages) readerOf(r *page.Request) (x reading, err error) {
	if x.spread, err = p.spread(r); err != nil {
		return x, err
	}
	if x.Mails, err = p.Mails(r.Context(), r.Read()); err != nil {
		return x, err
	}
	x.Reader, err = p.Issue.ReaderOf(r.Context(), r.Read(), x.E.ID, r.Arg("reader"))
	r.Crumbs = append(r.Crumbs, page.Crumb{Text: "Distribution", Href: distPath(x.E.Ref)}, page.Crumb{Text: x.Reader.Ref})
	return x, err
}

func (p *pages) reader(r *page.Request) error {
	x, err := p.readerOf(r)
	if err != nil {
		return err
	}
	t, rows, done, err := p.logOf(r, x.E, x.Reader.ID)
	if err != nil || done {
		return err
	}
	return r.Render(http.StatusOK, readerPage(r, t, x, rows), page.Part(t.ID(), rows))
}

func (p *pages) linkForm(r *page.Request) error {
	x, err := p.readerOf(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, askLinkPanel(r, page.NewForm(), x))
}

func (p *pages) link(r *page.Request) error {
	x, err := p.readerOf(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	now, path, err := p.Issue.MakeLink(r.Context(), scope, r.Now, x.E.Ref, x.Reader.Ref)
	if err == nil {
		r.Shown(distPath(x.E.Ref, "readers", x.Reader.Ref))
		x.Reader = now
		return r.RenderPanel(http.StatusOK, linkPanel(r, x, address(r)+path))
	}
	return r.PanelAgain(f, err, askLinkPanel(r, f, x))
}

func (p *pages) mailForm(r *page.Request) error {
	x, err := p.readerOf(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, mailPanel(r, page.NewForm(), x))
}

func (p *pages) mail(r *page.Request) error {
	x, err := p.readerOf(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	err = errs.New(errs.Conflict, "no e-mail route carries links to readers").WithHint("An owner sets one up on the page of notifications.")
	if x.Mails {
		_, err = p.Issue.AskMail(r.Context(), scope, r.Now, x.E.Ref, x.Reader.Ref)
	}
	if err == nil {
		return r.Redirect(distPath(x.E.Ref, "readers", x.Reader.Ref), "A link is being sent to "+x.Reader.Email+".")
	}
	return r.PanelAgain(f, err, mailPanel(r, f, x))
}

// address is where the program is, as the reader of the page came to it.
func address(r *page.Request) string {
	scheme := "http://"
	if r.Secure() {
		scheme = "https://"
	}
	return scheme + r.HTTP.Host
}

func (p *pages) endForm(r *page.Request) error {
	x, err := p.readerOf(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, endPanel(r, page.NewForm(), x))
}

func (p *pages) end(r *page.Request) error {
	x, err := p.readerOf(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	_, err = p.Issue.EndLink(r.Context(), scope, r.Now, x.E.Ref, x.Reader.Ref, f.Base(), f.Get("why"))
	if err == nil {
		return r.Redirect(distPath(x.E.Ref, "readers", x.Reader.Ref), "The link of "+x.Reader.Name+" opens nothing any more.")
	}
	return r.PanelAgain(f, err, endPanel(r, f, x))
}

func termFields(t issue.Terms) map[string]string {
	return map[string]string{"months": itoa(t.Months), "link_days": itoa(t.LinkDays), "own": t.Own}
}

func (p *pages) termsForm(r *page.Request) error {
	x, err := p.spread(r)
	if err != nil {
		return err
	}
	f := page.NewForm()
	for k, v := range termFields(x.Terms) {
		f.Values.Set(k, v)
	}
	return r.RenderPanel(http.StatusOK, termsPanel(r, f, x))
}

func (p *pages) terms(r *page.Request) error {
	x, err := p.spread(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	t := issue.Terms{Own: f.Raw("own")}
	for _, v := range []struct {
		field string
		to    *int
	}{{"months", &t.Months}, {"link_days", &t.LinkDays}} {
		if *v.to, err = strconv.Atoi(f.Get(v.field)); err != nil {
			f.Wrong(v.field, "Write a number.")
		}
	}
	if f.OK() {
		_, err := p.Issue.SetTerms(r.Context(), scope, r.Now, f.Base(), t)
		if err == nil {
			return r.Redirect(distPath(x.E.Ref), "The terms are kept. Who agreed before agreed to what stood there then.")
		}
		var stale *issue.StaleTerms
		if errors.As(err, &stale) {
			f.Stale(stale.Theirs.Version, termFields(stale.Theirs))
		} else if !f.Take(err) {
			return err
		}
	}
	return r.RenderPanel(f.Status(), termsPanel(r, f, x))
}

func (p *pages) publishForm(r *page.Request) error {
	x, err := p.spread(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, publishPanel(r, page.NewForm(), x))
}

func (p *pages) publish(r *page.Request) error {
	x, err := p.spread(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	if err = p.Issue.Publish(r.Context(), scope, r.Now, x.E.Ref); err == nil {
		return r.Redirect(distPath(x.E.Ref), "The report is public now.")
	}
	return r.PanelAgain(f, err, publishPanel(r, f, x))
}

func (p *pages) unpublishForm(r *page.Request) error {
	x, err := p.spread(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, unpublishPanel(r, page.NewForm(), x))
}

func (p *pages) unpublish(r *page.Request) error {
	x, err := p.spread(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	if err = p.Issue.Unpublish(r.Context(), scope, r.Now, x.E.Ref, f.Get("why")); err == nil {
		return r.Redirect(distPath(x.E.Ref), "The report is not public any more.")
	}
	return r.PanelAgain(f, err, unpublishPanel(r, f, x))
}

// sentences are the paragraphs of a text.
func sentences(s string) []string { return strings.Split(s, "\n\n") }
