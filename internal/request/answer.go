package request

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
	"github.com/tickmark/tickmark/internal/policy"
)

// maxPieces bounds what answers one request.
const maxPieces = 200

// Give puts pieces into the answer of a request: a key each, "evidence EV-2026-00142". The auditor sees them when the answer is
// handed over. It says how many were new.
func (s *Service) Give(ctx context.Context, scope access.Scope, now time.Time, engagement, ref string, keys []string) (int, error) {
	if err := scope.Require(access.AnswerRequests); err != nil {
		return 0, err
	}
	if len(keys) == 0 {
		return 0, errs.New(errs.Invalid, "no evidence is chosen").At("piece").WithHint("Tick what answers the request, or add a file.")
	}
	added := 0
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		r, err := s.answerable(ctx, scope.ReadScope, engagement, ref)
		if err != nil {
			return err
		}
		have, err := s.Store.Pieces(ctx, scope.ReadScope, r.ID)
		if err != nil {
			return err
		}
		if len(have)+len(keys) > maxPieces {
			return errs.New(errs.Exhausted, "%d pieces; at most %d answer one request", len(have)+len(keys), maxPieces).At("piece")
		}
		var pieces []Piece
		var names []string
		for _, k := range keys {
			p, err := s.piece(ctx, scope.ReadScope, k, r.Period)
			if err != nil {
				return err
			}
			p.Added, p.AddedBy = now, scope.Actor()
			pieces, names = append(pieces, p), append(names, p.Ref)
		}
		if added, err = s.Store.Give(ctx, scope, r.ID, pieces); err != nil || added == 0 {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "request.attached", string(r.ID), map[string]any{"engagement": r.Engagement, "ref": r.Ref, "pieces": names})
		return err
	})
	return added, err
}

// answerable reads a request that waits for the client.
func (s *Service) answerable(ctx context.Context, scope access.ReadScope, engagement, ref string) (Request, error) {
	ex, err := s.running(ctx, scope, engagement)
	if err != nil {
		return Request{}, err
	}
	r, err := s.Store.Request(ctx, scope, ex.ID, ref)
	if err != nil {
		return r, err
	}
	return r, waits(r)
}

func waits(r Request) error {
	switch r.State {
	case Withdrawn:
		return errs.New(errs.Conflict, "%s was withdrawn", r.Ref).WithHint("Nothing is needed for it any more.")
	case Accepted:
		return errs.New(errs.Conflict, "%s is accepted", r.Ref).WithHint("Nothing more is needed. If something has to be corrected, write a comment to the auditor.")
	case Provided:
		return errs.New(errs.Conflict, "%s is answered, and waits for the auditor", r.Ref).WithHint("Take the answer back first to change it.")
	}
	return nil
}

// Take removes a piece from an answer that is not handed over.
func (s *Service) Take(ctx context.Context, scope access.Scope, now time.Time, engagement, ref string, n int) error {
	if err := scope.Require(access.AnswerRequests); err != nil {
		return err
	}
	return s.Tx.InTx(ctx, func(ctx context.Context) error {
		r, err := s.answerable(ctx, scope.ReadScope, engagement, ref)
		if err != nil {
			return err
		}
		if err := s.Store.Take(ctx, scope, r.ID, n); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "request.detached", string(r.ID), map[string]any{"engagement": r.Engagement, "ref": r.Ref, "piece": n})
		return err
	})
}

// Hand gives the answer to the auditor: the pieces that are attached, and words. base is the version the writer saw.
func (s *Service) Hand(ctx context.Context, scope access.Scope, now time.Time, engagement, ref string, base int, words string) (Request, error) {
	if err := scope.Require(access.AnswerRequests); err != nil {
		return Request{}, err
	}
	words = text.Prose(words)
	if err := text.Bounds("answer", "the answer", words, 0, MaxAnswer); err != nil {
		return Request{}, err
	}
	return s.change(ctx, scope, now, engagement, ref, base, "request.provided", func(ctx context.Context, r *Request, _ Examination) ([]Event, error) {
		if err := waits(*r); err != nil {
			return nil, err
		}
		pieces, err := s.Store.Pieces(ctx, scope.ReadScope, r.ID)
		if err != nil {
			return nil, err
		}
		fresh := slices.ContainsFunc(pieces, func(p Piece) bool { return p.Handed == nil })
		switch spoken := len([]rune(words)) >= minWords; {
		case len(pieces) == 0 && !r.Kind.Spoken():
			return nil, errs.New(errs.Invalid, "nothing is attached yet").At("answer").WithHint("Attach what is there already, or add a file. If there is nothing to give, write a comment to the auditor.")
		case len(pieces) == 0 && !spoken:
			return nil, errs.New(errs.Invalid, "say in at least %d characters when and with whom, or attach something", minWords).At("answer")
		case r.State == Rejected && !fresh && !spoken:
			return nil, errs.New(errs.Invalid, "nothing is new since it was rejected").At("answer").WithHint("Attach what is missing, or say in words why it is enough.")
		case r.Kind == Population && !spoken:
			return nil, errs.New(errs.Invalid, "say in at least %d characters how the list was made", minWords).At("answer").
				WithHint("Name the system, the query or report with its parameters, who ran it and when, and the count it gave.")
		}
		var refs []string
		for _, p := range pieces {
			if p.Handed == nil {
				refs = append(refs, p.Ref)
			}
		}
		r.State, r.Answer, r.Provided, r.ProvidedBy, r.Decided, r.DecidedBy = Provided, words, &now, scope.Actor(), nil, ""
		return []Event{{Kind: WasProvided, Was: words, Became: strings.Join(refs, ", ")}}, nil
	})
}

// Recall takes an answer back that the auditor has not decided about.
func (s *Service) Recall(ctx context.Context, scope access.Scope, now time.Time, engagement, ref string, base int) (Request, error) {
	if err := scope.Require(access.AnswerRequests); err != nil {
		return Request{}, err
	}
	return s.change(ctx, scope, now, engagement, ref, base, "request.recalled", func(_ context.Context, r *Request, _ Examination) ([]Event, error) {
		if r.State != Provided {
			return nil, notProvided(*r)
		}
		r.State, r.Provided, r.ProvidedBy = Open, nil, ""
		return []Event{{Kind: WasRecalled}}, nil
	})
}

// Candidate is something that may answer a request.
type Candidate struct {
	Piece
	Why   string // "collected for a test of IAM-02"
	Given []Use  // requests that have it
	Here  bool   // this one has it
}

// candidates offered at once.
const maxOffered = 40

// Candidates finds what is kept already and may answer a request: evidence of its control inside the period, the newest of each
// source first, policies in force, and what tests found. Without a control it is policies and evidence whose names share words with it.
func (s *Service) Candidates(ctx context.Context, scope access.ReadScope, r Request) ([]Candidate, error) {
	if err := scope.Require(access.ReadEvidence); err != nil {
		return nil, err
	}
	ways := []func(context.Context, access.ReadScope, Request) ([]Candidate, error){s.fromPolicies, s.fromTests, s.fromShelf}
	if r.Control == "" {
		ways = ways[:0:0]
		ways = append(ways, s.fromWords)
	}
	var out []Candidate
	for _, find := range ways {
		more, err := find(ctx, scope, r)
		if err != nil {
			return nil, err
		}
		for _, c := range more {
			if !slices.ContainsFunc(out, func(x Candidate) bool { return x.Key() == c.Key() }) {
				out = append(out, c)
			}
		}
	}
	rank := func(c Candidate) int { return slices.Index(fits[r.Kind], c.Kind) }
	slices.SortStableFunc(out, func(a, b Candidate) int { return cmp.Compare(rank(a), rank(b)) })
	if len(out) > maxOffered {
		out = out[:maxOffered]
	}
	return out, s.mark(ctx, scope, r, out)
}

// fits is what answers each kind best, first to last.
var fits = map[Kind][]PieceKind{
	Population: {Evidence, Result, Document}, Sample: {Evidence, Result, Document}, Policy: {Document, Evidence, Result},
	Configuration: {Evidence, Result, Document}, Interview: {Document, Evidence, Result}, Walkthrough: {Document, Evidence, Result},
}

// mark says which requests have a candidate already.
func (s *Service) mark(ctx context.Context, scope access.ReadScope, r Request, all []Candidate) error {
	uses, err := s.Store.Uses(ctx, scope, r.Engagement)
	if err != nil {
		return err
	}
	for i, c := range all {
		for _, u := range uses[c.Key()] {
			if u.Ref == r.Ref {
				all[i].Here = true
			} else if u.State != Withdrawn {
				all[i].Given = append(all[i].Given, u)
			}
		}
	}
	return nil
}

// Given maps each piece to the other requests of the engagement that have it.
func (s *Service) Given(ctx context.Context, scope access.ReadScope, r Request) (map[string][]Use, error) {
	uses, err := s.Store.Uses(ctx, scope, r.Engagement)
	for k, all := range uses {
		uses[k] = slices.DeleteFunc(all, func(u Use) bool {
			return u.Ref == r.Ref || u.State == Withdrawn || !u.Handed && !scope.Can(access.AnswerRequests)
		})
	}
	return uses, err
}

// GivenTo maps each request of an engagement to the references of what answers it, as far as the reader may see it.
func (s *Service) GivenTo(ctx context.Context, scope access.ReadScope, engagement string) (map[string][]string, error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return nil, err
	}
	uses, err := s.Store.Uses(ctx, scope, engagement)
	out := map[string][]string{}
	for _, key := range slices.Sorted(maps.Keys(uses)) {
		_, ref, _ := strings.Cut(key, " ")
		for _, u := range uses[key] {
			if u.Handed || scope.Can(access.AnswerRequests) {
				out[u.Ref] = append(out[u.Ref], ref)
			}
		}
	}
	return out, err
}

func (s *Service) fromPolicies(ctx context.Context, scope access.ReadScope, r Request) ([]Candidate, error) {
	if !scope.Can(access.ReadPolicies) {
		return nil, nil
	}
	res, err := s.Policies.List(ctx, scope, policy.Filter{Control: r.Control, Published: true}, paging.Query{Size: maxOffered})
	var out []Candidate
	for _, p := range res.Rows {
		out = append(out, Candidate{Piece: policyPiece(p.Ref, p.Shown, r.Period), Why: "in force for " + r.Control})
	}
	return out, err
}

func policyPiece(ref string, v policy.Version, asked period.Period) Piece {
	p := Piece{Kind: Document, Ref: ref + " v" + strconv.Itoa(v.N), Title: v.Title, SHA256: v.SHA256}
	if v.Decided != nil {
		p.From = *v.Decided
		if !v.Decided.Before(asked.To.Time()) {
			p.Outside = "came into force on " + v.Decided.UTC().Format("2 Jan 2006") + ", after the period"
		}
	}
	if v.Ended != nil {
		p.To = *v.Ended
		if v.Ended.Before(asked.From.Time()) {
			p.Outside = "was replaced on " + v.Ended.UTC().Format("2 Jan 2006") + ", before the period"
		}
	}
	return p
}

func (s *Service) fromTests(ctx context.Context, scope access.ReadScope, r Request) ([]Candidate, error) {
	all, err := s.Results.Tested(ctx, scope, r.Control, r.Period)
	if err != nil {
		return nil, err
	}
	var out []Candidate
	seen := map[string]bool{}
	for _, t := range all {
		out = append(out, Candidate{Piece: resultPiece(t, r.Period), Why: "test of " + r.Control + " over its whole population"})
		for _, ref := range t.Inputs {
			if seen[ref] || len(out) > 2*maxOffered {
				continue
			}
			seen[ref] = true
			it, err := s.Shelf.Item(ctx, scope, ref)
			if errs.Is(err, errs.NotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			out = append(out, Candidate{Piece: itemPiece(it, r.Period), Why: "read by " + t.Test})
		}
	}
	return out, nil
}

func resultPiece(t Tested, asked period.Period) Piece {
	p := Piece{Kind: Result, Ref: t.Run, Title: t.Title + ": " + t.Words, From: t.AsOf, To: t.AsOf, SHA256: t.SHA256}
	if !t.From.IsZero() {
		p.From, p.To = t.From, t.To
	}
	p.Outside = outside(p.From, p.To, asked)
	return p
}

// fromShelf is what is filed under the control: documents each, snapshots the newest of each source.
func (s *Service) fromShelf(ctx context.Context, scope access.ReadScope, r Request) ([]Candidate, error) {
	res, err := s.Shelf.Items(ctx, scope, evidence.Filter{Control: r.Control, From: r.Period.From.Time(), To: r.Period.To.Time()}, paging.Query{Size: paging.MaxSize, Sort: "received", Desc: true})
	if err != nil {
		return nil, err
	}
	var out []Candidate
	seen := map[string]bool{}
	for _, it := range res.Rows {
		if it.Status != evidence.Active {
			continue
		}
		if it.Kind == evidence.Snapshot {
			if k := it.System + "/" + it.Source + "/" + it.Resource; seen[k] || !it.Completeness.Usable() {
				continue
			} else {
				seen[k] = true
			}
		}
		out = append(out, Candidate{Piece: itemPiece(it, r.Period), Why: "filed under " + r.Control})
	}
	return out, nil
}

func itemPiece(it evidence.Item, asked period.Period) Piece {
	title := it.Title
	if it.Kind == evidence.Snapshot {
		title = fmt.Sprintf("%s from %s, %d rows", strings.ReplaceAll(it.Resource, "_", " "), it.Source, it.Rows)
	}
	return Piece{Kind: Evidence, Ref: it.Ref, Title: title, From: it.From, To: it.To, SHA256: it.SHA256, Outside: outside(it.From, it.To, asked)}
}

// outside says why what is about [from, to) lies outside a period; empty when a part of it lies inside.
func outside(from, to time.Time, asked period.Period) string {
	switch {
	case from.IsZero():
		return ""
	case !from.Before(asked.To.Time()):
		return "speaks about " + from.UTC().Format("2 Jan 2006") + ", after the period"
	case to.After(from) && !to.After(asked.From.Time()), !to.After(from) && from.Before(asked.From.Time()):
		return "speaks about the time until " + to.UTC().Format("2 Jan 2006") + ", before the period"
	}
	return ""
}

// piece finds what a key names, in the scope's organisation.
func (s *Service) piece(ctx context.Context, scope access.ReadScope, key string, asked period.Period) (Piece, error) {
	kind, ref, _ := strings.Cut(strings.TrimSpace(key), " ")
	switch PieceKind(kind) {
	case Evidence:
		it, err := s.Shelf.Item(ctx, scope, ref)
		if err != nil {
			return Piece{}, atPiece(err)
		}
		if it.Status != evidence.Active {
			return Piece{}, errs.New(errs.Conflict, "%s is %s", it.Ref, it.Status).At("piece").WithHint("Open it to see what counts now.")
		}
		return itemPiece(it, asked), nil
	case Document:
		name, number, _ := strings.Cut(ref, " v")
		p, err := s.Policies.Policy(ctx, scope, name)
		if err != nil {
			return Piece{}, atPiece(err)
		}
		n, err := strconv.Atoi(number)
		if err != nil {
			n = p.InForce
		}
		v, err := s.Policies.VersionOf(ctx, scope, p, n)
		if err != nil {
			return Piece{}, atPiece(err)
		}
		if v.State.Open() {
			return Piece{}, errs.New(errs.Conflict, "version %d of %s was never in force", n, p.Ref).At("piece")
		}
		return policyPiece(p.Ref, v, asked), nil
	case Result:
		t, err := s.Results.Run(ctx, scope, ref)
		if err != nil {
			return Piece{}, atPiece(err)
		}
		return resultPiece(t, asked), nil
	}
	return Piece{}, errs.New(errs.Invalid, "%q names no evidence", clip(key)).At("piece")
}

// atPiece makes what is not there something the writer can mend.
func atPiece(err error) error {
	if errs.Is(err, errs.NotFound) {
		return errs.New(errs.Invalid, "%s", err.Error()).At("piece").WithHint("Give a reference of this organisation, such as EV-2026-00142.")
	}
	return err
}

// Find is the piece a key names, as it would be in an answer: for a reference that somebody types.
func (s *Service) Find(ctx context.Context, scope access.ReadScope, key string, asked period.Period) (Piece, error) {
	if err := scope.Require(access.ReadEvidence); err != nil {
		return Piece{}, err
	}
	return s.piece(ctx, scope, key, asked)
}
