package people_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/people/peoplesql"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

var (
	now   = accesstest.Now
	today = period.Of(now)
)

type world struct {
	*accesstest.World
	t   *testing.T
	svc *people.Service
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{World: accesstest.New(t, db), t: t}
	store := &peoplesql.Store{DB: db}
	w.svc = &people.Service{Store: store, Sources: store, Devices: store, Roles: store, Users: w.Access, Tx: db, Ledger: w.Ledger}
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
	if !errs.Is(err, k) || !strings.Contains(err.Error(), part) || errs.FieldOf(err) != field {
		w.t.Errorf("%v (%v at %q), want %v at %q with %q", err, errs.KindOf(err), errs.FieldOf(err), k, field, part)
	}
}

// rec is a record of the HR system "hr".
func rec(id, name string, change ...func(*people.Record)) people.Record {
	r := people.Record{Source: "hr", ID: id, Number: "N" + id, Name: name, Email: strings.ToLower(name) + "@northwind.example", Department: "Data", Title: "Engineer",
		Kind: people.Employee, Status: "active", Started: today - 400}
	for _, c := range change {
		c(&r)
	}
	return r
}

func under(m string) func(*people.Record)       { return func(r *people.Record) { r.Manager = m } }
func starts(d period.Date) func(*people.Record) { return func(r *people.Record) { r.Started = d } }
func ends(d period.Date) func(*people.Record)   { return func(r *people.Record) { r.Ended = d } }
func mail(s string) func(*people.Record)        { return func(r *people.Record) { r.Email = s } }
func number(s string) func(*people.Record)      { return func(r *people.Record) { r.Number = s } }
func status(s string) func(*people.Record)      { return func(r *people.Record) { r.Status = s } }
func department(s string) func(*people.Record)  { return func(r *people.Record) { r.Department = s } }
func account(id, login, number string) people.Account {
	return people.Account{System: "okta", Source: "okta", AccountID: id, Login: login, Number: number, Status: "active", Kind: "person", Seen: now}
}

// picture is what the HR system and the identity provider tell.
func picture(at time.Time, records []people.Record, accounts ...people.Account) people.Picture {
	return people.Picture{
		Told: []people.Told{
			{Source: "hr", System: "bamboohr", Resource: "worker", Evidence: "EV-1", At: at, Rows: len(records), Kept: []string{"screening"}},
			{Source: "okta", System: "okta", Resource: "user_account", Evidence: "EV-2", At: at, Rows: len(accounts)},
		},
		Records: records, Accounts: accounts, Directories: []string{"okta"},
	}
}

func (w *world) refresh(at time.Time, p people.Picture) people.Outcome {
	w.t.Helper()
	out, err := w.svc.Refresh(w.t.Context(), w.Owner, at, p)
	w.ok(err)
	return out
}

func (w *world) person(key string) people.Person {
	w.t.Helper()
	p, err := w.svc.Person(w.t.Context(), w.Owner.ReadScope, key)
	w.ok(err)
	return p
}

func (w *world) kinds(key string) string {
	w.t.Helper()
	all, err := w.svc.History(w.t.Context(), w.Owner.ReadScope, w.person(key).ID)
	w.ok(err)
	var out []string
	for _, e := range all {
		k := string(e.Kind)
		if e.Field != "" {
			k += ":" + e.Field
		}
		out = append(out, k)
	}
	return strings.Join(out, " ")
}

func (w *world) doubts() []string {
	w.t.Helper()
	all, err := w.svc.Doubts(w.t.Context(), w.Owner.ReadScope)
	w.ok(err)
	var out []string
	for _, d := range all {
		out = append(out, string(d.Kind)+" "+d.Subject)
	}
	return out
}

func days(n int) time.Time { return now.AddDate(0, 0, n) }

// TestLife takes people through everything that can happen to them, one picture after the other.
func TestLife(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		boss, ada := rec("1", "Boss", func(r *people.Record) { r.Title = "Chief" }), rec("2", "Ada", under("1"))
		joins := rec("3", "Joins", under("1"), starts(today+3), status("inactive"))
		leaves := rec("4", "Leaves", under("1"), ends(today+2))
		gone := rec("5", "Gone", under("1"), ends(today-30), status("inactive"))
		out := w.refresh(now, picture(now, []people.Record{boss, ada, joins, leaves, gone}, account("a", "ada@northwind.example", ""), account("b", "boss", "N1"), account("s", "stranger@x.example", "")))
		if out.People != 5 || out.Working != 3 || out.Accounts != 3 || out.NewAccount != 3 || !out.Changed() {
			t.Fatalf("%+v", out)
		}
		for key, want := range map[string]people.State{"N1": people.Active, "ADA@northwind.example": people.Active, "N3": people.Joining, "N4": people.Leaving, "N5": people.Left} {
			if p := w.person(key); p.State != want || p.Stint != 1 || p.Origin != people.FromHR {
				t.Errorf("%s: %+v", key, p)
			}
		}
		if p := w.person("P-0001"); p.ManagerRef == "" && p.Manager != "" {
			t.Errorf("%+v", p)
		}
		if got := w.doubts(); !slices.Equal(got, []string{"no_owner okta stranger@x.example", "no_account " + w.person("N4").Ref}) {
			t.Errorf("doubts %v", got)
		}
		// The same again changes nothing, and leaves no entry.
		head, err := w.Ledger.Head(t.Context(), w.Owner.ReadScope)
		w.ok(err)
		if out := w.refresh(now, picture(now, []people.Record{boss, ada, joins, leaves, gone}, account("a", "ada@northwind.example", ""), account("b", "boss", "N1"), account("s", "stranger@x.example", ""))); out.Changed() {
			t.Errorf("nothing changed, but %+v", out)
		}
		if again, err := w.Ledger.Head(t.Context(), w.Owner.ReadScope); err != nil || again.Seq != head.Seq {
			t.Errorf("head %v, was %v, %v", again.Seq, head.Seq, err)
		}
		// A week later: one began, one left, one moved and was renamed.
		at := days(7)
		ada2 := rec("2", "Ada", under("3"), department("Legal"), mail("ada.new@northwind.example"))
		joins2 := rec("3", "Joins", under("1"), starts(today+3))
		closed := account("a", "ada@northwind.example", "")
		closed.Status, closed.Changed = "suspended", &at
		out = w.refresh(at, picture(at, []people.Record{boss, ada2, joins2, leaves, gone}, closed, account("b", "boss", "N1")))
		if out.Events[people.Began] != 1 || out.Events[people.HasLeft] != 1 || out.Events[people.Moved] != 2 || out.Events[people.Renamed] != 1 || out.Closed != 2 {
			t.Errorf("%+v", out)
		}
		if got := w.kinds("N2"); got != "joined moved:department moved:manager renamed:address" {
			t.Error(got)
		}
		if p := w.person("N2"); p.ManagerName != "Joins" || p.Version != 2 {
			t.Errorf("%+v", p)
		}
		acc, err := w.svc.Accounts(t.Context(), w.Owner.ReadScope, people.AccountFilter{Persons: []people.ID{w.person("N2").ID}})
		w.ok(err)
		if len(acc) != 1 || acc[0].How != "before" || !acc[0].Closed() || acc[0].PersonName != "Ada" {
			t.Errorf("the account of somebody who was renamed: %+v", acc)
		}
		// Two are not in the source any more, and one of them comes back with a new first day.
		at = days(20)
		out = w.refresh(at, picture(at, []people.Record{boss, ada2}))
		if out.Events[people.Vanished] != 3 || w.person("N4").Gone == nil || w.person("N3").Works() {
			t.Errorf("%+v", out)
		}
		at = days(40)
		back := rec("4", "Leaves", under("1"), starts(today+35))
		out = w.refresh(at, picture(at, []people.Record{boss, ada2, back}))
		p := w.person("N4")
		if out.Events[people.Returned] != 1 || p.Stint != 2 || p.State != people.Active || p.Gone != nil || p.Ended != 0 {
			t.Errorf("%+v of %+v", out, p)
		}
		stints, err := w.svc.Stints(t.Context(), w.Owner.ReadScope, p.ID)
		w.ok(err)
		if !slices.Equal(stints, []people.Stint{{N: 1, Started: today - 400, Ended: today + 2}, {N: 2, Started: today + 35}}) {
			t.Errorf("%+v", stints)
		}
	})
}

// TestReturn: the ways in which an HR system keeps somebody who comes back, and those that only look so.
func TestReturn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.refresh(now, picture(now, []people.Record{
		rec("1", "Same"), rec("2", "Old", ends(today-100), status("inactive")), rec("3", "Taken", mail("box@northwind.example"), ends(today-100), status("inactive")),
		rec("4", "Takes", mail("box@northwind.example"), starts(today-10)), rec("5", "Twin", mail("twin@northwind.example")), rec("6", "Twin", mail("TWIN@northwind.example")),
		rec("7", "Within", ends(today-50), starts(today-20)), rec("8", "Corrected", starts(today-30)),
	}))
	if p := w.person("N7"); p.Stint != 2 || p.State != people.Active || p.Ended != 0 {
		t.Errorf("hired again within one record: %+v", p)
	}
	if w.person("N3").ID == w.person("N4").ID || w.person("N5").ID == w.person("N6").ID {
		t.Error("two people were made one")
	}
	at := days(1)
	w.refresh(at, picture(at, []people.Record{
		rec("1", "Same"), rec("2", "Old", ends(today-100), status("inactive")), rec("12", "Old", mail("old@northwind.example"), number("N12"), starts(today)),
		rec("3", "Taken", mail("box@northwind.example"), ends(today-100), status("inactive")), rec("4", "Takes", mail("box@northwind.example"), starts(today-10)),
		rec("5", "Twin", mail("twin@northwind.example")), rec("6", "Twin", mail("TWIN@northwind.example")), rec("7", "Within", ends(today-50), starts(today-20)), rec("8", "Corrected", starts(today-25)),
	}))
	if p := w.person("N12"); p.Stint != 2 || w.kinds("N12") != "joined left returned renamed:number" {
		t.Errorf("a second record of a leaver: %+v, %s", p, w.kinds("N12"))
	}
	if p := w.person("N8"); p.Stint != 1 || p.Started != today-25 {
		t.Errorf("a corrected first day: %+v", p)
	}
	doubts := strings.Join(w.doubts(), "\n")
	if strings.Count(doubts, "same_address") != 2 {
		t.Errorf("doubts:\n%s", doubts)
	}
	if _, err := w.svc.Person(t.Context(), w.Owner.ReadScope, "twin@northwind.example"); !errs.Is(err, errs.NotFound) || !strings.Contains(err.Error(), "2 people") {
		t.Errorf("an address of two: %v", err)
	}
	if p := w.person("box@northwind.example"); p.Name != "Takes" {
		t.Errorf("an address that somebody took over: %+v", p)
	}
}

// TestChart: whoever reports to nobody, to somebody who left, to themselves, and in a circle.
func TestChart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	w.refresh(now, picture(now, []people.Record{
		rec("1", "Top"), rec("2", "A", under("1")), rec("3", "B", under("2")), rec("4", "Alone"), rec("5", "Left", under("1"), ends(today-3), status("inactive")),
		rec("6", "Lost", under("5")), rec("7", "Ring1", under("8")), rec("8", "Ring2", under("9")), rec("9", "Ring3", under("7")), rec("10", "Below", under("8")), rec("11", "Own", under("11")),
	}))
	all, err := w.svc.Everyone(t.Context(), w.Owner.ReadScope, people.Filter{})
	w.ok(err)
	c := people.Draw(all)
	if c.Top == nil || c.Top.Name != "Top" || c.Top.Under != 2 || c.Count != 10 || len(c.Rings) != 2 || len(c.Lost) != 2 {
		t.Fatalf("%+v", c)
	}
	total := c.Top.Under + 1
	for _, b := range c.Loose {
		total += b.Under + 1
	}
	if total != c.Count {
		t.Errorf("the chart has %d of %d people", total, c.Count)
	}
	doubts := strings.Join(w.doubts(), "\n")
	for _, want := range []string{"manager_cycle", "lost_manager", "no_manager"} {
		if !strings.Contains(doubts, want) {
			t.Errorf("no doubt %s among\n%s", want, doubts)
		}
	}
}

// TestWithoutHR: where no HR system is connected, the identity provider tells who there is, until one is.
func TestWithoutHR(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	svc, guest := account("s", "svc-x@northwind.example", ""), account("g", "g@partner.example", "")
	svc.Kind, guest.External = "service", true
	ada, bob := account("a", "ada@northwind.example", ""), account("b", "bob@northwind.example", "")
	ada.Email, bob.Email, ada.Name = ada.Login, bob.Login, "Ada"
	only := people.Picture{Told: []people.Told{{Source: "okta", Resource: "user_account", At: now}}, Accounts: []people.Account{ada, bob, svc, guest}, Directories: []string{"okta"}}
	if out := w.refresh(now, only); out.People != 2 || out.Working != 2 {
		t.Errorf("%+v", out)
	}
	bob.Status, bob.Changed = "deprovisioned", &now
	only.Accounts = []people.Account{ada, bob}
	w.refresh(days(1), only)
	if p := w.person("bob@northwind.example"); p.State != people.Left || p.Ended != today {
		t.Errorf("%+v", p)
	}
	id := w.person("ada@northwind.example").ID
	w.refresh(days(2), picture(days(2), []people.Record{rec("1", "Ada", mail("Ada@northwind.example"))}, ada))
	if p := w.person("N1"); p.ID != id || p.Origin != people.FromHR || p.Started != today-400 {
		t.Errorf("%+v", p)
	}
}

// TestEnter: people entered by hand, their bad input, and an HR system that tells of one of them later.
func TestEnter(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		list := []people.New{
			{Name: "Ada", Email: "ada@northwind.example", Number: "1", Manager: "bob@northwind.example", Started: today - 10}, {Name: "Bob", Email: "bob@northwind.example"},
			{Name: "x", Email: "x@northwind.example"}, {Name: "No address", Email: "nobody"}, {Name: "Again", Email: "ADA@northwind.example"},
			{Name: "Odd kind", Email: "odd@northwind.example", Kind: "robot"}, {Name: "Odd days", Email: "days@northwind.example", Started: today, Ended: today - 1},
			{Name: "Odd manager", Email: "m@northwind.example", Manager: "P-9999"}, {Name: strings.Repeat("é", 201), Email: "long@northwind.example"},
			{Name: "Below", Email: "below@northwind.example", Manager: "under@northwind.example"}, {Name: "Under", Email: "under@northwind.example", Manager: "m@northwind.example"},
			{Name: "Own", Email: "own@northwind.example", Manager: "OWN@northwind.example"},
		}
		dry, err := w.svc.Enter(t.Context(), w.Owner, now, list, true)
		w.ok(err)
		all, err := w.svc.Everyone(t.Context(), w.Owner.ReadScope, people.Filter{})
		w.ok(err)
		if len(all) != 0 || len(dry) != len(list) {
			t.Fatalf("a dry run kept %d", len(all))
		}
		lines, err := w.svc.Enter(t.Context(), w.Owner, now, list, false)
		w.ok(err)
		want := []string{"", "", "name", "email", "known", "kind", "ended", "manager", "name", "manager", "manager", "manager"}
		for i, l := range lines {
			got := errs.FieldOf(l.Err)
			if l.Known {
				got = "known"
			}
			if got != want[i] {
				t.Errorf("line %d: %q, want %q (%v)", i+1, got, want[i], l.Err)
			}
		}
		if p := lines[0].Person; p.ManagerRef != "P-0002" || p.ManagerName != "Bob" {
			t.Errorf("the manager of the same list: %+v", p)
		}
		if p := w.person("ada@northwind.example"); p.ManagerName != "Bob" || p.State != people.Active || p.Origin != people.ByHand {
			t.Errorf("%+v", p)
		}
		id := w.person("bob@northwind.example").ID
		w.refresh(days(1), picture(days(1), []people.Record{rec("7", "Bob")}))
		if p := w.person("N7"); p.ID != id || p.Origin != people.FromHR {
			t.Errorf("%+v", p)
		}
		if p := w.person("1"); p.Gone != nil || p.State != people.Active {
			t.Errorf("somebody by hand is gone: %+v", p)
		}
		employee := w.Member(t, "bob@northwind.example", access.Employee)
		if _, err := w.svc.Enter(t.Context(), employee, now, list, false); !errs.Is(err, errs.Denied) {
			t.Error(err)
		}
		if p, found, err := w.svc.Of(t.Context(), employee.ReadScope, employee.User()); err != nil || !found || p.ID != id {
			t.Errorf("%+v %v %v", p, found, err)
		}
		if _, _, err := w.svc.Of(t.Context(), employee.ReadScope, w.Owner.User()); !errs.Is(err, errs.Denied) && w.Owner.User() != "" {
			t.Error(err)
		}
		if _, err := w.svc.Person(t.Context(), employee.ReadScope, string(id)); !errs.Is(err, errs.Denied) {
			t.Error(err)
		}
	})
}

// TestMany: 5,000 people and their accounts within two seconds, and again at once when nothing changed.
func TestMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqldbtest.SQLite(t))
	var records []people.Record
	var accounts []people.Account
	for i := range 5000 {
		n := fmt.Sprint(i)
		records = append(records, rec(n, "Person "+n, mail("p"+n+"@northwind.example"), under(fmt.Sprint(i/9))))
		a := account(n, "p"+n+"@northwind.example", "N"+n)
		accounts = append(accounts, a)
		a.Source, a.System = "github", "github"
		accounts = append(accounts, a)
	}
	begin := time.Now()
	out := w.refresh(now, picture(now, records, accounts...))
	first := time.Since(begin)
	begin = time.Now()
	again := w.refresh(days(1), picture(days(1), records, accounts...))
	t.Logf("5,000 people and 10,000 accounts: first %v, again %v", first, time.Since(begin))
	if out.People != 5000 || out.Linked != 0 || out.NewAccount != 10000 || again.Changed() {
		t.Errorf("%+v, then %+v", out, again)
	}
	page, err := w.svc.List(t.Context(), w.Owner.ReadScope, people.Filter{Manager: w.person("N7").ID}, paging.Query{Size: 5, Sort: "name", Search: "person"})
	if err != nil || page.Total != 9 || len(page.Rows) != 5 {
		t.Errorf("%d of %d, %v", len(page.Rows), page.Total, err)
	}
}
