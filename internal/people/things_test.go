package people_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

func TestDevices(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		w.refresh(now, picture(now, []people.Record{rec("1", "Ada"), rec("2", "Left", ends(today-20), status("inactive"))}))
		good := people.NewDevice{Serial: " SN-1 ", Kind: "laptop", Name: "Fieldbook 14", Holder: "N1", Given: today - 5}
		for name, x := range map[string]struct {
			change      func(*people.NewDevice)
			field, part string
		}{
			"no number":  {func(n *people.NewDevice) { n.Serial = "\t" }, "serial", "missing"},
			"long":       {func(n *people.NewDevice) { n.Serial = strings.Repeat("x", 81) }, "serial", "80"},
			"kind":       {func(n *people.NewDevice) { n.Kind = "boat" }, "kind", "choose"},
			"nobody":     {func(n *people.NewDevice) { n.Holder = "" }, "holder", "who"},
			"stranger":   {func(n *people.NewDevice) { n.Holder = "P-9999" }, "holder", "nobody"},
			"no day":     {func(n *people.NewDevice) { n.Given = 0 }, "given", "day"},
			"future":     {func(n *people.NewDevice) { n.Given = today + 1 }, "given", "to come"},
			"after exit": {func(n *people.NewDevice) { n.Holder = "N2" }, "given", "left on"},
			"long note":  {func(n *people.NewDevice) { n.Note = strings.Repeat("é", 2001) }, "note", "2000"},
		} {
			bad := good
			x.change(&bad)
			_, err := w.svc.Give(ctx, w.Owner, now, bad)
			if !errs.Is(err, errs.Invalid) || errs.FieldOf(err) != x.field || !strings.Contains(err.Error(), x.part) {
				t.Errorf("%s: %v at %q", name, err, errs.FieldOf(err))
			}
		}
		d, err := w.svc.Give(ctx, w.Owner, now, good)
		w.ok(err)
		if d.Ref != "DV-0001" || d.Serial != "SN-1" || d.HolderName != "Ada" || !d.Out() {
			t.Errorf("%+v", d)
		}
		_, err = w.svc.Give(ctx, w.Owner, now, good)
		w.refused(err, errs.Conflict, "serial", "with Ada already")
		_, err = w.svc.GiveAll(ctx, w.Owner, now, []people.NewDevice{{Serial: "X", Kind: "badge", Holder: "N1", Given: today}, {Serial: "X", Kind: "badge", Holder: "N1", Given: today}})
		w.refused(err, errs.Conflict, "serial", "twice")
		_, err = w.svc.Return(ctx, w.Owner, now, d.Ref, 0, today-6, "")
		w.refused(err, errs.Invalid, "returned", "given on")
		_, err = w.svc.Return(ctx, w.Owner, now, d.Ref, 9, today, "")
		var stale *people.StaleDevice
		if !errs.Is(err, errs.Conflict) || !errors.As(err, &stale) || stale.Theirs.Serial != "SN-1" {
			t.Errorf("stale: %v", err)
		}
		d, err = w.svc.Return(ctx, w.Owner, now, d.Ref, 1, today, "scratched")
		w.ok(err)
		if d.Out() || d.Version != 2 || d.Note != "scratched" {
			t.Errorf("%+v", d)
		}
		_, err = w.svc.Return(ctx, w.Owner, now, d.Ref, 0, today, "")
		w.refused(err, errs.Conflict, "", "not out")
		again, err := w.svc.Give(ctx, w.Owner, now, good)
		w.ok(err)
		_, err = w.svc.TakeBack(ctx, w.Owner, now, d.Ref, 0)
		w.refused(err, errs.Conflict, "", "somebody else")
		_, err = w.svc.WriteOff(ctx, w.Owner, now, again.Ref, 0, "lost")
		w.refused(err, errs.Invalid, "note", "10")
		_, err = w.svc.WriteOff(ctx, w.Owner, now, again.Ref, 0, "stolen in Lisbon, police told")
		w.ok(err)
		left, err := w.svc.Give(ctx, w.Owner, now, people.NewDevice{Serial: "SN-2", Kind: "phone", Holder: "N2", Given: today - 90})
		w.ok(err)
		if !left.Overdue(today) || left.Overdue(today-13) {
			t.Errorf("overdue: %+v", left)
		}
		for state, want := range map[string]int{"": 3, "out": 1, "returned": 1, "written_off": 1, "leaver": 1} {
			res, err := w.svc.ListDevices(ctx, w.Owner.ReadScope, people.DeviceFilter{State: state}, paging.Query{})
			if err != nil || res.Total != want || len(res.Rows) != want {
				t.Errorf("%q: %d, want %d, %v", state, res.Total, want, err)
			}
		}
		res, err := w.svc.ListDevices(ctx, w.Owner.ReadScope, people.DeviceFilter{Overdue: today}, paging.Query{Search: "sn-2", Sort: "holder"})
		if err != nil || res.Total != 1 {
			t.Errorf("%d, %v", res.Total, err)
		}
		employee := w.Member(t, "e@northwind.example", access.Employee)
		if _, err := w.svc.Give(ctx, employee, now, good); !errs.Is(err, errs.Denied) {
			t.Error(err)
		}
	})
}

func TestRoles(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w, ctx := newWorld(t, db), t.Context()
		w.refresh(now, picture(now, []people.Record{rec("1", "Ada"), rec("2", "Bob", func(r *people.Record) { r.Title = "staff engineer" })}))
		duties := "Builds and changes the product, and reviews what others build."
		all, err := w.svc.Describe(ctx, w.Owner, now, []people.Role{
			{Title: "Engineer", Titles: []string{" Staff Engineer", "staff engineer", "Engineer", ""}, Duties: duties, Competence: "Reads code.", Authority: "Merges what a second person approved."},
			{Title: "Counsel", Duties: duties},
		})
		w.ok(err)
		if all[0].Ref != "RO-001" || len(all[0].Titles) != 1 {
			t.Errorf("%+v", all)
		}
		r, err := w.svc.Role(ctx, w.Owner.ReadScope, "RO-001")
		w.ok(err)
		if r.People != 2 || r.Due() != 0 || !r.Fits("ENGINEER") {
			t.Errorf("%+v", r)
		}
		_, err = w.svc.Describe(ctx, w.Owner, now, []people.Role{{Title: "Other", Titles: []string{"STAFF ENGINEER"}, Duties: duties}})
		w.refused(err, errs.Conflict, "titles", "RO-001")
		_, err = w.svc.Describe(ctx, w.Owner, now, []people.Role{{Title: "Other", Duties: "short"}})
		w.refused(err, errs.Invalid, "duties", "20")
		r.Title = "Counsel"
		_, err = w.svc.Rewrite(ctx, w.Owner, now, r.Ref, 1, r)
		w.refused(err, errs.Conflict, "title", "RO-002")
		r.Title, r.Duties = "Software engineer", strings.Repeat("é", 20)
		r, err = w.svc.Rewrite(ctx, w.Owner, now, r.Ref, 1, r)
		w.ok(err)
		_, err = w.svc.Rewrite(ctx, w.Owner, now, r.Ref, 1, r)
		var stale *people.StaleRole
		if !errors.As(err, &stale) || stale.Theirs.Title != "Software engineer" {
			t.Error(err)
		}
		r, err = w.svc.ReviewRole(ctx, w.Owner, now, r.Ref, 2)
		w.ok(err)
		if r.ReviewedOn != today || r.Due() != today+365 || r.ReviewedBy == "" {
			t.Errorf("%+v", r)
		}
		res, err := w.svc.ListRoles(ctx, w.Owner.ReadScope, paging.Query{Sort: "people", Desc: true, Search: "engineer"})
		if err != nil || res.Total != 1 || res.Rows[0].People != 1 {
			t.Errorf("%+v %v", res, err)
		}
	})
}

// TestChecklist: what is asked of joiners, on the limits and past them.
func TestChecklist(t *testing.T) {
	t.Parallel()
	all := []string{"screening", "agreement", "conduct", "training"}
	day := period.Make(2026, 3, 2)
	base := people.Person{State: people.Active, Started: day, Checks: people.Checks{Screening: " Clear ", ScreenedOn: day, AgreedOn: day, ConductOn: day + 14, TrainedFirst: day + 30}}
	for name, x := range map[string]struct {
		change func(*people.Person)
		kept   []string
		today  period.Date
		want   string // of screening, agreement, conduct, training
	}{
		"all in time":               {func(*people.Person) {}, all, day + 40, "done done done done"},
		"a day late":                {func(p *people.Person) { p.ScreenedOn++; p.AgreedOn++; p.TrainedFirst++ }, all, day + 40, "late late done late"},
		"not clear":                 {func(p *people.Person) { p.Screening = "consider" }, all, day + 40, "missing done done done"},
		"no result":                 {func(p *people.Person) { p.Screening = "" }, all, day + 40, "missing done done done"},
		"nothing, on the limits":    {func(p *people.Person) { p.Checks = people.Checks{} }, all, day + 14, "missing missing waiting waiting"},
		"nothing, a day after":      {func(p *people.Person) { p.Checks = people.Checks{} }, all, day + 15, "missing missing missing waiting"},
		"nothing, before the start": {func(p *people.Person) { p.Checks = people.Checks{}; p.State = people.Joining }, all, day - 3, "waiting waiting waiting waiting"},
		"nothing, and not kept":     {func(p *people.Person) { p.Checks = people.Checks{} }, nil, day + 40, "unknown unknown unknown unknown"},
		"left before the limit":     {func(p *people.Person) { p.Checks = people.Checks{}; p.State = people.Left }, all, day + 3, "missing missing missing missing"},
		"first day unknown":         {func(p *people.Person) { p.Started, p.TrainedFirst = 0, 0 }, all, day + 40, "done done done missing"},
	} {
		p := base
		x.change(&p)
		var got []string
		for _, s := range people.Checklist(p, x.kept, x.today) {
			got = append(got, string(s.State))
		}
		if s := strings.Join(got, " "); s != x.want {
			t.Errorf("%s: %s, want %s", name, s, x.want)
		}
	}
}

// TestRemove: accounts of leavers, on the limit and around it.
func TestRemove(t *testing.T) {
	t.Parallel()
	last := period.Make(2026, 3, 6)
	end := last.Time().Add(people.EndHour * time.Hour)
	at := func(h int, more time.Duration) *time.Time { x := end.Add(time.Duration(h)*time.Hour + more); return &x }
	left := people.Person{State: people.Left, Ended: last}
	open := people.Account{Status: "active"}
	for name, x := range map[string]struct {
		p      people.Person
		a      people.Account
		looked *time.Time
		want   people.RemovalState
		hours  int
	}{
		"open, limit to come":               {left, open, at(24, 0), people.InTime, 24},
		"open, a second after":              {left, open, at(24, time.Second), people.StillOn, 24},
		"on the limit":                      {left, people.Account{Status: "deprovisioned", Changed: at(24, 0)}, at(48, 0), people.Removed, 24},
		"a second late":                     {left, people.Account{Status: "suspended", Changed: at(24, time.Second)}, at(48, 0), people.Slow, 24},
		"before the end":                    {left, people.Account{Status: "suspended", Changed: at(-5, 0)}, at(48, 0), people.Removed, 0},
		"closed, nobody says when":          {left, people.Account{Status: "suspended"}, at(48, 0), people.NotKnown, 0},
		"gone at the next look":             {left, people.Account{Status: "active", Gone: at(7, 0)}, at(48, 0), people.Removed, 7},
		"gone at a late look":               {left, people.Account{Status: "active", Gone: at(60, 0)}, at(60, 0), people.AtMost, 60},
		"there after the limit, gone later": {left, people.Account{Status: "active", Seen: *at(30, 0), Gone: at(54, 0)}, at(60, 0), people.Slow, 30},
		"end unknown, open":                 {people.Person{State: people.Left}, open, at(0, 0), people.StillOn, 0},
		"end unknown, closed":               {people.Person{State: people.Left}, people.Account{Status: "suspended", Changed: at(0, 0)}, at(0, 0), people.NotKnown, 0},
		"the instant counts":                {people.Person{State: people.Left, Ended: last, EndedAt: at(-7, 0)}, people.Account{Status: "suspended", Changed: at(18, 0)}, at(48, 0), people.Slow, 25},
	} {
		if r := people.Remove(x.p, x.a, *x.looked); r.State != x.want || r.Hours != x.hours {
			t.Errorf("%s: %s after %d h, want %s after %d", name, r.State, r.Hours, x.want, x.hours)
		}
	}
}
