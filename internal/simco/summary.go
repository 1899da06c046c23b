package simco

import (
	"fmt"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/simco/life"
)

// Summary counts what the company is at the clock and what happened from the start of the life to then.
type Summary struct {
	At             time.Time      `json:"at"`
	Start          time.Time      `json:"start"`
	End            time.Time      `json:"end"`
	Workers        int            `json:"workers"` // active
	Contractors    int            `json:"contractors"`
	Joined         int            `json:"joined"`
	Left           int            `json:"left"`
	Moved          int            `json:"moved"`
	Accounts       int            `json:"accounts"` // not deactivated
	Administrators int            `json:"administrators"`
	Members        int            `json:"members"` // of the code organisation
	Collaborators  int            `json:"collaborators"`
	Repositories   int            `json:"repositories"`
	Production     int            `json:"production"`
	Merged         int            `json:"merged"`
	Deployed       int            `json:"deployed"`
	OpenAlerts     int            `json:"open_alerts"`
	LogEvents      int            `json:"log_events"`
	AuditEvents    int            `json:"audit_events"`
	Deviations     map[string]int `json:"deviations"` // by kind, begun by then
}

// Summary counts at the clock.
func (c *Company) Summary() Summary {
	w, t := c.world, c.clock.Now()
	s := Summary{At: t.Go(), Start: w.Start.Go(), End: w.End.Go(), Deviations: map[string]int{}}
	during := func(at life.Time) int {
		if at >= w.Start && at <= t {
			return 1
		}
		return 0
	}
	for i := range w.People {
		p := &w.People[i]
		if p.ActiveAt(t) {
			s.Workers++
			if p.Contractor {
				s.Contractors++
			}
		}
		s.Joined += during(life.Midnight(p.Hired))
		s.Left += during(p.LeftAt())
		for k := 1; k < len(p.Jobs); k++ {
			if p.Jobs[k].Dept != p.Jobs[k-1].Dept {
				s.Moved += during(p.Jobs[k].From)
			}
		}
	}
	for i := range w.Accounts {
		if a := &w.Accounts[i]; a.Created <= t && (a.Closed == 0 || a.Closed > t) {
			s.Accounts++
		}
	}
	admins := map[int32]bool{}
	for i := range w.Roles {
		if g := &w.Roles[i]; g.Has(t) {
			admins[g.Subject] = true
		}
	}
	s.Administrators = len(admins)
	s.count(w, t, during)
	for _, d := range w.Deviations {
		if life.Of(d.From) <= t {
			s.Deviations[d.Kind]++
		}
	}
	return s
}

// count counts the code host and the logs.
func (s *Summary) count(w *life.World, t life.Time, during func(life.Time) int) {
	for i := range w.Members {
		if w.Members[i].Has(t) {
			s.Members++
		}
	}
	for i := range w.Collaborators {
		if w.Collaborators[i].Has(t) {
			s.Collaborators++
		}
	}
	for i := range w.Repos {
		r := &w.Repos[i]
		if r.Created > t {
			continue
		}
		s.Repositories++
		if r.Prod {
			s.Production++
		}
		for k := range r.Deploys {
			s.Deployed += during(r.Deploys[k].At)
		}
		for k := range r.Alerts {
			if a := &r.Alerts[k]; a.Created <= t && a.StateAt(t) == "open" {
				s.OpenAlerts++
			}
		}
	}
	for i := range w.Merged {
		s.Merged += during(w.Merged[i].At)
	}
	for i := range w.Log {
		s.LogEvents += during(w.Log[i].At)
	}
	for i := range w.Audit {
		s.AuditEvents += during(w.Audit[i].At)
	}
}

// String says the summary in a few lines for people.
func (s Summary) String() string {
	var b strings.Builder
	planted := 0
	for _, n := range s.Deviations {
		planted += n
	}
	fmt.Fprintf(&b, "Northwind on %s (life from %s to %s)\n", s.At.Format("2006-01-02 15:04"), s.Start.Format(time.DateOnly), s.End.Format(time.DateOnly))
	fmt.Fprintf(&b, "  people        %d active, %d of them contractors; %d joined, %d left, %d moved\n", s.Workers, s.Contractors, s.Joined, s.Left, s.Moved)
	fmt.Fprintf(&b, "  identity      %d accounts, %d administrators, %d log events\n", s.Accounts, s.Administrators, s.LogEvents)
	fmt.Fprintf(&b, "  code          %d members, %d outside collaborators, %d repositories (%d production)\n", s.Members, s.Collaborators, s.Repositories, s.Production)
	fmt.Fprintf(&b, "  changes       %d merged, %d deployed, %d open alerts, %d audit events\n", s.Merged, s.Deployed, s.OpenAlerts, s.AuditEvents)
	fmt.Fprintf(&b, "  deviations    %d planted by then, of %d kinds\n", planted, len(s.Deviations))
	return b.String()
}
