// Package accesstest makes organisations and people for tests of other domains, on a real database with a real ledger.
package accesstest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesssql"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/ledger"
	"github.com/tickmark/tickmark/internal/ledger/ledgersql"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
)

// Now is when the organisations of a world begin.
var Now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// password of those who sign in; nobody else has one, because hashing takes long on purpose.
const password = "correct horse battery"

// World is two organisations. Everything of the second one must stay invisible to the first.
type World struct {
	DB     *sqldb.DB
	Ledger *ledgersql.Store
	Access *access.Service

	Org, Other           access.Org
	Owner, OtherOwner    access.Scope
	Operator             access.Scope // of Org
	OwnerUser, OtherUser access.User
}

// New makes a world in a migrated database.
func New(t testing.TB, db *sqldb.DB) *World {
	t.Helper()
	w := &World{DB: db, Ledger: &ledgersql.Store{DB: db}}
	store := &accesssql.Store{DB: db}
	w.Access = &access.Service{Store: store, Credentials: store, Tx: db, Recorder: w.Ledger, Audits: store}
	w.Org, w.OwnerUser = w.found(t, "northwind", "Northwind")
	w.Other, w.OtherUser = w.found(t, "fabrikam", "Fabrikam")
	var err error
	if w.Operator, err = w.Access.Operator(t.Context(), w.Org.ID, "test"); err != nil {
		t.Fatal(err)
	}
	w.Owner = w.As(t, w.Org, w.OwnerUser)
	w.OtherOwner = w.As(t, w.Other, w.OtherUser)
	return w
}

func (w *World) found(t testing.TB, slug, name string) (access.Org, access.User) {
	t.Helper()
	o, u, err := w.Access.CreateOrg(t.Context(), Now, "test", access.NewOrg{Slug: slug, Name: name, Simulated: true},
		access.NewUser{Email: "owner@" + slug + ".example", Name: "Owner of " + name})
	if err != nil {
		t.Fatal(err)
	}
	return o, u
}

// Join adds a member to the first organisation. An email that exists already is only given the role.
func (w *World) Join(t testing.TB, email string, role access.Role) access.User {
	t.Helper()
	u, err := w.Access.AddUser(t.Context(), w.Operator, Now, access.NewUser{Email: email, Name: "Member " + email, Role: role})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// As is the scope of a member of an organisation whose role may write.
func (w *World) As(t testing.TB, o access.Org, u access.User) access.Scope {
	t.Helper()
	op, err := w.Access.Operator(t.Context(), o.ID, "test")
	if err != nil {
		t.Fatal(err)
	}
	s, err := w.Access.As(t.Context(), op, Now, string(u.ID))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Member adds somebody with a role that may write, and returns the scope.
func (w *World) Member(t testing.TB, email string, role access.Role) access.Scope {
	t.Helper()
	return w.As(t, w.Org, w.Join(t, email, role))
}

// Reader adds somebody with any role, an auditor say, and returns the right to read that signing in gives.
func (w *World) Reader(t testing.TB, email string, role access.Role) access.ReadScope {
	t.Helper()
	if _, err := w.Access.AddUser(t.Context(), w.Operator, Now, access.NewUser{Email: email, Name: "Reader " + email, Password: password, Role: role}); err != nil {
		t.Fatal(err)
	}
	_, g, err := w.Access.SignIn(t.Context(), Now, access.Attempt{Email: email, Password: password, IP: "192.0.2.1", Agent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return g.Read
}

// Entry is a ledger entry with its payload read.
type Entry struct {
	ledger.Entry
	Says map[string]any
}

// Entries lists the entries of an organisation's ledger whose kind is, or begins with, the given one, oldest first.
func (w *World) Entries(t testing.TB, s access.Scope, kind string) []Entry {
	t.Helper()
	res, err := w.Ledger.Entries(t.Context(), s.ReadScope, ledger.Filter{Kind: kind}, paging.Query{Sort: "seq", Size: paging.MaxSize})
	if err != nil {
		t.Fatal(err)
	}
	out := make([]Entry, len(res.Rows))
	for i, e := range res.Rows {
		out[i] = Entry{Entry: e}
		if err := json.Unmarshal([]byte(e.Payload), &out[i].Says); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// Auditors is a firm with four people who are invited to an engagement of the world's first organisation, and have declared
// themselves independent.
type Auditors struct {
	Firm                            access.Org
	Partner, Senior, Staff, Quality access.AuditScope
}

// Audit makes a firm and invites its people to an engagement. The slug names the firm, so that a world may have several.
func (w *World) Audit(t testing.TB, slug, engagement string) Auditors {
	t.Helper()
	firm, partner, err := w.Access.CreateOrg(t.Context(), Now, "test", access.NewOrg{Slug: slug, Name: slug, Kind: access.Firm},
		access.NewUser{Email: "partner@" + slug + ".example", Name: "Partner of " + slug, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Access.InviteFirm(t.Context(), w.Owner, Now, engagement, access.NewFirm{Mail: partner.Email}); err != nil {
		t.Fatal(err)
	}
	op, err := w.Access.Operator(t.Context(), firm.ID, "test")
	if err != nil {
		t.Fatal(err)
	}
	out := Auditors{Firm: firm, Partner: w.enter(t, partner.Email, engagement)}
	for _, x := range []struct {
		role access.Role
		to   *access.AuditScope
	}{{access.Senior, &out.Senior}, {access.Staff, &out.Staff}, {access.QualityReviewer, &out.Quality}} {
		u, err := w.Access.AddUser(t.Context(), op, Now, access.NewUser{Email: string(x.role) + "@" + slug + ".example", Name: x.role.Title() + " of " + slug, Password: password, Role: x.role})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Access.AddToTeam(t.Context(), out.Partner, Now, u.ID); err != nil {
			t.Fatal(err)
		}
		*x.to = w.enter(t, u.Email, engagement)
	}
	return out
}

// enter signs somebody in, declares, and opens the engagement.
func (w *World) enter(t testing.TB, email, engagement string) access.AuditScope {
	t.Helper()
	_, g, err := w.Access.SignIn(t.Context(), Now, access.Attempt{Email: email, Password: password, IP: "192.0.2.1", Agent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Access.Declare(t.Context(), g, Now, engagement); err != nil {
		t.Fatal(err)
	}
	a, err := w.Access.Audit(t.Context(), g, Now, engagement)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
