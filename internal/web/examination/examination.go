// Package examination shows engagements: the period and where it stands, what was frozen of it, the report with what it
// still lacks, and the description of the system that the report prints.
package examination

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/letter"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/report"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Services is what these pages need.
type Services struct {
	View       *view.Reader
	Engagement *engagement.Service
	Letters    *letter.Service
	Access     *access.Service
	System     *org.Service
	Background page.Background
}

// pages is Services with the dossiers that were read lately.
type pages struct {
	Services
	read cache
}

// Routes are the pages of this package.
func Routes(s Services) []page.Route {
	p := &pages{Services: s, read: cache{bySHA: map[string]*dossier{}}}
	get := func(pattern, title, nav string, h func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodGet, Pattern: pattern, Action: access.ReadEngagement, Title: title, Nav: nav, Handle: h}
	}
	const nav = "/engagements"
	return slices.Concat(p.lifeRoutes(), p.objectiveRoutes(), p.letterRoutes(), p.auditRoutes(), p.describeRoutes(), []page.Route{
		get(nav, "Engagements", "", p.list),
		get("/a/{ref}", "Engagement", nav, p.engagement),
		get("/a/{ref}/dossiers/{n}", "Dossier", nav, p.dossier),
		get("/a/{ref}/dossiers/{n}/report", "Report", nav, p.preview),
		get("/a/{ref}/dossiers/{n}/report.pdf", "Report", nav, p.pdf),
		get("/a/{ref}/dossiers/{n}/files/{file}", "Report", nav, p.file),
		get("/a/{ref}/dossiers/{n}/changes", "Changes", nav, p.changes),
		get("/a/{ref}/dossiers/{n}/dossier.json", "Dossier", nav, p.json),
		{Method: http.MethodPost, Pattern: "/a/{ref}/dossiers/{n}/bundle", Action: access.BuildReport, Title: "Bundle", Nav: nav, Handle: p.bundle},
		get("/system", "System description", "", p.system),
	})
}

// two are the routes of a form: asking and doing, with one right.
func two(pattern, title, nav string, right access.Action, ask, do func(*page.Request) error) []page.Route {
	return []page.Route{
		{Method: http.MethodGet, Pattern: pattern, Action: right, Title: title, Nav: nav, Handle: ask},
		{Method: http.MethodPost, Pattern: pattern, Action: right, Title: title, Nav: nav, Handle: do},
	}
}

// lifeRoutes are the pages of an engagement's life, its scope and its auditors.
func (p *pages) lifeRoutes() []page.Route {
	const nav, one, manage = "/engagements", "/engagements/{ref}", access.ManageEngagement
	get := func(pattern, title string, h func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodGet, Pattern: pattern, Action: access.ReadEngagement, Title: title, Nav: nav, Handle: h}
	}
	creation := two("/engagements/new", "New engagement", nav, manage, p.createForm, p.create)
	creation[0].Command = "Set up an engagement"
	return slices.Concat(creation, []page.Route{get(one, "Engagement", p.engagement), get(one+"/scope", "Scope", p.scope), get(one+"/auditors", "Auditors", p.auditors)},
		two(one+"/move/{to}", "Stage", nav, manage, p.moveForm, p.move),
		two(one+"/conditions/{gate}", "Condition", nav, manage, p.confirmForm, p.confirm),
		two(one+"/firm", "Firm", nav, manage, p.firmForm, p.firm),
		two(one+"/scope/edit", "Change the scope", nav, manage, p.scopeForm, p.changeScope),
		two(one+"/auditors/invite", "Invite a firm", nav, manage, p.inviteForm, p.invite),
		two(one+"/auditors/{user}/remove", "End access", nav, manage, p.removeForm, p.remove),
	)
}

// letterRoutes are the pages of the documents that management signs.
func (p *pages) letterRoutes() []page.Route {
	const nav, all, one, manage = "/engagements", "/engagements/{ref}/documents", "/engagements/{ref}/documents/{letter}", access.ManageEngagement
	get := func(pattern, title string, h func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodGet, Pattern: pattern, Action: access.ReadEngagement, Title: title, Nav: nav, Handle: h}
	}
	return slices.Concat([]page.Route{get(all, "Documents", p.letters), get(one, "Document", p.letter), get(one+"/document.pdf", "Document", p.letterPDF)},
		two(all+"/new", "New document", nav, manage, p.letterForm, p.startLetter),
		two(one+"/edit", "Edit", nav, manage, p.editForm, p.edit),
		two(one+"/sign", "Sign", nav, access.SignDocuments, p.signForm, p.sign),
		two(one+"/withdraw", "Give up", nav, manage, p.withdrawForm, p.withdraw),
		[]page.Route{{Method: http.MethodPost, Pattern: one + "/anew", Action: manage, Title: "New version", Nav: nav, Handle: p.anew}},
	)
}

// auditRoutes are the auditor's pages on stage and scope.
func (p *pages) auditRoutes() []page.Route {
	const nav, at = "/audits", "/audits/{engagement}/stage"
	return slices.Concat([]page.Route{{Method: http.MethodGet, Pattern: at, Action: access.ReadAudits, Title: "Stage and scope", Nav: nav, Handle: p.auditStage}},
		two(at+"/move/{to}", "Stage", nav, access.Examine, p.auditMoveForm, p.auditMove),
		two(at+"/conditions/{gate}", "Condition", nav, access.Examine, p.auditConfirmForm, p.auditConfirm),
		two(at+"/scope/{n}", "Change of scope", nav, access.ReviewWork, p.consentForm, p.consent),
	)
}

// dossier is a frozen dossier with the report it makes. It never changes under its hash.
type dossier struct {
	*engagement.Dossier
	Doc    *report.Document
	Lint   []string
	leaves []sectionParts
	places map[string]place // of anchors
}

// keep is how many dossiers the cache holds: reading one and building its report takes longer than a page may.
const keep = 8

type cache struct {
	mu    sync.Mutex
	bySHA map[string]*dossier
}

// load reads a dossier that the caller may read, checked against its hash, and builds its report.
func (p *pages) load(ctx context.Context, scope access.ReadScope, e view.EngagementRow, d view.DossierRow) (*dossier, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return nil, err
	}
	p.read.mu.Lock()
	x := p.read.bySHA[d.SHA256]
	p.read.mu.Unlock()
	if x != nil {
		return x, nil
	}
	raw, _, err := p.Engagement.Dossier(ctx, scope, engagement.Frozen{Engagement: engagement.ID(e.ID), Number: d.Number, SHA256: d.SHA256})
	if err != nil {
		return nil, err
	}
	x = &dossier{Dossier: raw, Doc: report.Build(raw)}
	x.Lint = report.Lint(x.Doc, raw)
	x.leaves, x.places = divide(x.Doc)
	p.read.mu.Lock()
	defer p.read.mu.Unlock()
	if len(p.read.bySHA) >= keep {
		clear(p.read.bySHA)
	}
	p.read.bySHA[d.SHA256] = x
	return x, nil
}

// sign is a state as a badge shows it: a status key and a word.
type sign struct{ Key, Word string }

// kindOf is an examination in words: "SOC 2 Type 2".
func kindOf(report string, typ int) string {
	name := strings.ToUpper(report)
	if len(name) == 4 && strings.HasPrefix(name, "SOC") {
		name = "SOC " + name[3:]
	}
	if name == "SOC 3" {
		return name
	}
	return name + " Type " + page.Count(typ)
}

// categories are the names of categories, in order.
func (p *pages) categories(ids []string) string {
	var out []string
	for _, c := range p.View.Catalog().Categories() {
		for _, id := range ids {
			if id == string(c.ID) {
				out = append(out, c.Name)
			}
		}
	}
	return strings.Join(out, ", ")
}

// actor is who did something, in words.
func actor(who, name string) string {
	if name != "" {
		return name
	}
	if op, ok := strings.CutPrefix(who, "operator:"); ok {
		return "Operator (" + op + ")"
	}
	if job, ok := strings.CutPrefix(who, "system:"); ok {
		return "Program (" + job + ")"
	}
	return who
}
