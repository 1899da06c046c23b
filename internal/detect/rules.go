package detect

import (
	"context"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/detect/sigma"
	"github.com/tickmark/tickmark/internal/event"
)

// Rule is a rule of the program or of an uploaded set, and how it stands in an organisation.
type Rule struct {
	Key         string // the identifier, or else the name or the title, of the rule
	Title       string
	Description string
	Level       string // of Sigma; "medium" for a rule that names none
	Status      string
	Author      string
	Source      sigma.LogSource
	Logs        []string // names of the sources whose events it looks at; empty if none of those that are known
	Tactics     []string // of ATT&CK, such as "credential-access"
	Techniques  []string // of ATT&CK, such as "T1110.003"
	Criteria    []string // of the Trust Services Criteria; empty for rules that others wrote
	Playbook    string   // of the pack; empty for rules that others wrote
	False       []string // what else looks like it
	References  []string
	Set         string   // the reference of the uploaded set; empty for the program's own
	Correlation bool     // it counts or orders hits of other rules
	Needs       []string // of a correlation: what it counts
	NeededBy    []string // correlations that are on and count it
	On          bool
	Standing    bool    // it runs and is told of when it matches
	Feeds       bool    // it only feeds the correlations of NeededBy
	Trouble     string  // why it does not run although it is on; empty if it does
	Setting     Setting // the last time somebody turned it on or off; zero if nobody did
	Hits        int64   // in the last thirty days
	Last        time.Time
	Nanos       float64 // the mean cost of looking at an event; 0 if unknown
	path        string
	line        int
	generate    bool // a correlation that lets the rules it counts stand for themselves
}

// Setting is somebody's decision about a rule.
type Setting struct {
	Rule    string
	On      bool
	Reason  string
	Version int // counts the decisions about this rule, from 1
	At      time.Time
	By      string
}

// Ruleset is rules that were uploaded.
type Ruleset struct {
	ID      string
	Ref     string // "RS-01"
	Title   string
	Name    string // of the file
	SHA256  string // of the file
	Files   int
	Rules   int // that can be used
	Refused []sigma.Refusal
	At      time.Time
	By      string
	Removed *time.Time
}

// Filter takes matches away from rules: a Sigma filter with somebody who answers for it and an end.
type Filter struct {
	ID     string
	Ref    string // "FLT-01"
	Title  string
	Text   string // the Sigma document
	Rules  []string
	Owner  string
	Reason string
	Until  time.Time
	At     time.Time
	By     string
	Ended  *time.Time
}

// Runs tells whether the filter counts at a time.
func (f Filter) Runs(now time.Time) bool { return f.Ended == nil && now.Before(f.Until) }

// Count is what a rule did on a day.
type Count struct {
	Rule      string
	Day       int // from 1970-01-01
	Hits      int64
	Evaluated int64 // events that were looked at closely
	Nanos     int64 // that this took
	Last      time.Time
}

// Store keeps what an organisation decided about rules. Laws: references are given in order; Set reports a Conflict when the
// setting has not the version before; nothing is deleted; Bump is called in every transaction that changes what runs.
type Store interface {
	// Version counts the changes of what runs; 0 means that nothing was ever changed.
	Version(ctx context.Context, s access.ReadScope) (int64, error)
	Bump(ctx context.Context, s access.Scope) error
	Settings(ctx context.Context, s access.ReadScope) ([]Setting, error)
	Set(ctx context.Context, s access.Scope, x Setting) error
	AddRuleset(ctx context.Context, s access.Scope, r Ruleset, files []sigma.File) (Ruleset, error)
	// Rulesets lists those that were not removed, the oldest first.
	Rulesets(ctx context.Context, s access.ReadScope) ([]Ruleset, error)
	RulesetFiles(ctx context.Context, s access.ReadScope, id string) ([]sigma.File, error)
	RemoveRuleset(ctx context.Context, s access.Scope, id string, at time.Time) error
	AddFilter(ctx context.Context, s access.Scope, f Filter) (Filter, error)
	// Filters lists all, the newest first.
	Filters(ctx context.Context, s access.ReadScope) ([]Filter, error)
	EndFilter(ctx context.Context, s access.Scope, id string, at time.Time) error
}

// CountStore keeps what rules did, and what they would have done. Laws: AddCounts adds to what is there; a Trial is only added.
type CountStore interface {
	AddCounts(ctx context.Context, s access.Scope, list []Count) error
	// Counts gives one sum for each rule, from a day on. The Day of a sum is 0.
	Counts(ctx context.Context, s access.ReadScope, from int) ([]Count, error)
	CountsOf(ctx context.Context, s access.ReadScope, rule string, from int) ([]Count, error)
	AddTrial(ctx context.Context, s access.Scope, t Trial) error
	// Trials lists the back-tests of a rule, the newest first.
	Trials(ctx context.Context, s access.ReadScope, rule string) ([]Trial, error)
}

// History is the events that are stored. The lake of events is one.
type History interface {
	// Each gives the events of some logs in the order of time, raw and in the normal form. An error of do ends it and is given back.
	Each(ctx context.Context, s access.ReadScope, logs []string, from, to time.Time, do func(*event.Event) error) error
}

// Feed is a source that sends events.
type Feed struct {
	Log  string // the kind of log
	Name string
	Last time.Time // zero if it never sent
}

// Feeds tells which sources there are. Intake is one.
type Feeds interface {
	Feeds(ctx context.Context, s access.ReadScope) ([]Feed, error)
}

// Levels are those of Sigma, the highest first.
func Levels() []string { return []string{"critical", "high", "medium", "low", "informational"} }

func levelRank(l string) int {
	if i := slices.Index(Levels(), l); i >= 0 {
		return i
	}
	return len(Levels())
}
