package github

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

var (
	verbs = []string{"Add", "Fix", "Remove", "Rework", "Speed up", "Guard", "Log", "Split", "Document", "Retry"}
	nouns = []string{"currency rounding", "the export job", "pagination", "address checks", "the health endpoint", "session cookies",
		"retry budgets", "the cache key", "empty baskets", "time zone handling", "the audit trail", "error messages", "bulk uploads",
		"the nightly run", "input limits", "the search index"}
	labels = []string{"bug", "enhancement", "chore"}
)

const releaseBranch = "release/current"

func words(p *life.Pull) (verb, noun string) {
	return verbs[int(p.Words)%len(verbs)], nouns[int(p.Words>>4)%len(nouns)]
}

func ticket(p *life.Pull) string { return "NW-" + itoa(int64(p.Ticket)) }

// title is what the request is called; an update of a dependency is called as the update service calls it.
func (s *Server) title(p *life.Pull) string {
	verb, noun := words(p)
	t := verb + " " + noun
	if s.w.Logins[p.Author].Name == life.UpdateBot {
		pkg := life.Packages[int(p.Words)%len(life.Packages)].Name
		t = "bump " + pkg + " from 1." + itoa(int64(p.Words%30)) + ".0 to 1." + itoa(int64(p.Words%30)+1) + ".0"
	}
	if p.Style&life.TicketInTitle != 0 {
		t = ticket(p) + ": " + t
	}
	return t
}

func (s *Server) headRef(p *life.Pull) string {
	if s.w.Logins[p.Author].Name == life.UpdateBot {
		return "dependabot/go_modules/update-" + itoa(int64(p.Words%30)+1)
	}
	verb, noun := words(p)
	name := strings.ReplaceAll(strings.ToLower(verb+"-"+noun), " ", "-")
	if p.Style&life.TicketInBranch != 0 {
		return "feature/" + ticket(p) + "-" + name
	}
	return "feature/" + name + "-" + itoa(int64(p.Number))
}

func (s *Server) body(p *life.Pull) string {
	if p.Style&life.TicketInBody != 0 {
		return "Implements " + ticket(p) + ".\n\nTested locally and on staging."
	}
	return "Tested locally and on staging."
}

func baseRef(p *life.Pull) string {
	if p.Release {
		return releaseBranch
	}
	return life.Branch
}

// pulls lists pull requests: state, sort, direction, base and head as documented, newest first without a sort.
func (s *Server) pulls(w http.ResponseWriter, r *http.Request, v *view) {
	i := s.repoOf(w, r, v)
	if i < 0 {
		return
	}
	q := r.URL.Query()
	list := slices.Clone(s.repoAt(v, i).updated)
	if q.Get("sort") != "updated" {
		slices.SortFunc(list, func(a, b int32) int { return int(b - a) })
	}
	if d := q.Get("direction"); d == "asc" || d == "" && q.Get("sort") != "" && q.Get("sort") != "created" {
		slices.Reverse(list)
	}
	repo := &s.w.Repos[i]
	state := q.Get("state")
	list = slices.DeleteFunc(list, func(k int32) bool {
		p := &repo.Pulls[k]
		closed := p.Closed != 0 && p.Closed <= v.at
		switch state {
		case "all":
		case "closed":
			if !closed {
				return true
			}
		default:
			if closed {
				return true
			}
		}
		return q.Get("base") != "" && q.Get("base") != baseRef(p) ||
			q.Get("head") != "" && q.Get("head") != life.OrgLogin+":"+s.headRef(p)
	})
	lo, hi := s.page(w, r, len(list))
	base := wire.Base(r)
	j := wire.NewJSON().Arr()
	for _, k := range list[lo:hi] {
		j.Obj()
		s.pullFields(j, base, v, i, &repo.Pulls[k])
		j.End()
	}
	s.send(w, r, j.EndArr())
}

func (s *Server) pullID(repo int32, number int32) int64 {
	return 900_000_000 + int64(repo)<<20 + int64(number)
}

func (s *Server) pullFields(j *wire.JSON, base string, v *view, i int32, p *life.Pull) {
	r := &s.w.Repos[i]
	t := v.at
	seen := func(at life.Time) life.Time {
		if at <= t {
			return at
		}
		return 0
	}
	merged, closed := seen(p.Merged), seen(p.Closed)
	url := base + "/repos/" + r.FullName() + "/pulls/" + itoa(int64(p.Number))
	state := "open"
	if closed != 0 {
		state = "closed"
	}
	j.S("url", url).I("id", s.pullID(i, p.Number)).S("node_id", node("PullRequest", s.pullID(i, p.Number))).
		S("html_url", "https://github.example/"+r.FullName()+"/pull/"+itoa(int64(p.Number))).I("number", int64(p.Number)).
		S("state", state).B("locked", false).S("title", s.title(p))
	s.person(j, base, "user", p.Author)
	j.S("body", s.body(p)).T("created_at", p.Created).T("updated_at", p.UpdatedAt(t)).T("closed_at", closed).T("merged_at", merged)
	sha := s.w.SHA(i, p, life.TestMerge)
	if merged != 0 {
		sha = s.w.SHA(i, p, life.MergeCommit)
	}
	j.S("merge_commit_sha", sha).N("assignee").A("assignees").EndArr().A("requested_reviewers").EndArr().
		A("requested_teams").EndArr().A("labels")
	for n, name := range labels {
		if p.Labelled>>n&1 != 0 && n == int(p.Labelled)%3 {
			j.Obj().I("id", 7000+int64(n)).S("name", name).B("default", true).S("color", "ededed").End()
		}
	}
	j.EndArr().N("milestone").B("draft", p.Draft)
	side := func(key, ref, sha string) {
		j.O(key).S("label", life.OrgLogin+":"+ref).S("ref", ref).S("sha", sha).O("user").S("login", life.OrgLogin).I("id", OrgID).
			S("type", "Organization").End().O("repo")
		s.repoShort(j, base, v, i)
		j.S("default_branch", life.Branch).End().End()
	}
	side("head", s.headRef(p), s.w.SHA(i, p, p.HeadAt(t)))
	side("base", baseRef(p), s.w.LooseSHA(i, 100+int(p.Number)))
	j.S("author_association", "MEMBER").N("auto_merge").N("active_lock_reason")
}

// pullOf finds the repository and pull request a request names; it answers 404 and gives nil if there is none.
func (s *Server) pullOf(w http.ResponseWriter, r *http.Request, v *view) (int32, *life.Pull) {
	i := s.repoOf(w, r, v)
	if i < 0 {
		return -1, nil
	}
	n, err := strconv.ParseInt(r.PathValue("number"), 10, 32)
	p := s.w.Repos[i].PullByNumber(int32(n))
	if err != nil || p == nil || p.Created > v.at {
		s.missing(w, r)
		return -1, nil
	}
	return i, p
}

func (s *Server) pull(w http.ResponseWriter, r *http.Request, v *view) {
	i, p := s.pullOf(w, r, v)
	if p == nil {
		return
	}
	base := wire.Base(r)
	j := wire.NewJSON().Obj()
	s.pullFields(j, base, v, i, p)
	merged := p.Merged != 0 && p.Merged <= v.at
	j.B("merged", merged)
	if closed := p.Closed != 0 && p.Closed <= v.at; closed {
		j.N("mergeable").N("rebaseable").S("mergeable_state", "unknown")
	} else {
		j.B("mergeable", true).B("rebaseable", true).S("mergeable_state", "clean")
	}
	if merged {
		s.person(j, base, "merged_by", p.MergedBy)
	} else {
		j.N("merged_by")
	}
	n := int64(p.HeadAt(v.at) + 1)
	j.I("comments", 0).I("review_comments", 0).B("maintainer_can_modify", false).I("commits", n).
		I("additions", 12*n+int64(p.Words%90)).I("deletions", 5*n+int64(p.Words%40)).I("changed_files", 1+int64(p.Words%7))
	s.send(w, r, j.End())
}
