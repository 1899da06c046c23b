// Package planted_test holds the tests of the library against the simulated company's published list of deviations: each
// planted one is found by a test made for its kind, and nothing else fails.
package planted_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/app"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/lake"
	"github.com/tickmark/tickmark/internal/simco"
)

func TestMain(m *testing.M) {
	lake.ServeSandbox()
	os.Exit(m.Run())
}

// finders names, for each kind of deviation, the tests whose failure is the finding of it. One of them must fail.
var finders = map[string][]string{
	"late_screening":            {"bamboohr-joiner-screened", "bamboohr-worker-screened"},
	"screening_not_clear":       {"bamboohr-joiner-screened", "bamboohr-worker-screened"},
	"missing_agreement":         {"bamboohr-joiner-agreement", "bamboohr-worker-agreement"},
	"conduct_not_accepted":      {"bamboohr-joiner-conduct", "bamboohr-worker-conduct"},
	"conduct_lapsed":            {"bamboohr-worker-conduct"},
	"late_training":             {"bamboohr-joiner-training", "bamboohr-worker-training"},
	"training_lapsed":           {"bamboohr-worker-training"},
	"no_performance_review":     {"bamboohr-worker-review"},
	"worker_without_manager":    {"bamboohr-worker-manager"},
	"worker_without_department": {"bamboohr-worker-department"},
	"worker_without_title":      {"bamboohr-worker-title"},

	"early_account":                           {"okta-account-after-hire"},
	"orphan_account":                          {"okta-account-has-worker", "okta-service-account-registered"},
	"leaver_account_open":                     {"okta-leaver-disabled"},
	"account_of_inactive_worker":              {"okta-account-worker-active"},
	"mover_kept_groups":                       {"okta-department-group"},
	"account_without_factor":                  {"okta-second-factor"},
	"admin_without_phishing_resistant_factor": {"okta-admin-phishing-resistant"},
	"admin_outside_group":                     {"okta-admin-group"},
	"too_many_super_admins":                   {"okta-super-admin-count"},
	"dormant_account":                         {"okta-account-idle"},
	"weak_password_policy":                    {"okta-password-policy"},
	"signon_without_factor":                   {"okta-sign-on-factor"},
	"session_too_long":                        {"okta-sign-on-session"},
	"assignment_of_inactive_account":          {"okta-assignment-active"},

	"leaver_in_github":               {"github-leaver-removed"},
	"member_of_inactive_worker":      {"github-member-worker-active"},
	"unknown_github_member":          {"github-member-known"},
	"member_without_2fa":             {"github-member-second-factor"},
	"collaborator_without_2fa":       {"github-collaborator-second-factor"},
	"unknown_collaborator":           {"github-collaborator-contractor"},
	"owner_outside_team":             {"github-owner-team"},
	"too_many_owners":                {"github-owner-count"},
	"org_2fa_requirement_off":        {"github-org-second-factor"},
	"default_permission_too_wide":    {"github-org-default-permission"},
	"public_production_repo":         {"github-repository-production-private"},
	"public_repository":              {"github-repository-private"},
	"protection_removed":             {"github-branch-protected"},
	"reviews_not_required":           {"github-branch-approvals"},
	"stale_reviews_kept":             {"github-branch-stale-reviews"},
	"admins_not_enforced":            {"github-branch-admins"},
	"force_push_allowed":             {"github-branch-force-push"},
	"deletion_allowed":               {"github-branch-deletion"},
	"checks_not_required":            {"github-branch-checks"},
	"protection_reduced":             {"github-protection-kept"},
	"protection_change_by_non_owner": {"github-protection-change-by-owner"},
	"merge_without_review":           {"github-merge-reviewed"},
	"self_approved":                  {"github-merge-reviewed"},
	"approval_before_last_push":      {"github-merge-reviewed"},
	"approved_after_merge":           {"github-merge-reviewed"},
	"checks_failed_merge":            {"github-merge-checks"},
	"merge_without_checks":           {"github-merge-checks"},
	"merge_without_ticket":           {"github-merge-ticket"},
	"deployment_by_person":           {"github-deployment-pipeline"},
	"deployment_of_unmerged_sha":     {"github-deployment-merged"},
	"deployment_without_success":     {"github-deployment-success"},
	"critical_alert_overdue":         {"github-alert-critical"},
	"high_alert_overdue":             {"github-alert-high"},
}

// item is what a test calls the entity of a deviation: a whole set is one item with a name of its own.
func item(d simco.Deviation) string {
	if d.Kind == "too_many_super_admins" {
		return "super-administrators"
	}
	return d.Entity
}

// failure is one stretch of failing, or one occurrence that failed.
type failure struct {
	test, item, reason string
	from, until        time.Time // first and last evaluation that saw it; zero for an occurrence
}

// explains reports whether the deviation is what the failure found: the same thing, while it lasted.
func explains(d simco.Deviation, f failure) bool {
	if !slices.Contains(finders[d.Kind], f.test) || item(d) != f.item {
		return false
	}
	if f.from.IsZero() {
		return true
	}
	return !f.from.Before(d.From) && (d.To.IsZero() || !f.until.After(d.To.Add(time.Minute)))
}

func TestFound(t *testing.T) {
	t.Parallel()
	// The least sizes at which every kind is planted at least once.
	cfg := app.DemoConfig{Seed: 7, People: 80, Repositories: 10, Days: 60, Start: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	demo, failures := live(t, cfg)
	failures = ownRecords(t, demo.Planted, failures)
	examined(t, demo)
	deviations := demo.Company.Deviations()
	kinds := map[string]bool{}
	found := 0
	for _, d := range deviations {
		kinds[d.Kind] = true
		if len(finders[d.Kind]) == 0 {
			t.Errorf("no test finds deviations of the kind %s", d.Kind)
		}
		if slices.ContainsFunc(failures, func(f failure) bool { return explains(d, f) }) {
			found++
			continue
		}
		t.Errorf("not found: %s %s, %s %s, %s to %s: %s", d.ID, d.Kind, d.Label, d.Entity, d.From.Format(time.DateTime), d.To.Format(time.DateTime), d.Note)
	}
	right := 0
	for _, f := range failures {
		if slices.ContainsFunc(deviations, func(d simco.Deviation) bool { return explains(d, f) }) {
			right++
			continue
		}
		t.Errorf("nothing was planted: %s fails %s from %s to %s: %s", f.test, f.item, f.from.Format(time.DateTime), f.until.Format(time.DateTime), f.reason)
	}
	if found == 0 || right == 0 {
		t.Fatal("nothing was found at all")
	}
	for _, k := range slices.Sorted(maps.Keys(finders)) {
		if !kinds[k] {
			t.Errorf("no deviation of the kind %s is planted at this size", k)
		}
	}
	t.Logf("recall: %d of %d planted deviations found, %.1f %%", found, len(deviations), 100*float64(found)/float64(len(deviations)))
	t.Logf("precision: %d of %d failures were planted, %.1f %%", right, len(failures), 100*float64(right)/float64(len(failures)))
}

// ownRecords compares what the company's people left wrong in their own records with what the tests of these records found, and
// returns the failures of the other tests.
func ownRecords(t *testing.T, planted []app.Planted, failures []failure) (others []failure) {
	t.Helper()
	is := func(p app.Planted, f failure) bool { return p.Test == f.test && p.Item == f.item }
	found, right, all := 0, 0, 0
	for _, p := range planted {
		if slices.ContainsFunc(failures, func(f failure) bool { return is(p, f) }) {
			found++
			continue
		}
		t.Errorf("not found in the own records: %s %s of %s: %s", p.Test, p.Item, p.At.Format(time.DateOnly), p.Why)
	}
	for _, f := range failures {
		if !strings.HasPrefix(f.test, "tickmark-") {
			others = append(others, f)
			continue
		}
		all++
		if slices.ContainsFunc(planted, func(p app.Planted) bool { return is(p, f) }) {
			right++
			continue
		}
		t.Errorf("nothing was planted in the own records: %s fails %s from %s to %s: %s", f.test, f.item, f.from.Format(time.DateTime), f.until.Format(time.DateTime), f.reason)
	}
	t.Logf("own records: %d of %d planted deviations found; %d of %d failures were planted", found, len(planted), right, all)
	return others
}

// examined compares what is wrong in the lists that auditors were given with what their findings report.
func examined(t *testing.T, demo *app.Demo) {
	t.Helper()
	findings, err := demo.Findings(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	same := func(a app.Planted) func(app.Planted) bool {
		return func(b app.Planted) bool { return a.Test == b.Test && a.Item == b.Item }
	}
	for _, p := range demo.Examined {
		if !slices.ContainsFunc(findings, same(p)) {
			t.Errorf("no finding reports %s of %s: %s", p.Item, p.Test, p.Why)
		}
	}
	for _, f := range findings {
		if !slices.ContainsFunc(demo.Examined, same(f)) {
			t.Errorf("a finding reports %s of %s, in which nothing was planted: %s", f.Item, f.Test, f.Why)
		}
	}
	if len(demo.Examined) == 0 {
		t.Error("nothing was planted for auditors to find")
	}
	t.Logf("examinations: %d deviations planted, %d reported", len(demo.Examined), len(findings))
}

// live runs the simulated company through the real pipeline and returns everything that failed.
func live(t *testing.T, cfg app.DemoConfig) (*app.Demo, []failure) {
	t.Helper()
	c, _, err := app.LoadConfig("", map[string]string{"data": filepath.Join(t.TempDir(), "data")}, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	a, err := app.Open(ctx, c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	d, err := a.StartDemo(ctx, cfg, func(int, int, string) {})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	o, err := a.Access.OrgBySlug(ctx, "northwind")
	if err != nil {
		t.Fatal(err)
	}
	scope, err := a.Access.Operator(ctx, o.ID, "check")
	if err != nil {
		t.Fatal(err)
	}
	refused(t, a, scope, cfg)
	broken(t, a, scope)
	return d, failing(t, a.Evaluate.Store, scope.ReadScope)
}

// broken wants to find put aside what broken senders sent, and nothing else.
func broken(t *testing.T, a *app.App, scope access.Scope) {
	t.Helper()
	aside, err := a.Sources.Refused(context.Background(), scope.ReadScope, event.RefusedFilter{}, paging.Query{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range aside.Rows {
		if utf8.Valid(r.Record) && json.Valid(r.Record) || r.Reason == "" || r.State != event.Waiting {
			t.Errorf("%s is put aside: %q, %.80q", r.State, r.Reason, r.Record)
		}
	}
	if aside.Total != 4 {
		t.Errorf("%d records are put aside, want 4", aside.Total)
	}
}

// refused fails the test for every run that gave no verdicts.
func refused(t *testing.T, a *app.App, scope access.Scope, cfg app.DemoConfig) {
	t.Helper()
	runs, err := a.Evaluate.Store.RunsBetween(context.Background(), scope.ReadScope, cfg.Start, cfg.Start.AddDate(0, 0, cfg.Days))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{}
	for _, r := range runs {
		tests[r.Test] = true
		if !r.Evaluated() {
			t.Errorf("%s was not evaluated on %s: %s", r.Test, r.AsOf.Format(time.DateOnly), r.Reason)
		}
	}
	t.Logf("%d tests, %d evaluations", len(tests), len(runs))
}

func failing(t *testing.T, store evaluate.Store, scope access.ReadScope) []failure {
	t.Helper()
	ctx, f := context.Background(), evaluate.Filter{Outcome: evaluate.Fail}
	var out []failure
	for q := (paging.Query{Page: 1, Size: paging.MaxSize}); ; q.Page++ {
		r, err := store.Intervals(ctx, scope, f, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range r.Rows {
			out = append(out, failure{i.Test, i.ItemID, i.Reason, i.From, i.LastSeen})
		}
		if len(r.Rows) < q.Size {
			break
		}
	}
	for q := (paging.Query{Page: 1, Size: paging.MaxSize}); ; q.Page++ {
		r, err := store.Happenings(ctx, scope, f, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range r.Rows {
			out = append(out, failure{test: h.Test, item: h.ItemID, reason: h.Reason})
		}
		if len(r.Rows) < q.Size {
			break
		}
	}
	sort.Slice(out, func(i, j int) bool { return strings.Compare(out[i].test+out[i].item, out[j].test+out[j].item) < 0 })
	return out
}
