package issue

import (
	"context"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Opened is what a reader's link opens.
type Opened struct {
	Org        access.Org
	Engagement engagement.Engagement
	Version    Version
	Reader     Reader // empty for a report for general use
	Terms      Terms
	Accepted   *Acceptance // of this version; nil until the reader agreed
	Age        Age
}

// Agreement is what the reader agrees to.
func (o Opened) Agreement() string { return o.Terms.Agreement(o.Org.Name) }

// nothing is the one answer for every link that opens nothing.
func nothing() error {
	return errs.New(errs.NotFound, "this link opens nothing").WithHint("Links end on a day, when a newer one was sent, and when the organisation ends them. Ask whoever sent it to you for a new one.")
}

// serving is the right of the program itself to hand a file to somebody who comes with a link.
func serving(scope access.ReadScope) error {
	if scope.Org() == "" { // a link of an organisation that does not exist
		return nothing()
	}
	return scope.Require(access.BuildReport)
}

// Open is what the secret of a link opens, for the program on behalf of its reader. Every secret that opens nothing gets one answer.
func (s *Service) Open(ctx context.Context, scope access.ReadScope, now time.Time, secret string) (Opened, error) {
	if err := serving(scope); err != nil {
		return Opened{}, err
	}
	if len(secret) != secretLength {
		return Opened{}, nothing()
	}
	r, err := s.Readers.ReaderByLink(ctx, scope, linkHash(secret))
	if errs.Is(err, errs.NotFound) || err == nil && !r.Open(now) {
		return Opened{}, nothing()
	}
	if err != nil {
		return Opened{}, err
	}
	o := Opened{Reader: r}
	if err := s.fill(ctx, scope, now, &o, string(r.Engagement)); err != nil {
		return o, err
	}
	if err := restricted(o.Engagement); err != nil {
		return o, nothing()
	}
	a, err := s.Readers.Acceptance(ctx, scope, r.ID, o.Version.Number)
	if err == nil {
		o.Accepted = &a
	} else if !errs.Is(err, errs.NotFound) {
		return o, err
	}
	return o, nil
}

func (s *Service) fill(ctx context.Context, scope access.ReadScope, now time.Time, o *Opened, e string) (err error) {
	if o.Org, err = s.Access.Org(ctx, scope); err != nil {
		return err
	}
	if o.Engagement, err = s.Engagements.Store.Engagement(ctx, scope, e); errs.Is(err, errs.NotFound) {
		return nothing()
	} else if err != nil {
		return err
	}
	all, err := s.Store.Versions(ctx, scope, o.Engagement.ID)
	if err != nil {
		return err
	}
	v, ok := newest(all)
	if !ok {
		return nothing()
	}
	o.Version = v
	if o.Terms, err = s.TermsOf(ctx, scope); err != nil {
		return err
	}
	o.Age = AgeOf(o.Version.Coverage, period.Of(now), o.Terms.Months)
	return nil
}

// Agree keeps that the reader agreed to the terms of this version, with the hash of the text. Agreeing again changes nothing.
func (s *Service) Agree(ctx context.Context, scope access.Scope, now time.Time, secret string) (Opened, error) {
	var o Opened
	err := s.Tx.InTx(ctx, func(ctx context.Context) (err error) {
		if o, err = s.Open(ctx, scope.ReadScope, now, secret); err != nil || o.Accepted != nil {
			return err
		}
		a := Acceptance{Reader: o.Reader.ID, Number: o.Version.Number, Terms: o.Terms.Version, SHA256: o.Terms.hash(o.Org.Name), At: now.UTC().Truncate(time.Second), Address: scope.From()}
		if err := s.Readers.Accept(ctx, scope, a); err != nil {
			return err
		}
		o.Accepted = &a
		_, err = s.Ledger.Append(ctx, scope, now, "reader.accepted", string(o.Engagement.ID), map[string]any{"ref": o.Engagement.Ref, "reader": o.Reader.Ref, "version": a.Number, "terms": a.Terms, "wording": wordingVersion, "text_sha256": a.SHA256})
		return err
	})
	return o, err
}

// A reader takes the report at most so often.
const (
	maxTakes  = 20
	takesOver = time.Hour
)

// Copy is the reader's own copy of the issued PDF: its bytes begin with those that were issued, and each page bears whose copy it is. The
// same reader gets the same bytes each time. Each time is kept.
func (s *Service) Copy(ctx context.Context, scope access.Scope, now time.Time, secret string) (o Opened, f File, body []byte, err error) {
	if o, err = s.Open(ctx, scope.ReadScope, now, secret); err != nil {
		return o, f, nil, err
	}
	if o.Accepted == nil {
		return o, f, nil, errs.New(errs.Denied, "agree to the terms first")
	}
	recent, err := s.Readers.Downloads(ctx, scope.ReadScope, o.Engagement.ID, o.Reader.ID, now.Add(-takesOver), paging.Query{Size: 1})
	if err != nil {
		return o, f, nil, err
	}
	if recent.Total >= maxTakes {
		return o, f, nil, errs.New(errs.Exhausted, "the report was taken %d times within an hour", recent.Total).WithHint("Wait an hour, or use the copy you have.")
	}
	f, has := o.Version.File("pdf")
	if !has {
		return o, f, nil, errs.New(errs.Internal, "version %d has no PDF", o.Version.Number)
	}
	if body, err = s.own(ctx, scope, o, f); err != nil {
		return o, f, nil, err
	}
	f.Size = int64(len(body))
	f.SHA256 = o.Accepted.Copy
	return o, f, body, s.took(ctx, scope, now, o, f)
}

// own makes the personal copy, or reads it again.
func (s *Service) own(ctx context.Context, scope access.Scope, o Opened, f File) ([]byte, error) {
	if o.Accepted.Copy != "" {
		return s.Blobs.Content(o.Accepted.Copy)
	}
	issued, err := s.Blobs.Content(f.SHA256)
	if err != nil {
		return nil, err
	}
	body, err := s.Stamp(issued, o.Reader.Name+", "+o.Reader.Company+" · "+o.Reader.Email+" · "+o.Accepted.At.UTC().Format("2006-01-02 15:04:05 UTC"))
	if err != nil {
		return nil, errs.Wrap(err, "mark the copy of %s", o.Reader.Ref)
	}
	if o.Accepted.Copy, err = s.Blobs.Store(body); err != nil {
		return nil, err
	}
	return body, s.Readers.KeepCopy(ctx, scope, *o.Accepted)
}

// took keeps that a file was taken.
func (s *Service) took(ctx context.Context, scope access.Scope, now time.Time, o Opened, f File) error {
	d := Download{ID: id.New("dl", now), Reader: o.Reader.ID, Number: o.Version.Number, File: f.Name, SHA256: f.SHA256, At: now, Address: scope.From()}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		if err := s.Readers.AddDownload(ctx, scope, o.Engagement.ID, d); err != nil {
			return err
		}
		_, err := s.Ledger.Append(ctx, scope, now, "report.taken", string(o.Engagement.ID), map[string]any{"ref": o.Engagement.Ref, "reader": o.Reader.Ref, "version": d.Number, "file": d.File, "sha256": d.SHA256})
		return err
	})
}

// general refuses what only a report for general use has.
func general(e engagement.Engagement) error {
	if e.Report != engagement.SOC3 {
		return errs.New(errs.Conflict, "a %s is of restricted use: it is never published", e.Kind()).WithHint("Name its readers instead.")
	}
	return nil
}

func (s *Service) published(ctx context.Context, scope access.ReadScope, e engagement.ID) (*Publication, error) {
	all, err := s.Store.Publications(ctx, scope, e)
	if err != nil || len(all) == 0 || all[0].Ended != nil {
		return nil, err
	}
	return &all[0], nil
}

// Published is the time since which a report for general use is public; nil when it is not.
func (s *Service) Published(ctx context.Context, scope access.ReadScope, e engagement.ID) (*Publication, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return nil, err
	}
	return s.published(ctx, scope, e)
}

// Publish lets anybody read a SOC 3 at its public address.
func (s *Service) Publish(ctx context.Context, scope access.Scope, now time.Time, idOrRef string) error {
	e, err := s.open(ctx, scope.ReadScope, access.ManageEngagement, idOrRef)
	if err != nil {
		return err
	}
	if err := general(e); err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		all, err := s.Store.Versions(ctx, scope.ReadScope, e.ID)
		if err != nil {
			return err
		}
		v, ok := newest(all)
		if !ok {
			return notYet(e, all)
		}
		if p, err := s.published(ctx, scope.ReadScope, e.ID); err != nil || p != nil {
			return err
		}
		if err := s.Store.AddPublication(ctx, scope, e.ID, Publication{At: now, By: scope.Actor()}); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "report.published", string(e.ID), map[string]any{"ref": e.Ref, "version": v.Number})
		return err
	})
}

// Unpublish takes a SOC 3 off its public address.
func (s *Service) Unpublish(ctx context.Context, scope access.Scope, now time.Time, idOrRef, reason string) error {
	e, err := s.open(ctx, scope.ReadScope, access.ManageEngagement, idOrRef)
	if err != nil {
		return err
	}
	if reason, err = why("why", "the reason", reason); err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		p, err := s.published(ctx, scope.ReadScope, e.ID)
		if err != nil {
			return err
		}
		if p == nil {
			return errs.New(errs.Conflict, "%s is not published", e.Ref)
		}
		p.Ended, p.EndedBy = &now, scope.Actor()
		if err := s.Store.EndPublication(ctx, scope, e.ID, *p); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "report.unpublished", string(e.ID), map[string]any{"ref": e.Ref, "why": reason})
		return err
	})
}

// Public is a published SOC 3, for anybody. Whatever is not published gets one answer.
func (s *Service) Public(ctx context.Context, scope access.ReadScope, now time.Time, ref string) (Opened, error) {
	var o Opened
	if err := serving(scope); err != nil {
		return o, err
	}
	hidden := errs.New(errs.NotFound, "there is no public report here")
	if err := s.fill(ctx, scope, now, &o, ref); errs.Is(err, errs.NotFound) {
		return Opened{}, hidden
	} else if err != nil {
		return Opened{}, err
	}
	p, err := s.published(ctx, scope, o.Engagement.ID)
	if err != nil {
		return Opened{}, err
	}
	if p == nil || o.Engagement.Report != engagement.SOC3 || o.Engagement.Ref != ref {
		return Opened{}, hidden
	}
	return o, nil
}

// PublicTakes is how many times within a day it is kept that somebody took a public report: anybody can take it, and nobody shall fill the
// log. Beyond that it is given and not kept.
const PublicTakes = 500

// tookPublic keeps that somebody took a public report, with nothing but the address. It is in the log and not on the trail, which is no
// place for what strangers cause.
func (s *Service) tookPublic(ctx context.Context, scope access.Scope, now time.Time, o Opened, f File) error {
	recent, err := s.Readers.Downloads(ctx, scope.ReadScope, o.Engagement.ID, "", now.AddDate(0, 0, -1), paging.Query{Size: 1})
	if err != nil || recent.Total >= PublicTakes {
		return err
	}
	return s.Readers.AddDownload(ctx, scope, o.Engagement.ID, Download{ID: id.New("dl", now), Number: o.Version.Number, File: f.Name, SHA256: f.SHA256, At: now, Address: scope.From()})
}

// PublicFile is the PDF of a published SOC 3, as it was issued. That it was taken is kept.
func (s *Service) PublicFile(ctx context.Context, scope access.Scope, now time.Time, ref string) (Opened, File, []byte, error) {
	o, err := s.Public(ctx, scope.ReadScope, now, ref)
	if err != nil {
		return o, File{}, nil, err
	}
	i := slices.IndexFunc(o.Version.Files, func(f File) bool { return f.Format == "pdf" })
	if i < 0 {
		return o, File{}, nil, errs.New(errs.Internal, "version %d has no PDF", o.Version.Number)
	}
	f := o.Version.Files[i]
	body, err := s.Blobs.Content(f.SHA256)
	if err != nil {
		return o, f, nil, err
	}
	return o, f, body, s.tookPublic(ctx, scope, now, o, f)
}
