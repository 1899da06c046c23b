package bamboohr

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tickmark/tickmark/internal/collect"
	"github.com/tickmark/tickmark/internal/kernel/errs"
	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/platform/httpx"
)

// standard are the fields that BambooHR itself has.
// https://documentation.bamboohr.com/docs/list-of-field-names
var standard = []string{
	"id", "employeeNumber", "displayName", "firstName", "lastName", "workEmail", "department", "jobTitle", "location", "supervisorEId",
	"employmentType", "employmentHistoryStatus", "status", "hireDate", "terminationDate",
}

// needed are the fields without which nobody's record says anything: empty for everybody, the key does not see them.
var needed = []string{"status", "hireDate"}

// value is one field of an employee: a string, a number or null.
type value json.RawMessage

// UnmarshalJSON keeps the value as it came.
func (v *value) UnmarshalJSON(b []byte) error {
	*v = append((*v)[:0], b...)
	return nil
}

// text is the value as text; nil when it is empty.
func (v value) text() *string {
	if len(v) == 0 || bytes.Equal(v, []byte("null")) {
		return nil
	}
	var s string
	if json.Unmarshal(v, &s) != nil {
		s = string(v) // a number
	}
	return collect.NonZero(strings.TrimSpace(s))
}

// noDate is how BambooHR writes, in some places, a date that is not set.
const noDate = "0000-00-00"

func (v value) date(into **period.Date) error {
	s := v.text()
	if s == nil || *s == noDate {
		return nil
	}
	d, err := period.ParseDate(*s)
	if err != nil {
		return errs.As(errs.Invalid, err, "")
	}
	*into = &d
	return nil
}

// Collect emits a worker for each employee, those who left and those who have not begun included.
func (Connector) Collect(ctx context.Context, e collect.Env, s collect.Sink) error {
	r, err := start(e, s)
	if err != nil {
		return err
	}
	if n, err := r.total(ctx); err == nil {
		s.Page("worker", "GET /api/v1/employees")
		s.Total("worker", n, "meta.total of GET /api/v1/employees")
	} else if ctx.Err() != nil {
		return ctx.Err()
	} else {
		s.Note("worker", "The number of employees was not compared with BambooHR's own count: "+err.Error())
	}
	rows, err := r.report(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.Failed("worker", err)
		return nil
	}
	r.judgeFields(ctx, rows)
	since, err := r.departments(ctx, period.Of(e.Until))
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.Note("worker", "Since when people are in their department could not be read: "+err.Error())
	}
	for _, row := range rows {
		if err := r.worker(row, since); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// row is one employee of a report.
type row = httpx.Row[map[string]value]

// report asks for all fields of all employees in one document.
func (r *run) report(ctx context.Context) ([]row, error) {
	fields := slices.Clone(standard)
	for _, c := range customs {
		if name, kept := r.fields[c.setting]; kept {
			fields = append(fields, name)
		}
	}
	query := url.Values{"format": {"JSON"}, "onlyCurrent": {"false"}}
	a, err := r.send(ctx, "/api/v1/reports/custom", query, map[string]any{"title": "Tickmark", "fields": fields})
	if err != nil {
		return nil, err
	}
	r.sink.Page("worker", "POST /api/v1/reports/custom")
	var doc struct {
		Employees []row `json:"employees"`
	}
	if err := a.Decode(&doc); err != nil {
		return nil, err
	}
	if doc.Employees == nil {
		return nil, errs.New(errs.Invalid, "the report has no list of employees")
	}
	return doc.Employees, nil
}

// total asks the list of employees, which the rows do not come from, how many there are.
func (r *run) total(ctx context.Context) (int64, error) {
	a, err := r.send(ctx, "/api/v1/employees", url.Values{"page[limit]": {"1"}}, nil)
	if err != nil {
		return 0, err
	}
	var doc struct {
		Meta struct {
			Total *int64 `json:"total"`
		} `json:"meta"`
	}
	if err := a.Decode(&doc); err != nil {
		return 0, err
	}
	if doc.Meta.Total == nil {
		return 0, errs.New(errs.Invalid, "the list of employees says no total")
	}
	return *doc.Meta.Total, nil
}

// departments reads, from everybody's job information, which department each employee was in last by the given day and
// since when. The rows come in no promised order, and a row may repeat the department of the one before it.
// https://documentation.bamboohr.com/reference/list-employee-table-data
func (r *run) departments(ctx context.Context, until period.Date) (map[string]tenure, error) {
	a, err := r.send(ctx, "/api/v1/employees/all/tables/jobInfo", nil, nil)
	if err != nil {
		return nil, err
	}
	r.sink.Page("worker", "GET /api/v1/employees/all/tables/jobInfo")
	var list []struct {
		Employee   value `json:"employeeId"`
		Date       value `json:"date"`
		Department value `json:"department"`
	}
	if err := a.Decode(&list); err != nil {
		return nil, err
	}
	jobs := map[string][]tenure{}
	for _, row := range list {
		id := row.Employee.text()
		var from *period.Date
		if id == nil || row.Date.date(&from) != nil || from == nil || *from > until {
			continue
		}
		t := tenure{since: *from}
		if d := row.Department.text(); d != nil {
			t.department = *d
		}
		jobs[*id] = append(jobs[*id], t)
	}
	out := map[string]tenure{}
	for id, list := range jobs {
		slices.SortStableFunc(list, func(a, b tenure) int { return cmp.Compare(a.since, b.since) })
		last := list[0]
		for _, t := range list[1:] {
			if t.department != last.department {
				last = t
			}
		}
		out[id] = last
	}
	return out, nil
}

// tenure is a department and the first day in it.
type tenure struct {
	department string
	since      period.Date
}

// knownFields are the fields the key sees, by alias and by number.
func (r *run) knownFields(ctx context.Context) (map[string]bool, error) {
	a, err := r.send(ctx, "/api/v1/meta/fields", nil, nil)
	if err != nil {
		return nil, err
	}
	var list []struct {
		ID    value   `json:"id"`
		Alias *string `json:"alias"`
	}
	if err := a.Decode(&list); err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, f := range list {
		if f.Alias != nil {
			out[*f.Alias] = true
		}
		if id := f.ID.text(); id != nil {
			out[*id] = true
		}
	}
	return out, nil
}

// judgeFields looks for what the key does not see. A date that is not set and one that may not be seen look the same in a
// record, so a field that nobody has is a failure unless the key's own list of fields names it.
func (r *run) judgeFields(ctx context.Context, rows []row) {
	if len(rows) == 0 {
		return
	}
	known, err := r.knownFields(ctx)
	if err == nil {
		r.sink.Page("worker", "GET /api/v1/meta/fields")
	} else {
		r.sink.Note("worker", "Which fields the key sees could not be read: "+err.Error())
	}
	for _, name := range needed {
		if !anybodyHas(rows, name) {
			r.fieldFailed(name, "is empty for everybody")
		}
	}
	for _, c := range customs {
		name, kept := r.fields[c.setting]
		switch {
		case !kept:
			r.sink.Note("worker", c.title+": the company does not keep it in BambooHR.")
		case known != nil && !known[name]:
			r.fieldFailed(name, "is not among the fields that the key sees")
		case !anybodyHas(rows, name) && known == nil:
			r.fieldFailed(name, "is empty for everybody")
		case !anybodyHas(rows, name):
			r.sink.Note("worker", "The field "+name+" is empty for everybody.")
		}
	}
}

func (r *run) fieldFailed(name, why string) {
	r.sink.Note("worker", "The field "+name+" "+why+".")
	r.sink.Failed("worker", errs.New(errs.Denied, "the field %s %s", name, why).
		WithHint("let the key's user see the field, or name the right one in the settings; write %s if the company does not keep it", notKept))
}

func anybodyHas(rows []row, name string) bool {
	return slices.ContainsFunc(rows, func(r row) bool {
		t := r.Value[name].text()
		return t != nil && *t != noDate
	})
}

// worker emits one employee. A field that cannot be read is reported and stays unknown.
func (r *run) worker(in row, departments map[string]tenure) error {
	get := func(name string) *string { return in.Value[name].text() }
	id := get("id")
	if id == nil {
		r.sink.Failed("worker", errs.New(errs.Invalid, "an employee of the report has no id"))
		return nil
	}
	f := &collect.Worker{
		ID: *id, EmployeeNumber: get("employeeNumber"), DisplayName: get("displayName"), Email: get("workEmail"), Department: get("department"),
		Title: get("jobTitle"), ManagerID: get("supervisorEId"), Location: get("location"), EmploymentType: employmentType(in.Value), Status: status(get("status")),
	}
	if f.DisplayName == nil {
		var names []string
		for _, n := range []*string{get("firstName"), get("lastName")} {
			if n != nil {
				names = append(names, *n)
			}
		}
		f.DisplayName = collect.NonZero(strings.Join(names, " "))
	}
	if f.ManagerID != nil && *f.ManagerID == "0" {
		f.ManagerID = nil
	}
	bad := []error{in.Value["hireDate"].date(&f.HiredOn), in.Value["terminationDate"].date(&f.TerminatedOn)}
	for _, c := range customs {
		if name, kept := r.fields[c.setting]; kept {
			bad = append(bad, errs.Wrap(c.set(f, in.Value[name]), "the field %s", name))
		}
	}
	if err := errors.Join(bad...); err != nil {
		r.sink.Failed("worker", errs.As(errs.Invalid, err, "employee %s", *id))
	}
	// The two lists are read one after the other: a department that changed between them has no date yet.
	if t, ok := departments[*id]; ok && f.Department != nil && *f.Department == t.department {
		f.DepartmentSince = &t.since
	}
	f.Raw = in.Raw
	return r.sink.Emit(f)
}

func status(s *string) *string {
	if s == nil {
		return nil
	}
	return collect.Ptr(strings.ToLower(*s))
}

// employmentType tells contractors from employees. BambooHR's employment status, whose words each company chooses, says
// "Terminated" of people who left, so the type comes first where the company keeps one.
func employmentType(v map[string]value) *string {
	for _, name := range []string{"employmentType", "employmentHistoryStatus"} {
		s := v[name].text()
		if s == nil {
			continue
		}
		switch low := strings.ToLower(*s); {
		case strings.Contains(low, "contract"), strings.Contains(low, "freelance"):
			return collect.Ptr("contractor")
		case low != "terminated":
			return collect.Ptr("employee")
		}
	}
	return nil
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
