package audit

import (
	"sort"

	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/okta"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// shift is somebody's work from a sign-in on.
type shift struct {
	person  int32
	from    life.Time
	to      life.Time
	at      place
	session string
}

// identity writes the identity provider's log of a day, and from each sign-in the work that follows it.
func (t *Trail) identity(s *sheet, day period.Date) {
	w := t.w
	lo, hi := life.Midnight(day), life.Midnight(day+1)
	first := sort.Search(len(w.Log), func(i int) bool { return w.Log[i].At >= lo })
	began := map[int32]bool{}
	for k := first; k < len(w.Log) && w.Log[k].At < hi; k++ {
		e := &w.Log[k]
		if (e.Kind != life.SessionStart && e.Kind != life.SessionFailed) || e.Actor < 0 || w.Accounts[e.Actor].Person < 0 {
			s.put(e.At, Okta, okta.EventID(w, k), func(j *wire.JSON) { okta.WriteEvent(j, w, k) })
			continue
		}
		p := w.Accounts[e.Actor].Person
		from := t.whereabouts(p, int(day))
		if e.Kind == life.SessionFailed {
			s.put(e.At, Okta, okta.EventID(w, k), func(j *wire.JSON) {
				t.writeOkta(j, e.At, &from, &signal{kind: "user.session.start", message: "User login to Okta", actor: e.Actor, denied: "INVALID_CREDENTIALS",
					severity: "WARN", credential: "PASSWORD", transaction: w.ID("tx", k)}, okta.EventID(w, k))
			})
			continue
		}
		session := w.ID("102", k)
		s.okta(e.At-4*life.Second, &from, signal{kind: "user.authentication.auth_via_mfa", message: "Authentication of user via MFA", actor: e.Actor,
			session: session, credential: "OTP", targets: []party{t.user(e.Actor)}, debug: []string{"factor", "OKTA_VERIFY_PUSH"}})
		s.put(e.At, Okta, okta.EventID(w, k), func(j *wire.JSON) {
			t.writeOkta(j, e.At, &from, &signal{kind: "user.session.start", message: "User login to Okta", actor: e.Actor, session: session,
				credential: "PASSWORD", transaction: w.ID("tx", k)}, okta.EventID(w, k))
		})
		if began[p] {
			continue // a second sign-in of the day: the work goes on
		}
		began[p] = true
		q := t.sheet(forPerson, int(p), day)
		q.work(shift{person: p, from: e.At, to: e.At + q.span(6*life.Hour, 10*life.Hour), at: from, session: session})
		s.acts = append(s.acts, q.acts...)
	}
}

// work is a person's day.
func (s *sheet) work(f shift) {
	if left := s.w.People[f.person].LeftAt(); left != 0 {
		f.to = min(f.to, left)
	}
	s.typo(f)
	s.apps(f)
	s.coding(f)
	s.operating(f)
	s.writing(f)
	s.mailing(f)
	s.clustering(f)
	s.shell(f)
	s.querying(f)
}

// some calls do as often as is usual, spread over the shift with a pause at noon.
func (s *sheet) some(f shift, mean float64, do func(at life.Time)) {
	if f.to <= f.from {
		return
	}
	for range s.count(mean * s.o.Factor) {
		at := f.from + s.span(life.Minute, f.to-f.from)
		if h := int((at - life.Midnight(at.Date())) / life.Hour); h == 12 && s.chance(0.6) {
			at += s.span(0, 90*life.Minute)
		}
		do(at)
	}
}

// typo is a password mistyped, mostly once.
func (s *sheet) typo(f shift) {
	if !s.chance(0.05) {
		return
	}
	for i := range 1 + s.IntN(2)*s.IntN(3) {
		s.okta(f.from-life.Time(60+20*i)*life.Second, &f.at, signal{kind: "user.session.start", message: "User login to Okta", actor: f.person,
			denied: "INVALID_CREDENTIALS", severity: "WARN", credential: "PASSWORD"})
	}
	if s.chance(0.1) {
		s.okta(f.from-30*life.Second, &f.at, signal{kind: "user.mfa.okta_verify.deny_push", message: "User rejected Okta push verify", actor: f.person,
			denied: "INVALID_CREDENTIALS", severity: "WARN", targets: []party{s.user(f.person)}})
	}
}

// apps opens the applications a person has.
func (s *sheet) apps(f shift) {
	var mine []string
	for i := range s.w.Apps {
		a := &s.w.Apps[i]
		for _, u := range a.Users {
			if u.Subject == f.person && u.Has(f.from) && !a.Inactive {
				mine = append(mine, a.Label)
			}
		}
	}
	if len(mine) == 0 {
		return
	}
	s.some(f, 6, func(at life.Time) { s.sso(at, f.person, &f.at, f.session, pick(s.dice, mine)) })
	if s.chance(0.3) {
		s.okta(f.to, &f.at, signal{kind: "user.session.end", message: "User logout from Okta", actor: f.person, session: f.session})
	}
}

// reads are the calls with which people look around in the cloud.
var reads = []call{
	{source: "ec2", name: "DescribeInstances", params: `{"instancesSet":{},"filterSet":{}}`}, {source: "ec2", name: "DescribeSecurityGroups", params: `{"securityGroupSet":{}}`},
	{source: "ecs", name: "DescribeServices", params: `{"cluster":"production"}`}, {source: "ecs", name: "ListTasks", params: `{"cluster":"production"}`},
	{source: "logs", name: "FilterLogEvents", params: `{"logGroupName":"/production/app"}`}, {source: "logs", name: "DescribeLogGroups"},
	{source: "monitoring", name: "DescribeAlarms"}, {source: "monitoring", name: "GetMetricData"}, {source: "s3", name: "ListBuckets"},
	{source: "rds", name: "DescribeDBInstances"}, {source: "iam", name: "ListRoles"}, {source: "iam", name: "GetRole"}, {source: "eks", name: "DescribeCluster", params: `{"name":"production"}`},
	{source: "cloudtrail", name: "LookupEvents"}, {source: "elasticloadbalancing", name: "DescribeLoadBalancers"}, {source: "kms", name: "ListKeys"},
}

// operating is work in the cloud, of those who have the console.
func (s *sheet) operating(f shift) {
	p := f.person
	var role string
	switch {
	case s.is(p, f.from, "Platform"):
		role = powerRole
	case s.is(p, f.from, "Security"), s.is(p, f.from, "Data"):
		role = readRole
	case s.is(p, f.from, "Engineering") && p%4 == 0:
		role = readRole
	default:
		return
	}
	if role == readRole && s.chance(0.4) {
		return
	}
	begin := f.from + s.span(5*life.Minute, 2*life.Hour)
	s.sso(begin-4*life.Second, p, &f.at, f.session, "Cloud console")
	h, _ := s.console(begin, s.mail(p), role, f.at)
	g := f
	g.from = begin + life.Minute
	mean := 14.0
	if role == powerRole {
		mean = 40
	}
	s.some(g, mean, func(at life.Time) {
		c := pick(s.dice, reads)
		if s.chance(0.004) {
			c.fault, c.message = "AccessDenied", "User is not authorized to perform this action"
		}
		s.aws(at, h, f.at, c)
	})
	if role == powerRole {
		s.some(g, 1.6, func(at life.Time) { s.change(at, h, f.at) })
	}
	if s.is(p, f.from, "Data") {
		s.some(g, 12, func(at life.Time) {
			s.object(at, h, f.at, "GetObject", "northwind-warehouse", "daily/"+at.Date().String()+"/part-"+letters(s.number(), hexadecimal, 4))
		})
	}
}

// object is a call on an object in a bucket.
func (s *sheet) object(at life.Time, h holder, from place, name, bucket, key string) string {
	return s.aws(at, h, from, call{source: "s3", name: name, data: true, params: text("bucketName", bucket, "key", key),
		resources: []resource{{"AWS::S3::Object", "arn:aws:s3:::" + bucket + "/" + key}, {"AWS::S3::Bucket", "arn:aws:s3:::" + bucket}}})
}

// change is an authorised change in the cloud.
func (s *sheet) change(at life.Time, h holder, from place) {
	sv := pick(s.dice, s.cast.services)
	switch s.IntN(8) {
	case 0:
		s.aws(at, h, from, call{source: "ecs", name: "UpdateService", params: text("cluster", "production", "service", sv.name, "forceNewDeployment", "true")})
	case 1:
		s.aws(at, h, from, call{source: "ssm", name: "PutParameter", params: text("name", sv.setting(), "overwrite", "true")})
	case 2:
		s.aws(at, h, from, call{source: "monitoring", name: "PutMetricAlarm", params: text("alarmName", sv.name+"-errors")})
	case 3:
		s.aws(at, h, from, call{source: "ec2", name: "CreateTags", params: text("resourcesSet", `{"items":[{"resourceId":"i-`+letters(mix(uint64(sv.repo)), hexadecimal, 17)+`"}]}`)})
	case 4:
		s.aws(at, h, from, call{source: "rds", name: "CreateDBSnapshot", params: text("dBInstanceIdentifier", sv.name, "dBSnapshotIdentifier", sv.name+"-"+at.Date().String())})
	case 5:
		s.aws(at, h, from, call{source: "ec2", name: "AuthorizeSecurityGroupIngress", params: text("groupId", sv.group(),
			"ipPermissions", `{"items":[{"ipProtocol":"tcp","fromPort":443,"toPort":443,"ipRanges":{"items":[{"cidrIp":"198.51.100.0/24"}]}}]}`)})
	case 6:
		s.aws(at, h, from, call{source: "iam", name: "PutRolePolicy", params: text("roleName", sv.role, "policyName", "access",
			"policyDocument", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::`+sv.bucket+`/*"}]}`)})
	default:
		s.aws(at, h, from, call{source: "ecs", name: "RegisterTaskDefinition", params: text("family", sv.name)})
	}
}

// nights are those of whoever is on call: somebody of the platform, for a week, is called now and then.
func (t *Trail) nights(s *sheet, day period.Date) {
	n := roll(t.w.Seed, forNight, 0, int(day))
	lo := life.Midnight(day)
	var crew []int32
	for i := range t.w.People {
		if p := &t.w.People[i]; p.ActiveAt(lo) && p.ActiveAt(lo+life.Day) && t.is(int32(i), lo, "Platform") && !p.Contractor {
			crew = append(crew, int32(i))
		}
	}
	if len(crew) == 0 || !n.chance(0.28) {
		return
	}
	p := crew[int(day)/7%len(crew)]
	at := lo + n.span(0, 5*life.Hour)
	if n.chance(0.4) {
		at = lo + n.span(20*life.Hour, 23*life.Hour)
	}
	q := t.sheet(forNight, int(p), day)
	from, session := t.home(p), "102"+letters(q.number(), base62, 17)
	q.signIn(at, p, &from, session, "OKTA_VERIFY_PUSH")
	f := shift{person: p, from: at, to: at + q.span(15*life.Minute, 100*life.Minute), at: from, session: session}
	q.sso(at+20*life.Second, p, &from, session, "Alerting")
	q.sso(at+50*life.Second, p, &from, session, "Cloud console")
	h, _ := q.console(at+54*life.Second, t.mail(p), powerRole, from)
	f.from += life.Minute
	q.some(f, 18, func(at life.Time) { q.aws(at, h, from, pick(q.dice, reads)) })
	q.some(f, 1, func(at life.Time) { q.change(at, h, from) })
	s.acts = append(s.acts, q.acts...)
}
