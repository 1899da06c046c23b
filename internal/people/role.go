package people

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// RoleID identifies a role.
type RoleID string

// Role is a description of what somebody with certain titles does, may decide, and has to know (control GOV-03).
type Role struct {
	ID         RoleID
	Ref        string // "RO-007"
	Title      string
	Titles     []string // job titles of HR that the role describes, besides its own
	Duties     string   // what it does, those for security and privacy among them
	Competence string   // what it takes
	Authority  string   // what it may decide, and the limits
	Owner      string   // who keeps the description
	ReviewedOn period.Date
	ReviewedBy string
	People     int // who works here with one of the titles; filled when read
	Version    int
	Created    time.Time
	Updated    time.Time
}

// RoleReviewDays is how long a review of a description holds (control GOV-03).
const RoleReviewDays = 365

// Due is the day on which the description has to be reviewed again; 0 when it never was.
func (r Role) Due() period.Date {
	if r.ReviewedOn == 0 {
		return 0
	}
	return r.ReviewedOn + RoleReviewDays
}

// Fits reports whether the role describes a job title.
func (r Role) Fits(title string) bool {
	title = strings.TrimSpace(title)
	return strings.EqualFold(r.Title, title) || slices.ContainsFunc(r.Titles, func(t string) bool { return strings.EqualFold(t, title) })
}

// Roles keeps role descriptions. Laws: a reference is unique in an organisation; a job title belongs to one role; Save does nothing but report
// a Conflict when the version is not the base.
type Roles interface {
	AddRoles(ctx context.Context, s access.Scope, all []Role) ([]Role, error)
	SaveRole(ctx context.Context, s access.Scope, r Role, base int) error
	Role(ctx context.Context, s access.ReadScope, idOrRef string) (Role, error)
	// Roles lists roles. Sort names: ref, title, reviewed, people.
	Roles(ctx context.Context, s access.ReadScope, q paging.Query) (paging.Result[Role], error)
}

// Bounds of what people write in a role, in characters.
const (
	maxTitles   = 40
	maxRoleText = 8000
	minDuties   = 20
)

// StaleRole is the cause of a Conflict when somebody else changed a role meanwhile.
type StaleRole struct{ Theirs Role }

// Error says when the role was changed.
func (s *StaleRole) Error() string {
	return s.Theirs.Ref + " was changed on " + s.Theirs.Updated.UTC().Format("2006-01-02 15:04 UTC")
}

func (r *Role) clean() error {
	r.Title, r.Owner = text.Line(r.Title), text.Line(r.Owner)
	r.Duties, r.Competence, r.Authority = text.Prose(r.Duties), text.Prose(r.Competence), text.Prose(r.Authority)
	var titles []string
	for _, t := range r.Titles {
		t = text.Line(t)
		if t != "" && !strings.EqualFold(t, r.Title) && !slices.ContainsFunc(titles, func(o string) bool { return strings.EqualFold(o, t) }) {
			titles = append(titles, t)
		}
	}
	r.Titles = titles
	for _, err := range []error{
		text.Bounds("title", "the title", r.Title, 2, maxLine), text.Bounds("duties", "the duties", r.Duties, minDuties, maxRoleText),
		text.Bounds("competence", "the competence", r.Competence, 0, maxRoleText), text.Bounds("authority", "the authority", r.Authority, 0, maxRoleText),
		text.Bounds("owner", "the owner", r.Owner, 0, maxLine),
	} {
		if err != nil {
			return err
		}
	}
	if len(r.Titles) > maxTitles {
		return errs.New(errs.Invalid, "%d job titles are too many for one role", len(r.Titles)).At("titles").WithHint("Describe them as several roles.")
	}
	for _, t := range r.Titles {
		if err := text.Bounds("titles", "a job title", t, 1, maxLine); err != nil {
			return err
		}
	}
	return nil
}

// Describe adds role descriptions, all or nothing. They count as reviewed on the day when that is given.
func (s *Service) Describe(ctx context.Context, scope access.Scope, now time.Time, list []Role) ([]Role, error) {
	if err := scope.Require(access.ManagePeople); err != nil {
		return nil, err
	}
	var out []Role
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		have, err := s.Roles.Roles(ctx, scope.ReadScope, paging.Query{Size: paging.MaxSize})
		if err != nil {
			return err
		}
		known := have.Rows
		for i := range list {
			r := &list[i]
			if err := r.clean(); err != nil {
				return err
			}
			if err := taken(known, *r); err != nil {
				return err
			}
			r.ID, r.Version, r.Created, r.Updated = RoleID(id.New("rol", now)), 1, now, now
			known = append(known, *r)
		}
		if out, err = s.Roles.AddRoles(ctx, scope, list); err != nil {
			return err
		}
		var refs []string
		for _, r := range out {
			refs = append(refs, r.Ref+" "+r.Title)
		}
		subject := "roles"
		if len(out) == 1 {
			subject = string(out[0].ID)
		}
		_, err = s.Ledger.Append(ctx, scope, now, "role.described", subject, map[string]any{"roles": refs})
		return err
	})
	return out, err
}

// taken refuses a role for a job title that another one describes.
func taken(known []Role, r Role) error {
	for _, o := range known {
		if o.ID == r.ID && r.ID != "" {
			continue
		}
		for _, t := range append([]string{r.Title}, r.Titles...) {
			if o.Fits(t) {
				at := "titles"
				if t == r.Title {
					at = "title"
				}
				return errs.New(errs.Conflict, "%s describes %s already", o.Ref, t).At(at).WithHint("Take the title out there first, or change that role.")
			}
		}
	}
	return nil
}

// Rewrite changes a description after the version base; 0 for any. It stays reviewed as it was.
func (s *Service) Rewrite(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, r Role) (Role, error) {
	return s.changeRole(ctx, scope, now, ref, base, "role.changed", func(have *Role, known []Role) error {
		have.Title, have.Titles, have.Duties, have.Competence, have.Authority, have.Owner = r.Title, r.Titles, r.Duties, r.Competence, r.Authority, r.Owner
		if err := have.clean(); err != nil {
			return err
		}
		return taken(known, *have)
	})
}

// ReviewRole records that somebody looked at a description and it holds.
func (s *Service) ReviewRole(ctx context.Context, scope access.Scope, now time.Time, ref string, base int) (Role, error) {
	return s.changeRole(ctx, scope, now, ref, base, "role.reviewed", func(have *Role, _ []Role) error {
		have.ReviewedOn, have.ReviewedBy = period.Of(now), scope.Actor()
		return nil
	})
}

func (s *Service) changeRole(ctx context.Context, scope access.Scope, now time.Time, ref string, base int, kind string, do func(*Role, []Role) error) (Role, error) {
	if err := scope.Require(access.ManagePeople); err != nil {
		return Role{}, err
	}
	var r Role
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		was, err := s.Roles.Role(ctx, scope.ReadScope, ref)
		if err != nil {
			return err
		}
		if base != 0 && was.Version != base {
			return errs.Changed(was.Ref, &StaleRole{Theirs: was})
		}
		known, err := s.Roles.Roles(ctx, scope.ReadScope, paging.Query{Size: paging.MaxSize})
		if err != nil {
			return err
		}
		r = was
		if err := do(&r, known.Rows); err != nil {
			return err
		}
		r.Version, r.Updated = was.Version+1, now
		if err := s.Roles.SaveRole(ctx, scope, r, was.Version); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, kind, string(r.ID), map[string]any{"ref": r.Ref, "title": r.Title, "version": r.Version, "reviewed": dateText(r.ReviewedOn)})
		return err
	})
	return r, err
}

// Role reads a role by identifier or reference.
func (s *Service) Role(ctx context.Context, scope access.ReadScope, ref string) (Role, error) {
	if err := scope.Require(access.ReadPeople); err != nil {
		return Role{}, err
	}
	return s.Roles.Role(ctx, scope, ref)
}

// ListRoles lists roles.
func (s *Service) ListRoles(ctx context.Context, scope access.ReadScope, q paging.Query) (paging.Result[Role], error) {
	if err := scope.Require(access.ReadPeople); err != nil {
		return paging.Result[Role]{}, err
	}
	return s.Roles.Roles(ctx, scope, q)
}
