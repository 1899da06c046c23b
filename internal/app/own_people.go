package app

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/people"
)

// ownPeople reads the directory, what people were given, and the role descriptions.
func (a *App) ownPeople() map[string]ownReader {
	one := paging.Query{Size: 1}
	return map[string]ownReader{
		"person": {
			read: a.emitPeople,
			count: func(ctx context.Context, s access.ReadScope, _ time.Time) (int64, error) {
				res, err := a.People.List(ctx, s, people.Filter{}, one)
				return int64(res.Total), err
			},
		},
		"device": {
			read: a.emitDevices,
			count: func(ctx context.Context, s access.ReadScope, _ time.Time) (int64, error) {
				res, err := a.People.ListDevices(ctx, s, people.DeviceFilter{}, one)
				return int64(res.Total), err
			},
		},
		"role_description": {
			read: a.emitRoles,
			count: func(ctx context.Context, s access.ReadScope, _ time.Time) (int64, error) {
				res, err := a.People.ListRoles(ctx, s, one)
				return int64(res.Total), err
			},
		},
	}
}

func (a *App) emitPeople(ctx context.Context, s access.ReadScope, _ time.Time, emit func(collect.Fact) error) error {
	all, err := a.People.Everyone(ctx, s, people.Filter{})
	if err != nil {
		return err
	}
	roles, err := a.roles(ctx, s)
	if err != nil {
		return err
	}
	lines := people.Lines(all)
	for _, p := range all {
		f := &collect.Person{
			ID: p.Ref, EmployeeNumber: collect.NonZero(p.Number), DisplayName: p.Name, Email: collect.NonZero(p.Email), Department: collect.NonZero(p.Department),
			Title: collect.NonZero(p.Title), Kind: collect.NonZero(p.Kind), State: string(p.State), Works: p.Works(), StartedOn: collect.NonZero(p.Started), EndedOn: collect.NonZero(p.Ended),
			EndedAt: p.EndedAt, Stint: int64(p.Stint), Manager: collect.NonZero(p.ManagerRef), Line: string(lines[p.ID]), Origin: string(p.Origin), GoneSince: p.Gone,
		}
		for _, r := range roles {
			if p.Title != "" && r.Fits(p.Title) {
				f.Role, f.RoleReviewedOn = &r.Ref, collect.NonZero(r.ReviewedOn)
			}
		}
		raw, err := json.Marshal(map[string]any{"ref": p.Ref, "id": p.ID, "version": p.Version, "updated": p.Updated, "told_by": p.Source})
		if err != nil {
			return err
		}
		f.Raw = string(raw)
		if err := emit(f); err != nil {
			return err
		}
	}
	return nil
}

// roles lists every role description.
func (a *App) roles(ctx context.Context, s access.ReadScope) ([]people.Role, error) {
	return every(func(q paging.Query) (paging.Result[people.Role], error) { return a.People.ListRoles(ctx, s, q) })
}

// every reads a list to its end.
func every[T any](list func(paging.Query) (paging.Result[T], error)) ([]T, error) {
	var out []T
	for n := 1; ; n++ {
		res, err := list(paging.Query{Page: n, Size: paging.MaxSize})
		if err != nil {
			return nil, err
		}
		out = append(out, res.Rows...)
		if len(res.Rows) == 0 || len(out) >= res.Total {
			return out, nil
		}
	}
}

func (a *App) emitDevices(ctx context.Context, s access.ReadScope, _ time.Time, emit func(collect.Fact) error) error {
	all, err := every(func(q paging.Query) (paging.Result[people.Device], error) {
		return a.People.ListDevices(ctx, s, people.DeviceFilter{}, q)
	})
	if err != nil {
		return err
	}
	for _, d := range all {
		f := &collect.Device{
			ID: d.Ref, Serial: d.Serial, Kind: d.Kind, Name: collect.NonZero(d.Name), Holder: d.HolderRef, HolderName: d.HolderName, HolderState: string(d.Holding),
			HolderEnded: collect.NonZero(d.HolderEnd), GivenOn: d.Given, ReturnedOn: collect.NonZero(d.Returned), WrittenOff: d.WrittenOff,
		}
		if d.WrittenOff {
			f.WrittenOffAt = &d.Updated
		}
		raw, err := json.Marshal(map[string]any{"ref": d.Ref, "id": d.ID, "version": d.Version, "updated": d.Updated, "note": d.Note})
		if err != nil {
			return err
		}
		f.Raw = string(raw)
		if err := emit(f); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) emitRoles(ctx context.Context, s access.ReadScope, _ time.Time, emit func(collect.Fact) error) error {
	all, err := a.roles(ctx, s)
	if err != nil {
		return err
	}
	for _, r := range all {
		raw, err := json.Marshal(map[string]any{"ref": r.Ref, "id": r.ID, "version": r.Version, "titles": r.Titles, "reviewed_by": r.ReviewedBy})
		if err != nil {
			return err
		}
		f := &collect.RoleDescription{
			ID: r.Ref, Title: r.Title, People: int64(r.People), Described: r.Duties != "" && r.Competence != "" && r.Authority != "", ReviewedOn: collect.NonZero(r.ReviewedOn), CreatedAt: r.Created,
		}
		f.Raw = string(raw)
		if err := emit(f); err != nil {
			return err
		}
	}
	return nil
}
