// Package changes shows the changes of the system that people are told of: what changes and when, whom it concerns, whether a
// person finds it significant, and the proof that those concerned were told.
package changes

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/change"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/risk"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Services is what these pages need.
type Services struct {
	Changes *change.Service
	Risks   *risk.Service
	View    *view.Reader
	System  *org.Service
	People  *people.Service
	// Campaigns asks people to confirm that they know.
	Campaigns *campaign.Service
}

type pages struct{ Services }

type templComponent = templ.Component

const place = "/changes"

func changeURL(ref string) string { return place + "/" + url.PathEscape(ref) }

// Routes are the pages of this package.
func Routes(s Services) []page.Route {
	p := &pages{s}
	form := func(pattern, title string, get, post func(*page.Request) error) []page.Route {
		return []page.Route{
			{Method: http.MethodGet, Pattern: pattern, Action: access.ManageChanges, Title: title, Nav: place, Handle: get},
			{Method: http.MethodPost, Pattern: pattern, Action: access.ManageChanges, Title: title, Nav: place, Handle: post},
		}
	}
	created := form(place+"/new", "New significant change", p.newChange, p.addChange)
	created[0].Command = "Record a significant change"
	all := slices.Concat(
		[]page.Route{
			{Method: http.MethodGet, Pattern: place, Action: access.ReadRisks, Title: "Significant changes", Handle: p.changes},
			{Method: http.MethodGet, Pattern: place + "/{ref}", Action: access.ReadRisks, Title: "Significant change", Nav: place, Handle: p.change},
			{Method: http.MethodPost, Pattern: place + "/{ref}/describe", Action: access.ManageEngagement, Title: "Describe a change", Nav: place, Handle: p.describe},
		},
		created,
		form(place+"/{ref}/edit", "Edit a change", p.editForm, p.edit),
		form(place+"/{ref}/decide", "Decide about a change", p.decideForm, p.decide),
		form(place+"/{ref}/tell", "Tell people", p.tellForm, p.tell),
		form(place+"/{ref}/prove", "Prove a notice", p.proveForm, p.prove),
		form(place+"/{ref}/release", "A change takes effect", p.releaseForm, p.release),
		form(place+"/{ref}/withdraw", "Withdraw a change", p.withdrawForm, p.withdraw),
	)
	for i := range all {
		all[i].Styles = "risks"
	}
	return all
}

var list = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Change", Sort: true}, {Key: "title", Title: "What changes", Sort: true, Wide: true}, {Key: "significant", Title: "Significant", Sort: true, Opt: true},
		{Key: "who", Title: "Who has to know", Opt: true}, {Key: "told", Title: "Told", Sort: true}, {Key: "effective", Title: "In effect", Sort: true, Num: true, Opt: true},
	},
	Filters: []page.Filter{
		{Key: "told", Title: "Told", Kind: page.Segments, Options: []page.Option{{Value: "none", Label: "Nobody yet"}, {Value: "part", Label: "In part"}, {Value: "all", Label: "Everybody", Status: "pass"}, {Value: "late", Label: "Too late", Status: "fail"}}},
		{Key: "significant", Title: "Significant", Kind: page.Select, Options: []page.Option{{Value: "yes", Label: "Significant"}, {Value: "no", Label: "Not significant"}, {Value: "undecided", Label: "Not decided"}}},
		{Key: "state", Title: "State", Kind: page.Select, Options: []page.Option{{Value: string(change.Planned), Label: change.Planned.Title()}, {Value: string(change.Released), Label: change.Released.Title()}, {Value: string(change.Withdrawn), Label: change.Withdrawn.Title()}}},
		{Key: "customers", Title: "Customers", Kind: page.Select, Options: []page.Option{{Value: "yes", Label: "Customers notice"}}},
		{Key: "from", Title: "From", Kind: page.Date}, {Key: "to", Title: "To", Kind: page.Date},
	},
	Search: "Find a change", Sort: "-effective", One: "change", Many: "changes",
}

func filter(t *page.Table) change.Filter {
	f := change.Filter{State: change.State(t.Filter("state")), Significant: t.Filter("significant"), Customer: t.Filter("customers") != "", Told: t.Filter("told")}
	from, ferr := period.ParseDate(t.Filter("from"))
	to, terr := period.ParseDate(t.Filter("to"))
	if ferr == nil || terr == nil {
		if ferr != nil {
			from = 0
		}
		if terr != nil {
			to = period.Make(9999, 12, 30)
		}
		f.Within = period.Closed(from, to)
	}
	return f
}

func audienceText(list []change.Audience) string {
	var out []string
	for _, a := range list {
		out = append(out, a.Title())
	}
	return strings.Join(out, ", ")
}

func (p *pages) changes(r *page.Request) error {
	t, err := r.Table(&list)
	if err != nil {
		return err
	}
	f := filter(t)
	if t.Exporting() {
		head := []string{"Change", "Title", "Text", "State", "Planned for", "In effect", "Significant", "Reason", "Customers notice", "Impact", "Services", "Components", "Who has to know", "Told", "Told too late", "Without proof", "Notices"}
		return r.Export(t, "significant-changes", head, func(q paging.Query) ([][]any, int, error) {
			res, err := p.Changes.List(r.Context(), r.Read(), f, q)
			var out [][]any
			for _, c := range res.Rows {
				var released any
				reason := ""
				if c.Released != nil {
					released = *c.Released
				}
				if c.Decision != nil {
					reason = c.Decision.Reason
				}
				out = append(out, []any{c.Ref, c.Title, c.Text.Text, c.State().Title(), c.Effective.String(), released, significantWord(c), reason, c.Customer, c.Impact, strings.Join(c.Services, ", "), strings.Join(c.Components, ", "),
					audienceText(c.Audiences), toldWords(c), audienceText(c.Late()), audienceText(c.Unproved()), len(c.Notices)})
			}
			return out, res.Total, err
		})
	}
	res, err := p.Changes.List(r.Context(), r.Read(), f, t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	counts := map[string]int{}
	for _, o := range list.Filters[0].Options {
		g := f
		g.Told = o.Value
		n, err := p.Changes.List(r.Context(), r.Read(), g, paging.Query{Size: 1, Search: t.Query.Search})
		if err != nil {
			return err
		}
		counts[o.Value] = n.Total
	}
	t.SetCounts("told", counts)
	part := rows(r, t, res.Rows)
	return r.Render(http.StatusOK, listPage(r, t, part), page.Part(t.ID(), part))
}

// changeView is everything the page of a change shows.
type changeView struct {
	change.Change
	History   []change.Version
	Names     map[string]string
	Described bool // it stands in the system description
	Reviews   []risk.Trigger
	Confirmed map[string]string // of a campaign: how many of those asked confirmed that they know
}

func (p *pages) read(r *page.Request) (changeView, error) {
	var v changeView
	var err error
	if v.Change, err = p.Changes.Change(r.Context(), r.Read(), r.Arg("ref")); err != nil {
		return v, err
	}
	if v.History, err = p.Changes.History(r.Context(), r.Read(), v.ID); err != nil {
		return v, err
	}
	who := []string{v.Author}
	if v.Decision != nil {
		who = append(who, v.Decision.Actor)
	}
	for _, h := range v.History {
		who = append(who, h.Actor)
	}
	for _, n := range v.Notices {
		who = append(who, n.Actor)
	}
	if v.Names, err = p.View.Actors(r.Context(), r.Read(), who...); err != nil {
		return v, err
	}
	res, err := p.Risks.ListTriggers(r.Context(), r.Read(), risk.TriggerFilter{About: v.Ref}, paging.Query{})
	if err != nil {
		return v, err
	}
	v.Reviews = res.Rows
	if v.Confirmed, err = p.confirmed(r, v.Change); err != nil {
		return v, err
	}
	if r.Can(access.ReadEngagement) {
		d, err := p.System.Description(r.Context(), r.Read(), r.Now)
		if err != nil {
			return v, err
		}
		v.Described = slices.ContainsFunc(d.Changes, func(x org.Change) bool { return x.Key() == described(v.Change).Key() })
	}
	return v, nil
}

// confirmed counts, for each campaign that told people, those who confirmed it.
func (p *pages) confirmed(r *page.Request, c change.Change) (map[string]string, error) {
	out := map[string]string{}
	for _, n := range c.Notices {
		if n.Campaign == "" || out[n.Campaign] != "" || !r.Can(access.ReadPeople) {
			continue
		}
		x, err := p.Campaigns.Campaign(r.Context(), r.Read(), n.Campaign)
		if err != nil {
			return nil, err
		}
		tally, err := p.Campaigns.Tally(r.Context(), r.Read(), r.Now, x.ID)
		if err != nil {
			return nil, err
		}
		out[n.Campaign] = page.Count(tally[x.ID].Done) + " of " + page.Count(tally[x.ID].Asked()) + " confirmed"
	}
	return out, nil
}

func (p *pages) change(r *page.Request) error {
	v, err := p.read(r)
	if err != nil {
		return err
	}
	r.Title = v.Ref + " " + v.Title
	r.Crumbs = []page.Crumb{{Text: "Significant changes", Href: place}, {Text: v.Ref}}
	return r.Render(http.StatusOK, changePage(r, v))
}

// described is a change as the system description has it (DC9).
func described(c change.Change) org.Change {
	x := org.Change{Date: c.Effective, Title: c.Title, Text: c.Text.Text, Told: toldSentence(c)}
	if c.Released != nil {
		x.Date = period.Of(*c.Released)
	}
	if x.Text == "" {
		x.Text = c.Impact
	}
	if x.Text == "" {
		x.Text = c.Title
	}
	return x
}

// toldSentence says who was told, and how.
func toldSentence(c change.Change) string {
	var out []string
	for _, a := range c.Audiences {
		if n, ok := c.First(a); ok {
			out = append(out, a.Title()+" by "+strings.ToLower(n.Channel.Title())+" on "+page.DateText(period.Of(n.Sent)))
		}
	}
	return strings.Join(out, "; ")
}

// describe puts a significant change into the system description.
func (p *pages) describe(r *page.Request) error {
	if _, err := r.Form(); err != nil {
		return err
	}
	scope, err := r.Write()
	if err != nil {
		return err
	}
	c, err := p.Changes.Change(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	if _, err := p.System.Save(r.Context(), scope, r.Now, org.Edit{Note: "From " + c.Ref}, described(c)); err != nil {
		return err
	}
	return r.Redirect(changeURL(c.Ref), c.Ref+" stands in the system description.")
}

// stale shows both texts when somebody else changed the record meanwhile.
func stale(f *page.Form, err error) bool {
	var s *change.Stale
	if !errors.As(err, &s) {
		return false
	}
	now := map[string]string{}
	for k, v := range fieldsOf(s.Theirs.Text) {
		if f.Values.Has(k) {
			now[k] = v
		}
	}
	f.Stale(s.Theirs.Version, now)
	return true
}

// act does something about a change.
func (p *pages) act(r *page.Request, do func(scope access.Scope, c change.Change, f *page.Form) (string, error), draw func(c change.Change, f *page.Form) (templComponent, error)) error {
	f, scope, err := r.Submitted()
	if err != nil {
		return err
	}
	c, err := p.Changes.Change(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	said, err := do(scope, c, f)
	if err == nil && f.OK() {
		return r.Redirect(changeURL(c.Ref), said)
	}
	if err != nil && !stale(f, err) && !f.Take(err) {
		return err
	}
	part, err := draw(c, f)
	if err != nil {
		return err
	}
	return r.RenderPanel(f.Status(), part)
}

func (p *pages) ask(r *page.Request, draw func(c change.Change) (templComponent, error)) error {
	c, err := p.Changes.Change(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	part, err := draw(c)
	if err != nil {
		return err
	}
	return r.RenderPanel(http.StatusOK, part)
}

func (p *pages) decideForm(r *page.Request) error {
	return p.ask(r, func(c change.Change) (templComponent, error) {
		f := page.NewForm()
		if c.Decision != nil {
			f = page.NewForm("significant", c.Significance(), "reason", c.Decision.Reason)
		}
		return decidePanel(r, f, c), nil
	})
}

func (p *pages) decide(r *page.Request) error {
	return p.act(r, func(scope access.Scope, c change.Change, f *page.Form) (string, error) {
		s := f.Get("significant")
		if s != "yes" && s != "no" {
			f.Wrong("significant", "Choose one. Nobody but a person decides it.")
			return "", nil
		}
		_, err := p.Changes.Decide(r.Context(), scope, r.Now, c.Ref, f.Base(), s == "yes", f.Values.Get("reason"))
		return "It is recorded.", err
	}, func(c change.Change, f *page.Form) (templComponent, error) { return decidePanel(r, f, c), nil })
}

// instantField is a time as a field of type datetime-local shows it, in UTC.
const instantField = "2006-01-02T15:04"

func parseInstant(f *page.Form, field string) time.Time {
	t, err := time.Parse(instantField, f.Get(field))
	if err != nil {
		if t, err = time.Parse(instantField+":05", f.Get(field)); err != nil {
			f.Wrong(field, "Give day and time such as 2026-12-31T09:30, in UTC.")
		}
	}
	return t
}

func (p *pages) tellForm(r *page.Request) error {
	return p.ask(r, func(c change.Change) (templComponent, error) {
		to := r.Query("to")
		if to == "" && len(c.Untold()) > 0 {
			to = c.Untold()[0].Key()
		}
		return tellPanel(r, page.NewForm("to", to, "channel", string(change.Email), "sent", r.Now.UTC().Format(instantField), "text", draft(c)), c), nil
	})
}

// draft is what people could be told: a beginning, to be rewritten.
func draft(c change.Change) string {
	if len(c.Notices) > 0 {
		return c.Notices[len(c.Notices)-1].Text
	}
	out := c.Title + ", from " + page.DateText(c.Effective) + " on."
	if c.Impact != "" {
		out += "\n\n" + c.Impact
	}
	return out
}

func (p *pages) tell(r *page.Request) error {
	return p.act(r, func(scope access.Scope, c change.Change, f *page.Form) (string, error) {
		n := change.Notice{To: change.ParseAudience(f.Get("to")), Channel: change.Channel(f.Get("channel")), Text: f.Values.Get("text"), Sent: parseInstant(f, "sent"), Evidence: f.Get("evidence"), Campaign: f.Get("campaign")}
		if s := f.Get("recipients"); s != "" {
			var err error
			if n.Recipients, err = strconv.Atoi(s); err != nil {
				f.Wrong("recipients", "Give a whole number, or leave it empty.")
			}
		}
		if !f.OK() {
			return "", nil
		}
		_, err := p.Changes.Tell(r.Context(), scope, r.Now, c.Ref, f.Base(), n)
		return n.To.Title() + ": told.", err
	}, func(c change.Change, f *page.Form) (templComponent, error) { return tellPanel(r, f, c), nil })
}

func (p *pages) proveForm(r *page.Request) error {
	return p.ask(r, func(c change.Change) (templComponent, error) {
		return provePanel(r, page.NewForm("notice", r.Query("notice")), c), nil
	})
}

func (p *pages) prove(r *page.Request) error {
	return p.act(r, func(scope access.Scope, c change.Change, f *page.Form) (string, error) {
		n, err := strconv.Atoi(f.Get("notice"))
		if err != nil {
			n = 0
		}
		_, err = p.Changes.Prove(r.Context(), scope, r.Now, c.Ref, f.Base(), n, f.Get("evidence"))
		return "The proof is recorded.", err
	}, func(c change.Change, f *page.Form) (templComponent, error) { return provePanel(r, f, c), nil })
}

func (p *pages) releaseForm(r *page.Request) error {
	return p.ask(r, func(c change.Change) (templComponent, error) {
		return releasePanel(r, page.NewForm("at", r.Now.UTC().Format(instantField)), c), nil
	})
}

func (p *pages) release(r *page.Request) error {
	return p.act(r, func(scope access.Scope, c change.Change, f *page.Form) (string, error) {
		at := parseInstant(f, "at")
		if !f.OK() {
			return "", nil
		}
		_, err := p.Changes.Release(r.Context(), scope, r.Now, c.Ref, f.Base(), at)
		return c.Ref + " is in effect.", err
	}, func(c change.Change, f *page.Form) (templComponent, error) { return releasePanel(r, f, c), nil })
}

func (p *pages) withdrawForm(r *page.Request) error {
	return p.ask(r, func(c change.Change) (templComponent, error) { return withdrawPanel(r, page.NewForm(), c), nil })
}

func (p *pages) withdraw(r *page.Request) error {
	return p.act(r, func(scope access.Scope, c change.Change, f *page.Form) (string, error) {
		_, err := p.Changes.Withdraw(r.Context(), scope, r.Now, c.Ref, f.Base(), f.Values.Get("why"))
		return c.Ref + " is withdrawn.", err
	}, func(c change.Change, f *page.Form) (templComponent, error) { return withdrawPanel(r, f, c), nil })
}
