package app

import (
	"context"
	"fmt"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/training"
)

// ownCampaigns reads campaigns, what people acknowledged, and what they learned.
func (a *App) ownCampaigns() map[string]ownReader {
	return map[string]ownReader{
		"campaign": {read: a.readCampaigns, count: func(ctx context.Context, s access.ReadScope, _ time.Time) (int64, error) {
			got, err := a.Campaigns.List(ctx, s, campaign.Filter{}, paging.Query{Size: 1})
			return int64(got.Total), err
		}},
		"acknowledgement": {read: a.readAcknowledgements, count: func(ctx context.Context, s access.ReadScope, _ time.Time) (int64, error) {
			return a.countDuties(ctx, s, campaign.Acknowledge)
		}},
		"training": {read: a.readTraining, count: func(ctx context.Context, s access.ReadScope, _ time.Time) (int64, error) {
			n, err := a.countDuties(ctx, s, campaign.Train)
			if err != nil {
				return 0, err
			}
			more, err := a.Training.Store.Completions(ctx, s)
			return n + int64(len(more)), err
		}},
	}
}

func (a *App) countDuties(ctx context.Context, s access.ReadScope, k campaign.Kind) (int64, error) {
	got, err := a.Campaigns.Duties(ctx, s, campaign.DutyFilter{Kind: k}, paging.Query{Size: 1})
	return int64(got.Total), err
}

func (a *App) readCampaigns(ctx context.Context, s access.ReadScope, at time.Time, emit func(collect.Fact) error) error {
	counts, err := a.Campaigns.Tally(ctx, s, at)
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		got, err := a.Campaigns.List(ctx, s, campaign.Filter{}, paging.Query{Page: n, Size: paging.MaxSize, Sort: "ref"})
		if err != nil {
			return err
		}
		for _, c := range got.Rows {
			x := counts[c.ID]
			f := &collect.Campaign{
				ID: c.Ref, Kind: string(c.Kind), Title: c.Title, Subject: c.Subject, Version: int64(c.Version), Standing: c.Standing, OpenedAt: c.Opened, DueOn: c.Due, ClosedAt: c.Closed,
				Asked: int64(x.Asked()), Done: int64(x.Done), Waived: int64(x.Waived), Open: int64(x.Open), Overdue: int64(x.Overdue),
			}
			if f.Raw, err = rawOf(map[string]any{"ref": c.Ref, "edition": c.Edition, "audience": c.Audience}); err != nil {
				return err
			}
			if err := emit(f); err != nil {
				return err
			}
		}
		if n >= got.Pages() {
			return nil
		}
	}
}

// directory is everybody by identifier, those who left too.
func (a *App) directory(ctx context.Context, s access.ReadScope) (map[people.ID]people.Person, error) {
	all, err := a.People.Everyone(ctx, s, people.Filter{})
	out := make(map[people.ID]people.Person, len(all))
	for _, p := range all {
		out[p.ID] = p
	}
	return out, err
}

// stateOf is a duty's state as facts tell it.
func stateOf(d campaign.Duty) string {
	if d.State == campaign.Open && d.Closed {
		return "undone"
	}
	return string(d.State)
}

func dutyKey(d campaign.Duty) string { return fmt.Sprintf("%s/%d", d.Ref(), d.Stint) }

func dutyRaw(d campaign.Duty) (string, error) {
	return rawOf(map[string]any{"duty": d.ID, "state": d.State, "note": d.Note})
}

func (a *App) readAcknowledgements(ctx context.Context, s access.ReadScope, _ time.Time, emit func(collect.Fact) error) error {
	who, err := a.directory(ctx, s)
	if err != nil {
		return err
	}
	offered, err := a.Campaigns.Offered(ctx, s, campaign.Acknowledge)
	if err != nil {
		return err
	}
	current := map[string]int{}
	for _, o := range offered {
		current[o.Ref] = o.Version
	}
	return a.Campaigns.Store.Each(ctx, s, campaign.DutyFilter{Kind: campaign.Acknowledge}, func(d campaign.Duty) error {
		p, is := who[d.Person], current[d.Subject] == d.Version
		f := &collect.Acknowledgement{
			ID: dutyKey(d), Campaign: d.CampaignRef, Policy: d.Subject, Version: int64(d.Version), Current: &is, Person: d.PersonRef, Email: some(p.Email), EmployeeNumber: some(p.Number),
			AskedAt: d.Opened, DueOn: d.Due, State: stateOf(d), DoneAt: d.DoneAt, How: some(string(d.How)),
		}
		var err error
		if f.Raw, err = dutyRaw(d); err != nil {
			return err
		}
		return emit(f)
	})
}

func (a *App) readTraining(ctx context.Context, s access.ReadScope, _ time.Time, emit func(collect.Fact) error) error {
	who, err := a.directory(ctx, s)
	if err != nil {
		return err
	}
	courses, err := a.Training.Courses(ctx, s, training.Filter{}, paging.Query{Size: paging.MaxSize})
	if err != nil {
		return err
	}
	kinds := map[string]string{}
	for _, c := range courses.Rows {
		kinds[c.Ref] = string(c.Kind)
	}
	err = a.Campaigns.Store.Each(ctx, s, campaign.DutyFilter{Kind: campaign.Train}, func(d campaign.Duty) error {
		p, version := who[d.Person], int64(d.Version)
		f := &collect.Training{
			ID: dutyKey(d), Campaign: &d.CampaignRef, Course: d.Subject, Kind: some(kinds[d.Subject]), Version: &version, Person: d.PersonRef, Email: some(p.Email), EmployeeNumber: some(p.Number),
			AskedAt: &d.Opened, DueOn: &d.Due, State: stateOf(d), DoneAt: d.DoneAt, How: some(string(d.How)),
		}
		if d.State == campaign.Done {
			score, tries := int64(d.Score), int64(d.Tries)
			f.Score, f.Tries = &score, &tries
		}
		var err error
		if f.Raw, err = dutyRaw(d); err != nil {
			return err
		}
		return emit(f)
	})
	if err != nil {
		return err
	}
	more, err := a.Training.Store.Completions(ctx, s)
	if err != nil {
		return err
	}
	for _, c := range more {
		p, how, on := who[c.Person], string(campaign.Imported), c.On
		f := &collect.Training{
			ID: c.ID, Course: c.Course, Kind: some(kinds[c.Course]), Person: p.Ref, Email: some(p.Email), EmployeeNumber: some(p.Number), State: string(campaign.Done), DoneAt: &on, How: &how,
		}
		if c.Score >= 0 {
			score := int64(c.Score)
			f.Score = &score
		}
		if f.Raw, err = rawOf(map[string]any{"completion": c.ID, "file": c.Source, "imported": c.At}); err != nil {
			return err
		}
		if err := emit(f); err != nil {
			return err
		}
	}
	return nil
}
