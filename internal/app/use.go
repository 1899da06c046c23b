package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/verify"
)

// InForce counts the controls in force.
func (a *App) InForce(ctx context.Context, scope access.ReadScope) (int, error) {
	all, err := a.Controls.AsOf(ctx, scope, a.Clock())
	return len(all), err
}

// ControlsServing lists the references of controls in force that serve a requirement, or any of its series ("CC6").
func (a *App) ControlsServing(ctx context.Context, scope access.ReadScope, framework, id string) ([]string, error) {
	m, err := a.Controls.Matrix(ctx, scope, framework, a.Clock())
	if err != nil {
		return nil, err
	}
	var out []string
	for req, refs := range m.Controls {
		if req == id || strings.HasPrefix(req, id+".") {
			out = append(out, refs...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// Relevant keeps the tests that read only systems that are connected, or were: for the others there is nothing to judge,
// and saying "no answer" of a system nobody has would be noise.
func (a *App) Relevant(ctx context.Context, scope access.ReadScope, tests []evaluate.Installed) ([]evaluate.Installed, error) {
	all, err := a.Collect.Store.Connections(ctx, scope)
	if err != nil {
		return nil, err
	}
	kinds := map[string]bool{}
	resources := map[string]bool{}
	for _, c := range all {
		kinds[c.Kind] = true
		for _, r := range a.Collect.ResourcesOf(c) {
			resources[r] = true
		}
	}
	var out []evaluate.Installed
	for _, t := range tests {
		inputs, err := t.Definition.ParsedInputs()
		if err != nil {
			return nil, err
		}
		there := true
		for _, in := range inputs {
			there = there && (in.System != "" && kinds[in.System] || in.System == "" && resources[in.Resource.Name])
		}
		if there {
			out = append(out, t)
		}
	}
	return out, nil
}

// Standing is an item that does not pass now, or an occurrence that did not.
type Standing struct {
	Test      string    `json:"test"`
	ItemID    string    `json:"item_id"`
	Label     string    `json:"label"`
	Outcome   string    `json:"outcome"`
	Since     time.Time `json:"since"`
	Reason    string    `json:"reason"`
	Exception string    `json:"exception"`
}

// NotPassing lists what does not pass of a test: for a state test now, for an occurrence test ever, newest first.
func (a *App) NotPassing(ctx context.Context, scope access.ReadScope, d *evaluate.Definition) ([]Standing, error) {
	exceptions, err := a.Evaluate.Exceptions.Exceptions(ctx, scope, d.ID)
	if err != nil {
		return nil, err
	}
	var out []Standing
	add := func(x Standing) {
		for _, e := range exceptions {
			if e.Covers(d.ID, x.ItemID) && e.Active(a.Clock()) {
				x.Exception = e.Ref
			}
		}
		out = append(out, x)
	}
	f, q := evaluate.Filter{Tests: []string{d.ID}, Open: true}, paging.Query{Size: paging.MaxSize}
	if d.Kind == evaluate.Occurrence {
		res, err := a.Evaluate.Store.Happenings(ctx, scope, f, q)
		if err != nil {
			return nil, err
		}
		for _, h := range res.Rows {
			add(Standing{d.ID, h.ItemID, h.Label, string(h.Outcome), h.Occurred, h.Reason, ""})
		}
		return out, nil
	}
	res, err := a.Evaluate.Store.Intervals(ctx, scope, f, q)
	if err != nil {
		return nil, err
	}
	for _, i := range res.Rows {
		add(Standing{d.ID, i.ItemID, i.Label, string(i.Outcome), i.From, i.Reason, ""})
	}
	return out, nil
}

// VerifyLedger exports the organisation's ledger and checks it with the public verifier, as an outsider would.
func (a *App) VerifyLedger(ctx context.Context, scope access.ReadScope, now time.Time) (*verify.Report, error) {
	if _, err := a.Ledger.Seal(ctx, now); err != nil {
		return nil, err
	}
	head, err := a.Ledger.Store.Head(ctx, scope)
	if err != nil {
		return nil, err
	}
	if head.Seq == 0 {
		return nil, errs.New(errs.NotFound, "the ledger is empty")
	}
	var buf bytes.Buffer
	if err := a.Ledger.Archive(ctx, scope, head.Seq, &buf); err != nil {
		return nil, err
	}
	return verify.Chain(bytes.NewReader(buf.Bytes()), int64(buf.Len()), verify.Options{Keys: []string{a.Ledger.Log.Key()}})
}

// Finding is one thing the doctor looked at.
type Finding struct {
	What   string `json:"what"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// Check looks at every engine of the installation.
func (a *App) Check(ctx context.Context) []Finding {
	var out []Finding
	add := func(what string, err error, detail string) {
		if err != nil {
			detail = err.Error()
		}
		out = append(out, Finding{what, err == nil, detail})
	}
	orgs, err := a.Access.Orgs(ctx)
	add("database", err, fmt.Sprintf("%s, %d organisations", a.DB.Dialect(), len(orgs)))
	st, err := os.Stat(filepath.Join(a.Config.Data, "key.json"))
	detail := ""
	if err == nil {
		detail = fmt.Sprintf("mode %04o", st.Mode().Perm())
	}
	add("key file", err, detail)
	_, cp, err := a.Ledger.Checkpoint(ctx)
	add("ledger", err, fmt.Sprintf("%s, %d leaves", cp.Origin, cp.Size))
	_, err = a.Evaluate.Engine.Inspect(ctx, "SELECT 1")
	add("sandbox", err, "answers")
	probe := filepath.Join(a.Config.Data, ".probe")
	err = errors.Join(os.WriteFile(probe, []byte("x"), 0o600), os.Remove(probe))
	add("data folder", err, a.Config.Data)
	free, err := freeBytes(a.Config.Data)
	if err == nil && free < minFree {
		err = errs.New(errs.Exhausted, "only %d MiB free in %s", free>>20, a.Config.Data)
	}
	add("disk", err, fmt.Sprintf("%d GiB free", free>>30))
	for _, o := range orgs {
		out = append(out, a.checkOrg(ctx, o)...)
	}
	return out
}

// minFree is the free disk below which the doctor warns: room for a day of a large organisation.
const minFree = 1 << 30

// checkOrg looks at what an organisation should have.
func (a *App) checkOrg(ctx context.Context, o access.Org) []Finding {
	if o.Kind == access.Firm {
		return []Finding{{o.Slug + ": audit firm", true, "examines others"}}
	}
	scope := a.Access.System(o.ID, "doctor").ReadScope
	conns, err := a.Collect.Store.Connections(ctx, scope)
	if err != nil {
		return []Finding{{o.Slug, false, err.Error()}}
	}
	out := []Finding{}
	for _, c := range conns {
		runs, err := a.Collect.Store.Runs(ctx, scope, c.ID, paging.Query{Size: recentRuns})
		if err != nil {
			return append(out, Finding{o.Slug + ": connection " + c.Name, false, err.Error()})
		}
		f := lastRead(runs.Rows)
		f.What = o.Slug + ": connection " + c.Name
		out = append(out, f)
	}
	gaps, err := a.Controls.Gaps(ctx, scope, []catalog.CategoryID{catalog.Security}, a.Clock())
	switch {
	case err != nil:
		out = append(out, Finding{o.Slug + ": criteria", false, err.Error()})
	case len(gaps) > 0:
		out = append(out, Finding{o.Slug + ": criteria", false, "no control in force serves " + strings.Join(gaps, ", ")})
	default:
		out = append(out, Finding{o.Slug + ": criteria", true, "each common criterion has a control"})
	}
	return out
}

// recentRuns is how many runs of a connection the doctor looks through for one that came to its own end.
const recentRuns = 20

// lastRead judges a connection by its newest run that came to its own end: one that is going on, or that somebody or the stop of
// the server ended, says nothing about the connection.
func lastRead(runs []collect.Run) Finding {
	f := Finding{OK: true, Detail: "never collected"}
	for _, r := range runs {
		said := fmt.Sprintf("%s on %s", r.Status, r.Started.UTC().Format(time.RFC3339))
		if !r.Status.Ended() || r.Status == collect.Cancelled {
			if f.Detail == "never collected" {
				f.Detail = said
			}
			continue
		}
		if r.Error != "" {
			said += ": " + r.Error
		}
		return Finding{OK: r.Status == collect.Complete, Detail: said}
	}
	return f
}

// Strip is the worst outcome of tests on each day of a period; a day on which none was evaluated is missing.
func (a *App) Strip(ctx context.Context, scope access.ReadScope, tests []string, p period.Period) (map[period.Date]evaluate.Outcome, error) {
	days, err := a.Evaluate.Store.Days(ctx, scope, tests, p)
	if err != nil {
		return nil, err
	}
	rank := func(o evaluate.Outcome) int {
		return slices.Index([]evaluate.Outcome{evaluate.NotApplicable, evaluate.Pass, evaluate.Unknown, evaluate.Fail}, o)
	}
	out := map[period.Date]evaluate.Outcome{}
	for _, d := range days {
		if old, ok := out[d.Date]; !ok || rank(d.Outcome) > rank(old) {
			out[d.Date] = d.Outcome
		}
	}
	return out, nil
}

var _ control.People = (*access.Service)(nil)
