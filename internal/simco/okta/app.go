package okta

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

func (s *Server) appObject(j *wire.JSON, base string, k int) {
	a := &s.w.Apps[k]
	status := "ACTIVE"
	if a.Inactive {
		status = "INACTIVE"
	}
	self := base + "/api/v1/apps/" + a.ID
	j.Obj().S("id", a.ID).S("orn", "orn:okta:idp:"+s.w.OrgID()+":apps:"+a.Name+":"+a.ID).S("name", a.Name).S("label", a.Label).
		S("status", status).TMs("lastUpdated", a.Created).TMs("created", a.Created).
		O("accessibility").B("selfService", false).N("errorRedirectUrl").N("loginRedirectUrl").End().
		O("visibility").B("autoSubmitToolbar", false).O("hide").B("iOS", false).B("web", false).End().End().
		A("features").EndArr().S("signOnMode", a.SignOn).
		O("credentials").O("userNameTemplate").S("template", "${source.login}").S("type", "BUILT_IN").End().O("signing").End().End().
		O("settings").O("app").End().End().
		O("_links").O("users").S("href", self+"/users").End().O("groups").S("href", self+"/groups").End().O("self").S("href", self).End().End().
		End()
}

func (s *Server) appList(w http.ResponseWriter, r *http.Request, _ *view) {
	size := s.limit(w, r, 20, 200)
	if size == 0 {
		return
	}
	q := r.URL.Query()
	var list []int
	for k := range s.w.Apps {
		a := &s.w.Apps[k]
		if f := q.Get("filter"); f == `status eq "ACTIVE"` && a.Inactive || f == `status eq "INACTIVE"` && !a.Inactive {
			continue
		}
		if strings.HasPrefix(strings.ToLower(a.Label), strings.ToLower(q.Get("q"))) {
			list = append(list, k)
		}
	}
	from := 0
	if c := q.Get("after"); c != "" {
		k, ok := s.apps[c]
		if !ok {
			s.fail(w, http.StatusBadRequest, "E0000001", "Api validation failed: after", "after: The cursor is not valid")
			return
		}
		from = slices.Index(list, k) + 1
	}
	lo, hi := wire.Window(len(list), from, size)
	next := ""
	if hi < len(list) {
		next = s.w.Apps[list[hi-1]].ID
	}
	links(w, r, next)
	j := wire.NewJSON().Arr()
	for _, k := range list[lo:hi] {
		s.appObject(j, wire.Base(r), k)
	}
	s.send(w, j.EndArr())
}

// appOf finds the application a request names; it answers 404 and gives -1 if there is none.
func (s *Server) appOf(w http.ResponseWriter, r *http.Request) int {
	k, ok := s.apps[r.PathValue("id")]
	if !ok {
		s.missing(w, r, "Resource not found: "+r.PathValue("id")+" (AppInstance)")
		return -1
	}
	return k
}

func (s *Server) app(w http.ResponseWriter, r *http.Request, _ *view) {
	if k := s.appOf(w, r); k >= 0 {
		j := wire.NewJSON()
		s.appObject(j, wire.Base(r), k)
		s.send(w, j)
	}
}

func (s *Server) appUsers(w http.ResponseWriter, r *http.Request, v *view) {
	k := s.appOf(w, r)
	if k < 0 {
		return
	}
	size := s.limit(w, r, 50, 500)
	if size == 0 {
		return
	}
	list := v.app[k].Get(func() []life.Span {
		var out []life.Span
		for _, u := range s.w.Apps[k].Users {
			if u.Has(v.at) {
				out = append(out, u)
			}
		}
		slices.SortFunc(out, func(a, b life.Span) int { return cmp.Or(s.compare(a.Subject, b.Subject), cmp.Compare(a.From, b.From)) })
		return out
	})
	from := 0
	if c := r.URL.Query().Get("after"); c != "" {
		i := s.w.AccountByID(c)
		if i < 0 {
			s.fail(w, http.StatusBadRequest, "E0000001", "Api validation failed: after", "after: The cursor is not valid")
			return
		}
		for from < len(list) && s.compare(list[from].Subject, i) <= 0 {
			from++
		}
	}
	lo, hi := wire.Window(len(list), from, size)
	next := ""
	if hi < len(list) {
		next = s.w.Accounts[list[hi-1].Subject].ID
	}
	links(w, r, next)
	j := wire.NewJSON().Arr()
	for _, u := range list[lo:hi] {
		s.appUser(j, wire.Base(r), k, u)
	}
	s.send(w, j.EndArr())
}

func (s *Server) appUser(j *wire.JSON, base string, k int, u life.Span) {
	a, app := &s.w.Accounts[u.Subject], &s.w.Apps[k]
	j.Obj().S("id", a.ID).S("externalId", a.Login).TMs("created", u.From).TMs("lastUpdated", u.From).S("scope", "GROUP").
		S("status", "ACTIVE").TMs("statusChanged", u.From).N("passwordChanged").S("syncState", "DISABLED").
		O("credentials").S("userName", a.Login).End().
		O("profile").S("given_name", a.First).S("family_name", a.Last).S("email", a.Login).End().
		O("_links").O("app").S("href", base+"/api/v1/apps/"+app.ID).End().O("user").S("href", base+"/api/v1/users/"+a.ID).End().End().End()
}
