package github

import (
	"net/http"
	"strings"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

func reviewState(v *life.Review, t life.Time) string {
	if v.Dismissed != 0 && v.Dismissed <= t {
		return "DISMISSED"
	}
	return [...]string{life.Commented: "COMMENTED", life.Approved: "APPROVED", life.ChangesRequested: "CHANGES_REQUESTED"}[v.State]
}

func (s *Server) reviews(w http.ResponseWriter, r *http.Request, v *view) {
	i, p := s.pullOf(w, r, v)
	if p == nil {
		return
	}
	n := 0
	for n < len(p.Reviews) && p.Reviews[n].At <= v.at {
		n++
	}
	lo, hi := s.page(w, r, n)
	base := wire.Base(r)
	full := s.w.Repos[i].FullName()
	j := wire.NewJSON().Arr()
	for k := lo; k < hi; k++ {
		rv := &p.Reviews[k]
		id := s.pullID(i, p.Number)*16 + int64(k)
		j.Obj().I("id", id).S("node_id", node("PullRequestReview", id))
		s.person(j, base, "user", rv.By)
		text := ""
		if rv.State != life.Approved {
			text = "Please have a look at the edge cases."
		}
		j.S("body", text).S("state", reviewState(rv, v.at)).
			S("html_url", "https://github.example/"+full+"/pull/"+itoa(int64(p.Number))+"#pullrequestreview-"+itoa(id)).
			S("pull_request_url", base+"/repos/"+full+"/pulls/"+itoa(int64(p.Number))).S("author_association", "MEMBER").
			T("submitted_at", rv.At).S("commit_id", s.w.SHA(i, p, int(rv.Commit))).End()
	}
	s.send(w, r, j.EndArr())
}

// mail is the address and name that a login's commits carry.
func (s *Server) mail(login int32) (name, address string) {
	l := &s.w.Logins[login]
	if l.Person >= 0 {
		p := &s.w.People[l.Person]
		return p.First + " " + p.Last, p.Email
	}
	return l.Name, strings.TrimSuffix(l.Name, "[bot]") + "@bots." + life.Domain
}

func (s *Server) commits(w http.ResponseWriter, r *http.Request, v *view) {
	i, p := s.pullOf(w, r, v)
	if p == nil {
		return
	}
	lo, hi := s.page(w, r, p.HeadAt(v.at)+1)
	base := wire.Base(r)
	repo := base + "/repos/" + s.w.Repos[i].FullName()
	parent := s.w.LooseSHA(i, 100+int(p.Number))
	if lo > 0 {
		parent = s.w.SHA(i, p, lo-1)
	}
	j := wire.NewJSON().Arr()
	for k := lo; k < hi; k++ {
		c := &p.Commits[k]
		sha := s.w.SHA(i, p, k)
		name, address := s.mail(c.By)
		j.Obj().S("sha", sha).S("node_id", "C_"+sha[:20]).O("commit")
		for _, who := range []string{"author", "committer"} {
			j.O(who).S("name", name).S("email", address).T("date", c.At).End()
		}
		j.S("message", s.title(p)).O("tree").S("sha", parent).End().S("url", repo+"/git/commits/"+sha).I("comment_count", 0).
			O("verification").B("verified", true).S("reason", "valid").N("signature").N("payload").End().End().
			S("url", repo+"/commits/"+sha).S("html_url", "https://github.example/"+s.w.Repos[i].FullName()+"/commit/"+sha)
		s.person(j, base, "author", c.By)
		s.person(j, base, "committer", c.By)
		j.A("parents").Obj().S("sha", parent).S("url", repo+"/commits/"+parent).End().EndArr().End()
		parent = sha
	}
	s.send(w, r, j.EndArr())
}
