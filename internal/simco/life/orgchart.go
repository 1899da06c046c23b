package life

// Department is a part of the company.
type Department struct {
	Name   string
	Code   bool // its people work on code and have a login on the code host
	share  float64
	least  int
	head   string
	lead   string
	titles []string
}

// Departments of Northwind; the first is the chief executive's own.
var Departments = []Department{
	{Name: "Executive"},
	{"Engineering", true, 0.28, 6, "VP Engineering", "Engineering Manager",
		[]string{"Software Engineer", "Senior Software Engineer", "Staff Engineer", "Test Engineer"}},
	{"Platform", true, 0.06, 5, "Director of Platform", "Platform Lead",
		[]string{"Site Reliability Engineer", "Platform Engineer", "Senior Platform Engineer"}},
	{"Security", true, 0.03, 2, "Chief Information Security Officer", "Security Lead",
		[]string{"Security Engineer", "Security Analyst", "Compliance Analyst"}},
	{"Data", true, 0.05, 2, "Head of Data", "Data Lead", []string{"Data Engineer", "Data Scientist", "Analytics Engineer"}},
	{"IT", false, 0.03, 5, "Head of IT", "IT Lead", []string{"IT Administrator", "Support Technician", "Systems Engineer"}},
	{"Product", false, 0.06, 1, "Chief Product Officer", "Group Product Manager", []string{"Product Manager", "Product Analyst"}},
	{"Design", false, 0.03, 1, "Head of Design", "Design Lead", []string{"Product Designer", "Researcher"}},
	{"Customer Support", false, 0.12, 2, "Head of Customer Support", "Support Lead",
		[]string{"Support Specialist", "Senior Support Specialist", "Customer Success Manager"}},
	{"Sales", false, 0.13, 2, "Chief Revenue Officer", "Sales Manager",
		[]string{"Account Executive", "Sales Development Representative", "Solutions Consultant"}},
	{"Marketing", false, 0.06, 1, "Head of Marketing", "Marketing Lead", []string{"Marketing Specialist", "Content Writer"}},
	{"Finance", false, 0.05, 1, "Chief Financial Officer", "Finance Lead", []string{"Accountant", "Financial Analyst", "Payroll Specialist"}},
	{"People", false, 0.03, 1, "Chief People Officer", "People Lead", []string{"People Partner", "Recruiter"}},
	{"Legal", false, 0.02, 1, "General Counsel", "Legal Lead", []string{"Counsel", "Privacy Officer"}},
	{"Operations", false, 0.05, 1, "Chief Operating Officer", "Operations Lead", []string{"Operations Analyst", "Procurement Specialist"}},
}

// Indexes of the departments that play a part of their own.
const (
	deptExecutive = iota
	deptEngineering
	deptPlatform
	deptSecurity
	deptData
	deptIT
)

// Offices of Northwind and their distance from UTC in hours.
var Offices = []struct {
	Name  string
	Zone  int
	City  string
	State string
	Land  string // ISO 3166 code
	Lat   float64
	Lon   float64
}{
	{"Berlin", 1, "Berlin", "Land Berlin", "DE", 52.52, 13.4},
	{"Lisbon", 0, "Lisbon", "Lisboa", "PT", 38.72, -9.14},
	{"Toronto", -5, "Toronto", "Ontario", "CA", 43.65, -79.38},
	{"Remote", 0, "Dublin", "Leinster", "IE", 53.35, -6.26},
}

type level uint8

const (
	chief level = iota
	head
	lead
	member
)

// seat is a place in the organisation chart that one person holds at a time.
type seat struct {
	dept       int
	level      level
	parent     int32 // -1 for the chief executive
	contractor bool
	steady     bool   // whoever sits here stays
	admin      string // administrator role that goes with the seat
	owner      bool   // owner of the organisation on the code host
	ops        bool   // in the team platform-admins
	team       int    // code team, -1 for none
	extra      bool
}

// hold is a person's time in a seat, seen from the seat.
type hold struct {
	person   int32
	from, to Time
}

// chart lays out the seats: a chief executive, a head for each department, leads for about eight people each.
func (b *builder) chart() {
	n := b.w.Config.People
	b.seats = append(b.seats, seat{dept: deptExecutive, level: chief, parent: -1, steady: true, team: -1})
	for i := 1; i < len(Departments); i++ {
		d := &Departments[i]
		size := max(d.least, int(d.share*float64(n)+0.5))
		b.department(i, size)
	}
	b.specialSeats()
	b.codeTeams()
}

func (b *builder) department(dept, size int) {
	headSeat := int32(len(b.seats))
	steady := dept == deptIT || dept == deptPlatform
	b.seats = append(b.seats, seat{dept: dept, level: head, parent: 0, steady: steady, team: -1})
	size--
	leads := 0
	if size > 9 {
		leads = (size + 4) / 9
	}
	first := int32(len(b.seats))
	for range leads {
		b.seats = append(b.seats, seat{dept: dept, level: lead, parent: headSeat, team: -1})
	}
	every := 20
	if dept == deptEngineering {
		every = 12
	}
	for i := range size - leads {
		parent := headSeat
		if leads > 0 {
			parent = first + int32(i%leads)
		}
		b.seats = append(b.seats, seat{dept: dept, level: member, parent: parent, contractor: i%every == every/3, team: -1})
	}
}

// specialSeats gives the administrator roles of the identity provider and the ownership of the code host to seats.
func (b *builder) specialSeats() {
	roles := []string{"SUPER_ADMIN", "SUPER_ADMIN", "SUPER_ADMIN", "HELP_DESK_ADMIN", "APP_ADMIN"}
	more := []string{"HELP_DESK_ADMIN", "USER_ADMIN", "APP_ADMIN", "READ_ONLY_ADMIN"}
	limit := max(5, len(b.seats)/60)
	admins, owners, ops := 0, 0, 0
	for i := range b.seats {
		s := &b.seats[i]
		if s.contractor {
			continue
		}
		switch {
		case s.dept == deptIT && admins < limit:
			if admins < len(roles) {
				s.admin = roles[admins]
			} else {
				s.admin = more[admins%len(more)]
			}
			s.steady = s.steady || admins < 5 // the first five keep the door at all times
			admins++
		case s.dept == deptPlatform && owners < 3:
			s.owner, s.ops, s.steady = true, true, true
			owners++
		case (s.dept == deptPlatform || s.dept == deptSecurity) && s.level == member && ops < 4:
			s.ops, s.steady = true, true
			ops++
		}
	}
	for i := len(b.seats) - 1; ops < 4 && i > 0; i-- { // a small company fills up with engineers
		if s := &b.seats[i]; s.dept == deptEngineering && s.level == member && !s.contractor {
			s.ops, s.steady = true, true
			ops++
		}
	}
}

// codeTeams spreads the people of the code departments over teams of about seven.
func (b *builder) codeTeams() {
	for i := range b.seats {
		if Departments[b.seats[i].dept].Code {
			b.coders = append(b.coders, int32(i))
		}
	}
	teams := min(len(teamNames), max(1, len(b.coders)/7))
	b.crew = make([][]int32, teams)
	for k, i := range b.coders {
		t := k % teams
		b.seats[i].team = t
		b.crew[t] = append(b.crew[t], i)
	}
}

// special reports whether a seat is one that deviations and moves leave alone.
func (s *seat) special() bool {
	return s.level != member || s.admin != "" || s.owner || s.ops || s.contractor || s.steady
}
