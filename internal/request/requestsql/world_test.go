package requestsql_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/control/controlsql"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/evidence/evidencesql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/blob"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/policy"
	"github.com/tickmark/tickmark/internal/policy/policysql"
	"github.com/tickmark/tickmark/internal/request"
	"github.com/tickmark/tickmark/internal/request/requestsql"
)

var (
	now   = accesstest.Now
	today = period.Of(now)
	ctx   = context.Background()
)

const eng = "eng_a"

// examinations are the engagements of the first organisation.
type examinations map[string]request.Examination

func (e examinations) Examination(_ context.Context, _ access.ReadScope, idOrRef string) (request.Examination, error) {
	for _, x := range e {
		if x.ID == idOrRef || x.Ref == idOrRef {
			return x, nil
		}
	}
	return request.Examination{}, errs.New(errs.NotFound, "no engagement %s", idOrRef)
}

// tested are runs of tests.
type tested []request.Tested

func (t tested) Tested(_ context.Context, _ access.ReadScope, control string, _ period.Period) ([]request.Tested, error) {
	if control == "IAM-03" {
		return t, nil
	}
	return nil, nil
}

func (t tested) Run(_ context.Context, _ access.ReadScope, run string) (request.Tested, error) {
	for _, x := range t {
		if x.Run == run {
			return x, nil
		}
	}
	return request.Tested{}, errs.New(errs.NotFound, "no run %s", run)
}

type world struct {
	*accesstest.World
	t      *testing.T
	svc    *request.Service
	store  *requestsql.Store
	papers *evidence.Service
	exams  examinations
	runs   tested
	firm   accesstest.Auditors
	ann    access.Scope // control owner of the client
	bob    access.Scope // another
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{World: accesstest.New(t, db), t: t, exams: examinations{}}
	cat, err := catalog.Load()
	w.ok(err)
	controls := &controlsql.Store{DB: db}
	_, err = (&control.Service{Store: controls, Complements: controls, Catalog: cat, People: w.Access, Tx: db, Ledger: w.Ledger}).Adopt(ctx, w.Operator, now,
		control.Adoption{Categories: []catalog.CategoryID{catalog.Security}, Approve: true})
	w.ok(err)
	items := &evidencesql.Store{DB: db, Ledger: w.Ledger}
	w.papers = &evidence.Service{Store: items, Plans: items, Blobs: evidencesql.Blobs{Dir: blob.Dir{Root: t.TempDir()}}}
	policies := &policy.Service{Store: &policysql.Store{DB: db}, Catalog: cat, Controls: controls, People: w.Access, Tx: db, Ledger: w.Ledger}
	w.ann, w.bob = w.Member(t, "ann@northwind.example", access.ControlOwner), w.Member(t, "bob@northwind.example", access.ComplianceLead)
	p, err := policies.Create(ctx, w.Owner, now, policy.New{Text: policy.Text{Title: "Access policy", Body: strings.Repeat("Access is granted by need. ", 10), Controls: []string{"IAM-03"}}})
	w.ok(err)
	p, err = policies.Send(ctx, w.Owner, now, p.Ref, 0)
	w.ok(err)
	_, err = policies.Approve(ctx, w.bob, now, p.Ref, 0)
	w.ok(err)
	w.exams[eng] = request.Examination{ID: eng, Ref: "SOC2-2026-1", Period: period.Closed(today-60, today+120)}
	w.exams["eng_b"] = request.Examination{ID: "eng_b", Ref: "SOC2-2026-2", Period: period.Closed(today-60, today+120)}
	w.store = &requestsql.Store{DB: db}
	w.svc = &request.Service{Store: w.store, Notes: w.store, Engagements: w.exams, Controls: controls, Catalog: cat, People: w.Access, Shelf: items, Policies: policies, Results: w, Tx: db, Ledger: w.Ledger}
	w.firm = w.Audit(t, "marlowe-pike", eng)
	return w
}

func (w *world) Tested(ctx context.Context, s access.ReadScope, control string, p period.Period) ([]request.Tested, error) {
	return w.runs.Tested(ctx, s, control, p)
}

func (w *world) Run(ctx context.Context, s access.ReadScope, id string) (request.Tested, error) {
	return w.runs.Run(ctx, s, id)
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

// paper files a document about a day under a control.
func (w *world) paper(s access.Scope, title string, about int, controls ...string) evidence.Item {
	w.t.Helper()
	from := now.AddDate(0, 0, about).Truncate(24 * time.Hour)
	items, err := w.papers.Add(ctx, s, now, func(t time.Time) evidence.ItemID { return evidence.ItemID(id.New("evi", t)) }, evidence.Upload{
		Title: title, Kind: evidence.Document, Class: evidence.Internal, Files: []evidence.File{evidence.Bytes(title+".txt", []byte(title))}, Shows: "What " + title + " says.",
		Obtained: "Exported by hand from the system.", From: from, To: from, Controls: controls,
	})
	w.ok(err)
	return items[0]
}

func ask(k request.Kind, control, title string) request.New {
	return request.New{Text: request.Text{Kind: k, Control: control, Title: title, Due: today + 10}}
}

func (w *world) asked(n request.New) request.Request {
	w.t.Helper()
	all, err := w.svc.Ask(ctx, w.firm.Staff, now, n)
	w.ok(err)
	return all[0]
}
