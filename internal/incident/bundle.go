package incident

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/event"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/ledger"
	"github.com/tickmark/tickmark/verify"
)

// MaxBundled is how many events a bundle has at most; what is beyond is counted in its manifest.
const MaxBundled = 50_000

// BundleName is how the file of a bundle is called.
func BundleName(ref string) string { return strings.ToLower(ref) + "-case.tickmark.zip" }

// Letterhead is what the papers of a bundle say of the organisation and its people.
type Letterhead struct {
	Org       string
	Simulated bool
	Names     map[string]string // by actor
}

// Bundler writes the case file of an incident as one archive that an outsider checks offline: papers, the records of all events with
// their proofs, the entries of the ledger, and a manifest that the ledger seals.
type Bundler struct {
	Incidents *Service
	Ledger    *ledger.Service
	Proofs    *event.Proofs
	// Settle files the events that wait, so that they can be proven; nil leaves them waiting.
	Settle func(ctx context.Context, now time.Time) error
	Head   func(ctx context.Context, s access.ReadScope) (Letterhead, error)
	Print  func(ctx context.Context, s access.ReadScope, c CaseFile) ([]byte, error)
}

// bundling is a bundle while it is written.
type bundling struct {
	*Bundler
	*ledger.Pack
	scope access.ReadScope
	file  CaseFile
	head  Letterhead
	man   verify.CaseManifest
	ids   []string // of the events
	tell  func(what string)
}

// Write writes the bundle of an incident. The same records, events and ledger give the same bytes: it is dated by the last change of the
// incident, and a list of files that the ledger sealed before is not sealed again. progress may be nil.
func (b *Bundler) Write(ctx context.Context, scope access.Scope, now time.Time, ref string, w io.Writer, progress func(done, total int, what string)) (verify.CaseManifest, error) {
	for _, need := range []access.Action{access.HandleAlerts, access.ReadDetections, access.ReadLedger} {
		if err := scope.Require(need); err != nil {
			return verify.CaseManifest{}, err
		}
	}
	x := &bundling{Bundler: b, scope: scope.ReadScope, tell: func(string) {}}
	if progress != nil {
		x.tell = func(what string) { progress(0, 0, what) }
	}
	if err := x.begin(ctx, now, ref); err != nil {
		return x.man, err
	}
	x.Pack = ledger.NewPack(w, x.asOf(), progress)
	x.Expect(2*len(x.ids) + len(x.man.Entries) + papers)
	if err := x.papers(ctx); err != nil {
		return x.man, err
	}
	if err := x.records(ctx); err != nil {
		return x.man, err
	}
	if err := x.seal(ctx, scope, now); err != nil {
		return x.man, err
	}
	if err := x.proofs(ctx); err != nil {
		return x.man, err
	}
	x.man.Files = x.list()
	return x.man, x.End(verify.CaseName, x.man)
}

// begin gathers the case file and the names of what belongs to it.
func (x *bundling) begin(ctx context.Context, now time.Time, ref string) error {
	if x.Settle != nil {
		x.tell("seal the events that wait")
		if err := x.Settle(ctx, now); err != nil {
			return errs.Wrap(err, "seal the events that wait")
		}
	}
	one, err := x.Incidents.Incident(ctx, x.scope, ref)
	if err != nil {
		return err
	}
	if x.file, err = x.Incidents.CaseFile(ctx, x.scope, now, one); err != nil {
		return err
	}
	if x.head, err = x.Head(ctx, x.scope); err != nil {
		return err
	}
	if x.ids, x.man.Beyond, err = x.Incidents.named(ctx, x.scope, one); err != nil {
		return err
	}
	for _, l := range x.file.Timeline {
		if l.Seq > 0 {
			x.man.Entries = append(x.man.Entries, l.Seq)
		}
	}
	head, err := x.Ledger.Store.Head(ctx, x.scope)
	if err != nil {
		return err
	}
	x.file.Made = x.asOf() // when it was packed says nothing about the incident
	x.man.V, x.man.Kind, x.man.Org, x.man.Incident = 1, verify.CaseKind, head.Tag, one.Ref
	x.man.Title, x.man.AsOf = x.head.Org+", "+one.Ref+" "+one.Title, x.asOf().Format(time.RFC3339Nano)
	return nil
}

// asOf is when anything was last done about the incident.
func (x *bundling) asOf() time.Time {
	at := x.file.Incident.Updated
	if t := x.file.TracedAt; t != nil && t.After(at) {
		at = *t
	}
	return at.UTC()
}

// named are the events that the incident names: those of its reconstruction, of its alerts and of its notes, and how many there are at
// least that are counted and not named.
func (s *Service) named(ctx context.Context, scope access.ReadScope, x Incident) (ids []string, beyond int64, err error) {
	all := map[string]bool{}
	take := func(id string) {
		if id != "" {
			all[id] = true
		}
	}
	if found, _, err := s.Reconstruction(ctx, scope, x.ID); err == nil {
		for _, m := range found.Events {
			take(m.Event)
		}
		for _, p := range found.Persistence {
			take(p.Event)
			take(p.RemovedBy)
		}
	} else if !errs.Is(err, errs.NotFound) {
		return nil, 0, err
	}
	steps, err := s.History(ctx, scope, x.ID)
	if err != nil {
		return nil, 0, err
	}
	for _, h := range steps {
		for _, e := range h.Events {
			take(e)
		}
	}
	for _, ref := range x.Alerts {
		a, err := s.Alerts.Alert(ctx, scope, ref)
		if err != nil {
			return nil, 0, err
		}
		for q := (paging.Query{Page: 1, Size: paging.MaxSize}); ; q.Page++ {
			kept, err := s.Alerts.Signals(ctx, scope, a.ID, q)
			if err != nil {
				return nil, 0, err
			}
			for _, k := range kept.Rows {
				beyond += int64(k.More)
				for _, f := range k.Events {
					take(f.Event)
				}
			}
			if q.Page >= kept.Pages() {
				beyond += int64(max(0, a.Signals-kept.Total))
				break
			}
		}
	}
	for id := range all {
		ids = append(ids, id)
	}
	slices.Sort(ids) // in the order in which they arrived
	if n := len(ids) - MaxBundled; n > 0 {
		ids, beyond = ids[:MaxBundled], beyond+int64(n)
	}
	return ids, beyond, nil
}

// records writes the record of each event as it came, and says of the others why there is none.
func (x *bundling) records(ctx context.Context) error {
	absent, err := x.Bundler.Proofs.Filing.FiledAll(ctx, x.scope, x.ids, func(f *event.Filed) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return x.Text(verify.CaseRecord(f.ID), string(f.Raw))
	})
	if err != nil {
		return err
	}
	x.man.Events = make([]verify.CaseEvent, len(x.ids))
	for i, id := range x.ids {
		e := verify.CaseEvent{ID: id, State: verify.CaseProven}
		if why := absent[id]; why != nil {
			e.State, e.Why = verify.CaseMissing, "no event of this identifier is kept: it never arrived here, was removed, or was named wrongly"
			if errs.Is(why, errs.Unavailable) {
				e.State, e.Why = verify.CaseWaiting, "on disk, and not sealed yet when the bundle was made: make it again later"
			} else if gone, erased := event.ErasedBy(why); erased {
				e.State, e.Why, e.Entry = verify.CaseErased, "erased on "+gone.At.UTC().Format("2006-01-02 15:04 UTC")+": the entry says by whom and on what duty", gone.Seq
				x.man.Entries = append(x.man.Entries, gone.Seq)
			}
		}
		x.man.Events[i] = e
	}
	slices.Sort(x.man.Entries)
	x.man.Entries = slices.Compact(x.man.Entries)
	return x.readme()
}

// list is every file so far, as the manifest has it.
func (x *bundling) list() []verify.CaseFile {
	files := x.Files()
	out := make([]verify.CaseFile, len(files))
	for i, f := range files {
		out[i] = verify.CaseFile{Path: f.Path, Size: f.Size, SHA256: f.SHA256}
	}
	return out
}

// seal has the ledger hold the manifest, unless it does already.
func (x *bundling) seal(ctx context.Context, scope access.Scope, now time.Time) error {
	x.tell("seal the list of files")
	x.man.Files = x.list()
	sum, err := verify.CaseSealHash(x.man)
	if err != nil {
		return errs.As(errs.Internal, err, "the manifest of %s", x.man.Incident)
	}
	one := x.file.Incident
	before, err := x.Ledger.Store.Entries(ctx, x.scope, ledger.Filter{Kind: verify.KindBundle, Subject: string(one.ID)}, paging.Query{Size: paging.MaxSize, Sort: "seq", Desc: true})
	if err != nil {
		return err
	}
	for _, e := range before.Rows {
		var says struct {
			Manifest string `json:"manifest_sha256"`
		}
		if json.Unmarshal([]byte(e.Payload), &says) == nil && says.Manifest == sum {
			x.man.Seal = e.Seq
		}
	}
	if x.man.Seal == 0 {
		if x.man.Seal, err = x.Ledger.Store.Append(ctx, scope, now, verify.KindBundle, string(one.ID), map[string]any{
			"manifest_sha256": sum, "incident": one.Ref, "version": one.Version, "files": len(x.man.Files), "events": len(x.man.Events),
		}); err != nil {
			return err
		}
	}
	_, err = x.Ledger.Seal(ctx, now)
	return err
}

// proofs writes the checkpoint, and what leads to it from each entry and each record.
func (x *bundling) proofs(ctx context.Context) error {
	signed, _, err := x.Ledger.Checkpoint(ctx)
	if err != nil {
		return err
	}
	if err := x.Text(verify.CheckpointName, string(signed)); err != nil {
		return err
	}
	if err := x.Text(verify.KeyName, x.Ledger.Log.Key()+"\n"); err != nil {
		return err
	}
	for _, seq := range append([]int64{x.man.Seal}, x.man.Entries...) {
		p, err := x.Ledger.ProveAt(ctx, x.scope, signed, seq)
		if err != nil {
			return err
		}
		if err := x.JSON(verify.CaseEntry(seq), p); err != nil {
			return err
		}
	}
	var proven []string
	for _, e := range x.man.Events {
		if e.State == verify.CaseProven {
			proven = append(proven, e.ID)
		}
	}
	absent, err := x.Bundler.Proofs.ExportAll(ctx, x.scope, signed, proven, func(p verify.EventProof) error {
		body, err := event.ProofFile(p)
		if err != nil {
			return err
		}
		return x.Add(verify.CaseProof(p.ID), strings.NewReader(string(body)), "", 0)
	})
	if err != nil {
		return err
	}
	for id := range absent {
		return errs.New(errs.Conflict, "event %s was erased while the bundle was made", id).WithHint("Make the bundle again: it will say so.")
	}
	return nil
}
