// Package requests shows what an auditor asks for and the client answers: one list with two sides, each with its own acts.
package requests

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/policy"
	"github.com/tickmark/tickmark/internal/request"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Services is what these pages need.
type Services struct {
	Requests *request.Service
	Access   *access.Service
	Evidence *evidence.Service
	Policies *policy.Service
	Catalog  func() *catalog.Catalog
	// Content reads the content of a piece of evidence, checked against the hash it was sealed with.
	Content func(evidence.Item) ([]byte, error)
}

type pages struct{ Services }

// sheetBody bounds the body of a form with a list as a file, in bytes.
const sheetBody = 12 << 20

// Routes are the pages of this package.
func Routes(s Services) []page.Route {
	p := &pages{s}
	const (
		client, auditor, drafts = "/engagements/{ref}/requests", "/audits/{engagement}/requests", "/audits/{engagement}/request-drafts"
		answer                  = access.AnswerRequests
	)
	get := func(pattern string, a access.Action, title string, h func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodGet, Pattern: pattern, Action: a, Title: title, Handle: h}
	}
	post := func(pattern string, a access.Action, title string, h func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodPost, Pattern: pattern, Action: a, Title: title, Handle: h}
	}
	body := func(r page.Route, most int64) page.Route {
		r.Body = most
		return r
	}
	var largest int64
	if s.Evidence != nil {
		largest = s.Evidence.Limit()
	}
	all := []page.Route{
		get(client, access.ReadEngagement, "Requests", p.clientList),
		post(client+"/bulk/owner", answer, "Give to somebody", p.clientOwners),
		get(client+"/{r}", access.ReadEngagement, "Request", p.clientRequest),
		post(client+"/{r}/attach", answer, "Attach", p.attach),
		post(client+"/{r}/detach", answer, "Take out", p.detach),
		get(client+"/{r}/file", answer, "Add a file", p.fileForm),
		body(post(client+"/{r}/file", answer, "Add a file", p.file), largest+2<<20),
		post(client+"/{r}/provide", answer, "Hand over", p.provide),
		post(client+"/{r}/recall", answer, "Take back", p.recall),
		post(client+"/{r}/comment", answer, "Comment", p.clientComment),
		get(client+"/{r}/owner", answer, "Owner", p.ownerForm),
		post(client+"/{r}/owner", answer, "Owner", p.setOwner),

		get(auditor, access.ReadAudits, "Requests", p.auditList),
		get(auditor+"/new", access.Examine, "New request", p.newForm),
		post(auditor+"/new", access.Examine, "New request", p.add),
		get(auditor+"/template", access.Examine, "Requests from controls", p.templateForm),
		post(auditor+"/template", access.Examine, "Requests from controls", p.template),
		get(auditor+"/import", access.Examine, "Import requests", p.importForm),
		body(post(auditor+"/import", access.Examine, "Import requests", p.importSheet), sheetBody+1<<20),
		post(auditor+"/bulk/do/{act}", access.Examine, "Requests", p.bulk),
		get(auditor+"/{r}", access.ReadAudits, "Request", p.auditRequest),
		get(auditor+"/{r}/pieces/{n}", access.ReadAudits, "Evidence", p.piece),
		get(auditor+"/{r}/edit", access.Examine, "Change the request", p.editForm),
		post(auditor+"/{r}/edit", access.Examine, "Change the request", p.edit),
		get(auditor+"/{r}/do/{act}", access.Examine, "Request", p.actForm),
		post(auditor+"/{r}/do/{act}", access.Examine, "Request", p.act),
		post(auditor+"/{r}/comment", access.Examine, "Comment", p.auditComment),
		post(auditor+"/{r}/remark", access.RemarkWork, "Note", p.remark),

		get(drafts, access.ReadAudits, "Draft requests", p.draftList),
		post(drafts+"/bulk/issue", access.Examine, "Ask the client", p.issue),
		post(drafts+"/bulk/drop", access.Examine, "Drop drafts", p.drop),
		get(drafts+"/{d}", access.ReadAudits, "Draft request", p.draft),
		post(drafts+"/{d}", access.Examine, "Draft request", p.editDraft),
	}
	for i := range all {
		if strings.HasPrefix(all[i].Pattern, "/engagements") {
			all[i].Nav = "/engagements"
		}
	}
	return all
}

// seat is from where somebody looks at the list: the client's side or the auditor's.
type seat struct {
	base  string // address of the list
	read  access.ReadScope
	audit *access.AuditScope // nil on the client's side
	ex    request.Examination
	names map[string]request.Who
}

// at is the address of a request, or of something below it.
func (s seat) at(ref string, more ...string) string {
	return s.base + "/" + url.PathEscape(ref) + strings.Join(more, "")
}

// name is who acted, in words.
func (s seat) name(actor string) string {
	if w := s.names[actor]; w.Name != "" {
		return w.Name
	}
	if op, ok := strings.CutPrefix(actor, "operator:"); ok {
		return "Operator (" + op + ")"
	}
	if strings.HasPrefix(actor, "usr_") {
		return "Somebody who has left"
	}
	return actor
}

// client opens the list from the client's side.
func (p *pages) client(r *page.Request) (seat, error) {
	ex, err := p.Requests.Examination(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return seat{}, err
	}
	s := seat{base: page.EngagementPath(ex.Ref, "requests"), read: r.Read(), ex: ex}
	r.Crumbs = []page.Crumb{{Text: "Engagements", Href: "/engagements"}, {Text: ex.Ref, Href: page.EngagementPath(ex.Ref)}, {Text: "Requests", Href: s.base}}
	s.names, err = p.Requests.Names(r.Context(), s.read, ex.ID)
	return s, err
}

// auditor opens the list from the auditor's side.
func (p *pages) auditor(r *page.Request) (seat, error) {
	a, err := r.EnterAudit(p.Access)
	if err != nil {
		return seat{}, err
	}
	s := seat{base: r.AuditBase() + "/requests", read: a.Client, audit: &a}
	if s.ex, err = p.Requests.Examination(r.Context(), a.Client, a.Engagement); err != nil {
		return s, err
	}
	r.Nav = s.base
	r.Crumbs = append(r.Crumbs, page.Crumb{Text: "Requests", Href: s.base})
	s.names, err = p.Requests.Names(r.Context(), s.read, s.ex.ID)
	return s, err
}

// drafts is the address of the firm's drafts.
func (s seat) drafts() string { return page.AuditPath(s.ex.ID, "request-drafts") }

// staleRequest shows both texts when somebody else changed the request meanwhile.
func staleRequest(f *page.Form, err error) bool {
	var stale *request.Stale
	if !errors.As(err, &stale) {
		return false
	}
	x := stale.Theirs
	f.Stale(x.Version, map[string]string{
		"title": x.Title, "text": x.Text.Text, "owner": string(x.Owner), "due": dateField(x.Due), "from": dateField(x.Period.From), "to": dateField(x.Period.Last()),
		"control": x.Control, "criterion": x.Criterion, "answer": x.Answer,
	})
	return true
}

// take puts what is wrong where it belongs on the form.
func take(f *page.Form, err error) bool { return staleRequest(f, err) || f.Take(err) }

func dateField(d period.Date) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// day reads a day of a form.
func day(f *page.Form, field string) period.Date {
	s := f.Get(field)
	if s == "" {
		return 0
	}
	d, err := period.ParseDate(s)
	if err != nil {
		f.Wrong(field, "Write the day as 2026-12-31.")
	}
	return d
}

// stateKey is the look of a state.
func stateKey(s request.State) string {
	switch s {
	case request.Open:
		return "prog"
	case request.Provided:
		return "exm"
	case request.Accepted:
		return "pass"
	case request.Rejected:
		return "fail"
	}
	return "na"
}

// due is a request's day in words, with a status key once it presses.
func due(x request.Request, now time.Time) (words, key string) {
	today := period.Of(now)
	words = page.DateText(x.Due)
	if !x.State.Waits() {
		return words, ""
	}
	switch n := int(x.Due - today); {
	case n < 0:
		return page.Plural(-n, "day", "days") + " late", "fail"
	case n == 0:
		return "today", "risk"
	case n <= 7:
		return "in " + page.Plural(n, "day", "days"), "risk"
	}
	return words, ""
}

// about is the time a piece speaks about.
func about(p request.Piece) string {
	switch {
	case p.From.IsZero():
		return ""
	case p.To.IsZero():
		return "from " + page.DateText(period.Of(p.From))
	case p.To.After(p.From):
		return page.PeriodText(period.Period{From: period.Of(p.From), To: period.Of(p.To.Add(-time.Microsecond)) + 1})
	}
	return page.DateText(period.Of(p.From))
}

// pieceIcon is the icon of a kind of piece.
func pieceIcon(k request.PieceKind) string {
	switch k {
	case request.Document:
		return "policy"
	case request.Result:
		return "test"
	}
	return "evidence"
}

// pieceURL is where a piece is shown in the client's records; empty where it has no page.
func pieceURL(p request.Piece) string {
	switch p.Kind {
	case request.Evidence:
		return "/e/" + url.PathEscape(p.Ref)
	case request.Document:
		ref, _, _ := strings.Cut(p.Ref, " ")
		return "/policies/" + url.PathEscape(ref)
	}
	return ""
}

// pieceName is how a piece is called in a list.
func pieceName(p request.Piece) string {
	if p.Kind == request.Result {
		return "Test result"
	}
	return p.Ref
}

func kindOptions() []page.Option {
	var out []page.Option
	for _, k := range request.Kinds() {
		out = append(out, page.Option{Value: string(k), Label: k.Title()})
	}
	return out
}

// people are the client's people who can answer, to choose from.
func (p *pages) people(r *page.Request, s seat) ([]page.Option, error) {
	all, err := p.Requests.Answerers(r.Context(), s.read)
	out := []page.Option{{Value: "", Label: "Nobody yet"}}
	for _, m := range all {
		out = append(out, page.Option{Value: string(m.ID), Label: m.Name})
	}
	return out, err
}

// offerHint says what the offers to a request are.
func offerHint(control string) string {
	if control == "" {
		return "policies and evidence with names like it"
	}
	return "evidence, policies and test results of " + control
}
