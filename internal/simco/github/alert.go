package github

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// alertRef names an alert of the organisation.
type alertRef struct {
	created life.Time
	repo    int32
	pos     int32
}

// orgAlerts lists the dependency alerts of all repositories, by cursor.
func (s *Server) orgAlerts(w http.ResponseWriter, r *http.Request, v *view) {
	s.alertList(w, r, v, v.alerts.Get(func() []alertRef {
		var out []alertRef
		for _, i := range v.repos {
			out = append(out, s.alertsOf(v, i)...)
		}
		slices.SortFunc(out, func(a, b alertRef) int {
			return cmp.Or(cmp.Compare(a.created, b.created), cmp.Compare(a.repo, b.repo), cmp.Compare(a.pos, b.pos))
		})
		return out
	}), true)
}

func (s *Server) repoAlerts(w http.ResponseWriter, r *http.Request, v *view) {
	if i := s.repoOf(w, r, v); i >= 0 {
		s.alertList(w, r, v, s.alertsOf(v, i), false)
	}
}

func (s *Server) alertsOf(v *view, i int32) []alertRef {
	var out []alertRef
	list := s.w.Repos[i].Alerts
	for k := range list {
		if list[k].Created <= v.at {
			out = append(out, alertRef{list[k].Created, i, int32(k)})
		}
	}
	return out
}

// alertList answers with the alerts of the asked states and severities, newest first unless direction=asc. The cursor of
// the next page is in the Link header only.
func (s *Server) alertList(w http.ResponseWriter, r *http.Request, v *view, all []alertRef, org bool) {
	q := r.URL.Query()
	list := make([]alertRef, 0, len(all))
	for _, ref := range all {
		a := &s.w.Repos[ref.repo].Alerts[ref.pos]
		if among(q.Get("state"), a.StateAt(v.at)) && among(q.Get("severity"), a.Severity) &&
			among(q.Get("ecosystem"), life.Packages[a.Package].Ecosystem) {
			list = append(list, ref)
		}
	}
	if q.Get("direction") != "asc" {
		slices.Reverse(list)
	}
	size, _ := wire.Size(q.Get("per_page"), 30, 100)
	from := 0
	if c := q.Get("after"); c != "" {
		at := strings.Split(decodeCursor(c), "/")
		if len(at) != 3 {
			s.fail(w, r, http.StatusBadRequest, "The `after` cursor is not valid.", docs+"/dependabot/alerts")
			return
		}
		created, _ := strconv.ParseInt(at[0], 10, 64)
		repo, _ := strconv.ParseInt(at[1], 10, 32)
		pos, _ := strconv.ParseInt(at[2], 10, 32)
		last := alertRef{life.Time(created), int32(repo), int32(pos)}
		from = slices.IndexFunc(list, func(ref alertRef) bool { return ref == last }) + 1
	}
	lo, hi := wire.Window(len(list), from, size)
	if hi < len(list) {
		e := list[hi-1]
		c := encodeCursor(itoa(int64(e.created)) + "/" + itoa(int64(e.repo)) + "/" + itoa(int64(e.pos)))
		w.Header()["Link"] = []string{"<" + wire.With(r, "after", c, "before") + `>; rel="next"`}
	}
	j := wire.NewJSON().Arr()
	for _, ref := range list[lo:hi] {
		s.alert(j, wire.Base(r), v, ref, org)
	}
	s.send(w, r, j.EndArr())
}

func among(wanted, is string) bool {
	return wanted == "" || slices.Contains(strings.Split(wanted, ","), is)
}

func (s *Server) alert(j *wire.JSON, base string, v *view, ref alertRef, org bool) {
	r := &s.w.Repos[ref.repo]
	a := &r.Alerts[ref.pos]
	pkg := life.Packages[a.Package]
	state := a.StateAt(v.at)
	number := itoa(int64(a.Number))
	packageOf := func() {
		j.O("package").S("ecosystem", pkg.Ecosystem).S("name", pkg.Name).End()
	}
	vulnerability := func() {
		packageOf()
		j.S("severity", a.Severity).S("vulnerable_version_range", "< 1.4.2").O("first_patched_version").S("identifier", "1.4.2").End()
	}
	j.Obj().I("number", int64(a.Number)).S("state", state).O("dependency")
	packageOf()
	j.S("manifest_path", pkg.Manifest).S("scope", "runtime").End()
	ghsa := s.w.Advisory(r, a)
	j.O("security_advisory").S("ghsa_id", ghsa).N("cve_id").S("summary", "Weakness in "+pkg.Name).
		S("description", "An invented weakness.").S("severity", a.Severity).A("identifiers").Obj().S("type", "GHSA").S("value", ghsa).
		End().EndArr().A("references").EndArr().T("published_at", a.Created-life.Day).T("updated_at", a.Created-life.Day).
		N("withdrawn_at").A("vulnerabilities").Obj()
	vulnerability()
	j.End().EndArr().End().O("security_vulnerability")
	vulnerability()
	j.End().S("url", base+"/repos/"+r.FullName()+"/dependabot/alerts/"+number).
		S("html_url", "https://github.example/"+r.FullName()+"/security/dependabot/"+number).
		T("created_at", a.Created).T("updated_at", a.UpdatedAt(v.at))
	if state == "dismissed" {
		j.T("dismissed_at", a.Dismissed)
		s.person(j, base, "dismissed_by", a.By)
		j.S("dismissed_reason", "tolerable_risk").S("dismissed_comment", "Not reachable from our code.")
	} else {
		j.N("dismissed_at").N("dismissed_by").N("dismissed_reason").N("dismissed_comment")
	}
	if state == "fixed" {
		j.T("fixed_at", a.Fixed)
	} else {
		j.N("fixed_at")
	}
	j.N("auto_dismissed_at")
	if org {
		j.O("repository")
		s.repoShort(j, base, v, ref.repo)
		j.End()
	}
	j.End()
}
