package engagement

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Limits that the domain brief (1.2) calls custom: a period below them is allowed, and warned about.
const (
	ShortPeriod     = 180 // days
	veryShortPeriod = 90
	longestPeriod   = 3 * 366
)

// Lengths in characters of what people write here.
const (
	maxTitle      = 200
	maxStatement  = 1000
	maxReason     = 1000
	maxObjectives = 100
)

// standards are the attestation standards an examination follows; text with an effective date, not code (domain brief 1.1).
var standards = map[string][]string{
	SOC1: {"AT-C section 105", "AT-C section 205", "AT-C section 320"},
	SOC2: {"AT-C section 105", "AT-C section 205", "TSP section 100 (2017 trust services criteria)", "DC section 200 (2018 description criteria)"},
	SOC3: {"AT-C section 105", "AT-C section 205", "TSP section 100 (2017 trust services criteria)"},
}

// New is what creating an engagement needs.
type New struct {
	Report     string // SOC2 when empty
	Type       int    // 2 when 0
	Title      string
	Categories []string    // of a SOC 2
	Objectives []Objective // of a SOC 1: of the catalogue by ID alone, or whole ones of one's own
	Plus       string      // a framework that a SOC 2+ is opined on besides
	From       string      // of a SOC 3: the SOC 2 Type 2 it comes from, by reference or identifier
	Period     period.Period
	Firm       string
	// State is where an examination already is that is entered late: at most Observation. Empty is Planning.
	State State
}

// Create makes an engagement. The warnings are custom, not rules: they stop nothing.
func (s *Service) Create(ctx context.Context, scope access.Scope, now time.Time, n New) (Engagement, []string, error) {
	if err := scope.Require(access.ManageEngagement); err != nil {
		return Engagement{}, nil, err
	}
	e, warnings, err := s.plan(ctx, scope.ReadScope, n)
	if err != nil {
		return Engagement{}, nil, err
	}
	e.ID, e.Created, e.By, e.Version = ID(id.New("eng", now)), now, scope.Actor(), 1
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if e, err = s.Store.Add(ctx, scope, e); err != nil {
			return err
		}
		said := map[string]any{"ref": e.Ref, "report": e.Report, "type": e.Type, "categories": e.Categories, "period": e.Period, "firm": e.Firm, "state": string(e.Status)}
		if e.Plus != "" {
			said["plus"] = e.Plus
		}
		if e.Derived != "" {
			said["from"] = string(e.Derived)
		}
		if len(e.Objectives) > 0 {
			said["objectives"] = len(e.Objectives)
		}
		_, err = s.Ledger.Store.Append(ctx, scope, now, "engagement.created", string(e.ID), said)
		return err
	})
	return e, warnings, err
}

// plan checks what was asked for, and fills in what follows from it.
func (s *Service) plan(ctx context.Context, scope access.ReadScope, n New) (Engagement, []string, error) {
	e := Engagement{
		Report: cmp.Or(n.Report, SOC2), Type: cmp.Or(n.Type, 2), Title: text.Line(n.Title), Plus: text.Line(n.Plus), Period: n.Period, Firm: text.Line(n.Firm),
		Status: cmp.Or(n.State, Planning), Categories: []string{},
	}
	e.Standards = standards[e.Report]
	switch {
	case e.Standards == nil:
		return e, nil, errs.New(errs.Invalid, "%q is no report that can be examined here", e.Report).At("report").WithHint("Reports: soc1, soc2, soc3.")
	case e.Type != 1 && e.Type != 2:
		return e, nil, errs.New(errs.Invalid, "a report is of Type 1 or of Type 2").At("type")
	case e.Report == SOC3 && e.Type == 1:
		return e, nil, errs.New(errs.Invalid, "a SOC 3 is always over a period: there is no Type 1 of it").At("type")
	case !slices.Contains(order, e.Status) || e.Status.Reached(PBC) || e.Status == Observation && e.Type == 1:
		return e, nil, errs.New(errs.Invalid, "an engagement cannot be entered as %q", e.Status).At("state").WithHint("At most as one whose period is being observed; the steps after that need its records.")
	}
	if e.Report == SOC3 {
		if err := s.derive(ctx, scope, &e, n.From); err != nil {
			return e, nil, err
		}
	}
	warnings, err := s.terms(&e, Terms{Categories: n.Categories, Objectives: n.Objectives, Plus: e.Plus, Period: e.Period})
	if err != nil {
		return e, nil, err
	}
	if e.Title == "" {
		e.Title = e.Kind() + ", " + e.Coverage()
	}
	for _, x := range [][3]string{{"title", "the title", e.Title}, {"firm", "the firm's name", e.Firm}, {"plus", "the framework", e.Plus}} {
		if utf8.RuneCountInString(x[2]) > maxTitle {
			return e, nil, errs.New(errs.Invalid, "%s has at most %d characters", x[1], maxTitle).At(x[0])
		}
	}
	more, err := s.gaps(ctx, scope, e)
	return e, append(warnings, more...), err
}

// derive takes over what a SOC 3 has from the SOC 2 Type 2 it comes from.
func (s *Service) derive(ctx context.Context, scope access.ReadScope, e *Engagement, from string) error {
	if strings.TrimSpace(from) == "" {
		return errs.New(errs.Invalid, "a SOC 3 comes from a SOC 2 Type 2: say from which").At("from")
	}
	src, err := s.Store.Engagement(ctx, scope, strings.TrimSpace(from))
	if errs.Is(err, errs.NotFound) {
		return errs.New(errs.Invalid, "there is no engagement %q", from).At("from")
	}
	if err != nil {
		return err
	}
	if src.Report != SOC2 || src.Type != 2 || src.Status == Cancelled {
		return errs.New(errs.Invalid, "%s is a %s (%s): a SOC 3 comes from a SOC 2 Type 2", src.Ref, src.Kind(), strings.ToLower(src.Status.Title())).At("from")
	}
	e.Derived, e.Categories, e.Period, e.Plus = src.ID, src.Categories, src.Period, ""
	if e.Firm == "" {
		e.Firm, e.Licence, e.PeerReview = src.Firm, src.Licence, src.PeerReview
	}
	return nil
}

// terms checks what an examination is about, and sets it.
func (s *Service) terms(e *Engagement, t Terms) (warnings []string, err error) {
	if e.Report != SOC2 && t.Plus != "" {
		return nil, errs.New(errs.Invalid, "only a SOC 2 is opined on together with another framework").At("plus")
	}
	switch e.Report {
	case SOC1:
		if e.Objectives, err = s.objectives(t.Objectives); err != nil {
			return nil, err
		}
		e.Categories = []string{}
	case SOC2:
		if e.Categories, warnings, err = s.categories(t.Categories); err != nil {
			return nil, err
		}
	}
	if e.Report != SOC3 {
		e.Plus, e.Period = t.Plus, t.Period
	}
	more, err := checkPeriod(e.Type, e.Period)
	return append(warnings, more...), err
}

// checkPeriod holds a date or a period to the rules of domain brief 1.2.
func checkPeriod(typ int, p period.Period) (warnings []string, err error) {
	days := int(p.To - p.From)
	switch {
	case typ == 1 && days != 1:
		return nil, errs.New(errs.Invalid, "a Type 1 speaks as of one day").At("as_of")
	case typ == 1:
		return nil, nil
	case days <= 0:
		return nil, errs.New(errs.Invalid, "the period ends before it begins").At("period")
	case days == 1:
		return nil, errs.New(errs.Invalid, "a period ends after the day it begins on").At("period").WithHint("For one day choose Type 1.")
	case days > longestPeriod:
		return nil, errs.New(errs.Invalid, "a period of %d days is longer than three years", days).At("period")
	case days < veryShortPeriod:
		warnings = append(warnings, fmt.Sprintf("a period of %d days is very short: readers and auditors usually expect at least three months, and six or twelve as a rule", days))
	case days < ShortPeriod:
		warnings = append(warnings, fmt.Sprintf("a period of %d days is shorter than the customary six months", days))
	}
	return warnings, nil
}

// gaps warns of days that no report covers, between the period and the one before it of the same report.
func (s *Service) gaps(ctx context.Context, scope access.ReadScope, e Engagement) ([]string, error) {
	if e.Type != 2 {
		return nil, nil
	}
	all, err := s.Store.Engagements(ctx, scope)
	if err != nil {
		return nil, err
	}
	before, found := Before(e, all)
	if days := int(e.Period.From - before.Period.To); found && days > 0 {
		return []string{fmt.Sprintf("between the end of %s on %s and this period lie %d days that no report covers", before.Ref, before.Period.Last(), days)}, nil
	}
	return nil, nil
}

// Before is the examination of the same report whose period ended last before the end of this one.
func Before(e Engagement, all []Engagement) (out Engagement, found bool) {
	for _, x := range all {
		if x.ID == e.ID || x.Report != e.Report || x.Type != 2 || x.Status == Cancelled || x.Period.To >= e.Period.To {
			continue
		}
		if !found || x.Period.To > out.Period.To {
			out, found = x, true
		}
	}
	return out, found
}

// objectives checks the control objectives of a SOC 1: those of the catalogue are filled in from it.
func (s *Service) objectives(list []Objective) ([]Objective, error) {
	bad := func(format string, args ...any) error {
		return errs.New(errs.Invalid, format, args...).At("objectives")
	}
	if len(list) == 0 {
		return nil, bad("a SOC 1 needs at least one control objective")
	}
	if len(list) > maxObjectives {
		return nil, bad("%d objectives are too many; at most %d are kept", len(list), maxObjectives)
	}
	seen, out := map[string]bool{}, make([]Objective, 0, len(list))
	for _, o := range list {
		o.ID, o.Process, o.Statement, o.By = strings.ToUpper(text.Line(o.ID)), text.Line(o.Process), text.Line(o.Statement), cmp.Or(text.Line(o.By), "management")
		if known, err := s.Catalog.Objective(o.ID); err == nil {
			o.Process, o.Statement, o.Own = known.Process, cmp.Or(o.Statement, known.Statement), false
			if len(o.Assertions) == 0 {
				o.Assertions = known.Assertions
			}
		} else if o.Own = true; o.Statement == "" {
			return nil, bad("%q is no objective of the catalogue, and says nothing", o.ID)
		}
		if o.ID == "" || len(o.ID) > 20 || strings.ContainsAny(o.ID, " ,;") || seen[o.ID] {
			return nil, bad("the identifier %q stands twice, is missing, or is no short word", o.ID)
		}
		if utf8.RuneCountInString(o.Statement) > maxStatement || utf8.RuneCountInString(o.Process) > maxTitle || utf8.RuneCountInString(o.By) > maxTitle {
			return nil, bad("objective %s is longer than what is kept", o.ID)
		}
		seen[o.ID] = true
		o.Assertions, o.Controls = orEmpty(o.Assertions), orEmpty(o.Controls)
		out = append(out, o)
	}
	slices.SortStableFunc(out, func(a, b Objective) int { return s.Catalog.CompareObjectives(a.ID, b.ID) })
	return out, nil
}
