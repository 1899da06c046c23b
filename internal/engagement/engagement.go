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
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// ID identifies an engagement.
type ID string

// Engagement is one examination of the organisation's system.
type Engagement struct {
	ID         ID
	Ref        string // "SOC2-2026-1"
	Report     string // "soc2"
	Type       int    // 1 or 2
	Title      string
	Categories []string
	Period     period.Period
	Firm       string // the independent auditor's; empty until engaged
	Standards  []string
	Status     string
	Created    time.Time
	By         string
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

// Limits that the domain brief (1.2) calls custom: a period below them is allowed, and warned about.
const (
	shortPeriod     = 180 // days
	veryShortPeriod = 90
)

// defaultStandards are the attestation standards a SOC 2 examination follows; text with an effective date, not code
// (domain brief 1.1).
var defaultStandards = []string{"AT-C section 105", "AT-C section 205", "TSP section 100 (2017 trust services criteria)", "DC section 200 (2018 description criteria)"}

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

// New is what creating an engagement needs.
type New struct {
	Title      string
	Categories []string
	Period     period.Period
	Firm       string
}

// Create makes a SOC 2 Type 2 engagement. The warnings are custom, not rules: they stop nothing.
func (s *Service) Create(ctx context.Context, scope access.Scope, now time.Time, n New) (Engagement, []string, error) {
	if err := scope.Require(access.ManageEngagement); err != nil {
		return Engagement{}, nil, err
	}
	cats, warnings, err := s.categories(n.Categories)
	if err != nil {
		return Engagement{}, nil, err
	}
	switch days := n.Period.Days(); {
	case days <= 0:
		return Engagement{}, nil, errs.New(errs.Invalid, "the period ends before it begins").At("period")
	case days > 3*366:
		return Engagement{}, nil, errs.New(errs.Invalid, "a period of %d days is longer than three years", days).At("period")
	case days < veryShortPeriod:
		warnings = append(warnings, fmt.Sprintf("a period of %d days is very short: readers and auditors usually expect at least three months, and six or twelve as a rule", days))
	case days < shortPeriod:
		warnings = append(warnings, fmt.Sprintf("a period of %d days is shorter than the customary six months", days))
	}
	e := Engagement{
		ID: ID(id.New("eng", now)), Report: "soc2", Type: 2, Title: strings.TrimSpace(n.Title), Categories: cats, Period: n.Period, Firm: strings.TrimSpace(n.Firm),
		Standards: defaultStandards, Status: "observation", Created: now, By: scope.Actor(),
	}
	if e.Title == "" {
		e.Title = fmt.Sprintf("SOC 2 Type 2, %s", e.Period)
	}
	if len(e.Title) > 200 || len(e.Firm) > 200 {
		return Engagement{}, nil, errs.New(errs.Invalid, "title and firm have at most 200 bytes").At("title")
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if e, err = s.Store.Add(ctx, scope, e); err != nil {
			return err
		}
		_, err = s.Ledger.Store.Append(ctx, scope, now, "engagement.created", string(e.ID), map[string]any{"ref": e.Ref, "report": e.Report, "type": e.Type, "categories": cats, "period": e.Period, "firm": e.Firm})
		return err
	})
	return e, warnings, err
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
