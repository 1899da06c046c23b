package page

import "github.com/tickmark/tickmark/internal/access"

// Beginnings is what an organisation has of what a first examination needs.
type Beginnings struct {
	Described   bool // the description of the system names the system and a service
	Engagements int
	Connections int
	InForce     int // controls in force
	Drafts      int // controls whose newest version waits for approval
	Unowned     int // controls in force that nobody owns
	Auditors    int // members with the role of an auditor
	Policies    int // in force
}

// Step is a line of the checklist of the first run.
type Step struct {
	Title, Why string
	Done       bool
	Later      bool   // it cannot be done yet; Why says the reason
	Minutes    int    // it takes about
	Href       string // where it is done; empty when the reader may not
	Button     string
}

// firstStepsEnough is how many done steps shrink the checklist to one line.
const firstStepsEnough = 5

// FirstSteps is the checklist for a reader: the state comes from the records, the buttons from the reader's rights.
func FirstSteps(r *Request, b Beginnings) []Step {
	all := []Step{
		{Title: "Name the system and its services", Why: "What is examined: the report begins with it.", Done: b.Described, Minutes: 15, Href: "/system", Button: "Describe the system"},
		{Title: "Choose categories and period", Why: "Which criteria apply, and the days that are observed.", Done: b.Engagements > 0, Minutes: 10, Href: "/which-report", Button: "Which report?"},
		{Title: "Connect the first source", Why: "Tests read facts from your systems; without one nothing is known.", Done: b.Connections > 0, Minutes: 10, Href: "/connections/new", Button: "Connect"},
		{Title: "Accept the control set", Why: draftsWords(b), Done: b.InForce > 0 && b.Drafts == 0, Minutes: 20, Href: "/controls", Button: "Look through them"},
		{Title: "Assign owners", Why: ownersWords(b), Done: b.InForce > 0 && b.Unowned == 0, Minutes: 10, Href: "/controls?owner=none", Button: "Assign"},
		{Title: "Approve 3 policies", Why: policiesWords(b), Done: b.Policies >= enoughPolicies, Minutes: 30, Href: policiesHref(b), Button: "Policies"},
		{Title: "Invite your auditor", Why: "Auditors read everything of the examination and change nothing.", Done: b.Auditors > 0, Minutes: 2, Href: "/settings/people/invite", Button: "Invite"},
	}
	for i := range all {
		all[i].Href = r.reachable(all[i].Href)
	}
	return all
}

// reachable is a path that has a page the reader may open, or the nearest above it that has; empty for none.
func (r *Request) reachable(href string) string {
	for _, try := range alternatives[href] {
		if x, ok := r.lookup(try); ok && r.Allowed(x.Action) {
			return try
		}
	}
	if x, ok := r.lookup(href); ok && r.Allowed(x.Action) {
		return href
	}
	return ""
}

// alternatives are where a step is done in installations whose pages are arranged otherwise, best first.
var alternatives = map[string][]string{
	"/connections/new":        {"/settings/connections/new", "/connections/new", "/connections/add", "/connections"},
	"/settings/people/invite": {"/settings/people/invite", "/settings/people"},
	"/controls?owner=none":    {"/controls/bulk/owner", "/controls"},
	"/evidence":               {"/evidence/new", "/evidence"},
	"/system":                 {"/system/edit", "/system"},
	"/which-report":           {"/which-report", "/engagements"},
}

// lookup finds the GET route of a path.
func (r *Request) lookup(path string) (Route, bool) {
	for _, x := range r.site.gets {
		if x.Pattern == path {
			return x, true
		}
	}
	return Route{}, false
}

func draftsWords(b Beginnings) string {
	switch {
	case b.InForce+b.Drafts == 0:
		return "There is no control yet. Adopt the starter set, or write your own."
	case b.Drafts > 0:
		return Plural(b.Drafts, "control waits", "controls wait") + " for approval; " + Count(b.InForce) + " in force."
	}
	return Plural(b.InForce, "control is", "controls are") + " in force."
}

// enoughPolicies is how many approved policies make a beginning.
const enoughPolicies = 3

func policiesWords(b Beginnings) string {
	if b.Policies == 0 {
		return "What people are held to. The starters are a beginning: adopt them, make them yours, and have a second person approve them."
	}
	return Plural(b.Policies, "policy is", "policies are") + " in force."
}

// policiesHref is where policies begin: with the starters, while there is none.
func policiesHref(b Beginnings) string {
	if b.Policies == 0 {
		return "/policies/starters"
	}
	return "/policies"
}

func ownersWords(b Beginnings) string {
	if b.InForce > 0 && b.Unowned > 0 {
		return Plural(b.Unowned, "control has", "controls have") + " no owner: nobody is asked when it fails."
	}
	return "Each control needs somebody who is asked when it fails."
}

// doneSteps counts what is done.
func doneSteps(all []Step) int {
	n := 0
	for _, s := range all {
		if s.Done {
			n++
		}
	}
	return n
}

// mayBegin reports whether the checklist is any of the reader's business.
func mayBegin(r *Request) bool { return r.Can(access.EditControls) || r.Can(access.ManageOrg) }

// next reports whether the step is the first that waits: its button stands out.
func (s Step) next(all []Step) bool {
	for _, x := range all {
		if !x.Done && !x.Later {
			return x.Title == s.Title
		}
	}
	return false
}
