package bamboohr_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/collect/bamboohr"
	"github.com/tickmark/tickmark/internal/collect/collecttest"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

func TestDescription(t *testing.T) {
	t.Parallel()
	collecttest.CheckDescription(t, bamboohr.Connector{}.Describe())
}

func TestSettings(t *testing.T) {
	t.Parallel()
	client := collecttest.Client(httpx.Options{})
	for name, e := range map[string]collect.Env{
		"no company":   {Secrets: map[string]string{"api_key": "k"}, HTTP: client},
		"odd company":  {Settings: map[string]string{"company": "a/b"}, Secrets: map[string]string{"api_key": "k"}, HTTP: client},
		"no key":       {Settings: map[string]string{"company": "northwind"}, HTTP: client},
		"odd address":  {Settings: map[string]string{"company": "northwind", "base_url": "ftp://x.example"}, Secrets: map[string]string{"api_key": "k"}, HTTP: client},
		"with a login": {Settings: map[string]string{"company": "northwind", "base_url": "https://a:b@x.example"}, Secrets: map[string]string{"api_key": "k"}, HTTP: client},
	} {
		if err := (bamboohr.Connector{}).Collect(t.Context(), e, &collecttest.Sink{}); !errs.Is(err, errs.Invalid) || errs.FieldOf(err) == "" {
			t.Errorf("%s: %v, field %q", name, err, errs.FieldOf(err))
		}
	}
}

// What the records of real companies hold: numbers for text, dates not set as zeros, words of their own.
func TestRecords(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, _, _ := r.BasicAuth()
		if key != "k" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		switch r.URL.Path {
		case "/api/v1/employees":
			_, _ = w.Write([]byte(`{"data":[],"meta":{"total":4}}`))
		case "/api/v1/meta/fields":
			_, _ = w.Write([]byte(`[{"id":4047,"name":"EEID","alias":"id"},{"id":"4500.0","name":"Signed","alias":"customSigned"}]`))
		case "/api/v1/employees/all/tables/jobInfo":
			_, _ = w.Write([]byte(`[{"id":"3","employeeId":"17","date":"2025-06-01","department":"Data"},{"id":"2","employeeId":"17","date":"2025-02-01","department":"Data"},
				{"id":"1","employeeId":"17","date":"2024-02-29","department":"Sales"},{"id":"4","employeeId":"17","date":"2026-04-01","department":"Legal"},
				{"id":"5","employeeId":"18","date":"0000-00-00","department":"Data"},{"id":"6","employeeId":"19","date":"2024-02-01","department":null}]`))
		case "/api/v1/reports/custom":
			if r.Method != http.MethodPost || r.URL.Query().Get("onlyCurrent") != "false" {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			_, _ = w.Write([]byte(`{"title":"Tickmark","fields":[],"employees":[
				{"id":17,"displayName":null,"firstName":"Ada","lastName":"Example","department":"Data","status":"Active","hireDate":"2024-02-29","terminationDate":"0000-00-00","supervisorEId":"0","employmentHistoryStatus":"Independent Contractor","customSigned":"2024-03-01"},
				{"id":"18","displayName":" Bob ","department":"Data","status":"Inactive","hireDate":"0000-00-00","terminationDate":"2025-01-31","supervisorEId":17,"employmentHistoryStatus":"Terminated"},
				{"id":"19","status":"Active","hireDate":"01/02/2024","employmentHistoryStatus":"Full-Time"},
				{"id":null}]}`))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()
	settings := map[string]string{"company": "northwind", "base_url": server.URL + "/", "field_agreement_signed": "customSigned"}
	for _, f := range (bamboohr.Connector{}).Describe().Fields {
		if strings.HasPrefix(f.Name, "field_") && settings[f.Name] == "" {
			settings[f.Name] = "-"
		}
	}
	var s collecttest.Sink
	e := collect.Env{Settings: settings, Secrets: map[string]string{"api_key": "k"}, HTTP: collecttest.Client(httpx.Options{}, server), Until: period.Make(2026, 3, 31).Time()}
	if err := (bamboohr.Connector{}).Collect(t.Context(), e, &s); err != nil {
		t.Fatal(err)
	}
	s.Laws(t, bamboohr.Connector{}.Describe())
	collecttest.Same(t, &s, []*collect.Worker{
		{ID: "17", DisplayName: collect.Ptr("Ada Example"), Department: collect.Ptr("Data"), DepartmentSince: collect.Ptr(period.Make(2025, 2, 1)), Status: collect.Ptr("active"), HiredOn: collect.Ptr(period.Make(2024, 2, 29)), EmploymentType: collect.Ptr("contractor"), AgreementSignedOn: collect.Ptr(period.Make(2024, 3, 1))},
		{ID: "18", DisplayName: collect.Ptr("Bob"), Department: collect.Ptr("Data"), Status: collect.Ptr("inactive"), TerminatedOn: collect.Ptr(period.Make(2025, 1, 31)), ManagerID: collect.Ptr("17")},
		{ID: "19", Status: collect.Ptr("active"), EmploymentType: collect.Ptr("employee")},
	})
	if f := s.Failures("worker"); len(f) != 2 || !strings.Contains(f[0].Error()+f[1].Error(), `"01/02/2024" is not a date`) {
		t.Errorf("failures are %v", f)
	}
}
