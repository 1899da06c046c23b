package readiness

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/occurrence"
	"github.com/tickmark/tickmark/internal/web/page"
)

func occurrenceURL(ref string) string { return "/occurrences/" + url.PathEscape(ref) }
func rhythmURL(ref string) string     { return "/rhythms/" + url.PathEscape(ref) }

// occurrenceKey is the status key of a state, for its colour and glyph.
func occurrenceKey(s occurrence.State) string {
	switch s {
	case occurrence.Missed:
		return "fail"
	case occurrence.Late, occurrence.DoneLate:
		return "risk"
	case occurrence.Open:
		return "prog"
	case occurrence.Done:
		return "pass"
	case occurrence.Upcoming:
	}
	return "na"
}

var occurrencesList = page.TableSpec{
	Columns: []page.Column{
		{Key: "ref", Title: "Occurrence", Sort: true},
		{Key: "title", Title: "Control", Wide: true},
		{Key: "state", Title: "State", Sort: true},
		{Key: "owner", Title: "Performed by", Opt: true},
		{Key: "shown", Title: "Evidence", Opt: true, Num: true},
		{Key: "due", Title: "Due", Sort: true, Num: true},
	},
	Filters: []page.Filter{
		{Key: "state", Title: "State", Kind: page.Segments, Options: []page.Option{
			{Value: "todo", Label: "To do", Status: "prog"}, {Value: string(occurrence.Missed), Label: "Missed", Status: "fail"}, {Value: string(occurrence.Late), Label: "Late", Status: "risk"},
			{Value: "check", Label: "To check"}, {Value: string(occurrence.Upcoming), Label: "Upcoming", Status: "na"},
			{Value: string(occurrence.DoneLate), Label: "Done late", Status: "risk"}, {Value: string(occurrence.Done), Label: "Done", Status: "pass"}}},
		{Key: "control", Title: "Control", Kind: page.Select, Open: true},
		{Key: "owner", Title: "Whose", Kind: page.Select, Options: []page.Option{{Value: "me", Label: "Mine"}}, All: "Everybody's"},
		{Key: "from", Title: "Due from", Kind: page.Date},
		{Key: "to", Title: "Due until", Kind: page.Date},
	},
	Search: "Find by control, day or evidence asked for", Sort: "state", One: "occurrence", Many: "occurrences",
}

// occurrenceFilter is what the address asks for.
func occurrenceFilter(r *page.Request, t *page.Table) occurrence.Filter {
	f := occurrence.Filter{Control: strings.ToUpper(t.Filter("control"))}
	switch s := t.Filter("state"); s {
	case "todo":
		f.Todo = true
	case "check":
		f.Checks = true
	default:
		f.State = occurrence.State(s)
	}
	if t.Filter("owner") == "me" {
		f.Owner = r.Read().User()
	}
	if d, err := period.ParseDate(t.Filter("from")); err == nil {
		f.From = d
	}
	if d, err := period.ParseDate(t.Filter("to")); err == nil {
		f.To = d + 1
	}
	return f
}

// occurrenceRow is an occurrence as lists show it.
type occurrenceRow struct {
	occurrence.Occurrence
	Title string // of the control
	Who   string // who performed it, or is to
	Now   time.Time
}

func (x occurrenceRow) state() occurrence.State { return x.State(period.Of(x.Now)) }

func (p *pages) occurrences(r *page.Request) error {
	t, err := r.Table(&occurrencesList)
	if err != nil {
		return err
	}
	titles, err := p.controlTitles(r)
	if err != nil {
		return err
	}
	read := func(q paging.Query) (occurrence.Listed, []occurrenceRow, error) {
		list, err := p.Occurrences.List(r.Context(), r.Read(), r.Now, occurrenceFilter(r, t), q)
		if err != nil {
			return list, nil, err
		}
		rows, err := p.occurrenceRows(r, list.Rows, titles)
		return list, rows, err
	}
	if t.Exporting() {
		return r.Export(t, "occurrences", []string{"Occurrence", "Control", "Title", "State", "About, from", "Due", "Late until", "Performed by", "Performed on", "Recorded", "Evidence", "Checked", "Note"}, func(q paging.Query) ([][]any, int, error) {
			list, rows, err := read(q)
			var out [][]any
			for _, x := range rows {
				out = append(out, x.cells())
			}
			return out, list.Total, err
		})
	}
	list, rows, err := read(t.Query)
	if err != nil {
		return err
	}
	t.Total = list.Total
	t.SetCounts("state", occurrenceCounts(list))
	plans, err := p.Occurrences.Plans(r.Context(), r.Read())
	if err != nil {
		return err
	}
	var controls []page.Option
	for _, x := range plans {
		controls = append(controls, page.Option{Value: x.Control, Label: x.Control + " " + titles[x.Control]})
	}
	t.SetOptions("control", controls)
	part := occurrenceRowsPart(t, rows, r.Now)
	return r.Render(http.StatusOK, occurrencesPage(r, t, part), page.Part(t.ID(), part))
}

func occurrenceCounts(list occurrence.Listed) map[string]int {
	out := map[string]int{"check": list.Waits, "todo": list.Todo}
	for s, n := range list.States {
		out[string(s)] = n
	}
	return out
}

// cells are an exported row.
func (x occurrenceRow) cells() []any {
	out := []any{x.Ref(), x.Control, x.Title, x.state().Title(), x.From.String(), x.Due.String(), x.Until.String(), x.Who}
	if r := x.Record; x.Performed() {
		var checked any
		if r.CheckedAt != nil {
			checked = *r.CheckedAt
		}
		return append(out, r.PerformedOn.String(), r.RecordedAt, strings.Join(r.Evidence, " "), checked, r.Note)
	}
	return append(out, nil, nil, nil, nil, nil)
}

// occurrenceRows names the people and the controls of occurrences.
func (p *pages) occurrenceRows(r *page.Request, all []occurrence.Occurrence, titles map[string]string) ([]occurrenceRow, error) {
	var who []string
	for _, o := range all {
		who = append(who, string(performer(o)))
	}
	names, err := p.View.Actors(r.Context(), r.Read(), who...)
	if err != nil {
		return nil, err
	}
	out := make([]occurrenceRow, len(all))
	for i, o := range all {
		out[i] = occurrenceRow{o, titles[o.Control], names[string(performer(o))], r.Now}
	}
	return out, nil
}

// performer is who performed an occurrence, or is to.
func performer(o occurrence.Occurrence) access.UserID {
	if o.Performed() {
		return o.Record.Performer
	}
	return o.Owner
}

// controlTitles are the titles of the controls in force, by reference.
func (p *pages) controlTitles(r *page.Request) (map[string]string, error) {
	all, err := p.Controls.AsOf(r.Context(), r.Read(), r.Now)
	out := make(map[string]string, len(all))
	for _, c := range all {
		out[c.Ref] = c.Version.Title
	}
	return out, err
}

// calDay is a day of the calendar.
type calDay struct {
	Day     period.Date
	Other   bool // of the month before or after
	Today   bool
	Entries []occurrenceRow
}

// calMonth is a month of the calendar.
type calMonth struct {
	First, Next period.Date // first days of it and of the next one
	Days        []calDay    // whole weeks, from Monday
	Total       int
}

func (m calMonth) title() string { return m.First.Time().Format("January 2006") }
func (m calMonth) url(add int) string {
	return "/occurrences/calendar?month=" + m.First.Time().AddDate(0, add, 0).Format("2006-01")
}

// calendarMonth reads the month of the address, today's without one.
func calendarMonth(s string, now time.Time) time.Time {
	if t, err := time.Parse("2006-01", s); err == nil && t.Year() >= 2000 && t.Year() < 2200 {
		return t
	}
	n := now.UTC()
	return time.Date(n.Year(), n.Month(), 1, 0, 0, 0, 0, time.UTC)
}

func (p *pages) occurrenceCalendar(r *page.Request) error {
	first := calendarMonth(r.Query("month"), r.Now)
	m := calMonth{First: period.Of(first), Next: period.Of(first.AddDate(0, 1, 0))}
	titles, err := p.controlTitles(r)
	if err != nil {
		return err
	}
	from := m.First - period.Date((int(first.Weekday())+6)%7)
	to := m.Next + period.Date((7-(int(m.Next.Time().Weekday())+6)%7)%7)
	all, err := p.Occurrences.All(r.Context(), r.Read(), from, to)
	if err != nil {
		return err
	}
	rows, err := p.occurrenceRows(r, all, titles)
	if err != nil {
		return err
	}
	today := period.Of(r.Now)
	for d := from; d < to; d++ {
		x := calDay{Day: d, Other: d < m.First || d >= m.Next, Today: d == today}
		for _, o := range rows {
			if o.Due == d {
				x.Entries = append(x.Entries, o)
				if !x.Other {
					m.Total++
				}
			}
		}
		m.Days = append(m.Days, x)
	}
	r.Title = "Calendar of " + m.title()
	r.Crumbs = []page.Crumb{{Text: "Recurring controls", Href: "/occurrences"}, {Text: m.title()}}
	return r.Render(http.StatusOK, calendarPage(r, m))
}

// shownText is what is on record as evidence.
func shownText(o occurrence.Occurrence) string {
	switch {
	case !o.Performed():
		return ""
	case len(o.Record.Evidence) == 0:
		return "none"
	case len(o.Record.Evidence) == 1:
		return o.Record.Evidence[0]
	}
	return strconv.Itoa(len(o.Record.Evidence)) + " pieces"
}

// occurrenceEvent is an event in words, after a name.
func occurrenceEvent(k occurrence.EventKind) string {
	switch k {
	case occurrence.Performed:
		return "recorded it as performed"
	case occurrence.Amended:
		return "corrected the record"
	case occurrence.Checked:
		return "checked it"
	case occurrence.SentBack:
		return "sent it back"
	}
	return string(k)
}

// askedText is what a plan asks for besides doing it.
func askedText(t occurrence.Term) string {
	var out []string
	if t.Attach != "" {
		out = append(out, "evidence")
	}
	if t.Checked {
		out = append(out, "a check")
	}
	if len(out) == 0 {
		return "a note"
	}
	return strings.Join(out, ", ")
}

// evidenceLink is the page of a piece of evidence, for readers who may open it.
func evidenceLink(r *page.Request, ref string) string {
	if !r.Can(access.ReadEvidence) {
		return ""
	}
	return "/e/" + url.PathEscape(ref)
}

func classOptions() []page.Option {
	return []page.Option{
		{Value: string(evidence.Internal), Label: "Everybody inside, and the auditor"}, {Value: string(evidence.Confidential), Label: "Confidential"},
		{Value: string(evidence.Personal), Label: "It is about people"}, {Value: string(evidence.Public), Label: "Anybody"},
	}
}
