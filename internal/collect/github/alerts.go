package github

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// alert is a Dependabot alert.
type alert struct {
	Number   int64  `json:"number"`
	State    string `json:"state"`
	Advisory struct {
		GHSA     string `json:"ghsa_id"`
		Severity string `json:"severity"`
	} `json:"security_advisory"`
	Vulnerability struct {
		Severity string `json:"severity"`
		Package  struct {
			Name string `json:"name"`
		} `json:"package"`
	} `json:"security_vulnerability"`
	CreatedAt       time.Time  `json:"created_at"`
	FixedAt         *time.Time `json:"fixed_at"`
	DismissedAt     *time.Time `json:"dismissed_at"`
	AutoDismissedAt *time.Time `json:"auto_dismissed_at"`
	Repository      *struct {
		FullName string `json:"full_name"`
	} `json:"repository"`
}

// alerts emits the Dependabot alerts in every state: of the whole organisation in one list where the credential may read
// that, else of one repository after another.
func (r *run) alerts(ctx context.Context, repos []repository) error {
	r.sink.Note("vulnerability_alert", "GitHub gives no count of Dependabot alerts to compare the list with.")
	query := url.Values{"per_page": {"100"}}
	read := 0
	err := list(ctx, r, "vulnerability_alert", "GET /orgs/{org}/dependabot/alerts", "/orgs/"+esc(r.org)+"/dependabot/alerts", query, func(row httpx.Row[alert]) (bool, error) {
		read++
		if row.Value.Repository == nil {
			return false, errs.New(errs.Invalid, "alert %d names no repository", row.Value.Number)
		}
		return true, r.emit(row.Value.fact(row.Value.Repository.FullName, row.Raw))
	})
	if read > 0 || !errs.Is(err, errs.Denied) && !missing(err) {
		return r.report(ctx, "vulnerability_alert", err)
	}
	return httpx.Each(ctx, parallel, repos, func(ctx context.Context, repo repository) error {
		err := list(ctx, r, "vulnerability_alert", "GET /repos/{owner}/{repo}/dependabot/alerts", repoPath(repo.FullName)+"/dependabot/alerts", query, func(row httpx.Row[alert]) (bool, error) {
			return true, r.emit(row.Value.fact(repo.FullName, row.Raw))
		})
		if alertsOff(err) {
			r.sink.Note("vulnerability_alert", "Dependabot alerts are switched off for "+repo.FullName+": its weaknesses are not known.")
			return nil
		}
		return r.report(ctx, "vulnerability_alert", errs.Wrap(err, "alerts of %s", repo.FullName))
	})
}

// alertsOff tells a repository without alerts from one that may not be read; both answer 403.
func alertsOff(err error) bool {
	return errs.Is(err, errs.Denied) && (says(err, "disabled for this repository") || says(err, "archived"))
}

func (a *alert) fact(repo, raw string) *collect.VulnerabilityAlert {
	f := &collect.VulnerabilityAlert{
		ID: repo + "#" + id(a.Number), Repository: repo, Package: a.Vulnerability.Package.Name, Advisory: collect.NonZero(a.Advisory.GHSA),
		Severity: severity(a.Vulnerability.Severity, a.Advisory.Severity), State: a.State, CreatedAt: micros(a.CreatedAt),
		FixedAt: microsPtr(a.FixedAt), DismissedAt: microsPtr(a.DismissedAt),
	}
	if a.State == "auto_dismissed" && f.DismissedAt == nil {
		f.DismissedAt = microsPtr(a.AutoDismissedAt)
	}
	f.Raw = raw
	return f
}

// severity is that of the package's weakness, else of the advisory, in the words of facts.
func severity(of, advisory string) string {
	s := strings.ToLower(of)
	if s == "" {
		s = strings.ToLower(advisory)
	}
	if s == "moderate" {
		return "medium"
	}
	return s
}

// says tells whether GitHub's message of a refused request holds the words.
func says(err error, words string) bool {
	var e *httpx.ResponseError
	return errors.As(err, &e) && strings.Contains(strings.ToLower(e.Message), strings.ToLower(words))
}
