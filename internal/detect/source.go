// Package detect looks for attacks in events: it knows the kinds of sources events come from, and runs rules over them.
package detect

import (
	"encoding/json"
	"math"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/detect/sigma"
)

// Source is a kind of log that events come from.
type Source struct {
	Name  string // "aws.cloudtrail"
	Title string
	Kinds []sigma.Kind
	When  []string // dotted names of the fields that say when an event happened, the first that is there counts
	Who   []string // of the fields that say who did it
	Where []string // of the fields that say from where
}

func kind(product, category, service string) []sigma.Kind {
	return []sigma.Kind{{LogSource: sigma.LogSource{Product: product, Category: category, Service: service}}}
}

// Sources are the kinds of logs that are known, by name. Names of fields are those of the vendors' own records.
func Sources() []Source {
	entra := []string{"properties.userPrincipalName", "properties.initiatedBy.user.userPrincipalName", "identity", "caller"}
	ip := []string{"properties.ipAddress", "callerIpAddress"}
	workspace := func(app, title string) Source {
		return Source{"google_workspace." + app, title, kind("google_workspace", "", "google_workspace."+app), []string{"id.time"}, []string{"actor.email"}, []string{"ipAddress"}}
	}
	host := []string{"time", "timestamp", "@timestamp", "UtcTime"}
	return []Source{
		{"aws.cloudtrail", "AWS CloudTrail", kind("aws", "", "cloudtrail"), []string{"eventTime"}, []string{"userIdentity.arn", "userIdentity.userName", "userIdentity.invokedBy"}, []string{"sourceIPAddress"}},
		{"azure.activity", "Azure activity log", kind("azure", "", "activitylogs"), []string{"time", "eventTimestamp"}, entra, ip},
		{"azure.audit", "Entra audit log", kind("azure", "", "auditlogs"), []string{"time", "activityDateTime"}, entra, ip},
		{"azure.signin", "Entra sign-in log", kind("azure", "", "signinlogs"), []string{"time", "createdDateTime"}, entra, ip},
		{"gcp.audit", "Google Cloud audit log", kind("gcp", "", "gcp.audit"), []string{"timestamp", "receiveTimestamp"}, []string{"protoPayload.authenticationInfo.principalEmail"}, []string{"protoPayload.requestMetadata.callerIp"}},
		{"github.audit", "GitHub audit log", kind("github", "", "audit"), []string{"@timestamp", "created_at"}, []string{"actor"}, []string{"actor_ip"}},
		{"gitlab.audit", "GitLab audit events", kind("gitlab", "", "audit"), []string{"created_at", "time"}, []string{"author_name", "author_id"}, []string{"ip_address"}},
		workspace("admin", "Google Workspace, administration"), workspace("drive", "Google Workspace, files"),
		workspace("login", "Google Workspace, sign-in"), workspace("token", "Google Workspace, applications"),
		{"kubernetes.audit", "Kubernetes audit log", kind("kubernetes", "application", "audit"), []string{"requestReceivedTimestamp", "stageTimestamp"}, []string{"user.username"}, []string{"sourceIPs"}},
		{"linux.auditd", "Linux audit records", kind("linux", "", "auditd"), host, []string{"auid", "acct"}, []string{"addr"}},
		{"linux.file", "Linux files that are written", kind("linux", "file_event", ""), host, []string{"User"}, []string{"hostname"}},
		{"linux.process", "Linux processes that start", kind("linux", "process_creation", ""), host, []string{"User"}, []string{"hostname"}},
		{"linux.sshd", "Linux sign-ins through ssh", kind("linux", "", "sshd"), host, []string{"hostname"}, []string{"hostname"}},
		{"m365.audit", "Microsoft 365 audit log", kind("m365", "", "audit"), []string{"CreationTime"}, []string{"UserId"}, []string{"ClientIP"}},
		{"okta.log", "Okta system log", kind("okta", "", "okta"), []string{"published"}, []string{"actor.alternateId"}, []string{"client.ipAddress"}},
		{"vault.audit", "Vault audit log", kind("vault", "", "audit"), []string{"time"}, []string{"auth.display_name"}, []string{"request.remote_address"}},
		{"windows", "Windows event logs", sigma.Windows("windows").Kinds, []string{"UtcTime", "@timestamp", "TimeCreated"}, []string{"User", "SubjectUserName", "TargetUserName"}, []string{"IpAddress", "Computer", "Hostname"}},
	}
}

// SourceByName is the source with the name.
func SourceByName(name string) (Source, bool) {
	for _, s := range Sources() {
		if s.Name == name {
			return s, true
		}
	}
	return Source{}, false
}

// Options are those with which rules are compiled for all sources.
func Options() sigma.Options {
	o := sigma.Options{Aliases: sigma.PublicAliases()}
	for _, s := range Sources() {
		o.Sources = append(o.Sources, sigma.Source{Name: s.Name, Kinds: s.Kinds})
	}
	return o
}

// facts are what is said of an event beside the rule: when, who and from where. What the event does not tell stays empty.
func (s Source) facts(event []byte) (at time.Time, who, where string) {
	var v map[string]any
	if json.Unmarshal(event, &v) != nil {
		return
	}
	for _, name := range s.When {
		if at = instant(field(v, name)); !at.IsZero() {
			break
		}
	}
	return at, firstText(v, s.Who), firstText(v, s.Where)
}

func firstText(v map[string]any, names []string) string {
	for _, name := range names {
		x := field(v, name)
		if list, ok := x.([]any); ok && len(list) > 0 {
			x = list[0]
		}
		if t, ok := x.(string); ok && t != "" {
			return t
		}
	}
	return ""
}

func field(v any, name string) any {
	for name != "" {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		if x, ok := m[name]; ok {
			return x
		}
		first, rest, nested := strings.Cut(name, ".")
		if !nested {
			return nil
		}
		v, name = m[first], rest
	}
	return v
}

// layouts are the ways instants are written in logs; those without a zone are in UTC, as their vendors say.
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999Z0700"}

// instant reads a time: text, or a number of seconds, milli-, micro- or nanoseconds since 1970, told apart by its size.
func instant(v any) time.Time {
	switch x := v.(type) {
	case string:
		for _, l := range layouts {
			if t, err := time.Parse(l, x); err == nil {
				return t.UTC()
			}
		}
	case float64:
		if x <= 0 || x >= math.MaxInt64 {
			return time.Time{}
		}
		switch n := int64(x); {
		case x < 1e11:
			return time.Unix(n, int64((x-float64(n))*1e9)).UTC()
		case x < 1e14:
			return time.UnixMilli(n).UTC()
		case x < 1e17:
			return time.UnixMicro(n).UTC()
		default:
			return time.Unix(0, n).UTC()
		}
	}
	return time.Time{}
}
