package training

import (
	"context"
	"strconv"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
)

// Field names the form field of a question, from 0.
func Field(i int) string { return "q" + strconv.Itoa(i+1) }

type pair struct {
	person people.ID
	course string
}

// All reads how everybody who works here stands with every course they were asked to take or have completed.
func (s *Service) All(ctx context.Context, scope access.ReadScope, now time.Time) ([]Record, error) {
	if err := scope.Require(access.ReadPeople); err != nil {
		return nil, err
	}
	working, err := s.People.Everyone(ctx, scope, people.Filter{Working: true})
	if err != nil {
		return nil, err
	}
	by := make(map[people.ID]people.Person, len(working))
	for _, p := range working {
		by[p.ID] = p
	}
	courses, err := s.Store.Courses(ctx, scope, Filter{}, paging.Query{Size: paging.MaxSize})
	if err != nil {
		return nil, err
	}
	named := map[string]Course{}
	for _, c := range courses.Rows {
		named[c.Ref] = c
	}
	at := map[pair]int{}
	var out []Record
	record := func(p people.ID, course string) *Record {
		person, here := by[p]
		if !here {
			return nil
		}
		i, ok := at[pair{p, course}]
		if !ok {
			c := named[course]
			i = len(out)
			at[pair{p, course}] = i
			out = append(out, Record{Person: person, Course: course, Title: c.Title, Kind: c.Kind, Score: -1})
		}
		return &out[i]
	}
	if err := s.Asked.Each(ctx, scope, campaign.DutyFilter{Kind: campaign.Train}, func(d campaign.Duty) error {
		if r := record(d.Person, d.Subject); r != nil && d.State != campaign.Void {
			r.take(d)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	more, err := s.Store.Completions(ctx, scope)
	if err != nil {
		return nil, err
	}
	for _, c := range more {
		if r := record(c.Person, c.Course); r != nil && (r.DoneAt == nil || c.On.After(*r.DoneAt)) {
			on := c.On
			r.DoneAt, r.How, r.Score = &on, campaign.Imported, c.Score
			if r.Due == 0 {
				r.Duty, r.Version = "", 0
			}
		}
	}
	kept := out[:0]
	for _, r := range out {
		if r.State = r.state(period.Of(now)); r.State != "" {
			kept = append(kept, r)
		}
	}
	return kept, nil
}

// take adds a duty to the record: what is open counts before what was done.
func (r *Record) take(d campaign.Duty) {
	if r.Asked == nil || d.Opened.After(*r.Asked) {
		at := d.Opened
		r.Asked = &at
	}
	switch {
	case d.State == campaign.Done:
		if r.DoneAt == nil || d.DoneAt.After(*r.DoneAt) {
			r.DoneAt, r.How, r.Score = d.DoneAt, d.How, d.Score
			if r.Due == 0 {
				r.Duty, r.Version = d.ID, d.Version
			}
		}
	case d.State == campaign.Waived && r.Due == 0:
		r.State, r.Duty, r.Version = Waived, d.ID, d.Version
	case d.Live():
		if r.Due == 0 || d.Due < r.Due {
			r.Due, r.Duty, r.Version = d.Due, d.ID, d.Version
		}
	case d.State == campaign.Open && r.Due == 0 && r.Duty == "": // the campaign closed before it was done
		r.Duty, r.Version = d.ID, d.Version
	}
}

// state is how the record stands on a day; empty when there is nothing to say.
func (r Record) state(today period.Date) State {
	switch {
	case r.Due != 0 && r.Due < today:
		return Overdue
	case r.Due != 0:
		return Due
	case r.DoneAt != nil && r.Until() >= today:
		return Done
	case r.DoneAt != nil:
		return Expired
	case r.State == Waived:
		return Waived
	case r.Asked != nil:
		return Overdue // asked by a campaign that closed before it was done
	}
	return ""
}
