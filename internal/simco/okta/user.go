package okta

import (
	"net/http"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// view is the identity provider at one instant.
type view struct {
	at     life.Time
	made   []int32 // accounts that exist, in order of creation
	open   []int32 // those of them that are not deactivated
	group  []wire.Lazy[roster]
	app    []wire.Lazy[[]life.Span]
	admins wire.Lazy[[]int32]
}

func (s *Server) look(t life.Time) *view {
	v := &view{at: t, group: make([]wire.Lazy[roster], len(s.w.Groups)), app: make([]wire.Lazy[[]life.Span], len(s.w.Apps))}
	order := s.w.AccountOrder
	for _, i := range order {
		a := &s.w.Accounts[i]
		if a.Created > t {
			break
		}
		v.made = append(v.made, i)
		if a.Closed == 0 || t < a.Closed {
			v.open = append(v.open, i)
		}
	}
	return v
}

// userAttributes are the attributes that a filter or a search may name.
func userAttribute(name string) bool {
	return slices.Contains([]string{"id", "status", "created", "activated", "statusChanged", "lastUpdated", "profile.login", "profile.email",
		"profile.firstName", "profile.lastName", "profile.employeeNumber", "profile.department", "profile.userType", "type.id"}, name)
}

func instant(t life.Time) string {
	return string(append(wire.AppendTime(nil, t, true), 'Z'))
}

func (s *Server) attribute(i int32, t life.Time) func(string) (string, bool) {
	a := &s.w.Accounts[i]
	return func(name string) (string, bool) {
		switch name {
		case "id":
			return a.ID, true
		case "status":
			return a.StatusAt(t).Is.String(), true
		case "created":
			return instant(a.Created), true
		case "activated":
			return instant(a.Activated), a.Activated <= t
		case "statusChanged":
			return instant(a.StatusAt(t).At), true
		case "lastUpdated":
			return instant(a.ChangedAt(t)), true
		case "profile.login", "profile.email":
			return a.Login, true
		case "profile.firstName":
			return a.First, true
		case "profile.lastName":
			return a.Last, true
		case "profile.userType":
			return userType(s.w, a), true
		case "type.id":
			return userTypeID, true
		}
		if a.Person < 0 {
			return "", false
		}
		p := &s.w.People[a.Person]
		if name == "profile.employeeNumber" {
			return life.EmployeeNumber(p), true
		}
		return life.Departments[p.JobAt(t).Dept].Name, true
	}
}

// users lists users. Without a filter or a search deactivated users are left out, as Okta does; with q the first ten whose
// name or address begins so.
func (s *Server) users(w http.ResponseWriter, r *http.Request, v *view) {
	q := r.URL.Query()
	usual := 200
	if q.Has("q") {
		usual = 10
	}
	size := s.limit(w, r, usual, 200)
	if size == 0 {
		return
	}
	list := v.open
	text := q.Get("filter")
	if text == "" {
		text = q.Get("search")
	}
	if text != "" {
		f, err := parseFilter(text, userAttribute)
		if err != nil {
			s.fail(w, http.StatusBadRequest, "E0000031", "Invalid search criteria.", err.Error())
			return
		}
		list = nil
		for _, i := range v.made {
			if f(s.attribute(i, v.at)) {
				list = append(list, i)
			}
		}
	}
	if word := strings.ToLower(q.Get("q")); word != "" {
		list = slices.DeleteFunc(slices.Clone(list), func(i int32) bool {
			a := &s.w.Accounts[i]
			return !strings.HasPrefix(strings.ToLower(a.First), word) && !strings.HasPrefix(strings.ToLower(a.Last), word) &&
				!strings.HasPrefix(a.Login, word)
		})
	}
	s.userPage(w, r, v, list, size, !q.Has("q"))
}

// userPage answers with a page of users, which follows the user whose identifier is the cursor.
func (s *Server) userPage(w http.ResponseWriter, r *http.Request, v *view, list []int32, size int, more bool) {
	from := 0
	if c := r.URL.Query().Get("after"); c != "" {
		i := s.w.AccountByID(c)
		if i < 0 {
			s.fail(w, http.StatusBadRequest, "E0000001", "Api validation failed: after", "after: The cursor is not valid")
			return
		}
		from, _ = slices.BinarySearchFunc(list, i, func(a, b int32) int { return s.compare(a, b) })
		if from < len(list) && list[from] == i {
			from++
		}
	}
	lo, hi := wire.Window(len(list), from, size)
	next := ""
	if more && hi < len(list) {
		next = s.w.Accounts[list[hi-1]].ID
	}
	links(w, r, next)
	base := wire.Base(r)
	j := wire.NewJSON().Arr()
	for _, i := range list[lo:hi] {
		s.userObject(j, base, v, i, false)
	}
	s.send(w, j.EndArr())
}

// compare orders accounts as they are listed: by creation.
func (s *Server) compare(a, b int32) int { return int(s.w.Accounts[a].Rank - s.w.Accounts[b].Rank) }

// accountOf finds the user a request names by identifier, login or the short form of the login; it answers 404 and gives
// -1 if there is none.
func (s *Server) accountOf(w http.ResponseWriter, r *http.Request, v *view) int32 {
	id := r.PathValue("id")
	i := s.w.AccountByID(id)
	if i < 0 && !strings.HasPrefix(id, "00u") {
		for _, k := range v.made {
			if l := s.w.Accounts[k].Login; l == id || strings.TrimSuffix(l, "@"+life.Domain) == id {
				i = k
				break
			}
		}
	}
	if i < 0 || s.w.Accounts[i].Created > v.at {
		s.missing(w, r, "Resource not found: "+id+" (User)")
		return -1
	}
	return i
}

func (s *Server) user(w http.ResponseWriter, r *http.Request, v *view) {
	if i := s.accountOf(w, r, v); i >= 0 {
		j := wire.NewJSON()
		s.userObject(j, wire.Base(r), v, i, true)
		s.send(w, j)
	}
}

const userTypeID = "oty1simNorthwind0001"

func userType(w *life.World, a *life.Account) string {
	switch {
	case a.Service:
		return "Service"
	case a.Person >= 0 && w.People[a.Person].Contractor:
		return "Contractor"
	case a.Person >= 0:
		return "Employee"
	}
	return ""
}

func (s *Server) userObject(j *wire.JSON, base string, v *view, i int32, single bool) {
	a := &s.w.Accounts[i]
	st := a.StatusAt(v.at)
	seen := func(t life.Time) life.Time {
		if t <= v.at {
			return t
		}
		return 0
	}
	j.Obj().S("id", a.ID).S("status", st.Is.String()).TMs("created", a.Created).TMs("activated", seen(a.Activated)).
		TMs("statusChanged", st.At).TMs("lastLogin", s.w.LastSignIn(a, v.at)).TMs("lastUpdated", a.ChangedAt(v.at)).
		TMs("passwordChanged", life.LatestBy(a.Password, v.at)).O("type").S("id", userTypeID).End()
	j.O("profile").S("firstName", a.First).S("lastName", a.Last).N("mobilePhone").N("secondEmail").S("login", a.Login).S("email", a.Login)
	if kind := userType(s.w, a); kind != "" {
		j.S("userType", kind)
	}
	if a.Person >= 0 {
		p := &s.w.People[a.Person]
		job := p.JobAt(v.at)
		j.S("displayName", p.First+" "+p.Last).S("employeeNumber", life.EmployeeNumber(p)).
			S("department", life.Departments[job.Dept].Name).S("title", job.Title).S("organization", "Northwind")
	}
	j.End().O("credentials")
	if st.Is != life.Staged {
		j.O("password").End()
	}
	j.O("provider").S("type", "OKTA").S("name", "OKTA").End().End()
	self := base + "/api/v1/users/" + a.ID
	j.O("_links").O("self").S("href", self).End()
	if single {
		j.O("suspend").S("href", self+"/lifecycle/suspend").S("method", "POST").End().
			O("deactivate").S("href", self+"/lifecycle/deactivate").S("method", "POST").End()
	}
	j.End().End()
}
