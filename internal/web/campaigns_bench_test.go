package web_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/campaign"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/people"
)

// BenchmarkCampaignPages5000 reads the pages of a campaign of 5,000 people, in milliseconds: the median and the slowest of each.
func BenchmarkCampaignPages5000(b *testing.B) {
	in := &installation{}
	if err := in.make(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(in.close)
	org, err := in.app.Access.OrgBySlug(b.Context(), "northwind")
	if err != nil {
		b.Fatal(err)
	}
	scope := in.app.Access.System(org.ID, "bench")
	var list []people.New
	for i := range 5000 {
		list = append(list, people.New{Name: fmt.Sprintf("Bench Person %05d", i), Email: fmt.Sprintf("bench%05d@alpha.example", i), Department: fmt.Sprintf("Department %d", i%20)})
	}
	for part := range slices.Chunk(list, 500) {
		if _, err := in.app.People.Enter(b.Context(), scope, in.now, part, false); err != nil {
			b.Fatal(err)
		}
	}
	at := time.Now()
	c, err := in.app.Campaigns.Open(b.Context(), scope, in.now, campaign.New{Kind: campaign.Acknowledge, Subject: "POL-01", Audience: campaign.Audience{Everybody: true}, Standing: true, Grace: 14, Due: period.Of(in.now) + 14})
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("opened in %v", time.Since(at))
	pages := map[string]string{"page-1": "", "page-2": "?page=2", "page-50": "?page=50", "search": "?q=Person+04321", "open": "?state=open&department=Department+3", "campaigns": "", "training": ""}
	took := map[string][]time.Duration{}
	for b.Loop() {
		for name, q := range pages {
			path := "/campaigns/" + c.Ref + q
			switch name {
			case "campaigns":
				path = "/campaigns"
			case "training":
				path = "/training"
			}
			at := time.Now()
			res := in.do("GET", path, in.cookie[access.ComplianceLead], nil)
			if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
				b.Fatal(path, res.StatusCode, err)
			}
			took[name] = append(took[name], time.Since(at))
		}
	}
	for name, all := range took {
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, name+"-ms")
		b.ReportMetric(float64(all[len(all)-1].Microseconds())/1000, name+"-max-ms")
	}
}
