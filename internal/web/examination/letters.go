package examination

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/letter"
	"github.com/tickmark/tickmark/internal/markdown"
	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/report/pdf"
	"github.com/tickmark/tickmark/internal/report/pdfsign"
	"github.com/tickmark/tickmark/internal/web/page"
)

var lettersTable = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Document"}, {Key: "kind", Title: "What it is", Wide: true}, {Key: "state", Title: "State"}, {Key: "version", Title: "Version", Num: true, Opt: true},
		{Key: "covers", Title: "Covers", Opt: true}, {Key: "who", Title: "Signed by", Opt: true}, {Key: "when", Title: "When", Opt: true, Num: true},
	},
	One: "document", Many: "documents",
}

func letterPath(ref string, l letter.Letter, parts ...string) string {
	return page.EngagementPath(ref, append([]string{"documents", l.Ref}, parts...)...)
}

func letterSign(l letter.Letter) sign {
	switch l.State {
	case letter.Signed:
		return sign{"pass", "Signed"}
	case letter.Draft:
		return sign{"prog", "Draft"}
	case letter.Withdrawn:
		return sign{"na", "Withdrawn"}
	}
	return sign{"na", string(l.State)}
}

// letterCovers is the time a letter is about.
func letterCovers(l letter.Letter) string {
	if l.Kind == letter.Bridge {
		return page.PeriodText(l.Gap)
	}
	return page.PeriodText(l.Covers)
}

// toWrite are the kinds that an engagement may still begin.
func toWrite(e engagement.Engagement, have []letter.Letter) []letter.Kind {
	return slices.DeleteFunc(letter.Kinds(), func(k letter.Kind) bool {
		if !k.For(e) || e.Status == engagement.Cancelled {
			return true
		}
		return k != letter.Bridge && slices.ContainsFunc(have, func(l letter.Letter) bool { return l.Kind == k && (l.State != letter.Withdrawn || l.N > 1) })
	})
}

func (p *pages) letters(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	t, err := r.Table(&lettersTable)
	if err != nil {
		return err
	}
	all, err := p.Letters.Letters(r.Context(), r.Read(), e.ID)
	if err != nil {
		return err
	}
	t.Total = len(all)
	if t.Exporting() {
		return r.Export(t, e.Ref+"-documents", []string{"ref", "kind", "title", "version", "state", "covers", "signed_by", "title_of_signer", "signed", "sha256", "ledger_entry"}, func(paging.Query) ([][]any, int, error) {
			out := make([][]any, len(all))
			for i, l := range all {
				row := []any{l.Ref, l.Kind.Title(), l.Title, l.N, string(l.State), letterCovers(l), l.Name, l.Office, "", l.SHA256, l.Seq}
				if l.Signed != nil {
					row[8] = *l.Signed
				}
				out[i] = row
			}
			return out, len(out), nil
		})
	}
	gaps, err := p.Letters.Uncovered(r.Context(), r.Read(), r.Now)
	if err != nil {
		return err
	}
	gaps = slices.DeleteFunc(gaps, func(u letter.Uncovered) bool { return u.E.ID != e.ID })
	rows := letterRows(t, e, cut(all, t.Query))
	return r.Render(http.StatusOK, lettersPage(r, t, e, toWrite(e, all), gaps, rows), page.Part(t.ID(), rows))
}

func (p *pages) letterForm(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	k := letter.Kind(r.Query("kind"))
	if !k.For(e) {
		return errs.New(errs.NotFound, "a %s has no document of this kind", e.Kind())
	}
	f := page.NewForm("kind", string(k))
	if k == letter.Bridge {
		f.Values.Set("from", e.Period.To.String())
		f.Values.Set("to", min(period.Of(r.Now), e.Period.To+period.Date(p.Letters.Most())-1).String())
	}
	return r.RenderPanel(http.StatusOK, newLetterPanel(r, f, e, k, p.Letters.Most()))
}

func (p *pages) startLetter(r *page.Request) error {
	e, err := p.open(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	k := letter.Kind(f.Get("kind"))
	var gap period.Period
	if k == letter.Bridge {
		gap = coverageOf(f, 2)
	}
	if f.OK() {
		l, err := p.Letters.Start(r.Context(), scope, r.Now, e.Ref, k, gap)
		if err == nil {
			return r.Redirect(letterPath(e.Ref, l), l.Ref+" is written from the records. Read it, and change what is to be changed.")
		}
		if !takeLetter(f, err) {
			return err
		}
	}
	return r.RenderPanel(f.Status(), newLetterPanel(r, f, e, k, p.Letters.Most()))
}

// takeLetter puts an error about the time of a bridge letter at its last day, and one about the kind on top.
func takeLetter(f *page.Form, err error) bool {
	if !f.Take(err) {
		return false
	}
	if s, ok := f.Errors["gap"]; ok {
		delete(f.Errors, "gap")
		f.Errors["to"] = s
	}
	if s, ok := f.Errors["kind"]; ok {
		delete(f.Errors, "kind")
		f.Problem = s
	}
	return true
}

// paper is a version of a letter with what its page shows.
type paper struct {
	E        engagement.Engagement
	L        letter.Letter
	Doc      *markdown.Document
	Versions []letter.Letter
	Names    map[string]string
	Blanks   int    // places that only people can fill in
	Newest   bool   // of the versions
	Seal     string // fingerprint of the certificate that the file is sealed with; empty for none
}

func (p *pages) paper(r *page.Request) (x paper, err error) {
	if x.E, err = p.open(r); err != nil {
		return x, err
	}
	n, err := strconv.Atoi(r.Query("v"))
	if err != nil && r.Query("v") != "" {
		return x, errs.New(errs.NotFound, "there is no version %q", r.Query("v"))
	}
	if x.L, err = p.Letters.Letter(r.Context(), r.Read(), r.Arg("letter"), n); err != nil {
		return x, err
	}
	if x.L.Engagement != x.E.ID {
		return x, errs.New(errs.NotFound, "%s has no document %s", x.E.Ref, x.L.Ref)
	}
	if x.Versions, err = p.Letters.Versions(r.Context(), r.Read(), x.L.ID); err != nil {
		return x, err
	}
	x.Newest = x.L.N == x.Versions[0].N
	x.Doc, x.Blanks = markdown.Parse(x.L.Body), strings.Count(strings.ToLower(x.L.Body), "[to be written")
	r.Title = x.L.Ref + " " + x.L.Kind.Title()
	r.Crumbs = append(r.Crumbs, page.Crumb{Text: "Documents", Href: page.EngagementPath(x.E.Ref, "documents")}, page.Crumb{Text: x.L.Ref, Href: letterPath(x.E.Ref, x.L)})
	x.Names, err = p.View.PersonNames(r.Context(), r.Read())
	return x, err
}

func (p *pages) letter(r *page.Request) error {
	x, err := p.paper(r)
	if err != nil {
		return err
	}
	_, certificate, ok, err := p.Letters.Seal(r.Context(), r.Read(), x.L)
	if err != nil {
		return err
	}
	if ok {
		x.Seal = pdfsign.Fingerprint(certificate)
	}
	return r.Render(http.StatusOK, letterPage(r, x))
}

func (p *pages) letterPDF(r *page.Request) error {
	x, err := p.paper(r)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	doc := report.Letter(report.LetterPaper{Org: r.Grant.Org.Name, Simulated: r.Grant.Org.Simulated, Engagement: x.E.Ref, Kind: x.E.Kind(), Letter: x.L})
	if _, err := pdf.Render(&out, doc, pdf.Options{}); err != nil {
		return err
	}
	key, certificate, ok, err := p.Letters.Seal(r.Context(), r.Read(), x.L)
	if err != nil {
		return err
	}
	if ok {
		signed, err := pdfsign.Sign(out.Bytes(), pdfsign.Key{Signer: key, Certificate: certificate}, pdfsign.Statement{Name: x.L.Name + ", " + x.L.Office, Reason: x.L.Ref + " version " + strconv.Itoa(x.L.N) + ": " + x.L.Title, At: *x.L.Signed})
		if err != nil {
			return err
		}
		out = *bytes.NewBuffer(signed)
	}
	return r.Attach(x.E.Ref+"-"+x.L.Ref+"-v"+strconv.Itoa(x.L.N)+".pdf", "application/pdf", int64(out.Len()), x.L.Saved, &out)
}

func (p *pages) editForm(r *page.Request) error {
	x, err := p.paper(r)
	if err != nil {
		return err
	}
	if x.L.State != letter.Draft {
		return errs.New(errs.Conflict, "version %d of %s is %s", x.L.N, x.L.Ref, x.L.State).WithHint("Begin a new version.")
	}
	f := page.NewForm("title", x.L.Title, "body", x.L.Body, "file", x.L.File)
	if x.L.Kind == letter.Bridge {
		f.Values.Set("from", x.L.Gap.From.String())
		f.Values.Set("to", x.L.Gap.Last().String())
	}
	return r.Render(http.StatusOK, editPage(r, f, x))
}

func (p *pages) edit(r *page.Request) error {
	x, err := p.paper(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	w := letter.Words{Title: f.Get("title"), Body: f.Get("body"), File: f.Get("file")}
	if x.L.Kind == letter.Bridge {
		w.Gap = coverageOf(f, 2)
	}
	if f.OK() {
		l, err := p.Letters.Edit(r.Context(), scope, r.Now, x.L.Ref, f.Base(), w)
		if err == nil {
			return r.Redirect(letterPath(x.E.Ref, l), "Saved.")
		}
		if !staleLetter(f, err) && !takeLetter(f, err) {
			return err
		}
	}
	return r.Render(f.Status(), editPage(r, f, x))
}

func staleLetter(f *page.Form, err error) bool {
	var s *letter.Stale
	if !errs.Is(err, errs.Conflict) || !errors.As(err, &s) {
		return false
	}
	f.Stale(s.Now.Edit, map[string]string{"title": s.Now.Title, "body": s.Now.Body, "file": s.Now.File})
	return true
}

func (p *pages) signForm(r *page.Request) error {
	x, err := p.paper(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, signPanel(r, page.NewForm(), x))
}

func (p *pages) sign(r *page.Request) error {
	x, err := p.paper(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	l, err := p.Letters.Sign(r.Context(), scope, r.Now, x.L.Ref, f.Base(), letter.Signature{Name: f.Get("name"), Office: f.Get("office"), Code: f.Get("code")})
	if err == nil {
		return r.Redirect(letterPath(x.E.Ref, l), l.Ref+" is signed and sealed.")
	}
	if !f.Take(err) {
		return err
	}
	for field, said := range f.Errors {
		// Of the letter, not of this form; and without a second factor the form has no fields.
		if !r.Grant.User.HasTOTP() || !slices.Contains([]string{"name", "office", "code"}, field) {
			delete(f.Errors, field)
			f.Problem = said
		}
	}
	return r.RenderPanel(f.Status(), signPanel(r, f, x))
}

func (p *pages) anew(r *page.Request) error {
	x, err := p.paper(r)
	if err != nil {
		return err
	}
	scope, err := r.Write()
	if err != nil {
		return err
	}
	l, err := p.Letters.Anew(r.Context(), scope, r.Now, x.L.Ref)
	if err != nil {
		return err
	}
	return r.Redirect(letterPath(x.E.Ref, l), "Version "+strconv.Itoa(l.N)+" is a draft; what was signed stays as it is.")
}

func (p *pages) withdrawForm(r *page.Request) error {
	x, err := p.paper(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, withdrawPanel(r, page.NewForm(), x))
}

func (p *pages) withdraw(r *page.Request) error {
	x, err := p.paper(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	l, err := p.Letters.Withdraw(r.Context(), scope, r.Now, x.L.Ref, f.Base(), f.Get("why"))
	if err == nil {
		return r.Redirect(letterPath(x.E.Ref, l), l.Ref+" is given up.")
	}
	return r.PanelAgain(f, err, withdrawPanel(r, f, x))
}

func (x paper) may() bool { return x.Newest && x.L.State == letter.Draft }
