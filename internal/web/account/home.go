package account

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// home shows how the programme stands. Each part is there for those who may read what it is made of.
func (p *pages) home(r *page.Request) error {
	if !r.Can(access.ReadProgramme) {
		return r.Render(http.StatusOK, nothingHere(r))
	}
	v := homeView{now: r.Now}
	var err error
	if v.Ready, err = p.View.Readiness(r.Context(), r.Read(), r.Now); err != nil {
		return err
	}
	if v.Sources, err = p.View.Connections(r.Context(), r.Read(), false); err != nil {
		return err
	}
	if r.Can(access.ReadLedger) {
		head, err := p.View.LedgerHead(r.Context(), r.Read())
		if err != nil {
			return err
		}
		v.Ledger = &head
	}
	if r.Can(access.ReadEngagement) && v.Ready.Window != nil {
		e, err := p.View.Engagement(r.Context(), r.Read(), v.Ready.Window.Ref)
		if err != nil {
			return err
		}
		v.Engagement = &e
	}
	if r.Can(access.ReadEvidence) {
		n, err := p.View.EvidenceCounts(r.Context(), r.Read(), v.Ready.Span)
		if err != nil {
			return err
		}
		v.Evidence = &n
	}
	return r.Render(http.StatusOK, homePage(r, v))
}

// homeView is what the home page shows; nil parts are not the reader's to see, or do not exist.
type homeView struct {
	Ready      view.Readiness
	Sources    []view.ConnectionRow
	Ledger     *view.LedgerHead
	Engagement *view.EngagementRow
	Evidence   *view.EvidenceCounts
	now        time.Time
}

// failedShown is how many controls with failing days the home page lists.
const failedShown = 4

func (v homeView) failed() []view.FailedControl {
	return v.Ready.Failed[:min(failedShown, len(v.Ready.Failed))]
}

// states are the parts of the sum of controls, best first.
func (v homeView) states() []state {
	of := func(o chart.Outcome, word string) state {
		return state{page.StatusOf(o), word, view.StateName(o), v.Ready.States[o]}
	}
	all := []state{of(chart.Pass, "Operating"), of(chart.Fail, "Failing"), of(chart.Unknown, "No answer"), of(chart.NotApplicable, "Not applicable"), of(chart.None, "Not tested")}
	var out []state
	for _, s := range all {
		if s.Count > 0 || s.Word == "Operating" || s.Word == "Failing" {
			out = append(out, s)
		}
	}
	return out
}

type state struct {
	Key, Word, Filter string
	Count             int
}

func (v homeView) shares() []page.Share {
	var out []page.Share
	for _, s := range v.states() {
		out = append(out, page.Share{Status: s.Key, Count: s.Count})
	}
	return out
}

// sentence says the sum of controls for those who do not see the bar.
func (v homeView) sentence() string {
	out := ""
	for _, s := range v.states() {
		if out != "" {
			out += ", "
		}
		out += s.Word + " " + strconv.Itoa(s.Count)
	}
	return out
}

// windowAt is how far the observation window has come: share in percent and a word.
func windowAt(p period.Period, now time.Time) (share int, words string) {
	today := period.Of(now)
	switch {
	case today < p.From:
		return 0, "Begins in " + page.Plural(int(p.From-today), "day", "days")
	case today >= p.To:
		return 100, "Ended " + page.DateText(p.Last()) + ", " + page.Plural(int(today-p.Last()), "day", "days") + " ago"
	}
	n := int(today-p.From) + 1
	share = int(math.Round(100 * float64(n) / float64(p.Days())))
	words = "Day " + page.Count(n) + " of " + page.Count(p.Days())
	switch { // the words take the place of the date at that end
	case share < nearEnd:
		words = page.DateText(p.From) + " · " + words
	case share > 100-nearEnd:
		words += " · " + page.DateText(p.Last())
	}
	return share, words
}

// nearEnd is the share of the window in percent within which the words stand at its end.
const nearEnd = 22

func weeksSVG(s view.SeriesRow) string {
	const cell, h = 12, 18
	w := float64(cell * s.Weeks.Columns)
	return chart.SVG("mx-s", w, h, s.Weeks.Sentence(), func(c chart.Canvas) { chart.Matrix(c, s.Weeks, w, h) })
}

// month is a label over the weeks, in whole percents.
type month struct{ X, Text string }

func (v homeView) months() []month {
	var out []month
	for _, l := range (chart.StripData{Period: v.Ready.Span}).Labels() {
		if x := int(math.Round(100 * l.At)); x < 96 {
			out = append(out, month{strconv.Itoa(x), l.Text})
		}
	}
	return out
}

// healthSign is how a source stands, as a status key and a word.
func healthSign(c view.ConnectionRow, now time.Time) (key, word string) {
	switch c.Health(now) {
	case view.HealthFine:
		return "pass", page.Ago(now, lastRead(c))
	case view.HealthIncomplete:
		return "risk", "Incomplete"
	case view.HealthLate:
		return "risk", "Late: " + page.Ago(now, lastRead(c))
	case view.HealthFailing:
		return "err", "No answer"
	case view.HealthRunning:
		return "prog", "Running"
	case view.HealthPaused:
		return "na", "Paused"
	case view.HealthNever:
		return "na", "Never read"
	}
	return "na", "Removed"
}

func lastRead(c view.ConnectionRow) time.Time {
	if c.Complete != nil {
		return *c.Complete
	}
	if c.Last != nil {
		return c.Last.Started
	}
	return time.Time{}
}

// sourceFacts is what the last run of a source brought.
func sourceFacts(c view.ConnectionRow) string {
	if c.Last == nil {
		return c.Kind
	}
	return c.Kind + " · " + page.Plural(c.Last.Facts, "fact", "facts") + " in the last run"
}

// failedText says on how many days a control failed, and when last.
func failedText(f view.FailedControl) string {
	s := "Failing on " + page.Count(f.Figures.Fail) + " of " + page.Plural(f.Figures.Tested, "tested day", "tested days")
	last := page.PeriodText(period.Period{From: f.Last.From, To: f.Last.To})
	if f.Stretches > 1 {
		return s + ", in " + page.Count(f.Stretches) + " stretches; last " + last
	}
	return s + ": " + last
}

// engagementLine names the examination: "SOC 2 Type 2 · Security, Availability".
func engagementLine(e *view.EngagementRow) string {
	s := map[string]string{"soc1": "SOC 1", "soc2": "SOC 2", "soc3": "SOC 3"}[e.Report]
	if s == "" {
		s = e.Report
	}
	s += " Type " + strconv.Itoa(e.Type)
	for i, c := range e.Categories {
		c = strings.ReplaceAll(c, "_", " ")
		if i == 0 {
			s += " · "
		} else {
			s += ", "
		}
		s += strings.ToUpper(c[:1]) + c[1:]
	}
	return s
}

// records are the facts about what the period has on record.
func (v homeView) records() []string {
	out := []string{}
	if v.Evidence != nil {
		out = append(out, "Pieces of evidence", page.Count(v.Evidence.All), "Proven complete", page.Count(v.Evidence.Proven), "Asserted complete", page.Count(v.Evidence.Asserted), "Incomplete", page.Count(v.Evidence.Incomplete))
	}
	out = append(out, "Tests with a failing day", page.Count(v.Ready.TestsFailed)+" of "+page.Count(v.Ready.Tests))
	if v.Engagement != nil {
		out = append(out, "Dossiers frozen", page.Count(v.Engagement.Dossiers))
	}
	return out
}

// recordsHint says which period the records are of.
func recordsHint(v homeView) string {
	if v.Ready.Window == nil {
		return "last " + page.Plural(v.Ready.Span.Days(), "day", "days")
	}
	return v.Ready.Window.Ref
}

// asOf says when the controls were last tested.
func (v homeView) asOf() string {
	if v.Ready.AsOf.IsZero() {
		return "Nothing has been tested yet."
	}
	return "Last evaluation " + page.Ago(v.now, v.Ready.AsOf) + ", " + page.TimeText(v.Ready.AsOf) + "."
}

func scopeHint(v homeView) string {
	if v.Ready.Window == nil {
		return page.Plural(v.Ready.Controls, "control", "controls")
	}
	return page.Count(v.Ready.Controls) + " in scope"
}
