package life

// Repo is a source repository.
type Repo struct {
	ID          int64
	Name        string
	Description string
	Language    string
	Prod        bool // carries the topic "production"
	Team        int  // index into Teams
	Created     Time
	Archived    Time // 0 while in use
	Tagged      Time // when the topics were set
	Visibility  []VisibilityChange
	Protection  []Protection // versions, ascending; empty for branches never protected
	Pulls       []Pull       // ascending by number
	Merged      []int32      // indexes of merged pulls, by time of merge
	Deploys     []Deployment // ascending
	Alerts      []Alert      // ascending by number
	Size        int
}

// VisibilityChange is the beginning of a visibility.
type VisibilityChange struct {
	At Time
	Is string // "private", "internal" or "public"
	By int32  // login
}

// Protection is a version of the protection of the default branch.
type Protection struct {
	At           Time
	By           int32 // login
	What         string
	On           bool
	Approvals    int // required approving reviews; 0 when reviews are not required
	DismissStale bool
	Admins       bool
	ForcePush    bool
	Deletion     bool
	Checks       bool
	Signatures   bool
	Reduced      bool // less than before
}

// Branch is the name of every default branch.
const Branch = "main"

// VisibilityAt is the visibility of the repository at t.
func (r *Repo) VisibilityAt(t Time) string {
	is := r.Visibility[0].Is
	for _, v := range r.Visibility {
		if v.At <= t {
			is = v.Is
		}
	}
	return is
}

// ProtectionAt is the protection of the default branch at t; nil for none.
func (r *Repo) ProtectionAt(t Time) *Protection {
	for i := len(r.Protection) - 1; i >= 0; i-- {
		if r.Protection[i].At <= t {
			if !r.Protection[i].On {
				return nil
			}
			return &r.Protection[i]
		}
	}
	return nil
}

// FullName is the repository's name with its owner.
func (r *Repo) FullName() string { return OrgLogin + "/" + r.Name }

// RepoByName finds a repository of the organisation; -1 if there is none.
func (w *World) RepoByName(name string) int32 {
	if i, ok := w.repoName[name]; ok {
		return i
	}
	return -1
}

var repoNouns = []string{"payments", "orders", "search", "identity", "mobile", "catalogue", "shipping", "billing", "notify", "pricing",
	"insights", "storefront", "gateway", "fraud", "documents", "messages", "scheduler", "returns", "stock", "partners", "accounts", "media",
	"reports", "edge", "loyalty", "exports", "audit", "config", "events", "metrics", "ledger", "quotes", "routes", "labels", "tax", "refunds"}

var repoSorts = []struct {
	suffix, about, language string
	prod                    float64
}{
	{"api", "HTTP interface of", "Go", 0.95}, {"service", "Service behind", "Go", 0.9}, {"web", "Web client of", "TypeScript", 0.7},
	{"worker", "Background jobs of", "Go", 0.75}, {"infra", "Infrastructure of", "HCL", 0.6}, {"lib", "Shared code of", "Go", 0.15},
	{"docs", "Handbook of", "MDX", 0}, {"experiments", "Trials around", "Python", 0}, {"tools", "Tools for", "Python", 0.1},
}

// repositories makes the repositories and the life of their settings.
func (b *builder) repositories() {
	w := b.w
	w.repoName = make(map[string]int32, w.Repositories)
	for i := range w.Repositories {
		d := roll(w.Seed, forRepo, i)
		noun := repoNouns[i%len(repoNouns)]
		sort := repoSorts[(i/len(repoNouns)+i)%len(repoSorts)]
		r := Repo{ID: 310_000_000 + int64(i)*4111, Name: noun + "-" + sort.suffix, Language: sort.language,
			Description: sort.about + " " + noun, Team: 1 + i%len(b.crew), Size: d.between(200, 90_000)}
		if _, taken := w.repoName[r.Name]; taken {
			r.Name += "-" + itoa(i)
		}
		w.repoName[r.Name] = int32(i)
		r.Prod = i < 4 || d.chance(sort.prod) && i%5 != 4
		b.repoLife(i, &r, d)
		w.Repos = append(w.Repos, r)
		w.Teams[r.Team].Repos = append(w.Teams[r.Team].Repos, int32(i))
	}
	for k := range w.Collaborators {
		c := &w.Collaborators[k]
		for n := range 1 + k%3 {
			c.Repos = append(c.Repos, int32((k*5+n*3)%len(w.Repos)))
		}
	}
	if w.Planted {
		b.exposures()
		b.protectionLapses()
	}
}

// repoLife draws when a repository was made, who may see it, and how its branch is protected.
func (b *builder) repoLife(i int, r *Repo, d dice) {
	w := b.w
	r.Created = w.CodeBegin - Time(d.between(1, 50))*Day + d.span(8*Hour, 16*Hour)
	if d.chance(0.1) && i >= 4 {
		r.Created = on(nextWorkday(w.CodeBegin.Date()+5), 9, 0) + Time(d.IntN(max(1, (w.Days+CodeHistory-20))))*Day + d.span(0, 6*Hour)
		r.Created = Midnight(nextWorkday(r.Created.Date())) + r.Created%Day
	}
	r.Tagged = r.Created + d.span(20*Minute, 50*Minute)
	by := b.ownerLogin(i)
	see := "private"
	if !r.Prod && d.chance(0.4) {
		see = "internal"
	}
	r.Visibility = []VisibilityChange{{r.Created, see, by}}
	set := Protection{At: r.Created + d.span(3*Minute, 15*Minute), By: by, What: "create", On: true, Approvals: 1 + d.IntN(2)*d.IntN(2),
		DismissStale: true, Admins: true, Checks: true, Signatures: d.chance(0.2)}
	if !r.Prod {
		if d.chance(0.5) {
			return
		}
		set.Approvals, set.DismissStale, set.Admins, set.Checks, set.ForcePush = d.IntN(2), d.chance(0.5), false, d.chance(0.5), d.chance(0.3)
		if d.chance(0.25) {
			r.Archived = max(w.Start, r.Created) + Time(d.IntN(max(1, w.Days)))*Day + 13*Hour
		}
		r.Protection = []Protection{set}
		return
	}
	r.Protection = []Protection{set}
	if d.chance(0.3) && i >= 4 { // stricter, once
		more := set
		more.At, more.By = set.At+Time(d.between(20, 300))*Day, b.ownerLogin(i+1)
		if more.Signatures = true; set.Signatures {
			more.Approvals++
		}
		more.What = "stricter"
		r.Protection = append(r.Protection, more)
	}
}
