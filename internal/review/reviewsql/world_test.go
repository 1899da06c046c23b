package reviewsql_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/collectsql"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/evidence/evidencesql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/platform/blob"
	"github.com/tickmark/tickmark/internal/platform/lake"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/review"
	"github.com/tickmark/tickmark/internal/review/reviewsql"
)

var (
	now   = accesstest.Now
	today = period.Of(now)
)

func day(n int) time.Time { return now.AddDate(0, 0, n) }

// folk is a directory of people.
type folk []people.Person

func (f *folk) Everyone(_ context.Context, s access.ReadScope, _ people.Filter) ([]people.Person, error) {
	return *f, s.Require(access.ReadPeople)
}

// chores keeps what was asked for.
type chores []review.Task

func (c *chores) Open(_ context.Context, _ access.Scope, _ time.Time, t review.Task) error {
	*c = append(*c, t)
	return nil
}

type world struct {
	*accesstest.World
	t      *testing.T
	svc    *review.Service
	store  *reviewsql.Store
	files  collectsql.Files
	items  *evidencesql.Store
	folk   folk
	chores chores
	okta   collect.Connection
	lead   access.Scope
	ann    access.Scope // control owner, reviewer of okta
	ben    access.Scope // control owner, deputy
	eve    access.Scope // employee
	system access.Scope
	n      int
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{World: accesstest.New(t, db), t: t}
	dir := lake.Dir{Root: t.TempDir()}
	w.files, w.items = collectsql.Files{Lake: dir}, &evidencesql.Store{DB: db, Ledger: w.Ledger}
	conns := &collectsql.Store{DB: db}
	w.store = &reviewsql.Store{DB: db}
	w.svc = &review.Service{
		Store: w.store, Counts: w.store, Members: w.Access, Directory: &w.folk, Connections: conns, Snapshots: w.items, Facts: collectsql.Facts{Lake: dir},
		Resources: func(collect.Connection) []string {
			return []string{"user_account", "group_member", "account_group", "role_grant"}
		},
		Archive: &evidence.Service{Store: w.items, Blobs: evidencesql.Blobs{Dir: blob.Dir{Root: t.TempDir()}}}, Tasks: &w.chores, Tx: db, Ledger: w.Ledger,
	}
	w.okta = collect.Connection{ID: "con_okta", Kind: "okta", Name: "okta-main", Settings: map[string]string{}, Created: now}
	w.ok(conns.AddConnection(t.Context(), w.Owner, w.okta))
	w.lead = w.Member(t, "lead@northwind.example", access.ComplianceLead)
	w.ann = w.Member(t, "ann@northwind.example", access.ControlOwner)
	w.ben = w.Member(t, "ben@northwind.example", access.ControlOwner)
	w.eve = w.Member(t, "eve@northwind.example", access.Employee)
	w.system = w.Access.System(w.Org.ID, "schedule")
	for i, name := range []string{"ann", "ben", "cid", "dee"} {
		p := people.Person{ID: people.ID("per_" + name), Ref: fmt.Sprintf("P-%04d", i+1), Name: name, Email: name + "@northwind.example", Number: fmt.Sprint(100 + i), State: people.Active, Department: "Sales"}
		switch name {
		case "ann":
			p.User = w.ann.User()
		case "dee":
			p.State, p.Ended = people.Left, today-3
		case "cid":
			p.Manager = "per_ben"
		case "ben":
			p.User = w.ben.User()
		}
		w.folk = append(w.folk, p)
	}
	return w
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) refused(err error, k errs.Kind, field, part string) {
	w.t.Helper()
	if !errs.Is(err, k) || errs.FieldOf(err) != field || !strings.Contains(err.Error(), part) {
		w.t.Errorf("%v (%v at %q), want %v at %q with %q", err, errs.KindOf(err), errs.FieldOf(err), k, field, part)
	}
}

// snap keeps a snapshot of a resource, as a collection would.
func (w *world) snap(at time.Time, resource string, total *int64, facts ...collect.Fact) evidence.Item {
	w.t.Helper()
	w.n++
	run := collect.RunID(fmt.Sprintf("run_%04d", w.n))
	res, _ := collect.ResourceNamed(resource)
	f, err := w.files.Create(w.Org.ID, run, at, resource, res.Row)
	w.ok(err)
	for _, x := range facts {
		w.ok(f.Write(x))
	}
	file, err := f.Commit()
	w.ok(err)
	it := evidence.Item{
		ID: evidence.ItemID(run), Kind: evidence.Snapshot, Title: resource, System: "okta", Source: "okta-main", Resource: resource, Method: evidence.API, RunID: string(run), From: at, To: at,
		ReceivedAt: at, Bytes: file.Bytes, SHA256: file.SHA256, Path: "lake:" + file.Path, Rows: int64(len(facts)), SourceTotal: total, Completeness: evidence.Proven, Status: evidence.Active,
	}
	if total == nil {
		it.Completeness = evidence.Asserted
	} else if *total != it.Rows {
		it.Completeness, it.Gap = evidence.Incomplete, fmt.Sprintf("the source says %d, %d were received", *total, it.Rows)
	}
	sealed, err := w.items.Seal(w.t.Context(), w.Operator, evidence.Seal{Items: []evidence.Item{it}, Subject: string(run), At: at})
	w.ok(err)
	return sealed[0]
}

func account(id, login string, more ...func(*collect.UserAccount)) *collect.UserAccount {
	a := &collect.UserAccount{ID: id, Login: login, Email: collect.Ptr(login), Status: "active", Kind: collect.Ptr("person"), Admin: collect.Ptr(false), LastSignInAt: collect.Ptr(now.Add(-time.Hour))}
	for _, f := range more {
		f(a)
	}
	return a
}

// usual is six accounts: three people, one who left, nobody's, and a service; one more is closed.
func usual() []collect.Fact {
	return []collect.Fact{
		account("u1", "ann@northwind.example", func(a *collect.UserAccount) { a.Admin = collect.Ptr(true) }),
		account("u2", "ben@northwind.example"),
		account("u3", "cid@northwind.example", func(a *collect.UserAccount) { a.LastSignInAt = collect.Ptr(now.AddDate(0, 0, -91)) }),
		account("u4", "d.old@northwind.example", func(a *collect.UserAccount) { a.EmployeeNumber = collect.Ptr("103") }),
		account("u5", "=cmd|calc@elsewhere.example"),
		account("u6", "robot", func(a *collect.UserAccount) { a.Kind, a.LastSignInAt, a.Email = collect.Ptr("service"), nil, nil }),
		account("u7", "gone@northwind.example", func(a *collect.UserAccount) { a.Status = "deprovisioned" }),
	}
}

func total(n int64) *int64 { return &n }

func (w *world) choice() review.Choice {
	return review.Choice{Connection: "okta-main", Reviewer: "ann@northwind.example", Deputy: "ben@northwind.example"}
}

func (w *world) start(at time.Time) review.Review {
	w.t.Helper()
	r, err := w.svc.Start(w.t.Context(), w.lead, at, review.New{Title: "Accounts of okta", Due: period.Of(at) + 14, Systems: []review.Choice{w.choice()}})
	w.ok(err)
	return r
}

func (w *world) rows(r review.Review, f review.RowFilter) []review.Row {
	w.t.Helper()
	f.Review = r.ID
	res, err := w.svc.Rows(w.t.Context(), w.lead.ReadScope, f, paging.Query{Sort: "n"})
	w.ok(err)
	return res.Rows
}

func (w *world) row(r review.Review, login string) review.Row {
	w.t.Helper()
	for _, x := range w.rows(r, review.RowFilter{}) {
		if x.Login == login {
			return x
		}
	}
	w.t.Fatalf("no row %s", login)
	return review.Row{}
}

func (w *world) decide(as access.Scope, at time.Time, r review.Review, login string, d review.Decision, reason string) error {
	w.t.Helper()
	x := w.row(r, login)
	_, err := w.svc.Decide(w.t.Context(), as, at, r.Ref, []review.Verdict{{N: x.N, Decision: d, Reason: reason, Base: x.Version}})
	return err
}

func isStale(err error) *review.Stale {
	var s *review.Stale
	errors.As(err, &s)
	return s
}
