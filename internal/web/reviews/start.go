package reviews

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/review"
	"github.com/tickmark/tickmark/internal/web/page"
)

// usual is how many days reviewers have unless something else is chosen.
const usual = 14

// offered is what the form of a new review shows.
type offered struct {
	names
	all         []review.Offer
	departments []string // of those who work here
	jobs        []page.Job
}

// fieldOf names a field of the line of an offer.
func fieldOf(name string, o review.Offer) string { return name + "." + o.Slug }

// deptField names the field of a department, whose own name may be any text.
func deptField(department string) string {
	sum := sha256.Sum256([]byte(department))
	return "dept." + hex.EncodeToString(sum[:6])
}

// departments are those of the people who work here, by name.
func (p *pages) departments(r *page.Request) ([]string, error) {
	everyone, err := p.People.Everyone(r.Context(), r.Read(), people.Filter{Working: true})
	var out []string
	for _, x := range everyone {
		if x.Department != "" {
			out = append(out, x.Department)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), err
}

func (p *pages) offered(r *page.Request) (offered, error) {
	var o offered
	var err error
	if o.names, err = p.names(r); err != nil {
		return o, err
	}
	if o.all, err = p.Reviews.Offers(r.Context(), r.Read(), r.Now); err != nil {
		return o, err
	}
	if o.departments, err = p.departments(r); err != nil {
		return o, err
	}
	o.jobs, err = p.Background.Open(r.Context(), r.Read())
	return o, err
}

func (p *pages) newForm(r *page.Request) error {
	f := page.NewForm("assign", string(review.BySystem), "due", (period.Of(r.Now) + usual).String(), "title", "Accounts, "+quarter(period.Of(r.Now)))
	plans, err := p.Reviews.Plans(r.Context(), r.Read())
	if err != nil {
		return err
	}
	offers, err := p.Reviews.Offers(r.Context(), r.Read(), r.Now)
	if err != nil {
		return err
	}
	chosen := strings.Fields(r.Query("systems"))
	for _, o := range offers {
		i := slices.IndexFunc(plans, func(x review.Plan) bool { return x.Connection == o.Connection })
		if i < 0 {
			continue
		}
		f.Values.Set(fieldOf("reviewer", o), string(plans[i].Reviewer))
		f.Values.Set(fieldOf("deputy", o), string(plans[i].Deputy))
		if plans[i].Critical {
			f.Values.Set(fieldOf("critical", o), "on")
		}
		if slices.Contains(chosen, o.Connection) && o.Slug == o.Source {
			f.Values.Set(fieldOf("take", o), "on")
		}
	}
	return p.showNew(r, f)
}

func (p *pages) showNew(r *page.Request, f *page.Form) error {
	o, err := p.offered(r)
	if err != nil {
		return err
	}
	r.Crumbs = []page.Crumb{{Text: "Access reviews", Href: at}, {Text: "New"}}
	return r.Render(f.Status(), newPage(r, f, o))
}

func (p *pages) start(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	offers, err := p.Reviews.Offers(r.Context(), r.Read(), r.Now)
	if err != nil {
		return err
	}
	n := review.New{Title: f.Get("title"), Why: f.Raw("why"), Assign: review.Assign(f.Get("assign")), Departments: map[string]string{}}
	if n.Due, err = period.ParseDate(f.Get("due")); err != nil {
		f.Wrong("due", "Choose the last day on which reviewers decide.")
	}
	var lines []review.Offer
	for _, o := range offers {
		if !f.Checked(fieldOf("take", o)) {
			continue
		}
		lines = append(lines, o)
		n.Systems = append(n.Systems, review.Choice{
			Connection: o.Connection, Resource: o.Resource, Critical: f.Checked(fieldOf("critical", o)), Reason: f.Raw(fieldOf("reason", o)),
			Reviewer: f.Get(fieldOf("reviewer", o)), Deputy: f.Get(fieldOf("deputy", o)),
		})
	}
	departments, err := p.departments(r)
	if err != nil {
		return err
	}
	for _, d := range departments {
		if who := f.Get(deptField(d)); who != "" {
			n.Departments[d] = who
		}
	}
	if f.OK() {
		v, err := p.Reviews.Start(r.Context(), scope, r.Now, n)
		if err == nil {
			return r.Redirect(reviewURL(v.Ref), v.Ref+" is running: "+page.Plural(v.Rows, "row", "rows")+" to decide on.")
		}
		if !f.Take(lineOf(err, lines)) {
			return err
		}
	}
	return p.showNew(r, f)
}

// lineOf moves a failure from the number of a choice to the line of the form that it came from.
func lineOf(err error, lines []review.Offer) error {
	name, number, ok := strings.Cut(errs.FieldOf(err), "-")
	if i := atoi(number); ok && i >= 0 && i < len(lines) {
		return errs.Hinted(&errs.Error{Kind: errs.KindOf(err), Msg: err.Error(), Field: fieldOf(name, lines[i])}, "%s", errs.HintOf(err))
	}
	return err
}

// collect reads a system before it is reviewed.
func (p *pages) collect(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	if err := scope.Require(access.RunCollection); err != nil {
		return err
	}
	if _, err := p.Background.Collect(r.Context(), scope, f.Get("connection")); err != nil {
		return err
	}
	return r.Redirect(at+"/new", "The collection has begun. What it brings appears here.")
}
