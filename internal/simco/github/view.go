package github

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// view is the code host at one instant.
type view struct {
	at            life.Time
	members       []*life.Member // by login
	collaborators []*life.Member
	memberOf      map[int32]*life.Member
	repos         []int32
	repo          []wire.Lazy[*repoView]
	teams         []wire.Lazy[[]int32]
	alerts        wire.Lazy[[]alertRef]
}

// repoView is a repository at one instant.
type repoView struct {
	updated []int32 // positions of pull requests, last updated first
	open    int
	pushed  life.Time
	deploys int // how many deployments there are by now
	head    string
}

func (s *Server) look(t life.Time) *view {
	v := &view{at: t, memberOf: map[int32]*life.Member{}, repo: make([]wire.Lazy[*repoView], len(s.w.Repos)),
		teams: make([]wire.Lazy[[]int32], len(s.w.Teams))}
	for i := range s.w.Members {
		if m := &s.w.Members[i]; m.Has(t) {
			v.members = append(v.members, m)
			v.memberOf[m.Subject] = m
		}
	}
	for i := range s.w.Collaborators {
		if m := &s.w.Collaborators[i]; m.Has(t) {
			v.collaborators = append(v.collaborators, m)
		}
	}
	for _, list := range [][]*life.Member{v.members, v.collaborators} {
		slices.SortFunc(list, func(a, b *life.Member) int { return int(a.Subject - b.Subject) })
	}
	for i := range s.w.Repos {
		if s.w.Repos[i].Created <= t {
			v.repos = append(v.repos, int32(i))
		}
	}
	return v
}

// team is who is in a team, by login.
func (s *Server) teamAt(v *view, k int) []int32 {
	return v.teams[k].Get(func() []int32 {
		var out []int32
		for _, m := range s.w.Teams[k].Members {
			if m.Has(v.at) {
				out = append(out, m.Subject)
			}
		}
		slices.Sort(out)
		return slices.Compact(out)
	})
}

func (s *Server) repoAt(v *view, i int32) *repoView {
	return v.repo[i].Get(func() *repoView {
		r := &s.w.Repos[i]
		is := &repoView{pushed: r.Created + life.Minute, head: s.w.LooseSHA(i, 1)}
		type stamped struct {
			at  life.Time
			pos int32
		}
		var list []stamped
		var merged life.Time
		for k := range r.Pulls {
			p := &r.Pulls[k]
			if p.Created > v.at {
				break
			}
			list = append(list, stamped{p.UpdatedAt(v.at), int32(k)})
			if p.Closed == 0 || p.Closed > v.at {
				is.open++
			}
			if p.Merged != 0 && p.Merged <= v.at && !p.Release && p.Merged > merged {
				merged, is.head = p.Merged, s.w.SHA(i, p, life.MergeCommit)
			}
			is.pushed = max(is.pushed, p.Commits[p.HeadAt(v.at)].At)
		}
		is.pushed = max(is.pushed, merged)
		slices.SortStableFunc(list, func(a, b stamped) int {
			if a.at != b.at {
				return int((b.at - a.at) / life.Second)
			}
			return int(b.pos - a.pos)
		})
		for _, e := range list {
			is.updated = append(is.updated, e.pos)
		}
		is.deploys, _ = slices.BinarySearchFunc(r.Deploys, v.at+1, func(d life.Deployment, t life.Time) int {
			if d.At < t {
				return -1
			}
			return 1
		})
		return is
	})
}

// repoOf finds the repository a request names; it answers 404 and gives -1 if there is none.
func (s *Server) repoOf(w http.ResponseWriter, r *http.Request, v *view) int32 {
	i := int32(-1)
	if r.PathValue("owner") == life.OrgLogin {
		i = s.w.RepoByName(r.PathValue("repo"))
	}
	if i < 0 || s.w.Repos[i].Created > v.at {
		s.missing(w, r)
		return -1
	}
	return i
}

// page cuts a list of n rows to the page a request asks for, and writes the Link header.
func (s *Server) page(w http.ResponseWriter, r *http.Request, n int) (lo, hi int) {
	q := r.URL.Query()
	size, _ := wire.Size(q.Get("per_page"), 30, 100)
	page, err := strconv.Atoi(q.Get("page"))
	if err != nil || page < 1 {
		page = 1
	}
	last := max(1, (n+size-1)/size)
	lo, hi = wire.Window(n, (page-1)*size, size)
	var link []byte
	add := func(p int, rel string) {
		if len(link) > 0 {
			link = append(link, ", "...)
		}
		link = append(append(append(append(append(link, '<'), wire.With(r, "page", strconv.Itoa(p))...), `>; rel="`...), rel...), '"')
	}
	if page > 1 {
		add(min(page-1, last), "prev")
	}
	if page < last {
		add(page+1, "next")
		add(last, "last")
	}
	if page > 1 {
		add(1, "first")
	}
	if len(link) > 0 {
		w.Header()["Link"] = []string{string(link)}
	}
	return lo, hi
}

func node(kind string, id int64) string {
	return base64.StdEncoding.EncodeToString([]byte("0" + strconv.Itoa(len(kind)) + ":" + kind + strconv.FormatInt(id, 10)))
}

// person writes the short form of a user under a key; without a key as a value of its own.
func (s *Server) person(j *wire.JSON, base, key string, login int32) {
	switch {
	case login < 0 && key != "":
		j.N(key)
		return
	case key != "":
		j.Key(key)
	}
	l := &s.w.Logins[login]
	j.Obj()
	s.userFields(j, base, l)
	j.End()
}

func (s *Server) userFields(j *wire.JSON, base string, l *life.Login) {
	kind := "User"
	if l.App {
		kind = "Bot"
	}
	j.S("login", l.Name).I("id", l.ID).S("node_id", node(kind, l.ID)).
		S("avatar_url", "https://avatars.github.example/u/"+strconv.FormatInt(l.ID, 10)).S("gravatar_id", "").
		S("url", base+"/users/"+l.Name).S("html_url", "https://github.example/"+l.Name).
		S("type", kind).S("user_view_type", "public").B("site_admin", false)
}
