package life

import (
	"slices"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/tickmark/tickmark/internal/kernel/period"
)

func world(t testing.TB, c Config) *World {
	t.Helper()
	if c.Start.IsZero() {
		c.Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	w, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

var planted = Config{Seed: 21, People: 120, Repositories: 12, Days: 120, Planted: true}

func TestMixIsABijection(t *testing.T) {
	t.Parallel()
	if err := quick.Check(func(x uint64) bool { return unmix(mix(x)) == x && mix(unmix(x)) == x }, nil); err != nil {
		t.Error(err)
	}
}

// The name of a commit can be read back, and no other string can.
func TestSHA(t *testing.T) {
	t.Parallel()
	w := world(t, planted)
	seen := map[string]bool{}
	for i := range w.Repos {
		for k := range w.Repos[i].Pulls {
			p := &w.Repos[i].Pulls[k]
			for _, n := range []int{0, len(p.Commits) - 1, TestMerge, MergeCommit} {
				sha := w.SHA(int32(i), p, n)
				if got, m := w.CommitAt(int32(i), sha); got != p || m != n {
					t.Fatalf("%s #%d commit %d reads back as %d", w.Repos[i].Name, p.Number, n, m)
				}
				if got, _ := w.CommitAt(int32(i+1)%int32(len(w.Repos)), sha); got != nil {
					t.Error("a commit is in two repositories")
				}
				seen[sha] = true
			}
		}
		if p, _ := w.CommitAt(int32(i), w.LooseSHA(int32(i), 3)); p != nil {
			t.Error("a loose commit belongs to a pull request")
		}
	}
	if len(seen) < 500 {
		t.Errorf("%d commits", len(seen))
	}
}

func FuzzCommitAt(f *testing.F) {
	w := world(f, Config{Seed: 1, People: 30, Repositories: 3, Days: 5})
	f.Add(w.SHA(0, &w.Repos[0].Pulls[0], 0))
	f.Add(strings.Repeat("f", 40))
	f.Add("")
	f.Fuzz(func(t *testing.T, sha string) {
		if p, n := w.CommitAt(0, sha); p != nil && w.SHA(0, p, n) != sha {
			t.Errorf("%q reads as commit %d, whose name is another", sha, n)
		}
	})
}

func TestTime(t *testing.T) {
	t.Parallel()
	monday := period.Make(2026, 1, 5)
	if weekday(monday) != 1 || nextMonday(monday+1) != monday+7 || nextWorkday(monday+5) != monday+7 || workday(monday+6) {
		t.Error("weekdays are wrong")
	}
	for _, c := range []struct{ in, out string }{
		{"2026-01-05T10:20", "2026-01-05T10:20"}, {"2026-01-05T03:20", "2026-01-05T07:20"}, {"2026-01-05T19:20", "2026-01-06T08:20"},
		{"2026-01-03T12:20", "2026-01-05T08:20"}, {"2026-01-02T23:20", "2026-01-05T08:20"},
	} {
		in, _ := time.Parse("2006-01-02T15:04", c.in)
		if got := worktime(Of(in)).Go().Format("2006-01-02T15:04"); got != c.out {
			t.Errorf("work at %s is done at %s, want %s", c.in, got, c.out)
		}
	}
	if Of(time.Time{}) != 0 || !Time(0).Go().IsZero() || Time(-1).Date() != -1 {
		t.Error("never is wrong")
	}
}

// Everything in a life has its place in time, and refers to what is there.
func TestLifeHoldsTogether(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		c := planted
		c.Seed, c.Planted = seed, seed%2 == 0
		w := world(t, c)
		holdPeople(t, w)
		holdChanges(t, w)
		for i := range w.Log {
			if e := &w.Log[i]; i > 0 && e.At <= w.Log[i-1].At || e.At < w.Begin {
				t.Fatalf("log event %d is out of order", i)
			}
		}
		for _, list := range [][]AuditEvent{w.Audit, w.Git} {
			ids := map[string]bool{}
			for i := range list {
				id := w.DocumentID(&list[i])
				if i > 0 && list[i].At <= list[i-1].At || ids[id] {
					t.Fatalf("audit event %d is out of order or has no name of its own", i)
				}
				ids[id] = true
			}
		}
	}
}

func holdPeople(t *testing.T, w *World) {
	t.Helper()
	mails, ids := map[string]bool{}, map[string]bool{}
	for i := range w.People {
		p := &w.People[i]
		if mails[p.Email] || !strings.HasSuffix(p.Email, "@northwind.example") || strings.Trim(strings.TrimSuffix(p.Email, "@northwind.example"), "abcdefghijklmnopqrstuvwxyz0123456789.") != "" {
			t.Errorf("address %q", p.Email)
		}
		mails[p.Email] = true
		if w.PersonByHRID(p.HRID) != int32(i) || p.Recorded >= Midnight(p.Hired) || p.Left != 0 && p.Left <= p.Hired {
			t.Errorf("%s: recorded %s, hired %s, left %s", p.Email, p.Recorded.Go(), p.Hired, p.Left)
		}
		for at := max(w.Begin, Midnight(p.Hired)); at < w.End; at += 5*Day + 7*Hour {
			if m := p.JobAt(at).Manager; p.ActiveAt(at) && m >= 0 && at > w.Begin+Day {
				if boss := &w.People[m]; !boss.ActiveAt(at) {
					t.Errorf("%s is led by %s, who is not there on %s", p.Email, boss.Email, at.Date())
				}
			}
		}
		for _, list := range [][]Time{p.Touched, p.Conduct, p.Training, p.Reviews} {
			if !slices.IsSorted(list) {
				t.Errorf("%s: times out of order", p.Email)
			}
		}
	}
	for i := range w.Accounts {
		a := &w.Accounts[i]
		if ids[a.ID] || len(a.ID) != 20 || w.AccountByID(a.ID) != int32(i) {
			t.Errorf("account id %q", a.ID)
		}
		ids[a.ID] = true
		if !slices.IsSortedFunc(a.Status, func(x, y StatusChange) int { return int(x.At - y.At) }) || !slices.IsSorted(a.SignIns) {
			t.Errorf("%s: states or sign-ins out of order", a.Login)
		}
		if last := a.Status[len(a.Status)-1]; (a.Closed != 0) != (last.Is == Deprovisioned) {
			t.Errorf("%s: closed %s and last %s", a.Login, a.Closed.Go(), last.Is)
		}
	}
}

// holdChanges checks that whoever takes part in a change is in the organisation at that time, and that times follow each
// other.
func holdChanges(t *testing.T, w *World) {
	t.Helper()
	in := map[int32]Span{}
	for _, list := range [][]Member{w.Members, w.Collaborators} {
		for _, m := range list {
			in[m.Subject] = m.Span
		}
	}
	there := func(login int32, at Time) bool { return w.Logins[login].App || in[login].Has(at) }
	for i := range w.Repos {
		r := &w.Repos[i]
		for k := range r.Pulls {
			p := &r.Pulls[k]
			if k > 0 && (p.Number <= r.Pulls[k-1].Number || p.Created < r.Pulls[k-1].Created) {
				t.Errorf("%s #%d comes after #%d", r.Name, p.Number, r.Pulls[k-1].Number)
			}
			last := Time(0)
			for _, c := range p.Commits {
				if c.At < last || !there(c.By, c.At) {
					t.Errorf("%s #%d: commit at %s by %s", r.Name, p.Number, c.At.Go(), w.Logins[c.By].Name)
				}
				last = c.At
			}
			for _, v := range p.Reviews {
				if v.At < p.Created || v.By == p.Author || !there(v.By, v.At) || p.Commits[v.Commit].At > v.At {
					t.Errorf("%s #%d: review at %s by %s of commit %d", r.Name, p.Number, v.At.Go(), w.Logins[v.By].Name, v.Commit)
				}
			}
			if p.Merged != 0 && (p.Merged < last+CheckTime || !there(p.MergedBy, p.Merged) || p.Created < r.Created || p.Merged > p.Created+20*Day) {
				t.Errorf("%s #%d: created %s, merged %s", r.Name, p.Number, p.Created.Go(), p.Merged.Go())
			}
		}
		for k := range r.Deploys {
			if d := &r.Deploys[k]; k > 0 && (d.At < r.Deploys[k-1].At || d.ID <= r.Deploys[k-1].ID) || !slices.IsSortedFunc(d.States, func(a, b DeployState) int { return int(a.At - b.At) }) {
				t.Errorf("%s: deployment %d is out of order", r.Name, d.ID)
			}
		}
	}
}

// A life with and without planted deviations, or of more days, is otherwise much the same life; a seed makes another.
func TestSeeds(t *testing.T) {
	t.Parallel()
	c := Config{Seed: 5, People: 80, Repositories: 8, Days: 60}
	one, again := world(t, c), world(t, c)
	c.Seed = 6
	other := world(t, c)
	for i := range one.People {
		if one.People[i].Email != again.People[i].Email {
			t.Fatal("the same seed makes other people")
		}
	}
	if one.People[3].Email == other.People[3].Email && one.People[4].Email == other.People[4].Email {
		t.Error("another seed makes the same people")
	}
}

func BenchmarkNew(b *testing.B) {
	for _, c := range []Config{{People: 400, Repositories: 40, Days: 365, Planted: true}, {People: 5000, Repositories: 500, Days: 365, Planted: true}} {
		b.Run(itoa(c.People), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				world(b, c)
			}
		})
	}
}
