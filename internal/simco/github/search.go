package github

import (
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// searchLimit is how many results of a search can be paged through.
const searchLimit = 1000

// query is a parsed search for pull requests.
type query struct {
	repo    int32 // -1 for all
	none    bool  // nothing can match
	merged  bool
	state   string // "open", "closed" or ""
	not     bool   // unmerged
	base    string
	author  string
	between map[string][2]life.Time // merged, created, closed, updated
}

// parseQuery reads the qualifiers of a search for pull requests.
func (s *Server) parseQuery(text string) (query, bool) {
	q := query{repo: -1, between: map[string][2]life.Time{}}
	pulls := false
	for _, word := range strings.Fields(text) {
		key, value, ok := strings.Cut(word, ":")
		if !ok {
			return q, false
		}
		switch key {
		case "org", "user":
			q.none = q.none || !strings.EqualFold(value, life.OrgLogin)
		case "repo":
			org, name, _ := strings.Cut(value, "/")
			q.repo = s.w.RepoByName(name)
			q.none = q.none || org != life.OrgLogin || q.repo < 0
		case "is", "type", "state":
			switch value {
			case "pr", "pull-request":
				pulls = true
			case "issue":
				q.none = true
			case "merged":
				q.merged = true
			case "unmerged":
				q.not = true
			case "open", "closed":
				q.state = value
			}
		case "base":
			q.base = value
		case "author":
			q.author = value
		case "merged", "created", "closed", "updated":
			lo, hi, ok := timeRange(value)
			if !ok {
				return q, false
			}
			q.between[key] = [2]life.Time{lo, hi}
			q.merged = q.merged || key == "merged"
		default:
			return q, false
		}
	}
	return q, pulls || q.none
}

// matchesQuery reports whether a pull request that exists at t matches.
func (s *Server) matchesQuery(q *query, p *life.Pull, t life.Time) bool {
	merged := p.Merged != 0 && p.Merged <= t
	closed := p.Closed != 0 && p.Closed <= t
	switch {
	case p.Created > t, q.merged && !merged, q.not && merged, q.state == "open" && closed, q.state == "closed" && !closed,
		q.base != "" && q.base != baseRef(p), q.author != "" && q.author != s.w.Logins[p.Author].Name:
		return false
	}
	for key, b := range q.between {
		at := p.Created
		switch key {
		case "merged":
			at = p.Merged
		case "closed":
			if at = p.Closed; !closed {
				return false
			}
		case "updated":
			at = p.UpdatedAt(t)
		}
		if at < b[0] || at >= b[1] {
			return false
		}
	}
	return true
}

// searchIssues finds pull requests and counts them. It sorts by creation, newest first unless order=asc.
func (s *Server) searchIssues(w http.ResponseWriter, r *http.Request, v *view) {
	const page = docs + "/search/search#search-issues-and-pull-requests"
	q, ok := s.parseQuery(r.URL.Query().Get("q"))
	if !ok {
		s.fail(w, r, http.StatusUnprocessableEntity, "Validation Failed", page)
		return
	}
	size, _ := wire.Size(r.URL.Query().Get("per_page"), 30, 100)
	if n, _ := strconv.Atoi(r.URL.Query().Get("page")); n > 1 && (n-1)*size >= searchLimit {
		s.fail(w, r, http.StatusUnprocessableEntity, "Only the first 1000 search results are available", page)
		return
	}
	found := s.find(&q, v)
	slices.SortFunc(found, func(a, b life.PullRef) int {
		pa, pb := &s.w.Repos[a.Repo].Pulls[a.Pull], &s.w.Repos[b.Repo].Pulls[b.Pull]
		if pa.Created != pb.Created {
			return int((pb.Created - pa.Created) / life.Second)
		}
		return int(a.Repo - b.Repo)
	})
	if r.URL.Query().Get("order") == "asc" {
		slices.Reverse(found)
	}
	lo, hi := s.page(w, r, min(len(found), searchLimit))
	base := wire.Base(r)
	j := wire.NewJSON().Obj().I("total_count", int64(len(found))).B("incomplete_results", false).A("items")
	for _, ref := range found[lo:hi] {
		s.issue(j, base, v, ref)
	}
	s.send(w, r, j.EndArr().End())
}

func (s *Server) find(q *query, v *view) []life.PullRef {
	var out []life.PullRef
	see := func(i, k int32) {
		if p := &s.w.Repos[i].Pulls[k]; s.matchesQuery(q, p, v.at) {
			out = append(out, life.PullRef{Repo: i, Pull: k})
		}
	}
	switch {
	case q.none:
	case q.repo >= 0:
		for k := range s.w.Repos[q.repo].Pulls {
			see(q.repo, int32(k))
		}
	case q.merged:
		list := s.w.Merged
		if b, ok := q.between["merged"]; ok {
			at := func(t life.Time) int { return sort.Search(len(list), func(i int) bool { return list[i].At >= t }) }
			list = list[at(b[0]):max(at(b[0]), at(b[1]))]
		}
		for _, m := range list {
			see(m.Repo, m.Pull)
		}
	default:
		for i := range s.w.Repos {
			for k := range s.w.Repos[i].Pulls {
				see(int32(i), int32(k))
			}
		}
	}
	return out
}

// issue writes a pull request as a search shows it.
func (s *Server) issue(j *wire.JSON, base string, v *view, ref life.PullRef) {
	r := &s.w.Repos[ref.Repo]
	p := &r.Pulls[ref.Pull]
	number := itoa(int64(p.Number))
	repo := base + "/repos/" + r.FullName()
	var closed, merged life.Time
	state := "open"
	if p.Closed != 0 && p.Closed <= v.at {
		closed, state = p.Closed, "closed"
	}
	if p.Merged != 0 && p.Merged <= v.at {
		merged = p.Merged
	}
	id := s.pullID(ref.Repo, p.Number)
	j.Obj().S("url", repo+"/issues/"+number).S("repository_url", repo).
		S("html_url", "https://github.example/"+r.FullName()+"/pull/"+number).I("id", id).S("node_id", node("PullRequest", id)).
		I("number", int64(p.Number)).S("title", s.title(p))
	s.person(j, base, "user", p.Author)
	j.A("labels").EndArr().S("state", state).B("locked", false).N("assignee").A("assignees").EndArr().N("milestone").
		I("comments", 0).T("created_at", p.Created).T("updated_at", p.UpdatedAt(v.at)).T("closed_at", closed).
		S("author_association", "MEMBER").B("draft", p.Draft).O("pull_request").S("url", repo+"/pulls/"+number).
		S("html_url", "https://github.example/"+r.FullName()+"/pull/"+number).T("merged_at", merged).End().
		S("body", s.body(p)).F("score", 1).End()
}
