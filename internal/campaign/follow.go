package campaign

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
)

// Followed is what following the directory changed.
type Followed struct{ Asked, Void int }

// Follow brings the open campaigns up to the directory as it is now: joiners, and those who moved into the audience of a
// standing campaign, get a duty; so does who returned to an open campaign; open duties of those who left become void.
func (s *Service) Follow(ctx context.Context, scope access.Scope, now time.Time) (Followed, error) {
	var f Followed
	if err := scope.Require(access.ManageCampaigns); err != nil {
		return f, err
	}
	live, err := s.Store.Campaigns(ctx, scope.ReadScope, Filter{Live: true}, paging.Query{Size: paging.MaxSize})
	if err != nil || len(live.Rows) == 0 {
		return f, err
	}
	all, err := s.People.Everyone(ctx, scope.ReadScope, people.Filter{})
	if err != nil {
		return f, err
	}
	for _, c := range live.Rows {
		if err := s.follow(ctx, scope, now, c, all, &f); err != nil {
			return f, errs.Wrap(err, "%s", c.Ref)
		}
	}
	return f, nil
}

type stint struct {
	person people.ID
	n      int
}

func (s *Service) follow(ctx context.Context, scope access.Scope, now time.Time, c Campaign, all []people.Person, f *Followed) error {
	have, asked, open := map[stint]bool{}, map[people.ID]bool{}, map[people.ID][]Duty{}
	if err := s.Store.Each(ctx, scope.ReadScope, DutyFilter{Campaign: c.ID}, func(d Duty) error {
		have[stint{d.Person, d.Stint}], asked[d.Person] = true, true
		if d.State == Open {
			open[d.Person] = append(open[d.Person], d)
		}
		return nil
	}); err != nil {
		return err
	}
	var add, void []Duty
	for _, p := range all {
		n := max(p.Stint, 1)
		for _, d := range open[p.ID] {
			if note := over(p, d.Stint); note != "" {
				d.State, d.Note = Void, note
				void = append(void, d)
			}
		}
		returned := asked[p.ID] && !have[stint{p.ID, n}]
		if p.Works() && !have[stint{p.ID, n}] && (c.Standing && c.Audience.has(p) || returned) {
			add = append(add, duty(c, p, now, joinerDue(c, p, now)))
		}
	}
	if len(add)+len(void) == 0 {
		return nil
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		added, err := s.Store.AddDuties(ctx, scope, add)
		if err != nil {
			return err
		}
		gone, err := s.Store.SaveDuties(ctx, scope, void, Open)
		if err != nil || added+gone == 0 {
			return err
		}
		f.Asked, f.Void = f.Asked+added, f.Void+gone
		var who, left []string
		for _, d := range add {
			who = append(who, d.PersonRef)
		}
		for _, d := range void {
			left = append(left, d.PersonRef)
		}
		_, err = s.Ledger.Append(ctx, scope, now, "campaign.followed", string(c.ID), map[string]any{"ref": c.Ref, "asked": some(who), "void": some(left)})
		return err
	})
}

// over says why a duty of a stint has nothing left to do; empty while it has.
func over(p people.Person, n int) string {
	switch {
	case p.State == people.Left && p.Ended != 0:
		return "left on " + p.Ended.String()
	case p.State == people.Left:
		return "left"
	case n < max(p.Stint, 1):
		return "left, and returned later"
	}
	return ""
}

// joinerDue is the day by which somebody who comes later has to do it: the days of grace after the start, or after being asked
// for those who were here before.
func joinerDue(c Campaign, p people.Person, now time.Time) period.Date {
	from := period.Of(now)
	if p.Started != 0 && p.Started >= period.Of(c.Opened) && p.Started < from {
		from = p.Started
	}
	grace := c.Grace
	if grace == 0 {
		return max(c.Due, from+defaultGrace)
	}
	return from + period.Date(grace)
}

// defaultGrace is how many days somebody who returns to a campaign that asks no joiners has.
const defaultGrace = 14

// some bounds a list of references in the ledger.
func some(list []string) []string {
	if len(list) > maxNames {
		return list[:maxNames]
	}
	return append([]string{}, list...)
}

// LinkDays is how many days a personal link opens something.
const LinkDays = 30

// tokenLength is in characters of 5 bits.
const tokenLength = 40

func hashOf(token string) string {
	sum := sha256.Sum256([]byte("tickmark personal link " + token))
	return hex.EncodeToString(sum[:])
}

// NewLink makes a person's link and ends the one before. The token is known to the caller alone.
func (s *Service) NewLink(ctx context.Context, scope access.Scope, now time.Time, person people.ID) (token string, err error) {
	if err := scope.Require(access.ManageCampaigns); err != nil {
		return "", err
	}
	p, err := s.People.Person(ctx, scope.ReadScope, string(person))
	if err != nil {
		return "", err
	}
	if !p.Works() {
		return "", errs.New(errs.Conflict, "%s does not work here", p.Ref)
	}
	token = id.Secret(tokenLength)
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Links.AddLink(ctx, scope, Link{Hash: hashOf(token), Person: p.ID, Made: now, Expires: now.AddDate(0, 0, LinkDays)}); err != nil {
			return err
		}
		_, err := s.Ledger.Append(ctx, scope, now, "duty.link_made", string(p.ID), map[string]any{"person": p.Ref, "days": LinkDays})
		return err
	})
	return token, err
}

// Holder is the person whose link a token is, as a signer. Every token that opens nothing gets the same answer.
func (s *Service) Holder(ctx context.Context, scope access.ReadScope, now time.Time, token string) (people.Person, Signer, error) {
	nothing := errs.New(errs.NotFound, "this link opens nothing").WithHint("Links end after %d days, when a newer one was sent, and when everything is done. The newest e-mail has the one that works.", LinkDays)
	if len(token) != tokenLength {
		return people.Person{}, Signer{}, nothing
	}
	l, err := s.Links.Link(ctx, scope, hashOf(token))
	if errs.Is(err, errs.NotFound) || err == nil && (l.Ended != nil || !now.Before(l.Expires)) {
		return people.Person{}, Signer{}, nothing
	}
	if err != nil {
		return people.Person{}, Signer{}, err
	}
	p, err := s.People.Person(ctx, scope, string(l.Person))
	if errs.Is(err, errs.NotFound) || err == nil && !p.Works() {
		return people.Person{}, Signer{}, nothing
	}
	return p, Signer{l.Person, PersonalLink}, err
}

// EndLink ends the link of somebody who has nothing left to do.
func (s *Service) EndLink(ctx context.Context, scope access.Scope, now time.Time, by Signer) error {
	if err := maySign(scope); err != nil {
		return err
	}
	return s.Links.EndLinks(ctx, scope, by.person, now)
}
