// Package records shows what the program keeps: evidence and where it comes from, connections and their runs, and the
// ledger with its proofs.
package records

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/ledger"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// Files reads rows of fact files for people to look at. lake.Dir is one.
type Files interface {
	Page(path string, offset int64, limit int) (columns, kinds []string, rows [][]*string, total int64, err error)
}

// Services is what these pages need.
type Services struct {
	View     *view.Reader
	Evidence *evidence.Service
	Collect  *collect.Service
	Ledger   *ledger.Service
	Files    Files
	// Content reads the content of a piece of evidence, checked against the hash it was sealed with.
	Content func(evidence.Item) ([]byte, error)
	// Background does what takes long.
	Background page.Background
	Feeds      Feeds
}

// Feeds has the audit events of connections go to sources of events.
type Feeds interface {
	// FedTo is the source that the audit events of a connection go to, empty for none. collects is false of one that collects no such.
	FedTo(ctx context.Context, s access.ReadScope, connection string) (source string, collects bool, err error)
	// Feed has them go to the source they went to before, or a new one, and gives its reference.
	Feed(ctx context.Context, s access.Scope, now time.Time, connection string) (string, error)
	EndFeed(ctx context.Context, s access.Scope, now time.Time, connection string) error
}

// Routes are the pages of this package.
func Routes(s Services) []page.Route {
	get := func(pattern string, a access.Action, title, nav string, h func(*page.Request) error) page.Route {
		return page.Route{Method: http.MethodGet, Pattern: pattern, Action: a, Title: title, Nav: nav, Handle: h}
	}
	return append(slices.Concat(s.connectRoutes(), s.evidenceRoutes()), []page.Route{
		get("/evidence", access.ReadEvidence, "Evidence", "", s.evidenceList),
		get("/e/{ref}", access.ReadEvidence, "Evidence", "/evidence", s.evidencePage),
		get("/e/{ref}/rows/{n}", access.ReadEvidence, "Row", "/evidence", s.evidenceRow),
		get("/e/{ref}/content", access.ReadEvidence, "Evidence", "/evidence", s.evidenceContent),
		get("/e/{ref}/manifest", access.ReadEvidence, "Manifest", "/evidence", s.evidenceManifest),
		get("/connections", access.ReadProgramme, "Connections", "", s.connectionList),
		get("/connections/{name}", access.ReadProgramme, "Connection", "/connections", s.connectionPage),
		get("/runs", access.ReadProgramme, "Collection runs", "", s.runList),
		get("/runs/{id}", access.ReadProgramme, "Collection run", "/runs", s.runPage),
		get("/ledger", access.ReadLedger, "Ledger", "", s.ledgerPage),
		get("/ledger/checkpoints", access.ReadLedger, "Checkpoints", "/ledger", s.checkpointList),
		get("/ledger/archive", access.ReadLedger, "Ledger", "/ledger", s.ledgerArchive),
		get("/ledger/{seq}", access.ReadLedger, "Ledger entry", "/ledger", s.entryPage),
		get("/ledger/{seq}/proof", access.ReadLedger, "Proof", "/ledger", s.entryProof),
		{Method: http.MethodGet, Pattern: "/trail/lines", Action: access.ReadLedger, Title: "Audit trail", Nav: "/trail", Stream: true, Handle: s.trailLines},
		get("/trail", access.ReadLedger, "Audit trail", "", s.trailPage),
	}...)
}

// sign is a state as a badge shows it: a status key and a word.
type sign struct{ Key, Word string }

func completenessSign(c evidence.Completeness) sign {
	switch c {
	case evidence.Proven:
		return sign{"pass", "Proven"}
	case evidence.Asserted:
		return sign{"na", "Asserted"}
	case evidence.Incomplete:
		return sign{"risk", "Incomplete"}
	}
	return sign{"err", "Unknown"}
}

// completenessMeans says what each word stands for.
func completenessMeans(c evidence.Completeness) string {
	switch c {
	case evidence.Proven:
		return "The source’s own count equals the rows received."
	case evidence.Asserted:
		return "Read without error; the source gives no count of its own to compare with."
	case evidence.Incomplete:
		return "Something is missing. Tests answer “unknown” where they would have to rely on it."
	}
	return ""
}

func runSign(s collect.RunStatus) sign {
	switch s {
	case collect.Complete:
		return sign{"pass", "Complete"}
	case collect.Partial:
		return sign{"risk", "Incomplete"}
	case collect.Failed:
		return sign{"fail", "Failed"}
	case collect.Running:
		return sign{"prog", "Running"}
	case collect.Sealing:
		return sign{"prog", "Sealing"}
	case collect.Cancelled:
		return sign{"na", "Cancelled"}
	case collect.Interrupted:
		return sign{"err", "Interrupted"}
	}
	return sign{"err", "Unknown"}
}

func healthSign(h view.Health) sign {
	switch h {
	case view.HealthFine:
		return sign{"pass", "Fine"}
	case view.HealthIncomplete:
		return sign{"risk", "Incomplete"}
	case view.HealthLate:
		return sign{"risk", "Late"}
	case view.HealthFailing:
		return sign{"fail", "Failing"}
	case view.HealthRunning:
		return sign{"prog", "Collecting"}
	case view.HealthNever:
		return sign{"err", "Never collected"}
	case view.HealthPaused:
		return sign{"na", "Paused"}
	case view.HealthRemoved:
		return sign{"na", "Removed"}
	}
	return sign{"err", "Unknown"}
}

func methodText(m evidence.Method) string {
	switch m {
	case evidence.API:
		return "Read by the program over the system’s interface"
	case evidence.Agent:
		return "Read by the program on the machine itself"
	case evidence.FileImport:
		return "Imported from a file that somebody kept"
	case evidence.Manual:
		return "Added by a person"
	}
	return string(m)
}

// aboutText says what a piece of evidence is about: an instant, or a stretch of time.
func aboutText(from, to time.Time) string {
	if from.Equal(to) {
		return "as of " + page.TimeText(to)
	}
	if from.Unix() <= 0 {
		return "up to " + page.TimeText(to)
	}
	return page.TimeText(from) + " to " + page.TimeText(to)
}

// aboutPeriod reads the two day filters of a list; the second day is included.
func aboutPeriod(t *page.Table) period.Period {
	var p period.Period
	if d, err := period.ParseDate(t.Filter("from")); err == nil {
		p.From = d
	}
	if d, err := period.ParseDate(t.Filter("to")); err == nil {
		p.To = d + 1
	}
	return p
}

// options are the choices of a filter with their counts.
func options(choices []view.Choice, label func(string) string) []page.Option {
	out := make([]page.Option, len(choices))
	for i, c := range choices {
		out[i] = page.Option{Value: c.Value, Label: c.Label, Count: int(c.N), Counted: true}
		if label != nil {
			out[i].Label = label(c.Value)
		}
	}
	return out
}

func counts(choices []view.Choice) map[string]int {
	out := map[string]int{}
	for _, c := range choices {
		out[c.Value] = int(c.N)
	}
	return out
}

// resourceTitle is a type of fact as people read it.
func resourceTitle(name string) string {
	if r, ok := collect.ResourceNamed(name); ok {
		return r.Title
	}
	return strings.ReplaceAll(name, "_", " ")
}

// actorName is who did something, in words.
func actorName(actor, who string) string {
	if who != "" {
		return who
	}
	if name, ok := strings.CutPrefix(actor, "operator:"); ok {
		return "Operator (" + name + ")"
	}
	if name, ok := strings.CutPrefix(actor, "system:"); ok {
		return "Program (" + name + ")"
	}
	return actor
}

// nameOf finds an actor's name among the members; it costs a query, so pages that show many actors join instead.
func (s Services) nameOf(ctx context.Context, scope access.ReadScope, actor string) (string, error) {
	if !strings.HasPrefix(actor, "usr_") {
		return actorName(actor, ""), nil
	}
	names, err := s.View.PersonNames(ctx, scope)
	return actorName(actor, names[actor]), err
}
