package bamboohr

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"

	"github.com/tickmark/tickmark/internal/simco/wire"
)

const employeeDataset = "employee"

// datasetName is the field's name in the dataset.
func (f *known) datasetName() string {
	if f.dataset != "" {
		return f.dataset
	}
	return f.alias
}

func (s *Server) datasets(w http.ResponseWriter, _ *http.Request, _ view) {
	s.send(w, wire.NewJSON().Obj().A("datasets").Obj().S("name", employeeDataset).S("label", "Employee").End().EndArr().End())
}

func (s *Server) datasetFields(w http.ResponseWriter, r *http.Request, v view) {
	if r.PathValue("name") != employeeDataset {
		s.fail(w, http.StatusNotFound, "Dataset not found")
		return
	}
	j := wire.NewJSON().Obj().A("fields")
	n := 0
	for i := range fieldTable {
		f := &fieldTable[i]
		if f.custom && v.limited {
			continue
		}
		kind := "text"
		switch f.kind {
		case "date", "timestamp":
			kind = "date"
		case "list", "status":
			kind = "options"
		case "integer":
			kind = "int"
		}
		j.Obj().S("name", f.datasetName()).S("label", f.title).S("type", kind).S("parentType", "employee").S("parentName", "employee").End()
		n++
	}
	j.EndArr().O("pagination").I("total_records", int64(n)).I("current_page", 1).I("total_pages", 1).N("next_page").N("prev_page").End()
	s.send(w, j.End())
}

// body reads a JSON request; it answers 400 and is false for anything else.
func (s *Server) body(w http.ResponseWriter, r *http.Request, into any) bool {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || json.Unmarshal(raw, into) != nil {
		s.fail(w, http.StatusBadRequest, "Malformed JSON")
		return false
	}
	return true
}

// condition is a filter of a dataset request.
type condition struct {
	Field    string `json:"field"`
	Operator string `json:"operator"`
	Value    any    `json:"value"`
}

// dataset answers a request for rows of the dataset "employee" in the first version of that interface. Employees of all
// states are rows. It knows filters on text and options, all of which must match.
func (s *Server) dataset(w http.ResponseWriter, r *http.Request, v view) {
	var in struct {
		Fields  []string `json:"fields"`
		Filters struct {
			Match   string      `json:"match"`
			Filters []condition `json:"filters"`
		} `json:"filters"`
	}
	if !s.body(w, r, &in) {
		return
	}
	if r.PathValue("name") != employeeDataset {
		s.fail(w, http.StatusNotFound, "Dataset not found")
		return
	}
	if len(in.Fields) == 0 {
		s.fail(w, http.StatusBadRequest, "fields is required")
		return
	}
	q := r.URL.Query()
	size, _ := wire.Size(q.Get("page_size"), 500, 1000)
	page := max(1, atoi(q.Get("page")))
	people := slices.DeleteFunc(slices.Clone(v.people), func(i int32) bool {
		return !s.all(in.Filters.Filters, i, v)
	})
	lo, hi := wire.Window(len(people), (page-1)*size, size)
	j := wire.NewJSON().Obj().A("data")
	for _, i := range people[lo:hi] {
		j.Obj()
		s.row(j, in.Fields, i, v)
		j.End()
	}
	pages := (len(people) + size - 1) / size
	j.EndArr().A("aggregations").EndArr().O("pagination").I("total_records", int64(len(people))).I("current_page", int64(page)).
		I("total_pages", int64(pages))
	turn := func(key string, to int) {
		if to < 1 || to > pages {
			j.N(key)
			return
		}
		j.S(key, wire.With(r, "page", strconv.Itoa(to)))
	}
	turn("next_page", page+1)
	turn("prev_page", page-1)
	s.send(w, j.End().End())
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

func (s *Server) row(j *wire.JSON, names []string, i int32, v view) {
	for _, name := range names {
		if f := byName[name]; f != nil {
			j.SN(name, s.see(f, i, v))
		}
	}
}

func (s *Server) all(list []condition, i int32, v view) bool {
	for _, c := range list {
		f := byName[c.Field]
		if f == nil {
			return false
		}
		is := s.see(f, i, v)
		var want []string
		switch value := c.Value.(type) {
		case string:
			want = []string{value}
		case []any:
			for _, x := range value {
				if t, ok := x.(string); ok {
					want = append(want, t)
				}
			}
		}
		in := slices.Contains(want, is)
		switch c.Operator {
		case "equal", "includes":
		case "not_equal", "does_not_include":
			in = !in
		case "empty":
			in = is == ""
		case "not_empty":
			in = is != ""
		case "gte", "gt":
			in = len(want) == 1 && (is > want[0] || is == want[0] && c.Operator == "gte")
		case "lte", "lt":
			in = len(want) == 1 && is != "" && (is < want[0] || is == want[0] && c.Operator == "lte")
		default:
			in = false
		}
		if !in {
			return false
		}
	}
	return true
}
