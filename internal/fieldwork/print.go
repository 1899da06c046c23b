package fieldwork

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/engagement"
	"github.com/tickmark/tickmark/internal/kernel/canon"
	"github.com/tickmark/tickmark/internal/kernel/errs"
)

// Printed is a workpaper with everything that its copy on paper says.
type Printed struct {
	Client     string
	Simulated  bool
	Engagement engagement.Engagement
	Sheet      *Sheet
	Since      Since             // what came after the population was frozen
	Shown      map[string]Shown  // what marks refer to, by reference
	Names      map[string]string // people of both sides, by actor
}

// Name is who an actor is.
func (x Printed) Name(actor string) string {
	if s := x.Names[actor]; s != "" {
		return s
	}
	return actor
}

// Changed is when the workpaper was touched last: the same workpaper makes the same document.
func (x Printed) Changed() time.Time {
	at := x.Sheet.Paper.At
	later := func(t time.Time) {
		if t.After(at) {
			at = t
		}
	}
	for _, s := range []*Signed{x.Sheet.Paper.Concluded, x.Sheet.Paper.Prepared, x.Sheet.Paper.Reviewed} {
		if s != nil {
			later(s.At)
		}
	}
	for _, row := range x.Sheet.Cells {
		for _, c := range row {
			later(c.At)
		}
	}
	for _, n := range x.Sheet.Notes {
		later(n.At)
		if n.ClearedAt != nil {
			later(*n.ClearedAt)
		}
	}
	return at
}

// Hash is over the workpaper with its items, marks and notes.
func (sh *Sheet) Hash() (string, error) {
	body, err := json.Marshal(bundledOf(sh))
	return canon.Sum(body), errs.As(errs.Internal, err, "hash workpaper %s", sh.Paper.Ref)
}

// Refs are the references of the marks, each once, in the order of the sheet.
func (sh *Sheet) Refs() []Link {
	var out []Link
	for _, x := range sh.Items {
		for _, t := range sh.Paper.Attributes {
			for _, l := range ReadLinks(sh.Cell(x.N, t.Letter).Evidence) {
				if !slices.Contains(out, l) {
					out = append(out, l)
				}
			}
		}
	}
	return out
}

// Print gathers a workpaper for a copy on paper: with the hash and the ledger entry of everything a mark refers to, as they are now.
func (s *Service) Print(ctx context.Context, a access.AuditScope, ref string) (Printed, error) {
	x := Printed{Client: a.ClientOrg.Name, Simulated: a.ClientOrg.Simulated, Shown: map[string]Shown{}}
	var err error
	if x.Sheet, err = s.Sheet(ctx, a, ref); err != nil {
		return x, err
	}
	if x.Engagement, err = s.Engagements.Engagement(ctx, a.Client, a.Engagement); err != nil {
		return x, err
	}
	if x.Names, err = s.Around.Names(ctx, a); err != nil {
		return x, err
	}
	if x.Since, err = s.SinceFrozen(ctx, a, x.Sheet.Population); err != nil {
		return x, err
	}
	for _, l := range x.Sheet.Refs() {
		if l.Kind == LinkWords {
			continue
		}
		shown, err := s.follow(ctx, a, l)
		if errs.Is(err, errs.Invalid) {
			shown.Why = "It cannot be read any more."
		} else if err != nil {
			return x, err
		}
		x.Shown[l.String()] = shown
	}
	return x, nil
}
