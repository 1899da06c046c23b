package policy

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Bounds of what people write, in characters, and of the rhythm of reviews, in months.
const (
	MaxTitle   = 200
	MaxSummary = 500
	MaxBody    = 100_000
	MaxWhy     = 2000
	MinBody    = 200 // of a text that is sent for review
	minTitle   = 3
	minWhy     = 10
	maxLinks   = 60 // controls, criteria
	maxAudience
	MaxMonths = 60
	MinMonths = 1
	// Rhythm is the months of a policy nobody gave any: policies are approved at least yearly (control GOV-04).
	Rhythm = 12
)

// slugForm is how a slug looks: it names a file in every file system.
var slugForm = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

const maxSlug = 60

// Service is the use cases of policies.
type Service struct {
	Store    Store
	Catalog  *catalog.Catalog
	Controls Controls
	People   People
	Readers  Readers // nil where nobody is asked to read
	Tx       access.Tx
	Ledger   access.Recorder
}

// New is a policy to write.
type New struct {
	Slug   string // made from the title when empty
	Owner  string // identifier or email; whoever writes it when empty
	Months int    // Rhythm when 0
	Text   Text
	Note   string
}

// Create begins a policy with a first draft.
func (s *Service) Create(ctx context.Context, scope access.Scope, now time.Time, n New) (Policy, error) {
	if err := scope.Require(access.EditPolicies); err != nil {
		return Policy{}, err
	}
	v, err := s.first(ctx, scope, now, 1, n.Text, n.Note)
	if err != nil {
		return Policy{}, err
	}
	p := Policy{ID: ID(id.New("pol", now)), Slug: strings.TrimSpace(n.Slug), Months: n.Months, Newest: 1, Open: 1, Version: 1, Created: now, CreatedBy: scope.Actor(), Updated: now}
	if p.Slug == "" {
		p.Slug = Slug(v.Title)
	}
	if p.Months == 0 {
		p.Months = Rhythm
	}
	if p.Owner, err = s.owner(ctx, scope, n.Owner); err != nil {
		return Policy{}, err
	}
	if err := checkRecord(p); err != nil {
		return Policy{}, err
	}
	p.settle(Draft)
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		added, err := s.Store.Add(ctx, scope, p, v)
		if errs.Is(err, errs.Conflict) {
			return errs.New(errs.Conflict, "there is a policy with the short name %s already", p.Slug).At("slug").WithHint("Choose another, or change that policy.")
		}
		if err != nil {
			return err
		}
		p.Ref = added.Ref
		return s.record(ctx, scope, now, p, Created, "policy.created", 1, v.Note, map[string]any{"slug": p.Slug, "title": v.Title, "owner": string(p.Owner), "months": p.Months})
	})
	p.Shown = v
	return p, err
}

// Slug makes a short name from a title.
func Slug(title string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(title) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9' && b.Len() > 0:
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	s := b.String()
	if len(s) > maxSlug {
		s = s[:maxSlug]
	}
	if s = strings.Trim(s, "-"); s == "" {
		return "policy"
	}
	return s
}

func checkRecord(p Policy) error {
	switch {
	case !slugForm.MatchString(p.Slug) || len(p.Slug) > maxSlug:
		return errs.New(errs.Invalid, "%q is no short name", p.Slug).At("slug").WithHint("Small letters, figures and single hyphens, beginning with a letter, at most %d: access-control.", maxSlug)
	case p.Months < MinMonths || p.Months > MaxMonths:
		return errs.New(errs.Invalid, "a policy is reviewed every %d to %d months", MinMonths, MaxMonths).At("months")
	}
	return nil
}

// first is a version with the text that its first author wrote.
func (s *Service) first(ctx context.Context, scope access.Scope, now time.Time, n int, t Text, note string) (Version, error) {
	t, err := s.clean(ctx, scope.ReadScope, t)
	if err != nil {
		return Version{}, err
	}
	note = text.Prose(note)
	if err := text.Bounds("note", "the note", note, 0, MaxWhy); err != nil {
		return Version{}, err
	}
	return Version{N: n, Text: t, State: Draft, Edit: 1, Authors: []string{scope.Actor()}, Note: note, Began: now, Saved: now, SavedBy: scope.Actor()}, nil
}

// clean brings a text into the form in which it is kept and holds it to its bounds.
func (s *Service) clean(ctx context.Context, scope access.ReadScope, t Text) (Text, error) {
	t = Text{Title: text.Line(t.Title), Summary: text.Line(t.Summary), Body: text.Prose(t.Body), Controls: refs(t.Controls), Criteria: refs(t.Criteria), Audience: lines(t.Audience)}
	for _, b := range []struct {
		at, what, s string
		least, most int
	}{{"title", "the title", t.Title, minTitle, MaxTitle}, {"summary", "the summary", t.Summary, 0, MaxSummary}, {"body", "the text", t.Body, 1, MaxBody}} {
		if err := text.Bounds(b.at, b.what, b.s, b.least, b.most); err != nil {
			return t, err
		}
	}
	for _, x := range []struct {
		at   string
		list []string
	}{{"controls", t.Controls}, {"criteria", t.Criteria}, {"audience", t.Audience}} {
		if len(x.list) > maxLinks {
			return t, errs.New(errs.Invalid, "%d %s are too many for one policy; at most %d", len(x.list), x.at, maxLinks).At(x.at)
		}
	}
	for _, a := range t.Audience {
		if err := text.Bounds("audience", "a department", a, 1, 100); err != nil {
			return t, err
		}
	}
	for _, c := range t.Criteria {
		if !s.Catalog.Knows(catalog.TSC, c) {
			return t, errs.New(errs.Invalid, "there is no criterion %q", c).At("criteria").WithHint("Name criteria such as CC5.3, separated by spaces.")
		}
	}
	slices.SortFunc(t.Criteria, s.Catalog.CompareCriteria)
	slices.Sort(t.Controls)
	return t, s.known(ctx, scope, t.Controls)
}

// known holds references of controls to those of the library and the organisation.
func (s *Service) known(ctx context.Context, scope access.ReadScope, controls []string) error {
	var own []string
	for _, c := range controls {
		if _, err := s.Catalog.Control(c); err == nil {
			continue
		}
		if own == nil && s.Controls != nil {
			var err error
			if own, err = s.Controls.Refs(ctx, scope); err != nil {
				return err
			}
		}
		if !slices.Contains(own, c) {
			return errs.New(errs.Invalid, "there is no control %q", c).At("controls").WithHint("Name controls such as GOV-04, separated by spaces.")
		}
	}
	return nil
}

// refs are identifiers in capitals, each once.
func refs(list []string) []string {
	out := []string{}
	for _, s := range list {
		if s = strings.ToUpper(text.Line(s)); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func lines(list []string) []string {
	out := []string{}
	for _, s := range list {
		if s = text.Line(s); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// owner finds a member who may own a policy: everybody inside whose account is not blocked.
func (s *Service) owner(ctx context.Context, scope access.Scope, who string) (access.UserID, error) {
	if who = strings.TrimSpace(who); who == "" {
		return scope.User(), nil
	}
	m, err := s.People.Member(ctx, scope.ReadScope, who)
	if errs.Is(err, errs.NotFound) {
		return "", errs.New(errs.Invalid, "nobody here has the identifier or email %q", clip(who)).At("owner").WithHint("Choose somebody who has an account.")
	}
	if err != nil {
		return "", err
	}
	if m.Disabled || !m.Role.May(access.SignDuties) {
		return "", errs.New(errs.Invalid, "%s cannot own a policy: the account is blocked or only reads", m.Email).At("owner")
	}
	return m.ID, nil
}

func clip(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return s
}

// record adds the event and the ledger entry of an act.
func (s *Service) record(ctx context.Context, scope access.Scope, now time.Time, p Policy, kind EventKind, entry string, version int, words string, more map[string]any) error {
	if kind != "" {
		if err := s.Store.Note(ctx, scope, p.ID, Event{At: now, Actor: scope.Actor(), Kind: kind, Version: version, Text: words}); err != nil {
			return err
		}
	}
	says := map[string]any{"ref": p.Ref, "version": version}
	for k, v := range more {
		says[k] = v
	}
	_, err := s.Ledger.Append(ctx, scope, now, entry, string(p.ID), says)
	return err
}

// drafts reports whether somebody sees what is not approved: those who work on the programme, and auditors.
func drafts(s access.ReadScope) bool { return s.Can(access.ReadEvidence) || s.Can(access.EditPolicies) }

// Policy reads a policy by identifier, reference or slug. Readers who only follow policies see those in force.
func (s *Service) Policy(ctx context.Context, scope access.ReadScope, which string) (Policy, error) {
	if err := scope.Require(access.ReadPolicies); err != nil {
		return Policy{}, err
	}
	p, err := s.Store.Policy(ctx, scope, which)
	if err != nil || drafts(scope) {
		return p, err
	}
	if p.InForce == 0 {
		return Policy{}, missing(which)
	}
	return p.published(), nil
}

// published is a policy as those see it who only follow what is in force.
func (p Policy) published() Policy {
	p.Open, p.OpenState, p.Newest = 0, "", p.InForce
	return p
}

func missing(which string) error {
	return errs.New(errs.NotFound, "no policy %s", clip(which)).WithHint("Look at the list of policies.")
}

// List lists policies without bodies. Sort names: ref, title, standing, due, approved, version, updated.
func (s *Service) List(ctx context.Context, scope access.ReadScope, f Filter, q paging.Query) (paging.Result[Policy], error) {
	if err := scope.Require(access.ReadPolicies); err != nil {
		return paging.Result[Policy]{}, err
	}
	if drafts(scope) {
		return s.Store.Policies(ctx, scope, f, q)
	}
	if f.Waiting {
		return paging.Result[Policy]{Query: q}, nil
	}
	f.Published = true
	res, err := s.Store.Policies(ctx, scope, f, q)
	for i := range res.Rows {
		res.Rows[i] = res.Rows[i].published()
	}
	return res, err
}

// Counts counts the policies that the reader may see by standing, and those that wait or are overdue.
func (s *Service) Counts(ctx context.Context, scope access.ReadScope, today period.Date) (map[string]int, error) {
	if err := scope.Require(access.ReadPolicies); err != nil {
		return nil, err
	}
	n, err := s.Store.Counts(ctx, scope, today)
	if err == nil && !drafts(scope) {
		n = map[string]int{string(StandsInForce): n[string(StandsInForce)], "overdue": n["overdue"]}
	}
	return n, err
}

// Texts reads every policy with the text it shows.
func (s *Service) Texts(ctx context.Context, scope access.ReadScope) ([]Policy, error) {
	if err := scope.Require(access.ReadPolicies); err != nil {
		return nil, err
	}
	all, err := s.Store.Texts(ctx, scope)
	if !drafts(scope) {
		all = slices.DeleteFunc(all, func(p Policy) bool { return p.InForce == 0 })
	}
	return all, err
}

// Versions lists the versions of a policy that the reader may see, newest first.
func (s *Service) Versions(ctx context.Context, scope access.ReadScope, p Policy) ([]Version, error) {
	if err := scope.Require(access.ReadPolicies); err != nil {
		return nil, err
	}
	all, err := s.Store.Versions(ctx, scope, p.ID)
	if !drafts(scope) {
		all = slices.DeleteFunc(all, func(v Version) bool { return v.Decided == nil })
	}
	return all, err
}

// VersionOf reads one version; 0 means the one that is shown.
func (s *Service) VersionOf(ctx context.Context, scope access.ReadScope, p Policy, n int) (Version, error) {
	if n == 0 {
		n = p.Shown.N
	}
	all, err := s.Versions(ctx, scope, p)
	if err != nil {
		return Version{}, err
	}
	for _, v := range all {
		if v.N == n {
			return v, nil
		}
	}
	return Version{}, errs.New(errs.NotFound, "%s has no version %s", p.Ref, strconv.Itoa(n))
}

// Published reads a version that is or was in force.
func (s *Service) Published(ctx context.Context, scope access.ReadScope, p Policy, n int) (Version, error) {
	v, err := s.VersionOf(ctx, scope, p, n)
	if err == nil && v.Decided == nil {
		return v, errs.New(errs.NotFound, "version %d of %s was never approved", n, p.Ref)
	}
	return v, err
}

// Asked reads a version that is, or was, in force for somebody who was asked to read it, also when nothing of the policy is in
// force any more: they must be told why it counts no longer.
func (s *Service) Asked(ctx context.Context, scope access.ReadScope, which string, n int) (Policy, Version, error) {
	if err := scope.Require(access.ReadPolicies); err != nil {
		return Policy{}, Version{}, err
	}
	p, err := s.Store.Policy(ctx, scope, which)
	if err != nil {
		return Policy{}, Version{}, err
	}
	v, err := s.Published(ctx, scope, p, n)
	if !drafts(scope) {
		p = p.published()
	}
	return p, v, err
}

// History lists what happened to a policy, oldest first: to those who only follow policies, what concerns texts in force.
func (s *Service) History(ctx context.Context, scope access.ReadScope, p Policy) ([]Event, error) {
	if err := scope.Require(access.ReadPolicies); err != nil {
		return nil, err
	}
	all, err := s.Store.History(ctx, scope, p.ID)
	if !drafts(scope) {
		all = slices.DeleteFunc(all, func(e Event) bool { return slices.Contains(ofDrafts, e.Kind) })
	}
	return all, err
}

// ofDrafts are the events about what is not in force yet.
var ofDrafts = []EventKind{Created, Began, Sent, Returned, Dropped}
