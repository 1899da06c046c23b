package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/authority"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/simco"
)

// Who asks for permits, and who approves them.
const (
	permitAsker    = "omar.haddad@northwind.example"
	permitApprover = "ingrid.solberg@northwind.example"
)

// standing is what programs of the company are allowed month by month: it belongs to no deployment.
var standing = []authority.PermitText{
	{Kind: authority.Approval, Title: "The pipeline keeps an image of each build", Reason: "Images are built on every push; none of them runs before a deployment names it.",
		Ticket: "OPS-101", Acts: []authority.Act{authority.Change}, Actors: []string{"ci-build"}, Logs: []string{"aws.cloudtrail"}},
	{Kind: authority.Window, Title: "Nightly backups", Reason: "Snapshots of the databases and copies of exports are made every night, and the oldest are replaced.",
		Ticket: "OPS-102", Acts: []authority.Act{authority.Change}, Actors: []string{"svc-backup"}, Logs: []string{"aws.cloudtrail"}},
}

// demoPermits is what the company's people ask for and have approved before they change systems, give access or share files, and
// what acts for deployments. Now and then somebody forgets to ask.
type demoPermits struct {
	*Demo
	attacks map[string]*simco.Attack
	renewed time.Time // the standing permits were
	serial  int
}

// begin says which identity deploys and applies, from when events are sent.
func (p *demoPermits) begin(ctx context.Context, now time.Time) error {
	scope, err := p.as(ctx, now, permitAsker)
	if err != nil {
		return err
	}
	projects := []string{p.Company.Tokens().GitHubOrg + "/*"}
	for _, r := range p.Company.Life().Repos {
		if r.Prod { // its workspace of infrastructure as code has its name
			projects = append(projects, r.Name)
		}
	}
	for _, project := range projects {
		if _, err := p.App.Authority.AddPipeline(ctx, scope, now, authority.Pipeline{Identity: "ci-deploy", Project: project, Minutes: 30}); err != nil {
			return err
		}
	}
	return nil
}

// permitted is how long a standing permit holds before it is asked for again.
const permitted = 30 * 24 * time.Hour

// renew has the standing permits approved again before they end.
func (p *demoPermits) renew(ctx context.Context, from time.Time) error {
	if from.Sub(p.renewed) < permitted-2*24*time.Hour {
		return nil
	}
	p.renewed = from
	for _, t := range standing {
		t.From, t.To = from, from.Add(permitted)
		if err := p.permit(ctx, from.Add(-2*time.Hour), t); err != nil {
			return err
		}
	}
	return nil
}

// errand is what one person is going to do in some hours.
type errand struct {
	act      authority.Act
	actor    string
	first    event.Event
	last     time.Time
	attacked bool // somebody else acts in their name meanwhile
}

// spell is for how long a request of one person holds.
const spell = 4 * time.Hour

// before asks for what people are going to do, and has it approved. What is done in an attack nobody asks for.
func (p *demoPermits) before(ctx context.Context, from time.Time, records []simco.Record) error {
	if err := p.renew(ctx, from); err != nil {
		return err
	}
	policies, err := authority.Policies()
	if err != nil {
		return err
	}
	nothing := authority.NewBook(nil)
	open := map[string]*errand{}
	var all []*errand
	for _, r := range records {
		e, err := event.Normalise(r.Log, r.Raw, r.At)
		if err != nil || e.Actor.Kind == event.Service { // programs act by deployments and standing permits
			continue
		}
		j, ok := authority.Judge(policies, nothing, &e)
		if !ok || e.Actor.Name == "svc-backup" {
			continue
		}
		key := string(j.Act) + " " + j.Actor
		q := open[key]
		if q == nil || e.When().Sub(q.first.When()) > spell {
			q = &errand{act: j.Act, actor: j.Actor, first: e}
			open[key] = q
			all = append(all, q)
		}
		q.last = e.When()
		q.attacked = q.attacked || p.attacks[e.Upstream] != nil
	}
	slices.SortStableFunc(all, func(x, y *errand) int {
		return cmp.Or(x.first.When().Compare(y.first.When()), cmp.Compare(x.actor, y.actor))
	})
	for _, q := range all {
		if q.attacked || p.chance("permit/"+q.first.Upstream, 14) == 0 {
			continue
		}
		if err := p.ask(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// reasons are what people write, and the queue of their tickets.
var reasons = map[authority.Act][3]string{
	authority.Change:   {"Change by %s", "Asked for in the change request, with what it does, how it was tried and how it is undone.", "CHG"},
	authority.Grant:    {"Access by %s", "Asked for by the manager and approved by the owner of the system.", "ACC"},
	authority.Transfer: {"Files shared by %s", "Asked for by the owner of the document, with who gets it and why.", "SHR"},
}

func (p *demoPermits) ask(ctx context.Context, q *errand) error {
	p.serial++
	says, begin := reasons[q.act], q.first.When().Add(-10*time.Minute)
	return p.permit(ctx, begin.Add(-time.Duration(20+p.chance("asked/"+q.first.Upstream, 600))*time.Minute), authority.PermitText{
		Kind: authority.Approval, Title: fmt.Sprintf(says[0], q.actor), Reason: says[1], Ticket: fmt.Sprintf("%s-%d", says[2], 200+p.serial),
		Acts: []authority.Act{q.act}, Actors: []string{q.actor}, Logs: []string{q.first.Log}, From: begin, To: q.last.Add(30 * time.Minute),
	})
}

// permit asks and approves.
func (p *demoPermits) permit(ctx context.Context, at time.Time, t authority.PermitText) error {
	asker, err := p.as(ctx, at, permitAsker)
	if err != nil {
		return err
	}
	approver, err := p.as(ctx, at, permitApprover)
	if err != nil {
		return err
	}
	x, err := p.App.Authority.Propose(ctx, asker, at, t)
	if err != nil {
		return errs.Wrap(err, "%s", t.Title)
	}
	_, err = p.App.Authority.Approve(ctx, approver, at.Add(15*time.Minute), x.Ref, x.Version)
	return errs.Wrap(err, "%s", x.Ref)
}

// tested names the tests that find what nothing allows.
var tested = map[authority.Act]string{authority.Change: "tickmark-change-authorised", authority.Grant: "tickmark-grant-authorised", authority.Transfer: "tickmark-transfer-authorised"}

// after notes what nobody had asked for, for the tests to find.
func (p *demoPermits) after(ctx context.Context, s access.ReadScope, from, to time.Time) error {
	return p.App.Authority.Store.Each(ctx, s, authority.Filter{Verdict: authority.Unauthorised, From: from, To: to}, func(j authority.Judgement) error {
		why := j.Actor + " had not asked for it."
		e, err := p.App.Events.Event(ctx, s, j.Event)
		if err != nil {
			return err
		}
		if a := p.attacks[e.Upstream]; a != nil {
			why = "It is part of an attack: " + a.Title
		}
		p.plant(tested[j.Act], j.Event, why)
		return nil
	})
}
