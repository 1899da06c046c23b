package campaign

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
	"github.com/tickmark/tickmark/internal/people"
)

// Bounds of what people write, in characters, and of times, in days.
const (
	MaxTitle = 200
	MaxWhy   = 1000
	minTitle = 3
	minWhy   = 10
	MaxGrace = 365
	maxAhead = 2 * 366 // a campaign is due within this many days
	maxBulk  = 1000
	maxNames = 2000 // of departments and people named in an audience
)

// Service is the use cases of campaigns.
type Service struct {
	Store    Store
	Links    Links
	People   People
	Subjects map[Kind]Subjects
	Tx       access.Tx
	Ledger   access.Recorder
}

// New is a campaign to open.
type New struct {
	Kind     Kind
	Title    string // empty: the subject's own
	Subject  string
	Version  int // 0: the version in force
	Audience Audience
	Standing bool
	Grace    int
	Due      period.Date
	// Replace closes the campaigns about the same subject that are open; without it they are a Conflict.
	Replace bool
}

// Reach is whom an audience would ask now.
type Reach struct {
	People    int
	NoAddress int // of them without an e-mail address
	NoAccount int // of them without an account here, who sign by a personal link
}

// Reach counts whom an audience would ask.
func (s *Service) Reach(ctx context.Context, scope access.ReadScope, a Audience) (Reach, error) {
	if err := scope.Require(access.ReadPeople); err != nil {
		return Reach{}, err
	}
	all, err := s.audience(ctx, scope, a)
	if err != nil {
		return Reach{}, err
	}
	r := Reach{People: len(all)}
	for _, p := range all {
		if p.Email == "" {
			r.NoAddress++
		}
		if p.User == "" {
			r.NoAccount++
		}
	}
	return r, nil
}

// audience lists those who work here and are asked.
func (s *Service) audience(ctx context.Context, scope access.ReadScope, a Audience) ([]people.Person, error) {
	all, err := s.People.Everyone(ctx, scope, people.Filter{Working: true})
	if err != nil {
		return nil, err
	}
	out := all[:0]
	for _, p := range all {
		if a.has(p) {
			out = append(out, p)
		}
	}
	return out, nil
}

// Offered lists what a campaign of a kind can be about.
func (s *Service) Offered(ctx context.Context, scope access.ReadScope, k Kind) ([]Subject, error) {
	if err := scope.Require(access.ReadPeople); err != nil {
		return nil, err
	}
	if s.Subjects[k] == nil {
		return nil, nil
	}
	return s.Subjects[k].Current(ctx, scope)
}

// Body is the text people are asked about.
func (s *Service) Body(ctx context.Context, scope access.ReadScope, k Kind, subject string, version int) (Text, error) {
	if s.Subjects[k] == nil {
		return Text{}, errs.New(errs.NotFound, "nothing here is called %s", subject)
	}
	return s.Subjects[k].Body(ctx, scope, subject, version)
}

// Open opens a campaign and gives everybody it asks a duty, in one transaction.
func (s *Service) Open(ctx context.Context, scope access.Scope, now time.Time, n New) (Campaign, error) {
	if err := scope.Require(access.ManageCampaigns); err != nil {
		return Campaign{}, err
	}
	c, err := s.draft(ctx, scope, now, n)
	if err != nil {
		return Campaign{}, err
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		asked, err := s.audience(ctx, scope.ReadScope, c.Audience)
		if err != nil {
			return err
		}
		if len(asked) == 0 && !c.Standing {
			return errs.New(errs.Invalid, "this would ask nobody").At("audience").WithHint("Nobody who works here now is in it. Choose others, or make it a standing campaign.")
		}
		before, err := s.Store.Campaigns(ctx, scope.ReadScope, Filter{Kind: c.Kind, Subject: c.Subject, Live: true}, paging.Query{Size: paging.MaxSize})
		if err != nil {
			return err
		}
		if err := clash(c, before.Rows, n.Replace); err != nil {
			return err
		}
		opened, err := s.Store.Add(ctx, scope, c)
		if err != nil {
			return err
		}
		c = opened
		if n.Replace {
			for _, old := range before.Rows {
				if err := s.end(ctx, scope, now, old, "replaced by "+c.Ref, "replaced by "+c.Ref); err != nil {
					return err
				}
			}
		}
		list := make([]Duty, len(asked))
		for i, p := range asked {
			list[i] = duty(c, p, now, c.Due)
		}
		added, err := s.Store.AddDuties(ctx, scope, list)
		if err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "campaign.opened", string(c.ID), map[string]any{
			"ref": c.Ref, "kind": string(c.Kind), "title": c.Title, "subject": c.Subject, "version": c.Version, "audience": c.Audience,
			"standing": c.Standing, "grace": c.Grace, "due": c.Due.String(), "duties": added,
		})
		return err
	})
	return c, err
}

// clash is the Conflict of a second standing campaign about the same subject.
func clash(c Campaign, before []Campaign, replace bool) error {
	for _, old := range before {
		if !replace && c.Standing && old.Standing {
			return errs.New(errs.Conflict, "%s asks joiners about %s already", old.Ref, c.Subject).At("replace").
				WithHint("Close it with this one: what is open there is asked here instead.")
		}
	}
	return nil
}

// draft holds a new campaign to its rules.
func (s *Service) draft(ctx context.Context, scope access.Scope, now time.Time, n New) (Campaign, error) {
	c := Campaign{ID: ID(id.New("cam", now)), Kind: n.Kind, Title: text.Line(n.Title), Subject: strings.ToUpper(text.Line(n.Subject)), Version: n.Version, Audience: n.Audience,
		Standing: n.Standing, Grace: n.Grace, Opened: now, OpenedBy: scope.Actor(), Due: n.Due, Edition: 1}
	if !known(Kinds(), c.Kind) || s.Subjects[c.Kind] == nil {
		return c, errs.New(errs.Invalid, "choose what is asked").At("kind")
	}
	offered, err := s.Subjects[c.Kind].Current(ctx, scope.ReadScope)
	if err != nil {
		return c, err
	}
	at := -1
	for i, o := range offered {
		if o.Ref == c.Subject {
			at = i
		}
	}
	switch {
	case at < 0:
		return c, errs.New(errs.Invalid, "choose what it is about").At("subject").WithHint("Policies need a version in force, courses a published one.")
	case c.Version != 0 && c.Version != offered[at].Version:
		return c, errs.New(errs.Conflict, "version %d of %s is not in force", c.Version, c.Subject).At("subject").WithHint("Version %d is.", offered[at].Version)
	}
	c.Version = offered[at].Version
	if c.Title == "" {
		c.Title = offered[at].Title
	}
	if err := text.Bounds("title", "the title", c.Title, minTitle, MaxTitle); err != nil {
		return c, err
	}
	if !c.Standing {
		c.Grace = 0
	} else if c.Grace < 1 || c.Grace > MaxGrace {
		return c, errs.New(errs.Invalid, "joiners need between 1 and %d days", MaxGrace).At("grace")
	}
	a := c.Audience
	switch {
	case a.empty():
		return c, errs.New(errs.Invalid, "choose who is asked").At("audience")
	case len(a.Departments)+len(a.People) > maxNames:
		return c, errs.New(errs.Exhausted, "%d departments and people are named; at most %d can be", len(a.Departments)+len(a.People), maxNames).At("audience").
			WithHint("Ask everybody, or whole departments.")
	}
	return c, checkDue(c.Due, now)
}

func checkDue(due period.Date, now time.Time) error {
	today := period.Of(now)
	switch {
	case due == 0:
		return errs.New(errs.Invalid, "say by when it is to be done").At("due")
	case due < today:
		return errs.New(errs.Invalid, "%s is over", due).At("due").WithHint("Choose today or a later day.")
	case due > today+maxAhead:
		return errs.New(errs.Invalid, "%s is more than two years ahead", due).At("due")
	}
	return nil
}

// duty is what a campaign asks of a person.
func duty(c Campaign, p people.Person, now time.Time, due period.Date) Duty {
	return Duty{ID: DutyID(id.New("dty", now)), Campaign: c.ID, Person: p.ID, PersonRef: p.Ref, Name: p.Name, Email: p.Email, Department: p.Department,
		Stint: max(p.Stint, 1), Opened: now, Due: due, State: Open}
}

// change reads a campaign, changes it and keeps it.
func (s *Service) change(ctx context.Context, scope access.Scope, ref string, base int, do func(context.Context, *Campaign) error) (Campaign, error) {
	if err := scope.Require(access.ManageCampaigns); err != nil {
		return Campaign{}, err
	}
	var c Campaign
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		was, err := s.Store.Campaign(ctx, scope.ReadScope, ref)
		if err != nil {
			return err
		}
		if base != 0 && base != was.Edition {
			return errs.Changed(was.Ref, &Stale{Theirs: was})
		}
		if was.Closed != nil {
			return errs.New(errs.Conflict, "%s was closed on %s", was.Ref, period.Of(*was.Closed))
		}
		c = was
		if err := do(ctx, &c); err != nil {
			return err
		}
		c.Edition = was.Edition + 1
		err = s.Store.Save(ctx, scope, c, was.Edition)
		if errs.Is(err, errs.Conflict) {
			e := errs.New(errs.Conflict, "%s was changed meanwhile", was.Ref)
			e.Err = &Stale{Theirs: was}
			return e
		}
		return err
	})
	return c, err
}

// Close ends a campaign. What is undone stays undone and is kept.
func (s *Service) Close(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, why string) (Campaign, error) {
	why = text.Prose(why)
	if err := text.Bounds("why", "the reason", why, 0, MaxWhy); err != nil {
		return Campaign{}, err
	}
	return s.change(ctx, scope, ref, base, func(ctx context.Context, c *Campaign) error {
		counts, err := s.Store.Tally(ctx, scope.ReadScope, period.Of(now), c.ID)
		if err != nil {
			return err
		}
		n := counts[c.ID]
		c.Closed, c.ClosedBy, c.Why = &now, scope.Actor(), why
		_, err = s.Ledger.Append(ctx, scope, now, "campaign.closed", string(c.ID), map[string]any{
			"ref": c.Ref, "done": n.Done, "undone": n.Open, "waived": n.Waived, "void": n.Void, "reason": why,
		})
		return err
	})
}

// end closes a campaign whose open duties become void, for a reason.
func (s *Service) end(ctx context.Context, scope access.Scope, now time.Time, c Campaign, why, note string) error {
	n, err := s.void(ctx, scope, DutyFilter{Campaign: c.ID, State: Open}, note)
	if err != nil {
		return err
	}
	base := c.Edition
	c.Closed, c.ClosedBy, c.Why, c.Edition = &now, scope.Actor(), why, base+1
	if err := s.Store.Save(ctx, scope, c, base); err != nil {
		return err
	}
	_, err = s.Ledger.Append(ctx, scope, now, "campaign.closed", string(c.ID), map[string]any{"ref": c.Ref, "void": n, "reason": why})
	return err
}

// void makes open duties void, with a reason.
func (s *Service) void(ctx context.Context, scope access.Scope, f DutyFilter, note string) (int, error) {
	var list []Duty
	err := s.Store.Each(ctx, scope.ReadScope, f, func(d Duty) error {
		d.State, d.Note = Void, note
		list = append(list, d)
		return nil
	})
	if err != nil || len(list) == 0 {
		return 0, err
	}
	return s.Store.SaveDuties(ctx, scope, list, Open)
}

// Withdraw ends the campaigns about a version of a subject that is no longer in force: what is open there becomes void. It says
// how many duties that were.
func (s *Service) Withdraw(ctx context.Context, scope access.Scope, now time.Time, subject string, version int, why string) (int, error) {
	if err := scope.Require(access.ManageCampaigns); err != nil {
		return 0, err
	}
	if why = text.Line(why); why == "" {
		why = fmt.Sprintf("version %d of %s is no longer in force", version, subject)
	}
	total := 0
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		live, err := s.Store.Campaigns(ctx, scope.ReadScope, Filter{Subject: subject, Version: version, Live: true}, paging.Query{Size: paging.MaxSize})
		if err != nil {
			return err
		}
		for _, c := range live.Rows {
			counts, err := s.Store.Tally(ctx, scope.ReadScope, period.Of(now), c.ID)
			if err != nil {
				return err
			}
			total += counts[c.ID].Open
			if err := s.end(ctx, scope, now, c, why, why); err != nil {
				return err
			}
		}
		return nil
	})
	return total, err
}

// Extend moves the day of a campaign, and of all its open duties that are due on the day it had.
func (s *Service) Extend(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, due period.Date, why string) (Campaign, error) {
	why = text.Prose(why)
	if err := errors.Join(checkDue(due, now), text.Bounds("why", "the reason", why, 0, MaxWhy)); err != nil {
		return Campaign{}, err
	}
	return s.change(ctx, scope, ref, base, func(ctx context.Context, c *Campaign) error {
		if due == c.Due {
			return errs.New(errs.Conflict, "%s is due on %s already", c.Ref, due).At("due")
		}
		var list []Duty
		err := s.Store.Each(ctx, scope.ReadScope, DutyFilter{Campaign: c.ID, State: Open}, func(d Duty) error {
			if d.Due == c.Due {
				d.Due = due
				list = append(list, d)
			}
			return nil
		})
		if err != nil {
			return err
		}
		n, err := s.Store.SaveDuties(ctx, scope, list, Open)
		if err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "campaign.extended", string(c.ID), map[string]any{
			"ref": c.Ref, "was": c.Due.String(), "due": due.String(), "duties": n, "reason": why,
		})
		c.Due = due
		return err
	})
}

// Campaign reads a campaign by identifier or reference.
func (s *Service) Campaign(ctx context.Context, scope access.ReadScope, ref string) (Campaign, error) {
	if err := scope.Require(access.ReadPeople); err != nil {
		return Campaign{}, err
	}
	return s.Store.Campaign(ctx, scope, ref)
}

// List lists campaigns. Sort names: ref, title, kind, subject, opened, due, state.
func (s *Service) List(ctx context.Context, scope access.ReadScope, f Filter, q paging.Query) (paging.Result[Campaign], error) {
	if err := scope.Require(access.ReadPeople); err != nil {
		return paging.Result[Campaign]{}, err
	}
	return s.Store.Campaigns(ctx, scope, f, q)
}

// Tally counts the duties of campaigns.
func (s *Service) Tally(ctx context.Context, scope access.ReadScope, now time.Time, campaigns ...ID) (map[ID]Counts, error) {
	if err := scope.Require(access.ReadPeople); err != nil {
		return nil, err
	}
	return s.Store.Tally(ctx, scope, period.Of(now), campaigns...)
}
