package audit

import (
	"fmt"
	"sort"

	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/simco/github"
	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// code writes the code host's audit log of a day as the life knows it, and what the pipeline does for each push and release.
func (t *Trail) code(s *sheet, day period.Date) {
	w := t.w
	lo, hi := life.Midnight(day), life.Midnight(day+1)
	for k := sort.Search(len(w.Audit), func(i int) bool { return w.Audit[i].At >= lo }); k < len(w.Audit) && w.Audit[k].At < hi; k++ {
		e := &w.Audit[k]
		s.put(e.At, GitHub, w.DocumentID(e), func(j *wire.JSON) { github.WriteEvent(j, w, e) })
	}
	for k := sort.Search(len(w.Git), func(i int) bool { return w.Git[i].At >= lo }); k < len(w.Git) && w.Git[k].At < hi; k++ {
		e := &w.Git[k]
		from := t.git(e.Actor, int(day))
		g := entry{action: "git.push", actor: e.Actor, repo: e.Repo, user: -1, fields: []string{"operation_type", "access", "transport_protocol_name", "ssh"}}
		if e.Kind == life.GitClone {
			g.action = "git.clone"
		}
		if w.Logins[e.Actor].Person < 0 {
			g.with, g.token = "OAuth access token", w.Logins[e.Actor].Name
		}
		s.githubAs(e.At, &from, g, w.DocumentID(e))
		if e.Kind == life.GitPush {
			s.pipeline(e.At+life.CheckStart, e.Repo)
		}
	}
	for i := range w.Repos {
		t.pulls(s, int32(i), lo, hi)
		t.releases(s, int32(i), lo, hi)
	}
}

// git is from where a login works with code.
func (t *Trail) git(login int32, day int) place {
	if p := t.w.Logins[login].Person; p >= 0 {
		return t.whereabouts(p, day)
	}
	p := server(240)
	p.git, p.agent = "git/2.51.0", "Northwind-CI/4.2"
	return p
}

// pulls are the pull requests that were opened, reviewed and merged.
func (t *Trail) pulls(s *sheet, repo int32, lo, hi life.Time) {
	r := &t.w.Repos[repo]
	k := sort.Search(len(r.Pulls), func(i int) bool { return r.Pulls[i].Created >= lo-60*life.Day })
	in := func(at life.Time) bool { return at >= lo && at < hi }
	for ; k < len(r.Pulls) && r.Pulls[k].Created < hi; k++ {
		p := &r.Pulls[k]
		say := func(at life.Time, action string, by int32) {
			from := t.git(by, int(lo.Date()))
			s.github(at+s.span(0, life.Second), &from, entry{action: action, actor: by, repo: repo, user: -1,
				fields: []string{"operation_type", "create", "pull_request_id", fmt.Sprint(900_000 + int(repo)*4096 + int(p.Number))}})
		}
		if in(p.Created) {
			say(p.Created, "pull_request.create", p.Author)
		}
		for _, v := range p.Reviews {
			if in(v.At) {
				say(v.At, "pull_request_review.submit", v.By)
			}
		}
		if in(p.Merged) {
			say(p.Merged, "pull_request.merge", p.MergedBy)
		}
	}
}

// robot is the pipeline's own network.
func robot() place {
	p := server(241)
	p.cli, p.git, p.agent = "aws-cli/2.31.8 md/awscrt#0.27.6 ua/2.1 os/linux#6.8.0-1041 md/arch#x86_64 lang/python#3.13.7", "git/2.51.0", "actions/runner 2.329.0"
	p.kubectl = "kubectl/v1.34.0 (linux/amd64) kubernetes/f28b4c9"
	return p
}

// pipeline is a run of the checks of a push: a short-lived identity, an image that is kept.
func (s *sheet) pipeline(at life.Time, repo int32) {
	r := &s.w.Repos[repo]
	from := robot()
	s.github(at, &from, entry{action: "workflows.created_workflow_run", actor: s.w.LoginByName("northwind-ci-bot"), repo: repo, user: -1,
		with: "GitHub App server-to-server token", token: "ci " + r.Name, fields: []string{"operation_type", "create", "name", "checks"}})
	if !r.Prod {
		return
	}
	h := s.workload(at+20*life.Second, r.Name, "ci-build", from)
	s.aws(at+30*life.Second, h, from, call{source: "ecr", name: "GetAuthorizationToken"})
	s.aws(at+5*life.Minute, h, from, call{source: "ecr", name: "PutImage", params: text("repositoryName", r.Name, "imageTag", letters(uint64(at), hexadecimal, 12))})
}

// workload is how a run of the pipeline gets its key.
func (s *sheet) workload(at life.Time, repo, role string, from place) holder {
	session := "run-" + letters(s.number(), "0123456789", 10)
	key := s.tempKey()
	h := s.assumed(role, session, key, at)
	subject := "repo:" + life.OrgLogin + "/" + repo + ":ref:refs/heads/main"
	s.aws(at, holder{kind: "WebIdentityUser", principal: "arn:aws:iam::" + account + ":oidc-provider/token.actions.example:" + subject, user: subject}, from,
		call{source: "sts", name: "AssumeRoleWithWebIdentity", params: text("roleArn", h.roleARN, "roleSessionName", session, "durationSeconds", "3600"),
			answer: issued(key, at+life.Hour, h.arn, h.principal), resources: []resource{{"AWS::IAM::Role", h.roleARN}}})
	return h
}

// releases are deployments: the pipeline changes what runs.
func (t *Trail) releases(s *sheet, repo int32, lo, hi life.Time) {
	r := &t.w.Repos[repo]
	k := sort.Search(len(r.Deploys), func(i int) bool { return r.Deploys[i].At >= lo })
	for ; k < len(r.Deploys) && r.Deploys[k].At < hi; k++ {
		d := &r.Deploys[k]
		if !d.Production {
			continue
		}
		from := robot()
		h := s.workload(d.At+ReleaseSignIn, r.Name, "ci-deploy", from)
		s.aws(d.At+20*life.Second, h, from, call{source: "ecr", name: "BatchGetImage", params: text("repositoryName", r.Name)})
		s.aws(d.At+ReleaseFirst, h, from, call{source: "ecs", name: "RegisterTaskDefinition", params: text("family", r.Name)})
		s.aws(d.At+ReleaseLast, h, from, call{source: "ecs", name: "UpdateService", params: text("cluster", "production", "service", r.Name)})
		s.aws(d.At+ReleaseLook, h, from, call{source: "ecs", name: "DescribeServices", params: text("cluster", "production")})
	}
}

// coding is what a person does with code beside pushes and reviews, which the life knows.
func (s *sheet) coding(f shift) {
	login := s.w.LoginOf(f.person)
	if login < 0 || !s.member(login, f.from) {
		return
	}
	own := s.reach(login, f.from)
	if len(own) == 0 {
		return
	}
	s.some(f, 7, func(at life.Time) {
		repo := own[min(s.IntN(len(own)), s.IntN(len(own)))]
		if s.chance(0.06) {
			repo = int32(s.IntN(len(s.w.Repos)))
		}
		if s.w.Repos[repo].Created > at {
			return
		}
		action := "git.fetch"
		if s.chance(0.12) {
			action = "git.clone"
		}
		s.github(at, &f.at, entry{action: action, actor: login, repo: repo, user: -1, with: "OAuth access token", token: "laptop " + s.w.Logins[login].Name,
			fields: []string{"operation_type", "access", "transport_protocol_name", "http"}})
	})
}

// member reports whether a login is in the organisation at an instant, as a member or from outside.
func (t *Trail) member(login int32, at life.Time) bool {
	for _, list := range [][]life.Member{t.w.Members, t.w.Collaborators} {
		for i := range list {
			if list[i].Subject == login && list[i].Has(at) {
				return true
			}
		}
	}
	return false
}

// reach are the repositories of the teams a login is in.
func (t *Trail) reach(login int32, at life.Time) []int32 {
	var out []int32
	for i := range t.w.Teams {
		for _, m := range t.w.Teams[i].Members {
			if m.Subject == login && m.Has(at) {
				out = append(out, t.w.Teams[i].Repos...)
				break
			}
		}
	}
	return out
}
