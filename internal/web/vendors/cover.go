package vendors

import (
	"math"
	"strconv"

	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/vendors"
	"github.com/tickmark/tickmark/internal/web/page"
)

// late is how many days after an examined period a report or a letter may still come.
const late = 92

// scale is the width of a drawing of days, in its own units.
const scale = 1000

// bar is a stretch of a drawing.
type bar struct {
	X, W   string // in units of the scale
	Kind   string // "report", "bridge", "gap", "wait", "due" or "window"
	Text   string
	Period period.Period
}

// lane is one report or letter on its own line.
type lane struct {
	Ref, Href, Kind string
	bar
	Faded bool // it covers nothing
}

// cover is what reports and letters of a vendor cover of a stretch of days, drawn.
type cover struct {
	Over    period.Period
	Bars    []bar // what is covered, and what is not
	Lanes   []lane
	Gaps    []period.Period // of the examined period, up to today
	Holes   []period.Period // of them, those that no report to come will close
	Exam    bar
	Label   string // where the name of the examined period stands when it is too short to carry it: "before" or "after"
	Unused  bool   // the vendor was not used in the examined period
	Months  []mark
	Says    string // in a sentence
	Last    period.Date
	Remarks []vendors.Remark
}

// mark is a month under a drawing.
type mark struct {
	X    string // in percent
	Text string
}

// used is when a vendor is used, as far as it is known. What covers other days is not missed.
func used(v vendors.Vendor) period.Period {
	p := period.Period{From: v.Started, To: math.MaxInt32}
	if v.Started == 0 {
		p.To = 0
	}
	if v.Exit.Ended != nil {
		p.To = max(p.From, period.Of(*v.Exit.Ended)+1)
	}
	return p
}

// coverOf draws a vendor's coverage over a stretch of days. What lies ahead of today is not a gap: no report can be there yet.
func coverOf(f vendors.File, rules vendors.Rules, over, exam period.Period, today period.Date) *cover {
	c := f.Coverage(rules)
	d := &cover{Over: over, Last: c.Last(), Remarks: c.Remarks}
	x := func(p period.Period, kind string) bar { return place(over, p, kind) }
	for _, s := range c.Spans {
		kind := "report"
		if s.Bridge {
			kind = "bridge"
		}
		if over.Overlap(s.Period).Days() > 0 {
			d.Bars = append(d.Bars, x(s.Period, kind))
		}
	}
	use := used(f.Vendor)
	for _, g := range c.Gaps(use.Overlap(period.Period{From: over.From, To: min(over.To, today+1)})) {
		kind := "gap"
		if d.Last != 0 && g.From > d.Last && today <= exam.To+late { // a report comes after its period
			kind = "wait"
		}
		d.Bars = append(d.Bars, x(g, kind))
	}
	if today+1 < over.To {
		for _, g := range c.Gaps(use.Overlap(period.Period{From: max(over.From, today+1), To: over.To})) {
			d.Bars = append(d.Bars, x(g, "due"))
		}
	}
	need := use.Overlap(period.Period{From: exam.From, To: min(exam.To, today+1)})
	d.Unused = need.Days() <= 0
	d.Gaps = c.Gaps(need)
	d.Holes = c.Gaps(period.Period{From: need.From, To: min(need.To, d.Last+1)})
	if d.Last == 0 || today > exam.To+late {
		d.Holes = d.Gaps
	}
	d.Exam = x(exam, "window")
	if over.Days() > 0 && over.Overlap(exam).Days()*4 < over.Days() {
		d.Label = "after"
		if int(exam.From-over.From)*2 > over.Days() {
			d.Label = "before"
		}
	}
	d.Says = d.sentence(exam, today)
	return d
}

// withLanes adds a line for each report and letter, and the months.
func (d *cover) withLanes(f vendors.File, rules vendors.Rules) *cover {
	counted := map[string]period.Period{}
	for _, s := range f.Coverage(rules).Spans {
		counted[s.Ref] = s.Period
	}
	add := func(ref, href, kind, said string, p period.Period) {
		if d.Over.Overlap(p).Days() == 0 {
			return
		}
		_, ok := counted[ref]
		d.Lanes = append(d.Lanes, lane{Ref: ref, Href: href, Kind: said, bar: place(d.Over, p, kind), Faded: !ok})
	}
	for i := len(f.Filed) - 1; i >= 0; i-- {
		if x := f.Filed[i]; !x.Removed {
			add(x.Ref, reportURL(f.Ref, x.Ref), "report", x.Kind.Title(), x.Period)
		}
	}
	for i := len(f.Letters) - 1; i >= 0; i-- {
		if x := f.Letters[i]; !x.Removed {
			add(x.Ref, "", "bridge", "Bridge letter", x.Period)
		}
	}
	step := max(2, d.Over.Days()/30/12)
	for n, at := 0, firstOfMonth(d.Over.From); at < d.Over.To; n++ {
		if x := percent(d.Over, at); at >= d.Over.From && n%step == 0 && x < 95 { // the last would be cut off
			d.Months = append(d.Months, mark{strconv.Itoa(x), at.Time().Format("Jan 06")})
		}
		at = firstOfMonth(at + 32)
	}
	return d
}

func firstOfMonth(d period.Date) period.Date {
	t := d.Time()
	return period.Make(t.Year(), t.Month(), 1)
}

// place puts a stretch of days on the scale; what is there is never too thin to be seen.
func place(over, p period.Period, kind string) bar {
	p = over.Overlap(p)
	if over.Days() == 0 || p.Days() == 0 {
		return bar{X: "0", W: "0", Kind: kind, Period: p}
	}
	x := int(p.From-over.From) * scale / over.Days()
	w := max(int(p.To-over.From)*scale/over.Days()-x, 3)
	return bar{X: strconv.Itoa(x), W: strconv.Itoa(w), Kind: kind, Period: p}
}

func percent(over period.Period, at period.Date) int {
	if over.Days() == 0 {
		return 0
	}
	return min(max(int(at-over.From)*100/over.Days(), 0), 100)
}

// sentence says the drawing in words.
func (d *cover) sentence(exam period.Period, today period.Date) string {
	sum := func(all []period.Period) int {
		n := 0
		for _, g := range all {
			n += g.Days()
		}
		return n
	}
	reach := "; what is on file reaches to " + page.DateText(d.Last)
	if n := int(today - d.Last); d.Last != 0 && n > 0 {
		reach += ", " + page.Plural(n, "day", "days") + " ago"
	}
	reach += "."
	switch n, holes := sum(d.Gaps), sum(d.Holes); {
	case d.Unused:
		return "It was not used in the examined period."
	case d.Last == 0:
		return "Nothing on file covers any day."
	case n == 0:
		return "Every day of the examined period up to today is covered" + reach
	case holes == 0:
		return page.Plural(n, "day", "days") + " of the examined period wait for the next report" + reach
	default:
		return "Nothing covers " + page.Plural(holes, "day", "days") + " of the examined period (" + page.PeriodText(exam) + ")" + reach
	}
}

// stretch is what the drawing on a vendor's page spans: the examined period, and a year and a half around today.
func stretch(exam period.Period, today period.Date) period.Period {
	return period.Period{From: min(exam.From, today-540), To: max(exam.To, today+60)}
}

// gapWords names gaps, the first few of them.
func gapWords(gaps []period.Period) []string {
	var out []string
	for _, g := range gaps {
		out = append(out, page.PeriodText(g)+" ("+page.Plural(g.Days(), "day", "days")+")")
	}
	return out
}

// of lists what is odd about one report or letter.
func (d *cover) of(ref string) []string {
	var out []string
	for _, x := range d.Remarks {
		if x.Ref == ref {
			out = append(out, x.Text)
		}
	}
	return out
}
