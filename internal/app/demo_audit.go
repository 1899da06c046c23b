package app

import (
	"context"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/request"
)

// examiners are the people of the demo's audit firm, the partner first.
var examiners = []DemoUser{
	{Email: "maren.pike@harlow-pike.example", Name: "Maren Pike", Role: access.Partner},
	{Email: "jonas.harlow@harlow-pike.example", Name: "Jonas Harlow", Role: access.Senior},
	{Email: "ruth.osei@harlow-pike.example", Name: "Ruth Osei", Role: access.Staff},
	{Email: "tor.lind@harlow-pike.example", Name: "Tor Lind", Role: access.QualityReviewer},
}

// demoAudit is the firm that examines the simulated company.
type demoAudit struct {
	*Demo
	engagement string
	team       map[access.Role]access.AuditScope
	firm       map[access.Role]access.UserID // its people
	asked      []request.Request             // what the firm asked for
	next       int                           // the first of it that the company has not looked at
}

// begin makes the firm, and lets its team into the engagement.
func (d *demoAudit) begin(ctx context.Context, now time.Time) error {
	a := d.App
	all, err := a.Engagement.Store.Engagements(ctx, d.scope.ReadScope)
	if err != nil {
		return err
	}
	d.engagement, d.team, d.firm = string(all[0].ID), map[access.Role]access.AuditScope{}, map[access.Role]access.UserID{}
	var firm access.Scope
	for _, u := range examiners {
		u.Password, u.Org = id.Secret(passwordLength), "Harlow & Pike LLP"
		d.Users = append(d.Users, u)
		n := access.NewUser{Email: u.Email, Name: u.Name, Password: u.Password, Role: u.Role}
		if u.Role == access.Partner {
			if _, firm, err = a.CreateOrg(ctx, "demo", access.NewOrg{Slug: "harlow-pike", Name: "Harlow & Pike LLP", Simulated: true, Kind: access.Firm}, n, false); err == nil {
				_, _, err = a.Access.InviteFirm(ctx, d.scope, now, d.engagement, access.NewFirm{Mail: u.Email})
			}
		} else {
			var x access.User
			if x, err = a.Access.AddUser(ctx, firm, now, n); err == nil {
				d.firm[u.Role] = x.ID
				_, err = a.Access.AddToTeam(ctx, d.team[access.Partner], now, x.ID)
			}
		}
		if err != nil {
			return err
		}
		if d.team[u.Role], err = d.enter(ctx, now, u, d.engagement); err != nil {
			return err
		}
	}
	return nil
}

// enter signs somebody of the firm in, who declares independence and opens an engagement.
func (d *demoAudit) enter(ctx context.Context, now time.Time, u DemoUser, engagement string) (access.AuditScope, error) {
	_, g, err := d.App.Access.SignIn(ctx, now, access.Attempt{Email: u.Email, Password: u.Password, IP: "192.0.2.40", Agent: "demo"})
	if err != nil {
		return access.AuditScope{}, err
	}
	if err := d.App.Access.Declare(ctx, g, now, engagement); err != nil {
		return access.AuditScope{}, err
	}
	return d.App.Access.Audit(ctx, g, now, engagement)
}
