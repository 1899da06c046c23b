package risk_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
	"github.com/tickmark/tickmark/internal/risk"
	"github.com/tickmark/tickmark/internal/risk/risksql"
)

var (
	now   = accesstest.Now
	today = period.Of(now)
)

func hours(n int) time.Time { return now.Add(time.Duration(n) * time.Hour) }

const why = "the steering committee looked at it in March"

type world struct {
	*accesstest.World
	t   *testing.T
	svc *risk.Service
	pia access.Scope // an analyst
	leo access.Scope // a compliance lead
	ann access.Scope // a control owner
}

// Control knows two controls; Owner the members; File everything.
func (w *world) Control(_ context.Context, _ access.ReadScope, ref string) (control.Control, error) {
	if ref == "IAM-01" || ref == "IAM-02" {
		return control.Control{Ref: ref}, nil
	}
	return control.Control{}, errs.New(errs.NotFound, "no control %s", ref)
}

func (w *world) File(_ context.Context, _ access.Scope, a risk.Assessment, body []byte, _ []string) (string, error) {
	return fmt.Sprintf("EV-%s-%t", a.Ref, len(body) > 100), nil
}

type members struct{ *world }

func (m members) Owner(ctx context.Context, s access.ReadScope, who string) (risk.Owner, error) {
	x, err := m.Access.Member(ctx, s, who)
	return risk.Owner{ID: string(x.ID), User: x.ID, Name: x.Name, Gone: x.Disabled}, err
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{World: accesstest.New(t, db), t: t}
	store := &risksql.Store{DB: db}
	w.svc = &risk.Service{Store: store, Scales: store, Assessments: store, Triggers: store, Controls: w, Owners: members{w}, Files: w, Tx: db, Ledger: w.Ledger}
	w.pia = w.Member(t, "pia@northwind.example", access.SecurityAnalyst)
	w.leo = w.Member(t, "leo@northwind.example", access.ComplianceLead)
	w.ann = w.Member(t, "ann@northwind.example", access.ControlOwner)
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) refused(err error, k errs.Kind, field, part string) {
	w.t.Helper()
	if !errs.Is(err, k) || !strings.Contains(err.Error(), part) || errs.FieldOf(err) != field {
		w.t.Errorf("%v (%v at %q), want %v at %q with %q", err, errs.KindOf(err), errs.FieldOf(err), k, field, part)
	}
}

func sample(title string) risk.Text {
	return risk.Text{Title: title, Kind: risk.Security, Threat: "credential-stuffing", Process: "Sign-in", Controls: []string{"iam-02", "IAM-01", "IAM-02"}, Concerns: []string{"SC-01"},
		Inherent: risk.Rating{Likelihood: 4, Impact: 4}, Residual: risk.Rating{Likelihood: 2, Impact: 4}, Response: risk.Reduce, Owner: "pia@northwind.example", Review: today + 90}
}

func (w *world) add(t risk.Text) risk.Risk {
	w.t.Helper()
	r, err := w.svc.Add(w.t.Context(), w.pia, now, t)
	w.ok(err)
	return r
}

// TestLife takes one risk through everything that can happen to it.
func TestLife(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		r := w.add(sample(" Accounts\nopened with leaked passwords "))
		if r.Ref != "R-001" || r.Title != "Accounts opened with leaked passwords" || strings.Join(r.Controls, " ") != "IAM-01 IAM-02" || r.Owner != string(w.pia.User()) {
			t.Errorf("%+v", r)
		}
		got, err := w.svc.Risk(ctx, w.ann.ReadScope, "r-001")
		w.ok(err)
		if fmt.Sprint(got) != fmt.Sprint(r) {
			t.Errorf("%+v\n%+v", got, r)
		}
		x := r.Text
		x.Residual = risk.Rating{Likelihood: 3, Impact: 4}
		_, err = w.svc.Edit(ctx, w.pia, hours(1), "R-001", 1, x, "more attempts than last year")
		w.ok(err)
		// The same again changes nothing and leaves nothing.
		r, err = w.svc.Edit(ctx, w.pia, hours(2), "R-001", 2, x, "")
		w.ok(err)
		if r.Version != 2 {
			t.Errorf("version %d", r.Version)
		}
		_, err = w.svc.Edit(ctx, w.leo, hours(2), "R-001", 1, x, "")
		w.refused(err, errs.Conflict, "", "changed meanwhile")
		var stale *risk.Stale
		if !errors.As(err, &stale) || stale.Theirs.Version != 2 {
			t.Error(err)
		}
		r, err = w.svc.Accept(ctx, w.leo, hours(3), "R-001", 2, today+100, why)
		w.ok(err)
		if !r.Accepted(today+100) || r.Accepted(today+101) || r.Response != risk.Accept || r.Acceptance.Score != 12 {
			t.Errorf("%+v", r.Acceptance)
		}
		x = r.Text
		x.Residual = risk.Rating{Likelihood: 4, Impact: 4}
		r, err = w.svc.Edit(ctx, w.pia, hours(4), "R-001", 3, x, "")
		w.ok(err)
		if r.Accepted(today) {
			t.Error("a risk that rose is no longer covered by its acceptance")
		}
		_, err = w.svc.Escalate(ctx, w.pia, hours(5), "R-001", "T-004", "Dana Whitfield", "the vendor does not answer")
		w.ok(err)
		r, err = w.svc.Review(ctx, w.pia, hours(6), "R-001", 0, today+180, "")
		w.ok(err)
		if !r.Escalated("T-004") || r.Escalated("T-005") || r.Reviewed == nil || r.Review != today+180 {
			t.Errorf("%+v", r)
		}
		_, err = w.svc.Revoke(ctx, w.leo, hours(7), "R-001", 0, "it is too high by now")
		w.ok(err)
		_, err = w.svc.Close(ctx, w.pia, hours(8), "R-001", 0, "sign-in goes through one provider now")
		w.ok(err)
		_, err = w.svc.Accept(ctx, w.leo, hours(9), "R-001", 0, today+1, why)
		w.refused(err, errs.Conflict, "", "is closed")
		_, err = w.svc.Reopen(ctx, w.pia, hours(9), "R-001", 0)
		w.ok(err)
		all, err := w.svc.History(ctx, w.ann.ReadScope, r.ID)
		w.ok(err)
		var acts []string
		for _, v := range all {
			acts = append(acts, string(v.Act))
		}
		if got := strings.Join(acts, " "); got != "reopened closed revoked reviewed escalated changed accepted changed added" {
			t.Error(got)
		}
		if d := risk.Diff(all[8].Risk, all[7].Risk); len(d) != 1 || d[0].Field != "residual risk" || d[0].Became != "3 × 4 = 12" {
			t.Errorf("%+v", d)
		}
		if n := len(w.Entries(t, w.Owner, "risk.")); n != 9 {
			t.Errorf("%d entries", n)
		}
	})
}

func TestRefused(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		for _, c := range []struct {
			change      func(*risk.Text)
			field, part string
		}{
			{func(x *risk.Text) { x.Title = " a\n" }, "title", "at least 3"},
			{func(x *risk.Text) { x.Title = strings.Repeat("ü", 201) }, "title", "201 characters"},
			{func(x *risk.Text) { x.Description = strings.Repeat("ü", 8001) }, "description", "8001 characters"},
			{func(x *risk.Text) { x.Kind = "bad luck" }, "kind", "choose"},
			{func(x *risk.Text) { x.Threat = "dragons" }, "threat", "no threat"},
			{func(x *risk.Text) { x.Inherent = risk.Rating{Likelihood: 3} }, "inherent_likelihood", "both"},
			{func(x *risk.Text) { x.Inherent = risk.Rating{Likelihood: 6, Impact: 1} }, "inherent_likelihood", "both"},
			{func(x *risk.Text) { x.Residual = risk.Rating{Likelihood: -1, Impact: 1} }, "residual_likelihood", "both"},
			{func(x *risk.Text) { x.Inherent = risk.Rating{} }, "inherent_likelihood", "without controls"},
			{func(x *risk.Text) { x.Residual = risk.Rating{Likelihood: 5, Impact: 5} }, "residual_likelihood", "do not raise it"},
			{func(x *risk.Text) { x.Response = "pray" }, "response", "choose"},
			{func(x *risk.Text) { x.Controls = []string{"XYZ-01"} }, "controls", "no control XYZ-01"},
			{func(x *risk.Text) {
				x.Controls = make([]string, 0)
				x.Concerns = strings.Split(strings.Repeat("a,b,c,d,", 20), ",")
			}, "", ""},
			{func(x *risk.Text) { x.Owner = "nobody@northwind.example" }, "owner", "nobody here"},
			{func(x *risk.Text) { x.Owner = "owner@fabrikam.example" }, "owner", "nobody here"},
			{func(x *risk.Text) { x.Review = today - 1 }, "review", "is over"},
			{func(x *risk.Text) { x.Review = today + 40000 }, "review", "hundred years"},
			{func(x *risk.Text) { x.Kind, x.Triangle.By = risk.Fraud, "a ghost" }, "by", "insider"},
		} {
			x := sample("A risk")
			c.change(&x)
			_, err := w.svc.Add(ctx, w.pia, now, x)
			if c.part == "" {
				w.ok(err)
				continue
			}
			w.refused(err, errs.Invalid, c.field, c.part)
		}
		_, err := w.svc.Add(ctx, w.ann, now, sample("A risk"))
		w.refused(err, errs.Denied, "", "may not change risks")
		hostile := "<b>\u202eסיכון</b> 🧯 \x00' OR 1=1 --"
		x := sample(hostile)
		x.Owner = ""
		r := w.add(x)
		if r.Ref != "R-002" || r.Title != "<b>\u202eסיכון</b> 🧯  ' OR 1=1 --" {
			t.Errorf("%+v", r)
		}
		if _, err := w.svc.Risk(ctx, w.OtherOwner.ReadScope, "R-002"); !errs.Is(err, errs.NotFound) {
			t.Error(err)
		}
		own := sample("Leo's own risk")
		own.Owner = "leo@northwind.example"
		r = w.add(own)
		_, err = w.svc.Accept(ctx, w.leo, now, r.Ref, 0, today+10, why)
		w.refused(err, errs.Denied, "", "nobody accepts a risk of their own")
		for _, c := range []struct {
			until       period.Date
			why         string
			field, part string
		}{{0, why, "until", "until when"}, {today - 1, why, "until", "is over"}, {today + 800, why, "until", "two years"}, {today + 10, "fine", "why", "at least 10"}} {
			_, err := w.svc.Accept(ctx, w.Owner, now, r.Ref, 0, c.until, c.why)
			w.refused(err, errs.Invalid, c.field, c.part)
		}
		_, err = w.svc.Accept(ctx, w.pia, now, r.Ref, 0, today+10, why)
		w.refused(err, errs.Denied, "", "may not accept risks")
	})
}

func TestListAndCells(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		w.add(sample("First"))
		x := sample("Second, of 100%_")
		x.Residual, x.Controls, x.Kind, x.Owner, x.Review = risk.Rating{Likelihood: 3, Impact: 4}, nil, risk.Environment, "", 0
		w.add(x)
		x = sample("Third")
		x.Inherent, x.Residual, x.Response = risk.Rating{}, risk.Rating{}, ""
		w.add(x)
		list := func(f risk.Filter, q paging.Query) string {
			got, err := w.svc.List(ctx, w.ann.ReadScope, f, q)
			w.ok(err)
			var out []string
			for _, r := range got.Rows {
				out = append(out, r.Ref)
			}
			return strings.Join(out, " ")
		}
		for _, c := range []struct {
			f    risk.Filter
			q    paging.Query
			want string
		}{
			{risk.Filter{}, paging.Query{}, "R-002 R-001 R-003"},
			{risk.Filter{}, paging.Query{Sort: "ref"}, "R-001 R-002 R-003"},
			{risk.Filter{}, paging.Query{Sort: "title", Desc: true, Size: 2}, "R-003 R-002"},
			{risk.Filter{}, paging.Query{Sort: "review"}, "R-001 R-003 R-002"},
			{risk.Filter{}, paging.Query{Search: "100%_"}, "R-002"},
			{risk.Filter{}, paging.Query{Search: "iam-02"}, "R-001 R-003"},
			{risk.Filter{Control: "IAM-02"}, paging.Query{}, "R-001 R-003"},
			{risk.Filter{Control: "IAM"}, paging.Query{}, ""},
			{risk.Filter{Concern: "SC-01", Kind: risk.Environment}, paging.Query{}, "R-002"},
			{risk.Filter{Unowned: true}, paging.Query{}, "R-002"},
			{risk.Filter{Owner: string(w.pia.User())}, paging.Query{}, "R-001 R-003"},
			{risk.Filter{Unrated: true}, paging.Query{}, "R-003"},
			{risk.Filter{From: 9, To: 15}, paging.Query{}, "R-002"},
			{risk.Filter{View: risk.Without, Likelihood: 4, Impact: 4}, paging.Query{Sort: "ref"}, "R-001 R-002"},
			{risk.Filter{Due: today + 91}, paging.Query{}, "R-001 R-003"},
			{risk.Filter{Refs: []string{"R-003"}, State: risk.Open}, paging.Query{}, "R-003"},
		} {
			if got := list(c.f, c.q); got != c.want {
				t.Errorf("%+v %+v: %q, want %q", c.f, c.q, got, c.want)
			}
		}
		cells, err := w.svc.Cells(ctx, w.ann.ReadScope, risk.Filter{}, "")
		w.ok(err)
		if len(cells) != 3 || cells[0].Rated() || cells[2].Score() != 12 || cells[2].Count != 1 {
			t.Errorf("%+v", cells)
		}
	})
}

func TestScale(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		s, err := w.svc.Scale(ctx, w.ann.ReadScope)
		w.ok(err)
		for r, want := range map[risk.Rating]risk.Band{{}: "", {Likelihood: 2, Impact: 2}: risk.Low, {Likelihood: 1, Impact: 5}: risk.Medium, {Likelihood: 2, Impact: 5}: risk.High, {Likelihood: 4, Impact: 4}: risk.Critical} {
			if got := s.Band(r); got != want {
				t.Errorf("%s: %s", r, got)
			}
		}
		if s.Version != 0 || s.Above(risk.Rating{Likelihood: 3, Impact: 3}) || !s.Above(risk.Rating{Likelihood: 2, Impact: 5}) {
			t.Errorf("%+v", s)
		}
		w.add(sample("A risk"))
		x := risk.DefaultScale()
		x.Likelihood, x.Impact = x.Likelihood[:4:4], x.Impact[:4:4]
		x.Medium, x.High, x.Critical, x.Tolerance = 3, 6, 12, 5
		got, err := w.svc.SetScale(ctx, w.leo, hours(1), 0, x)
		w.ok(err)
		if got.Version != 1 || got.Band(risk.Rating{Likelihood: 4, Impact: 3}) != risk.Critical {
			t.Errorf("%+v", got)
		}
		_, err = w.svc.SetScale(ctx, w.leo, hours(2), 0, x)
		w.refused(err, errs.Conflict, "", "meanwhile")
		for _, c := range []struct {
			change      func(*risk.Scale)
			kind        errs.Kind
			field, part string
		}{
			{func(x *risk.Scale) { x.Likelihood = x.Likelihood[:3:3] }, errs.Conflict, "", "cannot be shorter"},
			{func(x *risk.Scale) { x.Likelihood = x.Likelihood[:2:2] }, errs.Invalid, "likelihood", "2 steps"},
			{func(x *risk.Scale) { x.Impact = append([]risk.Level{{Word: " "}}, x.Impact...) }, errs.Invalid, "impact_1", "no word"},
			{func(x *risk.Scale) { x.High = 3 }, errs.Invalid, "high", "above medium"},
			{func(x *risk.Scale) { x.Critical = 99 }, errs.Invalid, "critical", "at 16"},
			{func(x *risk.Scale) { x.Tolerance = 0 }, errs.Invalid, "tolerance", "from 1"},
		} {
			y := x
			c.change(&y)
			_, err := w.svc.SetScale(ctx, w.leo, hours(3), 1, y)
			w.refused(err, c.kind, c.field, c.part)
		}
		_, err = w.svc.SetScale(ctx, w.ann, hours(3), 1, x)
		w.refused(err, errs.Denied, "", "may not change risks")
	})
}

func plan() risk.Plan {
	return risk.Plan{Title: "Yearly risk assessment", Method: "Workshop with the owners", Participants: []string{"Leo", "Pia"}, Processes: []string{"Payments"}, Held: today}
}

// around leaves everything else out.
func around(_ context.Context, _ access.ReadScope, risks []risk.Risk) ([]risk.FrozenRisk, error) {
	var out []risk.FrozenRisk
	for _, r := range risks {
		out = append(out, risk.FrozenRisk{Risk: r, OwnerName: "Pia", Treatments: []risk.FrozenTreatment{}})
	}
	return out, nil
}

func TestAssessment(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		_, err := w.svc.StartAssessment(ctx, w.leo, now, plan())
		w.refused(err, errs.Conflict, "", "register is empty")
		w.add(sample("First"))
		x := sample("Second")
		x.Residual = risk.Rating{}
		w.add(x)
		a, err := w.svc.StartAssessment(ctx, w.leo, hours(1), plan())
		w.ok(err)
		if a.Ref != "RA-2026" {
			t.Error(a.Ref)
		}
		_, err = w.svc.StartAssessment(ctx, w.leo, hours(1), plan())
		w.refused(err, errs.Conflict, "", "RA-2026 is still open")
		w.add(sample("Third, found on the way"))
		none := risk.Rating{}
		_, err = w.svc.Walk(ctx, w.pia, hours(2), "RA-2026", "R-001", risk.Confirmed, none, none, "")
		w.ok(err)
		_, err = w.svc.Walk(ctx, w.pia, hours(2), "RA-2026", "R-002", risk.Confirmed, none, none, "")
		w.refused(err, errs.Invalid, "finding", "nothing to confirm")
		_, err = w.svc.Walk(ctx, w.pia, hours(2), "RA-2026", "R-002", risk.Rerated, none, none, why)
		w.refused(err, errs.Invalid, "residual_likelihood", "choose")
		l, err := w.svc.Walk(ctx, w.pia, hours(2), "RA-2026", "R-002", risk.Rerated, risk.Rating{Likelihood: 5, Impact: 4}, risk.Rating{Likelihood: 3, Impact: 4}, why)
		w.ok(err)
		if l.Was.Rated() || l.Is.Score() != 12 {
			t.Errorf("%+v", l)
		}
		_, err = w.svc.Freeze(ctx, w.leo, hours(3), "RA-2026", 0, around)
		w.refused(err, errs.Conflict, "", "1 of 3 risks were not looked at")
		_, err = w.svc.Walk(ctx, w.pia, hours(3), "RA-2026", "R-003", risk.Ended, none, none, "it is part of the first one")
		w.ok(err)
		p := plan()
		p.Conclusion, p.Participants = "Two risks above tolerance.", nil
		a, err = w.svc.EditAssessment(ctx, w.leo, hours(3), "RA-2026", 1, p)
		w.ok(err)
		_, err = w.svc.Freeze(ctx, w.leo, hours(4), "RA-2026", 0, around)
		w.refused(err, errs.Conflict, "", "by whom")
		p.Participants = []string{"Leo"}
		a, err = w.svc.EditAssessment(ctx, w.leo, hours(4), "RA-2026", a.Version, p)
		w.ok(err)
		_, err = w.svc.Freeze(ctx, w.leo, hours(5), "RA-2026", 0, func(_ context.Context, _ access.ReadScope, list []risk.Risk) ([]risk.FrozenRisk, error) {
			return make([]risk.FrozenRisk, len(list)), nil // of somebody whose token does not cover tasks
		})
		w.refused(err, errs.Denied, "", "you may not read tasks")
		_, err = w.svc.Freeze(ctx, w.leo, hours(5), "RA-2026", a.Version, around)
		w.ok(err)
		a, lines, err := w.svc.Walkthrough(ctx, w.ann.ReadScope, "RA-2026")
		w.ok(err)
		d, err := a.Read()
		w.ok(err)
		if a.Evidence != "EV-RA-2026-true" || a.Frozen == nil || len(lines) != 3 || len(d.Risks) != 3 || d.Assessment.Conclusion == "" || !d.Risks[1].Above || d.Risks[2].State != risk.Closed {
			t.Errorf("%+v\n%+v", a, d.Risks)
		}
		// What is frozen stays.
		_, err = w.svc.Walk(ctx, w.pia, hours(6), "RA-2026", "R-001", risk.Confirmed, none, none, "")
		w.refused(err, errs.Conflict, "", "frozen")
		_, err = w.svc.EditAssessment(ctx, w.leo, hours(6), "RA-2026", 0, p)
		w.refused(err, errs.Conflict, "", "frozen")
		_, err = w.svc.Freeze(ctx, w.leo, hours(6), "RA-2026", 0, around)
		w.refused(err, errs.Conflict, "", "frozen already")
		broken := a
		broken.Body = strings.Replace(a.Body, "First", "Other", 1)
		if _, err := broken.Read(); !errs.Is(err, errs.Internal) {
			t.Error(err)
		}
		again, err := w.svc.StartAssessment(ctx, w.leo, hours(7), plan())
		w.ok(err)
		if again.Ref != "RA-2026-2" {
			t.Error(again.Ref)
		}
	})
}

func TestCompare(t *testing.T) {
	t.Parallel()
	frozen := func(ref string, score int, state risk.State) risk.FrozenRisk {
		return risk.FrozenRisk{Risk: risk.Risk{Ref: ref, State: state, Text: risk.Text{Residual: risk.Rating{Likelihood: score, Impact: 1}}}}
	}
	was := &risk.Dossier{Risks: []risk.FrozenRisk{frozen("R-1", 3, risk.Open), frozen("R-2", 3, risk.Open), frozen("R-3", 3, risk.Open), frozen("R-4", 3, risk.Open), frozen("R-6", 3, risk.Closed)}}
	is := &risk.Dossier{Risks: []risk.FrozenRisk{frozen("R-1", 5, risk.Open), frozen("R-2", 1, risk.Open), frozen("R-3", 3, risk.Closed), frozen("R-5", 2, risk.Open), frozen("R-7", 2, risk.Closed)}}
	var got []string
	for _, s := range risk.Compare(was, is) {
		got = append(got, s.Ref+" "+s.Kind)
	}
	if strings.Join(got, ", ") != "R-1 higher, R-2 lower, R-3 gone, R-4 gone, R-5 new" {
		t.Error(got)
	}
}

func TestTriggers(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		w.add(sample("A risk"))
		n := risk.Notice{Kind: risk.Vendor, Title: "A new provider of e-mail", Effective: today + 10}
		x, err := w.svc.AddTrigger(ctx, w.pia, now, n)
		w.ok(err)
		if x.Ref != "RT-001" || x.State(today) != "waiting" || x.State(today+10) != "late" {
			t.Errorf("%+v", x)
		}
		n.Effective = today + 5
		x, err = w.svc.EditTrigger(ctx, w.pia, now, "RT-001", 1, n)
		w.ok(err)
		_, err = w.svc.EditTrigger(ctx, w.pia, now, "RT-001", 1, n)
		w.refused(err, errs.Conflict, "", "meanwhile")
		_, err = w.svc.LookAt(ctx, w.pia, hours(1), "RT-001", x.Version, "short", nil)
		w.refused(err, errs.Invalid, "outcome", "at least 20")
		_, err = w.svc.LookAt(ctx, w.pia, hours(1), "RT-001", x.Version, "controls for vendors cover it", []string{"R-009"})
		w.refused(err, errs.Invalid, "risks", "no risk R-009")
		x, err = w.svc.LookAt(ctx, w.pia, hours(1), "RT-001", x.Version, "controls for vendors cover it", []string{"r-001"})
		w.ok(err)
		if x.State(today+20) != "reviewed" {
			t.Errorf("%+v", x)
		}
		_, err = w.svc.Drop(ctx, w.pia, hours(2), "RT-001", 0, why)
		w.refused(err, errs.Conflict, "", "settled")
		n.Effective = today
		_, err = w.svc.AddTrigger(ctx, w.pia, now, n)
		w.ok(err)
		x, err = w.svc.LookAt(ctx, w.pia, hours(1), "RT-002", 0, "controls for vendors cover it", nil)
		w.ok(err)
		if x.State(today) != "reviewed late" {
			t.Error("a review on the day itself comes too late")
		}
		_, err = w.svc.AddTrigger(ctx, w.pia, now, n)
		w.ok(err)
		_, err = w.svc.Drop(ctx, w.pia, now, "RT-003", 1, why)
		w.ok(err)
		got, err := w.svc.ListTriggers(ctx, w.ann.ReadScope, risk.TriggerFilter{State: "reviewed"}, paging.Query{Sort: "ref"})
		w.ok(err)
		if got.Total != 2 || got.Rows[0].Ref != "RT-001" {
			t.Errorf("%+v", got)
		}
		for _, c := range []struct {
			n           risk.Notice
			field, part string
		}{{risk.Notice{Kind: "x", Title: "abc", Effective: today}, "kind", "choose"}, {risk.Notice{Kind: risk.Law, Title: "abc"}, "effective", "which day"}, {risk.Notice{Kind: risk.Law}, "title", "at least 3"}} {
			_, err := w.svc.AddTrigger(ctx, w.pia, now, c.n)
			w.refused(err, errs.Invalid, c.field, c.part)
		}
	})
}

func TestImport(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		w.add(sample("There already"))
		rows := []risk.Row{
			{Title: "there  already"}, {Title: "THERE ALREADY"}, {Title: "New", Kind: "Third party", Response: "Mitigate", Threat: "vendor outage", Inherent: risk.Rating{Likelihood: 3, Impact: 3}},
			{Title: "New"}, {Title: "Wrong", Kind: "voodoo"}, {Title: "=cmd()", Owner: "nobody@northwind.example"}, {Title: ""},
		}
		kinds := func(out []risk.Outcome) string {
			var s []string
			for _, o := range out {
				s = append(s, o.Kind+o.Ref)
			}
			return strings.Join(s, " ")
		}
		dry, err := w.svc.Import(ctx, w.pia, now, rows, true)
		w.ok(err)
		if got := kinds(dry); got != "added sameR-001 added same refused refused refused" {
			t.Error(got)
		}
		if got, _ := w.svc.List(ctx, w.pia.ReadScope, risk.Filter{}, paging.Query{}); got.Total != 1 {
			t.Error("a dry run kept something")
		}
		done, err := w.svc.Import(ctx, w.pia, now, rows[1:], false)
		w.ok(err)
		if got := kinds(done); got != "sameR-001 addedR-002 sameR-002 refused refused refused" {
			t.Error(got)
		}
		r, err := w.svc.Risk(ctx, w.pia.ReadScope, "R-002")
		w.ok(err)
		if r.Kind != risk.ThirdParty || r.Response != risk.Reduce || r.Threat != "vendor-outage" {
			t.Errorf("%+v", r)
		}
		_, err = w.svc.Import(ctx, w.ann, now, rows, true)
		w.refused(err, errs.Denied, "", "may not change risks")
	})
}

func TestThreats(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	frauds := 0
	for _, x := range risk.Threats() {
		if x.ID == "" || x.Title == "" || len(x.Text) < 30 || seen[x.ID] {
			t.Errorf("%+v", x)
		}
		seen[x.ID] = true
		if x.Kind == risk.Fraud {
			frauds++
		}
	}
	for _, id := range []string{"credential-stuffing", "password-spraying", "brute-force", "session-hijack", "mfa-fatigue", "token-theft"} {
		if !seen[id] {
			t.Errorf("no %s", id)
		}
	}
	if len(seen) < 45 || frauds < 4 {
		t.Errorf("%d threats, %d of fraud", len(seen), frauds)
	}
}
