package life

import (
	"cmp"
	"slices"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

// AuditKind is a kind of event in the code host's audit log.
type AuditKind uint8

// The kinds of events; those from GitPush on are git events.
const (
	OrgAddMember AuditKind = iota
	OrgRemoveMember
	OrgUpdateMember
	OrgRemoveCollaborator
	OrgEnable2FA
	OrgDisable2FA
	OrgDefaultPermission
	TeamCreate
	TeamAddMember
	TeamRemoveMember
	RepoCreate
	RepoArchive
	RepoAccess
	RepoAddMember
	RepoRemoveMember
	ProtectionEvent
	HookCreate
	HookDestroy
	SecretCreate
	SecretUpdate
	KeyCreate
	GitPush
	GitClone
)

// AuditEvent is an event of the code host's audit log. Actor and User are logins, -1 for none; Repo is a repository or
// -1; Object is a team, a version of protection or visibility, or whether a role is that of an owner.
type AuditEvent struct {
	At     Time
	Actor  int32
	User   int32
	Repo   int32
	Object int32
	Kind   AuditKind
}

// DocumentID is the identifier of an audit event.
func (w *World) DocumentID(e *AuditEvent) string {
	n := uint64(e.At)*31 + uint64(e.Kind)
	return letters(w.Seed, forAudit, n^uint64(uint32(e.Repo+1))<<44^uint64(uint32(e.User+1))<<30, base62, 22)
}

// auditLog writes the code host's audit log from what happened to members, teams, repositories and settings.
func (b *builder) auditLog() {
	w := b.w
	b.memberEvents()
	for t := range w.Teams {
		team := &w.Teams[t]
		b.audit(AuditEvent{At: team.Created, Actor: b.ownerLogin(t), User: -1, Repo: -1, Object: int32(t), Kind: TeamCreate})
		for _, m := range team.Members {
			by := b.ownerLogin(int(m.Subject))
			b.audit(AuditEvent{At: m.From, Actor: by, User: m.Subject, Repo: -1, Object: int32(t), Kind: TeamAddMember})
			b.audit(AuditEvent{At: m.To, Actor: by, User: m.Subject, Repo: -1, Object: int32(t), Kind: TeamRemoveMember})
		}
	}
	for k := 1; k < len(w.Org); k++ {
		e := AuditEvent{At: w.Org[k].From, Actor: b.ownerLogin(k), User: -1, Repo: -1, Object: int32(k), Kind: OrgDefaultPermission}
		if was := w.Org[k-1].Require2FA; was != w.Org[k].Require2FA {
			if e.Kind = OrgEnable2FA; was {
				e.Kind = OrgDisable2FA
			}
		}
		b.audit(e)
	}
	for i := range w.Repos {
		b.repoEvents(int32(i), &w.Repos[i])
	}
	for _, list := range [][]AuditEvent{w.Audit, w.Git} {
		slices.SortStableFunc(list, func(x, y AuditEvent) int { return cmp.Compare(x.At, y.At) })
		for i := 1; i < len(list); i++ { // every event has an instant of its own, so that a cursor is unambiguous
			if list[i].At <= list[i-1].At {
				list[i].At = list[i-1].At + 1
			}
		}
	}
	if w.Planted {
		b.protectionDeviations()
	}
}

// audit keeps an event that lies within the life.
func (b *builder) audit(e AuditEvent) {
	w := b.w
	if e.At < w.CodeBegin-60*Day || e.At >= w.End {
		return
	}
	e.At += Time(mix(uint64(e.At)^uint64(e.Kind)<<50^uint64(uint32(e.User+1))<<20^w.Seed) % 900)
	if e.Kind >= GitPush {
		w.Git = append(w.Git, e)
	} else {
		w.Audit = append(w.Audit, e)
	}
}

func (b *builder) memberEvents() {
	w := b.w
	for i := range w.Members {
		m := &w.Members[i]
		b.audit(AuditEvent{At: m.From, Actor: m.AddedBy, User: m.Subject, Repo: -1, Kind: OrgAddMember})
		b.audit(AuditEvent{At: m.To, Actor: m.RemovedBy, User: m.Subject, Repo: -1, Kind: OrgRemoveMember})
		for _, o := range m.Owner {
			b.audit(AuditEvent{At: o.From, Actor: m.AddedBy, User: m.Subject, Repo: -1, Object: 1, Kind: OrgUpdateMember})
			if o.To != 0 {
				b.audit(AuditEvent{At: o.To, Actor: m.AddedBy, User: m.Subject, Repo: -1, Object: 0, Kind: OrgUpdateMember})
			}
		}
	}
	for i := range w.Collaborators {
		c := &w.Collaborators[i]
		for _, r := range c.Repos {
			b.audit(AuditEvent{At: c.From, Actor: c.AddedBy, User: c.Subject, Repo: r, Kind: RepoAddMember})
		}
		b.audit(AuditEvent{At: c.To, Actor: c.RemovedBy, User: c.Subject, Repo: -1, Kind: OrgRemoveCollaborator})
	}
}

func (b *builder) repoEvents(i int32, r *Repo) {
	w := b.w
	d := roll(w.Seed, forAudit, int(i))
	b.audit(AuditEvent{At: r.Created, Actor: r.Visibility[0].By, User: -1, Repo: i, Kind: RepoCreate})
	b.audit(AuditEvent{At: r.Archived, Actor: b.ownerLogin(int(i)), User: -1, Repo: i, Kind: RepoArchive})
	for k, v := range r.Visibility[1:] {
		b.audit(AuditEvent{At: v.At, Actor: v.By, User: -1, Repo: i, Object: int32(k + 1), Kind: RepoAccess})
	}
	for k, p := range r.Protection {
		b.audit(AuditEvent{At: p.At, Actor: p.By, User: -1, Repo: i, Object: int32(k), Kind: ProtectionEvent})
	}
	for range d.between(0, 3) {
		at := on(nextWorkday(w.CodeBegin.Date()+period.Date(d.IntN(w.Days+CodeHistory))), d.between(8, 17), d.between(0, 59))
		kind := []AuditKind{HookCreate, HookDestroy, SecretCreate, SecretUpdate, KeyCreate}[d.IntN(5)]
		if at > r.Created {
			b.audit(AuditEvent{At: at, Actor: b.ownerLogin(d.IntN(9)), User: -1, Repo: i, Object: int32(d.IntN(9000)), Kind: kind})
		}
	}
	for k := range r.Pulls {
		p := &r.Pulls[k]
		for _, c := range p.Commits {
			b.audit(AuditEvent{At: c.At, Actor: c.By, User: -1, Repo: i, Object: p.Number, Kind: GitPush})
		}
		if p.Merged != 0 {
			b.audit(AuditEvent{At: p.Merged + 3*Minute, Actor: b.w.loginName["northwind-ci-bot"], User: -1, Repo: i, Object: p.Number, Kind: GitClone})
		}
	}
}

// protectionDeviations lists the audit events in which the protection of production code was reduced, or changed by
// somebody who was not an owner.
func (b *builder) protectionDeviations() {
	w := b.w
	owner := map[int32]*Member{}
	for i := range w.Members {
		owner[w.Members[i].Subject] = &w.Members[i]
	}
	for i := range w.Audit {
		e := &w.Audit[i]
		if e.Kind != ProtectionEvent || !w.Repos[e.Repo].Prod {
			continue
		}
		r := &w.Repos[e.Repo]
		refs := []string{"repository", r.FullName(), "actor", w.Logins[e.Actor].Name}
		if r.Protection[e.Object].Reduced {
			b.deviate("protection_reduced", w.DocumentID(e), r.FullName()+" "+Branch, e.At, e.At, "protection was reduced", refs...)
		}
		if m := owner[e.Actor]; m == nil || !m.OwnerAt(e.At) {
			b.deviate("protection_change_by_non_owner", w.DocumentID(e), r.FullName()+" "+Branch, e.At, e.At,
				"the actor is not an owner", refs...)
		}
	}
}
