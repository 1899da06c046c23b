package app

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/policy"
)

// ownPolicies reads the policies.
func (a *App) ownPolicies() map[string]ownReader {
	return map[string]ownReader{"policy": {
		read: func(ctx context.Context, s access.ReadScope, _ time.Time, emit func(collect.Fact) error) error {
			all, err := a.Policies.Texts(ctx, s)
			if err != nil {
				return err
			}
			members, err := a.Access.Members(ctx, s)
			if err != nil {
				return err
			}
			who := map[string]access.Member{}
			for _, m := range members {
				who[string(m.ID)] = m
			}
			for _, p := range all {
				f, err := policyFact(p, who)
				if err != nil {
					return err
				}
				if err := emit(f); err != nil {
					return err
				}
			}
			return nil
		},
		count: func(ctx context.Context, s access.ReadScope, at time.Time) (int64, error) {
			counts, err := a.Policies.Counts(ctx, s, period.Of(at))
			n := 0
			for _, x := range policy.Standings() {
				n += counts[string(x)]
			}
			return int64(n), err
		},
	}}
}

func policyFact(p policy.Policy, who map[string]access.Member) (*collect.Policy, error) {
	name := func(actor string) string {
		if m, ok := who[actor]; ok {
			return m.Email
		}
		return actor
	}
	v := p.Shown
	f := &collect.Policy{
		ID: p.Ref, Slug: p.Slug, Title: v.Title, Standing: string(p.Standing), Controls: " " + strings.Join(v.Controls, " ") + " ", CreatedAt: &p.Created, ReviewEvery: int64(p.Months),
	}
	if m, ok := who[string(p.Owner)]; ok {
		active := !m.Disabled
		f.OwnerEmail, f.OwnerActive = &m.Email, &active
	} else if p.Owner != "" { // somebody who is no member any more
		gone := false
		owner := string(p.Owner)
		f.OwnerEmail, f.OwnerActive = &owner, &gone
	}
	if p.Open > 0 {
		state := string(p.OpenState)
		f.OpenState = &state
	}
	raw := map[string]any{"ref": p.Ref, "standing": p.Standing, "record": p.Version, "newest": p.Newest}
	if p.InForce > 0 {
		// What people read now is hashed again: were it changed behind the back of the approval, the two would differ.
		published, err := v.Hash()
		if err != nil {
			return nil, err
		}
		n, self, approver := int64(p.InForce), v.Wrote(v.DecidedBy), name(v.DecidedBy)
		var authors []string
		for _, a := range v.Authors {
			authors = append(authors, name(a))
		}
		all := strings.Join(authors, ", ")
		f.Version, f.SelfApproved, f.Approver, f.Authors, f.ApprovedAt, f.ApprovedHash, f.PublishedHash = &n, &self, &approver, &all, v.Decided, &v.SHA256, &published
		f.ContactsAt = p.Contacts
		if p.Reviewed != nil && v.Decided != nil && p.Reviewed.After(*v.Decided) {
			f.ReviewedAt = p.Reviewed
		}
		if p.Due != 0 {
			f.NextReviewOn = &p.Due
		}
		raw["version"], raw["approved_by"], raw["sha256"] = n, v.DecidedBy, v.SHA256
	}
	b, err := json.Marshal(raw)
	f.Raw = string(b)
	return f, err
}
