package directory

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/web/page"
)

// record is everything that is known of a person.
type record struct {
	people.Person
	Leaver  people.Leaver
	Stints  []people.Stint
	Steps   []people.Step
	Kept    []string
	Devices []people.Device
	History []people.Event
	Names   map[people.ID]people.Person // of managers in the history
	Reports []people.Person
	Doubts  []people.Doubt
	Duties  []campaign.Duty
	Told    people.Told // the snapshot that tells of the person
	Role    *people.Role
}

func (p *pages) person(r *page.Request) error {
	x, err := p.People.Person(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	rec, err := p.read(r, x)
	if err != nil {
		return err
	}
	r.Title = x.Name
	r.Crumbs = []page.Crumb{{Text: "People", Href: "/people"}, {Text: x.Ref}}
	return r.Render(http.StatusOK, personPage(r, rec))
}

func (p *pages) read(r *page.Request, x people.Person) (*record, error) {
	ctx, scope := r.Context(), r.Read()
	rec := &record{Person: x}
	var err error
	if rec.Leaver, err = p.People.Leave(ctx, scope, x); err != nil {
		return nil, err
	}
	if rec.Stints, err = p.People.Stints(ctx, scope, x.ID); err != nil {
		return nil, err
	}
	devices, err := p.People.ListDevices(ctx, scope, people.DeviceFilter{Holders: []people.ID{x.ID}}, paging.Query{Size: 200})
	if err != nil {
		return nil, err
	}
	rec.Devices = devices.Rows
	if rec.Reports, err = p.People.Everyone(ctx, scope, people.Filter{Manager: x.ID, Working: true}); err != nil {
		return nil, err
	}
	if err := p.readPast(r, rec); err != nil {
		return nil, err
	}
	told, err := p.People.Told(ctx, scope)
	if err != nil {
		return nil, err
	}
	for _, t := range told {
		if t.Resource == "worker" {
			rec.Kept = append(rec.Kept, t.Kept...)
		}
		if t.Source == x.Source && (t.Resource == "worker") == (x.Origin == people.FromHR) {
			rec.Told = t
		}
	}
	rec.Steps = people.Checklist(x, rec.Kept, period.Of(r.Now))
	if x.Title != "" {
		roles, err := p.People.ListRoles(ctx, scope, paging.Query{Size: paging.MaxSize})
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(roles.Rows, func(o people.Role) bool { return o.Fits(x.Title) }); i >= 0 {
			rec.Role = &roles.Rows[i]
		}
	}
	if p.Campaigns != nil {
		rec.Duties, err = p.Campaigns.ForPerson(ctx, scope, x.ID)
	}
	return rec, err
}

// readPast reads the history, with the names of the managers in it, and what does not fit.
func (p *pages) readPast(r *page.Request, rec *record) error {
	var err error
	if rec.History, err = p.People.History(r.Context(), r.Read(), rec.ID); err != nil {
		return err
	}
	slices.Reverse(rec.History)
	var ids []people.ID
	for _, e := range rec.History {
		if e.Field == "manager" {
			for _, id := range []string{e.Was, e.Became} {
				if id != "" {
					ids = append(ids, people.ID(id))
				}
			}
		}
	}
	if rec.Names, err = p.People.Known(r.Context(), r.Read(), ids); err != nil {
		return err
	}
	doubts, err := p.People.Doubts(r.Context(), r.Read())
	for _, d := range doubts {
		if d.Person == rec.ID || slices.Contains(strings.Split(d.Subject, ", "), rec.Ref) {
			rec.Doubts = append(rec.Doubts, d)
		}
	}
	return err
}

// phrase is an event of the history in words.
func (rec *record) phrase(e people.Event) string {
	switch e.Kind {
	case people.Joined:
		return "Joined, as " + origins[e.Became] + " tells"
	case people.Began:
		return "First day"
	case people.GivesEnd:
		if e.Was != "" {
			return "Last day changed from " + e.Was + " to " + e.Became
		}
		return "Will leave on " + e.Became
	case people.Stays:
		return "Stays: the last day, " + e.Was + ", was taken back"
	case people.HasLeft:
		return "Left"
	case people.Returned:
		return "Came back for another stint, from " + e.Became
	case people.Vanished:
		return "Not in " + e.Was + " any more"
	case people.Appeared:
		return "In " + e.Became + " again"
	case people.Moved, people.Renamed, people.Checked:
		return rec.change(e)
	}
	return string(e.Kind)
}

// origins are the origins of people in a sentence.
var origins = map[string]string{people.FromHR.Title(): "the HR system", people.FromDirectory.Title(): "the identity provider", people.ByHand.Title(): "somebody here"}

var fieldNames = map[string]string{
	"department": "Department", "title": "Title", "manager": "Manager", "kind": "Kind", "location": "Location", "name": "Name", "address": "Address", "number": "Employee number",
	"screening": "Screening result", "screened": "Screening completed", "agreement": "Agreement signed", "conduct": "Conduct rules accepted", "training": "Security training", "review": "Performance review",
}

func (rec *record) change(e people.Event) string {
	value := func(s string) string {
		if e.Field == "manager" && s != "" {
			if n, ok := rec.Names[people.ID(s)]; ok {
				return n.Name
			}
		}
		return s
	}
	name := fieldNames[e.Field]
	switch was, is := value(e.Was), value(e.Became); {
	case was == "":
		return name + ": " + is
	case is == "":
		return name + ": " + was + " taken away"
	default:
		return name + ": " + was + " → " + is
	}
}

// eventKey colours an event.
func eventKey(k people.EventKind) string {
	switch k {
	case people.Joined, people.Began, people.Returned, people.Appeared:
		return "pass"
	case people.HasLeft, people.GivesEnd:
		return "risk"
	case people.Vanished:
		return "err"
	case people.Moved, people.Renamed, people.Stays:
		return "prog"
	case people.Checked:
	}
	return "na"
}

// dutyKey is the status of a duty, and its word.
func dutyKey(d campaign.Duty, today period.Date) (key, word string) {
	switch {
	case d.Late():
		return "risk", "Done late"
	case d.State == campaign.Done:
		return "pass", "Done"
	case d.State == campaign.Waived:
		return "exm", "Waived"
	case d.State == campaign.Void:
		return "na", "Void"
	case d.Overdue(today):
		return "fail", "Overdue"
	}
	return "prog", "Open"
}

// mayGive reports whether the reader may record devices.
func mayGive(r *page.Request) bool { return r.Can(access.ManagePeople) }

// subtitle is what the person does, in a line.
func (rec *record) subtitle() string {
	var parts []string
	for _, s := range []string{rec.Title, rec.Department} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if len(parts) == 0 {
		return "Neither title nor department are known."
	}
	return strings.Join(parts, ", ")
}

// stillOpen counts the accounts that should have been closed.
func (rec *record) stillOpen() int {
	n := 0
	for _, a := range rec.Leaver.Removals {
		if rec.State == people.Left && a.State == people.StillOn {
			n++
		}
	}
	return n
}

// endText is when work ended.
func (rec *record) endText() string {
	if end := rec.End(); end != nil {
		return page.TimeText(*end)
	}
	return "on an unknown day"
}

// joiningHint sums up the joiner's checklist.
func (rec *record) joiningHint() string {
	n := map[people.StepState]int{}
	for _, s := range rec.Steps {
		n[s.State]++
	}
	switch {
	case n[people.StepMissing]+n[people.StepLate] > 0:
		return page.Plural(n[people.StepMissing]+n[people.StepLate], "gap", "gaps")
	case n[people.StepWaiting] > 0:
		return page.Count(n[people.StepWaiting]) + " to come"
	case n[people.StepUnknown] > 0:
		return page.Count(n[people.StepUnknown]) + " not kept in HR"
	}
	return "complete"
}

// keptDay is a day that HR may hold; what it does not keep of anybody is said.
func (rec *record) keptDay(field string, d period.Date) string {
	switch {
	case d != 0:
		return dayText(d)
	case slices.Contains(rec.Kept, field):
		return "none"
	}
	return "not kept"
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
