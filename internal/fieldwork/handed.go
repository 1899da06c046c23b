package fieldwork

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/ledger"
	"github.com/tickmark/tickmark/verify"
)

// kindDraw is the kind of Shared that lets the client's bundle draw a sample again. No page shows it.
const kindDraw = "draw"

// draw is a sample with its population, as the client's side keeps it: keys and days, no other column, and nothing of the work.
type draw struct {
	Population verify.Population `json:"population"`
	Sample     verify.Sample     `json:"sample"`
}

// ShareDraws puts on the client's side how the samples of the reviewed workpapers were drawn: plan, seed, items, and the keys they were
// drawn from. It belongs to the hand-over: a seed that is known earlier would tell which item comes next.
func (s *Service) ShareDraws(ctx context.Context, a access.AuditScope, now time.Time) (int, error) {
	if err := a.Firm.Require(access.ReviewWork); err != nil {
		return 0, err
	}
	shared, err := a.Shared()
	if err != nil {
		return 0, err
	}
	papers, err := s.AllPapers(ctx, a)
	if err != nil {
		return 0, err
	}
	n := 0
	return n, s.Tx.InTx(ctx, func(ctx context.Context) error {
		n = 0
		for _, p := range papers {
			if p.Sample == nil || p.Reviewed == nil {
				continue
			}
			body, err := s.drawn(ctx, a, shared.ReadScope, p)
			if err != nil {
				return err
			}
			if err := s.Findings.Share(ctx, shared, Shared{ID: kindDraw + " " + string(p.ID), Engagement: a.Engagement, Kind: kindDraw, Ref: kindDraw + " " + p.Ref, Title: p.Title, Body: body, At: now, By: a.Firm.Actor()}); err != nil {
				return err
			}
			n++
		}
		return nil
	})
}

func (s *Service) drawn(ctx context.Context, a access.AuditScope, client access.ReadScope, p Paper) (string, error) {
	sh, err := s.Sheet(ctx, a, string(p.ID))
	if err != nil {
		return "", err
	}
	var d draw
	if d.Population, err = s.frozenRecord(ctx, a, sh.Population); err != nil {
		return "", err
	}
	if d.Sample, err = s.sampleRecord(ctx, a, sh); err != nil {
		return "", err
	}
	// The firm's chain is not in the client's bundle; the client's own entry of the freeze is.
	d.Population.Rows, d.Sample.Planned, d.Sample.Drawn = nil, 0, 0
	if d.Population.Entry, err = s.fixedAt(ctx, client, a.Engagement, sh.Population.SHA256); err != nil {
		return "", err
	}
	for i := range d.Sample.Items { // why an item is void is the firm's note
		if d.Sample.Items[i].Void != "" {
			d.Sample.Items[i].Void = "void"
		}
	}
	body, err := json.Marshal(d)
	return string(body), errs.As(errs.Internal, err, "write the draw of %s", p.Ref)
}

// fixedAt is the entry of the client's chain that tells of a freeze.
func (s *Service) fixedAt(ctx context.Context, client access.ReadScope, engagement, sum string) (int64, error) {
	for q := (paging.Query{Page: 1, Size: paging.MaxSize, Sort: "seq"}); ; q.Page++ {
		res, err := s.Chain.Store.Entries(ctx, client, ledger.Filter{Kind: "population.frozen", Subject: engagement}, q)
		if err != nil {
			return 0, err
		}
		for _, e := range res.Rows {
			if strings.Contains(e.Payload, sum) {
				return e.Seq, nil
			}
		}
		if q.Page >= res.Pages() {
			return 0, nil
		}
	}
}

// Drawn are the populations and samples that were handed over, for the bundle of the client.
func (s *Service) Drawn(ctx context.Context, scope access.ReadScope, engagement string) (populations []verify.Population, samples []verify.Sample, err error) {
	if err := scope.Require(access.ReadEngagement); err != nil {
		return nil, nil, err
	}
	all, err := s.Findings.AllShared(ctx, scope, engagement)
	if err != nil {
		return nil, nil, err
	}
	have := map[string]bool{}
	for _, x := range all {
		if x.Kind != kindDraw {
			continue
		}
		var d draw
		if err := json.Unmarshal([]byte(x.Body), &d); err != nil {
			return nil, nil, errs.As(errs.Internal, err, "read %s", x.Ref)
		}
		if !have[d.Population.Ref] {
			have[d.Population.Ref], populations = true, append(populations, d.Population)
		}
		samples = append(samples, d.Sample)
	}
	return populations, samples, nil
}
