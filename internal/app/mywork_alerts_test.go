package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/incident"
	"github.com/tickmark/tickmark/internal/work"
)

// TestWatchDuties: alerts wait for who has them and for who is on call, incidents for who leads them, until there is nothing to do.
func TestWatchDuties(t *testing.T) {
	t.Parallel()
	a := open(t, map[string]string{"data": t.TempDir()})
	ctx := t.Context()
	_, operator, err := a.CreateOrg(ctx, "test", access.NewOrg{Slug: "northwind", Name: "Northwind", Simulated: true}, access.NewUser{Email: "owner@northwind.example", Name: "Dana Whitfield"}, false)
	if err != nil {
		t.Fatal(err)
	}
	pia, err := a.Access.AddUser(ctx, operator, a.Clock(), access.NewUser{Email: "pia@northwind.example", Name: "Pia Holm", Role: access.SecurityAnalyst})
	if err != nil {
		t.Fatal(err)
	}
	as := func(email string) access.Scope {
		s, err := a.Access.As(ctx, operator, a.Clock(), email)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	owner, analyst := as("owner@northwind.example"), as("pia@northwind.example")
	now := a.Clock().UTC().Truncate(time.Microsecond)
	waits := func(s access.Scope, want string) {
		t.Helper()
		all, err := a.Duties(ctx, s.ReadScope, now)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range all {
			if d.Kind == work.DutyAlert || d.Kind == work.DutyIncident {
				got = append(got, d.Title)
			}
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%q waits, expected %q", got, want)
		}
	}
	if _, err := a.Alerts.Raise(ctx, owner, now, []alert.Signal{{Kind: alert.Signature, Rule: "r1", Title: "A key", Level: alert.High, Entity: "ada", EntityKind: "principal", Technique: "T1098", At: now}}); err != nil {
		t.Fatal(err)
	}
	waits(analyst, "")
	if _, err := a.Alerts.SetRouting(ctx, owner, now, 0, alert.Routing{Rota: alert.Rota{People: []access.UserID{pia.ID}, First: now.Add(-time.Hour)}}); err != nil {
		t.Fatal(err)
	}
	waits(analyst, "Answer ALR-1: A key")
	waits(owner, "")
	if _, err := a.Incidents.SetDuties(ctx, owner, now, 0, []incident.Obligation{{Name: "Contract", To: "Customer", Source: "Contract, clause 9", When: incident.WhenAlways, Hours: 24}}); err != nil {
		t.Fatal(err)
	}
	x, err := a.Incidents.Declare(ctx, owner, now, incident.New{Text: incident.Text{Title: "A takeover", Severity: 2, Lead: owner.User()}, Alerts: []string{"ALR-1"}})
	if err != nil {
		t.Fatal(err)
	}
	waits(analyst, "")
	waits(owner, "Decide whether to tell Customer of INC-1; Lead INC-1: A takeover")
	if _, err := a.Incidents.Close(ctx, owner, now, x.Ref, 0, incident.FalseAlarm, "It was a test that nobody had told of."); err != nil {
		t.Fatal(err)
	}
	waits(owner, "")
}
