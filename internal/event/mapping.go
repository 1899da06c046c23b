package event

import (
	"cmp"
	"embed"
	"slices"
	"strings"
	"sync"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/yamldoc"
)

//go:embed logs/*.yaml
var logFiles embed.FS

// choices are ways to find a text; the first that finds one counts. In YAML: a text, or a list of texts and {if, take}.
type choices []choice

type choice struct {
	If   map[string]patterns `yaml:"if"`
	Take string              `yaml:"take"`

	condition condition
	template  template
}

// patterns are the texts a condition allows: one, or a list.
type patterns []string

// UnmarshalYAML reads one text or a list.
func (p *patterns) UnmarshalYAML(unmarshal func(any) error) error {
	var one string
	if unmarshal(&one) == nil {
		*p = patterns{one}
		return nil
	}
	return unmarshal((*[]string)(p))
}

// UnmarshalYAML reads one text or a list of texts and objects.
func (c *choices) UnmarshalYAML(unmarshal func(any) error) error {
	var one string
	if unmarshal(&one) == nil {
		*c = choices{{Take: one}}
		return nil
	}
	return unmarshal((*[]choice)(c))
}

// UnmarshalYAML reads a text or an object with if and take.
func (c *choice) UnmarshalYAML(unmarshal func(any) error) error {
	if unmarshal(&c.Take) == nil {
		return nil
	}
	type plain choice
	return unmarshal((*plain)(c))
}

// word is a value that is chosen by a condition; the first that holds counts.
type word struct {
	If map[string]patterns `yaml:"if"`
	Is string              `yaml:"is"`

	condition condition
	value     uint8
}

type targetRule struct {
	If     map[string]patterns `yaml:"if"`
	Each   string              `yaml:"each"` // the list in which each member is a target
	Kind   string              `yaml:"kind"` // as it stands, or with braces
	ID     choices             `yaml:"id"`
	Name   choices             `yaml:"name"`
	Effect string              `yaml:"effect"` // of the action, if it is not said

	condition condition
	each      *path
	kind      template
	effect    Effect
}

// actionRule says what some actions mean. Of those that hold, the first that knows the class decides class, effect and weight; what
// is issued and the targets are taken from all.
type actionRule struct {
	Is      []string            `yaml:"is"` // patterns of actions; none is all
	If      map[string]patterns `yaml:"if"`
	Does    string              `yaml:"does"` // "account/create"
	Effect  string              `yaml:"effect"`
	Weight  string              `yaml:"weight"`
	Issues  []choices           `yaml:"issues"`
	Targets []targetRule        `yaml:"targets"`

	condition condition
	class     Class
	activity  int32
	effect    Effect
	weight    Weight
}

// mapping is how records of one log become events. It is data: logs/*.yaml.
type mapping struct {
	Log        string  `yaml:"log"`
	Title      string  `yaml:"title"`
	Docs       string  `yaml:"docs"` // where the vendor describes the records
	At         choices `yaml:"at"`
	Upstream   choices `yaml:"upstream"`
	Action     choices `yaml:"action"`
	Reason     choices `yaml:"reason"`
	Session    choices `yaml:"session"`
	Credential choices `yaml:"credential"`
	Host       choices `yaml:"host"`
	Process    choices `yaml:"process"`
	Parent     choices `yaml:"parent"`
	Actor      struct {
		ID   choices `yaml:"id"`
		Name choices `yaml:"name"`
		Kind []word  `yaml:"kind"`
	} `yaml:"actor"`
	From struct {
		IP      choices `yaml:"ip"`
		Country choices `yaml:"country"`
		City    choices `yaml:"city"`
		ASN     choices `yaml:"asn"`
		Agent   choices `yaml:"agent"`
	} `yaml:"from"`
	Sequence struct {
		Stream choices `yaml:"stream"` // the sender that counts; of a source with one, nothing
		Number choices `yaml:"number"`
	} `yaml:"sequence"`
	Status  []word       `yaml:"status"`
	Actions []actionRule `yaml:"actions"`
	Targets []targetRule `yaml:"targets"`

	mu    sync.RWMutex
	known map[string][]*actionRule // by action; bounded, since actions come from outside
}

// maxKnown is how many actions of a log are remembered. The longest list of a vendor, that of AWS, has about 20,000, of which
// an organisation uses some hundred.
const maxKnown = 8192

var (
	statuses = map[string]Status{"success": Success, "failure": Failure, "unknown": StatusUnknown}
	kinds    = map[string]ActorKind{"person": Person, "service": Service, "vendor": Vendor, "unknown": ActorUnknown}
	effects  = map[string]Effect{"reads": Reads, "creates": Creates, "changes": Changes, "deletes": Deletes}
	weights  = map[string]Weight{"read": WeightRead, "sign-in": WeightSignIn, "write": WeightWrite, "privilege": WeightPrivilege, "defence": WeightDefence}
)

// classes are the classes of OCSF by the names the mappings use, with their activities: https://schema.ocsf.io/1.9.0/classes.
var classes = map[string]struct {
	class      Class
	activities []string // from 1
}{
	"file":           {FileActivity, []string{"create", "read", "update", "delete", "rename", "attributes", "security", "attributes-read", "security-read", "encrypt", "decrypt", "mount", "unmount", "open"}},
	"job":            {ScheduledJob, []string{"create", "update", "delete", "enable", "disable", "start"}},
	"process":        {ProcessActivity, []string{"launch", "terminate", "open", "inject", "set-user"}},
	"finding":        {DetectionFinding, []string{"create", "update", "close"}},
	"account":        {AccountChange, []string{"create", "enable", "password-change", "password-reset", "disable", "delete", "attach-policy", "detach-policy", "lock", "mfa-enable", "mfa-disable", "unlock"}},
	"authentication": {Authentication, []string{"logon", "logoff", "ticket", "service-ticket", "service-ticket-renew", "preauth", "switch"}},
	"session":        {AuthorizeSession, []string{"privileges", "groups"}},
	"entity":         {EntityChange, []string{"create", "read", "update", "delete"}},
	"access":         {UserAccess, []string{"assign", "revoke"}},
	"group":          {GroupChange, []string{"assign", "revoke", "add-user", "remove-user", "delete", "create"}},
	"network":        {NetworkActivity, []string{"open", "close", "reset", "fail", "refuse", "traffic", "listen"}},
	"ssh":            {SSHActivity, []string{"open", "close", "reset", "fail", "refuse", "traffic", "listen"}},
	"web":            {WebResource, []string{"create", "read", "update", "delete", "search", "import", "export", "share"}},
	"api":            {APIActivity, []string{"create", "read", "update", "delete"}},
}

// activityOther is what OCSF numbers an activity that a class has no number for.
const activityOther = 99

var mappings = sync.OnceValues(func() ([]*mapping, error) {
	files, err := logFiles.ReadDir("logs")
	if err != nil {
		return nil, errs.Wrap(err, "the mappings of logs")
	}
	var out []*mapping
	for _, f := range files {
		text, err := logFiles.ReadFile("logs/" + f.Name())
		if err != nil {
			return nil, errs.Wrap(err, "%s", f.Name())
		}
		for _, part := range strings.Split(string(text), "\n---\n") {
			m := &mapping{known: map[string][]*actionRule{}}
			if err := yamldoc.Decode([]byte(part), m); err != nil {
				return nil, errs.Wrap(err, "the mapping %s", f.Name())
			}
			if err := m.compile(); err != nil {
				return nil, errs.Wrap(err, "the mapping %s", m.Log)
			}
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b *mapping) int { return cmp.Compare(a.Log, b.Log) })
	return out, nil
})

func mappingOf(log string) (*mapping, error) {
	all, err := mappings()
	if err != nil {
		return nil, err
	}
	i, found := slices.BinarySearchFunc(all, log, func(m *mapping, log string) int { return cmp.Compare(m.Log, log) })
	if !found {
		return nil, errs.New(errs.Invalid, "there is no kind of log %q", log).At("log").WithHint("tickmark detect sources lists those that are known.")
	}
	return all[i], nil
}

// Log is a kind of log whose records can be read.
type Log struct{ Name, Title, Docs string }

// Logs are the kinds of logs that are known, by name.
func Logs() []Log {
	all, err := mappings()
	if err != nil {
		return nil // a fault of the build; TestMappings and every Normalise tell it
	}
	out := make([]Log, len(all))
	for i, m := range all {
		out[i] = Log{m.Log, m.Title, m.Docs}
	}
	return out
}

// candidates are the rules that speak of an action.
func (m *mapping) candidates(action string) []*actionRule {
	m.mu.RLock()
	rules, ok := m.known[action]
	m.mu.RUnlock()
	if ok {
		return rules
	}
	lower := strings.ToLower(action)
	for i := range m.Actions {
		a := &m.Actions[i]
		if len(a.Is) == 0 || slices.ContainsFunc(a.Is, func(p string) bool { return glob(p, lower) }) {
			rules = append(rules, a)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.known) < maxKnown {
		m.known[strings.Clone(action)] = rules
	}
	return rules
}
