package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
)

// demoPeople is what the company's people are given and give back, and how their roles are described. Who works there is
// read from the simulated HR system.
type demoPeople struct {
	*Demo
	given   bool // to everybody who was there at first
	leavers []people.ID
	fate    map[people.ID]string // of leavers who do not do as they should
	serial  int
	planted map[string]bool // what was planted for a test is planted once
}

// reviewer describes roles and records devices.
const peopleLead = "ingrid.solberg@northwind.example"

func (d *demoPeople) begin(ctx context.Context, now time.Time) error {
	d.fate, d.planted = map[people.ID]string{}, map[string]bool{}
	scope, err := d.as(ctx, now, peopleLead)
	if err != nil {
		return err
	}
	roles := slices.Clone(demoRoles)
	today := period.Of(now)
	for i := range roles {
		roles[i].Owner = "Ingrid Solberg"
		roles[i].ReviewedBy = scope.Actor()
		roles[i].ReviewedOn = today - period.Date(20+d.chance("role/"+roles[i].Title, 300))
		if roles[i].Title == privacyTitle {
			roles[i].ReviewedOn = today - people.RoleReviewDays - 12
		}
	}
	_, err = d.App.People.Describe(ctx, scope, now, roles)
	return err
}

// forgotten is for how many days nobody noticed that a review was over.
const forgotten = 25

func (d *demoPeople) days(ctx context.Context, from, to time.Time) error {
	scope, err := d.as(ctx, to, peopleLead)
	if err != nil {
		return err
	}
	if !d.given {
		if err := d.outfit(ctx, scope, to); err != nil {
			return err
		}
		d.given = true
		return nil
	}
	joined, err := d.App.People.Everyone(ctx, scope.ReadScope, people.Filter{StartedFrom: period.Of(from) - 7, Working: true})
	if err != nil {
		return err
	}
	if err := d.give(ctx, scope, to, joined); err != nil {
		return err
	}
	if err := d.collectDevices(ctx, scope, from, to); err != nil {
		return err
	}
	return d.reviews(ctx, scope, to)
}

// outfit enters those whom the simulated HR system does not hold, and gives everybody what they have had for long.
func (d *demoPeople) outfit(ctx context.Context, scope access.Scope, to time.Time) error {
	all, err := d.App.People.Everyone(ctx, scope.ReadScope, people.Filter{Working: true})
	if err != nil || len(all) == 0 {
		return err
	}
	top := people.Draw(all).Top
	boss := ""
	if top != nil {
		boss = top.Ref
	}
	titles := map[access.Role][2]string{
		access.Owner: {"Chief of Staff", "Executive"}, access.ComplianceLead: {"Compliance Manager", "Security"}, access.ControlOwner: {"Platform Programme Lead", "Platform"},
		access.SecurityAnalyst: {"Security Operations Lead", "Security"}, access.Employee: {"Office Coordinator", "Operations"},
	}
	var own []people.New
	for i, u := range cast {
		if t, ok := titles[u.Role]; ok {
			own = append(own, people.New{
				Name: u.Name, Email: u.Email, Number: fmt.Sprintf("NW-X%02d", i+1), Department: t[1], Title: t[0], Location: "Berlin", Kind: people.Employee, Manager: boss,
				Started: period.Of(d.Config.Start) - period.Date(700+100*i),
			})
		}
	}
	lines, err := d.App.People.Enter(ctx, scope, to, own, false)
	if err != nil {
		return err
	}
	for _, l := range lines {
		if l.Err == nil && !l.Known {
			all = append(all, l.Person)
		}
	}
	for _, p := range all {
		if p.Title == privacyTitle && !d.planted[p.Ref] {
			d.planted[p.Ref] = true
			d.plant("tickmark-person-role", p.Ref, "the description of the role was not reviewed for over a year")
		}
	}
	return d.give(ctx, scope, to, all)
}

// coders are the departments whose people get a security key as well.
var coders = []string{"Engineering", "Platform", "Security", "Data", "IT"}

// give gives people what they do not have yet: a laptop, and a key to those who work on systems.
func (d *demoPeople) give(ctx context.Context, scope access.Scope, now time.Time, all []people.Person) error {
	if len(all) == 0 {
		return nil
	}
	var ids []people.ID
	for _, p := range all {
		ids = append(ids, p.ID)
	}
	has := map[people.ID]bool{}
	for page := 1; ; page++ {
		have, err := d.App.People.ListDevices(ctx, scope.ReadScope, people.DeviceFilter{Holders: ids}, paging.Query{Page: page, Size: paging.MaxSize})
		if err != nil {
			return err
		}
		for _, x := range have.Rows {
			has[x.Holder] = true
		}
		if page*paging.MaxSize >= have.Total {
			break
		}
	}
	models := []string{"Fieldbook 14", "Fieldbook 16", "Slate Pro 13"}
	var list []people.NewDevice
	for _, p := range all {
		if has[p.ID] || p.Started > period.Of(now) {
			continue
		}
		d.serial++
		given := max(p.Started, 1)
		list = append(list, people.NewDevice{Serial: fmt.Sprintf("NWL-%05d", 20_000+d.serial*7), Kind: "laptop", Name: models[d.chance("model/"+p.Ref, len(models))], Holder: string(p.ID), Given: given})
		if slices.Contains(coders, p.Department) {
			list = append(list, people.NewDevice{Serial: fmt.Sprintf("NWK-%05d", 50_000+d.serial*3), Kind: "token", Name: "Passlock 5", Holder: string(p.ID), Given: given})
		}
	}
	for part := range slices.Chunk(list, 1000) {
		if _, err := d.App.People.GiveAll(ctx, scope, now, part); err != nil {
			return err
		}
	}
	return nil
}

// collectDevices lets leavers bring back what they have: most within days, some late, some never.
func (d *demoPeople) collectDevices(ctx context.Context, scope access.Scope, from, to time.Time) error {
	left, err := d.App.People.Everyone(ctx, scope.ReadScope, people.Filter{State: people.Left, EndedFrom: period.Of(from) - 30})
	if err != nil || len(left) == 0 {
		return err
	}
	slices.SortFunc(left, func(a, b people.Person) int {
		if a.Ended != b.Ended {
			return int(a.Ended) - int(b.Ended)
		}
		return strings.Compare(a.Ref, b.Ref)
	})
	var ids []people.ID
	for _, p := range left {
		ids = append(ids, p.ID)
	}
	out, err := d.App.People.ListDevices(ctx, scope.ReadScope, people.DeviceFilter{Holders: ids, State: "out"}, paging.Query{Size: paging.MaxSize})
	if err != nil {
		return err
	}
	for _, p := range left { // in the order in which they left
		if !slices.Contains(d.leavers, p.ID) && slices.ContainsFunc(out.Rows, func(x people.Device) bool { return x.Holder == p.ID }) {
			d.leavers = append(d.leavers, p.ID)
			switch n := len(d.leavers); {
			case n == 2 || n%37 == 0:
				d.fate[p.ID] = "keeps"
			case n == 3 || n%41 == 0:
				d.fate[p.ID] = "late"
			case n == 5:
				d.fate[p.ID] = "stolen"
			}
		}
	}
	for _, x := range out.Rows {
		if err := d.bring(ctx, scope, to, x); err != nil {
			return err
		}
	}
	return nil
}

// bring is what becomes of one device of a leaver.
func (d *demoPeople) bring(ctx context.Context, scope access.Scope, to time.Time, x people.Device) error {
	today, fate := period.Of(to), d.fate[x.Holder]
	if x.Kind != "laptop" {
		fate = ""
	}
	plant := func(why string) {
		if today > x.HolderEnd+people.ReturnDays && !d.planted[x.Ref] {
			d.planted[x.Ref] = true
			d.plant("tickmark-device-returned", x.Ref, why)
		}
	}
	on := x.HolderEnd + period.Date(d.chance("back/"+x.Serial, 4))
	switch fate {
	case "keeps":
		plant("the laptop of a leaver never came back")
		return nil
	case "late":
		on = x.HolderEnd + people.ReturnDays + 5
		plant("the laptop of a leaver came back late")
	case "stolen":
		if today < x.HolderEnd+2 {
			return nil
		}
		_, err := d.App.People.WriteOff(ctx, scope, x.HolderEnd.Time().Add(60*time.Hour), x.Ref, 0, "Stolen from a car the week before; erased from afar, reported to the police.")
		return err
	}
	if on = max(on, x.Given); on > today {
		return nil
	}
	_, err := d.App.People.Return(ctx, scope, to, x.Ref, 0, on, "")
	return err
}

// reviews reads role descriptions again before their year is over, but for the one that was forgotten.
func (d *demoPeople) reviews(ctx context.Context, scope access.Scope, to time.Time) error {
	all, err := d.App.People.ListRoles(ctx, scope.ReadScope, paging.Query{Size: paging.MaxSize})
	if err != nil {
		return err
	}
	today := period.Of(to)
	for _, r := range all.Rows {
		due := r.Due() - 14
		if r.Title == privacyTitle {
			due = period.Of(d.Config.Start) + forgotten
			if r.Due() > due {
				due = r.Due() - 14
			}
		}
		if today >= due {
			if _, err := d.App.People.ReviewRole(ctx, scope, to, r.Ref, 0); err != nil {
				return err
			}
		}
	}
	return nil
}
