package okta

import (
	"context"
	"net/url"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// policy is a password or sign-on policy. The rules of password policies say who may change one; what passwords must be
// like is in the settings.
type policy struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Status   string `json:"status"`
	Priority *int64 `json:"priority"`
	Settings struct {
		Password *struct {
			Complexity struct {
				MinLength *int64 `json:"minLength"`
			} `json:"complexity"`
			Age struct {
				HistoryCount *int64 `json:"historyCount"`
			} `json:"age"`
			Lockout struct {
				MaxAttempts *int64 `json:"maxAttempts"`
			} `json:"lockout"`
		} `json:"password"`
	} `json:"settings"`
}

// rule is a rule of a sign-on policy.
type rule struct {
	Status  string `json:"status"`
	Actions struct {
		SignOn *struct {
			Access        string `json:"access"`
			RequireFactor *bool  `json:"requireFactor"`
			Session       *struct {
				Idle *int64 `json:"maxSessionIdleMinutes"`
			} `json:"session"`
		} `json:"signon"`
	} `json:"actions"`
}

// policies emits password and sign-on policies with what their enabled rules ask for.
func (r *run) policies(ctx context.Context, _ *people) error {
	r.sink.Note("auth_policy", "Read are password policies and global session policies; the authentication policies of single applications are not. Okta gives no count to compare the lists with.")
	for _, of := range []struct{ kind, typ string }{{"password", "PASSWORD"}, {"sign_on", "OKTA_SIGN_ON"}} {
		var policies []httpx.Row[policy]
		err := list(ctx, r, "auth_policy", "GET /api/v1/policies?type="+of.typ, "/api/v1/policies", url.Values{"type": {of.typ}}, func(row httpx.Row[policy]) error {
			policies = append(policies, row)
			return nil
		})
		if err := r.report(ctx, "auth_policy", err); err != nil {
			return err
		}
		for _, row := range policies {
			if err := r.policy(ctx, of.kind, row); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) policy(ctx context.Context, kind string, row httpx.Row[policy]) error {
	p := row.Value
	f := &collect.AuthPolicy{ID: p.ID, Name: p.Name, Kind: kind, Status: p.Status, Priority: p.Priority}
	f.Raw = row.Raw
	if kind == "password" {
		if s := p.Settings.Password; s != nil {
			f.MinLength, f.HistoryCount, f.MaxAttempts = s.Complexity.MinLength, s.Age.HistoryCount, s.Lockout.MaxAttempts
		}
		return r.emit(f)
	}
	var rules []httpx.Row[rule]
	path := "/api/v1/policies/" + url.PathEscape(p.ID) + "/rules"
	err := list(ctx, r, "auth_policy", "GET /api/v1/policies/{policyId}/rules", path, nil, func(row httpx.Row[rule]) error {
		rules = append(rules, row)
		return nil
	})
	if err == nil {
		f.RequiresSecondFactor, f.SessionIdleMinutes = allowing(rules)
		f.Raw = withRules(row.Raw, rules)
	}
	if err := r.report(ctx, "auth_policy", errs.Wrap(err, "rules of the policy %s", p.Name)); err != nil {
		return err
	}
	return r.emit(f)
}

// allowing sums up the enabled rules that allow access: whether all ask for a second factor, and the longest that a
// session may be idle. Without any such rule, or where one does not say, it is not known.
func allowing(rules []httpx.Row[rule]) (factor *bool, idle *int64) {
	all, known, n := true, true, 0
	var longest int64
	idleKnown := true
	for _, row := range rules {
		s := row.Value.Actions.SignOn
		if row.Value.Status != "ACTIVE" || s == nil || s.Access != "ALLOW" {
			continue
		}
		n++
		switch {
		case s.RequireFactor == nil:
			known = false
		case !*s.RequireFactor:
			all = false
		}
		if s.Session == nil || s.Session.Idle == nil {
			idleKnown = false
		} else {
			longest = max(longest, *s.Session.Idle)
		}
	}
	if n == 0 {
		return nil, nil
	}
	if !all || known {
		factor = &all
	}
	if idleKnown {
		idle = &longest
	}
	return factor, idle
}

// withRules keeps the rules with their policy: {"policy":...,"rules":[...]}, each as it came.
func withRules(policy string, rules []httpx.Row[rule]) string {
	out := `{"policy":` + policy + `,"rules":[`
	for i, r := range rules {
		if i > 0 {
			out += ","
		}
		out += r.Raw
	}
	return out + "]}"
}
