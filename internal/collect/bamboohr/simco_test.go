package bamboohr_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/bamboohr"
	"github.com/tickmark/tickmark/internal/collect/collecttest"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/httpx"
	"github.com/tickmark/tickmark/internal/simco"
	"github.com/tickmark/tickmark/internal/simco/life"
)

var begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

type company struct {
	*simco.Company
	env collect.Env
}

func newCompany(t testing.TB, at time.Time) *company {
	t.Helper()
	co, err := simco.New(simco.Config{Seed: 7, People: 211, Repositories: 8, Start: begin, Days: 60, Planted: true})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(co.Handler(simco.BambooHR))
	t.Cleanup(server.Close)
	co.SetClock(at)
	return &company{co, collect.Env{
		Settings: map[string]string{"base_url": server.URL, "company": co.Tokens().BambooHRCompany}, Secrets: map[string]string{"api_key": co.Tokens().BambooHRKey},
		HTTP: collecttest.Client(httpx.Options{Retries: 2}, server), Until: at,
	}}
}

func (c *company) read(t testing.TB) *collecttest.Sink {
	t.Helper()
	var s collecttest.Sink
	if err := (bamboohr.Connector{}).Collect(t.Context(), c.env, &s); err != nil {
		t.Fatal(err)
	}
	s.Laws(t, bamboohr.Connector{}.Describe(), c.Tokens().BambooHRKey)
	return &s
}

func day(t life.Time) *period.Date {
	if t == 0 {
		return nil
	}
	return collect.Ptr(t.Date())
}

func truthAt(w *life.World, t life.Time) []*collect.Worker {
	var out []*collect.Worker
	for i := range w.People {
		p := &w.People[i]
		if p.Recorded > t {
			continue
		}
		job := p.JobAt(t)
		f := &collect.Worker{
			ID: strconv.Itoa(p.HRID), EmployeeNumber: collect.Ptr(life.EmployeeNumber(p)), DisplayName: collect.Ptr(p.First + " " + p.Last), Email: &p.Email,
			Location: collect.Ptr(life.Offices[p.Office].Name), EmploymentType: collect.Ptr("employee"), Status: collect.Ptr("inactive"), HiredOn: &p.Hired,
			AgreementSignedOn: day(life.LatestBy([]life.Time{p.Agreement}, t)), ConductAcceptedOn: day(life.LatestBy(p.Conduct, t)),
			AwarenessLastOn: day(life.LatestBy(p.Training, t)), PerformanceReviewedOn: day(life.LatestBy(p.Reviews, t)),
		}
		if len(p.Training) > 0 {
			f.AwarenessFirstOn = day(life.LatestBy(p.Training[:1], t))
		}
		if p.Contractor {
			*f.EmploymentType = "contractor"
		}
		if p.ActiveAt(t) {
			*f.Status = "active"
		}
		if p.Left != 0 && p.LeftAt() <= t {
			f.TerminatedOn = &p.Left
		}
		if s := p.ScreeningAt(t); s != nil {
			f.ScreeningCompletedOn, f.ScreeningResult = &s.On, &s.Result
		}
		if !p.Missing(life.DepartmentField, t) {
			f.Department = collect.Ptr(life.Departments[job.Dept].Name)
			for k := range p.Jobs {
				if from := p.Jobs[k].From.Date(); from <= t.Date() && (k == 0 || p.Jobs[k].Dept != p.Jobs[k-1].Dept && p.Jobs[k].From <= t) {
					f.DepartmentSince = &from
				}
			}
		}
		if !p.Missing(life.TitleField, t) {
			f.Title = &job.Title
		}
		if job.Manager >= 0 && job.From <= t && !p.Missing(life.ManagerField, t) {
			f.ManagerID = collect.Ptr(strconv.Itoa(w.People[job.Manager].HRID))
		}
		out = append(out, f)
	}
	return out
}

func TestTruth(t *testing.T) {
	t.Parallel()
	c := newCompany(t, begin)
	for _, when := range []time.Time{begin.Add(23 * time.Hour), begin.AddDate(0, 0, 31).Add(17 * time.Hour), begin.AddDate(0, 0, 60)} {
		c.SetClock(when)
		c.env.Until = when
		s := c.read(t)
		s.NoFailures(t)
		s.Reconciled(t, "worker")
		collecttest.Same(t, s, truthAt(c.Life(), life.Of(when)))
	}
}

func TestLimitedKey(t *testing.T) {
	t.Parallel()
	c := newCompany(t, begin.AddDate(0, 0, 31))
	c.env.Secrets = map[string]string{"api_key": c.Tokens().BambooHRLimitedKey}
	s := c.read(t)
	if f := s.Failures("worker"); len(f) != 7 || !errs.Is(f[0], errs.Denied) || !strings.Contains(errs.HintOf(f[0]), "write - if") {
		t.Errorf("failures are %v", f)
	}
	if n := strings.Join(s.Notes("worker"), "\n"); !strings.Contains(n, "agreementSigned is not among the fields that the key sees") {
		t.Errorf("notes are %s", n)
	}
	p, err := bamboohr.Connector{}.Check(t.Context(), c.env)
	if err != nil || !*p[0].Granted || !*p[1].Granted || *p[2].Granted || !strings.Contains(p[2].Detail, "lastPerformanceReview") {
		t.Errorf("check of the limited key: %+v, %v", p, err)
	}
	for _, f := range (bamboohr.Connector{}).Describe().Fields {
		if strings.HasPrefix(f.Name, "field_") {
			c.env.Settings[f.Name] = "-"
		}
	}
	s = c.read(t)
	s.NoFailures(t)
	s.Reconciled(t, "worker")
}

func TestFields(t *testing.T) {
	t.Parallel()
	c := newCompany(t, begin.AddDate(0, 0, 31))
	c.env.Settings["field_agreement_signed"] = "4403" // by number
	c.env.Settings["field_review_last"] = "customReview9"
	s := c.read(t)
	if f := s.Failures("worker"); len(f) != 1 || !strings.Contains(f[0].Error(), "customReview9") {
		t.Errorf("failures are %v", f)
	}
	n := 0
	for _, w := range collecttest.Of[*collect.Worker](s) {
		if w.AgreementSignedOn != nil {
			n++
		}
	}
	if n < 200 {
		t.Errorf("%d agreements were read by the field's number", n)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	c := newCompany(t, begin.AddDate(0, 0, 31))
	whole := len(c.read(t).Facts("worker"))
	for name, x := range map[string]struct {
		path  string
		fault simco.FaultResponse
		kind  errs.Kind // of the failure; Internal for none
		rows  int
		equal bool // rows and total
	}{
		"report cut off":                    {"/reports/", simco.FaultResponse{Truncate: 5000}, errs.Unavailable, 0, false},
		"report malformed":                  {"/reports/", simco.FaultResponse{Malformed: true}, errs.Invalid, 0, false},
		"report 403":                        {"/reports/", simco.FaultResponse{Status: 403}, errs.Denied, 0, false},
		"report 404":                        {"/reports/", simco.FaultResponse{Status: 404}, errs.NotFound, 0, false},
		"report 500":                        {"/reports/", simco.FaultResponse{Status: 500}, errs.Unavailable, 0, false},
		"says more":                         {"/reports/", simco.FaultResponse{Drop: 1}, errs.Internal, whole - 1, false},
		"no total":                          {"/employees", simco.FaultResponse{Status: 403}, errs.Internal, whole, true},
		"status hidden":                     {"/reports/", simco.FaultResponse{Hide: []string{"status"}}, errs.Denied, whole, true},
		"training hidden":                   {"/reports/", simco.FaultResponse{Hide: []string{"securityTrainingLast"}}, errs.Internal, whole, true},
		"no list of fields, reviews hidden": {"", simco.FaultResponse{}, errs.Denied, whole, true},
	} {
		if err := c.SetFault(simco.BambooHR, func(r *http.Request, _ int) *simco.FaultResponse {
			switch {
			case x.path == "" && strings.HasSuffix(r.URL.Path, "/meta/fields"):
				return &simco.FaultResponse{Status: 403}
			case x.path == "" && strings.Contains(r.URL.Path, "/reports/"):
				return &simco.FaultResponse{Hide: []string{"lastPerformanceReview"}}
			case x.path != "" && strings.Contains(r.URL.Path, x.path):
				return &x.fault
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		s := c.read(t)
		f, totals := s.Failures("worker"), s.Totals("worker")
		if len(f) == 0 != (x.kind == errs.Internal) || len(f) > 0 && errs.KindOf(f[0]) != x.kind {
			t.Errorf("%s: failures are %v", name, f)
		}
		equal := true
		for _, total := range totals {
			equal = total.N == int64(len(s.Facts("worker")))
		}
		if len(s.Facts("worker")) != x.rows || equal != x.equal {
			t.Errorf("%s: %d rows, want %d; totals %v", name, len(s.Facts("worker")), x.rows, totals)
		}
	}
	if err := c.SetFault(simco.BambooHR, func(_ *http.Request, n int) *simco.FaultResponse {
		if n%2 == 1 {
			return &simco.FaultResponse{Status: 503, RetryAfter: 20 * time.Second}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	s := c.read(t)
	s.NoFailures(t)
	s.Reconciled(t, "worker")
}

func TestHalts(t *testing.T) {
	t.Parallel()
	c := newCompany(t, begin.AddDate(0, 0, 31))
	full := &collecttest.Sink{EmitErr: errors.New("disk full")}
	if err := (bamboohr.Connector{}).Collect(t.Context(), c.env, full); !errors.Is(err, full.EmitErr) {
		t.Errorf("a full disk: %v", err)
	}
	c.env.Secrets = map[string]string{"api_key": "wrong"}
	if _, err := (bamboohr.Connector{}).Check(t.Context(), c.env); !errs.Is(err, errs.Denied) {
		t.Errorf("a wrong key: %v", err)
	}
}

func BenchmarkDay(b *testing.B) {
	c := newCompany(b, begin.AddDate(0, 0, 31))
	var stats httpx.Stats
	host := strings.TrimPrefix(c.env.Settings["base_url"], "http://")
	c.env.HTTP = httpx.New(httpx.Options{AllowPrivate: []string{host}, Stats: &stats})
	rows := 0
	for b.Loop() {
		var s collecttest.Sink
		if err := (bamboohr.Connector{}).Collect(b.Context(), c.env, &s); err != nil {
			b.Fatal(err)
		}
		rows += s.Count()
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "facts/s")
	b.ReportMetric(float64(stats.Counts().Requests)/b.Elapsed().Seconds(), "requests/s")
	b.ReportMetric(float64(stats.Counts().Requests)/float64(b.N), "requests/run")
}
