package campaign

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
	"github.com/tickmark/tickmark/internal/people"
)

// Me is the signed-in person as a signer; NotFound when the account belongs to nobody in the directory.
func (s *Service) Me(ctx context.Context, scope access.ReadScope) (Signer, error) {
	p, ok, err := s.me(ctx, scope)
	if err != nil {
		return Signer{}, err
	}
	if !ok {
		return Signer{}, errs.New(errs.NotFound, "your account belongs to nobody in the directory of people").WithHint("Whoever keeps the directory can tie it to you.")
	}
	return Signer{p.ID, SignedIn}, nil
}

func (s *Service) me(ctx context.Context, scope access.ReadScope) (people.Person, bool, error) {
	if scope.User() == "" {
		return people.Person{}, false, nil
	}
	return s.People.Of(ctx, scope, scope.User())
}

// Duty reads a duty: one's own, or any for those who read the directory.
func (s *Service) Duty(ctx context.Context, scope access.ReadScope, id DutyID) (Duty, error) {
	d, err := s.Store.Duty(ctx, scope, id)
	if err != nil || scope.Can(access.ReadPeople) {
		return d, err
	}
	if p, ok, err := s.me(ctx, scope); err != nil || !ok || p.ID != d.Person {
		if err != nil {
			return Duty{}, err
		}
		return Duty{}, errs.New(errs.NotFound, "no duty %s", id)
	}
	return d, nil
}

// Duties lists duties. Sort names: ref, name, department, due, state, done, subject, opened.
func (s *Service) Duties(ctx context.Context, scope access.ReadScope, f DutyFilter, q paging.Query) (paging.Result[Duty], error) {
	if err := scope.Require(access.ReadPeople); err != nil {
		return paging.Result[Duty]{}, err
	}
	return s.Store.Duties(ctx, scope, f, q)
}

// ForPerson lists everything that was ever asked of a person, what is due first: one's own, or anybody's for those who read the
// directory.
func (s *Service) ForPerson(ctx context.Context, scope access.ReadScope, id people.ID) ([]Duty, error) {
	if !scope.Can(access.ReadPeople) {
		if p, ok, err := s.me(ctx, scope); err != nil || !ok || p.ID != id {
			if err != nil {
				return nil, err
			}
			return nil, scope.Require(access.ReadPeople)
		}
	}
	res, err := s.Store.Duties(ctx, scope, DutyFilter{Person: id}, paging.Query{Size: paging.MaxSize, Sort: "due"})
	return res.Rows, err
}

// Mine lists what is asked of a signer and can still be done, what is due first, and what was done before.
func (s *Service) Mine(ctx context.Context, scope access.ReadScope, by Signer) (open, done []Duty, err error) {
	res, err := s.Store.Duties(ctx, scope, DutyFilter{Person: by.person}, paging.Query{Size: paging.MaxSize, Sort: "due"})
	if err != nil {
		return nil, nil, err
	}
	for _, d := range res.Rows {
		switch {
		case d.Live():
			open = append(open, d)
		case d.State == Done:
			done = append(done, d)
		}
	}
	return open, done, nil
}

// For reads a duty of a signer, and refuses those of others as if they did not exist.
func (s *Service) For(ctx context.Context, scope access.ReadScope, by Signer, id DutyID) (Duty, error) {
	d, err := s.Store.Duty(ctx, scope, id)
	if err != nil {
		return Duty{}, err
	}
	if by.person == "" || d.Person != by.person {
		return Duty{}, errs.New(errs.NotFound, "no duty %s", id)
	}
	return d, nil
}

// Sign acknowledges: the signer says that they read the version and keep to it.
func (s *Service) Sign(ctx context.Context, scope access.Scope, now time.Time, by Signer, id DutyID) (Duty, error) {
	return s.finish(ctx, scope, now, by, id, Acknowledge, 0, 0)
}

// Pass has a signer's course done, with the questions answered right and the tries it took. The service of courses calls it in
// its own transaction.
func (s *Service) Pass(ctx context.Context, scope access.Scope, now time.Time, by Signer, id DutyID, score, tries int) (Duty, error) {
	return s.finish(ctx, scope, now, by, id, Train, score, tries)
}

func (s *Service) finish(ctx context.Context, scope access.Scope, now time.Time, by Signer, id DutyID, k Kind, score, tries int) (Duty, error) {
	if err := maySign(scope); err != nil {
		return Duty{}, err
	}
	var d Duty
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if d, err = s.Signable(ctx, scope.ReadScope, by, id); err != nil {
			return err
		}
		if d.Kind != k {
			return errs.New(errs.Invalid, "%s is done in another way", d.CampaignRef)
		}
		body, err := s.Body(ctx, scope.ReadScope, d.Kind, d.Subject, d.Version)
		if err != nil {
			return err
		}
		if body.Withdrawn != "" {
			return withdrawn(d, body.Withdrawn)
		}
		d.State, d.DoneAt, d.How, d.Score, d.Tries = Done, &now, by.how, score, tries
		n, err := s.Store.SaveDuties(ctx, scope, []Duty{d}, Open)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Conflict, "this was settled meanwhile").WithHint("Look at it again.")
		}
		_, err = s.Ledger.Append(ctx, scope, now, "duty.done", string(d.ID), map[string]any{
			"campaign": d.CampaignRef, "kind": string(d.Kind), "subject": d.Subject, "version": d.Version, "text": body.Hash, "person": d.PersonRef, "name": d.Name, "email": d.Email,
			"how": string(d.How), "score": score, "tries": tries, "late": d.Late(),
		})
		return err
	})
	return d, err
}

// maySign holds a scope to the right to sign. The program itself signs for those who hold a personal link.
func maySign(scope access.Scope) error {
	if scope.Can(access.ManageCampaigns) {
		return nil
	}
	return scope.Require(access.SignDuties)
}

// Signable reads a duty that the signer can do now, or says why it cannot be done.
func (s *Service) Signable(ctx context.Context, scope access.ReadScope, by Signer, id DutyID) (Duty, error) {
	d, err := s.Store.Duty(ctx, scope, id)
	switch {
	case err != nil:
		return d, err
	case by.person == "" || d.Person != by.person:
		return d, errs.New(errs.Denied, "this is asked of somebody else").WithHint("Nobody signs for another person.")
	}
	return d, Signability(d)
}

// Signability says why a duty cannot be done any more; nil if it can.
func Signability(d Duty) error {
	switch {
	case d.State == Done:
		return errs.New(errs.Conflict, "this was done on %s", period.Of(*d.DoneAt)).WithHint("Nothing is left to do.")
	case d.State == Waived:
		return errs.New(errs.Conflict, "this was waived: %s", d.Note).WithHint("Nothing is left to do.")
	case d.State == Void:
		return withdrawn(d, d.Note)
	case d.Closed:
		return errs.New(errs.Conflict, "%s is closed", d.CampaignRef).WithHint("It cannot be signed any more. Ask whoever runs it to open another.")
	}
	return nil
}

func withdrawn(d Duty, why string) error {
	return errs.New(errs.Conflict, "version %d of %s cannot be signed: %s", d.Version, d.Subject, why).WithHint("Nothing is left to do here.")
}

// Signed is a duty that was done elsewhere, or before.
type Signed struct {
	Duty  DutyID
	At    time.Time
	How   How
	Note  string
	Score int
	Tries int
}

// SignMany keeps many that were done elsewhere, with one entry in the ledger for all: their number and the hash of the list.
// Those that were done or void meanwhile are left as they are. It says how many were kept.
func (s *Service) SignMany(ctx context.Context, scope access.Scope, now time.Time, list []Signed) (int, error) {
	if err := scope.Require(access.ManageCampaigns); err != nil {
		return 0, err
	}
	n := 0
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		done := make([]Duty, 0, len(list))
		h := sha256.New()
		for _, x := range list {
			if x.At.After(now) {
				return errs.New(errs.Invalid, "%s lies in the future", x.At.UTC().Format(time.DateTime))
			}
			at := x.At
			done = append(done, Duty{ID: x.Duty, State: Done, DoneAt: &at, How: x.How, Note: text.Line(x.Note), Score: x.Score, Tries: x.Tries})
			_, _ = fmt.Fprintf(h, "%s %s %s %d\n", x.Duty, at.UTC().Format(time.RFC3339Nano), x.How, x.Score)
		}
		var err error
		if n, err = s.Store.SaveDuties(ctx, scope, done, Open); err != nil || n == 0 {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "duty.many_done", string(list[0].Duty), map[string]any{"count": n, "of": len(list), "sha256": hex.EncodeToString(h.Sum(nil))})
		return err
	})
	return n, err
}

// Waive decides, for a reason, that duties need not be done. Nobody waives their own.
func (s *Service) Waive(ctx context.Context, scope access.Scope, now time.Time, ids []DutyID, why string) (int, error) {
	why = text.Prose(why)
	if err := text.Bounds("why", "the reason", why, minWhy, MaxWhy); err != nil {
		return 0, err
	}
	me, ok, err := s.me(ctx, scope.ReadScope)
	if err != nil {
		return 0, err
	}
	return s.settle(ctx, scope, now, ids, Open, "duty.waived", why, func(d *Duty) error {
		if ok && d.Person == me.ID {
			return errs.New(errs.Denied, "nobody waives what is asked of themselves").WithHint("Ask somebody else who runs campaigns.")
		}
		d.State, d.Note = Waived, why
		return nil
	})
}

// Restore takes a waiver back: the duty is open again.
func (s *Service) Restore(ctx context.Context, scope access.Scope, now time.Time, ids []DutyID) (int, error) {
	return s.settle(ctx, scope, now, ids, Waived, "duty.restored", "", func(d *Duty) error {
		d.State, d.Note = Open, ""
		return nil
	})
}

// Postpone gives duties another day.
func (s *Service) Postpone(ctx context.Context, scope access.Scope, now time.Time, ids []DutyID, due period.Date, why string) (int, error) {
	why = text.Prose(why)
	if err := text.Bounds("why", "the reason", why, 0, MaxWhy); err != nil {
		return 0, err
	}
	if err := checkDue(due, now); err != nil {
		return 0, err
	}
	return s.settle(ctx, scope, now, ids, Open, "duty.postponed", why, func(d *Duty) error {
		d.Due = due
		return nil
	})
}

// settle changes duties that are in one state, each with an entry of its own, all or none.
func (s *Service) settle(ctx context.Context, scope access.Scope, now time.Time, ids []DutyID, was State, kind, why string, do func(*Duty) error) (int, error) {
	if err := scope.Require(access.ManageCampaigns); err != nil {
		return 0, err
	}
	switch {
	case len(ids) == 0:
		return 0, errs.New(errs.Invalid, "nobody is chosen").WithHint("Tick the people first.")
	case len(ids) > maxBulk:
		return 0, errs.New(errs.Exhausted, "%d at once; at most %d are changed together", len(ids), maxBulk)
	}
	n := 0
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		for _, id := range ids {
			d, err := s.Store.Duty(ctx, scope.ReadScope, id)
			if err != nil {
				return err
			}
			if d.Closed {
				return errs.New(errs.Conflict, "%s is closed", d.CampaignRef).WithHint("What was undone when it closed stays on record.")
			}
			if d.State != was {
				continue
			}
			before := d.Due
			if err := do(&d); err != nil {
				return err
			}
			k, err := s.Store.SaveDuties(ctx, scope, []Duty{d}, was)
			if err != nil || k == 0 {
				return err
			}
			n += k
			says := map[string]any{"campaign": d.CampaignRef, "person": d.PersonRef, "name": d.Name, "reason": why}
			if d.Due != before {
				says["was"], says["due"] = before.String(), d.Due.String()
			}
			if _, err := s.Ledger.Append(ctx, scope, now, kind, string(d.ID), says); err != nil {
				return err
			}
		}
		if n == 0 {
			return errs.New(errs.Conflict, "none of them is %s any more", was)
		}
		return nil
	})
	return n, err
}

// Remind asks for a reminder by e-mail to everybody in a campaign whose duty is open, or overdue only. It says how many those are.
func (s *Service) Remind(ctx context.Context, scope access.Scope, now time.Time, ref string, overdueOnly bool) (int, error) {
	if err := scope.Require(access.ManageCampaigns); err != nil {
		return 0, err
	}
	n := 0
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		c, err := s.Store.Campaign(ctx, scope.ReadScope, ref)
		if err != nil {
			return err
		}
		if c.Closed != nil {
			return errs.New(errs.Conflict, "%s is closed", c.Ref)
		}
		f := DutyFilter{Campaign: c.ID, State: Open}
		if overdueOnly {
			f.Overdue = period.Of(now)
		}
		var list []Duty
		if err := s.Store.Each(ctx, scope.ReadScope, f, func(d Duty) error {
			if d.Reminded != nil && now.Sub(*d.Reminded) < remindPause {
				return nil
			}
			d.Reminded = &now
			list = append(list, d)
			return nil
		}); err != nil {
			return err
		}
		if len(list) == 0 {
			return errs.New(errs.Conflict, "nobody is left to remind").WithHint("Whoever was reminded in the last %d hours is not reminded again.", int(remindPause.Hours()))
		}
		if n, err = s.Store.SaveDuties(ctx, scope, list, Open); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "campaign.reminded", string(c.ID), map[string]any{"ref": c.Ref, "people": n, "overdue_only": overdueOnly})
		return err
	})
	return n, err
}

// remindPause is how long after one reminder that somebody asked for the next can be asked for.
const remindPause = 20 * time.Hour
