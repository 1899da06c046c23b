// Package detect looks for attacks in events: it knows the kinds of sources events come from, and runs rules over them.
package detect

import (
	"time"

	"github.com/tickmark/tickmark/internal/detect/sigma"
	"github.com/tickmark/tickmark/internal/event"
)

// Source is a kind of log that events come from.
type Source struct {
	Name  string // "aws.cloudtrail"
	Title string
	Docs  string // where the vendor describes the records
	Kinds []sigma.Kind
}

func kind(product, category, service string) []sigma.Kind {
	return []sigma.Kind{{LogSource: sigma.LogSource{Product: product, Category: category, Service: service}}}
}

func when(service, field string, values ...string) sigma.Kind {
	return sigma.Kind{LogSource: sigma.LogSource{Product: "linux", Service: service}, When: []sigma.Equal{{Field: field, Values: values}}}
}

// hostKinds are those of messages of whole machines: rules for a program hold for what the program says.
var hostKinds = append(kind("linux", "", "syslog"), when("auth", "facility", "auth", "authpriv"), when("sshd", "app", "sshd"), when("sudo", "app", "sudo"), when("cron", "app", "cron", "crond"))

// kindsOf are the log sources of rules that are about a kind of log.
var kindsOf = map[string][]sigma.Kind{
	"aws.cloudtrail":         kind("aws", "", "cloudtrail"),
	"azure.activity":         kind("azure", "", "activitylogs"),
	"azure.audit":            kind("azure", "", "auditlogs"),
	"azure.signin":           kind("azure", "", "signinlogs"),
	"gcp.audit":              kind("gcp", "", "gcp.audit"),
	"github.audit":           kind("github", "", "audit"),
	"gitlab.audit":           kind("gitlab", "", "audit"),
	"kubernetes.audit":       kind("kubernetes", "application", "audit"),
	"linux.auditd":           kind("linux", "", "auditd"),
	"linux.file":             kind("linux", "file_event", ""),
	"linux.process":          kind("linux", "process_creation", ""),
	"linux.sshd":             kind("linux", "", "sshd"),
	"linux.syslog":           hostKinds,
	"m365.audit":             kind("m365", "", "audit"),
	"okta.log":               kind("okta", "", "okta"),
	"vault.audit":            kind("vault", "", "audit"),
	"windows":                sigma.Windows("windows").Kinds,
	"google_workspace.admin": kind("google_workspace", "", "google_workspace.admin"),
	"google_workspace.drive": kind("google_workspace", "", "google_workspace.drive"),
	"google_workspace.login": kind("google_workspace", "", "google_workspace.login"),
	"google_workspace.token": kind("google_workspace", "", "google_workspace.token"),
}

// Sources are the kinds of logs that are known, by name: those that event can read. Names of fields are those of the vendors' own
// records.
func Sources() []Source {
	var out []Source
	for _, l := range event.Logs() {
		out = append(out, Source{l.Name, l.Title, l.Docs, kindsOf[l.Name]})
	}
	return out
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

// facts are what is said of an event beside the rule: when, who and from where. What the event does not tell stays empty, and
// nothing is told of one that two programs could read differently.
func (s Source) facts(record []byte) (at time.Time, who, where string) {
	e, err := event.Normalise(s.Name, record, time.Time{})
	if err != nil {
		return
	}
	if who = e.Actor.Name; who == "" {
		who = e.Actor.ID
	}
	if where = e.From.IP; where == "" {
		where = e.Host
	}
	return e.At, who, where
}
