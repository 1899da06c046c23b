// Package fieldwork is the auditor's pages of an examination: populations, testing sheets, findings, the criteria and the opinion; and
// the client's page of what was shared with it.
package fieldwork

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/intake"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Services is what these pages need.
type Services struct {
	Work     *fieldwork.Service
	Access   *access.Service
	Evaluate *evaluate.Service
	Packs    Packs
}

type pages struct{ Services }

const base = "/audits/{engagement}"

// Routes are the pages of this package.
func Routes(s Services) []page.Route {
	p := &pages{s}
	var all []page.Route
	get := func(pattern string, a access.Action, title string, h func(*page.Request) error) {
		all = append(all, page.Route{Method: http.MethodGet, Pattern: pattern, Action: a, Title: title, Handle: h})
	}
	post := func(pattern string, a access.Action, title string, h func(*page.Request) error) {
		all = append(all, page.Route{Method: http.MethodPost, Pattern: pattern, Action: a, Title: title, Handle: h})
	}
	both := func(pattern string, a access.Action, title string, form, do func(*page.Request) error) {
		get(pattern, a, title, form)
		post(pattern, a, title, do)
	}
	get(base+"/populations", access.ReadAudits, "Populations", p.populations)
	both(base+"/populations/new", access.Examine, "New population", p.newPopulation, p.take)
	all[len(all)-1].Body = intake.MaxBytes + 1<<20
	get(base+"/populations/{ref}", access.ReadAudits, "Population", p.population)
	post(base+"/populations/{ref}", access.Examine, "Population", p.shape)
	both(base+"/populations/{ref}/drop", access.Examine, "Drop a population", p.dropForm, p.drop)

	both(base+"/populations/{ref}/recount", access.Examine, "Count again", p.recountForm, p.recount)

	get(base+"/bundle", access.ReadAudits, "Bundle", p.bundles)
	post(base+"/bundle", access.Examine, "Write a bundle", p.bundle)
	get(base+"/bundle/{job}", access.Examine, "Bundle", p.fetch)
	all[len(all)-1].Stream = true

	get(base+"/testing", access.ReadAudits, "Testing", p.testing)
	both(base+"/testing/new", access.Examine, "New workpaper", p.beginForm, p.begin)
	both(base+"/testing/all", access.Examine, "Workpapers for all controls", p.allForm, p.beginAll)
	both(base+"/testing/roll", access.ReadAudits, "Carry over", p.rollForm, p.roll)
	all[len(all)-1].Action = access.Examine
	get(base+"/testing/{wp}", access.ReadAudits, "Workpaper", p.sheet)
	get(base+"/testing/{wp}/pdf", access.ReadAudits, "Workpaper", p.print)
	post(base+"/testing/{wp}/plan", access.Examine, "Plan", p.plan)
	both(base+"/testing/{wp}/template", access.Examine, "Use a template", p.applyForm, p.apply)
	post(base+"/testing/{wp}/population", access.Examine, "Population of a workpaper", p.choose)
	post(base+"/testing/{wp}/draw", access.Examine, "Draw", p.draw)
	post(base+"/testing/{wp}/redraw", access.ReadAudits, "Draw again", p.redraw)
	both(base+"/testing/{wp}/extend", access.Examine, "Extend a sample", p.extendForm, p.extend)
	both(base+"/testing/{wp}/share", access.Examine, "Share a sample", p.shareForm, p.share)
	post(base+"/testing/{wp}/marks", access.Examine, "Marks", p.marks)
	both(base+"/testing/{wp}/cells/{cell}", access.ReadAudits, "Cell", p.cell, p.saveCell)
	all[len(all)-1].Action = access.Examine
	both(base+"/testing/{wp}/void/{n}", access.Examine, "Void item", p.voidForm, p.void)
	post(base+"/testing/{wp}/accept", access.Examine, "Accept what the machine says", p.accept)
	post(base+"/testing/{wp}/reperform", access.Examine, "Perform a test again", p.reperform)
	post(base+"/testing/{wp}/conclude", access.Examine, "Conclude", p.conclude)
	post(base+"/testing/{wp}/sign", access.Examine, "Sign off", p.sign)
	post(base+"/testing/{wp}/review", access.ReviewWork, "Review", p.review)
	both(base+"/testing/{wp}/reopen", access.ReviewWork, "Open again", p.reopenForm, p.reopen)
	post(base+"/testing/{wp}/notes", access.RemarkWork, "Review note", p.remark)
	post(base+"/testing/{wp}/notes/{n}", access.RemarkWork, "Clear a note", p.clearNote)
	both(base+"/testing/{wp}/finding", access.Examine, "New finding", p.findingForm, p.report)

	get(base+"/findings", access.ReadAudits, "Findings", p.findings)
	get(base+"/findings/{ref}", access.ReadAudits, "Finding", p.finding)
	both(base+"/findings/{ref}/edit", access.Examine, "Change a finding", p.editForm, p.edit)
	both(base+"/findings/{ref}/share", access.Examine, "Share a finding", p.shareFindingForm, p.shareFinding)

	get(base+"/report", access.ReadAudits, "Report", p.standings)
	get(base+"/report/section-iv", access.ReadAudits, "Section IV", p.section)
	both(base+"/report/opinion/{matter}", access.SignOpinion, "Opinion", p.opinionForm, p.opinion)

	both("/methodology", access.ReadAudits, "Methodology", p.method, p.setMethod)
	all[len(all)-1].Action = access.ManageMethod

	return slices.Concat(all, methodRoutes(p), clientRoutes(p))
}

func clientRoutes(p *pages) []page.Route {
	const nav = "/engagements"
	return []page.Route{
		{Method: http.MethodGet, Pattern: "/engagements/{ref}/findings", Action: access.ReadEngagement, Title: "Findings", Nav: nav, Handle: p.shared},
		{Method: http.MethodGet, Pattern: "/engagements/{ref}/findings/{finding}", Action: access.ReadEngagement, Title: "Finding", Nav: nav, Handle: p.sharedOne},
		{Method: http.MethodPost, Pattern: "/engagements/{ref}/findings/{finding}", Action: access.AnswerRequests, Title: "Answer a finding", Nav: nav, Handle: p.respond},
		{Method: http.MethodGet, Pattern: "/engagements/{ref}/findings/samples/{wp}", Action: access.ReadEngagement, Title: "Sample", Nav: nav, Handle: p.sharedSample},
	}
}

// at is an address in the engagement that is open.
func at(r *page.Request, parts ...string) string {
	u := r.AuditBase()
	for _, x := range parts {
		u += "/" + url.PathEscape(x)
	}
	return u
}

func paperURL(r *page.Request, ref string) string { return at(r, "testing", ref) }

func tabURL(r *page.Request, ref, tab string) string { return paperURL(r, ref) + "?tab=" + tab }

func itoa(n int) string { return strconv.Itoa(n) }

// crumb adds steps to the way.
func crumb(r *page.Request, steps ...page.Crumb) {
	r.Crumbs = append(r.Crumbs, steps...)
	r.Title = steps[len(steps)-1].Text
}

// act does what a form asks for in the engagement of the address, or shows the form again with what is wrong.
func (p *pages) act(r *page.Request, do func(*page.Form, access.AuditScope) error, again func(*page.Form, access.AuditScope) error) error {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return err
	}
	f, err := r.Form()
	if err != nil {
		return err
	}
	if err = do(f, a); err == nil || !f.Take(err) {
		return err
	}
	return again(f, a)
}

// names are the people of the firm, by actor.
type names map[string]string

func (p *pages) names(r *page.Request, a access.AuditScope) (names, error) {
	list, err := p.Access.Auditors(r.Context(), a.Client, a.Engagement)
	n := names{}
	for _, x := range list {
		n[string(x.User)] = x.Name
	}
	return n, err
}

func (n names) of(actor string) string {
	if s := n[actor]; s != "" {
		return s
	}
	if strings.HasPrefix(actor, "usr_") {
		return "Somebody who has left"
	}
	return actor
}

func dateOf(t time.Time) string { return page.DateText(period.Of(t.UTC())) }

func numbers(list []string) []int {
	var out []int
	for _, s := range list {
		if n, err := strconv.Atoi(s); err == nil {
			out = append(out, n)
		}
	}
	return out
}

// stateKey is the colour of a workpaper's state.
func stateKey(s fieldwork.State) string {
	switch s {
	case fieldwork.Planned:
		return "na"
	case fieldwork.Reviewed:
		return "pass"
	case fieldwork.Concluded, fieldwork.Prepared:
		return "exm"
	}
	return "prog"
}

func conclusionKey(c fieldwork.Conclusion) string {
	switch c {
	case fieldwork.Effective:
		return "pass"
	case fieldwork.EffectiveWithDeviation:
		return "risk"
	case fieldwork.NotEffective:
		return "fail"
	case fieldwork.NotTested:
		return "err"
	}
	return "na"
}

func standingKey(s fieldwork.CriterionStatus) string {
	switch s {
	case fieldwork.Met:
		return "pass"
	case fieldwork.MetWithDeviations, fieldwork.AtRisk:
		return "risk"
	case fieldwork.NotMet:
		return "fail"
	}
	return "err"
}
