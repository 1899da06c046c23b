package authority

import (
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// PermitState is where a permit is.
type PermitState string

// The states.
const (
	Proposed  PermitState = "proposed"
	Approved  PermitState = "approved"
	Withdrawn PermitState = "withdrawn"
)

// Title is the state as people read it.
func (s PermitState) Title() string {
	switch s {
	case Proposed:
		return "Waits for approval"
	case Approved:
		return "Approved"
	case Withdrawn:
		return "Withdrawn"
	}
	return string(s)
}

// PermitText is what people write of an approved request or a window.
type PermitText struct {
	Kind    RecordKind `json:"kind"` // Approval or Window
	Title   string     `json:"title"`
	Reason  string     `json:"reason"`
	Ticket  string     `json:"ticket,omitempty"` // where it was asked for
	Acts    []Act      `json:"acts,omitempty"`
	Actors  []string   `json:"actors,omitempty"`
	Targets []string   `json:"targets,omitempty"`
	Logs    []string   `json:"logs,omitempty"`
	From    time.Time  `json:"from"`
	To      time.Time  `json:"to"`
}

// Permit is an approved request or a window that people recorded here.
type Permit struct {
	ID  string `json:"id"`
	Ref string `json:"ref"` // "AU-12"
	PermitText
	State    PermitState `json:"state"`
	By       string      `json:"by"`
	Created  time.Time   `json:"created"`
	Approver string      `json:"approver,omitempty"`
	Decided  *time.Time  `json:"decided,omitempty"` // approved or withdrawn
	Why      string      `json:"why,omitempty"`     // it was withdrawn
	Version  int         `json:"version"`
}

// maxSpan bounds a permit: what is allowed for longer is a control of its own, not an exception from one.
const maxSpan = 31 * 24 * time.Hour

// check says at the field what is wrong with a permit.
func (p *PermitText) check() error {
	p.Title, p.Reason, p.Ticket = text.Line(p.Title), text.Prose(p.Reason), text.Line(p.Ticket)
	for _, list := range []*[]string{&p.Actors, &p.Targets, &p.Logs} {
		*list = lines(*list)
	}
	switch {
	case p.Kind != Approval && p.Kind != Window:
		return errs.New(errs.Invalid, "a permit is an approved request or a maintenance window").At("kind")
	case p.Title == "" || len(p.Title) > 200:
		return errs.New(errs.Invalid, "say in one line what is allowed").At("title").WithHint("At most 200 letters.")
	case p.Reason == "" || len(p.Reason) > 4000:
		return errs.New(errs.Invalid, "say why").At("reason").WithHint("At most 4,000 letters.")
	case len(p.Ticket) > 200:
		return errs.New(errs.Invalid, "the ticket is longer than 200 letters").At("ticket")
	case p.From.IsZero():
		return errs.New(errs.Invalid, "say when it begins").At("from").WithHint("In UTC.")
	case !p.To.After(p.From):
		return errs.New(errs.Invalid, "it ends before it begins").At("to").WithHint("Give an end after %s UTC.", p.From.UTC().Format("2006-01-02 15:04"))
	case p.To.Sub(p.From) > maxSpan:
		return errs.New(errs.Invalid, "it holds for longer than %d days", int(maxSpan.Hours()/24)).At("to").WithHint("Record a new one when it ends, or make what is always allowed a deployment.")
	case len(p.Actors) == 0 && len(p.Targets) == 0:
		return errs.New(errs.Invalid, "it would allow anybody everything").At("actors").WithHint("Name who may act, or on what.")
	}
	for field, list := range map[string][]string{"actors": p.Actors, "targets": p.Targets, "logs": p.Logs} {
		if len(list) > 50 || slices.ContainsFunc(list, func(s string) bool { return len(s) > 300 }) {
			return errs.New(errs.Invalid, "at most 50 lines of at most 300 letters").At(field)
		}
	}
	if i := slices.IndexFunc(p.Targets, func(s string) bool { return strings.Trim(s, "*") == "" }); i >= 0 && len(p.Actors) == 0 {
		return errs.New(errs.Invalid, "it would allow anybody everything").At("targets").WithHint("Name who may act, or on what.")
	}
	for _, a := range p.Acts {
		if a != Change && a != Grant && a != Transfer {
			return errs.New(errs.Invalid, "there is no act %q", a).At("acts")
		}
	}
	return nil
}

func lines(list []string) []string {
	var out []string
	for _, s := range list {
		if s = text.Line(s); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// Record is the permit as a record that allows, or does not yet.
func (p *Permit) Record() Record {
	r := Record{Kind: p.Kind, Ref: p.Ref, Title: p.Title, Acts: p.Acts, Actors: p.Actors, Targets: p.Targets, Logs: p.Logs, From: p.From, To: p.To, Approver: p.Approver}
	switch {
	case p.State == Proposed:
		r.Lacks = "it waits for approval"
	case p.State == Withdrawn:
		r.Lacks = "it was withdrawn"
	case p.Decided != nil && p.Decided.After(p.From):
		r.From = *p.Decided // nothing is allowed after the fact
	}
	return r
}
