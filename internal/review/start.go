package review

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Resources that say who may do what, in the order in which they are offered.
var resources = []string{"user_account", "role_grant", "group_member", "app_assignment", "host_account"}

// ResourceTitle is what a resource means to reviewers.
func ResourceTitle(resource string) string {
	switch resource {
	case "user_account":
		return "Accounts"
	case "role_grant":
		return "Administrative roles"
	case "group_member":
		return "Group memberships"
	case "app_assignment":
		return "Application assignments"
	case "host_account":
		return "Local accounts"
	}
	return resource
}

// Choice is one population to review.
type Choice struct {
	Connection string // identifier or name
	Resource   string // empty for accounts
	Reviewer   string // identifier or email
	Deputy     string
	Reason     string // why it may begin although the counts do not agree
	Critical   bool
}

// New is a review to start.
type New struct {
	Title, Why  string
	Assign      Assign // BySystem when empty
	Due         period.Date
	Systems     []Choice
	Departments map[string]string // for ByDepartment: who decides, by department
}

// Offer is a population that could be reviewed, with the newest snapshot of it.
type Offer struct {
	Connection, Source, Kind, Resource, Slug string
	Frozen                                        // what is known before it is frozen
	Never                                    bool // it was not collected yet
	Old                                      bool // the snapshot is too old to stand for who may use the system now
}

// reviewable lists the resources of a connection that say who may do what.
func (s *Service) reviewable(c collect.Connection) []string {
	var out []string
	has := s.Resources(c)
	for _, r := range resources {
		if slices.Contains(has, r) && (r == "user_account" || r == "host_account" || slices.Contains(has, "user_account")) {
			out = append(out, r)
		}
	}
	return out
}

func slug(source, resource string) string {
	if resource == "user_account" {
		return source
	}
	return source + "." + resource
}

// Offers lists what can be reviewed.
func (s *Service) Offers(ctx context.Context, scope access.ReadScope, now time.Time) ([]Offer, error) {
	if err := scope.Require(access.ManageReviews); err != nil {
		return nil, err
	}
	conns, err := s.Connections.Connections(ctx, scope)
	if err != nil {
		return nil, err
	}
	var out []Offer
	for _, c := range conns {
		for _, r := range s.reviewable(c) {
			o, _, err := s.offer(ctx, scope, now, c, r)
			if err != nil {
				return nil, err
			}
			out = append(out, o)
		}
	}
	return out, nil
}

// offer finds the newest snapshot of a resource.
func (s *Service) offer(ctx context.Context, scope access.ReadScope, now time.Time, c collect.Connection, resource string) (Offer, evidence.Item, error) {
	o := Offer{Connection: string(c.ID), Source: c.Name, Kind: c.Kind, Resource: resource, Slug: slug(c.Name, resource)}
	it, err := s.latest(ctx, scope, c, resource, now)
	if errs.Is(err, errs.NotFound) {
		o.Never, o.Old = true, true
		return o, it, nil
	}
	if err != nil {
		return o, it, err
	}
	o.Frozen = Frozen{Evidence: it.Ref, SnapshotSHA: it.SHA256, TakenAt: it.From, Snapshot: it.Rows, Total: it.SourceTotal, Population: it.Rows, Gap: it.Gap}
	if !it.Completeness.Usable() && o.Gap == "" {
		o.Gap = "the reading was not complete"
	}
	o.Old = now.Sub(it.From) > freshHours*time.Hour
	return o, it, nil
}

// latest is the newest snapshot of a resource of a connection, complete or not.
func (s *Service) latest(ctx context.Context, scope access.ReadScope, c collect.Connection, resource string, at time.Time) (evidence.Item, error) {
	all, err := s.Snapshots.Latest(ctx, scope, c.Kind, resource, at)
	if err != nil {
		return evidence.Item{}, err
	}
	for _, it := range all {
		if it.Source == c.Name {
			return it, nil
		}
	}
	return evidence.Item{}, errs.New(errs.NotFound, "%s of %s were never collected", strings.ToLower(ResourceTitle(resource)), c.Name)
}

// draft is a review on its way to be started.
type draft struct {
	Review
	departments map[string]access.UserID
	systems     []System
	rows        []Row
}

// Start freezes the populations and hands out their rows.
func (s *Service) Start(ctx context.Context, scope access.Scope, now time.Time, n New) (Review, error) {
	if err := scope.Require(access.ManageReviews); err != nil {
		return Review{}, err
	}
	d, err := s.draft(ctx, scope.ReadScope, now, scope.Actor(), n)
	if err != nil {
		return Review{}, err
	}
	w, err := s.who(ctx, scope.ReadScope)
	if err != nil {
		return Review{}, err
	}
	people, err := s.directory(ctx, scope.ReadScope)
	if err != nil {
		return Review{}, err
	}
	for i, c := range n.Systems {
		if err := s.freeze(ctx, scope.ReadScope, now, &d, c, people); err != nil {
			return Review{}, atSystem(err, i)
		}
	}
	if len(d.rows) == 0 {
		return Review{}, errs.New(errs.Invalid, "there is nobody to review: every population is empty").At("systems").WithHint("Collect first, and look at what came.")
	}
	if err := d.hand(w, people); err != nil {
		return Review{}, err
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		for i := range d.systems {
			x := &d.systems[i]
			if x.Seq, err = s.Ledger.Append(ctx, scope, now, "population.frozen", string(d.ID)+"/"+x.Slug, frozenPayload(*x)); err != nil {
				return err
			}
		}
		if d.Review, err = s.Store.Add(ctx, scope, d.Review, d.systems, d.rows); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "review.started", string(d.ID), map[string]any{
			"ref": d.Ref, "title": d.Title, "due": d.Due.String(), "rows": len(d.rows), "systems": slugs(d.systems), "why": d.Why,
		})
		return err
	})
	return d.Review, err
}

// atSystem puts a failure at the line of the form that names the system.
func atSystem(err error, i int) error {
	var e *errs.Error
	if field := errs.FieldOf(err); field != "" && errs.KindOf(err) != errs.Internal && asError(err, &e) {
		e.Field = fmt.Sprintf("%s-%d", field, i)
	}
	return err
}

func frozenPayload(x System) map[string]any {
	total := any("not told")
	if x.Total != nil {
		total = *x.Total
	}
	return map[string]any{
		"source": x.Source, "resource": x.Resource, "evidence": x.Evidence, "snapshot_sha256": x.SnapshotSHA, "taken_at": x.TakenAt.UTC().Format(time.RFC3339Nano),
		"snapshot": x.Snapshot, "source_total": total, "left": x.Left, "population": x.Population, "sha256": x.SHA256, "gap": x.Gap, "reason": x.Reason,
	}
}

func slugs(all []System) []string {
	out := make([]string, len(all))
	for i, x := range all {
		out[i] = x.Slug
	}
	return out
}

// draft checks what a person says about a review.
func (s *Service) draft(ctx context.Context, scope access.ReadScope, now time.Time, actor string, n New) (draft, error) {
	today := period.Of(now)
	d := draft{Review: Review{ID: ID(id.New("arv", now)), Title: text.Line(n.Title), Why: text.Prose(n.Why), State: Running, Assign: cmp.Or(n.Assign, BySystem), Due: n.Due, Started: now, StartedBy: actor, Version: 1}}
	if err := text.Bounds("title", "the title", d.Title, 3, MaxTitle); err != nil {
		return d, err
	}
	if err := text.Bounds("why", "the text", d.Why, 0, MaxWhy); err != nil {
		return d, err
	}
	switch {
	case !slices.Contains(Assigns(), d.Assign):
		return d, errs.New(errs.Invalid, "choose who decides").At("assign")
	case d.Due < today:
		return d, errs.New(errs.Invalid, "the last day to decide is missing or over").At("due").WithHint("Choose today or a later day.")
	case d.Due > today+farDays:
		return d, errs.New(errs.Invalid, "%s is more than a year ahead", d.Due).At("due")
	case len(n.Systems) == 0:
		return d, errs.New(errs.Invalid, "choose what is reviewed").At("systems")
	case len(n.Systems) > maxSystems:
		return d, errs.New(errs.Invalid, "%d populations are too many for one review; at most %d", len(n.Systems), maxSystems).At("systems")
	case d.Assign == ByDepartment && len(n.Departments) == 0:
		return d, errs.New(errs.Invalid, "name a reviewer for at least one department").At("departments")
	}
	d.departments = map[string]access.UserID{}
	for name, u := range n.Departments {
		r, err := s.reviewer(ctx, scope, "departments", u)
		if err != nil {
			return d, errs.Wrap(err, "%s", name)
		}
		d.departments[strings.ToLower(text.Line(name))] = r
	}
	return d, nil
}

// freeze reads one population and adds its rows.
func (s *Service) freeze(ctx context.Context, scope access.ReadScope, now time.Time, d *draft, c Choice, people directory) error {
	conn, err := s.Connections.Connection(ctx, scope, c.Connection)
	if err != nil {
		return err
	}
	resource := cmp.Or(c.Resource, "user_account")
	if c.Resource == "" && !slices.Contains(s.reviewable(conn), resource) {
		resource = "host_account"
	}
	if !slices.Contains(s.reviewable(conn), resource) {
		return errs.New(errs.Invalid, "%s tells nothing about %s", conn.Name, strings.ToLower(ResourceTitle(resource))).At("system")
	}
	x := System{Review: d.ID, N: len(d.systems) + 1, Slug: slug(conn.Name, resource), Connection: string(conn.ID), Source: conn.Name, Kind: conn.Kind, Resource: resource, Critical: c.Critical}
	if slices.ContainsFunc(d.systems, func(y System) bool { return y.Slug == x.Slug }) {
		return errs.New(errs.Invalid, "%s is chosen twice", x.Slug).At("system")
	}
	if x.Reviewer, err = s.reviewer(ctx, scope, "reviewer", c.Reviewer); err != nil {
		return err
	}
	if x.Deputy, err = s.reviewer(ctx, scope, "deputy", c.Deputy); err != nil {
		return err
	}
	if x.Reviewer == x.Deputy {
		return errs.New(errs.Invalid, "the deputy is the reviewer").At("deputy").WithHint("Somebody else has to decide on the reviewer's own access.")
	}
	o, item, err := s.offer(ctx, scope, now, conn, resource)
	if err != nil {
		return err
	}
	if o.Old {
		age := "never collected"
		if !o.Never {
			age = fmt.Sprintf("from %s, more than %d hours ago", o.TakenAt.UTC().Format("2 Jan 15:04 UTC"), freshHours)
		}
		return errs.New(errs.Conflict, "what is known of %s is %s", conn.Name, age).At("system").WithHint("Collect %s first: a review is over who may use the system now.", conn.Name)
	}
	x.Frozen = o.Frozen
	rows, left, err := s.read(ctx, scope, now, conn, resource, item, people)
	if err != nil {
		return err
	}
	x.Left, x.Population = left, int64(len(rows))
	if yes, known := x.Reconciles(); known && !yes {
		x.Reason = text.Prose(c.Reason)
		if err := text.Bounds("reason", "why the review may begin although the counts do not agree", x.Reason, minReason, MaxReason); err != nil {
			return errs.Hinted(err, "%s", x.mismatch())
		}
	}
	if len(d.rows)+len(rows) > maxRows {
		return errs.New(errs.Exhausted, "more than %d rows in one review", maxRows).At("system").WithHint("Start one review for each system.")
	}
	if err := s.compare(ctx, scope, x, rows); err != nil {
		return err
	}
	for i := range rows {
		rows[i].Review, rows[i].System, rows[i].N, rows[i].Version = d.ID, x.Slug, len(d.rows)+i+1, 1
		rows[i].Flags = flags(rows[i], x.TakenAt)
	}
	if x.SHA256, err = hashRows(rows); err != nil {
		return err
	}
	d.systems, d.rows = append(d.systems, x), append(d.rows, rows...)
	return nil
}

// mismatch says what does not agree.
func (x System) mismatch() string {
	if x.Gap != "" {
		return "The snapshot is not complete: " + x.Gap + "."
	}
	if x.Total != nil && *x.Total != x.Snapshot {
		return fmt.Sprintf("The source counts %d, the snapshot has %d.", *x.Total, x.Snapshot)
	}
	return fmt.Sprintf("The snapshot says %d rows and has %d.", x.Snapshot, x.Left+x.Population)
}

// hashRows is the hash of what was frozen: the rows without what is decided later.
func hashRows(rows []Row) (string, error) {
	out := make([]map[string]any, len(rows))
	for i, r := range rows {
		out[i] = r.frozen()
	}
	sum, err := canon.Hash(out)
	return sum, errs.As(errs.Internal, err, "hash the population")
}

// frozen is the part of a row that never changes, for hashing and for the sealed result.
func (r Row) frozen() map[string]any {
	return map[string]any{
		"n": r.N, "key": r.Key, "account": r.Account, "login": r.Login, "name": r.Name, "email": r.Email, "grant": r.Grant, "status": r.Status, "service": r.Service,
		"admin": told(r.Admin), "groups": orEmpty(r.Groups), "roles": orEmpty(r.Roles), "last_sign_in": stamp(r.SignIn), "created": stamp(r.Created),
		"person": r.PersonRef, "person_name": r.PersonName, "person_state": string(r.State), "department": r.Department, "flags": flagWords(r.Flags), "since": string(r.Since), "prior": r.Prior,
	}
}

func told(b *bool) string {
	switch {
	case b == nil:
		return "unknown"
	case *b:
		return "yes"
	}
	return "no"
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func stamp(t *time.Time) string {
	if t == nil {
		return "unknown"
	}
	return t.UTC().Format(time.RFC3339)
}

func flagWords(all []Flag) []string {
	out := make([]string, len(all))
	for i, f := range all {
		out[i] = string(f)
	}
	return out
}

// hand gives each row to a reviewer who is not its subject.
func (d *draft) hand(w who, people directory) error {
	systems := map[string]System{}
	for _, x := range d.systems {
		systems[x.Slug] = x
	}
	for i := range d.rows {
		r := &d.rows[i]
		x := systems[r.System]
		turn := x.Reviewer
		switch p := people.byID[r.Person]; d.Assign {
		case ByLine:
			if m, ok := people.byID[p.Manager]; ok && p.Manager != "" {
				turn = cmp.Or(m.User, w.byEmail[strings.ToLower(m.Email)])
			}
		case ByDepartment:
			turn = cmp.Or(d.departments[strings.ToLower(r.Department)], turn)
		case BySystem:
		}
		if !w.able(turn) { // a manager without an account here
			turn = x.Reviewer
		}
		for _, u := range []access.UserID{turn, x.Deputy, x.Reviewer} {
			if !w.subject(*r, u) {
				r.Reviewer = u
				break
			}
		}
		if r.Reviewer == "" {
			return errs.New(errs.Invalid, "nobody is left to decide on %s: reviewer and deputy are the same person", r.Label()).At("deputy").WithHint("Choose another deputy.")
		}
		if r.Reviewer != turn {
			r.Moved = w.byID[turn].Name + " is who uses it"
		}
	}
	return nil
}
