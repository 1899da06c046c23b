package fieldwork

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// StaleFinding is the cause of a Conflict when somebody else changed a finding meanwhile.
type StaleFinding struct{ Theirs Finding }

// Error names the version.
func (s *StaleFinding) Error() string {
	return s.Theirs.Ref + " is at version " + itoa(s.Theirs.Version)
}

// StaleShared is the cause of a Conflict when somebody else answered meanwhile, or the firm shared another text.
type StaleShared struct{ Theirs Shared }

// Error names the version.
func (s *StaleShared) Error() string {
	return s.Theirs.Ref + " is at version " + itoa(s.Theirs.Version)
}

// Facts is what people say about a finding.
type Facts struct {
	Title      string
	Nature     string
	Cause      string
	Extent     string
	Systematic bool
	Detected   bool
	Fixed      string
	Instead    string
	InsteadWhy string
}

func (f *Finding) say(x Facts) error {
	var err error
	if f.Title, err = line("title", "the title", x.Title); err != nil {
		return err
	}
	if f.Nature = x.Nature; f.Nature != "design" && f.Nature != "operation" {
		return errs.New(errs.Invalid, "is it about the design or the operation of the control?").At("nature")
	}
	for _, w := range []struct {
		to             *string
		at, what, said string
	}{{&f.Cause, "cause", "the cause", x.Cause}, {&f.Extent, "extent", "the extent", x.Extent}, {&f.Fixed, "fixed", "what was done", x.Fixed}, {&f.InsteadWhy, "instead_why", "the reason", x.InsteadWhy}} {
		if *w.to, err = words(w.at, w.what, w.said); err != nil {
			return err
		}
	}
	if f.Instead = strings.ToUpper(text.Line(x.Instead)); f.Instead != "" && f.InsteadWhy == "" {
		return errs.New(errs.Invalid, "say how %s compensates: it has to meet the same criterion", f.Instead).At("instead_why")
	}
	f.Systematic, f.Detected = x.Systematic, x.Detected
	return nil
}

// Report makes a finding of every exception of a workpaper that none reports yet; exceptions with another cause can be reported
// apart by naming their items.
func (s *Service) Report(ctx context.Context, a access.AuditScope, now time.Time, ref string, items []int, x Facts) (Finding, error) {
	f := Finding{ID: id.New("fnd", now), Engagement: a.Engagement, At: now, By: a.Firm.Actor(), Version: 1}
	if err := f.say(x); err != nil {
		return f, err
	}
	_, err := s.change(ctx, a, access.Examine, ref, 0, func(ctx context.Context, p *Paper) error {
		if err := p.unlocked(); err != nil {
			return err
		}
		if err := s.compensates(ctx, a, f); err != nil {
			return err
		}
		sh, err := s.Sheet(ctx, a, ref)
		if err != nil {
			return err
		}
		cells := sh.unreported(items)
		if len(cells) == 0 {
			return errs.New(errs.Conflict, "%s has no exception that is not reported already", p.Ref).WithHint("Mark the exceptions first.")
		}
		f.Paper, f.PaperRef, f.Control, f.Criteria = p.ID, p.Ref, p.Control, p.Criteria
		f.rate(sh, cells)
		if f, err = s.Findings.AddFinding(ctx, a.Firm, f); err != nil {
			return err
		}
		for i := range cells {
			cells[i].Finding, cells[i].Version = f.Ref, cells[i].Version+1
		}
		stale, err := s.Papers.SaveCells(ctx, a.Firm, p.ID, cells)
		if err != nil {
			return err
		}
		if len(stale) > 0 {
			return errs.New(errs.Conflict, "an exception was changed meanwhile").WithHint("Open the testing sheet again.")
		}
		return s.told(ctx, a, now, "deviation.recorded", f.ID, map[string]any{"ref": f.Ref, "paper": p.Ref, "control": p.Control, "count": f.Count, "of": f.Of, "items": f.Items, "cause": f.Cause, "systematic": f.Systematic})
	})
	return f, err
}

// compensates checks that a control that is named instead exists.
func (s *Service) compensates(ctx context.Context, a access.AuditScope, f Finding) error {
	if f.Instead == "" {
		return nil
	}
	_, err := s.Controls.Control(ctx, a.Client, f.Instead)
	if errs.Is(err, errs.NotFound) {
		return errs.New(errs.Invalid, "the client has no control %s", f.Instead).At("instead")
	}
	return err
}

// unreported are the exceptions that no finding reports, of all items or of some.
func (sh *Sheet) unreported(items []int) []Cell {
	var out []Cell
	for _, x := range sh.Items {
		for _, t := range sh.Paper.Attributes {
			c := sh.Cell(x.N, t.Letter)
			if x.Void == "" && c.Mark == Exception && c.Finding == "" && (len(items) == 0 || slices.Contains(items, x.N)) {
				out = append(out, c)
			}
		}
	}
	return out
}

// rate counts what a finding is about: items with an exception, of the items tested for those attributes.
func (f *Finding) rate(sh *Sheet, cells []Cell) {
	seen, letters := map[int]bool{}, map[string]bool{}
	f.Items = nil
	for _, c := range cells {
		seen[c.N], letters[c.Letter] = true, true
		for _, x := range sh.Items {
			if x.N == c.N {
				f.Items = append(f.Items, x.Label+" (attribute "+c.Letter+")")
			}
		}
	}
	f.Count, f.Of = len(seen), 0
	for _, x := range sh.Items {
		for l := range letters {
			if m := sh.Cell(x.N, l).Mark; x.Void == "" && (m == Tick || m == Exception) {
				f.Of++
				break
			}
		}
	}
	if sh.Paper.Sample != nil {
		f.Of += sh.Paper.Sample.Machine
	}
}

// counted brings the numbers of a finding to what the sheet says now: an extension adds to those tested.
func (f *Finding) counted(sh *Sheet) {
	var cells []Cell
	for _, x := range sh.Items {
		for _, t := range sh.Paper.Attributes {
			if c := sh.Cell(x.N, t.Letter); c.Finding == f.Ref && x.Void == "" {
				cells = append(cells, c)
			}
		}
	}
	if len(cells) > 0 {
		f.rate(sh, cells)
	}
}

// Amend changes what a finding says. What was shared stays what it was until it is shared again.
func (s *Service) Amend(ctx context.Context, a access.AuditScope, now time.Time, ref string, base int, x Facts) (Finding, error) {
	if err := a.Firm.Require(access.Examine); err != nil {
		return Finding{}, err
	}
	var f Finding
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if f, err = s.Findings.Finding(ctx, a.Firm.ReadScope, a.Engagement, ref); err != nil {
			return err
		}
		if base > 0 && base != f.Version {
			return errs.Changed(f.Ref, &StaleFinding{f})
		}
		if err := f.say(x); err != nil {
			return err
		}
		if err := s.compensates(ctx, a, f); err != nil {
			return err
		}
		sh, err := s.Sheet(ctx, a, string(f.Paper))
		if err != nil {
			return err
		}
		f.counted(sh)
		f.Version++
		if err := s.Findings.SaveFinding(ctx, a.Firm, f, f.Version-1); err != nil {
			return err
		}
		return s.told(ctx, a, now, "deviation.amended", f.ID, map[string]any{"ref": f.Ref, "cause": f.Cause, "extent": f.Extent, "systematic": f.Systematic, "count": f.Count, "of": f.Of})
	})
	return f, err
}

// Share lets the client see a finding, and answer. Before that it sees nothing of it.
func (s *Service) Share(ctx context.Context, a access.AuditScope, now time.Time, ref string) (Finding, error) {
	if err := a.Firm.Require(access.Examine); err != nil {
		return Finding{}, err
	}
	shared, err := a.Shared()
	if err != nil {
		return Finding{}, err
	}
	var f Finding
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if f, err = s.Findings.Finding(ctx, a.Firm.ReadScope, a.Engagement, ref); err != nil {
			return err
		}
		sh, err := s.Sheet(ctx, a, string(f.Paper))
		if err != nil {
			return err
		}
		f.counted(sh)
		f.SharedAt, f.Version = &now, f.Version+1
		body, err := json.Marshal(f)
		if err != nil {
			return errs.As(errs.Internal, err, "write %s", f.Ref)
		}
		if err := s.Findings.SaveFinding(ctx, a.Firm, f, f.Version-1); err != nil {
			return err
		}
		x := Shared{ID: f.ID, Engagement: a.Engagement, Kind: "finding", Ref: f.Ref, Title: f.Title, Body: string(body), At: now, By: a.Firm.Actor()}
		if err := s.Findings.Share(ctx, shared, x); err != nil {
			return err
		}
		if err := s.told(ctx, a, now, "deviation.shared", f.ID, map[string]any{"ref": f.Ref}); err != nil {
			return err
		}
		return s.fact(ctx, a, now, "finding.shared", map[string]any{"ref": f.Ref, "title": f.Title, "control": f.Control})
	})
	return f, err
}

// ListFindings lists the findings of an engagement with what the client answered.
func (s *Service) ListFindings(ctx context.Context, a access.AuditScope) ([]Finding, error) {
	if err := a.Firm.Require(access.ReadAudits); err != nil {
		return nil, err
	}
	list, err := s.Findings.Findings(ctx, a.Firm.ReadScope, a.Engagement)
	if err != nil || len(list) == 0 {
		return list, err
	}
	all, err := s.Findings.AllShared(ctx, a.Client, a.Engagement)
	for i := range list {
		for j := range all {
			if all[j].ID == list[i].ID {
				list[i].Response = &all[j]
			}
		}
	}
	return list, err
}

// Finding reads a finding with the client's answer.
func (s *Service) Finding(ctx context.Context, a access.AuditScope, ref string) (Finding, error) {
	list, err := s.ListFindings(ctx, a)
	if err != nil {
		return Finding{}, err
	}
	if i := slices.IndexFunc(list, func(f Finding) bool { return f.Ref == ref || f.ID == ref }); i >= 0 {
		return list[i], nil
	}
	return Finding{}, errs.New(errs.NotFound, "no finding %s in this engagement", ref)
}

// SharedWith lists what a firm shared with the client, for the client.
func (s *Service) SharedWith(ctx context.Context, scope access.ReadScope, engagement string) ([]Shared, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return nil, err
	}
	all, err := s.Findings.AllShared(ctx, scope, engagement)
	return slices.DeleteFunc(all, func(x Shared) bool { return x.Kind == kindDraw }), err
}

// SharedOne reads one that was shared, for the client.
func (s *Service) SharedOne(ctx context.Context, scope access.ReadScope, engagement, ref string) (Shared, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return Shared{}, err
	}
	x, err := s.Findings.Shared(ctx, scope, engagement, ref)
	if err == nil && x.Kind == kindDraw {
		return Shared{}, errs.New(errs.NotFound, "nothing of that name was shared")
	}
	return x, err
}

// Finding is the finding as it was shared.
func (x Shared) Finding() (Finding, error) {
	var f Finding
	return f, errs.As(errs.Internal, json.Unmarshal([]byte(x.Body), &f), "read %s", x.Ref)
}

// Respond keeps management's answer to a finding that was shared: cause, impact, fix, and until when.
func (s *Service) Respond(ctx context.Context, scope access.Scope, now time.Time, engagement, ref string, base int, said, until string) (Shared, error) {
	if err := scope.Require(access.AnswerRequests); err != nil {
		return Shared{}, err
	}
	said, err := why("response", "the response", said)
	if err != nil {
		return Shared{}, err
	}
	if until = text.Line(until); len([]rune(until)) > MaxTitle {
		return Shared{}, errs.New(errs.Invalid, "until when has at most %d characters", MaxTitle).At("until")
	}
	var x Shared
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if x, err = s.Findings.Shared(ctx, scope.ReadScope, engagement, ref); err != nil {
			return err
		}
		if x.Kind != "finding" {
			return errs.New(errs.NotFound, "no finding %s was shared", ref)
		}
		if base > 0 && base != x.Version {
			return errs.Changed(x.Ref, &StaleShared{x})
		}
		x.Response, x.Until, x.Answered, x.AnsweredBy, x.Version = said, until, &now, scope.Actor(), x.Version+1
		if err := s.Findings.Respond(ctx, scope, x, x.Version-1); err != nil {
			return err
		}
		_, err := s.Ledger.Append(ctx, scope, now, "finding.answered", engagement, map[string]any{"ref": x.Ref, "response": said, "until": until})
		return err
	})
	return x, err
}

// byWeight puts the findings that say most first: systematic, then by share of items.
func byWeight(a, b Finding) int {
	if a.Systematic != b.Systematic {
		if a.Systematic {
			return -1
		}
		return 1
	}
	return cmp.Compare(b.Count*max(a.Of, 1), a.Count*max(b.Of, 1))
}
