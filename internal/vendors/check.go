package vendors

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Bounds of what people write, in characters, and of lists.
const (
	MaxName         = 120
	MaxServices     = 2000
	MaxLine         = 300
	MaxText         = 4000
	MaxNote         = 1000
	MaxApplications = 30
	maxList         = 60
	minWhy          = 10
	minText         = 10
	farPast         = 60 * 366
	farFuture       = 30 * 366
	maxDays         = 3660
)

// details cleans and checks what people write about a vendor. was is what stood there before: an owner who has left since may
// stay until somebody takes over.
func (s *Service) details(ctx context.Context, scope access.ReadScope, now time.Time, d, was Details) (Details, error) {
	d.Name, d.Services, d.Location, d.TierWhy = text.Line(d.Name), text.Prose(d.Services), text.Line(d.Location), text.Prose(d.TierWhy)
	d.Data, d.Applications = ordered(d.Data), lines(d.Applications)
	d.Applications = slices.DeleteFunc(d.Applications, func(a string) bool { return fold(a) == fold(d.Name) }) // it answers for its own name anyway
	if d.Criticality == "" {
		d.Criticality = LowLevel
	}
	if err := d.bounds(); err != nil {
		return d, err
	}
	if err := day("started", "the day of first use", d.Started, now, true); err != nil {
		return d, err
	}
	if d.Owner == was.Owner {
		return d, nil
	}
	owner, err := s.owner(ctx, scope, string(d.Owner))
	d.Owner = owner
	return d, err
}

func (d Details) bounds() error {
	for _, x := range []struct {
		at, what, s string
		least, most int
	}{
		{"name", "the name", d.Name, 2, MaxName}, {"services", "the description of the services", d.Services, 0, MaxServices}, {"location", "the location", d.Location, 0, MaxLine},
		{"tier_why", "the reason", d.TierWhy, 0, MaxNote},
	} {
		if err := text.Bounds(x.at, x.what, x.s, x.least, x.most); err != nil {
			return err
		}
	}
	for _, x := range d.Data {
		if !known(DataClasses(), x) {
			return errs.New(errs.Invalid, "there is no class of data %q", x).At("data").WithHint("Classes are internal, confidential and personal.")
		}
	}
	if !known(Levels(), d.Criticality) {
		return errs.New(errs.Invalid, "criticality is low, medium or high, not %q", d.Criticality).At("criticality")
	}
	if d.TierSet != "" {
		if !known(Tiers(), d.TierSet) {
			return errs.New(errs.Invalid, "there is no tier %q", d.TierSet).At("tier_set")
		}
		if d.TierSet != TierOf(d.Data, d.Criticality) {
			if err := text.Bounds("tier_why", "the reason for another tier than the rule's", d.TierWhy, minWhy, MaxNote); err != nil {
				return err
			}
		}
	}
	if len(d.Applications) > MaxApplications {
		return errs.New(errs.Invalid, "%d applications; at most %d are kept", len(d.Applications), MaxApplications).At("applications")
	}
	for _, a := range d.Applications {
		if err := text.Bounds("applications", "the name of an application", a, 1, MaxName); err != nil {
			return err
		}
	}
	return nil
}

// applicationsFree makes sure that an application belongs to one vendor.
func (s *Service) applicationsFree(ctx context.Context, scope access.ReadScope, self ID, names []string) error {
	for _, n := range names {
		res, err := s.Store.Vendors(ctx, scope, Filter{Application: fold(n)}, paging.Query{Size: 2})
		if err != nil {
			return err
		}
		for _, v := range res.Rows {
			if v.ID != self {
				return errs.New(errs.Invalid, "the application %q belongs to %s %s already", n, v.Ref, v.Name).At("applications")
			}
		}
	}
	return nil
}

// owner finds who answers for a vendor: a member who can write here.
func (s *Service) owner(ctx context.Context, scope access.ReadScope, who string) (access.UserID, error) {
	if who = strings.TrimSpace(who); who == "" {
		return "", nil
	}
	m, err := s.People.Member(ctx, scope, who)
	if errs.Is(err, errs.NotFound) {
		return "", errs.New(errs.Invalid, "nobody here has the identifier or email %q", who).At("owner")
	}
	if err != nil {
		return "", err
	}
	if m.Disabled || !m.Role.May(access.WorkTasks) {
		return "", errs.New(errs.Invalid, "%s cannot own a vendor: the account is blocked or only reads", m.Email).At("owner")
	}
	return m.ID, nil
}

func (s *Service) contract(ctx context.Context, scope access.ReadScope, now time.Time, c Contract) (Contract, error) {
	switch {
	case c.DeletionDays < 0 || c.DeletionDays > maxDays:
		return c, errs.New(errs.Invalid, "give between 0 and %d days", maxDays).At("deletion_days")
	case c.Until != 0 && c.Until < c.Signed:
		return c, errs.New(errs.Invalid, "it ends before it was signed").At("until")
	case c.Until > period.Of(now)+farFuture:
		return c, errs.New(errs.Invalid, "%s is more than thirty years ahead", c.Until).At("until")
	case c.Signed == 0 && (c.Clauses != Clauses{} || c.Until != 0):
		return c, errs.New(errs.Invalid, "say when it was signed").At("signed").WithHint("What a contract says counts once it is signed.")
	}
	if err := day("signed", "the day of signature", c.Signed, now, false); err != nil {
		return c, err
	}
	if err := day("dpa", "the day of the agreement", c.DPA, now, false); err != nil {
		return c, err
	}
	var err error
	c.Evidence, err = s.paper(ctx, scope, c.Evidence)
	return c, err
}

func (s *Service) exit(ctx context.Context, scope access.ReadScope, now time.Time, started period.Date, e Exit) (Exit, error) {
	e.Note = text.Prose(e.Note)
	switch {
	case e.Ended == nil:
		return e, errs.New(errs.Invalid, "say when its use ended").At("ended")
	case e.Ended.After(now):
		return e, errs.New(errs.Invalid, "that is in the future").At("ended").WithHint("Record the end once it has come.")
	case period.Of(*e.Ended) < started || e.Ended.Year() < 1980:
		return e, errs.New(errs.Invalid, "it was used from %s on", started).At("ended")
	case e.AccessRemoved != nil && e.AccessRemoved.After(now):
		return e, errs.New(errs.Invalid, "that is in the future").At("access_removed")
	case e.AccessRemoved != nil && e.AccessRemoved.Year() < 1980:
		return e, errs.New(errs.Invalid, "give a day such as 2026-03-31").At("access_removed")
	case e.NoData && e.Deletion != 0:
		return e, errs.New(errs.Invalid, "either it held nothing of ours, or it was deleted").At("deletion")
	}
	if err := day("deletion", "the day of the proof", e.Deletion, now, false); err != nil {
		return e, err
	}
	if err := text.Bounds("note", "the note", e.Note, 0, MaxNote); err != nil {
		return e, err
	}
	if e.NoData {
		if err := text.Bounds("note", "the note on why there is nothing to delete", e.Note, minWhy, MaxNote); err != nil {
			return e, err
		}
	}
	var err error
	e.Evidence, err = s.paper(ctx, scope, e.Evidence)
	return e, err
}

// paper finds a piece of evidence by its reference.
func (s *Service) paper(ctx context.Context, scope access.ReadScope, ref string) (string, error) {
	if ref = strings.ToUpper(text.Line(ref)); ref == "" {
		return "", nil
	}
	it, err := s.Papers.Item(ctx, scope, ref)
	if errs.Is(err, errs.NotFound) {
		return "", errs.New(errs.Invalid, "there is no evidence %q", ref).At("evidence").WithHint("References look like EV-2026-00142. Add the document under Evidence first.")
	}
	return it.Ref, err
}

// controls finds own controls by their references.
func (s *Service) controls(ctx context.Context, scope access.ReadScope, refs []string) ([]string, error) {
	refs = names(refs)
	if len(refs) > maxList {
		return nil, errs.New(errs.Invalid, "%d controls; at most %d are kept", len(refs), maxList).At("controls")
	}
	for _, ref := range refs {
		_, err := s.Controls.Control(ctx, scope, ref)
		if errs.Is(err, errs.NotFound) {
			return nil, errs.New(errs.Invalid, "there is no control %q", ref).At("controls").WithHint("Name controls such as IAM-04, separated by commas.")
		}
		if err != nil {
			return nil, err
		}
	}
	return refs, nil
}

func (s *Service) criteria(ids []string) ([]string, error) {
	ids = names(ids)
	if len(ids) > maxList {
		return nil, errs.New(errs.Invalid, "%d criteria; at most %d are kept", len(ids), maxList).At("criteria")
	}
	for _, c := range ids {
		if !s.Catalog.Knows(catalog.TSC, c) && !s.Catalog.Knows(catalog.SOC1, c) {
			return nil, errs.New(errs.Invalid, "there is no criterion %q", c).At("criteria").WithHint("Name criteria such as CC6.1, separated by commas.")
		}
	}
	return ids, nil
}

// day checks a day that people give; 0 is none.
func day(at, what string, d period.Date, now time.Time, future bool) error {
	today := period.Of(now)
	switch {
	case d == 0:
		return nil
	case d < today-farPast || d < 0:
		return errs.New(errs.Invalid, "%s, %s, is more than sixty years ago", what, d).At(at)
	case !future && d > today:
		return errs.New(errs.Invalid, "%s, %s, is in the future", what, d).At(at)
	case d > today+farFuture:
		return errs.New(errs.Invalid, "%s, %s, is more than thirty years ahead", what, d).At(at)
	}
	return nil
}

func reason(s string) (string, error) {
	s = text.Prose(s)
	return s, text.Bounds("why", "the reason", s, minWhy, MaxNote)
}

// answers checks the replies to a checklist: one to each question, and a word to each that is not plainly yes.
func answers(given []Answer, asked []Question) ([]Answer, error) {
	out := make([]Answer, 0, len(asked))
	for _, q := range asked {
		i := slices.IndexFunc(given, func(a Answer) bool { return a.Question == q.Key })
		at := "q_" + q.Key
		if i < 0 || given[i].Reply == "" {
			return nil, errs.New(errs.Invalid, "answer this question").At(at)
		}
		a := Answer{q.Key, given[i].Reply, text.Prose(given[i].Note)}
		if !known(Replies(), a.Reply) {
			return nil, errs.New(errs.Invalid, "%q is no answer", a.Reply).At(at)
		}
		least := 0
		if a.Reply == No || a.Reply == Partly {
			least = minWhy
		}
		if err := text.Bounds("n_"+q.Key, "the note on what is missing", a.Note, least, MaxNote); err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

func findings(given []Finding) ([]Finding, error) {
	out := []Finding{}
	for _, f := range given {
		f.Text = text.Prose(f.Text)
		if f.Text == "" {
			continue
		}
		if f.Severity == "" {
			f.Severity = MediumLevel
		}
		if !known(Levels(), f.Severity) {
			return nil, errs.New(errs.Invalid, "a finding is low, medium or high, not %q", f.Severity).At("findings")
		}
		if err := text.Bounds("findings", "a finding", f.Text, minText, MaxNote); err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	if len(out) > 20 {
		return nil, errs.New(errs.Invalid, "%d findings at once; at most 20 are kept", len(out)).At("findings")
	}
	return out, nil
}

// lines cleans a list of names: each once, empty ones left out.
func lines(in []string) []string {
	out, seen := []string{}, map[string]bool{}
	for _, s := range in {
		if s = text.Line(s); s != "" && !seen[fold(s)] {
			seen[fold(s)] = true
			out = append(out, s)
		}
	}
	return out
}

// names cleans a list of references.
func names(in []string) []string {
	out := lines(in)
	for i := range out {
		out[i] = strings.ToUpper(out[i])
	}
	return out
}

func ordered(in []Data) []Data {
	out := []Data{}
	for _, d := range DataClasses() {
		if known(in, d) {
			out = append(out, d)
		}
	}
	for _, d := range in {
		if !known(DataClasses(), d) {
			out = append(out, d) // bounds says what is wrong with it
		}
	}
	return out
}

// Fold is a name as it is compared: small letters, single spaces.
func Fold(s string) string { return fold(s) }

func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

func dateText(d period.Date) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func timeText(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func known[T comparable](list []T, x T) bool { return slices.Contains(list, x) }
