package account

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Founding is what was chosen for the first organisation.
type Founding struct {
	Categories []string      // of the trust services; security is always among them
	Controls   string        // InForce, Drafts or NoControls
	Period     period.Period // observed; empty to decide later
}

// What becomes of the starter control set.
const (
	InForce    = "in_force"
	Drafts     = "drafts"
	NoControls = "none"
)

// started is the first step, sealed with the key of the installation while the second one is on the screen: it holds a
// password.
type started struct {
	Org, Slug, Name, Email, Password string
	Founding                         Founding
	Secret, Link                     string // of the second factor
	Issued                           int64  // seconds
}

const (
	startContext = "first run"
	startLife    = 30 * time.Minute
	periodMonths = 12 // the usual length of an observation period; the form offers others
)

// waiting reports whether the installation still waits for its first organisation.
func (p *pages) waiting(r *page.Request) (bool, error) {
	orgs, err := p.Access.Orgs(r.Context())
	return err == nil && len(orgs) == 0, err
}

func (p *pages) start(r *page.Request) error {
	wait, err := p.waiting(r)
	if err != nil {
		return err
	}
	if !wait {
		return r.Redirect("/", "")
	}
	f := page.NewForm("code", r.Query("code"), "controls", InForce, "months", "12", "from", r.Now.UTC().Format(time.DateOnly), "security", "on")
	return r.RenderBare(http.StatusOK, startPage(r, f, p.View.Catalog().Categories()))
}

// startForm checks the first step and asks for the second factor; nothing is made yet.
func (p *pages) startForm(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	wait, err := p.waiting(r)
	if err != nil {
		return err
	}
	if !wait {
		return errs.New(errs.Conflict, "this installation has an organisation already").WithHint("Sign in, or ask its owner for an account.")
	}
	x := started{Org: f.Get("organisation"), Slug: f.Get("slug"), Name: f.Get("name"), Email: f.Get("email"), Password: f.Raw("password"), Issued: r.Now.Unix()}
	if x.Slug == "" {
		x.Slug = Slug(x.Org)
		f.Values.Set("slug", x.Slug)
	}
	if err := p.Access.CheckSetupCode(r.Context(), r.Now, p.SetupCode, f.Get("code"), r.IP); err != nil && !f.Take(err) {
		return err
	}
	for _, err := range access.CheckFirst(access.NewOrg{Slug: x.Slug, Name: x.Org}, access.NewUser{Name: x.Name, Email: x.Email, Password: x.Password}) {
		f.Take(err)
	}
	for field, what := range map[string]string{"organisation": "Write the name of your organisation.", "name": "Write your name.", "email": "Write your email address.", "code": "Write the code of this installation: it stands on the terminal, or in the log, of whoever started the program."} {
		if f.Get(field) == "" {
			f.Wrong(field, what)
		}
	}
	if x.Slug == "" && x.Org == "" {
		delete(f.Errors, "slug") // made from the name
	}
	if x.Password != f.Raw("again") && f.Errors["password"] == "" {
		f.Wrong("again", "This is not the same password. Write it once more.")
	}
	x.Founding = p.founding(f)
	if !f.OK() {
		return r.RenderBare(f.Status(), startPage(r, f, p.View.Catalog().Categories()))
	}
	if x.Secret, x.Link, err = p.Access.EnrolTOTP(access.Org{Name: x.Org}, access.User{Email: x.Email}); err != nil {
		return err
	}
	return p.askFactor(r, page.NewForm(), x)
}

// founding reads what was chosen, and puts what is wrong at its field.
func (p *pages) founding(f *page.Form) Founding {
	out := Founding{Controls: f.Get("controls")}
	for _, c := range p.View.Catalog().Categories() {
		if string(c.ID) == "security" || f.Checked("category_"+string(c.ID)) {
			out.Categories = append(out.Categories, string(c.ID))
		}
	}
	if !slices.Contains([]string{InForce, Drafts, NoControls}, out.Controls) {
		f.Wrong("controls", "Choose what becomes of the starter set.")
	}
	months := map[string]int{"3": 3, "6": 6, "12": periodMonths, "": 0, "later": 0}
	n, ok := months[f.Get("months")]
	if !ok {
		f.Wrong("months", "Choose one of the lengths.")
	}
	if n == 0 {
		return out
	}
	from, err := time.Parse(time.DateOnly, f.Get("from"))
	if err != nil || from.Year() < 2000 || from.Year() > 2100 {
		f.Wrong("from", "Write the first day of the period, such as 2026-01-01.")
		return out
	}
	out.Period = period.Period{From: period.Of(from), To: period.Of(from.AddDate(0, n, 0))}
	return out
}

// askFactor shows the second step.
func (p *pages) askFactor(r *page.Request, f *page.Form, x started) error {
	raw, err := json.Marshal(x) //nolint:gosec // encrypted right below
	if err != nil {
		return errs.As(errs.Internal, err, "keep the first step")
	}
	sealed, err := p.Access.Sealer.Seal(raw, startContext)
	if err != nil {
		return err
	}
	code, err := qr(x.Link)
	if err != nil {
		return err
	}
	r.Title = "Second factor"
	return r.RenderBare(f.Status(), factorPage(r, f, x, sealed, code))
}

// found makes organisation and owner once the second factor is proven, and signs the owner in.
func (p *pages) found(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	var x started
	raw, err := p.Access.Sealer.Open(f.Raw("started"), startContext)
	if err == nil {
		err = json.Unmarshal(raw, &x)
	}
	if err != nil || r.Now.Sub(time.Unix(x.Issued, 0)) > startLife {
		return errs.New(errs.Invalid, "the first step was too long ago").WithHint("Begin again: /start")
	}
	if f.Get("code") == "" {
		f.Wrong("code", "Write the six digits the app shows now.")
		return p.askFactor(r, f, x)
	}
	secret, g, err := p.Access.Found(r.Context(), r.Now, access.First{
		Org: access.NewOrg{Slug: x.Slug, Name: x.Org}, Owner: access.NewUser{Name: x.Name, Email: x.Email, Password: x.Password},
		Secret: x.Secret, Code: f.Get("code"), IP: r.IP, Agent: r.HTTP.UserAgent(),
	}, func(ctx context.Context, scope access.Scope) error { return p.SetUp(ctx, scope, r.Now, x.Founding) })
	if err != nil {
		if errs.KindOf(err) == errs.Conflict || !f.Take(err) {
			return err
		}
		return p.askFactor(r, f, x)
	}
	setSession(r, secret)
	return r.Redirect("/", "Welcome, "+g.User.Name+". "+g.Org.Name+" is ready.")
}

// Slug proposes the short name of an organisation: lower case letters, digits and hyphens.
func Slug(name string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(name) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			b.WriteRune(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	s := b.String()
	return strings.Trim(s[:min(len(s), 40)], "-")
}

// firstSteps is the checklist as a page of its own, for when it has shrunk on the home page.
func (p *pages) firstSteps(r *page.Request) error {
	b, err := p.View.Beginnings(r.Context(), r.Read())
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, stepsPage(r, page.FirstSteps(r, page.Beginnings(b))))
}

// setLikes keeps how a person likes the pages.
func (p *pages) setLikes(r *page.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	values := map[string]string{}
	for _, name := range []string{"keys", "density", "start"} {
		if v, ok := f.Values[name]; ok && len(v) > 0 {
			values[name] = v[0]
		}
	}
	if err := p.Access.SetOwnPreferences(r.Context(), r.Grant, values); err != nil {
		return err
	}
	next := page.LocalPath(f.Get("next"))
	if f.Get("next") == "" {
		next = "/account#h-pages"
	}
	return r.Redirect(next, "Kept.")
}
