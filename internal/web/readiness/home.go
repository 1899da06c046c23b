package readiness

import (
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// home shows how the programme stands. Each part is there for those who may read what it is made of.
func (p *pages) home(r *page.Request) error {
	if r.Can(access.ReadAudits) {
		return r.Redirect("/audits", "")
	}
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
		kept, err := p.View.Checkpoints(r.Context(), r.Read(), paging.Query{Size: 1})
		if err != nil {
			return err
		}
		if len(kept.Rows) > 0 {
			v.Signed = kept.Rows[0].At
		}
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
	b, err := p.View.Beginnings(r.Context(), r.Read())
	if err != nil {
		return err
	}
	v.Steps = page.FirstSteps(r, page.Beginnings(b))
	return r.Render(http.StatusOK, homePage(r, v))
}

// homeView is what the home page shows; nil parts are not the reader's to see, or do not exist.
type homeView struct {
	Ready      view.Readiness
	Sources    []view.ConnectionRow
	Ledger     *view.LedgerHead
	Engagement *view.EngagementRow
	Evidence   *view.EvidenceCounts
	Steps      []page.Step
	Signed     time.Time // when the log was signed last; zero while it was not
	now        time.Time
}

// waitingShown is how many things that wait the home page lists.
const waitingShown = 7

func (v homeView) waiting() []view.Waiting {
	return v.Ready.Waiting[:min(waitingShown, len(v.Ready.Waiting))]
}

// WaitingURL is where something that waits is done.
// WaitingURL is the page where something that waits is done.
func WaitingURL(w view.Waiting) string {
	switch w.Kind {
	case "task":
		return taskURL(w.Ref)
	case "draft":
		return controlURL(w.Ref) + "?tab=changes"
	case "drafts":
		return "/controls?waiting=yes"
	case "evidence":
		return "/evidence/new?control=" + url.QueryEscape(w.Ref)
	case "evidences":
		return "/evidence/due"
	case "request", "expiring":
		return "/exceptions/" + url.PathEscape(w.Ref)
	}
	return controlURL(w.Ref)
}

// standings are the counts of the criteria in scope, worst first, without those of none.
func (v homeView) standings() []standingCount {
	var out []standingCount
	for _, s := range control.Standings() {
		if n := v.Ready.Standings[s]; n > 0 {
			out = append(out, standingCount{s, n})
		}
	}
	return out
}

type standingCount struct {
	Standing control.Standing
	N        int
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
	grace := of(chart.Grace, "In grace")
	grace.Filter = view.StateName(chart.Fail)
	all := []state{of(chart.Pass, "Operating"), grace, of(chart.Fail, "Failing"), of(chart.Unknown, "No answer"), of(chart.NotApplicable, "No occurrence"), of(chart.None, "No result yet")}
	var out []state
	for i, s := range all {
		if s.Count > 0 || i < 3 {
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
		s += page.Capital(c)
	}
	return s
}

// progress is how far the examination has come, in whole things: no share in percent would say more.
func (v homeView) progress() []progressLine {
	w := v.Ready.Window
	if w == nil {
		return nil
	}
	today := period.Of(v.now)
	over := max(0, min(int(today-w.Period.From), w.Period.Days()))
	met, all := 0, 0
	for s, n := range v.Ready.Standings {
		all += n
		if s != control.NotEvaluated {
			met += n
		}
	}
	out := []progressLine{{"Days of the period over", over, w.Period.Days(), ""}, {"Criteria with a result", met, all, "/gaps"}}
	if v.Evidence != nil {
		out = append(out, progressLine{"Evidence proven complete", int(v.Evidence.Proven), int(v.Evidence.All), "/evidence"})
	}
	return append(out, progressLine{"Tests without a failing day", v.Ready.Tests - v.Ready.TestsFailed, v.Ready.Tests, "/tests"})
}

type progressLine struct {
	Name      string
	Done, All int
	Href      string
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

func (v homeView) criteria() int {
	n := 0
	for _, x := range v.Ready.Standings {
		n += x
	}
	return n
}

// auditTitle names the examination by whoever carries it out.
func auditTitle(e *view.EngagementRow) string {
	if e == nil || e.Firm == "" {
		return "Audit progress"
	}
	return "Audit with " + e.Firm
}

func auditHint(v homeView) string {
	w := v.Ready.Window
	if w == nil {
		return ""
	}
	today := period.Of(v.now)
	switch {
	case today < w.Period.From:
		return "Period begins " + page.DateText(w.Period.From)
	case today < w.Period.To:
		return "Period ends " + page.DateText(w.Period.Last())
	}
	return "Period ended " + page.DateText(w.Period.Last())
}

// auditFoot says what is frozen of the examination.
func auditFoot(v homeView) string {
	s := "Nothing is frozen for the auditor yet."
	if e := v.Engagement; e != nil && e.Newest != nil {
		s = "Dossier " + strconv.Itoa(e.Newest.Number) + " frozen " + page.DateText(period.Of(e.Newest.At)) + "."
	}
	return s
}

func orNA(key string) string {
	if key == "" {
		return "na"
	}
	return key
}

// dueWord is the day of something that waits; what is overdue needs no date here.
func dueWord(words string) string {
	w, _, _ := strings.Cut(words, ":")
	return w
}
