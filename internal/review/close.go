package review

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/evidence"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/id"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/kernel/text"
)

// Control is the control of the catalogue that reviews are evidence of.
const Control = "IAM-05"

// Close fixes what was decided and keeps it as evidence. With rows undecided it takes a reason, and they stay listed as a
// deviation.
func (s *Service) Close(ctx context.Context, scope access.Scope, now time.Time, ref, why string) (Review, error) {
	if err := scope.Require(access.ManageReviews); err != nil {
		return Review{}, err
	}
	why = text.Prose(why)
	var r Review
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if r, err = s.running(ctx, scope.ReadScope, now, ref); err != nil {
			return err
		}
		least := 0
		if r.Undecided() > 0 {
			least = minReason
		}
		if err := text.Bounds("why", fmt.Sprintf("why it is closed with %d undecided", r.Undecided()), why, least, MaxWhy); err != nil {
			return err
		}
		r.State, r.Ended, r.EndedBy, r.EndWhy, r.Version = Closed, &now, scope.Actor(), why, r.Version+1
		if err := s.seal(ctx, scope, now, &r); err != nil {
			return err
		}
		if err := s.Store.Save(ctx, scope, r, r.Version-1); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "review.closed", string(r.ID), map[string]any{
			"ref": r.Ref, "undecided": r.Undecided(), "why": why, "sha256": r.SHA256, "evidence": strings.Join(r.Evidence, " "),
		})
		return err
	})
	return r, err
}

// Cancel ends a review that does not count.
func (s *Service) Cancel(ctx context.Context, scope access.Scope, now time.Time, ref, why string) (Review, error) {
	if err := scope.Require(access.ManageReviews); err != nil {
		return Review{}, err
	}
	why = text.Prose(why)
	if err := text.Bounds("why", "the reason", why, minReason, MaxWhy); err != nil {
		return Review{}, err
	}
	var r Review
	err := s.Tx.InTx(ctx, func(ctx context.Context) error {
		var err error
		if r, err = s.running(ctx, scope.ReadScope, now, ref); err != nil {
			return err
		}
		r.State, r.Ended, r.EndedBy, r.EndWhy, r.Version = Cancelled, &now, scope.Actor(), why, r.Version+1
		if err := s.Store.Save(ctx, scope, r, r.Version-1); err != nil {
			return err
		}
		_, err = s.Ledger.Append(ctx, scope, now, "review.cancelled", string(r.ID), map[string]any{"ref": r.Ref, "why": why})
		return err
	})
	return r, err
}

// seal writes the result as two files and keeps them as evidence: JSON, whose hash the review carries, and CSV for people.
func (s *Service) seal(ctx context.Context, scope access.Scope, now time.Time, r *Review) error {
	systems, err := s.Store.Systems(ctx, scope.ReadScope, r.ID, now)
	if err != nil {
		return err
	}
	rows, err := s.all(ctx, scope.ReadScope, RowFilter{Review: r.ID})
	if err != nil {
		return err
	}
	w, err := s.who(ctx, scope.ReadScope)
	if err != nil {
		return err
	}
	name := func(u access.UserID) string {
		if m, ok := w.byID[u]; ok {
			return m.Email
		}
		return string(u)
	}
	body, err := canon.JSON(result(*r, systems, rows, name))
	if err != nil {
		return errs.As(errs.Internal, err, "result of %s", r.Ref)
	}
	table, err := sheet(rows, name)
	if err != nil {
		return errs.As(errs.Internal, err, "result of %s", r.Ref)
	}
	r.SHA256 = canon.Sum(body)
	items, err := s.Archive.Add(ctx, scope, now, func(t time.Time) evidence.ItemID { return evidence.ItemID(id.New("evi", t)) }, evidence.Upload{
		Title: "Access review " + r.Ref, Kind: evidence.Document, Class: evidence.Personal, Controls: []string{Control}, Again: true,
		Files:    []evidence.File{evidence.Bytes(r.Ref+".json", body), evidence.Bytes(r.Ref+".csv", table)},
		Shows:    fmt.Sprintf("Who could use %s, and what was decided about each: %d rows, %d undecided.", strings.Join(slugs(systems), ", "), r.Rows, r.Undecided()),
		Obtained: "Written by Tickmark when " + r.Ref + " was closed, from its own records. SHA-256 of the JSON: " + r.SHA256 + ".",
		From:     period.Of(r.Started).Time(), To: (period.Of(now) + 1).Time(), Received: now,
	})
	if err != nil {
		return errs.Wrap(err, "keep the result of %s", r.Ref)
	}
	for _, it := range items {
		r.Evidence = append(r.Evidence, it.Ref)
	}
	return nil
}

// result is the review as its JSON holds it.
func result(r Review, systems []System, rows []Row, name func(access.UserID) string) map[string]any {
	var pop []map[string]any
	for _, x := range systems {
		p := frozenPayload(x)
		p["slug"], p["critical"], p["reviewer"], p["deputy"], p["ledger_entry"] = x.Slug, x.Critical, name(x.Reviewer), name(x.Deputy), x.Seq
		pop = append(pop, p)
	}
	out := make([]map[string]any, len(rows))
	for i, x := range rows {
		m := x.frozen()
		m["system"], m["reviewer"], m["moved"] = x.System, name(x.Reviewer), x.Moved
		m["decision"], m["reason"], m["drop"], m["decided_by"], m["decided_at"] = string(x.Decision), x.Reason, x.Drop, name(x.By), stampOr(x.At)
		m["until"], m["done_at"], m["how"] = stampOr(x.Until), stampOr(x.DoneAt), x.How
		out[i] = m
	}
	return map[string]any{
		"v": 1, "ref": r.Ref, "title": r.Title, "why": r.Why, "started": r.Started.UTC().Format(time.RFC3339), "started_by": r.StartedBy, "due": r.Due.String(),
		"closed": stampOr(r.Ended), "closed_by": r.EndedBy, "closed_why": r.EndWhy, "undecided": r.Undecided(), "populations": pop, "rows": out,
	}
}

func stampOr(t *time.Time) string {
	if t == nil {
		return ""
	}
	return stamp(t)
}

// sheet is the rows as CSV. A text that a spreadsheet would take for a formula gets an apostrophe in front: names of accounts are
// other people's words.
func sheet(rows []Row, name func(access.UserID) string) ([]byte, error) {
	var b bytes.Buffer
	c := csv.NewWriter(&b)
	c.UseCRLF = true // RFC 4180
	if err := c.Write([]string{
		"row", "system", "account", "name", "email", "grant", "status", "administrator", "roles", "groups", "last sign-in", "person", "person state", "flags", "since last review",
		"reviewer", "why this reviewer", "decision", "reason", "to be dropped", "decided by", "decided at", "to be done by", "done at", "how",
	}); err != nil {
		return nil, err
	}
	for _, r := range rows {
		person := strings.TrimSpace(r.PersonRef + " " + r.PersonName)
		line := []string{
			itoa(r.N), r.System, r.Login, r.Name, r.Email, r.Grant, r.Status, told(r.Admin), strings.Join(r.Roles, "; "), strings.Join(r.Groups, "; "), stamp(r.SignIn), person,
			string(r.State), strings.Join(flagWords(r.Flags), " "), strings.TrimSpace(r.Since.Title() + " " + r.Diff), name(r.Reviewer), r.Moved, r.Decision.Title(), r.Reason, r.Drop,
			name(r.By), stampOr(r.At), stampOr(r.Until), stampOr(r.DoneAt), r.How,
		}
		for i := range line {
			line[i] = text.Harmless(line[i])
		}
		if err := c.Write(line); err != nil {
			return nil, err
		}
	}
	c.Flush()
	return b.Bytes(), c.Error()
}
