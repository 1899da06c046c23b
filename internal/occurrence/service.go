package occurrence

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Bounds of what people write, in characters, and of a plan, in days.
const (
	MaxAttach   = 500
	MaxNote     = 4000
	MaxWhy      = 1000
	MaxEvidence = 20
	minNote     = 10
	maxWindow   = 90
	maxBack     = 2 * 366 // how far in the past a plan may begin
	maxAhead    = 2 * 366
)

// Service is the use cases of recurring controls.
type Service struct {
	Store    Store
	Controls Controls
	People   People
	Papers   Papers
	Tx       access.Tx
	Ledger   access.Recorder
}

// Terms is what to plan for a control.
type Terms struct {
	Rhythm  catalog.Frequency
	First   period.Date
	Window  int
	Owner   string // identifier or email; empty for the control's owner
	Deputy  string // identifier or email; empty for nobody
	Attach  string
	Checked bool
	Why     string // needed when a plan is changed
}

// Plan decides on the rhythm of a control. base is the version the editor saw, 0 for a first plan. What is due until today
// stays as it was planned.
func (s *Service) Plan(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, x Terms) (Plan, error) {
	if err := scope.Require(access.EditControls); err != nil {
		return Plan{}, err
	}
	c, err := s.Controls.Control(ctx, scope.ReadScope, ref)
	if err != nil {
		return Plan{}, err
	}
	t := Term{Rhythm: x.Rhythm, First: x.First, Window: x.Window, Attach: text.Prose(x.Attach), Checked: x.Checked, Why: text.Prose(x.Why)}
	if t.Owner, err = s.person(ctx, scope.ReadScope, "owner", x.Owner); err != nil {
		return Plan{}, err
	}
	if t.Deputy, err = s.person(ctx, scope.ReadScope, "deputy", x.Deputy); err != nil {
		return Plan{}, err
	}
	if x.Owner == "" {
		t.Owner = c.Owner
	}
	if err := t.check(now, base); err != nil {
		return Plan{}, err
	}
	t.Since = t.First
	if base > 0 {
		t.Since = period.Of(now) + 1
	}
	return s.save(ctx, scope, now, c, base, t, "occurrence.planned")
}

// End says that nothing is due any more. What was due until today stays.
func (s *Service) End(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, why string) (Plan, error) {
	if err := scope.Require(access.EditControls); err != nil {
		return Plan{}, err
	}
	why = text.Prose(why)
	if err := text.Bounds("why", "the reason", why, minNote, MaxWhy); err != nil {
		return Plan{}, err
	}
	c, err := s.Controls.Control(ctx, scope.ReadScope, ref)
	if err != nil {
		return Plan{}, err
	}
	return s.save(ctx, scope, now, c, base, Term{Since: period.Of(now) + 1, Why: why}, "occurrence.ended")
}

func (s *Service) save(ctx context.Context, scope access.Scope, now time.Time, c control.Control, base int, t Term, kind string) (Plan, error) {
	t.Version, t.At, t.By = base+1, now, scope.Actor()
	var out Plan
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Store.AddTerm(ctx, scope, c.Ref, base, t); err != nil {
			return err
		}
		var err error
		if out, err = s.Store.Plan(ctx, scope.ReadScope, c.Ref); err != nil {
			return err
		}
		if n := len(out.Terms); n > 1 && out.Terms[n-2].Ended() && t.Ended() {
			return errs.New(errs.Conflict, "the plan of %s has ended already", c.Ref)
		}
		_, err = s.Ledger.Append(ctx, scope, now, kind, c.Ref, map[string]any{
			"ref": c.Ref, "version": t.Version, "rhythm": string(t.Rhythm), "first": dateText(t.First), "since": dateText(t.Since), "window": t.Window,
			"owner": string(t.Owner), "deputy": string(t.Deputy), "attach": t.Attach, "checked": t.Checked, "reason": t.Why,
		})
		return err
	})
	return out, err
}

func dateText(d period.Date) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

// check holds a term to its bounds.
func (t Term) check(now time.Time, base int) error {
	today := period.Of(now)
	switch {
	case !slices.Contains(Rhythms(), t.Rhythm):
		return errs.New(errs.Invalid, "choose how often it is performed").At("rhythm")
	case t.First < today-maxBack || t.First > today+maxAhead:
		return errs.New(errs.Invalid, "the first day lies within two years from today").At("first")
	case t.Window < 0 || t.Window > maxWindow || t.Window >= shortest(t.Rhythm):
		return errs.New(errs.Invalid, "it may be late by 0 to %d days at this rhythm", min(maxWindow, shortest(t.Rhythm)-1)).At("window")
	case t.Owner == "":
		return errs.New(errs.Invalid, "choose who performs it; the control has no owner either").At("owner")
	case t.Owner == t.Deputy:
		return errs.New(errs.Invalid, "the deputy is somebody else").At("deputy")
	}
	if err := text.Bounds("attach", "what to attach", t.Attach, 0, MaxAttach); err != nil {
		return err
	}
	least := 0
	if base > 0 {
		least = minNote
	}
	return text.Bounds("why", "the reason", t.Why, least, MaxWhy)
}

// shortest is the least days between two occurrences of a rhythm.
func shortest(f catalog.Frequency) int {
	if f == catalog.Weekly {
		return 7
	}
	return 28 * months[f]
}

// Proposal is a control that people perform on a rhythm and that nobody planned yet, with terms to begin with.
type Proposal struct {
	Control control.Control
	Terms   Terms
}

// Proposals lists the controls in force that people perform on a rhythm and that are not planned, with usual terms: the next end
// of the rhythm's time, the owner of the control, its grace, and its evidence.
func (s *Service) Proposals(ctx context.Context, scope access.ReadScope, now time.Time) ([]Proposal, error) {
	if err := scope.Require(access.ReadOccurrences); err != nil {
		return nil, err
	}
	plans, err := s.Store.Plans(ctx, scope)
	if err != nil {
		return nil, err
	}
	planned := map[string]bool{}
	for _, p := range plans {
		planned[p.Control] = true
	}
	var out []Proposal
	for page := 1; ; page++ {
		list, err := s.Controls.List(ctx, scope, control.Filter{Status: control.Approved}, paging.Query{Page: page, Size: paging.MaxSize, Sort: "ref"})
		if err != nil {
			return nil, err
		}
		for _, c := range list.Rows {
			if !planned[c.Ref] && ByPeople(c.Version.Text) {
				out = append(out, Proposal{c, Propose(c, now)})
			}
		}
		if page*paging.MaxSize >= list.Total {
			return out, nil
		}
	}
}

// ByPeople reports whether a control is one that people perform on a rhythm.
func ByPeople(t control.Text) bool {
	return t.Nature != catalog.Automated && slices.Contains(Rhythms(), t.Frequency)
}

// Propose is what to plan for a control where nobody decided anything yet.
func Propose(c control.Control, now time.Time) Terms {
	f := c.Version.Frequency
	if !slices.Contains(Rhythms(), f) {
		f = catalog.Quarterly
	}
	window := UsualWindow(f)
	if h := c.Version.GraceHours; h > 0 {
		window = min((h+23)/24, shortest(f)-1, maxWindow)
	}
	attach := strings.Join(c.Version.Evidence, "; ")
	if r := []rune(attach); len(r) > MaxAttach {
		attach = string(r[:MaxAttach])
	}
	return Terms{Rhythm: f, First: endOf(f, period.Of(now)), Window: window, Owner: string(c.Owner), Deputy: string(c.Deputy), Attach: attach}
}

// endOf is the last day of the week, month, quarter, half or year that a day is in.
func endOf(f catalog.Frequency, d period.Date) period.Date {
	t := d.Time()
	if f == catalog.Weekly { // Friday
		return d + period.Date((5-int(t.Weekday())+7)%7)
	}
	n := months[f]
	month := (int(t.Month())-1)/n*n + n // last month of the stretch
	return period.Of(time.Date(t.Year(), time.Month(month)+1, 1, 0, 0, 0, 0, time.UTC)) - 1
}

// PlanUsual plans several controls on their usual terms, all or none, and returns those it planned. Controls that have no owner
// are refused by name.
func (s *Service) PlanUsual(ctx context.Context, scope access.Scope, now time.Time, refs []string) ([]string, error) {
	all, err := s.Proposals(ctx, scope.ReadScope, now)
	if err != nil {
		return nil, err
	}
	var out []string
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		for _, p := range all {
			if !slices.Contains(refs, p.Control.Ref) {
				continue
			}
			if _, err := s.Plan(ctx, scope, now, p.Control.Ref, 0, p.Terms); err != nil {
				return errs.Wrap(err, "%s", p.Control.Ref)
			}
			out = append(out, p.Control.Ref)
		}
		return nil
	})
	return out, err
}

// person finds a member who can perform controls.
func (s *Service) person(ctx context.Context, scope access.ReadScope, field, who string) (access.UserID, error) {
	if who = strings.TrimSpace(who); who == "" {
		return "", nil
	}
	m, err := s.People.Member(ctx, scope, who)
	if errs.Is(err, errs.NotFound) {
		return "", errs.New(errs.Invalid, "nobody here has the identifier or email %q", who).At(field)
	}
	if err != nil {
		return "", err
	}
	if m.Disabled || !m.Role.May(access.WorkTasks) {
		return "", errs.New(errs.Invalid, "%s cannot perform controls: the account is blocked or only reads", m.Email).At(field)
	}
	return m.ID, nil
}

// Said is what somebody says about an occurrence they performed.
type Said struct {
	On       period.Date
	Note     string
	Evidence []string // references
}

// Perform records that an occurrence was performed. The plan's owner and deputy may, and whoever manages tasks. What was
// performed already and not checked yet is amended.
func (s *Service) Perform(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, d Said) (Occurrence, error) {
	if err := scope.Require(access.WorkTasks); err != nil {
		return Occurrence{}, err
	}
	d.Note = text.Prose(d.Note)
	return s.change(ctx, scope, now, ref, base, func(ctx context.Context, o Occurrence, r *Record) (Event, error) {
		if scope.User() == "" || scope.User() != o.Owner && scope.User() != o.Deputy {
			if err := scope.Require(access.ManageTasks); err != nil {
				return Event{}, err
			}
		}
		if err := s.may(ctx, scope.ReadScope, now, o, &d); err != nil {
			return Event{}, err
		}
		e := Event{Kind: Performed, Note: d.Note, Evidence: d.Evidence}
		if r.PerformedOn != 0 {
			e.Kind = Amended
		} else {
			r.RecordedAt, r.Performer = now, scope.User()
		}
		r.PerformedOn, r.Note, r.Evidence = d.On, d.Note, d.Evidence
		return e, nil
	})
}

// may holds what somebody says to the plan and the calendar.
func (s *Service) may(ctx context.Context, scope access.ReadScope, now time.Time, o Occurrence, d *Said) error {
	switch today := period.Of(now); {
	case o.Record != nil && o.Record.CheckedAt != nil:
		return errs.New(errs.Conflict, "%s was checked already", o.Ref()).WithHint("What was checked stays as it is.")
	case d.On == 0:
		return errs.New(errs.Invalid, "say on which day it was performed").At("on")
	case d.On > today:
		return errs.New(errs.Invalid, "%s is still to come", d.On).At("on")
	case d.On < o.From:
		return errs.New(errs.Invalid, "%s is before the time it is about, which begins on %s", d.On, o.From).At("on").WithHint("Was it the occurrence before this one?")
	}
	if o.Attach == "" && len(d.Evidence) == 0 {
		if err := text.Bounds("note", "what was done, without evidence,", d.Note, minNote, MaxNote); err != nil {
			return err
		}
	}
	if err := text.Bounds("note", "the note", d.Note, 0, MaxNote); err != nil {
		return err
	}
	return s.shown(ctx, scope, o, d)
}

// shown checks the evidence.
func (s *Service) shown(ctx context.Context, scope access.ReadScope, o Occurrence, d *Said) error {
	d.Evidence = slices.Clone(d.Evidence)
	for i := range d.Evidence {
		d.Evidence[i] = strings.ToUpper(strings.TrimSpace(d.Evidence[i]))
	}
	slices.Sort(d.Evidence)
	d.Evidence = slices.DeleteFunc(slices.Compact(d.Evidence), func(r string) bool { return r == "" })
	switch {
	case o.Attach != "" && len(d.Evidence) == 0:
		return errs.New(errs.Invalid, "attach what shows it: %s", o.Attach).At("evidence").WithHint("Choose a file, or name evidence that is here.")
	case len(d.Evidence) > MaxEvidence:
		return errs.New(errs.Invalid, "%d pieces of evidence; at most %d are named", len(d.Evidence), MaxEvidence).At("evidence")
	}
	for _, ref := range d.Evidence {
		known, err := s.Papers.Known(ctx, scope, ref)
		if err != nil {
			return err
		}
		if !known {
			if utf8.RuneCountInString(ref) > 40 {
				ref = "of that name"
			}
			return errs.New(errs.Invalid, "there is no evidence %s that counts", ref).At("evidence").WithHint("Its reference stands on its page, such as EV-2026-00142.")
		}
	}
	return nil
}

// Check says that somebody other than the performer looked at what was done and agrees.
func (s *Service) Check(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, note string) (Occurrence, error) {
	return s.judge(ctx, scope, now, ref, base, Checked, note)
}

// SendBack says that what was recorded does not show that it was performed. It is open again; what was recorded stays in its
// history.
func (s *Service) SendBack(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, why string) (Occurrence, error) {
	return s.judge(ctx, scope, now, ref, base, SentBack, why)
}

func (s *Service) judge(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, kind EventKind, note string) (Occurrence, error) {
	if err := scope.Require(access.ManageTasks); err != nil {
		return Occurrence{}, err
	}
	note = text.Prose(note)
	least := 0
	if kind == SentBack {
		least = minNote
	}
	if err := text.Bounds("note", "the note", note, least, MaxNote); err != nil {
		return Occurrence{}, err
	}
	return s.change(ctx, scope, now, ref, base, func(_ context.Context, o Occurrence, r *Record) (Event, error) {
		switch {
		case !o.Performed():
			return Event{}, errs.New(errs.Conflict, "%s is not performed yet", o.Ref())
		case o.Record.CheckedAt != nil:
			return Event{}, errs.New(errs.Conflict, "%s was checked already", o.Ref())
		case scope.User() == r.Performer:
			return Event{}, errs.New(errs.Denied, "whoever performed it cannot check it too").WithHint("Ask somebody else.")
		}
		if kind == Checked {
			r.Checker, r.CheckedAt, r.CheckNote = scope.User(), &now, note
		} else {
			r.PerformedOn, r.CheckNote = 0, note
		}
		return Event{Kind: kind, Note: note}, nil
	})
}

// change reads an occurrence, changes its record and keeps it with its history and a ledger entry.
func (s *Service) change(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, do func(context.Context, Occurrence, *Record) (Event, error)) (Occurrence, error) {
	var out Occurrence
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		o, err := s.find(ctx, scope.ReadScope, ref)
		if err != nil {
			return err
		}
		if o.version() != base {
			return changed(o)
		}
		r := Record{Control: o.Control, Due: o.Due}
		if o.Record != nil {
			r = *o.Record
		}
		e, err := do(ctx, o, &r)
		if err != nil {
			return err
		}
		e.At, e.Actor, r.Version = now, scope.Actor(), base+1
		if err := s.Store.SaveRecord(ctx, scope, r, base, e); err != nil {
			return err
		}
		o.Record, out = &r, o
		out.Record = &r
		_, err = s.Ledger.Append(ctx, scope, now, "occurrence."+string(e.Kind), o.Ref(), map[string]any{
			"ref": o.Ref(), "control": o.Control, "due": o.Due.String(), "performed_on": dateText(r.PerformedOn), "evidence": r.Evidence, "version": r.Version, "note": e.Note,
		})
		return err
	})
	return out, err
}

func changed(theirs Occurrence) error {
	e := errs.New(errs.Conflict, "%s was recorded by somebody else meanwhile", theirs.Ref()).WithHint("Look at what is recorded now, and send again to replace it.")
	e.Err = &Stale{Theirs: theirs}
	return e
}

// find reads an occurrence with its record.
func (s *Service) find(ctx context.Context, scope access.ReadScope, ref string) (Occurrence, error) {
	missing := errs.New(errs.NotFound, "nothing of this name is due: %q", ref).WithHint("An occurrence is named by its control and its day: GOV-02-2026-03-31.")
	c, due, ok := splitRef(ref)
	if !ok {
		return Occurrence{}, missing
	}
	p, err := s.Store.Plan(ctx, scope, c)
	if errs.Is(err, errs.NotFound) {
		return Occurrence{}, missing
	}
	if err != nil {
		return Occurrence{}, err
	}
	records, err := s.Store.Records(ctx, scope, c, due, due+1)
	if err != nil {
		return Occurrence{}, err
	}
	all := p.Calendar(due, due+1)
	switch {
	case len(all) == 1 && len(records) == 1:
		all[0].Record = &records[0]
	case len(all) == 0 && len(records) == 1:
		all = append(all, outside(&records[0]))
	case len(all) == 0:
		return Occurrence{}, missing
	}
	return all[0], nil
}
