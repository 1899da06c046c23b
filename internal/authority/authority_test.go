package authority_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/authority"
	"github.com/tickmark/tickmark/internal/event"
)

var (
	noon  = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	hour  = time.Hour
	cloud = event.Event{ID: "ev_1", Log: "aws.cloudtrail", At: noon, Class: event.APIActivity, Action: "ec2:RunInstances", Weight: event.WeightWrite, Effect: event.Creates,
		Status: event.Success, Actor: event.Actor{ID: "arn:aws:iam::111122223333:role/deploy", Name: "deploy", Kind: event.Service}, Targets: []event.Target{{Kind: "instance", ID: "i-1"}}}
)

func with(e event.Event, change func(*event.Event)) event.Event {
	change(&e)
	return e
}

func TestJudge(t *testing.T) {
	t.Parallel()
	policies, err := authority.Policies()
	if err != nil {
		t.Fatal(err)
	}
	deploy := authority.Record{Kind: authority.Deployment, Ref: "pay#7", Actors: []string{"DEPLOY"}, From: noon.Add(-hour), To: noon.Add(hour)}
	window := authority.Record{Kind: authority.Window, Ref: "AU-1", Targets: []string{"i-*"}, From: noon.Add(-hour), To: noon.Add(hour), Approver: "kai"}
	grant := with(cloud, func(e *event.Event) {
		e.Log, e.Class, e.Action, e.Effect, e.Actor = "okta.log", event.GroupChange, "group.user_membership.add", event.Changes, event.Actor{ID: "00u1", Name: "ada@northwind.example"}
		e.Targets = []event.Target{{Kind: "user", ID: "00u2", Name: "ole@northwind.example"}, {Kind: "group", ID: "00g1", Name: "Engineering"}}
	})
	request := authority.Record{Kind: authority.Approval, Ref: "AU-2", Acts: []authority.Act{authority.Grant}, Targets: []string{"ole@northwind.example", "Engineering"}, From: noon.Add(-hour), To: noon.Add(hour), Approver: "kai@northwind.example"}
	all := []authority.RecordKind{authority.PullRequest, authority.Deployment, authority.Approval, authority.Window}
	for name, c := range map[string]struct {
		e       event.Event
		records []authority.Record
		known   []authority.RecordKind
		want    authority.Verdict // empty: needs no authority
		why     string
	}{
		"a deployment":             {cloud, []authority.Record{deploy}, all, authority.Authorised, "Deployment pay#7 allows it"},
		"a window":                 {cloud, []authority.Record{window}, all, authority.Authorised, "approved by kai"},
		"nothing":                  {cloud, nil, all, authority.Unauthorised, "None allows it"},
		"nothing is known":         {cloud, nil, nil, authority.Unknown, "no source tells of any deployment"},
		"some is not known":        {cloud, nil, all[1:], authority.Unknown, "any pull request"},
		"known, but not then":      {with(cloud, func(e *event.Event) { e.At = noon.AddDate(1, 0, 0) }), nil, all, authority.Unknown, "not known"},
		"too early":                {with(cloud, func(e *event.Event) { e.At = noon.Add(-61 * time.Minute) }), []authority.Record{deploy, window}, all, authority.Unauthorised, "None"},
		"at the end":               {with(cloud, func(e *event.Event) { e.At = noon.Add(hour) }), []authority.Record{deploy, window}, all, authority.Unauthorised, "None"},
		"somebody else":            {with(cloud, func(e *event.Event) { e.Actor = event.Actor{ID: "eve"} }), []authority.Record{deploy}, all, authority.Unauthorised, "None"},
		"half of it":               {with(cloud, func(e *event.Event) { e.Targets = append(e.Targets, event.Target{ID: "vol-1"}) }), []authority.Record{window}, all, authority.Unauthorised, "None"},
		"no target":                {with(cloud, func(e *event.Event) { e.Targets = nil }), []authority.Record{window}, all, authority.Unauthorised, "None"},
		"it failed":                {with(cloud, func(e *event.Event) { e.Status = event.Failure }), nil, all, "", ""},
		"unknown how it ended":     {with(cloud, func(e *event.Event) { e.Status = event.StatusUnknown }), nil, all, authority.Unauthorised, ""},
		"it only reads":            {with(cloud, func(e *event.Event) { e.Weight, e.Effect = event.WeightRead, event.Reads }), nil, all, "", ""},
		"the vendor did it":        {with(cloud, func(e *event.Event) { e.Actor.Kind = event.Vendor }), nil, all, "", ""},
		"a grant":                  {grant, []authority.Record{request}, all, authority.Authorised, "AU-2"},
		"a grant by a deployment":  {grant, []authority.Record{{Kind: authority.Deployment, Ref: "pay#8", From: noon.Add(-hour), To: noon.Add(hour)}}, all, authority.Unauthorised, "None"},
		"approved by who acted":    {grant, []authority.Record{func() authority.Record { r := request; r.Approver = "Ada@northwind.example"; return r }()}, all, authority.Unauthorised, "AU-2: it was approved by who acted"},
		"approved by nobody":       {grant, []authority.Record{func() authority.Record { r := request; r.Approver = ""; return r }()}, all, authority.Unauthorised, "nobody approved"},
		"it lacks something":       {cloud, []authority.Record{{Kind: authority.PullRequest, Ref: "pay#9", From: noon.Add(-hour), To: noon.Add(hour), Approver: "kai", Lacks: "its checks failed"}}, nil, authority.Unauthorised, "pay#9: its checks failed"},
		"sharing is a transfer":    {with(cloud, func(e *event.Event) { e.Action = "ec2:ModifySnapshotAttribute" }), []authority.Record{deploy}, all, authority.Unauthorised, "no approved request, maintenance window"},
		"a window for all targets": {with(cloud, func(e *event.Event) { e.Targets = nil }), []authority.Record{{Kind: authority.Window, Ref: "AU-3", From: noon, To: noon.Add(1), Approver: "kai"}}, all, authority.Authorised, "AU-3"},
		"an object is written":     {with(cloud, func(e *event.Event) { e.Action = "s3:PutObject" }), nil, all, "", ""},
		"a bucket is opened":       {with(cloud, func(e *event.Event) { e.Action = "s3:PutBucketPolicy" }), nil, all, authority.Unauthorised, "None"},
		"access is taken away":     {with(grant, func(e *event.Event) { e.Action = "application.user_membership.remove"; e.Actor.Kind = event.Vendor }), nil, all, "", ""},
		"an own password": {with(grant, func(e *event.Event) {
			e.Action, e.Class, e.Weight = "user.account.update_password", event.AccountChange, event.WeightPrivilege
		}), nil, all, "", ""},
		"a review of a merge": {with(cloud, func(e *event.Event) { e.Log, e.Action = "github.audit", "pull_request_review.submit" }), nil, all, "", ""},
	} {
		book := authority.NewBook(c.records)
		for _, k := range c.known {
			book.Know(k, noon.AddDate(0, 0, -30), noon.AddDate(0, 0, 30))
		}
		j, ok := authority.Judge(policies, book, &c.e)
		if ok != (c.want != "") || j.Verdict != c.want || !strings.Contains(j.Why, c.why) {
			t.Errorf("%s: %v %s %q, want %q %q", name, ok, j.Verdict, j.Why, c.want, c.why)
		}
	}
}

// TestLongRecords: a record that began long before others is found.
func TestLongRecords(t *testing.T) {
	t.Parallel()
	policies, err := authority.Policies()
	if err != nil {
		t.Fatal(err)
	}
	records := []authority.Record{{Kind: authority.Window, Ref: "long", From: noon.AddDate(-1, 0, 0), To: noon.AddDate(1, 0, 0), Approver: "kai"}}
	for i := range 1000 {
		records = append(records, authority.Record{Kind: authority.Window, Ref: "short", From: noon.Add(-time.Duration(i+1) * hour), To: noon.Add(-time.Duration(i+1) * hour).Add(time.Minute), Approver: "kai"})
	}
	if j, ok := authority.Judge(policies, authority.NewBook(records), &cloud); !ok || j.Record != "long" {
		t.Errorf("%v %+v", ok, j)
	}
}

func TestParsePolicies(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"policies: [{id: x}]", "policies: [{id: x, act: fly, allow: [window]}]", "policies: [{id: x, act: change, allow: [luck]}]",
		"policies: [{id: x, act: change, allow: [window], weights: [heavy]}]", "policies: [{id: x, act: change, allow: [window], effects: [explodes]}]", "policies: [{id: x, act: change, allow: [window], other: 1}]",
	} {
		if _, err := authority.ParsePolicies([]byte(bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}
