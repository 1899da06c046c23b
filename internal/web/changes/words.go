package changes

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/change"
	"github.com/tickmark/tickmark/internal/web/page"
)

func significantWord(c change.Change) string {
	switch c.Significance() {
	case "yes":
		return "Significant"
	case "no":
		return "Not significant"
	}
	return "Not decided"
}

// toldSign is how far those concerned were told, as a badge.
func toldSign(c change.Change) (key, words string) {
	switch {
	case c.State() == change.Withdrawn:
		return "na", "Withdrawn"
	case len(c.Late()) > 0 && len(c.Untold()) > 0:
		return "fail", "Not told"
	case len(c.Late()) > 0:
		return "fail", "Too late"
	}
	switch c.Told() {
	case "all":
		return "pass", "Told"
	case "part":
		return "risk", strconv.Itoa(len(c.Audiences)-len(c.Untold())) + " of " + strconv.Itoa(len(c.Audiences))
	case "none":
		return "prog", "To be told"
	}
	return "na", "Nobody to tell"
}

func toldWords(c change.Change) string { _, words := toldSign(c); return words }

// noticeSign is one audience of a change as a badge.
func noticeSign(c change.Change, a change.Audience) (key, words string) {
	n, ok := c.First(a)
	switch {
	case c.State() == change.Withdrawn:
		return "na", "Withdrawn"
	case slices.Contains(c.Late(), a) && !ok:
		return "fail", "Not told"
	case slices.Contains(c.Late(), a):
		return "fail", "Told " + page.Span(n.Sent.Sub(*c.Released)) + " late"
	case !ok:
		return "prog", "To be told"
	case c.Released != nil:
		return "pass", "Told " + page.Span(c.Released.Sub(n.Sent)) + " before"
	}
	return "pass", "Told"
}

func stateKey(s change.State) string {
	switch s {
	case change.Released:
		return "pass"
	case change.Planned:
		return "prog"
	case change.Withdrawn:
	}
	return "na"
}

func actWords(v change.Version) string {
	switch v.Act {
	case change.Added:
		return "recorded it"
	case change.Edited:
		return "changed it"
	case change.Decided:
		if v.Change.Significance() == "yes" {
			return "found it significant"
		}
		return "found it not significant"
	case change.Told:
		if n := v.Change.Notices; len(n) > 0 {
			return "recorded that " + n[len(n)-1].To.Title() + " were told"
		}
	case change.Proved:
		return "added the proof of a notice"
	case change.Effected:
		return "recorded that it took effect"
	case change.Dropped:
		return "withdrew it"
	}
	return string(v.Act)
}

func channelOptions() []page.Option {
	var out []page.Option
	for _, c := range change.Channels() {
		out = append(out, page.Option{Value: string(c), Label: c.Title()})
	}
	return out
}

func audienceOptions(c change.Change) []page.Option {
	var out []page.Option
	for _, a := range c.Audiences {
		out = append(out, page.Option{Value: a.Key(), Label: a.Title()})
	}
	return out
}

func ticked(f *page.Form, field, value string) bool { return slices.Contains(f.Values[field], value) }

func orUnsaid(s string) string {
	if s == "" {
		return "Not said."
	}
	return s
}

func customerWord(c change.Change) string {
	if c.Customer {
		return "notice it"
	}
	return "notice nothing"
}

// reviewHref begins a review of risks about a change.
func reviewHref(c change.Change) string {
	v := url.Values{"about": {c.Ref}, "title": {c.Title}, "effective": {c.Effective.String()}}
	return "/risk-reviews/new?" + v.Encode()
}

// step is a line of the timeline.
type step struct {
	Key, What, When string
	at              time.Time
}

// timeline is what was, and what is to be.
func timeline(v changeView) []step {
	out := []step{{"na", "Recorded", page.TimeText(v.Created), v.Created}}
	if d := v.Decision; d != nil {
		out = append(out, step{"exm", significantWord(v.Change), page.TimeText(d.At), d.At})
	}
	for _, n := range v.Notices {
		key := "pass"
		if v.Released != nil && n.Sent.After(*v.Released) {
			key = "fail"
		}
		out = append(out, step{key, n.To.Title() + " told", page.TimeText(n.Sent), n.Sent})
	}
	switch {
	case v.Released != nil:
		out = append(out, step{"prog", "In effect", page.TimeText(*v.Released), *v.Released})
	case v.Why == "":
		out = append(out, step{"na", "Planned to take effect", page.DateText(v.Effective), v.Effective.Time()})
	}
	slices.SortStableFunc(out, func(a, b step) int { return a.at.Compare(b.at) })
	if v.Why != "" {
		out = append(out, step{"na", "Withdrawn", page.TimeText(v.Updated), v.Updated})
	}
	return out
}

// audienceKeys are the audiences a form offers.
func audienceKeys(departments []string) []string {
	out := []string{change.Audience{Kind: change.Customers}.Key(), change.Audience{Kind: change.UserEntities}.Key(), change.Audience{Kind: change.Staff}.Key()}
	for _, d := range departments {
		out = append(out, change.Audience{Kind: change.Department, Name: d}.Key())
	}
	return out
}

func audienceTitle(key string) string {
	a := change.ParseAudience(key)
	switch a.Kind {
	case change.UserEntities:
		return "User entities: customers whose own controls rely on it"
	case change.Department:
		return "Department " + a.Name
	case change.Customers, change.Staff, change.NamedList:
	}
	return a.Title()
}

func same(s string) string { return s }

func decisionWord(c change.Change) string {
	if c.Decision == nil {
		return "nobody has decided whether it is significant"
	}
	return strings.ToLower(significantWord(c))
}

// sentBy says who recorded a notice, and how many got it.
func sentBy(v changeView, n change.Notice) string {
	out := ", recorded by " + v.Names[n.Actor]
	if n.Recipients > 0 {
		out += ", " + page.Plural(n.Recipients, "recipient", "recipients")
	}
	return out
}
