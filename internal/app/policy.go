package app

import (
	"context"
	"strconv"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/policy"
	"github.com/tickmark/tickmark/internal/policy/policysql"
)

// wirePolicies hands policies their store, and tells campaigns what ends.
func (a *App) wirePolicies() {
	a.Policies = &policy.Service{
		Store: &policysql.Store{DB: a.DB}, Catalog: a.Catalog, Controls: a.Controls.Store, People: a.Access, Readers: policies{a}, Tx: a.DB, Ledger: a.Ledger.Store,
	}
}

// policies joins policies with the campaigns that ask people to acknowledge them.
type policies struct{ *App }

// Current lists the policies in force.
func (p policies) Current(ctx context.Context, s access.ReadScope) ([]campaign.Subject, error) {
	all, err := p.Policies.Texts(ctx, s)
	var out []campaign.Subject
	for _, x := range all {
		if x.InForce > 0 {
			out = append(out, campaign.Subject{Ref: x.Ref, Title: x.Shown.Title, Version: x.InForce})
		}
	}
	return out, err
}

// Body is a version of a policy that is, or was, in force.
func (p policies) Body(ctx context.Context, s access.ReadScope, subject string, version int) (campaign.Text, error) {
	x, v, err := p.Policies.Asked(ctx, s, subject, version)
	if err != nil {
		return campaign.Text{}, err
	}
	t := campaign.Text{Subject: campaign.Subject{Ref: x.Ref, Title: v.Title, Version: v.N}, Markdown: v.Body, Hash: v.SHA256}
	if v.State != policy.InForce && v.Ended != nil {
		t.Withdrawn = "Version " + strconv.Itoa(v.N) + " was " + string(v.State) + " on " + v.Ended.UTC().Format(time.DateOnly)
		if x.InForce > 0 {
			t.Withdrawn += "; version " + strconv.Itoa(x.InForce) + " is in force"
		}
		t.Withdrawn += "."
	}
	return t, nil
}

// Ended makes what is open about a version void.
func (p policies) Ended(ctx context.Context, s access.Scope, now time.Time, ref string, version int, why string) error {
	_, err := p.Campaigns.Withdraw(ctx, s, now, ref, version, why)
	return err
}
