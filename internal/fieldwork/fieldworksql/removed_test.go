package fieldworksql_test

import (
	"sync"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// removed takes the senior off the engagement in the middle of the work: what was done stays with its signatures, nothing opens for
// that person from then on, the next one goes on where the work stood, and of two who review it at once one does.
func (w *world) removed(p fieldwork.Paper) {
	w.t.Helper()
	ctx := w.t.Context()
	_, err := w.svc.Reopen(ctx, w.Partner, w.tick(), p.Ref, 0, "The cause of the deviation is to be asked again")
	w.ok(err)
	_, err = w.svc.Sign(ctx, w.Senior, w.tick(), p.Ref, 0)
	w.ok(err)
	left := w.Senior.Firm.User()
	w.ok(w.Access.RemoveAuditor(ctx, w.Owner, w.tick(), p.Engagement, left, "Left the firm"))
	_, g, err := w.Access.SignIn(ctx, w.tick(), access.Attempt{Email: "senior@marlowe-pike.example", Password: "correct horse battery", IP: "192.0.2.1"})
	w.ok(err)
	_, err = w.Access.Audit(ctx, g, w.tick(), p.Engagement)
	w.refused(err, errs.NotFound, "")
	if e := w.Entries(w.t, w.Owner, "auditor.removed"); len(e) != 1 {
		w.t.Error(e)
	}

	sh, err := w.svc.Sheet(ctx, w.Staff, p.Ref)
	w.ok(err)
	if x := sh.Paper; x.Prepared == nil || x.Prepared.By != string(left) || x.Concluded.By != string(left) || sh.Tested() != 30 {
		w.t.Errorf("the work of who left: %+v", sh.Paper)
	}
	// Two tabs, or two reviewers, at the same moment.
	at := w.tick()
	var wg sync.WaitGroup
	got := make([]error, 2)
	for i := range got {
		wg.Go(func() { _, got[i] = w.svc.Review(ctx, w.Partner, at, p.Ref, sh.Paper.Version) })
	}
	wg.Wait()
	if (got[0] == nil) == (got[1] == nil) || !errs.Is(got[0], errs.Conflict) && !errs.Is(got[1], errs.Conflict) {
		w.t.Error("two reviewers at once:", got)
	}
	reviews := 0
	for _, e := range w.Entries(w.t, w.firmScope(), "paper.reviewed") {
		if e.At.Equal(at) {
			reviews++
		}
	}
	if reviews != 1 {
		w.t.Error(reviews, "reviews on record")
	}
}
