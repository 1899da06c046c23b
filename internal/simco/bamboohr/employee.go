package bamboohr

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// employee answers with the asked fields of one employee; fields that do not exist are left out.
func (s *Server) employee(w http.ResponseWriter, r *http.Request, v view) {
	i := s.personOf(w, r, v)
	if i < 0 {
		return
	}
	names := r.URL.Query().Get("fields")
	if names == "" {
		names = "firstName,lastName"
	}
	j := wire.NewJSON().Obj().S("id", strconv.Itoa(s.w.People[i].HRID))
	for _, name := range strings.Split(names, ",") {
		name = strings.TrimSpace(name)
		if f := byName[name]; f != nil && name != "id" {
			s.oldValue(j, name, f, i, v)
		}
	}
	s.send(w, j.End())
}

// oldValue writes a field as single employees and custom reports do: a date that is not set is 0000-00-00 in the fields
// that every record has.
func (s *Server) oldValue(j *wire.JSON, name string, f *known, i int32, v view) {
	is := s.see(f, i, v)
	if is == "" && f.kind == "date" && !f.custom {
		is = "0000-00-00"
	}
	j.SN(name, is)
}

// table answers with the rows of an employee's job information or employment status, oldest first; "all" stands for all
// employees, those who left included.
func (s *Server) table(w http.ResponseWriter, r *http.Request, v view) {
	people := v.people
	if r.PathValue("id") != "all" {
		i := s.personOf(w, r, v)
		if i < 0 {
			return
		}
		people = []int32{i}
	}
	rows := s.jobRows
	switch r.PathValue("table") {
	case "jobInfo":
	case "employmentStatus":
		rows = s.statusRows
	default:
		s.fail(w, http.StatusNotFound, "Table not found")
		return
	}
	j := wire.NewJSON().Arr()
	for _, i := range people {
		rows(j, &s.w.People[i], v)
	}
	s.send(w, j.EndArr())
}

func (s *Server) jobRows(j *wire.JSON, p *life.Person, v view) {
	for k := range p.Jobs {
		job := &p.Jobs[k]
		if k > 0 && job.From > v.at {
			return
		}
		j.Obj().S("id", strconv.Itoa(p.HRID*100+k)).S("employeeId", strconv.Itoa(p.HRID)).S("date", date(job.From)).
			S("location", life.Offices[p.Office].Name).S("department", life.Departments[job.Dept].Name).S("division", "Northwind").
			S("jobTitle", job.Title)
		if job.Manager >= 0 && job.From <= v.at {
			j.S("reportsTo", s.w.People[job.Manager].First+" "+s.w.People[job.Manager].Last)
		} else {
			j.N("reportsTo")
		}
		j.End()
	}
}

func (s *Server) statusRows(j *wire.JSON, p *life.Person, v view) {
	row := func(k int, on, status string) {
		j.Obj().S("id", strconv.Itoa(p.HRID*10+k)).S("employeeId", strconv.Itoa(p.HRID)).S("date", on).S("employmentStatus", status).S("comment", "").
			N("terminationReasonId").N("terminationTypeId").N("terminationRehireId").End()
	}
	row(0, p.Hired.String(), employmentType(p))
	if p.Left != 0 && p.LeftAt() <= v.at {
		row(1, p.Left.String(), "Terminated")
	}
}

var directoryFields = []string{"displayName", "firstName", "lastName", "preferredName", "jobTitle", "workEmail", "department", "location",
	"division", "supervisor"}

// directory lists who works at the company now.
func (s *Server) directory(w http.ResponseWriter, _ *http.Request, v view) {
	j := wire.NewJSON().Obj().A("fields")
	for _, name := range directoryFields {
		f := byName[name]
		j.Obj().S("id", name).S("type", f.kind).S("name", f.title).End()
	}
	j.EndArr().A("employees")
	for _, i := range v.people {
		if !s.w.People[i].ActiveAt(v.at) {
			continue
		}
		j.Obj().S("id", strconv.Itoa(s.w.People[i].HRID))
		for _, name := range directoryFields {
			j.SN(name, s.see(byName[name], i, v))
		}
		j.B("photoUploaded", false).S("photoUrl", "https://images.bamboohr.example/photo.png").End()
	}
	s.send(w, j.EndArr().End())
}

// changed lists the employees whose record changed after an instant, with the last change of each.
func (s *Server) changed(w http.ResponseWriter, r *http.Request, v view) {
	q := r.URL.Query()
	since, ok := instant(q.Get("since"))
	if !ok {
		s.fail(w, http.StatusBadRequest, "The since parameter is missing or is not an ISO 8601 timestamp")
		return
	}
	var last life.Time
	j := wire.NewJSON().Obj()
	k := j.O("employees")
	for _, i := range v.people {
		p := &s.w.People[i]
		at := life.LatestBy(p.Touched, v.at)
		action := "Updated"
		if p.Recorded > since {
			action = "Inserted"
		}
		if at <= since || q.Get("type") != "" && !strings.EqualFold(q.Get("type"), action) {
			continue
		}
		last = max(last, at)
		id := strconv.Itoa(p.HRID)
		k.O(id).S("id", id).S("action", action).TZone("lastChanged", at).End()
	}
	k.End()
	if last == 0 {
		last = min(since, v.at)
	}
	s.send(w, j.TZone("latest", last).End())
}

// instant reads the forms of ISO 8601 that the interface takes.
func instant(text string) (life.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05-0700"} {
		for _, t := range []string{text, strings.ReplaceAll(text, " ", "+")} { // a plus sign that was not escaped
			if at, err := time.Parse(layout, t); err == nil {
				return life.Of(at), true
			}
		}
	}
	return 0, false
}

var listDefaults = []string{"employeeId", "firstName", "lastName", "preferredName", "jobTitleName", "status"}

// list answers with a page of employees, of all states unless filtered, by number. Fields beyond the usual ones are asked
// for by name; custom fields cannot be. The total counts what matches the filter.
func (s *Server) list(w http.ResponseWriter, r *http.Request, v view) {
	q := r.URL.Query()
	size, ok := wire.Size(q.Get("page[limit]"), 100, 500)
	if !ok {
		s.fail(w, http.StatusBadRequest, "page[limit] must be a positive integer")
		return
	}
	people := v.people
	if want := q.Get("filter[status]"); want != "" {
		people = slices.DeleteFunc(slices.Clone(people), func(i int32) bool { return !strings.EqualFold(s.status(i, v.at), want) })
	}
	lo, hi, ok := s.cut(people, q.Get("page[after]"), q.Get("page[before]"), size)
	if !ok {
		s.fail(w, http.StatusBadRequest, "page[after] or page[before] is not a cursor")
		return
	}
	cursor := func(i int32) string {
		return base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(s.w.People[i].HRID)))
	}
	names := listDefaults
	if extra := q.Get("fields"); extra != "" {
		names = append(slices.Clone(names), strings.Split(extra, ",")...)
	}
	j := wire.NewJSON().Obj().A("data")
	for _, i := range people[lo:hi] {
		s.listRow(j, names, i, v)
	}
	next := ""
	if hi < len(people) {
		next = cursor(people[hi-1])
	}
	prev := ""
	if lo > 0 {
		prev = cursor(people[lo])
	}
	j.EndArr().O("meta").I("total", int64(len(people))).O("page").I("limit", int64(size)).SN("nextCursor", next).SN("prevCursor", prev).
		End().End().O("_links").S("self", wire.Base(r)+r.URL.RequestURI())
	turn := func(key, parameter, other, to string) {
		if to == "" {
			j.N(key)
			return
		}
		j.S(key, wire.With(r, parameter, to, other))
	}
	turn("next", "page[after]", "page[before]", next)
	turn("prev", "page[before]", "page[after]", prev)
	s.send(w, j.End().End())
}

// cut is the page of a list that lies after or before a cursor.
func (s *Server) cut(people []int32, after, before string, size int) (lo, hi int, ok bool) {
	find := func(cursor string) (int, bool) {
		raw, err := base64.RawURLEncoding.DecodeString(cursor)
		if err != nil {
			return 0, false
		}
		id, err := strconv.Atoi(string(raw))
		n, _ := slices.BinarySearchFunc(people, id, func(i int32, id int) int { return s.w.People[i].HRID - id })
		return n, err == nil
	}
	switch {
	case after != "":
		n, ok := find(after)
		if n < len(people) && ok {
			n++
		}
		lo, hi = wire.Window(len(people), n, size)
		return lo, hi, ok
	case before != "":
		n, ok := find(before)
		return max(0, n-size), n, ok
	}
	lo, hi = wire.Window(len(people), 0, size)
	return lo, hi, true
}

func (s *Server) listRow(j *wire.JSON, names []string, i int32, v view) {
	j.Obj()
	for _, name := range names {
		for k := range fieldTable {
			if f := &fieldTable[k]; f.list == strings.TrimSpace(name) {
				j.SN(f.list, s.see(f, i, v))
			}
		}
	}
	j.N("photoUrl").A("_restrictedFields").EndArr().End()
}
