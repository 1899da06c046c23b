package directory

import (
	"errors"
	"net/http"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/web/page"
)

var peopleList = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Person", Sort: true}, {Key: "name", Title: "Name", Sort: true}, {Key: "title", Title: "Title", Sort: true, Wide: true, Opt: true},
		{Key: "department", Title: "Department", Sort: true, Opt: true}, {Key: "manager", Title: "Manager", Sort: true, Opt: true},
		{Key: "state", Title: "State"}, {Key: "started", Title: "Started", Sort: true, Num: true, Opt: true},
	},
	Filters: []page.Filter{
		{Key: "state", Title: "State", Kind: page.Segments, Options: []page.Option{
			{Value: "joining", Label: "Joining", Status: "prog"}, {Value: "active", Label: "Active", Status: "pass"}, {Value: "leaving", Label: "Leaving", Status: "risk"}, {Value: "left", Label: "Left", Status: "na"}}},
		{Key: "department", Title: "Department", Kind: page.Select, Open: true},
		{Key: "kind", Title: "Kind", Kind: page.Select, Open: true},
		{Key: "manager", Title: "Manager", Kind: page.Select, Open: true},
		{Key: "missing", Title: "Missing", Kind: page.Select, All: "Missing: not asked", Options: []page.Option{
			{Value: "screening", Label: "No clear screening"}, {Value: "agreement", Label: "No agreement"}, {Value: "conduct", Label: "Conduct rules not accepted"}, {Value: "training", Label: "No training"}}},
	},
	Search: "Name, address, number, title", Sort: "name", One: "person", Many: "people", Size: 50,
}

var exportHead = []string{"Person", "Name", "Address", "Number", "State", "Kind", "Department", "Title", "Location", "Manager", "Started", "Last day", "Stint",
	"Screening", "Screened", "Agreement", "Conduct accepted", "First training", "Last training", "Last review", "Told by"}

func (p *pages) list(r *page.Request) error {
	t, err := r.Table(&peopleList)
	if err != nil {
		return err
	}
	f := people.Filter{State: people.State(t.Filter("state")), Department: t.Filter("department"), Kind: t.Filter("kind"), Missing: people.Requirement(t.Filter("missing"))}
	if m := t.Filter("manager"); m != "" {
		boss, err := p.People.Person(r.Context(), r.Read(), m)
		if err != nil {
			return err
		}
		f.Manager = boss.ID
	}
	if t.Exporting() {
		return r.Export(t, "people", exportHead, func(q paging.Query) ([][]any, int, error) {
			res, err := p.People.List(r.Context(), r.Read(), f, q)
			var out [][]any
			for _, x := range res.Rows {
				out = append(out, []any{x.Ref, x.Name, x.Email, x.Number, x.State.Title(), x.Kind, x.Department, x.Title, x.Location, x.ManagerName, dayField(x.Started), dayField(x.Ended), x.Stint,
					x.Screening, dayField(x.ScreenedOn), dayField(x.AgreedOn), dayField(x.ConductOn), dayField(x.TrainedFirst), dayField(x.TrainedLast), dayField(x.ReviewedOn), told(x)})
			}
			return out, res.Total, err
		})
	}
	res, err := p.People.List(r.Context(), r.Read(), f, t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	facets, err := p.People.Facets(r.Context(), r.Read(), f)
	if err != nil {
		return err
	}
	t.SetCounts("state", facets["state"])
	t.SetOptions("department", optionsOf(facets["department"], same))
	t.SetOptions("kind", optionsOf(facets["kind"], kindTitle))
	if err := p.managers(r, t, res.Rows); err != nil {
		return err
	}
	rows := peopleRows(r, t, res.Rows)
	sides, err := p.sides(r, "/people")
	if err != nil {
		return err
	}
	sources, err := p.People.Told(r.Context(), r.Read())
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, peoplePage(r, t, rows, sides, sources), page.Part(t.ID(), rows))
}

// managers gives the filter its choices: everybody to whom somebody here reports.
func (p *pages) managers(r *page.Request, t *page.Table, shown []people.Person) error {
	all, err := p.People.Everyone(r.Context(), r.Read(), people.Filter{Working: true})
	if err != nil {
		return err
	}
	reports := map[string]int{}
	names := map[string]string{}
	for _, x := range all {
		if x.ManagerRef != "" {
			reports[x.ManagerRef]++
			names[x.ManagerRef] = x.ManagerName
		}
	}
	for _, x := range shown { // of those who left, too
		if x.ManagerRef != "" && t.Filter("manager") == x.ManagerRef {
			names[x.ManagerRef] = x.ManagerName
			reports[x.ManagerRef] += 0 // so that it is a choice
		}
	}
	t.SetOptions("manager", optionsOf(reports, func(ref string) string { return names[ref] }))
	return nil
}

// told is who tells of a person.
func told(p people.Person) string {
	if p.Source != "" {
		return p.Source
	}
	return p.Origin.Title()
}

func (p *pages) newPerson(r *page.Request) error {
	return r.RenderPanel(http.StatusOK, personPanel(r, page.NewForm(), nil))
}

func (p *pages) addPerson(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	n := personFields(f)
	if f.OK() {
		lines, err := p.People.Enter(r.Context(), scope, r.Now, []people.New{n}, false)
		if err != nil {
			return err
		}
		switch l := lines[0]; {
		case l.Known:
			f.Wrong("email", l.Person.Ref+", "+l.Person.Name+", has this address or number already.")
		case l.Err == nil:
			return r.Redirect(personURL(l.Person.Ref), l.Person.Name+" is in the directory.")
		case !f.Take(l.Err):
			return l.Err
		}
	}
	return r.RenderPanel(f.Status(), personPanel(r, f, nil))
}

// personFields reads the form of somebody entered by hand.
func personFields(f *page.Form) people.New {
	return people.New{
		Name: f.Get("name"), Email: f.Get("email"), Number: f.Get("number"), Department: f.Get("department"), Title: f.Get("title"), Location: f.Get("location"),
		Kind: f.Get("kind"), Manager: f.Get("manager"), Started: parseDay(f, "started"), Ended: parseDay(f, "ended"),
	}
}

// fieldsOf are the fields of the form as a person has them.
func fieldsOf(x people.Person) map[string]string {
	return map[string]string{
		"name": x.Name, "email": x.Email, "number": x.Number, "department": x.Department, "title": x.Title, "location": x.Location, "kind": x.Kind, "manager": x.ManagerRef,
		"started": dayField(x.Started), "ended": dayField(x.Ended),
	}
}

func (p *pages) amendForm(r *page.Request) error {
	x, err := p.People.Person(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	f := page.NewForm()
	for k, v := range fieldsOf(x) {
		f.Values.Set(k, v)
	}
	return r.RenderPanel(http.StatusOK, personPanel(r, f, &x))
}

func (p *pages) amend(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	n := personFields(f)
	if f.OK() {
		x, err := p.People.Amend(r.Context(), scope, r.Now, r.Arg("ref"), f.Base(), n)
		if err == nil {
			return r.Redirect(personURL(x.Ref), "Saved.")
		}
		var stale *people.StalePerson
		if errors.As(err, &stale) {
			f.Stale(stale.Theirs.Version, fieldsOf(stale.Theirs))
		} else if !f.Take(err) {
			return err
		}
	}
	x, err := p.People.Person(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), personPanel(r, f, &x))
}

func personPanelOf(x *people.Person) page.PanelForm {
	if x == nil {
		return page.PanelForm{
			Title: "Add a person", Sub: "Somebody whom no HR system holds. When one tells of the same address or number later, it counts from then on.", Action: "/people/new", Button: "Add", Back: "/people",
		}
	}
	return page.PanelForm{Title: "Edit " + x.Ref, Sub: x.Name + " was entered by hand.", Action: personURL(x.Ref) + "/edit", Button: "Save", Back: personURL(x.Ref)}
}

func (p *pages) refresh(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	out, err := p.Refresh(r.Context(), scope, r.Now)
	if err != nil {
		return err
	}
	back := f.Back()
	if f.Get("back") == "" {
		back = "/people"
	}
	if !out.Changed() {
		return r.Redirect(back, "Nothing changed: the directory says what the newest snapshots say.")
	}
	return r.Redirect(back, "The directory is up to date: "+page.Plural(out.Working, "person works", "people work")+" here.")
}

func (p *pages) doubts(r *page.Request) error {
	all, err := p.People.Doubts(r.Context(), r.Read())
	if err != nil {
		return err
	}
	sides, err := p.sides(r, "/people/doubts")
	if err != nil {
		return err
	}
	var ids []people.ID
	for _, d := range all {
		if d.Person != "" {
			ids = append(ids, d.Person)
		}
	}
	known, err := p.People.Known(r.Context(), r.Read(), ids)
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, doubtsPage(r, all, known, sides))
}

// stateWords is a person's state with the day that matters.
func stateWords(x people.Person) string {
	switch x.State {
	case people.Joining:
		return "Joins " + dayText(x.Started)
	case people.Leaving:
		return "Leaves " + dayText(x.Ended)
	case people.Left:
		if x.Ended != 0 {
			return "Left " + dayText(x.Ended)
		}
	case people.Active:
	}
	return x.State.Title()
}

// ofKind are the doubts of a kind.
func ofKind(all []people.Doubt, k people.DoubtKind) []people.Doubt {
	var out []people.Doubt
	for _, d := range all {
		if d.Kind == k {
			out = append(out, d)
		}
	}
	return out
}

// subjectText is what a doubt is about, with an account's system by its name.
func subjectText(d people.Doubt) string {
	if system, login, ok := strings.Cut(d.Subject, " "); ok && (d.Kind == people.NoOwner || d.Kind == people.TwoOwners) {
		return systemTitle(system) + " " + login
	}
	return d.Subject
}
