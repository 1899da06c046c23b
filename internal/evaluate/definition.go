// Package evaluate tests controls: a test is one SQL statement that gives a verdict on every member of a population of
// facts. It keeps each verdict's history, so that any control can be shown over any period, day by day.
package evaluate

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/yamldoc"
)

// Outcome is a verdict on one member of a population, or the worst of a whole test.
type Outcome string

// The four outcomes. Unknown is never pass, and there is no fifth.
const (
	Pass          Outcome = "pass"
	Fail          Outcome = "fail"
	NotApplicable Outcome = "not_applicable"
	Unknown       Outcome = "unknown"
)

// Outcomes lists them.
func Outcomes() []Outcome { return []Outcome{Pass, Fail, NotApplicable, Unknown} }

// Kind is whether a test looks at how things are or at what happened.
type Kind string

// A state test judges the newest snapshot; its history is intervals. An occurrence test judges each thing that happened
// once it can be judged: each leaver, each merge, each release.
const (
	State      Kind = "state"
	Occurrence Kind = "occurrence"
)

// Defaults of a definition.
const (
	DefaultWindow    = 8 * 24 * time.Hour // how far back an occurrence test judges again: late facts change verdicts
	DefaultLead      = 14 * 24 * time.Hour
	DefaultFreshness = 36 * time.Hour // how old a snapshot may be: a daily collection, and half a day's grace
)

// Definition is a test as its YAML file states it. The file is the test's identity: its hash is part of every result.
type Definition struct {
	ID          string               `yaml:"id"`
	Version     int                  `yaml:"version"`
	Title       string               `yaml:"title"` // what holds when it passes
	Asks        string               `yaml:"asks"`  // the same as one question
	Kind        Kind                 `yaml:"kind"`
	Controls    []string             `yaml:"controls"`
	Severity    string               `yaml:"severity"` // "low", "medium", "high" or "critical"
	Inputs      []string             `yaml:"inputs"`   // "okta.user_account", or "worker" for any system
	Window      string               `yaml:"window"`
	Lead        string               `yaml:"lead"` // how much earlier than the window streams are read, for what led to an occurrence
	Freshness   string               `yaml:"freshness"`
	Params      map[string]ParamSpec `yaml:"params"`
	Counted     string               `yaml:"counted"`    // what a member of the population is, in words
	Population  string               `yaml:"population"` // SELECT with one row, item_id, for each member
	SQL         string               `yaml:"sql"`
	Fix         string               `yaml:"fix"`
	NullOK      map[string]string    `yaml:"null_ok"` // columns that may be missing from a passing item, each with the reason
	Fixtures    []Fixture            `yaml:"fixtures"`
	text        string
	window      time.Duration
	freshness   time.Duration
	lead        time.Duration
	fingerprint string
}

// ParamSpec is a parameter of a test.
type ParamSpec struct {
	Type    string `yaml:"type"` // "bigint", "varchar" or "boolean"
	Default string `yaml:"default"`
	Unit    string `yaml:"unit"`
	Meaning string `yaml:"meaning"`
}

// Fixture is a small world with the verdicts expected in it.
type Fixture struct {
	Name   string                      `yaml:"name"`
	AsOf   time.Time                   `yaml:"as_of"`
	From   time.Time                   `yaml:"from"`
	To     time.Time                   `yaml:"to"`
	Params map[string]string           `yaml:"params"`
	Facts  map[string][]map[string]any `yaml:"facts"`
	Expect map[string]Outcome          `yaml:"expect"`
}

// Input is a parsed input of a test.
type Input struct {
	System   string // empty for any
	Resource collect.Resource
}

// Name is the input as SQL names its table.
func (i Input) Name() string {
	if i.System == "" {
		return i.Resource.Name
	}
	return i.System + "." + i.Resource.Name
}

var (
	testID     = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)+$`)
	paramName  = regexp.MustCompile(`^[a-z][a-z0-9_]{0,40}$`)
	controlRef = regexp.MustCompile(`^[A-Z]{2,5}-[0-9]{2,3}$`)
	systemName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	severities = []string{"low", "medium", "high", "critical"}
)

// Reserved parameters: the instant of evaluation and the window of an occurrence test.
const (
	ParamAsOf = "as_of"
	ParamFrom = "from_at"
	ParamTo   = "to_at"
)

// Parse reads a definition. An unknown key, a missing field or a malformed value is an error that names it; whether the SQL
// keeps the rules is Lint's to say.
func Parse(text []byte) (*Definition, error) {
	var d Definition
	if err := yamldoc.Decode(text, &d); err != nil {
		return nil, errs.As(errs.Invalid, err, "test definition")
	}
	d.text = string(text)
	if err := d.check(); err != nil {
		return nil, errs.Wrap(err, "test %s", d.ID)
	}
	d.fingerprint = canon.Sum(text)
	return &d, nil
}

// Text is the YAML the definition was read from.
func (d *Definition) Text() string { return d.text }

// SHA256 is the hash of that text.
func (d *Definition) SHA256() string { return d.fingerprint }

// WindowLength is how far back an occurrence test judges at each run.
func (d *Definition) WindowLength() time.Duration { return d.window }

// MaxAge is how old a snapshot may be to conclude from.
func (d *Definition) MaxAge() time.Duration { return d.freshness }

func (d *Definition) check() error {
	bad := func(field, format string, args ...any) error {
		return errs.New(errs.Invalid, format, args...).At(field)
	}
	switch {
	case !testID.MatchString(d.ID):
		return bad("id", "id %q is not of the form system-what-holds", d.ID)
	case d.Version < 1:
		return bad("version", "version is missing")
	case strings.TrimSpace(d.Title) == "":
		return bad("title", "title is missing")
	case !strings.HasSuffix(strings.TrimSpace(d.Asks), "?"):
		return bad("asks", "asks must be one question")
	case d.Kind != State && d.Kind != Occurrence:
		return bad("kind", "kind %q is neither state nor occurrence", d.Kind)
	case !slices.Contains(severities, d.Severity):
		return bad("severity", "severity %q is none of %s", d.Severity, strings.Join(severities, ", "))
	case strings.TrimSpace(d.Counted) == "":
		return bad("counted", "counted must say what a member of the population is")
	case strings.TrimSpace(d.Population) == "":
		return bad("population", "population is missing")
	case strings.TrimSpace(d.SQL) == "":
		return bad("sql", "sql is missing")
	case strings.TrimSpace(d.Fix) == "":
		return bad("fix", "fix must say what to do about a failure")
	case len(d.Controls) == 0:
		return bad("controls", "a test belongs to at least one control")
	case len(d.Inputs) == 0:
		return bad("inputs", "a test reads at least one input")
	}
	for _, c := range d.Controls {
		if !controlRef.MatchString(c) {
			return bad("controls", "%q is no control reference", c)
		}
	}
	if _, err := d.ParsedInputs(); err != nil {
		return err
	}
	for n, p := range d.Params {
		if !paramName.MatchString(n) || n == ParamAsOf || n == ParamFrom || n == ParamTo {
			return bad("params", "%q cannot name a parameter", n)
		}
		if err := p.accepts(p.Default); err != nil {
			return bad("params", "default of %s: %v", n, err)
		}
		if strings.TrimSpace(p.Meaning) == "" {
			return bad("params", "parameter %s has no meaning", n)
		}
	}
	return d.durations()
}

func (d *Definition) durations() error {
	var err error
	if d.window, err = duration(d.Window, DefaultWindow); err != nil {
		return errs.As(errs.Invalid, err, "window")
	}
	if d.freshness, err = duration(d.Freshness, DefaultFreshness); err != nil {
		return errs.As(errs.Invalid, err, "freshness")
	}
	if d.lead, err = duration(d.Lead, DefaultLead); err != nil {
		return errs.As(errs.Invalid, err, "lead")
	}
	if d.Kind == State && d.Window+d.Lead != "" {
		return errs.New(errs.Invalid, "a state test has no window and no lead").At("window")
	}
	return nil
}

// duration reads "8d" or "36h".
func duration(s string, otherwise time.Duration) (time.Duration, error) {
	if s == "" {
		return otherwise, nil
	}
	unit := time.Hour
	num, ok := strings.CutSuffix(s, "h")
	if !ok {
		num, ok = strings.CutSuffix(s, "d")
		unit = 24 * time.Hour
	}
	n, err := strconv.Atoi(num)
	if !ok || err != nil || n < 1 || n > 24*400 {
		return 0, errs.New(errs.Invalid, "%q is no length of time such as 36h or 8d", s)
	}
	return time.Duration(n) * unit, nil
}

func (p ParamSpec) accepts(v string) error {
	var err error
	switch p.Type {
	case "bigint":
		_, err = strconv.ParseInt(v, 10, 64)
	case "boolean":
		_, err = strconv.ParseBool(v)
	case "varchar":
	default:
		return errs.New(errs.Invalid, "unknown type %q", p.Type)
	}
	return err
}

// ParsedInputs resolves the inputs.
func (d *Definition) ParsedInputs() ([]Input, error) {
	var out []Input
	for _, s := range d.Inputs {
		system, name, dotted := strings.Cut(s, ".")
		if !dotted {
			system, name = "", s
		} else if !systemName.MatchString(system) {
			return nil, errs.New(errs.Invalid, "input %q names no system", s).At("inputs")
		}
		r, ok := collect.ResourceNamed(name)
		if !ok {
			return nil, errs.New(errs.Invalid, "input %q: there is no resource %q", s, name).At("inputs")
		}
		out = append(out, Input{system, r})
	}
	return out, nil
}

// ParamValues are the values of a run: the defaults, changed by what the organisation set.
func (d *Definition) ParamValues(set map[string]string) (map[string]string, error) {
	out := map[string]string{}
	for n, p := range d.Params {
		out[n] = p.Default
	}
	for n, v := range set {
		p, ok := d.Params[n]
		if !ok {
			return nil, errs.New(errs.Invalid, "test %s has no parameter %q", d.ID, n).At("params")
		}
		if err := p.accepts(v); err != nil {
			return nil, errs.As(errs.Invalid, err, "parameter %s of test %s", n, d.ID)
		}
		out[n] = v
	}
	return out, nil
}

// rows renders a fixture's facts of one input as JSON objects.
func (f Fixture) rows(input string) ([]json.RawMessage, error) {
	out := []json.RawMessage{}
	for _, r := range f.Facts[input] {
		b, err := json.Marshal(r)
		if err != nil {
			return nil, errs.As(errs.Invalid, err, "fixture %s", f.Name)
		}
		out = append(out, b)
	}
	return out, nil
}
