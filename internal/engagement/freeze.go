package engagement

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/org"
)

// gatherer collects a dossier.
type gatherer struct {
	s        *Service
	scope    access.Scope
	read     access.ReadScope
	now      time.Time
	e        Engagement
	progress Progress

	criteria   []catalog.Criterion
	controls   []control.Control
	tests      []evaluate.Installed
	exceptions []evaluate.Exception
	final      map[string]evaluate.Run // of occurrence tests, over the whole period
	tallies    map[string]evaluate.Tally
}

func (g *gatherer) gather(ctx context.Context) (*Dossier, error) {
	d := &Dossier{V: 1, Subservice: []Subservice{}, CUECs: []CUEC{}, Missing: []string{}}
	o, err := g.s.Access.Org(ctx, g.read)
	if err != nil {
		return nil, err
	}
	d.Org = OrgFacts{Name: o.Name, Simulated: o.Simulated}
	e := g.e
	d.Engagement = Facts{ID: string(e.ID), Ref: e.Ref, Report: ReportName(e.Report), Type: e.Type, Categories: e.Categories, Period: e.Period, Standards: e.Standards, Firm: e.Firm, Status: string(e.Status)}
	if d.Frozen, err = g.freeze(ctx); err != nil {
		return nil, err
	}
	g.progress(0, 4, "judge the occurrences of the period")
	if err := g.scopeIn(ctx); err != nil {
		return nil, err
	}
	if err := g.judgePeriod(ctx); err != nil {
		return nil, err
	}
	g.progress(1, 4, "gather tests and deviations")
	if d.Tests, err = g.testFacts(ctx); err != nil {
		return nil, err
	}
	g.progress(2, 4, "describe the system")
	if d.Controls, err = g.controlFacts(ctx, d.Tests); err != nil {
		return nil, err
	}
	d.Criteria = g.criterionFacts()
	if err := g.parts(ctx, d); err != nil {
		return nil, err
	}
	if g.s.Signed != nil {
		if d.Signatures, err = g.s.Signed(ctx, g.read, e.ID); err != nil {
			return nil, err
		}
	}
	if err := g.handed(ctx, d); err != nil {
		return nil, err
	}
	if err := g.system(ctx, d); err != nil {
		return nil, err
	}
	if d.Sources, err = g.sources(ctx); err != nil {
		return nil, err
	}
	return d, nil
}

func (g *gatherer) freeze(ctx context.Context) (Freeze, error) {
	n, err := g.s.Store.NextNumber(ctx, g.read, g.e.ID)
	if err != nil {
		return Freeze{}, err
	}
	head, err := g.s.Ledger.Store.Head(ctx, g.read)
	if err != nil {
		return Freeze{}, err
	}
	return Freeze{At: g.now.UTC().Truncate(time.Microsecond), By: g.scope.Actor(), Number: n, LedgerSeq: head.Seq, Ledger: head.Hash}, nil
}

// end is the first instant after what the dossier is about: the end of the period, or now while it lasts.
func (g *gatherer) end() time.Time {
	if end := g.e.Period.To.Time(); end.Before(g.now) {
		return end
	}
	return g.now
}

// scopeIn decides what is in scope: the criteria that apply to the categories, the controls in force that serve them, and
// the tests of those controls.
func (g *gatherer) scopeIn(ctx context.Context) error {
	refs, err := g.controlsIn(ctx)
	if err != nil {
		return err
	}
	installed, err := g.s.Evaluate.Store.Installed(ctx, g.read)
	if err != nil {
		return err
	}
	if g.tallies, err = g.s.Evaluate.Store.Tally(ctx, g.read, g.e.Period.From.Time(), g.end()); err != nil {
		return err
	}
	for _, t := range installed {
		// A test that was never run in the period reads a system that is not connected: it says nothing.
		if _, ran := g.tallies[t.Definition.ID]; ran && slices.ContainsFunc(t.Definition.Controls, func(c string) bool { return refs[c] }) {
			g.tests = append(g.tests, t)
		}
	}
	g.exceptions, err = g.s.Evaluate.Exceptions.Exceptions(ctx, g.read, "")
	return err
}

// controlsIn reads the criteria and the controls that serve them, and returns the references of the controls.
func (g *gatherer) controlsIn(ctx context.Context) (map[string]bool, error) {
	if g.e.Report != SOC1 {
		ids, err := g.s.Catalog.ParseCategories(g.e.Categories)
		if err != nil {
			return nil, err
		}
		if g.criteria, err = g.s.Catalog.Applicable(ids); err != nil {
			return nil, err
		}
	}
	inScope, own := map[string]bool{}, map[string]bool{}
	for _, c := range g.criteria {
		inScope[c.ID] = true
	}
	framework := catalog.TSC
	if g.e.Report == SOC1 {
		framework = catalog.SOC1
	}
	for _, o := range g.e.Objectives {
		inScope[o.ID] = true
		for _, ref := range o.Controls {
			own[ref] = true
		}
	}
	all, err := g.s.Controls.AsOf(ctx, g.read, g.end())
	if err != nil {
		return nil, err
	}
	refs := map[string]bool{}
	for _, c := range all {
		if own[c.Ref] || slices.ContainsFunc(c.Version.Serves(framework), func(id string) bool { return inScope[id] }) {
			g.controls = append(g.controls, c)
			refs[c.Ref] = true
		}
	}
	return refs, nil
}

// judgePeriod evaluates the occurrence tests over the period as a whole: one population, one hash, one set of files.
func (g *gatherer) judgePeriod(ctx context.Context) error {
	g.final = map[string]evaluate.Run{}
	var occ []evaluate.Installed
	for _, t := range g.tests {
		if t.Definition.Kind == evaluate.Occurrence {
			occ = append(occ, t)
		}
	}
	if len(occ) == 0 {
		return nil
	}
	p := g.e.Period
	if last := period.Of(g.end().Add(-time.Microsecond)) + 1; last < p.To {
		p.To = last
	}
	if err := g.judgeAt(ctx, occ, g.asOf(), p); err != nil {
		return err
	}
	// What is collected weekly is too old to judge from on most days. Then the period is judged from the last time after its end at which
	// tests had what they need.
	occ = slices.DeleteFunc(occ, func(t evaluate.Installed) bool { return g.final[t.Definition.ID].Evaluated() })
	at, err := g.lastLook(ctx, occ)
	if err != nil || at.IsZero() {
		return err
	}
	return g.judgeAt(ctx, occ, at, p)
}

// judgeAt judges tests over a period from an instant.
func (g *gatherer) judgeAt(ctx context.Context, tests []evaluate.Installed, at time.Time, p period.Period) error {
	b, err := g.s.Evaluate.Evaluate(ctx, g.scope, evaluate.Request{Tests: tests, AsOf: at, Trigger: "freeze of " + g.e.Ref, Now: g.now, Period: &p})
	if err != nil {
		return err
	}
	for _, r := range b.Runs {
		g.final[r.Test] = r
	}
	return nil
}

// lastLook is the last instant after the end of the period as of which one of some tests was evaluated; zero if there is none.
func (g *gatherer) lastLook(ctx context.Context, tests []evaluate.Installed) (time.Time, error) {
	var at time.Time
	if len(tests) == 0 || !g.end().Before(g.asOf()) {
		return at, nil
	}
	tallies, err := g.s.Evaluate.Store.Tally(ctx, g.read, g.end(), g.asOf())
	if err != nil {
		return at, err
	}
	for _, t := range tests {
		last := tallies[t.Definition.ID].LastRun
		if last == "" {
			continue
		}
		r, err := g.s.Evaluate.Store.Run(ctx, g.read, last)
		if err != nil {
			return at, err
		}
		if r.AsOf.After(at) {
			at = r.AsOf
		}
	}
	return at, nil
}

// asOf is the instant the period is judged from: now, or, long after the period, a month after its end, when everything
// that belongs to it must have been collected.
func (g *gatherer) asOf() time.Time {
	const settle = 31 * 24 * time.Hour
	if late := g.e.Period.To.Time().Add(settle); late.Before(g.now) {
		return late
	}
	return g.now
}

func (g *gatherer) testFacts(ctx context.Context) ([]TestFacts, error) {
	out := []TestFacts{}
	for _, t := range g.tests {
		f, err := g.testFact(ctx, t)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func (g *gatherer) testFact(ctx context.Context, t evaluate.Installed) (TestFacts, error) {
	d := t.Definition
	f := TestFacts{
		ID: d.ID, Version: d.Version, SHA256: d.SHA256(), Title: d.Title, Asks: d.Asks, Kind: string(d.Kind), Severity: d.Severity, Controls: d.Controls, Counted: d.Counted,
		Evaluations: int(g.tallies[d.ID].Evaluations), Deviations: []Deviation{}, Unknowns: []Deviation{}, Sources: []string{},
	}
	days, err := g.s.Evaluate.Store.Days(ctx, g.read, []string{d.ID}, g.e.Period)
	if err != nil {
		return f, err
	}
	g.strip(&f, days)
	if d.Kind == evaluate.Occurrence {
		err = g.occurrences(ctx, &f)
	} else {
		err = g.state(ctx, &f)
	}
	if err != nil {
		return f, err
	}
	for _, in := range f.Final.Inputs {
		if !slices.Contains(f.Sources, in.Source) {
			f.Sources = append(f.Sources, in.Source)
		}
	}
	slices.Sort(f.Sources)
	return f, nil
}

// strip merges days with the same outcome and counts days tested and gaps. Days that have not come yet are neither.
func (g *gatherer) strip(f *TestFacts, days []evaluate.Day) {
	at := map[period.Date]evaluate.Day{}
	for _, d := range days {
		at[d.Date] = d
	}
	f.Days = []DayRun{}
	for d := g.e.Period.From; d < g.e.Period.To; d++ {
		outcome := "none"
		x, tested := at[d]
		switch {
		case tested && (x.Reason == "" || x.Outcome != evaluate.Unknown):
			outcome = string(x.Outcome)
			f.DaysTested++
		case tested: // an attempt without verdicts
			outcome = string(evaluate.Unknown)
			f.DaysGap++
		case d.Time().Before(g.end()):
			f.DaysGap++
		}
		if n := len(f.Days); n > 0 && f.Days[n-1].Outcome == outcome {
			f.Days[n-1].Days++
			continue
		}
		f.Days = append(f.Days, DayRun{From: d, Days: 1, Outcome: outcome})
	}
}

// occurrences takes figures and deviations of an occurrence test from the evaluation over the whole period, and keeps
// verdicts on what its sources no longer tell of.
func (g *gatherer) occurrences(ctx context.Context, f *TestFacts) error {
	r := g.final[f.ID]
	f.Population, f.Final = r.Population, rerun(r)
	f.Pass, f.Fail, f.Unknown, f.NA = r.Counts[evaluate.Pass], r.Counts[evaluate.Fail], r.Counts[evaluate.Unknown], r.Counts[evaluate.NotApplicable]
	q := paging.Query{Page: 1, Size: paging.MaxSize, Sort: "since"}
	for {
		res, err := g.s.Evaluate.Store.Happenings(ctx, g.read, evaluate.Filter{Tests: []string{f.ID}, From: g.e.Period.From.Time(), To: g.e.Period.To.Time()}, q)
		if err != nil {
			return err
		}
		for _, h := range res.Rows {
			at := h.Occurred.UTC()
			g.add(f, h.Outcome, Deviation{ItemID: h.ItemID, Label: h.Label, Reason: h.Reason, From: at, To: &at})
		}
		if q.Page >= res.Pages() {
			break
		}
		q.Page++
	}
	// What is remembered though the sources forgot it: the last evaluation did not count it.
	if n := int64(len(f.Deviations)); n > f.Fail {
		f.Population, f.Fail = f.Population+n-f.Fail, n
	}
	if n := int64(len(f.Unknowns)); n > f.Unknown {
		f.Population, f.Unknown = f.Population+n-f.Unknown, n
	}
	return nil
}

func (g *gatherer) state(ctx context.Context, f *TestFacts) error {
	tally := g.tallies[f.ID]
	f.Population = tally.MaxPopulation
	if tally.LastRun != "" {
		r, err := g.s.Evaluate.Store.Run(ctx, g.read, tally.LastRun)
		if err != nil {
			return err
		}
		f.Final = rerun(r)
	}
	q := paging.Query{Page: 1, Size: paging.MaxSize, Sort: "since"}
	for {
		res, err := g.s.Evaluate.Store.Intervals(ctx, g.read, evaluate.Filter{Tests: []string{f.ID}, From: g.e.Period.From.Time(), To: g.e.Period.To.Time()}, q)
		if err != nil {
			return err
		}
		for _, i := range res.Rows {
			dev := Deviation{ItemID: i.ItemID, Label: i.Label, Reason: i.Reason, From: i.From.UTC()}
			if i.To != nil {
				to := i.To.UTC()
				dev.To = &to
			}
			g.add(f, i.Outcome, dev)
		}
		if q.Page >= res.Pages() {
			return nil
		}
		q.Page++
	}
}

func (g *gatherer) add(f *TestFacts, o evaluate.Outcome, d Deviation) {
	for _, x := range g.exceptions {
		if x.Covers(f.ID, d.ItemID) && x.Active(d.From) || x.Covers(f.ID, d.ItemID) && x.Active(g.end()) && (d.To == nil || d.To.After(g.end())) {
			d.Exception = x.Ref
		}
	}
	switch o {
	case evaluate.Fail:
		f.Deviations = append(f.Deviations, d)
	case evaluate.Unknown:
		f.Unknowns = append(f.Unknowns, d)
	}
}

func rerun(r evaluate.Run) Rerun {
	x := Rerun{RunID: string(r.ID), AsOf: r.AsOf.UTC(), Params: r.Params, Inputs: []RerunInput{}, RowsSHA256: r.Hash, Population: r.Population, Seq: r.Seq}
	if !r.Evaluated() {
		return Rerun{Params: map[string]string{}, Inputs: []RerunInput{}}
	}
	if !r.To.IsZero() {
		from, to := r.From.UTC(), r.To.UTC()
		x.From, x.To = &from, &to
	}
	for _, in := range r.Inputs {
		x.Inputs = append(x.Inputs, RerunInput{in.Table, in.Ref, in.Source, in.SHA256, in.Path, string(in.Completeness)})
	}
	return x
}

func (g *gatherer) controlFacts(ctx context.Context, tests []TestFacts) ([]ControlFacts, error) {
	names, err := g.names(ctx)
	if err != nil {
		return nil, err
	}
	out := []ControlFacts{}
	for _, c := range g.controls {
		v := c.Version
		f := ControlFacts{
			Ref: c.Ref, Title: v.Title, Statement: v.Statement, Type: string(v.Type), Nature: string(v.Nature), Frequency: string(v.Frequency), Owner: v.OwnerRole,
			Version: v.Number, Criteria: v.Serves(catalog.TSC), Tests: []string{}, Evidence: v.Evidence, Uploads: []string{},
		}
		if n := names[c.Owner]; n != "" {
			f.Owner = fmt.Sprintf("%s (%s)", n, v.OwnerRole)
		}
		for _, t := range tests {
			if slices.Contains(t.Controls, c.Ref) {
				f.Tests = append(f.Tests, t.ID)
			}
		}
		docs, err := g.s.Evidence.Items(ctx, g.read, evidence.Filter{Control: c.Ref, From: g.e.Period.From.Time(), To: g.e.Period.To.Time(), Usable: true}, paging.Query{Size: paging.MaxSize, Sort: "ref"})
		if err != nil {
			return nil, err
		}
		for _, it := range docs.Rows {
			f.Uploads = append(f.Uploads, it.Ref+" "+it.Title)
		}
		out = append(out, f)
	}
	return out, nil
}

func (g *gatherer) names(ctx context.Context) (map[access.UserID]string, error) {
	members, err := g.s.Access.Members(ctx, g.read)
	if err != nil {
		return nil, err
	}
	out := map[access.UserID]string{}
	for _, m := range members {
		out[m.ID] = m.Name
	}
	return out, nil
}

func (g *gatherer) criterionFacts() []CriterionFacts {
	out := []CriterionFacts{}
	for _, c := range g.criteria {
		f := CriterionFacts{ID: c.ID, Category: string(c.Category), Series: c.Series, Title: c.Title, Intent: c.Intent, Controls: []string{}}
		for _, x := range g.controls {
			if slices.Contains(x.Version.Serves(catalog.TSC), c.ID) {
				f.Controls = append(f.Controls, x.Ref)
			}
		}
		out = append(out, f)
	}
	return out
}

func (g *gatherer) sources(ctx context.Context) ([]SourceFacts, error) {
	all, err := g.s.Evidence.Sources(ctx, g.read, g.e.Period.From.Time(), g.e.Period.To.Time())
	if err != nil {
		return nil, err
	}
	out := []SourceFacts{}
	for _, x := range all {
		first, last := x.First.UTC(), x.Last.UTC()
		out = append(out, SourceFacts{Name: x.Source, System: x.System, Collector: x.Collector, Items: x.Items, Complete: x.Usable, Proven: x.Proven, Rows: x.Rows, First: &first, Last: &last})
	}
	return out, nil
}

// system fills in the description of the system as it stood at the end, with the numbers that were collected.
func (g *gatherer) system(ctx context.Context, d *Dossier) error {
	x, err := g.s.System.Description(ctx, g.read, g.end())
	if err != nil {
		return err
	}
	d.System = System{Name: x.System.Name, Overview: x.System.Overview, Boundary: x.System.Boundary, Services: []Named{}, Commitments: []Commitment{}, Components: map[string][]Component{},
		Aspects: []Named{}, Incidents: []Named{}, Changes: []Named{}, NotApplicable: []Named{}}
	for _, o := range x.Services {
		d.System.Services = append(d.System.Services, Named{o.Name, o.Text})
	}
	for _, c := range x.Commitments {
		t := c.Text
		if c.Threshold != "" {
			t += " Measured as: " + c.Threshold + "."
		}
		d.System.Commitments = append(d.System.Commitments, Commitment{string(c.Category), t, c.Source})
	}
	for _, class := range org.Classes() {
		list := []Component{}
		for _, c := range *x.Components.Of(class) {
			y := Component{Name: c.Name, Text: c.Text}
			if c.Count != nil {
				if y.Count, y.Evidence, err = g.count(ctx, *c.Count); err != nil {
					return err
				}
			}
			list = append(list, y)
		}
		d.System.Components[string(class)] = list
	}
	for _, area := range org.Areas() {
		for _, a := range *x.Aspects.Of(area) {
			d.System.Aspects = append(d.System.Aspects, Named{area.Title() + ": " + a.Title, a.Text})
		}
	}
	g.narratives(d, x)
	for _, part := range []string{"changes", "incidents", "subservice"} {
		if slices.Contains(x.System.None, part) {
			d.System.None = append(d.System.None, part)
		}
	}
	for _, t := range x.Transactions {
		name := string(t.Topic)
		if t.Title != "" {
			name += ": " + t.Title
		}
		d.System.Processing = append(d.System.Processing, Named{name, t.Text})
	}
	return g.complements(ctx, d, x)
}

// narratives fills in what happened and what does not apply: incidents that management decided to describe, changes of
// the period, criteria with their reasons.
func (g *gatherer) narratives(d *Dossier, x org.Description) {
	for _, i := range x.Incidents {
		if i.Decision == org.Describe && g.e.Period.Contains(i.Started) {
			d.System.Incidents = append(d.System.Incidents, Named{i.Ref + " " + i.Title, i.Text + " " + i.Disposition})
		}
	}
	for _, c := range x.Changes {
		if g.e.Period.Has(c.Date) {
			d.System.Changes = append(d.System.Changes, Named{c.Date.String() + " " + c.Title, c.Text})
		}
	}
	for _, n := range x.NotApplicable {
		d.System.NotApplicable = append(d.System.NotApplicable, Named{n.Criterion, n.Reason})
	}
	for _, s := range x.Subservice {
		d.Subservice = append(d.Subservice, Subservice{Name: s.Name, Service: s.Service, Method: string(s.Method), Controls: orEmpty(s.CSOCs), Criteria: orEmpty(s.Criteria)})
	}
}

func orEmpty(in []string) []string {
	if in == nil {
		return []string{}
	}
	return in
}

func (g *gatherer) complements(ctx context.Context, d *Dossier, x org.Description) error {
	cuecs, err := g.s.Controls.ListComplements(ctx, g.read, control.CUEC, g.end())
	if err != nil {
		return err
	}
	framework := catalog.TSC
	if g.e.Report == SOC1 {
		framework = catalog.SOC1
	}
	for _, c := range cuecs {
		if c.Retired {
			continue
		}
		y := CUEC{Ref: c.Ref, Text: c.Text, Criteria: []string{}}
		for _, r := range c.Requirements {
			if r.Framework == framework {
				y.Criteria = append(y.Criteria, r.ID)
			}
		}
		d.CUECs = append(d.CUECs, y)
	}
	slices.SortFunc(d.CUECs, func(a, b CUEC) int { return cmp.Compare(a.Ref, b.Ref) })
	return g.missing(d, x)
}

// missing lists in words what the description still lacks.
func (g *gatherer) missing(d *Dossier, x org.Description) error {
	rep, err := g.check(x, len(d.CUECs))
	if err != nil {
		return err
	}
	for _, f := range rep.Findings {
		if f.Level == org.Missing || f.Level == org.Forbidden {
			d.Missing = append(d.Missing, strings.TrimPrefix(f.Criterion+": "+f.Text, ": "))
		}
	}
	return nil
}

func (g *gatherer) check(x org.Description, cuecs int) (org.Report, error) {
	if g.e.Report == SOC1 {
		return g.checkSOC1(x)
	}
	ids, err := g.s.Catalog.ParseCategories(g.e.Categories)
	if err != nil {
		return org.Report{}, err
	}
	serving := map[string]int{}
	for _, c := range g.criterionFacts() {
		serving[c.ID] = len(c.Controls)
	}
	return org.Check(x, org.Examination{Type2: g.e.Type == 2, Categories: ids, Period: g.e.Period, Controls: serving, CUECs: cuecs})
}

// checkSOC1 is the part of the check that does not rest on trust services criteria: a SOC 1 has objectives instead, and its
// description answers to AT-C 320 (domain brief 3.1), which asks for the rest as well.
func (g *gatherer) checkSOC1(x org.Description) (org.Report, error) {
	rep, err := org.Check(x, org.Examination{Type2: g.e.Type == 2, Categories: []catalog.CategoryID{catalog.Security}, Period: g.e.Period, CUECs: -1})
	rep.Findings = slices.DeleteFunc(rep.Findings, func(f org.Finding) bool { return slices.Contains([]string{"DC2", "DC5", "DC6", "DC8"}, f.Criterion) })
	for _, t := range org.Topics() {
		if !slices.ContainsFunc(x.Transactions, func(y org.Transaction) bool { return y.Topic == t }) {
			rep.Findings = append(rep.Findings, org.Finding{Level: org.Missing, Criterion: "AT-C 320", Path: "transactions", Text: "nothing is said about " + strings.ToLower(t.Title())})
		}
	}
	return rep, err
}

// CheckDescription compares a description with what an engagement's report needs: criteria, controls, complementary user
// entity controls.
func (s *Service) CheckDescription(ctx context.Context, scope access.ReadScope, now time.Time, ref string, x org.Description) (org.Report, error) {
	e, err := s.Store.Engagement(ctx, scope, ref)
	if err != nil {
		return org.Report{}, err
	}
	g := &gatherer{s: s, read: scope, now: now, e: e, progress: func(int, int, string) {}}
	if _, err := g.controlsIn(ctx); err != nil {
		return org.Report{}, err
	}
	cuecs, err := s.Controls.ListComplements(ctx, scope, control.CUEC, g.end())
	if err != nil {
		return org.Report{}, err
	}
	return g.check(x, len(slices.DeleteFunc(cuecs, func(c control.Complement) bool { return c.Retired })))
}

// count reads the number of a component from the newest usable snapshot before the end.
func (g *gatherer) count(ctx context.Context, c org.Count) (int64, string, error) {
	items, err := g.s.Evidence.Latest(ctx, g.read, c.System, c.Resource, g.end())
	if err != nil {
		return 0, "", err
	}
	var n int64
	ref := ""
	for _, it := range items {
		if c.Source != "" && it.Source != c.Source || !it.Completeness.Usable() {
			continue
		}
		n += it.Rows
		if ref != "" {
			ref += ", "
		}
		ref += it.Ref
	}
	return n, ref, nil
}
