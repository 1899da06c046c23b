package life

// Policy is a password or sign-on policy of the identity provider.
type Policy struct {
	ID          string
	Name        string
	Description string
	SignOn      bool // a sign-on policy; otherwise a password policy
	System      bool
	Priority    int
	Created     Time
	Passwords   []PasswordRules // versions, ascending; of password policies
	Rules       []SignOnRule    // of sign-on policies
}

// PasswordRules is a version of what a password policy asks.
type PasswordRules struct {
	From      Time
	MinLength int
	History   int
	Attempts  int // before the account locks; 0 never locks
}

// SignOnRule is a rule of a sign-on policy.
type SignOnRule struct {
	ID       string
	Name     string
	Deny     bool
	Inactive bool
	System   bool
	Priority int
	Versions []SignOnTerms // ascending
}

// SignOnTerms is a version of what a sign-on rule asks.
type SignOnTerms struct {
	From     Time
	Factor   bool
	Idle     int // minutes until an idle session ends
	Lifetime int // minutes until any session ends; 0 never
}

// PasswordsAt is the version of a password policy that holds at t.
func (p *Policy) PasswordsAt(t Time) PasswordRules {
	for i := len(p.Passwords) - 1; i > 0; i-- {
		if p.Passwords[i].From <= t {
			return p.Passwords[i]
		}
	}
	return p.Passwords[0]
}

// TermsAt is the version of a rule that holds at t.
func (r *SignOnRule) TermsAt(t Time) SignOnTerms {
	for i := len(r.Versions) - 1; i > 0; i-- {
		if r.Versions[i].From <= t {
			return r.Versions[i]
		}
	}
	return r.Versions[0]
}

// ChangedAt is the last change of the policy or one of its rules by t.
func (p *Policy) ChangedAt(t Time) Time {
	last := p.Created
	for _, v := range p.Passwords {
		if v.From <= t {
			last = max(last, v.From)
		}
	}
	for i := range p.Rules {
		last = max(last, p.Rules[i].TermsAt(t).From)
	}
	return last
}

func (b *builder) policies() {
	old := b.w.Begin - 700*Day
	password := func(name, about string, system bool, priority, length, history, attempts int) {
		i := len(b.w.Policies)
		b.w.Policies = append(b.w.Policies, Policy{ID: b.w.ID("00p", i), Name: name, Description: about, System: system, Priority: priority,
			Created: old + Time(i)*Hour, Passwords: []PasswordRules{{old + Time(i)*Hour, length, history, attempts}}})
	}
	password("Administrators", "Everybody who may hold an administrator role", false, 1, 20, 24, 5)
	password("Workforce", "Everybody who works for Northwind", false, 2, 14, 12, 6)
	password("Default Policy", "The default policy applies in all situations if no other policy applies.", true, 3, 16, 10, 8)
	term := func(factor bool, idle, lifetime int) []SignOnTerms {
		return []SignOnTerms{{old, factor, idle, lifetime}}
	}
	signOn := func(name, about string, system bool, priority int, rules ...SignOnRule) {
		i := len(b.w.Policies)
		for k := range rules {
			rules[k].ID, rules[k].Priority = b.w.ID("0pr", i*8+k), k+1
		}
		b.w.Policies = append(b.w.Policies, Policy{ID: b.w.ID("00p", i), Name: name, Description: about, System: system, Priority: priority,
			SignOn: true, Created: old + Time(i)*Hour, Rules: rules})
	}
	signOn("Administrators", "Short sessions for administrators", false, 1,
		SignOnRule{Name: "Outside the offices' countries", Deny: true, Versions: term(false, 60, 480)},
		SignOnRule{Name: "With a factor, every time", Versions: term(true, 30, 480)})
	signOn("Workforce", "Everybody else", false, 2,
		SignOnRule{Name: "Trial of a quick sign-on", Inactive: true, Versions: term(false, 1440, 0)},
		SignOnRule{Name: "With a factor", Versions: term(true, 120, 600)})
	signOn("Default Policy", "The default policy applies in all situations if no other policy applies.", true, 3,
		SignOnRule{Name: "Default Rule", System: true, Versions: term(true, 60, 540)})
	b.routine()
	if b.w.Planted {
		b.weakPolicies()
	}
}

// routine is a harmless change of a policy: stricter than before.
func (b *builder) routine() {
	t := b.w.Start - 50*Day + 10*Hour
	p := &b.w.Policies[1]
	p.Passwords = append(p.Passwords, PasswordRules{t, 14, 16, 6})
	r := &b.w.Policies[4].Rules[1]
	r.Versions = append(r.Versions, SignOnTerms{t + 7*Minute, true, 90, 600})
}

// weakPolicies loosens policies for two to five days each.
func (b *builder) weakPolicies() {
	n := min(3, b.w.copies())
	for k := range n {
		p := &b.w.Policies[k]
		from, to := b.loose("weak_password_policy", k, n, 4)
		usual := p.PasswordsAt(from)
		weak := usual
		var note string
		switch k {
		case 0:
			weak.MinLength, note = 8, "the least length was 8"
		case 1:
			weak.History, note = 0, "no old passwords were remembered"
		default:
			weak.Attempts, note = 50, "50 attempts before the account locks"
		}
		weak.From, usual.From = from, to
		p.Passwords = append(p.Passwords, weak, usual)
		b.deviate("weak_password_policy", p.ID, p.Name, from, to, note, "policy", p.Name)
	}
	const times = 2
	sign := func(kind string, k, lo, policy, rule int, change func(t *SignOnTerms), note string) {
		p := &b.w.Policies[policy]
		r := &p.Rules[rule]
		from, to := b.loose(kind, k, times, lo)
		usual := r.TermsAt(b.w.Start)
		weak := usual
		change(&weak)
		r.Versions = append(r.Versions, SignOnTerms{from, weak.Factor, weak.Idle, weak.Lifetime}, SignOnTerms{to, usual.Factor, usual.Idle, usual.Lifetime})
		sortTerms(r.Versions)
		b.deviate(kind, p.ID, p.Name, from, to, note, "policy", p.Name, "rule", r.ID)
	}
	sign("signon_without_factor", 0, 4, 4, 1, func(t *SignOnTerms) { t.Factor = false }, "a rule let people in without a factor")
	sign("signon_without_factor", 1, 4, 5, 0, func(t *SignOnTerms) { t.Factor = false }, "the default rule let people in without a factor")
	sign("session_too_long", 0, 14, 3, 1, func(t *SignOnTerms) { t.Idle, t.Lifetime = 1440, 4320 }, "sessions of three days, idle for one")
	sign("session_too_long", 1, 14, 4, 1, func(t *SignOnTerms) { t.Idle, t.Lifetime = 960, 0 }, "sessions without end, idle for 16 hours")
}

// loose is when a setting of the identity provider is loosened and mended again.
func (b *builder) loose(kind string, k, n, lo int) (from, to Time) {
	d := roll(b.w.Seed, forPolicy, len(kind)*100+k)
	from = on(b.moment(kind, k, n, lo, 16), d.between(8, 16), d.between(0, 59))
	return from, from + Time(d.between(1, 4))*Day + d.span(Hour, 5*Hour)
}

func sortTerms(v []SignOnTerms) {
	for i := 1; i < len(v); i++ {
		for k := i; k > 0 && v[k].From < v[k-1].From; k-- {
			v[k], v[k-1] = v[k-1], v[k]
		}
	}
}
