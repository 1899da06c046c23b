package life

import (
	"fmt"
	"slices"
)

// Deployment is a release of a commit to an environment.
type Deployment struct {
	ID         int64
	At         Time
	By         int32 // login
	SHA        string
	Production bool
	States     []DeployState // ascending
}

// DeployState is a state that a deployment reached.
type DeployState struct {
	At Time
	Is string // "queued", "in_progress", "success" or "failure"
}

// Latest is the newest state of the deployment at t, or nil.
func (d *Deployment) Latest(t Time) *DeployState {
	for i := len(d.States) - 1; i >= 0; i-- {
		if d.States[i].At <= t {
			return &d.States[i]
		}
	}
	return nil
}

// deployments releases merges: each to staging, most to production, from production repositories only.
func (b *builder) deployments() {
	for i := range b.w.Repos {
		if b.w.Repos[i].Prod {
			b.deploymentsOf(int32(i))
		}
	}
	if b.w.Planted {
		b.badDeployments()
	}
	for i := range b.w.Repos { // numbers follow time
		r := &b.w.Repos[i]
		slices.SortStableFunc(r.Deploys, func(x, y Deployment) int { return int((x.At - y.At) / Second) })
		for k := range r.Deploys {
			r.Deploys[k].ID = DeploymentID(i, k)
		}
	}
	for _, q := range b.badDeploys {
		r := &b.w.Repos[q.repo]
		k := slices.IndexFunc(r.Deploys, func(d Deployment) bool { return d.At == q.at && d.SHA == q.sha && d.Production })
		d := &r.Deploys[k]
		name := fmt.Sprintf("%s/%d", r.FullName(), d.ID)
		to := d.At
		if q.kind == "deployment_without_success" {
			to = 0
		}
		b.deviate(q.kind, name, name, d.At, to, q.note, "repository", r.FullName(), "sha", d.SHA, "creator", b.w.Logins[d.By].Name)
	}
}

// DeploymentID numbers the k-th deployment of a repository.
func DeploymentID(repo, k int) int64 { return 1_700_000_000 + int64(repo)<<20 + int64(k) }

type badDeploy struct {
	kind, note string
	repo       int
	at         Time
	sha        string
}

func (b *builder) deploymentsOf(i int32) {
	w := b.w
	r := &w.Repos[i]
	d := roll(w.Seed, forDeploy, int(i))
	good := "" // what runs in production
	var busy Time
	for _, k := range r.Merged {
		p := &r.Pulls[k]
		if p.Release {
			continue
		}
		sha := w.SHA(i, p, MergeCommit)
		staging := Deployment{At: p.Merged + d.span(2*Minute, 9*Minute), By: b.deployBot, SHA: sha}
		if d.chance(0.08) { // anybody may try something on staging, merged or not
			staging.By = p.Author
			staging.SHA = w.SHA(i, p, len(p.Commits)-1)
		}
		r.Deploys = append(r.Deploys, b.run(staging, d, true))
		at := max(p.Merged+d.span(20*Minute, 6*Hour), busy)
		if !d.chance(0.6) {
			continue
		}
		ok := !d.chance(0.04) || at > w.End-2*Day
		r.Deploys = append(r.Deploys, b.run(Deployment{At: at, By: b.deployBot, SHA: sha, Production: true}, d, ok))
		if !ok { // again, or back to what ran before
			at += d.span(25*Minute, 3*Hour)
			again := sha
			if good != "" && d.chance(0.4) {
				again = good
			}
			r.Deploys = append(r.Deploys, b.run(Deployment{At: at, By: b.deployBot, SHA: again, Production: true}, d, true))
			sha = again
		}
		good, busy = sha, at+20*Minute
	}
}

// run takes a deployment through its states.
func (b *builder) run(dep Deployment, d dice, ok bool) Deployment {
	end := "success"
	if !ok {
		end = "failure"
	}
	begin := dep.At + d.span(10*Second, 50*Second)
	dep.States = []DeployState{{dep.At + 2*Second, "queued"}, {begin, "in_progress"}, {begin + d.span(2*Minute, 11*Minute), end}}
	return dep
}

// badDeployments breaks the practice of releases, each in one way.
func (b *builder) badDeployments() {
	w := b.w
	n := w.copies()
	people := b.lasting()
	for c := range n {
		d := roll(w.Seed, forCast, 60_000+c)
		t := Midnight(b.moment("deployment_by_person", c, n, 4, 12))
		if r, k, sha := b.lastGood(t, 5+c*3); r != nil {
			at := r.Deploys[k].At + 47*Minute
			r.Deploys = append(r.Deploys, b.run(Deployment{At: at, By: people[(c*7+3)%len(people)], SHA: sha, Production: true}, d, true))
			b.note(r, "deployment_by_person", "made by a person, not by the pipeline", at, sha)
		}
		t = Midnight(b.moment("deployment_of_unmerged_sha", c, n, 4, 12))
		if r, k, _ := b.lastGood(t, 2+c*5); r != nil {
			i := w.repoName[r.Name]
			at, sha := r.Deploys[k].At+53*Minute, w.LooseSHA(i, c)
			if c%2 == 0 { // the head of a request that was merged as another commit
				sha = w.SHA(i, &r.Pulls[r.Merged[0]], 0)
			}
			r.Deploys = append(r.Deploys, b.run(Deployment{At: at, By: b.deployBot, SHA: sha, Production: true}, d, true))
			b.note(r, "deployment_of_unmerged_sha", "the commit is not the merge of a request", at, sha)
		}
	}
	b.neverSucceeded(n)
}

// neverSucceeded lets the last releases of repositories fail for good.
func (b *builder) neverSucceeded(n int) {
	w := b.w
	for i := range w.Repos {
		r := &w.Repos[i]
		last := newestBefore(r, w.End-3*Day)
		if n == 0 {
			return
		}
		if last < 0 || !r.Prod || i%3 == 0 || r.Deploys[last].At < w.Start || r.Deploys[last].By != b.deployBot || b.noted(i, r.Deploys[last].At) {
			continue
		}
		at, sha := r.Deploys[last].At, r.Deploys[last].SHA
		if before := newestBefore(r, at); before < 0 || r.Deploys[before].States[2].Is != "success" {
			continue // a retry: its failure would leave two
		}
		r.Deploys = slices.DeleteFunc(r.Deploys, func(x Deployment) bool { return x.Production && x.At > at })
		for k := range r.Deploys {
			if x := &r.Deploys[k]; x.Production && x.At == at {
				x.States[2].Is = "failure"
			}
		}
		b.badDeploys = append(b.badDeploys, badDeploy{"deployment_without_success", "failed, and nothing followed", i, at, sha})
		n--
	}
}

// newestBefore is the last production deployment before t; -1 if there is none.
func newestBefore(r *Repo, t Time) int {
	last := -1
	for k := range r.Deploys {
		if dep := &r.Deploys[k]; dep.Production && dep.At < t && (last < 0 || dep.At > r.Deploys[last].At) {
			last = k
		}
	}
	return last
}

func (b *builder) noted(repo int, at Time) bool {
	return slices.ContainsFunc(b.badDeploys, func(q badDeploy) bool { return q.repo == repo && q.at >= at-Day })
}

func (b *builder) note(r *Repo, kind, note string, at Time, sha string) {
	b.badDeploys = append(b.badDeploys, badDeploy{kind, note, int(b.w.repoName[r.Name]), at, sha})
}

// lastGood finds a successful production deployment at or after t that another one follows days later.
func (b *builder) lastGood(t Time, k int) (r *Repo, at int, sha string) {
	w := b.w
	for n := range w.Repos {
		r := &w.Repos[(k+n)%len(w.Repos)]
		for i := range r.Deploys {
			dep := &r.Deploys[i]
			if dep.Production && dep.At >= t && dep.At < w.End-8*Day && dep.States[2].Is == "success" && dep.By == b.deployBot &&
				!b.noted(int(w.repoName[r.Name]), dep.At) && b.calm(r, dep.At) {
				return r, i, dep.SHA
			}
		}
	}
	return nil, 0, ""
}

// calm reports whether nothing else is deployed to production within three hours after t, and something is later.
func (b *builder) calm(r *Repo, t Time) bool {
	later := false
	for i := range r.Deploys {
		dep := &r.Deploys[i]
		if dep.Production && dep.At > t && dep.At < t+3*Hour {
			return false
		}
		later = later || dep.Production && dep.At > t+3*Hour && dep.By == b.deployBot
	}
	return later
}
