package vendors

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/vendors"
	"github.com/tickmark/tickmark/internal/web/page"
)

func (p *pages) reportForm(r *page.Request) error {
	v, err := p.file(r)
	if err != nil {
		return err
	}
	f := page.NewForm("kind", string(vendors.SOC2Type2), "opinion", string(vendors.NotStated), "received", today(r))
	return r.RenderPanel(http.StatusOK, reportPanel(r, f, v.Vendor, vendors.Report{}))
}

func reportPairs(x vendors.Report) []string {
	pairs := []string{
		"kind", string(x.Kind), "title", x.Title, "to", dayField(x.Period.Last()), "auditor", x.Auditor, "opinion", string(x.Opinion), "scope", x.Scope, "exceptions", x.Exceptions,
		"evidence", x.Evidence, "received", dayField(x.Received),
	}
	if !x.Kind.AsOf() {
		pairs = append(pairs, "from", dayField(x.Period.From))
	}
	if x.Noted >= 0 {
		pairs = append(pairs, "noted", strconv.Itoa(x.Noted))
	}
	return pairs
}

func parseReport(f *page.Form) vendors.Report {
	x := vendors.Report{
		Kind: vendors.ReportKind(f.Get("kind")), Title: f.Get("title"), Scope: f.Values.Get("scope"), Auditor: f.Get("auditor"), Opinion: vendors.Opinion(f.Get("opinion")),
		Exceptions: f.Values.Get("exceptions"), Noted: parseNumber(f, "noted", -1), Evidence: f.Get("evidence"), Received: parseDay(f, "received"),
		Period: period.Period{From: parseDay(f, "from"), To: parseDay(f, "to")},
	}
	if x.Period.To != 0 {
		x.Period.To++ // half-open
	}
	return x
}

func (p *pages) fileReport(r *page.Request) error {
	f, scope, err := send(r)
	if err != nil {
		return err
	}
	v, err := p.file(r)
	if err != nil {
		return err
	}
	x := parseReport(f)
	sent, err := r.Upload(f, "file", p.Evidence.Limit())
	if err != nil {
		return err
	}
	if f.OK() && sent != nil {
		if x.Evidence, err = p.keep(r, scope, v.Vendor, x, sent); err == nil {
			f.Values.Set("evidence", x.Evidence) // when the rest is wrong, the document is kept already
		} else if page.DiskFull(err) || !f.Take(err) {
			return err
		}
	}
	if f.OK() {
		x, err := p.Vendors.FileReport(r.Context(), scope, r.Now, v.Ref, x)
		if err == nil {
			said := x.Ref + " is on file."
			if after, err := p.file(r); err == nil {
				if remarks := p.remarks(r, after, x.Ref); len(remarks) > 0 {
					said += " " + remarks[0]
				}
			}
			return r.Redirect(reportURL(v.Ref, x.Ref), said)
		}
		if !f.Take(err) {
			return err
		}
	}
	return r.RenderPanel(f.Status(), reportPanel(r, f, v.Vendor, vendors.Report{}))
}

// remarks are what is odd about a report or letter.
func (p *pages) remarks(r *page.Request, f vendors.File, ref string) []string {
	rules, err := p.Vendors.Rules(r.Context(), r.Read())
	if err != nil {
		return nil
	}
	return f.Coverage(rules).Of(ref)
}

// keep files the document of a report as evidence.
func (p *pages) keep(r *page.Request, scope access.Scope, v vendors.Vendor, x vendors.Report, sent *page.File) (string, error) {
	u := evidence.Upload{
		Title: page.Short(v.Name+": "+x.Kind.Title(), 190), Kind: evidence.Document, Class: evidence.Confidential, Shows: "A report about the controls of " + v.Name + ", filed with " + v.Ref + ".",
		Obtained: "Received from " + v.Name + " and filed in the register of vendors",
		Files:    []evidence.File{{Name: sent.Name, Size: sent.Size, Open: func() (io.ReadCloser, error) { return sent.Open() }}},
	}
	if x.Period.From != 0 && x.Period.To > x.Period.From {
		u.From, u.To = x.Period.From.Time(), min(x.Period.To, period.Of(r.Now)+1).Time()
	}
	if x.Received != 0 && x.Received != period.Of(r.Now) {
		u.Received = x.Received.Time()
	}
	for _, c := range []string{"VEN-03"} {
		if _, err := p.Vendors.Controls.Control(r.Context(), r.Read(), c); err == nil {
			u.Controls = append(u.Controls, c)
		}
	}
	added, err := p.Evidence.Add(r.Context(), scope, r.Now, func(t time.Time) evidence.ItemID { return evidence.ItemID(id.New("evd", t)) }, u)
	if err != nil {
		if errs.FieldOf(err) != "" {
			return "", errs.New(errs.KindOf(err), "%s", page.Sentence(err)).At("file").WithHint("%s", errs.HintOf(err))
		}
		return "", err
	}
	return added[0].Ref, nil
}

// onFile finds a report of the vendor that the address names.
func (p *pages) onFile(r *page.Request) (vendors.Report, vendors.File, error) {
	x, f, err := p.Vendors.Report(r.Context(), r.Read(), r.Arg("id"))
	if err == nil && !strings.EqualFold(f.Ref, r.Arg("ref")) {
		err = errs.New(errs.NotFound, "%s is a report about %s", x.Ref, f.Name).WithHint("Open it from the page of its vendor.")
	}
	return x, f, err
}

func (p *pages) report(r *page.Request) error {
	x, f, err := p.onFile(r)
	if err != nil {
		return err
	}
	v := vendorView{File: f, Today: period.Of(r.Now)}
	if v.Rules, err = p.Vendors.Rules(r.Context(), r.Read()); err != nil {
		return err
	}
	who := []string{x.By}
	if x.Review != nil {
		who = append(who, x.Review.By)
	}
	if v.Names, err = p.View.Actors(r.Context(), r.Read(), who...); err != nil {
		return err
	}
	if v.Tasks, err = p.tasks(r, f.Ref); err != nil {
		return err
	}
	p.named(r, f.Vendor, x.Ref)
	return r.Render(http.StatusOK, reportPage(r, v, x, f.Coverage(v.Rules).Of(x.Ref)))
}

func (p *pages) correctForm(r *page.Request) error {
	x, f, err := p.onFile(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, reportPanel(r, page.NewForm(reportPairs(x)...), f.Vendor, x))
}

func (p *pages) correct(r *page.Request) error {
	f, scope, err := send(r)
	if err != nil {
		return err
	}
	was, file, err := p.onFile(r)
	if err != nil {
		return err
	}
	if x := parseReport(f); f.OK() {
		_, err := p.Vendors.CorrectReport(r.Context(), scope, r.Now, was.Ref, f.Base(), x)
		if err == nil {
			return r.Redirect(reportURL(file.Ref, was.Ref), was.Ref+" saved.")
		}
		if !stale(f, err, func(s *vendors.Stale) map[string]string { return pairsMap(reportPairs(s.Report)) }) && !f.Take(err) {
			return err
		}
	}
	return r.RenderPanel(f.Status(), reportPanel(r, f, file.Vendor, was))
}

func (p *pages) withdrawForm(r *page.Request) error {
	x, f, err := p.onFile(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, withdrawPanel(r, page.NewForm(), f.Vendor, x))
}

func (p *pages) withdraw(r *page.Request) error {
	f, scope, err := send(r)
	if err != nil {
		return err
	}
	x, file, err := p.onFile(r)
	if err != nil {
		return err
	}
	_, err = p.Vendors.WithdrawReport(r.Context(), scope, r.Now, x.Ref, f.Base(), f.Values.Get("why"))
	if err == nil {
		return r.Redirect(vendorURL(file.Ref)+"?tab=reports", x.Ref+" no longer counts.")
	}
	return r.PanelAgain(f, err, withdrawPanel(r, f, file.Vendor, x))
}

func (p *pages) letterForm(r *page.Request) error {
	v, err := p.file(r)
	if err != nil {
		return err
	}
	f := page.NewForm("received", today(r))
	if all := bridgeable(v); len(all) > 0 { // the newest report, and the days after it
		f.Values.Set("report", all[0].Value)
		for _, x := range v.Filed {
			if x.Ref == all[0].Value {
				f.Values.Set("from", x.Period.To.String())
			}
		}
	}
	return r.RenderPanel(http.StatusOK, letterPanel(r, f, v))
}

// bridgeable are the reports that a letter can continue, as choices.
func bridgeable(v vendors.File) []page.Option {
	var out []page.Option
	for _, x := range v.Filed {
		if !x.Removed && !x.Kind.AsOf() {
			out = append(out, page.Option{Value: x.Ref, Label: x.Ref + ": " + x.Kind.Title() + ", " + reportPeriod(x)})
		}
	}
	return out
}

func (p *pages) fileLetter(r *page.Request) error {
	f, scope, err := send(r)
	if err != nil {
		return err
	}
	v, err := p.file(r)
	if err != nil {
		return err
	}
	b := vendors.Bridge{
		Report: f.Get("report"), Period: period.Period{From: parseDay(f, "from"), To: parseDay(f, "to")}, Signed: parseDay(f, "signed"), Signer: f.Get("signer"), Changes: f.Values.Get("changes"),
		Evidence: f.Get("evidence"), Received: parseDay(f, "received"),
	}
	if b.Period.To != 0 {
		b.Period.To++
	}
	if !slices.ContainsFunc(bridgeable(v), func(o page.Option) bool { return o.Value == b.Report }) {
		f.Wrong("report", "Choose the report that the letter continues.")
	}
	if f.OK() {
		b, err := p.Vendors.FileBridge(r.Context(), scope, r.Now, b)
		if err == nil {
			said := b.Ref + " is on file."
			if after, err := p.file(r); err == nil {
				said = strings.TrimSpace(said + " " + strings.Join(p.remarks(r, after, b.Ref), " "))
			}
			return r.Redirect(vendorURL(v.Ref)+"?tab=reports", said)
		}
		if !f.Take(err) {
			return err
		}
	}
	return r.RenderPanel(f.Status(), letterPanel(r, f, v))
}

// letter finds the bridge letter that the address names, with its vendor.
func (p *pages) letter(r *page.Request) (vendors.Bridge, vendors.File, error) {
	f, err := p.file(r)
	if err != nil {
		return vendors.Bridge{}, f, err
	}
	i := slices.IndexFunc(f.Letters, func(b vendors.Bridge) bool { return strings.EqualFold(b.Ref, r.Arg("id")) })
	if i < 0 {
		return vendors.Bridge{}, f, errs.New(errs.NotFound, "%s has no bridge letter %s", f.Ref, r.Arg("id")).WithHint("Open it from the page of its vendor.")
	}
	return f.Letters[i], f, nil
}

func (p *pages) withdrawLetterForm(r *page.Request) error {
	b, f, err := p.letter(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, withdrawLetterPanel(r, page.NewForm(), f.Vendor, b))
}

func (p *pages) withdrawLetter(r *page.Request) error {
	f, scope, err := send(r)
	if err != nil {
		return err
	}
	b, file, err := p.letter(r)
	if err != nil {
		return err
	}
	if err = p.Vendors.WithdrawBridge(r.Context(), scope, r.Now, b.Ref, f.Base(), f.Values.Get("why")); err == nil {
		return r.Redirect(vendorURL(file.Ref)+"?tab=reports", b.Ref+" no longer counts.")
	}
	return r.PanelAgain(f, err, withdrawLetterPanel(r, f, file.Vendor, b))
}

func cuecPairs(c vendors.CUEC) []string {
	pairs := []string{"report", c.Report, "number", c.Number, "text", c.Text, "criteria", strings.Join(c.Criteria, ", "), "controls", strings.Join(c.Controls, ", "), "why", c.Why}
	if !c.Relevant {
		pairs = append(pairs, "not_ours", "on")
	}
	return pairs
}

func parseCUEC(f *page.Form) vendors.CUEC {
	return vendors.CUEC{
		Report: f.Get("report"), Number: f.Get("number"), Text: f.Values.Get("text"), Criteria: words(f.Get("criteria")), Controls: words(f.Get("controls")), Relevant: !f.Checked("not_ours"),
		Why: f.Values.Get("why"),
	}
}

func (p *pages) cuecForm(r *page.Request) error {
	v, err := p.file(r)
	if err != nil {
		return err
	}
	f := page.NewForm()
	if len(v.Filed) > 0 {
		f.Values.Set("report", v.Filed[0].Ref)
	}
	return r.RenderPanel(http.StatusOK, cuecPanel(r, f, v, vendors.CUEC{}))
}

func (p *pages) addCUEC(r *page.Request) error {
	f, scope, err := send(r)
	if err != nil {
		return err
	}
	v, err := p.file(r)
	if err != nil {
		return err
	}
	c, err := p.Vendors.Expect(r.Context(), scope, r.Now, v.Ref, parseCUEC(f))
	if err == nil {
		return r.Redirect(vendorURL(v.Ref)+"?tab=cuecs", c.Ref+" is on the list.")
	}
	return r.PanelAgain(f, err, cuecPanel(r, f, v, vendors.CUEC{}))
}

// asked finds what a report asks of us by the address.
func (p *pages) asked(r *page.Request) (vendors.CUEC, vendors.File, error) {
	c, v, err := p.Vendors.CUEC(r.Context(), r.Read(), r.Arg("id"))
	if err != nil {
		return c, vendors.File{}, err
	}
	if !strings.EqualFold(v.Ref, r.Arg("ref")) {
		return c, vendors.File{}, errs.New(errs.NotFound, "%s belongs to %s", c.Ref, v.Name).WithHint("Open it from the page of its vendor.")
	}
	f, err := p.Vendors.FileOf(r.Context(), r.Read(), v)
	return c, f, err
}

func (p *pages) mapForm(r *page.Request) error {
	c, v, err := p.asked(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, cuecPanel(r, page.NewForm(cuecPairs(c)...), v, c))
}

func (p *pages) mapCUEC(r *page.Request) error {
	f, scope, err := send(r)
	if err != nil {
		return err
	}
	c, v, err := p.asked(r)
	if err != nil {
		return err
	}
	_, err = p.Vendors.Map(r.Context(), scope, r.Now, c.Ref, f.Base(), parseCUEC(f))
	if err == nil {
		return r.Redirect(vendorURL(v.Ref)+"?tab=cuecs", c.Ref+" saved.")
	}
	if !stale(f, err, func(s *vendors.Stale) map[string]string { return pairsMap(cuecPairs(s.CUEC)) }) && !f.Take(err) {
		return err
	}
	return r.RenderPanel(f.Status(), cuecPanel(r, f, v, c))
}

func (p *pages) dropForm(r *page.Request) error {
	c, v, err := p.asked(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, dropPanel(r, page.NewForm(), v.Vendor, c))
}

func (p *pages) drop(r *page.Request) error {
	f, scope, err := send(r)
	if err != nil {
		return err
	}
	c, v, err := p.asked(r)
	if err != nil {
		return err
	}
	err = p.Vendors.Drop(r.Context(), scope, r.Now, c.Ref, f.Base(), f.Values.Get("why"))
	if err == nil {
		return r.Redirect(vendorURL(v.Ref)+"?tab=cuecs", c.Ref+" is off the list.")
	}
	return r.PanelAgain(f, err, dropPanel(r, f, v.Vendor, c))
}
