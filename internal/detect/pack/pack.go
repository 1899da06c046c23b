// Package pack is the program's own rules for known attacks: Sigma rules in our words, each with its ATT&CK techniques, the
// criteria it serves, a playbook for whoever answers, and events that it must and must not match.
package pack

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/tickmark/tickmark/internal/detect/sigma"
	"github.com/tickmark/tickmark/internal/yamldoc"
)

//go:embed rules/*.yml playbooks.yaml
var files embed.FS

// Rule is what the pack says of one of its rules. The rule itself is in Pack.Set.
type Rule struct {
	ID, Title, Description, Level string
	Name                          string // by which correlations call it; mostly empty
	Source                        sigma.LogSource
	Tactics                       []string // of ATT&CK, such as "credential-access"
	Techniques                    []string // of ATT&CK, such as "T1110.003"
	Criteria                      []string // of the Trust Services Criteria
	FalsePositives                []string
	Playbook                      string // of Pack.Playbooks
	Correlation                   bool   // it counts or orders hits of other rules
	Feeds                         bool   // it is no detection by itself: it only feeds correlations
	Tests                         Tests
	Path                          string
}

// Tests are the events that hold a rule to what it says.
type Tests struct {
	Hits   []map[string]any `yaml:"hits"`   // each must match
	Misses []map[string]any `yaml:"misses"` // none may match
	Runs   []Run            `yaml:"runs"`   // of a correlation
}

// Run is a sequence of events, and whether the correlation comes true in it.
type Run struct {
	Alert  bool    `yaml:"alert"`
	Events []Event `yaml:"events"`
}

// Event is one event of a run, or many of the same kind.
type Event struct {
	After  string         `yaml:"after"`  // the one before, as a duration; empty for at once
	Repeat int            `yaml:"repeat"` // how often; 0 means once
	Every  string         `yaml:"every"`  // between them
	Vary   string         `yaml:"vary"`   // a field, by its dotted name, that gets another ending each time
	Event  map[string]any `yaml:"event"`
}

// Playbook is what to do when a rule of its kind came true.
type Playbook struct {
	ID    string `yaml:"id"`
	Title string `yaml:"title"`
	When  string `yaml:"when"`
	Steps []Step `yaml:"steps"`
}

// Step is one thing to do.
type Step struct {
	Phase string `yaml:"phase"` // one of Phases
	Text  string `yaml:"text"`
}

// Phases are the parts of a response, in their order (domain brief 9.1, CC7.3 to CC7.5).
func Phases() []string { return []string{"assess", "contain", "remove", "recover", "tell", "learn"} }

// Pack is the rules and the playbooks.
type Pack struct {
	Set       *sigma.Set
	Rules     []Rule // in the order of the files
	Playbooks []Playbook
}

// Load reads the pack. It is read once; the result must not be changed. An error is a fault of the program.
var Load = sync.OnceValues(func() (*Pack, error) { return read(files) })

// Playbook is the one with the identifier.
func (p *Pack) Playbook(id string) (Playbook, bool) {
	i := slices.IndexFunc(p.Playbooks, func(b Playbook) bool { return b.ID == id })
	if i < 0 {
		return Playbook{}, false
	}
	return p.Playbooks[i], true
}

// Rule is what is said of the rule with the identifier; false for rules that others wrote.
func (p *Pack) Rule(id string) (Rule, bool) {
	i := slices.IndexFunc(p.Rules, func(r Rule) bool { return r.ID == id })
	if i < 0 {
		return Rule{}, false
	}
	return p.Rules[i], true
}

// Text is a file of rules, by the path its rules have in Set.
func Text(path string) ([]byte, error) { return files.ReadFile("rules/" + path) }

// document is what a rule's document holds beside what Sigma knows.
type document struct {
	ID          string                                      `yaml:"id"`
	Name        string                                      `yaml:"name"`
	Title       string                                      `yaml:"title"`
	Description string                                      `yaml:"description"`
	Level       string                                      `yaml:"level"`
	Tags        []string                                    `yaml:"tags"`
	False       []string                                    `yaml:"falsepositives"`
	LogSource   struct{ Product, Category, Service string } `yaml:"logsource"`
	Correlation map[string]any                              `yaml:"correlation"`
	Tickmark    struct {
		Criteria []string `yaml:"criteria"`
		Playbook string   `yaml:"playbook"`
		Source   string   `yaml:"source"` // of a correlation, which has no log source of its own
		Tests    Tests    `yaml:"tests"`
	} `yaml:"tickmark"`
}

var technique = regexp.MustCompile(`^attack\.(t\d{4}(\.\d{3})?)$`)

func read(dir fs.FS) (*Pack, error) {
	p := &Pack{}
	text, err := fs.ReadFile(dir, "playbooks.yaml")
	if err != nil {
		return nil, err
	}
	var books struct {
		Playbooks []Playbook `yaml:"playbooks"`
	}
	if err := yamldoc.Decode(text, &books); err != nil {
		return nil, fmt.Errorf("playbooks.yaml: %w", err)
	}
	p.Playbooks = books.Playbooks
	rules, err := fs.Sub(dir, "rules")
	if err != nil {
		return nil, err
	}
	if p.Set, err = sigma.LoadFS(rules); err != nil {
		return nil, err
	}
	if len(p.Set.Refused) > 0 {
		return nil, p.Set.Refused[0]
	}
	names, err := fs.Glob(dir, "rules/*.yml")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := p.file(dir, name); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return p, nil
}

func (p *Pack) file(dir fs.FS, name string) error {
	text, err := fs.ReadFile(dir, name)
	if err != nil {
		return err
	}
	for dec := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var d document
		if err := dec.Decode(&d); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if _, ok := p.Playbook(d.Tickmark.Playbook); !ok {
			return fmt.Errorf("%s: there is no playbook %q", d.Title, d.Tickmark.Playbook)
		}
		r := Rule{ID: d.ID, Title: d.Title, Description: d.Description, Level: d.Level, Name: d.Name, FalsePositives: d.False, Criteria: d.Tickmark.Criteria,
			Playbook: d.Tickmark.Playbook, Correlation: d.Correlation != nil, Feeds: d.Level == "informational" && d.Name != "", Tests: d.Tickmark.Tests, Path: name}
		r.Source = sigma.LogSource(d.LogSource)
		if r.Correlation {
			parts := append(strings.Split(d.Tickmark.Source, "/"), "", "")
			r.Source = sigma.LogSource{Product: parts[0], Service: parts[1]}
		}
		for _, tag := range d.Tags {
			if m := technique.FindStringSubmatch(tag); m != nil {
				r.Techniques = append(r.Techniques, strings.ToUpper(m[1]))
			} else if t, ok := strings.CutPrefix(tag, "attack."); ok {
				r.Tactics = append(r.Tactics, t)
			}
		}
		p.Rules = append(p.Rules, r)
	}
}
