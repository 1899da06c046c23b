package okta

import (
	"net/http"
	"slices"
	"strconv"

	"github.com/tickmark/tickmark/internal/simco/wire"
)

var roleLabels = map[string]string{"SUPER_ADMIN": "Super Organization Administrator", "ORG_ADMIN": "Organization Administrator",
	"APP_ADMIN": "Application Administrator", "USER_ADMIN": "Group Administrator", "HELP_DESK_ADMIN": "Help Desk Administrator",
	"READ_ONLY_ADMIN": "Read-only Administrator"}

// userRoles lists the administrator roles of a user. It is not paged.
func (s *Server) userRoles(w http.ResponseWriter, r *http.Request, v *view) {
	i := s.accountOf(w, r, v)
	if i < 0 {
		return
	}
	base := wire.Base(r) + "/api/v1/users/" + s.w.Accounts[i].ID
	j := wire.NewJSON().Arr()
	for _, k := range s.roles[i] {
		g := &s.w.Roles[k]
		if g.Has(v.at) {
			j.Obj().S("id", g.ID).S("label", roleLabels[g.Type]).S("type", g.Type).S("status", "ACTIVE").TMs("created", g.From).
				TMs("lastUpdated", g.From).S("assignmentType", "USER").
				O("_links").O("assignee").S("href", base).End().End().End()
		}
	}
	s.send(w, j.EndArr())
}

// assignees lists the users who hold an administrator role, in an object with the link to the next page.
func (s *Server) assignees(w http.ResponseWriter, r *http.Request, v *view) {
	size := s.limit(w, r, 100, 100)
	if size == 0 {
		return
	}
	list := v.admins.Get(func() []int32 {
		var out []int32
		for i := range s.w.Roles {
			if g := &s.w.Roles[i]; g.Has(v.at) {
				out = append(out, g.Subject)
			}
		}
		slices.SortFunc(out, s.compare)
		return slices.Compact(out)
	})
	from := 0
	if c := r.URL.Query().Get("after"); c != "" {
		from, _ = strconv.Atoi(c)
	}
	lo, hi := wire.Window(len(list), from, size)
	base := wire.Base(r)
	j := wire.NewJSON().Obj().A("value")
	for _, i := range list[lo:hi] {
		id := s.w.Accounts[i].ID
		self := base + "/api/v1/users/" + id
		j.Obj().S("id", id).S("orn", "orn:okta:directory:"+s.w.OrgID()+":users:"+id).
			O("_links").O("self").S("href", self).End().O("roles").S("href", self+"/roles").End().End().End()
	}
	j.EndArr().O("_links")
	if hi < len(list) {
		j.O("next").S("href", wire.With(r, "after", strconv.Itoa(hi))).End()
	}
	s.send(w, j.End().End())
}
