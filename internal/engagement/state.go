package engagement

import (
	"slices"

	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// State is where an engagement is in its life (domain brief 6.1).
type State string

// The states, in their order. Cancelled stands outside of it.
const (
	Planning       State = "planning"
	Scoping        State = "scoping"
	Readiness      State = "readiness"
	Remediation    State = "remediation"
	AuditorEngaged State = "auditor_engaged"
	Observation    State = "observation" // of a Type 2 alone
	PBC            State = "pbc"
	Fieldwork      State = "fieldwork"
	Draft          State = "draft"
	Representation State = "representation"
	Issued         State = "issued"
	Maintained     State = "maintained"
	Cancelled      State = "cancelled"
)

var order = []State{Planning, Scoping, Readiness, Remediation, AuditorEngaged, Observation, PBC, Fieldwork, Draft, Representation, Issued, Maintained}

var stateTitles = map[State]string{
	Planning: "Planning", Scoping: "Scoping", Readiness: "Readiness", Remediation: "Remediation", AuditorEngaged: "Auditor engaged", Observation: "Observation",
	PBC: "Requests", Fieldwork: "Fieldwork", Draft: "Draft", Representation: "Representation", Issued: "Issued", Maintained: "Maintained", Cancelled: "Cancelled",
}

var stateWork = map[State]string{
	Planning:       "Why, which report, which services, who sponsors it and who works on it.",
	Scoping:        "The boundary of the system, its components, commitments, subservice organisations with their method, and the date or period.",
	Readiness:      "Controls are mapped to criteria or objectives; design and evidence are assessed; gaps are listed.",
	Remediation:    "Gaps are closed, policies written, and evidence begins to be collected.",
	AuditorEngaged: "The firm is chosen, independence and licence are recorded, the letter of engagement is stored, and the written assertion is asked for.",
	Observation:    "Controls run and are monitored; incidents and changes that the description must name are flagged.",
	PBC:            "The auditor asks: populations first, then samples.",
	Fieldwork:      "The auditor walks through, tests design and operation, and records deviations with management's responses.",
	Draft:          "The report is drafted and reviewed; the assertion is made final; events after the period are asked about.",
	Representation: "Management signs its representation letter, dated as the report.",
	Issued:         "The report is frozen, and goes to those who may read it.",
	Maintained:     "Monitoring goes on, bridge letters cover the time until the next period.",
	Cancelled:      "The examination was ended without a report.",
}

// Title is the state in words.
func (s State) Title() string {
	if t, ok := stateTitles[s]; ok {
		return t
	}
	return string(s)
}

// Work is what is done in the state.
func (s State) Work() string { return stateWork[s] }

// ParseState reads the name of a state.
func ParseState(s string) (State, error) {
	if _, ok := stateTitles[State(s)]; !ok {
		return "", errs.New(errs.Invalid, "%q is no state of an engagement", s).At("to")
	}
	return State(s), nil
}

// States lists the states an examination of a type goes through, in order: a Type 1 has no observation.
func States(typ int) []State {
	return slices.DeleteFunc(slices.Clone(order), func(s State) bool { return typ == 1 && s == Observation })
}

// Reached reports whether an engagement in state s has come as far as other.
func (s State) Reached(other State) bool {
	i := slices.Index(order, s)
	return i >= 0 && i >= slices.Index(order, other)
}

// Next is the state that follows; false in the last one and when cancelled.
func (e Engagement) Next() (State, bool) {
	all := States(e.Type)
	i := slices.Index(all, e.Status)
	if i < 0 || i+1 == len(all) {
		return "", false
	}
	return all[i+1], true
}

// backSteps are the only ways back (domain brief 6.1).
var backSteps = map[State]State{Fieldwork: PBC, Draft: Fieldwork}

// Back is the state an engagement may go back to; false when there is none.
func (e Engagement) Back() (State, bool) {
	s, ok := backSteps[e.Status]
	return s, ok
}

// stepKind is the sort of a step.
type stepKind int

const (
	noStep stepKind = iota
	forward
	backward
	cancel
)

func (e Engagement) step(to State) stepKind {
	if next, ok := e.Next(); ok && next == to {
		return forward
	}
	if back, ok := e.Back(); ok && back == to {
		return backward
	}
	if to == Cancelled && e.Status != Cancelled {
		return cancel
	}
	return noStep
}
