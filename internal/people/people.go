// Package people is the directory: who works for the organisation, did, or is about to, joined from the HR system and the
// identity provider. One person is one record for ever: somebody who leaves and returns begins a new stint, and nobody
// vanishes. What the sources do not agree on is said, and never settled silently.
package people

import (
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// ID identifies a person.
type ID string

// State is where a person is in their time with the organisation.
type State string

// The states.
const (
	Joining State = "joining" // hired, and the first day is to come
	Active  State = "active"
	Leaving State = "leaving" // works here, and the last day is known
	Left    State = "left"
)

// States lists them in the order in which a person goes through them.
func States() []State { return []State{Joining, Active, Leaving, Left} }

// Title is the state as people read it.
func (s State) Title() string {
	switch s {
	case Joining:
		return "Joining"
	case Active:
		return "Active"
	case Leaving:
		return "Leaving"
	case Left:
		return "Left"
	}
	return string(s)
}

// Works reports whether the person works here now.
func (s State) Works() bool { return s == Active || s == Leaving }

// The kinds of people. Empty stands for unknown.
const (
	Employee   = "employee"
	Contractor = "contractor"
)

// Origin is who says that a person exists.
type Origin string

// The origins.
const (
	FromHR        Origin = "hr"        // a record of an HR system
	FromDirectory Origin = "directory" // an account, where no HR system is connected
	ByHand        Origin = "hand"      // somebody entered or imported the person
)

// Title is the origin as people read it.
func (o Origin) Title() string {
	switch o {
	case FromHR:
		return "HR system"
	case FromDirectory:
		return "Identity provider"
	case ByHand:
		return "By hand"
	}
	return string(o)
}

// Checks is what the HR system holds about what was asked of a person. A day of 0 and an empty result stand for nothing
// recorded; whether the field is kept at all is a matter of the source.
type Checks struct {
	Screening    string      // result class, such as "clear"; never the report
	ScreenedOn   period.Date // screening completed
	AgreedOn     period.Date // confidentiality terms signed
	ConductOn    period.Date // code of conduct accepted, most recently
	TrainedFirst period.Date // first security training completed
	TrainedLast  period.Date // most recent one
	ReviewedOn   period.Date // most recent performance review
}

// Person is somebody who works here, did, or is about to.
type Person struct {
	ID          ID
	Ref         string // "P-0142"
	Name        string
	Email       string
	Number      string // employee number; empty for unknown
	Department  string
	Title       string
	Location    string
	Kind        string // Employee, Contractor, or empty for unknown
	Manager     ID     // empty for nobody, or for unknown
	ManagerRef  string // filled when read
	ManagerName string // filled when read
	State       State
	Started     period.Date   // of the present stint; 0 for unknown
	Ended       period.Date   // last day of the present stint; 0 while none is known
	EndedAt     *time.Time    // the instant of the end, where the source says it
	Stint       int           // 1 for the first employment, one more for each return
	User        access.UserID // account in this program; empty for none
	Origin      Origin
	Source      string // connection that tells about the person; empty by hand
	Checks
	Gone    *time.Time // no source tells of the person since then; nil while one does
	Version int        // from 1; each change counts it up
	Created time.Time
	Updated time.Time
}

// EndHour is the hour of the last day, UTC, at which work ends where the source states the day alone: the same as the tests of
// leavers use unless told otherwise.
const EndHour = 17

// End is the instant at which the present stint ends, or nil while no end is known.
func (p Person) End() *time.Time {
	if p.EndedAt != nil {
		return p.EndedAt
	}
	if p.Ended == 0 {
		return nil
	}
	at := p.Ended.Time().Add(EndHour * time.Hour)
	return &at
}

// Works reports whether the person works here now, as far as is known.
func (p Person) Works() bool { return p.State.Works() && p.Gone == nil }

// Stint is one stretch of employment.
type Stint struct {
	N       int
	Started period.Date // 0 for unknown
	Ended   period.Date // last day; 0 while none is known
}

// EventKind is what sort of thing happened to a person.
type EventKind string

// The kinds of events.
const (
	Joined   EventKind = "joined"  // the directory hears of the person for the first time
	Began    EventKind = "began"   // the first day came
	Moved    EventKind = "moved"   // department, title, manager, kind or location: Was and Became hold both
	Renamed  EventKind = "renamed" // name, address or employee number
	GivesEnd EventKind = "leaving" // the last day became known, or changed
	Stays    EventKind = "stays"   // the last day was taken back
	HasLeft  EventKind = "left"
	Returned EventKind = "returned" // a new stint
	Vanished EventKind = "vanished" // no source tells of the person any more
	Appeared EventKind = "appeared" // one does again
	Checked  EventKind = "checked"  // screening, agreement, conduct, training or review: Was and Became hold both
)

// Event is one line of a person's history.
type Event struct {
	N      int
	Person ID
	At     time.Time   // when the directory learned it
	On     period.Date // the day it is about; 0 when that is At's own
	Kind   EventKind
	Field  string
	Was    string
	Became string
}

// Account is an account in a system that the organisation collects from.
type Account struct {
	System                string // kind of system, such as "okta"
	Source                string // name of the connection
	AccountID             string
	Login                 string
	Email                 string
	Name                  string
	Number                string // employee number as the system keeps it
	Status                string // "active", "staged", "suspended", "locked" or "deprovisioned"
	Kind                  string // "person", "service" or empty for unknown
	External              bool
	Admin                 bool
	Created               *time.Time
	Changed               *time.Time // when the status changed, if the system says
	SignedIn              *time.Time // last sign-in, if the system says
	Seen                  time.Time  // a snapshot that has the account: of one that is gone the last
	Gone                  *time.Time // first snapshot without it; nil while it is there
	Last                  time.Time  // last snapshot that has it
	Person                ID         // empty when it belongs to nobody known
	PersonRef, PersonName string     // filled when read
	How                   string     // what tied it to the person: "number", "address" or "before"
}

// ServicePrefix is what the addresses of machines' accounts begin with, in systems that do not tell them from people; the same as the
// tests of accounts use unless told otherwise.
const ServicePrefix = "svc-"

// Service reports whether the account is a machine's, which no person stands behind.
func (a Account) Service() bool {
	return a.Kind == "service" || strings.HasPrefix(strings.ToLower(a.Email), ServicePrefix) || strings.HasPrefix(strings.ToLower(a.Login), ServicePrefix)
}

// Closed reports whether nobody can use the account.
func (a Account) Closed() bool {
	return a.Gone != nil || a.Status == "deprovisioned" || a.Status == "suspended"
}

// ClosedAt is when the account was closed. exact is false where only the first snapshot without it is known, and the account may
// have been closed earlier; nil while it is open, or when the instant is unknown.
func (a Account) ClosedAt() (at *time.Time, exact bool) {
	switch {
	case !a.Closed():
		return nil, false
	case a.Status == "deprovisioned" || a.Status == "suspended":
		return a.Changed, a.Changed != nil
	default:
		return a.Gone, false
	}
}

// DoubtKind is what sort of thing the sources do not agree on.
type DoubtKind string

// The kinds of doubt.
const (
	SameAddress  DoubtKind = "same_address"  // two people with one address
	SameNumber   DoubtKind = "same_number"   // two people with one employee number
	TwoOwners    DoubtKind = "two_owners"    // an account that fits two people
	NoOwner      DoubtKind = "no_owner"      // an open account of a person whom HR does not know
	NoAccount    DoubtKind = "no_account"    // somebody who works here and has no account in the identity provider
	NoLead       DoubtKind = "no_manager"    // somebody who works here and reports to nobody
	LostLead     DoubtKind = "lost_manager"  // somebody who reports to a person who left, or whom no source knows
	ManagerCycle DoubtKind = "manager_cycle" // people who report to each other in a circle
)

// Title is the kind as people read it.
func (k DoubtKind) Title() string {
	switch k {
	case SameAddress:
		return "Two people, one address"
	case SameNumber:
		return "Two people, one employee number"
	case TwoOwners:
		return "Account fits two people"
	case NoOwner:
		return "Account without a person"
	case NoAccount:
		return "Person without an account"
	case NoLead:
		return "Reports to nobody"
	case LostLead:
		return "Manager has left or is unknown"
	case ManagerCycle:
		return "Report to each other in a circle"
	}
	return string(k)
}

// DoubtKinds lists them, the gravest first.
func DoubtKinds() []DoubtKind {
	return []DoubtKind{SameAddress, SameNumber, TwoOwners, NoOwner, ManagerCycle, LostLead, NoLead, NoAccount}
}

// Doubt is something in the sources that a person has to look at.
type Doubt struct {
	Kind    DoubtKind
	Subject string // what it is about: references of people, or an account's login
	Text    string // what is odd, in words
	Person  ID     // one of those concerned; empty for an account of nobody
	Since   time.Time
}
