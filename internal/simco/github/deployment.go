package github

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

func environment(d *life.Deployment) string {
	if d.Production {
		return "production"
	}
	return "staging"
}

// deployments lists a repository's deployments, newest first, filtered by environment, sha, ref and task.
func (s *Server) deployments(w http.ResponseWriter, r *http.Request, v *view) {
	i := s.repoOf(w, r, v)
	if i < 0 {
		return
	}
	q := r.URL.Query()
	repo := &s.w.Repos[i]
	n := s.repoAt(v, i).deploys
	var list []int
	filtered := q.Has("environment") || q.Has("sha") || q.Has("ref") || q.Has("task")
	if filtered {
		for k := n - 1; k >= 0; k-- {
			d := &repo.Deploys[k]
			if match(q.Get("environment"), environment(d)) && match(q.Get("sha"), d.SHA) && match(q.Get("ref"), life.Branch) &&
				match(q.Get("task"), "deploy") {
				list = append(list, k)
			}
		}
		n = len(list)
	}
	lo, hi := s.page(w, r, n)
	j := wire.NewJSON().Arr()
	for k := lo; k < hi; k++ {
		pos := n - 1 - k
		if filtered {
			pos = list[k]
		}
		j.Obj()
		s.deploymentFields(j, wire.Base(r), v, i, &repo.Deploys[pos])
		j.End()
	}
	s.send(w, r, j.EndArr())
}

func match(want, is string) bool { return want == "" || want == is }

func (s *Server) deploymentFields(j *wire.JSON, base string, v *view, i int32, d *life.Deployment) {
	repo := base + "/repos/" + s.w.Repos[i].FullName()
	url := repo + "/deployments/" + itoa(d.ID)
	updated := d.At
	if st := d.Latest(v.at); st != nil {
		updated = st.At
	}
	j.S("url", url).I("id", d.ID).S("node_id", node("Deployment", d.ID)).S("sha", d.SHA).S("ref", life.Branch).S("task", "deploy").
		O("payload").End().S("original_environment", environment(d)).S("environment", environment(d)).N("description")
	s.person(j, base, "creator", d.By)
	j.T("created_at", d.At).T("updated_at", updated).S("statuses_url", url+"/statuses").S("repository_url", repo).
		B("transient_environment", false).B("production_environment", d.Production)
	s.app(j, d.By)
}

// app writes the application behind an identity of its own.
func (s *Server) app(j *wire.JSON, login int32) {
	l := &s.w.Logins[login]
	if !l.App {
		j.N("performed_via_github_app")
		return
	}
	j.O("performed_via_github_app").I("id", l.ID%100_000).S("slug", "northwind-deploy").S("name", "northwind-deploy").End()
}

// deploymentOf finds the deployment a request names; it answers 404 and gives nil if there is none.
func (s *Server) deploymentOf(w http.ResponseWriter, r *http.Request, v *view) (int32, *life.Deployment) {
	i := s.repoOf(w, r, v)
	if i < 0 {
		return -1, nil
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	list := s.w.Repos[i].Deploys[:s.repoAt(v, i).deploys]
	k, ok := slices.BinarySearchFunc(list, id, func(d life.Deployment, id int64) int { return int(d.ID - id) })
	if err != nil || !ok {
		s.missing(w, r)
		return -1, nil
	}
	return i, &list[k]
}

func (s *Server) deployment(w http.ResponseWriter, r *http.Request, v *view) {
	if i, d := s.deploymentOf(w, r, v); d != nil {
		j := wire.NewJSON().Obj()
		s.deploymentFields(j, wire.Base(r), v, i, d)
		s.send(w, r, j.End())
	}
}

// deploymentStatuses lists the states a deployment reached, newest first. The pipeline does not set older deployments
// inactive.
func (s *Server) deploymentStatuses(w http.ResponseWriter, r *http.Request, v *view) {
	i, d := s.deploymentOf(w, r, v)
	if d == nil {
		return
	}
	n := 0
	for n < len(d.States) && d.States[n].At <= v.at {
		n++
	}
	base := wire.Base(r)
	repo := base + "/repos/" + s.w.Repos[i].FullName()
	url := repo + "/deployments/" + itoa(d.ID)
	lo, hi := s.page(w, r, n)
	j := wire.NewJSON().Arr()
	for k := n - 1 - lo; k >= n-hi; k-- {
		st := d.States[k]
		id := d.ID*4 + int64(k)
		j.Obj().S("url", url+"/statuses/"+itoa(id)).I("id", id).S("node_id", node("DeploymentStatus", id)).S("state", st.Is)
		s.person(j, base, "creator", d.By)
		j.S("description", "").S("environment", environment(d)).S("target_url", "").T("created_at", st.At).T("updated_at", st.At).
			S("deployment_url", url).S("repository_url", repo).S("environment_url", "").S("log_url", "")
		s.app(j, d.By)
		j.End()
	}
	s.send(w, r, j.EndArr())
}
