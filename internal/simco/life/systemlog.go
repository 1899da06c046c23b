package life

import (
	"cmp"
	"slices"
)

// Event is a kind of event in the identity provider's log.
type Event uint8

// The kinds of events.
const (
	SessionStart Event = iota
	SessionFailed
	UserCreate
	UserActivate
	UserDeactivate
	UserSuspend
	UserUnsuspend
	UserLock
	UserUnlock
	PasswordChange
	PasswordReset
	FactorActivate
	FactorRemove
	GroupAdd
	GroupRemove
	AppAdd
	AppRemove
	RoleGrantEvent
	RoleRevokeEvent
	PolicyUpdate
	PolicyRuleUpdate
	eventCount
)

// LogEvent is an event of the identity provider's log. Actor is an account, or -1 for the provider itself; Subject is an
// account or -1; Object is a factor, group, application, role or policy of the kind, or -1.
type LogEvent struct {
	At      Time
	Actor   int32
	Subject int32
	Object  int32
	Sub     int16 // rule of a policy
	Kind    Event
}

// systemLog writes the log from what happened to accounts, groups, applications, roles and policies.
func (b *builder) systemLog() {
	b.listDormant()
	w := b.w
	signIns := 0
	for i := range w.Accounts {
		signIns += len(w.Accounts[i].SignIns)
	}
	w.Log = make([]LogEvent, 0, signIns*103/100+len(w.Accounts)*40)
	for i := range w.Accounts {
		b.accountEvents(int32(i), &w.Accounts[i])
	}
	for g := range w.Groups {
		for _, m := range w.Groups[g].Members {
			if g != GroupEveryone {
				b.spanEvents(GroupAdd, GroupRemove, m, -1, int32(g))
			}
		}
	}
	for k := range w.Apps {
		for _, u := range w.Apps[k].Users {
			b.spanEvents(AppAdd, AppRemove, u, -1, int32(k))
		}
	}
	for k := range w.Roles {
		b.spanEvents(RoleGrantEvent, RoleRevokeEvent, w.Roles[k].Span, b.superAdmin(k), int32(k))
	}
	for k := range w.Policies {
		p := &w.Policies[k]
		for _, v := range p.Passwords {
			b.event(LogEvent{At: v.From, Actor: b.superAdmin(k), Subject: -1, Object: int32(k), Kind: PolicyUpdate})
		}
		for r := range p.Rules {
			for _, v := range p.Rules[r].Versions {
				b.event(LogEvent{At: v.From, Actor: b.superAdmin(k), Subject: -1, Object: int32(k), Sub: int16(r), Kind: PolicyRuleUpdate})
			}
		}
	}
	slices.SortFunc(w.Log, func(x, y LogEvent) int {
		if x.At != y.At {
			return cmp.Compare(x.At, y.At)
		}
		return cmp.Or(cmp.Compare(x.Subject, y.Subject), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Object, y.Object),
			cmp.Compare(x.Actor, y.Actor), cmp.Compare(x.Sub, y.Sub))
	})
	for i := 1; i < len(w.Log); i++ { // every event has an instant of its own, so that a cursor is unambiguous
		if w.Log[i].At <= w.Log[i-1].At {
			w.Log[i].At = w.Log[i-1].At + 1
		}
	}
}

func (b *builder) event(e LogEvent) {
	if e.At >= b.w.Begin && e.At < b.w.End {
		b.w.Log = append(b.w.Log, e)
	}
}

func (b *builder) spanEvents(begin, end Event, s Span, actor, object int32) {
	b.event(LogEvent{At: s.From, Actor: actor, Subject: s.Subject, Object: object, Kind: begin})
	if s.To != 0 {
		b.event(LogEvent{At: s.To, Actor: actor, Subject: s.Subject, Object: object, Kind: end})
	}
}

// superAdmin is one of the three super administrators who are always there.
func (b *builder) superAdmin(k int) int32 {
	if b.supers == nil {
		b.supers = b.steadyHolders(func(s *seat) bool { return s.admin == "SUPER_ADMIN" })
	}
	return b.supers[k%len(b.supers)]
}

func (b *builder) accountEvents(i int32, a *Account) {
	w := b.w
	sync := int32(len(w.People) + svcHRSync)
	actor := sync
	if a.Person < 0 || b.plotted(i, "early_account") || b.plotted(i, "leaver_account_open") {
		actor = b.superAdmin(int(i)) // by hand
	}
	own := func(at Time, k Event, by, object int32) {
		b.event(LogEvent{At: at, Actor: by, Subject: i, Object: object, Kind: k})
	}
	own(a.Created, UserCreate, actor, -1)
	own(a.Activated, UserActivate, actor, -1)
	b.statusEvents(a, own)
	if a.Closed != 0 {
		own(a.Closed, UserDeactivate, actor, -1)
	}
	for _, t := range a.Password {
		own(t, PasswordChange, i, -1)
	}
	for k := range a.Factors {
		f := &a.Factors[k]
		if !f.Pending {
			own(f.Enrolled, FactorActivate, i, int32(k))
		}
		if f.Removed != 0 && f.Removed != a.Closed {
			own(f.Removed, FactorRemove, b.superAdmin(k), int32(k))
		}
	}
	for k, s := range a.SignIns {
		t := w.SignInTime(s)
		if t < w.Begin {
			continue
		}
		ms := Time(mix(w.Seed^uint64(i)<<32^uint64(s)) % 1000)
		w.Log = append(w.Log, LogEvent{At: t + ms, Actor: i, Subject: -1, Object: -1, Kind: SessionStart})
		if mix(uint64(k)*7919+uint64(i))%97 == 0 {
			own(t-40*Second+ms, SessionFailed, i, -1)
		}
	}
}

func (b *builder) statusEvents(a *Account, own func(Time, Event, int32, int32)) {
	for k := 1; k < len(a.Status); k++ {
		s, before := a.Status[k], a.Status[k-1]
		switch {
		case s.Is == LockedOut:
			own(s.At, UserLock, -1, -1)
		case s.Is == Suspended:
			own(s.At, UserSuspend, b.superAdmin(k), -1)
		case s.Is == Recovery:
			own(s.At, PasswordReset, b.superAdmin(k), -1)
		case s.Is == Active && before.Is == LockedOut:
			own(s.At, UserUnlock, -1, -1)
		case s.Is == Active && before.Is == Suspended:
			own(s.At, UserUnsuspend, b.superAdmin(k), -1)
		}
	}
}
