package readiness

import (
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/internal/work"
)

func gapsTitle(list view.GapList) string {
	if list.Window == nil {
		return "Criteria"
	}
	return "Criteria in scope of " + list.Window.Ref
}

func severityText(s string) string {
	if s == "" {
		return ""
	}
	return "· severity " + s
}

// ownerName is who owns a control of a gap.
func ownerName(g view.GapRow, ref string) string {
	for _, c := range g.Controls {
		if c.Ref == ref {
			return c.Owner
		}
	}
	return ""
}

func orNobody(name string) string {
	if name == "" {
		return "nobody"
	}
	return name
}

func categoryText(c catalog.CategoryID) string { return strings.ReplaceAll(string(c), "_", " ") }

func controlsText(g view.GapRow, now time.Time) string {
	operating, all := g.Operating(now)
	if all == 0 {
		return "none in force"
	}
	return strconv.Itoa(operating) + " of " + strconv.Itoa(all) + " as they should be"
}

func today(now time.Time) period.Date { return period.Of(now) }

func statusTitle(to work.Status, ref string) string {
	switch to {
	case work.Done:
		return "Finish " + ref
	case work.Dropped:
		return "Drop " + ref
	case work.InProgress:
		return "Start " + ref
	case work.Open:
	}
	return "Reopen " + ref
}

func statusButton(to work.Status) string {
	switch to {
	case work.Done:
		return "Done"
	case work.Dropped:
		return "Drop the task"
	case work.InProgress:
		return "Start"
	case work.Open:
	}
	return "Reopen"
}

// goneText says that what made a task necessary is no more.
func goneText(s view.TaskState, now time.Time) string {
	if s.Since.IsZero() {
		return s.Words + " now."
	}
	return s.Words + " since " + short(period.Of(s.Since), now) + "."
}

// stateKey is the status key of what a task comes from: the name of an outcome, or a standing.
func stateKey(key string) string {
	if s, ok := control.ParseStanding(key); ok {
		return standingKey(s)
	}
	if o, ok := view.ParseState(key); ok {
		return page.StatusOf(o)
	}
	return "na"
}

// requirementURL is the page of a requirement, told by its form.
func requirementURL(id string) string {
	switch {
	case strings.HasPrefix(id, "A."):
		return "/frameworks/" + catalog.ISO + "/" + id
	case strings.Contains(id, "-"):
		return "/frameworks/" + catalog.SOC1 + "/" + id
	}
	return criterionURL(id)
}

func markKey(s work.MarkState) string {
	if s == work.Attested {
		return "exm"
	}
	return "na"
}

func markWords(s work.MarkState) string {
	if s == work.Attested {
		return "says that it is so,"
	}
	return "says that it does not apply,"
}

func markOptions(m *work.Mark) []page.Option {
	out := []page.Option{{Value: string(work.Attested), Label: "It is so"}, {Value: string(work.NotApplicable), Label: "Does not apply"}}
	if m != nil {
		out = append(out, page.Option{Value: string(work.Withdrawn), Label: "No longer"})
	}
	return out
}

// onlyPath is an address without its parameters, as the route table knows it.
func onlyPath(href string) string {
	path, _, _ := strings.Cut(href, "?")
	for _, p := range []string{"/c/", "/a/"} {
		if strings.HasPrefix(path, p) {
			return "/"
		}
	}
	return path
}

// firstOf reports whether a reason is the first about its control.
func firstOf(g view.GapRow, i int) bool {
	for _, x := range g.Reasons[:i] {
		if x.Control == g.Reasons[i].Control {
			return false
		}
	}
	return true
}
