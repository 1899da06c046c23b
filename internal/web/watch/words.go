package watch

import (
	"fmt"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/alert"
	"github.com/tickmark/tickmark/internal/web/page"
)

// phaseTitle is a phase of a playbook as people read it.
func phaseTitle(phase string) string {
	switch phase {
	case "assess":
		return "Assess"
	case "contain":
		return "Contain"
	case "remove":
		return "Remove the cause"
	case "recover":
		return "Recover"
	case "tell":
		return "Tell"
	case "learn":
		return "Learn"
	}
	return phase
}

func kindTitles(kinds []string) string {
	var out []string
	for _, k := range kinds {
		out = append(out, alert.Kind(k).Title())
	}
	return strings.Join(out, ", ")
}

// stepWords is a step of an alert's history, after the name of who did it.
func stepWords(h alert.Step) string {
	switch h.Act {
	case alert.Raised:
		return "raised it"
	case alert.Joined:
		return "added signals"
	case alert.Rose:
		return "raised its level"
	case alert.Acked:
		return "acknowledged it"
	case alert.Assigned:
		return "assigned it"
	case alert.Noted:
		return "noted"
	case alert.Escalated:
		return "escalated it"
	case alert.Declared:
		if h.Note == "" {
			return "took it out of its incident"
		}
		return "put it into an incident"
	case alert.Shut:
		return "closed it"
	case alert.Reopened:
		return "opened it again"
	}
	return string(h.Act)
}

func toldWord(a alert.Alert) string {
	if a.Rule == "" {
		return "nobody: no rule takes it"
	}
	return a.Rule
}

// shareWord is how many of the judged alerts were true, as counts: a share of few says nothing.
func shareWord(x alert.Precision) string {
	if n := x.True + x.Benign; n > 0 {
		return fmt.Sprintf("%d of %d", x.True, n)
	}
	return "–"
}

// span is a length of time to two units: "3 d 4 h", "12 min", "40 s".
func span(d time.Duration) string {
	switch d = max(0, d); {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 24*time.Hour:
		return two(int(d/time.Hour), "h", int(d%time.Hour/time.Minute), "min")
	}
	return two(int(d/(24*time.Hour)), "d", int(d%(24*time.Hour)/time.Hour), "h")
}

func two(a int, one string, b int, other string) string {
	if b == 0 {
		return fmt.Sprintf("%s %s", page.Count(a), one)
	}
	return fmt.Sprintf("%s %s %d %s", page.Count(a), one, b, other)
}

// takesWords is what a rule takes.
func takesWords(x alert.Rule) string {
	out := x.AtLeast.Title() + " and up"
	if x.AtLeast == alert.Critical {
		out = "Critical"
	}
	if x.Technique != "" {
		out += ", " + x.Technique
	}
	if x.Source != "" {
		out += ", from " + x.Source
	}
	return out
}

// thenWords is what happens to an alert that nobody acknowledges.
func thenWords(v routingView, x alert.Rule) string {
	if x.Minutes == 0 {
		return "it waits"
	}
	out := "after " + span(time.Duration(x.Minutes)*time.Minute)
	if x.OnCall {
		out += " the next of the rota too"
	}
	if s := v.persons(x.Then); s != "" {
		out += ", and " + s
	}
	return out
}

// keptSignals says how many signals are listed, and how many more were only counted.
func keptSignals(kept, counted int) string {
	out := page.Plural(kept, "signal", "signals")
	if counted > 0 {
		out += "; " + page.Count(counted) + " more of the same rules were counted and not kept"
	}
	return out
}
