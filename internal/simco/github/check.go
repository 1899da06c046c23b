package github

import (
	"net/http"
	"time"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// commitOf finds the commit of a pull request that a request names; it answers 422 and gives nil if there is none.
func (s *Server) commitOf(w http.ResponseWriter, r *http.Request, v *view) (repo int32, p *life.Pull, n int, at life.Time) {
	i := s.repoOf(w, r, v)
	if i < 0 {
		return -1, nil, 0, 0
	}
	sha := r.PathValue("sha")
	if sha == life.Branch {
		sha = s.repoAt(v, i).head
	}
	p, n = s.w.CommitAt(i, sha)
	if p != nil {
		switch n {
		case life.MergeCommit:
			at = p.Merged
		case life.TestMerge:
			at = p.Created
		default:
			at = p.Commits[n].At
		}
	}
	if p == nil || at == 0 || at > v.at {
		s.fail(w, r, http.StatusUnprocessableEntity, "No commit found for SHA: "+sha, docs+"/commits")
		return -1, nil, 0, 0
	}
	return i, p, n, at
}

// check is the state of a commit's checks at t.
func check(p *life.Pull, n int, at, t life.Time) (ran bool, started, done life.Time, red bool) {
	if p.NoChecks || n == life.TestMerge {
		return false, 0, 0, false
	}
	started = after(at, time.Duration(life.CheckStart)*time.Millisecond, t)
	done = after(at, time.Duration(life.CheckTime)*time.Millisecond, t)
	return started != 0, started, done, n < len(p.Commits) && p.Commits[n].Red
}

// status is the combined status of a commit: one context, ci/build, where checks run at all.
func (s *Server) status(w http.ResponseWriter, r *http.Request, v *view) {
	i, p, n, at := s.commitOf(w, r, v)
	if p == nil {
		return
	}
	base := wire.Base(r)
	sha := s.w.SHA(i, p, n)
	url := base + "/repos/" + s.w.Repos[i].FullName() + "/commits/" + sha
	ran, started, done, red := check(p, n, at, v.at)
	state := "pending"
	if ran && done != 0 {
		if state = "success"; red {
			state = "failure"
		}
	}
	j := wire.NewJSON().Obj().S("state", state).A("statuses")
	total := int64(0)
	if ran {
		total = 1
		id := s.pullID(i, p.Number)*300 + int64(n)
		j.Obj().S("url", base+"/repos/"+s.w.Repos[i].FullName()+"/statuses/"+sha).I("id", id).S("node_id", node("StatusContext", id)).
			S("state", state).S("description", "Build").S("target_url", "https://ci.northwind.example/builds/"+itoa(id)).
			S("context", "ci/build").T("created_at", started).T("updated_at", max(started, done)).End()
	}
	j.EndArr().S("sha", sha).I("total_count", total).O("repository")
	s.repoShort(j, base, v, i)
	j.End().S("commit_url", url).S("url", url+"/status")
	s.send(w, r, j.End())
}

// checkRuns lists the check runs of a commit: test and lint, where checks run at all. A red commit fails test.
func (s *Server) checkRuns(w http.ResponseWriter, r *http.Request, v *view) {
	i, p, n, at := s.commitOf(w, r, v)
	if p == nil {
		return
	}
	ran, started, done, red := check(p, n, at, v.at)
	var names []string
	if ran {
		names = []string{"test", "lint"}
	}
	only := r.URL.Query().Get("check_name")
	if ran && only != "" {
		names = nil
		if only == "test" || only == "lint" {
			names = []string{only}
		}
	}
	base := wire.Base(r)
	sha := s.w.SHA(i, p, n)
	full := s.w.Repos[i].FullName()
	lo, hi := s.page(w, r, len(names))
	j := wire.NewJSON().Obj().I("total_count", int64(len(names))).A("check_runs")
	for k := lo; k < hi; k++ {
		id := s.pullID(i, p.Number)*600 + int64(n*2+k)
		status, conclusion := "in_progress", ""
		if done != 0 {
			if status, conclusion = "completed", "success"; red && names[k] == "test" {
				conclusion = "failure"
			}
		}
		j.Obj().I("id", id).S("name", names[k]).S("node_id", node("CheckRun", id)).S("head_sha", sha).S("external_id", itoa(id)).
			S("url", base+"/repos/"+full+"/check-runs/"+itoa(id)).S("html_url", "https://github.example/"+full+"/runs/"+itoa(id)).
			S("details_url", "https://ci.northwind.example/runs/"+itoa(id)).S("status", status).SN("conclusion", conclusion).
			T("started_at", started).T("completed_at", done).O("output").N("title").N("summary").N("text").
			I("annotations_count", 0).End().O("check_suite").I("id", id/2).End().O("app").I("id", 1907).S("slug", "northwind-ci").
			S("name", "Northwind CI").End().A("pull_requests").EndArr().End()
	}
	s.send(w, r, j.EndArr().End())
}
