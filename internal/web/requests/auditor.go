package requests

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/intake"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/request"
	"github.com/tickmark/tickmark/internal/web/page"
)

// asking is what the auditor's acts begin with.
func (p *pages) asking(r *page.Request) (seat, *page.Form, error) {
	s, err := p.auditor(r)
	if err != nil {
		return s, nil, err
	}
	f, err := r.Form()
	return s, f, err
}

// asked reads what is asked from a form.
func asked(f *page.Form) request.Text {
	t := request.Text{
		Kind: request.Kind(f.Get("kind")), Control: f.Get("control"), Criterion: f.Get("criterion"), Title: f.Get("title"), Text: f.Raw("text"), Due: day(f, "due"), Owner: access.UserID(f.Get("owner")),
	}
	from, to := day(f, "from"), day(f, "to")
	switch {
	case from != 0 && to != 0:
		t.Period = period.Closed(from, to)
	case from != 0:
		f.Wrong("to", "Give the last day too.")
	case to != 0:
		f.Wrong("from", "Give the first day too.")
	}
	return t
}

// written is a form with what is asked.
func written(t request.Text) *page.Form {
	return page.NewForm("kind", string(t.Kind), "control", t.Control, "criterion", t.Criterion, "title", t.Title, "text", t.Text, "due", dateField(t.Due), "owner", string(t.Owner),
		"from", dateField(t.Period.From), "to", dateField(t.Period.Last()))
}

// asks is the form of a request with what it offers.
type asks struct {
	seat
	Panel    page.PanelForm
	Version  int
	People   []page.Option
	Controls []page.Option
	Same     []request.Request // asked before
	New      bool
}

func (p *pages) showAsk(r *page.Request, f *page.Form, x asks) error {
	var err error
	if x.People, err = p.people(r, x.seat); err != nil {
		return err
	}
	controls, err := p.Requests.Controls.InForce(r.Context(), x.read, r.Now)
	if err != nil {
		return err
	}
	x.Controls = []page.Option{{Value: "", Label: "None"}}
	for _, c := range controls {
		x.Controls = append(x.Controls, page.Option{Value: c.Ref, Label: c.Ref + " " + page.Short(c.Version.Title, 60)})
	}
	return r.RenderPanel(f.Status(), askPanel(r, f, x))
}

func (s seat) newPanel() asks {
	return asks{seat: s, New: true, Panel: page.PanelForm{Title: "New request", Sub: s.ex.Ref, Action: s.base + "/new", Button: "Go on", Back: s.base}}
}

func (p *pages) newForm(r *page.Request) error {
	s, err := p.auditor(r)
	if err != nil {
		return err
	}
	f := written(request.Text{Kind: request.Population, Control: strings.ToUpper(r.Query("control")), Period: s.ex.Period, Due: period.Of(r.Now) + 14})
	f.Values.Set("where", "ask")
	return p.showAsk(r, f, s.newPanel())
}

func (p *pages) add(r *page.Request) error {
	s, f, err := p.asking(r)
	if err != nil {
		return err
	}
	x := s.newPanel()
	n := request.New{Text: asked(f), Again: f.Checked("again")}
	if f.OK() {
		var all []request.Request
		draft := f.Get("where") == "draft"
		if draft {
			all, err = p.Requests.Draft(r.Context(), *s.audit, r.Now, n)
		} else {
			all, err = p.Requests.Ask(r.Context(), *s.audit, r.Now, n)
		}
		switch {
		case err == nil && draft:
			return r.Redirect(s.drafts(), all[0].Ref+" is kept with the firm.")
		case err == nil:
			return r.Redirect(s.at(all[0].Ref), all[0].Ref+" is asked.")
		}
		var same *request.Alike
		if errors.As(err, &same) {
			x.Same = same.Requests
		}
		if !f.Take(err) {
			return err
		}
	}
	return p.showAsk(r, f, x)
}

// found reads the request that the address names, for a panel.
func (p *pages) found(r *page.Request, s seat) (request.Request, error) {
	return p.Requests.Request(r.Context(), s.read, s.ex.ID, r.Arg("r"))
}

func editPanel(s seat, x request.Request) asks {
	return asks{seat: s, Version: x.Version, Panel: page.PanelForm{Title: "Change " + x.Ref, Sub: "The client sees what was changed", Action: s.at(x.Ref, "/edit"), Button: "Change it", Back: s.at(x.Ref)}}
}

func (p *pages) editForm(r *page.Request) error {
	s, err := p.auditor(r)
	if err != nil {
		return err
	}
	x, err := p.found(r, s)
	if err != nil {
		return err
	}
	return p.showAsk(r, written(x.Text), editPanel(s, x))
}

func (p *pages) edit(r *page.Request) error {
	s, f, err := p.asking(r)
	if err != nil {
		return err
	}
	x, err := p.found(r, s)
	if err != nil {
		return err
	}
	t := asked(f)
	if f.OK() {
		_, err := p.Requests.Edit(r.Context(), *s.audit, r.Now, x.Ref, f.Base(), t)
		if err == nil {
			return r.Redirect(s.at(x.Ref), x.Ref+" is changed.")
		}
		if !take(f, err) {
			return err
		}
	}
	return p.showAsk(r, f, editPanel(s, x))
}

// deed is something the auditor decides about a request, in a panel.
type deed struct {
	Title, Button, Text string
	Field, Label, Help  string
	Danger, Needed      bool
	Done                string
}

var deeds = map[string]deed{
	"accept":   {Title: "Accept the answer to %s", Button: "Accept", Field: "ipe", Label: "How it was checked", Help: "May be empty unless it is a population. The client reads it.", Done: "is accepted."},
	"reject":   {Title: "Reject the answer to %s", Button: "Reject", Text: "It goes back to the client with your words.", Field: "why", Label: "What is missing", Help: "At least 10 characters.", Needed: true, Danger: true, Done: "is back with the client."},
	"withdraw": {Title: "Withdraw %s", Button: "Withdraw", Text: "Nothing is needed for it any more. It stays in the list with its reason.", Field: "why", Label: "Why", Help: "At least 10 characters.", Needed: true, Danger: true, Done: "is withdrawn."},
	"reopen":   {Title: "Open %s again", Button: "Open again", Field: "why", Label: "Why", Help: "At least 10 characters. The client reads it.", Needed: true, Done: "is open again."},
}

func (p *pages) deed(r *page.Request) (deed, error) {
	d, ok := deeds[r.Arg("act")]
	if !ok {
		return d, errs.New(errs.NotFound, "nothing is called %q here", page.Short(r.Arg("act"), 40))
	}
	return d, nil
}

func (p *pages) actForm(r *page.Request) error {
	s, err := p.auditor(r)
	if err != nil {
		return err
	}
	d, err := p.deed(r)
	if err != nil {
		return err
	}
	x, err := p.found(r, s)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, actPanel(r, page.NewForm("ipe", x.IPE), s, x, r.Arg("act"), d))
}

func (p *pages) act(r *page.Request) error {
	s, f, err := p.asking(r)
	if err != nil {
		return err
	}
	d, err := p.deed(r)
	if err != nil {
		return err
	}
	x, err := p.found(r, s)
	if err != nil {
		return err
	}
	if f.OK() {
		if _, err = p.do(r, r.Context(), s, r.Arg("act"), x.Ref, f.Base(), f.Raw(d.Field)); err == nil {
			return r.Redirect(s.at(x.Ref), x.Ref+" "+d.Done)
		}
		if !take(f, err) {
			return err
		}
	}
	return r.RenderPanel(f.Status(), actPanel(r, f, s, x, r.Arg("act"), d))
}

// do carries out what the auditor decided about one request.
func (p *pages) do(r *page.Request, ctx context.Context, s seat, act, ref string, base int, words string) (request.Request, error) { //nolint:revive // the request leads: it says when
	switch act {
	case "accept":
		return p.Requests.Accept(ctx, *s.audit, r.Now, ref, base, words)
	case "reject":
		return p.Requests.Reject(ctx, *s.audit, r.Now, ref, base, words)
	case "withdraw":
		return p.Requests.Withdraw(ctx, *s.audit, r.Now, ref, base, words)
	}
	return p.Requests.Reopen(ctx, *s.audit, r.Now, ref, base, words)
}

func (p *pages) auditComment(r *page.Request) error {
	s, f, err := p.asking(r)
	if err != nil {
		return err
	}
	shared, err := s.audit.Shared()
	if err != nil {
		return err
	}
	return p.comment(r, s, f, shared)
}

func (p *pages) remark(r *page.Request) error {
	s, f, err := p.asking(r)
	if err != nil {
		return err
	}
	if f.OK() {
		err := p.Requests.Remark(r.Context(), *s.audit, r.Now, r.Arg("r"), f.Raw("note"))
		if err == nil {
			return r.Redirect(s.at(r.Arg("r"))+"#h-notes", "Note kept. Only the firm sees it.")
		}
		if !f.Take(err) {
			return err
		}
	}
	return p.show(r, s, f)
}

// bulkForm is what is asked before many requests are changed.
type bulkForm struct {
	Name, Title, Button string
	Field, Label, Help  string
	Danger              bool
}

var bulkForms = map[string]bulkForm{
	"accept":   {Name: "accept", Title: "Accept %s", Button: "Accept", Field: "ipe", Label: "How it was checked", Help: "Needed when there are populations among them."},
	"due":      {Name: "due", Title: "New day for %s", Button: "Set the day", Field: "due", Label: "Due"},
	"owner":    {Name: "owner", Title: "Give %s to somebody", Button: "Give", Field: "owner", Label: "Owner"},
	"withdraw": {Name: "withdraw", Title: "Withdraw %s", Button: "Withdraw", Field: "why", Label: "Why", Help: "At least 10 characters. It stands at each of them.", Danger: true},
}

// bulk changes the ticked requests.
func (p *pages) bulk(r *page.Request) error {
	s, f, err := p.asking(r)
	if err != nil {
		return err
	}
	b, ok := bulkForms[r.Arg("act")]
	if !ok {
		return errs.New(errs.NotFound, "nothing is called %q here", page.Short(r.Arg("act"), 40))
	}
	if b.Name == "owner" {
		shared, err := s.audit.Shared()
		if err != nil {
			return err
		}
		return p.owners(r, s, f, shared)
	}
	refs, err := f.Ticks()
	if err != nil {
		return err
	}
	if f.Values.Has(b.Field) {
		due := period.Date(0)
		if b.Name == "due" {
			if due = day(f, "due"); due == 0 && f.OK() {
				f.Wrong("due", "Choose a day.")
			}
		}
		if f.OK() {
			n, err := p.Requests.Bulk(r.Context(), refs, func(ctx context.Context, ref string) (request.Request, error) {
				if b.Name != "due" {
					return p.do(r, ctx, s, b.Name, ref, 0, f.Raw(b.Field))
				}
				x, err := p.Requests.Request(ctx, s.read, s.ex.ID, ref)
				if err != nil {
					return x, err
				}
				x.Text.Due = due
				return p.Requests.Edit(ctx, *s.audit, r.Now, ref, 0, x.Text)
			})
			if err == nil {
				return r.Redirect(f.Back(), page.Plural(n, "request", "requests")+" changed.")
			}
			if !f.Take(err) {
				return err
			}
		}
	}
	return r.RenderPanel(f.Status(), bulkPanel(r, f, s, b, refs, nil))
}

// drafts

func (p *pages) issue(r *page.Request) error {
	s, f, err := p.asking(r)
	if err != nil {
		return err
	}
	refs, err := f.Ticks()
	if err != nil {
		return err
	}
	all, err := p.Requests.Issue(r.Context(), *s.audit, r.Now, refs)
	if err != nil {
		return err
	}
	return r.Redirect(s.base, page.Plural(len(all), "request", "requests")+" asked, from "+all[0].Ref+" on.")
}

func (p *pages) drop(r *page.Request) error {
	s, f, err := p.asking(r)
	if err != nil {
		return err
	}
	refs, err := f.Ticks()
	if err != nil {
		return err
	}
	if err := p.Requests.DropDraft(r.Context(), *s.audit, r.Now, refs); err != nil {
		return err
	}
	return r.Redirect(s.drafts(), page.Plural(len(refs), "draft", "drafts")+" dropped.")
}

func (s seat) draftPanel(x request.Request) asks {
	return asks{seat: s, Version: x.Version, Panel: page.PanelForm{Title: "Draft " + x.Ref, Sub: "Only the firm sees it", Action: s.drafts() + "/" + x.Ref, Button: "Keep", Back: s.drafts()}}
}

func (p *pages) draft(r *page.Request) error {
	s, err := p.auditor(r)
	if err != nil {
		return err
	}
	x, err := p.Requests.DraftOf(r.Context(), *s.audit, r.Arg("d"))
	if err != nil {
		return err
	}
	return p.showAsk(r, written(x.Text), s.draftPanel(x))
}

func (p *pages) editDraft(r *page.Request) error {
	s, f, err := p.asking(r)
	if err != nil {
		return err
	}
	x, err := p.Requests.DraftOf(r.Context(), *s.audit, r.Arg("d"))
	if err != nil {
		return err
	}
	t := asked(f)
	if f.OK() {
		_, err := p.Requests.EditDraft(r.Context(), *s.audit, r.Now, x.Ref, f.Base(), t)
		if err == nil {
			return r.Redirect(s.drafts(), x.Ref+" is kept.")
		}
		if !take(f, err) {
			return err
		}
	}
	return p.showAsk(r, f, s.draftPanel(x))
}

// lists

func (p *pages) templateForm(r *page.Request) error {
	s, err := p.auditor(r)
	if err != nil {
		return err
	}
	f := page.NewForm("due", (period.Of(r.Now) + 14).String(), "where", "draft")
	return p.showTemplate(r, s, f)
}

func (p *pages) showTemplate(r *page.Request, s seat, f *page.Form) error {
	controls, err := p.Requests.Controls.InForce(r.Context(), s.read, r.Now)
	if err != nil {
		return err
	}
	n := map[string]int{}
	for _, c := range controls {
		n[c.Prefix()]++
	}
	var domains []page.Option
	for _, d := range p.Catalog().Domains() {
		if n[d.Prefix] > 0 {
			domains = append(domains, page.Option{Value: d.Prefix, Label: d.Prefix + " " + d.Name, Count: n[d.Prefix], Counted: true})
		}
	}
	return r.RenderPanel(f.Status(), templatePanel(r, f, s, domains))
}

func (p *pages) template(r *page.Request) error {
	s, f, err := p.asking(r)
	if err != nil {
		return err
	}
	t := request.Template{Due: day(f, "due"), Prefixes: f.Values["domain"]}
	for _, k := range f.Values["kinds"] {
		t.Kinds = append(t.Kinds, request.Kind(k))
	}
	if f.OK() {
		n, to, err := p.fromTemplate(r, s, t, f.Get("where") != "ask")
		if err == nil {
			return r.Redirect(to, n)
		}
		if !f.Take(err) {
			return err
		}
	}
	return p.showTemplate(r, s, f)
}

// fromTemplate makes the list and keeps or asks it. It says what it did, and where that is seen.
func (p *pages) fromTemplate(r *page.Request, s seat, t request.Template, draft bool) (said, to string, err error) {
	made, err := p.Requests.Template(r.Context(), s.read, r.Now, s.ex.ID, t)
	if err != nil {
		return "", "", err
	}
	if len(made) == 0 {
		return "", "", errs.New(errs.Conflict, "everything of this was asked before").WithHint("Choose other domains or types.")
	}
	if draft {
		_, err = p.Requests.Draft(r.Context(), *s.audit, r.Now, made...)
		return page.Plural(len(made), "draft", "drafts") + " made. Look through them, and ask.", s.drafts(), err
	}
	_, err = p.Requests.Ask(r.Context(), *s.audit, r.Now, made...)
	return page.Plural(len(made), "request", "requests") + " asked.", s.base, err
}

func (p *pages) importForm(r *page.Request) error {
	s, err := p.auditor(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, importPanel(r, page.NewForm("where", "draft"), s, ""))
}

func (p *pages) importSheet(r *page.Request) error {
	s, f, err := p.asking(r)
	if err != nil {
		return err
	}
	tried := ""
	file, err := r.Upload(f, "file", sheetBody)
	if err != nil {
		return err
	}
	if file == nil && f.OK() {
		f.Wrong("file", "Choose a file that ends in .xlsx or .csv.")
	}
	if f.OK() {
		got, err := p.bring(r, s, f, file)
		said := page.Plural(got.Added, "new request", "new requests") + ", " + page.Count(got.Changed) + " changed, " + page.Count(got.Same) + " as they were."
		switch {
		case err == nil && f.Checked("try"):
			tried = "Nothing is wrong with the file. It would bring " + said
		case err == nil && f.Get("where") != "ask" && got.Added > 0:
			return r.Redirect(s.drafts(), said)
		case err == nil:
			return r.Redirect(s.base, said)
		case !f.Take(err):
			return err
		}
	}
	return r.RenderPanel(f.Status(), importPanel(r, f, s, tried))
}

func (p *pages) bring(r *page.Request, s seat, f *page.Form, file *page.File) (request.Brought, error) {
	content, err := file.Content()
	if err != nil {
		return request.Brought{}, err
	}
	book, err := intake.Read(file.Name, content)
	if err != nil {
		return request.Brought{}, err
	}
	lines, err := request.Lines(book)
	if err != nil {
		return request.Brought{}, err
	}
	return p.Requests.Import(r.Context(), *s.audit, r.Now, lines, f.Get("where") != "ask", f.Checked("try"))
}

// bulkURL is where an act on many requests is sent to.
func (s seat) bulkURL(act string) string {
	if s.audit == nil {
		return s.base + "/bulk/" + act
	}
	return s.base + "/bulk/do/" + act
}
