// Package issue carries an examination from the firm's work to the readers of its report: what the firm hands over, the report
// as its partner issues it, and who has it. The auditor issues, the client distributes.
//
// Sources: domain brief 1.1 (who may read which report), 1.2 (dates and age), 4.2 (section I), 4.6 (who may issue), 11 (invariants).
package issue

import (
	"context"
	"fmt"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Words is what the auditor writes for section I. Every word is the auditor's: nothing is proposed.
type Words struct {
	Addressee  string             `json:"addressee"`
	City       string             `json:"city"`
	Paragraphs []engagement.Named `json:"paragraphs"`
	Opinions   map[string]string  `json:"opinions"` // by matter
	Readers    []string           `json:"readers"`  // to whom the use is restricted
	Version    int                `json:"-"`        // 0 when nothing was written yet
	At         time.Time          `json:"-"`
	By         string             `json:"-"`
}

// Headings are the parts of section I before the opinion (domain brief 4.2), in order. The headings are ours, the words are not.
func Headings(e engagement.Engagement) []string {
	out := []string{"Scope", "Responsibilities of the service organisation", "Responsibilities of the service auditor", "Inherent limitations"}
	if e.Type == 2 && e.Report != engagement.SOC3 {
		out = append(out, "Description of tests of controls")
	}
	return out
}

// Paragraph is the text under a heading.
func (w Words) Paragraph(heading string) string {
	for _, p := range w.Paragraphs {
		if p.Name == heading {
			return p.Text
		}
	}
	return ""
}

// Matters are what the auditor of an engagement gives an opinion on (domain brief 4.5).
func Matters(e engagement.Engagement) []string {
	switch {
	case e.Report == engagement.SOC3:
		return []string{engagement.MatterOperation}
	case e.Type == 1:
		return []string{engagement.MatterDescription, engagement.MatterDesign}
	}
	return []string{engagement.MatterDescription, engagement.MatterDesign, engagement.MatterOperation}
}

// Standing is the auditor's working view of a criterion, as it was handed over. It is no opinion.
type Standing struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	Status string `json:"status"` // of fieldwork
	Why    string `json:"why"`
}

// Body is what a hand-over holds; its canonical form is hashed.
type Body struct {
	V          int                       `json:"v"`
	Engagement string                    `json:"engagement"`
	Number     int                       `json:"number"`
	Firm       string                    `json:"firm"`
	Work       []engagement.Work         `json:"work"`
	Standings  []Standing                `json:"standings"`
	Left       int                       `json:"left"` // workpapers that stay with the firm because nobody reviewed them yet
	Bare       int                       `json:"bare"` // controls in scope that no workpaper tests
	Reviewed   period.Date               `json:"reviewed,omitzero"`
	Auditor    *engagement.AuditorReport `json:"auditor,omitempty"` // section I, once the partner handed it over
}

// Deviations counts what the auditor noted.
func (b Body) Deviations() int {
	n := 0
	for _, w := range b.Work {
		n += len(w.Deviations)
	}
	return n
}

// HandOver is a version of what the firm gave the client for the report. It never changes.
type HandOver struct {
	ID         string
	Engagement engagement.ID
	Number     int
	SHA256     string
	At         time.Time
	By         string
	Seq        int64 // of the client's ledger
	Body       Body
}

// File is one file of an issued report.
type File struct {
	Name   string `json:"name"` // "soc2-2026-1.pdf"
	Format string `json:"format"`
	Title  string `json:"title"`
	Type   string `json:"type"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// Version is a report as it was issued. It never changes; a later one replaces it with a reason.
type Version struct {
	ID            string
	Engagement    engagement.ID
	Number        int
	Dossier       int
	DossierSHA256 string
	HandOver      int
	HandOverSHA   string
	Kind          string // "SOC 2 Type 2"
	Coverage      period.Period
	Firm          string
	Date          period.Date // of the auditor's report
	Pages         int
	Files         []File
	Bundle        *Bundle // nil for what was issued before there were bundles
	Reason        string  // why it was issued again; empty for the first
	At            time.Time
	By            string
	Seq           int64
}

// File finds a file by its format.
func (v Version) File(format string) (File, bool) {
	for _, f := range v.Files {
		if f.Format == format {
			return f, true
		}
	}
	return File{}, false
}

// Response is management's answer to the deviations that a test of its own found. It is not audited.
type Response struct {
	engagement.Response
	Version int
	At      time.Time
	By      string
}

// Publication is the time in which a report for general use is there for anybody.
type Publication struct {
	At      time.Time
	By      string
	Ended   *time.Time
	EndedBy string
}

// Store keeps hand-overs, the auditor's words, issued versions and management's responses. Laws: numbers follow each other without
// gaps for each engagement; nothing that was added changes, but for the end of a publication; adding with a number or version that is
// taken is a Conflict.
type Store interface {
	AddHandOver(ctx context.Context, s access.Scope, h HandOver) error
	// HandOvers lists them, the newest first.
	HandOvers(ctx context.Context, s access.ReadScope, e engagement.ID) ([]HandOver, error)
	AddWords(ctx context.Context, s access.Scope, engagement string, w Words) error
	// Words are the newest; zero when nothing was written.
	Words(ctx context.Context, s access.ReadScope, engagement string) (Words, error)
	AddVersion(ctx context.Context, s access.Scope, v Version) error
	// SealBundle keeps the archive of a version that waits for it; a Conflict when none does.
	SealBundle(ctx context.Context, s access.Scope, e engagement.ID, number int, b Bundle) error
	// Versions lists them, the newest first.
	Versions(ctx context.Context, s access.ReadScope, e engagement.ID) ([]Version, error)
	AddResponse(ctx context.Context, s access.Scope, e engagement.ID, r Response) error
	// Responses are the newest of each test, by test.
	Responses(ctx context.Context, s access.ReadScope, e engagement.ID) ([]Response, error)
	AddPublication(ctx context.Context, s access.Scope, e engagement.ID, p Publication) error
	EndPublication(ctx context.Context, s access.Scope, e engagement.ID, p Publication) error
	// Publications lists them, the newest first.
	Publications(ctx context.Context, s access.ReadScope, e engagement.ID) ([]Publication, error)
}

// Age is how old a report is, counted from the end of what it covers (domain brief 1.2): no standard gives an expiry date; by market
// custom a report counts as current for twelve months.
type Age struct {
	Ended  period.Date // last day of coverage
	Months int         // full months since
	Old    bool        // older than the client's terms call current
}

// Months is how many full months lie between two days; 0 when the second is not later.
func Months(from, to period.Date) int {
	a, b := from.Time(), to.Time()
	n := (b.Year()-a.Year())*12 + int(b.Month()) - int(a.Month())
	if b.Day() < a.Day() {
		n--
	}
	return max(0, n)
}

// AgeOf is the age of a report that covers p, on a day.
func AgeOf(p period.Period, today period.Date, current int) Age {
	m := Months(p.Last(), today)
	return Age{Ended: p.Last(), Months: m, Old: m >= current}
}

// Words are the age in words: "Coverage ended 3 months ago, on 2026-06-30."
func (a Age) Words() string {
	when := "less than a month ago"
	switch {
	case a.Months == 1:
		when = "a month ago"
	case a.Months > 1:
		when = fmt.Sprintf("%d months ago", a.Months)
	}
	s := fmt.Sprintf("Coverage ended %s, on %s.", when, a.Ended)
	if a.Old {
		s += " By the custom of the market it is not taken as current any more; ask for a newer report or a bridge letter."
	}
	return s
}
