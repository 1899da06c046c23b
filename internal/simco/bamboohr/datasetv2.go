package bamboohr

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/simco/wire"
)

// datasetV2 answers a request for rows in the second version: paging in the body, rows under "fields", problems as
// application/problem+json. A field that the key may not see is an error there, not null.
func (s *Server) datasetV2(w http.ResponseWriter, r *http.Request, v view) {
	var in struct {
		Fields   []string `json:"fields"`
		Filter   string   `json:"filter"`
		Page     int      `json:"page"`
		PageSize int      `json:"pageSize"`
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || json.Unmarshal(raw, &in) != nil || len(in.Fields) == 0 {
		s.problem(w, http.StatusBadRequest, "UE-1000", "fields is required")
		return
	}
	if r.PathValue("name") != employeeDataset {
		s.problem(w, http.StatusNotFound, "NOT_FOUND", "The dataset is not accessible")
		return
	}
	for _, name := range in.Fields {
		if f := byName[name]; f == nil || f.custom && v.limited {
			s.problem(w, http.StatusBadRequest, "UE-1001", "Unknown or inaccessible field: "+name)
			return
		}
	}
	keep, ok := s.odata(in.Filter)
	if !ok {
		s.problem(w, http.StatusUnprocessableEntity, "INVALID_FILTER", "The filter cannot be read: "+in.Filter)
		return
	}
	size := in.PageSize
	if size < 1 {
		size = 100
	}
	size, page := min(size, 1000), max(1, in.Page)
	people := slices.DeleteFunc(slices.Clone(v.people), func(i int32) bool { return !keep(i, v) })
	lo, hi := wire.Window(len(people), (page-1)*size, size)
	j := wire.NewJSON().Obj().A("data")
	for _, i := range people[lo:hi] {
		j.Obj().O("fields")
		s.row(j, in.Fields, i, v)
		j.End().End()
	}
	pages := (len(people) + size - 1) / size
	j.EndArr().O("links")
	self := wire.Base(r) + r.URL.Path
	if page > 1 {
		j.S("prev", self+"?page="+strconv.Itoa(page-1))
	}
	if page < pages {
		j.S("next", self+"?page="+strconv.Itoa(page+1))
	}
	j.End().O("meta").I("page", int64(page)).I("pageSize", int64(size)).I("totalPages", int64(pages)).I("totalItems", int64(len(people))).End()
	s.send(w, j.End())
}

func (s *Server) problem(w http.ResponseWriter, status int, code, detail string) {
	j := wire.NewJSON().Obj().S("type", "about:blank").S("title", http.StatusText(status)).I("status", int64(status)).
		S("code", code).S("detail", detail).End()
	wire.Send(w, status, "application/problem+json", j)
}

// odata reads a filter of one comparison: field eq 'value', field ne 'value', or field in ('a','b').
func (s *Server) odata(text string) (func(i int32, v view) bool, bool) {
	if text == "" {
		return func(int32, view) bool { return true }, true
	}
	name, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	op, value, _ := strings.Cut(strings.TrimSpace(rest), " ")
	f := byName[name]
	value = strings.TrimSpace(value)
	if f == nil || value == "" {
		return nil, false
	}
	var want []string
	switch {
	case op == "in" && strings.HasPrefix(value, "(") && strings.HasSuffix(value, ")"):
		for _, part := range strings.Split(value[1:len(value)-1], ",") {
			want = append(want, strings.Trim(strings.TrimSpace(part), "'"))
		}
	case op == "eq" || op == "ne":
		want = []string{strings.Trim(value, "'")}
	default:
		return nil, false
	}
	return func(i int32, v view) bool { return slices.Contains(want, s.see(f, i, v)) != (op == "ne") }, true
}
