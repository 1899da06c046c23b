// Package api is what programs of clients and firms read: JSON, GET alone, with an API token or a session. Every list is a page of
// a hundred at most, with its total; nothing is here that the pages do not show the same person.
package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/incident"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/request"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Services is what the answers stand on.
type Services struct {
	Access     *access.Service
	Engagement *engagement.Service
	Requests   *request.Service
	Work       *fieldwork.Service
	Incidents  *incident.Service
	Cases      page.Cases
}

type answers struct{ Services }

// Routes lists the addresses. Those of a client name the engagement by its reference, those of a firm by its identifier.
func Routes(s Services) []page.Route {
	a := &answers{s}
	get := func(pattern, title string, need access.Action, h func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodGet, Pattern: page.APIPath + pattern, Action: need, Title: title, Handle: h}
	}
	const client, firm = "engagements/{ref}", "audits/{engagement}"
	return []page.Route{
		get("engagements", "Engagements", access.ReadEngagement, a.engagements),
		get(client, "Engagement", access.ReadEngagement, a.engagement),
		get(client+"/requests", "Requests", access.ReadEngagement, a.requests),
		get(client+"/findings", "Findings", access.ReadEngagement, a.findings),
		get("incidents", "Incidents", access.ReadDetections, a.incidents),
		get("incidents/{ref}", "Case file of an incident", access.ReadDetections, a.caseFile),
		{Method: http.MethodGet, Pattern: page.APIPath + "incidents/{ref}/bundle", Action: access.ReadDetections, Title: "Case file with records and proofs", Stream: true, Handle: a.caseBundle},
		get("audits", "Engagements", access.ReadAudits, a.audits),
		get(firm, "Engagement", access.ReadAudits, a.audit),
		get(firm+"/requests", "Requests", access.ReadAudits, a.asked),
		get(firm+"/populations", "Populations", access.ReadAudits, a.populations),
		get(firm+"/workpapers", "Workpapers", access.ReadAudits, a.workpapers),
	}
}

// list is a page of things with how many there are.
type list struct {
	Total   int   `json:"total"`
	Page    int   `json:"page"`
	Entries []any `json:"entries"`
}

// most is how many entries a page has.
const most = 100

func say(r *page.Request, v any) error {
	body, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return errs.As(errs.Internal, err, "answer")
	}
	h := r.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	_, err = r.Writer().Write(append(body, '\n'))
	return err
}

// paged reads which page is wanted: ?page=2.
func paged(r *page.Request) (paging.Query, error) {
	q := paging.Query{Page: 1, Size: most}
	if s := r.Query("page"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 1_000_000 {
			return q, errs.New(errs.Invalid, "page %q is no page", s).At("page")
		}
		q.Page = n
	}
	return q, nil
}

// audited is the audit of the address, and the page that is asked for.
func (a *answers) audited(r *page.Request) (access.AuditScope, paging.Query, error) {
	s, err := r.EnterAudit(a.Access)
	if err != nil {
		return s, paging.Query{}, err
	}
	q, err := paged(r)
	return s, q, err
}

func listed[T any](r *page.Request, q paging.Query, res paging.Result[T], one func(T) any) error {
	out := list{Total: res.Total, Page: q.Page, Entries: make([]any, len(res.Rows))}
	for i, x := range res.Rows {
		out.Entries[i] = one(x)
	}
	return say(r, out)
}

// cut is a page of what is read as a whole.
func cut[T any](all []T, q paging.Query) paging.Result[T] {
	res := paging.Result[T]{Total: len(all)}
	if from := (q.Page - 1) * q.Size; from < len(all) {
		res.Rows = all[from:min(len(all), from+q.Size)]
	}
	return res
}

type examination struct {
	ID         string   `json:"id"`
	Ref        string   `json:"ref"`
	Kind       string   `json:"kind"`
	Title      string   `json:"title"`
	Categories []string `json:"categories,omitempty"`
	From       string   `json:"from"`
	To         string   `json:"to"` // last day
	State      string   `json:"state"`
	Firm       string   `json:"firm,omitempty"`
	Client     string   `json:"client,omitempty"`
}

func examined(e engagement.Engagement) examination {
	return examination{ID: string(e.ID), Ref: e.Ref, Kind: e.Kind(), Title: e.Title, Categories: e.Categories, From: e.Period.From.String(), To: e.Period.Last().String(), State: string(e.Status), Firm: e.Firm}
}

func (a *answers) engagements(r *page.Request) error {
	q, err := paged(r)
	if err != nil {
		return err
	}
	all, err := a.Engagement.Store.Engagements(r.Context(), r.Read())
	if err != nil {
		return err
	}
	return listed(r, q, cut(all, q), func(e engagement.Engagement) any { return examined(e) })
}

type dossier struct {
	Number       int       `json:"number"`
	SHA256       string    `json:"sha256"`
	At           time.Time `json:"at"`
	LedgerEntry  int64     `json:"ledger_entry"`
	ReportSHA256 string    `json:"report_sha256,omitempty"`
}

func (a *answers) engagement(r *page.Request) error {
	e, err := a.Engagement.Store.Engagement(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	frozen, err := a.Engagement.Store.Dossiers(r.Context(), r.Read(), e.ID)
	if err != nil {
		return err
	}
	out := struct {
		examination
		Dossiers []dossier `json:"dossiers"`
	}{examined(e), []dossier{}}
	for _, f := range frozen {
		out.Dossiers = append(out.Dossiers, dossier{f.Number, f.SHA256, f.At, f.Seq, f.ReportSHA256})
	}
	return say(r, out)
}

type asked struct {
	Ref       string     `json:"ref"`
	State     string     `json:"state"`
	Kind      string     `json:"kind"`
	Control   string     `json:"control,omitempty"`
	Criterion string     `json:"criterion,omitempty"`
	Title     string     `json:"title"`
	Text      string     `json:"text"`
	Due       string     `json:"due,omitempty"`
	Asked     time.Time  `json:"asked"`
	Provided  *time.Time `json:"provided,omitempty"`
	Decided   *time.Time `json:"decided,omitempty"`
	Reason    string     `json:"reason,omitempty"`
	Pieces    int        `json:"pieces"`
	Version   int        `json:"version"`
}

func askedFor(x request.Request) any {
	out := asked{Ref: x.Ref, State: string(x.State), Kind: string(x.Kind), Control: x.Control, Criterion: x.Criterion, Title: x.Title, Text: x.Text.Text, Asked: x.Asked, Provided: x.Provided, Decided: x.Decided, Reason: x.Reason, Pieces: x.Pieces, Version: x.Version}
	if x.Due != 0 {
		out.Due = x.Due.String()
	}
	return out
}

func (a *answers) requests(r *page.Request) error {
	e, err := a.Engagement.Store.Engagement(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	return a.requestsOf(r, r.Read(), string(e.ID))
}

func (a *answers) requestsOf(r *page.Request, scope access.ReadScope, engagement string) error {
	q, err := paged(r)
	if err != nil {
		return err
	}
	res, err := a.Requests.List(r.Context(), scope, request.Filter{Engagement: engagement}, q)
	if err != nil {
		return err
	}
	return listed(r, q, res, askedFor)
}

type finding struct {
	Ref      string          `json:"ref"`
	Title    string          `json:"title"`
	Shared   time.Time       `json:"shared"`
	Says     json.RawMessage `json:"says"`
	Response string          `json:"response,omitempty"`
	Until    string          `json:"until,omitempty"`
	Answered *time.Time      `json:"answered,omitempty"`
}

func (a *answers) findings(r *page.Request) error {
	e, err := a.Engagement.Store.Engagement(r.Context(), r.Read(), r.Arg("ref"))
	if err != nil {
		return err
	}
	q, err := paged(r)
	if err != nil {
		return err
	}
	all, err := a.Work.SharedWith(r.Context(), r.Read(), string(e.ID))
	if err != nil {
		return err
	}
	var found []fieldwork.Shared
	for _, x := range all {
		if x.Kind == "finding" {
			found = append(found, x)
		}
	}
	return listed(r, q, cut(found, q), func(x fieldwork.Shared) any {
		return finding{Ref: x.Ref, Title: x.Title, Shared: x.At, Says: json.RawMessage(x.Body), Response: x.Response, Until: x.Until, Answered: x.Answered}
	})
}

func (a *answers) audits(r *page.Request) error {
	q, err := paged(r)
	if err != nil {
		return err
	}
	all, err := a.Access.AuditsOf(r.Context(), r.Grant)
	if err != nil {
		return err
	}
	var out []examination
	for _, x := range all {
		e, err := a.Engagement.Store.Engagement(r.Context(), a.Access.Glimpse(r.Grant, x), x.Engagement)
		if errs.Is(err, errs.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		one := examined(e)
		one.Client = x.ClientName
		out = append(out, one)
	}
	return listed(r, q, cut(out, q), func(e examination) any { return e })
}

func (a *answers) audit(r *page.Request) error {
	s, err := r.EnterAudit(a.Access)
	if err != nil {
		return err
	}
	e, err := a.Engagement.Store.Engagement(r.Context(), s.Client, s.Engagement)
	if err != nil {
		return err
	}
	out := examined(e)
	out.Client = s.ClientOrg.Name
	return say(r, out)
}

func (a *answers) asked(r *page.Request) error {
	s, err := r.EnterAudit(a.Access)
	if err != nil {
		return err
	}
	return a.requestsOf(r, s.Client, s.Engagement)
}

type population struct {
	Ref        string     `json:"ref"`
	Control    string     `json:"control,omitempty"`
	Title      string     `json:"title"`
	Source     string     `json:"source"`
	Of         string     `json:"of"`
	Read       int        `json:"read"`
	Rows       int        `json:"rows"`
	SHA256     string     `json:"sha256"`
	Reconciled bool       `json:"reconciled"`
	Frozen     *time.Time `json:"frozen,omitempty"`
	Version    int        `json:"version"`
}

func (a *answers) populations(r *page.Request) error {
	s, q, err := a.audited(r)
	if err != nil {
		return err
	}
	res, err := a.Work.ListPopulations(r.Context(), s, q)
	if err != nil {
		return err
	}
	return listed(r, q, res, func(p fieldwork.Population) any {
		return population{p.Ref, p.Control, p.Title, string(p.Source), p.Of, p.Read, p.Rows, p.SHA256, p.Reconciled(), p.FrozenAt, p.Version}
	})
}

type workpaper struct {
	Ref        string   `json:"ref"`
	Control    string   `json:"control"`
	Criteria   []string `json:"criteria"`
	Title      string   `json:"title"`
	State      string   `json:"state"`
	Conclusion string   `json:"conclusion,omitempty"`
	Items      int      `json:"items"`
	Exceptions int      `json:"exceptions"`
	Version    int      `json:"version"`
}

func (a *answers) workpapers(r *page.Request) error {
	s, q, err := a.audited(r)
	if err != nil {
		return err
	}
	res, err := a.Work.ListPapers(r.Context(), s, fieldwork.PaperFilter{}, q)
	if err != nil {
		return err
	}
	return listed(r, q, res, func(p fieldwork.Paper) any {
		return workpaper{p.Ref, p.Control, p.Criteria, p.Title, string(p.State()), string(p.Conclusion), p.Tally.Items, p.Tally.Exceptions, p.Version}
	})
}
