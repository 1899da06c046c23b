package settings

import (
	"net/http"
	"net/url"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

var peopleList = page.TableSpec{
	Columns: []page.Column{
		{Key: "name", Title: "Name", Sort: true}, {Key: "email", Title: "Email", Sort: true, Opt: true}, {Key: "role", Title: "Role", Sort: true}, {Key: "state", Title: "State"},
		{Key: "factor", Title: "Second factor", Opt: true}, {Key: "signed_in", Title: "Last sign-in", Num: true, Sort: true, Opt: true},
		{Key: "sessions", Title: "Sessions", Num: true, Opt: true}, {Key: "tokens", Title: "Tokens", Num: true, Opt: true},
	},
	Filters: []page.Filter{
		{Key: "state", Title: "State", Kind: page.Segments, Options: []page.Option{
			{Value: "active", Label: "Active", Status: "pass"}, {Value: "invited", Label: "Invited", Status: "prog"}, {Value: "blocked", Label: "Blocked", Status: "na"}, {Value: "factor", Label: "No second factor", Status: "risk"}}},
		{Key: "role", Title: "Role", Kind: page.Select, Open: true},
	},
	Search: "Find by name or email", Sort: "name", One: "person", Many: "people",
}

// personSign is how an account stands.
func personSign(x view.PersonRow) (key, word string) {
	switch {
	case x.Blocked:
		return "na", "Blocked"
	case x.Invited:
		return "prog", "Invited"
	}
	return "pass", "Active"
}

func (p *pages) people(r *page.Request) error {
	t, err := r.Table(&peopleList)
	if err != nil {
		return err
	}
	filter := view.PersonFilter{State: t.Filter("state"), Role: t.Filter("role")}
	read := func(q paging.Query) (paging.Result[view.PersonRow], error) {
		return p.View.People(r.Context(), r.Read(), r.Now, idleOf(r), filter, q)
	}
	if t.Exporting() {
		return r.Export(t, "people", []string{"name", "email", "role", "state", "second_factor", "last_sign_in", "sessions", "tokens", "member_since"}, func(q paging.Query) ([][]any, int, error) {
			res, err := read(q)
			rows := make([][]any, len(res.Rows))
			for i, x := range res.Rows {
				_, state := personSign(x)
				rows[i] = []any{x.Name, x.Email, string(x.Role), state, x.Factor, page.OrBlank(x.SignedIn), x.Sessions, x.Tokens, x.Joined}
			}
			return rows, res.Total, err
		})
	}
	res, err := read(t.Query)
	if err != nil {
		return err
	}
	states, roles, err := p.View.PersonCounts(r.Context(), r.Read(), filter, t.Query.Search)
	if err != nil {
		return err
	}
	t.Total = res.Total
	counts := map[string]int{}
	for _, c := range states {
		counts[c.Value] = int(c.N)
	}
	t.SetCounts("state", counts)
	var options []page.Option
	for _, c := range roles {
		options = append(options, page.Option{Value: c.Value, Label: roleTitle(access.Role(c.Value)), Count: int(c.N), Counted: true})
	}
	t.SetOptions("role", options)
	rows := peopleRows(r, t, res.Rows)
	return r.Render(http.StatusOK, peoplePage(r, t, rows), page.Part(t.ID(), rows))
}

// idleOf is how long a session may be unused in the reader's organisation.
func idleOf(r *page.Request) time.Duration { return r.Grant.Org.Settings.IdleAfter() }

// personView is what the page of a person shows.
type personView struct {
	view.PersonRow
	Own      bool
	Sessions []access.Session
	Tokens   []view.TokenRow
	Link     *access.Invitation
	History  []view.EntryRow
	Acts     int // entries of the trail that the person made
}

// found reads the person an address names.
func (p *pages) found(r *page.Request) (view.PersonRow, error) {
	x, err := p.View.Person(r.Context(), r.Read(), r.Now, idleOf(r), r.Arg("id"))
	if err == nil {
		r.Title = x.Name
		r.Crumbs = []page.Crumb{{Text: "Settings", Href: "/settings"}, {Text: "People", Href: "/settings/people"}, {Text: x.Name}}
	}
	return x, err
}

func personPath(id string) string { return "/settings/people/" + url.PathEscape(id) }

// historyRows is how much of a person's history the page shows; the trail has the rest.
const historyRows = 50

func (p *pages) person(r *page.Request) error {
	x, err := p.found(r)
	if err != nil {
		return err
	}
	v := personView{PersonRow: x, Own: x.ID == string(r.Grant.User.ID)}
	id := access.UserID(x.ID)
	if v.Sessions, err = p.Access.SessionsOf(r.Context(), r.Read(), r.Now, id); err != nil {
		return err
	}
	tokens, err := p.View.Tokens(r.Context(), r.Read(), r.Now, view.TokenFilter{User: x.ID}, paging.Query{Size: paging.MaxSize})
	if err != nil {
		return err
	}
	v.Tokens = tokens.Rows
	if v.Link, err = p.Access.OpenInvitation(r.Context(), r.Read(), r.Now, id); err != nil {
		return err
	}
	if r.Can(access.ReadLedger) {
		about, err := p.View.Entries(r.Context(), r.Read(), view.EntryFilter{Subject: x.ID}, paging.Query{Size: historyRows})
		if err != nil {
			return err
		}
		v.History = about.Rows
		made, err := p.View.Entries(r.Context(), r.Read(), view.EntryFilter{Actor: x.ID, People: true}, paging.Query{Size: 1})
		if err != nil {
			return err
		}
		v.Acts = made.Total
	}
	return r.Render(http.StatusOK, personPage(r, v))
}

func (p *pages) inviteForm(r *page.Request) error {
	return r.RenderPanel(http.StatusOK, invitePanel(r, page.NewForm("role", string(access.Employee))))
}

func (p *pages) invite(r *page.Request) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	if f.Get("email") == "" {
		f.Wrong("email", "Write the person’s email address.")
	}
	if f.Get("name") == "" {
		f.Wrong("name", "Write the person’s name.")
	}
	if f.OK() {
		u, code, err := p.Access.Invite(r.Context(), scope, r.Now, access.NewUser{Email: f.Get("email"), Name: f.Get("name"), Role: access.Role(f.Get("role"))})
		switch {
		case err == nil && code == "":
			return r.Redirect(personPath(string(u.ID)), u.Name+" has an account already, and is a member here now.")
		case err == nil:
			r.Shown(personPath(string(u.ID)))
			return r.RenderPanel(http.StatusOK, linkPanel(r, linkShown{Name: u.Name, Email: u.Email, Path: personPath(string(u.ID)), Link: welcomeLink(r, code), Days: 7, First: true}))
		case !f.Take(err):
			return err
		}
	}
	return r.RenderPanel(f.Status(), invitePanel(r, f))
}

// linkShown is a link to set a password, shown once.
type linkShown struct {
	Name, Email, Path, Link string
	Days                    int
	First                   bool // the account has no password yet
}

func welcomeLink(r *page.Request, code string) string {
	return address(r, "/welcome", url.Values{"code": {code}})
}

func (p *pages) roleForm(r *page.Request) error {
	x, err := p.found(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, rolePanel(r, page.NewForm("role", string(x.Role)), x))
}

func (p *pages) changeRole(r *page.Request) error {
	x, err := p.found(r)
	if err != nil {
		return err
	}
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	if f.Get("role") == "" {
		f.Wrong("role", "Choose a role.")
	}
	if f.OK() {
		from, to := access.Role(f.Get("from")), access.Role(f.Get("role"))
		err := p.Access.ChangeRole(r.Context(), scope, r.Now, access.UserID(x.ID), from, to)
		if err == nil {
			return r.RedirectUndo(personPath(x.ID), x.Name+" is "+article(to)+" now.", personPath(x.ID)+"/role", map[string]string{"from": string(to), "role": string(x.Role)})
		}
		if !f.Take(err) {
			return err
		}
	}
	return r.RenderPanel(f.Status(), rolePanel(r, f, x))
}

func article(role access.Role) string {
	switch t := role.Title(); t[0] {
	case 'a', 'e', 'i', 'o', 'u':
		return "an " + t
	default:
		return "a " + t
	}
}

func (p *pages) linkForm(r *page.Request) error {
	x, err := p.found(r)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, askLinkPanel(r, page.NewForm(), x))
}

func (p *pages) makeLink(r *page.Request) error {
	x, err := p.found(r)
	if err != nil {
		return err
	}
	scope, err := r.Write()
	if err != nil {
		return err
	}
	f := page.NewForm()
	code, err := p.Access.PasswordLink(r.Context(), scope, r.Now, access.UserID(x.ID))
	if err == nil {
		shown := linkShown{Name: x.Name, Email: x.Email, Path: personPath(x.ID), Link: welcomeLink(r, code), Days: 1}
		if x.Invited {
			shown.Days, shown.First = 7, true
		}
		r.Shown(shown.Path)
		return r.RenderPanel(http.StatusOK, linkPanel(r, shown))
	}
	return r.PanelAgain(f, err, askLinkPanel(r, f, x))
}

// act is something done to an account after asking: its form and its words.
type act struct {
	Path, Title, Button, Text string
	Danger                    bool
}

var (
	blocking   = act{"/block", "Block", "Block the account", "Signing in is refused from now on, open sessions and API tokens stop working at the next request. What was done stays in the trail. You can unblock the account later.", true}
	resetting  = act{"/factor", "Reset the second factor of", "Reset the second factor", "Signing in asks for the password alone until a new second factor is set up. Do this only when you are sure who asks: speak to the person first.", true}
	signingOut = act{"/sign-out", "Sign out", "Sign out everywhere", "Every browser that is signed in here as this person has to sign in again. API tokens stay.", false}
	removing   = act{"/remove", "Remove", "Remove from the organisation", "The membership ends: sessions end and API tokens are revoked. Assignments stay until somebody takes them over, and everything done stays in the trail.", true}
)

// ask shows the form that asks before something is done to an account.
func (p *pages) ask(a act) func(*page.Request) error {
	return func(r *page.Request) error {
		x, err := p.found(r)
		if err != nil {
			return err
		}
		return r.RenderPanel(http.StatusOK, actPanel(r, page.NewForm(), x, a))
	}
}

// done does something to an account and leads back to its page, or shows the form with what is wrong.
func (p *pages) done(r *page.Request, a act, do func(scope access.Scope, x view.PersonRow) (to, said string, err error)) error {
	x, err := p.found(r)
	if err != nil {
		return err
	}
	scope, err := r.Write()
	if err != nil {
		return err
	}
	to, said, err := do(scope, x)
	if err == nil {
		return r.Redirect(to, said)
	}
	f := page.NewForm()
	if field := errs.FieldOf(err); field != "" {
		err = errs.Hinted(errs.New(errs.KindOf(err), "%s", err.Error()), "%s", errs.HintOf(err)) // there is no such field here
	}
	return r.PanelAgain(f, err, actPanel(r, f, x, a))
}

func (p *pages) block(on bool) func(*page.Request) error {
	return func(r *page.Request) error {
		return p.done(r, blocking, func(scope access.Scope, x view.PersonRow) (string, string, error) {
			said := x.Name + " is blocked."
			if !on {
				said = x.Name + " may sign in again."
			}
			return personPath(x.ID), said, p.Access.SetDisabled(r.Context(), scope, r.Now, access.UserID(x.ID), on)
		})
	}
}

func (p *pages) resetFactor(r *page.Request) error {
	return p.done(r, resetting, func(scope access.Scope, x view.PersonRow) (string, string, error) {
		return personPath(x.ID), "The second factor of " + x.Name + " is reset.", p.Access.ResetTOTP(r.Context(), scope, r.Now, access.UserID(x.ID))
	})
}

func (p *pages) signOutEverywhere(r *page.Request) error {
	return p.done(r, signingOut, func(scope access.Scope, x view.PersonRow) (string, string, error) {
		n, err := p.Access.SignOutEverywhere(r.Context(), scope, r.Now, access.UserID(x.ID))
		return personPath(x.ID), page.Plural(n, "session", "sessions") + " ended.", err
	})
}

func (p *pages) remove(r *page.Request) error {
	return p.done(r, removing, func(scope access.Scope, x view.PersonRow) (string, string, error) {
		return "/settings/people", x.Name + " is no longer a member.", p.Access.SetRole(r.Context(), scope, r.Now, access.UserID(x.ID), "")
	})
}
