package policies

import (
	"errors"
	"strconv"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/policy"
	"github.com/tickmark/tickmark/internal/web/page"
)

// act is something that is done about a policy, asked for in a panel.
type act struct {
	path, title, button string
	action              access.Action
	danger              bool
	record              bool // it is about the record, not about the open version: what the form carries is the record's version
	confirm             bool // the reference has to be written
	label, help         string
	text                func(d detail) string // what will happen
	do                  func(p *pages, r *page.Request, s access.Scope, d detail, f *page.Form) (policy.Policy, error)
	said                func(d detail) string
}

// field is the name of the text an act asks for.
func (a act) field() string {
	if a.path == "reviewed" || a.path == "contacts" {
		return "note"
	}
	return "reason"
}

func (a act) base(d detail) int {
	if a.record {
		return d.Version
	}
	return d.open().Stamp()
}

func version(n int) string { return "version " + strconv.Itoa(n) }

// nextReview is the day of the next review if it is looked at, or approved, now.
func nextReview(d detail) string {
	return page.DateText(policy.After(d.Today, d.Months))
}

// acts are all of them. Each has a page of its own and says what it does before it is done.
var acts = []act{
	{
		path: "send", title: "Send for review", button: "Send for review", action: access.EditPolicies,
		text: func(d detail) string {
			return "Somebody who did not write in " + version(d.Open) + " and may approve policies reads it, and approves it or gives it back. While it waits it can still be changed; then it is a draft again."
		},
		do: func(p *pages, r *page.Request, s access.Scope, d detail, f *page.Form) (policy.Policy, error) {
			return p.Policies.Send(r.Context(), s, r.Now, d.Ref, f.Base())
		},
		said: func(d detail) string { return "Version " + strconv.Itoa(d.Open) + " waits for a second person." },
	},
	{
		path: "approve", title: "Approve", button: "Approve", action: access.ApprovePolicies,
		text: func(d detail) string {
			s := "Version " + strconv.Itoa(d.Open) + " is in force from now on, and everybody here can read it. The next review is due on " + nextReview(d) + "."
			if d.InForce > 0 {
				s += " Version " + strconv.Itoa(d.InForce) + " is replaced: acknowledgements of it that are still open become void."
			}
			return s
		},
		do: func(p *pages, r *page.Request, s access.Scope, d detail, f *page.Form) (policy.Policy, error) {
			return p.Policies.Approve(r.Context(), s, r.Now, d.Ref, f.Base())
		},
		said: func(d detail) string {
			return d.Ref + " is approved: version " + strconv.Itoa(d.Open) + " is in force."
		},
	},
	{
		path: "return", title: "Give back", button: "Give it back", action: access.ApprovePolicies, label: "What has to change?", help: "At least 10 characters. The author reads it.",
		text: func(d detail) string {
			return "Version " + strconv.Itoa(d.Open) + " becomes a draft again, with what you write here."
		},
		do: func(p *pages, r *page.Request, s access.Scope, d detail, f *page.Form) (policy.Policy, error) {
			return p.Policies.Return(r.Context(), s, r.Now, d.Ref, f.Base(), f.Get("reason"))
		},
		said: func(d detail) string { return "Version " + strconv.Itoa(d.Open) + " is given back." },
	},
	{
		path: "drop", title: "Withdraw the draft", button: "Withdraw the draft", action: access.EditPolicies, danger: true, label: "Why is it withdrawn?", help: "At least 10 characters. It stays on record with the reason.",
		text: func(d detail) string {
			return "Version " + strconv.Itoa(d.Open) + " will not come into force. What is in force does not change."
		},
		do: func(p *pages, r *page.Request, s access.Scope, d detail, f *page.Form) (policy.Policy, error) {
			return p.Policies.Drop(r.Context(), s, r.Now, d.Ref, f.Base(), f.Get("reason"))
		},
		said: func(d detail) string { return "Version " + strconv.Itoa(d.Open) + " is withdrawn." },
	},
	{
		path: "reviewed", title: "Reviewed, and it stays", button: "Record the review", action: access.ApprovePolicies, record: true, label: "What was looked at, and with whom?", help: "At least 10 characters. The auditor reads it.",
		text: func(d detail) string {
			return "You have read version " + strconv.Itoa(d.InForce) + " and it still fits. The next review is due on " + nextReview(d) + ". If anything has to change, write a new version instead."
		},
		do: func(p *pages, r *page.Request, s access.Scope, d detail, f *page.Form) (policy.Policy, error) {
			return p.Policies.Review(r.Context(), s, r.Now, d.Ref, f.Base(), f.Get("note"))
		},
		said: func(d detail) string {
			return "Review of " + d.Ref + " recorded. The next is due on " + nextReview(d) + "."
		},
	},
	{
		path: "contacts", title: "Contacts tried", button: "Record it", action: access.EditPolicies, record: true, label: "Who was reached, and what was corrected?", help: "At least 10 characters. The contacts of an incident plan are tried at least every 183 days.",
		text: func(detail) string {
			return "Everybody the plan names was called or written to, and what was wrong is corrected."
		},
		do: func(p *pages, r *page.Request, s access.Scope, d detail, f *page.Form) (policy.Policy, error) {
			return p.Policies.Try(r.Context(), s, r.Now, d.Ref, f.Get("note"))
		},
		said: func(d detail) string { return "The contacts of " + d.Ref + " were tried today." },
	},
	{
		path: "withdraw", title: "Take out of force", button: "Take it out of force", action: access.ApprovePolicies, danger: true, record: true, label: "Why does it no longer hold?", help: "At least 10 characters. The auditor reads it.",
		text: func(d detail) string {
			return "Nothing of " + d.Ref + " is in force until another version is approved. Whoever still has to acknowledge version " + strconv.Itoa(d.InForce) + " no longer can, and nobody is asked for it."
		},
		do: func(p *pages, r *page.Request, s access.Scope, d detail, f *page.Form) (policy.Policy, error) {
			return p.Policies.Withdraw(r.Context(), s, r.Now, d.Ref, f.Base(), f.Get("reason"))
		},
		said: func(d detail) string { return "Nothing of " + d.Ref + " is in force any more." },
	},
	{
		path: "retire", title: "Retire", button: "Retire", action: access.ApprovePolicies, danger: true, record: true, confirm: true, label: "Why is it given up?", help: "At least 10 characters. The auditor reads it.",
		text: func(d detail) string {
			return d.Ref + " is given up: nothing of it is in force, and nobody is reminded of it. Its versions, approvals and acknowledgements stay. A new version that somebody approves brings it back."
		},
		do: func(p *pages, r *page.Request, s access.Scope, d detail, f *page.Form) (policy.Policy, error) {
			return p.Policies.Retire(r.Context(), s, r.Now, d.Ref, f.Base(), f.Get("reason"))
		},
		said: func(d detail) string { return d.Ref + " is retired." },
	},
	{
		path: "settings", title: "Owner and review", button: "Save", action: access.EditPolicies, record: true,
		text: func(detail) string { return "It counts at once and is recorded; the text does not change." },
		do: func(p *pages, r *page.Request, s access.Scope, d detail, f *page.Form) (policy.Policy, error) {
			return p.Policies.Settings(r.Context(), s, r.Now, d.Ref, f.Base(), f.Get("owner"), monthsOf(f))
		},
		said: func(d detail) string { return "Owner and review of " + d.Ref + " saved." },
	},
}

func (p *pages) actForm(a act) func(*page.Request) error {
	return func(r *page.Request) error {
		d, err := p.find(r)
		if err != nil {
			return err
		}
		f := page.NewForm()
		if a.path == "settings" {
			f = page.NewForm("owner", string(d.Owner), "months", strconv.Itoa(d.Months))
		}
		return p.showAct(r, a, d, f)
	}
}

func (p *pages) showAct(r *page.Request, a act, d detail, f *page.Form) error {
	var people []page.Option
	if a.path == "settings" {
		members, err := p.Access.Members(r.Context(), r.Read())
		if err != nil {
			return err
		}
		people = page.MemberOptions(members)
	}
	return r.RenderPanel(f.Status(), actPanel(r, f, a, d, people))
}

func (p *pages) act(a act) func(*page.Request) error {
	return func(r *page.Request) error {
		f, scope, err := r.Submitted()
		if err != nil {
			return err
		}
		d, err := p.find(r)
		if err != nil {
			return err
		}
		if a.path == "settings" {
			monthsOf(f)
		}
		if a.confirm && f.Get("confirm") != d.Ref {
			f.Wrong("confirm", "Write "+d.Ref+" to confirm.")
		}
		if f.OK() {
			_, err := a.do(p, r, scope, d, f)
			if err == nil {
				return r.Redirect(policyURL(d.Ref), a.said(d))
			}
			var old *policy.Stale
			switch {
			case errors.As(err, &old) && a.path == "settings":
				f.Stale(old.Policy.Version, map[string]string{"owner": d.Name(string(old.Policy.Owner)), "months": strconv.Itoa(old.Policy.Months)})
			case !f.Take(err):
				return err
			}
		}
		return p.showAct(r, a, d, f)
	}
}

// shown is which acts the page of a policy offers to the reader, besides those in its head.
func (d detail) shown(r *page.Request) []act {
	var out []act
	for _, a := range acts {
		if !r.Can(a.action) {
			continue
		}
		ok := false
		switch a.path {
		case "settings":
			ok = d.Standing != policy.StandsRetired
		case "contacts":
			ok = d.InForce > 0 && serves(d.Shown, "INC-01")
		case "reviewed":
			ok = d.InForce > 0 && !d.Shown.Wrote(r.Read().Actor())
		case "withdraw":
			ok = d.InForce > 0
		case "drop":
			ok = d.Open > 0
		case "retire":
			ok = d.Open == 0 && d.Standing != policy.StandsRetired
		}
		if ok {
			out = append(out, a)
		}
	}
	return out
}

func serves(v policy.Version, control string) bool {
	for _, c := range v.Controls {
		if c == control {
			return true
		}
	}
	return false
}

// dueIn says how long it is until a review, for a reader.
func dueIn(d detail) string {
	switch days := int(d.Due - d.Today); {
	case d.Due == 0:
		return ""
	case days < 0:
		return page.Plural(-days, "day", "days") + " overdue"
	case days == 0:
		return "today"
	default:
		return "in " + page.Plural(days, "day", "days")
	}
}

// dayOf is the day of an instant, for a reader; empty for none.
func dayOf(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format("2 Jan 2006")
}
