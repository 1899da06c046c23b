package simco_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/simco"
)

// BenchmarkServe measures requests over real connections, client included, in a company of 5,000.
func BenchmarkServe(b *testing.B) {
	c := company(b, simco.Config{Seed: 1, People: 5000, Repositories: 500, Days: 365, Planted: true})
	c.co.SetClock(start.Add(days(200) + 23*time.Hour + 30*time.Minute))
	w := c.co.Life()
	cases := []struct {
		name, system string
		path         func(i int) string
	}{
		{"factors", simco.Okta, func(i int) string { return "/api/v1/users/" + w.Accounts[i%4000].ID + "/factors" }},
		{"protection", simco.GitHub, func(i int) string {
			return "/repos/" + w.Repos[i%400].FullName() + "/branches/main/protection"
		}},
		{"reviews", simco.GitHub, func(i int) string {
			r := &w.Repos[i%400]
			return fmt.Sprintf("/repos/%s/pulls/%d/reviews", r.FullName(), r.Pulls[i%len(r.Pulls)].Number)
		}},
		{"users page", simco.Okta, func(int) string { return "/api/v1/users?limit=200" }},
		{"pulls page", simco.GitHub, func(i int) string {
			return "/repos/" + w.Repos[i%400].FullName() + "/pulls?state=all&sort=updated&direction=desc&per_page=100"
		}},
		{"log page", simco.Okta, func(int) string { return "/api/v1/logs?limit=1000&since=2026-07-10T00:00:00Z" }},
	}
	for _, x := range cases {
		b.Run(x.name, func(b *testing.B) {
			server := httptest.NewServer(c.co.Handler(x.system))
			defer server.Close()
			client := server.Client()
			client.Transport.(*http.Transport).MaxIdleConnsPerHost = 64
			var n atomic.Int64
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					r, err := http.NewRequest(http.MethodGet, server.URL+x.path(int(n.Add(1))), nil)
					if err != nil {
						b.Error(err)
						return
					}
					r.Header.Set("Authorization", map[string]string{simco.Okta: "SSWS " + c.tokens.OktaToken, simco.GitHub: "Bearer " + c.tokens.GitHubToken}[x.system])
					res, err := client.Do(r)
					if err != nil {
						b.Error(err)
						return
					}
					_, err = io.Copy(io.Discard, res.Body)
					res.Body.Close()
					if err != nil || res.StatusCode >= 500 {
						b.Errorf("%d %v", res.StatusCode, err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
		})
	}
}
