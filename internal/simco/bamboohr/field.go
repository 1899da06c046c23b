package bamboohr

import (
	"net/http"
	"strconv"

	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// known is a field of an employee's record.
type known struct {
	alias   string
	id      int // number of a field; custom fields have no other name in the interface than number and alias
	title   string
	kind    string
	custom  bool
	dataset string // name in the dataset "employee"; "" when it is the alias
	list    string // name in the list of employees; "" when it is not there
	value   func(s *Server, i int32, t life.Time) string
}

func text(f func(p *life.Person) string) func(*Server, int32, life.Time) string {
	return func(s *Server, i int32, _ life.Time) string { return f(&s.w.People[i]) }
}

func date(t life.Time) string {
	if t == 0 {
		return ""
	}
	return t.Date().String()
}

func latest(f func(p *life.Person) []life.Time) func(*Server, int32, life.Time) string {
	return func(s *Server, i int32, t life.Time) string { return date(life.LatestBy(f(&s.w.People[i]), t)) }
}

// fields of the record. Aliases are the names the interface takes.
var fieldTable = []known{
	{alias: "id", id: 4047, title: "EEID", kind: "integer", dataset: "eeid", list: "employeeId",
		value: text(func(p *life.Person) string { return strconv.Itoa(p.HRID) })},
	{alias: "employeeNumber", id: 1, title: "Employee #", kind: "employee_number", list: "employeeNumber", value: text(life.EmployeeNumber)},
	{alias: "firstName", id: 2, title: "First Name", kind: "text", list: "firstName", value: text(func(p *life.Person) string { return p.First })},
	{alias: "lastName", id: 3, title: "Last Name", kind: "text", list: "lastName", value: text(func(p *life.Person) string { return p.Last })},
	{alias: "preferredName", id: 4, title: "Preferred Name", kind: "text", list: "preferredName", value: text(func(*life.Person) string { return "" })},
	{alias: "displayName", id: 5, title: "Display Name", kind: "text", list: "displayName", dataset: "name",
		value: text(func(p *life.Person) string { return p.First + " " + p.Last })},
	{alias: "workEmail", id: 6, title: "Work Email", kind: "email", list: "workEmail", dataset: "email",
		value: text(func(p *life.Person) string { return p.Email })},
	{alias: "department", id: 7, title: "Department", kind: "list", list: "departmentName", dataset: "jobInformationDepartment",
		value: (*Server).department},
	{alias: "division", id: 8, title: "Division", kind: "list", list: "divisionName", value: text(func(*life.Person) string { return "Northwind" })},
	{alias: "jobTitle", id: 9, title: "Job Title", kind: "list", list: "jobTitleName", dataset: "jobInformationJobTitle", value: (*Server).jobTitle},
	{alias: "location", id: 10, title: "Location", kind: "list", list: "locationName", dataset: "jobInformationLocation",
		value: text(func(p *life.Person) string { return life.Offices[p.Office].Name })},
	{alias: "country", id: 11, title: "Country", kind: "country", list: "country",
		value: text(func(p *life.Person) string { return life.Offices[p.Office].Land })},
	{alias: "supervisor", id: 91, title: "Reporting to", kind: "employee", list: "reportsToName", dataset: "jobInformationReportsTo",
		value: func(s *Server, i int32, t life.Time) string {
			return s.manager(i, t, func(p *life.Person) string { return p.First + " " + p.Last })
		}},
	{alias: "supervisorId", id: 92, title: "Supervisor's employee #", kind: "employee_number",
		value: func(s *Server, i int32, t life.Time) string { return s.manager(i, t, life.EmployeeNumber) }},
	{alias: "supervisorEId", id: 93, title: "Supervisor's EEID", kind: "integer", list: "reportsToId", dataset: "supervisorEId",
		value: func(s *Server, i int32, t life.Time) string {
			return s.manager(i, t, func(p *life.Person) string { return strconv.Itoa(p.HRID) })
		}},
	{alias: "status", id: 12, title: "Status", kind: "status", list: "status", value: (*Server).status},
	{alias: "employmentHistoryStatus", id: 13, title: "Employment Status", kind: "list", list: "employmentStatusName",
		dataset: "employmentStatus", value: (*Server).employmentStatus},
	{alias: "employmentType", id: 14, title: "Employment Type", kind: "list", list: "employmentType", value: text(employmentType)},
	{alias: "hireDate", id: 15, title: "Hire Date", kind: "date", list: "hireDate", value: text(func(p *life.Person) string { return p.Hired.String() })},
	{alias: "terminationDate", id: 16, title: "Termination Date", kind: "date", list: "terminationDate",
		value: func(s *Server, i int32, t life.Time) string {
			if p := &s.w.People[i]; p.Left != 0 && p.LeftAt() <= t {
				return p.Left.String()
			}
			return ""
		}},
	{alias: "lastChanged", id: 17, title: "Last changed", kind: "timestamp",
		value: func(s *Server, i int32, t life.Time) string {
			return string(wire.AppendTime(nil, life.LatestBy(s.w.People[i].Touched, t), false)) + "+00:00"
		}},

	{alias: "backgroundCheckCompleted", id: 4401, title: "Background Check Completed", kind: "date", custom: true,
		value: func(s *Server, i int32, t life.Time) string {
			if c := s.w.People[i].ScreeningAt(t); c != nil {
				return c.On.String()
			}
			return ""
		}},
	{alias: "backgroundCheckResult", id: 4402, title: "Background Check Result", kind: "list", custom: true,
		value: func(s *Server, i int32, t life.Time) string {
			if c := s.w.People[i].ScreeningAt(t); c != nil {
				return c.Result
			}
			return ""
		}},
	{alias: "agreementSigned", id: 4403, title: "Confidentiality Agreement Signed", kind: "date", custom: true,
		value: latest(func(p *life.Person) []life.Time {
			if p.Agreement == 0 {
				return nil
			}
			return []life.Time{p.Agreement}
		})},
	{alias: "codeOfConductAccepted", id: 4404, title: "Code of Conduct Accepted", kind: "date", custom: true,
		value: latest(func(p *life.Person) []life.Time { return p.Conduct })},
	{alias: "securityTrainingFirst", id: 4405, title: "Security Training: First", kind: "date", custom: true,
		value: latest(func(p *life.Person) []life.Time { return p.Training[:min(1, len(p.Training))] })},
	{alias: "securityTrainingLast", id: 4406, title: "Security Training: Last", kind: "date", custom: true,
		value: latest(func(p *life.Person) []life.Time { return p.Training })},
	{alias: "lastPerformanceReview", id: 4407, title: "Last Performance Review", kind: "date", custom: true,
		value: latest(func(p *life.Person) []life.Time { return p.Reviews })},
}

// byName finds fields by alias, by number and by their name in the dataset.
var byName = func() map[string]*known {
	m := map[string]*known{}
	for i := range fieldTable {
		f := &fieldTable[i]
		m[f.alias], m[strconv.Itoa(f.id)] = f, f
		if f.dataset != "" {
			m[f.dataset] = f
		}
	}
	m["employeeId"], m["bestEmail"], m["fullName1"] = m["id"], m["workEmail"], m["displayName"]
	m["originalHireDate"] = m["hireDate"]
	return m
}()

func (s *Server) manager(i int32, t life.Time, of func(p *life.Person) string) string {
	p := &s.w.People[i]
	job := p.JobAt(t)
	if job.Manager < 0 || job.From > t || p.Missing(life.ManagerField, t) {
		return ""
	}
	return of(&s.w.People[job.Manager])
}

func (s *Server) department(i int32, t life.Time) string {
	if p := &s.w.People[i]; !p.Missing(life.DepartmentField, t) {
		return life.Departments[p.JobAt(t).Dept].Name
	}
	return ""
}

func (s *Server) jobTitle(i int32, t life.Time) string {
	if p := &s.w.People[i]; !p.Missing(life.TitleField, t) {
		return p.JobAt(t).Title
	}
	return ""
}

func (s *Server) status(i int32, t life.Time) string {
	if s.w.People[i].ActiveAt(t) {
		return "Active"
	}
	return "Inactive"
}

func employmentType(p *life.Person) string {
	switch {
	case p.Contractor:
		return "Contractor"
	case p.PartTime:
		return "Part-Time"
	}
	return "Full-Time"
}

func (s *Server) employmentStatus(i int32, t life.Time) string {
	if p := &s.w.People[i]; p.Left == 0 || t < p.LeftAt() {
		return employmentType(p)
	}
	return "Terminated"
}

// see is the value of a field for a key: empty for what it may not see.
func (s *Server) see(f *known, i int32, v view) string {
	if v.limited && f.custom {
		return ""
	}
	return f.value(s, i, v.at)
}

// fields lists the fields of the record.
func (s *Server) fields(w http.ResponseWriter, _ *http.Request, v view) {
	j := wire.NewJSON().Arr()
	for i := range fieldTable {
		f := &fieldTable[i]
		if f.custom && v.limited {
			continue
		}
		j.Obj().I("id", int64(f.id)).S("name", f.title).S("type", f.kind).S("alias", f.alias).End()
	}
	s.send(w, j.EndArr())
}
