// Package vendors shows the register of vendors: the list, the calendar of reviews, applications behind sign-on that are on
// nobody's account, and each vendor with its contract, assessments, reports and what those ask of us.
package vendors

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/vendors"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/internal/work"
)

// Around is what other rooms know that these pages show.
type Around interface {
	// Applications are those of the sign-on systems as they were collected last.
	Applications(ctx context.Context, s access.ReadScope, now time.Time) ([]vendors.Application, error)
	// Examined is the period of the examination under way; without one the last 365 days.
	Examined(ctx context.Context, s access.ReadScope, now time.Time) (period.Period, error)
}

// Services is what these pages need.
type Services struct {
	Vendors  *vendors.Service
	Access   *access.Service
	View     *view.Reader
	System   *org.Service
	Evidence *evidence.Service
	Work     *work.Service
	Around   Around
}

type pages struct{ Services }

// Routes are the pages of this package.
func Routes(s Services) []page.Route {
	p := &pages{s}
	get := func(pattern string, a access.Action, title string, h func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodGet, Pattern: pattern, Action: a, Title: title, Nav: "/vendors", Handle: h}
	}
	post := func(pattern string, title string, h func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodPost, Pattern: pattern, Action: access.ManageVendors, Title: title, Nav: "/vendors", Handle: h}
	}
	command := func(words string, r page.Route) page.Route {
		r.Command = words
		return r
	}
	file := post("/vendors/{ref}/reports/new", "File a report", p.fileReport)
	if s.Evidence != nil {
		file.Body = s.Evidence.Limit() + 2<<20
	}
	read, write := access.ReadVendors, access.ManageVendors
	return []page.Route{
		get("/vendors", read, "Vendors", p.list),
		command("Which vendor reviews are due?", get("/vendors/calendar", read, "Review calendar", p.calendar)),
		command("Which applications are nobody's?", get("/vendors/applications", read, "Applications behind sign-on", p.applications)),
		get("/vendors/applications/own", write, "Own application", p.ownForm),
		post("/vendors/applications/own", "Own application", p.own),
		get("/vendors/applications/name", write, "Whose application?", p.nameForm),
		post("/vendors/applications/name", "Whose application?", p.nameApplication),
		post("/vendors/applications/add", "Add to the register", p.addApplication),
		get("/vendors/rules", read, "Rules", p.rulesForm),
		post("/vendors/rules", "Rules", p.setRules),
		command("Add a vendor", get("/vendors/new", write, "New vendor", p.newForm)),
		post("/vendors/new", "New vendor", p.add),
		get("/vendors/{ref}", read, "Vendor", p.vendor),
		get("/vendors/{ref}/edit", write, "Edit a vendor", p.editForm),
		post("/vendors/{ref}/edit", "Edit a vendor", p.edit),
		get("/vendors/{ref}/contract", write, "Contract", p.contractForm),
		post("/vendors/{ref}/contract", "Contract", p.agree),
		get("/vendors/{ref}/end", write, "End of use", p.endForm),
		post("/vendors/{ref}/end", "End of use", p.end),
		post("/vendors/{ref}/resume", "Use again", p.resume),
		get("/vendors/{ref}/remove", write, "Remove a vendor", p.removeForm),
		post("/vendors/{ref}/remove", "Remove a vendor", p.remove),
		get("/vendors/{ref}/subservice", write, "Subservice organisation", p.subserviceForm),
		post("/vendors/{ref}/subservice", "Subservice organisation", p.setSubservice),
		get("/vendors/{ref}/assess", write, "Assess a vendor", p.assessForm),
		post("/vendors/{ref}/assess", "Assess a vendor", p.assess),
		get("/vendors/{ref}/assessments/{id}", read, "Assessment", p.assessment),
		get("/vendors/{ref}/reports/new", write, "File a report", p.reportForm),
		file,
		get("/vendors/{ref}/reports/{id}", read, "Report", p.report),
		get("/vendors/{ref}/reports/{id}/edit", write, "Correct a report", p.correctForm),
		post("/vendors/{ref}/reports/{id}/edit", "Correct a report", p.correct),
		get("/vendors/{ref}/reports/{id}/review", write, "Review a report", p.reviewForm),
		post("/vendors/{ref}/reports/{id}/review", "Review a report", p.review),
		get("/vendors/{ref}/reports/{id}/withdraw", write, "Withdraw a report", p.withdrawForm),
		post("/vendors/{ref}/reports/{id}/withdraw", "Withdraw a report", p.withdraw),
		get("/vendors/{ref}/letters/new", write, "File a bridge letter", p.letterForm),
		post("/vendors/{ref}/letters/new", "File a bridge letter", p.fileLetter),
		get("/vendors/{ref}/letters/{id}/withdraw", write, "Withdraw a bridge letter", p.withdrawLetterForm),
		post("/vendors/{ref}/letters/{id}/withdraw", "Withdraw a bridge letter", p.withdrawLetter),
		get("/vendors/{ref}/cuecs/new", write, "Add a user entity control", p.cuecForm),
		post("/vendors/{ref}/cuecs/new", "Add a user entity control", p.addCUEC),
		get("/vendors/{ref}/cuecs/{id}", write, "User entity control", p.mapForm),
		post("/vendors/{ref}/cuecs/{id}", "User entity control", p.mapCUEC),
		get("/vendors/{ref}/cuecs/{id}/drop", write, "Take off the list", p.dropForm),
		post("/vendors/{ref}/cuecs/{id}/drop", "Take off the list", p.drop),
		get("/vendors/{ref}/findings/{id}/{n}/task", access.ManageTasks, "Make a task", p.taskForm),
		{Method: http.MethodPost, Pattern: "/vendors/{ref}/findings/{id}/{n}/task", Action: access.ManageTasks, Title: "Make a task", Nav: "/vendors", Handle: p.openTask},
	}
}

func vendorURL(ref string) string { return "/vendors/" + url.PathEscape(ref) }

func reportURL(vendor, report string) string {
	return vendorURL(vendor) + "/reports/" + url.PathEscape(report)
}

func letterURL(vendor, letter string) string {
	return vendorURL(vendor) + "/letters/" + url.PathEscape(letter)
}

func cuecURL(vendor, ref string) string { return vendorURL(vendor) + "/cuecs/" + url.PathEscape(ref) }

func assessmentURL(vendor, ref string) string {
	return vendorURL(vendor) + "/assessments/" + url.PathEscape(ref)
}

var list = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Vendor", Sort: true},
		{Key: "name", Title: "Name", Sort: true, Wide: true},
		{Key: "tier", Title: "Tier", Sort: true},
		{Key: "data", Title: "Data", Opt: true},
		{Key: "owner", Title: "Owner", Sort: true, Opt: true},
		{Key: "cover", Title: "Examined period", Opt: true},
		{Key: "covered", Title: "Covered to", Sort: true, Num: true, Opt: true},
		{Key: "next", Title: "Next review", Sort: true, Num: true},
	},
	Filters: []page.Filter{
		{Key: "tier", Title: "Tier", Kind: page.Segments, Options: []page.Option{{Value: "high", Label: "High"}, {Value: "medium", Label: "Medium"}, {Value: "low", Label: "Low"}}},
		{Key: "look", Title: "Look for", Kind: page.Select, Options: []page.Option{
			{Value: "subservice", Label: "Subservice organisations"}, {Value: "overdue", Label: "Review overdue"}, {Value: "no-report", Label: "No report on file"},
			{Value: "gap", Label: "Gap between reports"}, {Value: "open", Label: "Not covered today"}}},
		{Key: "stage", Title: "Stage", Kind: page.Select, Options: []page.Option{{Value: "used", Label: "In use"}, {Value: "considered", Label: "Not used yet"}, {Value: "ended", Label: "Ended"}}},
		{Key: "data", Title: "Data", Kind: page.Select, Options: []page.Option{{Value: "personal", Label: "Personal"}, {Value: "confidential", Label: "Confidential"}, {Value: "internal", Label: "Internal"}}},
		{Key: "owner", Title: "Owner", Kind: page.Select, Open: true},
	},
	Search: "Find a vendor", Sort: "name", One: "vendor", Many: "vendors",
}

// row is a vendor in the list.
type row struct {
	vendors.Vendor
	OwnerName string
	Cover     *cover // nil without a report
}

func (p *pages) filter(t *page.Table, today period.Date) vendors.Filter {
	f := vendors.Filter{
		Today: today, Tier: vendors.Tier(t.Filter("tier")), Stage: vendors.Stage(t.Filter("stage")), Data: vendors.Data(t.Filter("data")), Owner: access.UserID(t.Filter("owner")),
	}
	if f.Owner == "none" {
		f.Owner, f.Unowned = "", true
	}
	switch t.Filter("look") {
	case "subservice":
		f.Subservice = true
	case "overdue":
		f.Overdue = true
	case "no-report":
		f.NoReport = true
	case "gap":
		f.Gap = true
	case "open":
		f.Open = true
	}
	return f
}

func (p *pages) list(r *page.Request) error {
	t, err := r.Table(&list)
	if err != nil {
		return err
	}
	f := p.filter(t, period.Of(r.Now))
	names, options, err := p.members(r)
	if err != nil {
		return err
	}
	if t.Exporting() {
		return p.exportList(r, t, f, names)
	}
	res, err := p.Vendors.List(r.Context(), r.Read(), f, t.Query)
	if err != nil {
		return err
	}
	t.Total = res.Total
	n, err := p.Vendors.Counts(r.Context(), r.Read(), f.Today)
	if err != nil {
		return err
	}
	t.SetCounts("tier", map[string]int{"high": n.Tiers[vendors.High], "medium": n.Tiers[vendors.Medium], "low": n.Tiers[vendors.Low]})
	t.SetOptions("owner", append([]page.Option{{Value: "none", Label: "Nobody"}}, options...))
	rows, err := p.rows(r, res.Rows, names)
	if err != nil {
		return err
	}
	seen, err := p.seen(r)
	if err != nil {
		return err
	}
	part := vendorRows(r, t, rows)
	return r.Render(http.StatusOK, vendorsPage(r, t, n, len(seen.nobodys()), part), page.Part(t.ID(), part))
}

// rows joins vendors with names, and those that have reports with what these cover.
func (p *pages) rows(r *page.Request, in []vendors.Vendor, names map[access.UserID]string) ([]row, error) {
	exam, err := p.Around.Examined(r.Context(), r.Read(), r.Now)
	if err != nil {
		return nil, err
	}
	rules, err := p.Vendors.Rules(r.Context(), r.Read())
	if err != nil {
		return nil, err
	}
	out := make([]row, len(in))
	for i, v := range in {
		out[i] = row{Vendor: v, OwnerName: names[v.Owner]}
		if v.Reports == 0 {
			continue
		}
		f, err := p.Vendors.FileOf(r.Context(), r.Read(), v)
		if err != nil {
			return nil, err
		}
		out[i].Cover = coverOf(f, rules, exam, exam, period.Of(r.Now))
	}
	return out, nil
}

func (p *pages) exportList(r *page.Request, t *page.Table, f vendors.Filter, names map[access.UserID]string) error {
	head := []string{
		"Vendor", "Name", "Services", "Tier", "Tier set by hand because", "Data", "Criticality", "Owner", "Location", "Stage", "First used", "Ended", "Subservice organisation", "Contract signed",
		"Clauses missing", "Processing agreement", "Last assessed", "Last performance review", "Reports on file", "Covered to", "First day of a gap", "Next review", "What is due", "Applications",
	}
	return r.Export(t, "vendors", head, func(q paging.Query) ([][]any, int, error) {
		res, err := p.Vendors.List(r.Context(), r.Read(), f, q)
		var out [][]any
		for _, v := range res.Rows {
			ended, missing := "", ""
			if v.Exit.Ended != nil {
				ended = v.Exit.Ended.UTC().Format(time.RFC3339)
			}
			if v.Contract.Signed != 0 {
				missing = strings.Join(v.Contract.Clauses.Missing(), ", ")
			}
			out = append(out, []any{
				v.Ref, v.Name, v.Services, v.Tier.Title(), v.TierWhy, dataWords(v.Data), string(v.Criticality), names[v.Owner], v.Location, v.Stage(f.Today).Title(), dayField(v.Started), ended,
				v.Subservice, dayField(v.Contract.Signed), missing, dayField(v.Contract.DPA), dayField(v.Assessed), dayField(v.Performed), v.Reports, dayField(v.Covered), dayField(v.Hole),
				dayField(v.NextDue), v.NextWhat.Title(), strings.Join(v.Applications, ", "),
			})
		}
		return out, res.Total, err
	})
}

// members are the names of members, and those that can own a vendor as choices.
func (p *pages) members(r *page.Request) (map[access.UserID]string, []page.Option, error) {
	all, err := p.Access.Members(r.Context(), r.Read())
	if err != nil {
		return nil, nil, err
	}
	names := map[access.UserID]string{}
	var out []page.Option
	for _, m := range all {
		names[m.ID] = m.Name
		if !m.Disabled && m.Role.May(access.WorkTasks) {
			out = append(out, page.Option{Value: string(m.ID), Label: m.Name})
		}
	}
	return names, out, nil
}

var calendarList = page.TableSpec{
	Columns: []page.Column{{Key: "day", Title: "Due", Sort: true}, {Key: "what", Title: "What"}, {Key: "vendor", Title: "Vendor", Wide: true}, {Key: "tier", Title: "Tier", Opt: true}, {Key: "owner", Title: "Owner", Opt: true}},
	Filters: []page.Filter{{Key: "what", Title: "What", Kind: page.Select, Options: []page.Option{
		{Value: string(vendors.DueAssessment), Label: vendors.DueAssessment.Title()}, {Value: string(vendors.DuePerformance), Label: vendors.DuePerformance.Title()},
		{Value: string(vendors.DueReview), Label: vendors.DueReview.Title()}, {Value: string(vendors.DueReport), Label: vendors.DueReport.Title()},
		{Value: string(vendors.DueContract), Label: vendors.DueContract.Title()}, {Value: string(vendors.DueExit), Label: vendors.DueExit.Title()}}},
		{Key: "owner", Title: "Owner", Kind: page.Select, Open: true}},
	Search: "Find a vendor", Sort: "day", One: "date", Many: "dates",
}

// calendarDays is how far the calendar looks ahead.
const calendarDays = 400

// month is a heading of the calendar and what is due in it.
type month struct {
	Title   string
	State   string // status key when there is something in it
	Entries []vendors.Entry
}

// key is the status key of the month; empty for a usual one.
func (m month) key() string {
	if len(m.Entries) == 0 {
		return ""
	}
	return m.State
}

func (p *pages) calendar(r *page.Request) error {
	t, err := r.Table(&calendarList)
	if err != nil {
		return err
	}
	names, options, err := p.members(r)
	if err != nil {
		return err
	}
	today := period.Of(r.Now)
	all, err := p.Vendors.Calendar(r.Context(), r.Read(), today+calendarDays)
	if err != nil {
		return err
	}
	t.SetOptions("owner", append([]page.Option{{Value: "none", Label: "Nobody"}}, options...))
	kept := keep(t, all)
	if t.Query.Desc {
		for i, j := 0, len(kept)-1; i < j; i, j = i+1, j-1 {
			kept[i], kept[j] = kept[j], kept[i]
		}
	}
	if t.Exporting() {
		return r.Export(t, "vendor-calendar", []string{"Due", "What", "Vendor", "Name", "Tier", "Owner", "About", "Why"}, func(q paging.Query) ([][]any, int, error) {
			var out [][]any
			for _, e := range window(kept, q) {
				out = append(out, []any{dayField(e.Day), e.What.Title(), e.Vendor.Ref, e.Vendor.Name, e.Vendor.Tier.Title(), names[e.Vendor.Owner], e.About, e.Text})
			}
			return out, len(kept), nil
		})
	}
	t.Total = len(kept)
	part := calendarRows(r, t, window(kept, t.Query), names)
	late := 0
	for _, e := range all {
		if e.Day < today && e.What != vendors.DueReport {
			late++
		}
	}
	return r.Render(http.StatusOK, calendarPage(t, months(all, today), late, part), page.Part(t.ID(), part))
}

// keep narrows the calendar by the filters of the address.
func keep(t *page.Table, all []vendors.Entry) []vendors.Entry {
	var out []vendors.Entry
	for _, e := range all {
		what, owner, q := t.Filter("what"), t.Filter("owner"), vendors.Fold(t.Query.Search)
		switch {
		case what != "" && string(e.What) != what, owner == "none" && e.Vendor.Owner != "", owner != "" && owner != "none" && string(e.Vendor.Owner) != owner,
			q != "" && !strings.Contains(vendors.Fold(e.Vendor.Ref+" "+e.Vendor.Name), q):
		default:
			out = append(out, e)
		}
	}
	return out
}

// window is a page of a list that is in memory.
func window[T any](all []T, q paging.Query) []T {
	from := min(q.Offset(), len(all))
	return all[from:min(from+q.Size, len(all))]
}

// months puts what is due in months: what is late first, then a year ahead.
func months(all []vendors.Entry, today period.Date) []month {
	out := []month{{Title: "Overdue", State: "fail"}, {Title: "Awaited from vendors", State: "risk"}}
	at := map[string]int{}
	first := today.Time()
	for i := range 12 {
		m := time.Date(first.Year(), first.Month()+time.Month(i), 1, 0, 0, 0, 0, time.UTC)
		at[m.Format("2006-01")] = len(out)
		out = append(out, month{Title: m.Format("January 2006")})
	}
	for _, e := range all {
		i, ok := at[e.Day.Time().Format("2006-01")]
		switch {
		case e.Day < today && e.What == vendors.DueReport:
			i = 1
		case e.Day < today:
			i = 0
		case !ok:
			continue
		}
		out[i].Entries = append(out[i].Entries, e)
	}
	return out
}
