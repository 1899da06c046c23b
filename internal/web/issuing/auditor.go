package issuing

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/issue"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/web/page"
)

const audit = "/audits/{engagement}/report"

func (p *pages) auditorRoutes() []page.Route {
	return []page.Route{
		{Method: http.MethodGet, Pattern: audit + "/hand-over", Action: access.ReadAudits, Title: "Hand over", Handle: p.handOver},
		{Method: http.MethodPost, Pattern: audit + "/hand-over", Action: access.ReviewWork, Title: "Hand over", Handle: p.handTests},
		{Method: http.MethodPost, Pattern: audit + "/hand-over/opinion", Action: access.SignOpinion, Title: "Hand over", Handle: p.handReport},
		{Method: http.MethodGet, Pattern: audit + "/section-i", Action: access.ReadAudits, Title: "Section I", Handle: p.wordsForm},
		{Method: http.MethodPost, Pattern: audit + "/section-i", Action: access.SignOpinion, Title: "Section I", Handle: p.write},
		{Method: http.MethodGet, Pattern: audit + "/issue", Action: access.ReadAudits, Title: "Issue", Handle: p.issueForm},
		{Method: http.MethodPost, Pattern: audit + "/issue", Action: access.SignOpinion, Title: "Issue", Handle: p.issue},
		{Method: http.MethodPost, Pattern: audit + "/issue/bundle", Action: access.SignOpinion, Title: "Issue", Handle: p.resume},
		{Method: http.MethodGet, Pattern: audit + "/versions/{n}/{format}", Action: access.ReadAudits, Title: "Issued report", Handle: p.auditFile},
	}
}

// at is an address in the engagement that is open.
func at(r *page.Request, parts ...string) string {
	u := r.AuditBase() + "/report"
	for _, x := range parts {
		u += "/" + url.PathEscape(x)
	}
	return u
}

// enter opens the engagement of the address to somebody of the firm.
func (p *pages) enter(r *page.Request, title string) (a access.AuditScope, e engagement.Engagement, err error) {
	if a, err = r.EnterAudit(p.Access); err != nil {
		return a, e, err
	}
	r.Crumbs = append(r.Crumbs, page.Crumb{Text: "Report", Href: at(r)}, page.Crumb{Text: title})
	r.Title = title
	e, err = p.Engagement.Store.Engagement(r.Context(), a.Client, a.Engagement)
	return a, e, err
}

// names are the people of the firm by actor.
func (p *pages) names(r *page.Request, scope access.ReadScope, e engagement.ID) (map[string]string, error) {
	list, err := p.Access.Auditors(r.Context(), scope, string(e))
	out := map[string]string{}
	for _, x := range list {
		out[string(x.User)] = x.Name
	}
	return out, err
}

// handing is what can be handed over, and what was.
type handing struct {
	E     engagement.Engagement
	Ready fieldwork.Ready
	Lacks []string // of section I
	Past  []issue.HandOver
	Names map[string]string
}

func (h handing) deviations() int {
	n := 0
	for _, w := range h.Ready.Work {
		n += len(w.Deviations)
	}
	return n
}

func (p *pages) handOver(r *page.Request) error {
	return p.handing(r, page.NewForm("date", period.Of(r.Now).String()))
}

func (p *pages) handing(r *page.Request, f *page.Form) error {
	a, e, err := p.enter(r, "Hand over")
	if err != nil {
		return err
	}
	x := handing{E: e}
	if x.Ready, err = p.Issue.Work.Ready(r.Context(), a); err != nil {
		return err
	}
	if x.Lacks, err = p.Issue.Lacks(r.Context(), a); err != nil {
		return err
	}
	if x.Past, err = p.Issue.HandOvers(r.Context(), a.Client, e.ID); err != nil {
		return err
	}
	if x.Names, err = p.names(r, a.Client, e.ID); err != nil {
		return err
	}
	return r.Render(f.Status(), handOverPage(r, f, x))
}

func (p *pages) handTests(r *page.Request) error { return p.hand(r, false) }

func (p *pages) handReport(r *page.Request) error { return p.hand(r, true) }

func (p *pages) hand(r *page.Request, opinion bool) error {
	a, _, err := p.enter(r, "Hand over")
	if err != nil {
		return err
	}
	f, _, err := r.Submitted()
	if err != nil {
		return err
	}
	n := issue.New{Report: opinion}
	if opinion {
		if n.Date, err = period.ParseDate(f.Get("date")); err != nil {
			f.Wrong("date", "Write a day such as 2026-07-31.")
		}
	}
	if f.OK() {
		h, err := p.Issue.HandOver(r.Context(), a, r.Now, n)
		if err == nil {
			return r.Redirect(at(r, "hand-over"), "Handed over as number "+itoa(h.Number)+". The next dossier takes it.")
		}
		if !f.Take(err) {
			return err
		}
	}
	return p.handing(r, f)
}

func (p *pages) wordsForm(r *page.Request) error {
	a, e, err := p.enter(r, "Section I")
	if err != nil {
		return err
	}
	w, err := p.Issue.WordsOf(r.Context(), a)
	if err != nil {
		return err
	}
	f := page.NewForm()
	for k, v := range fields(e, w) {
		f.Values.Set(k, v)
	}
	return r.Render(http.StatusOK, wordsPage(r, f, e, w))
}

// fields are the words as the form's fields.
func fields(e engagement.Engagement, w issue.Words) map[string]string {
	out := map[string]string{"addressee": w.Addressee, "city": w.City, "readers": ""}
	for i, h := range issue.Headings(e) {
		out["p"+itoa(i)] = w.Paragraph(h)
	}
	for _, m := range issue.Matters(e) {
		out["o-"+m] = w.Opinions[m]
	}
	for i, x := range w.Readers {
		if i > 0 {
			out["readers"] += "\n"
		}
		out["readers"] += x
	}
	return out
}

func (p *pages) write(r *page.Request) error {
	a, e, err := p.enter(r, "Section I")
	if err != nil {
		return err
	}
	f, _, err := r.Submitted()
	if err != nil {
		return err
	}
	w := issue.Words{Addressee: f.Get("addressee"), City: f.Get("city"), Opinions: map[string]string{}, Readers: lines(f.Raw("readers"))}
	for i, h := range issue.Headings(e) {
		w.Paragraphs = append(w.Paragraphs, engagement.Named{Name: h, Text: f.Raw("p" + itoa(i))})
	}
	for _, m := range issue.Matters(e) {
		w.Opinions[m] = f.Raw("o-" + m)
	}
	_, err = p.Issue.Write(r.Context(), a, r.Now, f.Base(), w)
	if err == nil {
		return r.Redirect(at(r, "hand-over"), "Section I is kept. The client sees it once you hand it over.")
	}
	var stale *issue.StaleWords
	if errors.As(err, &stale) {
		f.Stale(stale.Theirs.Version, fields(e, stale.Theirs))
	} else if !f.Take(err) {
		return err
	}
	now, err := p.Issue.WordsOf(r.Context(), a)
	if err != nil {
		return err
	}
	return r.Render(f.Status(), wordsPage(r, f, e, now))
}

// releasing is what would be issued, and what was.
type releasing struct {
	issue.Candidate
	Versions []issue.Version
	Names    map[string]string
	Seal     *page.Job // completes the newest version; nil when nobody does
}

// waits reports whether the newest version is not issued in full yet.
func (x releasing) waits() bool { return len(x.Versions) > 0 && !x.Versions[0].Complete() }

func (p *pages) issueForm(r *page.Request) error { return p.releasing(r, page.NewForm()) }

func (p *pages) releasing(r *page.Request, f *page.Form) error {
	a, e, err := p.enter(r, "Issue")
	if err != nil {
		return err
	}
	x := releasing{}
	if x.Candidate, err = p.Issue.Candidate(r.Context(), a, r.Now); err != nil {
		return err
	}
	if x.Versions, err = p.Issue.Versions(r.Context(), a.Client, e.ID); err != nil {
		return err
	}
	if x.Names, err = p.names(r, a.Client, e.ID); err != nil {
		return err
	}
	if x.waits() {
		jobs, err := p.Seals.Seals(r.Context(), a)
		if err != nil {
			return err
		}
		if len(jobs) > 0 {
			x.Seal = &jobs[0]
		}
	}
	return r.Render(f.Status(), issuePage(r, f, x))
}

// issueTime is how long the files of a report may take: longer than a page, because what is begun must not be left by half.
const issueTime = 5 * time.Minute

func (p *pages) issue(r *page.Request) error {
	a, _, err := p.enter(r, "Issue")
	if err != nil {
		return err
	}
	f, _, err := r.Submitted()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), issueTime)
	defer cancel()
	v, err := p.Issue.Issue(ctx, a, r.Now, f.Raw("reason"))
	if err == nil {
		said := " is issued and sealed."
		if !v.Complete() {
			said = " is recorded. Its bundle is being sealed; then it is issued."
		}
		return r.Redirect(at(r, "issue"), "Version "+itoa(v.Number)+said)
	}
	if !f.Take(err) {
		return err
	}
	return p.releasing(r, f)
}

// resume begins the bundle of the newest version again.
func (p *pages) resume(r *page.Request) error {
	a, _, err := p.enter(r, "Issue")
	if err != nil {
		return err
	}
	f, _, err := r.Submitted()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), issueTime)
	defer cancel()
	if _, err = p.Issue.Resume(ctx, a, r.Now); err == nil {
		return r.Redirect(at(r, "issue"), "The bundle is being sealed again.")
	}
	if !f.Take(err) {
		return err
	}
	return p.releasing(r, f)
}

func (p *pages) auditFile(r *page.Request) error {
	a, e, err := p.enter(r, "Issued report")
	if err != nil {
		return err
	}
	return p.attach(r, a.Client, e.ID)
}
