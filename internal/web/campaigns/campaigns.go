// Package campaigns shows what is asked of many people and what they learn: campaigns, duties, courses, and the pages of those
// who come with a personal link.
package campaigns

import (
	"context"
	"net/http"
	"net/url"

	"github.com/a-h/templ"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/training"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Services is what these pages need.
type Services struct {
	Campaigns *campaign.Service
	Training  *training.Service
	People    *people.Service
	Access    *access.Service
	// Mails reports whether e-mail goes to people about what is asked of them.
	Mails func(ctx context.Context, s access.ReadScope) (bool, error)
}

type pages struct{ Services }

// component is a part of a page.
type component = templ.Component

// Routes are the pages of this package.
func Routes(s Services) []page.Route {
	p := &pages{s}
	get := func(pattern string, a access.Action, title, nav string, h func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodGet, Pattern: pattern, Action: a, Title: title, Nav: nav, Handle: h}
	}
	post := func(pattern string, a access.Action, title, nav string, h func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodPost, Pattern: pattern, Action: a, Title: title, Nav: nav, Handle: h}
	}
	command := func(words string, r page.Route) page.Route {
		r.Command = words
		return r
	}
	both := func(pattern string, title, nav string, form, act func(*page.Request) error) []page.Route {
		return []page.Route{get(pattern, access.ManageCampaigns, title, nav, form), post(pattern, access.ManageCampaigns, title, nav, act)}
	}
	all := []page.Route{
		command("Who has signed?", get("/campaigns", access.ReadPeople, "Campaigns", "", p.campaigns)),
		command("Open a campaign", get("/campaigns/new", access.ManageCampaigns, "New campaign", "/campaigns", p.newCampaign)),
		post("/campaigns/new", access.ManageCampaigns, "New campaign", "/campaigns", p.openCampaign),
		get("/campaigns/{ref}", access.ReadPeople, "Campaign", "/campaigns", p.campaign),
		post("/campaigns/{ref}/remind", access.ManageCampaigns, "Remind", "/campaigns", p.remind),
		post("/campaigns/{ref}/bulk/waive", access.ManageCampaigns, "Waive", "/campaigns", p.waiveMany),
		post("/campaigns/{ref}/bulk/postpone", access.ManageCampaigns, "Postpone", "/campaigns", p.postponeMany),
		post("/campaigns/{ref}/restore", access.ManageCampaigns, "Take a waiver back", "/campaigns", p.restore),
		get("/duties/{id}", page.SignedIn, "What is asked of you", "/my-work", p.duty),
		post("/duties/{id}/sign", access.SignDuties, "Acknowledge", "/my-work", p.sign),
		post("/duties/{id}/answers", access.SignDuties, "Answer", "/my-work", p.answer),
		get("/mine/{token}", page.Public, "What is asked of you", "", p.mine),
		get("/mine/{token}/{duty}", page.Public, "What is asked of you", "", p.mineDuty),
		post("/mine/{token}/{duty}/sign", page.Public, "Acknowledge", "", p.mineSign),
		post("/mine/{token}/{duty}/answers", page.Public, "Answer", "", p.mineAnswer),
		get("/mine/thanks", page.Public, "Thank you", "", p.thanks),
		command("Who is trained?", get("/training", access.ReadPeople, "Training", "", p.records)),
		command("Courses", get("/training/courses", access.ReadPeople, "Courses", "/training", p.courses)),
		post("/training/courses/begin", access.ManageCampaigns, "Starter courses", "/training", p.begin),
		get("/training/courses/{ref}", access.ReadPeople, "Course", "/training", p.course),
		post("/training/courses/{ref}/retire", access.ManageCampaigns, "Retire a course", "/training", p.retire),
	}
	imported := both("/training/import", "Import completions", "/training", p.importForm, p.importFile)
	imported[1].Body = training.MaxImport + 1<<20
	for _, two := range [][]page.Route{
		both("/campaigns/{ref}/close", "Close a campaign", "/campaigns", p.closeForm, p.closeCampaign),
		both("/campaigns/{ref}/extend", "Extend a campaign", "/campaigns", p.extendForm, p.extend),
		both("/training/courses/new", "New course", "/training", p.newCourse, p.addCourse),
		both("/training/courses/{ref}/edit", "New version of a course", "/training", p.editCourse, p.publish),
		imported,
	} {
		all = append(all, two...)
	}
	for i := range all {
		all[i].Styles = "campaigns"
	}
	return all
}

// Addresses of these pages.

func campaignURL(ref string) string     { return "/campaigns/" + url.PathEscape(ref) }
func dutyURL(id campaign.DutyID) string { return "/duties/" + url.PathEscape(string(id)) }
func courseURL(ref string) string       { return "/training/courses/" + url.PathEscape(ref) }
func personURL(ref string) string       { return "/people/" + url.PathEscape(ref) }
func mineURL(token, duty string) string {
	u := "/mine/" + url.PathEscape(token)
	if duty != "" {
		u += "/" + url.PathEscape(duty)
	}
	return u
}

// subjectURL is the page of what a campaign is about.
func subjectURL(k campaign.Kind, ref string) string {
	if k == campaign.Train {
		return courseURL(ref)
	}
	return "/policies/" + url.PathEscape(ref)
}

func today(r *page.Request) period.Date { return period.Of(r.Now) }

// dutyKey is the status key of a duty's state.
func dutyKey(d campaign.Duty, today period.Date) string {
	switch {
	case d.State == campaign.Open && (d.Closed || d.Due < today):
		return "fail"
	case d.State == campaign.Open:
		return "prog"
	case d.Late():
		return "risk"
	case d.State == campaign.Done:
		return "pass"
	case d.State == campaign.Waived:
		return "exm"
	}
	return "na"
}

// recordKey is the status key of a training record.
func recordKey(s training.State) string {
	switch s {
	case training.Overdue, training.Expired:
		return "fail"
	case training.Due:
		return "prog"
	case training.Done:
		return "pass"
	case training.Waived:
		return "exm"
	}
	return "na"
}

// standing is the state of a campaign in words, with its status key.
func standing(c campaign.Campaign, n campaign.Counts) (key, words string) {
	switch {
	case c.Closed != nil && n.Open > 0:
		return "risk", "Closed, " + page.Count(n.Open) + " undone"
	case c.Closed != nil:
		return "na", "Closed"
	case n.Overdue > 0:
		return "fail", page.Count(n.Overdue) + " overdue"
	case n.Open == 0 && n.Total > 0:
		return "pass", "All done"
	}
	return "prog", "Open"
}

func day(d period.Date) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// dayField reads a date that must be given.
func dayField(f *page.Form, field string) period.Date {
	d, err := period.ParseDate(f.Get(field))
	if err != nil || d <= 0 {
		f.Wrong(field, "Give a day such as 2026-12-31.")
		return 0
	}
	return d
}
