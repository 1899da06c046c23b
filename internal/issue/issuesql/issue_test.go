package issuesql_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/access/accesstest"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/control"
	"github.com/tickmark/tickmark/internal/control/controlsql"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/engagement/engagementsql"
	"github.com/tickmark/tickmark/internal/evidence/evidencesql"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/fieldwork/fieldworksql"
	"github.com/tickmark/tickmark/internal/issue"
	"github.com/tickmark/tickmark/internal/issue/issuesql"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/ledger"
	"github.com/tickmark/tickmark/internal/platform/blob"
	"github.com/tickmark/tickmark/internal/platform/sqldb"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

var now = accesstest.Now

type world struct {
	*accesstest.World
	accesstest.Auditors
	t      *testing.T
	svc    *issue.Service
	work   *fieldwork.Service
	e      engagement.Engagement
	n      int
	sign   []engagement.Signature
	broken error  // ends an archive in the middle
	fail   string // kind of ledger entry that breaks
}

// Append breaks where the test wants the program to be killed.
func (w *world) Append(ctx context.Context, s access.Scope, at time.Time, kind, subject string, says any) (int64, error) {
	if kind == w.fail {
		return 0, errors.New("killed")
	}
	return w.Ledger.Append(ctx, s, at, kind, subject, says)
}

func newWorld(t *testing.T, db *sqldb.DB) *world {
	t.Helper()
	w := &world{World: accesstest.New(t, db), t: t}
	c, err := catalog.Load()
	w.ok(err)
	controls := &controlsql.Store{DB: db}
	cs := &control.Service{Store: controls, Complements: controls, Catalog: c, People: w.Access, Tx: db, Ledger: w.Ledger}
	_, err = cs.Adopt(t.Context(), w.Operator, now, control.Adoption{Refs: []string{"IAM-03", "IAM-05"}, Approve: true})
	w.ok(err)
	engagements := &engagementsql.Store{DB: db, Ledger: w.Ledger}
	yes := func(context.Context, access.ReadScope, time.Time, engagement.Engagement) (bool, string, error) {
		return true, "signed", nil
	}
	es := &engagement.Service{Store: engagements, Life: engagements, Catalog: c, Controls: cs, Ledger: &ledger.Service{Store: w.Ledger}, Access: w.Access, Tx: db, Blobs: evidencesql.Blobs{Dir: blob.Dir{Root: t.TempDir()}},
		Signed: func(context.Context, access.ReadScope, engagement.ID) ([]engagement.Signature, error) {
			return w.sign, nil
		}}
	store := &fieldworksql.Store{DB: db}
	w.work = &fieldwork.Service{Populations: store, Papers: store, Findings: store, Firm: store, Engagements: engagements, Controls: cs, Catalog: c, Tx: db, Ledger: w.Ledger}
	kept := &issuesql.Store{DB: db}
	w.svc = &issue.Service{Store: kept, Readers: kept, Engagements: es, Work: w.work, Access: w.Access, Blobs: es.Blobs, Ledger: w, Tx: db, Render: render,
		Pack: w.pack, Stamp: func(pdf []byte, whose string) ([]byte, error) {
			return append(bytes.Clone(pdf), "\nfor "+whose...), nil
		}}
	es.Checks = map[string]engagement.Check{engagement.GateAssertion: yes, engagement.GateRepresentation: yes, engagement.GateRelease: w.svc.ReleaseGate, engagement.GateDistribution: w.svc.DistributionGate, engagement.GateTests: w.svc.TestsGate}
	w.e = w.engage("soc2", "firm")
	return w
}

// pack is an archive as the test wants it: made at once, made later, or broken off.
func (w *world) pack(_ context.Context, _ access.Scope, _ time.Time, f engagement.Frozen, with []engagement.Part, out io.Writer, _ engagement.BundleProgress) error {
	if _, err := fmt.Fprint(out, "bundle of ", f.Number, with); err != nil {
		return err
	}
	return w.broken
}

func render(d *engagement.Dossier) (issue.Rendered, error) {
	out := issue.Rendered{Pages: 3, Files: []issue.Content{{File: issue.File{Name: "report.pdf", Format: "pdf", Title: "PDF", Type: "application/pdf"}, Body: []byte("%PDF of " + d.Engagement.Ref + " " + d.Org.Name)}}}
	if d.Org.Name == "faulty" {
		out.Faults = []string{"a deviation is not in section IV"}
	}
	return out, nil
}

// engage makes an examination in representation, with a firm.
func (w *world) engage(report, firm string) engagement.Engagement {
	w.t.Helper()
	e, err := w.svc.Engagements.Store.Add(w.t.Context(), w.Owner, engagement.Engagement{ID: engagement.ID("eng_" + report), Report: report, Type: 2, Title: strings.ToUpper(report), Categories: []string{"security"},
		Period: period.Closed(period.Make(2025, 3, 1), period.Make(2026, 2, 28)), Status: engagement.Representation, Created: now, By: "test"})
	w.ok(err)
	w.Auditors = w.Audit(w.t, firm, string(e.ID))
	return e
}

func (w *world) copied(bot access.Scope, at time.Time, secret string) error {
	w.t.Helper()
	_, _, _, err := w.svc.Copy(w.t.Context(), bot, at, secret) //nolint:dogsled // what comes out is looked at elsewhere
	return err
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err, errs.HintOf(err))
	}
}

func (w *world) refused(err error, k errs.Kind, part string) {
	w.t.Helper()
	if errs.KindOf(err) != k || !strings.Contains(fmt.Sprint(err), part) {
		w.t.Errorf("%v, want %s: %s", err, k, part)
	}
}

// tick is the next hour.
func (w *world) tick() time.Time {
	w.n++
	return now.Add(time.Duration(w.n) * time.Hour)
}

// reviewed brings a workpaper through two signatures.
func (w *world) reviewed(control string) {
	w.t.Helper()
	p, err := w.work.Begin(w.t.Context(), w.Staff, w.tick(), control)
	w.ok(err)
	_, err = w.work.Conclude(w.t.Context(), w.Staff, w.tick(), p.Ref, 0, fieldwork.NotTested, "Nothing of it fell into the period.")
	w.ok(err)
	_, err = w.work.Sign(w.t.Context(), w.Staff, w.tick(), p.Ref, 0)
	w.ok(err)
	_, err = w.work.Review(w.t.Context(), w.Senior, w.tick(), p.Ref, 0)
	w.ok(err)
}

func words(e engagement.Engagement) issue.Words {
	x := issue.Words{Addressee: "the management of <b>Northwind</b>", City: "Harbour City", Opinions: map[string]string{}, Readers: []string{"User entities of the system", " "}}
	for _, h := range issue.Headings(e) {
		x.Paragraphs = append(x.Paragraphs, engagement.Named{Name: h, Text: "Our words on it.\r\nMore."})
	}
	for _, m := range issue.Matters(e) {
		x.Opinions[m] = "In our opinion the " + m + " is as asserted."
	}
	return x
}

// opined enters the opinion and its words.
func (w *world) opined() {
	w.t.Helper()
	for _, m := range issue.Matters(w.e) {
		_, err := w.work.Opine(w.t.Context(), w.Auditors.Partner, w.tick(), m, 0, "unmodified", "")
		w.ok(err)
	}
	_, err := w.svc.Write(w.t.Context(), w.Auditors.Partner, w.tick(), 0, words(w.e))
	w.ok(err)
}

// froze takes a dossier as management would, with what was handed over and signed.
func (w *world) froze(name string) {
	w.t.Helper()
	n, err := w.svc.Engagements.Store.NextNumber(w.t.Context(), w.Owner.ReadScope, w.e.ID)
	w.ok(err)
	d := engagement.Dossier{V: 1, Org: engagement.OrgFacts{Name: name}, Engagement: engagement.Facts{Ref: w.e.Ref}, Frozen: engagement.Freeze{Number: n}, Signatures: w.sign}
	h, err := w.svc.Newest(w.t.Context(), w.Owner.ReadScope, w.e.ID)
	w.ok(err)
	if h != nil {
		d.HandOver, d.Work, d.Auditor = &engagement.HandOverRef{Number: h.Number, SHA256: h.SHA256, Seq: h.Seq}, h.Work, h.Auditor
	}
	body, sum, err := d.Bytes()
	w.ok(err)
	_, err = w.svc.Blobs.Store(body)
	w.ok(err)
	_, err = w.svc.Engagements.Store.Freeze(w.t.Context(), w.Owner, engagement.Frozen{Engagement: w.e.ID, Number: n, SHA256: sum, At: w.tick(), By: "test"})
	w.ok(err)
}

// signed is what management signed last, on a day.
func (w *world) signed(at time.Time) {
	w.sign = []engagement.Signature{{Document: engagement.DocumentRepresentation, Name: "R. Castellan", At: at, SHA256: "r" + at.String()}, {Document: engagement.DocumentAssertion, Name: "R. Castellan", At: at, SHA256: "a" + at.String()}}
}

// TestIssue carries an examination from hand-over to its readers: who may what, what holds it, and that nothing is issued by half.
func TestIssue(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := newWorld(t, db)
		w.handed()
		w.issued()
		w.distributed()
		w.general()
	})
}

func (w *world) handed() {
	ctx, t := w.t.Context(), w.t
	met := func(want bool, part string) {
		t.Helper()
		ok, says, err := w.svc.TestsGate(ctx, w.Owner.ReadScope, now, w.e)
		if err != nil || ok != want || !strings.Contains(says, part) {
			t.Errorf("gate: %v %q %v, want %v %q", ok, says, err, want, part)
		}
	}
	hand := func(a access.AuditScope, n issue.New) (issue.HandOver, error) {
		return w.svc.HandOver(ctx, a, w.tick(), n)
	}
	met(false, "nothing over yet")
	_, err := hand(w.Senior, issue.New{})
	w.refused(err, errs.Conflict, "no test is concluded and reviewed")
	w.reviewed("IAM-03")
	_, err = w.work.Begin(ctx, w.Staff, w.tick(), "IAM-05")
	w.ok(err)
	_, err = hand(w.Staff, issue.New{})
	w.refused(err, errs.Denied, "may not review")
	_, err = hand(w.Quality, issue.New{})
	w.refused(err, errs.Denied, "may not review")
	h, err := hand(w.Senior, issue.New{})
	w.ok(err)
	if h.Number != 1 || len(h.Body.Work) != 1 || h.Body.Left != 1 || h.Body.Auditor != nil || h.Body.Work[0].Control != "IAM-03" || !strings.HasPrefix(h.Body.Work[0].Result, "Not tested") {
		t.Errorf("%+v", h)
	}
	met(false, "1 more are not reviewed yet")
	kept, err := w.svc.HandOvers(ctx, w.Owner.ReadScope, w.e.ID)
	if err != nil || len(kept) != 1 || !reflect.DeepEqual(kept[0].Body, h.Body) || kept[0].SHA256 != h.SHA256 || kept[0].Seq != h.Seq {
		t.Errorf("%+v, %v", kept, err)
	}
	if none, err := w.svc.HandOvers(ctx, w.OtherOwner.ReadScope, w.e.ID); err != nil || len(none) > 0 {
		t.Error("another organisation sees it:", none, err)
	}
	for _, s := range []access.Scope{w.Owner, w.Auditors.Partner.Firm} {
		if x := w.Entries(t, s, "handover.made"); len(x) != 1 || x[0].Says["sha256"] != h.SHA256 {
			t.Errorf("%+v", x)
		}
	}
	all, err := w.work.AllPapers(ctx, w.Staff)
	w.ok(err)
	for _, p := range all {
		if p.Reviewed == nil {
			_, err = w.work.Conclude(ctx, w.Staff, w.tick(), p.Ref, 0, fieldwork.NotTested, "Nothing of it fell into the period.")
			w.ok(err)
			_, err = w.work.Sign(ctx, w.Staff, w.tick(), p.Ref, 0)
			w.ok(err)
			_, err = w.work.Review(ctx, w.Senior, w.tick(), p.Ref, 0)
			w.ok(err)
		}
	}
	_, err = hand(w.Senior, issue.New{})
	w.ok(err)
	met(true, "Hand-over 2")

	// Section I: the partner's alone, whole, and of a day that the work allows.
	_, err = hand(w.Senior, issue.New{Report: true})
	w.refused(err, errs.Denied, "may not enter the opinion")
	_, err = hand(w.Auditors.Partner, issue.New{Report: true})
	w.refused(err, errs.Conflict, "still lacks: the opinion on the description")
	_, err = w.svc.Write(ctx, w.Senior, w.tick(), 0, words(w.e))
	w.refused(err, errs.Denied, "may not enter the opinion")
	long := words(w.e)
	long.Addressee = strings.Repeat("ü", 201)
	_, err = w.svc.Write(ctx, w.Auditors.Partner, w.tick(), 0, long)
	w.refused(err, errs.Invalid, "201 characters")
	w.opined()
	var stale *issue.StaleWords
	if _, err = w.svc.Write(ctx, w.Auditors.Partner, w.tick(), 0, words(w.e)); !errors.As(err, &stale) || stale.Theirs.Version != 1 || stale.Theirs.Paragraph("Scope") != "Our words on it.\nMore." {
		t.Error("two at once:", err)
	}
	for _, x := range []struct {
		day  period.Date
		says string
	}{{0, "of which day"}, {period.Of(now) + 40, "in the future"}, {w.e.Period.Last() - 1, "before the end of what it covers"}, {period.Of(now) - 1, "before its newest evidence"}} {
		_, err = hand(w.Auditors.Partner, issue.New{Report: true, Date: x.day})
		w.refused(err, errs.Invalid, x.says)
	}
}

func (w *world) issued() {
	ctx, t, partner := w.t.Context(), w.t, w.Auditors.Partner
	not := func(part string) {
		t.Helper()
		_, err := w.svc.Issue(ctx, partner, w.tick(), "")
		w.refused(err, errs.Conflict, part)
	}
	not("nothing is frozen yet")
	w.froze("early")
	not("opinion on every matter")
	w.signed(w.tick())
	day := period.Of(w.sign[0].At)
	_, err := w.svc.HandOver(ctx, partner, w.tick(), issue.New{Report: true, Date: day})
	w.ok(err)
	not("the dossier holds hand-over 2: freeze again")
	w.froze("faulty")
	_, err = w.svc.Issue(ctx, w.Senior, w.tick(), "")
	w.refused(err, errs.Denied, "may not enter the opinion")
	not("a deviation is not in section IV")
	w.signed(w.tick())
	w.froze("unsigned")
	w.signed(w.tick())
	not("not in force any more: freeze again")
	w.n += 48
	w.signed(w.tick())
	w.froze("dated")
	not("before the representation letter")
	_, err = w.svc.HandOver(ctx, partner, w.tick(), issue.New{Report: true, Date: period.Of(w.sign[0].At)})
	w.ok(err)
	w.froze("Northwind")

	// Killed between the files and the record: nothing is issued, nothing is told, and it can be done again.
	for _, kind := range []string{"report.issued", "report.released"} {
		w.fail = kind
		if _, err := w.svc.Issue(ctx, partner, w.tick(), ""); err == nil {
			t.Error("issued without", kind)
		}
		all, err := w.svc.Versions(ctx, w.Owner.ReadScope, w.e.ID)
		if e, _ := w.svc.Engagements.Store.Engagement(ctx, w.Owner.ReadScope, w.e.Ref); err != nil || len(all) > 0 || e.Status != engagement.Representation || len(w.Entries(t, w.Owner, "report.issued")) > 0 {
			t.Error("issued by half:", all, e.Status, err)
		}
	}
	w.fail = ""
	w.unsealed()
	v, err := w.svc.Resume(ctx, partner, w.tick())
	w.ok(err)
	_, err = w.svc.Resume(ctx, partner, w.tick())
	w.refused(err, errs.Conflict, "no version of")
	again, err := w.svc.Complete(ctx, w.Access.System(w.Org.ID, "issue"), w.tick(), w.e.ID, 1, nil)
	if err != nil || again.Bundle.Seq != v.Bundle.Seq || len(w.Entries(t, w.Owner, "report.sealed")) != 1 {
		t.Error("sealed twice:", again, err)
	}
	if name, b, err := w.svc.Archive(ctx, w.Owner.ReadScope, w.e, 1); err != nil || b.Size == 0 || !strings.HasSuffix(name, "-issued-1.tickmark.zip") {
		t.Error(name, b, err)
	}
	_, _, err = w.svc.Archive(ctx, w.OtherOwner.ReadScope, w.e, 1)
	w.refused(err, errs.NotFound, "")
	kept, err := w.svc.Versions(ctx, w.Owner.ReadScope, w.e.ID)
	if err != nil || len(kept) != 1 || !reflect.DeepEqual(kept[0], v) || v.Number != 1 || v.By != partner.Firm.Actor() {
		t.Errorf("%+v\n%+v, %v", kept, v, err)
	}
	if w.e, err = w.svc.Engagements.Store.Engagement(ctx, w.Owner.ReadScope, w.e.Ref); err != nil || w.e.Status != engagement.Issued {
		t.Error(w.e.Status, err)
	}
	f, body, err := w.svc.Content(ctx, w.Owner.ReadScope, w.e.ID, 1, "pdf")
	entry := w.Entries(t, w.Owner, "report.issued")
	if err != nil || len(entry) != 1 || entry[0].Seq != v.Seq || entry[0].Says["files"].(map[string]any)["pdf"] != f.SHA256 || !bytes.HasPrefix(body, []byte("%PDF of")) {
		t.Errorf("%+v %+v %v", f, entry, err)
	}
	_, _, err = w.svc.Content(ctx, w.OtherOwner.ReadScope, w.e.ID, 1, "pdf")
	w.refused(err, errs.NotFound, "")

	// Again: only with a reason, and not from the same dossier.
	_, err = w.svc.Issue(ctx, partner, w.tick(), "short")
	w.refused(err, errs.Invalid, "at least 10 characters")
	_, err = w.svc.Issue(ctx, partner, w.tick(), "A subservice organisation was misnamed.")
	w.refused(err, errs.Conflict, "Version 1 came from it")
	_, err = w.svc.Respond(ctx, w.Owner, w.tick(), w.e.Ref, 0, engagement.Response{Test: "T-1", Cause: "It was forgotten.", Action: "A reminder was set."})
	w.refused(err, errs.Conflict, "does not change any more")
}

// unsealed issues a version whose bundle breaks off: the version waits, nobody gets it, and the examination stays where it is.
func (w *world) unsealed() {
	ctx, t, partner := w.t.Context(), w.t, w.Auditors.Partner
	w.broken = errors.New("the disk went away")
	_, err := w.svc.Issue(ctx, partner, w.tick(), "")
	if err == nil || !strings.Contains(err.Error(), "the disk went away") {
		t.Error("issued without its bundle:", err)
	}
	waits := func(step string) {
		t.Helper()
		all, err := w.svc.Versions(ctx, w.Owner.ReadScope, w.e.ID)
		if err != nil || len(all) != 1 || all[0].Complete() {
			t.Errorf("%s: %+v, %v", step, all, err)
		}
		if e, _ := w.svc.Engagements.Store.Engagement(ctx, w.Owner.ReadScope, w.e.Ref); e.Status != engagement.Representation {
			t.Error(step, e.Status)
		}
		if ok, says, err := w.svc.ReleaseGate(ctx, w.Owner.ReadScope, now, w.e); ok || !strings.Contains(says, "waits for its bundle") || err != nil {
			t.Error(step, ok, says, err)
		}
	}
	waits("broken off")
	w.broken, w.fail = nil, "report.sealed"
	if _, err := w.svc.Resume(ctx, partner, w.tick()); err == nil {
		t.Error("sealed without its entry")
	}
	waits("killed between the archive and its record")
	_, err = w.svc.Issue(ctx, partner, w.tick(), "A second one, while the first waits.")
	w.refused(err, errs.Conflict, "is being completed")
	w.fail = ""
}

func (w *world) distributed() {
	ctx, t := w.t.Context(), w.t
	bot := w.Access.SystemFrom(w.Org.ID, "report link", "192.0.2.7")
	gate := func(want bool, part string) {
		t.Helper()
		if ok, says, err := w.svc.DistributionGate(ctx, w.Owner.ReadScope, now, w.e); ok != want || !strings.Contains(says, part) || err != nil {
			t.Errorf("gate: %v %q %v", ok, says, err)
		}
	}
	gate(false, "0 readers named")
	good := issue.NewReader{Name: "=cmd()|' <script>", Company: "Fabrikam", Email: "Reader@fabrikam.example", Kind: issue.UserAuditor}
	for _, x := range []struct {
		change func(*issue.NewReader)
		says   string
	}{{func(n *issue.NewReader) { n.Name = " " }, "the name is missing"}, {func(n *issue.NewReader) { n.Email = "nobody" }, "no e-mail address"}, {func(n *issue.NewReader) { n.Kind = "friend" }, "choose what they are"}, {func(n *issue.NewReader) { n.Company = strings.Repeat("x", 201) }, "201 characters"}} {
		n := good
		x.change(&n)
		_, err := w.svc.Name(ctx, w.Owner, w.tick(), w.e.Ref, n)
		w.refused(err, errs.Invalid, x.says)
	}
	r, err := w.svc.Name(ctx, w.Owner, w.tick(), w.e.Ref, good)
	w.ok(err)
	shared, err := w.Senior.Shared()
	w.ok(err)
	_, err = w.svc.Name(ctx, shared, w.tick(), w.e.Ref, good)
	w.refused(err, errs.Denied, "") // the client distributes, not the auditor
	_, err = w.svc.Name(ctx, w.OtherOwner, w.tick(), string(w.e.ID), good)
	w.refused(err, errs.NotFound, "")
	gate(false, "none has a link")
	r, path, err := w.svc.MakeLink(ctx, w.Owner, w.tick(), w.e.Ref, r.Ref)
	w.ok(err)
	secret, found := strings.CutPrefix(path, "/shared/northwind.")
	if !found || len(secret) != 40 {
		t.Fatal(path)
	}
	gate(true, "1 with a link")

	at := w.tick()
	err = w.copied(bot, at, secret)
	w.refused(err, errs.Denied, "agree to the terms first")
	o, err := w.svc.Agree(ctx, bot, at, secret)
	w.ok(err)
	again, err := w.svc.Agree(ctx, bot, w.tick(), secret)
	if err != nil || o.Accepted == nil || again.Accepted.At != o.Accepted.At || len(w.Entries(t, w.Owner, "reader.accepted")) != 1 {
		t.Error("agreed twice:", again.Accepted, err)
	}
	_, f, first, err := w.svc.Copy(ctx, bot, w.tick(), secret)
	w.ok(err)
	at = w.tick()
	_, g, second, err := w.svc.Copy(ctx, bot, at, secret)
	if err != nil || !bytes.Equal(first, second) || f.SHA256 != g.SHA256 || !bytes.Contains(first, []byte("Fabrikam")) || !bytes.HasPrefix(first, []byte("%PDF of")) {
		t.Error("not the same twice:", f, g, err)
	}
	log, err := w.svc.Log(ctx, w.Owner.ReadScope, w.e.ID, "", paging.Query{})
	if err != nil || log.Total != 2 || log.Rows[0].Name != good.Name || log.Rows[0].Address != "192.0.2.7" || log.Rows[0].SHA256 != f.SHA256 {
		t.Errorf("%+v, %v", log, err)
	}
	for range 19 {
		w.ok(w.copied(bot, at, secret))
	}
	err = w.copied(bot, at, secret)
	w.refused(err, errs.Exhausted, "within an hour")
	list, err := w.svc.ListReaders(ctx, w.Owner.ReadScope, issue.ReaderFilter{Engagement: w.e.ID}, paging.Query{Search: "fabri", Sort: "downloads", Desc: true})
	if err != nil || list.Total != 1 || list.Rows[0].Downloads != 21 || list.Rows[0].Accepted != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	// What opens nothing gets one answer.
	other := w.Access.SystemFrom(w.Other.ID, "report link", "192.0.2.7")
	_, moved, err := w.svc.MakeLink(ctx, w.Owner, w.tick(), w.e.Ref, r.Ref) // ends the one before
	w.ok(err)
	newest := strings.TrimPrefix(moved, "/shared/northwind.")
	late := w.tick().AddDate(0, 0, issue.DefaultLinkDays)
	for _, x := range []struct {
		scope  access.Scope
		at     time.Time
		secret string
	}{{bot, at, secret}, {bot, at, ""}, {bot, at, "x' OR 1=1"}, {bot, at, strings.Repeat("a", 40)}, {other, at, newest}, {bot, late, newest}} {
		_, err := w.svc.Open(ctx, x.scope.ReadScope, x.at, x.secret)
		w.refused(err, errs.NotFound, "this link opens nothing")
	}
	if _, err = w.svc.Open(ctx, bot.ReadScope, w.tick(), newest); err != nil {
		t.Error(err)
	}
	_, err = w.svc.EndLink(ctx, w.Owner, w.tick(), w.e.Ref, r.Ref, 0, "The contract ended in March.")
	w.ok(err)
	_, err = w.svc.Open(ctx, bot.ReadScope, w.tick(), newest)
	w.refused(err, errs.NotFound, "this link opens nothing")
	w.refused(w.svc.Publish(ctx, w.Owner, w.tick(), w.e.Ref), errs.Conflict, "restricted use")

	for _, x := range []issue.Terms{{Months: 0, LinkDays: 30}, {Months: 61, LinkDays: 30}, {Months: 12, LinkDays: 0}, {Months: 12, LinkDays: 400}, {Months: 12, LinkDays: 30, Own: strings.Repeat("a", 9000)}} {
		_, err := w.svc.SetTerms(ctx, w.Owner, w.tick(), 0, x)
		w.refused(err, errs.Invalid, "")
	}
	_, err = w.svc.SetTerms(ctx, w.Owner, w.tick(), 0, issue.Terms{Months: 6, LinkDays: 30, Own: "Our own agreement applies, too."})
	w.ok(err)
	var stale *issue.StaleTerms
	if _, err = w.svc.SetTerms(ctx, w.Owner, w.tick(), 0, issue.Terms{Months: 9, LinkDays: 30}); !errors.As(err, &stale) || stale.Theirs.Months != 6 {
		t.Error("two at once:", err)
	}
}

// general issues and publishes a SOC 3, which rests on no test of its own.
func (w *world) general() {
	ctx, t := w.t.Context(), w.t
	w.e = w.engage("soc3", "other-firm")
	w.opined()
	w.signed(w.tick())
	if ok, _, err := w.svc.TestsGate(ctx, w.Owner.ReadScope, now, w.e); !ok || err != nil {
		t.Error("a SOC 3 waits for tests", err)
	}
	bot := w.Access.SystemFrom(w.Org.ID, "public report", "192.0.2.8")
	hidden := func() {
		t.Helper()
		_, err := w.svc.Public(ctx, bot.ReadScope, w.tick(), w.e.Ref)
		w.refused(err, errs.NotFound, "no public report here")
	}
	hidden()
	w.refused(w.svc.Publish(ctx, w.Owner, w.tick(), w.e.Ref), errs.Conflict, "no issued report yet")
	_, err := w.svc.HandOver(ctx, w.Auditors.Partner, w.tick(), issue.New{Report: true, Date: period.Of(w.sign[0].At)})
	w.ok(err)
	w.froze("Northwind")
	_, err = w.svc.Issue(ctx, w.Auditors.Partner, w.tick(), "")
	w.ok(err)
	hidden()
	_, err = w.svc.Name(ctx, w.Owner, w.tick(), w.e.Ref, issue.NewReader{Name: "A", Company: "B", Email: "a@b.example", Kind: issue.Prospect})
	w.refused(err, errs.Conflict, "for general use")
	w.ok(w.svc.Publish(ctx, w.Owner, w.tick(), w.e.Ref))
	w.ok(w.svc.Publish(ctx, w.Owner, w.tick(), w.e.Ref)) // once is enough
	o, f, body, err := w.svc.PublicFile(ctx, bot, w.tick(), w.e.Ref)
	if err != nil || o.Reader.ID != "" || f.Format != "pdf" || len(body) == 0 || len(w.Entries(t, w.Owner, "report.published")) != 1 {
		t.Error(o, f, err)
	}
	if log, err := w.svc.Log(ctx, w.Owner.ReadScope, w.e.ID, "", paging.Query{Search: bot.From()}); err != nil || log.Total != 1 || log.Rows[0].Ref != "" || log.Rows[0].Address != bot.From() || log.Rows[0].SHA256 != f.SHA256 {
		t.Errorf("%+v, %v", log, err)
	}
	_, err = w.svc.Public(ctx, bot.ReadScope, w.tick(), "SOC2-2026-1")
	w.refused(err, errs.NotFound, "no public report here")
	w.ok(w.svc.Unpublish(ctx, w.Owner, w.tick(), w.e.Ref, "A newer report replaces it."))
	hidden()
}
