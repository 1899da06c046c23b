package risks

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/risk"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/internal/work"
)

// sortedKeys are the keys by their names.
func sortedKeys(n map[string]int, names map[string]string) []string {
	return slices.SortedFunc(maps.Keys(n), func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.ToLower(names[a]), strings.ToLower(names[b])), cmp.Compare(a, b))
	})
}

// reviewKey is the status key of a day of review.
func reviewKey(d, today period.Date) string {
	switch {
	case d == 0:
		return "na"
	case d < today:
		return "fail"
	case d <= today+14:
		return "risk"
	}
	return "na"
}

// standing is how a risk stands against the tolerance.
func standing(x risk.Risk, s risk.Scale, today period.Date) (key, words string) {
	switch {
	case x.State == risk.Closed:
		return "na", "Closed"
	case !x.Residual.Rated():
		return "err", "Not rated"
	case !s.Above(x.Residual):
		return "pass", "Within tolerance"
	case x.Accepted(today):
		return "exm", "Accepted until " + page.DateText(x.Acceptance.Until)
	case x.Acceptance != nil && x.Response == risk.Accept:
		return "fail", "Acceptance is over"
	}
	return "fail", "Above tolerance"
}

// taskKey and taskWord are a treatment as a badge.
func taskSign(t risk.FrozenTreatment, today period.Date) (key, words string) {
	s := work.Status(t.Status)
	switch {
	case !s.Closed() && t.Due != 0 && t.Due < today:
		return "fail", "Overdue"
	case s == work.InProgress:
		return "prog", s.Title()
	case s == work.Done:
		return "pass", s.Title()
	}
	return "na", s.Title()
}

func findingKey(f risk.Finding) string {
	switch f {
	case risk.Confirmed:
		return "pass"
	case risk.Rerated:
		return "prog"
	case risk.Ended, risk.Pending:
	}
	return "na"
}

// triggerSign is a trigger as a badge.
func triggerSign(t risk.Trigger, today period.Date) (key, words string) {
	switch t.State(today) {
	case "reviewed":
		return "pass", "Reviewed in time"
	case "reviewed late":
		return "fail", "Reviewed too late"
	case "late":
		return "fail", "Not reviewed"
	case "dropped":
		return "na", "Dropped"
	}
	return "prog", "To be reviewed"
}

func stepKey(kind string) string {
	switch kind {
	case "higher":
		return "fail"
	case "lower":
		return "pass"
	case "new":
		return "prog"
	}
	return "na"
}

func stepWord(kind string) string {
	return map[string]string{"higher": "Higher", "lower": "Lower", "new": "New", "gone": "No more", "same": "As before"}[kind]
}

// actWords says what somebody did.
func actWords(v risk.Version) string {
	switch v.Act {
	case risk.Added:
		return "added it"
	case risk.Changed:
		return "changed it"
	case risk.Accepted:
		return "accepted it"
	case risk.Revoked:
		return "revoked the acceptance"
	case risk.Escalated:
		return "escalated a treatment"
	case risk.Reviewed:
		return "reviewed it"
	case risk.Assessed:
		return "looked at it in an assessment"
	case risk.Shut:
		return "closed it"
	case risk.Reopened:
		return "reopened it"
	}
	return string(v.Act)
}

func fraudBy(by string) string {
	switch by {
	case "insider":
		return "An insider"
	case "outsider":
		return "An outsider"
	case "both":
		return "An insider or an outsider"
	}
	return ""
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func joinLines(list []string) string { return strings.Join(list, "\n") }

func orNobody(name string) string {
	if name == "" {
		return "nobody"
	}
	return name
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func orUnsaid(s string) string {
	if s == "" {
		return "Not said."
	}
	return s
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

func orNoDay(d period.Date) string {
	if d == 0 {
		return "no day"
	}
	return page.DateText(d)
}

// scoresText says which scores are in a band.
func scoresText(s risk.Scale, b risk.Band) string {
	from, to := s.Scores(b)
	if from == to {
		return "score " + strconv.Itoa(from)
	}
	return "scores " + strconv.Itoa(from) + " to " + strconv.Itoa(to)
}

// uncontrolled says what the lack of a control means.
func uncontrolled(v riskView) string {
	if v.Scale.Above(v.Inherent) {
		return "A risk above tolerance needs one."
	}
	return ""
}

// treatmentCount is empty for those who may not know.
func treatmentCount(v riskView) string {
	if v.Treatments == nil {
		return ""
	}
	return page.Plural(len(v.Treatments), "task", "tasks")
}

func countSteps(steps []risk.Step, kind string) int {
	n := 0
	for _, s := range steps {
		if s.Kind == kind {
			n++
		}
	}
	return n
}

func axisTitle(axis string) string { return strings.ToUpper(axis[:1]) + axis[1:] }

// fieldTitle is the heading of the list below the matrix.
func fieldTitle(t *page.Table) string {
	if t.Filter("cell") == "" {
		return "All open risks"
	}
	return "Risks in this field"
}
