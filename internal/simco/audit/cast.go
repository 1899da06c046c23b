package audit

import (
	"fmt"
	"strings"

	"github.com/tickmark/tickmark/internal/simco/life"
)

// The company's account at the cloud, and somebody else's; both are numbers that the vendor's documentation uses.
const (
	account  = "111122223333"
	stranger = "444455556666"
	region   = "eu-west-1"
)

// cast is who and what there is beside what the life knows.
type cast struct {
	dept     map[string]int
	buckets  []string
	services []service // of production repositories
	keys     []string  // of encryption
}

// service is a program in production with a role of its own.
type service struct {
	name, role, bucket, secret, table string
	repo                              int32
	rate                              float64 // calls an hour at the busiest
}

func newCast(w *life.World) cast {
	c := cast{dept: map[string]int{}}
	for i := range life.Departments {
		c.dept[life.Departments[i].Name] = i
	}
	for i := range w.Repos {
		r := &w.Repos[i]
		if !r.Prod {
			continue
		}
		c.services = append(c.services, service{name: r.Name, role: r.Name + "-role", bucket: "northwind-" + r.Name, secret: "prod/" + r.Name + "/database",
			table: strings.ReplaceAll(r.Name, "-", "_"), repo: int32(i), rate: 4 + float64(mix(w.Seed^uint64(i))%12)})
		c.buckets = append(c.buckets, "northwind-"+r.Name)
	}
	c.buckets = append(c.buckets, "northwind-customer-exports", "northwind-backups", "northwind-audit-logs", "northwind-warehouse", "northwind-releases")
	for i := range 6 {
		c.keys = append(c.keys, guid(w.Seed+uint64(i)*977))
	}
	return c
}

// is reports whether a person is of one of the departments at an instant.
func (t *Trail) is(person int32, at life.Time, depts ...string) bool {
	name := life.Departments[t.w.People[person].JobAt(at).Dept].Name
	for _, d := range depts {
		if d == name {
			return true
		}
	}
	return false
}

// mail is a person's address.
func (t *Trail) mail(person int32) string { return t.w.People[person].Email }

// holder is who has an AWS credential.
type holder struct {
	kind                  string // "AssumedRole", "IAMUser", "SAMLUser", "WebIdentityUser", "Root", "AWSService"
	principal, arn, user  string
	key                   string // access key
	role, roleID, roleARN string // of an assumed role
	since                 life.Time
	mfa                   bool
	by                    string // the service that calls on somebody's behalf
}

// stable is an identifier of the cloud that follows from a name.
func (t *Trail) stable(prefix, name string) string {
	x := t.w.Seed
	for i := range len(name) {
		x = mix(x*131 + uint64(name[i]))
	}
	return prefix + letters(x, capitals, 21-len(prefix))
}

// iamUser is a user of the account with a long-lived key.
func (t *Trail) iamUser(name string) holder {
	return holder{kind: "IAMUser", principal: t.stable("AIDA", name), arn: "arn:aws:iam::" + account + ":user/" + name, user: name,
		key: t.stable("AKIA", "key of "+name)[:20]}
}

// assumed is a role in use under a name of a session.
func (t *Trail) assumed(role, session, key string, since life.Time) holder {
	id := t.stable("AROA", role)
	return holder{kind: "AssumedRole", principal: id + ":" + session, arn: fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/%s", account, role, session),
		key: key, role: role, roleID: id, roleARN: "arn:aws:iam::" + account + ":role/" + rolePath(role) + role, since: since}
}

func rolePath(role string) string {
	if strings.HasPrefix(role, "AWSReservedSSO_") {
		return "aws-reserved/sso.amazonaws.com/"
	}
	return ""
}

// The roles people have in the cloud.
const (
	powerRole = "AWSReservedSSO_PowerUser_1f2e3d4c5b6a7980"
	readRole  = "AWSReservedSSO_ReadOnly_0a1b2c3d4e5f6071"
	adminRole = "AWSReservedSSO_Administrator_9c8b7a6d5e4f3021"
)

// tempKey is a key that lives for hours.
func (s *sheet) tempKey() string { return "ASIA" + letters(s.number(), capitals, 16) }
