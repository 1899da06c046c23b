package life

import "github.com/tickmark/tickmark/internal/kernel/period"

var serviceNames = []string{"svc-hr-sync", "svc-github-ci", "svc-github-release", "svc-siem", "svc-backup", "svc-scanner", "svc-billing",
	"svc-monitoring", "svc-warehouse", "svc-mail"}

// Service accounts that play a part of their own, by position among the service accounts.
const (
	svcHRSync = iota
	svcCI
	svcRelease
)

func (b *builder) serviceAccounts() {
	n := min(len(serviceNames), 5+b.w.Config.People/200)
	for k := range n {
		i := len(b.w.Accounts)
		d := roll(b.w.Seed, forAccount, 900_000+k)
		at := on(b.first-period.Date(d.between(30, 900)), 10, d.between(0, 59))
		b.w.Accounts = append(b.w.Accounts, Account{ID: b.w.ID("00u", i), Person: -1, Service: true, First: "Service",
			Last: serviceNames[k][4:], Login: serviceNames[k] + "@" + Domain, Created: at, Activated: at,
			Status: []StatusChange{{at, Active}}, Password: []Time{at}})
	}
}

// strays are accounts of nobody: people HR does not know, and service accounts that nobody registered.
func (b *builder) strays() {
	names := [][2]string{{"Test", "User"}, {"svc", "legacy-export"}, {"Demo", "Partner"}, {"svc", "spreadsheet-sync"}}
	n := b.w.copies()
	for k := range n {
		i := len(b.w.Accounts)
		at := on(b.moment("orphan_account", k, n, 4, 14), 14, 10+k)
		a := Account{ID: b.w.ID("00u", i), Person: -1, First: names[k][0], Last: names[k][1], Created: at, Activated: at}
		a.Login = plain(a.First) + "." + plain(a.Last) + "@" + Domain
		if a.First == "svc" {
			a.Login = "svc-" + a.Last + "@" + Domain
		}
		a.Status = []StatusChange{{at, Active}}
		a.Password = []Time{at}
		if k%2 == 0 {
			a.Closed = at + Time(6+3*k)*Day + 90*Minute
			a.Status = append(a.Status, StatusChange{a.Closed, Deprovisioned})
		}
		a.Factors = []Factor{{ID: b.w.ID("opf", i*8), Kind: Push, Enrolled: at + 10*Minute}}
		b.deviate("orphan_account", a.ID, a.Login, at, a.Closed, "no worker and no registered service account stands behind it", "login", a.Login)
		b.w.Accounts = append(b.w.Accounts, a)
	}
}
