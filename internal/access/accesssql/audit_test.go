package accesssql_test

import (
	"errors"
	"testing"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// TestAuditorsAreInvited: people of a firm see one engagement of a client, after they declared independence and until the
// invitation ends; they write at home and read there; both trails tell of it.
func TestAuditorsAreInvited(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := accesstest.New(t, db)
		ctx, now := t.Context(), accesstest.Now
		x := w.Audit(t, "auditors", "eng_1")
		if x.Senior.Firm.Org() != x.Firm.ID || x.Senior.Client.Org() != w.Org.ID || !x.Senior.Client.Can(access.ReadEvidence) || x.Senior.Client.Can(access.AddEvidence) {
			t.Error("a senior writes at the firm and reads at the client")
		}
		for who, c := range map[string]struct {
			a              access.AuditScope
			ask, opine, do bool
		}{"partner": {x.Partner, true, true, true}, "senior": {x.Senior, true, false, true}, "staff": {x.Staff, true, false, true}, "quality": {x.Quality, false, false, false}} {
			_, err := c.a.Shared()
			if (err == nil) != c.ask || c.a.Firm.Can(access.SignOpinion) != c.opine || c.a.Firm.Can(access.Examine) != c.do {
				t.Errorf("%s: asks %v, opinion %v, examines %v", who, err == nil, c.a.Firm.Can(access.SignOpinion), c.a.Firm.Can(access.Examine))
			}
		}
		shared, err := x.Staff.Shared()
		if err != nil || shared.Org() != w.Org.ID || !shared.Can(access.AskRequests) || shared.Can(access.ManageEngagement) || shared.Can(access.AddEvidence) {
			t.Errorf("what both see: %v", err)
		}
		for kind, n := range map[string]int{"auditor.invited": 4, "auditor.declared": 4, "auditor.entered": 4} {
			if got := len(w.Entries(t, w.Owner, kind)); got != n {
				t.Errorf("the client's trail has %d of %s, want %d", got, kind, n)
			}
		}

		// A second look on the same day is not told again.
		_, g, err := w.Access.SignIn(ctx, now, access.Attempt{Email: "staff@auditors.example", Password: "correct horse battery", IP: "192.0.2.1"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Access.Audit(ctx, g, now, "eng_1"); err != nil {
			t.Fatal(err)
		}
		if got := len(w.Entries(t, w.Owner, "auditor.entered")); got != 4 {
			t.Errorf("told %d times", got)
		}
		if _, err := w.Access.Audit(ctx, g, now.AddDate(0, 0, 1), "eng_1"); err != nil || len(w.Entries(t, w.Owner, "auditor.entered")) != 5 {
			t.Errorf("the next day is told: %v", err)
		}

		// Another engagement, another firm, another client: the same answer for all.
		rival := w.Audit(t, "rivals", "eng_2")
		_, rg, err := w.Access.SignIn(ctx, now, access.Attempt{Email: "senior@rivals.example", Password: "correct horse battery", IP: "192.0.2.1"})
		if err != nil {
			t.Fatal(err)
		}
		for name, err := range map[string]error{
			"other engagement":       second(w.Access.Audit(ctx, g, now, "eng_2")),
			"no engagement":          second(w.Access.Audit(ctx, g, now, "eng_9")),
			"other firm":             second(w.Access.Audit(ctx, rg, now, "eng_1")),
			"removed by another org": w.Access.RemoveAuditor(ctx, w.OtherOwner, now, "eng_1", x.Staff.Firm.User(), "why"),
			"removed by a rival":     w.Access.LeaveTeam(ctx, rival.Partner, now, x.Staff.Firm.User(), "why"),
		} {
			if !errs.Is(err, errs.NotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, c := range map[string]struct {
			err  error
			kind errs.Kind
		}{
			"a client's person":   {second(invite(t, w, w.Owner, "owner@northwind.example")), errs.Conflict},
			"of no firm":          {second(invite(t, w, w.Owner, "owner@fabrikam.example")), errs.Conflict},
			"twice":               {second(invite(t, w, w.Owner, "partner@auditors.example")), errs.Conflict},
			"without a right":     {second(invite(t, w, w.Member(t, "dev@northwind.example", access.ControlOwner), "partner@rivals.example")), errs.Denied},
			"staff adds":          {second(w.Access.AddToTeam(ctx, x.Staff, now, x.Quality.Firm.User())), errs.Denied},
			"somebody elsewhere":  {second(w.Access.AddToTeam(ctx, x.Partner, now, rival.Staff.Firm.User())), errs.NotFound},
			"removed without why": {w.Access.RemoveAuditor(ctx, w.Owner, now, "eng_1", x.Staff.Firm.User(), " "), errs.Invalid},
			"removed by staff":    {w.Access.LeaveTeam(ctx, x.Staff, now, x.Senior.Firm.User(), "why"), errs.Denied},
			"owner in a firm":     {second(w.Access.AddUser(ctx, op(t, w, x.Firm.ID), now, access.NewUser{Email: "a@a.example", Name: "A", Role: access.Owner})), errs.Invalid},
			"partner in a client": {second(w.Access.AddUser(ctx, w.Operator, now, access.NewUser{Email: "a@a.example", Name: "A", Role: access.Partner})), errs.Invalid},
			"last partner":        {w.Access.SetRole(ctx, op(t, w, x.Firm.ID), now, x.Partner.Firm.User(), access.Staff), errs.Conflict},
		} {
			if !errs.Is(c.err, c.kind) {
				t.Errorf("%s: %v, want %v", name, c.err, c.kind)
			}
		}

		// The client ends an invitation: nothing opens any more, the row stays.
		if err := w.Access.RemoveAuditor(ctx, w.Owner, now, "eng_1", x.Staff.Firm.User(), "left the team"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Access.Audit(ctx, g, now, "eng_1"); !errs.Is(err, errs.NotFound) {
			t.Errorf("after the end: %v", err)
		}
		all, err := w.Access.Auditors(ctx, w.Owner.ReadScope, "eng_1")
		if err != nil || len(all) != 4 || all[3].Email == "" {
			t.Errorf("%d rows, %v", len(all), err)
		}

		// A firm that is not here yet gets an organisation; its partner declares before anything opens.
		i, code, err := w.Access.InviteFirm(ctx, w.Owner, now, "eng_3", access.NewFirm{Firm: "New Firm LLP", Slug: "new-firm", Partner: "Pat", Mail: "pat@new.example"})
		if err != nil || code == "" || i.Client != w.Org.ID {
			t.Fatalf("%v", err)
		}
		if _, err := w.Access.AcceptInvitation(ctx, now, code, "correct horse battery", "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
		_, pg, err := w.Access.SignIn(ctx, now, access.Attempt{Email: "pat@new.example", Password: "correct horse battery", IP: "192.0.2.1"})
		if err != nil {
			t.Fatal(err)
		}
		var u *access.Undeclared
		if _, err := w.Access.Audit(ctx, pg, now, "eng_3"); !errors.As(err, &u) {
			t.Errorf("before the declaration: %v", err)
		}
		if pg.Org.Kind != access.Firm {
			t.Errorf("kind %q", pg.Org.Kind)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func op(t *testing.T, w *accesstest.World, org access.OrgID) access.Scope {
	s, err := w.Access.Operator(t.Context(), org, "test")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func invite(t *testing.T, w *accesstest.World, by access.Scope, mail string) (access.Invited, error) {
	i, _, err := w.Access.InviteFirm(t.Context(), by, accesstest.Now, "eng_1", access.NewFirm{Mail: mail})
	return i, err
}
