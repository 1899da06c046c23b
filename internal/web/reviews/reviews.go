// Package reviews shows access reviews: what was frozen, who decides, the rows to decide on by key, and what became of what was
// removed.
package reviews

import (
	"net/http"
	"strconv"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/review"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Services is what these pages need.
type Services struct {
	Reviews    *review.Service
	Access     *access.Service
	People     *people.Service
	Background page.Background
}

type pages struct{ Services }

const at = "/access-reviews"

// Routes are the pages of this package.
func Routes(s Services) []page.Route {
	p := &pages{s}
	get := func(pattern string, a access.Action, title string, h func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodGet, Pattern: pattern, Action: a, Title: title, Nav: at, Handle: h}
	}
	post := func(pattern string, a access.Action, title string, h func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodPost, Pattern: pattern, Action: a, Title: title, Nav: at, Handle: h}
	}
	command := func(words string, r page.Route) page.Route {
		r.Command = words
		return r
	}
	// Everybody inside may come: the service shows those who may not read the directory what they decide on.
	const inside = access.ReadPolicies
	return []page.Route{
		get(at, inside, "Access reviews", p.list),
		command("Start an access review", get(at+"/new", access.ManageReviews, "New access review", p.newForm)),
		post(at+"/new", access.ManageReviews, "New access review", p.start),
		post(at+"/new/collect", access.ManageReviews, "Collect", p.collect),
		get("/access-review-plans/{connection}", access.ManageReviews, "Plan of a system", p.planForm),
		post("/access-review-plans/{connection}", access.ManageReviews, "Plan of a system", p.setPlan),
		get(at+"/{ref}", inside, "Access review", p.overview),
		get(at+"/{ref}/{system}", inside, "Rows of an access review", p.system),
		get(at+"/{ref}/rows/{n}", inside, "Row of an access review", p.row),
		get(at+"/{ref}/rows/{n}/decide", access.DecideReviews, "Decide", p.decideForm),
		post(at+"/{ref}/rows/{n}/decide", access.DecideReviews, "Decide", p.decideOne),
		get(at+"/{ref}/rows/{n}/done", access.ManageReviews, "Done by hand", p.doneForm),
		post(at+"/{ref}/rows/{n}/done", access.ManageReviews, "Done by hand", p.done),
		post(at+"/{ref}/do/decide", access.DecideReviews, "Decide", p.decideRow),
		post(at+"/{ref}/do/keep", access.DecideReviews, "Keep", p.bulkKeep),
		post(at+"/{ref}/do/remove", access.DecideReviews, "Remove", p.bulkRemove),
		get(at+"/{ref}/do/reassign", access.ManageReviews, "Give to somebody else", p.reassignForm),
		post(at+"/{ref}/do/reassign", access.ManageReviews, "Give to somebody else", p.reassign),
		get(at+"/{ref}/do/close", access.ManageReviews, "Close", p.closeForm),
		post(at+"/{ref}/do/close", access.ManageReviews, "Close", p.close),
		get(at+"/{ref}/do/cancel", access.ManageReviews, "Cancel", p.cancelForm),
		post(at+"/{ref}/do/cancel", access.ManageReviews, "Cancel", p.cancel),
	}
}

func reviewURL(ref string) string         { return at + "/" + ref }
func systemURL(ref, system string) string { return at + "/" + ref + "/" + system }
func rowURL(ref string, n int) string     { return at + "/" + ref + "/rows/" + strconv.Itoa(n) }
func doURL(ref, act string) string        { return at + "/" + ref + "/do/" + act }

// names are the members of the organisation, for columns and choices.
type names struct {
	of  map[access.UserID]string
	may []page.Option // who can decide
}

// name is a member's name.
func (n names) name(u access.UserID) string {
	switch {
	case u == "":
		return ""
	case n.of[u] != "":
		return n.of[u]
	}
	return "Somebody who has left"
}

// actor is whoever an actor of the trail stands for.
func (n names) actor(a string) string {
	switch {
	case n.of[access.UserID(a)] != "":
		return n.of[access.UserID(a)]
	case len(a) > 4 && a[:4] == "usr_":
		return "Somebody who has left"
	}
	return "Tickmark"
}

func (p *pages) names(r *page.Request) (names, error) {
	all, err := p.Access.Members(r.Context(), r.Read())
	n := names{of: map[access.UserID]string{}, may: []page.Option{{Value: "", Label: "Choose"}}}
	for _, m := range all {
		n.of[m.ID] = m.Name
		if !m.Disabled && m.Role.May(access.DecideReviews) {
			n.may = append(n.may, page.Option{Value: string(m.ID), Label: m.Name})
		}
	}
	return n, err
}

// find reads the review that the address names.
func (p *pages) find(r *page.Request) (review.Review, error) {
	v, err := p.Reviews.Review(r.Context(), r.Read(), r.Now, r.Arg("ref"))
	if err == nil {
		r.Title = v.Ref
		r.Crumbs = []page.Crumb{{Text: "Access reviews", Href: at}, {Text: v.Ref}}
	}
	return v, err
}

// findRow reads the row that the address names, with its review.
func (p *pages) findRow(r *page.Request) (review.Review, review.Row, error) {
	v, err := p.find(r)
	if err != nil {
		return v, review.Row{}, err
	}
	n, err := strconv.Atoi(r.Arg("n"))
	if err != nil || n < 1 {
		return v, review.Row{}, errs.New(errs.NotFound, "%s has no row %q", v.Ref, r.Arg("n"))
	}
	x, err := p.Reviews.Row(r.Context(), r.Read(), v.ID, n)
	return v, x, err
}

// mayDecide reports whether the reader decides on a row now.
func mayDecide(r *page.Request, v review.Review, x review.Row) bool {
	return v.State == review.Running && r.Can(access.DecideReviews) && x.Reviewer == r.Read().User() && x.Reviewer != "" && x.PersonUser != r.Read().User()
}

// act answers a POST: it does it, or shows the form again with what is wrong.
func (p *pages) act(r *page.Request, do func(f *page.Form, scope access.Scope) error, again func(f *page.Form) error) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	err = do(f, scope)
	if err == nil {
		return nil
	}
	if staleRow(f, err) || f.Take(err) {
		return again(f)
	}
	return err
}
