package work

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// DutyKind is what sort of thing waits for somebody.
type DutyKind string

// The kinds of duty.
const (
	DutyTask      DutyKind = "task"
	DutySign      DutyKind = "sign"    // acknowledge a policy
	DutyTrain     DutyKind = "train"   // take a course
	DutyDecide    DutyKind = "decide"  // rows of an access review
	DutyPerform   DutyKind = "perform" // a control that people perform
	DutyCheck     DutyKind = "check"   // what somebody else performed
	DutyApprove   DutyKind = "approve" // controls, policies, exceptions
	DutyReview    DutyKind = "review"  // policies, risks and vendors to look at again
	DutyEvidence  DutyKind = "evidence"
	DutyFailing   DutyKind = "failing" // own controls that fail
	DutyException DutyKind = "exception"
	DutyRequest   DutyKind = "request" // of the auditor
	DutyAlert     DutyKind = "alert"
	DutyIncident  DutyKind = "incident" // that one leads: actions, whom to tell, the review
)

// DutyKinds lists them in the order in which lists offer them.
func DutyKinds() []DutyKind {
	return []DutyKind{DutyTask, DutyRequest, DutySign, DutyTrain, DutyDecide, DutyPerform, DutyCheck, DutyApprove, DutyReview, DutyEvidence, DutyFailing, DutyException, DutyAlert, DutyIncident}
}

// Title is the kind as lists name it.
func (k DutyKind) Title() string {
	switch k {
	case DutyTask:
		return "Task"
	case DutySign:
		return "Acknowledge"
	case DutyTrain:
		return "Training"
	case DutyDecide:
		return "Access review"
	case DutyPerform:
		return "Recurring control"
	case DutyCheck:
		return "Check"
	case DutyApprove:
		return "Approval"
	case DutyReview:
		return "Review"
	case DutyEvidence:
		return "Evidence"
	case DutyFailing:
		return "Failing control"
	case DutyException:
		return "Exception"
	case DutyRequest:
		return "Auditor's request"
	case DutyAlert:
		return "Alert"
	case DutyIncident:
		return "Incident"
	}
	return string(k)
}

// Duty is one thing that waits for a person, whatever room it comes from.
type Duty struct {
	Kind  DutyKind
	Ref   string // of what it is about; may be empty
	Title string // what is to be done
	Hint  string
	Link  string      // path of the page where it is done
	Due   period.Date // 0 for no day
}

// Overdue reports whether its day is over.
func (d Duty) Overdue(today period.Date) bool { return d.Due != 0 && d.Due < today }

// DutySource lists what waits for the reader in one room.
type DutySource func(ctx context.Context, s access.ReadScope, now time.Time) ([]Duty, error)

// Duties asks every source and puts what is due first. A room that the reader may not enter has nothing for them.
func Duties(ctx context.Context, s access.ReadScope, now time.Time, sources []DutySource) ([]Duty, error) {
	var out []Duty
	for _, source := range sources {
		list, err := source(ctx, s, now)
		if errs.Is(err, errs.Denied) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	slices.SortStableFunc(out, func(a, b Duty) int { return cmp.Compare(rank(a), rank(b)) })
	return out, nil
}

// rank puts what has no day last, and what fails now before it.
func rank(d Duty) period.Date {
	const last = period.Date(1 << 30)
	switch {
	case d.Due != 0:
		return d.Due
	case d.Kind == DutyFailing:
		return last - 1
	}
	return last
}

// Seen is what the records show about one question of a guided programme: for how many of all it is so. Denied says that the reader
// may not see those records.
type Seen struct {
	Words        string // "People with a manager"
	Done, All    int
	None         string // what is missing when there is nothing to count
	Short        string // what is missing of the others: "have none"
	Href, Button string // where it is mended
	Denied       bool
}
