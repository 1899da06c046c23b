// Package change is what an organisation tells people about changes of its system: what changes, when, whom it concerns,
// whether a person finds it significant (description criterion DC9), and the proof that those concerned were told before or
// when it took effect (TSC CC2.2 and CC2.3).
package change

import (
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// ID identifies a change.
type ID string

// AudienceKind is a sort of people who have to know.
type AudienceKind string

// The kinds of audiences.
const (
	Staff        AudienceKind = "staff"         // everybody who works here
	Department   AudienceKind = "department"    // those of one department
	Customers    AudienceKind = "customers"     // everybody who buys the service
	UserEntities AudienceKind = "user_entities" // customers whose own controls rely on it
	NamedList    AudienceKind = "list"          // people on a list that is kept elsewhere
)

// Audience is who has to know.
type Audience struct {
	Kind AudienceKind `json:"kind"`
	Name string       `json:"name,omitempty"` // of the department or the list
}

// Title is the audience as people read it.
func (a Audience) Title() string {
	switch a.Kind {
	case Staff:
		return "All staff"
	case Customers:
		return "Customers"
	case UserEntities:
		return "User entities"
	case Department, NamedList:
	}
	return a.Name
}

// Outside reports whether the audience is outside the organisation.
func (a Audience) Outside() bool { return a.Kind == Customers || a.Kind == UserEntities }

// Key names the audience in an address or a field: "department:Finance".
func (a Audience) Key() string {
	if a.Name == "" {
		return string(a.Kind)
	}
	return string(a.Kind) + ":" + a.Name
}

// ParseAudience reads what Key wrote.
func ParseAudience(s string) Audience {
	kind, name, _ := strings.Cut(s, ":")
	return Audience{AudienceKind(strings.TrimSpace(kind)), strings.TrimSpace(name)}
}

// Channel is how people are told.
type Channel string

// The channels.
const (
	Email        Channel = "email"
	ByCampaign   Channel = "campaign" // everybody confirms that they know
	ReleaseNotes Channel = "release_notes"
	StatusPage   Channel = "status_page"
	Meeting      Channel = "meeting"
	Letter       Channel = "letter"
	InProduct    Channel = "in_product"
)

// Channels lists them.
func Channels() []Channel {
	return []Channel{Email, ByCampaign, ReleaseNotes, StatusPage, InProduct, Meeting, Letter}
}

// Title is the channel as people read it.
func (c Channel) Title() string {
	switch c {
	case Email:
		return "E-mail"
	case ByCampaign:
		return "Campaign"
	case ReleaseNotes:
		return "Release notes"
	case StatusPage:
		return "Status page"
	case Meeting:
		return "Meeting"
	case Letter:
		return "Letter"
	case InProduct:
		return "In the product"
	}
	return string(c)
}

// Notice is one telling of one audience.
type Notice struct {
	N          int       `json:"n"`
	To         Audience  `json:"to"`
	Channel    Channel   `json:"channel"`
	Text       string    `json:"text"` // what they were told
	Sent       time.Time `json:"sent"`
	Recipients int       `json:"recipients,omitempty"` // 0 when nobody counted
	Evidence   string    `json:"evidence,omitempty"`   // reference of what proves it: "EV-2026-00142"
	Campaign   string    `json:"campaign,omitempty"`   // reference of the campaign: "CA-12"
	Actor      string    `json:"actor"`
	At         time.Time `json:"at"` // when it was recorded
}

// Proved reports whether something shows that people were told.
func (n Notice) Proved() bool { return n.Evidence != "" || n.Campaign != "" }

// Decision is a person's word whether a change is significant (DC9). The program never makes one.
type Decision struct {
	Significant bool      `json:"significant"`
	Reason      string    `json:"reason"`
	Actor       string    `json:"actor"`
	At          time.Time `json:"at"`
}

// State is where a change is.
type State string

// The states.
const (
	Planned   State = "planned"
	Released  State = "released"
	Withdrawn State = "withdrawn"
)

// Title is the state as people read it.
func (s State) Title() string {
	switch s {
	case Planned:
		return "Planned"
	case Released:
		return "In effect"
	case Withdrawn:
		return "Withdrawn"
	}
	return string(s)
}

// Text is what people write about a change.
type Text struct {
	Title      string      `json:"title"`
	Text       string      `json:"text,omitempty"`
	Effective  period.Date `json:"effective"` // planned day
	Services   []string    `json:"services,omitempty"`
	Components []string    `json:"components,omitempty"`
	Customer   bool        `json:"customer"`         // customers notice it
	Impact     string      `json:"impact,omitempty"` // on customers
	Audiences  []Audience  `json:"audiences,omitempty"`
	Source     string      `json:"source,omitempty"` // what it was proposed from: a deployment, a merge
}

// Change is a change of the system.
type Change struct {
	ID  ID     `json:"id"`
	Ref string `json:"ref"` // "SC-2026-07"
	Text
	Decision *Decision  `json:"decision,omitempty"`
	Notices  []Notice   `json:"notices,omitempty"`
	Released *time.Time `json:"released,omitempty"`
	Why      string     `json:"why,omitempty"` // it was withdrawn
	Version  int        `json:"version"`
	Created  time.Time  `json:"created"`
	Author   string     `json:"author"`
	Updated  time.Time  `json:"updated"`
}

// State is where the change is.
func (c Change) State() State {
	switch {
	case c.Why != "":
		return Withdrawn
	case c.Released != nil:
		return Released
	}
	return Planned
}

// Significance is "yes", "no", or empty while nobody has decided.
func (c Change) Significance() string {
	switch {
	case c.Decision == nil:
		return ""
	case c.Decision.Significant:
		return "yes"
	}
	return "no"
}

// First is the first notice to an audience.
func (c Change) First(a Audience) (Notice, bool) {
	var out Notice
	found := false
	for _, n := range c.Notices {
		if n.To == a && (!found || n.Sent.Before(out.Sent)) {
			out, found = n, true
		}
	}
	return out, found
}

// Untold lists the audiences that nobody told yet.
func (c Change) Untold() []Audience {
	var out []Audience
	for _, a := range c.Audiences {
		if _, ok := c.First(a); !ok {
			out = append(out, a)
		}
	}
	return out
}

// Late lists the audiences that were told after the change took effect, or not at all although it has (COM-01).
func (c Change) Late() []Audience {
	var out []Audience
	if c.Released == nil || c.Why != "" {
		return nil
	}
	for _, a := range c.Audiences {
		if n, ok := c.First(a); !ok || n.Sent.After(*c.Released) {
			out = append(out, a)
		}
	}
	return out
}

// Unproved lists the audiences that were told without anything to show for it.
func (c Change) Unproved() []Audience {
	var out []Audience
	for _, a := range c.Audiences {
		if _, told := c.First(a); told && !slices.ContainsFunc(c.Notices, func(n Notice) bool { return n.To == a && n.Proved() }) {
			out = append(out, a)
		}
	}
	return out
}

// Told is how far those concerned were told: "all", "part", "none", or "nobody" when nobody has to know.
func (c Change) Told() string {
	switch n := len(c.Untold()); {
	case len(c.Audiences) == 0:
		return "nobody"
	case n == 0:
		return "all"
	case n == len(c.Audiences):
		return "none"
	}
	return "part"
}

// Act is what somebody did to a change.
type Act string

// The acts. Each is a kind of ledger entry below "change.".
const (
	Added    Act = "added"
	Edited   Act = "changed"
	Decided  Act = "decided"
	Told     Act = "told"
	Proved   Act = "proved"
	Effected Act = "released"
	Dropped  Act = "withdrawn"
)

// Version is a change as somebody left it.
type Version struct {
	N      int
	At     time.Time
	Actor  string
	Act    Act
	Note   string
	Change Change
}

// Stale is the cause of a Conflict when somebody else changed a record meanwhile.
type Stale struct{ Theirs Change }

// Error says which version is kept now.
func (s *Stale) Error() string {
	return s.Theirs.Ref + " was changed on " + s.Theirs.Updated.UTC().Format("2006-01-02 15:04 UTC")
}
