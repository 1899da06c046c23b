package okta

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// roster is a group at one instant: who is in it, in the order in which users are listed, and when that last changed.
type roster struct {
	members []int32
	changed life.Time
}

func (s *Server) rosterAt(v *view, g int) roster {
	return v.group[g].Get(func() roster {
		is := roster{changed: s.w.Groups[g].Created}
		for _, m := range s.w.Groups[g].Members {
			if m.Has(v.at) {
				is.members = append(is.members, m.Subject)
			}
			for _, t := range []life.Time{m.From, m.To} {
				if t <= v.at {
					is.changed = max(is.changed, t)
				}
			}
		}
		slices.SortFunc(is.members, s.compare)
		is.members = slices.Compact(is.members)
		return is
	})
}

func (s *Server) membersAt(v *view, g int) []int32 { return s.rosterAt(v, g).members }

func (s *Server) groupObject(j *wire.JSON, base string, v *view, k int, stats bool) {
	g := &s.w.Groups[k]
	kind := "OKTA_GROUP"
	if g.BuiltIn {
		kind = "BUILT_IN"
	}
	self := base + "/api/v1/groups/" + g.ID
	j.Obj().S("id", g.ID).TMs("created", g.Created).TMs("lastUpdated", g.Created).TMs("lastMembershipUpdated", s.rosterAt(v, k).changed).
		A("objectClass").Str("okta:user_group").EndArr().S("type", kind).
		O("profile").S("name", g.Name).S("description", g.Description).End().
		O("_links").A("logo").EndArr().O("users").S("href", self+"/users").End().O("apps").S("href", self+"/apps").End().End()
	if stats {
		j.O("_embedded").O("stats").I("usersCount", int64(len(s.membersAt(v, k)))).I("appsCount", 0).
			I("groupPushMappingsCount", 0).B("hasAdminPrivilege", false).
			O("_links").O("users").S("href", self+"/users").End().End().End().End()
	}
	j.End()
}

func (s *Server) groupList(w http.ResponseWriter, r *http.Request, v *view) {
	q := r.URL.Query()
	stats := q.Get("expand") == "stats"
	most := 10_000
	if stats {
		most = 200
	}
	size := s.limit(w, r, most, most)
	if size == 0 {
		return
	}
	var list []int
	for k := range s.w.Groups {
		if strings.HasPrefix(strings.ToLower(s.w.Groups[k].Name), strings.ToLower(q.Get("q"))) {
			list = append(list, k)
		}
	}
	from := 0
	if c := q.Get("after"); c != "" {
		k, ok := s.groups[c]
		if !ok {
			s.fail(w, http.StatusBadRequest, "E0000001", "Api validation failed: after", "after: The cursor is not valid")
			return
		}
		from = slices.Index(list, k) + 1
	}
	lo, hi := wire.Window(len(list), from, size)
	next := ""
	if hi < len(list) {
		next = s.w.Groups[list[hi-1]].ID
	}
	links(w, r, next)
	j := wire.NewJSON().Arr()
	for _, k := range list[lo:hi] {
		s.groupObject(j, wire.Base(r), v, k, stats)
	}
	s.send(w, j.EndArr())
}

// groupOf finds the group a request names; it answers 404 and gives -1 if there is none.
func (s *Server) groupOf(w http.ResponseWriter, r *http.Request) int {
	k, ok := s.groups[r.PathValue("id")]
	if !ok {
		s.missing(w, r, "Resource not found: "+r.PathValue("id")+" (UserGroup)")
		return -1
	}
	return k
}

func (s *Server) group(w http.ResponseWriter, r *http.Request, v *view) {
	if k := s.groupOf(w, r); k >= 0 {
		j := wire.NewJSON()
		s.groupObject(j, wire.Base(r), v, k, r.URL.Query().Get("expand") == "stats")
		s.send(w, j)
	}
}

func (s *Server) groupUsers(w http.ResponseWriter, r *http.Request, v *view) {
	k := s.groupOf(w, r)
	if k < 0 {
		return
	}
	if size := s.limit(w, r, 1000, 1000); size > 0 {
		s.userPage(w, r, v, s.membersAt(v, k), size, true)
	}
}

// userGroups lists the groups of a user. It is not paged.
func (s *Server) userGroups(w http.ResponseWriter, r *http.Request, v *view) {
	i := s.accountOf(w, r, v)
	if i < 0 {
		return
	}
	links(w, r, "")
	j := wire.NewJSON().Arr()
	seen := -1
	for _, k := range s.member[i] {
		if _, in := slices.BinarySearchFunc(s.membersAt(v, k), i, s.compare); in && k != seen {
			s.groupObject(j, wire.Base(r), v, k, false)
			seen = k
		}
	}
	s.send(w, j.EndArr())
}
