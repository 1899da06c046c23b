package policy

import (
	"context"
	"embed"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

//go:embed starter/*.md
var starterFiles embed.FS

// Starters are the policies that ship with the program, in our own words, by the order in which people look at them. What
// stands between {{ and }} is filled in when one is adopted.
var Starters = sync.OnceValues(func() ([]File, error) {
	entries, err := starterFiles.ReadDir("starter")
	if err != nil {
		return nil, err
	}
	var out []File
	for _, e := range entries {
		raw, err := starterFiles.ReadFile("starter/" + e.Name())
		if err != nil {
			return nil, err
		}
		f, problems := ParseFile(e.Name(), raw)
		if len(problems) > 0 {
			return nil, errs.New(errs.Internal, "starter policy %s: %s", e.Name(), problems[0])
		}
		out = append(out, f)
	}
	slices.SortStableFunc(out, func(a, b File) int { return starterPlace(a.Slug) - starterPlace(b.Slug) })
	return out, nil
})

// order is that of the starters: what everybody reads first, then what is for those who run systems.
var order = []string{
	"code-of-conduct", "information-security", "acceptable-use", "speak-up", "human-resources-security", "access-control", "data-classification", "privacy",
	"physical-and-remote-work", "incident-response", "business-continuity", "backup-and-restore", "change-management", "secure-development", "vulnerability-management", "logging-and-monitoring",
	"encryption", "risk-management", "vendor-management", "retention-and-disposal",
}

func starterPlace(slug string) int {
	if i := slices.Index(order, slug); i >= 0 {
		return i
	}
	return len(order)
}

// Adopt writes starter policies as drafts, with the organisation's name in them. Those whose slug is taken are left out; it
// returns what it made.
func (s *Service) Adopt(ctx context.Context, scope access.Scope, now time.Time, organisation, owner string, slugs ...string) ([]Policy, error) {
	if err := scope.Require(access.EditPolicies); err != nil {
		return nil, err
	}
	all, err := Starters()
	if err != nil {
		return nil, err
	}
	for _, slug := range slugs {
		if !slices.ContainsFunc(all, func(f File) bool { return f.Slug == slug }) {
			return nil, errs.New(errs.NotFound, "there is no starter policy %s", clip(slug))
		}
	}
	fill := strings.NewReplacer("{{organisation}}", organisation)
	var out []Policy
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		out = nil
		for _, f := range all {
			if len(slugs) > 0 && !slices.Contains(slugs, f.Slug) {
				continue
			}
			if _, err := s.Store.Policy(ctx, scope.ReadScope, f.Slug); !errs.Is(err, errs.NotFound) {
				if err != nil {
					return err
				}
				continue
			}
			t := f.Text
			t.Title, t.Summary, t.Body = fill.Replace(t.Title), fill.Replace(t.Summary), fill.Replace(t.Body)
			p, err := s.Create(ctx, scope, now, New{Slug: f.Slug, Owner: owner, Months: f.Months, Text: t, Note: "Adopted from the starter policies"})
			if err != nil {
				return errs.Wrap(err, "%s", f.Slug)
			}
			out = append(out, p)
		}
		return nil
	})
	return out, err
}
