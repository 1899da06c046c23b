package collect

import (
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// Person is somebody in the organisation's own directory, as it is joined from HR and the identity provider.
type Person struct {
	ID             string       `parquet:"id"` // reference, such as "P-0142"
	EmployeeNumber *string      `parquet:"employee_number"`
	DisplayName    string       `parquet:"display_name"`
	Email          *string      `parquet:"email"`
	Department     *string      `parquet:"department"`
	Title          *string      `parquet:"title"`
	Kind           *string      `parquet:"kind"`  // "employee" or "contractor"
	State          string       `parquet:"state"` // "joining", "active", "leaving" or "left"
	Works          bool         `parquet:"works"` // active or leaving, and known to a source
	StartedOn      *period.Date `parquet:"started_on,date"`
	EndedOn        *period.Date `parquet:"ended_on,date"`
	EndedAt        *time.Time   `parquet:"ended_at,timestamp(microsecond)"` // the instant, where the source says it
	Stint          int64        `parquet:"stint"`                           // 1 for the first employment, one more for each return
	Manager        *string      `parquet:"manager"`                         // reference of a person
	Line           string       `parquet:"line"`                            // reporting line: "top", "holds", "nobody", "left", "joining", "lost" or "circle"; empty for who does not work here
	Role           *string      `parquet:"role"`                            // reference of the role description that fits the title
	RoleReviewedOn *period.Date `parquet:"role_reviewed_on,date"`
	Origin         string       `parquet:"origin"` // "hr", "directory" or "hand"
	GoneSince      *time.Time   `parquet:"gone_since,timestamp(microsecond)"`
	Meta
}

// Device is something the organisation gave to a person, one row for each time.
type Device struct {
	ID           string       `parquet:"id"` // reference, such as "DV-0012"
	Serial       string       `parquet:"serial"`
	Kind         string       `parquet:"kind"` // "laptop", "phone", "tablet", "token", "badge", "key" or "other"
	Name         *string      `parquet:"name"`
	Holder       string       `parquet:"holder"` // reference of a person
	HolderName   string       `parquet:"holder_name"`
	HolderState  string       `parquet:"holder_state"`
	HolderEnded  *period.Date `parquet:"holder_ended_on,date"`
	GivenOn      period.Date  `parquet:"given_on,date"`
	ReturnedOn   *period.Date `parquet:"returned_on,date"`
	WrittenOff   bool         `parquet:"written_off"`
	WrittenOffAt *time.Time   `parquet:"written_off_at,timestamp(microsecond)"`
	Meta
}

// RoleDescription is what somebody with certain titles does and may decide.
type RoleDescription struct {
	ID         string       `parquet:"id"` // reference, such as "RO-007"
	Title      string       `parquet:"title"`
	People     int64        `parquet:"people"`    // who works here with one of its titles
	Described  bool         `parquet:"described"` // it tells duties, competence and authority
	ReviewedOn *period.Date `parquet:"reviewed_on,date"`
	CreatedAt  time.Time    `parquet:"created_at,timestamp(microsecond)"`
	Meta
}

// Resource and Key of each type.

func (f *Person) Resource() string          { return "person" }
func (f *Person) Key() string               { return f.ID }
func (f *Device) Resource() string          { return "device" }
func (f *Device) Key() string               { return f.ID }
func (f *RoleDescription) Resource() string { return "role_description" }
func (f *RoleDescription) Key() string      { return f.ID }
