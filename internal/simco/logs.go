package simco

import (
	"time"

	"github.com/tickmark/tickmark/internal/simco/audit"
	"github.com/tickmark/tickmark/internal/simco/life"
	"github.com/tickmark/tickmark/internal/simco/logs"
	"github.com/tickmark/tickmark/internal/simco/wire"
)

// openLogs prepares the systems that show audit logs alone.
func (c *Company) openLogs(o options, secret func(what string, n uint64) string) {
	t := &c.tokens
	t.AWSKey, t.AWSSecret, t.AWSRole, t.AWSExternal = "AKIASIMULATED000001", secret("aws", 5), "arn:aws:iam::111122223333:role/tickmark", secret("external", 6)
	t.EntraTenant, t.EntraClient, t.EntraSecret = c.world.GUID(1<<50+7), c.world.GUID(1<<50+8), secret("entra", 9)
	t.GoogleAccount, t.GoogleAdmin, t.GCPProject = "tickmark@northwind-data.iam.gserviceaccount.example", "admin@northwind.example", "northwind-data"
	t.GitLabToken, t.GitLabGroup = secret("gitlab", 10), "northwind"
	c.book = logs.NewBook(c.world, &c.clock, c.trail)
	a := logs.NewAWS(c.book, logs.AWSOptions{Key: t.AWSKey, Secret: t.AWSSecret, Role: t.AWSRole, External: t.AWSExternal, PerSecond: o.limits.AWSPerSecond, Now: o.now})
	c.entra = logs.NewEntra(c.book, logs.EntraOptions{Tenant: t.EntraTenant, Client: t.EntraClient, Secret: t.EntraSecret, PerMinute: o.limits.EntraPerMinute, Now: o.now})
	c.google = logs.NewGoogle(c.book, logs.GoogleOptions{Account: t.GoogleAccount, Delegate: t.GoogleAdmin, Project: t.GCPProject, PerMinute: o.limits.GooglePerMinute, Now: o.now})
	l := logs.NewLab(c.book, logs.GitLabOptions{Token: t.GitLabToken, Group: t.GitLabGroup, PerMinute: o.limits.GitLabPerMinute, Now: o.now})
	c.gates[AWS] = &wire.Gate{Next: a, Dialect: a}
	c.gates[Entra] = &wire.Gate{Next: c.entra, Dialect: c.entra}
	c.gates[Google] = &wire.Gate{Next: c.google, Dialect: c.google}
	c.gates[GitLab] = &wire.Gate{Next: l, Dialect: l}
}

// LogEntry is a record of an audit log as its system shows it: raw, when it happened and when it is shown.
type LogEntry struct {
	ID        string
	At, Shown time.Time
	Raw       string
}

func entries(list []logs.Entry, raw func(logs.Entry) []byte) []LogEntry {
	out := make([]LogEntry, len(list))
	for i, e := range list {
		out[i] = LogEntry{e.ID, e.At.Go(), e.Shown.Go(), string(raw(e))}
	}
	return out
}

func asIs(e logs.Entry) []byte { return e.Raw }

// CloudTrail is what CloudTrail keeps of a region from an instant up to another.
func (c *Company) CloudTrail(region string, from, to time.Time) []LogEntry {
	return entries(c.book.Trail(region, life.Of(from), life.Of(to)), asIs)
}

// Graph is what Entra keeps of sign-ins ("signin") or of changes ("audit") from an instant up to another.
func (c *Company) Graph(log string, from, to time.Time) []LogEntry {
	name := map[string]string{"signin": audit.Entra, "audit": logs.Directory}[log]
	return entries(c.book.All(name, life.Of(from), life.Of(to)), func(e logs.Entry) []byte { return logs.Inner(e.Raw) })
}

// Feed is what of the office's log becomes available from an instant up to another, whenever it happened.
func (c *Company) Feed(content string, from, to time.Time) []LogEntry {
	return entries(c.book.Batches(content, life.Of(from), life.Of(to)), asIs)
}

// Workspace is what an application of the office keeps from an instant up to another.
func (c *Company) Workspace(app string, from, to time.Time) []LogEntry {
	return entries(c.book.All("google_workspace."+app, life.Of(from), life.Of(to)), asIs)
}

// CloudAudit is what the second cloud receives from an instant up to another, whenever it happened.
func (c *Company) CloudAudit(from, to time.Time) []LogEntry {
	return entries(c.book.Entries(life.Of(from), life.Of(to)), c.google.Received)
}

// Lab is what the second code host keeps from an instant up to another.
func (c *Company) Lab(from, to time.Time) []LogEntry {
	return entries(c.book.All(logs.GitLab, life.Of(from), life.Of(to)), asIs)
}

// GoogleKey is the key file of the service account, with the address of the server at which it asks for tokens.
func (c *Company) GoogleKey(server string) string { return c.google.KeyFile(server + "/token") }

// Revoke makes the tokens that Entra and Google have handed out end.
func (c *Company) Revoke() {
	c.entra.Revoke()
	c.google.Revoke()
}
