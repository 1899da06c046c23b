package org

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/catalog"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
)

// complete is an examination for which the sample description has everything.
func complete(t testing.TB) Examination {
	t.Helper()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	x := Examination{
		Type2: true, Categories: []catalog.CategoryID{catalog.Security, catalog.Availability}, Controls: map[string]int{},
		Period: period.Closed(period.Make(2026, 1, 1), period.Make(2026, 6, 30)), Resources: []string{"repository", "user_account"},
	}
	for _, k := range c.Criteria() {
		x.Controls[k.ID] = 2
	}
	return x
}

func findings(r Report) string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, string(f.Level)+" "+f.Criterion+" "+f.Path+": "+f.Text)
	}
	return strings.Join(out, "\n")
}

func TestCheckComplete(t *testing.T) {
	t.Parallel()
	r, err := Check(northwind(t), complete(t))
	if err != nil || !r.Complete() || len(r.Findings) != 0 {
		t.Errorf("%v\n%s", err, findings(r))
	}
	want := map[string]int{
		"services": 1, "commitments": 2, "requirements": 2, "subservice": 1, "incidents": 1, "not_applicable": 0, "changes": 1, "components": 6, "components.counted": 2,
		"components.infrastructure": 1, "components.software": 2, "components.people": 1, "components.procedures": 1, "components.data": 1,
		"aspects.control_environment": 1, "aspects.risk_assessment": 1, "aspects.information_communication": 1, "aspects.monitoring": 1,
	}
	if !maps.Equal(r.Counts, want) {
		t.Errorf("%v", r.Counts)
	}
}

// TestCheckEmpty: an empty description lacks something for each description criterion but DC8, which an examination without
// privacy needs nothing for.
func TestCheckEmpty(t *testing.T) {
	t.Parallel()
	r, err := Check(Description{}, Examination{Type2: true, Categories: []catalog.CategoryID{catalog.Security}, Controls: map[string]int{}})
	if err != nil || r.Complete() {
		t.Fatal(err)
	}
	var got []string
	for _, f := range r.Findings {
		if f.Level == Missing && !slices.Contains(got, f.Criterion) {
			got = append(got, f.Criterion)
		}
	}
	slices.Sort(got)
	if strings.Join(got, " ") != "DC1 DC2 DC3 DC4 DC5 DC6 DC7 DC9" {
		t.Error(got)
	}
	uncovered := 0
	for _, f := range r.Findings {
		if strings.Contains(f.Text, "no control in force serves") {
			uncovered++
		}
	}
	if uncovered != 33 {
		t.Errorf("%d criteria without a control", uncovered)
	}
}

// TestCheck changes one thing of the complete description at a time.
func TestCheck(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		name   string
		change func(*Description, *Examination)
		want   string // one finding: level, criterion, path and part of the text; empty for none
	}{
		{"no overview", func(d *Description, _ *Examination) { d.System.Overview = " " }, "missing DC1 system.overview: there is no overview"},
		{"no service", func(d *Description, _ *Examination) { d.Services = nil }, "missing DC1 services: no service"},
		{"nameless customers", func(d *Description, _ *Examination) { d.Services[0].Customers = "" }, "advice DC1 services[0].customers"},
		{"no boundary", func(d *Description, _ *Examination) { d.System.Boundary = "" }, "missing DC3 system.boundary"},
		{"no requirement for a category", func(d *Description, _ *Examination) { d.Commitments = d.Commitments[:3] }, "missing DC2 commitments: there is no system requirement for availability"},
		{"no source", func(d *Description, _ *Examination) { d.Commitments[0].Source = "" }, "missing DC2 commitments[0].source: SC-01"},
		{"no threshold", func(d *Description, _ *Examination) { d.Commitments[0].Threshold = "" }, "advice DC2 commitments[0].threshold"},
		{"promise that is not examined", func(d *Description, _ *Examination) {
			d.Commitments = append(d.Commitments, Commitment{"SC-09", ServiceCommitment, catalog.Privacy, "x", "y", "z"})
		}, "advice DC2 commitments[4].category: SC-09 belongs to privacy"},
		{"no people", func(d *Description, _ *Examination) { d.Components.People = nil }, "missing DC3 components.people"},
		{"component without text", func(d *Description, _ *Examination) { d.Components.Data[0].Text = "" }, "advice DC3 components.data[0].text"},
		{"fact nobody collects", func(_ *Description, x *Examination) { x.Resources = []string{"repository"} }, `missing DC3 components.software[1].count.resource: no facts of the type "user_account"`},
		{"facts not known", func(_ *Description, x *Examination) { x.Resources = nil }, ""},
		{"an aspect", func(d *Description, _ *Examination) { d.Aspects.Monitoring = nil }, "missing DC5 aspects.monitoring"},
		{"no incident and not said", func(d *Description, _ *Examination) { d.Incidents = nil }, "missing DC4 incidents: no incident is recorded"},
		{"no incident, said", func(d *Description, _ *Examination) {
			d.Incidents, d.System.None = nil, append(d.System.None, "incidents")
		}, ""},
		{"none said, one there", func(d *Description, _ *Examination) { d.System.None = append(d.System.None, "incidents") }, "missing DC4 system.none: incidents are said to be none, but 1"},
		{"undecided incident", func(d *Description, _ *Examination) { d.Incidents[0].Decision = "" }, "missing DC4 incidents[0].decision: INC-17"},
		{"harmless incident needs no decision", func(d *Description, _ *Examination) {
			d.Incidents[0].Decision, d.Incidents[0].ControlFailure = "", false
		}, ""},
		{"grave incident left out", func(d *Description, _ *Examination) {
			d.Incidents[0].Decision, d.Incidents[0].CommitmentFailure = Omit, true
		}, "advice DC4 incidents[0].decision"},
		{"incident without disposition", func(d *Description, _ *Examination) { d.Incidents[0].Disposition = "" }, "missing DC4 incidents[0].disposition"},
		{"open incident", func(d *Description, _ *Examination) { d.Incidents[0].Resolved = nil }, "advice DC4 incidents[0].resolved"},
		{"incident after the period", func(d *Description, _ *Examination) {
			after := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
			d.Incidents[0].Started, d.Incidents[0].Detected, d.Incidents[0].Resolved = after, &after, &after
		}, "advice DC4 incidents[0].started: INC-17 lies outside the period 2026-01-01 to 2026-06-30"},
		{"incident over the first day", func(d *Description, _ *Examination) {
			end := time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC)
			d.Incidents[0].Started, d.Incidents[0].Detected, d.Incidents[0].Resolved = end.AddDate(0, 0, -1), nil, &end
		}, ""},
		{"criterion without control", func(_ *Description, x *Examination) { x.Controls["CC8.1"] = 0 }, "missing DC5 : no control in force serves CC8.1"},
		{"criterion without control, with a reason", func(d *Description, x *Examination) {
			x.Controls["A1.1"], d.System.None = 0, []string{"cuecs"}
			d.NotApplicable = []NotApplicable{{"A1.1", "Capacity is the customer's own."}}
		}, ""},
		{"controls not counted", func(_ *Description, x *Examination) { x.Controls = nil }, "advice DC5 : controls were not counted"},
		{"CUECs not counted", func(_ *Description, x *Examination) { x.CUECs = -1 }, "advice DC6 : complementary"},
		{"no CUECs and not said", func(d *Description, _ *Examination) { d.System.None = []string{"not_applicable"} }, "missing DC6 system.none: there are no complementary"},
		{"CUECs although none are said", func(_ *Description, x *Examination) { x.CUECs = 3 }, "missing DC6 system.none: cuecs are said to be none, but 3"},
		{"no subservice and not said", func(d *Description, _ *Examination) { d.Subservice = nil }, "missing DC7 subservice"},
		{"carved out without expectations", func(d *Description, _ *Examination) { d.Subservice[0].CSOCs = nil }, "missing DC7 subservice[0].csocs: Contoso Cloud"},
		{"carved out without monitoring", func(d *Description, _ *Examination) { d.Subservice[0].Monitoring = nil }, "missing DC7 subservice[0].monitoring"},
		{"no criteria", func(d *Description, _ *Examination) { d.Subservice[0].Criteria = nil }, "missing DC7 subservice[0].criteria"},
		{"inclusive", func(d *Description, _ *Examination) { d.Subservice[0].Method, d.Subservice[0].CSOCs = Inclusive, nil }, "advice DC7 subservice[0]: Contoso Cloud is included"},
		{"reason for what is not examined", func(d *Description, _ *Examination) {
			d.System.None, d.NotApplicable = []string{"cuecs"}, []NotApplicable{{"P3.1", "Nothing is collected from people."}}
		}, "missing DC8 not_applicable[0].criterion: P3.1 belongs to no category"},
		{"reason although controls serve it", func(d *Description, _ *Examination) {
			d.System.None, d.NotApplicable = []string{"cuecs"}, []NotApplicable{{"A1.1", "Capacity is the customer's own."}}
		}, "advice DC8 not_applicable[0].criterion: A1.1 is said not to apply, but 2"},
		{"no change and not said", func(d *Description, _ *Examination) { d.Changes = nil }, "missing DC9 changes"},
		{"no change in a type 1", func(d *Description, x *Examination) { d.Changes, x.Type2 = nil, false }, ""},
		{"change before the period", func(d *Description, _ *Examination) { d.Changes[0].Date = period.Make(2025, 12, 31) }, "advice DC9 changes[0].date"},
		{"nobody told", func(d *Description, _ *Examination) { d.Changes[0].Told = "" }, "advice DC9 changes[0].told"},
		{"claim", func(d *Description, _ *Examination) { d.Services[0].Text = "A world-class ledger." }, `wording  services[0].text: "world-class"`},
		{"forbidden word", func(d *Description, _ *Examination) { d.Subservice[0].CSOCs[1] = "It is certified." }, `forbidden  subservice[0].csocs[1]: "certified"`},
		{"address in a component", func(d *Description, _ *Examination) { d.Components.Infrastructure[0].Text = "At 10.1.2.3." }, `wording  components.infrastructure[0].text: "10.1.2.3"`},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			d, e := northwind(t), complete(t)
			x.change(&d, &e)
			r, err := Check(d, e)
			if err != nil {
				t.Fatal(err)
			}
			got := findings(r)
			if x.want == "" && got != "" || x.want != "" && (len(r.Findings) != 1 || !strings.HasPrefix(got, x.want)) {
				t.Errorf("want %q, got:\n%s", x.want, got)
			}
			bad := strings.HasPrefix(x.want, "missing") || strings.HasPrefix(x.want, "forbidden")
			if r.Complete() == bad {
				t.Errorf("complete: %v", r.Complete())
			}
		})
	}
}

// TestCheckPrivacy is domain brief 2.1: some criteria are matters for controllers.
func TestCheckPrivacy(t *testing.T) {
	t.Parallel()
	d, x := northwind(t), complete(t)
	x.Categories = append(x.Categories, catalog.Privacy)
	d.Commitments = append(d.Commitments, Commitment{"SC-05", ServiceCommitment, catalog.Privacy, "x", "y", "z"}, Commitment{"SR-05", SystemRequirement, catalog.Privacy, "x", "y", "z"})
	advised := func() []string {
		r, err := Check(d, x)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, f := range r.Findings {
			out = append(out, string(f.Level)+" "+strings.Fields(f.Text)[0])
		}
		return out
	}
	if got := advised(); strings.Join(got, ", ") != "advice P1.1, advice P2.1, advice P3.2" {
		t.Error(got)
	}
	d.System.PrivacyRole = catalog.Controller
	if got := advised(); len(got) != 0 {
		t.Error(got)
	}
	d.System.PrivacyRole = ""
	if got := advised(); strings.Join(got, ", ") != "missing say" {
		t.Error(got)
	}
}

func TestCheckOrder(t *testing.T) {
	t.Parallel()
	d := northwind(t)
	d.System.Overview, d.Services[0].Text, d.Services[0].Customers, d.Services[0].Delivery = "", "The best.", "", "certified"
	r, err := Check(d, complete(t))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range r.Findings {
		got = append(got, string(f.Level))
	}
	if strings.Join(got, " ") != "forbidden missing wording advice" {
		t.Error(got)
	}
	for _, bad := range [][]catalog.CategoryID{nil, {"safety"}} {
		if _, err := Check(d, Examination{Categories: bad}); !errs.Is(err, errs.Invalid) {
			t.Error(err)
		}
	}
}
