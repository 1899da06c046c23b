package reviews

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/review"
	"github.com/tickmark/tickmark/internal/web/page"
)

// atoi is a whole number, or -1.
func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}

func quarter(d period.Date) string {
	t := d.Time()
	return fmt.Sprintf("quarter %d of %d", (int(t.Month())+2)/3, t.Year())
}

func joined(list []string) string { return strings.Join(list, " ") }

// stateKey is the status key of a state.
func stateKey(s review.State) string {
	switch s {
	case review.Running:
		return "prog"
	case review.Closed:
		return "pass"
	case review.Cancelled:
		return "na"
	}
	return "na"
}

// stateOf is the badge of a review: one that is past its day says so.
func stateOf(v review.Review, now time.Time) (key, word string) {
	switch {
	case v.State == review.Running && period.Of(now) > v.Due && v.Undecided() > 0:
		return "fail", "Past its day"
	case v.State == review.Closed && v.Undecided() > 0:
		return "risk", "Closed, " + page.Count(v.Undecided()) + " undecided"
	}
	return stateKey(v.State), v.State.Title()
}

// followKey is the status key of what follows a decision.
func followKey(f review.Follow) string {
	switch f {
	case review.Waiting:
		return "prog"
	case review.Overdue, review.Late:
		return "fail"
	case review.Done:
		return "pass"
	case review.Nothing:
	}
	return "na"
}

// flagKey is the status key of a flag.
func flagKey(f review.Flag) string {
	switch f {
	case review.Again, review.Leaver, review.Orphan:
		return "fail"
	case review.Privileged, review.Unowned, review.Idle:
		return "risk"
	}
	return "na"
}

// sinceKey is the status key of a difference; empty for what is not worth a colour.
func sinceKey(s review.Since) string {
	if s == review.Fresh || s == review.Altered {
		return "prog"
	}
	return ""
}

// dueText is the last day of something, and how it stands.
func dueText(d period.Date, now time.Time, over bool) (words, key string) {
	words = page.DateText(d)
	switch today := period.Of(now); {
	case over:
		return words, ""
	case d < today:
		return words, "fail"
	case d <= today+3:
		return words, "risk"
	}
	return words, ""
}

// personHint is what stands under a person's name.
func personHint(x review.Row) string {
	var out []string
	if x.State != "" && x.State != people.Active {
		out = append(out, x.State.Title())
	}
	if x.Department != "" {
		out = append(out, x.Department)
	}
	return strings.Join(out, " · ")
}

// rights is what an account may do beside signing in, in a few words.
func rights(x review.Row) string {
	switch {
	case len(x.Roles) > 0:
		return strings.Join(x.Roles, ", ")
	case x.Admin == nil:
		return "not told"
	case *x.Admin:
		return "Administrator"
	case len(x.Groups) > 0:
		return page.Plural(len(x.Groups), "group", "groups")
	}
	return "–"
}

// reasonNeeded reports whether keeping a row takes words.
func reasonNeeded(x review.Row) bool { return len(x.Flags) > 0 }

// reconciled is the state of a population's counts as a badge.
func reconciled(f review.Frozen) (key, words string) {
	yes, known := f.Reconciles()
	switch {
	case yes:
		return "pass", "Reconciled " + page.Count(f.Snapshot) + " = " + page.Count(*f.Total)
	case !known:
		return "err", "No second count"
	}
	return "fail", "Does not reconcile"
}

// staleRow shows both texts when somebody else decided on a row meanwhile.
func staleRow(f *page.Form, err error) bool {
	var stale *review.Stale
	if !errors.As(err, &stale) || len(stale.Theirs) != 1 || !f.Values.Has("base") {
		return false
	}
	x := stale.Theirs[0]
	f.Stale(x.Version, map[string]string{"decision": x.Decision.Title(), "reason": x.Reason, "drop": x.Drop})
	return true
}

// drops are the groups and roles that a change can take away.
func drops(x review.Row) []page.Option {
	out := []page.Option{{Value: "", Label: "Something else: say what"}}
	for _, s := range x.Roles {
		out = append(out, page.Option{Value: s, Label: "Role " + s})
	}
	for _, s := range x.Groups {
		if !slices.Contains(x.Roles, s) {
			out = append(out, page.Option{Value: s, Label: "Group " + s})
		}
	}
	return out
}

// tallyWords is a count of decisions in words.
func tallyWords(t review.Tally) string {
	return fmt.Sprintf("%s kept, %s changed, %s removed, %s undecided", page.Count(t.Keep), page.Count(t.Change), page.Count(t.Remove), page.Count(t.Undecided()))
}

// sealedAs names a file of the result: it is sealed as JSON, and as a table beside it.
func sealedAs(i int) string {
	if i == 0 {
		return "Result, JSON"
	}
	return "The same as a table"
}

func lower(s string) string { return strings.ToLower(s) }

// dateOf is the day of an instant.
func dateOf(t time.Time) period.Date { return period.Of(t) }

func userOf(s string) access.UserID { return access.UserID(s) }

func toldWords(b *bool) string {
	switch {
	case b == nil:
		return "not told"
	case *b:
		return "yes"
	}
	return "no"
}

func heldHint(x review.Row) string {
	return page.Plural(len(x.Roles), "role", "roles") + ", " + page.Plural(len(x.Groups), "group", "groups")
}

// decideSub says whose access it is.
func decideSub(x review.Row) string {
	var out []string
	for _, s := range []string{x.Grant, x.Name, personHint(x)} {
		if s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, " · ")
}

// followSentence says how a change or removal stands.
func followSentence(x review.Row) string {
	if x.DoneAt != nil {
		return "Done on " + page.TimeText(*x.DoneAt) + ": " + x.How + "."
	}
	return "To be done by " + page.TimeText(*x.Until) + ". Each collection looks for it."
}

// eventWords says what happened to a row.
func eventWords(n names, e review.Event) string {
	switch e.Kind {
	case "assigned":
		return n.actor(e.Actor) + " gave it from " + n.name(userOf(e.Was)) + " to " + n.name(userOf(e.Became))
	case "done":
		return n.actor(e.Actor) + " saw it done"
	}
	is := review.Decision(e.Became)
	switch {
	case is == "":
		return n.actor(e.Actor) + " took the decision back: it was " + lower(review.Decision(e.Was).Title())
	case e.Was != "":
		return n.actor(e.Actor) + " decided: " + lower(is.Title()) + ", instead of " + lower(review.Decision(e.Was).Title())
	}
	return n.actor(e.Actor) + " decided: " + lower(is.Title())
}
