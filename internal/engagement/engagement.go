// Package engagement is the examination: which report, over which period and criteria, and the frozen dossier that the
// report is made from.
package engagement

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// ID identifies an engagement.
type ID string

// The reports (domain brief 1.1). A SOC 2+ is a SOC 2 with the name of what is opined on besides.
const (
	SOC1 = "soc1"
	SOC2 = "soc2"
	SOC3 = "soc3"
)

// Engagement is one examination of the organisation's system.
type Engagement struct {
	ID         ID
	Ref        string // "SOC2-2026-1"
	Report     string // SOC1, SOC2 or SOC3
	Type       int    // 1 or 2; a SOC 3 is always over a period
	Title      string
	Categories []string
	Objectives []Objective   // of a SOC 1
	Plus       string        // what a SOC 2+ is opined on besides: the name of a framework
	Derived    ID            // of a SOC 3: the SOC 2 Type 2 it comes from
	Period     period.Period // of a Type 1 the one day as of which it speaks
	Firm       string        // the independent auditor's; empty until engaged
	Licence    string        // of the firm, with the board that gave it; empty while not recorded
	PeerReview period.Date   // of the firm's last peer review; 0 while not recorded
	Standards  []string
	Status     State
	Version    int // of the record; counts its changes
	Created    time.Time
	By         string
}

// Kind is the examination in words: "SOC 2 Type 2".
func (e Engagement) Kind() string { return KindOf(e.Report, e.Type, e.Plus) }

// KindOf is an examination in words: "SOC 1 Type 1", "SOC 2+ Type 2", "SOC 3".
func KindOf(report string, typ int, plus string) string {
	name := ReportName(report)
	switch {
	case report == SOC3:
		return name
	case plus != "":
		name += "+"
	}
	return fmt.Sprintf("%s Type %d", name, typ)
}

// ReportName is the report in words, without its type: "SOC 2".
func ReportName(report string) string {
	if n, ok := strings.CutPrefix(report, "soc"); ok {
		return "SOC " + n
	}
	return report
}

// Coverage is the date or the period in words.
func (e Engagement) Coverage() string {
	if e.Type == 1 {
		return "as of " + e.Period.From.String()
	}
	return e.Period.String()
}

// Objective is a control objective of a SOC 1 examination. Management states them; the catalogue is a starting point.
type Objective struct {
	ID         string   `json:"id"` // "ITGC-01" of the catalogue, or one of the organisation's own
	Process    string   `json:"process"`
	Statement  string   `json:"statement"`
	Assertions []string `json:"assertions"`
	By         string   `json:"by"`       // who specified it: management, or an outside party by name
	Own        bool     `json:"own"`      // not of the catalogue
	Controls   []string `json:"controls"` // references, besides those that name the objective themselves
}

// Frozen is a dossier that was taken of an engagement.
type Frozen struct {
	Engagement   ID
	Number       int
	SHA256       string
	At           time.Time
	By           string
	Seq          int64 // ledger entry that sealed it
	ReportSHA256 string
	ReportSeq    int64
	Pages        int
}

// Store keeps engagements and the dossiers taken of them. Laws: a dossier's number is the next of its engagement; a
// dossier or a report is recorded with its ledger entry in one transaction, and never changed.
type Store interface {
	Add(ctx context.Context, s access.Scope, e Engagement) (Engagement, error)
	Engagement(ctx context.Context, s access.ReadScope, idOrRef string) (Engagement, error)
	Engagements(ctx context.Context, s access.ReadScope) ([]Engagement, error)
	NextNumber(ctx context.Context, s access.ReadScope, e ID) (int, error)
	Freeze(ctx context.Context, s access.Scope, f Frozen) (Frozen, error)
	KeepReport(ctx context.Context, s access.Scope, f Frozen, sha256 string, pages int, at time.Time) (Frozen, error)
	Dossiers(ctx context.Context, s access.ReadScope, e ID) ([]Frozen, error)
}

// categories checks the chosen categories and puts them in order of presentation.
func (s *Service) categories(chosen []string) ([]string, []string, error) {
	ids, err := s.Catalog.ParseCategories(chosen)
	if err != nil {
		return nil, nil, err
	}
	var out, warnings []string
	for _, c := range s.Catalog.Categories() {
		if slices.Contains(ids, c.ID) {
			out = append(out, string(c.ID))
		}
	}
	if len(out) == 0 {
		return nil, nil, errs.New(errs.Invalid, "choose at least one category").At("categories")
	}
	if !slices.Contains(ids, catalog.Security) {
		warnings = append(warnings, "without Security the report is uncommon and may mislead readers who worry about intrusion; the common criteria still apply as far as they affect the chosen categories")
	}
	return out, warnings, nil
}
