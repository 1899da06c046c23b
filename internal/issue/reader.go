package issue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// ReaderKind is what a reader is to the service organisation (domain brief 1.1).
type ReaderKind string

// The kinds.
const (
	UserEntity  ReaderKind = "user_entity"
	UserAuditor ReaderKind = "user_auditor"
	Prospect    ReaderKind = "prospect"
	Partner     ReaderKind = "partner"
	Regulator   ReaderKind = "regulator"
)

// ReaderKinds are those who may read a report of an engagement: a SOC 1 is for user entities and their auditors alone.
func ReaderKinds(e engagement.Engagement) []ReaderKind {
	if e.Report == engagement.SOC1 {
		return []ReaderKind{UserEntity, UserAuditor}
	}
	return []ReaderKind{UserEntity, UserAuditor, Prospect, Partner, Regulator}
}

// Title is the kind in words.
func (k ReaderKind) Title() string {
	return map[ReaderKind]string{UserEntity: "User entity", UserAuditor: "Auditor of a user entity", Prospect: "Prospective customer", Partner: "Business partner", Regulator: "Regulator"}[k]
}

// Reader is somebody who may read a report of restricted use.
type Reader struct {
	ID         string
	Engagement engagement.ID
	Ref        string // "R-01"
	Name       string
	Company    string
	Email      string
	Kind       ReaderKind
	At         time.Time
	By         string
	Linked     *time.Time // when the link that holds was made
	Ends       *time.Time
	Ended      *time.Time // by the client
	EndedBy    string
	Why        string
	Version    int
	Link       string `json:"-"` // SHA-256 of the secret; empty without one
	// Filled when listed.
	Accepted  int // newest version whose terms they accepted; 0 for none
	Downloads int
	Last      *time.Time
}

// Open reports whether the reader's link opens the report.
func (r Reader) Open(now time.Time) bool {
	return r.Link != "" && r.Ended == nil && r.Ends != nil && now.Before(*r.Ends)
}

// Acceptance is a reader's agreement to the terms of restricted use, before a version is opened.
type Acceptance struct {
	Reader  string
	Number  int // of the issued version
	Terms   int // version of the client's terms
	SHA256  string
	At      time.Time
	Address string
	Copy    string // SHA-256 of the reader's own copy; empty until it was made
}

// Download is one time that somebody took a file.
type Download struct {
	ID      string
	Reader  string // empty for a report for general use
	Ref     string // of the reader
	Name    string
	Company string
	Number  int
	File    string
	SHA256  string
	At      time.Time
	Address string
}

// Terms is how the client distributes its reports. Every version stays.
type Terms struct {
	Version  int
	Months   int    // after the end of coverage, that a report is called current
	LinkDays int    // that a reader's link opens the report
	Own      string // the client's text beside ours; empty for none
	At       time.Time
	By       string
}

// The terms that everybody begins with. The twelve months are market custom (domain brief 1.2); no standard gives an expiry date.
const (
	DefaultMonths   = 12
	DefaultLinkDays = 90
	maxLinkDays     = 366
)

// wording is what a reader of a report of restricted use agrees to, in our words; the number goes with the text.
const (
	wordingVersion = 1
	wording        = "This report is of restricted use. It is meant for %s and the readers named in it, who know the services, the system and its controls well enough to understand it. " +
		"I am the reader named here. I will use the report only to understand and to judge the services of %s, keep it confidential, and pass it on to nobody outside my organisation without consent. " +
		"My copy bears my name. When I open the report is recorded and shown to %s."
)

// Agreement is the whole text that a reader of an organisation's report agrees to.
func (t Terms) Agreement(company string) string {
	s := fmt.Sprintf(wording, company, company, company)
	if t.Own != "" {
		s += "\n\n" + t.Own
	}
	return s
}

// hash names an agreement with the version of our wording.
func (t Terms) hash(company string) string {
	return canon.Sum([]byte(fmt.Sprintf("wording %d\n%s", wordingVersion, t.Agreement(company))))
}

// ReaderFilter narrows a list. Zero values do not narrow.
type ReaderFilter struct {
	Engagement engagement.ID
	Kind       ReaderKind
}

// ReaderStore keeps readers and what they did. Laws: references follow each other; SaveReader is a Conflict when the kept version is not
// the base; terms, acceptances and downloads are only added, but for the name of a personal copy, which is set once.
type ReaderStore interface {
	AddReader(ctx context.Context, s access.Scope, r Reader) (Reader, error)
	Reader(ctx context.Context, s access.ReadScope, e engagement.ID, ref string) (Reader, error)
	ReaderByLink(ctx context.Context, s access.ReadScope, hash string) (Reader, error)
	// Readers sorts by: ref, name, company, kind, at, downloads, last.
	Readers(ctx context.Context, s access.ReadScope, f ReaderFilter, q paging.Query) (paging.Result[Reader], error)
	SaveReader(ctx context.Context, s access.Scope, r Reader, base int) error
	AddTerms(ctx context.Context, s access.Scope, t Terms) error
	// Terms are the newest; version 0 when none were set.
	Terms(ctx context.Context, s access.ReadScope) (Terms, error)
	Accept(ctx context.Context, s access.Scope, a Acceptance) error
	// Acceptance reads that of a reader for a version; NotFound without one.
	Acceptance(ctx context.Context, s access.ReadScope, reader string, number int) (Acceptance, error)
	KeepCopy(ctx context.Context, s access.Scope, a Acceptance) error
	AddDownload(ctx context.Context, s access.Scope, e engagement.ID, d Download) error
	// Downloads sorts by: at, reader, company. With a reader, those of that one alone.
	Downloads(ctx context.Context, s access.ReadScope, e engagement.ID, reader string, since time.Time, q paging.Query) (paging.Result[Download], error)
}

// TermsOf are the organisation's terms; those everybody begins with, if it set none.
func (s *Service) TermsOf(ctx context.Context, scope access.ReadScope) (Terms, error) {
	t, err := s.Readers.Terms(ctx, scope)
	if err == nil && t.Version == 0 {
		t.Months, t.LinkDays = DefaultMonths, DefaultLinkDays
	}
	return t, err
}

// StaleTerms is the cause of a Conflict when somebody else set terms meanwhile.
type StaleTerms struct{ Theirs Terms }

// Error names the version.
func (s *StaleTerms) Error() string {
	return fmt.Sprintf("the terms are at version %d", s.Theirs.Version)
}

// SetTerms keeps a new version of the terms. Who accepted before accepted what it was then.
func (s *Service) SetTerms(ctx context.Context, scope access.Scope, now time.Time, base int, t Terms) (Terms, error) {
	if err := scope.Require(access.ManageEngagement); err != nil {
		return t, err
	}
	if t.Months < 1 || t.Months > 60 {
		return t, errs.New(errs.Invalid, "a report is called current for 1 to 60 months").At("months")
	}
	if t.LinkDays < 1 || t.LinkDays > maxLinkDays {
		return t, errs.New(errs.Invalid, "a link opens for 1 to %d days", maxLinkDays).At("link_days")
	}
	t.Own = text.Prose(t.Own)
	if err := text.Bounds("own", "the text", t.Own, 0, MaxText); err != nil {
		return t, err
	}
	t.Version, t.At, t.By = base+1, now, scope.Actor()
	return t, s.Tx.InTx(ctx, func(ctx context.Context) error {
		was, err := s.TermsOf(ctx, scope.ReadScope)
		if err != nil {
			return err
		}
		if was.Version != base {
			return errs.Changed("the terms", &StaleTerms{was})
		}
		if err := s.Readers.AddTerms(ctx, scope, t); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "reader.terms_set", "", map[string]any{"version": t.Version, "months": t.Months, "link_days": t.LinkDays, "sha256": t.hash("")})
		return err
	})
}

// NewReader is who is named.
type NewReader struct {
	Name, Company, Email string
	Kind                 ReaderKind
}

func (n *NewReader) clean(e engagement.Engagement) error {
	n.Name, n.Company, n.Email = text.Line(n.Name), text.Line(n.Company), strings.ToLower(text.Line(n.Email))
	for _, err := range []error{text.Bounds("name", "the name", n.Name, 1, MaxLine), text.Bounds("company", "the organisation", n.Company, 1, MaxLine), text.Bounds("email", "the address", n.Email, 3, MaxLine)} {
		if err != nil {
			return err
		}
	}
	if a, err := mail.ParseAddress(n.Email); err != nil || a.Address != n.Email {
		return errs.New(errs.Invalid, "%q is no e-mail address", n.Email).At("email")
	}
	for _, k := range ReaderKinds(e) {
		if k == n.Kind {
			return nil
		}
	}
	if n.Kind.Title() != "" {
		return errs.New(errs.Invalid, "the use of a %s is restricted: %s is none of its readers", e.Kind(), strings.ToLower(n.Kind.Title())).At("kind")
	}
	return errs.New(errs.Invalid, "choose what they are to you").At("kind")
}

// restricted refuses what only a report of restricted use has.
func restricted(e engagement.Engagement) error {
	if e.Report == engagement.SOC3 {
		return errs.New(errs.Conflict, "a SOC 3 is for general use: it has no list of readers").WithHint("Publish it instead.")
	}
	return nil
}

// Name adds somebody to those who may read the report. A link is made apart.
func (s *Service) Name(ctx context.Context, scope access.Scope, now time.Time, idOrRef string, n NewReader) (Reader, error) {
	e, err := s.open(ctx, scope.ReadScope, access.ManageEngagement, idOrRef)
	if err != nil {
		return Reader{}, err
	}
	if err := restricted(e); err != nil {
		return Reader{}, err
	}
	if err := n.clean(e); err != nil {
		return Reader{}, err
	}
	r := Reader{ID: id.New("rdr", now), Engagement: e.ID, Name: n.Name, Company: n.Company, Email: n.Email, Kind: n.Kind, At: now, By: scope.Actor(), Version: 1}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if r, err = s.Readers.AddReader(ctx, scope, r); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "reader.named", string(e.ID), map[string]any{"ref": e.Ref, "reader": r.Ref, "name": r.Name, "company": r.Company, "email": r.Email, "kind": string(r.Kind)})
		return err
	})
	return r, err
}

// secretLength is in characters of 5 bits.
const secretLength = 40

func linkHash(secret string) string {
	sum := sha256.Sum256([]byte("tickmark report link " + secret))
	return hex.EncodeToString(sum[:])
}

// MakeLink gives a reader a new link, and ends the one before. The path is known to the caller alone.
func (s *Service) MakeLink(ctx context.Context, scope access.Scope, now time.Time, idOrRef, ref string) (r Reader, path string, err error) {
	e, err := s.open(ctx, scope.ReadScope, access.ManageEngagement, idOrRef)
	if err != nil {
		return r, "", err
	}
	versions, err := s.Store.Versions(ctx, scope.ReadScope, e.ID)
	if err != nil {
		return r, "", err
	}
	if _, ok := newest(versions); !ok {
		return r, "", notYet(e, versions)
	}
	o, err := s.Access.Org(ctx, scope.ReadScope)
	if err != nil {
		return r, "", err
	}
	terms, err := s.TermsOf(ctx, scope.ReadScope)
	if err != nil {
		return r, "", err
	}
	return s.link(ctx, scope, now, e, o, terms, ref)
}

func (s *Service) link(ctx context.Context, scope access.Scope, now time.Time, e engagement.Engagement, o access.Org, terms Terms, ref string) (r Reader, path string, err error) {
	secret := id.Secret(secretLength)
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		if r, err = s.Readers.Reader(ctx, scope.ReadScope, e.ID, ref); err != nil {
			return err
		}
		ends := now.AddDate(0, 0, terms.LinkDays)
		r.Link, r.Linked, r.Ends, r.Ended, r.EndedBy, r.Why, r.Version = linkHash(secret), &now, &ends, nil, "", "", r.Version+1
		if err := s.Readers.SaveReader(ctx, scope, r, r.Version-1); err != nil {
			return err
		}
		_, err := s.Ledger.Append(ctx, scope, now, "reader.linked", string(e.ID), map[string]any{"ref": e.Ref, "reader": r.Ref, "ends": ends.UTC().Format(time.RFC3339)})
		return err
	})
	if err != nil {
		return r, "", err
	}
	return r, "/shared/" + o.Slug + "." + secret, nil
}

// AskMail has a reader's link sent by e-mail. The link is made when the message goes out, and is nowhere else.
func (s *Service) AskMail(ctx context.Context, scope access.Scope, now time.Time, idOrRef, ref string) (Reader, error) {
	e, err := s.open(ctx, scope.ReadScope, access.ManageEngagement, idOrRef)
	if err != nil {
		return Reader{}, err
	}
	versions, err := s.Store.Versions(ctx, scope.ReadScope, e.ID)
	if err != nil {
		return Reader{}, err
	}
	v, ok := newest(versions)
	if !ok {
		return Reader{}, notYet(e, versions)
	}
	r, err := s.Readers.Reader(ctx, scope.ReadScope, e.ID, ref)
	if err != nil {
		return r, err
	}
	return r, s.Tx.InTx(ctx, func(ctx context.Context) error {
		_, err := s.Ledger.Append(ctx, scope, now, "reader.mail_asked", string(e.ID), map[string]any{"ref": e.Ref, "reader": r.Ref, "version": v.Number})
		return err
	})
}

// MailLink makes a reader's link for the message that brings it, for the program itself: somebody asked for it with AskMail.
func (s *Service) MailLink(ctx context.Context, scope access.Scope, now time.Time, engagement, ref string) (path string, err error) {
	if err := serving(scope.ReadScope); err != nil {
		return "", err
	}
	e, err := s.Engagements.Store.Engagement(ctx, scope.ReadScope, engagement)
	if err != nil {
		return "", err
	}
	o, err := s.Access.Org(ctx, scope.ReadScope)
	if err != nil {
		return "", err
	}
	terms, err := s.TermsOf(ctx, scope.ReadScope)
	if err != nil {
		return "", err
	}
	_, path, err = s.link(ctx, scope, now, e, o, terms, ref)
	return path, err
}

// EndLink ends a reader's link, with a reason that stays.
func (s *Service) EndLink(ctx context.Context, scope access.Scope, now time.Time, idOrRef, ref string, base int, reason string) (Reader, error) {
	e, err := s.open(ctx, scope.ReadScope, access.ManageEngagement, idOrRef)
	if err != nil {
		return Reader{}, err
	}
	if reason, err = why("why", "the reason", reason); err != nil {
		return Reader{}, err
	}
	var r Reader
	return r, s.Tx.InTx(ctx, func(ctx context.Context) error {
		if r, err = s.Readers.Reader(ctx, scope.ReadScope, e.ID, ref); err != nil {
			return err
		}
		if !r.Open(now) {
			return errs.New(errs.Conflict, "%s has no link that opens anything", r.Ref)
		}
		if base > 0 && base != r.Version {
			return errs.Changed(r.Ref, &StaleReader{r})
		}
		r.Ended, r.EndedBy, r.Why, r.Version = &now, scope.Actor(), reason, r.Version+1
		if err := s.Readers.SaveReader(ctx, scope, r, r.Version-1); err != nil {
			return err
		}
		_, err := s.Ledger.Append(ctx, scope, now, "reader.ended", string(e.ID), map[string]any{"ref": e.Ref, "reader": r.Ref, "why": reason})
		return err
	})
}

// StaleReader is the cause of a Conflict when somebody else changed a reader meanwhile.
type StaleReader struct{ Theirs Reader }

// Error names the version.
func (s *StaleReader) Error() string {
	return fmt.Sprintf("%s is at version %d", s.Theirs.Ref, s.Theirs.Version)
}

// ListReaders lists who may read the report of an engagement.
func (s *Service) ListReaders(ctx context.Context, scope access.ReadScope, f ReaderFilter, q paging.Query) (paging.Result[Reader], error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return paging.Result[Reader]{}, err
	}
	return s.Readers.Readers(ctx, scope, f, q)
}

// ReaderOf reads one reader.
func (s *Service) ReaderOf(ctx context.Context, scope access.ReadScope, e engagement.ID, ref string) (Reader, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return Reader{}, err
	}
	return s.Readers.Reader(ctx, scope, e, ref)
}

// Log lists who took which file when, the newest first unless sorted otherwise.
func (s *Service) Log(ctx context.Context, scope access.ReadScope, e engagement.ID, reader string, q paging.Query) (paging.Result[Download], error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return paging.Result[Download]{}, err
	}
	return s.Readers.Downloads(ctx, scope, e, reader, time.Time{}, q)
}

// DistributionGate tells whether it is known who has the report.
func (s *Service) DistributionGate(ctx context.Context, scope access.ReadScope, _ time.Time, e engagement.Engagement) (bool, string, error) {
	if e.Report == engagement.SOC3 {
		p, err := s.published(ctx, scope, e.ID)
		if err != nil || p == nil {
			return false, "The report is not published", err
		}
		return true, "Published on " + p.At.UTC().Format(time.DateOnly), nil
	}
	all, err := s.Readers.Readers(ctx, scope, ReaderFilter{Engagement: e.ID}, paging.Query{Size: paging.MaxSize})
	if err != nil {
		return false, "", err
	}
	given, read := 0, 0
	for _, r := range all.Rows {
		if r.Linked != nil {
			given++
		}
		if r.Downloads > 0 {
			read++
		}
	}
	if given == 0 {
		return false, fmt.Sprintf("%d readers named, none has a link", all.Total), nil
	}
	return true, fmt.Sprintf("%d readers named, %d with a link, %d took it", all.Total, given, read), nil
}
