package records

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/tickmark/tickmark/internal/access"
	"github.com/tickmark/tickmark/internal/view"
	"github.com/tickmark/tickmark/internal/web/page"
)

// deed says what an entry records, as the middle of a sentence about who did it: before the object, the object, after it.
type deed struct{ Before, Object, Path, After string }

// said is what payloads of the kinds below hold. A payload that lacks a field, or was erased, leaves it empty.
type said struct {
	Ref      string   `json:"ref"`
	Name     string   `json:"name"`
	Email    string   `json:"email"`
	Role     string   `json:"role"`
	From     string   `json:"from"`
	To       string   `json:"to"`
	Number   int      `json:"number"`
	Version  int      `json:"version"`
	Reason   string   `json:"reason"`
	Test     string   `json:"test"`
	Item     string   `json:"item"`
	Kind     string   `json:"kind"`
	Pages    int      `json:"pages"`
	Firm     string   `json:"firm"`
	Basis    string   `json:"basis"`
	Scopes   []string `json:"scopes"`
	IP       string   `json:"ip"`
	Title    string   `json:"title"`
	Error    string   `json:"error"`
	Before   changed  `json:"before"`
	After    changed  `json:"after"`
	Controls int      `json:"controls"`
	Days     *int     `json:"days"`
	Why      string   `json:"why"`
	Reader   string   `json:"reader"`
}

// every is a rhythm in words.
func every(days *int) string {
	switch {
	case days == nil:
		return ""
	case *days == 0:
		return "not asked for"
	}
	return "every " + page.Plural(*days, "day", "days")
}

// of reads a payload. Fields of another form than expected are left out one by one, so that the rest still shows.
func (x *said) of(payload string) {
	var raw map[string]json.RawMessage
	if json.Unmarshal([]byte(payload), &raw) != nil {
		return
	}
	for k, v := range raw {
		one, err := json.Marshal(map[string]json.RawMessage{k: v})
		if err != nil || json.Unmarshal(one, x) != nil {
			continue
		}
	}
}

// did puts an entry into words. Kinds that are not known here are shown by their name.
func did(e view.EntryRow) deed {
	var x said
	x.of(e.Payload)
	person := first(x.Name, x.Email, e.About, e.Subject)
	d := deed{Object: first(e.About, x.Ref, x.Name, e.Subject), Path: subjectPath(e)}
	switch before(e.Kind) {
	case "access", "token", "org":
		return accessDeed(e, x, person)
	case "control", "complement", "description", "exception", "test":
		return programmeDeed(e, x, d)
	case "task", "programme":
		return workDeed(e, x, d)
	}
	switch e.Kind {
	case "connection.added":
		d.Before, d.After = "connected", note(x.Kind)
	case "connection.changed":
		d.Before = "changed the settings of"
	case "connection.paused":
		d.Before = "paused the connection"
	case "connection.resumed":
		d.Before = "resumed the connection"
	case "connection.tried":
		d.Before, d.After = "tested the connection", note(page.Short(x.Error, 120))
		d.Object = first(e.About, x.Name, x.Kind)
	case "job.asked":
		d = deed{"asked for", first(x.Title, e.Subject), "/jobs/" + e.Subject, ""}
	case "job.cancelled":
		d = deed{"cancelled", first(x.Title, e.Subject), "/jobs/" + e.Subject, ""}
	case "notify.route_added":
		d = deed{"added the notification route", first(x.Name, e.Subject), "/settings/notifications", note(x.Kind)}
	case "notify.route_changed":
		d = deed{"changed the notification route", first(x.Name, e.Subject), "/settings/notifications", ""}
	case "notify.route_removed":
		d = deed{"removed the notification route", first(x.Name, e.Subject), "", ""}
	case "notify.route_tested":
		d = deed{"sent a test by", first(x.Name, e.Subject), "/settings/notifications", ""}
	case "notify.again":
		d = deed{"sent again by", first(x.Name, e.Subject), "/settings/notifications", ""}
	case "connection.removed":
		d.Before = "removed the connection"
	case "evidence.withdrawn":
		d.Before, d.After = "withdrew", because(x.Reason)
	case "evidence.sealed":
		d.Before = "added evidence"
	case "evidence.linked":
		d.Before = "filed for more controls:"
	case "evidence.planned":
		d = deed{"decided how often evidence is renewed for", e.Subject, "/evidence/due?q=" + url.QueryEscape(e.Subject), note(every(x.Days))}
	case "engagement.created":
		d.Before, d.After = "set up the engagement", note(x.Firm)
	case "engagement.moved":
		d.Before, d.After = "moved from "+stage(x.From)+" to "+stage(x.To)+":", because(x.Reason)
	case "engagement.confirmed":
		d.Before, d.After = "confirmed a condition of", ""
	case "engagement.firm_recorded":
		d.Before, d.After = "recorded the firm of", note(x.Firm)
	case "engagement.scope_applied":
		d.Before, d.After = "changed the scope of", because(x.Reason)
	case "engagement.scope_proposed":
		d.Before, d.After = "asked the auditor for a change of scope of", because(x.Reason)
	case "engagement.scope_decided":
		d.Before = "decided on a change of scope of"
	case "letter.drafted":
		d.Before, d.After = "wrote "+x.Ref+" for", note(x.Title)
	case "letter.edited":
		d.Before, d.After = "edited "+x.Ref+" of", note(x.Title)
	case "letter.signed":
		d.Before, d.After = fmt.Sprintf("signed version %d of %s for", x.Version, x.Ref), ""
	case "letter.key_made":
		d = deed{Before: "signed the first document: the organisation’s key for documents was made"}
	case "letter.withdrawn":
		d.Before, d.After = "gave up the draft of "+x.Ref+" for", note(x.Title)
	case "handover.made", "report.issued", "report.released", "report.taken", "report.published", "report.unpublished", "reader.named", "reader.linked", "reader.ended", "reader.accepted", "reader.terms_set", "response.given":
		d = issueDeed(e.Kind, d, x)
	case "dossier.frozen":
		d.Before, d.After = fmt.Sprintf("froze dossier %d of", x.Number), ""
	case "report.rendered":
		d.Before, d.After = fmt.Sprintf("made the report of dossier %d of", x.Number), note(page.Plural(x.Pages, "page", "pages"))
	case "bundle.sealed":
		d.Before = "exported a bundle of"
	case "payload.erased":
		d = deed{Before: "erased payloads of the ledger", After: because(x.Basis)}
	default:
		d.Before = strings.ReplaceAll(e.Kind, "_", " ") + ":"
	}
	return d
}

// issueDeed says what was done on the way from the auditor's work to the readers of a report.
func issueDeed(kind string, d deed, x said) deed {
	switch kind {
	case "handover.made":
		d.Before, d.After = fmt.Sprintf("handed over number %d for", x.Number), ""
	case "report.issued", "report.released":
		d.Before, d.After = fmt.Sprintf("issued version %d of the report of", x.Version), because(x.Reason)
	case "report.taken":
		d.Before, d.After = "gave a copy of the report to reader "+x.Reader+" of", ""
	case "report.published":
		d.Before = "published the report of"
	case "report.unpublished":
		d.Before, d.After = "took down the report of", because(x.Why)
	case "reader.named":
		d.Before, d.After = "named reader "+x.Reader+" of", note(x.Name)
	case "reader.linked":
		d.Before = "made a link for reader " + x.Reader + " of"
	case "reader.ended":
		d.Before, d.After = "ended the link of reader "+x.Reader+" of", because(x.Why)
	case "reader.accepted":
		d.Before = "kept the agreement of reader " + x.Reader + " of"
	case "reader.terms_set":
		d = deed{Before: "set the terms of distribution", After: ""}
	case "response.given":
		d.Before, d.After = "answered the deviations of "+x.Test+" for", ""
	}
	return d
}

func accessDeed(e view.EntryRow, x said, person string) deed {
	role := func(name string) string {
		if r, err := access.ParseRole(name); err == nil {
			return r.Title()
		}
		return name
	}
	switch e.Kind {
	case "org.created":
		return deed{Before: "founded the organisation", Object: first(x.Name, e.Subject)}
	case "access.granted":
		if x.Role == "" && x.To != "" {
			return deed{Before: "changed the role of", Object: person, After: "from " + role(x.From) + " to " + role(x.To)}
		}
		return deed{Before: "gave access to", Object: person, After: "as " + role(x.Role)}
	case "access.revoked":
		return deed{Before: "took access from", Object: person, After: note(role(x.From))}
	case "access.signed_in":
		return deed{Before: "signed in", After: from(x.IP)}
	case "access.session_ended":
		return deed{Before: "ended a session of", Object: person, After: from(x.IP)}
	case "access.signed_out":
		return deed{Before: "signed out"}
	case "access.signin_refused":
		return deed{Before: "refused a sign-in of", Object: person, After: from(x.IP)}
	case "access.second_factor_set":
		return deed{Before: "set up a second factor for", Object: person}
	case "access.password_set":
		return deed{Before: "set the password of", Object: person}
	case "access.disabled":
		return deed{Before: "disabled the account of", Object: person}
	case "access.enabled":
		return deed{Before: "enabled the account of", Object: person}
	case "access.second_factor_reset":
		return deed{Before: "reset the second factor of", Object: person}
	case "access.sessions_ended":
		return deed{Before: "signed out everywhere", Object: person}
	case "access.invited":
		return deed{Before: "made an invitation link for", Object: person}
	case "access.password_link":
		return deed{Before: "made a password link for", Object: person}
	case "org.changed":
		return deed{Before: "changed the settings of the organisation", After: note(changes(x.Before, x.After))}
	case "access.acted_for":
		return deed{Before: "acted for", Object: person}
	case "token.created":
		return deed{Before: "made the token", Object: x.Name, After: note(strings.Join(x.Scopes, ", "))}
	case "token.revoked":
		return deed{Before: "revoked the token", Object: x.Name}
	}
	return deed{Before: strings.ReplaceAll(e.Kind, "_", " ") + ":", Object: person}
}

func programmeDeed(e view.EntryRow, x said, d deed) deed {
	version := ""
	if x.Version > 0 {
		version = fmt.Sprintf("version %d", x.Version)
	}
	phrases := map[string]string{
		"control.created": "wrote the control", "control.proposed": "proposed a change of", "control.approved": "approved", "control.retired": "retired", "control.assigned": "assigned",
		"control.adopted": "adopted the control set", "complement.added": "added the complementary control", "complement.changed": "changed the complementary control",
		"complement.retired": "retired the complementary control", "description.imported": "imported the system description", "description.saved": "described", "description.removed": "removed from the description",
		"exception.requested": "asked for the exception", "exception.approved": "approved the exception", "exception.revoked": "revoked the exception", "test.installed": "installed the test",
	}
	if p, ok := phrases[e.Kind]; ok {
		d.Before = p
	} else {
		d.Before = strings.ReplaceAll(e.Kind, "_", " ") + ":"
	}
	switch before(e.Kind) {
	case "exception":
		d.Object, d.Path = first(x.Ref, e.Subject), ""
		if x.Ref != "" {
			d.Path = "/exceptions/" + x.Ref
		}
		d.After = strings.TrimSpace(x.Test + " " + x.Item)
	case "test":
		d.After = version
	case "control":
		d.After = strings.TrimSpace(version + " " + because(x.Reason))
	}
	if e.Kind == "description.imported" {
		d.Object = ""
	}
	return d
}

func first(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

func note(s string) string {
	if s == "" {
		return ""
	}
	return "(" + s + ")"
}

func because(s string) string {
	if s == "" {
		return ""
	}
	return "– " + s
}

func from(ip string) string {
	if ip == "" {
		return ""
	}
	return "from " + ip
}

// changed are fields of something that was changed, on one side of the change.
type changed map[string]any

// changes says what was changed: "name: A → B".
func changes(before, after changed) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(after)) {
		name := strings.ReplaceAll(k, "_", " ")
		out = append(out, fmt.Sprintf("%s: %s → %s", name, plain(before[k]), plain(after[k])))
	}
	return strings.Join(out, "; ")
}

func plain(v any) string {
	switch v := v.(type) {
	case nil, string:
		if v == nil || v == "" {
			return "empty"
		}
	case bool:
		if v {
			return "yes"
		}
		return "no"
	}
	return fmt.Sprint(v)
}

// workDeed is what somebody did to a task, or said about a line of a guided programme.
func workDeed(e view.EntryRow, x said, d deed) deed {
	phrases := map[string]string{
		"task.opened": "opened the task", "task.changed": "changed the task", "task.started": "started the task", "task.done": "finished the task", "task.dropped": "dropped the task",
		"task.reopened": "opened again the task", "task.commented": "wrote a comment on the task", "programme.attested": "attested the line", "programme.not_applicable": "said that it does not apply:",
		"programme.withdrawn": "took back what was said about the line",
	}
	if d.Before = phrases[e.Kind]; d.Before == "" {
		d.Before = strings.ReplaceAll(e.Kind, "_", " ") + ":"
	}
	if before(e.Kind) == "programme" {
		id, _, _ := strings.Cut(e.Subject, "/")
		d.Object, d.Path = e.Subject, "/programmes/"+id
		return d
	}
	d.Object, d.After = first(x.Ref, e.Subject), because(x.Reason)
	if x.Ref != "" {
		d.Path = "/tasks/" + x.Ref
	}
	return d
}

// stage is a state of an engagement in words.
func stage(s string) string { return strings.ReplaceAll(s, "_", " ") }
