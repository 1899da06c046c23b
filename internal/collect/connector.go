// Package collect reads facts from other people's systems. A connector knows one kind of system; a run of it writes one
// file of typed facts for each type of resource, and a manifest that lets an auditor judge whether the files are
// complete: what was asked, how many rows came, how many the source says there are, and what went wrong.
package collect

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/tickmark/tickmark/internal/access"
)

// Connector reads one kind of system. Laws: it emits what the source says and concludes nothing; it keeps the source's
// own record in Meta.Raw; it never hides a failed page, a refused resource or a missing total, but reports it to the
// Sink and goes on with the rest; the same code serves the real system and a simulated one.
type Connector interface {
	Describe() Description
	// Check tries the credentials and each permission without collecting. An error means the system did not answer at all.
	Check(ctx context.Context, e Env) ([]Permission, error)
	// Collect emits every fact of the window and of the present state. An error means the run as a whole failed; a
	// resource that failed alone is reported to the sink.
	Collect(ctx context.Context, e Env, s Sink) error
}

// Description is what a person needs to know before connecting.
type Description struct {
	Kind      string // "github"
	Title     string // "GitHub"
	Version   int    // of the connector; part of each manifest, raised when what it emits changes
	Doc       string // one sentence on what is read and what is not
	Fields    []Field
	Grants    []Permission  // least rights it needs, with why
	Resources []string      // names of the resources it emits
	Pace      time.Duration // least time between two requests, for sources that say no more of their limit than this
	Local     bool          // reads this machine: needs no address and no credential
	Own       bool          // reads the organisation's own records: every organisation has one, made by itself
	Log       bool          // reads an audit log and nothing else: it is read every few minutes, and tests do not run after it
	Steps     []string      // how to get the credential with just these rights, in order
	Limits    []string      // what cannot be known this way
}

// Field is one setting of a connection.
type Field struct {
	Name     string
	Title    string
	Hint     string
	Secret   bool // kept encrypted, never shown again
	Required bool
	Address  bool // decides where secrets are sent: when it changes they have to be given again
	Long     bool // several lines
	Default  string
	Choices  []string // the values it can have; none for any
}

// Permission is one right on the source, and after a Check whether it is there.
type Permission struct {
	Name      string
	Why       string
	Resources []string // what cannot be collected without it
	Granted   *bool    // nil before a check, or when the source does not say
	Detail    string   // what the source answered
}

// Env is what a connector may use.
type Env struct {
	Settings map[string]string // the non-secret fields
	Secrets  map[string]string // the secret ones; must not be logged, wrapped in errors or emitted
	// HTTP retries, backs off, respects rate limits and refuses addresses the connection may not reach.
	HTTP *http.Client
	// Since and Until bound streams: what happened or changed at or after Since and before Until. Since is zero on a first
	// run, which then reads as far back as the settings or the source allow.
	Since, Until time.Time
	// Marks are up to where the streams of an audit log were read, by name.
	Marks map[string]Mark
	// Whose is the right to read the organisation's own records, for the connector that does.
	Whose access.ReadScope
	Log   *slog.Logger
}

// Sink takes what a connector reads. It is safe for concurrent use.
type Sink interface {
	// Emit keeps a fact. An error ends the run: the disk is full or the run was cancelled.
	Emit(f Fact) error
	// Page notes one answered request for a resource, with the endpoint as the source's documentation names it.
	Page(resource, endpoint string)
	// Total notes how many rows the source itself says a resource has in what was asked for, and how it was asked. It must
	// come from another request or field than the rows themselves.
	Total(resource string, n int64, how string)
	// Failed notes that a resource, or part of it, could not be read. The resource is then incomplete.
	Failed(resource string, err error)
	// Note keeps a remark for the manifest, such as a limit of the source that narrows what can be known.
	Note(resource, text string)
	// Mark says up to where a stream of an audit log was read. It is kept when the run ends well.
	Mark(m Mark)
}

// Ptr is a pointer to a copy of v, for optional fields.
func Ptr[T any](v T) *T { return &v }

// NonZero is a pointer to v, or nil when v is its type's zero value: for sources that leave out what they do not know.
func NonZero[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
