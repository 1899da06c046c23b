package main

import (
	"fmt"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
)

// dice gives numbers that depend on the seed alone (SplitMix64, Steele et al. 2014): every contender and every run sees the
// same accounts.
type dice uint64

func (d *dice) next() uint64 {
	*d += 0x9e3779b97f4a7c15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (d *dice) below(n int) int { return int(d.next() % uint64(n)) } //nolint:gosec // n is small and positive

// chance is true so many times in ten thousand.
func (d *dice) chance(in10000 int) bool { return d.below(10000) < in10000 }

// ago is an instant some whole days before asOf, and up to a day more; whole seconds, which all three languages hold.
func (d *dice) ago(least, most int) time.Time {
	return asOf.AddDate(0, 0, -least-d.below(most-least+1)).Add(-time.Duration(d.below(86400)) * time.Second)
}

// account makes the n-th account of a company that is mostly in order: fewer than one verdict in a hundred is other than
// pass.
func account(n int) *collect.UserAccount {
	d := dice(n + 1)
	a := &collect.UserAccount{ID: fmt.Sprintf("00u%09d", n), Status: "active", Meta: collect.Meta{System: "okta", Source: "okta-main", CollectedAt: asOf.Add(-time.Hour)}}
	switch p := d.below(1000); {
	case p < 15:
		a.Status = "staged"
	case p < 25:
		a.Status = "suspended"
	case p < 28:
		a.Status = "locked"
	case p < 90:
		a.Status = "deprovisioned"
	}
	kind, name := "person", "p"
	if d.chance(300) {
		kind, name = "service", "svc-"
		if d.chance(100) {
			name = "robot"
		}
	}
	a.Login = fmt.Sprintf("%s%d%s", name, n, company)
	if !d.chance(20) {
		a.Kind = &kind
	}
	if !d.chance(15) {
		a.DisplayName = collect.Ptr(fmt.Sprintf("Account %d", n))
	}
	email := a.Login
	external := d.chance(300)
	switch {
	case external, d.chance(20):
		email = fmt.Sprintf("p%d@contoso.example", n)
	}
	if !d.chance(20) {
		a.Email = &email
	}
	if !d.chance(10) {
		a.External = &external
	}
	if !external && !d.chance(40) {
		a.EmployeeNumber = collect.Ptr(fmt.Sprintf("E%07d", n))
	}
	if !d.chance(10) {
		a.Admin = collect.Ptr(a.Status != "deprovisioned" && d.chance(100))
	}
	if !d.chance(20) {
		a.SecondFactor = collect.Ptr(!d.chance(50))
	}
	var t accountTimes
	t.fill(&d, a.Status)
	for _, x := range []struct {
		to      **time.Time
		at      time.Time
		in10000 int // how often the source does not tell
	}{{&a.CreatedAt, t.created, 10}, {&a.ActivatedAt, t.activated, 15}, {&a.StatusChangedAt, t.changed, 15}, {&a.LastSignInAt, t.signIn, 30}, {&a.PasswordChangedAt, t.password, 25}} {
		if !d.chance(x.in10000) {
			*x.to = &x.at
		}
	}
	return a
}

// fill gives an account its instants, in an order that makes sense for its state, with few exceptions.
func (a *accountTimes) fill(d *dice, status string) {
	a.created = d.ago(32, 2000)
	if d.chance(100) {
		a.created = d.ago(0, 31)
	}
	a.activated = a.created.Add(time.Duration(d.below(72)) * time.Hour)
	if d.chance(30) {
		a.activated = a.created.AddDate(0, 0, 10)
	}
	a.password = d.ago(0, 350)
	if d.chance(120) {
		a.password = d.ago(351, 800)
	}
	if a.password.Before(a.created) && !d.chance(20) {
		a.password = a.created
	}
	switch p := d.below(1000); {
	case p < 970:
		a.signIn = d.ago(0, 7)
	case p < 993:
		a.signIn = d.ago(8, 40)
	default:
		a.signIn = d.ago(41, 500)
	}
	a.changed = a.activated
	switch status {
	case "deprovisioned":
		a.changed = d.ago(0, 400)
		if !d.chance(50) {
			a.signIn, a.password = a.changed.Add(-time.Hour), a.changed.AddDate(0, 0, -40)
		}
	case "suspended":
		a.changed = d.ago(0, 93)
	case "locked":
		a.changed = d.ago(0, 8)
	case "staged":
		a.created = d.ago(0, 31)
		a.changed = a.created
	}
}

// accountTimes are the instants of one account.
type accountTimes struct{ created, activated, changed, signIn, password time.Time }
