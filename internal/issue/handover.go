package issue

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/fieldwork"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// StaleWords is the cause of a Conflict when somebody else of the firm wrote meanwhile.
type StaleWords struct{ Theirs Words }

// Error names the version.
func (s *StaleWords) Error() string {
	return fmt.Sprintf("section I is at version %d", s.Theirs.Version)
}

// WordsOf are the newest words for section I, for the firm.
func (s *Service) WordsOf(ctx context.Context, a access.AuditScope) (Words, error) {
	if err := a.Firm.Require(access.ReadAudits); err != nil {
		return Words{}, err
	}
	return s.Store.Words(ctx, a.Firm.ReadScope, a.Engagement)
}

// Write keeps a version of the auditor's words for section I.
func (s *Service) Write(ctx context.Context, a access.AuditScope, now time.Time, base int, w Words) (Words, error) {
	if err := a.Firm.Require(access.SignOpinion); err != nil {
		return w, err
	}
	if err := w.clean(); err != nil {
		return w, err
	}
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		was, err := s.Store.Words(ctx, a.Firm.ReadScope, a.Engagement)
		if err != nil {
			return err
		}
		if was.Version != base {
			return errs.Changed("section I", &StaleWords{was})
		}
		w.Version, w.At, w.By = base+1, now, a.Firm.Actor()
		if err := s.Store.AddWords(ctx, a.Firm, a.Engagement, w); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, a.Firm, now, "opinion.worded", a.Engagement, map[string]any{"engagement": a.Engagement, "version": w.Version})
		return err
	})
	return w, err
}

// maxReaders is how many kinds of readers section I may name.
const maxReaders = 20

func (w *Words) clean() error {
	w.Addressee, w.City = text.Line(w.Addressee), text.Line(w.City)
	for _, err := range []error{text.Bounds("addressee", "the addressee", w.Addressee, 0, MaxLine), text.Bounds("city", "the city", w.City, 0, MaxLine)} {
		if err != nil {
			return err
		}
	}
	var kept []engagement.Named
	for i, p := range w.Paragraphs {
		p.Name, p.Text = text.Line(p.Name), text.Prose(p.Text)
		if err := text.Bounds(fmt.Sprintf("p%d", i), "the part", p.Text, 0, MaxText); err != nil {
			return err
		}
		if p.Text != "" {
			kept = append(kept, p)
		}
	}
	w.Paragraphs = kept
	said := map[string]string{}
	for m, t := range w.Opinions {
		if t = text.Prose(t); t != "" {
			said[m] = t
		}
		if err := text.Bounds("o-"+m, "the opinion", t, 0, MaxText); err != nil {
			return err
		}
	}
	w.Opinions = said
	var readers []string
	for _, r := range w.Readers {
		if r = text.Line(r); r == "" {
			continue
		}
		if err := text.Bounds("readers", "a line", r, 1, MaxLine); err != nil {
			return err
		}
		readers = append(readers, r)
	}
	if w.Readers = readers; len(readers) > maxReaders {
		return errs.New(errs.Invalid, "at most %d lines are kept", maxReaders).At("readers")
	}
	return nil
}

// New is what handing over asks for.
type New struct {
	Report bool        // section I too, with the opinion: the partner alone
	Date   period.Date // of the auditor's report; with Report
}

// HandOver gives the client what the report needs of the firm's work: the tests that two people signed, the findings with
// management's responses, the working view of the criteria, and, when the partner says so, section I with the opinion. Both trails
// are told. What nobody reviewed yet stays with the firm.
func (s *Service) HandOver(ctx context.Context, a access.AuditScope, now time.Time, n New) (HandOver, error) {
	right := access.ReviewWork
	if n.Report {
		right = access.SignOpinion
	}
	e, shared, err := s.auditor(ctx, a, right)
	if err != nil {
		return HandOver{}, err
	}
	if err := over(e); err != nil {
		return HandOver{}, err
	}
	h := HandOver{ID: id.New("hov", now), Engagement: e.ID, At: now, By: a.Firm.Actor()}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		all, err := s.Store.HandOvers(ctx, shared.ReadScope, e.ID)
		if err != nil {
			return err
		}
		if h.Body, err = s.body(ctx, a, now, e, n); err != nil {
			return err
		}
		h.Number = 1
		if len(all) > 0 {
			h.Number = all[0].Number + 1
		}
		h.Body.Number = h.Number
		raw, err := canon.JSON(h.Body)
		if err != nil {
			return err
		}
		h.SHA256 = canon.Sum(raw)
		says := map[string]any{"ref": e.Ref, "number": h.Number, "sha256": h.SHA256, "tests": len(h.Body.Work), "deviations": h.Body.Deviations(), "left": h.Body.Left, "untested": h.Body.Bare, "report": n.Report}
		if h.Seq, err = s.Ledger.Append(ctx, shared, now, "handover.made", string(e.ID), says); err != nil {
			return err
		}
		if _, err = s.Ledger.Append(ctx, a.Firm, now, "handover.made", string(e.ID), says); err != nil {
			return err
		}
		if err = s.Store.AddHandOver(ctx, shared, h); err != nil {
			return err
		}
		// From now on whoever has the client's bundle draws the samples again.
		_, err = s.Work.ShareDraws(ctx, a, now)
		return err
	})
	return h, err
}

func (s *Service) body(ctx context.Context, a access.AuditScope, now time.Time, e engagement.Engagement, n New) (Body, error) {
	ready, err := s.Work.Ready(ctx, a)
	if err != nil {
		return Body{}, err
	}
	b := Body{V: 1, Engagement: string(e.ID), Firm: a.Invitation.FirmName, Work: ready.Work, Standings: []Standing{}, Left: len(ready.Left), Bare: len(ready.Bare), Reviewed: ready.Reviewed}
	if b.Firm == "" {
		b.Firm = e.Firm
	}
	if tested(e) && len(b.Work) == 0 {
		return b, errs.New(errs.Conflict, "no test is concluded and reviewed yet").WithHint("A workpaper is handed over once a second person reviewed it.")
	}
	for _, x := range ready.Standings {
		y := Standing{ID: x.ID, Title: x.Title, Status: string(x.Status), Why: x.Why}
		b.Standings = append(b.Standings, y)
	}
	if n.Report {
		b.Auditor, err = s.sectionI(ctx, a, now, e, n.Date, b)
	}
	return b, err
}

// tested reports whether the report of an engagement rests on tests of its own.
func tested(e engagement.Engagement) bool { return e.Type == 2 && e.Report != engagement.SOC3 }

// sectionI is what the auditor entered: kinds and bases by matter, and the words. Whatever is missing is named.
func (s *Service) sectionI(ctx context.Context, a access.AuditScope, now time.Time, e engagement.Engagement, date period.Date, b Body) (*engagement.AuditorReport, error) {
	kinds, err := s.Work.Opinions(ctx, a)
	if err != nil {
		return nil, err
	}
	w, err := s.Store.Words(ctx, a.Firm.ReadScope, a.Engagement)
	if err != nil {
		return nil, err
	}
	if lacks := w.lacks(e, kinds); len(lacks) > 0 {
		return nil, errs.New(errs.Conflict, "section I still lacks: %s", strings.Join(lacks, "; "))
	}
	if date == 0 {
		return nil, errs.New(errs.Invalid, "say of which day the report is").At("date")
	}
	if date > period.Of(now) {
		return nil, errs.New(errs.Invalid, "a report of %s would be dated in the future", date).At("date")
	}
	if err := engagement.ReportDate(e, date, b.Reviewed, 0); err != nil {
		return nil, err
	}
	out := &engagement.AuditorReport{Addressee: w.Addressee, Paragraphs: w.Paragraphs, Readers: w.Readers, Firm: b.Firm, City: w.City, Date: date, By: a.Invitation.Name, At: now.UTC().Truncate(time.Microsecond)}
	if out.By == "" {
		out.By = a.Firm.Actor()
	}
	for _, m := range Matters(e) {
		out.Opinions = append(out.Opinions, engagement.Opinion{Matter: m, Kind: kinds[m].Kind, Text: w.Opinions[m], Basis: kinds[m].Basis})
	}
	return out, nil
}

// lacks names what section I still needs.
func (w Words) lacks(e engagement.Engagement, kinds map[string]fieldwork.Opinion) []string {
	var out []string
	for _, m := range Matters(e) {
		if kinds[m].Kind == "" {
			out = append(out, "the opinion on the "+m)
		}
		if w.Opinions[m] == "" {
			out = append(out, "its words on the "+m)
		}
	}
	if w.Addressee == "" {
		out = append(out, "the addressee")
	}
	if w.City == "" {
		out = append(out, "the city")
	}
	for _, h := range Headings(e) {
		if w.Paragraph(h) == "" {
			out = append(out, strings.ToLower(h[:1])+h[1:])
		}
	}
	if len(w.Readers) == 0 && e.Report != engagement.SOC3 {
		out = append(out, "to whom its use is restricted")
	}
	return out
}

// Lacks names what section I still needs before the partner can hand it over.
func (s *Service) Lacks(ctx context.Context, a access.AuditScope) ([]string, error) {
	if err := a.Firm.Require(access.ReadAudits); err != nil {
		return nil, err
	}
	e, err := s.Engagements.Store.Engagement(ctx, a.Client, a.Engagement)
	if err != nil {
		return nil, err
	}
	w, err := s.Store.Words(ctx, a.Firm.ReadScope, a.Engagement)
	if err != nil {
		return nil, err
	}
	kinds, err := s.Work.Opinions(ctx, a)
	return w.lacks(e, kinds), err
}

// HandOvers lists what the firm handed over, the newest first, for either side.
func (s *Service) HandOvers(ctx context.Context, scope access.ReadScope, e engagement.ID) ([]HandOver, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return nil, err
	}
	return s.Store.HandOvers(ctx, scope, e)
}

// Newest is what a dossier takes: the newest hand-over, nothing when there is none. After tests were handed over again the partner hands
// section I over again, too: an opinion is never printed over tests that it was not given on.
func (s *Service) Newest(ctx context.Context, scope access.ReadScope, e engagement.ID) (*engagement.HandedOver, error) {
	all, err := s.HandOvers(ctx, scope, e)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	h := all[0]
	return &engagement.HandedOver{Number: h.Number, SHA256: h.SHA256, Seq: h.Seq, Work: h.Body.Work, Auditor: h.Body.Auditor}, nil
}

// TestsGate tells whether every test was concluded, reviewed and handed over.
func (s *Service) TestsGate(ctx context.Context, scope access.ReadScope, _ time.Time, e engagement.Engagement) (bool, string, error) {
	all, err := s.Store.HandOvers(ctx, scope, e.ID)
	if err != nil {
		return false, "", err
	}
	if len(all) == 0 {
		if tested(e) {
			return false, "The auditor handed nothing over yet", nil
		}
		return true, "This report rests on no test of operation of its own", nil
	}
	h := all[0]
	says := fmt.Sprintf("Hand-over %d of %s: %d tests, concluded and reviewed", h.Number, period.Of(h.At), len(h.Body.Work))
	if h.Body.Left+h.Body.Bare > 0 {
		return false, fmt.Sprintf("%s; %d more are not reviewed yet, %d controls in scope have no test", says, h.Body.Left, h.Body.Bare), nil
	}
	return true, says, nil
}

// Respond keeps management's answer to the deviations that a test of its own found. It is printed, marked as not audited.
func (s *Service) Respond(ctx context.Context, scope access.Scope, now time.Time, idOrRef string, base int, r engagement.Response) (Response, error) {
	out := Response{Response: r, Version: base + 1, At: now, By: scope.Actor()}
	e, err := s.open(ctx, scope.ReadScope, access.AnswerRequests, idOrRef)
	if err != nil {
		return out, err
	}
	out.Test = text.Line(out.Test)
	for _, x := range []struct {
		to       *string
		at, what string
		least    int
	}{{&out.Cause, "cause", "the cause", minWhy}, {&out.Effect, "effect", "the effect", 0}, {&out.Action, "action", "what is done", minWhy}} {
		*x.to = text.Prose(*x.to)
		if err := text.Bounds(x.at, x.what, *x.to, x.least, 2000); err != nil {
			return out, err
		}
	}
	if e.Status.Reached(engagement.Issued) || e.Status == engagement.Cancelled {
		return out, errs.New(errs.Conflict, "%s is %s: its report does not change any more", e.Ref, strings.ToLower(e.Status.Title()))
	}
	err = s.Tx.InTx(ctx, func(ctx context.Context) error {
		all, err := s.Store.Responses(ctx, scope.ReadScope, e.ID)
		if err != nil {
			return err
		}
		now := Response{}
		if i := slices.IndexFunc(all, func(x Response) bool { return x.Test == out.Test }); i >= 0 {
			now = all[i]
		}
		if now.Version != base {
			return errs.Changed("the response to "+out.Test, &StaleResponse{now})
		}
		if err := s.Store.AddResponse(ctx, scope, e.ID, out); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, out.At, "response.given", string(e.ID), map[string]any{"ref": e.Ref, "test": out.Test, "version": out.Version, "cause": out.Cause, "action": out.Action})
		return err
	})
	return out, err
}

// StaleResponse is the cause of a Conflict when somebody else answered meanwhile.
type StaleResponse struct{ Theirs Response }

// Error names the version.
func (s *StaleResponse) Error() string {
	return fmt.Sprintf("the response is at version %d", s.Theirs.Version)
}

// ResponsesOf lists management's answers, by test.
func (s *Service) ResponsesOf(ctx context.Context, scope access.ReadScope, e engagement.ID) ([]Response, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return nil, err
	}
	return s.Store.Responses(ctx, scope, e)
}

// Answers are the responses as a dossier takes them.
func (s *Service) Answers(ctx context.Context, scope access.ReadScope, e engagement.ID) ([]engagement.Response, error) {
	all, err := s.ResponsesOf(ctx, scope, e)
	var out []engagement.Response
	for _, r := range all {
		out = append(out, r.Response)
	}
	return out, err
}
