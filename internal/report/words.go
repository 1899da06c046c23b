package report

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// day is a civil day as reports write it: "1 January 2026".
func day(d period.Date) string { return d.Time().Format("2 January 2006") }

// between is a period by its first and last day.
func between(p period.Period) string {
	if p.Days() == 0 {
		return "[no period]"
	}
	return day(p.From) + " to " + day(p.Last())
}

// instant is a time with its zone: "1 January 2026, 09:00 UTC".
func instant(t time.Time) string {
	if t.IsZero() {
		return "not recorded"
	}
	return t.UTC().Format("2 January 2006, 15:04 UTC")
}

// stacked is an instant for a narrow column, the time below the day.
func stacked(t time.Time) string {
	if t.IsZero() {
		return "not recorded"
	}
	return t.UTC().Format("2 January 2006\n15:04 UTC")
}

// lasted is a length of time in its two largest units: "3 d 4 h".
func lasted(d time.Duration) string {
	switch {
	case d < 0:
		return "not known"
	case d < time.Minute:
		return "< 1 min"
	case d < time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + " min"
	case d < 24*time.Hour:
		return two(int(d/time.Hour), "h", int(d%time.Hour/time.Minute), "min")
	}
	days := int(d / (24 * time.Hour))
	if days >= 30 {
		return num(days) + "\u00a0d"
	}
	return two(days, "d", int(d%(24*time.Hour)/time.Hour), "h")
}

func two(a int, unit string, b int, small string) string {
	s := strconv.Itoa(a) + "\u00a0" + unit
	if b > 0 {
		s += " " + strconv.Itoa(b) + "\u00a0" + small
	}
	return s
}

// num groups digits by three: "20,000".
func num[T int | int64](n T) string {
	s := strconv.FormatInt(int64(n), 10)
	sign := ""
	if s[0] == '-' {
		sign, s = "−", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// count is a number with its noun: "1 day", "12 days", "2 entries".
func count[T int | int64](n T, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return num(n) + " " + many
}

// and joins names: "a", "a and b", "a, b and c".
func and(names []string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// of is the possessive of a name.
func of(name string) string {
	if strings.HasSuffix(name, "s") {
		return name + "’"
	}
	return name + "’s"
}

// fold joins the lines of each paragraph of a text as people write it in a file: an empty line begins a paragraph, a single
// line end does not, unless an entry of a list follows. Paragraphs and entries are parted by one line end.
func fold(s string) string {
	var b strings.Builder
	fresh := true
	for line := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
		line = strings.TrimSpace(line)
		entry := strings.HasPrefix(line, "- ") || strings.HasPrefix(line, "* ") || strings.HasPrefix(line, "• ")
		switch {
		case line == "":
			fresh = true
			continue
		case b.Len() == 0:
		case fresh || entry:
			b.WriteByte('\n')
		default:
			b.WriteByte(' ')
		}
		b.WriteString(line)
		fresh = false
	}
	return b.String()
}

// title is a text with a capital at its beginning.
func title(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return strings.ToUpper(s[:n]) + s[n:]
}

// categoryOrder is the order in which reports name the trust services categories.
var categoryOrder = []string{"security", "availability", "processing integrity", "confidentiality", "privacy"}

// categories are the names of the chosen categories in the order reports use; names from elsewhere follow.
func categories(chosen []string) []string {
	var out []string
	for _, c := range chosen {
		if c = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(c)), "_", " "); c != "" && !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	rank := func(c string) int {
		if i := slices.Index(categoryOrder, c); i >= 0 {
			return i
		}
		return len(categoryOrder)
	}
	slices.SortStableFunc(out, func(a, b string) int { return rank(a) - rank(b) })
	return out
}

// terms are words of the control library in a reader's words.
var terms = map[string]string{
	"per_event":           "each time the event occurs",
	"semi_annual":         "twice a year",
	"annual":              "once a year",
	"quarterly":           "once a quarter",
	"monthly":             "once a month",
	"weekly":              "once a week",
	"daily":               "once a day",
	"continuous":          "continuously",
	"automated":           "automated",
	"manual":              "manual",
	"it_dependent_manual": "manual, relying on information from a system",
}

// term is a word of the library for a reader; words that are not known lose their underscores only.
func term(s string) string {
	if t, ok := terms[s]; ok {
		return t
	}
	return strings.ReplaceAll(s, "_", " ")
}

// seriesNames are the topics of the criteria series (domain brief 2.1).
var seriesNames = []struct{ id, name string }{
	{"CC1", "Control environment"}, {"CC2", "Information and communication"}, {"CC3", "Risk assessment"},
	{"CC4", "Monitoring activities"}, {"CC5", "Control activities"}, {"CC6", "Logical and physical access"},
	{"CC7", "System operations"}, {"CC8", "Change management"}, {"CC9", "Risk mitigation"},
	{"A1", "Availability"}, {"C1", "Confidentiality"}, {"PI1", "Processing integrity"},
	{"P1", "Privacy: notice"}, {"P2", "Privacy: choice and consent"}, {"P3", "Privacy: collection"},
	{"P4", "Privacy: use, retention and disposal"}, {"P5", "Privacy: access"}, {"P6", "Privacy: disclosure and notification"},
	{"P7", "Privacy: quality"}, {"P8", "Privacy: monitoring and enforcement"},
}

// series is the series a criterion belongs to and its rank in a report; criteria from elsewhere come last.
func series(criterion string) (id, name string, rank int) {
	id, _, _ = strings.Cut(criterion, ".")
	for i, s := range seriesNames {
		if s.id == id {
			return s.id, s.name, i
		}
	}
	return "", "Other criteria", len(seriesNames)
}

// natural orders references so that X-2 comes before X-10.
func natural(a, b string) int {
	for a != "" && b != "" {
		x, y := digits(a), digits(b)
		if x > 0 && y > 0 {
			p, q := strings.TrimLeft(a[:x], "0"), strings.TrimLeft(b[:y], "0")
			if len(p) != len(q) {
				return len(p) - len(q)
			}
			if c := strings.Compare(p, q); c != 0 {
				return c
			}
			a, b = a[x:], b[y:]
			continue
		}
		if a[0] != b[0] {
			return int(a[0]) - int(b[0])
		}
		a, b = a[1:], b[1:]
	}
	return len(a) - len(b)
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
