package bamboohr

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// report answers a request for a custom report over all employees; fields that do not exist are left out.
func (s *Server) report(w http.ResponseWriter, r *http.Request, v view) {
	if f := r.URL.Query().Get("format"); !strings.EqualFold(f, "json") {
		s.fail(w, http.StatusNotFound, "Only the format JSON is simulated")
		return
	}
	var in struct {
		Title   string   `json:"title"`
		Fields  []string `json:"fields"`
		Filters struct {
			LastChanged struct {
				Value string `json:"value"`
			} `json:"lastChanged"`
		} `json:"filters"`
	}
	if !s.body(w, r, &in) {
		return
	}
	since := life.Time(0)
	if text := in.Filters.LastChanged.Value; text != "" {
		t, ok := instant(text)
		if !ok {
			s.fail(w, http.StatusBadRequest, "lastChanged is not an ISO 8601 timestamp")
			return
		}
		since = t
	}
	j := wire.NewJSON().Obj().S("title", in.Title).A("fields")
	for _, name := range in.Fields {
		if f := byName[name]; f != nil {
			j.Obj().S("id", name).S("type", f.kind).S("name", f.title).End()
		}
	}
	j.EndArr().A("employees")
	for _, i := range v.people {
		if life.LatestBy(s.w.People[i].Touched, v.at) < since {
			continue
		}
		j.Obj().S("id", strconv.Itoa(s.w.People[i].HRID))
		for _, name := range in.Fields {
			if f := byName[name]; f != nil && name != "id" {
				s.oldValue(j, name, f, i, v)
			}
		}
		j.End()
	}
	s.send(w, j.EndArr().End())
}
