// Package event knows what happened in the systems that are watched: each event as it came, byte for byte, and beside it a
// normal form, a typed subset of OCSF 1.9 (https://schema.ocsf.io), in which events of different vendors can be compared.
package event

import "time"

// Class is a class_uid of OCSF.
type Class int32

// The classes that are used; what fits none of them is Other.
const (
	Other             Class = 0
	FileActivity      Class = 1001
	ScheduledJob      Class = 1006
	ProcessActivity   Class = 1007
	DetectionFinding  Class = 2004
	AccountChange     Class = 3001
	Authentication    Class = 3002
	AuthorizeSession  Class = 3003
	EntityChange      Class = 3004
	UserAccess        Class = 3005
	GroupChange       Class = 3006
	NetworkActivity   Class = 4001
	SSHActivity       Class = 4007
	DeviceInventory   Class = 5001
	SoftwareInventory Class = 5020
	WebResource       Class = 6001
	APIActivity       Class = 6003
)

// Status says how an attempt ended.
type Status uint8

// An event that does not tell how it ended is StatusUnknown, never Success.
const (
	StatusUnknown Status = iota
	Success
	Failure
)

// Effect is what an action does to its targets.
type Effect uint8

// The effects of actions.
const (
	EffectUnknown Effect = iota
	Reads
	Creates
	Changes
	Deletes
)

// Weight orders actions by how much an attacker gains by them.
type Weight uint8

// The weights, in rising order.
const (
	WeightUnknown   Weight = iota
	WeightRead             // looks at something
	WeightSignIn           // obtains a session
	WeightWrite            // changes something
	WeightPrivilege        // changes who may do what: accounts, credentials, roles, policies, trust
	WeightDefence          // changes what is seen or prevented: logs, detection, backups, protection of branches, encryption keys
)

// ActorKind says what acts.
type ActorKind uint8

// The kinds of actors.
const (
	ActorUnknown ActorKind = iota
	Person
	Service // a machine's or program's own account
	Vendor  // the vendor of the system itself
)

// Actor is who did it.
type Actor struct {
	ID   string // the identifier in the system, the same for the same actor in every event of this log
	Name string // what people call it: an address, a login; empty if the event does not tell
	Kind ActorKind
}

// Endpoint is from where it was done.
type Endpoint struct {
	IP        string // as netip writes it; empty if the event does not tell or names a service
	Country   string // ISO 3166-1 alpha-2; empty if the event does not tell
	City      string
	ASN       uint32 // 0 if the event does not tell
	UserAgent string // as sent
}

// Target is something it was done to.
type Target struct {
	Kind   string // "user", "role", "bucket", "object", "repository", "instance", "file", …
	ID     string // the identifier in the system
	Name   string
	Effect Effect
}

// Event is one event in the normal form. What the record does not tell is empty, never guessed.
type Event struct {
	ID       string    // ours; sorts by arrival
	Source   string    // the configured source that sent it
	Log      string    // the kind of log, as Logs lists them: "aws.cloudtrail"
	Upstream string    // the vendor's own identifier, by which a duplicate is known; empty if there is none
	At       time.Time // when it happened, as the record says; zero if it does not
	Received time.Time

	Class    Class
	Activity int32  // activity_id of the class; 0 unknown, 99 other
	Action   string // the vendor's name: "iam:CreateUser", "user.session.start", "repo.access"
	Effect   Effect
	Weight   Weight
	Status   Status
	Reason   string // of a failure: the vendor's code or text

	Actor      Actor
	Session    string   // the session it was done in
	Credential string   // the key or token it was done with
	Issued     []string // sessions and credentials that came into being by it
	From       Endpoint
	Host       string
	Process    string // "host/pid" or the vendor's identifier of the process
	Parent     string // of a process: the one that started it
	Targets    []Target

	// Number is that of the record at the sender Stream, who counts what it sends from 1; 0 if it does not. Both are of the moment of
	// arrival: segments do not keep them.
	Stream string
	Number int64

	Raw []byte // the record, byte for byte
}

// When is the time by which events are put in order: that of the record, or of arrival if the record does not tell.
func (e *Event) When() time.Time {
	if e.At.IsZero() {
		return e.Received
	}
	return e.At
}

// Key is something by which two events may belong together.
type Key struct{ Kind, Value string }

// The kinds of keys, those that prove most first.
const (
	KeyCredential = "credential"
	KeySession    = "session"
	KeyProcess    = "process"
	KeyPrincipal  = "principal"
	KeyHost       = "host"
	KeyIP         = "ip"
	KeyAgent      = "agent"
)

// Keys are all by which the event is linked with others. A credential that is issued is a key of the event that issues it.
func (e *Event) Keys() []Key {
	keys := make([]Key, 0, 8)
	add := func(kind, value string) {
		if value != "" {
			keys = append(keys, Key{kind, value})
		}
	}
	add(KeyCredential, e.Credential)
	for _, issued := range e.Issued {
		add(KeyCredential, issued)
	}
	add(KeySession, e.Session)
	add(KeyProcess, e.Process)
	add(KeyProcess, e.Parent)
	add(KeyPrincipal, named(e.Actor.ID))
	add(KeyHost, e.Host)
	add(KeyIP, e.From.IP)
	add(KeyAgent, e.From.UserAgent)
	return keys
}
