package view

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/chart"
	"github.com/tickmark/tickmark/internal/evaluate"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// MiniDays is how many days the small strips of lists show.
const MiniDays = 90

// longest is how many days a large strip shows at most.
const longest = 366

// mini is the period of small strips.
func mini(now time.Time) period.Period {
	today := period.Of(now)
	return period.Period{From: today - MiniDays + 1, To: today + 1}
}

// span is the period of large strips: the last year and the observation window as far as it has come, but not the time
// before the first evaluation beyond what a small strip shows.
func (r *Reader) span(ctx context.Context, s access.ReadScope, w *Window, now time.Time) (period.Period, error) {
	today := period.Of(now)
	first, err := sqldb.One(ctx, r.db, sqldb.Int, `SELECT COALESCE(min(as_of), $2) FROM evaluate_run WHERE org_id = $1`, orgOf(s), now.UnixMicro())
	if err != nil {
		return period.Period{}, err
	}
	p := period.Period{From: min(period.Of(sqldb.Time(first)), today-MiniDays+1), To: today + 1}
	if w != nil && w.Period.From < p.From {
		p.From = w.Period.From
	}
	p.From = max(p.From, today-longest+1)
	return p, nil
}

// tally is what a test said about consecutive days with the same outcome.
type tally struct {
	from    period.Date
	to      period.Date // first day after
	outcome chart.Outcome
	silent  bool  // there were no verdicts at all
	worst   int64 // most failing items on a day
	unknown int64 // most unanswered items on a day
}

// tallies reads the days of tests in a period, with equal neighbours merged, by test and day. The days of a test come as one
// text, "p20530,f20531 2 0", because a row for each day of each test costs several times as much to read: a criterion with
// thirty tests has eleven thousand of them in a year.
func (r *Reader) tallies(ctx context.Context, s access.ReadScope, tests []string, p period.Period) (map[string][]tally, error) {
	out := map[string][]tally{}
	if len(tests) == 0 || p.Days() == 0 {
		return out, nil
	}
	var w sqldb.Where
	w.Add(`org_id = ?`, orgOf(s))
	w.In(`test`, tests)
	w.Add(`day >= ? AND day < ?`, int64(p.From), int64(p.To))
	_, err := sqldb.Collect(ctx, r.db, func(row sqldb.Row) (string, error) {
		var test, text string
		if err := row.Scan(&test, &text); err != nil {
			return "", err
		}
		list, err := readDays(text)
		out[test] = list
		return test, err
	}, `SELECT test, string_agg(CASE WHEN outcome = 'pass' THEN 'p' || day WHEN outcome = 'unknown' AND reason <> '' THEN 'x' || day
			ELSE substr(outcome, 1, 1) || day || ' ' || n_fail || ' ' || n_unknown END, ',')
		FROM evaluate_day WHERE `+w.SQL()+` GROUP BY test`, w.Args()...)
	return out, err
}

// readDays reads what the statement of tallies writes.
func readDays(text string) ([]tally, error) {
	list := make([]tally, 0, strings.Count(text, ",")+1)
	for part := range strings.SplitSeq(text, ",") {
		x, err := readDay(part)
		if err != nil {
			return nil, errs.As(errs.Internal, err, "day %q of a test", part)
		}
		list = append(list, x)
	}
	slices.SortFunc(list, func(a, b tally) int { return cmp.Compare(a.from, b.from) })
	out := list[:0]
	for _, x := range list {
		if n := len(out); n > 0 && out[n-1].to == x.from && out[n-1].outcome == x.outcome && out[n-1].silent == x.silent {
			last := &out[n-1]
			last.to, last.worst, last.unknown = x.to, max(last.worst, x.worst), max(last.unknown, x.unknown)
			continue
		}
		out = append(out, x)
	}
	return out, nil
}

// readDay reads one day: "p20530", "x20530", or a letter with the day, the failing and the unanswered items.
func readDay(part string) (x tally, err error) {
	if part == "" {
		return x, errs.New(errs.Internal, "it is empty")
	}
	switch part[0] {
	case 'p':
		x.outcome = chart.Pass
	case 'f':
		x.outcome = chart.Fail
	case 'n':
		x.outcome = chart.NotApplicable
	default: // what is not known is no answer
		x.outcome, x.silent = chart.Unknown, part[0] == 'x'
	}
	text, counts, counted := strings.Cut(part[1:], " ")
	day, err := strconv.ParseInt(text, 10, 31) // the day after fits a Date, too
	if err != nil {
		return x, err
	}
	x.from, x.to = period.Date(day), period.Date(day)+1
	if !counted {
		return x, nil
	}
	failed, unknown, _ := strings.Cut(counts, " ")
	if x.worst, err = strconv.ParseInt(failed, 10, 64); err != nil {
		return x, err
	}
	x.unknown, err = strconv.ParseInt(unknown, 10, 64)
	return x, err
}

// strip is a test's days as a drawing.
func strip(p period.Period, list []tally) chart.StripData {
	d := chart.StripData{Period: p}
	for _, x := range list {
		d.Runs = append(d.Runs, chart.Run{From: x.from, Days: int(x.to - x.from), Outcome: x.outcome})
	}
	return d
}

// calendar is what is known of days as such.
type calendar struct {
	today  period.Date
	worked map[period.Date]bool // something of the organisation was evaluated as of that day
}

// calendar reads on which days anything was evaluated.
func (r *Reader) calendar(ctx context.Context, s access.ReadScope, now time.Time) (calendar, error) {
	c := calendar{today: period.Of(now), worked: map[period.Date]bool{}}
	_, err := sqldb.Collect(ctx, r.db, func(row sqldb.Row) (int64, error) {
		var day int64
		err := row.Scan(&day)
		c.worked[period.Date(day)] = true
		return day, err
	}, `SELECT DISTINCT as_of / 86400000000 FROM evaluate_batch WHERE org_id = $1`, orgOf(s))
	return c, err
}

// joint is the strip of tests of the programme together.
func (p *programme) joint(span period.Period, tests []int, lists map[string][]tally) chart.StripData {
	var states, events [][]tally
	for _, i := range tests {
		if t := p.tests[i]; t.Definition.Kind == evaluate.Occurrence {
			events = append(events, lists[t.ID])
		} else {
			states = append(states, lists[t.ID])
		}
	}
	return joint(span, p.days, states, events)
}

// joint is the strip of tests together: each day the worst of them. A day on which some were evaluated and one was not,
// though it was before, has no answer: a gap is never a pass. A day on which none was stays empty. Tests of occurrences
// judge days on which nothing was evaluated, too: such a day is tested only by what went wrong on it, and shows neither a
// pass nor a missing answer of the state tests. A day that is not over and on which some are still to come is not tested
// yet, unless something went wrong already.
func joint(p period.Period, days calendar, states, events [][]tally) chart.StripData {
	d := chart.StripData{Period: p}
	var last period.Date
	for _, list := range slices.Concat(states, events) {
		if n := len(list); n > 0 {
			last = max(last, list[n-1].to)
		}
	}
	looked, due := coverage(p, states, last)
	judged, expected := coverage(p, events, last)
	short := func(i int) bool { return looked[i]+judged[i] < due[i]+expected[i] }
	unlooked := func(i int) bool {
		day := p.From + period.Date(i)
		return looked[i] == 0 && due[i] > 0 && !days.worked[day] || day == days.today && short(i)
	}
	for _, list := range states {
		for _, x := range list {
			if x.to == days.today+1 && p.Has(days.today) && unlooked(int(days.today-p.From)) && (x.outcome == chart.Pass || x.outcome == chart.NotApplicable) {
				x.to = days.today
			}
			d.Runs = append(d.Runs, chart.Run{From: x.from, Days: int(x.to - x.from), Outcome: x.outcome})
		}
	}
	for _, list := range events {
		for _, x := range list {
			if x.outcome != chart.Pass && x.outcome != chart.NotApplicable {
				d.Runs = append(d.Runs, chart.Run{From: x.from, Days: int(x.to - x.from), Outcome: x.outcome})
				continue
			}
			for at := x.from; at < x.to; at++ {
				if !unlooked(int(at - p.From)) {
					d.Runs = append(d.Runs, chart.Run{From: at, Days: 1, Outcome: x.outcome})
				}
			}
		}
	}
	for i := range p.Days() {
		if !unlooked(i) && looked[i]+judged[i] > 0 && short(i) {
			d.Runs = append(d.Runs, chart.Run{From: p.From + period.Date(i), Days: 1, Outcome: chart.Unknown})
		}
	}
	d.Runs = d.Normal()
	return d
}

// coverage counts, by day, the tests that said something, and those that were evaluated before and should have up to last.
func coverage(p period.Period, lists [][]tally, last period.Date) (said, due []int) {
	said, due = make([]int, p.Days()+1), make([]int, p.Days()+1) // changes first, then sums
	for _, list := range lists {
		for _, x := range list {
			said[x.from-p.From]++
			said[x.to-p.From]--
		}
		if len(list) > 0 {
			due[list[0].from-p.From]++
			due[last-p.From]--
		}
	}
	for i := 1; i < len(said); i++ {
		said[i] += said[i-1]
		due[i] += due[i-1]
	}
	return said, due
}

// Stretch is consecutive days on which something failed or gave no answer.
type Stretch struct {
	From    period.Date
	To      period.Date // first day after
	Outcome chart.Outcome
	Most    int64    // most failing (or unanswered) items on a day, over the tests of the stretch
	Tests   []string // those that did not pass in it
	Open    bool     // it reaches up to the last day that was evaluated
}

// Days is the number of days of the stretch.
func (x Stretch) Days() int { return int(x.To - x.From) }

// stretches lists what a joint strip shows other than passes, newest first.
func stretches(d chart.StripData, lists map[string][]tally, outcomes ...chart.Outcome) []Stretch {
	runs := d.Normal()
	var last period.Date
	for _, list := range lists {
		if n := len(list); n > 0 {
			last = max(last, list[n-1].to)
		}
	}
	var out []Stretch
	for _, run := range runs {
		if !slices.Contains(outcomes, run.Outcome) {
			continue
		}
		x := Stretch{From: run.From, To: run.From + period.Date(run.Days), Outcome: run.Outcome}
		x.Open = x.To == last
		for test, list := range lists {
			for _, y := range list {
				if y.outcome != run.Outcome || y.from >= x.To || y.to <= x.From {
					continue
				}
				if !slices.Contains(x.Tests, test) {
					x.Tests = append(x.Tests, test)
				}
				n := y.worst
				if run.Outcome == chart.Unknown {
					n = y.unknown
				}
				x.Most = max(x.Most, n)
			}
		}
		slices.Sort(x.Tests)
		out = append(out, x)
	}
	slices.Reverse(out)
	return out
}

// Figures count the days of an observation window as far as it has come.
type Figures struct {
	Days    int // of the whole window
	Elapsed int // of them, begun
	Tested  int
	Pass    int
	Fail    int // past the grace, where there is one
	Grace   int // failing, within it
	Unknown int // evaluated, or expected to be, without an answer
	Gap     int // not evaluated
}

// figures counts a strip within a window.
func figures(d chart.StripData, w period.Period, now time.Time) Figures {
	so := period.Period{From: w.From, To: min(w.To, period.Of(now)+1)}
	if so.To < so.From {
		so.To = so.From
	}
	n := chart.StripData{Period: so, Runs: d.Runs}.Counts()
	f := Figures{Days: w.Days(), Elapsed: so.Days(), Pass: n[chart.Pass], Fail: n[chart.Fail], Grace: n[chart.Grace], Unknown: n[chart.Unknown], Gap: n[chart.None]}
	f.Tested = f.Elapsed - f.Gap
	return f
}
