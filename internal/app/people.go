package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collectsql"
	"github.com/tickmark/tickmark/internal/collect/own"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/people/peoplesql"
)

// identityProviders are the kinds of systems in which everybody has an account.
var identityProviders = []string{"okta"}

func (a *App) wirePeople() {
	store := &peoplesql.Store{DB: a.DB}
	a.People = &people.Service{Store: store, Sources: store, Devices: store, Roles: store, Users: a.Access, Tx: a.DB, Ledger: a.Ledger.Store}
}

// RefreshPeople brings the directory up to the newest complete snapshots of HR systems and of accounts.
func (a *App) RefreshPeople(ctx context.Context, scope access.Scope, now time.Time) (people.Outcome, error) {
	pic := people.Picture{}
	for _, resource := range []string{"worker", "user_account"} {
		snapshots, err := a.snapshots(ctx, scope.ReadScope, resource, now)
		if err != nil {
			return people.Outcome{}, err
		}
		for _, s := range snapshots {
			if err := a.readPeople(ctx, &pic, s); err != nil {
				return people.Outcome{}, errs.Wrap(err, "read %s for the directory", s.item.Ref)
			}
		}
	}
	return a.People.Refresh(ctx, scope, now, pic)
}

// RefreshAfter brings the directory up after a connection was read that tells of people or accounts, and asks those who joined.
// Those who were entered by hand are asked when the own records are read, once a day.
func (a *App) RefreshAfter(ctx context.Context, scope access.Scope, now time.Time, c collect.Connection) error {
	tells := a.Collect.ResourcesOf(c)
	switch {
	case slices.Contains(tells, "worker") || slices.Contains(tells, "user_account"):
		if _, err := a.RefreshPeople(ctx, scope, now); err != nil {
			return errs.Wrap(err, "refresh the directory")
		}
	case c.Kind != own.Kind:
		return nil
	}
	_, err := a.Campaigns.Follow(ctx, scope, now)
	return errs.Wrap(err, "ask those who joined")
}

// snapshot is the newest complete one of a source. stale says why a newer reading does not count.
type snapshot struct {
	item  evidence.Item
	stale string
}

func (a *App) snapshots(ctx context.Context, scope access.ReadScope, resource string, at time.Time) ([]snapshot, error) {
	latest, err := a.Evidence.Store.Latest(ctx, scope, "", resource, at)
	if err != nil {
		return nil, err
	}
	var out []snapshot
	for _, it := range latest {
		if it.Completeness.Usable() {
			out = append(out, snapshot{item: it})
			continue
		}
		older, err := a.Evidence.Store.Items(ctx, scope, evidence.Filter{
			Kind: evidence.Snapshot, System: it.System, Source: it.Source, Resource: resource, To: at.Add(time.Microsecond), Usable: true,
		}, paging.Query{Size: 1})
		if err != nil {
			return nil, err
		}
		if len(older.Rows) > 0 {
			out = append(out, snapshot{older.Rows[0], it.Ref + " is incomplete: " + it.Gap})
		}
	}
	return out, nil
}

// readPeople adds a snapshot to the picture.
func (a *App) readPeople(ctx context.Context, pic *people.Picture, s snapshot) error {
	it := s.item
	told := people.Told{Source: it.Source, System: it.System, Resource: it.Resource, Evidence: it.Ref, At: it.From, Rows: int(it.Rows), Stale: s.stale}
	kept := map[string]bool{}
	err := collectsql.Facts{Lake: a.Lake}.Read(ctx, it.Resource, it.Path, func(f collect.Fact) error {
		switch x := f.(type) {
		case *collect.Worker:
			pic.Records = append(pic.Records, record(it.Source, x, kept))
		case *collect.UserAccount:
			pic.Accounts = append(pic.Accounts, accountOf(it, x))
		}
		return nil
	})
	for k := range kept {
		told.Kept = append(told.Kept, k)
	}
	slices.Sort(told.Kept)
	pic.Told = append(pic.Told, told)
	if slices.Contains(identityProviders, it.System) && it.Resource == "user_account" {
		pic.Directories = append(pic.Directories, it.Source)
	}
	return err
}

func record(source string, w *collect.Worker, kept map[string]bool) people.Record {
	r := people.Record{
		Source: source, ID: w.ID, Number: word(w.EmployeeNumber), Name: word(w.DisplayName), Email: word(w.Email), Department: word(w.Department), DepartmentSince: known(w.DepartmentSince),
		Title: word(w.Title), Location: word(w.Location), Kind: word(w.EmploymentType), Manager: word(w.ManagerID), Status: word(w.Status),
		Started: known(w.HiredOn), Ended: known(w.TerminatedOn), EndedAt: w.TerminatedAt,
		Checks: people.Checks{
			Screening: word(w.ScreeningResult), ScreenedOn: known(w.ScreeningCompletedOn), AgreedOn: known(w.AgreementSignedOn), ConductOn: known(w.ConductAcceptedOn),
			TrainedFirst: known(w.AwarenessFirstOn), TrainedLast: known(w.AwarenessLastOn), ReviewedOn: known(w.PerformanceReviewedOn),
		},
	}
	for name, is := range map[string]bool{
		"screening": r.ScreenedOn != 0 || r.Screening != "", "agreement": r.AgreedOn != 0, "conduct": r.ConductOn != 0, "training": r.TrainedFirst != 0, "review": r.ReviewedOn != 0,
		"manager": r.Manager != "", "title": r.Title != "", "department": r.Department != "",
	} {
		if is {
			kept[name] = true
		}
	}
	return r
}

func accountOf(it evidence.Item, u *collect.UserAccount) people.Account {
	return people.Account{
		System: it.System, Source: it.Source, AccountID: u.ID, Login: u.Login, Email: word(u.Email), Name: word(u.DisplayName), Number: word(u.EmployeeNumber), Status: u.Status, Kind: word(u.Kind),
		External: u.External != nil && *u.External, Admin: u.Admin != nil && *u.Admin, Created: u.CreatedAt, Changed: u.StatusChangedAt, SignedIn: u.LastSignInAt, Seen: it.From,
	}
}

// word is an optional text; nothing where the source could not tell.
func word(s *string) string {
	if s == nil {
		return ""
	}
	return strings.TrimSpace(*s)
}

// known is an optional day; 0 where the source could not tell.
func known(d *period.Date) period.Date {
	if d == nil || *d < 0 {
		return 0
	}
	return *d
}
