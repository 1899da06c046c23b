package trace

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tickmark/tickmark/internal/event"
)

// tell writes down what was found.
func (t *tracer) tell(r *Reconstruction) {
	ids := make([]int32, 0, len(t.member))
	for i := range t.member {
		ids = append(ids, i)
	}
	slices.Sort(ids)
	in := ids[0] // with what they came in: the first thing that worked
	if k := slices.IndexFunc(ids, func(i int32) bool { return t.ev[i].Status != event.Failure }); k >= 0 {
		in = ids[k]
	}
	for _, i := range ids {
		m, e := t.member[i], t.ev[i]
		r.Events = append(r.Events, Member{Event: e.ID, At: e.When(), Why: m.why, Confidence: m.confidence, Tactic: t.tactic(i, in), Reported: slices.Contains(t.seeds, i)})
	}
	root := t.ev[ids[0]]
	r.Root, r.First, r.Last, r.Confidence = root.ID, root.When(), t.ev[ids[len(ids)-1]].When(), t.member[ids[0]].confidence
	r.Stops, r.Cut = t.stops, t.cut
	r.Entry = t.entry(ids)
	t.entities(r, ids)
	t.resources(r, ids)
	t.standing(r, ids)
	t.indicators(r, ids)
	t.lines(r, ids)
	t.links(r, ids)
	stages(r)
}

// tactic is the ATT&CK tactic of an event: as a rule named it, or as its class, weight and effect say.
func (t *tracer) tactic(i, in int32) string {
	e := t.ev[i]
	if named := t.o.Tactics[e.ID]; len(named) > 0 {
		return named[0]
	}
	switch {
	case guess(e):
		return "credential-access"
	case e.Class == event.Authentication && t.strands[t.of[i]].key == t.strands[t.of[in]].key && t.who[i] == t.who[in] && len(targetsOf(e, "appinstance")) == 0,
		e.Class == event.SSHActivity && e.Status != event.Failure:
		return "initial-access"
	case e.Class == event.Authentication:
		return "lateral-movement"
	case e.Class == event.ScheduledJob, slices.ContainsFunc(targetsOf(e, "file"), func(g event.Target) bool { return startsAgain(g.ID) }), e.Class == event.AccountChange && e.Effect == event.Creates, e.Class == event.AccountChange && len(e.Issued) > 0:
		return "persistence"
	case e.Weight == event.WeightDefence && e.Effect == event.Deletes && destroys(e):
		return "impact"
	case e.Weight == event.WeightDefence:
		return "defense-evasion"
	case e.Class == event.AccountChange:
		return "persistence"
	case e.Weight == event.WeightPrivilege:
		return "privilege-escalation"
	case e.Class == event.ProcessActivity:
		return "execution"
	case e.Effect == event.Deletes:
		return "impact"
	case e.Effect == event.Reads && len(targetsOf(e, "secret")) > 0:
		return "credential-access"
	case e.Effect == event.Reads && contents(e):
		return "collection"
	case e.Effect == event.Reads:
		return "discovery"
	case e.Effect == event.Creates || e.Effect == event.Changes:
		return "impact"
	}
	return ""
}

// destroys reports whether what is deleted are copies or keys, without which data cannot be had back.
func destroys(e *event.Event) bool {
	a := strings.ToLower(e.Action)
	return strings.Contains(a, "backup") || strings.Contains(a, "snapshot") || strings.Contains(a, "recovery") || strings.Contains(a, "key")
}

// contents reports whether an event reads what things hold, rather than what things there are.
func contents(e *event.Event) bool {
	for _, g := range e.Targets {
		switch g.Kind {
		case "object", "file", "repository", "mailbox", "table", "secrets", "path", "database", "dataset":
			return true
		}
	}
	return false
}

func targetsOf(e *event.Event, kind string) (out []event.Target) {
	for _, g := range e.Targets {
		if g.Kind == kind {
			out = append(out, g)
		}
	}
	return out
}

func (t *tracer) entities(r *Reconstruction, ids []int32) {
	at := map[pair]int{}
	add := func(kind, id, name string, e *event.Event, foreign bool) {
		if id == "" || none[id] {
			return
		}
		k := pair{kind, id}
		n, ok := at[k]
		if !ok {
			n = len(r.Entities)
			at[k] = n
			r.Entities = append(r.Entities, Entity{Kind: kind, ID: id, Name: name, First: e.When(), Foreign: true})
		}
		x := &r.Entities[n]
		x.Last, x.Events, x.Foreign = e.When(), x.Events+1, x.Foreign && foreign
		if guess(e) {
			x.Failed++
		}
	}
	for _, i := range ids {
		e, s := t.ev[i], &t.strands[t.of[i]]
		add(event.KeyPrincipal, t.person(i), e.Actor.Name, e, t.actors[t.who[i]].first.Equal(t.firstOf(t.who[i], ids)))
		add(event.KeySession, e.Session, "", e, s.foreign)
		add(event.KeyCredential, e.Credential, "", e, s.foreign)
		add(event.KeyIP, e.From.IP, "", e, s.foreign && !t.ours(e.From.IP))
		add(event.KeyHost, e.Host, "", e, false)
	}
}

// firstOf is when an actor first did something that belongs.
func (t *tracer) firstOf(who string, ids []int32) time.Time {
	for _, i := range ids {
		if t.who[i] == who {
			return t.ev[i].When()
		}
	}
	return time.Time{}
}

// strength orders effects: what is worse for whom a thing belongs to.
var strength = map[event.Effect]int{event.Reads: 1, event.Changes: 2, event.Creates: 3, event.Deletes: 4}

func (t *tracer) resources(r *Reconstruction, ids []int32) {
	at := map[pair]int{}
	for _, i := range ids {
		e := t.ev[i]
		if e.Status == event.Failure {
			continue
		}
		for _, g := range e.Targets {
			effect, ok := t.touches(i, g)
			if !ok {
				continue
			}
			k := pair{g.Kind, g.ID}
			n, ok := at[k]
			if !ok {
				n = len(r.Resources)
				at[k] = n
				r.Resources = append(r.Resources, Resource{Kind: g.Kind, ID: g.ID, Name: g.Name, First: e.When()})
			}
			x := &r.Resources[n]
			x.Last, x.Events = e.When(), x.Events+1
			if strength[effect] > strength[x.Effect] {
				x.Effect = effect
			}
		}
	}
	slices.SortStableFunc(r.Resources, func(a, b Resource) int { return cmp.Compare(strength[b.Effect], strength[a.Effect]) })
}

// touches says what an event did to a target. What carries the doing (sessions, keys that are used, the role that is taken, the
// actor's own account in a sign-in) is no resource.
func (t *tracer) touches(i int32, g event.Target) (event.Effect, bool) {
	e := t.ev[i]
	if g.ID == "" || g.Kind == "session" {
		return 0, false
	}
	effect := g.Effect
	if effect == event.EffectUnknown {
		effect = e.Effect
	}
	own := g.ID == e.Actor.ID || strings.EqualFold(g.Name, t.who[i]) || strings.EqualFold(g.ID, t.who[i])
	if e.Class == event.Authentication {
		app := g.Kind == "appinstance" || g.Kind == "app" || g.Kind == "application"
		return event.Reads, app && !own
	}
	if own && effect != event.Changes || effect == event.EffectUnknown {
		return 0, false
	}
	return effect, true
}

// lets reports whether a kind of thing, once made or opened, lets somebody in again or keeps sending things out.
func lets(e *event.Event, g event.Target, effect event.Effect) bool {
	switch g.Kind {
	case "user", "credential", "key", "token", "role", "deploy-key", "factor", "authenticatorenrollment", "publicclientapp", "application", "hook", "serviceaccounts",
		"clusterrolebindings", "rolebindings", "cronjobs", "daemonsets", "key-pair", "mailbox-rule", "rule", "snapshot", "policy":
		if effect == event.Creates {
			return true
		}
	}
	if e.Class == event.ScheduledJob || g.Kind == "file" && startsAgain(g.ID) {
		return true
	}
	switch {
	case effect != event.Changes:
		return false
	case g.Kind == "publicclientapp":
		return true
	case e.Weight != event.WeightPrivilege:
		return false
	}
	switch g.Kind {
	case "role":
		return e.Class == event.UserAccess
	case "authenticatorenrollment":
		return e.Activity == factorOn
	case "snapshot", "security-group", "key-pair", "mailbox", "file", "image", "member", "clusterrolebindings", "rolebindings":
		return true
	case "object", "path": // rules of a mailbox, policies of the vault
		a := strings.ToLower(e.Action)
		return strings.Contains(a, "rule") || strings.Contains(a, "polic")
	}
	return false
}

// startsAgain reports whether a file of a host makes something run again or lets somebody in: jobs of the clock, services, keys and
// rights, what runs at sign-in, libraries loaded into everything (ATT&CK T1053.003, T1543.002, T1098.004, T1546.004, T1574.006).
func startsAgain(file string) bool {
	for _, p := range []string{"/etc/cron", "/var/spool/cron", "/etc/systemd/system/", "/usr/lib/systemd/system/", "/etc/sudoers", "/etc/profile.d/", "/etc/ld.so.preload", "/etc/pam.d/", "/etc/rc.local", "/etc/init.d/"} {
		if strings.HasPrefix(file, p) {
			return true
		}
	}
	return strings.HasSuffix(file, "/.ssh/authorized_keys") || strings.HasSuffix(file, "/.bashrc") || strings.HasSuffix(file, "/.profile")
}

func (t *tracer) standing(r *Reconstruction, ids []int32) {
	at := map[pair]int{}
	add := func(i int32, kind, id, name string) {
		e, k := t.ev[i], pair{kind, id}
		if _, ok := at[k]; !ok && id != "" {
			at[k] = len(r.Persistence)
			r.Persistence = append(r.Persistence, Standing{Kind: kind, ID: id, Name: name, At: e.When(), Event: e.ID, Sentence: t.sentence(i)})
		}
	}
	for _, i := range ids {
		e := t.ev[i]
		if e.Status == event.Failure {
			continue
		}
		for _, g := range e.Targets {
			if effect, ok := t.touches(i, g); ok && lets(e, g, effect) {
				add(i, g.Kind, g.ID, g.Name)
			}
		}
		if e.Class == event.AccountChange || e.Class == event.EntityChange {
			for _, k := range e.Issued {
				if at := (pair{"credential", k}); k != "" && at.b != e.Session {
					add(i, "credential", k, "")
				}
			}
		}
	}
	t.removed(r, at)
}

// removed looks for what took the standing things away again, whoever did it.
func (t *tracer) removed(r *Reconstruction, at map[pair]int) {
	if len(at) == 0 {
		return
	}
	for _, e := range t.ev {
		if e.Effect != event.Deletes || e.Status == event.Failure {
			continue
		}
		for _, g := range e.Targets {
			if n, ok := at[pair{g.Kind, g.ID}]; ok && e.When().After(r.Persistence[n].At) && r.Persistence[n].Removed.IsZero() {
				r.Persistence[n].Removed, r.Persistence[n].RemovedBy = e.When(), e.ID
			}
		}
	}
}

func (t *tracer) indicators(r *Reconstruction, ids []int32) {
	at := map[pair]int{}
	add := func(kind, value, note string, when time.Time) {
		k := pair{kind, value}
		n, ok := at[k]
		if !ok {
			n = len(r.Indicators)
			at[k] = n
			r.Indicators = append(r.Indicators, Indicator{Kind: kind, Value: value, Note: note, First: when})
		}
		r.Indicators[n].Last = when
	}
	agents := map[string]bool{} // of usual work
	for i := range t.ev {
		if t.member[int32(i)] == nil {
			agents[t.ev[i].From.UserAgent] = true
		}
	}
	for _, i := range ids {
		e, s := t.ev[i], &t.strands[t.of[i]]
		if !s.foreign && e.From.IP != "" {
			continue
		}
		if e.From.IP != "" && !t.ours(e.From.IP) {
			note := e.From.Country
			if e.From.City != "" {
				note = strings.TrimSpace(e.From.City + ", " + note)
			}
			add(event.KeyIP, e.From.IP, note, e.When())
		}
		if a := e.From.UserAgent; a != "" && !agents[a] {
			add(event.KeyAgent, a, "not used in usual work", e.When())
		}
		if e.Credential != "" && !none[e.Credential] {
			add(event.KeyCredential, e.Credential, t.name(i), e.When())
		}
	}
	for _, p := range r.Persistence {
		add(p.Kind, either(p.Name, p.ID), "left behind", p.At)
	}
}

// stages are the tactics in the order in which they first appear.
func stages(r *Reconstruction) {
	for i := range r.Events {
		m := &r.Events[i]
		if m.Tactic == "" {
			continue
		}
		n := slices.IndexFunc(r.Stages, func(s Stage) bool { return s.Tactic == m.Tactic })
		if n < 0 {
			n = len(r.Stages)
			r.Stages = append(r.Stages, Stage{Tactic: m.Tactic, First: m.At})
		}
		r.Stages[n].Last = m.At
		r.Stages[n].Events++
	}
}
