package logs

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/tickmark/tickmark/internal/kernel/period"
	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// perDay is how many records a log has on a working day that nobody else writes; at weekends it is a third.
const perDay = 90

// fact is what a record is made from.
type fact struct {
	at          life.Time
	n           uint64 // differs for each
	serial      int64  // rises with time
	mail, other string // people who work there
	ip          string
}

// made writes the logs that package audit does not: what people do with their own directory, office and second code host.
var made = map[string]func(j *wire.JSON, f fact) (id string){
	Directory: directory, GitLab: gitlab, Admin: admin, Login: login, Token: token,
}

func (b *Book) make(log string, d period.Date, write func(*wire.JSON, fact) string) []Entry {
	n := perDay
	if w := ((int(d)+4)%7 + 7) % 7; w == 0 || w == 6 {
		n /= 3
	}
	mails := b.working(d)
	if len(mails) == 0 {
		return nil
	}
	base := hash(fmt.Sprint(log, int(d), b.w.Seed))
	at := make([]life.Time, n)
	for i := range at {
		at[i] = life.Midnight(d) + life.Time(hash(fmt.Sprint(base, i))%uint64(life.Day))
	}
	slices.Sort(at)
	out := make([]Entry, n)
	for i := range out {
		h := hash(fmt.Sprint(base, "n", i))
		f := fact{at: at[i], n: h, serial: int64(d)*1000 + int64(i), mail: mails[h%uint64(len(mails))], other: mails[(h>>20)%uint64(len(mails))], ip: fmt.Sprintf("192.0.2.%d", 1+h%250)}
		j := wire.NewJSON()
		id := write(j, f)
		out[i] = Entry{f.at, shown(log, id, f.at), id, slices.Clone(j.Bytes())}
		j.Free()
	}
	return out
}

// working are the addresses of those who work there on a day.
func (b *Book) working(d period.Date) []string {
	var out []string
	for i := range b.w.People {
		if p := &b.w.People[i]; p.Hired <= d && (p.Left == 0 || p.Left > d) {
			out = append(out, p.Email)
		}
	}
	return out
}

func guid(n uint64) string {
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", uint32(n), uint16(n>>32), uint16(n>>48)&0xfff, uint16(n>>8)&0xfff, n&0xffffffffffff)
}

func directory(j *wire.JSON, f fact) string {
	id := "Directory_" + guid(f.n)
	what := [...]string{"Update user", "Add member to group", "Reset user password", "Update application", "Consent to application", "Add member to role"}[f.n%6]
	j.Obj().S("id", id).S("category", "UserManagement").S("correlationId", guid(f.n^1)).S("result", "success").S("resultReason", "").S("activityDisplayName", what).
		TMs("activityDateTime", f.at).S("loggedByService", "Core Directory").S("operationType", "Update").
		O("initiatedBy").N("app").O("user").S("id", guid(hash(f.mail))).S("userPrincipalName", f.mail).S("ipAddress", f.ip).End().End().
		A("targetResources").Obj().S("id", guid(hash(f.other))).S("type", "User").S("userPrincipalName", f.other).A("modifiedProperties").EndArr().End().EndArr().
		A("additionalDetails").EndArr().End()
	return id
}

func gitlab(j *wire.JSON, f fact) string {
	what := [...]string{"project_access_token_created", "member_added", "merge_request_approval_setting_changed", "protected_branch_created", "repository_git_operation"}[f.n%5]
	author := int64(hash(f.mail) % 5000)
	j.Obj().I("id", f.serial).I("author_id", author).S("author_name", f.mail).I("entity_id", int64(f.n%40)).S("entity_type", "Project").S("entity_path", "northwind/data-"+strconv.Itoa(int(f.n%40))).
		S("event_name", what).O("details").S("author_name", f.mail).S("target_details", f.other).S("target_type", "User").S("ip_address", f.ip).
		S("custom_message", "as "+what).End().TMs("created_at", f.at).End()
	return strconv.FormatInt(f.serial, 10)
}

// activity writes an activity of the office: an application's event with parameters, names and values in turn.
func activity(j *wire.JSON, f fact, app, kind, name string, params ...string) string {
	q := strconv.FormatInt(int64(f.n), 10)
	j.Obj().S("kind", "admin#reports#activity").S("etag", `"`+guid(f.n)+`"`).O("id").TMs("time", f.at).S("uniqueQualifier", q).S("applicationName", app).S("customerId", "C0northwind").End().
		O("actor").S("callerType", "USER").S("email", f.mail).S("profileId", strconv.FormatUint(hash(f.mail), 10)).End().S("ipAddress", f.ip).
		A("events").Obj().S("type", kind).S("name", name).A("parameters")
	for i := 0; i+1 < len(params); i += 2 {
		j.Obj().S("name", params[i]).S("value", params[i+1]).End()
	}
	j.EndArr().End().EndArr().End()
	return q + ":" + app
}

func admin(j *wire.JSON, f fact) string {
	name := [...]string{"CHANGE_USER_PASSWORD", "ADD_GROUP_MEMBER", "ASSIGN_ROLE", "CHANGE_APPLICATION_SETTING"}[f.n%4]
	return activity(j, f, "admin", "USER_SETTINGS", name, "USER_EMAIL", f.other)
}

func login(j *wire.JSON, f fact) string {
	name := "login_success"
	if f.n%11 == 0 {
		name = "login_failure"
	}
	return activity(j, f, "login", "login", name, "login_type", "google_password")
}

func token(j *wire.JSON, f fact) string {
	return activity(j, f, "token", "auth", "authorize", "client_id", guid(f.n%9), "app_name", "Planner")
}
