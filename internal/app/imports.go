package app

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/intake"
	"github.com/tickmark/tickmark/internal/intake/intakesql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/platform/jobs"
	"github.com/tickmark/tickmark/internal/risk"
	"github.com/tickmark/tickmark/internal/vendors"
	"github.com/tickmark/tickmark/internal/web/page"
)

func (a *App) wireImports() {
	a.Imports = &intake.Service{
		Store: &intakesql.Store{DB: a.DB}, Blobs: a.Blobs, Evidence: a.Evidence, Tx: a.DB, Ledger: a.Ledger.Store,
		Targets: []intake.Target{
			target{controlKind, access.EditControls, a.importControls}, target{riskKind, access.ManageRisks, a.importRisks}, target{vendorKind, access.ManageVendors, a.importVendors},
			target{peopleKind, access.ManagePeople, a.importPeople}, target{deviceKind, access.ManagePeople, a.importDevices}, target{mappingKind, access.EditControls, a.importMappings},
		},
	}
}

// mostAtOnce is how many controls or devices come in at once: each is looked up and recorded by itself, while nobody else can write.
const mostAtOnce = 5000

// target implements intake.Target.
type target struct {
	kind   intake.Kind
	action access.Action
	take   func(ctx context.Context, s access.Scope, now time.Time, rows []intake.Row, dry bool) ([]intake.Outcome, error)
}

// Kind implements intake.Target.
func (t target) Kind() intake.Kind { return t.kind }

// Action implements intake.Target.
func (t target) Action() access.Action { return t.action }

// Import implements intake.Target.
func (t target) Import(ctx context.Context, s access.Scope, now time.Time, rows []intake.Row, dry bool) ([]intake.Outcome, error) {
	return t.take(ctx, s, now, rows, dry)
}

// wrong is the outcome of a row that is refused.
func wrong(r intake.Row, err error) intake.Outcome {
	o := intake.Outcome{N: r.N, State: intake.Wrong, Why: strings.TrimSpace(sentence(err.Error()) + " " + errs.HintOf(err))}
	if f := errs.FieldOf(err); f != "" {
		o.Cell = r.Place[f]
	}
	return o
}

func sentence(s string) string {
	if s == "" {
		return ""
	}
	return page.Capital(s) + "."
}

// badRow reports whether an error is about a row and not about the program.
func badRow(err error) bool {
	return errs.Is(err, errs.Invalid) || errs.Is(err, errs.Conflict) || errs.Is(err, errs.NotFound) || errs.Is(err, errs.Exhausted)
}

// atField says which field of the import an error is about.
func atField(err error, field string) error {
	if err == nil {
		return nil
	}
	return errs.Hinted(errs.New(errs.Invalid, "%s", err.Error()).At(field), "%s", errs.HintOf(err))
}

// dayIn reads a day of a row; an empty cell is no day.
func dayIn(r intake.Row, field string) (period.Date, error) {
	s := r.Values[field]
	if s == "" {
		return 0, nil
	}
	d, err := intake.Day(s)
	return d, atField(err, field)
}

// tried undoes what was tried.
var errTried = errors.New("tried only")

// trial runs f in a transaction that is undone when dry.
func (a *App) trial(ctx context.Context, dry bool, f func(ctx context.Context) error) error {
	err := a.DB.InTx(ctx, func(ctx context.Context) error {
		if err := f(ctx); err != nil {
			return err
		}
		if dry {
			return errTried
		}
		return nil
	})
	if errors.Is(err, errTried) {
		return nil
	}
	return err
}

var riskKind = intake.Kind{
	ID: "risks", Title: "Risks", Key: "title", Help: "A risk with the same title is there already and is left as it is.",
	Fields: []intake.Field{
		{Name: "title", Title: "Title", Required: true, Names: []string{"risk", "risk title", "risk name", "name"}},
		{Name: "description", Title: "Description", Names: []string{"details", "scenario", "risk description"}},
		{Name: "kind", Title: "Kind", Names: []string{"category", "type", "risk category"}},
		{Name: "threat", Title: "Threat"}, {Name: "process", Title: "Process", Names: []string{"area", "business process"}},
		{Name: "owner", Title: "Owner", Names: []string{"risk owner", "responsible"}},
		{Name: "likelihood", Title: "Likelihood, inherent", Names: []string{"likelihood", "probability", "inherent likelihood", "inherent probability"}},
		{Name: "impact", Title: "Impact, inherent", Names: []string{"impact", "severity", "inherent impact"}},
		{Name: "residual_likelihood", Title: "Likelihood, residual", Names: []string{"residual likelihood", "residual probability", "current likelihood"}},
		{Name: "residual_impact", Title: "Impact, residual", Names: []string{"residual impact", "current impact"}},
		{Name: "response", Title: "Response", Names: []string{"treatment", "risk response", "strategy"}},
		{Name: "controls", Title: "Controls", Names: []string{"control", "mitigating controls", "related controls"}},
		{Name: "review", Title: "Next review", Names: []string{"review date", "next review date", "due"}},
	},
}

func (a *App) importRisks(ctx context.Context, s access.Scope, now time.Time, rows []intake.Row, dry bool) ([]intake.Outcome, error) {
	out := make([]intake.Outcome, len(rows))
	var good []risk.Row
	var index []int
	for i, r := range rows {
		x, err := riskRow(r)
		if err != nil {
			out[i] = wrong(r, err)
			continue
		}
		good, index = append(good, x), append(index, i)
	}
	if len(good) == 0 {
		return out, nil
	}
	done, err := a.Risks.Import(ctx, s, now, good, dry)
	if err != nil {
		return nil, err
	}
	for n, d := range done {
		o, r := &out[index[n]], rows[index[n]]
		*o = intake.Outcome{N: r.N, State: intake.State(d.Kind), Why: d.Ref}
		if d.Err != nil {
			*o = wrong(r, d.Err)
		}
	}
	return out, nil
}

func riskRow(r intake.Row) (risk.Row, error) {
	v := r.Values
	x := risk.Row{Title: v["title"], Description: v["description"], Kind: v["kind"], Threat: v["threat"], Process: v["process"], Response: v["response"], Owner: v["owner"], Controls: intake.List(strings.ToUpper(v["controls"]))}
	for field, to := range map[string]*int{"likelihood": &x.Inherent.Likelihood, "impact": &x.Inherent.Impact, "residual_likelihood": &x.Residual.Likelihood, "residual_impact": &x.Residual.Impact} {
		n, err := intake.Number(v[field])
		if err != nil {
			return x, atField(err, field)
		}
		*to = n
	}
	var err error
	x.Review, err = dayIn(r, "review")
	return x, err
}

var vendorKind = intake.Kind{
	ID: "vendors", Title: "Vendors", Key: "name", Most: vendors.MaxRows, Help: "A vendor with the same name is changed where the file says something else. What the file does not say is left as it is.",
	Fields: []intake.Field{
		{Name: "name", Title: "Name", Required: true, Names: []string{"vendor", "vendor name", "supplier", "company", "provider"}},
		{Name: "services", Title: "Services", Names: []string{"service", "description", "purpose", "used for"}},
		{Name: "owner", Title: "Owner", Names: []string{"business owner", "responsible", "relationship owner"}},
		{Name: "data", Title: "Data it reaches", Help: "internal, confidential, personal", Names: []string{"data classes", "data class", "data", "data types", "classification"}},
		{Name: "criticality", Title: "Criticality", Help: "low, medium, high", Names: []string{"critical", "business criticality", "importance"}},
		{Name: "location", Title: "Location", Names: []string{"country", "region", "data location", "hosting location"}},
		{Name: "applications", Title: "Applications", Names: []string{"application", "app", "sso name"}},
		{Name: "started", Title: "In use since", Names: []string{"start date", "started", "since", "onboarded", "contract start"}},
	},
}

func (a *App) importVendors(ctx context.Context, s access.Scope, now time.Time, rows []intake.Row, dry bool) ([]intake.Outcome, error) {
	out := make([]intake.Outcome, len(rows))
	var good []vendors.Row
	index := map[int]int{} // by line
	for i, r := range rows {
		x, err := a.vendorRow(ctx, s.ReadScope, r)
		if err != nil && !badRow(err) {
			return nil, err
		}
		if err != nil {
			out[i] = wrong(r, err)
			continue
		}
		good, index[r.N] = append(good, x), i
	}
	if len(good) == 0 {
		return out, nil
	}
	done, err := a.Vendors.Import(ctx, s, now, good, dry)
	if err != nil {
		return nil, err
	}
	for _, d := range done {
		i := index[d.Line]
		r := rows[i]
		out[i] = intake.Outcome{N: r.N, Key: d.Name, State: intake.State(d.Did), Why: d.Ref}
		if d.Did == vendors.DidRefuse {
			out[i] = intake.Outcome{N: r.N, Key: d.Name, State: intake.Wrong, Cell: r.Place[d.Field], Why: strings.TrimSpace(sentence(d.Problem) + " " + d.Hint)}
		}
	}
	return out, nil
}

// vendorRow reads a row on top of what the register says about the vendor now.
func (a *App) vendorRow(ctx context.Context, s access.ReadScope, r intake.Row) (vendors.Row, error) {
	v := r.Values
	x := vendors.Row{Line: r.N, Details: vendors.Details{Name: v["name"], Criticality: vendors.MediumLevel}}
	have, err := a.Vendors.Vendor(ctx, s, v["name"])
	switch {
	case err == nil && strings.EqualFold(have.Name, v["name"]):
		x.Details = have.Details
	case err != nil && !errs.Is(err, errs.NotFound):
		return x, err
	}
	for field, to := range map[string]*string{"services": &x.Services, "location": &x.Location} {
		if v[field] != "" {
			*to = v[field]
		}
	}
	if v["owner"] != "" {
		m, err := a.Access.Member(ctx, s, v["owner"])
		if err != nil {
			return x, atField(err, "owner")
		}
		x.Owner = m.ID
	}
	if v["data"] != "" {
		x.Data = nil
		for _, d := range intake.List(v["data"]) {
			x.Data = append(x.Data, vendors.Data(strings.ToLower(d)))
		}
	}
	if v["criticality"] != "" {
		x.Criticality = vendors.Level(strings.ToLower(v["criticality"]))
	}
	if v["applications"] != "" {
		x.Applications = intake.List(v["applications"])
	}
	if v["started"] != "" {
		x.Started, err = dayIn(r, "started")
		return x, err
	}
	return x, nil
}

var peopleKind = intake.Kind{
	ID: "people", Title: "People", Key: "email", Help: "For people whom no HR system holds. Whoever the directory knows already, by number or address, is left as they are.",
	Fields: []intake.Field{
		{Name: "name", Title: "Name", Required: true, Names: []string{"full name", "display name", "employee", "person"}},
		{Name: "email", Title: "Work address", Required: true, Names: []string{"e-mail", "email address", "mail", "work email"}},
		{Name: "number", Title: "Employee number", Names: []string{"employee id", "number", "id", "personnel number"}},
		{Name: "department", Title: "Department", Names: []string{"team", "unit", "division"}},
		{Name: "title", Title: "Title", Names: []string{"job title", "role", "position"}},
		{Name: "location", Title: "Location", Names: []string{"office", "country", "site"}},
		{Name: "kind", Title: "Kind", Help: "employee or contractor", Names: []string{"type", "employment type", "worker type"}},
		{Name: "manager", Title: "Manager", Names: []string{"reports to", "supervisor", "line manager"}},
		{Name: "started", Title: "First day", Names: []string{"start date", "hire date", "hired", "joined"}},
		{Name: "ended", Title: "Last day", Names: []string{"end date", "termination date", "left"}},
	},
}

func (a *App) importPeople(ctx context.Context, s access.Scope, now time.Time, rows []intake.Row, dry bool) ([]intake.Outcome, error) {
	out := make([]intake.Outcome, len(rows))
	var good []people.New
	var index []int
	for i, r := range rows {
		v := r.Values
		x := people.New{Name: v["name"], Email: v["email"], Number: v["number"], Department: v["department"], Title: v["title"], Location: v["location"], Kind: v["kind"], Manager: v["manager"]}
		var err, over error
		x.Started, err = dayIn(r, "started")
		x.Ended, over = dayIn(r, "ended")
		if err = errors.Join(err, over); err != nil {
			out[i] = wrong(r, err)
			continue
		}
		good, index = append(good, x), append(index, i)
	}
	if len(good) == 0 {
		return out, nil
	}
	done, err := a.People.Enter(ctx, s, now, good, dry)
	if err != nil {
		return nil, err
	}
	for _, d := range done {
		i := index[d.N-1]
		switch {
		case d.Err != nil:
			out[i] = wrong(rows[i], d.Err)
		case d.Known:
			out[i] = intake.Outcome{N: rows[i].N, State: intake.Same, Why: d.Person.Ref}
		default:
			out[i] = intake.Outcome{N: rows[i].N, State: intake.Added, Why: d.Person.Ref}
		}
	}
	return out, nil
}

var deviceKind = intake.Kind{
	ID: "devices", Title: "Devices", Key: "serial", Most: mostAtOnce, Help: "What people were given. A serial number that is out with somebody is left as it is.",
	Fields: []intake.Field{
		{Name: "serial", Title: "Serial number", Required: true, Names: []string{"serial", "asset tag", "tag"}},
		{Name: "kind", Title: "Kind", Help: "laptop, phone, tablet, token, badge, key, other", Names: []string{"type", "category", "device type"}},
		{Name: "name", Title: "Model", Names: []string{"device", "device name", "name", "description"}},
		{Name: "holder", Title: "Holder", Required: true, Help: "address, employee number or reference of a person", Names: []string{"assigned to", "user", "email", "employee", "owner", "person"}},
		{Name: "given", Title: "Given on", Required: true, Names: []string{"assigned on", "date", "issued", "given", "checked out"}},
		{Name: "note", Title: "Note", Names: []string{"comment", "remarks"}},
	},
}

func (a *App) importDevices(ctx context.Context, s access.Scope, now time.Time, rows []intake.Row, dry bool) ([]intake.Outcome, error) {
	out := make([]intake.Outcome, len(rows))
	err := a.trial(ctx, dry, func(ctx context.Context) error {
		for i, r := range rows {
			v := r.Values
			n := people.NewDevice{Serial: v["serial"], Kind: deviceWord(v["kind"]), Name: v["name"], Holder: v["holder"], Note: v["note"]}
			var err error
			if n.Given, err = dayIn(r, "given"); err != nil {
				out[i] = wrong(r, err)
				continue
			}
			d, err := a.People.Give(ctx, s, now, n)
			switch {
			case errs.Is(err, errs.Conflict):
				out[i] = intake.Outcome{N: r.N, State: intake.Same, Why: sentence(err.Error())}
			case err != nil && badRow(err):
				out[i] = wrong(r, err)
			case err != nil:
				return err
			default:
				out[i] = intake.Outcome{N: r.N, State: intake.Added}
				if !dry {
					out[i].Why = d.Ref
				}
			}
		}
		return nil
	})
	return out, err
}

// deviceWord is the kind of device a word means.
func deviceWord(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	for word, kind := range map[string]string{"": "other", "notebook": "laptop", "computer": "laptop", "mobile": "phone", "smartphone": "phone", "security key": "token", "yubikey": "token"} {
		if s == word {
			return kind
		}
	}
	return s
}

// importPayload names the import that a job tries or applies.
type importPayload struct {
	Ref   string        `json:"ref"`
	By    access.UserID `json:"by"`
	Apply bool          `json:"apply"`
}

// ImportNow tries or applies an import: at once when it is small, else in the background, and then it returns the job.
func (a *App) ImportNow(ctx context.Context, scope access.Scope, now time.Time, ref string, apply, leave bool) (intake.Import, string, error) {
	i, err := a.Imports.Import(ctx, scope.ReadScope, ref)
	if err != nil {
		return i, "", err
	}
	if small := int64(200 << 10); i.Bytes <= small || a.Jobs == nil || scope.User() == "" {
		if apply {
			i, err = a.Imports.Apply(ctx, scope, now, ref, leave)
		} else {
			i, err = a.Imports.Try(ctx, scope, now, ref)
		}
		return i, "", err
	}
	if apply && i.Counts[intake.Wrong] > 0 && !leave {
		_, err := a.Imports.Apply(ctx, scope, now, ref, false) // says what is missing
		return i, "", err
	}
	title := "Try import " + i.Ref
	if apply {
		title = "Apply import " + i.Ref
	}
	job, err := queued{a}.start(ctx, scope, jobs.New{Kind: jobImport, Title: title, Subject: i.Ref, Payload: importPayload{i.Ref, scope.User(), apply}})
	return i, job, err
}

// importJob tries or applies an import for whoever asked for it.
func (a *App) importJob(ctx context.Context, j jobs.Job, p jobs.Progress) error {
	var payload importPayload
	if err := json.Unmarshal(j.Payload, &payload); err != nil {
		return errs.As(errs.Internal, err, "payload of job %s", j.ID)
	}
	scope, err := a.Access.Hands(ctx, a.system(j), payload.By)
	if err != nil {
		return err
	}
	if err := a.Jobs.SetResult(ctx, j.ID, "/import/"+payload.Ref); err != nil {
		return err
	}
	i, err := a.Imports.Import(ctx, scope.ReadScope, payload.Ref)
	if err != nil {
		return err
	}
	p(0, int64(i.Rows()), i.File)
	if payload.Apply {
		i, err = a.Imports.Apply(ctx, scope, a.Clock(), payload.Ref, true)
	} else {
		i, err = a.Imports.Try(ctx, scope, a.Clock(), payload.Ref)
	}
	p(int64(i.Rows()), int64(i.Rows()), i.File)
	return err
}

// ImportKinds are the kinds of import, by name.
func (a *App) ImportKinds() []string {
	var out []string
	for _, t := range a.Imports.Targets {
		out = append(out, t.Kind().ID)
	}
	slices.Sort(out)
	return out
}
