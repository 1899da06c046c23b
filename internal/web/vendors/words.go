package vendors

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/org"
	"github.com/tickmark/tickmark/internal/vendors"
	"github.com/tickmark/tickmark/internal/web/page"
)

// dayField is a day as a field and an export show it.
func dayField(d period.Date) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// dayText is a day for people; a word for none.
func dayText(d period.Date, none string) string {
	if d == 0 {
		return none
	}
	return page.DateText(d)
}

// parseDay reads a day; an empty field is none.
func parseDay(f *page.Form, field string) period.Date {
	s := f.Get(field)
	if s == "" {
		return 0
	}
	d, err := period.ParseDate(s)
	if err != nil || d <= 0 {
		f.Wrong(field, "Give a day such as 2026-12-31, or leave it empty.")
		return 0
	}
	return d
}

// parseTime reads a day and an hour, in UTC; empty fields are none.
func parseTime(f *page.Form, field string) *time.Time {
	d := parseDay(f, field)
	if d == 0 {
		return nil
	}
	at := d.Time()
	if s := f.Get(field + "_at"); s != "" {
		h, err := time.Parse("15:04", s)
		if err != nil {
			f.Wrong(field+"_at", "Give an hour such as 17:30, in UTC.")
			return nil
		}
		at = at.Add(time.Duration(h.Hour())*time.Hour + time.Duration(h.Minute())*time.Minute)
	}
	return &at
}

// parseNumber reads a whole number; an empty field is none.
func parseNumber(f *page.Form, field string, none int) int {
	s := f.Get(field)
	if s == "" {
		return none
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		f.Wrong(field, "Give a whole number.")
		return none
	}
	return n
}

// words splits a field into references: between spaces, commas or lines.
func words(s string) []string {
	return strings.FieldsFunc(s, func(c rune) bool { return strings.ContainsRune(", ;\n\t\r", c) })
}

// textLines splits a field into lines.
func textLines(s string) []string {
	return strings.FieldsFunc(s, func(c rune) bool { return c == '\n' || c == '\r' })
}

func dataWords(data []vendors.Data) string {
	var out []string
	for _, d := range data {
		out = append(out, d.Title())
	}
	return strings.Join(out, ", ")
}

// due is a day that something is due, as a list says it.
func due(d, today period.Date) (text, key string) {
	switch {
	case d == 0:
		return "", ""
	case d < today:
		return page.DateText(d), "fail"
	case d <= today+30:
		return page.DateText(d), "risk"
	}
	return page.DateText(d), ""
}

// stageKey is the status key of a stage.
func stageKey(s vendors.Stage) string {
	switch s {
	case vendors.Used:
		return "pass"
	case vendors.Considered:
		return "prog"
	case vendors.Ended:
	}
	return "na"
}

// decisionKey is the status key of a decision. A person decided, so that it is no machine's green: the word carries it.
func decisionKey(d vendors.Decision) string {
	switch d {
	case vendors.Approved:
		return "pass"
	case vendors.Conditional:
		return "risk"
	case vendors.Rejected:
	}
	return "fail"
}

func replyKey(r vendors.Reply) string {
	switch r {
	case vendors.Yes:
		return "pass"
	case vendors.Partly:
		return "risk"
	case vendors.No:
		return "fail"
	case vendors.NoMatch:
	}
	return "na"
}

// opinionKey is the status key of an opinion as somebody read it.
func opinionKey(o vendors.Opinion) string {
	switch o {
	case vendors.Unqualified:
		return "pass"
	case vendors.Qualified:
		return "risk"
	case vendors.Adverse, vendors.Disclaimer:
		return "fail"
	case vendors.NotStated:
	}
	return "na"
}

func relianceKey(r vendors.Reliance) string {
	switch r {
	case vendors.Rely:
		return "pass"
	case vendors.RelyPartly:
		return "risk"
	case vendors.RelyNot:
	}
	return "fail"
}

// reportPeriod is what a report is about, for people.
func reportPeriod(x vendors.Report) string {
	if x.Kind.AsOf() {
		return "as of " + page.DateText(x.Period.Last())
	}
	return page.PeriodText(x.Period)
}

// noted is how many exceptions a report notes, for people.
func noted(n int) string {
	switch {
	case n < 0:
		return "not counted"
	case n == 0:
		return "none"
	}
	return page.Count(n)
}

func options[T ~string](all []T, title func(T) string) []page.Option {
	var out []page.Option
	for _, x := range all {
		out = append(out, page.Option{Value: string(x), Label: title(x)})
	}
	return out
}

// pct is a place on the scale of a drawing in percent.
func pct(units string) string {
	n, err := strconv.Atoi(units)
	if err != nil {
		return "0"
	}
	return strconv.Itoa(n * 100 / scale)
}

func methodWords(m org.Method) string {
	if m == org.Inclusive {
		return "Inclusive method"
	}
	return "Carve-out method"
}

func levelWord(l vendors.Level) string {
	switch l {
	case vendors.HighLevel:
		return "High"
	case vendors.MediumLevel:
		return "Medium"
	case vendors.LowLevel:
	}
	return "Low"
}

// findingURL is where a finding was written down.
func (v vendorView) findingURL(f finding) string {
	if strings.HasPrefix(f.Of, vendors.Prefix(vendors.KindReport)) {
		return reportURL(v.Ref, f.Of)
	}
	return assessmentURL(v.Ref, f.Of)
}

// query is parameters of an address.
func query(pairs ...string) string {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

func daysOf(n int) period.Date { return period.Date(n) }

func findingsOf(of string, list []vendors.Finding) []finding {
	out := make([]finding, len(list))
	for i, f := range list {
		out[i] = finding{f, of, i + 1}
	}
	return out
}

func findingCount(n int) string {
	if n == 0 {
		return "none"
	}
	return page.Count(n)
}
