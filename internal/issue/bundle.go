package issue

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Bundle is the archive of an issued report: its files with everything they rest on, which anybody checks offline.
type Bundle struct {
	SHA256 string     // empty while the archive is being made
	Size   int64      // in bytes
	Seq    int64      // entry of the client's ledger that names the hash
	At     *time.Time // when it was whole
}

// Complete reports whether a version is issued in full: its bundle is sealed. Those of before there were bundles have none.
func (v Version) Complete() bool { return v.Bundle == nil || v.Bundle.SHA256 != "" }

// Parts are the files of a version as a bundle takes them in: each is named by the entry that issued it.
func (v Version) Parts() []engagement.Part {
	var out []engagement.Part
	for _, f := range v.Files {
		if f.Format != dossierFormat { // the bundle has it as dossier.json
			out = append(out, engagement.Part{Name: "issued/" + f.Name, SHA256: f.SHA256, Seq: v.Seq})
		}
	}
	return out
}

// newest is the newest version that is issued in full; false when there is none.
func newest(all []Version) (Version, bool) {
	for _, v := range all {
		if v.Complete() {
			return v, true
		}
	}
	return Version{}, false
}

// sealing refuses what has to wait until a version is issued in full.
func sealing(e engagement.Engagement, all []Version) error {
	if len(all) > 0 && !all[0].Complete() {
		return errs.New(errs.Conflict, "version %d of %s is being completed: its bundle is not sealed yet", all[0].Number, e.Ref).WithHint("It takes up to some minutes. If it failed, the page of issuing says why, and begins it again.")
	}
	return nil
}

// notYet says that there is no report to give to anybody.
func notYet(e engagement.Engagement, all []Version) error {
	if err := sealing(e, all); err != nil {
		return err
	}
	return errs.New(errs.Conflict, "%s has no issued report yet", e.Ref).WithHint("The auditor's partner issues it.")
}

// later has a version completed in the background, in the transaction of the context. It reports whether somebody will.
func (s *Service) later(ctx context.Context, a access.AuditScope, e engagement.Engagement, v Version) (bool, error) {
	if s.Later == nil {
		return false, nil
	}
	return s.Later(ctx, a, e, v)
}

// complete makes the bundle at once.
func (s *Service) complete(ctx context.Context, client access.OrgID, now time.Time, v Version) (Version, error) {
	return s.Complete(ctx, s.Access.System(client, "issue"), now, v.Engagement, v.Number, nil)
}

// Complete makes the bundle of an issued version and keeps it by its content; then one transaction names its hash on the client's
// trail and takes the examination to Issued. Whatever stops it before that leaves the version waiting, and it is begun again. A version that
// is complete stays as it is.
func (s *Service) Complete(ctx context.Context, scope access.Scope, now time.Time, id engagement.ID, number int, progress engagement.BundleProgress) (Version, error) {
	if err := scope.Require(access.BuildReport); err != nil {
		return Version{}, err
	}
	v, f, err := s.waiting(ctx, scope.ReadScope, id, number)
	if err != nil || v.Complete() {
		return v, err
	}
	b := Bundle{}
	if b.SHA256, b.Size, err = s.pack(ctx, scope, now, f, v, progress); err != nil {
		return v, errs.Wrap(err, "bundle of version %d", number)
	}
	at := now.UTC().Truncate(time.Microsecond)
	b.At = &at
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		e, err := s.Engagements.Store.Engagement(ctx, scope.ReadScope, string(id))
		if err != nil {
			return err
		}
		if b.Seq, err = s.Ledger.Append(ctx, scope, now, "report.sealed", string(id), map[string]any{"ref": e.Ref, "version": v.Number, "bundle_sha256": b.SHA256, "size": b.Size, "issued": v.Seq}); err != nil {
			return err
		}
		if err := s.Store.SealBundle(ctx, scope, id, v.Number, b); err != nil {
			return err
		}
		if e.Status != engagement.Representation {
			return nil
		}
		_, err = s.Engagements.Move(ctx, scope, now, string(id), e.Version, engagement.Issued, fmt.Sprintf("Version %d as %s issued it", v.Number, v.Firm))
		return err
	})
	if errs.Is(err, errs.Conflict) {
		if done, _, again := s.waiting(ctx, scope.ReadScope, id, number); again == nil && done.Complete() {
			return done, nil // somebody else completed it at the same moment
		}
	}
	v.Bundle = &b
	return v, err
}

func (s *Service) waiting(ctx context.Context, scope access.ReadScope, id engagement.ID, number int) (Version, engagement.Frozen, error) {
	all, err := s.Store.Versions(ctx, scope, id)
	if err != nil {
		return Version{}, engagement.Frozen{}, err
	}
	for _, v := range all {
		if v.Number != number {
			continue
		}
		frozen, err := s.Engagements.Store.Dossiers(ctx, scope, id)
		for _, f := range frozen {
			if f.Number == v.Dossier {
				return v, f, nil
			}
		}
		if err == nil {
			err = errs.New(errs.Internal, "version %d has no dossier %d", number, v.Dossier)
		}
		return v, engagement.Frozen{}, err
	}
	return Version{}, engagement.Frozen{}, errs.New(errs.NotFound, "no version %d", number)
}

// maxBundle bounds the archive of a report: evidence of a year of a large organisation is below that.
const maxBundle = 4 << 30

// pack streams the archive into the store of documents, where it appears when it is whole.
func (s *Service) pack(ctx context.Context, scope access.Scope, now time.Time, f engagement.Frozen, v Version, progress engagement.BundleProgress) (sum string, size int64, err error) {
	r, w := io.Pipe()
	made := make(chan error, 1)
	go func() {
		err := s.Pack(ctx, scope, now, f, v.Parts(), w, progress)
		_ = w.CloseWithError(err) // it never fails
		made <- err
	}()
	sum, size, err = s.Blobs.Keep(r, maxBundle)
	_ = r.CloseWithError(errs.Wrap(err, "keep the bundle")) // what writes stops; nil closes plainly
	if wrong := <-made; wrong != nil && err == nil {
		err = wrong
	}
	return sum, size, err
}

// Resume begins the completion of the newest version again, for the partner: after a failure, or when it was left.
func (s *Service) Resume(ctx context.Context, a access.AuditScope, now time.Time) (Version, error) {
	e, shared, err := s.auditor(ctx, a, access.SignOpinion)
	if err != nil {
		return Version{}, err
	}
	all, err := s.Store.Versions(ctx, shared.ReadScope, e.ID)
	if err != nil {
		return Version{}, err
	}
	if len(all) == 0 || all[0].Complete() {
		return Version{}, errs.New(errs.Conflict, "no version of %s waits for its bundle", e.Ref)
	}
	queued := false
	if err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		queued, err = s.later(ctx, a, e, all[0])
		return err
	}); err != nil || queued {
		return all[0], err
	}
	return s.complete(ctx, shared.Org(), now, all[0])
}

// Archive finds the bundle of an issued version, for either side. Its content is read apart: it is large.
func (s *Service) Archive(ctx context.Context, scope access.ReadScope, e engagement.Engagement, number int) (name string, b Bundle, err error) {
	all, err := s.Versions(ctx, scope, e.ID)
	for _, v := range all {
		if v.Number == number && v.Bundle != nil && v.Complete() {
			return fmt.Sprintf("%s-issued-%d.tickmark.zip", e.Ref, number), *v.Bundle, nil
		}
	}
	if err == nil {
		err = errs.New(errs.NotFound, "version %d has no bundle", number)
	}
	return "", b, err
}
