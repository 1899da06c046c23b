// Package issuing is the pages that lead from the firm's work to the readers of a report: the auditor hands over and issues, the client
// sees what came and distributes it, and readers open their copy without an account.
package issuing

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/issue"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Services is what these pages need.
type Services struct {
	Issue      *issue.Service
	Engagement *engagement.Service
	Access     *access.Service
	View       *view.Reader
	Seals      Seals
	// Mails reports whether readers can be sent their link; nil where nothing sends.
	Mails func(ctx context.Context, s access.ReadScope) (bool, error)
}

// Seals completes issued reports in the background, and reads what is too large for memory.
type Seals interface {
	Seals(ctx context.Context, a access.AuditScope) ([]page.Job, error)
	Document(sha256 string) (io.ReadCloser, error)
}

type pages struct{ Services }

// Routes are the pages of this package.
func Routes(s Services) []page.Route {
	p := &pages{s}
	return slices.Concat(p.auditorRoutes(), p.clientRoutes(), p.distributionRoutes(), p.readerRoutes())
}

// two are the form at an address, and what is done with it.
func two(pattern, title string, right access.Action, ask, do func(*page.Request) error) []page.Route {
	return []page.Route{
		{Method: http.MethodGet, Pattern: pattern, Action: right, Title: title, Nav: "/engagements", Handle: ask},
		{Method: http.MethodPost, Pattern: pattern, Action: right, Title: title, Nav: "/engagements", Handle: do},
	}
}

// sign is a state as a badge shows it: a status key and a word.
type sign struct{ Key, Word string }

func itoa(n int) string { return strconv.Itoa(n) }

func met(ok bool) sign {
	if ok {
		return sign{"pass", "Met"}
	}
	return sign{"risk", "Not met"}
}

// versionSign tells whether a version is the one that holds.
func versionSign(v issue.Version, newest int) sign {
	if !v.Complete() {
		return sign{"prog", "Being sealed"}
	}
	if v.Number == newest {
		return sign{"pass", "Issued"}
	}
	return sign{"na", "Replaced"}
}

// number reads the number of a version from the address.
func number(r *page.Request) (int, error) {
	n, err := strconv.Atoi(r.Arg("n"))
	if err != nil || n < 1 {
		return 0, errs.New(errs.NotFound, "there is no version %q", r.Arg("n"))
	}
	return n, nil
}

// attach sends a file of an issued version.
func (p *pages) attach(r *page.Request, scope access.ReadScope, e engagement.ID) error {
	n, err := number(r)
	if err != nil {
		return err
	}
	if r.Arg("format") == "bundle" {
		return p.archive(r, scope, e, n)
	}
	f, body, err := p.Issue.Content(r.Context(), scope, e, n, r.Arg("format"))
	if err != nil {
		return err
	}
	if f.Format == "html" {
		f.Type = "application/octet-stream" // to keep: it is no page of this program
	}
	return r.Attach(f.Name, f.Type, int64(len(body)), time.Time{}, bytes.NewReader(body))
}

// archive sends the bundle of an issued version.
func (p *pages) archive(r *page.Request, scope access.ReadScope, id engagement.ID, n int) error {
	e, err := p.Engagement.Store.Engagement(r.Context(), scope, string(id))
	if err != nil {
		return err
	}
	name, b, err := p.Issue.Archive(r.Context(), scope, e, n)
	if err != nil {
		return err
	}
	body, err := p.Seals.Document(b.SHA256)
	if err != nil {
		return err
	}
	defer body.Close()
	return r.Attach(strings.ToLower(name), "application/zip", b.Size, time.Time{}, body)
}

// lines are the lines of a text that are not empty.
func lines(s string) []string {
	var out []string
	for l := range strings.Lines(s) {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

// matterTitle is a matter of the opinion in words.
func matterTitle(e engagement.Engagement, m string) string {
	if e.Report == engagement.SOC3 {
		return "Management's assertion"
	}
	return map[string]string{engagement.MatterDescription: "Description of the system", engagement.MatterDesign: "Suitability of design", engagement.MatterOperation: "Operating effectiveness"}[m]
}

// standingSign is a working status of a criterion.
func standingSign(status string) sign {
	switch status {
	case "met":
		return sign{"pass", "Met"}
	case "met_with_deviations":
		return sign{"risk", "Met, with deviations"}
	case "at_risk":
		return sign{"risk", "At risk"}
	case "not_met":
		return sign{"fail", "Not met"}
	}
	return sign{"na", "Not evaluated"}
}
