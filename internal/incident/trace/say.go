package trace

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/event"
)

var did = map[event.Effect]string{event.Reads: "read", event.Creates: "created", event.Changes: "changed", event.Deletes: "deleted"}

// sentence says what an event is, for people.
func (t *tracer) sentence(i int32) string {
	e := t.ev[i]
	who, end := t.name(i), ""
	if e.Status == event.Failure {
		end = ", which failed"
		if e.Reason != "" {
			end = fmt.Sprintf(", which failed (%s)", clip(e.Reason, 60))
		}
	}
	kind, target := t.object(i)
	if target != "" {
		target = word(kind, 0) + " " + target
	}
	switch {
	case guess(e):
		return fmt.Sprintf("A sign-in as %s%s failed (%s)", who, t.place(e), either(clip(e.Reason, 60), e.Action))
	case e.Class == event.Authentication && target != "":
		return fmt.Sprintf("%s opened %s%s", who, target, end)
	case e.Class == event.Authentication && len(e.Issued) > 0 && e.Session != "" && slices.Contains(e.Issued, e.Session), e.Class == event.SSHActivity:
		return fmt.Sprintf("%s signed in%s%s", who, t.place(e), end)
	case e.Class == event.Authentication:
		return fmt.Sprintf("%s: %s%s%s", who, e.Action, t.place(e), end)
	case e.Class == event.ProcessActivity && target != "":
		return fmt.Sprintf("%s ran %s%s", who, target, end)
	case did[e.Effect] != "" && target != "":
		return fmt.Sprintf("%s %s %s (%s)%s", who, did[e.Effect], target, e.Action, end)
	}
	return fmt.Sprintf("%s: %s%s", who, e.Action, end)
}

func (t *tracer) place(e *event.Event) string {
	if e.From.IP == "" {
		return ""
	}
	if e.From.City != "" {
		return fmt.Sprintf(" from %s (%s, %s)", e.From.IP, e.From.City, e.From.Country)
	}
	return " from " + e.From.IP
}

// object names the first thing an event was done to, and its kind.
func (t *tracer) object(i int32) (kind, name string) {
	e := t.ev[i]
	for _, g := range e.Targets {
		if _, ok := t.touches(i, g); !ok {
			continue
		}
		name = g.Name
		if name == "" || name == "unknown" {
			name = g.ID
		}
		return g.Kind, clip(name, 90)
	}
	return "", ""
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// apart is how long like things may lie apart and still stand in one line.
const apart = time.Hour

// named are the things that a line names, by kind.
type named map[string]map[string]bool

func (n named) add(kind, name string) {
	if n[kind] == nil {
		n[kind] = map[string]bool{}
	}
	n[kind][name] = true
}

// lines puts like after like into one line. Guessing is one line, whoever was guessed at and from wherever.
func (t *tracer) lines(r *Reconstruction, ids []int32) {
	type like struct {
		who, action, ip string
		status          event.Status
	}
	open, names := map[like]int{}, map[int]named{}
	for n, i := range ids {
		e, m := t.ev[i], &r.Events[n]
		k := like{t.who[i], e.Action, e.From.IP, e.Status}
		pause := apart
		if guess(e) {
			k.who, k.ip, pause = "", "", sprayPause
		}
		at, ok := open[k]
		if !ok || m.At.Sub(r.Lines[at].To) > pause {
			at = len(r.Lines)
			open[k], names[at] = at, named{}
			r.Lines = append(r.Lines, Line{From: m.At, Sentence: t.sentence(i), Why: m.Why, Tactic: m.Tactic, Confidence: m.Confidence, Log: e.Log})
		}
		l := &r.Lines[at]
		l.To, l.Events, l.Reported = m.At, append(l.Events, m.Event), l.Reported || m.Reported
		l.Confidence = max(l.Confidence, m.Confidence)
		switch kind, name := t.object(i); {
		case guess(e):
			names[at].add("account", t.name(i))
			names[at].add("address", e.From.IP)
		case name != "":
			names[at].add(kind, name)
		}
	}
	for at := range r.Lines {
		if l := &r.Lines[at]; len(l.Events) > 1 {
			l.Sentence = t.many(t.at[l.Events[0]], len(l.Events), names[at])
		}
	}
}

// guess reports whether an event is a sign-in that failed.
func guess(e *event.Event) bool { return e.Class == event.Authentication && e.Status == event.Failure }

// many says what was done many times.
func (t *tracer) many(i int32, n int, names named) string {
	e, who := t.ev[i], t.name(i)
	failed := ""
	if e.Status == event.Failure {
		failed = ", which failed"
	}
	things := 0
	for _, of := range names {
		things += len(of)
	}
	switch {
	case guess(e):
		return fmt.Sprintf("%d sign-ins failed (%s): %s", n, e.Action, kinds(names))
	case e.Class == event.Authentication && things == 0:
		return fmt.Sprintf("%s: %s, %d times%s%s", who, e.Action, n, t.place(e), failed)
	case things > 1:
		verb := did[e.Effect]
		switch {
		case e.Class == event.Authentication:
			verb = "opened"
		case e.Class == event.ProcessActivity:
			verb = "ran"
		case verb == "":
			verb = "touched"
		}
		return fmt.Sprintf("%s %s %s (%s, %d times)%s", who, verb, kinds(names), e.Action, n, failed)
	}
	return fmt.Sprintf("%s, %d times", t.sentence(i), n)
}

// kinds says how many things of which kinds there are: "214 objects in northwind-customer-exports".
func kinds(names named) string {
	var parts []string
	for kind, of := range names {
		folder, first := "", true
		for name := range of {
			f := container(name)
			if first {
				folder, first = f, false
			} else if f != folder {
				folder = ""
			}
		}
		s := word(kind, len(of))
		if folder != "" {
			s += " in " + folder
		}
		parts = append(parts, s)
	}
	slices.Sort(parts)
	return strings.Join(parts, " and ")
}

// words are what kinds of things are called where the vendor's word says little; the second is of many.
var words = map[string][2]string{
	"appinstance": {"application", "applications"}, "app": {"application", "applications"}, "publicclientapp": {"application", "applications"},
	"authenticatorenrollment": {"second factor", "second factors"}, "policyentity": {"policy", "policies"}, "policy": {"policy", "policies"},
	"repository": {"repository", "repositories"}, "address": {"address", "addresses"}, "gcs_bucket": {"object", "objects"}, "clusterrolebindings": {"cluster role binding", "cluster role bindings"},
	"serviceaccounts": {"service account", "service accounts"}, "pods": {"pod", "pods"}, "secrets": {"secret", "secrets"}, "configmaps": {"config map", "config maps"},
	"deployments": {"deployment", "deployments"}, "nodes": {"node", "nodes"}, "usergroup": {"group", "groups"}, "ip": {"address", "addresses"},
}

// word is a kind of thing as people call it, with how many there are; without a number for none.
func word(kind string, n int) string {
	w, ok := words[kind]
	if !ok {
		one := strings.NewReplacer("_", " ", "-", " ").Replace(kind)
		w = [2]string{one, one + "s"}
	}
	switch n {
	case 0:
		return w[0]
	case 1:
		return "1 " + w[0]
	}
	return fmt.Sprintf("%d %s", n, w[1])
}

// container is what a thing lies in: the bucket of an object, the organisation of a repository; empty if its name does not tell.
func container(name string) string {
	name = strings.TrimPrefix(name, "arn:aws:s3:::")
	if strings.HasPrefix(name, "/") {
		return path.Dir(name)
	}
	first, _, ok := strings.Cut(name, "/")
	if !ok {
		return ""
	}
	return first
}

// entry says how it began.
func (t *tracer) entry(ids []int32) string {
	root := ids[0]
	e, s := t.ev[root], &t.strands[t.of[root]]
	failed := 0
	for _, i := range ids {
		x := t.ev[i]
		if x.Status != event.Failure || x.Class != event.Authentication {
			if x.Class == event.Authentication && failed > 2 {
				return fmt.Sprintf("After %d sign-ins that failed, %s signed in%s, where %s is not at home.", failed, t.name(i), t.place(x), t.name(i))
			}
			if failed > 0 {
				break
			}
			continue
		}
		failed++
	}
	switch {
	case !s.foreign:
		return fmt.Sprintf("%s did it in a session of their own%s: an insider, or somebody at their machine.", t.name(root), t.place(e))
	case e.Class == event.Authentication && len(targetsOf(e, "appinstance")) == 0:
		return fmt.Sprintf("%s signed in%s, from where %s had not worked before.", t.name(root), t.place(e), t.name(root))
	case s.key != "" && len(t.byKey[s.key]) > 1:
		return fmt.Sprintf("The %s of %s, in use elsewhere, was used%s.", t.thing(t.of[root]), t.name(root), t.place(e))
	case s.key != "":
		return fmt.Sprintf("A %s of %s was used%s, from where it had not been used before. How it was got, the events do not tell.", t.thing(t.of[root]), t.name(root), t.place(e))
	}
	return fmt.Sprintf("%s was active%s, from where %s had not worked before. How that came about, the events do not tell.", t.name(root), t.place(e), t.name(root))
}
