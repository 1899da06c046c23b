package app

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/platform/jobs"
	"github.com/tickmark/tickmark/internal/request"
	"github.com/tickmark/tickmark/internal/web/page"
	"github.com/tickmark/tickmark/verify"
)

// aroundFieldwork is what the auditor's work needs from other rooms.
type aroundFieldwork struct{ *App }

// bundledRequest is a request with all that was said about it.
type bundledRequest struct {
	Request request.Request  `json:"request"`
	Events  []request.Event  `json:"events"`
	Pieces  []request.Piece  `json:"pieces"`
	Remarks []request.Remark `json:"remarks"` // the firm's own
}

// Asked implements fieldwork.Around: every request and draft of the firm, and the evidence that answers them.
func (x aroundFieldwork) Asked(ctx context.Context, a access.AuditScope) (docs []fieldwork.Document, refs []string, err error) {
	for _, drafts := range []bool{false, true} {
		scope := a.Client
		if drafts {
			scope = a.Firm.ReadScope
		}
		for q := (paging.Query{Page: 1, Size: paging.MaxSize, Sort: "ref"}); ; q.Page++ {
			res, err := x.Requests.Store.Requests(ctx, scope, request.Filter{Engagement: a.Engagement}, q)
			if err != nil {
				return nil, nil, err
			}
			for _, r := range res.Rows {
				d, err := x.asked(ctx, a, scope, r)
				if err != nil {
					return nil, nil, err
				}
				for _, p := range d.Pieces {
					if p.Kind == request.Evidence {
						refs = append(refs, p.Ref)
					}
				}
				docs = append(docs, fieldwork.Document{Name: "requests/" + r.Ref + ".json", Body: d})
			}
			if q.Page >= res.Pages() {
				break
			}
		}
	}
	return docs, refs, nil
}

func (x aroundFieldwork) asked(ctx context.Context, a access.AuditScope, scope access.ReadScope, r request.Request) (d bundledRequest, err error) {
	d.Request = r
	if d.Events, err = x.Requests.Store.History(ctx, scope, r.ID); err != nil {
		return d, err
	}
	if d.Pieces, err = x.handed(ctx, scope, r); err != nil {
		return d, err
	}
	d.Remarks, err = x.Requests.Remarks(ctx, a, r)
	return d, err
}

// handed are the pieces of an answer that the client handed over.
func (x aroundFieldwork) handed(ctx context.Context, scope access.ReadScope, r request.Request) ([]request.Piece, error) {
	all, err := x.Requests.Store.Pieces(ctx, scope, r.ID)
	out := []request.Piece{}
	for _, p := range all {
		if p.Handed != nil {
			out = append(out, p)
		}
	}
	return out, err
}

// Names implements fieldwork.Around.
func (x aroundFieldwork) Names(ctx context.Context, a access.AuditScope) (map[string]string, error) {
	who, err := x.Requests.Names(ctx, a.Client, a.Engagement)
	out := make(map[string]string, len(who))
	for id, w := range who {
		out[id] = w.Name
	}
	return out, err
}

// Answer implements fieldwork.Answers: what the client handed over for a request.
func (x aroundFieldwork) Answer(ctx context.Context, a access.AuditScope, ref string) (title, state string, pieces []fieldwork.Piece, err error) {
	r, err := x.Requests.Request(ctx, a.Client, a.Engagement, ref)
	if err != nil {
		return "", "", nil, err
	}
	all, err := x.handed(ctx, a.Client, r)
	for _, p := range all {
		f := fieldwork.Piece{Title: p.Ref + " " + p.Title, SHA256: p.SHA256, Handed: *p.Handed}
		if p.Kind == request.Evidence {
			f.Evidence = p.Ref
		}
		pieces = append(pieces, f)
	}
	return r.Title, r.State.Title(), pieces, err
}

// auditPayload names the engagement whose work a job packs, and who asked for it.
type auditPayload struct {
	Engagement string `json:"engagement"`
	Who        string `json:"who"`
}

// auditJob packs the firm's work on an engagement into a file that waits in the data folder.
func (a *App) auditJob(ctx context.Context, j jobs.Job, p jobs.Progress) error {
	var payload auditPayload
	if err := json.Unmarshal(j.Payload, &payload); err != nil {
		return errs.As(errs.Internal, err, "payload of job %s", j.ID)
	}
	who, err := a.Access.AuditAs(ctx, a.system(j), a.Clock(), payload.Who, payload.Engagement)
	if err != nil {
		return err
	}
	name, err := a.waitingFile(j)
	if err != nil {
		return err
	}
	if _, _, err := a.WriteAuditBundle(ctx, who, a.Clock(), name, func(done, total int, what string) { p(int64(done), int64(total), what) }); err != nil {
		return err
	}
	return a.Jobs.SetResult(ctx, j.ID, "/audits/"+payload.Engagement+"/bundle/"+j.ID)
}

// WriteAuditBundle writes the firm's work on an engagement to a file that must not exist.
func (a *App) WriteAuditBundle(ctx context.Context, who access.AuditScope, now time.Time, name string, progress func(done, total int, what string)) (verify.Manifest, int64, error) {
	return writeWhole(name, func(w io.Writer) (verify.Manifest, error) { return a.Fieldwork.Bundle(ctx, who, now, w, progress) })
}

// writeWhole writes a bundle to a file that must not exist. The file appears when it is whole and on disk, or never.
func writeWhole[M any](name string, write func(io.Writer) (M, error)) (m M, size int64, err error) {
	if _, err := os.Stat(name); err == nil {
		return m, 0, errs.New(errs.Conflict, "%s exists already", name).WithHint("Choose another name.")
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), ".bundle-*")
	if err != nil {
		return m, 0, errs.As(errs.Unavailable, err, "write %s", name)
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // gone already when the rename succeeded
	w := bufio.NewWriterSize(tmp, 1<<20)
	m, err = write(w)
	if err == nil {
		err = errors.Join(w.Flush(), tmp.Sync())
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return m, 0, errs.Wrap(err, "bundle %s", name)
	}
	st, err := os.Stat(tmp.Name())
	if err != nil {
		return m, 0, err
	}
	return m, st.Size(), os.Rename(tmp.Name(), name)
}

// AuditOf opens an engagement of the scope's firm for the operator, in the name of somebody on its team; the newest when none is
// named. An engagement is named by its identifier or by the client's reference.
func (a *App) AuditOf(ctx context.Context, firm access.Scope, now time.Time, name, as string) (access.AuditScope, error) {
	members, err := a.Access.Members(ctx, firm.ReadScope)
	if err != nil {
		return access.AuditScope{}, err
	}
	var open *access.Undeclared
	for _, m := range members {
		if as != "" && !strings.EqualFold(m.Email, as) || !m.Role.May(access.Examine) {
			continue
		}
		invited, err := a.Access.AuditsAs(ctx, firm, string(m.ID))
		if err != nil {
			return access.AuditScope{}, err
		}
		for i := len(invited) - 1; i >= 0; i-- {
			x, err := a.Access.AuditAs(ctx, firm, now, string(m.ID), invited[i].Engagement)
			if errors.As(err, &open) {
				continue
			}
			if err != nil {
				return x, err
			}
			e, err := a.Engagement.Store.Engagement(ctx, x.Client, x.Engagement)
			if err != nil {
				return x, err
			}
			if name == "" || string(e.ID) == name || strings.EqualFold(e.Ref, name) {
				return x, nil
			}
		}
	}
	return access.AuditScope{}, errs.New(errs.NotFound, "the firm examines no engagement %s", name).WithHint("Give the firm's organisation (--org) and, with --as, the address of somebody on the team who declared independence.")
}

// Pack implements the pages' Packs: it has the firm's work on an engagement bundled.
func (w queued) Pack(ctx context.Context, a access.AuditScope) (string, error) {
	if err := a.Firm.Require(access.Examine); err != nil {
		return "", err
	}
	e, err := w.a.Engagement.Store.Engagement(ctx, a.Client, a.Engagement)
	if err != nil {
		return "", err
	}
	return w.start(ctx, a.Firm, jobs.New{Kind: jobAudit, Title: "Bundle the work on " + e.Ref, Subject: a.Engagement, Payload: auditPayload{a.Engagement, a.Firm.Actor()}})
}

// Packs implements the pages' Packs: the bundles of an engagement, newest first.
func (w queued) Packs(ctx context.Context, a access.AuditScope) ([]page.Job, error) {
	if err := a.Firm.Require(access.ReadAudits); err != nil || w.a.Jobs == nil {
		return nil, err
	}
	rows, _, err := w.a.Jobs.List(ctx, string(a.Firm.Org()), jobs.Find{Kind: jobAudit, Subject: a.Engagement, Limit: paging.MaxSize})
	if err != nil {
		return nil, err
	}
	return w.shown(ctx, a.Firm.ReadScope, rows)
}

// Packed implements the pages' Packs: the file that a job made.
func (w queued) Packed(ctx context.Context, a access.AuditScope, job string) (page.Output, error) {
	if err := a.Firm.Require(access.Examine); err != nil {
		return page.Output{}, err
	}
	j, err := w.job(ctx, a.Firm.ReadScope, job)
	if err != nil {
		return page.Output{}, err
	}
	if j.Kind != jobAudit || j.Subject != a.Engagement || j.Status != jobs.Done {
		return page.Output{}, errs.New(errs.NotFound, "this job made no bundle of this engagement")
	}
	e, err := w.a.Engagement.Store.Engagement(ctx, a.Client, a.Engagement)
	if err != nil {
		return page.Output{}, err
	}
	return w.output(j, strings.ToLower(e.Ref)+"-work.tickmark.zip")
}
