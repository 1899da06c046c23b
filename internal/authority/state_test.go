package authority_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tickmark/tickmark/internal/authority"
	"github.com/tickmark/tickmark/internal/event"
)

// held is a state with a firewall, a program, its role with a policy, a database of the program's name, a bucket and an instance.
func held(without ...string) *authority.Holdings {
	var list []authority.Managed
	for _, m := range []authority.Managed{
		{Address: "aws_security_group.web", Type: "aws_security_group", Names: []string{"sg-1", "web", "arn:aws:ec2:eu-west-1:1:security-group/sg-1"}},
		{Address: "aws_vpc_security_group_ingress_rule.web", Type: "aws_vpc_security_group_ingress_rule", Names: []string{"sgr-1"}, Of: []string{"sg-1", "sg-far"}},
		{Address: "aws_ecs_service.app", Type: "aws_ecs_service", Names: []string{"pay"}},
		{Address: "aws_db_instance.main", Type: "aws_db_instance", Names: []string{"pay", "db-XY"}},
		{Address: "aws_iam_role.app", Type: "aws_iam_role", Names: []string{"pay-role", "arn:aws:iam::1:role/pay-role"}},
		{Address: "aws_iam_role_policy.access", Type: "aws_iam_role_policy", Names: []string{"access"}, Of: []string{"pay-role", "far-role"}},
		{Address: "kubernetes_deployment_v1.pay", Type: "kubernetes_deployment_v1", Names: []string{"production/pay"}},
		{Address: "aws_cloudtrail.all", Type: "aws_cloudtrail", Names: []string{"org-trail"}},
		{Address: "aws_s3_bucket.data", Type: "aws_s3_bucket", Names: []string{"pay-data"}},
		{Address: "google_storage_bucket.data", Type: "google_storage_bucket", Names: []string{"lake"}},
		{Address: "aws_ecs_cluster_capacity_providers.far", Type: "aws_ecs_cluster_capacity_providers", Names: []string{"far"}, Of: []string{"arn:aws:ecs:eu-west-1:1:cluster/far"}},
		{Address: "aws_instance.a", Type: "aws_instance", Names: []string{"i-1"}},
	} {
		if !strings.Contains(strings.Join(without, " "), m.Address) {
			list = append(list, m)
		}
	}
	return authority.NewHoldings(list)
}

// applied is a run whose state is known before and after, approved by kim.
func applied(change func(*authority.Record)) authority.Record {
	r := authority.Record{Kind: authority.Infrastructure, Ref: "network/run-1", Project: "network", Actors: []string{"deploy"}, From: noon.Add(-time.Minute), To: noon.Add(time.Minute), Approver: "kim",
		State: &authority.State{Before: held(), After: held(), BeforeNext: true, AfterNext: true}}
	if change != nil {
		change(&r)
	}
	return r
}

func on(e event.Event, targets ...event.Target) event.Event {
	e.Targets = targets
	return e
}

func TestStateAllows(t *testing.T) {
	t.Parallel()
	policies, err := authority.Policies()
	if err != nil {
		t.Fatal(err)
	}
	opens := with(cloud, func(e *event.Event) {
		e.Action, e.Effect, e.Weight = "ec2:AuthorizeSecurityGroupIngress", event.Changes, event.WeightPrivilege
	})
	group := event.Target{Kind: "security-group", ID: "sg-1"}
	grants := with(cloud, func(e *event.Event) {
		e.Action, e.Class, e.Effect, e.Weight = "iam:PutRolePolicy", event.AccountChange, event.Changes, event.WeightPrivilege
	})
	deletes := with(cloud, func(e *event.Event) { e.Action, e.Effect = "ec2:TerminateInstances", event.Deletes })
	creates := cloud // of the instance i-1
	hand := with(opens, func(e *event.Event) { e.Actor = event.Actor{ID: "arn:ada", Name: "ada@northwind.example"} })
	deployment := authority.Record{Kind: authority.Deployment, Ref: "pay#7", Actors: []string{"deploy"}, From: noon.Add(-hour), To: noon.Add(hour)}
	all := []authority.RecordKind{authority.Infrastructure, authority.PullRequest, authority.Deployment, authority.Approval, authority.Window}
	for name, c := range map[string]struct {
		e       event.Event
		records []authority.Record
		known   []authority.RecordKind
		want    authority.Verdict
		why     string
	}{
		"a run":                              {on(opens, group), []authority.Record{applied(nil)}, all, authority.Authorised, "Run network/run-1 allows it: the state of its workspace holds aws_security_group.web, and kim approved it."},
		"its commit was approved":            {on(opens, group), []authority.Record{applied(func(r *authority.Record) { r.Title = "net#4" })}, all, authority.Authorised, "kim approved it in net#4."},
		"it says more than a deployment":     {on(opens, group), []authority.Record{deployment, applied(nil)}, all, authority.Authorised, "network/run-1"},
		"a deployment says what it does not": {on(opens, group), []authority.Record{deployment, applied(func(r *authority.Record) { r.Lacks = "nobody else confirmed it" })}, all, authority.Authorised, "pay#7"},
		"created by it":                      {creates, []authority.Record{applied(func(r *authority.Record) { r.State.Before = held("aws_instance.a") })}, all, authority.Authorised, "aws_instance.a"},
		"deleted by it":                      {on(deletes, event.Target{Kind: "instance", ID: "i-1"}), []authority.Record{applied(func(r *authority.Record) { r.State.After = held("aws_instance.a") })}, all, authority.Authorised, "aws_instance.a"},
		"two things":                         {on(grants, event.Target{Kind: "role", ID: "pay-role"}, event.Target{Kind: "policy", ID: "access"}), []authority.Record{applied(nil)}, all, authority.Authorised, "aws_iam_role.app"},
		"a policy that is only attached":     {on(grants, event.Target{Kind: "role", ID: "pay-role"}, event.Target{Kind: "policy", ID: "arn:aws:iam::aws:policy/ReadOnlyAccess", Effect: event.Reads}), []authority.Record{applied(nil)}, all, authority.Authorised, "aws_iam_role.app"},
		"by its full name":                   {on(opens, event.Target{Kind: "resource", ID: "ARN:aws:ec2:eu-west-1:1:security-group/sg-1"}), []authority.Record{applied(nil)}, all, authority.Authorised, "aws_security_group.web"},
		"by another word":                    {on(opens, event.Target{Kind: "database", ID: "pay"}), []authority.Record{applied(nil)}, all, authority.Authorised, "aws_db_instance.main"},
		"the program, not the database":      {on(opens, event.Target{Kind: "service", ID: "pay"}), []authority.Record{applied(nil)}, all, authority.Authorised, "aws_ecs_service.app"},
		"of another vendor's kind":           {on(opens, event.Target{Kind: "gcs_bucket", ID: "x", Name: "lake"}), []authority.Record{applied(nil)}, all, authority.Authorised, "google_storage_bucket.data"},

		"something about it":     {on(opens, event.Target{Kind: "security-group", ID: "sg-far"}), []authority.Record{applied(nil)}, all, authority.Authorised, "aws_vpc_security_group_ingress_rule.web"},
		"of Google, by its path": {on(opens, event.Target{Kind: "gcs_bucket", ID: "projects/_/buckets/lake"}), []authority.Record{applied(nil)}, all, authority.Authorised, "google_storage_bucket.data"},
		"of a cluster":           {on(deletes, event.Target{Kind: "deployments", ID: "production/pay", Name: "pay"}), []authority.Record{applied(nil)}, all, authority.Authorised, "kubernetes_deployment_v1.pay"},
		"of a trail":             {on(opens, event.Target{Kind: "trail", ID: "org-trail"}), []authority.Record{applied(nil)}, all, authority.Authorised, "aws_cloudtrail.all"},

		"what something is about goes":  {on(deletes, event.Target{Kind: "role", ID: "far-role"}), []authority.Record{applied(nil)}, all, authority.Unauthorised, "None"},
		"by full name, only about it":   {on(opens, event.Target{Kind: "resource", ID: "arn:aws:ecs:eu-west-1:1:cluster/far"}), []authority.Record{applied(nil)}, all, authority.Unauthorised, "None"},
		"of another kind":               {on(opens, event.Target{Kind: "function", ID: "pay"}), []authority.Record{applied(nil)}, all, authority.Unauthorised, "None allows it"},
		"something else":                {on(opens, event.Target{Kind: "security-group", ID: "sg-2"}), []authority.Record{applied(nil)}, all, authority.Unauthorised, "None allows it: no infrastructure as code, deployment"},
		"half of it":                    {on(opens, group, event.Target{Kind: "security-group", ID: "sg-2"}), []authority.Record{applied(nil)}, all, authority.Unauthorised, "None"},
		"somebody else":                 {on(hand, group), []authority.Record{applied(nil)}, all, authority.Unauthorised, "It is aws_security_group.web of workspace network, and network/run-1 applied then, but not as this actor."},
		"before it applied":             {on(with(opens, func(e *event.Event) { e.At = noon.Add(-61 * time.Second) }), group), []authority.Record{applied(nil)}, all, authority.Unauthorised, "None"},
		"after it applied":              {on(with(opens, func(e *event.Event) { e.At = noon.Add(time.Minute) }), group), []authority.Record{applied(nil)}, all, authority.Unauthorised, "and no run applied then."},
		"nobody else approved":          {on(opens, group), []authority.Record{applied(func(r *authority.Record) { r.Approver, r.Lacks = "", "who made it confirmed it" })}, all, authority.Unauthorised, "No record allows it. network/run-1: who made it confirmed it."},
		"no word of an approver":        {on(opens, group), []authority.Record{applied(func(r *authority.Record) { r.Approver = "" })}, all, authority.Unauthorised, "nobody approved it"},
		"approved by who acted":         {on(opens, group), []authority.Record{applied(func(r *authority.Record) { r.Approver = "Deploy" })}, all, authority.Unauthorised, "it was approved by who acted"},
		"by hand, outside of runs":      {on(hand, group), nil, all, authority.Unauthorised, "None allows it: no infrastructure as code, deployment, pull request, approved request, maintenance window for this actor, target and time. It is aws_security_group.web of workspace network, and no run applied then."},
		"by hand, runs are not known":   {on(hand, group), nil, all[1:], authority.Unauthorised, "whether a run applied then is not known."},
		"by hand, of what code has not": {on(hand, event.Target{Kind: "security-group", ID: "sg-9"}), nil, all, authority.Unauthorised, "target and time."},
		"files are given away":          {on(with(opens, func(e *event.Event) { e.Action = "s3:PutBucketReplication" }), event.Target{Kind: "bucket", ID: "pay-data"}), []authority.Record{applied(nil)}, all, authority.Unauthorised, "no approved request, maintenance window"},

		"runs are not known":            {on(opens, group), nil, all[1:], authority.Unknown, "no source tells of any infrastructure as code for that time. It is aws_security_group.web of workspace network, and whether a run applied then is not known."},
		"nothing is named":              {on(opens), []authority.Record{applied(nil)}, all, authority.Unknown, "network/run-1 applied then, but the event does not name what it changed."},
		"nothing is known of its state": {on(opens, event.Target{Kind: "security-group", ID: "sg-2"}), []authority.Record{applied(func(r *authority.Record) { r.State = &authority.State{} })}, all, authority.Unknown, "but what its state holds is not known."},
		"deleted, before is not known":  {on(deletes, event.Target{Kind: "instance", ID: "i-9"}), []authority.Record{applied(func(r *authority.Record) { r.State.Before, r.State.BeforeNext = nil, false })}, all, authority.Unknown, "what its state held before is not known"},
		"deleted, others came between":  {on(deletes, event.Target{Kind: "instance", ID: "i-9"}), []authority.Record{applied(func(r *authority.Record) { r.State.BeforeNext = false })}, all, authority.Unknown, "what its state held before is not known"},
		"created, after is not known":   {on(creates, event.Target{Kind: "instance", ID: "i-9"}), []authority.Record{applied(func(r *authority.Record) { r.State.After, r.State.AfterNext = nil, false })}, all, authority.Unknown, "what its state held after is not known"},
		"created, before does not say":  {on(creates, event.Target{Kind: "instance", ID: "i-9"}), []authority.Record{applied(func(r *authority.Record) { r.State.Before, r.State.BeforeNext = nil, false })}, all, authority.Unauthorised, "None"},
		"deleted, after does not say":   {on(deletes, event.Target{Kind: "instance", ID: "i-9"}), []authority.Record{applied(func(r *authority.Record) { r.State.After, r.State.AfterNext = nil, false })}, all, authority.Unauthorised, "None"},
		"one is known not to be held":   {on(creates, event.Target{Kind: "instance", ID: "i-9"}, event.Target{Kind: "instance", ID: "i-8", Effect: event.Deletes}), []authority.Record{applied(func(r *authority.Record) { r.State.AfterNext = false })}, all, authority.Unauthorised, "None"},
		"who approved is not known": {on(opens, group), []authority.Record{applied(func(r *authority.Record) {
			r.Approver, r.Unsure = "", "no source tells of the pull request of its commit"
		})}, all, authority.Unknown, "network/run-1 applied then, but no source tells of the pull request of its commit."},
		"unknown beats lacking": {on(opens, group), []authority.Record{applied(func(r *authority.Record) { r.Ref, r.Lacks = "network/run-2", "nobody else confirmed it" }), applied(func(r *authority.Record) { r.Unsure = "it is not told" })}, all, authority.Unknown, "network/run-1"},
	} {
		book := authority.NewBook(c.records)
		book.Hold([]authority.Held{{Workspace: "network", Holdings: held(), From: noon.Add(-hour), To: noon.Add(hour)}}, c.records, []string{"deploy"})
		for _, k := range c.known {
			book.Know(k, noon.AddDate(0, 0, -30), noon.AddDate(0, 0, 30))
		}
		j, ok := authority.Judge(policies, book, &c.e)
		if !ok || j.Verdict != c.want || !strings.Contains(j.Why, c.why) {
			t.Errorf("%s: %s %q, want %q %q", name, j.Verdict, j.Why, c.want, c.why)
		}
		if (j.Kind == authority.Infrastructure) != strings.HasPrefix(j.Record, "network/") {
			t.Errorf("%s: %s %s", name, j.Kind, j.Record)
		}
	}
}

// TestWithout: an organisation whose code manages nothing is not asked for runs, and is told of none.
func TestWithout(t *testing.T) {
	t.Parallel()
	policies, err := authority.Policies()
	if err != nil {
		t.Fatal(err)
	}
	for without, want := range map[bool]authority.Verdict{true: authority.Unauthorised, false: authority.Unknown} {
		book := authority.NewBook(nil)
		book.Hold(nil, nil, []string{"deploy"})
		if without {
			book.Without(authority.Infrastructure)
		}
		for _, k := range []authority.RecordKind{authority.PullRequest, authority.Deployment, authority.Approval, authority.Window} {
			book.Know(k, noon.Add(-hour), noon.Add(hour))
		}
		j, _ := authority.Judge(policies, book, &cloud)
		if j.Verdict != want || strings.Contains(j.Why, "infrastructure") == without {
			t.Errorf("without %v: %s %s", without, j.Verdict, j.Why)
		}
	}
}
