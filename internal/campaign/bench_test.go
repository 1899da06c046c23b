package campaign_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/kernel/paging"
	"github.com/tickmark/tickmark/internal/people"
	"github.com/tickmark/tickmark/internal/platform/sqldb/sqldbtest"
)

// BenchmarkCampaign5000 is a campaign of 5,000 people: opened, its first and 40th page of duties read, reminded, followed, signed by
// half in one go, closed; and a second one that a new version makes void.
func BenchmarkCampaign5000(b *testing.B) {
	const size = 5000
	w, ctx := newWorld(b, sqldbtest.SQLite(b)), b.Context()
	w.dir.all = nil
	for i := range size {
		n := fmt.Sprintf("%05d", i)
		w.dir.all = append(w.dir.all, people.Person{ID: people.ID("per_" + n), Ref: "P-" + n, Name: "Person " + n, Email: "p" + n + "@northwind.example", Department: fmt.Sprintf("Department %d", i%20),
			Kind: people.Employee, State: people.Active, Stint: 1, Started: today - 100})
	}
	took, rounds := map[string]time.Duration{}, 0
	timed := func(what string, do func() error) {
		at := time.Now()
		w.ok(do())
		took[what] += time.Since(at)
	}
	for b.Loop() {
		rounds++
		var c campaign.Campaign
		timed("open", func() (err error) { c, err = w.svc.Open(ctx, w.lead, now, standing()); return err })
		f := campaign.DutyFilter{Campaign: c.ID}
		var duties []campaign.Duty
		for name, page := range map[string]int{"page-1": 1, "page-40": 40} {
			timed(name, func() error {
				res, err := w.svc.Duties(ctx, w.lead.ReadScope, f, paging.Query{Page: page, Size: 100, Sort: "name"})
				if err == nil && (res.Total != size || len(res.Rows) != 100) {
					b.Fatal(res.Total, len(res.Rows))
				}
				return err
			})
		}
		timed("tally", func() error { _, err := w.svc.Tally(ctx, w.lead.ReadScope, now, c.ID); return err })
		timed("remind", func() error { _, err := w.svc.Remind(ctx, w.lead, days(1), c.Ref, false); return err })
		timed("follow", func() error { _, err := w.svc.Follow(ctx, w.bot, days(1)); return err })
		w.ok(w.svc.Store.Each(ctx, w.lead.ReadScope, f, func(d campaign.Duty) error { duties = append(duties, d); return nil }))
		var done []campaign.Signed
		for _, d := range duties[:size/2] {
			done = append(done, campaign.Signed{Duty: d.ID, At: now, How: campaign.Imported})
		}
		timed("sign-2500", func() error { _, err := w.svc.SignMany(ctx, w.lead, days(1), done); return err })
		timed("close", func() error { _, err := w.svc.Close(ctx, w.lead, days(2), c.Ref, 0, ""); return err })
		w.open(standing())
		timed("withdraw", func() error { _, err := w.svc.Withdraw(ctx, w.lead, days(3), "POL-01", 2, ""); return err })
	}
	for what, d := range took {
		b.ReportMetric(float64(d.Microseconds())/1000/float64(rounds), what+"-ms")
	}
}
