// Package training is what people learn here: short courses as lessons and questions, who passed them and when, and what a
// learning system elsewhere says about it. A course is asked of people by a campaign; passing it does the duty.
package training

import (
	"time"

	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
)

// CourseID identifies a course.
type CourseID string

// Kind is what a course is about.
type Kind string

// The kinds of courses.
const (
	Awareness Kind = "awareness" // security, for everybody
	Privacy   Kind = "privacy"   // personal data, for everybody
	Role      Kind = "role"      // what people who build, run or secure the system need
)

// Kinds lists them.
func Kinds() []Kind { return []Kind{Awareness, Privacy, Role} }

// Title is the kind as people read it.
func (k Kind) Title() string {
	switch k {
	case Awareness:
		return "Security awareness"
	case Privacy:
		return "Privacy"
	case Role:
		return "Role"
	}
	return string(k)
}

// Course is a course in one version.
type Course struct {
	ID      CourseID
	Ref     string // "TRN-01"
	Version int
	Newest  int // the newest version
	Content
	Text    string // the document the content was read from
	Hash    string // SHA-256 of the text
	Created time.Time
	By      string
	Retired *time.Time // no campaign can ask for it since then
}

// Content is what a document says.
type Content struct {
	Title     string
	Kind      Kind
	For       string // whom it is for, in words
	Minutes   int
	Pass      int // questions that must be right
	Lessons   []Lesson
	Questions []Question
}

// Lesson is one page to read.
type Lesson struct {
	Title    string
	Markdown string
}

// Question asks what a lesson said. It has one right choice, or several that must all be chosen.
type Question struct {
	Ask     string   `yaml:"ask"`
	Choices []Choice `yaml:"choices"`
	Why     string   `yaml:"why"` // shown when the answer was wrong
}

// Choice is one answer to choose.
type Choice struct {
	Text  string `yaml:"text"`
	Right bool   `yaml:"right"`
}

// Many reports whether several choices are right.
func (q Question) Many() bool {
	n := 0
	for _, c := range q.Choices {
		if c.Right {
			n++
		}
	}
	return n > 1
}

// Right reports whether an answer, as numbers of choices from 0, is the right one.
func (q Question) Right(answer []int) bool {
	chosen := map[int]bool{}
	for _, i := range answer {
		if i < 0 || i >= len(q.Choices) {
			return false
		}
		chosen[i] = true
	}
	for i, c := range q.Choices {
		if c.Right != chosen[i] {
			return false
		}
	}
	return true
}

// Answers is what somebody chose, question by question.
type Answers [][]int

// Attempt is one try at the questions of a course.
type Attempt struct {
	ID      string
	Duty    campaign.DutyID
	Person  people.ID
	Course  string
	Version int
	N       int // which try, from 1
	Answers Answers
	Right   int
	Of      int
	Passed  bool
	At      time.Time
}

// Completion is a course that somebody completed elsewhere, without being asked by a campaign.
type Completion struct {
	ID     string
	Person people.ID
	Course string
	On     time.Time
	Score  int    // as the other system tells it; -1 for not told
	Source string // the file it came from
	At     time.Time
	By     string
}

// ValidDays is how long a completed course counts: HRS-03 and HRS-04 ask for it every year.
const ValidDays = 365

// State is how a person stands with a course.
type State string

// The states, the most pressing first.
const (
	Overdue State = "overdue" // asked, not done, and its day is over
	Expired State = "expired" // done more than a year ago, and not asked again
	Due     State = "due"     // asked, and not done
	Waived  State = "waived"
	Done    State = "done"
)

// States lists them.
func States() []State { return []State{Overdue, Expired, Due, Waived, Done} }

// Title is the state as people read it.
func (s State) Title() string {
	switch s {
	case Overdue:
		return "Overdue"
	case Expired:
		return "Out of date"
	case Due:
		return "Asked"
	case Waived:
		return "Waived"
	case Done:
		return "Done"
	}
	return string(s)
}

// Record is how one person stands with one course.
type Record struct {
	Person  people.Person
	Course  string
	Title   string
	Kind    Kind
	Version int // that was done or is asked; 0 for unknown
	State   State
	Asked   *time.Time      // when it was asked last; nil when never
	Due     period.Date     // 0 when nothing is asked
	DoneAt  *time.Time      // of the newest completion
	Duty    campaign.DutyID // what is asked, or was done; empty for completions without one
	How     campaign.How
	Score   int // questions right; -1 for not told
}

// Until is the last day on which the newest completion counts; 0 without one.
func (r Record) Until() period.Date {
	if r.DoneAt == nil {
		return 0
	}
	return period.Of(*r.DoneAt) + ValidDays
}
