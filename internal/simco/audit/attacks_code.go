package audit

import (
	"github.com/tickmark/tickmark/internal/simco/life"
)

var codeSchemes = []scheme{
	{"A token copies every repository", "A token was taken from a laptop", []string{"T1528", "T1550.001", "T1213.003", "T1567"}, true, 0, 2, cloneBurst},
	{"Protection is off for a push", "A maintainer's session is taken over", []string{"T1539", "T1562.001", "T1195.002"}, true, 0, 23, protectionOff},
	{"The search for secrets is switched off and secrets are read", "A maintainer's session is taken over", []string{"T1539", "T1562.001", "T1552.001"}, true, 0, 4, scanningOff},
	{"A deploy key that may write is added", "A maintainer's session is taken over", []string{"T1539", "T1098.004", "T1213.003"}, true, 0, 1, deployKey},
	{"Somebody who leaves takes the code along", "An insider, in working hours, with rights of their own", []string{"T1213.003", "T1567", "T1052"}, false, 3, 8, leaverClones},
}

// maintainer is a login of somebody who owns the organisation's code.
func (p *plot) maintainer() int32 {
	v := p.victim("Platform")
	if l := p.w.LoginOf(v); l >= 0 {
		p.with("principal", p.w.Logins[l].Name)
		return l
	}
	return 0
}

// live are repositories that exist for long, in an order of the dice.
func (p *plot) live(n int, prod bool) []int32 {
	var out []int32
	for _, i := range p.Perm(len(p.w.Repos)) {
		r := &p.w.Repos[i]
		if r.Created < p.now-5*life.Day && (r.Archived == 0 || r.Archived > p.now) && (!prod || r.Prod) && len(out) < n {
			out = append(out, int32(i))
		}
	}
	return out
}

func (p *plot) name(repo int32) string { return p.w.Repos[repo].FullName() }

func (p *plot) take(from *place, login, repo int32, token string) {
	p.github(p.now, from, entry{action: "git.clone", actor: login, repo: repo, user: -1, with: "Personal access token (classic)", token: token,
		fields: []string{"operation_type", "access", "transport_protocol_name", "http"}})
	p.touch("read", "repository", p.name(repo))
}

func cloneBurst(p *plot) {
	v := p.victim("Engineering")
	login, from, token := p.w.LoginOf(v), p.enter(false), "personal "+p.mail(v)
	p.with("principal", p.w.Logins[login].Name)
	p.with("credential", hashed(token))
	for _, r := range p.live(48, false) {
		p.later(6*life.Second, 25*life.Second)
		p.take(&from, login, r, token)
	}
}

func protectionOff(p *plot) {
	login, from, repo := p.maintainer(), p.enter(false), p.live(1, true)[0]
	p.github(p.now, &from, entry{action: "protected_branch.destroy", actor: login, repo: repo, user: -1, fields: []string{"operation_type", "remove", "name", "main"}})
	p.github(p.soon(), &from, entry{action: "git.push", actor: login, repo: repo, user: -1, fields: []string{"operation_type", "access", "transport_protocol_name", "http"}})
	p.github(p.soon(), &from, entry{action: "protected_branch.create", actor: login, repo: repo, user: -1, fields: []string{"operation_type", "create", "name", "main"}})
	p.touch("changed", "repository", p.name(repo))
}

func scanningOff(p *plot) {
	login, from := p.maintainer(), p.enter(false)
	for _, repo := range p.live(3, true) {
		p.github(p.soon(), &from, entry{action: "repository_secret_scanning.disable", actor: login, repo: repo, user: -1, fields: []string{"operation_type", "modify"}})
		p.github(p.soon(), &from, entry{action: "git.clone", actor: login, repo: repo, user: -1, fields: []string{"operation_type", "access", "transport_protocol_name", "http"}})
		p.touch("changed", "repository", p.name(repo))
	}
}

func deployKey(p *plot) {
	login, from, repo := p.maintainer(), p.enter(false), p.live(1, true)[0]
	title, shown := "build-cache-"+letters(p.number(), hexadecimal, 4), "SHA256:"+letters(p.number(), base62, 43)
	p.github(p.now, &from, entry{action: "public_key.create", actor: login, repo: repo, user: -1,
		fields: []string{"operation_type", "create", "title", title, "fingerprint", shown, "read_only", "false"}})
	p.touch("created", "deploy_key", shown)
	p.touch("changed", "repository", p.name(repo))
	p.leave("deploy_key", shown)
	p.later(4*life.Minute, 12*life.Minute)
	p.github(p.now, &from, entry{action: "git.clone", actor: login, repo: repo, user: -1, with: "Deploy key", token: shown, fields: []string{"operation_type", "access", "transport_protocol_name", "ssh"}})
}

func leaverClones(p *plot) {
	v := p.victim("Engineering")
	login := p.w.LoginOf(v)
	p.with("principal", p.w.Logins[login].Name)
	p.with("credential", hashed("laptop "+p.w.Logins[login].Name))
	repos := p.live(42, false)
	for day := range 3 {
		_, at := p.present(v)
		p.now = at + p.span(5*life.Hour, 6*life.Hour)
		home := p.whereabouts(v, int(at.Date()))
		p.with("ip", home.ip)
		for k := day; k < len(repos); k += 3 {
			p.later(3*life.Minute, 8*life.Minute)
			p.github(p.now, &home, entry{action: "git.clone", actor: login, repo: repos[k], user: -1, with: "OAuth access token", token: "laptop " + p.w.Logins[login].Name,
				fields: []string{"operation_type", "access", "transport_protocol_name", "http"}})
			p.touch("read", "repository", p.name(repos[k]))
		}
		p.now = life.Midnight(p.now.Date() + 1)
	}
}
