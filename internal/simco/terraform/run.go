package terraform

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/simco/audit"
	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// workspace is what the code of one program in production manages.
type workspace struct {
	audit.Service
	id   string
	made life.Time
	auto bool  // nobody is asked between plan and apply
	old  bool  // its states are kept in the older form alone
	runs []run // ascending by creation
}

// run is a release as this service sees it: a plan, a word of confirmation or none, and an apply.
type run struct {
	id, commit, source                        string
	by, confirmer                             account // confirmer without an id: nobody was asked
	created, planned, confirmed, began, ended life.Time
	failed                                    bool
	pull                                      int32 // number of the pull request whose merge it applies; 0 for none
}

// account is somebody's account here.
type account struct {
	id, name string
	service  bool
}

// deployer is the account of the company's pipeline.
const deployer = "northwind-deploy"

// key is an identifier that follows from a name.
func (s *Server) key(prefix, name string) string {
	const letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789"
	h := s.w.Seed*0x9e3779b97f4a7c15 + 0xcbf29ce484222325
	out := make([]byte, 16)
	for i := range len(name) + len(out) {
		if i < len(name) {
			h ^= uint64(name[i])
		}
		h *= 0x100000001b3
		h ^= h >> 29
		if i >= len(name) {
			out[i-len(name)] = letters[(h>>20)%uint64(len(letters))]
		}
	}
	return prefix + string(out)
}

func (s *Server) account(name string, service bool) account {
	return account{s.key("user-", name), name, service}
}

// all are the workspaces of the whole life, by name.
func (s *Server) all() []*workspace {
	return s.spots.Get(func() []*workspace {
		var out []*workspace
		for _, v := range audit.Services(s.w) {
			r := &s.w.Repos[v.Repo]
			x := &workspace{Service: v, id: s.key("ws-", v.Name), made: r.Created + life.Hour, auto: v.Repo%3 != 1, old: v.Repo%4 == 2}
			for i := range r.Deploys {
				if d := &r.Deploys[i]; d.Production {
					x.runs = append(x.runs, s.release(x, d))
				}
			}
			slices.SortStableFunc(x.runs, func(a, b run) int { return cmp.Compare(a.created, b.created) })
			out = append(out, x)
		}
		slices.SortFunc(out, func(a, b *workspace) int { return strings.Compare(a.Name, b.Name) })
		return out
	})
}

// release is the run of a deployment to production: it begins to apply when the pipeline has its key for the cloud, and has applied
// what it changed there when it looks whether it runs.
func (s *Server) release(x *workspace, d *life.Deployment) run {
	r := run{id: s.key("run-", fmt.Sprint(d.ID)), commit: d.SHA, source: "tfe-api", by: s.account(deployer, true), created: d.At + life.Second, planned: d.At + 12*life.Second,
		began: d.At + audit.ReleaseSignIn + 10*life.Second, ended: d.At + audit.ReleaseLook + 5*life.Second, failed: d.States[len(d.States)-1].Is != "success"}
	p, n := s.w.CommitAt(x.Repo, d.SHA)
	merged := p != nil && n == life.MergeCommit
	if merged {
		r.pull = p.Number
	}
	login := &s.w.Logins[d.By]
	switch {
	case !login.App: // somebody does it alone
		r.by = s.account(login.Name, false)
		r.confirmer, r.confirmed, r.source = r.by, r.planned+life.Second, "tfe-ui"
	case !x.auto && merged: // the merge began it, and somebody of the platform says that it may go on
		r.source, r.by = "tfe-configuration-version", s.account(s.w.Logins[p.MergedBy].Name, s.w.Logins[p.MergedBy].App)
		r.created = max(p.Merged+40*life.Second, d.At-20*life.Minute)
		r.planned, r.confirmed = r.created+50*life.Second, max(r.created+life.Minute, d.At-8*life.Second)
		if name := s.platform(d, r.by.name); name != "" {
			r.confirmer = s.account(name, false)
		}
	}
	return r
}

// platform is somebody of the platform who works there when a deployment begins, and is not who made the run.
func (s *Server) platform(d *life.Deployment, not string) string {
	var crew []string
	for i := range s.w.People {
		p := &s.w.People[i]
		if !p.ActiveAt(d.At) || p.Contractor || life.Departments[p.JobAt(d.At).Dept].Name != "Platform" {
			continue
		}
		if login := s.w.LoginOf(int32(i)); login >= 0 && s.w.Logins[login].Name != not {
			crew = append(crew, s.w.Logins[login].Name)
		}
	}
	if len(crew) == 0 {
		return ""
	}
	return crew[int(d.ID)%len(crew)]
}

// shown are the workspaces that there are at an instant.
func (s *Server) shown(at life.Time) []*workspace {
	return slices.DeleteFunc(slices.Clone(s.all()), func(x *workspace) bool { return x.made > at })
}

func (s *Server) named(id string, at life.Time) *workspace {
	i := slices.IndexFunc(s.all(), func(x *workspace) bool { return x.id == id && x.made <= at })
	if i < 0 {
		return nil
	}
	return s.all()[i]
}

// status is where a run is at an instant.
func (r *run) status(at life.Time) string {
	switch {
	case at >= r.ended && r.failed:
		return "errored"
	case at >= r.ended:
		return "applied"
	case at >= r.began:
		return "applying"
	case r.confirmed != 0 && at >= r.confirmed:
		return "confirmed"
	case at >= r.planned:
		return "planned"
	}
	return "planning"
}

// runs lists the runs of a workspace, newest first.
func (s *Server) runs(w http.ResponseWriter, r *http.Request, at life.Time) {
	x := s.named(r.PathValue("id"), at)
	if x == nil {
		s.missing(w)
		return
	}
	n := 0
	for n < len(x.runs) && x.runs[n].created <= at {
		n++
	}
	lo, hi, meta, ok := s.page(w, r, n)
	if !ok {
		return
	}
	include := map[string]bool{}
	for part := range strings.SplitSeq(r.URL.Query().Get("include"), ",") {
		include[part] = true
	}
	j := wire.NewJSON().Obj().A("data")
	for k := lo; k < hi; k++ {
		s.writeRun(j, x, &x.runs[n-1-k], at)
	}
	j.EndArr().A("included")
	seen := map[string]bool{}
	for k := lo; k < hi; k++ {
		s.included(j, x, &x.runs[n-1-k], at, include, seen)
	}
	j.EndArr()
	s.send(w, meta(j).End())
}

func (s *Server) writeRun(j *wire.JSON, x *workspace, r *run, at life.Time) {
	message := "Release of " + r.commit[:8]
	if r.pull != 0 {
		message = fmt.Sprintf("Merge pull request #%d", r.pull)
	}
	j.Obj().S("id", r.id).S("type", "runs").O("attributes").TMs("created-at", r.created).S("status", r.status(at)).S("source", r.source).S("message", message).
		B("is-destroy", false).B("plan-only", false).B("auto-apply", x.auto).B("has-changes", true).
		A("variables").Obj().S("key", "release_key").S("value", `"`+s.hidden("variable "+r.id)+`"`).End().EndArr().
		O("status-timestamps").TZone("planning-at", r.created)
	for _, t := range []struct {
		key string
		at  life.Time
	}{{"planned-at", r.planned}, {"confirmed-at", r.confirmed}, {"applying-at", r.began}} {
		if t.at != 0 && t.at <= at {
			j.TZone(t.key, t.at)
		}
	}
	if end := map[bool]string{false: "applied-at", true: "errored-at"}[r.failed]; r.ended <= at {
		j.TZone(end, r.ended)
	}
	j.End().End().O("relationships")
	link := func(name, kind, id string) { j.O(name).O("data").S("id", id).S("type", kind).End().End() }
	link("workspace", "workspaces", x.id)
	link("apply", "applies", "apply-"+r.id[4:])
	link("configuration-version", "configuration-versions", "cv-"+r.id[4:])
	link("created-by", "users", r.by.id)
	if r.confirmer.id != "" && r.confirmed <= at {
		link("confirmed-by", "users", r.confirmer.id)
	}
	j.End().End()
}

// included are the documents that go along with a run, each once.
func (s *Server) included(j *wire.JSON, x *workspace, r *run, at life.Time, include, seen map[string]bool) {
	if include["created_by"] && !seen[r.by.id] {
		seen[r.by.id] = true
		writeUser(j, r.by)
	}
	if include["apply"] {
		j.Obj().S("id", "apply-"+r.id[4:]).S("type", "applies").O("attributes")
		if at >= r.ended {
			j.S("status", map[bool]string{false: "finished", true: "errored"}[r.failed]).I("resource-additions", 0).I("resource-changes", 2).I("resource-destructions", 0)
		} else {
			j.S("status", "pending").N("resource-additions").N("resource-changes").N("resource-destructions")
		}
		j.End().End()
	}
	if include["configuration_version.ingress_attributes"] {
		ingress := "ia-" + r.id[4:]
		j.Obj().S("id", "cv-"+r.id[4:]).S("type", "configuration-versions").O("attributes").S("source", "github").S("status", "uploaded").End().
			O("relationships").O("ingress-attributes").O("data").S("id", ingress).S("type", "ingress-attributes").End().End().End().End()
		j.Obj().S("id", ingress).S("type", "ingress-attributes").O("attributes").S("branch", life.Branch).S("commit-sha", r.commit).
			S("identifier", s.w.Repos[x.Repo].FullName()).B("is-pull-request", false).S("sender-username", r.by.name).End().End()
	}
}

func writeUser(j *wire.JSON, a account) {
	j.Obj().S("id", a.id).S("type", "users").O("attributes").S("username", a.name).B("is-service-account", a.service).End().End()
}

// user is one account: of the pipeline, or of somebody who made or confirmed a run.
func (s *Server) user(w http.ResponseWriter, r *http.Request, _ life.Time) {
	for _, x := range s.all() {
		for i := range x.runs {
			for _, a := range []account{x.runs[i].by, x.runs[i].confirmer} {
				if a.id != "" && a.id == r.PathValue("id") {
					j := wire.NewJSON().Obj().Key("data")
					writeUser(j, a)
					s.send(w, j.End())
					return
				}
			}
		}
	}
	s.missing(w)
}
