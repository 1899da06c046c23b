package app

import (
	"context"
	"errors"
	"hash/fnv"
	"io"
	"strconv"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// chapter is one part of the year of the simulated company's people: what they write, decide, sign and are told. It acts
// through the same services as pages and commands do.
type chapter interface {
	// begin is what is there on the first day, after the controls were adopted.
	begin(ctx context.Context, now time.Time) error
	// days is what happens after one instant until another, a day or a week later.
	days(ctx context.Context, from, to time.Time) error
}

// chapters are the parts of the year in the order in which they act. Each room adds its own.
func (d *Demo) chapters() []chapter {
	return []chapter{
		// one line for each room
		&demoPeople{Demo: d},
		&demoPolicies{Demo: d},
		&demoCampaigns{Demo: d},
		&demoReviews{d: d},
		&demoOccurrences{Demo: d},
		&demoVendors{Demo: d},
		&demoRisks{Demo: d},
		&demoTelling{Demo: d},
		&demoEvents{Demo: d},
		d.audit,
		d.before,
		d.sister,
	}
}

// Planted is a deviation that the company's people were made to leave in their own records, for a test to find.
type Planted struct {
	Test string    `json:"test"`
	Item string    `json:"item"` // as the test names it
	Why  string    `json:"why"`
	At   time.Time `json:"at"`
}

// plant notes a deviation.
func (d *Demo) plant(test, item, why string) {
	d.Planted = append(d.Planted, Planted{test, item, why, d.App.Clock()})
}

// chance is a number from 0 to n-1 that depends on the demo's seed and the key alone.
func (d *Demo) chance(key string, n int) int {
	h := fnv.New64a()
	_, _ = io.WriteString(h, strconv.FormatUint(d.Config.Seed, 10)+"/"+key) // never fails
	x := h.Sum64()
	x ^= x >> 32 // the low bits of the hash alone are not even
	return int(x % uint64(n))
}

// as is the scope of somebody who can sign in to the demo.
func (d *Demo) as(ctx context.Context, now time.Time, email string) (access.Scope, error) {
	if s, ok := d.scopes.Load(email); ok {
		return s.(access.Scope), nil //nolint:forcetypeassert // only scopes are kept
	}
	s, err := d.App.Access.As(ctx, d.scope, now, email)
	if err == nil {
		d.scopes.Store(email, s)
	}
	return s, err
}

// begin begins every chapter.
func (d *Demo) begin(ctx context.Context, now time.Time) error {
	d.year = d.chapters()
	for _, c := range d.year {
		if err := c.begin(ctx, now); err != nil {
			return errs.Wrap(err, "%T begins", c)
		}
	}
	return nil
}

// days lets every chapter act: what systems send and what is made of it beside what people write, for the two meet first in what is
// read of the day's records.
func (d *Demo) days(ctx context.Context, from, to time.Time) error {
	sent := make(chan error)
	go func() {
		sent <- d.act(ctx, from, to, func(c chapter) bool { _, is := c.(*demoEvents); return is })
	}()
	written := d.act(ctx, from, to, func(c chapter) bool { _, is := c.(*demoEvents); return !is })
	return errors.Join(<-sent, written)
}

// act lets chapters act, one after another.
func (d *Demo) act(ctx context.Context, from, to time.Time, which func(chapter) bool) error {
	for _, c := range d.year {
		if !which(c) {
			continue
		}
		if err := c.days(ctx, from, to); err != nil {
			return errs.Wrap(err, "%T from %s to %s", c, from.Format(time.DateOnly), to.Format(time.DateOnly))
		}
	}
	return nil
}
